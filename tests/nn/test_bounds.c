/* What a session may cost, counted: work by its stated model, packed weights by plans that
 * hold them, and a run that is cancelled between two entries. */
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cancel.h"
#include "support/fixture.h"

static pb finish(graph *g)
{
    graph_output(g, "y", KAO_F32, NULL);
    return graph_file(g);
}

/* ---- work ---- */

static void conv(graph *g)
{
    graph_noise(g, "w", "6,4,3,3", 1, 1);
    graph_node(g, "Conv", "x w", "y", "pads=[1,1,1,1]");
}

static void conv_of_a_wide_step(graph *g) /* all but the middle column lies outside */
{
    graph_noise(g, "w", "1,4,1,1", 1, 1);
    graph_node(g, "Conv", "x w", "y", "strides=[1,1000] pads=[0,1000,0,1000]");
}

static void conv_of_a_wide_window(graph *g) /* every window leaves the picture */
{
    graph_noise(g, "w", "1,4,1,2", 1, 1);
    graph_node(g, "Conv", "x w", "y", "dilations=[1,900] pads=[0,900,0,900]");
}

static void depthwise(graph *g)
{
    graph_noise(g, "w", "4,1,3,3", 1, 1);
    graph_node(g, "Conv", "x w", "y", "pads=[1,1,1,1] group=4");
}

static void conv_relu(graph *g)
{
    graph_noise(g, "w", "6,4,3,3", 1, 1);
    graph_node(g, "Conv", "x w", "c", "pads=[1,1,1,1]");
    graph_node(g, "Relu", "c", "y", "");
}

static void conv_without_constant(graph *g) /* weights that the input decides */
{
    graph_node(g, "Conv", "x x", "y", "");
}

static void pool(graph *g)
{
    graph_node(g, "MaxPool", "x", "y", "kernel_shape=[3,3]");
}

static void softmax(graph *g)
{
    graph_node(g, "Softmax", "x", "y", "axis=1");
}

static void matmul(graph *g)
{
    graph_noise(g, "w", "5,7", 1, 1);
    graph_node(g, "MatMul", "x w", "y", "");
}

static void top_k(graph *g)
{
    static const int64_t k = 2;

    graph_ints(g, "k", "1", &k);
    graph_node(g, "TopK", "x k", "y i", "axis=2");
}

static void conv_transpose(graph *g)
{
    graph_noise(g, "w", "4,6,3,3", 1, 1);
    graph_node(g, "ConvTranspose", "x w", "y", "pads=[1,1,1,1] group=2");
}

static void einsum(graph *g)
{
    graph_noise(g, "w", "4,7", 1, 1);
    graph_node(g, "Einsum", "x w", "y", "equation=nchw,ck->nkhw");
}

static void sum_of_three(graph *g)
{
    graph_node(g, "Sum", "x x x", "y", "");
}

static void sum_of_two(graph *g)
{
    graph_node(g, "Sum", "x x", "y", "");
}

static void global_max(graph *g) /* a pooling kernel, channels last */
{
    graph_node(g, "MaxPool", "x", "p", "kernel_shape=[1,1]");
    graph_node(g, "ReduceMax", "p", "y", "axes=[2,3]");
}

/* x is 1,4,8,5: 160 numbers; OUT windows of 3x3 leave it. In units of one multiply-add of a
 * packed kernel. */
enum { X = 160, OUT = 8 * 5 - 6 * 3, G = KAO_GENERIC_WORK };

typedef struct costly {
    void (*make)(graph *g);
    uint64_t all, none;
} costly;

static const costly costs[] = {
    /* channels first to last and back: two copies, each touches both sides */
    { conv, 2 * X + 8 * 5 * 6 * 36 + OUT * 36 + 2 * 240,
      (uint64_t)G *(8 * 5 * 6 * 36 + X + 6 * 4 * 9) },
    { conv_of_a_wide_step, 2 * X + 8 * 3 * 4 + 8 * 2 * 1000 * 4,
      (uint64_t)G *(8 * 3 * 4 + X + 4) },
    { conv_of_a_wide_window, 2 * X + 8 * 905 * 2 * 4 + 8 * 905 * 901 * 4,
      (uint64_t)G *(8 * 905 * 2 * 4 + X + 8) },
    { depthwise, 2 * X + X * 9 + 2 * X, (uint64_t)G *(X * 9 + X + 36) },
    { conv_relu, 2 * X + 8 * 5 * 6 * 36 + OUT * 36 + 2 * 240,
      (uint64_t)G *(8 * 5 * 6 * 36 + X + 6 * 4 * 9 + 2 * 240) },
    { conv_without_constant, (uint64_t)G *(X + 2 * X), (uint64_t)G *(X + 2 * X) },
    { pool, 2 * X + (6 * 3 * 4 * 9 + X) + 2 * 72, (uint64_t)G *(6 * 3 * 4 * 9 + X) },
    { softmax, (uint64_t)G * 2 * X, (uint64_t)G * 2 * X },
    { top_k, (uint64_t)G *(2 * 40 * 8 + X + 1), (uint64_t)G *(2 * 40 * 8 + X + 1) },
    { conv_transpose, (uint64_t)G *(12 * 40 * 2 * 9 + X + 4 * 6 * 9),
      (uint64_t)G *(12 * 40 * 2 * 9 + X + 4 * 6 * 9) },
    { einsum, (uint64_t)G *(7 * 40 * 2 * 4 + X + 28),
      (uint64_t)G *(7 * 40 * 2 * 4 + X + 28) },
    { sum_of_three, (uint64_t)G *(X * 3 + 3 * X), (uint64_t)G *(X * 3 + 3 * X) },
    { sum_of_two, 4 * X, (uint64_t)G *(X * 2 + 2 * X) },
    { global_max, 2 * X + (X + X) + (4 + X), (uint64_t)G *(X + X + 4 + X) },
    { matmul, 32 * 7 * 5, (uint64_t)G *(32 * 7 * 5 + X + 35) },
};

static kao_status run_with(kao_context *ctx, const costly *c, uint32_t passes,
                           uint64_t *work, kao_error *err)
{
    float x[X] = { 0 };
    const kao_tensor in = tensor_of("1,4,8,5", x);
    kao_network *m = NULL;
    kao_session *s = NULL;
    graph g;

    graph_init(&g, 13);
    graph_input(&g, "x", KAO_F32, "1,4,8,5");
    c->make(&g);
    pb file = finish(&g);
    const kao_status st = run_graph(ctx, &file, passes, &in, 1, &m, &s, err);

    if (!st)
        *work = kao_session_plan(s)->work;
    kao_session_destroy(s);
    kao_network_destroy(m);
    pb_free(&file);
    return st;
}

static void work_is_counted_by_kernel(void **state)
{
    fixture *f = *state;

    for (size_t i = 0; i < COUNT(costs); i++)
        for (int all = 0; all < 2; all++) {
            const uint64_t want = all ? costs[i].all : costs[i].none;
            const uint32_t passes = all ? KAO_PASS_ALL : 0;
            uint64_t work = 0;

            assert_int_equal(run_with(f->ctx, &costs[i], passes, &work, &f->err),
                             KAO_OK);
            if (work != want)
                fail_msg("row %zu, passes %u: work %llu, wanted %llu", i, passes,
                         (unsigned long long)work, (unsigned long long)want);
            f->ctx->max_work = want; /* the limit is the last that may be asked for */
            assert_int_equal(run_with(f->ctx, &costs[i], passes, &work, &f->err),
                             KAO_OK);
            f->ctx->max_work = want - 1;
            assert_int_equal(run_with(f->ctx, &costs[i], passes, &work, &f->err),
                             KAO_E_LIMIT);
            assert_non_null(strstr(f->err.msg, "multiply-adds"));
            f->ctx->max_work = 0;
        }
}

/* What NonMaxSuppression looks at while planning counts as what planning may spend on known
 * values: a file could name it any number of times. */
static void suppression_is_counted(void **state)
{
    enum { BOXES = 256 };
    static const int64_t many = BOXES;
    static float boxes[BOXES][4], scores[BOXES];
    fixture *f = *state;
    float x[1] = { 0 };
    const kao_tensor in = tensor_of("1", x);

    for (int i = 0; i < BOXES; i++) { /* apart: all are taken */
        boxes[i][0] = boxes[i][1] = (float)(2 * i);
        boxes[i][2] = boxes[i][3] = (float)(2 * i + 1);
        scores[i] = (float)i;
    }
    for (int nodes = 1; nodes <= 8; nodes += 7) {
        kao_network *net = NULL;
        kao_session *s = NULL;
        char name[8];
        graph g;

        graph_init(&g, 13);
        graph_input(&g, "x", KAO_F32, "1");
        graph_floats(&g, "b", "1,256,4", &boxes[0][0]);
        graph_floats(&g, "s", "1,1,256", scores);
        graph_tensor(&g, "most", KAO_I64, "", &many);
        for (int i = 0; i < nodes; i++) {
            snprintf(name, sizeof name, "y%d", i);
            graph_node(&g, "NonMaxSuppression", "b s most", name, "");
        }
        graph_output(&g, "y0", KAO_I64, NULL);
        pb file = graph_file(&g);

        f->ctx->max_work = 4 * BOXES * BOXES; /* two of them: each looks twice */
        const kao_status st =
            run_graph(f->ctx, &file, KAO_PASS_ALL, &in, 1, &net, &s, &f->err);

        f->ctx->max_work = 0;
        assert_int_equal(st, nodes == 1 ? KAO_OK : KAO_E_LIMIT);
        if (st)
            assert_non_null(strstr(f->err.msg, "planning may compute"));
        kao_session_destroy(s);
        kao_network_destroy(net);
        pb_free(&file);
    }
}

/* Weights that a file stores as float16 are widened while planning, however many they are:
 * its own bytes bound them, not what planning may spend on other known values. */
static void short_weights_are_widened(void **state)
{
    enum { SIDE = 64, N = SIDE * SIDE };
    static uint16_t halves[N];
    fixture *f = *state;
    float x[SIDE];
    const kao_tensor in = tensor_of("1,64", x);
    kao_network *net = NULL;
    kao_session *s = NULL;
    graph g;

    for (int i = 0; i < SIDE; i++) {
        x[i] = (float)i;
        halves[i * SIDE + i] = 0x4000; /* 2 */
    }
    graph_init(&g, 13);
    graph_input(&g, "x", KAO_F32, "1,64");
    graph_tensor(&g, "short", KAO_F16, "64,64", halves);
    graph_node(&g, "Cast", "short", "w", "to=1");
    graph_node(&g, "MatMul", "x w", "y", "");
    pb file = finish(&g);

    f->ctx->max_work = N; /* what the product alone costs */
    const kao_status st =
        run_graph(f->ctx, &file, KAO_PASS_ALL, &in, 1, &net, &s, &f->err);

    f->ctx->max_work = 0;
    assert_int_equal(st, KAO_OK);
    assert_int_equal(kao_session_plan(s)->work, N);
    for (int i = 0; i < SIDE; i++)
        assert_true(((const float *)kao_session_output(s, 0)->data)[i] == 2 * x[i]);
    kao_session_destroy(s);
    kao_network_destroy(net);
    pb_free(&file);
}

/* However many steps lie between the file's numbers and the product. */
static void large_weights_are_turned(void **state)
{
    enum { ROWS = 1032, COLS = 1024 };
    static uint16_t halves[ROWS * COLS];
    fixture *f = *state;
    float x[COLS];
    const kao_tensor in = tensor_of("1,1024", x);
    kao_network *net = NULL;
    kao_session *s = NULL;
    graph g;

    assert_true(ROWS * COLS > KAO_MAX_FOLDED);
    for (int i = 0; i < COLS; i++) {
        x[i] = (float)i;
        halves[(i + 8) * COLS + i] = 0x4000; /* 2 */
    }
    graph_init(&g, 13);
    graph_input(&g, "x", KAO_F32, "1,1024");
    graph_tensor(&g, "short", KAO_F16, "1032,1024", halves);
    graph_node(&g, "Cast", "short", "w", "to=1");
    graph_node(&g, "Transpose", "w", "t", "perm=[1,0]");
    graph_node(&g, "MatMul", "x t", "y", "");
    pb file = finish(&g);

    assert_int_equal(run_graph(f->ctx, &file, KAO_PASS_ALL, &in, 1, &net, &s, &f->err),
                     KAO_OK);
    assert_int_equal(kao_session_plan(s)->work, ROWS * COLS);
    for (int i = 0; i < ROWS; i++)
        assert_true(((const float *)kao_session_output(s, 0)->data)[i] ==
                    (i < 8 ? 0 : 2 * x[i - 8]));
    kao_session_destroy(s);
    kao_network_destroy(net);
    pb_free(&file);
}

/* Whole-number weights, one scale a row: constants of the plan like others, however many. */
static void quantised_weights_are_known(void **state)
{
    enum { ROWS = 1032, COLS = 1024 };
    static int8_t bytes[ROWS * COLS];
    static float scale[ROWS];
    fixture *f = *state;
    float x[COLS];
    const kao_tensor in = tensor_of("1,1024", x);
    kao_network *net = NULL;
    kao_session *s = NULL;
    graph g;

    for (int i = 0; i < ROWS; i++)
        scale[i] = i < 16 ? 0.5f : 2;
    for (int i = 0; i < COLS; i++) {
        x[i] = (float)i;
        bytes[(i + 8) * COLS + i] = 3;
    }
    graph_init(&g, 13);
    graph_input(&g, "x", KAO_F32, "1,1024");
    graph_tensor(&g, "q", KAO_I8, "1032,1024", bytes);
    graph_floats(&g, "scale", "1032", scale);
    graph_node(&g, "DequantizeLinear", "q scale", "w", "axis=0");
    graph_node(&g, "Gemm", "x w", "y", "transB=1");
    pb file = finish(&g);

    assert_int_equal(run_graph(f->ctx, &file, KAO_PASS_ALL, &in, 1, &net, &s, &f->err),
                     KAO_OK);
    assert_int_equal(kao_session_plan(s)->work, ROWS * COLS);
    for (int i = 0; i < ROWS; i++)
        assert_true(((const float *)kao_session_output(s, 0)->data)[i] ==
                    (i < 8 ? 0 : 3 * scale[i] * x[i - 8]));
    kao_session_destroy(s);
    kao_network_destroy(net);
    pb_free(&file);
}

/* ---- packed weights ---- */

enum { C = 96, PACKED = C * C * 4 }; /* bytes of the weights of a layer, at least */

typedef struct blocks { /* those of PACKED bytes to half as many more */
    size_t live, most, made;
} blocks;

static void *alloc_counted(void *user, size_t size, size_t align)
{
    blocks *b = user;
    unsigned char *p =
        aligned_alloc(KAO_ALIGN, (size + 2 * KAO_ALIGN - 1) / KAO_ALIGN * KAO_ALIGN);

    if (!p || align > KAO_ALIGN)
        return NULL;
    *p = size >= PACKED && size < PACKED + PACKED / 2;
    b->live += *p;
    b->made += *p;
    b->most = b->live > b->most ? b->live : b->most;
    return p + KAO_ALIGN;
}

static void free_counted(void *user, void *block)
{
    if (!block)
        return;
    unsigned char *p = (unsigned char *)block - KAO_ALIGN;

    ((blocks *)user)->live -= *p;
    free(p);
}

static void open_counted(blocks *b, kao_context **ctx, kao_network **m, kao_session **s,
                         const pb *file)
{
    const kao_allocator hooks = { alloc_counted, free_counted, b };
    const kao_context_options o = { .allocator = &hooks, .n_threads = 1 };

    assert_int_equal(kao_context_create(ctx, &o, NULL), KAO_OK);
    assert_int_equal(
        kao_network_parse(*ctx, m, (kao_span){ file->p, file->n }, "built", NULL),
        KAO_OK);
    b->live = b->made = b->most = 0; /* the file's own blocks are none of them */
    assert_int_equal(kao_session_create(s, *m, NULL, NULL), KAO_OK);
}

/* Weights that are made of an input whose values decide a shape: each request has its own.
 * They go with the plans: no more than KAO_MAX_PLANS and the one being made. */
static void weights_go_with_plans(void **state)
{
    static const int64_t target[4] = { 1, C, 1, 1 };
    float x[C] = { 0 };
    int64_t shape[C];
    const kao_tensor t = tensor_of("96", x);
    const kao_tensor k = {
        .dtype = KAO_I64, .rank = 1, .dims = { 5 }, .strides = { 1 }, .data = shape
    };
    blocks b = { 0 };
    kao_context *ctx = NULL;
    kao_network *m = NULL;
    kao_session *s = NULL;
    graph g;

    (void)state;
    graph_init(&g, 13);
    graph_input(&g, "x", KAO_F32, "96");
    graph_input(&g, "k", KAO_I64, "5"); /* four dims, and a number that nothing needs */
    graph_ints(&g, "target", "4", target);
    graph_noise(&g, "base", "96,96,1,1", 1, 1);
    graph_node(&g, "Slice", "k zero four", "dims", "");
    graph_ints(&g, "zero", "1", &(int64_t){ 0 });
    graph_ints(&g, "four", "1", &(int64_t){ 4 });
    graph_ints(&g, "five", "1", &(int64_t){ 5 });
    graph_node(&g, "Reshape", "x dims", "p", "");
    graph_node(&g, "Slice", "k four five", "last", "");
    graph_node(&g, "Cast", "last", "factor", "to=1");
    graph_node(&g, "Mul", "base factor", "w", "");
    graph_node(&g, "Conv", "p w", "y", "");
    pb file = finish(&g);

    open_counted(&b, &ctx, &m, &s, &file);
    assert_int_equal(kao_session_bind(s, 0, &t, NULL), KAO_OK);
    assert_int_equal(kao_session_bind(s, 1, &k, NULL), KAO_OK);
    for (int64_t i = 0; i < 64; i++) {
        memcpy(shape, (int64_t[5]){ 1, C, 1, 1, i }, 5 * sizeof *shape);
        assert_int_equal(kao_session_run(s, NULL), KAO_OK);
    }
    /* the folded `w` of each plan is a block too */
    assert_true(b.most >= KAO_MAX_PLANS && b.most <= 2 * (KAO_MAX_PLANS + 1));
    assert_true(b.made >= 64);
    kao_session_destroy(s);
    assert_int_equal(b.live, 0);
    kao_network_destroy(m);
    kao_context_destroy(ctx);
    pb_free(&file);
}

/* Nine sizes in turn, of which eight have plans: the weights, which all share, are packed
 * once, also for a second session; they go with the last plan. */
static void shared_weights_are_packed_once(void **state)
{
    float x[C * (KAO_MAX_PLANS + 1)] = { 0 };
    blocks b = { 0 };
    kao_context *ctx = NULL;
    kao_network *m = NULL;
    kao_session *s = NULL, *other = NULL;
    graph g;

    (void)state;
    graph_init(&g, 13);
    graph_input(&g, "x", KAO_F32, "1,96,1,?");
    graph_noise(&g, "w", "96,96,1,1", 1, 1);
    graph_node(&g, "Conv", "x w", "y", "");
    pb file = finish(&g);

    open_counted(&b, &ctx, &m, &s, &file);
    for (int i = 0; i < 3 * (KAO_MAX_PLANS + 1); i++) {
        kao_tensor t = tensor_of("1,96,1,1", x);

        t.dims[3] = 1 + i % (KAO_MAX_PLANS + 1);
        kao_tensor_set_dense(&t);
        assert_int_equal(kao_session_bind(s, 0, &t, NULL), KAO_OK);
        assert_int_equal(kao_session_run(s, NULL), KAO_OK);
        if (!other)
            assert_int_equal(kao_session_create(&other, m, NULL, NULL), KAO_OK);
        assert_int_equal(kao_session_bind(other, 0, &t, NULL), KAO_OK);
        assert_int_equal(kao_session_run(other, NULL), KAO_OK);
    }
    assert_int_equal(b.made, 1);
    kao_session_destroy(s);
    assert_int_equal(b.live, 1);
    kao_session_destroy(other);
    assert_int_equal(b.live, 0);
    kao_network_destroy(m);
    kao_context_destroy(ctx);
    pb_free(&file);
}

/* ---- cancelling ---- */

static kao_cancel *to_request;
static int n_exp, at_exp; /* calls of the slot; the one in which it is requested */

static void requesting_exp(const float *in, float *out, size_t n)
{
    memcpy(out, in, n * sizeof *out);
    if (n_exp++ == at_exp)
        kao_cancel_request(to_request);
}

/* Ten entries; the cancel is requested within one of them, and the next is not run. */
static void cancelled_between_entries(void **state)
{
    enum { LONG = 10 };
    fixture *f = *state;
    float x[4] = { 1, 2, 3, 4 };
    const kao_tensor t = tensor_of("4", x);
    kao_network *m = NULL;
    kao_session *s = NULL;
    graph g;

    graph_init(&g, 13);
    graph_input(&g, "x", KAO_F32, "?");
    for (int i = 0; i < LONG; i++) {
        char in[8] = "x", out[8] = "y";

        if (i > 0)
            snprintf(in, sizeof in, "v%d", i);
        if (i < LONG - 1)
            snprintf(out, sizeof out, "v%d", i + 1);
        graph_node(&g, "Exp", in, out, "");
    }
    pb file = finish(&g);

    assert_int_equal(kao_cancel_create(f->ctx, &to_request, NULL), KAO_OK);
    assert_int_equal(
        kao_network_parse(f->ctx, &m, (kao_span){ file.p, file.n }, "built", NULL),
        KAO_OK);
    m->kernels.exp = requesting_exp;
    const kao_session_options o = { .passes = KAO_PASS_ALL, .cancel = to_request };

    assert_int_equal(kao_session_create(&s, m, &o, NULL), KAO_OK);
    assert_int_equal(kao_session_bind(s, 0, &t, NULL), KAO_OK);
    for (at_exp = 0; at_exp < LONG; at_exp++) {
        n_exp = 0;
        const kao_status want = at_exp < LONG - 1 ? KAO_E_CANCELLED : KAO_OK;

        assert_int_equal(kao_session_run(s, &f->err), want);
        assert_int_equal(n_exp, at_exp + 1);
        assert_int_equal(kao_session_output(s, 0) != NULL, want == KAO_OK);
        /* requested before a run: nothing is planned or run */
        n_exp = 0;
        assert_int_equal(kao_session_run(s, &f->err), KAO_E_CANCELLED);
        assert_int_equal(n_exp, 0);
        assert_null(kao_session_plan(s));
        kao_cancel_reset(to_request);
    }
    at_exp = -1;
    assert_int_equal(kao_session_run(s, &f->err), KAO_OK);
    assert_true(((const float *)kao_session_output(s, 0)->data)[3] == 4);
    kao_session_destroy(s);
    kao_network_destroy(m);
    kao_cancel_destroy(to_request);
    pb_free(&file);
}

/* ---- sizes ---- */

/* The kernels count the floats of a pixel with 32 bits. */
static void pixels_are_limited(void **state)
{
    fixture *f = *state;
    const kao_tensor in = tensor_of("1,2147483648,1,1", NULL);
    kao_network *net = NULL;
    kao_session *s = NULL;
    graph g;

    graph_init(&g, 13);
    graph_input(&g, "x", KAO_F32, NULL);
    graph_node(&g, "MaxPool", "x", "y", "kernel_shape=[1,1]");
    pb file = finish(&g);

    assert_int_equal(run_graph(f->ctx, &file, KAO_PASS_ALL, &in, 1, &net, &s, &f->err),
                     KAO_E_LIMIT);
    assert_non_null(strstr(f->err.msg, "node 0 \"y\" (MaxPool): pixels of"));
    pb_free(&file);
}

/* A window of 150 rows with strides of 16000: for each thread 28 MiB and more for copies of
 * the picture's border, whatever the picture. */
static void scratch_is_limited(void **state)
{
    fixture *f = *state;
    float x[150] = { 0 };
    const kao_tensor in = tensor_of("1,1,150,1", x);
    kao_network *net = NULL;
    kao_session *s = NULL;
    graph g;

    graph_init(&g, 13);
    graph_input(&g, "x", KAO_F32, "1,1,150,1");
    graph_noise(&g, "w", "1,1,150,1", 1, 1);
    graph_node(&g, "Conv", "x w", "y", "strides=[1,16000] pads=[0,8,0,8]");
    pb file = finish(&g);

    f->ctx->max_arena = 1 << 20;
    const kao_status st =
        run_graph(f->ctx, &file, KAO_PASS_ALL, &in, 1, &net, &s, &f->err);

    f->ctx->max_arena = 0;
    assert_int_equal(st, KAO_E_LIMIT);
    assert_non_null(
        strstr(f->err.msg, "node 0 \"y\" (Conv): more than 1 MiB of scratch"));
    pb_free(&file);
}

/* Convolutions that share 16 KiB of weights take packed ones of 16.5 KiB each, with bias and
 * slope: 62 of them fit 1 MiB. */
static void packed_weights_are_limited(void **state)
{
    fixture *f = *state;
    float x[64] = { 0 };
    const kao_tensor in = tensor_of("1,64,1,1", x);

    f->ctx->max_arena = 1 << 20;
    for (int n = 62; n <= 63; n++) {
        kao_network *net = NULL;
        kao_session *s = NULL;
        graph g;
        char args[32], out[16] = "x";

        graph_init(&g, 13);
        graph_input(&g, "x", KAO_F32, "1,64,1,1");
        graph_noise(&g, "w", "64,64,1,1", 1, 0.1f);
        for (int i = 0; i < n; i++) {
            snprintf(args, sizeof args, "%s w", out);
            snprintf(out, sizeof out, i + 1 < n ? "v%d" : "y", i);
            graph_node(&g, "Conv", args, out, "");
        }
        pb file = finish(&g);
        const kao_status st =
            run_graph(f->ctx, &file, KAO_PASS_ALL, &in, 1, &net, &s, &f->err);

        assert_int_equal(st, n == 62 ? KAO_OK : KAO_E_LIMIT);
        if (st)
            assert_non_null(strstr(
                f->err.msg, "node 62 \"y\" (Conv): more than 1 MiB of packed weights"));
        kao_session_destroy(s);
        kao_network_destroy(net);
        pb_free(&file);
    }
    f->ctx->max_arena = 0;
}

/* A convolution whose weights take 2.25 MiB by Winograd's form and a quarter of that by the direct
 * one: where 2 MiB are allowed it is the second. */
static void direct_where_memory_is_short(void **state)
{
    static const uint64_t limits[] = { 0, 2 << 20 };
    static float x[128 * 32 * 32];
    fixture *f = *state;
    const kao_tensor in = tensor_of("1,128,32,32", x);
    size_t bytes[2];
    graph g;

    graph_init(&g, 13);
    graph_input(&g, "x", KAO_F32, "1,128,32,32");
    graph_noise(&g, "w", "128,128,3,3", 1, 0.1f);
    graph_node(&g, "Conv", "x w", "y", "pads=[1,1,1,1]");
    pb file = finish(&g);

    for (size_t i = 0; i < COUNT(limits); i++) {
        kao_network *net = NULL;
        kao_session *s = NULL;

        f->ctx->max_arena = limits[i];
        if (run_graph(f->ctx, &file, KAO_PASS_ALL, &in, 1, &net, &s, &f->err))
            fail_msg("%s", f->err.msg);
        bytes[i] = kao_session_plan(s)->constant_bytes;
        kao_session_destroy(s);
        kao_network_destroy(net);
    }
    f->ctx->max_arena = 0;
    assert_in_range(bytes[0], 36 * 128 * 128 * 4, 37 * 128 * 128 * 4);
    assert_in_range(bytes[1], 9 * 128 * 128 * 4, 10 * 128 * 128 * 4);
    pb_free(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(work_is_counted_by_kernel),
        cmocka_unit_test(suppression_is_counted),
        cmocka_unit_test(short_weights_are_widened),
        cmocka_unit_test(large_weights_are_turned),
        cmocka_unit_test(quantised_weights_are_known),
        cmocka_unit_test(weights_go_with_plans),
        cmocka_unit_test(shared_weights_are_packed_once),
        cmocka_unit_test(cancelled_between_entries),
        cmocka_unit_test(pixels_are_limited),
        cmocka_unit_test(scratch_is_limited),
        cmocka_unit_test(packed_weights_are_limited),
        cmocka_unit_test(direct_where_memory_is_short),
    };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
