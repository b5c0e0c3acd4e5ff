/* Intervals of verification's figures by bootstrap over people (bootstrap.h): a person who is
 * drawn k times brings its own pairs k times, and those with another, drawn l times, k l times. */
#ifndef KAO_EVAL_PAIRS_PEOPLE_H
#define KAO_EVAL_PAIRS_PEOPLE_H

#include "eval/bootstrap.h"
#include "eval/figures.h"
#include "eval/pairs.h"

/* Who is on each picture of the pairs: the folder it is in. person: of each name. *n_people: 0
 * where that is not known: a picture in no folder, or pairs whose truth is another. False: out
 * of memory. */
bool kao_pairs_people(const kao_pairs *p, uint32_t *person, size_t *n_people);

typedef struct kao_pairs_drawn { /* n pairs that count, in the order of the list */
    const kao_scores *scores;
    const uint32_t *a, *b; /* their people, below n_people */
    size_t n_people;
    uint64_t seed;
} kao_pairs_drawn;

/* Fills f->people, by those who are in a pair; thresholds of the folds stay, those of a FAR are
 * found anew in each round. With more than 2^20 pairs nothing is done. KAO_E_NOMEM. */
kao_status kao_figures_draw_people(kao_figures *f, const kao_pairs_drawn *d,
                                   kao_error *err);

#endif
