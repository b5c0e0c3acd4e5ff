/* Groups of people: names, which a person has any number of. A group is there while somebody is in
 * it. A person's groups are one text, a line each, so that one value is changed and undone. */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/text.h"
#include "gallery/gallery.h"

kao_status kao_gallery_has_facts(const kao_gallery *g, kao_error *err)
{
    return g->schema >= 2
               ? KAO_OK
               : kao_fail(err, KAO_E_UNSUPPORTED,
                          "%s: of an earlier version of kao, without groups and facts; "
                          "opening it for writing adds them",
                          g->path);
}

static bool has_line(const char *text, const char *line)
{
    const size_t n = strlen(line);

    for (; text; text = strchr(text, '\n') ? strchr(text, '\n') + 1 : NULL)
        if (strncmp(text, line, n) == 0 && (text[n] == '\n' || text[n] == '\0'))
            return true;
    return false;
}

/* Rows: number, ignored, groups. *is_there: somebody is in it. */
static kao_status take_people(kao_gallery *g, const char *group, kao_rows *rows,
                              kao_bytes *people, bool *is_there, kao_error *err)
{
    static const kao_hidden hidden[] = { { 2, KAO_AT_MEMBER, 0, KAO_NO_COLUMN,
                                           false } };
    kao_status st = KAO_OK;

    KAO_REVEAL(rows, hidden);
    while (!st && kao_rows_next(rows)) {
        const int64_t number = kao_row_int(rows, 0);
        const bool is_in = has_line(kao_row_text(rows, 2), group),
                   is_ignored = kao_row_int(rows, 1) != 0;

        *is_there |= is_in && !is_ignored;
        if ((is_in || is_ignored) && !kao_bytes_add(people, &number, sizeof number))
            st = kao_fail(err, KAO_E_NOMEM, "%s: out of memory", g->path);
    }
    const kao_status end = kao_rows_end(rows, st ? NULL : err);

    return st ? st : end;
}

/* Lines are compared here: what is encrypted is no text for the database. */
kao_status kao_group_read(kao_gallery *g, const char *group, int64_t **people,
                          size_t *n, kao_error *err)
{
    kao_bytes b = { .mem = &g->ctx->mem, .max = SIZE_MAX / 2 };
    kao_rows *rows = NULL;
    bool is_there = false;
    kao_status st = kao_name_check("group", group, err);

    if (!st)
        st = kao_gallery_has_facts(g, err);
    if (!st)
        st = kao_db_ask_long(g->db, &rows, err,
                             "SELECT number, ignored, member FROM person WHERE removed "
                             "= 0 AND (member IS NOT NULL OR ignored <> 0) ORDER BY "
                             "number",
                             "");
    if (!st)
        st = take_people(g, group, rows, &b, &is_there, err);
    if (!st && !is_there)
        st = kao_fail(err, KAO_E_NOT_FOUND, "%s: nobody is in a group %.*s", g->path,
                      (int)kao_utf8_cut(group, KAO_SHOWN_BYTES), group);
    if (st)
        kao_bytes_free(&b);
    *people = (int64_t *)(void *)b.p;
    *n = b.n / sizeof **people;
    return st;
}

/* ---- a person's ---- */

static bool is_twice(const char *const *groups, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (strcmp(groups[k], groups[i]) == 0)
            return true;
    return false;
}

/* As one text; "" for none. */
static kao_status join(kao_gallery *g, const char *const *groups, size_t n,
                       kao_bytes *b, kao_error *err)
{
    kao_status st = KAO_OK;

    for (size_t i = 0; !st && i < n; i++) {
        st = groups[i] ? kao_name_check("group", groups[i], err)
                       : kao_fail(err, KAO_E_ARG, "gallery: a group without a name");
        if (st || is_twice(groups, i))
            continue;
        if ((b->n && !kao_bytes_add(b, "\n", 1)) ||
            !kao_bytes_add(b, groups[i], strlen(groups[i])))
            st = kao_fail(err, KAO_E_NOMEM, "%s: out of memory", g->path);
    }
    if (!st && !kao_bytes_add(b, "", 1))
        st = kao_fail(err, KAO_E_NOMEM, "%s: out of memory", g->path);
    return st;
}

kao_status kao_gallery_set_groups(kao_gallery *g, int64_t person,
                                  const char *const *groups, size_t n, kao_error *err)
{
    char title[KAO_TITLE_BYTES] = "";
    kao_edit e;

    if (!g || (n && !groups) || n > KAO_GROUPS_MOST)
        return kao_fail(err, KAO_E_ARG,
                        "gallery: no gallery or groups, or more than %d",
                        KAO_GROUPS_MOST);
    kao_bytes b = { .mem = &g->ctx->mem,
                    .max = (size_t)KAO_GROUPS_MOST * (KAO_NAME_MAX_BYTES + 1) };
    kao_status st = join(g, groups, n, &b, err);

    if (!st)
        st = kao_gallery_has_facts(g, err);
    if (!st)
        st = kao_edit_begin(g, &e, "group", err);
    if (!st) {
        const char *text = (const char *)b.p;

        st = kao_person_check(g, person, err);
        if (!st)
            st = kao_person_title(g, person, title, err);
        if (!st)
            st = kao_edit_text(&e, KAO_PERSON_GROUPS, person, text[0] ? text : NULL,
                               err);
        st = kao_edit_end(&e, st, err, "%s", title);
    }
    kao_bytes_free(&b);
    return st;
}

/* ---- all ---- */

typedef struct listing {
    kao_mem *mem;
    kao_bytes names; /* one behind the other, each with its 0 */
    const char **list;
    size_t n;
} listing;

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The lines of a text. */
static bool add_lines(listing *l, const char *text)
{
    while (text && *text) {
        const size_t n = strcspn(text, "\n");

        if (!kao_bytes_add(&l->names, text, n) || !kao_bytes_add(&l->names, "", 1))
            return false;
        l->n++;
        text += text[n] ? n + 1 : n;
    }
    return true;
}

static kao_status read_groups(kao_gallery *g, listing *l, kao_error *err)
{
    static const kao_hidden hidden[] = { { 0, KAO_AT_MEMBER, 1, KAO_NO_COLUMN,
                                           false } };
    kao_rows *rows = NULL;
    kao_status st = kao_db_ask(g->db, &rows, err,
                               "SELECT member, number FROM person WHERE removed = 0 "
                               "AND member IS NOT NULL",
                               "");
    if (!st)
        KAO_REVEAL(rows, hidden);

    while (!st && kao_rows_next(rows))
        if (!add_lines(l, kao_row_text(rows, 0)))
            st = kao_fail(err, KAO_E_NOMEM, "%s: out of memory", g->path);
    const kao_status end = kao_rows_end(rows, st ? NULL : err);

    st = st ? st : end;
    if (st)
        return st;
    l->list = kao_calloc(l->mem, l->n + 1, sizeof *l->list);
    if (!l->list)
        return kao_fail(err, KAO_E_NOMEM, "%s: out of memory", g->path);
    for (size_t i = 0, at = 0; i < l->n; i++) {
        l->list[i] = (const char *)l->names.p + at;
        at += strlen(l->list[i]) + 1;
    }
    qsort((void *)l->list, l->n, sizeof *l->list, by_name);
    return KAO_OK;
}

kao_status kao_gallery_groups(kao_gallery *g, kao_group_visit *visit, void *user,
                              kao_error *err)
{
    if (!g || !visit)
        return kao_fail(err, KAO_E_ARG, "gallery: no gallery, or nobody to tell");
    if (g->schema < 2)
        return KAO_OK;
    listing l = { .mem = &g->ctx->mem,
                  .names = { .mem = &g->ctx->mem, .max = SIZE_MAX / 2 } };
    const kao_status st = read_groups(g, &l, err);

    for (size_t i = 0, end = 0; !st && i < l.n; i = end) {
        for (end = i + 1; end < l.n && strcmp(l.list[end], l.list[i]) == 0; end++)
            ;
        if (visit(user, l.list[i], (uint32_t)(end - i)))
            break;
    }
    kao_free(l.mem, (void *)l.list);
    kao_bytes_free(&l.names);
    return st;
}
