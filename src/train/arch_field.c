/* The field's architectures with seeded weights: embedders.
 *
 *   iresnet18 .. 200   improved residual networks of the ArcFace paper (arXiv:1801.07698), input
 *                      3 x 112 x 112, 512 numbers
 *   mobilefacenet      Chen et al., arXiv:1804.07573, input 3 x 112 x 112, 128 numbers
 *   mbf                the wider one of insightface's recipes, 512 numbers
 *   resnet_face18      grey 128 x 128, 512 numbers, one slope for a whole map
 *   yolov3_face        the detector, in arch_yolo.c; yolov3_face_tiny, its small form
 *
 * Parameters and multiply-adds are those that are published (the tests have them). */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "train/arch_parts.h"

enum { TEXT = 3 * KAO_ARCH_NAME };

static void conv(kao_arch_maker *m, const char *in, const char *out, int64_t oc,
                 int64_t c, int64_t k, int64_t stride, int64_t groups)
{
    const int64_t pad = k == 3;
    char attributes[128];

    snprintf(attributes, sizeof attributes,
             "kernel_shape=[%lld,%lld] pads=[%lld,%lld,%lld,%lld] strides=[%lld,%lld] "
             "group=%lld",
             (long long)k, (long long)k, (long long)pad, (long long)pad, (long long)pad,
             (long long)pad, (long long)stride, (long long)stride, (long long)groups);
    kao_arch_conv(m, in, out, oc, c, k, groups, attributes);
}

/* conv, normalised, act; the inner names are out.c. */
static void unit(kao_arch_maker *m, const char *in, const char *out, int64_t oc,
                 int64_t c, int64_t k, int64_t stride, int64_t groups, kao_arch_act act)
{
    char inner[KAO_ARCH_NAME];

    kao_arch_join(inner, out, ".c");
    conv(m, in, inner, oc, c, k, stride, groups);
    kao_arch_norm(m, inner, out, oc, act);
}

static void add(kao_arch_maker *m, const char *a, const char *b, const char *out)
{
    char inputs[TEXT];

    snprintf(inputs, sizeof inputs, "%s %s", a, b);
    kao_onnx_write_node(&m->w, "Add", inputs, out, "");
}

/* out = in flattened times weights, with a bias or without. */
static void dense(kao_arch_maker *m, const char *in, const char *out, int64_t n,
                  int64_t c, float deviation, bool bias)
{
    char flat[KAO_ARCH_NAME], w[KAO_ARCH_NAME], b[KAO_ARCH_NAME], inputs[TEXT + 8];

    kao_arch_join(flat, out, ".f");
    kao_arch_join(w, out, ".w");
    kao_arch_join(b, out, ".b");
    kao_onnx_write_node(&m->w, "Flatten", in, flat, "axis=1");
    kao_arch_weight(m, w, (int64_t[]){ n, c }, 2, deviation, 0);
    if (bias)
        kao_arch_weight(m, b, &n, 1, 0, 0);
    snprintf(inputs, sizeof inputs, "%s %s%s%s", flat, w, bias ? " " : "",
             bias ? b : "");
    kao_onnx_write_node(&m->w, "Gemm", inputs, out, "transB=1");
}

static void begin(kao_arch_maker *m, int64_t colors, int64_t side)
{
    kao_onnx_write_begin(&m->w, m->mem, 13);
    kao_onnx_write_input(&m->w, "input", KAO_F32, (int64_t[]){ -1, colors, side, side },
                         4);
}

static void end(kao_arch_maker *m, int64_t dim)
{
    kao_onnx_write_output(&m->w, "embedding", KAO_F32, (int64_t[]){ -1, dim }, 2);
}

/* ---- iResNet ---- */

static void iresnet_block(kao_arch_maker *m, const char *in, const char *out, int64_t c,
                          int64_t oc, int64_t stride)
{
    char a[KAO_ARCH_NAME], b[KAO_ARCH_NAME], d[KAO_ARCH_NAME], side[KAO_ARCH_NAME];

    kao_arch_join(a, out, "n");
    kao_arch_join(b, out, "p");
    kao_arch_join(d, out, "q");
    kao_arch_join(side, out, "s");
    kao_arch_norm(m, in, a, c, KAO_ARCH_LINEAR);
    unit(m, a, b, oc, c, 3, 1, 1, KAO_ARCH_PRELU);
    unit(m, b, d, oc, oc, 3, stride, 1, KAO_ARCH_LINEAR);
    if (stride != 1 || c != oc)
        unit(m, in, side, oc, c, 1, stride, 1, KAO_ARCH_LINEAR);
    add(m, d, stride != 1 || c != oc ? side : in, out);
}

static void iresnet(kao_arch_maker *m, const int blocks[4])
{
    char name[KAO_ARCH_NAME] = "stem", out[KAO_ARCH_NAME];
    int64_t c = 64;

    m->deviation = 0.1f;
    begin(m, 3, 112);
    unit(m, "input", "stem", 64, 3, 3, 1, 1, KAO_ARCH_PRELU);
    for (int s = 0; s < 4; s++)
        for (int i = 0; i < blocks[s]; i++) {
            const int64_t oc = (int64_t)64 << s;

            snprintf(out, sizeof out, "s%db%d", s + 1, i);
            iresnet_block(m, name, out, c, oc, i == 0 ? 2 : 1);
            c = oc;
            snprintf(name, sizeof name, "%s", out);
        }
    kao_arch_norm(m, name, "last", 512, KAO_ARCH_LINEAR);
    dense(m, "last", "numbers", 512, 512 * 49, 1 / sqrtf(3 * 512 * 49), true);
    kao_arch_norm(m, "numbers", "embedding", 512, KAO_ARCH_LINEAR);
    end(m, 512);
}

static void iresnet18(kao_arch_maker *m)
{
    iresnet(m, (const int[4]){ 2, 2, 2, 2 });
}
static void iresnet34(kao_arch_maker *m)
{
    iresnet(m, (const int[4]){ 3, 4, 6, 3 });
}
static void iresnet50(kao_arch_maker *m)
{
    iresnet(m, (const int[4]){ 3, 4, 14, 3 });
}
static void iresnet100(kao_arch_maker *m)
{
    iresnet(m, (const int[4]){ 3, 13, 30, 3 });
}
static void iresnet200(kao_arch_maker *m)
{
    iresnet(m, (const int[4]){ 6, 26, 60, 6 });
}

/* ---- MobileFaceNet and its wider kin ---- */

/* 1x1 to `inner` channels, depthwise 3x3, linear 1x1; the input added where nothing changes. */
static void bottleneck(kao_arch_maker *m, const char *in, const char *out, int64_t c,
                       int64_t inner, int64_t oc, int64_t stride, bool residual)
{
    char a[KAO_ARCH_NAME], b[KAO_ARCH_NAME], d[KAO_ARCH_NAME];

    kao_arch_join(a, out, "e");
    kao_arch_join(b, out, "d");
    kao_arch_join(d, out, residual ? "p" : "");
    unit(m, in, a, inner, c, 1, 1, 1, KAO_ARCH_PRELU);
    unit(m, a, b, inner, inner, 3, stride, inner, KAO_ARCH_PRELU);
    unit(m, b, d, oc, inner, 1, 1, 1, KAO_ARCH_LINEAR);
    if (residual)
        add(m, d, in, out);
}

typedef struct bottlenecks {
    int64_t inner, oc, stride;
    int n;
} bottlenecks;

static int64_t body(kao_arch_maker *m, char name[KAO_ARCH_NAME], int64_t c,
                    const bottlenecks *rows, size_t n)
{
    char out[KAO_ARCH_NAME];

    for (size_t r = 0; r < n; r++)
        for (int i = 0; i < rows[r].n; i++) {
            const int64_t stride = i ? 1 : rows[r].stride;

            snprintf(out, sizeof out, "b%zu_%d", r, i);
            bottleneck(m, name, out, c, rows[r].inner, rows[r].oc, stride,
                       stride == 1 && c == rows[r].oc);
            c = rows[r].oc;
            snprintf(name, KAO_ARCH_NAME, "%s", out);
        }
    return c;
}

static void mobilefacenet(kao_arch_maker *m)
{
    static const bottlenecks rows[] = {
        { .inner = 128, .oc = 64, .stride = 2, .n = 1 },
        { .inner = 128, .oc = 64, .stride = 1, .n = 4 },
        { .inner = 256, .oc = 128, .stride = 2, .n = 1 },
        { .inner = 256, .oc = 128, .stride = 1, .n = 6 },
        { .inner = 512, .oc = 128, .stride = 2, .n = 1 },
        { .inner = 256, .oc = 128, .stride = 1, .n = 2 },
    };
    char name[KAO_ARCH_NAME] = "stem2";

    begin(m, 3, 112);
    unit(m, "input", "stem1", 64, 3, 3, 2, 1, KAO_ARCH_PRELU);
    unit(m, "stem1", "stem2", 64, 64, 3, 1, 64, KAO_ARCH_PRELU);
    const int64_t c = body(m, name, 64, rows, sizeof rows / sizeof rows[0]);

    unit(m, name, "wide", 512, c, 1, 1, 1, KAO_ARCH_PRELU);
    unit(m, "wide", "places", 512, 512, 7, 1, 512, KAO_ARCH_LINEAR);
    unit(m, "places", "numbers", 128, 512, 1, 1, 1, KAO_ARCH_LINEAR);
    kao_onnx_write_node(&m->w, "Flatten", "numbers", "embedding", "axis=1");
    end(m, 128);
}

static void mbf(kao_arch_maker *m)
{
    static const bottlenecks rows[] = {
        { .inner = 128, .oc = 128, .stride = 2, .n = 1 },
        { .inner = 128, .oc = 128, .stride = 1, .n = 4 },
        { .inner = 256, .oc = 256, .stride = 2, .n = 1 },
        { .inner = 256, .oc = 256, .stride = 1, .n = 6 },
        { .inner = 512, .oc = 256, .stride = 2, .n = 1 },
        { .inner = 256, .oc = 256, .stride = 1, .n = 2 },
    };
    char name[KAO_ARCH_NAME] = "stem2";

    m->fan_out = true;
    begin(m, 3, 112);
    unit(m, "input", "stem1", 128, 3, 3, 2, 1, KAO_ARCH_PRELU);
    unit(m, "stem1", "stem2", 128, 128, 3, 1, 64,
         KAO_ARCH_PRELU); /* two channels a group */
    const int64_t c = body(m, name, 128, rows, sizeof rows / sizeof rows[0]);

    unit(m, name, "wide", 512, c, 1, 1, 1, KAO_ARCH_PRELU);
    unit(m, "wide", "places", 512, 512, 7, 1, 512, KAO_ARCH_LINEAR);
    dense(m, "places", "numbers", 512, 512, sqrtf(2.0f / 512), false);
    kao_arch_norm(m, "numbers", "embedding", 512, KAO_ARCH_LINEAR);
    end(m, 512);
}

/* ---- resnet_face18 ---- */

/* One slope for the whole map, and the same one twice in a block. */
static void one_slope(kao_arch_maker *m, const char *in, const char *out,
                      const char *slope)
{
    char inputs[TEXT];

    snprintf(inputs, sizeof inputs, "%s %s", in, slope);
    kao_onnx_write_node(&m->w, "PRelu", inputs, out, "");
}

static void face_block(kao_arch_maker *m, const char *in, const char *out, int64_t c,
                       int64_t oc, int64_t stride)
{
    char a[KAO_ARCH_NAME], b[KAO_ARCH_NAME], d[KAO_ARCH_NAME], e[KAO_ARCH_NAME],
        sum[KAO_ARCH_NAME], side[KAO_ARCH_NAME], slope[KAO_ARCH_NAME];
    const bool changes = stride != 1 || c != oc;

    kao_arch_join(a, out, "n");
    kao_arch_join(b, out, "p");
    kao_arch_join(d, out, "r");
    kao_arch_join(e, out, "q");
    kao_arch_join(sum, out, "t");
    kao_arch_join(side, out, "s");
    kao_arch_join(slope, out, ".a");
    kao_arch_weight(m, slope, (int64_t[]){ 1 }, 1, 0, 0.25f);
    kao_arch_norm(m, in, a, c, KAO_ARCH_LINEAR);
    unit(m, a, b, c, c, 3, 1, 1, KAO_ARCH_LINEAR);
    one_slope(m, b, d, slope);
    unit(m, d, e, oc, c, 3, stride, 1, KAO_ARCH_LINEAR);
    if (changes)
        unit(m, in, side, oc, c, 1, stride, 1, KAO_ARCH_LINEAR);
    add(m, e, changes ? side : in, sum);
    one_slope(m, sum, out, slope);
}

static void resnet_face18(kao_arch_maker *m)
{
    char name[KAO_ARCH_NAME] = "pooled", out[KAO_ARCH_NAME];
    int64_t c = 64;

    begin(m, 1, 128);
    unit(m, "input", "stem", 64, 1, 3, 1, 1, KAO_ARCH_LINEAR);
    kao_arch_weight(m, "stem.a", (int64_t[]){ 1 }, 1, 0, 0.25f);
    one_slope(m, "stem", "stem.p", "stem.a");
    kao_onnx_write_node(&m->w, "MaxPool", "stem.p", "pooled",
                        "kernel_shape=[2,2] strides=[2,2]");
    for (int i = 0; i < 8; i++) {
        const int64_t oc = (int64_t)64 << i / 2;

        snprintf(out, sizeof out, "b%d", i);
        face_block(m, name, out, c, oc, i > 0 && i % 2 == 0 ? 2 : 1);
        c = oc;
        snprintf(name, sizeof name, "%s", out);
    }
    kao_arch_norm(m, name, "last", 512, KAO_ARCH_LINEAR);
    dense(m, "last", "numbers", 512, 512 * 64, sqrtf(2.0f / (512 * 64 + 512)), true);
    kao_arch_norm(m, "numbers", "embedding", 512, KAO_ARCH_LINEAR);
    end(m, 512);
}

/* ---- by name ---- */

static const struct {
    const char *name;
    void (*make)(kao_arch_maker *m);
} makers[] = {
    { "iresnet18", iresnet18 },
    { "iresnet34", iresnet34 },
    { "iresnet50", iresnet50 },
    { "iresnet100", iresnet100 },
    { "iresnet200", iresnet200 },
    { "mobilefacenet", mobilefacenet },
    { "mbf", mbf },
    { "resnet_face18", resnet_face18 },
    { "yolov3_face", kao_arch_yolov3 },
    { "yolov3_face_tiny", kao_arch_yolov3_tiny },
};

enum { N_MAKERS = sizeof makers / sizeof makers[0] };

const char *kao_arch_name(size_t i)
{
    return i < N_MAKERS ? makers[i].name : NULL;
}

kao_status kao_arch_make(kao_mem *mem, const char *name, uint64_t seed, uint8_t **bytes,
                         size_t *n, kao_error *err)
{
    const kao_arch_weights seeded = { .seed = seed };
    kao_arch_maker m = { .mem = mem, .weights = &seeded };

    for (size_t i = 0; i < N_MAKERS; i++)
        if (strcmp(makers[i].name, name) == 0) {
            makers[i].make(&m);
            m.w.failed |= m.failed;
            return kao_onnx_write_end(&m.w, bytes, n, err);
        }
    return kao_fail(err, KAO_E_ARG, "no architecture \"%.40s\"", name);
}
