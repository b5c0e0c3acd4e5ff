/* Training: outputs, gradients and running statistics of one step against PyTorch's, masks of
 * Dropout, the same bits for any number of threads, what is refused, memory that runs out. */
#include "support/unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/expected_tape.h"
#include "support/meter.h"
#include "tape_setup.h"

#define NEAREST "mode=nearest coordinate_transformation_mode="

enum { N = 2, H = 16, W = 24 };

static const kao_tensor picture = { .dtype = KAO_F32,
                                    .rank = 4,
                                    .dims = { N, 3, H, W } };

static void run(kao_tape *t)
{
    kao_tape_forward(t, true);
    for (uint32_t k = 0; k < t->net->onnx.n_outputs; k++)
        tape_fill_gradient(t, k);
    kao_tape_backward(t);
}

static const kao_param *find(const kao_tape *t, const char *name)
{
    uint32_t i = 0;

    while (i < t->n_params && strcmp(t->params[i].name, name) != 0)
        i++;
    assert_in_range(i, 0, t->n_params - 1);
    return &t->params[i];
}

static void near(const char *name, const float *got, const float *want, size_t n,
                 double within)
{
    double largest = 0;

    for (size_t i = 0; i < n; i++)
        largest = fmax(largest, fabs((double)want[i]));
    for (size_t i = 0; i < n; i++)
        if (!(fabs((double)got[i] - (double)want[i]) <= within * largest))
            fail_msg("%s[%zu]: %.7g, want %.7g", name, i, (double)got[i],
                     (double)want[i]);
}

typedef struct expected {
    const char *name;
    const float *want;
    size_t n;
} expected;

#define GRAD(NAME, ARRAY)                                                              \
 {                                                                                     \
  NAME, ARRAY, sizeof ARRAY / sizeof ARRAY[0]                                          \
 }

static void as_pytorch(void **state)
{
    static const expected grads[] = {
        GRAD("c1.w", grad_c1_w), GRAD("n1.g", grad_n1_g), GRAD("n1.b", grad_n1_b),
        GRAD("p1", grad_p1),     GRAD("c2.w", grad_c2_w), GRAD("c3.w", grad_c3_w),
        GRAD("n2.g", grad_n2_g), GRAD("n2.b", grad_n2_b), GRAD("c4.w", grad_c4_w),
        GRAD("c4.b", grad_c4_b), GRAD("c5.w", grad_c5_w), GRAD("c5.b", grad_c5_b),
    }, statistics[] = {
        GRAD("n1.m", mean_n1), GRAD("n1.v", var_n1),
        GRAD("n2.m", mean_n2), GRAD("n2.v", var_n2),
    };
    static const char *const cpus[] = { "ref", "native" };
    pb file = tape_first();

    (void)state;
    for (int c = 0; c < 2; c++) {
        tape_setup s = tape_make(&file, &picture, 2, cpus[c]);

        run(s.t);
        const kao_tensor *a = kao_tape_output(s.t, 0), *p = kao_tape_output(s.t, 1);
        size_t k = 0;

        for (int64_t i = 0; i < N * 5; i++)
            for (int64_t y = 0; y < a->dims[2]; y += 3)
                for (int64_t x = 0; x < a->dims[3]; x += 5, k++)
                    near("a",
                         tape_at(a, a->data,
                                 (size_t)((i * a->dims[2] + y) * a->dims[3] + x)),
                         &tape_a[k], 1, 2e-4);
        assert_int_equal(k, COUNT(tape_a));
        k = 0;
        for (int64_t i = 0; i < N * 8; i++)
            for (int64_t y = 0; y < p->dims[2]; y += 2)
                for (int64_t x = 0; x < p->dims[3]; x += 3, k++)
                    assert_true(
                        fabsf(
                            *tape_at(p, p->data,
                                     (size_t)((i * p->dims[2] + y) * p->dims[3] + x)) -
                            tape_p[k]) < 1e-5f);
        assert_int_equal(k, COUNT(tape_p));
        for (size_t i = 0; i < COUNT(grads); i++) {
            const kao_param *q = find(s.t, grads[i].name);

            assert_int_equal(q->n, grads[i].n);
            near(grads[i].name, q->grad, grads[i].want, q->n, 2e-5);
        }
        /* before a normalisation a bias has no effect: only rounding is left */
        for (size_t i = 0; i < COUNT(grad_c2_b); i++)
            assert_true(fabsf(find(s.t, "c2.b")->grad[i] - grad_c2_b[i]) < 2e-4f);
        for (size_t i = 0; i < COUNT(statistics); i++)
            near(statistics[i].name, find(s.t, statistics[i].name)->data,
                 statistics[i].want, statistics[i].n, 1e-6);
        tape_end(&s);
    }
    pb_free(&file);
}

static const kao_tensor small = { .dtype = KAO_F32, .rank = 4, .dims = { 4, 4, 6, 6 } };

static void second_as_pytorch(void **state)
{
    static const expected grads[] = {
        GRAD("d1.w", grad_d1_w), GRAD("d2.w", grad_d2_w),   GRAD("d2.b", grad_d2_b),
        GRAD("d3.w", grad_d3_w), GRAD("slope", grad_slope), GRAD("e.w", grad_e_w),
        GRAD("o.w", grad_o_w),   GRAD("n3.g", grad_n3_g),   GRAD("n3.b", grad_n3_b),
    }, outputs[] = {
        GRAD("e", tape_e), GRAD("o", tape_o), GRAD("l", tape_q),
    }, statistics[] = {
        GRAD("n3.m", mean_n3), GRAD("n3.v", var_n3),
    };
    static const char *const cpus[] = { "ref", "native" };
    pb file = tape_second();

    (void)state;
    for (int c = 0; c < 2; c++) {
        tape_setup s = tape_make(&file, &small, 2, cpus[c]);

        run(s.t);
        for (uint32_t k = 0; k < COUNT(outputs); k++) {
            const kao_tensor *out = kao_tape_output(s.t, k);

            assert_int_equal(kao_tensor_count(out), outputs[k].n);
            for (size_t i = 0; i < outputs[k].n; i++)
                assert_float_equal(*tape_at(out, out->data, i), outputs[k].want[i],
                                   1e-5);
        }
        for (size_t i = 0; i < COUNT(grads); i++) {
            const kao_param *q = find(s.t, grads[i].name);

            assert_int_equal(q->n, grads[i].n);
            near(grads[i].name, q->grad, grads[i].want, q->n, 2e-5);
        }
        for (size_t i = 0; i < COUNT(grad_e_b); i++) /* before a normalisation */
            assert_true(fabsf(find(s.t, "e.b")->grad[i] - grad_e_b[i]) < 1e-5f);
        for (size_t i = 0; i < COUNT(statistics); i++)
            near(statistics[i].name, find(s.t, statistics[i].name)->data,
                 statistics[i].want, statistics[i].n, 1e-6);
        tape_end(&s);
    }
    pb_free(&file);
}

static void threads_change_nothing(void **state)
{
    struct {
        pb file;
        const kao_tensor *in;
    } rows[] = { { tape_first(), &picture },
                 { tape_second(), &small },
                 { tape_dropped(13), &small } };

    (void)state;
    for (size_t r = 0; r < COUNT(rows); r++) {
        tape_setup a = tape_make(&rows[r].file, rows[r].in, 1, NULL);
        tape_setup b = tape_make(&rows[r].file, rows[r].in, 3, NULL);

        for (int step = 0; step < 2; step++) {
            run(a.t);
            run(b.t);
            tape_same_params(a.t, b.t);
        }
        tape_end(&a);
        tape_end(&b);
        pb_free(&rows[r].file);
    }
}

enum { DROPPED = 4 * 4 * 40 * 40 };

/* Forward; gives which numbers passed, checks that these were scaled and how many they are. */
static uint8_t *passed(tape_setup *s, float scale)
{
    uint8_t *mask = calloc(DROPPED, 1);
    const float *h = kao_tape_output(s->t, 1)->data, *y;
    size_t n = 0;

    assert_non_null(mask);
    kao_tape_forward(s->t, true);
    y = kao_tape_output(s->t, 0)->data;
    for (size_t i = 0; i < DROPPED; i++) {
        mask[i] = fabsf(y[i]) > 0;
        n += mask[i];
        assert_float_equal(y[i], (mask[i] ? scale * h[i] : 0), 1e-6);
    }
    /* a binomial of 25,600 at .75: its deviation is 69 */
    assert_in_range(n, 0.75 * DROPPED - 5 * 69, 0.75 * DROPPED + 5 * 69);
    return mask;
}

static void dropout(void **state)
{
    static const int64_t opsets[] = { 11, 13 };
    const kao_tensor in = { .dtype = KAO_F32, .rank = 4, .dims = { 4, 4, 40, 40 } };

    (void)state;
    for (size_t k = 0; k < COUNT(opsets); k++) {
        pb file = tape_dropped(opsets[k]);
        tape_setup s = tape_make(&file, &in, 2, NULL);
        const float scale = 1 / 0.75f, *x = kao_tape_input(s.t);
        double want[4] = { 0 };
        uint8_t *first = passed(&s, scale);
        float *g = kao_tape_output_grad(s.t, 0);

        for (size_t i = 0; i < DROPPED; i++) { /* channels last */
            g[i] = noise(302, (uint32_t)i);
            want[i % 4] += first[i] ? (double)scale * (double)g[i] * (double)x[i] : 0;
        }
        kao_tape_backward(s.t);
        for (size_t i = 0; i < 4; i++)
            assert_float_equal(find(s.t, "w")->grad[i], want[i], 1e-3);
        uint8_t *next = passed(&s, scale);

        assert_memory_not_equal(first, next, DROPPED); /* another mask a run */
        free(next);
        s.t->runs = 0;
        next = passed(&s, scale);
        assert_memory_equal(first, next, DROPPED); /* a resumed run draws the same */
        free(next);
        s.t->seed = 1ull << 32;
        s.t->runs = 0;
        next = passed(&s, scale);
        assert_memory_not_equal(first, next, DROPPED);
        free(next);
        free(first);
        kao_tape_forward(s.t, false);
        assert_memory_equal(kao_tape_output(s.t, 0)->data,
                            kao_tape_output(s.t, 1)->data, DROPPED * sizeof(float));
        tape_end(&s);
        pb_free(&file);
    }
}

static void refused(void **state)
{
    static const struct {
        const char *op, *in, *attributes, *why;
    } rows[] = {
        { "Exp", "h", "", "Exp" },
        { "Concat", "h h", "axis=2", "along channels" },
        { "Concat", "h map", "axis=1", "input 1 is a constant" },
        { "LpNormalization", "h", "axis=1 p=1", "p 2" },
        { "LpNormalization", "h", "axis=3", "along channels" },
        { "Mul", "h scale", "", "same dims" },
        { "Mul", "scale h", "", "input 0 is a constant" },
        { "Dropout", "h one", "", "a ratio of 1" },
        { "Conv", "h w", "", "read twice" },
        { "Gemm", "f v", "transB=0", "transB 1" },
        { "Gemm", "f v", "transB=1 alpha=0.5", "alpha" },
        { "Gemm", "f v column", "transB=1", "bias by column" },
        { "Resize", "h - thrice", NEAREST "asymmetric nearest_mode=round_prefer_floor",
          "whole factors" },
        { "Resize", "h - batch", NEAREST "asymmetric nearest_mode=floor",
          "whole factors" },
        { "PRelu", "h across", "", "not by channel" },
        { "PRelu", "rows slope", "", "not by channel" },
        { "PRelu", "norm across", "", "not by channel" },
        { "PRelu", "norm scale", "", "read twice" },
    };
    static const float numbers[48 * 48], thrice[4] = { 1, 1, 3, 3 },
                                         batch[4] = { 2, 1, 1, 1 };
    static const int64_t rows_of[3] = { 2, 3, 12 };
    static const char *const of_norm[] = { "ns", "nb", "nm", "nv" };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        graph g;
        kao_context *ctx = NULL;
        kao_network *net = NULL;
        kao_tape *t = (kao_tape *)1;
        kao_error err = { 0 };
        const float one = 1;
        const kao_tensor in = { .dtype = KAO_F32, .rank = 4, .dims = { 2, 3, 4, 3 } };

        graph_init(&g, 13);
        graph_input(&g, "x", KAO_F32, "2,3,4,3");
        graph_floats(&g, "w", "3,3,1,1", numbers);
        graph_floats(&g, "v", "36,36", numbers);
        graph_floats(&g, "scale", "3,1,1", numbers);
        graph_floats(&g, "map", "2,3,4,3", numbers);
        graph_floats(&g, "thrice", "4", thrice);
        graph_floats(&g, "batch", "4", batch);
        graph_ints(&g, "rows_of", "3", rows_of);
        graph_floats(&g, "across", "3", numbers); /* along rows, of 3 pixels as well */
        graph_floats(&g, "slope", "3,1", numbers);
        graph_floats(&g, "column", "2,1", numbers);
        graph_floats(&g, "one", "", &one);
        graph_node(&g, "Conv", "x w", "h", "");
        graph_node(&g, "Flatten", "h", "f", "");
        if (strstr(rows[i].in, "rows"))
            graph_node(&g, "Reshape", "h rows_of", "rows", "");
        if (strstr(rows[i].in, "norm")) {
            for (size_t k = 0; k < COUNT(of_norm); k++)
                graph_floats(&g, of_norm[k], "3", numbers);
            graph_node(&g, "BatchNormalization",
                       strstr(rows[i].in, "scale") ? "h scale nb nm nv"
                                                   : "h ns nb nm nv",
                       "norm", "");
        }
        graph_node(&g, rows[i].op, rows[i].in, "y", rows[i].attributes);
        graph_output(&g, "y", KAO_F32, NULL);
        pb file = graph_file(&g);

        assert_int_equal(kao_context_create(&ctx, NULL, NULL), KAO_OK);
        if (kao_network_parse(ctx, &net, (kao_span){ file.p, file.n }, "row", &err))
            fail_msg("%s", err.msg);
        assert_true(kao_tape_create(&t, net, &in, &err) != KAO_OK);
        assert_null(t);
        if (!strstr(err.msg, rows[i].why))
            fail_msg("%s: \"%s\", want %s", rows[i].op, err.msg, rows[i].why);
        kao_network_destroy(net);
        kao_context_destroy(ctx);
        pb_free(&file);
    }
}

/* Outputs that no step makes have no gradient that a caller could fill, nor has a step one
 * whose first output is left out. */
static void outputs_are_made(void **state)
{
    static const char norm[] = "BatchNormalization", of_norm[] = "h s b m v";
    static const struct {
        const char *op, *in, *out, *output, *why;
    } rows[] = {
        { norm, of_norm, "y mean", "x", "\"x\"" },
        { norm, of_norm, "y mean", "w", "\"w\"" },
        { norm, of_norm, "y mean", "mean", "\"mean\"" },
        { norm, of_norm, "- y", NULL, "output 0 is left out" },
        { "Dropout", "h", "- y", NULL, "output 0 is left out" },
        { "MaxPool", "h", "- y", NULL, "output 0 is left out" },
    };
    static const float numbers[9];
    const kao_tensor in = { .dtype = KAO_F32, .rank = 4, .dims = { 2, 3, 4, 3 } };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        graph g;
        kao_context *ctx = NULL;
        kao_network *net = NULL;
        kao_tape *t = NULL;
        kao_error err = { 0 };

        graph_init(&g, 8);
        graph_input(&g, "x", KAO_F32, "2,3,4,3");
        graph_floats(&g, "w", "3,3,1,1", numbers);
        graph_floats(&g, "s", "3", numbers);
        graph_floats(&g, "b", "3", numbers);
        graph_floats(&g, "m", "3", numbers);
        graph_floats(&g, "v", "3", numbers);
        graph_node(&g, "Conv", "x w", "h", "");
        graph_node(&g, rows[i].op, rows[i].in, rows[i].out,
                   strcmp(rows[i].op, "MaxPool") == 0 ? "kernel_shape=[2,2]" : "");
        graph_output(&g, "y", KAO_F32, NULL);
        if (rows[i].output)
            graph_output(&g, rows[i].output, KAO_F32, NULL);
        pb file = graph_file(&g);

        assert_int_equal(kao_context_create(&ctx, NULL, NULL), KAO_OK);
        if (kao_network_parse(ctx, &net, (kao_span){ file.p, file.n }, "net", &err))
            fail_msg("%s", err.msg);
        assert_int_equal(kao_tape_create(&t, net, &in, &err), KAO_E_UNSUPPORTED);
        if (!strstr(err.msg, rows[i].why))
            fail_msg("%s: \"%s\", want %s", rows[i].op, err.msg, rows[i].why);
        kao_network_destroy(net);
        kao_context_destroy(ctx);
        pb_free(&file);
    }
}

/* A NaN in a window is its maximum, wherever it stands, as a plan has it. */
static void maximum_of_nan(void **state)
{
    enum { WINDOWS = 4 };
    static const kao_tensor in = { .dtype = KAO_F32,
                                   .rank = 4,
                                   .dims = { 1, 1, 2, 2 * WINDOWS } };
    graph g;

    (void)state;
    graph_init(&g, 13);
    graph_input(&g, "x", KAO_F32, "1,1,2,8");
    graph_node(&g, "MaxPool", "x", "y", "kernel_shape=[2,2] strides=[2,2]");
    graph_output(&g, "y", KAO_F32, NULL);
    pb file = graph_file(&g);
    tape_setup s = tape_make(&file, &in, 1, NULL);

    for (size_t i = 0; i < (size_t)4 * WINDOWS; i++)
        kao_tape_input(s.t)[i] = (float)i;
    kao_tape_input(s.t)[0] =
        NAN; /* the first of the first window, the last of the third */
    kao_tape_input(s.t)[2 * WINDOWS + 5] = NAN;
    kao_tape_forward(s.t, true);
    const float *y = kao_tape_output(s.t, 0)->data;

    for (size_t i = 0; i < WINDOWS; i++)
        assert_true(i % 2 ? y[i] == (float)(2 * WINDOWS + 2 * i + 1) : y[i] != y[i]);
    tape_end(&s);
    pb_free(&file);
}

/* Pixels are counted with 32 bits by the kernels. */
static void pixels_are_limited(void **state)
{
    static const float one = 1;
    const kao_tensor in = { .dtype = KAO_F32,
                            .rank = 4,
                            .dims = { 1, 1, 1 << 16, 1 << 15 } };
    kao_context *ctx = NULL;
    kao_network *net = NULL;
    kao_tape *t = NULL;
    kao_error err = { 0 };
    graph g;

    (void)state;
    graph_init(&g, 13);
    graph_input(&g, "x", KAO_F32, "1,1,?,?");
    graph_floats(&g, "w", "1,1,1,1", &one);
    graph_node(&g, "Conv", "x w", "y", "");
    graph_output(&g, "y", KAO_F32, NULL);
    pb file = graph_file(&g);

    assert_int_equal(kao_context_create(&ctx, NULL, NULL), KAO_OK);
    if (kao_network_parse(ctx, &net, (kao_span){ file.p, file.n }, "net", &err))
        fail_msg("%s", err.msg);
    assert_int_equal(kao_tape_create(&t, net, &in, &err), KAO_E_LIMIT);
    if (SIZE_MAX > UINT32_MAX) /* else the size of the map is refused before */
        assert_non_null(strstr(err.msg, "pixels"));
    kao_network_destroy(net);
    kao_context_destroy(ctx);
    pb_free(&file);
}

static void out_of_memory(void **state)
{
    pb files[] = { tape_second(), tape_dropped(13), tape_branches() };

    (void)state;
    for (size_t i = 0; i < COUNT(files); i++) {
        meter m;
        kao_context *ctx = NULL;
        kao_network *net = NULL;
        kao_tape *t = NULL;
        kao_status st = KAO_E_NOMEM;
        long n = 0;

        meter_init(&m);
        const kao_context_options o = { .n_threads = 1, .allocator = &m.hooks };

        assert_int_equal(kao_context_create(&ctx, &o, NULL), KAO_OK);
        assert_int_equal(kao_network_parse(ctx, &net,
                                           (kao_span){ files[i].p, files[i].n }, "net",
                                           NULL),
                         KAO_OK);
        for (; st; n++) {
            const long live = m.live;

            m.countdown = n;
            st = kao_tape_create(&t, net, &small, NULL);
            assert_true(st == KAO_OK || (st == KAO_E_NOMEM && !t && m.live == live));
        }
        assert_true(n > 1);
        kao_tape_destroy(t);
        kao_network_destroy(net);
        kao_context_destroy(ctx);
        assert_int_equal(m.live, 0);
        pb_free(&files[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_pytorch),
        cmocka_unit_test(second_as_pytorch),
        cmocka_unit_test(dropout),
        cmocka_unit_test(threads_change_nothing),
        cmocka_unit_test(refused),
        cmocka_unit_test(out_of_memory),
        cmocka_unit_test(outputs_are_made),
        cmocka_unit_test(maximum_of_nan),
        cmocka_unit_test(pixels_are_limited),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
