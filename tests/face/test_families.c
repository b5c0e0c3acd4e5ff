/* Detector families as networks: recognised by their outputs, searched in their input's form,
 * refused where files lie; the cascade; and, where model files are at hand, the faces that a
 * user would expect of each. */
#include "support/unit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "face/detector_family.h"
#include "image/image.h"
#include "support/fixture.h"
#include "support/shared.h"

enum { MOST_OUTPUTS = 10 }; /* the last of a row is empty */

typedef struct out {
    const char *name, *dims; /* as the file states them */
    const char *op;          /* that makes it */
    const char *is;          /* dims as they are; NULL: as stated */
} out;

typedef struct made {
    const char *what, *input;
    out outputs[MOST_OUTPUTS];
    const char *family; /* NULL: by no structure */
    uint32_t points;
    kao_status status;   /* of the search */
    const char *message; /* of a failure */
} made;

/* outputs of one number everywhere */
static pb network_of(const made *m, float fill)
{
    graph g;

    graph_init(&g, 13);
    graph_input(&g, "x", KAO_F32, m->input);
    for (const out *o = m->outputs; o->name; o++) {
        int64_t dims[KAO_MAX_RANK];
        char shape[32], filled[32], count[8];
        const int32_t rank = dims_of(o->is ? o->is : o->dims, dims);
        pb t = tensor_proto("", KAO_F32, "1", &fill);

        snprintf(shape, sizeof shape, "%s.s", o->name);
        snprintf(filled, sizeof filled, "%s.f", o->name);
        snprintf(count, sizeof count, "%d", (int)rank);
        graph_ints(&g, shape, count, dims);
        graph_node_tensor(&g, "ConstantOfShape", shape, filled, "value", &t);
        graph_node(&g, o->op ? o->op : "Identity", filled, o->name,
                   o->op && strcmp(o->op, "Softmax") == 0 ? "axis=-1" : "");
        graph_output(&g, o->name, KAO_F32, o->dims);
    }
    return graph_file(&g);
}

static const made networks[] = {
    { "RetinaFace of free size",
      "1,3,64,64",
      { { "loc", "?,?,?", NULL, "1,168,4" },
        { "conf", "?,?,?", "Softmax", "1,168,2" },
        { "iou", "?,?,?", NULL, "1,168,10" } },
      "retinaface",
      5,
      KAO_OK,
      NULL },
    { "RetinaFace that states its widths",
      "1,3,64,64",
      { { "output0", "1,?,4", NULL, "1,168,4" },
        { "572", "1,?,2", "Softmax", "1,168,2" },
        { "571", "1,?,10", NULL, "1,168,10" } },
      "retinaface",
      5,
      KAO_OK,
      NULL },
    { "one prior too many",
      "1,3,64,64",
      { { "loc", "?,?,?", NULL, "1,169,4" },
        { "conf", "?,?,?", "Softmax", "1,169,2" },
        { "iou", "?,?,?", NULL, "1,169,10" } },
      "retinaface",
      5,
      KAO_E_FORMAT,
      "wanted boxes, scores and points of 168 priors" },
    { "YuNet of 2022, softmax outside",
      "1,3,64,64",
      { { "loc", "?,?,?", NULL, "1,235,14" },
        { "conf", "?,?,?", NULL, "1,235,2" },
        { "iou", "?,?,?", NULL, "1,235,1" } },
      "yunet-2022",
      5,
      KAO_OK,
      NULL },
    { "YuNet of 2022, softmax inside",
      "1,3,64,64",
      { { "loc", "1,235,14", NULL, NULL },
        { "conf", "1,235,2", "Softmax", NULL },
        { "iou", "1,235,1", NULL, NULL } },
      "yunet-2022",
      5,
      KAO_OK,
      NULL },
    { "UltraFace",
      "1,3,240,320",
      { { "scores", "1,4420,2", "Softmax", NULL },
        { "boxes", "1,4420,4", "Exp", NULL } },
      "ultraface",
      0,
      KAO_OK,
      NULL },
    { "UltraFace with other rows than it says",
      "1,3,240,320",
      { { "scores", "1,4420,2", "Softmax", "1,4419,2" },
        { "boxes", "1,4420,4", "Exp", NULL } },
      "ultraface",
      0,
      KAO_E_FORMAT,
      "wanted scores and boxes of 4420 priors" },
    { "UltraFace of free size cannot be stretched",
      "1,3,?,?",
      { { "scores", "1,?,2", "Softmax", "1,4420,2" },
        { "boxes", "1,?,4", "Exp", "1,4420,4" } },
      "ultraface",
      0,
      KAO_E_UNSUPPORTED,
      "input.resize = stretch needs an input.size" },
    { "BlazeFace",
      "1,128,128,3",
      { { "a", "1,512,1", NULL, NULL },
        { "b", "1,384,1", NULL, NULL },
        { "c", "1,512,16", NULL, NULL },
        { "d", "1,384,16", NULL, NULL } },
      "blazeface",
      4,
      KAO_OK,
      NULL },
    { "BlazeFace with channels first",
      "1,3,128,128",
      { { "a", "1,512,1", NULL, NULL },
        { "b", "1,384,1", NULL, NULL },
        { "c", "1,512,16", NULL, NULL },
        { "d", "1,384,16", NULL, NULL } },
      "blazeface",
      4,
      KAO_E_UNSUPPORTED,
      "its input is not one picture of 3 channels" },
    { "YOLOv5-face whose rows fix its size",
      "?,3,?,?",
      { { "output", "?,6300,?", "Relu", "1,6300,16" } },
      "yolov5-face",
      5,
      KAO_OK,
      NULL },
    { "YOLOv8-face",
      "1,3,64,64",
      { { "a", "1,80,8,8", NULL, NULL },
        { "b", "1,80,4,4", NULL, NULL },
        { "c", "1,80,2,2", NULL, NULL } },
      "yolov8-face",
      5,
      KAO_OK,
      NULL },
    { "YOLOv8-face with strides exchanged",
      "1,3,64,64",
      { { "a", "1,80,4,4", NULL, NULL },
        { "b", "1,80,8,8", NULL, NULL },
        { "c", "1,80,2,2", NULL, NULL } },
      "yolov8-face",
      5,
      KAO_E_FORMAT,
      "the output of stride 8 has another shape" },
    { "YOLOv3-face, its maps in any order",
      "1,3,64,64",
      { { "a", "1,18,8,8", NULL, NULL },
        { "b", "1,18,2,2", NULL, NULL },
        { "c", "1,18,4,4", NULL, NULL } },
      "yolov3-face",
      0,
      KAO_OK,
      NULL },
    { "YOLOv3-face with a map of no stride",
      "1,3,64,64",
      { { "a", "1,18,8,8", NULL, NULL },
        { "b", "1,18,2,2", NULL, NULL },
        { "c", "1,18,16,16", NULL, NULL } },
      "yolov3-face",
      0,
      KAO_E_FORMAT,
      "output 2 has another shape" },
    { "raw maps of SCRFD",
      "1,3,64,64",
      { { "a", "1,2,8,8", NULL, NULL },
        { "b", "1,2,4,4", NULL, NULL },
        { "c", "1,2,2,2", NULL, NULL },
        { "d", "1,8,8,8", NULL, NULL },
        { "e", "1,8,4,4", NULL, NULL },
        { "f", "1,8,2,2", NULL, NULL },
        { "g", "1,20,8,8", NULL, NULL },
        { "h", "1,20,4,4", NULL, NULL },
        { "i", "1,20,2,2", NULL, NULL } },
      "scrfd",
      5,
      KAO_OK,
      NULL },
    { "an SSD of another width",
      "1,3,64,64",
      { { "loc", "1,168,4", NULL, NULL },
        { "conf", "1,168,3", "Softmax", NULL },
        { "landm", "1,168,10", NULL, NULL } },
      NULL,
      0,
      KAO_E_UNKNOWN_MODEL,
      "no detector family knows this network" },
    { "an object detector of 80 classes",
      "1,3,64,64",
      { { "a", "1,255,2,2", NULL, NULL }, { "b", "1,255,4,4", NULL, NULL } },
      NULL,
      0,
      KAO_E_UNKNOWN_MODEL,
      "no detector family knows this network" },
};

/* What opening and searching a made network says. */
static void try_network(fixture *f, const made *m, const kao_image *image)
{
    pb file = network_of(m, -50); /* no face */
    const kao_detect_options o = { .min_score =
                                       .9f }; /* alike logits are worth a half */
    const kao_view view = kao_image_view(image);
    kao_faces faces = KAO_FACES_INIT;
    kao_detector *d = NULL;

    fixture_file(f, "made.onnx", &file);
    kao_status st = detector_of(f, &d, f->path);

    if (!st) {
        const char *family =
            kao_card_get(kao_model_card(kao_detector_model(d)), "family");

        if (!m->family || strcmp(family, m->family) != 0)
            fail_msg("%s: family %s", m->what, family);
        assert_int_equal(kao_detector_points(d), m->points);
        st = kao_detect(d, &view, &o, &faces, &f->err);
    }
    if (st != m->status || (st && !strstr(f->err.msg, m->message)))
        fail_msg("%s: %d, %s", m->what, (int)st, st ? f->err.msg : "");
    if (st)
        assert_non_null(strstr(f->err.msg, "made.onnx: "));
    else
        assert_int_equal(faces.n, 0);
    kao_detector_destroy(d);
}

static void recognised(void **state)
{
    fixture *f = *state;
    kao_image image = { 0 };

    assert_int_equal(kao_image_create(f->ctx, 64, 48, &image, NULL), KAO_OK);
    for (size_t i = 0; i < COUNT(networks); i++)
        try_network(f, &networks[i], &image);
    kao_image_free(f->ctx, &image);
}

static void set_card(fixture *f, const char *name, const char *text)
{
    char path[700];

    snprintf(path, sizeof path, "%s/%s.card", f->dir, name);
    if (text)
        write_file(path, text, strlen(text));
    else
        unlink(path);
}

/* What a sidecar may say of the input, and what it may not. */
static void cards(void **state)
{
    static const struct {
        const char *text, *message;
        kao_status status;
    } rows[] = {
        { "input.resize = letterbox\ninput.fill = 114\n", NULL, KAO_OK },
        { "input.resize = stretch\n", NULL, KAO_OK },
        { "input.resize = crop\n", "one of pad, letterbox, stretch",
          KAO_E_UNSUPPORTED },
        { "input.layout = nhwc\n", "not one picture of 3 channels", KAO_E_UNSUPPORTED },
        { "input.layout = chw\n", "one of nchw, nhwc, nwhc", KAO_E_UNSUPPORTED },
        { "input.fill = 256\n", "wanted 0 to 255", KAO_E_FORMAT },
        { "input.fill = -1\n", "wanted 0 to 255", KAO_E_FORMAT },
        { "anchors = 1,2,3\n", "wanted 18 numbers", KAO_E_FORMAT },
        { "anchors = 10\n", "wanted 18 numbers", KAO_E_FORMAT },
        { "input.size = 64\n", NULL, KAO_OK },
        { "input.size = 96x64\n", "input.size = 96x64: its file takes 64x64 alone",
          KAO_E_UNSUPPORTED },
        { "input.size = big\n", "wanted WIDTHxHEIGHT", KAO_E_FORMAT },
        { "anchors = 10,13 16,30 33,23 30,61 62,45 59,119 116,90 156,198 373,326\n",
          NULL, KAO_OK },
        { "family = yolov8-face\n", "not those of the family", KAO_E_UNSUPPORTED },
    };
    fixture *f = *state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        pb file = network_of(&networks[13], -50);
        kao_detector *d = NULL;

        assert_string_equal(networks[13].family, "yolov3-face");
        fixture_file(f, "made.onnx", &file);
        set_card(f, "made.onnx", rows[i].text);
        const kao_status st = detector_of(f, &d, f->path);

        if (st != rows[i].status || (st && !strstr(f->err.msg, rows[i].message)))
            fail_msg("%s: %d, %s", rows[i].text, (int)st, f->err.msg);
        kao_detector_destroy(d);
    }
    /* a size that the file's rows fix, not its input */
    kao_detector *d = NULL;
    const made *rows_fix = &networks[10];
    pb file = network_of(rows_fix, -50);

    assert_string_equal(rows_fix->what, "YOLOv5-face whose rows fix its size");
    fixture_file(f, "made.onnx", &file);
    set_card(f, "made.onnx", "input.size = 640\n");
    assert_int_equal(detector_of(f, &d, f->path), KAO_E_UNSUPPORTED);
    assert_non_null(strstr(f->err.msg, "its file takes 320x320 alone"));
    set_card(f, "made.onnx", NULL);
}

/* ---- where a picture comes to lie ---- */

/* A network of YOLOv3's form that fires where its input is red: stride 32, one anchor. Its box is
 * `anchor` around the middle of the cell. */
static pb red_cells(const char *input, bool channels_last)
{
    /* of 21 = 3 * 7 maps: object and class of the first anchor follow the red mean */
    static float w[18 * 3], b[18];
    graph g;

    memset(w, 0, sizeof w);
    for (int i = 0; i < 18; i++)
        b[i] = i == 4 || i == 5 ? -8 : i % 6 == 4 ? -50 : 0;
    w[4 * 3] = w[5 * 3] = 16;
    graph_init(&g, 13);
    graph_input(&g, "x", KAO_F32, input);
    graph_floats(&g, "w", "18,3,1,1", w);
    graph_floats(&g, "b", "18", b);
    if (channels_last)
        graph_node(&g, "Transpose", "x", "t", "perm=[0,3,1,2]");
    for (int stride = 32; stride >= 16; stride /= 2) {
        char attributes[64], pooled[16], name[16], in[32];

        snprintf(attributes, sizeof attributes, "kernel_shape=[%d,%d] strides=[%d,%d]",
                 stride, stride, stride, stride);
        snprintf(pooled, sizeof pooled, "p%d", stride);
        snprintf(name, sizeof name, "out%d", stride);
        snprintf(in, sizeof in, "%s w b", pooled);
        graph_node(&g, "AveragePool", channels_last ? "t" : "x", pooled, attributes);
        graph_node(&g, "Conv", in, name, "");
        graph_output(&g, name, KAO_F32, "1,18,?,?");
    }
    return graph_file(&g);
}

/* A network of the 2022 YuNet's form: maps of four strides from 8 to 64, so that sides of 32 pixels
 * leave the last no cell. It sees no face anywhere. */
static pb maps_of_2022(void)
{
    static const struct {
        const char *name;
        int numbers;
    } heads[] = { { "loc", 14 }, { "conf", 2 }, { "iou", 1 } };
    static const int priors[] = { 3, 2, 2, 3 };
    graph g;

    graph_init(&g, 13);
    graph_input(&g, "x", KAO_F32, "1,3,?,?");
    for (int i = 0; i < 4; i++) {
        char pooled[16], attributes[64];

        snprintf(pooled, sizeof pooled, "p%d", i);
        snprintf(attributes, sizeof attributes, "kernel_shape=[%d,%d] strides=[%d,%d]",
                 8 << i, 8 << i, 8 << i, 8 << i);
        graph_node(&g, "AveragePool", "x", pooled, attributes);
    }
    for (size_t h = 0; h < COUNT(heads); h++) {
        const int64_t rows[3] = { 1, -1, heads[h].numbers };
        const bool shares = heads[h].numbers == 2;
        char shape[16], dims[16], all[64] = "";

        snprintf(shape, sizeof shape, "s%zu", h);
        graph_ints(&g, shape, "3", rows);
        for (int i = 0; i < 4; i++) {
            char weights[16], in[48], map[16], last[16], row[48], part[16];

            snprintf(weights, sizeof weights, "w%zu%d", h, i);
            snprintf(dims, sizeof dims, "%d,3,1,1", priors[i] * heads[h].numbers);
            graph_noise(&g, weights, dims, 1, 0);
            snprintf(in, sizeof in, "p%d %s", i, weights);
            snprintf(map, sizeof map, "m%zu%d", h, i);
            graph_node(&g, "Conv", in, map, "");
            snprintf(last, sizeof last, "t%zu%d", h, i);
            graph_node(&g, "Transpose", map, last, "perm=[0,2,3,1]");
            snprintf(row, sizeof row, "%s %s", last, shape);
            snprintf(part, sizeof part, "r%zu%d", h, i);
            graph_node(&g, "Reshape", row, part, "");
            snprintf(all + strlen(all), sizeof all - strlen(all), "%s%s", i ? " " : "",
                     part);
        }
        graph_node(&g, "Concat", all, shares ? "logits" : heads[h].name, "axis=1");
        if (shares)
            graph_node(&g, "Softmax", "logits", heads[h].name, "axis=-1");
        snprintf(dims, sizeof dims, "1,?,%d", heads[h].numbers);
        graph_output(&g, heads[h].name, KAO_F32, dims);
    }
    return graph_file(&g);
}

/* A strip has no face, which is no failure. */
static kao_status search_strip(fixture *f, kao_detector *d, uint32_t width,
                               uint32_t height)
{
    kao_faces faces = KAO_FACES_INIT;
    kao_image image = { 0 };

    assert_int_equal(kao_image_create(f->ctx, width, height, &image, NULL), KAO_OK);
    const kao_view view = kao_image_view(&image);
    const kao_status st = kao_detect(d, &view, NULL, &faces, &f->err);

    assert_int_equal(faces.n, 0);
    kao_image_free(f->ctx, &image);
    return st;
}

static void strips(void **state)
{
    fixture *f = *state;
    kao_detector *d = NULL;
    pb file = maps_of_2022();

    fixture_file(f, "strip.onnx", &file);
    if (detector_of(f, &d, f->path))
        fail_msg("%s", f->err.msg);
    assert_string_equal(kao_card_get(kao_model_card(kao_detector_model(d)), "family"),
                        "yunet-2022");
    /* at 160 pixels the first is 24 wide; some fit on 32 whatever their shape */
    if (search_strip(f, d, 97, 640) || search_strip(f, d, 640, 97) ||
        search_strip(f, d, 3, 5) || search_strip(f, d, 1, 1000))
        fail_msg("%s", f->err.msg);
    kao_detector_destroy(d);
}

/* A red square of 64 pixels in a picture of 256 x 128; on an input of 128 x 128 it is one cell of
 * stride 32, two by two of 16. Anchors are as large as their cells, so that boxes show where they
 * are. By hand: kept in shape the picture is 128 x 64, stretched its squares are 32 x 64. */
static void places(void **state)
{
    static const struct {
        const char *text;
        uint32_t x, y, w, h; /* the red in the picture */
        float box[4];        /* of the largest face found */
        bool last, tall;
    } rows[] = {
        { "input.resize = pad\n", 64, 64, 64, 64, { 64, 64, 64, 64 }, false, false },
        { "input.resize = letterbox\n",
          64,
          64,
          64,
          64,
          { 64, 64, 64, 64 },
          false,
          false },
        { "input.resize = stretch\n",
          64,
          32,
          64,
          32,
          { 64, 32, 64, 32 },
          false,
          false },
        { "input.resize = letterbox\ninput.layout = nhwc\n",
          128,
          0,
          64,
          64,
          { 128, 0, 64, 64 },
          true,
          false },
        /* 128 x 256: beside it 32 columns of the input are filled */
        { "input.resize = letterbox\n",
          64,
          128,
          64,
          64,
          { 64, 128, 64, 64 },
          false,
          true },
    };
    fixture *f = *state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        pb file = red_cells(rows[i].last ? "1,128,128,3" : "1,3,128,128", rows[i].last);
        const kao_detect_options o = { .min_score = .9f, .upright = 1 };
        kao_faces faces = KAO_FACES_INIT;
        kao_detector *d = NULL;
        kao_image image = { 0 };
        char text[200];

        fixture_file(f, "red.onnx", &file);
        snprintf(text, sizeof text,
                 "%sanchors = 16,16 16,16 16,16 32,32 32,32 32,32\ninput.fill = 0\n",
                 rows[i].text);
        set_card(f, "red.onnx", text);
        if (detector_of(f, &d, f->path))
            fail_msg("row %zu: %s", i, f->err.msg);
        const uint32_t w = rows[i].tall ? 128 : 256, h = 384 - w;

        assert_int_equal(kao_image_create(f->ctx, w, h, &image, NULL), KAO_OK);
        fill_box(&image, rows[i].x, rows[i].y, rows[i].w, rows[i].h, 255, 0, 0);
        const kao_view view = kao_image_view(&image);

        assert_int_equal(kao_detect(d, &view, &o, &faces, NULL), KAO_OK);
        if (faces.n == 0)
            fail_msg("row %zu: nothing", i);
        size_t largest = 0;

        assert_int_equal(
            kao_face_choose(&faces, KAO_CHOOSE_LARGEST, w, h, &largest, NULL), KAO_OK);
        const kao_face *a = kao_face_at(&faces, largest);
        const float got[4] = { a->x, a->y, a->width, a->height };

        for (int k = 0; k < 4; k++) /* half a pixel of the input is one or two here */
            if (fabsf(got[k] - rows[i].box[k]) > 1.01f)
                fail_msg("row %zu: %g x %g at (%g, %g)", i, (double)a->width,
                         (double)a->height, (double)a->x, (double)a->y);
        assert_int_equal(a->n_points, 0);
        kao_image_free(f->ctx, &image);
        kao_detector_destroy(d);
    }
    set_card(f, "red.onnx", NULL);
}

/* A stretched picture may be far smaller than the input: a face that fills its 6 x 6 pixels has
 * 128 x 128 there. */
static void tiny_and_stretched(void **state)
{
    fixture *f = *state;
    pb file = red_cells("1,3,128,128", false);
    const kao_detect_options o = { .min_score = .9f, .upright = 1 };
    kao_faces faces = KAO_FACES_INIT;
    kao_detector *d = NULL;
    kao_image image = { 0 };

    fixture_file(f, "red.onnx", &file);
    set_card(f, "red.onnx",
             "input.resize = stretch\n"
             "anchors = 128,128 128,128 128,128 128,128 128,128 128,128\n");
    assert_int_equal(detector_of(f, &d, f->path), KAO_OK);
    assert_int_equal(kao_image_create(f->ctx, 6, 6, &image, NULL), KAO_OK);
    fill_box(&image, 0, 0, 6, 6, 255, 0, 0);
    const kao_view view = kao_image_view(&image);

    assert_int_equal(kao_detect(d, &view, &o, &faces, NULL), KAO_OK);
    assert_true(faces.n > 0);
    assert_float_equal(kao_face_at(&faces, 0)->width, 6, .01);
    kao_image_free(f->ctx, &image);
    kao_detector_destroy(d);
    set_card(f, "red.onnx", NULL);
}

/* Where all of BlazeFace's anchors answer alike, with boxes of 60 pixels 60 pixels off: the first face
 * is the mean of those boxes that overlap the first one. */
static void averaged(void **state)
{
    static const struct {
        const char *name, *dims;
        int64_t shape[3];
        float fill;
    } outputs[] = { { "a", "1,512,1", { 1, 512, 1 }, 3 },
                    { "b", "1,384,1", { 1, 384, 1 }, 3 },
                    { "c", "1,512,16", { 1, 512, 16 }, 60 },
                    { "d", "1,384,16", { 1, 384, 16 }, 60 } };
    static const struct {
        int cells, anchors;
    } grids[] = { { 16, 2 }, { 8, 6 } };
    fixture *f = *state;
    const kao_detect_options o = { .upright = 1 };
    kao_faces faces = KAO_FACES_INIT;
    kao_image image = { 0 };
    kao_detector *d = NULL;
    double x = 0, y = 0, n = 0;
    graph g;

    graph_init(&g, 13);
    graph_input(&g, "x", KAO_F32, "1,128,128,3");
    for (size_t i = 0; i < COUNT(outputs); i++) {
        char shape[8];
        pb t = tensor_proto("", KAO_F32, "1", &outputs[i].fill);

        snprintf(shape, sizeof shape, "%s.s", outputs[i].name);
        graph_ints(&g, shape, "3", outputs[i].shape);
        graph_node_tensor(&g, "ConstantOfShape", shape, outputs[i].name, "value", &t);
        graph_output(&g, outputs[i].name, KAO_F32, outputs[i].dims);
    }
    pb file = graph_file(&g);

    fixture_file(f, "alike.onnx", &file);
    if (detector_of(f, &d, f->path))
        fail_msg("%s", f->err.msg);
    for (size_t i = 0; i < COUNT(grids); i++)
        for (int c = 0; c < grids[i].cells * grids[i].cells; c++) {
            const double step = 128.0 / grids[i].cells;
            const double cx = (c % grids[i].cells + .5) * step,
                         cy = (double)(c / grids[i].cells) * step + step / 2;
            const double shared = fmax(60 - (cx - 4), 0) * fmax(60 - (cy - 4), 0);

            if (shared / (2 * 3600 - shared) > 0.3) {
                x += grids[i].anchors * (cx + 30);
                y += grids[i].anchors * (cy + 30);
                n += grids[i].anchors;
            }
        }
    assert_int_equal(kao_image_create(f->ctx, 128, 128, &image, NULL), KAO_OK);
    const kao_view view = kao_image_view(&image);

    assert_int_equal(kao_detect(d, &view, &o, &faces, NULL), KAO_OK);
    assert_true(faces.n > 0 && n > 8);
    const kao_face *a = kao_face_at(&faces, 0);

    assert_true(fabs((double)a->x - x / n) < 1e-3 && fabs((double)a->y - y / n) < 1e-3);
    assert_true(fabsf(a->width - 60) < 1e-3f && fabsf(a->height - 60) < 1e-3f);
    assert_true(fabs((double)a->points[3].x - (x / n + 30)) < 1e-3);
    kao_image_free(f->ctx, &image);
    kao_detector_destroy(d);
}

/* ---- the cascade ---- */

/* How many pictures a stage takes at once. */
typedef enum takes { ANY, ONE, ONE_INSIDE /* its file says any */, TWO } takes;

/* A stage: "face" where the mean of a window is red and less so where it is green, offsets of
 * nothing; points at fixed places. The first: windows of 12, 2 apart. */
static pb stage_that_takes(takes n, int side, float red, float green, bool logits)
{
    const float w[6] = { -red, red, -green, green, 0, 0 }, b[2] = { 6, -6 },
                zeros[12] = { 0 }, none[4] = { 0 };
    /* eyes, nose, corners of the mouth: five x, five y */
    const float at[10] = { .3f, .7f, .5f, .35f, .65f, .35f, .35f, .55f, .8f, .8f };
    static const float zeros10[30] = { 0 };
    graph g;
    char input[40];

    graph_init(&g, 13);
    snprintf(input, sizeof input, side == 12 ? "%s,?,?,3" : "%s,%d,%d,3",
             n == ONE   ? "1"
             : n == TWO ? "2"
                        : "?",
             side, side);
    graph_input(&g, "x", KAO_F32, input);
    graph_floats(&g, "w", "3,2", w);
    graph_floats(&g, "b", "2", b);
    graph_floats(&g, "zero", "3,4", zeros);
    graph_floats(&g, "none", "4", none);
    if (side == 12) {
        graph_node(&g, "Transpose", "x", "t", "perm=[0,3,1,2]");
        graph_node(&g, "AveragePool", "t", "p", "kernel_shape=[12,12] strides=[2,2]");
        graph_node(&g, "Transpose", "p", "m", "perm=[0,2,3,1]");
    } else {
        const int64_t inside[2] = { n == ONE_INSIDE ? 1 : -1, 3 };

        graph_ints(&g, "in", "2", inside);
        graph_node(&g, "ReduceMean", "x", "r", "axes=[1,2] keepdims=0");
        graph_node(&g, "Reshape", "r in", "m", "");
    }
    graph_node(&g, "MatMul", "m zero", "z", "");
    graph_node(&g, "Add", "z none", "boxes", "");
    graph_node(&g, "MatMul", "m w", "s", "");
    graph_node(&g, "Add", "s b", "l", "");
    graph_node(&g, logits ? "Identity" : "Softmax", "l", "scores",
               logits ? "" : "axis=-1");
    graph_output(&g, "boxes", KAO_F32, side == 12 ? "?,?,?,4" : "?,4");
    if (side == 48) {
        graph_floats(&g, "zero10", "3,10", zeros10);
        graph_floats(&g, "at", "10", at);
        graph_node(&g, "MatMul", "m zero10", "q", "");
        graph_node(&g, "Add", "q at", "points", "");
        graph_output(&g, "points", KAO_F32, "?,10");
    }
    graph_output(&g, "scores", KAO_F32, side == 12 ? "?,?,?,2" : "?,2");
    return graph_file(&g);
}

static pb stage_of(int side, float red, float green, bool logits)
{
    return stage_that_takes(ANY, side, red, green, logits);
}

/* The first stage once more, which sees most of a face where blue is, too: there it has no face, or
 * offsets that are none (NaN), or such that bring the box far away, or to nothing. */
enum { NO_FACE, NO_OFFSETS, FAR_AWAY, TO_NOTHING, HOLES };

static pb stage_with_holes(int hole)
{
    static const float moves[HOLES][4] = {
        [FAR_AWAY] = { 1e12f, 0, 1e12f, 0 }, [TO_NOTHING] = { 1e3f, 1e3f, -1e3f, -1e3f }
    };
    const bool face_there = hole != NO_FACE, nan = hole == NO_OFFSETS;
    const float face[6] = { -12, 12, 0, 0, -12, 12 }, b[2] = { 6, -6 };
    const float blue[12] = { 0, 0, 0, 0, 0, 0, 0, 0, -1, -1, -1, -1 };
    const float to_score[8] = { 0, -1e6f }, zero = 0, limit = 0.6f;
    graph g;

    graph_init(&g, 13);
    graph_input(&g, "x", KAO_F32, "?,?,?,3");
    graph_floats(&g, "w", "3,2", face);
    graph_floats(&g, "b", "2", b);
    graph_floats(&g, "blue", "3,4", blue);
    graph_floats(&g, "to", "4,2", to_score);
    graph_floats(&g, "zero", "1", &zero);
    graph_floats(&g, "limit", "1", &limit);
    graph_floats(&g, "moves", "4", moves[hole]);
    graph_node(&g, "Transpose", "x", "t", "perm=[0,3,1,2]");
    graph_node(&g, "AveragePool", "t", "p", "kernel_shape=[12,12] strides=[2,2]");
    graph_node(&g, "Transpose", "p", "m", "perm=[0,2,3,1]");
    graph_node(&g, "MatMul", "m blue", "minus", "");
    graph_node(&g, "Add", "minus limit", "left", ""); /* below 0 where much is blue */
    graph_node(&g, "Sqrt", "left", nan ? "r" : "unused", "");
    graph_node(&g, "Neg", "left", "over", "");
    graph_node(&g, "Relu", "over", "much", "");
    graph_node(&g, "Mul", nan ? "r zero" : "much moves", "boxes", "");
    graph_node(&g, "MatMul", "m w", "s", "");
    graph_node(&g, "Add", "s b", "l", "");
    graph_node(&g, "MatMul", "much to", "less", "");
    graph_node(&g, "Add", face_there ? "l zero" : "l less", "all", "");
    graph_node(&g, "Softmax", "all", "scores", "axis=-1");
    graph_output(&g, "boxes", KAO_F32, "?,?,?,4");
    graph_output(&g, "scores", KAO_F32, "?,?,?,2");
    return graph_file(&g);
}

static void put_stages(fixture *f)
{
    static const char *const names[3] = { "p.onnx", "r.onnx", "o.onnx" };
    static const int sides[3] = { 12, 24, 48 };

    for (int i = 0; i < 3; i++) {
        pb file = stage_of(sides[i], 12, 0, false);

        fixture_file(f, names[i], &file);
    }
}

/* A bright red square in the dark is found where it is, whichever file of the three is opened, in
 * a picture that lies in any way. */
static void cascade(void **state)
{
    static const struct {
        const char *file, *members;
        uint32_t rotation;
    } rows[] = {
        { "p.onnx", "r.onnx o.onnx", 0 },
        { "o.onnx", "p.onnx, r.onnx", 0 },
        { "r.onnx", "o.onnx,p.onnx", 90 },
        { "p.onnx", "o.onnx r.onnx", 270 },
    };
    enum { W = 200, H = 120, X = 130, Y = 20, SIDE = 40 };
    fixture *f = *state;
    kao_image image = { 0 };

    put_stages(f);
    assert_int_equal(kao_image_create(f->ctx, W, H, &image, NULL), KAO_OK);
    fill_box(&image, X, Y, SIDE, SIDE, 255, 0, 0);
    for (size_t i = 0; i < COUNT(rows); i++) {
        const kao_detect_options o = { .upright = 1 };
        kao_faces faces = KAO_FACES_INIT;
        kao_detector *d = NULL;
        char text[200], path[700];

        snprintf(text, sizeof text,
                 "members = %s\ninput.mean = 0\ninput.scale = 1/255\n",
                 rows[i].members);
        set_card(f, rows[i].file, text);
        snprintf(path, sizeof path, "%s/%s", f->dir, rows[i].file);
        if (detector_of(f, &d, path))
            fail_msg("row %zu: %s", i, f->err.msg);
        assert_int_equal(kao_detector_points(d), 5);
        kao_view view = kao_image_view(&image);

        view.rotation = rows[i].rotation;
        assert_int_equal(kao_detect(d, &view, &o, &faces, NULL), KAO_OK);
        if (faces.n == 0)
            fail_msg("row %zu: nothing found", i);
        const kao_face *a = kao_face_at(&faces, 0);
        const kao_face want = {
            .x = rows[i].rotation == 90    ? H - Y - SIDE
                 : rows[i].rotation == 270 ? Y
                                           : X,
            .y = rows[i].rotation == 90    ? X
                 : rows[i].rotation == 270 ? W - X - SIDE
                                           : Y,
            .width = SIDE,
            .height = SIDE,
        };

        for (size_t k = 0; k < faces.n; k++) /* parts of the square are found too */
            if (kao_iou(kao_face_at(&faces, k), &want) > kao_iou(a, &want))
                a = kao_face_at(&faces, k);
        if (!(kao_iou(a, &want) > .5f))
            fail_msg("row %zu: %g x %g at (%g, %g)", i, (double)a->width,
                     (double)a->height, (double)a->x, (double)a->y);
        assert_true(fabsf(a->points[0].x - (a->x + .3f * a->width)) < .01f &&
                    fabsf(a->points[4].y - (a->y + .8f * a->height)) < .01f);
        kao_detector_destroy(d);
        set_card(f, rows[i].file, NULL);
    }
    kao_image_free(f->ctx, &image);
}

/* A candidate without offsets, or whose offsets lead to no face, is none: it drops none of its
 * neighbours. */
static void cascade_with_holes(void **state)
{
    enum { ROOM = 64 };
    const kao_detect_options o = { .upright = 1 };
    fixture *f = *state;
    kao_image image = { 0 };
    kao_face want[ROOM];
    size_t n = 0;

    put_stages(f);
    set_card(f, "p.onnx",
             "members = r.onnx o.onnx\ninput.mean = 0\ninput.scale = 1/255\n");
    assert_int_equal(kao_image_create(f->ctx, 200, 120, &image, NULL), KAO_OK);
    fill_box(&image, 130, 20, 40, 40, 255, 0, 0);
    fill_box(&image, 130, 20, 15, 40, 255, 0, 255);
    const kao_view view = kao_image_view(&image);

    for (int hole = 0; hole < HOLES; hole++) {
        kao_faces faces = KAO_FACES_INIT;
        kao_detector *d = NULL;
        pb file = stage_with_holes(hole);

        fixture_file(f, "p.onnx", &file);
        snprintf(f->path, sizeof f->path, "%s/p.onnx", f->dir);
        if (detector_of(f, &d, f->path) || kao_detect(d, &view, &o, &faces, &f->err))
            fail_msg("%s", f->err.msg);
        assert_in_range(faces.n, 1, ROOM);
        if (hole == NO_FACE) {
            n = faces.n;
            memcpy(want, faces.first, n * sizeof *want);
        }
        if (faces.n != n || memcmp(faces.first, want, n * sizeof *want) != 0)
            fail_msg("hole %d: %zu faces, wanted %zu", hole, faces.n, n);
        kao_detector_destroy(d);
    }
    kao_image_free(f->ctx, &image);
    set_card(f, "p.onnx", NULL);
    put_stages(f);
}

/* A network that gives logits for shares is refused: a face's score was 6. */
static void cascade_of_logits(void **state)
{
    fixture *f = *state;
    pb file = stage_of(48, 12, 0, true);
    kao_image image = { 0 };
    kao_detector *d = NULL;
    char path[700];
    size_t n = 0;

    put_stages(f);
    fixture_file(f, "o.onnx", &file);
    set_card(f, "p.onnx",
             "members = r.onnx o.onnx\ninput.mean = 0\ninput.scale = 1/255\n");
    snprintf(path, sizeof path, "%s/p.onnx", f->dir);
    assert_int_equal(kao_image_create(f->ctx, 90, 70, &image, NULL), KAO_OK);
    fill_box(&image, 30, 20, 40, 40, 255, 0, 0);
    if (detector_of(f, &d, path))
        fail_msg("%s", f->err.msg);
    assert_int_equal(detect_in(d, &image, &n, &f->err), KAO_E_FORMAT);
    if (!strstr(f->err.msg, "o.onnx: a score is ") ||
        !strstr(f->err.msg, ": wanted 0 to 1"))
        fail_msg("%s", f->err.msg);
    assert_int_equal(n, 0);
    kao_detector_destroy(d);
    set_card(f, "p.onnx", NULL);
    kao_image_free(f->ctx, &image);
}

/* Stages that take one picture at a time, by what their files say or not, find what others find;
 * those that take two are refused when the detector is opened. */
static void cascade_one_by_one(void **state)
{
    static const takes rows[][3] = {
        { ANY, ANY, ANY },        { ONE, ONE, ONE },        { ANY, ONE_INSIDE, ANY },
        { ANY, ANY, ONE_INSIDE }, { ANY, ONE, ONE_INSIDE }, { TWO, ANY, ANY },
        { ANY, TWO, ANY },        { ANY, ANY, TWO },
    };
    static const char *const names[3] = { "p.onnx", "r.onnx", "o.onnx" };
    static const int sides[3] = { 12, 24, 48 };
    enum { ROOM = 64 };
    const kao_detect_options o = { .upright = 1 };
    fixture *f = *state;
    kao_image image = { 0 };
    kao_face want[ROOM];
    size_t n = 0;

    set_card(f, "p.onnx",
             "members = r.onnx o.onnx\ninput.mean = 0\ninput.scale = 1/255\n");
    assert_int_equal(kao_image_create(f->ctx, 200, 120, &image, NULL), KAO_OK);
    fill_box(&image, 130, 20, 40, 40, 255, 0, 0);
    const kao_view view = kao_image_view(&image);

    for (size_t i = 0; i < COUNT(rows); i++) {
        kao_faces faces = KAO_FACES_INIT;
        kao_detector *d = NULL;
        bool two = false;

        for (int k = 0; k < 3; k++) {
            pb file = stage_that_takes(rows[i][k], sides[k], 12, 0, false);

            fixture_file(f, names[k], &file);
            two |= rows[i][k] == TWO;
        }
        snprintf(f->path, sizeof f->path, "%s/p.onnx", f->dir);
        const kao_status st = detector_of(f, &d, f->path);

        if (st != (two ? KAO_E_UNSUPPORTED : KAO_OK))
            fail_msg("row %zu: %d, %s", i, (int)st, f->err.msg);
        if (two)
            continue;
        if (kao_detect(d, &view, &o, &faces, &f->err))
            fail_msg("row %zu: %s", i, f->err.msg);
        assert_in_range(faces.n, 1, ROOM);
        if (i == 0) {
            n = faces.n;
            memcpy(want, faces.first, n * sizeof *want);
        }
        assert_int_equal(faces.n, n);
        assert_memory_equal(faces.first, want, n * sizeof *want);
        kao_detector_destroy(d);
    }
    kao_image_free(f->ctx, &image);
    set_card(f, "p.onnx", NULL);
    put_stages(f);
}

/* Where a turn is only looked at, a face too small for the sizes that are looked at then is seen
 * if it is asked about. */
static void cascade_near(void **state)
{
    enum { W = 1280, H = 640, X = 900, Y = 300, SIDE = 20 };
    const kao_face near = { .x = X, .y = Y, .width = SIDE, .height = SIDE };
    fixture *f = *state;
    kao_image image = { 0 };
    kao_detector *d = NULL;
    kao_pyramid *p = NULL;
    char path[700];

    put_stages(f);
    set_card(f, "p.onnx",
             "members = r.onnx o.onnx\ninput.mean = 0\ninput.scale = 1/255\n");
    snprintf(path, sizeof path, "%s/p.onnx", f->dir);
    if (detector_of(f, &d, path))
        fail_msg("%s", f->err.msg);
    assert_int_equal(kao_image_create(f->ctx, W, H, &image, NULL), KAO_OK);
    fill_box(&image, X, Y, SIDE, SIDE, 255, 0, 0);
    const kao_view view = kao_image_view(&image);

    assert_int_equal(kao_pyramid_create(f->ctx, &p, NULL), KAO_OK);
    assert_int_equal(kao_pyramid_set(p, &view, NULL), KAO_OK);
    for (uint32_t turned = 90; turned < 360; turned += 90) {
        kao_hunt h = {
            .pyramid = p, .min_score = .7f, .turned = turned, .main_at_most = true
        };

        assert_int_equal(kao_mtcnn_find(d, &h, &f->err), KAO_OK);
        assert_int_equal(d->found.n, 0);
        h.near = &near;
        assert_int_equal(kao_mtcnn_find(d, &h, &f->err), KAO_OK);
        assert_true(d->found.n > 0 && kao_iou(&d->found.faces[0], &near) > .5f);
    }
    kao_pyramid_destroy(p);
    kao_image_free(f->ctx, &image);
    kao_detector_destroy(d);
    set_card(f, "p.onnx", NULL);
}

static void wrong_members(void **state)
{
    static const struct {
        const char *members, *message;
        kao_status status;
    } rows[] = {
        { NULL, "its card lacks: members", KAO_E_UNKNOWN_MODEL },
        { "members = r.onnx\n", "lacks its third stage", KAO_E_FORMAT },
        { "members = r.onnx r.onnx\n", "is the same stage", KAO_E_FORMAT },
        { "members = p.onnx o.onnx\n", "is the same stage", KAO_E_FORMAT },
        { "members = r.onnx none.onnx\n", "none.onnx", KAO_E_IO },
        { "members = ../r.onnx o.onnx\n", "names of files in its folder",
          KAO_E_FORMAT },
        { "members = r.onnx tiny.onnx\n", "no network of an mtcnn cascade",
          KAO_E_UNSUPPORTED },
    };
    fixture *f = *state;
    char path[700];
    pb tiny = tiny_detector();

    put_stages(f);
    fixture_file(f, "tiny.onnx", &tiny);
    snprintf(path, sizeof path, "%s/p.onnx", f->dir);
    for (size_t i = 0; i < COUNT(rows); i++) {
        kao_detector *d = (kao_detector *)1;

        set_card(f, "p.onnx", rows[i].members);
        const kao_status st = detector_of(f, &d, path);

        if (st != rows[i].status || !strstr(f->err.msg, rows[i].message))
            fail_msg("row %zu: %d, %s", i, (int)st, f->err.msg);
        assert_null(d);
    }
    set_card(f, "p.onnx", NULL);
}

/* Allocation number i fails, for every i until a whole run needs no more; then reads. */
static size_t check_faults(fixture *f, const char *what, const char *path,
                           const kao_image *image)
{
    static const kao_fault kinds[] = { KAO_FAULT_ALLOC, KAO_FAULT_IO };
    const kao_detect_options o = { .min_score = 0.3f };
    const kao_view view = kao_image_view(image);
    kao_mem *mem = &f->ctx->mem;
    size_t found = 0;

    for (size_t k = 0; k < COUNT(kinds); k++) {
        const size_t live = atomic_load(&mem->live);
        bool fired = true;
        unsigned i = 0;

        for (; fired; i++) {
            kao_detector *d = NULL;
            kao_faces faces = KAO_FACES_INIT;

            kao_fault_arm(mem, kinds[k], i);
            kao_status st = detector_of(f, &d, path);

            if (!st)
                st = kao_detect(d, &view, &o, &faces, &f->err);
            fired = kao_fault_disarm(mem, kinds[k]);
            if (st != (!fired                        ? KAO_OK
                       : kinds[k] == KAO_FAULT_ALLOC ? KAO_E_NOMEM
                                                     : KAO_E_IO))
                fail_msg("%s, fault %u: %d, %s", what, i, (int)st, f->err.msg);
            assert_true(faces.n == 0 || !fired);
            found = faces.n;
            kao_detector_destroy(d);
            assert_int_equal(atomic_load(&mem->live), live);
        }
        assert_true(i > 3);
    }
    return found; /* by the last run, which nothing disturbed */
}

static void cascade_faults(void **state)
{
    fixture *f = *state;
    kao_image image = { 0 };
    char path[700];

    put_stages(f);
    set_card(f, "p.onnx",
             "members = r.onnx o.onnx\ninput.mean = 0\ninput.scale = 1/255\n");
    snprintf(path, sizeof path, "%s/p.onnx", f->dir);
    assert_int_equal(kao_image_create(f->ctx, 90, 70, &image, NULL), KAO_OK);
    fill_box(&image, 30, 20, 40, 40, 255, 0, 0);
    assert_true(check_faults(f, "mtcnn", path, &image) > 0);
    set_card(f, "p.onnx", NULL);
    kao_image_free(f->ctx, &image);
}

/* Each family, every place of which is a candidate: lists grow. */
static void family_faults(void **state)
{
    fixture *f = *state;
    kao_image image = { 0 };
    size_t with_faces = 0;

    assert_int_equal(kao_image_create(f->ctx, 64, 48, &image, NULL), KAO_OK);
    for (size_t i = 0; i < COUNT(networks); i++) {
        pb file = network_of(&networks[i], 0.6f);

        fixture_file(f, "made.onnx", &file);
        if (networks[i].status == KAO_OK)
            with_faces += check_faults(f, networks[i].what, f->path, &image) > 0;
    }
    assert_true(with_faces > 4);
    kao_image_free(f->ctx, &image);
}

/* ---- files at hand ---- */

/* The picture laid on its side: turned by 270 degrees clockwise it is upright, and the face is where
 * it was, to a twentieth of its size. */
static void lies(fixture *f, kao_detector *d, const char *file,
                 const kao_image *upright, const kao_face *face)
{
    kao_image image = { 0 };
    kao_faces faces = KAO_FACES_INIT;

    assert_int_equal(
        kao_image_create(f->ctx, upright->height, upright->width, &image, NULL),
        KAO_OK);
    kao_image_turn(&image, upright, 90);
    const kao_view view = kao_image_view(&image);

    assert_int_equal(kao_detect(d, &view, NULL, &faces, NULL), KAO_OK);
    if (faces.n != 1 || faces.turned != 270)
        fail_msg("%s: %zu faces in a lying picture, turned by %u", file, faces.n,
                 faces.turned);
    const kao_face *a = kao_face_at(&faces, 0);
    /* (x, y) of the upright picture of height h lies at (h - 1 - y, x) */
    const float edge = (float)upright->height - 1, within = face->height / 20;

    if (fabsf(a->x - (edge - face->y - face->height)) > within ||
        fabsf(a->y - face->x) > within || fabsf(a->width - face->height) > within ||
        fabsf(a->height - face->width) > within)
        fail_msg("%s: %g x %g at (%g, %g) in a lying picture", file, (double)a->width,
                 (double)a->height, (double)a->x, (double)a->y);
    for (uint32_t k = 0; k < a->n_points; k++)
        assert_true(fabsf(a->points[k].x - (edge - face->points[k].y)) <= within &&
                    fabsf(a->points[k].y - face->points[k].x) <= within);
    kao_image_free(f->ctx, &image);
}

/* Faces in examples/ana_1.jpg and group.jpg (four people; too small for the short range). */
static void model_files(void **state)
{
    static const struct {
        const char *file;
        size_t one, four;
        uint32_t points;
        bool masks;
    } rows[] = {
        { "face_detection_yunet_2023mar", 1, 4, 5, false },
        { "yunet_s_dynamic", 1, 4, 5, false },
        { "yunet_n_dynamic", 1, 4, 5, false },
        { "yunet_2022_dynamic", 1, 4, 5, false },
        { "scrfd_500m_kps_dynamic", 1, 4, 5, false },
        { "scrfd_2.5g_kps_640", 1, 4, 5, false },
        { "scrfd_2.5g_kps_raw_640", 1, 4, 5, false },
        { "retinaface_mnet025_dynamic", 1, 4, 5, false },
        { "retinaface_mnet025_640_opset9", 1, 4, 5, false },
        { "ultraface_rfb_320", 1, 4, 0, false },
        { "ultraface_rfb_640", 1, 4, 0, false },
        { "ultraface_slim_320", 1, 4, 0, false },
        { "ultraface_rfb_320_simplified", 1, 4, 0, false },
        { "ultraface_rfb_640_masked", 1, 4, 0, true },
        { "yolov5face_500m_320", 1, 4, 5, false },
        { "yolov8_lite_t_face_640", 1, 4, 5, false },
        { "blazeface_front_128", 1, 0, 4, false },
        { "blazeface_back_256", 1, 4, 4, false },
        { "mtcnn_pnet", 1, 4, 5, false },
    };
    fixture *f = *state;
    const char *dir = shared_dir("detector files");
    kao_image pictures[3] = { { 0 } };
    static const char *const names[3] = { "ana_1", "group", "mask_ana" };
    char path[4096];

    if (!dir)
        skip();
    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/examples/%s.jpg", dir, names[i]);
        if (kao_image_load(f->ctx, path, NULL, &pictures[i], &f->err))
            fail_msg("%s", f->err.msg);
    }
    for (size_t i = 0; i < COUNT(rows); i++) {
        kao_detector *d = NULL;
        kao_faces faces = KAO_FACES_INIT;
        kao_view view = kao_image_view(&pictures[0]);
        size_t n = 0;

        snprintf(path, sizeof path, "%s/models/%s.onnx", dir, rows[i].file);
        if (detector_of(f, &d, path))
            fail_msg("%s", f->err.msg);
        assert_int_equal(kao_detector_points(d), rows[i].points);
        if (detect_in(d, &pictures[1], &n, &f->err) || n != rows[i].four)
            fail_msg("%s: %zu faces in group.jpg", rows[i].file, n);
        assert_int_equal(kao_detect(d, &view, NULL, &faces, NULL), KAO_OK);
        if (faces.n != rows[i].one ||
            kao_face_at(&faces, 0)->n_points != rows[i].points || faces.turned)
            fail_msg("%s: %zu faces in ana_1.jpg, turned by %u", rows[i].file, faces.n,
                     faces.turned);
        const kao_face upright = *kao_face_at(&faces, 0);

        assert_int_equal(upright.mask, rows[i].masks ? KAO_MASK_NONE : KAO_MASK_UNTOLD);
        if (rows[i].points == 5) /* BlazeFace is too sure of lying faces */
            lies(f, d, rows[i].file, &pictures[0], &upright);
        view = kao_image_view(&pictures[2]);
        assert_int_equal(kao_detect(d, &view, NULL, &faces, NULL), KAO_OK);
        assert_int_equal(faces.n, 1);
        assert_int_equal(kao_face_at(&faces, 0)->mask,
                         rows[i].masks ? KAO_MASK_WORN : KAO_MASK_UNTOLD);
        if (search_strip(f, d, 640, 97))
            fail_msg("%s", f->err.msg);
        kao_detector_destroy(d);
    }
    for (int i = 0; i < 3; i++)
        kao_image_free(f->ctx, &pictures[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recognised),
        cmocka_unit_test(cards),
        cmocka_unit_test(places),
        cmocka_unit_test(tiny_and_stretched),
        cmocka_unit_test(averaged),
        cmocka_unit_test(cascade),
        cmocka_unit_test(cascade_one_by_one),
        cmocka_unit_test(cascade_with_holes),
        cmocka_unit_test(cascade_near),
        cmocka_unit_test(wrong_members),
        cmocka_unit_test(cascade_faults),
        cmocka_unit_test(cascade_of_logits),
        cmocka_unit_test(family_faults),
        cmocka_unit_test(model_files),
        cmocka_unit_test(strips),
    };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
