/* People: a number, a name in any script, notes. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "gallery/gallery.h"

kao_status kao_name_check(const char *what, const char *name, kao_error *err)
{
    const size_t n = strlen(name);

    if (n == 0 || n > KAO_NAME_MAX_BYTES)
        return kao_fail(err, KAO_E_ARG, "gallery: a %s of %zu bytes: 1 to %d", what, n,
                        KAO_NAME_MAX_BYTES);
    if (!kao_text_is_clean(name))
        return kao_fail(err, KAO_E_ARG,
                        "gallery: a %s that is no UTF-8, or has control characters",
                        what);
    return KAO_OK;
}

kao_status kao_person_check(kao_gallery *g, int64_t person, kao_error *err)
{
    int64_t n = 0;
    const kao_status st = kao_db_number(
        g->db, &n, err, "SELECT count(*) FROM person WHERE number = ? AND removed = 0",
        "i", person);

    if (st || n)
        return st;
    return kao_fail(err, KAO_E_NOT_FOUND, "%s: no person %lld", g->path,
                    (long long)person);
}

kao_status kao_person_title(kao_gallery *g, int64_t person, char to[KAO_TITLE_BYTES],
                            kao_error *err)
{
    kao_rows *rows = NULL;
    const kao_status st =
        kao_db_ask(g->db, &rows, err,
                   "SELECT name, number FROM person WHERE number = ?", "i", person);

    snprintf(to, KAO_TITLE_BYTES, "person %lld", (long long)person);
    if (st)
        return st;
    static const kao_hidden hidden[] = { { 0, KAO_AT_NAME, 1, KAO_NO_COLUMN, false } };

    KAO_REVEAL(rows, hidden);
    const char *name = kao_rows_next(rows) ? kao_row_text(rows, 0) : NULL;

    if (name)
        snprintf(to, KAO_TITLE_BYTES, "%.*s",
                 (int)kao_utf8_cut(name, KAO_TITLE_BYTES - 1), name);
    return kao_rows_end(rows, err);
}

/* ---- looking ---- */

#define PERSON_OF(schema_2, more)                                                      \
 "SELECT p.number, p.name, p.external, p.note, p.created, "                            \
 "(SELECT count(*) FROM sample s WHERE s.person = p.number AND s.removed = "           \
 "0), " schema_2 " FROM person p WHERE p.removed = 0" more
/* A file of the first schema, which is read only, has neither groups nor who is ignored. */
#define PERSON(g, more)                                                                \
 ((g)->schema < 2 ? PERSON_OF("NULL, 0", more) : PERSON_OF("p.member, p.ignored", more))

/* name: of all of them; a tag may say so that is another's. NULL: any. */
static kao_status tell(kao_rows *rows, const char *name, kao_person_visit *visit,
                       void *user, size_t *n, kao_error *err)
{
    static const kao_hidden hidden[] = {
        { 1, KAO_AT_NAME, 0, KAO_NO_COLUMN, false },
        { 2, KAO_AT_EXTERNAL, 0, KAO_NO_COLUMN, false },
        { 3, KAO_AT_NOTE, 0, KAO_NO_COLUMN, false },
        { 6, KAO_AT_MEMBER, 0, KAO_NO_COLUMN, false },
    };

    KAO_REVEAL(rows, hidden);
    for (*n = 0; kao_rows_next(rows);) {
        const kao_person p = { .size = sizeof p,
                               .number = kao_row_int(rows, 0),
                               .name = kao_row_text(rows, 1),
                               .external = kao_row_text(rows, 2),
                               .note = kao_row_text(rows, 3),
                               .created = kao_row_int(rows, 4),
                               .n_samples = (uint32_t)kao_row_int(rows, 5),
                               .groups = kao_row_text(rows, 6),
                               .ignored = kao_row_int(rows, 7) != 0 };

        if (name && (!p.name || strcmp(p.name, name) != 0))
            continue;
        ++*n;
        if (visit(user, &p))
            break;
    }
    return kao_rows_end(rows, err);
}

kao_status kao_gallery_people(kao_gallery *g, const char *name, kao_person_visit *visit,
                              void *user, kao_error *err)
{
    kao_rows *rows = NULL;
    size_t n = 0;

    if (!g || !visit)
        return kao_fail(err, KAO_E_ARG, "gallery: no gallery, or nobody to tell");
    kao_status st =
        !name ? kao_db_ask(g->db, &rows, err, PERSON(g, " ORDER BY p.number"), "")
        : g->is_sealed
            ? kao_db_ask(g->db, &rows, err,
                         PERSON(g, " AND p.name_tag = ? ORDER BY p.number"), "k",
                         KAO_AT_NAME_TAG, name)
            : kao_db_ask(g->db, &rows, err,
                         PERSON(g, " AND p.name = ? ORDER BY p.number"), "t", name);

    if (!st)
        st = tell(rows, name, visit, user, &n, err);
    return name && n == 0 ? kao_sealed_explain(g, st, err) : st;
}

kao_status kao_gallery_person(kao_gallery *g, int64_t person, kao_person_visit *visit,
                              void *user, kao_error *err)
{
    kao_rows *rows = NULL;
    size_t n = 0;

    if (!g || !visit)
        return kao_fail(err, KAO_E_ARG, "gallery: no gallery, or nobody to tell");
    kao_status st =
        kao_db_ask(g->db, &rows, err, PERSON(g, " AND p.number = ?"), "i", person);

    if (!st)
        st = tell(rows, NULL, visit, user, &n, err);
    if (!st && n == 0)
        st = kao_fail(err, KAO_E_NOT_FOUND, "%s: no person %lld", g->path,
                      (long long)person);
    return st;
}

typedef struct namesakes {
    int64_t first;
    size_t n;
    char numbers[96];
    size_t at;
} namesakes;

static int note_namesake(void *user, const kao_person *p)
{
    namesakes *s = user;

    if (s->n++ == 0)
        s->first = p->number;
    if (s->at < sizeof s->numbers)
        s->at += (size_t)snprintf(s->numbers + s->at, sizeof s->numbers - s->at,
                                  "%s%lld", s->n > 1 ? ", " : "", (long long)p->number);
    return 0;
}

kao_status kao_gallery_find(kao_gallery *g, const char *name, int64_t *person,
                            kao_error *err)
{
    namesakes s = { .n = 0 };

    if (!g || !name || !person)
        return kao_fail(err, KAO_E_ARG, "gallery: no gallery, name or result");
    const kao_status st = kao_gallery_people(g, name, note_namesake, &s, err);

    if (st)
        return st;
    if (s.n == 0)
        return kao_fail(err, KAO_E_NOT_FOUND, "%s: nobody of the name %.*s", g->path,
                        (int)kao_utf8_cut(name, KAO_SHOWN_BYTES), name);
    if (s.n > 1)
        return kao_fail(err, KAO_E_CONFLICT, "%s: %zu people of the name %.*s: %s",
                        g->path, s.n, (int)kao_utf8_cut(name, KAO_SHOWN_BYTES), name,
                        s.numbers);
    *person = s.first;
    return KAO_OK;
}

/* ---- changing ---- */

kao_status kao_name_write(kao_gallery *g, int64_t person, const char *name,
                          kao_error *err)
{
    return g->is_sealed
               ? kao_db_run(g->db, err,
                            "UPDATE person SET name = ?, name_tag = ? WHERE number = ?",
                            "hki", KAO_AT_NAME, person, (int64_t)0, name,
                            KAO_AT_NAME_TAG, name, person)
               : kao_db_run(g->db, err, "UPDATE person SET name = ? WHERE number = ?",
                            "ti", name, person);
}

kao_status kao_person_insert(kao_edit *e, const char *name, int64_t *person,
                             kao_error *err)
{
    /* a name is sealed together with the person's number */
    kao_status st = kao_db_number(
        e->g->db, person, err, "INSERT INTO person(created) VALUES(?) RETURNING number",
        "i", e->time);

    if (!st && name)
        st = kao_name_write(e->g, *person, name, err);
    return st ? st : kao_edit_made(e, KAO_PERSON_REMOVED, *person, err);
}

kao_status kao_gallery_add_person(kao_gallery *g, const char *name, int64_t *person,
                                  kao_error *err)
{
    char title[KAO_TITLE_BYTES] = "";
    kao_edit e;

    if (!g || !person)
        return kao_fail(err, KAO_E_ARG, "gallery: no gallery or result");
    kao_status st = name ? kao_name_check("name", name, err) : KAO_OK;

    if (!st)
        st = kao_edit_begin(g, &e, "add", err);
    if (st)
        return st;
    int64_t number = 0;

    st = kao_person_insert(&e, name, &number, err);
    if (!st)
        st = kao_person_title(g, number, title, err);
    st = kao_edit_end(&e, st, err, "%s", title);
    if (!st)
        *person = number;
    return st;
}

/* One text of a person. */
static kao_status set_text(kao_gallery *g, kao_field field, const char *what,
                           int64_t person, const char *text, kao_error *err)
{
    char before[KAO_TITLE_BYTES] = "", after[KAO_TITLE_BYTES] = "";
    kao_edit e;

    if (!g)
        return kao_fail(err, KAO_E_ARG, "gallery: no gallery");
    kao_status st = text ? kao_name_check(what, text, err) : KAO_OK;

    if (!st)
        st = kao_edit_begin(g, &e, field == KAO_PERSON_NAME ? "rename" : what, err);
    if (st)
        return st;
    st = kao_person_check(g, person, err);
    if (!st)
        st = kao_person_title(g, person, before, err);
    if (!st)
        st = kao_edit_text(&e, field, person, text, err);
    if (!st)
        st = kao_person_title(g, person, after, err);
    return field == KAO_PERSON_NAME
               ? kao_edit_end(&e, st, err, "%s to %s", before, after)
               : kao_edit_end(&e, st, err, "%s", after);
}

kao_status kao_gallery_rename(kao_gallery *g, int64_t person, const char *name,
                              kao_error *err)
{
    return set_text(g, KAO_PERSON_NAME, "name", person, name, err);
}

kao_status kao_gallery_set_note(kao_gallery *g, int64_t person, const char *note,
                                kao_error *err)
{
    return set_text(g, KAO_PERSON_NOTE, "note", person, note, err);
}

kao_status kao_gallery_set_external(kao_gallery *g, int64_t person,
                                    const char *external, kao_error *err)
{
    return set_text(g, KAO_PERSON_EXTERNAL, "external id", person, external, err);
}

/* All samples of `from` that are there, one by one, so that each can go back. */
static kao_status move_samples(kao_edit *e, int64_t into, int64_t from, size_t *n,
                               kao_error *err)
{
    int64_t sample = 0;

    for (*n = 0;; ++*n) {
        sample = 0;
        kao_status st = kao_db_number(e->g->db, &sample, err,
                                      "SELECT number FROM sample WHERE person = ? AND "
                                      "removed = 0 ORDER BY number LIMIT 1",
                                      "i", from);

        if (st || sample == 0)
            return st;
        st = kao_edit_number(e, KAO_SAMPLE_PERSON, sample, into, err);
        if (st)
            return st;
    }
}

kao_status kao_gallery_merge(kao_gallery *g, int64_t into, int64_t from, kao_error *err)
{
    char a[KAO_TITLE_BYTES] = "", b[KAO_TITLE_BYTES] = "";
    size_t n = 0;
    kao_edit e;

    if (!g || into == from)
        return kao_fail(err, KAO_E_ARG, "gallery: no gallery, or one person twice");
    kao_status st = kao_edit_begin(g, &e, "merge", err);

    if (st)
        return st;
    st = kao_person_check(g, into, err);
    if (!st)
        st = kao_person_check(g, from, err);
    if (!st)
        st = kao_person_title(g, into, a, err);
    if (!st)
        st = kao_person_title(g, from, b, err);
    if (!st)
        st = kao_fact_allows_merge(g, into, from, err);
    if (!st)
        st = kao_fact_move(&e, into, from, err);
    if (!st)
        st = move_samples(&e, into, from, &n, err);
    if (!st)
        st = kao_edit_number(&e, KAO_PERSON_REMOVED, from, e.number, err);
    return kao_edit_end(&e, st, err, "%s into %s, %zu sample%s", b, a, n,
                        n == 1 ? "" : "s");
}

kao_status kao_gallery_set_ignored(kao_gallery *g, int64_t person, int ignored,
                                   kao_error *err)
{
    char title[KAO_TITLE_BYTES] = "";
    kao_edit e;
    kao_status st = g ? kao_gallery_has_facts(g, err)
                      : kao_fail(err, KAO_E_ARG, "gallery: no gallery");

    if (!st)
        st = kao_edit_begin(g, &e, ignored ? "ignore" : "ignore no more", err);
    if (st)
        return st;
    st = kao_person_check(g, person, err);
    if (!st)
        st = kao_person_title(g, person, title, err);
    if (!st)
        st = kao_edit_number(&e, KAO_PERSON_IGNORED, person, ignored != 0, err);
    return kao_edit_end(&e, st, err, "%s", title);
}

kao_status kao_gallery_remove_person(kao_gallery *g, int64_t person, kao_error *err)
{
    char title[KAO_TITLE_BYTES] = "";
    kao_edit e;

    if (!g)
        return kao_fail(err, KAO_E_ARG, "gallery: no gallery");
    kao_status st = kao_edit_begin(g, &e, "remove", err);

    if (st)
        return st;
    st = kao_person_check(g, person, err);
    if (!st)
        st = kao_person_title(g, person, title, err);
    if (!st)
        st = kao_edit_number(&e, KAO_PERSON_REMOVED, person, e.number, err);
    return kao_edit_end(&e, st, err, "%s", title);
}

/* The first person that is there, above a number; 0: none. */
static kao_status next_person(kao_gallery *g, int64_t above, int64_t *person,
                              kao_error *err)
{
    *person = 0;
    return kao_db_number(
        g->db, person, err,
        "SELECT coalesce(min(number), 0) FROM person WHERE removed = 0 "
        "AND number > ?",
        "i", above);
}

kao_status kao_gallery_clear(kao_gallery *g, uint64_t *n, kao_error *err)
{
    int64_t person = 0;
    uint64_t count = 0;
    kao_edit e;

    if (!g || !n)
        return kao_fail(err, KAO_E_ARG, "gallery: no gallery or result");
    *n = 0;
    kao_status st = kao_edit_begin(g, &e, "clear", err);

    if (st)
        return st;
    do {
        st = next_person(g, person, &person, err);
        if (!st && person)
            st = kao_edit_number(&e, KAO_PERSON_REMOVED, person, e.number, err);
        count += !st && person;
    } while (!st && person);
    if (!st && count == 0)
        st = kao_fail(err, KAO_E_NOT_FOUND, "%s: there is nobody in it", g->path);
    st = kao_edit_end(&e, st, err, "%llu %s", (unsigned long long)count,
                      count == 1 ? "person" : "people");
    if (!st)
        *n = count;
    return st;
}
