/* Softmax, LogSoftmax, Hardmax, LpNormalization: each group of outputs needs its numbers
 * along a set of axes at once. The tensor is seen as two nested walks: the kept axes
 * outside, the others inside. */
#include <math.h>
#include <string.h>

#include "nn/ops/ops.h"

static kao_status load_softmax(kao_op_loader *l, int64_t axis, bool flatten)
{
    kao_softmax_param *p = l->param;

    p->flatten = flatten;
    p->kind = strcmp(l->op->name, "Softmax") == 0      ? KAO_SOFTMAX
              : strcmp(l->op->name, "LogSoftmax") == 0 ? KAO_LOG_SOFTMAX
                                                       : KAO_HARDMAX;
    return kao_attr_int(l, "axis", axis, &p->axis);
}

kao_status kao_op_softmax_load(kao_op_loader *l)
{
    return load_softmax(l, 1, true);
}

kao_status kao_op_softmax13_load(kao_op_loader *l)
{
    return load_softmax(l, -1, false);
}

kao_status kao_op_lp_norm_load(kao_op_loader *l)
{
    kao_lp_norm_param *p = l->param;
    kao_status st = kao_attr_int(l, "axis", -1, &p->axis);

    if (!st)
        st = kao_attr_int(l, "p", 2, &p->p);
    if (!st && p->p != 1 && p->p != 2)
        st = kao_fail(l->err, KAO_E_FORMAT, "p %lld", (long long)p->p);
    return st;
}

/* Numbers along an axis belong together; flatten: along all from this one on, which may
 * then be the rank (each number alone). */
static kao_status infer_along(kao_op_infer *x, int64_t along, bool flatten)
{
    kao_reduce_state *s = x->state;
    const int32_t rank = x->in[0].rank;
    int32_t axis = 0;

    kao_infer_like(x, 0);
    if (flatten && along == rank)
        return KAO_OK;
    const kao_status st = kao_infer_axis(x, along, rank, &axis);

    if (st)
        return st;
    for (int32_t i = axis; i < rank; i++)
        s->reduced[i] = i == axis || flatten;
    return KAO_OK;
}

kao_status kao_op_softmax_infer(kao_op_infer *x)
{
    const kao_softmax_param *p = x->param;

    return infer_along(x, p->axis, p->flatten);
}

kao_status kao_op_lp_norm_infer(kao_op_infer *x)
{
    return infer_along(x, ((const kao_lp_norm_param *)x->param)->axis, false);
}

typedef struct groups { /* outer walk: out, in; inner: the other axes of both */
    kao_walk outer;
    kao_tensor out, in;
} groups;

static groups groups_of(const kao_op_call *c, const bool *reduced)
{
    const kao_tensor out = kao_tensor_axes(&c->out[0], reduced, false);
    const kao_tensor in = kao_tensor_axes(&c->in[0], reduced, false);
    const kao_tensor *const ops[] = { &out, &in };
    groups g = { .out = kao_tensor_axes(&c->out[0], reduced, true),
                 .in = kao_tensor_axes(&c->in[0], reduced, true) };

    kao_walk_init(&g.outer, ops, 2);
    return g;
}

/* The walk over one group's numbers, out and in, from the start. */
static kao_walk inside(const groups *g)
{
    const kao_tensor *const ops[] = { &g->out, &g->in };
    kao_walk w;

    kao_walk_init(&w, ops, 2);
    return w;
}

/* 1 at the first of the largest ones in C order, else 0; a NaN is larger than all numbers. */
static void hard_group(const groups *g, int64_t to, int64_t from)
{
    const int64_t n = kao_tensor_count(&g->in);
    int64_t index[KAO_MAX_RANK] = { 0 }, best_to = to;
    double top = 0;

    for (int64_t k = 0; k < n; k++) {
        const int64_t put = to + kao_tensor_offset(&g->out, index);
        const double v =
            kao_tensor_number_at(&g->in, from + kao_tensor_offset(&g->in, index));

        if (k == 0 || v > top || (v != v && top == top)) {
            top = v;
            best_to = put;
        }
        kao_tensor_set_number(&g->out, put, 0);
        kao_index_next(index, g->in.dims, g->in.rank);
    }
    kao_tensor_set_number(&g->out, best_to, 1);
}

static void soft_group(const groups *g, bool logarithm, int64_t to, int64_t from)
{
    double top = -HUGE_VAL, sum = 0;
    kao_walk w = inside(g);

    for (bool ok = w.n > 0; ok; ok = kao_walk_next(&w))
        for (int64_t i = 0; i < w.n; i++) {
            const double v =
                kao_tensor_number_at(&g->in, from + w.at[1] + i * w.step[1]);

            top = v > top ? v : top;
        }
    w = inside(g);
    for (bool ok = w.n > 0; ok; ok = kao_walk_next(&w))
        for (int64_t i = 0; i < w.n; i++) {
            const double v =
                kao_tensor_number_at(&g->in, from + w.at[1] + i * w.step[1]) - top;

            kao_tensor_set_number(&g->out, to + w.at[0] + i * w.step[0],
                                  logarithm ? v : exp(v));
            sum += exp(v);
        }
    w = inside(g);
    for (bool ok = w.n > 0; ok; ok = kao_walk_next(&w))
        for (int64_t i = 0; i < w.n; i++) {
            const int64_t at = to + w.at[0] + i * w.step[0];
            const double v = kao_tensor_number_at(&g->out, at);

            kao_tensor_set_number(&g->out, at, logarithm ? v - log(sum) : v / sum);
        }
}

void kao_op_softmax_run(const kao_op_call *c)
{
    const kao_softmax_param *p = c->param;
    groups g = groups_of(c, ((const kao_reduce_state *)c->state)->reduced);

    for (bool ok = g.outer.n > 0; ok; ok = kao_walk_next(&g.outer))
        for (int64_t j = 0; j < g.outer.n; j++) {
            const int64_t to = g.outer.at[0] + j * g.outer.step[0],
                          from = g.outer.at[1] + j * g.outer.step[1];

            if (p->kind == KAO_HARDMAX)
                hard_group(&g, to, from);
            else
                soft_group(&g, p->kind == KAO_LOG_SOFTMAX, to, from);
        }
}

/* A zero vector stays zero (the specification divides by it). */
static void lp_group(const groups *g, int64_t p, int64_t to, int64_t from)
{
    double sum = 0;
    kao_walk w = inside(g);

    for (bool ok = w.n > 0; ok; ok = kao_walk_next(&w))
        for (int64_t i = 0; i < w.n; i++) {
            const double v =
                kao_tensor_number_at(&g->in, from + w.at[1] + i * w.step[1]);

            sum += p == 1 ? fabs(v) : v * v;
        }
    const double norm = p == 1 ? sum : sqrt(sum), scale = norm == 0 ? 0 : 1 / norm;

    w = inside(g);
    for (bool ok = w.n > 0; ok; ok = kao_walk_next(&w))
        for (int64_t i = 0; i < w.n; i++)
            kao_tensor_set_number(
                &g->out, to + w.at[0] + i * w.step[0],
                kao_tensor_number_at(&g->in, from + w.at[1] + i * w.step[1]) * scale);
}

void kao_op_lp_norm_run(const kao_op_call *c)
{
    const kao_lp_norm_param *p = c->param;
    groups g = groups_of(c, ((const kao_reduce_state *)c->state)->reduced);

    for (bool ok = g.outer.n > 0; ok; ok = kao_walk_next(&g.outer))
        for (int64_t j = 0; j < g.outer.n; j++)
            lp_group(&g, p->p, g.outer.at[0] + j * g.outer.step[0],
                     g.outer.at[1] + j * g.outer.step[1]);
}
