/* The similarity of two vectors in floats, for scans over many of them. */
#ifndef KAO_BASE_ALIKE_H
#define KAO_BASE_ALIKE_H

#include <stddef.h>

/* 1 - d * d / 2 with the distance d of n numbers, as kao_similarity gives it, within 1e-5 of that
 * for vectors of length 1. Lanes that the compiler may put into vectors: their order is fixed,
 * and so are the bits. */
static inline float kao_alike_floats(const float *restrict a, const float *restrict b,
                                     size_t n)
{
    enum { LANES = 16 };
    float lane[LANES] = { 0 }, sum = 0;
    size_t i = 0;

    for (; i + LANES <= n; i += LANES)
        for (size_t k = 0; k < LANES; k++) {
            const float d = a[i + k] - b[i + k];

            lane[k] += d * d;
        }
    for (; i < n; i++)
        sum += (a[i] - b[i]) * (a[i] - b[i]);
    for (size_t k = 0; k < LANES; k++)
        sum += lane[k];
    return sum > 4 ? -1 : 1 - sum / 2;
}

#endif
