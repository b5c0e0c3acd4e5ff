/* kao_cancel: one flag. It is only looked at between layers, so it needs no order. */
#include "base/cancel.h"

#include "base/context.h"
#include "base/error.h"

kao_status kao_cancel_create(kao_context *ctx, kao_cancel **out, kao_error *err)
{
    if (!ctx || !out)
        return kao_fail(err, KAO_E_ARG, "cancel: no context or place for the result");
    *out = kao_calloc(&ctx->mem, 1, sizeof **out);
    if (!*out)
        return kao_fail(err, KAO_E_NOMEM, "cancel: out of memory");
    (*out)->mem = &ctx->mem;
    return KAO_OK;
}

void kao_cancel_destroy(kao_cancel *c)
{
    if (c)
        kao_free(c->mem, c);
}

void kao_cancel_request(kao_cancel *c)
{
    atomic_store_explicit(&c->requested, true, memory_order_relaxed);
}

void kao_cancel_reset(kao_cancel *c)
{
    atomic_store_explicit(&c->requested, false, memory_order_relaxed);
}
