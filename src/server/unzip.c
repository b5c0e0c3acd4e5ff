/* See unzip.h. */
#define _GNU_SOURCE /* strverscmp */
#include "server/unzip.h"

#include <stdlib.h>
#include <string.h>

#include "base/cancel.h"
#include "base/error.h"

enum { PICTURE_BYTES = 64 << 20 };

typedef struct entry {
    size_t number;
    char *name;
} entry;

static int by_name(const void *a, const void *b)
{
    const entry *x = a, *y = b;
    const int n = strverscmp(x->name, y->name);

    return n ? n : (x->number > y->number) - (x->number < y->number);
}

static void free_list(kao_mem *mem, entry *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        kao_free(mem, list[i].name);
    kao_free(mem, list);
}

/* The zip's pictures by name: programs write files in any order. */
static kao_status make_list(kao_mem *mem, kao_zip *z, entry **out, size_t *n,
                            kao_error *err)
{
    entry *list = kao_calloc(mem, kao_zip_n(z) + 1, sizeof *list);
    char name[ZIP_NAME_BYTES];

    *n = 0;
    *out = list;
    if (!list)
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    for (size_t i = 0; i < kao_zip_n(z); i++) {
        if (!kao_zip_picture(z, i, name))
            continue;
        list[*n] = (entry){ i, kao_strdup(mem, name) };
        if (!list[(*n)++].name)
            return kao_fail(err, KAO_E_NOMEM, "out of memory");
    }
    qsort(list, *n, sizeof *list, by_name);
    return KAO_OK;
}

kao_status kao_unzip(kao_job *j, const kao_spool *zip, bool japanese,
                     kao_unzip_take *take, void *user, kao_error *err)
{
    kao_bytes b = { .mem = j->mem, .max = PICTURE_BYTES };
    kao_zip *z = NULL;
    entry *list = NULL;
    size_t n = 0;
    kao_status st = kao_zip_open(j->mem, zip->path, japanese, &z, err);

    if (!st)
        st = make_list(j->mem, z, &list, &n, err);
    atomic_store(&j->all, n);
    for (size_t i = 0; !st && i < n; i++) {
        kao_error why = { 0 };

        atomic_store(&j->now, i);
        if (kao_cancelled(j->cancel)) {
            st = kao_fail(err, KAO_E_CANCELLED, "cancelled");
            break;
        }
        const kao_status read = kao_zip_read(z, list[i].number, &b, &why);

        *err = why;
        st = read == KAO_E_NOMEM ? read : take(user, list[i].name, read, b.p, b.n, err);
        b.n = 0; /* its room is the next one's */
    }
    free_list(j->mem, list, n);
    kao_bytes_free(&b);
    kao_zip_close(z);
    return st;
}
