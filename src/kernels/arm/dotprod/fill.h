/* The kernels of this folder; their contracts are those of the slots in kernels.h. */
#ifndef KAO_KERNELS_DOTPROD_FILL_H
#define KAO_KERNELS_DOTPROD_FILL_H

#include "kernels/kernels.h"

kao_scan_fn kao_scan_1_dotprod;
kao_scan_fn kao_scan_16_dotprod;

#endif
