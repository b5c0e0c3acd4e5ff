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
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/random.h"
#include "onnx/write.h"
#include "train/arch.h"

typedef struct maker {
    kao_onnx_writer w;
    kao_mem *mem;
    const kao_arch_weights *weights;
    uint32_t n_weights; /* so far: each has a stream of its own */
    bool failed;
} maker;

enum { NAME = 24 };

/* A weight: given, or of a normal distribution with this deviation about `offset`. */
static void weight(maker *m, const char *name, const int64_t *dims, int32_t rank,
                   float deviation, float offset)
{
    size_t n = 1;

    for (int32_t i = 0; i < rank; i++)
        n *= (size_t)dims[i];
    const float *given =
        m->weights->get ? m->weights->get(m->weights->user, name, n) : NULL;
    float *own = given ? NULL : kao_alloc(m->mem, n * sizeof *own);
    kao_random r = kao_random_stream(m->weights->seed, m->n_weights++, 0);

    for (size_t i = 0; own && i < n; i++)
        own[i] = offset + (deviation > 0 ? deviation * kao_random_normal(&r) : 0);
    m->failed |= !given && !own;
    if (!m->failed)
        kao_onnx_write_tensor(&m->w, name, KAO_F32, dims, rank, given ? given : own);
    kao_free(m->mem, own);
}

static const char *join(char *to, const char *a, const char *b)
{
    snprintf(to, NAME, "%.16s%.6s", a, b);
    return to;
}

/* out = conv(in), without bias; weights "out.w". Deviation by He et al., arXiv:1502.01852. */
static void conv(maker *m, const char *in, const char *out, int64_t oc, int64_t c,
                 int64_t k, int64_t groups, const char *attributes)
{
    char w[NAME], inputs[2 * NAME + 2];

    join(w, out, ".w");
    weight(m, w, (int64_t[]){ oc, c / groups, k, k }, 4,
           sqrtf(2 / (float)(c / groups * k * k)), 0);
    snprintf(inputs, sizeof inputs, "%s %s", in, w);
    kao_onnx_write_node(&m->w, "Conv", inputs, out, attributes);
}

/* out = relu(normalised(in)); statistics "out.g" .. "out.v". */
static void norm(maker *m, const char *in, const char *out, int64_t c)
{
    static const char *const ends[] = { ".g", ".b", ".m", ".v" };
    char name[NAME], middle[NAME], inputs[5 * NAME + 8];
    size_t n = (size_t)snprintf(inputs, sizeof inputs, "%s", in);

    for (int i = 0; i < 4; i++) {
        join(name, out, ends[i]);
        weight(m, name, &c, 1, 0, i == 0 || i == 3);
        n += (size_t)snprintf(inputs + n, sizeof inputs - n, " %s", name);
    }
    join(middle, out, ".n");
    kao_onnx_write_node(&m->w, "BatchNormalization", inputs, middle, "epsilon=0.00001");
    kao_onnx_write_node(&m->w, "Relu", middle, out, "");
}

static void unit(maker *m, const char *in, const char *out, int64_t c, int64_t oc)
{
    char point[NAME], depth[NAME];

    join(point, out, ".p");
    join(depth, out, ".d");
    conv(m, in, point, oc, c, 1, 1, "kernel_shape=[1,1]");
    char attributes[64];

    snprintf(attributes, sizeof attributes,
             "kernel_shape=[3,3] pads=[1,1,1,1] group=%lld", (long long)oc);
    conv(m, point, depth, oc, oc, 3, oc, attributes);
    norm(m, depth, out, oc);
}

static void pool(maker *m, const char *in, const char *out)
{
    kao_onnx_write_node(&m->w, "MaxPool", in, out, "kernel_shape=[2,2] strides=[2,2]");
}

/* ---- heads ---- */

/* Rows of the head's weights and bias, by name, as a tensor of their own. */
static void head_rows(maker *m, const char *head, int64_t c, int64_t first, int64_t n,
                      const char *name)
{
    char w[NAME], b[NAME];

    join(w, head, ".w");
    join(b, head, ".b");
    const float *weights =
        m->weights->get
            ? m->weights->get(m->weights->user, w, (size_t)(KAO_DETECT_CHANNELS * c))
            : NULL;
    const float *bias = m->weights->get
                            ? m->weights->get(m->weights->user, b, KAO_DETECT_CHANNELS)
                            : NULL;

    if (!weights || !bias) { /* a seeded file in the shipped form */
        join(w, name, ".w");
        weight(m, w, (int64_t[]){ n, c, 1, 1 }, 4, 0.01f, 0);
        join(b, name, ".b");
        weight(m, b, &n, 1, 0, first == 0 ? -4 : 0);
        return;
    }
    join(w, name, ".w");
    kao_onnx_write_tensor(&m->w, w, KAO_F32, (int64_t[]){ n, c, 1, 1 }, 4,
                          weights + first * c);
    join(b, name, ".b");
    kao_onnx_write_tensor(&m->w, b, KAO_F32, &n, 1, bias + first);
}

/* An output as YuNet has it: [1, cells, n], cells row by row. */
static void head_output(maker *m, const char *in, const char *head, int64_t c,
                        int stride, const char *kind, int64_t first, int64_t n,
                        bool score)
{
    char name[NAME], map[NAME], last[NAME], rows[NAME], shape[NAME],
        inputs[3 * NAME + 8];
    const int64_t dims[3] = { 1, -1, n };

    snprintf(name, sizeof name, "%s_%d", kind, stride);
    head_rows(m, head, c, first, n, name);
    join(map, name, ".c");
    snprintf(inputs, sizeof inputs, "%s %s.w %s.b", in, name, name);
    kao_onnx_write_node(&m->w, "Conv", inputs, map, "kernel_shape=[1,1]");
    join(last, name, ".t");
    kao_onnx_write_node(&m->w, "Transpose", map, last, "perm=[0,2,3,1]");
    join(shape, name, ".s");
    kao_onnx_write_tensor(&m->w, shape, KAO_I64, (int64_t[]){ 3 }, 1, dims);
    join(rows, name, ".r");
    snprintf(inputs, sizeof inputs, "%s %s", last, shape);
    kao_onnx_write_node(&m->w, "Reshape", inputs, score ? rows : name, "");
    if (score)
        kao_onnx_write_node(&m->w, "Sigmoid", rows, name, "");
    kao_onnx_write_output(&m->w, name, KAO_F32, dims, 3);
}

static void training_head(maker *m, const char *in, const char *head, int64_t c)
{
    char w[NAME], b[NAME], inputs[3 * NAME + 4];
    const int64_t n = KAO_DETECT_CHANNELS;

    join(w, head, ".w");
    weight(m, w, (int64_t[]){ n, c, 1, 1 }, 4, 0.01f, 0);
    join(b, head, ".b");
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

static void body(maker *m, int64_t width)
{
    const int64_t c1 = width, c2 = 2 * width, c3 = 3 * width, c4 = 4 * width;

    conv(m, "input", "stem.c", c1, 3, 3, 1,
         "kernel_shape=[3,3] pads=[1,1,1,1] strides=[2,2]");
    norm(m, "stem.c", "stem", c1);
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
static void neck(maker *m, int64_t c)
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
    maker m = { .mem = mem, .weights = weights };
    const int64_t c = 4 * width;

    kao_onnx_write_begin(&m.w, mem, 13);
    kao_onnx_write_input(&m.w, "input", KAO_F32,
                         (int64_t[]){ training ? -1 : 1, 3, -1, -1 }, 4);
    body(&m, width);
    neck(&m, c);
    for (int i = 0; i < KAO_DETECT_LEVELS; i++) {
        char from[NAME], last[NAME], head[NAME];

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
            char last[NAME], head[NAME];

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
