/* Concat along channels without a copy: where every part is made by a step that can write
 * at a pitch, and nobody else reads it, the parts are made in place.
 *
 *   conv ─┐                         conv ── channels 0..63  ┐
 *   conv ─┼─ Concat ── reader   =>  conv ── channels 64..95 ┼ one value ── reader
 *   pool ─┘                         pool ── channels 96..   ┘
 *
 * Parts begin on 16 channels, so that vectors stay within one cache line. This is a
 * matter of places, not of steps: it runs when roots and strides are given out. */
#include "nn/graph.h"
#include "nn/ops/ops.h"

enum { JOIN_STEP = 16 };

/* A step whose one output may lie at any pitch. */
static bool writes_at_pitch(const kao_step *s)
{
    const kao_conv_step *c = kao_step_last_conv(s);

    if (s->dead)
        return false;
    if (s->kind == KAO_STEP_CONV)
        return !c->rows_are_pixels && c->n_parts == 1;
    return s->kind == KAO_STEP_GENERIC && s->n_out == 1 &&
           s->op->layout == KAO_LAYOUT_LAST;
}

static bool is_part(const kao_graph *g, uint32_t v, int64_t channel)
{
    const kao_value *x = &g->values[v];

    return !kao_value_known(g, v) && !x->is_input && !x->is_output && x->reads == 1 &&
           x->maker != KAO_NO_VALUE && writes_at_pitch(&g->steps[x->maker]) &&
           channel % JOIN_STEP == 0;
}

static bool can_join(const kao_graph *g, const kao_step *s)
{
    const kao_tensor *out = &g->values[s->out[0]].t;
    int64_t channel = 0;

    if (s->dead || s->kind != KAO_STEP_GENERIC || s->op->kind != KAO_OP_CONCAT ||
        ((const kao_axis_state *)s->state)->axis != 1 || out->rank != 4 ||
        out->dtype != KAO_F32 || kao_tensor_count(out) >= INT32_MAX)
        return false;
    for (uint32_t i = 0; i < s->n_in; i++) {
        if (s->in[i] == KAO_NO_VALUE || !is_part(g, s->in[i], channel))
            return false;
        channel += g->values[s->in[i]].t.dims[1];
    }
    return true;
}

void kao_place_joins(kao_graph *g)
{
    for (uint32_t k = 0; k < g->n_steps; k++) {
        kao_step *s = &g->steps[k];
        int64_t channel = 0;

        if (!can_join(g, s))
            continue;
        kao_tensor *out = &g->values[s->out[0]].t;

        kao_tensor_set_channels_last(out);
        for (uint32_t i = 0; i < s->n_in; i++) {
            kao_value *part = &g->values[s->in[i]];

            part->joined = true;
            part->root = s->out[0];
            part->offset = channel;
            for (int32_t d = 0; d < 4; d++)
                part->t.strides[d] = out->strides[d];
            channel += part->t.dims[1];
        }
        g->values[s->out[0]].joined = true;
        s->kind = KAO_STEP_VIEW;
    }
}
