/* The vector verbs of kernels/vec for AVX-512: 16 floats, tails by mask. */
#ifndef KAO_KERNELS_AVX512_VEC_H
#define KAO_KERNELS_AVX512_VEC_H

#include <immintrin.h>

#include "kernels/kernels.h"
#include "kernels/vec/inline.h"

enum { VF_N = 16, VF_DW_ROWS = 2 }; /* depthwise: output rows that share loaded rows */
#define VF_ISA(name) name##_avx512

typedef __m512 vf;
typedef __mmask16 vm;

KAO_INLINE vm vm_first(size_t n) /* the first n lanes, all if n >= VF_N */
{
    return (vm)(n >= VF_N ? 0xffffu : (1u << n) - 1);
}
KAO_INLINE vf vf_set1(float x)
{
    return _mm512_set1_ps(x);
}
KAO_INLINE vf vf_load(const float *p)
{
    return _mm512_loadu_ps(p);
}
KAO_INLINE vf vf_load_m(const float *p, vm m) /* 0 in other lanes */
{
    return _mm512_maskz_loadu_ps(m, p);
}
KAO_INLINE void vf_store(float *p, vf v)
{
    _mm512_storeu_ps(p, v);
}
KAO_INLINE void vf_store_m(float *p, vm m, vf v)
{
    _mm512_mask_storeu_ps(p, m, v);
}
KAO_INLINE vf vf_fma(vf a, vf b, vf c)
{
    return _mm512_fmadd_ps(a, b, c);
}
KAO_INLINE vf vf_add(vf a, vf b)
{
    return _mm512_add_ps(a, b);
}
KAO_INLINE vf vf_sub(vf a, vf b)
{
    return _mm512_sub_ps(a, b);
}
KAO_INLINE vf vf_mul(vf a, vf b)
{
    return _mm512_mul_ps(a, b);
}
KAO_INLINE vf vf_div(vf a, vf b)
{
    return _mm512_div_ps(a, b);
}
KAO_INLINE vf vf_max(vf a, vf b) /* b where either is NaN */
{
    return _mm512_max_ps(a, b);
}
KAO_INLINE vf vf_min(vf a, vf b) /* b where either is NaN */
{
    return _mm512_min_ps(a, b);
}
KAO_INLINE vf vf_round(vf a) /* to nearest, ties to even */
{
    return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
KAO_INLINE vf vf_neg_abs(vf a)
{
    return _mm512_or_ps(a, _mm512_set1_ps(-0.0f));
}
KAO_INLINE vf vf_if_neg(vf x, vf yes, vf no) /* x < 0 ? yes : no */
{
    return _mm512_mask_mov_ps(
        no, _mm512_cmp_ps_mask(x, _mm512_setzero_ps(), _CMP_LT_OQ), yes);
}
KAO_INLINE vf vf_if_nan(vf x, vf yes, vf no)
{
    return _mm512_mask_mov_ps(no, _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q), yes);
}
KAO_INLINE vf vf_pow2(vf n) /* 2^n for whole n in -126..127 */
{
    const __m512i i = _mm512_add_epi32(_mm512_cvtps_epi32(n), _mm512_set1_epi32(127));

    return _mm512_castsi512_ps(_mm512_slli_epi32(i, 23));
}

#endif
