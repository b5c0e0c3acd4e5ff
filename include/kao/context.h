/* kao/context.h: what a program's use of kao stands on: memory, threads, CPU features.
 *
 * Make one context, hand it to every create and load, destroy it last. Several contexts
 * in one process are independent. The library reads no environment variable, but for galleries on
 * a PostgreSQL server: libpq's own, and XDG_CACHE_HOME or HOME for the folder of their indices.
 *
 * After fork() the child may use and destroy what it has inherited, provided that no other
 * thread of the parent was inside a call with the same object, or with any that was made from
 * the same model, or making one from it at that moment; the context itself may have been in use.
 * The context's threads do not exist in the child, so its calls run in the calling thread (or in
 * the child's parallel_for); for threads, make a context there. */
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
 * two, at least sizeof(void *)), or NULL. Both are called from any thread. What libjpeg, libwebp,
 * libexpat, libheif and gdk-pixbuf need while they read or write a picture, Pango for a label, and
 * SQLite or libpq for a gallery, is theirs or the C library's. */
typedef struct kao_allocator {
    void *(*alloc)(void *user, size_t size, size_t align);
    void (*free)(void *user, void *block);
    void *user;
} kao_allocator;

/* A caller's own threads: call piece(arg, i) once for each i < n, from any threads and in any
 * order, and return when all have returned. Called by any thread that uses the context, by
 * several at once, and from within a piece. */
typedef void kao_parallel_for(void *user, void (*piece)(void *arg, size_t i), void *arg,
                              size_t n);

/* Fill with {0} for defaults. */
typedef struct kao_context_options {
    const kao_allocator *allocator; /* NULL: the C library */
    /* Threads for one call, the caller's among them; 0: one for each CPU that this process
     * may use (affinity and the control group's quota count), 64 at most. More than there
     * are CPUs take turns. Results are the same bits for any number. */
    uint32_t n_threads;
    /* Widest kernels to use: "ref", "avx2", "avx512", on arm64 "ref", "neon"; NULL or
     * "native": all that this machine has. More than it has is KAO_E_UNSUPPORTED. */
    const char *cpu;
    /* NULL: the context starts n_threads - 1 threads of its own, which help whoever calls.
     * Else it starts none and cuts its work into n_threads pieces at most. */
    kao_parallel_for *parallel_for;
    void *parallel_user;
} kao_context_options;

/* *out: the new context, or NULL. options and err may be NULL.
 * Errors: KAO_E_ARG, KAO_E_NOMEM, KAO_E_UNSUPPORTED (cpu), KAO_E_IO (a thread could not start).
 * A context may be used by several threads at once; what is made from it says for itself. */
KAO_API kao_status kao_context_create(kao_context **out,
                                      const kao_context_options *options,
                                      kao_error *err);
/* Everything made from the context must be destroyed before. NULL is fine. */
KAO_API void kao_context_destroy(kao_context *ctx);

/* The kernels in use ("ref", "avx2", "avx512", "neon") and the number of threads. */
KAO_API const char *kao_context_cpu(const kao_context *ctx);
KAO_API uint32_t kao_context_threads(const kao_context *ctx);

/* A flag by which one thread stops what another one runs: hand it over when a detector or
 * embedder is made (kao_run_options), request it from any thread. The call that runs then
 * ends at the network's next layer with KAO_E_CANCELLED, and further calls do so at once,
 * until it is reset. It must outlive what was made with it. */
typedef struct kao_cancel kao_cancel;

KAO_API kao_status kao_cancel_create(kao_context *ctx, kao_cancel **out,
                                     kao_error *err);
KAO_API void kao_cancel_destroy(kao_cancel *cancel); /* NULL is fine */
KAO_API void
kao_cancel_request(kao_cancel *cancel); /* any thread, also a signal handler */
KAO_API void kao_cancel_reset(kao_cancel *cancel);

/* How the calls of one detector or embedder run. Fill with {0} for defaults. */
typedef struct kao_run_options {
    uint32_t n_threads;       /* of the context's threads, for one call; 0: all */
    const kao_cancel *cancel; /* NULL: calls run to their end */
} kao_run_options;

/* The library's version, "0.1.0". */
KAO_API const char *kao_version(void);

#ifdef __cplusplus
}
#endif
#endif
