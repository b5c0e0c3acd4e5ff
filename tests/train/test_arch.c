/* The field's architectures: as many parameters and multiply-adds as are published, a plan for
 * each, the same bytes for the same seed; the embedders learn. */
#include "support/unit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "support/fixture.h"
#include "train/arch.h"

static bool ends_in(const char *s, const char *end)
{
    return strlen(s) > strlen(end) && strcmp(s + strlen(s) - strlen(end), end) == 0;
}

/* Floats of the initialisers, but for running statistics and sizes of a resize. */
static int64_t parameters(const kao_network *net)
{
    int64_t n = 0;

    for (uint32_t v = 0; v < net->onnx.n_values; v++) {
        const kao_onnx_tensor *t = net->onnx.constants[v];
        const char *name = net->onnx.value_names[v];

        if (t && t->dtype == KAO_F32 && !ends_in(name, ".m") && !ends_in(name, ".v") &&
            strcmp(name, "twice") != 0)
            n += t->n;
    }
    return n;
}

static void published(void **state)
{
    static const struct {
        const char *name;
        int64_t colors, side, parameters, outputs, numbers;
    } rows[] = {
        { "mobilefacenet", 3, 112, 1003136, 1, 128 },
        { "iresnet18", 3, 112, 24025600, 1, 512 },
        { "iresnet100", 3, 112, 65156160, 1, 512 },
        { "mbf", 3, 112, 2059520, 1, 512 },
        { "resnet_face18", 1, 128, 25627081, 1, 512 },
        { "yolov3_face", 3, 416, 61523734, 3, 18 * 13 * 13 },
        /* Darknet's yolov3-tiny.weights: 8,858,734 numbers, of which 2 x 3,184 are means
         * and variances; 18 instead of 255 maps of 512 and 256 channels, with biases */
        { "yolov3_face_tiny", 3, 416, 8669876, 2, 18 * 13 * 13 },
    };
    fixture *f = *state;

    for (size_t i = 0; i < (is_short() ? 2 : COUNT(rows)); i++) {
        const kao_tensor in = { .dtype = KAO_F32,
                                .rank = 4,
                                .dims = { 1, rows[i].colors, rows[i].side,
                                          rows[i].side } };
        uint8_t *bytes = NULL;
        size_t n = 0;
        kao_network *net = NULL;
        kao_session *s = NULL;

        assert_int_equal(
            kao_arch_make(&f->ctx->mem, rows[i].name, 1, &bytes, &n, &f->err), KAO_OK);
        if (kao_network_parse(f->ctx, &net, (kao_span){ bytes, n }, rows[i].name,
                              &f->err))
            fail_msg("%s", f->err.msg);
        if (parameters(net) != rows[i].parameters)
            fail_msg("%s: %lld parameters, want %lld", rows[i].name,
                     (long long)parameters(net), (long long)rows[i].parameters);
        assert_int_equal(kao_session_create(&s, net, NULL, NULL), KAO_OK);
        assert_int_equal(kao_session_bind(s, 0, &in, NULL), KAO_OK);
        if (kao_session_prepare(s, &f->err))
            fail_msg("%s", f->err.msg);
        assert_int_equal(net->onnx.n_outputs, rows[i].outputs);
        assert_int_equal(kao_tensor_count(kao_session_output(s, 0)), rows[i].numbers);
        kao_session_destroy(s);
        kao_network_destroy(net);
        kao_free(&f->ctx->mem, bytes);
    }
}

static void seeds(void **state)
{
    fixture *f = *state;
    uint8_t *bytes[3] = { NULL };
    size_t n[3];

    for (int i = 0; i < 3; i++)
        assert_int_equal(kao_arch_make(&f->ctx->mem, "mobilefacenet", i == 2 ? 8 : 7,
                                       &bytes[i], &n[i], &f->err),
                         KAO_OK);
    assert_int_equal(n[0], n[1]);
    assert_memory_equal(bytes[0], bytes[1], n[0]);
    assert_true(n[0] == n[2] && memcmp(bytes[0], bytes[2], n[0]) != 0);
    for (int i = 0; i < 3; i++)
        kao_free(&f->ctx->mem, bytes[i]);
    assert_int_equal(
        kao_arch_make(&f->ctx->mem, "mobilefacenet2", 1, &bytes[0], &n[0], &f->err),
        KAO_E_ARG);
}

/* Half the squared distance of output 0 from noise; its gradient goes to the tape. */
static double loss(kao_tape *t)
{
    const kao_tensor *out = kao_tape_output(t, 0);
    const float *y = out->data;
    double sum = 0;

    kao_tape_forward(t, true);
    float *g = kao_tape_output_grad(t, 0);

    for (size_t i = 0; i < (size_t)kao_tensor_count(out); i++) {
        g[i] = y[i] - noise(5, (uint32_t)i);
        sum += 0.5 * (double)g[i] * (double)g[i];
    }
    return sum;
}

/* A step against the gradient that should take SHARE of the loss does so: its length and
 * the gradient's give what a straight line would lose. */
static void learns(kao_tape *t, const char *name)
{
    const double share = 0.01, before = loss(t);
    double square = 0;

    kao_tape_backward(t);
    for (uint32_t i = 0; i < t->n_params; i++)
        for (size_t k = 0; k < t->params[i].n; k++)
            square += (double)t->params[i].grad[k] * (double)t->params[i].grad[k];
    assert_true(square > 0);
    for (uint32_t i = 0; i < t->n_params; i++)
        for (size_t k = 0; k < t->params[i].n; k++)
            if (t->params[i].kind != KAO_PARAM_STATISTIC)
                t->params[i].data[k] -=
                    (float)(share * before / square * (double)t->params[i].grad[k]);
    const double lost = (before - loss(t)) / before;

    if (!(lost > 0.9 * share && lost < 1.1 * share))
        fail_msg("%s: a step took %g of the loss, want %g", name, lost, share);
}

static void trained(void **state)
{
    static const struct {
        const char *name;
        int64_t colors, side;
    } rows[] = {
        { "mobilefacenet", 3, 112 },
        { "iresnet18", 3, 112 },
        { "mbf", 3, 112 },
        { "resnet_face18", 1, 128 },
    };
    fixture *f = *state;

    for (size_t i = 0; i < (is_short() ? 1 : COUNT(rows)); i++) {
        const kao_tensor in = { .dtype = KAO_F32,
                                .rank = 4,
                                .dims = { 4, rows[i].colors, rows[i].side,
                                          rows[i].side } };
        uint8_t *bytes = NULL;
        size_t n = 0;
        kao_network *net = NULL;
        kao_tape *t = NULL;

        assert_int_equal(
            kao_arch_make(&f->ctx->mem, rows[i].name, 1, &bytes, &n, &f->err), KAO_OK);
        if (kao_network_parse(f->ctx, &net, (kao_span){ bytes, n }, rows[i].name,
                              &f->err) ||
            kao_tape_create(&t, net, &in, &f->err))
            fail_msg("%s", f->err.msg);
        for (uint32_t k = 0; k < (uint32_t)kao_tensor_count(&in); k++)
            kao_tape_input(t)[k] = noise(4, k);
        learns(t, rows[i].name);
        kao_tape_destroy(t);
        kao_network_destroy(net);
        kao_free(&f->ctx->mem, bytes);
    }
}

/* The best box of a map of stride 32 or 16: x, y, width, height, score, by the published formulas in
 * double precision. */
static void best_box(const kao_tensor *maps, const double anchors[3][2], double stride,
                     double best[5])
{
    const int64_t columns = maps->dims[3], cells = columns * maps->dims[2];

    for (int64_t i = 0; i < 3 * cells; i++) {
        const float *p = (const float *)maps->data + i / cells * 6 * cells + i % cells;
        double v[6];

        for (int k = 0; k < 6; k++)
            v[k] = (double)p[k * cells];
        const double score = 1 / (1 + exp(-v[4])) / (1 + exp(-v[5]));

        if (score <= best[4])
            continue;
        best[2] = anchors[i / cells][0] * exp(v[2]);
        best[3] = anchors[i / cells][1] * exp(v[3]);
        best[0] = (1 / (1 + exp(-v[0])) + (double)(i % columns)) * stride - best[2] / 2;
        best[1] = (1 / (1 + exp(-v[1])) + (double)(i % cells / columns)) * stride -
                  best[3] / 2;
        best[4] = score;
    }
}

/* YOLOv3-face tiny as a detector, without a card: its best face in a white picture, which reaches
 * the network as ones, is the best box of the network's bare maps. */
static void detects(void **state)
{
    enum { SIDE = 128 };
    static const double coarse[3][2] = { { 81, 82 }, { 135, 169 }, { 344, 319 } },
                        fine[3][2] = { { 10, 14 }, { 23, 27 }, { 37, 58 } };
    static float ones[3 * SIDE * SIDE];
    fixture *f = *state;
    kao_model *m = NULL;
    kao_detector *d = NULL;
    kao_network *net = NULL;
    kao_session *s = NULL;
    kao_image image = { 0 };
    kao_faces faces = KAO_FACES_INIT;
    uint8_t *bytes = NULL;
    size_t n = 0;
    double best[5] = { 0 };
    const kao_tensor in = tensor_of("1,3,128,128", ones);
    const kao_detect_options o = { .min_score = .2f };

    for (size_t i = 0; i < COUNT(ones); i++)
        ones[i] = 1;
    assert_int_equal(
        kao_arch_make(&f->ctx->mem, "yolov3_face_tiny", 3, &bytes, &n, &f->err),
        KAO_OK);
    assert_int_equal(
        kao_network_parse(f->ctx, &net, (kao_span){ bytes, n }, "tiny", &f->err),
        KAO_OK);
    assert_int_equal(kao_session_create(&s, net, NULL, NULL), KAO_OK);
    assert_int_equal(kao_session_bind(s, 0, &in, NULL), KAO_OK);
    assert_int_equal(kao_session_run(s, &f->err), KAO_OK);
    best_box(kao_session_output(s, 0), coarse, 32, best);
    best_box(kao_session_output(s, 1), fine, 16, best);

    assert_int_equal(kao_model_open_bytes(f->ctx, &m, bytes, n, "tiny", NULL, &f->err),
                     KAO_OK);
    if (kao_detector_create(m, &d, NULL, &f->err))
        fail_msg("%s", f->err.msg);
    kao_model_release(m);
    /* a picture is enlarged, to twice its size at most */
    assert_int_equal(kao_image_create(f->ctx, SIDE / 2, SIDE / 2, &image, NULL),
                     KAO_OK);
    fill_box(&image, 0, 0, SIDE / 2, SIDE / 2, 255, 255, 255);
    const kao_view view = kao_image_view(&image);

    assert_int_equal(kao_detect(d, &view, &o, &faces, &f->err), KAO_OK);
    assert_true(faces.n > 0);
    const kao_face *a = kao_face_at(&faces, 0);
    const double got[5] = { (double)a->x * 2 + .5, (double)a->y * 2 + .5,
                            (double)a->width * 2, (double)a->height * 2,
                            (double)a->score };

    for (int k = 0; k < 5; k++) /* twice: half a pixel on, half a pixel off */
        if (fabs(got[k] - best[k]) > 1e-3 * fmax(1, fabs(best[k])))
            fail_msg("number %d is %g, want %g", k, got[k], best[k]);
    assert_int_equal(a->n_points, 0);
    kao_image_free(f->ctx, &image);
    kao_detector_destroy(d);
    kao_session_destroy(s);
    kao_network_destroy(net);
    kao_free(&f->ctx->mem, bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(detects),
        cmocka_unit_test(published),
        cmocka_unit_test(seeds),
        cmocka_unit_test(trained),
    };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
