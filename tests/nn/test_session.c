/* Sessions: which plans are kept, what inputs may look like, and that neither layout nor
 * company changes a bit (test_threads.c: nor who runs it). */
#include "support/unit.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/fixture.h"

typedef struct running { /* a model and a session of it */
    kao_network *m;
    kao_session *s;
} running;

static running open_file(kao_context *ctx, const pb *file, uint32_t passes)
{
    running r = { NULL, NULL };

    assert_int_equal(
        kao_network_parse(ctx, &r.m, (kao_span){ file->p, file->n }, "built", NULL),
        KAO_OK);
    assert_int_equal(
        kao_session_create(&r.s, r.m, &(kao_session_options){ .passes = passes }, NULL),
        KAO_OK);
    return r;
}

static void close_running(running *r)
{
    kao_session_destroy(r->s);
    kao_network_destroy(r->m);
}

/* Bind one input and run; gives the number of allocations. */
static long long run_counted(kao_context *ctx, running *r, const kao_tensor *t)
{
    const long long far = 1 << 30;

    if (t)
        assert_int_equal(kao_session_bind(r->s, 0, t, NULL), KAO_OK);
    kao_fault_arm(&ctx->mem, KAO_FAULT_ALLOC, far);
    assert_int_equal(kao_session_run(r->s, NULL), KAO_OK);
    const long long left = atomic_load(&ctx->mem.countdown[KAO_FAULT_ALLOC]);

    kao_fault_disarm(&ctx->mem, KAO_FAULT_ALLOC);
    return far - left;
}

/* ---- plans ---- */

static void plans_are_kept(void **state)
{
    enum { MOST = KAO_MAX_PLANS + 4 };
    fixture *f = *state;
    float x[MOST];
    graph g;

    for (int i = 0; i < MOST; i++)
        x[i] = (float)(i - 3);
    graph_init(&g, 13);
    graph_input(&g, "x", KAO_F32, "?");
    graph_node(&g, "Relu", "x", "y", "");
    graph_output(&g, "y", KAO_F32, "?");
    pb file = graph_file(&g);
    running r = open_file(f->ctx, &file, KAO_PASS_ALL);
    size_t live = 0;

    for (int64_t n = 1; n <= MOST; n++) {
        kao_tensor t = tensor_of("1", x);

        t.dims[0] = n;
        assert_true(run_counted(f->ctx, &r, &t) > 0);
        if (n == KAO_MAX_PLANS)
            live = atomic_load(&f->ctx->mem.live);
        assert_int_equal(kao_session_output(r.s, 0)->dims[0], n);
        for (int64_t i = 0; i < n; i++)
            assert_true(((const float *)kao_session_output(r.s, 0)->data)[i] ==
                        (x[i] > 0 ? x[i] : 0));
    }
    assert_int_equal(atomic_load(&f->ctx->mem.live), live); /* old plans went */
    for (int64_t n = 5; n <= MOST; n++) {
        kao_tensor t = tensor_of("1", x);

        t.dims[0] = n;
        assert_int_equal(run_counted(f->ctx, &r, &t), 0);
    }
    kao_tensor t = tensor_of("4", x); /* the least recently used went */

    assert_true(run_counted(f->ctx, &r, &t) > 0);
    t.dims[0] = 5;
    assert_true(run_counted(f->ctx, &r, &t) > 0); /* replaced by 4 just now */
    t.dims[0] = MOST;
    assert_int_equal(run_counted(f->ctx, &r, &t), 0);
    close_running(&r);
    pb_free(&file);
}

/* Each allocation of a run fails in turn: messages say what the memory was for. */
static void missing_memory_is_named(void **state)
{
    static const char *const whats[] = { "bytes for outputs", "bytes for activations",
                                         "bytes for scratch" };
    static const float w[9] = { 1, 2, 3 };
    fixture *f = *state;
    float x[64] = { 0 };
    const kao_tensor t = tensor_of("1,2,4,8", x);
    bool seen[COUNT(whats)] = { false }, fired = true;
    graph g;

    graph_init(&g, 13);
    graph_input(&g, "x", KAO_F32, "1,2,4,8");
    graph_floats(&g, "w", "1,1,3,3", w);
    graph_node(&g, "ReduceMax", "x", "m", "axes=[1]");
    graph_node(&g, "Conv", "m w", "y", "pads=[1,1,1,1]");
    graph_output(&g, "y", KAO_F32, NULL);
    pb file = graph_file(&g);

    for (long long i = 0; fired; i++) {
        running r = open_file(f->ctx, &file, KAO_PASS_ALL);

        assert_int_equal(kao_session_bind(r.s, 0, &t, NULL), KAO_OK);
        kao_fault_arm(&f->ctx->mem, KAO_FAULT_ALLOC, i);
        const kao_status st = kao_session_run(r.s, &f->err);

        fired = kao_fault_disarm(&f->ctx->mem, KAO_FAULT_ALLOC);
        assert_int_equal(st, fired ? KAO_E_NOMEM : KAO_OK);
        for (size_t k = 0; fired && k < COUNT(whats); k++)
            seen[k] |= strstr(f->err.msg, whats[k]) != NULL;
        close_running(&r);
    }
    for (size_t k = 0; k < COUNT(whats); k++)
        assert_true(seen[k]);
    pb_free(&file);
}

static void values_that_decide_shapes(void **state)
{
    fixture *f = *state;
    float x[16];
    int64_t target[2] = { 2, 8 };
    kao_tensor t[2] = {
        tensor_of("16", x),
        { .dtype = KAO_I64, .rank = 1, .dims = { 2 }, .strides = { 1 }, .data = target }
    };
    graph g;

    for (int i = 0; i < 16; i++)
        x[i] = (float)i;
    graph_init(&g, 13);
    graph_input(&g, "x", KAO_F32, "16");
    graph_input(&g, "shape", KAO_I64, "2");
    graph_node(&g, "Reshape", "x shape", "r", "");
    graph_node(&g, "Relu", "r", "y", "");
    graph_output(&g, "y", KAO_F32, "?,?");
    pb file = graph_file(&g);
    running r = open_file(f->ctx, &file, KAO_PASS_ALL);

    assert_int_equal(kao_session_bind(r.s, 1, &t[1], NULL), KAO_OK);
    assert_true(run_counted(f->ctx, &r, &t[0]) > 0);
    assert_int_equal(kao_session_output(r.s, 0)->dims[1], 8);
    target[0] = 4; /* the caller's memory changes; nothing is bound anew */
    target[1] = -1;
    assert_true(run_counted(f->ctx, &r, NULL) > 0);
    assert_int_equal(kao_session_output(r.s, 0)->dims[1], 4);
    target[0] = 2;
    target[1] = 8;
    assert_int_equal(run_counted(f->ctx, &r, NULL), 0);
    assert_int_equal(kao_session_output(r.s, 0)->dims[1], 8);
    assert_true(((const float *)kao_session_output(r.s, 0)->data)[15] == 15);
    target[1] = 7;
    assert_int_equal(kao_session_run(r.s, &f->err), KAO_E_FORMAT);
    assert_non_null(strstr(f->err.msg, "(Reshape)"));
    assert_null(kao_session_output(r.s, 0));
    target[1] = 8;
    assert_int_equal(run_counted(f->ctx, &r, NULL), 0); /* a failure spoils nothing */
    close_running(&r);
    pb_free(&file);
}

/* The dims of a tensor are known whatever its size is: asking for them reads nothing. */
static void dims_of_large_tensors(void **state)
{
    static const int64_t tail[1] = { -1 }, from[1] = { 0 }, to[1] = { 2 };
    fixture *f = *state;
    graph g;

    graph_init(&g, 13);
    graph_input(&g, "x", KAO_F32, "1,3,?,?");
    graph_ints(&g, "tail", "1", tail);
    graph_ints(&g, "from", "1", from);
    graph_ints(&g, "to", "1", to);
    graph_node(&g, "Shape", "x", "s", "");
    graph_node(&g, "Slice", "s from to", "head", "");
    graph_node(&g, "Concat", "head tail", "dims", "axis=0");
    graph_node(&g, "Reshape", "x dims", "rows", "");
    graph_node(&g, "ReduceMean", "rows", "y", "axes=[2]");
    graph_output(&g, "y", KAO_F32, "1,3,1");
    pb file = graph_file(&g);
    running r = open_file(f->ctx, &file, KAO_PASS_ALL);
    const kao_tensor x = tensor_of("1,3,8192,8192", NULL); /* no data: planned alone */

    assert_int_equal(kao_session_bind(r.s, 0, &x, &f->err), KAO_OK);
    if (kao_session_prepare(r.s, &f->err))
        fail_msg("%s", f->err.msg);
    close_running(&r);
    pb_free(&file);
}

/* A weight made from the picture's shape is another in each plan: packed weights are shared
 * by plans, and must not be here. */
static void weights_from_shapes(void **state)
{
    static const int64_t target[4] = { 4, 1, 1, 1 };
    static const char *const dims[] = { "1,1,2,3", "1,1,3,2", "1,1,1,6", "1,1,2,3" };
    fixture *f = *state;
    float x[6] = { 1, 1, 1, 1, 1, 1 };
    graph g;

    graph_init(&g, 13);
    graph_input(&g, "x", KAO_F32, "1,1,?,?");
    graph_ints(&g, "target", "4", target);
    graph_node(&g, "Shape", "x", "s", "");
    graph_node(&g, "Cast", "s", "sf", "to=1");
    graph_node(&g, "Reshape", "sf target", "w", "");
    graph_node(&g, "Conv", "x w", "y", "");
    graph_output(&g, "y", KAO_F32, NULL);
    pb file = graph_file(&g);
    running r = open_file(f->ctx, &file, KAO_PASS_ALL);

    for (size_t i = 0; i < COUNT(dims); i++) {
        const kao_tensor t = tensor_of(dims[i], x);

        run_counted(f->ctx, &r, &t);
        const float *y = kao_session_output(r.s, 0)->data;

        for (int c = 0; c < 4; c++)
            for (int k = 0; k < 6; k++)
                assert_true(y[c * 6 + k] == (float)t.dims[c]);
    }
    close_running(&r);
    pb_free(&file);
}

/* The same numbers in another shape are other weights, though they take as many bytes. */
static void weights_of_another_shape(void **state)
{
    enum { OUT = 16, K = 8 };
    static const int64_t shapes[][4] = { { OUT, 8, 1, 1 },
                                         { OUT, 2, 2, 2 },
                                         { OUT, 8, 1, 1 } };
    fixture *f = *state;
    float x[K];
    int64_t shape[4];
    graph g;

    for (uint32_t i = 0; i < K; i++)
        x[i] = noise(2, i);
    graph_init(&g, 13);
    graph_input(&g, "x", KAO_F32, "1,?,?,?");
    graph_input(&g, "shape", KAO_I64, "4");
    graph_noise(&g, "numbers", "16,8", 1, 1);
    graph_node(&g, "Reshape", "numbers shape", "w", "");
    graph_node(&g, "Conv", "x w", "y", "");
    graph_output(&g, "y", KAO_F32, NULL);
    pb file = graph_file(&g);
    running r = open_file(f->ctx, &file, KAO_PASS_ALL);
    const kao_tensor s = {
        .dtype = KAO_I64, .rank = 1, .dims = { 4 }, .strides = { 1 }, .data = shape
    };

    assert_int_equal(kao_session_bind(r.s, 1, &s, NULL), KAO_OK);
    for (size_t i = 0; i < COUNT(shapes); i++) {
        memcpy(shape, shapes[i], sizeof shape);
        kao_tensor t = tensor_of("1,1,1,1", x); /* a picture as large as the window */

        memcpy(t.dims + 1, shape + 1, 3 * sizeof *shape);
        kao_tensor_set_dense(&t);
        run_counted(f->ctx, &r, &t);
        for (uint32_t o = 0; o < OUT; o++) {
            double want = 0;

            for (uint32_t k = 0; k < K; k++)
                want += (double)x[k] * (double)noise(1, o * K + k);
            assert_float_equal(((const float *)kao_session_output(r.s, 0)->data)[o],
                               want, 1e-5);
        }
    }
    close_running(&r);
    pb_free(&file);
}

/* The same where an input's values decide a shape and become weights too. */
static void weights_from_inputs(void **state)
{
    static const int64_t target[4] = { 4, 1, 1, 1 };
    static const int64_t shapes[3][4] = { { 1, 1, 2, 3 },
                                          { 1, 1, 3, 2 },
                                          { 1, 1, 1, 6 } };
    fixture *f = *state;
    float x[6] = { 1, 1, 1, 1, 1, 1 };
    int64_t shape[4];
    const kao_tensor t = tensor_of("6", x);
    const kao_tensor k = {
        .dtype = KAO_I64, .rank = 1, .dims = { 4 }, .strides = { 1 }, .data = shape
    };
    graph g;

    graph_init(&g, 13);
    graph_input(&g, "x", KAO_F32, "6");
    graph_input(&g, "k", KAO_I64, "4");
    graph_ints(&g, "target", "4", target);
    graph_node(&g, "Reshape", "x k", "p", "");
    graph_node(&g, "Cast", "k", "kf", "to=1");
    graph_node(&g, "Reshape", "kf target", "w", "");
    graph_node(&g, "Conv", "p w", "y", "");
    graph_output(&g, "y", KAO_F32, NULL);
    pb file = graph_file(&g);
    running r = open_file(f->ctx, &file, KAO_PASS_ALL);

    assert_int_equal(kao_session_bind(r.s, 1, &k, NULL), KAO_OK);
    for (size_t i = 0; i < COUNT(shapes); i++) {
        memcpy(shape, shapes[i], sizeof shape);
        run_counted(f->ctx, &r, &t);
        for (int c = 0; c < 4; c++)
            assert_true(((const float *)kao_session_output(r.s, 0)->data)[c * 6] ==
                        (float)shape[c]);
    }
    close_running(&r);
    pb_free(&file);
}

/* Weights in Constant nodes, of any size, are as good as initialisers. */
static void weights_in_constants(void **state)
{
    enum { IN = 1024, OUT = 1025 };
    fixture *f = *state;
    float *w = calloc(IN * OUT, sizeof *w), x[IN] = { 0 };
    graph g;

    assert_non_null(w);
    w[5 * IN + 7] = 3;
    x[7] = 2;
    graph_init(&g, 13);
    graph_input(&g, "x", KAO_F32, "1,1024,1,1");
    pb t = tensor_proto("", KAO_F32, "1025,1024,1,1", w);

    graph_node_tensor(&g, "Constant", "", "w", "value", &t);
    graph_node(&g, "Conv", "x w", "y", "");
    graph_output(&g, "y", KAO_F32, NULL);
    pb file = graph_file(&g);
    running r = open_file(f->ctx, &file, KAO_PASS_ALL);
    const kao_tensor in = tensor_of("1,1024,1,1", x);

    run_counted(f->ctx, &r, &in);
    const kao_plan *plan = kao_session_plan(r.s);

    for (uint32_t i = 0; i < plan->n_entries; i++)
        assert_true(plan->entries[i].kernel != KAO_KERNEL_GENERIC);
    assert_true(((const float *)kao_session_output(r.s, 0)->data)[5] == 6);
    close_running(&r);
    for (uint32_t passes = 0; passes <= KAO_PASS_VIEW; passes += KAO_PASS_VIEW) {
        r = open_file(f->ctx, &file, passes);
        run_counted(f->ctx, &r, &in);
        assert_true(((const float *)kao_session_output(r.s, 0)->data)[5] == 6);
        close_running(&r);
    }
    pb_free(&file);
    free(w);
}

/* ---- inputs and outputs ---- */

static void wrong_inputs(void **state)
{
    static const struct {
        uint32_t input;
        int dtype;
        const char *dims, *message;
    } rows[] = {
        { 0, KAO_F32, "1,3,8", "\"x\" has rank 3, wanted 4" },
        { 0, KAO_F32, "1,4,8,8", "\"x\" has shape [1,4,8,8], wanted [?,3,?,?]" },
        { 0, KAO_U8, "1,3,8,8", "\"x\" is uint8, wanted float32" },
        { 0, KAO_F32, "40000,3,40000,8", " elements" },
        { 1, KAO_F32, "1,3,8,8", "input 1 of 1" },
    };
    fixture *f = *state;
    float x[192] = { 0 };
    pb file = mixed_graph();
    running r = open_file(f->ctx, &file, KAO_PASS_ALL);
    kao_tensor t = tensor_of("1,3,8,8", NULL);

    assert_int_equal(kao_session_prepare(r.s, &f->err), KAO_E_ARG);
    assert_non_null(strstr(f->err.msg, ": input \"x\" is not bound"));
    for (size_t i = 0; i < COUNT(rows); i++) {
        kao_tensor wrong = tensor_of(rows[i].dims, x);

        wrong.dtype = (kao_dtype)rows[i].dtype;
        assert_true(kao_session_bind(r.s, rows[i].input, &wrong, &f->err) != KAO_OK);
        if (!strstr(f->err.msg, rows[i].message) ||
            strncmp(f->err.msg, "built: ", 7) != 0)
            fail_msg("%s", f->err.msg);
    }
    t.rank = 9;
    assert_int_equal(kao_session_bind(r.s, 0, &t, NULL), KAO_E_ARG);
    t.rank = 4;
    assert_int_equal(kao_session_bind(r.s, 0, &t, NULL), KAO_OK);
    assert_int_equal(kao_session_prepare(r.s, NULL), KAO_OK); /* data may come later */
    assert_int_equal(kao_session_run(r.s, &f->err), KAO_E_ARG);
    assert_non_null(strstr(f->err.msg, "no data"));
    t.data = x;
    assert_int_equal(kao_session_bind(r.s, 0, &t, NULL), KAO_OK);
    assert_int_equal(kao_session_run(r.s, NULL), KAO_OK);
    assert_null(kao_session_output(r.s, 2));
    assert_non_null(kao_session_output(r.s, 0));
    t.data = NULL; /* after a run that went well: its output is not this one's */
    assert_int_equal(kao_session_bind(r.s, 0, &t, NULL), KAO_OK);
    assert_int_equal(kao_session_run(r.s, &f->err), KAO_E_ARG);
    assert_non_null(strstr(f->err.msg, ": input \"x\" has no data"));
    assert_null(kao_session_output(r.s, 0));
    close_running(&r);
    pb_free(&file);
}

static void odd_outputs(void **state)
{
    static const float c[2] = { 5, 6 };
    static const char *const names[] = { "x", "c", "y", "y", "s", "x", "cc", "e" };
    static const int64_t none[1] = { 0 };
    fixture *f = *state;
    float x[2] = { -1, 2 };
    const kao_tensor t = tensor_of("2", x);

    for (uint32_t passes = 0; passes <= KAO_PASS_ALL; passes += KAO_PASS_ALL) {
        graph g;

        graph_init(&g, 13);
        graph_input(&g, "x", KAO_F32, "2");
        graph_floats(&g, "c", "2", c);
        graph_ints(&g, "none", "1", none);
        graph_node(&g, "Relu", "x", "y", "");
        graph_node(&g, "Shape", "x", "s", "");
        graph_node(&g, "Add", "c c", "cc", "");
        graph_node(&g, "ConstantOfShape", "none", "e", "");
        for (size_t i = 0; i < COUNT(names); i++)
            graph_output(&g, names[i], i == 4 ? KAO_I64 : KAO_F32, NULL);
        pb file = graph_file(&g);
        running r = open_file(f->ctx, &file, passes);

        for (int round = 0; round < 2; round++) {
            const float *o[COUNT(names)];

            run_counted(f->ctx, &r, &t);
            for (uint32_t i = 0; i < COUNT(names); i++)
                o[i] = kao_session_output(r.s, i)->data;
            assert_true(o[0][0] == -1 && o[0][1] == 2 && o[5][1] == 2);
            assert_true(o[1][0] == 5 && o[1][1] == 6);
            assert_true(o[2][0] == 0 && o[2][1] == 2 && o[3][0] == 0 && o[3][1] == 2);
            assert_true(*(const int64_t *)(const void *)o[4] == 2);
            assert_true(o[6][0] == 10 && o[6][1] == 12);
            assert_int_equal(kao_tensor_count(kao_session_output(r.s, 7)), 0);
            for (uint32_t i = 0; i + 1 < COUNT(names); i++) /* memory of their own */
                for (uint32_t k = 0; k < i; k++)
                    assert_ptr_not_equal(o[i], o[k]);
            assert_ptr_not_equal(o[0], x);
        }
        close_running(&r);
        pb_free(&file);
    }
}

/* ---- the same bits ---- */

enum { SIDE = 96, WIDE = 160, PIXELS = SIDE * WIDE };

static void same_outputs(const kao_session *a, const kao_session *b, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        const kao_tensor *p = kao_session_output(a, i), *q = kao_session_output(b, i);

        assert_true(kao_tensor_same_dims(p, q));
        assert_memory_equal(p->data, q->data, 4 * (size_t)kao_tensor_count(p));
    }
}

/* One picture in both orders: N C H W, and a view of N H W C. */
static void fill_both(float *planes, float *pixels)
{
    for (size_t i = 0; i < PIXELS; i++)
        for (size_t c = 0; c < 3; c++) {
            const float v = 128 + 127 * noise(5, (uint32_t)(c * PIXELS + i));

            planes[c * PIXELS + i] = v;
            pixels[i * 3 + c] = v;
        }
}

static void layout_changes_nothing(void **state)
{
    static float planes[3 * PIXELS], pixels[3 * PIXELS];
    static const uint32_t passes[] = { 0, KAO_PASS_CONV, KAO_PASS_ALL };
    fixture *f = *state;
    pb files[2] = { tiny_detector(), mixed_graph() };

    fill_both(planes, pixels);
    for (size_t k = 0; k < COUNT(files); k++)
        for (size_t p = 0; p < COUNT(passes); p++) {
            running a = open_file(f->ctx, &files[k], passes[p]);
            running b = open_file(f->ctx, &files[k], passes[p]);
            const kao_tensor nchw = tensor_of("1,3,96,160", planes);
            kao_tensor nhwc = tensor_of("1,3,96,160", pixels);

            kao_tensor_set_channels_last(&nhwc);
            run_counted(f->ctx, &a, &nchw);
            run_counted(f->ctx, &b, &nhwc);
            same_outputs(a.s, b.s, a.m->onnx.n_outputs);
            close_running(&a);
            close_running(&b);
        }
    pb_free(&files[0]);
    pb_free(&files[1]);
}

/* Denormal weights count as zero, whichever form computes with them; the caller's floats are as
 * before. */
static void denormal_weights(void **state)
{
#if defined(__x86_64__) || defined(__aarch64__)
    static const uint32_t passes[] = { 0, KAO_PASS_ALL };
    static const float x[4] = { 1e6f, -1e6f, 2e6f, 1e6f };
    float w[16];
    fixture *f = *state;
    volatile float tiny = 1e-39f, much = 1e6f;
    graph g;

    for (size_t i = 0; i < COUNT(w); i++)
        w[i] = tiny;
    graph_init(&g, 13);
    graph_input(&g, "x", KAO_F32, "1,4");
    graph_floats(&g, "w", "4,4", w);
    graph_floats(&g, "v", "4", w);
    graph_node(&g, "MatMul", "x w", "product", "");
    graph_node(&g, "Mul", "x v", "scaled", "");
    graph_output(&g, "product", KAO_F32, "1,4");
    graph_output(&g, "scaled", KAO_F32, "1,4");
    pb file = graph_file(&g);

    for (size_t p = 0; p < COUNT(passes); p++) {
        running r = open_file(f->ctx, &file, passes[p]);
        const kao_tensor t = tensor_of("1,4", (float *)(uintptr_t)x);

        run_counted(f->ctx, &r, &t);
        for (uint32_t i = 0; i < 2; i++)
            for (size_t k = 0; k < 4; k++)
                assert_true(((const float *)kao_session_output(r.s, i)->data)[k] == 0);
        assert_true(tiny * much > 0);
        close_running(&r);
    }
    pb_free(&file);
#endif
    (void)state;
}

static void batch_changes_nothing(void **state)
{
    enum { N = 5, CHIP = 3 * TINY_CHIP * TINY_CHIP };
    static float x[N * CHIP];
    fixture *f = *state;
    pb file = tiny_embedder();
    running all = open_file(f->ctx, &file, KAO_PASS_ALL);
    running one = open_file(f->ctx, &file, KAO_PASS_ALL);
    const kao_tensor t = tensor_of("5,3,32,32", x);

    for (uint32_t i = 0; i < COUNT(x); i++)
        x[i] = noise(3, i);
    run_counted(f->ctx, &all, &t);
    for (size_t i = 0; i < N; i++) {
        const kao_tensor chip = tensor_of("1,3,32,32", x + i * CHIP);

        run_counted(f->ctx, &one, &chip);
        assert_memory_equal(kao_session_output(one.s, 0)->data,
                            (const float *)kao_session_output(all.s, 0)->data +
                                i * TINY_DIM,
                            TINY_DIM * sizeof(float));
    }
    close_running(&all);
    close_running(&one);
    pb_free(&file);
}

/* ---- several callers ---- */

typedef struct caller {
    kao_network *m;
    const float *x;
    float *out; /* of the first output */
    bool failed;
} caller;

static void *call_often(void *arg)
{
    caller *c = arg;

    for (int round = 0; round < 6; round++) { /* new sessions plan, and pack, at once */
        kao_session *s = NULL;
        const kao_tensor t = tensor_of("1,3,96,160", (void *)(uintptr_t)c->x);

        c->failed |= kao_session_create(&s, c->m, NULL, NULL) != KAO_OK;
        for (int run = 0; !c->failed && run < 3; run++) {
            c->failed |= kao_session_bind(s, 0, &t, NULL) != KAO_OK ||
                         kao_session_run(s, NULL) != KAO_OK;
            const kao_tensor *o = kao_session_output(s, 0);

            if (!c->failed)
                memcpy(c->out, o->data, (size_t)kao_tensor_count(o) * sizeof *c->out);
        }
        kao_session_destroy(s);
    }
    return NULL;
}

static void callers_share_a_model(void **state)
{
    enum { CALLERS = 3, OUT = PIXELS / 64 };
    static float planes[3 * PIXELS], pixels[3 * PIXELS], out[CALLERS][OUT];
    const kao_context_options o = { .n_threads = 3 };
    kao_context *ctx = NULL;
    kao_network *m = NULL;
    pthread_t threads[CALLERS];
    caller callers[CALLERS];
    pb file = tiny_detector();

    (void)state;
    fill_both(planes, pixels);
    assert_int_equal(kao_context_create(&ctx, &o, NULL), KAO_OK);
    assert_int_equal(
        kao_network_parse(ctx, &m, (kao_span){ file.p, file.n }, "m", NULL), KAO_OK);
    for (int i = 0; i < CALLERS; i++) {
        callers[i] = (caller){ m, planes, out[i], false };
        assert_int_equal(pthread_create(&threads[i], NULL, call_often, &callers[i]), 0);
    }
    for (int i = 0; i < CALLERS; i++) {
        pthread_join(threads[i], NULL);
        assert_false(callers[i].failed);
        assert_memory_equal(out[0], out[i], sizeof out[0]);
    }
    kao_network_destroy(m);
    kao_context_destroy(ctx);
    pb_free(&file);
}

static void profile_tells_entries(void **state)
{
    static float planes[3 * PIXELS], pixels[3 * PIXELS];
    fixture *f = *state;
    pb file = tiny_detector();
    running r = open_file(f->ctx, &file, KAO_PASS_ALL);
    const kao_tensor t = tensor_of("1,3,96,160", planes);

    fill_both(planes, pixels);
    assert_int_equal(kao_session_profile_rows(r.s), 0);
    kao_session_profile(r.s, true);
    run_counted(f->ctx, &r, &t);
    assert_int_equal(kao_session_profile_rows(r.s), kao_session_plan(r.s)->n_entries);
    for (uint32_t i = 0; i < kao_session_profile_rows(r.s); i++) {
        const kao_profile_row row = kao_session_profile_row(r.s, i);

        assert_true(row.node < r.m->onnx.n_nodes && row.shape[0] == '[');
    }
    close_running(&r);
    pb_free(&file);
}

/* A network may pass its input on and have no node that its entries belong to. */
static void profile_without_nodes(void **state)
{
    fixture *f = *state;
    float x[4] = { 1, 2, 3, 4 };
    const kao_tensor t = tensor_of("4", x);
    char text[160];
    graph g;

    graph_init(&g, 13);
    graph_input(&g, "x", KAO_F32, "4");
    graph_output(&g, "x", KAO_F32, "4");
    pb file = graph_file(&g);
    running r = open_file(f->ctx, &file, KAO_PASS_ALL);

    kao_session_profile(r.s, true);
    run_counted(f->ctx, &r, &t);
    assert_memory_equal(kao_session_output(r.s, 0)->data, x, sizeof x);
    assert_int_equal(kao_session_profile_rows(r.s), 1);
    assert_string_equal(kao_network_node_text(r.m, kao_session_profile_row(r.s, 0).node,
                                              text, sizeof text),
                        "no node");
    close_running(&r);
    pb_free(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plans_are_kept),
        cmocka_unit_test(missing_memory_is_named),
        cmocka_unit_test(values_that_decide_shapes),
        cmocka_unit_test(dims_of_large_tensors),
        cmocka_unit_test(weights_from_shapes),
        cmocka_unit_test(weights_of_another_shape),
        cmocka_unit_test(weights_from_inputs),
        cmocka_unit_test(weights_in_constants),
        cmocka_unit_test(wrong_inputs),
        cmocka_unit_test(odd_outputs),
        cmocka_unit_test(layout_changes_nothing),
        cmocka_unit_test(batch_changes_nothing),
        cmocka_unit_test(denormal_weights),
        cmocka_unit_test(callers_share_a_model),
        cmocka_unit_test(profile_tells_entries),
        cmocka_unit_test(profile_without_nodes),
    };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
