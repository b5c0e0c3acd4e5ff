/* Memory for the values of a plan: blocks that live at the same time get different bytes.
 *
 * Largest first, each at the lowest place that is free during its life ("greedy by size",
 * Pisarchyk and Lee, arXiv:2001.03288). Graphs of many thousand values fall back to one
 * sweep in order of birth, which is linear in practice. */
#include <stdlib.h>
#include <string.h>

#include "nn/plan.h"

enum { GREEDY_LIMIT = 4096 };

static size_t aligned(size_t n)
{
    return (n + KAO_ALIGN - 1) / KAO_ALIGN * KAO_ALIGN;
}

static bool overlap_in_time(const kao_block *a, const kao_block *b)
{
    return a->first <= b->last && b->first <= a->last;
}

/* Sift-down of a heap of indices; `before` orders them. */
static void sort_indices(const kao_block *blocks, uint32_t *index, uint32_t n,
                         bool (*before)(const kao_block *a, const kao_block *b))
{
    for (uint32_t gap = n / 2; gap > 0;
         gap /= 2) /* Shell sort: in place, no recursion */
        for (uint32_t i = gap; i < n; i++) {
            const uint32_t v = index[i];
            uint32_t j = i;

            for (; j >= gap && before(&blocks[v], &blocks[index[j - gap]]); j -= gap)
                index[j] = index[j - gap];
            index[j] = v;
        }
}

static bool larger(const kao_block *a, const kao_block *b)
{
    return a->bytes != b->bytes ? a->bytes > b->bytes : a->first < b->first;
}

static bool lower(const kao_block *a, const kao_block *b)
{
    return a->offset < b->offset;
}

/* placed: indices of blocks with an offset, in order of offset. */
static size_t lowest_gap(const kao_block *blocks, const uint32_t *placed, uint32_t n,
                         const kao_block *b)
{
    size_t at = 0;

    for (uint32_t i = 0; i < n; i++) {
        const kao_block *other = &blocks[placed[i]];

        if (!overlap_in_time(b, other))
            continue;
        if (other->offset >= at && other->offset - at >= aligned(b->bytes))
            return at;
        if (other->offset + aligned(other->bytes) > at)
            at = other->offset + aligned(other->bytes);
    }
    return at;
}

kao_status kao_memory_plan(kao_block *blocks, uint32_t n, uint32_t *scratch,
                           size_t *total, kao_error *err)
{
    uint32_t *placed = scratch + n;

    *total = 0;
    for (uint32_t i = 0; i < n; i++)
        scratch[i] = i;
    sort_indices(blocks, scratch, n, larger);
    for (uint32_t i = 0, n_placed = 0; i < n; i++) {
        kao_block *b = &blocks[scratch[i]];

        if (n > GREEDY_LIMIT) { /* no reuse: the arena's limit still holds */
            b->offset = *total;
        } else {
            b->offset = lowest_gap(blocks, placed, n_placed, b);
            uint32_t at = n_placed++;

            for (; at > 0 && lower(b, &blocks[placed[at - 1]]); at--)
                placed[at] = placed[at - 1];
            placed[at] = scratch[i];
        }
        const size_t end = b->offset + aligned(b->bytes);

        if (end > KAO_MAX_ARENA)
            return kao_fail(err, KAO_E_LIMIT, "more than %llu MiB of activations",
                            (unsigned long long)(KAO_MAX_ARENA >> 20));
        *total = end > *total ? end : *total;
    }
    return KAO_OK;
}
