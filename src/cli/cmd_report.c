/* kao report: who was there, when, and how long, out of what kao watch --json has printed. */
#include <stdio.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/json.h"
#include "cli/commands.h"
#include "cli/photo.h"
#include "cli/report.h"

typedef struct report_args {
    const char *html;
    bool csv, json;
} report_args;

const cli_option cli_report_options[] = {
    { "csv", 0, CLI_FLAG, offsetof(report_args, csv), NULL,
      "a line a visit: who, from, to, seconds" },
    { "html", 0, CLI_TEXT, offsetof(report_args, html), "FILE",
      "write a page with a line of time for each" },
    { "json", 0, CLI_FLAG, offsetof(report_args, json), NULL,
      "one JSON object for each who was there" },
    { .name = NULL },
};

static int tell_json(const cli_presences *p, const cli_presence *r)
{
    kao_json *(*const time)(double) = p->wall ? kao_json_wall : kao_json_number;
    kao_json *o = kao_json_object(), *visits = kao_json_array();

    for (size_t i = 0; i < r->n; i++) {
        kao_json *v = kao_json_array();

        kao_json_add(v, time(r->visits[i].begin));
        kao_json_add(v, time(r->visits[i].end));
        kao_json_add(visits, v);
    }
    kao_json_set(o, "person",
                 r->person ? kao_json_integer(r->person) : kao_json_null());
    kao_json_set(o, "name", kao_json_string(r->name));
    kao_json_set(o, "track", r->person ? kao_json_null() : kao_json_integer(r->track));
    kao_json_set(o, "log", r->person ? kao_json_null() : kao_json_string(r->log));
    kao_json_set(o, "first", time(r->visits[0].begin));
    kao_json_set(o, "last", time(cli_presence_last(r)));
    kao_json_set(o, "seconds", kao_json_number(cli_presence_seconds(r)));
    kao_json_set(o, "visits", visits);
    return cli_print_json("report", o);
}

static int tell_csv(const cli_presences *p, const cli_presence *r)
{
    char title[1100], from[40], to[40];
    kao_mem mem;

    kao_mem_init(&mem, NULL);
    kao_bytes who = { .mem = &mem, .max = 2 * sizeof title + 2 };

    if (!kao_bytes_add_csv(&who, cli_presence_title(r, title, sizeof title)))
        return CLI_FAULT;
    for (size_t i = 0; i < r->n; i++)
        printf("%.*s,%s,%s,%.1f\n", (int)who.n, (const char *)who.p,
               cli_presence_time(p, r->visits[i].begin, from),
               cli_presence_time(p, r->visits[i].end, to),
               r->visits[i].end - r->visits[i].begin);
    kao_bytes_free(&who);
    return CLI_YES;
}

static int tell(const cli_presences *p, const report_args *a)
{
    int status = CLI_YES;

    if (a->csv && !a->json)
        printf("who,from,to,seconds\n");
    else if (!a->json && p->n)
        printf("%-24s  %-19s  %-19s  %6s  %9s\n", "who", "first seen", "last seen",
               "visits", "seconds");
    for (size_t i = 0; i < p->n; i++) {
        const cli_presence *r = &p->rows[i];
        char title[1100], from[40], to[40];

        if (a->json || a->csv)
            status = (a->json ? tell_json(p, r) : tell_csv(p, r)) ? CLI_FAULT : status;
        else
            printf("%-24s  %-19s  %-19s  %6zu  %9.1f\n",
                   cli_presence_title(r, title, sizeof title),
                   cli_presence_time(p, r->visits[0].begin, from),
                   cli_presence_time(p, cli_presence_last(r), to), r->n,
                   cli_presence_seconds(r));
    }
    return status;
}

int cli_report_run(int argc, char **argv)
{
    report_args args = { .html = NULL };
    cli_presences p = { .n = 0 };
    cli_operands rest;
    kao_error err = { 0 };
    int status = CLI_BAD;

    if (!cli_begin("report", argc, argv, &args, &rest, &status))
        return status;
    if (rest.n == 0) {
        fprintf(stderr,
                "kao report: no log given: what kao watch --json has printed (see kao "
                "report --help)\n");
        return CLI_BAD;
    }
    kao_status st = KAO_OK;

    for (int i = 0; !st && i < rest.n; i++)
        st = cli_presences_read(&p, rest.items[i], &err);
    if (!st && p.mixed)
        st = kao_fail(&err, KAO_E_ARG,
                      "logs of live sources and of files: their times are not "
                      "of one kind; report them apart");
    if (!st)
        st = cli_presences_sort(&p, &err);
    status = st ? cli_report("report", st, &err) : CLI_YES;
    if (!st) {
        status = tell(&p, &args);
        st = args.html ? cli_report_page(&p, args.html, &err) : KAO_OK;
        if (st) {
            cli_report("report", st, &err);
            status = CLI_FAULT;
        }
    }
    cli_presences_free(&p);
    return cli_finish("report", status);
}
