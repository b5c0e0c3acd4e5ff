/* Groups by average linkage, against comparing all pairs of all groups again and again; what is
 * known beforehand; lists that are too short; what cannot be grouped. */
#include "support/unit.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/context.h"
#include "base/random.h"
#include "kao/cluster.h"
#include "kao/embedder.h"

enum { MOST = 700, DIM_MOST = 96 };

typedef struct album {
    size_t n, dim;
    float v[MOST * DIM_MOST];
    uint32_t picture[MOST];
    int32_t fixed[MOST];
    uint32_t group[MOST];
    size_t n_groups;
    double alike[MOST * MOST]; /* of all pairs */
} album;

static kao_context *context_of(uint32_t n_threads)
{
    const kao_context_options o = { .n_threads = n_threads };
    kao_context *ctx = NULL;

    assert_int_equal(kao_context_create(&ctx, &o, NULL), KAO_OK);
    return ctx;
}

static void group(kao_context *ctx, album *a, const kao_cluster_options *o)
{
    kao_error err = { 0 };

    if (kao_cluster(ctx, a->v, a->n, a->dim, o, a->group, &a->n_groups, &err))
        fail_msg("%s", err.msg);
}

/* Angles in degrees as unit vectors of two numbers. */
static album *of_angles(const int *degrees, size_t n)
{
    album *a = calloc(1, sizeof *a);

    assert_non_null(a);
    a->n = n;
    a->dim = 2;
    for (size_t i = 0; i < n; i++) {
        const double r = degrees[i] * 3.14159265358979323846 / 180;

        a->v[2 * i] = (float)cos(r);
        a->v[2 * i + 1] = (float)sin(r);
    }
    return a;
}

static void expect(const album *a, const char *want)
{
    char got[MOST * 4 + 1];
    size_t at = 0;

    for (size_t i = 0; i < a->n; i++)
        at += (size_t)snprintf(got + at, sizeof got - at, "%u", a->group[i]);
    assert_string_equal(got, want);
}

/* By hand. cos 10 = .985, cos 20 = .940, cos 30 = .866, cos 40 = .766, cos 60 = .5, cos 90 = 0. */
static void by_hand(void **state)
{
    static const struct {
        int degrees[6];
        size_t n;
        float threshold;
        uint32_t picture[6];
        int32_t fixed[6];
        const char *want;
        uint32_t apart[4];
        size_t n_apart;
    } rows[] = {
        { .n = 1, .threshold = .5f, .want = "0" },
        { .degrees = { 0, 90 }, .n = 2, .threshold = .5f, .want = "01" },
        { .degrees = { 90, 0, 10 }, .n = 3, .threshold = .5f, .want = "100" },
        /* 0 and 20 first; then 40 with both: (.766 + .940) / 2 = .853 */
        { .degrees = { 0, 20, 41 }, .n = 3, .threshold = .85f, .want = "001" },
        { .degrees = { 0, 20, 40 }, .n = 3, .threshold = .85f, .want = "000" },
        { .degrees = { 0, 20, 40 }, .n = 3, .threshold = .86f, .want = "001" },
        /* the most alike pair of 20 and 40 would join all four: chains do not */
        { .degrees = { 0, 19, 40, 59 }, .n = 4, .threshold = .9f, .want = "0011" },
        /* larger groups first, then the first face */
        { .degrees = { 0, 90, 180, 185, 270 },
          .n = 5,
          .threshold = .9f,
          .want = "12003" },
        /* two faces of a picture are two people, whoever comes between */
        { .degrees = { 0, 10, 4 },
          .n = 3,
          .threshold = .5f,
          .picture = { 7, 7, 8 },
          .want = "010" },
        { .degrees = { 0, 10, 4 },
          .n = 3,
          .threshold = .5f,
          .picture = { 0, 0, 0 },
          .want = "000" },
        /* known people take what is like them, and are never one */
        { .degrees = { 0, 10, 4, 90 },
          .n = 4,
          .threshold = .5f,
          .fixed = { 1, 2, 0, 1 },
          .want = "0110" },
        { .degrees = { 0, 10 },
          .n = 2,
          .threshold = .5f,
          .fixed = { 1, 2 },
          .want = "01" },
        { .degrees = { 0, 10 },
          .n = 2,
          .threshold = .5f,
          .fixed = { -1, 2 },
          .want = "00" },
        { .degrees = { 0, 10 },
          .n = 2,
          .threshold = .5f,
          .fixed = { -1, -2 },
          .want = "00" },
        { .degrees = { 0, 170, 10 },
          .n = 3,
          .threshold = .5f,
          .fixed = { -1, -1, 0 },
          .want = "001" },
        /* what somebody said counts for more than the picture */
        { .degrees = { 0, 90 },
          .n = 2,
          .threshold = .5f,
          .picture = { 3, 3 },
          .fixed = { 4, 4 },
          .want = "00" },
        { .degrees = { 0, 180 }, .n = 2, .threshold = -1, .want = "00" },
        /* who somebody said to be two, whoever comes between */
        { .degrees = { 0, 10, 4 },
          .n = 3,
          .threshold = .5f,
          .apart = { 1, 0 },
          .n_apart = 1,
          .want = "010" },
        /* a pair holds for all of the group */
        { .degrees = { 0, 30, 60, 62 },
          .n = 4,
          .threshold = .3f,
          .fixed = { -1, -1, -2, -2 },
          .apart = { 0, 3 },
          .n_apart = 1,
          .want = "0011" },
        { .degrees = { 0, 2, 4, 6 },
          .n = 4,
          .threshold = .5f,
          .apart = { 0, 1, 2, 3 },
          .n_apart = 2,
          .want = "0110" },
        /* those of one group from the start stay */
        { .degrees = { 0, 90 },
          .n = 2,
          .threshold = .5f,
          .fixed = { 4, 4 },
          .apart = { 0, 1 },
          .n_apart = 1,
          .want = "00" },
    };
    kao_context *ctx = context_of(1);

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        album *a = of_angles(rows[i].degrees, rows[i].n);
        const kao_cluster_options o = { .size = sizeof o,
                                        .threshold = rows[i].threshold,
                                        .picture = rows[i].picture,
                                        .fixed = rows[i].fixed,
                                        .apart = rows[i].n_apart ? rows[i].apart : NULL,
                                        .n_apart = rows[i].n_apart };

        group(ctx, a, &o);
        expect(a, rows[i].want);
        free(a);
    }
    kao_context_destroy(ctx);
}

/* ---- against all pairs ---- */

static void compare_all(album *a)
{
    for (size_t i = 0; i < a->n; i++)
        for (size_t k = 0; k < a->n; k++) {
            double d = 0;

            for (size_t x = 0; x < a->dim; x++)
                d +=
                    pow((double)a->v[i * a->dim + x] - (double)a->v[k * a->dim + x], 2);
            a->alike[i * MOST + k] = 1 - d / 2;
        }
}

/* of[i]: number of the group, any. NaN: may not be one. */
static double mean(const album *a, const kao_cluster_options *o, const size_t *of,
                   size_t x, size_t y)
{
    double sum = 0, pairs = 0;

    for (size_t i = 0; i < a->n; i++)
        for (size_t k = 0; of[i] == x && k < a->n; k++) {
            if (of[k] != y)
                continue;
            if ((o->picture && o->picture[i] && o->picture[i] == o->picture[k]) ||
                (o->fixed && o->fixed[i] > 0 && o->fixed[k] > 0))
                return (double)NAN;
            sum += a->alike[i * MOST + k];
            pairs++;
        }
    return sum / pairs;
}

static bool join_best(const album *a, const kao_cluster_options *o, size_t *of)
{
    double best = -2;
    size_t into = 0, from = 0;

    for (size_t x = 0; x < a->n; x++)
        for (size_t y = x + 1; y < a->n; y++) {
            const double m = mean(a, o, of, x, y);

            if (m > best) {
                best = m;
                into = x;
                from = y;
            }
        }
    if (best < (double)o->threshold)
        return false;
    for (size_t i = 0; i < a->n; i++)
        of[i] = of[i] == from ? into : of[i];
    return true;
}

static void all_pairs(const album *a, const kao_cluster_options *o, size_t *of)
{
    for (size_t i = 0; i < a->n; i++) {
        of[i] = i;
        for (size_t k = 0; o->fixed && k < i; k++)
            if (o->fixed[i] && o->fixed[i] == o->fixed[k])
                of[i] = of[k];
    }
    while (join_best(a, o, of))
        continue;
}

static void draw(album *a, kao_random *r, size_t n, size_t dim, uint32_t people,
                 float spread)
{
    float middle[8 * DIM_MOST];

    a->n = n;
    a->dim = dim;
    for (size_t i = 0; i < people * dim; i++)
        middle[i] = kao_random_normal(r);
    for (size_t i = 0; i < n; i++) {
        const float *m = middle + kao_random_below(r, people) * dim;
        float *v = a->v + i * dim;
        double square = 0;

        for (size_t x = 0; x < dim; x++) {
            v[x] = m[x] + spread * kao_random_normal(r);
            square += (double)v[x] * (double)v[x];
        }
        for (size_t x = 0; x < dim; x++)
            v[x] = (float)((double)v[x] / sqrt(square));
        a->picture[i] = kao_random_below(r, (uint32_t)n / 2 + 2);
        a->fixed[i] = kao_random_below(r, 3) ? 0 : (int32_t)kao_random_below(r, 5) - 2;
    }
    compare_all(a);
}

static void same_groups(const album *a, const size_t *of)
{
    for (size_t i = 0; i < a->n; i++)
        for (size_t k = 0; k < i; k++)
            assert_int_equal(of[i] == of[k], a->group[i] == a->group[k]);
}

/* Groups are numbered by size, then by first face. */
static void numbers_in_order(const album *a)
{
    size_t size[MOST] = { 0 }, first[MOST];

    for (size_t i = a->n; i-- > 0;) {
        assert_true(a->group[i] < a->n_groups);
        size[a->group[i]]++;
        first[a->group[i]] = i;
    }
    for (size_t i = 1; i < a->n_groups; i++)
        assert_true(size[i] < size[i - 1] ||
                    (size[i] == size[i - 1] && first[i] > first[i - 1]));
    assert_true(a->n_groups == 0 || size[a->n_groups - 1] > 0);
}

static void random_sets(void **state)
{
    kao_context *ctx = context_of(1), *several = context_of(3);
    album *a = calloc(1, sizeof *a), *b = calloc(1, sizeof *b);
    kao_random r = kao_random_stream(5, 0, 0);

    (void)state;
    assert_non_null(a);
    assert_non_null(b);
    for (uint32_t i = 0; i < 60; i++) {
        static const size_t dims[] = { 3, 16, 37, 96 };
        kao_cluster_options o = { .size = sizeof o, .neighbours = 64 };
        size_t of[MOST];

        draw(a, &r, 2 + kao_random_below(&r, 28), dims[i % 4], 1 + i % 6,
             .3f + .1f * (float)(i % 9));
        o.threshold = kao_random_float(&r, .1f, .8f);
        o.picture = i % 2 ? a->picture : NULL;
        o.fixed = i % 3 == 0 ? a->fixed : NULL;
        group(ctx, a, &o);
        all_pairs(a, &o, of);
        same_groups(a, of);
        numbers_in_order(a);
        *b = *a;
        group(several, b, &o);
        assert_memory_equal(a->group, b->group, a->n * sizeof *a->group);
    }
    free(b);
    free(a);
    kao_context_destroy(several);
    kao_context_destroy(ctx);
}

/* With lists of one neighbour too, nothing is left that may be joined; more than one block of the
 * search's. */
static void short_lists(void **state)
{
    kao_context *ctx = context_of(2);
    album *a = calloc(1, sizeof *a);
    kao_random r = kao_random_stream(6, 0, 0);

    (void)state;
    assert_non_null(a);
    for (uint32_t k = 1; k <= 16; k *= 4) {
        const kao_cluster_options o = {
            .size = sizeof o, .threshold = .5f, .neighbours = k, .picture = a->picture
        };
        size_t of[MOST];

        draw(a, &r, 600, 24, 3, .5f);
        for (size_t i = 0; i < a->n; i++)
            a->picture[i] = i < 40 ? (uint32_t)i / 2 + 1 : 0;
        group(ctx, a, &o);
        assert_true(a->n_groups < 12);
        numbers_in_order(a);
        for (size_t i = 0; i < a->n; i++)
            of[i] = a->group[i];
        for (size_t x = 0; x < a->n_groups; x++)
            for (size_t y = x + 1; y < a->n_groups; y++)
                assert_false(mean(a, &o, of, x, y) > .5001);
        for (size_t i = 0; i < 40; i += 2)
            assert_true(a->group[i] != a->group[i + 1]);
    }
    free(a);
    kao_context_destroy(ctx);
}

/* Of vectors of other lengths the similarity is that of their distance. */
static void other_lengths(void **state)
{
    const float v[] = { 2, 0, 2.5f, 0, 0, 2, .1f, 0 };
    const kao_cluster_options o = { .size = sizeof o, .threshold = .8f };
    kao_context *ctx = context_of(1);
    uint32_t got[4];
    size_t n = 0;

    (void)state;
    /* 2 and 2.5 are .5 apart: 1 - .25 / 2 = .875; (2, 0) and (.1, 0) 1.9: below 0 */
    assert_int_equal(kao_cluster(ctx, v, 4, 2, &o, got, &n, NULL), KAO_OK);
    assert_int_equal(n, 3);
    assert_int_equal(got[0], got[1]);
    assert_float_equal(kao_similarity(v, v + 2, 2), .875f, 1e-6f);
    kao_context_destroy(ctx);
}

static void refusals(void **state)
{
    const float good[4] = { 1, 0, 0, 1 }, nan[4] = { 1, 0, 0, NAN },
                inf[4] = { 1, 0, INFINITY, 0 }, huge[4] = { 1, 0, 3e30f, 0 };
    const kao_cluster_options fine = { .size = sizeof fine, .threshold = .5f };
    const kao_cluster_options bad[] = {
        { .size = 4, .threshold = .5f },
        { .size = sizeof fine, .threshold = NAN },
        { .size = sizeof fine, .threshold = 1.5f },
    };
    const kao_cluster_options many = { .size = sizeof fine, .neighbours = 1025 };
    const size_t past = (size_t)KAO_CLUSTER_MAX_FACES + 1;
    kao_context *ctx = context_of(1);
    uint32_t got[2] = { 9, 9 };
    kao_error err = { 0 };
    size_t n = 9;

    (void)state;
    assert_int_equal(kao_cluster(ctx, NULL, 0, 0, &fine, NULL, &n, &err), KAO_OK);
    assert_int_equal(n, 0);
    assert_int_equal(kao_cluster(NULL, good, 2, 2, &fine, got, &n, &err), KAO_E_ARG);
    assert_int_equal(kao_cluster(ctx, NULL, 2, 2, &fine, got, &n, &err), KAO_E_ARG);
    assert_int_equal(kao_cluster(ctx, good, 2, 0, &fine, got, &n, &err), KAO_E_ARG);
    assert_int_equal(kao_cluster(ctx, good, 2, 2, &fine, NULL, &n, &err), KAO_E_ARG);
    assert_int_equal(kao_cluster(ctx, good, 2, 2, &fine, got, NULL, &err), KAO_E_ARG);
    assert_int_equal(kao_cluster(ctx, good, 2, 2, NULL, got, &n, &err), KAO_E_ARG);
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_int_equal(kao_cluster(ctx, good, 2, 2, &bad[i], got, &n, &err),
                         KAO_E_ARG);
    assert_int_equal(kao_cluster(ctx, nan, 2, 2, &fine, got, &n, &err), KAO_E_ARG);
    assert_non_null(strstr(err.msg, "vector 1"));
    assert_int_equal(kao_cluster(ctx, inf, 2, 2, &fine, got, &n, &err), KAO_E_ARG);
    assert_int_equal(kao_cluster(ctx, huge, 2, 2, &fine, got, &n, &err), KAO_E_ARG);
    /* before a number of them is looked at */
    assert_int_equal(kao_cluster(ctx, good, past, 2, &fine, got, &n, &err),
                     KAO_E_LIMIT);
    assert_int_equal(kao_cluster(ctx, good, SIZE_MAX, 2, &fine, got, &n, &err),
                     KAO_E_LIMIT);
    assert_int_equal(kao_cluster(ctx, good, 2, 65537, &fine, got, &n, &err),
                     KAO_E_LIMIT);
    assert_int_equal(kao_cluster(ctx, good, 2, 2, &many, got, &n, &err), KAO_E_LIMIT);
    const uint32_t pair[] = { 0, 2 };
    kao_cluster_options apart = fine;

    apart.apart = pair;
    apart.n_apart = 1;
    assert_int_equal(kao_cluster(ctx, good, 2, 2, &apart, got, &n, &err), KAO_E_ARG);
    assert_int_equal(got[0], 9);
    assert_int_equal(n, 0);
    assert_int_equal(kao_cluster(ctx, good, 2, 2, &fine, got, &n, NULL), KAO_OK);
    assert_int_equal(n, 2);
    /* options of the first form have no pairs */
    apart.size = (uint32_t)offsetof(kao_cluster_options, apart);
    assert_int_equal(kao_cluster(ctx, good, 2, 2, &apart, got, &n, &err), KAO_OK);
    kao_context_destroy(ctx);
}

static void memory_fails(void **state)
{
    kao_context *ctx = context_of(1);
    album *a = calloc(1, sizeof *a);
    kao_random r = kao_random_stream(7, 0, 0);
    const size_t live = atomic_load(&ctx->mem.live);
    long long i = 0;

    (void)state;
    assert_non_null(a);
    draw(a, &r, 40, 8, 4, .4f);
    for (;; i++) {
        const kao_cluster_options o = { .size = sizeof o,
                                        .threshold = .4f,
                                        .neighbours = 2,
                                        .picture = a->picture,
                                        .fixed = a->fixed };
        kao_error err = { 0 };

        kao_fault_arm(&ctx->mem, KAO_FAULT_ALLOC, i);
        const kao_status st =
            kao_cluster(ctx, a->v, a->n, a->dim, &o, a->group, &a->n_groups, &err);
        const bool fired = kao_fault_disarm(&ctx->mem, KAO_FAULT_ALLOC);

        assert_int_equal(st, fired ? KAO_E_NOMEM : KAO_OK);
        assert_int_equal(err.msg[0] != '\0', fired);
        assert_int_equal(atomic_load(&ctx->mem.live), live);
        if (!fired)
            break;
        assert_int_equal(a->n_groups, 0);
    }
    assert_true(i > 15);
    free(a);
    kao_context_destroy(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_hand),     cmocka_unit_test(random_sets),
        cmocka_unit_test(short_lists), cmocka_unit_test(other_lengths),
        cmocka_unit_test(refusals),    cmocka_unit_test(memory_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
