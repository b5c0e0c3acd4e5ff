/* InstanceNormalization, GroupNormalization, LayerNormalization: y = scale * (x - mean) /
 * sqrt(var + epsilon) + bias over a set of axes of each group; and LRN, over near channels.
 *
 * GroupNormalization sees its channels as two axes, groups and channels in them; scale and
 * bias are broadcast, as views with strides of 0. */
#include <math.h>
#include <string.h>

#include "nn/ops/ops.h"

static kao_status load_epsilon(kao_op_loader *l)
{
    kao_norm_param *p = l->param;

    return kao_attr_float(l, "epsilon", 1e-5f, &p->epsilon);
}

kao_status kao_op_instance_norm_load(kao_op_loader *l)
{
    return load_epsilon(l);
}

kao_status kao_op_group_norm_load(kao_op_loader *l)
{
    kao_norm_param *p = l->param;
    kao_status st = load_epsilon(l);

    p->scale_by_group = l->op->since < 21;
    if (!st)
        st = kao_attr_int(l, "num_groups", 0, &p->groups);
    if (!st && p->groups < 1)
        st = kao_fail(l->err, KAO_E_FORMAT, "num_groups %lld", (long long)p->groups);
    return st;
}

kao_status kao_op_layer_norm_load(kao_op_loader *l)
{
    kao_norm_param *p = l->param;
    kao_status st = load_epsilon(l);

    return st ? st : kao_attr_int(l, "axis", -1, &p->axis);
}

/* Scale and bias: n numbers each, of the input's type. */
static kao_status check_lists(kao_op_infer *x, int64_t n)
{
    for (uint32_t i = 1; i < 3; i++) {
        const kao_status st = kao_infer_type_is(x, i, x->in[0].dtype);

        if (st)
            return st;
        if (x->in[i].rank != 1 || x->in[i].dims[0] != n)
            return kao_fail(x->err, KAO_E_FORMAT, "input %u is not a list of %lld", i,
                            (long long)n);
    }
    return kao_infer_like(x, 0);
}

kao_status kao_op_instance_norm_infer(kao_op_infer *x)
{
    if (x->in[0].rank < 2)
        return kao_fail(x->err, KAO_E_FORMAT, "input of rank %d", x->in[0].rank);
    return check_lists(x, x->in[0].dims[1]);
}

kao_status kao_op_group_norm_infer(kao_op_infer *x)
{
    const kao_norm_param *p = x->param;
    const kao_tensor *in = &x->in[0];

    if (in->rank < 2 || in->rank >= KAO_MAX_RANK || in->dims[1] % p->groups)
        return kao_fail(x->err, KAO_E_FORMAT, "input of rank %d, %lld channels in %lld",
                        in->rank, (long long)(in->rank > 1 ? in->dims[1] : 0),
                        (long long)p->groups);
    return check_lists(x, p->scale_by_group ? p->groups : in->dims[1]);
}

kao_status kao_op_layer_norm_infer(kao_op_infer *x)
{
    const kao_norm_param *p = x->param;
    const kao_tensor *in = &x->in[0];
    int32_t axis = 0;
    kao_status st = kao_infer_axis(x, p->axis, in->rank, &axis);

    kao_infer_like(x, 0);
    for (uint32_t i = 1; !st && i < x->n_in; i++) {
        if (!kao_infer_has(x, i))
            continue;
        st = kao_infer_type_is(x, i, in->dtype);
        if (!st)
            st = kao_infer_broadcast(x, &x->in[i]);
        if (!st && !kao_tensor_same_dims(&x->out[0], in))
            st = kao_fail(x->err, KAO_E_FORMAT, "input %u does not fit the first", i);
    }
    for (uint32_t i = 1; i < x->n_out; i++) {
        kao_tensor *t = &x->out[i];

        *t = *in;
        for (int32_t d = axis; !st && d < in->rank; d++)
            t->dims[d] = 1;
        t->dtype = in->dtype;
        t->data = NULL;
    }
    ((kao_axis_state *)x->state)->axis = axis;
    return st;
}

typedef struct norm {                /* tensors of the same dims */
    kao_tensor out, in, scale, bias; /* bias: without data where there is none */
    kao_tensor mean, inverse;        /* to write, without data: not wanted */
    bool inside[KAO_MAX_RANK];       /* the axes that are normalised together */
    double epsilon;
} norm;

static void one_group(const norm *n, const kao_tensor *inner, const int64_t *at,
                      double *mean, double *inverse)
{
    const kao_tensor *const sum_of[] = { &inner[1] };
    const kao_tensor *const all[] = { &inner[0], &inner[1], &inner[2], &inner[3] };
    const double count = (double)kao_tensor_count(&inner[1]);
    double sum = 0, squares = 0;
    kao_walk w;

    kao_walk_init(&w, sum_of, 1);
    for (bool ok = w.n > 0; ok; ok = kao_walk_next(&w))
        for (int64_t i = 0; i < w.n; i++)
            sum += kao_tensor_number_at(&n->in, at[1] + w.at[0] + i * w.step[0]);
    *mean = sum / count;
    kao_walk_init(&w, sum_of, 1);
    for (bool ok = w.n > 0; ok; ok = kao_walk_next(&w))
        for (int64_t i = 0; i < w.n; i++) {
            const double d =
                kao_tensor_number_at(&n->in, at[1] + w.at[0] + i * w.step[0]) - *mean;

            squares += d * d;
        }
    *inverse = 1 / sqrt(squares / count + n->epsilon);
    kao_walk_init(&w, all, 4);
    for (bool ok = w.n > 0 && n->out.data; ok; ok = kao_walk_next(&w))
        for (int64_t i = 0; i < w.n; i++) {
            const double v =
                kao_tensor_number_at(&n->in, at[1] + w.at[1] + i * w.step[1]);
            const double k =
                kao_tensor_number_at(&n->scale, at[2] + w.at[2] + i * w.step[2]);
            const double b =
                n->bias.data
                    ? kao_tensor_number_at(&n->bias, at[3] + w.at[3] + i * w.step[3])
                    : 0;

            kao_tensor_set_number(&n->out, at[0] + w.at[0] + i * w.step[0],
                                  k * (v - *mean) * *inverse + b);
        }
}

static void normalise(const norm *n)
{
    const kao_tensor *const t[6] = { &n->out,  &n->in,   &n->scale,
                                     &n->bias, &n->mean, &n->inverse };
    kao_tensor outer[6], inner[4];
    kao_walk w;

    for (int i = 0; i < 6; i++)
        outer[i] = kao_tensor_axes(t[i], n->inside, false);
    for (int i = 0; i < 4; i++)
        inner[i] = kao_tensor_axes(t[i], n->inside, true);
    const kao_tensor *const ops[6] = { &outer[0], &outer[1], &outer[2],
                                       &outer[3], &outer[4], &outer[5] };

    kao_walk_init(&w, ops, 6);
    for (bool ok = w.n > 0; ok; ok = kao_walk_next(&w))
        for (int64_t j = 0; j < w.n; j++) {
            int64_t at[6];
            double mean = 0, inverse = 0;

            for (int i = 0; i < 6; i++)
                at[i] = w.at[i] + j * w.step[i];
            one_group(n, inner, at, &mean, &inverse);
            if (n->mean.data)
                kao_tensor_set_number(&n->mean, at[4], mean);
            if (n->inverse.data)
                kao_tensor_set_number(&n->inverse, at[5], inverse);
        }
}

/* A list as a tensor of t's dims: its numbers go with axis `axis`, `step` apart. */
static kao_tensor along(const kao_tensor *list, const kao_tensor *t, int32_t axis,
                        int64_t step)
{
    kao_tensor v = *t;

    v.data = list->data;
    memset(v.strides, 0, sizeof v.strides);
    v.strides[axis] = list->strides[0] * step;
    return v;
}

static kao_tensor nothing_like(const kao_tensor *t)
{
    kao_tensor v = *t;

    v.data = NULL;
    return v;
}

void kao_op_instance_norm_run(const kao_op_call *c)
{
    const kao_norm_param *p = c->param;
    norm n = { .out = c->out[0],
               .in = c->in[0],
               .scale = along(&c->in[1], &c->in[0], 1, 1),
               .bias = along(&c->in[2], &c->in[0], 1, 1),
               .mean = nothing_like(&c->in[0]),
               .inverse = nothing_like(&c->in[0]),
               .epsilon = (double)p->epsilon };

    for (int32_t i = 2; i < n.in.rank; i++)
        n.inside[i] = true;
    normalise(&n);
}

/* The channels as two axes: groups, and channels in them. */
static kao_tensor by_groups(const kao_tensor *t, int64_t groups)
{
    kao_tensor v = *t;

    memmove(v.dims + 2, t->dims + 1, (size_t)(t->rank - 1) * sizeof *v.dims);
    memmove(v.strides + 2, t->strides + 1, (size_t)(t->rank - 1) * sizeof *v.strides);
    v.rank++;
    v.dims[1] = groups;
    v.dims[2] = t->dims[1] / groups;
    v.strides[1] = v.dims[2] * t->strides[1];
    return v;
}

void kao_op_group_norm_run(const kao_op_call *c)
{
    const kao_norm_param *p = c->param;
    const kao_tensor in = by_groups(&c->in[0], p->groups);
    norm n = { .out = by_groups(&c->out[0], p->groups),
               .in = in,
               .scale = along(&c->in[1], &in, 1, p->scale_by_group ? 1 : in.dims[2]),
               .bias = along(&c->in[2], &in, 1, p->scale_by_group ? 1 : in.dims[2]),
               .mean = nothing_like(&in),
               .inverse = nothing_like(&in),
               .epsilon = (double)p->epsilon };

    if (!p->scale_by_group) {
        n.scale.strides[2] = c->in[1].strides[0];
        n.bias.strides[2] = c->in[2].strides[0];
    }
    for (int32_t i = 2; i < in.rank; i++)
        n.inside[i] = true;
    normalise(&n);
}

void kao_op_layer_norm_run(const kao_op_call *c)
{
    const kao_norm_param *p = c->param;
    const kao_tensor *in = &c->in[0], *bias = kao_call_optional(c, 2);
    norm n = { .out = c->out[0].data ? c->out[0] : nothing_like(in),
               .in = *in,
               .scale = kao_tensor_spread(&c->in[1], in),
               .bias = bias ? kao_tensor_spread(bias, in) : nothing_like(in),
               .mean = c->n_out > 1 && c->out[1].data ? c->out[1] : nothing_like(in),
               .inverse = c->n_out > 2 && c->out[2].data ? c->out[2] : nothing_like(in),
               .epsilon = (double)p->epsilon };

    for (int32_t i = ((const kao_axis_state *)c->state)->axis; i < in->rank; i++)
        n.inside[i] = true;
    normalise(&n);
}

/* ---- LRN ---- */

kao_status kao_op_lrn_load(kao_op_loader *l)
{
    kao_lrn_param *p = l->param;
    kao_status st = kao_attr_float(l, "alpha", 1e-4f, &p->alpha);

    if (!st)
        st = kao_attr_float(l, "beta", 0.75f, &p->beta);
    if (!st)
        st = kao_attr_float(l, "bias", 1, &p->bias);
    if (!st)
        st = kao_attr_int(l, "size", 0, &p->size);
    if (!st && (p->size < 1 || p->size > INT32_MAX))
        st = kao_fail(l->err, KAO_E_FORMAT, "size %lld", (long long)p->size);
    return st;
}

kao_status kao_op_lrn_infer(kao_op_infer *x)
{
    if (x->in[0].rank < 2)
        return kao_fail(x->err, KAO_E_FORMAT, "input of rank %d", x->in[0].rank);
    return kao_infer_like(x, 0);
}

uint64_t kao_op_lrn_work(const kao_tensor *in, const void *param, const void *state)
{
    const int64_t size = ((const kao_lrn_param *)param)->size;

    (void)state;
    return (uint64_t)(size < in->dims[1] ? size : in->dims[1]);
}

/* y = x / (bias + alpha / size * the sum of squares of `size` channels around)^beta */
void kao_op_lrn_run(const kao_op_call *c)
{
    static const bool channel[KAO_MAX_RANK] = { false, true };
    const kao_lrn_param *p = c->param;
    const kao_tensor *in = &c->in[0], *out = &c->out[0];
    const kao_tensor to = kao_tensor_axes(out, channel, false),
                     from = kao_tensor_axes(in, channel, false);
    const kao_tensor *const ops[] = { &to, &from };
    const int64_t n = in->dims[1], before = (p->size - 1) / 2,
                  after = p->size - 1 - before;
    const double scale = (double)p->alpha / (double)p->size;
    kao_walk w;

    kao_walk_init(&w, ops, 2);
    for (bool ok = w.n > 0; ok; ok = kao_walk_next(&w))
        for (int64_t k = 0; k < w.n * n; k++) {
            const int64_t i = k / n, ch = k % n, base = w.at[1] + i * w.step[1];
            const int64_t first = ch > before ? ch - before : 0,
                          last = n - 1 - ch > after ? ch + after : n - 1;
            double squares = 0;

            for (int64_t j = first; j <= last; j++) {
                const double v = kao_tensor_number_at(in, base + j * in->strides[1]);

                squares += v * v;
            }
            kao_tensor_set_number(
                out, w.at[0] + i * w.step[0] + ch * out->strides[1],
                kao_tensor_number_at(in, base + ch * in->strides[1]) /
                    pow((double)p->bias + scale * squares, (double)p->beta));
        }
}
