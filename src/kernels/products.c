/* See products.h. A panel is nr packed rows side by side, as a dense convolution has its output
 * channels; a row of a is a pixel. */
#include "kernels/products.h"

#include <string.h>

#include "kernels/conv_parts.h"

static const kao_gemm_slot *widest(const kao_kernels *k)
{
    return &k->gemm.slot[k->gemm.n - 1];
}

static size_t panel_floats(const kao_gemm_slot *s, size_t dim)
{
    return kao_round_up(dim * (size_t)s->nr, KAO_CONV_PAD);
}

size_t kao_products_floats(const kao_kernels *k, size_t n, size_t dim)
{
    const kao_gemm_slot *s = widest(k);
    const size_t nr = (size_t)s->nr;

    return (n + nr - 1) / nr * panel_floats(s, dim);
}

void kao_products_pack(const kao_kernels *k, const float *rows, size_t n, size_t dim,
                       float *packed)
{
    const kao_gemm_slot *s = widest(k);
    const size_t nr = (size_t)s->nr, floats = panel_floats(s, dim);

    for (size_t i = 0; i < n; i += nr, packed += floats) {
        const size_t cols = n - i < nr ? n - i : nr;

        if (cols < nr)
            memset(packed, 0, floats * sizeof *packed);
        for (size_t o = 0; o < cols; o++)
            for (size_t x = 0; x < dim; x++)
                packed[x * nr + o] = rows[(i + o) * dim + x];
    }
}

void kao_products(const kao_kernels *k, const float *a, size_t n_a, const float *packed,
                  size_t n, size_t dim, float *out)
{
    static const float zeros[KAO_CONV_MAX_NR];
    const kao_gemm_slot *s = widest(k);
    const size_t nr = (size_t)s->nr, mr = (size_t)s->mr, floats = panel_floats(s, dim);
    kao_gemm_args g = { .lda = (ptrdiff_t)dim,
                        .n_ty = 1,
                        .n_tx = 1,
                        .len = (int32_t)dim,
                        .bias = zeros,
                        .ldo = (ptrdiff_t)n };

    for (size_t j = 0; j < n; j += nr, packed += floats) {
        g.w = packed;
        g.cols = (int32_t)(n - j < nr ? n - j : nr);
        for (size_t i = 0; i < n_a; i += mr) {
            g.a = a + i * dim;
            g.out = out + i * n + j;
            s->run(&g, (int32_t)(n_a - i < mr ? n_a - i : mr));
        }
    }
}
