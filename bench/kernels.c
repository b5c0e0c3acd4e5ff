/* Convolution layers of real networks, alone and as fused pairs: median microseconds,
 * GFLOP/s, and the share of this core's FMA peak, measured in the same run. Multiply-adds are
 * those of the direct form: by Winograd's (w2, w4) a layer may have more than the peak.
 *
 *   bench_kernels [CPU] [rounds] [threads] */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "base/mem.h"
#include "kernels_layers.h"
#include "kernels/conv.h"
#include "kernels/elementwise.h"
#include "kernels/layout.h"
#include "kernels/pool.h"
#include "kernels/resize.h"
#include "measure.h"

enum { MAX_ROUNDS = 101 };

enum { MOST_STAGES = 3 };

typedef struct run_args {
    const kao_kernels *k;
    kao_pool *pool;
    kao_conv_group group;
    bool fused;
    const float *in, *res;
    float *maps[MOST_STAGES]; /* what each stage makes */
    void *scratch;
} run_args;

static void run_once(const run_args *a)
{
    const int32_t n = a->group.n_stages;
    const kao_conv_stage *s = a->group.stages;

    if (a->fused) {
        kao_conv_group_run(a->k, a->pool, &a->group, a->in, a->res, a->maps[n - 1],
                           a->scratch);
        return;
    }
    for (int32_t i = 0; i < n; i++)
        kao_conv_run(a->k, a->pool, &s[i].conv, s[i].packed, i ? a->maps[i - 1] : a->in,
                     i == n - 1 ? a->res : NULL, a->maps[i], a->scratch);
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
    kao_conv d = { .n = 1,
                   .h = l->h,
                   .w = l->w,
                   .c = l->c,
                   .oc = l->oc,
                   .kh = l->k,
                   .kw = l->k,
                   .sy = l->s,
                   .sx = l->s,
                   .dy = 1,
                   .dx = 1,
                   .pad_top = l->pad,
                   .pad_left = l->pad,
                   .groups = l->groups,
                   .in_stride = l->c,
                   .out_stride = l->oc,
                   .res_stride = l->oc,
                   .act = l->act,
                   .lo = 0,
                   .hi = INFINITY,
                   .residual = l->residual,
                   .winograd = KAO_WINOGRAD_WHERE_FASTER };

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

static void *pack(const kao_kernels *k, kao_mem *mem, const kao_conv *d)
{
    kao_conv_plan p;
    float *w = floats(mem, (size_t)d->oc * (size_t)(d->c / d->groups * d->kh * d->kw));
    float *bias = floats(mem, (size_t)d->oc);

    kao_conv_plan_init(&p, k, d);
    void *packed = kao_alloc(mem, p.packed_bytes);

    kao_conv_pack(k, &p, w, bias, bias, packed);
    kao_free(mem, bias);
    kao_free(mem, w);
    return packed;
}

/* Seconds: t[0] of n stages one by one, t[1] as a group (0 where n is 1). */
static void time_stages(const kao_kernels *k, kao_pool *pool, kao_mem *mem,
                        const kao_conv *const *d, int32_t n, int rounds, double t[2])
{
    const uint32_t n_threads = kao_pool_threads(pool);
    kao_conv_stage stages[MOST_STAGES] = { 0 };
    void *packed[MOST_STAGES];
    run_args a = { .k = k, .pool = pool };

    for (int32_t i = 0; i < n; i++) {
        stages[i].conv.d = *d[i];
        stages[i].packed = packed[i] = pack(k, mem, d[i]);
        a.maps[i] = floats(mem, floats_out(d[i]));
    }
    kao_conv_group_init(&a.group, k, stages, n);
    size_t scratch = kao_conv_group_scratch_bytes(&a.group, n_threads);

    for (int32_t i = 0; i < n; i++) {
        const size_t own = stages[i].conv.thread_bytes * n_threads;

        scratch = own > scratch ? own : scratch;
    }
    float *in = floats(mem, (size_t)d[0]->h * (size_t)d[0]->w * (size_t)d[0]->c);
    float *res = floats(mem, floats_out(d[n - 1]));

    a.in = in;
    a.res = d[n - 1]->residual ? res : NULL;
    a.scratch = kao_alloc(mem, scratch);
    t[0] = time_run(&a, rounds);
    a.fused = true;
    t[1] = n > 1 ? time_run(&a, rounds) : 0;
    kao_free(mem, a.scratch);
    kao_free(mem, res);
    kao_free(mem, in);
    for (int32_t i = 0; i < n; i++) {
        kao_free(mem, a.maps[i]);
        kao_free(mem, packed[i]);
    }
}

static const char *form_name(const kao_kernels *k, const kao_conv *d)
{
    kao_conv_plan p;

    kao_conv_plan_init(&p, k, d);
    switch (p.algorithm) {
    case KAO_CONV_DEPTHWISE:
        return "depth";
    case KAO_CONV_WINOGRAD_2:
        return "w2";
    case KAO_CONV_WINOGRAD_4:
        return "w4";
    case KAO_CONV_DIRECT:
    case KAO_CONV_PAIRS:
        break;
    }
    return d->groups > 1 ? "group" : d->kh == 1 ? "point" : "dense";
}

static void bench_layers(const kao_kernels *k, kao_pool *pool, kao_mem *mem,
                         double peak, int rounds)
{
    const size_t n = sizeof layers / sizeof layers[0];
    double sum = 0;

    for (size_t i = 0; i < n; i++) {
        const layer *l = &layers[i];
        const kao_conv d = describe(l);
        double t[2];

        time_stages(k, pool, mem, (const kao_conv *const[]){ &d }, 1, rounds, t);
        printf("%-13s %dx %3dx%-3d c%-3d -> %3dx%-3d c%-3d k%d s%d %-5s %9.1f us %6.1f "
               "GFLOP/s "
               "%3.0f %%\n",
               l->net, l->count, d.h, d.w, d.c, d.oh, d.ow, d.oc, d.kh, d.sy,
               form_name(k, &d), t[0] * 1e6, flop(&d) / t[0] * 1e-9,
               100 * flop(&d) / t[0] / peak);
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
        const int32_t mid = p->point_first ? p->oc : p->c; /* channels between */
        const layer depthwise = { .net = p->net,
                                  .count = 1,
                                  .h = p->h,
                                  .w = p->w,
                                  .c = mid,
                                  .oc = mid,
                                  .k = 3,
                                  .s = p->s,
                                  .pad = 1,
                                  .groups = mid,
                                  .act = p->depthwise_act,
                                  .residual =
                                      p->point_first ? p->residual : KAO_RES_NONE };
        const kao_conv dd = describe(&depthwise);
        const layer point = { .net = p->net,
                              .count = 1,
                              .h = p->point_first ? p->h : dd.oh,
                              .w = p->point_first ? p->w : dd.ow,
                              .c = p->c,
                              .oc = p->oc,
                              .k = 1,
                              .s = 1,
                              .pad = 0,
                              .groups = 1,
                              .act = p->point_act,
                              .residual = p->point_first ? KAO_RES_NONE : p->residual };
        const kao_conv pd = describe(&point);
        const kao_conv *const stages[] = { p->point_first ? &pd : &dd,
                                           p->point_first ? &dd : &pd };
        double t[2];

        time_stages(k, pool, mem, stages, 2, rounds, t);
        printf("%-13s %dx %3dx%-3d c%-3d %s c%-3d s%d  apart %8.1f us  pair %8.1f us  "
               "x%.2f %s\n",
               p->net, p->count, p->h, p->w, p->c,
               p->point_first ? "point, depth" : "depth, point", p->oc, p->s,
               t[0] * 1e6, t[1] * 1e6, t[0] / t[1],
               kao_conv_group_good(stages, 2) ? "taken" : "");
    }
}

/* The rest: functions of one pair of buffers, and the bytes that they move. */
typedef struct other_args {
    const kao_kernels *k;
    kao_pool *pool;
    float *in, *out;
    int32_t twice[160];
} other_args;

/* 2x2, stride 2, of a square map. */
static kao_pooling halve(kao_pooling_kind kind, int32_t side, int32_t c)
{
    return (kao_pooling){ .kind = kind,
                          .n = 1,
                          .h = side,
                          .w = side,
                          .c = c,
                          .oh = side / 2,
                          .ow = side / 2,
                          .kh = 2,
                          .kw = 2,
                          .sy = 2,
                          .sx = 2,
                          .dy = 1,
                          .dx = 1,
                          .in_stride = c,
                          .out_stride = c };
}

static void other_max_pool(const other_args *a)
{
    const kao_pooling d = halve(KAO_POOLING_MAX, 320, 16);

    kao_pooling_run(a->k, a->pool, &d, a->in, a->out);
}

static void other_avg_pool(const other_args *a)
{
    const kao_pooling d = halve(KAO_POOLING_AVG, 160, 24);

    kao_pooling_run(a->k, a->pool, &d, a->in, a->out);
}

static void other_resize(const other_args *a)
{
    const kao_resize d = { .n = 1,
                           .h = 40,
                           .w = 40,
                           .c = 64,
                           .oh = 80,
                           .ow = 80,
                           .from_y = a->twice,
                           .from_x = a->twice,
                           .in_stride = 64,
                           .out_stride = 64 };

    kao_resize_run(a->pool, &d, a->in, a->out);
}

static void other_add(const other_args *a)
{
    const kao_binary_rows b = { .op = KAO_BIN_ADD,
                                .kind = KAO_OPERAND_FULL,
                                .a = a->in,
                                .b = a->out,
                                .out = a->out,
                                .a_stride = 64,
                                .b_stride = 64,
                                .out_stride = 64,
                                .n_rows = 6400,
                                .c = 64,
                                .lo = -INFINITY,
                                .hi = INFINITY };

    kao_binary_run(a->k, a->pool, &b);
}

static void activate(const other_args *a, kao_act act)
{
    const kao_unary_args u = { .in = a->in,
                               .in_stride = 64,
                               .out = a->out,
                               .out_stride = 64,
                               .n_rows = 6400,
                               .c = 64,
                               .act = act,
                               .slope = a->in };

    kao_unary_run(a->k, a->pool, &u);
}

static void other_sigmoid(const other_args *a)
{
    activate(a, KAO_ACT_SIGMOID);
}

static void other_slope(const other_args *a)
{
    activate(a, KAO_ACT_SLOPE);
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
    other_args a = {
        .k = k, .pool = pool, .in = floats(mem, 1 << 21), .out = floats(mem, 1 << 21)
    };
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
    if (!kao_cpu_mask(isa, kao_cpu_detect(), &mask) || rounds < 1 ||
        rounds > MAX_ROUNDS || n_threads < 1 ||
        kao_pool_create(&pool, &mem,
                        &(kao_pool_options){ .n_threads = (uint32_t)n_threads },
                        NULL)) {
        fprintf(stderr,
                "usage: bench_kernels [" KAO_CPU_CHOICES "] [rounds] [threads]\n");
        return 2;
    }
    kao_kernels_init(&k, mask);
    const double peak = peak_flops(&k, &mem);
    printf("# %s, %d threads; peak of one %.1f GFLOP/s\n", kao_cpu_name(mask),
           n_threads, peak * 1e-9);
    bench_layers(&k, pool, &mem, peak, rounds);
    bench_pairs(&k, pool, &mem, rounds);
    bench_others(&k, pool, &mem, rounds);
    kao_pool_destroy(pool);
    return 0;
}
