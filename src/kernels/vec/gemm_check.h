/* Under a sanitizer, the memory of a GEMM tile is looked at here, range by range, before the tile
 * runs unchecked: a check at each of its loads takes eight times as long, and the tests of whole
 * programs spend most of their time in it. Without a sanitizer there is nothing here. */
#ifndef KAO_KERNELS_VEC_GEMM_CHECK_H
#define KAO_KERNELS_VEC_GEMM_CHECK_H

#include "kernels/vec/inline.h"

#if defined KAO_ADDRESS_SANITIZER || defined KAO_THREAD_SANITIZER
# ifdef KAO_ADDRESS_SANITIZER
void *__asan_region_is_poisoned(void *from, size_t bytes);

static void gemm_reads(const float *p, size_t n)
{
    const volatile char *bad =
        __asan_region_is_poisoned((void *)(uintptr_t)p, n * sizeof *p);

    if (bad)
        (void)*bad; /* this load is checked, and reported */
}

static void gemm_writes(float *p, size_t n)
{
    volatile char *bad = __asan_region_is_poisoned(p, n * sizeof *p);

    if (bad)
        *bad = 0;
}
# else
void __tsan_read_range(void *from, unsigned long bytes);
void __tsan_write_range(void *from, unsigned long bytes);

static void gemm_reads(const float *p, size_t n)
{
    __tsan_read_range((void *)(uintptr_t)p, n * sizeof *p);
}

static void gemm_writes(float *p, size_t n)
{
    __tsan_write_range(p, n * sizeof *p);
}
# endif

/* rows by width columns, of which a tile reads all weights and touches cols of what it makes. */
static void gemm_check(const kao_gemm_args *g, int32_t rows, size_t width)
{
    const size_t len = (size_t)g->len, cols = (size_t)g->cols;

    gemm_reads(g->bias, width);
    gemm_reads(g->w, (size_t)g->n_ty * (size_t)g->n_tx * len * width);
    if (g->e.act == KAO_ACT_SLOPE)
        gemm_reads(g->e.slope, width);
    for (int32_t i = 0; i < rows; i++) {
        for (int32_t ty = 0; ty < g->n_ty; ty++)
            for (int32_t tx = 0; tx < g->n_tx; tx++)
                gemm_reads(g->a + i * g->lda + ty * g->step_y + tx * g->step_x, len);
        if (g->e.residual)
            gemm_reads(g->e.res + i * g->e.ldr, cols);
        gemm_writes(g->out + i * g->ldo, cols);
    }
}
#else
# define gemm_check(g, rows, width) ((void)0)
#endif

#endif
