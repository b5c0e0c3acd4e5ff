/* All pairs of strangers against a plain double loop; curves, tail and likelihood ratio against
 * values worked by other means: distributions whose quantiles are known, and the worked example
 * of 40 pairs (its logistic regression by another program). */
#include "support/unit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "eval/calibrate.h"

enum { N = 60, DIM = 37, PEOPLE = 23 };

typedef struct set {
    float vectors[N * DIM];
    uint32_t person[N];
    bool usable[N];
    kao_portraits p;
} set;

static void fill(set *s)
{
    kao_random r = kao_random_stream(5, 0, 0);

    for (size_t i = 0; i < N; i++) {
        double length = 0;
        float *v = s->vectors + i * DIM;

        for (size_t k = 0; k < DIM; k++) {
            v[k] = kao_random_normal(&r);
            length += (double)v[k] * (double)v[k];
        }
        for (size_t k = 0; k < DIM; k++)
            v[k] /= (float)sqrt(length);
        s->person[i] = (uint32_t)(i * 7 % PEOPLE);
        s->usable[i] = i % 11 != 3;
    }
    s->p = (kao_portraits){ .vectors = s->vectors,
                            .dim = DIM,
                            .n = N,
                            .person = s->person,
                            .usable = s->usable };
}

static int more_alike(const void *x, const void *y)
{
    const kao_alike *a = x, *b = y;

    return (a->similarity < b->similarity) - (a->similarity > b->similarity);
}

/* Every pair, by the definition. */
static size_t list_strangers(const set *s, kao_alike *to, size_t *n_same)
{
    size_t n = 0;

    *n_same = 0;
    for (uint32_t i = 0; i < N; i++)
        for (uint32_t k = i + 1; k < N; k++) {
            double dot = 0;

            if (!s->usable[i] || !s->usable[k])
                continue;
            for (size_t d = 0; d < DIM; d++)
                dot +=
                    (double)s->vectors[i * DIM + d] * (double)s->vectors[k * DIM + d];
            if (s->person[i] == s->person[k])
                ++*n_same;
            else
                to[n++] = (kao_alike){ (float)dot, i, k };
        }
    qsort(to, n, sizeof *to, more_alike);
    return n;
}

static void all_pairs(void **state)
{
    (void)state;
    set s;
    kao_alike want[N * N / 2];
    size_t n_same = 0;
    kao_mem mem;

    fill(&s);
    const size_t n = list_strangers(&s, want, &n_same);

    for (uint32_t threads = 1; threads <= 4; threads += 3) {
        const kao_pool_options o = { .n_threads = threads };
        kao_pool *pool = NULL;
        kao_strangers all = { 0 };

        kao_mem_init(&mem, NULL);
        assert_int_equal(kao_pool_create(&pool, &mem, &o, NULL), KAO_OK);
        assert_int_equal(kao_strangers_of_all(&all, &mem, pool, &s.p, NULL), KAO_OK);
        assert_int_equal(all.n_different, n);
        assert_int_equal(all.n_same, n_same);
        assert_int_equal(all.n_top, n);
        for (size_t i = 0; i < n; i++) {
            assert_true(fabsf(all.top[i].similarity - want[i].similarity) < 1e-6f);
            assert_int_equal(all.top[i].a, want[i].a);
            assert_int_equal(all.top[i].b, want[i].b);
            assert_true(kao_strangers_reached(&all, i + 1) ==
                        (double)all.top[i].similarity);
        }
        uint64_t different = 0, same = 0;

        for (size_t i = 0; i < KAO_STRANGERS_BINS; i++) {
            different += all.different[i];
            same += all.same[i];
        }
        assert_int_equal(different, n);
        assert_int_equal(same, n_same);
        assert_true(kao_strangers_found(&all, -1) == 1);
        assert_true(kao_strangers_found(&all, 1) == 0);
        kao_strangers_free(&all);
        kao_pool_destroy(pool);
    }
}

/* The same pairs, by a list. */
static void listed_pairs(void **state)
{
    (void)state;
    set s;
    kao_alike want[N * N / 2];
    kao_known_pair pairs[N * N / 2];
    size_t n_same = 0, n_pairs = 0;
    kao_mem mem;
    kao_strangers all = { 0 };

    fill(&s);
    kao_mem_init(&mem, NULL);
    const size_t n = list_strangers(&s, want, &n_same);

    for (uint32_t i = 0; i < N; i++)
        for (uint32_t k = i + 1; k < N; k++)
            pairs[n_pairs++] =
                (kao_known_pair){ .a = k, .b = i, .same = s.person[i] == s.person[k] };
    assert_int_equal(kao_strangers_of_pairs(&all, &mem, &s.p, pairs, n_pairs, NULL),
                     KAO_OK);
    assert_int_equal(all.n_different, n);
    assert_int_equal(all.n_same, n_same);
    assert_int_equal(all.top[0].a, want[0].a);
    assert_int_equal(all.top[0].b, want[0].b);
    assert_true(fabs(kao_strangers_reached(&all, n) - (double)want[n - 1].similarity) <
                1e-6);
    kao_strangers_free(&all);
}

/* Two people alone: drawn as one and the other in half of the rounds (the one pair reaches any
 * threshold below it), else as one person twice (no pair of strangers). So the rate is 1 or not
 * there. With every pair above the threshold it is 1 whoever is drawn; with none 0. */
static void intervals(void **state)
{
    (void)state;
    set s;
    kao_mem mem;
    kao_strangers all = { 0 };
    kao_interval got[3];

    fill(&s);
    kao_mem_init(&mem, NULL);
    assert_int_equal(kao_strangers_of_all(&all, &mem, NULL, &s.p, NULL), KAO_OK);
    const double least = (double)all.top[all.n_top - 1].similarity,
                 middle = (double)all.top[all.n_top / 10].similarity;
    const double thresholds[3] = { least, middle, .9999 };

    assert_int_equal(kao_strangers_intervals(&all, &s.p, 1, thresholds, 3, got, NULL),
                     KAO_OK);
    assert_true(got[0].low > 1 - 1e-9 && got[0].high < 1 + 1e-9);
    assert_true(got[1].low > .05 && got[1].low < .1 && got[1].high > .1 &&
                got[1].high < .18);
    assert_true(got[2].low == 0 && got[2].high == 0);
    kao_strangers_free(&all);
}

static void out_of_memory(void **state)
{
    (void)state;
    set s;

    fill(&s);
    for (long long at = 0;; at++) {
        kao_mem mem;
        kao_strangers all = { 0 };
        kao_interval got[1];
        const double threshold = .5;

        kao_mem_init(&mem, NULL);
        kao_fault_arm(&mem, KAO_FAULT_ALLOC, at);
        kao_status st = kao_strangers_of_all(&all, &mem, NULL, &s.p, NULL);

        if (!st)
            st = kao_strangers_intervals(&all, &s.p, 1, &threshold, 1, got, NULL);
        kao_strangers_free(&all);
        const bool fired = kao_fault_disarm(&mem, KAO_FAULT_ALLOC);

        assert_int_equal(st, fired ? KAO_E_NOMEM : KAO_OK);
        assert_int_equal(atomic_load(&mem.live), 0);
        if (!fired)
            break;
    }
}

/* ---- the tail ---- */

/* Quantiles of the distribution itself, at n plotting positions. */
static void tails(void **state)
{
    (void)state;
    static const struct {
        double scale, shape;
    } rows[] = { { 1, 0 }, { .03, -.2 }, { .03, .1 }, { 2, -.05 } };
    enum { MANY = 20000 };
    double *excess = calloc(MANY, sizeof *excess);

    assert_non_null(excess);
    for (size_t i = 0; i < COUNT(rows); i++) {
        const double shape = rows[i].shape, scale = rows[i].scale;
        kao_tail tail = { .level = .4, .share = 1e-3 };

        for (size_t k = 0; k < MANY; k++) {
            const double rest = 1 - ((double)k + .5) / MANY;

            excess[k] = shape == 0 ? -scale * log(rest)
                                   : scale / shape * (pow(rest, -shape) - 1);
        }
        assert_true(kao_tail_fit(&tail, excess, MANY));
        assert_true(fabs(tail.shape - shape) < .01);
        assert_true(fabs(tail.scale / scale - 1) < .01);
        /* one in 1e-6 is .001 of the share */
        const double y =
            shape == 0 ? -scale * log(1e-3) : scale / shape * (pow(1e-3, -shape) - 1);

        assert_true(fabs(kao_tail_value(&tail, 1e-6) - (.4 + y)) < .03 * y);
        assert_true(fabs(kao_tail_value(&tail, 1e-3) - .4) < 1e-9);
    }
    for (size_t k = 0; k < MANY; k++)
        excess[k] = 0;
    assert_false(kao_tail_fit(&(kao_tail){ .share = 1 }, excess, MANY));
    free(excess);
}

/* ---- the curve ---- */

/* Two hundred and fifty pictures make 31,125 pairs, of which 20,000 are kept: how many reach a
 * similarity is told of all. */
static void pairs_that_pass(void **state)
{
    enum { MANY = 250 };
    static float vectors[MANY * 2];
    static uint32_t person[MANY];
    static bool usable[MANY];
    const kao_portraits p = {
        .vectors = vectors, .dim = 2, .n = MANY, .person = person, .usable = usable
    };
    static const double at[] = { -1, -.5, 0, .25, .5, .75, .9, .999, 1.5 };
    kao_strangers all = { 0 };
    kao_mem mem;

    (void)state;
    kao_mem_init(&mem, NULL);
    for (uint32_t i = 0; i < MANY; i++) { /* on a half circle: most are alike */
        vectors[(size_t)2 * i] = (float)cos(3.1 * i / MANY);
        vectors[(size_t)2 * i + 1] = (float)sin(3.1 * i / MANY);
        person[i] = i;
        usable[i] = true;
    }
    assert_int_equal(kao_strangers_of_all(&all, &mem, NULL, &p, NULL), KAO_OK);
    assert_int_equal(all.n_different, 31125);
    assert_int_equal(all.n_top, 20000);
    for (size_t n = 0; n < COUNT(at); n++) {
        uint64_t least = 0, most = 0; /* within a bin above and below */

        for (uint32_t i = 0; i < MANY; i++)
            for (uint32_t k = i + 1; k < MANY; k++) {
                const double alike = cos(3.1 * (k - i) / MANY);

                least += alike >= at[n] + 2. / KAO_STRANGERS_BINS;
                most += alike >= at[n] - 2. / KAO_STRANGERS_BINS;
            }
        assert_in_range(kao_strangers_passed(&all, at[n]), least, most);
    }
    kao_strangers_free(&all);
    assert_int_equal(atomic_load(&mem.live), 0);
}

/* One picture in so many of 360 folders, of which each has one picture more: pairs that are equally
 * alike beyond the 20,000 that are kept. */
static void ties_left_out(void **state)
{
    enum { FOLDERS = 360, MOST = 2 * FOLDERS };
    static float vectors[MOST * 2];
    static uint32_t person[MOST];
    static bool usable[MOST];
    static const uint32_t cases[] = { 150, 250, 350 };

    (void)state;
    for (size_t c = 0; c < COUNT(cases); c++) {
        const uint32_t same = cases[c], n = FOLDERS + same;
        const double different = n * (n - 1.) / 2 - same,
                     alike = same * (same - 1.) / 2; /* at 1 */
        const kao_portraits p = {
            .vectors = vectors, .dim = 2, .n = n, .person = person, .usable = usable
        };
        const double one = 1;
        kao_strangers all = { 0 };
        kao_curve curve;
        kao_curve_point powers[8];
        kao_interval within;
        kao_mem mem;

        kao_mem_init(&mem, NULL);
        for (uint32_t i = 0; i < n; i++) {
            const double turn = i < FOLDERS ? 6.2 * (i + 1.) / FOLDERS : 0;

            vectors[(size_t)2 * i] = (float)cos(turn);
            vectors[(size_t)2 * i + 1] = (float)sin(turn);
            person[i] = i % FOLDERS;
            usable[i] = true;
        }
        assert_int_equal(kao_strangers_of_all(&all, &mem, NULL, &p, NULL), KAO_OK);
        assert_int_equal(all.n_different, lround(different));
        assert_true(kao_curve_measure(&all, true, &curve));
        const size_t n_powers = kao_curve_powers(&curve, &all, powers, 8);

        for (size_t i = 0; i < curve.n + n_powers; i++) {
            const kao_curve_point *at =
                i < curve.n ? &curve.points[i] : &powers[i - curve.n];
            uint64_t reach = 0; /* by the angles between them */

            for (uint32_t a = 0; a < n; a++)
                for (uint32_t b = a + 1; b < n; b++)
                    reach += person[a] != person[b] &&
                             (double)(vectors[2 * a] * vectors[2 * b] +
                                      vectors[2 * a + 1] * vectors[2 * b + 1]) >=
                                 at->similarity - 1e-6;
            assert_true(fabs((double)reach / different / at->far - 1) < .02);
        }
        assert_int_equal(kao_strangers_passed(&all, 1), lround(alike));
        assert_int_equal(kao_strangers_intervals(&all, &p, 1, &one, 1, &within, NULL),
                         KAO_OK);
        assert_int_equal(isnan(within.low), alike > 20000);
        kao_strangers_free(&all);
    }
}

/* Similarities of n strangers whose rate falls as 10^(-10 (s - .1)) from .1 on. */
static kao_strangers made(kao_mem *mem, size_t n)
{
    kao_strangers s = { .mem = mem,
                        .n_different = n,
                        .different = kao_calloc(mem, KAO_STRANGERS_BINS, 8),
                        .same = kao_calloc(mem, KAO_STRANGERS_BINS, 8),
                        .top = kao_calloc(mem, n, sizeof *s.top),
                        .n_top = n };

    for (size_t i = 0; i < n; i++) {
        const double similarity = .1 - log10(((double)i + 1) / (double)n) / 10;

        s.top[i].similarity = (float)similarity;
        s.different[(size_t)((similarity + 1) / 2 * KAO_STRANGERS_BINS)]++;
    }
    return s;
}

static void curves(void **state)
{
    (void)state;
    kao_mem mem;
    kao_curve c;

    kao_mem_init(&mem, NULL);
    kao_strangers s = made(&mem, 200000);

    for (int cut = 0; cut < 2; cut++) {
        s.n_top = cut ? 1000 : 200000; /* below, the counts by similarity say it */
        assert_true(kao_curve_measure(&s, true, &c));
        /* -.5 .. -4 in halves, then 10 of 200,000 */
        assert_int_equal(c.n_counted, 9);
        assert_true(fabs(c.points[8].far - 5e-5) < 1e-12);
        for (size_t i = 0; i < c.n; i++) {
            const kao_curve_point *p = &c.points[i];
            /* 200 pairs in the tail, at the upper ends of their places: it is found steeper */
            const double want = .1 - log10(p->far) / 10;

            assert_int_equal(p->fitted, i >= c.n_counted);
            assert_true(fabs(p->similarity - want) < (p->fitted ? .055 : 2e-4));
        }
        assert_true(fabs(c.points[c.n - 1].far / 1e-8 - 1) < 1e-6);
        assert_true(kao_curve_measure(&s, false, &c));
        assert_int_equal(c.n, 9);
    }
    s.n_top = 200000;
    assert_true(kao_curve_measure(&s, false, &c));
    kao_bytes b = { .mem = &mem, .max = 4096 };

    assert_true(kao_curve_put(&b, &c));
    assert_int_equal(strncmp((const char *)b.p, "0.1500:-0.500 0.2000:-1.000 ", 28), 0);
    kao_bytes_free(&b);
    kao_strangers_free(&s);
    /* 19 pairs of strangers are none to count among */
    s = made(&mem, 19);
    assert_false(kao_curve_measure(&s, true, &c));
    kao_strangers_free(&s);
    s = made(&mem, 40); /* 10 of 40 are one point */
    assert_false(kao_curve_measure(&s, true, &c));
    kao_strangers_free(&s);
    s = made(&mem, 100); /* 32 and 10 of 100 */
    assert_true(kao_curve_measure(&s, true, &c));
    assert_int_equal(c.n, 2);
    kao_strangers_free(&s);
}

/* Of rates at which ten pairs are left each whole power of ten has its point, once. */
static void powers(void **state)
{
    (void)state;
    static const struct {
        size_t n_pairs, n_counted, n;
    } cases[] = {
        { 120, 1, 1 },    { 155, 1, 1 },    { 1200, 2, 2 },   { 14999, 3, 3 },
        { 15500, 3, 3 },  { 98500, 4, 8 },  { 100000, 4, 8 }, { 120000, 4, 8 },
        { 149999, 4, 8 }, { 155432, 4, 8 }, { 200000, 4, 8 },
    };
    kao_mem mem;

    kao_mem_init(&mem, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        kao_strangers s = made(&mem, cases[i].n_pairs);
        kao_curve_point p[8];
        kao_curve c;

        assert_true(kao_curve_measure(&s, true, &c));
        assert_int_equal(kao_curve_powers(&c, &s, p, 8), cases[i].n);
        for (size_t k = 0; k < cases[i].n; k++) {
            const double want = .1 + (double)(k + 1) / 10;

            assert_true(fabs(log10(p[k].far) + (double)(k + 1)) < .015);
            assert_int_equal(p[k].fitted, k >= cases[i].n_counted);
            if (!p[k].fitted)
                assert_true(fabs(p[k].similarity - want) < 2e-3);
        }
        assert_int_equal(kao_curve_powers(&c, &s, p, 1), 1);
        kao_strangers_free(&s);
    }
}

/* Pairs that are equally alike, of one picture in several folders, say, all reach their similarity. */
static void ties(void **state)
{
    (void)state;
    static const struct {
        size_t from, end; /* these of 10,000 are as alike as the first of them */
        size_t
            n_counted; /* of the curve's points from .3 to .001: how many pairs reach each */
        size_t counted[6];
        size_t n, powers[4]; /* the same of whole powers of ten */
    } cases[] = {
        { 0, 1, 6, { 3162, 1000, 316, 100, 32, 10 }, 3, { 1000, 100, 10 } },
        { 0, 435, 3, { 3162, 1000, 435 }, 1, { 1000 } },
        { 95, 103, 6, { 3162, 1000, 316, 103, 32, 10 }, 3, { 1000, 103, 10 } },
        { 99, 316, 5, { 3162, 1000, 316, 32, 10 }, 2, { 1000, 10 } },
        { 500, 5000, 4, { 5000, 316, 100, 32 }, 2, { 100, 10 } },
    };
    kao_mem mem;

    kao_mem_init(&mem, NULL);
    for (size_t i = 0; i < COUNT(cases); i++) {
        kao_strangers s = made(&mem, 10000);
        kao_curve_point p[8];
        kao_curve c;

        for (size_t k = cases[i].from; k < cases[i].end; k++)
            s.top[k].similarity = s.top[cases[i].from].similarity;
        assert_true(kao_curve_measure(&s, false, &c));
        assert_true(c.n >= cases[i].n_counted);
        for (size_t k = 0; k < cases[i].n_counted; k++)
            assert_int_equal(lround(c.points[k].far * 1e4), cases[i].counted[k]);
        for (size_t k = 0; k < c.n; k++) /* by going through them */
            assert_int_equal(lround(c.points[k].far * 1e4),
                             kao_strangers_passed(&s, c.points[k].similarity));
        assert_int_equal(kao_curve_powers(&c, &s, p, 8), cases[i].n);
        for (size_t k = 0; k < cases[i].n; k++)
            assert_int_equal(lround(p[k].far * 1e4), cases[i].powers[k]);
        kao_strangers_free(&s);
    }
}

/* ---- the same person ---- */

/* n pairs, one a bin from the middle on: the k-th least alike ends at k bins above 0. */
static kao_quantiles quantiles_of(kao_mem *mem, size_t n, size_t each, bool *fine)
{
    kao_strangers s = made(mem, 0);
    kao_quantiles q;

    for (size_t i = 0; i < n; i++)
        s.same[KAO_STRANGERS_BINS / 2 + i / each]++;
    s.n_same = n;
    *fine = kao_quantiles_measure(&s, &q);
    kao_strangers_free(&s);
    return q;
}

static void quantiles(void **state)
{
    (void)state;
    static const double of_1000[] = { .01, .02, .05, .1, .2,  .3,  .4, .5,
                                      .6,  .7,  .8,  .9, .95, .98, .99 };
    bool fine = false;
    kao_mem mem;

    kao_mem_init(&mem, NULL);
    kao_quantiles q = quantiles_of(&mem, 1000, 1, &fine);

    assert_true(fine);
    assert_int_equal(q.n_pairs, 1000);
    assert_int_equal(q.n,
                     COUNT(of_1000)); /* ten pairs on each side of the outer ones */
    for (size_t i = 0; i < q.n; i++) {
        assert_true(fabs(q.points[i].below - of_1000[i]) < 1e-12);
        assert_true(fabs(q.points[i].similarity -
                         1000 * of_1000[i] * 2 / KAO_STRANGERS_BINS) < 1e-9);
    }
    kao_bytes b = { .mem = &mem, .max = 4096 };

    assert_true(kao_quantiles_put(&b, &q));
    assert_int_equal(strncmp((const char *)b.p, "1000 0.0012:0.01 0.0024:0.02 ", 29),
                     0);
    kao_bytes_free(&b);
    /* pairs that are equally alike: what is told to be below them is */
    static const struct {
        size_t each, n;
        double below[3];
    } alike[] = {
        { 500, 1, { .5 } },
        { 1000, 0, { 0 } },
        { 250, 2, { .5, .7 } },     /* below a bin's end: .25, .5, .75, 1 */
        { 130, 3, { .5, .6, .9 } }, /* .13, .26, .39, .52, .65, .78, .91, 1 */
    };

    for (size_t i = 0; i < COUNT(alike); i++) {
        q = quantiles_of(&mem, 1000, alike[i].each, &fine);
        assert_int_equal(fine, alike[i].n >= 2);
        assert_int_equal(q.n, alike[i].n);
        for (size_t k = 0; k < alike[i].n; k++)
            assert_true(q.points[k].below == alike[i].below[k]);
    }
    /* .4, .5 and .6 of 25 */
    q = quantiles_of(&mem, 25, 1, &fine);
    assert_true(fine);
    assert_int_equal(q.n, 3);
    q = quantiles_of(&mem, 20, 1, &fine); /* the middle alone */
    assert_false(fine);
    q = quantiles_of(&mem, 0, 1, &fine);
    assert_false(fine);
    assert_int_equal(q.n_pairs, 0);
}

/* ---- the likelihood ratio ---- */

static void logistic(void **state)
{
    (void)state;
    static const int example[40] = {
        623,  553, 123, -47, 713, 483, 203, 83,  393, 663, 333, 23,  583, 443,
        -107, 153, 813, 273, 53,  183, 503, 613, 363, 103, 473, 693, 13,  253,
        743,  313, 143, -17, 533, 643, 223, 73,  413, 573, 293, 113,
    };
    double value[40], same[40], different[40];
    kao_logistic l;

    for (int i = 0; i < 40; i++) {
        value[i] = example[i] / 1000.;
        same[i] = i % 4 < 2;
        different[i] = 1 - same[i];
    }
    assert_true(kao_logistic_fit(&l, value, same, different, 40, .01));
    assert_true(fabs(l.slope - 16.42562878) < 1e-6);
    assert_true(fabs(l.offset + 5.44450203) < 1e-6);
    for (int i = 0; i < 40; i++)
        different[i] = 0;
    assert_false(kao_logistic_fit(&l, value, same, different, 40, .01));
}

/* Two bins: where the kinds are mixed 1 : 9 and 9 : 1 the ratio is known exactly, and so are the
 * bits lost (the entropy of one in ten). */
static void likelihood(void **state)
{
    (void)state;
    kao_mem mem;
    kao_likelihood l;

    kao_mem_init(&mem, NULL);
    kao_strangers s = made(&mem, 0);
    const size_t low = 3 * KAO_STRANGERS_BINS / 8, high = 7 * KAO_STRANGERS_BINS / 8;

    assert_false(kao_likelihood_measure(&s, &l));
    s.n_same = 1000;
    s.n_different = 1000000;
    s.same[low] = 100;
    s.same[high] = 900;
    s.different[low] = 900000;
    s.different[high] = 100000;
    assert_true(kao_likelihood_measure(&s, &l));
    /* bins' middles are at -.25 and .75, but for half a bin */
    assert_true(fabs(l.l.slope - 2 * log(9)) < .01);
    assert_true(fabs(l.l.slope * .75 + l.l.offset - log(9)) < .01);
    assert_true(fabs(l.cllr - .46899559) < 1e-4);
    assert_true(fabs(l.most - log(1e6)) < 1e-9);
    assert_true(fabs(kao_strangers_found(&s, 0) - .9) < 1e-12);
    kao_strangers_free(&s);
}

/* Each kind in one bin, whose middles are at -.25 and .75 but for half a bin: how steep the ratio is
 * is the penalty's alone, of one pair. By symmetry it is 1 between them, and the slope a is where
 * .01 / pairs * a = 1 / 2 / (1 + exp(a / 2)), found by bisection with 50 digits. */
static void kinds_apart(void **state)
{
    static const struct {
        uint64_t n;
        double slope;
    } rows[] = { { 100, 12.05122710 },
                 { 10000, 20.23028441 },
                 { 10000000, 33.06338427 },
                 { 1000000000, 41.80456652 } };
    const size_t low = 3 * KAO_STRANGERS_BINS / 8, high = 7 * KAO_STRANGERS_BINS / 8;
    kao_mem mem;

    (void)state;
    kao_mem_init(&mem, NULL);
    for (size_t i = 0; i < COUNT(rows); i++) {
        kao_strangers s = made(&mem, 0);
        kao_likelihood l;

        s.n_same = s.same[high] = rows[i].n;
        s.n_different = s.different[low] = rows[i].n;
        if (!kao_likelihood_measure(&s, &l))
            fail_msg("row %zu: none", i);
        assert_true(fabs(l.l.slope - rows[i].slope) < 1e-6 * rows[i].slope);
        assert_true(fabs(l.l.slope * (.25 + 1. / KAO_STRANGERS_BINS) + l.l.offset) <
                    1e-6);
        kao_strangers_free(&s);
    }
    /* some pairs lie near the others: Newton's steps go to and fro (values: both
     * derivatives by bisection) */
    kao_strangers s = made(&mem, 0);
    kao_likelihood l;

    s.n_different = s.different[5949] = 100000;
    s.same[8634] = 1000;
    s.same[14842] = 1;
    s.same[16192] = 10000000;
    s.n_same = 10001001;
    assert_true(kao_likelihood_measure(&s, &l));
    assert_true(fabs(l.l.slope - 36.49659266) < 1e-6 &&
                fabs(l.l.offset + .72155502) < 1e-6);
    kao_strangers_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pairs_that_pass), cmocka_unit_test(all_pairs),
        cmocka_unit_test(listed_pairs),    cmocka_unit_test(intervals),
        cmocka_unit_test(out_of_memory),   cmocka_unit_test(tails),
        cmocka_unit_test(curves),          cmocka_unit_test(quantiles),
        cmocka_unit_test(powers),          cmocka_unit_test(ties),
        cmocka_unit_test(ties_left_out),   cmocka_unit_test(logistic),
        cmocka_unit_test(likelihood),      cmocka_unit_test(kinds_apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
