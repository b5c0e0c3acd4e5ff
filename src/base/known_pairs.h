/* Which people of a gallery may be one: what to ask somebody about. Of the program. */
#ifndef KAO_BASE_KNOWN_PAIRS_H
#define KAO_BASE_KNOWN_PAIRS_H

#include "base/known.h"

enum { KAO_PAIRS_COMPARED = 3000 }; /* people, those with the most samples */

typedef struct kao_known_pair {
    /* people by index (groups by number, of an album). Into a the other would go: who has a name, has
     * more samples, came first */
    size_t a, b;
    float similarity; /* the mean of their samples' */
} kao_known_pair;

/* Into a list that is sorted, the most alike first; the last of `most` falls out. */
void kao_known_pair_put(kao_known_pair *list, size_t most, size_t *n,
                        kao_known_pair one);
/* Pairs that are as alike as least or more, the most alike first, `most` at most. Left out: whom
 * somebody has told apart, people with a sample each of one picture, and who is ignored. KAO_E_NOMEM. */
kao_status kao_known_pairs(const kao_known *k, kao_gallery *g, float least,
                           kao_known_pair *pairs, size_t most, size_t *n,
                           kao_error *err);

#endif
