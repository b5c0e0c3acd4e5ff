/* TensorProto -> kao_onnx_tensor.
 *
 * A tensor's numbers come as raw little-endian bytes, as a typed list (float_data,
 * double_data, int32_data for all small types, int64_data, uint64_data), or from another
 * file. The list may be packed or not in any file. The count must be what dims says: neither
 * fewer nor more. */
#include "onnx/tensor.h"

#include <stdlib.h>
#include <string.h>

#include "onnx/wire.h"

size_t kao_dtype_size(int dtype)
{
    switch (dtype) {
    case KAO_F32:
    case KAO_I32:
    case KAO_U32:
        return 4;
    case KAO_I64:
    case KAO_U64:
    case KAO_F64:
        return 8;
    case KAO_F16:
    case KAO_I16:
    case KAO_U16:
        return 2;
    case KAO_U8:
    case KAO_I8:
    case KAO_BOOL:
        return 1;
    default:
        return 0;
    }
}

const char *kao_dtype_name(int dtype)
{
    static const char *const names[] = {
        "undefined",      "float32",  "uint8",        "int8",           "uint16",
        "int16",          "int32",    "int64",        "string",         "bool",
        "float16",        "float64",  "uint32",       "uint64",         "complex64",
        "complex128",     "bfloat16", "float8e4m3fn", "float8e4m3fnuz", "float8e5m2",
        "float8e5m2fnuz", "uint4",    "int4",         "float4e2m1",     "float8e8m0",
        "uint2",          "int2",
    };

    return dtype >= 0 && (size_t)dtype < sizeof names / sizeof names[0]
               ? names[dtype]
               : "unknown type";
}

bool kao_dims_count(const int64_t *dims, int32_t rank, int64_t *n)
{
    int64_t p = 1;
    bool zero = false;

    for (int32_t i = 0; i < rank; i++) {
        if (dims[i] < 0)
            return false;
        if (dims[i] == 0) {
            zero = true;
        } else if (__builtin_mul_overflow(p, dims[i], &p) || p > KAO_MAX_ELEMENTS) {
            return false;
        }
    }
    *n = zero ? 0 : p;
    return true;
}

typedef struct raw_tensor { /* the fields as found, before they are checked */
    kao_onnx_tensor *t;
    int64_t dtype;
    kao_span raw;
    bool has_raw, is_external;
    int list_field; /* number of the typed list in use, or 0 */
    size_t n_list;  /* elements in it */
    const char *location;
    uint64_t offset, length;
    bool has_length;
} raw_tensor;

static bool is_list_field(uint32_t number)
{
    return number == 4 || number == 5 || number == 7 || number == 10 || number == 11;
}

/* Elements in one occurrence of a list field. */
static size_t list_count(const kao_pb_field *f)
{
    const size_t unit = f->number == 4 ? 4 : f->number == 10 ? 8 : 0; /* else varints */

    if (f->type != KAO_PB_BYTES)
        return 1;
    return unit ? f->bytes.n / unit : kao_pb_count_varints(f->bytes);
}

static kao_status parse_external_entry(raw_tensor *x, kao_span bytes, kao_arena *arena,
                                       kao_error *err)
{
    kao_reader r = kao_reader_of(bytes);
    kao_pb_field f;
    kao_span key = { 0 }, value = { 0 };

    while (kao_pb_next(&r, &f)) {
        if (f.number == 1 && f.type == KAO_PB_BYTES)
            key = f.bytes;
        else if (f.number == 2 && f.type == KAO_PB_BYTES)
            value = f.bytes;
    }
    if (r.bad)
        return kao_fail(err, KAO_E_FORMAT, "malformed external_data entry");
    const char *k = kao_arena_str(arena, key.p, key.n);
    const char *v = kao_arena_str(arena, value.p, value.n);

    if (!k || !v)
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    char *end = NULL;

    if (strcmp(k, "location") == 0) {
        x->location = v;
        return KAO_OK;
    }
    if (strcmp(k, "offset") != 0 && strcmp(k, "length") != 0)
        return KAO_OK; /* checksum, basepath: not needed */
    const unsigned long long n = strtoull(v, &end, 10);

    if (v[0] < '0' || v[0] > '9' || *end)
        return kao_fail(err, KAO_E_FORMAT, "external_data %s \"%s\" is no number", k,
                        v);
    if (strcmp(k, "offset") == 0) {
        x->offset = n;
    } else {
        x->length = n;
        x->has_length = true;
    }
    return KAO_OK;
}

static kao_status parse_dim(kao_onnx_tensor *t, uint64_t value, kao_error *err)
{
    if (t->rank == KAO_MAX_RANK)
        return kao_fail(err, KAO_E_LIMIT, "more than %d dimensions", KAO_MAX_RANK);
    if (value > INT64_MAX)
        return kao_fail(err, KAO_E_FORMAT, "dimension %d is negative", t->rank);
    t->dims[t->rank++] = (int64_t)value;
    return KAO_OK;
}

static kao_status parse_dims(kao_onnx_tensor *t, const kao_pb_field *f, kao_error *err)
{
    kao_status st = KAO_OK;

    if (f->type == KAO_PB_VARINT)
        return parse_dim(t, f->value, err);
    kao_reader r = kao_reader_of(f->bytes);

    while (!st && kao_reader_left(&r) > 0) {
        const uint64_t v = kao_pb_varint(&r);

        st = r.bad ? kao_fail(err, KAO_E_FORMAT, "malformed dims")
                   : parse_dim(t, v, err);
    }
    return st;
}

static kao_status parse_field(raw_tensor *x, const kao_pb_field *f, kao_arena *arena,
                              kao_error *err)
{
    if (f->number == 1)
        return parse_dims(x->t, f, err);
    if (f->number == 2 && f->type == KAO_PB_VARINT)
        x->dtype = f->value > 1000 ? 1000 : (int64_t)f->value;
    else if (f->number == 3)
        return kao_fail(err, KAO_E_UNSUPPORTED, "tensor in segments");
    else if (f->number == 8 && f->type == KAO_PB_BYTES) {
        x->t->name = kao_arena_str(arena, f->bytes.p, f->bytes.n);
        if (!x->t->name)
            return kao_fail(err, KAO_E_NOMEM, "out of memory");
    } else if (f->number == 9 && f->type == KAO_PB_BYTES) {
        x->raw = f->bytes;
        x->has_raw = true;
    } else if (f->number == 13 && f->type == KAO_PB_BYTES)
        return parse_external_entry(x, f->bytes, arena, err);
    else if (f->number == 14 && f->type == KAO_PB_VARINT)
        x->is_external = f->value == 1;
    else if (is_list_field(f->number)) {
        if (x->list_field && x->list_field != (int)f->number)
            return kao_fail(err, KAO_E_FORMAT, "two kinds of data");
        x->list_field = (int)f->number;
        x->n_list += list_count(f);
    }
    return KAO_OK;
}

static void store(void *data, kao_dtype dtype, int64_t i, uint64_t v)
{
    const size_t size = kao_dtype_size((int)dtype);

    if (dtype == KAO_BOOL)
        v = v != 0;
    if (size == 8)
        ((uint64_t *)data)[i] = v;
    else if (size == 4)
        ((uint32_t *)data)[i] = (uint32_t)v;
    else if (size == 2)
        ((uint16_t *)data)[i] = (uint16_t)v;
    else
        ((uint8_t *)data)[i] = (uint8_t)v;
}

/* The typed list of a tensor whose type and count are already checked. */
static bool read_list(const raw_tensor *x, kao_span bytes, void *data)
{
    kao_reader r = kao_reader_of(bytes);
    kao_pb_field f;
    int64_t i = 0;

    while (kao_pb_next(&r, &f)) {
        if ((int)f.number != x->list_field)
            continue;
        if (f.type != KAO_PB_BYTES) {
            if (i < x->t->n)
                store(data, x->t->dtype, i, f.value);
            i++;
            continue;
        }
        kao_reader list = kao_reader_of(f.bytes);

        while (!list.bad && list.p < list.end && i < x->t->n) {
            uint64_t v = 0;

            if (f.number == 4)
                v = kao_reader_has(&list, 4) ? kao_le32(kao_reader_take(&list, 4).p)
                                             : 0;
            else if (f.number == 10)
                v = kao_reader_has(&list, 8) ? kao_le64(kao_reader_take(&list, 8).p)
                                             : 0;
            else
                v = kao_pb_varint(&list);
            store(data, x->t->dtype, i++, v);
        }
        if (list.bad || list.p != list.end)
            return false;
    }
    return !r.bad && i == x->t->n;
}

static int list_field_of(kao_dtype dtype)
{
    return dtype == KAO_F32                       ? 4
           : dtype == KAO_I64                     ? 7
           : dtype == KAO_F64                     ? 10
           : dtype == KAO_U32 || dtype == KAO_U64 ? 11
                                                  : 5;
}

/* data from bytes in the file's order: borrowed where they are aligned. */
static kao_status use_raw(kao_onnx_tensor *t, kao_span raw, kao_arena *arena,
                          kao_error *err)
{
    const size_t size = kao_dtype_size((int)t->dtype), want = (size_t)t->n * size;

    if (raw.n != want)
        return kao_fail(err, KAO_E_FORMAT, "%zu bytes of data, its shape wants %zu",
                        raw.n, want);
    if (want == 0 || (uintptr_t)raw.p % size == 0) {
        t->data = raw.p;
    } else {
        void *copy = kao_arena_alloc(arena, want);

        if (!copy)
            return kao_fail(err, KAO_E_NOMEM, "out of memory");
        memcpy(copy, raw.p, want);
        t->data = copy;
    }
    for (size_t i = 0; t->dtype == KAO_BOOL && i < want; i++)
        if (raw.p[i] > 1)
            return kao_fail(err, KAO_E_FORMAT, "a bool that is neither 0 nor 1");
    return KAO_OK;
}

static kao_status take_data(raw_tensor *x, kao_span bytes, kao_arena *arena,
                            const kao_onnx_external *external, kao_error *err)
{
    kao_onnx_tensor *t = x->t;

    if (x->is_external) {
        kao_span span = { 0 };

        if (!x->location)
            return kao_fail(err, KAO_E_FORMAT, "external data without a place");
        if (!external)
            return kao_fail(err, KAO_E_FORMAT,
                            "external data in \"%s\": a model in memory has no files "
                            "beside it",
                            x->location);
        const kao_status st = external->fetch(external->user, x->location, x->offset,
                                              x->length, x->has_length, &span, err);

        return st ? st : use_raw(t, span, arena, err);
    }
    if (x->has_raw && !x->list_field)
        return use_raw(t, x->raw, arena, err);
    if (x->has_raw)
        return kao_fail(err, KAO_E_FORMAT, "two kinds of data");
    if (x->list_field && x->list_field != list_field_of(t->dtype))
        return kao_fail(err, KAO_E_FORMAT, "data in a field of another type");
    if (x->n_list != (size_t)t->n)
        return kao_fail(err, KAO_E_FORMAT, "%zu elements of data, its shape wants %lld",
                        x->n_list, (long long)t->n);
    void *data = kao_arena_calloc(arena, (size_t)t->n, kao_dtype_size((int)t->dtype));

    if (!data)
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    if (!read_list(x, bytes, data))
        return kao_fail(err, KAO_E_FORMAT, "malformed data");
    t->data = data;
    return KAO_OK;
}

kao_status kao_onnx_tensor_parse(kao_onnx_tensor *t, kao_span bytes, kao_arena *arena,
                                 const kao_onnx_external *external, kao_error *err)
{
    kao_status st = KAO_OK;
    kao_reader r = kao_reader_of(bytes);
    raw_tensor x = { .t = t };
    kao_pb_field f;

    *t = (kao_onnx_tensor){ .name = "" };
    while (!st && kao_pb_next(&r, &f))
        st = parse_field(&x, &f, arena, err);
    if (!st && r.bad)
        st = kao_fail(err, KAO_E_FORMAT, "malformed at its byte %zu",
                      kao_reader_offset(&r));
    if (!st && kao_dtype_size((int)x.dtype) == 0)
        st = kao_fail(err, KAO_E_UNSUPPORTED, "element type %s",
                      kao_dtype_name((int)x.dtype));
    if (!st && !kao_dims_count(t->dims, t->rank, &t->n))
        st = kao_fail(err, KAO_E_LIMIT, "more than %lld elements",
                      (long long)KAO_MAX_ELEMENTS);
    if (!st) {
        t->dtype = (kao_dtype)x.dtype;
        st = take_data(&x, bytes, arena, external, err);
    }
    return st ? kao_error_prefix(err, st, "tensor \"%s\"", t->name) : KAO_OK;
}
