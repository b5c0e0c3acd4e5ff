/* Margins and heads: worked values (double precision, NumPy, held against central differences),
 * gradients against differences of the loss, which classes take part, what is told. */
#include "support/unit.h"

#include <math.h>
#include <string.h>

#include "support/fixture.h"
#include "train/arch.h"
#include "train/head.h"
#include "train/optimizer.h"

/* ---- margins alone ---- */

static bool near_to(double a, double b, double by)
{
    return fabs(a - b) <= by * fmax(1, fabs(b));
}

static void targets(void **state)
{
    static const struct {
        double m1, m2, m3, value, slope; /* at an angle of 1 */
    } rows[] = {
        { 1, .5, 0, .07073720, 1.18541816 },    { 1, 0, .35, .19030231, 1 },
        { 1.35, 0, 0, .21900669, 1.56538557 },  { 1, .3, .2, .06749883, 1.14508783 },
        { .9, .4, .15, .11749883, 1.03057905 },
    };
    static const double psi[][2] = { { .2, .69670671 },
                                     { .9, -1.10324158 },
                                     { 1.7, -3.13060251 },
                                     { 2.9, -6.56828963 } };
    static const double lambda[][2] = {
        { 1, 892.857143 }, { 100, 76.923077 }, { 1000, 8.264463 }, { 10000, 5 }
    };
    double slope = 0;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const kao_margin m = { .kind = KAO_MARGIN_COMBINED,
                               .m1 = rows[i].m1,
                               .m2 = rows[i].m2,
                               .m3 = rows[i].m3 };

        assert_true(
            near_to(kao_margin_target(&m, cos(1), 0, 0, &slope), rows[i].value, 1e-8));
        assert_true(near_to(slope, rows[i].slope, 1e-8));
    }
    const kao_margin sphere = { .kind = KAO_MARGIN_SPHERE };

    for (size_t i = 0; i < COUNT(psi); i++)
        assert_true(near_to(kao_margin_target(&sphere, cos(psi[i][0]), 0, 0, &slope),
                            psi[i][1], 1e-7));
    for (size_t i = 0; i < COUNT(lambda); i++)
        assert_true(
            near_to(kao_margin_lambda((uint64_t)lambda[i][0]), lambda[i][1], 1e-7));
    /* AdaFace at the norms 5, 20, 35 (mean 20, deviation 10): q = -.49945, 0, .49945 */
    const kao_margin ada = { .kind = KAO_MARGIN_ADAFACE, .m2 = .4 };
    static const double q[] = { -.499450055, 0, .499450055 },
                        shift[] = { .19978002, 0, -.19978002 },
                        less[] = { .20021998, .4, .59978002 };

    for (int i = 0; i < 3; i++)
        assert_true(near_to(kao_margin_target(&ada, cos(1), q[i], 0, &slope),
                            cos(1 + shift[i]) - less[i], 1e-7));
}

/* Slopes are those of the values, on every branch and whichever way the margin is made. */
static void slopes(void **state)
{
    static const kao_margin rows[] = {
        { .kind = KAO_MARGIN_COMBINED, .m1 = 1, .m2 = .5, .guard = KAO_GUARD_HARD },
        { .kind = KAO_MARGIN_COMBINED, .m1 = 1, .m2 = .5, .guard = KAO_GUARD_EASY },
        { .kind = KAO_MARGIN_COMBINED, .m1 = 1, .m2 = .5, .guard = KAO_GUARD_NONE },
        { .kind = KAO_MARGIN_COMBINED, .m1 = 1.35, .guard = KAO_GUARD_HARD },
        { .kind = KAO_MARGIN_COMBINED, .m1 = .9, .m2 = .4, .m3 = .15 },
        { .kind = KAO_MARGIN_SPHERE },
        { .kind = KAO_MARGIN_ADAFACE, .m2 = .4 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        for (double c = -.98; c < .99; c += .0237) {
            const double h = 1e-6;
            double s = 0, ignored = 0;

            kao_margin_target(&rows[i], c, .3, 7, &s);
            const double by = (kao_margin_target(&rows[i], c + h, .3, 7, &ignored) -
                               kao_margin_target(&rows[i], c - h, .3, 7, &ignored)) /
                              (2 * h);

            if (fabs(by) < 1e3 && !near_to(s, by, 1e-4)) /* not on a jump */
                fail_msg("margin %zu at %g: slope %g, want %g", i, c, s, by);
        }
    /* the hard guard falls all the way, whatever m1 is */
    for (int k = 0; k < 2; k++) {
        const kao_margin *m = &rows[k * 3];
        double last = 2, s = 0;

        for (double t = .01; t < 3.14; t += .01) {
            const double v = kao_margin_target(m, cos(t), 0, 0, &s);

            assert_true(v < last && s > 0);
            last = v;
        }
    }
}

static void random_loss(void **state)
{
    const kao_margin arc = {
        .kind = KAO_MARGIN_COMBINED, .scale = 64, .m1 = 1, .m2 = .5
    };
    const kao_margin plain = { .kind = KAO_MARGIN_SOFTMAX };

    (void)state;
    assert_true(near_to(kao_margin_random_loss(&arc, 10575), 39.95, 1e-3));
    assert_true(near_to(kao_margin_random_loss(&arc, 93431), 42.13, 1e-3));
    assert_true(near_to(kao_margin_random_loss(&plain, 333), log(333), 1e-9));
}

/* ---- a head on a tape ---- */

typedef struct rig {
    kao_network *net;
    kao_tape *tape;
    kao_head *head;
    uint8_t *bytes;
} rig;

static void rig_open(fixture *f, rig *r, const kao_head_options *o)
{
    const kao_arch_weights seeded = { .seed = 1 };
    const kao_tensor in = { .dtype = KAO_F32, .rank = 4, .dims = { 1, 3, 112, 112 } };
    size_t n = 0;

    *r = (rig){ .net = NULL };
    assert_int_equal(
        kao_arch_face(&f->ctx->mem, true, 4, 4, &seeded, NULL, &r->bytes, &n, &f->err),
        KAO_OK);
    assert_int_equal(
        kao_network_parse(f->ctx, &r->net, (kao_span){ r->bytes, n }, "rig", NULL),
        KAO_OK);
    assert_int_equal(kao_tape_create(&r->tape, r->net, &in, &f->err), KAO_OK);
    assert_int_equal(kao_head_create(&r->head, r->tape, o, &f->err), KAO_OK);
}

static void rig_close(fixture *f, rig *r)
{
    kao_head_destroy(r->head);
    kao_tape_destroy(r->tape);
    kao_network_destroy(r->net);
    kao_free(&f->ctx->mem, r->bytes);
}

static kao_param *param(const rig *r, const char *name)
{
    uint32_t i = 0;

    while (strcmp(r->tape->params[i].name, name) != 0)
        assert_true(++i < r->tape->n_params);
    return &r->tape->params[i];
}

#define ONE .classes = 3, .centers = 1, .dim = 4, .batch = 1, .partial = 1

static const float one_x[4] = { .8f, -.4f, .3f, 1.2f },
                   one_w[12] = { .9f, .6f, -.4f, .5f, -.3f, .8f,
                                 .1f, .2f, .6f,  .5f, -.7f, .1f };

static void worked_values(void **state)
{
    static const float far[4] = { -.75f, .42f, -.33f, -1.1f };
    static const struct {
        const char *name;
        double scale, m2, m3;
        kao_margin_guard guard;
        bool straight, far; /* far: its class lies at 177 degrees */
        double loss, dx[4], dw0[4];
    } rows[] = {
        { "hard",
          8,
          .5,
          0,
          KAO_GUARD_HARD,
          false,
          false,
          1.18526448,
          { -0.23330811, -0.63550319, -0.55259017, 0.08185188 },
          { -0.84624857, 2.55567067, -1.81520318, -2.99571993 } },
        { "straight",
          8,
          .5,
          0,
          KAO_GUARD_HARD,
          true,
          false,
          1.18526448,
          { 0.02202914, -0.29313226, -0.78698554, 0.08434954 },
          { -0.73291775, 2.21341161, -1.57210858, -2.59452884 } },
        { "CosFace",
          8,
          0,
          .35,
          KAO_GUARD_HARD,
          false,
          false,
          0.60249699,
          { 0.01435827, -0.19105925, -0.51294549, 0.05497778 },
          { -0.47770491, 1.44266883, -1.02467703, -1.69107538 } },
        { "hard 64",
          64,
          .5,
          0,
          KAO_GUARD_HARD,
          false,
          false,
          6.02841009,
          { -0.68455936, -8.23958503, -8.64393203, -0.12917243 },
          { -9.72683308, 29.37503590, -20.86405696, -34.43298910 } },
        { "hard, far",
          8,
          .5,
          0,
          KAO_GUARD_HARD,
          false,
          true,
          10.92032022,
          { 2.40661341, 2.60387274, -3.13967689, 0.04846786 },
          { -0.01063472, -0.16940992, 0.18529987, -0.11302280 } },
        { "easy, far",
          8,
          .5,
          0,
          KAO_GUARD_EASY,
          false,
          true,
          9.00272306,
          { 2.40636074, 2.60359936, -3.13934726, 0.04846278 },
          { 0 } },
        { "straight, far",
          8,
          .5,
          0,
          KAO_GUARD_NONE,
          true,
          true,
          8.21423095,
          { 2.40600528, 2.60321477, -3.13888352, 0.04845562 },
          { 0 } },
        { "unguarded, far",
          8,
          .5,
          0,
          KAO_GUARD_NONE,
          false,
          true,
          8.21423095,
          { 2.43831193, 4.20008634, -4.87421217, 0.99304054 },
          { 0 } },
    };
    fixture *f = *state;
    const uint32_t label = 0;

    for (size_t i = 0; i < COUNT(rows); i++) {
        const kao_head_options o = { .margin = { .kind = KAO_MARGIN_COMBINED,
                                                 .scale = rows[i].scale,
                                                 .m1 = 1,
                                                 .m2 = rows[i].m2,
                                                 .m3 = rows[i].m3,
                                                 .guard = rows[i].guard,
                                                 .straight = rows[i].straight },
                                     ONE };
        kao_head_report report;
        float dx[4];
        rig r;

        rig_open(f, &r, &o);
        kao_param *weights = param(&r, "head.w");

        memcpy(weights->data, one_w, sizeof one_w);
        if (rows[i].far)
            memcpy(weights->data, far, sizeof far);
        kao_head_run(r.head, one_x, &label, 0, 0, dx, &report);
        if (!near_to(report.loss, rows[i].loss, 1e-5))
            fail_msg("%s: loss %.8f, want %.8f", rows[i].name, report.loss,
                     rows[i].loss);
        for (int k = 0; k < 4; k++) {
            /* .998 of the way to a pole the single precision of the cosine shows */
            if (!near_to((double)dx[k], rows[i].dx[k], rows[i].far ? 1e-3 : 1e-5))
                fail_msg("%s: dx[%d] %.8f, want %.8f", rows[i].name, k, (double)dx[k],
                         rows[i].dx[k]);
            if (rows[i].dw0[0] != 0 &&
                !near_to((double)weights->grad[k], rows[i].dw0[k], 1e-4))
                fail_msg("%s: dw0[%d] %.8f, want %.8f", rows[i].name, k,
                         (double)weights->grad[k], rows[i].dw0[k]);
        }
        assert_int_equal(report.histogram[rows[i].far ? 0 : 15], 1);
        assert_true(near_to(report.beyond, rows[i].far, 1e-9));
        rig_close(f, &r);
    }
}

/* Over ten steps margins rise from none; the losses are worked in double. */
static void margins_rise(void **state)
{
    static const struct {
        double m1, m2, m3;
        double loss[3]; /* at steps 0, 5, and 10 and later */
    } rows[] = {
        { 1, .5, 0, { 0.04904738, 0.27454405, 1.18526448 } },
        { 1, 0, .35, { 0.04904738, 0.18552922, 0.60249699 } },
        { 1.35, 0, 0, { 0.04904738, 0.17382151, 0.57888456 } },
    };
    static const uint64_t steps[] = { 0, 5, 10, 1000 };
    const uint32_t label = 0;
    fixture *f = *state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        const kao_head_options o = { .margin = { .kind = KAO_MARGIN_COMBINED,
                                                 .scale = 8,
                                                 .m1 = rows[i].m1,
                                                 .m2 = rows[i].m2,
                                                 .m3 = rows[i].m3 },
                                     .margin_warm_up = 10,
                                     ONE };
        rig r;

        rig_open(f, &r, &o);
        memcpy(param(&r, "head.w")->data, one_w, sizeof one_w);
        for (size_t k = 0; k < COUNT(steps); k++) {
            kao_head_report report;
            float dx[4];

            kao_head_run(r.head, one_x, &label, steps[k], steps[k], dx, &report);
            assert_true(near_to(report.loss, rows[i].loss[k < 3 ? k : 2], 1e-5));
        }
        rig_close(f, &r);
    }
}

static void remarks(void **state)
{
    static const struct {
        kao_head_report report;
        const char *said; /* NULL: nothing */
    } rows[] = {
        { { .loss = 12, .target = .5 }, NULL },
        { { .loss = 19.5, .target = .02 }, "stuck" },
        { { .loss = 12, .target = -.88, .beyond = .7 }, "turned away" },
        { { .loss = 12, .target = -.88 },
          NULL }, /* a plain softmax has no margin to pass */
    };
    char text[512];

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const bool said = kao_head_remark(&rows[i].report, 20, text, sizeof text);

        assert_int_equal(said, rows[i].said != NULL);
        if (said)
            assert_non_null(strstr(text, rows[i].said));
    }
}

enum { N = 6, DIM = 5, CLASSES = 4 };

static void by_differences(void **state)
{
#define COMMON .classes = CLASSES, .dim = DIM, .batch = N, .partial = 1, .seed = 5
#define ARC                                                                            \
 {                                                                                     \
  .kind = KAO_MARGIN_COMBINED, .scale = 4, .m1 = 1, .m2 = .3                           \
 }
    static const struct {
        const char *name;
        kao_head_options o;
    } rows[] = {
        { "softmax",
          { COMMON, .centers = 1, .margin = { .kind = KAO_MARGIN_SOFTMAX } } },
        { "arcface", { COMMON, .centers = 1, .margin = ARC } },
        { "cm2",
          { COMMON, .centers = 1,
            .margin = { .kind = KAO_MARGIN_COMBINED,
                        .scale = 4,
                        .m1 = .9,
                        .m2 = .4,
                        .m3 = .15 } } },
        { "sphere", { COMMON, .centers = 1, .margin = { .kind = KAO_MARGIN_SPHERE } } },
        { "centres", { COMMON, .centers = 3, .margin = ARC } },
        { "intra", { COMMON, .centers = 1, .margin = ARC, .intra = 2 } },
        { "inter", { COMMON, .centers = 1, .margin = ARC, .inter = 3 } },
        { "triplet",
          { COMMON, .centers = 1, .margin = ARC, .triplet = 1,
            .triplet_margin = .35 } },
    };
    static const uint32_t labels[N] = { 0, 2, 1, 0, 3, 2 };
    fixture *f = *state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        kao_head_report report;
        float x[N * DIM], dx[N * DIM], ignored[N * DIM];
        rig r;

        rig_open(f, &r, &rows[i].o);
        kao_param *w = param(&r, "head.w");

        for (uint32_t k = 0; k < N * DIM; k++)
            x[k] = 2 * noise(21, k);
        for (uint32_t k = 0; k < w->n; k++)
            w->data[k] = noise(22, k);
        kao_head_run(r.head, x, labels, 100, 100, dx, &report);
        for (size_t k = 0; k < N * DIM + w->n; k++) {
            float *at = k < N * DIM ? &x[k] : &w->data[k - N * DIM];
            const float was = *at, h = 2e-3f;
            double loss[2];

            /* the gradient of this place, before others are run */
            const double got = (double)(k < N * DIM ? dx[k] : w->grad[k - N * DIM]);

            for (int side = 0; side < 2; side++) {
                *at = side ? was + h : was - h;
                kao_head_run(r.head, x, labels, 100, 100, ignored, &report);
                loss[side] = report.loss;
            }
            const double want = (loss[1] - loss[0]) / (2 * (double)h);

            *at = was;
            if (fabs(got - want) > 2e-3)
                fail_msg("%s: gradient %zu is %g, want %g", rows[i].name, k, got, want);
            kao_head_run(r.head, x, labels, 100, 100, ignored, &report);
        }
        rig_close(f, &r);
    }
}

/* Of 40 classes 10 take part: those of the batch always, others as the step says; what takes
 * no part is not moved by the optimiser either. */
static void a_share_of_classes(void **state)
{
    const kao_head_options o = { .margin = ARC,
                                 .classes = 40,
                                 .centers = 2,
                                 .dim = DIM,
                                 .batch = N,
                                 .partial = .25,
                                 .seed = 5 };
    static const uint32_t labels[N] = { 0, 39, 17, 0, 3, 20 };
    fixture *f = *state;
    unsigned moved[40] = { 0 }, total = 0;
    float x[N * DIM], dx[N * DIM], before[40 * 2 * DIM];
    kao_optimizer opt;
    kao_head_report report;
    rig r;

    rig_open(f, &r, &o);
    kao_param *w = param(&r, "head.w");

    assert_int_equal(w->n, COUNT(before));
    assert_int_equal(kao_optimizer_init(&opt, r.tape, false, &f->err), KAO_OK);
    for (uint32_t k = 0; k < N * DIM; k++)
        x[k] = 2 * noise(21, k);
    for (uint64_t step = 0; step < 50; step++) {
        memcpy(before, w->data, sizeof before);
        kao_head_run(r.head, x, labels, step, step, dx, &report);
        kao_optimizer_step(&opt, 1e-3f);
        for (size_t c = 0; c < 40; c++)
            moved[c] += memcmp(before + c * 2 * DIM, w->data + c * 2 * DIM,
                               2 * DIM * sizeof(float)) != 0;
    }
    for (size_t c = 0; c < 40; c++)
        total += moved[c];
    assert_int_equal(total, 50 * 10);
    for (size_t i = 0; i < N; i++)
        assert_int_equal(moved[labels[i]], 50);
    for (size_t c = 0; c < 40; c++)
        assert_true(moved[c] > 0);
    kao_optimizer_fini(&opt);
    rig_close(f, &r);
}

/* AdaFace: the norms' mean and deviation are kept with the parameters. */
static void norms_are_kept(void **state)
{
    const kao_head_options o = {
        .margin = { .kind = KAO_MARGIN_ADAFACE, .scale = 4, .m1 = 1, .m2 = .4 },
        .centers = 1,
        COMMON
    };
    static const uint32_t labels[N] = { 0, 2, 1, 0, 3, 2 };
    fixture *f = *state;
    float x[N * DIM] = { 0 }, dx[N * DIM];
    kao_head_report report;
    rig r;

    rig_open(f, &r, &o);
    const kao_param *norms = param(&r, "head.norms");

    for (size_t i = 0; i < N; i++)
        x[i * DIM + i % DIM] = (float)(10 + i); /* norms 10 .. 15: mean 12.5 */
    kao_head_run(r.head, x, labels, 0, 0, dx, &report);
    assert_true(near_to((double)norms->data[0], .01 * 12.5 + .99 * 20, 1e-6));
    assert_true(near_to((double)norms->data[1], .01 * 1.8708287 + .99 * 100, 1e-6));
    assert_true(near_to(report.norm, 12.5, 1e-6) &&
                near_to(report.least_norm, 10, 1e-6));
    rig_close(f, &r);
}

static void refused(void **state)
{
    fixture *f = *state;
    const kao_head_options rows[] = {
        { .classes = 1, .centers = 1, .dim = DIM, .batch = N, .margin = ARC },
        { .classes = 4, .centers = 0, .dim = DIM, .batch = N, .margin = ARC },
        { .classes = 4, .centers = 1, .dim = DIM, .batch = 0, .margin = ARC },
        { .classes = 4,
          .centers = 2,
          .dim = DIM,
          .batch = N,
          .margin = { .kind = KAO_MARGIN_SOFTMAX } },
        { COMMON, .centers = 1, .margin = { .kind = KAO_MARGIN_SOFTMAX }, .intra = 1 },
        { COMMON, .centers = 1, .margin = { .kind = KAO_MARGIN_SOFTMAX }, .inter = 1 },
        { COMMON, .centers = 1, .margin = { .kind = KAO_MARGIN_SOFTMAX },
          .triplet = 1 },
    };
    const kao_head_options fine = { COMMON, .centers = 1, .margin = ARC };
    kao_head *h = NULL;
    rig r;

    rig_open(f, &r, &fine);
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_int_equal(kao_head_create(&h, r.tape, &rows[i], &f->err), KAO_E_ARG);
    rig_close(f, &r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(targets),        cmocka_unit_test(slopes),
        cmocka_unit_test(random_loss),    cmocka_unit_test(worked_values),
        cmocka_unit_test(by_differences), cmocka_unit_test(a_share_of_classes),
        cmocka_unit_test(norms_are_kept), cmocka_unit_test(refused),
        cmocka_unit_test(margins_rise),   cmocka_unit_test(remarks),
    };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
