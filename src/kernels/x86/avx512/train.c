/* What training adds to the table, for AVX-512. */
#include "kernels/x86/avx512/fill.h"
#include "kernels/x86/avx512/vec.h"

#include "kernels/vec/train_body.h"
