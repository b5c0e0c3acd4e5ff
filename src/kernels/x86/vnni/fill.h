/* The kernels of this folder; their contracts are those of the slots in kernels.h. */
#ifndef KAO_KERNELS_VNNI_FILL_H
#define KAO_KERNELS_VNNI_FILL_H

#include "kernels/kernels.h"

kao_scan_fn kao_scan_1_vnni;
kao_scan_fn kao_scan_16_vnni;
kao_scan_fn kao_scan_32_vnni;

#endif
