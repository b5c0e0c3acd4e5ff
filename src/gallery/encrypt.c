/* A gallery that becomes encrypted, gets another key, or is in the clear again.
 *
 *   one transaction   every hidden value is read by the seal that there is and written by the new one;
 *                     meta says by which key, and that there is something to finish
 *   then, finishing   index files are overwritten and removed, all of the database is written anew, and meta
 *                     says no more of it
 *
 * Whoever ends in the first part leaves the gallery as it was; in the second, the next one who opens it for
 * writing finishes it. */
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "base/bytes.h"
#include "gallery/hidden_columns.h"
#include "gallery/traces.h"

enum {
    AT_ONCE = 256,
    BYTES_AT_ONCE = 16,
    SQL = 320,
    TRACES_MOST = 20000,
    PLAIN_LEAST = 8
};

typedef struct seal_of { /* NULL: in the clear */
    const kao_seal *seal;
    const char *mark;
} seal_of;

typedef struct converting {
    kao_gallery *g;
    seal_of from, to;
    int64_t state;     /* of the models, from then on */
    kao_traces traces; /* of what is in the clear and will not be */
} converting;

static void use(const converting *c, seal_of s)
{
    kao_db_seal(c->g->db, s.seal, s.mark);
}

/* ---- a column ---- */

typedef struct value {
    int64_t row, part;
    size_t at, n; /* of the batch's bytes; each has a 0 behind it */
} value;

typedef struct batch {
    value items[AT_ONCE];
    size_t n;
    kao_bytes bytes;
} batch;

/* v: what it says; stored: as it stands there, by the former key. */
static void keep_trace(converting *c, const kao_hidden_column *of, kao_span v,
                       kao_span stored)
{
    if (!c->to.seal || c->traces.n >= TRACES_MOST || of->as == KAO_HIDDEN_KEYED)
        return;
    if (c->from.seal) {
        kao_traces_add_bytes(&c->traces, stored);
        return;
    }
    if (of->as == KAO_HIDDEN_TEXT)
        kao_traces_add_text(&c->traces, (const char *)v.p, PLAIN_LEAST);
    else if (strcmp(of->to_place, KAO_AT_CHIP) == 0)
        kao_traces_add_chip(&c->traces, v);
    else
        kao_traces_add_vector(&c->traces, v);
}

/* So many values: a chip may have a megabyte. */
static size_t at_once(const kao_hidden_column *of)
{
    return of->as == KAO_HIDDEN_BYTES ? BYTES_AT_ONCE : AT_ONCE;
}

/* Rows: value, and the numbers of its row. */
static kao_status keep_rows(converting *c, const kao_hidden_column *of, kao_rows *rows,
                            batch *b, kao_error *err)
{
    kao_status st = KAO_OK;

    while (!st && b->n < at_once(of) && kao_rows_next(rows)) {
        const char *text = of->as == KAO_HIDDEN_BYTES ? NULL : kao_row_text(rows, 0);
        const kao_span v = of->as == KAO_HIDDEN_BYTES
                               ? kao_row_bytes(rows, 0)
                               : (kao_span){ (const uint8_t *)text, strlen(text) };

        b->items[b->n++] =
            (value){ kao_row_int(rows, 1), kao_row_int(rows, 2), b->bytes.n, v.n };
        if (!kao_bytes_add(&b->bytes, v.p, v.n) || !kao_bytes_add(&b->bytes, "", 1))
            st = kao_fail(err, KAO_E_NOMEM, "%s: out of memory", c->g->path);
        keep_trace(c, of, v, kao_row_stored(rows, 0));
    }
    const kao_status end = kao_rows_end(rows, st ? NULL : err);

    return st ? st : end;
}

/* The next values behind a row's numbers. */
static kao_status read_batch(converting *c, const kao_hidden_column *of, int64_t row,
                             int64_t part, batch *b, kao_error *err)
{
    const kao_hidden hidden = kao_hidden_of(of);
    char sql[SQL];
    kao_rows *rows = NULL;

    if (of->part)
        snprintf(sql, sizeof sql,
                 "SELECT %s, %s, %s FROM %s WHERE (%s, %s) > (?1, ?2) AND %s IS NOT "
                 "NULL%s ORDER BY %s, %s LIMIT %zu",
                 of->from, of->row, of->part, of->table, of->row, of->part, of->from,
                 of->where, of->row, of->part, at_once(of));
    else
        snprintf(sql, sizeof sql,
                 "SELECT %s, %s, 0 FROM %s WHERE %s > ?1 AND ?2 = ?2 AND %s IS NOT "
                 "NULL%s ORDER BY %s LIMIT %zu",
                 of->from, of->row, of->table, of->row, of->from, of->where, of->row,
                 at_once(of));
    b->n = 0;
    b->bytes.n = 0;
    use(c, c->from);
    const kao_status st = kao_db_ask(c->g->db, &rows, err, sql, "ii", row, part);

    if (st)
        return st;
    kao_rows_reveal(rows, &hidden, 1);
    return keep_rows(c, of, rows, b, err);
}

static kao_status write_value(const converting *c, const kao_hidden_column *of,
                              const char *sql, const value *v, const uint8_t *bytes,
                              kao_error *err)
{
    kao_db *db = c->g->db;

    switch (of->as) {
    case KAO_HIDDEN_KEYED:
        return kao_db_run(db, err, sql, "kii", of->to_place, (const char *)bytes,
                          v->row, v->part);
    case KAO_HIDDEN_TEXT:
        return kao_db_run(db, err, sql, "hii", of->to_place, v->row, v->part,
                          (const char *)bytes, v->row, v->part);
    default:
        return kao_db_run(db, err, sql, "Hii", of->to_place, v->row, v->part,
                          (const void *)bytes, v->n, v->row, v->part);
    }
}

static kao_status write_batch(const converting *c, const kao_hidden_column *of,
                              const batch *b, kao_error *err)
{
    kao_status st = KAO_OK;
    char sql[SQL];

    snprintf(sql, sizeof sql, "UPDATE %s SET %s = ?1 WHERE %s = ?2 AND %s = ?3",
             of->table, of->to, of->row, of->part ? of->part : "0");
    use(c, c->to);
    for (size_t i = 0; !st && i < b->n; i++)
        st = write_value(c, of, sql, &b->items[i], b->bytes.p + b->items[i].at, err);
    return st;
}

static kao_status convert_column(converting *c, const kao_hidden_column *of, batch *b,
                                 kao_error *err)
{
    int64_t row = INT64_MIN, part = INT64_MIN;
    bool there = true;
    kao_status st =
        of->is_optional ? kao_db_has(c->g->db, of->table, NULL, &there, err) : KAO_OK;

    if (st || !there || (of->is_tag && !c->to.seal))
        return st;
    do {
        st = read_batch(c, of, row, part, b, err);
        if (!st)
            st = write_batch(c, of, b, err);
        if (b->n > 0) {
            row = b->items[b->n - 1].row;
            part = b->items[b->n - 1].part;
        }
    } while (!st && b->n == at_once(of));
    return st;
}

/* ---- the names of marks, by which their rows are found ---- */

/* All of them, one behind the other: its number, and its name with a 0. */
static kao_status read_marks(converting *c, kao_bytes *to, kao_error *err)
{
    static const kao_hidden hidden[] = { { 0, KAO_AT_EVENT_MARK, KAO_NO_COLUMN,
                                           KAO_NO_COLUMN, false } };
    kao_rows *rows = NULL;

    use(c, c->from);
    kao_status st =
        kao_db_ask(c->g->db, &rows, err,
                   "SELECT name, number FROM event_mark WHERE name IS NOT NULL", "");

    if (st)
        return st;
    KAO_REVEAL(rows, hidden);
    while (!st && kao_rows_next(rows)) {
        const char *name = kao_row_text(rows, 0);
        const int64_t number = kao_row_int(rows, 1);

        if (!kao_bytes_add(to, &number, sizeof number) ||
            !kao_bytes_add(to, name, strlen(name) + 1))
            st = kao_fail(err, KAO_E_NOMEM, "%s: out of memory", c->g->path);
    }
    const kao_status end = kao_rows_end(rows, st ? NULL : err);

    return st ? st : end;
}

static kao_status convert_marks(converting *c, kao_bytes *b, kao_error *err)
{
    kao_db *db = c->g->db;
    bool there = false;
    kao_status st = kao_db_has(db, "event_mark", NULL, &there, err);

    if (st || !there)
        return st;
    b->n = 0;
    st = read_marks(c, b, err);
    use(c, c->to);
    if (!st)
        st = kao_db_run(db, err, "DELETE FROM event_mark", "");
    for (size_t at = 0; !st && at < b->n;) {
        const char *name = (const char *)b->p + at + sizeof(int64_t);
        int64_t number = 0;

        memcpy(&number, b->p + at, sizeof number);
        at += sizeof number + strlen(name) + 1;
        st = kao_db_run(db, err, "INSERT INTO event_mark VALUES(?, ?)", "ki",
                        KAO_AT_EVENT_MARK, name, number);
    }
    return st;
}

/* ---- all ---- */

/* Others who have it open know by the models' state that what they have is of no use any more. */
static kao_status tell_others(converting *c, kao_error *err)
{
    if (getrandom(&c->state, sizeof c->state, 0) != (ssize_t)sizeof c->state)
        return kao_fail(err, KAO_E_IO, "%s: no random numbers", c->g->path);
    return kao_models_put_state(c->g, c->state, err);
}

static kao_status put_mark(converting *c, kao_error *err)
{
    kao_db *db = c->g->db;
    kao_status st = kao_db_run(db, err, "DELETE FROM meta WHERE key = 'seal'", "");

    if (!st && c->to.seal)
        st = kao_db_run(db, err, "INSERT INTO meta(key, value) VALUES('seal', ?)", "t",
                        c->to.mark);
    if (!st)
        st = kao_db_run(db, err,
                        "INSERT INTO meta(key, value) VALUES('unfinished', '1') ON "
                        "CONFLICT(key) DO UPDATE SET value = excluded.value",
                        "");
    return st ? st : tell_others(c, err);
}

static kao_status convert(converting *c, kao_error *err)
{
    kao_db *db = c->g->db;
    batch *b = kao_calloc(&c->g->ctx->mem, 1, sizeof *b);
    kao_status st =
        b ? KAO_OK : kao_fail(err, KAO_E_NOMEM, "%s: out of memory", c->g->path);

    if (st)
        return st;
    b->bytes = (kao_bytes){ .mem = &c->g->ctx->mem, .max = SIZE_MAX / 2 };
    if (!c->from.seal && c->to.seal)
        st = kao_db_script(db, kao_sealed_tables, err);
    for (size_t i = 0; !st && i < KAO_HIDDEN_COLUMNS; i++)
        st = convert_column(c, &kao_hidden_columns[i], b, err);
    if (!st)
        st = convert_marks(c, &b->bytes, err);
    if (!st && c->from.seal && !c->to.seal)
        st = kao_db_script(db, kao_sealed_tables_undo, err);
    if (!st)
        st = put_mark(c, err);
    use(c, c->to);
    kao_bytes_free(&b->bytes);
    kao_free(&c->g->ctx->mem, b);
    return !st && c->traces.failed
               ? kao_fail(err, KAO_E_NOMEM, "%s: out of memory", c->g->path)
               : st;
}

/* ---- finishing ---- */

static kao_status compact(kao_gallery *g, kao_error *err)
{
    kao_status st = kao_db_compact(g->db, err);

    if (!st)
        st = kao_gallery_begin(g, err);
    if (st)
        return st;
    st = kao_db_run(g->db, err, "DELETE FROM meta WHERE key = 'unfinished'", "");
    if (st) {
        kao_db_rollback(g->db);
        return st;
    }
    st = kao_db_commit(g->db, err);
    return st ? st : kao_db_settle(g->db, err);
}

kao_status kao_encrypt_finish(kao_gallery *g, kao_error *err)
{
    int64_t unfinished = 0;
    kao_error none;
    kao_status st = KAO_OK;

    if (g->index.is_fixed)
        return KAO_OK;
    if (g->is_sealed)
        st = kao_index_wipe(g, err);
    if (st || g->read_only)
        return st;
    st = kao_db_number(g->db, &unfinished, err,
                       "SELECT count(*) FROM meta WHERE key = 'unfinished'", "");
    /* where somebody else is at it, or in the way, the next one does it */
    if (!st && unfinished)
        compact(g, &none);
    return st;
}

/* ---- the call ---- */

/* The gallery is as the database is now. */
static void take(converting *c)
{
    kao_gallery *g = c->g;

    g->models_of = c->state;
    g->is_sealed = c->to.seal != NULL;
    g->schema = g->is_sealed ? KAO_GALLERY_SEALED : KAO_GALLERY_SCHEMA;
    g->seal_mark[0] = '\0';
    kao_seal_wipe(&g->seal, sizeof g->seal);
    if (g->is_sealed) {
        g->seal = *c->to.seal;
        snprintf(g->seal_mark, sizeof g->seal_mark, "%s", c->to.mark);
    }
    kao_db_seal(g->db, g->is_sealed ? &g->seal : NULL, g->seal_mark);
}

static kao_status finish(converting *c, const char *done, kao_receipt *r,
                         kao_error *err)
{
    kao_gallery *g = c->g;
    kao_status st = g->is_sealed ? kao_index_wipe(g, err) : KAO_OK;

    kao_index_fini(&g->index);
    if (!st)
        st = compact(g, err);
    if (!st)
        st = kao_traces_index(&c->traces, g, err);
    if (st)
        return kao_error_prefix(err, st, "%s, but what was before is not all gone",
                                done);
    r->n_pieces = (uint32_t)c->traces.n;
    return kao_traces_search(&c->traces, g, done, r, err);
}

static kao_status set_key(converting *c, const void *key, kao_receipt *r,
                          kao_error *err)
{
    kao_gallery *g = c->g;
    const char *action = !key ? "decrypt" : g->is_sealed ? "rekey" : "encrypt";
    const char *done = !key ? "decrypted" : "encrypted";
    char mark[KAO_SEAL_MARK];
    kao_seal seal;
    kao_edit e;
    kao_status st = key ? kao_sealed_new(key, &seal, mark, err) : KAO_OK;

    if (!st)
        st = kao_edit_begin(g, &e, action, err);
    if (st) {
        kao_seal_wipe(&seal, sizeof seal);
        return st;
    }
    c->from = (seal_of){ g->is_sealed ? &g->seal : NULL, g->seal_mark };
    c->to = (seal_of){ key ? &seal : NULL, mark };
    st = convert(c, err);
    st = kao_edit_end(&e, st, err, "all of it");
    if (st)
        use(c, c->from);
    else
        take(c);
    if (!st)
        st = finish(c, done, r, err);
    kao_seal_wipe(&seal, sizeof seal);
    return st;
}

kao_status kao_gallery_set_key(kao_gallery *g, const void *key, kao_receipt *receipt,
                               kao_error *err)
{
    kao_receipt r = { .size = sizeof r, .time = kao_gallery_now() };

    if (!g || (receipt && receipt->size < sizeof *receipt))
        return kao_fail(err, KAO_E_ARG,
                        "gallery: no gallery, or no room for the receipt");
    if (!key && !g->is_sealed)
        return kao_fail(err, KAO_E_ARG, "%s: is not encrypted", g->path);
    kao_status st = kao_gallery_has_facts(g, err);
    converting c = { .g = g, .traces = { .mem = &g->ctx->mem } };

    if (!st)
        st = set_key(&c, key, &r, err);
    kao_traces_free(&c.traces);
    if (receipt)
        *receipt = r;
    return st;
}
