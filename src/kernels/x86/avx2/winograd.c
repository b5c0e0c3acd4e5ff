/* Winograd's transforms, AVX2: vec/winograd_body.h over the vectors of vec.h. */
#include "kernels/x86/avx2/fill.h"
#include "kernels/x86/avx2/vec.h"

#include "kernels/vec/winograd_body.h"
