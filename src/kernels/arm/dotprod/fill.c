/* What FEAT_DotProd adds to the slots of NEON. */
#include "kernels/arm/dotprod/fill.h"

#include "kernels/fill.h"

void kao_kernels_fill_dotprod(kao_kernels *k)
{
    k->scan = (kao_scan_slots){ .slot = { { kao_scan_1_dotprod, 1, KAO_SCAN_BYTES },
                                          { kao_scan_16_dotprod, 16, KAO_SCAN_BYTES } },
                                .n = 2 };
}
