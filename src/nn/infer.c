/* Shapes and known values.
 *
 * Nodes are walked once in order. Where all inputs of a node are known (initialisers, and
 * what was computed from them or from shapes), its outputs are computed on the spot, so
 * Shape-Gather-Concat-Reshape chains vanish. Where an operator needs the values of an input
 * that is not known (a Reshape to a computed size), what it depends on is computed now from
 * the inputs bound to this plan; those inputs' values then belong to the plan's key. */
#include "nn/graph.h"

#include <string.h>

#include "base/half.h"

/* Work that planning may spend on known values, in elements touched; and for each byte of the
 * file, so that all weights that are stored short can be widened: an element is touched
 * twice, once on each side. */
#define FOLD_BUDGET ((uint64_t)1 << 26)
enum { FOLD_EACH_BYTE = 2 };

kao_status kao_graph_no_memory(kao_graph *g)
{
    return kao_fail(g->err, KAO_E_NOMEM, "plan: out of memory");
}

uint64_t kao_graph_max_work(const kao_graph *g)
{
    const uint64_t own = g->net->ctx->max_work;

    return own && own < KAO_MAX_WORK ? own : KAO_MAX_WORK;
}

uint64_t kao_graph_max_arena(const kao_graph *g)
{
    const uint64_t own = g->net->ctx->max_arena;

    return own && own < KAO_MAX_ARENA ? own : KAO_MAX_ARENA;
}

static uint64_t fold_budget(const kao_graph *g)
{
    const uint64_t most = kao_graph_max_work(g);

    return (most < FOLD_BUDGET ? most : FOLD_BUDGET) +
           FOLD_EACH_BYTE * g->net->onnx.n_bytes;
}

bool kao_value_known(const kao_graph *g, uint32_t value)
{
    return value != KAO_NO_VALUE && g->values[value].t.data;
}

/* ---- known values ---- */

void kao_graph_args(const kao_graph *g, const kao_step *s, kao_tensor *in,
                    kao_tensor *out)
{
    for (uint32_t i = 0; i < s->n_in; i++)
        in[i] = s->in[i] == KAO_NO_VALUE ? (kao_tensor){ 0 } : g->values[s->in[i]].t;
    for (uint32_t i = 0; i < s->n_out; i++)
        out[i] = s->out[i] == KAO_NO_VALUE ? (kao_tensor){ 0 } : g->values[s->out[i]].t;
}

typedef struct args { /* room for the arguments of one step */
    kao_tensor *in, *out;
} args;

static kao_status args_for(kao_graph *g, const kao_step *s, args *a)
{
    a->in = kao_arena_calloc(g->scratch, s->n_in, sizeof *a->in);
    a->out = kao_arena_calloc(g->scratch, s->n_out, sizeof *a->out);
    return a->in && a->out ? KAO_OK : kao_graph_no_memory(g);
}

static const uint64_t nothing = 0; /* an empty tensor is known too */

/* The numbers of a Constant stay where the file has them. */
static kao_status use_constant(kao_graph *g, kao_step *s, bool *done)
{
    const kao_onnx_tensor *c = s->op->constant(s->param);

    if (s->out[0] != KAO_NO_VALUE) {
        g->values[s->out[0]].t.data = (void *)(uintptr_t)(c->n ? c->data : &nothing);
        g->values[s->out[0]].of_file = true;
    }
    s->dead = true;
    *done = true;
    return KAO_OK;
}

/* Whether the outputs of a step on known values depend on the inputs of this plan. */
static bool varies(const kao_graph *g, const kao_step *s)
{
    bool any = s->op->reads_dims_only;

    for (uint32_t i = 0; i < s->n_in; i++)
        any |= s->in[i] != KAO_NO_VALUE && g->values[s->in[i]].varies;
    return any;
}

static uint64_t mix(uint64_t key, uint64_t v)
{
    return (key ^ v) * 0x9e3779b97f4a7c15u ^ key >> 29;
}

/* A value that varies is read once for its key, however many steps it is a weight of. */
static void set_varies(kao_value *v, bool varies)
{
    const kao_tensor *t = &v->t;
    const size_t n = kao_tensor_bytes(t);
    const uint8_t *p = t->data;

    v->varies = varies;
    v->key = 0;
    for (int32_t d = 0; varies && d < t->rank; d++)
        v->key = mix(v->key, (uint64_t)t->dims[d] + 1u);
    for (size_t k = 0; varies && k < n; k++)
        v->key = mix(v->key, p[k] + 1u);
}

/* Whether the step gives the numbers that the file holds, one for one: weights stored short,
 * behind a Cast or DequantizeLinear, or turned. They may be more than another constant that
 * planning computes. */
static bool gives_file(const kao_graph *g, const kao_step *s, const kao_tensor *out)
{
    const int64_t n = kao_tensor_count(out);

    for (uint32_t i = 1; i < s->n_in; i++) /* scales, axes */
        if (s->in[i] != KAO_NO_VALUE &&
            kao_tensor_count(&g->values[s->in[i]].t) > KAO_MAX_FOLDED)
            return false;
    return s->n_in > 0 && s->in[0] != KAO_NO_VALUE && g->values[s->in[0]].of_file &&
           !s->op->work && n == kao_tensor_count(&g->values[s->in[0]].t);
}

/* Run a step whose inputs are all known. *done false: too large to be a constant. */
static kao_status evaluate(kao_graph *g, kao_step *s, bool *done)
{
    args a;
    kao_status st = args_for(g, s, &a);

    *done = false;
    if (st)
        return st;
    if (s->op->constant)
        return use_constant(g, s, done);
    kao_graph_args(g, s, a.in, a.out);
    const uint64_t work = kao_step_work(g, s), most = fold_budget(g);

    if (work > most || g->folded > most - work)
        return KAO_OK;
    for (uint32_t i = 0; i < s->n_out; i++)
        if (kao_tensor_given(&a.out[i]) && !gives_file(g, s, &a.out[i]) &&
            kao_tensor_count(&a.out[i]) > KAO_MAX_FOLDED)
            return KAO_OK;
    g->folded += work;
    for (uint32_t i = 0; i < s->n_out; i++) {
        if (!kao_tensor_given(&a.out[i]))
            continue;
        kao_tensor_set_dense(&a.out[i]);
        a.out[i].data =
            kao_arena_calloc(g->scratch, (size_t)kao_tensor_count(&a.out[i]),
                             kao_dtype_size((int)a.out[i].dtype));
        if (!a.out[i].data)
            return kao_graph_no_memory(g);
    }
    const kao_op_call call = { .kernels = &g->net->kernels,
                               .pool = g->net->ctx->pool,
                               .param = s->param,
                               .state = s->state,
                               .n_in = s->n_in,
                               .n_out = s->n_out,
                               .in = a.in,
                               .out = a.out };

    if (kao_step_makes_any(g, s))
        s->op->run(&call);
    for (uint32_t i = 0; i < s->n_out; i++)
        if (s->out[i] != KAO_NO_VALUE) {
            g->values[s->out[i]].t = a.out[i];
            set_varies(&g->values[s->out[i]], varies(g, s));
            g->values[s->out[i]].computed = true;
            g->values[s->out[i]].of_file = gives_file(g, s, &a.out[i]);
        }
    s->dead = true; /* its values are constants of the plan: nothing may write them */
    *done = true;
    return KAO_OK;
}

static bool inputs_known(const kao_graph *g, const kao_step *s)
{
    for (uint32_t i = 0; i < s->n_in; i++)
        if (s->in[i] != KAO_NO_VALUE && !kao_value_known(g, s->in[i]))
            return false;
    return true;
}

/* Copy a bound input into the plan, as part of its key: it is a constant from now on. */
static kao_status bind_input(kao_graph *g, kao_value *v)
{
    const kao_tensor *given = &g->inputs[v->input];
    const size_t bytes = kao_tensor_bytes(given);
    kao_tensor copy = *given;

    if (bytes > KAO_MAX_BOUND_BYTES)
        return kao_fail(g->err, KAO_E_LIMIT,
                        "input \"%s\" decides shapes and has %zu bytes, at most %d",
                        g->net->onnx.value_names[g->net->onnx.inputs[v->input].value],
                        bytes, KAO_MAX_BOUND_BYTES);
    if (bytes && !given->data)
        return kao_fail(g->err, KAO_E_ARG, "an input that decides shapes has no data");
    kao_tensor_set_dense(&copy);
    copy.data = kao_arena_calloc(g->keep, bytes ? bytes : 1, 1);
    if (!copy.data)
        return kao_graph_no_memory(g);
    kao_tensor_copy(&copy, given);
    v->t = copy;
    set_varies(v, true);
    g->bound[v->input] = true;
    return KAO_OK;
}

/* Make a value known, with what it depends on: back from makers to inputs on a stack of
 * our own (graphs may be deep), each step once in all calls together. */
static kao_status make_known(kao_graph *g, uint32_t value)
{
    kao_status st = KAO_OK;
    size_t n = 0;

    g->stack[n++] = value;
    while (!st && n > 0) {
        kao_value *v = &g->values[g->stack[n - 1]];
        bool done = true;

        if (v->t.data) {
            n--;
            continue;
        }
        if (v->is_input) {
            st = bind_input(g, v);
            continue;
        }
        if (v->maker == KAO_NO_VALUE)
            return kao_fail(g->err, KAO_E_UNSUPPORTED,
                            "a shape depends on nothing known");
        kao_step *s = &g->steps[v->maker];

        if (!g->seen[v->maker]) {
            g->seen[v->maker] = 1;
            for (uint32_t i = 0; i < s->n_in; i++)
                if (s->in[i] != KAO_NO_VALUE && !kao_value_known(g, s->in[i]))
                    g->stack[n++] = s->in[i];
            continue;
        }
        st = evaluate(g, s, &done);
        if (!st && (!done || !v->t.data))
            st = kao_fail(g->err, KAO_E_LIMIT,
                          "a shape depends on more than planning may compute");
    }
    return st;
}

typedef struct planner {
    kao_graph *g;
    uint32_t step;
} planner;

static kao_status need(kao_op_infer *x, uint32_t i)
{
    planner *p = x->planner;
    kao_graph *g = p->g;
    const kao_step *s = &g->steps[p->step];

    if (i >= s->n_in || s->in[i] == KAO_NO_VALUE)
        return kao_fail(g->err, KAO_E_FORMAT, "input %u is left out", i);
    if (!kao_value_known(g, s->in[i])) {
        const kao_status st = make_known(g, s->in[i]);

        if (st)
            return st;
    }
    if (!kao_value_known(g, s->in[i]))
        return kao_fail(g->err, KAO_E_UNSUPPORTED,
                        "the values of input %u are not known", i);
    ((kao_tensor *)(uintptr_t)x->in)[i] = g->values[s->in[i]].t;
    return KAO_OK;
}

static kao_status spend(kao_op_infer *x, uint64_t work)
{
    kao_graph *g = ((const planner *)x->planner)->g;
    const uint64_t most = fold_budget(g);

    if (work > most || g->folded > most - work)
        return kao_fail(g->err, KAO_E_LIMIT,
                        "its shape takes more than planning may compute");
    g->folded += work;
    return KAO_OK;
}

static kao_status check_outputs(kao_graph *g, const kao_step *s, const kao_tensor *out)
{
    char text[96];

    for (uint32_t i = 0; i < s->n_out; i++) {
        int64_t n = 0;

        if (s->out[i] == KAO_NO_VALUE)
            continue;
        if (!kao_tensor_given(&out[i]))
            return kao_fail(g->err, KAO_E_UNSUPPORTED, "output %u is not computed", i);
        if (!kao_dims_count(out[i].dims, out[i].rank, &n))
            return kao_fail(g->err, KAO_E_LIMIT, "an output of shape %s",
                            kao_dims_text(out[i].dims, out[i].rank, text, sizeof text));
        g->values[s->out[i]].t = out[i];
        g->values[s->out[i]].t.data = NULL;
        kao_tensor_set_dense(&g->values[s->out[i]].t);
    }
    return KAO_OK;
}

/* All but Cast take numbers stored as float16 as float32, wherever they come from. */
static kao_status widen(kao_graph *g, kao_value *v)
{
    const int64_t n = kao_tensor_count(&v->t);
    const uint64_t work = 2 * (uint64_t)n, most = fold_budget(g);
    const uint16_t *from = v->t.data;
    float *to = NULL;

    if (work > most || g->folded > most - work)
        return kao_fail(g->err, KAO_E_LIMIT,
                        "more numbers of float16 than planning may widen");
    g->folded += work;
    to = kao_arena_calloc(g->scratch, (size_t)n, sizeof *to);
    if (!to)
        return kao_graph_no_memory(g);
    for (int64_t i = 0; i < n; i++)
        to[i] = kao_half_to_float(from[i]);
    v->t.dtype = KAO_F32;
    v->t.data = to;
    v->computed = true;
    return KAO_OK;
}

static kao_status widen_inputs(kao_graph *g, const kao_step *s)
{
    kao_status st = KAO_OK;

    for (uint32_t i = 0; !st && i < s->n_in; i++)
        if (kao_value_known(g, s->in[i]) && g->values[s->in[i]].t.dtype == KAO_F16)
            st = widen(g, &g->values[s->in[i]]);
    return st;
}

/* Constants that are outputs leave as float32, too. */
static kao_status widen_outputs(kao_graph *g)
{
    kao_status st = KAO_OK;

    for (uint32_t i = 0; !st && i < g->net->onnx.n_outputs; i++)
        if (kao_value_known(g, g->outputs[i]) &&
            g->values[g->outputs[i]].t.dtype == KAO_F16)
            st = widen(g, &g->values[g->outputs[i]]);
    return st;
}

static kao_status infer_step(kao_graph *g, uint32_t number)
{
    kao_step *s = &g->steps[number];
    const kao_op *op = s->op;
    planner p = { g, number };
    args a;
    kao_status st = args_for(g, s, &a);

    if (!st && !(op->types & KAO_T_F16))
        st = widen_inputs(g, s);
    if (st)
        return st;
    kao_graph_args(g, s, a.in, a.out);
    if (s->n_in > 0 && !(kao_type_bit(a.in[0].dtype) & op->types))
        return kao_fail(g->err, KAO_E_UNSUPPORTED, "input of type %s",
                        kao_dtype_name((int)a.in[0].dtype));
    kao_op_infer x = { .op = op,
                       .param = s->param,
                       .state = s->state,
                       .n_in = s->n_in,
                       .n_out = s->n_out,
                       .in = a.in,
                       .out = a.out,
                       .arena = g->keep,
                       .err = g->err,
                       .need = need,
                       .spend = spend,
                       .planner = &p };

    for (uint32_t i = 0; i < s->n_out; i++)
        a.out[i] = (kao_tensor){ 0 };
    st = op->infer(&x);
    if (!st)
        st = check_outputs(g, s, a.out);
    bool done = false;

    /* a dead step names no output: running it would write nowhere */
    if (!st && !s->dead && (op->reads_dims_only || inputs_known(g, s)))
        st = evaluate(g, s, &done);
    return st;
}

static kao_status make_step(kao_graph *g, uint32_t number)
{
    const kao_onnx_node *node = &g->net->onnx.nodes[number];
    kao_step *s = &g->steps[number];

    *s = (kao_step){ .op = g->net->nodes[number].op,
                     .node = number,
                     .param = g->net->nodes[number].param,
                     .n_in = node->n_in,
                     .n_out = node->n_out };
    s->state = kao_arena_calloc(g->scratch, 1, s->op->state_size);
    s->in = kao_arena_calloc(g->scratch, s->n_in, sizeof *s->in);
    s->out = kao_arena_calloc(g->scratch, s->n_out, sizeof *s->out);
    if (!s->state || !s->in || !s->out)
        return kao_graph_no_memory(g);
    if (s->n_in)
        memcpy(s->in, node->in, s->n_in * sizeof *s->in);
    memcpy(s->out, node->out, s->n_out * sizeof *s->out);
    s->dead = true; /* unless it names an output */
    for (uint32_t i = 0; i < s->n_out; i++)
        if (s->out[i] != KAO_NO_VALUE) {
            g->values[s->out[i]].maker = number;
            s->dead = false;
        }
    return KAO_OK;
}

static void place_constants(kao_graph *g)
{
    const kao_onnx_model *onnx = &g->net->onnx;

    for (uint32_t v = 0; v < onnx->n_values; v++) {
        const kao_onnx_tensor *c = onnx->constants[v];
        g->values[v].maker = KAO_NO_VALUE;
        if (!c)
            continue;
        kao_tensor *t = &g->values[v].t;

        *t = (kao_tensor){ .dtype = c->dtype, .rank = c->rank };
        memcpy(t->dims, c->dims, sizeof c->dims);
        kao_tensor_set_dense(t);
        t->data = (void *)(uintptr_t)(c->n ? c->data : &nothing);
        g->values[v].of_file = true;
    }
    for (uint32_t i = 0; i < onnx->n_inputs; i++) {
        kao_value *v = &g->values[onnx->inputs[i].value];

        v->is_input = true;
        v->input = i;
        v->t = g->inputs[i];
        v->t.data = NULL;
    }
    for (uint32_t i = 0; i < onnx->n_outputs; i++) {
        g->outputs[i] = onnx->outputs[i].value;
        g->values[g->outputs[i]].is_output = true;
    }
}

kao_status kao_graph_infer(kao_graph *g)
{
    const kao_onnx_model *onnx = &g->net->onnx;
    kao_status st = KAO_OK;
    size_t n_args = 1;
    char text[160];

    for (uint32_t i = 0; i < onnx->n_nodes; i++)
        n_args += onnx->nodes[i].n_in;
    g->n_values = onnx->n_values;
    g->cap_values = onnx->n_values;
    g->values = kao_arena_calloc(g->scratch, g->cap_values, sizeof *g->values);
    g->steps = kao_arena_calloc(g->scratch, onnx->n_nodes, sizeof *g->steps);
    g->bound = kao_arena_calloc(g->scratch, onnx->n_inputs, sizeof *g->bound);
    g->outputs = kao_arena_calloc(g->scratch, onnx->n_outputs, sizeof *g->outputs);
    g->stack = kao_arena_calloc(g->scratch, n_args, sizeof *g->stack);
    g->seen = kao_arena_calloc(g->scratch, onnx->n_nodes, 1);
    if (!g->values || !g->steps || !g->bound || !g->outputs || !g->stack || !g->seen)
        return kao_graph_no_memory(g);
    place_constants(g);
    for (uint32_t i = 0; !st && i < onnx->n_nodes; i++) {
        st = make_step(g, i);
        g->n_steps = i + 1;
        if (!st)
            st = infer_step(g, i);
        if (st)
            kao_error_prefix(g->err, st, "%s",
                             kao_network_node_text(g->net, i, text, sizeof text));
    }
    if (!st) /* else the last step may lack its lists */
        kao_graph_count_reads(g);
    return st ? st : widen_outputs(g);
}

uint32_t kao_graph_value(kao_graph *g, const kao_tensor *t)
{
    if (g->n_values == g->cap_values) {
        const uint32_t cap = g->cap_values * 2 + 16;
        kao_value *bigger = kao_arena_calloc(g->scratch, cap, sizeof *bigger);

        if (!bigger)
            return KAO_NO_VALUE;
        if (g->n_values)
            memcpy(bigger, g->values, g->n_values * sizeof *bigger);
        g->values = bigger;
        g->cap_values = cap;
    }
    g->values[g->n_values] = (kao_value){ .t = *t, .maker = KAO_NO_VALUE };
    g->values[g->n_values].t.data = NULL;
    return g->n_values++;
}

static void add_reader(kao_value *v, uint32_t step)
{
    v->reads++;
    if (v->reader[0] == KAO_NO_VALUE)
        v->reader[0] = step;
    else if (v->reader[1] == KAO_NO_VALUE)
        v->reader[1] = step;
}

void kao_graph_count_reads(kao_graph *g)
{
    for (uint32_t v = 0; v < g->n_values; v++) {
        g->values[v].reads = g->values[v].is_output;
        g->values[v].maker = KAO_NO_VALUE;
        g->values[v].reader[0] = g->values[v].reader[1] = KAO_NO_VALUE;
    }
    for (uint32_t i = 0; i < g->n_steps; i++) {
        const kao_step *s = &g->steps[i];

        if (s->dead)
            continue;
        for (uint32_t k = 0; k < s->n_in; k++)
            if (s->in[k] != KAO_NO_VALUE)
                add_reader(&g->values[s->in[k]], i);
        for (uint32_t k = 0; k < s->n_out; k++)
            if (s->out[k] != KAO_NO_VALUE)
                g->values[s->out[k]].maker = i;
        const kao_conv_step *last = kao_step_last_conv(s); /* it alone adds */

        if (last && last->residual != KAO_NO_VALUE)
            g->values[last->residual].reads++;
        if (last && last->merged != KAO_NO_VALUE)
            g->values[last->merged].maker = i;
    }
}

kao_step *kao_graph_only_reader(kao_graph *g, uint32_t value)
{
    const kao_value *v = &g->values[value];

    if (v->reads != 1 || v->is_output || v->reader[0] == KAO_NO_VALUE)
        return NULL; /* a residual is no input: its step is not found */
    kao_step *s = &g->steps[v->reader[0]];

    for (uint32_t k = 0; !s->dead && k < s->n_in; k++)
        if (s->in[k] == value)
            return s;
    return NULL; /* the reader was fused into another step since reads were counted */
}

uint64_t kao_graph_key(const kao_graph *g, uint64_t key, const kao_step *s)
{
    key = mix(key, s->node + 1u);
    for (uint32_t i = 0; i < s->n_in; i++)
        if (kao_value_known(g, s->in[i]) && g->values[s->in[i]].varies)
            key = mix(key, g->values[s->in[i]].key);
    return key;
}
