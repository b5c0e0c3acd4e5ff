/* What a step costs, counted while planning, so that a file cannot ask for years.
 *
 * The unit is one multiply-add of a packed convolution, or one element that another kernel
 * touches. A multiply-add or element of a generic form counts KAO_GENERIC_WORK of them:
 * those forms read strided views, one number at a time, in one thread, summed in double.
 * Measured on an AVX-512 machine, one thread, a layer of mobilefacenet_128_paddle takes 55
 * (depthwise) to 270 times (1x1) as long by its generic form.
 */
#include "nn/plan.h"

static uint64_t elements(const kao_graph *g, const uint32_t *values, uint32_t n)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < n; i++)
        if (values[i] != KAO_NO_VALUE)
            sum += (uint64_t)kao_tensor_count(&g->values[values[i]].t);
    return sum;
}

bool kao_step_makes_any(const kao_graph *g, const kao_step *s)
{
    return elements(g, s->out, s->n_out) > 0;
}

uint64_t kao_step_work(const kao_graph *g, const kao_step *s)
{
    const bool asks = s->op && s->op->work;
    const uint64_t each =
        asks ? s->op->work(&g->values[s->in[0]].t, s->param, s->state) : 1;
    const uint64_t read =
        s->op && s->op->reads_dims_only ? 0 : elements(g, s->in, s->n_in);
    uint64_t work = 0;

    return __builtin_mul_overflow(elements(g, s->out, s->n_out), each ? each : 1,
                                  &work) ||
                   __builtin_add_overflow(work, read, &work)
               ? UINT64_MAX
               : work;
}

static uint64_t conv_work(const kao_conv *d)
{
    return (uint64_t)d->n * (uint64_t)d->oh * (uint64_t)d->ow * (uint64_t)d->oc *
           ((uint64_t)d->kh * (uint64_t)d->kw * (uint64_t)(d->c / d->groups));
}

static uint64_t entry_work(const kao_graph *g, const kao_step *s, kao_kernel_id kernel)
{
    uint64_t work = 0;

    for (const kao_conv_step *c = s->conv; c; c = c->next)
        work += conv_work(&c->d);
    if (s->conv)
        return work;
    work = kao_step_work(g, s);
    return kernel == KAO_KERNEL_GENERIC &&
                   __builtin_mul_overflow(work, KAO_GENERIC_WORK, &work)
               ? UINT64_MAX
               : work;
}

kao_status kao_plan_count_work(kao_plan *plan, kao_graph *g, const kao_step *s,
                               kao_kernel_id kernel)
{
    const uint64_t most = kao_graph_max_work(g), work = entry_work(g, s, kernel);
    char text[160];

    if (work > most || plan->work > most - work) {
        kao_fail(g->err, KAO_E_LIMIT,
                 "the network asks for more than %llu multiply-adds",
                 (unsigned long long)most);
        return kao_error_prefix(
            g->err, KAO_E_LIMIT, "%s",
            kao_network_node_text(g->net, s->node, text, sizeof text));
    }
    plan->work += work;
    return KAO_OK;
}
