/* kao embed: the numbers of faces. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/npy.h"
#include "cli/commands.h"
#include "cli/photo.h"

typedef struct embed_args {
    cli_photo_options photo;
    const char *npy;
} embed_args;

const cli_option cli_embed_options[] = {
    { "npy", 'o', CLI_TEXT, offsetof(embed_args, npy), "FILE",
      "write the vectors as a NumPy array, a row a face" },
    CLI_FACES_OPTION(embed_args, "which face of a picture; N: the N-th best [largest]"),
    { "no-detect", 0, CLI_FLAG, offsetof(embed_args, photo.no_detect), NULL,
      "the pictures are aligned chips already (other sizes are resized)" },
    CLI_EMBEDDER_OPTIONS(embed_args),
    CLI_PRESET_OPTION(embed_args),
    CLI_QUALITY_OPTION(embed_args),
    CLI_DETECTOR_OPTIONS(embed_args),
    CLI_MACHINE_OPTIONS(embed_args),
    { .name = NULL },
};

typedef struct result {
    cli_photo photo;
    kao_status st;
    kao_error err;
} result;

typedef struct job {
    const embed_args *args;
    cli_crew crew;
    char **paths;
    float *rows; /* for --npy */
    size_t n_rows, cap_rows, dim;
} job;

static void *work(void *worker, void *user, size_t i)
{
    const job *j = user;
    result *r = calloc(1, sizeof *r);

    if (!r)
        return NULL;
    /* all are looked for, so that a face has the number that detect gives it */
    r->st = cli_photo_embed(worker, j->paths[i], KAO_SEARCH_ALL, &r->photo, &r->err);
    cli_photo_drop_image(worker, &r->photo);
    return r;
}

static bool keep_rows(job *j, const cli_photo *p)
{
    if (j->n_rows + p->n_chosen > j->cap_rows) {
        const size_t cap = 2 * (j->n_rows + p->n_chosen) + 64;
        float *bigger = realloc(j->rows, cap * p->dim * sizeof *bigger);

        if (!bigger)
            return false;
        j->rows = bigger;
        j->cap_rows = cap;
    }
    memcpy(j->rows + j->n_rows * p->dim, p->vectors,
           p->n_chosen * p->dim * sizeof *p->vectors);
    j->n_rows += p->n_chosen;
    return true;
}

static int print_row(const job *j, const char *path, const cli_photo *p, size_t i)
{
    if (!j->args->photo.json) {
        printf("%s", path);
        if (p->in_file)
            printf("\tface %zu", p->chosen[i] + 1);
        for (size_t k = 0; !j->args->npy && k < p->dim; k++)
            printf("\t%.6g", (double)p->vectors[i * p->dim + k]);
        printf("\n");
        return CLI_YES;
    }
    kao_json *o = kao_json_object(), *v = kao_json_array();

    for (size_t k = 0; k < p->dim; k++)
        kao_json_add(v, kao_json_float(p->vectors[i * p->dim + k]));
    kao_json *face =
        p->in_file ? kao_face_json(&p->in_file[i], p->turned) : kao_json_null();

    if (p->facts)
        cli_facts_set(face, &p->facts[p->chosen[i]]);
    kao_json_set(o, "file", kao_json_string(path));
    kao_json_set(o, "face", face);
    kao_json_set(o, "embedding", v);
    return cli_print_json("embed", o);
}

static int print_error(const job *j, const char *path, const result *r)
{
    fprintf(stderr, "kao embed: %s\n", r->err.msg);
    if (!j->args->photo.json)
        return cli_status_of(r->st);
    kao_json *o = kao_json_object();

    kao_json_set(o, "file", kao_json_string(path));
    kao_json_set(o, "embedding", kao_json_null());
    kao_json_set(o, "error", cli_error_json(&r->err));
    const int s = cli_print_json("embed", o), status = cli_status_of(r->st);

    return s > status ? s : status;
}

static int emit(void *user, size_t i, void *value)
{
    job *j = user;
    result *r = value;
    int status = r && r->st ? print_error(j, j->paths[i], r) : r ? CLI_YES : CLI_FAULT;

    for (size_t k = 0; r && !r->st && k < r->photo.n_chosen; k++) {
        const int s = print_row(j, j->paths[i], &r->photo, k);

        if (r->photo.facts)
            cli_facts_warn("embed", j->paths[i], j->crew.found[CLI_EMBEDDER].path,
                           &r->photo.facts[r->photo.chosen[k]]);
        status = s > status ? s : status;
    }
    if (!r || (!r->st && j->args->npy && !keep_rows(j, &r->photo))) {
        fprintf(stderr, "kao embed: out of memory\n");
        status = CLI_FAULT;
    }
    if (r)
        cli_photo_free(&j->crew.workers[0], &r->photo);
    free(r);
    return status;
}

static int write_npy(const job *j)
{
    const int64_t dims[2] = { (int64_t)j->n_rows, (int64_t)j->dim };
    kao_error err = { 0 };
    uint8_t *bytes = NULL;
    size_t n = 0;
    kao_mem mem;

    kao_mem_init(&mem, NULL);
    kao_status st = kao_npy_format(&mem, "<f4", dims, 2, j->rows, &bytes, &n, &err);

    if (!st)
        st = kao_file_write(&mem, j->args->npy, bytes, n, &err);
    kao_free(&mem, bytes);
    if (!st)
        return CLI_YES;
    cli_report("embed", st, &err);
    return CLI_FAULT;
}

int cli_embed_run(int argc, char **argv)
{
    embed_args args = { .npy = NULL };
    cli_operands rest;
    kao_error err = { 0 };
    int status = CLI_BAD;

    if (!cli_begin("embed", argc, argv, &args, &rest, &status))
        return status;
    if (rest.n == 0) {
        fprintf(stderr, "kao embed: no picture given (see kao embed --help)\n");
        return CLI_BAD;
    }
    job j = { .args = &args, .paths = rest.items };
    kao_status st = cli_crew_open(&j.crew, &args.photo, (size_t)rest.n, true, &err);

    if (!st)
        st = cli_check_wishes(&j.crew, &err);
    if (st) {
        cli_crew_close(&j.crew);
        return cli_report("embed", st, &err);
    }
    j.dim = kao_embedder_dim(j.crew.workers[0].embedder, j.crew.workers[0].tta);
    status = cli_crew_run(&j.crew, "embed", (size_t)rest.n, &j, work, emit);
    if (args.npy) {
        const int s = write_npy(&j);

        status = s > status ? s : status;
    }
    free(j.rows);
    cli_crew_close(&j.crew);
    return status;
}
