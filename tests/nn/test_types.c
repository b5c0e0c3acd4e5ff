/* Types of numbers: networks of float16 compute as float32 what their float32 twins compute,
 * float64 keeps its digits, and int64 more than a double has. */
#include "support/unit.h"

#include <stdio.h>
#include <string.h>

#include "base/half.h"
#include "support/fixture.h"

enum { N = 3 * 8 * 8, W = 6 * 3 * 3 * 3 };

/* A small network, numbers stored as dtype: KAO_F16 or, the same numbers, KAO_F32. inside:
 * float32 in and out with Casts beside, as converters write it; else float16 all through. */
static pb network(int dtype, bool inside)
{
    uint16_t halves[W + 6 + 6];
    float floats[W + 6 + 6];
    const void *numbers =
        dtype == KAO_F16 ? (const void *)halves : (const void *)floats;
    const size_t size = kao_dtype_size(dtype);
    const char *at = numbers;
    graph g;

    for (uint32_t i = 0; i < W + 12; i++) {
        halves[i] = kao_float_to_half(noise(3, i) / 4);
        floats[i] = kao_half_to_float(halves[i]);
    }
    graph_init(&g, 13);
    graph_input(&g, "x", inside ? KAO_F32 : dtype, "1,3,8,8");
    graph_tensor(&g, "w", dtype, "6,3,3,3", at);
    graph_tensor(&g, "b", dtype, "6", at + W * size);
    graph_tensor(&g, "s", dtype, "6,1,1", at + (W + 6) * size);
    graph_tensor(&g, "lo", dtype, "", at);
    if (inside)
        graph_node(&g, "Cast", "x", "h", dtype == KAO_F16 ? "to=10" : "to=1");
    else
        graph_node(&g, "Identity", "x", "h", "");
    graph_node(&g, "Conv", "h w b", "c", "pads=[1,1,1,1]");
    graph_node(&g, "PRelu", "c s", "p", "");
    graph_node(&g, "Clip", "p lo", "q", "");
    graph_node(&g, "Mul", "q s", "m", "");
    graph_node(&g, "GlobalAveragePool", "m", "a", "");
    graph_node(&g, "Cast", "a", "y", inside || dtype == KAO_F32 ? "to=1" : "to=10");
    graph_output(&g, "y", inside ? KAO_F32 : dtype, NULL);
    return graph_file(&g);
}

static void halves_are_computed_as_floats(void **state)
{
    fixture *f = *state;
    float x[N];
    const kao_tensor in = tensor_of("1,3,8,8", x);

    for (uint32_t i = 0; i < N; i++)
        x[i] = noise(9, i);
    for (int inside = 0; inside < 2; inside++)
        for (int all = 0; all < 2; all++) {
            float want[6] = { 0 };

            for (int k = 0; k < 2; k++) {
                pb file = network(k ? KAO_F16 : KAO_F32, inside);
                kao_network *m = NULL;
                kao_session *s = NULL;

                if (run_graph(f->ctx, &file, all ? KAO_PASS_ALL : 0, &in, 1, &m, &s,
                              &f->err))
                    fail_msg("%s", f->err.msg);
                const kao_tensor *out = kao_session_output(s, 0);

                assert_int_equal(out->dtype, KAO_F32);
                assert_int_equal(kao_tensor_count(out), 6);
                if (k)
                    assert_memory_equal(out->data, want, sizeof want);
                memcpy(want, out->data, sizeof want);
                assert_true(want[0] != want[1]); /* not all cut off */
                kao_session_destroy(s);
                kao_network_destroy(m);
                pb_free(&file);
            }
        }
}

/* Numbers of float16 that no operator reads leave as float32, too: a constant that is an
 * output, and a ConstantOfShape larger than planning folds. */
static void halves_leave_as_floats(void **state)
{
    enum { SIDE = 1100 };
    static const int64_t dims[2] = { SIDE, SIDE };
    fixture *f = *state;
    const uint16_t half = 0x3e00; /* 1.5 */
    float x = 0;
    const kao_tensor in = tensor_of("1", &x);
    kao_network *m = NULL;
    kao_session *s = NULL;
    pb fill = tensor_proto("", KAO_F16, "1", &half);
    graph g;

    graph_init(&g, 13);
    graph_input(&g, "x", KAO_F32, "1");
    graph_tensor(&g, "w", KAO_F16, "1", &half);
    graph_ints(&g, "dims", "2", dims);
    graph_node_tensor(&g, "ConstantOfShape", "dims", "y", "value", &fill);
    graph_node(&g, "Mul", "y x", "z", "");
    graph_output(&g, "w", KAO_F16, NULL);
    graph_output(&g, "y", KAO_F16, NULL);
    graph_output(&g, "z", KAO_F16, NULL);
    pb file = graph_file(&g);

    x = 3;
    if (run_graph(f->ctx, &file, KAO_PASS_ALL, &in, 1, &m, &s, &f->err))
        fail_msg("%s", f->err.msg);
    for (uint32_t i = 0; i < 3; i++) {
        const kao_tensor *out = kao_session_output(s, i);
        const float want = i == 2 ? 4.5f : 1.5f;

        assert_int_equal(out->dtype, KAO_F32);
        for (int64_t k = 0; k < kao_tensor_count(out); k++)
            assert_float_equal(((const float *)out->data)[k], want, 0);
    }
    kao_session_destroy(s);
    kao_network_destroy(m);
    pb_free(&file);
}

/* op on numbers past 2^53 (some of them), against the exact result; uint64 as the int64 of
 * the same bits. */
static void whole_numbers_keep_their_digits(void **state)
{
    const int64_t one = (int64_t)1 << 53, top = INT64_MIN,
                  below = INT64_MAX; /* of uint64: 2^63 and 2^63 - 1 */
    const int64_t v[4] = { one + 1, one, -3, 2 }, u[4] = { top + 7, top, 5, 2 };
    const struct {
        const char *op, *attributes;
        int dtype, out;
        int64_t want[4];
        int n;
    } rows[] = {
        { "ReduceSum", "keepdims=0", KAO_I64, KAO_I64, { 2 * one }, 1 },
        { "ReduceMax", "keepdims=0", KAO_I64, KAO_I64, { one + 1 }, 1 },
        { "ReduceMin", "keepdims=0", KAO_I64, KAO_I64, { -3 }, 1 },
        { "ReduceL1", "keepdims=0", KAO_I64, KAO_I64, { 2 * one + 6 }, 1 },
        { "ArgMax", "keepdims=0", KAO_I64, KAO_I64, { 0 }, 1 },
        { "Abs", "", KAO_I64, KAO_I64, { one + 1, one, 3, 2 }, 4 },
        { "Neg", "", KAO_I64, KAO_I64, { -one - 1, -one, 3, -2 }, 4 },
        { "Max", "", KAO_I64, KAO_I64, { one + 1, one, -3, 2 }, 4 },
        { "Sign", "", KAO_I64, KAO_I64, { 1, 1, -1, 1 }, 4 },
        { "ReduceMax", "keepdims=0", KAO_U64, KAO_U64, { top + 7 }, 1 },
        { "ReduceMin", "keepdims=0", KAO_U64, KAO_U64, { 2 }, 1 },
        { "ArgMax", "keepdims=0", KAO_U64, KAO_I64, { 0 }, 1 },
        { "ArgMin", "keepdims=0", KAO_U64, KAO_I64, { 3 }, 1 },
        { "Max k", "", KAO_U64, KAO_U64, { top + 7, top, below, below }, 4 },
        { "Min k", "", KAO_U64, KAO_U64, { below, below, 5, 2 }, 4 },
        { "Clip k", "", KAO_U64, KAO_U64, { top + 7, top, below, below }, 4 },
        { "Clip - k", "", KAO_U64, KAO_U64, { below, below, 5, 2 }, 4 },
        { "Div three",
          "",
          KAO_U64,
          KAO_U64,
          { 0x2aaaaaaaaaaaaaad, 0x2aaaaaaaaaaaaaaa, 1, 0 },
          4 },
        { "Mod three", "", KAO_U64, KAO_U64, { 0, 2, 2, 2 }, 4 },
        { "Sub three", "", KAO_U64, KAO_U64, { top + 4, INT64_MAX - 2, 2, -1 }, 4 },
    };
    fixture *f = *state;

    for (size_t r = 0; r < COUNT(rows); r++) {
        const bool is_u64 = rows[r].dtype == KAO_U64;
        const int64_t three = 3;
        kao_tensor in = { .dtype = (kao_dtype)rows[r].dtype, .rank = 1, .dims = { 4 } };
        kao_network *m = NULL;
        kao_session *s = NULL;
        char op[16], inputs[16];
        graph g;

        snprintf(op, sizeof op, "%.*s", (int)strcspn(rows[r].op, " "), rows[r].op);
        snprintf(inputs, sizeof inputs, "x%s", rows[r].op + strlen(op));
        kao_tensor_set_dense(&in);
        in.data = (void *)(uintptr_t)(is_u64 ? u : v);
        graph_init(&g, 13);
        graph_input(&g, "x", rows[r].dtype, "4");
        graph_tensor(&g, "k", KAO_U64, "", &below);
        graph_tensor(&g, "three", KAO_U64, "", &three);
        graph_node(&g, op, inputs, "y", rows[r].attributes);
        graph_output(&g, "y", rows[r].out, NULL);
        pb file = graph_file(&g);

        if (run_graph(f->ctx, &file, KAO_PASS_ALL, &in, 1, &m, &s, &f->err))
            fail_msg("%s: %s", rows[r].op, f->err.msg);
        const int64_t *got = kao_session_output(s, 0)->data;

        for (int i = 0; i < rows[r].n; i++)
            if (got[i] != rows[r].want[i])
                fail_msg("%s: element %d is %lld, wanted %lld", rows[r].op, i,
                         (long long)got[i], (long long)rows[r].want[i]);
        kao_session_destroy(s);
        kao_network_destroy(m);
        pb_free(&file);
    }
}

/* How many integers a Range has, where doubles are too far apart to tell. */
static void ranges_keep_their_digits(void **state)
{
    const int64_t one = (int64_t)1 << 53;
    const struct {
        int64_t from, to, by, n;
    } rows[] = {
        { one, one + 3, 1, 3 },
        { one + 3, one, -1, 3 },
        { INT64_MIN, INT64_MIN + 2, 1, 2 },
        { INT64_MIN, INT64_MAX, INT64_MAX, 3 },
        { INT64_MAX, INT64_MIN, INT64_MIN, 2 },
        { 0, 10, 3, 4 },
        { 9, 0, -3, 3 },
        { 5, 5, 1, 0 },
        { 0, 10, -1, 0 },
    };
    fixture *f = *state;

    for (size_t r = 0; r < COUNT(rows); r++) {
        kao_network *m = NULL;
        kao_session *s = NULL;
        graph g;

        graph_init(&g, 13);
        graph_ints(&g, "from", "", &rows[r].from);
        graph_ints(&g, "to", "", &rows[r].to);
        graph_ints(&g, "by", "", &rows[r].by);
        graph_node(&g, "Range", "from to by", "y", "");
        graph_output(&g, "y", KAO_I64, NULL);
        pb file = graph_file(&g);

        if (run_graph(f->ctx, &file, KAO_PASS_ALL, NULL, 0, &m, &s, &f->err))
            fail_msg("row %zu: %s", r, f->err.msg);
        const kao_tensor *y = kao_session_output(s, 0);

        assert_int_equal(kao_tensor_count(y), rows[r].n);
        for (int64_t i = 0; i < rows[r].n; i++)
            assert_true(((const uint64_t *)y->data)[i] ==
                        (uint64_t)rows[r].from + (uint64_t)i * (uint64_t)rows[r].by);
        kao_session_destroy(s);
        kao_network_destroy(m);
        pb_free(&file);
    }
}

/* Each integer type to each other and to floats: the low bits, or the number. */
static void integers_are_cast(void **state)
{
    static const struct {
        int from, to;
        uint64_t in, want; /* bits */
    } rows[] = {
        { KAO_I64, KAO_I16, (uint64_t)-70000, 0xee90 },
        { KAO_I16, KAO_I64, 0xee90, (uint64_t)-4464 },
        { KAO_U16, KAO_I64, 0xee90, 0xee90 },
        { KAO_U32, KAO_I64, 0xfffffff0, 0xfffffff0 },
        { KAO_I8, KAO_U32, 0xff, 0xffffffff },
        { KAO_I8, KAO_U64, 0xff, UINT64_MAX },
        { KAO_U64, KAO_F32, UINT64_MAX, 0x5f800000 },         /* 2^64 */
        { KAO_U64, KAO_F32, 0x8000008000000001, 0x5f000001 }, /* rounded once */
        { KAO_U64, KAO_F64, 1ull << 63, 0x43e0000000000000 }, /* 2^63 */
        { KAO_F64, KAO_U64, 0x43e0000000000000, 1ull << 63 },
        { KAO_F64, KAO_U64, 0x7ff0000000000000, UINT64_MAX }, /* infinity */
        { KAO_F64, KAO_U64, 0xc000000000000000, 0 },          /* -2 */
        { KAO_F64, KAO_U64, 0x7ff8000000000000, 0 },          /* NaN */
        { KAO_F32, KAO_I16, 0x47c35000, 32767 },              /* 100000 */
        { KAO_F32, KAO_U16, 0x47c35000, 65535 },
        { KAO_F32, KAO_U32, 0x4f800000, 0xffffffff }, /* 2^32 */
        { KAO_U64, KAO_BOOL, 1ull << 63, 1 },
    };
    fixture *f = *state;

    for (size_t r = 0; r < COUNT(rows); r++) {
        kao_tensor in = { .dtype = (kao_dtype)rows[r].from, .rank = 1, .dims = { 1 } };
        kao_network *m = NULL;
        kao_session *s = NULL;
        uint64_t bits = rows[r].in, got = 0;
        char to[16];
        graph g;

        kao_tensor_set_dense(&in);
        in.data = &bits;
        snprintf(to, sizeof to, "to=%d", rows[r].to);
        graph_init(&g, 13);
        graph_input(&g, "x", rows[r].from, "1");
        graph_node(&g, "Cast", "x", "y", to);
        graph_output(&g, "y", rows[r].to, NULL);
        pb file = graph_file(&g);

        if (run_graph(f->ctx, &file, KAO_PASS_ALL, &in, 1, &m, &s, &f->err))
            fail_msg("row %zu: %s", r, f->err.msg);
        memcpy(&got, kao_session_output(s, 0)->data, kao_dtype_size(rows[r].to));
        if (got != rows[r].want)
            fail_msg("row %zu: %llx, wanted %llx", r, (unsigned long long)got,
                     (unsigned long long)rows[r].want);
        kao_session_destroy(s);
        kao_network_destroy(m);
        pb_free(&file);
    }
}

/* 1/3 in double, through operators of each kind; a float would keep 7 digits of it. */
static void doubles_keep_their_digits(void **state)
{
    fixture *f = *state;
    const double x[4] = { 1.0 / 3, -2.0 / 7, 5.0 / 9, 1e-300 };
    kao_tensor in = { .dtype = KAO_F64, .rank = 2, .dims = { 2, 2 } };
    kao_network *m = NULL;
    kao_session *s = NULL;
    graph g;

    kao_tensor_set_dense(&in);
    in.data = (void *)(uintptr_t)x;
    graph_init(&g, 13);
    graph_input(&g, "x", KAO_F64, "2,2");
    graph_node(&g, "Transpose", "x", "t", "perm=[1,0]");
    graph_node(&g, "Relu", "t", "r", "");
    graph_node(&g, "Add", "r t", "a", "");
    graph_node(&g, "Concat", "a t", "c", "axis=0");
    graph_node(&g, "Neg", "c", "y", "");
    graph_output(&g, "y", KAO_F64, NULL);
    pb file = graph_file(&g);

    if (run_graph(f->ctx, &file, KAO_PASS_ALL, &in, 1, &m, &s, &f->err))
        fail_msg("%s", f->err.msg);
    const double want[8] = { -2 * x[0], -2 * x[2], -x[1], -2 * x[3],
                             -x[0],     -x[2],     -x[1], -x[3] };

    assert_memory_equal(kao_session_output(s, 0)->data, want, sizeof want);
    kao_session_destroy(s);
    kao_network_destroy(m);
    pb_free(&file);
}

/* A network of the kernels' own operators in float64, one weight of which float32 cannot
 * hold: no pass may take a step for one of float32. */
static void passes_leave_doubles_alone(void **state)
{
    fixture *f = *state;
    double x[N], w[W], k[6], want[6] = { 0 };
    kao_tensor in = { .dtype = KAO_F64, .rank = 4, .dims = { 1, 3, 8, 8 }, .data = x };

    kao_tensor_set_dense(&in);
    for (uint32_t i = 0; i < N; i++)
        x[i] = 1 + 1e-12 * (double)noise(9, i);
    for (uint32_t i = 0; i < W; i++)
        w[i] = (double)noise(3, i) / 3;
    for (uint32_t i = 0; i < 6; i++)
        k[i] = 1 + (double)noise(4, i) / 3;
    for (int all = 0; all < 2; all++) {
        kao_network *m = NULL;
        kao_session *s = NULL;
        graph g;

        graph_init(&g, 13);
        graph_input(&g, "x", KAO_F64, "1,3,8,8");
        graph_tensor(&g, "w", KAO_F64, "6,3,3,3", w);
        graph_tensor(&g, "k", KAO_F64, "6", k);
        graph_tensor(&g, "s", KAO_F64, "6,1,1", k);
        graph_tensor(&g, "m", KAO_F64, "6,6", w);
        graph_tensor(&g, "d", KAO_F64, "6,1,3,3", w);
        graph_node(&g, "Conv", "x w k", "a", "pads=[1,1,1,1]");
        graph_node(&g, "BatchNormalization", "a k k k k", "b", "");
        graph_node(&g, "PRelu", "b s", "c", "");
        graph_node(&g, "Conv", "c d", "e", "pads=[1,1,1,1] group=6");
        graph_node(&g, "Add", "e c", "h", "");
        graph_node(&g, "MaxPool", "h", "i", "kernel_shape=[2,2] strides=[2,2]");
        graph_node(&g, "AveragePool", "i", "j", "kernel_shape=[2,2] strides=[1,1]");
        graph_node(&g, "LeakyRelu", "j", "l", "");
        graph_node(&g, "GlobalAveragePool", "l", "n", "");
        graph_node(&g, "Flatten", "n", "o", "");
        graph_node(&g, "Gemm", "o m k", "p", "");
        graph_node(&g, "MatMul", "p m", "y", "");
        graph_output(&g, "y", KAO_F64, NULL);
        pb file = graph_file(&g);

        if (run_graph(f->ctx, &file, all ? KAO_PASS_ALL : 0, &in, 1, &m, &s, &f->err))
            fail_msg("%s", f->err.msg);
        const kao_tensor *y = kao_session_output(s, 0);

        assert_int_equal(y->dtype, KAO_F64);
        assert_int_equal(kao_tensor_count(y), 6);
        if (all)
            assert_memory_equal(y->data, want, sizeof want);
        memcpy(want, y->data, sizeof want);
        assert_true(want[0] != (double)(float)want[0]);
        kao_session_destroy(s);
        kao_network_destroy(m);
        pb_free(&file);
    }
}

/* Loading, planning (which widens, and computes constants) and running, each allocation
 * failing in turn. */
static void memory_runs_out(void **state)
{
    fixture *f = *state;
    float x[N] = { 0 };
    const kao_tensor in = tensor_of("1,3,8,8", x);
    kao_mem *mem = &f->ctx->mem;
    bool fired = true;

    for (long long i = 0; fired; i++) {
        pb file = network(KAO_F16, false);
        kao_network *m = NULL;
        kao_session *s = NULL;
        const size_t live = atomic_load(&mem->live);

        kao_fault_arm(mem, KAO_FAULT_ALLOC, i);
        const kao_status st =
            run_graph(f->ctx, &file, KAO_PASS_ALL, &in, 1, &m, &s, &f->err);

        fired = kao_fault_disarm(mem, KAO_FAULT_ALLOC);
        assert_int_equal(st, fired ? KAO_E_NOMEM : KAO_OK);
        if (!fired) {
            kao_session_destroy(s);
            kao_network_destroy(m);
        }
        assert_int_equal(atomic_load(&mem->live), live);
        pb_free(&file);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(halves_are_computed_as_floats),
        cmocka_unit_test(halves_leave_as_floats),
        cmocka_unit_test(whole_numbers_keep_their_digits),
        cmocka_unit_test(ranges_keep_their_digits),
        cmocka_unit_test(integers_are_cast),
        cmocka_unit_test(doubles_keep_their_digits),
        cmocka_unit_test(passes_leave_doubles_alone),
        cmocka_unit_test(memory_runs_out),
    };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
