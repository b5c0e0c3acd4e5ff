/* See builder.h. Field numbers: onnx.proto (ONNX 1.16). */
#include "support/builder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- protobuf ---- */

void pb_free(pb *b)
{
    free(b->p);
    *b = (pb){ 0 };
}

void pb_raw(pb *b, const void *bytes, size_t n)
{
    if (b->n + n > b->cap) {
        b->cap = (b->n + n) * 2 + 64;
        b->p = realloc(b->p, b->cap);
        if (!b->p)
            abort();
    }
    if (n)
        memcpy(b->p + b->n, bytes, n);
    b->n += n;
}

void pb_varint(pb *b, uint64_t v)
{
    uint8_t byte;

    do {
        byte = (uint8_t)((v & 0x7f) | (v > 0x7f ? 0x80 : 0));
        pb_raw(b, &byte, 1);
        v >>= 7;
    } while (v);
}

void pb_int(pb *b, uint32_t field, int64_t v)
{
    pb_varint(b, (uint64_t)field << 3);
    pb_varint(b, (uint64_t)v);
}

void pb_float(pb *b, uint32_t field, float v)
{
    pb_varint(b, (uint64_t)field << 3 | 5);
    pb_raw(b, &v, 4);
}

void pb_bytes(pb *b, uint32_t field, const void *bytes, size_t n)
{
    pb_varint(b, (uint64_t)field << 3 | 2);
    pb_varint(b, n);
    pb_raw(b, bytes, n);
}

void pb_str(pb *b, uint32_t field, const char *s)
{
    pb_bytes(b, field, s, strlen(s));
}

void pb_sub(pb *b, uint32_t field, pb *message)
{
    pb_bytes(b, field, message->p, message->n);
    pb_free(message);
}

void pb_ints(pb *b, uint32_t field, const int64_t *v, size_t n, bool packed)
{
    pb list = { 0 };

    for (size_t i = 0; i < n; i++)
        if (packed)
            pb_varint(&list, (uint64_t)v[i]);
        else
            pb_int(b, field, v[i]);
    if (packed)
        pb_sub(b, field, &list);
}

void pb_floats(pb *b, uint32_t field, const float *v, size_t n, bool packed)
{
    for (size_t i = 0; i < n && !packed; i++)
        pb_float(b, field, v[i]);
    if (packed)
        pb_bytes(b, field, v, 4 * n);
}

/* ---- numbers ---- */

float noise(uint32_t seed, uint32_t i)
{
    uint32_t u =
        seed * 0x9e3779b9u + i * 0x85ebca6bu + 1; /* then MurmurHash3's finaliser */

    u = (u ^ u >> 16) * 0x85ebca6bu;
    u = (u ^ u >> 13) * 0xc2b2ae35u;
    u ^= u >> 16;
    return (float)(u >> 8) / 8388608.0f - 1.0f;
}

int32_t dims_of(const char *text, int64_t dims[KAO_MAX_RANK])
{
    int32_t rank = 0;

    for (const char *p = text; *p && rank < KAO_MAX_RANK; p += *p == ',') {
        char *end = NULL;

        dims[rank] = *p == '?' ? -1 : strtoll(p, &end, 10);
        p = *p == '?' ? p + 1 : end;
        rank++;
    }
    return rank;
}

static size_t count_of(const char *dims)
{
    int64_t d[KAO_MAX_RANK];
    const int32_t rank = dims_of(dims, d);
    size_t n = 1;

    for (int32_t i = 0; i < rank; i++)
        n *= (size_t)d[i];
    return n;
}

/* ---- graphs ---- */

void graph_init(graph *g, int64_t opset)
{
    *g = (graph){ .opset = opset };
}

void graph_free(graph *g)
{
    pb_free(&g->nodes);
    pb_free(&g->meta);
}

static void value_info(graph *g, uint32_t field, const char *name, int dtype,
                       const char *dims)
{
    pb info = { 0 }, type = { 0 }, tensor = { 0 }, shape = { 0 };
    int64_t d[KAO_MAX_RANK];
    const int32_t rank = dims ? dims_of(dims, d) : 0;

    for (int32_t i = 0; i < rank; i++) {
        pb dim = { 0 };
        char unknown[8];

        snprintf(unknown, sizeof unknown, "d%d", i);
        if (d[i] < 0)
            pb_str(&dim, 2, unknown);
        else
            pb_int(&dim, 1, d[i]);
        pb_sub(&shape, 1, &dim);
    }
    pb_int(&tensor, 1, dtype);
    if (dims)
        pb_sub(&tensor, 2, &shape);
    pb_sub(&type, 1, &tensor);
    pb_str(&info, 1, name);
    pb_sub(&info, 2, &type);
    pb_sub(&g->nodes, field, &info);
}

void graph_input(graph *g, const char *name, int dtype, const char *dims)
{
    value_info(g, 11, name, dtype, dims);
}

void graph_output(graph *g, const char *name, int dtype, const char *dims)
{
    value_info(g, 12, name, dtype, dims);
}

void graph_meta(graph *g, const char *key, const char *value)
{
    pb entry = { 0 };

    pb_str(&entry, 1, key);
    pb_str(&entry, 2, value);
    pb_sub(&g->meta, 14, &entry);
}

pb tensor_proto(const char *name, int dtype, const char *dims, const void *data)
{
    pb t = { 0 };
    int64_t d[KAO_MAX_RANK];
    const int32_t rank = dims_of(dims, d);

    pb_ints(&t, 1, d, (size_t)rank, false);
    pb_int(&t, 2, dtype);
    pb_str(&t, 8, name);
    pb_bytes(&t, 9, data, count_of(dims) * kao_dtype_size(dtype));
    return t;
}

void graph_tensor(graph *g, const char *name, int dtype, const char *dims,
                  const void *data)
{
    pb t = tensor_proto(name, dtype, dims, data);

    pb_sub(&g->nodes, 5, &t);
}

void graph_floats(graph *g, const char *name, const char *dims, const float *v)
{
    graph_tensor(g, name, KAO_F32, dims, v);
}

void graph_ints(graph *g, const char *name, const char *dims, const int64_t *v)
{
    graph_tensor(g, name, KAO_I64, dims, v);
}

void graph_noise_around(graph *g, const char *name, const char *dims, uint32_t seed,
                        float scale, float offset)
{
    const size_t n = count_of(dims);
    float *v = malloc(n * sizeof *v);

    if (!v)
        abort();
    for (size_t i = 0; i < n; i++)
        v[i] = scale * noise(seed, (uint32_t)i) + offset;
    graph_floats(g, name, dims, v);
    free(v);
}

void graph_noise(graph *g, const char *name, const char *dims, uint32_t seed,
                 float scale)
{
    graph_noise_around(g, name, dims, seed, scale, 0);
}

/* ---- nodes ---- */

enum { MAX_LIST = 64, MAX_TEXT = 256 };

static void attribute_list(pb *a, const char *value)
{
    const bool is_float = strchr(value, '.') != NULL;
    int64_t ints[MAX_LIST];
    float floats[MAX_LIST];
    size_t n = 0;

    for (const char *p = value + 1; *p && *p != ']' && n < MAX_LIST; p += *p == ',') {
        char *end = NULL;

        if (is_float)
            floats[n++] = strtof(p, &end);
        else
            ints[n++] = strtoll(p, &end, 10);
        p = end;
    }
    if (is_float)
        pb_floats(a, 7, floats, n, false);
    else
        pb_ints(a, 8, ints, n, false);
    pb_int(a, 20, is_float ? 6 : 7);
}

static void attribute(pb *node, const char *name, const char *value)
{
    pb a = { 0 };
    const bool number = (value[0] >= '0' && value[0] <= '9') || value[0] == '-';

    pb_str(&a, 1, name);
    if (value[0] == '[') {
        attribute_list(&a, value);
    } else if (number && strchr(value, '.')) {
        pb_float(&a, 2, strtof(value, NULL));
        pb_int(&a, 20, 1);
    } else if (number) {
        pb_int(&a, 3, strtoll(value, NULL, 10));
        pb_int(&a, 20, 2);
    } else {
        pb_str(&a, 4, value);
        pb_int(&a, 20, 3);
    }
    pb_sub(node, 5, &a);
}

/* The next word of *text into buf; false at the end. */
static bool next_word(const char **text, char *buf)
{
    size_t n = 0;

    while (**text == ' ')
        (*text)++;
    for (; **text && **text != ' ' && n < MAX_TEXT - 1; (*text)++)
        buf[n++] = **text;
    buf[n] = '\0';
    return n > 0;
}

static pb node_proto(const char *op, const char *in, const char *out,
                     const char *attributes)
{
    pb node = { 0 };
    char word[MAX_TEXT];

    while (next_word(&in, word))
        pb_str(&node, 1, strcmp(word, "-") == 0 ? "" : word);
    for (const char *p = out; next_word(&p, word);)
        pb_str(&node, 2, strcmp(word, "-") == 0 ? "" : word);
    pb_str(&node, 3, out);
    pb_str(&node, 4, op);
    while (next_word(&attributes, word)) {
        char *equals = strchr(word, '=');

        if (!equals)
            abort();
        *equals = '\0';
        attribute(&node, word, equals + 1);
    }
    return node;
}

void graph_node(graph *g, const char *op, const char *in, const char *out,
                const char *attributes)
{
    pb node = node_proto(op, in, out, attributes);

    pb_sub(&g->nodes, 1, &node);
}

void graph_node_tensor(graph *g, const char *op, const char *in, const char *out,
                       const char *name, pb *message)
{
    pb node = node_proto(op, in, out, ""), a = { 0 };

    pb_str(&a, 1, name);
    pb_sub(&a, 5, message);
    pb_int(&a, 20, 4);
    pb_sub(&node, 5, &a);
    pb_sub(&g->nodes, 1, &node);
}

pb graph_file(graph *g)
{
    pb file = { 0 }, opset = { 0 };

    pb_int(&file, 1, 8); /* IR version */
    pb_str(&file, 2, "kao tests");
    pb_int(&opset, 2, g->opset);
    pb_sub(&file, 8, &opset);
    pb_str(&g->nodes, 2, "graph");
    pb_sub(&file, 7, &g->nodes);
    pb_raw(&file, g->meta.p, g->meta.n);
    graph_free(g);
    return file;
}
