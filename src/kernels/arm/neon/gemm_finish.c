/* The smooth activations of GEMM tiles, NEON: vec/gemm_finish_body.h over the vectors of vec.h. */
#include "kernels/arm/neon/fill.h"
#include "kernels/arm/neon/vec.h"

#include "kernels/vec/gemm_finish_body.h"
