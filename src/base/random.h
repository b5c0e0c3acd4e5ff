/* Random numbers by counter: number i of stream (seed, a, b) needs no number before it, so
 * that threads, ranks and resumed runs draw the same. Philox4x32-10 (Salmon, Moraes, Dror,
 * Shaw: Parallel random numbers: as easy as 1, 2, 3; SC11). */
#ifndef KAO_BASE_RANDOM_H
#define KAO_BASE_RANDOM_H

#include <stdint.h>

/* 128 random bits for a counter and a key. */
void kao_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

typedef struct kao_random { /* a stream, drawn from its beginning */
    uint32_t key[2], counter[4], block[4];
    uint32_t used; /* of block */
} kao_random;

/* The stream of a seed and two numbers of the caller's choice (a sample, its purpose). */
kao_random kao_random_stream(uint64_t seed, uint64_t a, uint32_t b);
uint32_t kao_random_u32(kao_random *r);
/* lo <= v < hi, 24 bits. */
float kao_random_float(kao_random *r, float lo, float hi);
/* 0 .. n-1; n > 0. Bias below n / 2^32. */
uint32_t kao_random_below(kao_random *r, uint32_t n);
/* Mean 0, deviation 1 (Box and Muller, 1958). */
float kao_random_normal(kao_random *r);

#endif
