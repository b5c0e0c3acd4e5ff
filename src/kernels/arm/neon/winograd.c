/* Winograd's transforms, NEON: vec/winograd_body.h over the vectors of vec.h. */
#include "kernels/arm/neon/fill.h"
#include "kernels/arm/neon/vec.h"

#include "kernels/vec/winograd_body.h"
