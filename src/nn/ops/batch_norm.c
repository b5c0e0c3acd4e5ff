/* BatchNormalization, inference form: y = scale * (x - mean) / sqrt(var + epsilon) + b.
 *
 * Statistics are per channel. Old exporters wrote spatial=0 although they meant that too
 * (REFERENCE: MXNet), so the attribute is ignored where the statistics have C elements;
 * the specification's own spatial=0, with statistics of shape C x H x W, works as well. */
#include <math.h>

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
    for (uint32_t i = 1; !st && i < l->node->n_out; i++)
        if (l->op->since >= 14 && l->node->out[i] != KAO_NO_VALUE)
            st = kao_fail(l->err, KAO_E_UNSUPPORTED, "outputs of the training form");
    return st;
}

kao_status kao_op_batch_norm_infer(kao_op_infer *x)
{
    const kao_tensor *in = &x->in[0];
    int64_t per_image = 1;

    if (in->rank < 2)
        return kao_fail(x->err, KAO_E_FORMAT, "input of rank %d", in->rank);
    for (int32_t i = 1; i < in->rank; i++)
        per_image *= in->dims[i];
    for (uint32_t i = 1; i < 5; i++) {
        const int64_t n = kao_tensor_count(&x->in[i]);
        const kao_status st = kao_infer_same_type(x, i, KAO_F32);

        if (st)
            return st;
        if ((n != in->dims[1] && n != per_image) || n != kao_tensor_count(&x->in[1]))
            return kao_fail(x->err, KAO_E_FORMAT,
                            "input %u has %lld elements, %lld channels", i,
                            (long long)n, (long long)in->dims[1]);
    }
    for (uint32_t i = 1; i < x->n_out; i++) { /* named by old exporters, never read */
        x->out[i] = x->in[1];
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
    kao_tensor_set_dense(&v); /* statistics are dense, whatever their own rank */
    return v;
}

void kao_op_batch_norm_run(const kao_op_call *c)
{
    const kao_batch_norm_param *p = c->param;
    kao_tensor stats[4];

    for (int i = 0; i < 4; i++)
        stats[i] = spread(&c->in[1 + i], &c->in[0]);
    const kao_tensor *const ops[] = { &c->out[0], &c->in[0], &stats[0] };
    const float *scale = stats[0].data, *b = stats[1].data, *mean = stats[2].data,
                *var = stats[3].data;
    kao_walk w;

    kao_walk_init(&w, ops, 3);
    for (bool ok = w.n > 0; ok; ok = kao_walk_next(&w))
        for (int64_t i = 0; i < w.n; i++) {
            const int64_t at = w.at[2] + i * w.step[2];
            const double x =
                (double)((const float *)c->in[0].data)[w.at[1] + i * w.step[1]];
            const double k =
                (double)scale[at] / sqrt((double)var[at] + (double)p->epsilon);

            ((float *)c->out[0].data)[w.at[0] + i * w.step[0]] =
                (float)(k * (x - (double)mean[at]) + (double)b[at]);
        }
}
