/* What a detector is told about its maps, cell by cell.
 *
 *   score  quality focal loss (Li et al., arXiv:2006.04388, beta = 2) against the teacher's
 *          score, or, where a box is known, against how far the network's box overlaps it
 *   box    taught: smooth L1 on the four numbers as the network gives them, weighted by the
 *          teacher's score where that is above KAO_DETECT_FACE; known: DIoU (Zheng et al.,
 *          arXiv:1911.08287), twice, weighted by the network's own score (SCRFD's form)
 *   points smooth L1 on the ten numbers, where the teacher sees a face; else nothing
 *
 * Scores are divided by the sum of the teacher's scores and the number of known boxes' cells;
 * so are boxes that are taught, and those known by the sum of their weights in their share. */
#ifndef KAO_TRAIN_DETECT_LOSS_H
#define KAO_TRAIN_DETECT_LOSS_H

#include <stddef.h>

#include "train/assign.h"

#define KAO_DETECT_FACE 0.1f /* teacher's score from which a cell has a face */

/* Of one cell: its logit z against the score y. *loss grows; gives the gradient by z. */
float kao_focal(float z, float y, double *loss);
/* 1 - IoU + squared distance of the centres over the diagonal of what holds both: of a box as
 * the network gives it (centre, logarithms of the size, in strides) against another. gradient:
 * by the first one. *overlap: IoU. */
double kao_diou(const float box[4], const float want[4], float gradient[4],
                float *overlap);

typedef struct kao_detect_sums { /* of a batch */
    double scores;               /* of the teacher, from KAO_DETECT_FACE on */
    double taken;                /* cells whose box is known */
    double weight;               /* of those: sum of the network's scores */
} kao_detect_sums;

/* z, want: n cells of KAO_DETECT_CHANNELS. */
void kao_detect_count(const float *z, const float *want, size_t n,
                      kao_detect_sums *sums);
/* Their gradients to g; parts (score, box, points) grow. */
void kao_detect_judge(const float *z, const float *want, size_t n,
                      const kao_detect_sums *sums, float *g, double parts[3]);

#endif
