/* GEMM tiles of pairs of bfloat16, of at most 14 rows and 32 columns, AVX512_BF16. */
#define GEMM_ROWS 14
#include "kernels/x86/avx512/fill.h"
#include "kernels/x86/bf16/fill.h"
#include "kernels/x86/avx512/vec.h"

KAO_INLINE vf dot(vf a, vf b, vf sum)
{
    return _mm512_dpbf16_ps(sum, (__m512bh)a, (__m512bh)b);
}
#define GEMM_DOT dot

#include "kernels/vec/gemm_body.h"

KAO_GEMM(kao_gemm_bf16_14x32_avx512, GEMM_14, 2)
