/* See calibrate.h: a calibration as a table, as JSON and as a page. */
#include "cli/calibrate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "eval/report_parts.h"
#include "eval/plot.h"

#define REPORT_MAX_BYTES ((size_t)16 << 20)

enum { SHOWN_FROM = 2, SHOWN_TO = 4 }; /* rates whose groups are shown: 1e-2 .. 1e-4 */

/* ---- the table ---- */

static void print_setting(const calibrate *c)
{
    const eval_vectors *v = c->people.n ? &c->people.vectors : &c->others.vectors;

    if (c->people.n)
        printf("%-18s%s\n", "people from", c->people.pictures.path);
    if (c->args->pairs)
        printf("%-18s%s\n", "pairs from", c->args->pairs);
    if (c->others.n)
        printf("%-18s%s\n%-18s%s\n", "groups from", c->others.pictures.path,
               "labels from", c->args->labels);
    if (c->args->note)
        printf("%-18s%s\n", "note", c->args->note);
    printf("%-18s%s\n", "model", v->crew.found[CLI_EMBEDDER].path);
    if (v->crew.detector)
        printf("%-18s%s\n", "detector", v->crew.found[CLI_DETECTOR].path);
    printf("%-18s%s\n", "mirror", eval_mirror(v));
    if (c->args->doubles)
        printf("%-18s%zu pairs of %s joined\n", "doubles", c->n_doubles,
               c->args->doubles);
}

/* A rate is counted in whole pairs: the round number that it stands for. */
static double nominal(double far)
{
    return pow(10, round(-log10(far)));
}

/* The least and the most alike that were counted, and the middle. */
static void print_same(const kao_quantiles *q)
{
    static const double shown[] = { .01, .05, .1, .5, .9 };
    size_t n = 0;

    for (size_t k = 0; k < sizeof shown / sizeof shown[0]; k++)
        for (size_t i = 0; i < q->n; i++)
            if (fabs(q->points[i].below - shown[k]) < 1e-9) {
                printf("%-*s%g %% below %.4f", n ? 0 : 18, n ? ", " : "same person",
                       100 * shown[k], q->points[i].similarity);
                n++;
            }
    if (n)
        printf("\n");
}

static void print_rates(const calibrate *c)
{
    const kao_strangers *s = &c->strangers;

    printf("%-18s%zu", "pictures", c->people.n);
    if (c->people.n_people) /* a list of pairs need not name people */
        printf(" of %zu people", c->people.n_people);
    printf("; %zu unusable\n", c->people.vectors.n_unusable);
    printf("%-18s%llu of different people, %llu of the same\n\n", "pairs",
           (unsigned long long)s->n_different, (unsigned long long)s->n_same);
    printf("%-18s%-12s%-14s%s\n", "false accepts", "similarity", "same found",
           "95 % of the rate, bootstrap over people");
    for (size_t i = 0; i < c->n_rates; i++) {
        const kao_curve_point *p = &c->rates[i];

        printf("1 in %-13.0f%-12.4f", nominal(p->far), p->similarity);
        if (s->n_same)
            printf("%5.1f %%       ", 100 * kao_strangers_found(s, p->similarity));
        else
            printf("%-14s", "-");
        if (p->fitted)
            printf("from a fitted tail");
        else if (!isnan(c->rate_95[i].low))
            printf("[%.2g, %.2g]", c->rate_95[i].low, c->rate_95[i].high);
        printf("\n");
    }
    if (c->has_likelihood)
        printf("%-18sexp(%.2f * similarity %+.2f); Cllr %.3f bits\n",
               "likelihood ratio", c->likelihood.l.slope, c->likelihood.l.offset,
               c->likelihood.cllr);
    if (c->has_same)
        print_same(&c->same);
}

static bool is_shown(const calibrate *c, size_t i)
{
    const double power = round(-log10(c->rates[i].far));

    return power >= SHOWN_FROM && power <= SHOWN_TO && !c->rates[i].fitted;
}

static void print_groups(const calibrate *c)
{
    printf("\n%-28s%10s", "group", "pairs");
    for (size_t i = 0; i < c->n_rates; i++)
        if (is_shown(c, i))
            printf("   at %.4f (1 in %.0f)", c->rates[i].similarity,
                   nominal(c->rates[i].far));
    printf("\n");
    for (size_t k = 0; k < c->n_groups; k++) {
        const calibrate_group *g = &c->groups[k];

        printf("%-28s%10llu", g->name, (unsigned long long)g->strangers.n_different);
        for (size_t i = 0; i < c->n_rates; i++) {
            const double rate = calibrate_group_rate(g, i);

            if (!is_shown(c, i))
                continue;
            if (isnan(rate))
                printf("  %-24s", "fewer than 10 pairs");
            else if (isnan(g->rate_95[i].low))
                printf("  %6.2f %% %-15s", 100 * rate, "");
            else
                printf("  %6.2f %% [%5.2f, %5.2f]  ", 100 * rate,
                       100 * g->rate_95[i].low, 100 * g->rate_95[i].high);
        }
        if (c->n_rates == 0 && g->has_curve)
            printf("   1 in %.0f at %.4f", 1 / g->curve.points[g->curve.n - 1].far,
                   g->curve.points[g->curve.n - 1].similarity);
        printf("\n");
    }
}

static void print_alike(const calibrate_set *set, const kao_strangers *s, size_t most)
{
    for (size_t i = 0; i < s->n_top && i < most; i++)
        printf("%.4f  %s  %s\n", (double)s->top[i].similarity, set->names[s->top[i].a],
               set->names[s->top[i].b]);
}

void calibrate_print(const calibrate *c)
{
    print_setting(c);
    if (calibrate_has_people(c))
        print_rates(c);
    if (c->n_groups)
        print_groups(c);
    printf("\nmost alike, taken as different people: look at them, and name those that "
           "are not in a list for --doubles\n");
    print_alike(&c->people, &c->strangers,
                calibrate_has_people(c) ? c->args->n_listed : 0);
    for (size_t k = 0; k < c->n_groups; k++)
        print_alike(&c->others, &c->groups[k].strangers, c->args->n_listed);
}

/* ---- JSON ---- */

static kao_json *interval_json(kao_interval x)
{
    kao_json *a = isnan(x.low) ? kao_json_null() : kao_json_array();

    if (isnan(x.low))
        return a;
    kao_json_add(a, kao_json_number(x.low));
    kao_json_add(a, kao_json_number(x.high));
    return a;
}

static kao_json *curve_json(const kao_curve *curve)
{
    kao_json *a = kao_json_array();

    for (size_t i = 0; i < curve->n; i++) {
        kao_json *o = kao_json_object();

        kao_json_set(o, "similarity", kao_json_number(curve->points[i].similarity));
        kao_json_set(o, "far", kao_json_number(curve->points[i].far));
        kao_json_set(o, "extrapolated", kao_json_bool(curve->points[i].fitted));
        kao_json_add(a, o);
    }
    return a;
}

static kao_json *same_json(const kao_quantiles *q)
{
    kao_json *a = kao_json_array();

    for (size_t i = 0; i < q->n; i++) {
        kao_json *o = kao_json_object();

        kao_json_set(o, "similarity", kao_json_number(q->points[i].similarity));
        kao_json_set(o, "below", kao_json_number(q->points[i].below));
        kao_json_add(a, o);
    }
    return a;
}

static kao_json *rates_json(const calibrate *c, const calibrate_group *g)
{
    kao_json *a = kao_json_array();

    for (size_t i = 0; i < c->n_rates; i++) {
        const double rate = g ? calibrate_group_rate(g, i) : c->rates[i].far;
        const kao_interval r = g ? g->rate_95[i] : c->rate_95[i];
        kao_json *o = kao_json_object();

        kao_json_set(o, "similarity", kao_json_number(c->rates[i].similarity));
        kao_json_set(o, "far", isnan(rate) ? kao_json_null() : kao_json_number(rate));
        kao_json_set(o, "far_95", isnan(rate) ? kao_json_null() : interval_json(r));
        if (!g)
            kao_json_set(o, "tar",
                         c->strangers.n_same
                             ? kao_json_number(kao_strangers_found(
                                   &c->strangers, c->rates[i].similarity))
                             : kao_json_null());
        if (!g)
            kao_json_set(o, "extrapolated", kao_json_bool(c->rates[i].fitted));
        kao_json_add(a, o);
    }
    return a;
}

static void add_alike(kao_json *a, const calibrate_set *set, const kao_strangers *s,
                      size_t most)
{
    for (size_t i = 0; i < s->n_top && i < most; i++) {
        kao_json *o = kao_json_object();

        kao_json_set(o, "similarity", kao_json_float(s->top[i].similarity));
        kao_json_set(o, "a", kao_json_string(set->names[s->top[i].a]));
        kao_json_set(o, "b", kao_json_string(set->names[s->top[i].b]));
        kao_json_add(a, o);
    }
}

static kao_json *group_json(const calibrate *c, const calibrate_group *g)
{
    kao_json *o = kao_json_object(), *alike = kao_json_array();

    kao_json_set(o, "group", kao_json_string(g->name));
    kao_json_set(o, "pictures", kao_json_integer((int64_t)g->n));
    kao_json_set(o, "pairs", kao_json_integer((int64_t)g->strangers.n_different));
    kao_json_set(o, "rates", rates_json(c, g));
    kao_json_set(o, "curve", curve_json(&g->curve));
    add_alike(alike, &c->others, &g->strangers, c->args->n_listed);
    kao_json_set(o, "most_alike", alike);
    return o;
}

int calibrate_print_json(const calibrate *c)
{
    const eval_vectors *v = c->people.n ? &c->people.vectors : &c->others.vectors;
    kao_json *o = eval_setting_json(v), *groups = kao_json_array(),
             *alike = kao_json_array();
    kao_json *lr = c->has_likelihood ? kao_json_object() : kao_json_null();

    kao_json_set(o, "people",
                 c->people.n_people || !calibrate_has_people(c)
                     ? kao_json_integer((int64_t)c->people.n_people)
                     : kao_json_null());
    kao_json_set(o, "different", kao_json_integer((int64_t)c->strangers.n_different));
    kao_json_set(o, "same", kao_json_integer((int64_t)c->strangers.n_same));
    kao_json_set(o, "rates", rates_json(c, NULL));
    kao_json_set(o, "curve", curve_json(&c->curve));
    if (c->has_likelihood) {
        kao_json_set(lr, "slope", kao_json_number(c->likelihood.l.slope));
        kao_json_set(lr, "offset", kao_json_number(c->likelihood.l.offset));
        kao_json_set(lr, "cllr", kao_json_number(c->likelihood.cllr));
    }
    kao_json_set(o, "likelihood", lr);
    kao_json_set(o, "same_quantiles",
                 c->has_same ? same_json(&c->same) : kao_json_null());
    add_alike(alike, &c->people, &c->strangers,
              calibrate_has_people(c) ? c->args->n_listed : 0);
    kao_json_set(o, "most_alike", alike);
    for (size_t i = 0; i < c->n_groups; i++)
        kao_json_add(groups, group_json(c, &c->groups[i]));
    kao_json_set(o, "groups", groups);
    return cli_print_json("calibrate", o);
}

/* ---- the page ---- */

/* The group of the highest rate where one in a thousand of all are accepted, or the fewest there
 * are; without such thresholds the first; NULL: none. */
static const calibrate_group *worst_group(const calibrate *c)
{
    const size_t i = c->n_rates > 2 ? 2 : c->n_rates - 1;
    const calibrate_group *worst = NULL;
    double highest = -1;

    for (size_t k = 0; k < c->n_groups; k++) {
        const calibrate_group *g = &c->groups[k];

        if (!g->has_curve)
            continue;
        const double rate =
            c->n_rates ? (double)g->reached[i] / (double)g->strangers.n_different : 0;

        if (rate > highest) {
            highest = rate;
            worst = g;
        }
    }
    return worst;
}

static void plot_points(kao_plot *p, const char *curve_class, const kao_curve *curve,
                        size_t first, size_t end)
{
    double x[KAO_CURVE_MOST], y[KAO_CURVE_MOST];

    for (size_t i = first; i < end; i++) {
        x[i - first] = curve->points[i].similarity;
        y[i - first] = curve->points[i].far;
    }
    if (end > first)
        kao_plot_curve(p, curve_class, x, y, end - first, false);
}

static bool put_plot(kao_bytes *b, const calibrate *c)
{
    const calibrate_group *worst = worst_group(c);
    kao_plot p = {
        .b = b,
        .x = { .label = "similarity", .low = 0, .high = 1, .tic = .1, .places = 1 },
        .y = { .label = "strangers who look as alike, or more",
               .low = 1e-8,
               .high = 1,
               .log = true }
    };
    size_t entry = 0;

    kao_plot_begin(&p, "False accepts by threshold");
    if (calibrate_has_people(c)) {
        plot_points(&p, "a", &c->curve, 0, c->curve.n_counted);
        kao_plot_legend(&p, entry++, true, "a", "all pairs");
    }
    if (c->curve.n > c->curve.n_counted) {
        plot_points(&p, "mark", &c->curve, c->curve.n_counted - 1, c->curve.n);
        kao_plot_legend(&p, entry++, true, "mark", "from a fitted tail");
    }
    if (worst) {
        plot_points(&p, "b", &worst->curve, 0, worst->curve.n);
        kao_plot_legend(&p, entry, true, "b", worst->name);
    }
    return kao_plot_end(&p);
}

/* Shares of each kind, so that unequal numbers of pairs compare. */
static void shares(const uint64_t *counts, uint64_t n, double to[KAO_REPORT_BINS])
{
    memset(to, 0, KAO_REPORT_BINS * sizeof *to);
    for (size_t i = 0; n && i < KAO_STRANGERS_BINS; i++)
        to[i * KAO_REPORT_BINS / KAO_STRANGERS_BINS] += (double)counts[i] / (double)n;
}

static bool put_histogram(kao_bytes *b, const calibrate *c)
{
    double same[KAO_REPORT_BINS], different[KAO_REPORT_BINS];

    shares(c->strangers.same, c->strangers.n_same, same);
    shares(c->strangers.different, c->strangers.n_different, different);
    return kao_report_histogram(b, same, different, (double)NAN);
}

static bool put_rows(kao_bytes *b, const calibrate *c)
{
    bool fine = true;

    for (size_t i = 0; fine && i < c->n_rates; i++) {
        char name[64], value[128];

        snprintf(name, sizeof name, "1 in %.0f", nominal(c->rates[i].far));
        int n = snprintf(value, sizeof value, "%.4f", c->rates[i].similarity);

        if (c->strangers.n_same)
            n += snprintf(
                value + n, sizeof value - (size_t)n, ", %.1f %% of the same",
                100 * kao_strangers_found(&c->strangers, c->rates[i].similarity));

        if (c->rates[i].fitted)
            snprintf(value + n, sizeof value - (size_t)n, " (from a fitted tail)");
        else if (!isnan(c->rate_95[i].low))
            snprintf(value + n, sizeof value - (size_t)n, " [%.2g, %.2g]",
                     c->rate_95[i].low, c->rate_95[i].high);
        fine = kao_report_row_put(b, name, value);
    }
    return fine;
}

static bool put_group_table(kao_bytes *b, const calibrate *c)
{
    bool fine = kao_put(b, "<h2>Groups</h2>\n<table><tr><th>group</th>");

    for (size_t i = 0; fine && i < c->n_rates; i++)
        if (is_shown(c, i))
            fine = kao_put(b, "<th>at %.4f (1 in %.0f)</th>", c->rates[i].similarity,
                           nominal(c->rates[i].far));
    fine = fine && kao_put(b, "</tr>\n");
    for (size_t k = 0; fine && k < c->n_groups; k++) {
        const calibrate_group *g = &c->groups[k];

        fine =
            kao_put(b, "<tr><th>") && kao_put_text(b, g->name) && kao_put(b, "</th>");
        for (size_t i = 0; fine && i < c->n_rates; i++) {
            const double rate = calibrate_group_rate(g, i);

            if (!is_shown(c, i))
                continue;
            fine = isnan(rate)
                       ? kao_put(b, "<td>fewer than %d pairs</td>", KAO_CURVE_ENOUGH)
                   : isnan(g->rate_95[i].low)
                       ? kao_put(b, "<td>%.2f %%</td>", 100 * rate)
                       : kao_put(b, "<td>%.2f %% [%.2f, %.2f]</td>", 100 * rate,
                                 100 * g->rate_95[i].low, 100 * g->rate_95[i].high);
        }
        fine = fine && kao_put(b, "</tr>\n");
    }
    return fine && kao_put(b, "</table>\n");
}

int calibrate_write_report(calibrate *c)
{
    const eval_vectors *v = c->people.n ? &c->people.vectors : &c->others.vectors;
    const kao_report_row rows[] = {
        { "people from", c->people.n ? c->people.pictures.path : "-" },
        { "groups from", c->others.n ? c->others.pictures.path : "-" },
        { "note", c->args->note ? c->args->note : "-" },
        { "model", v->crew.found[CLI_EMBEDDER].path },
        { "mirror", eval_mirror(v) },
    };
    kao_bytes b = { .mem = &c->mem, .max = REPORT_MAX_BYTES };
    bool fine =
        kao_report_begin(&b, "Calibration", rows, sizeof rows / sizeof rows[0]) &&
        put_rows(&b, c) && kao_put(&b, "</table>\n");

    fine =
        fine && (c->n_groups == 0 || put_group_table(&b, c)) &&
        kao_put(&b, "<p>A similarity, and how many pairs of strangers reach it. [ ]: "
                    "95 %% by bootstrap over people.</p>\n<div class=\"plots\">\n") &&
        put_plot(&b, c) && (!calibrate_has_people(c) || put_histogram(&b, c)) &&
        kao_put(&b, "</div>\n</html>\n");
    return eval_write(c->args, &b, c->args->report, fine);
}
