/* db.h in a build without SQLite: no gallery can be opened, so nothing else is called. */
#include "gallery/db.h"

kao_status kao_db_open(kao_mem *mem, kao_db **out, const char *path,
                       const kao_db_options *options, kao_error *err)
{
    (void)mem;
    (void)options;
    *out = NULL;
    return kao_fail(err, KAO_E_UNSUPPORTED, "%s: galleries are not in this build",
                    path);
}

void kao_db_close(kao_db *db)
{
    (void)db;
}

const char *kao_db_file(const kao_db *db)
{
    (void)db;
    return "";
}

static kao_status none(kao_error *err)
{
    return kao_fail(err, KAO_E_UNSUPPORTED, "galleries are not in this build");
}

kao_status kao_db_run(kao_db *db, kao_error *err, const char *sql, const char *form,
                      ...)
{
    (void)db;
    (void)sql;
    (void)form;
    return none(err);
}

kao_status kao_db_script(kao_db *db, const char *sql, kao_error *err)
{
    (void)db;
    (void)sql;
    return none(err);
}

kao_status kao_db_ask(kao_db *db, kao_rows **rows, kao_error *err, const char *sql,
                      const char *form, ...)
{
    (void)db;
    (void)sql;
    (void)form;
    *rows = NULL;
    return none(err);
}

kao_status kao_db_number(kao_db *db, int64_t *value, kao_error *err, const char *sql,
                         const char *form, ...)
{
    (void)db;
    (void)value;
    (void)sql;
    (void)form;
    return none(err);
}

bool kao_rows_next(kao_rows *rows)
{
    (void)rows;
    return false;
}

int64_t kao_row_int(const kao_rows *rows, int column)
{
    (void)rows;
    return column * 0;
}

double kao_row_real(const kao_rows *rows, int column)
{
    (void)rows;
    return column * 0.;
}

const char *kao_row_text(const kao_rows *rows, int column)
{
    (void)rows;
    (void)column;
    return NULL;
}

kao_span kao_row_bytes(const kao_rows *rows, int column)
{
    (void)rows;
    (void)column;
    return (kao_span){ NULL, 0 };
}

kao_status kao_rows_end(kao_rows *rows, kao_error *err)
{
    (void)rows;
    (void)err;
    return KAO_OK;
}

kao_status kao_db_begin(kao_db *db, kao_error *err)
{
    (void)db;
    return none(err);
}

kao_status kao_db_begin_reading(kao_db *db, kao_error *err)
{
    (void)db;
    return none(err);
}

kao_status kao_db_commit(kao_db *db, kao_error *err)
{
    (void)db;
    return none(err);
}

void kao_db_rollback(kao_db *db)
{
    (void)db;
}

kao_status kao_db_settle(kao_db *db, kao_error *err)
{
    (void)db;
    return none(err);
}
