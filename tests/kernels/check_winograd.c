/* Winograd's convolutions: worked numbers, every geometry within the bound of its class, and
 * the choice between the forms. */
#include "conv_case.h"

#include <stdlib.h>

static void both(const kao_conv *d, int with_bias)
{
    kao_conv w = *d;

    w.winograd = KAO_WINOGRAD_BY_2;
    conv_case_check(&w, with_bias);
    w.winograd = KAO_WINOGRAD_BY_4;
    conv_case_check(&w, with_bias);
}

static void test_channels(void **state) /* every tail of the lanes and of the panels */
{
    static const int n[] = { 1,  2,  3,  4,  5,  7,  8,  9,  12, 15, 16, 17,
                             20, 24, 25, 31, 32, 33, 40, 48, 63, 64, 65, 72 };
    (void)state;
    check_seed(1);
    for (size_t i = 0; i < sizeof n / sizeof n[0]; i++) {
        kao_conv d = conv_case(1, 6, 7, n[i], 5, 3, 1, 1, 1, 1, (int)(i % 3));

        conv_case_epilogue(&d, (int)(i % 5), (int)(i % 3));
        both(&d, i % 2 == 0);
        d = conv_case(1, 5, 6, 6, n[i], 3, 1, 1, 1, 1, (int)(i % 2));
        conv_case_epilogue(&d, (int)((i + 2) % 5), (int)((i + 1) % 3));
        both(&d, i % 2);
    }
}

static void
test_sizes(void **state) /* every border of a square, with and without padding */
{
    (void)state;
    check_seed(2);
    for (int h = 1; h <= 10; h++)
        for (int pad = 0; pad <= 2; pad++) {
            kao_conv d;

            if (h + 2 * pad < 3)
                continue;
            d = conv_case(1, h, 11 - h + 2, 5, 9, 3, 1, 1, pad, 1, pad % 2);
            conv_case_epilogue(&d, h % 5, pad);
            both(&d, 1);
        }
}

static void
test_blocks(void **state) /* more squares than a block, a piece, a tile has */
{
    static const int t[][5] = {
        /* n h w c oc */
        { 1, 64, 66, 16, 24 },  { 2, 30, 31, 24, 40 }, { 1, 25, 25, 130, 8 },
        { 1, 12, 12, 64, 160 }, { 3, 9, 9, 40, 72 },   { 1, 40, 41, 48, 48 },
        { 1, 8, 8, 128, 136 },  { 1, 1, 130, 20, 20 }, { 1, 130, 2, 20, 20 }
    };
    (void)state;
    check_seed(3);
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        const int *s = t[i];
        kao_conv d = conv_case(s[0], s[1], s[2], s[3], s[4], 3, 1, 1, 1, 1, 0);

        conv_case_epilogue(&d, (int)(i % 5), (int)(i % 3));
        both(&d, 1);
    }
}

static void test_random(void **state) /* any geometry, also asymmetric */
{
    (void)state;
    check_seed(4);
    for (int i = 0; i < 120; i++) {
        kao_conv d = conv_case(check_int(1, 3), check_int(1, 14), check_int(1, 20),
                               check_int(1, 40), check_int(1, 50), 3, 1, 1, 0, 1, 0);

        d.pad_top = check_int(0, 2);
        d.pad_left = check_int(0, 2);
        d.oh = check_int(1, d.h + 2);
        d.ow = check_int(1, d.w + 2);
        d.in_stride = d.c + check_int(0, 1) * check_int(0, 9);
        d.out_stride = d.oc + check_int(0, 9);
        d.res_stride = check_int(0, 1) ? d.out_stride : d.oc + check_int(0, 9);
        conv_case_epilogue(&d, check_int(0, 4), check_int(0, 2));
        both(&d, check_int(0, 1));
    }
}

/* A generator anybody can write again: v <- 1664525 v + 1013904223 mod 2^32, v / 2^31 - 1. */
static void fill(float *x, size_t n, uint32_t seed, float scale)
{
    for (size_t i = 0; i < n; i++) {
        seed = seed * 1664525u + 1013904223u;
        x[i] = (float)(((double)seed / 2147483648.0 - 1) * (double)scale);
    }
}

static void
test_numbers(void **state) /* 64 x 26 x 26 by 64 x 3 x 3, computed by NumPy */
{
    enum { C = 64, SIDE = 26, OUT = 24 };
    static const float tolerance[] = { 2e-6f, 2e-6f, 2e-5f };
    check_isa isas[CHECK_MAX_ISAS];
    const int n = check_isas(isas);
    (void)state;

    for (int i = 0; i < 3 * n; i++) {
        static const kao_winograd_use use[] = { KAO_WINOGRAD_NEVER, KAO_WINOGRAD_BY_2,
                                                KAO_WINOGRAD_BY_4 };
        const kao_kernels *k = &isas[i % n].k;
        kao_conv d = conv_case(1, SIDE, SIDE, C, 1, 3, 1, 1, 0, 1, 0);
        float *planes = check_floats(C * SIDE * SIDE), *w = check_floats(C * 9);
        float *in = check_floats(C * SIDE * SIDE), *out = check_canaries(OUT * OUT);
        kao_conv_plan p;
        double sum = 0, most = -1e9;

        fill(planes, C * SIDE * SIDE, 1, 1);
        fill(w, C * 9, 7, 1.0f / 24);
        for (size_t at = 0; at < SIDE * SIDE; at++)
            for (size_t c = 0; c < C; c++)
                in[at * C + c] = planes[c * SIDE * SIDE + at];
        d.winograd = use[i / n];
        kao_conv_plan_init(&p, k, &d);
        void *packed = conv_case_block(p.packed_bytes);

        kao_conv_pack(k, &p, w, NULL, NULL, packed);
        kao_conv_run(k, NULL, &p, packed, in, NULL, out,
                     conv_case_block(p.thread_bytes));
        const float t = tolerance[i / n];

        for (int at = 0; at < OUT * OUT; at++) {
            sum += (double)out[at];
            most = fmax(most, (double)out[at]);
        }
        assert_float_equal(out[0], -0.6100874369, t);
        assert_float_equal(out[12 * OUT + 5], 0.4133087054, t);
        assert_float_equal(out[OUT * OUT - 1], -0.0232785129, t);
        assert_float_equal(most, 1.0612620120, t);
        assert_float_equal(sum, -6.3762250581, 40 * t);
        check_free_all();
    }
}

static kao_conv_algorithm chosen(kao_conv d)
{
    check_isa isas[CHECK_MAX_ISAS];
    kao_conv_plan p;

    check_isas(isas);
    d.winograd = KAO_WINOGRAD_WHERE_FASTER;
    kao_conv_plan_init(&p, &isas[0].k, &d);
    return p.algorithm;
}

static void test_choice(void **state)
{
    kao_conv d = conv_case(1, 56, 56, 64, 64, 3, 1, 1, 1, 1, 0);
    (void)state;

    assert_int_equal(chosen(d), KAO_CONV_WINOGRAD_4);
    d.n = 9; /* a batch has the bits of one */
    assert_int_equal(chosen(d), KAO_CONV_WINOGRAD_4);
    assert_int_equal(chosen(conv_case(1, 7, 7, 512, 512, 3, 1, 1, 1, 1, 0)),
                     KAO_CONV_WINOGRAD_2); /* few squares for many weights */
    assert_int_equal(chosen(conv_case(1, 112, 112, 3, 64, 3, 1, 1, 1, 1, 0)),
                     KAO_CONV_DIRECT); /* the transforms would take the most */
    assert_int_equal(chosen(conv_case(1, 1, 1, 64, 64, 3, 1, 1, 1, 1, 0)),
                     KAO_CONV_DIRECT);
    for (int forced = 0; forced < 2; forced++) {
        const kao_conv other[] = {
            conv_case(1, 56, 56, 64, 64, 3, 2, 1, 1, 1, 0), /* stride */
            conv_case(1, 56, 56, 64, 64, 3, 1, 2, 1, 1, 0), /* dilation */
            conv_case(1, 56, 56, 64, 64, 3, 1, 1, 1, 2, 0), /* groups */
            conv_case(1, 56, 56, 64, 64, 5, 1, 1, 2, 1, 0),
            conv_case(1, 56, 56, 64, 64, 1, 1, 1, 0, 1, 0),
        };

        for (size_t i = 0; i < sizeof other / sizeof other[0]; i++) {
            kao_conv_plan p;
            check_isa isas[CHECK_MAX_ISAS];
            kao_conv o = other[i];

            check_isas(isas);
            o.winograd = forced ? KAO_WINOGRAD_BY_4 : KAO_WINOGRAD_WHERE_FASTER;
            kao_conv_plan_init(&p, &isas[0].k, &o);
            assert_int_equal(p.algorithm, KAO_CONV_DIRECT);
        }
    }
    d.bf16 = true;
    assert_int_equal(chosen(d), KAO_CONV_PAIRS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_channels), cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_blocks),   cmocka_unit_test(test_random),
        cmocka_unit_test(test_numbers),  cmocka_unit_test(test_choice),
    };

    return cmocka_run_group_tests(tests, conv_case_open, conv_case_close);
}
