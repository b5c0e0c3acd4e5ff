/* The vector verbs of kernels/vec for AVX2 with FMA: 8 floats, tails by mask or count.
 */
#ifndef KAO_KERNELS_AVX2_VEC_H
#define KAO_KERNELS_AVX2_VEC_H

#include <immintrin.h>

#include "kernels/kernels.h"
#include "kernels/vec/inline.h"

enum {
    VF_N = 8,
    VF_DW_ROWS = 1
}; /* 16 registers: 9 weights leave no room for 2 rows */
#define VF_ISA(name) name##_avx2

typedef __m256 vf;
typedef struct vm { /* the first n lanes */
    __m256i lanes;
    int n;
} vm;

KAO_INLINE vm vm_first(size_t n) /* all if n >= VF_N */
{
    const int k = n >= VF_N ? VF_N : (int)n;
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);

    return (vm){ _mm256_cmpgt_epi32(_mm256_set1_epi32(k), lane), k };
}
KAO_INLINE vf vf_set1(float x)
{
    return _mm256_set1_ps(x);
}
KAO_INLINE vf vf_load(const float *p)
{
    return _mm256_loadu_ps(p);
}
KAO_INLINE vf vf_load_m(const float *p, vm m) /* 0 in other lanes */
{
    return _mm256_maskload_ps(p, m.lanes);
}
KAO_INLINE void vf_store(float *p, vf v)
{
    _mm256_storeu_ps(p, v);
}
/* By halves: vmaskmov to memory takes some 20 cycles on AMD. */
KAO_INLINE void vf_store_m(float *p, vm m, vf v)
{
    __m128 x = _mm256_castps256_ps128(v);

    if (m.n == VF_N) {
        _mm256_storeu_ps(p, v);
        return;
    }
    if (m.n & 4) {
        _mm_storeu_ps(p, x);
        p += 4;
        x = _mm256_extractf128_ps(v, 1);
    }
    if (m.n & 2) {
        _mm_storel_pi((__m64 *)(void *)p, x);
        p += 2;
        x = _mm_movehl_ps(x, x);
    }
    if (m.n & 1)
        _mm_store_ss(p, x);
}
KAO_INLINE vf vf_fma(vf a, vf b, vf c)
{
    return _mm256_fmadd_ps(a, b, c);
}
KAO_INLINE vf vf_add(vf a, vf b)
{
    return _mm256_add_ps(a, b);
}
KAO_INLINE vf vf_sub(vf a, vf b)
{
    return _mm256_sub_ps(a, b);
}
KAO_INLINE vf vf_mul(vf a, vf b)
{
    return _mm256_mul_ps(a, b);
}
KAO_INLINE vf vf_div(vf a, vf b)
{
    return _mm256_div_ps(a, b);
}
KAO_INLINE vf vf_max(vf a, vf b) /* b where either is NaN */
{
    return _mm256_max_ps(a, b);
}
KAO_INLINE vf vf_min(vf a, vf b) /* b where either is NaN */
{
    return _mm256_min_ps(a, b);
}
KAO_INLINE vf vf_round(vf a) /* to nearest, ties to even */
{
    return _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
KAO_INLINE vf vf_neg_abs(vf a)
{
    return _mm256_or_ps(a, _mm256_set1_ps(-0.0f));
}
KAO_INLINE vf vf_if_neg(vf x, vf yes, vf no) /* x < 0 ? yes : no */
{
    return _mm256_blendv_ps(no, yes, _mm256_cmp_ps(x, _mm256_setzero_ps(), _CMP_LT_OQ));
}
KAO_INLINE vf vf_if_nan(vf x, vf yes, vf no)
{
    return _mm256_blendv_ps(no, yes, _mm256_cmp_ps(x, x, _CMP_UNORD_Q));
}
KAO_INLINE vf vf_pow2(vf n) /* 2^n for whole n in -126..127 */
{
    const __m256i i = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));

    return _mm256_castsi256_ps(_mm256_slli_epi32(i, 23));
}

#endif
