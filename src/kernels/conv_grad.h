/* Gradients of 2-D convolution over channels-last (NHWC) f32 activations, for training.
 *
 *   out[n,y,x,o] = bias[o] + sum w[o,i,ky,kx] * in[n, y*sy + ky*dy - pad_top, ...]
 *
 * With g the gradient of a loss by out:
 *
 *   by w[o,i,ky,kx]   sum over n,y,x of g[n,y,x,o] * in[at the tap]
 *   by bias[o]        sum over n,y,x of g[n,y,x,o]
 *   by in             the convolution of g, with gaps of zeros where the stride is 2 and
 *                     more, with the weights turned by 180 degrees and transposed
 *                     (conv_grad_input.c leaves those zeros out)
 *
 * Descriptor as in conv.h; of it the epilogue and strides are not looked at: in, out and
 * their gradients are dense (stride = channels). Sums are cut by the layer alone, so the
 * bits do not depend on the number of threads. */
#ifndef KAO_KERNELS_CONV_GRAD_H
#define KAO_KERNELS_CONV_GRAD_H

#include "kernels/conv.h"

/* Bytes of scratch that each call needs (64-byte aligned by the caller). */
size_t kao_conv_grad_weights_scratch(const kao_kernels *k, const kao_conv *d,
                                     uint32_t n_threads);
size_t kao_conv_grad_input_scratch(const kao_kernels *k, const kao_conv *d,
                                   uint32_t n_threads);

/* dw: oc x (c/groups) x kh x kw, as ONNX stores w; db: oc floats, or NULL. Both are
 * overwritten. */
void kao_conv_grad_weights(const kao_kernels *k, const kao_pool *pool,
                           const kao_conv *d, const float *in, const float *g,
                           float *dw, float *db, void *scratch);

/* din is overwritten. w: as ONNX stores it. */
void kao_conv_grad_input(const kao_kernels *k, const kao_pool *pool, const kao_conv *d,
                         const float *w, const float *g, float *din, void *scratch);

#endif
