/* See optimizer.h. */
#include "train/optimizer.h"

#include <math.h>
#include <string.h>

#include "base/error.h"

/* As many floats as each parameter has. */
static bool make_list(const kao_optimizer *o, float ***list)
{
    *list = kao_calloc(o->mem, o->n_params, sizeof **list);
    for (uint32_t i = 0; *list && i < o->n_params; i++) {
        (*list)[i] = kao_calloc(o->mem, o->params[i].n, sizeof(float));
        if (!(*list)[i])
            return false;
    }
    return *list != NULL;
}

/* A byte for each row of parameters of which not all rows take part. */
static bool make_rows(kao_optimizer *o)
{
    o->live = kao_calloc(o->mem, o->n_params, sizeof *o->live);
    for (uint32_t i = 0; o->live && i < o->n_params; i++) {
        const kao_param *p = &o->params[i];

        if (!p->live)
            continue;
        o->live[i] = kao_calloc(o->mem, p->n / p->row, 1);
        if (!o->live[i])
            return false;
    }
    return o->live != NULL;
}

kao_status kao_optimizer_init(kao_optimizer *o, kao_tape *t, bool gathers,
                              kao_error *err)
{
    kao_mem *mem = &t->net->ctx->mem;

    *o = (kao_optimizer){ .mem = mem,
                          .params = t->params,
                          .n_params = t->n_params,
                          .beta1 = 0.9f,
                          .beta2 = 0.999f,
                          .epsilon = 1e-8f,
                          .momentum = 0.9f,
                          .decay = 1e-4f,
                          .mean_decay = 0.999f,
                          .clip = 0 };
    if (make_list(o, &o->m) && make_list(o, &o->v) && make_list(o, &o->mean) &&
        (!gathers || (make_list(o, &o->sums) && make_rows(o)))) {
        for (uint32_t i = 0; i < t->n_params; i++)
            memcpy(o->mean[i], t->params[i].data, t->params[i].n * sizeof(float));
        return KAO_OK;
    }
    kao_optimizer_fini(o);
    return kao_fail(err, KAO_E_NOMEM, "optimizer: out of memory");
}

static void free_all(kao_mem *mem, float **list, uint32_t n)
{
    for (uint32_t i = 0; list && i < n; i++)
        kao_free(mem, list[i]);
    kao_free(mem, list);
}

void kao_optimizer_fini(kao_optimizer *o)
{
    free_all(o->mem, o->m, o->n_params);
    free_all(o->mem, o->v, o->n_params);
    free_all(o->mem, o->mean, o->n_params);
    free_all(o->mem, o->sums, o->n_params);
    for (uint32_t i = 0; o->live && i < o->n_params; i++)
        kao_free(o->mem, o->live[i]);
    kao_free(o->mem, o->live);
    o->m = o->v = o->mean = o->sums = NULL;
    o->live = NULL;
}

void kao_optimizer_gather(kao_optimizer *o, int k, int n)
{
    for (uint32_t i = 0; n > 1 && i < o->n_params; i++) {
        const kao_param *p = &o->params[i];
        float *sum = o->sums[i];
        uint8_t *live = o->live[i];

        for (size_t r = 0; live && r < p->n / p->row; r++)
            live[r] = (k ? live[r] : 0) | p->live[r];
        if (p->kind == KAO_PARAM_STATISTIC)
            continue;
        for (size_t j = 0; j < p->n; j++) {
            sum[j] = (k ? sum[j] : 0) + p->grad[j];
            if (k == n - 1)
                p->grad[j] = sum[j] / (float)n;
        }
    }
}

static double gradient_norm(const kao_optimizer *o)
{
    double sum = 0, parts = 0; /* of what all have, of what each has a part of */

    for (uint32_t i = 0; i < o->n_params; i++) {
        const kao_param *p = &o->params[i];
        double *to = p->of ? &parts : &sum;

        for (size_t k = 0; k < p->n && p->kind != KAO_PARAM_STATISTIC; k++)
            *to += (double)p->grad[k] * (double)p->grad[k];
    }
    kao_ranks_sum(o->ranks, &parts, 1);
    return sqrt(sum + parts);
}

typedef struct factors { /* of a step */
    float rate, shrink;  /* shrink: of gradients, where they are clipped */
    float by1, by2;      /* of AdamW's moments */
} factors;

static void adamw(const kao_optimizer *o, uint32_t i, const factors *f, size_t first,
                  size_t end)
{
    const kao_param *p = &o->params[i];
    const float decay = p->kind == KAO_PARAM_WEIGHT ? o->decay : 0;
    float *m = o->m[i], *v = o->v[i];

    for (size_t k = first; k < end; k++) {
        const float g = p->grad[k] * f->shrink;

        m[k] = o->beta1 * m[k] + (1 - o->beta1) * g;
        v[k] = o->beta2 * v[k] + (1 - o->beta2) * g * g;
        p->data[k] -= f->rate * (m[k] * f->by1 / (sqrtf(v[k] * f->by2) + o->epsilon) +
                                 decay * p->data[k]);
    }
}

static void sgd(const kao_optimizer *o, uint32_t i, const factors *f, size_t first,
                size_t end)
{
    const kao_param *p = &o->params[i];
    const float decay = p->kind == KAO_PARAM_WEIGHT ? o->decay : 0;
    float *m = o->m[i];

    for (size_t k = first; k < end; k++) {
        m[k] = o->momentum * m[k] + p->grad[k] * f->shrink + decay * p->data[k];
        p->data[k] -= f->rate * m[k];
    }
}

/* Numbers first .. end - 1 of parameter i. */
static void change(const kao_optimizer *o, uint32_t i, const factors *f, size_t first,
                   size_t end)
{
    if (o->kind == KAO_ADAMW)
        adamw(o, i, f, first, end);
    else
        sgd(o, i, f, first, end);
}

/* Of parameter i what takes part. */
static void change_live(const kao_optimizer *o, uint32_t i, const factors *f)
{
    const kao_param *p = &o->params[i];
    const uint8_t *live = o->live && o->live[i] ? o->live[i] : p->live;

    if (!live)
        change(o, i, f, 0, p->n);
    for (size_t r = 0; live && r < p->n / p->row; r++)
        if (live[r])
            change(o, i, f, r * p->row, (r + 1) * p->row);
}

double kao_optimizer_step(kao_optimizer *o, float rate)
{
    const double norm = gradient_norm(o), t = (double)++o->step;
    const factors f = {
        .rate = rate,
        .shrink =
            o->clip > 0 && norm > (double)o->clip ? (float)((double)o->clip / norm) : 1,
        .by1 = (float)(1 / (1 - pow((double)o->beta1, t))),
        .by2 = (float)(1 / (1 - pow((double)o->beta2, t))),
    };
    /* the mean of few steps is short, so that the start is forgotten */
    const float keep = fminf(o->mean_decay, (float)((1 + t) / (10 + t)));

    for (uint32_t i = 0; i < o->n_params; i++) {
        const kao_param *p = &o->params[i];
        float *mean = o->mean[i];

        if (p->kind != KAO_PARAM_STATISTIC)
            change_live(o, i, &f);
        for (size_t k = 0; k < p->n; k++)
            mean[k] = keep * mean[k] + (1 - keep) * p->data[k];
    }
    return norm;
}

void kao_optimizer_swap_mean(kao_optimizer *o)
{
    for (uint32_t i = 0; i < o->n_params; i++) {
        float *data = o->params[i].data;

        for (size_t k = 0; k < o->params[i].n; k++) {
            const float v = data[k];

            data[k] = o->mean[i][k];
            o->mean[i][k] = v;
        }
    }
}
