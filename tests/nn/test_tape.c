/* Training: outputs, gradients and running statistics of one step against PyTorch's, gradients
 * against differences, the same bits for any number of threads. */
#include "support/unit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "data/expected_tape.h"
#include "nn/tape.h"
#include "support/builder.h"

enum { N = 2, H = 16, W = 24 };

static void norm(graph *g, const char *in, const char *out, const char *name,
                 uint32_t seed)
{
    char names[5][16], inputs[96];
    static const char *const ends[] = { "g", "b", "m", "v" };

    for (int i = 0; i < 4; i++)
        snprintf(names[i], sizeof names[i], "%s.%s", name, ends[i]);
    graph_noise_around(g, names[0], "8", seed, 0.25f, 1);
    graph_noise(g, names[1], "8", seed + 1, 0.5f);
    graph_noise(g, names[2], "8", seed + 2, 0.5f);
    graph_noise_around(g, names[3], "8", seed + 3, 0.25f, 1);
    snprintf(inputs, sizeof inputs, "%s %s %s %s %s", in, names[0], names[1], names[2],
             names[3]);
    graph_node(g, "BatchNormalization", inputs, out, "epsilon=0.00001");
}

/* As make_tape.py has it. */
static pb network(void)
{
    graph g;
    static const float twice[4] = { 1, 1, 2, 2 };

    graph_init(&g, 13);
    graph_input(&g, "x", KAO_F32, "?,3,?,?");
    graph_noise(&g, "c1.w", "8,3,3,3", 1, 0.4f);
    graph_node(&g, "Conv", "x c1.w", "t1", "pads=[1,1,1,1] strides=[2,2]");
    norm(&g, "t1", "t2", "n1", 10);
    graph_noise_around(&g, "p1", "8,1,1", 20, 0.25f, 0.25f);
    graph_node(&g, "PRelu", "t2 p1", "y", "");
    graph_noise(&g, "c2.w", "8,8,1,1", 2, 0.4f);
    graph_noise(&g, "c2.b", "8", 3, 0.3f);
    graph_node(&g, "Conv", "y c2.w c2.b", "t3", "");
    graph_noise(&g, "c3.w", "8,1,3,3", 4, 0.4f);
    graph_node(&g, "Conv", "t3 c3.w", "t4", "pads=[1,1,1,1] group=8");
    norm(&g, "t4", "t5", "n2", 30);
    graph_node(&g, "Relu", "t5", "z", "");
    graph_node(&g, "Add", "y z", "s", "");
    graph_node(&g, "MaxPool", "s", "q", "kernel_shape=[2,2] strides=[2,2]");
    graph_noise(&g, "c4.w", "8,8,3,3", 5, 0.2f);
    graph_noise(&g, "c4.b", "8", 6, 0.3f);
    graph_node(&g, "Conv", "q c4.w c4.b", "t6", "pads=[1,1,1,1]");
    graph_node(&g, "LeakyRelu", "t6", "p", "alpha=0.125");
    graph_floats(&g, "twice", "4", twice);
    graph_node(
        &g, "Resize", "p - twice", "u",
        "mode=nearest coordinate_transformation_mode=asymmetric nearest_mode=floor");
    graph_node(&g, "Add", "s u", "r", "");
    graph_noise(&g, "c5.w", "5,8,1,1", 7, 0.3f);
    graph_noise(&g, "c5.b", "5", 8, 0.3f);
    graph_node(&g, "Conv", "r c5.w c5.b", "a", "");
    graph_output(&g, "a", KAO_F32, NULL);
    graph_output(&g, "p", KAO_F32, NULL);
    return graph_file(&g);
}

typedef struct setup {
    kao_context *ctx;
    kao_network *net;
    kao_tape *t;
} setup;

/* A value of NCHW index i of a channels-last tensor. */
static float *at(const kao_tensor *t, float *data, size_t i)
{
    size_t offset = 0;

    for (int32_t d = t->rank; d-- > 0;) {
        offset += i % (size_t)t->dims[d] * (size_t)t->strides[d];
        i /= (size_t)t->dims[d];
    }
    return data + offset;
}

static setup make(const pb *file, uint32_t threads, const char *cpu)
{
    const kao_context_options o = { .n_threads = threads, .cpu = cpu };
    const kao_tensor in = { .dtype = KAO_F32, .rank = 4, .dims = { N, 3, H, W } };
    setup s = { NULL, NULL, NULL };
    kao_error err = { 0 };

    assert_int_equal(kao_context_create(&s.ctx, &o, NULL), KAO_OK);
    assert_int_equal(
        kao_network_parse(s.ctx, &s.net, (kao_span){ file->p, file->n }, "small", &err),
        KAO_OK);
    if (kao_tape_create(&s.t, s.net, &in, &err))
        fail_msg("%s", err.msg);
    kao_tensor x = s.t->values[s.net->onnx.inputs[0].value].t;

    for (size_t i = 0; i < N * 3 * H * W; i++)
        *at(&x, kao_tape_input(s.t), i) = noise(99, (uint32_t)i);
    return s;
}

static void end(setup *s)
{
    kao_tape_destroy(s->t);
    kao_network_destroy(s->net);
    kao_context_destroy(s->ctx);
}

static void run(kao_tape *t)
{
    kao_tape_forward(t, true);
    for (uint32_t k = 0; k < 2; k++) {
        const kao_tensor *out = kao_tape_output(t, k);
        float *g = kao_tape_output_grad(t, k);

        for (size_t i = 0; i < (size_t)kao_tensor_count(out); i++)
            *at(out, g, i) = noise(100 + k, (uint32_t)i);
    }
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

#define GRAD(NAME, ARRAY)                                                              \
 {                                                                                     \
  NAME, ARRAY, sizeof ARRAY / sizeof ARRAY[0]                                          \
 }

static void as_pytorch(void **state)
{
    static const struct {
        const char *name;
        const float *want;
        size_t n;
    } grads[] = {
        GRAD("c1.w", grad_c1_w), GRAD("n1.g", grad_n1_g), GRAD("n1.b", grad_n1_b),
        GRAD("p1", grad_p1),     GRAD("c2.w", grad_c2_w), GRAD("c3.w", grad_c3_w),
        GRAD("n2.g", grad_n2_g), GRAD("n2.b", grad_n2_b), GRAD("c4.w", grad_c4_w),
        GRAD("c4.b", grad_c4_b), GRAD("c5.w", grad_c5_w), GRAD("c5.b", grad_c5_b),
    }, statistics[] = {
        GRAD("n1.m", mean_n1), GRAD("n1.v", var_n1),
        GRAD("n2.m", mean_n2), GRAD("n2.v", var_n2),
    };
    static const char *const cpus[] = { "ref", "native" };
    pb file = network();

    (void)state;
    for (int c = 0; c < 2; c++) {
        setup s = make(&file, 2, cpus[c]);

        run(s.t);
        const kao_tensor *a = kao_tape_output(s.t, 0), *p = kao_tape_output(s.t, 1);
        size_t k = 0;

        for (int64_t i = 0; i < N * 5; i++)
            for (int64_t y = 0; y < a->dims[2]; y += 3)
                for (int64_t x = 0; x < a->dims[3]; x += 5, k++)
                    near(
                        "a",
                        at(a, a->data, (size_t)((i * a->dims[2] + y) * a->dims[3] + x)),
                        &tape_a[k], 1, 2e-4);
        assert_int_equal(k, COUNT(tape_a));
        k = 0;
        for (int64_t i = 0; i < N * 8; i++)
            for (int64_t y = 0; y < p->dims[2]; y += 2)
                for (int64_t x = 0; x < p->dims[3]; x += 3, k++)
                    assert_true(
                        fabsf(*at(p, p->data,
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
        end(&s);
    }
    pb_free(&file);
}

static void threads_change_nothing(void **state)
{
    pb file = network();
    setup a = make(&file, 1, NULL), b = make(&file, 3, NULL);

    (void)state;
    for (int step = 0; step < 2; step++) {
        run(a.t);
        run(b.t);
        for (uint32_t i = 0; i < a.t->n_params; i++) {
            assert_memory_equal(a.t->params[i].grad, b.t->params[i].grad,
                                a.t->params[i].n * sizeof(float));
            assert_memory_equal(a.t->params[i].data, b.t->params[i].data,
                                a.t->params[i].n * sizeof(float));
        }
    }
    end(&a);
    end(&b);
    pb_free(&file);
}

static void refused(void **state)
{
    graph g;
    kao_context *ctx = NULL;
    kao_network *net = NULL;
    kao_tape *t = (kao_tape *)1;
    kao_error err = { 0 };
    const kao_tensor in = { .dtype = KAO_F32, .rank = 4, .dims = { 1, 3, 4, 4 } };

    (void)state;
    graph_init(&g, 13);
    graph_input(&g, "x", KAO_F32, "1,3,4,4");
    graph_node(&g, "Sigmoid", "x", "y", "");
    graph_output(&g, "y", KAO_F32, NULL);
    pb file = graph_file(&g);

    assert_int_equal(kao_context_create(&ctx, NULL, NULL), KAO_OK);
    assert_int_equal(
        kao_network_parse(ctx, &net, (kao_span){ file.p, file.n }, "sig", NULL),
        KAO_OK);
    assert_int_equal(kao_tape_create(&t, net, &in, &err), KAO_E_UNSUPPORTED);
    assert_null(t);
    assert_non_null(strstr(err.msg, "Sigmoid"));
    kao_network_destroy(net);
    kao_context_destroy(ctx);
    pb_free(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_pytorch),
        cmocka_unit_test(threads_change_nothing),
        cmocka_unit_test(refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
