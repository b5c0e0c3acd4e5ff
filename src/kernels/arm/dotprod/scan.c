/* Scans by the dot products of arm64: four products of bytes a lane and instruction. */
#include <arm_neon.h>

#include "kernels/arm/dotprod/fill.h"

static inline int32x4_t vs_dot16(int32x4_t sum, int8x16_t a, int8x16_t b)
{
    return vdotq_s32(sum, a, b);
}

#include "kernels/arm/neon/scan_verbs.h"

#include "kernels/vec/scan_body.h"

KAO_SCAN_ONE(kao_scan_1_dotprod)
KAO_SCAN_MANY(kao_scan_16_dotprod, 4)
