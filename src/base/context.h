/* The inside of kao_context: allocator, CPU mask, pool. */
#ifndef KAO_BASE_CONTEXT_H
#define KAO_BASE_CONTEXT_H

#include "base/mem.h"
#include "base/pool.h"
#include "kao/context.h"

struct kao_context {
    kao_mem mem;
    kao_pool *pool;
    uint32_t cpu; /* KAO_CPU_*: what kernels may use */
    /* Bounds of one plan below those of onnx/limits.h; 0: those. Tests and fuzzers set them
     * before the first load. */
    uint64_t max_work, max_arena;
    size_t index_from; /* samples from which a gallery's index is a file; 0: as it is */
};

#endif
