/* kao_context. Its own block comes from a first kao_mem on the stack and is counted in the
 * one it carries, so that live is zero just before it is freed. */
#include "base/context.h"

#include "base/cpu.h"
#include "base/error.h"

kao_status kao_context_create(kao_context **out, const kao_context_options *options,
                              kao_error *err)
{
    static const kao_context_options defaults = { 0 };
    const kao_context_options *o = options ? options : &defaults;
    const uint32_t have = kao_cpu_detect();
    uint32_t mask = 0, n = o->n_threads;
    kao_mem first;

    if (!out)
        return kao_fail(err, KAO_E_ARG, "context: no place for the result");
    *out = NULL;
    if (n > 1024)
        return kao_fail(err, KAO_E_ARG, "context: %u threads, at most 1024", n);
    if (o->allocator && (!o->allocator->alloc || !o->allocator->free))
        return kao_fail(err, KAO_E_ARG, "context: an allocator needs alloc and free");
    if (!kao_cpu_mask(o->cpu, have, &mask))
        return kao_fail(
            err, KAO_E_UNSUPPORTED,
            "cpu \"%s\": this machine has ref%s%s; use one of them or native", o->cpu,
            have & KAO_CPU_AVX2 ? ", avx2" : "",
            have & KAO_CPU_AVX512 ? ", avx512" : "");
    kao_mem_init(&first, o->allocator);
    kao_context *ctx = kao_calloc(&first, 1, sizeof *ctx);
    if (!ctx)
        return kao_fail(err, KAO_E_NOMEM, "context: out of memory");
    kao_mem_init(&ctx->mem, o->allocator);
    ctx->cpu = mask;
    if (n == 0) {
        n = kao_cpu_count();
        n = n > 64 ? 64 : n;
    }
    const kao_status st = kao_pool_create(&ctx->pool, &ctx->mem, n, err);
    if (st) {
        kao_free(&first, ctx);
        return st;
    }
    *out = ctx;
    return KAO_OK;
}

void kao_context_destroy(kao_context *ctx)
{
    if (!ctx)
        return;
    kao_pool_destroy(ctx->pool);
    const kao_allocator hooks = ctx->mem.hooks;

    hooks.free(hooks.user, ctx);
}

const char *kao_context_cpu(const kao_context *ctx)
{
    return kao_cpu_name(ctx->cpu);
}

uint32_t kao_context_threads(const kao_context *ctx)
{
    return kao_pool_threads(ctx->pool);
}

const char *kao_version(void)
{
    return KAO_VERSION;
}
