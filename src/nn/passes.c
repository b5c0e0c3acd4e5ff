/* The order of the passes, and the one that only removes steps. */
#include "nn/graph.h"

static const char *const pass_names[] = { "fold", "conv",     "norm",
                                          "act",  "residual", "heads",
                                          "view", "group",    "winograd" };

const char *kao_pass_name(int bit)
{
    return bit >= 0 && (size_t)bit < sizeof pass_names / sizeof pass_names[0]
               ? pass_names[bit]
               : NULL;
}

/* Identity and Dropout whose output nobody outside sees: readers take the input. */
static bool is_transparent(const kao_graph *g, const kao_step *s)
{
    if (s->op->kind != KAO_OP_IDENTITY || s->out[0] == KAO_NO_VALUE ||
        (g->trains && s->op->train) || g->values[s->out[0]].is_output)
        return false;
    for (uint32_t i = 1; i < s->n_out; i++)
        if (s->out[i] != KAO_NO_VALUE && g->values[s->out[i]].reads)
            return false;
    return true;
}

static bool is_wanted(const kao_step *s, const bool *wanted)
{
    for (uint32_t i = 0; i < s->n_out; i++)
        if (s->out[i] != KAO_NO_VALUE && wanted[s->out[i]])
            return true;
    return false;
}

/* Steps that no output of the graph depends on: backwards, so that readers go first. */
static void drop_unwanted(kao_graph *g, bool *wanted)
{
    for (uint32_t v = 0; v < g->n_values; v++)
        wanted[v] = g->values[v].is_output;
    for (uint32_t i = g->n_steps; i-- > 0;) {
        kao_step *s = &g->steps[i];

        s->dead |= !is_wanted(s, wanted);
        for (uint32_t k = 0; !s->dead && k < s->n_in; k++)
            if (s->in[k] != KAO_NO_VALUE)
                wanted[s->in[k]] = true;
    }
}

/* Drop what is transparent, or read by nobody. */
kao_status kao_pass_fold(kao_graph *g)
{
    uint32_t *same = kao_arena_calloc(g->scratch, g->n_values, sizeof *same);
    bool *wanted = kao_arena_calloc(g->scratch, g->n_values, sizeof *wanted);

    if (!same || !wanted)
        return kao_graph_no_memory(g);
    for (uint32_t v = 0; v < g->n_values; v++)
        same[v] = v;
    for (uint32_t i = 0; i < g->n_steps; i++) {
        kao_step *s = &g->steps[i];

        for (uint32_t k = 0; k < s->n_in; k++)
            if (s->in[k] != KAO_NO_VALUE)
                s->in[k] = same[s->in[k]];
        if (!s->dead && is_transparent(g, s)) {
            same[s->out[0]] = s->in[0];
            s->dead = true;
        }
    }
    drop_unwanted(g, wanted);
    kao_graph_count_reads(g);
    return KAO_OK;
}

kao_status kao_graph_optimise(kao_graph *g)
{
    static const struct {
        uint32_t bits;
        kao_status (*run)(kao_graph *g);
    } passes[] = {
        { KAO_PASS_FOLD, kao_pass_fold },
        { KAO_PASS_CONV, kao_pass_conv },
        { KAO_PASS_NORM, kao_pass_norm },
        { KAO_PASS_ACT | KAO_PASS_RESIDUAL, kao_pass_epilogue },
        { KAO_PASS_HEADS, kao_pass_heads },
        { KAO_PASS_GROUP, kao_pass_group },
    };
    kao_status st = KAO_OK;

    for (size_t i = 0; !st && i < sizeof passes / sizeof passes[0]; i++)
        if (g->passes & passes[i].bits)
            st = passes[i].run(g);
    return st;
}
