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

kao_status kao_db_ask(kao_db *db, kao_rows **rows, kao_error *err, const char *sql,
                      const char *form, ...)
{
    va_list list;

    va_start(list, form);
    const kao_status st = db->calls->ask(db, rows, false, sql, form, list, err);

    va_end(list);
    return st;
}

kao_status kao_db_ask_long(kao_db *db, kao_rows **rows, kao_error *err, const char *sql,
                           const char *form, ...)
{
    va_list list;

    va_start(list, form);
    const kao_status st = db->calls->ask(db, rows, true, sql, form, list, err);

    va_end(list);
    return st;
}

kao_status kao_db_run(kao_db *db, kao_error *err, const char *sql, const char *form,
                      ...)
{
    kao_rows *rows = NULL;
    va_list list;

    va_start(list, form);
    const kao_status st = db->calls->ask(db, &rows, false, sql, form, list, err);

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
    const kao_status st = db->calls->ask(db, &rows, false, sql, form, list, err);

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

bool kao_rows_next(kao_rows *rows)
{
    return rows->calls->next(rows);
}

int64_t kao_row_int(const kao_rows *rows, int column)
{
    return rows->calls->row_int(rows, column);
}

double kao_row_real(const kao_rows *rows, int column)
{
    return rows->calls->row_real(rows, column);
}

const char *kao_row_text(const kao_rows *rows, int column)
{
    return rows->calls->row_text(rows, column);
}

kao_span kao_row_bytes(const kao_rows *rows, int column)
{
    return rows->calls->row_bytes(rows, column);
}

kao_status kao_rows_end(kao_rows *rows, kao_error *err)
{
    return rows ? rows->calls->end(rows, err) : KAO_OK;
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
