/* Sibling convolutions become one.
 *
 *        ┌ conv 1 ─ dw 1                          ┌ channels 0
 *   x ───┼ conv 1 ─ dw 1      =>   x ─ conv 16 ─ dw 16 ┼ channels 1
 *        ├ conv 4 ─ dw 4                          ├ channels 2..5
 *        └ conv 10 ─ dw 10                        └ channels 6..15
 *
 * A detector's heads have few output channels each: alone they waste most of a vector and
 * read the same map again and again. The merged step makes one hidden value; the outputs
 * are ranges of its channels. Depthwise convolutions that read such ranges, all of them in
 * order, merge in the same way. */
#include <string.h>

#include "nn/graph.h"

enum {
    MAX_SIBLINGS = 16,
    MAX_MERGED = 64,
    SIBLING_REACH = 1024, /* steps to look ahead for siblings */
};

static bool same_geometry(const kao_conv *a, const kao_conv *b)
{
    return a->n == b->n && a->h == b->h && a->w == b->w && a->oh == b->oh &&
           a->ow == b->ow && a->kh == b->kh && a->kw == b->kw && a->sy == b->sy &&
           a->sx == b->sx && a->dy == b->dy && a->dx == b->dx &&
           a->pad_top == b->pad_top && a->pad_left == b->pad_left && a->act == b->act &&
           a->residual == KAO_RES_NONE && b->residual == KAO_RES_NONE &&
           (a->act != KAO_ACT_CLAMP || (memcmp(&a->lo, &b->lo, sizeof a->lo) == 0 &&
                                        memcmp(&a->hi, &b->hi, sizeof a->hi) == 0));
}

static bool is_plain(const kao_step *s)
{
    return !s->dead && s->kind == KAO_STEP_CONV && s->conv->n_parts == 1 &&
           !s->conv->rows_are_pixels && s->conv->d.residual == KAO_RES_NONE;
}

/* Concatenate one per-channel array of the siblings; NULL where none has it. */
static kao_status stack(kao_graph *g, kao_step *const *s, uint32_t n, size_t field,
                        float fill, int32_t total, const float **out)
{
    bool any = false;

    for (uint32_t i = 0; i < n; i++)
        any |= *(const float *const *)(const void *)((const char *)s[i]->conv +
                                                     field) != NULL;
    if (!any)
        return KAO_OK;
    float *to = kao_arena_calloc(g->scratch, (size_t)total, sizeof *to);

    if (!to)
        return kao_graph_no_memory(g);
    *out = to;
    for (uint32_t i = 0; i < n; i++) {
        const float *from =
            *(const float *const *)(const void *)((const char *)s[i]->conv + field);

        for (int32_t k = 0; k < s[i]->conv->d.oc; k++)
            *to++ = from ? from[k] : fill;
    }
    return KAO_OK;
}

/* Merge n siblings into the first one's slot, reading value `in` of `channels` channels. */
static kao_status merge(kao_graph *g, kao_step *const *s, uint32_t n, uint32_t in,
                        int32_t channels, int32_t groups)
{
    kao_conv_step *c = kao_arena_calloc(g->scratch, 1, sizeof *c);
    const float **weight = kao_arena_calloc(g->scratch, n, sizeof *weight);
    int64_t *rows = kao_arena_calloc(g->scratch, n, sizeof *rows);
    uint32_t *out = kao_arena_calloc(g->scratch, n, sizeof *out);
    uint32_t *ins = kao_arena_calloc(g->scratch, 1, sizeof *ins);
    kao_status st = KAO_OK;
    int32_t total = 0;

    if (!c || !weight || !rows || !out || !ins)
        return kao_graph_no_memory(g);
    *c = *s[0]->conv;
    c->key = 0;
    for (uint32_t i = 0; i < n; i++) {
        weight[i] = s[i]->conv->weight[0];
        rows[i] = s[i]->conv->d.oc;
        out[i] = s[i]->out[0];
        total += s[i]->conv->d.oc;
        c->key = (c->key ^ s[i]->conv->key) * 0x9e3779b97f4a7c15u + 1;
    }
    c->n_parts = n;
    c->weight = weight;
    c->rows = rows;
    c->d.oc = total;
    c->d.c = channels;
    c->d.groups = groups;
    ins[0] = in;
    st = stack(g, s, n, offsetof(kao_conv_step, bias), 0, total, &c->bias);
    if (!st)
        st = stack(g, s, n, offsetof(kao_conv_step, scale), 1, total, &c->scale);
    if (!st)
        st = stack(g, s, n, offsetof(kao_conv_step, slope), 1, total, &c->slope);
    if (st)
        return st;
    kao_tensor t = g->values[out[0]].t;

    t.dims[1] = total;
    kao_tensor_set_dense(&t);
    c->merged = kao_graph_value(g, &t);
    if (c->merged == KAO_NO_VALUE)
        return kao_graph_no_memory(g);
    for (uint32_t i = 1; i < n; i++)
        s[i]->dead = true;
    s[0]->conv = c;
    s[0]->in = ins;
    s[0]->out = out;
    s[0]->n_out = n;
    return KAO_OK;
}

/* Worth it: narrow ones, of which at least one leaves part of a vector idle. */
static bool is_sibling(const kao_step *a, const kao_step *b, int32_t total)
{
    return is_plain(b) && b->in[0] == a->in[0] &&
           same_geometry(&a->conv->d, &b->conv->d) && b->conv->d.groups == 1 &&
           total + b->conv->d.oc <= MAX_MERGED;
}

static kao_status merge_siblings(kao_graph *g, uint32_t i)
{
    kao_step *s[MAX_SIBLINGS] = { &g->steps[i] };
    uint32_t n = 1;
    int32_t total = s[0]->conv->d.oc;
    bool ragged = total % 16 != 0;

    const uint32_t last =
        g->n_steps - i > SIBLING_REACH ? i + SIBLING_REACH : g->n_steps;

    if (s[0]->conv->d.groups != 1 || total > MAX_MERGED ||
        g->values[s[0]->in[0]].reads < 2)
        return KAO_OK;
    for (uint32_t k = i + 1; k < last && n < MAX_SIBLINGS; k++)
        if (is_sibling(s[0], &g->steps[k], total)) {
            s[n++] = &g->steps[k];
            total += g->steps[k].conv->d.oc;
            ragged |= g->steps[k].conv->d.oc % 16 != 0;
        }
    return n > 1 && ragged ? merge(g, s, n, s[0]->in[0], s[0]->conv->d.c, 1) : KAO_OK;
}

/* Every range of a merged value has one reader, a depthwise convolution of one geometry. */
static kao_status merge_depthwise(kao_graph *g, const kao_step *heads)
{
    kao_step *s[MAX_SIBLINGS];

    for (uint32_t i = 0; i < heads->n_out; i++) {
        s[i] = kao_graph_only_reader(g, heads->out[i]);
        if (!s[i] || !is_plain(s[i]) ||
            (!kao_conv_is_depthwise(&s[i]->conv->d) && s[i]->conv->d.c != 1) ||
            s[i]->conv->d.oc != s[i]->conv->d.c ||
            !same_geometry(&s[0]->conv->d, &s[i]->conv->d) ||
            (i > 0 && s[i] <= s[i - 1]))
            return KAO_OK;
    }
    return merge(g, s, heads->n_out, heads->conv->merged, heads->conv->d.oc,
                 heads->conv->d.oc);
}

kao_status kao_pass_heads(kao_graph *g)
{
    kao_status st = KAO_OK;

    for (uint32_t i = 0; !st && i < g->n_steps; i++)
        if (is_plain(&g->steps[i]))
            st = merge_siblings(g, i);
    kao_graph_count_reads(g);
    for (uint32_t i = 0; !st && i < g->n_steps; i++) {
        const kao_step *step = &g->steps[i];

        if (!step->dead && step->kind == KAO_STEP_CONV && step->conv->n_parts > 1 &&
            step->conv->d.groups == 1)
            st = merge_depthwise(g, step);
    }
    kao_graph_count_reads(g);
    return st;
}
