/* Loading: parse, bind each node to its row, read its attributes. All that can be refused
 * before input shapes are known is refused here. */
#include "nn/model.h"

#include <stdio.h>
#include <string.h>

struct kao_packed {
    kao_packed *next;
    uint64_t key;
    size_t bytes;
    _Alignas(KAO_ALIGN) unsigned char data[];
};

const char *kao_model_node_text(const kao_model *m, uint32_t node, char *buf,
                                size_t cap)
{
    const kao_onnx_node *n = &m->onnx.nodes[node];

    snprintf(buf, cap, "node %u \"%.80s\" (%.40s)", node, n->name, n->op);
    return buf;
}

static kao_status bind_node(kao_model *m, uint32_t i, kao_error *err)
{
    const kao_onnx_node *node = &m->onnx.nodes[i];
    bool known = false;

    if (node->domain[0] && strcmp(node->domain, "ai.onnx") != 0)
        return kao_fail(err, KAO_E_UNSUPPORTED, "operator of domain %s", node->domain);
    const kao_op *op = kao_op_find(node->op, m->onnx.opset, &known);

    if (!op && !known)
        return kao_fail(err, KAO_E_UNSUPPORTED, "operator %s is not supported",
                        node->op);
    if (!op)
        return kao_fail(err, KAO_E_UNSUPPORTED,
                        "operator %s of opset %lld is not supported", node->op,
                        (long long)m->onnx.opset);
    void *param = kao_arena_calloc(&m->arena, 1, op->param_size);

    if (!param)
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    kao_op_loader l = { .op = op,
                        .node = node,
                        .model = &m->onnx,
                        .arena = &m->arena,
                        .param = param,
                        .err = err };

    m->nodes[i] = (kao_node){ op, param };
    return kao_op_load(&l);
}

static kao_status check_inputs(const kao_model *m, kao_error *err)
{
    for (uint32_t i = 0; i < m->onnx.n_inputs; i++) {
        const kao_onnx_input *in = &m->onnx.inputs[i];

        if (!(kao_type_bit((kao_dtype)in->dtype) & KAO_T_ALL))
            return kao_fail(err, KAO_E_UNSUPPORTED, "input \"%s\" of type %s",
                            m->onnx.value_names[in->value], kao_dtype_name(in->dtype));
    }
    return KAO_OK;
}

static kao_status bind_all(kao_model *m, kao_error *err)
{
    char text[160];
    kao_status st = KAO_OK;

    if (m->onnx.opset < 6)
        return kao_fail(err, KAO_E_UNSUPPORTED, "opset %lld: 6 and later are read",
                        (long long)m->onnx.opset);
    m->nodes = kao_arena_calloc(&m->arena, m->onnx.n_nodes, sizeof *m->nodes);
    if (!m->nodes)
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    for (uint32_t i = 0; !st && i < m->onnx.n_nodes; i++) {
        st = bind_node(m, i, err);
        if (st)
            kao_error_prefix(err, st, "%s",
                             kao_model_node_text(m, i, text, sizeof text));
    }
    return st ? st : check_inputs(m, err);
}

static kao_status make(kao_context *ctx, kao_model **out, const char *path,
                       kao_span bytes, const char *name, kao_error *err)
{
    kao_model *m = kao_calloc(&ctx->mem, 1, sizeof *m);

    *out = NULL;
    if (!m)
        return kao_fail(err, KAO_E_NOMEM, "%s: out of memory", name);
    m->ctx = ctx;
    kao_arena_init(&m->arena, &ctx->mem, KAO_MAX_GRAPH_HEAP);
    pthread_mutex_init(&m->lock, NULL);
    kao_kernels_init(&m->kernels, ctx->cpu);
    m->name = kao_arena_str(&m->arena, name, strlen(name));
    if (!m->name) {
        kao_model_destroy(m);
        return kao_fail(err, KAO_E_NOMEM, "%s: out of memory", name);
    }
    kao_status st = path ? kao_onnx_load(&m->onnx, &ctx->mem, path, err)
                         : kao_onnx_parse(&m->onnx, &ctx->mem, bytes, err);

    if (!st) {
        st = bind_all(m, err);
        if (st)
            kao_error_prefix(err, st, "%s", name);
    } else if (!path) {
        kao_error_prefix(err, st, "%s", name);
    }
    if (st) {
        kao_model_destroy(m);
        return st;
    }
    *out = m;
    return KAO_OK;
}

kao_status kao_model_load(kao_context *ctx, kao_model **out, const char *path,
                          kao_error *err)
{
    return make(ctx, out, path, (kao_span){ 0 }, path, err);
}

kao_status kao_model_parse(kao_context *ctx, kao_model **out, kao_span bytes,
                           const char *name, kao_error *err)
{
    return make(ctx, out, NULL, bytes, name, err);
}

void kao_model_destroy(kao_model *m)
{
    if (!m)
        return;
    kao_mem *mem = &m->ctx->mem;

    for (size_t i = 0; i < KAO_PACKED_LISTS; i++)
        while (m->packed[i]) {
            kao_packed *next = m->packed[i]->next;

            kao_free(mem, m->packed[i]);
            m->packed[i] = next;
        }
    pthread_mutex_destroy(&m->lock);
    kao_arena_fini(&m->arena);
    kao_onnx_free(&m->onnx);
    kao_free(mem, m);
}

const void *kao_model_packed(kao_model *m, uint64_t key, size_t bytes,
                             bool (*make_packed)(void *user, void *packed), void *user)
{
    kao_packed **list = &m->packed[key >> 32 & (KAO_PACKED_LISTS - 1)], *p = NULL;

    pthread_mutex_lock(&m->lock);
    for (p = *list; p && (p->key != key || p->bytes != bytes); p = p->next)
        ;
    if (!p) {
        p = bytes < SIZE_MAX - sizeof *p ? kao_alloc(&m->ctx->mem, sizeof *p + bytes)
                                         : NULL;
        if (p)
            *p = (kao_packed){ .next = *list, .key = key, .bytes = bytes };
        if (p && !make_packed(user, p->data)) {
            kao_free(&m->ctx->mem, p);
            p = NULL;
        }
        if (p)
            *list = p;
    }
    pthread_mutex_unlock(&m->lock);
    return p ? p->data : NULL;
}
