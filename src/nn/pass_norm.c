/* BatchNormalization: y = k * x + (beta - k * mean), k = gamma / sqrt(var + epsilon).
 *
 * Behind a convolution that nobody else reads it becomes that step's factor and bias for
 * each channel. One that stands alone (before a padded convolution, as in iResNets, where
 * it cannot be folded forward: padding is zero after it) becomes a depthwise convolution
 * of 1x1 with weights of 1, which takes the same factor and bias, and activations behind
 * it later. */
#include <math.h>

#include "nn/graph.h"
#include "nn/ops/ops.h"

static bool has_channel_stats(const kao_graph *g, const kao_step *bn, int64_t channels)
{
    for (uint32_t i = 1; i < 5; i++)
        if (!kao_value_known_f32(g, bn->in[i]) ||
            kao_tensor_count(&g->values[bn->in[i]].t) != channels)
            return false;
    return true;
}

/* Put bn behind what the step computes. */
static kao_status add_norm(kao_graph *g, kao_conv_step *c, const kao_step *bn)
{
    const float epsilon = ((const kao_batch_norm_param *)bn->param)->epsilon;
    const int32_t n = c->d.oc;
    const float *gamma = g->values[bn->in[1]].t.data,
                *beta = g->values[bn->in[2]].t.data;
    const float *mean = g->values[bn->in[3]].t.data, *var = g->values[bn->in[4]].t.data;
    float *scale = kao_arena_calloc(g->scratch, (size_t)n, sizeof *scale);
    float *bias = kao_arena_calloc(g->scratch, (size_t)n, sizeof *bias);

    if (!scale || !bias)
        return kao_graph_no_memory(g);
    for (int32_t i = 0; i < n; i++) {
        const double k = (double)gamma[i] / sqrt((double)var[i] + (double)epsilon);
        const double b = c->bias ? (double)c->bias[i] : 0;

        scale[i] = (float)(k * (c->scale ? (double)c->scale[i] : 1));
        bias[i] = (float)(k * (b - (double)mean[i]) + (double)beta[i]);
    }
    c->scale = scale;
    c->bias = bias;
    c->key = kao_graph_key(g, c->key, bn);
    return KAO_OK;
}

static kao_status fold(kao_graph *g, kao_step *s, kao_step *bn)
{
    const kao_status st = add_norm(g, s->conv, bn);

    if (st)
        return st;
    s->out[0] = bn->out[0];
    s->node = bn->node;
    bn->dead = true;
    return KAO_OK;
}

static kao_status stand_alone(kao_graph *g, kao_step *bn)
{
    const kao_tensor *t = &g->values[bn->in[0]].t;
    const int64_t n = kao_tensor_count(t);

    if (t->rank != 4 || n == 0 || n >= INT32_MAX ||
        !has_channel_stats(g, bn, t->dims[1]))
        return KAO_OK;
    float *ones = kao_arena_calloc(g->scratch, (size_t)t->dims[1], sizeof *ones);
    kao_conv_step *c = ones ? kao_conv_step_new(g, bn, ones, t->dims[1]) : NULL;

    if (!c)
        return kao_graph_no_memory(g);
    for (int64_t i = 0; i < t->dims[1]; i++)
        ones[i] = 1;
    const kao_window one = { .kernel = { 1, 1 },
                             .stride = { 1, 1 },
                             .dilation = { 1, 1 } };

    c->d = kao_conv_of_window(&one, t->dims[1], t, t);
    const kao_status st = add_norm(g, c, bn);

    if (!st)
        kao_step_become_conv(bn, c);
    return st;
}

static bool is_norm(const kao_graph *g, const kao_step *s)
{
    if (!s || s->dead || s->kind != KAO_STEP_GENERIC ||
        s->op->kind != KAO_OP_BATCH_NORM || s->out[0] == KAO_NO_VALUE)
        return false;
    for (uint32_t i = 1; i < s->n_out; i++) /* the statistics again */
        if (s->out[i] != KAO_NO_VALUE && g->values[s->out[i]].reads)
            return false;
    return true;
}

/* Whether the channels of the step are axis 1, which the norm works along: the columns of a
 * matrix product are its last axis. */
static bool makes_axis_1(const kao_graph *g, const kao_step *s)
{
    const kao_tensor *t = &g->values[s->out[0]].t;

    return t->dims[1] == s->conv->d.oc && (!s->conv->rows_are_pixels || t->rank == 2);
}

kao_status kao_pass_norm(kao_graph *g)
{
    kao_status st = KAO_OK;

    for (uint32_t i = 0; !st && i < g->n_steps; i++) {
        kao_step *s = &g->steps[i];

        if (s->dead || s->kind != KAO_STEP_CONV)
            continue;
        kao_step *bn = kao_graph_only_reader(g, s->out[0]);

        if (is_norm(g, bn) && bn->in[0] == s->out[0] && makes_axis_1(g, s) &&
            has_channel_stats(g, bn, s->conv->d.oc))
            st = fold(g, s, bn);
    }
    for (uint32_t i = 0; !st && i < g->n_steps; i++)
        if (is_norm(g, &g->steps[i]) && (g->passes & KAO_PASS_CONV))
            st = stand_alone(g, &g->steps[i]);
    kao_graph_count_reads(g);
    return st;
}
