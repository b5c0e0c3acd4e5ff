/* GEMM tiles of at most 12 rows and 8 columns, NEON. */
#define GEMM_ROWS 12
#include "kernels/arm/neon/fill.h"
#include "kernels/arm/neon/vec.h"

#include "kernels/vec/gemm_body.h"

KAO_GEMM(kao_gemm_f32_12x8_neon, GEMM_12, 2)
