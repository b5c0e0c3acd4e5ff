/* Annotated boxes: the list's form, what is a hit, and the figures, by hand. */
#include "support/unit.h"

#include <math.h>
#include <string.h>

#include "eval/boxes.h"

static kao_status read_text(kao_boxes *b, kao_mem *mem, const char *text,
                            kao_error *err)
{
    const kao_span s = { (const uint8_t *)text, strlen(text) };

    return kao_boxes_read(b, mem, s, "gt.txt", err);
}

static const char list[] =
    "a/1.jpg\n2\n98 267 96 116 0 0 0 0 1 0 \n10 20.5 4 6 0 0 0 1 0 0\r\n"
    "none.jpg\n0\n0 0 0 0 0 0 0 0 0 0\n"
    "nobody.jpg\r\n0\r\n0 0 0 0 0 0 0 0 0 0 \r\n"
    "0--Parade/b.jpg\n1\n1 2 3 4\n"
    "none2.jpg\n0\n"
    "c d.jpg\n1\n5 6 7 8 0";

static void form(void **state)
{
    static const struct {
        const char *name;
        size_t n;
    } pictures[] = {
        { "a/1.jpg", 2 },         { "none.jpg", 0 },  { "nobody.jpg", 0 },
        { "0--Parade/b.jpg", 1 }, { "none2.jpg", 0 }, { "c d.jpg", 1 },
    };
    static const kao_true_box boxes[] = {
        { { 98, 267, 96, 116 }, false },
        { { 10, 20.5f, 4, 6 }, true },
        { { 1, 2, 3, 4 }, false },
        { { 5, 6, 7, 8 }, false },
    };
    kao_mem mem;

    (void)state;
    kao_mem_init(&mem, NULL);
    for (long long fault = 0;; fault++) {
        kao_boxes b;

        kao_fault_arm(&mem, KAO_FAULT_ALLOC, fault);
        const kao_status st = read_text(&b, &mem, list, NULL);

        if (kao_fault_disarm(&mem, KAO_FAULT_ALLOC)) {
            assert_int_equal(st, KAO_E_NOMEM);
            assert_int_equal(atomic_load(&mem.live), 0);
            continue;
        }
        assert_int_equal(st, KAO_OK);
        assert_int_equal(b.pictures.n, COUNT(pictures));
        assert_int_equal(b.n, COUNT(boxes));
        for (size_t i = 0; i < COUNT(pictures); i++) {
            assert_string_equal(kao_name_at(&b.pictures, i), pictures[i].name);
            assert_int_equal(b.first[i + 1] - b.first[i], pictures[i].n);
        }
        for (size_t i = 0; i < COUNT(boxes); i++) {
            const kao_true_box *x = &b.boxes[i], *y = &boxes[i];

            assert_true(x->box.x == y->box.x && x->box.y == y->box.y &&
                        x->box.width == y->box.width && x->box.height == y->box.height);
            assert_int_equal(x->marked, y->marked);
        }
        kao_boxes_free(&b);
        break;
    }
    assert_int_equal(atomic_load(&mem.live), 0);
}

static void refusals(void **state)
{
    static const struct {
        const char *text, *why;
    } rows[] = {
        { "", "no pictures" },
        { "a.jpg", "line 1: wanted the number of faces" },
        { "a.jpg\nb.jpg\n", "line 2: wanted the number of faces" },
        { "a.jpg\n-1\n", "line 2: wanted the number of faces" },
        { "a.jpg\n1.5\n", "line 2: wanted the number of faces" },
        { "a.jpg\n1e9\n", "line 2: wanted the number of faces" },
        { "a.jpg\n1 2\n", "line 2: wanted the number of faces" },
        { "a.jpg\n1", "line 2: wanted x y width height" },
        { "a.jpg\n2\n1 2 3 4\nb.jpg\n", "line 4: wanted x y width height" },
        { "a.jpg\n1\n1 2 3\n", "line 3: wanted x y width height" },
        { "a.jpg\n1\n1 2 3 4 5 6 7 8 9 10 11\n", "line 3: wanted x y width height" },
        { "a.jpg\n1\n1 2 -3 4\n", "line 3: a box of negative size" },
        { "a.jpg\n1\n1e30 2 3 4\n", "line 3: a box that is outside" },
        { "a.jpg\n0\na.jpg\n0\n", "line 3: a picture that has a block already" },
    };
    kao_mem mem;

    (void)state;
    kao_mem_init(&mem, NULL);
    for (size_t i = 0; i < COUNT(rows); i++) {
        kao_error err = { 0 };
        kao_boxes b;

        assert_int_equal(read_text(&b, &mem, rows[i].text, &err), KAO_E_FORMAT);
        if (!strstr(err.msg, rows[i].why) || strncmp(err.msg, "gt.txt: ", 8) != 0)
            fail_msg("row %zu: %s", i, err.msg);
    }
    assert_int_equal(atomic_load(&mem.live), 0);
}

/* One picture with faces A (100 x 100 at 0, 0), B (20 x 20 at 200, 0), C (8 x 8 at 300, 0) and
 * D (50 x 50 at 400, 0, marked): what each box found is, H hit, F false, - does not count. */
static void outcomes(void **state)
{
    static const kao_true_box faces[] = {
        { { 0, 0, 100, 100 }, false },
        { { 200, 0, 20, 20 }, false },
        { { 300, 0, 8, 8 }, false },
        { { 400, 0, 50, 50 }, true },
    };
    static const struct {
        const char *what;
        float overlap, min_size;
        kao_found_box found[2];
        size_t n;
        const char *want; /* of those that count, best first */
    } rows[] = {
        { "the same box", .5f, 12, { { { 0, 0, 100, 100 }, .9f } }, 1, "H" },
        { "half of it", .5f, 12, { { { 0, 0, 100, 50 }, .9f } }, 1, "H" },
        { "less than half", .5f, 12, { { { 0, 0, 100, 49 }, .9f } }, 1, "F" },
        { "less than half, .4 is enough",
          .4f,
          12,
          { { { 0, 0, 100, 49 }, .9f } },
          1,
          "H" },
        { "four tenths exactly", /* .4f is a little more than .4 */
          .4f,
          12,
          { { { 0, 0, 100, 40 }, .9f } },
          1,
          "H" },
        { "beside it, where next to nothing is asked for",
          1e-7f,
          12,
          { { { 100, 0, 50, 50 }, .9f } },
          1,
          "F" },
        { "one face twice",
          .5f,
          12,
          { { { 0, 0, 100, 100 }, .5f }, { { 0, 0, 100, 90 }, .9f } },
          2,
          "HF" },
        { "nothing there", .5f, 12, { { { 600, 0, 30, 30 }, .9f } }, 1, "F" },
        { "nothing there, small", .5f, 12, { { { 600, 0, 30, 11 }, .9f } }, 1, "" },
        { "a small face", .5f, 12, { { { 299, 0, 12, 12 }, .9f } }, 1, "F" },
        { "a small face, exactly", .5f, 12, { { { 300, 0, 8, 8 }, .9f } }, 1, "" },
        { "a small face where all count",
          .5f,
          0,
          { { { 300, 0, 8, 8 }, .9f } },
          1,
          "H" },
        { "near a small face that counts not",
          .4f,
          12,
          { { { 299, -2, 12, 12 }, .9f } },
          1,
          "" },
        { "a marked face", .5f, 12, { { { 400, 0, 50, 40 }, .9f } }, 1, "" },
        { "a marked face twice",
          .5f,
          12,
          { { { 400, 0, 50, 40 }, .9f }, { { 400, 0, 50, 50 }, .8f } },
          2,
          "" },
        { "two faces",
          .5f,
          12,
          { { { 200, 0, 20, 20 }, .3f }, { { 0, 0, 100, 100 }, .2f } },
          2,
          "HH" },
    };
    kao_mem mem;

    (void)state;
    kao_mem_init(&mem, NULL);
    for (size_t i = 0; i < COUNT(rows); i++) {
        const kao_box_rules rules = { rows[i].overlap, rows[i].min_size };
        kao_found_box found[2] = { rows[i].found[0], rows[i].found[1] };
        char got[3] = "";
        kao_box_tally t;

        kao_box_tally_init(&t, &mem);
        assert_true(
            kao_box_tally_add(&t, &rules, faces, COUNT(faces), found, rows[i].n));
        kao_box_tally_sort(&t);
        for (size_t k = 0; k < t.n; k++)
            got[k] = t.outcomes[k].hit ? 'H' : 'F';
        if (strcmp(got, rows[i].want) != 0)
            fail_msg("%s: %s, wanted %s", rows[i].what, got, rows[i].want);
        assert_int_equal(t.n_faces, rows[i].min_size > 0 ? 2 : 3);
        assert_int_equal(t.n_ignored, 4 - t.n_faces);
        kao_box_tally_fini(&t);
    }
    assert_int_equal(atomic_load(&mem.live), 0);
}

/* Five faces of 10, 30, 50, 100 and 100 pixels; boxes H F H F F H by score, two of one score. */
static void figures(void **state)
{
    static const kao_true_box faces[] = {
        { { 0, 0, 10, 10 }, false },     { { 100, 0, 30, 30 }, false },
        { { 200, 0, 50, 50 }, false },   { { 300, 0, 100, 100 }, false },
        { { 500, 0, 100, 100 }, false },
    };
    kao_found_box found[] = {
        { { 300, 0, 100, 100 }, .9f }, { { 900, 0, 40, 40 }, .8f },
        { { 100, 0, 30, 30 }, .7f },   { { 800, 0, 40, 40 }, .6f },
        { { 700, 0, 40, 40 }, .4f },   { { 200, 0, 50, 50 }, .4f },
    };
    static const struct {
        size_t n_false, reached;
        float threshold;
        double recall, of[KAO_BOX_SIZES];
    } rows[] = {
        { 0, 0, .9f, .2, { 0, 0, 0, .5 } },  { 1, 1, .7f, .4, { 0, 1, 0, .5 } },
        { 2, 2, .6f, .4, { 0, 1, 0, .5 } },  { 3, 3, .4f, .6, { 0, 1, 1, .5 } },
        { 99, 3, .4f, .6, { 0, 1, 1, .5 } },
    };
    const kao_box_rules rules = { .5f, 0 };
    kao_mem mem;
    kao_box_tally t;

    (void)state;
    kao_mem_init(&mem, NULL);
    kao_box_tally_init(&t, &mem);
    assert_true(isnan(kao_box_average_precision(&t)));
    kao_fault_arm(&mem, KAO_FAULT_ALLOC, 1);
    assert_false(kao_box_tally_add(&t, &rules, faces, 5, found, 6));
    assert_true(kao_fault_disarm(&mem, KAO_FAULT_ALLOC));
    assert_int_equal(t.n_faces, 0);
    assert_true(kao_box_tally_add(&t, &rules, faces, 5, found, 6));
    kao_box_tally_sort(&t);
    /* precision at the three hits: 1/1, 2/3, 3/6 */
    assert_true(fabs(kao_box_average_precision(&t) - (1 + 2.0 / 3 + .5) / 5) < 1e-12);
    for (size_t i = 0; i < COUNT(rows); i++) {
        const kao_box_recall r = kao_box_recall_at(&t, rows[i].n_false);

        assert_int_equal(r.n_false, rows[i].reached);
        assert_true(r.threshold == rows[i].threshold);
        assert_true(fabs(r.recall - rows[i].recall) < 1e-12);
        for (size_t k = 0; k < KAO_BOX_SIZES; k++)
            assert_true(r.recall_of[k] == rows[i].of[k]);
    }
    kao_box_tally_fini(&t);
    assert_int_equal(atomic_load(&mem.live), 0);
}

/* Precision rises again behind a dip: the best at this recall or a higher one counts. */
static void envelope(void **state)
{
    static const kao_true_box faces[] = { { { 0, 0, 30, 30 }, false },
                                          { { 100, 0, 30, 30 }, false },
                                          { { 200, 0, 30, 30 }, false } };
    kao_found_box found[] = { { { 900, 0, 30, 30 }, .9f },
                              { { 0, 0, 30, 30 }, .8f },
                              { { 100, 0, 30, 30 }, .7f },
                              { { 200, 0, 30, 30 }, .6f } };
    const kao_box_rules rules = { .5f, 0 };
    kao_mem mem;
    kao_box_tally t;

    (void)state;
    kao_mem_init(&mem, NULL);
    kao_box_tally_init(&t, &mem);
    assert_true(kao_box_tally_add(&t, &rules, faces, 3, found, 4));
    kao_box_tally_sort(&t);
    assert_true(fabs(kao_box_average_precision(&t) - .75) < 1e-12);
    kao_box_tally_fini(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(form),     cmocka_unit_test(refusals),
        cmocka_unit_test(outcomes), cmocka_unit_test(figures),
        cmocka_unit_test(envelope),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
