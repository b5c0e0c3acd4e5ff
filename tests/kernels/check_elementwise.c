/* Element-wise kernels and layout changes: exact ones bit by bit against plain loops,
 * the exponential family against the C library in double precision. */
#include "check.h"

#include <string.h>

#include "kernels/elementwise.h"
#include "kernels/layout.h"

static const size_t lengths[] = { 1, 3, 7, 8, 9, 15, 16, 17, 31, 33, 100, 512 };

enum { N_LENGTHS = sizeof lengths / sizeof lengths[0] };

static float bits_float(uint32_t bits)
{
    float x;

    memcpy(&x, &bits, sizeof x);
    return x;
}

static float clamp(float x, float lo, float hi)
{
    return x < lo ? lo : x > hi ? hi : x;
}

static int same(float a, float b) /* by value: -0 is 0, any NaN is NaN */
{
    return a == b || (isnan(a) && isnan(b));
}

static void test_binary(void **state)
{
    check_isa isas[CHECK_MAX_ISAS];
    const int n = check_isas(isas);
    (void)state;
    check_seed(31);
    for (int i = 0; i < n * 9 * N_LENGTHS; i++) {
        const size_t c = lengths[i / n / 9], rows = 3, gap = (size_t)i % 2 * 5;
        const kao_binary op = (kao_binary)(i / n % 3);
        const kao_operand kind = (kao_operand)(i / n / 3 % 3);
        float *a = check_floats((rows - 1) * (c + gap) + c);
        const float *b = check_floats((rows - 1) * (c + gap) + c);
        float *out = check_canaries((rows - 1) * (c + gap) + c);
        const kao_binary_rows r = { .op = op,
                                    .kind = kind,
                                    .a = a,
                                    .b = b,
                                    .out = out,
                                    .a_stride = c + gap,
                                    .b_stride = c + gap,
                                    .out_stride = c + gap,
                                    .n_rows = rows,
                                    .c = c,
                                    .lo = -0.5f,
                                    .hi = 0.75f };

        a[c / 2] = NAN;
        kao_binary_run(&isas[i % n].k, NULL, &r);
        for (size_t j = 0; j < (rows - 1) * (c + gap) + c; j++) {
            const size_t col = j % (c + gap);
            const float y = kind == KAO_OPERAND_FULL      ? b[j]
                            : kind == KAO_OPERAND_CHANNEL ? b[col < c ? col : 0]
                                                          : b[0];
            const float z = op == KAO_BIN_ADD   ? a[j] + y
                            : op == KAO_BIN_SUB ? a[j] - y
                                                : a[j] * y;

            check_true(col >= c ? check_is_canary(out[j])
                                : same(out[j], clamp(z, -0.5f, 0.75f)),
                       "%s op %d kind %d c=%zu at %zu", isas[i % n].name, (int)op,
                       (int)kind, c, j);
        }
        check_free_all();
    }
}

static void test_unary(void **state)
{
    check_isa isas[CHECK_MAX_ISAS];
    const int n = check_isas(isas);
    (void)state;
    check_seed(32);
    for (int i = 0; i < n * 3 * N_LENGTHS; i++) {
        const size_t c = lengths[i / n / 3], rows = 3, gap = (size_t)i % 2 * 5;
        const size_t all = (rows - 1) * (c + gap) + c;
        const kao_act act = (kao_act)(i / n % 3);
        const float *slope = check_floats(c);
        float *in = check_floats(all), *out = check_canaries(all);
        const ptrdiff_t stride = (ptrdiff_t)(c + gap);
        const kao_unary_args u = { .in = in,
                                   .in_stride = stride,
                                   .out = out,
                                   .out_stride = stride,
                                   .n_rows = rows,
                                   .c = c,
                                   .act = act,
                                   .lo = -0.5f,
                                   .hi = 0.75f,
                                   .slope = slope };

        in[c - 1] = NAN;
        kao_unary_run(&isas[i % n].k, NULL, &u);
        for (size_t j = 0; j < all; j++) {
            const size_t col = j % (c + gap);
            const float x = in[j];
            const float want = act == KAO_ACT_NONE    ? x
                               : act == KAO_ACT_CLAMP ? clamp(x, -0.5f, 0.75f)
                               : x < 0                ? x * slope[col < c ? col : 0]
                                                      : x;

            check_true(col >= c ? check_is_canary(out[j]) : same(out[j], want),
                       "%s act %d c=%zu at %zu", isas[i % n].name, (int)act, c, j);
        }
        check_free_all();
    }
}

/* Long rows go in parts, many short ones some at a time: with a pool as without, and every
 * element gets its own slope and operand. */
static void check_pieces(const check_isa *isa, const kao_pool *pool, size_t rows,
                         size_t c, size_t gap, kao_operand kind)
{
    const size_t stride = c + gap, all = (rows - 1) * stride + c;
    float *a = check_floats(all), *b = check_floats(all), *sum = check_canaries(all);
    float *slope = check_floats(c), *act = check_canaries(all);
    const kao_binary_rows r = { .op = KAO_BIN_ADD,
                                .kind = kind,
                                .a = a,
                                .b = b,
                                .out = sum,
                                .a_stride = stride,
                                .b_stride = stride,
                                .out_stride = stride,
                                .n_rows = rows,
                                .c = c,
                                .lo = -INFINITY,
                                .hi = INFINITY };
    const kao_unary_args u = { .in = a,
                               .in_stride = (ptrdiff_t)stride,
                               .out = act,
                               .out_stride = (ptrdiff_t)stride,
                               .n_rows = rows,
                               .c = c,
                               .act = KAO_ACT_SLOPE,
                               .slope = slope };

    kao_binary_run(&isa->k, pool, &r);
    kao_unary_run(&isa->k, pool, &u);
    for (size_t j = 0; j < all; j++) {
        const size_t col = j % stride;
        const float y = kind == KAO_OPERAND_FULL      ? b[j]
                        : kind == KAO_OPERAND_CHANNEL ? b[col < c ? col : 0]
                                                      : b[0];

        check_true(col >= c ? check_is_canary(sum[j]) && check_is_canary(act[j])
                            : sum[j] == a[j] + y &&
                                  act[j] == (a[j] < 0 ? a[j] * slope[col] : a[j]),
                   "%s, %u threads: %zu rows of %zu, kind %d, at %zu", isa->name,
                   kao_pool_threads(pool), rows, c, (int)kind, j);
    }
    check_free_all();
}

static void test_pieces(void **state)
{
    static const size_t shapes[][3] = { /* rows, floats, gap; a piece has 2^14 floats */
                                        { 1, 40001, 0 }, { 3, 20000, 5 },
                                        { 3, 16384, 0 }, { 3, 16385, 1 },
                                        { 9000, 7, 0 },  { 5000, 9, 2 }
    };
    check_isa isas[CHECK_MAX_ISAS];
    const int n_isas = check_isas(isas);
    kao_pool *pool = NULL;
    kao_mem mem;

    (void)state;
    check_seed(35);
    kao_mem_init(&mem, NULL);
    assert_int_equal(
        kao_pool_create(&pool, &mem, &(kao_pool_options){ .n_threads = 3 }, NULL),
        KAO_OK);
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0] * 3; i++)
        for (int isa = 0; isa < n_isas; isa++)
            for (int threads = 0; threads < 2; threads++)
                check_pieces(&isas[isa], threads ? pool : NULL, shapes[i / 3][0],
                             shapes[i / 3][1], shapes[i / 3][2], (kao_operand)(i % 3));
    kao_pool_destroy(pool);
}

static double ulp_of(double want) /* the step between floats near it */
{
    const double m = fabs(want);

    if (m < (double)FLT_MIN)
        return 0x1p-149;
    return ldexp(1.0, ilogb(m) - 23);
}

static void smooth(const kao_kernels *k, int f, const float *in, float *out, size_t n)
{
    const kao_unary_args u = { .in = in,
                               .in_stride = (ptrdiff_t)n,
                               .out = out,
                               .out_stride = (ptrdiff_t)n,
                               .n_rows = 1,
                               .c = n,
                               .act = f == 1 ? KAO_ACT_SIGMOID : KAO_ACT_SILU };

    if (f == 0)
        kao_exp_run(k, NULL, in, out, n);
    else
        kao_unary_run(k, NULL, &u);
}

static double smooth_exact(int f, double x)
{
    return f == 0 ? exp(x) : f == 1 ? 1 / (1 + exp(-x)) : x / (1 + exp(-x));
}

static void check_smooth(const check_isa *isa, int f, const float *in, float *out,
                         size_t n)
{
    static const double most[] = { 2, 3, 4 }; /* ulp, as elementwise.h says */

    smooth(&isa->k, f, in, out, n);
    for (size_t i = 0; i < n; i++) {
        const double want = smooth_exact(f, (double)in[i]), got = (double)out[i];

        if (isnan(in[i])) {
            check_true(isnan(got), "%s f%d: NaN is lost", isa->name, f);
        } else if (fabs(want) > (double)FLT_MAX) {
            check_true(got > (double)FLT_MAX * 0.999999, "%s f%d(%.9g): %.9g",
                       isa->name, f, (double)in[i], got);
        } else if (!isnan(want)) { /* silu(-inf) is checked apart */
            const double floor = f == 2 && in[i] < -87          ? 2e-36
                                 : fabs(want) < (double)FLT_MIN ? (double)FLT_MIN
                                                                : 0;

            check_true(fabs(got - want) <= most[f] * ulp_of(want) + floor,
                       "%s f%d(%.9g): %.9g, not %.9g", isa->name, f, (double)in[i], got,
                       want);
        }
    }
}

static void test_smooth(void **state)
{
    enum { N = 4099, STEP = 7919 };
    check_isa isas[CHECK_MAX_ISAS];
    const int n = check_isas(isas);
    float *in = check_floats(N), *out = check_floats(N);
    uint64_t bits = 0;
    (void)state;

    while (bits <= UINT32_MAX) { /* one float in STEP */
        for (size_t i = 0; i < N; i++, bits += STEP)
            in[i] = bits_float((uint32_t)bits);
        for (int i = 0; i < n; i++)
            for (int f = 0; f < 3; f++)
                check_smooth(&isas[i], f, in, out, N);
    }
    for (int i = 0; i < n; i++) {
        const float ends[] = { -INFINITY, INFINITY, 0.0f, -0.0f, 1e30f, -1e30f };
        float got[6];

        smooth(&isas[i].k, 2, ends, got, 6);
        assert_true(got[0] == 0 && got[1] == INFINITY && got[2] == 0 && got[5] == 0);
        smooth(&isas[i].k, 1, ends, got, 6);
        assert_true(got[0] == 0 && got[1] == 1 && got[2] == 0.5f && got[5] == 0);
        smooth(&isas[i].k, 0, ends, got, 6);
        assert_true(got[0] == 0 && got[1] == INFINITY && got[2] == 1 && got[5] == 0);
    }
    check_free_all();
}

static void test_layout(void **state)
{
    static const size_t cs[] = { 1, 2, 3, 4, 15, 16, 17, 40 };
    check_isa isas[CHECK_MAX_ISAS];
    const int n_isas = check_isas(isas);
    (void)state;
    check_seed(34);
    for (int i = 0; i < n_isas * 8 * (N_LENGTHS + 1); i++) {
        const kao_kernels *k = &isas[i % n_isas].k;
        const size_t c = cs[i / n_isas % 8], n = 2, at = (size_t)(i / n_isas / 8);
        const size_t px = at < N_LENGTHS ? lengths[at] : 66000 / c; /* several pieces */
        const size_t stride = c + (size_t)i % 2 * 2, all = (n * px - 1) * stride + c;
        const float *in = check_floats(n * c * px);
        float *mid = check_canaries(all), *out = check_canaries(n * c * px);

        kao_nchw_to_nhwc(k, NULL, in, n, c, px, mid, stride);
        for (size_t j = 0; j < all; j++) {
            const size_t p = j / stride, o = j % stride;

            check_true(o >= c ? check_is_canary(mid[j])
                              : mid[j] == in[(p / px * c + o) * px + p % px],
                       "%s c=%zu n=%zu: pixel %zu channel %zu", isas[i % n_isas].name,
                       c, px, p, o);
        }
        kao_nhwc_to_nchw(k, NULL, mid, stride, n, c, px, out);
        assert_memory_equal(out, in, n * c * px * sizeof *in);
        check_free_all();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_binary), cmocka_unit_test(test_unary),
        cmocka_unit_test(test_pieces), cmocka_unit_test(test_smooth),
        cmocka_unit_test(test_layout),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
