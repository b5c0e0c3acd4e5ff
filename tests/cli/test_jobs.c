/* Files at once: in order, by all workers, and not far ahead of what was given out. */
#include "support/unit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "cli/command.h"
#include "cli/jobs.h"

enum { ITEMS = 1000, MOST_WORKERS = 4 };

/* What the program has for the others. */
double cli_now_ms(void)
{
    return 0;
}

bool cli_flush(void)
{
    return true;
}

int cli_finish(const char *name, int status)
{
    (void)name;
    return status;
}

typedef struct counts {
    atomic_size_t begun, emitted;
    atomic_bool too_far;
    atomic_size_t of_worker[MOST_WORKERS];
    size_t window; /* 0: one worker, which is not ahead */
} counts;

static void *work(void *worker, void *user, size_t i)
{
    counts *c = user;

    atomic_fetch_add(&c->begun, 1);
    atomic_fetch_add(&c->of_worker[*(int *)worker], 1);
    if (c->window && i >= atomic_load(&c->emitted) + c->window)
        atomic_store(&c->too_far, true);
    size_t *result = malloc(sizeof *result);

    assert_non_null(result);
    *result = i * i;
    return result;
}

/* Each is held back until as many others are begun as may be. */
static int emit(void *user, size_t i, void *result)
{
    counts *c = user;
    const size_t all = i + c->window < ITEMS ? i + c->window : ITEMS;

    assert_int_equal(*(size_t *)result, i * i);
    assert_int_equal(atomic_load(&c->emitted), i);
    free(result);
    while (atomic_load(&c->begun) < (c->window ? all : i))
        sched_yield();
    atomic_store(&c->emitted, i + 1);
    return i == ITEMS / 2 ? CLI_NO : CLI_YES;
}

static void in_order_and_not_far_ahead(void **state)
{
    (void)state;
    for (uint32_t n = 1; n <= MOST_WORKERS; n++) {
        counts c = { .window = n > 1 ? (size_t)CLI_JOBS_AHEAD * n : 0 };
        int workers[MOST_WORKERS] = { 0, 1, 2, 3 };
        const cli_jobs jobs = { .n_items = ITEMS,
                                .n_workers = n,
                                .workers = workers,
                                .worker_bytes = sizeof workers[0],
                                .user = &c,
                                .work = work,
                                .emit = emit };
        size_t sum = 0;

        assert_int_equal(cli_jobs_run(&jobs, "test"), CLI_NO);
        assert_false(atomic_load(&c.too_far));
        for (uint32_t k = 0; k < n; k++)
            sum += atomic_load(&c.of_worker[k]);
        assert_int_equal(sum, ITEMS);
        assert_int_equal(atomic_load(&c.emitted), ITEMS);
    }
}

static void few_or_none(void **state)
{
    (void)state;
    for (size_t n = 0; n < 3; n++) {
        counts c = { .window = 0 };
        int workers[2] = { 0, 1 };
        const cli_jobs jobs = { .n_items = n,
                                .n_workers = 2,
                                .workers = workers,
                                .worker_bytes = sizeof workers[0],
                                .user = &c,
                                .work = work,
                                .emit = emit };

        assert_int_equal(cli_jobs_run(&jobs, "test"), CLI_YES);
        assert_int_equal(atomic_load(&c.emitted), n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_order_and_not_far_ahead),
        cmocka_unit_test(few_or_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
