/* db.h on SQLite: one file, with its write-ahead log beside it while it is in use, so that
 * readers go on while one writer writes. What is deleted is overwritten with zeros
 * (secure_delete), and a commit is on the disk before it returns (synchronous=FULL). */
#include "gallery/db.h"

#include <errno.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { SETTLE_MS = 10 };

struct kao_db {
    kao_mem *mem;
    sqlite3 *handle;
    char *path; /* for messages */
    uint32_t wait_ms;
};

struct kao_rows {
    kao_db *db;
    sqlite3_stmt *statement;
    int result;
};

static kao_status status_of(int code)
{
    switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return KAO_OK;
    case SQLITE_NOMEM:
        return KAO_E_NOMEM;
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
        return KAO_E_FORMAT;
    case SQLITE_TOOBIG:
        return KAO_E_LIMIT;
    default:
        return KAO_E_IO;
    }
}

static kao_status fail(const kao_db *db, int code, kao_error *err)
{
    const kao_status st = status_of(code);

    switch (code & 0xff) {
    case SQLITE_NOMEM:
        return kao_fail(err, st, "%s: out of memory", db->path);
    case SQLITE_NOTADB:
        return kao_fail(err, st, "%s: no gallery", db->path);
    case SQLITE_CORRUPT:
        return kao_fail(err, st, "%s: damaged: %s", db->path,
                        sqlite3_errmsg(db->handle));
    case SQLITE_BUSY:
        return kao_fail(err, st, "%s: another program is writing it: try again",
                        db->path);
    case SQLITE_READONLY:
        return kao_fail(err, st, "%s: cannot be written", db->path);
    case SQLITE_FULL:
        return kao_fail_sys(err, st, ENOSPC, "%s", db->path);
    default: {
        const int sys = sqlite3_system_errno(db->handle);

        return sys ? kao_fail_sys(err, st, sys, "%s", db->path)
                   : kao_fail(err, st, "%s: %s", db->path, sqlite3_errmsg(db->handle));
    }
    }
}

/* ---- statements ---- */

static int bind(sqlite3_stmt *s, const char *form, va_list list)
{
    int code = SQLITE_OK;

    for (int i = 1; *form && !code; form++, i++) {
        if (*form == 'i') {
            code = sqlite3_bind_int64(s, i, va_arg(list, int64_t));
        } else if (*form == 'd') {
            code = sqlite3_bind_double(s, i, va_arg(list, double));
        } else if (*form == 't') {
            code = sqlite3_bind_text(s, i, va_arg(list, const char *), -1,
                                     SQLITE_TRANSIENT);
        } else {
            const void *p = va_arg(list, const void *);
            const size_t n = va_arg(list, size_t);

            code = p ? sqlite3_bind_blob64(s, i, p, n, SQLITE_TRANSIENT)
                     : sqlite3_bind_null(s, i);
        }
    }
    return code;
}

static kao_status ask(kao_db *db, kao_rows **rows, const char *sql, const char *form,
                      va_list list, kao_error *err)
{
    kao_rows *r = kao_calloc(db->mem, 1, sizeof *r);

    *rows = NULL;
    if (!r)
        return kao_fail(err, KAO_E_NOMEM, "%s: out of memory", db->path);
    r->db = db;
    r->result = sqlite3_prepare_v2(db->handle, sql, -1, &r->statement, NULL);
    if (!r->result)
        r->result = bind(r->statement, form, list);
    if (!r->result) {
        *rows = r;
        return KAO_OK;
    }
    const kao_status st = fail(db, r->result, err);

    sqlite3_finalize(r->statement);
    kao_free(db->mem, r);
    return st;
}

kao_status kao_db_ask(kao_db *db, kao_rows **rows, kao_error *err, const char *sql,
                      const char *form, ...)
{
    va_list list;

    va_start(list, form);
    const kao_status st = ask(db, rows, sql, form, list, err);

    va_end(list);
    return st;
}

bool kao_rows_next(kao_rows *r)
{
    r->result = sqlite3_step(r->statement);
    return r->result == SQLITE_ROW;
}

int64_t kao_row_int(const kao_rows *r, int column)
{
    return sqlite3_column_int64(r->statement, column);
}

double kao_row_real(const kao_rows *r, int column)
{
    return sqlite3_column_double(r->statement, column);
}

const char *kao_row_text(const kao_rows *r, int column)
{
    return (const char *)sqlite3_column_text(r->statement, column);
}

kao_span kao_row_bytes(const kao_rows *r, int column)
{
    const void *p = sqlite3_column_blob(r->statement, column);

    return (kao_span){ p, (size_t)sqlite3_column_bytes(r->statement, column) };
}

kao_status kao_rows_end(kao_rows *r, kao_error *err)
{
    if (!r)
        return KAO_OK;
    kao_db *db = r->db;
    const kao_status st = status_of(r->result) ? fail(db, r->result, err) : KAO_OK;

    sqlite3_finalize(r->statement);
    kao_free(db->mem, r);
    return st;
}

kao_status kao_db_run(kao_db *db, kao_error *err, const char *sql, const char *form,
                      ...)
{
    kao_rows *rows = NULL;
    va_list list;

    va_start(list, form);
    const kao_status st = ask(db, &rows, sql, form, list, err);

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
    const kao_status st = ask(db, &rows, sql, form, list, err);

    va_end(list);
    if (st)
        return st;
    if (kao_rows_next(rows))
        *value = kao_row_int(rows, 0);
    while (rows->result == SQLITE_ROW) /* an INSERT with RETURNING runs to its end */
        kao_rows_next(rows);
    return kao_rows_end(rows, err);
}

kao_status kao_db_script(kao_db *db, const char *sql, kao_error *err)
{
    const int code = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);

    return code ? fail(db, code, err) : KAO_OK;
}

/* ---- transactions ---- */

kao_status kao_db_begin(kao_db *db, kao_error *err)
{
    return kao_db_script(db, "BEGIN IMMEDIATE", err);
}

kao_status kao_db_begin_reading(kao_db *db, kao_error *err)
{
    return kao_db_script(db, "BEGIN", err);
}

kao_status kao_db_commit(kao_db *db, kao_error *err)
{
    const kao_status st = kao_db_script(db, "COMMIT", err);

    if (st)
        kao_db_rollback(db);
    return st;
}

void kao_db_rollback(kao_db *db)
{
    if (!sqlite3_get_autocommit(
            db->handle)) /* some failures have rolled back already */
        sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
}

kao_status kao_db_settle(kao_db *db, kao_error *err)
{
    const struct timespec pause = { .tv_nsec = SETTLE_MS * 1000000 };
    int64_t busy = 0;

    for (uint32_t waited = 0;; waited += SETTLE_MS) {
        const kao_status st =
            kao_db_number(db, &busy, err, "PRAGMA wal_checkpoint(TRUNCATE)", "");

        if (st || !busy || waited >= db->wait_ms)
            return st;
        /* another connection is settling just now, for which SQLite waits not itself */
        nanosleep(&pause, NULL);
    }
}

/* ---- opening ---- */

/* A database from elsewhere may hold triggers and views that do what nobody asked for. */
static kao_status harden(kao_db *db, const kao_db_options *o, kao_error *err)
{
    db->wait_ms = o->wait_ms < INT_MAX ? o->wait_ms : INT_MAX;
    sqlite3_busy_timeout(db->handle, (int)db->wait_ms);
    sqlite3_extended_result_codes(db->handle, 1);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
    kao_status st = kao_db_script(db,
                                  "PRAGMA cell_size_check = ON;"
                                  "PRAGMA foreign_keys = ON;"
                                  "PRAGMA secure_delete = ON;"
                                  "PRAGMA synchronous = FULL",
                                  err);

    if (!st && !o->read_only)
        st = kao_db_run(db, err, "PRAGMA journal_mode = WAL", "");
    return st;
}

kao_status kao_db_open(kao_mem *mem, kao_db **out, const char *path,
                       const kao_db_options *o, kao_error *err)
{
    kao_db *db = kao_calloc(mem, 1, sizeof *db);
    const int flags = SQLITE_OPEN_FULLMUTEX | SQLITE_OPEN_EXRESCODE |
                      (o->read_only ? SQLITE_OPEN_READONLY
                       : o->create  ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
                                    : SQLITE_OPEN_READWRITE);
    kao_status st = KAO_OK;

    *out = NULL;
    if (!db)
        return kao_fail(err, KAO_E_NOMEM, "%s: out of memory", path);
    db->mem = mem;
    db->path = kao_strdup(mem, path);
    if (!db->path)
        st = kao_fail(err, KAO_E_NOMEM, "%s: out of memory", path);
    if (!st && !o->create && access(path, F_OK))
        st = kao_fail_sys(err, KAO_E_IO, errno, "%s", path);
    if (!st) {
        const int code = sqlite3_open_v2(path, &db->handle, flags, NULL);

        st = code ? fail(db, code, err) : harden(db, o, err);
    }
    if (st)
        kao_db_close(db);
    else
        *out = db;
    return st;
}

const char *kao_db_file(const kao_db *db)
{
    const char *name = sqlite3_db_filename(db->handle, "main");

    return name && name[0] ? name : db->path;
}

void kao_db_close(kao_db *db)
{
    if (!db)
        return;
    sqlite3_close(db->handle);
    kao_free(db->mem, db->path);
    kao_free(db->mem, db);
}
