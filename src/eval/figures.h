/* What an evaluation of verification says, measured once and shown as a table, JSON, a page. */
#ifndef KAO_EVAL_FIGURES_H
#define KAO_EVAL_FIGURES_H

#include "eval/scores.h"

enum { KAO_FIGURES_TARS = 3 };

/* A rate of false accepts is supported by the pairs at hand where this many are allowed; with
 * fewer it is shown as weak, with none not at all. */
enum { KAO_FIGURES_ENOUGH = 10 };

typedef struct kao_figures_tar {
    double far;       /* asked for: 1e-2, 1e-3, 1e-4 */
    kao_roc_point at; /* not filled where `known` is false */
    bool known;       /* one false accept at least is allowed */
    bool weak;        /* fewer than KAO_FIGURES_ENOUGH are */
} kao_figures_tar;

/* 95 % intervals by bootstrap over people (pairs_people.h); n 0: not measured. */
typedef struct kao_figures_people {
    size_t n;
    kao_interval accuracy, auc, eer; /* accuracy: of the folds; NaN without */
    kao_interval tar[KAO_FIGURES_TARS];
} kao_figures_people;

typedef struct kao_figures {
    size_t n, n_same, n_different;
    kao_folds folds; /* n 0: not measured */
    double best_accuracy, best_threshold;
    double auc, eer, eer_threshold; /* NaN: one kind of pair is missing */
    kao_figures_tar tars[KAO_FIGURES_TARS];
    bool has_threshold;                   /* a threshold in use: same from it on */
    double threshold, far, tar, accuracy; /* NaN: the kind of pair is missing */
    kao_figures_people people;
} kao_figures;

/* n_folds 0 or 1: none. threshold NaN: none. */
void kao_figures_measure(const kao_scores *s, uint32_t n_folds, double threshold,
                         kao_figures *out);

#endif
