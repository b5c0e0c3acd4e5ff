/* kao eval verify: pairs of pictures, embedded once each, and what the similarities say. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "cli/eval_discard.h"
#include "eval/pairs.h"
#include "eval/pairs_people.h"
#include "eval/report.h"

enum { FOLDS = 10 };
#define LIST_MAX_BYTES   ((size_t)1 << 30)
#define REPORT_MAX_BYTES ((size_t)64 << 20)

typedef struct verify {
    const eval_args *args;
    kao_mem mem;
    kao_pictures pictures;
    kao_pairs pairs;
    const char *pairs_path; /* NULL: the set's own, or made */
    const char **names;
    eval_vectors vectors, masked; /* masked: {0} where no mask is drawn */
    double *similarity;           /* of the pairs that count */
    bool *same;
    uint32_t *person;      /* of each name */
    uint32_t *a, *b;       /* people of the pairs that count */
    uint32_t *at_a, *at_b; /* their pictures */
    size_t n_people;       /* 0: not known */
    size_t n,
        n_left_out; /* those; pairs with an unusable picture, dropped or rejected */
    kao_scores scores;
    kao_figures figures;
    eval_discard discard; /* with --discard */
} verify;

/* ---- which pairs ---- */

static kao_status read_list(verify *v, const char *path, kao_error *err)
{
    kao_file f = { 0 };
    kao_status st = kao_file_open(&f, &v->mem, path, LIST_MAX_BYTES, err);

    if (!st)
        st = kao_pairs_read(&v->pairs, &v->mem, f.bytes, path, err);
    kao_file_close(&f);
    v->pairs_path = path;
    return st;
}

static kao_status make_pairs(verify *v, kao_error *err)
{
    const kao_pickle *set = &v->pictures.pickle;
    kao_names all = { 0 };

    if (set->n)
        return kao_pairs_of_set(&v->pairs, &v->mem, set->same, set->n, err);
    kao_status st = kao_pictures_list(&v->pictures, &all, err);

    if (!st)
        st = kao_pairs_of_people(&v->pairs, &v->mem, all.names, all.n, v->args->times,
                                 v->args->seed, v->pictures.path, err);
    kao_names_free(&all);
    return st;
}

static kao_status open_pairs(verify *v, char **files, int n, kao_error *err)
{
    kao_status st = kao_pictures_open(&v->pictures, &v->mem, files[0], err);

    if (!st && n == 2 && v->pictures.pickle.n)
        st = kao_fail(err, KAO_E_ARG, "%s has its own pairs: no list is wanted with it",
                      files[0]);
    if (!st)
        st = n == 2 ? read_list(v, files[1], err) : make_pairs(v, err);
    if (st)
        return st;
    v->names = kao_calloc(&v->mem, v->pairs.names.n, sizeof *v->names);
    if (!v->names)
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    for (size_t i = 0; i < v->pairs.names.n; i++)
        v->names[i] = kao_name_at(&v->pairs.names, i);
    return KAO_OK;
}

/* ---- similarities ---- */

static const eval_vectors *first_of(const verify *v)
{
    return v->args->masked == EVAL_BOTH ? &v->masked : &v->vectors;
}

static const eval_vectors *second_of(const verify *v)
{
    return v->args->masked ? &v->masked : &v->vectors;
}

/* An unusable picture is like no other: below any threshold. */
static kao_status compare_all(verify *v, kao_error *err)
{
    const eval_vectors *first = first_of(v), *second = second_of(v), *x = &v->vectors;

    v->similarity = kao_calloc(&v->mem, v->pairs.n, sizeof *v->similarity);
    v->same = kao_calloc(&v->mem, v->pairs.n, sizeof *v->same);
    v->person = kao_calloc(&v->mem, v->pairs.names.n, sizeof *v->person);
    v->a = kao_calloc(&v->mem, v->pairs.n, sizeof *v->a);
    v->b = kao_calloc(&v->mem, v->pairs.n, sizeof *v->b);
    v->at_a = kao_calloc(&v->mem, v->pairs.n, sizeof *v->at_a);
    v->at_b = kao_calloc(&v->mem, v->pairs.n, sizeof *v->at_b);
    if (!v->similarity || !v->same || !v->person || !v->a || !v->b || !v->at_a ||
        !v->at_b || !kao_pairs_people(&v->pairs, v->person, &v->n_people))
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    for (size_t i = 0; i < v->pairs.n; i++) {
        const kao_pair *p = &v->pairs.pairs[i];
        const bool usable = x->usable[p->a] && x->usable[p->b];

        v->n_left_out += !usable;
        if (!usable && v->args->unusable == EVAL_DROP)
            continue;
        v->similarity[v->n] =
            usable ? (double)kao_similarity(first->vectors + p->a * x->dim,
                                            second->vectors + p->b * x->dim, x->dim)
                   : -1;
        v->a[v->n] = v->person[p->a];
        v->b[v->n] = v->person[p->b];
        v->at_a[v->n] = p->a;
        v->at_b[v->n] = p->b;
        v->same[v->n++] = p->same;
    }
    return v->n
               ? kao_scores_init(&v->scores, &v->mem, v->similarity, v->same, v->n, err)
               : kao_fail(err, KAO_E_FORMAT, "no pair has two usable pictures");
}

/* ---- what is written ---- */

static int write_scores(verify *v)
{
    kao_bytes b = { .mem = &v->mem, .max = kao_gib(8) };
    const eval_vectors *x = &v->vectors;
    bool fine = true;

    for (size_t i = 0, k = 0; fine && i < v->pairs.n; i++) {
        const kao_pair *p = &v->pairs.pairs[i];
        char line[64];
        const bool usable = x->usable[p->a] && x->usable[p->b];

        if (!usable && v->args->unusable == EVAL_DROP)
            continue;
        snprintf(line, sizeof line, "\t%d\t%.6f\n", p->same, v->similarity[k++]);
        fine = kao_bytes_add(&b, v->names[p->a], strlen(v->names[p->a])) &&
               kao_bytes_add(&b, "\t", 1) &&
               kao_bytes_add(&b, v->names[p->b], strlen(v->names[p->b])) &&
               kao_bytes_add(&b, line, strlen(line));
    }
    return eval_write(v->args, &b, v->args->scores, fine);
}

/* The rows that stand above the figures, in the table and on the page. */
enum { ROWS_MAX = 10, ROW_BYTES = 256 };

typedef struct rows {
    kao_report_row rows[ROWS_MAX];
    size_t n;
    char pairs[ROW_BYTES], pictures[ROW_BYTES], mirror[ROW_BYTES];
} rows;

static void add_row(rows *r, const char *name, const char *value)
{
    r->rows[r->n++] = (kao_report_row){ name, value };
}

static void make_rows(const verify *v, rows *r)
{
    static const char *const rules[] = { "refused", "left out",
                                         "counted as different" };
    const kao_figures *f = &v->figures;
    const eval_vectors *x = &v->vectors;

    *r = (rows){ .n = 0 };
    add_row(r, "pictures from", v->pictures.path);
    if (v->pairs_path)
        add_row(r, "pairs from", v->pairs_path);
    if (v->args->note)
        add_row(r, "note", v->args->note);
    add_row(r, "model", x->crew.found[CLI_EMBEDDER].path);
    if (x->crew.detector)
        add_row(r, "detector", x->crew.found[CLI_DETECTOR].path);
    snprintf(r->mirror, sizeof r->mirror, "%s", eval_mirror(x));
    add_row(r, "mirror", r->mirror);
    if (v->args->masked)
        add_row(r, "masks",
                v->args->masked == EVAL_BOTH ? "drawn on all pictures"
                                             : "drawn on the second pictures");
    snprintf(r->pairs, sizeof r->pairs, "%zu: %zu same, %zu different; %zu pictures",
             f->n, f->n_same, f->n_different, x->n);
    add_row(r, "pairs", r->pairs);
    if (x->n_unusable) {
        snprintf(r->pictures, sizeof r->pictures, "%zu pictures; %zu pairs %s",
                 x->n_unusable, v->n_left_out, rules[v->args->unusable]);
        add_row(r, "unusable", r->pictures);
    }
}

static int write_report(verify *v, const rows *r)
{
    kao_bytes b = { .mem = &v->mem, .max = REPORT_MAX_BYTES };
    const kao_report report = { .title = "Verification",
                                .rows = r->rows,
                                .n_rows = r->n,
                                .scores = &v->scores,
                                .figures = &v->figures };

    return eval_write(v->args, &b, v->args->report, kao_report_write(&b, &report));
}

/* ---- the table ---- */

/* The list's own folds (one: none); without a list's word, ten. */
static uint32_t folds_of(const verify *v)
{
    return v->pairs.n_folds ? v->pairs.n_folds : FOLDS;
}

static void print_curve(const kao_figures *f)
{
    if (isnan(f->auc))
        return;
    printf("%-18s%.5f\n", "AUC", f->auc);
    printf("%-18s%.2f %% at %.3f\n", "EER", 100 * f->eer, f->eer_threshold);
    for (size_t i = 0; i < KAO_FIGURES_TARS; i++) {
        const kao_figures_tar *t = &f->tars[i];

        printf("TAR at FAR %-7g", t->far);
        if (t->known)
            printf("%.2f %% [%.2f, %.2f] at %.3f; FAR reached %.3g%s\n",
                   100 * t->at.tar, 100 * t->at.tar_95.low, 100 * t->at.tar_95.high,
                   t->at.threshold, t->at.far,
                   t->weak ? " (weak: fewer than 10 false accepts allowed)" : "");
        else
            printf("not with %zu different pairs\n", f->n_different);
    }
}

static void print_people(const kao_figures *f)
{
    const kao_figures_people *p = &f->people;

    if (p->n == 0)
        return;
    printf("%-18s", "by people");
    if (!isnan(p->accuracy.low))
        printf("accuracy [%.2f, %.2f], ", 100 * p->accuracy.low,
               100 * p->accuracy.high);
    printf("AUC [%.5f, %.5f], EER [%.2f, %.2f]", p->auc.low, p->auc.high,
           100 * p->eer.low, 100 * p->eer.high);
    for (size_t i = 0; i < KAO_FIGURES_TARS; i++)
        if (f->tars[i].known)
            printf(", TAR at %g [%.2f, %.2f]", f->tars[i].far, 100 * p->tar[i].low,
                   100 * p->tar[i].high);
    printf("\n");
}

/* A share of pairs that there are none of is none. */
static void print_share(const char *name, double share, int places)
{
    if (isnan(share))
        printf("%s -, ", name);
    else
        printf("%s %.*f %%, ", name, places, 100 * share);
}

static void print_at(const kao_figures *f)
{
    printf("at %-15.3f", f->threshold);
    print_share("TAR", f->tar, 2);
    print_share("FAR", f->far, 3);
    printf("accuracy %.2f %%\n", 100 * f->accuracy);
}

static void print_table(const verify *v, const rows *r)
{
    const kao_figures *f = &v->figures;

    for (size_t i = 0; i < r->n; i++)
        printf("%-18s%s\n", r->rows[i].name, r->rows[i].value);
    if (f->folds.n)
        printf("%-18s%.2f %% +- %.2f (standard error of %u folds; deviation %.2f)\n",
               "accuracy", 100 * f->folds.mean, 100 * f->folds.standard_error,
               f->folds.n, 100 * f->folds.deviation);
    else if (folds_of(v) > 1)
        printf("%-18snot over %u folds with %zu pairs\n", "accuracy", folds_of(v),
               f->n);
    printf("%-18s%.2f %% at %.3f, chosen on these pairs: optimistic\n",
           "best threshold", 100 * f->best_accuracy, f->best_threshold);
    if (f->has_threshold)
        print_at(f);
    print_curve(f);
    if (isnan(f->auc))
        return;
    print_people(f);
    printf("[ ]: 95 %%, Wilson; pairs share people, so the true uncertainty is "
           "larger%s\n",
           f->people.n ? ", as `by people` says: bootstrap over them" : "");
}

/* ---- JSON ---- */

static kao_json *numbers(const double *v, size_t n)
{
    kao_json *a = kao_json_array();

    for (size_t i = 0; i < n; i++)
        kao_json_add(a, kao_json_number(v[i]));
    return a;
}

static kao_json *folds_json(const kao_folds *f)
{
    kao_json *o = f->n ? kao_json_object() : kao_json_null();

    if (!f->n)
        return o;
    kao_json_set(o, "accuracy", numbers(f->accuracy, f->n));
    kao_json_set(o, "threshold", numbers(f->threshold, f->n));
    kao_json_set(o, "mean", kao_json_number(f->mean));
    kao_json_set(o, "deviation", kao_json_number(f->deviation));
    kao_json_set(o, "standard_error", kao_json_number(f->standard_error));
    return o;
}

static kao_json *tars_json(const kao_figures *f)
{
    kao_json *a = kao_json_array();

    for (size_t i = 0; i < KAO_FIGURES_TARS; i++) {
        const kao_figures_tar *t = &f->tars[i];
        const double tar_95[2] = { t->at.tar_95.low, t->at.tar_95.high },
                     far_95[2] = { t->at.far_95.low, t->at.far_95.high };
        kao_json *o = kao_json_object();

        kao_json_set(o, "far", kao_json_number(t->far));
        kao_json_set(o, "tar", t->known ? kao_json_number(t->at.tar) : kao_json_null());
        if (t->known) {
            kao_json_set(o, "tar_95", numbers(tar_95, 2));
            kao_json_set(o, "threshold", kao_json_number(t->at.threshold));
            kao_json_set(o, "far_reached", kao_json_number(t->at.far));
            kao_json_set(o, "far_95", numbers(far_95, 2));
            kao_json_set(o, "weak", kao_json_bool(t->weak));
        }
        kao_json_add(a, o);
    }
    return a;
}

static kao_json *interval_json(kao_interval x)
{
    const double ends[2] = { x.low, x.high };

    return isnan(x.low) ? kao_json_null() : numbers(ends, 2);
}

static kao_json *people_json(const kao_figures *f)
{
    const kao_figures_people *p = &f->people;
    kao_json *o = p->n ? kao_json_object() : kao_json_null(), *tars = NULL;

    if (p->n == 0)
        return o;
    kao_json_set(o, "people", kao_json_integer((int64_t)p->n));
    kao_json_set(o, "accuracy", interval_json(p->accuracy));
    kao_json_set(o, "auc", interval_json(p->auc));
    kao_json_set(o, "eer", interval_json(p->eer));
    tars = kao_json_array();
    for (size_t i = 0; i < KAO_FIGURES_TARS; i++)
        kao_json_add(tars,
                     f->tars[i].known ? interval_json(p->tar[i]) : kao_json_null());
    kao_json_set(o, "tar_at_far", tars);
    return o;
}

static kao_json *at_json(double threshold, double accuracy)
{
    kao_json *o = kao_json_object();

    kao_json_set(o, "threshold", kao_json_number(threshold));
    kao_json_set(o, "accuracy", kao_json_number(accuracy));
    return o;
}

static int print_json(const verify *v)
{
    static const char *const masked[] = { "none", "second", "both" };
    const kao_figures *f = &v->figures;
    kao_json *o = eval_setting_json(&v->vectors), *eer = kao_json_object();

    kao_json_set(o, "masked", kao_json_string(masked[v->args->masked]));
    kao_json_set(o, "pairs_from", kao_json_string(v->pairs_path));
    kao_json_set(o, "pairs", kao_json_integer((int64_t)f->n));
    kao_json_set(o, "same", kao_json_integer((int64_t)f->n_same));
    kao_json_set(o, "different", kao_json_integer((int64_t)f->n_different));
    kao_json_set(o, "pairs_unusable", kao_json_integer((int64_t)v->n_left_out));
    kao_json_set(o, "folds", folds_json(&f->folds));
    kao_json_set(o, "best", at_json(f->best_threshold, f->best_accuracy));
    kao_json *at =
        f->has_threshold ? at_json(f->threshold, f->accuracy) : kao_json_null();

    if (f->has_threshold) {
        kao_json_set(at, "tar", kao_json_number(f->tar));
        kao_json_set(at, "far", kao_json_number(f->far));
    }
    kao_json_set(o, "at", at);
    kao_json_set(o, "auc", kao_json_number(f->auc));
    kao_json_set(eer, "rate", kao_json_number(f->eer));
    kao_json_set(eer, "threshold", kao_json_number(f->eer_threshold));
    kao_json_set(o, "eer", eer);
    kao_json_set(o, "tar_at_far", tars_json(f));
    kao_json_set(o, "by_people_95", people_json(f));
    if (v->args->discard)
        kao_json_set(o, "discard", eval_discard_json(&v->discard));
    return cli_print_json("eval", o);
}

/* ---- the form ---- */

static int write_discard(verify *v)
{
    if (v->discard.known)
        return eval_discard_write(v->args, &v->mem, &v->discard);
    fprintf(stderr,
            "kao eval: %s: not written: wanted pairs of the same person and of "
            "different people\n",
            v->args->discard);
    return CLI_BAD;
}

static int worse(int a, int b)
{
    return a > b ? a : b;
}

static int give(verify *v)
{
    rows r;
    int status = CLI_YES;

    kao_figures_measure(&v->scores, folds_of(v), (double)v->vectors.threshold,
                        &v->figures);
    const kao_pairs_drawn drawn = { .scores = &v->scores,
                                    .a = v->a,
                                    .b = v->b,
                                    .n_people = v->n_people,
                                    .seed = v->args->seed };
    kao_error err = { 0 };
    kao_status st = kao_figures_draw_people(&v->figures, &drawn, &err);

    if (!st && v->args->discard)
        st = eval_discard_measure(&v->scores, first_of(v), second_of(v), v->at_a,
                                  v->at_b, &v->discard, &err);
    if (st)
        return cli_report("eval", st, &err);
    make_rows(v, &r);
    if (v->args->photo.json)
        status = print_json(v);
    else
        print_table(v, &r);
    if (v->args->discard && !v->args->photo.json)
        eval_discard_print(&v->discard);
    if (v->args->discard && status < CLI_FAULT)
        status = write_discard(v);
    if (v->args->scores && status < CLI_FAULT)
        status = worse(status, write_scores(v));
    if (v->args->report && status < CLI_FAULT)
        status = worse(status, write_report(v, &r));
    return status;
}

static int run(verify *v, char **files, int n)
{
    kao_error err = { 0 };
    kao_status st = open_pairs(v, files, n, &err);

    if (st)
        return cli_report("eval", st, &err);
    if (!eval_may_begin(v->args, &v->pictures, v->names, v->pairs.names.n))
        return CLI_BAD;
    int status =
        eval_embed(&v->vectors, v->args, &v->pictures, v->names, v->pairs.names.n);

    v->masked.masked = true;
    if (!status && v->args->masked)
        status =
            eval_embed(&v->masked, v->args, &v->pictures, v->names, v->pairs.names.n);
    if (status)
        return status;
    st = compare_all(v, &err);
    return st ? cli_report("eval", st, &err) : give(v);
}

int eval_verify(const eval_args *args, char **files, int n)
{
    verify v = { .args = args };

    kao_mem_init(&v.mem, NULL);
    const int status = run(&v, files, n);

    kao_scores_fini(&v.scores);
    kao_free(&v.mem, v.similarity);
    kao_free(&v.mem, v.same);
    kao_free(&v.mem, v.person);
    kao_free(&v.mem, v.a);
    kao_free(&v.mem, v.b);
    kao_free(&v.mem, v.at_a);
    kao_free(&v.mem, v.at_b);
    eval_vectors_free(&v.vectors);
    eval_vectors_free(&v.masked);
    kao_free(&v.mem, (void *)v.names);
    kao_pairs_free(&v.pairs);
    kao_pictures_close(&v.pictures);
    return status;
}
