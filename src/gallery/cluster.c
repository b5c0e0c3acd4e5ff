/* See kao/cluster.h.
 *
 * A group is known by one of its faces, its root, with the sum of its vectors: the mean similarity
 * of two groups is then one product. Pairs that may be joined wait in a heap under the similarity
 * that they had when they came:
 *
 *     take the first -> both grown meanwhile? -> put back with what it is now
 *                    -> else join them
 *
 * Which is right because a mean is at most the larger of the means that it is made of: no pair of
 * groups is more alike than the best pair of older ones that it holds, and that one is in the heap
 * (or was below the threshold, or not among the k nearest).
 *
 * What was not among the k nearest is made up for by further rounds: two groups can have been missed
 * only if the lists of both were full, so those are compared anew, until no list is. */
#include "kao/cluster.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "gallery/neighbours.h"

enum { MOST_DIM = 65536, USUAL_NEIGHBOURS = 32 };

/* What sums in another order may make of a similarity. */
#define SLACK 1e-4f

typedef struct pair {
    float similarity;
    uint32_t a, b; /* roots when it was made, a < b */
} pair;

typedef struct job {
    kao_mem *mem;
    const kao_cluster_options *o;
    size_t n, dim;
    uint32_t k;
    float *sums, *half;
    uint32_t *size, *parent; /* of a root itself */
    uint32_t *next, *last;   /* faces of a group as a list; last: of a root */
    int32_t *fixed;          /* of a root; NULL where none are told */
    uint64_t *by_picture; /* picture << 32 | face, in order; NULL where none are told */
    uint32_t *place;      /* of a face: where its picture begins there */
    uint64_t
        *by_apart; /* face << 32 | a face that it is apart from, in order, both ways */
    size_t n_by_apart;
    uint32_t *open; /* roots of a round */
    size_t n_open;
    kao_near *near;
    uint32_t *count;
    pair *heap;
    size_t n_heap, cap_heap;
} job;

static uint32_t root_of(const job *j, uint32_t face)
{
    while (j->parent[face] != face)
        face = j->parent[face];
    return face;
}

static kao_sums sums_of(const job *j)
{
    return (
        kao_sums){ .dim = j->dim, .sums = j->sums, .size = j->size, .half = j->half };
}

/* ---- which groups may be one ---- */

/* Whether a face of group b is on a picture that this face is on, too. */
static bool meets(const job *j, uint32_t face, uint32_t b)
{
    const uint64_t picture = j->o->picture[face];

    if (picture == 0)
        return false;
    for (size_t i = j->place[face]; i < j->n && j->by_picture[i] >> 32 == picture; i++)
        if (root_of(j, (uint32_t)j->by_picture[i]) == b)
            return true;
    return false;
}

/* Whether this face is apart from a face of group b. */
static bool is_apart(const job *j, uint32_t face, uint32_t b)
{
    size_t low = 0, high = j->n_by_apart;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;

        if (j->by_apart[middle] >> 32 < face)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < j->n_by_apart && j->by_apart[low] >> 32 == face; low++)
        if (root_of(j, (uint32_t)j->by_apart[low]) == b)
            return true;
    return false;
}

static bool may_join(const void *user, uint32_t a, uint32_t b)
{
    const job *j = user;
    const uint32_t few = j->size[a] <= j->size[b] ? a : b, many = few == a ? b : a;

    if (j->fixed && j->fixed[a] > 0 && j->fixed[b] > 0)
        return false;
    if (!j->by_picture && !j->by_apart)
        return true;
    for (uint32_t face = few;; face = j->next[face]) {
        if (j->by_picture && meets(j, face, many))
            return false;
        if (j->by_apart && is_apart(j, face, many))
            return false;
        if (face == j->last[few])
            return true;
    }
}

/* The larger one's root stays, so that no way to a root is longer than log2 of its faces. */
static void join(job *j, uint32_t a, uint32_t b)
{
    if (j->size[a] < j->size[b] || (j->size[a] == j->size[b] && b < a)) {
        const uint32_t other = a;

        a = b;
        b = other;
    }
    const double n_a = j->size[a], n_b = j->size[b];
    float *to = j->sums + a * j->dim;
    const float *from = j->sums + b * j->dim;

    for (size_t i = 0; i < j->dim; i++)
        to[i] += from[i];
    j->half[a] =
        (float)((n_a * (double)j->half[a] + n_b * (double)j->half[b]) / (n_a + n_b));
    j->size[a] += j->size[b];
    j->parent[b] = a;
    j->next[j->last[a]] = b;
    j->last[a] = j->last[b];
    if (j->fixed && j->fixed[b] > 0)
        j->fixed[a] = j->fixed[b];
}

/* ---- the heap: the most alike pair first ---- */

static bool above(const pair *x, const pair *y)
{
    if (x->similarity != y->similarity)
        return x->similarity > y->similarity;
    return x->a != y->a ? x->a < y->a : x->b < y->b;
}

static void sink(job *j, size_t i)
{
    const pair p = j->heap[i];

    for (;;) {
        size_t child = 2 * i + 1;

        if (child >= j->n_heap)
            break;
        if (child + 1 < j->n_heap && above(&j->heap[child + 1], &j->heap[child]))
            child++;
        if (!above(&j->heap[child], &p))
            break;
        j->heap[i] = j->heap[child];
        i = child;
    }
    j->heap[i] = p;
}

static pair pair_of(const job *j, uint32_t a, uint32_t b)
{
    const kao_sums s = sums_of(j);

    return (pair){ kao_sums_similarity(&s, a, b), a < b ? a : b, a < b ? b : a };
}

static void drop_first(job *j)
{
    j->heap[0] = j->heap[--j->n_heap];
    if (j->n_heap)
        sink(j, 0);
}

static void merge(job *j)
{
    while (j->n_heap) {
        const pair top = j->heap[0];
        const uint32_t a = root_of(j, top.a), b = root_of(j, top.b);

        if (a == b || !may_join(j, a, b)) {
            drop_first(j);
            continue;
        }
        const pair now = pair_of(j, a, b);

        if (!(now.similarity >= j->o->threshold)) {
            drop_first(j);
        } else if (now.a != top.a || now.b != top.b ||
                   now.similarity != top.similarity) {
            j->heap[0] = now;
            sink(j, 0);
        } else {
            drop_first(j);
            join(j, a, b);
        }
    }
}

/* ---- a round ---- */

/* Each pair once: of two that have each other, by the one with the lower number. */
static bool is_listed(const job *j, size_t row, uint32_t group)
{
    for (uint32_t i = 0; i < j->count[row]; i++)
        if (j->near[row * j->k + i].group == group)
            return true;
    return false;
}

static kao_status fill_heap(job *j, const uint32_t *row_of, kao_error *err)
{
    size_t n = 0;

    for (size_t i = 0; i < j->n_open; i++)
        n += j->count[i];
    if (n > j->cap_heap) {
        kao_free(j->mem, j->heap);
        j->heap = kao_calloc(j->mem, n, sizeof *j->heap);
        j->cap_heap = j->heap ? n : 0;
        if (!j->heap)
            return kao_fail(err, KAO_E_NOMEM, "cluster: out of memory");
    }
    j->n_heap = 0;
    for (size_t i = 0; i < j->n_open; i++)
        for (uint32_t c = 0; c < j->count[i]; c++) {
            const uint32_t a = j->open[i], b = j->near[i * j->k + c].group;

            if (b < a && is_listed(j, row_of[b], a))
                continue;
            const pair p = pair_of(j, a, b);

            if (p.similarity >= j->o->threshold)
                j->heap[j->n_heap++] = p;
        }
    for (size_t i = j->n_heap / 2; i-- > 0;)
        sink(j, i);
    return KAO_OK;
}

/* Those whose list was full are looked at again; rows is free for use. */
static void open_full(job *j, uint32_t *rows)
{
    size_t n = 0;

    memset(rows, 0, j->n * sizeof *rows);
    for (size_t i = 0; i < j->n_open; i++) {
        const uint32_t root = root_of(j, j->open[i]);

        if (j->count[i] < j->k || rows[root])
            continue;
        rows[root] = 1;
        j->open[n++] = root;
    }
    j->n_open = n;
}

static kao_status run_rounds(kao_context *ctx, job *j, uint32_t *row_of, kao_error *err)
{
    const kao_sums s = sums_of(j);
    kao_status st = KAO_OK;
    bool more = true;

    while (!st && more && j->n_open > 1) {
        const kao_near_wanted w = { .groups = j->open,
                                    .n = j->n_open,
                                    .k = j->k,
                                    .least = j->o->threshold - SLACK,
                                    .may = may_join,
                                    .user = j };

        st = kao_near_find(ctx, &s, &w, j->near, j->count, err);
        for (size_t i = 0; i < j->n_open; i++)
            row_of[j->open[i]] = (uint32_t)i;
        if (!st)
            st = fill_heap(j, row_of, err);
        more = j->n_heap > 0; /* without a pair a further round would find the same */
        if (!st)
            merge(j);
        if (!st)
            open_full(j, row_of);
    }
    return st;
}

/* ---- what is known beforehand ---- */

static int by_key(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

/* number(i) above, i below; in order. */
static void sort_keys(uint64_t *keys, const void *numbers, size_t n)
{
    const uint32_t *number = numbers;

    for (size_t i = 0; i < n; i++)
        keys[i] = (uint64_t)number[i] << 32 | i;
    qsort(keys, n, sizeof *keys, by_key);
}

static void order_pictures(job *j)
{
    size_t first = 0;

    sort_keys(j->by_picture, j->o->picture, j->n);
    for (size_t i = 0; i < j->n; i++) {
        if (j->by_picture[i] >> 32 != j->by_picture[first] >> 32)
            first = i;
        j->place[(uint32_t)j->by_picture[i]] = (uint32_t)first;
    }
}

static void order_apart(job *j)
{
    for (size_t i = 0; i < j->o->n_apart; i++) {
        const uint64_t a = j->o->apart[2 * i], b = j->o->apart[2 * i + 1];

        j->by_apart[j->n_by_apart++] = a << 32 | b;
        j->by_apart[j->n_by_apart++] = b << 32 | a;
    }
    qsort(j->by_apart, j->n_by_apart, sizeof *j->by_apart, by_key);
}

/* keys: room for n. */
static void join_fixed(job *j, uint64_t *keys)
{
    sort_keys(keys, j->o->fixed, j->n);
    for (size_t i = 1; i < j->n; i++)
        if (keys[i] >> 32 != 0 && keys[i] >> 32 == keys[i - 1] >> 32)
            join(j, root_of(j, (uint32_t)keys[i - 1]), root_of(j, (uint32_t)keys[i]));
}

/* ---- the answer ---- */

/* Groups by size, then by first face. */
static void number_groups(const job *j, uint64_t *keys, uint32_t *number_of,
                          uint32_t *groups, size_t *n_groups)
{
    size_t n = 0;

    memset(number_of, 0, j->n * sizeof *number_of);
    for (size_t i = 0; i < j->n; i++) {
        const uint32_t root = root_of(j, (uint32_t)i);

        if (number_of[root])
            continue;
        number_of[root] = 1;
        /* the larger, the smaller the key; the first face tells the root again */
        keys[n++] = (uint64_t)(UINT32_MAX - j->size[root]) << 32 | i;
    }
    qsort(keys, n, sizeof *keys, by_key);
    for (size_t i = 0; i < n; i++)
        number_of[root_of(j, (uint32_t)keys[i])] = (uint32_t)i;
    for (size_t i = 0; i < j->n; i++)
        groups[i] = number_of[root_of(j, (uint32_t)i)];
    *n_groups = n;
}

/* ---- the call ---- */

static kao_status take_vectors(job *j, const float *vectors, kao_error *err)
{
    for (size_t i = 0; i < j->n; i++) {
        double square = 0;

        for (size_t k = 0; k < j->dim; k++) {
            const double x = (double)vectors[i * j->dim + k];

            square += x * x;
        }
        if (!isfinite((float)square))
            return kao_fail(err, KAO_E_ARG,
                            "cluster: vector %zu: a number that is not finite, or too "
                            "large",
                            i);
        j->half[i] = (float)(square / 2);
        j->size[i] = 1;
        j->parent[i] = j->last[i] = j->open[i] = (uint32_t)i;
        if (j->fixed)
            j->fixed[i] = j->o->fixed[i];
    }
    memcpy(j->sums, vectors, j->n * j->dim * sizeof *vectors);
    return KAO_OK;
}

static bool take_memory(job *j)
{
    kao_mem *mem = j->mem;
    uint32_t **const numbers[] = { &j->size,  &j->parent, &j->next, &j->last,
                                   &j->place, &j->open,   &j->count };
    bool fine = true;

    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        *numbers[i] = kao_calloc(mem, j->n, sizeof **numbers[i]);
        fine = fine && *numbers[i];
    }
    j->fixed = j->o->fixed ? kao_calloc(mem, j->n, sizeof *j->fixed) : NULL;
    j->by_picture = j->o->picture ? kao_calloc(mem, j->n, sizeof *j->by_picture) : NULL;
    if (j->o->apart && j->o->n_apart) {
        j->by_apart = kao_calloc(mem, j->o->n_apart, 2 * sizeof *j->by_apart);
        fine = fine && j->by_apart;
    }
    j->half = kao_calloc(mem, j->n, sizeof *j->half);
    j->sums = kao_calloc(mem, j->n, j->dim * sizeof *j->sums);
    j->near = kao_calloc(mem, j->n, j->k * sizeof *j->near);
    return fine && (j->fixed || !j->o->fixed) && (j->by_picture || !j->o->picture) &&
           j->half && j->sums && j->near;
}

static void give_memory(job *j)
{
    void *const blocks[] = { j->sums, j->half,       j->size,  j->parent,  j->next,
                             j->last, j->fixed,      j->place, j->open,    j->near,
                             j->heap, j->by_picture, j->count, j->by_apart };

    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++)
        kao_free(j->mem, blocks[i]);
}

static kao_status check(const float *vectors, size_t n, size_t dim,
                        const kao_cluster_options *o, const uint32_t *groups,
                        const size_t *n_groups, kao_error *err)
{
    if (o->size < sizeof *o || !n_groups || (n && (!vectors || !groups || !dim)))
        return kao_fail(err, KAO_E_ARG,
                        "cluster: no vectors, options or room for groups");
    if (!(o->threshold >= -1 && o->threshold <= 1))
        return kao_fail(err, KAO_E_ARG, "cluster: threshold %g: wanted -1 to 1",
                        (double)o->threshold);
    if (n > KAO_CLUSTER_MAX_FACES || dim > MOST_DIM ||
        o->neighbours > KAO_CLUSTER_MAX_NEIGHBOURS)
        return kao_fail(err, KAO_E_LIMIT,
                        "cluster: %zu faces of %zu numbers, %u neighbours: at most %d, "
                        "%d and %d",
                        n, dim, o->neighbours, KAO_CLUSTER_MAX_FACES, MOST_DIM,
                        KAO_CLUSTER_MAX_NEIGHBOURS);
    for (size_t i = 0; o->apart && i < o->n_apart; i++)
        if (o->apart[2 * i] >= n || o->apart[2 * i + 1] >= n)
            return kao_fail(err, KAO_E_ARG, "cluster: pair %zu: there is no such face",
                            i);
    return KAO_OK;
}

kao_status kao_cluster(kao_context *ctx, const float *vectors, size_t n, size_t dim,
                       const kao_cluster_options *o, uint32_t *groups, size_t *n_groups,
                       kao_error *err)
{
    /* the first form of the options ended before `apart` */
    const size_t first_form = offsetof(kao_cluster_options, apart);
    kao_cluster_options all = { .size = 0 };
    job j = { .o = &all, .n = n, .dim = dim };

    if (n_groups)
        *n_groups = 0;
    if (!ctx)
        return kao_fail(err, KAO_E_ARG, "cluster: no context");
    if (o)
        memcpy(&all, o,
               o->size < first_form   ? sizeof all.size
               : o->size < sizeof all ? first_form
                                      : sizeof all);
    if (all.size >= first_form)
        all.size = sizeof all;
    o = &all;
    kao_status st = check(vectors, n, dim, o, groups, n_groups, err);

    if (st || n == 0)
        return st;
    j.mem = &ctx->mem;
    j.k = o->neighbours ? o->neighbours : USUAL_NEIGHBOURS;
    /* no face has more of them */
    j.k = j.k < n ? j.k : (uint32_t)n;
    /* row_of and keys serve several steps */
    uint32_t *row_of = kao_calloc(j.mem, n, sizeof *row_of);
    uint64_t *keys = kao_calloc(j.mem, n, sizeof *keys);

    if (!take_memory(&j) || !row_of || !keys)
        st = kao_fail(err, KAO_E_NOMEM, "cluster: out of memory for %zu faces", n);
    if (!st)
        st = take_vectors(&j, vectors, err);
    if (!st) {
        if (j.by_picture)
            order_pictures(&j);
        if (j.by_apart)
            order_apart(&j);
        if (j.fixed)
            join_fixed(&j, keys);
        for (size_t i = 0; i < n; i++)
            if (j.parent[i] == i)
                j.open[j.n_open++] = (uint32_t)i;
        st = run_rounds(ctx, &j, row_of, err);
    }
    if (!st)
        number_groups(&j, keys, row_of, groups, n_groups);
    kao_free(j.mem, keys);
    kao_free(j.mem, row_of);
    give_memory(&j);
    return st;
}
