/* Concat and Split: copies between a tensor and its parts along one axis. */
#include <string.h>

#include "nn/ops/ops.h"

/* The part of t that starts at `from` and is `n` long on an axis. */
static kao_tensor part(const kao_tensor *t, int32_t axis, int64_t from, int64_t n)
{
    kao_tensor v = *t;

    v.dims[axis] = n;
    v.data = (uint8_t *)t->data +
             from * t->strides[axis] * (int64_t)kao_dtype_size((int)t->dtype);
    return v;
}

kao_status kao_op_concat_load(kao_op_loader *l)
{
    kao_axis_param *p = l->param;

    if (!kao_onnx_attr_find(l->node, "axis"))
        return kao_fail(l->err, KAO_E_FORMAT, "no axis");
    return kao_attr_int(l, "axis", 0, &p->axis);
}

kao_status kao_op_concat_infer(kao_op_infer *x)
{
    const kao_axis_param *p = x->param;
    kao_axis_state *s = x->state;
    kao_tensor *out = &x->out[0];
    kao_status st = kao_infer_axis(x, p->axis, x->in[0].rank, &s->axis);

    kao_infer_like(x, 0);
    for (uint32_t i = 1; !st && i < x->n_in; i++) {
        const kao_tensor *t = &x->in[i];

        st = kao_infer_type_is(x, i, out->dtype);
        for (int32_t d = 0; !st && d < out->rank; d++)
            if (t->rank != out->rank || (d != s->axis && t->dims[d] != out->dims[d]))
                st = kao_fail(x->err, KAO_E_FORMAT, "input %u does not fit the others",
                              i);
        if (!st)
            out->dims[s->axis] += t->dims[s->axis];
    }
    return st;
}

void kao_op_concat_run(const kao_op_call *c)
{
    const kao_axis_state *s = c->state;
    int64_t at = 0;

    for (uint32_t i = 0; i < c->n_in; i++) {
        const int64_t n = c->in[i].dims[s->axis];
        const kao_tensor to = part(&c->out[0], s->axis, at, n);

        kao_tensor_copy(&to, &c->in[i]);
        at += n;
    }
}

kao_status kao_op_split_load(kao_op_loader *l)
{
    kao_split_param *p = l->param;
    const kao_onnx_attr *a = kao_onnx_attr_find(l->node, "split");

    if (a && a->type != KAO_ATTR_INTS)
        return kao_fail(l->err, KAO_E_FORMAT, "attribute \"split\" has another type");
    if (a) {
        p->split = a->ints;
        p->n_split = a->n;
    }
    return kao_attr_int(l, "axis", 0, &p->axis);
}

kao_status kao_op_split13_load(kao_op_loader *l)
{
    kao_split_param *p = l->param;
    kao_status st = kao_attr_int(l, "axis", 0, &p->axis);

    p->input = true;
    return st ? st : kao_attr_int(l, "num_outputs", 0, &p->num_outputs);
}

/* Equal parts; the last one is smaller where they do not divide. */
static void equal_parts(kao_op_infer *x, int32_t axis)
{
    const int64_t total = x->in[0].dims[axis], k = x->n_out, each = (total + k - 1) / k;
    int64_t left = total;

    for (uint32_t i = 0; i < x->n_out; i++) {
        x->out[i].dims[axis] = left < each ? left : each;
        left -= x->out[i].dims[axis];
    }
}

static kao_status given_parts(kao_op_infer *x, int32_t axis, const int64_t *sizes,
                              size_t n)
{
    int64_t left = x->in[0].dims[axis];

    if (n != x->n_out)
        return kao_fail(x->err, KAO_E_FORMAT, "%zu sizes, %u outputs", n, x->n_out);
    for (uint32_t i = 0; i < x->n_out; i++) {
        if (sizes[i] < 0 || sizes[i] > left)
            return kao_fail(x->err, KAO_E_FORMAT, "the sizes do not sum to %lld",
                            (long long)x->in[0].dims[axis]);
        x->out[i].dims[axis] = sizes[i];
        left -= sizes[i];
    }
    return left == 0 ? KAO_OK
                     : kao_fail(x->err, KAO_E_FORMAT, "the sizes do not sum to %lld",
                                (long long)x->in[0].dims[axis]);
}

/* sizes: room for one number an output. */
static kao_status infer_parts(kao_op_infer *x, int32_t axis, int64_t *sizes)
{
    const kao_split_param *p = x->param;
    size_t n = 0;

    if (p->input && x->n_in > 1 && kao_tensor_given(&x->in[1])) {
        const kao_status st = kao_infer_ints(x, 1, sizes, x->n_out, &n);

        return st ? st : given_parts(x, axis, sizes, n);
    }
    if (p->split)
        return given_parts(x, axis, p->split, p->n_split);
    if (p->num_outputs && p->num_outputs != x->n_out)
        return kao_fail(x->err, KAO_E_FORMAT, "num_outputs %lld, %u outputs",
                        (long long)p->num_outputs, x->n_out);
    equal_parts(x, axis);
    return KAO_OK;
}

kao_status kao_op_split_infer(kao_op_infer *x)
{
    const kao_split_param *p = x->param;
    kao_split_state *s = x->state;
    kao_status st = kao_infer_axis(x, p->axis, x->in[0].rank, &s->axis);

    if (st)
        return st;
    s->begin = kao_arena_calloc(x->arena, x->n_out + 1u, sizeof *s->begin);
    if (!s->begin)
        return kao_fail(x->err, KAO_E_NOMEM, "out of memory");
    for (uint32_t i = 0; i < x->n_out; i++) {
        x->out[i] = x->in[0];
        x->out[i].data = NULL;
    }
    st = infer_parts(x, s->axis, s->begin);
    s->begin[0] = 0;
    for (uint32_t i = 0; !st && i < x->n_out; i++)
        s->begin[i + 1] = s->begin[i] + x->out[i].dims[s->axis];
    return st;
}

void kao_op_split_run(const kao_op_call *c)
{
    const kao_split_state *s = c->state;

    for (uint32_t i = 0; i < c->n_out; i++) {
        const kao_tensor from =
            part(&c->in[0], s->axis, s->begin[i], s->begin[i + 1] - s->begin[i]);

        if (c->out[i].data)
            kao_tensor_copy(&c->out[i], &from);
    }
}

bool kao_op_split_view(const void *state, const kao_tensor *in, uint32_t i,
                       kao_tensor *out, int64_t *offset)
{
    const kao_split_state *s = state;

    memcpy(out->strides, in->strides, sizeof out->strides);
    *offset = s->begin[i] * in->strides[s->axis];
    return true;
}
