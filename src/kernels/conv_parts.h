/* The two halves of conv.c: dense (and grouped) convolutions as tiles of GEMM, and depthwise
 * ones. Private to this folder.
 *
 * Packed weights, dense: for each group its panels, then the bias of all groups, then the
 * slopes; a group's channels are cut into panels as wide as the table's tiles:
 *
 *     | panel: K rows of nr floats | panel | ... | bias: n_pad a group | slope |
 *
 * depthwise: kh*kw rows of c_pad floats, then bias and slope of c_pad. */
#ifndef KAO_KERNELS_CONV_PARTS_H
#define KAO_KERNELS_CONV_PARTS_H

#include "kernels/conv.h"

enum {
    KAO_CONV_PAD = 16,              /* floats: every part of the packed form starts on this */
    KAO_CONV_MAX_PIECES = 256,
    KAO_CONV_PIECE_MACS = 512 << 10, /* a piece takes 5 us or more */
};

static inline size_t kao_round_up(size_t n, size_t to)
{
    return (n + to - 1) / to * to;
}

static inline bool kao_conv_is_depthwise(const kao_conv *d)
{
    return d->groups > 1 && d->groups == d->c && d->groups == d->oc;
}

/* Where a tap's first and last output lie inside: outputs [begin, end) of n, the source of
 * output i being i*stride + offset, wanted in 0 .. size-1. */
typedef struct kao_range {
    int32_t begin, end;
} kao_range;

static inline kao_range kao_inside(int32_t n, int32_t stride, int32_t offset, int32_t span,
                                   int32_t size)
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

/* The panel after which `left` channels remain: its slot in k->gemm. */
int32_t kao_conv_panel_slot(const kao_kernels *k, int32_t left);

size_t kao_conv_dense_packed_floats(const kao_kernels *k, const kao_conv *d);
size_t kao_conv_dense_scratch_floats(const kao_kernels *k, const kao_conv *d); /* a thread */
void kao_conv_dense_pack(const kao_kernels *k, const kao_conv *d, const float *w,
                         const float *bias, const float *slope, float *packed);
void kao_conv_dense_run(const kao_kernels *k, kao_pool *pool, const kao_conv *d,
                        const float *packed, const float *in, const float *residual,
                        float *out, float *scratch);

size_t kao_conv_dw_packed_floats(const kao_conv *d);
size_t kao_conv_dw_scratch_floats(const kao_conv *d); /* a thread */
void kao_conv_dw_pack(const kao_conv *d, const float *w, const float *bias,
                      const float *slope, float *packed);
void kao_conv_dw_run(const kao_kernels *k, kao_pool *pool, const kao_conv *d,
                     const float *packed, const float *in, const float *residual, float *out,
                     float *scratch);

#endif
