/* Answers without an end: who is woken by what, and that a stream has one piece at a time. */
#include "support/unit.h"

#include <string.h>

#include "server/stream.h"

typedef struct fix {
    kao_mem mem;
    kao_streams *all;
} fix;

static int setup(void **state)
{
    static fix f;

    kao_mem_init(&f.mem, NULL);
    f.all = kao_streams_create(&f.mem);
    *state = &f;
    return f.all ? 0 : 1;
}

static int teardown(void **state)
{
    fix *f = *state;

    kao_streams_destroy(f->all);
    assert_int_equal(atomic_load(&f->mem.live), 0);
    return 0;
}

static void turn(void *user)
{
    ++*(int *)user;
}

/* Whether there is news, without waiting for it. */
static bool is_woken(fix *f, uint64_t *seen)
{
    const uint64_t before = *seen;

    assert_true(kao_streams_wait(f->all, seen, 0));
    return *seen != before;
}

static bool is_woken_by_events(fix *f, uint64_t *seen)
{
    const uint64_t before = *seen;

    assert_true(kao_streams_wait_events(f->all, seen, 0));
    return *seen != before;
}

static void who_is_woken(void **state)
{
    fix *f = *state;
    kao_stream *s = NULL;
    uint64_t seen = 0, seen_events = 0;
    kao_stream_look look;
    int waits = 0, wakes = 0;
    char to[8];

    assert_false(is_woken(f, &seen) || is_woken_by_events(f, &seen_events));
    assert_int_equal(kao_stream_open(f->all, 0, 7, "key", &s, NULL), KAO_OK);
    kao_stream_connect(s, turn, turn, &waits);
    assert_true(is_woken(f, &seen));
    assert_false(is_woken(f, &seen)); /* seen already */
    assert_false(is_woken_by_events(f, &seen_events));

    assert_int_equal(kao_stream_read(s, to, sizeof to), 0);
    assert_int_equal(waits, 1);
    kao_stream_connect(s, turn, turn, &wakes);
    assert_true(kao_streams_look(f->all, 0, &look));
    assert_true(look.ready && look.at == 7 && strcmp(look.key, "key") == 0);
    kao_streams_put(f->all, 0, look.id, "abc", 3, 9);
    assert_int_equal(wakes, 1);
    assert_true(kao_streams_look(f->all, 0, &look));
    assert_false(look.ready);
    kao_streams_put(f->all, 0, look.id, "lost", 4, 11); /* it has one */
    assert_false(is_woken(f, &seen));
    assert_int_equal(kao_stream_read(s, to, sizeof to), 3);
    assert_memory_equal(to, "abc", 3);
    assert_true(is_woken(f, &seen)); /* there may be more for it */
    assert_false(is_woken_by_events(f, &seen_events));
    assert_true(kao_streams_look(f->all, 0, &look));
    assert_true(look.ready && look.at == 9);

    kao_streams_news(f->all);
    assert_true(is_woken(f, &seen) && is_woken_by_events(f, &seen_events));
    kao_streams_close(f->all);
    assert_false(kao_streams_wait(f->all, &seen, 1000));
    assert_false(kao_streams_wait_events(f->all, &seen_events, 1000));
    assert_int_equal(kao_stream_read(s, to, sizeof to), -1);
    kao_stream_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(who_is_woken, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
