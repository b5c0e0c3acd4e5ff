/* Planes to pixels and back, AVX2: vec/layout_body.h over the vectors of vec.h. */
#include "kernels/x86/avx2/fill.h"
#include "kernels/x86/avx2/vec.h"

#include "kernels/vec/layout_body.h"
