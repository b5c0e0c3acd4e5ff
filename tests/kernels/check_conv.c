/* Convolutions of every kind against a loop in double precision, on every CPU mask:
 * bound on the error, bytes around the outputs, same bits for any thread count and
 * batch. */
#include "conv_case.h"

#include <stdlib.h>

static void check(const kao_conv *d, int with_bias)
{
    kao_conv bf16 = *d;

    conv_case_check(d, with_bias);
    bf16.bf16 = true;
    if (d->groups == 1 && d->c % 2 == 0)
        conv_case_check(&bf16, with_bias);
}

static void test_channels(void **state) /* every tail of the tiles, pointwise and 3x3 */
{
    static const int oc[] = { 1,  2,  4,  7,  8,  9,  10, 12, 15,  16,
                              17, 20, 23, 24, 25, 28, 31, 32, 33,  40,
                              41, 48, 56, 63, 64, 65, 72, 88, 128, 152 };
    (void)state;
    check_seed(1);
    for (size_t i = 0; i < sizeof oc / sizeof oc[0]; i++) {
        kao_conv d = conv_case(1, 5, 6, 9 + (int)(i % 4 / 2), oc[i], 1, 1, 1, 0, 1,
                               (int)(i % 3));
        conv_case_epilogue(&d, (int)(i % 5), (int)(i % 3));
        check(&d, 1);
        d = conv_case(1, 5, 17, 5, oc[i], 3, 1, 1, 1, 1, (int)(i % 2));
        conv_case_epilogue(&d, (int)((i + 2) % 5), (int)((i + 1) % 3));
        check(&d, i % 2 == 0);
    }
}

static void test_rows(void **state) /* every number of rows in a tile */
{
    (void)state;
    check_seed(2);
    for (int w = 1; w <= 30; w++) {
        for (int oc = 8; oc <= 32; oc += 8) {
            kao_conv d = conv_case(1, 1, w, 11 + w % 2, oc, 1, 1, 1, 0, 1, 0);
            conv_case_epilogue(&d, w % 5, w % 3);
            check(&d, 1);
        }
        kao_conv d = conv_case(1, 3, w, 3 + w % 2, 16, 3, 1, 1, 1, 1, 0);
        check(&d, 1);
    }
}

static void test_shapes(void **state)
{
    static const int t[][11] = {
        /* n  h   w   c    oc  k  s dil pad g  extra */
        { 1, 32, 45, 3, 16, 3, 2, 1, 1, 1, 0 },
        { 1, 31, 40, 3, 12, 3, 2, 1, 1, 1, 0 },
        { 2, 20, 23, 3, 10, 5, 1, 1, 2, 1, 0 },
        { 1, 33, 33, 1, 64, 3, 1, 1, 1, 1, 0 },
        { 1, 24, 24, 3, 24, 7, 2, 1, 3, 1, 1 },
        { 1, 20, 20, 24, 24, 3, 1, 1, 1, 1, 0 },
        { 1, 40, 40, 48, 48, 3, 1, 1, 1, 1, 0 },
        { 1, 17, 19, 16, 32, 3, 2, 1, 1, 1, 8 },
        { 3, 1, 1, 512, 192, 1, 1, 1, 0, 1, 0 },
        { 1, 1, 1, 300, 515, 1, 1, 1, 0, 1, 0 },
        { 2, 7, 7, 128, 256, 1, 1, 1, 0, 1, 0 },
        { 2, 14, 14, 64, 64, 3, 1, 1, 1, 1, 0 },
        { 1, 15, 15, 24, 40, 1, 2, 1, 0, 1, 0 },
        { 1, 12, 12, 6, 8, 3, 1, 2, 2, 1, 0 },
        { 1, 12, 12, 6, 8, 3, 2, 3, 3, 1, 4 },
        { 1, 9, 9, 16, 32, 3, 1, 1, 1, 4, 0 },
        { 2, 9, 9, 16, 16, 3, 2, 1, 1, 8, 3 },
        { 1, 9, 9, 8, 24, 3, 1, 1, 1, 8, 0 },
        { 1, 6, 6, 12, 12, 1, 1, 1, 0, 3, 0 },
        { 1, 2, 2, 7, 9, 3, 1, 1, 1, 1, 0 },
        { 1, 1, 1, 7, 9, 3, 1, 1, 1, 1, 0 },
        { 1, 1, 3, 4, 4, 5, 1, 1, 2, 1, 0 },
        { 1, 3, 3, 4, 4, 3, 3, 1, 4, 1, 0 },
        /* depthwise */
        { 1, 17, 20, 16, 16, 3, 1, 1, 1, 16, 0 },
        { 2, 16, 16, 24, 24, 3, 1, 1, 1, 24, 8 },
        { 1, 15, 15, 40, 40, 3, 2, 1, 1, 40, 0 },
        { 1, 16, 16, 64, 64, 3, 2, 1, 1, 64, 0 },
        { 1, 9, 9, 10, 10, 3, 1, 1, 0, 10, 1 },
        { 1, 9, 10, 4, 4, 3, 2, 1, 0, 4, 0 },
        { 2, 7, 7, 24, 24, 7, 1, 1, 0, 24, 0 },
        { 1, 11, 13, 20, 20, 5, 1, 1, 2, 20, 0 },
        { 1, 11, 13, 20, 20, 5, 2, 1, 2, 20, 4 },
        { 1, 11, 13, 17, 17, 3, 1, 2, 2, 17, 0 },
        { 1, 3, 3, 8, 8, 3, 1, 1, 3, 8, 0 },
        { 1, 1, 1, 5, 5, 3, 1, 1, 1, 5, 0 },
        { 1, 1, 1, 5, 5, 3, 2, 1, 1, 5, 0 },
        { 1, 2, 2, 33, 33, 3, 1, 1, 1, 33, 0 },
        { 1, 4, 2, 8, 8, 3, 2, 1, 1, 8, 0 },
        { 1, 60, 64, 72, 72, 3, 1, 1, 1, 72, 0 },
        { 1, 40, 40, 152, 152, 3, 2, 1, 1, 152, 0 },
    };
    (void)state;
    check_seed(3);
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        const int *s = t[i];
        kao_conv d = conv_case(s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7], s[8],
                               s[9], s[10]);

        for (int act = 0; act < 5; act++) {
            conv_case_epilogue(&d, act, (act + (int)i) % 3);
            check(&d, act % 2);
        }
    }
}

static void test_random(void **state) /* any geometry, also asymmetric */
{
    (void)state;
    check_seed(4);
    for (int i = 0; i < 400; i++) {
        const int depthwise = i % 3 == 0,
                  groups = depthwise ? check_int(2, 40) : check_int(1, 3);
        const int cg = depthwise ? 1 : check_int(1, 20),
                  og = depthwise ? 1 : check_int(1, 45);
        kao_conv d = { .n = check_int(1, 2),
                       .h = check_int(1, 12),
                       .w = check_int(1, 20),
                       .c = groups * cg,
                       .oc = groups * og,
                       .kh = check_int(1, 4),
                       .kw = check_int(1, 4),
                       .sy = check_int(1, 3),
                       .sx = check_int(1, 3),
                       .dy = check_int(1, 2),
                       .dx = check_int(1, 2),
                       .groups = groups };

        if (i % 2) {
            d.kh = d.kw = 3;
            d.sy = d.sx = check_int(1, 2);
            d.dy = d.dx = 1;
        }
        d.pad_top = check_int(0, 2);
        d.pad_left = check_int(0, 2);
        d.oh = check_int(1, (d.h + 2 + d.pad_top) / d.sy + 1);
        d.ow = check_int(1, (d.w + 2 + d.pad_left) / d.sx + 1);
        d.in_stride = d.c + check_int(0, 1) * check_int(0, 9);
        d.out_stride = d.oc + check_int(0, 9);
        d.res_stride = check_int(0, 1) ? d.out_stride : d.oc + check_int(0, 9);
        conv_case_epilogue(&d, check_int(0, 4), check_int(0, 2));
        check(&d, check_int(0, 1));
    }
}

static void
test_nan(void **state) /* a NaN reaches exactly the outputs whose window has it */
{
    check_isa isas[CHECK_MAX_ISAS];
    const int n = check_isas(isas);
    (void)state;

    for (int i = 0; i < n * 2 * 5; i++) {
        const kao_kernels *k = &isas[i % n].k;
        const int depthwise = i / n % 2;
        kao_conv d = conv_case(1, 8, 8, 8, 8, 3, 1, 1, 1, depthwise ? 8 : 1, 0);
        conv_case_epilogue(&d, i / n / 2, 0);
        float *in = check_floats(8 * 8 * 8), *w = check_floats(8 * 8 * 9);
        float *slope = check_floats(8), *out = check_canaries(8 * 8 * 8);
        kao_conv_plan plan;

        kao_conv_plan_init(&plan, k, &d);
        void *packed = conv_case_block(plan.packed_bytes),
             *scratch = conv_case_block(plan.thread_bytes);

        in[(3 * 8 + 4) * 8 + 2] = NAN;
        kao_conv_pack(k, &plan, w, NULL, slope, packed);
        kao_conv_run(k, NULL, &plan, packed, in, NULL, out, scratch);
        for (int p = 0; p < 64; p++) {
            for (int o = 0; o < 8; o++) {
                const int near = abs(p / 8 - 3) <= 1 && abs(p % 8 - 4) <= 1;
                const int hit = near && (!depthwise || o == 2);

                check_true((isnan(out[p * 8 + o]) != 0) == hit,
                           "%s act %d: pixel %d ch %d", isas[i % n].name, (int)d.act, p,
                           o);
            }
        }
        check_free_all();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_channels), cmocka_unit_test(test_rows),
        cmocka_unit_test(test_shapes),   cmocka_unit_test(test_random),
        cmocka_unit_test(test_nan),
    };

    return cmocka_run_group_tests(tests, conv_case_open, conv_case_close);
}
