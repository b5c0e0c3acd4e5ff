/* The pool: a few job slots, each with a ticket for its pieces.
 *
 *   caller: own a slot, write the job, open its seats -> take pieces -> close the seats,
 *           wait for those who sat down -> free the slot
 *   worker: find an open seat, sit down -> take pieces until there are none -> leave
 *
 * All of a slot but the job itself is one word, `state`:
 *
 *   | OWNED | WAITING |  seats left  |  workers in the job  |
 *
 * A worker may read the job only while it is counted in `state`, and the caller gives the slot
 * back only when nobody is; so a word that a worker read long ago does no harm: if its exchange
 * succeeds, that is a seat in the job that is there now. A job's seats are numbered downwards
 * and given once each: the seat is the `worker` of fn, the caller's being 0. A worker that was
 * not scheduled in time never sits down, and nobody waits for it.
 *
 * `running` counts threads that use a CPU for the pool: callers in kao_pool_run and workers
 * that are awake. Nobody is woken beyond n_busy of them, and a worker that finds more sleeps:
 * two callers of a pool of two have their CPUs for themselves. It steers only speed: relaxed.
 *
 * After a fork the child has none of the threads. Its runs work as before, nobody sitting
 * down; `lock` and the conditions must not be touched there, as a thread that is gone may
 * have held them. */
#include "base/pool.h"

#include <pthread.h>
#include <unistd.h>

#include "base/flush.h"

enum {
    N_SLOTS = 16, /* jobs that have help at the same time */
    /* Of relax(), 85 us on an EPYC: as long as what lies between most layers; a worker that
     * is woken starts later than that. */
    SPIN_ROUNDS = 2000,
};

#define WORKER_ONE 1u
#define WORKERS    0xfffu /* mask */
#define SEAT_SHIFT 12
#define SEAT_ONE   (1u << SEAT_SHIFT)
#define SEATS      (0xfffu << SEAT_SHIFT) /* mask */
#define WAITING    (1u << 30) /* the caller sleeps until the workers are out */
#define OWNED      (1u << 31)

typedef struct job_slot {
    _Alignas(KAO_ALIGN) atomic_uint state; /* 0: free */
    kao_pool_fn *fn;                       /* these: written before seats open */
    void *arg;
    size_t n_pieces;
    _Alignas(KAO_ALIGN) atomic_size_t next; /* the ticket */
} job_slot;

struct kao_workers {
    kao_pool all; /* what kao_pool_create gives out */
    kao_mem *mem;
    kao_parallel_for *parallel_for;
    void *user;
    pid_t pid;          /* of the process that has the threads */
    uint32_t n_busy;    /* see `running` */
    uint32_t n_started; /* threads that run; used by create and destroy only */
    pthread_t *threads;
    pthread_mutex_t lock; /* guards n_tokens, stop, and going to sleep */
    pthread_cond_t wake, left;
    uint32_t n_tokens; /* sleepers that were told to wake and have not yet */
    bool stop;
    _Alignas(KAO_ALIGN)
        atomic_uint epoch; /* grows by one per job: something to look at */
    atomic_uint n_asleep;
    _Alignas(KAO_ALIGN) atomic_uint running;
    job_slot slots[N_SLOTS];
};

static inline void relax(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* relaxed: a ticket orders nothing but itself. What pieces write is seen by the caller
 * through `state` (leave, wait_for_workers). */
static void take_pieces(job_slot *j, uint32_t worker)
{
    const kao_float_mode was = kao_flush_begin();
    const size_t n = j->n_pieces;

    for (;;) {
        const size_t piece =
            atomic_fetch_add_explicit(&j->next, 1, memory_order_relaxed);

        if (piece >= n)
            break;
        j->fn(j->arg, piece, worker);
    }
    kao_flush_end(was);
}

/* ---- workers ---- */

/* Out of seats, as there are no pieces left; release: the caller sees what the pieces wrote. */
static void leave(kao_workers *w, job_slot *j)
{
    unsigned s = atomic_load_explicit(&j->state, memory_order_relaxed), next;

    do {
        next = (s & ~SEATS) - WORKER_ONE;
    } while (!atomic_compare_exchange_weak_explicit(
        &j->state, &s, next, memory_order_release, memory_order_relaxed));
    if ((next & WAITING) && !(next & WORKERS)) { /* the slot may be free by now */
        pthread_mutex_lock(&w->lock);
        pthread_cond_broadcast(&w->left);
        pthread_mutex_unlock(&w->lock);
    }
}

/* Take part in one job, if one has a seat. acquire: the job's fields are those that the
 * caller wrote before it opened the seats (release); another worker's exchange in between
 * carries that on (a release sequence). */
static bool help(kao_workers *w, uint32_t first)
{
    for (uint32_t i = 0; i < N_SLOTS; i++) {
        job_slot *j = &w->slots[(first + i) % N_SLOTS];
        unsigned s = atomic_load_explicit(&j->state, memory_order_relaxed);

        while (s & SEATS)
            if (atomic_compare_exchange_weak_explicit(
                    &j->state, &s, s - SEAT_ONE + WORKER_ONE, memory_order_acquire,
                    memory_order_relaxed)) {
                take_pieces(j, (s & SEATS) >> SEAT_SHIFT);
                leave(w, j);
                return true;
            }
    }
    return false;
}

static bool is_crowded(const kao_workers *w)
{
    return atomic_load_explicit(&w->running, memory_order_relaxed) > w->n_busy;
}

/* Sleep; false: the pool ends. Both reasons to do so are asked for under the lock: a worker
 * that finds too many running leaves n_busy of them awake, as sleepers are counted off one by
 * one. The count of sleepers and the epoch are seq_cst here and in wake_some: either the
 * caller sees the sleeper, or the sleeper the caller's epoch. */
static bool sleep_until_woken(kao_workers *w, bool looked, unsigned seen)
{
    pthread_mutex_lock(&w->lock);
    atomic_fetch_add(&w->n_asleep, 1);
    const bool idle = looked && atomic_load(&w->epoch) == seen;

    if (!w->stop && (idle || is_crowded(w))) {
        atomic_fetch_sub_explicit(&w->running, 1, memory_order_relaxed);
        while (!w->stop && w->n_tokens == 0)
            pthread_cond_wait(&w->wake, &w->lock);
        if (w->n_tokens)
            w->n_tokens--; /* wake_some counted this thread as running */
    }
    atomic_fetch_sub(&w->n_asleep, 1);
    const bool go_on = !w->stop;

    pthread_mutex_unlock(&w->lock);
    return go_on;
}

/* True: there is a newer job than `seen`. */
static bool spin(const kao_workers *w, unsigned seen)
{
    for (int i = 0; i < SPIN_ROUNDS && !is_crowded(w); i++) {
        if (atomic_load_explicit(&w->epoch, memory_order_relaxed) != seen)
            return true;
        relax();
    }
    return false;
}

static void *worker_main(void *arg)
{
    kao_workers *w = arg;
    uint32_t first =
        0; /* look at another slot first each time, so that all have help */

    for (;;) {
        /* acquire: a job that this epoch announces has its seats open by now */
        const unsigned seen = atomic_load_explicit(&w->epoch, memory_order_acquire);
        const bool looked = !is_crowded(w);

        if (looked && (help(w, first++) || spin(w, seen)))
            continue;
        if (!sleep_until_woken(w, looked, seen))
            return NULL;
    }
}

/* ---- callers ---- */

/* Up to n sleepers, as many as find a CPU free. */
static void wake_some(kao_workers *w, size_t n)
{
    const uint32_t running = atomic_load_explicit(&w->running, memory_order_relaxed);
    const uint32_t room = running < w->n_busy ? w->n_busy - running : 0;

    if (room == 0 || atomic_load(&w->n_asleep) == 0)
        return;
    if (getpid() != w->pid) { /* nobody sleeps here: ask no more */
        atomic_store(&w->n_asleep, 0);
        return;
    }
    pthread_mutex_lock(&w->lock);
    uint32_t k = atomic_load(&w->n_asleep) - w->n_tokens;

    k = k < room ? k : room;
    k = k < n ? k : (uint32_t)n;
    w->n_tokens += k;
    atomic_fetch_add_explicit(&w->running, k, memory_order_relaxed);
    for (uint32_t i = 0; i < k; i++)
        pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->lock);
}

/* acquire: what the last caller's workers did to the slot is over (they left by release, the
 * caller saw it by acquire and freed the slot by release). */
static job_slot *own_slot(kao_workers *w)
{
    for (uint32_t i = 0; i < N_SLOTS; i++) {
        unsigned s = 0;

        if (atomic_compare_exchange_strong_explicit(&w->slots[i].state, &s, OWNED,
                                                    memory_order_acquire,
                                                    memory_order_relaxed))
            return &w->slots[i];
    }
    return NULL;
}

static bool is_empty(job_slot *j)
{
    return !(atomic_load_explicit(&j->state, memory_order_acquire) & WORKERS);
}

/* acquire (is_empty): what the pieces wrote, released by leave, is seen from here on. */
static void wait_for_workers(kao_workers *w, job_slot *j)
{
    for (int i = 0; i < SPIN_ROUNDS; i++) {
        if (is_empty(j))
            return;
        relax();
    }
    /* Who leaves after this sees the bit, and signals under the lock. */
    atomic_fetch_or_explicit(&j->state, WAITING, memory_order_relaxed);
    pthread_mutex_lock(&w->lock);
    while (!is_empty(j))
        pthread_cond_wait(&w->left, &w->lock);
    pthread_mutex_unlock(&w->lock);
}

static void run_in_slot(kao_workers *w, job_slot *j, uint32_t seats, kao_pool_fn *fn,
                        void *arg, size_t n_pieces)
{
    j->fn = fn;
    j->arg = arg;
    j->n_pieces = n_pieces;
    atomic_store_explicit(&j->next, 0, memory_order_relaxed);
    /* release: whoever sits down sees the four. */
    atomic_store_explicit(&j->state, OWNED | seats << SEAT_SHIFT, memory_order_release);
    atomic_fetch_add(&w->epoch, 1); /* seq_cst: see sleep_until_woken */
    wake_some(w, seats);
    take_pieces(j, 0);
    if (atomic_fetch_and_explicit(&j->state, ~SEATS, memory_order_acquire) & WORKERS)
        wait_for_workers(w, j);
    atomic_store_explicit(&j->state, 0, memory_order_release);
}

static void run_alone(kao_pool_fn *fn, void *arg, size_t n_pieces)
{
    const kao_float_mode was = kao_flush_begin();

    for (size_t i = 0; i < n_pieces; i++)
        fn(arg, i, 0);
    kao_flush_end(was);
}

static void hook_piece(void *arg, size_t i)
{
    take_pieces(arg, (uint32_t)i);
}

/* The hook's pieces are workers here: each takes pieces by the ticket, and its number says
 * which scratch it owns. So nothing depends on the number and order of the hook's threads. */
static void run_by_hook(kao_workers *w, size_t n, kao_pool_fn *fn, void *arg,
                        size_t n_pieces)
{
    job_slot job = { .fn = fn, .arg = arg, .n_pieces = n_pieces };

    w->parallel_for(w->user, hook_piece, &job, n);
    take_pieces(&job, 0); /* what a hook that could start nothing has left */
}

void kao_pool_run(const kao_pool *p, kao_pool_fn *fn, void *arg, size_t n_pieces)
{
    const size_t most = kao_pool_threads(p), n = n_pieces < most ? n_pieces : most;
    kao_workers *w = p ? p->workers : NULL;

    if (!w || w->parallel_for) {
        if (n > 1)
            run_by_hook(w, n, fn, arg, n_pieces);
        else
            run_alone(fn, arg, n_pieces);
        return;
    }
    atomic_fetch_add_explicit(&w->running, 1, memory_order_relaxed);
    job_slot *j = n > 1 ? own_slot(w) : NULL;

    if (j)
        run_in_slot(w, j, (uint32_t)n - 1, fn, arg, n_pieces);
    else
        run_alone(fn, arg, n_pieces);
    atomic_fetch_sub_explicit(&w->running, 1, memory_order_relaxed);
}

/* ---- life ---- */

static kao_status start_thread(kao_workers *w, kao_error *err)
{
    atomic_fetch_add_explicit(&w->running, 1, memory_order_relaxed);
    const int rc = pthread_create(&w->threads[w->n_started], NULL, worker_main, w);

    if (rc)
        return kao_fail_sys(err, KAO_E_IO, rc, "thread pool: thread %u",
                            w->n_started + 1);
    w->n_started++;
    return KAO_OK;
}

kao_status kao_pool_create(kao_pool **out, kao_mem *mem, const kao_pool_options *o,
                           kao_error *err)
{
    const uint32_t n = o->n_threads ? o->n_threads : 1;
    const uint32_t n_own = o->parallel_for ? 0 : n - 1;
    kao_status st = KAO_OK;

    *out = NULL;
    if (n > KAO_MAX_THREADS) /* the fields of `state` */
        return kao_fail(err, KAO_E_ARG, "thread pool: %u threads, at most %d", n,
                        KAO_MAX_THREADS);
    kao_workers *w = kao_calloc(mem, 1, sizeof *w);
    if (!w)
        return kao_fail(err, KAO_E_NOMEM, "thread pool: out of memory");
    w->mem = mem;
    w->parallel_for = o->parallel_for;
    w->user = o->user;
    w->pid = getpid();
    w->n_busy = o->n_cpus && o->n_cpus < n ? o->n_cpus : n;
    w->all = (kao_pool){ w, n };
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->wake, NULL);
    pthread_cond_init(&w->left, NULL);
    w->threads = kao_calloc(mem, n, sizeof *w->threads);
    if (!w->threads)
        st = kao_fail(err, KAO_E_NOMEM, "thread pool: out of memory");
    while (!st && w->n_started < n_own)
        st = start_thread(w, err);
    *out = &w->all;
    if (st) {
        kao_pool_destroy(*out);
        *out = NULL;
    }
    return st;
}

void kao_pool_destroy(kao_pool *p)
{
    if (!p)
        return;
    kao_workers *w = p->workers;

    if (getpid() == w->pid) {
        pthread_mutex_lock(&w->lock);
        w->stop = true;
        pthread_cond_broadcast(&w->wake);
        pthread_mutex_unlock(&w->lock);
        for (uint32_t i = 0; i < w->n_started; i++)
            pthread_join(w->threads[i], NULL);
        pthread_cond_destroy(&w->left);
        pthread_cond_destroy(&w->wake);
        pthread_mutex_destroy(&w->lock);
    }
    kao_free(w->mem, w->threads);
    kao_free(w->mem, w);
}

kao_pool kao_pool_limited(const kao_pool *of, uint32_t n)
{
    kao_pool p = of ? *of : (kao_pool){ NULL, 1 };

    if (n && n < p.n_threads)
        p.n_threads = n;
    return p;
}

uint32_t kao_pool_threads(const kao_pool *p)
{
    return p ? p->n_threads : 1;
}
