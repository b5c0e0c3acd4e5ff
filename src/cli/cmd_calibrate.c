/* kao calibrate: how alike do strangers look to a model? Rates of false acceptance over all
 * pairs of different people of a set, and within groups of another. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpus.h"
#include "base/error.h"
#include "base/text.h"
#include "cli/calibrate.h"
#include "cli/commands.h"
#include "eval/groups.h"
#include "eval/pairs.h"
#include "eval/pairs_people.h"

#define LIST_MAX_BYTES ((size_t)1 << 30)

const cli_option cli_calibrate_options[] = {
    { "pairs", 0, CLI_TEXT, offsetof(eval_args, pairs), "FILE",
      "these pairs alone: two paths and 1 (same) or 0 a line, or LFW's pairs.txt "
      "[all]" },
    { "groups", 0, CLI_TEXT, offsetof(eval_args, groups), "PICTURES",
      "curves by group, too: pictures of different people" },
    { "labels", 0, CLI_TEXT, offsetof(eval_args, labels), "FILE",
      "with --groups: a line a picture, its path and fields" },
    { "by", 0, CLI_TEXT, offsetof(eval_args, by), "FIELDS",
      "with --groups: the fields that make a group, by number (the path is 1) or name, "
      "with commas [all]" },
    { "doubles", 0, CLI_TEXT, offsetof(eval_args, doubles), "FILE",
      "two paths a line that are one person after all: not counted as strangers" },
    { "card", 0, CLI_TEXT, offsetof(eval_args, card), "FILE",
      "put the curves into this card, in place of those that it has" },
    { "report", 0, CLI_TEXT, offsetof(eval_args, report), "FILE.html",
      "write a page with figures and plots" },
    { "list", 0, CLI_COUNT, offsetof(eval_args, n_listed), "N",
      "the N most alike pairs of strangers, to be looked at [10]" },
    { "note", 0, CLI_TEXT, offsetof(eval_args, note), "TEXT",
      "what the pictures are: stands beside the figures and in the card" },
    { "photos", 0, CLI_FLAG, offsetof(eval_args, photos), NULL,
      "whole photographs: detect and align on the way [aligned crops]" },
    CLI_FACES_OPTION(eval_args, "with --photos: which face [largest]"),
    CLI_EMBEDDER_OPTIONS(eval_args),
    CLI_DETECTOR_OPTIONS(eval_args),
    { "unusable", 0, CLI_WORD, offsetof(eval_args, unusable), "refuse|drop",
      "pictures that are missing, broken, without a face: give no figures; leave them "
      "out [refuse]" },
    { "seed", 0, CLI_COUNT, offsetof(eval_args, seed), "N",
      "draws: people of a bootstrap [1]" },
    { "threads", 't', CLI_COUNT, offsetof(eval_args, threads), "N",
      "pictures at once [all CPUs]" },
    { "cpu", 0, CLI_TEXT, offsetof(eval_args, photo.cpu), KAO_CPU_CHOICES,
      "widest kernels to use [native; KAO_CPU]" },
    { "json", 0, CLI_FLAG, offsetof(eval_args, photo.json), NULL, "one JSON object" },
    { .name = NULL },
};

static kao_status no_memory(kao_error *err)
{
    return kao_fail(err, KAO_E_NOMEM, "out of memory");
}

/* ---- who is on the pictures ---- */

static kao_status take_names(calibrate_set *s, kao_mem *mem, const kao_name_table *from,
                             kao_error *err)
{
    s->n = from->n;
    s->names = kao_calloc(mem, s->n, sizeof *s->names);
    s->person = kao_calloc(mem, s->n, sizeof *s->person);
    if (!s->names || !s->person)
        return no_memory(err);
    for (size_t i = 0; i < s->n; i++)
        s->names[i] = kao_name_at(from, i);
    return KAO_OK;
}

/* The folder that a picture is in names its person. */
static kao_status people_of_folders(calibrate *c, kao_error *err)
{
    calibrate_set *s = &c->people;
    kao_name_table folders;
    kao_status st = kao_pictures_list(&s->pictures, &s->listed, err);

    if (st)
        return st;
    s->n = s->listed.n;
    s->names = kao_calloc(&c->mem, s->n, sizeof *s->names);
    s->person = kao_calloc(&c->mem, s->n, sizeof *s->person);
    if (!s->names || !s->person)
        return no_memory(err);
    kao_name_table_init(&folders, &c->mem);
    for (size_t i = 0; !st && i < s->n; i++) {
        const char *slash = strrchr(s->listed.names[i], '/');
        char *folder = kao_strdup(&c->mem, s->listed.names[i]);

        s->names[i] = s->listed.names[i];
        if (!folder)
            st = no_memory(err);
        else if (!slash)
            st = kao_fail(err, KAO_E_FORMAT,
                          "%s: %s: no folder of a person; wanted person/picture",
                          s->pictures.path, s->names[i]);
        else
            folder[slash - s->listed.names[i]] = '\0';
        if (!st && !kao_name_number(&folders, folder, &s->person[i]))
            st = no_memory(err);
        kao_free(&c->mem, folder);
    }
    s->n_people = folders.n;
    kao_name_table_fini(&folders);
    return st;
}

/* The pairs and their pictures. Where the folders do not name people as the pairs do, n_people is 0,
 * and each picture is somebody, for --doubles to join. */
static kao_status people_of_pairs(calibrate *c, kao_pairs *pairs, kao_error *err)
{
    calibrate_set *s = &c->people;
    kao_file f = { 0 };
    kao_status st = kao_file_open(&f, &c->mem, c->args->pairs, LIST_MAX_BYTES, err);

    if (!st)
        st = kao_pairs_read(pairs, &c->mem, f.bytes, c->args->pairs, err);
    kao_file_close(&f);
    if (!st)
        st = take_names(s, &c->mem, &pairs->names, err);
    if (!st && !kao_pairs_people(pairs, s->person, &s->n_people))
        st = no_memory(err);
    for (size_t i = 0; !st && s->n_people == 0 && i < s->n; i++)
        s->person[i] = (uint32_t)i;
    return st;
}

/* "calibration.TTA.GROUP = ..": a name that a card's line can have. */
static kao_status check_names(const calibrate *c, const kao_groups *g, kao_error *err)
{
    for (uint32_t i = 0; c->args->card && i < g->groups.n; i++) {
        const char *name = kao_name_at(&g->groups, i);

        if (strchr(name, '=') || !kao_text_is_clean(name))
            return kao_fail(err, KAO_E_FORMAT,
                            "%s: the group \"%s\": with --card a group's name has no "
                            "= and no control characters",
                            c->args->labels, name);
    }
    return KAO_OK;
}

static kao_status open_groups(calibrate *c, kao_groups *g, kao_error *err)
{
    calibrate_set *s = &c->others;
    kao_file f = { 0 };
    kao_status st = kao_pictures_open(&s->pictures, &c->mem, c->args->groups, err);

    if (!st)
        st = kao_file_open(&f, &c->mem, c->args->labels, LIST_MAX_BYTES, err);
    if (!st)
        st = kao_groups_read(g, &c->mem, f.bytes, c->args->labels, c->args->by,
                             KAO_GROUPS_MAX, err);
    kao_file_close(&f);
    if (!st)
        st = check_names(c, g, err);
    if (!st)
        st = take_names(s, &c->mem, &g->pictures, err);
    for (size_t i = 0; !st && i < s->n; i++)
        s->person[i] = (uint32_t)i;
    s->n_people = s->n;
    return st;
}

/* ---- doubles ---- */

static bool find_name(const calibrate_set *s, const char *name, size_t *at)
{
    for (*at = 0; *at < s->n; ++*at)
        if (strcmp(s->names[*at], name) == 0)
            return true;
    return false;
}

/* All that were b's are a's now. */
static bool join(calibrate_set *s, char **f)
{
    size_t a = 0, b = 0;

    if (!find_name(s, f[0], &a) || !find_name(s, f[1], &b))
        return false;
    const uint32_t from = s->person[b], to = s->person[a];

    for (size_t i = 0; i < s->n; i++)
        if (s->person[i] == from)
            s->person[i] = to;
    return true;
}

static kao_status join_lines(calibrate *c, char *text, kao_error *err)
{
    size_t number = 0;

    for (char *line = kao_text_begin(text), *next = NULL; line; line = next) {
        char *f[3];

        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        number++;
        if (line[0] == '#')
            continue;
        const size_t n = kao_text_fields(line, f, 3);

        if (n == 0)
            continue;
        if (n != 2)
            return kao_fail(err, KAO_E_FORMAT, "%s: line %zu: wanted two paths",
                            c->args->doubles, number);
        /* a list may serve several sets, and both sets may have the same pictures */
        const bool of_people = join(&c->people, f), of_others = join(&c->others, f);

        c->n_doubles += of_people || of_others;
    }
    return KAO_OK;
}

static kao_status join_doubles(calibrate *c, kao_error *err)
{
    kao_file f = { 0 };

    if (!c->args->doubles)
        return KAO_OK;
    kao_status st = kao_file_open(&f, &c->mem, c->args->doubles, LIST_MAX_BYTES, err);

    if (st)
        return st;
    char *text = kao_calloc(&c->mem, f.bytes.n + 1, 1);

    if (text && f.bytes.n)
        memcpy(text, f.bytes.p, f.bytes.n);
    st = !text ? no_memory(err)
         : strlen(text) != f.bytes.n
             ? kao_fail(err, KAO_E_FORMAT, "%s: not a text file", c->args->doubles)
             : join_lines(c, text, err);
    kao_free(&c->mem, text);
    kao_file_close(&f);
    return st;
}

/* ---- measuring ---- */

static bool may_begin(const calibrate *c, const calibrate_set *s)
{
    return s->n == 0 || eval_may_begin(c->args, &s->pictures, s->names, s->n);
}

static int embed(calibrate *c, calibrate_set *s)
{
    return eval_embed(&s->vectors, c->args, &s->pictures, s->names, s->n);
}

static kao_portraits portraits(const calibrate_set *s)
{
    return (kao_portraits){ .vectors = s->vectors.vectors,
                            .dim = s->vectors.dim,
                            .n = s->n,
                            .person = s->person,
                            .usable = s->vectors.usable };
}

static kao_status compare_list(calibrate *c, const kao_portraits *p,
                               const kao_pairs *pairs, kao_error *err)
{
    kao_known_pair *known = kao_calloc(&c->mem, pairs->n, sizeof *known);

    for (size_t i = 0; known && i < pairs->n; i++) {
        const kao_pair *k = &pairs->pairs[i];

        known[i] = (kao_known_pair){
            .a = k->a, .b = k->b, .same = k->same || p->person[k->a] == p->person[k->b]
        };
    }
    const kao_status st =
        known ? kao_strangers_of_pairs(&c->strangers, &c->mem, p, known, pairs->n, err)
              : no_memory(err);

    kao_free(&c->mem, known);
    return st;
}

static kao_status measure_people(calibrate *c, const kao_pairs *pairs, kao_error *err)
{
    const kao_portraits p = portraits(&c->people);
    double thresholds[CALIBRATE_RATES];
    kao_status st =
        c->args->pairs ? compare_list(c, &p, pairs, err)
                       : kao_strangers_of_all(&c->strangers, &c->mem, c->pool, &p, err);

    if (st)
        return st;
    if (!kao_curve_measure(&c->strangers, true, &c->curve))
        return kao_fail(err, KAO_E_FORMAT,
                        "%s: %llu pairs of different people: too few for a curve",
                        c->people.pictures.path,
                        (unsigned long long)c->strangers.n_different);
    c->has_likelihood = kao_likelihood_measure(&c->strangers, &c->likelihood);
    c->has_same = kao_quantiles_measure(&c->strangers, &c->same);
    c->n_rates = kao_curve_powers(&c->curve, &c->strangers, c->rates, CALIBRATE_RATES);
    for (size_t i = 0; i < c->n_rates; i++) {
        thresholds[i] = c->rates[i].similarity;
        c->rate_95[i] = (kao_interval){ (double)NAN, (double)NAN };
    }
    if (c->args->pairs) /* people and pairs are not all with all */
        return KAO_OK;
    st = kao_strangers_intervals(&c->strangers, &p, c->args->seed, thresholds,
                                 c->n_rates, c->rate_95, err);
    /* pairs that are counted say nothing of a fitted rate */
    for (size_t i = 0; i < c->n_rates; i++)
        if (c->rates[i].fitted)
            c->rate_95[i] = (kao_interval){ (double)NAN, (double)NAN };
    return st;
}

double calibrate_group_rate(const calibrate_group *g, size_t i)
{
    return g->reached[i] >= KAO_CURVE_ENOUGH
               ? (double)g->reached[i] / (double)g->strangers.n_different
               : (double)NAN;
}

/* Of the others' pictures those of group number `number`. */
static kao_status measure_group(calibrate *c, calibrate_group *g, const kao_groups *of,
                                uint32_t number, kao_error *err)
{
    const kao_portraits p = portraits(&c->others);
    bool *in = kao_calloc(&c->mem, p.n, sizeof *in);
    kao_portraits own = p;
    double thresholds[CALIBRATE_RATES];

    g->name = kao_strdup(&c->mem, kao_name_at(&of->groups, number));
    if (!in || !g->name) {
        kao_free(&c->mem, in);
        return no_memory(err);
    }
    for (char *s = strchr(g->name, '_'); s; s = strchr(s, '_'))
        *s = ' ';
    for (size_t i = 0; i < p.n; i++) {
        in[i] = p.usable[i] && of->group[i] == number;
        g->n += in[i];
    }
    own.usable = in;
    for (size_t i = 0; i < c->n_rates; i++)
        thresholds[i] = c->rates[i].similarity;
    kao_status st = kao_strangers_of_all(&g->strangers, &c->mem, c->pool, &own, err);

    if (!st)
        st = kao_strangers_intervals(&g->strangers, &own, c->args->seed, thresholds,
                                     c->n_rates, g->rate_95, err);
    kao_free(&c->mem, in);
    if (st)
        return st;
    g->has_curve = kao_curve_measure(&g->strangers, false, &g->curve);
    for (size_t i = 0; i < c->n_rates; i++)
        g->reached[i] = kao_strangers_passed(&g->strangers, thresholds[i]);
    return KAO_OK;
}

static kao_status measure_groups(calibrate *c, const kao_groups *of, kao_error *err)
{
    kao_status st = KAO_OK;

    c->groups = kao_calloc(&c->mem, of->groups.n, sizeof *c->groups);
    if (!c->groups)
        return no_memory(err);
    for (uint32_t i = 0; !st && i < of->groups.n; i++)
        st = measure_group(c, &c->groups[c->n_groups++], of, i, err);
    return st;
}

/* ---- the command ---- */

typedef struct lists {
    kao_pairs pairs;
    kao_groups groups;
} lists;

static kao_status open_all(calibrate *c, lists *l, const cli_operands *rest,
                           kao_error *err)
{
    const uint32_t cpus = kao_cpus_find("").usable,
                   usual = cpus < KAO_MAX_THREADS ? cpus : KAO_MAX_THREADS;
    const kao_pool_options o = { .n_threads =
                                     c->args->threads ? c->args->threads : usual };
    kao_status st = kao_pool_create(&c->pool, &c->mem, &o, err);

    if (st == KAO_E_IO) /* a thread that cannot start is no input's fault */
        return KAO_E_NOMEM;
    if (!st && rest->n)
        st = kao_pictures_open(&c->people.pictures, &c->mem, rest->items[0], err);
    if (!st && rest->n)
        st = c->args->pairs ? people_of_pairs(c, &l->pairs, err)
                            : people_of_folders(c, err);
    if (!st && c->args->groups)
        st = open_groups(c, &l->groups, err);
    return st ? st : join_doubles(c, err);
}

static kao_status measure(calibrate *c, const lists *l, kao_error *err)
{
    kao_status st = c->people.n ? measure_people(c, &l->pairs, err) : KAO_OK;

    return !st && c->others.n ? measure_groups(c, &l->groups, err) : st;
}

static int run(calibrate *c, lists *l, const cli_operands *rest)
{
    kao_error err = { 0 };
    kao_status st = open_all(c, l, rest, &err);
    int status = CLI_YES;

    if (st)
        return cli_report("calibrate", st, &err);
    if (!may_begin(c, &c->people) || !may_begin(c, &c->others))
        return CLI_BAD;
    if (c->people.n)
        status = embed(c, &c->people);
    if (!status && c->others.n)
        status = embed(c, &c->others);
    if (status)
        return status;
    st = measure(c, l, &err);
    if (st)
        return cli_report("calibrate", st, &err);
    if (c->args->photo.json)
        status = calibrate_print_json(c);
    else
        calibrate_print(c);
    if (c->args->report && status < CLI_FAULT)
        status = calibrate_write_report(c);
    if (c->args->card && status < CLI_FAULT)
        status = calibrate_write_card(c);
    return status;
}

static void close_set(kao_mem *mem, calibrate_set *s)
{
    eval_vectors_free(&s->vectors);
    kao_free(mem, (void *)s->names);
    kao_free(mem, s->person);
    kao_names_free(&s->listed);
    kao_pictures_close(&s->pictures);
}

static void close_all(calibrate *c, lists *l)
{
    for (size_t i = 0; i < c->n_groups; i++) {
        kao_strangers_free(&c->groups[i].strangers);
        kao_free(&c->mem, c->groups[i].name);
    }
    kao_free(&c->mem, c->groups);
    kao_strangers_free(&c->strangers);
    close_set(&c->mem, &c->people);
    close_set(&c->mem, &c->others);
    kao_pairs_free(&l->pairs);
    kao_groups_free(&l->groups);
    kao_pool_destroy(c->pool);
}

int cli_calibrate_run(int argc, char **argv)
{
    eval_args args = {
        .command = "calibrate", .threshold = NAN, .times = 1, .seed = 1, .n_listed = 10
    };
    cli_operands rest;
    int status = CLI_BAD;

    if (!cli_begin("calibrate", argc, argv, &args, &rest, &status))
        return status;
    if (rest.n > 1 || (rest.n == 0 && (!args.groups || args.pairs)) ||
        !args.groups != !args.labels) {
        fprintf(stderr, "kao calibrate: wanted PEOPLE, or --groups PICTURES with "
                        "--labels FILE, or both (see kao calibrate --help)\n");
        return CLI_BAD;
    }
    if (!eval_may_choose(&args, false))
        return CLI_BAD;
    if (args.note && !kao_text_is_clean(args.note)) {
        fprintf(stderr, "kao calibrate: --note: wanted one line of text\n");
        return CLI_BAD;
    }
    calibrate c = { .args = &args };
    lists l = { 0 };

    kao_mem_init(&c.mem, NULL);
    status = run(&c, &l, &rest);
    close_all(&c, &l);
    return cli_finish("calibrate", status);
}
