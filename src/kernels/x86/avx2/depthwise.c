/* Depthwise kernels, AVX2: vec/depthwise_body.h over the vectors of vec.h. */
#include "kernels/x86/avx2/fill.h"
#include "kernels/x86/avx2/vec.h"

#include "kernels/vec/depthwise_body.h"
