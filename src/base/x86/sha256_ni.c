/* SHA-256 by the SHA instructions (Intel SDM 2B, SHA256RNDS2, SHA256MSG1, SHA256MSG2): two
 * rounds at a time on the state as two registers, a b e f and c d g h from high to low; the
 * message schedule in four registers of four words, the oldest replaced by the newest. */
#include <immintrin.h>

#include "base/sha256.h"

/* Words t .. t+3 from the 16 before: a, b, c, d in the order of their age. */
static inline __m128i next_words(__m128i a, __m128i b, __m128i c, __m128i d)
{
    const __m128i t_7 = _mm_alignr_epi8(d, c, 4); /* W[t-7] .. W[t-4] */

    return _mm_sha256msg2_epu32(_mm_add_epi32(_mm_sha256msg1_epu32(a, b), t_7), d);
}

void kao_sha256_blocks_ni(uint32_t state[8], const uint8_t *p, size_t n_blocks)
{
    const __m128i big_endian =
        _mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3);
    uint32_t s[8];
    __m128i abef, cdgh, w[4];

    for (int i = 0; i < 4; i++) { /* low to high: f e b a, h g d c */
        s[i] = state[i < 2 ? 5 - i : 3 - i];
        s[4 + i] = state[i < 2 ? 7 - i : 5 - i];
    }
    abef = _mm_loadu_si128((const __m128i *)(const void *)s);
    cdgh = _mm_loadu_si128((const __m128i *)(const void *)(s + 4));
    for (; n_blocks > 0; n_blocks--, p += KAO_SHA256_BLOCK) {
        const __m128i abef_before = abef, cdgh_before = cdgh;

#pragma GCC unroll 16
        for (int i = 0; i < 16; i++) { /* four rounds each */
            const __m128i *bytes = (const __m128i *)(const void *)p + i;

            w[i % 4] = i < 4 ? _mm_shuffle_epi8(_mm_loadu_si128(bytes), big_endian)
                             : next_words(w[i % 4], w[(i + 1) % 4], w[(i + 2) % 4],
                                          w[(i + 3) % 4]);
            const __m128i k = _mm_loadu_si128(
                (const __m128i *)(const void *)(kao_sha256_k + (size_t)4 * (size_t)i));
            const __m128i wk = _mm_add_epi32(w[i % 4], k);

            cdgh = _mm_sha256rnds2_epu32(cdgh, abef, wk);
            abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(wk, 0x0e));
        }
        abef = _mm_add_epi32(abef, abef_before);
        cdgh = _mm_add_epi32(cdgh, cdgh_before);
    }
    _mm_storeu_si128((__m128i *)(void *)s, abef);
    _mm_storeu_si128((__m128i *)(void *)(s + 4), cdgh);
    for (int i = 0; i < 4; i++) {
        state[i < 2 ? 5 - i : 3 - i] = s[i];
        state[i < 2 ? 7 - i : 5 - i] = s[4 + i];
    }
}
