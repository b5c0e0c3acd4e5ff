/* The statistics of face verification: from the similarities of pairs that are known to be the
 * same person or not, to the figures that the field compares. Pure functions.
 *
 * "Same" is said from a similarity on; which pairs are thereby accepted wrongly or refused
 * wrongly is all that any of these figures says:
 *
 *     FAR(t) = share of different pairs with similarity >= t
 *     FRR(t) = share of same pairs with similarity < t
 *
 * The ten-fold protocol has a form of its own, after the LFW code in common use (facenet,
 * insightface): distance d = 2 - 2 * similarity on the grid 0, .01 .. 3.99, same where d is
 * strictly below. Its threshold is given as the similarity 1 - d/2. */
#ifndef KAO_EVAL_SCORES_H
#define KAO_EVAL_SCORES_H

#include "base/error.h"
#include "base/mem.h"

typedef struct kao_scores {
    kao_mem *mem;
    size_t n, n_same, n_different;
    double *similarity;       /* n, in the order of the list */
    bool *is_same;            /* n */
    double *same, *different; /* n_same, n_different; largest first */
} kao_scores;

/* Copies. Errors: KAO_E_ARG (a similarity that is no number; it names the pair, counted from
 * 1), KAO_E_NOMEM. */
kao_status kao_scores_init(kao_scores *s, kao_mem *mem, const double *similarity,
                           const bool *is_same, size_t n, kao_error *err);
void kao_scores_fini(kao_scores *s); /* {0} is fine */

/* ---- the folds ---- */

enum { KAO_FOLDS_MAX = 64 };

typedef struct kao_folds {
    uint32_t n;
    double accuracy[KAO_FOLDS_MAX];
    double threshold[KAO_FOLDS_MAX]; /* similarity; same strictly above */
    double mean;
    double deviation;      /* of the accuracies, over n */
    double standard_error; /* of the mean: deviation over n - 1, by the root of n */
} kao_folds;

/* Fold i is the i-th n-th of the list, unshuffled (the first ones have a pair more where n does
 * not divide); its threshold is the first best one of the others. False, and nothing measured,
 * where n is below 2, above KAO_FOLDS_MAX or above the number of pairs. */
bool kao_folds_measure(const kao_scores *s, uint32_t n, kao_folds *folds);

/* The first pair of fold i of n. */
size_t kao_fold_begin(size_t n_pairs, uint32_t n, size_t i);

/* The first best threshold of the same grid on all pairs, and its accuracy there: optimistic,
 * since the pairs that are judged chose it. */
double kao_best_threshold(const kao_scores *s, double *accuracy);

/* ---- the curve ---- */

typedef struct kao_interval {
    double low, high;
} kao_interval;

/* 95 % interval of a share of k in n (Wilson 1927, score interval). Pairs that share people are
 * not independent: the true uncertainty is larger. n > 0. */
kao_interval kao_wilson(size_t k, size_t n);

/* Where there are no such pairs: 0. */
double kao_scores_far(const kao_scores *s, double threshold);
double kao_scores_frr(const kao_scores *s, double threshold);

/* Same pairs accepted where at most a share far of the different ones is. */
typedef struct kao_roc_point {
    double threshold;  /* accepted strictly above; -2: all */
    size_t n_accepted; /* same pairs */
    size_t n_false;    /* different pairs */
    double tar, far;   /* reached */
    kao_interval tar_95, far_95;
} kao_roc_point;

/* The threshold is the (floor(far * n_different) + 1)-th largest similarity of different pairs.
 * False where one kind of pair is missing. */
bool kao_roc_at(const kao_scores *s, double far, kao_roc_point *point);

/* P(same > different) + P(same = different) / 2; NaN where one kind is missing. */
double kao_scores_auc(const kao_scores *s);
/* The rate where FAR and FRR cross, straight lines between neighbouring similarities;
 * *threshold: there. NaN where one kind is missing. */
double kao_scores_eer(const kao_scores *s, double *threshold);

/* How many values lie in each of n_bins equal parts of -1..1; 1 is in the last. */
void kao_histogram(const double *values, size_t n, uint32_t *counts, size_t n_bins);

#endif
