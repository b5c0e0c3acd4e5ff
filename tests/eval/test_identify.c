/* Identification: who is enrolled, what is found, the figures and their intervals; worked by hand
 * on vectors in the plane, where a similarity is the cosine of an angle. */
#include "support/unit.h"

#include <math.h>
#include <string.h>

#include "eval/identify.h"

/* ---- intervals ---- */

/* numpy.percentile(values, [2.5, 97.5]) */
static void percentiles(void **state)
{
    static const struct {
        double values[8];
        size_t n;
        double low, high;
    } rows[] = {
        { { 3, 1, (double)NAN, 2, 10, 7 }, 6, 1.1, 9.7 },
        { { 5 }, 1, 5, 5 },
        { { 2, 1 }, 2, 1.025, 1.975 },
        { { .3, .1, .4, .1, .5, .9, .2, .6 }, 8, .1, .8475 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        double v[8];

        memcpy(v, rows[i].values, sizeof v);
        const kao_interval x = kao_bootstrap_interval(v, rows[i].n);

        assert_true(fabs(x.low - rows[i].low) < 1e-12);
        assert_true(fabs(x.high - rows[i].high) < 1e-12);
    }
    double none[2] = { (double)NAN, (double)NAN };

    assert_true(isnan(kao_bootstrap_interval(none, 2).low));
}

static void draws(void **state)
{
    enum { N = 40 };
    uint32_t a[N], b[N], c[N], sum = 0, missed = 0;

    (void)state;
    kao_bootstrap_draw(3, 7, a, N);
    kao_bootstrap_draw(3, 7, b, N);
    kao_bootstrap_draw(3, 8, c, N);
    assert_memory_equal(a, b, sizeof a);
    assert_true(memcmp(a, c, sizeof a) != 0);
    for (size_t i = 0; i < N; i++) {
        sum += a[i];
        missed += a[i] == 0;
    }
    assert_int_equal(sum, N);
    assert_in_range(missed, 5, 25); /* 14.5 of 40 are expected */
}

/* ---- who is enrolled ---- */

enum { PICTURES = 12, PEOPLE = 5 };

/* 0: three pictures; 1: three, its first unusable; 2: two; 3: one; 4: two, one unusable; one
 * picture of nobody. */
static const uint32_t person[PICTURES] = { 0, 1, 0, 1, 2, 5, 3, 0, 1, 2, 4, 4 };
static const bool usable[PICTURES] = { 1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1 };

static kao_people_pictures people(const float *vectors)
{
    return (kao_people_pictures){ .n = PICTURES,
                                  .n_people = PEOPLE,
                                  .dim = 2,
                                  .person = person,
                                  .usable = usable,
                                  .gallery = vectors,
                                  .probes = vectors };
}

static void roles(void **state)
{
    static const char letters[] = "UGMS"; /* by role */
    static const struct {
        uint32_t enroll;
        bool drop;
        const char *want;
    } rows[] = {
        { 1, false, "GMMGGUSMMMSS" },
        { 1, true, "GUMGGUSMMMUS" },
        { 2, false, "GSGSSUSMSSSS" },
    };
    kao_mem mem;
    kao_error err;
    kao_role role[PICTURES];
    const kao_people_pictures p = people(NULL);
    size_t aside[3] = { 0 };

    (void)state;
    kao_mem_init(&mem, NULL);
    for (size_t i = 0; i < COUNT(rows); i++) {
        const kao_split_options o = { .enroll = rows[i].enroll, .drop = rows[i].drop };

        assert_int_equal(kao_split_people(role, &mem, &p, &o, &err), KAO_OK);
        for (size_t k = 0; k < PICTURES; k++)
            if (letters[role[k]] != rows[i].want[k])
                fail_msg("row %zu, picture %zu: %d", i, k, (int)role[k]);
    }
    /* a third of the three stays strangers: who, says the seed */
    for (uint64_t seed = 0; seed < 60; seed++) {
        const kao_split_options o = { .enroll = 1, .strangers = .34, .seed = seed };
        size_t n = 0, who = 0;

        assert_int_equal(kao_split_people(role, &mem, &p, &o, &err), KAO_OK);
        for (size_t k = 0; k < PICTURES; k++)
            if (role[k] == KAO_STRANGER && person[k] < 3) {
                who = person[k];
                n++;
            }
        assert_int_equal(n, who == 2 ? 2 : 3);
        aside[who]++;
    }
    assert_true(aside[0] > 5 && aside[1] > 5 && aside[2] > 5);
    const kao_split_options three = { .enroll = 3 },
                            all = { .enroll = 1, .strangers = 1 };

    assert_int_equal(kao_split_people(role, &mem, &p, &three, &err), KAO_E_FORMAT);
    assert_non_null(strstr(err.msg, "0 of 5 people have more than 3 usable pictures"));
    assert_int_equal(kao_split_people(role, &mem, &p, &all, &err), KAO_E_FORMAT);
    assert_int_equal(atomic_load(&mem.live), 0);
}

/* ---- the search ---- */

static double cosine(double a, double b)
{
    return cos((a - b) * 3.14159265358979 / 180);
}

static void searches(void **state)
{
    /* degrees, by picture: entries at 0 (picture 0), 40 (3), 100 (4) */
    static const double at[PICTURES] = { 0, 0, 10, 40, 100, 0, 20, 30, 50, 60, 0, 170 };
    static const struct {
        size_t picture, rank;
        double similar, other;
    } mated[] = {
        { 1, SIZE_MAX, 0, 0 }, /* unusable */
        { 2, 1, 10, 30 },      /* degrees off */
        { 7, 2, 30, 10 },
        { 8, 1, 10, 50 },
        { 9, 2, 40, 20 },
    },
      strangers[] = { { 6, 0, 20, 0 }, { 10, 0, -1, 0 }, { 11, 0, 70, 0 } };
    float v[2 * PICTURES];
    const kao_people_pictures p = people(v);
    const kao_split_options o = { .enroll = 1 };
    kao_identification s;
    kao_mem mem;
    kao_role role[PICTURES];

    (void)state;
    kao_mem_init(&mem, NULL);
    for (size_t i = 0; i < PICTURES; i++) {
        v[2 * i] = (float)cosine(at[i], 0);
        v[2 * i + 1] = (float)cosine(at[i], 90);
    }
    assert_int_equal(kao_split_people(role, &mem, &p, &o, NULL), KAO_OK);
    assert_int_equal(kao_identify_run(&s, &mem, &p, role, NULL), KAO_OK);
    assert_true(s.n_entries == 3 && s.n_mated == 5 && s.n_strangers == 3 &&
                s.n_stranger_people == 2);
    for (size_t i = 0; i < COUNT(mated); i++) {
        const kao_probe *x = &s.mated[i];

        assert_int_equal(x->picture, mated[i].picture);
        assert_int_equal(x->rank, mated[i].rank);
        if (x->rank == SIZE_MAX) {
            assert_true(x->similarity < -1 && x->other < -1);
            continue;
        }
        assert_true(fabs(x->similarity - cosine(mated[i].similar, 0)) < 1e-6);
        assert_true(fabs(x->other - cosine(mated[i].other, 0)) < 1e-6);
    }
    for (size_t i = 0; i < COUNT(strangers); i++) {
        const kao_probe *x = &s.strangers[i];

        assert_int_equal(x->picture, strangers[i].picture);
        if (strangers[i].similar < 0)
            assert_true(x->similarity < -1);
        else
            assert_true(fabs(x->similarity - cosine(strangers[i].similar, 0)) < 1e-6);
    }
    kao_identify_free(&s);
    /* an entry of two pictures is their mean; one as similar as the mate stands before it */
    static const uint32_t who[] = { 0, 0, 1, 0, 1 };
    static const double angle[] = { 0, 40, 60, 40, 60 };
    static const bool fine[] = { 1, 1, 1, 1, 1 };
    const kao_role given[] = { KAO_GALLERY, KAO_GALLERY, KAO_GALLERY, KAO_MATED,
                               KAO_MATED };
    const kao_people_pictures two = { .n = 5,
                                      .n_people = 2,
                                      .dim = 2,
                                      .person = who,
                                      .usable = fine,
                                      .gallery = v,
                                      .probes = v };

    for (size_t i = 0; i < 5; i++) {
        v[2 * i] = (float)cosine(angle[i], 0);
        v[2 * i + 1] = (float)cosine(angle[i], 90);
    }
    assert_int_equal(kao_identify_run(&s, &mem, &two, given, NULL), KAO_OK);
    assert_true(fabs(s.mated[0].similarity - cosine(20, 0)) < 1e-6);
    kao_identify_free(&s);
    for (size_t i = 0; i < 10;
         i++) /* a network for distances: so is the mean's length */
        v[i] *= 2;
    assert_int_equal(kao_identify_run(&s, &mem, &two, given, NULL), KAO_OK);
    assert_true(fabs(s.mated[0].similarity - (1 - 4 * (1 - cosine(20, 0)))) < 1e-6);
    assert_true(fabs(s.mated[1].similarity - 1) < 1e-6);
    kao_identify_free(&s);
    for (size_t i = 0; i < 10; i++)
        v[i] /= 2;
    memcpy(v + 4, v, 2 * sizeof *v); /* entries: 0 and 40 joined, 0; the probe at 10 */
    memcpy(v + 2, v, 2 * sizeof *v);
    assert_int_equal(kao_identify_run(&s, &mem, &two, given, NULL), KAO_OK);
    assert_int_equal(s.mated[0].rank, 2);
    kao_identify_free(&s);
    /* without memory */
    for (int i = 0;; i++) {
        kao_error err;
        kao_identify_figures f;

        kao_fault_arm(&mem, KAO_FAULT_ALLOC, i);
        kao_status st = kao_split_people(role, &mem, &p, &o, &err);

        if (!st)
            st = kao_identify_run(&s, &mem, &p, role, &err);
        if (!st) {
            st = kao_identify_measure(&f, &s, .5, 1, &err);
            kao_identify_free(&s);
        }
        const bool fired = kao_fault_disarm(&mem, KAO_FAULT_ALLOC);

        assert_int_equal(st, fired ? KAO_E_NOMEM : KAO_OK);
        assert_int_equal(atomic_load(&mem.live), 0);
        if (!fired)
            break;
    }
}

/* ---- figures ---- */

static bool is(const kao_share *s, double value)
{
    return fabs(s->value - value) < 1e-12;
}

/* Forty strangers' probes at 0, .02 .. .78: at most 4 of them for a FPIR of .1. */
static void figures(void **state)
{
    enum { STRANGERS = 40 };
    static const struct {
        double similarity;
        size_t rank;
    } mated[] = { { .95, 1 },  { .8, 1 },  { .75, 2 },       { .7, 1 },
                  { .701, 7 }, { .1, 12 }, { -2, SIZE_MAX }, { .7, 30 } };
    kao_mem mem;
    kao_probe m[COUNT(mated)], s[STRANGERS];
    kao_identification x = { .mated = m,
                             .strangers = s,
                             .n_mated = COUNT(mated),
                             .n_strangers = STRANGERS,
                             .n_entries = 100,
                             .n_people = 2 };
    kao_identify_figures f, again;

    (void)state;
    kao_mem_init(&mem, NULL);
    x.mem = &mem;
    for (size_t i = 0; i < COUNT(mated); i++)
        m[i] = (kao_probe){ .person = 0,
                            .similarity = mated[i].similarity,
                            .rank = mated[i].rank };
    for (size_t i = 0; i < STRANGERS; i++)
        s[i] =
            (kao_probe){ .person = 1, .similarity = .02 * (double)(i * 7 % STRANGERS) };
    assert_int_equal(kao_identify_measure(&f, &x, .7, 5, NULL), KAO_OK);
    assert_true(is(&f.rank[0], 3 / 8.) && is(&f.rank[1], 4 / 8.) &&
                is(&f.rank[2], 5 / 8.) && is(&f.rank[3], 6 / 8.));
    const kao_identify_rate *r = &f.rates[0];

    assert_true(r->known && r->weak && fabs(r->threshold - .70) < 1e-12);
    assert_true(fabs(r->fpir - 4 / 40.) < 1e-12);
    assert_true(is(&r->fnir, 4 / 8.));  /* above .70: .95, .8, .75, .701 */
    assert_true(is(&r->fnir1, 6 / 8.)); /* of which two are the first */
    assert_true(!f.rates[1].known && !f.rates[2].known);
    /* from .70 on, itself too */
    assert_true(f.has_threshold && is(&f.fpir, 5 / 40.) && is(&f.fnir, 2 / 8.) &&
                is(&f.fnir1, 5 / 8.));
    /* one person of each kind: whoever is drawn has all probes, so that nothing varies */
    assert_true(f.rank[1].within.low == .5 && f.rank[1].within.high == .5);
    assert_true(fabs(r->fnir.within.low - .5) < 1e-12);
    /* each probe a person's: 95 % of a share of 200 in 400 is .5 +- .049 */
    enum { MANY = 400 };
    static kao_probe many[MANY];
    x = (kao_identification){
        .mem = &mem, .mated = many, .n_mated = MANY, .n_entries = MANY, .n_people = MANY
    };
    for (uint32_t i = 0; i < MANY; i++)
        many[i] = (kao_probe){ .person = i, .similarity = .5, .rank = 1 + i % 2 };
    assert_int_equal(kao_identify_measure(&f, &x, (double)NAN, 5, NULL), KAO_OK);
    assert_true(is(&f.rank[0], .5) && fabs(f.rank[0].within.low - .451) < .01 &&
                fabs(f.rank[0].within.high - .549) < .01);
    assert_true(!f.has_threshold && !f.rates[0].known && isnan(f.rates[0].fnir.value));
    /* four probes a person, all found or none: the interval is twice as wide */
    for (uint32_t i = 0; i < MANY; i++)
        many[i] =
            (kao_probe){ .person = i / 4, .similarity = .5, .rank = 1 + i / 4 % 2 };
    assert_int_equal(kao_identify_measure(&f, &x, (double)NAN, 5, NULL), KAO_OK);
    assert_true(is(&f.rank[0], .5) && fabs(f.rank[0].within.low - .402) < .02 &&
                fabs(f.rank[0].within.high - .598) < .02);
    assert_int_equal(kao_identify_measure(&again, &x, (double)NAN, 5, NULL), KAO_OK);
    assert_true(again.rank[0].within.low == f.rank[0].within.low);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(percentiles), cmocka_unit_test(draws),
        cmocka_unit_test(roles),       cmocka_unit_test(searches),
        cmocka_unit_test(figures),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
