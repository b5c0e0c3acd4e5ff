/* What is done with a whole gallery: the check, and writing it anew. */
#include <math.h>
#include <string.h>

#include "gallery/hidden_columns.h"

static kao_status check_vectors(kao_gallery *g, kao_error *err)
{
    kao_rows *rows = NULL;
    kao_status st = kao_db_ask_long(g->db, &rows, err,
                                    "SELECT sample, model, numbers FROM vector", "");
    static const kao_hidden hidden[] = { { 2, KAO_AT_NUMBERS, 0, 1, true } };

    if (!st)
        KAO_REVEAL(rows, hidden);
    while (!st && kao_rows_next(rows)) {
        const int64_t model = kao_row_int(rows, 1) - 1;
        const kao_span v = kao_row_bytes(rows, 2);
        bool fine = model >= 0 && model < (int64_t)g->n_models &&
                    v.n == g->models[model].dim * sizeof(float);

        for (size_t i = 0; fine && i < v.n / sizeof(float); i++) {
            float x = 0;

            memcpy(&x, v.p + i * sizeof x, sizeof x);
            fine = isfinite((double)x);
        }
        if (!fine)
            st =
                kao_fail(err, KAO_E_FORMAT, "%s: sample %lld has a vector that is none",
                         g->path, (long long)kao_row_int(rows, 0));
    }
    const kao_status end = kao_rows_end(rows, st ? NULL : err);

    return st ? st : end;
}

kao_status kao_gallery_verify(kao_gallery *g, kao_error *err)
{
    int64_t lost = 0, lacking = 0, idle = 0;

    if (!g)
        return kao_fail(err, KAO_E_ARG, "gallery: no gallery");
    kao_status st = kao_db_check(g->db, err);

    if (!st)
        st = kao_db_number(g->db, &lost, err,
                           "SELECT count(*) FROM sample WHERE person NOT IN (SELECT "
                           "number FROM person)",
                           "");
    if (!st)
        st = kao_db_number(g->db, &lacking, err,
                           "SELECT count(*) FROM sample s, model m WHERE NOT EXISTS "
                           "(SELECT 1 FROM vector v WHERE v.sample = s.number AND "
                           "v.model = m.number)",
                           "");
    if (!st && g->schema >= 2)
        st = kao_db_number(
            g->db, &idle, err,
            "SELECT count(*) FROM fact WHERE person NOT IN (SELECT number "
            "FROM person) OR other NOT IN (SELECT number FROM person) OR "
            "sample NOT IN (SELECT number FROM sample)",
            "");
    if (!st && (lost || lacking || idle))
        st =
            kao_fail(err, KAO_E_FORMAT,
                     "%s: %lld samples of nobody, %lld vectors are missing, %lld facts "
                     "about nobody",
                     g->path, (long long)lost, (long long)lacking, (long long)idle);
    if (!st)
        st = kao_hidden_verify(g, err);
    if (!st)
        st = check_vectors(g, err);
    return st ? st : kao_index_verify(g, err);
}

kao_status kao_gallery_compact(kao_gallery *g, uint64_t *before, uint64_t *after,
                               kao_error *err)
{
    int64_t was = 0, is = 0;

    if (!g)
        return kao_fail(err, KAO_E_ARG, "gallery: no gallery");
    if (g->read_only)
        return kao_fail(err, KAO_E_ARG, "%s: is open for reading alone", g->path);
    kao_status st = kao_db_bytes(g->db, &was, err);

    if (!st)
        st = kao_db_compact(g->db, err);
    if (!st)
        st = kao_db_bytes(g->db, &is, err);
    if (st)
        return st;
    if (before)
        *before = (uint64_t)was;
    if (after)
        *after = (uint64_t)is;
    return KAO_OK;
}
