/* ReduceMean, GlobalAveragePool, Softmax, LpNormalization: each output (or each group of
 * outputs) needs a set of axes at once. The tensor is seen as two nested walks: the kept
 * axes outside, the reduced ones inside. */
#include <math.h>
#include <string.h>

#include "kernels/pool.h"
#include "nn/lower.h"
#include "nn/ops/ops.h"

/* ---- shapes ---- */

kao_status kao_op_reduce_load(kao_op_loader *l)
{
    kao_reduce_param *p = l->param;
    kao_status st = kao_attr_ints(l, "axes", p->axes, KAO_MAX_RANK, &p->n_axes);

    return st ? st : kao_attr_int(l, "keepdims", 1, &p->keepdims);
}

kao_status kao_op_reduce18_load(kao_op_loader *l)
{
    kao_reduce_param *p = l->param;
    kao_status st = kao_attr_int(l, "keepdims", 1, &p->keepdims);

    p->axes_input = true;
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

kao_status kao_op_softmax_load(kao_op_loader *l)
{
    kao_softmax_param *p = l->param;

    p->flatten = true;
    return kao_attr_int(l, "axis", 1, &p->axis);
}

kao_status kao_op_softmax13_load(kao_op_loader *l)
{
    kao_softmax_param *p = l->param;

    return kao_attr_int(l, "axis", -1, &p->axis);
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

/* ---- walks ---- */

/* The kept (or the reduced) axes of t alone. */
static kao_tensor axes_of(const kao_tensor *t, const bool *reduced, bool want)
{
    kao_tensor v = { .dtype = t->dtype, .data = t->data };

    for (int32_t i = 0; i < t->rank; i++)
        if (reduced[i] == want) {
            v.dims[v.rank] = t->dims[i];
            v.strides[v.rank++] = t->strides[i];
        }
    return v;
}

typedef struct groups { /* outer walk: out, in; inner: the reduced axes of both */
    kao_walk outer;
    kao_tensor inner_out, inner_in;
} groups;

static groups groups_of(const kao_op_call *c, const bool *reduced)
{
    const kao_tensor out = axes_of(&c->out[0], reduced, false);
    const kao_tensor in = axes_of(&c->in[0], reduced, false);
    const kao_tensor *const ops[] = { &out, &in };
    groups g = { .inner_out = axes_of(&c->out[0], reduced, true),
                 .inner_in = axes_of(&c->in[0], reduced, true) };

    kao_walk_init(&g.outer, ops, 2);
    return g;
}

void kao_op_reduce_mean_run(const kao_op_call *c)
{
    const kao_reduce_state *s = c->state;
    const kao_tensor in = axes_of(&c->in[0], s->reduced, false);
    const kao_tensor inner = axes_of(&c->in[0], s->reduced, true);
    kao_tensor out = c->out[0];
    const double n = (double)kao_tensor_count(&inner);

    if (s->keepdims) /* its reduced axes are of size 1: drop them */
        out = axes_of(&c->out[0], s->reduced, false);
    const kao_tensor *const outer_ops[] = { &out, &in }, *const inner_ops[] = {
        &inner
    };
    kao_walk o;

    kao_walk_init(&o, outer_ops, 2);
    for (bool ok = o.n > 0; ok; ok = kao_walk_next(&o))
        for (int64_t j = 0; j < o.n; j++) {
            const float *base = (const float *)in.data + o.at[1] + j * o.step[1];
            double sum = 0;
            kao_walk w;

            kao_walk_init(&w, inner_ops, 1);
            for (bool more = w.n > 0; more; more = kao_walk_next(&w))
                for (int64_t i = 0; i < w.n; i++)
                    sum += (double)base[w.at[0] + i * w.step[0]];
            ((float *)out.data)[o.at[0] + j * o.step[0]] = (float)(sum / n);
        }
}

static void softmax_group(const groups *g, float *dst, const float *src)
{
    const kao_tensor *const ops[] = { &g->inner_out, &g->inner_in };
    float top = -INFINITY;
    double sum = 0;
    kao_walk w;

    kao_walk_init(&w, ops, 2);
    for (bool ok = w.n > 0; ok; ok = kao_walk_next(&w))
        for (int64_t i = 0; i < w.n; i++) {
            const float v = src[w.at[1] + i * w.step[1]];

            top = v > top ? v : top;
        }
    kao_walk_init(&w, ops, 2);
    for (bool ok = w.n > 0; ok; ok = kao_walk_next(&w))
        for (int64_t i = 0; i < w.n; i++) {
            const float e = expf(src[w.at[1] + i * w.step[1]] - top);

            dst[w.at[0] + i * w.step[0]] = e;
            sum += (double)e;
        }
    kao_walk_init(&w, ops, 2);
    for (bool ok = w.n > 0; ok; ok = kao_walk_next(&w))
        for (int64_t i = 0; i < w.n; i++) {
            float *e = &dst[w.at[0] + i * w.step[0]];

            *e = (float)((double)*e / sum);
        }
}

void kao_op_softmax_run(const kao_op_call *c)
{
    const kao_reduce_state *s = c->state;
    groups g = groups_of(c, s->reduced);

    for (bool ok = g.outer.n > 0; ok; ok = kao_walk_next(&g.outer))
        for (int64_t j = 0; j < g.outer.n; j++)
            softmax_group(
                &g, (float *)c->out[0].data + g.outer.at[0] + j * g.outer.step[0],
                (const float *)c->in[0].data + g.outer.at[1] + j * g.outer.step[1]);
}

/* A zero vector stays zero (the specification divides by it). */
static void lp_group(const groups *g, int64_t p, float *dst, const float *src)
{
    const kao_tensor *const ops[] = { &g->inner_out, &g->inner_in };
    double sum = 0;
    kao_walk w;

    kao_walk_init(&w, ops, 2);
    for (bool ok = w.n > 0; ok; ok = kao_walk_next(&w))
        for (int64_t i = 0; i < w.n; i++) {
            const double v = (double)src[w.at[1] + i * w.step[1]];

            sum += p == 1 ? fabs(v) : v * v;
        }
    const double norm = p == 1 ? sum : sqrt(sum), scale = norm == 0 ? 0 : 1 / norm;

    kao_walk_init(&w, ops, 2);
    for (bool ok = w.n > 0; ok; ok = kao_walk_next(&w))
        for (int64_t i = 0; i < w.n; i++)
            dst[w.at[0] + i * w.step[0]] =
                (float)((double)src[w.at[1] + i * w.step[1]] * scale);
}

void kao_op_lp_norm_run(const kao_op_call *c)
{
    const kao_lp_norm_param *p = c->param;
    const kao_reduce_state *s = c->state;
    groups g = groups_of(c, s->reduced);

    for (bool ok = g.outer.n > 0; ok; ok = kao_walk_next(&g.outer))
        for (int64_t j = 0; j < g.outer.n; j++)
            lp_group(
                &g, p->p, (float *)c->out[0].data + g.outer.at[0] + j * g.outer.step[0],
                (const float *)c->in[0].data + g.outer.at[1] + j * g.outer.step[1]);
}

/* ---- GlobalAveragePool as a kernel ---- */

kao_status kao_op_global_pool_lower(kao_op_lower *x)
{
    const kao_tensor *in = &x->in[0];
    int64_t pitch = 0;

    if (in->rank != 4 || !kao_tensor_is_channels_last(in, &pitch) ||
        kao_tensor_count(in) == 0 || kao_tensor_count(in) >= INT32_MAX)
        return KAO_OK;
    const int32_t h = (int32_t)in->dims[2], w = (int32_t)in->dims[3],
                  c = (int32_t)in->dims[1];
    const kao_pooling d = { .kind = KAO_POOLING_AVG,
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
