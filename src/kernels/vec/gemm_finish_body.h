/* The smooth activations of a GEMM tile, out of line: an exponential is too long to
 * stand once for every register of every tile shape. */
#ifndef KAO_KERNELS_VEC_GEMM_FINISH_BODY_H
#define KAO_KERNELS_VEC_GEMM_FINISH_BODY_H

#include "kernels/vec/exp.h"
#include "kernels/vec/gemm_finish.h"

void VF_ISA(kao_gemm_finish_smooth)(const kao_gemm_args *g, const float *sums,
                                    int32_t rows)
{
    const vf zero = vf_set1(0.0f);

    for (int32_t r = 0; r < rows; r++) {
        for (int32_t o = 0; o < g->cols; o += VF_N) {
            const vm m = vm_first((size_t)(g->cols - o));
            vf y = vf_act(vf_load(sums + r * KAO_FINISH_LD + o), g->e.act, zero, zero,
                          zero);

            if (g->e.residual == KAO_RES_AFTER_ACT)
                y = vf_add(y, vf_load_m(g->e.res + r * g->e.ldr + o, m));
            vf_store_m(g->out + r * g->ldo + o, m, y);
        }
    }
}

#endif
