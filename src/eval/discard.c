/* See discard.h. */
#include "eval/discard.h"

#include <math.h>
#include <stdlib.h>

#include "eval/plot.h"

double kao_discard_share(size_t i)
{
    return .05 * (double)i;
}

typedef struct item {
    double quality, similarity;
    size_t at;
} item;

static int worst_first(const void *a, const void *b)
{
    const item *x = a, *y = b;

    return x->quality < y->quality   ? -1
           : x->quality > y->quality ? 1
                                     : (x->at > y->at) - (x->at < y->at);
}

kao_status kao_discard_measure(const kao_scores *s, const double *quality,
                               double threshold, kao_discard *out, kao_error *err)
{
    item *items = kao_calloc(s->mem, s->n_same + 1, sizeof *items);
    size_t n = 0, missed = 0;

    *out = (kao_discard){ { 0 }, { 0 } };
    if (!items)
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    for (size_t i = 0; i < s->n; i++) {
        if (isnan(quality[i])) {
            kao_free(s->mem, items);
            return kao_fail(err, KAO_E_ARG, "pair %zu: its quality is no number",
                            i + 1);
        }
        if (s->is_same[i])
            items[n++] = (item){ quality[i], s->similarity[i], i };
    }
    qsort(items, n, sizeof *items, worst_first);
    size_t k = n; /* items from k on are counted */

    for (size_t step = KAO_DISCARD_STEPS; step-- > 0;) {
        const size_t first = (size_t)(kao_discard_share(step) * (double)n + 1e-9);

        for (; k > first; k--)
            missed += !(items[k - 1].similarity > threshold);
        out->n_same[step] = n - first;
        out->n_missed[step] = missed;
    }
    kao_free(s->mem, items);
    return KAO_OK;
}

double kao_discard_fnmr(const kao_discard *d, size_t i)
{
    return d->n_same[i] ? (double)d->n_missed[i] / (double)d->n_same[i] : 0;
}

/* ---- the plot ---- */

static const char style[] =
    "<style>svg{--ink:#1b1f24;--soft:#d8dce2;--faint:#5b6470;--a:#1f62c9;--b:#b8470f;"
    "--mark:#0b7a4b;font-family:system-ui,sans-serif}\n"
    "@media(prefers-color-scheme:dark){svg{--ink:#e6e9ee;--soft:#343a43;--faint:#"
    "a3acb8;"
    "--a:#7db1ff;--b:#ffa066;--mark:#5fd3a0}}\n"
    "text{fill:var(--ink);font-size:12px}.title{font-size:14px;font-weight:600}"
    "path{fill:none;stroke-width:2}.grid{stroke:var(--soft);stroke-width:1}"
    ".frame{stroke:var(--faint);stroke-width:1}.a{stroke:var(--a)}"
    ".b{stroke:var(--b);stroke-dasharray:7 3}.mark{stroke:var(--mark);"
    "stroke-dasharray:2 3}</style>\n";

bool kao_discard_plot(kao_bytes *b, const kao_discard *curves, const char *const *names,
                      size_t n, const char *title)
{
    static const char *const classes[] = { "mark", "b", "a" };
    double x[KAO_DISCARD_STEPS], y[KAO_DISCARD_STEPS], most = .01;

    for (size_t k = 0; k < n; k++)
        for (size_t i = 0; i < KAO_DISCARD_STEPS; i++)
            most = fmax(most, 100 * kao_discard_fnmr(&curves[k], i));
    const double tic = most > 20 ? 10 : most > 4 ? 2 : most > 1 ? .5 : .2;
    kao_plot p = { .b = b,
                   .x = { .label = "pairs left out, those of the worst pictures, %",
                          .high = 50,
                          .tic = 10 },
                   .y = { .label = "missed of those kept, %",
                          .high = ceil(1.25 * most / tic) * tic,
                          .tic = tic,
                          .places = tic < 1 } };

    if (!kao_put(b,
                 "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 560 340\">\n"
                 "%s",
                 style))
        return false;
    kao_plot_begin(&p, title);
    for (size_t i = 0; i < KAO_DISCARD_STEPS; i++)
        x[i] = 100 * kao_discard_share(i);
    for (size_t k = 0; k < n && k < 3; k++) {
        for (size_t i = 0; i < KAO_DISCARD_STEPS; i++)
            y[i] = 100 * kao_discard_fnmr(&curves[k], i);
        kao_plot_curve(&p, classes[k], x, y, KAO_DISCARD_STEPS, false);
        kao_plot_legend(&p, k, true, classes[k], names[k]);
    }
    return kao_plot_end(&p) && kao_put(b, "</svg>\n");
}
