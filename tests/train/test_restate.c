/* Statistics taken anew: against means and variances written out here, and the run's own are
 * back afterwards. */
#include "support/unit.h"

#include <math.h>
#include <string.h>

#include "base/context.h"
#include "support/builder.h"
#include "train/restate.h"

enum { BATCH = 3, SIDE = 112, N_IN = BATCH * SIDE * SIDE * 3, BATCHES = 4, WIDTH = 4 };

static kao_status plain(kao_task *task, kao_tape *t, uint64_t first)
{
    (void)task;
    for (uint32_t i = 0; i < N_IN; i++)
        kao_tape_input(t)[i] = noise((uint32_t)first + 1, i);
    return KAO_OK;
}

static const kao_task_kind kind = { .name = "test", .plain = plain };

static const kao_param *param(const kao_tape *t, const char *name)
{
    uint32_t i = 0;

    while (i < t->n_params && strcmp(t->params[i].name, name) != 0)
        i++;
    assert_true(i < t->n_params);
    return &t->params[i];
}

/* The stem: 3x3, stride 2, one pixel of zeros around, no bias; by its definition. */
static void moments(const float *in, const float *w, int pictures, double mean[WIDTH],
                    double var[WIDTH])
{
    const int out = SIDE / 2;
    const double n = (double)pictures * out * out, groups = BATCH / pictures * BATCHES;

    for (int o = 0; o < WIDTH; o++) {
        double sum = 0, square = 0;

        for (int p = 0; p < pictures * out * out; p++) {
            const int b = p / (out * out), y = p / out % out, x = p % out;
            double v = 0;

            for (int k = 0; k < 27; k++) {
                const int c = k / 9, ty = 2 * y + k / 3 % 3 - 1, tx = 2 * x + k % 3 - 1;

                if (ty >= 0 && ty < SIDE && tx >= 0 && tx < SIDE)
                    v += (double)w[o * 27 + k] *
                         (double)in[((b * SIDE + ty) * SIDE + tx) * 3 + c];
            }
            sum += v;
            square += v * v;
        }
        mean[o] += sum / n / groups;
        var[o] += (square - sum * sum / n) / (n - 1) / groups;
    }
}

/* group: of pictures that have statistics of their own; 0: the batch. */
static void check(uint32_t group)
{
    const kao_arch_weights seeded = { .seed = 3 };
    kao_tensor in = { .dtype = KAO_F32, .rank = 4, .dims = { BATCH, 3, SIDE, SIDE } };
    kao_context *ctx = NULL;
    kao_network *net = NULL;
    kao_tape *t = NULL;
    kao_restate r;
    kao_error err = { 0 };
    uint8_t *bytes = NULL;
    size_t n = 0;
    double mean[WIDTH] = { 0 }, var[WIDTH] = { 0 };

    assert_int_equal(kao_context_create(&ctx, NULL, NULL), KAO_OK);
    assert_int_equal(
        kao_arch_face(&ctx->mem, true, WIDTH, 8, &seeded, NULL, &bytes, &n, NULL),
        KAO_OK);
    assert_int_equal(kao_network_parse(ctx, &net, (kao_span){ bytes, n }, "net", NULL),
                     KAO_OK);
    net->norm_group = group;
    assert_int_equal(kao_tape_create(&t, net, &in, &err), KAO_OK);
    plain(NULL, t, 77); /* a step of the run */
    kao_tape_forward(t, true);
    const kao_param *m = param(t, "stem.m"), *v = param(t, "stem.v");
    float before[2][WIDTH];

    memcpy(before[0], m->data, sizeof before[0]);
    memcpy(before[1], v->data, sizeof before[1]);
    assert_int_equal(
        kao_restate_begin(&r, t, &ctx->mem, &kind, NULL, BATCHES, BATCH, &err), KAO_OK);
    for (uint64_t k = 0; k < BATCHES; k++) {
        plain(NULL, t, k * BATCH);
        for (uint32_t i = 0; i < BATCH; i += group ? group : BATCH)
            moments(kao_tape_input(t) + i * SIDE * SIDE * 3, param(t, "stem.c.w")->data,
                    group ? (int)group : BATCH, mean, var);
    }
    for (int o = 0; o < WIDTH; o++)
        if (fabs((double)m->data[o] - mean[o]) > 1e-6 * sqrt(var[o]) ||
            fabs((double)v->data[o] - var[o]) > 1e-5 * var[o])
            fail_msg("channel %d: %.8g, %.8g; wanted %.8g, %.8g", o, (double)m->data[o],
                     (double)v->data[o], mean[o], var[o]);
    assert_true(memcmp(before[0], m->data, sizeof before[0]) != 0);
    kao_restate_end(&r);
    assert_memory_equal(before[0], m->data, sizeof before[0]);
    assert_memory_equal(before[1], v->data, sizeof before[1]);
    assert_true(t->runs == 1 && t->norm_momentum == 0.1f);
    kao_tape_destroy(t);
    kao_network_destroy(net);
    kao_free(&ctx->mem, bytes);
    kao_context_destroy(ctx);
}

static void taken_anew(void **state)
{
    (void)state;
    check(0);
    check(1);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(taken_anew) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
