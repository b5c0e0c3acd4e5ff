/* The algorithms behind conv.c: dense (and grouped) convolutions as tiles of GEMM, and
 * depthwise ones. Private to this folder.
 *
 * Packed weights, dense: for each group its panels, then the bias of all groups, then
 * the slopes; a group's channels are cut into panels as wide as the table's tiles:
 *
 *     | panel: K rows of nr floats | panel | ... | bias: n_pad a group | slope |
 *
 * depthwise: kh*kw rows of c_pad floats, then bias and slope of c_pad. */
#ifndef KAO_KERNELS_CONV_PARTS_H
#define KAO_KERNELS_CONV_PARTS_H

#include "base/reader.h"
#include "kernels/conv.h"

enum {
    KAO_CONV_PAD = 16,    /* floats: every part of the packed form starts on this */
    KAO_CONV_MAX_NR = 32, /* the widest panel of any level */
    KAO_CONV_MAX_PIECES = 256,
    KAO_CONV_PIECE_MACS = 512 << 10, /* a piece takes 5 us or more */
};

/* Bytes of n floats; SIZE_MAX, which nobody can allocate, where a size cannot hold them. */
static inline size_t kao_conv_bytes(uint64_t n)
{
    return n > SIZE_MAX / sizeof(float) ? SIZE_MAX : (size_t)n * sizeof(float);
}

/* Every output pixel needs its own input pixel only. */
static inline bool kao_conv_is_pointwise(const kao_conv *d)
{
    return d->kh == 1 && d->kw == 1 && d->sy == 1 && d->sx == 1 && d->pad_top == 0 &&
           d->pad_left == 0 && d->oh == d->h && d->ow == d->w;
}

/* Which of n outputs read inside: the sources of output i, i*stride + offset and the
 * span-1 after it, are wanted in 0 .. size-1. */
static inline kao_range kao_inside(int32_t n, int32_t stride, int32_t offset,
                                   int32_t span, int32_t size)
{
    kao_range r = { 0, n };

    if (offset < 0)
        r.begin = (-offset + stride - 1) / stride;
    if (size - span - offset < 0)
        r.end = 0;
    else if ((size - span - offset) / stride + 1 < n)
        r.end = (size - span - offset) / stride + 1;
    if (r.begin > r.end)
        r.begin = r.end;
    return r;
}

/* Can be computed with pairs of neighbouring channels. */
static inline bool kao_conv_fits_pairs(const kao_conv *d)
{
    return d->bf16 && d->groups == 1 && d->c % 2 == 0;
}

/* The tile of the next panel, where `left` channels remain, its own among them. */
const kao_gemm_slot *kao_conv_panel_tile(const kao_gemm_tiles *tiles, int32_t left);

/* Of each algorithm: derive (p->d is set; sets packed_bytes, thread_bytes, n_pieces and
 * its part of the union), pack, and run all pieces. */
void kao_conv_dense_init(kao_conv_plan *p, const kao_kernels *k);
void kao_conv_dense_pack(const kao_kernels *k, const kao_conv_plan *p, const float *w,
                         const float *bias, const float *slope, float *packed);
void kao_conv_dense_run(const kao_kernels *k, const kao_pool *pool,
                        const kao_conv_plan *p, const float *packed, const float *in,
                        const float *residual, float *out, float *scratch);
void kao_conv_dw_init(kao_conv_plan *p);
void kao_conv_dw_pack(const kao_conv_plan *p, const float *w, const float *bias,
                      const float *slope, float *packed);
void kao_conv_dw_run(const kao_kernels *k, const kao_pool *pool, const kao_conv_plan *p,
                     const float *packed, const float *in, const float *residual,
                     float *out, float *scratch);
void kao_conv_wino_init(kao_conv_plan *p, const kao_kernels *k);
void kao_conv_wino_pack(const kao_kernels *k, const kao_conv_plan *p, const float *w,
                        const float *bias, const float *slope, float *packed);
void kao_conv_wino_run(const kao_kernels *k, const kao_pool *pool,
                       const kao_conv_plan *p, const float *packed, const float *in,
                       const float *residual, float *out, float *scratch);

/* Outputs a side of a square, 2 or 4; 0: the direct form is expected to be as fast. */
int32_t kao_conv_winograd_m(const kao_conv *d);

/* n pixels of a pointwise convolution, one after the other, in this thread. scratch:
 * p->thread_bytes. */
void kao_conv_point_pixels(const kao_kernels *k, const kao_conv_plan *p,
                           const float *packed, const float *in, const float *residual,
                           float *out, size_t n, float *scratch);

/* Where input rows lie: row r of the picture in slot (r - base) % slots, w * stride floats
 * apart. */
typedef struct kao_rows {
    const float *at;
    int32_t base, slots;
    ptrdiff_t stride;   /* pixel stride */
    const float *zeros; /* c of them, for rows outside */
} kao_rows;

/* A 3x3 that the dw3 slot can do. */
bool kao_conv_fits_dw3(const kao_conv *d);

/* Output rows y .. y+n_rows-1 (KAO_DW_ROWS at most) of one image, in this thread.
 * residual and out: of row y. */
void kao_conv_dw3_rows(const kao_kernels *k, const kao_conv_plan *p,
                       const float *packed, const kao_rows *rows, int32_t y,
                       int32_t n_rows, const float *residual, float *out);

#endif
