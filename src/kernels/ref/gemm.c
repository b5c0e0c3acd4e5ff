/* GEMM tiles, 4x8, of float32 and of pairs of bfloat16, in plain C: what the other levels are
 * held against. */
#include <string.h>

#include "kernels/ref/ref.h"

enum { NR = 8 };

static inline void tile(const kao_gemm_args *g, int32_t rows,
                        float (*product)(float a, float w))
{
    for (int32_t r = 0; r < rows; r++) {
        const float *w = g->w;
        float sum[NR];

        for (int o = 0; o < NR; o++)
            sum[o] = g->bias[o];
        for (int32_t ty = 0; ty < g->n_ty; ty++) {
            for (int32_t tx = 0; tx < g->n_tx; tx++) {
                const float *a = g->a + r * g->lda + ty * g->step_y + tx * g->step_x;

                for (int32_t k = 0; k < g->len; k++, w += NR)
                    for (int o = 0; o < NR; o++)
                        sum[o] += product(a[k], w[o]);
            }
        }
        for (int32_t o = 0; o < g->cols; o++)
            g->out[r * g->ldo + o] = kao_epilogue_ref(&g->e, sum[o], r, o);
    }
}

static float product(float a, float w)
{
    return a * w;
}

void kao_gemm_f32_4x8_ref(const kao_gemm_args *g, int32_t rows)
{
    tile(g, rows, product);
}

/* ---- pairs of bfloat16 ---- */

static uint32_t bits_of(float x)
{
    uint32_t bits;

    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static float float_of(uint32_t bits)
{
    float x;

    memcpy(&x, &bits, sizeof x);
    return x;
}

static float dot(float a, float b)
{
    const uint32_t i = bits_of(a), j = bits_of(b);

    return float_of(i << 16) * float_of(j << 16) +
           float_of(i & 0xffff0000u) * float_of(j & 0xffff0000u);
}

void kao_gemm_bf16_4x8_ref(const kao_gemm_args *g, int32_t rows)
{
    tile(g, rows, dot);
}

static uint32_t rounded(float x)
{
    const uint32_t bits = bits_of(x);

    if (x != x)
        return bits >> 16 | 0x40; /* a NaN stays one, and quiet */
    return (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
}

static float pair_of(float first, float second)
{
    return float_of(rounded(first) | rounded(second) << 16);
}

void kao_to_pairs_ref(const float *in, size_t n, float *pairs)
{
    for (size_t i = 0; i < n; i += 2)
        pairs[i / 2] = pair_of(in[i], in[i + 1]);
}

void kao_zip_pairs_ref(const float *rows, size_t n, size_t width, float *pairs)
{
    for (size_t r = 0; r < n; r++, rows += 2 * width, pairs += width)
        for (size_t i = 0; i < width; i++)
            pairs[i] = pair_of(rows[i], rows[width + i]);
}
