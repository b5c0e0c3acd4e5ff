/* Add, Sub, Mul, Div, Pow: two operands broadcast against each other (ONNX, "Broadcasting
 * in ONNX"). Integers wrap; an integer division by zero gives 0 (ONNX leaves it open).
 * In opset 6 the second operand is placed by the attributes broadcast and axis instead. */
#include <math.h>

#include "nn/lower.h"
#include "nn/ops/ops.h"

kao_status kao_op_binary6_load(kao_op_loader *l)
{
    kao_binary_param *p = l->param;
    kao_status st = kao_attr_int(l, "broadcast", 0, &p->broadcast);

    p->legacy = true;
    p->has_axis = kao_onnx_attr_find(l->node, "axis") != NULL;
    return st ? st : kao_attr_int(l, "axis", 0, &p->axis);
}

/* Where opset 6 puts B: its dimensions begin at axis, or end with A's. */
static kao_status legacy_place(kao_op_infer *x, const kao_binary_param *p,
                               kao_binary_state *s)
{
    const kao_tensor *a = &x->in[0], *b = &x->in[1];
    int32_t axis = 0;

    if (!p->broadcast && !kao_tensor_same_dims(a, b))
        return kao_fail(x->err, KAO_E_FORMAT, "shapes differ and broadcast is 0");
    if (!p->broadcast || !p->has_axis)
        return KAO_OK;
    const kao_status st = kao_infer_axis(x, p->axis, a->rank, &axis);

    if (st)
        return st;
    s->trailing = a->rank - axis - b->rank;
    if (s->trailing < 0)
        return kao_fail(x->err, KAO_E_FORMAT, "axis %d leaves no room for input 1",
                        axis);
    return KAO_OK;
}

static kao_tensor second(const kao_tensor *b, int32_t trailing)
{
    kao_tensor t = *b;

    for (int32_t i = 0; i < trailing; i++) {
        t.dims[t.rank] = 1;
        t.strides[t.rank++] = 0;
    }
    return t;
}

static kao_status broadcast(kao_op_infer *x, const kao_tensor *a, const kao_tensor *b)
{
    kao_tensor *out = &x->out[0];
    char ta[96], tb[96];

    out->rank = a->rank > b->rank ? a->rank : b->rank;
    for (int32_t i = 0; i < out->rank; i++) {
        const int32_t ia = i - (out->rank - a->rank), ib = i - (out->rank - b->rank);
        const int64_t da = ia < 0 ? 1 : a->dims[ia], db = ib < 0 ? 1 : b->dims[ib];

        if (da != db && da != 1 && db != 1)
            return kao_fail(x->err, KAO_E_FORMAT, "shapes %s and %s do not fit",
                            kao_dims_text(a->dims, a->rank, ta, sizeof ta),
                            kao_dims_text(b->dims, b->rank, tb, sizeof tb));
        out->dims[i] = da == 1 ? db : da;
    }
    return KAO_OK;
}

kao_status kao_op_binary_infer(kao_op_infer *x)
{
    const kao_binary_param *p = x->param;
    kao_binary_state *s = x->state;
    kao_status st = kao_infer_type_is(x, 1, x->in[0].dtype);

    if (!st && p->legacy)
        st = legacy_place(x, p, s);
    if (st)
        return st;
    const kao_tensor b = second(&x->in[1], s->trailing);

    x->out[0].dtype = x->in[0].dtype;
    return broadcast(x, &x->in[0], &b);
}

kao_status kao_op_pow_infer(kao_op_infer *x)
{
    const kao_binary_param *p = x->param;
    kao_binary_state *s = x->state;
    kao_status st = KAO_OK;

    if (!(kao_type_bit(x->in[1].dtype) & KAO_T_NUM))
        return kao_fail(x->err, KAO_E_UNSUPPORTED, "exponent of type %s",
                        kao_dtype_name((int)x->in[1].dtype));
    if (p->legacy)
        st = legacy_place(x, p, s);
    if (st)
        return st;
    const kao_tensor b = second(&x->in[1], s->trailing);

    x->out[0].dtype = x->in[0].dtype;
    return broadcast(x, &x->in[0], &b);
}

/* out = f(in 0, in 1), elements broadcast against each other. */
static inline void map_pairs(const kao_op_call *c, float (*f)(float a, float b),
                             int64_t (*f_int)(int64_t a, int64_t b))
{
    const kao_binary_state *s = c->state;
    const kao_tensor *out = &c->out[0], *a = &c->in[0],
                     b = second(&c->in[1], s->trailing);
    const kao_tensor *const ops[] = { out, a, &b };
    kao_walk w;

    kao_walk_init(&w, ops, 3);
    for (bool ok = w.n > 0; ok; ok = kao_walk_next(&w))
        for (int64_t i = 0; i < w.n; i++) {
            const int64_t to = w.at[0] + i * w.step[0], at = w.at[1] + i * w.step[1],
                          bt = w.at[2] + i * w.step[2];

            if (out->dtype == KAO_F32)
                ((float *)out->data)[to] =
                    f(((const float *)a->data)[at], ((const float *)b.data)[bt]);
            else
                kao_tensor_set_int(
                    out, to,
                    f_int(kao_tensor_int_at(a, at), kao_tensor_int_at(&b, bt)));
        }
}

/* Integer arithmetic goes through unsigned: it wraps instead of overflowing. */
static float add(float a, float b)
{
    return a + b;
}

static int64_t add_int(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a + (uint64_t)b);
}

void kao_op_add_run(const kao_op_call *c)
{
    map_pairs(c, add, add_int);
}

static float sub(float a, float b)
{
    return a - b;
}

static int64_t sub_int(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a - (uint64_t)b);
}

void kao_op_sub_run(const kao_op_call *c)
{
    map_pairs(c, sub, sub_int);
}

static float mul(float a, float b)
{
    return a * b;
}

static int64_t mul_int(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a * (uint64_t)b);
}

void kao_op_mul_run(const kao_op_call *c)
{
    map_pairs(c, mul, mul_int);
}

static float divide(float a, float b)
{
    return a / b;
}

static int64_t div_int(int64_t a, int64_t b)
{
    if (b == 0)
        return 0;
    return b == -1 ? (int64_t)(0 - (uint64_t)a) : a / b;
}

void kao_op_div_run(const kao_op_call *c)
{
    map_pairs(c, divide, div_int);
}

static double number_at(const kao_tensor *t, int64_t at)
{
    return t->dtype == KAO_F32 ? (double)((const float *)t->data)[at]
                               : (double)kao_tensor_int_at(t, at);
}

static int64_t clamp_to(double v, int64_t lo, int64_t hi)
{
    if (!(v > (double)lo)) /* NaN too */
        return v != v ? 0 : lo;
    return v >= (double)hi ? hi : (int64_t)v;
}

void kao_op_pow_run(const kao_op_call *c)
{
    const kao_binary_state *s = c->state;
    const kao_tensor *out = &c->out[0], b2 = second(&c->in[1], s->trailing);
    const kao_tensor *const ops[] = { out, &c->in[0], &b2 };
    kao_walk w;

    kao_walk_init(&w, ops, 3);
    for (bool ok = w.n > 0; ok; ok = kao_walk_next(&w))
        for (int64_t i = 0; i < w.n; i++) {
            const int64_t at = w.at[0] + i * w.step[0];
            const double v = pow(number_at(&c->in[0], w.at[1] + i * w.step[1]),
                                 number_at(&c->in[1], w.at[2] + i * w.step[2]));

            if (out->dtype == KAO_F32)
                ((float *)out->data)[at] = (float)v;
            else if (out->dtype == KAO_I64)
                ((int64_t *)out->data)[at] = clamp_to(v, INT64_MIN, INT64_MAX);
            else if (out->dtype == KAO_I32)
                ((int32_t *)out->data)[at] = (int32_t)clamp_to(v, INT32_MIN, INT32_MAX);
            else if (out->dtype == KAO_U8)
                ((uint8_t *)out->data)[at] = (uint8_t)clamp_to(v, 0, UINT8_MAX);
            else
                ((int8_t *)out->data)[at] = (int8_t)clamp_to(v, INT8_MIN, INT8_MAX);
        }
}

/* ---- kernels ---- */

static bool are_f32(const kao_op_lower *x)
{
    return x->in[0].dtype == KAO_F32 && x->in[1].dtype == KAO_F32;
}

/* a op b in rows: one long row, or pixels with b a number, one a channel, or pixels too. */
static kao_status lower_binary(kao_op_lower *x, kao_binary op)
{
    const kao_tensor *a = &x->in[0], *b = &x->in[1], *out = &x->out[0];
    kao_binary_rows d = { .op = op, .lo = -INFINITY, .hi = INFINITY };
    kao_row_view ra, rb, ro;

    if (!are_f32(x) || !kao_tensor_same_dims(a, out))
        return KAO_OK;
    if (kao_tensor_is_dense(a) && kao_tensor_is_dense(out) &&
        (kao_tensor_count(b) == 1 ||
         (kao_tensor_same_dims(b, out) && kao_tensor_is_dense(b)))) {
        d.kind = kao_tensor_count(b) == 1 ? KAO_OPERAND_SCALAR : KAO_OPERAND_FULL;
        d.n_rows = 1;
        d.c = d.a_stride = d.b_stride = d.out_stride = (size_t)kao_tensor_count(out);
    } else if (kao_view_pixels(a, &ra) && kao_view_pixels(out, &ro)) {
        d.kind = kao_tensor_count(b) == 1     ? KAO_OPERAND_SCALAR
                 : kao_is_per_channel(b, out) ? KAO_OPERAND_CHANNEL
                                              : KAO_OPERAND_FULL;
        if (d.kind == KAO_OPERAND_FULL &&
            (!kao_tensor_same_dims(b, out) || !kao_view_pixels(b, &rb)))
            return KAO_OK;
        d.n_rows = ro.n;
        d.c = ro.c;
        d.a_stride = ra.pitch;
        d.b_stride = d.kind == KAO_OPERAND_FULL ? rb.pitch : 0;
        d.out_stride = ro.pitch;
    } else {
        return KAO_OK;
    }
    return kao_lower_to(x, KAO_KERNEL_BINARY, &d, sizeof d);
}

kao_status kao_op_add_lower(kao_op_lower *x)
{
    return lower_binary(x, KAO_BIN_ADD);
}

kao_status kao_op_sub_lower(kao_op_lower *x)
{
    return lower_binary(x, KAO_BIN_SUB);
}

kao_status kao_op_mul_lower(kao_op_lower *x)
{
    return lower_binary(x, KAO_BIN_MUL);
}
