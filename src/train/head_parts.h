/* What a head has; for head.c and head_softmax.c. */
#ifndef KAO_TRAIN_HEAD_PARTS_H
#define KAO_TRAIN_HEAD_PARTS_H

#include <math.h>

#include "train/head.h"

#define KAO_HEAD_NONE UINT32_MAX /* the place of a class that is not here */

struct kao_head {
    kao_head_options o;
    kao_margin margin; /* of this step */
    kao_tape *tape;
    kao_param *w, *b, *norms; /* norms: AdaFace's running mean and deviation */
    uint32_t first, n_own;    /* classes whose weights are here */
    uint32_t n_live;          /* classes that take part in a step, of all */
    uint32_t n_here;          /* of the own */
    size_t n_rows;      /* room for centres of the own; those beyond n_here are zeros */
    size_t n_all;       /* samples of all ranks */
    uint32_t *live;     /* which of the own take part, rising */
    uint32_t *place;    /* by class: its place in live, or KAO_HEAD_NONE */
    uint8_t *live_rows; /* by row of w, for the optimiser */
    uint32_t *labels;   /* of all samples */
    float *x, *x_norm;  /* features of all samples, and their lengths */
    float *rows, *row_norm; /* weights of the classes in live */
    float *cosines, *g;     /* samples times rows */
    float *by_x;            /* samples times dim; NULL: alone */
    float *row_grad;
    float *packed, *scratch;
    /* of one sample: values and slopes by class, the centre that is meant */
    double *z, *slope;
    uint32_t *best;
    /* By sample, over all classes: the largest value, the largest of another class than its
     * own, the sum of exponentials, the plain and the final value of its own class. */
    double *most, *other, *sum, *plain, *final;
    double *along; /* what the length gets where it is the scale */
};

static inline bool kao_head_is_softmax(const kao_head *h)
{
    return h->o.margin.kind == KAO_MARGIN_SOFTMAX;
}

/* The length of feature i as AdaFace takes it: bounded. */
static inline double kao_head_quality_norm(const kao_head *h, size_t i)
{
    return fmin(fmax((double)h->x_norm[i], 0.001), 100);
}

/* The softmax over all classes: what the report says of it, from the cosines the gradients by
 * them (g), and what the length of a feature gets where it is the scale (along). */
void kao_head_softmax(kao_head *h, uint64_t step, kao_head_report *r);

#endif
