/* What a student's vectors lose against a teacher's.
 *
 *   L = mean over i of (1 - u_i . t_i)
 *     + relation * mean over i != j of (u_i . u_j - t_i . t_j)^2      u_i = x_i / |x_i|
 *
 * The second sum is the distance of the two batches' similarity matrices. With
 * v_i the gradient of L by u_i, the one by x_i is (v_i - (v_i . u_i) u_i) / |x_i|.
 *
 * The batch is that of all ranks, n vectors of each; a rank gives the gradients by its own. */
#ifndef KAO_TRAIN_DISTILL_H
#define KAO_TRAIN_DISTILL_H

#include "train/ranks.h"

typedef struct kao_distill {
    kao_ranks *ranks; /* NULL: alone */
    size_t n, dim;    /* own vectors, numbers of each */
    const float *x;   /* the student's: n times dim */
    float *t; /* the teacher's, of length 1: n times dim for each rank, the own set */
    double relation;   /* weight of the second sum */
    float *u;          /* room: as t */
    float *gradient;   /* out: by x */
    double loss[2];    /* out: both sums, the second without its weight */
    double least_norm; /* out: of x */
} kao_distill;

/* What fails between the ranks, kao_ranks_check tells. */
void kao_distill_loss(kao_distill *d);

#endif
