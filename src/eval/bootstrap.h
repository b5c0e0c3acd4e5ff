/* Intervals by bootstrap over people: pairs and searches that share people are not independent,
 * so people are drawn, with replacement, and with them all that they took part in. */
#ifndef KAO_EVAL_BOOTSTRAP_H
#define KAO_EVAL_BOOTSTRAP_H

#include "eval/scores.h"

enum { KAO_BOOTSTRAP_ROUNDS = 1000 };

/* times[i]: how often person i of n is drawn in this round, n draws in all. */
void kao_bootstrap_draw(uint64_t seed, uint32_t round, uint32_t *times, size_t n);

/* Percentiles 2.5 and 97.5 of the rounds' values, straight lines between neighbours. Those that
 * are no number are left out; none left: NaN. values: put into order. */
kao_interval kao_bootstrap_interval(double *values, size_t n);

#endif
