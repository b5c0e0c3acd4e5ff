/* See tar.h. A header of 512 bytes, the content padded to 512; two empty blocks end it. A
 * member of type x (pax) holds records "LENGTH KEY=VALUE\n" about the next one; LENGTH counts
 * the whole record. */
#include "base/tar.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCK = 512, NAME_AT = 0, SIZE_AT = 124, TYPE_AT = 156, MAGIC_AT = 257 };
enum { PREFIX_AT = 345, NAME_N = 100, SIZE_N = 12, PREFIX_N = 155 };
/* 4 GiB, and what a pointer difference can tell: on a 32-bit machine that is less. */
#define LIMIT      ((uint64_t)4 << 30)
#define MOST_BYTES ((size_t)(LIMIT < PTRDIFF_MAX ? LIMIT : PTRDIFF_MAX))

/* An octal field of a header. */
static bool octal(const uint8_t *p, size_t n, uint64_t *v)
{
    size_t i = 0;

    *v = 0;
    while (i < n && p[i] == ' ')
        i++;
    for (; i < n && p[i] && p[i] != ' '; i++) {
        if (p[i] < '0' || p[i] > '7')
            return false;
        *v = *v * 8 + (uint64_t)(p[i] - '0');
    }
    return true;
}

/* Members of one name stay in the order of the file. */
static int by_name(const void *a, const void *b)
{
    const kao_tar_member *x = a, *y = b;
    const int c = strcmp(x->name, y->name);

    return c ? c : x->bytes.p < y->bytes.p ? -1 : 1;
}

/* The value of "path" in a pax member, or empty. */
static kao_span pax_path(kao_span s)
{
    kao_span path = { NULL, 0 };

    while (s.n > 0) {
        size_t n = 0, i = 0;

        for (; i < s.n && i < 9 && s.p[i] >= '0' && s.p[i] <= '9'; i++)
            n = n * 10 + (size_t)(s.p[i] - '0');
        if (n > s.n || n < i + 2 || s.p[i] != ' ')
            break;
        if (n > i + 7 && memcmp(s.p + i + 1, "path=", 5) == 0)
            path = (kao_span){ s.p + i + 6, n - i - 7 };
        s = (kao_span){ s.p + n, s.n - n };
    }
    return path;
}

static void join_name(const uint8_t *header, char name[KAO_TAR_NAME_BYTES])
{
    const char *last = (const char *)header + NAME_AT,
               *prefix = (const char *)header + PREFIX_AT;
    /* in GNU's own form, whose magic goes on with blanks, times may stand there */
    const bool posix = header[MAGIC_AT + 5] == '\0';
    const size_t n = strnlen(last, NAME_N),
                 n_prefix = posix ? strnlen(prefix, PREFIX_N) : 0;
    char *to = name;

    memcpy(to, prefix, n_prefix);
    to += n_prefix;
    if (n_prefix)
        *to++ = '/';
    memcpy(to, last, n);
    to[n] = '\0';
}

/* path: of a pax member before it, or empty. */
static kao_status add_member(kao_tar *t, const uint8_t *header, kao_span path,
                             kao_span bytes, kao_error *err)
{
    if (t->n == t->cap) {
        const size_t cap = t->cap ? t->cap * 2 : 1024;
        kao_tar_member *bigger =
            kao_grow(t->mem, t->members, t->n * sizeof *bigger, cap * sizeof *bigger);

        if (!bigger)
            return kao_fail(err, KAO_E_NOMEM, "out of memory");
        t->members = bigger;
        t->cap = cap;
    }
    kao_tar_member *m = &t->members[t->n++];

    *m = (kao_tar_member){ .bytes = bytes };
    if (path.n)
        memcpy(m->name, path.p, path.n);
    else
        join_name(header, m->name);
    if (strncmp(m->name, "./", 2) == 0)
        memmove(m->name, m->name + 2, strlen(m->name) - 1);
    return KAO_OK;
}

static kao_status read_members(kao_tar *t, kao_span all, const char *name,
                               kao_error *err)
{
    kao_span path = { NULL, 0 };
    kao_status st = KAO_OK;

    if (all.n < BLOCK)
        return kao_fail(err, KAO_E_FORMAT, "%s: not a whole ustar file", name);
    for (size_t at = 0; !st && at < all.n && all.p[at];) {
        const uint8_t *h = all.p + at;
        uint64_t size = 0;

        if (all.n - at < BLOCK || memcmp(h + MAGIC_AT, "ustar", 5) != 0 ||
            !octal(h + SIZE_AT, SIZE_N, &size) || size > all.n - at - BLOCK)
            return kao_fail_at(err, KAO_E_FORMAT, at, "%s: not a whole ustar file",
                               name);
        const kao_span content = { h + BLOCK, (size_t)size };
        const bool is_pax = h[TYPE_AT] == 'x';

        if (is_pax)
            path = pax_path(content);
        if (h[TYPE_AT] == 'L' || /* GNU tar: the next member's name */
            path.n >= KAO_TAR_NAME_BYTES)
            return kao_fail_at(err, KAO_E_UNSUPPORTED, at,
                               "%s: a member's name is long, in GNU's form or over %d "
                               "bytes",
                               name, KAO_TAR_NAME_BYTES - 1);
        if (h[TYPE_AT] == '1' || h[TYPE_AT] == '2')
            return kao_fail_at(err, KAO_E_UNSUPPORTED, at,
                               "%s: a member is a link to a file (tar makes files of "
                               "them with --dereference --hard-dereference)",
                               name);
        if (h[TYPE_AT] == '0' || h[TYPE_AT] == 0)
            st = add_member(t, h, path, content, err);
        if (!is_pax)
            path.n = 0;
        at += BLOCK + kao_round_up((size_t)size, BLOCK);
    }
    return st;
}

kao_status kao_tar_parse(kao_tar *t, kao_mem *mem, kao_span bytes, const char *name,
                         kao_error *err)
{
    *t = (kao_tar){ .mem = mem };
    const kao_status st = read_members(t, bytes, name, err);

    if (st)
        kao_tar_close(t);
    else if (t->n)
        qsort(t->members, t->n, sizeof *t->members, by_name);
    return st;
}

kao_status kao_tar_open(kao_tar *t, kao_mem *mem, const char *path, kao_error *err)
{
    kao_file file = { 0 };
    kao_status st = kao_file_open(&file, mem, path, MOST_BYTES, err);

    *t = (kao_tar){ .mem = NULL };
    if (!st)
        st = kao_tar_parse(t, mem, file.bytes, path, err);
    if (st)
        kao_file_close(&file);
    else
        t->file = file;
    return st;
}

void kao_tar_close(kao_tar *t)
{
    if (t->mem)
        kao_free(t->mem, t->members);
    kao_file_close(&t->file);
    *t = (kao_tar){ .members = NULL };
}

const kao_tar_member *kao_tar_find(const kao_tar *t, const char *name)
{
    size_t lo = 0, hi = t->n;

    while (lo < hi) {
        const size_t mid = lo + (hi - lo) / 2;

        if (strcmp(t->members[mid].name, name) <= 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo > 0 && strcmp(t->members[lo - 1].name, name) == 0 ? &t->members[lo - 1]
                                                                : NULL;
}
