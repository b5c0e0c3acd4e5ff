/* The table of micro-kernels: one slot an operation, filled for a CPU mask.
 *
 * The table is filled once, into the context's owner, by the reference versions and then
 * by each wider ISA that the mask allows. Drivers (conv.c ...) loop over tiles and call
 * the slots; nothing above this folder knows an ISA. */
#ifndef KAO_KERNELS_KERNELS_H
#define KAO_KERNELS_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Activation: y = min(max(x, lo), hi), or x > 0 ? x : slope*x, or a smooth one.
 * NaN stays NaN in all of them. */
typedef enum kao_act {
    KAO_ACT_NONE,
    KAO_ACT_CLAMP,   /* lo, hi: ReLU is 0..inf, ReLU6 0..6 */
    KAO_ACT_SLOPE,   /* x < 0 ? slope[c]*x : x; one slope a channel; any value of slope */
    KAO_ACT_SIGMOID, /* 1 / (1 + exp(-x)) */
    KAO_ACT_SILU,    /* x * sigmoid(x) */
} kao_act;

typedef struct kao_kernels kao_kernels;

#endif
