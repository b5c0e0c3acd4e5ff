/* A pool of threads that share the pieces of jobs.
 *
 * Pieces are numbered and taken in order by whichever thread is free; what a piece does
 * must not depend on who takes it, so that results are the same bits for any number of
 * threads. Several threads may run jobs at once: each works on its own one, and workers help
 * where there is room. In a piece denormal floats count as zero (base/flush.h), in every thread.
 * Workers without a job spin for some tens of microseconds (layers of a
 * network follow each other closely) and then sleep. */
#ifndef KAO_BASE_POOL_H
#define KAO_BASE_POOL_H

#include "base/error.h"
#include "base/mem.h"

enum { KAO_MAX_THREADS = 1024 };

typedef struct kao_workers kao_workers;

/* What runs a job: workers, and how many threads one job may have. Copies and limited ones
 * share the workers of the pool that was created, which must outlive them. */
typedef struct kao_pool {
    kao_workers *workers; /* NULL: none, the caller works alone */
    uint32_t n_threads;   /* with the caller, 1 at least */
} kao_pool;

/* worker: 0 .. n_threads-1 of the pool, for scratch that a thread owns during the job. */
typedef void kao_pool_fn(void *arg, size_t piece, uint32_t worker);

typedef struct kao_pool_options {
    uint32_t n_threads; /* for one job, with the caller: 1 .. KAO_MAX_THREADS */
    uint32_t n_cpus;    /* threads worth waking, with the callers; 0: as n_threads */
    /* The caller's own threads in place of the pool's (kao/context.h), or NULL. */
    kao_parallel_for *parallel_for;
    void *user;
} kao_pool_options;

/* Errors: KAO_E_ARG (too many threads), KAO_E_NOMEM, KAO_E_IO (one could not start). */
kao_status kao_pool_create(kao_pool **out, kao_mem *mem, const kao_pool_options *o,
                           kao_error *err);
/* In a forked child too, where the threads do not exist. NULL is fine. */
void kao_pool_destroy(kao_pool *pool);

/* The same workers, at most n of the pool's threads a job; 0: all. of may be NULL. */
kao_pool kao_pool_limited(const kao_pool *of, uint32_t n);
uint32_t kao_pool_threads(const kao_pool *pool); /* NULL: 1 */

/* Call fn for every piece < n_pieces and return when all are done. Any thread may call it at
 * any time, from within a piece too. pool NULL: alone. No allocation. */
void kao_pool_run(const kao_pool *pool, kao_pool_fn *fn, void *arg, size_t n_pieces);

#endif
