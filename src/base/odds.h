/* What a similarity is worth, by a model's calibration: of the program. Where n faces were compared
 * to find the most alike pair, strangers had n chances: a rate of r for one pair is 1 - (1 - r)^n for
 * the best of n. */
#ifndef KAO_BASE_ODDS_H
#define KAO_BASE_ODDS_H

#include "base/json.h"
#include "kao/embedder.h"

/* 1 - (1 - far)^n; with 1/n its inverse. */
double kao_of_best(double far, double n);

typedef struct kao_odds { /* of the best of n pairs */
    bool known, extrapolated, worst_known, worst_extrapolated, ratio_known;
    int bound, worst_bound; /* as kao_rate's */
    double far, far_worst, ratio;
    const char *worst; /* the group's name; borrowed from the card */
} kao_odds;

kao_odds kao_odds_of(const kao_calibration *c, kao_tta tta, float similarity, size_t n);
/* far, far_is, far_worst_group, far_worst_is, worst_group, likelihood_ratio. */
void kao_odds_set(kao_json *o, const kao_odds *odds);

/* From which mean similarity on groups of n faces are one person: threshold, or (NaN) where a face
 * would meet two strangers among the n who are as alike, and at a false-accept rate of .01 at most
 * (docs/gallery.md); the card's plain threshold where its calibration does not tell. KAO_E_ARG. */
kao_status kao_limit_for_groups(const kao_embedder *e, kao_tta tta, float given,
                                size_t n, float *threshold, kao_error *err);

#endif
