/* The trainer's parts alone: random numbers, ONNX files that are written, recipes, AdamW, the
 * network that is trained and the form in which it is shipped. */
#include "support/unit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/random.h"
#include "kao/detector.h"
#include "onnx/write.h"
#include "support/fixture.h"
#include "support/shared.h"
#include "train/arch.h"
#include "train/checkpoint.h"
#include "train/facts.h"
#include "train/optimizer.h"
#include "train/recipe.h"
#include "train/schedule.h"

/* ---- random numbers ---- */

/* Known answers of the authors' Random123 (kat_vectors, philox4x32 of 10 rounds). */
static void philox(void **state)
{
    static const struct {
        uint32_t counter[4], key[2], want[4];
    } rows[] = {
        { { 0, 0, 0, 0 },
          { 0, 0 },
          { 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8 } },
        { { 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff },
          { 0xffffffff, 0xffffffff },
          { 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd } },
        { { 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344 },
          { 0xa4093822, 0x299f31d0 },
          { 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1 } },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint32_t out[4];

        kao_philox(rows[i].counter, rows[i].key, out);
        assert_memory_equal(out, rows[i].want, sizeof out);
    }
}

static void streams(void **state)
{
    enum { N = 20000 };
    kao_random a = kao_random_stream(7, 1, 0), b = kao_random_stream(7, 2, 0);
    double sum = 0, square = 0, normal = 0, normal_square = 0;
    unsigned counts[10] = { 0 }, equal = 0;

    (void)state;
    for (int i = 0; i < N; i++) {
        const float u = kao_random_float(&a, -1, 3), g = kao_random_normal(&b);

        assert_true(u >= -1 && u < 3);
        sum += (double)u;
        square += (double)u * (double)u;
        normal += (double)g;
        normal_square += (double)g * (double)g;
        counts[kao_random_below(&a, 10)]++;
    }
    /* the largest number there is, where floats are further apart than 2^-24 */
    a = (kao_random){ .block = { UINT32_MAX, UINT32_MAX } };
    assert_true(kao_random_float(&a, 100, 101) < 101);
    assert_true(kao_random_float(&a, 0.5f, 1.5f) < 1.5f);
    /* within six deviations of their expectations */
    assert_true(fabs(sum / N - 1) < 6 * 1.155 / sqrt(N));
    assert_true(fabs(square / N - 7.0 / 3) < 6 * 2.5 / sqrt(N));
    assert_true(fabs(normal / N) < 6 / sqrt(N));
    assert_true(fabs(normal_square / N - 1) < 6 * 1.42 / sqrt(N));
    for (int i = 0; i < 10; i++)
        assert_true(fabs(counts[i] - N / 10.0) < 6 * sqrt(N * .09));
    a = kao_random_stream(7, 1, 0);
    b = kao_random_stream(7, 1, 1);
    for (int i = 0; i < 100; i++)
        equal += kao_random_u32(&a) == kao_random_u32(&b);
    assert_int_equal(equal, 0);
}

/* ---- files that are written ---- */

static void written_files(void **state)
{
    static const float w[6] = { 1, -2, 3, .5f, 0, 7 };
    fixture *f = *state;
    kao_onnx_writer x;
    kao_network *net = NULL;
    uint8_t *bytes = NULL;
    size_t n = 0;

    kao_onnx_write_begin(&x, &f->ctx->mem, 13);
    kao_onnx_write_input(&x, "x", KAO_F32, (int64_t[]){ -1, 3, 4, -1 }, 4);
    kao_onnx_write_tensor(&x, "w", KAO_F32, (int64_t[]){ 2, 3, 1, 1 }, 4, w);
    kao_onnx_write_node(&x, "Conv", "x w", "c", "strides=[2,1] group=1");
    kao_onnx_write_node(&x, "LeakyRelu", "c", "y", "alpha=0.25");
    kao_onnx_write_node(&x, "Resize", "y - s", "z", "mode=nearest");
    kao_onnx_write_tensor(&x, "s", KAO_F32, (int64_t[]){ 4 }, 1,
                          (float[]){ 1, 1, 2, 2 });
    kao_onnx_write_output(&x, "z", KAO_F32, (int64_t[]){ -1, 2, -1, -1 }, 4);
    kao_onnx_write_meta(&x, "kao.note", "a = b");
    assert_int_equal(kao_onnx_write_end(&x, &bytes, &n, NULL), KAO_OK);
    assert_int_equal(
        kao_network_parse(f->ctx, &net, (kao_span){ bytes, n }, "written", &f->err),
        KAO_OK);
    const kao_onnx_model *m = &net->onnx;

    assert_true(m->ir_version == 8 && m->opset == 13 && m->n_nodes == 3);
    assert_string_equal(m->producer, "kao");
    assert_true(m->n_meta == 1 && strcmp(m->meta[0].value, "a = b") == 0);
    assert_true(m->inputs[0].rank == 4 && m->inputs[0].dims[1] == 3 &&
                m->inputs[0].dims[0] == -1);
    assert_string_equal(m->inputs[0].dim_names[0], "N");
    assert_string_equal(m->inputs[0].dim_names[3], "W");
    assert_true(m->nodes[2].n_in == 3 && m->nodes[2].in[1] == KAO_NO_VALUE);
    const kao_onnx_tensor *t = m->constants[m->nodes[0].in[1]];

    assert_true(t->rank == 4 && t->dims[0] == 2 && t->n == 6);
    assert_memory_equal(t->data, w, sizeof w);
    for (uint32_t i = 0; i < m->nodes[0].n_attr; i++) {
        const kao_onnx_attr *a = &m->nodes[0].attr[i];

        if (strcmp(a->name, "strides") == 0)
            assert_true(a->type == KAO_ATTR_INTS && a->n == 2 && a->ints[0] == 2);
        else
            assert_true(a->type == KAO_ATTR_INT && a->i == 1);
    }
    assert_true(m->nodes[1].attr[0].type == KAO_ATTR_FLOAT &&
                m->nodes[1].attr[0].f == .25f);
    assert_true(m->nodes[2].attr[0].type == KAO_ATTR_STRING);
    kao_network_destroy(net);
    kao_free(&f->ctx->mem, bytes);
    /* without memory, at each allocation: one status, nothing left */
    const size_t live = atomic_load(&f->ctx->mem.live);

    for (int i = 0;; i++) {
        kao_fault_arm(&f->ctx->mem, KAO_FAULT_ALLOC, i);
        kao_onnx_write_begin(&x, &f->ctx->mem, 13);
        kao_onnx_write_tensor(&x, "w", KAO_F32, (int64_t[]){ 2, 3 }, 2, w);
        const kao_status st = kao_onnx_write_end(&x, &bytes, &n, &f->err);
        const bool fired = kao_fault_disarm(&f->ctx->mem, KAO_FAULT_ALLOC);

        assert_int_equal(st, fired ? KAO_E_NOMEM : KAO_OK);
        kao_free(&f->ctx->mem, bytes);
        assert_int_equal(atomic_load(&f->ctx->mem.live), live);
        if (!fired)
            break;
    }
}

/* ---- recipes ---- */

static void recipes(void **state)
{
    static const struct {
        const char *text, *message;
    } rows[] = {
        { "bacth = 3\n", "line 1: unknown key \"bacth\": batch is one" },
        { "# fine\n\nrate 0.1\n", "line 3 is not" },
        { "batch = many\n", "line 1: batch = many: wanted a whole number" },
        { "batch = 0\n", "wanted a whole number from 1" },
        { "rate = 1 2\n", "rate = 1 2" },
        { "batch = 2.5\n", "batch = 2.5: wanted a whole number from 1" },
        { "accumulate = 1.5\n", "wanted a whole number from 1" },
    };
    fixture *f = *state;
    kao_recipe r;
    char path[400];

    snprintf(path, sizeof path, "%s/try.recipe", f->dir);
    static const char text[] =
        "\xef\xbb\xbf# a recipe\nbatch = 8\r\n name=\tmine \nrate = 1e-3\n";

    write_file(path, text, sizeof text - 1);
    assert_int_equal(kao_recipe_read(&r, &f->ctx->mem, path, &f->err), KAO_OK);
    assert_true(r.batch == 8 && r.rate == 1e-3 && r.size == 320);
    assert_string_equal(r.name, "mine");
    assert_int_equal(kao_recipe_set(&r, "batch=16", NULL), KAO_OK);
    assert_true(r.batch == 16);
    assert_int_equal(kao_recipe_set(&r, "batch", &f->err), KAO_E_FORMAT);
    for (size_t i = 0; i < COUNT(rows); i++) {
        write_file(path, rows[i].text, strlen(rows[i].text));
        assert_int_equal(kao_recipe_read(&r, &f->ctx->mem, path, &f->err),
                         KAO_E_FORMAT);
        if (!strstr(f->err.msg, rows[i].message))
            fail_msg("%s", f->err.msg);
    }
    unlink(path);
    assert_int_equal(kao_recipe_read(&r, &f->ctx->mem, path, NULL), KAO_E_IO);
}

/* ---- AdamW ---- */

/* Five steps at a rate of .01 on a weight of four numbers and a bias of two. */
static void five_steps(kao_optimizer *o, const float want_w[4], const float want_b[2],
                       float by)
{
    const kao_param *w = &o->params[0], *b = &o->params[1];

    for (int t = 0; t < 5; t++) {
        const float g[4] = { .1f * (float)(t + 1), -.2f, .3f / (float)(t + 1), 0 };

        memcpy(w->grad, g, sizeof g);
        b->grad[0] = 1;
        b->grad[1] = -.5f * (float)t;
        kao_optimizer_step(o, .01f);
    }
    for (int i = 0; i < 4; i++)
        assert_true(fabsf(w->data[i] - want_w[i]) < by);
    for (int i = 0; i < 2; i++)
        assert_true(fabsf(b->data[i] - want_b[i]) < by);
}

/* Five steps of torch.optim.AdamW (PyTorch 1.13, double): lr .01, decay .1 on the weight. */
static void adamw(void **state)
{
    static const float want_w[4] = { 0.44909431f, -0.94510989f, 1.94609892f,
                                     0.24875250f },
                       want_b[2] = { 0.05f, -0.16654287f };
    fixture *f = *state;
    float w[4] = { .5f, -1, 2, .25f }, b[2] = { .1f, -.2f }, gw[4], gb[2];
    kao_param params[2] = {
        { .kind = KAO_PARAM_WEIGHT, .data = w, .grad = gw, .n = 4 },
        { .kind = KAO_PARAM_BIAS, .data = b, .grad = gb, .n = 2 },
    };
    kao_network net = { .ctx = f->ctx };
    kao_tape tape = { .net = &net, .params = params, .n_params = 2 };
    kao_optimizer o;

    assert_int_equal(kao_optimizer_init(&o, &tape, false, NULL), KAO_OK);
    o.decay = .1f;
    five_steps(&o, want_w, want_b, 2e-6f);
    /* the mean and the weights change places, and back */
    const float before = w[0], mean = o.mean[0][0];

    kao_optimizer_swap_mean(&o);
    assert_true(w[0] == mean && o.mean[0][0] == before);
    kao_optimizer_swap_mean(&o);
    assert_true(w[0] == before);
    /* a clipped gradient acts as a shorter one */
    o.clip = 1e-3f;
    assert_true(fabs(kao_optimizer_step(&o, 0) - 2.30078) < 1e-3);
    kao_optimizer_fini(&o);
}

/* Five steps of torch.optim.SGD (PyTorch 1.13, double): lr .01, momentum .9, decay .1 on the
 * weight. */
static void sgd(void **state)
{
    static const float want_w[4] = { 0.46179094f, -0.96066064f, 1.95166452f,
                                     0.24672172f },
                       want_b[2] = { -0.03144100f, -0.10720500f };
    fixture *f = *state;
    float w[4] = { .5f, -1, 2, .25f }, b[2] = { .1f, -.2f }, gw[4], gb[2];
    kao_param params[2] = {
        { .kind = KAO_PARAM_WEIGHT, .data = w, .grad = gw, .n = 4 },
        { .kind = KAO_PARAM_BIAS, .data = b, .grad = gb, .n = 2 },
    };
    kao_network net = { .ctx = f->ctx };
    kao_tape tape = { .net = &net, .params = params, .n_params = 2 };
    kao_optimizer o;

    assert_int_equal(kao_optimizer_init(&o, &tape, false, NULL), KAO_OK);
    o.kind = KAO_SGD;
    o.decay = .1f;
    five_steps(&o, want_w, want_b, 1e-6f);
    kao_optimizer_fini(&o);
}

/* A state that is more than a checkpoint can be is told as that, and before the first step. */
static void too_large(void **state)
{
    fixture *f = *state;
    float *none[1] = { NULL };
    kao_param params[1] = { { .kind = KAO_PARAM_WEIGHT, .n = (size_t)1 << 28 } };
    kao_optimizer o = {
        .params = params, .n_params = 1, .m = none, .v = none, .mean = none
    };
    const kao_recipe r = { .name = "large" };
    const kao_checkpoint c = { .mem = &f->ctx->mem, .r = &r, .opt = &o };

    assert_int_equal(kao_checkpoint_write(&c, "large.state", &f->err), KAO_E_LIMIT);
    assert_non_null(strstr(f->err.msg, "large.state: a checkpoint of 4.0 GiB"));
    assert_int_equal(kao_checkpoint_fits(&c, "large.state", &f->err), KAO_E_LIMIT);
    params[0].n /= 2;
    assert_int_equal(kao_checkpoint_fits(&c, "large.state", &f->err), KAO_OK);
}

/* What the card says of steps is how many pictures each saw. */
static void facts(void **state)
{
    static const struct {
        double accumulate;
        const char *want;
    } rows[] = { { 1, "recipe small, 100 steps of 32; by hand" },
                 { 4, "recipe small, 100 steps of 128; by hand" } };
    const kao_pack *const packs[] = { NULL };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const kao_recipe r = { .name = "small",
                               .note = "by hand",
                               .steps = 100,
                               .batch = 32,
                               .accumulate = rows[i].accumulate };
        kao_facts f = { .trained_on = "" };

        kao_facts_begin(&f, &r, 3200, packs);
        assert_string_equal(f.note, rows[i].want);
    }
}

/* Three backward runs make the step that their mean makes. */
static void gathered(void **state)
{
    fixture *f = *state;
    float w[2] = { 1, 1 }, s[1] = { 7 }, gw[2], gs[1] = { 5 };
    kao_param params[2] = {
        { .kind = KAO_PARAM_WEIGHT, .data = w, .grad = gw, .n = 2 },
        { .kind = KAO_PARAM_STATISTIC, .data = s, .grad = gs, .n = 1 },
    };
    kao_network net = { .ctx = f->ctx };
    kao_tape tape = { .net = &net, .params = params, .n_params = 2 };
    kao_optimizer o;

    assert_int_equal(kao_optimizer_init(&o, &tape, true, NULL), KAO_OK);
    o.kind = KAO_SGD;
    o.decay = 0;
    for (int step = 0; step < 2; step++) { /* the second begins anew */
        for (int k = 0; k < 3; k++) {
            gw[0] = (float)(3 * k);
            gw[1] = -1;
            kao_optimizer_gather(&o, k, 3);
        }
        assert_true(gw[0] == 3 && gw[1] == -1 && gs[0] == 5);
    }
    kao_optimizer_step(&o, .1f);
    assert_true(fabsf(w[0] - .7f) < 1e-6f && fabsf(w[1] - 1.1f) < 1e-6f && s[0] == 7);
    kao_optimizer_fini(&o);
}

/* Rows that took part in one of several backward runs are moved, those of none stay. */
static void gathered_rows(void **state)
{
    static const uint8_t parts[][3] = { { 1, 0, 0 }, { 0, 1, 0 } };
    fixture *f = *state;
    float w[6] = { 1, 1, 1, 1, 1, 1 }, g[6];
    uint8_t live[3] = { 0 };
    kao_param params[1] = { { .kind = KAO_PARAM_WEIGHT,
                              .data = w,
                              .grad = g,
                              .n = 6,
                              .live = live,
                              .row = 2 } };
    kao_network net = { .ctx = f->ctx };
    kao_tape tape = { .net = &net, .params = params, .n_params = 1 };
    kao_optimizer o;

    assert_int_equal(kao_optimizer_init(&o, &tape, true, NULL), KAO_OK);
    o.kind = KAO_SGD;
    o.decay = 0;
    o.momentum = 0;
    for (int step = 0; step < 2; step++) { /* the second: the last row alone */
        for (int k = 0; k < 2; k++) {
            for (int i = 0; i < 3; i++) {
                live[i] = step ? i == 2 : parts[k][i];
                g[2 * i] = g[2 * i + 1] = live[i] ? 2 : 0;
            }
            kao_optimizer_gather(&o, k, 2);
        }
        kao_optimizer_step(&o, .1f);
        for (int i = 0; i < 3; i++) {
            const float want = i < 2 ? .9f : step ? .8f : 1;

            assert_float_equal(w[2 * i], want, 1e-6);
            assert_float_equal(w[2 * i + 1], want, 1e-6);
        }
    }
    kao_optimizer_fini(&o);
}

static void schedules(void **state)
{
    static const struct {
        const char *schedule;
        double step, want; /* rate 1, 100 steps, 10 of warm-up, drops at half and .8 */
    } rows[] = {
        { "constant", 0, .1 },  { "constant", 9, 1 },    { "constant", 50, 1 },
        { "constant", 90, .5 }, { "constant", 99, .05 }, { "poly", 4, .5 },
        { "poly", 10, 1 },      { "poly", 55, .5 },      { "poly", 100, 0 },
        { "cosine", 10, 1 },    { "cosine", 55, .5 },    { "cosine", 40, .75 },
        { "step", 49, 1 },      { "step", 50, .1 },      { "step", 80, .01 },
    };
    static const char *const wrong[] = { ".5,.4", "1", "a", ".5;.6", "0,.5" };
    kao_recipe r = { .rate = 1, .steps = 100, .warm_up = 10, .cool_down = .2 };
    kao_error err;

    (void)state;
    snprintf(r.drops, sizeof r.drops, ".5,.8");
    for (size_t i = 0; i < COUNT(rows); i++) {
        snprintf(r.schedule, sizeof r.schedule, "%s", rows[i].schedule);
        assert_int_equal(kao_schedule_check(&r, &err), KAO_OK);
        if (fabs(kao_schedule_rate(&r, rows[i].step) - rows[i].want) > 1e-9)
            fail_msg("%s at %g: %g", rows[i].schedule, rows[i].step,
                     kao_schedule_rate(&r, rows[i].step));
    }
    for (size_t i = 0; i < COUNT(wrong); i++) {
        snprintf(r.drops, sizeof r.drops, "%s", wrong[i]);
        assert_int_equal(kao_schedule_check(&r, &err), KAO_E_ARG);
    }
    snprintf(r.schedule, sizeof r.schedule, "never");
    assert_int_equal(kao_schedule_check(&r, &err), KAO_E_ARG);
}

/* ---- the network ---- */

/* The shipped form is a detector that the program opens, and has the training form's numbers:
 * outputs of both for one picture. */
static void two_forms(void **state)
{
    enum { SIDE = 64 };
    static const char *const metadata[] = { "kao.input.mean", "127.5", NULL };
    static const char *const kinds[4] = { "cls", "obj", "bbox", "kps" };
    static const int widths[4] = { 1, 1, 4, 10 }, firsts[4] = { 0, 0, 1, 5 };
    fixture *f = *state;
    const kao_arch_weights seeded = { .seed = 3 };
    kao_network *net[2] = { NULL };
    kao_session *s = NULL;
    kao_tape *t = NULL;
    kao_model *m = NULL;
    kao_detector *d = NULL;
    uint8_t *bytes[2] = { NULL };
    size_t n[2] = { 0 };
    kao_tensor in = { .dtype = KAO_F32, .rank = 4, .dims = { 1, 3, SIDE, SIDE } };

    for (int i = 0; i < 2; i++)
        assert_int_equal(kao_arch_detect(&f->ctx->mem, i == 0, 8, &seeded,
                                         i ? metadata : NULL, &bytes[i], &n[i],
                                         &f->err),
                         KAO_OK);
    assert_int_equal(
        kao_model_open_bytes(f->ctx, &m, bytes[1], n[1], "made", NULL, &f->err),
        KAO_OK);
    assert_int_equal(kao_detector_create(m, &d, NULL, &f->err), KAO_OK);
    assert_string_equal(kao_card_get(kao_model_card(m), "family"), "yunet");
    kao_detector_destroy(d);
    kao_model_release(m);
    for (int i = 0; i < 2; i++)
        assert_int_equal(kao_network_parse(f->ctx, &net[i],
                                           (kao_span){ bytes[i], n[i] }, "form", NULL),
                         KAO_OK);
    assert_int_equal(kao_tape_create(&t, net[0], &in, &f->err), KAO_OK);
    for (size_t i = 0; i < 3 * SIDE * SIDE; i++)
        kao_tape_input(t)[i] = noise(5, (uint32_t)i);
    kao_tape_forward(t, false);
    in.data = kao_tape_input(t);
    kao_tensor_set_channels_last(&in);
    assert_int_equal(kao_session_create(&s, net[1], NULL, NULL), KAO_OK);
    assert_int_equal(kao_session_bind(s, 0, &in, NULL), KAO_OK);
    assert_int_equal(kao_session_run(s, &f->err), KAO_OK);
    /* seeded heads differ between the forms; sizes and order are what is the same */
    for (uint32_t k = 0; k < 4; k++)
        for (uint32_t l = 0; l < 3; l++) {
            const kao_tensor *out = kao_session_output(s, 3 * k + l);
            const int64_t cells = (SIDE / (8 << l)) * (SIDE / (8 << l));
            char name[16];

            snprintf(name, sizeof name, "%s_%d", kinds[k], 8 << l);
            assert_string_equal(
                net[1]->onnx.value_names[net[1]->onnx.outputs[3 * k + l].value], name);
            assert_true(out->rank == 3 && out->dims[1] == cells &&
                        out->dims[2] == widths[k]);
            assert_int_equal(kao_tensor_count(kao_tape_output(t, l)),
                             cells * KAO_DETECT_CHANNELS);
            assert_true(firsts[k] + widths[k] <= KAO_DETECT_CHANNELS);
        }
    kao_session_destroy(s);
    kao_tape_destroy(t);
    for (int i = 0; i < 2; i++) {
        kao_network_destroy(net[i]);
        kao_free(&f->ctx->mem, bytes[i]);
    }
}

/* Stored as float16 the shipped form is about half as large, and what it finds barely moves;
 * the training form has no need of it. */
static void shipped_in_halves(void **state)
{
    enum { SIDE = 112, DIMS = 64 };
    fixture *f = *state;
    static float x[3 * SIDE * SIDE];
    const kao_tensor in = tensor_of("1,3,112,112", x);
    float v[2][DIMS];
    size_t n[2][2] = { { 0 } };
    double dot = 0, a = 0, b = 0;

    for (uint32_t i = 0; i < COUNT(x); i++)
        x[i] = noise(5, i);
    for (int halves = 0; halves < 2; halves++) {
        const kao_arch_weights w = { .seed = 3, .halves = halves };

        for (int training = 0; training < 2; training++) {
            kao_network *net = NULL;
            kao_session *s = NULL;
            pb file = { 0 };

            assert_int_equal(kao_arch_face(&f->ctx->mem, training, 16, DIMS, &w, NULL,
                                           &file.p, &file.n, &f->err),
                             KAO_OK);
            n[halves][training] = file.n;
            assert_int_equal(
                run_graph(f->ctx, &file, KAO_PASS_ALL, &in, 1, &net, &s, &f->err),
                KAO_OK);
            if (!training)
                memcpy(v[halves], kao_session_output(s, 0)->data, sizeof v[0]);
            kao_session_destroy(s);
            kao_network_destroy(net);
            kao_free(&f->ctx->mem, file.p);
        }
    }
    assert_int_equal(n[0][1], n[1][1]);
    assert_true(n[1][0] < n[0][0] * 6 / 10);
    for (int i = 0; i < DIMS; i++) {
        dot += (double)v[0][i] * (double)v[1][i];
        a += (double)v[0][i] * (double)v[0][i];
        b += (double)v[1][i] * (double)v[1][i];
    }
    assert_true(dot / sqrt(a * b) > 0.9999);
    assert_true(memcmp(v[0], v[1], sizeof v[0]) != 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(philox),
        cmocka_unit_test(streams),
        cmocka_unit_test(written_files),
        cmocka_unit_test(recipes),
        cmocka_unit_test(adamw),
        cmocka_unit_test(two_forms),
        cmocka_unit_test(shipped_in_halves),
        cmocka_unit_test(sgd),
        cmocka_unit_test(too_large),
        cmocka_unit_test(facts),
        cmocka_unit_test(gathered),
        cmocka_unit_test(gathered_rows),
        cmocka_unit_test(schedules),
    };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
