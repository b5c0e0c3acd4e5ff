/* The operator table, Cast between all types, and the forms of operators in old opsets:
 * each value was computed by hand from the specification. */
#include "support/unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/fixture.h"

/* ---- the table ---- */

static void table_is_sorted(void **state)
{
    size_t n = 0;
    const kao_op *rows = kao_op_rows(&n);
    bool known = false;

    (void)state;
    assert_true(n > 40);
    for (size_t i = 0; i < n; i++) {
        const kao_op *r = &rows[i];
        assert_true(r->infer && r->run && r->types && r->since >= 1);
        assert_true(r->max_in >= r->min_in && r->max_out >= 1);
        for (const char *const *a = r->attrs; a && *a; a++)
            assert_true(**a &&
                        strspn(*a, "abcdefghijklmnopqrstuvwxyz_AB01") == strlen(*a));
        /* a view of the input is no other kernel; parts and reshapes are views */
        assert_false(r->view && r->lower);
        assert_true(r->view ||
                    (r->layout != KAO_LAYOUT_PART && r->layout != KAO_LAYOUT_RESHAPES));
        assert_ptr_equal(kao_op_find(r->name, r->since > 6 ? r->since : 6, &known), r);
        if (i == 0)
            continue;
        const int order = strcmp(rows[i - 1].name, r->name);

        assert_true(order < 0 || (order == 0 && rows[i - 1].since < r->since));
        if (order == 0) /* the opsets of a name follow each other without a gap */
            assert_int_equal(rows[i - 1].until + 1, r->since);
        else
            assert_int_equal(
                rows[i - 1].until * (strcmp(rows[i - 1].name, "Upsample") != 0), 0);
    }
    assert_null(kao_op_find("Upsample", 10, &known));
    assert_true(known);
    assert_null(kao_op_find("NoSuchOperator", 13, &known));
    assert_false(known);
}

/* ---- Cast ---- */

enum { VALUES = 10, TARGETS = 6 };

static const int targets[TARGETS] = { KAO_F32, KAO_I64, KAO_I32,
                                      KAO_U8,  KAO_I8,  KAO_BOOL };

typedef struct casts {
    int from;
    double values[VALUES]; /* for float16: its bits */
    double want[TARGETS][VALUES];
} casts;

#define MIN64 -9223372036854775808.0
#define MAX64 9223372036854775808.0 /* INT64_MAX, as a double */
#define MIN32 -2147483648.0
#define MAX32 2147483647.0
#define INF64 ((double)INFINITY)
#define NAN64 ((double)NAN)

/* clang-format off */
static const casts cast_rows[] = {
    { KAO_F32, { -1.5, 2.5, NAN64, INF64, -INF64, 3e9, -3e9, 300, -0.0, 0.4 }, {
        { -1.5, 2.5, NAN64, INF64, -INF64, 3e9, -3e9, 300, -0.0, (double)0.4f },
        { -1, 2, 0, MAX64, MIN64, 3e9, -3e9, 300, 0, 0 },
        { -1, 2, 0, MAX32, MIN32, MAX32, MIN32, 300, 0, 0 },
        { 0, 2, 0, 255, 0, 255, 0, 255, 0, 0 },
        { -1, 2, 0, 127, -128, 127, -128, 127, 0, 0 },
        { 1, 1, 1, 1, 1, 1, 1, 1, 0, 1 } } },
    /* 1.5, -2.5, NaN, inf, -inf, 65504, 2^-24, -1023 * 2^-24, -0, 0.333251953125 */
    { KAO_F16, { 0x3e00, 0xc100, 0x7e00, 0x7c00, 0xfc00, 0x7bff, 0x0001, 0x83ff, 0x8000, 0x3555 }, {
        { 1.5, -2.5, NAN64, INF64, -INF64, 65504, 0x1p-24, -1023 * 0x1p-24, -0.0, 0.333251953125 },
        { 1, -2, 0, MAX64, MIN64, 65504, 0, 0, 0, 0 },
        { 1, -2, 0, MAX32, MIN32, 65504, 0, 0, 0, 0 },
        { 1, 0, 0, 255, 0, 255, 0, 0, 0, 0 },
        { 1, -2, 0, 127, -128, 127, 0, 0, 0, 0 },
        { 1, 1, 1, 1, 1, 1, 1, 1, 0, 1 } } },
    { KAO_I64, { -1, 0, 300, -300, 0x10000000005, MIN64, 0x7fffffff, 0x80000000, 16777217, 128 }, {
        { -1, 0, 300, -300, 0x10000000000, MIN64, 0x80000000, 0x80000000, 16777216, 128 },
        { -1, 0, 300, -300, 0x10000000005, MIN64, 0x7fffffff, 0x80000000, 16777217, 128 },
        { -1, 0, 300, -300, 5, 0, 0x7fffffff, MIN32, 16777217, 128 },
        { 255, 0, 44, 212, 5, 0, 255, 0, 1, 128 },
        { -1, 0, 44, -44, 5, 0, -1, 0, 1, -128 },
        { 1, 0, 1, 1, 1, 1, 1, 1, 1, 1 } } },
    { KAO_I32, { -1, 0, 300, -300, MIN32, MAX32, 16777217, 128, 256, -256 }, {
        { -1, 0, 300, -300, MIN32, 2147483648.0, 16777216, 128, 256, -256 },
        { -1, 0, 300, -300, MIN32, MAX32, 16777217, 128, 256, -256 },
        { -1, 0, 300, -300, MIN32, MAX32, 16777217, 128, 256, -256 },
        { 255, 0, 44, 212, 0, 255, 1, 128, 0, 0 },
        { -1, 0, 44, -44, 0, -1, 1, -128, 0, 0 },
        { 1, 0, 1, 1, 1, 1, 1, 1, 1, 1 } } },
    { KAO_U8, { 0, 1, 2, 127, 128, 200, 254, 255, 64, 65 }, {
        { 0, 1, 2, 127, 128, 200, 254, 255, 64, 65 },
        { 0, 1, 2, 127, 128, 200, 254, 255, 64, 65 },
        { 0, 1, 2, 127, 128, 200, 254, 255, 64, 65 },
        { 0, 1, 2, 127, 128, 200, 254, 255, 64, 65 },
        { 0, 1, 2, 127, -128, -56, -2, -1, 64, 65 },
        { 0, 1, 1, 1, 1, 1, 1, 1, 1, 1 } } },
    { KAO_I8, { 0, 1, -1, 127, -128, -56, -2, 64, 65, 100 }, {
        { 0, 1, -1, 127, -128, -56, -2, 64, 65, 100 },
        { 0, 1, -1, 127, -128, -56, -2, 64, 65, 100 },
        { 0, 1, -1, 127, -128, -56, -2, 64, 65, 100 },
        { 0, 1, 255, 127, 128, 200, 254, 64, 65, 100 },
        { 0, 1, -1, 127, -128, -56, -2, 64, 65, 100 },
        { 0, 1, 1, 1, 1, 1, 1, 1, 1, 1 } } },
    { KAO_BOOL, { 0, 1, 1, 0, 1, 0, 0, 1, 1, 0 }, {
        { 0, 1, 1, 0, 1, 0, 0, 1, 1, 0 },
        { 0, 1, 1, 0, 1, 0, 0, 1, 1, 0 },
        { 0, 1, 1, 0, 1, 0, 0, 1, 1, 0 },
        { 0, 1, 1, 0, 1, 0, 0, 1, 1, 0 },
        { 0, 1, 1, 0, 1, 0, 0, 1, 1, 0 },
        { 0, 1, 1, 0, 1, 0, 0, 1, 1, 0 } } },
};
/* clang-format on */

static void store_as(int dtype, void *to, size_t i, double v)
{
    switch (dtype) {
    case KAO_F32:
        ((float *)to)[i] = (float)v;
        break;
    case KAO_F16:
        ((uint16_t *)to)[i] = (uint16_t)v;
        break;
    case KAO_I64:
        ((int64_t *)to)[i] = v >= MAX64 ? INT64_MAX : (int64_t)v;
        break;
    case KAO_I32:
        ((int32_t *)to)[i] = (int32_t)v;
        break;
    case KAO_I8:
        ((int8_t *)to)[i] = (int8_t)v;
        break;
    default:
        ((uint8_t *)to)[i] = (uint8_t)v;
        break;
    }
}

/* Computed while planning (a constant), and at run time (an input). */
static void check_cast(fixture *f, const casts *row, size_t target, bool constant)
{
    int64_t in[VALUES], want[VALUES];
    char attribute[16];
    kao_network *m = NULL;
    kao_session *s = NULL;
    graph g;
    const kao_tensor t = { .dtype = (kao_dtype)row->from,
                           .rank = 1,
                           .dims = { VALUES },
                           .strides = { 1 },
                           .data = in };

    for (size_t i = 0; i < VALUES; i++) {
        store_as(row->from, in, i, row->values[i]);
        store_as(targets[target], want, i, row->want[target][i]);
    }
    graph_init(&g, 13);
    if (constant)
        graph_tensor(&g, "x", row->from, "10", in);
    else
        graph_input(&g, "x", row->from, "10");
    snprintf(attribute, sizeof attribute, "to=%d", targets[target]);
    graph_node(&g, "Cast", "x", "y", attribute);
    graph_output(&g, "y", targets[target], "10");
    pb file = graph_file(&g);

    if (run_graph(f->ctx, &file, KAO_PASS_ALL, &t, !constant, &m, &s, &f->err))
        fail_msg("%s to %s: %s", kao_dtype_name(row->from), attribute, f->err.msg);
    const kao_tensor *out = kao_session_output(s, 0);
    const size_t size = kao_dtype_size(targets[target]);

    assert_int_equal(out->dtype, targets[target]);
    for (size_t i = 0; i < VALUES; i++) {
        const bool nan = targets[target] == KAO_F32 && isnan(row->want[target][i]);

        if (nan ? !isnan(((const float *)out->data)[i])
                : memcmp((const char *)out->data + i * size,
                         (const char *)want + i * size, size) != 0)
            fail_msg("%s to %s: value %zu", kao_dtype_name(row->from),
                     kao_dtype_name(targets[target]), i);
    }
    kao_session_destroy(s);
    kao_network_destroy(m);
    pb_free(&file);
}

static void casts_between_all_types(void **state)
{
    for (size_t r = 0; r < COUNT(cast_rows); r++)
        for (size_t t = 0; t < TARGETS; t++) {
            check_cast(*state, &cast_rows[r], t, true);
            if (cast_rows[r].from != KAO_F16) /* no input may be of that type */
                check_cast(*state, &cast_rows[r], t, false);
        }
}

/* ---- forms of old opsets ---- */

/* Further inputs: "i2,3" two integers, "f.5,1" floats, "s2" a scalar float, "b1" a bool. */
static void put_extra(graph *g, const char *name, const char *text)
{
    int64_t ints[16];
    float floats[16];
    uint8_t flag = text[1] == '1';
    char dims[8];
    int n = 0;

    for (const char *p = text + 1; *p; p += *p == ',') {
        char *end = NULL;

        floats[n] = strtof(p, &end);
        ints[n++] = strtoll(p, NULL, 10);
        p = end;
    }
    dims[0] = '\0';
    if (text[0] != 's' && text[0] != 'b')
        snprintf(dims, sizeof dims, "%d", n);
    if (text[0] == 'i')
        graph_ints(g, name, dims, ints);
    else if (text[0] == 'b')
        graph_tensor(g, name, KAO_BOOL, dims, &flag);
    else
        graph_floats(g, name, dims, floats);
}

typedef struct form {
    int opset;
    const char *op, *x; /* x: dims of the input 1, 2, 3 ... */
    const char *extra[3], *attributes, *dims;
    float want[24];
} form;

/* clang-format off */
static const form forms[] = {
    { 6, "Add", "1,2,2", { "f10,20" }, "broadcast=1 axis=1", "1,2,2", { 11, 12, 23, 24 } },
    { 6, "Add", "1,2,2", { "f10,20" }, "broadcast=1", "1,2,2", { 11, 22, 13, 24 } },
    { 7, "Add", "1,2,2", { "f10,20" }, "", "1,2,2", { 11, 22, 13, 24 } },
    { 6, "Sub", "1,2,2", { "s1" }, "broadcast=1", "1,2,2", { 0, 1, 2, 3 } },
    { 6, "Mul", "2,2", { "f10,20" }, "broadcast=1 axis=0", "2,2", { 10, 20, 60, 80 } },
    { 6, "Div", "4", { "f1,2,3,8" }, "", "4", { 1, 1, 1, 0.5f } },
    { 1 + 5, "Pow", "4", { "s2" }, "broadcast=1", "4", { 1, 4, 9, 16 } },
    { 7, "Pow", "4", { "i2" }, "", "4", { 1, 4, 9, 16 } },
    { 6, "Clip", "4", { NULL }, "min=1.5 max=3.5", "4", { 1.5f, 2, 3, 3.5f } },
    { 6, "Clip", "4", { NULL }, "max=2.5", "4", { 1, 2, 2.5f, 2.5f } },
    { 11, "Clip", "4", { "s1.5", "s3.5" }, "", "4", { 1.5f, 2, 3, 3.5f } },
    { 11, "Clip", "4", { "-", "s2.5" }, "", "4", { 1, 2, 2.5f, 2.5f } },
    { 13, "Clip", "4", { NULL }, "", "4", { 1, 2, 3, 4 } },
    { 6, "Pad", "1,1,1,2", { NULL }, "pads=[0,0,0,1,0,0,1,0] value=9.0", "1,1,2,3", { 9, 1, 2, 9, 9, 9 } },
    { 11, "Pad", "1,1,1,2", { "i0,0,0,1,0,0,1,0", "s9" }, "", "1,1,2,3", { 9, 1, 2, 9, 9, 9 } },
    { 18, "Pad", "2,2", { "i1,0", "-", "i1" }, "", "2,3", { 0, 1, 2, 0, 3, 4 } },
    { 19, "Pad", "3", { "i2,1" }, "mode=wrap", "6", { 2, 3, 1, 2, 3, 1 } },
    { 9, "Pad", "3", { NULL }, "pads=[2,1] mode=reflect", "6", { 3, 2, 1, 2, 3, 2 } },
    { 9, "Pad", "3", { NULL }, "pads=[2,1] mode=edge", "6", { 1, 1, 1, 2, 3, 3 } },
    { 9, "Slice", "2,3", { NULL }, "starts=[1] ends=[9] axes=[1]", "2,2", { 2, 3, 5, 6 } },
    { 9, "Slice", "2,3", { NULL }, "starts=[-1,0] ends=[2,-1]", "1,2", { 4, 5 } },
    { 10, "Slice", "2,3", { "i1", "i9", "i1" }, "", "2,2", { 2, 3, 5, 6 } },
    { 13, "Slice", "5", { "i-1", "i-9", "i0" }, "", "0", { 0 } },
    { 12, "Unsqueeze", "2", { NULL }, "axes=[0,2]", "1,2,1", { 1, 2 } },
    { 13, "Unsqueeze", "2", { "i0,-1" }, "", "1,2,1", { 1, 2 } },
    { 12, "Split", "4", { NULL }, "axis=0 split=[4]", "4", { 1, 2, 3, 4 } },
    { 13, "Split", "4", { "i4" }, "axis=0", "4", { 1, 2, 3, 4 } },
    { 18, "Split", "4", { NULL }, "axis=0 num_outputs=1", "4", { 1, 2, 3, 4 } },
    { 12, "Softmax", "1,2,2", { NULL }, "", "1,2,2", { 0.0320586f, 0.0871443f, 0.2368828f, 0.6439143f } },
    { 13, "Softmax", "1,2,2", { NULL }, "", "1,2,2", { 0.2689414f, 0.7310586f, 0.2689414f, 0.7310586f } },
    { 13, "ReduceMean", "2,2", { NULL }, "axes=[1] keepdims=0", "2", { 1.5f, 3.5f } },
    { 18, "ReduceMean", "2,2", { "i1" }, "keepdims=0", "2", { 1.5f, 3.5f } },
    { 18, "ReduceMean", "2,2", { NULL }, "noop_with_empty_axes=1", "2,2", { 1, 2, 3, 4 } },
    { 17, "ReduceMean", "2,2", { NULL }, "", "1,1", { 2.5f } },
    { 7, "Upsample", "1,1,1,2", { NULL }, "scales=[1.0,1.0,2.0,2.0]", "1,1,2,4", { 1, 1, 2, 2, 1, 1, 2, 2 } },
    { 9, "Upsample", "1,1,1,2", { "f1,1,2,2" }, "mode=nearest", "1,1,2,4", { 1, 1, 2, 2, 1, 1, 2, 2 } },
    { 9, "Upsample", "1,1,1,2", { "f1,1,1,2" }, "mode=linear", "1,1,1,4", { 1, 1.5f, 2, 2 } },
    { 10, "Resize", "1,1,1,4", { "f1,1,1,.5" }, "", "1,1,1,2", { 1, 3 } },
    { 10, "Resize", "1,1,2,4", { "f1,1,.6,.6" }, "", "1,1,1,2", { 1, 3 } }, /* ONNX 1.5's tests */
    { 10, "Resize", "1,1,2,4", { "f1,1,.6,.6" }, "mode=linear", "1,1,1,2", { 1, 2.66666651f } },
    { 10, "Resize", "1,1,1,4", { "f1,1,1,1.5" }, "", "1,1,1,6", { 1, 1, 2, 3, 3, 4 } },
    { 11, "Resize", "4", { "-", "f2" }, "mode=linear", "8", { 1, 1.25f, 1.75f, 2.25f, 2.75f, 3.25f, 3.75f, 4 } },
    { 11, "Resize", "4", { "-", "f2" }, "mode=linear coordinate_transformation_mode=asymmetric", "8", { 1, 1.5f, 2, 2.5f, 3, 3.5f, 4, 4 } },
    { 11, "Resize", "4", { "-", "f2" }, "mode=linear coordinate_transformation_mode=align_corners", "8",
      { 1, 1.4285714f, 1.8571429f, 2.2857143f, 2.7142857f, 3.1428571f, 3.5714286f, 4 } },
    { 11, "Resize", "4", { "-", "-", "i6" }, "mode=nearest", "6", { 1, 1, 2, 3, 3, 4 } },
    { 11, "Resize", "4", { "-", "-", "i6" }, "coordinate_transformation_mode=asymmetric nearest_mode=floor", "6", { 1, 1, 2, 3, 3, 4 } },
    { 11, "Resize", "4", { "-", "-", "i6" }, "coordinate_transformation_mode=asymmetric", "6", { 1, 2, 2, 3, 4, 4 } },
    { 6, "Dropout", "2", { NULL }, "ratio=0.7 is_test=1", "2", { 1, 2 } },
    { 12, "Dropout", "2", { "s0.7", "b0" }, "", "2", { 1, 2 } },
    { 6, "LeakyRelu", "2", { NULL }, "alpha=0.5", "2", { 1, 2 } },
    { 5 + 1, "Reshape", "2,3", { "i0,-1" }, "", "2,3", { 1, 2, 3, 4, 5, 6 } },
    { 14, "Reshape", "2,3", { "i-1,2" }, "allowzero=1", "3,2", { 1, 2, 3, 4, 5, 6 } },
    { 9, "Flatten", "2,2,2", { NULL }, "axis=2", "4,2", { 1, 2, 3, 4, 5, 6, 7, 8 } },
    { 13, "Flatten", "2,2,2", { NULL }, "axis=-3", "1,8", { 1, 2, 3, 4, 5, 6, 7, 8 } },
    { 15, "Shape", "2,3", { NULL }, "", "2", { 2, 3 } },
    { 15, "Shape", "2,3,4", { NULL }, "start=-2 end=-1", "1", { 3 } },
    { 11, "MaxPool", "1,1,1,4", { NULL }, "kernel_shape=[1,3] strides=[1,2] ceil_mode=1", "1,1,1,2", { 3, 4 } },
    { 11, "AveragePool", "1,1,4", { NULL }, "kernel_shape=[3] pads=[1,1]", "1,1,4", { 1.5f, 2, 3, 3.5f } },
    { 11, "AveragePool", "1,1,4", { NULL }, "kernel_shape=[3] pads=[1,1] count_include_pad=1", "1,1,4", { 1, 2, 3, 7.0f / 3 } },
    { 11, "AveragePool", "1,1,4", { NULL }, "kernel_shape=[3] strides=[2] auto_pad=SAME_UPPER", "1,1,2", { 2, 3.5f } },
    { 11, "LpNormalization", "2", { NULL }, "axis=0 p=1", "2", { 1.0f / 3, 2.0f / 3 } },
};
/* clang-format on */

static void check_form(fixture *f, const form *r, uint32_t passes)
{
    static const char *const names[3] = { "a", "b", "c" };
    float x[24];
    char args[24] = "x";
    graph g;
    kao_network *m = NULL;
    kao_session *s = NULL;
    kao_tensor want = { 0 };

    for (size_t i = 0; i < COUNT(x); i++)
        x[i] = (float)(i + 1);
    graph_init(&g, r->opset);
    graph_input(&g, "x", KAO_F32, r->x);
    size_t n = 1;

    for (int i = 0; i < 3 && r->extra[i]; i++) {
        const bool given = r->extra[i][0] != '-';

        n += (size_t)snprintf(args + n, sizeof args - n, " %s", given ? names[i] : "-");
        if (given)
            put_extra(&g, names[i], r->extra[i]);
    }
    graph_node(&g, r->op, args, "y", r->attributes);
    graph_output(&g, "y", KAO_F32, NULL);
    pb file = graph_file(&g);
    const kao_tensor in = tensor_of(r->x, x);

    if (run_graph(f->ctx, &file, passes, &in, 1, &m, &s, &f->err))
        fail_msg("%s of opset %d: %s", r->op, r->opset, f->err.msg);
    const kao_tensor *out = kao_session_output(s, 0);

    want.rank = dims_of(r->dims, want.dims);
    assert_true(kao_tensor_same_dims(out, &want));
    for (int64_t i = 0; i < kao_tensor_count(out); i++) {
        const float got = out->dtype == KAO_I64 ? (float)((const int64_t *)out->data)[i]
                                                : ((const float *)out->data)[i];

        if (!(fabsf(got - r->want[i]) < 1e-6f))
            fail_msg("%s of opset %d (%s): element %d is %g, wanted %g", r->op,
                     r->opset, r->attributes, (int)i, (double)got, (double)r->want[i]);
    }
    kao_session_destroy(s);
    kao_network_destroy(m);
    pb_free(&file);
}

static void forms_of_old_opsets(void **state)
{
    for (size_t i = 0; i < COUNT(forms); i++) {
        check_form(*state, &forms[i], 0);
        check_form(*state, &forms[i], KAO_PASS_ALL);
    }
}

/* What is refused at loading, in which words. */
static void refused_by_name(void **state)
{
    static const struct {
        int opset;
        const char *op, *in, *attributes, *message;
    } rows[] = {
        { 13, "Foo", "x", "", "operator Foo is not supported" },
        { 10, "Upsample", "x x", "", "Upsample of opset 10" },
        { 13, "Relu", "x", "slope=1", "attribute \"slope\" is not known" },
        { 13, "Relu", "x x", "", "2 inputs, at most 1" },
        { 13, "Add", "x", "", "1 inputs, at least 2" },
        { 13, "Add", "- x", "", "input 0 is left out" },
        { 13, "LeakyRelu", "x", "alpha=1", "\"alpha\" has another type" },
        { 13, "Cast", "x", "to=14", "to complex64" },
        { 20, "Gelu", "x", "approximate=half", "approximate half" },
        { 13, "DepthToSpace", "x", "blocksize=0", "blocksize 0" },
        { 13, "DepthToSpace", "x", "blocksize=2 mode=DRC", "mode DRC" },
        { 13, "Cast", "x", "", "to undefined" },
        { 13, "MaxPool", "x", "", "no kernel_shape" },
        { 13, "MaxPool", "x", "kernel_shape=[2,2,2]", "at most 2" },
        { 13, "MaxPool", "x", "kernel_shape=[2,2] strides=[1]", "do not agree" },
        { 13, "MaxPool", "x", "kernel_shape=[0,2]", "kernel_shape 0" },
        { 13, "MaxPool", "x", "kernel_shape=[2,2] pads=[0,0,0,-1]", "pads -1" },
        { 13, "MaxPool", "x", "kernel_shape=[2,2] auto_pad=SAME", "auto_pad SAME" },
        { 13, "Resize", "x - x", "mode=lanczos", "mode lanczos" },
        { 10, "Resize", "x x", "mode=cubic", "mode cubic before opset 11" },
        { 13, "Concat", "x", "", "no axis" },
        { 15, "BatchNormalization", "x x x x x", "training_mode=1", "training_mode 1" },
        { 5, "Relu", "x", "", "opset 5: 6 and later" },
    };
    fixture *f = *state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        graph g;
        kao_network *m = NULL;

        graph_init(&g, rows[i].opset);
        graph_input(&g, "x", KAO_F32, "1,1,4,4");
        graph_node(&g, rows[i].op, rows[i].in, "y", rows[i].attributes);
        graph_output(&g, "y", KAO_F32, NULL);
        pb file = graph_file(&g);
        const kao_status st = kao_network_parse(
            f->ctx, &m, (kao_span){ file.p, file.n }, "refused", &f->err);

        if ((st != KAO_E_UNSUPPORTED && st != KAO_E_FORMAT) ||
            !strstr(f->err.msg, rows[i].message))
            fail_msg("%s: %d, %s", rows[i].op, (int)st, f->err.msg);
        assert_null(m);
        pb_free(&file);
    }
}

/* Windows of a Conv that leaves kernel_shape out have the axes of its other attributes. */
static void windows_of_another_rank(void **state)
{
    static const struct {
        const char *x, *w, *attributes;
        bool fits;
    } rows[] = {
        { "1,1,4", "1,1,2", "strides=[2]", true },
        { "1,1,4", "1,1,2", "pads=[1,1,1,1]", false },
        { "1,1,4", "1,1,2", "dilations=[1,2]", false },
        { "1,1,4,4", "1,1,2,2", "pads=[1,1,1,1]", true },
        { "1,1,4,4", "1,1,2,2", "strides=[2]", false },
        { "1,1,4,4", "1,1,2,2", "pads=[1,1]", false },
    };
    static float numbers[16];
    fixture *f = *state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        const kao_tensor x = tensor_of(rows[i].x, numbers);
        kao_network *m = NULL;
        kao_session *s = NULL;
        graph g;

        graph_init(&g, 11);
        graph_input(&g, "x", KAO_F32, rows[i].x);
        graph_noise(&g, "w", rows[i].w, 1, 1);
        graph_node(&g, "Conv", "x w", "y", rows[i].attributes);
        graph_output(&g, "y", KAO_F32, NULL);
        pb file = graph_file(&g);
        const kao_status st =
            run_graph(f->ctx, &file, KAO_PASS_ALL, &x, 1, &m, &s, &f->err);

        if (st != (rows[i].fits ? KAO_OK : KAO_E_FORMAT) ||
            (st && !strstr(f->err.msg, "input of rank")))
            fail_msg("%s, %s: %d, %s", rows[i].x, rows[i].attributes, (int)st,
                     f->err.msg);
        kao_session_destroy(s);
        kao_network_destroy(m);
        pb_free(&file);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_is_sorted),
        cmocka_unit_test(casts_between_all_types),
        cmocka_unit_test(forms_of_old_opsets),
        cmocka_unit_test(refused_by_name),
        cmocka_unit_test(windows_of_another_rank),
    };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
