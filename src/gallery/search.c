/* The search: a scan of all rows in 8 bits for those that may be among the best (quantise.h),
 * and a comparison of these in full. The outcome is that of comparing every row in full.
 *
 * Threads take chunks of rows and keep the best people of their own; the least similarity that
 * still counts is shared, and only ever grows: it is that of the k-th person of some thread, and
 * as many are at least as good. What a chunk's scan leaves is compared best first, so that most
 * of it falls away when the first were. Which rows were compared depends on the threads; what
 * comes out does not: people are ordered by similarity, then by number, and of a person's
 * samples the most similar counts, then the first. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/alike.h"
#include "gallery/gallery.h"
#include "kernels/scan.h"

enum { MOST_QUERIES = 128, MOST_PANELS = 16, MOST_TRIES = 64 };

/* ---- the best people ---- */

typedef struct found {
    float similarity;
    int64_t person, sample;
} found;

typedef struct best { /* people, best first */
    found *items;
    size_t n;
} best;

static bool before(const found *a, const found *b)
{
    return a->similarity > b->similarity ||
           (a->similarity == b->similarity && a->person < b->person);
}

/* A person stands in it once, with the better sample. */
static void offer(best *b, size_t k, found f)
{
    size_t i = 0;

    while (i < b->n && b->items[i].person != f.person)
        i++;
    if (i < b->n &&
        (f.similarity < b->items[i].similarity ||
         (f.similarity == b->items[i].similarity && f.sample > b->items[i].sample)))
        return;
    if (i == b->n && b->n == k) {
        i = b->n - 1;
        if (!before(&f, &b->items[i]))
            return;
    } else if (i == b->n) {
        b->n++;
    }
    for (; i > 0 && before(&f, &b->items[i - 1]); i--)
        b->items[i] = b->items[i - 1];
    b->items[i] = f;
}

/* ---- one pass over the rows ---- */

typedef struct panel { /* queries of one call of a kernel */
    const kao_scan_slot *slot;
    size_t first; /* its first query */
    void *packed;
    int32_t bias[KAO_SCAN_WIDEST];
    float scale[KAO_SCAN_WIDEST], error[KAO_SCAN_WIDEST], norm[KAO_SCAN_WIDEST];
} panel;

typedef struct pass {
    const kao_store *b;
    uint64_t n_rows;
    int64_t seen;
    const float *vectors; /* of the queries, dim floats each */
    size_t n, k;
    const kao_wanted *wanted;
    kao_quantised_query queries[MOST_QUERIES];
    _Atomic(float) least[MOST_QUERIES]; /* below it nothing counts; -inf at first */
    panel panels[MOST_PANELS];
    size_t n_panels, width; /* of the widest */
    best *bests;            /* n for each thread */
    kao_scan_hit *hits;  /* room for those of a chunk with a panel, for each thread */
    atomic_bool damaged; /* a row is not what was written, or was erased meanwhile */
} pass;

static void raise_least(pass *p, size_t query, float to)
{
    float old = atomic_load_explicit(&p->least[query], memory_order_relaxed);

    while (to > old && !atomic_compare_exchange_weak_explicit(&p->least[query], &old,
                                                              to, memory_order_relaxed,
                                                              memory_order_relaxed))
        ;
}

/* The most by which kao_alike_floats errs: each square by 3 roundings, each lane's sum by its
 * additions, and the last ones; of a similarity above -1 the sum of squares is 4 at most. */
static float margin_of(size_t dim)
{
    return (float)(2 * ((double)dim / 16 + 32) / 16777216 + 1e-7);
}

static void compare(pass *p, best *b, size_t query, size_t row, float least)
{
    const kao_chunk *c = kao_store_chunk(p->b, row);
    const size_t i = row % KAO_STORE_ROWS, dim = p->b->dim;
    const float *x = c->floats + i * dim, *y = p->vectors + query * dim;

    if (c->born[i] > p->seen ||
        atomic_load_explicit(&c->died[i], memory_order_relaxed) <= p->seen)
        return;
    if (!kao_store_row_is_whole(p->b, row)) {
        atomic_store(&p->damaged, true);
        return;
    }
    if (!kao_wanted_has(p->wanted, c->person[i]))
        return;
    if (kao_alike_floats(x, y, dim) < least - margin_of(dim))
        return;
    offer(b, p->k, (found){ kao_similarity(x, y, dim), c->person[i], c->sample[i] });
    if (b->n == p->k)
        raise_least(p, query, b->items[b->n - 1].similarity);
}

static int by_query_and_value(const void *a, const void *b)
{
    const kao_scan_hit *x = a, *y = b;

    if (x->query != y->query)
        return x->query < y->query ? -1 : 1;
    if (x->value != y->value)
        return x->value > y->value ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

/* What a scan left of rows from `first` on, best first. */
static void compare_hits(pass *p, const panel *of, best *bests, kao_scan_hit *hits,
                         size_t n, size_t first)
{
    if (n > 1)
        qsort(hits, n, sizeof *hits, by_query_and_value);
    for (size_t i = 0; i < n; i++) {
        const size_t query = of->first + hits[i].query;

        if (query >= p->n)
            return;
        const float least =
            atomic_load_explicit(&p->least[query], memory_order_relaxed);

        if (!(hits[i].value < kao_quantised_limit(&p->queries[query], least)))
            compare(p, &bests[query], query, first + hits[i].row, least);
    }
}

static void scan_chunk(void *arg, size_t chunk, uint32_t worker)
{
    pass *p = arg;
    const kao_chunk *c = &p->b->chunks[chunk];
    const uint64_t first = (uint64_t)chunk * KAO_STORE_ROWS;
    float limit[KAO_SCAN_WIDEST];
    kao_scan_args a = { .rows = c->bytes,
                        .n_rows = p->n_rows - first < KAO_STORE_ROWS
                                      ? (size_t)(p->n_rows - first)
                                      : KAO_STORE_ROWS,
                        .n = p->b->size,
                        .scale = c->scale,
                        .norm = c->norm,
                        .residual = c->residual,
                        .offset = c->offset,
                        .limit = limit,
                        .hits = p->hits + worker * p->width * KAO_STORE_ROWS };

    for (size_t i = 0; i < p->n_panels; i++) {
        const panel *of = &p->panels[i];

        for (size_t j = 0; j < of->slot->width; j++) {
            const size_t query = of->first + j;

            limit[j] =
                query < p->n
                    ? kao_quantised_limit(
                          &p->queries[query],
                          atomic_load_explicit(&p->least[query], memory_order_relaxed))
                    : INFINITY;
        }
        a.queries = of->packed;
        a.q_bias = of->bias;
        a.q_scale = of->scale;
        a.q_error = of->error;
        a.q_norm = of->norm;
        compare_hits(p, of, p->bests + worker * p->n, a.hits, of->slot->run(&a), first);
    }
}

/* ---- preparing it ---- */

static void pass_free(kao_mem *mem, pass *p)
{
    for (size_t i = 0; i < p->n_panels; i++)
        kao_free(mem, p->panels[i].packed);
    if (p->bests)
        kao_free(mem, p->bests[0].items);
    kao_free(mem, p->bests);
    kao_free(mem, p->hits);
}

/* The narrowest slot for so many queries, or the widest. */
static const kao_scan_slot *slot_for(const kao_scan_slots *s, size_t n)
{
    uint32_t i = 0;

    while (i + 1 < s->n && s->slot[i].width < n)
        i++;
    return &s->slot[i];
}

static bool add_panel(kao_mem *mem, pass *p, const kao_scan_slots *slots,
                      const int8_t *integers, size_t first)
{
    const kao_scan_slot *s = slot_for(slots, p->n - first);
    const size_t n = p->n - first < s->width ? p->n - first : s->width;
    panel *to = &p->panels[p->n_panels];

    *to = (panel){ .slot = s, .first = first };
    to->packed = kao_alloc(mem, kao_scan_packed_bytes(s, p->b->size));
    if (!to->packed)
        return false;
    p->n_panels++;
    kao_scan_pack(s, integers + first * p->b->size, n, p->b->size, to->packed,
                  to->bias);
    for (size_t j = 0; j < n; j++) {
        to->scale[j] = p->queries[first + j].scale;
        to->error[j] = p->queries[first + j].error;
        to->norm[j] = p->queries[first + j].norm;
    }
    return true;
}

static bool add_panels(kao_mem *mem, pass *p, const kao_scan_slots *slots)
{
    int8_t *integers = kao_calloc(mem, p->n, p->b->size);
    bool fine = integers != NULL;

    for (size_t i = 0; fine && i < p->n; i++)
        kao_quantise_query(p->vectors + i * p->b->dim, p->b->dim,
                           integers + i * p->b->size, &p->queries[i]);
    for (size_t first = 0; fine && first < p->n;) {
        fine = p->n_panels < MOST_PANELS && add_panel(mem, p, slots, integers, first);
        if (fine)
            first += p->panels[p->n_panels - 1].slot->width;
    }
    kao_free(mem, integers);
    return fine;
}

static bool add_bests(kao_mem *mem, pass *p, uint32_t n_threads)
{
    const size_t n = n_threads * p->n;
    size_t room = 0;

    for (size_t i = 0; i < p->n_panels; i++)
        p->width =
            p->panels[i].slot->width > p->width ? p->panels[i].slot->width : p->width;
    p->hits = kao_alloc(mem, n_threads * p->width * KAO_STORE_ROWS * sizeof *p->hits);
    p->bests = kao_calloc(mem, n, sizeof *p->bests);
    if (!p->hits || !p->bests || __builtin_mul_overflow(n, p->k, &room))
        return false;
    found *items = kao_calloc(mem, room, sizeof *items);

    for (size_t i = 0; items && i < n; i++)
        p->bests[i].items = items + i * p->k;
    for (size_t i = 0; i < p->n; i++)
        atomic_init(&p->least[i], -INFINITY);
    return items != NULL;
}

/* Those of all threads into those of the first. */
static void join(pass *p, uint32_t n_threads)
{
    for (size_t t = 1; t < n_threads; t++)
        for (size_t q = 0; q < p->n; q++)
            for (size_t i = 0; i < p->bests[t * p->n + q].n; i++)
                offer(&p->bests[q], p->k, p->bests[t * p->n + q].items[i]);
}

/* ---- a call ---- */

typedef struct call {
    kao_gallery *g;
    size_t model;
    int64_t seen; /* the change as of which it answers */
    const float *vectors;
    size_t n, k;
    const char *group;
    kao_wanted wanted;
    kao_match *matches; /* k for each vector */
    uint32_t match_bytes;
    size_t *n_matches;
} call;

static kao_match *match_at(const call *c, size_t query, size_t i)
{
    return (kao_match *)(void *)((char *)c->matches +
                                 (query * c->k + i) * c->match_bytes);
}

static kao_status name_sample(kao_gallery *g, int64_t sample, char to[KAO_UUID_BYTES],
                              kao_error *err)
{
    kao_rows *rows = NULL;
    kao_status st = kao_db_ask(g->db, &rows, err,
                               "SELECT id FROM sample WHERE number = ?", "i", sample);

    if (!st && kao_rows_next(rows) && kao_row_text(rows, 0))
        snprintf(to, KAO_UUID_BYTES, "%s", kao_row_text(rows, 0));
    const kao_status end = kao_rows_end(rows, st ? NULL : err);

    return st ? st : end;
}

static kao_status tell(const call *c, size_t query, const best *b, kao_error *err)
{
    const float *vector = c->vectors + query * c->g->models[c->model].dim;
    kao_status st = KAO_OK;
    size_t n = 0;

    for (size_t i = 0; !st && i < b->n && n < c->k; i++) {
        const found *f = &b->items[i];

        if (kao_wanted_denies(&c->wanted, vector, f->person, f->similarity))
            continue;
        kao_match *to = match_at(c, query, n++);

        *to = (kao_match){ .size = c->match_bytes,
                           .similarity = f->similarity,
                           .person = f->person };
        st = name_sample(c->g, f->sample, to->sample, err);
    }
    c->n_matches[query] = st ? 0 : n;
    return st;
}

/* Queries from `first` on, as many as go into one pass. *damaged: nothing was told. */
static kao_status run_pass(const call *c, pass *p, size_t first, uint64_t n_rows,
                           bool *damaged, kao_error *err)
{
    kao_mem *mem = &c->g->ctx->mem;
    const kao_pool *pool = c->g->ctx->pool;
    const uint32_t n_threads = kao_pool_threads(pool);
    /* those who may be left out of the answer must not stand in others' way */
    const size_t room = c->k + c->wanted.n_denied;
    kao_status st = KAO_OK;

    *p = (pass){ .b = &c->g->index.stores[c->model],
                 .n_rows = n_rows,
                 .seen = c->seen,
                 .n = c->n - first < MOST_QUERIES ? c->n - first : MOST_QUERIES,
                 .k = room < n_rows ? room : (size_t)n_rows,
                 .wanted = &c->wanted };
    p->vectors = c->vectors + first * p->b->dim;
    if (p->k > 0 && add_panels(mem, p, &c->g->index.kernels.scan) &&
        add_bests(mem, p, n_threads)) {
        kao_pool_run(pool, scan_chunk, p,
                     (size_t)((n_rows + KAO_STORE_ROWS - 1) / KAO_STORE_ROWS));
        join(p, n_threads);
    } else if (p->k > 0) {
        st = kao_fail(err, KAO_E_NOMEM, "%s: out of memory", c->g->path);
    }
    *damaged = atomic_load(&p->damaged);
    for (size_t i = 0; !st && !*damaged && i < p->n; i++)
        st = tell(c, first + i, p->bests ? &p->bests[i] : &(best){ NULL, 0 }, err);
    pass_free(mem, p);
    return st;
}

/* All queries on the store as it is. *moved: it was erased in, or removed, meanwhile; *damaged: it
 * is not what was written. Then nothing that was told holds. */
static kao_status run_passes(const call *c, bool *moved, bool *damaged, kao_error *err)
{
    kao_mem *mem = &c->g->ctx->mem;
    kao_store *b = &c->g->index.stores[c->model];
    const uint64_t erasures = kao_store_erasures(b);
    kao_store_state s;
    pass *p = kao_alloc(mem, sizeof *p);

    if (!p)
        return kao_fail(err, KAO_E_NOMEM, "%s: out of memory", c->g->path);
    /* later rows than those of c->seen do no harm: they do not count yet */
    kao_status st = kao_store_read(b, &s, err);

    const bool unreadable = st == KAO_E_FORMAT;

    *damaged = unreadable;
    *moved = st == KAO_E_CONFLICT;
    if (*damaged || *moved)
        st = KAO_OK;
    for (size_t first = 0; !st && !*damaged && !*moved && first < c->n;
         first += MOST_QUERIES)
        st = run_pass(c, p, first, s.n_rows, damaged, err);
    kao_free(mem, p);
    /* rows that were erased after the transaction began look like damaged ones */
    *moved |= (erasures & 1) || kao_store_erasures(b) != erasures ||
              (!st && *damaged && !unreadable && !kao_store_is_at_rest(b, &s));
    return st;
}

/* In one transaction: what is found is of one moment. *again: to be asked once more. */
static kao_status ask_once(call *c, bool *again, kao_error *err)
{
    bool moved = false, damaged = false;
    kao_moment at;
    kao_status st = kao_db_begin_reading(c->g->db, err);

    if (st)
        return st;
    st = kao_index_bring(c->g, c->model, &at, again, err);
    c->seen = at.seen;
    if (!st && !*again)
        st = kao_wanted_read(c->g, c->model, c->group, &c->wanted, err);
    if (!st && !*again)
        st = run_passes(c, &moved, &damaged, err);
    kao_wanted_free(&c->g->ctx->mem, &c->wanted);
    *again |= moved || damaged;
    if (!st && !*again)
        return kao_db_commit(c->g->db, err);
    kao_db_rollback(c->g->db);
    if (damaged && !moved)
        kao_index_drop(c->g, c->model, false);
    return st;
}

static kao_status ask(call *c, kao_error *err)
{
    const struct timespec pause = { 0, 500000 };
    bool again = true;
    kao_status st = KAO_OK;

    for (int try = 0; !st && again; try++) {
        if (try > 0)
            nanosleep(&pause, NULL);
        if (try == MOST_TRIES)
            kao_index_drop(c->g, c->model, true);
        again = false;
        st = ask_once(c, &again, err);
    }
    return st;
}

kao_status kao_gallery_search_in(kao_gallery *g, size_t model, const char *group,
                                 const float *vectors, size_t n_vectors, size_t k,
                                 kao_match *matches, size_t *n, kao_error *err)
{
    size_t room = 0;

    for (size_t i = 0; n && i < n_vectors; i++)
        n[i] = 0;
    if (!g || model >= g->n_models || !vectors || n_vectors == 0 || !matches || !n ||
        k == 0 || k > UINT32_MAX || matches[0].size < sizeof *matches ||
        __builtin_mul_overflow(n_vectors * sizeof(float), g->models[model].dim,
                               &room) ||
        __builtin_mul_overflow(n_vectors, k, &room))
        return kao_fail(err, KAO_E_ARG,
                        "gallery: no gallery, model, vector or room for matches");
    for (size_t i = 0; i < n_vectors * g->models[model].dim; i++)
        if (!isfinite((double)vectors[i]))
            return kao_fail(err, KAO_E_ARG, "gallery: a vector that is not finite");
    call c = { .g = g,
               .model = model,
               .group = group,
               .vectors = vectors,
               .n = n_vectors,
               .k = k,
               .matches = matches,
               .match_bytes = matches[0].size,
               .n_matches = n };
    const kao_status st = ask(&c, err);

    for (size_t i = 0; st && i < n_vectors; i++)
        n[i] = 0;
    return st;
}

kao_status kao_gallery_search_many(kao_gallery *g, size_t model, const float *vectors,
                                   size_t n_vectors, size_t k, kao_match *matches,
                                   size_t *n, kao_error *err)
{
    return kao_gallery_search_in(g, model, NULL, vectors, n_vectors, k, matches, n,
                                 err);
}

kao_status kao_gallery_search(kao_gallery *g, size_t model, const float *vector,
                              size_t k, kao_match *matches, size_t *n, kao_error *err)
{
    return kao_gallery_search_many(g, model, vector, 1, k, matches, n, err);
}
