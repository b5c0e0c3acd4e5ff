/* What the two scans of arm64 share: rows are made signed, 16 bytes are four lanes. The including
 * file defines vs_dot16: a sum and the products of 16 bytes, four a lane. */
#ifndef KAO_KERNELS_NEON_SCAN_VERBS_H
#define KAO_KERNELS_NEON_SCAN_VERBS_H

#include <arm_neon.h>

#include "kernels/kernels.h"

enum { SCAN_ROWS = 6, SCAN_VECS = 4, SCAN_N = 4, SCAN_BYTES = 16, SCAN_BIAS = 0 };

typedef int32x4_t vs;
typedef int8x16_t vs_row;

static inline int8x16_t vs_signed(uint8x16_t bytes)
{
    return vreinterpretq_s8_u8(veorq_u8(bytes, vdupq_n_u8(128)));
}
static inline vs vs_load(const int32_t *p)
{
    return vld1q_s32(p);
}
static inline void vs_store(int32_t *p, vs v)
{
    vst1q_s32(p, v);
}
static inline vs_row vs_row_at(const uint8_t *p)
{
    return vs_signed(
        vreinterpretq_u8_u32(vld1q_dup_u32((const uint32_t *)(const void *)p)));
}
static inline vs vs_dot(vs sum, vs_row row, const uint8_t *q)
{
    return vs_dot16(sum, row, vreinterpretq_s8_u8(vld1q_u8(q)));
}
static inline int32_t vs_dot_row(const uint8_t *row, const void *query, size_t n)
{
    const int8_t *q = query;
    int32x4_t a = vdupq_n_s32(0), b = a;

    for (size_t i = 0; i < n; i += 32) {
        a = vs_dot16(a, vs_signed(vld1q_u8(row + i)), vld1q_s8(q + i));
        b = vs_dot16(b, vs_signed(vld1q_u8(row + i + 16)), vld1q_s8(q + i + 16));
    }
    return vaddvq_s32(vaddq_s32(a, b));
}

#endif
