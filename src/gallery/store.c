/* Reading and writing rows of a store. The file and its head are store_file.c's. */
#include <math.h>
#include <string.h>

#include "gallery/store_parts.h"

/* ---- rows ---- */

static uint64_t mix(uint64_t h, uint64_t x)
{
    h = (h ^ x) * UINT64_C(0x9E3779B97F4A7C15);
    return h ^ h >> 29;
}

/* Four sums side by side: one after the other they would take the time of a comparison. */
uint64_t kao_store_hash(const void *bytes, size_t n)
{
    const uint8_t *p = bytes;
    uint64_t h[4] = { n, 1, 2, 3 };
    size_t i = 0;

    for (; i + sizeof h <= n; i += sizeof h) {
        uint64_t x[4];

        memcpy(x, p + i, sizeof x);
        for (size_t k = 0; k < 4; k++)
            h[k] = mix(h[k], x[k]);
    }
    for (; i < n; i++)
        h[i % 4] = mix(h[i % 4], p[i]);
    return mix(mix(mix(h[0], h[1]), h[2]), h[3]);
}

static uint32_t check_of(const kao_store *b, const kao_chunk *c, size_t i)
{
    uint64_t h = kao_store_hash(c->floats + i * b->dim, b->dim * sizeof(float));

    h = mix(h, (uint64_t)c->sample[i]);
    h = mix(h, (uint64_t)c->person[i]);
    h = mix(h, (uint64_t)c->born[i]);
    return (uint32_t)(h >> 32);
}

bool kao_store_row_is_whole(const kao_store *b, size_t row)
{
    const kao_chunk *c = kao_store_chunk(b, row);
    const size_t i = row % KAO_STORE_ROWS;

    return c->check[i] == check_of(b, c, i);
}

bool kao_store_row_is_right(const kao_store *b, size_t row)
{
    const kao_chunk *c = kao_store_chunk(b, row);
    const size_t i = row % KAO_STORE_ROWS;
    uint8_t *bytes = kao_alloc(b->mem, b->size);
    kao_quantised t;
    const bool right = bytes && kao_store_row_is_whole(b, row) &&
                       kao_quantise_row(c->floats + i * b->dim, b->dim, bytes, &t) &&
                       memcmp(bytes, c->bytes + i * b->size, b->size) == 0 &&
                       memcmp(&t.scale, &c->scale[i], sizeof t.scale) == 0 &&
                       memcmp(&t.norm, &c->norm[i], sizeof t.norm) == 0 &&
                       memcmp(&t.residual, &c->residual[i], sizeof t.residual) == 0 &&
                       memcmp(&t.offset, &c->offset[i], sizeof t.offset) == 0;

    kao_free(b->mem, bytes);
    return right;
}

/* ---- live rows by sample ---- */

static size_t home_of(const kao_store *b, int64_t sample)
{
    return (size_t)((uint64_t)sample * UINT64_C(0x9E3779B97F4A7C15) >> 20) &
           (b->n_slots - 1);
}

static int64_t sample_of(const kao_store *b, uint64_t row)
{
    return kao_store_chunk(b, row)->sample[row % KAO_STORE_ROWS];
}

static bool is_live(const kao_store *b, uint64_t row)
{
    return atomic_load_explicit(&kao_store_chunk(b, row)->died[row % KAO_STORE_ROWS],
                                memory_order_relaxed) == KAO_NEVER;
}

static void forget_slots(kao_store *b)
{
    kao_free(b->mem, b->slots);
    b->slots = NULL;
    b->n_slots = b->n_slotted = 0;
}

/* A sample that has a place gets the new row there: entries never go, rows that have ended are
 * passed over. */
static void put_slot(kao_store *b, uint64_t row)
{
    const int64_t sample = sample_of(b, row);
    size_t i = home_of(b, sample);

    while (b->slots[i] && sample_of(b, b->slots[i] - 1) != sample)
        i = (i + 1) & (b->n_slots - 1);
    b->n_slotted += !b->slots[i];
    b->slots[i] = row + 1;
}

static kao_status make_slots(kao_store *b, kao_error *err)
{
    size_t n = 1024;

    while (n < b->next.n_rows * 2 + 1024)
        n *= 2;
    forget_slots(b);
    b->slots = kao_calloc(b->mem, n, sizeof *b->slots);
    if (!b->slots)
        return kao_fail(err, KAO_E_NOMEM, "gallery: out of memory for its index");
    b->n_slots = n;
    for (uint64_t row = 0; row < b->next.n_rows; row++)
        if (is_live(b, row))
            put_slot(b, row);
    b->slots_of = b->next.generation;
    return KAO_OK;
}

kao_status kao_store_find(kao_store *b, int64_t sample, int64_t *row, kao_error *err)
{
    *row = KAO_NO_ROW;
    if (sample > b->next.last_sample) /* most are new */
        return KAO_OK;
    if (!b->slots || b->slots_of != b->next.generation) {
        const kao_status st = make_slots(b, err);

        if (st)
            return st;
    }
    size_t i = home_of(b, sample);

    while (b->slots[i] && sample_of(b, b->slots[i] - 1) != sample)
        i = (i + 1) & (b->n_slots - 1);
    if (b->slots[i] && is_live(b, b->slots[i] - 1))
        *row = (int64_t)(b->slots[i] - 1);
    return KAO_OK;
}

/* ---- writing rows ---- */

kao_status kao_store_add(kao_store *b, int64_t sample, int64_t person, int64_t born,
                         const float *vector, kao_error *err)
{
    const uint64_t row = b->next.n_rows;
    const size_t i = row % KAO_STORE_ROWS;
    kao_quantised t;

    if (row == (uint64_t)b->n_chunks * KAO_STORE_ROWS) {
        const kao_status st = kao_store_add_chunk(b, err);

        if (st)
            return st;
    }
    const kao_chunk *c = kao_store_chunk(b, row);

    /* a move hands over the floats of another row */
    memmove(c->floats + i * b->dim, vector, b->dim * sizeof *vector);
    if (!kao_quantise_row(vector, b->dim, c->bytes + i * b->size, &t))
        return kao_fail(err, KAO_E_FORMAT,
                        "sample %lld has a vector that is not finite",
                        (long long)sample);
    c->scale[i] = t.scale;
    c->norm[i] = t.norm;
    c->residual[i] = t.residual;
    c->offset[i] = t.offset;
    c->sample[i] = sample;
    c->person[i] = person;
    c->born[i] = born;
    c->check[i] = check_of(b, c, i);
    atomic_store_explicit(&c->died[i], KAO_NEVER, memory_order_relaxed);
    b->next.n_rows++;
    b->next.n_live++;
    if (sample > b->next.last_sample)
        b->next.last_sample = sample;
    if (b->slots && b->slots_of == b->next.generation) {
        put_slot(b, row);
        if (b->n_slotted * 2 > b->n_slots)
            forget_slots(b);
    }
    return KAO_OK;
}

void kao_store_end_row(kao_store *b, size_t row, int64_t died)
{
    b->next.n_live -= is_live(b, row);
    atomic_store_explicit(&kao_store_chunk(b, row)->died[row % KAO_STORE_ROWS], died,
                          memory_order_relaxed);
}

static void zero_row(kao_store *b, size_t row)
{
    const kao_chunk *c = kao_store_chunk(b, row);
    const size_t i = row % KAO_STORE_ROWS;

    memset(c->bytes + i * b->size, 0, b->size);
    memset(c->floats + i * b->dim, 0, b->dim * sizeof *c->floats);
    c->scale[i] = c->norm[i] = c->residual[i] = c->offset[i] = 0;
    c->person[i] = 0;
    c->check[i] = 0;
}

static bool is_among(const int64_t *samples, size_t n, int64_t sample)
{
    size_t lo = 0;

    for (size_t hi = n; lo < hi;) {
        const size_t mid = lo + (hi - lo) / 2;

        if (samples[mid] < sample)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < n && samples[lo] == sample;
}

/* In a file rows that no state holds may lie behind the last one. */
kao_status kao_store_erase(kao_store *b, const int64_t *samples, size_t n, int64_t died,
                           kao_error *err)
{
    const uint64_t n_rows =
        b->path ? (uint64_t)b->n_chunks * KAO_STORE_ROWS : b->next.n_rows;

    if (n == 0)
        return KAO_OK;
    kao_store_erasing(b, true);
    for (uint64_t row = 0; row < n_rows; row++) {
        if (!is_among(samples, n, sample_of(b, row)))
            continue;
        if (row < b->next.n_rows)
            kao_store_end_row(b, row, died);
        zero_row(b, row);
    }
    const bool synced = !b->path || kao_shared_sync(&b->file);

    kao_store_erasing(b, false);
    return synced
               ? KAO_OK
               : kao_fail(err, KAO_E_IO, "%s: cannot be written to the disk", b->path);
}
