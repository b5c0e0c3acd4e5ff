/* YOLOv3-face: Darknet-53 with three heads (Redmon and Farhadi, arXiv:1804.02767; one class), input
 * 3 x 416 x 416, maps of 18 channels at strides 32, 16 and 8: three anchors of x, y, w, h, object,
 * class. And the tiny one: seven layers with pools between, heads at 32 and 16. */
#include <stdio.h>

#include "train/arch_parts.h"

static void unit(kao_arch_maker *m, const char *in, const char *out, int64_t oc,
                 int64_t c, int64_t k, int64_t stride)
{
    char inner[KAO_ARCH_NAME], middle[KAO_ARCH_NAME], attributes[128];
    const int pad = k == 3;

    kao_arch_join(inner, out, ".c");
    kao_arch_join(middle, out, ".y");
    snprintf(attributes, sizeof attributes,
             "kernel_shape=[%d,%d] pads=[%d,%d,%d,%d] strides=[%d,%d]", (int)k, (int)k,
             pad, pad, pad, pad, (int)stride, (int)stride);
    kao_arch_conv(m, in, inner, oc, c, k, 1, attributes);
    kao_arch_norm(m, inner, middle, oc, KAO_ARCH_LINEAR);
    kao_onnx_write_node(&m->w, "LeakyRelu", middle, out, "alpha=0.1");
}

static void pair(kao_arch_maker *m, const char *op, const char *a, const char *b,
                 const char *out, const char *attributes)
{
    char inputs[2 * KAO_ARCH_NAME + 2];

    snprintf(inputs, sizeof inputs, "%s %s", a, b);
    kao_onnx_write_node(&m->w, op, inputs, out, attributes);
}

/* Halved and n residual pairs; its last map is "d<stage>". */
static void stage(kao_arch_maker *m, const char *in, int number, int n, int64_t oc)
{
    char name[KAO_ARCH_NAME], a[KAO_ARCH_NAME], b[KAO_ARCH_NAME], out[KAO_ARCH_NAME];

    snprintf(name, sizeof name, "d%d_", number);
    unit(m, in, name, oc, oc / 2, 3, 2);
    for (int i = 0; i < n; i++) {
        snprintf(a, sizeof a, "d%d_%da", number, i);
        snprintf(b, sizeof b, "d%d_%db", number, i);
        snprintf(out, sizeof out, "d%d_%d", number, i);
        if (i == n - 1)
            snprintf(out, sizeof out, "d%d", number);
        unit(m, name, a, oc / 2, oc, 1, 1);
        unit(m, a, b, oc, oc / 2, 3, 1);
        pair(m, "Add", b, name, out, "");
        snprintf(name, sizeof name, "%s", out);
    }
}

/* The maps "out<stride>" of c channels. deviation: small enough that a network of seeded weights,
 * whose values have grown layer by layer, answers with boxes and not with infinities. */
static void write_maps(kao_arch_maker *m, const char *in, int stride, int64_t c,
                       float deviation)
{
    char out[KAO_ARCH_NAME], w[KAO_ARCH_NAME], b[KAO_ARCH_NAME],
        inputs[3 * KAO_ARCH_NAME + 3];
    const int64_t channels = 18;

    snprintf(out, sizeof out, "out%d", stride);
    kao_arch_join(w, out, ".w");
    kao_arch_join(b, out, ".b");
    kao_arch_weight(m, w, (int64_t[]){ channels, c, 1, 1 }, 4, deviation, 0);
    kao_arch_weight(m, b, &channels, 1, 0, 0);
    snprintf(inputs, sizeof inputs, "%s %s %s", in, w, b);
    kao_onnx_write_node(&m->w, "Conv", inputs, out, "kernel_shape=[1,1]");
    kao_onnx_write_output(&m->w, out, KAO_F32, (int64_t[]){ -1, channels, -1, -1 }, 4);
}

/* Five layers between c and 2c channels, named h<stride>.0 .. 4, and the map "out<stride>". */
static void head(kao_arch_maker *m, const char *in, int stride, int64_t from, int64_t c)
{
    char name[KAO_ARCH_NAME], out[KAO_ARCH_NAME];

    snprintf(name, sizeof name, "%s", in);
    for (int i = 0; i < 6; i++) {
        const int64_t ic = i == 0 ? from : i % 2 ? c : 2 * c;

        snprintf(out, sizeof out, "h%d_%d", stride, i);
        unit(m, name, out, i % 2 ? 2 * c : c, ic, i % 2 ? 3 : 1, 1);
        snprintf(name, sizeof name, "%s", out);
    }
    write_maps(m, name, stride, 2 * c, 3e-6f);
}

/* A layer of a head, narrowed, doubled, joined with a finer map. */
static void join_finer(kao_arch_maker *m, const char *from, int stride, int64_t c,
                       const char *finer, const char *out)
{
    char narrow[KAO_ARCH_NAME], up[KAO_ARCH_NAME], inputs[2 * KAO_ARCH_NAME + 8];

    snprintf(narrow, sizeof narrow, "n%d", stride);
    snprintf(up, sizeof up, "u%d", stride);
    unit(m, from, narrow, c / 2, c, 1, 1);
    snprintf(inputs, sizeof inputs, "%s - twice", narrow);
    kao_onnx_write_node(&m->w, "Resize", inputs, up,
                        "mode=nearest coordinate_transformation_mode=asymmetric "
                        "nearest_mode=floor");
    pair(m, "Concat", up, finer, out, "axis=1");
}

static void begin(kao_arch_maker *m)
{
    const float twice[4] = { 1, 1, 2, 2 };

    kao_onnx_write_begin(&m->w, m->mem, 13);
    kao_onnx_write_input(&m->w, "input", KAO_F32, (int64_t[]){ -1, 3, -1, -1 }, 4);
    kao_onnx_write_tensor(&m->w, "twice", KAO_F32, (int64_t[]){ 4 }, 1, twice);
}

void kao_arch_yolov3(kao_arch_maker *m)
{
    begin(m);
    unit(m, "input", "stem", 32, 3, 3, 1);
    stage(m, "stem", 1, 1, 64);
    stage(m, "d1", 2, 2, 128);
    stage(m, "d2", 3, 8, 256);
    stage(m, "d3", 4, 8, 512);
    stage(m, "d4", 5, 4, 1024);
    head(m, "d5", 32, 1024, 512);
    join_finer(m, "h32_4", 32, 512, "d4", "j16");
    head(m, "j16", 16, 768, 256);
    join_finer(m, "h16_4", 16, 256, "d3", "j8");
    head(m, "j8", 8, 384, 128);
}

/* Darknet's last pool keeps the size: stride 1, one more row and column of minus infinity. */
void kao_arch_yolov3_tiny(kao_arch_maker *m)
{
    static const struct {
        const char *in, *out, *pooled;
        int64_t oc, c;
    } layers[] = { { "input", "t1", "p1", 16, 3 }, { "p1", "t2", "p2", 32, 16 },
                   { "p2", "t3", "p3", 64, 32 },   { "p3", "t4", "p4", 128, 64 },
                   { "p4", "t5", "p5", 256, 128 }, { "p5", "t6", "p6", 512, 256 },
                   { "p6", "t7", NULL, 1024, 512 } };

    begin(m);
    for (size_t i = 0; i < sizeof layers / sizeof layers[0]; i++) {
        unit(m, layers[i].in, layers[i].out, layers[i].oc, layers[i].c, 3, 1);
        if (layers[i].pooled)
            kao_onnx_write_node(&m->w, "MaxPool", layers[i].out, layers[i].pooled,
                                i < 5 ? "kernel_shape=[2,2] strides=[2,2]"
                                      : "kernel_shape=[2,2] pads=[0,0,1,1]");
    }
    unit(m, "t7", "h32", 256, 1024, 1, 1);
    unit(m, "h32", "g32", 512, 256, 3, 1);
    write_maps(m, "g32", 32, 512, 0.01f);
    join_finer(m, "h32", 32, 256, "t5", "j16");
    unit(m, "j16", "g16", 256, 384, 3, 1);
    write_maps(m, "g16", 16, 256, 0.01f);
}
