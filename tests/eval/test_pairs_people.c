/* Intervals by bootstrap over people: against lists in which each pair is written down as often as
 * its people were drawn. */
#include "support/unit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "eval/pairs_people.h"

enum { PEOPLE = 9, PAIRS = 90, MOST = 60000 };

/* Similarities with ties; more like each other where they are the same person. */
static void make(double similarity[PAIRS], bool same[PAIRS], uint32_t a[PAIRS],
                 uint32_t b[PAIRS])
{
    for (uint32_t i = 0; i < PAIRS; i++) {
        same[i] = i * 7 % 10 < 5;
        a[i] = i * 5 % PEOPLE;
        b[i] = same[i] ? a[i] : (a[i] + 1 + i % (PEOPLE - 1)) % PEOPLE;
        similarity[i] = (double)(i * 37 % 50) / 100 + (same[i] ? .2 : 0);
    }
}

static void drawn_lists(void **state)
{
    static double similarity[PAIRS], long_list[MOST];
    static bool same[PAIRS], long_same[MOST];
    static uint32_t a[PAIRS], b[PAIRS], sparse_a[PAIRS], sparse_b[PAIRS], times[PEOPLE];
    static double accuracy[KAO_BOOTSTRAP_ROUNDS], auc[KAO_BOOTSTRAP_ROUNDS],
        eer[KAO_BOOTSTRAP_ROUNDS], tar[KAO_BOOTSTRAP_ROUNDS];
    kao_scores s, drawn;
    kao_figures f;
    kao_mem mem;

    (void)state;
    kao_mem_init(&mem, NULL);
    make(similarity, same, a, b);
    assert_int_equal(kao_scores_init(&s, &mem, similarity, same, PAIRS, NULL), KAO_OK);
    kao_figures_measure(&s, 10, (double)NAN, &f);
    const kao_pairs_drawn d = {
        .scores = &s, .a = a, .b = b, .n_people = PEOPLE, .seed = 4
    };

    assert_int_equal(kao_figures_draw_people(&f, &d, NULL), KAO_OK);
    for (uint32_t k = 0; k < KAO_BOOTSTRAP_ROUNDS; k++) {
        size_t n = 0, right = 0;
        double t = 0;
        kao_roc_point at;

        kao_bootstrap_draw(4, k, times, PEOPLE);
        for (size_t i = 0; i < PAIRS; i++) {
            const uint32_t w = times[a[i]] * (same[i] ? 1 : times[b[i]]);

            for (uint32_t j = 0; j < w; j++) {
                assert_true(n < MOST);
                right += (similarity[i] > f.folds.threshold[i / 9]) == same[i];
                long_list[n] = similarity[i];
                long_same[n++] = same[i];
            }
        }
        assert_int_equal(kao_scores_init(&drawn, &mem, long_list, long_same, n, NULL),
                         KAO_OK);
        auc[k] = kao_scores_auc(&drawn);
        eer[k] = kao_scores_eer(&drawn, &t);
        tar[k] = kao_roc_at(&drawn, 1e-2, &at) ? at.tar : (double)NAN;
        accuracy[k] = isnan(auc[k]) ? (double)NAN : (double)right / (double)n;
        kao_scores_fini(&drawn);
    }
    const struct {
        kao_interval got;
        double *want;
    } rows[] = { { f.people.accuracy, accuracy },
                 { f.people.auc, auc },
                 { f.people.eer, eer },
                 { f.people.tar[0], tar } };

    assert_int_equal(f.people.n, PEOPLE);
    for (size_t i = 0; i < COUNT(rows); i++) {
        const kao_interval want =
            kao_bootstrap_interval(rows[i].want, KAO_BOOTSTRAP_ROUNDS);

        if (fabs(rows[i].got.low - want.low) > 1e-12 ||
            fabs(rows[i].got.high - want.high) > 1e-12)
            fail_msg("row %zu: [%g, %g], wanted [%g, %g]", i, rows[i].got.low,
                     rows[i].got.high, want.low, want.high);
        assert_true(want.low < want.high);
    }
    assert_true(f.people.auc.low < f.auc && f.auc < f.people.auc.high);
    /* who is in no pair that counts, as where pictures are left out, is not drawn */
    kao_figures sparse = f;
    const kao_pairs_drawn more = {
        .scores = &s, .a = sparse_a, .b = sparse_b, .n_people = 3 * PEOPLE, .seed = 4
    };

    for (size_t i = 0; i < PAIRS; i++) {
        sparse_a[i] = 3 * a[i] + 1;
        sparse_b[i] = 3 * b[i] + 1;
    }
    assert_int_equal(kao_figures_draw_people(&sparse, &more, NULL), KAO_OK);
    assert_int_equal(sparse.people.n, PEOPLE);
    assert_true(sparse.people.auc.low == f.people.auc.low &&
                sparse.people.eer.high == f.people.eer.high);
    /* without memory */
    for (int i = 0;; i++) {
        kao_fault_arm(&mem, KAO_FAULT_ALLOC, i);
        const kao_status st = kao_figures_draw_people(&f, &d, NULL);
        const bool fired = kao_fault_disarm(&mem, KAO_FAULT_ALLOC);

        assert_int_equal(st, fired ? KAO_E_NOMEM : KAO_OK);
        if (!fired)
            break;
    }
    /* one kind of pair is missing, or nobody is known: nothing is said */
    const kao_pairs_drawn unknown = { .scores = &s };

    kao_figures_measure(&s, 10, (double)NAN, &f);
    assert_int_equal(kao_figures_draw_people(&f, &unknown, NULL), KAO_OK);
    assert_int_equal(f.people.n, 0);
    kao_scores_fini(&s);
    assert_int_equal(atomic_load(&mem.live), 0);
}

static void who_is_who(void **state)
{
    static const struct {
        const char *list;
        size_t n; /* people */
    } rows[] = {
        { "ann/1.jpg ann/2.jpg 1\nbob/1.jpg ann/1.jpg 0\nx/cy/1.jpg bob/1.jpg 0\n", 3 },
        { "2 1\nAnn 1 2\nAnn 1 Bob 1\nBob 2 3\nCy 1 Ann 2\n", 3 },
        { "ann/1.jpg ann/2.jpg 1\nann/1.jpg ann/3.jpg 0\n",
          0 }, /* no folder a person */
        { "ann/1.jpg bob/2.jpg 1\nann/1.jpg bob/3.jpg 0\n", 0 },
        { "1.jpg 2.jpg 1\n1.jpg 3.jpg 0\n", 0 },
    };
    kao_mem mem;

    (void)state;
    kao_mem_init(&mem, NULL);
    for (size_t i = 0; i < COUNT(rows); i++) {
        const kao_span text = { (const uint8_t *)rows[i].list, strlen(rows[i].list) };
        kao_pairs p;
        kao_error err;
        uint32_t person[16];
        size_t n = 99;

        assert_int_equal(kao_pairs_read(&p, &mem, text, "list", &err), KAO_OK);
        assert_true(kao_pairs_people(&p, person, &n));
        assert_int_equal(n, rows[i].n);
        for (size_t k = 0; n && k < p.n; k++)
            assert_int_equal(person[p.pairs[k].a] == person[p.pairs[k].b],
                             p.pairs[k].same);
        kao_pairs_free(&p);
    }
    assert_int_equal(atomic_load(&mem.live), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(drawn_lists),
        cmocka_unit_test(who_is_who),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
