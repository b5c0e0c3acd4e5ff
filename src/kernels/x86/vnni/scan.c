/* Scans by VNNI: four products of bytes a lane and instruction, 16 lanes. Rows are the unsigned
 * operand, as they lie. */
#include <immintrin.h>

#include "kernels/x86/vnni/fill.h"

enum { SCAN_ROWS = 12, SCAN_VECS = 2, SCAN_N = 16, SCAN_BYTES = 64, SCAN_BIAS = 1 };

typedef __m512i vs;
typedef __m512i vs_row;

static inline vs vs_load(const int32_t *p)
{
    return _mm512_loadu_si512(p);
}
static inline void vs_store(int32_t *p, vs v)
{
    _mm512_storeu_si512(p, v);
}
static inline vs_row vs_row_at(const uint8_t *p)
{
    return _mm512_set1_epi32(*(const int32_t *)(const void *)p);
}
static inline vs vs_dot(vs sum, vs_row row, const uint8_t *q)
{
    return _mm512_dpbusd_epi32(sum, row, _mm512_loadu_si512(q));
}
static inline int32_t vs_dot_row(const uint8_t *row, const void *query, size_t n)
{
    const uint8_t *q = query;
    __m512i sum = _mm512_setzero_si512();

    for (size_t i = 0; i < n; i += 64)
        sum = _mm512_dpbusd_epi32(sum, _mm512_load_si512(row + i),
                                  _mm512_loadu_si512(q + i));
    return _mm512_reduce_add_epi32(sum);
}

#include "kernels/vec/scan_body.h"

KAO_SCAN_ONE(kao_scan_1_vnni)
KAO_SCAN_MANY(kao_scan_16_vnni, 1)
KAO_SCAN_MANY(kao_scan_32_vnni, 2)
