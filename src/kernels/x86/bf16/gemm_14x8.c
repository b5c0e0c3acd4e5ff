/* GEMM tiles of pairs of bfloat16, of at most 14 rows and 8 columns, AVX512_BF16. */
#define GEMM_ROWS 14
#include "kernels/x86/avx2/fill.h"
#include "kernels/x86/avx2/vec.h"
#include "kernels/x86/bf16/fill.h"

KAO_INLINE vf dot(vf a, vf b, vf sum)
{
    return _mm256_dpbf16_ps(sum, (__m256bh)a, (__m256bh)b);
}
#define GEMM_DOT dot

#include "kernels/vec/gemm_body.h"

KAO_GEMM(kao_gemm_bf16_14x8_avx512, GEMM_14, 1)
