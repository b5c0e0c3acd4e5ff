/* Files of boxes with identities: what is read, and what is refused. */
#include "support/unit.h"

#include <string.h>

#include "eval/mot.h"

static kao_status read_text(kao_mot *m, kao_mem *mem, const char *text, bool truth,
                            kao_error *err)
{
    const kao_span s = { (const uint8_t *)text, strlen(text) };

    return kao_mot_read(m, mem, s, "gt.txt", truth, err);
}

static const char list[] = "\xef\xbb\xbf"
                           "2,7,10.5,20,30,40,1,-1,-1,-1\r\n"
                           "1 , 9, -5,6e0,7,8, 0.25\n"
                           "\n"
                           "1,3,1,2,3,4,0,1,.5\n"
                           "2,3,0,0,0,0,1,-1,-1,-1\n"
                           " \t\r\n"
                           "10,7,1,1,1,1,-1,1,1";

static void form(void **state)
{
    /* by frame, then identity; the fourth line does not count in a truth */
    static const struct {
        kao_mot_box box;
        int32_t id;
    } rows[] = {
        { { 1, 0, 4, { 1, 2, 3, 4 }, 0 }, 3 },
        { { 1, 0, 2, { -5, 6, 7, 8 }, .25f }, 9 },
        { { 2, 0, 5, { 0, 0, 0, 0 }, 1 }, 3 },
        { { 2, 0, 1, { 10.5f, 20, 30, 40 }, 1 }, 7 },
        { { 10, 0, 7, { 1, 1, 1, 1 }, -1 }, 7 },
    };
    kao_mem mem;

    (void)state;
    kao_mem_init(&mem, NULL);
    for (size_t truth = 0; truth < 2; truth++) {
        kao_error err = { 0 };
        kao_mot m;

        if (read_text(&m, &mem, list, truth, &err))
            fail_msg("%s", err.msg);
        assert_int_equal(m.n, COUNT(rows) - truth);
        assert_int_equal(m.n_ignored, truth);
        assert_int_equal(m.n_ids, 3);
        assert_int_equal(m.last_frame, 10);
        for (size_t i = 0; i < m.n; i++) {
            const kao_mot_box *x = &m.boxes[i], *y = &rows[i + truth].box;

            assert_int_equal(x->frame, y->frame);
            assert_int_equal(x->line, y->line);
            assert_int_equal(m.ids[x->track], rows[i + truth].id);
            assert_true(x->score == y->score && x->box.x == y->box.x &&
                        x->box.y == y->box.y && x->box.width == y->box.width &&
                        x->box.height == y->box.height);
        }
        kao_mot_free(&m);
    }
    assert_int_equal(atomic_load(&mem.live), 0);
}

static void empty_ones(void **state)
{
    static const char *const texts[] = { "", "\n", " \r\n\n", "1,1,1,1,1,1,0" };
    kao_mem mem;

    (void)state;
    kao_mem_init(&mem, NULL);
    for (size_t i = 0; i < COUNT(texts); i++) {
        kao_mot m;

        assert_int_equal(read_text(&m, &mem, texts[i], true, NULL), KAO_OK);
        assert_true(m.n == 0 && m.n_ids == 0 && m.last_frame == 0);
        kao_mot_free(&m);
    }
    assert_int_equal(atomic_load(&mem.live), 0);
}

static void refusals(void **state)
{
    static const struct {
        const char *text, *why;
    } rows[] = {
        { "a", "line 1: wanted frame,id,x,y" },
        { "1,1,1,1,1,1", "line 1: wanted frame,id,x,y" },
        { "1,1,1,1,1,1,1,1,1,1,1", "line 1: wanted frame,id,x,y" },
        { "1 1 1 1 1 1 1", "line 1: wanted frame,id,x,y" },
        { "1,1,1,1,1,1,1,", "line 1: wanted frame,id,x,y" },
        { "1,,1,1,1,1,1", "line 1: wanted frame,id,x,y" },
        { "1,1,nan,1,1,1,1", "line 1: wanted frame,id,x,y" },
        { "1,1,1e999,1,1,1,1", "line 1: wanted frame,id,x,y" },
        { "\n0,1,1,1,1,1,1", "line 2: a frame that is not 1, 2 .. 10000000" },
        { "1.5,1,1,1,1,1,1", "line 1: a frame that is not" },
        { "10000001,1,1,1,1,1,1", "line 1: a frame that is not" },
        { "1,-1,1,1,1,1,1", "line 1: an identity that is not 0, 1 .. 2147483647" },
        { "1,.5,1,1,1,1,1", "line 1: an identity that is not" },
        { "1,2147483648,1,1,1,1,1", "line 1: an identity that is not" },
        { "1,1,1,2e6,1,1,1", "line 1: a box that is outside" },
        { "1,1,1,1,-1,1,1", "line 1: a box of negative size" },
        { "1,1,1,1,1,-1,0", "line 1: a box of negative size" },
        { "5,2,1,1,1,1,1\n1,2,1,1,1,1,1\n5,2,9,9,9,9,1\n",
          "line 3: identity 2 has a box in frame 5 already, in line 1" },
    };
    static const uint8_t with_zero[] = "1,1,1,1,1,1,1\n\0";
    kao_mem mem;
    kao_error err = { 0 };
    kao_mot m;

    (void)state;
    kao_mem_init(&mem, NULL);
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_int_equal(read_text(&m, &mem, rows[i].text, true, &err), KAO_E_FORMAT);
        if (!strstr(err.msg, rows[i].why) || strncmp(err.msg, "gt.txt: ", 8) != 0)
            fail_msg("row %zu: %s", i, err.msg);
    }
    assert_int_equal(kao_mot_read(&m, &mem, (kao_span){ with_zero, sizeof with_zero },
                                  "gt.txt", true, &err),
                     KAO_E_FORMAT);
    assert_string_equal(err.msg, "gt.txt: not a text file");
    assert_int_equal(atomic_load(&mem.live), 0);
}

static void failures(void **state)
{
    kao_mem mem;

    (void)state;
    kao_mem_init(&mem, NULL);
    for (long long i = 0;; i++) {
        kao_error err = { 0 };
        kao_mot m;

        kao_fault_arm(&mem, KAO_FAULT_ALLOC, i);
        const kao_status st = read_text(&m, &mem, list, false, &err);

        if (!kao_fault_disarm(&mem, KAO_FAULT_ALLOC)) {
            assert_int_equal(st, KAO_OK);
            assert_int_equal(i, 3);
            kao_mot_free(&m);
            break;
        }
        assert_int_equal(st, KAO_E_NOMEM);
        assert_string_equal(err.msg, "gt.txt: out of memory");
        assert_int_equal(atomic_load(&mem.live), 0);
    }
    assert_int_equal(atomic_load(&mem.live), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(form),
        cmocka_unit_test(empty_ones),
        cmocka_unit_test(refusals),
        cmocka_unit_test(failures),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
