/* GEMM tiles of at most 6 rows and 16 columns, AVX2. */
#define GEMM_ROWS 6
#include "kernels/x86/avx2/fill.h"
#include "kernels/x86/avx2/vec.h"

#include "kernels/vec/gemm_body.h"

KAO_GEMM(kao_gemm_f32_6x16_avx2, GEMM_6, 2)
