/* A convolution whose map is read by one other alone becomes one step with it, where the
 * kernels can run both in bands of rows and expect to gain: the map between stays in the
 * cache. The group stands where its last convolution stood. */
#include "nn/graph.h"

enum { MOST_STAGES = 8 };

/* The value that a convolution step makes, if one step alone reads it; else KAO_NO_VALUE. */
static uint32_t private_output(const kao_graph *g, const kao_step *s)
{
    const kao_conv_step *c = kao_step_last_conv(s);
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

/* Whether the stages of s and the convolution behind it make a good group. */
static bool is_good(const kao_step *s, const kao_conv_step *behind)
{
    const kao_conv *stages[MOST_STAGES];
    int32_t n = 0;

    for (const kao_conv_step *c = s->conv; c; c = c->next) {
        if (n == MOST_STAGES - 1)
            return false;
        stages[n++] = &c->d;
    }
    stages[n++] = &behind->d;
    return kao_conv_group_good(stages, n);
}

kao_status kao_pass_group(kao_graph *g)
{
    for (uint32_t i = 0; i < g->n_steps; i++) {
        kao_step *s = &g->steps[i];

        if (!is_conv(s))
            continue;
        const uint32_t v = private_output(g, s);
        kao_step *reader = v == KAO_NO_VALUE ? NULL : kao_graph_only_reader(g, v);

        if (!reader || !is_conv(reader) || reader->in[0] != v ||
            !is_good(s, reader->conv))
            continue;
        kao_step_last_conv(s)->next = reader->conv;
        reader->conv = s->conv;
        reader->in = s->in;
        s->dead = true;
    }
    kao_graph_count_reads(g);
    return KAO_OK;
}
