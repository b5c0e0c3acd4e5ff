/* Changes: transactions that are written down with what was there before, so that they can be
 * shown and undone.
 *
 * A value that a change writes is kept as text in `edit`. Undoing writes the old values back,
 * last one first, as a change of its own (whose edits hold what was undone, so that it can be
 * undone too). It is refused where a later change, not undone itself, wrote the same value. */
#include "gallery/gallery.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/text.h"

#define READ(column, table)  "SELECT " column ", number FROM " table " WHERE number = ?"
#define WRITE(column, table) "UPDATE " table " SET " column " = ? WHERE number = ?"

static const struct {
    const char *read, *write;
    const char *place; /* of texts: where they are hidden; NULL: a number */
    bool is_sample;
} fields[KAO_FIELDS] = {
    [KAO_PERSON_NAME] = { READ("name", "person"), NULL, KAO_AT_NAME, false },
    [KAO_PERSON_NOTE] = { READ("note", "person"), WRITE("note", "person"), KAO_AT_NOTE,
                          false },
    [KAO_PERSON_EXTERNAL] = { READ("external", "person"), WRITE("external", "person"),
                              KAO_AT_EXTERNAL, false },
    [KAO_PERSON_REMOVED] = { READ("removed", "person"), WRITE("removed", "person"),
                             NULL, false },
    [KAO_SAMPLE_PERSON] = { READ("person", "sample"), WRITE("person", "sample"), NULL,
                            true },
    [KAO_SAMPLE_REMOVED] = { READ("removed", "sample"), WRITE("removed", "sample"),
                             NULL, true },
    [KAO_PERSON_GROUPS] = { READ("member", "person"), WRITE("member", "person"),
                            KAO_AT_MEMBER, false },
    [KAO_PERSON_IGNORED] = { READ("ignored", "person"), WRITE("ignored", "person"),
                             NULL, false },
    [KAO_FACT_REMOVED] = { READ("removed", "fact"), WRITE("removed", "fact"), NULL,
                           false },
    [KAO_FACT_PERSON] = { READ("person", "fact"), WRITE("person", "fact"), NULL,
                          false },
    [KAO_FACT_OTHER] = { READ("other", "fact"), WRITE("other", "fact"), NULL, false },
};
int64_t kao_gallery_now(void)
{
    return (int64_t)time(NULL);
}

/* ---- one change ---- */

kao_status kao_edit_begin(kao_gallery *g, kao_edit *e, const char *action,
                          kao_error *err)
{
    *e = (kao_edit){ .g = g, .time = kao_gallery_now() };
    int64_t token = 0;

    if (getrandom(&token, sizeof token, 0) != (ssize_t)sizeof token)
        return kao_fail(err, KAO_E_IO, "%s: no random numbers", g->path);
    kao_status st = kao_gallery_begin(g, err);

    if (st)
        return st;
    st = kao_db_number(g->db, &e->number, err,
                       "INSERT INTO change(time, action, detail, token) VALUES(?, ?, "
                       "'', ?) RETURNING number",
                       "iti", e->time, action, token);
    if (st)
        kao_db_rollback(g->db);
    return st;
}

kao_status kao_edit_end(kao_edit *e, kao_status st, kao_error *err, const char *detail,
                        ...)
{
    char text[256];
    va_list list;

    if (st) {
        kao_db_rollback(e->g->db);
        return st;
    }
    va_start(list, detail);
    vsnprintf(text, sizeof text, detail, list);
    va_end(list);
    st = kao_db_run(e->g->db, err, "UPDATE change SET detail = ? WHERE number = ?",
                    "hi", KAO_AT_DETAIL, e->number, (int64_t)0, kao_text_clean(text),
                    e->number);
    if (!st)
        return kao_db_commit(e->g->db, err);
    kao_db_rollback(e->g->db);
    return st;
}

static kao_status keep(kao_edit *e, kao_field field, int64_t subject, const char *old,
                       kao_error *err)
{
    static const char insert[] = "INSERT INTO edit(change, step, field, subject, old) "
                                 "VALUES(?, ?, ?, ?, ?)";
    const int64_t step = e->step++;

    return fields[field].place
               ? kao_db_run(e->g->db, err, insert, "iiiih", e->number, step,
                            (int64_t)field, subject, KAO_AT_OLD, e->number, step, old)
               : kao_db_run(e->g->db, err, insert, "iiiit", e->number, step,
                            (int64_t)field, subject, old);
}

kao_status kao_edit_made(kao_edit *e, kao_field removed, int64_t subject,
                         kao_error *err)
{
    char old[24];

    snprintf(old, sizeof old, "%lld", (long long)e->number);
    return keep(e, removed, subject, old, err);
}

static kao_status keep_what_is_there(kao_edit *e, kao_field field, int64_t subject,
                                     kao_error *err)
{
    kao_rows *rows = NULL;
    kao_status st = kao_db_ask(e->g->db, &rows, err, fields[field].read, "i", subject);

    if (st)
        return st;
    const kao_hidden hidden = { 0, fields[field].place, 1, KAO_NO_COLUMN, false };

    kao_rows_reveal(rows, &hidden, fields[field].place ? 1 : 0);
    if (kao_rows_next(rows))
        st = keep(e, field, subject, kao_row_text(rows, 0), err);
    const kao_status end = kao_rows_end(rows, st ? NULL : err);

    return st ? st : end;
}

/* Other processes load a sample anew by its `changed`. */
static kao_status mark(kao_edit *e, kao_field field, int64_t subject, kao_error *err)
{
    if (fields[field].is_sample)
        return kao_db_run(e->g->db, err,
                          "UPDATE sample SET changed = ? WHERE number = ?", "ii",
                          e->number, subject);
    if (field != KAO_PERSON_REMOVED)
        return KAO_OK;
    return kao_db_run(e->g->db, err, "UPDATE sample SET changed = ? WHERE person = ?",
                      "ii", e->number, subject);
}

kao_status kao_edit_text(kao_edit *e, kao_field field, int64_t subject,
                         const char *value, kao_error *err)
{
    kao_status st = keep_what_is_there(e, field, subject, err);

    if (!st && field == KAO_PERSON_NAME)
        st = kao_name_write(e->g, subject, value, err);
    else if (!st)
        st = kao_db_run(e->g->db, err, fields[field].write, "hi", fields[field].place,
                        subject, (int64_t)0, value, subject);
    return st ? st : mark(e, field, subject, err);
}

kao_status kao_edit_number(kao_edit *e, kao_field field, int64_t subject, int64_t value,
                           kao_error *err)
{
    kao_status st = keep_what_is_there(e, field, subject, err);

    if (!st)
        st = kao_db_run(e->g->db, err, fields[field].write, "ii", value, subject);
    return st ? st : mark(e, field, subject, err);
}

/* ---- history ---- */

kao_status kao_gallery_history(kao_gallery *g, kao_change_visit *visit, void *user,
                               kao_error *err)
{
    kao_rows *rows = NULL;

    if (!g || !visit)
        return kao_fail(err, KAO_E_ARG, "gallery: no gallery, or nobody to tell");
    const kao_status st = kao_db_ask(
        g->db, &rows, err,
        "SELECT number, time, action, detail, undone FROM change ORDER BY number DESC",
        "");

    if (st)
        return st;
    static const kao_hidden hidden[] = { { 3, KAO_AT_DETAIL, 0, KAO_NO_COLUMN,
                                           false } };

    KAO_REVEAL(rows, hidden);
    while (kao_rows_next(rows)) {
        const kao_change c = { .size = sizeof c,
                               .number = kao_row_int(rows, 0),
                               .time = kao_row_int(rows, 1),
                               .action = kao_row_text(rows, 2),
                               .detail = kao_row_text(rows, 3),
                               .undone = kao_row_int(rows, 4) != 0 };

        if (visit(user, &c))
            break;
    }
    return kao_rows_end(rows, err);
}

/* ---- undoing ---- */

typedef struct kept { /* a row of `edit` */
    kao_field field;
    int64_t subject;
    char *old; /* or NULL */
} kept;

typedef struct kept_list {
    kept *items;
    size_t n;
} kept_list;

static void kept_free(kao_mem *mem, kept_list *l)
{
    for (size_t i = 0; i < l->n; i++)
        kao_free(mem, l->items[i].old);
    kao_free(mem, l->items);
    *l = (kept_list){ NULL, 0 };
}

static kao_status read_kept(kao_gallery *g, int64_t change, kept_list *l,
                            kao_error *err)
{
    kao_mem *mem = &g->ctx->mem;
    kao_rows *rows = NULL;
    int64_t n = 0;
    kao_status st = kao_db_number(
        g->db, &n, err, "SELECT count(*) FROM edit WHERE change = ?", "i", change);

    if (st)
        return st;
    static const kao_hidden hidden[] = { { 2, KAO_AT_OLD, 4, 5, false } };

    l->items = kao_calloc(mem, (size_t)n + 1, sizeof *l->items);
    if (!l->items)
        return kao_fail(err, KAO_E_NOMEM, "%s: out of memory", g->path);
    st = kao_db_ask(g->db, &rows, err,
                    "SELECT field, subject, CASE WHEN field IN " KAO_TEXT_FIELDS
                    " THEN old END, CASE WHEN field NOT IN " KAO_TEXT_FIELDS
                    " THEN old END, change, step FROM edit WHERE change = ? ORDER BY "
                    "step DESC",
                    "i", change);
    if (!st)
        KAO_REVEAL(rows, hidden);
    while (!st && l->n < (size_t)n && kao_rows_next(rows)) {
        const int64_t field = kao_row_int(rows, 0);
        const char *text = kao_row_text(rows, 2),
                   *old = text ? text : kao_row_text(rows, 3);
        kept *k = &l->items[l->n];

        if (field < 0 || field >= KAO_FIELDS) {
            st = kao_fail(err, KAO_E_FORMAT, "%s: change %lld makes no sense", g->path,
                          (long long)change);
            break;
        }
        *k = (kept){ (kao_field)field, kao_row_int(rows, 1), NULL };
        k->old = old ? kao_strdup(mem, old) : NULL;
        if (old && !k->old)
            st = kao_fail(err, KAO_E_NOMEM, "%s: out of memory", g->path);
        l->n++;
    }
    const kao_status end = kao_rows_end(rows, st ? NULL : err);

    return st ? st : end;
}

/* The change to undo, and whether that can be. */
static kao_status choose(kao_gallery *g, int64_t *number, kao_error *err)
{
    int64_t found = 0, later = 0;
    kao_status st = KAO_OK;

    if (*number == 0)
        st = kao_db_number(g->db, &found, err,
                           "SELECT max(number) FROM change WHERE undone = 0 AND "
                           "undoes = 0 AND number IN (SELECT change FROM edit)",
                           "");
    else
        st = kao_db_number(g->db, &found, err,
                           "SELECT number FROM change WHERE number = ? AND undone = 0 "
                           "AND number IN (SELECT change FROM edit)",
                           "i", *number);
    if (st)
        return st;
    if (found == 0)
        return *number ? kao_fail(err, KAO_E_NOT_FOUND,
                                  "%s: change %lld cannot be undone: there is none, it "
                                  "is undone, or left nothing to undo",
                                  g->path, (long long)*number)
                       : kao_fail(err, KAO_E_NOT_FOUND, "%s: nothing to undo", g->path);
    *number = found;
    st = kao_db_number(g->db, &later, err,
                       "SELECT max(b.change) FROM edit a JOIN edit b ON "
                       "b.field = a.field AND b.subject = a.subject AND "
                       "b.change > a.change JOIN change c ON c.number = b.change "
                       "WHERE a.change = ? AND c.undone = 0 AND c.undoes = 0",
                       "i", found);
    if (!st && later > 0)
        st = kao_fail(err, KAO_E_CONFLICT,
                      "%s: change %lld came after it and builds on it: undo that first",
                      g->path, (long long)later);
    /* a person that it made, to whom others gave samples */
    if (!st)
        st = kao_db_number(
            g->db, &later, err,
            "SELECT max(s.changed) FROM edit a JOIN sample s ON "
            "s.person = a.subject WHERE a.change = ? AND a.field = ? AND "
            "a.old = CAST(a.change AS TEXT) AND s.removed = 0 AND s.number NOT IN "
            "(SELECT subject FROM edit WHERE change = ? AND field IN "
            "(?, ?))",
            "iiiii", found, (int64_t)KAO_PERSON_REMOVED, found,
            (int64_t)KAO_SAMPLE_PERSON, (int64_t)KAO_SAMPLE_REMOVED);
    if (!st && later > 0)
        st =
            kao_fail(err, KAO_E_CONFLICT,
                     "%s: change %lld gave samples to a person that it made: undo that "
                     "first",
                     g->path, (long long)later);
    return st;
}

static kao_status put_back(kao_edit *e, const kept *k, kao_error *err)
{
    const bool was_made =
        (k->field == KAO_PERSON_REMOVED || k->field == KAO_SAMPLE_REMOVED ||
         k->field == KAO_FACT_REMOVED) &&
        k->old && strcmp(k->old, "0") != 0;

    if (fields[k->field].place)
        return kao_edit_text(e, k->field, k->subject, k->old, err);
    /* a row that the change made is removed by this one */
    return kao_edit_number(e, k->field, k->subject,
                           was_made ? e->number
                           : k->old ? atoll(k->old)
                                    : 0,
                           err);
}

static kao_status undo(kao_edit *e, int64_t *number, kao_error *err)
{
    kao_gallery *g = e->g;
    kept_list list = { NULL, 0 };
    kao_status st = choose(g, number, err);

    if (!st)
        st = read_kept(g, *number, &list, err);
    for (size_t i = 0; !st && i < list.n; i++)
        st = put_back(e, &list.items[i], err);
    kept_free(&g->ctx->mem, &list);
    if (!st)
        st = kao_db_run(g->db, err, "UPDATE change SET undone = ? WHERE number = ?",
                        "ii", e->number, *number);
    if (!st)
        st = kao_db_run(g->db, err, "UPDATE change SET undoes = ? WHERE number = ?",
                        "ii", *number, e->number);
    /* what it undid, if it was an undoing, counts again */
    if (!st)
        st = kao_db_run(g->db, err,
                        "UPDATE change SET undone = 0 WHERE undone = ? AND number = "
                        "(SELECT undoes FROM change WHERE number = ?)",
                        "ii", *number, *number);
    return st;
}

kao_status kao_gallery_undo(kao_gallery *g, int64_t number, int64_t *undone,
                            kao_error *err)
{
    kao_edit e;

    if (!g || number < 0)
        return kao_fail(err, KAO_E_ARG,
                        "gallery: no gallery, or no number of a change");
    kao_status st = kao_edit_begin(g, &e, "undo", err);

    if (st)
        return st;
    st = undo(&e, &number, err);
    st = kao_edit_end(&e, st, err, "change %lld", (long long)number);
    if (!st && undone)
        *undone = number;
    return st;
}
