/* GEMM tiles of at most 6 rows and 16 columns, NEON. */
#define GEMM_ROWS 6
#define GEMM_VECS 4
#include "kernels/arm/neon/fill.h"
#include "kernels/arm/neon/vec.h"

#include "kernels/vec/gemm_body.h"

KAO_GEMM(kao_gemm_f32_6x16_neon, GEMM_6, 4)
