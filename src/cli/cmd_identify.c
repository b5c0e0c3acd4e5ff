/* kao identify: who is on these pictures, of those in the gallery?
 *
 * The threshold follows the gallery's size: of a stranger's faces --fpir is how many may be taken
 * for somebody. N samples are N chances: the rate for one pair is 1 - (1 - fpir)^(1/N). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "cli/commands.h"
#include "cli/gallery_use.h"
#include "cli/odds.h"
#include "cli/regions_use.h"
#include "cli/room.h"

enum { NEAREST_MOST = 64, FORMAT_KAO = 0, FORMAT_FACE_RECOGNITION = 1 };

typedef struct identify_args {
    cli_gallery_options use;
    float threshold;
    double fpir;
    uint32_t nearest;
    const char *group;
    int format;
    bool json, write_regions, in_place;
} identify_args;

const cli_option cli_identify_options[] = {
    CLI_GALLERY_OPTION(identify_args),
    CLI_GALLERY_KEY_OPTION(identify_args),
    { "fpir", 0, CLI_RATE, offsetof(identify_args, fpir), "X",
      "so many of a stranger's faces may be taken for somebody of this gallery "
      "[0.01]" },
    { "threshold", 0, CLI_COSINE, offsetof(identify_args, threshold), "X",
      "known from this similarity on, -1..1 [by --fpir]" },
    { "group", 0, CLI_TEXT, offsetof(identify_args, group), "GROUP",
      "look among the people of this group alone [everybody]" },
    { "nearest", 'k', CLI_COUNT, offsetof(identify_args, nearest), "N",
      "people told for each face, 64 at most [3]" },
    { "faces", 'f', CLI_FACES, offsetof(identify_args, use.photo.faces),
      "largest|center|best|all|error|N", "which faces of a picture [all]" },
    { "format", 0, CLI_WORD, offsetof(identify_args, format), "kao|face_recognition",
      "face_recognition: lines as that program prints them, \"file,name\" [kao]" },
    { "write-regions", 0, CLI_FLAG, offsetof(identify_args, write_regions), NULL,
      "put the names of those who are known where other programs read them: as face "
      "regions of XMP, into PICTURE.xmp beside the picture" },
    { "in-place", 0, CLI_FLAG, offsetof(identify_args, in_place), NULL,
      "--write-regions: into the picture itself, a JPEG or PNG" },
    CLI_GALLERY_NETWORK_OPTIONS(identify_args),
    { "json", 0, CLI_FLAG, offsetof(identify_args, json), NULL,
      "one JSON object a face" },
    { .name = NULL },
};

typedef struct job {
    const identify_args *args;
    cli_gallery use;
    cli_limit limit;
    uint64_t n_templates;
    size_t k;
} job;

typedef struct answer { /* for a face */
    kao_match matches[NEAREST_MOST];
    char *names[NEAREST_MOST]; /* or NULL: has none */
    size_t n;
    bool known, ignored; /* not both */
    float threshold;
    kao_odds pair, gallery; /* of one pair; of so many samples */
} answer;

static void answer_free(answer *a)
{
    for (size_t i = 0; i < a->n; i++)
        free(a->names[i]);
}

static int take_ignored(void *user, const kao_person *p)
{
    *(bool *)user = p->ignored != 0;
    return 0;
}

static kao_status ask(job *j, const cli_photo *photo, size_t face, answer *a,
                      kao_error *err)
{
    float *vectors = NULL;

    *a = (answer){ .matches = { { .size = sizeof a->matches[0] } } };
    if (j->use.n == 0) /* an empty gallery */
        return KAO_OK;
    kao_status st = cli_gallery_embed(&j->use, photo, face, &vectors, NULL, err);

    if (!st)
        st = kao_gallery_search_in(j->use.g, 0, j->args->group,
                                   cli_gallery_vector(&j->use, vectors, 0), 1, j->k,
                                   a->matches, &a->n, err);
    free(vectors);
    for (size_t i = 0; !st && i < a->n; i++)
        st = cli_person_name(&j->use, a->matches[i].person, &a->names[i], err);
    if (st || a->n == 0)
        return st;
    a->threshold = j->limit.threshold;
    a->known = a->matches[0].similarity >= a->threshold;
    if (a->known)
        st = kao_gallery_person(j->use.g, a->matches[0].person, take_ignored,
                                &a->ignored, err);
    a->known = a->known && !a->ignored;
    a->pair =
        kao_odds_of(j->limit.calibration, j->limit.tta, a->matches[0].similarity, 1);
    a->gallery = kao_odds_of(j->limit.calibration, j->limit.tta,
                             a->matches[0].similarity, (size_t)j->n_templates);
    return st;
}

/* ---- telling ---- */

static kao_json *person_json(const answer *a, size_t i)
{
    kao_json *o = kao_json_object();

    kao_json_set(o, "person", kao_json_integer(a->matches[i].person));
    kao_json_set(o, "name", kao_json_string(a->names[i]));
    kao_json_set(o, "similarity", kao_json_float(a->matches[i].similarity));
    return o;
}

static int tell_json(const char *path, const cli_photo *photo, size_t i,
                     const answer *a)
{
    kao_json *o = kao_json_object(), *nearest = kao_json_array();

    for (size_t k = 0; k < a->n; k++)
        kao_json_add(nearest, person_json(a, k));
    kao_json_set(o, "file", kao_json_string(path));
    kao_json_set(o, "face", kao_json_integer((int64_t)photo->chosen[i] + 1));
    kao_json_set(o, "box", kao_box_json(&photo->in_file[i]));
    kao_json_set(o, "person",
                 a->known ? kao_json_integer(a->matches[0].person) : kao_json_null());
    kao_json_set(o, "name", kao_json_string(a->known ? a->names[0] : NULL));
    kao_json_set(o, "ignored", kao_json_bool(a->ignored));
    kao_json_set(o, "similarity",
                 a->n ? kao_json_float(a->matches[0].similarity) : kao_json_null());
    kao_json_set(o, "threshold", a->n ? kao_json_float(a->threshold) : kao_json_null());
    kao_json_set(o, "far",
                 a->pair.known ? kao_json_number(a->pair.far) : kao_json_null());
    kao_json_set(o, "fpir",
                 a->gallery.known ? kao_json_number(a->gallery.far) : kao_json_null());
    kao_json_set(o, "nearest", nearest);
    return cli_print_json("identify", o);
}

static const char *title(const answer *a, size_t i, char to[32])
{
    snprintf(to, 32, "#%lld", (long long)a->matches[i].person);
    return a->names[i] ? a->names[i] : to;
}

static int tell(const job *j, const char *path, const cli_photo *photo, size_t i,
                const answer *a)
{
    char who[32];

    if (j->args->json)
        return tell_json(path, photo, i, a);
    if (j->args->format == FORMAT_FACE_RECOGNITION) {
        if (!a->ignored)
            printf("%s,%s\n", path, a->known ? title(a, 0, who) : "unknown_person");
        return CLI_YES;
    }
    printf("%s\tface %zu\t%s", path, photo->chosen[i] + 1,
           a->known     ? title(a, 0, who)
           : a->ignored ? "ignored"
                        : "unknown");
    if (a->known || a->ignored)
        printf("\t%.3f", (double)a->matches[0].similarity);
    else if (a->n)
        printf("\tnearest %s %.3f", title(a, 0, who), (double)a->matches[0].similarity);
    if (a->gallery.known)
        printf("\t%s%.2g of strangers would be taken for somebody here",
               a->gallery.bound > 0   ? "under "
               : a->gallery.bound < 0 ? "over "
                                      : "",
               a->gallery.far);
    printf("\n");
    return CLI_YES;
}

/* ---- names for other programs ---- */

typedef struct names { /* of a picture */
    kao_region *list;
    size_t n, cap;
} names;

static bool add_name(names *l, const cli_photo *photo, size_t i, const char *name)
{
    kao_region region = cli_region_of(&photo->image, &photo->in_file[i]);

    if (!cli_room(&l->list, &l->cap, l->n + 1, sizeof *l->list))
        return false;
    char *copy = strdup(name);

    if (!copy)
        return false;
    region.name = copy;
    l->list[l->n++] = region;
    return true;
}

static int write_names(job *j, const char *path, const cli_photo *photo, const names *l)
{
    kao_error err = { 0 };
    char *file = NULL;
    size_t n = 0;
    const kao_status st = cli_regions_add(j->use.crew.ctx, path, &photo->image, l->list,
                                          l->n, j->args->in_place, &file, &n, &err);

    if (file)
        fprintf(stderr, "kao identify: %s: %zu name%s written\n", file, n,
                n == 1 ? "" : "s");
    free(file);
    return st ? cli_report_unwritten("identify", st, &err) : CLI_YES;
}

static void names_free(names *l)
{
    for (size_t i = 0; i < l->n; i++)
        free((char *)(uintptr_t)l->list[i].name);
    free(l->list);
}

/* ---- a picture ---- */

static int report_picture(const job *j, const char *path, kao_status st,
                          const kao_error *err)
{
    return cli_report_object("identify", "file", path, j->args->json, st, err);
}

/* Of many faces those that cannot be used are left out, unless that leaves none. */
static int identify_faces(job *j, const char *path, cli_photo *photo)
{
    int status = CLI_YES;
    bool any_told = false;
    names known = { .n = 0 };

    for (size_t i = 0; i < photo->n_chosen; i++) {
        kao_error err = { 0 };
        answer a;
        const kao_status st = ask(j, photo, photo->chosen[i], &a, &err);
        int s = CLI_YES;

        const bool is_last = i + 1 == photo->n_chosen;

        if (st && cli_status_of(st) == CLI_NO_FACE && (any_told || !is_last))
            continue;
        any_told = true;
        if (st) {
            kao_error_prefix(&err, st, "%s", path);
            s = report_picture(j, path, st, &err);
        } else {
            s = tell(j, path, photo, i, &a);
            s = s ? s : a.known || a.ignored ? CLI_YES : CLI_NO;
            if (j->args->write_regions && a.known && a.names[0] &&
                !add_name(&known, photo, i, a.names[0]))
                s = cli_report("identify", kao_fail(&err, KAO_E_NOMEM, "out of memory"),
                               &err);
        }
        answer_free(&a);
        status = s > status ? s : status;
    }
    if (known.n) {
        const int s = write_names(j, path, photo, &known);

        status = s > status ? s : status;
    }
    names_free(&known);
    return status;
}

static int identify_one(job *j, const char *path)
{
    cli_worker *w = &j->use.crew.workers[0];
    cli_photo photo = { .faces = NULL };
    kao_error err = { 0 };
    kao_status st = cli_photo_detect(w, path, KAO_SEARCH_ALL, false, &photo, &err);
    int status = CLI_YES;

    if (!st)
        st = cli_photo_choose(w, path, &photo, &err);
    if (!st) {
        status = identify_faces(j, path, &photo);
    } else {
        if (st == KAO_E_NO_FACE && j->args->format == FORMAT_FACE_RECOGNITION &&
            !j->args->json)
            printf("%s,no_persons_found\n", path);
        status = report_picture(j, path, st, &err);
    }
    cli_photo_free(w, &photo);
    return status;
}

int cli_identify_run(int argc, char **argv)
{
    identify_args args = {
        .threshold = NAN, .fpir = (double)NAN, .use.photo.faces.all = true, .nearest = 3
    };
    cli_operands rest;
    kao_error err = { 0 };
    int status = CLI_BAD;

    if (!cli_begin("identify", argc, argv, &args, &rest, &status))
        return status;
    if (args.in_place && !args.write_regions) {
        fprintf(stderr, "kao identify: --in-place is of --write-regions\n");
        return CLI_BAD;
    }
    if (rest.n == 0 || args.nearest > NEAREST_MOST) {
        fprintf(stderr,
                rest.n ? "kao identify: --nearest %u: 64 at most\n"
                       : "kao identify: no picture given (see kao identify "
                         "--help)\n",
                args.nearest);
        return CLI_BAD;
    }
    for (int i = 0; args.write_regions && i < rest.n; i++)
        if (cli_is_stream(rest.items[i])) {
            fprintf(stderr,
                    "kao identify: --write-regions: standard input or a pipe is no "
                    "file that a name could be put into or beside\n");
            return CLI_BAD;
        }
    job j = { .args = &args, .k = args.nearest };
    kao_status st = cli_check_one_limit(args.threshold, args.fpir, &err);

    if (!st)
        st = cli_gallery_open(&j.use, &args.use, CLI_GALLERY_READ, true, &err);
    if (!st) {
        st = cli_gallery_limit_in(&j.use, args.group, args.threshold, args.fpir,
                                  &j.limit, &j.n_templates, &err);
        if (st)
            cli_gallery_close(&j.use);
    }
    if (st)
        return cli_report("identify", st, &err);
    status = CLI_YES;
    for (int i = 0; i < rest.n; i++) {
        const int s = identify_one(&j, rest.items[i]);

        status = s > status ? s : status;
    }
    cli_gallery_close(&j.use);
    return cli_finish("identify", status);
}
