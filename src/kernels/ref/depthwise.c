/* Depthwise sums, in plain C: what the other levels are held against. */
#include "kernels/ref/ref.h"

static float dw3_sum(const kao_dw3_args *d, int32_t y, int32_t x, int32_t o)
{
    float sum = d->bias[o];

    for (int32_t kx = 0; kx < 3; kx++) {
        const int32_t px = x * d->stride + kx - d->left;

        for (int32_t ky = 0; ky < 3 && px >= 0 && px < d->width; ky++) {
            const int32_t j = y * d->stride + ky;

            sum += d->w[(ky * 3 + kx) * d->c_pad + o] * d->row[j][px * d->step[j] + o];
        }
    }
    return sum;
}

void kao_dw3_f32_ref(const kao_dw3_args *d)
{
    for (int32_t y = 0; y < d->n_rows; y++) {
        kao_epilogue e = d->e;

        if (e.res)
            e.res += y * d->res_row;
        for (int32_t x = 0; x < d->n; x++)
            for (int32_t o = 0; o < d->c; o++)
                d->out[y * d->out_row + x * d->ldo + o] =
                    kao_epilogue_ref(&e, dw3_sum(d, y, x, o), x, o);
    }
}

void kao_dw_f32_ref(const kao_dw_args *d)
{
    for (int32_t x = 0; x < d->n; x++) {
        for (int32_t o = 0; o < d->c; o++) {
            float sum = d->bias[o];

            for (int32_t ty = 0; ty < d->n_ty; ty++)
                for (int32_t tx = 0; tx < d->n_tx; tx++)
                    sum += d->w[ty * d->w_y + tx * d->w_x + o] *
                           d->a[x * d->lda + ty * d->step_y + tx * d->step_x + o];
            d->out[x * d->ldo + o] = kao_epilogue_ref(&d->e, sum, x, o);
        }
    }
}
