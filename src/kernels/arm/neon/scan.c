/* Scans by NEON: products of bytes are words; two of them fit one, four a lane. */
#include <arm_neon.h>

#include "kernels/arm/neon/fill.h"

static inline int32x4_t vs_dot16(int32x4_t sum, int8x16_t a, int8x16_t b)
{
    const int16x8_t lo = vmull_s8(vget_low_s8(a), vget_low_s8(b)),
                    hi = vmull_s8(vget_high_s8(a), vget_high_s8(b));

    return vpadalq_s16(sum, vpaddq_s16(lo, hi));
}

#include "kernels/arm/neon/scan_verbs.h"

#include "kernels/vec/scan_body.h"

KAO_SCAN_ONE(kao_scan_1_neon)
KAO_SCAN_MANY(kao_scan_16_neon, 4)
