/* See names.h. Open addressing, at most half of the slots in use. */
#include "eval/names.h"

#include <string.h>

#define TEXT_MAX ((size_t)1 << 30)

void kao_name_table_init(kao_name_table *t, kao_mem *mem)
{
    *t = (kao_name_table){ .text = { .mem = mem, .max = TEXT_MAX } };
}

void kao_name_table_fini(kao_name_table *t)
{
    kao_mem *mem = t->text.mem;

    kao_free(mem, t->at);
    kao_free(mem, t->slots);
    kao_bytes_free(&t->text);
    kao_name_table_init(t, mem);
}

const char *kao_name_at(const kao_name_table *t, size_t i)
{
    return (const char *)t->text.p + t->at[i];
}

/* FNV-1a, 64 bits. */
static uint64_t hash_of(const char *s)
{
    uint64_t h = 0xcbf29ce484222325u;

    for (; *s; s++)
        h = (h ^ (uint8_t)*s) * 0x100000001b3u;
    return h;
}

/* Where a name stands or would stand. */
static uint32_t *slot_of(const kao_name_table *t, const char *name)
{
    size_t i = (size_t)hash_of(name) & (t->n_slots - 1);

    while (t->slots[i] && strcmp(kao_name_at(t, t->slots[i] - 1), name) != 0)
        i = (i + 1) & (t->n_slots - 1);
    return &t->slots[i];
}

static bool widen_slots(kao_name_table *t)
{
    const size_t n = t->n_slots ? 2 * t->n_slots : 1024;
    uint32_t *slots = kao_calloc(t->text.mem, n, sizeof *slots);

    if (!slots)
        return false;
    kao_free(t->text.mem, t->slots);
    t->slots = slots;
    t->n_slots = n;
    for (uint32_t i = 0; i < t->n; i++)
        *slot_of(t, kao_name_at(t, i)) = i + 1;
    return true;
}

static bool widen(kao_name_table *t)
{
    const size_t cap = t->cap ? 2 * t->cap : 512;
    size_t *bigger =
        kao_grow(t->text.mem, t->at, t->n * sizeof *bigger, cap * sizeof *bigger);

    if (!bigger)
        return false;
    t->at = bigger;
    t->cap = cap;
    return true;
}

bool kao_name_number(kao_name_table *t, const char *name, uint32_t *number)
{
    if (2 * t->n >= t->n_slots && !widen_slots(t))
        return false;
    uint32_t *slot = slot_of(t, name);

    if (*slot == 0) {
        const size_t at = t->text.n;

        if ((t->n == t->cap && !widen(t)) ||
            !kao_bytes_add(&t->text, name, strlen(name) + 1))
            return false;
        t->at[t->n++] = at;
        *slot = (uint32_t)t->n;
    }
    *number = *slot - 1;
    return true;
}
