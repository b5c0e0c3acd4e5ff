/* Between the GEMM tiles and gemm_finish_body.h. */
#ifndef KAO_KERNELS_VEC_GEMM_FINISH_H
#define KAO_KERNELS_VEC_GEMM_FINISH_H

enum { KAO_FINISH_LD = 32 }; /* floats from row to row of the sums on the stack */

#endif
