/* What works number by number in training: activations that no normalisation took, Dropout,
 * Add, Mul. */
#include <math.h>
#include <string.h>

#include "base/random.h"
#include "nn/ops/train_parts.h"

/* The gradient of the output is that of input v. */
static void pass_gradient(kao_tape *t, const kao_tape_step *s, uint32_t v)
{
    const float *g = t->values[s->out].grad;

    if (!kao_tape_wants_grad(t, v))
        return;
    if (!t->values[v].has_grad)
        memcpy(t->values[v].grad, g, count_of(t, v) * sizeof *g);
    kao_tape_grad_done(t, v, t->values[v].has_grad ? g : t->values[v].grad);
}

/* ---- activations alone ---- */

typedef struct act_detail {
    kao_param *slope;
    float constant;
    size_t n, c; /* floats; channels: slope of float i is that of channel i % c */
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

    kao_tape_rows(t, count_of(t, s->in), act_rows, &j);
}

static void act_backward(kao_tape *t, const kao_tape_step *s)
{
    const act_detail *d = s->detail;
    const float *x = data_of(t, s->in), *g = t->values[s->out].grad;
    act_job j = { .d = d, .x = x, .g = g, .to = kao_tape_grad_to(t, s->in) };

    if (d->slope) { /* few such layers: one thread, by channel in double */
        const size_t n = d->slope->n;

        for (size_t k = 0; k < n; k++) {
            double sum = 0;

            for (size_t i = k; i < d->n; i += n == 1 ? 1 : d->c)
                sum += x[i] < 0 ? (double)g[i] * (double)x[i] : 0;
            d->slope->grad[k] += (float)sum;
        }
    }
    if (!j.to)
        return;
    kao_tape_rows(t, count_of(t, s->in), act_rows, &j);
    kao_tape_grad_done(t, s->in, j.to);
}

kao_status kao_op_act_train(kao_tape *t, kao_tape_step *s)
{
    const kao_tensor *in = &t->values[s->in].t;
    act_detail *d = kao_arena_calloc(&t->arena, 1, sizeof *d);

    if (!d)
        return kao_tape_no_memory(t);
    d->n = count_of(t, s->in);
    d->c = (size_t)in->dims[1];
    if (s->s->op->kind == KAO_OP_LEAKY_RELU)
        d->constant = ((const kao_leaky_param *)s->s->param)->alpha;
    if (s->s->op->kind == KAO_OP_PRELU) {
        d->slope = kao_tape_param(t, s->s->in[1], KAO_PARAM_SLOPE);
        if (!d->slope)
            return t->err ? t->err->code : KAO_E_NOMEM;
        if (!slope_fits(t, s->s))
            return kao_fail(t->err, KAO_E_UNSUPPORTED,
                            "a slope that is not by channel");
    }
    s->detail = d;
    s->call[KAO_TAPE_FORWARD] = act_forward;
    s->call[KAO_TAPE_BACKWARD] = act_backward;
    s->again = act_forward;
    s->in_parts[0] = true;
    s->in_parts[1] = !d->slope; /* its gradient is one sum */
    s->reads_in = true;
    return KAO_OK;
}

/* ---- Clip, Sigmoid, Dropout ---- */

typedef struct map_detail {
    float lo, hi;   /* of Clip */
    float ratio;    /* of Dropout: the share that becomes 0 */
    uint32_t layer; /* its masks are drawn by this number */
} map_detail;

typedef struct map_job {
    const map_detail *d;
    const kao_tape *t;
    const float *x, *g; /* g NULL: forward */
    float *to;
    size_t n;
} map_job;

/* At a bound the gradient passes. */
static void clip_rows(void *arg, size_t begin, size_t end, size_t piece)
{
    const map_job *j = arg;
    const float lo = j->d->lo, hi = j->d->hi;

    (void)piece;
    for (size_t i = begin; i < end; i++) {
        const float x = j->x[i], least = x < lo ? lo : x;

        if (j->g)
            j->to[i] = x < lo || x > hi ? 0 : j->g[i];
        else
            j->to[i] = least > hi ? hi : least;
    }
}

/* Backward, x is the output. */
static void sigmoid_rows(void *arg, size_t begin, size_t end, size_t piece)
{
    const map_job *j = arg;

    (void)piece;
    for (size_t i = begin; i < end; i++)
        j->to[i] = j->g ? j->g[i] * j->x[i] * (1 - j->x[i]) : 1 / (1 + expf(-j->x[i]));
}

/* What stays is scaled, so that the mean does. The mask is drawn again for the way back:
 * by seed, run, layer and place. Rows are blocks of four numbers. */
static void dropout_rows(void *arg, size_t begin, size_t end, size_t piece)
{
    const map_job *j = arg;
    const float *from = j->g ? j->g : j->x;
    const double kept = 1 - (double)j->d->ratio;
    const float scale = (float)(1 / kept);
    const uint32_t key[2] = { (uint32_t)j->t->seed, (uint32_t)(j->t->seed >> 32) };

    (void)piece;
    for (size_t b = begin; b < end; b++) {
        const uint32_t counter[4] = { (uint32_t)b, j->d->layer, (uint32_t)j->t->runs,
                                      (uint32_t)(j->t->runs >> 32) };
        uint32_t bits[4];

        kao_philox(counter, key, bits);
        for (size_t i = 4 * b; i < j->n && i < 4 * b + 4; i++)
            j->to[i] = (double)bits[i % 4] < kept * 4294967296.0 ? scale * from[i] : 0;
    }
}

static map_job map_of(kao_tape *t, const kao_tape_step *s)
{
    return (map_job){ .d = s->detail,
                      .t = t,
                      .x = data_of(t, s->in),
                      .to = data_of(t, s->out),
                      .n = count_of(t, s->out) };
}

static void map_back(kao_tape *t, const kao_tape_step *s, kao_tape_rows_fn *fn,
                     size_t rows, map_job *j)
{
    j->g = t->values[s->out].grad;
    j->to = kao_tape_grad_to(t, s->in);
    if (!j->to)
        return;
    kao_tape_rows(t, rows, fn, j);
    kao_tape_grad_done(t, s->in, j->to);
}

static void clip_forward(kao_tape *t, const kao_tape_step *s)
{
    map_job j = map_of(t, s);

    kao_tape_rows(t, j.n, clip_rows, &j);
}

static void clip_backward(kao_tape *t, const kao_tape_step *s)
{
    map_job j = map_of(t, s);

    map_back(t, s, clip_rows, j.n, &j);
}

static void sigmoid_forward(kao_tape *t, const kao_tape_step *s)
{
    map_job j = map_of(t, s);

    kao_tape_rows(t, j.n, sigmoid_rows, &j);
}

static void sigmoid_backward(kao_tape *t, const kao_tape_step *s)
{
    map_job j = map_of(t, s);

    j.x = data_of(t, s->out);
    map_back(t, s, sigmoid_rows, j.n, &j);
}

static bool drops(const kao_tape *t, const map_job *j)
{
    return t->training && j->d->ratio > 0;
}

static void dropout_forward(kao_tape *t, const kao_tape_step *s)
{
    map_job j = map_of(t, s);

    if (drops(t, &j))
        kao_tape_rows(t, (j.n + 3) / 4, dropout_rows, &j);
    else
        memcpy(j.to, j.x, j.n * sizeof *j.to);
}

static void dropout_backward(kao_tape *t, const kao_tape_step *s)
{
    map_job j = map_of(t, s);

    if (drops(t, &j))
        map_back(t, s, dropout_rows, (j.n + 3) / 4, &j);
    else
        pass_gradient(t, s, s->in);
}

static map_detail *map_step(kao_tape *t, kao_tape_step *s)
{
    s->detail = kao_arena_calloc(&t->arena, 1, sizeof(map_detail));
    return s->detail;
}

/* The one number of input i; *to stays where there is none. */
static kao_status scalar_input(kao_tape *t, const kao_step *s, uint32_t i, float *to)
{
    if (i >= s->n_in || s->in[i] == KAO_NO_VALUE)
        return KAO_OK;
    if (!kao_value_known_f32(&t->g, s->in[i]) ||
        kao_tensor_count(&t->g.values[s->in[i]].t) != 1)
        return kao_fail(t->err, KAO_E_UNSUPPORTED, "input %u is no constant number", i);
    *to = *(const float *)t->g.values[s->in[i]].t.data;
    return KAO_OK;
}

kao_status kao_op_clip_train(kao_tape *t, kao_tape_step *s)
{
    const kao_clip_param *p = s->s->param;
    map_detail *d = map_step(t, s);

    if (!d)
        return kao_tape_no_memory(t);
    d->lo = p->lo;
    d->hi = p->hi;
    s->call[KAO_TAPE_FORWARD] = clip_forward;
    s->call[KAO_TAPE_BACKWARD] = clip_backward;
    s->again = clip_forward;
    s->in_parts[0] = s->in_parts[1] = true;
    s->reads_in = true;
    const kao_status st = scalar_input(t, s->s, 1, &d->lo);

    return st ? st : scalar_input(t, s->s, 2, &d->hi);
}

kao_status kao_op_sigmoid_train(kao_tape *t, kao_tape_step *s)
{
    if (!map_step(t, s))
        return kao_tape_no_memory(t);
    s->call[KAO_TAPE_FORWARD] = sigmoid_forward;
    s->call[KAO_TAPE_BACKWARD] = sigmoid_backward;
    s->in_parts[0] = s->in_parts[1] = true;
    s->reads_out = true;
    return KAO_OK;
}

kao_status kao_op_dropout_train(kao_tape *t, kao_tape_step *s)
{
    map_detail *d = map_step(t, s);

    if (!d)
        return kao_tape_no_memory(t);
    d->ratio = ((const kao_dropout_param *)s->s->param)->ratio;
    d->layer = t->n_steps;
    s->call[KAO_TAPE_FORWARD] = dropout_forward;
    s->call[KAO_TAPE_BACKWARD] = dropout_backward;
    const kao_status st = scalar_input(t, s->s, 1, &d->ratio);

    if (st)
        return st;
    if (!(d->ratio >= 0 && d->ratio < 1))
        return kao_fail(t->err, KAO_E_FORMAT, "a ratio of %g, wanted 0 to below 1",
                        (double)d->ratio);
    if (count_of(t, s->in) / 4 >= UINT32_MAX ||
        (s->s->n_out > 1 && s->s->out[1] != KAO_NO_VALUE &&
         t->g.values[s->s->out[1]].reads))
        return kao_fail(t->err, KAO_E_UNSUPPORTED, "a mask that is read");
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
    for (uint32_t i = 0; i < 2; i++)
        pass_gradient(t, s, s->s->in[i]);
}

kao_status kao_op_add_train(kao_tape *t, kao_tape_step *s)
{
    if (!t->values[s->s->in[0]].is_made || !t->values[s->s->in[1]].is_made ||
        !kao_tensor_same_dims(&t->values[s->s->in[0]].t, &t->values[s->s->in[1]].t))
        return kao_fail(t->err, KAO_E_UNSUPPORTED, "a sum that broadcasts");
    s->call[KAO_TAPE_FORWARD] = add_forward;
    s->call[KAO_TAPE_BACKWARD] = add_backward;
    s->in_parts[0] = s->in_parts[1] = true;
    return KAO_OK;
}

/* ---- Mul, of equals or of a map by a number for each image and channel ---- */

typedef struct mul_job {
    const float *a, *b, *g; /* b: a row for so many rows of a */
    float *to;
    size_t per, c;
} mul_job;

/* to = a * b; with g in the place of a it is the gradient by a. */
static void mul_rows(void *arg, size_t begin, size_t end, size_t piece)
{
    const mul_job *j = arg;

    (void)piece;
    for (size_t r = begin; r < end; r++) {
        const float *restrict a = j->a + r * j->c, *restrict b =
                                                       j->b + r / j->per * j->c;
        float *restrict to = j->to + r * j->c;

        for (size_t i = 0; i < j->c; i++)
            to[i] = a[i] * b[i];
    }
}

enum { MUL_BLOCK = 64 }; /* channels whose sums are kept in double */

/* The gradient by b; rows are its own. */
static void mul_sum_rows(void *arg, size_t begin, size_t end, size_t piece)
{
    const mul_job *j = arg;

    (void)piece;
    for (size_t r = begin; r < end; r++)
        for (size_t c = 0; c < j->c; c += MUL_BLOCK) {
            const size_t here = j->c - c < MUL_BLOCK ? j->c - c : MUL_BLOCK;
            double sums[MUL_BLOCK] = { 0 };

            for (size_t p = r * j->per; p < (r + 1) * j->per; p++)
                for (size_t i = 0; i < here; i++)
                    sums[i] +=
                        (double)j->g[p * j->c + c + i] * (double)j->a[p * j->c + c + i];
            for (size_t i = 0; i < here; i++)
                j->to[r * j->c + c + i] = (float)sums[i];
        }
}

/* Which input is the map, and the job but for where it goes. */
static uint32_t mul_of(const kao_tape *t, const kao_tape_step *s, mul_job *j)
{
    const size_t n0 = count_of(t, s->s->in[0]), n1 = count_of(t, s->s->in[1]);
    const uint32_t map = n1 > n0;
    const kao_tensor *x = &t->values[s->s->in[map]].t;

    *j = (mul_job){ .a = data_of(t, s->s->in[map]),
                    .b = data_of(t, s->s->in[!map]),
                    .g = t->values[s->out].grad,
                    .per = map  ? n1 / n0
                           : n1 ? n0 / n1
                                : 1,
                    .c = (size_t)(x->rank > 1 ? x->dims[1] : 1) };
    return map;
}

static void mul_forward(kao_tape *t, const kao_tape_step *s)
{
    mul_job j;

    mul_of(t, s, &j);
    j.to = data_of(t, s->out);
    kao_tape_rows(t, count_of(t, s->out) / j.c, mul_rows, &j);
}

static void mul_backward(kao_tape *t, const kao_tape_step *s)
{
    mul_job j;
    const uint32_t map = mul_of(t, s, &j), a = s->s->in[map], b = s->s->in[!map];
    const size_t rows = count_of(t, a) / j.c;

    j.to = kao_tape_grad_to(t, b);
    if (j.to) {
        kao_tape_rows(t, rows / j.per, mul_sum_rows, &j);
        kao_tape_grad_done(t, b, j.to);
    }
    j.to = kao_tape_grad_to(t, a);
    if (j.to) {
        j.a = j.g;
        kao_tape_rows(t, rows, mul_rows, &j);
        kao_tape_grad_done(t, a, j.to);
    }
}

kao_status kao_op_mul_train(kao_tape *t, kao_tape_step *s)
{
    const uint32_t v0 = s->s->in[0], v1 = s->s->in[1];
    const bool swap = count_of(t, v1) > count_of(t, v0);
    const kao_tensor *a = &t->values[swap ? v1 : v0].t,
                     *b = &t->values[swap ? v0 : v1].t;
    const bool gate = a->rank == 4 && b->rank == 4 && a->dims[0] == b->dims[0] &&
                      a->dims[1] == b->dims[1] && b->dims[2] == 1 && b->dims[3] == 1;

    if (!t->values[v0].is_made || !t->values[v1].is_made ||
        (!gate && !kao_tensor_same_dims(a, b)))
        return kao_fail(t->err, KAO_E_UNSUPPORTED,
                        "trained: maps of the same dims, or [n,c,h,w] by [n,c,1,1]");
    s->call[KAO_TAPE_FORWARD] = mul_forward;
    s->call[KAO_TAPE_BACKWARD] = mul_backward;
    s->in_parts[0] = s->in_parts[1] = true;
    s->reads_in = true;
    return KAO_OK;
}
