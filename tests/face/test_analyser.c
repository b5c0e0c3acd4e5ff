/* Networks that look at faces: crops, colours and decoding by their cards, against numbers that
 * were computed apart (data/make_analyses.py); cards that do not fit; and, where model files are
 * at hand, the published ones on photographs. */
#include "support/unit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "image/image.h"
#include "kao/analyser.h"
#include "support/fixture.h"
#include "support/meter.h"
#include "support/shared.h"

enum { MOST_POINTS = 68 };

typedef struct seeded_case {
    const char *what, *card;
    uint32_t width, height, channels, seed, outputs[3];
    float spread, box[4], points[10];
    uint32_t n_points, n_landmarks;
    float landmarks[2 * MOST_POINTS], quality, angles[3], live;
} seeded_case;

typedef struct published_case {
    const char *model, *picture;
    float box[4], points[10];
    uint32_t n_landmarks;
    float landmarks[2 * MOST_POINTS], quality, angles[3], live;
} published_case;

#include "data/expected_analyses.h"

/* ---- the networks of make_analyses.py ---- */

static pb network_of(const seeded_case *c)
{
    const uint32_t n_in = 6 * (c->width / 4) * (c->height / 4);
    char dims[40], name[3][16], args[40];
    graph g;

    graph_init(&g, 13);
    snprintf(dims, sizeof dims, "1,%u,%u,%u", c->channels, c->height, c->width);
    graph_input(&g, "x", KAO_F32, dims);
    snprintf(dims, sizeof dims, "6,%u,4,4", c->channels);
    graph_noise(&g, "k", dims, c->seed, 0.25f);
    graph_node(&g, "Conv", "x k", "c", "strides=[4,4]");
    graph_node(&g, "Relu", "c", "r", "");
    graph_node(&g, "Flatten", "r", "f", "axis=1");
    for (uint32_t i = 0; i < 3 && c->outputs[i]; i++) {
        snprintf(name[0], sizeof name[0], "w%u", i);
        snprintf(name[1], sizeof name[1], "o%u", i);
        snprintf(dims, sizeof dims, "%u,%u", c->outputs[i], n_in);
        graph_noise(&g, name[0], dims, c->seed + 1 + i, c->spread / sqrtf((float)n_in));
        snprintf(args, sizeof args, "f %s", name[0]);
        graph_node(&g, "Gemm", args, name[1], "transB=1");
        snprintf(dims, sizeof dims, "1,%u", c->outputs[i]);
        graph_output(&g, name[1], KAO_F32, dims);
    }
    return graph_file(&g);
}

enum { WIDTH = 60, HEIGHT = 50 };

static void fill_gradients(const kao_image *image)
{
    for (uint32_t y = 0; y < HEIGHT; y++)
        for (uint32_t x = 0; x < WIDTH; x++) {
            uint8_t *p = image->rgb + y * image->row_bytes + (size_t)x * 3;

            p[0] = (uint8_t)(x + 2 * y + 20);
            p[1] = (uint8_t)(2 * x + y + 10);
            p[2] = (uint8_t)(3 * y + x / 2);
        }
}

static kao_face face_of(const float box[4], const float *points, uint32_t n)
{
    kao_face f = { .size = sizeof f,
                   .x = box[0],
                   .y = box[1],
                   .width = box[2],
                   .height = box[3],
                   .n_points = n };

    for (uint32_t i = 0; i < n; i++)
        f.points[i] = (kao_point){ points[2 * i], points[2 * i + 1] };
    return f;
}

static void check_near(const char *what, double got, double want, double by)
{
    if (!(fabs(got - want) <= by))
        fail_msg("%s: %.6f, wanted %.6f within %g", what, got, want, by);
}

#define near(what, got, want, by) check_near(what, (double)(got), (double)(want), by)

static kao_status open_case(fixture *f, const seeded_case *c, kao_analyser **a)
{
    pb file = network_of(c);
    kao_model *m = NULL;

    assert_int_equal(
        kao_model_open_bytes(f->ctx, &m, file.p, file.n, "seeded", c->card, &f->err),
        KAO_OK);
    const kao_status st = kao_analyser_create(m, a, NULL, &f->err);

    assert_true((*a == NULL) == (st != KAO_OK));
    /* the caller's bytes stay until the last release: weights are borrowed */
    if (st) {
        kao_model_release(m);
        pb_free(&file);
    }
    return st;
}

static void check_case(fixture *f, const seeded_case *c, const kao_view *view)
{
    pb file = network_of(c);
    const kao_face face = face_of(c->box, c->points, c->n_points);
    kao_analysis out = KAO_ANALYSIS_INIT;
    kao_analyser *a = NULL;
    kao_model *m = NULL;

    assert_int_equal(
        kao_model_open_bytes(f->ctx, &m, file.p, file.n, c->what, c->card, &f->err),
        KAO_OK);
    if (kao_analyser_create(m, &a, NULL, &f->err))
        fail_msg("%s: %s", c->what, f->err.msg);
    kao_model_release(m);
    for (int again = 0; again < 2; again++) {
        if (kao_analyse(a, view, &face, &out, &f->err))
            fail_msg("%s: %s", c->what, f->err.msg);
        assert_int_equal(out.n_points, c->n_landmarks);
        for (uint32_t i = 0; i < c->n_landmarks; i++) {
            near(c->what, out.points[i].x, c->landmarks[2 * i], 2e-3);
            near(c->what, out.points[i].y, c->landmarks[2 * i + 1], 2e-3);
        }
        near(c->what, out.quality, c->quality, 1e-4);
        near(c->what, out.yaw, c->angles[0], 2e-3);
        near(c->what, out.pitch, c->angles[1], 2e-3);
        near(c->what, out.roll, c->angles[2], 2e-3);
        near(c->what, out.live, c->live, 1e-4);
    }
    kao_analyser_destroy(a);
    pb_free(&file);
}

static void seeded_networks(void **state)
{
    fixture *f = *state;
    kao_image image = { 0 };

    assert_int_equal(kao_image_create(f->ctx, WIDTH, HEIGHT, &image, NULL), KAO_OK);
    fill_gradients(&image);
    const kao_view view = kao_image_view(&image);

    for (size_t i = 0; i < COUNT(seeded_cases); i++)
        check_case(f, &seeded_cases[i], &view);
    kao_image_free(f->ctx, &image);
}

/* ---- what does not fit ---- */

#define INPUT "input.color = rgb\ninput.mean = 0\ninput.scale = 1\ninput.size = 16x16\n"

static void refused(void **state)
{
    static const struct {
        const char *card;
        uint32_t outputs[3];
        kao_status status;
        const char *message;
    } rows[] = {
        { "kind = pose\n",
          { 3 },
          KAO_E_UNKNOWN_MODEL,
          "unknown pose; its card lacks: input.color, input.mean, input.scale, "
          "output.angles, output.decode, template" },
        { "kind = liveness\n" INPUT "template = box\noutput.decode = softmax\n",
          { 3 },
          KAO_E_UNKNOWN_MODEL,
          "its card lacks: output.live" },
        { "", { 3 }, KAO_E_UNKNOWN_MODEL, "its card lacks kind" },
        { "kind = embedder\n" INPUT "template = square\n",
          { 3 },
          KAO_E_UNKNOWN_MODEL,
          "a model of embedder, wanted landmarks, quality, pose or liveness" },
        { "kind = quality\n" INPUT "template = box\noutput.decode = softmax\n",
          { 3 },
          KAO_E_UNSUPPORTED,
          "output.decode = softmax: one of mean" },
        { "kind = landmarks\n" INPUT "template = oval\noutput.decode = share\n",
          { 4 },
          KAO_E_UNSUPPORTED,
          "template = oval: arcface-112, dlib-150, square, box, inside or picture" },
        { "kind = landmarks\n" INPUT "template = box\noutput.decode = share\n",
          { 5 },
          KAO_E_UNSUPPORTED,
          "output 0 of shape [1,5] is not what output.decode = share reads" },
        { "kind = landmarks\n" INPUT
          "template = arcface-112\ntemplate.margin = 2\noutput.decode = share\n",
          { 4 },
          KAO_E_FORMAT,
          "a template by points has none" },
        { "kind = pose\n" INPUT
          "template = box\noutput.decode = bins\noutput.angles = yaw pitch roll\n",
          { 66, 66, 66 },
          KAO_E_FORMAT,
          "output.bins: wanted" },
        { "kind = pose\n" INPUT
          "template = box\noutput.decode = bins\noutput.bins = 3\n"
          "output.angles = yaw pitch roll\n", /* not the first one's, too */
          { 66, 66, 66 },
          KAO_E_FORMAT,
          "output.bins = 3: wanted 2 numbers" },
        { "kind = pose\n" INPUT
          "template = box\noutput.decode = degrees\noutput.angles = yaw pitch yaw\n",
          { 3 },
          KAO_E_FORMAT,
          "output.angles = yaw pitch yaw: wanted yaw, pitch and roll" },
        { "kind = pose\n" INPUT
          "template = box\noutput.decode = degrees\noutput.angles = yaw pitch roll\n",
          { 6 },
          KAO_E_UNSUPPORTED,
          "output 0 of shape [1,6]" },
        { "kind = pose\n" INPUT "template = box\noutput.decode = bins\noutput.bins = 3 "
          "-99\noutput.angles = yaw pitch roll\n",
          { 66, 66 },
          KAO_E_UNSUPPORTED,
          "1 inputs and 2 outputs" },
        { "kind = liveness\n" INPUT
          "template = box\noutput.decode = softmax\noutput.live = 3\n",
          { 3 },
          KAO_E_UNSUPPORTED,
          "output 0 of shape [1,3]" },
        { "kind = liveness\n" INPUT
          "template = box\noutput.decode = softmax\noutput.live = 0.5\n",
          { 3 },
          KAO_E_FORMAT,
          "output.live = 0.5: wanted a class" },
        { "kind = liveness\n" INPUT "template = box\noutput.decode = softmax\n"
          "output.live = 0\nthreshold.live = 2\n",
          { 3 },
          KAO_E_FORMAT,
          "threshold.live = 2: wanted a number from 0 to 1" },
        { "kind = quality\ninput.color = grey\ninput.mean = 0\ninput.scale = 1\n"
          "template = box\noutput.decode = mean\n",
          { 3 },
          KAO_E_UNSUPPORTED,
          "its input is not one picture of 1 channel of 16 x 16" },
        { "kind = quality\ninput.color = rgb\ninput.mean = 0\ninput.scale = 1\n"
          "input.size = 24\ntemplate = box\noutput.decode = mean\n",
          { 3 },
          KAO_E_UNSUPPORTED,
          "its input is not one picture of 3 channels of 24 x 24" },
        { "kind = quality\ninput.color = rgb\ninput.mean = 0\ninput.scale = 1\n"
          "input.size = 1025\ntemplate = box\noutput.decode = mean\n",
          { 3 },
          KAO_E_LIMIT,
          "input.size = 1025x1025, at most 1024" },
    };
    fixture *f = *state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        seeded_case c = { .card = rows[i].card,
                          .width = 16,
                          .height = 16,
                          .channels = 3,
                          .seed = 1,
                          .spread = 1 };
        kao_analyser *a = NULL;

        memcpy(c.outputs, rows[i].outputs, sizeof c.outputs);
        const kao_status st = open_case(f, &c, &a);

        if (st != rows[i].status || !strstr(f->err.msg, rows[i].message))
            fail_msg("row %zu: %d, %s", i, (int)st, f->err.msg);
    }
}

static void faces_that_cannot(void **state)
{
    fixture *f = *state;
    const seeded_case *aligned = NULL, *boxed = &seeded_cases[0];
    const float empty[4] = { 5, 5, 0, 0 };
    kao_image image = { 0 };

    for (size_t i = 0; i < COUNT(seeded_cases); i++)
        if (strstr(seeded_cases[i].card, "arcface"))
            aligned = &seeded_cases[i];
    assert_int_equal(kao_image_create(f->ctx, WIDTH, HEIGHT, &image, NULL), KAO_OK);
    const kao_view view = kao_image_view(&image);

    for (int k = 0; k < 2; k++) {
        pb file = network_of(k ? boxed : aligned);
        const kao_face face =
            k ? face_of(empty, NULL, 0) : face_of(aligned->box, NULL, 0);
        kao_analysis out = KAO_ANALYSIS_INIT;
        kao_analyser *a = NULL;
        kao_model *m = NULL;
        float threshold = 7;

        assert_int_equal(kao_model_open_bytes(f->ctx, &m, file.p, file.n, NULL,
                                              k ? boxed->card : aligned->card, NULL),
                         KAO_OK);
        assert_int_equal(kao_analyser_create(m, &a, NULL, &f->err), KAO_OK);
        assert_ptr_equal(kao_analyser_model(a), m);
        kao_model_release(m);
        assert_false(kao_analyser_threshold(a, &threshold));
        assert_true(threshold == 7);
        assert_int_equal(kao_analyser_kind(a),
                         k ? KAO_ANALYSE_LANDMARKS : KAO_ANALYSE_QUALITY);
        assert_int_equal(kao_analyse(a, &view, &face, &out, &f->err), KAO_E_NO_FACE);
        assert_int_equal(kao_analyse(a, &view, NULL, &out, NULL), KAO_E_ARG);
        out.size = 8;
        assert_int_equal(kao_analyse(a, &view, &face, &out, NULL), KAO_E_ARG);
        kao_analyser_destroy(a);
        pb_free(&file);
    }
    kao_image_free(f->ctx, &image);
    assert_int_equal(kao_analyser_create(NULL, NULL, NULL, NULL), KAO_E_ARG);
    kao_analyser_destroy(NULL);
}

/* Numbers that are none: by a weight of infinity. */
static void not_finite(void **state)
{
    fixture *f = *state;
    seeded_case c = seeded_cases[0];
    kao_image image = { 0 };
    kao_analysis out = KAO_ANALYSIS_INIT;
    kao_analyser *a = NULL;
    kao_model *m = NULL;

    c.spread = INFINITY;
    pb file = network_of(&c);

    assert_int_equal(kao_image_create(f->ctx, WIDTH, HEIGHT, &image, NULL), KAO_OK);
    fill_gradients(&image);
    const kao_view view = kao_image_view(&image);
    const kao_face face = face_of(c.box, NULL, 0);

    assert_int_equal(
        kao_model_open_bytes(f->ctx, &m, file.p, file.n, NULL, c.card, NULL), KAO_OK);
    assert_int_equal(kao_analyser_create(m, &a, NULL, &f->err), KAO_OK);
    kao_model_release(m);
    assert_int_equal(kao_analyse(a, &view, &face, &out, &f->err), KAO_E_BAD_EMBEDDING);
    assert_non_null(strstr(f->err.msg, "not finite"));
    kao_analyser_destroy(a);
    pb_free(&file);
    kao_image_free(f->ctx, &image);
}

/* Of a network that gives these numbers whatever it sees. *file: its bytes, to be freed after it. */
static kao_analyser *giving(fixture *f, const float *y, const char *dims,
                            const char *card, pb *file)
{
    static const float zero = 0;
    kao_analyser *a = NULL;
    kao_model *m = NULL;
    char text[256];
    graph g;

    graph_init(&g, 13);
    graph_input(&g, "x", KAO_F32, "1,3,8,8");
    graph_floats(&g, "zero", "1", &zero);
    graph_floats(&g, "y", dims, y);
    graph_node(&g, "ReduceMax", "x", "m", "keepdims=0");
    graph_node(&g, "Mul", "m zero", "n", "");
    graph_node(&g, "Add", "n y", "z", "");
    graph_output(&g, "z", KAO_F32, dims);
    *file = graph_file(&g);

    snprintf(text, sizeof text,
             "%sinput.color = rgb\ninput.mean = 0\ninput.scale = 1\ntemplate = box\n",
             card);
    assert_int_equal(
        kao_model_open_bytes(f->ctx, &m, file->p, file->n, "made", text, &f->err),
        KAO_OK);
    if (kao_analyser_create(m, &a, NULL, &f->err))
        fail_msg("%s: %s", card, f->err.msg);
    kao_model_release(m);
    return a;
}

/* Finite numbers that are none any more in the picture's pixels, or in degrees. */
static void beyond_a_float(void **state)
{
    static const struct {
        const char *card;
        float y[6];
    } rows[] = {
        { "kind = landmarks\noutput.decode = pixels\n", { 1, 2, 3e38f, 4, 5, 6 } },
        { "kind = landmarks\noutput.decode = share\n", { 1, 2, 3, 4, 5, -3e38f } },
        { "kind = pose\noutput.decode = bins\noutput.angles = yaw pitch roll\n"
          "output.bins = 3e38 3e38\n",
          { 0, 9, 0, 9, 0, 9 } },
    };
    const float box[4] = { 10, 10, 30, 30 };
    const kao_face face = face_of(box, NULL, 0);
    fixture *f = *state;
    kao_image image = { 0 };

    assert_int_equal(kao_image_create(f->ctx, WIDTH, HEIGHT, &image, NULL), KAO_OK);
    const kao_view view = kao_image_view(&image);

    for (size_t i = 0; i < COUNT(rows); i++) {
        kao_analysis out = KAO_ANALYSIS_INIT;
        pb file;
        kao_analyser *a = giving(f, rows[i].y, "1,6", rows[i].card, &file);

        if (kao_analyse(a, &view, &face, &out, &f->err) != KAO_E_BAD_EMBEDDING)
            fail_msg("row %zu: a point of %g, a yaw of %g", i,
                     out.n_points ? (double)out.points[out.n_points - 1].y : 0.0,
                     (double)out.yaw);
        assert_string_equal(f->err.msg, "made: gave numbers that pass a float's range");
        assert_int_equal(out.n_points, 0);
        assert_true(out.yaw == 0 && out.size == sizeof out);
        kao_analyser_destroy(a);
        pb_free(&file);
    }
    kao_image_free(f->ctx, &image);
}

/* What a card calls a probability is one: 7 would pass any threshold. Rounding is forgiven. */
static void no_probability(void **state)
{
    static const struct {
        float y;
        kao_status status;
        float live;
    } rows[] = { { 7, KAO_E_UNSUPPORTED, 0 },
                 { -.5f, KAO_E_UNSUPPORTED, 0 },
                 { 1.0001f, KAO_OK, 1 },
                 { -1e-6f, KAO_OK, 0 },
                 { .25f, KAO_OK, .25f } };
    const float box[4] = { 10, 10, 30, 30 };
    const kao_face face = face_of(box, NULL, 0);
    fixture *f = *state;
    kao_image image = { 0 };

    assert_int_equal(kao_image_create(f->ctx, WIDTH, HEIGHT, &image, NULL), KAO_OK);
    const kao_view view = kao_image_view(&image);

    for (size_t i = 0; i < COUNT(rows); i++) {
        const float y[2] = { rows[i].y, 0 };
        kao_analysis out = KAO_ANALYSIS_INIT;
        pb file;
        kao_analyser *a = giving(f, y, "1,2",
                                 "kind = liveness\noutput.decode = probability\n"
                                 "output.live = 0\n",
                                 &file);

        if (kao_analyse(a, &view, &face, &out, &f->err) != rows[i].status)
            fail_msg("%g: %g", (double)rows[i].y, (double)out.live);
        near("live", out.live, rows[i].live, 1e-7);
        kao_analyser_destroy(a);
        pb_free(&file);
    }
    kao_image_free(f->ctx, &image);
}

/* As many numbers as the picture's lightest sample is below 300: a black one, by which a network is
 * tried when it is opened, gives 300. */
static pb shape_by_picture(void)
{
    const float top = 300, one = 0.5f;
    const int64_t first = 1;
    pb value = tensor_proto("value", KAO_F32, "1", &one);
    graph g;

    graph_init(&g, 13);
    graph_input(&g, "x", KAO_F32, "1,3,8,8");
    graph_floats(&g, "top", "1", &top);
    graph_ints(&g, "first", "1", &first);
    graph_node(&g, "ReduceMax", "x", "m", "keepdims=0");
    graph_node(&g, "Sub", "top m", "left", "");
    graph_node(&g, "Cast", "left", "n", "to=7");
    graph_node(&g, "Concat", "first n", "shape", "axis=0");
    graph_node_tensor(&g, "ConstantOfShape", "shape", "y", "value", &value);
    graph_output(&g, "y", KAO_F32, "1,?");
    return graph_file(&g);
}

/* Outputs are looked at again for each face: their shape may be another than when it was opened. */
static void another_shape(void **state)
{
    static const char *const cards[] = {
        "kind = landmarks\noutput.decode = pixels\n",
        "kind = liveness\noutput.decode = probability\noutput.live = 250\n",
    };
    const float box[4] = { 10, 10, 30, 30 };
    const kao_face face = face_of(box, NULL, 0);
    fixture *f = *state;
    kao_image image = { 0 };

    assert_int_equal(kao_image_create(f->ctx, WIDTH, HEIGHT, &image, NULL), KAO_OK);
    for (size_t i = 0; i < COUNT(cards); i++) {
        pb file = shape_by_picture();
        char card[256];
        kao_analysis out = KAO_ANALYSIS_INIT;
        kao_analyser *a = NULL;
        kao_model *m = NULL;

        snprintf(card, sizeof card,
                 "%sinput.color = rgb\ninput.mean = 0\ninput.scale = 1\n"
                 "template = box\n",
                 cards[i]);
        assert_int_equal(kao_model_open_bytes(f->ctx, &m, file.p, file.n, "by_picture",
                                              card, &f->err),
                         KAO_OK);
        if (kao_analyser_create(m, &a, NULL, &f->err))
            fail_msg("%s: %s", cards[i], f->err.msg);
        kao_model_release(m);
        const kao_view view = kao_image_view(&image);

        memset(image.rgb, 0, image.row_bytes * HEIGHT);
        assert_int_equal(kao_analyse(a, &view, &face, &out, &f->err), KAO_OK);
        memset(image.rgb, 200, image.row_bytes * HEIGHT);
        assert_int_equal(kao_analyse(a, &view, &face, &out, &f->err),
                         KAO_E_UNSUPPORTED);
        if (strcmp(f->err.msg,
                   "by_picture: output 0 of shape [1,100], another than when "
                   "it was opened"))
            fail_msg("%s", f->err.msg);
        kao_analyser_destroy(a);
        pb_free(&file);
    }
    kao_image_free(f->ctx, &image);
}

/* A chip by points is upright at any tilt: the roll is the picture's all the same. The network's own
 * angles are 0. */
static void roll_of_a_chip_by_points(void **state)
{
    /* the eyes' and mouth's points, before the face is tilted about the picture's middle */
    static const float upright[10] = { -6, -6, 6, -6, 0, 0, -5, 6, 5, 6 },
                       box[4] = { 15, 10, 30, 30 },
                       tilts[] = { 0, 30, -45, 100, -135, 179 };
    static const seeded_case c = {
        .card = "kind = pose\n" INPUT "template = arcface-112\n"
                "output.decode = degrees\noutput.angles = yaw pitch roll\n",
        .width = 16,
        .height = 16,
        .channels = 3,
        .outputs = { 3 },
        .seed = 1,
    };
    fixture *f = *state;
    kao_image image = { 0 };
    kao_analyser *a = NULL;
    kao_model *m = NULL;
    pb file = network_of(&c);

    assert_int_equal(kao_image_create(f->ctx, WIDTH, HEIGHT, &image, NULL), KAO_OK);
    fill_gradients(&image);
    const kao_view view = kao_image_view(&image);

    assert_int_equal(
        kao_model_open_bytes(f->ctx, &m, file.p, file.n, NULL, c.card, NULL), KAO_OK);
    if (kao_analyser_create(m, &a, NULL, &f->err))
        fail_msg("%s", f->err.msg);
    kao_model_release(m);
    for (size_t i = 0; i < COUNT(tilts); i++) {
        const float angle = tilts[i] * 0.0174532925f, along = cosf(angle),
                    across = sinf(angle);
        kao_analysis out = KAO_ANALYSIS_INIT;
        float points[10];

        for (int k = 0; k < 5; k++) {
            const float x = upright[2 * k], y = upright[2 * k + 1];

            points[2 * k] = 30 + along * x - across * y;
            points[2 * k + 1] = 25 + across * x + along * y;
        }
        const kao_face face = face_of(box, points, 5);

        if (kao_analyse(a, &view, &face, &out, &f->err))
            fail_msg("tilt %g: %s", (double)tilts[i], f->err.msg);
        near("yaw", out.yaw, 0, 0);
        near("pitch", out.pitch, 0, 0);
        /* the template's points are not quite a mirror's: half a degree */
        near("roll", out.roll, tilts[i], 0.6);
    }
    kao_analyser_destroy(a);
    pb_free(&file);
    kao_image_free(f->ctx, &image);
}

/* Allocation number i fails, for every i. */
static void without_memory(void **state)
{
    fixture *f = *state;
    kao_mem *mem = &f->ctx->mem;
    const seeded_case *c = &seeded_cases[0];
    const kao_face face = face_of(c->box, NULL, 0);
    pb file = network_of(c);
    kao_image image = { 0 };
    kao_model *m = NULL;
    bool fired = true;

    assert_int_equal(kao_image_create(f->ctx, WIDTH, HEIGHT, &image, NULL), KAO_OK);
    const kao_view view = kao_image_view(&image);

    assert_int_equal(
        kao_model_open_bytes(f->ctx, &m, file.p, file.n, NULL, c->card, NULL), KAO_OK);
    for (unsigned i = 0; fired; i++) {
        kao_analysis out = KAO_ANALYSIS_INIT;
        kao_analyser *a = NULL;

        kao_fault_arm(mem, KAO_FAULT_ALLOC, i);
        kao_status st = kao_analyser_create(m, &a, NULL, &f->err);

        if (!st)
            st = kao_analyse(a, &view, &face, &out, &f->err);
        fired = kao_fault_disarm(mem, KAO_FAULT_ALLOC);
        assert_int_equal(st, fired ? KAO_E_NOMEM : KAO_OK);
        kao_analyser_destroy(a);
        assert_true(i < 10000);
    }
    kao_model_release(m);
    pb_free(&file);
    kao_image_free(f->ctx, &image);
}

/* ---- published files ---- */

static void check_published(fixture *f, const published_case *c, const char *models)
{
    char path[512], name[64];
    const kao_face face = face_of(c->box, c->points, 5);
    kao_analysis out = KAO_ANALYSIS_INIT;
    kao_analyser *a = NULL;
    kao_image image = { 0 };
    kao_model *m = NULL;
    kao_file bytes = { 0 };

    snprintf(name, sizeof name, "models/%s.onnx", c->model);
    path_of(path, sizeof path, models, name);
    if (kao_model_open(f->ctx, &m, path, &f->err) ||
        kao_analyser_create(m, &a, NULL, &f->err))
        fail_msg("%s: %s", c->model, f->err.msg);
    kao_model_release(m);
    path_of(path, sizeof path, SOURCE_PICTURES, c->picture);
    assert_int_equal(kao_file_open(&bytes, &f->ctx->mem, path, 1 << 24, &f->err),
                     KAO_OK);
    assert_int_equal(
        kao_image_decode(f->ctx, bytes.bytes.p, bytes.bytes.n, NULL, &image, &f->err),
        KAO_OK);
    kao_file_close(&bytes);
    const kao_view view = kao_image_view(&image);

    assert_int_equal(kao_analyse(a, &view, &face, &out, &f->err), KAO_OK);
    assert_int_equal(out.n_points, c->n_landmarks);
    for (uint32_t i = 0; i < c->n_landmarks; i++) { /* within 1 % of the face's width */
        near(c->model, out.points[i].x, c->landmarks[2 * i], 2.9);
        near(c->model, out.points[i].y, c->landmarks[2 * i + 1], 2.9);
    }
    near(c->model, out.quality, c->quality, 0.06); /* sampling moves it */
    near(c->model, out.yaw, c->angles[0], 1);
    near(c->model, out.pitch, c->angles[1], 1);
    near(c->model, out.roll, c->angles[2], 1);
    near(c->model, out.live, c->live, 0.01);
    kao_image_free(f->ctx, &image);
    kao_analyser_destroy(a);
}

static void published_files(void **state)
{
    const char *folder = shared_dir("landmark, quality, pose and liveness networks");

    if (!folder)
        skip();
    for (size_t i = 0; i < COUNT(published_cases); i++)
        check_published(*state, &published_cases[i], folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seeded_networks),   cmocka_unit_test(refused),
        cmocka_unit_test(faces_that_cannot), cmocka_unit_test(not_finite),
        cmocka_unit_test(beyond_a_float),    cmocka_unit_test(no_probability),
        cmocka_unit_test(another_shape),     cmocka_unit_test(roll_of_a_chip_by_points),
        cmocka_unit_test(without_memory),    cmocka_unit_test(published_files),
    };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
