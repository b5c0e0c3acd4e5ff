/* kao_model: a network, its card and its calibration, counted; and those linked in. */
#include "face/model.h"

#include <stdio.h>
#include <string.h>

static void destroy(kao_model *m)
{
    kao_mem *mem = &m->ctx->mem;

    kao_calibration_destroy(m->calibration);
    kao_card_destroy(m->card);
    kao_network_destroy(m->net);
    pthread_mutex_destroy(&m->lock);
    kao_free(mem, m);
}

/* path NULL: from bytes. text: lines of a card, or NULL. */
static kao_status open_model(kao_context *ctx, kao_model **out, const char *path,
                             kao_span bytes, const char *name, const char *text,
                             kao_error *err)
{
    kao_model *m = kao_calloc(&ctx->mem, 1, sizeof *m);

    if (!m)
        return kao_fail(err, KAO_E_NOMEM, "%s: out of memory", name);
    m->ctx = ctx;
    atomic_init(&m->holders, 1);
    pthread_mutex_init(&m->lock, NULL);
    kao_status st = path ? kao_network_load(ctx, &m->net, path, err)
                         : kao_network_parse(ctx, &m->net, bytes, name, err);

    if (!st)
        m->bytes = path ? m->net->onnx.file.bytes : bytes;
    if (!st)
        st = kao_card_build(&m->card, m, path, text, err);
    if (!st)
        st = kao_calibration_build(&m->calibration, &ctx->mem, m->card, name, err);
    if (st) {
        destroy(m);
        return st;
    }
    *out = m;
    return KAO_OK;
}

kao_status kao_model_open_card(kao_context *ctx, kao_model **out, const char *path,
                               const char *card, kao_error *err)
{
    if (out)
        *out = NULL;
    if (!ctx || !out || !path)
        return kao_fail(err, KAO_E_ARG, "model: no context, result or path");
    return open_model(ctx, out, path, (kao_span){ NULL, 0 }, path, card, err);
}

kao_status kao_model_open(kao_context *ctx, kao_model **out, const char *path,
                          kao_error *err)
{
    return kao_model_open_card(ctx, out, path, NULL, err);
}

kao_status kao_model_open_bytes(kao_context *ctx, kao_model **out, const void *bytes,
                                size_t n_bytes, const char *name, const char *card,
                                kao_error *err)
{
    if (out)
        *out = NULL;
    if (!ctx || !out || (!bytes && n_bytes))
        return kao_fail(err, KAO_E_ARG, "model: no context, result or bytes");
    return open_model(ctx, out, NULL, (kao_span){ bytes, n_bytes },
                      name ? name : "model", card, err);
}

int kao_model_bundled(size_t i, const char **name, const void **bytes, size_t *n_bytes)
{
    if (i >= kao_n_bundled_models)
        return 0;
    if (name)
        *name = kao_bundled_models[i].name;
    if (bytes)
        *bytes = kao_bundled_models[i].bytes;
    if (n_bytes)
        *n_bytes = kao_bundled_models[i].n_bytes;
    return 1;
}

kao_status kao_model_open_bundled(kao_context *ctx, kao_model **out, const char *name,
                                  kao_error *err)
{
    char have[64] = "";
    size_t n = 0;

    if (out)
        *out = NULL;
    if (!ctx || !out || !name)
        return kao_fail(err, KAO_E_ARG, "model: no context, result or name");
    for (size_t i = 0; i < kao_n_bundled_models; i++) {
        const kao_bundled *b = &kao_bundled_models[i];

        if (b->bytes && strcmp(b->name, name) == 0)
            return open_model(ctx, out, NULL, (kao_span){ b->bytes, b->n_bytes }, name,
                              NULL, err);
        if (b->bytes && n < sizeof have)
            n += (size_t)snprintf(have + n, sizeof have - n, "%s%s", n ? ", " : "",
                                  b->name);
    }
    return kao_fail(err, KAO_E_UNKNOWN_MODEL,
                    "no model \"%.60s\" in this build of kao; it has: %s", name,
                    n ? have : "none");
}

kao_model *kao_model_retain(kao_model *m)
{
    atomic_fetch_add_explicit(&m->holders, 1, memory_order_relaxed);
    return m;
}

void kao_model_release(kao_model *m)
{
    if (m && atomic_fetch_sub_explicit(&m->holders, 1, memory_order_acq_rel) == 1)
        destroy(m);
}

const kao_card *kao_model_card(const kao_model *m)
{
    return m->card;
}

const char *kao_model_name(const kao_model *m)
{
    return m->net->name;
}

uint64_t kao_model_weights(const kao_model *m)
{
    const kao_onnx_model *o = &m->net->onnx;
    uint64_t n = 0;

    for (uint32_t v = 0; v < o->n_values; v++)
        n += o->constants[v] ? (uint64_t)o->constants[v]->n : 0;
    return n;
}

void kao_model_hash(kao_model *m, char text[KAO_SHA256_TEXT])
{
    pthread_mutex_lock(&m->lock);
    if (!m->sha256[0])
        kao_sha256(m->bytes, m->sha256);
    memcpy(text, m->sha256, KAO_SHA256_TEXT);
    pthread_mutex_unlock(&m->lock);
}

void kao_model_identity(kao_model *m, char text[KAO_SHA256_TEXT])
{
    const kao_onnx_model *onnx = &m->net->onnx;
    char list[KAO_MAX_EXTERNAL + 1][KAO_SHA256_TEXT];

    kao_model_hash(m, list[0]);
    if (onnx->n_external == 0) {
        memcpy(text, list[0], KAO_SHA256_TEXT);
        return;
    }
    pthread_mutex_lock(&m->lock);
    if (!m->identity[0]) {
        for (size_t i = 0; i < onnx->n_external; i++)
            kao_sha256(onnx->external[i].bytes, list[i + 1]);
        kao_sha256((kao_span){ (const uint8_t *)list,
                               (onnx->n_external + 1) * sizeof list[0] },
                   m->identity);
    }
    memcpy(text, m->identity, KAO_SHA256_TEXT);
    pthread_mutex_unlock(&m->lock);
}
