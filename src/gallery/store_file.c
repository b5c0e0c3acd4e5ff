/* A store's head, its states, and the file that they lie in. */
#include <stdio.h>
#include <string.h>

#include "gallery/store_parts.h"

enum {
    FORM = 1,
    UNIT = 64 << 10, /* of parts that are mapped: any machine's pages */
    HEAD_BYTES = UNIT,
    MOST_TRIES = 1000,
};

#define MAGIC UINT64_C(0x7865646e696f616b) /* "kaoindex" */

_Static_assert(sizeof(kao_store_head) <= HEAD_BYTES,
               "the head has its part of the file");

static size_t round_up(size_t n, size_t unit)
{
    return (n + unit - 1) / unit * unit;
}

void kao_store_init(kao_store *b, kao_mem *mem, const char *model, uint32_t dim)
{
    const size_t size = kao_quantised_size(dim);

    *b = (kao_store){ .mem = mem, .dim = dim, .size = size, .file = { .fd = -1 } };
    snprintf(b->model, sizeof b->model, "%s", model);
    /* bytes, floats, terms, four numbers and the check */
    b->chunk_bytes =
        round_up(KAO_STORE_ROWS * (size + dim * sizeof(float) + 4 * sizeof(float) +
                                   4 * sizeof(int64_t) + sizeof(uint32_t)),
                 UNIT);
}

static kao_chunk parts_of(const kao_store *b, uint8_t *p)
{
    enum { N = KAO_STORE_ROWS };
    float *terms = (float *)(void *)(p + N * b->size);
    int64_t *numbers = (int64_t *)(void *)(terms + 4 * N + N * (size_t)b->dim);

    return (kao_chunk){
        .bytes = p,
        .scale = terms,
        .norm = terms + N,
        .residual = terms + 2 * N,
        .offset = terms + 3 * N,
        .floats = terms + 4 * N,
        .sample = numbers,
        .person = numbers + N,
        .born = numbers + 2 * N,
        .died = (_Atomic int64_t *)(void *)(numbers + 3 * N),
        .check = (uint32_t *)(void *)(numbers + 4 * N),
    };
}

/* ---- chunks ---- */

static kao_status widen(kao_store *b, size_t n, kao_error *err)
{
    size_t cap = b->cap_chunks ? b->cap_chunks : 64;

    if (n <= b->cap_chunks)
        return KAO_OK;
    while (cap < n)
        cap *= 2;
    kao_chunk *bigger =
        kao_grow(b->mem, b->chunks, b->n_chunks * sizeof *bigger, cap * sizeof *bigger);

    if (!bigger)
        return kao_fail(err, KAO_E_NOMEM, "gallery: out of memory for its index");
    b->chunks = bigger;
    b->cap_chunks = cap;
    return KAO_OK;
}

/* Of a file: those up to n. */
static kao_status map_chunks(kao_store *b, size_t n, kao_error *err)
{
    const uint64_t from = HEAD_BYTES + (uint64_t)b->n_chunks * b->chunk_bytes;
    const uint64_t bytes = (uint64_t)(n - b->n_chunks) * b->chunk_bytes;

    if (n <= b->n_chunks)
        return KAO_OK;
    if (kao_shared_bytes(&b->file) < from + bytes)
        return kao_fail(err, KAO_E_FORMAT, "%s: is cut off", b->path);
    const kao_status st = widen(b, n, err);

    if (st)
        return st;
    uint8_t *p = kao_shared_map(&b->file, from, (size_t)bytes);

    if (!p)
        return kao_fail(err, KAO_E_IO, "%s: cannot be mapped", b->path);
    for (; b->n_chunks < n; p += b->chunk_bytes)
        b->chunks[b->n_chunks++] = parts_of(b, p);
    return KAO_OK;
}

kao_status kao_store_add_chunk(kao_store *b, kao_error *err)
{
    kao_status st = widen(b, b->n_chunks + 1, err);

    if (st)
        return st;
    if (b->path) {
        st = kao_shared_grow(&b->file,
                             HEAD_BYTES + (b->n_chunks + 1) * (uint64_t)b->chunk_bytes,
                             b->path, err);
        if (!st)
            st = map_chunks(b, b->n_chunks + 1, err);
        return st == KAO_E_FORMAT ? KAO_E_IO : st; /* it was cut just now */
    }
    uint8_t *p = kao_alloc(b->mem, b->chunk_bytes);

    if (!p)
        return kao_fail(err, KAO_E_NOMEM, "gallery: out of memory for its samples");
    b->chunks[b->n_chunks++] = parts_of(b, p);
    return KAO_OK;
}

/* ---- states ---- */

static uint64_t check_of(const kao_store_state *s)
{
    kao_store_state copy = *s;

    copy.check = 0;
    return kao_store_hash(&copy, sizeof copy);
}

static uint64_t check_of_head(const kao_store_head *h)
{
    const char *from = (const char *)&h->form;

    return kao_store_hash(from, (size_t)((const char *)&h->check - from));
}

static kao_status damaged(const kao_store *b, kao_error *err)
{
    return kao_fail(err, KAO_E_FORMAT, "%s: damaged, or not finished", b->path);
}

static bool head_fits(const kao_store *b)
{
    const kao_store_head *h = b->head;

    return atomic_load(&h->magic) == MAGIC && h->form == FORM &&
           h->rows == KAO_STORE_ROWS && h->dim == b->dim && h->size == b->size &&
           strncmp(h->model, b->model, sizeof b->model) == 0 &&
           h->check == check_of_head(h);
}

/* Copied whole: a writer turns to a state only after it has left it alone for one turn. */
static bool copy_state(const kao_store_head *h, kao_store_state *s)
{
    for (int try = 0; try < MOST_TRIES; try++) {
        const uint64_t g = atomic_load_explicit(&h->generation, memory_order_acquire);

        memcpy(s, &h->state[g & 1], sizeof *s);
        atomic_thread_fence(memory_order_acquire);
        if (atomic_load_explicit(&h->generation, memory_order_relaxed) == g)
            return s->generation == g && s->check == check_of(s);
    }
    return false;
}

kao_status kao_store_read(kao_store *b, kao_store_state *s, kao_error *err)
{
    if (b->path && atomic_load(&b->head->magic) == 0)
        return kao_fail(err, KAO_E_CONFLICT, "%s: was removed", b->path);
    if (!copy_state(b->head, s) || s->n_rows > SIZE_MAX / 2 / b->chunk_bytes)
        return damaged(b, err);
    return b->path
               ? map_chunks(
                     b, (size_t)(s->n_rows + KAO_STORE_ROWS - 1) / KAO_STORE_ROWS, err)
               : KAO_OK;
}

uint64_t kao_store_erasures(const kao_store *b)
{
    atomic_thread_fence(memory_order_acquire);
    return atomic_load(&b->head->erasures);
}

bool kao_store_is_at_rest(const kao_store *b, const kao_store_state *s)
{
    return atomic_load(&b->head->generation) == s->generation &&
           atomic_load(&b->head->writer) == s->generation;
}

void kao_store_erasing(kao_store *b, bool begins)
{
    const uint64_t n = atomic_load(&b->head->erasures);

    atomic_store(&b->head->erasures, begins ? n | 1 : (n | 1) + 1);
}

static void write_state(kao_store *b, int64_t seen, int64_t token, bool synced)
{
    kao_store_head *h = b->head;
    const uint64_t of = b->next.generation;

    b->next.generation++;
    b->next.seen = seen;
    b->next.token = token;
    b->next.synced = synced;
    kao_shared_boot(b->next.boot);
    b->next.check = check_of(&b->next);
    memcpy(&h->state[b->next.generation & 1], &b->next, sizeof b->next);
    atomic_store_explicit(&h->generation, b->next.generation, memory_order_release);
    atomic_store(&h->writer, b->next.generation);
    if (b->slots_of == of)
        b->slots_of = b->next.generation;
}

void kao_store_publish(kao_store *b, int64_t seen, int64_t token)
{
    write_state(b, seen, token, false);
    b->changed = true;
    atomic_store(&b->head->magic, MAGIC);
}

/* ---- there, and not there any more ---- */

/* A head of no rows. */
static void fill_head(kao_store *b)
{
    kao_store_head *h = b->head;

    h->form = FORM;
    h->rows = KAO_STORE_ROWS;
    h->dim = b->dim;
    h->size = (uint32_t)b->size;
    memcpy(h->model, b->model, sizeof b->model);
    h->check = check_of_head(h);
    atomic_store(&h->erasures, 2);
    b->next = (kao_store_state){ .seen = -1 };
    write_state(b, -1, 0, false);
}

kao_status kao_store_in_memory(kao_store *b, kao_error *err)
{
    b->head = kao_calloc(b->mem, 1, sizeof *b->head);
    if (!b->head)
        return kao_fail(err, KAO_E_NOMEM, "gallery: out of memory for its index");
    fill_head(b);
    return KAO_OK;
}

/* An open file's head; the store keeps the path for its messages. */
static kao_status map_head(kao_store *b, const char *path, kao_error *err)
{
    b->path = kao_strdup(b->mem, path);
    if (!b->path)
        return kao_fail(err, KAO_E_NOMEM, "%s: out of memory", path);
    if (kao_shared_bytes(&b->file) < HEAD_BYTES)
        return damaged(b, err);
    b->head = kao_shared_map(&b->file, 0, HEAD_BYTES);
    return b->head ? KAO_OK : kao_fail(err, KAO_E_IO, "%s: cannot be mapped", path);
}

/* Was all of it on the disk, or has the machine run since? */
static bool is_there(const kao_store_state *s)
{
    char boot[KAO_BOOT_BYTES];

    kao_shared_boot(boot);
    return s->synced == 1 || (boot[0] && memcmp(boot, s->boot, sizeof boot) == 0);
}

kao_status kao_store_open(kao_store *b, const char *path, bool writable, kao_error *err)
{
    kao_store_state s;
    kao_status st = kao_shared_open(&b->file, b->mem, path,
                                    writable ? KAO_SHARED_WRITE : KAO_SHARED_READ, err);

    if (st)
        return st;
    st = map_head(b, path, err);
    if (!st && !head_fits(b))
        st = damaged(b, err);
    if (!st)
        st = kao_store_read(b, &s, err);
    if (!st && !is_there(&s))
        st = kao_fail(err, KAO_E_FORMAT, "%s: was not all on the disk", path);
    if (st == KAO_E_CONFLICT)
        st = KAO_E_FORMAT;
    if (st && st != KAO_E_FORMAT)
        kao_store_close(b);
    return st;
}

kao_status kao_store_create(kao_store *b, const char *path, kao_error *err)
{
    kao_status st = kao_shared_open(&b->file, b->mem, path, KAO_SHARED_NEW, err);

    if (st)
        return st;
    /* whoever finds it before it is locked takes it for a damaged one, and removes it */
    if (!kao_shared_lock(&b->file, 0) || !kao_shared_has_name(&b->file, path))
        st = kao_fail(err, KAO_E_CONFLICT, "%s: another program makes it", path);
    if (!st)
        st = kao_shared_grow(&b->file, HEAD_BYTES, path, err);
    if (!st)
        st = map_head(b, path, err);
    if (!st) {
        fill_head(b);
        return KAO_OK;
    }
    if (st != KAO_E_CONFLICT)
        kao_shared_wipe(&b->file, path, NULL);
    kao_store_close(b);
    return st;
}

kao_status kao_store_discard(kao_store *b, uint64_t generation, uint32_t wait_ms,
                             kao_error *err)
{
    kao_store_state s;
    kao_status st = KAO_OK;

    if (!kao_shared_lock(&b->file, wait_ms))
        st = kao_fail(err, KAO_E_IO, "%s: another program writes it", b->path);
    else if (kao_shared_has_name(&b->file, b->path)) {
        const bool holds = b->head && head_fits(b) && copy_state(b->head, &s) &&
                           is_there(&s) &&
                           kao_shared_bytes(&b->file) >=
                               HEAD_BYTES + (s.n_rows + KAO_STORE_ROWS - 1) /
                                                KAO_STORE_ROWS * b->chunk_bytes;

        if ((holds ? s.generation : 0) == generation)
            st = kao_shared_wipe(&b->file, b->path, err);
    }
    kao_store_close(b);
    return st;
}

void kao_store_settle(kao_store *b)
{
    kao_error none;

    if (!b->head || !b->path || !b->changed || kao_store_begin(b, 0, &none))
        return;
    if (!b->next.synced && kao_shared_sync(&b->file)) {
        write_state(b, b->next.seen, b->next.token, true);
        kao_shared_sync(&b->file);
    }
    b->changed = false;
    kao_store_end(b);
}

void kao_store_close(kao_store *b)
{
    for (size_t i = 0; i < b->n_chunks; i++)
        if (b->path)
            kao_shared_unmap(b->chunks[i].bytes, b->chunk_bytes);
        else
            kao_free(b->mem, b->chunks[i].bytes);
    if (b->path)
        kao_shared_unmap(b->head, HEAD_BYTES);
    else
        kao_free(b->mem, b->head);
    kao_shared_close(&b->file);
    kao_free(b->mem, b->chunks);
    kao_free(b->mem, b->slots);
    kao_free(b->mem, b->path);
    b->head = NULL;
    b->chunks = NULL;
    b->slots = NULL;
    b->path = NULL;
    b->n_chunks = b->cap_chunks = b->n_slots = b->n_slotted = 0;
    b->changed = false;
}

/* ---- one writer ---- */

/* What a writer left that came to no end. */
static void take_back(kao_store *b)
{
    for (uint64_t row = 0; row < b->next.n_rows; row++) {
        _Atomic int64_t *died = &kao_store_chunk(b, row)->died[row % KAO_STORE_ROWS];
        const int64_t at = atomic_load_explicit(died, memory_order_relaxed);

        if (at != KAO_NEVER && at > b->next.seen)
            atomic_store_explicit(died, KAO_NEVER, memory_order_relaxed);
    }
    if (kao_store_erasures(b) & 1)
        kao_store_erasing(b, false);
}

kao_status kao_store_begin(kao_store *b, uint32_t wait_ms, kao_error *err)
{
    kao_status st = KAO_OK;

    if (b->path && !kao_shared_lock(&b->file, wait_ms))
        return kao_fail(err, KAO_E_IO, "%s: another program writes it", b->path);
    if (b->path && !kao_shared_has_name(&b->file, b->path))
        st = kao_fail(err, KAO_E_CONFLICT, "%s: was removed", b->path);
    if (!st)
        st = kao_store_read(b, &b->next, err);
    if (!st && b->path)
        st = map_chunks(
            b, (size_t)((kao_shared_bytes(&b->file) - HEAD_BYTES) / b->chunk_bytes),
            err);
    if (st) {
        kao_store_end(b);
        return st;
    }
    if (atomic_load(&b->head->writer) != b->next.generation ||
        (kao_store_erasures(b) & 1))
        take_back(b);
    atomic_store(&b->head->writer, b->next.generation + 1);
    return KAO_OK;
}

void kao_store_end(kao_store *b)
{
    if (b->path)
        kao_shared_unlock(&b->file);
}
