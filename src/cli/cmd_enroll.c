/* kao enroll: remember a person from photographs.
 *
 * A picture is refused, with its reasons, where it would make the gallery worse: no face or
 * several, one too small, blurred, dark, turned far aside, one that is there already, one that looks like somebody else who is
 * enrolled, or unlike the samples that this person has. */
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/compose.h"
#include "base/error.h"
#include "base/file.h"
#include "cli/commands.h"
#include "cli/gallery_chips.h"
#include "cli/odds.h"
#include "cli/regions_use.h"
#include "kao/enrol.h"
#include "kao/quality.h"

enum { FOLDERS_MOST = 32 }; /* one in another: links may go round */

typedef struct enroll_args {
    cli_gallery_options use;
    bool force, people, regions, keep_chips, json;
} enroll_args;

const cli_option cli_enroll_options[] = {
    CLI_GALLERY_OPTION(enroll_args),
    CLI_GALLERY_KEY_OPTION(enroll_args),
    { "people", 0, CLI_FLAG, offsetof(enroll_args, people), NULL,
      "the operands are folders with a folder a person, named after them" },
    { "regions", 0, CLI_FLAG, offsetof(enroll_args, regions), NULL,
      "the operands are pictures, or folders of them, in which other programs have put "
      "names, as face regions of XMP, "
      "inside or in PICTURE.xmp beside: each named face" },
    { "force", 0, CLI_FLAG, offsetof(enroll_args, force), NULL,
      "also blurred, dark and far turned ones, those that look like somebody else, or "
      "unlike the person's other samples" },
    { "keep-chips", 0, CLI_FLAG, offsetof(enroll_args, keep_chips), NULL,
      "keep the aligned picture of the face too, for kao gallery reembed" },
    { "faces", 'f', CLI_FACES, offsetof(enroll_args, use.photo.faces),
      "largest|center|best|all|error|N", "which face of a picture [error: one alone]" },
    CLI_GALLERY_NETWORK_OPTIONS(enroll_args),
    { "json", 0, CLI_FLAG, offsetof(enroll_args, json), NULL,
      "one JSON object a line" },
    { .name = NULL },
};

typedef struct outcome { /* of a picture */
    const char *status;
    char sample[KAO_UUID_BYTES];
    kao_json *reasons; /* texts */
} outcome;

typedef struct job {
    const enroll_args *args;
    cli_gallery use;
    cli_limit limit; /* from which similarity on two faces are one person's */
    size_t n_named;  /* --regions: pictures with names */
    size_t n_seen;   /* without it: pictures, those that could not be read too */
} job;

/* ---- one picture ---- */

static void refuse(outcome *o, const char *reason)
{
    o->status = "refused";
    kao_json_add(o->reasons, kao_json_string(reason));
}

/* What is there already speaks for or against it. */
static kao_status judge(job *j, const float *vectors, int64_t person, outcome *o,
                        kao_error *err)
{
    kao_judgement l = KAO_JUDGEMENT_INIT;
    char line[KAO_NAME_MAX_BYTES + 64], *name = NULL;
    kao_status st =
        kao_gallery_judge(j->use.g, 0, cli_gallery_vector(&j->use, vectors, 0), person,
                          cli_limit_for(&j->limit, 1), &l, err);

    if (st)
        return st;
    if (l.against & KAO_AGAINST_DUPLICATE) {
        o->status = "duplicate";
        kao_json_add(o->reasons, kao_json_string("duplicate"));
        return KAO_OK;
    }
    if (j->args->force)
        return KAO_OK;
    if (l.against & KAO_AGAINST_LOOKS_LIKE) {
        st = cli_person_name(&j->use, l.who, &name, err);
        if (st)
            return st;
        snprintf(line, sizeof line, "looks_like: #%lld %s (similarity %.3f)",
                 (long long)l.who, name ? name : "", (double)l.other);
        free(name);
        refuse(o, line);
    }
    if (l.against & KAO_AGAINST_UNLIKE) {
        snprintf(line, sizeof line, "unlike: similarity %.3f to this person's samples",
                 (double)l.own);
        refuse(o, isnan(l.own) ? "unlike: nothing like this person's samples" : line);
    }
    return KAO_OK;
}

/* How good the picture of the face is; one that is blurred, dark or turned far aside is refused:
 * it would be alike to others of its kind rather than to the person. */
static kao_status rate(job *j, const cli_photo *photo, size_t face, float norm,
                       outcome *o, float *quality, kao_error *err)
{
    const kao_view view = kao_image_view(&photo->image);
    kao_quality q = KAO_QUALITY_INIT;
    const kao_status st =
        kao_quality_of(j->use.crew.ctx, &view, &photo->faces[face], &q, err);

    *quality = NAN;
    if (st)
        return st;
    kao_quality_norm(&q, j->use.embedders[0], norm);
    *quality = q.score;
    for (uint32_t bit = 1; !j->args->force && bit <= KAO_POOR; bit <<= 1)
        if (q.outcomes & KAO_POOR & bit)
            refuse(o, kao_outcome_name((kao_outcome)bit));
    return KAO_OK;
}

/* What is to be kept of a face. */
typedef struct entry {
    float *vectors, quality;
    uint8_t *chip; /* or NULL */
    size_t chip_bytes;
    char form[KAO_CHIP_FORM_BYTES];
} entry;

static kao_status store(job *j, const char *path, const char *name, int64_t *person,
                        const entry *e, outcome *o, kao_error *err)
{
    const float *list[KAO_GALLERY_MODELS];
    kao_new_sample s = { .size = sizeof s,
                         .vectors = list,
                         .source = path,
                         .quality = e->quality,
                         .chip = e->chip,
                         .chip_bytes = e->chip_bytes,
                         .chip_form = e->form };

    for (size_t m = 0; m < j->use.n; m++)
        list[m] = cli_gallery_vector(&j->use, e->vectors, m);
    const kao_status st = kao_gallery_enrol(j->use.g, person, name, &s, 1, err);

    if (!st) {
        o->status = "enrolled";
        memcpy(o->sample, s.id, sizeof o->sample);
    }
    return st;
}

static void entry_free(const job *j, entry *e)
{
    free(e->vectors);
    kao_image_free_bytes(j->use.crew.ctx, e->chip);
}

/* A face that cannot be used is an outcome, no failure. */
static kao_status outcome_of(kao_status st, outcome *o)
{
    if (!st || cli_status_of(st) != CLI_NO_FACE)
        return st;
    refuse(o, kao_status_name(st));
    return KAO_OK;
}

static kao_status take_face(job *j, const char *path, const cli_photo *photo,
                            size_t face, const char *name, int64_t *person, outcome *o,
                            kao_error *err)
{
    entry e = { .quality = NAN };
    float norm = 0;
    kao_status st = cli_gallery_embed(&j->use, photo, face, &e.vectors, &norm, err);

    if (!st)
        st = rate(j, photo, face, norm, o, &e.quality, err);
    if (!st && j->args->keep_chips)
        st =
            cli_gallery_chip(&j->use, photo, face, &e.chip, &e.chip_bytes, e.form, err);
    if (!st)
        st = judge(j, e.vectors, *person, o, err);
    if (!st && !o->status)
        st = store(j, path, name, person, &e, o, err);
    entry_free(j, &e);
    st = outcome_of(st, o);
    return st ? kao_error_prefix(err, st, "%s", path) : KAO_OK;
}

/* The one face that --faces means. */
static kao_status take(job *j, const char *path, const char *name, int64_t *person,
                       outcome *o, kao_error *err)
{
    cli_worker *w = &j->use.crew.workers[0];
    cli_photo photo = { .faces = NULL };
    kao_status st = cli_photo_detect(w, path, KAO_SEARCH_ALL, false, &photo, err);

    if (!st)
        st = cli_photo_choose(w, path, &photo, err);
    st = st ? outcome_of(st, o)
            : take_face(j, path, &photo, photo.chosen[0], name, person, o, err);
    cli_photo_free(w, &photo);
    return st;
}

static int tell(const job *j, const char *path, const char *name, int64_t person,
                outcome *o)
{
    const bool fine = o->status && strcmp(o->status, "refused") != 0;
    char who[24] = "";

    if (person)
        snprintf(who, sizeof who, " #%lld", (long long)person);
    if (j->args->json) {
        kao_json *line = kao_json_object();

        kao_json_set(line, "file", kao_json_string(path));
        kao_json_set(line, "status", kao_json_string(o->status));
        kao_json_set(line, "person",
                     person ? kao_json_integer(person) : kao_json_null());
        kao_json_set(line, "name", kao_json_string(name));
        kao_json_set(line, "sample",
                     o->sample[0] ? kao_json_string(o->sample) : kao_json_null());
        kao_json_set(line, "reasons", o->reasons);
        const int s = cli_print_json("enroll", line);

        return s ? s : fine ? CLI_YES : CLI_NO_FACE;
    }
    char *reasons = kao_json_text(o->reasons);
    const char *more = fine ? name : reasons;

    printf("%s: %s%s %s\n", path, o->status, fine ? who : "", more ? more : "");
    free(reasons);
    return fine ? CLI_YES : CLI_NO_FACE;
}

/* ---- names that other programs gave ---- */

static kao_status find_person(job *j, const char *name, int64_t *person,
                              kao_error *err);

/* The face that a region means, to the person of its name. */
static int enroll_region(job *j, const char *path, const cli_photo *photo,
                         const kao_region *region, bool *taken)
{
    outcome o = { .reasons = kao_json_array() };
    kao_error err = { 0 };
    int64_t person = 0;
    const size_t face = cli_region_face(photo, region, taken);
    kao_status st = find_person(j, region->name, &person, &err);

    if (st)
        kao_error_prefix(&err, st, "%s", path);
    if (!st && face == photo->n_faces) {
        refuse(&o, "no_face: none where the name stands");
    } else if (!st) {
        taken[face] = true;
        st = take_face(j, path, photo, face, region->name, &person, &o, &err);
    }
    if (st) {
        kao_json_free(o.reasons);
        return cli_report_object("enroll", "file", path, j->args->json, st, &err);
    }
    return tell(j, path, region->name, person, &o);
}

static int enroll_named(job *j, const char *path, const kao_regions *found)
{
    cli_worker *w = &j->use.crew.workers[0];
    cli_photo photo = { .faces = NULL };
    kao_error err = { 0 };
    kao_status st = cli_photo_detect(w, path, KAO_SEARCH_ALL, false, &photo, &err);
    bool *taken = NULL;
    int status = CLI_YES;

    if (!st) {
        taken = calloc(photo.n_faces + 1, sizeof *taken);
        if (!taken)
            st = kao_fail(&err, KAO_E_NOMEM, "out of memory");
    }
    for (size_t i = 0; !st && i < found->n; i++) {
        const int s = found->list[i].name[0]
                          ? enroll_region(j, path, &photo, &found->list[i], taken)
                          : CLI_YES;

        status = s > status ? s : status;
    }
    free(taken);
    cli_photo_free(w, &photo);
    return st ? cli_report_object("enroll", "file", path, j->args->json, st, &err)
              : status;
}

static bool is_sidecar(const char *path)
{
    const size_t n = strlen(path);

    return n > 4 && strcasecmp(path + n - 4, ".xmp") == 0;
}

/* A picture in which nobody is named is none of this command's, and not told. */
static int enroll_regions(job *j, const char *path)
{
    kao_regions found;
    kao_error err = { 0 };
    bool named = false;

    if (is_sidecar(path))
        return CLI_YES;
    const kao_status st = cli_regions_read(j->use.crew.ctx, path, &found, &err);

    if (st)
        return cli_report_object("enroll", "file", path, j->args->json, st, &err);
    for (size_t i = 0; i < found.n; i++)
        named = named || found.list[i].name[0];
    const int status = named ? enroll_named(j, path, &found) : CLI_YES;

    j->n_named += named;
    kao_regions_free(j->use.crew.ctx, &found);
    return status;
}

/* ---- a person ---- */

/* What is no picture is left out in a folder: it has files of other programs, and kao identify
 * --write-regions puts some there. */
static int enroll_one(job *j, const char *path, const char *name, int64_t *person,
                      bool in_folder)
{
    outcome o = { .reasons = kao_json_array() };
    kao_error err = { 0 };
    const kao_status st = take(j, path, name, person, &o, &err);

    if (st && in_folder && cli_is_no_picture(path, st)) {
        kao_json_free(o.reasons);
        return CLI_YES;
    }
    j->n_seen++;
    if (st) {
        kao_json_free(o.reasons);
        return cli_report_object("enroll", "file", path, j->args->json, st, &err);
    }
    return tell(j, path, name, *person, &o);
}

static int is_visible(const struct dirent *e)
{
    return e->d_name[0] != '.';
}

static int enroll_path(job *j, const char *path, const char *name, int64_t *person,
                       int depth);

/* A folder whose files cannot be listed. */
static int report_folder(const job *j, const char *path, int sys)
{
    kao_error err = { 0 };
    const kao_status st = kao_fail_sys(&err, KAO_E_IO, sys, "%s", path);

    return cli_report_object("enroll", "file", path, j->args->json, st, &err);
}

static int enroll_folder(job *j, const char *path, const char *name, int64_t *person,
                         int depth)
{
    struct dirent **list = NULL;
    const int n =
        depth > FOLDERS_MOST ? -1 : scandir(path, &list, is_visible, alphasort);
    int status = CLI_YES;

    if (n < 0)
        return report_folder(j, path, depth > FOLDERS_MOST ? ELOOP : errno);
    for (int i = 0; i < n; i++) {
        char *file = cli_path_in(path, list[i]->d_name);
        int s = CLI_FAULT;

        if (file) {
            s = cli_is_stream(file) ||
                        (kao_is_folder(file) && depth > 0 && !j->args->regions)
                    ? CLI_YES /* a folder's pictures, and those of folders in it */
                    : enroll_path(j, file, name, person, depth + 1);
        } else {
            fprintf(stderr, "kao enroll: out of memory\n");
        }
        status = s > status ? s : status;
        free(file);
        free(list[i]);
    }
    free(list);
    return status;
}

static int enroll_path(job *j, const char *path, const char *name, int64_t *person,
                       int depth)
{
    if (kao_is_folder(path))
        return enroll_folder(j, path, name, person, depth);
    return j->args->regions ? enroll_regions(j, path)
                            : enroll_one(j, path, name, person, depth > 0);
}

static int take_person(void *user, const kao_person *p)
{
    *(int64_t *)user = p->number;
    return 0;
}

/* The person of that name, 0 if there is none yet. */
static kao_status find_person(job *j, const char *name, int64_t *person, kao_error *err)
{
    kao_status st = cli_person_of(&j->use, name, person, err);

    if (st == KAO_E_NOT_FOUND && name[0] != '#') {
        *person = 0;
        return KAO_OK;
    }
    return st ? st : kao_gallery_person(j->use.g, *person, take_person, person, err);
}

static int enroll_person(job *j, const char *name, char **paths, int n)
{
    kao_error err = { 0 };
    int64_t person = 0;
    char *own = NULL; /* of a person who is there: "#7" is no name */
    kao_status st = find_person(j, name, &person, &err);
    int status = CLI_YES;

    if (!st && person)
        st = cli_person_name(&j->use, person, &own, &err);
    const char *told = person ? own : name;

    if (st)
        return j->args->people ? cli_report_object("enroll", "file", paths[0],
                                                   j->args->json, st, &err)
                               : cli_report("enroll", st, &err);
    for (int i = 0; i < n; i++) {
        const int s = enroll_path(j, paths[i], told, &person, 0);

        status = s > status ? s : status;
    }
    free(own);
    return status;
}

/* A folder a person. */
static int enroll_people(job *j, const char *folder)
{
    struct dirent **list = NULL;
    const int n = scandir(folder, &list, is_visible, alphasort);
    int status = CLI_YES;

    if (n < 0)
        return report_folder(j, folder, errno);
    for (int i = 0; i < n; i++) {
        char *path = cli_path_in(folder, list[i]->d_name), name[KAO_NAME_MAX_BYTES + 1];
        int s = CLI_FAULT;

        if (path) {
            snprintf(name, sizeof name, "%s", list[i]->d_name);
            kao_text_compose(name, sizeof name);
            s = kao_is_folder(path) ? enroll_person(j, name, &path, 1) : CLI_YES;
        } else {
            fprintf(stderr, "kao enroll: out of memory\n");
        }
        status = s > status ? s : status;
        free(path);
        free(list[i]);
    }
    free(list);
    return status;
}

int cli_enroll_run(int argc, char **argv)
{
    enroll_args args = { .use.photo.faces.choice = KAO_CHOOSE_ERROR };
    cli_operands rest;
    kao_error err = { 0 };
    int status = CLI_BAD;

    if (!cli_begin("enroll", argc, argv, &args, &rest, &status))
        return status;
    if (args.people || args.regions ? rest.n < 1 : rest.n < 2) {
        fprintf(stderr, "kao enroll: wanted %s (see kao enroll --help)\n",
                args.regions  ? "pictures with names in them, or a folder of them"
                : args.people ? "a folder with a folder a person"
                              : "a name and pictures, or a folder of them");
        return CLI_BAD;
    }
    if (args.people && args.regions) {
        fprintf(stderr, "kao enroll: --people or --regions\n");
        return CLI_BAD;
    }
    for (int i = 0; args.regions && i < rest.n; i++)
        if (cli_is_stream(rest.items[i])) {
            fprintf(stderr, "kao enroll: --regions reads a picture twice, which "
                            "standard input or a pipe cannot be\n");
            return CLI_BAD;
        }
    if (args.use.photo.faces.all) {
        fprintf(stderr, "kao enroll: --faces all: the faces of a picture are not one "
                        "person's\n");
        return CLI_BAD;
    }
    job j = { .args = &args };
    /* a person's number is one of a gallery that is there */
    const bool numbered = !args.people && !args.regions && rest.items[0][0] == '#';
    kao_status st =
        cli_gallery_open(&j.use, &args.use,
                         numbered ? CLI_GALLERY_WRITE : CLI_GALLERY_CREATE, true, &err);

    if (!st) {
        st = cli_limit_choose(&j.limit, j.use.embedders[0], j.use.ttas[0], NAN,
                              (double)NAN, CLI_FAR_OF_ALL,
                              kao_model_name(j.use.models[0]), &err);
        if (st)
            cli_gallery_close(&j.use);
    }
    if (st)
        return cli_report("enroll", st, &err);
    status = CLI_YES;
    for (int i = 0; args.people && i < rest.n; i++) {
        const int s = enroll_people(&j, rest.items[i]);

        status = s > status ? s : status;
    }
    for (int i = 0; args.regions && i < rest.n; i++) {
        const int s = enroll_path(&j, rest.items[i], NULL, NULL, 0);

        status = s > status ? s : status;
    }
    if (args.regions && !j.n_named && status == CLI_YES) {
        fprintf(stderr, "kao enroll: no picture has a name in it\n");
        status = CLI_NO_FACE;
    }
    if (!args.people && !args.regions)
        status = enroll_person(&j, rest.items[0], rest.items + 1, rest.n - 1);
    if (!args.regions && !j.n_seen && status == CLI_YES) {
        fprintf(stderr, "kao enroll: no pictures there%s\n",
                args.people ? ": wanted a folder with a folder a person" : "");
        status = CLI_BAD;
    }
    cli_gallery_close(&j.use);
    return cli_finish("enroll", status);
}
