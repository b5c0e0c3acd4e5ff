/* Samples: a face each, with its vectors. */
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/random.h>

#include "gallery/gallery.h"

/* A random UUID (RFC 9562, version 4). */
static kao_status make_uuid(char to[KAO_UUID_BYTES], kao_error *err)
{
    uint8_t b[16];
    size_t n = 0;

    if (getrandom(b, sizeof b, 0) != (ssize_t)sizeof b)
        return kao_fail(err, KAO_E_IO, "gallery: no random numbers");
    b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
    b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
    for (size_t i = 0; i < sizeof b; i++)
        n += (size_t)snprintf(to + n, KAO_UUID_BYTES - n, "%s%02x",
                              i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", b[i]);
    return KAO_OK;
}

/* The first form of kao_new_sample ended before the chip. */
#define FIRST_FORM offsetof(kao_new_sample, chip)

static kao_new_sample *new_at(kao_new_sample *samples, size_t i)
{
    return (kao_new_sample *)(void *)((char *)samples + i * samples->size);
}

static bool has_chip(const kao_new_sample *s)
{
    return s->size >= sizeof *s && s->chip;
}

static kao_status check_chip(const kao_new_sample *s, kao_error *err)
{
    if (!has_chip(s))
        return KAO_OK;
    if (s->chip_bytes == 0 || s->chip_bytes > KAO_CHIP_MAX_BYTES)
        return kao_fail(err, KAO_E_LIMIT, "gallery: a chip of %zu bytes: 1 to %d",
                        s->chip_bytes, KAO_CHIP_MAX_BYTES);
    return s->chip_form ? kao_name_check("chip's form", s->chip_form, err) : KAO_OK;
}

static kao_status check_new(const kao_gallery *g, const kao_new_sample *s,
                            kao_error *err)
{
    if (s->size < FIRST_FORM || !s->vectors || (s->quality < 0 || s->quality > 1))
        return kao_fail(
            err, KAO_E_ARG,
            "gallery: a sample without size or vectors, or of a quality that "
            "is not 0 to 1");
    for (size_t m = 0; m < g->n_models; m++)
        for (uint32_t i = 0; i < g->models[m].dim; i++)
            if (!s->vectors[m] || !isfinite((double)s->vectors[m][i]))
                return kao_fail(err, KAO_E_ARG,
                                "gallery: a vector of %s that is missing or not finite",
                                g->models[m].name);
    const kao_status st =
        s->source && s->source[0] ? kao_name_check("source", s->source, err) : KAO_OK;

    return st ? st : check_chip(s, err);
}

static kao_status insert(kao_edit *e, int64_t person, kao_new_sample *s, kao_error *err)
{
    kao_gallery *g = e->g;
    const int64_t time = s->time ? s->time : e->time;
    int64_t number = 0;
    kao_status st = make_uuid(s->id, err);

    if (!st && isnan(s->quality))
        st = kao_db_number(g->db, &number, err,
                           "INSERT INTO sample(id, person, time, changed) "
                           "VALUES(?, ?, ?, ?) RETURNING number",
                           "tiii", s->id, person, time, e->number);
    else if (!st)
        st = kao_db_number(g->db, &number, err,
                           "INSERT INTO sample(id, person, time, changed, quality) "
                           "VALUES(?, ?, ?, ?, ?) RETURNING number",
                           "tiiid", s->id, person, time, e->number, (double)s->quality);
    if (!st && s->source)
        st = kao_db_run(g->db, err, "UPDATE sample SET source = ? WHERE number = ?",
                        "hi", KAO_AT_SOURCE, number, (int64_t)0, s->source, number);
    /* models stand in the order of their numbers */
    for (size_t m = 0; !st && m < g->n_models; m++)
        st = kao_db_run(g->db, err,
                        "INSERT INTO vector(sample, model, numbers) SELECT ?, number, "
                        "? FROM model WHERE id = ? AND number = ?",
                        "iHti", number, KAO_AT_NUMBERS, number, (int64_t)m + 1,
                        s->vectors[m], g->models[m].dim * sizeof(float),
                        g->models[m].id, (int64_t)m + 1);
    if (!st && has_chip(s))
        st = kao_db_run(g->db, err,
                        "INSERT INTO chip(sample, form, bytes) VALUES(?, ?, ?)", "ihH",
                        number, KAO_AT_CHIP_FORM, number, (int64_t)0, s->chip_form,
                        KAO_AT_CHIP, number, (int64_t)0, s->chip, s->chip_bytes);
    return st ? st : kao_edit_made(e, KAO_SAMPLE_REMOVED, number, err);
}

/* A sample has a vector of each model: also of one that another program has added since. */
static kao_status check_models(kao_gallery *g, kao_error *err)
{
    int64_t n = 0;
    kao_status st = kao_models_check(g, err);

    if (!st)
        st = kao_db_number(g->db, &n, err, "SELECT count(*) FROM model", "");
    return st || (uint64_t)n == g->n_models
               ? st
               : kao_fail(err, KAO_E_CONFLICT,
                          "%s: has another model meanwhile: open it again", g->path);
}

kao_status kao_gallery_enrol(kao_gallery *g, int64_t *person, const char *name,
                             kao_new_sample *samples, size_t n, kao_error *err)
{
    char title[KAO_TITLE_BYTES] = "";
    kao_edit e;
    kao_status st = KAO_OK;

    if (!g || !person || *person < 0 || !samples || n == 0 || g->n_models == 0 ||
        samples->size < FIRST_FORM)
        return kao_fail(err, KAO_E_ARG,
                        "gallery: no gallery, person or samples, or no model pinned");
    for (size_t i = 0; !st && i < n; i++)
        st = check_new(g, new_at(samples, i), err);
    if (!st && name && *person == 0)
        st = kao_name_check("name", name, err);
    if (!st)
        st = kao_edit_begin(g, &e, "enrol", err);
    if (st)
        return st;
    int64_t number = *person;

    st = check_models(g, err);
    if (!st)
        st = number ? kao_person_check(g, number, err)
                    : kao_person_insert(&e, name, &number, err);
    for (size_t i = 0; !st && i < n; i++)
        st = insert(&e, number, new_at(samples, i), err);
    if (!st)
        st = kao_person_title(g, number, title, err);
    st = kao_edit_end(&e, st, err, "%s, %zu sample%s", title, n, n == 1 ? "" : "s");
    if (!st)
        *person = number;
    return st;
}

kao_status kao_samples_tell(kao_rows *rows, kao_sample_visit *visit, void *user,
                            kao_error *err)
{
    static const kao_hidden hidden[] = { { 4, KAO_AT_SOURCE, 5, KAO_NO_COLUMN,
                                           false } };

    KAO_REVEAL(rows, hidden);
    while (kao_rows_next(rows)) {
        kao_sample s = { .size = sizeof s,
                         .person = kao_row_int(rows, 1),
                         .time = kao_row_int(rows, 2),
                         .quality = (float)kao_row_real(rows, 3),
                         .source = kao_row_text(rows, 4) };
        const char *id = kao_row_text(rows, 0);

        if (s.quality < 0)
            s.quality = NAN;
        snprintf(s.id, sizeof s.id, "%s", id ? id : "");
        if (visit(user, &s))
            break;
    }
    return kao_rows_end(rows, err);
}

kao_status kao_gallery_samples(kao_gallery *g, int64_t person, kao_sample_visit *visit,
                               void *user, kao_error *err)
{
    kao_rows *rows = NULL;

    if (!g || !visit)
        return kao_fail(err, KAO_E_ARG, "gallery: no gallery, or nobody to tell");
    kao_status st = kao_person_check(g, person, err);

    if (!st)
        st = kao_db_ask(g->db, &rows, err,
                        KAO_SAMPLE "WHERE person = ? AND removed = 0 ORDER BY number",
                        "i", person);
    return st ? st : kao_samples_tell(rows, visit, user, err);
}

kao_status kao_gallery_sample(kao_gallery *g, const char *id, kao_sample_visit *visit,
                              void *user, kao_error *err)
{
    kao_rows *rows = NULL;
    int64_t number = 0, person = 0;

    if (!g || !id || !visit)
        return kao_fail(err, KAO_E_ARG,
                        "gallery: no gallery or sample, or nobody to tell");
    kao_status st = kao_sample_find(g, id, &number, &person, err);

    if (!st)
        st = kao_db_ask(g->db, &rows, err, KAO_SAMPLE "WHERE number = ?", "i", number);
    return st ? st : kao_samples_tell(rows, visit, user, err);
}

kao_status kao_sample_find(kao_gallery *g, const char *id, int64_t *number,
                           int64_t *person, kao_error *err)
{
    kao_status st =
        kao_db_number(g->db, number, err,
                      "SELECT s.number FROM sample s JOIN person p ON "
                      "p.number = s.person WHERE s.id = ? AND s.removed = 0 "
                      "AND p.removed = 0",
                      "t", id);

    if (!st && *number == 0)
        st = kao_fail(err, KAO_E_NOT_FOUND, "%s: no sample %.40s", g->path, id);
    if (!st)
        st = kao_db_number(g->db, person, err,
                           "SELECT person FROM sample WHERE number = ?", "i", *number);
    return st;
}

kao_status kao_gallery_chip(kao_gallery *g, const char *id, kao_chip_visit *visit,
                            void *user, kao_error *err)
{
    int64_t number = 0;
    kao_rows *rows = NULL;

    if (!g || !id || !visit)
        return kao_fail(err, KAO_E_ARG,
                        "gallery: no gallery or sample, or nobody to tell");
    kao_status st = kao_db_number(g->db, &number, err,
                                  "SELECT number FROM sample WHERE id = ?", "t", id);

    if (!st && number == 0)
        st = kao_fail(err, KAO_E_NOT_FOUND, "%s: no sample %.40s", g->path, id);
    if (st || g->schema < 2)
        return st;
    st = kao_models_check(g, err);
    if (!st)
        st = kao_db_ask(g->db, &rows, err,
                        "SELECT bytes, form, sample FROM chip WHERE sample = ?", "i",
                        number);
    if (st)
        return st;
    static const kao_hidden hidden[] = {
        { 0, KAO_AT_CHIP, 2, KAO_NO_COLUMN, true },
        { 1, KAO_AT_CHIP_FORM, 2, KAO_NO_COLUMN, false },
    };

    KAO_REVEAL(rows, hidden);
    if (kao_rows_next(rows)) {
        const kao_span bytes = kao_row_bytes(rows, 0);

        visit(user, bytes.p, bytes.n, kao_row_text(rows, 1));
    }
    return kao_rows_end(rows, err);
}

kao_status kao_gallery_move_sample(kao_gallery *g, const char *id, int64_t *person,
                                   kao_error *err)
{
    int64_t number = 0, from = 0;
    char a[KAO_TITLE_BYTES] = "", b[KAO_TITLE_BYTES] = "";
    kao_edit e;

    if (!g || !id || !person)
        return kao_fail(err, KAO_E_ARG, "gallery: no gallery, sample or person");
    kao_status st = kao_edit_begin(g, &e, *person ? "move" : "split", err);

    if (st)
        return st;
    int64_t to = *person;

    st = kao_sample_find(g, id, &number, &from, err);
    if (!st)
        st = to ? kao_person_check(g, to, err) : kao_person_insert(&e, NULL, &to, err);
    if (!st)
        st = kao_fact_allows_sample(g, number, to, err);
    if (!st)
        st = kao_edit_number(&e, KAO_SAMPLE_PERSON, number, to, err);
    if (!st)
        st = kao_person_title(g, from, a, err);
    if (!st)
        st = kao_person_title(g, to, b, err);
    st = kao_edit_end(&e, st, err, "a sample of %s to %s", a, b);
    if (!st)
        *person = to;
    return st;
}

kao_status kao_gallery_remove_sample(kao_gallery *g, const char *id, kao_error *err)
{
    int64_t number = 0, person = 0;
    char title[KAO_TITLE_BYTES] = "";
    kao_edit e;

    if (!g || !id)
        return kao_fail(err, KAO_E_ARG, "gallery: no gallery or sample");
    kao_status st = kao_edit_begin(g, &e, "remove-sample", err);

    if (st)
        return st;
    st = kao_sample_find(g, id, &number, &person, err);
    if (!st)
        st = kao_edit_number(&e, KAO_SAMPLE_REMOVED, number, e.number, err);
    if (!st)
        st = kao_person_title(g, person, title, err);
    return kao_edit_end(&e, st, err, "a sample of %s", title);
}
