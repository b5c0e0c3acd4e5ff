/* The names of a graph's values, each given a number when it is first seen. */
#ifndef KAO_ONNX_NAMES_H
#define KAO_ONNX_NAMES_H

#include "base/arena.h"
#include "base/reader.h"

typedef struct kao_names {
    kao_arena *arena;
    uint32_t n, cap;   /* names; room in list */
    uint32_t n_slots;  /* a power of two, at least 2 * cap */
    uint32_t *slots;   /* number + 1, or 0 */
    const char **list; /* by number; terminated copies */
    size_t *lengths;
    uint32_t *hashes;
    uint64_t probes; /* slots looked at so far */
} kao_names;

/* Room for cap names. False: out of memory. */
bool kao_names_init(kao_names *t, kao_arena *arena, uint32_t cap);
/* The number of name, given now if it is new. False: out of memory or past cap, or names
 * that were made to collide (see kao_names_collide). */
bool kao_names_add(kao_names *t, kao_span name, uint32_t *number);
bool kao_names_collide(const kao_names *t);

#endif
