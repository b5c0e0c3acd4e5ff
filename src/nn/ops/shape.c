/* Operators about shapes: Shape, Size, Reshape, Flatten, Squeeze, Unsqueeze, Transpose, and
 * the constants. Reshape-like ones keep the elements in C order; Transpose is a copy through a
 * view. */
#include <string.h>

#include "base/half.h"
#include "nn/ops/ops.h"

/* ---- Shape ---- */

kao_status kao_op_shape_load(kao_op_loader *l)
{
    kao_shape_param *p = l->param;
    kao_status st = kao_attr_int(l, "start", 0, &p->start);

    return st ? st : kao_attr_int(l, "end", INT64_MAX, &p->end);
}

static void shape_range(const kao_shape_param *p, int32_t rank, int64_t *start,
                        int64_t *end)
{
    *start = p->start < 0 ? p->start + rank : p->start;
    *end = p->end < 0 ? p->end + rank : p->end;
    *start = *start < 0 ? 0 : *start > rank ? rank : *start;
    *end = *end < *start ? *start : *end > rank ? rank : *end;
}

kao_status kao_op_shape_infer(kao_op_infer *x)
{
    int64_t start = 0, end = 0;

    shape_range(x->param, x->in[0].rank, &start, &end);
    x->out[0] = (kao_tensor){ .dtype = KAO_I64, .rank = 1, .dims = { end - start } };
    return KAO_OK;
}

void kao_op_shape_run(const kao_op_call *c)
{
    int64_t start = 0, end = 0, *to = c->out[0].data;

    shape_range(c->param, c->in[0].rank, &start, &end);
    for (int64_t i = start; i < end; i++)
        to[i - start] = c->in[0].dims[i];
}

kao_status kao_op_size_infer(kao_op_infer *x)
{
    x->out[0] = (kao_tensor){ .dtype = KAO_I64 };
    return KAO_OK;
}

void kao_op_size_run(const kao_op_call *c)
{
    *(int64_t *)c->out[0].data = kao_tensor_count(&c->in[0]);
}

/* ---- Reshape, Flatten, Squeeze, Unsqueeze ---- */

kao_status kao_op_reshape_load(kao_op_loader *l)
{
    kao_reshape_param *p = l->param;

    return kao_attr_int(l, "allowzero", 0, &p->allow_zero);
}

kao_status kao_op_reshape_infer(kao_op_infer *x)
{
    const kao_reshape_param *p = x->param;
    const kao_tensor *in = &x->in[0];
    kao_tensor *out = &x->out[0];
    int64_t want[KAO_MAX_RANK], known = 1, count = kao_tensor_count(in);
    size_t n = 0;
    int32_t open = -1;
    const kao_status st = kao_infer_ints(x, 1, want, KAO_MAX_RANK, &n);
    char text[96];

    if (st)
        return st;
    for (size_t i = 0; i < n; i++) {
        if (want[i] == 0 && !p->allow_zero) {
            if ((int32_t)i >= in->rank)
                return kao_fail(x->err, KAO_E_FORMAT, "0 at place %zu of rank %d", i,
                                in->rank);
            want[i] = in->dims[i];
        }
        if (want[i] == -1 && open < 0) {
            open = (int32_t)i;
            continue;
        }
        if (want[i] < 0 || __builtin_mul_overflow(known, want[i], &known))
            return kao_fail(x->err, KAO_E_FORMAT, "target shape %s",
                            kao_dims_text(want, (int32_t)n, text, sizeof text));
    }
    if (open >= 0) {
        if (known == 0 || count % known)
            return kao_fail(x->err, KAO_E_FORMAT, "%lld elements do not fill %s",
                            (long long)count,
                            kao_dims_text(want, (int32_t)n, text, sizeof text));
        want[open] = count / known;
        known = count;
    }
    if (known != count)
        return kao_fail(x->err, KAO_E_FORMAT, "%lld elements as %s", (long long)count,
                        kao_dims_text(want, (int32_t)n, text, sizeof text));
    *out = (kao_tensor){ .dtype = in->dtype, .rank = (int32_t)n };
    memcpy(out->dims, want, n * sizeof want[0]);
    return KAO_OK;
}

void kao_op_reshape_run(const kao_op_call *c)
{
    kao_tensor_copy(&c->out[0], &c->in[0]);
}

bool kao_op_reshape_view(const void *state, const kao_tensor *in, uint32_t i,
                         kao_tensor *out, int64_t *offset)
{
    int64_t strides[KAO_MAX_RANK] = { 0 };

    (void)state;
    (void)i;
    *offset = 0;
    if (!kao_tensor_view_as(in, out, strides))
        return false;
    memcpy(out->strides, strides, sizeof strides);
    return true;
}

kao_status kao_op_flatten_load(kao_op_loader *l)
{
    kao_axis_param *p = l->param;

    return kao_attr_int(l, "axis", 1, &p->axis);
}

kao_status kao_op_flatten_infer(kao_op_infer *x)
{
    const kao_axis_param *p = x->param;
    const kao_tensor *in = &x->in[0];
    const int64_t axis = p->axis < 0 ? p->axis + in->rank : p->axis;

    if (axis < 0 || axis > in->rank)
        return kao_fail(x->err, KAO_E_FORMAT, "axis %lld of rank %d",
                        (long long)p->axis, in->rank);
    x->out[0] = (kao_tensor){ .dtype = in->dtype, .rank = 2, .dims = { 1, 1 } };
    for (int32_t i = 0; i < in->rank; i++)
        x->out[0].dims[i < axis ? 0 : 1] *= in->dims[i];
    return KAO_OK;
}

kao_status kao_op_axes_load(kao_op_loader *l)
{
    kao_axes_param *p = l->param;

    return kao_attr_ints(l, "axes", p->axes, KAO_MAX_RANK, &p->n);
}

kao_status kao_op_axes13_load(kao_op_loader *l)
{
    kao_axes_param *p = l->param;

    p->input = true;
    return KAO_OK;
}

/* The numbers of the attribute, or of input 1. */
static kao_status axes_of(kao_op_infer *x, int64_t *axes, size_t *n)
{
    const kao_axes_param *p = x->param;

    memcpy(axes, p->axes, sizeof p->axes);
    *n = p->n;
    return p->input && kao_infer_has(x, 1) ? kao_infer_ints(x, 1, axes, KAO_MAX_RANK, n)
                                           : KAO_OK;
}

static kao_status mark_axes(kao_op_infer *x, const int64_t *axes, size_t n,
                            int32_t rank, bool *is_one)
{
    for (size_t i = 0; i < n; i++) {
        int32_t axis = 0;
        const kao_status st = kao_infer_axis(x, axes[i], rank, &axis);

        if (st)
            return st;
        if (is_one[axis])
            return kao_fail(x->err, KAO_E_FORMAT, "axis %d twice", axis);
        is_one[axis] = true;
    }
    return KAO_OK;
}

kao_status kao_op_squeeze_infer(kao_op_infer *x)
{
    const kao_tensor *in = &x->in[0];
    int64_t axes[KAO_MAX_RANK];
    bool gone[KAO_MAX_RANK] = { false };
    size_t n = 0;
    kao_status st = axes_of(x, axes, &n);

    if (!st)
        st = mark_axes(x, axes, n, in->rank, gone);
    x->out[0] = (kao_tensor){ .dtype = in->dtype };
    for (int32_t i = 0; !st && i < in->rank; i++) {
        if (gone[i] && in->dims[i] != 1)
            st = kao_fail(x->err, KAO_E_FORMAT, "axis %d has %lld elements, wanted 1",
                          i, (long long)in->dims[i]);
        if (!gone[i] && (n > 0 || in->dims[i] != 1)) /* no axes: all of size 1 */
            x->out[0].dims[x->out[0].rank++] = in->dims[i];
    }
    return st;
}

kao_status kao_op_unsqueeze_infer(kao_op_infer *x)
{
    const kao_tensor *in = &x->in[0];
    kao_tensor *out = &x->out[0];
    int64_t axes[KAO_MAX_RANK];
    size_t n = 0;
    bool added[KAO_MAX_RANK] = { false };
    kao_status st = axes_of(x, axes, &n);

    if (st)
        return st;
    if ((size_t)in->rank + n > KAO_MAX_RANK)
        return kao_fail(x->err, KAO_E_LIMIT, "more than %d dimensions", KAO_MAX_RANK);
    *out = (kao_tensor){ .dtype = in->dtype, .rank = in->rank + (int32_t)n };
    st = mark_axes(x, axes, n, out->rank, added);
    if (st)
        return st;
    for (int32_t i = 0, from = 0; i < out->rank; i++)
        out->dims[i] = added[i] ? 1 : in->dims[from++];
    return KAO_OK;
}

/* ---- Transpose ---- */

kao_status kao_op_transpose_load(kao_op_loader *l)
{
    kao_perm_param *p = l->param;

    return kao_attr_ints(l, "perm", p->perm, KAO_MAX_RANK, &p->n);
}

kao_status kao_op_transpose_infer(kao_op_infer *x)
{
    const kao_perm_param *p = x->param;
    kao_perm_state *s = x->state;
    const kao_tensor *in = &x->in[0];
    bool used[KAO_MAX_RANK] = { false };

    if (p->n && (int32_t)p->n != in->rank)
        return kao_fail(x->err, KAO_E_FORMAT, "perm of %zu numbers, input of rank %d",
                        p->n, in->rank);
    kao_infer_like(x, 0);
    for (int32_t i = 0; i < in->rank; i++) {
        const int64_t from = p->n ? p->perm[i] : in->rank - 1 - i;

        if (from < 0 || from >= in->rank || used[from])
            return kao_fail(x->err, KAO_E_FORMAT, "perm is no permutation");
        used[from] = true;
        s->perm[i] = (int32_t)from;
        x->out[0].dims[i] = in->dims[from];
    }
    return KAO_OK;
}

void kao_op_transpose_run(const kao_op_call *c)
{
    const kao_perm_state *s = c->state;
    kao_tensor view = c->in[0];

    for (int32_t i = 0; i < view.rank; i++) {
        view.dims[i] = c->in[0].dims[s->perm[i]];
        view.strides[i] = c->in[0].strides[s->perm[i]];
    }
    kao_tensor_copy(&c->out[0], &view);
}

bool kao_op_transpose_view(const void *state, const kao_tensor *in, uint32_t i,
                           kao_tensor *out, int64_t *offset)
{
    const kao_perm_state *s = state;

    (void)i;
    *offset = 0;
    for (int32_t d = 0; d < in->rank; d++)
        out->strides[d] = in->strides[s->perm[d]];
    return true;
}

/* ---- constants ---- */

/* A tensor of one number, or of a list, from an attribute. */
static kao_status constant_of(kao_op_loader *l, kao_dtype dtype, int32_t rank,
                              int64_t n, const void *data, const kao_onnx_tensor **out)
{
    kao_onnx_tensor *t = kao_arena_calloc(l->arena, 1, sizeof *t);

    if (!t)
        return kao_fail(l->err, KAO_E_NOMEM, "out of memory");
    *t = (kao_onnx_tensor){
        .name = "", .dtype = dtype, .rank = rank, .n = n, .data = data
    };
    t->dims[0] = n;
    *out = t;
    return KAO_OK;
}

kao_status kao_op_constant_load(kao_op_loader *l)
{
    kao_constant_param *p = l->param;

    if (l->node->n_attr != 1)
        return kao_fail(l->err, KAO_E_FORMAT, "%u attributes, wanted one value",
                        l->node->n_attr);
    const kao_onnx_attr *a = &l->node->attr[0];

    switch (a->type) {
    case KAO_ATTR_TENSOR:
        p->value = a->t;
        return KAO_OK;
    case KAO_ATTR_FLOAT:
        return constant_of(l, KAO_F32, 0, 1, &a->f, &p->value);
    case KAO_ATTR_INT:
        return constant_of(l, KAO_I64, 0, 1, &a->i, &p->value);
    case KAO_ATTR_FLOATS:
        return constant_of(l, KAO_F32, 1, (int64_t)a->n, a->floats, &p->value);
    case KAO_ATTR_INTS:
        return constant_of(l, KAO_I64, 1, (int64_t)a->n, a->ints, &p->value);
    default:
        return kao_fail(l->err, KAO_E_UNSUPPORTED, "attribute \"%s\" of this type",
                        a->name);
    }
}

kao_status kao_op_constant_infer(kao_op_infer *x)
{
    const kao_onnx_tensor *v = ((const kao_constant_param *)x->param)->value;

    x->out[0] = (kao_tensor){ .dtype = v->dtype, .rank = v->rank };
    memcpy(x->out[0].dims, v->dims, sizeof v->dims);
    return KAO_OK;
}

const kao_onnx_tensor *kao_op_constant_value(const void *param)
{
    return ((const kao_constant_param *)param)->value;
}

void kao_op_constant_run(const kao_op_call *c)
{
    const kao_onnx_tensor *v = ((const kao_constant_param *)c->param)->value;
    const size_t n = (size_t)v->n * kao_dtype_size((int)v->dtype);

    if (n)
        memcpy(c->out[0].data, v->data, n);
}

/* A float16 as the float32 that it is computed as. */
static kao_status widen_value(kao_op_loader *l, kao_constant_param *p)
{
    float *one = kao_arena_alloc(l->arena, sizeof *one);

    if (!one)
        return kao_fail(l->err, KAO_E_NOMEM, "out of memory");
    *one = kao_half_to_float(*(const uint16_t *)p->value->data);
    return constant_of(l, KAO_F32, 1, 1, one, &p->value);
}

kao_status kao_op_constant_of_shape_load(kao_op_loader *l)
{
    kao_constant_param *p = l->param;
    const kao_onnx_attr *a = kao_onnx_attr_find(l->node, "value");

    if (!a) {
        static const float zero = 0;

        return constant_of(l, KAO_F32, 1, 1, &zero, &p->value);
    }
    if (a->type != KAO_ATTR_TENSOR || a->t->n != 1)
        return kao_fail(l->err, KAO_E_FORMAT, "value is not a tensor of one element");
    p->value = a->t;
    return a->t->dtype == KAO_F16 ? widen_value(l, p) : KAO_OK;
}

kao_status kao_op_constant_of_shape_infer(kao_op_infer *x)
{
    kao_tensor *out = &x->out[0];
    int64_t dims[KAO_MAX_RANK], count = 0;
    size_t n = 0;
    const kao_status st = kao_infer_ints(x, 0, dims, KAO_MAX_RANK, &n);

    if (st)
        return st;
    if (!kao_dims_count(dims, (int32_t)n, &count))
        return kao_fail(x->err, KAO_E_LIMIT, "a shape that is negative or too large");
    *out = (kao_tensor){ .dtype = ((const kao_constant_param *)x->param)->value->dtype,
                         .rank = (int32_t)n };
    memcpy(out->dims, dims, n * sizeof dims[0]);
    return KAO_OK;
}

void kao_op_constant_of_shape_run(const kao_op_call *c)
{
    const kao_onnx_tensor *v = ((const kao_constant_param *)c->param)->value;
    const size_t size = kao_dtype_size((int)v->dtype);
    const int64_t n = kao_tensor_count(&c->out[0]);

    for (int64_t i = 0; i < n; i++)
        memcpy((uint8_t *)c->out[0].data + i * (int64_t)size, v->data, size);
}
