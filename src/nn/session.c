/* Sessions: plans kept by use, memory, and the loop that runs a plan's entries. */
#include "nn/session.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/flush.h"
#include "base/reader.h"
#include "kernels/elementwise.h"
#include "kernels/layout.h"
#include "kernels/pool.h"
#include "kernels/resize.h"

typedef struct slot { /* a plan and what this session needs to run it */
    kao_plan *plan;
    kao_tensor *args;   /* by operand, data resolved before each run */
    void *outputs;      /* memory of all outputs */
    kao_tensor *output; /* by number */
} slot;

struct kao_session {
    kao_network *net;
    kao_mem *mem;
    kao_pool pool; /* the context's, limited */
    const kao_cancel *cancel;
    uint32_t passes, n_slots;
    kao_tensor *inputs;
    slot slots[KAO_MAX_PLANS];
    slot *now;
    uint64_t clock;
    unsigned char *arena, *scratch;
    size_t arena_bytes, scratch_bytes;
    bool profiling;
    uint64_t *ns; /* by entry of the plan in `now` */
    uint32_t n_ns;
};

kao_status kao_session_create(kao_session **out, kao_network *net,
                              const kao_session_options *options, kao_error *err)
{
    const kao_session_options o =
        options ? *options : (kao_session_options){ .passes = KAO_PASS_ALL };
    kao_mem *mem = &net->ctx->mem;
    kao_session *s = kao_calloc(mem, 1, sizeof *s);

    *out = NULL;
    if (!s)
        return kao_fail(err, KAO_E_NOMEM, "%s: out of memory", net->name);
    s->net = net;
    s->mem = mem;
    s->pool = kao_pool_limited(net->ctx->pool, o.n_threads);
    s->cancel = o.cancel;
    s->passes = o.passes;
    s->inputs = kao_calloc(mem, net->onnx.n_inputs, sizeof *s->inputs);
    if (!s->inputs) {
        kao_free(mem, s);
        return kao_fail(err, KAO_E_NOMEM, "%s: out of memory", net->name);
    }
    *out = s;
    return KAO_OK;
}

static void drop_slot(kao_session *s, slot *x)
{
    kao_plan_destroy(x->plan, s->net);
    kao_free(s->mem, x->args);
    kao_free(s->mem, x->outputs);
    kao_free(s->mem, x->output);
    *x = (slot){ 0 };
}

void kao_session_destroy(kao_session *s)
{
    if (!s)
        return;
    for (uint32_t i = 0; i < s->n_slots; i++)
        drop_slot(s, &s->slots[i]);
    kao_free(s->mem, s->inputs);
    kao_free(s->mem, s->arena);
    kao_free(s->mem, s->scratch);
    kao_free(s->mem, s->ns);
    kao_free(s->mem, s);
}

static kao_status check_input(const kao_onnx_model *onnx, uint32_t i,
                              const kao_tensor *t, kao_error *err)
{
    char have[96], want[96];
    int64_t n = 0;

    if (i >= onnx->n_inputs)
        return kao_fail(err, KAO_E_ARG, "input %u of %u", i, onnx->n_inputs);
    const kao_onnx_input *in = &onnx->inputs[i];
    const char *name = onnx->value_names[in->value];
    bool fits = (in->rank < 0 || in->rank == t->rank) && t->rank >= 0 &&
                t->rank <= KAO_MAX_RANK;

    if (!fits)
        return kao_fail(err, KAO_E_ARG, "input \"%s\" has rank %d, wanted %d", name,
                        t->rank, in->rank);
    if (in->dtype != (int32_t)t->dtype)
        return kao_fail(err, KAO_E_ARG, "input \"%s\" is %s, wanted %s", name,
                        kao_dtype_name((int)t->dtype), kao_dtype_name(in->dtype));
    for (int32_t d = 0; fits && in->rank >= 0 && d < t->rank; d++)
        fits = in->dims[d] < 0 || in->dims[d] == t->dims[d];
    if (!fits)
        return kao_fail(err, KAO_E_ARG, "input \"%s\" has shape %s, wanted %s", name,
                        kao_dims_text(t->dims, t->rank, have, sizeof have),
                        kao_dims_text(in->dims, in->rank, want, sizeof want));
    if (!kao_dims_count(t->dims, t->rank, &n))
        return kao_fail(err, KAO_E_LIMIT, "input \"%s\": more than %lld elements", name,
                        (long long)KAO_MAX_ELEMENTS);
    return KAO_OK;
}

kao_status kao_session_bind(kao_session *s, uint32_t i, const kao_tensor *t,
                            kao_error *err)
{
    const kao_status st = check_input(&s->net->onnx, i, t, err);

    if (st)
        return kao_error_prefix(err, st, "%s", s->net->name);
    s->inputs[i] = *t;
    return KAO_OK;
}

/* ---- plans ---- */

static kao_status fill_slot(kao_session *s, slot *x, kao_error *err)
{
    const kao_plan *p = x->plan;
    size_t bytes = 0, at = 0;

    for (uint32_t i = 0; i < p->n_outputs; i++)
        bytes += kao_round_up(kao_tensor_bytes(&p->outputs[i]), KAO_ALIGN);
    x->args = kao_calloc(s->mem, p->n_operands, sizeof *x->args);
    x->output = kao_calloc(s->mem, p->n_outputs, sizeof *x->output);
    x->outputs = kao_calloc(s->mem, bytes, 1);
    if (!x->args || !x->output || !x->outputs)
        return kao_fail(err, KAO_E_NOMEM, "%s: out of memory (%zu bytes for outputs)",
                        s->net->name, bytes);
    for (uint32_t i = 0; i < p->n_operands; i++)
        x->args[i] = p->operands[i].t;
    for (uint32_t i = 0; i < p->n_outputs; i++) {
        x->output[i] = p->outputs[i];
        x->output[i].data = (unsigned char *)x->outputs + at;
        at += kao_round_up(kao_tensor_bytes(&p->outputs[i]), KAO_ALIGN);
    }
    return KAO_OK;
}

/* A free slot, or the one that was used longest ago, emptied. */
static slot *take_slot(kao_session *s)
{
    slot *oldest = &s->slots[0];

    if (s->n_slots < KAO_MAX_PLANS)
        return &s->slots[s->n_slots++];
    for (uint32_t i = 1; i < s->n_slots; i++)
        if (s->slots[i].plan->used < oldest->plan->used)
            oldest = &s->slots[i];
    drop_slot(s, oldest);
    return oldest;
}

/* The new plan is made before the oldest one is dropped: weights that both use stay. */
static kao_status add_plan(kao_session *s, kao_error *err)
{
    kao_plan *plan = NULL;
    kao_status st = kao_plan_create(&plan, s->net, s->inputs, s->passes, err);

    if (st)
        return st;
    slot *x = take_slot(s);

    *x = (slot){ .plan = plan };
    st = fill_slot(s, x, err);
    if (st) { /* the last slot moves into the hole */
        drop_slot(s, x);
        s->n_slots--;
        *x = s->slots[s->n_slots];
        s->slots[s->n_slots] = (slot){ 0 };
        return st;
    }
    s->now = x;
    return KAO_OK;
}

/* what: the memory is for. */
static kao_status grow(kao_session *s, unsigned char **p, size_t *have, size_t want,
                       const char *what, kao_error *err)
{
    if (*p && *have >= want)
        return KAO_OK;
    kao_free(s->mem, *p);
    *have = 0;
    *p = kao_alloc(s->mem, want);
    if (!*p)
        return kao_fail(err, KAO_E_NOMEM, "%s: out of memory (%zu bytes for %s)",
                        s->net->name, want, what);
    *have = want;
    return KAO_OK;
}

static kao_status grow_profile(kao_session *s, kao_error *err)
{
    const uint32_t n = s->now->plan->n_entries;

    if (!s->profiling || s->n_ns >= n)
        return KAO_OK;
    kao_free(s->mem, s->ns);
    s->n_ns = 0;
    s->ns = kao_calloc(s->mem, n, sizeof *s->ns);
    if (!s->ns)
        return kao_fail(err, KAO_E_NOMEM, "%s: out of memory", s->net->name);
    s->n_ns = n;
    return KAO_OK;
}

kao_status kao_session_prepare(kao_session *s, kao_error *err)
{
    kao_status st = KAO_OK;

    s->now = NULL;
    for (uint32_t i = 0; i < s->net->onnx.n_inputs; i++)
        if (!kao_tensor_given(&s->inputs[i]))
            return kao_fail(err, KAO_E_ARG, "%s: input \"%s\" is not bound",
                            s->net->name,
                            s->net->onnx.value_names[s->net->onnx.inputs[i].value]);
    for (uint32_t i = 0; i < s->n_slots && !s->now; i++)
        if (kao_plan_fits(s->slots[i].plan, s->inputs))
            s->now = &s->slots[i];
    if (!s->now)
        st = add_plan(s, err);
    if (st)
        return st;
    s->now->plan->used = ++s->clock;
    st = grow(s, &s->arena, &s->arena_bytes, s->now->plan->arena_bytes, "activations",
              err);
    if (!st)
        st = grow(s, &s->scratch, &s->scratch_bytes, s->now->plan->scratch_bytes,
                  "scratch", err);
    if (!st)
        st = grow_profile(s, err);
    if (st)
        s->now = NULL;
    return st;
}

/* ---- running ---- */

static void resolve(const kao_session *s, const slot *x)
{
    const kao_plan *p = x->plan;

    for (uint32_t i = 0; i < p->n_operands; i++) {
        const kao_arg *o = &p->operands[i];

        switch (o->space) {
        case KAO_SPACE_INPUT:
            x->args[i].data = (unsigned char *)s->inputs[o->index].data + o->offset;
            break;
        case KAO_SPACE_OUTPUT:
            x->args[i].data = (unsigned char *)x->output[o->index].data + o->offset;
            break;
        case KAO_SPACE_ARENA:
            x->args[i].data = s->arena + o->offset;
            break;
        default:
            break;
        }
    }
}

static void run_binary(const kao_kernels *k, const kao_pool *pool, const kao_entry *e,
                       const kao_tensor *in, const kao_tensor *out)
{
    kao_binary_rows b = *(const kao_binary_rows *)e->detail;

    b.a = in[0].data;
    b.b = in[1].data;
    b.out = out[0].data;
    kao_binary_run(k, pool, &b);
}

static void run_unary(const kao_kernels *k, const kao_pool *pool, const kao_entry *e,
                      const kao_tensor *in, const kao_tensor *out)
{
    kao_unary_args u = *(const kao_unary_args *)e->detail;

    u.in = in[0].data;
    u.out = out[0].data;
    kao_unary_run(k, pool, &u);
}

static void run_generic(const kao_kernels *k, const kao_pool *pool, const kao_entry *e,
                        const kao_tensor *in, const kao_tensor *out)
{
    const kao_op_call call = { .kernels = k,
                               .pool = pool,
                               .param = e->param,
                               .state = e->state,
                               .n_in = e->n_in,
                               .n_out = e->n_out,
                               .in = in,
                               .out = out };

    e->op->run(&call);
}

static void run_entry(const kao_session *s, const kao_entry *e, const kao_tensor *args)
{
    const kao_tensor *in = args + e->first, *out = in + e->n_in;
    const kao_kernels *k = &s->net->kernels;
    const kao_pool *pool = &s->pool;
    const float *residual = e->n_in > 1 ? in[1].data : NULL;
    const kao_layout_call *layout = e->detail;

    switch (e->kernel) {
    case KAO_KERNEL_CONV:
    case KAO_KERNEL_GROUP:
        kao_conv_group_run(k, pool, e->detail, in[0].data, residual, out[0].data,
                           s->scratch);
        break;
    case KAO_KERNEL_POOL:
        kao_pooling_run(k, pool, e->detail, in[0].data, out[0].data);
        break;
    case KAO_KERNEL_RESIZE:
        kao_resize_run(pool, e->detail, in[0].data, out[0].data);
        break;
    case KAO_KERNEL_BINARY:
        run_binary(k, pool, e, in, out);
        break;
    case KAO_KERNEL_UNARY:
        run_unary(k, pool, e, in, out);
        break;
    case KAO_KERNEL_EXP:
        kao_exp_run(k, pool, in[0].data, out[0].data, *(const size_t *)e->detail);
        break;
    case KAO_KERNEL_TO_NHWC:
        kao_nchw_to_nhwc(k, pool, in[0].data, layout->n, layout->c, layout->n_pixels,
                         out[0].data, layout->pitch);
        break;
    case KAO_KERNEL_TO_NCHW:
        kao_nhwc_to_nchw(k, pool, in[0].data, layout->pitch, layout->n, layout->c,
                         layout->n_pixels, out[0].data);
        break;
    case KAO_KERNEL_COPY:
        kao_tensor_copy(&out[0], &in[0]);
        break;
    default:
        run_generic(k, pool, e, in, out);
        break;
    }
}

static kao_status cancelled(kao_session *s, kao_error *err)
{
    s->now = NULL;
    return kao_fail(err, KAO_E_CANCELLED, "the run was cancelled");
}

static kao_status run_entries(kao_session *s, const slot *x, kao_error *err)
{
    for (uint32_t i = 0; i < x->plan->n_entries; i++) {
        const uint64_t begin = s->profiling ? kao_clock_ns() : 0;

        if (kao_cancelled(s->cancel))
            return cancelled(s, err);
        run_entry(s, &x->plan->entries[i], x->args);
        if (s->profiling)
            s->ns[i] = kao_clock_ns() - begin;
    }
    return KAO_OK;
}

kao_status kao_session_run(kao_session *s, kao_error *err)
{
    if (kao_cancelled(s->cancel))
        return cancelled(s, err);
    kao_status st = kao_session_prepare(s, err);

    if (st)
        return st;
    for (uint32_t i = 0; i < s->net->onnx.n_inputs; i++)
        if (!s->inputs[i].data && kao_tensor_count(&s->inputs[i]) > 0) {
            s->now = NULL;
            return kao_fail(err, KAO_E_ARG, "%s: input \"%s\" has no data",
                            s->net->name,
                            s->net->onnx.value_names[s->net->onnx.inputs[i].value]);
        }
    resolve(s, s->now);
    const kao_float_mode was = kao_flush_begin();

    st = run_entries(s, s->now, err);
    kao_flush_end(was);
    return st;
}

const kao_tensor *kao_session_output(const kao_session *s, uint32_t i)
{
    return s->now && i < s->now->plan->n_outputs ? &s->now->output[i] : NULL;
}

/* ---- looking in ---- */

void kao_session_profile(kao_session *s, bool on)
{
    s->profiling = on;
}

const kao_plan *kao_session_plan(const kao_session *s)
{
    return s->now ? s->now->plan : NULL;
}

uint32_t kao_session_profile_rows(const kao_session *s)
{
    return s->now ? s->now->plan->n_entries : 0;
}

kao_profile_row kao_session_profile_row(const kao_session *s, uint32_t i)
{
    const kao_plan *p = s->now->plan;
    const kao_entry *e = &p->entries[i];
    kao_profile_row row = { .node = e->node, .kernel = kao_kernel_name(e->kernel) };

    if (e->n_out > 0) {
        const kao_tensor *t = &p->operands[e->first + e->n_in].t;

        kao_dims_text(t->dims, t->rank, row.shape, sizeof row.shape);
    }
    row.ns = s->profiling && i < s->n_ns ? s->ns[i] : 0;
    return row;
}
