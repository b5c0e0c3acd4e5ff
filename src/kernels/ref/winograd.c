/* Winograd's transforms in plain C: two products by the matrices. */
#include "kernels/winograd.h"

#include "kernels/ref/ref.h"

static void transform_in(const kao_wino_in_args *a, int32_t m)
{
    const kao_winograd *f = kao_winograd_of(m);
    const int32_t e = f->e;

    for (int32_t k = 0; k < a->c; k++) {
        float t[KAO_WINO_SIDE][KAO_WINO_SIDE] = { 0 }; /* B^T d */

        for (int32_t i = 0; i < e; i++)
            for (int32_t j = 0; j < e; j++)
                for (int32_t l = 0; l < e; l++)
                    if (f->bt[i][l] != 0) /* so that no zero takes a NaN along */
                        t[i][j] += f->bt[i][l] * a->pixel[l * e + j][k];
        for (int32_t i = 0; i < e; i++)
            for (int32_t j = 0; j < e; j++) {
                float sum = 0;

                for (int32_t l = 0; l < e; l++)
                    if (f->bt[j][l] != 0)
                        sum += t[i][l] * f->bt[j][l];
                a->out[(i * e + j) * a->step + k] = sum;
            }
    }
}

void kao_wino_in2_f32_ref(const kao_wino_in_args *a)
{
    transform_in(a, 2);
}

void kao_wino_in4_f32_ref(const kao_wino_in_args *a)
{
    transform_in(a, 4);
}

static void transform_out(const kao_wino_out_args *a, int32_t m)
{
    const kao_winograd *f = kao_winograd_of(m);
    const int32_t e = f->e;

    for (int32_t o = 0; o < a->cols; o++) {
        float t[KAO_WINO_MOST][KAO_WINO_SIDE] = { 0 }; /* A^T s */

        for (int32_t i = 0; i < m; i++)
            for (int32_t j = 0; j < e; j++)
                for (int32_t l = 0; l < e; l++)
                    if (f->at[i][l] != 0)
                        t[i][j] += f->at[i][l] * a->sums[(l * e + j) * a->step + o];
        for (int32_t y = 0; y < a->n_y; y++)
            for (int32_t x = 0; x < a->n_x; x++) {
                kao_epilogue ep = a->e;
                float sum = 0;

                for (int32_t l = 0; l < e; l++)
                    if (f->at[x][l] != 0)
                        sum += t[y][l] * f->at[x][l];
                if (ep.residual != KAO_RES_NONE)
                    ep.res += y * a->res_row;
                a->out[y * a->out_row + x * a->ldo + o] =
                    kao_epilogue_ref(&ep, sum + a->bias[o], x, o);
            }
    }
}

void kao_wino_out2_f32_ref(const kao_wino_out_args *a)
{
    transform_out(a, 2);
}

void kao_wino_out4_f32_ref(const kao_wino_out_args *a)
{
    transform_out(a, 4);
}
