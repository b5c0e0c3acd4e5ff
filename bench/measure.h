/* What the benchmarks share: a clock, medians, and the peak that figures are held against. */
#ifndef KAO_BENCH_MEASURE_H
#define KAO_BENCH_MEASURE_H

#include <math.h>
#include <time.h>

#include "base/mem.h"
#include "kernels/kernels.h"

static inline double now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static inline int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static inline float *floats(kao_mem *mem, size_t n)
{
    float *p = kao_alloc(mem, n * sizeof *p);

    for (size_t i = 0; p && i < n; i++)
        p[i] = (float)((i * 2654435761u >> 7) % 1024) / 512.0f - 1.0f;
    return p;
}

/* The most that FMAs give: a tile whose operands stay in L1, with many products a sum.
 */
static inline double peak_flops(const kao_kernels *k, kao_mem *mem)
{
    const kao_gemm_slot *s = &k->gemm.slot[k->gemm.n - 1];
    const int len = 256;
    float *a = floats(mem, 4096), *w = floats(mem, 65536), *out = floats(mem, 4096);
    kao_gemm_args g = { .a = a,
                        .lda = len,
                        .n_ty = 1,
                        .n_tx = 1,
                        .len = len,
                        .w = w,
                        .bias = w,
                        .out = out,
                        .ldo = s->nr,
                        .cols = s->nr };
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

#endif
