/* See distill.h. */
#include "train/distill.h"

#include <math.h>

#include "kernels/dot.h"

/* gradient_i += weight * u_j */
static void add(float *to, const float *from, double weight, size_t n)
{
    for (size_t k = 0; k < n; k++)
        to[k] += (float)weight * from[k];
}

/* Row i of the own: its part of both sums, its gradient by u where that by x will be. */
static void by_unit(kao_distill *d, size_t i)
{
    const size_t first = kao_ranks_index(d->ranks) * d->n, own = first + i;
    const size_t all = kao_ranks_count(d->ranks) * d->n;
    const double n = (double)all, pairs = all > 1 ? n * (n - 1) : 1;
    const float *u = d->u + own * d->dim, *t = d->t + own * d->dim;
    float *g = d->gradient + i * d->dim;

    d->loss[0] += (1 - kao_dot_f64(u, t, d->dim)) / n;
    for (size_t k = 0; k < d->dim; k++)
        g[k] = -t[k] / (float)n;
    for (size_t j = 0; j < all; j++) {
        const float *uj = d->u + j * d->dim;

        if (j == own)
            continue;
        const double off =
            kao_dot_f64(u, uj, d->dim) - kao_dot_f64(t, d->t + j * d->dim, d->dim);

        d->loss[1] += j < own ? 2 * off * off / pairs : 0;
        add(g, uj, d->relation * 4 * off / pairs, d->dim);
    }
}

static void take_units(kao_distill *d)
{
    float *u = d->u + kao_ranks_index(d->ranks) * d->n * d->dim;

    for (size_t i = 0; i < d->n; i++) {
        const float *x = d->x + i * d->dim;
        const double norm = sqrt(kao_dot_f64(x, x, d->dim));

        d->least_norm = fmin(d->least_norm, norm);
        for (size_t k = 0; k < d->dim; k++)
            u[i * d->dim + k] = (float)((double)x[k] / fmax(norm, 1e-12));
    }
    kao_ranks_gather(d->ranks, d->u, d->n * d->dim * sizeof *d->u);
    kao_ranks_gather(d->ranks, d->t, d->n * d->dim * sizeof *d->t);
}

void kao_distill_loss(kao_distill *d)
{
    const float *units = d->u + kao_ranks_index(d->ranks) * d->n * d->dim;

    d->loss[0] = d->loss[1] = 0;
    d->least_norm = HUGE_VAL;
    take_units(d);
    for (size_t i = 0; i < d->n; i++) {
        const float *x = d->x + i * d->dim, *u = units + i * d->dim;
        float *g = d->gradient + i * d->dim;
        const double norm = fmax(sqrt(kao_dot_f64(x, x, d->dim)), 1e-12);

        by_unit(d, i);
        const double along = kao_dot_f64(g, u, d->dim);

        for (size_t k = 0; k < d->dim; k++)
            g[k] = (float)(((double)g[k] - along * (double)u[k]) / norm);
    }
    double least = -d->least_norm;

    kao_ranks_sum(d->ranks, d->loss, 2);
    kao_ranks_max(d->ranks, &least, 1);
    d->least_norm = -least;
}
