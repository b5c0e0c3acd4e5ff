/* Whom a search may give: of a group, where one is asked for; and nobody to whom a face is less
 * alike than to a sample of which somebody said that it is another's. And how many samples there are
 * to be compared. */
#include <stdlib.h>
#include <string.h>

#include "base/alike.h"
#include "gallery/gallery.h"

void kao_wanted_free(kao_mem *mem, kao_wanted *w)
{
    kao_free(mem, w->people);
    kao_free(mem, w->denied);
    kao_free(mem, w->vectors);
    *w = (kao_wanted){ .by_group = false };
}

static kao_status read_group(kao_gallery *g, const char *group, kao_wanted *w,
                             kao_error *err)
{
    w->by_group = true;
    return kao_group_read(g, group, &w->people, &w->n_people, err);
}

/* What a fact says holds while the sample is there. */
#define DENIALS                                                                        \
 " FROM fact f JOIN sample s ON s.number = f.sample AND s.removed = 0 JOIN person p "  \
 "ON p.number = s.person AND p.removed = 0 JOIN vector v ON v.sample = s.number JOIN " \
 "model m ON m.number = v.model WHERE f.kind = 2 AND f.removed = 0 AND m.id = ?"

static kao_status read_denials(kao_gallery *g, size_t model, kao_wanted *w,
                               kao_error *err)
{
    static const kao_hidden hidden[] = { { 1, KAO_AT_NUMBERS, 2, 3, true } };
    kao_mem *mem = &g->ctx->mem;
    kao_rows *rows = NULL;
    int64_t n = 0;
    kao_status st = kao_db_number(g->db, &n, err, "SELECT count(*)" DENIALS, "t",
                                  g->models[model].id);

    if (st || n == 0)
        return st;
    w->denied = kao_calloc(mem, (size_t)n, sizeof *w->denied);
    w->vectors = kao_calloc(mem, (size_t)n, w->dim * sizeof *w->vectors);
    if (!w->denied || !w->vectors)
        return kao_fail(err, KAO_E_NOMEM, "%s: out of memory", g->path);
    st = kao_db_ask(g->db, &rows, err,
                    "SELECT f.person, v.numbers, v.sample, v.model" DENIALS
                    " ORDER BY f.person",
                    "t", g->models[model].id);
    if (!st)
        KAO_REVEAL(rows, hidden);
    while (!st && w->n_denials < (size_t)n && kao_rows_next(rows)) {
        const kao_span v = kao_row_bytes(rows, 1);
        const size_t i = w->n_denials++;

        w->denied[i] = kao_row_int(rows, 0);
        w->n_denied += i == 0 || w->denied[i - 1] != w->denied[i];
        if (v.n == w->dim * sizeof *w->vectors)
            memcpy(w->vectors + i * w->dim, v.p, v.n);
        else
            st = kao_fail(err, KAO_E_FORMAT, "%s: a vector of another length", g->path);
    }
    const kao_status end = kao_rows_end(rows, st ? NULL : err);

    return st ? st : end;
}

kao_status kao_wanted_read(kao_gallery *g, size_t model, const char *group,
                           kao_wanted *w, kao_error *err)
{
    *w = (kao_wanted){ .dim = g->models[model].dim };
    kao_status st = group ? read_group(g, group, w, err) : KAO_OK;

    if (!st && g->schema >= 2)
        st = read_denials(g, model, w, err);
    return st;
}

bool kao_wanted_has(const kao_wanted *w, int64_t person)
{
    size_t low = 0, high = w->n_people;

    if (!w->by_group)
        return true;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;

        if (w->people[middle] < person)
            low = middle + 1;
        else
            high = middle;
    }
    return low < w->n_people && w->people[low] == person;
}

bool kao_wanted_denies(const kao_wanted *w, const float *vector, int64_t person,
                       float similarity)
{
    for (size_t i = 0; i < w->n_denials; i++)
        if (w->denied[i] == person &&
            kao_similarity(vector, w->vectors + i * w->dim, w->dim) > similarity)
            return true;
    return false;
}

/* ---- how many they have ---- */

/* Counted anew after a change only: a count walks through all samples. */
static kao_status count(kao_gallery *g, kao_error *err)
{
    int64_t samples = 0;
    kao_moment now;
    kao_status st = kao_index_moment(g, &now, err);

    if (st || (g->has_tokens && now.seen && now.seen == g->counted_at.seen &&
               now.token == g->counted_at.token))
        return st;
    st = kao_db_number(g->db, &samples, err,
                       "SELECT count(*) FROM sample s JOIN person p ON p.number = "
                       "s.person WHERE s.removed = 0 AND p.removed = 0",
                       "");
    if (!st) {
        g->counted_at = now;
        g->counted = (uint64_t)samples;
    }
    return st;
}

kao_status kao_gallery_templates(kao_gallery *g, uint64_t *n, kao_error *err)
{
    if (!g || !n)
        return kao_fail(err, KAO_E_ARG, "gallery: no gallery or result");
    kao_status st = kao_db_begin_reading(g->db, err);

    if (st)
        return st;
    st = count(g, err);
    if (st)
        kao_db_rollback(g->db);
    else
        st = kao_db_commit(g->db, err);
    *n = st ? 0 : g->counted;
    return st;
}

/* Samples of the people, ascending, who are wanted. */
static kao_status count_of(kao_gallery *g, const kao_wanted *w, uint64_t *n,
                           kao_error *err)
{
    kao_rows *rows = NULL;
    const kao_status st = kao_db_ask_long(
        g->db, &rows, err,
        "SELECT s.person, count(*) FROM sample s WHERE s.removed = 0 GROUP BY s.person",
        "");

    if (st)
        return st;
    while (kao_rows_next(rows))
        if (kao_wanted_has(w, kao_row_int(rows, 0)))
            *n += (uint64_t)kao_row_int(rows, 1);
    return kao_rows_end(rows, err);
}

kao_status kao_gallery_templates_in(kao_gallery *g, const char *group, uint64_t *n,
                                    kao_error *err)
{
    kao_wanted w = { .by_group = true };

    if (!group)
        return kao_gallery_templates(g, n, err);
    if (!g || !n)
        return kao_fail(err, KAO_E_ARG, "gallery: no gallery or result");
    *n = 0;
    kao_status st = read_group(g, group, &w, err);

    if (!st)
        st = count_of(g, &w, n, err);
    kao_wanted_free(&g->ctx->mem, &w);
    *n = st ? 0 : *n;
    return st;
}
