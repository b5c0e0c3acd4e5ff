/* The pool: every piece once, whoever takes it; busy pools, nested jobs, many callers. Runs
 * under the thread sanitizer too. */
#include "support/unit.h"

#include <pthread.h>
#include <string.h>

#include "base/pool.h"

enum { PIECES = 1000, JOBS = 400 };

typedef struct job {
    atomic_uint taken[PIECES];
    atomic_uint workers; /* bits */
    uint64_t sum[PIECES];
    kao_pool *pool;
    struct job *inner;
} job;

static void note(void *arg, size_t piece, uint32_t worker)
{
    job *j = arg;

    atomic_fetch_add(&j->taken[piece], 1);
    atomic_fetch_or(&j->workers, 1u << worker);
    j->sum[piece] = piece * piece;
}

static void check_all_once(job *j, size_t n)
{
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

        assert_int_equal(kao_pool_create(&pool, &mem, counts[c], NULL), KAO_OK);
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

/* Pieces of pieces: the pool is busy with the outer job, so the inner one runs alone. */
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
    kao_mem mem;

    (void)state;
    kao_mem_init(&mem, NULL);
    for (int round = 0; round < 20; round++) {
        memset(&outer, 0, sizeof outer);
        memset(inner, 0, sizeof inner);
        assert_int_equal(kao_pool_create(&outer.pool, &mem, 4, NULL), KAO_OK);
        outer.inner = inner;
        kao_pool_run(outer.pool, nest, &outer, OUTER);
        check_all_once(&outer, OUTER);
        for (int i = 0; i < OUTER; i++) {
            check_all_once(&inner[i], PIECES);
            assert_int_equal(atomic_load(&inner[i].workers), 1); /* worker 0 alone */
        }
        kao_pool_destroy(outer.pool);
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

static void many_callers(void **state)
{
    enum { CALLERS = 4 };
    pthread_t threads[CALLERS];
    kao_pool *pool = NULL;
    kao_mem mem;

    (void)state;
    kao_mem_init(&mem, NULL);
    assert_int_equal(kao_pool_create(&pool, &mem, 3, NULL), KAO_OK);
    for (int i = 0; i < CALLERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, call_often, pool), 0);
    for (int i = 0; i < CALLERS; i++) {
        void *failed = NULL;

        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    kao_pool_destroy(pool);
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

        assert_int_equal(kao_pool_create(&pool, &mem, 1 + round % 5, NULL), KAO_OK);
        for (uint32_t k = 0; k < round % 3; k++) {
            memset(&j, 0, sizeof j);
            kao_pool_run(pool, note, &j, 5);
            check_all_once(&j, 5);
        }
        kao_pool_destroy(pool);
    }
    assert_int_equal(atomic_load(&mem.live), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_piece_once),
        cmocka_unit_test(nested_jobs),
        cmocka_unit_test(many_callers),
        cmocka_unit_test(short_lives),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
