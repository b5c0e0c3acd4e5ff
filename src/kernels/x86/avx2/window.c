/* Pooling windows, AVX2: vec/window_body.h over the vectors of vec.h. */
#include "kernels/x86/avx2/fill.h"
#include "kernels/x86/avx2/vec.h"

#include "kernels/vec/window_body.h"
