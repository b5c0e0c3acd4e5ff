/* Other models for a gallery: all vectors at once, in one transaction. Until then the former ones
 * serve. */
#include <math.h>
#include <string.h>

#include "gallery/gallery.h"

kao_status kao_models_check(kao_gallery *g, kao_error *err)
{
    int64_t now = 0;
    const kao_status st = kao_models_state(g, &now, err);

    return st || now == g->models_of
               ? st
               : kao_fail(err, KAO_E_CONFLICT,
                          "%s: its models or its key were replaced meanwhile: open it "
                          "again",
                          g->path);
}

kao_status kao_models_state(kao_gallery *g, int64_t *change, kao_error *err)
{
    *change = 0;
    return kao_db_number(g->db, change, err,
                         "SELECT CAST(value AS BIGINT) FROM meta WHERE key = 'models'",
                         "");
}

kao_status kao_models_put_state(kao_gallery *g, int64_t change, kao_error *err)
{
    return kao_db_run(g->db, err,
                      "INSERT INTO meta(key, value) VALUES('models', CAST(? AS TEXT)) "
                      "ON CONFLICT(key) DO UPDATE SET value = excluded.value",
                      "i", change);
}

/* ---- what there is to embed ---- */

kao_status kao_gallery_every_sample(kao_gallery *g, kao_sample_visit *visit, void *user,
                                    kao_error *err)
{
    kao_rows *rows = NULL;

    if (!g || !visit)
        return kao_fail(err, KAO_E_ARG, "gallery: no gallery, or nobody to tell");
    const kao_status st =
        kao_db_ask(g->db, &rows, err, KAO_SAMPLE "ORDER BY number", "");

    return st ? st : kao_samples_tell(rows, visit, user, err);
}

/* ---- replacing ---- */

typedef struct replacing {
    kao_edit e;
    kao_gallery_model models[KAO_GALLERY_MODELS];
    size_t n_models;
} replacing;

static kao_status describe(replacing *r, const kao_embedder *const *embedders,
                           const kao_tta *ttas, kao_error *err)
{
    for (size_t m = 0; m < r->n_models; m++) {
        const kao_status st =
            kao_model_describe(&r->models[m], embedders[m], ttas[m], err);

        if (st)
            return st;
        for (size_t k = 0; k < m; k++)
            if (strcmp(r->models[k].id, r->models[m].id) == 0)
                return kao_fail(err, KAO_E_ARG, "gallery: %s stands there twice",
                                r->models[m].name);
    }
    return KAO_OK;
}

static kao_status check_vectors(const replacing *r, const kao_reembedded *s,
                                kao_error *err)
{
    if (s->size < sizeof *s || !s->id || !s->vectors)
        return kao_fail(err, KAO_E_ARG,
                        "gallery: a sample without size, id or vectors");
    for (size_t m = 0; m < r->n_models; m++)
        for (uint32_t i = 0; i < r->models[m].dim; i++)
            if (!s->vectors[m] || !isfinite((double)s->vectors[m][i]))
                return kao_fail(err, KAO_E_ARG,
                                "gallery: a vector of %s that is missing or not finite",
                                r->models[m].name);
    return KAO_OK;
}

static kao_status put_models(const replacing *r, kao_error *err)
{
    kao_db *db = r->e.g->db;
    kao_status st = kao_db_run(db, err, "DELETE FROM vector", "");

    if (!st)
        st = kao_db_run(db, err, "DELETE FROM model", "");
    for (size_t m = 0; !st && m < r->n_models; m++)
        st = kao_db_run(
            db, err,
            "INSERT INTO model(number, id, name, dim, tta) VALUES(?, ?, ?, ?, ?)",
            "ittii", (int64_t)m + 1, r->models[m].id, r->models[m].name,
            (int64_t)r->models[m].dim, (int64_t)r->models[m].tta);
    return st ? st : kao_models_put_state(r->e.g, r->e.number, err);
}

/* A sample that was forgotten meanwhile is left out. */
static kao_status put_vectors(const replacing *r, const kao_reembedded *s,
                              kao_error *err)
{
    kao_db *db = r->e.g->db;
    int64_t number = 0;
    kao_status st = check_vectors(r, s, err);

    if (!st)
        st = kao_db_number(db, &number, err, "SELECT number FROM sample WHERE id = ?",
                           "t", s->id);
    for (size_t m = 0; !st && number && m < r->n_models; m++)
        st = kao_db_run(
            db, err, "INSERT INTO vector(sample, model, numbers) VALUES(?, ?, ?)",
            "iiH", number, (int64_t)m + 1, KAO_AT_NUMBERS, number, (int64_t)m + 1,
            s->vectors[m], r->models[m].dim * sizeof(float));
    return st;
}

#define LACKING                                                                        \
 "(SELECT number FROM sample WHERE number NOT IN (SELECT sample FROM vector))"

#define TOUCHED                                                                        \
 "(SELECT change FROM edit WHERE (field IN (4, 5) AND subject IN " LACKING             \
 ") OR (field IN (8, 9, 10) AND subject IN (SELECT number FROM fact WHERE sample "     \
 "IN " LACKING ")))"

/* Samples without vectors go, with what was said of them; a change that touched one of them
 * cannot be undone any more, and says no more whose it was: nobody could find that later. */
static kao_status drop_lacking(const replacing *r, kao_error *err)
{
    static const char *const statements[] = {
        "UPDATE change SET detail = '' WHERE number IN " TOUCHED,
        "DELETE FROM edit WHERE change IN " TOUCHED,
        "DELETE FROM fact WHERE sample IN " LACKING,
        "DELETE FROM chip WHERE sample IN " LACKING,
    };
    kao_db *db = r->e.g->db;
    kao_status st =
        kao_db_run(db, err,
                   "INSERT INTO gone(sample, changed) SELECT number, ? FROM " LACKING
                   " AS lacking",
                   "i", r->e.number);

    for (size_t i = 0; !st && i < sizeof statements / sizeof statements[0]; i++)
        st = kao_db_run(db, err, statements[i], "");
    if (!st)
        st = kao_db_run(db, err, "DELETE FROM sample WHERE number IN " LACKING, "");
    return st;
}

static kao_status replace(replacing *r, const kao_reembedded *samples, size_t n,
                          bool drop, int64_t *lacking, kao_error *err)
{
    kao_gallery *g = r->e.g;
    kao_status st = kao_models_check(g, err);

    if (!st)
        st = put_models(r, err);
    for (size_t i = 0; !st && i < n; i++)
        st = put_vectors(r,
                         (const kao_reembedded *)(const void *)((const char *)samples +
                                                                i * samples->size),
                         err);
    if (!st)
        st = kao_db_number(g->db, lacking, err,
                           "SELECT count(*) FROM " LACKING " AS lacking", "");
    if (!st && *lacking && !drop)
        st =
            kao_fail(err, KAO_E_CONFLICT,
                     "%s: %lld sample%s without vectors of the new models: it stays as "
                     "it is",
                     g->path, (long long)*lacking, *lacking == 1 ? "" : "s");
    return st || *lacking == 0 ? st : drop_lacking(r, err);
}

kao_status kao_gallery_replace_models(kao_gallery *g,
                                      const kao_embedder *const *embedders,
                                      const kao_tta *ttas, size_t n_models,
                                      const kao_reembedded *samples, size_t n,
                                      uint32_t drop_missing, kao_error *err)
{
    replacing r = { .n_models = n_models };
    kao_gallery_model old[KAO_GALLERY_MODELS];
    int64_t lacking = 0;

    if (!g || !embedders || !ttas || n_models == 0 || n_models > KAO_GALLERY_MODELS ||
        (n && (!samples || samples->size < sizeof *samples)))
        return kao_fail(err, KAO_E_ARG, "gallery: no gallery, models or samples");
    const size_t n_old = g->n_models;

    memcpy(old, g->models, sizeof old);
    kao_status st = describe(&r, embedders, ttas, err);

    if (!st)
        st = kao_gallery_has_facts(g, err);
    if (!st)
        st = kao_edit_begin(g, &r.e, "reembed", err);
    if (st)
        return st;
    st = replace(&r, samples, n, drop_missing != 0, &lacking, err);
    st = kao_edit_end(&r.e, st, err, "for %s%s, %lld sample%s dropped",
                      r.models[0].name, n_models > 1 ? " and others" : "",
                      (long long)lacking, lacking == 1 ? "" : "s");
    if (st)
        return st;
    st = kao_models_read(g, err);
    if (!st)
        st = kao_db_settle(g->db,
                           err); /* no copy of the former vectors stays beside it */
    if (!st)
        st = kao_index_remove(g, old, n_old, err);
    return st ? kao_error_prefix(err, st,
                                 "replaced, but what was before is not all gone")
              : KAO_OK;
}
