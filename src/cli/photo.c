/* See photo.h. */
#include "cli/photo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "base/error.h"

/* A JPEG is decoded at half size while its longer side stays at least this long: the
 * detector looks at 1280 pixels at most, and a chip needs 112. */
enum { ENOUGH_PIXELS = 2560 };

enum { WORKERS_MAX = 256 }; /* each holds its own models and threads */

/* ---- workers ---- */

static void worker_close(cli_worker *w)
{
    kao_embedder_destroy(w->embedder);
    kao_detector_destroy(w->detector);
    kao_context_destroy(w->ctx);
    *w = (cli_worker){ .ctx = NULL };
}

static kao_status worker_open(cli_worker *w, const cli_photo_options *o,
                              uint32_t n_workers, bool embedder, kao_error *err)
{
    uint32_t threads = o->threads;
    kao_status st = KAO_OK;

    *w = (cli_worker){ .options = o };
    if (!threads && n_workers > 1) {
        threads = kao_cpu_count() / n_workers;
        threads = threads ? threads : 1;
    }
    st = cli_context(&w->ctx, threads, o->cpu, err);
    if (!st && !o->no_detect)
        st = cli_find_model(o->detector ? o->detector : CLI_DEFAULT_DETECTOR,
                            w->detector_path, sizeof w->detector_path, err);
    if (!st && !o->no_detect)
        st = kao_detector_open(w->ctx, &w->detector, w->detector_path, err);
    if (!st && embedder)
        st = cli_find_model(o->model ? o->model : CLI_DEFAULT_EMBEDDER, w->model_path,
                            sizeof w->model_path, err);
    if (!st && embedder)
        st = kao_embedder_open(w->ctx, &w->embedder, w->model_path, err);
    if (st)
        worker_close(w);
    return st;
}

void cli_workers_close(cli_worker *list, void **pointers, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        worker_close(&list[i]);
    free(list);
    free(pointers);
}

kao_status cli_workers_open(cli_worker **list, void ***pointers, uint32_t *n,
                            const cli_photo_options *o, size_t n_items, bool embedder,
                            kao_error *err)
{
    const uint32_t asked = o->jobs < WORKERS_MAX ? o->jobs : WORKERS_MAX;
    const uint32_t want = n_items < asked ? (uint32_t)n_items : asked ? asked : 1;
    kao_status st = KAO_OK;

    *n = 0;
    *list = calloc(want, sizeof **list);
    *pointers = calloc(want, sizeof **pointers);
    if (!*list || !*pointers)
        st = kao_fail(err, KAO_E_NOMEM, "out of memory");
    for (; !st && *n < want; ++*n) {
        (*pointers)[*n] = &(*list)[*n];
        st = worker_open(&(*list)[*n], o, want, embedder, err);
    }
    if (st) {
        cli_workers_close(*list, *pointers, *n ? *n - 1 : 0);
        *list = NULL;
        *pointers = NULL;
        *n = 0;
    }
    return st;
}

/* ---- faces ---- */

kao_face cli_face_upright(const kao_image *image, const kao_face *face)
{
    const float k = image->reduction > 1 ? (float)image->reduction : 1;
    kao_face f = *face;

    kao_image_full_point(image, face->x, face->y, &f.x, &f.y);
    f.width *= k;
    f.height *= k;
    for (int i = 0; i < KAO_FACE_POINTS; i++)
        kao_image_full_point(image, face->points[i].x, face->points[i].y,
                             &f.points[i].x, &f.points[i].y);
    return f;
}

/* A picture file; "-" is standard input. */
static kao_status load(cli_worker *w, const char *path, const kao_image_options *o,
                       kao_image *image, kao_error *err)
{
    kao_file f = { 0 };
    kao_mem mem;

    if (strcmp(path, "-") != 0)
        return kao_image_load(w->ctx, path, o, image, err);
    kao_mem_init(&mem, NULL);
    kao_status st = cli_read(&f, &mem, path, KAO_IMAGE_MAX_BYTES, err);

    if (st)
        return st;
    st = kao_image_decode(w->ctx, f.bytes.p, f.bytes.n, o, image, err);
    kao_file_close(&f);
    return st ? kao_error_prefix(err, st, "%s", path) : KAO_OK;
}

kao_status cli_photo_detect(cli_worker *w, const char *path, bool coarse_first,
                            bool keep_size, cli_photo *p, kao_error *err)
{
    const kao_image_options io = { .max_side = keep_size ? 0 : ENOUGH_PIXELS };
    const kao_detect_options o = { .min_score = w->options->min_score,
                                   .coarse_first = coarse_first };
    size_t cap = 64;
    kao_status st = load(w, path, &io, &p->image, err);

    while (!st) {
        kao_face *faces = realloc(p->faces, cap * sizeof *faces);

        if (!faces)
            return kao_fail(err, KAO_E_NOMEM, "%s: out of memory", path);
        p->faces = faces;
        st = kao_detect(w->detector, &p->image, &o, p->faces, cap, &p->n_faces, err);
        if (st)
            kao_error_prefix(err, st, "%s", path);
        if (st || p->n_faces <= cap)
            break;
        cap = p->n_faces; /* once more, with room for all */
    }
    return st;
}

static kao_status choose_indices(const cli_worker *w, cli_photo *p, kao_error *err)
{
    const cli_faces *f = &w->options->faces;

    if (p->n_faces == 0)
        return kao_fail(err, KAO_E_NO_FACE, "no face found");
    p->n_chosen = f->all ? p->n_faces : 1;
    p->chosen = calloc(p->n_chosen, sizeof *p->chosen);
    p->upright = calloc(p->n_chosen, sizeof *p->upright);
    if (!p->chosen || !p->upright)
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    for (size_t i = 0; f->all && i < p->n_chosen; i++)
        p->chosen[i] = i;
    if (f->all)
        return KAO_OK;
    if (f->nth > p->n_faces)
        return kao_fail(err, KAO_E_NO_FACE, "face %u of %zu found", f->nth, p->n_faces);
    if (f->nth) {
        p->chosen[0] = f->nth - 1;
        return KAO_OK;
    }
    return kao_face_choose(p->faces, p->n_faces, (kao_choice)f->choice, p->image.width,
                           p->image.height, &p->chosen[0], err);
}

kao_status cli_photo_choose(cli_worker *w, const char *path, cli_photo *p,
                            kao_error *err)
{
    const kao_status st = choose_indices(w, p, err);

    if (st)
        return kao_error_prefix(err, st, "%s", path);
    for (size_t i = 0; i < p->n_chosen; i++)
        p->upright[i] = cli_face_upright(&p->image, &p->faces[p->chosen[i]]);
    return KAO_OK;
}

/* Of --faces all, those that cannot be used are left out; of one, that is the outcome. */
static kao_status cut_chips(cli_worker *w, cli_photo *p, kao_image *chips,
                            kao_error *err)
{
    size_t kept = 0;
    kao_status st = KAO_OK;

    for (size_t i = 0; i < p->n_chosen; i++) {
        st = kao_embedder_align(w->embedder, &p->image, &p->faces[p->chosen[i]],
                                &chips[kept], err);
        if (st && (p->n_chosen == 1 || cli_status_of(st) != CLI_NO_FACE))
            return st;
        if (st)
            continue;
        p->chosen[kept] = p->chosen[i];
        p->upright[kept++] = p->upright[i];
    }
    p->n_chosen = kept;
    return kept ? KAO_OK : st;
}

static kao_status embed_chips(cli_worker *w, cli_photo *p, const kao_image *chips,
                              size_t n, kao_error *err)
{
    const kao_tta tta = (kao_tta)w->options->tta;

    p->dim = kao_embedder_dim(w->embedder, tta);
    p->vectors = calloc(n, p->dim * sizeof *p->vectors);
    if (!p->vectors)
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    return kao_embed(w->embedder, chips, n, tta, p->vectors, err);
}

static kao_status embed_faces(cli_worker *w, const char *path, cli_photo *p,
                              kao_error *err)
{
    kao_status st = cli_photo_detect(w, path, true, false, p, err);

    if (!st)
        st = cli_photo_choose(w, path, p, err);
    if (st)
        return st;
    const size_t n = p->n_chosen;
    kao_image *chips = calloc(n, sizeof *chips);

    st = chips ? cut_chips(w, p, chips, err)
               : kao_fail(err, KAO_E_NOMEM, "out of memory");
    if (!st)
        st = embed_chips(w, p, chips, p->n_chosen, err);
    for (size_t i = 0; chips && i < n; i++)
        kao_image_free(w->ctx, &chips[i]);
    free(chips);
    return st ? kao_error_prefix(err, st, "%s", path) : KAO_OK;
}

kao_status cli_photo_embed(cli_worker *w, const char *path, cli_photo *p,
                           kao_error *err)
{
    const double begin = cli_now_ms();
    kao_status st = KAO_OK;

    if (w->options->no_detect) {
        st = load(w, path, NULL, &p->image, err);
        p->n_chosen = 1;
        if (!st) {
            st = embed_chips(w, p, &p->image, 1, err);
            if (st)
                kao_error_prefix(err, st, "%s", path);
        }
    } else {
        st = embed_faces(w, path, p, err);
    }
    p->ms = cli_now_ms() - begin;
    return st;
}

void cli_photo_drop_image(cli_worker *w, cli_photo *p)
{
    kao_image_free(w->ctx, &p->image);
}

void cli_photo_free(cli_worker *w, cli_photo *p)
{
    kao_image_free(w->ctx, &p->image);
    free(p->faces);
    free(p->chosen);
    free(p->upright);
    free(p->vectors);
    *p = (cli_photo){ .faces = NULL };
}

/* ---- out ---- */

const char *cli_stem(const char *path, size_t *n)
{
    const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    const char *dot = strrchr(name, '.');

    *n = dot && dot != name ? (size_t)(dot - name) : strlen(name);
    return name;
}

static int by_stem(const void *a, const void *b)
{
    size_t n = 0, m = 0;
    const char *x = cli_stem(*(char *const *)a, &n),
               *y = cli_stem(*(char *const *)b, &m);
    const int c = strncmp(x, y, n < m ? n : m);

    return c        ? c
           : n != m ? (n > m) - (n < m)
                    : strcmp(*(char *const *)a, *(char *const *)b);
}

bool cli_stems_clash(const char *command, char **paths, size_t n)
{
    char **sorted = calloc(n, sizeof *sorted);
    bool clash = false;

    if (!sorted) {
        fprintf(stderr, "kao %s: out of memory\n", command);
        return true;
    }
    memcpy(sorted, paths, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, by_stem);
    for (size_t i = 1; i < n && !clash; i++) {
        size_t k = 0, m = 0;
        const char *x = cli_stem(sorted[i - 1], &k), *y = cli_stem(sorted[i], &m);

        clash =
            k == m && strncmp(x, y, k) == 0 && strcmp(sorted[i - 1], sorted[i]) != 0;
        if (clash)
            fprintf(
                stderr,
                "kao %s: %s and %s would be written to the same name: give them in two "
                "runs, to two folders\n",
                command, sorted[i - 1], sorted[i]);
    }
    free(sorted);
    return clash;
}

/* Hundredths of a pixel say all there is to say. */
static kao_json *pixels(float v)
{
    return kao_json_number((double)(int64_t)((double)v * 100 + (v < 0 ? -0.5 : 0.5)) /
                           100);
}

kao_json *cli_face_json(const kao_face *f)
{
    kao_json *o = kao_json_object(), *box = kao_json_array(),
             *points = kao_json_array();

    kao_json_add(box, pixels(f->x));
    kao_json_add(box, pixels(f->y));
    kao_json_add(box, pixels(f->width));
    kao_json_add(box, pixels(f->height));
    for (int i = 0; i < KAO_FACE_POINTS; i++) {
        kao_json *point = kao_json_array();

        kao_json_add(point, pixels(f->points[i].x));
        kao_json_add(point, pixels(f->points[i].y));
        kao_json_add(points, point);
    }
    kao_json_set(o, "box", box);
    kao_json_set(o, "score", kao_json_float(f->score));
    kao_json_set(o, "landmarks", points);
    return o;
}

kao_json *cli_error_json(const kao_error *err)
{
    kao_json *o = kao_json_object();

    kao_json_set(o, "code", kao_json_string(kao_status_name(err->code)));
    kao_json_set(o, "message", kao_json_string(err->msg));
    return o;
}

void cli_draw_face(const kao_image *image, const kao_face *f, kao_color color)
{
    kao_image_draw_box(image, f->x, f->y, f->x + f->width, f->y + f->height, 0, color);
    for (int i = 0; i < KAO_FACE_POINTS; i++)
        kao_image_draw_point(image, f->points[i].x, f->points[i].y, 1 + f->width / 60,
                             (kao_color){ 255, 220, 0 });
}

int cli_print_json(const char *name, kao_json *json)
{
    char *text = kao_json_text(json);

    if (!text) {
        fprintf(stderr, "kao %s: out of memory\n", name);
        return CLI_FAULT;
    }
    puts(text);
    free(text);
    return cli_flush() ? CLI_YES
                       : CLI_FAULT; /* now: a reader of the pipe waits for it */
}
