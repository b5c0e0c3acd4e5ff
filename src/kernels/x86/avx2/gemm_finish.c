/* The smooth activations of GEMM tiles, AVX2: vec/gemm_finish_body.h over the vectors of vec.h. */
#include "kernels/x86/avx2/fill.h"
#include "kernels/x86/avx2/vec.h"

#include "kernels/vec/gemm_finish_body.h"
