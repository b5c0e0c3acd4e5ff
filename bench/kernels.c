/* Convolution layers of real networks, one thread: median microseconds, GFLOP/s, and the
 * share of this core's FMA peak, measured in the same run.
 *
 *   bench_kernels [ref|avx2|avx512|native] [rounds] */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cpu.h"
#include "base/mem.h"
#include "kernels/conv.h"

typedef struct layer {
    const char *net;
    int count; /* how often the network runs it */
    int h, w, c, oc, k, s, pad, groups;
    kao_act act;
    kao_residual residual;
} layer;

#define RELU KAO_ACT_CLAMP, KAO_RES_NONE
#define PRELU KAO_ACT_SLOPE, KAO_RES_NONE
#define LINEAR KAO_ACT_NONE, KAO_RES_NONE
#define ADD KAO_ACT_NONE, KAO_RES_AFTER_ACT
#define ADD_RELU KAO_ACT_CLAMP, KAO_RES_BEFORE_ACT

/* clang-format off */
static const layer layers[] = {
    /* net          n   h    w   c   oc  k  s  p  g    epilogue */
    { "mobilefacenet", 1, 112, 112, 3, 64, 3, 2, 1, 1, PRELU },
    { "mobilefacenet", 1, 56, 56, 64, 64, 3, 1, 1, 64, PRELU },
    { "mobilefacenet", 1, 56, 56, 64, 128, 1, 1, 0, 1, PRELU },
    { "mobilefacenet", 1, 56, 56, 128, 128, 3, 2, 1, 128, PRELU },
    { "mobilefacenet", 1, 28, 28, 128, 64, 1, 1, 0, 1, LINEAR },
    { "mobilefacenet", 4, 28, 28, 64, 128, 1, 1, 0, 1, PRELU },
    { "mobilefacenet", 4, 28, 28, 128, 128, 3, 1, 1, 128, PRELU },
    { "mobilefacenet", 4, 28, 28, 128, 64, 1, 1, 0, 1, ADD },
    { "mobilefacenet", 1, 28, 28, 64, 256, 1, 1, 0, 1, PRELU },
    { "mobilefacenet", 1, 28, 28, 256, 256, 3, 2, 1, 256, PRELU },
    { "mobilefacenet", 1, 14, 14, 256, 128, 1, 1, 0, 1, LINEAR },
    { "mobilefacenet", 6, 14, 14, 128, 256, 1, 1, 0, 1, PRELU },
    { "mobilefacenet", 6, 14, 14, 256, 256, 3, 1, 1, 256, PRELU },
    { "mobilefacenet", 6, 14, 14, 256, 128, 1, 1, 0, 1, ADD },
    { "mobilefacenet", 1, 14, 14, 128, 512, 1, 1, 0, 1, PRELU },
    { "mobilefacenet", 1, 14, 14, 512, 512, 3, 2, 1, 512, PRELU },
    { "mobilefacenet", 1, 7, 7, 512, 128, 1, 1, 0, 1, LINEAR },
    { "mobilefacenet", 2, 7, 7, 128, 256, 1, 1, 0, 1, PRELU },
    { "mobilefacenet", 2, 7, 7, 256, 256, 3, 1, 1, 256, PRELU },
    { "mobilefacenet", 2, 7, 7, 256, 128, 1, 1, 0, 1, ADD },
    { "mobilefacenet", 1, 7, 7, 128, 512, 1, 1, 0, 1, PRELU },
    { "mobilefacenet", 1, 7, 7, 512, 512, 7, 1, 0, 512, LINEAR },
    { "mobilefacenet", 1, 1, 1, 512, 512, 1, 1, 0, 1, LINEAR },

    { "yunet_n", 1, 640, 640, 3, 16, 3, 2, 1, 1, RELU },
    { "yunet_n", 1, 320, 320, 16, 16, 1, 1, 0, 1, LINEAR },
    { "yunet_n", 1, 320, 320, 16, 16, 3, 1, 1, 16, RELU },
    { "yunet_n", 1, 160, 160, 16, 16, 1, 1, 0, 1, LINEAR },
    { "yunet_n", 1, 160, 160, 16, 16, 3, 1, 1, 16, RELU },
    { "yunet_n", 1, 160, 160, 16, 64, 1, 1, 0, 1, LINEAR },
    { "yunet_n", 3, 160, 160, 64, 64, 3, 1, 1, 64, RELU },
    { "yunet_n", 2, 160, 160, 64, 64, 1, 1, 0, 1, LINEAR },
    { "yunet_n", 4, 80, 80, 64, 64, 1, 1, 0, 1, LINEAR },
    { "yunet_n", 4, 80, 80, 64, 64, 3, 1, 1, 64, RELU },
    { "yunet_n", 4, 40, 40, 64, 64, 1, 1, 0, 1, LINEAR },
    { "yunet_n", 4, 40, 40, 64, 64, 3, 1, 1, 64, RELU },
    { "yunet_n", 4, 20, 20, 64, 64, 1, 1, 0, 1, LINEAR },
    { "yunet_n", 4, 20, 20, 64, 64, 3, 1, 1, 64, RELU },
    { "yunet_n", 2, 80, 80, 64, 1, 1, 1, 0, 1, LINEAR },
    { "yunet_n", 2, 80, 80, 1, 1, 3, 1, 1, 1, LINEAR },
    { "yunet_n", 1, 80, 80, 64, 4, 1, 1, 0, 1, LINEAR },
    { "yunet_n", 1, 80, 80, 4, 4, 3, 1, 1, 4, LINEAR },
    { "yunet_n", 1, 80, 80, 64, 10, 1, 1, 0, 1, LINEAR },
    { "yunet_n", 1, 80, 80, 10, 10, 3, 1, 1, 10, LINEAR },

    { "scrfd_500m", 1, 640, 640, 3, 16, 3, 2, 1, 1, RELU },
    { "scrfd_500m", 1, 320, 320, 16, 16, 3, 1, 1, 16, RELU },
    { "scrfd_500m", 1, 320, 320, 16, 16, 1, 1, 0, 1, RELU },
    { "scrfd_500m", 1, 320, 320, 16, 16, 3, 2, 1, 16, RELU },
    { "scrfd_500m", 1, 160, 160, 16, 40, 1, 1, 0, 1, RELU },
    { "scrfd_500m", 1, 160, 160, 40, 40, 3, 1, 1, 40, RELU },
    { "scrfd_500m", 1, 160, 160, 40, 40, 1, 1, 0, 1, RELU },
    { "scrfd_500m", 1, 160, 160, 40, 40, 3, 2, 1, 40, RELU },
    { "scrfd_500m", 1, 80, 80, 40, 72, 1, 1, 0, 1, RELU },
    { "scrfd_500m", 2, 80, 80, 72, 72, 3, 1, 1, 72, RELU },
    { "scrfd_500m", 2, 80, 80, 72, 72, 1, 1, 0, 1, RELU },
    { "scrfd_500m", 1, 80, 80, 72, 72, 3, 2, 1, 72, RELU },
    { "scrfd_500m", 1, 40, 40, 72, 152, 1, 1, 0, 1, RELU },
    { "scrfd_500m", 1, 40, 40, 152, 152, 3, 1, 1, 152, RELU },
    { "scrfd_500m", 1, 40, 40, 152, 152, 1, 1, 0, 1, RELU },
    { "scrfd_500m", 1, 40, 40, 152, 152, 3, 2, 1, 152, RELU },
    { "scrfd_500m", 1, 20, 20, 152, 288, 1, 1, 0, 1, RELU },
    { "scrfd_500m", 5, 20, 20, 288, 288, 3, 1, 1, 288, RELU },
    { "scrfd_500m", 5, 20, 20, 288, 288, 1, 1, 0, 1, RELU },
    { "scrfd_500m", 1, 80, 80, 72, 16, 1, 1, 0, 1, LINEAR },
    { "scrfd_500m", 1, 80, 80, 16, 16, 3, 1, 1, 1, LINEAR },
    { "scrfd_500m", 1, 80, 80, 16, 16, 3, 1, 1, 16, RELU },
    { "scrfd_500m", 1, 80, 80, 16, 64, 1, 1, 0, 1, RELU },
    { "scrfd_500m", 1, 80, 80, 64, 64, 3, 1, 1, 64, RELU },
    { "scrfd_500m", 1, 80, 80, 64, 64, 1, 1, 0, 1, RELU },
    { "scrfd_500m", 1, 80, 80, 64, 2, 3, 1, 1, 1, LINEAR },
    { "scrfd_500m", 1, 80, 80, 64, 8, 3, 1, 1, 1, LINEAR },
    { "scrfd_500m", 1, 80, 80, 64, 20, 3, 1, 1, 1, LINEAR },
    { "scrfd_500m", 1, 40, 40, 64, 20, 3, 1, 1, 1, LINEAR },

    { "scrfd_2.5g", 1, 640, 640, 3, 12, 3, 2, 1, 1, RELU },
    { "scrfd_2.5g", 1, 320, 320, 12, 12, 3, 1, 1, 1, RELU },
    { "scrfd_2.5g", 1, 320, 320, 12, 24, 3, 1, 1, 1, RELU },
    { "scrfd_2.5g", 3, 160, 160, 24, 24, 3, 1, 1, 1, RELU },
    { "scrfd_2.5g", 3, 160, 160, 24, 24, 3, 1, 1, 1, ADD_RELU },
    { "scrfd_2.5g", 1, 160, 160, 24, 48, 3, 2, 1, 1, RELU },
    { "scrfd_2.5g", 5, 80, 80, 48, 48, 3, 1, 1, 1, ADD_RELU },
    { "scrfd_2.5g", 4, 80, 80, 48, 48, 3, 1, 1, 1, RELU },
    { "scrfd_2.5g", 1, 80, 80, 48, 48, 3, 2, 1, 1, RELU },
    { "scrfd_2.5g", 5, 40, 40, 48, 48, 3, 1, 1, 1, ADD_RELU },
    { "scrfd_2.5g", 1, 40, 40, 48, 80, 3, 2, 1, 1, RELU },
    { "scrfd_2.5g", 3, 20, 20, 80, 80, 3, 1, 1, 1, ADD_RELU },
    { "scrfd_2.5g", 1, 80, 80, 24, 24, 3, 1, 1, 1, LINEAR },
    { "scrfd_2.5g", 1, 80, 80, 24, 64, 3, 1, 1, 1, RELU },
    { "scrfd_2.5g", 1, 80, 80, 64, 64, 3, 1, 1, 1, RELU },
    { "scrfd_2.5g", 1, 40, 40, 64, 64, 3, 1, 1, 1, RELU },
    { "scrfd_2.5g", 1, 80, 80, 64, 2, 3, 1, 1, 1, LINEAR },
    { "scrfd_2.5g", 1, 80, 80, 64, 8, 3, 1, 1, 1, LINEAR },
    { "scrfd_2.5g", 1, 80, 80, 64, 20, 3, 1, 1, 1, LINEAR },
};
/* clang-format on */

enum { MAX_ROUNDS = 101 };

static double now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static float *floats(kao_mem *mem, size_t n)
{
    float *p = kao_alloc(mem, n * sizeof *p);

    for (size_t i = 0; p && i < n; i++)
        p[i] = (float)((i * 2654435761u >> 7) % 1024) / 512.0f - 1.0f;
    return p;
}

/* Seconds of one run: the median of `rounds` windows of some 2 ms each. */
static double time_conv(const kao_kernels *k, const kao_conv *d, const void *packed,
                        const float *in, const float *res, float *out, void *scratch, int rounds)
{
    double t[MAX_ROUNDS];
    int reps = 1;

    for (int i = -2; i < rounds; i++) {
        const double t0 = now_s();

        for (int r = 0; r < reps; r++)
            kao_conv_run(k, NULL, d, packed, in, res, out, scratch);
        const double one = (now_s() - t0) / reps;
        if (i < 0)
            reps = one > 1e-3 ? 1 : (int)(2e-3 / one) + 1;
        else
            t[i] = one;
    }
    qsort(t, (size_t)rounds, sizeof *t, by_value);
    return t[rounds / 2];
}

static kao_conv describe(const layer *l)
{
    kao_conv d = { .n = 1, .h = l->h, .w = l->w, .c = l->c, .oc = l->oc, .kh = l->k,
                   .kw = l->k, .sy = l->s, .sx = l->s, .dy = 1, .dx = 1, .pad_top = l->pad,
                   .pad_left = l->pad, .groups = l->groups, .in_stride = l->c,
                   .out_stride = l->oc, .res_stride = l->oc, .act = l->act, .lo = 0,
                   .hi = INFINITY, .residual = l->residual };

    d.oh = (l->h + 2 * l->pad - l->k) / l->s + 1;
    d.ow = (l->w + 2 * l->pad - l->k) / l->s + 1;
    return d;
}

static double flop(const kao_conv *d)
{
    return 2.0 * d->oh * d->ow * d->oc * d->kh * d->kw * (d->c / d->groups);
}

static double time_layer(const kao_kernels *k, kao_mem *mem, const kao_conv *d, int rounds)
{
    const size_t outs = (size_t)d->oh * (size_t)d->ow * (size_t)d->oc;
    const size_t w_n = (size_t)d->oc * (size_t)(d->c / d->groups * d->kh * d->kw);
    float *w = floats(mem, w_n), *bias = floats(mem, (size_t)d->oc);
    float *in = floats(mem, (size_t)d->h * (size_t)d->w * (size_t)d->c);
    float *res = floats(mem, outs), *out = floats(mem, outs);
    void *packed = kao_alloc(mem, kao_conv_packed_bytes(k, d));
    void *scratch = kao_alloc(mem, kao_conv_scratch_bytes(k, d, 1));
    double t = 0;

    if (w && bias && in && res && out && packed && scratch) {
        kao_conv_pack(k, d, w, bias, bias, packed);
        t = time_conv(k, d, packed, in, d->residual ? res : NULL, out, scratch, rounds);
    }
    kao_free(mem, scratch);
    kao_free(mem, packed);
    kao_free(mem, out);
    kao_free(mem, res);
    kao_free(mem, in);
    kao_free(mem, bias);
    kao_free(mem, w);
    return t;
}

/* The most that FMAs give: a tile whose operands stay in L1, with many products a sum. */
static double peak_flops(const kao_kernels *k, kao_mem *mem)
{
    const kao_gemm_slot *s = &k->gemm[k->n_gemm - 1];
    const int len = 256;
    float *a = floats(mem, 4096), *w = floats(mem, 65536), *out = floats(mem, 4096);
    kao_gemm_args g = { .a = a, .lda = len, .n_ty = 1, .n_tx = 1, .len = len, .w = w,
                        .bias = w, .out = out, .ldo = s->nr, .cols = s->nr };
    double best = 0;

    for (int i = 0; i < 20 && a && w && out; i++) {
        const double t0 = now_s();

        for (int r = 0; r < 500; r++)
            s->run(&g, s->mr);
        best = fmax(best, 500 * 2.0 * s->mr * s->nr * len / (now_s() - t0));
    }
    kao_free(mem, out);
    kao_free(mem, w);
    kao_free(mem, a);
    return best;
}

int main(int argc, char **argv)
{
    const char *isa = argc > 1 ? argv[1] : "native";
    const int rounds = argc > 2 ? atoi(argv[2]) : 9;
    double sum = 0;
    uint32_t mask;
    kao_kernels k;
    kao_mem mem;

    if (!kao_cpu_mask(isa, kao_cpu_detect(), &mask) || rounds < 1 || rounds > MAX_ROUNDS) {
        fprintf(stderr, "usage: bench_kernels [ref|avx2|avx512|native] [rounds]\n");
        return 2;
    }
    kao_mem_init(&mem, NULL);
    kao_kernels_init(&k, mask);
    const double peak = peak_flops(&k, &mem);
    printf("# %s, peak %.1f GFLOP/s\n", kao_cpu_name(mask), peak * 1e-9);
    for (size_t i = 0; i < sizeof layers / sizeof layers[0]; i++) {
        const layer *l = &layers[i];
        const kao_conv d = describe(l);
        const double t = time_layer(&k, &mem, &d, rounds);

        printf("%-13s %dx %3dx%-3d c%-3d -> %3dx%-3d c%-3d k%d s%d %-5s %9.1f us %6.1f GFLOP/s "
               "%3.0f %%\n", l->net, l->count, d.h, d.w, d.c, d.oh, d.ow, d.oc, d.kh, d.sy,
               d.groups > 1 ? "depth" : d.kh == 1 ? "point" : "dense", t * 1e6,
               flop(&d) / t * 1e-9, 100 * flop(&d) / t / peak);
        sum += l->count * t;
        if (i + 1 == sizeof layers / sizeof layers[0] || strcmp(l->net, layers[i + 1].net)) {
            printf("%-13s sum of these layers: %.2f ms\n\n", l->net, sum * 1e3);
            sum = 0;
        }
    }
    return 0;
}
