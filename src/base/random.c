/* See random.h. */
#include "base/random.h"

#include <math.h>
#include <string.h>

void kao_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
{
    uint32_t c[4], k[2] = { key[0], key[1] };

    memcpy(c, counter, sizeof c);
    for (int round = 0; round < 10; round++) {
        const uint64_t a = (uint64_t)0xd2511f53u * c[0],
                       b = (uint64_t)0xcd9e8d57u * c[2];
        const uint32_t next[4] = { (uint32_t)(b >> 32) ^ c[1] ^ k[0], (uint32_t)b,
                                   (uint32_t)(a >> 32) ^ c[3] ^ k[1], (uint32_t)a };

        memcpy(c, next, sizeof c);
        k[0] += 0x9e3779b9u; /* Weyl: the golden ratio, and the square root of 3, - 1 */
        k[1] += 0xbb67ae85u;
    }
    memcpy(out, c, sizeof c);
}

kao_random kao_random_stream(uint64_t seed, uint64_t a, uint32_t b)
{
    return (kao_random){ .key = { (uint32_t)seed, (uint32_t)(seed >> 32) },
                         .counter = { 0, b, (uint32_t)a, (uint32_t)(a >> 32) },
                         .used = 4 };
}

uint32_t kao_random_u32(kao_random *r)
{
    if (r->used == 4) {
        kao_philox(r->counter, r->key, r->block);
        r->counter[0]++;
        r->used = 0;
    }
    return r->block[r->used++];
}

float kao_random_float(kao_random *r, float lo, float hi)
{
    const float v = lo + (hi - lo) * (float)(kao_random_u32(r) >> 8) / 16777216.0f;

    return v < hi ? v : nextafterf(hi, lo); /* the sum may have been rounded up to hi */
}

uint32_t kao_random_below(kao_random *r, uint32_t n)
{
    return (uint32_t)((uint64_t)kao_random_u32(r) * n >> 32);
}

float kao_random_normal(kao_random *r)
{
    const double u = ((double)kao_random_u32(r) + 1) / 4294967296.0;
    const double v = (double)kao_random_u32(r) / 4294967296.0;

    return (float)(sqrt(-2 * log(u)) * cos(6.283185307179586 * v));
}
