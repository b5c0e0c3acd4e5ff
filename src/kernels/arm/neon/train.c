/* What training adds to the table, for NEON. */
#include "kernels/arm/neon/fill.h"
#include "kernels/arm/neon/vec.h"

#include "kernels/vec/train_body.h"
