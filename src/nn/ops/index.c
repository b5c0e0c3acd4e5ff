/* GatherElements, GatherND, ScatterElements, ScatterND, OneHot: elements and slices whose
 * place another tensor tells. */
#include <math.h>
#include <string.h>

#include "nn/ops/ops.h"

/* ---- what a scattered number does to the one that is there ---- */

static kao_status load_reduction(kao_op_loader *l, kao_reduction *to)
{
    static const char *const names[] = { "none", "add", "mul", "max", "min" };
    const char *s = NULL;
    const kao_status st = kao_attr_string(l, "reduction", "none", &s);

    for (int i = 0; !st && i < 5; i++)
        if (strcmp(s, names[i]) == 0) {
            *to = (kao_reduction)i;
            return KAO_OK;
        }
    return st ? st : kao_fail(l->err, KAO_E_UNSUPPORTED, "reduction %s", s);
}

static double reduced(kao_reduction how, double a, double b)
{
    switch (how) {
    case KAO_REDUCTION_ADD:
        return a + b;
    case KAO_REDUCTION_MUL:
        return a * b;
    case KAO_REDUCTION_MAX:
        return b > a || b != b ? b : a;
    case KAO_REDUCTION_MIN:
        return b < a || b != b ? b : a;
    default:
        return b;
    }
}

static int64_t reduced_whole(kao_reduction how, int64_t a, int64_t b, int64_t flip)
{
    switch (how) {
    case KAO_REDUCTION_ADD:
        return (int64_t)((uint64_t)a + (uint64_t)b);
    case KAO_REDUCTION_MUL:
        return (int64_t)((uint64_t)a * (uint64_t)b);
    case KAO_REDUCTION_MAX:
        return (b ^ flip) > (a ^ flip) ? b : a;
    case KAO_REDUCTION_MIN:
        return (b ^ flip) < (a ^ flip) ? b : a;
    default:
        return b;
    }
}

static void put(kao_reduction how, const kao_tensor *out, int64_t to,
                const kao_tensor *from, int64_t at)
{
    if (kao_tensor_is_real(out)) {
        kao_tensor_set_number(out, to,
                              reduced(how, kao_tensor_number_at(out, to),
                                      kao_tensor_number_at(from, at)));
    } else {
        const int64_t v =
            reduced_whole(how, kao_tensor_int_at(out, to), kao_tensor_int_at(from, at),
                          kao_order_bit(out->dtype));

        /* the sum of two bools is true where one of them is */
        kao_tensor_set_int(out, to, out->dtype == KAO_BOOL ? v != 0 : v);
    }
}

/* ---- GatherElements, ScatterElements ---- */

/* The indices lie in the data but along the axis. */
static kao_status check_elements(kao_op_infer *x, int64_t along)
{
    kao_axis_state *s = x->state;
    const kao_tensor *in = &x->in[0], *index = &x->in[1];
    kao_status st = kao_infer_axis(x, along, in->rank, &s->axis);

    if (!st)
        st = kao_infer_index_type(x, 1);
    for (int32_t i = 0; !st && i < in->rank; i++)
        if (index->rank != in->rank || (i != s->axis && index->dims[i] > in->dims[i]))
            st = kao_fail(x->err, KAO_E_FORMAT, "the indices do not fit the data");
    if (!st && in->dims[s->axis] == 0 && kao_tensor_count(index) > 0)
        st = kao_fail(x->err, KAO_E_FORMAT, "indices into an axis of size 0");
    return st;
}

kao_status kao_op_gather_elements_infer(kao_op_infer *x)
{
    const kao_status st = check_elements(x, ((const kao_axis_param *)x->param)->axis);

    kao_infer_like(x, 1);
    x->out[0].dtype = x->in[0].dtype;
    return st;
}

void kao_op_gather_elements_run(const kao_op_call *c)
{
    const int32_t axis = ((const kao_axis_state *)c->state)->axis;
    const kao_tensor *in = &c->in[0], *index = &c->in[1], *out = &c->out[0];
    const int64_t n = kao_tensor_count(index),
                  size = (int64_t)kao_dtype_size((int)in->dtype);
    int64_t place[KAO_MAX_RANK] = { 0 };

    for (int64_t k = 0; k < n; k++) {
        const int64_t line = place[axis];
        uint8_t *to = (uint8_t *)out->data + kao_tensor_offset(out, place) * size;

        place[axis] =
            kao_tensor_index_at(index, kao_tensor_offset(index, place), in->dims[axis]);
        memcpy(to, (const uint8_t *)in->data + kao_tensor_offset(in, place) * size,
               (size_t)size);
        place[axis] = line;
        kao_index_next(place, index->dims, index->rank);
    }
}

kao_status kao_op_scatter_elements_load(kao_op_loader *l)
{
    kao_scatter_param *p = l->param;
    const kao_status st = kao_attr_int(l, "axis", 0, &p->axis);

    return st ? st : load_reduction(l, &p->reduction);
}

kao_status kao_op_scatter_elements_infer(kao_op_infer *x)
{
    kao_status st = check_elements(x, ((const kao_scatter_param *)x->param)->axis);

    if (!st)
        st = kao_infer_type_is(x, 2, x->in[0].dtype);
    if (!st && !kao_tensor_same_dims(&x->in[1], &x->in[2]))
        st = kao_fail(x->err, KAO_E_FORMAT, "indices and updates differ in shape");
    kao_infer_like(x, 0);
    return st;
}

/* In C order of the updates: of two for one place the last one stays. */
void kao_op_scatter_elements_run(const kao_op_call *c)
{
    const kao_scatter_param *p = c->param;
    const int32_t axis = ((const kao_axis_state *)c->state)->axis;
    const kao_tensor *index = &c->in[1], *updates = &c->in[2], *out = &c->out[0];
    const int64_t n = kao_tensor_count(index);
    int64_t place[KAO_MAX_RANK] = { 0 };

    kao_tensor_copy(out, &c->in[0]);
    for (int64_t k = 0; k < n; k++) {
        const int64_t line = place[axis], from = kao_tensor_offset(updates, place);

        place[axis] = kao_tensor_index_at(index, kao_tensor_offset(index, place),
                                          out->dims[axis]);
        put(p->reduction, out, kao_tensor_offset(out, place), updates, from);
        place[axis] = line;
        kao_index_next(place, index->dims, index->rank);
    }
}

/* ---- GatherND, ScatterND ----
 * The last axis of the indices holds `deep` numbers: a place on axes batch .. batch + deep
 * of the data, whose later axes are the slice. */

kao_status kao_op_gather_nd_load(kao_op_loader *l)
{
    kao_axis_param *p = l->param;

    return kao_attr_int(l, "batch_dims", 0, &p->axis);
}

/* out[0]: the indices' dims without the last one, then the slice's. */
static kao_status infer_slices(kao_op_infer *x, int64_t batch)
{
    const kao_tensor *in = &x->in[0], *index = &x->in[1];
    kao_tensor *out = &x->out[0];
    kao_status st = kao_infer_index_type(x, 1);

    if (!st && (index->rank < 1 || batch < 0 || batch >= index->rank))
        st = kao_fail(x->err, KAO_E_FORMAT, "indices of rank %d, %lld batch axes",
                      index->rank, (long long)batch);
    if (st)
        return st;
    const int64_t deep = index->dims[index->rank - 1];

    if (deep < 1 || batch + deep > in->rank)
        return kao_fail(x->err, KAO_E_FORMAT, "places of %lld axes in rank %d",
                        (long long)deep, in->rank);
    const int32_t begin = (int32_t)(batch + deep);

    for (int32_t i = 0; i < begin; i++)
        if (i < batch ? index->dims[i] != in->dims[i]
                      : in->dims[i] == 0 && kao_tensor_count(index) > 0)
            return kao_fail(x->err, KAO_E_FORMAT, "the indices do not fit axis %d", i);
    if (index->rank - 1 + in->rank - begin > KAO_MAX_RANK)
        return kao_fail(x->err, KAO_E_LIMIT, "more than %d dimensions", KAO_MAX_RANK);
    *out = (kao_tensor){ .dtype = in->dtype };
    for (int32_t i = 0; i < index->rank - 1; i++)
        out->dims[out->rank++] = index->dims[i];
    for (int32_t i = begin; i < in->rank; i++)
        out->dims[out->rank++] = in->dims[i];
    return KAO_OK;
}

kao_status kao_op_gather_nd_infer(kao_op_infer *x)
{
    return infer_slices(x, ((const kao_axis_param *)x->param)->axis);
}

/* The axes of t from `first` on, at element `at`. */
static kao_tensor slice_of(const kao_tensor *t, int32_t first, int64_t at)
{
    kao_tensor v = { .dtype = t->dtype, .rank = t->rank - first };

    memcpy(v.dims, t->dims + first, (size_t)v.rank * sizeof *v.dims);
    memcpy(v.strides, t->strides + first, (size_t)v.rank * sizeof *v.strides);
    v.data = (uint8_t *)t->data + at * (int64_t)kao_dtype_size((int)t->dtype);
    return v;
}

/* Where in the data the place that `place` (of the indices) names begins. */
static int64_t named(const kao_tensor *data, const kao_tensor *index,
                     const int64_t *place, int32_t batch)
{
    const int32_t last = index->rank - 1;
    int64_t at = 0;

    for (int32_t i = 0; i < batch; i++)
        at += place[i] * data->strides[i];
    for (int32_t i = 0; i < (int32_t)index->dims[last]; i++)
        at += kao_tensor_index_at(
                  index, kao_tensor_offset(index, place) + i * index->strides[last],
                  data->dims[batch + i]) *
              data->strides[batch + i];
    return at;
}

void kao_op_gather_nd_run(const kao_op_call *c)
{
    const int32_t batch = (int32_t)((const kao_axis_param *)c->param)->axis;
    const kao_tensor *in = &c->in[0], *index = &c->in[1], *out = &c->out[0];
    const int32_t last = index->rank - 1, deep = (int32_t)index->dims[last];
    const int64_t n = kao_tensor_count(index) / deep;
    int64_t place[KAO_MAX_RANK] = { 0 };
    kao_tensor head = *out; /* its axes before the slice */

    head.rank = last;
    for (int64_t k = 0; k < n; k++) {
        const kao_tensor to = slice_of(out, last, kao_tensor_offset(&head, place)),
                         from =
                             slice_of(in, batch + deep, named(in, index, place, batch));

        kao_tensor_copy(&to, &from);
        kao_index_next(place, index->dims, last);
    }
}

kao_status kao_op_scatter_nd_load(kao_op_loader *l)
{
    return load_reduction(l, &((kao_scatter_param *)l->param)->reduction);
}

kao_status kao_op_scatter_nd_infer(kao_op_infer *x)
{
    kao_status st = infer_slices(x, 0);

    if (!st)
        st = kao_infer_type_is(x, 2, x->in[0].dtype);
    if (!st && !kao_tensor_same_dims(&x->out[0], &x->in[2]))
        st = kao_fail(x->err, KAO_E_FORMAT, "the updates do not fit the indices");
    kao_infer_like(x, 0);
    return st;
}

void kao_op_scatter_nd_run(const kao_op_call *c)
{
    const kao_scatter_param *p = c->param;
    const kao_tensor *index = &c->in[1], *updates = &c->in[2], *out = &c->out[0];
    const int32_t last = index->rank - 1, deep = (int32_t)index->dims[last];
    const int64_t n = kao_tensor_count(index) / deep;
    int64_t place[KAO_MAX_RANK] = { 0 };
    kao_tensor head = *updates;

    head.rank = last;
    kao_tensor_copy(out, &c->in[0]);
    for (int64_t k = 0; k < n; k++) {
        const kao_tensor to = slice_of(out, deep, named(out, index, place, 0)),
                         from =
                             slice_of(updates, last, kao_tensor_offset(&head, place)),
                         *const ops[] = { &to, &from };
        kao_walk w;

        kao_walk_init(&w, ops, 2);
        for (bool ok = w.n > 0; ok; ok = kao_walk_next(&w))
            for (int64_t i = 0; i < w.n; i++)
                put(p->reduction, &to, w.at[0] + i * w.step[0], &from,
                    w.at[1] + i * w.step[1]);
        kao_index_next(place, index->dims, last);
    }
}

/* ---- OneHot ---- */

kao_status kao_op_one_hot_load(kao_op_loader *l)
{
    kao_axis_param *p = l->param;

    return kao_attr_int(l, "axis", -1, &p->axis);
}

kao_status kao_op_one_hot_infer(kao_op_infer *x)
{
    const kao_axis_param *p = x->param;
    kao_axis_state *s = x->state;
    const kao_tensor *in = &x->in[0];
    kao_tensor *out = &x->out[0];
    kao_status st = kao_infer_axis(x, p->axis, in->rank + 1, &s->axis);

    if (!st)
        st = x->need(x, 1); /* how many */
    if (!st && kao_tensor_count(&x->in[1]) != 1)
        st = kao_fail(x->err, KAO_E_FORMAT, "the depth is no scalar");
    if (!st && (x->in[2].rank != 1 || x->in[2].dims[0] != 2))
        st = kao_fail(x->err, KAO_E_FORMAT, "the values are not two");
    if (!st && in->rank == KAO_MAX_RANK)
        st = kao_fail(x->err, KAO_E_LIMIT, "more than %d dimensions", KAO_MAX_RANK);
    if (st)
        return st;
    const double depth = kao_tensor_number_at(&x->in[1], 0);

    if (!(depth >= 1 && depth <= (double)KAO_MAX_ELEMENTS))
        return kao_fail(x->err, KAO_E_FORMAT, "depth %g", depth);
    *out = (kao_tensor){ .dtype = x->in[2].dtype, .rank = in->rank + 1 };
    for (int32_t i = 0, from = 0; i < out->rank; i++)
        out->dims[i] = i == s->axis ? (int64_t)depth : in->dims[from++];
    return KAO_OK;
}

/* An index that is none of the axis, from either end, gives a line of the first value; one with
 * a fraction is taken towards zero, as a cast to int64 does. */
void kao_op_one_hot_run(const kao_op_call *c)
{
    const int32_t axis = ((const kao_axis_state *)c->state)->axis;
    const kao_tensor *in = &c->in[0], *values = &c->in[2], *out = &c->out[0];
    const size_t size = kao_dtype_size((int)out->dtype);
    const int64_t depth = out->dims[axis];
    bool is_axis[KAO_MAX_RANK] = { false };

    is_axis[axis] = true;
    const kao_tensor lines = kao_tensor_axes(out, is_axis, false), *const ops[] = {
        &lines, in
    };
    kao_walk w;

    kao_walk_init(&w, ops, 2);
    for (bool ok = w.n > 0; ok; ok = kao_walk_next(&w))
        for (int64_t k = 0; k < w.n * depth; k++) {
            const int64_t i = k / depth, at = k % depth;
            const double v = trunc(kao_tensor_number_at(in, w.at[1] + i * w.step[1])),
                         want = v < 0 ? v + (double)depth : v;
            const int64_t to = w.at[0] + i * w.step[0] + at * out->strides[axis];
            const int64_t from = (double)at == want ? values->strides[0] : 0;

            memcpy((uint8_t *)out->data + (size_t)to * size,
                   (const uint8_t *)values->data + (size_t)from * size, size);
        }
}
