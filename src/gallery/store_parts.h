/* What store.c and store_file.c share. */
#ifndef KAO_GALLERY_STORE_PARTS_H
#define KAO_GALLERY_STORE_PARTS_H

#include <stdatomic.h>

#include "gallery/store.h"

#define KAO_NEVER INT64_MAX

/* At the beginning of the file. Each byte that says anything is under a check: the fixed part
 * under its own, a state under its, and of the three numbers in between one that is wrong leads
 * to a state that does not hold, or to work for nothing. */
struct kao_store_head {
    _Atomic uint64_t magic; /* written when the first state is */
    uint32_t form, rows, dim, size;
    char model[(KAO_ID_BYTES + 7) / 8 * 8];
    uint64_t check; /* of form to model */
    _Atomic uint64_t generation;
    _Atomic uint64_t writer; /* the generation that is being made, or has been */
    _Atomic uint64_t erasures;
    kao_store_state state[2];
};

uint64_t kao_store_hash(const void *bytes, size_t n);
/* Room for KAO_STORE_ROWS more rows. */
kao_status kao_store_add_chunk(kao_store *b, kao_error *err);
void kao_store_erasing(kao_store *b, bool begins);

#endif
