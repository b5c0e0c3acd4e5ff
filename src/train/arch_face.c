/* kao-face.
 *
 *   3 x 112 x 112 ─ stem 3x3/2 ─ 56 x 56
 *     ─ 4 layers of 64 channels, the first /2 ─ 28 x 28
 *     ─ 3 layers of 128, the first /2 ─ 14 x 14
 *     ─ 2 layers of 256, the first /2 ─ 7 x 7
 *     ─ depthwise 7x7, normalised ─ 1x1 ─ numbers
 *
 * A layer is one dense 3x3 convolution, normalisation, PReLU, and, where nothing changes in
 * size, the input added. Dense ones instead of MobileFaceNet's depthwise pairs: as many
 * multiply-adds (0.22 G), but the kind that a CPU does at its full rate, forward and
 * backward. The last depthwise layer is MobileFaceNet's (Chen et al., arXiv:1804.07573):
 * it weighs each place of the face by itself. */
#include <stdio.h>

#include "train/arch_parts.h"

/* One layer; gives the name of its output. */
static void layer(kao_arch_maker *m, const char *in, const char *out, int64_t c,
                  int64_t oc, int stride)
{
    char conv[KAO_ARCH_NAME], act[KAO_ARCH_NAME], inputs[2 * KAO_ARCH_NAME + 2];
    const bool residual = stride == 1 && c == oc;

    kao_arch_join(conv, out, ".c");
    kao_arch_join(act, out, residual ? ".r" : "");
    kao_arch_conv(m, in, conv, oc, c, 3, 1,
                  stride == 2 ? "kernel_shape=[3,3] pads=[1,1,1,1] strides=[2,2]"
                              : "kernel_shape=[3,3] pads=[1,1,1,1]");
    kao_arch_norm(m, conv, act, oc, KAO_ARCH_PRELU);
    if (residual) {
        snprintf(inputs, sizeof inputs, "%s %s", act, in);
        kao_onnx_write_node(&m->w, "Add", inputs, out, "");
    }
}

static void stage(kao_arch_maker *m, char name[KAO_ARCH_NAME], int number, int n,
                  int64_t c, int64_t oc)
{
    for (int i = 0; i < n; i++) {
        char out[KAO_ARCH_NAME];

        snprintf(out, sizeof out, "s%d%c", number, 'a' + i);
        layer(m, name, out, i ? oc : c, oc, i ? 1 : 2);
        kao_arch_join(name, out, "");
    }
}

static void numbers(kao_arch_maker *m, const char *in, int64_t c, int64_t dim)
{
    char attributes[64];

    snprintf(attributes, sizeof attributes, "kernel_shape=[7,7] group=%lld",
             (long long)c);
    kao_arch_conv(m, in, "places.c", c, c, 7, c, attributes);
    kao_arch_norm(m, "places.c", "places", c, KAO_ARCH_LINEAR);
    kao_arch_conv(m, "places", "numbers", dim, c, 1, 1, "kernel_shape=[1,1]");
}

kao_status kao_arch_face(kao_mem *mem, bool training, int64_t width, int64_t dim,
                         const kao_arch_weights *weights, const char *const *metadata,
                         uint8_t **bytes, size_t *n, kao_error *err)
{
    kao_arch_maker m = { .mem = mem,
                         .weights = weights,
                         .halves = weights->halves && !training };
    char name[KAO_ARCH_NAME] = "stem";

    kao_onnx_write_begin(&m.w, mem, 13);
    kao_onnx_write_input(&m.w, "input", KAO_F32, (int64_t[]){ -1, 3, 112, 112 }, 4);
    layer(&m, "input", "stem", 3, width, 2);
    stage(&m, name, 1, 4, width, width);
    stage(&m, name, 2, 3, width, 2 * width);
    stage(&m, name, 3, 2, 2 * width, 4 * width);
    numbers(&m, name, 4 * width, dim);
    if (training) {
        kao_onnx_write_output(&m.w, "numbers", KAO_F32, (int64_t[]){ -1, dim, 1, 1 },
                              4);
    } else {
        kao_onnx_write_node(&m.w, "Flatten", "numbers", "embedding", "axis=1");
        kao_onnx_write_output(&m.w, "embedding", KAO_F32, (int64_t[]){ -1, dim }, 2);
    }
    for (size_t i = 0; metadata && metadata[i]; i += 2)
        kao_onnx_write_meta(&m.w, metadata[i], metadata[i + 1]);
    m.w.failed |= m.failed;
    return kao_onnx_write_end(&m.w, bytes, n, err);
}
