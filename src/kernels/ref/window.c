/* Pooling windows, in plain C: what the other levels are held against. */
#include <math.h>

#include "kernels/ref/ref.h"

void kao_window_max_f32_ref(const kao_window_args *p)
{
    for (int32_t x = 0; x < p->n; x++) {
        for (int32_t o = 0; o < p->c; o++) {
            float best = -INFINITY;

            for (int32_t ty = 0; ty < p->n_ty; ty++) {
                for (int32_t tx = 0; tx < p->n_tx; tx++) {
                    const float v =
                        p->a[x * p->lda + ty * p->step_y + tx * p->step_x + o];

                    if (v > best ||
                        isnan(v)) /* once NaN, no comparison is true again */
                        best = v;
                }
            }
            p->out[x * p->ldo + o] = best;
        }
    }
}

void kao_window_avg_f32_ref(const kao_window_args *p)
{
    for (int32_t x = 0; x < p->n; x++) {
        for (int32_t o = 0; o < p->c; o++) {
            float sum = 0;

            for (int32_t ty = 0; ty < p->n_ty; ty++)
                for (int32_t tx = 0; tx < p->n_tx; tx++)
                    sum += p->a[x * p->lda + ty * p->step_y + tx * p->step_x + o];
            p->out[x * p->ldo + o] = sum * p->scale;
        }
    }
}
