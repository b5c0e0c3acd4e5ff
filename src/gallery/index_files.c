/* What is done with the files of an index beside searching: forgetting, and the check against the
 * database. */
#include <string.h>

#include "gallery/gallery.h"

enum { MOST_TRIES = 64 };

/* The file of a model is there: this handle has it, as it is now. */
static kao_status take_file(kao_gallery *g, size_t model, kao_error *err)
{
    kao_moment at;
    bool again = true;
    kao_status st = KAO_OK;

    if (g->index.is_there[model] && !g->index.stores[model].path)
        kao_index_drop(g, model, false);
    g->index.alone[model] = false;
    for (int try = 0; !st && again && try < MOST_TRIES; try++) {
        st = kao_db_begin_reading(g->db, err);
        if (st)
            return st;
        st = kao_index_bring(g, model, &at, &again, err);
        kao_db_rollback(g->db);
    }
    return st;
}

static kao_status has_file(kao_gallery *g, size_t model, bool *has, kao_error *err)
{
    *has = false;
    if (!kao_index_has_files(g))
        return KAO_OK;
    char *path = kao_index_path(g, model);
    kao_shared f = { .fd = -1 };

    if (!path)
        return kao_fail(err, KAO_E_NOMEM, "%s: out of memory", g->path);
    kao_status st = kao_shared_open(&f, &g->ctx->mem, path, KAO_SHARED_READ, err);

    kao_shared_close(&f);
    kao_free(&g->ctx->mem, path);
    *has = st == KAO_OK;
    return st == KAO_E_NOT_FOUND ? KAO_OK : st;
}

kao_status kao_index_forget(kao_gallery *g, kao_error *err)
{
    kao_status st = KAO_OK;

    for (size_t m = 0; !st && m < g->n_models; m++) {
        bool has = false;

        st = has_file(g, m, &has, err);
        if (!st && has)
            st = take_file(g, m, err);
    }
    return st;
}

static kao_status remove_file(kao_gallery *g, const kao_gallery_model *m,
                              const char *path, kao_error *err)
{
    kao_store b;
    kao_store_state s = { .generation = 0 };

    kao_store_init(&b, &g->ctx->mem, m->id, m->dim);
    kao_status st = kao_store_open(&b, path, true, err);

    if (st == KAO_E_NOT_FOUND || st == KAO_E_FORMAT) /* or of the new ones already */
        return KAO_OK;
    if (!st)
        st = kao_store_read(&b, &s, err);
    if (!st)
        return kao_store_discard(&b, s.generation, g->wait_ms, err);
    kao_store_close(&b);
    return st == KAO_E_CONFLICT ? KAO_OK : st; /* somebody else has removed it */
}

kao_status kao_index_remove(kao_gallery *g, const kao_gallery_model *models, size_t n,
                            kao_error *err)
{
    kao_status st = KAO_OK;

    kao_index_fini(&g->index);
    for (size_t m = 0; !st && m < n && kao_db_file(g->db); m++) {
        char *path = kao_index_path(g, m);

        g->index.alone[m] = false;
        st = path ? remove_file(g, &models[m], path, err)
                  : kao_fail(err, KAO_E_NOMEM, "%s: out of memory", g->path);
        kao_free(&g->ctx->mem, path);
    }
    return st;
}

kao_status kao_index_wipe(kao_gallery *g, kao_error *err)
{
    kao_status st = KAO_OK;

    kao_index_fini(&g->index);
    for (size_t m = 0; !st && m < KAO_GALLERY_MODELS && kao_db_file(g->db); m++) {
        char *path = kao_index_path(g, m);
        kao_shared f = { .fd = -1 };

        if (!path)
            return kao_fail(err, KAO_E_NOMEM, "%s: out of memory", g->path);
        st = kao_shared_open(&f, &g->ctx->mem, path, KAO_SHARED_WRITE, err);
        if (!st)
            st = kao_shared_wipe(&f, path, err);
        else if (st == KAO_E_NOT_FOUND)
            st = KAO_OK;
        kao_shared_close(&f);
        kao_free(&g->ctx->mem, path);
    }
    return st;
}

/* A row: sample, person, vector. */
static bool is_in_store(kao_store *b, const kao_rows *rows)
{
    const kao_span v = kao_row_bytes(rows, 2);
    kao_error none;
    int64_t row = KAO_NO_ROW;

    if (kao_store_find(b, kao_row_int(rows, 0), &row, &none) || row == KAO_NO_ROW)
        return false;
    const kao_chunk *c = kao_store_chunk(b, (size_t)row);
    const size_t i = (size_t)row % KAO_STORE_ROWS;

    return c->person[i] == kao_row_int(rows, 1) && v.n == b->dim * sizeof(float) &&
           memcmp(v.p, c->floats + i * b->dim, v.n) == 0 &&
           kao_store_row_is_right(b, (size_t)row);
}

static kao_status compare(kao_gallery *g, size_t model, bool *same, kao_error *err)
{
    kao_store *b = &g->index.stores[model];
    kao_rows *rows = NULL;
    uint64_t n = 0;
    kao_status st = kao_db_ask_long(
        g->db, &rows, err,
        "SELECT v.sample, s.person, v.numbers FROM vector v CROSS JOIN sample s CROSS "
        "JOIN person p WHERE s.number = v.sample AND p.number = s.person AND v.model = "
        "? AND s.removed = 0 AND p.removed = 0 AND s.changed <= ?",
        "ii", (int64_t)model + 1, b->next.seen);

    *same = true;
    while (!st && *same && kao_rows_next(rows)) {
        *same = is_in_store(b, rows);
        n++;
    }
    const kao_status end = kao_rows_end(rows, st ? NULL : err);

    *same = *same && n == b->next.n_live;
    return st ? st : end;
}

/* Between the look and the lock another program may have gone on: then it is not compared. */
static kao_status verify_file(kao_gallery *g, size_t model, kao_error *err)
{
    kao_store *b = &g->index.stores[model];
    kao_error none;
    kao_moment at;
    bool again = false, same = true;
    kao_status st = kao_db_begin_reading(g->db, err);

    if (st)
        return st;
    st = kao_index_bring(g, model, &at, &again, err);
    if (!st && !again && b->path && kao_store_begin(b, g->wait_ms, &none) == KAO_OK) {
        if (b->next.seen == at.seen)
            st = compare(g, model, &same, err);
        kao_store_end(b);
    }
    kao_db_rollback(g->db);
    if (!st && !same)
        kao_index_drop(g, model, false);
    return st;
}

kao_status kao_index_verify(kao_gallery *g, kao_error *err)
{
    kao_status st = KAO_OK;

    for (size_t m = 0; !st && !g->index.is_fixed && m < g->n_models; m++) {
        bool has = false;

        st = has_file(g, m, &has, err);
        if (!st && has)
            st = verify_file(g, m, err);
    }
    return st;
}
