/* Verification statistics against the worked example of the field's ten-fold code, against
 * NumPy (make_scores.py), and at their ends. */
#include "support/unit.h"

#include <math.h>
#include <string.h>

#include "data/expected_scores.h"
#include "eval/scores.h"

/* 40 pairs, 10 folds of 4, labels 1 1 0 0; figures worked in double by another program. */
static const int example[40] = {
    623,  553, 123, -47, 713, 483, 203, 83,  393, 663, 333, 23,  583, 443,
    -107, 153, 813, 273, 53,  183, 503, 613, 363, 103, 473, 693, 13,  253,
    743,  313, 143, -17, 533, 643, 223, 73,  413, 573, 293, 113,
};

typedef struct pairs {
    kao_mem mem;
    kao_scores s;
} pairs;

static void open_pairs(pairs *p, const int *units, double unit, const int *same,
                       size_t n)
{
    double similarity[512];
    bool is_same[512];

    assert_in_range(n, 0, 512);
    kao_mem_init(&p->mem, NULL);
    for (size_t i = 0; i < n; i++) {
        similarity[i] = units[i] / unit;
        is_same[i] = same[i];
    }
    assert_int_equal(kao_scores_init(&p->s, &p->mem, similarity, is_same, n, NULL),
                     KAO_OK);
}

static void close_pairs(pairs *p)
{
    kao_scores_fini(&p->s);
    assert_int_equal(atomic_load(&p->mem.live), 0);
}

static void open_example(pairs *p)
{
    int same[40];

    for (size_t i = 0; i < 40; i++)
        same[i] = i % 4 < 2;
    open_pairs(p, example, 1000, same, 40);
}

static void open_numpy(pairs *p)
{
    open_pairs(p, scored_hundredths, 100, scored_same, COUNT(scored_same));
}

static void near(double got, double want, double bound)
{
    if (!(fabs(got - want) <= bound))
        fail_msg("got %.15g, wanted %.15g", got, want);
}

static void example_folds(void **state)
{
    static const double accuracy[] = { 1, 1, .75, 1, .75, 1, 1, .75, 1, 1 };
    kao_folds f;
    double best = 0;
    pairs p;

    (void)state;
    open_example(&p);
    assert_true(kao_folds_measure(&p.s, 10, &f));
    for (size_t i = 0; i < 10; i++) {
        near(f.accuracy[i], accuracy[i], 0);
        near(f.threshold[i], 1 - (i == 2 ? 1.18 : 1.22) / 2, 1e-12);
    }
    near(f.mean, .925, 1e-12);
    near(f.deviation, .11456439, 5e-9);
    near(f.standard_error, .03818813, 5e-9);
    near(kao_best_threshold(&p.s, &best), 1 - 1.22 / 2, 1e-12);
    near(best, .95, 1e-12);
    close_pairs(&p);
}

static void example_curve(void **state)
{
    static const struct {
        double far, tar, threshold;
    } rows[] = { { 0, .9, .363 }, { .05, .9, .333 }, { .1, .95, .293 } };
    kao_roc_point tar;
    double at = 0;
    pairs p;

    (void)state;
    open_example(&p);
    near(kao_scores_auc(&p.s), .9875, 1e-12);
    near(kao_scores_eer(&p.s, &at), .1, 1e-12);
    near(at, .333, 1e-12);
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_true(kao_roc_at(&p.s, rows[i].far, &tar));
        near(tar.tar, rows[i].tar, 1e-12);
        near(tar.threshold, rows[i].threshold, 1e-12);
        near(tar.far, rows[i].far, 1e-12);
    }
    close_pairs(&p);
}

static void numpy_folds(void **state)
{
    static const struct {
        uint32_t n;
        const double *accuracy, *threshold, *summary;
    } rows[] = {
        { 10, folds_10_accuracy, folds_10_threshold, folds_10_summary },
        { 7, folds_7_accuracy, folds_7_threshold, folds_7_summary },
    };
    kao_folds f;
    pairs p;

    (void)state;
    open_numpy(&p);
    for (size_t r = 0; r < COUNT(rows); r++) {
        assert_true(kao_folds_measure(&p.s, rows[r].n, &f));
        assert_int_equal(f.n, rows[r].n);
        for (uint32_t i = 0; i < f.n; i++) {
            near(f.accuracy[i], rows[r].accuracy[i], 1e-13);
            near(f.threshold[i], rows[r].threshold[i], 1e-13);
        }
        near(f.mean, rows[r].summary[0], 1e-13);
        near(f.deviation, rows[r].summary[1], 1e-13);
        near(f.standard_error, rows[r].summary[2], 1e-13);
    }
    close_pairs(&p);
}

static void numpy_curve(void **state)
{
    double at = 0;
    uint32_t counts[COUNT(histogram_7)];
    kao_roc_point tar;
    pairs p;

    (void)state;
    open_numpy(&p);
    near(kao_scores_auc(&p.s), curve_auc_eer_at[0], 1e-13);
    near(kao_scores_eer(&p.s, &at), curve_auc_eer_at[1], 1e-13);
    near(at, curve_auc_eer_at[2], 1e-13);
    for (size_t i = 0; i < COUNT(tar_fars); i++) {
        assert_true(kao_roc_at(&p.s, tar_fars[i], &tar));
        near(tar.threshold, tar_thresholds[i], 1e-13);
        assert_int_equal(tar.n_accepted, tar_accepted[i]);
        assert_int_equal(tar.n_false, tar_false[i]);
    }
    kao_histogram(p.s.similarity, p.s.n, counts, COUNT(counts));
    for (size_t i = 0; i < COUNT(counts); i++)
        assert_int_equal(counts[i], histogram_7[i]);
    close_pairs(&p);
}

/* By definition, at every score and beside it. */
static void rates(void **state)
{
    pairs p;

    (void)state;
    open_numpy(&p);
    for (int t = -200; t <= 200; t++) {
        const double at = t / 100.0 + (t % 2 ? 0 : .005);
        size_t accepted = 0, refused = 0;

        for (size_t i = 0; i < p.s.n; i++) {
            accepted += !p.s.is_same[i] && p.s.similarity[i] >= at;
            refused += p.s.is_same[i] && p.s.similarity[i] < at;
        }
        near(kao_scores_far(&p.s, at), (double)accepted / (double)p.s.n_different, 0);
        near(kao_scores_frr(&p.s, at), (double)refused / (double)p.s.n_same, 0);
    }
    close_pairs(&p);
}

static void wilson(void **state)
{
    static const struct {
        size_t k, n;
        double low, high;
    } rows[] = {
        { 0, 1000, 0, .00382676 },         { 0, 3000, 0, .00127885 },
        { 3, 3000, .00034015, .00293614 }, { 5990, 6000, .99693454, .99909443 },
        { 30, 300, .07094791, .13916646 }, { 1000, 1000, 1 - .00382676, 1 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const kao_interval w = kao_wilson(rows[i].k, rows[i].n);

        near(w.low, rows[i].low, 6e-9);
        near(w.high, rows[i].high, 6e-9);
    }
    near(kao_wilson(0, 7).low, 0, 0);
    near(kao_wilson(7, 7).high, 1, 0);
}

/* One kind of pair alone, no pair, few pairs, values at the ends. */
static void ends(void **state)
{
    static const int ones[] = { 1, 1, 1 }, zeros[] = { 0, 0, 0 }, units[] = { 9, 5, 1 };
    static const int mixed[] = { 1, 0 }, equal[] = { 4, 4 }, apart[] = { 10, -10 };
    static const struct {
        const int *units, *same;
        size_t n;
        double auc, eer; /* NaN: not known */
    } rows[] = {
        { units, ones, 3, (double)NAN, (double)NAN },
        { units, zeros, 3, (double)NAN, (double)NAN },
        { units, ones, 0, (double)NAN, (double)NAN },
        { equal, mixed, 2, .5, .5 },
        { apart, mixed, 2, 1, 0 },
    };
    kao_folds f;
    kao_roc_point tar;
    double at = 0;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        pairs p;

        open_pairs(&p, rows[i].units, 10, rows[i].same, rows[i].n);
        const double auc = kao_scores_auc(&p.s), eer = kao_scores_eer(&p.s, &at);

        assert_int_equal(kao_roc_at(&p.s, .1, &tar), !isnan(rows[i].auc));
        assert_true(isnan(rows[i].auc) ? isnan(auc) : auc == rows[i].auc);
        assert_true(isnan(rows[i].eer) ? isnan(eer) : eer == rows[i].eer);
        assert_false(kao_folds_measure(&p.s, 1, &f));
        assert_false(kao_folds_measure(&p.s, (uint32_t)rows[i].n + 1, &f));
        assert_int_equal(kao_folds_measure(&p.s, 2, &f), rows[i].n >= 2);
        close_pairs(&p);
    }
    static const double values[] = { -1, 1, -1.5, 1.5, 0 };
    uint32_t counts[4];

    kao_histogram(values, 5, counts, 4);
    assert_int_equal(counts[0], 2);
    assert_int_equal(counts[1], 0);
    assert_int_equal(counts[2], 1);
    assert_int_equal(counts[3], 2);
}

static void failures(void **state)
{
    const double values[] = { .5, (double)NAN, .2 };
    const bool same[] = { true, false, true };
    kao_scores s;
    kao_error err = { 0 };
    kao_mem mem;

    (void)state;
    kao_mem_init(&mem, NULL);
    assert_int_equal(kao_scores_init(&s, &mem, values, same, 3, &err), KAO_E_ARG);
    assert_non_null(strstr(err.msg, "pair 2"));
    kao_scores_fini(&s);
    for (long long i = 0;; i++) {
        kao_fault_arm(&mem, KAO_FAULT_ALLOC, i);
        const kao_status st = kao_scores_init(&s, &mem, values, same, 1, &err);

        if (!kao_fault_disarm(&mem, KAO_FAULT_ALLOC)) {
            assert_int_equal(st, KAO_OK);
            assert_int_equal(i, 4);
            break;
        }
        assert_int_equal(st, KAO_E_NOMEM);
        assert_int_equal(atomic_load(&mem.live), 0);
    }
    kao_scores_fini(&s);
    assert_int_equal(atomic_load(&mem.live), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(example_folds), cmocka_unit_test(example_curve),
        cmocka_unit_test(numpy_folds),   cmocka_unit_test(numpy_curve),
        cmocka_unit_test(rates),         cmocka_unit_test(wilson),
        cmocka_unit_test(ends),          cmocka_unit_test(failures),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
