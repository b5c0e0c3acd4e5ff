/* The pool: one job slot, an atomic ticket for pieces, futex-like sleep by condition.
 *
 *   caller: write job; epoch++ ------> workers see a new epoch (spin, then wait)
 *   all:    ticket++ until n_pieces    take pieces
 *   caller: wait until every worker has left the job (active == 0)
 *
 * The caller leaves only when every worker has been through the job, also one that came too
 * late for a piece: so no worker can meet the next job's fields half written, and each
 * worker sees every epoch. */
#include "base/pool.h"

#include <pthread.h>
#include <time.h>

enum { SPIN_ROUNDS = 4000 };

typedef struct worker_arg {
    kao_pool *pool;
    uint32_t index;
} worker_arg;

struct kao_pool {
    kao_mem *mem;
    uint32_t n_threads; /* with the caller; written before start */
    uint32_t n_started; /* threads that run; used by create and destroy only */
    pthread_t *threads;
    worker_arg *args;     /* one a thread */
    pthread_mutex_t lock; /* guards sleeping and waking */
    pthread_cond_t wake;
    pthread_mutex_t job; /* held by the caller whose job is running */
    atomic_uint epoch;   /* grows by one per job; odd or even means nothing */
    atomic_bool stop;
    kao_pool_fn *fn; /* the job: written before epoch grows */
    void *arg;
    size_t n_pieces;
    _Alignas(64) atomic_size_t next;   /* the ticket */
    _Alignas(64) atomic_uint finished; /* workers that have left this epoch's job */
};

static inline void relax(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

static void take_pieces(kao_pool *p, uint32_t worker)
{
    for (;;) {
        const size_t piece =
            atomic_fetch_add_explicit(&p->next, 1, memory_order_relaxed);

        if (piece >= p->n_pieces)
            return;
        p->fn(p->arg, piece, worker);
    }
}

static void wait_for_epoch(kao_pool *p, unsigned seen)
{
    for (int i = 0; i < SPIN_ROUNDS; i++) {
        if (atomic_load_explicit(&p->epoch, memory_order_acquire) != seen)
            return;
        relax();
    }
    pthread_mutex_lock(&p->lock);
    while (atomic_load_explicit(&p->epoch, memory_order_acquire) == seen)
        pthread_cond_wait(&p->wake, &p->lock);
    pthread_mutex_unlock(&p->lock);
}

static void *worker_main(void *opaque)
{
    const worker_arg *w = opaque;
    kao_pool *p = w->pool;
    const uint32_t index = w->index;
    unsigned seen = 0;

    for (;;) {
        wait_for_epoch(p, seen);
        seen++;
        if (atomic_load(&p->stop))
            return NULL;
        take_pieces(p, index);
        atomic_fetch_add_explicit(&p->finished, 1, memory_order_release);
    }
}

static void next_epoch(kao_pool *p)
{
    pthread_mutex_lock(&p->lock);
    atomic_fetch_add_explicit(&p->epoch, 1, memory_order_release);
    pthread_cond_broadcast(&p->wake);
    pthread_mutex_unlock(&p->lock);
}

static kao_status start_thread(kao_pool *p, uint32_t index, kao_error *err)
{
    worker_arg *w = &p->args[index - 1];

    *w = (worker_arg){ p, index };
    const int rc = pthread_create(&p->threads[index - 1], NULL, worker_main, w);
    if (rc)
        return kao_fail_sys(err, KAO_E_IO, rc, "thread pool: thread %u", index);
    p->n_started++;
    return KAO_OK;
}

kao_status kao_pool_create(kao_pool **out, kao_mem *mem, uint32_t n_threads,
                           kao_error *err)
{
    kao_status st = KAO_OK;
    kao_pool *p = kao_calloc(mem, 1, sizeof *p);

    *out = NULL;
    if (!p)
        return kao_fail(err, KAO_E_NOMEM, "thread pool: out of memory");
    p->mem = mem;
    p->n_threads = n_threads ? n_threads : 1;
    pthread_mutex_init(&p->lock, NULL);
    pthread_mutex_init(&p->job, NULL);
    pthread_cond_init(&p->wake, NULL);
    p->threads = kao_calloc(mem, p->n_threads, sizeof *p->threads);
    p->args = kao_calloc(mem, p->n_threads, sizeof *p->args);
    if (!p->threads || !p->args)
        st = kao_fail(err, KAO_E_NOMEM, "thread pool: out of memory");
    for (uint32_t i = 1; !st && i < p->n_threads; i++)
        st = start_thread(p, i, err);
    if (st) {
        kao_pool_destroy(p);
        return st;
    }
    *out = p;
    return KAO_OK;
}

void kao_pool_destroy(kao_pool *p)
{
    if (!p)
        return;
    atomic_store(&p->stop, true);
    next_epoch(p);
    for (uint32_t i = 0; i < p->n_started; i++)
        pthread_join(p->threads[i], NULL);
    pthread_cond_destroy(&p->wake);
    pthread_mutex_destroy(&p->job);
    pthread_mutex_destroy(&p->lock);
    kao_free(p->mem, p->threads);
    kao_free(p->mem, p->args);
    kao_free(p->mem, p);
}

uint32_t kao_pool_threads(const kao_pool *p)
{
    return p ? p->n_threads : 1;
}

void kao_pool_run(kao_pool *p, kao_pool_fn *fn, void *arg, size_t n_pieces)
{
    if (!p || p->n_threads == 1 || n_pieces < 2 || pthread_mutex_trylock(&p->job)) {
        for (size_t i = 0; i < n_pieces; i++)
            fn(arg, i, 0);
        return;
    }
    p->fn = fn;
    p->arg = arg;
    p->n_pieces = n_pieces;
    atomic_store_explicit(&p->next, 0, memory_order_relaxed);
    atomic_store_explicit(&p->finished, 0, memory_order_relaxed);
    next_epoch(p);
    take_pieces(p, 0);
    for (int spins = 0; atomic_load_explicit(&p->finished, memory_order_acquire) !=
                        p->n_threads - 1;) {
        if (++spins < SPIN_ROUNDS) {
            relax();
        } else { /* a worker's pieces run long, or it was not scheduled yet */
            const struct timespec pause = { 0, 20000 };

            nanosleep(&pause, NULL);
        }
    }
    pthread_mutex_unlock(&p->job);
}
