/* Small embedders as exporters write them: GELU spelt by Erf, a Squeeze after the pooling,
 * TensorFlow's l2_normalize, int8 as QDQ and as QLinear operators. The numbers are NumPy's
 * (tests/data/make_embedders.py). */
#include "support/unit.h"

#include <math.h>
#include <stdio.h>

#include "data/expected_embedders.h"
#include "support/fixture.h"

enum { OUT = 5, CHANNELS = 8, PIXELS = 3 * 8 * 8 };

static void number(graph *g, const char *name, float v)
{
    graph_floats(g, name, "", &v);
}

/* Numbers of a stream as int8, or as int32. */
static void whole(graph *g, const char *name, int dtype, const char *dims,
                  uint32_t seed)
{
    int8_t bytes[CHANNELS * 27];
    int32_t words[CHANNELS * 27];

    for (uint32_t i = 0; i < COUNT(bytes); i++) {
        words[i] = (int32_t)floor(127 * (double)noise(seed, i) + 0.5);
        bytes[i] = (int8_t)words[i];
    }
    graph_tensor(g, name, dtype, dims,
                 dtype == KAO_I8 ? (const void *)bytes : (const void *)words);
}

static void add_body(graph *g)
{
    graph_noise(g, "w", "8,3,3,3", 10, 0.3f);
    graph_noise(g, "b", "8", 11, 0.1f);
    graph_node(g, "Conv", "x w b", "c", "strides=[2,2] pads=[1,1,1,1]");
}

static void squeeze(graph *g, const char *in, const char *out)
{
    static const int64_t axes[] = { 2, 3 };

    if (g->opset < 13) {
        graph_node(g, "Squeeze", in, out, "axes=[2,3]");
        return;
    }
    char both[16];

    snprintf(both, sizeof both, "%s axes", in);
    graph_ints(g, "axes", "2", axes);
    graph_node(g, "Squeeze", both, out, "");
}

static void gelu(graph *g)
{
    add_body(g);
    number(g, "root", 1.41421356f);
    number(g, "one", 1);
    number(g, "half", 0.5f);
    graph_node(g, "Div", "c root", "d", "");
    graph_node(g, "Erf", "d", "e", "");
    graph_node(g, "Add", "e one", "f", "");
    graph_node(g, "Mul", "c f", "h", "");
    graph_node(g, "Mul", "h half", "i", "");
    graph_node(g, "GlobalAveragePool", "i", "p", "");
    squeeze(g, "p", "v");
    graph_noise(g, "w2", "5,8", 12, 0.5f);
    graph_noise(g, "b2", "5", 13, 0.1f);
    graph_node(g, "Gemm", "v w2 b2", "y", "transB=1");
}

static void normalized(graph *g)
{
    static const int64_t last[] = { -1 };

    add_body(g);
    graph_node(g, "Relu", "c", "r", "");
    graph_node(g, "GlobalAveragePool", "r", "p", "");
    squeeze(g, "p", "s");
    graph_noise(g, "w2", "8,5", 14, 0.5f);
    graph_node(g, "MatMul", "s w2", "v", "");
    graph_node(g, "Mul", "v v", "q", "");
    if (g->opset < 13) {
        graph_node(g, "ReduceSum", "q", "n", "axes=[-1] keepdims=1");
    } else {
        graph_ints(g, "last", "1", last);
        graph_node(g, "ReduceSum", "q last", "n", "keepdims=1");
    }
    number(g, "least", 1e-12f);
    graph_node(g, "Max", "n least", "m", "");
    graph_node(g, "Sqrt", "m", "t", "");
    graph_node(g, "Reciprocal", "t", "u", "");
    graph_node(g, "Mul", "v u", "y", "");
}

static void add_scales(graph *g)
{
    float w[CHANNELS], b[CHANNELS];
    const uint8_t middle = 128, none = 0;

    for (int i = 0; i < CHANNELS; i++) {
        w[i] = ldexpf(1, -(9 + i % 3));
        b[i] = w[i] / 128;
    }
    number(g, "xs", 0.0078125f);
    graph_tensor(g, "xz", KAO_U8, "", &middle);
    graph_tensor(g, "zero", KAO_U8, "", &none);
    graph_floats(g, "ws", "8", w);
    graph_floats(g, "bs", "8", b);
    whole(g, "w", KAO_I8, "8,3,3,3", 20);
    whole(g, "b", KAO_I32, "8", 21);
    graph_node(g, "QuantizeLinear", "x xs xz", "xq", "");
}

static void qdq(graph *g)
{
    add_scales(g);
    number(g, "s1", 0.01171875f);
    number(g, "s2", 0.005859375f);
    number(g, "s3", 0.00390625f);
    graph_node(g, "DequantizeLinear", "xq xs xz", "xd", "");
    graph_node(g, "DequantizeLinear", "w ws", "wd", "axis=0");
    graph_node(g, "DequantizeLinear", "b bs", "bd", "axis=0");
    graph_node(g, "Conv", "xd wd bd", "c", "strides=[2,2] pads=[1,1,1,1]");
    graph_node(g, "Relu", "c", "r", "");
    graph_node(g, "QuantizeLinear", "r s1 zero", "rq", "");
    graph_node(g, "DequantizeLinear", "rq s1 zero", "rd", "");
    graph_node(g, "GlobalAveragePool", "rd", "p", "");
    graph_node(g, "QuantizeLinear", "p s2 zero", "pq", "");
    graph_node(g, "DequantizeLinear", "pq s2 zero", "pd", "");
    graph_node(g, "Flatten", "pd", "v", "");
    whole(g, "w2", KAO_I8, "5,8", 22);
    graph_noise(g, "b2", "5", 23, 0.1f);
    graph_node(g, "DequantizeLinear", "w2 s3", "w2d", "");
    graph_node(g, "Gemm", "v w2d b2", "y", "transB=1");
}

static void qlinear(graph *g)
{
    const uint8_t z1 = 100, z2 = 120;
    const int8_t z3 = 0, z4 = 3, zw[CHANNELS] = { 0 };

    add_scales(g);
    number(g, "s1", 0.01171875f);
    graph_tensor(g, "z1", KAO_U8, "", &z1);
    number(g, "s2", 0.0029296875f);
    graph_tensor(g, "z2", KAO_U8, "", &z2);
    number(g, "s3", 0.00390625f);
    graph_tensor(g, "z3", KAO_I8, "", &z3);
    number(g, "s4", 0.0078125f);
    graph_tensor(g, "z4", KAO_I8, "", &z4);
    graph_tensor(g, "wz", KAO_I8, "8", zw);
    graph_node(g, "QLinearConv", "xq xs xz w ws wz s1 z1 b", "c",
               "strides=[2,2] pads=[1,1,1,1]");
    graph_node(g, "DequantizeLinear", "c s1 z1", "d", "");
    graph_node(g, "GlobalAveragePool", "d", "p", "");
    graph_node(g, "QuantizeLinear", "p s2 z2", "q", "");
    squeeze(g, "q", "v");
    whole(g, "w2", KAO_I8, "8,5", 24);
    graph_noise(g, "b2", "5", 25, 0.1f);
    graph_node(g, "QLinearMatMul", "v s2 z2 w2 s3 z3 s4 z4", "m", "");
    graph_node(g, "DequantizeLinear", "m s4 z4", "n", "");
    graph_node(g, "Add", "n b2", "y", "");
}

static void vectors_are_numpys(void **state)
{
    static const struct {
        const char *name;
        void (*make)(graph *g);
        int opset;
        const float *want;
    } rows[] = {
        { "gelu by Erf, Squeeze", gelu, 13, expected_gelu },
        { "gelu by Erf, Squeeze 11", gelu, 11, expected_gelu },
        { "l2_normalize", normalized, 13, expected_normalized },
        { "l2_normalize 11", normalized, 11, expected_normalized },
        { "int8 QDQ", qdq, 13, expected_qdq },
        { "int8 QLinear", qlinear, 13, expected_qlinear },
        { "int8 QLinear 11", qlinear, 11, expected_qlinear },
    };
    fixture *f = *state;
    float x[PIXELS];
    const kao_tensor in = tensor_of("1,3,8,8", x);

    for (uint32_t i = 0; i < PIXELS; i++)
        x[i] = noise(9, i);
    for (size_t r = 0; r < 2 * COUNT(rows); r++) {
        kao_network *m = NULL;
        kao_session *s = NULL;
        graph g;

        graph_init(&g, rows[r / 2].opset);
        graph_input(&g, "x", KAO_F32, "?,3,8,8");
        rows[r / 2].make(&g);
        graph_output(&g, "y", KAO_F32, "?,5");
        pb file = graph_file(&g);

        if (run_graph(f->ctx, &file, r % 2 ? KAO_PASS_ALL : 0, &in, 1, &m, &s, &f->err))
            fail_msg("%s: %s", rows[r / 2].name, f->err.msg);
        const kao_tensor *y = kao_session_output(s, 0);

        assert_int_equal(kao_tensor_count(y), OUT);
        for (int i = 0; i < OUT; i++) {
            const double got = (double)((const float *)y->data)[i],
                         want = (double)rows[r / 2].want[i];

            if (!(fabs(got - want) <= 2e-6 * (1 + fabs(want))))
                fail_msg("%s, passes %zu: element %d is %.8g, wanted %.8g",
                         rows[r / 2].name, r % 2, i, got, want);
        }
        kao_session_destroy(s);
        kao_network_destroy(m);
        pb_free(&file);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(vectors_are_numpys) };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
