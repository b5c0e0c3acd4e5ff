/* A growing arena: many small blocks that live and die together (a parsed graph, a plan). */
#ifndef KAO_BASE_ARENA_H
#define KAO_BASE_ARENA_H

#include "base/mem.h"

typedef struct kao_arena_chunk kao_arena_chunk;

typedef struct kao_arena {
    kao_mem *mem;
    kao_arena_chunk *head;
    size_t used, limit; /* bytes asked for so far, and the most allowed */
} kao_arena;

void kao_arena_init(kao_arena *a, kao_mem *mem, size_t limit);
void kao_arena_fini(kao_arena *a);

/* n bytes, aligned to 16 (to 64 where n >= 64), contents undefined; NULL when out of
 * memory or past the limit (kao_arena_full tells which). */
void *kao_arena_alloc(kao_arena *a, size_t n);
void *kao_arena_calloc(kao_arena *a, size_t count, size_t size);
/* A terminated copy of n bytes. */
char *kao_arena_str(kao_arena *a, const void *s, size_t n);
/* True if a further n bytes would pass the limit. */
bool kao_arena_full(const kao_arena *a, size_t n);

#endif
