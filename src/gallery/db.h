/* A database: SQL with numbered answers, transactions, and nothing of people. The one place that
 * knows SQLite; a second implementation meets the same calls.
 *
 * Parameters stand for the statement's ? in their order, as `form` says, a letter each:
 *   i  int64_t                  d  double
 *   t  const char *, or NULL    b  const void *, size_t: bytes */
#ifndef KAO_GALLERY_DB_H
#define KAO_GALLERY_DB_H

#include <stdarg.h>
#include <stdbool.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/reader.h"

typedef struct kao_db kao_db;
typedef struct kao_rows kao_rows; /* an answer, read row by row */

typedef struct kao_db_options {
    bool create, read_only;
    uint32_t wait_ms; /* for another program's writing, before that is an error */
} kao_db_options;

/* path: a file. KAO_E_IO, KAO_E_FORMAT (no database, or a damaged one), KAO_E_NOMEM; *out is
 * then NULL. */
kao_status kao_db_open(kao_mem *mem, kao_db **out, const char *path,
                       const kao_db_options *options, kao_error *err);
void kao_db_close(kao_db *db); /* NULL is fine; what was not committed is lost */
/* The file's full name, links followed: what else belongs to it lies beside that. */
const char *kao_db_file(const kao_db *db);

/* One statement without an answer. */
kao_status kao_db_run(kao_db *db, kao_error *err, const char *sql, const char *form,
                      ...);
/* Statements without parameters, separated by semicolons. */
kao_status kao_db_script(kao_db *db, const char *sql, kao_error *err);
/* One statement with an answer, to be ended. *rows is NULL on failure. */
kao_status kao_db_ask(kao_db *db, kao_rows **rows, kao_error *err, const char *sql,
                      const char *form, ...);
bool kao_rows_next(kao_rows *rows); /* false: no more, or a failure that end tells */
/* Of the row; texts and bytes stay until the next. An absent number is 0, a text NULL. */
int64_t kao_row_int(const kao_rows *rows, int column);
double kao_row_real(const kao_rows *rows, int column);
const char *kao_row_text(const kao_rows *rows, int column);
kao_span kao_row_bytes(const kao_rows *rows, int column);
kao_status kao_rows_end(kao_rows *rows, kao_error *err); /* NULL: KAO_OK */
/* The first number of the first row; *value stays where there is no row. */
kao_status kao_db_number(kao_db *db, int64_t *value, kao_error *err, const char *sql,
                         const char *form, ...);

/* Begin for writing: nobody else writes from here on. Every begin is met by one of the others. */
kao_status kao_db_begin(kao_db *db, kao_error *err);
/* Begin for reading: what is read up to the end is of one moment. */
kao_status kao_db_begin_reading(kao_db *db, kao_error *err);
kao_status kao_db_commit(kao_db *db, kao_error *err); /* on failure rolled back */
void kao_db_rollback(kao_db *db);

/* Bring everything into the one file, so that no copy of what was deleted stays beside it. */
kao_status kao_db_settle(kao_db *db, kao_error *err);

#endif
