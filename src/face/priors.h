/* Prior boxes: the fixed boxes that SSD-like detectors answer for, cell by cell, and how an
 * answer moves one.
 *
 *   centre = prior's + .1 * l * prior's size, size = prior's * exp(.2 * l), points as centres
 *
 * Order: level, row, column, size. */
#ifndef KAO_FACE_PRIORS_H
#define KAO_FACE_PRIORS_H

#include "kao/face.h"

enum { KAO_PRIOR_LEVELS = 4, KAO_PRIOR_SIZES = 3 };

typedef enum kao_prior_rule {
    /* maps of ceil(side / stride) cells; centres (column + .5) * stride (RetinaFace) */
    KAO_PRIOR_UP,
    /* maps halved from level to level, rounded down, the first from the quarter map of
     * (side + 1) / 2 / 2 cells; centres as above (YuNet, 2022) */
    KAO_PRIOR_DOWN,
    /* maps rounded up; centres (column + .5) / columns of the side; no prior larger than the
     * picture (UltraFace) */
    KAO_PRIOR_EVEN,
} kao_prior_rule;

typedef struct kao_priors {
    kao_prior_rule rule;
    uint32_t n_levels;
    struct {
        uint32_t stride;
        float sizes[KAO_PRIOR_SIZES]; /* pixels; the first 0 ends them */
    } level[KAO_PRIOR_LEVELS];
} kao_priors;

typedef struct kao_prior { /* in pixels of the input */
    float cx, cy, width, height;
} kao_prior;

/* How many there are for an input of width x height pixels. */
int64_t kao_priors_count(const kao_priors *p, int64_t width, int64_t height);

/* A walk over all: `for (ok = begin(..); ok; ok = next(..))`, `at` counts them. */
typedef struct kao_prior_walk {
    const kao_priors *priors;
    int64_t width, height, columns, rows, column, row, at;
    uint32_t level, size;
    kao_prior prior;
} kao_prior_walk;

int kao_prior_begin(kao_prior_walk *w, const kao_priors *p, int64_t width,
                    int64_t height);
int kao_prior_next(kao_prior_walk *w);

/* The face that an answer makes of a prior: 4 numbers of its box, 2 of each of n points. */
kao_face kao_prior_face(const kao_prior *p, float score, const float *box,
                        const float *points, uint32_t n);

#endif
