/* Which similarity is asked for, and what one is worth in words: between a model's calibration and
 * what commands say (base/odds.h has the rates). */
#ifndef KAO_CLI_ODDS_H
#define KAO_CLI_ODDS_H

#include "base/odds.h"
#include "kao/embedder.h"

typedef enum cli_far_of { CLI_FAR_OF_ALL, CLI_FAR_OF_WORST } cli_far_of;

typedef struct cli_limit { /* from which similarity on it is the same person */
    const kao_calibration *calibration;
    kao_tta tta;
    bool fixed; /* threshold was given, or is the card's own; else by rate: */
    float threshold;
    double far;
    cli_far_of of;
} cli_limit;

/* threshold, far: NaN where not given; far .0001 then. Where a model is not calibrated, its
 * card's plain threshold is taken. name: of the model, for messages. Errors: KAO_E_ARG. */
kao_status cli_limit_choose(cli_limit *l, const kao_embedder *e, kao_tta tta,
                            float threshold, double far, cli_far_of of,
                            const char *name, kao_error *err);
/* The threshold for the best of n pairs, n > 0. */
float cli_limit_for(const cli_limit *l, size_t n);

/* "One in 43,000 pairs of strangers looks this alike; ..." and a line's end, on stdout; nothing
 * where nothing is known. */
void cli_odds_print(const kao_odds *odds);
/* Decimal places, 3 or more, with which two numbers as printed tell the verdict. */
int cli_places_for(float similarity, float threshold);

#endif
