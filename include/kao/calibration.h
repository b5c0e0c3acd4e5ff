/* kao/calibration.h: what a similarity is worth: how often two strangers reach it.
 *
 * A false-accept rate (FAR) is the share of pairs of different people whose similarity is at
 * least the threshold. It is measured, on a stated set of pictures, for one way of using a
 * model; a card holds curves of it: one for each use of the mirrored picture (kao_tta), over
 * all pairs ("") and within groups of people. What was not measured is not known here: no
 * function guesses beyond the ends of a curve.
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
} kao_rate;

/* The similarity that strangers reach with a given false-accept rate (0 < far < 1): the
 * threshold for it. group: NULL or "": all pairs.
 * False (0), rate as it was: not measured, or a size that is too small. */
KAO_API int kao_calibration_threshold(const kao_calibration *c, kao_tta tta, double far,
                                      const char *group, kao_rate *rate);
/* The false-accept rate of a similarity. */
KAO_API int kao_calibration_far(const kao_calibration *c, kao_tta tta, float similarity,
                                const char *group, kao_rate *rate);
/* Group i of those with a curve of their own for tta; NULL past the last. */
KAO_API const char *kao_calibration_group(const kao_calibration *c, kao_tta tta,
                                          size_t i);

#ifdef __cplusplus
}
#endif
#endif
