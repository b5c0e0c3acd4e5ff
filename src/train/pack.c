/* See pack.h. The tar is read whole; names are found by a sorted index. */
#include "train/pack.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"

enum { BLOCK = 512, NAME_BYTES = 256 };
#define MOST_BYTES ((size_t)4 << 30)

typedef struct member {
    char name[NAME_BYTES];
    kao_span bytes;
} member;

typedef struct tar {
    kao_file file;
    member *members;
    size_t n, cap;
} tar;

/* An octal field of a header. */
static bool octal(const uint8_t *p, size_t n, uint64_t *v)
{
    *v = 0;
    for (size_t i = 0; i < n && p[i] && p[i] != ' '; i++) {
        if (p[i] < '0' || p[i] > '7')
            return false;
        *v = *v * 8 + (uint64_t)(p[i] - '0');
    }
    return true;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const member *)a)->name, ((const member *)b)->name);
}

static kao_status add_member(tar *t, kao_mem *mem, const uint8_t *header,
                             kao_span bytes, kao_error *err)
{
    if (t->n == t->cap) {
        const size_t cap = t->cap ? t->cap * 2 : 1024;
        member *bigger =
            kao_grow(mem, t->members, t->n * sizeof *bigger, cap * sizeof *bigger);

        if (!bigger)
            return kao_fail(err, KAO_E_NOMEM, "out of memory");
        t->members = bigger;
        t->cap = cap;
    }
    member *m = &t->members[t->n++];
    const char *name = (const char *)header, *prefix = (const char *)header + 345;
    const size_t n_prefix = strnlen(prefix, 155), n = strnlen(name, 100);

    m->bytes = bytes;
    memcpy(m->name, prefix, n_prefix);
    if (n_prefix)
        m->name[n_prefix] = '/';
    memcpy(m->name + n_prefix + (n_prefix > 0), name, n);
    m->name[n_prefix + (n_prefix > 0) + n] = '\0';
    return KAO_OK;
}

/* ustar: POSIX.1-1988; a header of 512 bytes, the content padded to 512. */
static kao_status open_tar(tar *t, kao_mem *mem, const char *path, kao_error *err)
{
    kao_status st = kao_file_open(&t->file, mem, path, MOST_BYTES, err);

    for (size_t at = 0; !st && at + BLOCK <= t->file.bytes.n;) {
        const uint8_t *h = t->file.bytes.p + at;
        uint64_t size = 0;

        if (h[0] == 0)
            break;
        if (memcmp(h + 257, "ustar", 5) != 0 || !octal(h + 124, 12, &size) ||
            size > t->file.bytes.n - at - BLOCK)
            return kao_fail_at(err, KAO_E_FORMAT, at, "%s: not a whole ustar file",
                               path);
        if (h[156] == '0' || h[156] == 0)
            st = add_member(t, mem, h, (kao_span){ h + BLOCK, (size_t)size }, err);
        at += BLOCK + ((size_t)size + BLOCK - 1) / BLOCK * BLOCK;
    }
    if (!st)
        qsort(t->members, t->n, sizeof *t->members, by_name);
    return st;
}

static const member *find(const tar *t, const char *name)
{
    size_t lo = 0, hi = t->n;

    while (lo < hi) {
        const size_t mid = (lo + hi) / 2;
        const int c = strcmp(name, t->members[mid].name);

        if (c == 0)
            return &t->members[mid];
        if (c < 0)
            hi = mid;
        else
            lo = mid + 1;
    }
    return NULL;
}

/* Whether word is one of a comma-separated list. */
static bool in_list(const char *list, const char *word)
{
    const size_t n = strlen(word);

    for (const char *p = list; p; p = strchr(p, ',') ? strchr(p, ',') + 1 : NULL)
        if (strncmp(p, word, n) == 0 && (p[n] == ',' || p[n] == '\0'))
            return true;
    return false;
}

/* Field i of a line that is cut in place; NULL where there are fewer. */
static char *field(char *line, char gap, int i)
{
    for (; i > 0 && line; i--)
        line = strchr(line, gap) ? strchr(line, gap) + 1 : NULL;
    return line;
}

static kao_status take_line(kao_pack *p, const tar *t, char *line,
                            const kao_pack_options *o, kao_error *err)
{
    const char gap = strchr(line, '\t') ? '\t' : ' ';
    char *class = o->class_field ? field(line, gap, 2) : NULL;
    char *kind = strrchr(line, gap) ? strrchr(line, gap) + 1 : line;
    kao_pack_picture *x = &p->pictures[p->n];

    if (kind == class)
        kind = line + strlen(line);
    strncpy(x->kind, kind, sizeof x->kind - 1);
    if (class)
        class[strcspn(class, "\t ")] = '\0';
    line[strcspn(line, gap == '\t' ? "\t" : " ")] = '\0';
    if (o->classes && class && !in_list(o->classes, class))
        return KAO_OK;
    const member *m = find(t, line);

    if (!m || kao_image_decode(p->ctx, m->bytes.p, m->bytes.n, NULL, &x->image, NULL)) {
        p->skipped++;
        return KAO_OK;
    }
    (void)err;
    p->bytes += x->image.row_bytes * x->image.height;
    p->n++;
    return KAO_OK;
}

static size_t count_lines(kao_span text)
{
    size_t n = 1;

    for (size_t i = 0; i < text.n; i++)
        n += text.p[i] == '\n';
    return n;
}

static kao_status take_list(kao_pack *p, const tar *t, const char *path,
                            const kao_pack_options *o, kao_error *err)
{
    kao_mem *mem = &p->ctx->mem;
    kao_file f = { 0 };
    kao_status st = kao_file_open(&f, mem, path, MOST_BYTES, err);

    if (st)
        return st;
    const size_t room = p->n + count_lines(f.bytes);
    char *text = kao_calloc(mem, f.bytes.n + 1, 1);
    kao_pack_picture *bigger =
        kao_grow(mem, p->pictures, p->n * sizeof *bigger, room * sizeof *bigger);

    if (bigger)
        p->pictures = bigger;
    if (!text || !bigger) {
        st = kao_fail(err, KAO_E_NOMEM, "%s: out of memory", path);
    } else {
        memcpy(text, f.bytes.p, f.bytes.n);
        memset(p->pictures + p->n, 0, (room - p->n) * sizeof *bigger);
    }
    const size_t begin = p->n;

    for (char *line = text, *next = NULL; !st && line; line = next) {
        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        if (line[0] && line[0] != '#' && (!o->most || p->n - begin < o->most))
            st = take_line(p, t, line, o, err);
    }
    kao_free(mem, text);
    kao_file_close(&f);
    return st;
}

kao_status kao_pack_load(kao_pack *p, kao_context *ctx, const char *tar_path,
                         const char *list, const kao_pack_options *options,
                         kao_error *err)
{
    static const kao_pack_options defaults = { NULL, false, 0 };
    tar t = { .members = NULL };

    p->ctx = ctx;
    kao_status st = open_tar(&t, &ctx->mem, tar_path, err);

    if (!st)
        st = take_list(p, &t, list, options ? options : &defaults, err);
    kao_free(&ctx->mem, t.members);
    kao_file_close(&t.file);
    return st;
}

kao_status kao_pack_load_named(kao_pack *p, kao_context *ctx, const char *folder,
                               const char *names, const char *classes, kao_error *err)
{
    kao_status st = KAO_OK;

    for (const char *s = names; !st && *s; s += strcspn(s, ","), s += *s == ',') {
        const int n = (int)strcspn(s, ",");
        char path[1024], list[1024];
        /* lists without a class: every line is taken */
        const kao_pack_options o = { .classes = classes[0] ? classes : NULL,
                                     .class_field = strncmp(s, "ukmp", 4) != 0 };

        snprintf(path, sizeof path, "%s/%.*s.tar", folder, n, s);
        snprintf(list, sizeof list, "%s/%.*s_list.txt", folder, n, s);
        st = kao_pack_load(p, ctx, path, list, &o, err);
    }
    return st;
}

void kao_pack_free(kao_pack *p)
{
    for (size_t i = 0; i < p->n; i++)
        kao_image_free(p->ctx, &p->pictures[i].image);
    if (p->ctx)
        kao_free(&p->ctx->mem, p->pictures);
    *p = (kao_pack){ .n = 0 };
}
