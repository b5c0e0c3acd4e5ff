/* Chunks of a changed file carry wrong checksums, and libpng would look no further: in
 * every second input they are put right first. */
#include <stdlib.h>
#include <string.h>

#include "decode.h"

static uint32_t crc_of(const uint8_t *p, size_t n)
{
    uint32_t crc = 0xffffffff;

    for (size_t i = 0; i < n; i++) {
        crc ^= p[i];
        for (int k = 0; k < 8; k++)
            crc = crc & 1 ? 0xedb88320u ^ crc >> 1 : crc >> 1;
    }
    return ~crc;
}

/* Chunk: length, type, content, checksum of the last two. */
static void repair(uint8_t *p, size_t n)
{
    for (size_t at = 8; n > at && n - at >= 12;) {
        const size_t length = kao_be32(p + at);

        if (length > n - at - 12)
            return;
        const uint32_t crc = crc_of(p + at + 4, length + 4);
        uint8_t *to = p + at + 8 + length;

        for (int i = 0; i < 4; i++)
            to[i] = (uint8_t)(crc >> (24 - 8 * i));
        at += 12 + length;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n == 0 || data[n - 1] % 2)
        return fuzz_decode(kao_png_decode, data, n);
    uint8_t *copy = malloc(n);

    if (!copy)
        return 0;
    memcpy(copy, data, n);
    repair(copy, n);
    fuzz_decode(kao_png_decode, copy, n);
    free(copy);
    return 0;
}
