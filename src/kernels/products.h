/* Products of many rows with many others, by tiles of GEMM: what comparing sets of vectors
 * stands on. */
#ifndef KAO_KERNELS_PRODUCTS_H
#define KAO_KERNELS_PRODUCTS_H

#include "kernels/kernels.h"

/* Floats that n rows of dim take when they are packed. n and dim: 65536 at most. */
size_t kao_products_floats(const kao_kernels *k, size_t n, size_t dim);
/* packed: 64-byte aligned. */
void kao_products_pack(const kao_kernels *k, const float *rows, size_t n, size_t dim,
                       float *packed);
/* out[i * n + j] = the sum of a[i * dim + k] * row j[k], k ascending, for n_a rows of a and the n
 * packed ones. */
void kao_products(const kao_kernels *k, const float *a, size_t n_a, const float *packed,
                  size_t n, size_t dim, float *out);

#endif
