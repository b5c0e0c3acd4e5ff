/* See metadata.h. A model is one message; its fields are copied one by one. */
#include "onnx/metadata.h"

#include <string.h>

#include "onnx/wire.h"

enum { MODEL_META = 14, META_KEY = 1, META_VALUE = 2, KEY_BYTES = 256 };

/* The key of an entry; false: none, or one that is longer than any of ours. */
static bool read_key(kao_span entry, char key[KEY_BYTES])
{
    kao_reader r = kao_reader_of(entry);
    kao_pb_field f;
    bool found = false;

    while (kao_pb_next(&r, &f)) /* the last one counts */
        if (f.number == META_KEY && f.type == KAO_PB_BYTES) {
            found = f.bytes.n < KEY_BYTES;
            if (found) {
                memcpy(key, f.bytes.p, f.bytes.n);
                key[f.bytes.n] = '\0';
            }
        }
    return found && !r.bad;
}

static bool is_dropped(kao_span entry, const kao_onnx_entry *entries, size_t n,
                       bool (*drops)(const char *key))
{
    char key[KEY_BYTES];

    if (!read_key(entry, key))
        return false;
    for (size_t i = 0; i < n; i++)
        if (strcmp(entries[i].key, key) == 0)
            return true;
    return drops && drops(key);
}

/* ---- writing ---- */

static bool add_varint(kao_bytes *b, uint64_t v)
{
    uint8_t bytes[10];

    return kao_bytes_add(b, bytes, kao_pb_put_varint(bytes, v));
}

static bool add_string(kao_bytes *b, uint32_t field, const char *s)
{
    const size_t n = strlen(s);

    return add_varint(b, (uint64_t)field << 3 | KAO_PB_BYTES) && add_varint(b, n) &&
           (n == 0 || kao_bytes_add(b, s, n));
}

static bool add_entry(kao_bytes *b, const kao_onnx_entry *e)
{
    const size_t key = strlen(e->key), value = strlen(e->value);

    return add_varint(b, MODEL_META << 3 | KAO_PB_BYTES) &&
           add_varint(b, 2 + kao_pb_varint_bytes(key) + key +
                             kao_pb_varint_bytes(value) + value) &&
           add_string(b, META_KEY, e->key) && add_string(b, META_VALUE, e->value);
}

kao_status kao_onnx_put_metadata(kao_bytes *to, kao_span file,
                                 const kao_onnx_entry *entries, size_t n,
                                 bool (*drops)(const char *key), const char *name,
                                 kao_error *err)
{
    kao_reader r = kao_reader_of(file);
    const uint8_t *begin = r.p;
    kao_pb_field f;
    bool fine = true;

    while (fine && kao_pb_next(&r, &f)) {
        if (f.number != MODEL_META || f.type != KAO_PB_BYTES ||
            !is_dropped(f.bytes, entries, n, drops))
            fine = kao_bytes_add(to, begin, (size_t)(r.p - begin));
        begin = r.p;
    }
    if (r.bad)
        return kao_fail(err, KAO_E_FORMAT, "%s: not an ONNX file", name);
    for (size_t i = 0; fine && i < n; i++)
        fine = add_entry(to, &entries[i]);
    return fine ? KAO_OK : kao_fail(err, KAO_E_NOMEM, "%s: out of memory", name);
}
