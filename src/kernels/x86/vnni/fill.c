/* What AVX512_VNNI adds to the slots of AVX-512. */
#include "kernels/x86/vnni/fill.h"

#include "kernels/fill.h"

void kao_kernels_fill_vnni(kao_kernels *k)
{
    k->scan = (kao_scan_slots){ .slot = { { kao_scan_1_vnni, 1, KAO_SCAN_BYTES },
                                          { kao_scan_16_vnni, 16, KAO_SCAN_BYTES },
                                          { kao_scan_32_vnni, 32, KAO_SCAN_BYTES } },
                                .n = 3 };
}
