/* Small graphs that passes or generic forms once computed wrongly, and their neighbours:
 * each is planned with every choice of passes and gives the values computed by hand. */
#include "support/unit.h"

#include <math.h>
#include <string.h>

#include "support/fixture.h"

enum { MOST = 18 };

typedef struct known {
    const char *name, *dims; /* of x; its values: */
    float x[MOST];
    void (*make)(graph *g); /* x -> y */
    int opset, n;
    float y[MOST];
} known;

static const float two = 2, ones[3] = { 1, 1, 1 }, zeros[3] = { 0, 0, 0 },
                   tens[3] = { 0, 10, 20 }, slopes[3] = { 2, 3, 4 };

static void conv(graph *g)
{
    graph_floats(g, "w", "1,1,1,1", &two);
    graph_node(g, "Conv", "x w", "c", "");
}

static void dead_reader(graph *g)
{
    conv(g);
    graph_node(g, "Identity", "c", "i", "");
    graph_node(g, "Relu", "i", "y", "");
    graph_node(g, "Sigmoid", "i", "unread", "");
}

static void dead_readers_of_dropout(graph *g)
{
    conv(g);
    graph_node(g, "Dropout", "c", "d mask", "");
    graph_node(g, "Sigmoid", "d", "s", "");
    graph_node(g, "Mul", "d s", "unread", "");
    graph_node(g, "Identity", "d", "i", "");
    graph_node(g, "Relu", "i", "y", "");
}

static void no_outputs(graph *g)
{
    conv(g);
    graph_node(g, "Conv", "x w", "-", "");
    graph_node(g, "Transpose", "x", "-", "perm=[0,1,3,2]");
    graph_node(g, "Gemm", "m m", "-", "");
    graph_floats(g, "m", "1,1", &two);
    graph_node(g, "Relu", "c", "y", "");
}

/* The same, of values that are known while planning. */
static void no_known_outputs(graph *g)
{
    conv(g);
    graph_node(g, "Shape", "x", "-", "");
    graph_node(g, "Relu", "w", "-", "");
    graph_node(g, "Add", "w w", "-", "");
    graph_node(g, "BatchNormalization", "w w1 w1 w1 w1", "-", "");
    graph_floats(g, "w1", "1", &two);
    graph_node(g, "Concat", "w w", "-", "axis=0");
    graph_node(g, "Relu", "c", "y", "");
}

static void product(graph *g, const char *batch_norm)
{
    static const float eye[4] = { 1, 0, 0, 1 };

    graph_floats(g, "eye", "2,2", eye);
    graph_floats(g, "one", "2", ones);
    graph_floats(g, "zero", "2", zeros);
    graph_floats(g, "ten", "2", tens);
    graph_node(g, "MatMul", "x eye", "p", "");
    graph_node(g, "BatchNormalization", "p one ten zero one", batch_norm,
               "epsilon=0.0");
}

static void norm_of_product(graph *g)
{
    product(g, "y");
}

static void slope_of_product(graph *g)
{
    graph_floats(g, "s", "2,1", slopes);
    product(g, "n");
    graph_node(g, "PRelu", "n s", "y", "");
}

/* The running mean and variance that old exporters name are those given. */
static void statistics(graph *g)
{
    product(g, "- mean var");
    graph_node(g, "Add", "mean var", "y", "");
}

/* Statistics that are not dense: every other number of x. */
static void strided_statistics(graph *g)
{
    graph_floats(g, "t", "1,2", zeros);
    graph_floats(g, "one", "2", ones);
    graph_floats(g, "zero", "2", zeros);
    graph_node(g, "Slice", "x", "b", "starts=[0] ends=[2] axes=[1]");
    graph_node(g, "Transpose", "x", "xt", "");
    graph_node(g, "Slice", "xt", "row", "starts=[0] ends=[1] axes=[0]");
    graph_node(g, "BatchNormalization", "t one row zero one", "y", "epsilon=0.0");
}

static void slope(graph *g)
{
    graph_floats(g, "s", "3", slopes);
    graph_node(g, "PRelu", "x s", "y", "");
}

static void slope_after_conv(graph *g)
{
    static const float eye[9] = { 1, 0, 0, 0, 1, 0, 0, 0, 1 };

    graph_floats(g, "eye", "3,3,1,1", eye);
    graph_floats(g, "s", "3", slopes);
    graph_node(g, "Conv", "x eye", "c", "");
    graph_node(g, "PRelu", "c s", "y", "");
}

static void maximum(graph *g)
{
    graph_node(g, "MaxPool", "x", "y", "kernel_shape=[1,2]");
}

/* Windows of two taps at -1 and 1: none of them on a picture of one pixel. */
static void mean_of_nothing(graph *g)
{
    graph_node(g, "AveragePool", "x", "y",
               "kernel_shape=[1,2] dilations=[1,2] pads=[0,1,0,1]");
}

/* A window longer than 32-bit arithmetic of the kernels allows, with one tap inside. */
static void far_taps(graph *g)
{
    graph_node(g, "MaxPool", "x", "y",
               "kernel_shape=[1,4097] dilations=[1,262144] auto_pad=SAME_LOWER");
}

static void far_average(graph *g)
{
    graph_node(g, "AveragePool", "x", "y",
               "kernel_shape=[1,4097] dilations=[1,262144] auto_pad=SAME_LOWER");
}

static void far_conv(graph *g)
{
    static float w[4097];

    for (size_t i = 0; i < COUNT(w); i++)
        w[i] = 1;
    graph_floats(g, "w", "1,1,1,4097", w);
    graph_node(g, "Conv", "x w", "y", "dilations=[1,262144] auto_pad=SAME_LOWER");
}

static void far_strides(graph *g)
{
    graph_node(g, "MaxPool", "x", "a", "kernel_shape=[1,2] strides=[1048576,1048576]");
    graph_node(g, "AveragePool", "a", "y", "kernel_shape=[1,1] strides=[1048576,1]");
}

static void clip_with_nan(graph *g)
{
    static const float nan[1] = { NAN };

    conv(g);
    graph_floats(g, "lo", "", nan);
    graph_node(g, "Clip", "c lo", "y", "");
}

static void hardmax(graph *g)
{
    graph_node(g, "Hardmax", "x", "y", "");
}

/* A mode that moves pixels by half of one: axis 1 is not resized. */
static void half_pixels(graph *g)
{
    graph_floats(g, "scale", "1", &two);
    graph_node(g, "Resize", "x - scale", "y",
               "axes=[3] nearest_mode=ceil "
               "coordinate_transformation_mode=tf_half_pixel_for_nn");
}

/* Where the maxima are, without the maxima. */
static void places_alone(graph *g)
{
    graph_node(g, "MaxPool", "x", "- at", "kernel_shape=[1,2]");
    graph_node(g, "Cast", "at", "y", "to=1");
}

static void endless_block(graph *g)
{
    graph_node(g, "Cast", "x", "q", "to=2");
    graph_floats(g, "scale", "1,1,1,1", &two);
    graph_node(g, "DequantizeLinear", "q scale", "y",
               "axis=3 block_size=9223372036854775807");
}

/* Parts without a name, before and behind the one that is read. */
static void unnamed_parts(graph *g)
{
    graph_node(g, "Split", "x", "a - b -", "axis=1 split=[1,2,1,2]");
    graph_node(g, "Add", "a b", "y", "");
}

/* Values that are known while planning, by steps that passes would merge. */
static void known_heads(graph *g)
{
    static const float a[2] = { 1, 2 };

    graph_node(g, "Shape", "x", "s", "");
    graph_node(g, "Cast", "s", "f", "to=1");
    graph_ints(g, "dims", "4", (const int64_t[4]){ 1, 1, 2, 2 });
    graph_node(g, "Reshape", "f dims", "p", "");
    graph_floats(g, "wa", "2,1,1,1", a);
    graph_floats(g, "wb", "1,1,1,1", &two);
    graph_node(g, "Conv", "p wa", "c", "");
    graph_node(g, "Conv", "p wb", "d", "");
    graph_node(g, "Concat", "c d", "y", "axis=1");
}

/* A norm alone that names its statistics, then an activation. */
static void named_statistics(graph *g)
{
    graph_floats(g, "one", "1", ones);
    graph_floats(g, "zero", "1", zeros);
    graph_node(g, "BatchNormalization", "x one zero zero one", "n m v sm sv",
               "epsilon=0.0");
    graph_node(g, "Relu", "n", "y", "");
}

static void nothing(graph *g)
{
    graph_node(g, "AveragePool", "x", "y", "kernel_shape=[2,2] pads=[1,1,1,1]");
}

#define N NAN
/* clang-format off */
static const known rows[] = {
    { "dead reader behind Identity", "1,1,2,4", { -3, -2, -1, 0, 1, 2, 3, 4 }, dead_reader, 13,
      8, { 0, 0, 0, 0, 2, 4, 6, 8 } },
    { "dead readers behind Dropout", "1,1,2,4", { -3, -2, -1, 0, 1, 2, 3, 4 }, dead_readers_of_dropout, 10,
      8, { 0, 0, 0, 0, 2, 4, 6, 8 } },
    { "no outputs", "1,1,1,2", { 3, -4 }, no_outputs, 13, 2, { 6, 0 } },
    { "no outputs of known values", "1,1,1,2", { 3, -4 }, no_known_outputs, 13, 2, { 6, 0 } },
    { "norm of a product, rank 2", "2,2", { 1, 2, 3, 4 }, norm_of_product, 13, 4, { 1, 12, 3, 14 } },
    { "norm of a product, rank 3", "1,2,2", { 1, 2, 3, 4 }, norm_of_product, 13, 4, { 1, 2, 13, 14 } },
    { "norm of a product, rank 4", "1,2,1,2", { 1, 2, 3, 4 }, norm_of_product, 13, 4, { 1, 2, 13, 14 } },
    { "norm and slope of a product", "1,2,2", { -1, 2, -13, -14 }, slope_of_product, 13, 4, { -2, 2, -9, -12 } },
    { "statistics of a norm", "1,2,2", { 1, 2, 3, 4 }, statistics, 7, 2, { 1, 1 } },
    { "statistics with strides", "2,2", { 1, 2, 3, 4 }, strided_statistics, 9, 2, { 1, 3 } },
    { "slope along the last axis", "1,3,1,3", { -1, -1, -1, -1, -1, -1, 5, -1, -1 }, slope, 7,
      9, { -2, -3, -4, -2, -3, -4, 5, -3, -4 } },
    { "the same after a Conv", "1,3,1,3", { -1, -1, -1, -1, -1, -1, 5, -1, -1 }, slope_after_conv, 9,
      9, { -2, -3, -4, -2, -3, -4, 5, -3, -4 } },
    { "slope of a channel, opset 6", "1,3,1,3", { -1, -1, -1, -1, -1, -1, 5, -1, -1 }, slope, 6,
      9, { -2, -2, -2, -3, -3, -3, 5, -4, -4 } },
    { "slope that does not broadcast", "1,3,1,2", { -1, -1, -1, -1, 5, -1 }, slope_after_conv, 11,
      6, { -2, -2, -3, -3, 5, -4 } },
    { "slope of rank 3", "1,3,2", { -1, -1, -1, -1, 5, -1 }, slope, 11, 6, { -2, -2, -3, -3, 5, -4 } },
    { "NaN in a maximum", "1,1,1,5", { 1, N, 2, 3, 1 }, maximum, 11, 4, { N, N, 3, 3 } },
    { "mean of nothing", "1,1,1,1", { 5 }, mean_of_nothing, 19, 1, { 0 } },
    { "far taps", "1,1,1,3", { 1, 2, 3 }, far_taps, 12, 3, { 1, 2, 3 } },
    { "far average", "1,1,1,3", { 1, 2, 3 }, far_average, 19, 3, { 1, 2, 3 } },
    { "far Conv", "1,1,1,3", { 1, 2, 3 }, far_conv, 12, 3, { 1, 2, 3 } },
    { "far strides", "1,1,2,3", { 1, 2, 3, 4, 5, 6 }, far_strides, 12, 1, { 2 } },
    { "parts without a name", "1,6", { 1, 2, 3, 4, 5, 6 }, unnamed_parts, 11, 1, { 5 } },
    { "known heads", "1,1,2,1", { 0 }, known_heads, 13, 12, { 1, 1, 2, 1, 2, 2, 4, 2, 2, 2, 4, 2 } },
    { "norm that names statistics", "1,1,1,2", { 3, -4 }, named_statistics, 7, 2, { 3, 0 } },
    { "no element", "2,3,2,0", { 0 }, nothing, 11, 18, { 0 } },
    { "Clip at NaN", "1,1,1,2", { 1, -2 }, clip_with_nan, 13, 2, { 2, -4 } },
    { "places of maxima alone", "1,1,1,5", { 1, 3, 2, 5, 4 }, places_alone, 12, 4, { 1, 1, 3, 3 } },
    { "NaN in a Hardmax, as in ArgMax", "2,4", { 1, N, 3, N, N, 1, 2, 3 }, hardmax, 13,
      8, { 0, 1, 0, 0, 1, 0, 0, 0 } },
    { "channels stay", "1,2,1,3", { 1, 2, 3, 4, 5, 6 }, half_pixels, 18, 12, { 2, 2, 3, 3, 3, 3, 5, 5, 6, 6, 6, 6 } },
    { "one block for all", "1,1,1,2", { 3, 4 }, endless_block, 21, 2, { 6, 8 } },
};
/* clang-format on */

static void check(fixture *f, const known *k, uint32_t passes)
{
    float x[MOST];
    const kao_tensor in = tensor_of(k->dims, x);
    kao_network *m = NULL;
    kao_session *s = NULL;
    graph g;

    memcpy(x, k->x, sizeof x);
    graph_init(&g, k->opset);
    graph_input(&g, "x", KAO_F32, k->dims);
    k->make(&g);
    graph_output(&g, "y", KAO_F32, NULL);
    pb file = graph_file(&g);

    if (run_graph(f->ctx, &file, passes, &in, 1, &m, &s, &f->err))
        fail_msg("%s, passes %u: %s", k->name, passes, f->err.msg);
    const kao_tensor *y = kao_session_output(s, 0);

    assert_int_equal(kao_tensor_count(y), k->n);
    for (int i = 0; i < k->n; i++) {
        const float got = ((const float *)y->data)[i];

        if (!(got == k->y[i] || (isnan(got) && isnan(k->y[i]))))
            fail_msg("%s, passes %u: value %d is %g, wanted %g", k->name, passes, i,
                     (double)got, (double)k->y[i]);
    }
    kao_session_destroy(s);
    kao_network_destroy(m);
    pb_free(&file);
}

static void values_are_right(void **state)
{
    for (size_t i = 0; i < COUNT(rows); i++) {
        check(*state, &rows[i], 0);
        check(*state, &rows[i], KAO_PASS_ALL);
        for (uint32_t bit = 1; bit < KAO_PASS_ALL; bit *= 2) {
            check(*state, &rows[i], bit);
            check(*state, &rows[i], KAO_PASS_CONV | bit);
            check(*state, &rows[i], KAO_PASS_ALL & ~bit);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(values_are_right) };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
