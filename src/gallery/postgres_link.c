/* The connection to a server: made, kept, made again; and what it reports, in one line. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/library.h"
#include "gallery/postgres.h"

enum { OLDEST = 120000, LINE = 400 };

kao_status kao_pg_library(kao_pq *pq, kao_error *err)
{
    void *library = kao_library_open("libpq.so.5");
    bool found = library != NULL;

#define FIND(name) found = found && kao_library_find(library, #name, &pq->name);
    KAO_PQ_CALLS(FIND)
#undef FIND
    return found ? KAO_OK
                 : kao_fail(err, KAO_E_UNSUPPORTED,
                            "galleries on PostgreSQL need libpq, which is not on this "
                            "machine; Debian: apt-get install libpq5");
}

/* ---- what went wrong ---- */

/* A message's first line; the others are hints. */
static void first_line(const char *message, char to[LINE])
{
    snprintf(to, LINE, "%.*s", (int)strcspn(message, "\n"), message);
}

static bool is_lost(const kao_pg *db)
{
    return db->pq.PQstatus(db->link) != CONNECTION_OK;
}

static kao_status fail_lost(const kao_pg *db, kao_error *err)
{
    char line[LINE];

    first_line(db->pq.PQerrorMessage(db->link), line);
    return kao_fail(err, KAO_E_IO, "%s: the connection was lost: %s", db->all.name,
                    line[0] ? line : "no reason is given");
}

static bool is_class(const char *state, const char *class)
{
    return strncmp(state, class, strlen(class)) == 0;
}

/* By the SQLSTATE that the server gives. */
static kao_status fail_result(const kao_pg *db, const PGresult *result, kao_error *err)
{
    const char *state = db->pq.PQresultErrorField(result, PG_DIAG_SQLSTATE),
               *message = db->pq.PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const char *name = db->all.name;
    char line[LINE];

    first_line(message ? message : db->pq.PQerrorMessage(db->link), line);
    state = state ? state : "";
    if (is_class(state, "55P03") || is_class(state, "40"))
        return kao_fail(err, KAO_E_IO, "%s: another program is writing it: try again",
                        name);
    if (is_class(state, "25006"))
        return kao_fail(err, KAO_E_IO, "%s: cannot be written: it is read only", name);
    if (is_class(state, "42501"))
        return kao_fail(err, KAO_E_IO, "%s: not allowed: %s", name, line);
    if (is_class(state, "53100"))
        return kao_fail_sys(err, KAO_E_IO, ENOSPC, "%s", name);
    if (is_class(state, "53200"))
        return kao_fail(err, KAO_E_NOMEM, "%s: the server: %s", name, line);
    if (is_class(state, "54"))
        return kao_fail(err, KAO_E_LIMIT, "%s: %s", name, line);
    if (is_class(state, "XX001") || is_class(state, "XX002"))
        return kao_fail(err, KAO_E_FORMAT, "%s: damaged: %s", name, line);
    return kao_fail(err, KAO_E_IO, "%s: %s", name, line);
}

/* ---- connecting ---- */

static void ignore_notice(void *user, const char *message)
{
    (void)user, (void)message;
}

/* What the address says stands behind the defaults, and wins. */
static PGconn *begin_link(const kao_pg *db)
{
    const char *keys[] = { "connect_timeout",
                           "keepalives_idle",
                           "keepalives_interval",
                           "keepalives_count",
                           "dbname",
                           "client_encoding",
                           "fallback_application_name",
                           NULL };
    const char *values[] = { "10", "20", "5", "4", db->address, "UTF8", "kao", NULL };
    const size_t first = getenv("PGCONNECT_TIMEOUT") ? 1 : 0;

    return db->pq.PQconnectdbParams(keys + first, values + first, 1);
}

static kao_status check_server(const kao_pg *db, kao_error *err)
{
    const char *encoding = db->pq.PQparameterStatus(db->link, "server_encoding");
    const int version = db->pq.PQserverVersion(db->link);

    if (version < OLDEST)
        return kao_fail(err, KAO_E_UNSUPPORTED,
                        "%s: a PostgreSQL server of version %d: wanted 12 or later",
                        db->all.name, version / 10000);
    if (!encoding || strcmp(encoding, "UTF8") != 0)
        return kao_fail(err, KAO_E_UNSUPPORTED,
                        "%s: a database in %s: names need one in UTF8", db->all.name,
                        encoding ? encoding : "no encoding");
    return KAO_OK;
}

/* Whatever the server is set to: a commit is on the disk before it returns, and who is not heard of in the
 * middle of a transaction keeps others from writing for a minute at most. */
static kao_status settle_in(kao_pg *db, kao_error *err)
{
    char sql[512];
    PGresult *r = NULL;
    kao_status st = KAO_OK;

    snprintf(sql, sizeof sql,
             "SET search_path TO \"%s\"; SET default_transaction_read_only TO %s; SET "
             "idle_in_transaction_session_timeout TO '60s'; SELECT "
             "set_config('synchronous_commit', CASE "
             "current_setting('synchronous_commit') WHEN 'remote_apply' THEN "
             "'remote_apply' ELSE 'on' END, false)",
             db->schema, db->read_only ? "on" : "off");
    r = db->pq.PQexec(db->link, sql);
    if (is_lost(db))
        st = fail_lost(db, err);
    else if (db->pq.PQresultStatus(r) != PGRES_TUPLES_OK)
        st = fail_result(db, r, err);
    db->pq.PQclear(r);
    return st;
}

kao_status kao_pg_connect(kao_pg *db, kao_error *err)
{
    char line[LINE];
    kao_status st = KAO_OK;

    if (db->link && !is_lost(db))
        return KAO_OK;
    if (db->link && db->in_transaction) /* what was done in it is not there */
        return fail_lost(db, err);
    db->pq.PQfinish(db->link);
    db->link = begin_link(db);
    db->links++;
    if (!db->link)
        return kao_fail(err, KAO_E_NOMEM, "%s: out of memory", db->all.name);
    db->pq.PQsetNoticeProcessor(db->link, ignore_notice, NULL);
    if (is_lost(db)) {
        first_line(db->pq.PQerrorMessage(db->link), line);
        st = kao_fail(err, KAO_E_IO, "%s: %s", db->all.name, line);
    }
    if (!st)
        st = check_server(db, err);
    if (!st)
        st = settle_in(db, err);
    if (st) {
        db->pq.PQfinish(db->link);
        db->link = NULL;
    }
    return st;
}

/* ---- statements ---- */

/* p NULL: several statements, without parameters. */
static kao_status send(kao_pg *db, const char *sql, const kao_pg_parameters *p,
                       bool may_repeat, PGresult **result, kao_error *err)
{
    const kao_pq *pq = &db->pq;

    for (int try = 0;; try++) {
        kao_status st = kao_pg_connect(db, err);

        if (st)
            return st;
        PGresult *r = p ? pq->PQexecParams(db->link, sql, p->n, p->types, p->values,
                                           p->lengths, p->formats, 1)
                        : pq->PQexec(db->link, sql);
        const ExecStatusType is = pq->PQresultStatus(r);

        if (is == PGRES_COMMAND_OK || is == PGRES_TUPLES_OK) {
            if (result)
                *result = r;
            else
                pq->PQclear(r);
            return KAO_OK;
        }
        if (is_lost(db)) {
            st = fail_lost(db, err);
            may_repeat = may_repeat && !db->in_transaction && try == 0;
        } else {
            st = r ? fail_result(db, r, err)
                   : kao_fail(err, KAO_E_NOMEM, "%s: out of memory", db->all.name);
            may_repeat = false;
        }
        pq->PQclear(r);
        if (!may_repeat)
            return st;
    }
}

kao_status kao_pg_simple(kao_pg *db, const char *sql, bool may_repeat,
                         PGresult **result, kao_error *err)
{
    return send(db, sql, NULL, may_repeat, result, err);
}

kao_status kao_pg_execute(kao_pg *db, const char *sql, const kao_pg_parameters *p,
                          bool may_repeat, PGresult **result, kao_error *err)
{
    return send(db, sql, p, may_repeat, result, err);
}
