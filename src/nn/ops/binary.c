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

/* clang-format off */
#define LOOP(T, EXPR)                                                                       \
    for (bool ok = w.n > 0; ok; ok = kao_walk_next(&w)) {                                   \
        T *o = (T *)c->out[0].data + w.at[0];                                               \
        const T *pa = (const T *)c->in[0].data + w.at[1];                                   \
        const T *pb = (const T *)c->in[1].data + w.at[2];                                   \
        for (int64_t i = 0; i < w.n; i++) {                                                 \
            const T a = pa[i * w.step[1]], b = pb[i * w.step[2]];                           \
            o[i * w.step[0]] = (T)(EXPR);                                                   \
        }                                                                                   \
    }

/* Integer arithmetic goes through unsigned: it wraps instead of overflowing. */
#define BINARY(NAME, F32, U64)                                                              \
    void NAME(const kao_op_call *c)                                                         \
    {                                                                                       \
        const kao_binary_state *s = c->state;                                               \
        const kao_tensor b2 = second(&c->in[1], s ? s->trailing : 0);                       \
        const kao_tensor *const ops[] = { &c->out[0], &c->in[0], &b2 };                     \
        kao_walk w;                                                                         \
        kao_walk_init(&w, ops, 3);                                                          \
        switch (c->out[0].dtype) {                                                          \
        case KAO_F32:                                                                       \
            LOOP(float, F32)                                                                \
            break;                                                                          \
        case KAO_I64:                                                                       \
            LOOP(int64_t, U64)                                                              \
            break;                                                                          \
        case KAO_I32:                                                                       \
            LOOP(int32_t, U64)                                                              \
            break;                                                                          \
        case KAO_U8:                                                                        \
            LOOP(uint8_t, U64)                                                              \
            break;                                                                          \
        default:                                                                            \
            LOOP(int8_t, U64)                                                               \
            break;                                                                          \
        }                                                                                   \
    }
/* clang-format on */

static int64_t divide(int64_t a, int64_t b)
{
    if (b == 0)
        return 0;
    return b == -1 ? (int64_t)(0 - (uint64_t)a) : a / b;
}

BINARY(kao_op_add_run, a + b, (uint64_t)a + (uint64_t)b)
BINARY(kao_op_sub_run, a - b, (uint64_t)a - (uint64_t)b)
BINARY(kao_op_mul_run, a *b, (uint64_t)a *(uint64_t)b)
BINARY(kao_op_div_run, a / b, divide(a, b))

static double number_at(const kao_tensor *t, int64_t at)
{
    switch (t->dtype) {
    case KAO_F32:
        return (double)((const float *)t->data)[at];
    case KAO_I64:
        return (double)((const int64_t *)t->data)[at];
    case KAO_I32:
        return ((const int32_t *)t->data)[at];
    case KAO_U8:
        return ((const uint8_t *)t->data)[at];
    default:
        return ((const int8_t *)t->data)[at];
    }
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
