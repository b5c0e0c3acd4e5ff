/* From similarities to a calibration: a false-accept curve with a fitted tail, a likelihood ratio,
 * and quantiles of the same person's pairs. What a card holds of them: face/calibration.h. */
#ifndef KAO_EVAL_CALIBRATE_H
#define KAO_EVAL_CALIBRATE_H

#include "base/bytes.h"
#include "eval/strangers.h"

/* A rate is counted down to where this many pairs reach the threshold. */
enum { KAO_CURVE_ENOUGH = 10, KAO_CURVE_MOST = 32 };

typedef struct kao_curve_point {
    double similarity, far;
    bool fitted; /* from the tail's distribution, beyond what was counted */
} kao_curve_point;

typedef struct kao_curve {
    kao_curve_point points[KAO_CURVE_MOST]; /* similarities rising, rates falling */
    size_t n, n_counted;                    /* of which counted: the first ones */
} kao_curve;

/* Points at each half power of ten (a higher rate where more pairs are as alike), the last counted one where KAO_CURVE_ENOUGH pairs are left.
 * with_tail: further ones down to 1e-8 from a generalised Pareto distribution over the most
 * alike thousandth, where it holds 50 pairs at least. False: fewer than two points. */
bool kao_curve_measure(const kao_strangers *s, bool with_tail, kao_curve *out);

/* The points at whole powers of ten (none where more pairs are as alike), `most` at most: counted ones down to where KAO_CURVE_ENOUGH pairs
 * are left, also where the curve has none there, then those of its tail. Gives how many. */
size_t kao_curve_powers(const kao_curve *c, const kao_strangers *s,
                        kao_curve_point *points, size_t most);

/* A generalised Pareto distribution of how far values pass a level, of which `share` do:
 * P(value >= level + y) = share * (1 + shape * y / scale)^(-1 / shape), exp where shape is 0. */
typedef struct kao_tail {
    double level, share, scale, shape;
} kao_tail;

/* By probability-weighted moments (Hosking and Wallis, Technometrics 29, 1987): tail's scale
 * and shape from n excesses above 0, smallest first. False: they are all the same. */
bool kao_tail_fit(kao_tail *tail, const double *excess, size_t n);
/* The value that is reached with probability p <= share. */
double kao_tail_value(const kao_tail *tail, double p);

/* P(same) = 1 / (1 + exp(-(slope * similarity + offset))). With equal weights for both kinds,
 * slope * similarity + offset is the logarithm of the likelihood ratio same : different. */
typedef struct kao_logistic {
    double slope, offset;
} kao_logistic;

/* Newton's method on n values, each with a weight as the same person's and one as different
 * people's; penalty: half of it times the square of the slope is added to the loss. False: no
 * weight of one kind, or it does not settle. */
bool kao_logistic_fit(kao_logistic *l, const double *value, const double *same,
                      const double *different, size_t n, double penalty);

typedef struct kao_likelihood {
    kao_logistic l;
    double most; /* logarithms beyond +-most have no pairs to stand on */
    double
        cllr; /* bits that the ratio loses (Bruemmer and du Preez, 2006); 1: knows nothing */
} kao_likelihood;

/* False: one kind of pair is missing. */
bool kao_likelihood_measure(const kao_strangers *s, kao_likelihood *out);

/* How alike the same person's pictures are: similarities below which round shares of their pairs
 * lie, where KAO_CURVE_ENOUGH pairs at least are on each side; none where so many are equally alike
 * that a share is jumped over. */
enum { KAO_QUANTILES_MOST = 32 };

typedef struct kao_quantile {
    double similarity, below;
} kao_quantile;

typedef struct kao_quantiles {
    uint64_t n_pairs;
    size_t n;
    kao_quantile points[KAO_QUANTILES_MOST]; /* both rising */
} kao_quantiles;

/* To a bin of s (1.2e-4). False: fewer than two points. */
bool kao_quantiles_measure(const kao_strangers *s, kao_quantiles *out);

/* "0.21:-1 0.33:-2 ..": a curve as a card's value. False: out of memory. */
bool kao_curve_put(kao_bytes *b, const kao_curve *c);
/* "8131 0.21:0.01 0.48:0.1 ..": the same of quantiles. */
bool kao_quantiles_put(kao_bytes *b, const kao_quantiles *q);

#endif
