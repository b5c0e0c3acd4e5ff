#include "kernels/x86/avx512/gemm_body.h"

KAO_GEMM_WIDTH(kao_gemm_f32_14x32_avx512, 2, 0)
