/* See album.h: looking for pictures, and what is on them. */
#include "cli/album.h"
#include "cli/room.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/text.h"
#include "kao/quality.h"

enum { DEEPEST = 64, CHIP_QUALITY = 75 };

static void free_face(const cli_album *a, cli_album_face *f)
{
    free(f->others);
    kao_image_free_bytes(a->ctx, f->chip);
}

void cli_album_free(cli_album *a)
{
    for (size_t i = 0; i < a->n_files; i++)
        free(a->files[i].path);
    for (size_t i = 0; i < a->n_faces; i++)
        free_face(a, &a->faces[i]);
    free(a->files);
    free(a->faces);
    free(a->vectors);
    *a = (cli_album){ .n_files = 0 };
}

void cli_album_filter(cli_album *a, cli_album_keep *keep, void *user)
{
    size_t kept = 0;

    for (size_t i = 0; i < a->n_faces; i++)
        if (keep(user, &a->faces[i]))
            a->faces[kept++] = a->faces[i];
        else
            free_face(a, &a->faces[i]);
    a->n_faces = kept;
}

/* ---- files ---- */

static kao_status add_file(cli_album *a, const char *path, bool named, kao_error *err)
{
    char *copy = strdup(path);

    if (!copy ||
        !cli_room(&a->files, &a->cap_files, a->n_files + 1, sizeof *a->files)) {
        free(copy);
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    }
    a->files[a->n_files++] = (cli_album_file){ copy, named };
    return KAO_OK;
}

static int is_visible(const struct dirent *e)
{
    return e->d_name[0] != '.';
}

static kao_status add_folder(cli_album *a, const char *path, int depth, kao_error *err);

/* A link to a folder is not followed: it may lead back. */
static kao_status add_entry(cli_album *a, const char *folder, const char *name,
                            int depth, kao_error *err)
{
    char *path = cli_path_in(folder, name);
    struct stat info, link;
    kao_status st = KAO_OK;

    if (!path)
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    if (stat(path, &info) == 0 && lstat(path, &link) == 0) {
        if (S_ISREG(info.st_mode))
            st = add_file(a, path, false, err);
        else if (S_ISDIR(link.st_mode))
            st = add_folder(a, path, depth + 1, err);
    }
    free(path);
    return st;
}

static kao_status add_folder(cli_album *a, const char *path, int depth, kao_error *err)
{
    struct dirent **list = NULL;
    kao_status st = KAO_OK;

    if (depth > DEEPEST)
        return kao_fail(err, KAO_E_LIMIT, "%s: more than %d folders deep", path,
                        DEEPEST);
    const int n = scandir(path, &list, is_visible, alphasort);

    if (n < 0)
        return kao_fail_sys(err, KAO_E_IO, errno, "%s", path);
    for (int i = 0; i < n; i++) {
        if (!st)
            st = add_entry(a, path, list[i]->d_name, depth, err);
        free(list[i]);
    }
    free(list);
    return st;
}

/* By path; of one path the one that was found first. */
static int by_path(const void *a, const void *b)
{
    const cli_album_file *x = *(cli_album_file *const *)a,
                         *y = *(cli_album_file *const *)b;
    const int order = strcmp(x->path, y->path);

    return order ? order : (x > y) - (x < y);
}

/* A picture that is named and in a folder that is, too, has its faces once. */
static kao_status drop_repeated(cli_album *a, kao_error *err)
{
    const size_t n = a->n_files;
    cli_album_file **sorted = calloc(n + 1, sizeof *sorted), *first = NULL;

    if (!sorted)
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    for (size_t i = 0; i < n; i++)
        sorted[i] = &a->files[i];
    qsort(sorted, n, sizeof(cli_album_file *), by_path);
    for (size_t i = 0; i < n; i++) {
        if (!first || strcmp(first->path, sorted[i]->path) != 0) {
            first = sorted[i];
            continue;
        }
        first->named = first->named || sorted[i]->named;
        free(sorted[i]->path);
        sorted[i]->path = NULL;
    }
    free(sorted);
    a->n_files = 0;
    for (size_t i = 0; i < n; i++)
        if (a->files[i].path)
            a->files[a->n_files++] = a->files[i];
    return KAO_OK;
}

kao_status cli_album_find(cli_album *a, char **operands, size_t n, kao_error *err)
{
    kao_status st = KAO_OK;

    for (size_t i = 0; !st && i < n; i++) {
        st = kao_is_folder(operands[i]) ? add_folder(a, operands[i], 0, err)
                                        : add_file(a, operands[i], true, err);
    }
    return st ? st : drop_repeated(a, err);
}

/* ---- faces ---- */

typedef struct found { /* on a picture */
    kao_status st;
    kao_error err;
    size_t n;
    cli_album_face *faces;
    float *vectors;
} found;

typedef struct reading {
    cli_album *a;
    const char *command;
    const cli_album_options *o;
} reading;

static kao_status rate(const reading *r, cli_worker *w, const cli_photo *p, size_t face,
                       float norm, cli_album_face *to, kao_error *err)
{
    const kao_view view = kao_image_view(&p->image);
    kao_quality q = KAO_QUALITY_INIT;
    const kao_status st = kao_quality_of(w->ctx, &view, &p->faces[face], &q, err);

    if (st)
        return st;
    kao_quality_norm(&q, r->o->use->embedders[0], norm);
    to->quality = q.score;
    to->poor = q.outcomes & (KAO_BLURRED | KAO_DARK | KAO_EXTREME_POSE);
    return KAO_OK;
}

static kao_status cut_chip(const reading *r, cli_worker *w, const cli_photo *p,
                           size_t face, cli_album_face *to, kao_error *err)
{
    const kao_view view = kao_image_view(&p->image);
    const kao_embedder *e = r->o->use ? r->o->use->embedders[0] : w->embedder;
    kao_image chip = { 0 };
    kao_status st =
        kao_align(w->ctx, &view, &p->faces[face], kao_embedder_template(e), &chip, err);

    if (!st)
        st = kao_image_encode(w->ctx, &chip, KAO_IMAGE_JPEG, CHIP_QUALITY, &to->chip,
                              &to->chip_bytes, err);
    kao_image_free(w->ctx, &chip);
    return st;
}

static kao_status add_face(const reading *r, cli_worker *w, const cli_photo *p,
                           size_t i, const float *vector, float norm, found *f,
                           kao_error *err)
{
    cli_album_face *to = &f->faces[f->n];
    kao_status st = KAO_OK;

    to->number = p->chosen[i] + 1;
    to->box = p->in_file[i];
    to->quality = NAN;
    if (r->o->everything)
        st = rate(r, w, p, p->chosen[i], norm, to, err);
    if (!st && r->o->chips)
        st = cut_chip(r, w, p, p->chosen[i], to, err);
    memcpy(f->vectors + f->n * r->a->dim, vector, r->a->dim * sizeof *vector);
    f->n++;
    return st;
}

/* A face that no network can use (too small) is left out. */
static kao_status embed_for_gallery(const reading *r, cli_worker *w, const cli_photo *p,
                                    found *f, kao_error *err)
{
    kao_status st = KAO_OK;

    for (size_t i = 0; !st && i < p->n_chosen; i++) {
        float *block = NULL, norm = 0;

        st = cli_gallery_embed(r->o->use, p, p->chosen[i], &block, &norm, err);
        if (st && cli_status_of(st) == CLI_NO_FACE) {
            st = KAO_OK;
            continue;
        }
        if (!st && r->o->everything)
            f->faces[f->n].others = block;
        if (!st)
            st = add_face(r, w, p, i, block, norm, f, err);
        if (!r->o->everything)
            free(block);
    }
    return st;
}

/* Told before anything is enrolled, and of this picture alone. */
static kao_status check_name(const char *path, kao_error *err)
{
    return strlen(path) <= KAO_NAME_MAX_BYTES && kao_text_is_clean(path)
               ? KAO_OK
               : kao_fail(err, KAO_E_ARG,
                          "a gallery keeps no name that is no UTF-8, has control "
                          "characters, or more than %d bytes",
                          KAO_NAME_MAX_BYTES);
}

static kao_status read_picture(const reading *r, cli_worker *w, const char *path,
                               cli_photo *p, found *f)
{
    kao_status st = KAO_OK;

    if (r->o->use) {
        st = cli_photo_detect(w, path, KAO_SEARCH_ALL, false, p, &f->err);
        if (!st)
            st = cli_photo_choose(w, path, p, &f->err);
    } else {
        st = cli_photo_embed(w, path, KAO_SEARCH_ALL, p, &f->err);
    }
    if (st)
        return cli_status_of(st) == CLI_NO_FACE ? KAO_OK : st;
    f->faces = calloc(p->n_chosen + 1, sizeof *f->faces);
    f->vectors = calloc(p->n_chosen + 1, r->a->dim * sizeof *f->vectors);
    if (!f->faces || !f->vectors)
        return kao_fail(&f->err, KAO_E_NOMEM, "%s: out of memory", path);
    if (r->o->everything)
        st = check_name(path, &f->err);
    if (!st && r->o->use)
        st = embed_for_gallery(r, w, p, f, &f->err);
    for (size_t i = 0; !r->o->use && !st && i < p->n_chosen; i++)
        st = add_face(r, w, p, i, p->vectors + i * p->dim, p->norms[i], f, &f->err);
    return st ? kao_error_prefix(&f->err, st, "%s", path) : KAO_OK;
}

static void *work(void *worker, void *user, size_t i)
{
    const reading *r = user;
    found *f = calloc(1, sizeof *f);
    cli_photo p = { .faces = NULL };

    if (!f)
        return NULL;
    f->st = read_picture(r, worker, r->a->files[i].path, &p, f);
    cli_photo_free(worker, &p);
    return f;
}

static bool add_found(cli_album *a, size_t file, found *f)
{
    if (!cli_room(&a->faces, &a->cap_faces, a->n_faces + f->n, sizeof *a->faces) ||
        !cli_room(&a->vectors, &a->cap_vectors, a->n_faces + f->n,
                  a->dim * sizeof *a->vectors))
        return false;
    if (f->n)
        memcpy(a->vectors + a->n_faces * a->dim, f->vectors,
               f->n * a->dim * sizeof *a->vectors);
    for (size_t i = 0; i < f->n; i++) {
        a->faces[a->n_faces] = f->faces[i];
        a->faces[a->n_faces++].file = file;
    }
    f->n = 0; /* they are the album's now */
    return true;
}

static int emit(void *user, size_t i, void *value)
{
    reading *r = user;
    found *f = value;
    const cli_album_file *file = &r->a->files[i];
    int status = CLI_YES;

    if (!f || (!f->st && !add_found(r->a, i, f))) {
        fprintf(stderr, "kao %s: out of memory\n", r->command);
        status = CLI_FAULT;
    } else if (f->st && (file->named || !cli_is_no_picture(file->path, f->st))) {
        status = cli_report_object(r->command, "file", file->path, r->o->json, f->st,
                                   &f->err);
    }
    for (size_t k = 0; f && k < f->n; k++) {
        free(f->faces[k].others);
        kao_image_free_bytes(r->a->ctx, f->faces[k].chip);
    }
    if (f) {
        free(f->faces);
        free(f->vectors);
    }
    free(f);
    return status;
}

int cli_album_read(cli_album *a, const char *command, const cli_album_options *o)
{
    reading r = { .a = a, .command = command, .o = o };
    const cli_crew *crew = o->use ? &o->use->crew : o->crew;
    const cli_worker *w = &crew->workers[0];

    a->ctx = crew->ctx;
    a->dim = o->use ? kao_embedder_dim(o->use->embedders[0], o->use->ttas[0])
                    : kao_embedder_dim(w->embedder, w->tta);
    return cli_crew_run(crew, command, a->n_files, &r, work, emit);
}
