/* DequantizeLinear: real = scale * (q - zero point), one scale for all, one an index of an
 * axis, or one a block of an axis (block_size, opset 21). */
#include "nn/ops/ops.h"

kao_status kao_op_dequant_load(kao_op_loader *l)
{
    kao_dequant_param *p = l->param;
    int64_t dtype = 0;
    kao_status st = kao_attr_int(l, "axis", 1, &p->axis);

    if (!st)
        st = kao_attr_int(l, "block_size", 0, &p->block);
    if (!st)
        st = kao_attr_int(l, "output_dtype", 0, &dtype);
    if (!st && dtype != 0 && dtype != KAO_F32)
        st = kao_fail(l->err, KAO_E_UNSUPPORTED, "output_dtype %s",
                      kao_dtype_name(dtype < 0 || dtype > 1000 ? -1 : (int)dtype));
    if (!st && p->block < 0)
        st = kao_fail(l->err, KAO_E_FORMAT, "block_size %lld", (long long)p->block);
    return st;
}

kao_status kao_op_dequant_infer(kao_op_infer *x)
{
    const kao_dequant_param *p = x->param;
    kao_dequant_state *s = x->state;
    const kao_tensor *in = &x->in[0], *scale = &x->in[1];
    kao_status st = kao_infer_type_is(x, 1, KAO_F32);

    kao_infer_like(x, 0);
    x->out[0].dtype = KAO_F32;
    s->axis = -1;
    if (!st && x->n_in > 2 && kao_tensor_given(&x->in[2])) {
        st = kao_infer_type_is(x, 2, in->dtype);
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

static double number(const kao_tensor *t, int64_t at)
{
    return t->dtype == KAO_U8   ? ((const uint8_t *)t->data)[at]
           : t->dtype == KAO_I8 ? ((const int8_t *)t->data)[at]
                                : ((const int32_t *)t->data)[at];
}

void kao_op_dequant_run(const kao_op_call *c)
{
    const kao_dequant_param *p = c->param;
    const kao_dequant_state *s = c->state;
    const kao_tensor *in = &c->in[0], *out = &c->out[0], *scale = &c->in[1];
    const kao_tensor *zero =
        c->n_in > 2 && kao_tensor_given(&c->in[2]) ? &c->in[2] : NULL;
    const int64_t n = kao_tensor_count(in);
    int64_t index[KAO_MAX_RANK] = { 0 };

    for (int64_t k = 0; k < n; k++) {
        int64_t from = 0, to = 0, at = 0, z = 0;

        for (int32_t i = 0; i < in->rank; i++) {
            const int64_t block =
                p->block && i == s->axis ? index[i] / p->block : index[i];

            from += index[i] * in->strides[i];
            to += index[i] * out->strides[i];
            if (p->block) {
                at += block * scale->strides[i];
                z += zero ? block * zero->strides[i] : 0;
            } else if (i == s->axis) {
                at = index[i] * scale->strides[0];
                z = zero ? index[i] * zero->strides[0] : 0;
            }
        }
        const double q = number(in, from) - (zero ? number(zero, z) : 0);

        ((float *)out->data)[to] =
            (float)(q * (double)((const float *)scale->data)[at]);
        for (int32_t i = in->rank - 1; i >= 0 && ++index[i] == in->dims[i]; i--)
            index[i] = 0;
    }
}
