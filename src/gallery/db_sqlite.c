/* db.h on SQLite: one file, with its write-ahead log beside it while it is in use, so that
 * readers go on while one writer writes. What is deleted is overwritten with zeros
 * (secure_delete), and a commit is on the disk before it returns (synchronous=FULL). */
#include "base/clock.h"
#include "base/file.h"
#include "gallery/db_calls.h"

#include <errno.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { SETTLE_MS = 10 };

typedef struct sqlite_db {
    kao_db all;
    sqlite3 *handle;
    uint32_t wait_ms;
} sqlite_db;

typedef struct sqlite_rows {
    kao_rows all;
    sqlite_db *db;
    sqlite3_stmt *statement;
    int result;
} sqlite_rows;

static sqlite_db *mine(kao_db *db)
{
    return (sqlite_db *)(void *)db;
}

static sqlite3_stmt *statement_of(const kao_rows *rows)
{
    return ((const sqlite_rows *)(const void *)rows)->statement;
}

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

/* The folder of a file's name is there. */
static bool has_folder(const char *name)
{
    const char *slash = strrchr(name, '/');
    char folder[4096];

    return (size_t)snprintf(folder, sizeof folder, "%.*s",
                            slash ? (int)(slash - name) + 1 : 1,
                            slash ? name : ".") < sizeof folder &&
           kao_is_folder(folder);
}

static kao_status fail(const sqlite_db *db, int code, kao_error *err)
{
    const kao_status st = status_of(code);

    switch (code & 0xff) {
    case SQLITE_NOMEM:
        return kao_fail(err, st, "%s: out of memory", db->all.name);
    case SQLITE_NOTADB:
        return kao_fail(err, st, "%s: no gallery", db->all.name);
    case SQLITE_CORRUPT:
        return kao_fail(err, st, "%s: damaged: %s", db->all.name,
                        sqlite3_errmsg(db->handle));
    case SQLITE_BUSY:
        return kao_fail(err, st, "%s: another program is writing it: try again",
                        db->all.name);
    case SQLITE_READONLY:
        return kao_fail(err, st, "%s: cannot be written", db->all.name);
    case SQLITE_FULL:
        return kao_fail_sys(err, st, ENOSPC, "%s", db->all.name);
    default: {
        const int sys = sqlite3_system_errno(db->handle);

        /* what cannot be made SQLite looks for once more, and tells that it is not there */
        if ((code & 0xff) == SQLITE_CANTOPEN && sys == ENOENT &&
            has_folder(db->all.name))
            return kao_fail(err, st, "%s: it, or its log beside it, cannot be made",
                            db->all.name);
        return sys ? kao_fail_sys(err, st, sys, "%s", db->all.name)
                   : kao_fail(err, st, "%s: %s", db->all.name,
                              sqlite3_errmsg(db->handle));
    }
    }
}

/* ---- statements ---- */

static int bind(sqlite3_stmt *s, const kao_db_values *values)
{
    int code = SQLITE_OK;

    for (size_t k = 0; k < values->n && !code; k++) {
        const kao_db_value *v = &values->v[k];
        const int i = (int)k + 1;

        if (v->letter == 'i')
            code = sqlite3_bind_int64(s, i, v->number);
        else if (v->letter == 'd')
            code = sqlite3_bind_double(s, i, v->real);
        else if (!v->p)
            code = sqlite3_bind_null(s, i);
        else if (v->letter == 't')
            code = sqlite3_bind_text(s, i, v->p, -1, SQLITE_TRANSIENT);
        else
            code = sqlite3_bind_blob64(s, i, v->p, v->n, SQLITE_TRANSIENT);
    }
    return code;
}

static kao_status ask(kao_db *base, kao_rows **rows, bool is_long, const char *sql,
                      const kao_db_values *values, kao_error *err)
{
    sqlite_db *db = mine(base);
    sqlite_rows *r = kao_calloc(base->mem, 1, sizeof *r);

    (void)is_long; /* rows are never in memory all at once */
    *rows = NULL;
    if (!r)
        return kao_fail(err, KAO_E_NOMEM, "%s: out of memory", base->name);
    *r = (sqlite_rows){ .all = { .calls = base->calls, .db = base }, .db = db };
    r->result = sqlite3_prepare_v2(db->handle, sql, -1, &r->statement, NULL);
    if (!r->result)
        r->result = bind(r->statement, values);
    if (!r->result) {
        *rows = &r->all;
        return KAO_OK;
    }
    const kao_status st = fail(db, r->result, err);

    sqlite3_finalize(r->statement);
    kao_free(base->mem, r);
    return st;
}

static bool next(kao_rows *rows)
{
    sqlite_rows *r = (sqlite_rows *)(void *)rows;

    r->result = sqlite3_step(r->statement);
    return r->result == SQLITE_ROW;
}

static int64_t row_int(const kao_rows *r, int column)
{
    return sqlite3_column_int64(statement_of(r), column);
}

static double row_real(const kao_rows *r, int column)
{
    return sqlite3_column_double(statement_of(r), column);
}

static const char *row_text(const kao_rows *r, int column)
{
    return (const char *)sqlite3_column_text(statement_of(r), column);
}

static kao_span row_bytes(const kao_rows *r, int column)
{
    const void *p = sqlite3_column_blob(statement_of(r), column);

    return (kao_span){ p, (size_t)sqlite3_column_bytes(statement_of(r), column) };
}

static kao_status end(kao_rows *rows, kao_error *err)
{
    sqlite_rows *r = (sqlite_rows *)(void *)rows;
    sqlite_db *db = r->db;
    const kao_status st = status_of(r->result) ? fail(db, r->result, err) : KAO_OK;

    sqlite3_finalize(r->statement);
    kao_free(db->all.mem, r);
    return st;
}

static kao_status script(kao_db *base, const char *sql, kao_error *err)
{
    sqlite_db *db = mine(base);
    const int code = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);

    return code ? fail(db, code, err) : KAO_OK;
}

/* ---- transactions ---- */

static kao_status begin(kao_db *db, kao_error *err)
{
    return script(db, "BEGIN IMMEDIATE", err);
}

static kao_status begin_reading(kao_db *db, kao_error *err)
{
    return script(db, "BEGIN", err);
}

static kao_status commit(kao_db *db, kao_error *err)
{
    return script(db, "COMMIT", err);
}

static void rollback(kao_db *base)
{
    sqlite_db *db = mine(base);

    if (!sqlite3_get_autocommit(
            db->handle)) /* some failures have rolled back already */
        sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
}

/* Bring everything into the one file, so that no copy of what was deleted stays beside it. *busy: somebody
 * reads an old state, of which it is. */
static kao_status empty_log(kao_db *db, int64_t *busy, kao_error *err)
{
    const struct timespec pause = { .tv_nsec = SETTLE_MS * 1000000 };
    const double until = kao_clock_seconds() + mine(db)->wait_ms / 1000.;

    for (;;) {
        const kao_status st =
            kao_db_number(db, busy, err, "PRAGMA wal_checkpoint(TRUNCATE)", "");

        /* for a reader SQLite has waited itself */
        if (st || !*busy || kao_clock_seconds() >= until)
            return st;
        /* another connection is settling just now, for which SQLite waits not itself */
        nanosleep(&pause, NULL);
    }
}

static kao_status settle(kao_db *db, kao_error *err)
{
    int64_t busy = 0;

    return empty_log(db, &busy, err);
}

/* Into a temporary file (not into memory: it is as large as what is there), which then takes the old one's place
 * page by page: by the log, which is emptied. */
static kao_status compact(kao_db *db, kao_error *err)
{
    int64_t busy = 0;
    kao_status st = script(db, "PRAGMA temp_store = FILE; VACUUM", err);
    const kao_status back = script(db, "PRAGMA temp_store = MEMORY", st ? NULL : err);

    st = st ? st : back;
    if (!st)
        st = empty_log(db, &busy, err);
    return st || !busy
               ? st
               : kao_fail(err, KAO_E_IO, "%s: another program has it in use", db->name);
}

/* ---- of itself ---- */

static kao_status has(kao_db *db, const char *table, const char *column, bool *there,
                      kao_error *err)
{
    int64_t n = 0;
    const kao_status st =
        column
            ? kao_db_number(db, &n, err,
                            "SELECT count(*) FROM pragma_table_info(?) WHERE name = ?",
                            "tt", table, column)
        : table ? kao_db_number(db, &n, err,
                                "SELECT count(*) FROM sqlite_schema WHERE name = ?",
                                "t", table)
                : kao_db_number(db, &n, err, "SELECT count(*) FROM sqlite_schema", "");

    *there = n > 0;
    return st;
}

static kao_status last_number(kao_db *db, const char *table, int64_t *number,
                              kao_error *err)
{
    return kao_db_number(db, number, err,
                         "SELECT seq FROM sqlite_sequence WHERE name = ?", "t", table);
}

static kao_status bytes(kao_db *db, int64_t *n, kao_error *err)
{
    return kao_db_number(db, n, err,
                         "SELECT page_count * page_size FROM pragma_page_count(), "
                         "pragma_page_size()",
                         "");
}

static kao_status check(kao_db *db, kao_error *err)
{
    kao_rows *rows = NULL;
    kao_status st = kao_db_ask(db, &rows, err, "PRAGMA integrity_check(1)", "");

    if (st)
        return st;
    if (kao_rows_next(rows) && kao_row_text(rows, 0) &&
        strcmp(kao_row_text(rows, 0), "ok") != 0)
        st = kao_fail(err, KAO_E_FORMAT, "%s: damaged: %.160s", db->name,
                      kao_row_text(rows, 0));
    const kao_status ended = kao_rows_end(rows, st ? NULL : err);

    return st ? st : ended;
}

static kao_status defines(kao_db *db, kao_span what, bool *found, kao_error *err)
{
    int64_t n = 0;
    const kao_status st = kao_db_number(
        db, &n, err,
        "SELECT count(*) FROM sqlite_schema WHERE instr(CAST(sql AS BLOB), ?)", "b",
        what.p, what.n);

    *found = n > 0;
    return st;
}

/* ---- opening ---- */

/* A database from elsewhere may hold triggers and views that do what nobody asked for. What a statement may have to
 * put back stays in memory: in a file, SQLite would write what is being deleted once more, into the folder for
 * temporary ones, and nobody overwrites it there. */
static kao_status harden(sqlite_db *db, const kao_db_options *o, kao_error *err)
{
    db->wait_ms = o->wait_ms < INT_MAX ? o->wait_ms : INT_MAX;
    sqlite3_busy_timeout(db->handle, (int)db->wait_ms);
    sqlite3_extended_result_codes(db->handle, 1);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
    kao_status st = kao_db_script(&db->all,
                                  "PRAGMA cell_size_check = ON;"
                                  "PRAGMA foreign_keys = ON;"
                                  "PRAGMA secure_delete = ON;"
                                  "PRAGMA temp_store = MEMORY;"
                                  "PRAGMA synchronous = FULL",
                                  err);

    if (!st && !o->read_only)
        st = kao_db_run(&db->all, err, "PRAGMA journal_mode = WAL", "");
    return st;
}

/* SQLite takes ":memory:" for no file, and what begins with "file:" for an address. */
static int open_file(sqlite_db *db, int flags)
{
    const char *path = db->all.name;
    const size_t n = strlen(path) + sizeof "./";
    char *plain = kao_alloc(db->all.mem, n);

    if (!plain)
        return SQLITE_NOMEM;
    snprintf(plain, n, "%s%s",
             path[0] == ':' || strncmp(path, "file:", 5) == 0 ? "./" : "", path);
    const int code = sqlite3_open_v2(plain, &db->handle, flags, NULL);

    kao_free(db->all.mem, plain);
    return code;
}

static void close_db(kao_db *db)
{
    sqlite3_close(mine(db)->handle);
    kao_free(db->mem, db->name);
    kao_free(db->mem, db);
}

static kao_status open_db(kao_mem *mem, kao_db **out, const char *path,
                          const kao_db_options *o, kao_error *err)
{
    sqlite_db *db = kao_calloc(mem, 1, sizeof *db);
    const int flags = SQLITE_OPEN_FULLMUTEX | SQLITE_OPEN_EXRESCODE |
                      (o->read_only ? SQLITE_OPEN_READONLY
                       : o->create  ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
                                    : SQLITE_OPEN_READWRITE);
    kao_status st = KAO_OK;

    if (!db)
        return kao_fail(err, KAO_E_NOMEM, "%s: out of memory", path);
    db->all = (kao_db){ &kao_db_sqlite, mem, kao_strdup(mem, path), NULL, NULL };
    if (!db->all.name)
        st = kao_fail(err, KAO_E_NOMEM, "%s: out of memory", path);
    if (!st && !o->create && access(path, F_OK))
        st = kao_fail_sys(err, KAO_E_IO, errno, "%s", path);
    if (!st) {
        const int code = open_file(db, flags);

        st = code ? fail(db, code, err) : harden(db, o, err);
    }
    if (st)
        close_db(&db->all);
    else
        *out = &db->all;
    return st;
}

static const char *file(const kao_db *db)
{
    const sqlite_db *own = (const sqlite_db *)(const void *)db;
    const char *name = sqlite3_db_filename(own->handle, "main");

    return name && name[0] ? name : db->name;
}

static kao_status ready(const char *name, kao_error *err)
{
    (void)name, (void)err;
    return KAO_OK;
}

const kao_db_calls kao_db_sqlite = {
    .ready = ready,
    .open = open_db,
    .close = close_db,
    .file = file,
    .is_file = true,
    .out_of_reach = "backups and copies of the file, snapshots of the file system, "
                    "blocks that it has "
                    "freed (the log is cut off), other machines' copies, and on flash "
                    "the cells that "
                    "were written before",
    .ask = ask,
    .script = script,
    .next = next,
    .row_int = row_int,
    .row_real = row_real,
    .row_text = row_text,
    .row_bytes = row_bytes,
    .end = end,
    .begin = begin,
    .begin_reading = begin_reading,
    .commit = commit,
    .rollback = rollback,
    .settle = settle,
    .compact = compact,
    .has = has,
    .last_number = last_number,
    .bytes = bytes,
    .check = check,
    .defines = defines,
};
