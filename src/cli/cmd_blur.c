/* kao blur: faces made unrecognisable, everybody's or those that the gallery tells. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/cancel.h"
#include "base/error.h"
#include "base/file.h"
#include "cli/blur.h"
#include "cli/commands.h"
#include "media/video.h"

/* Rather a face too many than one that stays; told in the help. */
#define BLUR_MIN_SCORE .4f

const cli_option cli_blur_options[] = {
    { "output", 'o', CLI_TEXT, offsetof(cli_blur_args, output), "FILE",
      "where to: a file; for several pictures a folder" },
    { "only", 0, CLI_LIST, offsetof(cli_blur_args, only), "NAME",
      "hide this person alone; several times: these" },
    { "except", 0, CLI_LIST, offsetof(cli_blur_args, except), "NAME",
      "hide everybody but this person; several times: but these" },
    { "strangers", 0, CLI_FLAG, offsetof(cli_blur_args, strangers), NULL,
      "hide who is not in the gallery, or has no name there" },
    { "mode", 0, CLI_WORD, offsetof(cli_blur_args, mode), "blur|mosaic|black",
      "smeared, in large squares, or black [blur]" },
    { "plan", 0, CLI_TEXT, offsetof(cli_blur_args, plan), "FILE",
      "of a video: write who was found where, and who is hidden, as JSON" },
    { "from", 0, CLI_TEXT, offsetof(cli_blur_args, from), "FILE",
      "of a video: draw by such a file instead of looking for faces" },
    CLI_WATCH_GALLERY_OPTIONS(cli_blur_args),
    CLI_WATCH_LIMIT_OPTIONS(cli_blur_args),
    CLI_WATCH_NETWORK_OPTIONS(cli_blur_args, "0.4"),
    { "json", 0, CLI_FLAG, offsetof(cli_blur_args, json), NULL,
      "one JSON object a file" },
    { .name = NULL },
};

/* ---- who? ---- */

bool cli_blur_hides(const cli_blur *b, int64_t person, const char *name)
{
    bool listed = false;

    for (size_t i = 0; i < b->n; i++)
        listed |= b->people[i] == person;
    if (b->args->only.n)
        return listed;
    if (b->args->except.n)
        return !listed;
    return !b->args->strangers || !person || !name;
}

static int pass_over(void *user, const kao_person *p)
{
    (void)user, (void)p;
    return 0;
}

/* A number is looked up, too: of a wrong one nobody would be hidden. */
static kao_status find_people(cli_blur *b, kao_error *err)
{
    const cli_list *l = b->args->only.n ? &b->args->only : &b->args->except;
    kao_status st = KAO_OK;

    if ((l->n || b->args->strangers) && !b->w.use.g)
        return kao_fail(err, KAO_E_ARG, "there is no gallery that tells who is who");
    for (size_t i = 0; !st && i < l->n; i++) {
        st = cli_person_of(&b->w.use, l->items[i], &b->people[b->n], err);
        if (!st)
            st =
                kao_gallery_person(b->w.use.g, b->people[b->n++], pass_over, NULL, err);
    }
    return st;
}

/* ---- pictures ---- */

/* Who face i is; 0: nobody known. A face that cannot be embedded is nobody. */
static kao_status person_of(cli_blur *b, const cli_photo *p, size_t i,
                            const cli_limit *limit, int64_t *person, kao_error *err)
{
    kao_match m[1] = { { .size = sizeof m[0] } };
    float *vectors = NULL;
    size_t n = 0;

    *person = 0;
    kao_status st = cli_gallery_embed(&b->w.use, p, i, &vectors, NULL, err);

    if (st == KAO_E_NO_FACE || st == KAO_E_TOO_SMALL || st == KAO_E_BAD_EMBEDDING)
        return KAO_OK;
    if (!st)
        st = kao_gallery_search(
            b->w.use.g, 0, cli_gallery_vector(&b->w.use, vectors, 0), 1, m, &n, err);
    free(vectors);
    if (!st && n && m[0].similarity >= limit->threshold)
        *person = m[0].person;
    return st;
}

static kao_status hide_faces(cli_blur *b, cli_photo *p, size_t *n_hidden,
                             kao_error *err)
{
    const bool all = !b->args->only.n && !b->args->except.n && !b->args->strangers;
    cli_limit limit = { .threshold = 1 };
    uint64_t templates = 0;
    kao_status st = all ? KAO_OK
                        : cli_gallery_limit(&b->w.use, b->args->w.threshold,
                                            b->args->w.fpir, &limit, &templates, err);
    bool *hide = calloc(p->n_faces + 1, sizeof *hide);

    if (!st && !hide)
        st = kao_fail(err, KAO_E_NOMEM, "out of memory");
    for (size_t i = 0; !st && i < p->n_faces;
         i++) { /* before the first one is hidden */
        int64_t person = 0;

        if (!all)
            st = person_of(b, p, i, &limit, &person, err);
        if (!st)
            hide[i] = cli_blur_hides(b, person, cli_watch_name(&b->w, person));
    }
    for (size_t i = 0; !st && i < p->n_faces; i++) {
        const kao_face *f = &p->faces[i];

        if (!hide[i])
            continue;
        st = kao_hide(b->w.ctx, &p->image,
                      (kao_hide_rect){ f->x, f->y, f->width, f->height },
                      (kao_hide_mode)b->args->mode, err);
        ++*n_hidden;
    }
    free(hide);
    return st;
}

static kao_status blur_picture(cli_blur *b, const char *path, const char *to,
                               size_t *n_faces, size_t *n_hidden, kao_error *err)
{
    cli_photo p = { .faces = NULL };
    kao_status st = cli_photo_detect(b->w.worker, path, KAO_SEARCH_ALL, true, &p, err);

    if (st == KAO_E_NO_FACE)
        st = KAO_OK;
    if (!st)
        st = hide_faces(b, &p, n_hidden, err);
    *n_faces = p.n_faces;
    b->writes = st == KAO_OK;
    if (!st)
        st = kao_image_save(b->w.ctx, to, &p.image, err);
    cli_photo_free(b->w.worker, &p);
    return st;
}

/* Whether a file is a picture: by its content, as it is read; over a picture's bytes it is a video. A
 * pipe is one: a video is looked through twice. */
static bool is_picture(const cli_blur *b, const char *path)
{
    const kao_image_options small = { .max_side = 1 };
    kao_image image = { 0 };
    struct stat info;

    if (kao_is_folder(path) || kao_video_is_live(path))
        return false;
    if (cli_is_stream(path))
        return true;
    if (stat(path, &info) == 0 && info.st_size > (off_t)KAO_IMAGE_MAX_BYTES)
        return false;
    const kao_status st = kao_image_load(b->w.ctx, path, &small, &image, NULL);

    kao_image_free(b->w.ctx, &image);
    return st != KAO_E_FORMAT && st != KAO_E_UNSUPPORTED;
}

/* ---- all ---- */

static int tell(const cli_blur *b, const char *path, const char *to, bool picture,
                size_t n, size_t n_hidden)
{
    if (!b->args->json) {
        printf("%s: %zu of %zu %s hidden%s%s\n", path, n_hidden, n,
               picture ? "faces" : "people", to ? ": " : "", to ? to : "");
        return CLI_YES;
    }
    kao_json *o = kao_json_object();

    kao_json_set(o, "file", kao_json_string(path));
    kao_json_set(o, "output", kao_json_string(to));
    kao_json_set(o, picture ? "faces" : "tracks", kao_json_integer((int64_t)n));
    kao_json_set(o, "hidden", kao_json_integer((int64_t)n_hidden));
    return cli_print_json("blur", o);
}

static int blur_one(cli_blur *b, const char *path, bool folder)
{
    const bool picture = is_picture(b, path);
    const char *out = b->args->output;
    kao_error err = { 0 };
    char to[4096];
    size_t n = 0, n_hidden = 0, stem = 0;
    kao_status st = KAO_OK;

    b->writes = false;
    if (folder) {
        const char *name = cli_stem(path, &stem);

        if ((size_t)snprintf(to, sizeof to, "%s/%.*s.%s", out, (int)stem, name,
                             picture ? "jpg" : "mp4") >= sizeof to)
            st = kao_fail(&err, KAO_E_ARG, "%s: the path is too long", path);
        else if (kao_is_same_file(to, path))
            st = kao_fail(&err, KAO_E_ARG,
                          "%s: would be written over: -o: another folder", path);
    }
    if (!st && picture && (!out || b->args->from || b->args->plan))
        st = kao_fail(&err, KAO_E_ARG,
                      "%s: a picture: -o says where to; --plan and --from "
                      "are for videos",
                      path);
    else if (!st && picture)
        st = blur_picture(b, path, folder ? to : out, &n, &n_hidden, &err);
    else if (!st && folder)
        st =
            kao_fail(&err, KAO_E_ARG, "%s: a video: one at a time, -o is a file", path);
    else if (!st)
        st = cli_blur_video(b, path, &n, &n_hidden, &err);
    if (st == KAO_E_CANCELLED)
        return CLI_YES; /* nothing is left of it */
    if (!st)
        return tell(b, path, folder ? to : out, picture, n, n_hidden);
    const int status = cli_report_object("blur", "file", path, b->args->json, st, &err);

    return b->writes && st == KAO_E_IO ? CLI_FAULT : status;
}

static bool check_args(const cli_blur_args *a, const cli_operands *rest)
{
    const int kinds =
        (a->only.n > 0) + (a->except.n > 0) + a->strangers + (a->from != NULL);

    if (rest->n == 0)
        fprintf(stderr, "kao blur: no picture or video given (see kao blur --help)\n");
    else if (kinds > 1)
        fprintf(stderr, "kao blur: one of --only, --except, --strangers and --from\n");
    else if (a->from && a->plan)
        fprintf(stderr, "kao blur: --plan is written where faces are looked for, "
                        "--from looks for none: one of both\n");
    else if (!a->output && !a->plan)
        fprintf(stderr, "kao blur: -o says where the result goes\n");
    else if (rest->n > 1 && (!a->output || !kao_is_folder(a->output)))
        fprintf(stderr,
                "kao blur: -o: a folder that is there, which several pictures need\n");
    else
        return true;
    return false;
}

int cli_blur_run(int argc, char **argv)
{
    cli_blur_args args = { .w = CLI_WATCH_DEFAULTS };
    cli_blur b = { .args = &args };
    cli_operands rest;
    kao_error err = { 0 };
    int status = CLI_BAD;

    if (!cli_begin("blur", argc, argv, &args, &rest, &status))
        return status;
    if (!check_args(&args, &rest))
        return CLI_BAD;
    const bool folder = args.output && kao_is_folder(args.output);

    if (folder) {
        status = cli_check_stems("blur", rest.items, (size_t)rest.n);
        if (status)
            return status;
    }
    args.w.unsure = true;
    args.w.with_ignored = true; /* a face is hidden, whatever it is */
    if (!(args.w.use.photo.min_score > 0))
        args.w.use.photo.min_score = BLUR_MIN_SCORE;
    if (!args.only.n && !args.except.n && !args.strangers && !args.w.use.gallery)
        args.w.no_gallery = true;
    kao_status st = cli_watch_open(&b.w, &args.w, &err);

    if (!st)
        st = find_people(&b, &err);
    status = st ? cli_report("blur", st, &err) : CLI_YES;
    for (int i = 0; !st && i < rest.n; i++) {
        const int s = blur_one(&b, rest.items[i], folder);

        if (kao_cancelled(b.w.cancel))
            cli_watch_end(&b.w);
        status = s > status ? s : status;
    }
    cli_watch_close(&b.w);
    return cli_finish("blur", status);
}
