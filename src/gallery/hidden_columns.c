/* See hidden_columns.h. (event_mark.name has no number by which it could be told: it is not in the list; encrypt.c
 * knows of it.) */
#include "gallery/hidden_columns.h"

#include <stdio.h>
#include <string.h>

enum { SQL = 320 };

const kao_hidden_column kao_hidden_columns[KAO_HIDDEN_COLUMNS] = {
    /* first, while the name is as it was */
    { "person", "number", NULL, "name", KAO_AT_NAME, "name_tag", KAO_AT_NAME_TAG,
      KAO_HIDDEN_KEYED, "", false, true },
    { "person", "number", NULL, "name", KAO_AT_NAME, "name", KAO_AT_NAME,
      KAO_HIDDEN_TEXT, "", false, false },
    { "person", "number", NULL, "note", KAO_AT_NOTE, "note", KAO_AT_NOTE,
      KAO_HIDDEN_TEXT, "", false, false },
    { "person", "number", NULL, "external", KAO_AT_EXTERNAL, "external",
      KAO_AT_EXTERNAL, KAO_HIDDEN_TEXT, "", false, false },
    { "person", "number", NULL, "member", KAO_AT_MEMBER, "member", KAO_AT_MEMBER,
      KAO_HIDDEN_TEXT, "", false, false },
    { "sample", "number", NULL, "source", KAO_AT_SOURCE, "source", KAO_AT_SOURCE,
      KAO_HIDDEN_TEXT, "", false, false },
    { "vector", "sample", "model", "numbers", KAO_AT_NUMBERS, "numbers", KAO_AT_NUMBERS,
      KAO_HIDDEN_BYTES, "", false, false },
    { "chip", "sample", NULL, "form", KAO_AT_CHIP_FORM, "form", KAO_AT_CHIP_FORM,
      KAO_HIDDEN_TEXT, "", false, false },
    { "chip", "sample", NULL, "bytes", KAO_AT_CHIP, "bytes", KAO_AT_CHIP,
      KAO_HIDDEN_BYTES, "", false, false },
    { "change", "number", NULL, "detail", KAO_AT_DETAIL, "detail", KAO_AT_DETAIL,
      KAO_HIDDEN_TEXT, "", false, false },
    { "edit", "change", "step", "old", KAO_AT_OLD, "old", KAO_AT_OLD, KAO_HIDDEN_TEXT,
      " AND field IN " KAO_TEXT_FIELDS, false, false },
    { "event", "number", NULL, "text", KAO_AT_EVENT, "text", KAO_AT_EVENT,
      KAO_HIDDEN_TEXT, "", true, false },
    { "event", "number", NULL, "trail", KAO_AT_EVENT_TRAIL, "trail", KAO_AT_EVENT_TRAIL,
      KAO_HIDDEN_KEYED, "", true, false },
};

kao_hidden kao_hidden_of(const kao_hidden_column *c)
{
    /* what is looked up by itself is sealed with its place alone */
    const bool alone = c->as == KAO_HIDDEN_KEYED && !c->is_tag;

    return (kao_hidden){ 0, c->from_place, alone ? KAO_NO_COLUMN : 1,
                         alone ? KAO_NO_COLUMN : 2, c->as == KAO_HIDDEN_BYTES };
}

/* ---- the check ---- */

static kao_status verify_column(kao_gallery *g, const kao_hidden_column *c,
                                kao_error *err)
{
    const kao_hidden hidden = kao_hidden_of(c);
    kao_rows *rows = NULL;
    bool there = true;
    char sql[SQL];
    kao_status st =
        c->is_optional ? kao_db_has(g->db, c->table, NULL, &there, err) : KAO_OK;

    if (st || !there || c->is_tag)
        return st;
    snprintf(sql, sizeof sql, "SELECT %s, %s, %s FROM %s WHERE %s IS NOT NULL%s", c->to,
             c->row, c->part ? c->part : "0", c->table, c->to, c->where);
    st = kao_db_ask_long(g->db, &rows, err, sql, "");
    if (st)
        return st;
    kao_rows_reveal(rows, &hidden, 1);
    while (kao_rows_next(rows))
        ;
    return kao_rows_end(rows, err);
}

/* A name that is not found by itself would be nobody's. */
static kao_status verify_tags(kao_gallery *g, kao_error *err)
{
    static const kao_hidden hidden[] = {
        { 0, KAO_AT_NAME, 2, KAO_NO_COLUMN, false },
        { 1, KAO_AT_NAME_TAG, KAO_NO_COLUMN, KAO_NO_COLUMN, false },
    };
    kao_rows *rows = NULL;
    kao_status st = kao_db_ask_long(g->db, &rows, err,
                                    "SELECT name, name_tag, number FROM person", "");

    if (!st)
        KAO_REVEAL(rows, hidden);
    while (!st && kao_rows_next(rows)) {
        const char *name = kao_row_text(rows, 0), *tag = kao_row_text(rows, 1);

        if (!name != !tag || (name && strcmp(name, tag) != 0))
            st = kao_fail(err, KAO_E_FORMAT,
                          "%s: the name of person %lld is not found by its tag",
                          g->path, (long long)kao_row_int(rows, 2));
    }
    const kao_status end = kao_rows_end(rows, st ? NULL : err);

    return st ? st : end;
}

static kao_status verify_marks(kao_gallery *g, kao_error *err)
{
    static const kao_hidden hidden[] = { { 0, KAO_AT_EVENT_MARK, KAO_NO_COLUMN,
                                           KAO_NO_COLUMN, false } };
    kao_rows *rows = NULL;
    bool there = false;
    kao_status st = kao_db_has(g->db, "event_mark", NULL, &there, err);

    if (!st && there)
        st = kao_db_ask(g->db, &rows, err, "SELECT name FROM event_mark", "");
    if (st || !there)
        return st;
    KAO_REVEAL(rows, hidden);
    while (kao_rows_next(rows))
        ;
    return kao_rows_end(rows, err);
}

kao_status kao_hidden_verify(kao_gallery *g, kao_error *err)
{
    kao_status st = KAO_OK;

    if (!g->is_sealed)
        return KAO_OK;
    for (size_t i = 0; !st && i < KAO_HIDDEN_COLUMNS; i++)
        st = verify_column(g, &kao_hidden_columns[i], err);
    if (!st)
        st = verify_marks(g, err);
    return st ? st : verify_tags(g, err);
}
