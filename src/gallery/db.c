/* Which database a name is of; everything else goes on to it. */
#include "base/database.h"
#include "gallery/db_calls.h"

static const kao_db_calls *calls_of(const char *name)
{
    return kao_database_is_address(name) ? &kao_db_postgres : &kao_db_sqlite;
}

kao_status kao_db_ready(const char *name, kao_error *err)
{
    return calls_of(name)->ready(name, err);
}

kao_status kao_db_open(kao_mem *mem, kao_db **out, const char *name,
                       const kao_db_options *options, kao_error *err)
{
    *out = NULL;
    return calls_of(name)->open(mem, out, name, options, err);
}

void kao_db_close(kao_db *db)
{
    if (db)
        db->calls->close(db);
}

const char *kao_db_name(const kao_db *db)
{
    return db->name;
}

const char *kao_db_file(const kao_db *db)
{
    return db->calls->file(db);
}

bool kao_db_is_file(const kao_db *db)
{
    return db->calls->is_file;
}

const char *kao_db_out_of_reach(const kao_db *db)
{
    return db->calls->out_of_reach;
}

/* ---- statements ---- */

void kao_db_seal(kao_db *db, const kao_seal *seal, const char *mark)
{
    db->seal = seal;
    db->seal_mark = mark;
}

static kao_status ask(kao_db *db, kao_rows **rows, bool is_long, kao_error *err,
                      const char *sql, const char *form, va_list list)
{
    kao_db_values values;
    kao_status st = kao_db_take(db, &values, form, list, err);

    *rows = NULL;
    if (!st)
        st = db->calls->ask(db, rows, is_long, sql, &values, err);
    kao_db_values_free(&values);
    return st;
}

kao_status kao_db_ask(kao_db *db, kao_rows **rows, kao_error *err, const char *sql,
                      const char *form, ...)
{
    va_list list;

    va_start(list, form);
    const kao_status st = ask(db, rows, false, err, sql, form, list);

    va_end(list);
    return st;
}

kao_status kao_db_ask_long(kao_db *db, kao_rows **rows, kao_error *err, const char *sql,
                           const char *form, ...)
{
    va_list list;

    va_start(list, form);
    const kao_status st = ask(db, rows, true, err, sql, form, list);

    va_end(list);
    return st;
}

kao_status kao_db_run(kao_db *db, kao_error *err, const char *sql, const char *form,
                      ...)
{
    kao_rows *rows = NULL;
    va_list list;

    va_start(list, form);
    const kao_status st = ask(db, &rows, false, err, sql, form, list);

    va_end(list);
    if (st)
        return st;
    while (kao_rows_next(rows))
        ;
    return kao_rows_end(rows, err);
}

kao_status kao_db_number(kao_db *db, int64_t *value, kao_error *err, const char *sql,
                         const char *form, ...)
{
    kao_rows *rows = NULL;
    va_list list;

    va_start(list, form);
    const kao_status st = ask(db, &rows, false, err, sql, form, list);

    va_end(list);
    if (st)
        return st;
    bool more = kao_rows_next(rows);

    if (more)
        *value = kao_row_int(rows, 0);
    while (more) /* an INSERT with RETURNING runs to its end */
        more = kao_rows_next(rows);
    return kao_rows_end(rows, err);
}

kao_status kao_db_script(kao_db *db, const char *sql, kao_error *err)
{
    return db->calls->script(db, sql, err);
}

void kao_rows_reveal(kao_rows *rows, const kao_hidden *columns, size_t n)
{
    rows->hidden = columns;
    rows->n_hidden = n;
}

bool kao_rows_next(kao_rows *rows)
{
    return !rows->st && rows->calls->next(rows) &&
           (rows->n_hidden == 0 || kao_rows_open(rows));
}

int64_t kao_row_int(const kao_rows *rows, int column)
{
    return rows->calls->row_int(rows, column);
}

double kao_row_real(const kao_rows *rows, int column)
{
    return rows->calls->row_real(rows, column);
}

/* Where an opened value is kept; -1: the column is not hidden. */
static int place_of(const kao_rows *rows, int column)
{
    for (size_t i = 0; rows->db->seal && i < rows->n_hidden; i++)
        if (rows->hidden[i].column == column)
            return (int)i;
    return -1;
}

const char *kao_row_text(const kao_rows *rows, int column)
{
    const int i = place_of(rows, column);

    return i < 0                ? rows->calls->row_text(rows, column)
           : rows->is_absent[i] ? NULL
                                : (const char *)rows->open[i].p;
}

kao_span kao_row_bytes(const kao_rows *rows, int column)
{
    const int i = place_of(rows, column);

    /* behind what was opened is a 0 */
    return i < 0                ? rows->calls->row_bytes(rows, column)
           : rows->is_absent[i] ? (kao_span){ NULL, 0 }
                                : (kao_span){ rows->open[i].p, rows->open[i].n - 1 };
}

kao_span kao_row_stored(const kao_rows *rows, int column)
{
    return rows->calls->row_bytes(rows, column);
}

/* Something did not open: was it sealed anew, by another key? */
static kao_status look_at_mark(kao_db *db, kao_error *err)
{
    int64_t n = 1;
    kao_error none;

    if (!db->seal ||
        kao_db_number(db, &n, &none,
                      "SELECT count(*) FROM meta WHERE key = 'seal' AND value = ?", "t",
                      db->seal_mark) ||
        n)
        return KAO_E_FORMAT;
    return kao_fail(err, KAO_E_CONFLICT,
                    "%s: has another key meanwhile, or none: open it again", db->name);
}

kao_status kao_rows_end(kao_rows *rows, kao_error *err)
{
    if (!rows)
        return KAO_OK;
    kao_db *db = rows->db;
    const kao_status st = rows->st;

    if (st && err)
        *err = rows->err;
    kao_rows_close(rows);
    const kao_status ended = rows->calls->end(rows, st ? NULL : err);

    return st == KAO_E_FORMAT ? look_at_mark(db, err) : st ? st : ended;
}

/* ---- transactions ---- */

kao_status kao_db_begin(kao_db *db, kao_error *err)
{
    return db->calls->begin(db, err);
}

kao_status kao_db_begin_reading(kao_db *db, kao_error *err)
{
    return db->calls->begin_reading(db, err);
}

kao_status kao_db_commit(kao_db *db, kao_error *err)
{
    const kao_status st = db->calls->commit(db, err);

    if (st)
        kao_db_rollback(db);
    return st;
}

void kao_db_rollback(kao_db *db)
{
    db->calls->rollback(db);
}

kao_status kao_db_settle(kao_db *db, kao_error *err)
{
    return db->calls->settle(db, err);
}

kao_status kao_db_compact(kao_db *db, kao_error *err)
{
    return db->calls->compact(db, err);
}

/* ---- of itself ---- */

kao_status kao_db_has(kao_db *db, const char *table, const char *column, bool *has,
                      kao_error *err)
{
    *has = false;
    return db->calls->has(db, table, column, has, err);
}

kao_status kao_db_last_number(kao_db *db, const char *table, int64_t *number,
                              kao_error *err)
{
    *number = 0;
    return db->calls->last_number(db, table, number, err);
}

kao_status kao_db_bytes(kao_db *db, int64_t *bytes, kao_error *err)
{
    *bytes = 0;
    return db->calls->bytes(db, bytes, err);
}

kao_status kao_db_check(kao_db *db, kao_error *err)
{
    return db->calls->check(db, err);
}

kao_status kao_db_defines(kao_db *db, kao_span bytes, bool *defines, kao_error *err)
{
    *defines = false;
    return db->calls->defines(db, bytes, defines, err);
}
