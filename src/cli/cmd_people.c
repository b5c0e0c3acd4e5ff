/* kao people, kao forget: who is remembered, and who no longer. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "base/gallery_json.h"
#include "base/room.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/forget_files.h"
#include "cli/gallery_use.h"

typedef struct people_args {
    cli_gallery_options use;
    cli_list from;
    bool samples, nameless, json;
    uint32_t retain; /* days */
} people_args;

const cli_option cli_people_options[] = {
    CLI_GALLERY_OPTION(people_args),
    CLI_GALLERY_KEY_OPTION(people_args),
    { "samples", 0, CLI_FLAG, offsetof(people_args, samples), NULL,
      "each person's samples, too" },
    { "json", 0, CLI_FLAG, offsetof(people_args, json), NULL,
      "one JSON object a person" },
    { .name = NULL },
};

const cli_option cli_forget_options[] = {
    CLI_GALLERY_OPTION(people_args),
    CLI_GALLERY_KEY_OPTION(people_args),
    { "retain", 0, CLI_COUNT, offsetof(people_args, retain), "DAYS",
      "instead of NAME: everybody without a sample of these last days" },
    { "nameless", 0, CLI_FLAG, offsetof(people_args, nameless), NULL,
      "--retain: people without a name alone" },
    { "from", 0, CLI_LIST, offsetof(people_args, from), "FILE",
      "also from this log of kao watch --json, or plan of kao blur; several times" },
    { "json", 0, CLI_FLAG, offsetof(people_args, json), NULL, "the receipt as JSON" },
    { .name = NULL },
};

typedef struct listing {
    const people_args *args;
    cli_gallery *use;
    kao_json *samples; /* of the person in hand; NULL: as text */
    size_t n;
    int status;
} listing;

static int tell_sample(void *user, const kao_sample *s)
{
    listing *l = user;
    char when[32];

    if (!l->samples) {
        printf("  %s  %s  %s\n", s->id, kao_time_text(s->time, when),
               s->source ? s->source : "");
        return 0;
    }
    kao_json_add(l->samples, kao_sample_json(s));
    return 0;
}

static void print_groups(const char *groups)
{
    for (const char *g = groups; g && *g;) {
        const int n = (int)strcspn(g, "\n");

        printf("%s%.*s", g == groups ? "\tin " : ", ", n, g);
        g += g[n] ? n + 1 : n;
    }
}

static int tell_person(void *user, const kao_person *p)
{
    listing *l = user;
    kao_error err = { 0 };
    kao_status st = KAO_OK;

    l->n++;
    if (!l->args->json) {
        printf("#%lld\t%s\t%u sample%s", (long long)p->number, p->name ? p->name : "-",
               p->n_samples, p->n_samples == 1 ? "" : "s");
        print_groups(p->groups);
        printf("%s\n", p->ignored ? "\tignored" : "");
        if (l->args->samples)
            st = kao_gallery_samples(l->use->g, p->number, tell_sample, l, &err);
        l->status = st ? cli_report("people", st, &err) : l->status;
        return st != KAO_OK;
    }
    kao_json *o = kao_person_json(p);

    if (l->args->samples) {
        l->samples = kao_json_array();
        st = kao_gallery_samples(l->use->g, p->number, tell_sample, l, &err);
        kao_json_set(o, "samples", l->samples);
        l->samples = NULL;
    }
    const int s = cli_print_json("people", o);

    l->status = s ? s : l->status;
    if (st)
        l->status = cli_report("people", st, &err);
    return l->status != CLI_YES;
}

int cli_people_run(int argc, char **argv)
{
    people_args args = { .json = false };
    cli_operands rest;
    cli_gallery use;
    kao_error err = { 0 };
    int status = CLI_BAD;

    if (!cli_begin("people", argc, argv, &args, &rest, &status))
        return status;
    if (rest.n > 1) {
        fprintf(stderr, "kao people: wanted one name at most\n");
        return CLI_BAD;
    }
    kao_status st = cli_gallery_open(&use, &args.use, CLI_GALLERY_READ, false, &err);

    if (st)
        return cli_report("people", st, &err);
    listing l = { .args = &args, .use = &use };
    int64_t person = 0;

    if (rest.n == 0) {
        st = kao_gallery_people(use.g, NULL, tell_person, &l, &err);
    } else if (rest.items[0][0] == '#') {
        st = cli_person_of(&use, rest.items[0], &person, &err);
        if (!st)
            st = kao_gallery_person(use.g, person, tell_person, &l, &err);
    } else { /* all of that name */
        st = kao_gallery_people(use.g, rest.items[0], tell_person, &l, &err);
        if (!st && l.n == 0)
            st = kao_fail(&err, KAO_E_NOT_FOUND, "%s: nobody of the name %.*s",
                          use.shown, (int)kao_utf8_cut(rest.items[0], 80),
                          rest.items[0]);
    }
    status = st ? cli_report("people", st, &err) : l.status;
    cli_gallery_close(&use);
    return cli_finish("people", status);
}

/* ---- forget ---- */

static const char written_elsewhere[] =
    "; what was written elsewhere of whom kao saw: logs and plans (--from), reports, "
    "videos";

static kao_json *files_json(const people_args *args, const size_t removed[CLI_LIST_MAX])
{
    kao_json *list = kao_json_array();

    for (size_t i = 0; i < args->from.n; i++) {
        kao_json *o = kao_json_object();

        kao_json_set(o, "file", kao_json_string(args->from.items[i]));
        kao_json_set(o, "removed", kao_json_integer((int64_t)removed[i]));
        kao_json_add(list, o);
    }
    return list;
}

static int print_receipt(const people_args *args, const cli_gallery *use,
                         const kao_receipt *r, uint64_t n_people,
                         const size_t removed[CLI_LIST_MAX])
{
    const char *reach = kao_gallery_out_of_reach(use->g);
    char when[32];

    if (args->json) {
        kao_json *o = kao_json_object();

        kao_json_set(o, "gallery", kao_json_string(use->shown));
        kao_json_set(o, "time", kao_json_string(kao_time_text(r->time, when)));
        kao_json_set(o, "people", kao_json_integer((int64_t)n_people));
        kao_json_set(o, "samples", kao_json_integer(r->n_samples));
        kao_json_set(o, "pieces", kao_json_integer(r->n_pieces));
        kao_json_set(o, "bytes_searched",
                     kao_json_integer((int64_t)r->n_bytes_searched));
        kao_json_set(o, "traces", kao_json_integer(r->n_traces));
        kao_json_set(o, "files", files_json(args, removed));
        kao_json_set(o, "out_of_reach", kao_json_string(reach));
        return cli_print_json("forget", o);
    }
    if (n_people == 0) {
        printf("nobody to forget\n");
        return CLI_YES;
    }
    if (n_people > 1)
        printf("%llu people ", (unsigned long long)n_people);
    printf("forgotten: %u sample%s, %s\n", r->n_samples, r->n_samples == 1 ? "" : "s",
           kao_time_text(r->time, when));
    printf(
        "%llu bytes of %s%s searched for %u pieces (vectors, ids, texts): %u found\n",
        (unsigned long long)r->n_bytes_searched,
        kao_database_is_address(use->path) ? "this machine's index of " : "",
        use->shown, r->n_pieces, r->n_traces);
    for (size_t i = 0; i < args->from.n; i++)
        printf("%s: lines or tracks forgotten: %zu\n", args->from.items[i], removed[i]);
    printf("out of reach: %s%s\n", reach, written_elsewhere);
    return CLI_YES;
}

typedef struct numbers {
    kao_mem mem;
    int64_t *items;
    size_t n, cap;
    bool failed;
} numbers;

static int add_number(void *user, int64_t person)
{
    numbers *l = user;

    if (kao_room(&l->mem, &l->items, &l->cap, l->n + 1, sizeof *l->items))
        l->items[l->n++] = person;
    else
        l->failed = true;
    return l->failed;
}

/* Elsewhere first: afterwards nobody would know who it was, nor by which numbers before a merging. */
static kao_status forget_elsewhere(const people_args *args, cli_gallery *use,
                                   int64_t person, size_t removed[CLI_LIST_MAX],
                                   kao_error *err)
{
    numbers all = { .n = 0 };

    kao_mem_init(&all.mem, NULL);
    add_number(&all, person);
    kao_status st = kao_gallery_merged(use->g, person, add_number, &all, err);

    if (!st && all.failed)
        st = kao_fail(err, KAO_E_NOMEM, "out of memory");
    for (size_t i = 0; !st && i < args->from.n; i++)
        st = cli_forget_check(&all.mem, args->from.items[i], err);
    for (size_t i = 0; !st && i < args->from.n; i++)
        st = cli_forget_in(&all.mem, args->from.items[i], all.items, all.n, &removed[i],
                           err);
    kao_free(&all.mem, all.items);
    return st;
}

static kao_status forget_one(const people_args *args, cli_gallery *use,
                             const char *name, size_t removed[CLI_LIST_MAX],
                             kao_receipt *receipt, kao_error *err)
{
    int64_t person = 0;
    kao_status st = cli_person_of(use, name, &person, err);

    if (!st && args->from.n)
        st = forget_elsewhere(args, use, person, removed, err);
    return st ? st : kao_gallery_forget(use->g, person, receipt, err);
}

int cli_forget_run(int argc, char **argv)
{
    people_args args = { .json = false };
    cli_operands rest;
    cli_gallery use;
    kao_receipt receipt = { .size = sizeof receipt };
    kao_error err = { 0 };
    size_t removed[CLI_LIST_MAX] = { 0 };
    uint64_t n = 1;
    int status = CLI_BAD;

    if (!cli_begin("forget", argc, argv, &args, &rest, &status))
        return status;
    if (rest.n != (args.retain ? 0 : 1) || (args.nameless && !args.retain) ||
        (args.from.n && args.retain)) {
        fprintf(stderr,
                "kao forget: wanted a name, or # and a number, of which --from is; or "
                "--retain DAYS, of which --nameless is\n");
        return CLI_BAD;
    }
    kao_status st = cli_gallery_open(&use, &args.use, CLI_GALLERY_WRITE, false, &err);

    if (st)
        return cli_report("forget", st, &err);
    if (args.retain) {
        const int64_t before = (int64_t)time(NULL) - (int64_t)args.retain * 86400;

        st = kao_gallery_forget_older(use.g, before, args.nameless, &n, &receipt, &err);
    } else {
        st = forget_one(&args, &use, rest.items[0], removed, &receipt, &err);
    }
    if (!st || receipt.n_traces)
        status = print_receipt(&args, &use, &receipt, n, removed);
    if (st)
        status = cli_report("forget", st, &err);
    cli_gallery_close(&use);
    return cli_finish("forget", status);
}
