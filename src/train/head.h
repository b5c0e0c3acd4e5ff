/* The head that a network is trained under: a softmax over the classes of people, with a margin.
 *
 * With x a feature, y its class, w_jk the weights of centre k of class j, c_j = max over k of
 * cos(x, w_jk), z_y = s f(c_y), z_j = s c_j: the loss is the mean over the batch of
 * -log softmax(z)_y, and of what else the options add:
 *
 *   intra    + angle(x, w_y) / pi
 *   inter    - mean over j != y of angle(w_y, w_j) / pi          (the first centres)
 *   triplet  + max(0, angle to the farthest of its own class + margin
 *                       - angle to the nearest of another), in the batch
 *
 * These are of angles: a plain softmax, whose features and weights keep their lengths, has none of
 * them (KAO_E_ARG).
 *
 * Over several ranks the batch is that of all, and each has the weights of a range of classes:
 * features and labels are gathered, the softmax's largest value and sum reduced, the gradients by
 * the features summed. Terms that need all weights at once (inter) are refused then.
 *
 * Partial FC (arXiv:2203.15565): at each step the classes of the batch and, of the others, so
 * many random ones that `partial` of all take part; the weights of the rest stay. */
#ifndef KAO_TRAIN_HEAD_H
#define KAO_TRAIN_HEAD_H

#include "nn/tape.h"
#include "train/margin.h"
#include "train/ranks.h"

enum { KAO_HEAD_BINS = 20 }; /* of the histogram: cosines -1 .. 1 */

typedef struct kao_head_options {
    kao_ranks *ranks; /* NULL: alone */
    kao_margin margin;
    double margin_warm_up; /* steps over which it rises to that; 0: from the first */
    uint32_t classes, centers; /* centers: of a class; 1: the usual one */
    size_t dim, batch;         /* batch: own samples */
    double partial;            /* share of the classes; 1: all */
    double intra, inter, triplet, triplet_margin; /* weights; radians */
    uint64_t seed;
} kao_head_options;

/* How it went, beside the loss: why a run is stuck can be seen here. */
typedef struct kao_head_report {
    double loss, extra; /* extra: of intra, inter, triplet; part of the loss */
    double accuracy; /* share whose own class has the largest cosine, without margin */
    double target;   /* mean cosine to the own class */
    double beyond;   /* share whose angle and margin together pass 180 degrees */
    double norm, least_norm;
    uint32_t histogram[KAO_HEAD_BINS]; /* of the target cosines */
} kao_head_report;

typedef struct kao_head kao_head;

/* Its weights become parameters of the tape ("head.w"; softmax: "head.b" too), so that the
 * optimiser and checkpoints know them: before the optimiser is made. */
kao_status kao_head_create(kao_head **out, kao_tape *tape, const kao_head_options *o,
                           kao_error *err);
void kao_head_destroy(kao_head *h);

/* What there is to say of a run that does not learn: its loss is no less than at random features
 * (random), or the features have turned away from their classes. False: nothing. */
bool kao_head_remark(const kao_head_report *r, double random, char *to, size_t cap);

/* x: batch times dim; labels: of each. step: of the run, by which margins rise; batch: the number of
 * this one, by which classes are drawn. gradient: out, by x. Gradients by the weights go to
 * their parameters. What fails between the ranks, kao_ranks_check tells. */
void kao_head_run(kao_head *h, const float *x, const uint32_t *labels, uint64_t step,
                  uint64_t batch, float *gradient, kao_head_report *report);

#endif
