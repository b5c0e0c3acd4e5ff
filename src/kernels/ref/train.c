/* What training adds to the table, in plain C. */
#include "kernels/ref/ref.h"

#define VF_ISA(name) name##_ref
#include "kernels/vec/train_body.h"
