/* How pairs are put together; for pairs.c and people.c. */
#ifndef KAO_EVAL_PAIRS_PARTS_H
#define KAO_EVAL_PAIRS_PARTS_H

#include "eval/pairs.h"

void kao_pairs_begin(kao_pairs *p, kao_mem *mem);
/* False: out of memory, or more pairs than fit. */
bool kao_pairs_add(kao_pairs *p, uint32_t a, uint32_t b, bool same);

#endif
