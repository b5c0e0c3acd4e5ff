/* See models.h. Seeds and scales stand in make_expected.py too. */
#include "support/models.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the detector ---- */

enum { WIDTH = 8, MEANS = 3, JOINED = WIDTH + MEANS };

static void conv(graph *g, const char *in, const char *out, const char *weight_dims,
                 uint32_t seed, float scale, const char *bias_dims,
                 const char *attributes)
{
    char w[40], b[40], args[128];

    snprintf(w, sizeof w, "%s.w", out);
    snprintf(b, sizeof b, "%s.b", out);
    snprintf(args, sizeof args, "%s %s %s", in, w, b);
    graph_noise(g, w, weight_dims, seed, scale);
    graph_noise(g, b, bias_dims, seed + 1, 0.1f);
    graph_node(g, "Conv", args, out, attributes);
}

static void backbone(graph *g)
{
    float mean[MEANS * 64];
    const float scales[4] = { 1, 1, 2, 2 };

    conv(g, "input", "s0", "8,3,3,3", 10, 0.002f, "8", "pads=[1,1,1,1] strides=[2,2]");
    graph_node(g, "Relu", "s0", "s0r", "");
    conv(g, "s0r", "s1", "8,1,3,3", 12, 0.3f, "8",
         "pads=[1,1,1,1] strides=[2,2] group=8");
    conv(g, "s1", "s2", "8,8,1,1", 14, 0.4f, "8", "");
    graph_node(g, "Relu", "s2", "s2r", "");
    graph_node(g, "MaxPool", "s2r", "f8", "kernel_shape=[2,2] strides=[2,2]");
    graph_node(g, "MaxPool", "f8", "p16", "kernel_shape=[2,2] strides=[2,2]");
    conv(g, "p16", "c16", "8,8,1,1", 16, 0.4f, "8", "");
    graph_node(g, "Relu", "c16", "f16", "");
    graph_node(g, "MaxPool", "f16", "f32", "kernel_shape=[2,2] strides=[2,2]");
    graph_floats(g, "scales", "4", scales);
    graph_node(
        g, "Resize", "f32 - scales", "up16",
        "mode=nearest coordinate_transformation_mode=asymmetric nearest_mode=floor");
    graph_node(g, "Add", "f16 up16", "g16", "");
    for (int i = 0; i < MEANS * 64; i++)
        mean[i] = 1.0f / (64 * 255);
    graph_floats(g, "mean.w", "3,1,8,8", mean);
    graph_node(g, "Conv", "input mean.w", "m8", "strides=[8,8] group=3");
    graph_node(g, "AveragePool", "m8", "m16", "kernel_shape=[2,2] strides=[2,2]");
    graph_node(g, "AveragePool", "m16", "m32", "kernel_shape=[2,2] strides=[2,2]");
    graph_node(g, "Concat", "f8 m8", "j8", "axis=1");
    graph_node(g, "Concat", "g16 m16", "j16", "axis=1");
    graph_node(g, "Concat", "f32 m32", "j32", "axis=1");
}

typedef struct head {
    const char *kind;
    uint32_t n;
    bool sigmoid;
} head;

static const head heads[4] = {
    { "cls", 1, true }, { "obj", 1, true }, { "bbox", 4, false }, { "kps", 10, false }
};

/* What a head says besides noise: its bias, and for scores the brightness of one
 * channel. */
static float head_bias(uint32_t h, uint32_t o)
{
    static const float points[10] = {
        38.2946f, 51.6963f, 73.5318f, 51.5014f, 56.0252f,
        71.7366f, 41.5493f, 92.3655f, 70.7299f, 92.2041f
    };
    static const float box[4] = { 0.5f, 0.5f, 0.875468737f,
                                  1.131402111f }; /* ln 2.4, 3.1 */

    return h < 2 ? -12 : h == 2 ? box[o] : 0.5f + (points[o] / 112 - 0.5f) * 2.5f;
}

/* 1x1 convolution to n channels, then a depthwise 3x3 that is nearly the identity. */
static void add_head(graph *g, uint32_t level, uint32_t h)
{
    const uint32_t n = heads[h].n, seed = 100 + 10 * level + 2 * h;
    const int stride = 8 << level;
    float w[10 * JOINED], b[10], dw[10 * 9];
    char name[8][32], dims[32], text[128];
    static const char *const suffix[8] = {
        ".w", ".b", ".d", ".p", ".q", ".t", ".r", ""
    };

    for (int i = 0; i < 8; i++)
        snprintf(name[i], sizeof name[i], "%s_%d%s", heads[h].kind, stride, suffix[i]);
    for (uint32_t o = 0; o < n; o++) {
        for (uint32_t i = 0; i < JOINED; i++)
            w[o * JOINED + i] = i < WIDTH ? 0.02f * noise(seed, o * WIDTH + i) : 0;
        if (h < 2)
            w[WIDTH + 2 - level] = 24; /* red (2), green (1), blue (0) of BGR */
        b[o] = head_bias(h, o);
        for (uint32_t i = 0; i < 9; i++)
            dw[o * 9 + i] = i == 4 ? 1 : 0.002f * noise(seed + 1, o * 9 + i);
    }
    snprintf(dims, sizeof dims, "%u,%d,1,1", n, JOINED);
    graph_floats(g, name[0], dims, w);
    snprintf(dims, sizeof dims, "%u", n);
    graph_floats(g, name[1], dims, b);
    snprintf(dims, sizeof dims, "%u,1,3,3", n);
    graph_floats(g, name[2], dims, dw);
    snprintf(text, sizeof text, "j%d %s %s", stride, name[0], name[1]);
    graph_node(g, "Conv", text, name[3], "");
    snprintf(text, sizeof text, "%s %s", name[3], name[2]);
    snprintf(dims, sizeof dims, "pads=[1,1,1,1] group=%u", n);
    graph_node(g, "Conv", text, name[4], dims);
    graph_node(g, "Transpose", name[4], name[5], "perm=[0,2,3,1]");
    snprintf(text, sizeof text, "%s rows%u", name[5], n);
    graph_node(g, "Reshape", text, heads[h].sigmoid ? name[6] : name[7], "");
    if (heads[h].sigmoid)
        graph_node(g, "Sigmoid", name[6], name[7], "");
}

pb tiny_detector(void)
{
    static const int64_t rows[3][3] = { { 1, -1, 1 }, { 1, -1, 4 }, { 1, -1, 10 } };
    graph g;
    char name[16], dims[16];

    graph_init(&g, 13);
    graph_input(&g, "input", KAO_F32, "1,3,?,?");
    graph_ints(&g, "rows1", "3", rows[0]);
    graph_ints(&g, "rows4", "3", rows[1]);
    graph_ints(&g, "rows10", "3", rows[2]);
    backbone(&g);
    for (uint32_t level = 0; level < 3; level++)
        for (uint32_t h = 0; h < 4; h++)
            add_head(&g, level, h);
    for (uint32_t h = 0; h < 4; h++)
        for (int level = 0; level < 3; level++) {
            snprintf(name, sizeof name, "%s_%d", heads[h].kind, 8 << level);
            snprintf(dims, sizeof dims, "1,?,%u", heads[h].n);
            graph_output(&g, name, KAO_F32, dims);
        }
    graph_meta(&g, "kao.kind", "detector");
    graph_meta(&g, "kao.family", "yunet");
    graph_meta(&g, "kao.name", "tiny test detector");
    return graph_file(&g);
}

/* ---- the embedder ---- */

static void norm(graph *g, const char *in, const char *out, const char *dims,
                 uint32_t seed)
{
    char name[4][32], args[192];
    static const char *const suffix[4] = { ".scale", ".beta", ".mean", ".var" };

    for (uint32_t i = 0; i < 4; i++) {
        snprintf(name[i], sizeof name[i], "%s%s", out, suffix[i]);
        graph_noise_around(g, name[i], dims, seed + i, i == 3 ? 0.5f : 0.2f,
                           i % 3 == 0 ? 1.0f : 0.0f);
    }
    snprintf(args, sizeof args, "%s %s %s %s %s", in, name[0], name[1], name[2],
             name[3]);
    graph_node(g, "BatchNormalization", args, out, "epsilon=0.00001");
}

static void prelu(graph *g, const char *in, const char *out, const char *dims,
                  uint32_t seed)
{
    char slope[32], args[96];

    snprintf(slope, sizeof slope, "%s.slope", out);
    snprintf(args, sizeof args, "%s %s", in, slope);
    graph_noise_around(g, slope, dims, seed, 0.2f, 0.25f);
    graph_node(g, "PRelu", args, out, "");
}

pb tiny_embedder(void)
{
    graph g;

    graph_init(&g, 12);
    graph_input(&g, "data", KAO_F32, "?,3,32,32");
    conv(&g, "data", "e0", "8,3,3,3", 300, 0.4f, "8", "pads=[1,1,1,1] strides=[2,2]");
    norm(&g, "e0", "e0n", "8", 310);
    prelu(&g, "e0n", "e0p", "8,1,1", 320);
    conv(&g, "e0p", "e1", "8,1,3,3", 330, 0.5f, "8", "pads=[1,1,1,1] group=8");
    prelu(&g, "e1", "e1p", "8,1,1", 340);
    conv(&g, "e1p", "e2", "8,8,1,1", 350, 0.5f, "8", "");
    graph_node(&g, "Add", "e2 e0p", "e2a", "");
    conv(&g, "e2a", "e3", "8,1,3,3", 360, 0.5f, "8",
         "pads=[1,1,1,1] strides=[2,2] group=8");
    conv(&g, "e3", "e4", "16,8,1,1", 370, 0.5f, "16", "");
    norm(&g, "e4", "e4n", "16", 380);
    prelu(&g, "e4n", "e4p", "16,1,1", 390);
    conv(&g, "e4p", "e5", "16,1,8,8", 400, 0.3f, "16", "group=16");
    graph_node(&g, "Flatten", "e5", "flat", "axis=1");
    graph_noise(&g, "fc.w", "16,16", 410, 0.5f);
    graph_noise(&g, "fc.b", "16", 411, 0.1f);
    graph_node(&g, "Gemm", "flat fc.w fc.b", "fc", "transB=1");
    norm(&g, "fc", "embedding", "16", 420);
    graph_output(&g, "embedding", KAO_F32, "?,16");
    graph_meta(&g, "kao.kind", "embedder");
    graph_meta(&g, "kao.input.color", "rgb");
    graph_meta(&g, "kao.input.size", "32");
    graph_meta(&g, "kao.input.mean", "127.5");
    graph_meta(&g, "kao.input.scale", "1/128");
    graph_meta(&g, "kao.template", "arcface-112");
    graph_meta(&g, "kao.threshold.cosine", "0.9");
    graph_meta(&g, "kao.name", "tiny test embedder");
    return graph_file(&g);
}

/* ---- networks that look at faces ---- */

typedef struct analyser_form {
    const char *name;
    int n;
    float w[6], b[6];
    const char *card[8]; /* key, value ..; NULL last */
} analyser_form;

static const analyser_form analysers[TINY_ANALYSERS] = {
    { "landmarks",
      6,
      { 0 },
      { .25f, .25f, .75f, .25f, .5f, 1 },
      { "output.decode", "share", NULL } },
    { "quality", 2, { 1, 1 }, { -.01f, .01f }, { "output.decode", "mean", NULL } },
    { "pose",
      3,
      { 0 },
      { 10, -5, 3 },
      { "output.decode", "degrees", "output.angles", "yaw pitch roll", NULL } },
    { "liveness",
      2,
      { -1, 1 },
      { 1, 0 },
      { "output.decode", "probability", "output.live", "1", "template.margin", "2",
        NULL } },
};

const char *tiny_analyser_name(int i)
{
    return analysers[i].name;
}

pb tiny_analyser(int i)
{
    const analyser_form *a = &analysers[i];
    float w[18];
    char dims[16], key[40];
    graph g;

    for (int k = 0; k < 3 * a->n; k++)
        w[k] = a->w[k / 3] / 3;
    graph_init(&g, 13);
    graph_input(&g, "x", KAO_F32, "1,3,16,16");
    graph_node(&g, "GlobalAveragePool", "x", "mean", "");
    graph_node(&g, "Flatten", "mean", "flat", "axis=1");
    snprintf(dims, sizeof dims, "%d,3", a->n);
    graph_floats(&g, "w", dims, w);
    snprintf(dims, sizeof dims, "%d", a->n);
    graph_floats(&g, "b", dims, a->b);
    graph_node(&g, "Gemm", "flat w b", "y", "transB=1");
    snprintf(dims, sizeof dims, "1,%d", a->n);
    graph_output(&g, "y", KAO_F32, dims);
    graph_meta(&g, "kao.kind", a->name);
    graph_meta(&g, "kao.input.color", "rgb");
    graph_meta(&g, "kao.input.mean", "0");
    graph_meta(&g, "kao.input.scale", "1/255");
    graph_meta(&g, "kao.template", strcmp(a->name, "liveness") == 0 ? "inside" : "box");
    for (int k = 0; a->card[k]; k += 2) {
        snprintf(key, sizeof key, "kao.%s", a->card[k]);
        graph_meta(&g, key, a->card[k + 1]);
    }
    return graph_file(&g);
}

/* ---- most operators ---- */

/* A Resize to twice the size of a value, the size computed from its shape. */
static void resize_by_shape(graph *g)
{
    static const int64_t two[1] = { 2 }, zero[1] = { 0 };
    pb last = tensor_proto("", KAO_I64, "2", (const int64_t[]){ 2, 3 });

    graph_node_tensor(g, "Constant", "", "last", "value", &last);
    graph_ints(g, "two", "1", two);
    graph_ints(g, "zero", "1", zero);
    graph_node(g, "Shape", "p", "p.shape", "");
    graph_node(g, "Gather", "p.shape last", "p.size", "axis=0");
    graph_node(g, "Mul", "p.size two", "p.twice", "");
    graph_node(g, "Slice", "p.shape zero two", "p.front", "");
    graph_node(g, "Concat", "p.front p.twice", "sizes", "axis=0");
    graph_node(g, "Resize", "p - - sizes", "up", "mode=linear");
}

pb flat_model(const char *dims)
{
    graph g;

    graph_init(&g, 13);
    graph_input(&g, "x", KAO_F32, dims);
    graph_node(&g, "Flatten", "x", "y", "axis=1");
    graph_output(&g, "y", KAO_F32, NULL);
    return graph_file(&g);
}

pb mixed_graph(void)
{
    static const int8_t q[6] = { -128, -1, 0, 1, 5, 127 };
    static const float scale = 0.02f, bounds[2] = { -1.5f, 1.5f };
    static const int64_t pads[8] = { 0, 0, 1, 0, 0, 0, 0, 1 }, rows[2] = { 2, -1 },
                         axis[1] = { 0 };
    graph g;

    graph_init(&g, 13);
    graph_input(&g, "x", KAO_F32, "?,3,?,?");
    conv(&g, "x", "c", "8,3,3,3", 500, 0.3f, "8", "pads=[1,1,1,1]");
    norm(&g, "c", "cn", "8", 510);
    prelu(&g, "cn", "cp", "8,1,1", 520);
    graph_node(&g, "MaxPool", "cp", "p", "kernel_shape=[2,2] strides=[2,2]");
    resize_by_shape(&g);
    graph_node(&g, "Add", "up cp", "a", "");
    graph_node(&g, "Split", "a", "a1 a2", "axis=1");
    graph_node(&g, "Sigmoid", "a1", "gate", "");
    graph_node(&g, "Mul", "gate a2", "m", "");
    graph_floats(&g, "lo", "", &bounds[0]);
    graph_floats(&g, "hi", "", &bounds[1]);
    graph_node(&g, "Clip", "m lo hi", "mc", "");
    graph_ints(&g, "pads", "8", pads);
    graph_node(&g, "Pad", "mc pads", "padded", "mode=reflect");
    graph_node(&g, "Transpose", "padded", "t", "perm=[0,2,3,1]");
    graph_node(&g, "Softmax", "t", "soft", "axis=-1");
    graph_node(&g, "ReduceMean", "soft", "mean", "axes=[1,2] keepdims=0");
    graph_tensor(&g, "q", KAO_I8, "2,3", q);
    graph_floats(&g, "q.scale", "", &scale);
    graph_node(&g, "DequantizeLinear", "q q.scale", "dq", "");
    graph_noise(&g, "fc.w", "4,2", 530, 0.5f);
    graph_node(&g, "Gemm", "mean fc.w", "fc", "alpha=0.5");
    graph_node(&g, "MatMul", "fc dq", "mm", "");
    graph_node(&g, "Dropout", "mm", "drop", "");
    graph_node(&g, "Exp", "drop", "e", "");
    graph_ints(&g, "rows", "2", rows);
    graph_ints(&g, "axis", "1", axis);
    graph_node(&g, "Concat", "e e", "ee", "axis=0");
    graph_node(&g, "Reshape", "ee rows", "y", "");
    graph_node(&g, "Cast", "y", "yi", "to=7");
    graph_node(&g, "Unsqueeze", "yi axis", "n", "");
    graph_output(&g, "y", KAO_F32, "2,?");
    graph_output(&g, "n", KAO_I64, NULL);
    return graph_file(&g);
}

/* ---- pictures and files ---- */

void fill_box(const kao_image *image, uint32_t x, uint32_t y, uint32_t w, uint32_t h,
              uint8_t r, uint8_t g, uint8_t b)
{
    for (uint32_t j = y; j < y + h; j++)
        for (uint32_t i = x; i < x + w; i++) {
            uint8_t *p = image->rgb + j * image->row_bytes + (size_t)i * 3;

            p[0] = r;
            p[1] = g;
            p[2] = b;
        }
}

uint8_t chip_at(uint32_t x, uint32_t y, uint32_t c)
{
    return (uint8_t)((x * 7 + y * 13 + c * 29 + x * y / 4) % 256);
}

void chip_fill(const kao_image *chip)
{
    for (uint32_t y = 0; y < chip->height; y++)
        for (uint32_t x = 0; x < chip->width; x++)
            for (uint32_t c = 0; c < 3; c++)
                chip->rgb[y * chip->row_bytes + (size_t)x * 3 + c] = chip_at(x, y, c);
}

void write_file(const char *path, const void *bytes, size_t n)
{
    FILE *f = fopen(path, "wb");

    if (!f || fwrite(bytes, 1, n, f) != n || fclose(f) != 0) {
        perror(path);
        abort();
    }
}

const char *temp_folder(char *buf, size_t cap)
{
    const char *base = getenv("TMPDIR");

    snprintf(buf, cap, "%s/kao-test-XXXXXX", base && base[0] ? base : "/tmp");
    if (!mkdtemp(buf)) {
        perror(buf);
        abort();
    }
    return buf;
}
