/* kao-detect.
 *
 *   3 ─ stem 3x3/2 ─ unit ─ pool ─ units ─ pool ─ units ─┬─ pool ─ units ─┬─ pool ─ units ─┐
 *        stride 2            stride 4         stride 8    │     stride 16  │     stride 32  │
 *                                                         lateral          lateral    lateral
 *                                                         + up  <───────── + up  <──────── │
 *                                                         head             head       head
 *
 * A unit is 1x1, depthwise 3x3, normalisation, ReLU. The shape follows YuNet (Wu, Peng, Yu:
 * YuNet: a tiny millisecond-level face detector, MIR 2023), with fewer channels at stride 4. */
#include <stdio.h>
#include <string.h>

#include "train/arch_parts.h"

static void unit(kao_arch_maker *m, const char *in, const char *out, int64_t c,
                 int64_t oc)
{
    char point[KAO_ARCH_NAME], depth[KAO_ARCH_NAME];

    kao_arch_join(point, out, ".p");
    kao_arch_join(depth, out, ".d");
    kao_arch_conv(m, in, point, oc, c, 1, 1, "kernel_shape=[1,1]");
    char attributes[64];

    snprintf(attributes, sizeof attributes,
             "kernel_shape=[3,3] pads=[1,1,1,1] group=%lld", (long long)oc);
    kao_arch_conv(m, point, depth, oc, oc, 3, oc, attributes);
    kao_arch_norm(m, depth, out, oc, KAO_ARCH_RELU);
}

static void pool(kao_arch_maker *m, const char *in, const char *out)
{
    kao_onnx_write_node(&m->w, "MaxPool", in, out, "kernel_shape=[2,2] strides=[2,2]");
}

/* ---- heads ---- */

/* Rows of the head's weights and bias, by name, as a tensor of their own. */
static void head_rows(kao_arch_maker *m, const char *head, int64_t c, int64_t first,
                      int64_t n, const char *name)
{
    char w[KAO_ARCH_NAME], b[KAO_ARCH_NAME];

    kao_arch_join(w, head, ".w");
    kao_arch_join(b, head, ".b");
    const float *weights =
        m->weights->get
            ? m->weights->get(m->weights->user, w, (size_t)(KAO_DETECT_CHANNELS * c))
            : NULL;
    const float *bias = m->weights->get
                            ? m->weights->get(m->weights->user, b, KAO_DETECT_CHANNELS)
                            : NULL;

    if (!weights || !bias) { /* a seeded file in the shipped form */
        kao_arch_join(w, name, ".w");
        kao_arch_weight(m, w, (int64_t[]){ n, c, 1, 1 }, 4, 0.01f, 0);
        kao_arch_join(b, name, ".b");
        kao_arch_weight(m, b, &n, 1, 0, first == 0 ? -4 : 0);
        return;
    }
    kao_arch_join(w, name, ".w");
    kao_onnx_write_tensor(&m->w, w, KAO_F32, (int64_t[]){ n, c, 1, 1 }, 4,
                          weights + first * c);
    kao_arch_join(b, name, ".b");
    kao_onnx_write_tensor(&m->w, b, KAO_F32, &n, 1, bias + first);
}

/* An output as YuNet has it: [1, cells, n], cells row by row. */
static void head_output(kao_arch_maker *m, const char *in, const char *head, int64_t c,
                        int stride, const char *kind, int64_t first, int64_t n,
                        bool score)
{
    char name[KAO_ARCH_NAME], map[KAO_ARCH_NAME], last[KAO_ARCH_NAME],
        rows[KAO_ARCH_NAME], shape[KAO_ARCH_NAME], inputs[3 * KAO_ARCH_NAME + 8];
    const int64_t dims[3] = { 1, -1, n };

    snprintf(name, sizeof name, "%s_%d", kind, stride);
    head_rows(m, head, c, first, n, name);
    kao_arch_join(map, name, ".c");
    snprintf(inputs, sizeof inputs, "%s %s.w %s.b", in, name, name);
    kao_onnx_write_node(&m->w, "Conv", inputs, map, "kernel_shape=[1,1]");
    kao_arch_join(last, name, ".t");
    kao_onnx_write_node(&m->w, "Transpose", map, last, "perm=[0,2,3,1]");
    kao_arch_join(shape, name, ".s");
    kao_onnx_write_tensor(&m->w, shape, KAO_I64, (int64_t[]){ 3 }, 1, dims);
    kao_arch_join(rows, name, ".r");
    snprintf(inputs, sizeof inputs, "%s %s", last, shape);
    kao_onnx_write_node(&m->w, "Reshape", inputs, score ? rows : name, "");
    if (score)
        kao_onnx_write_node(&m->w, "Sigmoid", rows, name, "");
    kao_onnx_write_output(&m->w, name, KAO_F32, dims, 3);
}

static void training_head(kao_arch_maker *m, const char *in, const char *head,
                          int64_t c)
{
    char w[KAO_ARCH_NAME], b[KAO_ARCH_NAME], inputs[3 * KAO_ARCH_NAME + 4];
    const int64_t n = KAO_DETECT_CHANNELS;

    kao_arch_join(w, head, ".w");
    kao_arch_weight(m, w, (int64_t[]){ n, c, 1, 1 }, 4, 0.01f, 0);
    kao_arch_join(b, head, ".b");
    const float *given =
        m->weights->get ? m->weights->get(m->weights->user, b, (size_t)n) : NULL;
    float bias[KAO_DETECT_CHANNELS] = { -4 }; /* hardly any cell has a face */

    if (given)
        memcpy(bias, given, sizeof bias);
    kao_onnx_write_tensor(&m->w, b, KAO_F32, &n, 1, bias);
    snprintf(inputs, sizeof inputs, "%s %s %s", in, w, b);
    kao_onnx_write_node(&m->w, "Conv", inputs, head, "kernel_shape=[1,1]");
    kao_onnx_write_output(&m->w, head, KAO_F32, (int64_t[]){ -1, n, -1, -1 }, 4);
}

/* ---- the network ---- */

static void body(kao_arch_maker *m, int64_t width)
{
    const int64_t c1 = width, c2 = 2 * width, c3 = 3 * width, c4 = 4 * width;

    kao_arch_conv(m, "input", "stem.c", c1, 3, 3, 1,
                  "kernel_shape=[3,3] pads=[1,1,1,1] strides=[2,2]");
    kao_arch_norm(m, "stem.c", "stem", c1, KAO_ARCH_RELU);
    unit(m, "stem", "s2", c1, c1);
    pool(m, "s2", "q4");
    unit(m, "q4", "s4a", c1, c2);
    unit(m, "s4a", "s4b", c2, c3);
    pool(m, "s4b", "q8");
    unit(m, "q8", "s8a", c3, c4);
    unit(m, "s8a", "s8b", c4, c4);
    unit(m, "s8b", "s8c", c4, c4);
    pool(m, "s8c", "q16");
    unit(m, "q16", "s16a", c4, c4);
    unit(m, "s16a", "s16b", c4, c4);
    pool(m, "s16b", "q32");
    unit(m, "q32", "s32a", c4, c4);
    unit(m, "s32a", "s32b", c4, c4);
}

/* From coarse to fine: what is seen far around helps where faces are small. */
static void neck(kao_arch_maker *m, int64_t c)
{
    static const char up[] =
        "mode=nearest coordinate_transformation_mode=asymmetric nearest_mode=floor";
    const float twice[4] = { 1, 1, 2, 2 };

    kao_onnx_write_tensor(&m->w, "twice", KAO_F32, (int64_t[]){ 4 }, 1, twice);
    unit(m, "s32b", "f32", c, c);
    kao_onnx_write_node(&m->w, "Resize", "f32 - twice", "u16", up);
    kao_onnx_write_node(&m->w, "Add", "s16b u16", "a16", "");
    unit(m, "a16", "f16", c, c);
    kao_onnx_write_node(&m->w, "Resize", "f16 - twice", "u8", up);
    kao_onnx_write_node(&m->w, "Add", "s8c u8", "a8", "");
    unit(m, "a8", "f8", c, c);
}

kao_status kao_arch_detect(kao_mem *mem, bool training, int64_t width,
                           const kao_arch_weights *weights, const char *const *metadata,
                           uint8_t **bytes, size_t *n, kao_error *err)
{
    static const struct {
        const char *kind;
        int64_t first, n;
    } outputs[] = {
        { "cls", 0, 1 }, { "obj", 0, 1 }, { "bbox", 1, 4 }, { "kps", 5, 10 }
    };
    static const int strides[KAO_DETECT_LEVELS] = { 8, 16, 32 };
    kao_arch_maker m = { .mem = mem,
                         .weights = weights,
                         .halves = weights->halves && !training };
    const int64_t c = 4 * width;

    kao_onnx_write_begin(&m.w, mem, 13);
    kao_onnx_write_input(&m.w, "input", KAO_F32,
                         (int64_t[]){ training ? -1 : 1, 3, -1, -1 }, 4);
    body(&m, width);
    neck(&m, c);
    for (int i = 0; i < KAO_DETECT_LEVELS; i++) {
        char from[KAO_ARCH_NAME], last[KAO_ARCH_NAME], head[KAO_ARCH_NAME];

        snprintf(from, sizeof from, "f%d", strides[i]);
        snprintf(last, sizeof last, "h%d", strides[i]);
        snprintf(head, sizeof head, "p%d", strides[i]);
        unit(&m, from, last, c, c);
        if (training)
            training_head(&m, last, head, c);
    }
    /* YuNet's order: by kind, then stride */
    for (size_t k = 0; !training && k < sizeof outputs / sizeof outputs[0]; k++)
        for (int i = 0; i < KAO_DETECT_LEVELS; i++) {
            char last[KAO_ARCH_NAME], head[KAO_ARCH_NAME];

            snprintf(last, sizeof last, "h%d", strides[i]);
            snprintf(head, sizeof head, "p%d", strides[i]);
            head_output(&m, last, head, c, strides[i], outputs[k].kind,
                        outputs[k].first, outputs[k].n, k < 2);
        }
    for (size_t i = 0; metadata && metadata[i]; i += 2)
        kao_onnx_write_meta(&m.w, metadata[i], metadata[i + 1]);
    m.w.failed |= m.failed;
    return kao_onnx_write_end(&m.w, bytes, n, err);
}
