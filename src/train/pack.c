/* See pack.h. */
#include "train/pack.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/tar.h"
#include "base/text.h"

#define MOST_BYTES ((size_t)4 << 30)

/* Which field of a line has what; -1: none. */
typedef struct columns {
    int picture, class, identity, kind;
} columns;

typedef struct list_job {
    kao_pack *p;
    const kao_tar *tar;
    const char *path, *classes;
    columns at;
    uint32_t first_identity; /* of this tar */
} list_job;

/* Whether word is one of a comma-separated list. */
static bool in_list(const char *list, const char *word)
{
    const size_t n = strlen(word);

    for (const char *p = list; p; p = strchr(p, ',') ? strchr(p, ',') + 1 : NULL)
        if (strncmp(p, word, n) == 0 && (p[n] == ',' || p[n] == '\0'))
            return true;
    return false;
}

/* Cut a line into fields in place; gives their number. */
enum { MOST_FIELDS = 32 };

static int cut(char *line, char *fields[MOST_FIELDS])
{
    const char *gap = strchr(line, '\t') ? "\t" : " ";
    int n = 0;

    for (char *p = line; n < MOST_FIELDS; p++) {
        fields[n++] = p;
        p += strcspn(p, gap);
        if (!*p)
            break;
        *p = '\0';
        if (gap[0] == ' ') /* several are one */
            p += strspn(p + 1, " ");
    }
    return n;
}

/* ---- columns ---- */

/* "identity(or -)" is "identity": what stands in brackets is for people. */
static void drop_brackets(char *line)
{
    char *to = line;
    int depth = 0;

    for (const char *p = line; *p; p++) {
        depth += *p == '(';
        if (depth == 0)
            *to++ = *p;
        depth -= *p == ')' && depth > 0;
    }
    *to = '\0';
}

static columns read_columns(char *line)
{
    columns at = { -1, -1, -1, -1 };
    char *names[MOST_FIELDS];

    line += strspn(line, "# ");
    drop_brackets(line);
    const int n = cut(line, names);

    for (int i = 0; i < n; i++) {
        names[i][strcspn(names[i], " \r")] = '\0';
        if (strcmp(names[i], "picture") == 0)
            at.picture = i;
        else if (strcmp(names[i], "class") == 0 ||
                 strcmp(names[i], "licence_class") == 0)
            at.class = i;
        else if (strcmp(names[i], "identity") == 0)
            at.identity = i;
        else if (strcmp(names[i], "kind") == 0)
            at.kind = i;
    }
    return at;
}

/* ---- lines ---- */

/* The number of a person of this tar, a new one where the name is new. */
static kao_status find_identity(const list_job *j, const char *name, uint32_t *number,
                                kao_error *err)
{
    kao_pack *p = j->p;
    kao_mem *mem = &p->ctx->mem;
    uint32_t i = j->first_identity;

    *number = KAO_PACK_NOBODY;
    if (!name || strcmp(name, "-") == 0)
        return KAO_OK;
    while (i < p->n_identities && strcmp(p->identities[i], name) != 0)
        i++;
    if (i == p->n_identities) {
        char **bigger =
            kao_grow(mem, p->identities, i * sizeof *bigger, (i + 1) * sizeof *bigger);
        char *copy = kao_alloc(mem, strlen(name) + 1);

        if (bigger)
            p->identities = bigger;
        if (!bigger || !copy) {
            kao_free(mem, copy);
            return kao_fail(err, KAO_E_NOMEM, "%s: out of memory", j->path);
        }
        memcpy(copy, name, strlen(name) + 1);
        p->identities[p->n_identities++] = copy;
    }
    *number = i;
    return KAO_OK;
}

/* The number of a class; those beyond the room count as the first one. */
static uint32_t find_class(kao_pack *p, const char *name)
{
    size_t i = 0;

    while (i < p->n_classes && strcmp(p->classes[i].name, name) != 0)
        i++;
    if (i == p->n_classes && i < KAO_PACK_CLASSES)
        snprintf(p->classes[p->n_classes++].name, sizeof p->classes[0].name, "%s",
                 name);
    return i < KAO_PACK_CLASSES ? (uint32_t)i : 0;
}

static kao_status take_line(const list_job *j, char *line, kao_error *err)
{
    kao_pack *p = j->p;
    char *fields[MOST_FIELDS];
    const int n = cut(line, fields);
    const columns *at = &j->at;
    const char *class = at->class >= 0 && at->class < n ? fields[at->class] : NULL;
    const char *who =
        at->identity >= 0 && at->identity < n ? fields[at->identity] : NULL;
    const char *kind = at->kind >= 0 && at->kind < n ? fields[at->kind] : "";
    kao_pack_picture x = { .no_face = strcmp(kind, "noface") == 0 };

    if (j->classes[0] && class && !in_list(j->classes, class))
        return KAO_OK;
    const kao_tar_member *m =
        at->picture < n ? kao_tar_find(j->tar, fields[at->picture]) : NULL;

    if (!m || kao_image_decode(p->ctx, m->bytes.p, m->bytes.n, NULL, &x.image, NULL)) {
        p->skipped++;
        return KAO_OK;
    }
    const kao_status st = find_identity(j, who, &x.identity, err);

    if (st) {
        kao_image_free(p->ctx, &x.image);
        return st;
    }
    x.class = find_class(p, class ? class : "");
    p->classes[x.class].n++;
    p->bytes += x.image.row_bytes * x.image.height;
    p->pictures[p->n++] = x;
    return KAO_OK;
}

static size_t count_lines(kao_span text)
{
    size_t n = 1;

    for (size_t i = 0; i < text.n; i++)
        n += text.p[i] == '\n';
    return n;
}

static kao_status take_lines(list_job *j, char *text, kao_error *err)
{
    kao_status st = KAO_OK;
    bool first = true;

    for (char *line = kao_text_begin(text), *next = NULL; !st && line; line = next) {
        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        line[strcspn(line, "\r")] = '\0';
        if (first) {
            j->at = read_columns(line);
            if (line[0] != '#' || j->at.picture < 0)
                return kao_fail(err, KAO_E_FORMAT,
                                "%s: line 1: wanted the names of columns, such as "
                                "\"# picture identity\"",
                                j->path);
        } else if (line[0] && line[0] != '#') {
            st = take_line(j, line, err);
        }
        first = false;
    }
    return st;
}

static kao_status take_list(list_job *j, kao_error *err)
{
    kao_pack *p = j->p;
    kao_mem *mem = &p->ctx->mem;
    kao_file f = { 0 };
    kao_status st = kao_file_open(&f, mem, j->path, MOST_BYTES, err);

    if (st)
        return st;
    const size_t room = p->n + count_lines(f.bytes);
    char *text = kao_calloc(mem, f.bytes.n + 1, 1);
    kao_pack_picture *bigger =
        kao_grow(mem, p->pictures, p->n * sizeof *bigger, room * sizeof *bigger);

    if (bigger)
        p->pictures = bigger;
    if (!text || !bigger) {
        st = kao_fail(err, KAO_E_NOMEM, "%s: out of memory", j->path);
    } else {
        memcpy(text, f.bytes.p, f.bytes.n);
        st = take_lines(j, text, err);
    }
    kao_free(mem, text);
    kao_file_close(&f);
    return st;
}

/* ---- packs ---- */

kao_status kao_pack_load(kao_pack *p, kao_context *ctx, const char *tar,
                         const char *list, const char *classes, kao_error *err)
{
    kao_tar t = { .members = NULL };
    list_job j = { .p = p,
                   .tar = &t,
                   .path = list,
                   .classes = classes,
                   .first_identity = p->n_identities };

    p->ctx = ctx;
    kao_status st = kao_tar_open(&t, &ctx->mem, tar, err);

    if (!st)
        st = take_list(&j, err);
    kao_tar_close(&t);
    return st;
}

kao_status kao_pack_load_named(kao_pack *p, kao_context *ctx, const char *folder,
                               const char *names, const char *classes, kao_error *err)
{
    kao_status st = KAO_OK;

    for (const char *s = names; !st && *s; s += strcspn(s, ","), s += *s == ',') {
        const int n = (int)strcspn(s, ",");
        char tar[1024], list[1024];

        if (snprintf(tar, sizeof tar, "%s/%.*s.tar", folder, n, s) >= (int)sizeof tar ||
            snprintf(list, sizeof list, "%s/%.*s_list.txt", folder, n, s) >=
                (int)sizeof list)
            return kao_fail(err, KAO_E_ARG, "%s: the path is too long", folder);
        st = kao_pack_load(p, ctx, tar, list, classes, err);
    }
    return st;
}

void kao_pack_free(kao_pack *p)
{
    for (size_t i = 0; i < p->n; i++)
        kao_image_free(p->ctx, &p->pictures[i].image);
    for (uint32_t i = 0; i < p->n_identities; i++)
        kao_free(&p->ctx->mem, p->identities[i]);
    if (p->ctx) {
        kao_free(&p->ctx->mem, p->pictures);
        kao_free(&p->ctx->mem, p->identities);
    }
    *p = (kao_pack){ .n = 0 };
}

const char *kao_pack_classes(const kao_pack *p, char *to, size_t cap)
{
    size_t n = 0;

    to[0] = '\0';
    for (size_t i = 0; i < p->n_classes && n < cap; i++)
        n += (size_t)snprintf(
            to + n, cap - n, "%s%zu %s", i ? ", " : "", p->classes[i].n,
            p->classes[i].name[0] ? p->classes[i].name : "of no stated class");
    return to;
}

size_t kao_pack_keep_people(kao_pack *p, size_t least)
{
    const size_t before = p->n;
    uint32_t kept = 0;
    size_t n = 0;

    for (uint32_t who = 0; who < p->n_identities; who++) {
        size_t has = 0;

        for (size_t i = 0; i < p->n; i++)
            has += p->pictures[i].identity == who;
        for (size_t i = 0; i < p->n; i++)
            if (p->pictures[i].identity == who)
                p->pictures[i].identity = has < least ? KAO_PACK_NOBODY : kept;
        if (has < least) {
            kao_free(&p->ctx->mem, p->identities[who]);
        } else {
            p->identities[kept++] = p->identities[who];
        }
    }
    p->n_identities = kept;
    for (size_t i = 0; i < before; i++)
        if (p->pictures[i].identity == KAO_PACK_NOBODY) {
            p->classes[p->pictures[i].class].n--;
            kao_image_free(p->ctx, &p->pictures[i].image);
        } else {
            p->pictures[n++] = p->pictures[i];
        }
    p->n = n;
    return before - n;
}
