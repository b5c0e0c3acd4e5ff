/* See pictures.h. */
#include "eval/pictures.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/bytes.h"
#include "kao/image.h"

enum { PATH_BYTES = 4096, DEPTH_MAX = 16 };
#define SET_MAX_BYTES   kao_gib(8)
#define NAMES_MAX_BYTES ((size_t)1 << 30)

/* Of all that is read; a list that says .jpg may mean one of the first ones. */
static const char *const endings[] = { ".jpg",  ".jpeg", ".png",  ".webp",
                                       ".heic", ".heif", ".avif", ".gif",
                                       ".bmp",  ".tif",  ".tiff" };
enum { N_ENDINGS = sizeof endings / sizeof endings[0], N_MEANT = 4 };

static kao_status open_file(kao_pictures *p, kao_error *err)
{
    kao_status st = kao_file_open(&p->file, p->mem, p->path, SET_MAX_BYTES, err);

    if (st)
        return st;
    if (kao_pickle_is(p->file.bytes))
        return kao_pickle_parse(&p->pickle, p->mem, p->file.bytes, p->path, err);
    if (p->file.bytes.n < 262 || memcmp(p->file.bytes.p + 257, "ustar", 5) != 0)
        return kao_fail(err, KAO_E_FORMAT,
                        "%s: no folder, no plain tar and no insightface set", p->path);
    return kao_tar_parse(&p->tar, p->mem, p->file.bytes, p->path, err);
}

kao_status kao_pictures_open(kao_pictures *p, kao_mem *mem, const char *path,
                             kao_error *err)
{
    struct stat info;

    *p = (kao_pictures){ .mem = mem, .path = path };
    if (stat(path, &info) != 0)
        return kao_fail_sys(err, KAO_E_IO, errno, "%s", path);
    p->is_folder = S_ISDIR(info.st_mode);
    const kao_status st = p->is_folder ? KAO_OK : open_file(p, err);

    if (st)
        kao_pictures_close(p);
    return st;
}

void kao_pictures_close(kao_pictures *p)
{
    kao_pickle_free(&p->pickle);
    kao_tar_close(&p->tar);
    kao_file_close(&p->file);
    *p = (kao_pictures){ .mem = NULL };
}

/* ---- one picture ---- */

static bool is_file(const kao_pictures *p, const char *name, char path[PATH_BYTES])
{
    struct stat info;
    const int n = name[0] == '/' ? snprintf(path, PATH_BYTES, "%s", name)
                                 : snprintf(path, PATH_BYTES, "%s/%s", p->path, name);

    return n < PATH_BYTES && stat(path, &info) == 0 && S_ISREG(info.st_mode);
}

/* Of a set: the number, or n. */
static size_t number_in_set(const kao_pictures *p, const char *name)
{
    char *end = NULL;
    const unsigned long long v = strtoull(name, &end, 10);

    return name[0] < '0' || name[0] > '9' || *end || v >= 2 * p->pickle.n
               ? 2 * p->pickle.n
               : (size_t)v;
}

/* bytes, or for folders the path. */
static bool find_exactly(const kao_pictures *p, const char *name, kao_span *bytes,
                         char path[PATH_BYTES])
{
    if (p->is_folder)
        return is_file(p, name, path);
    if (p->pickle.n) {
        const size_t i = number_in_set(p, name);

        if (i < 2 * p->pickle.n)
            *bytes = p->pickle.pictures[i];
        return i < 2 * p->pickle.n;
    }
    const kao_tar_member *m = kao_tar_find(&p->tar, name);

    if (m)
        *bytes = m->bytes;
    return m != NULL;
}

static bool find(const kao_pictures *p, const char *name, kao_span *bytes,
                 char path[PATH_BYTES])
{
    const size_t n = strlen(name);
    char other[PATH_BYTES];

    if (find_exactly(p, name, bytes, path))
        return true;
    if (n < 4 || strcmp(name + n - 4, ".jpg") != 0)
        return false;
    for (size_t i = 1; i < N_MEANT; i++)
        if (snprintf(other, sizeof other, "%.*s%s", (int)(n - 4), name, endings[i]) <
                PATH_BYTES &&
            find_exactly(p, other, bytes, path))
            return true;
    return false;
}

bool kao_pictures_has(const kao_pictures *p, const char *name)
{
    char path[PATH_BYTES];
    kao_span bytes;

    return find(p, name, &bytes, path);
}

kao_status kao_pictures_read(const kao_pictures *p, const char *name, kao_picture *out,
                             kao_error *err)
{
    char path[PATH_BYTES];

    *out = (kao_picture){ .bytes = { NULL, 0 } };
    if (!find(p, name, &out->bytes, path))
        return kao_fail(err, KAO_E_IO, "%s: no picture %s in it", p->path, name);
    if (!p->is_folder)
        return KAO_OK;
    const kao_status st =
        kao_file_open(&out->file, p->mem, path, KAO_IMAGE_MAX_BYTES, err);

    out->bytes = out->file.bytes;
    return st;
}

void kao_picture_close(kao_picture *p)
{
    kao_file_close(&p->file);
    *p = (kao_picture){ .bytes = { NULL, 0 } };
}

/* ---- all pictures ---- */

/* Hidden ones and what is in hidden folders, where programs keep small copies, are none. */
static bool is_picture(const char *name)
{
    const bool hidden = name[0] == '.' || strstr(name, "/.");
    const char *last = strrchr(name, '/') ? strrchr(name, '/') + 1 : name,
               *dot = strrchr(last, '.');

    for (size_t i = 0; !hidden && dot && i < N_ENDINGS; i++)
        if (strcasecmp(dot, endings[i]) == 0)
            return true;
    return false;
}

typedef struct walk {
    const kao_pictures *p;
    kao_bytes text; /* names, each with its end */
    size_t n;
    kao_error *err;
} walk;

static kao_status take(walk *w, const char *name)
{
    if (!is_picture(name))
        return KAO_OK;
    w->n++;
    return kao_bytes_add(&w->text, name, strlen(name) + 1)
               ? KAO_OK
               : kao_fail(w->err, KAO_E_NOMEM, "%s: out of memory", w->p->path);
}

/* folder: below the root, "" for itself. */
static kao_status walk_folder(walk *w, const char *folder, int depth);

static kao_status walk_entry(walk *w, const char *folder, const char *entry, int depth)
{
    char name[PATH_BYTES], path[PATH_BYTES];
    struct stat info;

    if (entry[0] == '.')
        return KAO_OK;
    if (snprintf(name, sizeof name, "%s%s%s", folder, folder[0] ? "/" : "", entry) >=
            PATH_BYTES ||
        snprintf(path, sizeof path, "%s/%s", w->p->path, name) >= PATH_BYTES)
        return kao_fail(w->err, KAO_E_LIMIT, "%s/%s: the path is too long", folder,
                        entry);
    if (stat(path, &info) != 0)
        return kao_fail_sys(w->err, KAO_E_IO, errno, "%s", path);
    if (S_ISDIR(info.st_mode))
        return walk_folder(w, name, depth + 1);
    return S_ISREG(info.st_mode) ? take(w, name) : KAO_OK;
}

static kao_status walk_folder(walk *w, const char *folder, int depth)
{
    char path[PATH_BYTES];
    kao_status st = KAO_OK;

    if (depth > DEPTH_MAX)
        return kao_fail(w->err, KAO_E_LIMIT, "%s: more than %d folders deep", folder,
                        DEPTH_MAX);
    snprintf(path, sizeof path, "%s/%s", w->p->path, folder);
    DIR *d = opendir(path);

    if (!d)
        return kao_fail_sys(w->err, KAO_E_IO, errno, "%s", path);
    for (struct dirent *e = readdir(d); e && !st; e = readdir(d))
        st = walk_entry(w, folder, e->d_name, depth);
    closedir(d);
    return st;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* A tar that was added to may have several members of one name: that is one picture. */
static void drop_repeats(kao_names *names)
{
    size_t kept = 0;

    for (size_t i = 0; i < names->n; i++)
        if (i == 0 || strcmp(names->names[i], names->names[kept - 1]) != 0)
            names->names[kept++] = names->names[i];
    names->n = kept;
}

kao_status kao_pictures_list(const kao_pictures *p, kao_names *out, kao_error *err)
{
    walk w = { .p = p, .text = { .mem = p->mem, .max = NAMES_MAX_BYTES }, .err = err };
    kao_status st = p->is_folder ? walk_folder(&w, "", 0) : KAO_OK;

    *out = (kao_names){ .mem = p->mem };
    for (size_t i = 0; !st && i < p->tar.n; i++)
        st = take(&w, p->tar.members[i].name);
    if (!st && w.n == 0)
        st = p->pickle.n
                 ? kao_fail(err, KAO_E_ARG, "%s has pairs alone, no people", p->path)
                 : kao_fail(err, KAO_E_FORMAT, "%s: no pictures in it", p->path);
    if (!st) {
        out->names = kao_calloc(p->mem, w.n, sizeof *out->names);
        if (!out->names)
            st = kao_fail(err, KAO_E_NOMEM, "%s: out of memory", p->path);
    }
    if (st) {
        kao_bytes_free(&w.text);
        return st;
    }
    out->text = (char *)w.text.p;
    for (const char *s = out->text; out->n < w.n; s += strlen(s) + 1)
        out->names[out->n++] = s;
    qsort(out->names, out->n, sizeof *out->names, by_text);
    drop_repeats(out);
    return KAO_OK;
}

void kao_names_free(kao_names *n)
{
    if (n->mem) {
        kao_free(n->mem, (void *)n->names);
        kao_free(n->mem, n->text);
    }
    *n = (kao_names){ .mem = NULL };
}
