/* How many places a similarity and a threshold are printed with. */
#include "support/unit.h"

#include "cli/odds.h"

static void places_tell_the_verdict(void **state)
{
    static const struct {
        float similarity, threshold;
        int places;
    } rows[] = {
        { 0.844f, 0.553f, 3 },  { 0.5531f, 0.5529f, 4 },
        { 0.553f, 0.553f, 3 },  { -1, 1, 3 },
        { 0.00026f, 0, 4 },     { -0.00026f, 0, 4 }, /* "-0.000" is 0 to a reader */
        { 0, -0.00026f, 4 },    { -0.00004f, 0.00004f, 5 },
        { 0.00004f, 0.0f, 5 },  { -0.0006f, 0, 3 },
        { -0.0f, 0.0f, 3 },     { -0.0002f, -0.0003f, 4 },
        { 1e-12f, -1e-12f, 9 }, /* no more than that */
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const int n = cli_places_for(rows[i].similarity, rows[i].threshold);

        if (n != rows[i].places)
            fail_msg("row %zu: %d places, wanted %d", i, n, rows[i].places);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(places_tell_the_verdict) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
