/* Element-wise kernels, NEON: vec/elementwise_body.h over the vectors of vec.h. */
#include "kernels/arm/neon/fill.h"
#include "kernels/arm/neon/vec.h"

#include "kernels/vec/elementwise_body.h"
