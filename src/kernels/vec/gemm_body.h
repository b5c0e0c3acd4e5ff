/* The body of the GEMM tiles, over the vector verbs (include an ISA's fill.h and vec.h first,
 * and define GEMM_ROWS, the most rows, GEMM_VECS, the vectors of a row where they are not 2 at
 * most, and for pairs of bfloat16 GEMM_DOT, what adds a product): mr rows by nv vectors of
 * sums stay in registers while k runs; every k takes one float a row and loads one row of
 * weights.
 *
 * Rows are reached from base pointers three rows apart, with a scaled index: x86
 * addresses base, base + lda and base + 2*lda, so that 14 rows need 5 registers instead
 * of 14 pointers that would live on the stack; arm64 keeps 2*lda in a register of its own.
 * The empty asm keeps the compiler from working out that the bases are related, and undoing
 * that.
 *
 * Registers: 14x32 takes 28 + 2 + 1 of 32 zmm, 6x16 12 + 2 + 1 of 16 ymm, 12x8 12 + 1 + 1; of 32 of
 * NEON 6x16 takes 24 + 4 + 1, 12x8 24 + 2 + 1. */
#ifndef KAO_KERNELS_VEC_GEMM_BODY_H
#define KAO_KERNELS_VEC_GEMM_BODY_H

#include "kernels/vec/gemm_check.h"
#include "kernels/vec/gemm_finish.h"
#include "kernels/vec/unroll.h"

#ifndef GEMM_DOT
# define GEMM_DOT vf_fma
#endif
#ifndef GEMM_VECS
# define GEMM_VECS 2
#endif

#define KAO_HIDE(p) __asm__("" : "+r"(p))

enum { BASES = (GEMM_ROWS + 2) / 3 };

typedef struct gemm_tile {
    vf v[GEMM_ROWS][GEMM_VECS];
} gemm_tile;

KAO_INLINE KAO_UNCHECKED void gemm_sum(gemm_tile *t, const kao_gemm_args *g,
                                       const int mr, const int nv)
{
    const ptrdiff_t lda = g->lda;
    const float *w = g->w, *ahead = g->ahead ? g->ahead : w;
    const ptrdiff_t ahead_step = g->ahead ? g->ahead_step : 0;

    KAO_UNROLL(14)
    for (int i = 0; i < mr; i++) {
        KAO_UNROLL(GEMM_VECS)
        for (int v = 0; v < nv; v++)
            t->v[i][v] = vf_load(g->bias + VF_N * v);
    }
    for (int32_t ty = 0; ty < g->n_ty; ty++) {
        for (int32_t tx = 0; tx < g->n_tx; tx++) {
            const float *b[BASES];
            KAO_UNROLL(5)
            for (int i = 0; i < BASES; i++) {
                b[i] = g->a + ty * g->step_y + tx * g->step_x + 3 * i * lda;
                KAO_HIDE(b[i]);
            }
            KAO_UNROLL_BY(2)
            for (int32_t k = 0; k < g->len; k++) {
                vf wv[GEMM_VECS];
                __builtin_prefetch(ahead, 0, 2);
                ahead += ahead_step;
                KAO_UNROLL(GEMM_VECS)
                for (int v = 0; v < nv; v++)
                    wv[v] = vf_load(w + VF_N * v);
                KAO_UNROLL(14)
                for (int i = 0; i < mr; i++) {
                    const vf s = vf_set1(b[i / 3][(i % 3) * lda]);
                    KAO_UNROLL(GEMM_VECS)
                    for (int v = 0; v < nv; v++)
                        t->v[i][v] = GEMM_DOT(s, wv[v], t->v[i][v]);
                }
                KAO_UNROLL(5)
                for (int i = 0; i < BASES; i++)
                    b[i]++;
                w += VF_N * nv;
            }
        }
    }
}

KAO_INLINE KAO_UNCHECKED void gemm_add_residual(gemm_tile *t, const kao_gemm_args *g,
                                                const vm *m, const int mr, const int nv)
{
    KAO_UNROLL(14)
    for (int i = 0; i < mr; i++) {
        KAO_UNROLL(GEMM_VECS)
        for (int v = 0; v < nv; v++)
            t->v[i][v] =
                vf_add(t->v[i][v], vf_load_m(g->e.res + i * g->e.ldr + VF_N * v, m[v]));
    }
}

KAO_INLINE KAO_UNCHECKED void gemm_clamp(gemm_tile *t, const kao_gemm_args *g,
                                         const int mr, const int nv)
{
    const vf lo = vf_set1(g->e.lo), hi = vf_set1(g->e.hi);

    KAO_UNROLL(14)
    for (int i = 0; i < mr; i++) {
        KAO_UNROLL(GEMM_VECS)
        for (int v = 0; v < nv;
             v++) /* the sum is the second operand: its NaN comes through */
            t->v[i][v] = vf_min(hi, vf_max(lo, t->v[i][v]));
    }
}

KAO_INLINE KAO_UNCHECKED void gemm_slope(gemm_tile *t, const kao_gemm_args *g,
                                         const int mr, const int nv)
{
    KAO_UNROLL(GEMM_VECS)
    for (int v = 0; v < nv; v++) {
        const vf s = vf_load(g->e.slope + VF_N * v);
        KAO_UNROLL(14)
        for (int i = 0; i < mr; i++)
            t->v[i][v] = vf_if_neg(t->v[i][v], vf_mul(t->v[i][v], s), t->v[i][v]);
    }
}

KAO_INLINE KAO_UNCHECKED void gemm_store(const gemm_tile *t, float *out, ptrdiff_t ldo,
                                         const vm *m, bool full, const int mr,
                                         const int nv)
{
    if (full) {
        KAO_UNROLL(14)
        for (int i = 0; i < mr; i++) {
            KAO_UNROLL(GEMM_VECS)
            for (int v = 0; v < nv; v++)
                vf_store(out + i * ldo + VF_N * v, t->v[i][v]);
        }
    } else {
        KAO_UNROLL(14)
        for (int i = 0; i < mr; i++) {
            KAO_UNROLL(GEMM_VECS)
            for (int v = 0; v < nv; v++)
                vf_store_m(out + i * ldo + VF_N * v, m[v], t->v[i][v]);
        }
    }
}

KAO_INLINE KAO_UNCHECKED void gemm_tile_run(const kao_gemm_args *g, const int mr,
                                            const int nv)
{
    vm m[GEMM_VECS];
    gemm_tile t;

    KAO_UNROLL(GEMM_VECS)
    for (int v = 0; v < nv; v++)
        m[v] = vm_first(g->cols > VF_N * v ? (size_t)(g->cols - VF_N * v) : 0);
    gemm_sum(&t, g, mr, nv);
    if (g->e.residual == KAO_RES_BEFORE_ACT)
        gemm_add_residual(&t, g, m, mr, nv);
    if (g->e.act == KAO_ACT_CLAMP)
        gemm_clamp(&t, g, mr, nv);
    else if (g->e.act == KAO_ACT_SLOPE)
        gemm_slope(&t, g, mr, nv);
    else if (g->e.act != KAO_ACT_NONE) {
        float sums[GEMM_ROWS *
                   KAO_FINISH_LD]; /* the smooth ones: out of line, from the stack */

        gemm_store(&t, sums, KAO_FINISH_LD, m, true, mr, nv);
        VF_ISA(kao_gemm_finish_smooth)(g, sums, mr);
        return;
    }
    if (g->e.residual == KAO_RES_AFTER_ACT)
        gemm_add_residual(&t, g, m, mr, nv);
    gemm_store(&t, g->out, g->ldo, m, g->cols == VF_N * nv, mr, nv);
}

/* One function per row count, and the entry that picks it: of nv vectors of columns. */
#define GEMM_ONE(mr, nv)                                                               \
 KAO_UNCHECKED static void gemm_rows_##mr(const kao_gemm_args *g)                      \
 {                                                                                     \
  gemm_tile_run(g, mr, nv);                                                            \
 }
#define GEMM_6(X, nv) X(1, nv) X(2, nv) X(3, nv) X(4, nv) X(5, nv) X(6, nv)
#define GEMM_12(X, nv)                                                                 \
 GEMM_6(X, nv) X(7, nv) X(8, nv) X(9, nv) X(10, nv) X(11, nv) X(12, nv)
#define GEMM_14(X, nv)    GEMM_12(X, nv) X(13, nv) X(14, nv)
#define GEMM_NAME(mr, nv) gemm_rows_##mr,
#define KAO_GEMM(name, ROWS, nv)                                                       \
 ROWS(GEMM_ONE, nv)                                                                    \
 void name(const kao_gemm_args *g, int32_t rows)                                       \
 {                                                                                     \
  static void (*const run[GEMM_ROWS])(                                                 \
      const kao_gemm_args *) = { ROWS(GEMM_NAME, nv) };                                \
                                                                                       \
  gemm_check(g, rows, (size_t)(VF_N * (nv)));                                          \
  run[rows - 1](g);                                                                    \
 }

#endif
