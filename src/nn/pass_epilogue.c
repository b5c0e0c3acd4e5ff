/* Activations and residual adds move into the epilogue of the convolution before them.
 *
 *   conv -> Relu                     one step
 *   conv -> PRelu -> Add(x)          one step, add after the activation (Darknet)
 *   conv -> Add(x) -> Relu           one step, add before it (ResNet)
 *   conv -> (Sigmoid, self) -> Mul   SiLU
 *
 * The fused step takes the place of the last step it swallows, where all its inputs exist. */
#include <math.h>

#include "nn/graph.h"
#include "nn/ops/ops.h"

/* The conv step moves into reader's slot and makes reader's output. */
static kao_step *swallow(const kao_graph *g, kao_step *conv, kao_step *reader)
{
    uint32_t *out = reader->out;
    const uint32_t node = reader->node;
    const uint64_t key = kao_graph_key(g, conv->conv->key, reader);

    *reader = *conv;
    reader->out = out;
    reader->node = node;
    reader->conv->key = key;
    conv->dead = true;
    return reader;
}

static bool set_clamp(kao_conv *d, float lo, float hi)
{
    d->act = KAO_ACT_CLAMP;
    d->lo = lo;
    d->hi = hi;
    return true;
}

static bool bound_of(const kao_graph *g, const kao_step *s, uint32_t i, float *to)
{
    if (i >= s->n_in || s->in[i] == KAO_NO_VALUE)
        return true;
    if (!kao_value_known(g, s->in[i]) || g->values[s->in[i]].t.dtype != KAO_F32)
        return false;
    *to = *(const float *)g->values[s->in[i]].t.data;
    return *to == *to; /* a NaN is no bound: what it does is left to the generic form */
}

static bool set_clip(const kao_graph *g, kao_conv *d, const kao_step *s)
{
    const kao_clip_param *p = s->param;
    float lo = p->lo, hi = p->hi;

    return bound_of(g, s, 1, &lo) && bound_of(g, s, 2, &hi) && set_clamp(d, lo, hi);
}

static float *slopes(kao_graph *g, const kao_conv_step *c)
{
    return kao_arena_calloc(g->scratch, (size_t)c->d.oc, sizeof(float));
}

static kao_status set_leaky(kao_graph *g, kao_conv_step *c, const kao_step *s, bool *ok)
{
    float *slope = slopes(g, c);

    if (!slope)
        return kao_graph_no_memory(g);
    for (int32_t i = 0; i < c->d.oc; i++)
        slope[i] = ((const kao_leaky_param *)s->param)->alpha;
    c->slope = slope;
    c->d.act = KAO_ACT_SLOPE;
    *ok = true;
    return KAO_OK;
}

static kao_status set_prelu(kao_graph *g, kao_conv_step *c, const kao_step *s, bool *ok)
{
    const kao_tensor *t = &g->values[s->in[1]].t, *out = &g->values[s->out[0]].t;

    if (!kao_value_known(g, s->in[1]) || t->dtype != KAO_F32 ||
        !kao_tensor_is_dense(t) || (c->rows_are_pixels && out->rank != 2) ||
        !kao_prelu_is_by_channel(t, out, s->state))
        return KAO_OK;
    float *slope = slopes(g, c);

    if (!slope)
        return kao_graph_no_memory(g);
    for (int32_t i = 0; i < c->d.oc; i++)
        slope[i] = ((const float *)t->data)[kao_tensor_count(t) == 1 ? 0 : i];
    c->slope = slope;
    c->d.act = KAO_ACT_SLOPE;
    *ok = true;
    return KAO_OK;
}

static kao_status fuse_act(kao_graph *g, kao_step *conv, const kao_step *s, bool *ok)
{
    kao_conv *d = &conv->conv->d;

    *ok = false;
    if (d->act != KAO_ACT_NONE || d->residual == KAO_RES_AFTER_ACT ||
        s->in[0] != conv->out[0])
        return KAO_OK;
    switch (s->op->kind) {
    case KAO_OP_RELU:
        *ok = set_clamp(d, 0, INFINITY);
        return KAO_OK;
    case KAO_OP_CLIP:
        *ok = set_clip(g, d, s);
        return KAO_OK;
    case KAO_OP_LEAKY_RELU:
        return set_leaky(g, conv->conv, s, ok);
    case KAO_OP_PRELU:
        return set_prelu(g, conv->conv, s, ok);
    case KAO_OP_SIGMOID:
        d->act = KAO_ACT_SIGMOID;
        *ok = true;
        return KAO_OK;
    default:
        return KAO_OK;
    }
}

static bool fuse_residual(const kao_graph *g, kao_step *conv, const kao_step *s)
{
    kao_conv *d = &conv->conv->d;

    if (s->op->kind != KAO_OP_ADD || d->residual != KAO_RES_NONE ||
        s->in[0] == s->in[1])
        return false;
    const uint32_t other = s->in[0] == conv->out[0] ? s->in[1] : s->in[0];

    if (kao_value_known(g, other) ||
        !kao_tensor_same_dims(&g->values[other].t, &g->values[conv->out[0]].t))
        return false;
    d->residual = d->act == KAO_ACT_NONE ? KAO_RES_BEFORE_ACT : KAO_RES_AFTER_ACT;
    conv->conv->residual = other;
    return true;
}

/* conv's output is read by a Sigmoid and by the Mul that joins them: returns the Mul. */
static kao_step *find_silu(kao_graph *g, const kao_step *conv, kao_step **sigmoid)
{
    const uint32_t v = conv->out[0];

    if (conv->conv->d.act != KAO_ACT_NONE ||
        conv->conv->d.residual == KAO_RES_AFTER_ACT || g->values[v].reads != 2 ||
        g->values[v].is_output || g->values[v].reader[0] == KAO_NO_VALUE)
        return NULL;
    kao_step *s = &g->steps[g->values[v].reader[0]];

    if (s->dead || s->kind != KAO_STEP_GENERIC || s->op->kind != KAO_OP_SIGMOID ||
        s->in[0] != v)
        return NULL;
    kao_step *mul = kao_graph_only_reader(g, s->out[0]);

    if (!mul || mul->kind != KAO_STEP_GENERIC || mul->op->kind != KAO_OP_MUL ||
        (mul->in[0] != v && mul->in[1] != v))
        return NULL;
    *sigmoid = s;
    return mul;
}

/* One fusion if there is one; *conv is then the step that came out. */
static kao_status fuse_once(kao_graph *g, kao_step **conv, bool *fused)
{
    kao_step *reader = kao_graph_only_reader(g, (*conv)->out[0]), *sigmoid = NULL;
    kao_status st = KAO_OK;

    *fused = false;
    if (!reader && (g->passes & KAO_PASS_ACT)) {
        kao_step *mul = find_silu(g, *conv, &sigmoid);

        if (mul) {
            (*conv)->conv->d.act = KAO_ACT_SILU;
            sigmoid->dead = true;
            *conv = swallow(g, *conv, mul);
            *fused = true;
        }
        return KAO_OK;
    }
    if (!reader || reader->kind != KAO_STEP_GENERIC)
        return KAO_OK;
    if (g->passes & KAO_PASS_ACT)
        st = fuse_act(g, *conv, reader, fused);
    if (!st && !*fused && (g->passes & KAO_PASS_RESIDUAL))
        *fused = fuse_residual(g, *conv, reader);
    if (*fused)
        *conv = swallow(g, *conv, reader);
    return st;
}

kao_status kao_pass_epilogue(kao_graph *g)
{
    kao_status st = KAO_OK;

    for (uint32_t i = 0; !st && i < g->n_steps; i++) {
        kao_step *s = &g->steps[i];
        bool fused = true;

        while (!st && fused && s->kind == KAO_STEP_CONV && !s->dead) {
            st = fuse_once(g, &s, &fused);
            if (fused) /* the maker has moved */
                g->values[s->out[0]].maker = (uint32_t)(s - g->steps);
        }
    }
    kao_graph_count_reads(g);
    return st;
}
