/* Where the writer puts numbers, and weights stored as float16: what other tools read there,
 * that planning turns them back before anything runs, and that nothing else changes. */
#include "support/unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "onnx/metadata.h"
#include "onnx/write.h"
#include "support/fixture.h"

/* ---- places ---- */

/* Whatever stands before it, each tensor's data lies in the file at a multiple of its
 * elements' size, so that the reader borrows it. */
static void numbers_lie_aligned(void **state)
{
    static const kao_dtype dtypes[] = { KAO_F32, KAO_I64, KAO_U8, KAO_I32, KAO_F16 };
    static const int64_t counts[] = { 0, 1, 3, 13, 15, 16, 31, 64, 500, 2047, 5000 };
    static int64_t data[5000];
    fixture *f = *state;

    for (size_t i = 0; i < COUNT(data); i++)
        data[i] = (int64_t)i * 7919;
    for (int shift = 0; shift < 20; shift++) {
        kao_onnx_writer w;
        kao_onnx_model m;
        uint8_t *bytes = NULL;
        size_t n = 0;

        kao_onnx_write_begin(&w, &f->ctx->mem, 13);
        for (size_t t = 0; t < COUNT(dtypes); t++)
            for (size_t k = 0; k < COUNT(counts); k++) {
                char name[48];

                snprintf(name, sizeof name, "%zu.%zu%.*s", t, k, shift,
                         "xxxxxxxxxxxxxxxxxxxxxxxx");
                kao_onnx_write_tensor(&w, name, dtypes[t], &counts[k], 1, data);
            }
        assert_int_equal(kao_onnx_write_end(&w, &bytes, &n, &f->err), KAO_OK);
        assert_int_equal((uintptr_t)bytes % 8, 0);
        assert_int_equal(
            kao_onnx_parse(&m, &f->ctx->mem, (kao_span){ bytes, n }, &f->err), KAO_OK);
        assert_int_equal(m.n_values, COUNT(dtypes) * COUNT(counts));
        for (uint32_t v = 0; v < m.n_values; v++) {
            const kao_onnx_tensor *t = m.constants[v];
            const uint8_t *at = t->data;
            const size_t size = kao_dtype_size((int)t->dtype),
                         all = (size_t)t->n * size;

            assert_int_equal(t->dtype, dtypes[v / COUNT(counts)]);
            assert_int_equal(t->n, counts[v % COUNT(counts)]);
            assert_memory_equal(at, data, all);
            if (at < bytes || at + all > bytes + n || (size_t)(at - bytes) % size)
                fail_msg("%s is not where the file has it", t->name);
        }
        kao_onnx_free(&m);
        kao_free(&f->ctx->mem, bytes);
    }
}

/* ---- weights as float16 ---- */

/* The nearest number of 11 bits, at least 2^-24 apart: by IEEE 754, without its bits. */
static float rounded(float v)
{
    int e = 0;

    (void)frexp((double)v, &e);
    const double unit = ldexp(1, e - 11 < -24 ? -24 : e - 11);

    return (float)(nearbyint((double)v / unit) * unit);
}

enum { C = 16, OC = 32, SIDE = 8, WIDE = 1024, TALL = 1032 }; /* more than 2^20 */

typedef enum form { EXACT, ROUNDED, HALVES, FORMS } form;

static void put_weight(kao_onnx_writer *w, form how, const char *name,
                       const int64_t *dims, int32_t rank, float scale)
{
    size_t n = 1;

    for (int32_t i = 0; i < rank; i++)
        n *= (size_t)dims[i];
    float *v = calloc(n, sizeof *v);

    assert_non_null(v);
    for (uint32_t i = 0; i < n; i++) /* some so small that float16 has few bits left */
        v[i] = scale * noise(3, i) * (i % 5 ? 1 : 1e-5f);
    for (size_t i = 0; how == ROUNDED && i < n; i++)
        v[i] = rounded(v[i]);
    if (how == HALVES)
        kao_onnx_write_halves(w, name, dims, rank, v);
    else
        kao_onnx_write_tensor(w, name, KAO_F32, dims, rank, v);
    free(v);
}

static void put_network(kao_onnx_writer *w, kao_mem *mem, form how)
{
    kao_onnx_write_begin(w, mem, 13);
    kao_onnx_write_input(w, "x", KAO_F32, (int64_t[]){ 1, C, SIDE, SIDE }, 4);
    put_weight(w, how, "c.w", (int64_t[]){ OC, C, 3, 3 }, 4, 0.1f);
    kao_onnx_write_node(w, "Conv", "x c.w", "c", "pads=[1,1,1,1]");
    put_weight(w, how, "d.w", (int64_t[]){ OC, 1, 3, 3 }, 4, 1);
    kao_onnx_write_node(w, "Conv", "c d.w", "d", "group=32 pads=[1,1,1,1]");
    put_weight(w, how, "p", (int64_t[]){ OC, 1, 1 }, 3, 0.3f);
    kao_onnx_write_node(w, "PRelu", "d p", "a", "");
    put_weight(w, how, "e.w", (int64_t[]){ WIDE, OC, SIDE, SIDE }, 4, 0.02f);
    kao_onnx_write_node(w, "Conv", "a e.w", "e", "");
    kao_onnx_write_node(w, "Flatten", "e", "l", "axis=1");
    put_weight(w, how, "g.w", (int64_t[]){ WIDE, TALL }, 2, 0.05f);
    kao_onnx_write_node(w, "MatMul", "l g.w", "y", "");
    kao_onnx_write_output(w, "y", KAO_F32, (int64_t[]){ 1, TALL }, 2);
}

typedef struct outcome {
    size_t file_bytes, constant_bytes, plan_bytes;
    uint32_t n_entries;
    float y[TALL];
} outcome;

static void run_form(fixture *f, form how, uint32_t passes, outcome *o)
{
    static float x[C * SIDE * SIDE];
    const kao_tensor in = tensor_of("1,16,8,8", x);
    kao_onnx_writer w;
    kao_network *net = NULL;
    kao_session *s = NULL;
    pb file = { 0 };

    for (uint32_t i = 0; i < COUNT(x); i++)
        x[i] = noise(8, i);
    put_network(&w, &f->ctx->mem, how);
    assert_int_equal(kao_onnx_write_end(&w, &file.p, &file.n, &f->err), KAO_OK);
    assert_int_equal(run_graph(f->ctx, &file, passes, &in, 1, &net, &s, &f->err),
                     KAO_OK);
    const kao_plan *p = kao_session_plan(s);

    *o = (outcome){ .file_bytes = file.n,
                    .constant_bytes = p->constant_bytes,
                    .plan_bytes = p->arena.used,
                    .n_entries = p->n_entries };
    memcpy(o->y, kao_session_output(s, 0)->data, sizeof o->y);
    kao_session_destroy(s);
    kao_network_destroy(net);
    kao_free(&f->ctx->mem, file.p);
}

/* Weights in half the bytes give the bits that weights rounded by hand give, by the same steps,
 * and with all passes a plan holds them once, packed. */
static void halves_are_rounded_weights(void **state)
{
    static outcome got[FORMS];
    fixture *f = *state;
    static const uint32_t passes[] = { KAO_PASS_ALL, 0 };

    for (size_t i = 0; i < COUNT(passes); i++) {
        for (int how = 0; how < FORMS; how++)
            run_form(f, (form)how, passes[i], &got[how]);
        assert_memory_equal(got[HALVES].y, got[ROUNDED].y, sizeof got[0].y);
        assert_true(memcmp(got[HALVES].y, got[EXACT].y, sizeof got[0].y) != 0);
        assert_int_equal(got[HALVES].n_entries, got[ROUNDED].n_entries);
        assert_true(got[HALVES].file_bytes < got[EXACT].file_bytes / 2 + 2000);
        if (passes[i] != KAO_PASS_ALL)
            continue; /* generic forms read what was widened from the plan */
        assert_int_equal(got[HALVES].constant_bytes, got[ROUNDED].constant_bytes);
        /* the slopes alone, which a kernel reads as they are */
        assert_true(got[HALVES].plan_bytes <=
                    got[ROUNDED].plan_bytes + OC * sizeof(float) + KAO_ALIGN);
    }
}

/* What ONNX asks for: a float16 initialiser, and before its readers a Cast to float32. */
static void halves_in_the_file(void **state)
{
    static const float v[4] = { 1.5f, -0.1f, 65504, 1e-9f };
    static const uint16_t bits[4] = { 0x3e00, 0xae66, 0x7bff, 0x0000 };
    fixture *f = *state;
    kao_onnx_writer w;
    kao_onnx_model m;
    uint8_t *bytes = NULL;
    size_t n = 0;

    kao_onnx_write_begin(&w, &f->ctx->mem, 13);
    kao_onnx_write_halves(&w, "weight", (int64_t[]){ 2, 2 }, 2, v);
    kao_onnx_write_node(&w, "Identity", "weight", "y", "");
    kao_onnx_write_output(&w, "y", KAO_F32, (int64_t[]){ 2, 2 }, 2);
    assert_int_equal(kao_onnx_write_end(&w, &bytes, &n, &f->err), KAO_OK);
    assert_int_equal(kao_onnx_parse(&m, &f->ctx->mem, (kao_span){ bytes, n }, &f->err),
                     KAO_OK);
    assert_int_equal(m.n_nodes, 2);
    const kao_onnx_node *cast = &m.nodes[0];
    const kao_onnx_tensor *t = m.constants[cast->in[0]];

    assert_string_equal(cast->op, "Cast");
    assert_int_equal(kao_onnx_attr_find(cast, "to")->i, KAO_F32);
    assert_string_equal(m.value_names[cast->in[0]], "weight.16");
    assert_string_equal(m.value_names[cast->out[0]], "weight");
    assert_true(t->dtype == KAO_F16 && t->rank == 2 && t->n == 4);
    assert_memory_equal(t->data, bits, sizeof bits);
    kao_onnx_free(&m);
    kao_free(&f->ctx->mem, bytes);
}

/* One name for two dimensions says that they are equal: of the outputs, the batch alone is an
 * input's. */
static void names_of_free_dimensions(void **state)
{
    static const char *const in[] = { "N", NULL, "H", "W" };
    fixture *f = *state;
    kao_onnx_writer w;
    kao_onnx_model m;
    uint8_t *bytes = NULL;
    size_t n = 0;

    kao_onnx_write_begin(&w, &f->ctx->mem, 13);
    kao_onnx_write_input(&w, "x", KAO_F32, (int64_t[]){ -1, 3, -1, -1 }, 4);
    kao_onnx_write_node(&w, "MaxPool", "x", "y", "kernel_shape=[2,2]");
    kao_onnx_write_node(&w, "MaxPool", "y", "z", "kernel_shape=[2,2]");
    kao_onnx_write_output(&w, "y", KAO_F32, (int64_t[]){ -1, 3, -1, -1 }, 4);
    kao_onnx_write_output(&w, "z", KAO_F32, (int64_t[]){ -1, -1, -1, -1 }, 4);
    assert_int_equal(kao_onnx_write_end(&w, &bytes, &n, &f->err), KAO_OK);
    assert_int_equal(kao_onnx_parse(&m, &f->ctx->mem, (kao_span){ bytes, n }, &f->err),
                     KAO_OK);
    assert_int_equal(m.n_outputs, 2);
    for (uint32_t i = 0; i < 3; i++) {
        const kao_onnx_input *t = i ? &m.outputs[i - 1] : &m.inputs[0];

        assert_int_equal(t->rank, 4);
        for (int d = 0; d < 4; d++) {
            const char *want = i == 0 || d == 0 ? in[d] : NULL;

            assert_int_equal(t->dims[d], d == 1 && i < 2 ? 3 : -1);
            if (want)
                assert_string_equal(t->dim_names[d], want);
            else
                assert_null(t->dim_names[d]);
        }
    }
    kao_onnx_free(&m);
    kao_free(&f->ctx->mem, bytes);
}

/* ---- metadata ---- */

static bool is_old(const char *key)
{
    return strncmp(key, "old.", 4) == 0;
}

static kao_status put(kao_mem *mem, kao_span file, kao_bytes *to, kao_error *err)
{
    static const kao_onnx_entry entries[] = { { "name", "new" }, { "empty", "" } };

    *to = (kao_bytes){ .mem = mem, .max = 1 << 20 };
    return kao_onnx_put_metadata(to, file, entries, 2, is_old, "it", err);
}

/* Entries with the new ones' keys and those that are asked to go are gone, all other bytes are
 * there, in their order; broken files are refused, whatever the place. */
static void metadata(void **state)
{
    static const char *const want[] = { "stays", "1", "name", "new", "empty", "" };
    fixture *f = *state;
    kao_onnx_writer w;
    kao_onnx_model m;
    kao_bytes to = { 0 };
    uint8_t *bytes = NULL;
    size_t n = 0;
    const float one = 1;

    kao_onnx_write_begin(&w, &f->ctx->mem, 13);
    kao_onnx_write_tensor(&w, "a", KAO_F32, (int64_t[]){ 1 }, 1, &one);
    kao_onnx_write_meta(&w, "old.a", "1");
    kao_onnx_write_meta(&w, "stays", "1");
    kao_onnx_write_meta(&w, "name", "before");
    kao_onnx_write_meta(&w, "old.b", "2");
    assert_int_equal(kao_onnx_write_end(&w, &bytes, &n, &f->err), KAO_OK);
    const kao_span file = { bytes, n };

    assert_int_equal(put(&f->ctx->mem, file, &to, &f->err), KAO_OK);
    assert_int_equal(
        kao_onnx_parse(&m, &f->ctx->mem, (kao_span){ to.p, to.n }, &f->err), KAO_OK);
    assert_int_equal(m.n_meta, 3);
    for (uint32_t i = 0; i < 3; i++) {
        assert_string_equal(m.meta[i].key, want[2 * i]);
        assert_string_equal(m.meta[i].value, want[2 * i + 1]);
    }
    assert_int_equal(m.n_values, 1);
    assert_true(*(const float *)m.constants[0]->data == 1);
    /* the graph, with what stands before it, is not touched */
    assert_memory_equal(to.p, bytes, 36);
    kao_onnx_free(&m);
    for (long long at = 0;; at++) {
        kao_bytes again = { 0 };

        kao_fault_arm(&f->ctx->mem, KAO_FAULT_ALLOC, at);
        const kao_status st = put(&f->ctx->mem, file, &again, &f->err);
        const bool fired = kao_fault_disarm(&f->ctx->mem, KAO_FAULT_ALLOC);

        assert_int_equal(st, fired ? KAO_E_NOMEM : KAO_OK);
        kao_bytes_free(&again);
        if (!fired)
            break;
    }
    for (size_t cut = 1; cut < n; cut++) {
        kao_bytes part = { 0 };
        const kao_status st =
            put(&f->ctx->mem, (kao_span){ bytes, cut }, &part, &f->err);

        /* between two fields the rest is a message of its own */
        assert_true(st == KAO_OK || st == KAO_E_FORMAT);
        assert_true(st || part.n <= cut + 40);
        kao_bytes_free(&part);
    }
    kao_bytes_free(&to);
    kao_free(&f->ctx->mem, bytes);
}

static void without_memory(void **state)
{
    static const float v[6] = { 1, 2, 3, 4, 5, 6 };
    fixture *f = *state;
    const size_t live = atomic_load(&f->ctx->mem.live);
    bool fired = true;

    for (int i = 0; fired; i++) {
        kao_onnx_writer w;
        uint8_t *bytes = NULL;
        size_t n = 0;

        kao_fault_arm(&f->ctx->mem, KAO_FAULT_ALLOC, i);
        kao_onnx_write_begin(&w, &f->ctx->mem, 13);
        kao_onnx_write_halves(&w, "w", (int64_t[]){ 6 }, 1, v);
        const kao_status st = kao_onnx_write_end(&w, &bytes, &n, &f->err);

        fired = kao_fault_disarm(&f->ctx->mem, KAO_FAULT_ALLOC);
        assert_int_equal(st, fired ? KAO_E_NOMEM : KAO_OK);
        kao_free(&f->ctx->mem, bytes);
        assert_int_equal(atomic_load(&f->ctx->mem.live), live);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_lie_aligned),
        cmocka_unit_test(halves_are_rounded_weights),
        cmocka_unit_test(halves_in_the_file),
        cmocka_unit_test(names_of_free_dimensions),
        cmocka_unit_test(metadata),
        cmocka_unit_test(without_memory),
    };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
