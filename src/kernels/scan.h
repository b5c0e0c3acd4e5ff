/* What the scan slots (kernels.h) take: queries in the order in which a kernel reads them. */
#ifndef KAO_KERNELS_SCAN_H
#define KAO_KERNELS_SCAN_H

#include "kernels/kernels.h"

/* Bytes of packed queries of n integers. */
size_t kao_scan_packed_bytes(const kao_scan_slot *s, size_t n);
/* n_queries <= width queries of n integers, one behind the other; what is missing is zero.
 * bias: width of them, see kao_scan_args. */
void kao_scan_pack(const kao_scan_slot *s, const int8_t *queries, size_t n_queries,
                   size_t n, void *packed, int32_t *bias);

#endif
