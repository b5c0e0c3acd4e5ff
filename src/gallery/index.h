/* The samples' vectors in memory, kept in step with the gallery's file, and the search over
 * them. */
#ifndef KAO_GALLERY_INDEX_H
#define KAO_GALLERY_INDEX_H

#include "base/context.h"
#include "kao/gallery.h"

typedef struct kao_index {
    kao_context *ctx;
    int64_t seen; /* the newest change that is in it; -1: none was looked at */
    size_t n, cap;
    int64_t *sample, *person; /* numbers, n of each */
    float *vectors[KAO_GALLERY_MODELS];
    uint32_t *slots; /* by sample, open addressing: 1 + its place; 0: free */
    size_t n_slots;  /* a power of two */
} kao_index;

void kao_index_init(kao_index *x, kao_context *ctx);
void kao_index_fini(kao_index *x);

/* Take in what changed since the last call, by whomever. On failure it is empty, and the next
 * call begins anew. */
kao_status kao_index_refresh(kao_gallery *g, kao_error *err);

#endif
