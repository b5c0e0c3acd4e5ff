/* Planes to pixels and back, AVX-512: vec/layout_body.h, which is plain C, by the name in vec.h. */
#include "kernels/x86/avx512/fill.h"
#include "kernels/x86/avx512/vec.h"

#include "kernels/vec/layout_body.h"
