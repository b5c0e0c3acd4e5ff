/* db.h on PostgreSQL: see postgres.h. Several machines may have one gallery; each has an index of its own,
 * in its user's cache. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/database.h"
#include "base/file.h"
#include "gallery/postgres.h"

static kao_pg *mine(kao_db *db)
{
    return (kao_pg *)(void *)db;
}

/* ---- transactions ---- */

static void rollback(kao_db *base)
{
    kao_pg *db = mine(base);

    db->in_transaction = false;
    if (db->link && db->pq.PQstatus(db->link) == CONNECTION_OK &&
        db->pq.PQtransactionStatus(db->link) != PQTRANS_IDLE)
        db->pq.PQclear(db->pq.PQexec(db->link, "ROLLBACK"));
}

static kao_status begin_by(kao_db *base, const char *sql, kao_error *err)
{
    kao_pg *db = mine(base);
    const kao_status st = kao_pg_simple(db, sql, true, NULL, err);

    if (st)
        rollback(base);
    db->in_transaction = !st;
    return st;
}

static kao_status begin(kao_db *base, kao_error *err)
{
    const kao_pg *db = mine(base);
    char sql[160];

    snprintf(sql, sizeof sql,
             "BEGIN; SET LOCAL lock_timeout TO %" PRIu32
             "; SELECT pg_advisory_xact_lock(%" PRId64 ")",
             db->wait_ms, db->lock);
    return begin_by(base, sql, err);
}

static kao_status begin_reading(kao_db *base, kao_error *err)
{
    return begin_by(base, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", err);
}

static kao_status commit(kao_db *base, kao_error *err)
{
    kao_pg *db = mine(base);
    PGresult *r = NULL;
    kao_status st = kao_pg_simple(db, "COMMIT", false, &r, err);

    if (st && (!db->link || db->pq.PQstatus(db->link) != CONNECTION_OK))
        return kao_error_prefix(err, st, "it is not known whether the change is there");
    if (!st && strcmp(db->pq.PQcmdStatus(r), "COMMIT") != 0)
        st = kao_fail(err, KAO_E_IO, "%s: the change was not taken", base->name);
    db->pq.PQclear(r);
    db->in_transaction = db->in_transaction && st;
    return st;
}

static kao_status script(kao_db *base, const char *sql, kao_error *err)
{
    kao_pg *db = mine(base);
    bool numbers = false, there = true;
    char *text = kao_pg_script(base->mem, sql, &numbers);
    kao_status st =
        text ? KAO_OK : kao_fail(err, KAO_E_NOMEM, "%s: out of memory", base->name);

    if (!st && numbers)
        st = kao_db_has(base, "counter", NULL, &there, err);
    if (!st && !there)
        st = kao_pg_simple(db, kao_pg_counters, false, NULL, err);
    if (!st)
        st = kao_pg_simple(db, text, false, NULL, err);
    kao_free(base->mem, text);
    return st;
}

/* how: "(SKIP_LOCKED)", or "(FULL)". A role that does not own the tables may not. */
static kao_status vacuum(kao_db *base, const char *how, kao_error *err)
{
    static const char tables[] =
        "SELECT 'VACUUM ' || ?2 || ' ' || string_agg(format('%I.%I', n.nspname, "
        "c.relname), ', ') FROM pg_class c JOIN pg_namespace n ON n.oid = "
        "c.relnamespace WHERE n.nspname = ?1 AND c.relkind = 'r' AND "
        "pg_has_role(c.relowner, 'USAGE')";
    kao_pg *db = mine(base);
    kao_rows *rows = NULL;
    kao_status st = kao_db_ask(base, &rows, err, tables, "tt", db->schema, how);

    if (st)
        return st;
    if (kao_pg_next(rows) && kao_pg_row_text(rows, 0))
        st = kao_pg_simple(db, kao_pg_row_text(rows, 0), true, NULL, err);
    const kao_status ended = kao_rows_end(rows, st ? NULL : err);

    return st ? st : ended;
}

/* Room that deleted rows have is free for others then; what was there is overwritten when they come. */
static kao_status settle(kao_db *base, kao_error *err)
{
    return vacuum(base, "(SKIP_LOCKED)", err);
}

/* Each table is locked meanwhile: that is waited for as long as for a writer. */
static kao_status compact(kao_db *base, kao_error *err)
{
    kao_pg *db = mine(base);
    char sql[60];

    snprintf(sql, sizeof sql, "SET lock_timeout TO %" PRIu32, db->wait_ms);
    kao_status st = kao_pg_simple(db, sql, true, NULL, err);

    if (!st)
        st = vacuum(base, "(FULL)", err);
    const kao_status ended =
        kao_pg_simple(db, "SET lock_timeout TO DEFAULT", true, NULL, st ? NULL : err);

    return st ? st : ended;
}

/* ---- of itself ---- */

static kao_status has(kao_db *base, const char *table, const char *column, bool *there,
                      kao_error *err)
{
    int64_t n = 0;
    const kao_status st = kao_db_number(
        base, &n, err,
        "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE n.nspname = ?1 AND c.relkind = 'r' AND (?2 IS NULL OR c.relname = ?2) "
        "AND (?3 IS NULL OR EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = "
        "c.oid AND a.attname = ?3 AND NOT a.attisdropped))",
        "ttt", mine(base)->schema, table, column);

    *there = n > 0;
    return st;
}

static kao_status last_number(kao_db *base, const char *table, int64_t *number,
                              kao_error *err)
{
    return kao_db_number(base, number, err, "SELECT value FROM counter WHERE name = ?",
                         "t", table);
}

static kao_status bytes(kao_db *base, int64_t *n, kao_error *err)
{
    return kao_db_number(
        base, n, err,
        "SELECT CAST(coalesce(sum(pg_total_relation_size(c.oid)), 0) AS BIGINT) FROM "
        "pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ? "
        "AND c.relkind = 'r'",
        "t", mine(base)->schema);
}

/* Pages are the server's business (checksums, pg_amcheck). */
static kao_status check(kao_db *base, kao_error *err)
{
    return kao_pg_connect(mine(base), err);
}

static kao_status defines(kao_db *base, kao_span what, bool *found, kao_error *err)
{
    (void)base, (void)what, (void)err;
    *found = false;
    return KAO_OK;
}

/* ---- opening ---- */

/* In the user's cache, by a name that says nothing; without one the index is in memory. */
static kao_status find_file(kao_pg *db, const char *name, kao_error *err)
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    const bool is_set = cache && cache[0] == '/';
    char id[KAO_SHA256_TEXT];

    if (!is_set && (!home || home[0] != '/'))
        return KAO_OK;
    const char *folder = is_set ? cache : home, *more = is_set ? "" : "/.cache";
    const size_t cap = strlen(folder) + sizeof id + 40;

    db->file = kao_alloc(db->all.mem, cap);
    if (!db->file)
        return kao_fail(err, KAO_E_NOMEM, "%s: out of memory", db->all.name);
    snprintf(db->file, cap, "%s%s/kao", folder, more);
    if (kao_folder_make(db->file, 0700, NULL)) {
        kao_free(db->all.mem, db->file);
        db->file = NULL;
        return KAO_OK;
    }
    kao_database_id(name, id);
    snprintf(db->file, cap, "%s%s/kao/postgresql-%.32s", folder, more, id);
    return KAO_OK;
}

/* The same for all nodes: of the schema's name alone, as such locks are a database's own. */
static int64_t lock_of(const char *schema)
{
    char text[KAO_PG_NAME + 8], hash[KAO_SHA256_TEXT];

    snprintf(text, sizeof text, "kao %s", schema);
    kao_sha256((kao_span){ (const uint8_t *)text, strlen(text) }, hash);
    hash[15] = '\0';
    return (int64_t)strtoll(hash, NULL, 16);
}

static kao_status make_schema(kao_pg *db, kao_error *err)
{
    char sql[KAO_PG_NAME + 40];
    kao_status st = kao_db_begin(&db->all, err);

    if (st)
        return st;
    snprintf(sql, sizeof sql, "CREATE SCHEMA IF NOT EXISTS \"%s\"", db->schema);
    st = kao_pg_simple(db, sql, false, NULL, err);
    if (!st)
        return kao_db_commit(&db->all, err);
    rollback(&db->all);
    return st;
}

static kao_status find_schema(kao_pg *db, bool create, kao_error *err)
{
    int64_t there = 0;
    kao_status st = kao_db_number(
        &db->all, &there, err,
        "SELECT CASE WHEN has_schema_privilege(oid, 'USAGE') THEN 2 ELSE 1 END FROM "
        "pg_namespace WHERE nspname = ?",
        "t", db->schema);

    if (st || there == 2)
        return st;
    if (there == 1)
        return kao_fail(err, KAO_E_IO, "%s: not allowed: no rights on schema %s",
                        db->all.name, db->schema);
    if (create)
        return make_schema(db, err);
    return kao_fail_sys(err, KAO_E_IO, ENOENT, "%s: no schema %s", db->all.name,
                        db->schema);
}

static void close_db(kao_db *base)
{
    kao_pg *db = mine(base);
    kao_mem *mem = base->mem;

    if (db->link)
        db->pq.PQfinish(db->link);
    kao_free(mem, db->address);
    kao_free(mem, db->file);
    kao_free(mem, base->name);
    kao_free(mem, db);
}

static kao_status open_named(kao_pg *db, const char *name, const char *shown,
                             const kao_db_options *o, kao_error *err)
{
    kao_status st = kao_pg_library(&db->pq, err);

    if (st)
        return kao_error_prefix(err, st, "%s", shown);
    st = kao_pg_address(db->all.mem, name, shown, &db->address, db->schema, err);
    db->lock = lock_of(db->schema);
    db->wait_ms = o->wait_ms < INT32_MAX ? o->wait_ms : INT32_MAX;
    db->read_only = o->read_only;
    if (!st)
        st = find_file(db, name, err);
    if (!st)
        st = kao_pg_connect(db, err);
    return st ? st : find_schema(db, o->create, err);
}

static kao_status open_db(kao_mem *mem, kao_db **out, const char *name,
                          const kao_db_options *o, kao_error *err)
{
    char shown[KAO_DATABASE_SHOWN];

    if (!kao_database_show(name, shown))
        return kao_fail(err, KAO_E_ARG,
                        "%s: an address that is too long, or has / or @ in a password: "
                        "write %%2F or %%40",
                        shown);
    kao_pg *db = kao_calloc(mem, 1, sizeof *db);

    if (!db)
        return kao_fail(err, KAO_E_NOMEM, "%s: out of memory", shown);
    db->all = (kao_db){ &kao_db_postgres, mem, kao_strdup(mem, shown), NULL, NULL };
    const kao_status st = db->all.name
                              ? open_named(db, name, db->all.name, o, err)
                              : kao_fail(err, KAO_E_NOMEM, "%s: out of memory", shown);

    if (st)
        close_db(&db->all);
    else
        *out = &db->all;
    return st;
}

static const char *file(const kao_db *db)
{
    return ((const kao_pg *)(const void *)db)->file;
}

static kao_status ready(const char *name, kao_error *err)
{
    kao_pq pq;

    (void)name;
    return kao_pg_library(&pq, err);
}

const kao_db_calls kao_db_postgres = {
    .ready = ready,
    .open = open_db,
    .close = close_db,
    .file = file,
    .is_file = false,
    .out_of_reach =
        "what the server keeps: deleted rows' bytes in its files until others take "
        "their place (VACUUM FULL writes them anew), its log (WAL) and archives of it, "
        "replicas, backups; other machines' indexes until they next ask; and on flash "
        "the cells that were written before",
    .ask = kao_pg_ask,
    .script = script,
    .next = kao_pg_next,
    .row_int = kao_pg_row_int,
    .row_real = kao_pg_row_real,
    .row_text = kao_pg_row_text,
    .row_bytes = kao_pg_row_bytes,
    .end = kao_pg_end,
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
