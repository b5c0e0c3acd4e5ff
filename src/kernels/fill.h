/* What each ISA puts into the table; called in this order by kao_kernels_init. */
#ifndef KAO_KERNELS_FILL_H
#define KAO_KERNELS_FILL_H

#include "kernels/kernels.h"

void kao_kernels_fill_ref(kao_kernels *k);
#if defined(__x86_64__)
void kao_kernels_fill_avx2(kao_kernels *k);
void kao_kernels_fill_avx512(kao_kernels *k);
#endif

#endif
