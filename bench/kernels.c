/* Convolution layers of real networks, alone and as fused pairs: median microseconds, GFLOP/s, and the
 * share of this core's FMA peak, measured in the same run.
 *
 *   bench_kernels [ref|avx2|avx512|native] [rounds] [threads] */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cpu.h"
#include "base/mem.h"
#include "kernels/conv.h"
#include "kernels/elementwise.h"
#include "kernels/layout.h"
#include "kernels/pool.h"
#include "kernels/resize.h"

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

typedef struct pair {
    const char *net;
    int count;
    int h, w, c, oc, s; /* of the pointwise c -> oc; the depthwise has stride s */
    bool point_first;
    kao_act point_act, deep_act;
    kao_residual residual;
} pair;

/* clang-format off */
static const pair pairs[] = {
    { "yunet_n", 1, 320, 320, 16, 16, 1, true, KAO_ACT_NONE, KAO_ACT_CLAMP, KAO_RES_NONE },
    { "yunet_n", 1, 160, 160, 16, 16, 1, true, KAO_ACT_NONE, KAO_ACT_CLAMP, KAO_RES_NONE },
    { "yunet_n", 1, 160, 160, 16, 64, 1, true, KAO_ACT_NONE, KAO_ACT_CLAMP, KAO_RES_NONE },
    { "yunet_n", 2, 160, 160, 64, 64, 1, true, KAO_ACT_NONE, KAO_ACT_CLAMP, KAO_RES_NONE },
    { "yunet_n", 4, 80, 80, 64, 64, 1, true, KAO_ACT_NONE, KAO_ACT_CLAMP, KAO_RES_NONE },
    { "yunet_n", 4, 40, 40, 64, 64, 1, true, KAO_ACT_NONE, KAO_ACT_CLAMP, KAO_RES_NONE },
    { "yunet_n", 4, 20, 20, 64, 64, 1, true, KAO_ACT_NONE, KAO_ACT_CLAMP, KAO_RES_NONE },
    { "scrfd_500m", 1, 320, 320, 16, 16, 1, false, KAO_ACT_CLAMP, KAO_ACT_CLAMP, KAO_RES_NONE },
    { "scrfd_500m", 1, 320, 320, 16, 16, 2, true, KAO_ACT_CLAMP, KAO_ACT_CLAMP, KAO_RES_NONE },
    { "scrfd_500m", 1, 320, 320, 16, 40, 2, false, KAO_ACT_CLAMP, KAO_ACT_CLAMP, KAO_RES_NONE },
    { "scrfd_500m", 1, 160, 160, 40, 40, 1, false, KAO_ACT_CLAMP, KAO_ACT_CLAMP, KAO_RES_NONE },
    { "scrfd_500m", 1, 160, 160, 40, 72, 2, false, KAO_ACT_CLAMP, KAO_ACT_CLAMP, KAO_RES_NONE },
    { "scrfd_500m", 2, 80, 80, 72, 72, 1, false, KAO_ACT_CLAMP, KAO_ACT_CLAMP, KAO_RES_NONE },
    { "scrfd_500m", 1, 80, 80, 72, 152, 2, false, KAO_ACT_CLAMP, KAO_ACT_CLAMP, KAO_RES_NONE },
    { "scrfd_500m", 1, 40, 40, 152, 152, 1, false, KAO_ACT_CLAMP, KAO_ACT_CLAMP, KAO_RES_NONE },
    { "scrfd_500m", 5, 20, 20, 288, 288, 1, false, KAO_ACT_CLAMP, KAO_ACT_CLAMP, KAO_RES_NONE },
    { "mobilefacenet", 1, 56, 56, 64, 128, 1, false, KAO_ACT_SLOPE, KAO_ACT_SLOPE, KAO_RES_NONE },
    { "mobilefacenet", 1, 56, 56, 64, 128, 2, true, KAO_ACT_SLOPE, KAO_ACT_SLOPE, KAO_RES_NONE },
    { "mobilefacenet", 4, 28, 28, 64, 128, 1, true, KAO_ACT_SLOPE, KAO_ACT_SLOPE, KAO_RES_NONE },
    { "mobilefacenet", 4, 28, 28, 128, 64, 1, false, KAO_ACT_NONE, KAO_ACT_SLOPE, KAO_RES_AFTER_ACT },
    { "mobilefacenet", 6, 14, 14, 128, 256, 1, true, KAO_ACT_SLOPE, KAO_ACT_SLOPE, KAO_RES_NONE },
    { "mobilefacenet", 6, 14, 14, 256, 128, 1, false, KAO_ACT_NONE, KAO_ACT_SLOPE, KAO_RES_AFTER_ACT },
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

typedef struct run_args {
    const kao_kernels *k;
    kao_pool *pool;
    const kao_conv *d, *then; /* then: NULL for a single convolution */
    bool fused;
    const void *packed, *packed_then;
    const float *in, *res;
    float *middle, *out;
    void *scratch;
} run_args;

static void run_once(const run_args *a)
{
    if (!a->then) {
        kao_conv_run(a->k, a->pool, a->d, a->packed, a->in, a->res, a->out, a->scratch);
    } else if (a->fused) {
        kao_conv_pair_run(a->k, a->pool, a->d, a->packed, a->then, a->packed_then, a->in, a->res,
                          a->out, a->scratch);
    } else {
        kao_conv_run(a->k, a->pool, a->d, a->packed, a->in, NULL, a->middle, a->scratch);
        kao_conv_run(a->k, a->pool, a->then, a->packed_then, a->middle, a->res, a->out,
                     a->scratch);
    }
}

/* Seconds of one run: the median of `rounds` windows of some 2 ms each. */
static double time_run(const run_args *a, int rounds)
{
    double t[MAX_ROUNDS];
    int reps = 1;

    for (int i = -2; i < rounds; i++) {
        const double t0 = now_s();

        for (int r = 0; r < reps; r++)
            run_once(a);
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

static size_t floats_out(const kao_conv *d)
{
    return (size_t)d->oh * (size_t)d->ow * (size_t)d->oc;
}

/* Seconds: t[0] of d (and then) apart, t[1] as a pair, which is left alone without then. */
static void time_layer(const kao_kernels *k, kao_pool *pool, kao_mem *mem, const kao_conv *d,
                       const kao_conv *then, int rounds, double t[2])
{
    const kao_conv *last = then ? then : d, *both[2] = { d, then };
    const uint32_t n_threads = kao_pool_threads(pool);
    void *packed[2] = { NULL, NULL };
    size_t scratch = 64;

    for (int i = 0; i < 2 && both[i]; i++) {
        const kao_conv *l = both[i];
        const size_t own = kao_conv_scratch_bytes(k, l, n_threads);
        float *w = floats(mem, (size_t)l->oc * (size_t)(l->c / l->groups * l->kh * l->kw));
        float *bias = floats(mem, (size_t)l->oc);

        packed[i] = kao_alloc(mem, kao_conv_packed_bytes(k, l));
        kao_conv_pack(k, l, w, bias, bias, packed[i]);
        kao_free(mem, bias);
        kao_free(mem, w);
        scratch = own > scratch ? own : scratch;
    }
    if (then) {
        const size_t pair_bytes = kao_conv_pair_scratch_bytes(k, d, then, n_threads);
        scratch = pair_bytes > scratch ? pair_bytes : scratch;
    }
    float *in = floats(mem, (size_t)d->h * (size_t)d->w * (size_t)d->c);
    float *middle = floats(mem, floats_out(d));
    float *res = floats(mem, floats_out(last)), *out = floats(mem, floats_out(last));
    run_args a = { k,  pool, d, then, false, packed[0], packed[1], in, last->residual ? res : NULL,
                   middle, out, kao_alloc(mem, scratch) };

    t[0] = time_run(&a, rounds);
    a.fused = true;
    t[1] = then ? time_run(&a, rounds) : 0;
    kao_free(mem, a.scratch);
    kao_free(mem, out);
    kao_free(mem, res);
    kao_free(mem, middle);
    kao_free(mem, in);
    kao_free(mem, packed[1]);
    kao_free(mem, packed[0]);
}

static void bench_layers(const kao_kernels *k, kao_pool *pool, kao_mem *mem, double peak,
                         int rounds)
{
    const size_t n = sizeof layers / sizeof layers[0];
    double sum = 0;

    for (size_t i = 0; i < n; i++) {
        const layer *l = &layers[i];
        const kao_conv d = describe(l);
        double t[2];

        time_layer(k, pool, mem, &d, NULL, rounds, t);
        printf("%-13s %dx %3dx%-3d c%-3d -> %3dx%-3d c%-3d k%d s%d %-5s %9.1f us %6.1f GFLOP/s "
               "%3.0f %%\n", l->net, l->count, d.h, d.w, d.c, d.oh, d.ow, d.oc, d.kh, d.sy,
               d.groups > 1 ? "depth" : d.kh == 1 ? "point" : "dense", t[0] * 1e6,
               flop(&d) / t[0] * 1e-9, 100 * flop(&d) / t[0] / peak);
        sum += l->count * t[0];
        if (i + 1 == n || strcmp(l->net, layers[i + 1].net) != 0) {
            printf("%-13s sum of these layers: %.2f ms\n\n", l->net, sum * 1e3);
            sum = 0;
        }
    }
}

static void bench_pairs(const kao_kernels *k, kao_pool *pool, kao_mem *mem, int rounds)
{
    const size_t n = sizeof pairs / sizeof pairs[0];

    for (size_t i = 0; i < n; i++) {
        const pair *p = &pairs[i];
        const layer deep = { p->net, 1, p->h, p->w, p->point_first ? p->oc : p->c,
                             p->point_first ? p->oc : p->c, 3, p->s, 1,
                             p->point_first ? p->oc : p->c, p->deep_act,
                             p->point_first ? p->residual : KAO_RES_NONE };
        const kao_conv dd = describe(&deep);
        const layer point = { p->net, 1, p->point_first ? p->h : dd.oh,
                              p->point_first ? p->w : dd.ow, p->c, p->oc, 1, 1, 0, 1,
                              p->point_act, p->point_first ? KAO_RES_NONE : p->residual };
        const kao_conv pd = describe(&point);
        const kao_conv *first = p->point_first ? &pd : &dd, *second = p->point_first ? &dd : &pd;
        double t[2];

        time_layer(k, pool, mem, first, second, rounds, t);
        printf("%-13s %dx %3dx%-3d c%-3d %s c%-3d s%d  apart %8.1f us  pair %8.1f us  x%.2f %s\n",
               p->net, p->count, p->h, p->w, p->c, p->point_first ? "point, depth" : "depth, point",
               p->oc, p->s, t[0] * 1e6, t[1] * 1e6, t[0] / t[1],
               kao_conv_pair_good(k, first, second) ? "taken" : "");
    }
}

/* The rest: functions of one pair of buffers, and the bytes that they move. */
typedef struct other_args {
    const kao_kernels *k;
    kao_pool *pool;
    float *in, *out;
    int32_t twice[160];
} other_args;

static void other_max_pool(const other_args *a)
{
    const kao_pooling d = { KAO_POOLING_MAX, 1, 320, 320, 16, 160, 160, 2, 2, 2, 2, 1, 1,
                            0, 0, 0, 0, 16, 16 };

    kao_pooling_run(a->k, a->pool, &d, a->in, a->out);
}

static void other_avg_pool(const other_args *a)
{
    const kao_pooling d = { KAO_POOLING_AVG, 1, 160, 160, 24, 80, 80, 2, 2, 2, 2, 1, 1,
                            0, 0, 0, 0, 24, 24 };

    kao_pooling_run(a->k, a->pool, &d, a->in, a->out);
}

static void other_resize(const other_args *a)
{
    const kao_resize d = { 1, 40, 40, 64, 80, 80, a->twice, a->twice, 64, 64 };

    kao_resize_run(a->pool, &d, a->in, a->out);
}

static void other_add(const other_args *a)
{
    const kao_binary_rows b = { KAO_BIN_ADD, KAO_OPERAND_FULL, a->in, a->out, a->out,
                                64, 64, 64, 6400, 64, -INFINITY, INFINITY };

    kao_binary_run(a->k, a->pool, &b);
}

static void other_sigmoid(const other_args *a)
{
    const kao_unary_args u = { a->in, 64, a->out, 64, 6400, 64, KAO_ACT_SIGMOID, 0, 0, NULL };

    kao_unary_run(a->k, a->pool, &u);
}

static void other_slope(const other_args *a)
{
    const kao_unary_args u = { a->in, 64, a->out, 64, 6400, 64, KAO_ACT_SLOPE, 0, 0, a->in };

    kao_unary_run(a->k, a->pool, &u);
}

static void other_to_nhwc(const other_args *a)
{
    kao_nchw_to_nhwc(a->k, a->pool, a->in, 1, 3, 640 * 640, a->out, 3);
}

static void other_to_nchw(const other_args *a)
{
    kao_nhwc_to_nchw(a->k, a->pool, a->in, 20, 1, 20, 80 * 80, a->out);
}

static const struct {
    const char *name;
    void (*run)(const other_args *);
    double floats; /* read and written */
} others[] = {
    { "max pool 2x2 320x320x16", other_max_pool, 320 * 320 * 16 * 1.25 },
    { "average pool 2x2 160x160x24", other_avg_pool, 160 * 160 * 24 * 1.25 },
    { "nearest x2 40x40x64", other_resize, 40 * 40 * 64 * 5 },
    { "add 80x80x64", other_add, 80 * 80 * 64 * 3 },
    { "slope 80x80x64", other_slope, 80 * 80 * 64 * 2 },
    { "sigmoid 80x80x64", other_sigmoid, 80 * 80 * 64 * 2 },
    { "NCHW to NHWC 640x640x3", other_to_nhwc, 640 * 640 * 3 * 2 },
    { "NHWC to NCHW 80x80x20", other_to_nchw, 80 * 80 * 20 * 2 },
};

static void bench_others(const kao_kernels *k, kao_pool *pool, kao_mem *mem, int rounds)
{
    other_args a = { .k = k, .pool = pool, .in = floats(mem, 1 << 21), .out = floats(mem, 1 << 21) };
    double t[MAX_ROUNDS];

    for (int32_t i = 0; i < 160; i++)
        a.twice[i] = i / 2;
    for (size_t i = 0; i < sizeof others / sizeof others[0] && a.in && a.out; i++) {
        for (int r = -2; r < rounds; r++) {
            const double t0 = now_s();

            for (int j = 0; j < 10; j++)
                others[i].run(&a);
            if (r >= 0)
                t[r] = (now_s() - t0) / 10;
        }
        qsort(t, (size_t)rounds, sizeof *t, by_value);
        printf("%-28s %8.1f us %6.1f GB/s\n", others[i].name, t[rounds / 2] * 1e6,
               others[i].floats * 4e-9 / t[rounds / 2]);
    }
    kao_free(mem, a.out);
    kao_free(mem, a.in);
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
    const int n_threads = argc > 3 ? atoi(argv[3]) : 1;
    kao_pool *pool = NULL;
    uint32_t mask;
    kao_kernels k;
    kao_mem mem;

    kao_mem_init(&mem, NULL);
    if (!kao_cpu_mask(isa, kao_cpu_detect(), &mask) || rounds < 1 || rounds > MAX_ROUNDS ||
        n_threads < 1 || kao_pool_create(&pool, &mem, (uint32_t)n_threads, NULL)) {
        fprintf(stderr, "usage: bench_kernels [ref|avx2|avx512|native] [rounds] [threads]\n");
        return 2;
    }
    kao_kernels_init(&k, mask);
    const double peak = peak_flops(&k, &mem);
    printf("# %s, %d threads; peak of one %.1f GFLOP/s\n", kao_cpu_name(mask), n_threads,
           peak * 1e-9);
    bench_layers(&k, pool, &mem, peak, rounds);
    bench_pairs(&k, pool, &mem, rounds);
    bench_others(&k, pool, &mem, rounds);
    kao_pool_destroy(pool);
    return 0;
}
