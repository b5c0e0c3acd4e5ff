/* The models of ../shared/data/cases: half precision inside, N H W C, torch's F.normalize. The numbers are ONNX
 * Runtime's (tests/data/make_cases.py), for two pictures at once. */
#include "support/unit.h"

#include <math.h>
#include <stdio.h>

#include "data/expected_cases.h"
#include "support/fixture.h"
#include "support/shared.h"

static const char *folder;

/* bound: of the largest number. Half precision has 11 bits, and ONNX Runtime rounds to them between its operators. */
static void vectors_are_those_of_onnx_runtime(void **state)
{
    static const struct {
        const char *file, *transform, *dims;
        bool last;
        const float *want;
        size_t n;
        double bound;
    } rows[] = {
        { "fp16_io32.onnx", "(v-127.5)/127.5", "2,3,112,112", false, expected_fp16_io32,
          COUNT(expected_fp16_io32), 2e-3 },
        { "pytorch_F_normalize.onnx", "(v-127.5)/127.5", "2,3,112,112", false,
          expected_pytorch_F_normalize, COUNT(expected_pytorch_F_normalize), 1e-5 },
        { "nhwc.onnx", "(v-127.5)/128", "2,160,160,3", true, expected_nhwc,
          COUNT(expected_nhwc), 1e-5 },
    };
    fixture *f = *state;
    static float x[2 * 3 * 160 * 160];

    for (size_t r = 0; r < 2 * COUNT(rows); r++) {
        char path[512];
        kao_network *m = NULL;
        kao_session *s = NULL;
        const kao_tensor in = tensor_of(rows[r / 2].dims, x);
        double top = 0, worst = 0;

        assert_true(pattern_fill(&in, rows[r / 2].last, rows[r / 2].transform));
        kao_status st = kao_network_load(
            f->ctx, &m, path_of(path, sizeof path, folder, rows[r / 2].file), &f->err);
        if (!st)
            st = kao_session_create(
                &s, m, &(kao_session_options){ .passes = r % 2 ? KAO_PASS_ALL : 0 },
                &f->err);
        if (!st)
            st = kao_session_bind(s, 0, &in, &f->err);
        if (st || kao_session_run(s, &f->err))
            fail_msg("%s: %s", rows[r / 2].file, f->err.msg);
        const kao_tensor *y = kao_session_output(s, 0);

        assert_int_equal(kao_tensor_count(y), rows[r / 2].n);
        for (size_t i = 0; i < rows[r / 2].n; i++) {
            const double want = (double)rows[r / 2].want[i],
                         off = fabs((double)((const float *)y->data)[i] - want);

            top = fmax(top, fabs(want));
            worst = isnan(off) ? HUGE_VAL : fmax(worst, off);
        }
        if (!(worst <= rows[r / 2].bound * top))
            fail_msg("%s, passes %zu: %g off, of %g", rows[r / 2].file, r % 2, worst,
                     top);
        kao_session_destroy(s);
        kao_network_destroy(m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(
        vectors_are_those_of_onnx_runtime) };
    const char *shared = shared_dir("the models of data/cases");
    char path[512];

    if (!shared)
        return SKIPPED;
    folder = path_of(path, sizeof path, shared, "data/cases/models");
    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
