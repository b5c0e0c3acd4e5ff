/* Loading: parse, bind each node to its row, read its attributes. All that can be refused
 * before input shapes are known is refused here. */
#include "nn/network.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

struct kao_packed {
    kao_packed *next;
    kao_packing_key key;
    size_t n_plans; /* that hold it */
    _Alignas(KAO_ALIGN) unsigned char data[];
};

const char *kao_network_node_text(const kao_network *net, uint32_t node, char *buf,
                                  size_t cap)
{
    if (node >= net->onnx.n_nodes) { /* an output that is an input or constant */
        snprintf(buf, cap, "no node");
        return buf;
    }
    const kao_onnx_node *n = &net->onnx.nodes[node];

    snprintf(buf, cap, "node %u \"%.80s\" (%.40s)", node, n->name, n->op);
    return buf;
}

static kao_status bind_node(kao_network *net, uint32_t i, kao_error *err)
{
    const kao_onnx_node *node = &net->onnx.nodes[i];
    bool known = false;

    if (node->domain[0] && strcmp(node->domain, "ai.onnx") != 0)
        return kao_fail(err, KAO_E_UNSUPPORTED, "operator of domain %s", node->domain);
    const kao_op *op = kao_op_find(node->op, net->onnx.opset, &known);

    if (!op && !known)
        return kao_fail(err, KAO_E_UNSUPPORTED, "operator %s is not supported",
                        node->op);
    if (!op)
        return kao_fail(err, KAO_E_UNSUPPORTED,
                        "operator %s of opset %lld is not supported", node->op,
                        (long long)net->onnx.opset);
    void *param = kao_arena_calloc(&net->arena, 1, op->param_size);

    if (!param)
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    kao_op_loader l = { .op = op,
                        .node = node,
                        .model = &net->onnx,
                        .arena = &net->arena,
                        .param = param,
                        .err = err };

    net->nodes[i] = (kao_node){ op, param };
    return kao_op_load(&l);
}

/* An input of float16 is given as float32, as all float16 is computed. */
static kao_status check_inputs(const kao_network *net, kao_error *err)
{
    for (uint32_t i = 0; i < net->onnx.n_inputs; i++) {
        kao_onnx_input *in = &net->onnx.inputs[i];

        if (in->dtype == KAO_F16)
            in->dtype = KAO_F32;
        if (!(kao_type_bit((kao_dtype)in->dtype) & KAO_T_ALL))
            return kao_fail(err, KAO_E_UNSUPPORTED, "input \"%s\" of type %s",
                            net->onnx.value_names[in->value],
                            kao_dtype_name(in->dtype));
    }
    return KAO_OK;
}

static kao_status bind_all(kao_network *net, kao_error *err)
{
    char text[160];
    kao_status st = KAO_OK;

    if (net->onnx.opset < 6)
        return kao_fail(err, KAO_E_UNSUPPORTED, "opset %lld: 6 and later are read",
                        (long long)net->onnx.opset);
    net->nodes = kao_arena_calloc(&net->arena, net->onnx.n_nodes, sizeof *net->nodes);
    if (!net->nodes)
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    for (uint32_t i = 0; !st && i < net->onnx.n_nodes; i++) {
        st = bind_node(net, i, err);
        if (st)
            kao_error_prefix(err, st, "%s",
                             kao_network_node_text(net, i, text, sizeof text));
    }
    return st ? st : check_inputs(net, err);
}

static kao_status make(kao_context *ctx, kao_network **out, const char *path,
                       kao_span bytes, const char *name, kao_error *err)
{
    kao_network *net = kao_calloc(&ctx->mem, 1, sizeof *net);

    *out = NULL;
    if (!net)
        return kao_fail(err, KAO_E_NOMEM, "%s: out of memory", name);
    net->ctx = ctx;
    kao_arena_init(&net->arena, &ctx->mem, KAO_MAX_GRAPH_HEAP);
    pthread_mutex_init(&net->lock, NULL);
    kao_kernels_init(&net->kernels, ctx->cpu);
    net->winograd = KAO_WINOGRAD_WHERE_FASTER;
    net->name = kao_arena_str(&net->arena, name, strlen(name));
    if (!net->name) {
        kao_network_destroy(net);
        return kao_fail(err, KAO_E_NOMEM, "%s: out of memory", name);
    }
    kao_status st = path ? kao_onnx_load(&net->onnx, &ctx->mem, path, err)
                         : kao_onnx_parse(&net->onnx, &ctx->mem, bytes, err);

    if (!st) {
        st = bind_all(net, err);
        if (st)
            kao_error_prefix(err, st, "%s", name);
    } else if (!path) {
        kao_error_prefix(err, st, "%s", name);
    }
    if (st) {
        kao_network_destroy(net);
        return st;
    }
    *out = net;
    return KAO_OK;
}

kao_status kao_network_load(kao_context *ctx, kao_network **out, const char *path,
                            kao_error *err)
{
    return make(ctx, out, path, (kao_span){ 0 }, path, err);
}

kao_status kao_network_parse(kao_context *ctx, kao_network **out, kao_span bytes,
                             const char *name, kao_error *err)
{
    return make(ctx, out, NULL, bytes, name, err);
}

void kao_network_destroy(kao_network *net)
{
    if (!net)
        return;
    kao_mem *mem = &net->ctx->mem;

    pthread_mutex_destroy(&net->lock);
    kao_arena_fini(&net->arena);
    kao_onnx_free(&net->onnx);
    kao_free(mem, net);
}

static kao_packed **list_of(kao_network *net, uint64_t layer)
{
    return &net->packed[layer >> 32 & (KAO_PACKED_LISTS - 1)];
}

static bool same_key(const kao_packing_key *a, const kao_packing_key *b)
{
    return a->layer == b->layer && a->algorithm == b->algorithm && a->bytes == b->bytes;
}

const void *kao_network_hold_packed(kao_network *net, const kao_packing_key *key,
                                    bool (*make_packed)(void *user, void *packed),
                                    void *user)
{
    kao_packed **list = list_of(net, key->layer), *p = NULL;

    pthread_mutex_lock(&net->lock);
    for (p = *list; p && !same_key(&p->key, key); p = p->next)
        ;
    if (!p) {
        p = key->bytes < SIZE_MAX - sizeof *p
                ? kao_alloc(&net->ctx->mem, sizeof *p + key->bytes)
                : NULL;
        if (p)
            *p = (kao_packed){ .next = *list, .key = *key };
        if (p && !make_packed(user, p->data)) {
            kao_free(&net->ctx->mem, p);
            p = NULL;
        }
        if (p)
            *list = p;
    }
    if (p)
        p->n_plans++;
    pthread_mutex_unlock(&net->lock);
    return p ? p->data : NULL;
}

void kao_network_drop_packed(kao_network *net, const void *packed)
{
    if (!packed)
        return;
    kao_packed *p = (kao_packed *)((uintptr_t)packed - offsetof(kao_packed, data));
    kao_packed **at = list_of(net, p->key.layer);

    pthread_mutex_lock(&net->lock);
    if (--p->n_plans == 0) {
        while (*at != p)
            at = &(*at)->next;
        *at = p->next;
        kao_free(&net->ctx->mem, p);
    }
    pthread_mutex_unlock(&net->lock);
}
