/* One convolution of the kernel checks: its numbers, what a loop in double precision makes of
 * them, and the comparison on every CPU mask. */
#ifndef KAO_TESTS_KERNELS_CONV_CASE_H
#define KAO_TESTS_KERNELS_CONV_CASE_H

#include "check.h"

#include "kernels/conv.h"

/* Of every level: within its bound, nothing written besides, the same bits for any thread
 * count, batch, and with the residual in place. */
void conv_case_check(const kao_conv *d, int with_bias);

/* oh, ow from symmetric padding; strides: extra floats beyond the channels. */
kao_conv conv_case(int n, int h, int w, int c, int oc, int k, int s, int dil, int pad,
                   int groups, int extra);
void conv_case_epilogue(kao_conv *d, int act, int residual);

/* A block that is 64-byte aligned and exact to the byte at its end where it can be. */
void *conv_case_block(size_t bytes);

/* The setup and teardown of a group: pools of 2 and of 5 threads. */
int conv_case_open(void **state);
int conv_case_close(void **state);

#endif
