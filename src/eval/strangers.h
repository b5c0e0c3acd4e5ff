/* How alike strangers look: the similarities of all pairs of different people in a set, or of
 * the different pairs of a list; and of the same person's, beside them.
 *
 * Thousands of pictures make tens of millions of pairs. Kept of them are counts by similarity,
 * and the most alike pairs of different people themselves: they decide low false-accept rates,
 * and those at the very top are where a person looks for a mistake in the set. */
#ifndef KAO_EVAL_STRANGERS_H
#define KAO_EVAL_STRANGERS_H

#include "base/pool.h"
#include "eval/scores.h"

enum { KAO_STRANGERS_BINS = 1 << 14 }; /* equal parts of -1..1; 1 is in the last */

typedef struct kao_alike { /* a pair of pictures of different people */
    float similarity;
    uint32_t a, b; /* a < b */
} kao_alike;

/* n pictures: a vector of dim floats each, of length 1 but for networks of distances, and who is on it
 * (numbers below n). */
typedef struct kao_portraits {
    const float *vectors;
    size_t dim, n;
    const uint32_t *person;
    const bool *usable; /* the others do not count */
} kao_portraits;

typedef struct kao_strangers {
    kao_mem *mem;
    uint64_t n_same, n_different;
    uint64_t *same, *different; /* counts by similarity */
    kao_alike *top;             /* most alike first; ties in the order of a, then b */
    size_t n_top;
} kao_strangers;

/* All pairs. Kept at the top: one in 500 of the different ones, 20,000 at least,
 * four million (2^22) at most.
 * Errors: KAO_E_NOMEM; then there is nothing to free. */
kao_status kao_strangers_of_all(kao_strangers *s, kao_mem *mem, const kao_pool *pool,
                                const kao_portraits *p, kao_error *err);

typedef struct kao_known_pair {
    uint32_t a, b;
    bool same;
} kao_known_pair;

/* The pairs of a list alone; all different ones are kept. */
kao_status kao_strangers_of_pairs(kao_strangers *s, kao_mem *mem,
                                  const kao_portraits *p, const kao_known_pair *pairs,
                                  size_t n, kao_error *err);
void kao_strangers_free(kao_strangers *s); /* {0} is fine */

/* The similarity that k of the different pairs reach; 1 <= k <= n_different. Below those kept
 * at the top it is the lower end of a bin. */
double kao_strangers_reached(const kao_strangers *s, uint64_t k);

/* Whether pairs that are as alike as the last ones at the top may be left out there. */
bool kao_strangers_cut(const kao_strangers *s);

/* How many of the different pairs reach a similarity; of one below those kept at the top, or where
 * they are cut there, to the nearest bin. */
uint64_t kao_strangers_passed(const kao_strangers *s, double similarity);

/* The share of the same person's pairs that reach a similarity, to the nearest bin; NaN: there
 * are none. */
double kao_strangers_found(const kao_strangers *s, double similarity);

/* 95 % intervals of the false-accept rates at n thresholds, rising: by bootstrap over people
 * (eval/bootstrap.h) of all pairs. Of a threshold below those kept at the top, or where they are
 * cut: NaN.
 * Errors: KAO_E_NOMEM. */
kao_status kao_strangers_intervals(const kao_strangers *s, const kao_portraits *p,
                                   uint64_t seed, const double *thresholds, size_t n,
                                   kao_interval *out, kao_error *err);

#endif
