/* Operators that work on one element at a time: activations, Clip, Cast, and the copies
 * Identity and Dropout (inference form: the ratio is not used, the mask is all true). */
#include <math.h>
#include <string.h>

#include "base/half.h"
#include "nn/lower.h"
#include "nn/ops/ops.h"

kao_status kao_op_like_infer(kao_op_infer *x)
{
    return kao_infer_like(x, 0);
}

static kao_walk walk_unary(const kao_op_call *c)
{
    const kao_tensor *const ops[] = { &c->out[0], &c->in[0] };
    kao_walk w;

    kao_walk_init(&w, ops, 2);
    return w;
}

/* out = f(in). user: the operator's own. */
static inline void map_floats(const kao_op_call *c,
                              double (*f)(double a, const void *user), const void *user)
{
    const bool is_f32 = c->in[0].dtype == KAO_F32;
    kao_walk w = walk_unary(c);

    for (bool ok = w.n > 0; ok; ok = kao_walk_next(&w))
        for (int64_t i = 0; i < w.n; i++) {
            const int64_t to = w.at[0] + i * w.step[0], at = w.at[1] + i * w.step[1];

            if (is_f32)
                ((float *)c->out[0].data)[to] =
                    (float)f((double)((const float *)c->in[0].data)[at], user);
            else
                ((double *)c->out[0].data)[to] =
                    f(((const double *)c->in[0].data)[at], user);
        }
}

static inline void map_ints(const kao_op_call *c,
                            int64_t (*f)(int64_t a, const void *user), const void *user)
{
    kao_walk w = walk_unary(c);

    for (bool ok = w.n > 0; ok; ok = kao_walk_next(&w))
        for (int64_t i = 0; i < w.n; i++)
            kao_tensor_set_int(
                &c->out[0], w.at[0] + i * w.step[0],
                f(kao_tensor_int_at(&c->in[0], w.at[1] + i * w.step[1]), user));
}

static double relu(double a, const void *user)
{
    (void)user;
    return a < 0 ? 0 : a;
}

static int64_t relu_int(int64_t a, const void *user)
{
    (void)user;
    return a < 0 ? 0 : a;
}

void kao_op_relu_run(const kao_op_call *c)
{
    if (kao_tensor_is_real(&c->out[0]))
        map_floats(c, relu, NULL);
    else
        map_ints(c, relu_int, NULL);
}

kao_status kao_op_leaky_load(kao_op_loader *l)
{
    kao_leaky_param *p = l->param;

    return kao_attr_float(l, "alpha", 0.01f, &p->alpha);
}

static double leaky(double a, const void *user)
{
    return a < 0 ? (double)((const kao_leaky_param *)user)->alpha * a : a;
}

void kao_op_leaky_run(const kao_op_call *c)
{
    map_floats(c, leaky, c->param);
}

/* ---- PRelu ---- */

/* From opset 7 on the slope is broadcast to the input, from the right. Opset 6 means one
 * number a channel, and MXNet wrote that in later opsets too: it is read so where the slope
 * does not broadcast. */
static bool slope_broadcasts(const kao_tensor *slope, const kao_tensor *in)
{
    for (int32_t i = 0; i < slope->rank; i++) {
        const int32_t at = in->rank - slope->rank + i;

        if (slope->dims[i] != 1 && (at < 0 || slope->dims[i] != in->dims[at]))
            return false;
    }
    return true;
}

kao_status kao_op_prelu_infer(kao_op_infer *x)
{
    kao_prelu_state *s = x->state;
    const kao_tensor *in = &x->in[0], *slope = &x->in[1];
    const kao_status st = kao_infer_type_is(x, 1, in->dtype);
    const bool broadcasts = slope_broadcasts(slope, in);

    if (st)
        return st;
    s->per_channel = slope->rank == 1 && in->rank > 2 &&
                     in->dims[1] == slope->dims[0] && (x->op->since < 7 || !broadcasts);
    if (!broadcasts && !s->per_channel)
        return kao_fail(x->err, KAO_E_FORMAT, "the slope's shape does not fit");
    return kao_infer_like(x, 0);
}

bool kao_prelu_is_by_channel(const kao_tensor *slope, const kao_tensor *out,
                             const kao_prelu_state *s)
{
    if (kao_tensor_count(slope) == 1 || s->per_channel)
        return true;
    for (int32_t i = 0; i < slope->rank; i++) /* its only long axis */
        if (slope->dims[i] != 1 && i + out->rank - slope->rank != 1)
            return false;
    return kao_tensor_count(slope) == out->dims[1];
}

void kao_op_prelu_run(const kao_op_call *c)
{
    const kao_prelu_state *s = c->state;
    kao_tensor slope = c->in[1];

    if (s->per_channel)
        for (int32_t i = 2; i < c->in[0].rank; i++) {
            slope.dims[slope.rank] = 1;
            slope.strides[slope.rank++] = 0;
        }
    while (slope.rank > c->out[0].rank) { /* leading dimensions of 1 */
        memmove(slope.dims, slope.dims + 1, sizeof slope.dims - sizeof slope.dims[0]);
        memmove(slope.strides, slope.strides + 1,
                sizeof slope.strides - sizeof slope.strides[0]);
        slope.rank--;
    }
    const kao_tensor *const ops[] = { &c->out[0], &c->in[0], &slope };
    kao_walk w;

    kao_walk_init(&w, ops, 3);
    for (bool ok = w.n > 0; ok; ok = kao_walk_next(&w))
        for (int64_t i = 0; i < w.n; i++) {
            const int64_t to = w.at[0] + i * w.step[0], at = w.at[1] + i * w.step[1],
                          st = w.at[2] + i * w.step[2];

            if (c->out[0].dtype == KAO_F32) {
                const float a = ((const float *)c->in[0].data)[at];

                ((float *)c->out[0].data)[to] =
                    a < 0 ? a * ((const float *)slope.data)[st] : a;
            } else if (c->out[0].dtype == KAO_F64) {
                const double a = ((const double *)c->in[0].data)[at];

                ((double *)c->out[0].data)[to] =
                    a < 0 ? a * ((const double *)slope.data)[st] : a;
            } else {
                const int64_t a = kao_tensor_int_at(&c->in[0], at);
                const uint64_t b = (uint64_t)kao_tensor_int_at(&slope, st);

                kao_tensor_set_int(&c->out[0], to,
                                   a < 0 ? (int64_t)((uint64_t)a * b) : a);
            }
        }
}

/* ---- Clip ---- */

kao_status kao_op_clip6_load(kao_op_loader *l)
{
    kao_clip_param *p = l->param;
    const kao_status st = kao_attr_float(l, "min", -INFINITY, &p->lo);

    return st ? st : kao_attr_float(l, "max", INFINITY, &p->hi);
}

kao_status kao_op_clip_load(kao_op_loader *l)
{
    kao_clip_param *p = l->param;

    p->inputs = true;
    p->lo = -INFINITY;
    p->hi = INFINITY;
    return KAO_OK;
}

kao_status kao_op_clip_infer(kao_op_infer *x)
{
    for (uint32_t i = 1; i < x->n_in; i++) {
        if (!kao_tensor_given(&x->in[i]))
            continue;
        const kao_status st = kao_infer_type_is(x, i, x->in[0].dtype);

        if (st)
            return st;
        if (kao_tensor_count(&x->in[i]) != 1)
            return kao_fail(x->err, KAO_E_FORMAT, "bound %u is no scalar", i);
    }
    return kao_infer_like(x, 0);
}

typedef struct bounds { /* of the output's type */
    double lo, hi;
    int64_t lo_int, hi_int, flip; /* compared, and compared by: kao_order_bit */
} bounds;

static double clip(double a, const void *user)
{
    const bounds *b = user;
    const double v = a < b->lo ? b->lo : a;

    return v > b->hi ? b->hi : v;
}

static int64_t clip_int(int64_t a, const void *user)
{
    const bounds *b = user;
    const int64_t u = a ^ b->flip, v = u < b->lo_int ? b->lo_int : u;

    return (v > b->hi_int ? b->hi_int : v) ^ b->flip;
}

void kao_op_clip_run(const kao_op_call *c)
{
    const kao_clip_param *p = c->param;
    const kao_tensor *lo = kao_call_optional(c, 1), *hi = kao_call_optional(c, 2);
    bounds b = { (double)p->lo, (double)p->hi, INT64_MIN, INT64_MAX,
                 kao_order_bit(c->out[0].dtype) };

    if (kao_tensor_is_real(&c->out[0])) {
        b.lo = lo ? kao_tensor_number_at(lo, 0) : b.lo;
        b.hi = hi ? kao_tensor_number_at(hi, 0) : b.hi;
        map_floats(c, clip, &b);
        return;
    }
    b.lo_int = lo ? kao_tensor_int_at(lo, 0) ^ b.flip : b.lo_int;
    b.hi_int = hi ? kao_tensor_int_at(hi, 0) ^ b.flip : b.hi_int;
    map_ints(c, clip_int, &b);
}

/* ---- Cast ----
 * From floats to integers: towards zero; what does not fit is clamped and NaN gives 0 (ONNX
 * leaves both open). */

kao_status kao_op_cast_load(kao_op_loader *l)
{
    kao_cast_param *p = l->param;
    int64_t to = 0;
    const kao_status st = kao_attr_int(l, "to", 0, &to);

    if (st)
        return st;
    if (to == KAO_F16) /* computed as float32 */
        to = KAO_F32;
    if (to < 0 || to > 1000 || !(kao_type_bit((kao_dtype)to) & KAO_T_ALL))
        return kao_fail(l->err, KAO_E_UNSUPPORTED, "to %s",
                        kao_dtype_name(to < 0 || to > 1000 ? -1 : (int)to));
    p->to = (kao_dtype)to;
    return KAO_OK;
}

kao_status kao_op_cast_infer(kao_op_infer *x)
{
    const kao_cast_param *p = x->param;

    kao_infer_like(x, 0);
    x->out[0].dtype = p->to;
    return KAO_OK;
}

kao_status kao_op_cast_like_infer(kao_op_infer *x)
{
    kao_infer_like(x, 0);
    x->out[0].dtype = x->in[1].dtype;
    return KAO_OK;
}

/* Between integers the low bits are kept. */
static void cast_int(const kao_tensor *out, int64_t at, const kao_tensor *in,
                     int64_t from)
{
    const int64_t v = kao_tensor_int_at(in, from);

    if (out->dtype == KAO_F32)
        ((float *)out->data)[at] = in->dtype == KAO_U64 ? (float)(uint64_t)v : (float)v;
    else if (out->dtype == KAO_F64)
        ((double *)out->data)[at] = kao_tensor_number_at(in, from);
    else
        kao_tensor_set_int(out, at, out->dtype == KAO_BOOL ? v != 0 : v);
}

/* Weights that a file stores short pass here in each planning, in rows without gaps. */
static void cast_halves(const kao_walk *w, float *to, const uint16_t *from)
{
    to += w->at[0];
    from += w->at[1];
    if (w->step[0] == 1 && w->step[1] == 1)
        for (int64_t i = 0; i < w->n; i++)
            to[i] = kao_half_to_float(from[i]);
    else
        for (int64_t i = 0; i < w->n; i++)
            to[i * w->step[0]] = kao_half_to_float(from[i * w->step[1]]);
}

void kao_op_cast_run(const kao_op_call *c)
{
    const kao_tensor *in = &c->in[0], *out = &c->out[0];
    const bool widens = in->dtype == KAO_F16 && out->dtype == KAO_F32;
    kao_walk w = walk_unary(c);

    for (bool ok = w.n > 0; ok; ok = kao_walk_next(&w)) {
        if (widens)
            cast_halves(&w, out->data, in->data);
        for (int64_t i = 0; !widens && i < w.n; i++) {
            const int64_t to = w.at[0] + i * w.step[0], at = w.at[1] + i * w.step[1];

            if (kao_tensor_is_real(in))
                kao_tensor_set_number(out, to, kao_tensor_number_at(in, at));
            else if (in->dtype == KAO_F16)
                kao_tensor_set_number(
                    out, to,
                    (double)kao_half_to_float(((const uint16_t *)in->data)[at]));
            else
                cast_int(out, to, in, at);
        }
    }
}

/* ---- copies ---- */

void kao_op_identity_run(const kao_op_call *c)
{
    kao_tensor_copy(&c->out[0], &c->in[0]);
}

kao_status kao_op_dropout_load(kao_op_loader *l)
{
    return kao_attr_float(l, "ratio", 0.5f, &((kao_dropout_param *)l->param)->ratio);
}

kao_status kao_op_dropout_infer(kao_op_infer *x)
{
    if (x->n_in > 2 && kao_tensor_given(&x->in[2])) {
        const kao_status st = x->need(x, 2);

        if (st)
            return st;
        if (x->in[2].dtype == KAO_BOOL && kao_tensor_count(&x->in[2]) == 1 &&
            *(const uint8_t *)x->in[2].data)
            return kao_fail(x->err, KAO_E_UNSUPPORTED, "training mode");
    }
    kao_infer_like(x, 0);
    if (x->n_out > 1) {
        x->out[1] = x->out[0];
        x->out[1].dtype = KAO_BOOL;
    }
    return KAO_OK;
}

void kao_op_dropout_run(const kao_op_call *c)
{
    if (c->out[0].data)
        kao_tensor_copy(&c->out[0], &c->in[0]);
    if (c->n_out > 1 && c->out[1].data)
        memset(c->out[1].data, 1, (size_t)kao_tensor_count(&c->out[1]));
}

/* ---- kernels ---- */

static kao_status lower_unary(kao_op_lower *x, kao_act act)
{
    kao_unary_args u = { .act = act, .lo = 0, .hi = INFINITY };

    return kao_lower_rows(x, &u) ? kao_lower_to(x, KAO_KERNEL_UNARY, &u, sizeof u)
                                 : KAO_OK;
}

kao_status kao_op_relu_lower(kao_op_lower *x)
{
    return lower_unary(x, KAO_ACT_CLAMP);
}

kao_status kao_op_sigmoid_lower(kao_op_lower *x)
{
    return lower_unary(x, KAO_ACT_SIGMOID);
}

kao_status kao_op_exp_lower(kao_op_lower *x)
{
    const size_t n = (size_t)kao_tensor_count(&x->out[0]);

    if (x->in[0].dtype != KAO_F32 || !kao_tensor_is_dense(&x->in[0]) ||
        !kao_tensor_is_dense(&x->out[0]))
        return KAO_OK;
    return kao_lower_to(x, KAO_KERNEL_EXP, &n, sizeof n);
}

/* A slope for every channel of pixels: from[0], or from[c]. */
static kao_status lower_slope(kao_op_lower *x, const float *from, bool one)
{
    kao_unary_args u = { .act = KAO_ACT_SLOPE };
    kao_row_view r;

    if (!kao_lower_rows(x, &u) || !kao_view_pixels(&x->out[0], &r))
        return KAO_OK;
    float *slope = kao_arena_calloc(x->arena, r.c, sizeof *slope);

    if (!slope)
        return kao_fail(x->err, KAO_E_NOMEM, "plan: out of memory");
    for (size_t i = 0; i < r.c; i++)
        slope[i] = from[one ? 0 : i];
    u.slope = slope;
    return kao_lower_to(x, KAO_KERNEL_UNARY, &u, sizeof u);
}

kao_status kao_op_leaky_lower(kao_op_lower *x)
{
    return lower_slope(x, &((const kao_leaky_param *)x->param)->alpha, true);
}

kao_status kao_op_prelu_lower(kao_op_lower *x)
{
    const kao_tensor *slope = &x->in[1];
    const bool one = kao_tensor_count(slope) == 1;

    if (!slope->data || (!one && !((const kao_prelu_state *)x->state)->per_channel &&
                         !kao_is_per_channel(slope, &x->out[0])))
        return KAO_OK;
    return lower_slope(x, slope->data, one);
}
