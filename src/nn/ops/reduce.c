/* ReduceMean and its kin, the pools of whole maps, ArgMax, ArgMin: each output needs a set of
 * axes at once. The tensor is seen as two nested walks: the kept axes outside, the reduced
 * ones inside. What is summed is a line of a table. */
#include <math.h>
#include <string.h>

#include "kernels/pool.h"
#include "nn/lower.h"
#include "nn/ops/ops.h"

/* ---- what is summed ---- */

static double plus(double sum, double v)
{
    return sum + v;
}

static double plus_absolute(double sum, double v)
{
    return sum + fabs(v);
}

static double plus_square(double sum, double v)
{
    return sum + v * v;
}

static double times(double product, double v)
{
    return product * v;
}

static double larger(double top, double v) /* NaN wins */
{
    return v > top || v != v ? v : top;
}

static double smaller(double low, double v)
{
    return v < low || v != v ? v : low;
}

static int64_t plus_whole(int64_t sum, int64_t v)
{
    return (int64_t)((uint64_t)sum + (uint64_t)v);
}

static int64_t plus_absolute_whole(int64_t sum, int64_t v)
{
    return (int64_t)((uint64_t)sum + (v < 0 ? 0 - (uint64_t)v : (uint64_t)v));
}

static int64_t plus_square_whole(int64_t sum, int64_t v)
{
    return (int64_t)((uint64_t)sum + (uint64_t)v * (uint64_t)v);
}

static int64_t times_whole(int64_t product, int64_t v)
{
    return (int64_t)((uint64_t)product * (uint64_t)v);
}

static int64_t larger_whole(int64_t top, int64_t v)
{
    return v > top ? v : top;
}

static int64_t smaller_whole(int64_t low, int64_t v)
{
    return v < low ? v : low;
}

struct kao_reducer {
    const char *op;
    double (*add)(double sum, double v);
    double
        start; /* what nothing gives; of an integer type or bool what is nearest to it */
    int64_t (*whole)(int64_t sum, int64_t v);
    kao_reduce_end end;
};

/* clang-format off */
static const kao_reducer reducers[] = {
    { "GlobalAveragePool",  plus,          0,         plus_whole, KAO_REDUCE_MEAN },
    { "GlobalMaxPool",      larger,        -HUGE_VAL, larger_whole, KAO_REDUCE_SUM },
    { "ReduceL1",           plus_absolute, 0,         plus_absolute_whole, KAO_REDUCE_SUM },
    { "ReduceL2",           plus_square,   0,         plus_square_whole, KAO_REDUCE_ROOT },
    { "ReduceLogSum",       plus,          0,         plus_whole, KAO_REDUCE_LOG },
    { "ReduceLogSumExp",    plus,          0,         plus_whole, KAO_REDUCE_LOG_EXP },
    { "ReduceMax",          larger,        -HUGE_VAL, larger_whole, KAO_REDUCE_SUM },
    { "ReduceMean",         plus,          0,         plus_whole, KAO_REDUCE_MEAN },
    { "ReduceMin",          smaller,       HUGE_VAL,  smaller_whole, KAO_REDUCE_SUM },
    { "ReduceProd",         times,         1,         times_whole, KAO_REDUCE_SUM },
    { "ReduceSum",          plus,          0,         plus_whole, KAO_REDUCE_SUM },
    { "ReduceSumSquare",    plus_square,   0,         plus_square_whole, KAO_REDUCE_SUM },
};
/* clang-format on */

/* ---- shapes ---- */

kao_status kao_op_global_pool_load(kao_op_loader *l)
{
    const kao_reducer *r = reducers;

    while (strcmp(r->op, l->op->name) != 0) /* each row that loads so has its line */
        r++;
    ((kao_reduce_param *)l->param)->how = r;
    return KAO_OK;
}

kao_status kao_op_reduce_load(kao_op_loader *l)
{
    kao_reduce_param *p = l->param;
    kao_status st = kao_op_global_pool_load(l);

    if (!st)
        st = kao_attr_ints(l, "axes", p->axes, KAO_MAX_RANK, &p->n_axes);

    return st ? st : kao_attr_int(l, "keepdims", 1, &p->keepdims);
}

kao_status kao_op_reduce18_load(kao_op_loader *l)
{
    kao_reduce_param *p = l->param;
    kao_status st = kao_op_global_pool_load(l);

    p->axes_input = true;
    if (!st)
        st = kao_attr_int(l, "keepdims", 1, &p->keepdims);
    return st ? st : kao_attr_int(l, "noop_with_empty_axes", 0, &p->noop_empty);
}

kao_status kao_op_reduce_infer(kao_op_infer *x)
{
    const kao_reduce_param *p = x->param;
    kao_reduce_state *s = x->state;
    const kao_tensor *in = &x->in[0];
    int64_t axes[KAO_MAX_RANK];
    size_t n = p->n_axes;

    memcpy(axes, p->axes, sizeof axes);
    if (p->axes_input && x->n_in > 1 && kao_tensor_given(&x->in[1])) {
        const kao_status st = kao_infer_ints(x, 1, axes, KAO_MAX_RANK, &n);

        if (st)
            return st;
    }
    for (int32_t i = 0; i < in->rank; i++)
        s->reduced[i] = n == 0 && !p->noop_empty;
    for (size_t i = 0; i < n; i++) {
        int32_t axis = 0;
        const kao_status st = kao_infer_axis(x, axes[i], in->rank, &axis);

        if (st)
            return st;
        s->reduced[axis] = true;
    }
    s->keepdims = p->keepdims != 0;
    x->out[0].dtype = in->dtype;
    x->out[0].rank = 0;
    for (int32_t i = 0; i < in->rank; i++)
        if (!s->reduced[i])
            x->out[0].dims[x->out[0].rank++] = in->dims[i];
        else if (s->keepdims)
            x->out[0].dims[x->out[0].rank++] = 1;
    return KAO_OK;
}

kao_status kao_op_global_pool_infer(kao_op_infer *x)
{
    kao_reduce_state *s = x->state;

    if (x->in[0].rank < 3)
        return kao_fail(x->err, KAO_E_FORMAT, "input of rank %d", x->in[0].rank);
    kao_infer_like(x, 0);
    s->keepdims = true;
    for (int32_t i = 2; i < x->in[0].rank; i++) {
        s->reduced[i] = true;
        x->out[0].dims[i] = 1;
    }
    return KAO_OK;
}

/* ---- runs ---- */

/* The largest number of a group, from which exponents are counted; 0 where it is not
 * finite, as then the plain sum is right. */
static double top_of(const kao_tensor *inner, int64_t from)
{
    const kao_tensor *const ops[] = { inner };
    double top = -HUGE_VAL;
    kao_walk w;

    kao_walk_init(&w, ops, 1);
    for (bool ok = w.n > 0; ok; ok = kao_walk_next(&w))
        for (int64_t i = 0; i < w.n; i++)
            top = larger(top,
                         kao_tensor_number_at(inner, from + w.at[0] + i * w.step[0]));
    return isfinite(top) ? top : 0;
}

static double reduced(const kao_reducer *r, const kao_tensor *inner, int64_t from)
{
    const kao_tensor *const ops[] = { inner };
    const bool by_exp = r->end == KAO_REDUCE_LOG_EXP;
    const double top = by_exp ? top_of(inner, from) : 0;
    double sum = r->start;
    kao_walk w;

    kao_walk_init(&w, ops, 1);
    for (bool ok = w.n > 0; ok; ok = kao_walk_next(&w))
        for (int64_t i = 0; i < w.n; i++) {
            const double v =
                kao_tensor_number_at(inner, from + w.at[0] + i * w.step[0]);

            sum = r->add(sum, by_exp ? exp(v - top) : v);
        }
    switch (r->end) {
    case KAO_REDUCE_MEAN:
        return sum / (double)kao_tensor_count(inner);
    case KAO_REDUCE_ROOT:
        return sqrt(sum);
    case KAO_REDUCE_LOG:
        return log(sum);
    case KAO_REDUCE_LOG_EXP:
        return log(sum) + top;
    default: /* of bools: only of none, as others are whole */
        return inner->dtype == KAO_BOOL ? sum > 0 : sum;
    }
}

/* Integers of more digits than a double has: their own sums. */
static int64_t reduced_whole(const kao_reducer *r, const kao_tensor *inner,
                             int64_t from)
{
    const kao_tensor *const ops[] = { inner };
    const int64_t flip = isinf(r->start) ? kao_order_bit(inner->dtype) : 0;
    int64_t sum = r->start < 0   ? INT64_MIN
                  : r->start > 1 ? INT64_MAX
                                 : (int64_t)r->start;
    kao_walk w;

    kao_walk_init(&w, ops, 1);
    for (bool ok = w.n > 0; ok; ok = kao_walk_next(&w))
        for (int64_t i = 0; i < w.n; i++)
            sum = r->whole(
                sum, kao_tensor_int_at(inner, from + w.at[0] + i * w.step[0]) ^ flip);
    return sum ^ flip;
}

void kao_op_reduce_run(const kao_op_call *c)
{
    const kao_reducer *r = ((const kao_reduce_param *)c->param)->how;
    const kao_reduce_state *s = c->state;
    const kao_tensor in = kao_tensor_axes(&c->in[0], s->reduced, false);
    const kao_tensor inner = kao_tensor_axes(&c->in[0], s->reduced, true);
    const bool whole = !kao_tensor_is_real(&in) && r->end == KAO_REDUCE_SUM &&
                       kao_tensor_count(&inner) > 0;
    kao_tensor out = c->out[0];

    if (s->keepdims) /* its reduced axes are of size 1: drop them */
        out = kao_tensor_axes(&c->out[0], s->reduced, false);
    const kao_tensor *const ops[] = { &out, &in };
    kao_walk o;

    kao_walk_init(&o, ops, 2);
    for (bool ok = o.n > 0; ok; ok = kao_walk_next(&o))
        for (int64_t j = 0; j < o.n; j++) {
            const int64_t to = o.at[0] + j * o.step[0], from = o.at[1] + j * o.step[1];

            if (whole)
                kao_tensor_set_int(&out, to, reduced_whole(r, &inner, from));
            else
                kao_tensor_set_number(&out, to, reduced(r, &inner, from));
        }
}

/* ---- ArgMax, ArgMin ---- */

kao_status kao_op_arg_load(kao_op_loader *l)
{
    kao_arg_param *p = l->param;
    kao_status st = kao_attr_int(l, "axis", 0, &p->axis);

    p->smallest = strcmp(l->op->name, "ArgMin") == 0;
    if (!st)
        st = kao_attr_int(l, "keepdims", 1, &p->keepdims);
    return st ? st : kao_attr_int(l, "select_last_index", 0, &p->last);
}

kao_status kao_op_arg_infer(kao_op_infer *x)
{
    const kao_arg_param *p = x->param;
    kao_axis_state *s = x->state;
    const kao_tensor *in = &x->in[0];
    const kao_status st = kao_infer_axis(x, p->axis, in->rank, &s->axis);

    if (st)
        return st;
    if (in->dims[s->axis] == 0)
        return kao_fail(x->err, KAO_E_FORMAT, "the largest of nothing");
    x->out[0] = (kao_tensor){ .dtype = KAO_I64 };
    for (int32_t i = 0; i < in->rank; i++)
        if (i != s->axis)
            x->out[0].dims[x->out[0].rank++] = in->dims[i];
        else if (p->keepdims)
            x->out[0].dims[x->out[0].rank++] = 1;
    return KAO_OK;
}

/* Whether element `at` goes before `best`; a NaN goes before all numbers. */
static bool wins(const kao_arg_param *p, const kao_tensor *in, int64_t at, int64_t best)
{
    if (kao_tensor_is_real(in)) {
        const double v = kao_tensor_number_at(in, at),
                     b = kao_tensor_number_at(in, best);

        if (b != b)
            return p->last && v != v;
        return v != v || (p->smallest ? v < b : v > b) || (p->last && v == b);
    }
    const int64_t flip = kao_order_bit(in->dtype), v = kao_tensor_int_at(in, at) ^ flip,
                  b = kao_tensor_int_at(in, best) ^ flip;

    return (p->smallest ? v < b : v > b) || (p->last && v == b);
}

void kao_op_arg_run(const kao_op_call *c)
{
    const kao_arg_param *p = c->param;
    const int32_t axis = ((const kao_axis_state *)c->state)->axis;
    bool is_axis[KAO_MAX_RANK] = { false };

    is_axis[axis] = true;
    const kao_tensor in = kao_tensor_axes(&c->in[0], is_axis, false),
                     out = p->keepdims ? kao_tensor_axes(&c->out[0], is_axis, false)
                                       : c->out[0],
                     *const ops[] = { &out, &in };
    const int64_t n = c->in[0].dims[axis], step = c->in[0].strides[axis];
    kao_walk w;

    kao_walk_init(&w, ops, 2);
    for (bool ok = w.n > 0; ok; ok = kao_walk_next(&w))
        for (int64_t j = 0; j < w.n; j++) {
            const int64_t from = w.at[1] + j * w.step[1];
            int64_t best = 0;

            for (int64_t i = 1; i < n; i++)
                if (wins(p, &in, from + i * step, from + best * step))
                    best = i;
            ((int64_t *)out.data)[w.at[0] + j * w.step[0]] = best;
        }
}

/* ---- kernels ---- */

/* A whole map as one window: the pools, and ReduceMean and ReduceMax over rows and columns. */
kao_status kao_op_reduce_lower(kao_op_lower *x)
{
    static const bool map[KAO_MAX_RANK] = { false, false, true, true };
    const kao_reducer *r = ((const kao_reduce_param *)x->param)->how;
    const kao_tensor *in = &x->in[0];
    int64_t pitch = 0;

    if (in->dtype != KAO_F32 || (r->end != KAO_REDUCE_MEAN && r->add != larger) ||
        memcmp(((const kao_reduce_state *)x->state)->reduced, map, sizeof map) != 0)
        return KAO_OK;
    if (in->rank != 4 || !kao_tensor_is_channels_last(in, &pitch) ||
        !kao_tensor_is_dense(&x->out[0]) || kao_tensor_count(in) == 0 ||
        kao_tensor_count(in) >= INT32_MAX)
        return KAO_OK;
    const int32_t h = (int32_t)in->dims[2], w = (int32_t)in->dims[3],
                  c = (int32_t)in->dims[1];
    const kao_pooling d = { .kind =
                                r->add == larger ? KAO_POOLING_MAX : KAO_POOLING_AVG,
                            .n = (int32_t)in->dims[0],
                            .h = h,
                            .w = w,
                            .c = c,
                            .oh = 1,
                            .ow = 1,
                            .kh = h,
                            .kw = w,
                            .sy = 1,
                            .sx = 1,
                            .dy = 1,
                            .dx = 1,
                            .in_stride = (int32_t)pitch,
                            .out_stride = c };

    return kao_lower_to(x, KAO_KERNEL_POOL, &d, sizeof d);
}
