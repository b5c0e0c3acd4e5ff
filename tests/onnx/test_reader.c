/* The ONNX reader: every form of a field it must read, and every fault it must name. */
#include "support/unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "onnx/model.h"
#include "onnx/names.h"
#include "support/fixture.h"

/* A model around the fields of a GraphProto. */
static pb model_of(pb *fields, int64_t opset)
{
    graph g;

    graph_init(&g, opset);
    pb_free(&g.nodes);
    g.nodes = *fields;
    *fields = (pb){ 0 };
    return graph_file(&g);
}

static kao_status parse(fixture *f, const pb *file, kao_onnx_model *m)
{
    f->err = (kao_error){ 0 };
    return kao_onnx_parse(m, &f->ctx->mem, (kao_span){ file->p, file->n }, &f->err);
}

/* ---- tensors, in every encoding ---- */

static const int64_t numbers[6] = { -3, 0, 1, 127, -128, 77 };

static double number_of(const kao_onnx_tensor *t, int64_t i)
{
    switch (t->dtype) {
    case KAO_F32:
        return (double)((const float *)t->data)[i];
    case KAO_I64:
        return (double)((const int64_t *)t->data)[i];
    case KAO_I32:
        return ((const int32_t *)t->data)[i];
    case KAO_U8:
    case KAO_BOOL:
        return ((const uint8_t *)t->data)[i];
    case KAO_F64:
        return ((const double *)t->data)[i];
    case KAO_F16:
    case KAO_U16:
        return ((const uint16_t *)t->data)[i];
    case KAO_I16:
        return ((const int16_t *)t->data)[i];
    case KAO_U32:
        return ((const uint32_t *)t->data)[i];
    case KAO_U64:
        return (double)((const uint64_t *)t->data)[i];
    default:
        return ((const int8_t *)t->data)[i];
    }
}

static double want_of(int dtype, int64_t v)
{
    return dtype == KAO_U8     ? (uint8_t)v
           : dtype == KAO_F16  ? (uint16_t)v
           : dtype == KAO_U16  ? (uint16_t)v
           : dtype == KAO_U32  ? (uint32_t)v
           : dtype == KAO_U64  ? (double)(uint64_t)v
           : dtype == KAO_BOOL ? v != 0
                               : (double)v;
}

enum { RAW, PACKED, SINGLE, ENCODINGS };

static void put_numbers(pb *t, int dtype, int encoding)
{
    uint8_t raw[6 * 8];
    float floats[6];
    double doubles[6];
    const size_t size = kao_dtype_size(dtype);

    for (int i = 0; i < 6; i++) {
        const int64_t v = dtype == KAO_BOOL ? numbers[i] != 0 : numbers[i];

        floats[i] = (float)v;
        doubles[i] = (double)v;
        if (dtype == KAO_F32)
            memcpy(raw + 4 * (size_t)i, &floats[i], 4);
        else if (dtype == KAO_F64)
            memcpy(raw + 8 * (size_t)i, &doubles[i], 8);
        else
            memcpy(raw + size * (size_t)i, &v, size); /* little-endian */
    }
    if (encoding == RAW)
        pb_bytes(t, 9, raw, 6 * size);
    else if (dtype == KAO_F32)
        pb_floats(t, 4, floats, 6, encoding == PACKED);
    else if (dtype == KAO_F64 && encoding == PACKED)
        pb_bytes(t, 10, raw, 6 * size);
    else if (dtype == KAO_F64)
        for (size_t i = 0; i < 6; i++) {
            pb_varint(t, 10 << 3 | 1); /* fixed64 */
            pb_raw(t, raw + 8 * i, 8);
        }
    else
        pb_ints(t,
                dtype == KAO_I64                       ? 7
                : dtype == KAO_U32 || dtype == KAO_U64 ? 11
                                                       : 5,
                numbers, 6, encoding == PACKED);
}

static void tensors_in_every_encoding(void **state)
{
    static const int dtypes[] = {
        KAO_F32, KAO_U8,  KAO_I8,  KAO_I32, KAO_I64, KAO_BOOL,
        KAO_F16, KAO_F64, KAO_I16, KAO_U16, KAO_U32, KAO_U64
    };
    fixture *f = *state;

    for (size_t t = 0; t < COUNT(dtypes); t++)
        for (int encoding = 0; encoding < ENCODINGS; encoding++)
            for (int shift = 0; shift < 8; shift++) { /* raw data at any alignment */
                static const int64_t dims[2] = { 2, 3 };
                pb tensor = { 0 }, fields = { 0 };
                kao_onnx_model m;

                pb_ints(&tensor, 1, dims, 2, encoding == PACKED);
                pb_int(&tensor, 2, dtypes[t]);
                pb_bytes(&tensor, 8, "ttttttttt", (size_t)shift + 1);
                put_numbers(&tensor, dtypes[t], encoding);
                pb_sub(&fields, 5, &tensor);
                pb file = model_of(&fields, 9);

                assert_int_equal(parse(f, &file, &m), KAO_OK);
                assert_int_equal(m.n_values, 1);
                const kao_onnx_tensor *got = m.constants[0];

                assert_int_equal(got->dtype, dtypes[t]);
                assert_true(got->rank == 2 && got->dims[0] == 2 && got->dims[1] == 3);
                assert_int_equal((uintptr_t)got->data % kao_dtype_size(dtypes[t]), 0);
                for (int i = 0; i < 6; i++)
                    assert_true(number_of(got, i) == want_of(dtypes[t], numbers[i]));
                kao_onnx_free(&m);
                pb_free(&file);
            }
}

/* What a TensorProto may not be: fields added to float32 "t" of dims 2. */
static void wrong_tensors(void **state)
{
    static const float three[3] = { 1, 2, 3 };
    static const int64_t ints[2] = { 1, 2 };
    static const struct {
        const char *what, *message;
        kao_status status;
    } rows[] = {
        { "no data", "0 elements of data", KAO_E_FORMAT },
        { "raw short", "7 bytes of data, its shape wants 8", KAO_E_FORMAT },
        { "raw long", "12 bytes of data, its shape wants 8", KAO_E_FORMAT },
        { "list long", "3 elements of data", KAO_E_FORMAT },
        { "packed ragged", "malformed data", KAO_E_FORMAT },
        { "both", "two kinds", KAO_E_FORMAT },
        { "ints", "another type", KAO_E_FORMAT },
        { "double list", "two kinds", KAO_E_FORMAT },
        { "segment", "segments", KAO_E_UNSUPPORTED },
        { "external", "without a place", KAO_E_FORMAT },
        { "complex", "complex64", KAO_E_UNSUPPORTED },
        { "type 999999", "unknown type", KAO_E_UNSUPPORTED },
        { "negative", "negative", KAO_E_FORMAT },
        { "rank 9", "dimensions", KAO_E_LIMIT },
        { "huge", " elements", KAO_E_LIMIT },
        { "overflow", " elements", KAO_E_LIMIT },
        { "bad bool", "neither 0 nor 1", KAO_E_FORMAT },
        { "cut", "malformed", KAO_E_FORMAT },
    };
    fixture *f = *state;

    for (size_t r = 0; r < COUNT(rows); r++) {
        const char *what = rows[r].what;
        pb t = { 0 }, fields = { 0 };
        kao_onnx_model m;
        int dtype = KAO_F32;

        if (strcmp(what, "complex") == 0)
            dtype = 14;
        else if (strcmp(what, "type 999999") == 0)
            dtype = 999999;
        else if (strcmp(what, "bad bool") == 0)
            dtype = KAO_BOOL;
        pb_str(&t, 8, "t");
        pb_int(&t, 2, dtype);
        if (strcmp(what, "rank 9") == 0)
            for (int i = 0; i < 9; i++)
                pb_int(&t, 1, 1);
        pb_int(&t, 1, strcmp(what, "negative") == 0 ? -2 : 2);
        for (int i = 0; i < 2 && strcmp(what, "huge") == 0; i++)
            pb_int(&t, 1, 40000);
        for (int i = 0; i < 2 && strcmp(what, "overflow") == 0; i++)
            pb_int(&t, 1, INT64_MAX);
        if (strcmp(what, "raw short") == 0)
            pb_bytes(&t, 9, three, 7);
        else if (strcmp(what, "raw long") == 0)
            pb_bytes(&t, 9, three, 12);
        else if (strcmp(what, "list long") == 0)
            pb_floats(&t, 4, three, 3, false);
        else if (strcmp(what, "packed ragged") == 0)
            pb_bytes(&t, 4, three, 10);
        else if (strcmp(what, "ints") == 0)
            pb_ints(&t, 7, ints, 2, true);
        else if (strcmp(what, "bad bool") == 0)
            pb_bytes(&t, 9, "\1\2", 2);
        else if (strcmp(what, "segment") == 0)
            pb_str(&t, 3, "");
        else if (strcmp(what, "external") == 0)
            pb_int(&t, 14, 1);
        else if (strcmp(what, "cut") == 0)
            pb_raw(&t, "\x4a\x7f", 2);
        else if (strcmp(what, "no data") != 0)
            pb_bytes(&t, 9, three, 8);
        if (strcmp(what, "both") == 0 || strcmp(what, "double list") == 0)
            pb_floats(&t, 4, three, 2, true);
        if (strcmp(what, "double list") == 0)
            pb_floats(&t, 10, three, 2, true);
        pb_sub(&fields, 5, &t);
        pb file = model_of(&fields, 9);

        if (parse(f, &file, &m) != rows[r].status ||
            !strstr(f->err.msg, rows[r].message))
            fail_msg("%s: %s", what, f->err.msg);
        assert_non_null(strstr(f->err.msg, "\"t\""));
        pb_free(&file);
    }
}

/* ---- attributes ---- */

static void attributes_in_every_encoding(void **state)
{
    static const int64_t ints[4] = { 5, -1, INT64_MIN, INT64_MAX };
    static const float floats[3] = { 1.5f, -2, INFINITY };
    fixture *f = *state;

    for (int packed = 0; packed < 2; packed++)
        for (int typed = 0; typed < 2; typed++) {
            static const char *const names[5] = { "i", "f", "s", "is", "fs" };
            static const int types[5] = { 2, 1, 3, 7, 6 };
            pb node = { 0 }, fields = { 0 };
            kao_onnx_model m;

            pb_str(&node, 2, "y");
            pb_str(&node, 4, "Any");
            for (int k = 0; k < 5; k++) {
                pb a = { 0 };

                pb_str(&a, 1, names[k]);
                pb_str(&a, 13, "a doc string, skipped");
                if (k == 0)
                    pb_int(&a, 3, -7);
                else if (k == 1)
                    pb_float(&a, 2, 0.25f);
                else if (k == 2)
                    pb_str(&a, 4, "linear");
                else if (k == 3)
                    pb_ints(&a, 8, ints, 4, packed);
                else
                    pb_floats(&a, 7, floats, 3, packed);
                if (typed)
                    pb_int(&a, 20, types[k]);
                pb_sub(&node, 5, &a);
            }
            pb_sub(&fields, 1, &node);
            pb file = model_of(&fields, 9);

            assert_int_equal(parse(f, &file, &m), KAO_OK);
            const kao_onnx_node *n = &m.nodes[0];

            assert_int_equal(n->n_attr, 5);
            for (int k = 0; k < 5; k++)
                assert_int_equal(kao_onnx_attr_find(n, names[k])->type, types[k]);
            assert_int_equal(kao_onnx_attr_find(n, "i")->i, -7);
            assert_true(kao_onnx_attr_find(n, "f")->f == 0.25f);
            assert_string_equal(kao_onnx_attr_find(n, "s")->s, "linear");
            assert_int_equal(kao_onnx_attr_find(n, "is")->n, 4);
            assert_memory_equal(kao_onnx_attr_find(n, "is")->ints, ints, sizeof ints);
            assert_int_equal(kao_onnx_attr_find(n, "fs")->n, 3);
            assert_memory_equal(kao_onnx_attr_find(n, "fs")->floats, floats,
                                sizeof floats);
            assert_null(kao_onnx_attr_find(n, "none"));
            kao_onnx_free(&m);
            pb_free(&file);
        }
}

/* ---- graphs ---- */

/* What is wrong with a graph: lines "kind name ..." of a small language. i: input, c:
 * constant, n: node (op ins > outs), o: output. */
static pb graph_of(const char *lines)
{
    static const float one = 1;
    graph g;
    char line[200];

    graph_init(&g, 9);
    for (const char *p = lines; *p;) {
        const size_t n = strcspn(p, ";");

        memcpy(line, p, n);
        line[n] = '\0';
        p += n + (p[n] == ';');
        char *rest = line + 2, *to = strstr(line, " > ");

        if (line[0] == 'i')
            graph_input(&g, rest, KAO_F32, "1");
        else if (line[0] == 'o')
            graph_output(&g, rest, KAO_F32, "1");
        else if (line[0] == 'c')
            graph_floats(&g, rest, "1", &one);
        else if (to) {
            *to = '\0';
            graph_node(&g, "Add", rest, to + 3, "");
        }
    }
    return graph_file(&g);
}

static void graphs_and_their_faults(void **state)
{
    static const struct {
        const char *lines, *message; /* NULL: fine */
    } rows[] = {
        { "i a;n a a > b;o b", NULL },
        { "", NULL },
        { "i a;i c;c c;n a c > b;o b", NULL }, /* an initialiser listed as input */
        { "i a;o a;o a", NULL },
        { "n c c > b;c c;o b", NULL }, /* the order of fields does not matter */
        { "i a;n - a > b", NULL },
        { "i a;i a", "\"a\" is defined twice" },
        { "c a;c a", "\"a\" is defined twice" },
        { "i a;n a a > b;n a a > b", "\"b\" is defined twice" },
        { "i a;n a a > a", "\"a\" is defined twice" },
        { "i a;n a a > b b", "\"b\" is defined twice" },
        { "c a;n a a > a", "\"a\" is defined twice" },
        { "i a;n a x > b", "\"x\" is made by nothing" },
        { "i a;n a c > b;n b b > c", "\"c\" is made by nothing" }, /* a cycle */
        { "n a a > a", "\"a\" is made by nothing" },
        { "i a;o z", "\"z\" is made by no node" },
    };
    fixture *f = *state;

    for (size_t r = 0; r < COUNT(rows); r++) {
        pb file = graph_of(rows[r].lines);
        kao_onnx_model m;
        const kao_status st = parse(f, &file, &m);

        if (st != (rows[r].message ? KAO_E_FORMAT : KAO_OK) ||
            (st && !strstr(f->err.msg, rows[r].message)))
            fail_msg("\"%s\": %s", rows[r].lines, f->err.msg);
        if (!st)
            kao_onnx_free(&m);
        pb_free(&file);
    }
}

static void inputs_and_their_shapes(void **state)
{
    fixture *f = *state;
    graph g;
    kao_onnx_model m;

    graph_init(&g, 17);
    graph_input(&g, "a", KAO_F32, "1,?,5");
    graph_input(&g, "b", KAO_I64, NULL);
    graph_input(&g, "c", 11, "");
    graph_output(&g, "a", KAO_F32, "?,?,?");
    graph_meta(&g, "key", "value");
    graph_meta(&g, "kao.kind", "detector");
    pb file = graph_file(&g);

    assert_int_equal(parse(f, &file, &m), KAO_OK);
    assert_true(m.n_inputs == 3 && m.n_outputs == 1 && m.n_meta == 2 && m.opset == 17);
    assert_true(m.inputs[0].rank == 3 && m.inputs[0].dims[0] == 1 &&
                m.inputs[0].dims[1] == -1 && m.inputs[0].dims[2] == 5);
    assert_string_equal(m.inputs[0].dim_names[1], "d1");
    assert_true(m.inputs[1].rank == -1 && m.inputs[1].dtype == KAO_I64);
    assert_true(m.inputs[2].rank == 0 && m.inputs[2].dtype == 11);
    assert_string_equal(m.value_names[m.inputs[1].value], "b");
    assert_string_equal(m.meta[1].key, "kao.kind");
    assert_string_equal(m.meta[1].value, "detector");
    assert_string_equal(m.producer, "kao tests");
    assert_int_equal(m.ir_version, 8);
    kao_onnx_free(&m);
    pb_free(&file);
}

/* Inputs and metadata that say a thing twice, or in the wrong form. */
static void odd_inputs_and_metadata(void **state)
{
    static const struct {
        const char *what, *message;
        kao_status status;
    } rows[] = {
        { "name twice", NULL, KAO_OK }, /* protobuf: the last one counts */
        { "name of a dimension as integer", "field 2 is no string", KAO_E_FORMAT },
        { "metadata cut", "metadata", KAO_E_FORMAT },
    };
    fixture *f = *state;

    for (size_t r = 0; r < COUNT(rows); r++) {
        pb input = { 0 }, type = { 0 }, tensor = { 0 }, shape = { 0 }, dim = { 0 },
           fields = { 0 };
        kao_onnx_model m;

        pb_str(&input, 1, "a");
        if (r == 0)
            pb_str(&input, 1, "b");
        pb_int(&dim, r == 1 ? 2 : 1, 4);
        pb_sub(&shape, 1, &dim);
        pb_int(&tensor, 1, KAO_F32);
        pb_sub(&tensor, 2, &shape);
        pb_sub(&type, 1, &tensor);
        pb_sub(&input, 2, &type);
        pb_sub(&fields, 11, &input);
        pb file = model_of(&fields, 9);

        if (r == 2)
            pb_bytes(&file, 14, "\x0a\x05key", 5);
        const kao_status st = parse(f, &file, &m);

        if (st != rows[r].status || (st && !strstr(f->err.msg, rows[r].message)))
            fail_msg("%s: %d, %s", rows[r].what, (int)st, f->err.msg);
        if (!st) {
            assert_int_equal(m.n_inputs, 1);
            assert_string_equal(m.value_names[m.inputs[0].value], "b");
            kao_onnx_free(&m);
        }
        pb_free(&file);
    }
}

/* Files whose outer form is wrong, or odd and fine. */
static void outer_form(void **state)
{
    static const struct {
        const char *what, *message;
        kao_status status;
    } rows[] = {
        { "empty", "no graph", KAO_E_FORMAT },
        { "text", "not an ONNX file", KAO_E_FORMAT },
        { "no opset", "no opset_import", KAO_E_FORMAT },
        { "opset of another domain", "no opset_import", KAO_E_FORMAT },
        { "two graphs", "two graphs", KAO_E_FORMAT },
        { "graph as integer", "no graph", KAO_E_FORMAT },
        { "group", "damaged at byte", KAO_E_FORMAT },
        { "field 0", "damaged at byte", KAO_E_FORMAT },
        { "eleven byte varint", "damaged at byte", KAO_E_FORMAT },
        { "sparse", "sparse", KAO_E_UNSUPPORTED },
        { "unknown fields", NULL, KAO_OK },
        { "ai.onnx", NULL, KAO_OK },
    };
    fixture *f = *state;

    for (size_t r = 0; r < COUNT(rows); r++) {
        const char *what = rows[r].what;
        pb file = { 0 }, opset = { 0 }, inner = { 0 };
        kao_onnx_model m;

        pb_int(&opset, 2, 9);
        if (strstr(what, "domain"))
            pb_str(&opset, 1, "ai.onnx.ml");
        if (strcmp(what, "ai.onnx") == 0)
            pb_str(&opset, 1, "ai.onnx");
        if (strcmp(what, "sparse") == 0)
            pb_str(&inner, 15, "");
        if (strcmp(what, "unknown fields") == 0) {
            pb_int(&inner, 99, 1);
            pb_str(&inner, 100, "x");
            pb_float(&inner, 536870911, 1);
            pb_raw(&inner, "\x99\x06 12345678", 10); /* field 99, fixed64 */
            pb_int(&file, 77, -1);
        }
        if (strcmp(what, "text") == 0)
            pb_raw(&file, "<html>", 6);
        if (strcmp(what, "group") == 0)
            pb_raw(&file, "\x0b", 1);
        if (strcmp(what, "field 0") == 0)
            pb_raw(&file, "\x00\x01", 2);
        if (strcmp(what, "eleven byte varint") == 0)
            pb_raw(&file, "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12);
        if (strcmp(what, "empty") != 0 && strcmp(what, "no opset") != 0)
            pb_bytes(&file, 8, opset.p, opset.n);
        if (strcmp(what, "graph as integer") == 0)
            pb_int(&file, 7, 5);
        else if (strcmp(what, "empty") != 0)
            pb_bytes(&file, 7, inner.p, inner.n);
        if (strcmp(what, "two graphs") == 0)
            pb_bytes(&file, 7, "", 0);
        const kao_status st = parse(f, &file, &m);

        if (st != rows[r].status || (st && !strstr(f->err.msg, rows[r].message)))
            fail_msg("%s: %d, %s", what, (int)st, f->err.msg);
        if (!st)
            kao_onnx_free(&m);
        pb_free(&file);
        pb_free(&opset);
        pb_free(&inner);
    }
}

/* ---- external data ---- */

typedef struct entry {
    const char *key, *value;
} entry;

static void put_external(pb *fields, const char *name, kao_dtype dtype, int64_t dim,
                         const entry *entries)
{
    pb t = { 0 };

    pb_str(&t, 8, name);
    pb_int(&t, 2, dtype);
    pb_int(&t, 1, dim);
    for (; entries->key; entries++) {
        pb e = { 0 };

        pb_str(&e, 1, entries->key);
        pb_str(&e, 2, entries->value);
        pb_sub(&t, 13, &e);
    }
    pb_int(&t, 14, 1);
    pb_sub(fields, 5, &t);
}

static pb external_model(const entry *entries, int64_t dim)
{
    pb fields = { 0 };

    put_external(&fields, "w", KAO_F32, dim, entries);
    return model_of(&fields, 9);
}

static void external_data(void **state)
{
    static const struct {
        entry entries[4];
        int64_t dim;
        float first;         /* of the result */
        const char *message; /* NULL: fine */
        kao_status status;
    } rows[] = {
        { { { "location", "w.bin" } }, 6, 0, NULL, KAO_OK },
        { { { "location", "w.bin" }, { "offset", "8" } }, 4, 2, NULL, KAO_OK },
        { { { "location", "w.bin" }, { "offset", "4" }, { "length", "8" } },
          2,
          1,
          NULL,
          KAO_OK },
        { { { "location", "w.bin" }, { "offset", "2" }, { "length", "8" } },
          2,
          -1,
          NULL,
          KAO_OK }, /* not aligned: copied */
        { { { "location", "./w.bin" }, { "checksum", "1234" } }, 6, 0, NULL, KAO_OK },
        { { { "location", "w.bin" } }, 5, 0, "24 bytes of data", KAO_E_FORMAT },
        { { { "location", "w.bin" }, { "offset", "25" } },
          1,
          0,
          "ends after its 24 bytes",
          KAO_E_FORMAT },
        { { { "location", "w.bin" }, { "offset", "20" }, { "length", "8" } },
          2,
          0,
          "ends after",
          KAO_E_FORMAT },
        { { { "location", "w.bin" },
            { "offset", "18446744073709551615" },
            { "length", "8" } },
          2,
          0,
          "ends after",
          KAO_E_FORMAT },
        { { { "location", "w.bin" },
            { "offset", "8" },
            { "length", "18446744073709551612" } },
          2,
          0,
          "ends after",
          KAO_E_FORMAT },
        { { { "location", "w.bin" }, { "offset", "-4" } },
          1,
          0,
          "is no number",
          KAO_E_FORMAT },
        { { { "location", "w.bin" }, { "length", "8x" } },
          2,
          0,
          "is no number",
          KAO_E_FORMAT },
        { { { "location", "../w.bin" } }, 6, 0, "only files beside", KAO_E_FORMAT },
        { { { "location", "a/../../w.bin" } },
          6,
          0,
          "only files beside",
          KAO_E_FORMAT },
        { { { "location", "a/.." } }, 6, 0, "only files beside", KAO_E_FORMAT },
        { { { "location", "/etc/passwd" } }, 6, 0, "only files beside", KAO_E_FORMAT },
        { { { "location", "" } }, 6, 0, "only files beside", KAO_E_FORMAT },
        { { { "location", "a\\b" } }, 6, 0, "only files beside", KAO_E_FORMAT },
        { { { "location", "none.bin" } }, 6, 0, "No such file", KAO_E_IO },
        { { { "location", "." } }, 6, 0, "Is a directory", KAO_E_IO },
        { { { "offset", "0" } }, 6, 0, "without a place", KAO_E_FORMAT },
    };
    static const float numbers_there[6] = { 0, 1, 2, 3, 4, 5 };
    fixture *f = *state;
    pb data = { 0 };

    pb_raw(&data, numbers_there, sizeof numbers_there);
    fixture_file(f, "w.bin", &data);
    for (size_t r = 0; r < COUNT(rows); r++) {
        pb file = external_model(rows[r].entries, rows[r].dim);
        kao_onnx_model m;
        kao_error err = { 0 };
        const kao_status st =
            kao_onnx_load(&m, &f->ctx->mem, fixture_file(f, "m.onnx", &file), &err);

        if (st != rows[r].status || (st && !strstr(err.msg, rows[r].message)))
            fail_msg("row %zu: %s", r, err.msg);
        if (st) {
            assert_non_null(strstr(err.msg, "m.onnx"));
            continue;
        }
        if (rows[r].first >= 0)
            assert_true(((const float *)m.constants[0]->data)[0] == rows[r].first);
        kao_onnx_free(&m);
    }
    pb file = external_model(rows[0].entries, 6); /* from memory there is no folder */
    kao_onnx_model m;

    assert_int_equal(parse(f, &file, &m), KAO_E_FORMAT);
    assert_non_null(strstr(f->err.msg, "\"w.bin\": a model in memory"));
    pb_free(&file);
}

/* A tensor may lie where others do; thousands over one large file would be read for hours. */
static void shared_external_data(void **state)
{
    enum { BYTES = 1 << 16 };
    static const struct {
        int n_tensors;
        kao_status status;
    } rows[] = { { 1, KAO_OK }, { 16, KAO_OK }, { 20, KAO_E_LIMIT } };
    static const uint8_t flags[BYTES];
    const entry place[] = { { "location", "flags.bin" }, { NULL, NULL } };
    fixture *f = *state;
    pb data = { 0 };

    pb_raw(&data, flags, sizeof flags);
    fixture_file(f, "flags.bin", &data);
    for (size_t r = 0; r < COUNT(rows); r++) {
        pb fields = { 0 };

        for (int i = 0; i < rows[r].n_tensors; i++) {
            char name[16];

            snprintf(name, sizeof name, "w%d", i);
            put_external(&fields, name, KAO_BOOL, BYTES, place);
        }
        pb file = model_of(&fields, 9);
        kao_onnx_model m;
        const kao_status st =
            kao_onnx_load(&m, &f->ctx->mem, fixture_file(f, "m.onnx", &file), &f->err);

        if (st != rows[r].status || (st && !strstr(f->err.msg, "more than 16 times")))
            fail_msg("%d tensors: %s", rows[r].n_tensors, f->err.msg);
        kao_onnx_free(&m);
    }
}

/* ---- names ---- */

/* A table of names stays quick, also where all of them were made to collide. */
static void names(void **state)
{
    enum { N = 20000 };
    fixture *f = *state;
    kao_arena arena;
    kao_names t;
    char name[16];
    uint32_t number = 0;

    kao_arena_init(&arena, &f->ctx->mem, 1 << 26);
    assert_true(kao_names_init(&t, &arena, N));
    for (int round = 0; round < 2; round++)
        for (uint32_t i = 0; i < N; i++) {
            const int n = snprintf(name, sizeof name, "value%u", i);

            assert_true(
                kao_names_add(&t, (kao_span){ (uint8_t *)name, (size_t)n }, &number));
            assert_int_equal(number, i);
        }
    assert_string_equal(t.list[77], "value77");
    assert_false(kao_names_add(&t, (kao_span){ (const uint8_t *)"new", 3 }, &number));
    assert_false(kao_names_collide(&t));
    /* as if all had one hash: each new name looks at all before it */
    assert_true(kao_names_init(&t, &arena, N));
    for (uint32_t i = 0; i < t.n_slots; i++)
        t.slots[i] = 0;
    uint32_t i = 0;

    for (; i < N; i++) {
        const int n = snprintf(name, sizeof name, "value%u", i);

        t.probes += i;
        if (!kao_names_add(&t, (kao_span){ (uint8_t *)name, (size_t)n }, &number))
            break;
    }
    assert_true(i < N && kao_names_collide(&t));
    kao_arena_fini(&arena);
}

static uint32_t fnv1a(const char *s)
{
    uint32_t h = 0x811c9dc5;

    for (; *s; s++)
        h = (h ^ (uint8_t)*s) * 0x01000193;
    return h;
}

/* Names of one slot: each look at the last one passes all the others. That is as dear as
 * new names are, and ends as they do. */
static void looks_are_bounded(void **state)
{
    enum { N = 2000, SAME = 300 };
    fixture *f = *state;
    kao_arena arena;
    kao_names t;
    char name[16] = "";
    uint32_t number = 0, looks = 0;

    kao_arena_init(&arena, &f->ctx->mem, 1 << 26);
    assert_true(kao_names_init(&t, &arena, N));
    for (uint32_t i = 0; t.n < SAME; i++) {
        snprintf(name, sizeof name, "%u", i);
        if (fnv1a(name) % t.n_slots == 7)
            assert_true(kao_names_add(&t, (kao_span){ (uint8_t *)name, strlen(name) },
                                      &number));
    }
    const kao_span last = { (const uint8_t *)t.list[SAME - 1],
                            strlen(t.list[SAME - 1]) };

    assert_true(t.probes >= SAME * (SAME - 1) / 2);
    while (looks < 100000 && kao_names_add(&t, last, &number)) {
        assert_int_equal(number, SAME - 1);
        looks++;
    }
    assert_in_range(looks, 1000, 10000);
    assert_true(kao_names_collide(&t));
    kao_arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tensors_in_every_encoding),
        cmocka_unit_test(wrong_tensors),
        cmocka_unit_test(attributes_in_every_encoding),
        cmocka_unit_test(graphs_and_their_faults),
        cmocka_unit_test(inputs_and_their_shapes),
        cmocka_unit_test(odd_inputs_and_metadata),
        cmocka_unit_test(outer_form),
        cmocka_unit_test(external_data),
        cmocka_unit_test(shared_external_data),
        cmocka_unit_test(names),
        cmocka_unit_test(looks_are_bounded),
    };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
