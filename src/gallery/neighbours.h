/* The most alike of many: for each of a set of means the k nearest others, exactly. */
#ifndef KAO_GALLERY_NEIGHBOURS_H
#define KAO_GALLERY_NEIGHBOURS_H

#include "base/context.h"

/* Groups of vectors, each with the sum of its own. */
typedef struct kao_sums {
    size_t dim;
    const float *sums;    /* dim floats a group */
    const uint32_t *size; /* vectors in it */
    const float *half;    /* half the mean square of their lengths */
} kao_sums;

/* The mean similarity of a vector of one group and a vector of the other; the order of the two
 * does not matter, to the bit. */
float kao_sums_similarity(const kao_sums *s, uint32_t a, uint32_t b);

typedef struct kao_near {
    float similarity;
    uint32_t group;
} kao_near;

typedef struct kao_near_wanted {
    const uint32_t *groups; /* n of them, compared among themselves */
    size_t n;
    uint32_t k;
    float least; /* similarity, within 1e-5 of kao_sums_similarity */
    /* Asked of a pair that is alike enough, by any thread. */
    bool (*may)(const void *user, uint32_t a, uint32_t b);
    const void *user;
} kao_near_wanted;

/* near: n times k, those of groups[i] from i * k on, best first (equals by number); count: n of
 * them, how many there are. KAO_E_NOMEM. */
kao_status kao_near_find(kao_context *ctx, const kao_sums *s, const kao_near_wanted *w,
                         kao_near *near, uint32_t *count, kao_error *err);

#endif
