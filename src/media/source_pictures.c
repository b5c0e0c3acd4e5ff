/* A folder of pictures as a video: by name, numbers in names by their value. What is no picture
 * is left out. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "kao/image.h"
#include "media/source.h"

typedef struct pictures {
    kao_context *ctx;
    const char *folder;
    const kao_cancel *cancel;
    char **names;
    size_t n, cap, at;
    uint64_t number; /* of the last frame given */
    double fps;
    kao_image image;
} pictures;

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Digits of a run without leading zeros. */
static size_t digits(const char **s)
{
    size_t n = 0;

    while (**s == '0')
        (*s)++;
    while (is_digit((*s)[n]))
        n++;
    return n;
}

/* shot2 before shot10. */
static int by_name(const void *a, const void *b)
{
    const char *x = *(char *const *)a, *y = *(char *const *)b;

    while (*x && *y) {
        if (is_digit(*x) && is_digit(*y)) {
            const size_t n = digits(&x), m = digits(&y);
            const int c = n != m ? (n < m ? -1 : 1) : strncmp(x, y, n);

            if (c)
                return c;
            x += n;
            y += m;
        } else if (*x != *y) {
            break;
        } else {
            x++;
            y++;
        }
    }
    const int c = (unsigned char)*x - (unsigned char)*y;

    return c ? c : strcmp(*(char *const *)a, *(char *const *)b);
}

static kao_status add(pictures *p, const char *name, kao_error *err)
{
    kao_mem *mem = &p->ctx->mem;

    if (p->n == p->cap) {
        const size_t cap = p->cap ? 2 * p->cap : 64;
        char **more =
            kao_grow(mem, p->names, p->cap * sizeof *more, cap * sizeof *more);

        if (!more)
            return kao_fail(err, KAO_E_NOMEM, "%s: out of memory", p->folder);
        p->names = more;
        p->cap = cap;
    }
    p->names[p->n] = kao_strdup(mem, name);
    if (!p->names[p->n])
        return kao_fail(err, KAO_E_NOMEM, "%s: out of memory", p->folder);
    p->n++;
    return KAO_OK;
}

static kao_status list(pictures *p, kao_error *err)
{
    DIR *d = opendir(p->folder);
    kao_status st = KAO_OK;

    if (!d)
        return kao_fail_sys(err, KAO_E_IO, errno, "%s", p->folder);
    for (struct dirent *e = readdir(d); e && !st; e = readdir(d))
        if (e->d_name[0] != '.')
            st = add(p, e->d_name, err);
    closedir(d);
    if (!st && p->n)
        qsort(p->names, p->n, sizeof *p->names, by_name);
    return st;
}

/* The next file that is a picture; *more false: there is none. */
static kao_status load_next(pictures *p, bool *more, kao_error *err)
{
    char path[4096];

    *more = false;
    kao_image_free(p->ctx, &p->image);
    while (p->at < p->n) {
        const char *name = p->names[p->at++];

        if (kao_cancelled(p->cancel))
            return kao_fail(err, KAO_E_CANCELLED, "%s: stopped", p->folder);
        if ((size_t)snprintf(path, sizeof path, "%s/%s", p->folder, name) >=
            sizeof path)
            return kao_fail(err, KAO_E_LIMIT, "%s: a path that is too long", p->folder);
        const kao_status st = kao_image_load(p->ctx, path, NULL, &p->image, err);

        if (st == KAO_E_NOMEM)
            return st;
        if (!st) {
            *more = true;
            return KAO_OK;
        }
    }
    return KAO_OK;
}

static void pictures_close(void *source)
{
    pictures *p = source;
    kao_mem *mem = &p->ctx->mem;

    for (size_t i = 0; i < p->n; i++)
        kao_free(mem, p->names[i]);
    kao_free(mem, p->names);
    kao_image_free(p->ctx, &p->image);
    kao_free(mem, p);
}

static kao_status pictures_open(kao_context *ctx, void **source, const char *name,
                                const kao_video_options *o, kao_video_info *info,
                                kao_error *err)
{
    pictures *p = kao_calloc(&ctx->mem, 1, sizeof *p);
    bool more = false;

    if (!p)
        return kao_fail(err, KAO_E_NOMEM, "%s: out of memory", name);
    *p = (pictures){
        .ctx = ctx, .folder = name, .cancel = o->cancel, .fps = o->fps > 0 ? o->fps : 25
    };
    kao_status st = list(p, err);

    if (!st)
        st = load_next(p, &more, err);
    if (!st && !more)
        st = kao_fail(err, KAO_E_FORMAT, "%s: no pictures in it", name);
    if (st) {
        pictures_close(p);
        return st;
    }
    *info = (kao_video_info){ .width = p->image.width,
                              .height = p->image.height,
                              .fps = p->fps,
                              .frames = p->n,
                              .seconds = (double)p->n / p->fps,
                              .form = "pictures" };
    *source = p;
    return KAO_OK;
}

static kao_status pictures_next(void *source, kao_video_frame *frame, bool *more,
                                kao_error *err)
{
    pictures *p = source;

    *more = true;
    if (p->number) { /* the first was loaded when the folder was opened */
        const kao_status st = load_next(p, more, err);

        if (st || !*more)
            return st;
    }
    frame->view = kao_image_view(&p->image);
    frame->time = (double)p->number / p->fps;
    frame->number = ++p->number;
    return KAO_OK;
}

const kao_source_kind kao_source_pictures = { "pictures", pictures_open, pictures_next,
                                              pictures_close };
