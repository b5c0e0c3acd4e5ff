/* Scans by AVX2: bytes become words, whose products are added in pairs without loss. A group's
 * integers 0 and 2 are the low bytes of its words, 1 and 3 the high ones. */
#include <immintrin.h>

#include "kernels/x86/avx2/fill.h"

enum { SCAN_ROWS = 6, SCAN_VECS = 2, SCAN_N = 8, SCAN_BYTES = 64, SCAN_BIAS = 1 };

typedef __m256i vs;
typedef struct vs_row {
    __m256i even, odd;
} vs_row;

static inline __m256i load(const void *p)
{
    return _mm256_loadu_si256((const __m256i *)p);
}
static inline vs vs_load(const int32_t *p)
{
    return load(p);
}
static inline void vs_store(int32_t *p, vs v)
{
    _mm256_storeu_si256((__m256i *)(void *)p, v);
}
static inline vs_row vs_row_at(const uint8_t *p)
{
    const __m256i four = _mm256_set1_epi32(*(const int32_t *)(const void *)p);

    return (vs_row){ _mm256_and_si256(four, _mm256_set1_epi16(255)),
                     _mm256_srli_epi16(four, 8) };
}
static inline vs vs_dot(vs sum, vs_row row, const uint8_t *q)
{
    sum = _mm256_add_epi32(sum, _mm256_madd_epi16(row.even, load(q)));
    return _mm256_add_epi32(sum, _mm256_madd_epi16(row.odd, load(q + 32)));
}
static inline int32_t vs_dot_row(const uint8_t *row, const void *query, size_t n)
{
    const int16_t *q = query;
    __m256i a = _mm256_setzero_si256(), b = a;

    for (size_t i = 0; i < n; i += 32) {
        const __m128i *p = (const __m128i *)(const void *)(row + i);
        const __m256i lo = _mm256_cvtepu8_epi16(_mm_load_si128(p)),
                      hi = _mm256_cvtepu8_epi16(_mm_load_si128(p + 1));

        a = _mm256_add_epi32(a, _mm256_madd_epi16(lo, load(q + i)));
        b = _mm256_add_epi32(b, _mm256_madd_epi16(hi, load(q + i + 16)));
    }
    a = _mm256_add_epi32(a, b);
    __m128i s =
        _mm_add_epi32(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1));

    s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0x4e));
    s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0xb1));
    return _mm_cvtsi128_si32(s);
}

#include "kernels/vec/scan_body.h"

KAO_SCAN_ONE(kao_scan_1_avx2)
KAO_SCAN_MANY(kao_scan_16_avx2, 2)
