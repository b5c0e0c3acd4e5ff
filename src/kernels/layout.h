/* NCHW <-> NHWC for f32. Exact; in and out do not overlap. */
#ifndef KAO_KERNELS_LAYOUT_H
#define KAO_KERNELS_LAYOUT_H

#include "base/pool.h"
#include "kernels/kernels.h"

/* in: n images of c planes of n_pixels floats; out: n * n_pixels pixels, stride floats
 * apart (stride >= c; the floats between are not touched). */
void kao_nchw_to_nhwc(const kao_kernels *k, const kao_pool *pool, const float *in,
                      size_t n, size_t c, size_t n_pixels, float *out, size_t stride);

/* The way back. */
void kao_nhwc_to_nchw(const kao_kernels *k, const kao_pool *pool, const float *in,
                      size_t stride, size_t n, size_t c, size_t n_pixels, float *out);

#endif
