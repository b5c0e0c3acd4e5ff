/* The protobuf wire format, as it is read, and its numbers written (protobuf.dev, "Encoding").
 *
 * A message is a row of fields: key = number << 3 | type, then the value. Unknown fields
 * are skipped by reading past them. Groups (types 3 and 4) are refused: ONNX has none. */
#ifndef KAO_ONNX_WIRE_H
#define KAO_ONNX_WIRE_H

#include "base/reader.h"

enum { KAO_PB_VARINT = 0, KAO_PB_FIXED64 = 1, KAO_PB_BYTES = 2, KAO_PB_FIXED32 = 5 };

typedef struct kao_pb_field {
    uint32_t number;
    uint32_t type;
    uint64_t value; /* of a varint, fixed64 or fixed32 */
    kao_span bytes; /* of KAO_PB_BYTES; borrowed from the reader */
} kao_pb_field;

static inline uint64_t kao_pb_varint(kao_reader *r)
{
    uint64_t v = 0;

    for (unsigned shift = 0; shift < 64; shift += 7) {
        const uint8_t b = kao_reader_u8(r);

        v |= (uint64_t)(b & 0x7f) << shift;
        if (!(b & 0x80))
            return v;
    }
    r->bad = true; /* more than ten bytes */
    return 0;
}

/* The next field; false at the end of the message or where it is malformed (r->bad). */
static inline bool kao_pb_next(kao_reader *r, kao_pb_field *f)
{
    if (r->bad || r->p == r->end)
        return false;
    const uint64_t key = kao_pb_varint(r);

    *f = (kao_pb_field){ .number = (uint32_t)(key >> 3), .type = (uint32_t)(key & 7) };
    if (key >> 32 || f->number == 0)
        r->bad = true;
    else if (f->type == KAO_PB_VARINT)
        f->value = kao_pb_varint(r);
    else if (f->type == KAO_PB_FIXED64 && kao_reader_has(r, 8))
        f->value = kao_le64(kao_reader_take(r, 8).p);
    else if (f->type == KAO_PB_FIXED32 && kao_reader_has(r, 4))
        f->value = kao_le32(kao_reader_take(r, 4).p);
    else if (f->type == KAO_PB_BYTES) {
        const uint64_t n = kao_pb_varint(r);

        f->bytes = kao_reader_take(r, n > SIZE_MAX ? SIZE_MAX : (size_t)n);
    } else
        r->bad = true;
    return !r->bad;
}

/* Varints in a packed list: each has one last byte. */
static inline size_t kao_pb_count_varints(kao_span s)
{
    size_t n = 0;

    for (size_t i = 0; i < s.n; i++)
        n += !(s.p[i] & 0x80);
    return n;
}

/* v as it is written, at most ten bytes; gives how many. */
static inline size_t kao_pb_put_varint(uint8_t to[10], uint64_t v)
{
    size_t n = 0;

    for (; v > 127; v >>= 7)
        to[n++] = (uint8_t)(v | 128);
    to[n++] = (uint8_t)v;
    return n;
}

static inline size_t kao_pb_varint_bytes(uint64_t v)
{
    uint8_t bytes[10];

    return kao_pb_put_varint(bytes, v);
}

#endif
