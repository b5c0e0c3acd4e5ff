/* DequantizeLinear: real = scale * (q - zero point), and QuantizeLinear back: q = clamp(
 * round_even(real / scale) + zero point). One scale for all, one an index of an axis, or one
 * a block of an axis (block_size, opset 21). DynamicQuantizeLinear finds the scale itself. */
#include <math.h>
#include <string.h>

#include "nn/ops/ops.h"

static kao_status load_places(kao_op_loader *l)
{
    kao_quant_param *p = l->param;
    kao_status st = kao_attr_int(l, "axis", 1, &p->axis);

    if (!st)
        st = kao_attr_int(l, "block_size", 0, &p->block);
    if (!st && p->block < 0)
        st = kao_fail(l->err, KAO_E_FORMAT, "block_size %lld", (long long)p->block);
    return st;
}

static kao_status no_such_output(kao_op_loader *l, int64_t dtype)
{
    return kao_fail(l->err, KAO_E_UNSUPPORTED, "output_dtype %s",
                    kao_dtype_name(dtype < 0 || dtype > 1000 ? -1 : (int)dtype));
}

kao_status kao_op_dequant_load(kao_op_loader *l)
{
    int64_t dtype = 0;
    kao_status st = load_places(l);

    if (!st)
        st = kao_attr_int(l, "output_dtype", 0, &dtype);
    if (!st && dtype != 0 && dtype != KAO_F32 && dtype != KAO_F16)
        st = no_such_output(l, dtype);
    return st;
}

static bool is_quantized(int64_t dtype)
{
    return dtype == KAO_U8 || dtype == KAO_I8 || dtype == KAO_U16 || dtype == KAO_I16;
}

kao_status kao_op_quant_load(kao_op_loader *l)
{
    int64_t dtype = 0, precision = 0;
    kao_status st = load_places(l);

    if (!st)
        st = kao_attr_int(l, "output_dtype", 0, &dtype);
    if (!st)
        st = kao_attr_int(l, "precision", 0, &precision);
    if (!st && dtype != 0 && !is_quantized(dtype))
        st = no_such_output(l, dtype);
    if (!st && precision != 0 && precision != KAO_F32)
        st =
            kao_fail(l->err, KAO_E_UNSUPPORTED, "precision %lld", (long long)precision);
    ((kao_quant_param *)l->param)->to = (kao_dtype)dtype;
    return st;
}

/* The shapes of scale and zero point, which has the type q. */
static kao_status check_places(kao_op_infer *x, kao_dtype q)
{
    const kao_quant_param *p = x->param;
    kao_quant_state *s = x->state;
    const kao_tensor *in = &x->in[0], *scale = &x->in[1];
    kao_status st = kao_infer_type_is(x, 1, KAO_F32);

    s->axis = -1;
    if (!st && kao_infer_has(x, 2)) {
        st = kao_infer_type_is(x, 2, q);
        if (!st && !kao_tensor_same_dims(&x->in[2], scale))
            st = kao_fail(x->err, KAO_E_FORMAT, "scale and zero point differ in shape");
    }
    if (st || (kao_tensor_count(scale) == 1 && !p->block))
        return st;
    st = kao_infer_axis(x, p->axis, in->rank, &s->axis);
    if (st)
        return st;
    if (!p->block)
        return scale->rank == 1 && scale->dims[0] == in->dims[s->axis]
                   ? KAO_OK
                   : kao_fail(x->err, KAO_E_FORMAT, "not one scale an index of axis %d",
                              s->axis);
    for (int32_t i = 0; i < in->rank; i++) {
        const int64_t d = in->dims[i],
                      want = i == s->axis ? d / p->block + (d % p->block != 0) : d;

        if (scale->rank != in->rank || scale->dims[i] != want)
            return kao_fail(x->err, KAO_E_FORMAT,
                            "the scale's shape does not fit the blocks");
    }
    return KAO_OK;
}

kao_status kao_op_dequant_infer(kao_op_infer *x)
{
    kao_infer_like(x, 0);
    x->out[0].dtype = KAO_F32;
    return check_places(x, x->in[0].dtype);
}

kao_status kao_op_quant_infer(kao_op_infer *x)
{
    const kao_quant_param *p = x->param;
    const kao_dtype to = kao_infer_has(x, 2) ? x->in[2].dtype : p->to ? p->to : KAO_U8;

    kao_infer_like(x, 0);
    x->out[0].dtype = to;
    if (!is_quantized(to) || (p->to && p->to != to))
        return kao_fail(x->err, KAO_E_UNSUPPORTED, "to %s", kao_dtype_name((int)to));
    return check_places(x, to);
}

/* Where an index finds its element of t, a scale or zero point. */
static int64_t place_of(const kao_op_call *c, const kao_tensor *t, const int64_t *index)
{
    const kao_quant_param *p = c->param;
    const int32_t axis = ((const kao_quant_state *)c->state)->axis;
    int64_t at = 0;

    if (axis < 0)
        return 0;
    if (!p->block)
        return index[axis] * t->strides[0];
    for (int32_t i = 0; i < t->rank; i++)
        at += (i == axis ? index[i] / p->block : index[i]) * t->strides[i];
    return at;
}

/* In float, as all do: the quotient decides what is a tie. */
static double quantized(float v, float scale, int64_t zero)
{
    return (double)rintf(v / scale) + (double)zero;
}

/* One scale for all: in the order of memory. */
static void run_alike(const kao_op_call *c, bool back)
{
    const kao_tensor *in = &c->in[0], *out = &c->out[0],
                     *zero = kao_call_optional(c, 2);
    const kao_tensor *const ops[] = { out, in };
    const float scale = *(const float *)c->in[1].data;
    const int64_t z = zero ? kao_tensor_int_at(zero, 0) : 0;
    kao_walk w;

    kao_walk_init(&w, ops, 2);
    for (bool ok = w.n > 0; ok; ok = kao_walk_next(&w))
        for (int64_t i = 0; i < w.n; i++) {
            const int64_t from = w.at[1] + i * w.step[1];

            kao_tensor_set_number(
                out, w.at[0] + i * w.step[0],
                back ? quantized((float)kao_tensor_number_at(in, from), scale, z)
                     : (double)(kao_tensor_int_at(in, from) - z) * (double)scale);
        }
}

/* By index: each has the scale of its place. */
static void run_places(const kao_op_call *c, bool back)
{
    const kao_tensor *in = &c->in[0], *out = &c->out[0], *scale = &c->in[1];
    const kao_tensor *zero = kao_call_optional(c, 2);
    const int64_t n = kao_tensor_count(in);
    int64_t index[KAO_MAX_RANK] = { 0 };

    for (int64_t k = 0; k < n; k++) {
        const int64_t from = kao_tensor_offset(in, index),
                      to = kao_tensor_offset(out, index);
        const float s = ((const float *)scale->data)[place_of(c, scale, index)];
        const int64_t z = zero ? kao_tensor_int_at(zero, place_of(c, zero, index)) : 0;

        kao_tensor_set_number(
            out, to,
            back ? quantized((float)kao_tensor_number_at(in, from), s, z)
                 : (double)(kao_tensor_int_at(in, from) - z) * (double)s);
        kao_index_next(index, in->dims, in->rank);
    }
}

static void run(const kao_op_call *c, bool back)
{
    if (((const kao_quant_state *)c->state)->axis < 0)
        run_alike(c, back);
    else
        run_places(c, back);
}

void kao_op_dequant_run(const kao_op_call *c)
{
    run(c, false);
}

void kao_op_quant_run(const kao_op_call *c)
{
    run(c, true);
}

/* ---- DynamicQuantizeLinear ---- */

kao_status kao_op_dynamic_quant_infer(kao_op_infer *x)
{
    kao_infer_like(x, 0);
    x->out[0].dtype = KAO_U8;
    if (x->n_out > 1)
        x->out[1] = (kao_tensor){ .dtype = KAO_F32 };
    if (x->n_out > 2)
        x->out[2] = (kao_tensor){ .dtype = KAO_U8 };
    return KAO_OK;
}

/* The range that is divided into 255 holds 0; one that is only 0 gets the scale 0. */
void kao_op_dynamic_quant_run(const kao_op_call *c)
{
    const kao_tensor *in = &c->in[0], *out = &c->out[0];
    const kao_tensor *const range[] = { in }, *const both[] = { out, in };
    float lo = 0, hi = 0;
    kao_walk w;

    kao_walk_init(&w, range, 1);
    for (bool ok = w.n > 0; ok; ok = kao_walk_next(&w))
        for (int64_t i = 0; i < w.n; i++) {
            const float v = ((const float *)in->data)[w.at[0] + i * w.step[0]];

            lo = v < lo ? v : lo;
            hi = v > hi ? v : hi;
        }
    const float scale = (hi - lo) / 255, first = scale > 0 ? rintf(-lo / scale) : 0;
    const int64_t zero = first < 0 ? 0 : first < 255 ? (int64_t)first : 255;

    if (c->n_out > 1 && c->out[1].data)
        *(float *)c->out[1].data = scale;
    if (c->n_out > 2 && c->out[2].data)
        *(uint8_t *)c->out[2].data = (uint8_t)zero;
    if (!out->data)
        return;
    kao_walk_init(&w, both, 2);
    for (bool ok = w.n > 0; ok; ok = kao_walk_next(&w))
        for (int64_t i = 0; i < w.n; i++) {
            const float v = ((const float *)in->data)[w.at[1] + i * w.step[1]];

            kao_tensor_set_number(out, w.at[0] + i * w.step[0],
                                  scale > 0 ? quantized(v, scale, zero) : 0);
        }
}
