/* Alignment, decoding, suppression and choice against numbers computed apart, in double
 * precision. */
#include "support/unit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "face/align.h"
#include "face/crop.h"
#include "face/detector_family.h"
#include "kao/embedder.h"
#include "nn/tensor.h"

/* ---- alignment ---- */

static kao_face face_of(const float *xy)
{
    kao_face f = { .size = sizeof f,
                   .width = 1,
                   .height = 1,
                   .score = 1,
                   .n_points = KAO_FACE_POINTS };

    for (int i = 0; i < KAO_FACE_POINTS; i++)
        f.points[i] = (kao_point){ xy[2 * i], xy[2 * i + 1] };
    return f;
}

static void similarity(void **state)
{
    static const struct {
        float xy[10];
        double a, b, tx, ty, rms, within; /* m = [a -b tx; b a ty] */
        kao_status status;
    } rows[] = {
        { { 120.5f, 95.25f, 182, 101.75f, 149, 134.5f, 118.25f, 165, 171.5f, 170.25f },
          0.57196736,
          -0.05836882,
          -36.55148272,
          4.28211067,
          0.78135793,
          1e-5,
          KAO_OK },
        { { 179.5f, 95.25f, 118, 101.75f, 151, 134.5f, 181.75f, 165, 128.5f, 170.25f },
          0.11660518,
          0.00772177,
          39.36102210,
          55.17970163,
          22.76199405,
          1e-5,
          KAO_E_NO_FACE }, /* mirrored, labels kept */
        { { 118, 101.75f, 179.5f, 95.25f, 151, 134.5f, 128.5f, 170.25f, 181.75f, 165 },
          0.57258004,
          0.05201518,
          -23.92663648,
          -12.34607190,
          -1,
          1e-5,
          KAO_OK },
    };
    kao_template t;

    (void)state;
    assert_int_equal(kao_template_find(&t, "arcface-112", 112, 112, NULL), KAO_OK);
    for (size_t i = 0; i < COUNT(rows); i++) {
        const kao_face f = face_of(rows[i].xy);
        kao_error err = { 0 };
        double m[6];
        const double rms = kao_fit_similarity(f.points, t.points, KAO_FACE_POINTS, m);

        assert_true(fabs(m[0] - rows[i].a) < rows[i].within && m[4] == m[0]);
        assert_true(fabs(m[3] - rows[i].b) < rows[i].within && m[1] == -m[3]);
        assert_true(fabs(m[2] - rows[i].tx) < 1e-4);
        assert_true(fabs(m[5] - rows[i].ty) < 1e-4);
        assert_true(rows[i].rms < 0 || fabs(rms - rows[i].rms) < 1e-5);
        assert_int_equal(kao_face_fit(&f, &t, m, &err), rows[i].status);
        assert_true(!rows[i].status || strstr(err.msg, "no upright face") != NULL);
    }
}

static void faces_that_are_none(void **state)
{
    static const struct {
        float xy[10];
        const char *message;
    } rows[] = {
        { { 5, 5, 5, 5, 5, 5, 5, 5, 5, 5 }, "coincide" },
        { { 30, 50, NAN, 50, 50, 70, 35, 90, 65, 90 }, "no numbers" },
        { { 30, 50, INFINITY, 50, 50, 70, 35, 90, 65, 90 }, "no numbers" },
        { { 30, 50, 3e38f, 50, 50, 70, 35, 90, 65, 90 }, "face" },
        /* the mouth where the eyes are: nearly flat */
        { { 30, 50, 70, 50, 50, 52, 38, 55, 62, 55 }, "no upright face" },
        /* one eye beside the mouth */
        { { 30, 50, 62, 95, 50, 70, 35, 90, 65, 90 }, "no upright face" },
    };
    kao_template large, small;
    kao_face f = { 0 };
    double m[6];
    kao_error err;

    (void)state;
    assert_int_equal(kao_template_find(&large, "arcface-112", 112, 112, NULL), KAO_OK);
    assert_int_equal(kao_template_find(&small, "arcface-112", 28, 28, NULL), KAO_OK);
    for (int i = 0; i < KAO_FACE_POINTS; i++)
        assert_true(fabsf(small.points[i].x - large.points[i].x / 4) < 1e-6f);
    for (size_t i = 0; i < COUNT(rows); i++) {
        f = face_of(rows[i].xy);
        assert_int_equal(kao_face_fit(&f, &large, m, &err), KAO_E_NO_FACE);
        assert_non_null(strstr(err.msg, rows[i].message));
    }
    f = face_of(rows[0].xy);
    for (f.n_points = 0; f.n_points < 7; f.n_points += f.n_points == 3 ? 3 : 1) {
        assert_int_equal(kao_face_fit(&f, &large, m, &err), KAO_E_NO_FACE);
        assert_non_null(strstr(err.msg, "points, which the template needs"));
    }
    f.size = 8;
    assert_int_equal(kao_face_fit(&f, &large, m, NULL), KAO_E_ARG);
    assert_int_equal(kao_template_find(&large, "arcface-96", 112, 112, NULL),
                     KAO_E_UNSUPPORTED);
    assert_int_equal(kao_template_find(&large, "arcface-112", 112, 96, NULL),
                     KAO_E_UNSUPPORTED);
    assert_int_equal(kao_template_find(&large, "arcface-112", 0, 0, NULL), KAO_E_ARG);
}

/* Eyes, nose and the middle of the mouth: the least squares that NumPy's lstsq gives, with the
 * middle of the template's corners as fourth. */
static void four_points(void **state)
{
    static const double want[4] = { 0.57530178, -0.05805475, -37.02024418, 3.67350061 };
    const kao_face f = { .n_points = 4,
                         .points = { { 120.5f, 95.25f },
                                     { 182, 101.75f },
                                     { 149, 134.5f },
                                     { 144.875f, 167.625f },
                                     { NAN, NAN } } };
    kao_template t;
    double m[6];

    (void)state;
    assert_int_equal(kao_template_find(&t, "arcface-112", 112, 112, NULL), KAO_OK);
    assert_int_equal(kao_face_fit(&f, &t, m, NULL), KAO_OK);
    assert_true(fabs(m[0] - want[0]) < 1e-6 && fabs(m[3] - want[1]) < 1e-6);
    assert_true(fabs(m[2] - want[2]) < 1e-4 && fabs(m[5] - want[3]) < 1e-4);
}

/* By hand: the square's side is 1.2 times the longer one of the box; its corner, half a pixel
 * before the first pixel's centre, comes to the chip's; left and above the picture it is moved in. */
static void square_crops(void **state)
{
    static const struct {
        float x, y, w, h;
        double corner_x, corner_y, side; /* of the square, from the picture's corner */
    } rows[] = {
        { 99.5f, 79.5f, 40, 50, 90, 75, 60 },
        { 99.5f, 79.5f, 50, 40, 95, 70, 60 },
        { 2, 79.5f, 40, 50, 0, 75, 60 },
        { 99.5f, -9.5f, 50, 40, 95, 0, 60 },
    };
    const kao_view view = { .width = 100, .height = 90 };
    kao_template t;
    double m[6];
    kao_error err;

    (void)state;
    assert_int_equal(kao_template_find(&t, "square", 120, 120, NULL), KAO_OK);
    assert_true(t.margin == 1);
    t.margin = 1.2f;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const kao_face f = {
            .x = rows[i].x, .y = rows[i].y, .width = rows[i].w, .height = rows[i].h
        };

        assert_int_equal(kao_crop_fit(&f, &t, &view, 0, m, NULL), KAO_OK);
        assert_true(fabs(m[0] - 120 / rows[i].side) < 1e-6 && m[4] == m[0]);
        assert_true(m[1] == 0 && m[3] == 0);
        assert_true(fabs((rows[i].corner_x - .5) * m[0] + m[2] + .5) < 1e-4);
        assert_true(fabs((rows[i].corner_y - .5) * m[4] + m[5] + .5) < 1e-4);
    }
    const kao_face none = { .width = 0, .height = 0 };

    assert_int_equal(kao_crop_fit(&none, &t, &view, 0, m, &err), KAO_E_NO_FACE);
    assert_non_null(strstr(err.msg, "box is empty"));
    t.size = 0; /* a caller that knows of no margin: by its points, which coincide */
    assert_int_equal(kao_face_fit(&none, &t, m, NULL), KAO_E_NO_FACE);
    assert_int_equal(kao_template_find(&t, "square", 120, 112, NULL),
                     KAO_E_UNSUPPORTED);
}

/* A picture on its side, on its head: the crop of its face is that of the upright one, pixel by
 * pixel, whatever the box is cut out by. */
static void turned_crops(void **state)
{
    enum { W = 90, H = 70, SIDE = 50 };
    static const char *const names[] = { "square", "box", "inside" };
    kao_context *ctx = NULL;
    kao_image upright = { 0 }, turned = { 0 }, want = { 0 }, got = { 0 };
    kao_face face = { .size = sizeof face,
                      .x = 20,
                      .y = 11,
                      .width = 40,
                      .height = 50,
                      .n_points = 2,
                      .points = { { 30, 30 }, { 50, 31 } } };

    (void)state;
    assert_int_equal(kao_context_create(&ctx, NULL, NULL), KAO_OK);
    assert_int_equal(kao_image_create(ctx, W, H, &upright, NULL), KAO_OK);
    for (uint32_t y = 0; y < H; y++)
        for (uint32_t x = 0; x < W * 3; x++)
            upright.rgb[y * upright.row_bytes + x] = (uint8_t)(x / 2 + y);
    for (size_t i = 0; i < 3 * COUNT(names); i++) {
        const uint32_t by = 90 * (1 + (uint32_t)i % 3); /* clockwise, back to upright */
        const bool side = by != 180;
        kao_face lies = face;
        kao_template t;

        assert_int_equal(kao_template_find(&t, names[i / 3], SIDE, SIDE, NULL), KAO_OK);
        assert_int_equal(
            kao_image_create(ctx, side ? H : W, side ? W : H, &turned, NULL), KAO_OK);
        for (uint32_t y = 0; y < H; y++)
            for (uint32_t x = 0; x < W; x++) {
                const uint32_t u = by == 90    ? y
                                   : by == 180 ? W - 1 - x
                                               : H - 1 - y,
                               v = by == 90    ? W - 1 - x
                                   : by == 180 ? H - 1 - y
                                               : x;

                memcpy(turned.rgb + v * turned.row_bytes + 3 * u,
                       upright.rgb + y * upright.row_bytes + 3 * x, 3);
            }
        for (int k = 0; k < 2; k++) {
            const float x = face.points[k].x, y = face.points[k].y;

            lies.points[k] = by == 90    ? (kao_point){ y, W - 1 - x }
                             : by == 180 ? (kao_point){ W - 1 - x, H - 1 - y }
                                         : (kao_point){ H - 1 - y, x };
        }
        lies.x = by == 90    ? face.y
                 : by == 180 ? W - 1 - face.x - face.width
                             : H - 1 - face.y - face.height;
        lies.y = by == 90    ? W - 1 - face.x - face.width
                 : by == 180 ? H - 1 - face.y - face.height
                             : face.x;
        lies.width = side ? face.height : face.width;
        lies.height = side ? face.width : face.height;
        kao_view view = kao_image_view(&upright);

        assert_int_equal(kao_align(ctx, &view, &face, &t, &want, NULL), KAO_OK);
        view = kao_image_view(&turned);
        assert_int_equal(kao_align(ctx, &view, &lies, &t, &got, NULL), KAO_OK);
        for (uint32_t y = 0; y < SIDE; y++)
            for (uint32_t x = 0; x < SIDE * 3; x++)
                if (abs(got.rgb[y * got.row_bytes + x] -
                        want.rgb[y * want.row_bytes + x]) > 1)
                    fail_msg("%s, %u degrees: pixel %u, %u", names[i / 3], by, x / 3,
                             y);
        kao_image_free(ctx, &turned);
    }
    kao_image_free(ctx, &upright);
    kao_image_free(ctx, &want);
    kao_image_free(ctx, &got);
    kao_context_destroy(ctx);
}

/* ---- suppression ---- */

static void suppression(void **state)
{
    static const float boxes[6][5] = {
        { 10, 10, 50, 60, .9f },     { 12, 12, 52, 58, .85f },
        { 100, 100, 150, 160, .8f }, { 30, 30, 70, 80, .75f },
        { 105, 98, 148, 162, .95f }, { 11, 40, 51, 90, .6f },
    };
    static const struct {
        int a, b;
        double iou;
    } pairs[] = {
        { 0, 1, .83556405 }, { 0, 3, .17647059 }, { 0, 5, .24223602 },
        { 1, 3, .19106700 }, { 1, 5, .22370937 }, { 2, 4, .81336696 },
        { 3, 5, .26582278 }, { 0, 2, 0 },
    };
    static const struct {
        float t;
        size_t n;
        int kept[6];
    } rows[] = {
        { .4f, 4, { 4, 0, 3, 5 } },
        { .3f, 4, { 4, 0, 3, 5 } },
        { .2f, 3, { 4, 0, 3 } },
        { 1, 6, { 4, 0, 1, 2, 3, 5 } },
    };
    kao_face f[6];
    kao_mem mem;
    kao_face_list list = { .mem = &mem };

    (void)state;
    kao_mem_init(&mem, NULL);
    for (int i = 0; i < 6; i++)
        f[i] = (kao_face){ .x = boxes[i][0],
                           .y = boxes[i][1],
                           .width = boxes[i][2] - boxes[i][0],
                           .height = boxes[i][3] - boxes[i][1],
                           .score = boxes[i][4] };
    for (size_t i = 0; i < COUNT(pairs); i++) {
        assert_true(fabs((double)kao_iou(&f[pairs[i].a], &f[pairs[i].b]) -
                         pairs[i].iou) < 1e-6);
        assert_true(kao_iou(&f[pairs[i].a], &f[pairs[i].b]) ==
                    kao_iou(&f[pairs[i].b], &f[pairs[i].a]));
    }
    for (size_t r = 0; r < COUNT(rows); r++) {
        kao_face_list_clear(&list);
        for (int i = 0; i < 6; i++)
            kao_face_list_add(&list, &f[i]);
        kao_face_list_nms(&list, rows[r].t, false);
        assert_int_equal(list.n, rows[r].n);
        for (size_t i = 0; i < rows[r].n; i++)
            assert_memory_equal(&list.faces[i], &f[rows[r].kept[i]], sizeof f[0]);
    }
    kao_face_list_clear(&list);
    kao_face_list_nms(&list, .3f, true);
    assert_int_equal(list.n, 0);
    kao_face_list_fini(&list);
}

/* x, y, width, height, score; then the eyes */
static kao_face box_of(float x, float y, float w, float h, float score, float eye_x,
                       float eye_y, float apart)
{
    return (kao_face){ .x = x,
                       .y = y,
                       .width = w,
                       .height = h,
                       .score = score,
                       .n_points = KAO_FACE_POINTS,
                       .points = { { eye_x, eye_y }, { eye_x + apart, eye_y } } };
}

/* A box inside another with little overlap: the same face seen at another size, or a person
 * in front of another? */
static void boxes_inside_boxes(void **state)
{
    const kao_face large = box_of(0, 0, 100, 100, .7f, 30, 40, 40);
    const struct {
        kao_face inside;
        size_t n; /* faces that are left */
        float iou;
    } rows[] = {
        /* a small face in front of the large one, scoring more or less */
        { box_of(40, 60, 20, 20, .9f, 46, 68, 8), 2, .3f },
        { box_of(40, 60, 20, 20, .5f, 46, 68, 8), 2, .3f },
        { box_of(40, 60, 45, 45, .9f, 53, 78, 18), 2, .3f },
        /* the eyes, nose and mouth of the large one alone */
        { box_of(25, 30, 50, 52, .9f, 32, 42, 38), 1, .3f },
        { box_of(25, 30, 50, 52, .5f, 32, 42, 38), 1, .3f },
        /* the same eyes by chance of one side only */
        { box_of(25, 30, 20, 20, .9f, 30, 40, 8), 2, .3f },
        /* near in size, below the threshold of a stricter suppression */
        { box_of(10, 10, 68, 68, .9f, 60, 60, 10), 1, .5f },
    };
    kao_mem mem;
    kao_face_list list = { .mem = &mem };

    (void)state;
    kao_mem_init(&mem, NULL);
    for (size_t i = 0; i < COUNT(rows); i++) {
        for (int joined = 0; joined < 2; joined++) {
            kao_face_list_clear(&list);
            kao_face_list_add(&list, &large);
            kao_face_list_add(&list, &rows[i].inside);
            kao_face_list_nms(&list, rows[i].iou, joined);
            if (list.n != (joined ? rows[i].n : 2))
                fail_msg("row %zu: %zu faces", i, list.n);
            assert_true(list.faces[0].score >= .7f);
        }
    }
    kao_face_list_fini(&list);
}

/* Many ties, in the order in which they came; many faces, by score. */
static void sorting(void **state)
{
    enum { MANY = 3000 };
    kao_mem mem;
    kao_face_list list = { .mem = &mem };

    (void)state;
    kao_mem_init(&mem, NULL);
    for (uint32_t i = 0; i < MANY; i++) {
        const kao_face f = { .x = (float)i * 10,
                             .width = 1,
                             .height = 1,
                             .score = (float)(i * 7919 % MANY / 10) };

        kao_face_list_add(&list, &f);
    }
    kao_face_list_nms(&list, .3f, true);
    assert_int_equal(list.n, MANY);
    for (size_t i = 1; i < MANY; i++) {
        const kao_face *a = &list.faces[i - 1], *b = &list.faces[i];

        assert_true(a->score > b->score || (a->score == b->score && a->x < b->x));
    }
    kao_face_list_fini(&list);
    assert_int_equal(atomic_load(&mem.live), 0);
}

/* Ties that stand behind one that was dropped keep their order when they are sorted again. */
static void sorting_again(void **state)
{
    static const struct {
        float x, score;
    } rows[] = { { 100, .5f }, { 200, .5f }, { 0, .9f }, { 0, .8f } };
    kao_mem mem;
    kao_face_list list = { .mem = &mem };

    (void)state;
    kao_mem_init(&mem, NULL);
    for (int averaged = 0; averaged < 2; averaged++) {
        kao_face_list_clear(&list);
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
            const kao_face f = {
                .x = rows[i].x, .width = 10, .height = 10, .score = rows[i].score
            };

            kao_face_list_add(&list, &f);
        }
        for (int again = 0; again < 3; again++) {
            if (averaged)
                kao_face_list_average(&list, .3f);
            else
                kao_face_list_nms(&list, .3f, false);
            assert_int_equal(list.n, 3);
            assert_true(list.faces[1].x == 100);
            assert_true(list.faces[2].x == 200);
        }
    }
    kao_face_list_fini(&list);
}

/* Of more candidates than a list takes, the best stay. */
static void full_lists(void **state)
{
    enum { MANY = 12000, KEPT = 5000 };
    kao_mem mem;
    kao_face_list list = { .mem = &mem, .limit = KEPT };
    double sum = 0;

    (void)state;
    kao_mem_init(&mem, NULL);
    for (uint32_t i = 0; i < MANY; i++) {
        const kao_face f = { .width = 1,
                             .height = 1,
                             .score = (float)(i * 7919 % MANY) };

        kao_face_list_add(&list, &f);
    }
    assert_true(list.n == KEPT && !list.failed);
    for (size_t i = 0; i < list.n; i++) {
        assert_true(list.faces[i].score >= MANY - KEPT);
        sum += (double)list.faces[i].score;
    }
    assert_true(sum == (double)KEPT * (2 * MANY - KEPT - 1) / 2);
    kao_face_list_fini(&list);
    assert_int_equal(atomic_load(&mem.live), 0);
}

/* ---- decoding ---- */

enum { ROW = 11, COLUMN = 7, STRIDE = 16, COLUMNS = 10, ROWS = 12, W = 160, H = 192 };

static kao_tensor rows_of(float *data, int64_t n, int64_t width)
{
    kao_tensor t = {
        .dtype = KAO_F32, .rank = 3, .dims = { 1, n, width }, .data = data
    };

    kao_tensor_set_dense(&t);
    return t;
}

static void near(float got, double want)
{
    assert_true(fabs((double)got - want) < 2e-5 * fmax(1, fabs(want)));
}

static void decodes_yunet(void **state)
{
    static float cls[COLUMNS * ROWS], obj[COLUMNS * ROWS], box[4 * COLUMNS * ROWS],
        kps[10 * COLUMNS * ROWS];
    const int cell = ROW * COLUMNS + COLUMN, n = COLUMNS * ROWS;
    const kao_tensor t[4] = { rows_of(cls, n, 1), rows_of(obj, n, 1),
                              rows_of(box, n, 4), rows_of(kps, n, 10) };
    const kao_tensor *const tensors[4] = { &t[0], &t[1], &t[2], &t[3] };
    const kao_heads heads = { .n_levels = 1,
                              .anchors = 1,
                              .level = { { STRIDE, 0, 1, 2, 3 } } };
    kao_mem mem;
    kao_face_list list = { .mem = &mem };
    kao_error err;

    (void)state;
    kao_mem_init(&mem, NULL);
    cls[cell] = .81f;
    obj[cell] = .64f;
    memcpy(box + 4 * cell, (const float[4]){ .35f, -.2f, .9f, 1.1f }, 16);
    kps[10 * cell + 2] = .12f;
    kps[10 * cell + 3] = .4f;
    cls[3] = NAN; /* never a face */
    cls[4] = -5;
    obj[4] = 99;
    assert_int_equal(kao_yunet_decode(&heads, tensors, W, H, .5f, &list, NULL), KAO_OK);
    assert_int_equal(list.n, 1);
    const kao_face *f = &list.faces[0];

    near(f->score, .72);
    near(f->x, 97.92317511);
    near(f->y, 148.76667181);
    near(f->width, 39.35364978);
    near(f->height, 48.06665638);
    near(f->points[1].x, 113.92);
    near(f->points[1].y, 182.4);
    near(f->points[0].x, COLUMN * STRIDE);
    list.n = 0;
    cls[4] = 99; /* clamped to 1 */
    assert_int_equal(kao_yunet_decode(&heads, tensors, W, H, .73f, &list, NULL),
                     KAO_OK);
    assert_true(list.n == 1 && list.faces[0].score == 1);
    assert_int_equal(kao_yunet_decode(&heads, tensors, W, H + 16, .5f, &list, &err),
                     KAO_E_FORMAT);
    assert_non_null(strstr(err.msg, "stride 16"));
    kao_tensor map = t[2]; /* as many numbers, channel by channel */

    map.rank = 4;
    memcpy(map.dims, (const int64_t[4]){ 1, 4, ROWS, COLUMNS }, sizeof map.dims[0] * 4);
    assert_int_equal(
        kao_yunet_decode(&heads, (const kao_tensor *[]){ &t[0], &t[1], &map, &t[3] }, W,
                         H, .5f, &list, &err),
        KAO_E_FORMAT);
    kao_face_list_fini(&list);
}

/* Both forms of file: rows with scores, and maps with logits. */
static void decodes_scrfd(void **state)
{
    enum { N = COLUMNS * ROWS };
    static float score[2 * N], box[8 * N], kps[20 * N];
    const int cell = ROW * COLUMNS + COLUMN;
    static const float b[4] = { 1.25f, 1.5f, 1.75f, 2 };
    const kao_heads heads = { .n_levels = 1,
                              .anchors = 2,
                              .level = { { STRIDE, 0, 0, 1, 2 } } };
    kao_mem mem;
    kao_face_list list = { .mem = &mem };

    (void)state;
    kao_mem_init(&mem, NULL);
    for (int maps = 0; maps < 2; maps++)
        for (int anchor = 0; anchor < 2; anchor++) {
            kao_tensor t[3] = { rows_of(score, 2 * N, 1), rows_of(box, 2 * N, 4),
                                rows_of(kps, 2 * N, 10) };
            const kao_tensor *const tensors[3] = { &t[0], &t[1], &t[2] };
            const int at = 2 * cell + anchor;

            for (int i = 0; i < 2 * N; i++)
                score[i] = maps ? -20 : 0;
            for (int i = 0; maps && i < 3; i++) {
                t[i].rank = 4;
                t[i].dims[1] = 2 * t[i].dims[2];
                t[i].dims[2] = ROWS;
                t[i].dims[3] = COLUMNS;
            }
            score[maps ? anchor * N + cell : at] = maps ? 1.3862944f : .8f; /* ln 4 */
            for (int k = 0; k < 4; k++)
                box[maps ? (anchor * 4 + k) * N + cell : 4 * at + k] = b[k];
            kps[maps ? (anchor * 10 + 4) * N + cell : 10 * at + 4] = .3f;
            kps[maps ? (anchor * 10 + 5) * N + cell : 10 * at + 5] = -.45f;
            list.n = 0;
            assert_int_equal(kao_scrfd_decode(&heads, tensors, W, H, .5f, &list, NULL),
                             KAO_OK);
            assert_int_equal(list.n, 1);
            const kao_face *f = &list.faces[0];

            near(f->score, .8);
            near(f->x, 92);
            near(f->y, 152);
            near(f->x + f->width, 140);
            near(f->y + f->height, 208);
            near(f->points[2].x, 116.8);
            near(f->points[2].y, 168.8);
            memset(kps, 0, sizeof kps);
            const kao_tensor box_as_it_is = t[1];

            t[1].dims[t[1].rank - 1]--;
            assert_int_equal(kao_scrfd_decode(&heads, tensors, W, H, .5f, &list, NULL),
                             KAO_E_FORMAT);
            t[1] = box_as_it_is; /* channels in front or behind: the other way round */
            t[1].dims[1] = maps ? ROWS : 4;
            t[1].dims[2] = maps ? COLUMNS : 2 * N;
            t[1].dims[3] = 8;
            assert_int_equal(kao_scrfd_decode(&heads, tensors, W, H, .5f, &list, NULL),
                             KAO_E_FORMAT);
        }
    kao_face_list_fini(&list);
}

/* Rows hold shares; a file that leaves its logits there is told, not believed. */
static void scrfd_scores(void **state)
{
    enum { N = COLUMNS * ROWS };
    static const struct {
        float score;
        kao_status status;
        float want; /* of the face; 0: none */
    } rows[] = {
        { 1, KAO_OK, 1 },  { 1.0000001f, KAO_OK, 1 }, { NAN, KAO_OK, 0 },
        { -3, KAO_OK, 0 }, { 2.2f, KAO_E_FORMAT, 0 }, { INFINITY, KAO_E_FORMAT, 0 },
    };
    static float score[2 * N], box[8 * N], kps[20 * N];
    const kao_heads heads = { .n_levels = 1,
                              .anchors = 2,
                              .level = { { STRIDE, 0, 0, 1, 2 } } };
    const kao_tensor t[3] = { rows_of(score, 2 * N, 1), rows_of(box, 2 * N, 4),
                              rows_of(kps, 2 * N, 10) };
    const kao_tensor *const tensors[3] = { &t[0], &t[1], &t[2] };
    kao_mem mem;
    kao_face_list list = { .mem = &mem };
    kao_error err = { 0 };

    (void)state;
    kao_mem_init(&mem, NULL);
    for (size_t k = 0; k < COUNT(box); k++)
        box[k] = 1; /* a box of no size is no face */
    for (size_t i = 0; i < COUNT(rows); i++) {
        score[5] = rows[i].score;
        list.n = 0;
        assert_int_equal(kao_scrfd_decode(&heads, tensors, W, H, .5f, &list, &err),
                         rows[i].status);
        assert_int_equal(list.n, rows[i].want > 0);
        if (list.n)
            assert_true(list.faces[0].score == rows[i].want);
        if (rows[i].status)
            assert_non_null(strstr(err.msg, "wanted 0 to 1"));
    }
    kao_face_list_fini(&list);
}

/* ---- choice and similarity ---- */

static void choices(void **state)
{
    static const kao_face faces[] = {
        { .x = 0, .y = 0, .width = 40, .height = 40, .score = .7f },
        { .x = 90, .y = 40, .width = 20, .height = 20, .score = .8f }, /* the middle */
        { .x = 150, .y = 0, .width = 10, .height = 10, .score = .9f },
        { .x = 150,
          .y = 60,
          .width = 40,
          .height = 40,
          .score = .9f }, /* ties: earlier */
    };
    static const struct {
        size_t n;
        kao_choice choice;
        kao_status status;
        size_t index;
    } rows[] = {
        { 4, KAO_CHOOSE_LARGEST, KAO_OK, 0 },
        { 4, KAO_CHOOSE_CENTER, KAO_OK, 1 },
        { 4, KAO_CHOOSE_BEST, KAO_OK, 2 },
        { 4, KAO_CHOOSE_ERROR, KAO_E_SEVERAL_FACES, 0 },
        { 1, KAO_CHOOSE_ERROR, KAO_OK, 0 },
        { 2, KAO_CHOOSE_BEST, KAO_OK, 1 },
        { 0, KAO_CHOOSE_LARGEST, KAO_E_NO_FACE, 0 },
        { 0, KAO_CHOOSE_ERROR, KAO_E_NO_FACE, 0 },
        { 1, (kao_choice)9, KAO_E_ARG, 0 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const kao_faces some = { sizeof some, sizeof faces[0], rows[i].n, faces, 0 };
        size_t index = 0;

        assert_int_equal(kao_face_choose(&some, rows[i].choice, 200, 100, &index, NULL),
                         rows[i].status);
        assert_int_equal(index, rows[i].index);
    }
    /* pixels 10 .. 29 and 70 .. 89 of 100: as near to the middle, so the earlier one */
    const kao_face pair[2] = { { .x = 9.5f, .y = 9.5f, .width = 20, .height = 20 },
                               { .x = 69.5f, .y = 9.5f, .width = 20, .height = 20 } };
    const kao_faces both = { sizeof both, sizeof pair[0], 2, pair, 0 };
    size_t middle = 9;

    assert_int_equal(kao_face_choose(&both, KAO_CHOOSE_CENTER, 100, 40, &middle, NULL),
                     KAO_OK);
    assert_int_equal(middle, 0);
    const kao_faces one = { sizeof one, sizeof faces[0], 1, faces, 0 };

    assert_int_equal(kao_face_choose(&one, KAO_CHOOSE_BEST, 1, 1, NULL, NULL),
                     KAO_E_ARG);
    assert_int_equal(kao_face_choose(NULL, KAO_CHOOSE_BEST, 1, 1, &(size_t){ 0 }, NULL),
                     KAO_E_ARG);
}

static void similarities(void **state)
{
    static const float a[4] = { .6f, .8f, 0, 0 }, b[4] = { -.6f, -.8f, 0, 0 },
                       c[4] = { 0, 0, 1, 0 }, d[4] = { .8f, .6f, 0, 0 },
                       e[4] = { 1.1f, 1.1f, 0, 0 }, n[4] = { NAN, 0, 0, 0 };

    (void)state;
    assert_true(fabsf(kao_similarity(a, a, 4) - 1) < 1e-6f);
    assert_true(kao_similarity(a, a, 4) <= 1);
    assert_true(fabsf(kao_similarity(a, b, 4) + 1) < 1e-6f);
    assert_true(fabsf(kao_similarity(a, c, 4)) < 1e-6f);
    assert_true(fabsf(kao_similarity(a, d, 4) - .96f) < 1e-6f);
    assert_true(kao_similarity(e, e, 4) == 1); /* clamped */
    assert_true(isnan(kao_similarity(a, n, 4)));
    const kao_face f = face_of((const float[10]){ 3, 4, 0, 0, 0, 0, 0, 0, 0, 0 });

    assert_true(kao_face_eye_distance_px(&f) == 5);
    assert_true(isnan(kao_face_eye_distance_px(&(kao_face){ .n_points = 0 })));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(four_points),
        cmocka_unit_test(square_crops),
        cmocka_unit_test(turned_crops),
        cmocka_unit_test(similarity),
        cmocka_unit_test(faces_that_are_none),
        cmocka_unit_test(suppression),
        cmocka_unit_test(full_lists),
        cmocka_unit_test(boxes_inside_boxes),
        cmocka_unit_test(sorting),
        cmocka_unit_test(sorting_again),
        cmocka_unit_test(decodes_yunet),
        cmocka_unit_test(decodes_scrfd),
        cmocka_unit_test(scrfd_scores),
        cmocka_unit_test(choices),
        cmocka_unit_test(similarities),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
