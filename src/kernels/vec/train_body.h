/* Kernels of training in plain C, compiled once for each ISA with its flags: loops over
 * channels, the summing ones in blocks of 16, which compilers turn into vector code. VF_ISA names them. */
#ifndef KAO_KERNELS_VEC_TRAIN_BODY_H
#define KAO_KERNELS_VEC_TRAIN_BODY_H

#include "kernels/kernels.h"

enum { TRAIN_LANES = 16, TRAIN_ROWS = 64 };

/* ---- products of rows ---- */

static inline void dot_block(const float *restrict a, ptrdiff_t lda,
                             const float *restrict b, ptrdiff_t ldb, size_t n, size_t c,
                             float *restrict sums)
{
    float even[TRAIN_LANES] = { 0 }, odd[TRAIN_LANES] = { 0 };
    size_t r = 0;

    for (; r + 2 <= n; r += 2, a += 2 * lda, b += 2 * ldb)
        for (size_t i = 0; i < c; i++) {
            even[i] += a[i] * b[i];
            odd[i] += a[lda + (ptrdiff_t)i] * b[ldb + (ptrdiff_t)i];
        }
    for (size_t i = 0; r < n && i < c; i++)
        even[i] += a[i] * b[i];
    for (size_t i = 0; i < c; i++)
        sums[i] += even[i] + odd[i];
}

void VF_ISA(kao_dot_rows_f32)(const float *a, ptrdiff_t lda, const float *b,
                              ptrdiff_t ldb, size_t n, size_t c, float *sums)
{
    size_t i = 0;

    for (; i + TRAIN_LANES <= c; i += TRAIN_LANES)
        dot_block(a + i, lda, b + i, ldb, n, TRAIN_LANES, sums + i);
    if (i < c)
        dot_block(a + i, lda, b + i, ldb, n, c - i, sums + i);
}

/* ---- normalisation over a batch ---- */

static inline void norm_sums_block(const float *restrict x, size_t ld, size_t n,
                                   size_t c, const float *restrict mean,
                                   double *restrict first, double *restrict second)
{
    float s[TRAIN_LANES] = { 0 }, q[TRAIN_LANES] = { 0 };

    for (size_t r = 0; r < n; r++, x += ld)
        for (size_t i = 0; i < c; i++) {
            const float d = x[i] - mean[i];

            s[i] += d;
            q[i] += d * d;
        }
    for (size_t i = 0; i < c; i++) {
        first[i] += (double)s[i];
        second[i] += (double)q[i];
    }
}

void VF_ISA(kao_norm_sums_f32)(const kao_norm_args *a)
{
    for (size_t r = 0; r < a->n; r += TRAIN_ROWS) {
        const size_t n = a->n - r < TRAIN_ROWS ? a->n - r : TRAIN_ROWS;
        const float *x = a->x + r * a->c;
        size_t i = 0;

        for (; i + TRAIN_LANES <= a->c; i += TRAIN_LANES)
            norm_sums_block(x + i, a->c, n, TRAIN_LANES, a->mean + i, a->sums + i,
                            a->sums + a->c + i);
        if (i < a->c)
            norm_sums_block(x + i, a->c, n, a->c - i, a->mean + i, a->sums + i,
                            a->sums + a->c + i);
    }
}

static inline void norm_apply_row(const kao_norm_args *a, const float *restrict x,
                                  float *restrict y)
{
    const float *restrict scale = a->scale, *restrict shift = a->shift,
                          *restrict slope = a->slope;

    for (size_t i = 0; i < a->c; i++) {
        const float z = x[i] * scale[i] + shift[i];

        y[i] = z < 0 ? slope[i] * z : z;
    }
}

void VF_ISA(kao_norm_apply_f32)(const kao_norm_args *a)
{
    for (size_t r = 0; r < a->n; r++)
        norm_apply_row(a, a->x + r * a->c, a->out + r * a->c);
}

/* The slope as a factor of 1 or slope, chosen without a branch, so that the loop is vector
 * code. c: TRAIN_LANES but for the last block. */
static inline void norm_grad_sums_block(const kao_norm_args *a, const float *restrict x,
                                        const float *restrict g, size_t ld, size_t n,
                                        size_t at, size_t c)
{
    float scale[TRAIN_LANES], shift[TRAIN_LANES], slope[TRAIN_LANES], mean[TRAIN_LANES],
        inverse[TRAIN_LANES];
    float by_shift[TRAIN_LANES] = { 0 }, by_scale[TRAIN_LANES] = { 0 },
          by_slope[TRAIN_LANES] = { 0 };

    for (size_t i = 0; i < c; i++) {
        scale[i] = a->scale[at + i];
        shift[i] = a->shift[at + i];
        slope[i] = a->slope[at + i];
        mean[i] = a->mean[at + i];
        inverse[i] = a->inverse[at + i];
    }
    for (size_t r = 0; r < n; r++, x += ld, g += ld)
        for (size_t i = 0; i < c; i++) {
            const float z = x[i] * scale[i] + shift[i];
            const float factor = z < 0 ? slope[i] : 1.0f, below = z < 0 ? z : 0.0f;
            const float dz = factor * g[i];

            by_shift[i] += dz;
            by_scale[i] += dz * ((x[i] - mean[i]) * inverse[i]);
            by_slope[i] += g[i] * below;
        }
    for (size_t i = 0; i < c; i++) {
        a->sums[at + i] += (double)by_shift[i];
        a->sums[a->c + at + i] += (double)by_scale[i];
        a->sums[2 * a->c + at + i] += (double)by_slope[i];
    }
}

void VF_ISA(kao_norm_grad_sums_f32)(const kao_norm_args *a)
{
    for (size_t r = 0; r < a->n; r += TRAIN_ROWS) {
        const size_t n = a->n - r < TRAIN_ROWS ? a->n - r : TRAIN_ROWS;
        const float *x = a->x + r * a->c, *g = a->g + r * a->c;
        size_t i = 0;

        for (; i + TRAIN_LANES <= a->c; i += TRAIN_LANES)
            norm_grad_sums_block(a, x + i, g + i, a->c, n, i, TRAIN_LANES);
        if (i < a->c)
            norm_grad_sums_block(a, x + i, g + i, a->c, n, i, a->c - i);
    }
}

static inline void norm_grad_row(const kao_norm_args *a, const float *restrict x,
                                 const float *restrict g, float *restrict out)
{
    const float *restrict scale = a->scale, *restrict shift = a->shift,
                          *restrict slope = a->slope, *restrict mean = a->mean,
                          *restrict inverse = a->inverse,
                          *restrict by_shift = a->by_shift,
                          *restrict by_scale = a->by_scale;

    for (size_t i = 0; i < a->c; i++) {
        const float z = x[i] * scale[i] + shift[i];
        const float dz = z < 0 ? slope[i] * g[i] : g[i];

        out[i] =
            scale[i] * (dz - by_shift[i] - (x[i] - mean[i]) * inverse[i] * by_scale[i]);
    }
}

void VF_ISA(kao_norm_grad_apply_f32)(const kao_norm_args *a)
{
    for (size_t r = 0; r < a->n; r++)
        norm_grad_row(a, a->x + r * a->c, a->g + r * a->c, a->out + r * a->c);
}

#endif
