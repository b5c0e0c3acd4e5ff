/* What cameras saw: numbers that rise, the newest that are kept, and nothing of it left of somebody
 * who is forgotten. */
#include "support/unit.h"

#include <stdio.h>
#include <string.h>

#include "gallery/people_made.h"

enum { DIM = 4 };

typedef struct list {
    char text[2000];
    size_t at, n;
    int64_t last;
} list;

static int note(void *user, const kao_event *e)
{
    list *l = user;

    assert_true(e->size == sizeof *e && e->number > l->last);
    l->last = e->number;
    l->n++;
    if (l->at < sizeof l->text)
        l->at +=
            (size_t)snprintf(l->text + l->at, sizeof l->text - l->at, "%lld:%lld:%s;",
                             (long long)e->number, (long long)e->person, e->text);
    return 0;
}

static const char *events(kao_gallery *g, int64_t after, size_t most, list *l)
{
    *l = (list){ .n = 0 };
    assert_int_equal(kao_gallery_events(g, after, most, note, l, NULL), KAO_OK);
    return l->text;
}

static int64_t add(made *m, const char *trail, const char *was, int64_t person,
                   const char *text)
{
    const kao_new_event e = {
        .size = sizeof e, .trail = trail, .was = was, .person = person, .text = text
    };
    int64_t number = 0;

    if (kao_gallery_add_event(m->g, &e, &number, &m->f->err))
        fail_msg("%s", m->f->err.msg);
    return number;
}

static int64_t last(kao_gallery *g)
{
    int64_t n = -1;

    assert_int_equal(kao_gallery_last_event(g, &n, NULL), KAO_OK);
    return n;
}

static int64_t person(made *m, const char *name)
{
    int64_t n = 0;

    assert_int_equal(kao_gallery_add_person(m->g, name, &n, NULL), KAO_OK);
    return n;
}

static void numbers_rise(void **state)
{
    made m = made_gallery(*state, "events.kao", DIM);
    list l;

    assert_string_equal(events(m.g, 0, 10, &l), "");
    assert_int_equal(last(m.g), 0);
    const int64_t ana = person(&m, "Ana");

    assert_int_equal(add(&m, "a", NULL, 0, "one"), 1);
    assert_int_equal(add(&m, "a", NULL, ana, "two"), 2);
    assert_int_equal(add(&m, "b", NULL, 99, "nobody has this number"), 3);
    assert_string_equal(events(m.g, 0, 10, &l),
                        "1:0:one;2:1:two;3:0:nobody has this number;");
    assert_string_equal(events(m.g, 1, 1, &l), "2:1:two;");
    assert_string_equal(events(m.g, 3, 10, &l), "");
    kao_gallery_close(m.g);
    m.g = made_open(&m, m.f->ctx, true); /* also by those who only read */
    assert_string_equal(events(m.g, 2, 10, &l), "3:0:nobody has this number;");
    assert_int_equal(last(m.g), 3);
    kao_gallery_close(m.g);
}

static void wrong_ones_are_refused(void **state)
{
    made m = made_gallery(*state, "wrong.kao", DIM);
    static char large[KAO_EVENT_MAX_BYTES + 2];
    const kao_new_event good = { .size = sizeof good, .trail = "a", .text = "x" };
    kao_new_event e[6] = { good, good, good, good, good, good };
    list l;

    memset(large, 'x', sizeof large - 1);
    e[0].text = large;
    e[1].text = "two\nlines";
    e[2].trail = "";
    e[3].was = "\xff";
    e[4].text = NULL;
    e[5].size = 4;
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(kao_gallery_add_event(m.g, &e[i], NULL, NULL), KAO_E_ARG);
    assert_int_equal(kao_gallery_events(m.g, 0, 1, NULL, NULL, NULL), KAO_E_ARG);
    large[KAO_EVENT_MAX_BYTES] = '\0';
    add(&m, "a", NULL, 0, large);
    assert_string_not_equal(events(m.g, 0, 10, &l), "");
    kao_gallery_close(m.g);
}

static void forgotten(void **state)
{
    made m = made_gallery(*state, "forgotten.kao", DIM);
    kao_receipt r = { .size = sizeof r };
    static uint8_t bytes[1 << 21];
    list l;
    const int64_t ana = person(&m, "Ana"), ben = person(&m, "Ben"),
                  other = person(&m, NULL);

    add(&m, "1", NULL, 0, "secret: somebody is there");
    add(&m, "1", NULL, ana, "secret: it is Ana");
    add(&m, "2", NULL, 0, "secret: somebody else, as it seems");
    add(&m, "1", "2", ana, "secret: she again");
    add(&m, "3", NULL, ben, "Ben");
    add(&m, "4", NULL, other, "secret: she as a stranger");
    add(&m, "5", NULL, 0, "nobody");
    assert_int_equal(kao_gallery_merge(m.g, ana, other, NULL), KAO_OK);
    /* who is only removed can come back */
    assert_int_equal(kao_gallery_remove_person(m.g, ana, NULL), KAO_OK);
    events(m.g, 0, 10, &l);
    assert_int_equal(l.n, 7);
    assert_int_equal(kao_gallery_undo(m.g, 0, NULL, NULL), KAO_OK);
    if (kao_gallery_forget(m.g, ana, &r, &m.f->err))
        fail_msg("%s", m.f->err.msg);
    assert_int_equal(r.n_traces, 0);
    assert_true(r.n_pieces >= 4); /* of the whole trail */
    /* also as whom she was merged, without a sample that says so */
    assert_string_equal(events(m.g, 0, 10, &l), "5:2:Ben;7:0:nobody;");
    assert_int_equal(kao_gallery_forget(m.g, other, &r, NULL), KAO_E_NOT_FOUND);
    /* no number comes a second time */
    assert_int_equal(add(&m, "6", NULL, ana, "after her"), 8);
    assert_string_equal(events(m.g, 7, 10, &l), "8:0:after her;");
    kao_gallery_close(m.g);
    if (kept_on_server())
        return;
    FILE *file = fopen(m.path, "rb");
    const size_t n = fread(bytes, 1, sizeof bytes, file);

    assert_true(n > 4096 && n < sizeof bytes);
    fclose(file);
    for (size_t i = 0; i + 7 <= n; i++)
        assert_true(memcmp(bytes + i, "secret:", 7) != 0);
}

/* The newest stay. Made by SQL: each event of its own goes to the disk. */
static void the_newest_stay(void **state)
{
    if (kept_key()) /* which are not encrypted */
        skip();
    made m = made_gallery(*state, "many.kao", DIM);
    list l;

    add(&m, "a", NULL, 0, "first");
    KEPT_RUN(m.f, m.path,
             "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c "
             "WHERE i < 9999) INSERT INTO event(trail, text) SELECT 'a', 'x' FROM c",
             "");
    events(m.g, 0, SIZE_MAX, &l);
    assert_int_equal(l.n, KAO_EVENTS_MOST);
    assert_int_equal(add(&m, "a", NULL, 0, "one more"), KAO_EVENTS_MOST + 1);
    events(m.g, 0, SIZE_MAX, &l);
    assert_int_equal(l.n, KAO_EVENTS_MOST);
    assert_string_equal(events(m.g, 0, 1, &l), "2:0:x;");
    kao_gallery_close(m.g);
}

static void marks_stay(void **state)
{
    made m = made_gallery(*state, "marks.kao", DIM);
    int64_t n = 7;
    uint32_t known = 1;

    assert_int_equal(kao_gallery_event_mark(m.g, "a", &n, &known, NULL), KAO_OK);
    assert_true(n == 0 && !known);
    assert_int_equal(kao_gallery_set_event_mark(m.g, "a", 5, NULL), KAO_OK);
    assert_int_equal(kao_gallery_set_event_mark(m.g, "b", 0, NULL), KAO_OK);
    assert_int_equal(kao_gallery_set_event_mark(m.g, "a", 6, NULL), KAO_OK);
    kao_gallery_close(m.g);
    m.g = made_open(&m, m.f->ctx, true);
    assert_int_equal(kao_gallery_event_mark(m.g, "a", &n, &known, NULL), KAO_OK);
    assert_true(n == 6 && known);
    assert_int_equal(kao_gallery_event_mark(m.g, "b", &n, &known, NULL), KAO_OK);
    assert_true(n == 0 && known);
    assert_int_equal(kao_gallery_event_mark(m.g, "c", &n, &known, NULL), KAO_OK);
    assert_true(!known);
    assert_int_equal(kao_gallery_set_event_mark(m.g, "", 6, NULL), KAO_E_ARG);
    kao_gallery_close(m.g);
}

static void memory_runs_out(void **state)
{
    made m = made_gallery(*state, "memory.kao", DIM);
    const kao_new_event e = { .size = sizeof e, .trail = "a", .text = "x" };
    list l;

    for (long long n = 0;; n++) {
        kao_fault_arm(&m.f->ctx->mem, KAO_FAULT_ALLOC, n);
        const kao_status st = kao_gallery_add_event(m.g, &e, NULL, NULL);
        const bool failed = kao_fault_disarm(&m.f->ctx->mem, KAO_FAULT_ALLOC);

        assert_int_equal(st, failed ? KAO_E_NOMEM : KAO_OK);
        events(m.g, 0, 10, &l);
        assert_int_equal(l.n, !failed);
        if (!failed)
            break;
    }
    kao_gallery_close(m.g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_rise), cmocka_unit_test(wrong_ones_are_refused),
        cmocka_unit_test(forgotten),    cmocka_unit_test(the_newest_stay),
        cmocka_unit_test(marks_stay),   cmocka_unit_test(memory_runs_out),
    };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
