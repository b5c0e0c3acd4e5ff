/* Planes to pixels and back, AVX-512: vec/layout_body.h over the vectors of vec.h. */
#include "kernels/x86/avx512/fill.h"
#include "kernels/x86/avx512/vec.h"

#include "kernels/vec/layout_body.h"
