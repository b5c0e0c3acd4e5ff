/* See report.h. Plots that need both kinds of pairs are left out where one is missing. */
#include "eval/report.h"

#include <math.h>
#include <stdio.h>

#include "eval/plot.h"
#include "eval/report_parts.h"

static const char head[] =
    "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width\">\n";
static const char style[] =
    "<style>\n"
    ":root{color-scheme:light "
    "dark;--paper:#fff;--ink:#1b1f24;--soft:#d8dce2;--faint:#5b6470;"
    "--a:#1f62c9;--b:#b8470f;--mark:#0b7a4b}\n"
    "@media(prefers-color-scheme:dark){:root{--paper:#14171b;--ink:#e6e9ee;--soft:#"
    "343a43;"
    "--faint:#a3acb8;--a:#7db1ff;--b:#ffa066;--mark:#5fd3a0}}\n"
    "body{margin:2rem auto;max-width:76rem;padding:0 1rem;background:var(--paper);"
    "color:var(--ink);font:16px/1.5 system-ui,sans-serif}\n"
    "h1{font-size:1.4rem;overflow-wrap:anywhere}h2{font-size:1.1rem;margin-top:2rem}\n"
    "table{border-collapse:collapse}td,th{text-align:left;padding:.25rem 1.2rem .25rem "
    "0;"
    "border-bottom:1px solid var(--soft);vertical-align:top;font-weight:400;"
    "overflow-wrap:anywhere}\n"
    "th{color:var(--faint)}td{font-variant-numeric:tabular-nums}\n"
    ".plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,30rem),"
    "1fr));"
    "gap:1.5rem;margin-top:1.5rem}\n"
    "svg{width:100%;height:auto}svg text{fill:var(--ink);font-size:12px}\n"
    "svg .title{font-size:14px;font-weight:600}svg path{fill:none;stroke-width:2}\n"
    ".grid{stroke:var(--soft);stroke-width:1!important}.frame{stroke:var(--faint);"
    "stroke-width:1!important}\n"
    ".a{stroke:var(--a)}.b{stroke:var(--b);stroke-dasharray:7 3}"
    ".mark{stroke:var(--mark);stroke-dasharray:2 3}\n"
    ".a.filled{fill:var(--a);fill-opacity:.22}.b.filled{fill:var(--b);fill-opacity:.22}"
    "\n"
    "p{color:var(--faint);max-width:50rem}\n"
    "</style>\n";

bool kao_report_row_put(kao_bytes *b, const char *name, const char *value)
{
    return kao_put(b, "<tr><th>") && kao_put_text(b, name) && kao_put(b, "</th><td>") &&
           kao_put_text(b, value) && kao_put(b, "</td></tr>\n");
}

/* ---- the figures ---- */

static bool put_folds(kao_bytes *b, const kao_folds *f)
{
    return f->n == 0 ||
           kao_put(b,
                   "<tr><th>accuracy, %u folds</th><td>%.2f %% &#177; %.2f (standard "
                   "error; deviation %.2f)</td></tr>\n",
                   f->n, 100 * f->mean, 100 * f->standard_error, 100 * f->deviation);
}

/* A share of pairs that there are none of is none. */
static bool put_share(kao_bytes *b, const char *name, double share, int places)
{
    return isnan(share) ? kao_put(b, "%s -, ", name)
                        : kao_put(b, "%s %.*f %%, ", name, places, 100 * share);
}

static bool put_curve_rows(kao_bytes *b, const kao_figures *f)
{
    bool fine = kao_put(b,
                        "<tr><th>best threshold on all pairs</th><td>%.2f %% at %.3f "
                        "(optimistic)</td></tr>\n",
                        100 * f->best_accuracy, f->best_threshold);

    if (f->has_threshold)
        fine = fine && kao_put(b, "<tr><th>at threshold %.3f</th><td>", f->threshold) &&
               put_share(b, "TAR", f->tar, 2) && put_share(b, "FAR", f->far, 3) &&
               kao_put(b, "accuracy %.2f %%</td></tr>\n", 100 * f->accuracy);
    if (isnan(f->auc))
        return fine;
    fine =
        fine && kao_put(b,
                        "<tr><th>AUC</th><td>%.5f</td></tr>\n<tr><th>EER</th><td>%.2f "
                        "%% at %.3f</td></tr>\n",
                        f->auc, 100 * f->eer, f->eer_threshold);
    for (size_t i = 0; fine && i < KAO_FIGURES_TARS; i++) {
        const kao_figures_tar *t = &f->tars[i];

        fine =
            t->known
                ? kao_put(b,
                          "<tr><th>TAR at FAR %g</th><td>%.2f %% [%.2f, %.2f] at "
                          "%.3f%s</td></tr>\n",
                          t->far, 100 * t->at.tar, 100 * t->at.tar_95.low,
                          100 * t->at.tar_95.high, t->at.threshold,
                          t->weak ? " (weak: fewer than 10 false accepts allowed)" : "")
                : kao_put(b,
                          "<tr><th>TAR at FAR %g</th><td>not with %zu different "
                          "pairs</td></tr>\n",
                          t->far, f->n_different);
    }
    return fine;
}

static bool put_within(kao_bytes *b, const char *name, kao_interval x, double by)
{
    return isnan(x.low) || kao_put(b, " %s [%.*f, %.*f]", name, by > 1 ? 2 : 5,
                                   by * x.low, by > 1 ? 2 : 5, by * x.high);
}

static bool put_people(kao_bytes *b, const kao_figures *f)
{
    const kao_figures_people *p = &f->people;
    bool fine = true;

    if (p->n == 0)
        return true;
    fine = kao_put(b, "<tr><th>95 %% by bootstrap over %zu people</th><td>", p->n) &&
           put_within(b, "accuracy", p->accuracy, 100) &&
           put_within(b, "AUC", p->auc, 1) && put_within(b, "EER", p->eer, 100);
    for (size_t i = 0; fine && i < KAO_FIGURES_TARS; i++) {
        char name[32];

        snprintf(name, sizeof name, "TAR at FAR %g", f->tars[i].far);
        fine = !f->tars[i].known || put_within(b, name, p->tar[i], 100);
    }
    return fine && kao_put(b, "</td></tr>\n");
}

/* ---- the plots ---- */

/* Where an axis begins that shows one of n. */
static double power_below(size_t n)
{
    const double low = pow(10, floor(log10(1 / (double)n) + 1e-9));

    return low < 1 ? low : .1;
}

void kao_report_trace(const kao_scores *s, kao_report_curve *c)
{
    const double least = 1 / (double)s->n_different;

    c->low = power_below(s->n_different);
    for (size_t i = 0; i < KAO_CURVE_POINTS; i++) {
        kao_roc_point t;

        c->far[i] = pow(10, log10(least) * (1 - (double)i / (KAO_CURVE_POINTS - 1)));
        (void)kao_roc_at(s, c->far[i], &t);
        c->tar[i] = t.tar;
        c->frr[i] = 1 - t.tar;
    }
}

static bool put_roc(kao_bytes *b, const kao_report_curve *c)
{
    const double worst = c->tar[0], low = worst >= .95 ? .95 : floor(worst * 10) / 10;
    kao_plot p = { .b = b,
                   .x = { .label = "FAR: different people accepted",
                          .low = c->low,
                          .high = 1,
                          .log = true },
                   .y = { .label = "TAR: same person accepted",
                          .low = low,
                          .high = 1,
                          .tic = low < .95 ? .1 : .01,
                          .places = low < .95 ? 1 : 2 } };

    kao_plot_begin(&p, "ROC");
    kao_plot_curve(&p, "a", c->far, c->tar, KAO_CURVE_POINTS, false);
    return kao_plot_end(&p);
}

bool kao_report_det(kao_bytes *b, const kao_scores *s, const kao_report_curve *c,
                    const char *far_label, const char *frr_label, bool equal)
{
    const double ends[2] = { c->low, 1 };
    kao_plot p = {
        .b = b,
        .x = { .label = far_label, .low = c->low, .high = 1, .log = true },
        .y = { .label = frr_label,
               .low = power_below(s->n_same),
               .high = 1,
               .log = true },
    };

    kao_plot_begin(&p, "DET");
    if (equal)
        kao_plot_curve(&p, "mark", ends, ends, 2, false);
    kao_plot_curve(&p, "a", c->far, c->frr, KAO_CURVE_POINTS, false);
    if (equal)
        kao_plot_legend(&p, 0, true, "mark", "FAR = FRR");
    return kao_plot_end(&p);
}

/* One kind of pairs as steps; the highest one and the place of the first are kept. */
static void steps(const double *shares, double to[2 * KAO_REPORT_BINS], double *most,
                  double *low)
{
    for (size_t i = KAO_REPORT_BINS; i-- > 0;) {
        to[2 * i] = to[2 * i + 1] = shares[i];
        *most = fmax(*most, shares[i]);
        if (shares[i] > 0)
            *low = fmin(*low, -1 + (double)i * 2 / KAO_REPORT_BINS);
    }
}

bool kao_report_histogram(kao_bytes *b, const double same[KAO_REPORT_BINS],
                          const double different[KAO_REPORT_BINS], double threshold)
{
    enum { BINS = KAO_REPORT_BINS };
    double x[2 * BINS], a[2 * BINS], d[2 * BINS], most = .01, low = 1;

    steps(same, a, &most, &low);
    steps(different, d, &most, &low);
    for (size_t i = 0; i < BINS; i++) {
        x[2 * i] = -1 + (double)i * 2 / BINS;
        x[2 * i + 1] = -1 + (double)(i + 1) * 2 / BINS;
    }
    const double tic = most > .2 ? .1 : most > .08 ? .04 : .02;
    kao_plot p = { .b = b,
                   .x = { .label = "similarity",
                          .low = low < -.2 ? floor(low * 5) / 5 : -.2,
                          .high = 1,
                          .tic = .2,
                          .places = 1 },
                   .y = { .label = "share of the pairs",
                          .low = 0,
                          .high = ceil(1.15 * most / tic) * tic,
                          .tic = tic,
                          .places = 2 } };

    kao_plot_begin(&p, "Similarities");
    kao_plot_curve(&p, "b", x, d, 2 * BINS, true);
    kao_plot_curve(&p, "a", x, a, 2 * BINS, true);
    if (!isnan(threshold))
        kao_plot_mark(&p, threshold, "threshold");
    kao_plot_legend(&p, 0, false, "b", "different people");
    kao_plot_legend(&p, 1, false, "a", "same person");
    return kao_plot_end(&p);
}

/* Shares of each kind, so that unequal numbers of pairs compare. */
static void shares(const double *values, size_t n, double to[KAO_REPORT_BINS])
{
    uint32_t counts[KAO_REPORT_BINS];

    kao_histogram(values, n, counts, KAO_REPORT_BINS);
    for (size_t i = 0; i < KAO_REPORT_BINS; i++)
        to[i] = n ? (double)counts[i] / (double)n : 0;
}

static bool put_histogram(kao_bytes *b, const kao_scores *s, const kao_figures *f)
{
    double same[KAO_REPORT_BINS], different[KAO_REPORT_BINS];

    shares(s->same, s->n_same, same);
    shares(s->different, s->n_different, different);
    return kao_report_histogram(b, same, different, f->threshold);
}

static bool put_plots(kao_bytes *b, const kao_report *r)
{
    const kao_scores *s = r->scores;
    bool fine = kao_put(b, "<div class=\"plots\">\n");

    if (fine && s->n_same && s->n_different) {
        kao_report_curve c;

        kao_report_trace(s, &c);
        fine =
            put_roc(b, &c) && kao_report_det(b, s, &c, "FAR: different people accepted",
                                             "FRR: same person refused", true);
    }
    return fine && put_histogram(b, s, r->figures) && kao_put(b, "</div>\n");
}

bool kao_report_begin(kao_bytes *b, const char *title, const kao_report_row *rows,
                      size_t n_rows)
{
    bool fine = kao_bytes_add(b, head, sizeof head - 1) && kao_put(b, "<title>") &&
                kao_put_text(b, title) && kao_put(b, "</title>\n") &&
                kao_bytes_add(b, style, sizeof style - 1) && kao_put(b, "<h1>") &&
                kao_put_text(b, title) && kao_put(b, "</h1>\n<table>\n");

    for (size_t i = 0; fine && i < n_rows; i++)
        fine = kao_report_row_put(b, rows[i].name, rows[i].value);
    return fine && kao_put(b, "</table>\n<h2>Figures</h2>\n<table>\n");
}

bool kao_report_write(kao_bytes *b, const kao_report *r)
{
    return kao_report_begin(b, r->title, r->rows, r->n_rows) &&
           put_folds(b, &r->figures->folds) && put_curve_rows(b, r->figures) &&
           put_people(b, r->figures) &&
           kao_put(
               b,
               "</table>\n<p>&#177;: standard error of the mean over the folds. "
               "[ ]: 95 %% of a share, Wilson's interval; pairs share people, so the "
               "true uncertainty is larger.</p>\n") &&
           put_plots(b, r) && kao_put(b, "</html>\n");
}
