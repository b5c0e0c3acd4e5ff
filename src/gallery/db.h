/* A database: SQL with numbered answers, transactions, and nothing of people. Two stand behind these
 * calls: SQLite, where the name is a file's (db_sqlite.c), and PostgreSQL, where it is an address,
 * "postgresql://..." (db_postgres.c). db.c chooses, db_calls.h is what each has to do.
 *
 * Statements are written in what both understand, and answers do not depend on which it is; what is of
 * one alone is a call here. In kao_db_script types are named INTEGER (64 bits), REAL (a double), TEXT,
 * BLOB; INTEGER PRIMARY KEY AUTOINCREMENT gives numbers in a row that are never given twice; WITHOUT
 * ROWID is a hint. Casts are to BIGINT.
 *
 * Parameters stand for the statement's ? in their order (or ?1, ?2), as `form` says, a letter each:
 *   i  int64_t                  d  double
 *   t  const char *, or NULL    b  const void *, size_t: bytes
 *
 * Hidden values: where a seal is set (kao_db_seal), they stand in the database as that makes them
 * (hidden.c), else as they are. Their letters, each for one ?:
 *   h  const char *place, int64_t row, int64_t part, then as t
 *   H  the same, then as b
 *   k  const char *place, then as t: the same text is always the same value, for looking it up
 * A place is "table.column", row and part the numbers of the row: a value opens nowhere else. */
#ifndef KAO_GALLERY_DB_H
#define KAO_GALLERY_DB_H

#include <stdarg.h>
#include <stdbool.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/reader.h"
#include "base/seal.h"

typedef struct kao_db kao_db;
typedef struct kao_rows kao_rows; /* an answer, read row by row */

typedef struct kao_db_options {
    bool create, read_only;
    uint32_t wait_ms; /* for another program's writing, before that is an error */
} kao_db_options;

/* KAO_E_IO (sys is ENOENT where there is none), KAO_E_FORMAT (no database, or a damaged one),
 * KAO_E_UNSUPPORTED (not in this build), KAO_E_NOMEM; *out is then NULL. */
kao_status kao_db_open(kao_mem *mem, kao_db **out, const char *name,
                       const kao_db_options *options, kao_error *err);
void kao_db_close(kao_db *db); /* NULL is fine; what was not committed is lost */
/* Whether this build and machine have what such a name needs. KAO_E_UNSUPPORTED. */
kao_status kao_db_ready(const char *name, kao_error *err);
/* Its name as people are told it: without a password. */
const char *kao_db_name(const kao_db *db);
/* What else belongs to it lies beside a file of this name: the database itself, links followed, or
 * one in the user's cache. NULL: nowhere. */
const char *kao_db_file(const kao_db *db);
bool kao_db_is_file(const kao_db *db); /* the database is that file */
/* What of somebody who is forgotten may be left where kao cannot look. */
const char *kao_db_out_of_reach(const kao_db *db);

/* NULL: hidden values are as they are. mark: what the table meta says of the seal; where it says something
 * else by then, a value that does not open is no damage but KAO_E_CONFLICT. Both are borrowed. */
void kao_db_seal(kao_db *db, const kao_seal *seal, const char *mark);

/* One statement without an answer. */
kao_status kao_db_run(kao_db *db, kao_error *err, const char *sql, const char *form,
                      ...);
/* Statements without parameters, separated by semicolons. */
kao_status kao_db_script(kao_db *db, const char *sql, kao_error *err);
/* One statement with an answer, to be ended. *rows is NULL on failure. */
kao_status kao_db_ask(kao_db *db, kao_rows **rows, kao_error *err, const char *sql,
                      const char *form, ...);
/* The same where the answer may be long: it is not taken into memory at once. */
kao_status kao_db_ask_long(kao_db *db, kao_rows **rows, kao_error *err, const char *sql,
                           const char *form, ...);
/* A column of an answer that is hidden, and those that have its row's numbers. */
typedef struct kao_hidden {
    int column;
    const char *place;
    int row, part; /* KAO_NO_COLUMN: 0, of values that are looked up */
    bool is_bytes;
} kao_hidden;
enum { KAO_NO_COLUMN = -1, KAO_DB_HIDDEN = 8 };

/* From the next row on these columns, KAO_DB_HIDDEN at most, are read as what was hidden in them. They are borrowed. A value that does
 * not open ends the answer: KAO_E_FORMAT, or, where there is no seal but something sealed, KAO_E_CONFLICT. */
void kao_rows_reveal(kao_rows *rows, const kao_hidden *columns, size_t n);
#define KAO_REVEAL(rows, columns)                                                      \
 kao_rows_reveal(rows, columns, sizeof(columns) / sizeof((columns)[0]))

bool kao_rows_next(kao_rows *rows); /* false: no more, or a failure that end tells */
/* Of the row; texts and bytes stay until the next. An absent number is 0, a text NULL. */
int64_t kao_row_int(const kao_rows *rows, int column);
double kao_row_real(const kao_rows *rows, int column);
const char *kao_row_text(const kao_rows *rows, int column);
kao_span kao_row_bytes(const kao_rows *rows, int column);
kao_span kao_row_stored(const kao_rows *rows, int column); /* also where it is hidden */
kao_status kao_rows_end(kao_rows *rows, kao_error *err);   /* NULL: KAO_OK */
/* The first number of the first row; *value stays where there is no row. */
kao_status kao_db_number(kao_db *db, int64_t *value, kao_error *err, const char *sql,
                         const char *form, ...);

/* Begin for writing: nobody else writes from here on. Every begin is met by one of the others. */
kao_status kao_db_begin(kao_db *db, kao_error *err);
/* Begin for reading: what is read up to the end is of one moment. */
kao_status kao_db_begin_reading(kao_db *db, kao_error *err);
kao_status kao_db_commit(kao_db *db, kao_error *err); /* on failure rolled back */
void kao_db_rollback(kao_db *db);

/* Outside of a transaction, after something was deleted: as little of it is to stay as may be. */
kao_status kao_db_settle(kao_db *db, kao_error *err);

/* Outside of a transaction: the whole of it is written anew, so that nothing of what was there before stays. */
kao_status kao_db_compact(kao_db *db, kao_error *err);

/* ---- of itself ---- */

/* Whether there is such a table (NULL: any), and in it such a column (NULL: any). */
kao_status kao_db_has(kao_db *db, const char *table, const char *column, bool *has,
                      kao_error *err);
/* The highest number that AUTOINCREMENT has given in a table, also if its row is gone; 0: none. */
kao_status kao_db_last_number(kao_db *db, const char *table, int64_t *number,
                              kao_error *err);
kao_status kao_db_bytes(kao_db *db, int64_t *bytes, kao_error *err);
/* Its own check. KAO_E_FORMAT says what is wrong. */
kao_status kao_db_check(kao_db *db, kao_error *err);
/* Whether these bytes are of its tables' definitions, which lie in the file too. */
kao_status kao_db_defines(kao_db *db, kao_span bytes, bool *defines, kao_error *err);

#endif
