/* Memory for the values of a plan: blocks that live at the same time get different bytes.
 *
 * Largest first, each at the lowest place that is free during its life ("greedy by size",
 * Pisarchyk and Lee, arXiv:2001.03288): time grows with n^2, so graphs of many thousand
 * values are swept in order of birth instead, each block at the lowest place that is free
 * among those that live (while these are few; else at the end). */
#include <stdlib.h>
#include <string.h>

#include "base/reader.h"
#include "nn/plan.h"

enum { GREEDY_LIMIT = 4096, SWEEP_LIVE = 256 };

static bool overlap_in_time(const kao_block *a, const kao_block *b)
{
    return a->first <= b->last && b->first <= a->last;
}

typedef bool order(const kao_block *a, const kao_block *b);

static bool larger(const kao_block *a, const kao_block *b)
{
    return a->bytes != b->bytes ? a->bytes > b->bytes : a->first < b->first;
}

static bool earlier(const kao_block *a, const kao_block *b)
{
    return a->first < b->first;
}

static bool lower(const kao_block *a, const kao_block *b)
{
    return a->offset < b->offset;
}

static void sift_down(const kao_block *blocks, uint32_t *index, uint32_t n, uint32_t at,
                      order *before)
{
    const uint32_t v = index[at];

    for (uint32_t child = 2 * at + 1; child < n; child = 2 * at + 1) {
        if (child + 1 < n && before(&blocks[index[child]], &blocks[index[child + 1]]))
            child++;
        if (!before(&blocks[v], &blocks[index[child]]))
            break;
        index[at] = index[child];
        at = child;
    }
    index[at] = v;
}

/* Heap sort: in place, no recursion, no bad case. */
static void sort_indices(const kao_block *blocks, uint32_t *index, uint32_t n,
                         order *before)
{
    for (uint32_t i = n / 2; i-- > 0;)
        sift_down(blocks, index, n, i, before);
    for (uint32_t i = n; i > 1; i--) {
        const uint32_t v = index[0];

        index[0] = index[i - 1];
        index[i - 1] = v;
        sift_down(blocks, index, i - 1, 0, before);
    }
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
        if (other->offset >= at &&
            other->offset - at >= kao_round_up(b->bytes, KAO_ALIGN))
            return at;
        if (other->offset + kao_round_up(other->bytes, KAO_ALIGN) > at)
            at = other->offset + kao_round_up(other->bytes, KAO_ALIGN);
    }
    return at;
}

static void insert(const kao_block *blocks, uint32_t *placed, uint32_t n,
                   uint32_t block)
{
    for (; n > 0 && lower(&blocks[block], &blocks[placed[n - 1]]); n--)
        placed[n] = placed[n - 1];
    placed[n] = block;
}

/* Without those that died before step `first`. */
static uint32_t drop_dead(const kao_block *blocks, uint32_t *placed, uint32_t n,
                          uint32_t first)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < n; i++)
        if (blocks[placed[i]].last >= first)
            placed[kept++] = placed[i];
    return kept;
}

kao_status kao_memory_plan(kao_block *blocks, uint32_t n, uint32_t *scratch,
                           uint64_t limit, size_t *total, kao_error *err)
{
    const bool sweep = n > GREEDY_LIMIT;
    uint32_t *placed = scratch + n;
    uint32_t n_placed = 0, swept = 0;

    *total = 0;
    for (uint32_t i = 0; i < n; i++)
        scratch[i] = i;
    sort_indices(blocks, scratch, n, sweep ? earlier : larger);
    for (uint32_t i = 0; i < n; i++) {
        kao_block *b = &blocks[scratch[i]];

        if (sweep && (n_placed <= SWEEP_LIVE || i - swept > n_placed)) {
            n_placed = drop_dead(blocks, placed, n_placed, b->first);
            swept = i;
        }
        b->offset = sweep && n_placed > SWEEP_LIVE
                        ? *total
                        : lowest_gap(blocks, placed, n_placed, b);
        if (b->bytes > limit || b->offset > limit - b->bytes)
            return kao_fail(err, KAO_E_LIMIT, "more than %llu MiB of activations",
                            (unsigned long long)(limit >> 20));
        insert(blocks, placed, n_placed++, scratch[i]);
        const size_t end = b->offset + kao_round_up(b->bytes, KAO_ALIGN);

        *total = end > *total ? end : *total;
    }
    return KAO_OK;
}
