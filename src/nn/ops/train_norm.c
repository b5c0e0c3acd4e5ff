/* Normalisation in training and its gradients: BatchNormalization
 * with the activation behind it, LpNormalization. */
#include <math.h>
#include <string.h>

#include "nn/ops/train_parts.h"

/* ---- normalisation, with an activation behind it ---- */

typedef struct norm_detail {
    float epsilon;
    kao_param *scale, *shift, *mean, *var, *slope; /* slope NULL: constant */
    size_t n_rows, c;
    float *a, *b;  /* y = act(x * a + b) */
    float *slopes; /* by channel, whatever the parameter's shape */
    float *batch_mean, *inverse;
    float *by_shift, *by_scale;
    double *sums; /* of pieces: 3 * c each */
} norm_detail;

typedef struct norm_job {
    kao_norm_fn *fn;
    kao_norm_args a;
    double *sums; /* of pieces; NULL: none */
} norm_job;

static void norm_rows(void *arg, size_t begin, size_t end, size_t piece)
{
    const norm_job *j = arg;
    kao_norm_args a = j->a;

    a.n = end - begin;
    a.x += begin * a.c;
    a.g = a.g ? a.g + begin * a.c : NULL;
    a.out = a.out ? a.out + begin * a.c : NULL;
    if (j->sums) {
        a.sums = j->sums + piece * 3 * a.c;
        memset(a.sums, 0, 3 * a.c * sizeof *a.sums);
    }
    j->fn(&a);
}

/* Sum number `which` of channel i over the pieces, in order. */
static double piece_sum(const norm_detail *d, size_t which, size_t i)
{
    const size_t each = (d->n_rows + KAO_TAPE_PIECES - 1) / KAO_TAPE_PIECES;
    const size_t pieces = (d->n_rows + each - 1) / each;
    double sum = 0;

    for (size_t p = 0; p < pieces; p++)
        sum += d->sums[p * 3 * d->c + which * d->c + i];
    return sum;
}

static void norm_statistics(kao_tape *t, const kao_tape_step *s)
{
    norm_detail *d = s->detail;
    norm_job j = { .fn = kernels(t)->norm_sums,
                   .a = { .c = d->c, .x = data_of(t, s->in), .mean = d->mean->data },
                   .sums = d->sums };
    const double n = (double)d->n_rows, share = (double)t->norm_momentum;

    if (!t->training) {
        for (size_t i = 0; i < d->c; i++) {
            d->batch_mean[i] = d->mean->data[i];
            d->inverse[i] =
                (float)(1 / sqrt((double)d->var->data[i] + (double)d->epsilon));
        }
        return;
    }
    kao_tape_rows(t, d->n_rows, norm_rows, &j);
    for (size_t i = 0; i < d->c; i++) {
        /* about the running mean: no cancellation once it is near */
        const double off = piece_sum(d, 0, i) / n;
        const double var = fmax(piece_sum(d, 1, i) / n - off * off, 0);
        const double mean = (double)d->mean->data[i] + off;
        const double unbiased = n > 1 ? var * n / (n - 1) : var;

        d->batch_mean[i] = (float)mean;
        d->inverse[i] = (float)(1 / sqrt(var + (double)d->epsilon));
        d->mean->data[i] = (float)((double)d->mean->data[i] + share * off);
        d->var->data[i] =
            (float)((double)d->var->data[i] * (1 - share) + share * unbiased);
    }
}

static kao_norm_args norm_args(kao_tape *t, const kao_tape_step *s)
{
    const norm_detail *d = s->detail;

    return (kao_norm_args){ .c = d->c,
                            .x = data_of(t, s->in),
                            .scale = d->a,
                            .shift = d->b,
                            .slope = d->slopes,
                            .mean = d->batch_mean,
                            .inverse = d->inverse,
                            .by_shift = d->by_shift,
                            .by_scale = d->by_scale };
}

/* By the factors that norm_forward set. */
static void norm_write(kao_tape *t, const kao_tape_step *s)
{
    norm_job j = { .fn = kernels(t)->norm_apply, .a = norm_args(t, s) };

    j.a.out = data_of(t, s->out);
    kao_tape_rows(t, ((const norm_detail *)s->detail)->n_rows, norm_rows, &j);
}

static void norm_forward(kao_tape *t, const kao_tape_step *s)
{
    norm_detail *d = s->detail;

    norm_statistics(t, s);
    for (size_t i = 0; i < d->c; i++) {
        d->a[i] = d->scale->data[i] * d->inverse[i];
        d->b[i] = d->shift->data[i] - d->batch_mean[i] * d->a[i];
        if (d->slope)
            d->slopes[i] = d->slope->data[d->slope->n == 1 ? 0 : i];
    }
    norm_write(t, s);
}

static void norm_backward(kao_tape *t, const kao_tape_step *s)
{
    norm_detail *d = s->detail;
    norm_job j = { .fn = kernels(t)->norm_grad_sums, .sums = d->sums };

    j.a = norm_args(t, s);
    j.a.g = t->values[s->out].grad;
    kao_tape_rows(t, d->n_rows, norm_rows, &j);
    for (size_t i = 0; i < d->c; i++) {
        const double by_shift = piece_sum(d, 0, i), by_scale = piece_sum(d, 1, i);
        /* running statistics do not depend on the batch */
        const double n = t->training ? (double)d->n_rows : (double)INFINITY;

        d->shift->grad[i] = (float)by_shift;
        d->scale->grad[i] = (float)by_scale;
        if (d->slope)
            d->slope->grad[d->slope->n == 1 ? 0 : i] += (float)piece_sum(d, 2, i);
        d->by_shift[i] = (float)(by_shift / n);
        d->by_scale[i] = (float)(by_scale / n);
    }
    float *to = kao_tape_grad_to(t, s->in);

    if (!to)
        return;
    j.fn = kernels(t)->norm_grad_apply;
    j.sums = NULL;
    j.a.out = to;
    kao_tape_rows(t, d->n_rows, norm_rows, &j);
    kao_tape_grad_done(t, s->in, to);
}

/* Take the activation that alone reads the norm into its step; slopes are set. */
static kao_status take_activation(kao_tape *t, kao_tape_step *s, norm_detail *d)
{
    kao_step *act = kao_graph_only_reader(&t->g, s->out);
    float slope = 1;

    if (act && act->op->kind == KAO_OP_RELU)
        slope = 0;
    else if (act && act->op->kind == KAO_OP_LEAKY_RELU)
        slope = ((const kao_leaky_param *)act->param)->alpha;
    else if (act && act->op->kind == KAO_OP_PRELU)
        d->slope = kao_tape_param(t, act->in[1], KAO_PARAM_SLOPE);
    else
        act = NULL;
    if (act && act->op->kind == KAO_OP_PRELU &&
        (!d->slope || (d->slope->n != 1 && d->slope->n != d->c)))
        return kao_fail(t->err, KAO_E_UNSUPPORTED,
                        "a PRelu whose slope is not by channel");
    for (size_t i = 0; i < d->c; i++)
        d->slopes[i] = slope;
    if (!act)
        return KAO_OK;
    act->dead = true; /* not reached yet: steps are made in order */
    s->out = act->out[0];
    kao_tape_value *v = &t->values[s->out];

    *v = t->values[s->s->out[0]]; /* the value between is not made */
    t->values[s->s->out[0]] = (kao_tape_value){ .t = v->t };
    return KAO_OK;
}

kao_status kao_op_batch_norm_train(kao_tape *t, kao_tape_step *s)
{
    const kao_tensor *in = &t->values[s->in].t;
    norm_detail *d = kao_arena_calloc(&t->arena, 1, sizeof *d);
    const size_t c = (size_t)in->dims[1];

    if (!d)
        return no_memory(t);
    if (in->rank != 4 && in->rank != 2)
        return kao_fail(t->err, KAO_E_UNSUPPORTED, "rank %d", in->rank);
    d->epsilon = ((const kao_batch_norm_param *)s->s->param)->epsilon;
    d->c = c;
    d->n_rows = count_of(t, s->in) / c;
    float *rows = kao_arena_calloc(&t->arena, 7 * c, sizeof *rows);

    d->sums = kao_arena_calloc(&t->arena, KAO_TAPE_PIECES * 3 * c, sizeof *d->sums);
    if (!rows || !d->sums)
        return no_memory(t);
    d->a = rows;
    d->b = rows + c;
    d->slopes = rows + 2 * c;
    d->batch_mean = rows + 3 * c;
    d->inverse = rows + 4 * c;
    d->by_shift = rows + 5 * c;
    d->by_scale = rows + 6 * c;
    d->scale = kao_tape_param(t, s->s->in[1], KAO_PARAM_NORM_SCALE);
    d->shift = kao_tape_param(t, s->s->in[2], KAO_PARAM_NORM_SHIFT);
    d->mean = kao_tape_param(t, s->s->in[3], KAO_PARAM_STATISTIC);
    d->var = kao_tape_param(t, s->s->in[4], KAO_PARAM_STATISTIC);
    if (!d->scale || !d->shift || !d->mean || !d->var)
        return t->err ? t->err->code : KAO_E_NOMEM;
    if (d->scale->n != c || d->shift->n != c || d->mean->n != c || d->var->n != c)
        return kao_fail(t->err, KAO_E_UNSUPPORTED,
                        "statistics that are not by channel");
    s->detail = d;
    s->forward = norm_forward;
    s->backward = norm_backward;
    s->again = norm_write;
    s->reads_in = true;
    return take_activation(t, s, d);
}

/* ---- LpNormalization, p = 2, of rows of channels ----
 *
 * y = x / |x|; its gradient is (g - y (y.g)) / |x|. A zero vector stays zero and has none. */

typedef struct length_job {
    const float *x, *g; /* g NULL: forward */
    float *to;
    size_t c;
} length_job;

static double dot(const float *a, const float *b, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += (double)a[i] * (double)b[i];
    return sum;
}

static void length_rows(void *arg, size_t begin, size_t end, size_t piece)
{
    const length_job *j = arg;

    (void)piece;
    for (size_t r = begin; r < end; r++) {
        const float *x = j->x + r * j->c, *g = j->g ? j->g + r * j->c : NULL;
        const double square = dot(x, x, j->c);
        const double inverse = square > 0 ? 1 / sqrt(square) : 0;
        const double along = g ? dot(x, g, j->c) * inverse * inverse : 0;

        for (size_t i = 0; i < j->c; i++)
            j->to[r * j->c + i] =
                (float)((g ? (double)g[i] - (double)x[i] * along : (double)x[i]) *
                        inverse);
    }
}

static void length_forward(kao_tape *t, const kao_tape_step *s)
{
    length_job j = { .x = data_of(t, s->in),
                     .to = data_of(t, s->out),
                     .c = (size_t)t->values[s->in].t.dims[1] };

    kao_tape_rows(t, count_of(t, s->in) / j.c, length_rows, &j);
}

static void length_backward(kao_tape *t, const kao_tape_step *s)
{
    length_job j = { .x = data_of(t, s->in),
                     .g = t->values[s->out].grad,
                     .to = kao_tape_grad_to(t, s->in),
                     .c = (size_t)t->values[s->in].t.dims[1] };

    if (!j.to)
        return;
    kao_tape_rows(t, count_of(t, s->in) / j.c, length_rows, &j);
    kao_tape_grad_done(t, s->in, j.to);
}

kao_status kao_op_lp_norm_train(kao_tape *t, kao_tape_step *s)
{
    const kao_tensor *in = &t->values[s->in].t;

    if ((in->rank != 4 && in->rank != 2) ||
        ((const kao_lp_norm_param *)s->s->param)->p != 2 ||
        !((const kao_reduce_state *)s->s->state)->reduced[1])
        return kao_fail(t->err, KAO_E_UNSUPPORTED, "trained: p 2, along channels");
    s->forward = length_forward;
    s->backward = length_backward;
    s->reads_in = true;
    return KAO_OK;
}
