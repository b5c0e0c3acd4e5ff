/* What cameras saw: the newest events, each with a number that is never given twice.
 *
 * The table is made with the first event, so that galleries without cameras stay as they are. An
 * event has the number of a person and no name: names are the person's row's alone. With a person
 * go the person's events, and those of the trails that they are in; a version of kao that knows
 * nothing of events deletes the first of them too (ON DELETE CASCADE). */
#include <string.h>

#include "base/text.h"
#include "gallery/gallery.h"

static const char table[] =
    "CREATE TABLE event(number INTEGER PRIMARY KEY AUTOINCREMENT, trail TEXT NOT NULL,"
    " person INTEGER REFERENCES person(number) ON DELETE CASCADE,"
    " text TEXT NOT NULL);"
    "CREATE INDEX event_person ON event(person);"
    "CREATE INDEX event_trail ON event(trail)";

kao_status kao_events_there(kao_gallery *g, bool *there, kao_error *err)
{
    return kao_db_has(g->db, "event", NULL, there, err);
}

/* ---- adding ---- */

static kao_status check_text(const char *what, const char *text, kao_error *err)
{
    if (!text || !text[0] || strlen(text) > KAO_EVENT_MAX_BYTES ||
        !kao_text_is_clean(text))
        return kao_fail(err, KAO_E_ARG,
                        "an event's %s: wanted 1 to %d bytes of UTF-8 without control "
                        "characters",
                        what, (int)KAO_EVENT_MAX_BYTES);
    return KAO_OK;
}

/* Inside a transaction. Who was forgotten meanwhile is nobody. */
static kao_status add(kao_gallery *g, const kao_new_event *e, int64_t *number,
                      kao_error *err)
{
    bool there = false;
    kao_status st = kao_events_there(g, &there, err);

    if (!st && !there)
        st = kao_db_script(g->db, table, err);
    if (!st)
        st = kao_db_number(g->db, number, err,
                           "INSERT INTO event(trail, person, text) VALUES(?, (SELECT "
                           "number FROM person WHERE number = ?), '') RETURNING number",
                           "ki", KAO_AT_EVENT_TRAIL, e->trail, e->person);
    if (!st)
        st = kao_db_run(g->db, err, "UPDATE event SET text = ? WHERE number = ?", "hi",
                        KAO_AT_EVENT, *number, (int64_t)0, e->text, *number);
    if (!st && e->was)
        st = kao_db_run(g->db, err, "UPDATE event SET trail = ? WHERE trail = ?", "kk",
                        KAO_AT_EVENT_TRAIL, e->trail, KAO_AT_EVENT_TRAIL, e->was);
    if (!st)
        st = kao_db_run(g->db, err, "DELETE FROM event WHERE number <= ?", "i",
                        *number - KAO_EVENTS_MOST);
    return st;
}

kao_status kao_gallery_add_event(kao_gallery *g, const kao_new_event *e,
                                 int64_t *number, kao_error *err)
{
    int64_t n = 0;

    if (!g || !e || e->size < sizeof *e)
        return kao_fail(err, KAO_E_ARG, "gallery: no gallery, or no event");
    kao_status st = check_text("trail", e->trail, err);

    if (!st && e->was)
        st = check_text("trail before", e->was, err);
    if (!st)
        st = check_text("text", e->text, err);
    if (!st)
        st = kao_gallery_begin(g, err);
    if (st)
        return st;
    st = add(g, e, &n, err);
    if (!st)
        st = kao_db_commit(g->db, err);
    else
        kao_db_rollback(g->db);
    if (!st && number)
        *number = n;
    return st;
}

/* ---- reading ---- */

kao_status kao_gallery_events(kao_gallery *g, int64_t after, size_t most,
                              kao_event_visit *visit, void *user, kao_error *err)
{
    static const kao_hidden hidden[] = { { 2, KAO_AT_EVENT, 0, KAO_NO_COLUMN, false } };
    bool there = false;
    kao_rows *rows = NULL;

    if (!g || !visit)
        return kao_fail(err, KAO_E_ARG, "gallery: no gallery, or nobody to tell");
    kao_status st = kao_events_there(g, &there, err);

    if (st || !there)
        return st;
    st = kao_db_ask(g->db, &rows, err,
                    "SELECT number, person, text FROM event WHERE number > ? ORDER BY "
                    "number LIMIT ?",
                    "ii", after,
                    (int64_t)(most < KAO_EVENTS_MOST ? most : KAO_EVENTS_MOST));
    if (!st)
        KAO_REVEAL(rows, hidden);
    while (!st && kao_rows_next(rows)) {
        const char *text = kao_row_text(rows, 2);
        const kao_event e = { .size = sizeof e,
                              .number = kao_row_int(rows, 0),
                              .person = kao_row_int(rows, 1),
                              .text = text ? text : "" };

        if (visit(user, &e))
            break;
    }
    return st ? st : kao_rows_end(rows, err);
}

kao_status kao_gallery_last_event(kao_gallery *g, int64_t *number, kao_error *err)
{
    bool there = false;

    if (!g || !number)
        return kao_fail(err, KAO_E_ARG, "gallery: no gallery, or no result");
    *number = 0;
    const kao_status st = kao_events_there(g, &there, err);

    return st || !there ? st : kao_db_last_number(g->db, "event", number, err);
}

/* ---- how far somebody is ---- */

kao_status kao_gallery_event_mark(kao_gallery *g, const char *name, int64_t *number,
                                  uint32_t *known, kao_error *err)
{
    bool there = false;
    int64_t n = 0;

    if (!g || !number || !known)
        return kao_fail(err, KAO_E_ARG, "gallery: no gallery, or no result");
    *number = 0;
    *known = 0;
    kao_status st = check_text("mark", name, err);

    if (!st)
        st = kao_db_has(g->db, "event_mark", NULL, &there, err);
    if (!st && there)
        st = kao_db_number(g->db, &n, err,
                           "SELECT count(*) FROM event_mark WHERE name = ?", "k",
                           KAO_AT_EVENT_MARK, name);
    if (st || !n)
        return kao_sealed_explain(g, st, err);
    *known = 1;
    return kao_db_number(g->db, number, err,
                         "SELECT number FROM event_mark WHERE name = ?", "k",
                         KAO_AT_EVENT_MARK, name);
}

kao_status kao_gallery_set_event_mark(kao_gallery *g, const char *name, int64_t number,
                                      kao_error *err)
{
    bool there = false;

    if (!g)
        return kao_fail(err, KAO_E_ARG, "gallery: no gallery");
    kao_status st = check_text("mark", name, err);

    if (!st)
        st = kao_gallery_begin(g, err);
    if (st)
        return st;
    st = kao_db_has(g->db, "event_mark", NULL, &there, err);
    if (!st && !there)
        st = kao_db_script(g->db,
                           "CREATE TABLE event_mark(name TEXT PRIMARY KEY, number "
                           "INTEGER NOT NULL)",
                           err);
    if (!st)
        st = kao_db_run(g->db, err,
                        "INSERT INTO event_mark VALUES(?, ?) ON CONFLICT(name) DO "
                        "UPDATE SET number = excluded.number",
                        "ki", KAO_AT_EVENT_MARK, name, number);
    if (!st)
        return kao_db_commit(g->db, err);
    kao_db_rollback(g->db);
    return st;
}
