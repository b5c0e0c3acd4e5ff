/* Write the first inputs of the targets onnx, graphs, card and npy: make_graphs FUZZ/CORPUS. Run
 * once; what it wrote is in the tree, beside what the fuzzers found. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/models.h"

static const char *root;
static unsigned n_seeds;

static void put(const char *folder, pb *b)
{
    char path[512];

    snprintf(path, sizeof path, "%s/%s/seed%02u", root, folder, n_seeds++);
    write_file(path, b->p, b->n);
    pb_free(b);
}

/* One small graph an operator, so that mutation reaches each. */
static void put_operator(const char *op, const char *in, const char *attributes,
                         int opset)
{
    static const int64_t list[4] = { 1, 0, 2, 1 };
    static const float floats[4] = { 1, 1, 2, 2 };
    static const uint8_t q[2] = { 3, 200 };
    graph g;

    graph_init(&g, opset);
    graph_input(&g, "x", KAO_F32, "1,2,4,4");
    graph_noise(&g, "w", "2,2,3,3", 1, 1);
    graph_noise(&g, "m", "4,3", 2, 1);
    graph_noise(&g, "c", "2", 3, 1);
    graph_ints(&g, "i", "1", list);
    graph_ints(&g, "j", "4", list);
    graph_floats(&g, "k", "4", floats);
    graph_floats(&g, "s", "", floats);
    graph_tensor(&g, "q", KAO_U8, "2", q);
    graph_node(&g, op, in, strcmp(op, "Split") == 0 ? "y z" : "y", attributes);
    graph_node(&g, "Identity", "y", "o", "");
    graph_output(&g, "o", KAO_F32, NULL);
    pb file = graph_file(&g);

    put("onnx", &file);
}

static void operators(void)
{
    static const struct {
        const char *op, *in, *attributes;
        int opset;
    } rows[] = {
        { "Conv", "x w c", "pads=[1,1,1,1] strides=[2,1]", 13 },
        { "Conv", "x w", "dilations=[2,2] pads=[2,2,2,2]", 13 },
        { "Conv", "x x", "auto_pad=SAME_UPPER", 13 },
        { "MaxPool", "x", "kernel_shape=[3,2] strides=[2,2] ceil_mode=1", 12 },
        { "AveragePool", "x", "kernel_shape=[2,2] pads=[1,0,0,1] count_include_pad=1",
          11 },
        { "GlobalAveragePool", "x", "", 13 },
        { "BatchNormalization", "x c c c c", "", 13 },
        { "PRelu", "x c", "", 9 },
        { "Clip", "x s s", "", 13 },
        { "Clip", "x", "min=-1.0 max=1.5", 6 },
        { "Gemm", "m m", "transB=1 alpha=0.5", 13 },
        { "MatMul", "x m", "", 13 },
        { "Reshape", "x i", "", 13 },
        { "Flatten", "x", "axis=2", 13 },
        { "Transpose", "x", "perm=[0,2,3,1]", 13 },
        { "Unsqueeze", "x i", "", 13 },
        { "Slice", "x i i i i", "", 13 },
        { "Slice", "x", "starts=[0,1] ends=[9,9] axes=[2,3]", 9 },
        { "Gather", "x j", "axis=2", 13 },
        { "Pad", "x", "pads=[0,0,1,1,0,0,1,1] mode=reflect", 9 },
        { "Split", "x", "axis=1", 12 },
        { "Concat", "x x", "axis=1", 13 },
        { "Resize", "x - k", "mode=linear", 13 },
        { "Resize", "x - - j", "mode=nearest", 13 },
        { "Upsample", "x", "scales=[1.0,1.0,2.0,2.0]", 7 },
        { "Softmax", "x", "axis=1", 13 },
        { "ReduceMean", "x", "axes=[2,3] keepdims=0", 13 },
        { "LpNormalization", "x", "axis=1 p=2", 13 },
        { "DequantizeLinear", "q s", "", 13 },
        { "Cast", "x", "to=7", 13 },
        { "ConstantOfShape", "j", "", 13 },
        { "Shape", "x", "start=1 end=3", 15 },
        { "Pow", "x s", "", 13 },
        { "Div", "x c", "broadcast=1 axis=1", 6 },
        { "Sub", "j j", "", 13 },
        { "Dropout", "x", "", 10 },
        { "Exp", "x", "", 13 },
        { "LeakyRelu", "x", "alpha=0.1", 13 },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        put_operator(rows[i].op, rows[i].in, rows[i].attributes, rows[i].opset);
}

/* Choices of makers: noise is as good as any. */
static void graphs(void)
{
    n_seeds = 0;
    for (uint32_t seed = 0; seed < 12; seed++) {
        pb b = { 0 };

        for (uint32_t i = 0; i < 160; i++)
            pb_raw(&b, &(uint8_t){ (uint8_t)(noise(seed, i) * 128 + 128) }, 1);
        put("graphs", &b);
    }
}

static void cards(void)
{
    static const char *const texts[] = {
        "kind = embedder\ninput.color = rgb\ninput.size = 112\ninput.mean = 127.5\n"
        "input.scale = 1/128\ntemplate = arcface-112\n",
        "# comment\r\n\r\nkind = detector\r\nfamily = scrfd\r\ninput.size = "
        "640x480\r\n",
        "name = \xe9\xa1\x94\nthreshold.cosine = -0.25\ninput.mean = 1,2, 3\n",
        "unknown = 1\n",
        "no equals\n",
    };

    n_seeds = 0;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        pb b = { 0 };

        pb_raw(&b, texts[i], strlen(texts[i]));
        put("card", &b);
    }
}

static void arrays(void)
{
    static const char *const dicts[] = {
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (24,), }",
        "{'descr': '<i8', 'fortran_order': False, 'shape': (), }",
        "{'descr': '<f4', 'fortran_order': True, 'shape': (3, 2), }",
    };

    n_seeds = 0;
    for (uint32_t major = 1; major <= 2; major++)
        for (size_t i = 0; i < sizeof dicts / sizeof dicts[0]; i++) {
            const size_t n = strlen(dicts[i]);
            const uint8_t head[12] = { 0x93,           'N', 'U',        'M', 'P', 'Y',
                                       (uint8_t)major, 0,   (uint8_t)n, 0,   0,   0 };
            pb b = { 0 };

            pb_raw(&b, head, major == 2 ? 12 : 10);
            pb_raw(&b, dicts[i], n);
            pb_raw(&b, "abcdefghijklmnopqrstuvwx", i == 2 ? 8 : 24);
            put("npy", &b);
        }
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return 3;
    root = argv[1];
    operators();
    pb mixed = mixed_graph(), embedder = tiny_embedder();

    put("onnx", &mixed);
    put("onnx", &embedder);
    graphs();
    cards();
    arrays();
    return 0;
}
