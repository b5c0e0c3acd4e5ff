/* See write.h. Field numbers: onnx.proto of ONNX 1.16; files are of IR version 8, which all
 * readers since ONNX 1.10 know. */
#include "onnx/write.h"

#include <string.h>

#include "base/error.h"
#include "base/half.h"
#include "base/text.h"
#include "onnx/wire.h"

enum { IR_VERSION = 8 };
/* protobuf's own limit of a message */
#define MAX_BYTES ((size_t)INT32_MAX)

enum { /* field numbers */
       MODEL_IR = 1,
       MODEL_PRODUCER = 2,
       MODEL_DOC = 6,
       MODEL_GRAPH = 7,
       MODEL_OPSET = 8,
       MODEL_META = 14,
       OPSET_VERSION = 2,
       META_KEY = 1,
       META_VALUE = 2,
       GRAPH_NODE = 1,
       GRAPH_NAME = 2,
       GRAPH_TENSOR = 5,
       GRAPH_INPUT = 11,
       GRAPH_OUTPUT = 12,
       NODE_INPUT = 1,
       NODE_OUTPUT = 2,
       NODE_NAME = 3,
       NODE_OP = 4,
       NODE_ATTRIBUTE = 5,
       ATTRIBUTE_NAME = 1,
       ATTRIBUTE_F = 2,
       ATTRIBUTE_I = 3,
       ATTRIBUTE_S = 4,
       ATTRIBUTE_INTS = 8,
       ATTRIBUTE_TYPE = 20,
       TENSOR_DIMS = 1,
       TENSOR_TYPE = 2,
       TENSOR_NAME = 8,
       TENSOR_RAW = 9,
       TENSOR_DOC = 12,
       INFO_NAME = 1,
       INFO_TYPE = 2,
       TYPE_TENSOR = 1,
       TENSOR_TYPE_ELEMENT = 1,
       TENSOR_TYPE_SHAPE = 2,
       SHAPE_DIM = 1,
       DIM_VALUE = 1,
       DIM_NAME = 2,
};
enum {
    TYPE_FLOAT = 1,
    TYPE_INT = 2,
    TYPE_STRING = 3,
    TYPE_INTS = 7
}; /* of attributes */

/* ---- protobuf ---- */

static void raw(kao_onnx_writer *w, kao_bytes *b, const void *p, size_t n)
{
    w->failed = w->failed || (n && !kao_bytes_add(b, p, n));
}

static void varint(kao_onnx_writer *w, kao_bytes *b, uint64_t v)
{
    uint8_t bytes[10];

    raw(w, b, bytes, kao_pb_put_varint(bytes, v));
}

static void put_int(kao_onnx_writer *w, kao_bytes *b, uint32_t field, int64_t v)
{
    varint(w, b, (uint64_t)field << 3);
    varint(w, b, (uint64_t)v);
}

static void put_bytes(kao_onnx_writer *w, kao_bytes *b, uint32_t field, const void *p,
                      size_t n)
{
    varint(w, b, (uint64_t)field << 3 | 2);
    varint(w, b, n);
    raw(w, b, p, n);
}

static void put_string(kao_onnx_writer *w, kao_bytes *b, uint32_t field, const char *s)
{
    put_bytes(w, b, field, s, strlen(s));
}

static void put_joined(kao_onnx_writer *w, kao_bytes *b, uint32_t field, const char *a,
                       const char *end)
{
    varint(w, b, (uint64_t)field << 3 | 2);
    varint(w, b, strlen(a) + strlen(end));
    raw(w, b, a, strlen(a));
    raw(w, b, end, strlen(end));
}

/* What was written to `from` since its size was `mark` becomes a field of `to`. */
static void put_message(kao_onnx_writer *w, kao_bytes *to, uint32_t field,
                        kao_bytes *from, size_t mark)
{
    if (!w->failed)
        put_bytes(w, to, field, from->p + mark, from->n - mark);
    from->n = mark;
}

/* The last bytes of b, from `mark` on, become a field of b itself. */
static void wrap(kao_onnx_writer *w, kao_bytes *b, uint32_t field, size_t mark)
{
    const size_t n = b->n - mark;
    uint8_t head[20];
    kao_bytes h = { .p = head, .cap = sizeof head, .max = sizeof head };

    if (w->failed)
        return;
    varint(w, &h, (uint64_t)field << 3 | 2);
    varint(w, &h, n);
    raw(w, b, head, h.n); /* room for it, then everything moves up */
    if (w->failed)
        return;
    memmove(b->p + mark + h.n, b->p + mark, n);
    memcpy(b->p + mark, head, h.n);
}

/* ---- places ---- */

/* A multiple of what any element takes. The graph begins at one, and in it each tensor's
 * data at one of its elements' size, so that readers can use numbers where they lie. An
 * empty doc_string, then one of a few spaces, makes up for what is missing: padding takes 0
 * bytes or 2 and more. */
enum { PLACE = 8 };

static void put_padding(kao_onnx_writer *w, kao_bytes *b, uint32_t field, size_t n)
{
    static const char spaces[] =
        "                              "; /* of which few are taken */

    if (n)
        put_bytes(w, b, field, spaces, n - 2);
}

/* Bytes before a field of `bytes` bytes, so that its content begins at a multiple of unit:
 * it is behind `before` bytes of a message, which itself is a field (of a number below 16)
 * from `at` on; without one, nested is false. */
static size_t padding(size_t at, bool nested, size_t before, size_t bytes, size_t unit)
{
    for (size_t n = 0;; n += n ? 1 : 2) {
        const size_t inside = before + n + 1 + kao_pb_varint_bytes(bytes);
        const size_t outside = nested ? 1 + kao_pb_varint_bytes(inside + bytes) : 0;

        if ((at + outside + inside) % unit == 0)
            return n;
    }
}

/* ---- the graph ---- */

void kao_onnx_write_begin(kao_onnx_writer *w, kao_mem *mem, int64_t opset)
{
    const kao_bytes empty = { .mem = mem, .max = MAX_BYTES };

    *w = (kao_onnx_writer){
        .graph = empty, .meta = empty, .message = empty, .opset = opset
    };
    put_string(w, &w->graph, GRAPH_NAME, "kao");
}

static void value_info(kao_onnx_writer *w, uint32_t field, const char *name,
                       kao_dtype dtype, const int64_t *dims, int32_t rank)
{
    static const char *const free_names[] = { "N", "C", "H", "W" };
    kao_bytes *b = &w->message;
    const size_t type = b->n;

    put_int(w, b, TENSOR_TYPE_ELEMENT, (int64_t)dtype);
    const size_t shape = b->n;

    for (int32_t i = 0; i < rank; i++) {
        const size_t dim = b->n;

        if (dims[i] >= 0)
            put_int(w, b, DIM_VALUE, dims[i]);
        else if (i == 0 || (field == GRAPH_INPUT && i < 4))
            put_string(w, b, DIM_NAME, free_names[i]);
        wrap(w, b, SHAPE_DIM, dim);
    }
    wrap(w, b, TENSOR_TYPE_SHAPE, shape);
    wrap(w, b, TYPE_TENSOR, type);
    wrap(w, b, INFO_TYPE, type);
    put_string(w, b, INFO_NAME, name);
    put_message(w, &w->graph, field, b, type);
}

void kao_onnx_write_input(kao_onnx_writer *w, const char *name, kao_dtype dtype,
                          const int64_t *dims, int32_t rank)
{
    value_info(w, GRAPH_INPUT, name, dtype, dims, rank);
}

void kao_onnx_write_output(kao_onnx_writer *w, const char *name, kao_dtype dtype,
                           const int64_t *dims, int32_t rank)
{
    value_info(w, GRAPH_OUTPUT, name, dtype, dims, rank);
}

/* ---- attributes and tensors ---- */

/* Words of a text with spaces between. */
static bool next_word(const char **s, const char **word, size_t *n)
{
    *s += strspn(*s, " ");
    *word = *s;
    *n = strcspn(*s, " ");
    *s += *n;
    return *n > 0;
}

static void put_names(kao_onnx_writer *w, kao_bytes *b, uint32_t field, const char *s)
{
    const char *word = NULL;
    size_t n = 0;

    while (next_word(&s, &word, &n))
        put_bytes(w, b, field, word, n == 1 && *word == '-' ? 0 : n);
}

static void put_ints(kao_onnx_writer *w, kao_bytes *b, const char *s, const char *end)
{
    while (s < end) {
        double v = 0;

        if (!kao_text_number(&s, &v)) {
            w->failed = true;
            return;
        }
        put_int(w, b, ATTRIBUTE_INTS, (int64_t)v);
        s += *s == ',';
    }
    put_int(w, b, ATTRIBUTE_TYPE, TYPE_INTS);
}

/* "name=value", n characters. */
static void put_attribute(kao_onnx_writer *w, kao_bytes *b, const char *word, size_t n)
{
    const size_t mark = b->n, name = strcspn(word, "=");
    const char *value = word + name + 1, *p = value, *end = word + n;
    double v = 0;

    if (name >= n) {
        w->failed = true;
        return;
    }
    put_bytes(w, b, ATTRIBUTE_NAME, word, name);
    if (*value == '[') {
        put_ints(w, b, value + 1, end - 1);
    } else if (!kao_text_number(&p, &v) || p != end) {
        put_bytes(w, b, ATTRIBUTE_S, value, (size_t)(end - value));
        put_int(w, b, ATTRIBUTE_TYPE, TYPE_STRING);
    } else if (memchr(value, '.', (size_t)(end - value))) {
        const float f = (float)v;

        varint(w, b, (uint64_t)ATTRIBUTE_F << 3 | 5);
        raw(w, b, &f, sizeof f); /* little-endian, as the machines that kao runs on */
        put_int(w, b, ATTRIBUTE_TYPE, TYPE_FLOAT);
    } else {
        put_int(w, b, ATTRIBUTE_I, (int64_t)v);
        put_int(w, b, ATTRIBUTE_TYPE, TYPE_INT);
    }
    wrap(w, b, NODE_ATTRIBUTE, mark);
}

/* The message of a tensor, but for its data. */
static size_t tensor_head(kao_onnx_writer *w, const char *name, const char *end,
                          kao_dtype dtype, const int64_t *dims, int32_t rank)
{
    kao_bytes *b = &w->message;
    size_t bytes = kao_dtype_size((int)dtype);

    for (int32_t i = 0; i < rank; i++) {
        w->failed = w->failed || !kao_mul(bytes, (size_t)dims[i], &bytes);
        put_int(w, b, TENSOR_DIMS, dims[i]);
    }
    put_int(w, b, TENSOR_TYPE, (int64_t)dtype);
    put_joined(w, b, TENSOR_NAME, name, end);
    put_padding(w, b, TENSOR_DOC,
                padding(w->graph.n, true, b->n, bytes, kao_dtype_size((int)dtype)));
    return bytes;
}

void kao_onnx_write_tensor(kao_onnx_writer *w, const char *name, kao_dtype dtype,
                           const int64_t *dims, int32_t rank, const void *data)
{
    const size_t bytes = tensor_head(w, name, "", dtype, dims, rank);

    if (!w->failed)
        put_bytes(w, &w->message, TENSOR_RAW, data, bytes);
    put_message(w, &w->graph, GRAPH_TENSOR, &w->message, 0);
}

void kao_onnx_write_halves(kao_onnx_writer *w, const char *name, const int64_t *dims,
                           int32_t rank, const float *data)
{
    kao_bytes *b = &w->message;
    const size_t n =
        tensor_head(w, name, ".16", KAO_F16, dims, rank) / sizeof(uint16_t);

    varint(w, b, (uint64_t)TENSOR_RAW << 3 | 2);
    varint(w, b, n * sizeof(uint16_t));
    for (size_t i = 0; !w->failed && i < n; i++) {
        const uint16_t half = kao_float_to_half(data[i]);

        raw(w, b, &half, sizeof half);
    }
    put_message(w, &w->graph, GRAPH_TENSOR, b, 0);
    put_joined(w, b, NODE_INPUT, name, ".16");
    put_string(w, b, NODE_OUTPUT, name);
    put_string(w, b, NODE_NAME, name);
    put_string(w, b, NODE_OP, "Cast");
    put_attribute(w, b, "to=1", 4); /* KAO_F32 */
    put_message(w, &w->graph, GRAPH_NODE, b, 0);
}

/* ---- nodes, metadata, the end ---- */

void kao_onnx_write_node(kao_onnx_writer *w, const char *op, const char *inputs,
                         const char *outputs, const char *attributes)
{
    kao_bytes *b = &w->message;
    const size_t mark = b->n;
    const char *word = NULL;
    size_t n = 0;

    put_names(w, b, NODE_INPUT, inputs);
    put_names(w, b, NODE_OUTPUT, outputs);
    put_bytes(w, b, NODE_NAME, outputs, strcspn(outputs, " "));
    put_string(w, b, NODE_OP, op);
    while (next_word(&attributes, &word, &n))
        put_attribute(w, b, word, n);
    put_message(w, &w->graph, GRAPH_NODE, b, mark);
}

void kao_onnx_write_meta(kao_onnx_writer *w, const char *key, const char *value)
{
    kao_bytes *b = &w->message;
    const size_t mark = b->n;

    put_string(w, b, META_KEY, key);
    put_string(w, b, META_VALUE, value);
    put_message(w, &w->meta, MODEL_META, b, mark);
}

kao_status kao_onnx_write_end(kao_onnx_writer *w, uint8_t **bytes, size_t *n,
                              kao_error *err)
{
    kao_bytes *b = &w->message;

    *bytes = NULL;
    *n = 0;
    put_int(w, b, MODEL_IR, IR_VERSION);
    put_string(w, b, MODEL_PRODUCER, "kao");
    put_padding(w, b, MODEL_DOC, padding(0, false, b->n, w->graph.n, PLACE));
    put_message(w, b, MODEL_GRAPH, &w->graph, 0);
    const size_t mark = b->n;

    put_int(w, b, OPSET_VERSION, w->opset);
    wrap(w, b, MODEL_OPSET, mark);
    if (!w->failed)
        raw(w, b, w->meta.p, w->meta.n);
    kao_bytes_free(&w->graph);
    kao_bytes_free(&w->meta);
    if (w->failed) {
        kao_bytes_free(b);
        return kao_fail(err, KAO_E_NOMEM,
                        "writing a network: out of memory, or more than 2 GiB");
    }
    *bytes = b->p;
    *n = b->n;
    return KAO_OK;
}
