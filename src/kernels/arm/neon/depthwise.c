/* Depthwise kernels, NEON: vec/depthwise_body.h over the vectors of vec.h. */
#include "kernels/arm/neon/fill.h"
#include "kernels/arm/neon/vec.h"

#include "kernels/vec/depthwise_body.h"
