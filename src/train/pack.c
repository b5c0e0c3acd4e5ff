/* See pack.h. */
#include "train/pack.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/tar.h"
#include "base/text.h"
#include "train/pack_parts.h"

#define MOST_BYTES kao_gib(4)

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

/* ---- what all sources share ---- */

bool kao_pack_room(kao_pack *p, size_t more)
{
    size_t cap;

    if (!kao_add(p->n, more, &cap))
        return false;
    if (cap <= p->cap)
        return true;
    cap = cap < p->cap + p->cap / 2 ? p->cap + p->cap / 2 : cap;
    kao_pack_picture *bigger =
        cap > SIZE_MAX / sizeof *bigger
            ? NULL
            : kao_grow(&p->ctx->mem, p->pictures, p->n * sizeof *bigger,
                       cap * sizeof *bigger);

    if (bigger) {
        p->pictures = bigger;
        p->cap = cap;
    }
    return bigger != NULL;
}

bool kao_pack_add_person(kao_pack *p, const char *name)
{
    kao_mem *mem = &p->ctx->mem;

    if (p->n_identities == p->cap_identities) {
        const uint32_t cap = p->cap_identities ? 2 * p->cap_identities : 64;
        char **bigger = kao_grow(mem, p->identities, p->n_identities * sizeof *bigger,
                                 cap * sizeof *bigger);

        if (!bigger)
            return false;
        p->identities = bigger;
        p->cap_identities = cap;
    }
    char *copy = kao_strdup(mem, name);

    if (copy)
        p->identities[p->n_identities++] = copy;
    return copy != NULL;
}

void kao_pack_drop(kao_pack *p, size_t i)
{
    kao_image_free(p->ctx, &p->pictures[i].image);
    kao_free(&p->ctx->mem, p->pictures[i].owned);
}

void kao_pack_leave(kao_pack_left *l, const char *name, const char *why)
{
    static const char more[] = ", ...";
    const size_t n = strlen(l->names);
    char one[sizeof l->names];

    l->n++;
    if (n >= sizeof more - 1 && strcmp(l->names + n - (sizeof more - 1), more) == 0)
        return;
    snprintf(one, sizeof one, "%s%.60s%s%.40s%s", n ? ", " : "", name, why ? " (" : "",
             why ? why : "", why ? ")" : "");
    kao_text_clean(one);
    if (n + strlen(one) + sizeof more <= sizeof l->names)
        memcpy(l->names + n, one, strlen(one) + 1);
    else
        memcpy(l->names + n, more, sizeof more);
}

/* ---- columns ---- */

static columns read_columns(char *line)
{
    columns at = { -1, -1, -1, -1 };
    char *names[MOST_FIELDS];

    line += strspn(line, "# ");
    kao_text_drop_brackets(line); /* what is in them is for people */
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
    const kao_pack *p = j->p;
    uint32_t i = j->first_identity;

    *number = KAO_PACK_NOBODY;
    if (!name || strcmp(name, "-") == 0)
        return KAO_OK;
    while (i < p->n_identities && strcmp(p->identities[i], name) != 0)
        i++;
    *number = i;
    return i < p->n_identities || kao_pack_add_person(j->p, name)
               ? KAO_OK
               : kao_fail(err, KAO_E_NOMEM, "%s: out of memory", j->path);
}

uint32_t kao_pack_class_of(kao_pack *p, const char *name)
{
    size_t i = 0;

    while (i < p->n_classes &&
           strncmp(p->classes[i].name, name, sizeof p->classes[0].name - 1) != 0)
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

    kao_error why = { .msg = "not there" };
    kao_status st =
        m ? kao_image_decode(p->ctx, m->bytes.p, m->bytes.n, NULL, &x.image, &why)
          : KAO_E_FORMAT;

    if (st == KAO_E_NOMEM) /* not the picture's fault */
        return kao_fail(err, st, "%s: %s", fields[at->picture], why.msg);
    if (st) {
        kao_pack_leave(&p->skipped, at->picture < n ? fields[at->picture] : "a line",
                       why.msg);
        return KAO_OK;
    }
    st = find_identity(j, who, &x.identity, err);

    if (st) {
        kao_image_free(p->ctx, &x.image);
        return st;
    }
    x.class = kao_pack_class_of(p, class ? class : "");
    p->classes[x.class].n++;
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
    char *text = kao_calloc(mem, f.bytes.n + 1, 1);

    if (!text || !kao_pack_room(p, count_lines(f.bytes))) {
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

/* ---- by name ---- */

static kao_status load_one(kao_pack *p, kao_context *ctx, const char *path,
                           const char *classes, kao_error *err)
{
    const size_t n = strlen(path);
    char tar[1100], list[1100];
    struct stat info;

    if (n > 4 && strcmp(path + n - 4, ".rec") == 0)
        return kao_pack_load_records(p, ctx, path, err);
    if (stat(path, &info) == 0 && S_ISDIR(info.st_mode))
        return kao_pack_load_people(p, ctx, path, err);
    snprintf(tar, sizeof tar, "%s.tar", path);
    snprintf(list, sizeof list, "%s_list.txt", path);
    return kao_pack_load(p, ctx, tar, list, classes, err);
}

kao_status kao_pack_load_named(kao_pack *p, kao_context *ctx, const char *folder,
                               const char *names, const char *classes, kao_error *err)
{
    kao_status st = KAO_OK;

    p->ctx = ctx;
    for (const char *s = names; !st && *s; s += strcspn(s, ","), s += *s == ',') {
        const int n = (int)strcspn(s, ",");
        char path[1024];

        if (snprintf(path, sizeof path, "%s/%.*s", folder, n, s) >= (int)sizeof path)
            return kao_fail(err, KAO_E_ARG, "%s: the path is too long", folder);
        st = load_one(p, ctx, path, classes, err);
    }
    return st;
}

kao_status kao_pack_load_faces(kao_pack *p, kao_context *ctx, const char *data,
                               const char *names, const char *classes, kao_error *err)
{
    return names[0] ? kao_pack_load_named(p, ctx, data, names, classes, err)
                    : load_one(p, ctx, data, classes, err);
}

void kao_pack_free(kao_pack *p)
{
    for (size_t i = 0; i < p->n; i++)
        kao_pack_drop(p, i);
    for (uint32_t i = 0; i < p->n_identities; i++)
        kao_free(&p->ctx->mem, p->identities[i]);
    for (size_t i = 0; i < p->n_files; i++)
        kao_file_close(&p->files[i]);
    if (p->ctx) {
        kao_free(&p->ctx->mem, p->pictures);
        kao_free(&p->ctx->mem, p->identities);
    }
    *p = (kao_pack){ .n = 0 };
}

kao_status kao_pack_picture_open(const kao_pack *p, size_t i, kao_image *out,
                                 kao_error *err)
{
    const kao_pack_picture *x = &p->pictures[i];

    if (x->bytes.p)
        return kao_image_decode(p->ctx, x->bytes.p, x->bytes.n, NULL, out, err);
    *out = x->image;
    out->owned = NULL; /* stays the pack's */
    return KAO_OK;
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
