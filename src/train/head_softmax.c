/* The softmax of a head: from the cosines of all samples to the loss, and to the gradients by
 * them. A rank has some of the classes: the largest value and the sum go over all ranks. */
#include <math.h>
#include <string.h>

#include "train/head_parts.h"
#include "train/head_terms.h"

static const double PI = 3.14159265358979323846;

typedef struct sample {
    size_t i, own; /* of all; place of its class, or KAO_HEAD_NONE */
    double scale;  /* s, or the feature's length */
} sample;

static double quality_of(const kao_head *h, size_t i)
{
    if (h->margin.kind != KAO_MARGIN_ADAFACE)
        return 0;
    const double norm = kao_head_quality_norm(h, i);
    const double mean = (double)h->norms->data[0],
                 deviation = (double)h->norms->data[1];

    return fmin(fmax(0.333 * (norm - mean) / (deviation + 1e-3), -1), 1);
}

/* z, slope and best of one sample; gives the plain value of its own class, 0 if that is not
 * here. */
static double values(kao_head *h, const sample *s, uint64_t step)
{
    const float *row = h->cosines + s->i * h->n_rows;

    for (uint32_t j = 0; j < h->n_here; j++) {
        const float *c = row + (size_t)j * h->o.centers;
        uint32_t best = 0;

        for (uint32_t k = 1; k < h->o.centers; k++)
            best = c[k] > c[best] ? k : best;
        h->best[j] = best;
        h->z[j] = (double)c[best];
        h->slope[j] = 1;
        if (h->b)
            h->z[j] += (double)h->b->data[h->live[j] - h->first];
    }
    if (s->own == KAO_HEAD_NONE)
        return 0;
    const double own = h->z[s->own];

    if (!kao_head_is_softmax(h))
        h->z[s->own] = kao_margin_target(&h->margin, own, quality_of(h, s->i),
                                         kao_margin_lambda(step), &h->slope[s->own]);
    return own;
}

/* What the softmax of one sample needs of the classes that are here. */
static void take_values(kao_head *h, const sample *s, double own)
{
    double most = -HUGE_VAL, other = -HUGE_VAL, sum = 0;

    for (uint32_t j = 0; j < h->n_here; j++) {
        most = fmax(most, s->scale * h->z[j]);
        if (j != s->own)
            other = fmax(other, h->z[j]);
    }
    for (uint32_t j = 0; j < h->n_here; j++)
        sum += exp(s->scale * h->z[j] - most);
    h->most[s->i] = most;
    h->other[s->i] = other;
    h->sum[s->i] = sum;
    h->plain[s->i] = own;
    h->final[s->i] = s->own == KAO_HEAD_NONE ? 0 : h->z[s->own];
}

/* Over the ranks; h->along is room. */
static void reduce(kao_head *h)
{
    const size_t n = h->n_all;

    memcpy(h->along, h->most, n * sizeof *h->most);
    kao_ranks_max(h->o.ranks, h->most, 2 * n); /* and other */
    for (size_t i = 0; i < n; i++)
        h->sum[i] *= exp(h->along[i] - h->most[i]);
    kao_ranks_sum(h->o.ranks, h->sum, 3 * n); /* and plain, final */
}

/* The gradients of one sample into g. */
static void softmax_gradient(kao_head *h, const sample *s)
{
    const double n = (double)h->n_all, most = h->most[s->i], sum = h->sum[s->i];
    double along = 0;
    float *g = h->g + s->i * h->n_rows;

    memset(g, 0, h->n_rows * sizeof *g);
    for (uint32_t j = 0; j < h->n_here; j++) {
        const double p = exp(s->scale * h->z[j] - most) / sum;
        const double by_z = (p - (j == s->own ? 1 : 0)) / n;

        g[(size_t)j * h->o.centers + h->best[j]] =
            (float)(s->scale * h->slope[j] * by_z);
        along += h->z[j] * by_z;
        if (h->b)
            h->b->grad[h->live[j] - h->first] += (float)by_z;
    }
    h->along[s->i] = h->margin.kind == KAO_MARGIN_SPHERE ? along : 0;
}

static void tell(const kao_head *h, const sample *s, kao_head_report *r)
{
    const double n = (double)h->n_all, own = h->plain[s->i];
    const double c = kao_head_is_softmax(h) ? own : fmin(fmax(own, -1), 1);
    const int bin = (int)((c + 1) / 2 * KAO_HEAD_BINS);

    r->loss += (log(h->sum[s->i]) + h->most[s->i] - s->scale * h->final[s->i]) / n;
    r->accuracy += (h->other[s->i] < own) / n;
    r->target += c / n;
    r->norm += (double)h->x_norm[s->i] / n;
    r->least_norm = fmin(r->least_norm, (double)h->x_norm[s->i]);
    r->histogram[bin < 0 ? 0 : bin >= KAO_HEAD_BINS ? KAO_HEAD_BINS - 1 : bin]++;
    if (!kao_head_is_softmax(h) &&
        h->margin.m1 * acos(fmin(fmax(c, -1), 1)) + h->margin.m2 > PI)
        r->beyond += 1 / n;
}

static double intra(kao_head *h, const sample *s)
{
    const size_t at = s->i * h->n_rows + s->own * h->o.centers + h->best[s->own];

    return kao_head_intra((double)h->cosines[at], h->o.intra / (double)h->n_all,
                          &h->g[at]);
}

static sample sample_of(const kao_head *h, size_t i)
{
    const kao_margin_kind kind = h->margin.kind;

    return (sample){ .i = i,
                     .own = h->place[h->labels[i]],
                     .scale = kind == KAO_MARGIN_SPHERE    ? (double)h->x_norm[i]
                              : kind == KAO_MARGIN_SOFTMAX ? 1
                                                           : h->margin.scale };
}

void kao_head_softmax(kao_head *h, uint64_t step, kao_head_report *r)
{
    for (size_t i = 0; i < h->n_all; i++) {
        const sample s = sample_of(h, i);

        take_values(h, &s, values(h, &s, step));
    }
    reduce(h);
    if (h->b)
        memset(h->b->grad, 0, h->b->n * sizeof(float));
    for (size_t i = 0; i < h->n_all; i++) {
        const sample s = sample_of(h, i);

        values(h, &s, step);
        tell(h, &s, r);
        softmax_gradient(h, &s);
        if (h->o.intra > 0 && s.own != KAO_HEAD_NONE)
            r->extra += intra(h, &s);
    }
}
