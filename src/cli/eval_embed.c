/* See eval_embed.h. Pictures go through in batches, a batch a thread: each thread has a session
 * of its own, so that none waits for another between two layers. */
#include "cli/eval_embed.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpus.h"
#include "base/error.h"
#include "train/masks.h"

enum { BATCH = 8, LINES_MAX = 20, CROP = 112, BORDER = 8 };

void eval_say(const eval_args *args, size_t already, const char *line)
{
    if (already < LINES_MAX)
        fprintf(stderr, "kao %s: %s\n", args->command, line);
    else if (already == LINES_MAX)
        fprintf(stderr, "kao %s: ... and more\n", args->command);
}

bool eval_may_choose(const eval_args *args, bool finds)
{
    const cli_photo_options *o = &args->photo;

    if (o->faces.all || (cli_faces_given(&o->faces) && !args->photos))
        fprintf(stderr, "kao %s: --faces wants --photos, and one face of a picture\n",
                args->command);
    else if (o->min_score > 0 && !args->photos && !finds)
        fprintf(stderr, "kao %s: --min-score wants --photos\n", args->command);
    else
        return true;
    return false;
}

/* A calibration has no use for pairs that nothing was measured of. */
static bool can_reject(const eval_args *args)
{
    return strcmp(args->command, "eval") == 0;
}

bool eval_may_begin(const eval_args *args, const kao_pictures *pictures,
                    const char *const *names, size_t n)
{
    size_t missing = 0;

    for (size_t i = 0; i < n && args->unusable == EVAL_REFUSE; i++) {
        char line[1024];

        if (kao_pictures_has(pictures, names[i]))
            continue;
        snprintf(line, sizeof line, "%s: no picture %s in it", pictures->path,
                 names[i]);
        eval_say(args, missing++, line);
    }
    if (missing)
        fprintf(stderr,
                "kao %s: %zu of %zu pictures are missing: refused; --unusable drop%s "
                "goes on\n",
                args->command, missing, n, can_reject(args) ? " or reject" : "");
    return missing == 0;
}

/* ---- a batch ---- */

typedef struct batch {
    size_t first, n;
    kao_status st[BATCH];
    kao_error err[BATCH];
} batch;

/* The crop, without the border that packs for training keep around it. */
static kao_status middle(const kao_template *t, const kao_image *image, kao_view *view,
                         kao_error *err)
{
    *view = kao_image_view(image);
    if (t->whole || (image->width == t->width && image->height == t->height))
        return KAO_OK;
    if (image->width != t->width + 2 * BORDER ||
        image->height != t->height + 2 * BORDER)
        return kao_fail(err, KAO_E_UNSUPPORTED,
                        "%u x %u pixels; wanted an aligned crop of %u x %u (or with 8 "
                        "more on each side); whole photographs need --photos",
                        image->width, image->height, t->width, t->height);
    view->plane[0] += BORDER * view->stride[0] + BORDER * 3;
    view->width = t->width;
    view->height = t->height;
    return KAO_OK;
}

/* A mask over the face, where the template has it; the same one in every run. */
static void draw_mask(const eval_vectors *v, const kao_template *t, size_t i,
                      const kao_image *image)
{
    kao_random r = kao_random_stream(v->args->seed, i, 7);
    const float border = image->width == t->width ? 0 : BORDER;
    kao_point points[KAO_FACE_POINTS];

    for (int k = 0; k < KAO_FACE_POINTS; k++)
        points[k] = (kao_point){ t->points[k].x + border, t->points[k].y + border };
    (void)kao_mask_draw(&r, image, points);
}

/* Crops of arcface-112 (or with its border) for a network of another template by points and of
 * another size: where their points lie is known. What the crop does not show is black. */
static bool is_other_crop(const kao_template *t, const kao_image *image)
{
    return t->margin == 0 && !t->whole && t->width != CROP &&
           image->width == image->height &&
           (image->width == CROP || image->width == CROP + 2 * BORDER);
}

static kao_status align_crop(cli_worker *w, const kao_template *to, kao_image *image,
                             kao_error *err)
{
    const float border = image->width == CROP ? 0 : BORDER;
    const kao_view view = kao_image_view(image);
    kao_face face = {
        .size = sizeof face, .width = CROP, .height = CROP, .n_points = KAO_FACE_POINTS
    };
    kao_template from;
    kao_image chip = { 0 };
    kao_status st = kao_template_find(&from, "arcface-112", CROP, CROP, err);

    for (int k = 0; !st && k < KAO_FACE_POINTS; k++)
        face.points[k] =
            (kao_point){ from.points[k].x + border, from.points[k].y + border };
    if (!st)
        st = kao_align(w->ctx, &view, &face, to, &chip, err);
    if (st)
        return st;
    kao_image_free(w->ctx, image);
    *image = chip;
    return KAO_OK;
}

static kao_status read_crop(const eval_vectors *v, cli_worker *w, size_t i,
                            kao_image *image, kao_view *view, kao_error *err)
{
    kao_picture bytes = { 0 };
    kao_status st = kao_pictures_read(v->pictures, v->names[i], &bytes, err);

    if (!st) {
        const kao_template *t = kao_embedder_template(w->embedder);
        const kao_image_options options = { .grey = t->whole };

        st = kao_image_decode(w->ctx, bytes.bytes.p, bytes.bytes.n, &options, image,
                              err);
        if (!st && is_other_crop(t, image))
            st = align_crop(w, t, image, err);
        if (!st)
            st = middle(t, image, view, err);
        if (!st && v->masked)
            draw_mask(v, t, i, image);
        if (st)
            kao_error_prefix(err, st, "%s", v->names[i]);
    }
    kao_picture_close(&bytes);
    return st;
}

static void keep_quality(const eval_vectors *v, const cli_worker *w, size_t i,
                         kao_quality *q, float norm)
{
    v->quality[i][EVAL_BY_PICTURE] = q->score;
    v->quality[i][EVAL_BY_NORM] = norm;
    kao_quality_norm(q, w->embedder, norm);
    v->quality[i][EVAL_BY_SCORE] = q->score;
}

/* Those that could be read in one call; where that fails, each by itself, so that the one at
 * fault is known. */
static void embed_crops(const eval_vectors *v, cli_worker *w, batch *b)
{
    const kao_tta tta = w->tta;
    kao_image images[BATCH] = { { 0 } };
    kao_view views[BATCH];
    float norms[BATCH];
    float *out = v->vectors + b->first * v->dim;
    bool whole = true;

    for (size_t i = 0; i < b->n; i++) {
        b->st[i] = read_crop(v, w, b->first + i, &images[i], &views[i], &b->err[i]);
        whole = whole && !b->st[i];
    }
    if (!whole || kao_embed_norms(w->embedder, views, b->n, tta, out, norms, NULL))
        for (size_t i = 0; i < b->n; i++)
            if (!b->st[i]) {
                b->st[i] = kao_embed_norms(w->embedder, &views[i], 1, tta,
                                           out + i * v->dim, &norms[i], &b->err[i]);
                if (b->st[i])
                    kao_error_prefix(&b->err[i], b->st[i], "%s",
                                     v->names[b->first + i]);
            }
    for (size_t i = 0; v->quality && i < b->n; i++) {
        kao_quality q = KAO_QUALITY_INIT;

        if (b->st[i])
            continue;
        b->st[i] = kao_quality_of(w->ctx, &views[i], NULL, &q, &b->err[i]);
        if (!b->st[i])
            keep_quality(v, w, b->first + i, &q, norms[i]);
    }
    for (size_t i = 0; i < b->n; i++)
        kao_image_free(w->ctx, &images[i]);
}

static void embed_photo(const eval_vectors *v, cli_worker *w, batch *b, size_t i)
{
    const char *name = v->names[b->first + i];
    kao_picture bytes = { 0 };
    cli_photo photo = { 0 };

    b->st[i] = kao_pictures_read(v->pictures, name, &bytes, &b->err[i]);
    if (!b->st[i])
        b->st[i] = cli_photo_embed_bytes(w, name, bytes.bytes,
                                         cli_search_for(&v->args->photo.faces), &photo,
                                         &b->err[i]);
    if (!b->st[i])
        memcpy(v->vectors + (b->first + i) * v->dim, photo.vectors,
               v->dim * sizeof *photo.vectors);
    if (!b->st[i] && v->quality) {
        kao_quality *q = &photo.facts[photo.chosen[0]].picture;

        keep_quality(v, w, b->first + i, q, photo.norms[0]);
    }
    cli_photo_free(w, &photo);
    kao_picture_close(&bytes);
}

static void *work(void *worker, void *user, size_t item)
{
    const eval_vectors *v = user;
    batch *b = calloc(1, sizeof *b);

    if (!b)
        return NULL;
    b->first = item * BATCH;
    b->n = v->n - b->first < BATCH ? v->n - b->first : BATCH;
    if (!v->args->photos)
        embed_crops(v, worker, b);
    for (size_t i = 0; v->args->photos && i < b->n; i++)
        embed_photo(v, worker, b, i);
    return b;
}

static int emit(void *user, size_t item, void *result)
{
    eval_vectors *v = user;
    batch *b = result;
    int status = CLI_YES;

    (void)item;
    if (!b) {
        fprintf(stderr, "kao %s: out of memory\n", v->args->command);
        return CLI_FAULT;
    }
    for (size_t i = 0; i < b->n; i++) {
        v->usable[b->first + i] = !b->st[i];
        if (!b->st[i])
            continue;
        if (b->st[i] == KAO_E_NOMEM)
            status = CLI_FAULT;
        if (!v->masked || status) /* those of the bare pictures have been named */
            eval_say(v->args, v->masked ? 0 : v->n_unusable, b->err[i].msg);
        v->n_unusable++;
    }
    free(b);
    return status;
}

/* ---- all of them ---- */

static kao_status open_crew(eval_vectors *v, cli_photo_options *photo, kao_error *err)
{
    kao_status st = cli_crew_open(&v->crew, photo, v->n, true, err);

    if (!st && v->args->photos)
        st = cli_check_faces(&v->crew, "--photos could align", err);
    if (st)
        return st;
    const kao_embedder *e = v->crew.workers[0].embedder;
    const kao_template *t = kao_embedder_template(e);

    if (v->args->masked && (t->margin > 0 || t->whole))
        return kao_fail(err, KAO_E_UNSUPPORTED,
                        "%s: --masked: masks are drawn by points, and its template "
                        "says nothing of where they are",
                        kao_model_name(kao_embedder_model(e)));
    v->dim = kao_embedder_dim(e, v->crew.workers[0].tta);
    if (isnan(v->threshold))
        (void)kao_embedder_threshold(e, &v->threshold);
    v->vectors = calloc(v->n, v->dim * sizeof *v->vectors);
    v->usable = calloc(v->n, sizeof *v->usable);
    if (v->args->discard)
        v->quality = calloc(v->n, sizeof *v->quality);
    return v->vectors && v->usable && (v->quality || !v->args->discard)
               ? KAO_OK
               : kao_fail(err, KAO_E_NOMEM, "out of memory");
}

int eval_embed(eval_vectors *v, const eval_args *args, const kao_pictures *pictures,
               const char *const *names, size_t n)
{
    const uint32_t threads = args->threads ? args->threads : kao_cpus_find("").usable;
    kao_error err = { 0 };

    *v = (eval_vectors){ .args = args,
                         .pictures = pictures,
                         .names = names,
                         .n = n,
                         .masked = v->masked,
                         .threshold = args->threshold };
    v->photo = args->photo;
    v->photo.jobs = threads;
    v->photo.threads = 1;
    v->photo.no_detect = !args->photos;
    const kao_status st = open_crew(v, &v->photo, &err);

    if (st)
        return cli_report(args->command, st, &err);
    const cli_jobs jobs = { .n_items = (n + BATCH - 1) / BATCH,
                            .n_workers = v->crew.n,
                            .workers = v->crew.workers,
                            .worker_bytes = sizeof *v->crew.workers,
                            .user = v,
                            .work = work,
                            .emit = emit,
                            .n_counted = n,
                            .silent = true };
    const int status = cli_jobs_run(&jobs, args->command);

    if (v->n_unusable && !v->masked)
        fprintf(stderr, "kao %s: %zu of %zu pictures cannot be used\n", args->command,
                v->n_unusable, n);
    if (v->n_unusable && args->unusable == EVAL_REFUSE && status < CLI_BAD) {
        fprintf(stderr, "kao %s: refused; --unusable drop leaves their pairs out%s\n",
                args->command,
                can_reject(args) ? ", --unusable reject counts them as different" : "");
        return CLI_BAD;
    }
    return status;
}

void eval_vectors_free(eval_vectors *v)
{
    if (v->args)
        cli_crew_close(&v->crew);
    free(v->vectors);
    free(v->usable);
    free(v->quality);
    *v = (eval_vectors){ .args = NULL };
}

int eval_write(const eval_args *args, kao_bytes *b, const char *path, bool fine)
{
    kao_error err = { 0 };
    kao_status st =
        fine ? KAO_OK : kao_fail(&err, KAO_E_NOMEM, "%s: out of memory", path);

    /* of /dev/stdout it comes behind what was printed, not into it */
    (void)cli_flush();
    if (!st)
        st = kao_file_write(b->mem, path, b->p, b->n, &err);
    kao_bytes_free(b);
    if (!st)
        return CLI_YES;
    cli_report(args->command, st, &err);
    return CLI_FAULT;
}

const char *eval_mirror(const eval_vectors *v)
{
    static const char *const names[] = { "none", "concat", "sum" };

    return names[v->crew.workers[0].tta];
}

kao_json *eval_setting_json(const eval_vectors *v)
{
    kao_json *o = kao_json_object();

    kao_json_set(o, "pictures_from", kao_json_string(v->pictures->path));
    kao_json_set(o, "note", kao_json_string(v->args->note));
    kao_json_set(o, "model", kao_json_string(v->crew.found[CLI_EMBEDDER].path));
    kao_json_set(o, "tta", kao_json_string(eval_mirror(v)));
    kao_json_set(o, "detector",
                 v->crew.detector ? kao_json_string(v->crew.found[CLI_DETECTOR].path)
                                  : kao_json_null());
    kao_json_set(o, "pictures", kao_json_integer((int64_t)v->n));
    kao_json_set(o, "unusable", kao_json_integer((int64_t)v->n_unusable));
    return o;
}
