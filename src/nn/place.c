/* Where each value lives and in which order: strides, views, conversion copies.
 *
 * Steps are walked in order; each decides the strides of what it makes:
 *   convolution, pooling, resize   channels last (their input too: a copy is put in where
 *                                  it is not), so the network's body never changes layout
 *   element-wise, Concat           channels last where an input lies so, else C order
 *   Transpose, Slice, Split, Reshape   a view of the input where strides can say it
 *   all else                       C order
 * A value is a root, which owns storage, or a view of one: an offset and strides. Graph
 * outputs are C order in memory of their own; a copy is put in where they are not. */
#include <string.h>

#include "nn/graph.h"

typedef struct placer {
    kao_graph *g;
    kao_step *steps; /* the new list */
    uint32_t n, cap;
    uint32_t *last_copy; /* by value: its channels-last copy, or KAO_NO_VALUE */
    uint32_t n_last_copy;
    bool *wants_last; /* by value: a reader works channels last */
} placer;

/* ---- views ---- */

static void root_here(kao_graph *g, uint32_t v)
{
    g->values[v].root = v;
    g->values[v].offset = 0;
}

static void make_view(kao_graph *g, uint32_t v, uint32_t of, const int64_t *strides,
                      int64_t offset)
{
    g->values[v].root = g->values[of].root;
    g->values[v].offset = g->values[of].offset + offset;
    memcpy(g->values[v].t.strides, strides, sizeof g->values[v].t.strides);
}

/* ---- layouts ---- */

static bool looks_channels_last(const kao_tensor *t)
{
    int64_t pitch = 0;

    return t->rank == 4 && t->dims[1] > 1 && !kao_tensor_is_dense(t) &&
           kao_tensor_is_channels_last(t, &pitch);
}

static bool works_channels_last(const kao_step *s)
{
    if (s->kind == KAO_STEP_CONV)
        return !s->conv->rows_are_pixels;
    if (s->kind != KAO_STEP_GENERIC)
        return false;
    return s->op->layout == KAO_LAYOUT_LAST;
}

/* ---- emitting ---- */

static kao_status emit(placer *p, const kao_step *s)
{
    if (p->n == p->cap) {
        const uint32_t cap = p->cap * 2 + 64;
        kao_step *bigger = kao_arena_calloc(p->g->scratch, cap, sizeof *bigger);

        if (!bigger)
            return kao_graph_no_memory(p->g);
        if (p->n)
            memcpy(bigger, p->steps, p->n * sizeof *bigger);
        p->steps = bigger;
        p->cap = cap;
    }
    p->steps[p->n++] = *s;
    return KAO_OK;
}

/* A copy of v: channels last, or C order. The new value in *out. */
static kao_status emit_copy(placer *p, uint32_t v, bool channels_last, uint32_t node,
                            uint32_t *out)
{
    kao_graph *g = p->g;
    uint32_t *args = kao_arena_calloc(g->scratch, 2, sizeof *args);

    *out = kao_graph_value(g, &g->values[v].t);
    if (!args || *out == KAO_NO_VALUE)
        return kao_graph_no_memory(g);
    if (channels_last)
        kao_tensor_set_channels_last(&g->values[*out].t);
    else
        kao_tensor_set_dense(&g->values[*out].t);
    root_here(g, *out);
    args[0] = v;
    args[1] = *out;
    const kao_step s = { .kind = KAO_STEP_COPY,
                         .node = node,
                         .n_in = 1,
                         .n_out = 1,
                         .in = args,
                         .out = args + 1 };

    return emit(p, &s);
}

static kao_status need_channels_last(placer *p, uint32_t *v, uint32_t node,
                                     int64_t *pitch)
{
    kao_graph *g = p->g;
    const uint32_t from = *v;

    if (!kao_value_known(g, from) &&
        kao_tensor_is_channels_last(&g->values[from].t, pitch))
        return KAO_OK;
    if (from < p->n_last_copy && p->last_copy[from] != KAO_NO_VALUE) {
        *v = p->last_copy[from];
    } else {
        const kao_status st = emit_copy(p, from, true, node, v);

        if (st)
            return st;
        if (from < p->n_last_copy)
            p->last_copy[from] = *v;
    }
    char text[160];

    if (kao_tensor_is_channels_last(&g->values[*v].t, pitch))
        return KAO_OK;
    kao_fail(g->err, KAO_E_LIMIT, "pixels of %lld floats, at most %d",
             (long long)*pitch, INT32_MAX);
    return kao_error_prefix(g->err, KAO_E_LIMIT, "%s",
                            kao_network_node_text(g->net, node, text, sizeof text));
}

/* ---- one step ---- */

static void outputs_are_roots(kao_graph *g, const kao_step *s)
{
    for (uint32_t i = 0; i < s->n_out; i++)
        if (s->out[i] != KAO_NO_VALUE && !g->values[s->out[i]].joined)
            root_here(g, s->out[i]);
}

/* A channels-last root of its own, unless it is part of a joined value already. */
static void settle_last(kao_graph *g, uint32_t v)
{
    if (g->values[v].joined)
        return;
    kao_tensor_set_channels_last(&g->values[v].t);
    root_here(g, v);
}

static kao_status place_conv(placer *p, kao_step *s)
{
    kao_graph *g = p->g;
    kao_conv_step *c = kao_step_last_conv(s);
    kao_status st = KAO_OK;
    int64_t in = 0, res = 0;

    if (c->rows_are_pixels) {
        if (!kao_tensor_is_dense(&g->values[s->in[0]].t))
            st = emit_copy(p, s->in[0], false, s->node, &s->in[0]);
        if (!st && c->residual != KAO_NO_VALUE &&
            !kao_tensor_is_dense(&g->values[c->residual].t))
            st = emit_copy(p, c->residual, false, s->node, &c->residual);
        c->d.in_stride = c->d.c;
        c->d.res_stride = c->d.out_stride = c->d.oc;
        outputs_are_roots(g, s);
        return st ? st : emit(p, s);
    }
    st = need_channels_last(p, &s->in[0], s->node, &in);
    if (!st && c->residual != KAO_NO_VALUE)
        st = need_channels_last(p, &c->residual, s->node, &res);
    if (st)
        return st;
    s->conv->d.in_stride = (int32_t)in;
    c->d.res_stride = (int32_t)res;
    c->d.out_stride = c->d.oc;
    if (c->n_parts == 1) {
        settle_last(g, s->out[0]);
        if (g->values[s->out[0]].joined)
            c->d.out_stride = (int32_t)g->values[g->values[s->out[0]].root].t.dims[1];
        return emit(p, s);
    }
    kao_tensor *whole = &g->values[c->merged].t;
    int64_t at = 0;

    kao_tensor_set_channels_last(whole);
    root_here(g, c->merged);
    for (uint32_t i = 0; i < s->n_out; i++) {
        make_view(g, s->out[i], c->merged, whole->strides, at);
        at += c->rows[i];
    }
    return emit(p, s);
}

static kao_status place_window(placer *p, kao_step *s)
{
    kao_graph *g = p->g;
    int64_t pitch = 0;
    kao_status st = KAO_OK;

    outputs_are_roots(g, s);
    if (g->values[s->in[0]].t.rank == 4 && (g->passes & KAO_PASS_CONV)) {
        st = need_channels_last(p, &s->in[0], s->node, &pitch);
        for (uint32_t i = 0; i < s->n_out; i++)
            if (s->out[i] != KAO_NO_VALUE)
                settle_last(g, s->out[i]);
    }
    return st ? st : emit(p, s);
}

/* Steps that follow their inputs make outputs of rank 4 channels last where an input is. */
static kao_status place_generic(placer *p, const kao_step *s)
{
    kao_graph *g = p->g;
    bool last = false;

    outputs_are_roots(g, s);
    if (s->op->layout == KAO_LAYOUT_FOLLOWS)
        for (uint32_t i = 0; i < s->n_in; i++)
            last |= s->in[i] != KAO_NO_VALUE && !kao_value_known(g, s->in[i]) &&
                    looks_channels_last(&g->values[s->in[i]].t);
    for (uint32_t i = 0; last && i < s->n_out; i++)
        if (s->out[i] != KAO_NO_VALUE && g->values[s->out[i]].t.rank == 4)
            kao_tensor_set_channels_last(&g->values[s->out[i]].t);
    return emit(p, s);
}

/* The step as a view of its input, if it is one. */
static bool place_view(placer *p, const kao_step *s)
{
    kao_graph *g = p->g;

    if (!s->op->view || kao_value_known(g, s->in[0]))
        return false;
    for (uint32_t i = 0; i < s->n_out; i++) {
        int64_t offset = 0;

        if (s->out[i] == KAO_NO_VALUE)
            continue;
        kao_tensor out = g->values[s->out[i]].t;

        if (!s->op->view(s->state, &g->values[s->in[0]].t, i, &out, &offset))
            return false;
        make_view(g, s->out[i], s->in[0], out.strides, offset);
    }
    return true;
}

static kao_status place_reshape(placer *p, const kao_step *s)
{
    kao_graph *g = p->g;
    kao_tensor *out = &g->values[s->out[0]].t;
    int64_t strides[KAO_MAX_RANK];

    root_here(g, s->out[0]);
    if (out->rank == 4 && p->wants_last[s->out[0]]) {
        kao_tensor_set_channels_last(out);
        /* the copy must be able to see it in the input's dims */
        if (!kao_tensor_view_as(out, &g->values[s->in[0]].t, strides))
            kao_tensor_set_dense(out);
    }
    return emit(p, s);
}

static kao_status place_step(placer *p, kao_step *s)
{
    kao_graph *g = p->g;

    if (s->kind == KAO_STEP_VIEW) /* joined: placed already */
        return emit(p, s);
    if (s->kind == KAO_STEP_CONV)
        return place_conv(p, s);
    if (works_channels_last(s))
        return place_window(p, s);
    if ((g->passes & KAO_PASS_VIEW) && s->n_in > 0 && place_view(p, s)) {
        s->kind = KAO_STEP_VIEW;
        return emit(p, s);
    }
    if (s->op->layout == KAO_LAYOUT_RESHAPES)
        return place_reshape(p, s);
    return place_generic(p, s);
}

/* ---- graph outputs ---- */

/* Output i becomes a value of its own, in C order. */
static kao_status place_output(placer *p, uint32_t i, uint32_t *value)
{
    kao_graph *g = p->g;
    const uint32_t v = *value;
    const kao_value *x = &g->values[v];

    bool own = !kao_value_known(g, v) && !x->is_input && x->root == v &&
               kao_tensor_is_dense(&x->t);

    for (uint32_t k = 0; k < i; k++)
        own &= g->outputs[k] != v; /* named twice: each gets memory of its own */
    if (own)
        return KAO_OK;
    return emit_copy(p, v, false, p->n ? p->steps[p->n - 1].node : 0, value);
}

/* Which values are best channels last: their readers work so, or pass the wish on. */
static void find_wishes(placer *p)
{
    const kao_graph *g = p->g;

    for (uint32_t i = g->n_steps; i-- > 0;) {
        const kao_step *s = &g->steps[i];
        bool wish = !s->dead && works_channels_last(s);

        if (s->dead || s->n_in == 0 || s->in[0] == KAO_NO_VALUE)
            continue;
        if (!wish && s->kind == KAO_STEP_GENERIC &&
            (s->op->layout == KAO_LAYOUT_FOLLOWS || s->op->layout == KAO_LAYOUT_PART))
            for (uint32_t k = 0; k < s->n_out; k++)
                wish |= s->out[k] != KAO_NO_VALUE && p->wants_last[s->out[k]];
        for (uint32_t k = 0; wish && k < s->n_in; k++)
            if (s->in[k] != KAO_NO_VALUE)
                p->wants_last[s->in[k]] = true;
    }
}

kao_status kao_graph_place(kao_graph *g)
{
    placer p = { .g = g, .n_last_copy = g->n_values };
    kao_status st = KAO_OK;

    p.last_copy = kao_arena_calloc(g->scratch, g->n_values, sizeof *p.last_copy);
    p.wants_last = kao_arena_calloc(g->scratch, g->n_values, sizeof *p.wants_last);
    if (!p.last_copy || !p.wants_last)
        return kao_graph_no_memory(g);
    for (uint32_t v = 0; v < g->n_values; v++) {
        p.last_copy[v] = KAO_NO_VALUE;
        root_here(g, v);
    }
    if (g->passes & KAO_PASS_CONV)
        find_wishes(&p);
    if ((g->passes & KAO_PASS_CONV) && (g->passes & KAO_PASS_VIEW))
        kao_place_joins(g);
    for (uint32_t i = 0; !st && i < g->n_steps; i++)
        if (!g->steps[i].dead)
            st = place_step(&p, &g->steps[i]);
    for (uint32_t i = 0; !st && i < g->net->onnx.n_outputs; i++)
        st = place_output(&p, i, &g->outputs[i]);
    g->steps = p.steps;
    g->n_steps = p.n;
    return st;
}
