/* Conv, Gemm and MatMul with constant weights become convolution steps, which run on packed
 * channels-last kernels.
 *
 * A matrix product is a 1x1 convolution over a picture of one row: M pixels, K channels.
 * Weights are not changed here: a step carries a factor and a bias for each output channel,
 * which packing applies. */
#include <string.h>

#include "nn/graph.h"
#include "nn/ops/ops.h"

bool kao_value_known_f32(const kao_graph *g, uint32_t v)
{
    return kao_value_known(g, v) && g->values[v].t.dtype == KAO_F32 &&
           kao_tensor_is_dense(&g->values[v].t);
}

/* An optional input that is absent or a known dense f32 tensor. */
static bool usable_optional(const kao_graph *g, const kao_step *s, uint32_t i)
{
    return i >= s->n_in || s->in[i] == KAO_NO_VALUE || kao_value_known_f32(g, s->in[i]);
}

static bool fits(const kao_tensor *t)
{
    const int64_t n = kao_tensor_count(t);

    return n > 0 && n < INT32_MAX;
}

/* The kernels keep the patch of 16 windows in scratch. */
static bool has_small_patch(const kao_window *w, int64_t channels)
{
    enum { PATCH = 1 << 26 };
    int64_t reach = 1;

    for (int i = 0; i < 2; i++)
        reach *= (w->kernel[i] - 1) * w->dilation[i] + 16 * w->stride[i];
    return reach <= PATCH / channels;
}

kao_conv_step *kao_conv_step_new(kao_graph *g, const kao_step *s, const float *weight,
                                 int64_t oc)
{
    kao_conv_step *c = kao_arena_calloc(g->scratch, 1, sizeof *c);
    const float **part = kao_arena_calloc(g->scratch, 1, sizeof *part);
    int64_t *rows = kao_arena_calloc(g->scratch, 1, sizeof *rows);

    if (!c || !part || !rows)
        return NULL;
    part[0] = weight;
    rows[0] = oc;
    *c = (kao_conv_step){ .n_parts = 1,
                          .weight = part,
                          .rows = rows,
                          .residual = KAO_NO_VALUE,
                          .merged = KAO_NO_VALUE,
                          .key = kao_graph_key(g, 0, s) };
    return c;
}

kao_conv_step *kao_step_last_conv(const kao_step *s)
{
    kao_conv_step *c = s->conv;

    while (c && c->next)
        c = c->next;
    return c;
}

void kao_step_become_conv(kao_step *s, kao_conv_step *c)
{
    s->kind = KAO_STEP_CONV;
    s->conv = c;
    s->n_in = s->n_out = 1;
}

static kao_status lower_conv(kao_graph *g, kao_step *s)
{
    const kao_conv_param *p = s->param;
    const kao_window *w = &((const kao_conv_state *)s->state)->window;
    const kao_tensor *in = &g->values[s->in[0]].t, *out = &g->values[s->out[0]].t;

    if (!kao_value_known_f32(g, s->in[1]) || !usable_optional(g, s, 2) || !fits(in) ||
        !fits(out) || !fits(&g->values[s->in[1]].t) || in->rank != 4 ||
        p->group > INT32_MAX || !kao_window_is_sane(w) ||
        !has_small_patch(w, in->dims[1]))
        return KAO_OK;
    kao_conv_step *c =
        kao_conv_step_new(g, s, g->values[s->in[1]].t.data, out->dims[1]);

    if (!c)
        return kao_graph_no_memory(g);
    if (s->n_in > 2 && s->in[2] != KAO_NO_VALUE)
        c->bias = g->values[s->in[2]].t.data;
    c->d = kao_conv_of_window(w, p->group, in, out);
    kao_step_become_conv(s, c);
    return KAO_OK;
}

/* C of a Gemm as one number a column: absent, scalar, or a row. */
static bool is_row(const kao_tensor *c, int64_t n)
{
    const int64_t count = kao_tensor_count(c);

    return count == 1 || (count == n && c->rank > 0 && c->dims[c->rank - 1] == n);
}

static kao_status lower_gemm(kao_graph *g, kao_step *s)
{
    const kao_gemm_param *p = s->param;
    const kao_tensor *in = &g->values[s->in[0]].t, *out = &g->values[s->out[0]].t;
    const int64_t n = out->dims[1];
    const bool has_c = s->n_in > 2 && s->in[2] != KAO_NO_VALUE;

    if (p->trans_a || !kao_value_known_f32(g, s->in[1]) || !usable_optional(g, s, 2) ||
        !fits(in) || !fits(out) || (has_c && !is_row(&g->values[s->in[2]].t, n)))
        return KAO_OK;
    kao_conv_step *c = kao_conv_step_new(g, s, g->values[s->in[1]].t.data, n);
    float *scale = kao_arena_calloc(g->scratch, (size_t)n, sizeof *scale);
    float *bias = kao_arena_calloc(g->scratch, (size_t)n, sizeof *bias);

    if (!c || !scale || !bias)
        return kao_graph_no_memory(g);
    for (int64_t i = 0; i < n; i++) {
        const kao_tensor *t = has_c ? &g->values[s->in[2]].t : NULL;

        scale[i] = p->alpha;
        bias[i] =
            t ? p->beta * ((const float *)t->data)[kao_tensor_count(t) == 1 ? 0 : i]
              : 0;
    }
    c->d = kao_conv_of_rows(in->dims[0], in->dims[1], n);
    c->scale = p->alpha == 1 ? NULL : scale;
    c->bias = bias;
    c->transposed = !p->trans_b;
    c->rows_are_pixels = true;
    kao_step_become_conv(s, c);
    return KAO_OK;
}

static kao_status lower_matmul(kao_graph *g, kao_step *s)
{
    const kao_tensor *in = &g->values[s->in[0]].t, *w = &g->values[s->in[1]].t,
                     *out = &g->values[s->out[0]].t;

    if (!kao_value_known_f32(g, s->in[1]) || w->rank != 2 || in->rank < 2 ||
        !fits(in) || !fits(out))
        return KAO_OK;
    kao_conv_step *c = kao_conv_step_new(g, s, w->data, w->dims[1]);

    if (!c)
        return kao_graph_no_memory(g);
    c->d = kao_conv_of_rows(kao_tensor_count(in) / w->dims[0], w->dims[0], w->dims[1]);
    c->transposed = true;
    c->rows_are_pixels = true;
    kao_step_become_conv(s, c);
    return KAO_OK;
}

kao_status kao_pass_conv(kao_graph *g)
{
    kao_status st = KAO_OK;

    for (uint32_t i = 0; !st && i < g->n_steps; i++) {
        kao_step *s = &g->steps[i];

        if (s->dead || s->kind != KAO_STEP_GENERIC)
            continue;
        if (s->op->kind == KAO_OP_CONV)
            st = lower_conv(g, s);
        else if (s->op->kind == KAO_OP_GEMM)
            st = lower_gemm(g, s);
        else if (s->op->kind == KAO_OP_MATMUL)
            st = lower_matmul(g, s);
    }
    kao_graph_count_reads(g);
    return st;
}
