/* Planes to pixels and back, NEON: vec/layout_body.h, which is plain C, by the name in vec.h. */
#include "kernels/arm/neon/fill.h"
#include "kernels/arm/neon/vec.h"

#include "kernels/vec/layout_body.h"
