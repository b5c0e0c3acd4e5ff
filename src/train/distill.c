/* See distill.h. */
#include "train/distill.h"

#include <math.h>

static double dot(const float *a, const float *b, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += (double)a[i] * (double)b[i];
    return sum;
}

/* gradient_i += weight * u_j */
static void add(float *to, const float *from, double weight, size_t n)
{
    for (size_t k = 0; k < n; k++)
        to[k] += (float)weight * from[k];
}

/* The gradients by u, where those by x will be. */
static void by_unit(kao_distill *d)
{
    const double n = (double)d->n, pairs = d->n > 1 ? n * (n - 1) : 1;

    for (size_t i = 0; i < d->n; i++) {
        const float *u = d->u + i * d->dim, *t = d->t + i * d->dim;

        d->loss[0] += (1 - dot(u, t, d->dim)) / n;
        for (size_t k = 0; k < d->dim; k++)
            d->gradient[i * d->dim + k] = -t[k] / (float)n;
    }
    for (size_t i = 0; i < d->n; i++)
        for (size_t j = 0; j < i; j++) {
            const float *ui = d->u + i * d->dim, *uj = d->u + j * d->dim;
            const double off =
                dot(ui, uj, d->dim) - dot(d->t + i * d->dim, d->t + j * d->dim, d->dim);
            const double weight = d->relation * 4 * off / pairs;

            d->loss[1] += 2 * off * off / pairs;
            add(d->gradient + i * d->dim, uj, weight, d->dim);
            add(d->gradient + j * d->dim, ui, weight, d->dim);
        }
}

void kao_distill_loss(kao_distill *d)
{
    d->loss[0] = d->loss[1] = 0;
    d->least_norm = HUGE_VAL;
    for (size_t i = 0; i < d->n; i++) {
        const float *x = d->x + i * d->dim;
        const double norm = sqrt(dot(x, x, d->dim));

        d->least_norm = fmin(d->least_norm, norm);
        for (size_t k = 0; k < d->dim; k++)
            d->u[i * d->dim + k] = (float)((double)x[k] / fmax(norm, 1e-12));
    }
    by_unit(d);
    for (size_t i = 0; i < d->n; i++) {
        const float *x = d->x + i * d->dim, *u = d->u + i * d->dim;
        float *g = d->gradient + i * d->dim;
        const double norm = fmax(sqrt(dot(x, x, d->dim)), 1e-12),
                     along = dot(g, u, d->dim);

        for (size_t k = 0; k < d->dim; k++)
            g[k] = (float)(((double)g[k] - along * (double)u[k]) / norm);
    }
}
