/* The samples' vectors: one after the other, for who compares all of them with each other; or one. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "gallery/gallery.h"

typedef struct telling {
    const kao_gallery *g;
    size_t dim;
    float *vector; /* a copy: what the database hands out lies anywhere */
    kao_vector_visit *visit;
    void *user;
} telling;

/* A row: id, person, time, quality, source, vector, number, model. *more: the visitor wants the next one. */
static kao_status tell_row(const telling *t, const kao_rows *rows, bool *more,
                           kao_error *err)
{
    kao_sample s = { .size = sizeof s,
                     .person = kao_row_int(rows, 1),
                     .time = kao_row_int(rows, 2),
                     .quality = (float)kao_row_real(rows, 3),
                     .source = kao_row_text(rows, 4) };
    const char *id = kao_row_text(rows, 0);
    const kao_span v = kao_row_bytes(rows, 5);

    snprintf(s.id, sizeof s.id, "%s", id ? id : "");
    if (v.n != t->dim * sizeof *t->vector)
        return kao_fail(err, KAO_E_FORMAT, "%s: sample %s has a vector of %zu bytes",
                        t->g->path, s.id, v.n);
    memcpy(t->vector, v.p, v.n);
    if (s.quality < 0)
        s.quality = NAN;
    *more = t->visit(t->user, &s, t->vector) == 0;
    return KAO_OK;
}

kao_status kao_gallery_vectors(kao_gallery *g, size_t model, kao_vector_visit *visit,
                               void *user, kao_error *err)
{
    static const kao_hidden hidden[] = {
        { 4, KAO_AT_SOURCE, 6, KAO_NO_COLUMN, false },
        { 5, KAO_AT_NUMBERS, 6, 7, true },
    };
    kao_rows *rows = NULL;
    bool more = true;

    if (!g || !visit || model >= g->n_models)
        return kao_fail(err, KAO_E_ARG,
                        "gallery: no gallery or model, or nobody to tell");
    telling t = { .g = g, .dim = g->models[model].dim, .visit = visit, .user = user };

    t.vector = kao_calloc(&g->ctx->mem, t.dim, sizeof *t.vector);
    if (!t.vector)
        return kao_fail(err, KAO_E_NOMEM, "%s: out of memory", g->path);
    kao_status st = kao_models_check(g, err);

    if (!st)
        st = kao_db_ask_long(
            g->db, &rows, err,
            "SELECT s.id, s.person, s.time, coalesce(s.quality, -1), "
            "s.source, v.numbers, s.number, v.model "
            "FROM sample s JOIN person p ON p.number = s.person JOIN "
            "vector v ON v.sample "
            "= "
            "s.number JOIN model m ON m.number = v.model WHERE m.id = ? "
            "AND s.removed = 0 "
            "AND p.removed = 0 ORDER BY s.number",
            "t", g->models[model].id);
    if (!st)
        KAO_REVEAL(rows, hidden);
    while (!st && more && kao_rows_next(rows))
        st = tell_row(&t, rows, &more, err);
    const kao_status end = kao_rows_end(rows, st ? NULL : err);

    kao_free(&g->ctx->mem, t.vector);
    return st ? st : end;
}

kao_status kao_gallery_vector(kao_gallery *g, const char *id, size_t model,
                              float *vector, kao_error *err)
{
    kao_rows *rows = NULL;

    if (!g || !id || !vector || model >= g->n_models)
        return kao_fail(err, KAO_E_ARG, "gallery: no gallery, sample, model or place");
    kao_status st = kao_models_check(g, err);

    if (!st)
        st = kao_db_ask(
            g->db, &rows, err,
            "SELECT numbers, sample, model FROM vector JOIN sample ON sample = "
            "sample.number JOIN model ON model = model.number WHERE "
            "sample.id = ? AND removed = 0 AND model.id = ?",
            "tt", id, g->models[model].id);

    if (st)
        return st;
    static const kao_hidden hidden[] = { { 0, KAO_AT_NUMBERS, 1, 2, true } };

    KAO_REVEAL(rows, hidden);
    const bool there = kao_rows_next(rows);
    const kao_span bytes = there ? kao_row_bytes(rows, 0) : (kao_span){ 0 };

    if (there && bytes.n == g->models[model].dim * sizeof *vector)
        memcpy(vector, bytes.p, bytes.n);
    else if (there)
        st = kao_fail(err, KAO_E_FORMAT, "%s: a vector of another length", g->path);
    const kao_status end = kao_rows_end(rows, st ? NULL : err);

    if (st || end || there)
        return st ? st : end;
    return kao_fail(err, KAO_E_NOT_FOUND, "no sample %.40s", id);
}
