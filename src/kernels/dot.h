/* The dot product of two vectors in double precision: what training's norms and losses go by. */
#ifndef KAO_KERNELS_DOT_H
#define KAO_KERNELS_DOT_H

#include <stddef.h>

static inline double kao_dot_f64(const float *a, const float *b, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += (double)a[i] * (double)b[i];
    return sum;
}

#endif
