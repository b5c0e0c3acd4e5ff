/* Lists of pairs in both forms, each line of them checked; pairs of a folder a person. */
#include "support/unit.h"

#include <stdio.h>
#include <string.h>

#include "eval/pairs.h"

static kao_status read_text(kao_pairs *p, kao_mem *mem, const char *text,
                            kao_error *err)
{
    const kao_span s = { (const uint8_t *)text, strlen(text) };

    return kao_pairs_read(p, mem, s, "list.txt", err);
}

static void forms(void **state)
{
    static const struct {
        const char *text;
        uint32_t n_folds;
        size_t n_names;
        const char *pairs; /* "a b 1|a b 0" */
    } rows[] = {
        { "2\t1\nAnn\t1\t4\nAnn\t1\tBob Lee\t2\nBob Lee\t2\t3\nBob Lee\t12\tAnn\t4\n",
          2, 5,
          "Ann/Ann_0001.jpg Ann/Ann_0004.jpg 1|"
          "Ann/Ann_0001.jpg Bob Lee/Bob Lee_0002.jpg 0|"
          "Bob Lee/Bob Lee_0002.jpg Bob Lee/Bob Lee_0003.jpg 1|"
          "Bob Lee/Bob Lee_0012.jpg Ann/Ann_0004.jpg 0|" },
        { "1\r\nA 1 2\r\nA 1 B 1\r\n", 1, 3,
          "A/A_0001.jpg A/A_0002.jpg 1|A/A_0001.jpg B/B_0001.jpg 0|" },
        { "\xef\xbb\xbf# a b same\n\nx/1.jpg y/2.jpg 0\n  x/1.jpg   x/3.jpg 1", 0, 3,
          "x/1.jpg y/2.jpg 0|x/1.jpg x/3.jpg 1|" },
        { "a b.jpg\tc d.jpg\t1\n", 0, 2, "a b.jpg c d.jpg 1|" },
    };
    kao_mem mem;

    (void)state;
    kao_mem_init(&mem, NULL);
    for (size_t i = 0; i < COUNT(rows); i++) {
        char got[1024] = "";
        size_t at = 0;
        kao_error err = { 0 };
        kao_pairs p;

        if (read_text(&p, &mem, rows[i].text, &err))
            fail_msg("row %zu: %s", i, err.msg);
        for (size_t k = 0; k < p.n; k++)
            at +=
                (size_t)snprintf(got + at, sizeof got - at, "%s %s %d|",
                                 kao_name_at(&p.names, p.pairs[k].a),
                                 kao_name_at(&p.names, p.pairs[k].b), p.pairs[k].same);
        assert_string_equal(got, rows[i].pairs);
        assert_int_equal(p.names.n, rows[i].n_names);
        assert_int_equal(p.n_folds, rows[i].n_folds);
        kao_pairs_free(&p);
    }
    assert_int_equal(atomic_load(&mem.live), 0);
}

static void refusals(void **state)
{
    static const struct {
        const char *text, *why;
    } rows[] = {
        { "", "no pairs" },
        { "# nothing\n\n", "no pairs" },
        { "10 300\n", "no pairs" },
        { "a.jpg b.jpg\n", "line 1: wanted two paths" },
        { "a.jpg b.jpg 1\nc.jpg 0\n", "line 2: wanted two paths" },
        { "a.jpg b.jpg 2\n", "line 1: wanted two paths" },
        { "a.jpg b.jpg 10\n", "line 1: wanted two paths" },
        { "a.jpg b.jpg 1 x\n", "line 1: wanted two paths" },
        { "a b.jpg c.jpg 1\n", "line 1: wanted two paths" },
        { "a.jpg a.jpg 1\n", "line 1: the same picture twice" },
        { "1 1\nA 1 2\n", "1 pairs; line 1 states 1 folds of 1 and 1" },
        { "1 1\nA 1 2\nA 1 B 1\nA 1 B 2\n", "line 4: more than the 2 pairs" },
        { "1 1\nA 1 B 1\nA 1 2\n", "line 2: 4 fields; wanted \"name n m\"" },
        { "1 2\nA 1 2\nA 1 3\nA 1 B 1\nA 1 2\n",
          "line 5: 3 fields; wanted \"name n name m\" (pair 4 of fold 1)" },
        { "1 1\nA 1 two\nA 1 B 1\n", "line 2: \"two\" is no number" },
        { "1 1\nA 0 2\nA 1 B 1\n", "line 2: \"0\" is no number" },
        { "1 1\nA 1 10000\nA 1 B 1\n", "line 2: \"10000\" is no number" },
        { "1 1\nA 1 99999999999999999999\nA 1 B 1\n", "is no number" },
        { "1 1\nA 1 1\nA 1 B 1\n", "line 2: the same picture twice" },
        { "1 1\nA 1 2\nA 1 A 2\n", "line 3: the same name twice" },
        { "65 300\nA 1 2\n", "line 1: wanted two paths" },
        { "0 300\nA 1 2\n", "line 1: wanted two paths" },
    };
    kao_mem mem;

    (void)state;
    kao_mem_init(&mem, NULL);
    for (size_t i = 0; i < COUNT(rows); i++) {
        kao_error err = { 0 };
        kao_pairs p;

        assert_int_equal(read_text(&p, &mem, rows[i].text, &err), KAO_E_FORMAT);
        if (!strstr(err.msg, rows[i].why) || strncmp(err.msg, "list.txt: ", 10) != 0)
            fail_msg("row %zu: %s", i, err.msg);
    }
    kao_pairs p;

    assert_int_equal(kao_pairs_read(&p, &mem,
                                    (kao_span){ (const uint8_t *)"a b\0 1", 6 },
                                    "list.txt", NULL),
                     KAO_E_FORMAT);
    assert_int_equal(
        kao_pairs_read(&p, &mem, (kao_span){ NULL, (1 << 30) + 1 }, "list.txt", NULL),
        KAO_E_LIMIT);
    assert_int_equal(atomic_load(&mem.live), 0);
}

/* 3 people of 4, 3 and 1 pictures, given in no order: 9 same pairs, 19 different ones. */
static const char *const people[] = {
    "b/2.jpg", "a/1.jpg", "a/4.jpg", "c/x/1.jpg",
    "b/1.jpg", "a/3.jpg", "b/3.jpg", "a/2.jpg",
};

static bool same_person(const char *a, const char *b)
{
    return a[0] == b[0];
}

static void of_people(void **state)
{
    static const struct {
        uint32_t times;
        size_t n;
    } rows[] = { { 1, 18 }, { 2, 27 }, { 3, 28 }, { 65536, 28 } };
    kao_mem mem;

    (void)state;
    kao_mem_init(&mem, NULL);
    for (size_t r = 0; r < COUNT(rows); r++)
        for (uint64_t seed = 1; seed < 50; seed++) {
            bool seen[8][8] = { { false } };
            size_t n_same = 0;
            kao_pairs p, again;

            assert_int_equal(kao_pairs_of_people(&p, &mem, people, COUNT(people),
                                                 rows[r].times, seed, "t", NULL),
                             KAO_OK);
            assert_int_equal(kao_pairs_of_people(&again, &mem, people, COUNT(people),
                                                 rows[r].times, seed, "t", NULL),
                             KAO_OK);
            assert_int_equal(p.n, rows[r].n);
            assert_int_equal(again.n, p.n);
            assert_int_equal(p.names.n, COUNT(people));
            for (size_t i = 0; i < p.n; i++) {
                const kao_pair *x = &p.pairs[i], *y = &again.pairs[i];

                assert_true(x->a < x->b && x->b < COUNT(people));
                assert_true(x->a == y->a && x->b == y->b && x->same == y->same);
                assert_false(seen[x->a][x->b]);
                seen[x->a][x->b] = true;
                assert_int_equal(x->same, same_person(kao_name_at(&p.names, x->a),
                                                      kao_name_at(&p.names, x->b)));
                n_same += x->same;
            }
            assert_int_equal(n_same, 9);
            kao_pairs_free(&p);
            kao_pairs_free(&again);
        }
    assert_int_equal(atomic_load(&mem.live), 0);
}

/* One person with 1,000 pictures, two with one: 499,500 same pairs, 2,001 different ones. How many are made
 * counts, not how many are asked for; 10,000 people of two each have 2e8 different pairs, of which 5,000 times
 * as many are too many. */
static void many_times(void **state)
{
    enum { MOST = 20000 };
    char(*text)[16] = calloc(MOST, sizeof *text);
    const char **names = calloc(MOST, sizeof *names);
    kao_error err = { 0 };
    kao_mem mem;
    kao_pairs p;

    (void)state;
    kao_mem_init(&mem, NULL);
    assert_true(text && names);
    for (size_t i = 0; i < MOST; i++)
        names[i] = text[i];
    for (size_t i = 0; i < 1002; i++)
        snprintf(text[i], sizeof text[i], "%c/%zu", i < 1000 ? 'a' : 'b' + (int)i % 2,
                 i);
    assert_int_equal(kao_pairs_of_people(&p, &mem, names, 1002, 65536, 1, "t", NULL),
                     KAO_OK);
    assert_int_equal(p.n, 499500 + 2001);
    kao_pairs_free(&p);
    for (size_t i = 0; i < MOST; i++)
        snprintf(text[i], sizeof text[i], "%zu/%zu", i / 2, i);
    assert_int_equal(kao_pairs_of_people(&p, &mem, names, MOST, 5000, 1, "t", &err),
                     KAO_E_LIMIT);
    assert_string_equal(
        err.msg, "t: 10000 pairs of the same person and 50000000 of different ones: "
                 "more than 33554432");
    free(text);
    free(names);
    assert_int_equal(atomic_load(&mem.live), 0);
}

/* Over many seeds each of the 19 different pairs is drawn about equally often, whether few or
 * most of them are wanted (9 of 19; 18 of 19). */
static void drawn_evenly(void **state)
{
    enum { SEEDS = 4000 };
    kao_mem mem;

    (void)state;
    kao_mem_init(&mem, NULL);
    for (uint32_t times = 1; times <= 2; times++) {
        const double chance = 9.0 * times / 19;
        unsigned drawn[8][8] = { { 0 } };

        for (uint64_t seed = 0; seed < SEEDS; seed++) {
            kao_pairs p;

            assert_int_equal(kao_pairs_of_people(&p, &mem, people, COUNT(people), times,
                                                 seed, "t", NULL),
                             KAO_OK);
            for (size_t i = 0; i < p.n; i++)
                drawn[p.pairs[i].a][p.pairs[i].b] += !p.pairs[i].same;
            kao_pairs_free(&p);
        }
        for (size_t a = 0; a < 8; a++)
            for (size_t b = 0; b < 8; b++) {
                const double share = (double)drawn[a][b] / SEEDS;

                /* 5 deviations of a share of .5 in 4000 are .04 */
                if (drawn[a][b] && (share < chance - .04 || share > chance + .04))
                    fail_msg("%u times: pair %zu %zu: %g, wanted %g", times, a, b,
                             share, chance);
            }
    }
}

static void people_refused(void **state)
{
    static const struct {
        const char *names[3];
        size_t n;
        kao_status want;
        const char *why;
    } rows[] = {
        { { "a.jpg" }, 1, KAO_E_FORMAT, "a.jpg: no folder of a person" },
        { { "/a.jpg" }, 1, KAO_E_FORMAT, "no folder of a person" },
        { { "a/1.jpg", "b/1.jpg", "c/1.jpg" }, 3, KAO_E_FORMAT, "0 pairs of the same" },
        { { "a/1.jpg", "a/2.jpg", "a/3.jpg" }, 3, KAO_E_FORMAT, "0 of different" },
        { { NULL }, 0, KAO_E_FORMAT, "0 pairs of the same" },
    };
    kao_mem mem;

    (void)state;
    kao_mem_init(&mem, NULL);
    for (size_t i = 0; i < COUNT(rows); i++) {
        kao_error err = { 0 };
        kao_pairs p;

        assert_int_equal(kao_pairs_of_people(&p, &mem, rows[i].names, rows[i].n, 1, 1,
                                             "folder", &err),
                         rows[i].want);
        assert_non_null(strstr(err.msg, rows[i].why));
        assert_non_null(strstr(err.msg, "folder: "));
    }
    assert_int_equal(atomic_load(&mem.live), 0);
}

static void failures(void **state)
{
    kao_mem mem;

    (void)state;
    kao_mem_init(&mem, NULL);
    for (int kind = 0; kind < 3; kind++)
        for (long long i = 0;; i++) {
            kao_pairs p;

            kao_fault_arm(&mem, KAO_FAULT_ALLOC, i);
            const kao_status st =
                kind < 2 ? kao_pairs_of_people(&p, &mem, people, COUNT(people),
                                               (uint32_t)kind + 1, 1, "t", NULL)
                         : read_text(&p, &mem, "a b 1\nc d 0\n", NULL);

            if (!kao_fault_disarm(&mem, KAO_FAULT_ALLOC)) {
                assert_int_equal(st, KAO_OK);
                assert_true(i > 3);
                kao_pairs_free(&p);
                break;
            }
            assert_int_equal(st, KAO_E_NOMEM);
            assert_int_equal(atomic_load(&mem.live), 0);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms),          cmocka_unit_test(refusals),
        cmocka_unit_test(of_people),      cmocka_unit_test(drawn_evenly),
        cmocka_unit_test(people_refused), cmocka_unit_test(failures),
        cmocka_unit_test(many_times),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
