/* 2-D convolution over channels-last (NHWC) f32 activations: plan, pack, run.
 *
 *   out[n,y,x,o] = epilogue(bias[o] + sum_{ky,kx,i} w[o,i,ky,kx] *
 *       in[n, y*sy + ky*dy - pad_top, x*sx + kx*dx - pad_left, g(o) + i])
 *
 * Pixels outside the picture count as zero. The pixel stride (floats from one pixel to
 * the next) is kept apart from the channel count, so that several layers may share one
 * buffer. A row of pixels is w * stride floats, an image h rows, without gaps.
 *
 * Epilogue, in this order: bias; residual if it comes before the activation;
 * activation; residual if it comes after.
 *
 * What depends on the descriptor alone is derived once (kao_conv_plan_init): the algorithm,
 * the packed form, and the pieces.
 *
 * Order of summation for one output: fixed by the shape of the layer alone; it does not
 * depend on n, on the tile the output falls in, or on the number of threads. So bits
 * differ between the reference (which rounds products) and the ISAs (FMA), and only
 * there. */
#ifndef KAO_KERNELS_CONV_H
#define KAO_KERNELS_CONV_H

#include "base/pool.h"
#include "kernels/kernels.h"

/* Whether sums may be formed by Winograd's minimal filtering: 3x3, stride 1, no dilation, one
 * group, no bf16. */
typedef enum kao_winograd_use {
    KAO_WINOGRAD_NEVER,
    KAO_WINOGRAD_WHERE_FASTER, /* expected to be, by the layer's shape */
    KAO_WINOGRAD_BY_2,         /* where it can be: squares of 2 x 2 outputs, of 4 x 4 */
    KAO_WINOGRAD_BY_4,
} kao_winograd_use;

typedef struct kao_conv {
    int32_t n, h, w, c; /* input */
    int32_t oh, ow, oc; /* output; n is the same */
    int32_t kh, kw, sy, sx, dy, dx;
    int32_t pad_top, pad_left; /* what lies below and right follows from oh, ow */
    int32_t groups;            /* divides c and oc; groups == c == oc: depthwise */
    int32_t in_stride, out_stride, res_stride; /* pixel strides, in floats */
    kao_act act;
    float lo, hi; /* of KAO_ACT_CLAMP */
    kao_residual residual;
    bool bf16; /* numbers of w and in may be rounded to bfloat16 */
    kao_winograd_use winograd;
} kao_conv;

static inline bool kao_conv_is_depthwise(const kao_conv *d)
{
    return d->groups > 1 && d->groups == d->c && d->groups == d->oc;
}

/* How the sum is formed. Each algorithm has its own packed form and its own error class,
 * u = FLT_EPSILON/2, K products a sum, before the activation:
 *
 *   direct      |got - exact| <= (K+2)*u*(|bias| + sum|w*in|)
 *   depthwise   the same
 *   pairs       the same, with w and in rounded to bfloat16; so 2^-8 * sum|w*in| more
 *   winograd    |got - exact| <= (c+20)*u*(|bias| + M), M what winograd.h's formula gives where
 *               every number of its matrices, of w and of in is taken without its sign. Measured
 *               against direct: the same size by 2, some four times as large by 4.
 *
 * By Winograd a NaN, or an overflow, reaches all outputs of the squares whose windows have it. */
typedef enum kao_conv_algorithm {
    KAO_CONV_DIRECT,     /* tiles of GEMM over the taps where they lie (conv_dense.c) */
    KAO_CONV_DEPTHWISE,  /* vectors of channels (conv_depthwise.c) */
    KAO_CONV_PAIRS,      /* direct, with pairs of bfloat16 for numbers (conv_dense.c) */
    KAO_CONV_WINOGRAD_2, /* squares of 2 x 2 outputs (conv_winograd.c) */
    KAO_CONV_WINOGRAD_4, /* of 4 x 4 */
} kao_conv_algorithm;

typedef struct kao_range { /* begin <= i < end */
    int32_t begin, end;
} kao_range;

/* What conv_dense.c derives. Of KAO_CONV_PAIRS c and k count pairs. */
typedef struct kao_conv_direct {
    int32_t c, oc, k;     /* of one group: channels in and out, products a sum */
    int32_t n_panels, mr; /* panels a group, rows a tile */
    size_t n_pad, floats; /* a group: channels out in whole panels, packed weights */
    bool pointwise;       /* all pixels are one row */
    int32_t n, oh, ow;    /* of the output, seen so */
    int32_t row_tiles;    /* tiles a row */
    size_t n_tiles;       /* of the output */
    size_t tiles_piece;   /* tiles a piece */
    int32_t panels_piece; /* panels a piece, through the groups */
    int32_t panel_pieces; /* pieces that share a run of tiles */
    kao_range ys, xs;     /* outputs whose window lies in the picture */
} kao_conv_direct;

/* What conv_depthwise.c derives. */
typedef struct kao_conv_depthwise {
    size_t c_pad;
    bool is_dw3, smooth;
    int32_t rows_piece, row_pieces; /* of one image */
} kao_conv_depthwise;

/* What conv_winograd.c derives. */
typedef struct kao_conv_winograd {
    int32_t m;                    /* outputs a side of a square */
    int32_t squares_y, squares_x; /* of an image */
    size_t n_squares;             /* of the batch */
    size_t squares_piece;
    int32_t n_panels, panels_piece, panel_pieces; /* as of kao_conv_direct */
    size_t n_pad, floats; /* channels out in whole panels, packed weights */
} kao_conv_winograd;

typedef struct kao_conv_plan {
    kao_conv d;
    kao_conv_algorithm algorithm;
    size_t packed_bytes;
    size_t thread_bytes; /* of scratch, for each thread */
    size_t n_pieces;     /* of the pool; depends on the layer, not on the threads */
    union {
        kao_conv_direct direct;
        kao_conv_depthwise depthwise;
        kao_conv_winograd winograd;
    };
} kao_conv_plan;

void kao_conv_plan_init(kao_conv_plan *p, const kao_kernels *k, const kao_conv *d);

/* w: oc x (c/groups) x kh x kw, as ONNX stores it. bias: oc floats or NULL. slope: oc
 * floats where act is KAO_ACT_SLOPE. All are copied into packed (p->packed_bytes, 64-byte
 * aligned). The packed form depends on the table's ISA and on the algorithm; that of those
 * above on no more than weights, groups and kernel sizes, so that plans for other
 * pictures, strides and residuals share it. */
void kao_conv_pack(const kao_kernels *k, const kao_conv_plan *p, const float *w,
                   const float *bias, const float *slope, void *packed);

/* in, out, residual: as the strides say; residual may be NULL where the descriptor has
 * none, and may be the same memory as out. in and out do not overlap. scratch: 64-byte
 * aligned, p->thread_bytes for each thread of the pool. */
void kao_conv_run(const kao_kernels *k, const kao_pool *pool, const kao_conv_plan *p,
                  const void *packed, const float *in, const float *residual,
                  float *out, void *scratch);

/* Convolutions as one, run in bands of rows, so that the maps between them stay in the
 * cache. Each stage reads the map of the one before it and is pointwise (1x1, stride 1, no
 * padding, groups 1) or a depthwise 3x3 (stride 1 or 2, dilation 1, at most one column of
 * padding on each side, no smooth activation); the last one alone may have a residual. The result has the same bits
 * as the stages one by one. */
typedef struct kao_conv_stage {
    kao_conv_plan conv;
    const void *packed; /* as kao_conv_pack made it */
    size_t ring;        /* but the last: the place of its rows in a thread's scratch */
    int32_t slots;      /* rows that the ring holds */
    int32_t most_rows;  /* that one call makes */
} kao_conv_stage;

typedef struct kao_conv_group {
    kao_conv_stage *stages;
    int32_t n_stages;
    size_t zeros_bytes, thread_bytes; /* of scratch: once, and for each thread */
    size_t patch; /* in a thread's scratch: where its pointwise stages work */
    int32_t rows_piece, row_pieces; /* of one image of the last map */
} kao_conv_group;

/* Two or more that can be a group. */
bool kao_conv_group_fits(const kao_conv *const *stages, int32_t n);
/* They fit, and are expected to be faster than the last one apart from the others. */
bool kao_conv_group_good(const kao_conv *const *stages, int32_t n);

/* stages[].conv.d: the descriptors; the strides of the maps between them are set here. One
 * stage alone is planned as kao_conv_plan_init does. */
void kao_conv_group_init(kao_conv_group *g, const kao_kernels *k,
                         kao_conv_stage *stages, int32_t n);
size_t kao_conv_group_scratch_bytes(const kao_conv_group *g, uint32_t n_threads);

/* One stage: kao_conv_run. in and out do not overlap; residual is the last stage's. */
void kao_conv_group_run(const kao_kernels *k, const kao_pool *pool,
                        const kao_conv_group *g, const float *in, const float *residual,
                        float *out, void *scratch);

#endif
