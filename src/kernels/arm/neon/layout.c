/* Planes to pixels and back, NEON: vec/layout_body.h over the vectors of vec.h. */
#include "kernels/arm/neon/fill.h"
#include "kernels/arm/neon/vec.h"

#include "kernels/vec/layout_body.h"
