/* SHA-256 (FIPS 180-4, 6.2): whole blocks straight from the bytes, the rest with its padding
 * (a one bit, zeros, the length in bits) from one or two blocks on the stack. */
#include "base/hash.h"

#include <string.h>

#include "base/cpu.h"
#include "base/sha256.h"

const uint32_t kao_sha256_k[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
    0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
    0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
    0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
    0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
    0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
    0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
    0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
    0xc67178f2,
};

static uint32_t rotr(uint32_t x, int n)
{
    return x >> n | x << (32 - n);
}

/* One round; the caller turns the names instead of moving the values. */
static inline void one_round(uint32_t a, uint32_t b, uint32_t c, uint32_t *d,
                             uint32_t e, uint32_t f, uint32_t g, uint32_t *h,
                             uint32_t kw)
{
    const uint32_t t1 =
        *h + (rotr(e, 6) ^ rotr(e, 11) ^ rotr(e, 25)) + ((e & f) ^ (~e & g)) + kw;

    *d += t1;
    *h = t1 + (rotr(a, 2) ^ rotr(a, 13) ^ rotr(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
}

static void blocks_c(uint32_t state[8], const uint8_t *p, size_t n_blocks)
{
    const uint32_t *k = kao_sha256_k;
    uint32_t w[64], s[8];

    for (; n_blocks > 0; n_blocks--, p += KAO_SHA256_BLOCK) {
        for (int t = 0; t < 16; t++)
            w[t] = kao_be32(p + (size_t)4 * (size_t)t);
        for (int t = 16; t < 64; t++) {
            const uint32_t x = w[t - 15], y = w[t - 2];

            w[t] = (rotr(y, 17) ^ rotr(y, 19) ^ y >> 10) + w[t - 7] +
                   (rotr(x, 7) ^ rotr(x, 18) ^ x >> 3) + w[t - 16];
        }
        memcpy(s, state, sizeof s);
        for (int t = 0; t < 64; t += 8) { /* a .. h are s[0] .. s[7] */
            one_round(s[0], s[1], s[2], &s[3], s[4], s[5], s[6], &s[7], k[t] + w[t]);
            one_round(s[7], s[0], s[1], &s[2], s[3], s[4], s[5], &s[6],
                      k[t + 1] + w[t + 1]);
            one_round(s[6], s[7], s[0], &s[1], s[2], s[3], s[4], &s[5],
                      k[t + 2] + w[t + 2]);
            one_round(s[5], s[6], s[7], &s[0], s[1], s[2], s[3], &s[4],
                      k[t + 3] + w[t + 3]);
            one_round(s[4], s[5], s[6], &s[7], s[0], s[1], s[2], &s[3],
                      k[t + 4] + w[t + 4]);
            one_round(s[3], s[4], s[5], &s[6], s[7], s[0], s[1], &s[2],
                      k[t + 5] + w[t + 5]);
            one_round(s[2], s[3], s[4], &s[5], s[6], s[7], s[0], &s[1],
                      k[t + 6] + w[t + 6]);
            one_round(s[1], s[2], s[3], &s[4], s[5], s[6], s[7], &s[0],
                      k[t + 7] + w[t + 7]);
        }
        for (int i = 0; i < 8; i++)
            state[i] += s[i];
    }
}

static kao_sha256_blocks_fn *blocks_on(uint32_t cpu)
{
#if defined(__x86_64__)
    if (cpu & KAO_CPU_SHA)
        return kao_sha256_blocks_ni;
#endif
    (void)cpu;
    return blocks_c;
}

void kao_sha256_on(uint32_t cpu, kao_span bytes, char text[KAO_SHA256_TEXT])
{
    static const char digits[] = "0123456789abcdef";
    uint32_t state[8] = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                          0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 };
    kao_sha256_blocks_fn *blocks = blocks_on(cpu);
    const size_t rest = bytes.n % KAO_SHA256_BLOCK;
    const size_t n_last = rest + 9 > KAO_SHA256_BLOCK ? 2 : 1;
    uint8_t last[2 * KAO_SHA256_BLOCK] = { 0 };
    uint8_t *end = last + n_last * KAO_SHA256_BLOCK;

    if (bytes.n >= KAO_SHA256_BLOCK)
        blocks(state, bytes.p, bytes.n / KAO_SHA256_BLOCK);
    if (rest)
        memcpy(last, bytes.p + (bytes.n - rest), rest);
    last[rest] = 0x80;
    for (int i = 0; i < 8; i++)
        end[-1 - i] = (uint8_t)((uint64_t)bytes.n * 8 >> 8 * i);
    blocks(state, last, n_last);
    for (int i = 0; i < 64; i++)
        text[i] = digits[state[i / 8] >> (28 - i % 8 * 4) & 15];
    text[64] = '\0';
}

void kao_sha256(kao_span bytes, char text[KAO_SHA256_TEXT])
{
    kao_sha256_on(kao_cpu_detect(), bytes, text);
}
