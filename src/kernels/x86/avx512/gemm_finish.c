/* The smooth activations of GEMM tiles, AVX-512: vec/gemm_finish_body.h over the vectors of vec.h. */
#include "kernels/x86/avx512/fill.h"
#include "kernels/x86/avx512/vec.h"

#include "kernels/vec/gemm_finish_body.h"
