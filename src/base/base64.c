/* See base64.h. */
#include "base/base64.h"

#include <string.h>

static const char digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

bool kao_base64_add(kao_bytes *b, const void *bytes, size_t n)
{
    const uint8_t *p = bytes;
    bool fine = true;

    for (size_t i = 0; fine && i < n; i += 3) {
        const size_t left = n - i;
        const uint32_t v = (uint32_t)p[i] << 16 |
                           (left > 1 ? (uint32_t)p[i + 1] << 8 : 0) |
                           (left > 2 ? p[i + 2] : 0u);
        const char four[4] = { digits[v >> 18], digits[v >> 12 & 63],
                               left > 1 ? digits[v >> 6 & 63] : '=',
                               left > 2 ? digits[v & 63] : '=' };

        fine = kao_bytes_add(b, four, sizeof four);
    }
    return fine;
}

/* Four digits, of which the last `padding` stand for nothing. */
static bool read_four(const char *text, size_t padding, uint32_t *v)
{
    *v = 0;
    for (size_t i = 0; i < 4; i++) {
        const char *digit = i < 4 - padding ? strchr(digits, text[i]) : digits;

        if (!digit || !text[i])
            return false;
        *v = *v << 6 | (uint32_t)(digit - digits);
    }
    /* bits that no byte takes are 0 */
    return (*v & ((1u << 8 * padding) - 1)) == 0;
}

bool kao_base64_read(kao_bytes *b, const char *text)
{
    const size_t n = strlen(text);

    if (n % 4)
        return false;
    for (size_t i = 0; i < n; i += 4) {
        const size_t padding = i + 4 < n || text[i + 3] != '=' ? 0
                               : text[i + 2] != '='            ? 1
                                                               : 2;
        uint32_t v = 0;

        if (!read_four(text + i, padding, &v))
            return false;
        const uint8_t bytes[3] = { (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v };

        if (!kao_bytes_add(b, bytes, 3 - padding))
            return false;
    }
    return true;
}
