/* Normalisation in training and its gradients: BatchNormalization
 * with the activation behind it, LpNormalization. Statistics are those of the batch, or of
 * groups of pictures (kao_network.norm_group), so that processes that have whole groups each
 * compute what one would. */
#include <math.h>
#include <string.h>

#include "kernels/dot.h"
#include "nn/ops/train_parts.h"

/* ---- normalisation, with an activation behind it ---- */

typedef struct norm_detail {
    float epsilon;
    kao_param *scale, *shift, *mean, *var, *slope; /* slope NULL: constant */
    size_t groups;    /* of pictures: each has statistics of its own */
    size_t n_rows, c; /* rows of a group */
    size_t pieces;    /* that sums of a group have */
    float *slopes;    /* by channel, whatever the parameter's shape */
    /* By group and channel. */
    float *a, *b; /* y = act(x * a + b) */
    float *group_mean, *inverse;
    float *by_shift, *by_scale;
    double *sums; /* of pieces, through the groups: 3 * c each */
    /* By channel: the groups' mean, of what is off the running mean and of the variance. */
    double *off, *unbiased;
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

static kao_norm_args norm_args(const norm_detail *d, size_t group)
{
    const size_t at = group * d->c;

    return (kao_norm_args){ .c = d->c,
                            .scale = d->a + at,
                            .shift = d->b + at,
                            .slope = d->slopes,
                            .mean = d->group_mean + at,
                            .inverse = d->inverse + at,
                            .by_shift = d->by_shift + at,
                            .by_scale = d->by_scale + at };
}

/* The rows that t has, and the first of them. */
static size_t rows_of(const kao_tape *t, const kao_tape_step *s, size_t *first)
{
    const norm_detail *d = s->detail;

    *first = t->is_part ? t->first * (d->n_rows * d->groups / t->batch) : 0;
    return count_of(t, s->in) / d->c;
}

/* A part lies in one group, and adds to the sums of its piece. */
static void norm_part(const kao_tape *t, norm_job *j, size_t n)
{
    j->a.n = n;
    j->a.sums = j->sums;
    if (t->begins_piece)
        memset(j->a.sums, 0, 3 * j->a.c * sizeof *j->a.sums);
    j->fn(&j->a);
}

/* fn for the rows that t has, group by group; g, to: NULL, or where those of t are. */
static void norm_run(kao_tape *t, const kao_tape_step *s, kao_norm_fn *fn,
                     const float *g, float *to)
{
    const norm_detail *d = s->detail;
    size_t first;
    const size_t n = rows_of(t, s, &first);

    for (size_t r = 0, here; r < n; r += here) {
        const size_t group = (first + r) / d->n_rows,
                     left = (group + 1) * d->n_rows - (first + r);
        norm_job j = { .fn = fn, .a = norm_args(d, group) };

        here = left < n - r ? left : n - r;
        j.a.x = data_of(t, s->in) + r * d->c;
        j.a.g = g ? g + r * d->c : NULL;
        j.a.out = to ? to + r * d->c : NULL;
        if (!to) /* sums */
            j.sums = d->sums + (t->is_part ? t->piece : group * d->pieces) * 3 * d->c;
        if (!to && !g) /* about the running mean: no cancellation once it is near */
            j.a.mean = d->mean->data;
        if (to || !t->is_part)
            kao_tape_rows(t, here, norm_rows, &j);
        else
            norm_part(t, &j, here);
    }
}

/* Sum number `which` of channel i over a group's pieces, in order. */
static double piece_sum(const norm_detail *d, size_t group, size_t which, size_t i)
{
    double sum = 0;

    for (size_t p = group * d->pieces; p < (group + 1) * d->pieces; p++)
        sum += d->sums[p * 3 * d->c + which * d->c + i];
    return sum;
}

static void norm_gather(kao_tape *t, const kao_tape_step *s)
{
    if (t->training)
        norm_run(t, s, kernels(t)->norm_sums, NULL, NULL);
}

static void group_statistics(norm_detail *d, size_t group)
{
    const double n = (double)d->n_rows;

    for (size_t i = 0; i < d->c; i++) {
        const double off = piece_sum(d, group, 0, i) / n;
        const double var = fmax(piece_sum(d, group, 1, i) / n - off * off, 0);

        d->group_mean[group * d->c + i] = (float)((double)d->mean->data[i] + off);
        d->inverse[group * d->c + i] = (float)(1 / sqrt(var + (double)d->epsilon));
        d->off[i] += off / (double)d->groups;
        d->unbiased[i] += (n > 1 ? var * n / (n - 1) : var) / (double)d->groups;
    }
}

static void norm_statistics(kao_tape *t, norm_detail *d)
{
    const double share = (double)t->norm_momentum;

    memset(d->off, 0, 2 * d->c * sizeof *d->off); /* and unbiased */
    for (size_t g = 0; t->training && g < d->groups; g++)
        group_statistics(d, g);
    for (size_t i = 0; i < d->c; i++) {
        float *mean = &d->mean->data[i], *var = &d->var->data[i];

        for (size_t g = 0; !t->training && g < d->groups; g++) {
            d->group_mean[g * d->c + i] = *mean;
            d->inverse[g * d->c + i] =
                (float)(1 / sqrt((double)*var + (double)d->epsilon));
        }
        if (!t->training)
            continue;
        *mean = (float)((double)*mean + share * d->off[i]);
        *var = (float)((double)*var * (1 - share) + share * d->unbiased[i]);
    }
}

static void norm_settle(kao_tape *t, const kao_tape_step *s)
{
    norm_detail *d = s->detail;

    norm_statistics(t, d);
    for (size_t k = 0; k < d->groups * d->c; k++) {
        const size_t i = k % d->c;

        d->a[k] = d->scale->data[i] * d->inverse[k];
        d->b[k] = d->shift->data[i] - d->group_mean[k] * d->a[k];
    }
    for (size_t i = 0; d->slope && i < d->c; i++)
        d->slopes[i] = d->slope->data[d->slope->n == 1 ? 0 : i];
}

/* By the factors that norm_settle set. */
static void norm_write(kao_tape *t, const kao_tape_step *s)
{
    norm_run(t, s, kernels(t)->norm_apply, NULL, data_of(t, s->out));
}

static void norm_gather_back(kao_tape *t, const kao_tape_step *s)
{
    norm_run(t, s, kernels(t)->norm_grad_sums, t->values[s->out].grad, NULL);
}

/* Gradients by the parameters, and what the one by the input needs. */
static void norm_settle_back(kao_tape *t, const kao_tape_step *s)
{
    norm_detail *d = s->detail;
    /* running statistics do not depend on the pictures */
    const double n = t->training ? (double)d->n_rows : (double)INFINITY;

    memset(d->shift->grad, 0, d->c * sizeof *d->shift->grad);
    memset(d->scale->grad, 0, d->c * sizeof *d->scale->grad);
    for (size_t k = 0; k < d->groups * d->c; k++) {
        const size_t group = k / d->c, i = k % d->c;
        const double by_shift = piece_sum(d, group, 0, i),
                     by_scale = piece_sum(d, group, 1, i);

        d->shift->grad[i] += (float)by_shift;
        d->scale->grad[i] += (float)by_scale;
        if (d->slope)
            d->slope->grad[d->slope->n == 1 ? 0 : i] +=
                (float)piece_sum(d, group, 2, i);
        d->by_shift[k] = (float)(by_shift / n);
        d->by_scale[k] = (float)(by_scale / n);
    }
}

static void norm_backward(kao_tape *t, const kao_tape_step *s)
{
    float *to = kao_tape_grad_to(t, s->in);

    if (!to)
        return;
    norm_run(t, s, kernels(t)->norm_grad_apply, t->values[s->out].grad, to);
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
    if (act && act->op->kind == KAO_OP_PRELU && !d->slope)
        return t->err ? t->err->code : KAO_E_NOMEM;
    if (d->slope && !slope_fits(t, act))
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
        return kao_tape_no_memory(t);
    if (in->rank != 4 && in->rank != 2)
        return kao_fail(t->err, KAO_E_UNSUPPORTED, "rank %d", in->rank);
    d->epsilon = ((const kao_batch_norm_param *)s->s->param)->epsilon;
    const size_t n = (size_t)in->dims[0], each = t->net->norm_group;

    if (each && n % each)
        return kao_fail(t->err, KAO_E_ARG, "%zu pictures are no groups of %zu", n,
                        each);
    d->c = c;
    d->groups = each ? n / each : 1;
    d->n_rows = count_of(t, s->in) / c / d->groups;
    d->pieces = kao_tape_is_by_picture(t, s) ? t->n_pieces / d->groups
                                             : kao_tape_pieces(d->n_rows);
    const size_t all = d->groups * c;
    float *rows = kao_arena_calloc(&t->arena, 6 * all + c, sizeof *rows);

    const size_t rows_of_sums = d->groups * d->pieces * 3 + 2;

    d->sums = kao_arena_calloc(&t->arena, rows_of_sums * c, sizeof *d->sums);
    if (!rows || !d->sums)
        return kao_tape_no_memory(t);
    d->a = rows;
    d->b = rows + all;
    d->group_mean = rows + 2 * all;
    d->inverse = rows + 3 * all;
    d->by_shift = rows + 4 * all;
    d->by_scale = rows + 5 * all;
    d->slopes = rows + 6 * all;
    d->off = d->sums + (rows_of_sums - 2) * c;
    d->unbiased = d->off + c;
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
    s->call[KAO_TAPE_GATHER] = norm_gather;
    s->settle[0] = norm_settle;
    s->call[KAO_TAPE_FORWARD] = norm_write;
    s->call[KAO_TAPE_GATHER_BACK] = norm_gather_back;
    s->settle[1] = norm_settle_back;
    s->call[KAO_TAPE_BACKWARD] = norm_backward;
    s->in_parts[0] = s->in_parts[1] = true;
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

static void length_rows(void *arg, size_t begin, size_t end, size_t piece)
{
    const length_job *j = arg;

    (void)piece;
    for (size_t r = begin; r < end; r++) {
        const float *x = j->x + r * j->c, *g = j->g ? j->g + r * j->c : NULL;
        const double square = kao_dot_f64(x, x, j->c);
        const double inverse = square > 0 ? 1 / sqrt(square) : 0;
        const double along = g ? kao_dot_f64(x, g, j->c) * inverse * inverse : 0;

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
    s->call[KAO_TAPE_FORWARD] = length_forward;
    s->call[KAO_TAPE_BACKWARD] = length_backward;
    s->in_parts[0] = s->in_parts[1] = true;
    s->reads_in = true;
    return KAO_OK;
}
