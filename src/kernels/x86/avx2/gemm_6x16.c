/* GEMM tiles of at most 6 rows and 16 columns, AVX2. */
#define GEMM_ROWS 6
#include "kernels/x86/avx2/fill.h"
#include "kernels/x86/avx2/vec.h"

#include "kernels/x86/gemm_body.h"

KAO_GEMM_ROWS(1, 2)
KAO_GEMM_ROWS(2, 2)
KAO_GEMM_ROWS(3, 2)
KAO_GEMM_ROWS(4, 2)
KAO_GEMM_ROWS(5, 2)
KAO_GEMM_ROWS(6, 2)

void kao_gemm_f32_6x16_avx2(const kao_gemm_args *g, int32_t rows)
{
    static void (*const run[GEMM_ROWS])(const kao_gemm_args *) = {
        gemm_rows_1, gemm_rows_2, gemm_rows_3, gemm_rows_4, gemm_rows_5, gemm_rows_6,
    };

    run[rows - 1](g);
}
