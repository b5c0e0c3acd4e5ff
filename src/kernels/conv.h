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
 * Order of summation for one output: fixed by the shape of the layer alone; it does not
 * depend on n, on the tile the output falls in, or on the number of threads. So bits
 * differ between the reference (which rounds products) and the ISAs (FMA), and only
 * there. Bound: |got - exact| <= (K+2)*u*(|bias| + sum|w*in|) before the activation, K
 * products a sum, u = FLT_EPSILON/2. */
#ifndef KAO_KERNELS_CONV_H
#define KAO_KERNELS_CONV_H

#include "base/pool.h"
#include "kernels/kernels.h"

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
} kao_conv;

/* Bytes of the packed weights (64-byte aligned by the caller) and of the scratch that
 * one run needs; both depend on the table's ISA. The packed form does not depend on n,
 * h, w, oh, ow, the strides or the residual: plans for other sizes share it. */
size_t kao_conv_packed_bytes(const kao_kernels *k, const kao_conv *d);
size_t kao_conv_scratch_bytes(const kao_kernels *k, const kao_conv *d,
                              uint32_t n_threads);

/* w: oc x (c/groups) x kh x kw, as ONNX stores it. bias: oc floats or NULL. slope: oc
 * floats where act is KAO_ACT_SLOPE. All are copied into packed. */
void kao_conv_pack(const kao_kernels *k, const kao_conv *d, const float *w,
                   const float *bias, const float *slope, void *packed);

/* in, out, residual: as the strides say; residual may be NULL where the descriptor has
 * none, and may be the same memory as out. in and out do not overlap. scratch: 64-byte
 * aligned. */
void kao_conv_run(const kao_kernels *k, const kao_pool *pool, const kao_conv *d,
                  const void *packed, const float *in, const float *residual,
                  float *out, void *scratch);

/* Two convolutions as one, so that the map between them stays in the cache: a pointwise
 * one (1x1, stride 1, no padding, groups 1) and a depthwise 3x3 (stride 1 or 2, padding
 * at most 1 on the left, no smooth activation), in either order. The first has no
 * residual; its output strides are ignored, second->in_stride too; second's input shape
 * is first's output shape. The result has the same bits as two kao_conv_run. Packed:
 * each as kao_conv_pack made it. */
bool kao_conv_pair_fits(const kao_conv *first, const kao_conv *second);

/* Fits, and is expected to be faster than the two apart. */
bool kao_conv_pair_good(const kao_kernels *k, const kao_conv *first,
                        const kao_conv *second);

size_t kao_conv_pair_scratch_bytes(const kao_kernels *k, const kao_conv *first,
                                   const kao_conv *second, uint32_t n_threads);

/* in and out do not overlap; residual is second's. */
void kao_conv_pair_run(const kao_kernels *k, const kao_pool *pool,
                       const kao_conv *first, const void *packed_first,
                       const kao_conv *second, const void *packed_second,
                       const float *in, const float *residual, float *out,
                       void *scratch);

#endif
