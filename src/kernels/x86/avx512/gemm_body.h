/* The body of the AVX-512 GEMM tiles: mr rows by (nz zmm + ny ymm) columns of sums stay in
 * registers while k runs; every k broadcasts one float a row and loads one row of weights.
 *
 * A ymm tail costs half of a zmm on cores that split 512-bit operations (Zen 4) and lets 24
 * and 8 channels run without dead lanes. Rows are reached from five base pointers, three rows
 * apart, with a scaled index: x86 addresses base, base + lda and base + 2*lda, so that 14
 * rows need 5 registers instead of 14 pointers that would live on the stack. The empty asm
 * keeps the compiler from working out that the bases are related, and undoing that. */
#ifndef KAO_KERNELS_AVX512_GEMM_BODY_H
#define KAO_KERNELS_AVX512_GEMM_BODY_H

#include <immintrin.h>

#include "kernels/vec/unroll.h"
#include "kernels/x86/avx512/fill.h"

#define KAO_INLINE static inline __attribute__((always_inline))
#define KAO_HIDE(p) __asm__("" : "+r"(p))

enum { MAX_ROWS = 14, NR_MAX = 32 };

typedef struct gemm_tile {
    __m512 z[MAX_ROWS][2];
    __m256 y[MAX_ROWS];
} gemm_tile;

typedef struct gemm_masks { /* of the columns that exist */
    __mmask16 z[2];
    __mmask8 y;
} gemm_masks;

KAO_INLINE gemm_masks gemm_masks_of(int cols, const int nz)
{
    const uint64_t all = cols >= 32 ? UINT32_MAX : (UINT64_C(1) << cols) - 1;

    return (gemm_masks){ { (__mmask16)all, (__mmask16)(all >> 16) },
                         (__mmask8)(all >> (16 * nz)) };
}

KAO_INLINE void gemm_sum(gemm_tile *t, const kao_gemm_args *g, const int mr, const int nz,
                         const int ny)
{
    const ptrdiff_t lda = g->lda;
    const float *w = g->w;

    KAO_UNROLL(14)
    for (int i = 0; i < mr; i++) {
        KAO_UNROLL(2)
        for (int v = 0; v < nz; v++)
            t->z[i][v] = _mm512_loadu_ps(g->bias + 16 * v);
        if (ny)
            t->y[i] = _mm256_loadu_ps(g->bias + 16 * nz);
    }
    for (int32_t ty = 0; ty < g->n_ty; ty++) {
        for (int32_t tx = 0; tx < g->n_tx; tx++) {
            const float *b[5];
            KAO_UNROLL(5)
            for (int i = 0; i < 5; i++) {
                b[i] = g->a + ty * g->step_y + tx * g->step_x + 3 * i * lda;
                KAO_HIDE(b[i]);
            }
            KAO_UNROLL_BY(2)
            for (int32_t k = 0; k < g->len; k++) {
                __m512 wz[2];
                __m256 wy;
                KAO_UNROLL(2)
                for (int v = 0; v < nz; v++)
                    wz[v] = _mm512_loadu_ps(w + 16 * v);
                if (ny)
                    wy = _mm256_loadu_ps(w + 16 * nz);
                KAO_UNROLL(14)
                for (int i = 0; i < mr; i++) {
                    const float *p = b[i / 3] + (i % 3) * lda;
                    if (nz) {
                        const __m512 s = _mm512_set1_ps(*p);
                        KAO_UNROLL(2)
                        for (int v = 0; v < nz; v++)
                            t->z[i][v] = _mm512_fmadd_ps(s, wz[v], t->z[i][v]);
                        if (ny)
                            t->y[i] = _mm256_fmadd_ps(_mm512_castps512_ps256(s), wy, t->y[i]);
                    } else {
                        t->y[i] = _mm256_fmadd_ps(_mm256_set1_ps(*p), wy, t->y[i]);
                    }
                }
                KAO_UNROLL(5)
                for (int i = 0; i < 5; i++)
                    b[i]++;
                w += 16 * nz + 8 * ny;
            }
        }
    }
}

KAO_INLINE void gemm_add_residual(gemm_tile *t, const kao_gemm_args *g, gemm_masks m,
                                  const int mr, const int nz, const int ny)
{
    KAO_UNROLL(14)
    for (int i = 0; i < mr; i++) {
        const float *r = g->e.res + i * g->e.ldr;
        KAO_UNROLL(2)
        for (int v = 0; v < nz; v++)
            t->z[i][v] =
                _mm512_add_ps(t->z[i][v], _mm512_maskz_loadu_ps(m.z[v], r + 16 * v));
        if (ny)
            t->y[i] = _mm256_add_ps(t->y[i], _mm256_maskz_loadu_ps(m.y, r + 16 * nz));
    }
}

KAO_INLINE void gemm_clamp(gemm_tile *t, const kao_gemm_args *g, const int mr, const int nz,
                           const int ny)
{
    const __m512 lo = _mm512_set1_ps(g->e.lo), hi = _mm512_set1_ps(g->e.hi);

    KAO_UNROLL(14)
    for (int i = 0; i < mr; i++) { /* the sum is the second operand: its NaN comes through */
        KAO_UNROLL(2)
        for (int v = 0; v < nz; v++)
            t->z[i][v] = _mm512_min_ps(hi, _mm512_max_ps(lo, t->z[i][v]));
        if (ny)
            t->y[i] = _mm256_min_ps(_mm512_castps512_ps256(hi),
                                    _mm256_max_ps(_mm512_castps512_ps256(lo), t->y[i]));
    }
}

KAO_INLINE void gemm_slope(gemm_tile *t, const kao_gemm_args *g, const int mr, const int nz,
                           const int ny)
{
    const __m512 zero = _mm512_setzero_ps();

    KAO_UNROLL(2)
    for (int v = 0; v < nz; v++) {
        const __m512 s = _mm512_loadu_ps(g->e.slope + 16 * v);
        KAO_UNROLL(14)
        for (int i = 0; i < mr; i++) {
            const __mmask16 neg = _mm512_cmp_ps_mask(t->z[i][v], zero, _CMP_LT_OQ);
            t->z[i][v] = _mm512_mask_mul_ps(t->z[i][v], neg, t->z[i][v], s);
        }
    }
    if (ny) {
        const __m256 s = _mm256_loadu_ps(g->e.slope + 16 * nz);
        KAO_UNROLL(14)
        for (int i = 0; i < mr; i++) {
            const __mmask8 neg =
                _mm256_cmp_ps_mask(t->y[i], _mm256_setzero_ps(), _CMP_LT_OQ);
            t->y[i] = _mm256_mask_mul_ps(t->y[i], neg, t->y[i], s);
        }
    }
}

KAO_INLINE void gemm_store(const gemm_tile *t, float *out, ptrdiff_t ldo, gemm_masks m,
                           bool full, const int mr, const int nz, const int ny)
{
    if (full) {
        KAO_UNROLL(14)
        for (int i = 0; i < mr; i++) {
            KAO_UNROLL(2)
            for (int v = 0; v < nz; v++)
                _mm512_storeu_ps(out + i * ldo + 16 * v, t->z[i][v]);
            if (ny)
                _mm256_storeu_ps(out + i * ldo + 16 * nz, t->y[i]);
        }
    } else {
        KAO_UNROLL(14)
        for (int i = 0; i < mr; i++) {
            KAO_UNROLL(2)
            for (int v = 0; v < nz; v++)
                _mm512_mask_storeu_ps(out + i * ldo + 16 * v, m.z[v], t->z[i][v]);
            if (ny)
                _mm256_mask_storeu_ps(out + i * ldo + 16 * nz, m.y, t->y[i]);
        }
    }
}

KAO_INLINE void gemm_tile_run(const kao_gemm_args *g, const int mr, const int nz,
                              const int ny)
{
    const gemm_masks m = gemm_masks_of(g->cols, nz);
    const bool full = g->cols == 16 * nz + 8 * ny;
    gemm_tile t;

    gemm_sum(&t, g, mr, nz, ny);
    if (g->e.residual == KAO_RES_BEFORE_ACT)
        gemm_add_residual(&t, g, m, mr, nz, ny);
    if (g->e.act == KAO_ACT_CLAMP)
        gemm_clamp(&t, g, mr, nz, ny);
    else if (g->e.act == KAO_ACT_SLOPE)
        gemm_slope(&t, g, mr, nz, ny);
    else if (g->e.act != KAO_ACT_NONE) {
        float sums[MAX_ROWS * NR_MAX]; /* the smooth ones: out of line, from the stack */

        gemm_store(&t, sums, NR_MAX, m, true, mr, nz, ny);
        kao_gemm_finish_smooth_avx512(g, sums, mr);
        return;
    }
    if (g->e.residual == KAO_RES_AFTER_ACT)
        gemm_add_residual(&t, g, m, mr, nz, ny);
    gemm_store(&t, g->out, g->ldo, m, full, mr, nz, ny);
}

/* One function per row count, and the entry that picks it. */
#define KAO_GEMM_ROWS(mr, nz, ny)                                                            \
    static void gemm_rows_##mr(const kao_gemm_args *g)                                       \
    {                                                                                        \
        gemm_tile_run(g, mr, nz, ny);                                                        \
    }
#define KAO_GEMM_WIDTH(name, nz, ny)                                                         \
    KAO_GEMM_ROWS(1, nz, ny)                                                                 \
    KAO_GEMM_ROWS(2, nz, ny)                                                                 \
    KAO_GEMM_ROWS(3, nz, ny)                                                                 \
    KAO_GEMM_ROWS(4, nz, ny)                                                                 \
    KAO_GEMM_ROWS(5, nz, ny)                                                                 \
    KAO_GEMM_ROWS(6, nz, ny)                                                                 \
    KAO_GEMM_ROWS(7, nz, ny)                                                                 \
    KAO_GEMM_ROWS(8, nz, ny)                                                                 \
    KAO_GEMM_ROWS(9, nz, ny)                                                                 \
    KAO_GEMM_ROWS(10, nz, ny)                                                                \
    KAO_GEMM_ROWS(11, nz, ny)                                                                \
    KAO_GEMM_ROWS(12, nz, ny)                                                                \
    KAO_GEMM_ROWS(13, nz, ny)                                                                \
    KAO_GEMM_ROWS(14, nz, ny)                                                                \
    void name(const kao_gemm_args *g, int32_t rows)                                          \
    {                                                                                        \
        static void (*const run[MAX_ROWS])(const kao_gemm_args *) = {                        \
            gemm_rows_1,  gemm_rows_2,  gemm_rows_3,  gemm_rows_4, gemm_rows_5,              \
            gemm_rows_6,  gemm_rows_7,  gemm_rows_8,  gemm_rows_9, gemm_rows_10,             \
            gemm_rows_11, gemm_rows_12, gemm_rows_13, gemm_rows_14,                          \
        };                                                                                   \
        run[rows - 1](g);                                                                    \
    }

#endif
