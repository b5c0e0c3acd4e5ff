/* kao eval identify: a gallery made of people's first pictures, the rest and strangers searched
 * in it. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "cli/eval_people.h"
#include "eval/report.h"

#define REPORT_MAX_BYTES ((size_t)64 << 20)

typedef struct identify {
    const eval_args *args;
    eval_people who;
    eval_vectors bare, masked;
    kao_role *role;
    kao_identification found;
    kao_identify_figures figures;
} identify;

/* ---- what is written ---- */

static int write_scores(identify *j)
{
    static const char *const roles[] = { "unused", "gallery", "mated", "stranger" };
    kao_bytes b = { .mem = &j->who.mem, .max = kao_gib(8) };
    const kao_probe *mated = j->found.mated, *stranger = j->found.strangers;
    bool fine = true;

    for (size_t i = 0; fine && i < j->who.people.pictures.n; i++) {
        char line[128] = "\t-\t-\t-\n";

        if (j->role[i] == KAO_MATED) {
            const bool found = mated->rank != SIZE_MAX;

            snprintf(line, sizeof line, "\t%.6f\t%.6f\t%zu\n", mated->similarity,
                     mated->other, found ? mated->rank : 0);
            mated++;
        } else if (j->role[i] == KAO_STRANGER) {
            snprintf(line, sizeof line, "\t%.6f\t-\t-\n", stranger++->similarity);
        }
        fine = kao_bytes_add(&b, j->who.names[i], strlen(j->who.names[i])) &&
               kao_bytes_add(&b, "\t", 1) &&
               kao_bytes_add(&b, roles[j->role[i]], strlen(roles[j->role[i]])) &&
               kao_bytes_add(&b, line, strlen(line));
    }
    return eval_write(j->args, &b, j->args->scores, fine);
}

enum { ROWS_MAX = 10, ROW_BYTES = 256 };

typedef struct rows {
    kao_report_row rows[ROWS_MAX];
    size_t n;
    char gallery[ROW_BYTES], probes[ROW_BYTES], unusable[ROW_BYTES];
} rows;

static void add_row(rows *r, const char *name, const char *value)
{
    r->rows[r->n++] = (kao_report_row){ name, value };
}

static void make_rows(const identify *j, rows *r)
{
    static const char *const rules[] = { "refused", "left out", "find nobody" };
    const kao_identification *s = &j->found;
    const eval_vectors *x = &j->bare;

    *r = (rows){ .n = 0 };
    add_row(r, "pictures from", j->who.pictures.path);
    if (j->who.list)
        add_row(r, "people from", j->who.list);
    if (j->args->note)
        add_row(r, "note", j->args->note);
    add_row(r, "model", x->crew.found[CLI_EMBEDDER].path);
    if (x->crew.detector)
        add_row(r, "detector", x->crew.found[CLI_DETECTOR].path);
    add_row(r, "mirror", eval_mirror(x));
    if (j->args->masked)
        add_row(r, "masks",
                j->args->masked == EVAL_BOTH ? "drawn on all pictures"
                                             : "drawn on the probes");
    snprintf(r->gallery, sizeof r->gallery, "%zu people, %u picture%s each",
             s->n_entries, j->args->enroll, j->args->enroll == 1 ? "" : "s");
    add_row(r, "gallery", r->gallery);
    snprintf(r->probes, sizeof r->probes,
             "%zu of people in the gallery, %zu of %zu strangers", s->n_mated,
             s->n_strangers, s->n_stranger_people);
    add_row(r, "probes", r->probes);
    if (x->n_unusable || j->who.n_nobody) {
        snprintf(r->unusable, sizeof r->unusable,
                 "%zu pictures: as probes %s; %zu of unknown people left out",
                 x->n_unusable, rules[j->args->unusable], j->who.n_nobody);
        add_row(r, "unusable", r->unusable);
    }
}

/* ---- the table ---- */

static void print_share(const char *name, const kao_share *s, const char *more)
{
    if (!isnan(s->value))
        printf("%-20s%.2f %% [%.2f, %.2f]%s\n", name, 100 * s->value,
               100 * s->within.low, 100 * s->within.high, more);
}

static void print_rate(const kao_identify_rate *t, size_t n_strangers)
{
    char name[32], more[128];

    snprintf(name, sizeof name, "FNIR at FPIR %g", t->wanted);
    if (!t->known) {
        printf("%-20snot with %zu probes of strangers\n", name, n_strangers);
        return;
    }
    snprintf(more, sizeof more, " at %.3f; rank 1 too: %.2f %%; FPIR reached %.3g%s",
             t->threshold, 100 * t->fnir1.value, t->fpir,
             t->weak ? " (weak: fewer than 10 may find somebody)" : "");
    print_share(name, &t->fnir, more);
}

static void print_table(const identify *j, const rows *r)
{
    const kao_identify_figures *f = &j->figures;
    char name[32];

    for (size_t i = 0; i < r->n; i++)
        printf("%-20s%s\n", r->rows[i].name, r->rows[i].value);
    for (size_t i = 0; i < KAO_IDENTIFY_RANKS; i++) {
        snprintf(name, sizeof name, "rank %zu", kao_identify_ranks[i]);
        if (kao_identify_ranks[i] < j->found.n_entries)
            print_share(name, &f->rank[i], "");
    }
    for (size_t i = 0; i < KAO_IDENTIFY_RATES; i++)
        print_rate(&f->rates[i], j->found.n_strangers);
    if (f->has_threshold) {
        snprintf(name, sizeof name, "FPIR at %.3f", f->threshold);
        print_share(name, &f->fpir, "");
        snprintf(name, sizeof name, "FNIR at %.3f", f->threshold);
        print_share(name, &f->fnir, "");
    }
    printf("[ ]: 95 %%, bootstrap over people with their probes; the gallery stays\n");
}

/* ---- JSON ---- */

static void set_share(kao_json *o, const char *name, const kao_share *s)
{
    const bool known = !isnan(s->within.low);
    kao_json *a = known ? kao_json_array() : kao_json_null();
    char within[32];

    snprintf(within, sizeof within, "%s_95", name);
    kao_json_set(o, name,
                 isnan(s->value) ? kao_json_null() : kao_json_number(s->value));
    if (known) {
        kao_json_add(a, kao_json_number(s->within.low));
        kao_json_add(a, kao_json_number(s->within.high));
    }
    kao_json_set(o, within, a);
}

static kao_json *ranks_json(const identify *j)
{
    kao_json *a = kao_json_array();

    for (size_t i = 0; i < KAO_IDENTIFY_RANKS; i++) {
        kao_json *o = kao_json_object();

        kao_json_set(o, "rank", kao_json_integer((int64_t)kao_identify_ranks[i]));
        set_share(o, "hit", &j->figures.rank[i]);
        kao_json_add(a, o);
    }
    return a;
}

static kao_json *rates_json(const identify *j)
{
    kao_json *a = kao_json_array();

    for (size_t i = 0; i < KAO_IDENTIFY_RATES; i++) {
        const kao_identify_rate *t = &j->figures.rates[i];
        kao_json *o = kao_json_object();

        kao_json_set(o, "fpir", kao_json_number(t->wanted));
        if (t->known) {
            set_share(o, "fnir", &t->fnir);
            set_share(o, "fnir_rank_1", &t->fnir1);
            kao_json_set(o, "threshold", kao_json_number(t->threshold));
            kao_json_set(o, "fpir_reached", kao_json_number(t->fpir));
            kao_json_set(o, "weak", kao_json_bool(t->weak));
        } else {
            kao_json_set(o, "fnir", kao_json_null());
        }
        kao_json_add(a, o);
    }
    return a;
}

static int print_json(const identify *j)
{
    static const char *const masked[] = { "none", "probes", "all" };
    const kao_identification *s = &j->found;
    const kao_identify_figures *f = &j->figures;
    kao_json *o = eval_setting_json(&j->bare);
    kao_json *at = f->has_threshold ? kao_json_object() : kao_json_null();

    kao_json_set(o, "masked", kao_json_string(masked[j->args->masked]));
    kao_json_set(o, "people_from", kao_json_string(j->who.list));
    kao_json_set(o, "of_unknown_people", kao_json_integer((int64_t)j->who.n_nobody));
    kao_json_set(o, "gallery", kao_json_integer((int64_t)s->n_entries));
    kao_json_set(o, "enroll", kao_json_integer(j->args->enroll));
    kao_json_set(o, "mated_probes", kao_json_integer((int64_t)s->n_mated));
    kao_json_set(o, "strangers", kao_json_integer((int64_t)s->n_stranger_people));
    kao_json_set(o, "stranger_probes", kao_json_integer((int64_t)s->n_strangers));
    kao_json_set(o, "ranks", ranks_json(j));
    kao_json_set(o, "fnir_at_fpir", rates_json(j));
    if (f->has_threshold) {
        kao_json_set(at, "threshold", kao_json_number(f->threshold));
        set_share(at, "fpir", &f->fpir);
        set_share(at, "fnir", &f->fnir);
        set_share(at, "fnir_rank_1", &f->fnir1);
    }
    kao_json_set(o, "at", at);
    return cli_print_json("eval", o);
}

/* ---- the form ---- */

static kao_status measure(identify *j, kao_error *err)
{
    const bool all = j->args->masked == EVAL_BOTH;
    const kao_people_pictures p = {
        .n = j->who.people.pictures.n,
        .n_people = j->who.people.groups.n,
        .dim = j->bare.dim,
        .person = j->who.person,
        .usable = j->bare.usable,
        .gallery = all ? j->masked.vectors : j->bare.vectors,
        .probes = j->args->masked ? j->masked.vectors : j->bare.vectors,
    };
    const kao_split_options o = { .enroll = j->args->enroll,
                                  .strangers = (double)j->args->strangers,
                                  .seed = j->args->seed,
                                  .drop = j->args->unusable == EVAL_DROP };
    kao_status st = kao_split_people(j->role, &j->who.mem, &p, &o, err);

    if (!st)
        st = kao_identify_run(&j->found, &j->who.mem, &p, j->role, err);
    return st ? st
              : kao_identify_measure(&j->figures, &j->found, (double)j->bare.threshold,
                                     j->args->seed, err);
}

static int give(identify *j)
{
    rows r;
    int status = CLI_YES;

    make_rows(j, &r);
    if (j->args->photo.json)
        status = print_json(j);
    else
        print_table(j, &r);
    if (j->args->scores && status < CLI_FAULT)
        status = write_scores(j);
    if (j->args->report && status < CLI_FAULT) {
        kao_bytes b = { .mem = &j->who.mem, .max = REPORT_MAX_BYTES };
        const kao_identify_report report = { r.rows, r.n, &j->found, &j->figures };

        status = eval_write(j->args, &b, j->args->report,
                            kao_report_write_identification(&b, &report));
    }
    return status;
}

static int run(identify *j, char **files, int n)
{
    kao_error err = { 0 };
    kao_status st = eval_people_open(&j->who, j->args, files, n, &err);
    const size_t n_pictures = j->who.people.pictures.n;

    if (st)
        return cli_report("eval", st, &err);
    j->role = kao_calloc(&j->who.mem, n_pictures, sizeof *j->role);
    if (!j->role)
        return cli_report("eval", kao_fail(&err, KAO_E_NOMEM, "out of memory"), &err);
    if (!eval_may_begin(j->args, &j->who.pictures, j->who.names, n_pictures))
        return CLI_BAD;
    int status =
        eval_embed(&j->bare, j->args, &j->who.pictures, j->who.names, n_pictures);

    j->masked.masked = true;
    if (!status && j->args->masked)
        status =
            eval_embed(&j->masked, j->args, &j->who.pictures, j->who.names, n_pictures);
    if (status)
        return status;
    st = measure(j, &err);
    return st ? cli_report("eval", st, &err) : give(j);
}

int eval_identify(const eval_args *args, char **files, int n)
{
    identify j = { .args = args };

    const int status = run(&j, files, n);

    kao_identify_free(&j.found);
    eval_vectors_free(&j.bare);
    eval_vectors_free(&j.masked);
    kao_free(&j.who.mem, j.role);
    eval_people_close(&j.who);
    return status;
}
