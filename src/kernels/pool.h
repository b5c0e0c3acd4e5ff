/* Maximum and average pooling over NHWC f32. */
#ifndef KAO_KERNELS_POOL_H
#define KAO_KERNELS_POOL_H

#include "base/pool.h"
#include "kernels/kernels.h"

typedef enum kao_pooling_kind {
    KAO_POOLING_MAX,     /* pixels outside count as -inf; a NaN in the window wins */
    KAO_POOLING_AVG,     /* over the pixels inside the picture */
    KAO_POOLING_AVG_PAD, /* padding counts as zeros; what lies beyond it does not count
                          */
} kao_pooling_kind;

typedef struct kao_pooling {
    kao_pooling_kind kind;
    int32_t n, h, w, c;
    int32_t oh, ow; /* as the caller rounds them, up or down */
    int32_t kh, kw, sy, sx, dy, dx;
    int32_t pad_top, pad_left, pad_bottom,
        pad_right;                 /* the last two: for AVG_PAD's count */
    int32_t in_stride, out_stride; /* pixel strides, in floats */
} kao_pooling;

/* in and out do not overlap. A window without a pixel inside gives -inf or 0. Maximum:
 * exact. Average class bound: |got - exact| <= (k+1)*u*sum|x|/k for k pixels in the
 * window; the order of the sum is row by row. Global pooling: kh = h, kw = w, oh = ow
 * = 1. */
void kao_pooling_run(const kao_kernels *k, const kao_pool *pool, const kao_pooling *d,
                     const float *in, float *out);

#endif
