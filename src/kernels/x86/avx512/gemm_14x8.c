/* Eight channels: 256-bit vectors, of which AVX-512VL has 32. On cores that split
 * 512-bit operations (Zen 4) they cost half; so 24 channels run as 16 + 8: with zmm and
 * ymm mixed in one 14x24 tile the FMA units reached 90 % there, apart 95 %. */
#define GEMM_ROWS 14
#include "kernels/x86/avx2/fill.h"
#include "kernels/x86/avx2/vec.h"
#include "kernels/x86/avx512/fill.h"

#include "kernels/vec/gemm_body.h"

KAO_GEMM(kao_gemm_f32_14x8_avx512, GEMM_14, 1)
