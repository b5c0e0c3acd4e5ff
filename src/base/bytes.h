/* A growing block of bytes: what encoders and writers fill. */
#ifndef KAO_BASE_BYTES_H
#define KAO_BASE_BYTES_H

#include "base/mem.h"

typedef struct kao_bytes {
    kao_mem *mem;
    uint8_t *p;
    size_t n, cap, max; /* max: set by the owner; more is refused */
    bool over;          /* more was wanted */
} kao_bytes;

/* False where memory ran out or max would be passed; then nothing is added. */
bool kao_bytes_reserve(kao_bytes *b, size_t n);
bool kao_bytes_add(kao_bytes *b, const void *p, size_t n);
/* A field of CSV (RFC 4180): in quotes where it has to be. */
bool kao_bytes_add_csv(kao_bytes *b, const char *s);
/* Empty, without memory; mem and max stay. */
void kao_bytes_free(kao_bytes *b);

#endif
