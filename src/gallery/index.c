/* See index.h. */
#include "gallery/index.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gallery/gallery.h"

enum { MOST_TRIES = 8 };

void kao_index_init(kao_index *x, kao_context *ctx)
{
    *x = (kao_index){ .ctx = ctx };
    kao_kernels_init(&x->kernels, ctx->cpu);
}

void kao_index_fini(kao_index *x)
{
    for (size_t m = 0; m < KAO_GALLERY_MODELS; m++) {
        if (!x->is_there[m])
            continue;
        kao_store_settle(&x->stores[m]);
        kao_store_close(&x->stores[m]);
        x->is_there[m] = false;
    }
}

char *kao_index_path(kao_gallery *g, size_t model)
{
    const char *name = kao_db_file(g->db);
    const size_t cap = strlen(name) + sizeof "-index" + 20;
    char *path = kao_alloc(&g->ctx->mem, cap);

    if (path)
        snprintf(path, cap, "%s-index%zu", name, model + 1);
    return path;
}

/* Of one that is encrypted nothing lies beside it that is not. */
bool kao_index_has_files(const kao_gallery *g)
{
    return !g->is_sealed && kao_db_file(g->db);
}

static void close_store(kao_gallery *g, size_t model)
{
    kao_store_close(&g->index.stores[model]);
    g->index.is_there[model] = false;
}

/* ---- taking in what changed ---- */

typedef struct taking {
    kao_gallery *g;
    kao_store *b;
    size_t model;
    float *vector; /* the database's bytes lie anywhere */
    bool by_store; /* the failure is the store's, not the database's */
} taking;

static int by_number(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static kao_status erase_gone(taking *t, const kao_moment *at, kao_error *err)
{
    kao_mem *mem = &t->g->ctx->mem;
    int64_t n = 0, *samples = NULL;
    size_t got = 0;
    kao_rows *rows = NULL;
    kao_status st =
        kao_db_number(t->g->db, &n, err, "SELECT count(*) FROM gone WHERE changed > ?",
                      "i", t->b->next.seen);

    if (st || n <= 0)
        return st;
    samples = kao_calloc(mem, (size_t)n, sizeof *samples);
    if (!samples)
        return kao_fail(err, KAO_E_NOMEM, "%s: out of memory", t->g->path);
    st = kao_db_ask(t->g->db, &rows, err, "SELECT sample FROM gone WHERE changed > ?",
                    "i", t->b->next.seen);
    while (!st && got < (size_t)n && kao_rows_next(rows))
        samples[got++] = kao_row_int(rows, 0);
    const kao_status end = kao_rows_end(rows, st ? NULL : err);

    st = st ? st : end;
    if (!st) {
        qsort(samples, got, sizeof *samples, by_number);
        st = kao_store_erase(t->b, samples, got, at->seen, err);
        t->by_store = st != KAO_OK;
    }
    kao_free(mem, samples);
    return st;
}

/* A row: sample, person, hidden, vector, model. */
static kao_status take_row(taking *t, const kao_rows *rows, int64_t seen,
                           kao_error *err)
{
    kao_store *b = t->b;
    const int64_t sample = kao_row_int(rows, 0), person = kao_row_int(rows, 1);
    const bool hidden = kao_row_int(rows, 2) != 0;
    int64_t row = KAO_NO_ROW;
    const float *vector = NULL;
    kao_status st = kao_store_find(b, sample, &row, err);

    if (st)
        return st;
    if (row != KAO_NO_ROW) {
        const kao_chunk *c = kao_store_chunk(b, (size_t)row);
        const size_t i = (size_t)row % KAO_STORE_ROWS;

        if (!hidden && c->person[i] == person)
            return KAO_OK;
        kao_store_end_row(b, (size_t)row, seen);
        vector = c->floats + i * b->dim;
    }
    if (hidden)
        return KAO_OK;
    if (!vector) {
        const kao_span v = kao_row_bytes(rows, 3);

        if (!v.p || v.n != b->dim * sizeof(float))
            return kao_fail(err, KAO_E_FORMAT,
                            "%s: sample %lld has a vector of %zu bytes", t->g->path,
                            (long long)sample, v.n);
        memcpy(t->vector, v.p, v.n);
        vector = t->vector;
    }
    st = kao_store_add(b, sample, person, seen, vector, err);
    t->by_store = st == KAO_E_IO;
    return st == KAO_E_FORMAT ? kao_error_prefix(err, st, "%s", t->g->path) : st;
}

/* Rows of the first time come in the order in which the vectors lie. */
static kao_status take_changed(taking *t, const kao_moment *at, kao_error *err)
{
    static const char all[] =
        "SELECT v.sample, s.person, s.removed <> 0 OR p.removed <> 0, v.numbers, "
        "v.model FROM "
        "vector v CROSS JOIN sample s CROSS JOIN person p WHERE s.number = v.sample "
        "AND p.number = s.person AND v.model = ? AND s.changed > ?";
    static const char some[] =
        "SELECT s.number, s.person, s.removed <> 0 OR p.removed <> 0, v.numbers, "
        "v.model FROM "
        "sample s JOIN person p ON p.number = s.person JOIN vector v ON v.sample = "
        "s.number AND v.model = ? WHERE s.changed > ?";
    kao_rows *rows = NULL;
    kao_status st =
        kao_db_ask_long(t->g->db, &rows, err, t->b->next.seen < 0 ? all : some, "ii",
                        (int64_t)t->model + 1, t->b->next.seen);
    static const kao_hidden hidden[] = { { 3, KAO_AT_NUMBERS, 0, 4, true } };

    if (!st)
        KAO_REVEAL(rows, hidden);
    while (!st && kao_rows_next(rows))
        st = take_row(t, rows, at->seen, err);
    const kao_status end = kao_rows_end(rows, st ? NULL : err);

    return st ? st : end;
}

/* Begun by the caller, who ends it. */
static kao_status take(taking *t, const kao_moment *at, kao_error *err)
{
    kao_mem *mem = &t->g->ctx->mem;
    kao_status st = t->b->next.seen < 0 ? KAO_OK : erase_gone(t, at, err);

    if (st)
        return st;
    t->vector = kao_alloc(mem, t->b->dim * sizeof(float));
    st = t->vector ? take_changed(t, at, err)
                   : kao_fail(err, KAO_E_NOMEM, "%s: out of memory", t->g->path);
    kao_free(mem, t->vector);
    if (!st)
        kao_store_publish(t->b, at->seen, at->token);
    return st;
}

/* ---- where the rows lie ---- */

kao_status kao_index_moment(kao_gallery *g, kao_moment *at, kao_error *err)
{
    kao_rows *rows = NULL;
    const kao_status st = kao_db_ask(
        g->db, &rows, err,
        g->has_tokens ? "SELECT number, token FROM change ORDER BY number DESC LIMIT 1"
                      : "SELECT number, NULL FROM change ORDER BY number DESC LIMIT 1",
        "");

    *at = (kao_moment){ 0, 0 };
    if (st)
        return st;
    if (kao_rows_next(rows))
        *at = (kao_moment){ kao_row_int(rows, 0), kao_row_int(rows, 1) };
    return kao_rows_end(rows, err);
}

/* KAO_E_FORMAT: the store stands for no change of this database. */
static kao_status check_history(kao_gallery *g, const kao_store_state *s,
                                kao_error *err)
{
    int64_t token = 0;
    const kao_status st = kao_db_number(
        g->db, &token, err, "SELECT token FROM change WHERE number = ?", "i", s->seen);

    if (st)
        return st;
    return token != 0 && token == s->token
               ? KAO_OK
               : kao_fail(err, KAO_E_FORMAT, "%s: its index is of another state",
                          g->path);
}

static bool is_large(kao_gallery *g, uint64_t n)
{
    return n >= (g->ctx->index_from ? g->ctx->index_from : KAO_INDEX_FILE_FROM);
}

/* A new file with all rows. KAO_E_CONFLICT: there is one by now; *by_store: it cannot be. */
static kao_status make_file(kao_gallery *g, size_t model, const char *path,
                            const kao_moment *at, bool *by_store, kao_error *err)
{
    taking t = { .g = g, .b = &g->index.stores[model], .model = model };
    kao_error none;
    int64_t n = 0;
    kao_status st = kao_db_number(g->db, &n, err, "SELECT count(*) FROM sample", "");

    *by_store = st == KAO_OK;
    if (!st && !is_large(g, (uint64_t)n))
        return KAO_E_NOT_FOUND; /* and no failure */
    if (!st)
        st = kao_store_create(t.b, path, err);
    if (st)
        return st;
    st = take(&t, at, err);
    *by_store = t.by_store;
    if (st)
        kao_store_discard(t.b, 0, 0, &none);
    else
        kao_store_end(t.b);
    return st;
}

/* The file as it is. KAO_E_FORMAT: it is of no use, and was discarded if that may be. */
static kao_status open_file(kao_gallery *g, size_t model, const char *path,
                            bool *by_store, kao_error *err)
{
    kao_store *b = &g->index.stores[model];
    kao_store_state s = { .generation = 0 };
    kao_status st = kao_store_open(b, path, !g->index.is_fixed, err);

    *by_store = true;
    if (!st) {
        st = kao_store_read(b, &s, err);
        if (!st) {
            st = check_history(g, &s, err);
            *by_store = st == KAO_E_FORMAT;
        }
    }
    if (st == KAO_E_FORMAT && !g->index.is_fixed) {
        const kao_status gone = kao_store_discard(b, s.generation, g->wait_ms, err);

        return gone ? gone : st;
    }
    if (st)
        kao_store_close(b);
    return st;
}

/* The file, as it is or made. *by_store: no file can be had, and memory has to do. */
static kao_status find_file(kao_gallery *g, size_t model, const char *path,
                            const kao_moment *at, bool *by_store, kao_error *err)
{
    kao_status st = KAO_OK;

    for (int try = 0; try < MOST_TRIES; try++) {
        st = open_file(g, model, path, by_store, err);
        if (st == KAO_E_NOT_FOUND && !g->index.is_fixed)
            st = make_file(g, model, path, at, by_store, err);
        if (g->index.is_fixed || (st != KAO_E_FORMAT && st != KAO_E_CONFLICT) ||
            !*by_store)
            break;
    }
    return st;
}

static kao_status find_store(kao_gallery *g, size_t model, const kao_moment *at,
                             kao_error *err)
{
    kao_index *x = &g->index;
    kao_store *b = &x->stores[model];
    bool by_store = true;
    kao_status st = KAO_E_NOT_FOUND;

    kao_store_init(b, &g->ctx->mem, g->models[model].id, g->models[model].dim);
    if (!x->alone[model] && g->has_tokens && at->token != 0 && kao_index_has_files(g)) {
        char *path = kao_index_path(g, model);

        if (!path)
            return kao_fail(err, KAO_E_NOMEM, "%s: out of memory", g->path);
        st = find_file(g, model, path, at, &by_store, err);
        kao_free(&g->ctx->mem, path);
        if (st && (!by_store || st == KAO_E_NOMEM))
            return st;
        x->alone[model] |= st && st != KAO_E_NOT_FOUND;
    }
    if (st)
        st = kao_store_in_memory(b, err);
    x->is_there[model] = !st;
    return st;
}

void kao_index_drop(kao_gallery *g, size_t model, bool alone)
{
    kao_store *b = &g->index.stores[model];
    kao_store_state s;
    kao_error none;

    g->index.alone[model] |= alone;
    if (!g->index.is_there[model])
        return;
    if (!alone && b->path && !g->index.is_fixed)
        kao_store_discard(b, kao_store_read(b, &s, &none) == KAO_OK ? s.generation : 0,
                          g->wait_ms, &none);
    close_store(g, model);
}

/* ---- in step ---- */

/* What changed up to `at`, under the lock. *by_store: the store failed, and is to be dropped. */
static kao_status catch_up(kao_gallery *g, size_t model, const kao_moment *at,
                           bool *by_store, kao_error *err)
{
    taking t = { .g = g, .b = &g->index.stores[model], .model = model };
    kao_status st = kao_store_begin(t.b, g->wait_ms, err);

    *by_store = st != KAO_OK && st != KAO_E_NOMEM;
    if (st)
        return st;
    if (t.b->next.seen < at->seen)
        st = take(&t, at, err);
    *by_store = t.by_store;
    kao_store_end(t.b);
    return st;
}

/* Whether a store would be better made anew: ended rows are read by each search, too. */
static bool is_worn(const kao_gallery *g, const kao_store *b, const kao_store_state *s)
{
    return (!b->path || !g->index.is_fixed) &&
           s->n_rows - s->n_live > s->n_live + 4 * KAO_STORE_ROWS;
}

/* One look at the store. *done: it is as of `at`, or *again. */
static kao_status look(kao_gallery *g, size_t model, const kao_moment *at, bool *again,
                       bool *done, kao_error *err)
{
    kao_store *b = &g->index.stores[model];
    kao_store_state s;
    bool by_store = false;
    kao_status st = kao_store_read(b, &s, err);

    if (st) { /* removed or damaged: make another one */
        kao_index_drop(g, model, st != KAO_E_CONFLICT && st != KAO_E_FORMAT);
        return st == KAO_E_NOMEM ? st : KAO_OK;
    }
    const bool erasing = (kao_store_erasures(b) & 1) != 0;

    if (s.seen == at->seen && s.token == at->token && !erasing) {
        if (is_worn(g, b, &s) ||
            (!b->path && !g->index.is_fixed && !g->index.alone[model] &&
             at->token != 0 && g->has_tokens && kao_index_has_files(g) &&
             is_large(g, s.n_live)))
            kao_index_drop(g, model, false);
        else
            *done = true;
        return KAO_OK;
    }
    if (b->path && (s.seen > at->seen || (erasing && g->index.is_fixed))) {
        *again = *done = true;
        return KAO_OK;
    }
    if (s.seen >= at->seen &&
        !(erasing && b->path)) { /* the file has another history */
        kao_index_drop(g, model, false);
        return KAO_OK;
    }
    if (b->path && g->index.is_fixed) {
        kao_index_drop(g, model, true);
        return KAO_OK;
    }
    st = catch_up(g, model, at, &by_store, err);
    if (st && by_store && st != KAO_E_NOMEM) {
        kao_index_drop(g, model, st == KAO_E_IO);
        return KAO_OK;
    }
    if (st)
        close_store(g, model);
    return st;
}

kao_status kao_index_bring(kao_gallery *g, size_t model, kao_moment *at, bool *again,
                           kao_error *err)
{
    kao_status st = kao_models_check(g, err);
    bool done = false;

    if (!st)
        st = kao_index_moment(g, at, err);

    *again = false;
    for (int try = 0; !st && !done; try++) {
        if (try >= MOST_TRIES)
            kao_index_drop(g, model, true);
        if (!g->index.is_there[model])
            st = find_store(g, model, at, err);
        if (!st)
            st = look(g, model, at, again, &done, err);
    }
    return st;
}
