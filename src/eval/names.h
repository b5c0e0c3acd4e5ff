/* Names (of pictures, of groups) numbered in the order of their first appearance. */
#ifndef KAO_EVAL_NAMES_H
#define KAO_EVAL_NAMES_H

#include "base/bytes.h"

typedef struct kao_name_table {
    kao_bytes text; /* each name with its end */
    size_t *at;     /* of name i: its place in text */
    size_t n, cap;
    uint32_t *slots; /* a hash table: 0, or number + 1 */
    size_t n_slots;
} kao_name_table;

void kao_name_table_init(kao_name_table *t, kao_mem *mem);
/* Empty again, as after init. */
void kao_name_table_fini(kao_name_table *t);

/* The number of a name, a new one where it is new. False: out of memory. */
bool kao_name_number(kao_name_table *t, const char *name, uint32_t *number);
/* Name i < n, until the next one is added. */
const char *kao_name_at(const kao_name_table *t, size_t i);

#endif
