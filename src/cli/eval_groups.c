/* kao eval groups: pictures of different people, and how often a threshold takes two of a group
 * for one person. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "cli/eval_embed.h"
#include "eval/groups.h"
#include "eval/scores.h"

#define LIST_MAX_BYTES ((size_t)1 << 30)

typedef struct job {
    const eval_args *args;
    const char *labels;
    kao_mem mem;
    kao_pictures pictures;
    kao_groups groups;
    const char **names;
    eval_vectors vectors;
    kao_match_count *cells;
} job;

static kao_status open_list(job *j, char **files, kao_error *err)
{
    kao_file f = { 0 };

    j->labels = files[1];
    kao_status st = kao_pictures_open(&j->pictures, &j->mem, files[0], err);

    if (!st)
        st = kao_file_open(&f, &j->mem, files[1], LIST_MAX_BYTES, err);
    if (!st)
        st = kao_groups_read(&j->groups, &j->mem, f.bytes, files[1], j->args->by,
                             KAO_GROUPS_MAX, err);
    kao_file_close(&f);
    if (st)
        return st;
    j->names = kao_calloc(&j->mem, j->groups.pictures.n, sizeof *j->names);
    j->cells =
        kao_calloc(&j->mem, j->groups.groups.n * j->groups.groups.n, sizeof *j->cells);
    if (!j->names || !j->cells)
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    for (size_t i = 0; i < j->groups.pictures.n; i++)
        j->names[i] = kao_name_at(&j->groups.pictures, i);
    return KAO_OK;
}

static void add_to(kao_match_count *sum, const kao_match_count *c)
{
    sum->pairs += c->pairs;
    sum->matches += c->matches;
}

/* Of a cell with itself; and over all pairs within groups, and over all. */
static kao_match_count cell(const job *j, size_t a, size_t b)
{
    return j->cells[a * j->groups.groups.n + b];
}

static void sums(const job *j, kao_match_count *within, kao_match_count *all)
{
    const size_t n = j->groups.groups.n;

    *within = *all = (kao_match_count){ 0, 0 };
    for (size_t a = 0; a < n; a++)
        for (size_t b = a; b < n; b++) {
            add_to(all, &j->cells[a * n + b]);
            if (a == b)
                add_to(within, &j->cells[a * n + b]);
        }
}

static double rate(const kao_match_count *c)
{
    return c->pairs ? (double)c->matches / (double)c->pairs : 0;
}

static void print_row(const char *name, kao_match_count c)
{
    printf("%-32s %10llu %9llu", name, (unsigned long long)c.pairs,
           (unsigned long long)c.matches);
    if (c.pairs) {
        const kao_interval w = kao_wilson(c.matches, c.pairs);

        printf(" %8.3f %% [%.3f, %.3f]", 100 * rate(&c), 100 * w.low, 100 * w.high);
    }
    printf("\n");
}

static void print_table(const job *j)
{
    const eval_vectors *v = &j->vectors;
    kao_match_count within, all;

    sums(j, &within, &all);
    printf("%-18s%s\n%-18s%s\n", "pictures from", j->pictures.path, "labels from",
           j->labels);
    if (j->args->note)
        printf("%-18s%s\n", "note", j->args->note);
    printf("%-18s%s\n%-18s%s\n", "model", v->crew.found[CLI_EMBEDDER].path, "mirror",
           eval_mirror(v));
    printf("%-18s%zu, all taken as different people; %zu unusable%s\n", "pictures",
           v->n, v->n_unusable,
           v->n_unusable && j->args->unusable == EVAL_REJECT ? ", unlike all others"
                                                             : "");
    printf("%-18s%.3f\n\n", "threshold", (double)v->threshold);
    printf("%-32s %10s %9s %10s\n", "group", "pairs", "matches", "false");
    for (size_t i = 0; i < j->groups.groups.n; i++)
        print_row(kao_name_at(&j->groups.groups, i), cell(j, i, i));
    print_row("(within groups)", within);
    print_row("(all pairs)", all);
    printf(
        "[ ]: 95 %%, Wilson; pairs share people, so the true uncertainty is larger\n");
}

static kao_json *count_json(const char *name, const char *with, kao_match_count c)
{
    kao_json *o = kao_json_object();

    if (name)
        kao_json_set(o, "group", kao_json_string(name));
    if (with)
        kao_json_set(o, "with", kao_json_string(with));
    kao_json_set(o, "pairs", kao_json_integer((int64_t)c.pairs));
    kao_json_set(o, "matches", kao_json_integer((int64_t)c.matches));
    kao_json_set(o, "rate", c.pairs ? kao_json_number(rate(&c)) : kao_json_null());
    if (c.pairs) {
        const kao_interval w = kao_wilson(c.matches, c.pairs);
        kao_json *a = kao_json_array();

        kao_json_add(a, kao_json_number(w.low));
        kao_json_add(a, kao_json_number(w.high));
        kao_json_set(o, "rate_95", a);
    }
    return o;
}

static int print_json(const job *j)
{
    kao_json *o = eval_setting_json(&j->vectors), *groups = kao_json_array(),
             *across = kao_json_array();
    const kao_name_table *names = &j->groups.groups;
    kao_match_count within, all;

    sums(j, &within, &all);
    for (size_t a = 0; a < names->n; a++) {
        kao_json_add(groups, count_json(kao_name_at(names, a), NULL, cell(j, a, a)));
        for (size_t b = a + 1; b < names->n; b++)
            kao_json_add(across, count_json(kao_name_at(names, a),
                                            kao_name_at(names, b), cell(j, a, b)));
    }
    kao_json_set(o, "labels_from", kao_json_string(j->labels));
    kao_json_set(o, "threshold", kao_json_float(j->vectors.threshold));
    kao_json_set(o, "groups", groups);
    kao_json_set(o, "across", across);
    kao_json_set(o, "within", count_json(NULL, NULL, within));
    kao_json_set(o, "all", count_json(NULL, NULL, all));
    return cli_print_json("eval", o);
}

static int run(job *j, char **files)
{
    kao_error err = { 0 };
    const kao_status st = open_list(j, files, &err);
    eval_vectors *v = &j->vectors;

    if (st)
        return cli_report("eval", st, &err);
    const size_t n = j->groups.pictures.n;

    if (!eval_may_begin(j->args, &j->pictures, j->names, n))
        return CLI_BAD;
    const int status = eval_embed(v, j->args, &j->pictures, j->names, n);

    if (status)
        return status;
    if (isnan(v->threshold)) {
        fprintf(stderr, "kao eval: %s: its card has no threshold: give --threshold\n",
                v->crew.found[CLI_EMBEDDER].path);
        return CLI_BAD;
    }
    kao_count_matches(v->vectors, v->dim, j->groups.group, v->usable,
                      j->args->unusable == EVAL_REJECT, n, v->threshold,
                      j->groups.groups.n, j->cells);
    if (j->args->photo.json)
        return print_json(j);
    print_table(j);
    return CLI_YES;
}

int eval_groups(const eval_args *args, char **files, int n)
{
    job j = { .args = args };

    (void)n;
    kao_mem_init(&j.mem, NULL);
    const int status = run(&j, files);

    eval_vectors_free(&j.vectors);
    kao_free(&j.mem, j.cells);
    kao_free(&j.mem, (void *)j.names);
    kao_groups_free(&j.groups);
    kao_pictures_close(&j.pictures);
    return status;
}
