/* Slice, Gather, Pad: outputs whose elements are picked from the input by index. */
#include <string.h>

#include "nn/ops/ops.h"

/* ---- Slice ---- */

kao_status kao_op_slice_load(kao_op_loader *l)
{
    kao_slice_param *p = l->param;
    size_t n_ends = 0;
    kao_status st = kao_attr_ints(l, "starts", p->starts, KAO_MAX_RANK, &p->n);

    if (!st)
        st = kao_attr_ints(l, "ends", p->ends, KAO_MAX_RANK, &n_ends);
    if (!st)
        st = kao_attr_ints(l, "axes", p->axes, KAO_MAX_RANK, &p->n_axes);
    if (!st && (p->n != n_ends || (p->n_axes && p->n_axes != p->n)))
        st = kao_fail(l->err, KAO_E_FORMAT, "starts, ends and axes do not agree");
    return st;
}

kao_status kao_op_slice10_load(kao_op_loader *l)
{
    kao_slice_param *p = l->param;

    p->inputs = true;
    return KAO_OK;
}

static int64_t clamp(int64_t v, int64_t lo, int64_t hi)
{
    return v < lo ? lo : v > hi ? hi : v;
}

/* One axis: negatives count from the end, and both ends are clamped. Backwards, a start
 * before the axis is its first element (ONNX), where numpy takes nothing. */
static kao_status slice_axis(kao_op_infer *x, int32_t axis, int64_t start, int64_t end,
                             int64_t step)
{
    kao_slice_state *s = x->state;
    const int64_t d = x->in[0].dims[axis];

    if (step == 0)
        return kao_fail(x->err, KAO_E_FORMAT, "step 0");
    if (step < -d)
        step = -d - 1; /* one element at most either way: keeps the division small */
    if (step > d)
        step = d + 1;
    start = start < 0 ? start + d : start;
    end = end < 0 ? end + d : end;
    start = step > 0 ? clamp(start, 0, d) : clamp(start, 0, d - 1);
    end = step > 0 ? clamp(end, 0, d) : clamp(end, -1, d - 1);
    const int64_t n =
        step > 0 ? (end - start + step - 1) / step : (start - end - step - 1) / -step;

    s->start[axis] = start;
    s->step[axis] = step;
    x->out[0].dims[axis] = n < 0 || d == 0 ? 0 : n;
    return KAO_OK;
}

kao_status kao_op_slice_infer(kao_op_infer *x)
{
    const kao_slice_param *p = x->param;
    kao_slice_state *s = x->state;
    const int32_t rank = x->in[0].rank;
    int64_t starts[KAO_MAX_RANK], ends[KAO_MAX_RANK], axes[KAO_MAX_RANK],
        steps[KAO_MAX_RANK];
    size_t n = p->n, n_ends = p->n, n_axes = p->n_axes, n_steps = 0;
    bool seen[KAO_MAX_RANK] = { false };
    kao_status st = KAO_OK;

    memcpy(starts, p->starts, sizeof starts);
    memcpy(ends, p->ends, sizeof ends);
    memcpy(axes, p->axes, sizeof axes);
    if (p->inputs) {
        st = kao_infer_ints(x, 1, starts, KAO_MAX_RANK, &n);
        if (!st)
            st = kao_infer_ints(x, 2, ends, KAO_MAX_RANK, &n_ends);
        if (!st && x->n_in > 3 && kao_tensor_given(&x->in[3]))
            st = kao_infer_ints(x, 3, axes, KAO_MAX_RANK, &n_axes);
        if (!st && x->n_in > 4 && kao_tensor_given(&x->in[4]))
            st = kao_infer_ints(x, 4, steps, KAO_MAX_RANK, &n_steps);
    }
    if (!st && (n != n_ends || (n_axes && n_axes != n) || (n_steps && n_steps != n)))
        st =
            kao_fail(x->err, KAO_E_FORMAT, "starts, ends, axes and steps do not agree");
    if (st)
        return st;
    kao_infer_like(x, 0);
    for (int32_t i = 0; i < rank; i++)
        s->step[i] = 1;
    for (size_t i = 0; !st && i < n; i++) {
        int32_t axis = 0;

        st = kao_infer_axis(x, n_axes ? axes[i] : (int64_t)i, rank, &axis);
        if (!st && seen[axis])
            st = kao_fail(x->err, KAO_E_FORMAT, "axis %d twice", axis);
        if (!st) {
            seen[axis] = true;
            st = slice_axis(x, axis, starts[i], ends[i], n_steps ? steps[i] : 1);
        }
    }
    return st;
}

void kao_op_slice_run(const kao_op_call *c)
{
    const kao_slice_state *s = c->state;
    kao_tensor view = c->in[0];
    int64_t at = 0;

    for (int32_t i = 0; i < view.rank; i++) {
        at += s->start[i] * view.strides[i];
        view.strides[i] *= s->step[i];
        view.dims[i] = c->out[0].dims[i];
    }
    if (kao_tensor_count(&view) == 0)
        return;
    view.data = (uint8_t *)view.data + at * (int64_t)kao_dtype_size((int)view.dtype);
    kao_tensor_copy(&c->out[0], &view);
}

bool kao_op_slice_view(const void *state, const kao_tensor *in, uint32_t i,
                       kao_tensor *out, int64_t *offset)
{
    const kao_slice_state *s = state;

    (void)i;
    *offset = 0;
    for (int32_t d = 0; d < in->rank; d++) {
        *offset += s->start[d] * in->strides[d];
        out->strides[d] = in->strides[d] * s->step[d];
    }
    return kao_tensor_count(out) > 0;
}

/* ---- Gather ---- */

kao_status kao_op_gather_load(kao_op_loader *l)
{
    kao_axis_param *p = l->param;

    return kao_attr_int(l, "axis", 0, &p->axis);
}

kao_status kao_op_gather_infer(kao_op_infer *x)
{
    const kao_axis_param *p = x->param;
    kao_axis_state *s = x->state;
    const kao_tensor *in = &x->in[0], *index = &x->in[1];
    kao_tensor *out = &x->out[0];
    kao_status st = kao_infer_axis(x, p->axis, in->rank, &s->axis);

    if (!st)
        st = kao_infer_index_type(x, 1);
    if (!st && in->dims[s->axis] == 0 && kao_tensor_count(index) > 0)
        st = kao_fail(x->err, KAO_E_FORMAT, "indices into an axis of size 0");
    if (!st && in->rank - 1 + index->rank > KAO_MAX_RANK)
        st = kao_fail(x->err, KAO_E_LIMIT, "more than %d dimensions", KAO_MAX_RANK);
    if (st)
        return st;
    *out = (kao_tensor){ .dtype = in->dtype };
    for (int32_t i = 0; i < s->axis; i++)
        out->dims[out->rank++] = in->dims[i];
    for (int32_t i = 0; i < index->rank; i++)
        out->dims[out->rank++] = index->dims[i];
    for (int32_t i = s->axis + 1; i < in->rank; i++)
        out->dims[out->rank++] = in->dims[i];
    return KAO_OK;
}

/* The picture of one index: in without its axis, out without the axes of the index. */
void kao_op_gather_run(const kao_op_call *c)
{
    const kao_axis_state *s = c->state;
    const kao_tensor *in = &c->in[0], *index = &c->in[1], *out = &c->out[0];
    const int64_t size = (int64_t)kao_dtype_size((int)in->dtype), d = in->dims[s->axis];
    kao_tensor src = *in, dst = *out, places = *out;

    if (d == 0)
        return;
    places.rank = index->rank; /* where each index's picture begins */
    for (int32_t i = 0; i < index->rank; i++) {
        places.dims[i] = out->dims[s->axis + i];
        places.strides[i] = out->strides[s->axis + i];
    }
    src.dims[s->axis] = 1;
    src.strides[s->axis] = 0;
    dst.rank = 0;
    for (int32_t i = 0; i < out->rank; i++) {
        if (i >= s->axis && i < s->axis + index->rank) {
            if (i > s->axis)
                continue;
            dst.dims[dst.rank] = 1;
        } else {
            dst.dims[dst.rank] = out->dims[i];
        }
        dst.strides[dst.rank++] = out->strides[i];
    }
    if (index->rank == 0) { /* the axis is gone in out: put it back with size 1 */
        dst = *in;
        for (int32_t i = 0, from = 0; i < in->rank; i++) {
            dst.dims[i] = i == s->axis ? 1 : in->dims[i];
            dst.strides[i] = i == s->axis ? 0 : out->strides[from++];
        }
    }
    const kao_tensor *const ops[] = { &places, index };
    kao_walk w;

    kao_walk_init(&w, ops, 2);
    for (bool ok = w.n > 0; ok; ok = kao_walk_next(&w))
        for (int64_t i = 0; i < w.n; i++) {
            const int64_t k = kao_tensor_index_at(index, w.at[1] + i * w.step[1], d);

            src.data = (uint8_t *)in->data + k * in->strides[s->axis] * size;
            dst.data = (uint8_t *)out->data + (w.at[0] + i * w.step[0]) * size;
            kao_tensor_copy(&dst, &src);
        }
}

/* ---- Pad ---- */

static kao_status load_pad_mode(kao_op_loader *l, kao_pad_param *p)
{
    static const char *const names[] = { "constant", "reflect", "edge", "wrap" };
    const int n = l->op->since >= 19 ? 4 : 3;
    const char *s = NULL;
    const kao_status st = kao_attr_string(l, "mode", "constant", &s);

    if (st)
        return st;
    for (int i = 0; i < n; i++)
        if (strcmp(s, names[i]) == 0) {
            p->mode = (kao_pad_mode)i;
            return KAO_OK;
        }
    return kao_fail(l->err, KAO_E_UNSUPPORTED, "mode %s", s);
}

kao_status kao_op_pad_load(kao_op_loader *l)
{
    kao_pad_param *p = l->param;
    kao_status st = load_pad_mode(l, p);

    if (!st)
        st = kao_attr_float(l, "value", 0, &p->value);
    return st ? st : kao_attr_ints(l, "pads", p->pads, 2 * KAO_MAX_RANK, &p->n);
}

kao_status kao_op_pad11_load(kao_op_loader *l)
{
    kao_pad_param *p = l->param;

    p->inputs = true;
    return load_pad_mode(l, p);
}

static kao_status pad_axis(kao_op_infer *x, int32_t axis, int64_t begin, int64_t end)
{
    const kao_pad_param *p = x->param;
    kao_pad_state *s = x->state;
    const int64_t d = x->in[0].dims[axis];

    if (begin < -d || end < -d || begin > KAO_MAX_ELEMENTS || end > KAO_MAX_ELEMENTS ||
        d + begin + end < 0)
        return kao_fail(x->err, KAO_E_FORMAT, "pads %lld and %lld on an axis of %lld",
                        (long long)begin, (long long)end, (long long)d);
    if (d == 0 && p->mode != KAO_PADDING_CONSTANT && begin + end > 0)
        return kao_fail(x->err, KAO_E_FORMAT, "nothing to repeat on axis %d", axis);
    s->begin[axis] = begin;
    x->out[0].dims[axis] = d + begin + end;
    return KAO_OK;
}

kao_status kao_op_pad_infer(kao_op_infer *x)
{
    const kao_pad_param *p = x->param;
    const int32_t rank = x->in[0].rank;
    int64_t pads[2 * KAO_MAX_RANK], axes[KAO_MAX_RANK];
    size_t n = p->n, n_axes = 0;
    bool seen[KAO_MAX_RANK] = { false };
    kao_status st = KAO_OK;

    memcpy(pads, p->pads, sizeof pads);
    if (p->inputs)
        st = kao_infer_ints(x, 1, pads, 2 * KAO_MAX_RANK, &n);
    if (!st && p->inputs && x->n_in > 2 && kao_tensor_given(&x->in[2])) {
        st = kao_infer_type_is(x, 2, x->in[0].dtype);
        if (!st && kao_tensor_count(&x->in[2]) != 1)
            st = kao_fail(x->err, KAO_E_FORMAT, "the padding value is no scalar");
    }
    if (!st && x->n_in > 3 && kao_tensor_given(&x->in[3]))
        st = kao_infer_ints(x, 3, axes, KAO_MAX_RANK, &n_axes);
    const size_t count = n_axes ? n_axes : (size_t)rank;

    if (!st && n != 2 * count)
        st = kao_fail(x->err, KAO_E_FORMAT, "%zu pads for %zu axes", n, count);
    kao_infer_like(x, 0);
    for (size_t i = 0; !st && i < count; i++) {
        int32_t axis = 0;

        st = kao_infer_axis(x, n_axes ? axes[i] : (int64_t)i, rank, &axis);
        if (!st && seen[axis])
            st = kao_fail(x->err, KAO_E_FORMAT, "axis %d twice", axis);
        seen[axis] = true;
        if (!st)
            st = pad_axis(x, axis, pads[i], pads[i + count]);
    }
    return st;
}

/* The input's index for an output index, or -1 for the constant. */
static int64_t pad_source(kao_pad_mode mode, int64_t i, int64_t d)
{
    if (i >= 0 && i < d)
        return i;
    if (mode == KAO_PADDING_CONSTANT)
        return -1;
    if (mode == KAO_PADDING_EDGE || d == 1)
        return i < 0 ? 0 : d - 1;
    if (mode == KAO_PADDING_WRAP)
        return (i % d + d) % d;
    const int64_t period = 2 * (d - 1), k = (i % period + period) % period;

    return k < d ? k : period - k;
}

static void put_constant(const kao_op_call *c, uint8_t *to, size_t size)
{
    const kao_pad_param *p = c->param;

    if (p->inputs && c->n_in > 2 && kao_tensor_given(&c->in[2]))
        memcpy(to, c->in[2].data, size);
    else if (!p->inputs && size == 4)
        memcpy(to, &p->value, 4);
    else
        memset(to, 0, size);
}

void kao_op_pad_run(const kao_op_call *c)
{
    const kao_pad_param *p = c->param;
    const kao_pad_state *s = c->state;
    const kao_tensor *in = &c->in[0], *out = &c->out[0];
    const size_t size = kao_dtype_size((int)in->dtype);
    const int64_t n = kao_tensor_count(out);
    int64_t index[KAO_MAX_RANK] = { 0 };

    for (int64_t k = 0; k < n; k++) {
        int64_t to = 0, from = 0;
        bool constant = false;

        for (int32_t i = 0; i < out->rank; i++) {
            const int64_t at = pad_source(p->mode, index[i] - s->begin[i], in->dims[i]);

            constant |= at < 0;
            from += at * in->strides[i];
            to += index[i] * out->strides[i];
        }
        uint8_t *dst = (uint8_t *)out->data + to * (int64_t)size;

        if (constant)
            put_constant(c, dst, size);
        else
            memcpy(dst, (const uint8_t *)in->data + from * (int64_t)size, size);
        kao_index_next(index, out->dims, out->rank);
    }
}
