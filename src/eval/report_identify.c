/* The page of identification: see report.h. */
#include <math.h>
#include <stdio.h>

#include "eval/plot.h"
#include "eval/report_parts.h"

static bool put_share(kao_bytes *b, const char *name, const kao_share *s,
                      const char *more)
{
    char value[160];

    if (isnan(s->value))
        return true;
    snprintf(value, sizeof value, "%.2f %% [%.2f, %.2f]%s", 100 * s->value,
             100 * s->within.low, 100 * s->within.high, more);
    return kao_report_row_put(b, name, value);
}

static bool put_rate(kao_bytes *b, const kao_identify_rate *r, size_t n_strangers)
{
    char name[64], more[96];
    bool fine;

    snprintf(name, sizeof name, "FNIR at FPIR %g", r->wanted);
    if (!r->known) {
        snprintf(more, sizeof more, "not with %zu probes of strangers", n_strangers);
        return kao_report_row_put(b, name, more);
    }
    snprintf(more, sizeof more, " at %.3f; FPIR reached %.3g%s", r->threshold, r->fpir,
             r->weak ? " (weak: fewer than 10 may find somebody)" : "");
    fine = put_share(b, name, &r->fnir, more);
    snprintf(name, sizeof name, "FNIR at FPIR %g, rank 1", r->wanted);
    return fine && put_share(b, name, &r->fnir1, "");
}

static bool put_figures(kao_bytes *b, const kao_identify_report *r)
{
    const kao_identify_figures *f = r->figures;
    char name[64];
    bool fine = true;

    for (size_t i = 0; fine && i < KAO_IDENTIFY_RANKS; i++) {
        snprintf(name, sizeof name, "rank %zu", kao_identify_ranks[i]);
        if (kao_identify_ranks[i] < r->found->n_entries)
            fine = put_share(b, name, &f->rank[i], "");
    }
    for (size_t i = 0; fine && i < KAO_IDENTIFY_RATES; i++)
        fine = put_rate(b, &f->rates[i], r->found->n_strangers);
    if (f->has_threshold) {
        snprintf(name, sizeof name, "FPIR at threshold %.3f", f->threshold);
        fine = fine && put_share(b, name, &f->fpir, "");
        snprintf(name, sizeof name, "FNIR at threshold %.3f", f->threshold);
        fine = fine && put_share(b, name, &f->fnir, "");
    }
    return fine;
}

/* ---- plots ---- */

enum { RANKS_MAX = 50 };

static bool put_cmc(kao_bytes *b, const kao_identification *s)
{
    double x[RANKS_MAX], y[RANKS_MAX];
    const size_t n = s->n_entries < RANKS_MAX ? s->n_entries : RANKS_MAX;

    for (size_t k = 0; k < n; k++) {
        size_t hits = 0;

        for (size_t i = 0; i < s->n_mated; i++)
            hits += s->mated[i].rank <= k + 1;
        x[k] = (double)k + 1;
        y[k] = (double)hits / (double)s->n_mated;
    }
    if (n < 2)
        return true;
    const double low = y[0] >= .9 ? .9 : floor(y[0] * 10) / 10;
    kao_plot p = {
        .b = b,
        .x = { .label = "rank",
               .low = 1,
               .high = (double)n,
               .tic = n > 20   ? 10
                      : n > 10 ? 5
                               : 1 },
        .y = { .label = "mates found up to this rank",
               .low = low,
               .high = 1,
               .tic = low < .9 ? .1 : .01,
               .places = low < .9 ? 1 : 2 },
    };

    kao_plot_begin(&p, "CMC");
    kao_plot_curve(&p, "a", x, y, n, false);
    return kao_plot_end(&p);
}

/* Strangers for whom somebody is found are what different pairs are that are accepted. */
static bool put_det(kao_bytes *b, const kao_identification *s)
{
    const size_t n = s->n_mated + s->n_strangers;
    double *similarity = kao_calloc(s->mem, n, sizeof *similarity);
    bool *mated = kao_calloc(s->mem, n, sizeof *mated);
    bool fine = similarity && mated;
    kao_scores scores = { .n = 0 };

    for (size_t i = 0; fine && i < n; i++) {
        mated[i] = i < s->n_mated;
        similarity[i] =
            mated[i] ? s->mated[i].similarity : s->strangers[i - s->n_mated].similarity;
    }
    fine =
        fine && kao_scores_init(&scores, s->mem, similarity, mated, n, NULL) == KAO_OK;
    kao_free(s->mem, similarity);
    kao_free(s->mem, mated);
    if (fine) {
        kao_report_curve c;

        kao_report_trace(&scores, &c);
        fine =
            kao_report_det(b, &scores, &c, "FPIR: strangers for whom somebody is found",
                           "FNIR: enrolled people who are not found", false);
    }
    kao_scores_fini(&scores);
    return fine;
}

bool kao_report_write_identification(kao_bytes *b, const kao_identify_report *r)
{
    return kao_report_begin(b, "Identification", r->rows, r->n_rows) &&
           put_figures(b, r) &&
           kao_put(b,
                   "</table>\n<p>[ ]: 95 %%, bootstrap over people (%d rounds): "
                   "people are drawn with their probes, the gallery stays.</p>\n"
                   "<div class=\"plots\">\n",
                   KAO_BOOTSTRAP_ROUNDS) &&
           (r->found->n_mated == 0 || put_cmc(b, r->found)) &&
           (r->found->n_mated == 0 || r->found->n_strangers < 2 ||
            put_det(b, r->found)) &&
           kao_put(b, "</div>\n</html>\n");
}
