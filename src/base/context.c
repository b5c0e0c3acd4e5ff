/* kao_context. Its own block comes from a first kao_mem on the stack and is not counted in
 * the one it carries, whose live is zero just before the context is freed. */
#include "base/context.h"

#include "base/cpu.h"
#include "base/cpus.h"
#include "base/error.h"

enum { MAX_DEFAULT_THREADS = 64 };

kao_status kao_context_create(kao_context **out, const kao_context_options *options,
                              kao_error *err)
{
    static const kao_context_options defaults = { 0 };
    const kao_context_options *o = options ? options : &defaults;
    const uint32_t have = kao_cpu_detect();
    const uint32_t n = o->n_threads;
    uint32_t mask = 0;
    char names[128];
    kao_mem first;

    if (!out)
        return kao_fail(err, KAO_E_ARG, "context: no place for the result");
    *out = NULL;
    if (n > KAO_MAX_THREADS)
        return kao_fail(err, KAO_E_ARG, "context: %u threads, at most %d", n,
                        KAO_MAX_THREADS);
    if (o->allocator && (!o->allocator->alloc || !o->allocator->free))
        return kao_fail(err, KAO_E_ARG, "context: an allocator needs alloc and free");
    if (!kao_cpu_mask(o->cpu, have, &mask))
        return kao_fail(err, KAO_E_UNSUPPORTED,
                        "cpu \"%s\": this machine has %s; use one of them or native",
                        o->cpu, kao_cpu_names(have, names, sizeof names));
    kao_mem_init(&first, o->allocator);
    kao_context *ctx = kao_calloc(&first, 1, sizeof *ctx);
    if (!ctx)
        return kao_fail(err, KAO_E_NOMEM, "context: out of memory");
    kao_mem_init(&ctx->mem, o->allocator);
    ctx->cpu = mask;
    const uint32_t n_cpus = kao_cpus_find("").usable;
    const kao_pool_options pool = {
        .n_threads = n                              ? n
                     : n_cpus < MAX_DEFAULT_THREADS ? n_cpus
                                                    : MAX_DEFAULT_THREADS,
        .n_cpus = n_cpus,
        .parallel_for = o->parallel_for,
        .user = o->parallel_user,
    };
    const kao_status st = kao_pool_create(&ctx->pool, &ctx->mem, &pool, err);
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
