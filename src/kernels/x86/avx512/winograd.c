/* Winograd's transforms, AVX-512: vec/winograd_body.h over the vectors of vec.h. */
#include "kernels/x86/avx512/fill.h"
#include "kernels/x86/avx512/vec.h"

#include "kernels/vec/winograd_body.h"
