/* See index.h. Samples stand in no order; the last one takes the place of one that goes. */
#include "gallery/index.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/alike.h"
#include "gallery/gallery.h"

void kao_index_init(kao_index *x, kao_context *ctx)
{
    *x = (kao_index){ .ctx = ctx, .seen = -1 };
}

static void clear(kao_index *x)
{
    kao_mem *mem = &x->ctx->mem;

    for (size_t m = 0; m < KAO_GALLERY_MODELS; m++)
        kao_free(mem, x->vectors[m]);
    kao_free(mem, x->sample);
    kao_free(mem, x->person);
    kao_free(mem, x->slots);
    kao_index_init(x, x->ctx);
}

void kao_index_fini(kao_index *x)
{
    clear(x);
}

/* ---- places ---- */

static size_t hash_of(const kao_index *x, int64_t sample)
{
    return (size_t)((uint64_t)sample * UINT64_C(0x9E3779B97F4A7C15) >> 20) &
           (x->n_slots - 1);
}

/* Where the sample's entry is, or the free one where it would be. */
static size_t slot_of(const kao_index *x, int64_t sample)
{
    size_t i = hash_of(x, sample);

    while (x->slots[i] && x->sample[x->slots[i] - 1] != sample)
        i = (i + 1) & (x->n_slots - 1);
    return i;
}

static bool widen(kao_mem *mem, void **p, size_t n, size_t cap, size_t bytes)
{
    void *bigger = kao_grow(mem, *p, n * bytes, cap * bytes);

    if (bigger)
        *p = bigger;
    return bigger != NULL;
}

/* Room for one more; a place fits 32 bits. */
static bool make_room(kao_gallery *g)
{
    kao_index *x = &g->index;
    kao_mem *mem = &x->ctx->mem;
    const size_t cap = x->cap ? 2 * x->cap : 64;

    if (x->n < x->cap)
        return true;
    if (cap > UINT32_MAX / 4)
        return false;
    uint32_t *slots = kao_calloc(mem, 2 * cap, sizeof *slots);
    bool fine = slots &&
                widen(mem, (void **)&x->sample, x->n, cap, sizeof *x->sample) &&
                widen(mem, (void **)&x->person, x->n, cap, sizeof *x->person);

    for (size_t m = 0; fine && m < g->n_models; m++)
        fine = widen(mem, (void **)&x->vectors[m], x->n, cap,
                     g->models[m].dim * sizeof(float));
    if (!fine) {
        kao_free(mem, slots);
        return false;
    }
    kao_free(mem, x->slots);
    x->slots = slots;
    x->n_slots = 2 * cap;
    x->cap = cap;
    for (size_t i = 0; i < x->n; i++)
        x->slots[slot_of(x, x->sample[i])] = (uint32_t)i + 1;
    return true;
}

/* Entries behind a free one that would now not be found move up. */
static void free_slot(kao_index *x, size_t i)
{
    const size_t mask = x->n_slots - 1;

    for (size_t k = (i + 1) & mask; x->slots[k]; k = (k + 1) & mask) {
        const size_t home = hash_of(x, x->sample[x->slots[k] - 1]);

        if (((k - home) & mask) >= ((k - i) & mask)) {
            x->slots[i] = x->slots[k];
            i = k;
        }
    }
    x->slots[i] = 0;
}

static void remove_sample(kao_gallery *g, int64_t sample)
{
    kao_index *x = &g->index;
    const size_t slot = x->n ? slot_of(x, sample) : 0;

    if (x->n == 0 || !x->slots[slot])
        return;
    const size_t at = x->slots[slot] - 1, last = x->n - 1;

    free_slot(x, slot);
    if (at != last) {
        x->slots[slot_of(x, x->sample[last])] = (uint32_t)at + 1;
        x->sample[at] = x->sample[last];
        x->person[at] = x->person[last];
        for (size_t m = 0; m < g->n_models; m++)
            memcpy(x->vectors[m] + at * g->models[m].dim,
                   x->vectors[m] + last * g->models[m].dim,
                   g->models[m].dim * sizeof(float));
    }
    x->n--;
}

/* The place of a sample, new or not; SIZE_MAX: no memory. */
static size_t place_of(kao_gallery *g, int64_t sample)
{
    kao_index *x = &g->index;

    if (!make_room(g))
        return SIZE_MAX;
    const size_t slot = slot_of(x, sample);

    if (x->slots[slot])
        return x->slots[slot] - 1;
    x->slots[slot] = (uint32_t)x->n + 1;
    x->sample[x->n] = sample;
    for (size_t m = 0; m < g->n_models; m++)
        memset(x->vectors[m] + x->n * g->models[m].dim, 0,
               g->models[m].dim * sizeof(float));
    return x->n++;
}

/* ---- in step with the file ---- */

static kao_status drop_gone(kao_gallery *g, kao_error *err)
{
    kao_rows *rows = NULL;
    const kao_status st =
        kao_db_ask(g->db, &rows, err, "SELECT sample FROM gone WHERE changed > ?", "i",
                   g->index.seen);

    if (st)
        return st;
    while (kao_rows_next(rows))
        remove_sample(g, kao_row_int(rows, 0));
    return kao_rows_end(rows, err);
}

/* A row: sample, person, hidden, number of the model from 1 on, vector. */
static kao_status take_row(kao_gallery *g, const kao_rows *rows, kao_error *err)
{
    const int64_t sample = kao_row_int(rows, 0), model = kao_row_int(rows, 3) - 1;
    const kao_span v = kao_row_bytes(rows, 4);

    if (kao_row_int(rows, 2)) {
        remove_sample(g, sample);
        return KAO_OK;
    }
    if (model < 0 || model >= (int64_t)g->n_models ||
        v.n != g->models[model].dim * sizeof(float))
        return kao_fail(err, KAO_E_FORMAT, "%s: sample %lld has a vector of %zu bytes",
                        g->path, (long long)sample, v.n);
    const size_t at = place_of(g, sample);

    if (at == SIZE_MAX)
        return kao_fail(err, KAO_E_NOMEM, "%s: out of memory for its samples", g->path);
    g->index.person[at] = kao_row_int(rows, 1);
    memcpy(g->index.vectors[model] + at * g->models[model].dim, v.p, v.n);
    return KAO_OK;
}

static kao_status take_changed(kao_gallery *g, kao_error *err)
{
    kao_rows *rows = NULL;
    kao_status st = kao_db_ask(
        g->db, &rows, err,
        "SELECT s.number, s.person, s.removed <> 0 OR p.removed <> 0, v.model, "
        "v.numbers "
        "FROM sample s JOIN person p ON p.number = s.person JOIN vector v ON "
        "v.sample = s.number WHERE s.changed > ?",
        "i", g->index.seen);

    while (!st && kao_rows_next(rows))
        st = take_row(g, rows, err);
    const kao_status end = kao_rows_end(rows, st ? NULL : err);

    return st ? st : end;
}

kao_status kao_index_refresh(kao_gallery *g, kao_error *err)
{
    int64_t newest = 0;
    kao_status st = kao_db_begin_reading(g->db, err);

    if (st)
        return st;
    st = kao_db_number(g->db, &newest, err,
                       "SELECT coalesce(max(number), 0) FROM change", "");
    if (!st && newest != g->index.seen) {
        st = drop_gone(g, err);
        if (!st)
            st = take_changed(g, err);
    }
    if (!st) {
        g->index.seen = newest;
        return kao_db_commit(g->db, err);
    }
    kao_db_rollback(g->db);
    clear(&g->index);
    return st;
}

/* ---- search ---- */

typedef struct best { /* people, best first */
    kao_match *items;
    int64_t *samples;
    size_t n, k;
} best;

static bool before(const best *b, float similarity, int64_t person, size_t i)
{
    return similarity > b->items[i].similarity ||
           (similarity == b->items[i].similarity && person < b->items[i].person);
}

/* A person stands in it once, with the better sample. */
static void offer(best *b, float similarity, int64_t person, int64_t sample)
{
    size_t i = 0;

    while (i < b->n && b->items[i].person != person)
        i++;
    if (i < b->n && (similarity < b->items[i].similarity ||
                     (similarity == b->items[i].similarity && sample > b->samples[i])))
        return;
    if (i == b->n && b->n == b->k) {
        i = b->n - 1;
        if (!before(b, similarity, person, i))
            return;
    } else if (i == b->n) {
        b->n++;
    }
    for (; i > 0 && before(b, similarity, person, i - 1); i--) {
        b->items[i] = b->items[i - 1];
        b->samples[i] = b->samples[i - 1];
    }
    b->items[i] = (kao_match){ .similarity = similarity, .person = person };
    b->samples[i] = sample;
}

static void scan(const kao_index *x, const float *vectors, const float *vector,
                 size_t dim, best *b)
{
    for (size_t i = 0; i < x->n; i++) {
        const float *v = vectors + i * dim;

        if (b->n == b->k &&
            kao_alike_floats(v, vector, dim) < b->items[b->n - 1].similarity - 1e-5f)
            continue;
        offer(b, kao_similarity(v, vector, dim), x->person[i], x->sample[i]);
    }
}

/* The samples' ids, for the few that are told. */
static kao_status name_samples(kao_gallery *g, best *b, kao_error *err)
{
    kao_status st = KAO_OK;

    for (size_t i = 0; !st && i < b->n; i++) {
        kao_rows *rows = NULL;

        st = kao_db_ask(g->db, &rows, err, "SELECT id FROM sample WHERE number = ?",
                        "i", b->samples[i]);
        if (!st && kao_rows_next(rows) && kao_row_text(rows, 0))
            snprintf(b->items[i].sample, sizeof b->items[i].sample, "%s",
                     kao_row_text(rows, 0));
        const kao_status end = kao_rows_end(rows, st ? NULL : err);

        st = st ? st : end;
    }
    return st;
}

kao_status kao_gallery_search(kao_gallery *g, size_t model, const float *vector,
                              size_t k, kao_match *matches, size_t *n, kao_error *err)
{
    if (n)
        *n = 0;
    if (!g || model >= g->n_models || !vector || !matches || !n || k == 0 ||
        k > UINT32_MAX || matches[0].size < sizeof *matches)
        return kao_fail(err, KAO_E_ARG,
                        "gallery: no gallery, model, vector or room for matches");
    const uint32_t size = matches[0].size, dim = g->models[model].dim;

    for (uint32_t i = 0; i < dim; i++)
        if (!isfinite((double)vector[i]))
            return kao_fail(err, KAO_E_ARG, "gallery: a vector that is not finite");
    kao_status st = kao_index_refresh(g, err);

    if (st)
        return st;
    best b = { .k = k };

    b.items = kao_calloc(&g->ctx->mem, k, sizeof *b.items);
    b.samples = kao_calloc(&g->ctx->mem, k, sizeof *b.samples);
    if (!b.items || !b.samples)
        st = kao_fail(err, KAO_E_NOMEM, "%s: out of memory", g->path);
    if (!st) {
        scan(&g->index, g->index.vectors[model], vector, dim, &b);
        st = name_samples(g, &b, err);
    }
    for (size_t i = 0; !st && i < b.n; i++) {
        kao_match *to = (kao_match *)(void *)((char *)matches + i * size);

        *to = b.items[i];
        to->size = size;
    }
    if (!st)
        *n = b.n;
    kao_free(&g->ctx->mem, b.items);
    kao_free(&g->ctx->mem, b.samples);
    return st;
}

kao_status kao_gallery_templates(kao_gallery *g, uint64_t *n, kao_error *err)
{
    if (!g || !n)
        return kao_fail(err, KAO_E_ARG, "gallery: no gallery or result");
    const kao_status st = kao_index_refresh(g, err);

    if (!st)
        *n = g->index.n;
    return st;
}
