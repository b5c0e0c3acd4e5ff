/* See scan.h. */
#include "kernels/scan.h"

enum { GROUP = 4 };

size_t kao_scan_packed_bytes(const kao_scan_slot *s, size_t n)
{
    return n * s->width * (s->form == KAO_SCAN_WORDS ? sizeof(int16_t) : 1);
}

/* Where integer i of query j stands. */
static size_t place_of(const kao_scan_slot *s, size_t j, size_t i)
{
    const size_t group = i / GROUP, at = i % GROUP;

    if (s->width == 1)
        return i;
    if (s->form == KAO_SCAN_BYTES)
        return (group * s->width + j) * GROUP + at;
    /* 8 queries' pairs of even integers, then their odd ones */
    return (group * s->width + j / 8 * 8) * GROUP + (at % 2) * 16 + j % 8 * 2 + at / 2;
}

void kao_scan_pack(const kao_scan_slot *s, const int8_t *queries, size_t n_queries,
                   size_t n, void *packed, int32_t *bias)
{
    int8_t *bytes = packed;
    int16_t *words = packed;

    for (size_t j = 0; j < s->width; j++) {
        int32_t sum = 0;

        for (size_t i = 0; i < n; i++) {
            const int8_t q = j < n_queries ? queries[j * n + i] : (int8_t)0;
            const size_t to = place_of(s, j, i);

            if (s->form == KAO_SCAN_WORDS)
                words[to] = q;
            else
                bytes[to] = q;
            sum += q;
        }
        bias[j] = (int32_t)(-128u * (uint32_t)sum);
    }
}
