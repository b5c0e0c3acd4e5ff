/* See arch_parts.h and, for kao_arch_of_tape, arch.h. */
#include "train/arch_parts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/random.h"

const char *kao_arch_join(char *to, const char *a, const char *b)
{
    snprintf(to, KAO_ARCH_NAME, "%.16s%.6s", a, b);
    return to;
}

void kao_arch_weight(kao_arch_maker *m, const char *name, const int64_t *dims,
                     int32_t rank, float deviation, float offset)
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
    if (!m->failed && m->halves && n >= KAO_ARCH_LARGE)
        kao_onnx_write_halves(&m->w, name, dims, rank, given ? given : own);
    else if (!m->failed)
        kao_onnx_write_tensor(&m->w, name, KAO_F32, dims, rank, given ? given : own);
    kao_free(m->mem, own);
}

void kao_arch_conv(kao_arch_maker *m, const char *in, const char *out, int64_t oc,
                   int64_t c, int64_t k, int64_t groups, const char *attributes)
{
    char w[KAO_ARCH_NAME], inputs[2 * KAO_ARCH_NAME + 2];
    const int64_t fan = (m->fan_out ? oc : c) / groups * k * k;

    kao_arch_join(w, out, ".w");
    kao_arch_weight(m, w, (int64_t[]){ oc, c / groups, k, k }, 4,
                    m->deviation > 0 ? m->deviation : sqrtf(2 / (float)fan), 0);
    snprintf(inputs, sizeof inputs, "%s %s", in, w);
    kao_onnx_write_node(&m->w, "Conv", inputs, out, attributes);
}

static void prelu(kao_arch_maker *m, const char *in, const char *out, int64_t c)
{
    char slopes[KAO_ARCH_NAME], inputs[2 * KAO_ARCH_NAME + 2];

    kao_arch_join(slopes, out, ".a");
    kao_arch_weight(m, slopes, (int64_t[]){ c, 1, 1 }, 3, 0, 0.25f);
    snprintf(inputs, sizeof inputs, "%s %s", in, slopes);
    kao_onnx_write_node(&m->w, "PRelu", inputs, out, "");
}

void kao_arch_norm(kao_arch_maker *m, const char *in, const char *out, int64_t c,
                   kao_arch_act act)
{
    static const char *const ends[] = { ".g", ".b", ".m", ".v" };
    char name[KAO_ARCH_NAME], middle[KAO_ARCH_NAME], inputs[5 * KAO_ARCH_NAME + 8];
    size_t n = (size_t)snprintf(inputs, sizeof inputs, "%s", in);

    for (int i = 0; i < 4; i++) {
        kao_arch_join(name, out, ends[i]);
        kao_arch_weight(m, name, &c, 1, 0, i == 0 || i == 3);
        n += (size_t)snprintf(inputs + n, sizeof inputs - n, " %s", name);
    }
    kao_arch_join(middle, out, ".n");
    kao_onnx_write_node(&m->w, "BatchNormalization", inputs,
                        act == KAO_ARCH_LINEAR ? out : middle, "epsilon=0.00001");
    if (act == KAO_ARCH_RELU)
        kao_onnx_write_node(&m->w, "Relu", middle, out, "");
    else if (act == KAO_ARCH_PRELU)
        prelu(m, middle, out, c);
}

static const float *tape_weight(void *user, const char *name, size_t n)
{
    const kao_tape *t = user;

    for (uint32_t i = 0; i < t->n_params; i++)
        if (strcmp(t->params[i].name, name) == 0 && t->params[i].n == n)
            return t->params[i].data;
    return NULL;
}

kao_arch_weights kao_arch_of_tape(kao_tape *t)
{
    return (kao_arch_weights){ .get = tape_weight, .user = t };
}
