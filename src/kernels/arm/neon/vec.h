/* The vector verbs of kernels/vec for NEON (Advanced SIMD of arm64): 4 floats, tails by count. */
#ifndef KAO_KERNELS_NEON_VEC_H
#define KAO_KERNELS_NEON_VEC_H

#include <arm_neon.h>

#include "kernels/kernels.h"
#include "kernels/vec/inline.h"

enum { VF_N = 4, VF_DW_ROWS = 2 }; /* depthwise: output rows that share loaded rows */
#define VF_ISA(name) name##_neon

typedef float32x4_t vf;
typedef int vm; /* how many lanes, from the first on */

KAO_INLINE vm vm_first(size_t n) /* all if n >= VF_N */
{
    return n >= VF_N ? VF_N : (int)n;
}
KAO_INLINE vf vf_set1(float x)
{
    return vdupq_n_f32(x);
}
KAO_INLINE vf vf_load(const float *p)
{
    return vld1q_f32(p);
}
KAO_INLINE vf vf_load_m(const float *p, vm m) /* 0 in other lanes */
{
    const float32x2_t zero = vdup_n_f32(0);

    if (m == VF_N)
        return vld1q_f32(p);
    if (m & 2)
        return vcombine_f32(vld1_f32(p), m & 1 ? vld1_lane_f32(p + 2, zero, 0) : zero);
    return vcombine_f32(m & 1 ? vld1_lane_f32(p, zero, 0) : zero, zero);
}
KAO_INLINE void vf_store(float *p, vf v)
{
    vst1q_f32(p, v);
}
KAO_INLINE void vf_store_m(float *p, vm m, vf v)
{
    if (m == VF_N) {
        vst1q_f32(p, v);
        return;
    }
    if (m & 2)
        vst1_f32(p, vget_low_f32(v));
    if (m == 3)
        vst1q_lane_f32(p + 2, v, 2);
    else if (m == 1)
        vst1q_lane_f32(p, v, 0);
}
KAO_INLINE vf vf_fma(vf a, vf b, vf c)
{
    return vfmaq_f32(c, a, b);
}
KAO_INLINE vf vf_add(vf a, vf b)
{
    return vaddq_f32(a, b);
}
KAO_INLINE vf vf_sub(vf a, vf b)
{
    return vsubq_f32(a, b);
}
KAO_INLINE vf vf_mul(vf a, vf b)
{
    return vmulq_f32(a, b);
}
KAO_INLINE vf vf_div(vf a, vf b)
{
    return vdivq_f32(a, b);
}
/* By comparison: FMAX gives NaN where either is one, and of two zeros the positive one. */
KAO_INLINE vf vf_max(vf a, vf b) /* b where either is NaN */
{
    return vbslq_f32(vcgtq_f32(a, b), a, b);
}
KAO_INLINE vf vf_min(vf a, vf b) /* b where either is NaN */
{
    return vbslq_f32(vcltq_f32(a, b), a, b);
}
KAO_INLINE vf vf_round(vf a) /* to nearest, ties to even */
{
    return vrndnq_f32(a);
}
KAO_INLINE vf vf_neg_abs(vf a)
{
    return vnegq_f32(vabsq_f32(a));
}
KAO_INLINE vf vf_if_neg(vf x, vf yes, vf no) /* x < 0 ? yes : no */
{
    return vbslq_f32(vcltzq_f32(x), yes, no);
}
KAO_INLINE vf vf_if_nan(vf x, vf yes, vf no)
{
    return vbslq_f32(vceqq_f32(x, x), no, yes);
}
KAO_INLINE vf vf_pow2(vf n) /* 2^n for whole n in -126..127 */
{
    const int32x4_t i = vaddq_s32(vcvtnq_s32_f32(n), vdupq_n_s32(127));

    return vreinterpretq_f32_s32(vshlq_n_s32(i, 23));
}

#endif
