/* The scans of 8-bit rows against sums in 64 bits and values in double: every slot of every
 * level, numbers of full size (whose sums wrap on the way), ties, infinities and NaN. */
#include "check.h"

#include <stdlib.h>
#include <string.h>

#include "kernels/scan.h"

typedef struct scan_case {
    size_t n, n_rows, n_queries;
    int most; /* integers of -most..most; -most alone where it is below 0 */
} scan_case;

static const scan_case cases[] = {
    { 64, 1, 1, 127 },       { 64, 13, 1, 127 },      { 512, 47, 1, 127 },
    { 64, 1, 2, 127 },       { 128, 7, 16, 127 },     { 512, 25, 17, 127 },
    { 512, 40, 32, 127 },    { 192, 61, 31, 127 },    { 512, 12, 5, 1 },
    { 1 << 17, 2, 1, -127 }, { 1 << 17, 3, 9, -127 }, { 1 << 16, 2, 2, 127 },
};

typedef struct setup {
    const scan_case *c;
    uint8_t *rows;
    int8_t *queries;
    float *terms[4], *q_terms[3]; /* of rows; of queries */
    double *value, *bound;        /* n_rows x width */
} setup;

static int number(int most)
{
    return most < 0 ? most : check_int(-most, most);
}

static setup make(const scan_case *c, size_t width)
{
    setup s = { .c = c };

    s.rows = (uint8_t *)check_floats(c->n_rows * c->n / sizeof(float));
    s.queries = calloc(width, c->n);
    s.value = calloc(c->n_rows * width, sizeof *s.value);
    s.bound = calloc(c->n_rows * width, sizeof *s.bound);
    assert_true(s.queries && s.value && s.bound);
    for (size_t i = 0; i < c->n_rows * c->n; i++)
        s.rows[i] = (uint8_t)(number(c->most) + 128);
    for (size_t i = 0; i < c->n_queries * c->n; i++)
        s.queries[i] = (int8_t)number(c->most);
    for (size_t i = 0; i < 4; i++)
        s.terms[i] = check_floats(c->n_rows);
    for (size_t i = 0; i < 3; i++) {
        s.q_terms[i] = check_floats(width);
        for (size_t j = c->n_queries; j < width; j++)
            s.q_terms[i][j] = 0;
    }
    for (size_t r = 0; r < c->n_rows; r++)
        for (size_t j = 0; j < width; j++) {
            int64_t dot = 0;

            for (size_t i = 0; i < c->n; i++)
                dot += (s.rows[r * c->n + i] - 128) * s.queries[j * c->n + i];
            const double a = (double)s.terms[0][r] * (double)s.q_terms[0][j] *
                             (double)dot,
                         b = (double)s.terms[1][r] * (double)s.q_terms[1][j],
                         d = (double)s.terms[2][r] * (double)s.q_terms[2][j],
                         e = (double)s.terms[3][r];

            s.value[r * width + j] = a + b + d + e;
            s.bound[r * width + j] =
                8 * CHECK_U * (fabs(a) + fabs(b) + fabs(d) + fabs(e));
        }
    return s;
}

static size_t run(const setup *s, const kao_scan_slot *slot, const float *limit,
                  kao_scan_hit *hits)
{
    float *packed =
        check_canaries(kao_scan_packed_bytes(slot, s->c->n) / sizeof(float));
    int32_t bias[KAO_SCAN_WIDEST];
    const kao_scan_args a = { .rows = s->rows,
                              .n_rows = s->c->n_rows,
                              .n = s->c->n,
                              .scale = s->terms[0],
                              .norm = s->terms[1],
                              .residual = s->terms[2],
                              .offset = s->terms[3],
                              .queries = packed,
                              .q_bias = bias,
                              .q_scale = s->q_terms[0],
                              .q_error = s->q_terms[1],
                              .q_norm = s->q_terms[2],
                              .limit = limit,
                              .hits = hits };

    kao_scan_pack(slot, s->queries, s->c->n_queries, s->c->n, packed, bias);
    return slot->run(&a);
}

/* With a limit below all there is nothing that is not a hit, in order. */
static void all_are_hits(const setup *s, const char *isa, const kao_scan_slot *slot,
                         kao_scan_hit *hits)
{
    float *limit = check_floats(slot->width);

    for (size_t j = 0; j < slot->width; j++)
        limit[j] = -INFINITY;
    const size_t n = run(s, slot, limit, hits);

    check_true(n == s->c->n_rows * slot->width, "%s, width %u: %zu hits", isa,
               slot->width, n);
    for (size_t i = 0; i < n; i++)
        check_true(hits[i].row == i / slot->width && hits[i].query == i % slot->width &&
                       fabs((double)hits[i].value - s->value[i]) <= s->bound[i],
                   "%s, width %u, n %zu: hit %zu is row %u, query %u, %g for %g", isa,
                   slot->width, s->c->n, i, hits[i].row, hits[i].query,
                   (double)hits[i].value, s->value[i]);
}

/* Limits at a value of a row: that one is a hit, others by their side of it. */
static void limits_hold(const setup *s, const char *isa, const kao_scan_slot *slot,
                        kao_scan_hit *hits)
{
    float *limit = check_floats(slot->width);
    const size_t at = check_random() % s->c->n_rows;

    for (size_t j = 0; j < slot->width; j++)
        limit[j] = -INFINITY;
    run(s, slot, limit, hits);
    for (size_t j = 0; j < slot->width; j++)
        limit[j] = hits[at * slot->width + j].value;
    const size_t n = run(s, slot, limit, hits);
    size_t h = 0;

    for (size_t i = 0; i < s->c->n_rows * slot->width; i++) {
        const double l = (double)limit[i % slot->width];
        const bool hit =
            h < n && hits[h].row == i / slot->width && hits[h].query == i % slot->width;

        if (s->value[i] > l + s->bound[i] || i / slot->width == at)
            check_true(hit, "%s, width %u: %zu is missing", isa, slot->width, i);
        if (s->value[i] < l - s->bound[i])
            check_true(!hit, "%s, width %u: %zu is no hit", isa, slot->width, i);
        h += hit;
    }
    check_true(h == n, "%s, width %u: %zu hits, %zu in order", isa, slot->width, n, h);
}

/* An infinite offset and a NaN are hits whatever the limit. */
static void what_is_not_finite_hits(setup *s, const char *isa,
                                    const kao_scan_slot *slot, kao_scan_hit *hits)
{
    static const float odd[] = { INFINITY, NAN };
    float *limit = check_floats(slot->width);

    for (size_t j = 0; j < slot->width; j++)
        limit[j] = 1e30f;
    for (size_t k = 0; k < 2; k++) {
        s->terms[3][s->c->n_rows - 1] = odd[k];
        const size_t n = run(s, slot, limit, hits);

        check_true(n == slot->width && hits[0].row == s->c->n_rows - 1,
                   "%s, width %u: %zu hits for %g", isa, slot->width, n,
                   (double)odd[k]);
    }
}

static void slots_follow_the_contract(void **state)
{
    check_isa isas[CHECK_MAX_ISAS];
    const int n_isas = check_isas(isas);

    (void)state;
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++)
        for (int i = 0; i < n_isas; i++)
            for (uint32_t k = 0; k < isas[i].k.scan.n; k++) {
                const kao_scan_slot *slot = &isas[i].k.scan.slot[k];

                if (cases[c].n_queries > slot->width)
                    continue;
                check_seed((uint32_t)c);
                setup s = make(&cases[c], slot->width);
                kao_scan_hit *hits =
                    calloc(cases[c].n_rows * slot->width, sizeof *hits);

                assert_non_null(hits);
                all_are_hits(&s, isas[i].name, slot, hits);
                limits_hold(&s, isas[i].name, slot, hits);
                what_is_not_finite_hits(&s, isas[i].name, slot, hits);
                free(hits);
                free(s.bound);
                free(s.value);
                free(s.queries);
                check_free_all();
            }
}

static void slots_are_ascending(void **state)
{
    check_isa isas[CHECK_MAX_ISAS];
    const int n_isas = check_isas(isas);

    (void)state;
    for (int i = 0; i < n_isas; i++) {
        const kao_scan_slots *s = &isas[i].k.scan;

        assert_int_equal(s->slot[0].width, 1);
        assert_in_range(s->n, 1, KAO_SCAN_SLOTS);
        for (uint32_t k = 0; k < s->n; k++)
            assert_true(s->slot[k].width <= KAO_SCAN_WIDEST &&
                        (k == 0 || s->slot[k].width > s->slot[k - 1].width));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slots_are_ascending),
        cmocka_unit_test(slots_follow_the_contract),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
