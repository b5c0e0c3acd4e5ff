/* Is a quality worth anything? Error versus discard (Grother and Tabassi, PAMI 29(4), 2007; ISO/IEC
 * 29794-1): leave out the same pairs of the worst pictures, a pair being as good as the worse of its
 * two, and look what share of the rest is still missed. The threshold stays: the one at which a
 * given share of all different pairs is accepted. Of a quality that tells nothing the misses stay
 * as they are. */
#ifndef KAO_EVAL_DISCARD_H
#define KAO_EVAL_DISCARD_H

#include "base/bytes.h"
#include "eval/scores.h"

enum { KAO_DISCARD_STEPS = 11 }; /* 0, 5 .. 50 % */

typedef struct kao_discard {
    size_t n_same[KAO_DISCARD_STEPS];   /* kept */
    size_t n_missed[KAO_DISCARD_STEPS]; /* of them, not above the threshold */
} kao_discard;

/* The share left out in step i. */
double kao_discard_share(size_t i);

/* quality: of each pair of s, the higher the better; of equal ones the earlier goes first.
 * threshold: a pair is accepted strictly above. Errors: KAO_E_ARG (a quality that is no number),
 * KAO_E_NOMEM. */
kao_status kao_discard_measure(const kao_scores *s, const double *quality,
                               double threshold, kao_discard *out, kao_error *err);

/* Misses among those kept. */
double kao_discard_fnmr(const kao_discard *d, size_t i);

/* A plot of n curves as a file of its own: SVG. */
bool kao_discard_plot(kao_bytes *b, const kao_discard *curves, const char *const *names,
                      size_t n, const char *title);

#endif
