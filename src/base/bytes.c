/* See bytes.h. */
#include "base/bytes.h"

#include <string.h>

#include "base/reader.h"

bool kao_bytes_reserve(kao_bytes *b, size_t n)
{
    size_t want = 0, cap = b->cap ? b->cap : 16 << 10;

    if (!kao_add(b->n, n, &want) || want > b->max) {
        b->over = true;
        return false;
    }
    if (want <= b->cap)
        return true;
    while (cap < want)
        cap = cap > b->max / 2 ? b->max : cap * 2;
    uint8_t *p = kao_grow(b->mem, b->p, b->n, cap);

    if (!p)
        return false;
    b->p = p;
    b->cap = cap;
    return true;
}

bool kao_bytes_add(kao_bytes *b, const void *p, size_t n)
{
    if (!kao_bytes_reserve(b, n))
        return false;
    if (n) /* p may be NULL, and so may b->p */
        memcpy(b->p + b->n, p, n);
    b->n += n;
    return true;
}

void kao_bytes_free(kao_bytes *b)
{
    kao_free(b->mem, b->p);
    b->p = NULL;
    b->n = b->cap = 0;
}

bool kao_bytes_add_csv(kao_bytes *b, const char *s)
{
    if (!s[strcspn(s, ",\"\n\r")])
        return kao_bytes_add(b, s, strlen(s));
    bool fine = kao_bytes_add(b, "\"", 1);

    for (; fine && *s; s++)
        fine = (*s != '"' || kao_bytes_add(b, "\"", 1)) && kao_bytes_add(b, s, 1);
    return fine && kao_bytes_add(b, "\"", 1);
}
