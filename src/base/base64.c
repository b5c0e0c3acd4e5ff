/* See base64.h. */
#include "base/base64.h"

#include <sodium.h>
#include <string.h>

enum { FORM = sodium_base64_VARIANT_ORIGINAL };

bool kao_base64_add(kao_bytes *b, const void *bytes, size_t n)
{
    const size_t room = sodium_base64_encoded_len(n, FORM); /* with a NUL */

    if (!kao_bytes_reserve(b, room))
        return false;
    sodium_bin2base64((char *)b->p + b->n, room, bytes, n, FORM);
    b->n += room - 1;
    return true;
}

bool kao_base64_read(kao_bytes *b, const char *text, const char *blanks)
{
    const size_t n = strlen(text);
    size_t most = n / 4 * 3, got = 0;

    if (n == 0)
        return true;
    for (size_t i = 1; most && i < 3 && i < n && text[n - i] == '='; i++)
        most--;
    if (!kao_bytes_reserve(b, most))
        return false;
    uint8_t none[1]; /* where there is nothing to be had there may be no block either */

    if (sodium_base642bin(most ? b->p + b->n : none, most, text, n, blanks, &got, NULL,
                          FORM) != 0)
        return false;
    b->n += got;
    return true;
}
