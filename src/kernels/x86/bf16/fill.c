/* What AVX512_BF16 adds to the slots of AVX-512. */
#include "kernels/x86/bf16/fill.h"

#include "kernels/fill.h"

void kao_kernels_fill_bf16(kao_kernels *k)
{
    k->pairs = (kao_gemm_tiles){ .slot = { { kao_gemm_bf16_14x8_avx512, 14, 8 },
                                           { kao_gemm_bf16_14x16_avx512, 14, 16 },
                                           { kao_gemm_bf16_14x32_avx512, 14, 32 } },
                                 .n = 3 };
    k->to_pairs = kao_to_pairs_avx512;
    k->zip_pairs = kao_zip_pairs_avx512;
}
