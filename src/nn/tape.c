/* See tape.h: building a tape from a graph, and running it both ways. */
#include "nn/tape.h"

#include <string.h>

#include "nn/op.h"

/* ---- building ---- */

kao_status kao_tape_no_memory(kao_tape *t)
{
    return kao_fail(t->err, KAO_E_NOMEM, "tape: out of memory");
}

/* Zeros; NULL: out of memory. */
static kao_param *new_param(kao_tape *t, const char *name, uint32_t value,
                            kao_param_kind kind, size_t n)
{
    kao_param *p = &t->params[t->n_params];

    *p = (kao_param){ .kind = kind,
                      .value = value,
                      .name = name,
                      .n = n,
                      .data = kao_arena_calloc(&t->arena, n, sizeof(float)),
                      .grad = kao_arena_calloc(&t->arena, n, sizeof(float)) };
    if (!p->data || !p->grad)
        return NULL;
    t->n_params++;
    return p;
}

kao_param *kao_tape_param(kao_tape *t, uint32_t value, kao_param_kind kind)
{
    for (uint32_t i = 0; i < t->n_params; i++)
        if (t->params[i].value == value) {
            if (kind == KAO_PARAM_SLOPE && t->params[i].kind == kind)
                return &t->params[i];
            kao_fail(t->err, KAO_E_UNSUPPORTED, "a parameter that is read twice");
            return NULL;
        }
    if (value == KAO_NO_VALUE || !kao_value_known_f32(&t->g, value)) {
        kao_fail(t->err, KAO_E_UNSUPPORTED, "a parameter is no float32 constant");
        return NULL;
    }
    const kao_tensor *from = &t->g.values[value].t;
    kao_param *p = new_param(t, t->net->onnx.value_names[value], value, kind,
                             (size_t)kao_tensor_count(from));

    if (p)
        memcpy(p->data, from->data, p->n * sizeof(float));
    else
        kao_tape_no_memory(t);
    return p;
}

kao_param *kao_tape_add_param(kao_tape *t, const char *name, kao_param_kind kind,
                              size_t n)
{
    uint32_t more = 0;

    for (uint32_t i = 0; i < t->n_params; i++)
        more += t->params[i].value == KAO_NO_VALUE;
    return more == KAO_TAPE_MORE_PARAMS ? NULL
                                        : new_param(t, name, KAO_NO_VALUE, kind, n);
}

void kao_tape_need_scratch(kao_tape *t, size_t forward, size_t backward)
{
    kao_tape_step *s = &t->steps[t->n_steps - 1];

    s->need[0] = forward > s->need[0] ? forward : s->need[0];
    s->need[1] = backward > s->need[1] ? backward : s->need[1];
}

static size_t count(const kao_tape_value *v)
{
    return (size_t)kao_tensor_count(&v->t);
}

static kao_status make_value(kao_tape *t, uint32_t v, bool wants_grad)
{
    kao_tape_value *x = &t->values[v];

    x->t = t->g.values[v].t;
    if (x->t.dtype != KAO_F32)
        return kao_fail(t->err, KAO_E_UNSUPPORTED, "a value of type %s is not trained",
                        kao_dtype_name((int)x->t.dtype));
    if (!count(x))
        return kao_fail(t->err, KAO_E_UNSUPPORTED, "a value without numbers");
    if (x->t.rank == 4)
        kao_tensor_set_channels_last(&x->t);
    else
        kao_tensor_set_dense(&x->t);
    x->is_made = true;
    x->wants_grad = wants_grad;
    return KAO_OK;
}

bool kao_tape_is_by_picture(const kao_tape *t, const kao_tape_step *s)
{
    const int64_t n = (int64_t)t->batch;
    bool all = t->values[s->out].t.rank > 0 && t->values[s->out].t.dims[0] == n;

    for (uint32_t k = 0; all && k < s->s->n_in; k++) {
        const uint32_t v = s->s->in[k];

        if (v != KAO_NO_VALUE && t->values[v].is_made)
            all = t->values[v].t.rank > 0 && t->values[v].t.dims[0] == n;
    }
    return all;
}

bool kao_tape_wants_grad(const kao_tape *t, uint32_t value)
{
    return value != KAO_NO_VALUE && t->values[value].wants_grad;
}

static kao_status make_step(kao_tape *t, const kao_step *s)
{
    kao_tape_step *x = &t->steps[t->n_steps++];
    char text[160];

    *x = (kao_tape_step){ .s = s,
                          .in = s->n_in ? s->in[0] : KAO_NO_VALUE,
                          .out = s->out[0],
                          .first_again = KAO_NO_VALUE,
                          .next_again = KAO_NO_VALUE };
    /* nearly all have parameters or something trained before them: who has not (a pool of
     * the input) computes a gradient that nobody wants */
    kao_status st = s->out[0] == KAO_NO_VALUE
                        ? kao_fail(t->err, KAO_E_UNSUPPORTED, "output 0 is left out")
                        : make_value(t, s->out[0], true);

    if (!st && !s->op->train)
        st = kao_fail(t->err, KAO_E_UNSUPPORTED, "not an operator that is trained");
    if (!st && (x->in == KAO_NO_VALUE || !t->values[x->in].is_made))
        st = kao_fail(t->err, KAO_E_UNSUPPORTED, "input 0 is a constant");
    x->params = t->n_params;
    if (!st)
        st = s->op->train(t, x);
    x->params_end = t->n_params;
    for (int back = 0; back < 2; back++)
        x->in_parts[back] = x->in_parts[back] && kao_tape_is_by_picture(t, x);
    return st ? kao_error_prefix(
                    t->err, st, "%s",
                    kao_network_node_text(t->net, s->node, text, sizeof text))
              : KAO_OK;
}

/* The caller fills the gradient of each output: a step must have made it. */
static kao_status check_outputs(kao_tape *t)
{
    for (uint32_t i = 0; i < t->net->onnx.n_outputs; i++) {
        const uint32_t v = t->g.outputs[i];

        if (!t->values[v].is_made || t->g.values[v].is_input)
            return kao_fail(t->err, KAO_E_UNSUPPORTED,
                            "output \"%s\" is made by no step that is trained",
                            t->net->onnx.value_names[v]);
    }
    return KAO_OK;
}

static kao_status build(kao_tape *t, const kao_tensor *input)
{
    kao_status st = KAO_OK;

    t->g = (kao_graph){ .net = t->net,
                        .passes = KAO_PASS_FOLD,
                        .trains = true,
                        .scratch = &t->arena, /* the steps are kept */
                        .keep = &t->arena,
                        .err = t->err,
                        .inputs = input };
    if (t->net->onnx.n_inputs != 1 || input->rank != 4)
        return kao_fail(t->err, KAO_E_UNSUPPORTED,
                        "trained: networks of one input, of rank 4; this one has %u "
                        "inputs, the input given rank %d",
                        t->net->onnx.n_inputs, input->rank);
    st = kao_graph_infer(&t->g);
    if (!st)
        st = kao_graph_optimise(&t->g);
    if (st)
        return st;
    t->values = kao_arena_calloc(&t->arena, t->g.n_values, sizeof *t->values);
    t->steps = kao_arena_calloc(&t->arena, t->g.n_steps, sizeof *t->steps);
    t->params = kao_arena_calloc(&t->arena, t->g.n_values + KAO_TAPE_MORE_PARAMS,
                                 sizeof *t->params);
    if (!t->values || !t->steps || !t->params)
        return kao_tape_no_memory(t);
    st = make_value(t, t->net->onnx.inputs[0].value, false);
    t->batch = (size_t)input->dims[0];
    kao_tape_cut(t);
    for (uint32_t i = 0; !st && i < t->g.n_steps; i++)
        if (!t->g.steps[i].dead)
            st = make_step(t, &t->g.steps[i]);
    if (!st)
        st = check_outputs(t);
    if (!st)
        st = kao_tape_make_spans(t);
    return st ? st : kao_tape_place(t);
}

kao_status kao_tape_create(kao_tape **out, kao_network *net, const kao_tensor *input,
                           kao_error *err)
{
    kao_mem *mem = &net->ctx->mem;
    kao_tape *t = kao_calloc(mem, 1, sizeof *t);

    *out = NULL;
    if (!t)
        return kao_fail(err, KAO_E_NOMEM, "tape: out of memory");
    t->net = net;
    t->pool = net->ctx->pool;
    t->err = err;
    t->norm_momentum = 0.1f;
    kao_arena_init(&t->arena, mem, kao_gib(64));
    const kao_status st = build(t, input);

    t->err = t->g.err = NULL; /* the caller's, of this call */
    if (st) {
        kao_tape_destroy(t);
        return kao_error_prefix(err, st, "%s", net->name);
    }
    *out = t;
    return KAO_OK;
}

void kao_tape_destroy(kao_tape *t)
{
    if (!t)
        return;
    kao_mem *mem = &t->net->ctx->mem;

    kao_arena_fini(&t->arena);
    kao_free(mem, t);
}

/* ---- running ---- */

float *kao_tape_input(kao_tape *t)
{
    return t->values[t->net->onnx.inputs[0].value].t.data;
}

const kao_tensor *kao_tape_output(const kao_tape *t, uint32_t i)
{
    return &t->values[t->g.outputs[i]].t;
}

float *kao_tape_output_grad(kao_tape *t, uint32_t i)
{
    kao_tape_value *v = &t->values[t->g.outputs[i]];

    v->has_grad = true;
    return v->grad;
}

void kao_tape_forward(kao_tape *t, bool training)
{
    t->training = training;
    t->runs += training;
    for (uint32_t v = 0; v < t->g.n_values; v++) {
        t->values[v].at = 0;
        t->values[v].t.data = t->values[v].place[0];
        t->values[v].has_grad = false;
    }
    for (uint32_t r = 0; r < t->first_back; r++)
        kao_tape_run_span(t, &t->spans[r]);
}

void kao_tape_backward(kao_tape *t)
{
    for (uint32_t i = 0; i < t->n_params; i++) /* those may be read by several steps */
        if (t->params[i].kind == KAO_PARAM_SLOPE)
            memset(t->params[i].grad, 0, t->params[i].n * sizeof(float));
    for (uint32_t r = t->first_back; r < t->n_spans; r++)
        kao_tape_run_span(t, &t->spans[r]);
}

float *kao_tape_grad_to(kao_tape *t, uint32_t value)
{
    if (!kao_tape_wants_grad(t, value))
        return NULL;
    return t->values[value].has_grad ? t->room : t->values[value].grad;
}

typedef struct sum_job {
    float *to;
    const float *from;
} sum_job;

static void add_rows(void *arg, size_t begin, size_t end, size_t piece)
{
    const sum_job *j = arg;

    (void)piece;
    for (size_t i = begin; i < end; i++)
        j->to[i] += j->from[i];
}

void kao_tape_grad_done(kao_tape *t, uint32_t value, const float *from)
{
    kao_tape_value *v = &t->values[value];
    sum_job j = { v->grad, from };

    if (from != v->grad)
        kao_tape_rows(t, count(v), add_rows, &j);
    v->has_grad = true;
}

typedef struct rows_job {
    kao_tape_rows_fn *fn;
    void *arg;
    size_t n, each;
} rows_job;

static void rows_piece(void *arg, size_t piece, uint32_t worker)
{
    const rows_job *j = arg;
    const size_t begin = piece * j->each;

    (void)worker;
    j->fn(j->arg, begin, begin + j->each < j->n ? begin + j->each : j->n, piece);
}

/* Rows of a piece. */
static size_t rows_each(size_t n)
{
    return (n + KAO_TAPE_PIECES - 1) / KAO_TAPE_PIECES;
}

size_t kao_tape_pieces(size_t n)
{
    return n ? (n + rows_each(n) - 1) / rows_each(n) : 0;
}

void kao_tape_rows(kao_tape *t, size_t n, kao_tape_rows_fn *fn, void *arg)
{
    rows_job j = { .fn = fn, .arg = arg, .n = n, .each = rows_each(n) };

    if (n)
        kao_pool_run(t->pool, rows_piece, &j, kao_tape_pieces(n));
}
