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

/* Outputs of an axis whose window lies in the picture. */
static int64_t inside(int64_t n, int64_t stride, int64_t pad, int64_t span,
                      int64_t size)
{
    const int64_t begin = (pad + stride - 1) / stride, room = size + pad - span;
    const int64_t end = room < 0 ? 0 : room / stride + 1 < n ? room / stride + 1 : n;

    return end > begin ? end - begin : 0;
}

/* Windows that leave the picture are copied before they are used, gaps and all. */
static uint64_t copy_work(const kao_conv *d)
{
    const int64_t y =
        inside(d->oh, d->sy, d->pad_top, (int64_t)(d->kh - 1) * d->dy + 1, d->h);
    const int64_t x =
        inside(d->ow, d->sx, d->pad_left, (int64_t)(d->kw - 1) * d->dx + 1, d->w);
    const int64_t leave = d->n * ((int64_t)d->oh * d->ow - y * x);

    if (kao_conv_is_depthwise(d))
        return 0; /* read where they lie */
    return (uint64_t)leave * (uint64_t)d->kh * (uint64_t)d->c *
           ((uint64_t)(d->kw - 1) * (uint64_t)d->dx + (uint64_t)d->sx);
}

static uint64_t conv_work(const kao_conv *d)
{
    return copy_work(d) +
           (uint64_t)d->n * (uint64_t)d->oh * (uint64_t)d->ow * (uint64_t)d->oc *
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
