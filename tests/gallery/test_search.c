/* The search against comparing everything: vectors of all kinds, all kernels, one thread and
 * several, in memory and in a file; and the bound on which it stands. */
#include "support/unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cpu.h"
#include "gallery/people_made.h"
#include "gallery/quantise.h"

/* The left side of quantise.h's inequality in double, without the slack of a float's rounding. */
static double left_side(const float *x, const float *y, uint32_t dim,
                        kao_quantised_query *q)
{
    const size_t n = kao_quantised_size(dim);
    uint8_t *a = malloc(n);
    int8_t *b = malloc(n);
    kao_quantised t;
    int64_t dot = 0;

    assert_true(a && b && kao_quantise_row(x, dim, a, &t));
    kao_quantise_query(y, dim, b, q);
    for (size_t i = 0; i < n; i++)
        dot += (a[i] - 128) * b[i];
    free(a);
    free(b);
    return (double)t.scale * (double)q->scale * (double)dot +
           (double)t.norm * (double)q->error + (double)t.residual * (double)q->norm +
           (double)t.offset;
}

static void bounds_hold(void **state)
{
    if (kept_on_server())
        skip();
    static const uint32_t dims[] = { 1, 4, 63, 64, 65, 512, 1000 };
    float *x = calloc(1000, sizeof *x), *y = calloc(1000, sizeof *y);
    double least_room = 1;

    (void)state;
    assert_true(x && y);
    made_seed(5);
    for (size_t d = 0; d < COUNT(dims); d++)
        for (int i = 0; i < 20000; i++) {
            const made_kind kind = (made_kind)(made_u32() % MADE_KINDS);
            kao_quantised_query q;

            made_vector(kind, dims[d], x);
            if (i % 4 == 0)
                memcpy(y, x, dims[d] * sizeof *x);
            else
                made_vector(i % 4 == 1 ? kind : (made_kind)(made_u32() % MADE_KINDS),
                            dims[d], y);
            const double left = left_side(x, y, dims[d], &q);
            const float s = kao_similarity(x, y, dims[d]);
            const double limit = (double)kao_quantised_limit(&q, s);

            if (left < limit)
                fail_msg("%u numbers, kind %d, similarity %.9g: %.9g below %.9g",
                         dims[d], (int)kind, (double)s, left, limit);
            /* and it says something */
            if (kind == MADE_RANDOM && dims[d] == 512 && left - limit < least_room &&
                s > -1)
                least_room = left - limit;
        }
    assert_true(least_room < .03);
    x[0] = NAN;
    uint8_t bytes[64];
    kao_quantised t;

    assert_false(kao_quantise_row(x, 4, bytes, &t));
    free(x);
    free(y);
}

static void equals_comparing_everything(void **state)
{
    fixture *f = *state;

    for (int kind = kept_on_server() ? MADE_MIXED : 0; kind < MADE_KINDS; kind++) {
        char name[32];

        snprintf(name, sizeof name, "kind%d.kao", kind);
        made_seed((uint32_t)kind + 1);
        made m = made_gallery(f, name, 96);

        f->ctx->index_from = 600;
        made_people(&m, (made_kind)kind, 150); /* in memory */
        made_check_kind(&m, m.g, (made_kind)kind, 10);
        assert_int_equal(access(m.index, F_OK), -1);
        made_people(&m, (made_kind)kind, 450); /* two chunks */
        made_check_kind(&m, m.g, (made_kind)kind, 1);
        assert_int_equal(access(m.index, F_OK), kept_key() ? -1 : 0);
        made_check_kind(&m, m.g, (made_kind)kind, 10);
        made_check_kind(&m, m.g, (made_kind)kind, 2000);
        for (size_t i = 0; kao_cpu_level_at(i); i++)
            for (uint32_t threads = 1; threads <= 3; threads += 2) {
                const kao_context_options o = { .n_threads = threads,
                                                .cpu = kao_cpu_level_at(i)->name };
                kao_context *ctx = NULL;

                if (((is_short() || kept_on_server()) && i > 0) ||
                    kao_context_create(&ctx, &o, &f->err) == KAO_E_UNSUPPORTED)
                    continue;
                kao_gallery *g = made_open(&m, ctx, threads == 3);

                made_check_kind(&m, g, (made_kind)kind, 10);
                kao_gallery_close(g);
                kao_context_destroy(ctx);
            }
        assert_int_equal(kao_gallery_verify(m.g, &f->err), KAO_OK);
        kao_gallery_close(m.g);
    }
    f->ctx->index_from = 0;
}

/* Many queries fill several panels and more than one pass. */
static void many_queries(void **state)
{
    made m = made_gallery(*state, "many.kao", 70);
    float *q = calloc(300 * 70, sizeof *q);

    assert_non_null(q);
    made_check(&m, m.g, q, 3, 2); /* an empty gallery */
    made_people(&m, MADE_CLUSTERED, 40);
    for (size_t i = 0; i < 300; i++)
        made_vector(MADE_CLUSTERED, 70, q + i * 70);
    made_check(&m, m.g, q, 300, 3);
    made_check(&m, m.g, q, 128, 3);
    made_check(&m, m.g, q, 129, 3);
    free(q);
    kao_gallery_close(m.g);
}

static void arguments_are_checked(void **state)
{
    made m = made_gallery(*state, "arguments.kao", 4);
    kao_match match[4] = { { .size = sizeof match[0] } }, small = { .size = 8 };
    float v[8] = { 0 };
    size_t n[2] = { 9, 9 };

    assert_int_equal(kao_gallery_search_many(m.g, 0, v, 0, 2, match, n, NULL),
                     KAO_E_ARG);
    assert_int_equal(kao_gallery_search_many(m.g, 1, v, 2, 2, match, n, NULL),
                     KAO_E_ARG);
    assert_int_equal(n[0] + n[1], 0);
    assert_int_equal(kao_gallery_search_many(m.g, 0, v, 2, 0, match, n, NULL),
                     KAO_E_ARG);
    assert_int_equal(kao_gallery_search_many(m.g, 0, v, 1, 1, &small, n, NULL),
                     KAO_E_ARG);
    v[7] = INFINITY;
    assert_int_equal(kao_gallery_search_many(m.g, 0, v, 2, 2, match, n, NULL),
                     KAO_E_ARG);
    assert_int_equal(kao_gallery_search_many(m.g, 0, v, 1, 2, match, n, NULL), KAO_OK);
    kao_gallery_close(m.g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bounds_hold),
        cmocka_unit_test(equals_comparing_everything),
        cmocka_unit_test(many_queries),
        cmocka_unit_test(arguments_are_checked),
    };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
