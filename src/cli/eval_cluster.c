/* kao eval cluster: faces grouped as kao cluster groups them, and how well the groups are the
 * people. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "cli/eval_people.h"
#include "cli/odds.h"
#include "eval/partition.h"
#include "kao/cluster.h"

/* Thresholds that are tried for the best ones. */
enum { LOWEST = 0, HIGHEST = 98, STEP = 2 }; /* hundredths */

enum { METHODS = 3 };

typedef struct method {
    const char *name;
    double threshold, ms; /* ms: of that threshold alone; NaN: not told */
    kao_partition_figures f;
} method;

typedef struct cluster {
    const eval_args *args;
    eval_people who;
    eval_vectors bare;
    /* of those whose person is known: n that can be used; behind them, by --unusable reject, n_alone
     * that cannot and so are a group each */
    float *vectors;
    uint32_t *person, *group;
    size_t n, n_alone, n_people;
    method methods[METHODS];
    size_t n_methods;
} cluster;

static bool is_known(const cluster *j, size_t picture)
{
    return j->who.person[picture] < j->who.people.groups.n;
}

static kao_status count_people(cluster *j, kao_error *err)
{
    bool *seen = kao_calloc(&j->who.mem, j->who.people.groups.n, sizeof *seen);

    if (!seen)
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    for (size_t i = 0; i < j->n + j->n_alone; i++) {
        j->n_people += !seen[j->person[i]];
        seen[j->person[i]] = true;
    }
    kao_free(&j->who.mem, seen);
    return KAO_OK;
}

static kao_status gather(cluster *j, kao_error *err)
{
    const size_t n = j->who.people.pictures.n, dim = j->bare.dim;

    j->vectors = kao_calloc(&j->who.mem, n, dim * sizeof *j->vectors);
    j->person = kao_calloc(&j->who.mem, n, sizeof *j->person);
    j->group = kao_calloc(&j->who.mem, n, sizeof *j->group);
    if (!j->vectors || !j->person || !j->group)
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    for (size_t i = 0; i < n; i++) {
        if (!j->bare.usable[i] || !is_known(j, i))
            continue;
        memcpy(j->vectors + j->n * dim, j->bare.vectors + i * dim,
               dim * sizeof *j->vectors);
        j->person[j->n++] = j->who.person[i];
    }
    for (size_t i = 0; j->args->unusable == EVAL_REJECT && i < n; i++)
        if (!j->bare.usable[i] && is_known(j, i))
            j->person[j->n + j->n_alone++] = j->who.person[i];
    if (j->n == 0)
        return kao_fail(err, KAO_E_FORMAT, "%s: no picture of a known person",
                        j->who.pictures.path);
    return count_people(j, err);
}

/* ---- methods ---- */

static kao_status compare(cluster *j, method *m, kao_error *err)
{
    for (size_t i = 0; i < j->n_alone; i++) /* numbers that no group of faces has */
        j->group[j->n + i] = (uint32_t)(j->n + i);
    return kao_partition_measure(&m->f, &j->who.mem, j->group, j->person,
                                 j->n + j->n_alone, err);
}

static kao_status link_at(cluster *j, float threshold, method *m, kao_error *err)
{
    const kao_cluster_options o = { .size = sizeof o, .threshold = threshold };
    const double begin = cli_now_ms();
    size_t n_groups = 0;
    const kao_status st = kao_cluster(j->bare.crew.ctx, j->vectors, j->n, j->bare.dim,
                                      &o, j->group, &n_groups, err);

    m->threshold = (double)threshold;
    m->ms = cli_now_ms() - begin;
    return st ? st : compare(j, m, err);
}

static kao_status link_at_best(cluster *j, method *best, kao_error *err)
{
    const char *name = best->name;
    kao_status st = KAO_OK;

    best->f.f = -1; /* that of the first threshold may be 0 */
    for (int i = LOWEST; !st && i <= HIGHEST; i += STEP) {
        method m = { .name = name };

        st = link_at(j, (float)i / 100, &m, err);
        if (!st && m.f.f > best->f.f)
            *best = m;
    }
    return st;
}

static kao_status dbscan_at_best(cluster *j, method *best, kao_error *err)
{
    const char *name = best->name;
    kao_alike_pair *tree = kao_calloc(&j->who.mem, j->n, sizeof *tree);
    kao_status st =
        tree ? kao_alike_tree(tree, &j->who.mem, j->vectors, j->n, j->bare.dim, err)
             : kao_fail(err, KAO_E_NOMEM, "out of memory");

    best->f.f = -1; /* that of the first threshold may be 0 */
    for (int i = LOWEST; !st && i <= HIGHEST; i += STEP) {
        method m = { .name = name, .threshold = i / 100., .ms = (double)NAN };

        kao_alike_cut(tree, j->n, (float)i / 100, j->group);
        st = compare(j, &m, err);
        if (!st && m.f.f > best->f.f)
            *best = m;
    }
    kao_free(&j->who.mem, tree);
    return st;
}

static kao_status measure(cluster *j, kao_error *err)
{
    const cli_worker *w = &j->bare.crew.workers[0];
    float threshold = NAN;
    kao_status st = gather(j, err);

    j->methods[0].name = "average linkage";
    j->methods[1].name = "... at its best F";
    j->methods[2].name = "DBSCAN at its best F";
    if (!st)
        st = kao_limit_for_groups(w->embedder, w->tta, j->args->threshold, j->n,
                                  &threshold, err);
    if (!st)
        st = link_at(j, threshold, &j->methods[j->n_methods++], err);
    if (!st && j->args->dbscan)
        st = link_at_best(j, &j->methods[j->n_methods++], err);
    if (!st && j->args->dbscan)
        st = dbscan_at_best(j, &j->methods[j->n_methods++], err);
    return st;
}

/* ---- telling ---- */

static void print_table(const cluster *j)
{
    const eval_vectors *v = &j->bare;

    printf("%-18s%s\n", "pictures from", j->who.pictures.path);
    if (j->who.list)
        printf("%-18s%s\n", "people from", j->who.list);
    if (j->args->note)
        printf("%-18s%s\n", "note", j->args->note);
    printf("%-18s%s\n%-18s%s\n", "model", v->crew.found[CLI_EMBEDDER].path, "mirror",
           eval_mirror(v));
    printf("%-18s%zu of %zu people; %zu unusable%s, %zu of unknown people left out\n\n",
           "faces", j->n + j->n_alone, j->n_people, v->n_unusable,
           j->n_alone ? ", each a group of its own" : "", j->who.n_nobody);
    printf("%-22s%9s %7s %9s %7s %7s %11s %12s %7s %8s\n", "", "threshold", "groups",
           "precision", "recall", "F", "homogeneity", "completeness", "V", "seconds");
    for (size_t i = 0; i < j->n_methods; i++) {
        const method *m = &j->methods[i];

        printf("%-22s%9.3f %7zu %9.4f %7.4f %7.4f %11.4f %12.4f %7.4f", m->name,
               m->threshold, m->f.n_groups, m->f.precision, m->f.recall, m->f.f,
               m->f.homogeneity, m->f.completeness, m->f.v);
        if (!isnan(m->ms))
            printf(" %8.2f", m->ms / 1000);
        printf("\n");
    }
}

static int print_json(const cluster *j)
{
    static const char *const names[METHODS] = { "average", "average_best",
                                                "dbscan_best" };
    kao_json *o = eval_setting_json(&j->bare), *methods = kao_json_array();

    for (size_t i = 0; i < j->n_methods; i++) {
        const method *m = &j->methods[i];
        kao_json *x = kao_json_object();

        kao_json_set(x, "method", kao_json_string(names[i]));
        kao_json_set(x, "threshold", kao_json_float((float)m->threshold));
        kao_json_set(x, "groups", kao_json_integer((int64_t)m->f.n_groups));
        kao_json_set(x, "precision", kao_json_number(m->f.precision));
        kao_json_set(x, "recall", kao_json_number(m->f.recall));
        kao_json_set(x, "f", kao_json_number(m->f.f));
        kao_json_set(x, "homogeneity", kao_json_number(m->f.homogeneity));
        kao_json_set(x, "completeness", kao_json_number(m->f.completeness));
        kao_json_set(x, "v", kao_json_number(m->f.v));
        kao_json_set(x, "ms", isnan(m->ms) ? kao_json_null() : kao_json_number(m->ms));
        kao_json_add(methods, x);
    }
    kao_json_set(o, "people_from", kao_json_string(j->who.list));
    kao_json_set(o, "of_unknown_people", kao_json_integer((int64_t)j->who.n_nobody));
    kao_json_set(o, "faces", kao_json_integer((int64_t)(j->n + j->n_alone)));
    kao_json_set(o, "people", kao_json_integer((int64_t)j->n_people));
    kao_json_set(o, "methods", methods);
    return cli_print_json("eval", o);
}

/* ---- the form ---- */

static int run(cluster *j, char **files, int n)
{
    kao_error err = { 0 };
    kao_status st = eval_people_open(&j->who, j->args, files, n, &err);

    if (st)
        return cli_report("eval", st, &err);
    const size_t n_pictures = j->who.people.pictures.n;

    if (!eval_may_begin(j->args, &j->who.pictures, j->who.names, n_pictures))
        return CLI_BAD;
    const int status =
        eval_embed(&j->bare, j->args, &j->who.pictures, j->who.names, n_pictures);

    if (status)
        return status;
    st = measure(j, &err);
    if (st)
        return cli_report("eval", st, &err);
    if (j->args->photo.json)
        return print_json(j);
    print_table(j);
    return CLI_YES;
}

int eval_cluster(const eval_args *args, char **files, int n)
{
    cluster j = { .args = args };
    const int status = run(&j, files, n);

    kao_free(&j.who.mem, j.group);
    kao_free(&j.who.mem, j.person);
    kao_free(&j.who.mem, j.vectors);
    eval_vectors_free(&j.bare);
    eval_people_close(&j.who);
    return status;
}
