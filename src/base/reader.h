/* A cursor over bytes that may lie, and checked arithmetic for sizes that come from them. */
#ifndef KAO_BASE_READER_H
#define KAO_BASE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct kao_span { /* borrowed bytes */
    const uint8_t *p;
    size_t n;
} kao_span;

typedef struct kao_reader {
    const uint8_t *begin, *p, *end;
    bool bad; /* sticky: set by the first short read; later reads give 0 */
} kao_reader;

static inline kao_reader kao_reader_of(kao_span s)
{
    /* an empty span may have no address */
    return (kao_reader){ s.p, s.p, s.n ? s.p + s.n : s.p, false };
}

static inline size_t kao_reader_left(const kao_reader *r)
{
    return r->bad ? 0 : (size_t)(r->end - r->p);
}

static inline size_t kao_reader_offset(const kao_reader *r)
{
    return (size_t)(r->p - r->begin);
}

static inline bool kao_reader_has(kao_reader *r, size_t n)
{
    if (!r->bad && n <= (size_t)(r->end - r->p))
        return true;
    r->bad = true;
    return false;
}

/* n bytes, or an empty span and bad. */
static inline kao_span kao_reader_take(kao_reader *r, size_t n)
{
    if (!kao_reader_has(r, n))
        return (kao_span){ NULL, 0 };
    const kao_span s = { r->p, n };

    r->p += n;
    return s;
}

static inline uint8_t kao_reader_u8(kao_reader *r)
{
    return kao_reader_has(r, 1) ? *r->p++ : 0;
}

static inline uint16_t kao_le16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t kao_le32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
           (uint32_t)p[3] << 24;
}

static inline uint64_t kao_le64(const uint8_t *p)
{
    return (uint64_t)kao_le32(p) | (uint64_t)kao_le32(p + 4) << 32;
}

static inline uint16_t kao_be16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t kao_be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 |
           (uint32_t)p[3];
}

/* False where the result does not fit; then *out is not to be used. */
static inline bool kao_mul(size_t a, size_t b, size_t *out)
{
    return !__builtin_mul_overflow(a, b, out);
}

static inline bool kao_add(size_t a, size_t b, size_t *out)
{
    return !__builtin_add_overflow(a, b, out);
}

/* The next multiple of step; for sizes that were checked: n + step - 1 must fit. */
static inline size_t kao_round_up(size_t n, size_t step)
{
    return (n + step - 1) / step * step;
}

#endif
