/* The page of kao report: a table, and a bar for each visit on a line of time. */
#include <math.h>
#include <stdio.h>

#include "base/error.h"
#include "base/file.h"
#include "cli/report.h"
#include "eval/plot.h"

static const char head[] =
    "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" "
    "content=\"width=device-width\"><title>Who was "
    "there</title><style>:root{color-scheme:light "
    "dark;--paper:#fff;--ink:#1b1f24;--soft:#d8dce2;--a:#0b62c4}@media(prefers-color-"
    "scheme:dark)"
    "{:root{--paper:#14171b;--ink:#e6e9ee;--soft:#343a42;--a:#6cb2ff}}body{background:"
    "var(--paper)"
    ";color:var(--ink);font:16px/1.5 system-ui,sans-serif;margin:1.5rem "
    "auto;max-width:76rem;"
    "padding:0 "
    "1rem}table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:."
    "3rem "
    ".6rem;border-bottom:1px solid "
    "var(--soft)}td.n{text-align:right;font-variant-numeric:"
    "tabular-nums}td.bar{width:45%}svg{width:100%;height:1.2rem;display:block}rect{"
    "fill:var(--a)}"
    "</style><main><h1>Who was there</h1>";

static bool put_row(kao_bytes *b, const cli_presences *p, const cli_presence *r,
                    double begin, double all)
{
    char title[1100], first[40], last[40];
    bool fine =
        kao_put(b, "<tr><th scope=\"row\">") &&
        kao_put_text(b, cli_presence_title(r, title, sizeof title)) &&
        kao_put(
            b,
            "</th><td>%s</td><td>%s</td><td class=\"n\">%zu</td><td class=\"n\">%.1f"
            "</td><td class=\"bar\"><svg viewBox=\"0 0 1000 20\" "
            "preserveAspectRatio=\"none\" role=\"img\" aria-label=\"%zu visits\">",
            cli_presence_time(p, r->visits[0].begin, first),
            cli_presence_time(p, cli_presence_last(r), last), r->n,
            cli_presence_seconds(r), r->n);

    for (size_t i = 0; fine && i < r->n; i++) {
        char from[40], to[40];
        const double share = (r->visits[i].end - r->visits[i].begin) / all,
                     at = (r->visits[i].begin - begin) / all;
        /* so that it is seen, at the end, too */
        const double width = fmax(1000 * share, 2), x = fmin(1000 * at, 1000 - width);

        fine = kao_put(
            b,
            "<rect x=\"%.2f\" y=\"3\" width=\"%.2f\" height=\"14\"><title>%s to "
            "%s</title></rect>",
            x, width, cli_presence_time(p, r->visits[i].begin, from),
            cli_presence_time(p, r->visits[i].end, to));
    }
    return fine && kao_put(b, "</svg></td></tr>");
}

kao_status cli_report_page(const cli_presences *p, const char *path, kao_error *err)
{
    double begin = 0, end = 0;
    kao_mem mem;

    kao_mem_init(&mem, NULL);
    for (size_t i = 0; i < p->n; i++) {
        const cli_presence *r = &p->rows[i];

        begin = i == 0 || r->visits[0].begin < begin ? r->visits[0].begin : begin;
        for (size_t k = 0; k < r->n; k++)
            end = r->visits[k].end > end ? r->visits[k].end : end;
    }
    kao_bytes b = { .mem = &mem, .max = kao_gib(1) };

    bool fine =
        kao_put(&b, "%s", head) &&
        kao_put(&b,
                "<table><thead><tr><th>who</th><th>first seen</th><th>last seen</th>"
                "<th>visits</th><th>seconds</th><th>when</th></tr></thead><tbody>");

    for (size_t i = 0; fine && i < p->n; i++)
        fine = put_row(&b, p, &p->rows[i], begin, end > begin ? end - begin : 1);
    fine = fine && kao_put(&b, "</tbody></table></main></html>\n");
    const kao_status st = fine ? kao_file_write(&mem, path, b.p, b.n, err)
                               : kao_fail(err, KAO_E_LIMIT, "%s: too long", path);

    kao_bytes_free(&b);
    return st;
}
