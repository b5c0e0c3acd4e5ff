/* See regions_use.h. */
#include "cli/regions_use.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/face_json.h"
#include "base/file.h"

enum { SIDECAR_MOST = 4 << 20 };

typedef struct files { /* a picture and what is beside it */
    kao_mem mem;
    kao_file picture, sidecar;
    char *beside; /* the sidecar's name, as it is or would be */
    bool is_there;
} files;

/* PICTURE.xmp, or STEM.xmp where that is there alone. */
static char *name_beside(const char *path, bool *is_there)
{
    const size_t cap = strlen(path) + sizeof ".xmp";
    const char *slash = strrchr(path, '/'), *dot = strrchr(path, '.');
    char *name = malloc(cap), *stem = malloc(cap);
    const bool has_end = dot && dot > (slash ? slash + 1 : path);

    *is_there = false;
    if (name && stem) {
        snprintf(name, cap, "%s.xmp", path);
        snprintf(stem, cap, "%.*s.xmp",
                 (int)(has_end ? dot - path : (ptrdiff_t)strlen(path)), path);
        *is_there = access(name, F_OK) == 0;
        if (!*is_there && access(stem, F_OK) == 0) {
            *is_there = true;
            memcpy(name, stem, strlen(stem) + 1);
        }
    } else {
        free(name);
        name = NULL;
    }
    free(stem);
    return name;
}

static void close_files(files *f)
{
    kao_file_close(&f->picture);
    kao_file_close(&f->sidecar);
    free(f->beside);
}

static kao_status open_files(files *f, const char *path, bool sidecar, kao_error *err)
{
    *f = (files){ .is_there = false };
    kao_mem_init(&f->mem, NULL);
    f->beside = name_beside(path, &f->is_there);
    f->is_there = f->is_there && sidecar;
    kao_status st =
        f->beside ? kao_file_open(&f->picture, &f->mem, path, KAO_IMAGE_MAX_BYTES, err)
                  : kao_fail(err, KAO_E_NOMEM, "out of memory");

    if (!st && f->is_there)
        st = kao_file_open(&f->sidecar, &f->mem, f->beside, SIDECAR_MOST, err);
    if (st)
        close_files(f);
    return st;
}

/* Whose packet counts; an empty sidecar has none. */
static const char *name_of(const files *f, const char *path)
{
    return f->sidecar.bytes.n ? f->beside : path;
}

static kao_status read_files(kao_context *ctx, const char *path, const files *f,
                             kao_regions *out, kao_error *err)
{
    const kao_span p = f->picture.bytes, s = f->sidecar.bytes;
    const kao_status st = kao_regions_read(ctx, p.p, p.n, s.p, s.n, out, err);

    return st ? kao_error_prefix(err, st, "%s", name_of(f, path)) : KAO_OK;
}

kao_status cli_regions_read(kao_context *ctx, const char *path, kao_regions *out,
                            kao_error *err)
{
    files f;
    kao_status st = open_files(&f, path, true, err);

    *out = (kao_regions){ .size = sizeof *out };
    if (st)
        return st;
    st = read_files(ctx, path, &f, out, err);
    close_files(&f);
    return st;
}

/* ---- faces and regions ---- */

static float shared(float a, float a_size, float b, float b_size) /* middles, sizes */
{
    const float end = fminf(a + a_size / 2, b + b_size / 2),
                begin = fmaxf(a - a_size / 2, b - b_size / 2);

    return fmaxf(end - begin, 0);
}

static float overlap(const kao_region *a, const kao_region *b)
{
    const float both = shared(a->x, a->width, b->x, b->width) *
                       shared(a->y, a->height, b->y, b->height);

    return both / (a->width * a->height + b->width * b->height - both);
}

static bool is_inside(const kao_region *a, const kao_region *b)
{
    return fabsf(a->x - b->x) <= b->width / 2 && fabsf(a->y - b->y) <= b->height / 2;
}

/* Programs draw regions around whole heads or around eyes and mouth: the middle decides. */
static bool means(const kao_region *a, const kao_region *b)
{
    return is_inside(a, b) || is_inside(b, a);
}

/* A face's coordinates count from the middle of the first pixel, a region's from the picture's edge. */
kao_region cli_region_of(const kao_image *image, const kao_face *in_file)
{
    const float width = (float)image->full_width, height = (float)image->full_height;

    return (kao_region){ .name = "",
                         .x = (in_file->x + .5f + in_file->width / 2) / width,
                         .y = (in_file->y + .5f + in_file->height / 2) / height,
                         .width = in_file->width / width,
                         .height = in_file->height / height };
}

size_t cli_region_face(const cli_photo *photo, const kao_region *region,
                       const bool *taken)
{
    size_t best = photo->n_faces;
    float most = 0;

    for (size_t i = 0; i < photo->n_faces; i++) {
        const kao_face in_file = kao_face_in_file(&photo->image, &photo->faces[i]);
        const kao_region face = cli_region_of(&photo->image, &in_file);
        const float o = overlap(&face, region);

        if (taken[i] || !means(&face, region) || o <= most)
            continue;
        most = o;
        best = i;
    }
    return best;
}

/* ---- adding ---- */

/* Those of the list that the picture has none for, to the front. */
static size_t keep_new(kao_region *list, size_t n, const kao_regions *had)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++) {
        bool is_there = false;

        for (size_t k = 0; k < had->n && !is_there; k++)
            is_there = means(&list[i], &had->list[k]) &&
                       overlap(&list[i], &had->list[k]) > .1f;
        if (!is_there)
            list[kept++] = list[i];
    }
    return kept;
}

static kao_status write_file(kao_context *ctx, const char *path, files *f,
                             const kao_image *image, const kao_region *list, size_t n,
                             bool in_place, kao_error *err)
{
    const kao_span p = f->picture.bytes, s = f->sidecar.bytes;
    uint8_t *bytes = NULL;
    size_t n_bytes = 0;
    kao_status st =
        in_place
            ? kao_regions_embed(ctx, p.p, p.n, list, n, image->full_width,
                                image->full_height, &bytes, &n_bytes, err)
            : kao_regions_write(ctx, p.p, p.n, s.p, s.n, list, n, image->full_width,
                                image->full_height, &bytes, &n_bytes, err);

    if (st)
        kao_error_prefix(err, st, "%s", name_of(f, path));
    else
        st = kao_file_write(&f->mem, in_place ? path : f->beside, bytes, n_bytes, err);
    kao_image_free_bytes(ctx, bytes);
    return st;
}

kao_status cli_regions_add(kao_context *ctx, const char *path, const kao_image *image,
                           const kao_region *list, size_t n, bool in_place, char **file,
                           size_t *n_added, kao_error *err)
{
    files f;
    kao_regions had = { .size = sizeof had };
    kao_region *fresh = malloc((n + 1) * sizeof *fresh);

    *file = NULL;
    *n_added = 0;
    if (!fresh)
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    memcpy(fresh, list, n * sizeof *fresh);
    kao_status st = open_files(&f, path, !in_place, err);

    if (st) {
        free(fresh);
        return st;
    }
    st = read_files(ctx, path, &f, &had, err);
    if (!st)
        *n_added = keep_new(fresh, n, &had);
    kao_regions_free(ctx, &had);
    if (!st && *n_added) {
        st = write_file(ctx, path, &f, image, fresh, *n_added, in_place, err);
        *file = st ? NULL : strdup(in_place ? path : f.beside);
    }
    close_files(&f);
    free(fresh);
    return st;
}
