/* The kernels of this folder; their contracts are those of the slots in kernels.h. */
#ifndef KAO_KERNELS_BF16_FILL_H
#define KAO_KERNELS_BF16_FILL_H

#include "kernels/kernels.h"

kao_gemm_fn kao_gemm_bf16_14x8_avx512;
kao_gemm_fn kao_gemm_bf16_14x16_avx512;
kao_gemm_fn kao_gemm_bf16_14x32_avx512;
kao_to_pairs_fn kao_to_pairs_avx512;
kao_zip_pairs_fn kao_zip_pairs_avx512;

#endif
