/* GEMM tiles, 4x8, in plain C: what the other levels are held against. */
#include "kernels/ref/ref.h"

enum { NR = 8 };

void kao_gemm_f32_4x8_ref(const kao_gemm_args *g, int32_t rows)
{
    for (int32_t r = 0; r < rows; r++) {
        const float *w = g->w;
        float sum[NR];

        for (int o = 0; o < NR; o++)
            sum[o] = g->bias[o];
        for (int32_t ty = 0; ty < g->n_ty; ty++) {
            for (int32_t tx = 0; tx < g->n_tx; tx++) {
                const float *a = g->a + r * g->lda + ty * g->step_y + tx * g->step_x;

                for (int32_t k = 0; k < g->len; k++, w += NR)
                    for (int o = 0; o < NR; o++)
                        sum[o] += a[k] * w[o];
            }
        }
        for (int32_t o = 0; o < g->cols; o++)
            g->out[r * g->ldo + o] = kao_epilogue_ref(&g->e, sum[o], r, o);
    }
}
