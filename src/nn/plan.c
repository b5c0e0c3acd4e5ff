/* Steps -> entries: give roots their memory, pack weights, write operands down. */
#include "nn/plan.h"

#include <string.h>

typedef struct builder {
    kao_graph *g;
    kao_plan *plan;
    kao_arg *root; /* by value: where its storage is (roots only) */
} builder;

const char *kao_kernel_name(kao_kernel_id kernel)
{
    static const char *const names[] = { "generic", "copy",    "conv",   "group",
                                         "pool",    "resize",  "binary", "unary",
                                         "exp",     "to_nhwc", "to_nchw" };

    return names[kernel];
}

/* ---- storage of roots ---- */

static bool has_entry(const kao_graph *g, const kao_step *s)
{
    return s->kind != KAO_STEP_VIEW && kao_step_makes_any(g, s);
}

static void extend(kao_graph *g, uint32_t *first, uint32_t *last, uint32_t v,
                   uint32_t step)
{
    if (v == KAO_NO_VALUE || kao_value_known(g, v))
        return;
    const uint32_t r = g->values[v].root;

    if (first[r] == KAO_NO_VALUE)
        first[r] = step;
    last[r] = step;
}

/* What the last convolution of a convolution step adds; KAO_NO_VALUE for all others. */
static uint32_t residual_of(const kao_step *s)
{
    const kao_conv_step *c = kao_step_last_conv(s);

    return c ? c->residual : KAO_NO_VALUE;
}

/* What a convolution step makes. */
static uint32_t output_of(const kao_step *s)
{
    const kao_conv_step *c = kao_step_last_conv(s);

    return c->n_parts > 1 ? c->merged : s->out[0];
}

static void find_lives(kao_graph *g, uint32_t *first, uint32_t *last)
{
    for (uint32_t v = 0; v < g->n_values; v++)
        first[v] = KAO_NO_VALUE;
    for (uint32_t i = 0; i < g->n_steps; i++) {
        const kao_step *s = &g->steps[i];

        if (!has_entry(g, s))
            continue;
        for (uint32_t k = 0; k < s->n_in; k++)
            extend(g, first, last, s->in[k], i);
        for (uint32_t k = 0; k < s->n_out; k++)
            extend(g, first, last, s->out[k], i);
        extend(g, first, last, residual_of(s), i);
        if (s->kind == KAO_STEP_CONV)
            extend(g, first, last, output_of(s), i);
    }
}

/* Where values live that are not in the arena. */
static void place_outside(builder *b)
{
    kao_graph *g = b->g;

    for (uint32_t v = 0; v < g->n_values; v++) {
        b->root[v].space = KAO_SPACE_ARENA;
        if (kao_value_known(g, v)) {
            b->root[v].space = KAO_SPACE_CONST;
        } else if (g->values[v].is_input) {
            b->root[v].space = KAO_SPACE_INPUT;
            b->root[v].index = g->values[v].input;
        }
    }
    for (uint32_t i = 0; i < b->plan->n_outputs; i++) {
        b->root[g->outputs[i]].space = KAO_SPACE_OUTPUT;
        b->root[g->outputs[i]].index = i;
        b->plan->outputs[i] = g->values[g->outputs[i]].t;
        b->plan->outputs[i].data = NULL;
    }
}

/* Outputs have memory of their own, under the same limit. */
static kao_status check_output_bytes(const builder *b)
{
    const uint64_t most = kao_graph_max_arena(b->g);
    uint64_t sum = 0;

    for (uint32_t i = 0; i < b->plan->n_outputs && sum <= most; i++)
        sum += kao_tensor_bytes(&b->plan->outputs[i]);
    return sum <= most
               ? KAO_OK
               : kao_fail(b->g->err, KAO_E_LIMIT, "more than %llu MiB of outputs",
                          (unsigned long long)(most >> 20));
}

static kao_status place_roots(builder *b)
{
    kao_graph *g = b->g;
    uint32_t *first = kao_arena_calloc(g->scratch, g->n_values, sizeof *first);
    uint32_t *last = kao_arena_calloc(g->scratch, g->n_values, sizeof *last);
    uint32_t *scratch = kao_arena_calloc(g->scratch, g->n_values, 3 * sizeof *scratch);
    kao_block *blocks = kao_arena_calloc(g->scratch, g->n_values, sizeof *blocks);
    uint32_t n = 0;

    if (!first || !last || !scratch || !blocks)
        return kao_graph_no_memory(g);
    place_outside(b);
    find_lives(g, first, last);
    uint32_t *owner = scratch + 2 * g->n_values;

    for (uint32_t v = 0; v < g->n_values; v++)
        if (b->root[v].space == KAO_SPACE_ARENA && first[v] != KAO_NO_VALUE) {
            owner[n] = v;
            blocks[n++] = (kao_block){ .bytes = kao_tensor_bytes(&g->values[v].t),
                                       .first = first[v],
                                       .last = last[v] };
        }
    kao_status st = check_output_bytes(b);

    if (!st)
        st = kao_memory_plan(blocks, n, scratch, kao_graph_max_arena(g),
                             &b->plan->arena_bytes, g->err);

    for (uint32_t i = 0; !st && i < n; i++)
        b->root[owner[i]].offset = blocks[i].offset;
    return st;
}

/* ---- operands ---- */

/* A constant that planning computed moves into the plan. */
static kao_status keep_constant(kao_graph *g, kao_value *v)
{
    const size_t bytes = kao_tensor_bytes(&v->t);
    void *copy = kao_arena_alloc(g->keep, bytes);

    if (!copy)
        return kao_graph_no_memory(g);
    if (bytes)
        memcpy(copy, v->t.data, bytes);
    v->t.data = copy;
    v->computed = false;
    return KAO_OK;
}

static kao_arg operand_of(const builder *b, uint32_t v)
{
    const kao_graph *g = b->g;

    if (v == KAO_NO_VALUE)
        return (kao_arg){ .space = KAO_SPACE_NONE };
    const kao_value *x = &g->values[v];

    if (kao_value_known(g, v) && b->root[v].space == KAO_SPACE_CONST)
        return (kao_arg){ .t = x->t, .space = KAO_SPACE_CONST };
    kao_arg o = b->root[x->root];

    o.t = x->t;
    o.t.data = NULL;
    o.offset += (size_t)(x->offset * (int64_t)kao_dtype_size((int)x->t.dtype));
    return o;
}

static kao_status put(builder *b, uint32_t v)
{
    kao_status st = KAO_OK;

    if (v != KAO_NO_VALUE && b->g->values[v].computed)
        st = keep_constant(b->g, &b->g->values[v]);
    b->plan->operands[b->plan->n_operands++] = operand_of(b, v);
    return st;
}

static kao_status put_all(builder *b, const uint32_t *values, uint32_t n)
{
    kao_status st = KAO_OK;

    for (uint32_t i = 0; !st && i < n; i++)
        st = put(b, values[i]);
    return st;
}

/* ---- convolution ---- */

typedef struct packing {
    kao_graph *g;
    const kao_conv_step *c;
    const kao_conv_plan *conv;
} packing;

static float weight_at(const kao_conv_step *c, uint32_t part, int64_t row, int64_t col,
                       int64_t per_row)
{
    return c->transposed ? c->weight[part][col * c->rows[part] + row]
                         : c->weight[part][row * per_row + col];
}

/* Weights with the parts stacked and factors applied, then packed. */
static bool pack_conv(void *user, void *packed)
{
    const packing *p = user;
    const kao_conv_step *c = p->c;
    kao_mem *mem = &p->g->net->ctx->mem;
    const int64_t per_row = (int64_t)c->d.c / c->d.groups * c->d.kh * c->d.kw;
    const float *w = c->weight[0];
    float *plain = NULL;

    if (c->n_parts > 1 || c->scale || c->transposed) { /* else as the file has them */
        plain = kao_alloc(mem, (size_t)(c->d.oc * per_row) * sizeof *plain);
        if (!plain)
            return false;
        float *to = plain;

        for (uint32_t part = 0, o = 0; part < c->n_parts; part++)
            for (int64_t row = 0; row < c->rows[part]; row++, o++)
                for (int64_t col = 0; col < per_row; col++)
                    *to++ = weight_at(c, part, row, col, per_row) *
                            (c->scale ? c->scale[o] : 1.0f);
        w = plain;
    }
    kao_conv_pack(&p->g->net->kernels, p->conv, w, c->bias, c->slope, packed);
    kao_free(mem, plain);
    return true;
}

/* Room for the windows at a picture's borders, for each thread, and packed weights: each
 * under the limit of memory. */
static kao_status check_bytes(const kao_graph *g, const kao_step *s, uint64_t bytes,
                              const char *what)
{
    const uint64_t most = kao_graph_max_arena(g);
    char text[160];

    if (bytes <= most)
        return KAO_OK;
    kao_fail(g->err, KAO_E_LIMIT, "more than %llu MiB of %s",
             (unsigned long long)(most >> 20), what);
    return kao_error_prefix(g->err, KAO_E_LIMIT, "%s",
                            kao_network_node_text(g->net, s->node, text, sizeof text));
}

/* Nodes that share weights have packed ones each: a small file could ask for any number. */
static kao_status pack_stage(builder *b, const kao_step *s, const kao_conv_step *c,
                             kao_conv_stage *stage)
{
    kao_graph *g = b->g;
    packing p = { .g = g, .c = c, .conv = &stage->conv };
    const kao_packing_key key = { .layer = c->key,
                                  .algorithm = stage->conv.algorithm,
                                  .bytes = stage->conv.packed_bytes };

    const kao_status st = check_bytes(
        g, s, (uint64_t)b->plan->constant_bytes + key.bytes, "packed weights");

    if (st)
        return st;
    stage->packed = kao_network_hold_packed(g->net, &key, pack_conv, &p);
    b->plan->constant_bytes += key.bytes;
    return stage->packed ? KAO_OK : kao_graph_no_memory(g);
}

/* What a convolution asks for, beyond what the plan has, and for each thread. */
static bool fits_memory(const builder *b, const kao_conv_plan *c)
{
    const uint64_t most = kao_graph_max_arena(b->g);
    const uint64_t threads = kao_pool_threads(b->g->net->ctx->pool);

    return c->packed_bytes <= most &&
           b->plan->constant_bytes <= most - c->packed_bytes &&
           c->thread_bytes <= most / threads;
}

static kao_status build_conv(builder *b, const kao_step *s, kao_entry *e)
{
    kao_graph *g = b->g;
    int32_t n = 0;
    kao_status st = KAO_OK;

    for (const kao_conv_step *c = s->conv; c; c = c->next)
        n++;
    kao_conv_group *group = kao_arena_calloc(g->keep, 1, sizeof *group);
    kao_conv_stage *stages = kao_arena_calloc(g->keep, (size_t)n, sizeof *stages);

    if (!group || !stages)
        return kao_graph_no_memory(g);
    n = 0;
    for (const kao_conv_step *c = s->conv; c; c = c->next) {
        stages[n].conv.d = c->d;
        stages[n].conv.d.winograd =
            g->passes & KAO_PASS_WINOGRAD ? g->net->winograd : KAO_WINOGRAD_NEVER;
        stages[n++].conv.d.bf16 = g->net->bf16;
    }
    kao_conv_group_init(group, &g->net->kernels, stages, n);
    /* by Winograd weights take up to four times as much: not where that is too much */
    if (n == 1 && stages->conv.d.winograd && !fits_memory(b, &stages->conv)) {
        stages->conv.d.winograd = KAO_WINOGRAD_NEVER;
        kao_conv_group_init(group, &g->net->kernels, stages, n);
    }
    e->kernel = n > 1 ? KAO_KERNEL_GROUP : KAO_KERNEL_CONV;
    e->detail = group;
    e->scratch =
        kao_conv_group_scratch_bytes(group, kao_pool_threads(g->net->ctx->pool));
    st = check_bytes(g, s, e->scratch, "scratch");
    if (!st)
        st = kao_plan_count_work(b->plan, g, s, e->kernel);
    n = 0;
    for (const kao_conv_step *c = s->conv; !st && c; c = c->next)
        st = pack_stage(b, s, c, &stages[n++]);
    const uint32_t operands[] = { s->in[0], residual_of(s), output_of(s) };
    const bool adds = operands[1] != KAO_NO_VALUE;

    e->n_in = adds ? 2 : 1;
    e->n_out = 1;
    if (!st)
        st = put_all(b, operands, e->n_in);
    return st ? st : put(b, operands[2]);
}

/* ---- entries ---- */

/* What the generic form reads of the step goes with the plan. */
static kao_status keep_state(kao_graph *g, const kao_step *s, kao_entry *e)
{
    void *state = kao_arena_alloc(g->keep, s->op->state_size);

    if (!state)
        return kao_graph_no_memory(g);
    memcpy(state, s->state, s->op->state_size);
    e->op = s->op;
    e->param = s->param;
    e->state = state;
    return KAO_OK;
}

static kao_status build_generic(builder *b, const kao_step *s, kao_entry *e)
{
    kao_graph *g = b->g;
    kao_status st = put_all(b, s->in, s->n_in);

    e->kernel = s->kind == KAO_STEP_COPY ? KAO_KERNEL_COPY : KAO_KERNEL_GENERIC;
    e->n_in = s->n_in;
    e->n_out = s->n_out;
    if (!st)
        st = put_all(b, s->out, s->n_out);
    if (!st && (g->passes & KAO_PASS_CONV))
        st = kao_lower(g, s, e);
    if (!st && e->kernel == KAO_KERNEL_GENERIC)
        st = keep_state(g, s, e);
    return st ? st : kao_plan_count_work(b->plan, g, s, e->kernel);
}

static kao_status build_entry(builder *b, const kao_step *s)
{
    kao_plan *plan = b->plan;
    kao_entry *e = &plan->entries[plan->n_entries++];
    kao_status st = KAO_OK;

    *e = (kao_entry){ .node = s->node, .first = plan->n_operands };
    if (s->kind == KAO_STEP_CONV) {
        st = build_conv(b, s, e);
    } else {
        st = build_generic(b, s, e);
    }
    if (e->scratch > plan->scratch_bytes)
        plan->scratch_bytes = e->scratch;
    return st;
}

static kao_status build_entries(builder *b)
{
    kao_graph *g = b->g;
    kao_plan *plan = b->plan;
    size_t n_entries = 0, n_operands = 0;
    kao_status st = KAO_OK;

    for (uint32_t i = 0; i < g->n_steps; i++) {
        const kao_step *s = &g->steps[i];

        if (!has_entry(g, s))
            continue;
        n_entries++; /* a convolution: input, residual, output */
        n_operands += s->conv ? 2u + (residual_of(s) != KAO_NO_VALUE)
                              : (size_t)s->n_in + s->n_out;
    }
    plan->entries = kao_arena_calloc(&plan->arena, n_entries, sizeof *plan->entries);
    plan->operands = kao_arena_calloc(&plan->arena, n_operands, sizeof *plan->operands);
    if (!plan->entries || !plan->operands)
        return kao_graph_no_memory(g);
    for (uint32_t i = 0; !st && i < g->n_steps; i++)
        if (has_entry(g, &g->steps[i]))
            st = build_entry(b, &g->steps[i]);
    return st;
}

/* ---- the key ---- */

static void keep_inputs(const builder *b)
{
    const kao_graph *g = b->g;
    kao_plan *plan = b->plan;

    for (uint32_t i = 0; i < plan->n_inputs; i++) {
        const uint32_t v = g->net->onnx.inputs[i].value;

        plan->inputs[i] = g->inputs[i];
        plan->inputs[i].data = g->bound[i] ? g->values[v].t.data : NULL;
        plan->bound[i] = g->bound[i];
    }
}

static kao_status build(kao_plan *plan, kao_network *net, const kao_tensor *inputs,
                        uint32_t passes, kao_arena *scratch, kao_error *err)
{
    kao_graph g = { .net = net,
                    .passes = passes,
                    .scratch = scratch,
                    .keep = &plan->arena,
                    .err = err,
                    .inputs = inputs };
    builder b = { .g = &g, .plan = plan };
    kao_status st = KAO_OK;

    plan->n_inputs = net->onnx.n_inputs;
    plan->n_outputs = net->onnx.n_outputs;
    plan->inputs = kao_arena_calloc(&plan->arena, plan->n_inputs, sizeof *plan->inputs);
    plan->outputs =
        kao_arena_calloc(&plan->arena, plan->n_outputs, sizeof *plan->outputs);
    plan->bound = kao_arena_calloc(&plan->arena, plan->n_inputs, sizeof *plan->bound);
    if (!plan->inputs || !plan->outputs || !plan->bound)
        return kao_graph_no_memory(&g);
    st = kao_graph_infer(&g);
    if (!st)
        st = kao_graph_optimise(&g);
    if (!st)
        st = kao_graph_place(&g);
    if (st)
        return st;
    b.root = kao_arena_calloc(scratch, g.n_values, sizeof *b.root);
    if (!b.root)
        return kao_graph_no_memory(&g);
    st = place_roots(&b);
    if (!st)
        st = build_entries(&b);
    keep_inputs(&b);
    return st;
}

kao_status kao_plan_create(kao_plan **out, kao_network *net, const kao_tensor *inputs,
                           uint32_t passes, kao_error *err)
{
    kao_mem *mem = &net->ctx->mem;
    kao_plan *plan = kao_calloc(mem, 1, sizeof *plan);
    kao_arena scratch;

    *out = NULL;
    if (!plan)
        return kao_fail(err, KAO_E_NOMEM, "plan: out of memory");
    kao_arena_init(&plan->arena, mem, KAO_MAX_ARENA);
    kao_arena_init(&scratch, mem, KAO_MAX_ARENA);
    const kao_status st = build(plan, net, inputs, passes, &scratch, err);

    kao_arena_fini(&scratch);
    if (st) {
        kao_plan_destroy(plan, net);
        return kao_error_prefix(err, st, "%s", net->name);
    }
    *out = plan;
    return KAO_OK;
}

void kao_plan_destroy(kao_plan *plan, kao_network *net)
{
    if (!plan)
        return;
    for (uint32_t i = 0; i < plan->n_entries; i++) {
        const kao_entry *e = &plan->entries[i];
        const kao_conv_group *group = e->detail;

        if (group && (e->kernel == KAO_KERNEL_CONV || e->kernel == KAO_KERNEL_GROUP))
            for (int32_t k = 0; k < group->n_stages; k++)
                kao_network_drop_packed(net, group->stages[k].packed);
    }
    kao_arena_fini(&plan->arena);
    kao_free(&net->ctx->mem, plan);
}

bool kao_plan_fits(const kao_plan *plan, const kao_tensor *inputs)
{
    for (uint32_t i = 0; i < plan->n_inputs; i++) {
        const kao_tensor *want = &plan->inputs[i], *t = &inputs[i];

        if (want->dtype != t->dtype || !kao_tensor_same_strides(want, t))
            return false;
        if (plan->bound[i] && (!kao_tensor_is_dense(t) || !t->data ||
                               memcmp(want->data, t->data, kao_tensor_bytes(t)) != 0))
            return false;
    }
    return true;
}
