/* A pool of threads that share the pieces of one job.
 *
 * Pieces are numbered and taken in order by whichever thread is free; what a piece does
 * must not depend on who takes it, so that results are the same bits for any number of
 * threads. Workers spin for a few microseconds after a job (layers of a network follow
 * each other closely) and then sleep. */
#ifndef KAO_BASE_POOL_H
#define KAO_BASE_POOL_H

#include "base/mem.h"
#include "base/error.h"

typedef struct kao_pool kao_pool;

/* worker: 0 .. n_threads-1, for scratch that a thread owns during the job. */
typedef void kao_pool_fn(void *arg, size_t piece, uint32_t worker);

/* n_threads counts the caller: 1 makes a pool without threads of its own. */
kao_status kao_pool_create(kao_pool **out, kao_mem *mem, uint32_t n_threads,
                           kao_error *err);
void kao_pool_destroy(kao_pool *pool);
uint32_t kao_pool_threads(const kao_pool *pool); /* NULL: 1 */

/* Call fn for every piece < n_pieces and return when all are done. One job at a time: a
 * caller that finds the pool busy with another thread's job runs its own pieces alone.
 * pool NULL: the same, alone. No allocation. */
void kao_pool_run(kao_pool *pool, kao_pool_fn *fn, void *arg, size_t n_pieces);

#endif
