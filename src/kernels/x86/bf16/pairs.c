/* Numbers into pairs of bfloat16, AVX512_BF16. */
#include <immintrin.h>

#include "kernels/x86/bf16/fill.h"

void kao_to_pairs_avx512(const float *in, size_t n, float *pairs)
{
    size_t i = 0;

    for (; i + 32 <= n; i += 32) {
        const __m512 low = _mm512_loadu_ps(in + i), high = _mm512_loadu_ps(in + i + 16);

        _mm512_storeu_si512(pairs + i / 2, (__m512i)_mm512_cvtne2ps_pbh(high, low));
    }
    for (; i < n; i += 16) {
        const __mmask16 m = (__mmask16)(n - i < 16 ? (1u << (n - i)) - 1 : 0xffffu);
        const __m256i pair =
            (__m256i)_mm512_cvtneps_pbh(_mm512_maskz_loadu_ps(m, in + i));

        _mm256_mask_storeu_epi16(pairs + i / 2, m, pair);
    }
}

/* Halves of 32 numbers, 16 of the first row below 16 of the second, side by side. */
static inline __m512i zip(__m512 first, __m512 second)
{
    const __m512i order = _mm512_add_epi32(
        _mm512_set1_epi32(16 << 16),
        _mm512_mullo_epi32(
            _mm512_set1_epi32(0x10001),
            _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0)));

    return _mm512_permutexvar_epi16(order, (__m512i)_mm512_cvtne2ps_pbh(second, first));
}

void kao_zip_pairs_avx512(const float *rows, size_t n, size_t width, float *pairs)
{
    for (size_t r = 0; r < n; r++, rows += 2 * width, pairs += width) {
        size_t i = 0;

        for (; i + 16 <= width; i += 16)
            _mm512_storeu_si512(pairs + i, zip(_mm512_loadu_ps(rows + i),
                                               _mm512_loadu_ps(rows + width + i)));
        if (i < width) {
            const __mmask16 m = (__mmask16)((1u << (width - i)) - 1);

            _mm512_mask_storeu_epi32(pairs + i, m,
                                     zip(_mm512_maskz_loadu_ps(m, rows + i),
                                         _mm512_maskz_loadu_ps(m, rows + width + i)));
        }
    }
}
