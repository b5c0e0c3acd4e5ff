/* kao/calibration.h: what a similarity is worth: how often two strangers reach it, and how often
 * two pictures of one person do not.
 *
 * A false-accept rate (FAR) is the share of pairs of different people whose similarity is at
 * least the threshold. It is measured, on a stated set of pictures, for one way of using a
 * model; a card holds curves of it: one for each use of the mirrored picture (kao_tta), over
 * all pairs ("") and within groups of people. What was not measured is not known here: no
 * function guesses beyond the ends of a curve, though a bound can be had there.
 *
 * The rate of all pairs is an average over whoever is on those pictures. Strangers of one group
 * look more alike to a model than others: kao_calibration_worst tells the highest rate of those
 * measured, which belongs beside the other wherever it is shown.
 *
 * A calibration belongs to its model's card and is read-only: any thread may read it. */
#ifndef KAO_CALIBRATION_H
#define KAO_CALIBRATION_H

#include <stddef.h>
#include <stdint.h>

#include "kao/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What is done with the mirrored picture (test-time augmentation). */
typedef enum kao_tta {
    KAO_TTA_NONE = 0,
    KAO_TTA_CONCAT = 1, /* the network's two outputs joined: twice the numbers */
    KAO_TTA_SUM = 2,    /* their sum */
} kao_tta;

typedef struct kao_calibration kao_calibration;

typedef struct kao_rate { /* a point of a curve */
    uint32_t size; /* set before the call: sizeof(kao_rate), or 0: the fields up to
                              similarity */
    uint32_t extrapolated; /* 1: from a fitted tail, beyond what was counted */
    double far;
    float similarity;
    /* 1: the rate is far at most, the similarity is beyond the curve's high end; -1: far at
     * least; else 0. Asked for by a size that has room for it. */
    int32_t bound;
} kao_rate;

/* The similarity that strangers reach with a given false-accept rate (0 < far < 1): the
 * threshold for it. group: NULL or "": all pairs.
 * False (0), rate as it was: not measured, or a size that is too small. */
KAO_API int kao_calibration_threshold(const kao_calibration *c, kao_tta tta, double far,
                                      const char *group, kao_rate *rate);
/* The false-accept rate of a similarity. Beyond a curve's ends: a bound, where rate has room for
 * it; else false. */
KAO_API int kao_calibration_far(const kao_calibration *c, kao_tta tta, float similarity,
                                const char *group, kao_rate *rate);
/* The highest rate that a group has at a similarity, and whose it is; where that group's curve
 * begins above the similarity, a bound (false, where rate has no room for it). False: there is
 * none, or the similarity is beyond what was counted of every group. */
KAO_API int kao_calibration_worst(const kao_calibration *c, kao_tta tta,
                                  float similarity, kao_rate *rate, const char **group);
/* The threshold at which the worst group's rate is far. False: there is no group, or one whose
 * curve does not reach that rate. */
KAO_API int kao_calibration_worst_threshold(const kao_calibration *c, kao_tta tta,
                                            double far, kao_rate *rate,
                                            const char **group);
/* The natural logarithm of the likelihood ratio at a similarity: how much more often pairs of
 * the same person have it than pairs of strangers do. It is a logistic regression's (the kinds
 * weighted alike), held within what the pairs at hand support.
 * False: the card has none. */
KAO_API int kao_calibration_likelihood(const kao_calibration *c, kao_tta tta,
                                       float similarity, double *log_ratio);
/* The share of the same person's pairs that are less alike than a similarity: those that a
 * threshold there misses. bound (may be NULL): 0, or beyond the points that were counted 1: so
 * much at most; -1: so much at least. False: the card has none. */
KAO_API int kao_calibration_same_below(const kao_calibration *c, kao_tta tta,
                                       float similarity, double *share, int32_t *bound);
/* Point i of those that it is read between, both rising: a similarity, and the share of the same
 * person's pairs below it. False: past the last. */
KAO_API int kao_calibration_same_point(const kao_calibration *c, kao_tta tta, size_t i,
                                       float *similarity, double *share);
/* How many pairs of the same person were counted; 0: the card does not tell. */
KAO_API uint64_t kao_calibration_same_pairs(const kao_calibration *c, kao_tta tta);
/* What it was measured on, in words; NULL: the card does not say. */
KAO_API const char *kao_calibration_source(const kao_calibration *c, kao_tta tta);
/* Group i of those with a curve of their own for tta; NULL past the last. */
KAO_API const char *kao_calibration_group(const kao_calibration *c, kao_tta tta,
                                          size_t i);

#ifdef __cplusplus
}
#endif
#endif
