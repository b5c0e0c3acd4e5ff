/* The page of identification: see report.h. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

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

enum { RANKS_MAX = 50, POINTS = 240 };

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
        .x = { .label = "rank", .low = 1, .high = (double)n, .tic = n > 10 ? 7 : 1 },
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

static int up(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double *similarities(const kao_identification *s, const kao_probe *p, size_t n)
{
    double *v = kao_calloc(s->mem, n, sizeof *v);

    for (size_t i = 0; v && i < n; i++)
        v[i] = p[i].similarity;
    if (v)
        qsort(v, n, sizeof *v, up);
    return v;
}

/* How many of the values, smallest first, are t or below. */
static size_t up_to(const double *v, size_t n, double t)
{
    size_t lo = 0, hi = n;

    while (lo < hi) {
        const size_t mid = lo + (hi - lo) / 2;

        if (v[mid] <= t)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static double power_below(size_t n)
{
    const double low = pow(10, floor(log10(1 / (double)n) + 1e-9));

    return low < 1 ? low : .1;
}

static bool put_det(kao_bytes *b, const kao_identification *s)
{
    double x[POINTS], y[POINTS];
    double *mated = similarities(s, s->mated, s->n_mated),
           *strangers = similarities(s, s->strangers, s->n_strangers);
    const bool fine = mated && strangers;

    for (size_t i = 0; fine && i < POINTS; i++) {
        const double rate =
            pow(10, log10(1 / (double)s->n_strangers) * (1 - (double)i / (POINTS - 1)));
        const size_t allowed = (size_t)floor(rate * (double)s->n_strangers + 1e-9);
        const double t =
            allowed < s->n_strangers ? strangers[s->n_strangers - 1 - allowed] : -3;

        x[i] = rate;
        y[i] = (double)up_to(mated, s->n_mated, t) / (double)s->n_mated;
    }
    kao_free(s->mem, mated);
    kao_free(s->mem, strangers);
    if (!fine)
        return false;
    kao_plot p = { .b = b,
                   .x = { .label = "FPIR: strangers for whom somebody is found",
                          .low = power_below(s->n_strangers),
                          .high = 1,
                          .log = true },
                   .y = { .label = "FNIR: enrolled people who are not found",
                          .low = power_below(s->n_mated),
                          .high = 1,
                          .log = true } };

    kao_plot_begin(&p, "DET");
    kao_plot_curve(&p, "a", x, y, POINTS, false);
    return kao_plot_end(&p);
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
