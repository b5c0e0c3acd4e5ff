/* Margins: what a softmax over classes is given instead of the cosine to the right class.
 *
 * c = cos(t) between a feature and the weights of its class, s the scale:
 *
 *   softmax     |w| |x| c + b                          no margin, nothing normalised
 *   combined    s (cos(m1 t + m2) - m3)                ArcFace (1, m, 0), CosFace (1, 0, m),
 *                                                      SphereFace (m, 0, 0), and mixtures
 *   sphere      |x| (l c + psi(t)) / (1 + l)           SphereFace as first published, m = 4
 *   adaface     s (cos(t - m q) - (m + m q))           q: by the feature's norm
 *
 * Sources: Deng et al., ArcFace, arXiv:1801.07698 (combined, equation 4); Wang et al., CosFace,
 * arXiv:1801.09414; Liu et al., SphereFace, arXiv:1704.08063; Kim et al., AdaFace,
 * arXiv:2204.00964. */
#ifndef KAO_TRAIN_MARGIN_H
#define KAO_TRAIN_MARGIN_H

#include <stdbool.h>
#include <stdint.h>

typedef enum kao_margin_kind {
    KAO_MARGIN_SOFTMAX,
    KAO_MARGIN_COMBINED,
    KAO_MARGIN_SPHERE,
    KAO_MARGIN_ADAFACE,
} kao_margin_kind;

/* Where m1 t + m2 passes pi, cos turns back and would reward being farther away. */
typedef enum kao_margin_guard {
    KAO_GUARD_HARD, /* there: c - m2 sin(m2) - m3 (m1 = 1), else a line through the same point */
    KAO_GUARD_EASY, /* the margin holds below 90 degrees only, c beyond */
    KAO_GUARD_NONE,
} kao_margin_guard;

typedef struct kao_margin {
    kao_margin_kind kind;
    double scale, m1, m2, m3; /* m2 is AdaFace's m */
    kao_margin_guard guard;
    bool straight; /* straight-through: the slope by c counts as 1 everywhere */
} kao_margin;

/* The right class's value before the scale, f(c), and its slope by c (bounded: taken at
 * |c| <= 1 - 1e-4). quality: AdaFace's q; lambda: SphereFace's share of the plain cosine. */
double kao_margin_target(const kao_margin *m, double c, double quality, double lambda,
                         double *slope);

/* The same with a share (0 to 1) of its margins: m1 from 1, m2 and m3 from 0. Full ones from the
 * first step can turn all features away from all classes: where m1 t + m2 is near 180 degrees a
 * change of t changes little, and only the other classes are still felt. */
kao_margin kao_margin_part(const kao_margin *m, double share);

/* SphereFace's lambda at a step: max(5, 1000 / (1 + .12 step)). */
double kao_margin_lambda(uint64_t step);

/* The loss at random features (all angles 90 degrees): what a run that is stuck shows. */
double kao_margin_random_loss(const kao_margin *m, uint32_t classes);

#endif
