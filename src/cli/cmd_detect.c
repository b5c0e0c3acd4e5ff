/* kao detect: where are faces? */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/error.h"
#include "cli/commands.h"
#include "cli/photo.h"

typedef struct detect_args {
    cli_photo_options photo;
    const char *draw;
} detect_args;

const cli_option cli_detect_options[] = {
    { "draw", 0, CLI_TEXT, offsetof(detect_args, draw), "FILE",
      "write the picture with its faces marked (.png, .jpg), at full size, with "
      "number and score where the machine has Pango; "
      "an existing folder: as NAME.faces.jpg" },
    { "with", 0, CLI_LIST, offsetof(detect_args, photo.with), "KIND=MODEL",
      "ask a network about each face: landmarks, quality, pose or liveness; may be "
      "given "
      "for each" },
    CLI_QUALITY_OPTION(detect_args),
    CLI_DETECTOR_OPTIONS(detect_args),
    CLI_MACHINE_OPTIONS(detect_args),
    { .name = NULL },
};

typedef struct job {
    const detect_args *args;
    char **paths;
    bool folder; /* --draw names one */
} job;

typedef struct found { /* in one picture */
    kao_face *faces;   /* in pixels of the file */
    cli_facts *facts;  /* of each, or NULL */
    size_t n;
    uint32_t turned;
    const char *warning;    /* of the picture, or NULL */
    uint32_t width, height; /* of the file, upright */
    kao_status st;
    kao_error err;
    bool write_failed;
} found;

/* FOLDER/NAME.faces.jpg of folder/name.ext */
static bool drawn_path(const char *folder, const char *path, char *to, size_t cap)
{
    size_t n = 0;
    const char *name = cli_stem(path, &n);

    return (size_t)snprintf(to, cap, "%s/%.*s.faces.jpg", folder, (int)n, name) < cap;
}

static kao_status draw(cli_worker *w, const job *j, const char *path,
                       const cli_photo *p, kao_error *err)
{
    const char *to = j->args->draw;
    char inside[4096];

    if (j->folder) {
        if (!drawn_path(j->args->draw, path, inside, sizeof inside))
            return kao_fail(err, KAO_E_ARG, "%s: the path is too long", path);
        to = inside;
    }
    const kao_color green = { 40, 200, 80 };
    kao_status st = KAO_OK;

    for (size_t i = 0; i < p->n_faces; i++)
        cli_draw_face(&p->image, &p->faces[i], green);
    for (size_t i = 0; p->facts && i < p->n_faces; i++)
        cli_facts_draw(&p->image, &p->facts[i], 1 + p->faces[i].width / 150);
    for (size_t i = 0; !st && i < p->n_faces; i++) {
        char text[48];

        snprintf(text, sizeof text, "%zu  %.3f", i + 1, (double)p->faces[i].score);
        st = cli_label_face(w->ctx, &p->image, &p->faces[i], text, green, err);
    }
    return st ? st : kao_image_save(w->ctx, to, &p->image, err);
}

static void *work(void *worker, void *user, size_t i)
{
    const job *j = user;
    cli_worker *w = worker;
    const char *path = j->paths[i];
    cli_photo p = { .faces = NULL };
    found *f = calloc(1, sizeof *f);

    if (!f)
        return NULL;
    f->st =
        cli_photo_detect(w, path, KAO_SEARCH_ALL, j->args->draw != NULL, &p, &f->err);
    if (!f->st && j->args->draw) {
        f->st = draw(w, j, path, &p, &f->err);
        f->write_failed = f->st == KAO_E_IO;
    }
    if (!f->st) {
        f->width = p.image.full_width ? p.image.full_width : p.image.width;
        f->height = p.image.full_height ? p.image.full_height : p.image.height;
        f->n = p.n_faces;
        f->turned = p.turned;
        f->warning = p.image.warning;
        f->faces = calloc(p.n_faces + 1, sizeof *f->faces);
        if (!f->faces)
            f->st = kao_fail(&f->err, KAO_E_NOMEM, "%s: out of memory", path);
    }
    for (size_t k = 0; !f->st && k < f->n; k++)
        f->faces[k] = kao_face_in_file(&p.image, &p.faces[k]);
    if (!f->st) {
        f->facts = p.facts;
        p.facts = NULL;
    }
    cli_photo_free(w, &p);
    return f;
}

static int print_json(const char *path, const found *f)
{
    kao_json *o = kao_json_object();

    kao_json_set(o, "file", kao_json_string(path));
    if (f->st) {
        kao_json_set(o, "error", cli_error_json(&f->err));
    } else {
        kao_json *faces = kao_json_array();

        for (size_t i = 0; i < f->n; i++) {
            kao_json *face = kao_face_json(&f->faces[i], f->turned);

            if (f->facts)
                cli_facts_set(face, &f->facts[i]);
            kao_json_add(faces, face);
        }
        kao_json_set(o, "width", kao_json_integer(f->width));
        kao_json_set(o, "height", kao_json_integer(f->height));
        kao_json_set(o, "turned", kao_json_integer(f->turned));
        if (f->warning)
            kao_json_set(o, "warning", kao_json_string(f->warning));
        kao_json_set(o, "faces", faces);
    }
    return cli_print_json("detect", o);
}

static const char *const mask_words[] = { "", ", no mask", ", masked" };

static void print_text(const char *path, const found *f)
{
    printf("%s: %zu face%s", path, f->n, f->n == 1 ? "" : "s");
    if (f->turned)
        printf(" (upright when turned by %u degrees)", f->turned);
    printf("%s%s\n", f->warning ? "; warning: " : "", f->warning ? f->warning : "");
    for (size_t i = 0; i < f->n; i++) {
        printf("  %zu: %.0f x %.0f at (%.0f, %.0f), score %.3f%s%s", i + 1,
               (double)f->faces[i].width, (double)f->faces[i].height,
               (double)f->faces[i].x, (double)f->faces[i].y, (double)f->faces[i].score,
               mask_words[f->faces[i].mask % 3],
               f->faces[i].n_points ? "" : ", no points");
        if (f->facts)
            cli_facts_print(&f->facts[i]);
        putchar('\n');
    }
}

static int emit(void *user, size_t i, void *result)
{
    const job *j = user;
    found *f = result;
    int status = CLI_FAULT;

    if (!f) {
        fprintf(stderr, "kao detect: out of memory\n");
        return status;
    }
    status = f->write_failed ? CLI_FAULT : cli_status_of(f->st);
    if (f->st)
        fprintf(stderr, "kao detect: %s\n", f->err.msg);
    if (j->args->photo.json) {
        const int s = print_json(j->paths[i], f);

        status = s > status ? s : status;
    } else if (!f->st) {
        print_text(j->paths[i], f);
    }
    cli_facts_free(f->facts, f->n);
    free(f->faces);
    free(f);
    return status;
}

int cli_detect_run(int argc, char **argv)
{
    detect_args args = { .draw = NULL };
    cli_operands rest;
    cli_crew crew;
    kao_error err = { 0 };
    int status = CLI_BAD;

    if (!cli_begin("detect", argc, argv, &args, &rest, &status))
        return status;
    job j = { .args = &args,
              .paths = rest.items,
              .folder = args.draw && kao_is_folder(args.draw) };

    if (rest.n == 0 || (rest.n > 1 && args.draw && !j.folder)) {
        fprintf(stderr,
                rest.n
                    ? "kao detect: --draw %s: no folder, which several pictures need\n"
                    : "kao detect: no picture given (see kao detect --help)\n",
                args.draw);
        return CLI_BAD;
    }
    status = j.folder ? cli_check_stems("detect", rest.items, (size_t)rest.n) : CLI_YES;
    if (status)
        return status;
    const kao_status st =
        cli_crew_open(&crew, &args.photo, (size_t)rest.n, false, &err);

    if (st)
        return cli_report("detect", st, &err);
    status = cli_crew_run(&crew, "detect", (size_t)rest.n, &j, work, emit);
    cli_crew_close(&crew);
    return status;
}
