/* Planes to pixels and back, AVX2: vec/layout_body.h, which is plain C, by the name in vec.h. */
#include "kernels/x86/avx2/fill.h"
#include "kernels/x86/avx2/vec.h"

#include "kernels/vec/layout_body.h"
