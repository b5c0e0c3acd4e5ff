/* How steps run in training, and how gradients go back through them: Conv, normalisation
 * with the activation behind it, activations alone, Add, MaxPool, Resize by whole factors.
 *
 * Values of rank 4 are channels last and dense: pixels of c floats. */
#include <math.h>
#include <string.h>

#include "kernels/conv_grad.h"
#include "nn/ops/ops.h"
#include "nn/tape.h"

static const kao_kernels *kernels(const kao_tape *t)
{
    return &t->net->kernels;
}

static kao_status no_memory(kao_tape *t)
{
    return kao_fail(t->err, KAO_E_NOMEM, "tape: out of memory");
}

static float *data_of(const kao_tape *t, uint32_t v)
{
    return t->values[v].t.data;
}

static size_t count_of(const kao_tape *t, uint32_t v)
{
    return (size_t)kao_tensor_count(&t->values[v].t);
}

static size_t pixels_of(const kao_tape *t, uint32_t v)
{
    const kao_tensor *x = &t->values[v].t;

    return (size_t)(x->dims[0] * x->dims[2] * x->dims[3]);
}

/* ---- Conv ---- */

typedef struct conv_detail {
    kao_conv_plan plan;
    kao_param *w, *b;
    float *packed;
} conv_detail;

static void conv_forward(kao_tape *t, const kao_tape_step *s)
{
    const conv_detail *c = s->detail;

    kao_conv_pack(kernels(t), &c->plan, c->w->data, c->b ? c->b->data : NULL, NULL,
                  c->packed);
    kao_conv_run(kernels(t), t->pool, &c->plan, c->packed, data_of(t, s->in), NULL,
                 data_of(t, s->out), t->scratch);
}

static void conv_backward(kao_tape *t, const kao_tape_step *s)
{
    const conv_detail *c = s->detail;
    const float *g = t->values[s->out].grad;
    float *to = kao_tape_grad_to(t, s->in, t->scratch);

    kao_conv_grad_weights(kernels(t), t->pool, &c->plan.d, data_of(t, s->in), g,
                          c->w->grad, c->b ? c->b->grad : NULL, t->scratch);
    if (!to)
        return;
    const size_t taken = to == t->scratch ? (count_of(t, s->in) + 15) / 16 * 16 : 0;

    kao_conv_grad_input(kernels(t), t->pool, &c->plan.d, c->w->data, g, to,
                        t->scratch + taken);
    kao_tape_grad_done(t, s->in, to);
}

kao_status kao_op_conv_train(kao_tape *t, kao_tape_step *s)
{
    const kao_conv_param *p = s->s->param;
    const kao_window *w = &((const kao_conv_state *)s->s->state)->window;
    const kao_tensor *in = &t->values[s->in].t, *out = &t->values[s->out].t;
    const kao_kernels *k = kernels(t);
    const uint32_t threads = kao_pool_threads(t->pool);
    conv_detail *c = kao_arena_calloc(&t->arena, 1, sizeof *c);

    if (!c)
        return no_memory(t);
    if (in->rank != 4 || !kao_window_is_sane(w))
        return kao_fail(t->err, KAO_E_UNSUPPORTED, "a window that is not trained");
    const kao_conv d = { .n = (int32_t)in->dims[0],
                         .h = (int32_t)in->dims[2],
                         .w = (int32_t)in->dims[3],
                         .c = (int32_t)in->dims[1],
                         .oh = (int32_t)out->dims[2],
                         .ow = (int32_t)out->dims[3],
                         .oc = (int32_t)out->dims[1],
                         .kh = (int32_t)w->kernel[0],
                         .kw = (int32_t)w->kernel[1],
                         .sy = (int32_t)w->stride[0],
                         .sx = (int32_t)w->stride[1],
                         .dy = (int32_t)w->dilation[0],
                         .dx = (int32_t)w->dilation[1],
                         .pad_top = (int32_t)w->pad_begin[0],
                         .pad_left = (int32_t)w->pad_begin[1],
                         .groups = (int32_t)p->group,
                         .in_stride = (int32_t)in->dims[1],
                         .out_stride = (int32_t)out->dims[1] };

    kao_conv_plan_init(&c->plan, k, &d);
    c->w = kao_tape_param(t, s->s->in[1], KAO_PARAM_WEIGHT);
    if (s->s->n_in > 2 && s->s->in[2] != KAO_NO_VALUE)
        c->b = kao_tape_param(t, s->s->in[2], KAO_PARAM_BIAS);
    if (!c->w || (s->s->n_in > 2 && s->s->in[2] != KAO_NO_VALUE && !c->b))
        return t->err ? t->err->code : KAO_E_NOMEM;
    c->packed = kao_arena_alloc(&t->arena, c->plan.packed_bytes);
    if (!c->packed)
        return no_memory(t);
    kao_tape_need_scratch(t, c->plan.thread_bytes / 4 * threads + 16);
    kao_tape_need_scratch(t, kao_conv_grad_weights_scratch(k, &d, threads) / 4 + 16);
    kao_tape_need_scratch(t, kao_conv_grad_input_scratch(k, &d, threads) / 4 +
                                 count_of(t, s->in) + 32);
    s->detail = c;
    s->forward = conv_forward;
    s->backward = conv_backward;
    return KAO_OK;
}

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

static void norm_forward(kao_tape *t, const kao_tape_step *s)
{
    norm_detail *d = s->detail;
    norm_job j = { .fn = kernels(t)->norm_apply };

    norm_statistics(t, s);
    for (size_t i = 0; i < d->c; i++) {
        d->a[i] = d->scale->data[i] * d->inverse[i];
        d->b[i] = d->shift->data[i] - d->batch_mean[i] * d->a[i];
        if (d->slope)
            d->slopes[i] = d->slope->data[d->slope->n == 1 ? 0 : i];
    }
    j.a = norm_args(t, s);
    j.a.out = data_of(t, s->out);
    kao_tape_rows(t, d->n_rows, norm_rows, &j);
}

static void norm_backward(kao_tape *t, const kao_tape_step *s)
{
    norm_detail *d = s->detail;
    norm_job j = { .fn = kernels(t)->norm_grad_sums, .sums = d->sums };

    j.a = norm_args(t, s);
    j.a.g = t->values[s->out].grad;
    kao_tape_rows(t, d->n_rows, norm_rows, &j);
    if (d->slope)
        memset(d->slope->grad, 0, d->slope->n * sizeof(float));
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
    float *to = kao_tape_grad_to(t, s->in, t->scratch);

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

    *v = t->values[s->s->out[0]]; /* the value between has no memory of its own */
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
    kao_tape_need_scratch(t, count_of(t, s->in) + 16);
    s->detail = d;
    s->forward = norm_forward;
    s->backward = norm_backward;
    return take_activation(t, s, d);
}

/* ---- activations alone ---- */

typedef struct act_detail {
    kao_param *slope;
    float constant;
    size_t n, c; /* floats; channels: slope of float i is that of channel i % c */
    double sums[KAO_TAPE_PIECES];
} act_detail;

typedef struct act_job {
    const act_detail *d;
    const float *x, *g;
    float *to;
} act_job;

static float slope_at(const act_detail *d, size_t i)
{
    return !d->slope ? d->constant : d->slope->data[d->slope->n == 1 ? 0 : i % d->c];
}

static void act_rows(void *arg, size_t begin, size_t end, size_t piece)
{
    const act_job *j = arg;

    (void)piece;
    for (size_t i = begin; i < end; i++) {
        const float k = j->x[i] < 0 ? slope_at(j->d, i) : 1;

        j->to[i] = k * (j->g ? j->g[i] : j->x[i]);
    }
}

static void act_forward(kao_tape *t, const kao_tape_step *s)
{
    act_job j = { .d = s->detail, .x = data_of(t, s->in), .to = data_of(t, s->out) };

    kao_tape_rows(t, j.d->n, act_rows, &j);
}

static void act_backward(kao_tape *t, const kao_tape_step *s)
{
    const act_detail *d = s->detail;
    const float *x = data_of(t, s->in), *g = t->values[s->out].grad;
    act_job j = {
        .d = d, .x = x, .g = g, .to = kao_tape_grad_to(t, s->in, t->scratch)
    };

    if (d->slope) { /* few such layers: one thread, by channel in double */
        const size_t n = d->slope->n;

        for (size_t k = 0; k < n; k++) {
            double sum = 0;

            for (size_t i = k; i < d->n; i += n == 1 ? 1 : d->c)
                sum += x[i] < 0 ? (double)g[i] * (double)x[i] : 0;
            d->slope->grad[k] = (float)sum;
        }
    }
    if (!j.to)
        return;
    kao_tape_rows(t, d->n, act_rows, &j);
    kao_tape_grad_done(t, s->in, j.to);
}

kao_status kao_op_act_train(kao_tape *t, kao_tape_step *s)
{
    const kao_tensor *in = &t->values[s->in].t;
    act_detail *d = kao_arena_calloc(&t->arena, 1, sizeof *d);

    if (!d)
        return no_memory(t);
    d->n = count_of(t, s->in);
    d->c = (size_t)in->dims[1];
    if (s->s->op->kind == KAO_OP_LEAKY_RELU)
        d->constant = ((const kao_leaky_param *)s->s->param)->alpha;
    if (s->s->op->kind == KAO_OP_PRELU) {
        d->slope = kao_tape_param(t, s->s->in[1], KAO_PARAM_SLOPE);
        if (!d->slope)
            return t->err ? t->err->code : KAO_E_NOMEM;
        if (d->slope->n != 1 && d->slope->n != d->c)
            return kao_fail(t->err, KAO_E_UNSUPPORTED,
                            "a slope that is not by channel");
    }
    kao_tape_need_scratch(t, d->n + 16);
    s->detail = d;
    s->forward = act_forward;
    s->backward = act_backward;
    return KAO_OK;
}

/* ---- Add ---- */

static void add_forward(kao_tape *t, const kao_tape_step *s)
{
    const float *a = data_of(t, s->s->in[0]), *b = data_of(t, s->s->in[1]);
    const kao_binary_args args = { .op = KAO_BIN_ADD,
                                   .a = a,
                                   .b = b,
                                   .b_step = 1,
                                   .lo = -INFINITY,
                                   .hi = INFINITY,
                                   .out = data_of(t, s->out),
                                   .n = count_of(t, s->out) };

    kernels(t)->binary(&args);
}

static void add_backward(kao_tape *t, const kao_tape_step *s)
{
    const float *g = t->values[s->out].grad;

    for (uint32_t i = 0; i < 2; i++) {
        const uint32_t v = s->s->in[i];

        if (!kao_tape_wants_grad(t, v))
            continue;
        if (!t->values[v].has_grad)
            memcpy(t->values[v].grad, g, count_of(t, v) * sizeof *g);
        kao_tape_grad_done(t, v, t->values[v].has_grad ? g : t->values[v].grad);
    }
}

kao_status kao_op_add_train(kao_tape *t, kao_tape_step *s)
{
    if (!t->values[s->s->in[0]].t.data || !t->values[s->s->in[1]].t.data ||
        !kao_tensor_same_dims(&t->values[s->s->in[0]].t, &t->values[s->s->in[1]].t))
        return kao_fail(t->err, KAO_E_UNSUPPORTED, "a sum that broadcasts");
    s->forward = add_forward;
    s->backward = add_backward;
    return KAO_OK;
}

/* ---- MaxPool ---- */

typedef struct window_job {
    const kao_tape *t;
    const kao_tape_step *s;
    const kao_window *w;
    size_t c;
    float *to;
} window_job;

static size_t pixel_at(const kao_tensor *x, int64_t n, int64_t y, int64_t u)
{
    return (size_t)(((n * x->dims[2] + y) * x->dims[3] + u) * x->dims[1]);
}

/* Taps of output pixel (y, x) that lie inside. */
typedef struct taps {
    int64_t top, left, ky0, ky1, kx0, kx1;
} taps;

static taps taps_at(const kao_window *w, int64_t y, int64_t x)
{
    taps p = { .top = y * w->stride[0] - w->pad_begin[0],
               .left = x * w->stride[1] - w->pad_begin[1] };

    kao_window_taps(p.top, w->kernel[0], w->dilation[0], w->in[0], &p.ky0, &p.ky1);
    kao_window_taps(p.left, w->kernel[1], w->dilation[1], w->in[1], &p.kx0, &p.kx1);
    return p;
}

static void max_forward_rows(void *arg, size_t begin, size_t end, size_t piece)
{
    const window_job *j = arg;
    const kao_tensor *in = &j->t->values[j->s->in].t, *out = &j->t->values[j->s->out].t;

    (void)piece;
    for (size_t r = begin; r < end; r++) { /* output pixels */
        const int64_t x = (int64_t)r % out->dims[3],
                      y = (int64_t)r / out->dims[3] % out->dims[2],
                      n = (int64_t)r / (out->dims[3] * out->dims[2]);
        const taps p = taps_at(j->w, y, x);
        float *restrict to = (float *)out->data + r * j->c;

        for (size_t i = 0; i < j->c; i++)
            to[i] = -INFINITY;
        for (int64_t ky = p.ky0; ky < p.ky1; ky++)
            for (int64_t kx = p.kx0; kx < p.kx1; kx++) {
                const float *restrict from =
                    (const float *)in->data + pixel_at(in, n,
                                                       p.top + ky * j->w->dilation[0],
                                                       p.left + kx * j->w->dilation[1]);

                for (size_t i = 0; i < j->c; i++)
                    to[i] = from[i] > to[i] ? from[i] : to[i];
            }
    }
}

/* The first tap that has the maximum gets the gradient; images are pieces, since windows of
 * one may overlap. */
static void max_backward_image(const window_job *j, int64_t n, float *left)
{
    const kao_tensor *in = &j->t->values[j->s->in].t, *out = &j->t->values[j->s->out].t;
    const float *grad = j->t->values[j->s->out].grad;

    memset(j->to + pixel_at(in, n, 0, 0), 0,
           (size_t)(in->dims[2] * in->dims[3]) * j->c * sizeof(float));
    for (int64_t y = 0; y < out->dims[2]; y++)
        for (int64_t x = 0; x < out->dims[3]; x++) {
            const taps p = taps_at(j->w, y, x);
            const size_t at = pixel_at(out, n, y, x);
            const float *restrict best = (const float *)out->data + at;

            memcpy(left, grad + at, j->c * sizeof *left);
            for (int64_t ky = p.ky0; ky < p.ky1; ky++)
                for (int64_t kx = p.kx0; kx < p.kx1; kx++) {
                    const size_t q = pixel_at(in, n, p.top + ky * j->w->dilation[0],
                                              p.left + kx * j->w->dilation[1]);
                    const float *restrict from = (const float *)in->data + q;
                    float *restrict to = j->to + q;

                    for (size_t i = 0; i < j->c; i++) {
                        const float mine = from[i] == best[i] ? left[i] : 0;

                        to[i] += mine;
                        left[i] -= mine;
                    }
                }
        }
}

enum { POOL_CHANNELS = 4096 };

static void max_backward_piece(void *arg, size_t image, uint32_t worker)
{
    float left[POOL_CHANNELS];

    (void)worker;
    max_backward_image(arg, (int64_t)image, left);
}

static window_job window_of(const kao_tape *t, const kao_tape_step *s)
{
    return (window_job){ .t = t,
                         .s = s,
                         .w = &((const kao_pool_state *)s->s->state)->window,
                         .c = (size_t)t->values[s->in].t.dims[1] };
}

static void max_forward(kao_tape *t, const kao_tape_step *s)
{
    window_job j = window_of(t, s);

    kao_tape_rows(t, pixels_of(t, s->out), max_forward_rows, &j);
}

static void max_backward(kao_tape *t, const kao_tape_step *s)
{
    window_job j = window_of(t, s);

    j.to = kao_tape_grad_to(t, s->in, t->scratch);
    if (!j.to)
        return;
    kao_pool_run(t->pool, max_backward_piece, &j, (size_t)t->values[s->in].t.dims[0]);
    kao_tape_grad_done(t, s->in, j.to);
}

kao_status kao_op_max_pool_train(kao_tape *t, kao_tape_step *s)
{
    const kao_tensor *in = &t->values[s->in].t;

    if (in->rank != 4 || in->dims[1] > POOL_CHANNELS || s->s->n_out > 1)
        return kao_fail(t->err, KAO_E_UNSUPPORTED, "a pool that is not trained");
    kao_tape_need_scratch(t, count_of(t, s->in) + 16);
    s->forward = max_forward;
    s->backward = max_backward;
    return KAO_OK;
}

/* ---- Resize, nearest by whole factors ---- */

typedef struct resize_job {
    const kao_tape *t;
    const kao_tape_step *s;
    int64_t ky, kx;
    size_t c;
    float *to;
} resize_job;

static void nearest_rows(void *arg, size_t begin, size_t end, size_t piece)
{
    const resize_job *j = arg;
    const kao_tensor *in = &j->t->values[j->s->in].t, *out = &j->t->values[j->s->out].t;

    (void)piece;
    for (size_t r = begin; r < end; r++) {
        const int64_t x = (int64_t)r % out->dims[3],
                      y = (int64_t)r / out->dims[3] % out->dims[2],
                      n = (int64_t)r / (out->dims[3] * out->dims[2]);

        memcpy((float *)out->data + r * j->c,
               (const float *)in->data + pixel_at(in, n, y / j->ky, x / j->kx),
               j->c * sizeof(float));
    }
}

static void nearest_backward_rows(void *arg, size_t begin, size_t end, size_t piece)
{
    const resize_job *j = arg;
    const kao_tensor *in = &j->t->values[j->s->in].t, *out = &j->t->values[j->s->out].t;
    const float *g = j->t->values[j->s->out].grad;

    (void)piece;
    for (size_t r = begin; r < end; r++) { /* input pixels */
        const int64_t x = (int64_t)r % in->dims[3],
                      y = (int64_t)r / in->dims[3] % in->dims[2],
                      n = (int64_t)r / (in->dims[3] * in->dims[2]);
        float *restrict to = j->to + r * j->c;

        memset(to, 0, j->c * sizeof *to);
        for (int64_t k = 0; k < j->ky * j->kx; k++) {
            const float *restrict from =
                g + pixel_at(out, n, y * j->ky + k / j->kx, x * j->kx + k % j->kx);

            for (size_t i = 0; i < j->c; i++)
                to[i] += from[i];
        }
    }
}

static void nearest_forward(kao_tape *t, const kao_tape_step *s)
{
    resize_job j = *(const resize_job *)s->detail;

    kao_tape_rows(t, pixels_of(t, s->out), nearest_rows, &j);
}

static void nearest_backward(kao_tape *t, const kao_tape_step *s)
{
    resize_job j = *(const resize_job *)s->detail;

    j.to = kao_tape_grad_to(t, s->in, t->scratch);
    if (!j.to)
        return;
    kao_tape_rows(t, pixels_of(t, s->in), nearest_backward_rows, &j);
    kao_tape_grad_done(t, s->in, j.to);
}

kao_status kao_op_resize_train(kao_tape *t, kao_tape_step *s)
{
    const kao_tensor *in = &t->values[s->in].t, *out = &t->values[s->out].t;
    resize_job *j = kao_arena_calloc(&t->arena, 1, sizeof *j);

    if (!j)
        return no_memory(t);
    if (in->rank != 4 || ((const kao_resize_param *)s->s->param)->linear ||
        in->dims[1] != out->dims[1] || out->dims[2] % in->dims[2] ||
        out->dims[3] % in->dims[3])
        return kao_fail(t->err, KAO_E_UNSUPPORTED,
                        "trained: nearest, by whole factors");
    *j = (resize_job){ .t = t,
                       .s = s,
                       .ky = out->dims[2] / in->dims[2],
                       .kx = out->dims[3] / in->dims[3],
                       .c = (size_t)in->dims[1] };
    kao_tape_need_scratch(t, count_of(t, s->in) + 16);
    s->detail = j;
    s->forward = nearest_forward;
    s->backward = nearest_backward;
    return KAO_OK;
}
