/* GEMM tiles of pairs of bfloat16, of at most 14 rows and 16 columns, AVX512_BF16. */
#define GEMM_ROWS 14
#include "kernels/x86/avx512/fill.h"
#include "kernels/x86/bf16/fill.h"
#include "kernels/x86/avx512/vec.h"

static inline vf dot(vf a, vf b, vf sum)
{
    return _mm512_dpbf16_ps(sum, (__m512bh)a, (__m512bh)b);
}
#define GEMM_DOT dot

#include "kernels/x86/gemm_body.h"

KAO_GEMM_ROWS(1, 1)
KAO_GEMM_ROWS(2, 1)
KAO_GEMM_ROWS(3, 1)
KAO_GEMM_ROWS(4, 1)
KAO_GEMM_ROWS(5, 1)
KAO_GEMM_ROWS(6, 1)
KAO_GEMM_ROWS(7, 1)
KAO_GEMM_ROWS(8, 1)
KAO_GEMM_ROWS(9, 1)
KAO_GEMM_ROWS(10, 1)
KAO_GEMM_ROWS(11, 1)
KAO_GEMM_ROWS(12, 1)
KAO_GEMM_ROWS(13, 1)
KAO_GEMM_ROWS(14, 1)

void kao_gemm_bf16_14x16_avx512(const kao_gemm_args *g, int32_t rows)
{
    static void (*const run[GEMM_ROWS])(const kao_gemm_args *) = {
        gemm_rows_1,  gemm_rows_2,  gemm_rows_3,  gemm_rows_4,  gemm_rows_5,
        gemm_rows_6,  gemm_rows_7,  gemm_rows_8,  gemm_rows_9,  gemm_rows_10,
        gemm_rows_11, gemm_rows_12, gemm_rows_13, gemm_rows_14,
    };

    run[rows - 1](g);
}
