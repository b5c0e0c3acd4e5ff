/* See people_made.h. */
#include "support/unit.h"

#include "gallery/people_made.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint32_t state = 1;

void made_seed(uint32_t seed)
{
    state = seed * 2654435761u + 1;
}

uint32_t made_u32(void) /* xorshift32 */
{
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}

static float number(void) /* -1..1, bell-shaped */
{
    float sum = 0;

    for (int i = 0; i < 3; i++)
        sum += (float)(int32_t)made_u32() / 6442450944.0f;
    return sum;
}

static void to_length(float *v, uint32_t dim, double length)
{
    double sum = 0;

    for (uint32_t i = 0; i < dim; i++)
        sum += (double)v[i] * (double)v[i];
    for (uint32_t i = 0; i < dim && sum > 0; i++)
        v[i] = (float)((double)v[i] * length / sqrt(sum));
}

static void like_centre(uint32_t dim, float *v, float spread, uint32_t n_centres)
{
    const uint32_t kept = state;

    state = kept % n_centres * 7919 + 11;
    for (uint32_t i = 0; i < dim; i++)
        v[i] = number();
    to_length(v, dim, 1);
    state = kept;
    made_u32();
    for (uint32_t i = 0; i < dim && spread > 0; i++)
        v[i] += spread * number();
}

void made_vector(made_kind kind, uint32_t dim, float *v)
{
    static const double lengths[] = { 0, 1e-30, 1e-3, .5, 1, 1, 1, 1.5, 40, 1e8, 1e17 };
    const double any = lengths[made_u32() % (sizeof lengths / sizeof lengths[0])];

    for (uint32_t i = 0; i < dim; i++)
        v[i] = number();
    switch (kind) {
    case MADE_CLUSTERED:
        like_centre(dim, v, .1f, 7);
        to_length(v, dim, 1);
        break;
    case MADE_TIES:
        like_centre(dim, v, 0, 9);
        if (made_u32() % 2)
            v[made_u32() % dim] = nextafterf(v[made_u32() % dim], 1);
        break;
    case MADE_SPIKES:
        v[made_u32() % dim] = 100;
        to_length(v, dim, 1);
        break;
    case MADE_TINY:
        to_length(v, dim, made_u32() % 2 ? 1e-20 : 1e-42);
        break;
    case MADE_HUGE:
        to_length(v, dim, made_u32() % 2 ? 1e19 : (double)FLT_MAX);
        break;
    case MADE_MIXED:
        to_length(v, dim, any);
        for (uint32_t i = 0; i < dim && any == 0; i++)
            v[i] = 0;
        break;
    default:
        to_length(v, dim, 1);
    }
}

/* ---- a gallery ---- */

made made_gallery(fixture *f, const char *name, uint32_t dim)
{
    const kao_gallery_options o = { .create = 1, .key = kept_key() };
    made m = { .f = f, .dim = dim };

    kept_path(f, name, m.path);
    assert_int_equal(kao_gallery_open(f->ctx, &m.g, m.path, &o, &f->err), KAO_OK);
    kao_gallery_close(m.g);
    KEPT_RUN(f, m.path,
             "INSERT INTO model(number, id, name, dim, tta) VALUES(1, 'made', 'made', "
             "?, 0)",
             "i", (int64_t)dim);
    m.g = made_open(&m, f->ctx, false);
    kept_index(m.g, m.index);
    return m;
}

kao_gallery *made_open(const made *m, kao_context *ctx, bool read_only)
{
    const kao_gallery_options o = { .read_only = read_only,
                                    .wait_ms = 20000,
                                    .key = kept_key() };
    kao_gallery *g = NULL;

    if (kao_gallery_open(ctx, &g, m->path, &o, &m->f->err))
        fail_msg("%s", m->f->err.msg);
    return g;
}

static kao_status enrol(made *m, kao_gallery *g, int64_t *person, const float *v)
{
    const float *const vectors[] = { v };
    kao_new_sample s = { .size = sizeof s, .vectors = vectors, .quality = NAN };

    return kao_gallery_enrol(g, person, NULL, &s, 1, &m->f->err);
}

int64_t made_person(made *m, kao_gallery *g, const float *v, kao_status want)
{
    int64_t person = 0;

    assert_int_equal(enrol(m, g, &person, v), want);
    return person;
}

void made_people(made *m, made_kind kind, size_t n)
{
    float *v = calloc(3 * (size_t)m->dim, sizeof *v);

    assert_non_null(v);
    for (size_t i = 0; i < n; i++) {
        const float *const rows[] = { v, v + m->dim, v + 2 * (size_t)m->dim };
        const float *const *vectors[] = { &rows[0], &rows[1], &rows[2] };
        kao_new_sample s[3];
        const size_t n_samples = made_u32() % 3 + 1;
        int64_t person = 0;

        for (size_t k = 0; k < n_samples; k++) {
            made_vector(kind, m->dim, v + k * m->dim);
            s[k] = (kao_new_sample){ .size = sizeof s[k],
                                     .vectors = vectors[k],
                                     .quality = NAN };
        }
        assert_int_equal(
            kao_gallery_enrol(m->g, &person, NULL, s, n_samples, &m->f->err), KAO_OK);
    }
    free(v);
}

/* ---- the search as it is meant ---- */

typedef struct row {
    int64_t number, person;
    char id[KAO_UUID_BYTES];
    float *v, similarity;
} row;

typedef struct rows {
    row *items;
    size_t n;
} rows;

/* g: open, by whose key the vectors are read. */
static rows read_rows(const made *m, const kao_gallery *g)
{
    static const char sql[] =
        "SELECT s.number, s.person, s.id, v.numbers, v.model FROM sample s, person p, "
        "vector v "
        "WHERE p.number = s.person AND v.sample = s.number AND s.removed = 0 AND "
        "p.removed = 0";
    rows r = { NULL, 0 };
    kao_db *db = kept_db(m->f, m->path);
    kao_rows *s = NULL;

    static const kao_hidden hidden[] = { { 3, KAO_AT_NUMBERS, 0, 4, true } };

    assert_int_equal(kao_db_ask_long(db, &s, &m->f->err, sql, ""), KAO_OK);
    kao_db_seal(db, g->is_sealed ? &g->seal : NULL, g->seal_mark);
    KAO_REVEAL(s, hidden);
    while (kao_rows_next(s)) {
        r.items = realloc(r.items, (r.n + 1) * sizeof *r.items);
        assert_non_null(r.items);
        row *to = &r.items[r.n++];

        to->number = kao_row_int(s, 0);
        to->person = kao_row_int(s, 1);
        snprintf(to->id, sizeof to->id, "%s", kao_row_text(s, 2));
        to->v = malloc(m->dim * sizeof(float));
        assert_true(to->v && kao_row_bytes(s, 3).n == m->dim * sizeof(float));
        memcpy(to->v, kao_row_bytes(s, 3).p, m->dim * sizeof(float));
    }
    assert_int_equal(kao_rows_end(s, &m->f->err), KAO_OK);
    kao_db_close(db);
    return r;
}

static void free_rows(rows *r)
{
    for (size_t i = 0; i < r->n; i++)
        free(r->items[i].v);
    free(r->items);
}

static int by_rank(const void *a, const void *b)
{
    const row *x = a, *y = b;

    if (x->similarity != y->similarity)
        return x->similarity > y->similarity ? -1 : 1;
    if (x->person != y->person)
        return x->person < y->person ? -1 : 1;
    return (x->number > y->number) - (x->number < y->number);
}

static void check_one(const made *m, rows *r, const float *query, const kao_match *got,
                      size_t n, size_t k)
{
    size_t at = 0;

    for (size_t i = 0; i < r->n; i++) {
        double sum = 0;

        for (uint32_t d = 0; d < m->dim; d++) {
            const double x = (double)r->items[i].v[d] - (double)query[d];

            sum += x * x;
        }
        r->items[i].similarity = 1 - sum / 2 < -1 ? -1 : (float)(1 - sum / 2);
    }
    if (r->n > 0)
        qsort(r->items, r->n, sizeof *r->items, by_rank);
    for (size_t i = 0; i < r->n && at < k; i++) {
        const row *want = &r->items[i];
        bool seen = false;

        for (size_t j = 0; j < at && !seen; j++)
            seen = got[j].person == want->person;
        if (seen)
            continue;
        if (at >= n || got[at].person != want->person ||
            got[at].similarity != want->similarity ||
            strcmp(got[at].sample, want->id) != 0)
            fail_msg("place %zu of %zu: person %lld, %.9g, %s for %lld, %.9g, %s", at,
                     n, (long long)(at < n ? got[at].person : 0),
                     (double)(at < n ? got[at].similarity : 0),
                     at < n ? got[at].sample : "", (long long)want->person,
                     (double)want->similarity, want->id);
        at++;
    }
    assert_int_equal(at, n);
}

void made_check(made *m, kao_gallery *g, const float *queries, size_t n, size_t k)
{
    rows r = read_rows(m, g);
    kao_match *got = calloc(n * k, sizeof *got);
    size_t *counts = calloc(n, sizeof *counts);

    assert_true(got && counts);
    got[0].size = sizeof *got;
    if (kao_gallery_search_many(g, 0, queries, n, k, got, counts, &m->f->err))
        fail_msg("%s", m->f->err.msg);
    for (size_t i = 0; i < n; i++)
        check_one(m, &r, queries + i * m->dim, got + i * k, counts[i], k);
    free(counts);
    free(got);
    free_rows(&r);
}

void made_check_kind(made *m, kao_gallery *g, made_kind kind, size_t k)
{
    static const size_t batches[] = { 1, 2, 18, 37 };
    rows r = read_rows(m, g);

    for (size_t b = 0; b < sizeof batches / sizeof batches[0]; b++) {
        float *q = calloc(batches[b] * m->dim, sizeof *q);

        assert_non_null(q);
        for (size_t i = 0; i < batches[b]; i++)
            if (r.n && i % 3 == 0)
                memcpy(q + i * m->dim, r.items[made_u32() % r.n].v, m->dim * sizeof *q);
            else
                made_vector(kind, m->dim, q + i * m->dim);
        made_check(m, g, q, batches[b], k);
        free(q);
    }
    free_rows(&r);
}
