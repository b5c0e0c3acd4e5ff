/* What a database does behind db.h: a table of functions each, and what all of them begin with. */
#ifndef KAO_GALLERY_DB_CALLS_H
#define KAO_GALLERY_DB_CALLS_H

#include "gallery/db.h"

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
                      const char *form, va_list list, kao_error *err);
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
};

struct kao_rows {
    const kao_db_calls *calls;
};

/* Where the build has none of it, only ready and open are there. */
extern const kao_db_calls kao_db_sqlite, kao_db_postgres;

#endif
