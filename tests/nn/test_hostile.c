/* Small files that ask for much, and the limits of onnx/limits.h, each passed once. Every
 * file gives a status and one clear line, takes blocks, bytes and work within bounds, and
 * leaves nothing behind. */
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <math.h>
#include <string.h>

#include "nn/ops/ops.h"
#include "support/fixture.h"

enum { DEEP = 100000, WIDE = 20000 };

static const char *numbered(const char *name, uint32_t i)
{
    static char text[4][48];
    static unsigned next;
    char *to = text[next++ % 4];

    snprintf(to, sizeof text[0], "%s%u", name, i);
    return to;
}

static void node(graph *g, const char *op, const char *in, const char *out)
{
    graph_node(g, op, in, out, "");
}

static void start(graph *g)
{
    graph_init(g, 13);
    graph_input(g, "x", KAO_F32, "1,1,4,4");
}

/* A shape as a constant. */
static void shape(graph *g, const char *name, const char *count, int64_t a, int64_t b)
{
    const int64_t v[2] = { a, b };

    graph_ints(g, name, count, v);
}

static pb finish(graph *g, const char *out)
{
    graph_output(g, out, KAO_F32, NULL);
    return graph_file(g);
}

/* ---- long graphs ---- */

static pb chain_of(const char *op)
{
    graph g;

    start(&g);
    node(&g, op, "x", "v0");
    for (uint32_t i = 1; i < DEEP; i++)
        node(&g, op, numbered("v", i - 1), numbered("v", i));
    return finish(&g, numbered("v", DEEP - 1));
}

static pb deep_identity(void)
{
    return chain_of("Identity");
}

static pb deep_relu(void)
{
    return chain_of("Relu");
}

static pb deep_conv(void)
{
    graph g;
    char args[64];

    start(&g);
    graph_noise(&g, "w", "1,1,1,1", 1, 1);
    node(&g, "Conv", "x w", "v0");
    for (uint32_t i = 1; i < WIDE; i++) {
        snprintf(args, sizeof args, "v%u w", i - 1);
        node(&g, "Conv", args, numbered("v", i));
    }
    return finish(&g, numbered("v", WIDE - 1));
}

/* Each convolution's reader stands far behind it; all read one input (siblings). */
static pb late_readers(void)
{
    graph g;

    start(&g);
    graph_noise(&g, "w", "1,1,1,1", 1, 1);
    for (uint32_t i = 0; i < WIDE; i++)
        node(&g, "Conv", "x w", numbered("v", i));
    for (uint32_t i = 0; i < WIDE; i++)
        node(&g, "Relu", numbered("v", i), numbered("r", i));
    return finish(&g, numbered("r", WIDE - 1));
}

/* All values are read by the last node, so all live at once. */
static pb long_lives(void)
{
    enum { N = 4000 };
    static char all[N * 8];
    graph g;
    size_t n = 0;

    start(&g);
    for (uint32_t i = 0; i < 2 * N; i++)
        node(&g, "Relu", i ? numbered("v", i - 1) : "x", numbered("v", i));
    for (uint32_t i = 0; i < N; i++)
        n += (size_t)snprintf(all + n, sizeof all - n, "v%u ", i);
    graph_node(&g, "Concat", all, "y", "axis=1");
    return finish(&g, "y");
}

/* Shapes that depend on an input through a long chain, asked for at each link. */
static pb shape_chain(void)
{
    graph g;
    char args[64];

    graph_init(&g, 13);
    graph_input(&g, "x", KAO_F32, "1,1,4,4");
    graph_input(&g, "s0", KAO_I64, "1");
    shape(&g, "zero", "1", 0, 0);
    for (uint32_t i = 0; i < WIDE; i++) {
        snprintf(args, sizeof args, "s%u zero", i);
        node(&g, "Add", args, numbered("s", i + 1));
        snprintf(args, sizeof args, "x s%u", i + 1);
        node(&g, "Reshape", args, numbered("r", i));
    }
    return finish(&g, numbered("r", WIDE - 1));
}

static pb reshape_chain(void)
{
    graph g;
    char args[64];

    start(&g);
    shape(&g, "a", "2", 4, 4);
    shape(&g, "b", "2", 2, -1);
    node(&g, "Reshape", "x a", "v0");
    for (uint32_t i = 1; i < DEEP; i++) {
        snprintf(args, sizeof args, "v%u %s", i - 1, i % 2 ? "b" : "a");
        node(&g, "Reshape", args, numbered("v", i));
    }
    return finish(&g, numbered("v", DEEP - 1));
}

static pb many_outputs(uint32_t n)
{
    graph g;

    start(&g);
    node(&g, "Relu", "x", "y");
    for (uint32_t i = 0; i < n; i++)
        graph_output(&g, i % 2 ? "y" : "x", KAO_F32, NULL);
    return graph_file(&g);
}

static pb outputs_at_limit(void)
{
    return many_outputs(KAO_MAX_NODE_ARGS);
}

static pb outputs_past_limit(void)
{
    return many_outputs(KAO_MAX_NODE_ARGS + 1);
}

static pb nodes_past_limit(void)
{
    graph g;

    start(&g);
    for (uint32_t i = 0; i <= KAO_MAX_NODES; i++)
        node(&g, "Relu", "x", "-");
    return finish(&g, "x");
}

static pb values_past_limit(void)
{
    static char args[2 * KAO_MAX_NODE_ARGS + 1];
    graph g;

    start(&g);
    for (uint32_t i = 0; i < KAO_MAX_NODE_ARGS; i++)
        memcpy(args + 2 * (size_t)i, "- ", 3);
    for (uint32_t i = 0; i <= KAO_MAX_VALUES / KAO_MAX_NODE_ARGS; i++)
        graph_node(&g, "Concat", args, numbered("v", i), "axis=0");
    return finish(&g, "x");
}

static pb arguments_past_limit(void)
{
    static char args[2 * KAO_MAX_NODE_ARGS + 3];
    graph g;

    start(&g);
    for (uint32_t i = 0; i <= KAO_MAX_NODE_ARGS; i++)
        memcpy(args + 2 * (size_t)i, "x ", 3);
    graph_node(&g, "Concat", args, "y", "axis=1");
    return finish(&g, "y");
}

/* ---- large shapes ---- */

static pb filled(const char *count, int64_t a, int64_t b)
{
    graph g;

    start(&g);
    shape(&g, "s", count, a, b);
    node(&g, "ConstantOfShape", "s", "y");
    return finish(&g, "y");
}

static pb elements_past_limit(void)
{
    return filled("2", 46342, 46342);
}

static pb shape_overflows(void)
{
    return filled("2", INT64_MAX, INT64_MAX);
}

static pb shape_negative(void)
{
    return filled("2", 4, -1);
}

static pb output_of_eight_gib(void)
{
    return filled("1", (int64_t)1 << 31, 0);
}

static pb empty_but_wide(void)
{
    return filled("2", (int64_t)1 << 31, 0);
}

static pb activations_past_limit(void)
{
    graph g;

    start(&g);
    shape(&g, "s", "1", (int64_t)1 << 30, 0);
    node(&g, "ConstantOfShape", "s", "a");
    node(&g, "Relu", "a", "b");
    graph_node(&g, "ReduceMean", "b", "y", "axes=[0]");
    return finish(&g, "y");
}

/* A thousand constants of 4 MiB, all folded if folding had no budget. */
static pb fold_bomb(void)
{
    graph g;
    char args[64];

    start(&g);
    shape(&g, "s", "1", KAO_MAX_FOLDED, 0);
    for (uint32_t i = 0; i < 1000; i++)
        node(&g, "ConstantOfShape", "s", numbered("c", i));
    for (uint32_t i = 0; i + 1 < 1000; i++) {
        snprintf(args, sizeof args, "c%u c%u", i, i + 1);
        node(&g, "Add", args, numbered("a", i));
    }
    return finish(&g, "x");
}

static pb concat_overflow(void)
{
    graph g;

    start(&g);
    shape(&g, "s", "1", (int64_t)1 << 30, 0);
    node(&g, "ConstantOfShape", "s", "a");
    graph_node(&g, "Concat", "a a a a", "y", "axis=0");
    return finish(&g, "y");
}

static pb matmul_work(void)
{
    graph g;

    start(&g);
    shape(&g, "s", "2", 16000, 16000);
    node(&g, "ConstantOfShape", "s", "a");
    node(&g, "MatMul", "a a", "y");
    return finish(&g, "y");
}

/* One product is allowed; a few lines ask for thousands. */
static pb work_adds_up(void)
{
    graph g;

    start(&g);
    shape(&g, "s", "2", 2048, 2048);
    node(&g, "ConstantOfShape", "s", "v0");
    for (uint32_t i = 0; i < 1000; i++) {
        char args[64];

        snprintf(args, sizeof args, "v%u v0", i);
        node(&g, "MatMul", args, numbered("v", i + 1));
    }
    return finish(&g, "v1000");
}

/* ---- windows ---- */

static pb pool_of(const char *attributes)
{
    graph g;

    start(&g);
    graph_node(&g, "AveragePool", "x", "a", attributes);
    graph_node(&g, "MaxPool", "x", "b", attributes);
    node(&g, "Add", "a b", "y");
    return finish(&g, "y");
}

static pb kernel_huge(void) /* 2^40 taps, 16 of them on the picture */
{
    return pool_of("kernel_shape=[1048576,1048576] pads=[524288,524288,524288,524288]");
}

static pb kernel_past_sense(void)
{
    return pool_of("kernel_shape=[1048577,1]");
}

static pb pads_huge(void)
{
    return pool_of("kernel_shape=[1,1] pads=[1048576,1048576,1048576,1048576]");
}

static pb window_too_large(void)
{
    return pool_of("kernel_shape=[5,4]");
}

static pb dilation_huge(void)
{
    return pool_of("kernel_shape=[2,2] dilations=[1048576,1048576]");
}

static pb dilation_absurd(void)
{
    return pool_of("kernel_shape=[1,4097] dilations=[1,1048576] auto_pad=SAME_UPPER");
}

/* ---- pieces ---- */

static pb resize_by(const float *scales)
{
    graph g;

    start(&g);
    graph_floats(&g, "k", "4", scales);
    node(&g, "Resize", "x - k", "y");
    return finish(&g, "y");
}

static pb resize_huge(void)
{
    static const float k[4] = { 1, 1, 1e9f, 1e9f };

    return resize_by(k);
}

static pb resize_long_axis(void)
{
    static const float k[4] = { 1, 1, 1, 5e6f };

    return resize_by(k);
}

static pb resize_long_empty(void) /* no element, but a table along the axis */
{
    static const float k[4] = { 1, 0.5f, 1, 5e7f };

    return resize_by(k);
}

static pb resize_nan(void)
{
    static const uint32_t nan[4] = { 0x7fc00000, 0x7fc00000, 0x7fc00000, 0x7fc00000 };

    return resize_by((const float *)(const void *)nan);
}

static pb resize_nan_roi(void)
{
    static const uint32_t roi[8] = { 0x7fc00000, 0, 0x7fc00000, 0xff800000,
                                     0x7f800000, 0, 0x7fc00000, 0x3f800000 };
    static const float k[4] = { 1, 1, 2, 2 };
    graph g;

    start(&g);
    graph_floats(&g, "roi", "8", (const float *)(const void *)roi);
    graph_floats(&g, "k", "4", k);
    graph_node(&g, "Resize", "x roi k", "y",
               "mode=linear coordinate_transformation_mode=tf_crop_and_resize");
    return finish(&g, "y");
}

static pb gather_at(int64_t a, int64_t b, const char *axis, const char *from)
{
    graph g;

    start(&g);
    shape(&g, "i", "2", a, b);
    shape(&g, "none", "2", 0, 3);
    node(&g, "ConstantOfShape", "none", "e");
    graph_node(&g, "Gather", from, "y", axis);
    return finish(&g, "y");
}

static pb gather_outside(void)
{
    return gather_at(INT64_MIN, INT64_MAX, "axis=2", "x i");
}

static pb gather_from_nothing(void)
{
    return gather_at(0, 1, "axis=0", "e i");
}

static pb slice_extremes(void)
{
    static const int64_t starts[4] = { INT64_MAX, INT64_MIN, -1, INT64_MAX },
                         ends[4] = { INT64_MIN, INT64_MAX, INT64_MIN, INT64_MIN },
                         steps[4] = { INT64_MIN, INT64_MAX, -1, -2 };
    graph g;

    start(&g);
    graph_ints(&g, "starts", "4", starts);
    graph_ints(&g, "ends", "4", ends);
    shape(&g, "axes", "2", 0, 1);
    graph_ints(&g, "steps", "4", steps);
    node(&g, "Slice", "x starts ends - steps", "y");
    return finish(&g, "y");
}

static pb slice_step_zero(void)
{
    static const int64_t zeros[2] = { 0, 0 };
    graph g;

    start(&g);
    graph_ints(&g, "z", "2", zeros);
    node(&g, "Slice", "x z z - z", "y");
    return finish(&g, "y");
}

static pb pad_by(int64_t v)
{
    const int64_t pads[8] = { 0, 0, v, v, 0, 0, v, v };
    graph g;

    start(&g);
    graph_ints(&g, "pads", "8", pads);
    node(&g, "Pad", "x pads", "y");
    return finish(&g, "y");
}

static pb pad_negative(void)
{
    return pad_by(-1);
}

static pb pad_too_negative(void)
{
    return pad_by(-3);
}

static pb pad_huge(void)
{
    return pad_by(INT64_MAX);
}

static pb pad_minimum(void)
{
    return pad_by(INT64_MIN);
}

static pb rank_past_limit(void)
{
    static const int64_t axes[5] = { 0, 1, 2, 3, 4 };
    graph g;

    start(&g);
    graph_ints(&g, "axes", "5", axes);
    node(&g, "Unsqueeze", "x axes", "y");
    return finish(&g, "y");
}

static pb pad_axis_twice(void)
{
    static const int64_t pads[4] = { 1, 1, 1, 1 }, axes[2] = { 2, -2 };
    graph g;

    graph_init(&g, 18);
    graph_input(&g, "x", KAO_F32, "1,1,4,4");
    graph_ints(&g, "pads", "4", pads);
    graph_ints(&g, "axes", "2", axes);
    node(&g, "Pad", "x pads - axes", "y");
    return finish(&g, "y");
}

static pb resize_axis_twice(void)
{
    static const float k[2] = { 2, 3 };
    graph g;

    graph_init(&g, 18);
    graph_input(&g, "x", KAO_F32, "1,1,4,4");
    graph_floats(&g, "k", "2", k);
    graph_node(&g, "Resize", "x - k", "y", "axes=[3,3]");
    return finish(&g, "y");
}

static pb reshape_to(int64_t a, int64_t b)
{
    graph g;

    start(&g);
    shape(&g, "s", "2", a, b);
    node(&g, "Reshape", "x s", "y");
    return finish(&g, "y");
}

static pb reshape_overflow(void)
{
    return reshape_to(INT64_MAX, 2);
}

static pb reshape_wrap(void) /* 2^63 + 16 elements, modulo 2^64 */
{
    return reshape_to((int64_t)1 << 62, 4);
}

static pb reshape_minimum(void)
{
    return reshape_to(INT64_MIN, -1);
}

/* ---- nothing, of many rows ---- */

/* A constant of 2^31 rows without a column. */
static pb along_nothing(const char *op)
{
    graph g;

    start(&g);
    shape(&g, "s", "2", (int64_t)1 << 31, 0);
    node(&g, "ConstantOfShape", "s", "a");
    graph_node(&g, op, "a", "y", "axis=1");
    return finish(&g, "y");
}

static pb softmax_nothing(void)
{
    return along_nothing("Softmax");
}

static pb lp_norm_nothing(void)
{
    return along_nothing("LpNormalization");
}

/* "a", without an element, of a part of x: not known before it runs. */
static void nothing_of(graph *g, const int64_t dims[4])
{
    graph_init(g, 14);
    graph_input(g, "x", KAO_F32, "1,1,4,4");
    shape(g, "zero", "1", 0, 0);
    node(g, "Slice", "x zero zero", "none");
    graph_ints(g, "dims", "4", dims);
    graph_node(g, "Reshape", "none dims", "a", "allowzero=1");
}

static const int64_t no_channels[4] = { (int64_t)1 << 31, 0, 1, 1 };

static pb pool_nothing(void)
{
    graph g;

    nothing_of(&g, no_channels);
    graph_node(&g, "MaxPool", "a", "y", "kernel_shape=[1,1]");
    return finish(&g, "y");
}

static pb softmax_nothing_later(void)
{
    graph g;

    nothing_of(&g, no_channels);
    graph_node(&g, "Softmax", "a", "y", "axis=1");
    return finish(&g, "y");
}

/* 2^15 channels of no pixels: each output passes all of them for its padding. */
static pb conv_nothing(void)
{
    static const int64_t no_pixels[4] = { 1, 1 << 15, 0, 0 },
                         taps[4] = { 1, 1 << 15, 1, 1 };
    graph g;

    nothing_of(&g, no_pixels);
    graph_ints(&g, "taps", "4", taps);
    node(&g, "ConstantOfShape", "taps", "w");
    graph_node(&g, "Conv", "a w", "y", "pads=[2048,2048,2048,2048]");
    return finish(&g, "y");
}

/* ---- shapes that values decide ---- */

/* op on x, 1x1x4x4, and constants of int64. */
static pb with_numbers(const char *op, const char *attributes, const char *count,
                       int64_t a, int64_t b)
{
    graph g;

    start(&g);
    shape(&g, "n", count, a, b);
    graph_node(&g, op, "x n", "y", attributes);
    return finish(&g, "y");
}

static pb tile_overflow(void)
{
    static const int64_t times[4] = { INT64_MAX, 1, INT64_MAX, 1 };
    graph g;

    start(&g);
    graph_ints(&g, "n", "4", times);
    node(&g, "Tile", "x n", "y");
    return finish(&g, "y");
}

static pb expand_huge(void)
{
    static const int64_t dims[4] = { 1 << 20, 1 << 20, 4, 4 };
    graph g;

    start(&g);
    graph_ints(&g, "n", "4", dims);
    node(&g, "Expand", "x n", "y");
    return finish(&g, "y");
}

static pb top_past_axis(void)
{
    return with_numbers("TopK", "", "1", 5, 0);
}

static pb top_minimum(void)
{
    return with_numbers("TopK", "axis=2", "1", INT64_MIN, 0);
}

static pb cum_sum_axis(void)
{
    return with_numbers("CumSum", "", "1", 4, 0);
}

static pb squeeze_four(void)
{
    return with_numbers("Squeeze", "", "1", 2, 0);
}

static pb gather_nd_deep(void)
{
    static const int64_t many[5] = { 0 };
    graph g;

    start(&g);
    graph_ints(&g, "n", "1,5", many);
    node(&g, "GatherND", "x n", "y");
    return finish(&g, "y");
}

static pb gather_nd_outside(void)
{
    return with_numbers("GatherND", "", "1,2", INT64_MIN, INT64_MAX);
}

static pb range_of(int64_t from, int64_t to, int64_t by)
{
    graph g;

    start(&g);
    graph_ints(&g, "from", "", &from);
    graph_ints(&g, "to", "", &to);
    graph_ints(&g, "by", "", &by);
    node(&g, "Range", "from to by", "y");
    graph_output(&g, "y", KAO_I64, NULL);
    return graph_file(&g);
}

static pb range_by_zero(void)
{
    return range_of(0, 1, 0);
}

static pb range_huge(void)
{
    return range_of(INT64_MIN, INT64_MAX, 1);
}

static pb one_hot_huge(void)
{
    static const int64_t depth = INT64_MAX, values[2] = { 0, 1 }, index[2] = { 0, 9 };
    graph g;

    start(&g);
    graph_ints(&g, "index", "2", index);
    graph_ints(&g, "depth", "", &depth);
    graph_ints(&g, "values", "2", values);
    node(&g, "OneHot", "index depth values", "y");
    graph_output(&g, "y", KAO_I64, NULL);
    return graph_file(&g);
}

static pb non_zero_of_many(void)
{
    graph g;

    start(&g);
    graph_noise(&g, "w", "1,4097", 1, 1);
    node(&g, "NonZero", "w", "y");
    graph_output(&g, "y", KAO_I64, NULL);
    return graph_file(&g);
}

/* boxes, scores, most: dims. Of two batches one score is NaN. */
static pb suppression(const char *boxes, const char *scores, const char *most)
{
    const float few[4] = { NAN, 0, 1, 1 };
    const int64_t many = INT64_MAX;
    graph g;

    start(&g);
    graph_floats(&g, "few", "2,1,2", few);
    graph_noise(&g, "b", boxes, 1, 1);
    graph_noise(&g, "s", scores, 2, 1);
    graph_tensor(&g, "most", KAO_I64, most, &many);
    node(&g, "NonMaxSuppression", *scores == '2' ? "b few most" : "b s most", "y");
    graph_output(&g, "y", KAO_I64, NULL);
    return graph_file(&g);
}

static pb suppression_of_many(void)
{
    return suppression("1,4097,4", "1,1,4097", "");
}

static pb suppression_misfit(void)
{
    return suppression("1,5,4", "1,1,6", "");
}

static pb suppression_of_nan(void)
{
    return suppression("2,2,4", "2,1,2", "");
}

static pb suppression_by_list(void)
{
    return suppression("1,5,4", "1,1,5", "0");
}

static pb resize_antialias_whole(void) /* of integers: no rounding is laid down */
{
    static const float k[4] = { 1, 1, 0.5f, 0.5f };
    graph g;

    graph_init(&g, 18);
    graph_input(&g, "x", KAO_F32, "1,1,4,4");
    graph_floats(&g, "k", "4", k);
    graph_node(&g, "Cast", "x", "c", "to=6");
    graph_node(&g, "Resize", "c - k", "y", "mode=cubic antialias=1");
    graph_output(&g, "y", KAO_I32, NULL);
    return graph_file(&g);
}

/* 2^10 outputs of 2^40 products each. */
static pb einsum_work(void)
{
    static const int64_t dims[2] = { 1 << 10, 1 << 15 };
    graph g;

    start(&g);
    graph_ints(&g, "n", "2", dims);
    shape(&g, "flat", "2", 1, -1);
    node(&g, "Reshape", "x flat", "row");
    graph_node(&g, "ReduceMean", "row", "mean", "");
    node(&g, "Expand", "mean n", "a");
    graph_node(&g, "Einsum", "a a", "y", "equation=ij,kl->i");
    return finish(&g, "y");
}

/* ---- the table ---- */

typedef struct hostile {
    const char *name;
    pb (*make)(void);
    kao_status status;
    const char *message;
} hostile;

static const hostile rows[] = {
    { "100000 Identity", deep_identity, KAO_OK, NULL },
    { "100000 Relu", deep_relu, KAO_OK, NULL },
    { "20000 Conv", deep_conv, KAO_OK, NULL },
    { "late readers", late_readers, KAO_OK, NULL },
    { "long lives", long_lives, KAO_OK, NULL },
    { "shape chain", shape_chain, KAO_OK, NULL },
    { "100000 Reshape", reshape_chain, KAO_OK, NULL },
    { "4096 outputs", outputs_at_limit, KAO_OK, NULL },
    { "4097 outputs", outputs_past_limit, KAO_E_LIMIT, "outputs" },
    { "100001 nodes", nodes_past_limit, KAO_E_LIMIT, "nodes" },
    { "values", values_past_limit, KAO_E_LIMIT, "more than 1000000 names" },
    { "4097 arguments", arguments_past_limit, KAO_E_LIMIT, "arguments" },
    { "elements", elements_past_limit, KAO_E_LIMIT, "too large" },
    { "shape overflows", shape_overflows, KAO_E_LIMIT, "too large" },
    { "shape negative", shape_negative, KAO_E_LIMIT, "negative" },
    { "8 GiB output", output_of_eight_gib, KAO_E_LIMIT, "outputs" },
    { "empty but wide", empty_but_wide, KAO_OK, NULL },
    { "activations", activations_past_limit, KAO_E_LIMIT, "activations" },
    { "Softmax of nothing", softmax_nothing, KAO_OK, NULL },
    { "LpNorm of nothing", lp_norm_nothing, KAO_OK, NULL },
    { "MaxPool of nothing", pool_nothing, KAO_OK, NULL },
    { "Softmax, later", softmax_nothing_later, KAO_OK, NULL },
    { "Conv of nothing", conv_nothing, KAO_E_LIMIT, "multiply-adds" },
    { "fold bomb", fold_bomb, KAO_OK, NULL },
    { "Concat overflow", concat_overflow, KAO_E_LIMIT, "shape" },
    { "MatMul work", matmul_work, KAO_E_LIMIT, "multiply-adds" },
    { "work adds up", work_adds_up, KAO_E_LIMIT, "multiply-adds" },
    { "kernel 2^40", kernel_huge, KAO_OK, NULL },
    { "kernel 2^20+1", kernel_past_sense, KAO_E_UNSUPPORTED, "kernel_shape 1048577" },
    { "pads 2^20", pads_huge, KAO_E_LIMIT, "shape" },
    { "window too large", window_too_large, KAO_E_FORMAT, "larger than" },
    { "dilation 2^20", dilation_huge, KAO_E_FORMAT, "larger than" },
    { "window over 2^32", dilation_absurd, KAO_E_LIMIT,
      "reaches over 4294967297 pixels, at most 2147483647" },
    { "Resize by 10^9", resize_huge, KAO_E_FORMAT, "scale" },
    { "Resize long axis", resize_long_axis, KAO_E_LIMIT, "axis 3" },
    { "Resize long empty", resize_long_empty, KAO_E_LIMIT, "axis 3" },
    { "Resize by NaN", resize_nan, KAO_E_FORMAT, "scale" },
    { "Resize, NaN in roi", resize_nan_roi, KAO_OK, NULL },
    { "Gather outside", gather_outside, KAO_OK, NULL },
    { "Gather from nothing", gather_from_nothing, KAO_E_FORMAT, "size 0" },
    { "Slice extremes", slice_extremes, KAO_OK, NULL },
    { "Slice step 0", slice_step_zero, KAO_E_FORMAT, "step 0" },
    { "Pad by -1", pad_negative, KAO_OK, NULL },
    { "Pad by -3", pad_too_negative, KAO_E_FORMAT, "pads -3" },
    { "Pad by 2^63-1", pad_huge, KAO_E_FORMAT, "pads 9223372036854775807" },
    { "Pad by -2^63", pad_minimum, KAO_E_FORMAT, "pads -9223372036854775808" },
    { "Pad an axis twice", pad_axis_twice, KAO_E_FORMAT, "axis 2 twice" },
    { "Resize an axis twice", resize_axis_twice, KAO_E_FORMAT, "axis 3 twice" },
    { "Tile overflow", tile_overflow, KAO_E_LIMIT, "repeated 9223372036854775807" },
    { "Expand by 2^40", expand_huge, KAO_E_LIMIT, "too large" },
    { "5 of 4", top_past_axis, KAO_E_FORMAT, "5 of 4" },
    { "TopK minimum", top_minimum, KAO_E_FORMAT, "of 4" },
    { "CumSum axis", cum_sum_axis, KAO_E_FORMAT, "axis 4" },
    { "Squeeze of 4", squeeze_four, KAO_E_FORMAT, "4 elements, wanted 1" },
    { "GatherND too deep", gather_nd_deep, KAO_E_FORMAT, "places of 5 axes" },
    { "GatherND outside", gather_nd_outside, KAO_OK, NULL },
    { "Range by 0", range_by_zero, KAO_E_LIMIT, "by 0" },
    { "Range of all", range_huge, KAO_E_LIMIT, "from -9.22337e+18" },
    { "OneHot of 2^63", one_hot_huge, KAO_E_FORMAT, "depth 9.22337e+18" },
    { "NonZero of 4097", non_zero_of_many, KAO_E_LIMIT, "more than 4096" },
    { "NonMaxSuppression of 4097", suppression_of_many, KAO_E_LIMIT, "more than 4096" },
    { "NonMaxSuppression misfit", suppression_misfit, KAO_E_FORMAT, "do not fit" },
    { "NonMaxSuppression of NaN", suppression_of_nan, KAO_OK, NULL },
    { "NonMaxSuppression by 0", suppression_by_list, KAO_E_FORMAT,
      "input 2 is no scalar" },
    { "Resize cubic whole", resize_antialias_whole, KAO_E_UNSUPPORTED,
      "cubic on int32" },
    { "Einsum work", einsum_work, KAO_E_LIMIT, "multiply-adds" },
    { "rank 9", rank_past_limit, KAO_E_LIMIT, "dimensions" },
    { "Reshape overflow", reshape_overflow, KAO_E_FORMAT, "target shape" },
    { "Reshape wrap", reshape_wrap, KAO_E_FORMAT, "target shape" },
    { "Reshape minimum", reshape_minimum, KAO_E_FORMAT, "target shape" },
};

/* ---- what it took ---- */

typedef struct
    tally { /* of an allocator: calls, bytes given out and the most of them */
    size_t calls, live, peak;
} tally;

enum { HEAD = KAO_ALIGN }; /* before each block: its size */

static void *counted_alloc(void *user, size_t size, size_t align)
{
    tally *t = user;
    const size_t whole = (size + HEAD + align - 1) / align * align;
    unsigned char *p = align <= HEAD ? aligned_alloc(HEAD, whole) : NULL;

    if (!p)
        return NULL;
    memcpy(p, &size, sizeof size);
    t->calls++;
    t->live += size;
    t->peak = t->live > t->peak ? t->live : t->peak;
    return p + HEAD;
}

static void counted_free(void *user, void *block)
{
    size_t size = 0;

    if (!block)
        return;
    memcpy(&size, (unsigned char *)block - HEAD, sizeof size);
    ((tally *)user)->live -= size;
    free((unsigned char *)block - HEAD);
}

/* Bounds by the size of the file: no row asks for more than a constant a byte. */
enum { BLOCKS = 128, BYTES_A_BLOCK = 32, SMALL = 1 << 20, BYTES_A_BYTE = 320 };
static const uint64_t most_work = (uint64_t)1 << 34;

static void try_one(const hostile *h, uint32_t passes)
{
    tally t = { 0 };
    const kao_allocator hooks = { counted_alloc, counted_free, &t };
    const kao_context_options options = { .allocator = &hooks, .n_threads = 1 };
    float x[16] = { 1, 2, 3, 4, 5, 6, 7, 8 };
    int64_t s0 = 16;
    kao_tensor in[2] = {
        tensor_of("1,1,4,4", x),
        { .dtype = KAO_I64, .rank = 1, .dims = { 1 }, .strides = { 1 }, .data = &s0 }
    };
    kao_context *ctx = NULL;
    kao_network *m = NULL;
    kao_session *s = NULL;
    pb file = h->make();
    kao_error err = { 0 };
    size_t data =
        h->make == fold_bomb ? (size_t)1 << 28 : 0; /* the budget of folding */
    uint64_t work = 0;

    assert_int_equal(kao_context_create(&ctx, &options, NULL), KAO_OK);
    const kao_status st =
        run_graph(ctx, &file, passes, in, h->make == shape_chain ? 2 : 1, &m, &s, &err);

    /* a machine of 32 bits may refuse the size of a tensor before all else */
    const bool by_size = SIZE_MAX == UINT32_MAX && st == KAO_E_LIMIT;

    if (!by_size && (st != h->status || (h->message && !strstr(err.msg, h->message))))
        fail_msg("%s: status %d: %s", h->name, (int)st, err.msg);
    if (!st) {
        const kao_plan *plan = kao_session_plan(s);

        work = plan->work;
        data += plan->arena_bytes + plan->scratch_bytes + plan->constant_bytes;
        for (uint32_t i = 0; i < plan->n_outputs; i++)
            data += (size_t)kao_tensor_count(&plan->outputs[i]) * 8 + KAO_ALIGN;
    }
    if (getenv("KAO_COUNTS"))
        printf("%-20s %6zu blocks %11zu bytes of %9zu, data %9zu, work %llu\n", h->name,
               t.calls, t.peak, file.n, data, (unsigned long long)work);
    if (t.calls > BLOCKS + file.n / BYTES_A_BLOCK)
        fail_msg("%s: %zu blocks for a file of %zu bytes", h->name, t.calls, file.n);
    if (t.peak > SMALL + BYTES_A_BYTE * file.n + data)
        fail_msg("%s: %zu bytes for a file of %zu", h->name, t.peak, file.n);
    if (work > most_work)
        fail_msg("%s: work %llu", h->name, (unsigned long long)work);
    kao_session_destroy(s);
    kao_network_destroy(m);
    kao_context_destroy(ctx);
    pb_free(&file);
    assert_int_equal(t.live, 0);
}

static void planned_by_all_passes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        try_one(&rows[i], KAO_PASS_ALL);
}

static void planned_generically(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        if (rows[i].make != fold_bomb) /* unread steps run too: 4 GiB of activations */
            try_one(&rows[i], 0);
}

/* Values of inputs that decide shapes are kept in the plan: they have a limit. */
static void bound_inputs_are_small(void **state)
{
    fixture *f = *state;
    static int64_t big[KAO_MAX_BOUND_BYTES / 8 + 1];
    float x[16] = { 0 };
    kao_tensor in[2] = {
        tensor_of("1,1,4,4", x),
        { .dtype = KAO_I64, .rank = 1, .strides = { 1 }, .data = big }
    };

    for (int64_t n = 8192; n <= 8193; n++) {
        kao_network *m = NULL;
        kao_session *s = NULL;
        graph g;

        graph_init(&g, 13);
        graph_input(&g, "x", KAO_F32, "1,1,4,4");
        graph_input(&g, "list", KAO_I64, "?");
        shape(&g, "i", "1", 0, 0);
        node(&g, "Gather", "list i", "first"); /* -1 */
        node(&g, "Reshape", "x first", "y");
        pb file = finish(&g, "y");

        big[0] = -1;
        in[1].dims[0] = n;
        const kao_status st = run_graph(f->ctx, &file, 0, in, 2, &m, &s, &f->err);

        assert_int_equal(st, n == 8192 ? KAO_OK : KAO_E_LIMIT);
        if (st)
            assert_non_null(strstr(f->err.msg, "\"list\" decides shapes"));
        kao_session_destroy(s);
        kao_network_destroy(m);
        pb_free(&file);
    }
}

/* More files of external data than a model may have. */
static void external_files(void **state)
{
    fixture *f = *state;
    static const float one = 1;

    for (uint32_t n = KAO_MAX_EXTERNAL; n <= KAO_MAX_EXTERNAL + 1; n++) {
        graph g;
        kao_onnx_model m;

        start(&g);
        for (uint32_t i = 0; i < n; i++) {
            pb t = { 0 }, e = { 0 }, data = { 0 };

            pb_raw(&data, &one, sizeof one);
            fixture_file(f, numbered("part", i), &data);
            pb_str(&e, 1, "location");
            pb_str(&e, 2, numbered("part", i));
            pb_str(&t, 8, numbered("w", i));
            pb_int(&t, 2, KAO_F32);
            pb_sub(&t, 13, &e);
            pb_int(&t, 14, 1);
            pb_sub(&g.nodes, 5, &t);
        }
        pb file = finish(&g, "x");
        const kao_status st =
            kao_onnx_load(&m, &f->ctx->mem, fixture_file(f, "m.onnx", &file), &f->err);

        assert_int_equal(st, n == KAO_MAX_EXTERNAL ? KAO_OK : KAO_E_LIMIT);
        if (!st)
            kao_onnx_free(&m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(planned_by_all_passes),
        cmocka_unit_test(planned_generically),
        cmocka_unit_test(bound_inputs_are_small),
        cmocka_unit_test(external_files),
    };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
