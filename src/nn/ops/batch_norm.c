/* BatchNormalization, inference form: y = scale * (x - mean) / sqrt(var + epsilon) + b.
 *
 * Statistics are per channel. Old exporters (MXNet) wrote spatial=0 although they meant
 * that too, so the attribute is ignored where the statistics have C elements;
 * the specification's own spatial=0, with statistics of shape C x H x W, works as well. */
#include <math.h>
#include <string.h>

#include "nn/ops/ops.h"

kao_status kao_op_batch_norm_load(kao_op_loader *l)
{
    kao_batch_norm_param *p = l->param;
    int64_t training = 0;
    kao_status st = kao_attr_float(l, "epsilon", 1e-5f, &p->epsilon);

    if (!st)
        st = kao_attr_int(l, "training_mode", 0, &training);
    if (!st && training)
        st = kao_fail(l->err, KAO_E_UNSUPPORTED, "training_mode 1");
    return st;
}

/* Whether the numbers of t can be read as (1, C, 1 ...), or as (1, C, H, W), whatever its
 * strides are: a list, one long axis, or those dimensions. */
static bool is_statistic(const kao_tensor *t, const kao_tensor *in)
{
    const int64_t n = kao_tensor_count(t);
    kao_tensor image = *in;

    image.rank--;
    memmove(image.dims, in->dims + 1, (size_t)image.rank * sizeof *in->dims);
    for (int32_t i = 0; i < t->rank; i++)
        if (t->dims[i] == n && n == in->dims[1])
            return true;
    return kao_tensor_same_dims(t, &image) ||
           (t->rank == 1 && n == kao_tensor_count(&image));
}

kao_status kao_op_batch_norm_infer(kao_op_infer *x)
{
    const kao_tensor *in = &x->in[0];

    if (in->rank < 2)
        return kao_fail(x->err, KAO_E_FORMAT, "input of rank %d", in->rank);
    for (uint32_t i = 1; i < 5; i++) {
        const int64_t n = kao_tensor_count(&x->in[i]);
        const kao_status st = kao_infer_type_is(x, i, in->dtype);

        if (st)
            return st;
        if (!is_statistic(&x->in[i], in) || n != kao_tensor_count(&x->in[1]))
            return kao_fail(x->err, KAO_E_FORMAT,
                            "input %u has %lld elements, %lld channels", i,
                            (long long)n, (long long)in->dims[1]);
    }
    for (uint32_t i = 1; i < x->n_out; i++) {
        x->out[i] = x->in[3 + (i + 1) % 2];
        x->out[i].data = NULL;
    }
    return kao_infer_like(x, 0);
}

/* Statistics as a tensor that broadcasts against the input. */
static kao_tensor spread(const kao_tensor *stat, const kao_tensor *in)
{
    kao_tensor v = *in;
    const bool per_channel = kao_tensor_count(stat) == in->dims[1];

    v.data = stat->data;
    v.dims[0] = 1;
    for (int32_t i = 2; per_channel && i < in->rank; i++)
        v.dims[i] = 1;
    kao_tensor_view_as(stat, &v, v.strides); /* it can: see is_statistic */
    return v;
}

/* Outputs 1 to 4, which old exporters name: mean and variance, running and saved. Inference
 * leaves them as they are. */
static void copy_stats(const kao_op_call *c)
{
    for (uint32_t i = 1; i < c->n_out; i++)
        if (c->out[i].data)
            kao_tensor_copy(&c->out[i], &c->in[3 + (i + 1) % 2]);
}

void kao_op_batch_norm_run(const kao_op_call *c)
{
    const kao_batch_norm_param *p = c->param;
    kao_tensor stats[4];

    copy_stats(c);
    if (!c->out[0].data)
        return;
    for (int i = 0; i < 4; i++)
        stats[i] = spread(&c->in[1 + i], &c->in[0]);
    const kao_tensor *const ops[] = { &c->out[0], &c->in[0], &stats[0],
                                      &stats[1],  &stats[2], &stats[3] };
    kao_walk w;

    kao_walk_init(&w, ops, 6);
    for (bool ok = w.n > 0; ok; ok = kao_walk_next(&w))
        for (int64_t i = 0; i < w.n; i++) {
            double v[5]; /* x, scale, b, mean, variance */

            for (int k = 0; k < 5; k++)
                v[k] = kao_tensor_real_at(ops[k + 1], w.at[k + 1] + i * w.step[k + 1]);
            const double k = v[1] / sqrt(v[4] + (double)p->epsilon);

            kao_tensor_set_real(&c->out[0], w.at[0] + i * w.step[0],
                                k * (v[0] - v[3]) + v[2]);
        }
}
