/* Open addressing with linear probing; FNV-1a. Names are opaque bytes (never printed raw).
 * Whoever makes a file can choose names of one hash; so the total of probes is bounded, also of
 * those that find a name, far above what a table that is at most half full needs. */
#include "onnx/names.h"

#include <string.h>

enum { PROBES_PER_NAME = 64, FREE_PROBES = 1 << 20 };

static uint32_t hash_of(kao_span s)
{
    uint32_t h = 2166136261u;

    for (size_t i = 0; i < s.n; i++)
        h = (h ^ s.p[i]) * 16777619u;
    return h;
}

bool kao_names_init(kao_names *t, kao_arena *arena, uint32_t cap)
{
    uint32_t n_slots = 16;

    while (n_slots < cap * 2)
        n_slots *= 2;
    *t = (kao_names){ .arena = arena, .cap = cap, .n_slots = n_slots };
    t->slots = kao_arena_calloc(arena, n_slots, sizeof *t->slots);
    t->list = kao_arena_calloc(arena, cap, sizeof *t->list);
    t->lengths = kao_arena_calloc(arena, cap, sizeof *t->lengths);
    t->hashes = kao_arena_calloc(arena, cap, sizeof *t->hashes);
    return t->slots && t->list && t->lengths && t->hashes;
}

bool kao_names_collide(const kao_names *t)
{
    return t->probes > (uint64_t)PROBES_PER_NAME * t->cap + FREE_PROBES;
}

bool kao_names_add(kao_names *t, kao_span name, uint32_t *number)
{
    const uint32_t h = hash_of(name);
    uint32_t at = h & (t->n_slots - 1);

    for (; t->slots[at]; at = (at + 1) & (t->n_slots - 1)) {
        const uint32_t i = t->slots[at] - 1;

        t->probes++;
        if (t->hashes[i] == h && t->lengths[i] == name.n &&
            memcmp(t->list[i], name.p, name.n) == 0) {
            *number = i;
            return !kao_names_collide(t);
        }
    }
    if (t->n == t->cap || kao_names_collide(t))
        return false;
    t->list[t->n] = kao_arena_str(t->arena, name.p, name.n);
    if (!t->list[t->n])
        return false;
    t->lengths[t->n] = name.n;
    t->hashes[t->n] = h;
    t->slots[at] = t->n + 1;
    *number = t->n++;
    return true;
}
