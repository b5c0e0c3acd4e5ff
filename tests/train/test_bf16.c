/* Networks whose products are of pairs of bfloat16 beside the same in float32: gradients of a
 * tape, and outputs of a session, on every level of this machine. */
#include "support/unit.h"

#include <math.h>
#include <string.h>

#include "base/context.h"
#include "base/cpu.h"
#include "nn/session.h"
#include "support/builder.h"
#include "train/arch.h"

enum { BATCH = 8, SIDE = 112, DIM = 24 };

static const kao_tensor picture = { .dtype = KAO_F32,
                                    .rank = 4,
                                    .dims = { BATCH, 3, SIDE, SIDE } };

typedef struct setup {
    kao_context *ctx;
    kao_network *net;
    kao_tape *t;
} setup;

static setup make(const char *cpu, const uint8_t *bytes, size_t n, bool bf16)
{
    setup s = { NULL, NULL, NULL };
    kao_error err = { 0 };

    assert_int_equal(
        kao_context_create(&s.ctx, &(kao_context_options){ .cpu = cpu }, NULL), KAO_OK);
    assert_int_equal(
        kao_network_parse(s.ctx, &s.net, (kao_span){ bytes, n }, "net", &err), KAO_OK);
    s.net->bf16 = bf16;
    return s;
}

static void end(setup *s)
{
    kao_tape_destroy(s->t);
    kao_network_destroy(s->net);
    kao_context_destroy(s->ctx);
}

/* 1 - cosine, and whether all is equal. */
static double apart(const float *a, const float *b, size_t n, bool *same)
{
    double ab = 0, aa = 0, bb = 0;

    for (size_t i = 0; i < n; i++) {
        ab += (double)a[i] * (double)b[i];
        aa += (double)a[i] * (double)a[i];
        bb += (double)b[i] * (double)b[i];
    }
    *same = memcmp(a, b, n * sizeof *a) == 0;
    return 1 - ab / sqrt(aa * bb);
}

static void run_tape(setup *s)
{
    kao_error err = { 0 };

    if (kao_tape_create(&s->t, s->net, &picture, &err))
        fail_msg("%s", err.msg);
    for (uint32_t i = 0; i < BATCH * SIDE * SIDE * 3; i++)
        kao_tape_input(s->t)[i] = noise(5, i);
    kao_tape_forward(s->t, true);
    for (uint32_t i = 0; i < BATCH * DIM; i++)
        kao_tape_output_grad(s->t, 0)[i] = noise(6, i);
    kao_tape_backward(s->t);
}

/* Rounding to 8 bits turns a sum of K random products by some 2^-9, whatever K is; a layer's
 * gradient has passed as many roundings as there are layers behind it, and the batch's
 * normalisation between them. */
static void of_a_tape(const char *cpu)
{
    const kao_arch_weights seeded = { .seed = 7 };
    kao_mem mem;
    uint8_t *bytes = NULL;
    size_t n = 0;
    bool same = false;

    kao_mem_init(&mem, NULL);
    assert_int_equal(kao_arch_face(&mem, true, 8, DIM, &seeded, NULL, &bytes, &n, NULL),
                     KAO_OK);
    setup s[2] = { make(cpu, bytes, n, false), make(cpu, bytes, n, true) };

    run_tape(&s[0]);
    run_tape(&s[1]);
    const double out = apart(kao_tape_output(s[0].t, 0)->data,
                             kao_tape_output(s[1].t, 0)->data, BATCH * DIM, &same);

    if (same || out > 1e-3)
        fail_msg("%s: outputs are %g apart", cpu, out);
    for (uint32_t i = 0; i < s[0].t->n_params; i++) {
        const kao_param *p = &s[0].t->params[i];

        if (p->kind != KAO_PARAM_WEIGHT)
            continue;
        const double off = apart(p->grad, s[1].t->params[i].grad, p->n, &same);

        if (same || off > 2e-2)
            fail_msg("%s: gradients of %s are %g apart", cpu, p->name, off);
    }
    end(&s[0]);
    end(&s[1]);
    kao_free(&mem, bytes);
}

static void run_session(setup *s, float *out, size_t n)
{
    kao_session *x = NULL;
    kao_error err = { 0 };
    kao_tensor in = picture;
    float *numbers = kao_alloc(&s->ctx->mem, BATCH * SIDE * SIDE * 3 * sizeof(float));

    for (uint32_t i = 0; i < BATCH * SIDE * SIDE * 3; i++)
        numbers[i] = noise(5, i);
    in.data = numbers;
    kao_tensor_set_dense(&in);
    assert_int_equal(kao_session_create(&x, s->net, NULL, &err), KAO_OK);
    assert_int_equal(kao_session_bind(x, 0, &in, &err), KAO_OK);
    if (kao_session_run(x, &err))
        fail_msg("%s", err.msg);
    assert_int_equal(kao_tensor_count(kao_session_output(x, 0)), n);
    memcpy(out, kao_session_output(x, 0)->data, n * sizeof *out);
    kao_session_destroy(x);
    kao_free(&s->ctx->mem, numbers);
}

/* Groups of pointwise and depthwise layers, and dense ones. */
static void of_a_session(const char *cpu)
{
    enum { NUMBERS = BATCH * 128 };
    kao_mem mem;
    uint8_t *bytes = NULL;
    size_t n = 0;
    float out[2][NUMBERS];
    bool same = false;

    kao_mem_init(&mem, NULL);
    assert_int_equal(kao_arch_make(&mem, "mobilefacenet", 3, &bytes, &n, NULL), KAO_OK);
    for (int i = 0; i < 2; i++) {
        setup s = make(cpu, bytes, n, i == 1);

        run_session(&s, out[i], NUMBERS);
        end(&s);
    }
    const double off = apart(out[0], out[1], NUMBERS, &same);

    if (same || off > 1e-3)
        fail_msg("%s: outputs are %g apart", cpu, off);
    kao_free(&mem, bytes);
}

static void all_levels(void (*one)(const char *cpu))
{
    const uint32_t have = kao_cpu_detect();

    for (size_t i = 0; kao_cpu_level_at(i); i++) {
        uint32_t mask;

        if (kao_cpu_mask(kao_cpu_level_at(i)->name, have, &mask))
            one(kao_cpu_level_at(i)->name);
    }
}

static void tapes(void **state)
{
    (void)state;
    all_levels(of_a_tape);
}

static void sessions(void **state)
{
    (void)state;
    all_levels(of_a_session);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(tapes),
                                        cmocka_unit_test(sessions) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
