/* The filter of motion.h against the same with whole matrices in NumPy. */
#include "support/unit.h"

#include <math.h>

#include "data/expected_motion.h"
#include "track/motion.h"

static void as_matrices_say(void **state)
{
    kao_motion m = { .aspect = 1 };

    (void)state;
    for (size_t i = 0; i < COUNT(motion_steps); i++) {
        const double *s = motion_steps[i];
        const kao_face f = { .size = sizeof f,
                             .x = (float)s[1],
                             .y = (float)s[2],
                             .width = (float)s[3],
                             .height = (float)s[4] };

        if (i == 0) {
            kao_motion_begin(&m, &f);
        } else {
            kao_motion_predict(&m, s[0], s[3] > 0 ? 0 : 1);
            if (s[3] > 0) {
                assert_true(fabs(kao_motion_distance(&m, &f) - s[5]) <=
                            1e-4 * (1 + s[5]));
                kao_motion_update(&m, &f);
            }
        }
        assert_true(fabs(m.x.at - s[6]) < 1e-4);
        assert_true(fabs(m.y.at - s[7]) < 1e-4);
        assert_true(fabs(exp(m.size.at) - s[8]) < 1e-4);
    }
}

/* The box and its points are moved and scaled together. */
static void places(void **state)
{
    kao_face f = { .size = sizeof f,
                   .x = 10,
                   .y = 20,
                   .width = 40,
                   .height = 40,
                   .n_points = 1,
                   .points = { { 20, 50 } } };
    kao_motion m;

    (void)state;
    kao_motion_begin(&m, &f);
    m.x.at += 100;
    m.size.at += log(2);
    kao_motion_place(&m, &f);
    assert_float_equal(f.width, 80, 1e-3F);
    assert_float_equal(f.x, 130 - 40, 1e-3F); /* about the centre, 30 + 100 */
    assert_float_equal(f.y, 40 - 40, 1e-3F);
    assert_float_equal(f.points[0].x, 130 - 20, 1e-3F);
    assert_float_equal(f.points[0].y, 40 + 20, 1e-3F);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_matrices_say),
        cmocka_unit_test(places),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
