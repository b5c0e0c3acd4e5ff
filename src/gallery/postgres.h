/* What the files of a database on PostgreSQL share.
 *
 *   db_postgres.c     db.h's calls        postgres_link.c  the connection, and what fails
 *   postgres_rows.c   statements with parameters, and their answers
 *   postgres_sql.c    statements and addresses as the server reads them
 *
 * A gallery's tables stand in a schema of their own, which the address names (?kao_schema=, else "kao").
 * One writer at a time, as with SQLite: who begins to write takes the schema's advisory lock first. Numbers
 * are given by a table of counters, so that there are no holes and none is given twice. */
#ifndef KAO_GALLERY_POSTGRES_H
#define KAO_GALLERY_POSTGRES_H

#include "gallery/db_calls.h"
#include "gallery/pq.h"

enum { KAO_PG_NAME = 64 };

typedef struct kao_pg {
    kao_db all;
    kao_pq pq;
    PGconn *link;  /* NULL: none yet */
    char *address; /* with its password, as libpq takes it */
    char schema[KAO_PG_NAME];
    char *file;   /* of the node's own index: see db.h; or NULL */
    int64_t lock; /* the schema's advisory lock */
    uint32_t wait_ms;
    bool read_only, in_transaction;
    uint32_t links, cursors; /* so many have been made, opened */
} kao_pg;

typedef struct kao_pg_parameters {
    int n;
    Oid types[KAO_DB_PARAMETERS];
    const char *values[KAO_DB_PARAMETERS];
    int lengths[KAO_DB_PARAMETERS], formats[KAO_DB_PARAMETERS];
    char numbers[KAO_DB_PARAMETERS][8];
} kao_pg_parameters;

/* ---- postgres_link.c ---- */

kao_status kao_pg_library(kao_pq *pq, kao_error *err);
/* Connected: still, or again where that was lost outside of a transaction. */
kao_status kao_pg_connect(kao_pg *db, kao_error *err);
/* Statements without parameters, in one go. may_repeat: they do no harm twice, so that a connection that
 * turns out to be lost is made anew. *result may be NULL. */
kao_status kao_pg_simple(kao_pg *db, const char *sql, bool may_repeat,
                         PGresult **result, kao_error *err);
/* One statement in the server's form; numbers come in binary. */
kao_status kao_pg_execute(kao_pg *db, const char *sql, const kao_pg_parameters *p,
                          bool may_repeat, PGresult **result, kao_error *err);

/* ---- postgres_rows.c: as db_calls.h has them ---- */

kao_status kao_pg_ask(kao_db *db, kao_rows **rows, bool is_long, const char *sql,
                      const kao_db_values *values, kao_error *err);
bool kao_pg_next(kao_rows *rows);
int64_t kao_pg_row_int(const kao_rows *rows, int column);
double kao_pg_row_real(const kao_rows *rows, int column);
const char *kao_pg_row_text(const kao_rows *rows, int column);
kao_span kao_pg_row_bytes(const kao_rows *rows, int column);
kao_status kao_pg_end(kao_rows *rows, kao_error *err);

/* ---- postgres_sql.c ---- */

/* A new text; NULL: memory ran out. */
char *kao_pg_statement(kao_mem *mem, const char *sql);
/* *numbers: it has tables whose numbers come from the counters. */
char *kao_pg_script(kao_mem *mem, const char *sql, bool *numbers);
/* The table of counters, and the function that takes the next number. */
extern const char kao_pg_counters[];
/* The address without ?kao_schema=, and that. KAO_E_ARG. */
kao_status kao_pg_address(kao_mem *mem, const char *name, const char *shown,
                          char **address, char schema[KAO_PG_NAME], kao_error *err);

#endif
