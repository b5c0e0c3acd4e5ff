/* The pool: every piece once, whoever takes it, and no two threads with one number in a job;
 * nested jobs, many callers, limits, forks. Runs under the thread sanitizer too. */
#include "support/unit.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/pool.h"

enum { PIECES = 1000, JOBS = 400 };

typedef struct job {
    atomic_uint taken[PIECES];
    atomic_uint workers; /* bits */
    atomic_uint inside;  /* bits: who is in a piece */
    atomic_uint most;    /* at once */
    atomic_bool twice;   /* two with the same number at once */
    uint64_t sum[PIECES];
    const kao_pool *pool;
    struct job *inner;
} job;

static kao_status make(kao_pool **pool, kao_mem *mem, uint32_t n_threads)
{
    return kao_pool_create(pool, mem, &(kao_pool_options){ .n_threads = n_threads },
                           NULL);
}

static void note(void *arg, size_t piece, uint32_t worker)
{
    job *j = arg;
    const unsigned bit = 1u << worker, before = atomic_fetch_or(&j->inside, bit);
    const unsigned n = (unsigned)__builtin_popcount(before | bit);
    unsigned most = atomic_load(&j->most);

    if (before & bit)
        atomic_store(&j->twice, true);
    while (n > most && !atomic_compare_exchange_weak(&j->most, &most, n))
        ;
    atomic_fetch_add(&j->taken[piece], 1);
    atomic_fetch_or(&j->workers, bit);
    j->sum[piece] = piece * piece;
    atomic_fetch_and(&j->inside, ~bit);
}

static void check_all_once(job *j, size_t n)
{
    assert_false(atomic_load(&j->twice));
    for (size_t i = 0; i < PIECES; i++) {
        assert_int_equal(atomic_load(&j->taken[i]), i < n);
        if (i < n)
            assert_int_equal(j->sum[i], i * i);
    }
}

static void every_piece_once(void **state)
{
    static const uint32_t counts[] = { 1, 2, 3, 8 };
    static const size_t pieces[] = { 0, 1, 2, 3, 7, 64, PIECES };
    static job j;
    kao_mem mem;

    (void)state;
    kao_mem_init(&mem, NULL);
    for (size_t c = 0; c < COUNT(counts); c++) {
        kao_pool *pool = NULL;

        assert_int_equal(make(&pool, &mem, counts[c]), KAO_OK);
        assert_int_equal(kao_pool_threads(pool), counts[c]);
        for (int round = 0; round < JOBS; round++) {
            const size_t n = pieces[(size_t)round % COUNT(pieces)];

            memset(&j, 0, sizeof j);
            kao_pool_run(pool, note, &j, n);
            check_all_once(&j, n);
            assert_true(atomic_load(&j.workers) < 1u << counts[c]);
        }
        kao_pool_destroy(pool);
    }
    memset(&j, 0, sizeof j);
    kao_pool_run(NULL, note, &j, PIECES); /* without a pool: alone */
    check_all_once(&j, PIECES);
    assert_int_equal(kao_pool_threads(NULL), 1);
    kao_pool_destroy(NULL);
    assert_int_equal(atomic_load(&mem.live), 0);
}

/* Pieces of pieces. */
static void nest(void *arg, size_t piece, uint32_t worker)
{
    job *j = arg;

    note(j, piece, worker);
    kao_pool_run(j->pool, note, &j->inner[piece], PIECES);
}

static void nested_jobs(void **state)
{
    enum { OUTER = 8 };
    static job outer, inner[OUTER];
    kao_pool *pool = NULL;
    kao_mem mem;

    (void)state;
    kao_mem_init(&mem, NULL);
    for (int round = 0; round < 20; round++) {
        memset(&outer, 0, sizeof outer);
        memset(inner, 0, sizeof inner);
        assert_int_equal(make(&pool, &mem, 4), KAO_OK);
        outer.pool = pool;
        outer.inner = inner;
        kao_pool_run(pool, nest, &outer, OUTER);
        check_all_once(&outer, OUTER);
        for (int i = 0; i < OUTER; i++) {
            check_all_once(&inner[i], PIECES);
            assert_true(atomic_load(&inner[i].workers) < 1u << 4);
        }
        kao_pool_destroy(pool);
    }
}

static void *call_often(void *arg)
{
    static _Thread_local job own;
    kao_pool *pool = arg;

    for (int round = 0; round < JOBS; round++) {
        memset(&own, 0, sizeof own);
        kao_pool_run(pool, note, &own, 17);
        for (size_t i = 0; i < 17; i++)
            if (atomic_load(&own.taken[i]) != 1)
                return arg;
    }
    return NULL;
}

static void many_calls(kao_pool *pool)
{
    enum { CALLERS = 20 }; /* more than there are slots */
    pthread_t threads[CALLERS];

    for (int i = 0; i < CALLERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, call_often, pool), 0);
    for (int i = 0; i < CALLERS; i++) {
        void *failed = NULL;

        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
}

static void many_callers(void **state)
{
    static const uint32_t counts[] = { 1, 3, 8 };
    kao_mem mem;

    (void)state;
    kao_mem_init(&mem, NULL);
    for (size_t c = 0; c < COUNT(counts); c++) {
        kao_pool *pool = NULL;

        assert_int_equal(make(&pool, &mem, counts[c]), KAO_OK);
        many_calls(pool);
        kao_pool_destroy(pool);
    }
    assert_int_equal(atomic_load(&mem.live), 0);
}

/* Pools that come and go, some without ever a job, some while workers fall asleep. */
static void short_lives(void **state)
{
    static job j;
    kao_mem mem;

    (void)state;
    kao_mem_init(&mem, NULL);
    for (uint32_t round = 0; round < 100; round++) {
        kao_pool *pool = NULL;

        assert_int_equal(make(&pool, &mem, 1 + round % 5), KAO_OK);
        for (uint32_t k = 0; k < round % 3; k++) {
            memset(&j, 0, sizeof j);
            kao_pool_run(pool, note, &j, 5);
            check_all_once(&j, 5);
        }
        kao_pool_destroy(pool);
    }
    assert_int_equal(atomic_load(&mem.live), 0);
}

/* Pieces that wait for each other: they end only if so many threads are in the job. */
typedef struct meeting {
    atomic_uint here;
    unsigned wanted;
    struct meeting *with; /* wait for this one's pieces too */
} meeting;

static void meet(void *arg, size_t piece, uint32_t worker)
{
    meeting *m = arg;

    (void)piece;
    (void)worker;
    atomic_fetch_add(&m->here, 1);
    while (atomic_load(&m->here) < m->wanted ||
           (m->with && atomic_load(&m->with->here) < m->with->wanted))
        sched_yield();
}

typedef struct guest {
    const kao_pool *pool;
    meeting *meeting;
} guest;

static void *call_meeting(void *arg)
{
    const guest *g = arg;

    kao_pool_run(g->pool, meet, g->meeting, g->meeting->wanted);
    return NULL;
}

/* Workers help several callers at the same time: all four threads are in a piece at once,
 * two and two. */
static void callers_share_workers(void **state)
{
    kao_pool *pool = NULL;
    kao_mem mem;

    (void)state;
    kao_mem_init(&mem, NULL);
    assert_int_equal(make(&pool, &mem, 4), KAO_OK);
    for (int round = 0; round < 100; round++) {
        meeting a = { .wanted = 2 }, b = { .wanted = 2, .with = &a };
        pthread_t other;

        a.with = &b;
        assert_int_equal(
            pthread_create(&other, NULL, call_meeting, &(guest){ pool, &a }), 0);
        kao_pool_run(pool, meet, &b, 2);
        pthread_join(other, NULL);
    }
    meeting all = { .wanted = 4 }; /* and all of them come to one job */

    kao_pool_run(pool, meet, &all, 4);
    kao_pool_destroy(pool);
    assert_int_equal(atomic_load(&mem.live), 0);
}

/* A limited pool gives numbers below its limit and waits for no more; the others are there
 * for the next caller. */
static void limits(void **state)
{
    static const struct {
        uint32_t of, limit, threads;
    } rows[] = {
        { 4, 0, 4 }, { 4, 1, 1 }, { 4, 2, 2 }, { 4, 3, 3 },
        { 4, 9, 4 }, { 1, 3, 1 }, { 0, 3, 1 },
    };
    static job j;
    kao_mem mem;

    (void)state;
    kao_mem_init(&mem, NULL);
    for (size_t r = 0; r < COUNT(rows); r++) {
        kao_pool *pool = NULL;

        if (rows[r].of)
            assert_int_equal(make(&pool, &mem, rows[r].of), KAO_OK);
        const kao_pool few = kao_pool_limited(pool, rows[r].limit);

        assert_int_equal(kao_pool_threads(&few), rows[r].threads);
        for (int round = 0; round < JOBS; round++) {
            memset(&j, 0, sizeof j);
            kao_pool_run(&few, note, &j, 64);
            check_all_once(&j, 64);
            assert_true(atomic_load(&j.workers) < 1u << rows[r].threads);
        }
        meeting all = { .wanted = rows[r].threads };

        kao_pool_run(&few, meet, &all, all.wanted);
        kao_pool_destroy(pool);
    }
    assert_int_equal(atomic_load(&mem.live), 0);
}

/* The word of a job has room for so many workers. */
static void too_many_threads(void **state)
{
    const kao_pool_options o = { .n_threads = KAO_MAX_THREADS + 1 };
    kao_error err = { 0 };
    kao_pool *pool = NULL;
    kao_mem mem;

    (void)state;
    kao_mem_init(&mem, NULL);
    assert_int_equal(kao_pool_create(&pool, &mem, &o, &err), KAO_E_ARG);
    assert_string_equal(err.msg, "thread pool: 1025 threads, at most 1024");
    assert_null(pool);
    assert_int_equal(atomic_load(&mem.live), 0);
}

/* Eight threads for two CPUs: two workers are awake at most, and the caller. */
static void more_threads_than_cpus(void **state)
{
    static job j;
    kao_pool *pool = NULL;
    kao_mem mem;

    (void)state;
    kao_mem_init(&mem, NULL);
    assert_int_equal(kao_pool_create(&pool, &mem,
                                     &(kao_pool_options){ .n_threads = 8, .n_cpus = 2 },
                                     NULL),
                     KAO_OK);
    assert_int_equal(kao_pool_threads(pool), 8);
    for (int round = 0; round < JOBS; round++) {
        memset(&j, 0, sizeof j);
        kao_pool_run(pool, note, &j, PIECES);
        check_all_once(&j, PIECES);
        assert_true(atomic_load(&j.most) <= 3);
    }
    kao_pool_destroy(pool);
}

/* ---- a caller's own threads ---- */

typedef struct hook {
    int kind;
    atomic_uint calls, most_n;
} hook;

enum { BACKWARDS, THREADS, HALF, NOTHING, HOOKS };

typedef struct hook_thread {
    void (*piece)(void *arg, size_t i);
    void *arg;
    size_t i;
} hook_thread;

static void *hook_main(void *arg)
{
    const hook_thread *t = arg;

    t->piece(t->arg, t->i);
    return NULL;
}

static void own_threads(void *user, void (*piece)(void *arg, size_t i), void *arg,
                        size_t n)
{
    hook *h = user;
    pthread_t threads[8];
    hook_thread args[8];

    atomic_fetch_add(&h->calls, 1);
    if (n > atomic_load(&h->most_n))
        atomic_store(&h->most_n, (unsigned)n);
    for (size_t i = n; i-- > 0;) {
        args[i] = (hook_thread){ piece, arg, i };
        if (h->kind == BACKWARDS || (h->kind == HALF && i % 2))
            piece(arg, i);
        else if (h->kind == THREADS &&
                 pthread_create(&threads[i], NULL, hook_main, &args[i]))
            abort();
    }
    for (size_t i = 0; h->kind == THREADS && i < n; i++)
        pthread_join(threads[i], NULL);
}

static float grown(void) /* a denormal float, 2^20 times */
{
    volatile float tiny = 1e-39f, much = 1048576;

    return tiny * much;
}

static void count_lost(void *arg, size_t piece, uint32_t worker)
{
    (void)piece;
    (void)worker;
    atomic_fetch_add((atomic_int *)arg, grown() == 0);
}

/* In pieces, whoever takes them, and nowhere else. */
static void denormals(void **state)
{
#if defined(__x86_64__) || defined(__aarch64__)
    hook h = { .kind = THREADS };
    const kao_pool_options o[] = {
        { .n_threads = 1 },
        { .n_threads = 4 },
        { .n_threads = 4, .parallel_for = own_threads, .user = &h },
    };
    kao_mem mem;

    kao_mem_init(&mem, NULL);
    for (size_t i = 0; i < COUNT(o); i++) {
        kao_pool *pool = NULL;
        atomic_int lost = 0;

        assert_int_equal(kao_pool_create(&pool, &mem, &o[i], NULL), KAO_OK);
        assert_true(grown() > 0);
        kao_pool_run(pool, count_lost, &lost, PIECES);
        assert_int_equal(atomic_load(&lost), PIECES);
        assert_true(grown() > 0);
        kao_pool_destroy(pool);
    }
#endif
    (void)state;
}

static void hooks(void **state)
{
    static job outer, inner[8];

    (void)state;
    for (int kind = 0; kind < HOOKS; kind++) {
        hook h = { .kind = kind };
        const kao_pool_options o = { .n_threads = 4,
                                     .parallel_for = own_threads,
                                     .user = &h };
        kao_pool *pool = NULL;
        kao_mem mem;

        kao_mem_init(&mem, NULL);
        assert_int_equal(kao_pool_create(&pool, &mem, &o, NULL), KAO_OK);
        assert_int_equal(kao_pool_threads(pool), 4);
        for (int round = 0; round < 20; round++) {
            memset(&outer, 0, sizeof outer);
            memset(inner, 0, sizeof inner);
            outer.pool = pool;
            outer.inner = inner;
            kao_pool_run(pool, nest, &outer, 8);
            check_all_once(&outer, 8);
            assert_true(atomic_load(&outer.workers) < 1u << 4);
            for (int i = 0; i < 8; i++) {
                check_all_once(&inner[i], PIECES);
                assert_true(atomic_load(&inner[i].workers) < 1u << 4);
            }
        }
        assert_int_equal(atomic_load(&h.calls), 20 * 9);
        assert_int_equal(atomic_load(&h.most_n), 4);
        const kao_pool two = kao_pool_limited(pool, 2), one = kao_pool_limited(pool, 1);

        atomic_store(&h.most_n, 0);
        memset(&outer, 0, sizeof outer);
        kao_pool_run(&two, note, &outer, 100);
        check_all_once(&outer, 100);
        assert_int_equal(atomic_load(&h.most_n), 2);
        kao_pool_run(&one, note, &inner[0], 100); /* not worth a call */
        assert_int_equal(atomic_load(&h.calls), 20 * 9 + 1);
        if (kind != THREADS) /* thousands of them */
            many_calls(pool);
        kao_pool_destroy(pool);
        assert_int_equal(atomic_load(&mem.live), 0);
    }
}

/* ---- forks ---- */

typedef struct busy {
    const kao_pool *pool;
    atomic_bool stop;
    atomic_uint rounds;
} busy;

static void *keep_busy(void *arg)
{
    static job j;
    busy *b = arg;

    while (!atomic_load(&b->stop)) {
        kao_pool_run(b->pool, note, &j, 50);
        atomic_fetch_add(&b->rounds, 1);
    }
    return NULL;
}

/* The child's exit status: 0 if all went well. */
static int child(kao_pool *pool)
{
    static job j;

    for (int round = 0; round < 10; round++) {
        memset(&j, 0, sizeof j);
        kao_pool_run(pool, note, &j, 50);
        for (size_t i = 0; i < 50; i++)
            if (atomic_load(&j.taken[i]) != 1)
                return 1;
        if (atomic_load(&j.workers) != 1)
            return 2;
    }
    kao_pool_destroy(pool);
    return 0;
}

static void fork_once(kao_pool *pool)
{
    const pid_t pid = fork();
    int status = -1;

    assert_true(pid >= 0);
    if (pid == 0)
        _exit(child(pool));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

/* A child has none of the threads: it works alone, and ends. So it is for workers that do not
 * get a CPU: nobody waits for them. Forks while nothing runs, with workers asleep, and while
 * another thread's jobs begin and end. */
static void forks(void **state)
{
    kao_pool *pool = NULL;
    kao_mem mem;
    pthread_t thread;

    (void)state;
#if defined(__SANITIZE_THREAD__)
    skip(); /* it does not follow forks of processes with threads */
#endif
    kao_mem_init(&mem, NULL);
    assert_int_equal(make(&pool, &mem, 3), KAO_OK);
    fork_once(pool);
    busy b = { .pool = pool };

    assert_int_equal(pthread_create(&thread, NULL, keep_busy, &b), 0);
    for (int round = 0; round < 50; round++) {
        const unsigned before = atomic_load(&b.rounds);

        while (atomic_load(&b.rounds) == before)
            sched_yield();
        fork_once(pool);
    }
    atomic_store(&b.stop, true);
    pthread_join(thread, NULL);
    fork_once(pool);
    kao_pool_destroy(pool);
    assert_int_equal(atomic_load(&mem.live), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_piece_once),
        cmocka_unit_test(nested_jobs),
        cmocka_unit_test(many_callers),
        cmocka_unit_test(short_lives),
        cmocka_unit_test(callers_share_workers),
        cmocka_unit_test(limits),
        cmocka_unit_test(too_many_threads),
        cmocka_unit_test(more_threads_than_cpus),
        cmocka_unit_test(hooks),
        cmocka_unit_test(denormals),
        cmocka_unit_test(forks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
