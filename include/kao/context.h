/* kao/context.h: what a program's use of kao stands on: memory, threads, CPU features.
 *
 * Make one context, hand it to every create and load, destroy it last. Several contexts
 * in one process are independent. The library reads no environment variable. */
#ifndef KAO_CONTEXT_H
#define KAO_CONTEXT_H

#include <stddef.h>
#include <stdint.h>

#include "kao/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct kao_context kao_context;

/* A caller's own memory. alloc returns at least size bytes aligned to align (a power of
 * two, at least sizeof(void *)), or NULL. Both are called from any thread. */
typedef struct kao_allocator {
    void *(*alloc)(void *user, size_t size, size_t align);
    void (*free)(void *user, void *block);
    void *user;
} kao_allocator;

/* Fill with {0} for defaults. */
typedef struct kao_context_options {
    const kao_allocator *allocator; /* NULL: the C library */
    uint32_t n_threads; /* threads for one call; 0: one per available CPU, 64 at most */
    /* Widest kernels to use: "ref", "avx2", "avx512"; NULL or "native": all that this
     * machine has. More than it has is KAO_E_UNSUPPORTED. */
    const char *cpu;
} kao_context_options;

/* *out: the new context, or NULL. options and err may be NULL.
 * Errors: KAO_E_ARG, KAO_E_NOMEM, KAO_E_UNSUPPORTED (cpu), KAO_E_IO (a thread could not start).
 * A context may be used by several threads at once; what is made from it says for itself. */
KAO_API kao_status kao_context_create(kao_context **out,
                                      const kao_context_options *options,
                                      kao_error *err);
/* Everything made from the context must be destroyed before. NULL is fine. */
KAO_API void kao_context_destroy(kao_context *ctx);

/* The kernels in use ("ref", "avx2", "avx512") and the number of threads. */
KAO_API const char *kao_context_cpu(const kao_context *ctx);
KAO_API uint32_t kao_context_threads(const kao_context *ctx);

/* The library's version, "0.1.0". */
KAO_API const char *kao_version(void);

#ifdef __cplusplus
}
#endif
#endif
