#include "kernels/x86/avx512/gemm_body.h"

KAO_GEMM_WIDTH(kao_gemm_f32_14x8_avx512, 0, 1)
