/* What training adds to the table, for AVX2. */
#include "kernels/x86/avx2/fill.h"
#include "kernels/x86/avx2/vec.h"

#include "kernels/vec/train_body.h"
