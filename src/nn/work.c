/* What a step costs, counted while planning, so that a file cannot ask for years.
 *
 * The unit is one multiply-add of a packed convolution, or one element that another kernel
 * touches. A multiply-add or element of a generic form counts KAO_GENERIC_WORK of them:
 * those forms read strided views, one number at a time, in one thread, summed in double.
 * Measured on an AVX-512 machine, one thread, a layer of mobilefacenet_128_paddle takes 55
 * (depthwise) to 270 times (1x1) as long by its generic form.
 */
#include "nn/ops/ops.h"
#include "nn/plan.h"

static uint64_t taps_of(const kao_window *w)
{
    uint64_t n = 1;

    for (int i = 0; i < 2; i++)
        n *= (uint64_t)(w->kernel[i] < w->in[i] ? w->kernel[i] : w->in[i]);
    return n;
}

/* What one element of the output costs. */
static uint64_t work_each(const kao_graph *g, const kao_step *s)
{
    const kao_tensor *a = &g->values[s->in[0]].t;

    switch (s->op->kind) {
    case KAO_OP_CONV:
        return (uint64_t)(g->values[s->in[1]].t.dims[1]) *
               taps_of(&((const kao_conv_state *)s->state)->window);
    case KAO_OP_MAX_POOL:
    case KAO_OP_AVERAGE_POOL:
        return taps_of(&((const kao_pool_state *)s->state)->window);
    case KAO_OP_MATMUL:
        return (uint64_t)a->dims[a->rank - 1];
    case KAO_OP_GEMM:
        return (uint64_t)a->dims[((const kao_gemm_param *)s->param)->trans_a ? 0 : 1];
    case KAO_OP_RESIZE:
        return ((const kao_resize_param *)s->param)->linear ? 1u << a->rank : 1;
    default:
        return 1;
    }
}

static uint64_t elements(const kao_graph *g, const uint32_t *values, uint32_t n)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < n; i++)
        if (values[i] != KAO_NO_VALUE)
            sum += (uint64_t)kao_tensor_count(&g->values[values[i]].t);
    return sum;
}

uint64_t kao_step_work(const kao_graph *g, const kao_step *s)
{
    const bool several = s->op && s->n_in && s->in[0] != KAO_NO_VALUE;
    const uint64_t each = several ? work_each(g, s) : 1;
    uint64_t work = 0;

    return __builtin_mul_overflow(elements(g, s->out, s->n_out), each ? each : 1,
                                  &work) ||
                   __builtin_add_overflow(work, elements(g, s->in, s->n_in), &work)
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

    if (s->conv)
        return conv_work(&s->conv->d) + (s->conv2 ? conv_work(&s->conv2->d) : 0);
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
