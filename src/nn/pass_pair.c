/* A convolution whose map is read by one other alone becomes one step with it, where the
 * kernels can run both band by band and expect to gain: the map between stays in the cache.
 * The pair stands where its second convolution stood. */
#include "nn/graph.h"

/* The value that a convolution step makes, if one step alone reads it; else KAO_NO_VALUE. */
static uint32_t private_output(const kao_graph *g, const kao_step *s)
{
    const kao_conv_step *c = s->conv;
    const uint32_t v = c->n_parts > 1 ? c->merged : s->out[0];

    for (uint32_t i = 0; c->n_parts > 1 && i < s->n_out; i++)
        if (g->values[s->out[i]].reads)
            return KAO_NO_VALUE;
    return g->values[v].reads == 1 && !g->values[v].is_output ? v : KAO_NO_VALUE;
}

static bool is_conv(const kao_step *s)
{
    return !s->dead && s->kind == KAO_STEP_CONV && !s->conv->rows_are_pixels;
}

kao_status kao_pass_pair(kao_graph *g)
{
    for (uint32_t i = 0; i < g->n_steps; i++) {
        kao_step *first = &g->steps[i];

        if (!is_conv(first) || first->conv->d.residual != KAO_RES_NONE)
            continue;
        const uint32_t v = private_output(g, first);
        kao_step *second = v == KAO_NO_VALUE ? NULL : kao_graph_only_reader(g, v);

        if (!second || !is_conv(second) || second->in[0] != v ||
            !kao_conv_pair_good(&g->net->kernels, &first->conv->d, &second->conv->d))
            continue;
        second->conv2 = second->conv;
        second->conv = first->conv;
        second->in = first->in;
        second->kind = KAO_STEP_PAIR;
        first->dead = true;
    }
    kao_graph_count_reads(g);
    return KAO_OK;
}
