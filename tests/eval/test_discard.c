/* Error versus discard: counted by hand. */
#include "support/unit.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "eval/discard.h"

enum { N = 24, SAME = 20 };

/* Same pair i has quality order[i] and is missed where i is in the list; the last four are
 * different ones, of the worst quality, which must not count. */
static void counted(void **state)
{
    double similarity[N], quality[N];
    bool same[N];
    kao_scores s = { 0 };
    kao_discard d;
    kao_mem mem;

    (void)state;
    kao_mem_init(&mem, NULL);
    for (int i = 0; i < N; i++) {
        same[i] = i < SAME;
        quality[i] = i < SAME ? (i * 7) % SAME : -5; /* each of 0..19 once */
        /* missed: qualities 0, 1, 2 and 15; the threshold itself is missed, too */
        similarity[i] = quality[i] == 2                      ? .5
                        : quality[i] < 3 || quality[i] == 15 ? .1
                                                             : .9;
    }
    assert_int_equal(kao_scores_init(&s, &mem, similarity, same, N, NULL), KAO_OK);
    assert_int_equal(kao_discard_measure(&s, quality, .5, &d, NULL), KAO_OK);
    static const size_t missed[KAO_DISCARD_STEPS] = { 4, 3, 2, 1, 1, 1, 1, 1, 1, 1, 1 };

    for (size_t i = 0; i < KAO_DISCARD_STEPS; i++) {
        assert_int_equal(d.n_same[i], SAME - i);
        assert_int_equal(d.n_missed[i], missed[i]);
    }
    assert_true(fabs(kao_discard_fnmr(&d, 0) - .2) < 1e-12);
    assert_true(fabs(kao_discard_fnmr(&d, 10) - .1) < 1e-12);
    assert_true(fabs(kao_discard_share(10) - .5) < 1e-12);
    for (int i = 0; i < N; i++) /* alike: the earlier of the list goes first */
        quality[i] = 1;
    similarity[0] = .1;
    assert_int_equal(kao_discard_measure(&s, quality, .5, &d, NULL), KAO_OK);
    assert_int_equal(d.n_missed[0] - d.n_missed[1], s.similarity[0] <= .5);
    quality[3] = NAN;
    assert_int_equal(kao_discard_measure(&s, quality, .5, &d, NULL), KAO_E_ARG);
    quality[3] = 1;
    kao_fault_arm(&mem, KAO_FAULT_ALLOC, 0);
    assert_int_equal(kao_discard_measure(&s, quality, .5, &d, NULL), KAO_E_NOMEM);
    (void)kao_fault_disarm(&mem, KAO_FAULT_ALLOC);
    kao_scores_fini(&s);
    assert_int_equal(atomic_load(&mem.live), 0);
}

static void plotted(void **state)
{
    static const char *const names[] = { "one", "other" };
    kao_discard curves[2] = { { { 0 }, { 0 } } };
    kao_bytes b = { .max = 1 << 20 };
    kao_mem mem;

    (void)state;
    kao_mem_init(&mem, NULL);
    b.mem = &mem;
    for (size_t i = 0; i < KAO_DISCARD_STEPS; i++) {
        curves[0].n_same[i] = curves[1].n_same[i] = 100 - 5 * i;
        curves[0].n_missed[i] = 10 - i;
    }
    assert_true(kao_discard_plot(&b, curves, names, 2, "a title"));
    assert_true(kao_bytes_add(&b, "", 1));
    const char *text = (const char *)b.p;

    assert_ptr_equal(strstr(text, "<svg xmlns=\"http://www.w3.org/2000/svg\""), text);
    assert_non_null(strstr(text, ">a title</text>"));
    assert_non_null(strstr(text, ">other</text>"));
    assert_non_null(strstr(text, "</svg>\n</svg>\n"));
    kao_bytes_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(counted),
                                        cmocka_unit_test(plotted) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
