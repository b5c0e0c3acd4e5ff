/* The body of the AVX2 GEMM tiles: mr rows by nv ymm of sums stay in registers (12 of 16)
 * while k runs; every k broadcasts one float a row and loads one row of weights. Rows are
 * reached from base pointers three rows apart (see avx512/gemm_body.h for why). */
#ifndef KAO_KERNELS_AVX2_GEMM_BODY_H
#define KAO_KERNELS_AVX2_GEMM_BODY_H

#include "kernels/vec/unroll.h"
#include "kernels/x86/avx2/fill.h"
#include "kernels/x86/avx2/vec.h"

#define KAO_INLINE static inline __attribute__((always_inline))
#define KAO_HIDE(p) __asm__("" : "+r"(p))

enum { MAX_ROWS = 12, FINISH_LD = 32 };

typedef struct gemm_tile {
    vf v[MAX_ROWS][2];
} gemm_tile;

KAO_INLINE void gemm_sum(gemm_tile *t, const kao_gemm_args *g, const int mr, const int nv)
{
    const ptrdiff_t lda = g->lda;
    const float *w = g->w;

    KAO_UNROLL(12)
    for (int i = 0; i < mr; i++)
        KAO_UNROLL(2)
        for (int v = 0; v < nv; v++)
            t->v[i][v] = vf_load(g->bias + VF_N * v);
    for (int32_t ty = 0; ty < g->n_ty; ty++) {
        for (int32_t tx = 0; tx < g->n_tx; tx++) {
            const float *b[4];
            KAO_UNROLL(4)
            for (int i = 0; i < 4; i++) {
                b[i] = g->a + ty * g->step_y + tx * g->step_x + 3 * i * lda;
                KAO_HIDE(b[i]);
            }
            KAO_UNROLL_BY(2)
            for (int32_t k = 0; k < g->len; k++) {
                vf wv[2];
                KAO_UNROLL(2)
                for (int v = 0; v < nv; v++)
                    wv[v] = vf_load(w + VF_N * v);
                KAO_UNROLL(12)
                for (int i = 0; i < mr; i++) {
                    const vf s = _mm256_broadcast_ss(b[i / 3] + (i % 3) * lda);
                    KAO_UNROLL(2)
                    for (int v = 0; v < nv; v++)
                        t->v[i][v] = vf_fma(s, wv[v], t->v[i][v]);
                }
                KAO_UNROLL(4)
                for (int i = 0; i < 4; i++)
                    b[i]++;
                w += VF_N * nv;
            }
        }
    }
}

KAO_INLINE void gemm_add_residual(gemm_tile *t, const kao_gemm_args *g, const vm *m,
                                  const int mr, const int nv)
{
    KAO_UNROLL(12)
    for (int i = 0; i < mr; i++)
        KAO_UNROLL(2)
        for (int v = 0; v < nv; v++)
            t->v[i][v] =
                vf_add(t->v[i][v], vf_load_m(g->e.res + i * g->e.ldr + VF_N * v, m[v]));
}

KAO_INLINE void gemm_activate(gemm_tile *t, const kao_gemm_args *g, const int mr,
                              const int nv)
{
    if (g->e.act == KAO_ACT_CLAMP) {
        const vf lo = vf_set1(g->e.lo), hi = vf_set1(g->e.hi);
        KAO_UNROLL(12)
        for (int i = 0; i < mr; i++)
            KAO_UNROLL(2)
            for (int v = 0; v < nv; v++) /* second operand: NaN comes through */
                t->v[i][v] = vf_min(hi, vf_max(lo, t->v[i][v]));
    } else {
        KAO_UNROLL(2)
        for (int v = 0; v < nv; v++) {
            const vf s = vf_load(g->e.slope + VF_N * v);
            KAO_UNROLL(12)
            for (int i = 0; i < mr; i++)
                t->v[i][v] = vf_if_neg(t->v[i][v], vf_mul(t->v[i][v], s), t->v[i][v]);
        }
    }
}

KAO_INLINE void gemm_store(const gemm_tile *t, float *out, ptrdiff_t ldo, const vm *m,
                           bool full, const int mr, const int nv)
{
    if (full) {
        KAO_UNROLL(12)
        for (int i = 0; i < mr; i++)
            KAO_UNROLL(2)
            for (int v = 0; v < nv; v++)
                vf_store(out + i * ldo + VF_N * v, t->v[i][v]);
    } else {
        KAO_UNROLL(12)
        for (int i = 0; i < mr; i++)
            KAO_UNROLL(2)
            for (int v = 0; v < nv; v++)
                vf_store_m(out + i * ldo + VF_N * v, m[v], t->v[i][v]);
    }
}

KAO_INLINE void gemm_tile_run(const kao_gemm_args *g, const int mr, const int nv)
{
    const vm m[2] = { vm_first((size_t)g->cols),
                      vm_first(g->cols > VF_N ? (size_t)(g->cols - VF_N) : 0) };
    gemm_tile t;

    gemm_sum(&t, g, mr, nv);
    if (g->e.residual == KAO_RES_BEFORE_ACT)
        gemm_add_residual(&t, g, m, mr, nv);
    if (g->e.act == KAO_ACT_CLAMP || g->e.act == KAO_ACT_SLOPE)
        gemm_activate(&t, g, mr, nv);
    else if (g->e.act != KAO_ACT_NONE) {
        float sums[MAX_ROWS * FINISH_LD]; /* the smooth ones: out of line, from the stack */

        gemm_store(&t, sums, FINISH_LD, m, true, mr, nv);
        kao_gemm_finish_smooth_avx2(g, sums, mr);
        return;
    }
    if (g->e.residual == KAO_RES_AFTER_ACT)
        gemm_add_residual(&t, g, m, mr, nv);
    gemm_store(&t, g->out, g->ldo, m, g->cols == VF_N * nv, mr, nv);
}

#define KAO_GEMM_ROWS(mr, nv)                                                                \
    static void gemm_rows_##mr(const kao_gemm_args *g)                                       \
    {                                                                                        \
        gemm_tile_run(g, mr, nv);                                                            \
    }

#endif
