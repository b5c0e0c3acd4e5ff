/* Bump allocation in chunks that double from 16 KiB to 1 MiB; big blocks get a chunk of
 * their own size. Nothing is given back before kao_arena_fini. */
#include "base/arena.h"

#include <string.h>

#include "base/reader.h"

struct kao_arena_chunk {
    kao_arena_chunk *next;
    size_t size, used;
    _Alignas(KAO_ALIGN) unsigned char bytes[];
};

enum { FIRST_CHUNK = 16 << 10, LAST_CHUNK = 1 << 20 };

void kao_arena_init(kao_arena *a, kao_mem *mem, size_t limit)
{
    *a = (kao_arena){ .mem = mem, .limit = limit };
}

void kao_arena_fini(kao_arena *a)
{
    while (a->head) {
        kao_arena_chunk *next = a->head->next;

        kao_free(a->mem, a->head);
        a->head = next;
    }
    a->used = 0;
}

bool kao_arena_full(const kao_arena *a, size_t n)
{
    return n > a->limit || a->used > a->limit - n;
}

void *kao_arena_alloc(kao_arena *a, size_t n)
{
    const size_t align = n >= KAO_ALIGN ? KAO_ALIGN : 16;
    kao_arena_chunk *c = a->head;

    if (kao_arena_full(a, n))
        return NULL;
    if (!c || kao_round_up(c->used, align) > c->size ||
        n > c->size - kao_round_up(c->used, align)) {
        size_t size = c ? c->size * 2 : FIRST_CHUNK;

        if (size > LAST_CHUNK)
            size = LAST_CHUNK;
        if (size < n)
            size = n;
        c = kao_alloc(a->mem, sizeof *c + size);
        if (!c)
            return NULL;
        *c = (kao_arena_chunk){ .size = size };
        if (a->head && size == n && n > LAST_CHUNK) { /* keep the open chunk in front */
            c->next = a->head->next;
            a->head->next = c;
        } else {
            c->next = a->head;
            a->head = c;
        }
    }
    const size_t at = kao_round_up(c->used, align);

    c->used = at + n;
    a->used += n;
    return c->bytes + at;
}

void *kao_arena_calloc(kao_arena *a, size_t count, size_t size)
{
    size_t n = 0;

    if (__builtin_mul_overflow(count, size, &n))
        return NULL;
    void *p = kao_arena_alloc(a, n);

    if (p)
        memset(p, 0, n);
    return p;
}

char *kao_arena_str(kao_arena *a, const void *s, size_t n)
{
    char *p = n < SIZE_MAX ? kao_arena_alloc(a, n + 1) : NULL;

    if (p) {
        if (n)
            memcpy(p, s, n);
        p[n] = '\0';
    }
    return p;
}
