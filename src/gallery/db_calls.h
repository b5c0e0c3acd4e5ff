/* What a database does behind db.h: a table of functions each, and what all of them begin with. */
#ifndef KAO_GALLERY_DB_CALLS_H
#define KAO_GALLERY_DB_CALLS_H

#include "base/bytes.h"
#include "gallery/db.h"

enum { KAO_DB_PARAMETERS = 16 };

typedef struct kao_db_value {
    char letter; /* i, d, t, b */
    int64_t number;
    double real;
    const void *p; /* NULL: none; a text has a 0 at its end */
    size_t n;
} kao_db_value;

/* A statement's parameters, what is hidden sealed. */
typedef struct kao_db_values {
    size_t n;
    kao_db_value v[KAO_DB_PARAMETERS];
    kao_bytes sealed[KAO_DB_PARAMETERS];
} kao_db_values;

typedef struct kao_db_calls {
    kao_status (*ready)(const char *name, kao_error *err);
    kao_status (*open)(kao_mem *mem, kao_db **out, const char *name,
                       const kao_db_options *options, kao_error *err);
    void (*close)(kao_db *db);
    const char *(*file)(const kao_db *db);
    bool is_file;
    const char *out_of_reach;
    /* is_long: of kao_db_ask_long */
    kao_status (*ask)(kao_db *db, kao_rows **rows, bool is_long, const char *sql,
                      const kao_db_values *values, kao_error *err);
    kao_status (*script)(kao_db *db, const char *sql, kao_error *err);
    bool (*next)(kao_rows *rows);
    int64_t (*row_int)(const kao_rows *rows, int column);
    double (*row_real)(const kao_rows *rows, int column);
    const char *(*row_text)(const kao_rows *rows, int column);
    kao_span (*row_bytes)(const kao_rows *rows, int column);
    kao_status (*end)(kao_rows *rows, kao_error *err);
    kao_status (*begin)(kao_db *db, kao_error *err);
    kao_status (*begin_reading)(kao_db *db, kao_error *err);
    kao_status (*commit)(kao_db *db, kao_error *err); /* rolling back is the caller's */
    void (*rollback)(kao_db *db);
    kao_status (*settle)(kao_db *db, kao_error *err);
    kao_status (*compact)(kao_db *db, kao_error *err);
    kao_status (*has)(kao_db *db, const char *table, const char *column, bool *has,
                      kao_error *err);
    kao_status (*last_number)(kao_db *db, const char *table, int64_t *number,
                              kao_error *err);
    kao_status (*bytes)(kao_db *db, int64_t *bytes, kao_error *err);
    kao_status (*check)(kao_db *db, kao_error *err);
    kao_status (*defines)(kao_db *db, kao_span bytes, bool *defines, kao_error *err);
} kao_db_calls;

struct kao_db {
    const kao_db_calls *calls;
    kao_mem *mem;
    char *name; /* for messages */
    const kao_seal *seal;
    const char *seal_mark;
};

struct kao_rows {
    const kao_db_calls *calls;
    kao_db *db;
    const kao_hidden *hidden;
    size_t n_hidden;
    kao_bytes open[KAO_DB_HIDDEN]; /* of each: what was in it */
    bool is_absent[KAO_DB_HIDDEN];
    kao_status st; /* of what did not open */
    kao_error err;
};

/* ---- hidden.c ---- */

/* KAO_E_NOMEM, KAO_E_LIMIT; to be freed in any case. */
kao_status kao_db_take(const kao_db *db, kao_db_values *values, const char *form,
                       va_list list, kao_error *err);
void kao_db_values_free(kao_db_values *values);
/* The row's hidden columns; false: rows->st says why not. */
bool kao_rows_open(kao_rows *rows);
void kao_rows_close(kao_rows *rows);

/* Where the build has none of it, only ready and open are there. */
extern const kao_db_calls kao_db_sqlite, kao_db_postgres;

#endif
