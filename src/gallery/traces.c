/* See traces.h. Texts of less than four bytes and vectors of less than 16 are not looked for; what rows that are
 * there hold too (a namesake, one picture enrolled for two) is no trace. */
#include "gallery/traces.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"

enum { PIECE_BYTES = 32, QUANTISED_LEAST = 16 };

void kao_traces_free(kao_traces *p)
{
    for (size_t i = 0; i < p->n; i++)
        kao_free(p->mem, p->items[i].bytes);
    kao_free(p->mem, p->items);
    kao_free(p->mem, p->first);
}

static void add_piece(kao_traces *p, const void *bytes, size_t n, kao_trace_kind kind)
{
    if (p->n == p->cap) {
        const size_t cap = p->cap ? 2 * p->cap : 64;
        kao_trace *bigger =
            kao_grow(p->mem, p->items, p->n * sizeof *bigger, cap * sizeof *bigger);

        p->failed |= !bigger;
        if (!bigger)
            return;
        p->items = bigger;
        p->cap = cap;
    }
    uint8_t *copy = kao_alloc(p->mem, n);

    p->failed |= !copy;
    if (!copy)
        return;
    memcpy(copy, bytes, n);
    p->items[p->n++] = (kao_trace){ .bytes = copy, .n = n, .kind = kind };
}

/* A vector as the index has it; false: it is none, or memory ran out (then *bytes is NULL). */
static bool quantise(kao_mem *mem, kao_span vector, uint8_t **bytes)
{
    const size_t dim = vector.n / sizeof(float);
    float *x = kao_alloc(mem, vector.n);
    kao_quantised terms;
    bool fine = false;

    *bytes = x ? kao_alloc(mem, kao_quantised_size(dim)) : NULL;
    if (*bytes && dim > 0) {
        memcpy(x, vector.p, dim * sizeof *x);
        fine = kao_quantise_row(x, dim, *bytes, &terms);
    }
    kao_free(mem, x);
    return fine;
}

void kao_traces_add_vector(kao_traces *p, kao_span v)
{
    const size_t dim = v.n / sizeof(float);
    uint8_t *bytes = NULL;

    if (dim > 0) /* less is no vector, but damage, and too short to be looked for */
        add_piece(p, v.p, v.n < PIECE_BYTES ? v.n : PIECE_BYTES, KAO_TRACE_FLOATS);
    if (dim < QUANTISED_LEAST)
        return;
    if (quantise(p->mem, v, &bytes))
        add_piece(p, bytes, dim < PIECE_BYTES ? dim : PIECE_BYTES, KAO_TRACE_QUANTISED);
    p->failed |= !bytes;
    kao_free(p->mem, bytes);
}

void kao_traces_add_text(kao_traces *p, const char *text, size_t least)
{
    if (text && strlen(text) >= least)
        add_piece(p, text, strlen(text), KAO_TRACE_TEXT);
}

void kao_traces_add_chip(kao_traces *p, kao_span c)
{
    for (size_t i = 1; i <= 4; i++) {
        const size_t at = c.n / 5 * i;

        if (c.n - at >= PIECE_BYTES)
            add_piece(p, c.p + at, PIECE_BYTES, KAO_TRACE_CHIP);
    }
}

void kao_traces_add_bytes(kao_traces *p, kao_span bytes)
{
    if (bytes.n >= PIECE_BYTES)
        add_piece(p, bytes.p, PIECE_BYTES, KAO_TRACE_FLOATS);
}

/* ---- searching ---- */

/* Which pieces are in these bytes. A gallery of a million people has gigabytes: all pieces are
 * looked for in one walk, by their first two bytes. */
static void find_pieces(kao_span in, const kao_traces *p)
{
    for (size_t i = 0; i + 2 <= in.n; i++) {
        const uint8_t *at = in.p + i;

        for (uint32_t k = p->first[at[0] | at[1] << 8]; k > 0;
             k = p->items[k - 1].next) {
            kao_trace *x = &p->items[k - 1];

            if (!x->is_found && x->n <= in.n - i && memcmp(at, x->bytes, x->n) == 0)
                x->is_found = true;
        }
    }
}

kao_status kao_traces_index(kao_traces *p, kao_gallery *g, kao_error *err)
{
    p->first = kao_calloc(p->mem, 1 << 16, sizeof *p->first);
    if (!p->first)
        return kao_fail(err, KAO_E_NOMEM, "%s: out of memory", g->path);
    for (size_t i = 0; i < p->n; i++) {
        uint32_t *first = &p->first[p->items[i].bytes[0] | p->items[i].bytes[1] << 8];

        p->items[i].next = *first;
        *first = (uint32_t)i + 1;
    }
    return KAO_OK;
}

static bool has_bytes(kao_span in, const kao_trace *p)
{
    for (size_t i = 0; i + p->n <= in.n; i++) {
        const uint8_t *at = memchr(in.p + i, p->bytes[0], in.n - p->n + 1 - i);

        if (!at)
            return false;
        if (memcmp(at, p->bytes, p->n) == 0)
            return true;
        i = (size_t)(at - in.p);
    }
    return false;
}

/* Whether a row's value has the piece: a vector as the index has it, or as it is. */
static kao_status value_has(kao_gallery *g, kao_span value, const kao_trace *p,
                            bool *has, kao_error *err)
{
    kao_mem *mem = &g->ctx->mem;
    uint8_t *bytes = NULL;

    *has = p->kind != KAO_TRACE_QUANTISED && has_bytes(value, p);
    if (p->kind != KAO_TRACE_QUANTISED || value.n < p->n * sizeof(float))
        return KAO_OK;
    *has = quantise(mem, value, &bytes) && memcmp(bytes, p->bytes, p->n) == 0;
    const bool failed = !bytes;

    kao_free(mem, bytes);
    return failed ? kao_fail(err, KAO_E_NOMEM, "%s: out of memory", g->path) : KAO_OK;
}

/* Whether a row of an answer holds these bytes. */
static kao_status is_in(kao_gallery *g, const char *sql, const kao_trace *p, bool *has,
                        kao_error *err)
{
    kao_rows *rows = NULL;
    kao_status st = kao_db_ask_long(g->db, &rows, err, sql, "");

    while (!st && !*has && kao_rows_next(rows))
        st = value_has(g, kao_row_bytes(rows, 0), p, has, err);
    const kao_status end = kao_rows_end(rows, st ? NULL : err);

    return st ? st : end;
}

/* A table's definition, or a row that has a text. Tables of what cameras saw may not be there. */
static kao_status is_others_text(kao_gallery *g, const kao_trace *p, bool *others,
                                 kao_error *err)
{
    static const struct {
        const char *table, *sql;
    } texts[] = {
        { NULL,
          "SELECT name FROM person UNION ALL SELECT note FROM person UNION ALL SELECT "
          "external FROM person UNION ALL SELECT member FROM person UNION ALL SELECT "
          "source FROM sample UNION ALL SELECT detail FROM change UNION ALL SELECT "
          "action FROM change UNION ALL SELECT old FROM edit UNION ALL SELECT name "
          "FROM model UNION ALL SELECT form FROM chip" },
        { "event", "SELECT text FROM event UNION ALL SELECT trail FROM event" },
        { "event_mark", "SELECT name FROM event_mark" },
    };
    kao_status st = kao_db_defines(g->db, (kao_span){ p->bytes, p->n }, others, err);

    for (size_t i = 0; !st && !*others && i < sizeof texts / sizeof texts[0]; i++) {
        bool there = true;

        if (texts[i].table)
            st = kao_db_has(g->db, texts[i].table, NULL, &there, err);
        if (!st && there)
            st = is_in(g, texts[i].sql, p, others, err);
    }
    return st;
}

/* Does somebody else's row hold these bytes? Then finding them says nothing. */
static kao_status is_others(kao_gallery *g, const kao_trace *p, bool *others,
                            kao_error *err)
{
    *others = false;
    if (p->kind == KAO_TRACE_TEXT)
        return is_others_text(g, p, others, err);
    return is_in(g,
                 p->kind == KAO_TRACE_CHIP ? "SELECT bytes FROM chip"
                                           : "SELECT numbers FROM vector",
                 p, others, err);
}

/* One of the gallery's files; one that is not there has no traces. */
static kao_status search_file(kao_gallery *g, const char *end, const kao_traces *p,
                              kao_receipt *r, kao_error *err)
{
    const char *name = kao_db_file(g->db);
    const size_t cap = strlen(name) + 16;
    char *path = kao_alloc(p->mem, cap);
    kao_file f = { 0 };
    kao_error own = { 0 };

    if (!path)
        return kao_fail(err, KAO_E_NOMEM, "%s: out of memory", g->path);
    snprintf(path, cap, "%s%s", name, end);
    kao_status st = kao_file_open(&f, p->mem, path, SIZE_MAX / 2, &own);

    kao_free(p->mem, path);
    if (st == KAO_E_IO && own.sys == ENOENT)
        return KAO_OK;
    if (st) {
        if (err)
            *err = own;
        return st;
    }
    r->n_bytes_searched += f.bytes.n;
    find_pieces(f.bytes, p);
    for (size_t i = 0; !st && i < p->n; i++) {
        bool others = false;

        if (!p->items[i].is_found)
            continue;
        p->items[i].is_found = false;
        st = is_others(g, &p->items[i], &others, err);
        r->n_traces += !st && !others;
    }
    kao_file_close(&f);
    return st;
}

kao_status kao_traces_search(kao_traces *p, kao_gallery *g, const char *done,
                             kao_receipt *r, kao_error *err)
{
    enum { LOG = 1 };
    static const char *const ends[] = { "",        "-wal",    "-shm",    "-journal",
                                        "-index1", "-index2", "-index3", "-index4",
                                        "-index5", "-index6", "-index7", "-index8" };
    /* a server's files are out of reach */
    const size_t first = kao_db_is_file(g->db) ? 0 : 4,
                 n = kao_db_file(g->db) ? sizeof ends / sizeof ends[0] : 0;
    const char *where = "";
    bool is_logged = false;
    kao_status st = KAO_OK;

    r->n_traces = 0;
    r->n_bytes_searched = 0;
    for (size_t i = first; !st && i < n; i++) {
        const uint32_t before = r->n_traces;
        const uint64_t read = r->n_bytes_searched;

        st = search_file(g, ends[i], p, r, err);
        where = r->n_traces > before ? ends[i] : where;
        is_logged |= i == LOG && r->n_bytes_searched > read;
    }
    p->is_inside = !st && r->n_traces && where[0] == '\0' && !is_logged;
    if (!st && r->n_traces)
        st = kao_fail(err, KAO_E_IO,
                      "%s: %s, but %u traces are left in %s%s: another program has it "
                      "in use; when that has ended, %s",
                      g->path, done, r->n_traces, kao_db_file(g->db), where,
                      strncmp(where, "-index", 6) == 0 ? "this file may be deleted"
                                                       : "kao gallery compact");
    return st;
}
