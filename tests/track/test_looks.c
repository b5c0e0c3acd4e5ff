/* What somebody looks like: the mean of embeddings, also of those that are not of length 1. */
#include "support/unit.h"

#include <math.h>

#include "track/track.h"

enum { DIM = 2 };

/* Two embeddings of these lengths and degrees, of qualities that make weights of 1 and .5. The mean's
 * direction is that of a + b / 2, its length (|a| + |b| / 2) / 1.5; asked: as alike as a third one. */
static const struct {
    double lengths[3], degrees[3], alike;
} rows[] = {
    { { 1, 1, 1 }, { 0, 0, 60 }, .5 },
    { { 1, 1, 1 }, { 0, 90, 0 }, .8944272 }, /* cos(atan(.5)) */
    { { 1.4, 1.4, 1.4 }, { 20, 20, 20 }, 1 },
    { { 1.4, 1.4, 1.4 }, { 0, 90, 0 }, .7930773 }, /* 1 - 1.96 + 1.96 * .8944272 */
    { { 1.4, 1.1, 1.2 }, { 10, 10, 10 }, .995 },   /* 1.3 long */
};

static void of_any_length(void **state)
{
    kao_error err = { 0 };
    kao_mem mem;

    (void)state;
    kao_mem_init(&mem, NULL);
    for (size_t r = 0; r < COUNT(rows); r++) {
        kao_looks l = { .n = 0 };
        float v[3][DIM];

        assert_int_equal(kao_looks_init(&l, &mem, DIM, &err), KAO_OK);
        for (int i = 0; i < 3; i++) {
            const double angle = rows[r].degrees[i] * acos(-1.) / 180;

            v[i][0] = (float)(rows[r].lengths[i] * cos(angle));
            v[i][1] = (float)(rows[r].lengths[i] * sin(angle));
        }
        kao_looks_add(&l, DIM, v[0], .95f);
        kao_looks_add(&l, DIM, v[1], .45f);
        const double got = (double)kao_looks_alike(&l, DIM, v[2]);

        if (!(fabs(got - rows[r].alike) < 1e-6))
            fail_msg("row %zu: %.7f", r, got);
        kao_looks_free(&l, &mem);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_any_length),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
