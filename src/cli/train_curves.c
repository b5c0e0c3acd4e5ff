/* See train_curves.h. */
#include "cli/train_curves.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/context.h"
#include "base/error.h"
#include "base/file.h"
#include "eval/plot.h"

enum { COLUMNS = 16, POINTS = 400, NAME = 32, PATH = 4096 };

typedef struct log_table {
    char names[COLUMNS][NAME];
    size_t n_columns, n_rows;
    double *values; /* row by row */
} log_table;

static const char page_head[] =
    "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" "
    "content=\"width=device-width\"><style>:root{color-scheme:light dark;--paper:#fff;"
    "--ink:#1b1f24;--soft:#d8dce2;--a:#0b62c4}@media(prefers-color-scheme:dark){:root{"
    "--paper:#14171b;--ink:#e6e9ee;--soft:#343a42;--a:#6cb2ff}}body{background:var(--"
    "paper);"
    "color:var(--ink);font:16px/1.5 system-ui,sans-serif;margin:1.5rem auto;max-width:"
    "76rem;padding:0 1rem}main{display:grid;grid-template-columns:repeat(auto-fit,"
    "minmax(min(100%,30rem),1fr));gap:1rem}svg{width:100%;height:auto}svg text{fill:"
    "var(--ink);font-size:12px}svg "
    ".title{font-size:14px;font-weight:600}path{fill:none;"
    "stroke-width:1.6}.grid{stroke:var(--soft);stroke-width:1}.frame{stroke:var(--ink);"
    "stroke-width:1}.a{stroke:var(--a)}</style>";

/* ---- the log ---- */

static size_t read_names(log_table *t, const char *line)
{
    while (*line && t->n_columns < COLUMNS) {
        const size_t n = strcspn(line, ",");

        snprintf(t->names[t->n_columns++], NAME, "%.*s", (int)(n < NAME ? n : NAME - 1),
                 line);
        line += n + (line[n] == ',');
    }
    return t->n_columns;
}

/* A line of numbers; false: it is cut or damaged. */
static bool read_row(const log_table *t, const char *line, double *to)
{
    for (size_t i = 0; i < t->n_columns; i++) {
        char *end = NULL;

        to[i] = strtod(line, &end);
        if (end == line || (*end != ',' && *end != '\0'))
            return false;
        line = end + (*end == ',');
    }
    return true;
}

static kao_status read_log(log_table *t, kao_mem *mem, const char *path, kao_error *err)
{
    kao_file f = { 0 };
    kao_status st = kao_file_open(&f, mem, path, (size_t)1 << 30, err);

    if (st)
        return st;
    size_t n_lines = 1;
    char *text = kao_calloc(mem, f.bytes.n + 1, 1);

    for (size_t i = 0; i < f.bytes.n; i++)
        n_lines += f.bytes.p[i] == '\n';
    t->values = kao_calloc(mem, n_lines * COLUMNS, sizeof *t->values);
    if (!text || !t->values)
        st = kao_fail(err, KAO_E_NOMEM, "%s: out of memory", path);
    else
        memcpy(text, f.bytes.p, f.bytes.n);
    for (char *line = text, *next = NULL; !st && line && *line; line = next) {
        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        if (t->n_columns == 0 && read_names(t, line) < 3)
            st = kao_fail(err, KAO_E_FORMAT, "%s: line 1 does not name columns", path);
        else if (read_row(t, line, t->values + t->n_rows * t->n_columns))
            t->n_rows++; /* the first line is no row */
    }
    kao_free(mem, text);
    kao_file_close(&f);
    return st;
}

/* ---- plots ---- */

/* 1, 2 or 5 times a power of ten, some five of which make the range. */
static double tic_of(double range, int *places)
{
    const double power = floor(log10(range / 5));
    const double unit = pow(10, power), m = range / 5 / unit;

    *places = power < 0 ? (int)-power : 0;
    return unit * (m < 1.5 ? 1 : m < 3.5 ? 2 : m < 7.5 ? 5 : 10);
}

static kao_axis axis_of(const double *v, size_t n, const char *label, bool from_zero)
{
    kao_axis a = { .label = label, .low = v[0], .high = v[0] };

    for (size_t i = 0; i < n; i++) {
        a.low = fmin(a.low, v[i]);
        a.high = fmax(a.high, v[i]);
    }
    if (from_zero && a.low > 0)
        a.low = 0;
    if (!(a.high > a.low))
        a.high = a.low + 1;
    a.tic = tic_of(a.high - a.low, &a.places);
    return a;
}

/* A point is the mean of as many rows as make POINTS of all. */
static bool put_plot(kao_bytes *b, const log_table *t, size_t column)
{
    double x[POINTS], y[POINTS];
    const size_t each = (t->n_rows + POINTS - 1) / POINTS;
    size_t n = 0;

    for (size_t row = 0; row < t->n_rows; row += each, n++) {
        const size_t end = row + each < t->n_rows ? row + each : t->n_rows;

        x[n] = y[n] = 0;
        for (size_t i = row; i < end; i++) {
            x[n] += t->values[i * t->n_columns + 1] / 1000 / (double)(end - row);
            y[n] += t->values[i * t->n_columns + column] / (double)(end - row);
        }
        if (!isfinite(y[n]))
            y[n] = 0;
    }
    kao_plot p = { .b = b,
                   .x = axis_of(x, n, "thousand views", true),
                   .y = axis_of(y, n, "", true) };

    kao_plot_begin(&p, t->names[column]);
    kao_plot_curve(&p, "a", x, y, n, false);
    return kao_plot_end(&p);
}

static bool put_page(kao_bytes *b, const log_table *t, const char *title)
{
    bool fine = kao_bytes_add(b, page_head, sizeof page_head - 1) &&
                kao_put(b, "<title>") && kao_put_text(b, title) &&
                kao_put(b, "</title><h1>") && kao_put_text(b, title) &&
                kao_put(b, "</h1><p>Step %.0f, %.0f views, %.1f hours.</p><main>",
                        t->values[(t->n_rows - 1) * t->n_columns],
                        t->values[(t->n_rows - 1) * t->n_columns + 1],
                        t->values[(t->n_rows - 1) * t->n_columns + 2] / 3600);

    for (size_t c = 3; fine && c < t->n_columns; c++)
        fine = put_plot(b, t, c);
    return fine && kao_put(b, "</main></html>\n");
}

kao_status cli_train_curves(kao_context *ctx, const char *state, const char *title,
                            kao_error *err)
{
    kao_mem *mem = &ctx->mem;
    log_table t = { .n_rows = 0 };
    kao_bytes b = { .mem = mem, .max = (size_t)16 << 20 };
    char path[PATH];

    if (snprintf(path, sizeof path, "%s/log.csv", state) >= PATH - 8)
        return kao_fail(err, KAO_E_ARG, "%s: the path is too long", state);
    kao_status st = read_log(&t, mem, path, err);

    if (!st && t.n_rows > 0 && t.n_columns > 3) {
        snprintf(path, sizeof path, "%s/curves.html", state);
        st = put_page(&b, &t, title)
                 ? kao_file_write(mem, path, b.p, b.n, err)
                 : kao_fail(err, KAO_E_NOMEM, "%s: out of memory", path);
    }
    kao_bytes_free(&b);
    kao_free(mem, t.values);
    return st;
}
