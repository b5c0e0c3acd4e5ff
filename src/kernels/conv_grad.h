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

/* ---- of a whole batch, in the pool's threads ---- */

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

/* ---- of some pictures, in this thread ----
 *
 * d->n, in and g are those of the pictures. Sums of pieces of the batch, which start as zeros,
 * are gathered when all are there. */

size_t kao_conv_grad_sums(const kao_conv *d); /* floats of a piece */
size_t kao_conv_grad_room(const kao_conv *d); /* floats that adding works in */
void kao_conv_grad_add(const kao_kernels *k, const kao_conv *d, const float *in,
                       const float *g, bool want_bias, float *sums, float *room);
/* sums: n_pieces one behind the other, added in this order. */
void kao_conv_grad_gather(const kao_conv *d, const float *sums, size_t n_pieces,
                          float *dw, float *db);

/* The weights as kao_conv_grad_back reads them; turned: so many floats for the while. */
size_t kao_conv_grad_packed(const kao_kernels *k, const kao_conv *d); /* floats */
size_t kao_conv_grad_turned(const kao_conv *d);
void kao_conv_grad_pack(const kao_kernels *k, const kao_conv *d, const float *w,
                        float *packed, float *turned);
/* Floats of scratch for d->n pictures. pool NULL: in this thread. */
size_t kao_conv_grad_back_room(const kao_kernels *k, const kao_conv *d,
                               uint32_t n_threads);
void kao_conv_grad_back(const kao_kernels *k, const kao_pool *pool, const kao_conv *d,
                        const float *packed, const float *g, float *din, float *room);

#endif
