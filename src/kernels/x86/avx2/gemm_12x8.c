/* GEMM tiles of at most 12 rows and 8 columns, AVX2. */
#define GEMM_ROWS 12
#include "kernels/x86/avx2/fill.h"
#include "kernels/x86/avx2/vec.h"

#include "kernels/vec/gemm_body.h"

KAO_GEMM(kao_gemm_f32_12x8_avx2, GEMM_12, 1)
