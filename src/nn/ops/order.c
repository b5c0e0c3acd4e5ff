/* CumSum, TopK, Trilu, NonZero, Range: numbers in the order of an axis, and places by number.
 * NonZero needs the values of its input to know its shape, so it runs while planning, on
 * NON_ZERO_LIMIT of them at most. */
#include <math.h>
#include <string.h>

#include "nn/ops/ops.h"

/* ---- CumSum ---- */

kao_status kao_op_cum_sum_load(kao_op_loader *l)
{
    kao_cum_sum_param *p = l->param;
    const kao_status st = kao_attr_int(l, "exclusive", 0, &p->exclusive);

    return st ? st : kao_attr_int(l, "reverse", 0, &p->reverse);
}

kao_status kao_op_cum_sum_infer(kao_op_infer *x)
{
    int64_t axis = 0;
    size_t n = 0;
    kao_status st = kao_infer_ints(x, 1, &axis, 1, &n);

    if (!st && n != 1)
        st = kao_fail(x->err, KAO_E_FORMAT, "the axis is no scalar");
    if (!st)
        st =
            kao_infer_axis(x, axis, x->in[0].rank, &((kao_axis_state *)x->state)->axis);
    kao_infer_like(x, 0);
    return st;
}

static void sum_line(const kao_cum_sum_param *p, const kao_tensor *out, int64_t to,
                     int64_t to_step, const kao_tensor *in, int64_t from,
                     int64_t from_step, int64_t n)
{
    const bool real = kao_tensor_is_real(in);
    double sum = 0;
    uint64_t whole = 0;

    for (int64_t k = 0; k < n; k++) {
        const int64_t i = p->reverse ? n - 1 - k : k, at = to + i * to_step;
        const double v = real ? kao_tensor_number_at(in, from + i * from_step) : 0;
        const uint64_t u =
            real ? 0 : (uint64_t)kao_tensor_int_at(in, from + i * from_step);

        if (real)
            kao_tensor_set_number(out, at, p->exclusive ? sum : sum + v);
        else
            kao_tensor_set_int(out, at, (int64_t)(p->exclusive ? whole : whole + u));
        sum += v;
        whole += u;
    }
}

void kao_op_cum_sum_run(const kao_op_call *c)
{
    const int32_t axis = ((const kao_axis_state *)c->state)->axis;
    const kao_tensor *in = &c->in[0], *out = &c->out[0];
    bool is_axis[KAO_MAX_RANK] = { false };

    is_axis[axis] = true;
    const kao_tensor to = kao_tensor_axes(out, is_axis, false),
                     from = kao_tensor_axes(in, is_axis, false),
                     *const ops[] = { &to, &from };
    kao_walk w;

    kao_walk_init(&w, ops, 2);
    for (bool ok = w.n > 0; ok; ok = kao_walk_next(&w))
        for (int64_t i = 0; i < w.n; i++)
            sum_line(c->param, out, w.at[0] + i * w.step[0], out->strides[axis], in,
                     w.at[1] + i * w.step[1], in->strides[axis], in->dims[axis]);
}

/* ---- TopK ---- */

kao_status kao_op_top_k_load(kao_op_loader *l)
{
    kao_top_k_param *p = l->param;
    kao_status st = kao_attr_int(l, "axis", -1, &p->axis);

    if (!st)
        st = kao_attr_int(l, "k", -1, &p->k);
    if (!st)
        st = kao_attr_int(l, "largest", 1, &p->largest);
    return st; /* "sorted" 0 leaves the order open: they come sorted all the same */
}

kao_status kao_op_top_k_infer(kao_op_infer *x)
{
    const kao_top_k_param *p = x->param;
    const kao_tensor *in = &x->in[0];
    int32_t axis = 0;
    int64_t k = p->k;
    size_t n = 1;
    kao_status st = kao_infer_axis(x, p->axis, in->rank, &axis);

    if (!st && x->n_in > 1)
        st = kao_infer_ints(x, 1, &k, 1, &n);
    if (!st && (n != 1 || k < 0 || k > in->dims[axis]))
        st = kao_fail(x->err, KAO_E_FORMAT, "%lld of %lld", (long long)k,
                      (long long)in->dims[axis]);
    if (st)
        return st;
    *(kao_top_k_state *)x->state = (kao_top_k_state){ axis, k };
    kao_infer_like(x, 0);
    x->out[0].dims[axis] = k;
    if (x->n_out > 1) {
        x->out[1] = x->out[0];
        x->out[1].dtype = KAO_I64;
    }
    return KAO_OK;
}

uint64_t kao_op_top_k_work(const kao_tensor *in, const void *param, const void *state)
{
    (void)param;
    return (uint64_t)in->dims[((const kao_top_k_state *)state)->axis];
}

/* -1: a goes first by size, 1: b, 0: they are equal. NaN is larger than all numbers. */
static int order(const kao_tensor *in, int64_t a, int64_t b, bool largest)
{
    int sign = 0;

    if (kao_tensor_is_real(in)) {
        const double u = kao_tensor_number_at(in, a), v = kao_tensor_number_at(in, b);

        sign = u != u || v != v ? (u != u) - (v != v) : (u > v) - (u < v);
    } else {
        const int64_t flip = kao_order_bit(in->dtype),
                      u = kao_tensor_int_at(in, a) ^ flip,
                      v = kao_tensor_int_at(in, b) ^ flip;

        sign = (u > v) - (u < v);
    }
    return largest ? -sign : sign;
}

/* The k-th is the first one of those that come after the (k-1)-th; of equals the one at the
 * lower place is first. */
static void pick_line(const kao_op_call *c, const int64_t *at)
{
    const kao_top_k_param *p = c->param;
    const kao_top_k_state *s = c->state;
    const kao_tensor *in = &c->in[0];
    const int32_t axis = s->axis;
    const int64_t n = in->dims[axis], k = s->k, step = in->strides[axis];
    int64_t last = -1;

    for (int64_t j = 0; j < k; j++) {
        int64_t best = -1;

        for (int64_t i = 0; i < n; i++) {
            const int after = last < 0 ? 1
                                       : order(in, at[1] + i * step,
                                               at[1] + last * step, p->largest != 0);

            if ((after > 0 || (after == 0 && i > last)) &&
                (best < 0 ||
                 order(in, at[1] + i * step, at[1] + best * step, p->largest != 0) < 0))
                best = i;
        }
        last = best;
        if (c->out[0].data) {
            const size_t size = kao_dtype_size((int)in->dtype);

            memcpy((uint8_t *)c->out[0].data +
                       (size_t)(at[0] + j * c->out[0].strides[axis]) * size,
                   (const uint8_t *)in->data + (size_t)(at[1] + best * step) * size,
                   size);
        }
        if (c->n_out > 1 && c->out[1].data)
            ((int64_t *)c->out[1].data)[at[2] + j * c->out[1].strides[axis]] = best;
    }
}

void kao_op_top_k_run(const kao_op_call *c)
{
    const kao_tensor *index = c->n_out > 1 ? &c->out[1] : &c->out[0],
                     *values = kao_tensor_given(&c->out[0]) ? &c->out[0] : index;
    bool is_axis[KAO_MAX_RANK] = { false };

    is_axis[((const kao_top_k_state *)c->state)->axis] = true;
    if (!kao_tensor_given(index))
        index = values;
    const kao_tensor to = kao_tensor_axes(values, is_axis, false),
                     from = kao_tensor_axes(&c->in[0], is_axis, false),
                     places = kao_tensor_axes(index, is_axis, false),
                     *const ops[] = { &to, &from, &places };
    kao_walk w;

    kao_walk_init(&w, ops, 3);
    for (bool ok = w.n > 0; ok; ok = kao_walk_next(&w))
        for (int64_t i = 0; i < w.n; i++) {
            const int64_t at[3] = { w.at[0] + i * w.step[0], w.at[1] + i * w.step[1],
                                    w.at[2] + i * w.step[2] };

            pick_line(c, at);
        }
}

/* ---- Trilu ---- */

kao_status kao_op_trilu_load(kao_op_loader *l)
{
    return kao_attr_int(l, "upper", 1, &((kao_axis_param *)l->param)->axis);
}

kao_status kao_op_trilu_infer(kao_op_infer *x)
{
    if (x->in[0].rank < 2)
        return kao_fail(x->err, KAO_E_FORMAT, "input of rank %d", x->in[0].rank);
    if (kao_infer_has(x, 1) &&
        (x->in[1].dtype != KAO_I64 || kao_tensor_count(&x->in[1]) != 1))
        return kao_fail(x->err, KAO_E_FORMAT, "the diagonal is no int64 scalar");
    return kao_infer_like(x, 0);
}

void kao_op_trilu_run(const kao_op_call *c)
{
    const bool upper = ((const kao_axis_param *)c->param)->axis != 0;
    const kao_tensor *in = &c->in[0], *out = &c->out[0], *k = kao_call_optional(c, 1);
    const int64_t n = kao_tensor_count(in), diagonal = k ? kao_tensor_int_at(k, 0) : 0;
    const size_t size = kao_dtype_size((int)in->dtype);
    const int32_t row = in->rank - 2;
    int64_t index[KAO_MAX_RANK] = { 0 };

    for (int64_t e = 0; e < n; e++) {
        const int64_t to = kao_tensor_offset(out, index),
                      from = kao_tensor_offset(in, index);
        const int64_t right = index[row + 1] - index[row]; /* of the main diagonal */
        const bool stays = upper ? right >= diagonal : right <= diagonal;

        if (stays)
            memcpy((uint8_t *)out->data + (size_t)to * size,
                   (const uint8_t *)in->data + (size_t)from * size, size);
        else
            memset((uint8_t *)out->data + (size_t)to * size, 0, size);
        kao_index_next(index, in->dims, in->rank);
    }
}

/* ---- NonZero ---- */

enum { NON_ZERO_LIMIT = 4096 }; /* elements that planning looks at, for each node */

static bool is_zero(const kao_tensor *t, const int64_t *index)
{
    const int64_t at = kao_tensor_offset(t, index);

    return kao_tensor_is_real(t) ? kao_tensor_number_at(t, at) == 0
                                 : kao_tensor_int_at(t, at) == 0;
}

kao_status kao_op_non_zero_infer(kao_op_infer *x)
{
    const kao_status st = x->need(x, 0);
    const kao_tensor *in = &x->in[0];
    int64_t index[KAO_MAX_RANK] = { 0 }, n = 0;

    if (st)
        return st;
    if (in->rank == 0)
        return kao_fail(x->err, KAO_E_UNSUPPORTED, "a scalar");
    if (kao_tensor_count(in) > NON_ZERO_LIMIT)
        return kao_fail(x->err, KAO_E_LIMIT, "more than %d elements", NON_ZERO_LIMIT);
    for (int64_t k = kao_tensor_count(in); k > 0; k--) {
        n += !is_zero(in, index);
        kao_index_next(index, in->dims, in->rank);
    }
    x->out[0] = (kao_tensor){ .dtype = KAO_I64, .rank = 2, .dims = { in->rank, n } };
    return KAO_OK;
}

void kao_op_non_zero_run(const kao_op_call *c)
{
    const kao_tensor *in = &c->in[0], *out = &c->out[0];
    int64_t index[KAO_MAX_RANK] = { 0 }, n = 0;

    for (int64_t k = kao_tensor_count(in); k > 0; k--) {
        for (int32_t i = 0; i < in->rank && !is_zero(in, index); i++)
            ((int64_t *)out->data)[i * out->strides[0] + n * out->strides[1]] =
                index[i];
        n += !is_zero(in, index);
        kao_index_next(index, in->dims, in->rank);
    }
}

/* ---- Range ---- */

/* Integers on the way from v[0] to v[1] by v[2], which is not 0: int64 has more digits than a
 * double. */
static double count_whole(const int64_t *v)
{
    const bool up = v[2] > 0;
    const uint64_t way = up ? (uint64_t)v[1] - (uint64_t)v[0]
                            : (uint64_t)v[0] - (uint64_t)v[1],
                   step = up ? (uint64_t)v[2] : 0 - (uint64_t)v[2];

    return (up ? v[0] < v[1] : v[0] > v[1]) ? (double)(way / step + (way % step != 0))
                                            : 0;
}

kao_status kao_op_range_infer(kao_op_infer *x)
{
    int64_t whole[3] = { 0 };
    double v[3];

    for (uint32_t i = 0; i < 3; i++) {
        kao_status st = kao_infer_type_is(x, i, x->in[0].dtype);

        if (!st)
            st = x->need(x, i);
        if (!st && kao_tensor_count(&x->in[i]) != 1)
            st = kao_fail(x->err, KAO_E_FORMAT, "input %u is no scalar", i);
        if (st)
            return st;
        v[i] = kao_tensor_number_at(&x->in[i], 0);
        if (!kao_tensor_is_real(&x->in[i]))
            whole[i] = kao_tensor_int_at(&x->in[i], 0);
    }
    const double n = whole[2] ? count_whole(whole) : ceil((v[1] - v[0]) / v[2]);

    if (v[2] == 0 || !(n <= (double)KAO_MAX_ELEMENTS))
        return kao_fail(x->err, KAO_E_LIMIT, "from %g to %g by %g", v[0], v[1], v[2]);
    x->out[0] = (kao_tensor){ .dtype = x->in[0].dtype, .rank = 1 };
    x->out[0].dims[0] = n > 0 ? (int64_t)n : 0;
    return KAO_OK;
}

void kao_op_range_run(const kao_op_call *c)
{
    const kao_tensor *out = &c->out[0];
    const bool real = kao_tensor_is_real(out);

    for (int64_t i = 0; i < out->dims[0]; i++)
        if (real)
            kao_tensor_set_number(out, i * out->strides[0],
                                  kao_tensor_number_at(&c->in[0], 0) +
                                      (double)i * kao_tensor_number_at(&c->in[2], 0));
        else
            kao_tensor_set_int(
                out, i * out->strides[0],
                (int64_t)((uint64_t)kao_tensor_int_at(&c->in[0], 0) +
                          (uint64_t)i * (uint64_t)kao_tensor_int_at(&c->in[2], 0)));
}
