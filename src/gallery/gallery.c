/* Opening a gallery, its schema, and the models that it is pinned to. */
#include "gallery/gallery.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

/* Numbers are never given twice (AUTOINCREMENT): a forgotten person's does not come back as
 * somebody else's. `changed`: the number of the change that wrote the row last, by which other
 * processes know what is new to them; `removed`: the change that took it away, 0: none. `gone`
 * has the numbers of samples that were forgotten, and nothing else of them. A change's `token` is a
 * random number: by it an index knows the change that it stands for from another one of the same
 * number, in a gallery that was put back from a copy. */
static const char schema_1[] =
    "CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL);"
    "CREATE TABLE model(number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,"
    " name TEXT NOT NULL, dim INTEGER NOT NULL, tta INTEGER NOT NULL);"
    "CREATE TABLE person(number INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT,"
    " note TEXT, external TEXT, created INTEGER NOT NULL,"
    " removed INTEGER NOT NULL DEFAULT 0);"
    "CREATE INDEX person_name ON person(name);"
    "CREATE TABLE sample(number INTEGER PRIMARY KEY AUTOINCREMENT,"
    " id TEXT NOT NULL UNIQUE, person INTEGER NOT NULL REFERENCES person(number),"
    " source TEXT, time INTEGER NOT NULL, quality REAL,"
    " removed INTEGER NOT NULL DEFAULT 0, changed INTEGER NOT NULL);"
    "CREATE INDEX sample_person ON sample(person);"
    "CREATE INDEX sample_changed ON sample(changed);"
    "CREATE TABLE vector(sample INTEGER NOT NULL REFERENCES sample(number),"
    " model INTEGER NOT NULL REFERENCES model(number), numbers BLOB NOT NULL,"
    " PRIMARY KEY(sample, model)) WITHOUT ROWID;"
    "CREATE TABLE gone(sample INTEGER PRIMARY KEY, changed INTEGER NOT NULL);"
    "CREATE INDEX gone_changed ON gone(changed);"
    "CREATE TABLE change(number INTEGER PRIMARY KEY AUTOINCREMENT,"
    " time INTEGER NOT NULL, action TEXT NOT NULL, detail TEXT NOT NULL,"
    " undoes INTEGER NOT NULL DEFAULT 0, undone INTEGER NOT NULL DEFAULT 0,"
    " token INTEGER);"
    "CREATE TABLE edit(change INTEGER NOT NULL REFERENCES change(number),"
    " step INTEGER NOT NULL, field INTEGER NOT NULL, subject INTEGER NOT NULL,"
    " old TEXT, PRIMARY KEY(change, step)) WITHOUT ROWID;"
    "CREATE INDEX edit_subject ON edit(field, subject);"
    "INSERT INTO meta VALUES('schema', '1');";

/* What the second schema has beside that. `member`: the groups that a person is in, one a line.
 * A fact of kind 1 (kao_fact_kind) is about person and other, of kind 2 about sample and person. */
static const char schema_2[] =
    "ALTER TABLE person ADD COLUMN member TEXT;"
    "ALTER TABLE person ADD COLUMN ignored INTEGER NOT NULL DEFAULT 0;"
    "CREATE TABLE fact(number INTEGER PRIMARY KEY AUTOINCREMENT,"
    " kind INTEGER NOT NULL, person INTEGER NOT NULL REFERENCES person(number),"
    " other INTEGER REFERENCES person(number),"
    " sample INTEGER REFERENCES sample(number), time INTEGER NOT NULL,"
    " removed INTEGER NOT NULL DEFAULT 0);"
    "CREATE INDEX fact_person ON fact(person);"
    "CREATE INDEX fact_other ON fact(other);"
    "CREATE INDEX fact_sample ON fact(sample);"
    "CREATE TABLE chip(sample INTEGER PRIMARY KEY REFERENCES sample(number),"
    " form TEXT, bytes BLOB NOT NULL);"
    "UPDATE meta SET value = '2' WHERE key = 'schema';";

/* ---- opening ---- */

static kao_status make_schema(kao_gallery *g, const uint8_t *key, kao_error *err)
{
    bool there = false;
    kao_status st = kao_db_begin(g->db, err);

    if (st)
        return st;
    /* another process may have been first */
    st = kao_db_has(g->db, "meta", NULL, &there, err);
    if (!st && !there)
        st = kao_db_script(g->db, schema_1, err);
    if (!st && !there)
        st = kao_db_script(g->db, schema_2, err);
    if (!st && !there && key)
        st = kao_sealed_make(g, key, err);
    if (!st)
        return kao_db_commit(g->db, err);
    kao_db_rollback(g->db);
    return st;
}

static kao_status read_version(kao_gallery *g, kao_error *err)
{
    g->schema = 0;
    return kao_db_number(g->db, &g->schema, err,
                         "SELECT CAST(value AS BIGINT) FROM meta WHERE key = 'schema'",
                         "");
}

/* From the first schema to the second. */
static kao_status migrate(kao_gallery *g, kao_error *err)
{
    kao_status st = kao_db_begin(g->db, err);

    if (st)
        return st;
    st = read_version(g, err); /* another process may have been first */
    if (!st && g->schema == 1)
        st = kao_db_script(g->db, schema_2, err);
    if (!st)
        st = read_version(g, err);
    if (!st)
        return kao_db_commit(g->db, err);
    kao_db_rollback(g->db);
    return st;
}

static kao_status check_schema(kao_gallery *g, bool create, const void *key,
                               kao_error *err)
{
    static const char *const tables[] = { "meta",   "model",  "person",
                                          "sample", "vector", "change" };
    bool there = false;
    kao_status st = kao_db_has(g->db, NULL, NULL, &there, err);

    if (!st && !there && create)
        st = make_schema(g, key, err);
    for (size_t i = 0; !st && i < sizeof tables / sizeof tables[0]; i++) {
        st = kao_db_has(g->db, tables[i], NULL, &there, err);
        if (!st && !there)
            st = kao_fail(err, KAO_E_FORMAT, "%s: a database, but no gallery", g->path);
    }
    if (!st)
        st = read_version(g, err);
    if (!st && g->schema > KAO_GALLERY_SEALED)
        st = kao_fail(
            err, KAO_E_UNSUPPORTED,
            "%s: made by a later version of kao (form %lld, this one knows %d)",
            g->path, (long long)g->schema, KAO_GALLERY_SEALED);
    if (!st && g->schema < 1)
        st = kao_fail(err, KAO_E_FORMAT, "%s: states no form", g->path);
    if (!st && g->schema == 1 && !g->read_only)
        st = migrate(g, err);
    return st ? st : kao_sealed_find(g, key, err);
}

static kao_status look_for_tokens(kao_gallery *g, kao_error *err)
{
    return kao_db_has(g->db, "change", "token", &g->has_tokens, err);
}

/* Galleries that were made without tokens get them from now on. */
static kao_status find_tokens(kao_gallery *g, kao_error *err)
{
    kao_status st = look_for_tokens(g, err);

    if (st || g->has_tokens || g->read_only)
        return st;
    st = kao_db_begin(g->db, err);
    if (st)
        return st;
    st = look_for_tokens(g, err);
    if (!st && !g->has_tokens)
        st = kao_db_script(g->db, "ALTER TABLE change ADD COLUMN token INTEGER", err);
    if (!st)
        st = kao_db_commit(g->db, err);
    else
        kao_db_rollback(g->db);
    g->has_tokens = !st;
    return st;
}

kao_status kao_models_read(kao_gallery *g, kao_error *err)
{
    kao_rows *rows = NULL;
    /* first: of models that are replaced in between it says that they are others */
    kao_status st = kao_models_state(g, &g->models_of, err);

    if (!st)
        st = kao_db_ask(g->db, &rows, err,
                        "SELECT id, name, dim, tta FROM model ORDER BY number", "");
    g->n_models = 0;
    while (!st && kao_rows_next(rows)) {
        kao_gallery_model m = { .size = sizeof m };
        const char *id = kao_row_text(rows, 0), *name = kao_row_text(rows, 1);
        const int64_t dim = kao_row_int(rows, 2), tta = kao_row_int(rows, 3);

        if (g->n_models == KAO_GALLERY_MODELS || !id || strlen(id) >= sizeof m.id ||
            !name || dim < 1 || dim > 1 << 17 || tta < 0 || tta > KAO_TTA_SUM) {
            kao_rows_end(rows, NULL);
            return kao_fail(err, KAO_E_FORMAT, "%s: model %zu makes no sense", g->path,
                            g->n_models + 1);
        }
        snprintf(m.id, sizeof m.id, "%s", id);
        snprintf(m.name, sizeof m.name, "%s", name);
        m.dim = (uint32_t)dim;
        m.tta = (kao_tta)tta;
        g->models[g->n_models++] = m;
    }
    return st ? st : kao_rows_end(rows, err);
}

/* The first form of the options ended before it. */
static const void *key_of(const kao_gallery_options *o)
{
    return o->size && o->size < sizeof *o ? NULL : o->key;
}

kao_status kao_gallery_open(kao_context *ctx, kao_gallery **out, const char *path,
                            const kao_gallery_options *options, kao_error *err)
{
    const kao_gallery_options none = { .size = 0 }, *o = options ? options : &none;

    if (out)
        *out = NULL;
    if (!ctx || !out || !path || !path[0])
        return kao_fail(err, KAO_E_ARG, "gallery: no context, result or path");
    kao_gallery *g = kao_calloc(&ctx->mem, 1, sizeof *g);

    if (!g)
        return kao_fail(err, KAO_E_NOMEM, "gallery: out of memory");
    const kao_db_options how = { .create = o->create && !o->read_only,
                                 .read_only = o->read_only,
                                 .wait_ms = o->wait_ms ? o->wait_ms : 10000 };

    g->ctx = ctx;
    g->read_only = how.read_only;
    g->wait_ms = how.wait_ms;
    kao_index_init(&g->index, ctx);
    kao_status st = kao_db_open(&ctx->mem, &g->db, path, &how, err);

    if (!st) {
        g->path = kao_db_name(g->db);
        g->index.is_fixed = g->read_only && kao_db_is_file(g->db);
    }
    if (!st)
        st = check_schema(g, how.create, key_of(o), err);
    if (!st)
        st = find_tokens(g, err);
    if (!st)
        st = kao_models_read(g, err);
    if (!st)
        st = kao_encrypt_finish(g, err);
    if (st)
        kao_gallery_close(g);
    else
        *out = g;
    return st;
}

kao_status kao_gallery_ready(const char *path, kao_error *err)
{
    return path ? kao_db_ready(path, err)
                : kao_fail(err, KAO_E_ARG, "gallery: no path");
}

void kao_gallery_close(kao_gallery *g)
{
    if (!g)
        return;
    kao_mem *mem = &g->ctx->mem;

    kao_index_fini(&g->index);
    kao_db_close(g->db);
    kao_seal_wipe(&g->seal, sizeof g->seal);
    kao_free(mem, g);
}

/* ---- models ---- */

static bool find_model(const kao_gallery *g, const char *id, size_t *i)
{
    for (*i = 0; *i < g->n_models; ++*i)
        if (strcmp(g->models[*i].id, id) == 0)
            return true;
    return false;
}

static kao_status refuse_model(const kao_gallery *g, const char *name, kao_error *err)
{
    char have[160] = "";
    size_t n = 0;

    for (size_t i = 0; i < g->n_models && n < sizeof have; i++)
        n += (size_t)snprintf(have + n, sizeof have - n, "%s%s", i ? ", " : "",
                              g->models[i].name);
    return kao_fail(err, KAO_E_CONFLICT,
                    "%s: its samples are of %s, not of %.64s as it is now: take that "
                    "model or another gallery, or kao gallery reembed",
                    g->path, n ? have : "no model", name);
}

/* Whether model i is another version of m, and not one that this handle has, too: files of two
 * models may have the same name. */
static bool is_former(const kao_gallery *g, size_t i, const kao_gallery_model *m)
{
    const kao_gallery_model *is = &g->models[i];

    return !g->is_pinned[i] && strcmp(is->name, m->name) == 0 && is->tta == m->tta;
}

/* Where nothing was made with it. What others hold of it is of no use from then on, and they are
 * told so. */
static kao_status take_place(kao_gallery *g, size_t i, const kao_gallery_model *m,
                             kao_error *err)
{
    int64_t mark = 0;

    if (getrandom(&mark, sizeof mark, 0) != (ssize_t)sizeof mark)
        return kao_fail(err, KAO_E_IO, "%s: no random numbers", g->path);
    const kao_status st =
        kao_db_run(g->db, err, "UPDATE model SET id = ?, dim = ? WHERE id = ?", "tit",
                   m->id, (int64_t)m->dim, g->models[i].id);

    return st ? st : kao_models_put_state(g, mark, err);
}

/* Inside a transaction: another process may have pinned one meanwhile. */
static kao_status add_model(kao_gallery *g, const kao_gallery_model *m, kao_error *err)
{
    int64_t samples = 0;
    size_t i = 0;
    kao_status st = kao_models_read(g, err);

    if (st || find_model(g, m->id, &i))
        return st;
    i = 0;
    st = kao_db_number(g->db, &samples, err, "SELECT count(*) FROM sample", "");
    if (!st && samples > 0)
        st = refuse_model(g, m->name, err);
    else if (!st && g->read_only)
        st = kao_fail(err, KAO_E_NOT_FOUND,
                      "%s: nobody is in it, and it was not made for %.64s as it is now",
                      g->path, m->name);
    while (!st && i < g->n_models && !is_former(g, i, m))
        i++;
    if (!st && i == KAO_GALLERY_MODELS)
        st = refuse_model(g, m->name, err);
    else if (!st && i < g->n_models)
        st = take_place(g, i, m, err);
    else if (!st)
        st = kao_db_run(g->db, err,
                        "INSERT INTO model(number, id, name, dim, tta) VALUES(?, ?, ?, "
                        "?, ?)",
                        "ittii", (int64_t)g->n_models + 1, m->id, m->name,
                        (int64_t)m->dim, (int64_t)m->tta);
    return st ? st : kao_models_read(g, err);
}

kao_status kao_model_describe(kao_gallery_model *m, const kao_embedder *embedder,
                              kao_tta tta, kao_error *err)
{
    *m = (kao_gallery_model){ .size = sizeof *m, .tta = tta };
    const kao_status st = kao_embedder_id(embedder, tta, m->id, err);

    if (st)
        return st;
    const char *path = kao_model_name(kao_embedder_model(embedder)),
               *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;

    snprintf(m->name, sizeof m->name, "%s", name);
    m->dim = (uint32_t)kao_embedder_dim(embedder, tta);
    return KAO_OK;
}

/* m is one of the models from here on. */
static kao_status pin_new(kao_gallery *g, const kao_gallery_model *m, kao_error *err)
{
    kao_gallery_model old[KAO_GALLERY_MODELS];
    const int64_t models_of = g->models_of;
    const size_t n_old = g->n_models;

    memcpy(old, g->models, sizeof old);
    kao_status st = kao_gallery_begin(g, err);

    if (st)
        return st;
    st = add_model(g, m, err);
    if (!st)
        st = kao_db_commit(g->db, err);
    else
        kao_db_rollback(g->db);
    if (st) {
        kao_error own = { 0 };

        if (kao_models_read(g, &own)) /* what was added is not there */
            g->n_models = 0;
        return st;
    }
    return g->models_of == models_of ? KAO_OK : kao_index_remove(g, old, n_old, err);
}

kao_status kao_gallery_pin(kao_gallery *g, const kao_embedder *embedder, kao_tta tta,
                           size_t *model, kao_error *err)
{
    kao_gallery_model m;
    size_t i = 0;

    if (!g || !embedder || !model)
        return kao_fail(err, KAO_E_ARG, "gallery: no gallery, embedder or result");
    kao_status st = kao_model_describe(&m, embedder, tta, err);

    if (!st)
        st = kao_models_check(g, err);
    if (st)
        return st;
    if (!find_model(g, m.id, &i)) {
        st = pin_new(g, &m, err);
        if (!st && !find_model(g, m.id, &i))
            st = refuse_model(g, m.name, err);
    }
    if (st)
        return st;
    g->is_pinned[i] = true;
    *model = i;
    return KAO_OK;
}

int kao_gallery_model_at(const kao_gallery *g, size_t i, kao_gallery_model *model)
{
    if (!g || i >= g->n_models || !model)
        return 0;
    const uint32_t room = model->size;

    memcpy(model, &g->models[i], room < sizeof *model ? room : sizeof *model);
    model->size = room;
    return 1;
}

/* ---- the file ---- */

kao_status kao_gallery_stats_of(kao_gallery *g, kao_gallery_stats *to, kao_error *err)
{
    kao_rows *rows = NULL;
    int64_t bytes = 0;

    if (!g || !to || to->size < offsetof(kao_gallery_stats, encrypted))
        return kao_fail(err, KAO_E_ARG,
                        "gallery: no gallery, or no room for the result");
    kao_status st = kao_db_bytes(g->db, &bytes, err);

    if (!st)
        st = kao_db_ask(
            g->db, &rows, err,
            "SELECT (SELECT count(*) FROM person WHERE removed = 0),"
            " (SELECT count(*) FROM person WHERE removed = 0 AND name IS NOT NULL),"
            " (SELECT count(*) FROM sample s JOIN person p ON p.number = s.person"
            " WHERE s.removed = 0 AND p.removed = 0),"
            " (SELECT count(*) FROM change),"
            " (SELECT CAST(value AS BIGINT) FROM meta WHERE key = 'schema')",
            "");

    if (st)
        return st;
    if (kao_rows_next(rows)) {
        to->n_people = (uint64_t)kao_row_int(rows, 0);
        to->n_named = (uint64_t)kao_row_int(rows, 1);
        to->n_samples = (uint64_t)kao_row_int(rows, 2);
        to->n_changes = (uint64_t)kao_row_int(rows, 3);
        to->n_bytes = (uint64_t)bytes;
        to->schema = (uint32_t)kao_row_int(rows, 4);
        if (to->size >= sizeof *to)
            to->encrypted = g->is_sealed;
    }
    return kao_rows_end(rows, err);
}
