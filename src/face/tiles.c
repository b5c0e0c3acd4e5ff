/* See tiles.h. */
#include "face/tiles.h"

kao_tiling kao_tiling_of(uint32_t level, uint32_t all, uint32_t most, uint32_t step)
{
    const uint32_t o = KAO_TILE_OVERLAP;
    kao_tiling t = { .n = 1, .span = level, .length = all, .all = all };

    if (level <= most)
        return t;
    t.n = (level - o + most - o - 1) / (most - o);
    t.span = (level + (t.n - 1) * o + t.n - 1) / t.n;
    t.span = (t.span + step - 1) / step * step;
    t.length = (uint32_t)((uint64_t)t.span * all / level) & ~1u;
    t.length = t.length < 2 ? 2 : t.length;
    return t;
}

uint32_t kao_tiling_start(const kao_tiling *t, uint32_t i)
{
    return t->n > 1 ? (uint32_t)((uint64_t)i * (t->all - t->length) / (t->n - 1)) : 0;
}

/* The middle of the overlap between tiles i - 1 and i, and by how much both go past it. */
static float border(const kao_tiling *t, uint32_t i, float *margin)
{
    const float begin = (float)kao_tiling_start(t, i),
                end = (float)(kao_tiling_start(t, i - 1) + t->length);

    *margin = (end - begin) / 16;
    return (begin + end) / 2;
}

bool kao_tiling_owns(const kao_tiling *t, uint32_t i, float centre)
{
    float margin = 0;

    if (i > 0 && centre < border(t, i, &margin) - margin)
        return false;
    return i + 1 == t->n || centre <= border(t, i + 1, &margin) + margin;
}
