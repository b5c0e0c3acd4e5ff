/* Statements with parameters, and their answers, all in binary; long ones by a cursor, piece by piece. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "gallery/postgres.h"

/* pg_type's numbers for types, which never change */
enum {
    TYPE_BOOL = 16,
    TYPE_BYTEA = 17,
    TYPE_INT8 = 20,
    TYPE_INT4 = 23,
    TYPE_TEXT = 25,
    TYPE_FLOAT8 = 701
};
enum { ROWS_AT_ONCE = 1000, NUMBER_BYTES = 24 };

typedef char number_text[NUMBER_BYTES];

typedef struct pg_rows {
    kao_rows all;
    kao_pg *db;
    PGresult *result;
    int at, n;          /* the row, of so many that are here */
    number_text *texts; /* of numbers that are asked for as texts, a column each */
    char cursor[24];    /* "": all are here */
    uint32_t link;      /* the connection that has it */
    bool is_last;       /* nothing comes behind these */
    kao_status st;
    kao_error err;
} pg_rows;

static kao_pg *mine(kao_db *db)
{
    return (kao_pg *)(void *)db;
}

static const pg_rows *rows_of(const kao_rows *rows)
{
    return (const pg_rows *)(const void *)rows;
}

static void put_big_endian(char to[8], uint64_t x)
{
    for (int i = 0; i < 8; i++)
        to[i] = (char)(uint8_t)(x >> (56 - 8 * i));
}

static uint64_t big_endian(const char *p, int n)
{
    uint64_t x = 0;

    for (int i = 0; i < n; i++)
        x = x << 8 | (uint8_t)p[i];
    return x;
}

/* ---- parameters ---- */

static void put_number(kao_pg_parameters *p, int i, Oid type, uint64_t bits)
{
    put_big_endian(p->numbers[i], bits);
    p->types[i] = type;
    p->values[i] = p->numbers[i];
    p->lengths[i] = 8;
    p->formats[i] = 1;
}

static kao_status bind(const kao_pg *db, kao_pg_parameters *p,
                       const kao_db_values *values, kao_error *err)
{
    *p = (kao_pg_parameters){ .n = (int)values->n };
    for (int i = 0; i < p->n; i++) {
        const kao_db_value *v = &values->v[i];
        uint64_t bits = 0;

        switch (v->letter) {
        case 'i':
            put_number(p, i, TYPE_INT8, (uint64_t)v->number);
            break;
        case 'd':
            memcpy(&bits, &v->real, sizeof bits);
            put_number(p, i, TYPE_FLOAT8, bits);
            break;
        case 't':
            p->types[i] = TYPE_TEXT;
            p->values[i] = v->p;
            break;
        default:
            if (v->n > 1 << 30)
                return kao_fail(err, KAO_E_LIMIT, "%s: a value of %zu bytes",
                                db->all.name, v->n);
            p->types[i] = TYPE_BYTEA;
            p->values[i] = v->p;
            p->lengths[i] = (int)v->n;
            p->formats[i] = 1;
        }
    }
    return KAO_OK;
}

/* ---- answers ---- */

static kao_status fetch(pg_rows *r, kao_error *err)
{
    static const kao_pg_parameters none = { .n = 0 };
    kao_pg *db = r->db;
    char sql[80];

    db->pq.PQclear(r->result);
    r->result = NULL;
    r->n = 0;
    r->at = -1;
    if (r->link != db->links) /* another statement has made a new one */
        return kao_fail(err, KAO_E_IO, "%s: the connection was lost in an answer",
                        db->all.name);
    snprintf(sql, sizeof sql, "FETCH FORWARD %d FROM %s", ROWS_AT_ONCE, r->cursor);
    const kao_status st = kao_pg_execute(db, sql, &none, false, &r->result, err);

    if (st)
        return st;
    r->n = db->pq.PQntuples(r->result);
    r->is_last = r->n < ROWS_AT_ONCE;
    return KAO_OK;
}

/* Outside of a transaction the server keeps the answer for it. */
static kao_status open_cursor(pg_rows *r, const char *sql, const kao_pg_parameters *p,
                              kao_error *err)
{
    kao_pg *db = r->db;
    kao_mem *mem = db->all.mem;
    const size_t cap = strlen(sql) + 100;
    char *declare = kao_alloc(mem, cap);

    if (!declare)
        return kao_fail(err, KAO_E_NOMEM, "%s: out of memory", db->all.name);
    snprintf(r->cursor, sizeof r->cursor, "kao_%" PRIu32, ++db->cursors);
    snprintf(declare, cap, "DECLARE %s NO SCROLL CURSOR %sFOR %s", r->cursor,
             db->in_transaction ? "" : "WITH HOLD ", sql);
    kao_status st = kao_pg_execute(db, declare, p, true, NULL, err);

    kao_free(mem, declare);
    r->link = db->links;
    if (st)
        r->cursor[0] = '\0';
    return st ? st : fetch(r, err);
}

/* The connection may be lost, the transaction at its end, and the cursor with it. */
static void close_cursor(const pg_rows *r)
{
    const kao_pq *pq = &r->db->pq;
    char sql[40];

    if (!r->cursor[0] || r->link != r->db->links || !r->db->link ||
        pq->PQstatus(r->db->link) != CONNECTION_OK)
        return;
    snprintf(sql, sizeof sql, "CLOSE %s", r->cursor);
    if (pq->PQtransactionStatus(r->db->link) != PQTRANS_INERROR)
        pq->PQclear(pq->PQexec(r->db->link, sql));
}

static void free_rows(pg_rows *r)
{
    kao_mem *mem = r->db->all.mem;

    close_cursor(r);
    r->db->pq.PQclear(r->result);
    kao_free(mem, r->texts);
    kao_free(mem, r);
}

kao_status kao_pg_ask(kao_db *base, kao_rows **rows, bool is_long, const char *sql,
                      const kao_db_values *values, kao_error *err)
{
    kao_pg *db = mine(base);
    kao_pg_parameters p;
    char *statement = kao_pg_statement(base->mem, sql);
    pg_rows *r = kao_calloc(base->mem, 1, sizeof *r);
    kao_status st = bind(db, &p, values, err);

    *rows = NULL;
    if (!st && (!statement || !r))
        st = kao_fail(err, KAO_E_NOMEM, "%s: out of memory", base->name);
    if (!st) {
        *r = (pg_rows){ .all = { .calls = base->calls, .db = base },
                        .db = db,
                        .at = -1,
                        .is_last = true };
        st = is_long ? open_cursor(r, statement, &p, err)
                     : kao_pg_execute(db, statement, &p, strncmp(sql, "SELECT", 6) == 0,
                                      &r->result, err);
    }
    if (!st) {
        const int columns = db->pq.PQnfields(r->result);

        r->n = db->pq.PQntuples(r->result);
        r->texts = kao_calloc(base->mem, (size_t)columns + 1, sizeof *r->texts);
        if (!r->texts)
            st = kao_fail(err, KAO_E_NOMEM, "%s: out of memory", base->name);
    }
    kao_free(base->mem, statement);
    if (!st)
        *rows = &r->all;
    else if (r && r->db)
        free_rows(r);
    else
        kao_free(base->mem, r);
    return st;
}

bool kao_pg_next(kao_rows *rows)
{
    pg_rows *r = (pg_rows *)(void *)rows;

    if (!r->st && r->at + 1 >= r->n && !r->is_last)
        r->st = fetch(r, &r->err);
    if (r->st || r->at + 1 >= r->n)
        return false;
    r->at++;
    return true;
}

static bool is_absent(const pg_rows *r, int column)
{
    return r->at < 0 || r->at >= r->n || column >= r->db->pq.PQnfields(r->result) ||
           r->db->pq.PQgetisnull(r->result, r->at, column);
}

static double real_of(const char *p)
{
    const uint64_t bits = big_endian(p, 8);
    double x = 0;

    memcpy(&x, &bits, sizeof x);
    return x;
}

int64_t kao_pg_row_int(const kao_rows *rows, int column)
{
    const pg_rows *r = rows_of(rows);
    const kao_pq *pq = &r->db->pq;

    if (is_absent(r, column))
        return 0;
    const char *p = pq->PQgetvalue(r->result, r->at, column);

    switch (pq->PQftype(r->result, column)) {
    case TYPE_BOOL:
        return p[0] != 0;
    case TYPE_INT4:
        return (int32_t)(uint32_t)big_endian(p, 4);
    case TYPE_INT8:
        return (int64_t)big_endian(p, 8);
    case TYPE_FLOAT8:
        return (int64_t)real_of(p);
    default:
        return 0;
    }
}

double kao_pg_row_real(const kao_rows *rows, int column)
{
    const pg_rows *r = rows_of(rows);

    if (is_absent(r, column))
        return 0;
    return r->db->pq.PQftype(r->result, column) == TYPE_FLOAT8
               ? real_of(r->db->pq.PQgetvalue(r->result, r->at, column))
               : (double)kao_pg_row_int(rows, column);
}

const char *kao_pg_row_text(const kao_rows *rows, int column)
{
    const pg_rows *r = rows_of(rows);

    if (is_absent(r, column))
        return NULL;
    switch (r->db->pq.PQftype(r->result, column)) {
    case TYPE_BOOL:
    case TYPE_INT4:
    case TYPE_INT8:
        snprintf(r->texts[column], NUMBER_BYTES, "%" PRId64,
                 kao_pg_row_int(rows, column));
        return r->texts[column];
    default: /* libpq ends each value with a 0 */
        return r->db->pq.PQgetvalue(r->result, r->at, column);
    }
}

kao_span kao_pg_row_bytes(const kao_rows *rows, int column)
{
    const pg_rows *r = rows_of(rows);

    if (is_absent(r, column))
        return (kao_span){ NULL, 0 };
    return (kao_span){ (const uint8_t *)r->db->pq.PQgetvalue(r->result, r->at, column),
                       (size_t)r->db->pq.PQgetlength(r->result, r->at, column) };
}

kao_status kao_pg_end(kao_rows *rows, kao_error *err)
{
    pg_rows *r = (pg_rows *)(void *)rows;
    const kao_status st = r->st;

    if (st && err)
        *err = r->err;
    free_rows(r);
    return st;
}
