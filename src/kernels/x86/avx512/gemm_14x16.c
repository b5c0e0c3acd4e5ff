/* GEMM tiles of at most 14 rows and 16 columns, AVX-512. */
#define GEMM_ROWS 14
#include "kernels/x86/avx512/fill.h"
#include "kernels/x86/avx512/vec.h"

#include "kernels/vec/gemm_body.h"

KAO_GEMM(kao_gemm_f32_14x16_avx512, GEMM_14, 1)
