/* Element-wise work over rows of floats (NHWC pixels, or one long row).
 *
 * Accuracy: add, sub, mul, clamp and slope are exact (one rounding). exp, sigmoid and
 * silu are within 2, 3 and 4 ulp of the true value (a check walks through all
 * exponents; below -87, where sigmoid becomes denormal, silu is within 2e-36), right at
 * infinities, NaN stays NaN. Denormal numbers count as zero, and results become it (base/flush.h). silu(-inf) is -0, its limit. An ISA may have its own last
 * bits in these three; for one ISA they do not depend on position or threads. */
#ifndef KAO_KERNELS_ELEMENTWISE_H
#define KAO_KERNELS_ELEMENTWISE_H

#include "base/pool.h"
#include "kernels/kernels.h"

typedef enum kao_operand {
    KAO_OPERAND_FULL,    /* an element for each of the first's, rows b_stride apart */
    KAO_OPERAND_CHANNEL, /* c elements, the same for every row */
    KAO_OPERAND_SCALAR,  /* one */
} kao_operand;

/* out[r][i] = min(max(a[r][i] op b, lo), hi); no clamp: -INFINITY, INFINITY. out may be
 * a or a full b, with the same stride; else they do not overlap. */
typedef struct kao_binary_rows {
    kao_binary op;
    kao_operand kind; /* of b */
    const float *a, *b;
    float *out;
    size_t a_stride, b_stride, out_stride; /* floats from row to row */
    size_t n_rows, c;
    float lo, hi;
} kao_binary_rows;

void kao_binary_run(const kao_kernels *k, const kao_pool *pool,
                    const kao_binary_rows *b);

/* out = act(in) over rows; out may be in, with the same stride. act: any (KAO_ACT_NONE
 * copies). See kao_unary_args. */
void kao_unary_run(const kao_kernels *k, const kao_pool *pool, const kao_unary_args *u);

/* out[i] = exp(in[i]); out may be in. */
void kao_exp_run(const kao_kernels *k, const kao_pool *pool, const float *in,
                 float *out, size_t n);

#endif
