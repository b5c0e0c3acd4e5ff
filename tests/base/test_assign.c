/* Optimal assignment against all assignments of small matrices, against another algorithm for
 * larger ones, and what is refused. */
#include "support/unit.h"

#include <math.h>
#include <string.h>

#include "base/assign.h"
#include "base/random.h"

enum { SIDE = 5, LARGE = 48 };

/* What the pairs are worth; each must be allowed, and no column may be in two. */
static double sum_of(const float *cost, size_t rows, size_t cols, size_t stride,
                     float most, const int32_t *col_of_row)
{
    bool taken[LARGE] = { false };
    double sum = 0;

    for (size_t r = 0; r < rows; r++) {
        const int32_t c = col_of_row[r];

        if (c == -1)
            continue;
        assert_true(c >= 0 && (size_t)c < cols && !taken[c]);
        taken[c] = true;
        assert_true(cost[r * stride + (size_t)c] < most);
        sum += (double)cost[r * stride + (size_t)c] - (double)most;
    }
    return sum;
}

/* The smallest sum of rows r and up over the columns that are free, by trying all. */
static double best_by_trying(const float *cost, size_t r, size_t rows, size_t cols,
                             size_t stride, float most, unsigned taken)
{
    if (r == rows)
        return 0;
    double best = best_by_trying(cost, r + 1, rows, cols, stride, most, taken);

    for (size_t c = 0; c < cols; c++) {
        const float x = cost[r * stride + c];

        if (taken >> c & 1 || isnan(x) || x > most)
            continue;
        const double sum =
            (double)x - (double)most +
            best_by_trying(cost, r + 1, rows, cols, stride, most, taken | 1u << c);

        best = sum < best ? sum : best;
    }
    return best;
}

/* Costs of a few values (many ties) or of many, some forbidden; most within their range. */
static void draw(kao_random *random, bool few, float *cost, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        cost[i] = few ? (float)kao_random_below(random, 6) / 4 - .5f
                      : kao_random_float(random, -1, 1);
        if (kao_random_below(random, 6) == 0)
            cost[i] = NAN;
    }
}

static void small_ones(void **state)
{
    kao_random random = kao_random_stream(1, 2, 3);
    kao_mem mem;

    (void)state;
    kao_mem_init(&mem, NULL);
    for (int round = 0; round < 4000; round++) {
        const size_t rows = kao_random_below(&random, SIDE + 1),
                     cols = kao_random_below(&random, SIDE + 1),
                     stride = cols + kao_random_below(&random, 3);
        const float most = kao_random_float(&random, -1, 1.5f);
        float cost[SIDE * (SIDE + 2)];
        int32_t got[SIDE], again[SIDE];

        draw(&random, round % 2, cost, COUNT(cost));
        assert_int_equal(kao_assign(&mem, cost, rows, cols, stride, most, got, NULL),
                         KAO_OK);
        assert_int_equal(kao_assign(&mem, cost, rows, cols, stride, most, again, NULL),
                         KAO_OK);
        assert_memory_equal(got, again, rows * sizeof *got);
        const double sum = sum_of(cost, rows, cols, stride, most, got),
                     want = best_by_trying(cost, 0, rows, cols, stride, most, 0);

        if (fabs(sum - want) > 1e-9)
            fail_msg("round %d: %zu x %zu: %.9f, wanted %.9f", round, rows, cols, sum,
                     want);
    }
    assert_int_equal(atomic_load(&mem.live), 0);
}

/* ---- another way to the same sum, without prices ---- */

typedef struct chains {
    const float *cost;
    size_t n;
    double most;
    int row_of[LARGE], col_of[LARGE], from[LARGE];
    double dist[LARGE]; /* of the cheapest chain that ends with this column */
} chains;

static double worth(const chains *s, size_t r, size_t c)
{
    return (double)s->cost[r * s->n + c] - s->most;
}

/* A chain begins with a row that is alone; each takes a column, and where a row had it, that
 * one takes another (Bellman and Ford). */
static void find_chains(chains *s)
{
    for (size_t c = 0; c < s->n; c++)
        s->dist[c] = (double)INFINITY;
    for (bool changed = true; changed;) {
        changed = false;
        for (size_t i = 0; i < s->n * s->n; i++) {
            const size_t r = i / s->n, c = i % s->n;
            const int had = s->col_of[r];
            const double at = had < 0 ? 0 : s->dist[had] - worth(s, r, (size_t)had);

            if (worth(s, r, c) < 0 && had != (int)c &&
                at + worth(s, r, c) < s->dist[c] - 1e-9) {
                s->dist[c] = at + worth(s, r, c);
                s->from[c] = (int)r;
                changed = true;
            }
        }
    }
}

/* Follow the chain that lowers the sum most, to a free column or to one whose row stays alone;
 * gives by how much, 0: there is none. */
static double take_chain(chains *s)
{
    double end = -1e-9;
    int last = -1, alone = -1;

    for (size_t c = 0; c < s->n; c++) {
        const int had = s->row_of[c];
        const double d = s->dist[c] - (had < 0 ? 0 : worth(s, (size_t)had, c));

        if (d < end) {
            end = d;
            last = (int)c;
            alone = had;
        }
    }
    if (last < 0)
        return 0;
    if (alone >= 0)
        s->col_of[alone] = -1;
    for (int c = last; c >= 0;) {
        const int r = s->from[c], next = s->col_of[r];

        s->row_of[c] = r;
        s->col_of[r] = c;
        c = next;
    }
    return end;
}

static double best_by_chains(const float *cost, size_t n, float most)
{
    chains s = { .cost = cost, .n = n, .most = (double)most };
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        s.row_of[i] = s.col_of[i] = -1;
    for (double lower = -1; lower < 0; sum += lower) {
        find_chains(&s);
        lower = take_chain(&s);
    }
    return sum;
}

static void larger_ones(void **state)
{
    kao_random random = kao_random_stream(4, 5, 6);
    kao_mem mem;

    (void)state;
    kao_mem_init(&mem, NULL);
    for (int round = 0; round < 60; round++) {
        const size_t n = LARGE - (size_t)round % 9;
        const float most = kao_random_float(&random, -1, 1.5f);
        static float cost[LARGE * LARGE], turned[LARGE * LARGE];
        int32_t got[LARGE];

        draw(&random, round % 2, cost, n * n);
        for (size_t i = 0; i < n * n; i++)
            turned[i % n * n + i / n] = cost[i];
        const double want = best_by_chains(cost, n, most);

        assert_int_equal(kao_assign(&mem, cost, n, n, n, most, got, NULL), KAO_OK);
        assert_true(fabs(sum_of(cost, n, n, n, most, got) - want) < 1e-6);
        assert_int_equal(kao_assign(&mem, turned, n, n, n, most, got, NULL), KAO_OK);
        assert_true(fabs(sum_of(turned, n, n, n, most, got) - want) < 1e-6);
    }
    assert_int_equal(atomic_load(&mem.live), 0);
}

/* Which pairs, not only what they are worth. */
static void which_pairs(void **state)
{
    static const struct {
        const char *what;
        float cost[6]; /* two rows of three columns */
        float most;
        int32_t want[2];
    } rows[] = {
        { "each the nearest", { .1f, .5f, .9f, .9f, .2f, .9f }, 1, { 0, 1 } },
        { "the sum counts", { .1f, .2f, .9f, .1f, .8f, .9f }, 1, { 1, 0 } },
        { "one good pair, not two bad ones", { .0f, .9f, 2, .9f, 2, 2 }, 1, { 0, -1 } },
        { "two pairs where they are worth more",
          { .0f, .4f, 2, .4f, 2, 2 },
          1,
          { 1, 0 } },
        { "at the limit: alone", { 1, 2, 2, 2, .5f, 2 }, 1, { -1, 1 } },
        { "all forbidden", { NAN, NAN, NAN, 2, INFINITY, 3 }, 1, { -1, -1 } },
        { "less than anything is no cost",
          { -INFINITY, .5f, 2, 2, .1f, 2 },
          1,
          { -1, 1 } },
        { "equal columns: the first", { .5f, .5f, .5f, .5f, .5f, .5f }, 1, { 0, 1 } },
        { "equal rows: the first has the better column",
          { .5f, 2, 2, .5f, 2, 2 },
          1,
          { 0, -1 } },
        { "a limit below 0", { -3, -1, -5, -4, 0, -6 }, -2, { 2, 0 } },
        { "a limit above all: as many as possible",
          { .0f, .9f, NAN, .9f, NAN, NAN },
          9,
          { 1, 0 } },
    };
    kao_mem mem;

    (void)state;
    kao_mem_init(&mem, NULL);
    for (size_t i = 0; i < COUNT(rows); i++) {
        int32_t got[2];

        assert_int_equal(
            kao_assign(&mem, rows[i].cost, 2, 3, 3, rows[i].most, got, NULL), KAO_OK);
        if (memcmp(got, rows[i].want, sizeof got) != 0)
            fail_msg("%s: %d %d", rows[i].what, got[0], got[1]);
    }
}

static void refusals(void **state)
{
    static const float cost[4] = { 0 };
    static const struct {
        size_t cols, stride;
        float most;
    } rows[] = { { 2, 1, 1 }, { 2, 2, NAN }, { 2, 2, INFINITY }, { 2, 2, -INFINITY } };
    kao_mem mem;
    kao_error err = { 0 };
    int32_t got[2];

    (void)state;
    kao_mem_init(&mem, NULL);
    for (size_t i = 0; i < COUNT(rows); i++) {
        got[0] = got[1] = 7;
        assert_int_equal(kao_assign(&mem, cost, 2, rows[i].cols, rows[i].stride,
                                    rows[i].most, got, &err),
                         KAO_E_ARG);
        assert_non_null(strstr(err.msg, "assignment: "));
        assert_true(got[0] == -1 && got[1] == -1);
    }
    assert_int_equal(kao_assign(&mem, cost, 2, (size_t)INT32_MAX + 1,
                                (size_t)INT32_MAX + 1, 1, got, &err),
                     KAO_E_LIMIT);
    for (long long i = 0;; i++) {
        kao_fault_arm(&mem, KAO_FAULT_ALLOC, i);
        const kao_status st = kao_assign(&mem, cost, 2, 2, 2, 1, got, &err);

        if (!kao_fault_disarm(&mem, KAO_FAULT_ALLOC)) {
            assert_int_equal(st, KAO_OK);
            assert_true(i == 6 && got[0] == 0 && got[1] == 1);
            break;
        }
        assert_int_equal(st, KAO_E_NOMEM);
        assert_true(got[0] == -1 && got[1] == -1);
        assert_int_equal(atomic_load(&mem.live), 0);
    }
    assert_int_equal(atomic_load(&mem.live), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_ones),
        cmocka_unit_test(larger_ones),
        cmocka_unit_test(which_pairs),
        cmocka_unit_test(refusals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
