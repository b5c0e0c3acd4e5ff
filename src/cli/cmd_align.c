/* kao align: cut faces out as the embedder sees them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "cli/commands.h"
#include "cli/photo.h"

typedef struct align_args {
    cli_photo_options photo;
    const char *out;
} align_args;

const cli_option cli_align_options[] = {
    { "out", 'o', CLI_TEXT, offsetof(align_args, out), "FOLDER",
      "where chips go, as NAME.face1.png, NAME.face2.png .. [.]" },
    CLI_FACES_OPTION(align_args, "which face of a picture; N: the N-th best [all]"),
    { "model", 'm', CLI_TEXT, offsetof(align_args, photo.model), "MODEL",
      "embedder whose chips they are " CLI_EMBEDDER_CHOICE },
    CLI_DETECTOR_OPTIONS(align_args),
    CLI_MACHINE_OPTIONS(align_args),
    { .name = NULL },
};

typedef struct job {
    const align_args *args;
    char **paths;
} job;

typedef struct cut {     /* from one picture */
    char (*chips)[1024]; /* paths written */
    size_t n;
    kao_status st;
    kao_error err;
    bool write_failed;
} cut;

/* Of face i: the number that detect gives it. */
static bool chip_path(const char *folder, const char *path, size_t i, char *to,
                      size_t cap)
{
    size_t n = 0;
    const char *name = cli_stem(path, &n);

    return (size_t)snprintf(to, cap, "%s/%.*s.face%zu.png", folder, (int)n, name,
                            i + 1) < cap;
}

static kao_status cut_one(cli_worker *w, const job *j, const char *path,
                          const cli_photo *p, size_t face, cut *c)
{
    const kao_view view = kao_image_view(&p->image);
    kao_image chip = { 0 };
    char *to = c->chips[c->n];
    kao_status st = kao_align(w->ctx, &view, &p->faces[face],
                              kao_embedder_template(w->embedder), &chip, &c->err);

    if (st)
        kao_error_prefix(&c->err, st, "%s", path);
    else if (!chip_path(j->args->out, path, face, to, sizeof c->chips[0]))
        st = kao_fail(&c->err, KAO_E_ARG, "%s: the path is too long", path);
    if (!st) {
        st = kao_image_save(w->ctx, to, &chip, &c->err);
        c->write_failed = st != KAO_OK;
    }
    kao_image_free(w->ctx, &chip);
    c->n += st == KAO_OK;
    return st;
}

/* Faces that cannot be used are left out, unless that leaves none. */
static kao_status cut_all(cli_worker *w, const job *j, const char *path,
                          const cli_photo *p, cut *c)
{
    kao_status st = KAO_OK;

    c->chips = calloc(p->n_chosen, sizeof *c->chips);
    if (!c->chips)
        return kao_fail(&c->err, KAO_E_NOMEM, "%s: out of memory", path);
    for (size_t k = 0; k < p->n_chosen; k++) {
        st = cut_one(w, j, path, p, p->chosen[k], c);
        if (st && cli_status_of(st) != CLI_NO_FACE)
            return st;
    }
    return c->n ? KAO_OK : st;
}

static void *work(void *worker, void *user, size_t i)
{
    const job *j = user;
    cli_worker *w = worker;
    cli_photo p = { .faces = NULL };
    cut *c = calloc(1, sizeof *c);

    if (!c)
        return NULL;
    c->st = cli_photo_detect(w, j->paths[i], KAO_SEARCH_ALL, false, &p, &c->err);
    if (!c->st)
        c->st = cli_photo_choose(w, j->paths[i], &p, &c->err);
    if (!c->st)
        c->st = cut_all(w, j, j->paths[i], &p, c);
    cli_photo_free(w, &p);
    return c;
}

static int print_json(const char *path, const cut *c)
{
    kao_json *o = kao_json_object(), *chips = kao_json_array();

    for (size_t i = 0; i < c->n; i++)
        kao_json_add(chips, kao_json_string(c->chips[i]));
    kao_json_set(o, "file", kao_json_string(path));
    kao_json_set(o, "chips", chips);
    if (c->st)
        kao_json_set(o, "error", cli_error_json(&c->err));
    return cli_print_json("align", o);
}

static int emit(void *user, size_t i, void *result)
{
    const job *j = user;
    cut *c = result;

    if (!c) {
        fprintf(stderr, "kao align: out of memory\n");
        return CLI_FAULT;
    }
    int status = c->write_failed ? CLI_FAULT : cli_status_of(c->st);

    if (c->st)
        fprintf(stderr, "kao align: %s\n", c->err.msg);
    if (j->args->photo.json) {
        const int s = print_json(j->paths[i], c);

        status = s > status ? s : status;
    } else {
        for (size_t k = 0; k < c->n; k++)
            printf("%s\n", c->chips[k]);
    }
    free(c->chips);
    free(c);
    return status;
}

int cli_align_run(int argc, char **argv)
{
    align_args args = { .out = ".", .photo.faces.all = true };
    cli_operands rest;
    cli_crew crew;
    kao_error err = { 0 };
    int status = CLI_BAD;

    if (!cli_begin("align", argc, argv, &args, &rest, &status))
        return status;
    if (rest.n == 0) {
        fprintf(stderr, "kao align: no picture given (see kao align --help)\n");
        return CLI_BAD;
    }
    status = cli_check_stems("align", rest.items, (size_t)rest.n);
    if (status)
        return status;
    if (mkdir(args.out, 0777) != 0 && errno != EEXIST) {
        fprintf(stderr, "kao align: %s: %s\n", args.out, strerror(errno));
        return CLI_FAULT;
    }
    kao_status st = cli_crew_open(&crew, &args.photo, (size_t)rest.n, true, &err);

    if (!st)
        st = cli_check_faces(&crew, "could be cut out", &err);
    if (st) {
        cli_crew_close(&crew);
        return cli_report("align", st, &err);
    }
    job j = { .args = &args, .paths = rest.items };

    status = cli_crew_run(&crew, "align", (size_t)rest.n, &j, work, emit);
    cli_crew_close(&crew);
    return status;
}
