/* What each level of kernels puts into the table: kao_kernels_fill_NAME for the rows of
 * base/cpu.h, called in their order by kao_kernels_init. */
#ifndef KAO_KERNELS_FILL_H
#define KAO_KERNELS_FILL_H

#include "base/cpu.h"
#include "kernels/kernels.h"

#define KAO_KERNELS_FILL_(name, needs, uses)                                           \
 void kao_kernels_fill_##name(kao_kernels *k);
KAO_CPU_LEVELS(KAO_KERNELS_FILL_)

/* Where the mask has KAO_CPU_BF16, _VNNI, _DOTPROD. */
#if defined(__x86_64__)
void kao_kernels_fill_bf16(kao_kernels *k);
void kao_kernels_fill_vnni(kao_kernels *k);
#elif defined(__aarch64__)
void kao_kernels_fill_dotprod(kao_kernels *k);
#endif

#endif
