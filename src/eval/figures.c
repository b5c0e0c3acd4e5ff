/* See figures.h. */
#include "eval/figures.h"

#include <math.h>

static void measure_tar(const kao_scores *s, double far, kao_figures_tar *t)
{
    const double allowed = far * (double)s->n_different + 1e-9;

    *t = (kao_figures_tar){ .far = far };
    t->known = allowed >= 1 && kao_roc_at(s, far, &t->at);
    t->weak = allowed < KAO_FIGURES_ENOUGH;
}

void kao_figures_measure(const kao_scores *s, uint32_t n_folds, double threshold,
                         kao_figures *out)
{
    static const double fars[KAO_FIGURES_TARS] = { 1e-2, 1e-3, 1e-4 };

    *out = (kao_figures){ .n = s->n,
                          .n_same = s->n_same,
                          .n_different = s->n_different,
                          .has_threshold = !isnan(threshold),
                          .threshold = threshold };
    (void)kao_folds_measure(s, n_folds, &out->folds);
    out->best_threshold = kao_best_threshold(s, &out->best_accuracy);
    out->auc = kao_scores_auc(s);
    out->eer = kao_scores_eer(s, &out->eer_threshold);
    for (size_t i = 0; i < KAO_FIGURES_TARS; i++)
        measure_tar(s, fars[i], &out->tars[i]);
    if (!out->has_threshold || s->n == 0)
        return;
    const double frr = kao_scores_frr(s, threshold), far = kao_scores_far(s, threshold);

    out->far = s->n_different ? far : (double)NAN;
    out->tar = s->n_same ? 1 - frr : (double)NAN;
    out->accuracy =
        1 - (far * (double)s->n_different + frr * (double)s->n_same) / (double)s->n;
}
