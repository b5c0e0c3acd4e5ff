/* The rate at each step of a run: a warm-up, then what the recipe's `schedule` says. */
#ifndef KAO_TRAIN_SCHEDULE_H
#define KAO_TRAIN_SCHEDULE_H

#include "train/recipe.h"

/* With w = warm_up, n = steps, p = (step - w) / (n - w):
 *
 *   below w   rate (step + 1) / w
 *   constant  rate; over the last cool_down n steps a straight line to 0
 *   poly      rate (1 - p)
 *   cosine    rate (1 + cos(pi p)) / 2
 *   step      rate / 10 for each of `drops` (shares of n) that is past */
double kao_schedule_rate(const kao_recipe *r, double step);

/* What a recipe says is one of these, and drops are numbers that rise. */
kao_status kao_schedule_check(const kao_recipe *r, kao_error *err);

#endif
