/* The codecs of the detector families: one answer in otherwise silent tensors, whose face was
 * computed apart (the published formulas in double precision). */
#include "support/unit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "face/detector_family.h"
#include "face/priors.h"

enum { MOST_TENSORS = 4 };

/* Numbers of one tensor that are not its fill: from `at` on, `apart` apart. */
typedef struct numbers {
    int tensor;
    int64_t at, apart;
    int n;
    float v[16];
} numbers;

typedef struct answer {
    const char *name;
    kao_status (*decode)(const kao_heads *, const kao_tensor *const *, int64_t, int64_t,
                         float, kao_face_list *, kao_error *);
    kao_heads heads;
    int64_t width, height;
    int n_tensors;
    struct {
        int32_t rank;
        int64_t dims[4];
        float fill;
    } tensors[MOST_TENSORS];
    numbers set[6]; /* the first with n 0 ends them */
    double x, y, width_px, height_px, score;
    uint32_t n_points, point; /* which point is looked at */
    double px, py;
    uint32_t mask;
} answer;

#define ROWS(N, WIDTH)                                                                 \
 {                                                                                     \
  3, { 1, N, WIDTH }, 0                                                                \
 }
#define MAPS(C, H, W, FILL)                                                            \
 {                                                                                     \
  4, { 1, C, H, W }, FILL                                                              \
 }

/* The formulas' numbers for row 11, column 7 of stride 16 unless said otherwise. */
static const answer answers[] = {
    /* prior 64 of 640 x 480: 80 x 60 x 2 before, then (11 * 40 + 7) * 2 */
    { .name = "retinaface",
      .decode = kao_retinaface_decode,
      .heads = { .n_levels = 1, .level = { { .box = 0, .score = 1, .points = 2 } } },
      .width = 640,
      .height = 480,
      .n_tensors = 3,
      .tensors = { ROWS(12600, 4), ROWS(12600, 2), ROWS(12600, 10) },
      .set = { { 0, 4 * 10494, 1, 4, { .5f, -.8f, 1.2f, .6f } },
               { 1, 2 * 10494, 1, 2, { .1f, .9f } },
               { 2, 10 * 10494 + 4, 1, 2, { 1.5f, -2 } } },
      .x = 82.52002719,
      .y = 142.80010075,
      .width_px = 163.87997281 - 82.52002719,
      .height_px = 214.95989925 - 142.80010075,
      .score = .9,
      .n_points = 5,
      .point = 2,
      .px = 129.6,
      .py = 171.2 },
    /* 640 x 480: 80 x 60 x 3 before, then (11 * 40 + 7) * 2; logits 1 and 3; iou .81 */
    { .name = "yunet-2022",
      .decode = kao_yunet2022_decode,
      .heads = { .n_levels = 1,
                 .form = 1,
                 .level = { { .box = 0, .score = 1, .object = 2 } } },
      .width = 640,
      .height = 480,
      .n_tensors = 3,
      .tensors = { ROWS(17610, 14), ROWS(17610, 2), ROWS(17610, 1) },
      .set = { { 0, 14 * 15294, 1, 4, { .5f, -.8f, 1.2f, .6f } },
               { 0, 14 * 15294 + 8, 1, 2, { 1.5f, -2 } },
               { 1, 2 * 15294, 1, 2, { 1, 3 } },
               { 2, 15294, 1, 1, { .81f } } },
      .x = 101.26001359,
      .y = 163.40005037,
      .width_px = 40.67997281,
      .height_px = 36.07989925,
      .score = 0.84465706, /* sqrt(.81 / (1 + exp(-2))) */
      .n_points = 5,
      .point = 2,
      .px = 124.8,
      .py = 177.6 },
    /* boxes in parts of the input */
    { .name = "ultraface",
      .decode = kao_ultraface_decode,
      .heads = { .n_levels = 1, .level = { { .score = 0, .box = 1 } } },
      .width = 320,
      .height = 240,
      .n_tensors = 2,
      .tensors = { ROWS(4420, 2), ROWS(4420, 4) },
      .set = { { 0, 2 * 77, 1, 2, { .05f, .95f } },
               { 1, 4 * 77, 1, 4, { .1f, .25f, .3f, .75f } } },
      .x = 32,
      .y = 60,
      .width_px = 64,
      .height_px = 120,
      .score = .95 },
    { .name = "ultraface, masked",
      .decode = kao_ultraface_decode,
      .heads = { .n_levels = 1, .form = 2, .level = { { .score = 0, .box = 1 } } },
      .width = 320,
      .height = 240,
      .n_tensors = 2,
      .tensors = { ROWS(4420, 3), ROWS(4420, 4) },
      .set = { { 0, 3 * 77, 1, 3, { .05f, .2f, .75f } },
               { 1, 4 * 77, 1, 4, { .1f, .25f, .3f, .75f } } },
      .x = 32,
      .y = 60,
      .width_px = 64,
      .height_px = 120,
      .score = .75,
      .mask = KAO_MASK_WORN },
    { .name = "ultraface, bare",
      .decode = kao_ultraface_decode,
      .heads = { .n_levels = 1, .form = 2, .level = { { .score = 0, .box = 1 } } },
      .width = 320,
      .height = 240,
      .n_tensors = 2,
      .tensors = { ROWS(4420, 3), ROWS(4420, 4) },
      .set = { { 0, 3 * 77, 1, 3, { .05f, .75f, .2f } },
               { 1, 4 * 77, 1, 4, { .1f, .25f, .3f, .75f } } },
      .x = 32,
      .y = 60,
      .width_px = 64,
      .height_px = 120,
      .score = .75,
      .mask = KAO_MASK_NONE },
    /* the last of 320 x 240's priors but 6: row 3 of 4, column 2 of 5, size 256, which the
     * height cuts to 240; its centre is at 3.5 / 4 of the height, not at 3.5 * 64 */
    { .name = "ultraface, raw",
      .decode = kao_ultraface_decode,
      .heads = { .n_levels = 1, .form = 1, .level = { { .score = 0, .box = 1 } } },
      .width = 320,
      .height = 240,
      .n_tensors = 2,
      .tensors = { ROWS(4420, 2), ROWS(4420, 4) },
      .set = { { 0, 2 * 4413, 1, 2, { .05f, .95f } },
               { 1, 4 * 4413, 1, 4, { .5f, -.8f, 1.2f, .6f } } },
      .x = 10.08010876,
      .y = 55.50037781,
      .width_px = 325.43978248,
      .height_px = 270.59924438,
      .score = .95 },
    /* row 5, column 3 of 16, the second anchor, of 128 x 128 */
    { .name = "blazeface",
      .decode = kao_blazeface_decode,
      .heads = { .n_levels = 2,
                 .level = { { .score = 0, .box = 2 }, { .score = 1, .box = 3 } } },
      .width = 128,
      .height = 128,
      .n_tensors = 4,
      .tensors = { { 3, { 1, 512, 1 }, -200 },
                   { 3, { 1, 384, 1 }, -200 },
                   ROWS(512, 16),
                   ROWS(384, 16) },
      .set = { { 0, 167, 1, 1, { 2 } },
               { 2, 16 * 167, 1, 4, { 4, -6, 40, 44 } },
               { 2, 16 * 167 + 10, 1, 2, { 5, 9 } } },
      .x = .09375 * 128,
      .y = .125 * 128,
      .width_px = (.40625 - .09375) * 128,
      .height_px = (.46875 - .125) * 128,
      .score = 0.88079708,
      .n_points = 4,
      .point = 3,
      .px = 28 + 5,
      .py = 44 + 9 },
    /* row 2, column 6 of 8, the last anchor; a logit beyond all bounds */
    { .name = "blazeface, coarse",
      .decode = kao_blazeface_decode,
      .heads = { .n_levels = 2,
                 .level = { { .score = 0, .box = 2 }, { .score = 1, .box = 3 } } },
      .width = 256,
      .height = 256,
      .n_tensors = 4,
      .tensors = { { 3, { 1, 512, 1 }, -200 },
                   { 3, { 1, 384, 1 }, -200 },
                   ROWS(512, 16),
                   ROWS(384, 16) },
      .set = { { 1, 137, 1, 1, { 1e30f } },
               { 3, 16 * 137, 1, 6, { 4, -6, 40, 44, -8, -9 } } },
      .x = 208 + 4 - 20,
      .y = 80 - 6 - 22,
      .width_px = 40,
      .height_px = 44,
      .score = 1,
      .n_points = 4,
      .point = 0,
      .px = 200,
      .py = 71 },
    /* rows of 320 x 320 as the file decodes them */
    { .name = "yolov5-face",
      .decode = kao_yolov5_decode,
      .heads = { .n_levels = 1 },
      .width = 320,
      .height = 320,
      .n_tensors = 1,
      .tensors = { ROWS(6300, 16) },
      .set = { { 0,
                 16 * 5000,
                 1,
                 16,
                 { 123.158f, 181.618f, 52, 85.24f, .8f, 1, 2, 3, 4, 122.75f, 170.5f, 5,
                   6, 7, 8, .9f } } },
      .x = 97.158,
      .y = 138.998,
      .width_px = 52,
      .height_px = 85.24,
      .score = .72,
      .n_points = 5,
      .point = 2,
      .px = 122.75,
      .py = 170.5 },
    /* left: one bin, 2; top: all alike, 7.5; right: bins 3 and 4 alike; bottom: bin 0. The
     * second map of 160 x 192 */
    { .name = "yolov8-face",
      .decode = kao_yolov8_decode,
      .heads = { .n_levels = 3,
                 .level = { { .stride = 8, .box = 0 },
                            { .stride = 16, .box = 1 },
                            { .stride = 32, .box = 2 } } },
      .width = 160,
      .height = 192,
      .n_tensors = 3,
      .tensors = { MAPS(80, 24, 20, -50), MAPS(80, 12, 10, -50), MAPS(80, 6, 5, -50) },
      .set = { { 1, 2 * 120 + 117, 120, 1, { 50 } },
               { 1, 35 * 120 + 117, 120, 2, { 40, 40 } },
               { 1, 48 * 120 + 117, 120, 1, { 60 } },
               { 1, 64 * 120 + 117, 120, 1, { 1.5f } },
               { 1, 71 * 120 + 117, 120, 2, { .4f, -.3f } } },
      .x = (7.5 - 2) * 16,
      .y = (11.5 - 7.5) * 16,
      .width_px = 5.5 * 16,
      .height_px = 7.5 * 16,
      .score = 0.81757448,
      .n_points = 5,
      .point = 2,
      .px = (2 * .4 + 7) * 16,
      .py = (2 * -.3 + 11) * 16 },
    /* anchor 62 x 45, the second of stride 16, whose map comes second too */
    { .name = "yolov3-face",
      .decode = kao_yolov3_decode,
      .heads = { .n_levels = 3,
                 .form = 1,
                 .anchor = { 10, 13, 16, 30, 33, 23, 30, 61, 62, 45, 59, 119, 116, 90,
                             156, 198, 373, 326 },
                 .level = { { .box = 0 }, { .box = 1 }, { .box = 2 } } },
      .width = 160,
      .height = 192,
      .n_tensors = 3,
      .tensors = { MAPS(18, 6, 5, -50), MAPS(18, 12, 10, -50), MAPS(18, 24, 20, -50) },
      .set = { { 1, 6 * 120 + 117, 120, 6, { .4f, -.3f, .2f, .5f, 2, 3 } } },
      .x = 121.57900256 - 75.72697101 / 2,
      .y = 182.80891973 - 74.19245718 / 2,
      .width_px = 75.72697101,
      .height_px = 74.19245718,
      .score = 0.88079708 * 0.95257413 },
    /* the tiny form, two classes, stride 32: anchor 135 x 169 */
    { .name = "yolov3-face, tiny",
      .decode = kao_yolov3_decode,
      .heads = { .n_levels = 2,
                 .form = 2,
                 .anchor = { 10, 14, 23, 27, 37, 58, 81, 82, 135, 169, 344, 319 },
                 .level = { { .box = 0 }, { .box = 1 } } },
      .width = 160,
      .height = 192,
      .n_tensors = 2,
      .tensors = { MAPS(21, 6, 5, -50), MAPS(21, 12, 10, -50) },
      .set = { { 0, 7 * 30 + 4 * 5 + 3, 30, 7, { 0, 0, 0, 0, 2, 1, 3 } } },
      .x = 3.5 * 32 - 67.5,
      .y = 4.5 * 32 - 84.5,
      .width_px = 135,
      .height_px = 169,
      .score = 0.88079708 * 0.95257413,
      .mask = KAO_MASK_WORN },
};

typedef struct sheet { /* the tensors of an answer */
    kao_tensor t[MOST_TENSORS];
    const kao_tensor *of[MOST_TENSORS];
} sheet;

static void fill_sheet(sheet *s, const answer *a)
{
    for (int i = 0; i < a->n_tensors; i++) {
        kao_tensor *t = &s->t[i];

        *t = (kao_tensor){ .dtype = KAO_F32, .rank = a->tensors[i].rank };
        memcpy(t->dims, a->tensors[i].dims, sizeof a->tensors[i].dims);
        kao_tensor_set_dense(t);
        const size_t n = (size_t)kao_tensor_count(t);

        t->data = malloc(n * sizeof(float));
        assert_non_null(t->data);
        for (size_t k = 0; k < n; k++)
            ((float *)t->data)[k] = a->tensors[i].fill;
        s->of[i] = t;
    }
    for (const numbers *n = a->set; n->n; n++)
        for (int k = 0; k < n->n; k++)
            ((float *)s->t[n->tensor].data)[n->at + k * n->apart] = n->v[k];
}

static void free_sheet(sheet *s, const answer *a)
{
    for (int i = 0; i < a->n_tensors; i++)
        free(s->t[i].data);
}

static void is_near(const answer *a, const char *what, float got, double want)
{
    if (!(fabs((double)got - want) < 2e-5 * fmax(1, fabs(want))))
        fail_msg("%s: %s is %.8g, want %.8g", a->name, what, (double)got, want);
}

static void decodes(void **state)
{
    kao_mem mem;

    (void)state;
    kao_mem_init(&mem, NULL);
    for (size_t i = 0; i < COUNT(answers); i++) {
        const answer *a = &answers[i];
        kao_face_list list = { .mem = &mem };
        kao_error err = { 0 };
        sheet s;

        fill_sheet(&s, a);
        if (a->decode(&a->heads, s.of, a->width, a->height, .4f, &list, &err))
            fail_msg("%s: %s", a->name, err.msg);
        if (list.n != 1)
            fail_msg("%s: %zu faces", a->name, list.n);
        const kao_face *f = &list.faces[0];

        is_near(a, "x", f->x, a->x);
        is_near(a, "y", f->y, a->y);
        is_near(a, "width", f->width, a->width_px);
        is_near(a, "height", f->height, a->height_px);
        is_near(a, "score", f->score, a->score);
        assert_int_equal(f->n_points, a->n_points);
        assert_int_equal(f->mask, a->mask);
        if (a->n_points) {
            is_near(a, "point x", f->points[a->point].x, a->px);
            is_near(a, "point y", f->points[a->point].y, a->py);
        }
        kao_face_list_clear(&list);
        assert_int_equal(a->decode(&a->heads, s.of, a->width, a->height,
                                   (float)a->score + .001f, &list, NULL),
                         KAO_OK);
        assert_int_equal(list.n, 0);
        kao_face_list_fini(&list);
        free_sheet(&s, a);
    }
    assert_int_equal(atomic_load(&mem.live), 0);
}

/* Each tensor in turn with another number of rows, another width, or of a picture of another
 * size; and numbers that are none. */
static void refuses(void **state)
{
    kao_mem mem;

    (void)state;
    kao_mem_init(&mem, NULL);
    for (size_t i = 0; i < COUNT(answers); i++) {
        const answer *a = &answers[i];
        kao_face_list list = { .mem = &mem };
        kao_error err = { 0 };
        sheet s;

        fill_sheet(&s, a);
        for (int k = 0; k < a->n_tensors; k++) {
            const kao_tensor good = s.t[k];

            for (int32_t d = 0; d < good.rank; d++) {
                s.t[k].dims[d]--;
                if (good.dims[d] > 1 && (a->decode(&a->heads, s.of, a->width, a->height,
                                                   .4f, &list, &err) != KAO_E_FORMAT ||
                                         !strstr(err.msg, "another shape")))
                    fail_msg("%s: tensor %d, dimension %d less: %s", a->name, k, (int)d,
                             err.msg);
                s.t[k] = good;
            }
        }
        for (int k = 0; k < a->n_tensors; k++)
            for (int64_t n = 0; n < kao_tensor_count(&s.t[k]); n++)
                ((float *)s.t[k].data)[n] = NAN;
        kao_face_list_clear(&list);
        assert_int_equal(
            a->decode(&a->heads, s.of, a->width, a->height, .4f, &list, &err), KAO_OK);
        assert_int_equal(list.n, 0);
        kao_face_list_fini(&list);
        free_sheet(&s, a);
    }
    assert_int_equal(atomic_load(&mem.live), 0);
}

/* Published numbers of priors; the 2022 YuNet's maps of sides that are no multiples of 64. */
static void counts_priors(void **state)
{
    static const kao_priors usual = {
        .rule = KAO_PRIOR_UP,
        .n_levels = 3,
        .level = { { 8, { 16, 32 } }, { 16, { 64, 128 } }, { 32, { 256, 512 } } }
    };
    static kao_priors four = { .n_levels = 4,
                               .level = { { 8, { 10, 16, 24 } },
                                          { 16, { 32, 48 } },
                                          { 32, { 64, 96 } },
                                          { 64, { 128, 192, 256 } } } };
    kao_prior_walk w;
    int64_t n = 0;

    (void)state;
    assert_int_equal(kao_priors_count(&usual, 640, 640), 16800);
    four.rule = KAO_PRIOR_EVEN;
    assert_int_equal(kao_priors_count(&four, 320, 240), 4420);
    assert_int_equal(kao_priors_count(&four, 640, 480), 17640);
    four.rule = KAO_PRIOR_DOWN;
    assert_int_equal(kao_priors_count(&four, 320, 240),
                     40 * 30 * 3 + 20 * 15 * 2 + 10 * 7 * 2 + 5 * 3 * 3);
    for (int ok = kao_prior_begin(&w, &four, 320, 240); ok; ok = kao_prior_next(&w))
        n++;
    assert_int_equal(n, kao_priors_count(&four, 320, 240));
    assert_true(w.at == n);
    assert_false(kao_prior_begin(&w, &four, 2, 2)); /* no cell at all */
}

/* The weighted mean of the group around the best box: by hand from the published rule; scores
 * are the best one's. */
static void averages(void **state)
{
    static const float boxes[6][5] = {
        { 10, 10, 50, 60, .9f },     { 12, 12, 52, 58, .85f },
        { 100, 100, 150, 160, .8f }, { 30, 30, 70, 80, .75f },
        { 105, 98, 148, 162, .95f }, { 11, 40, 51, 90, .6f },
    };
    static const double want[4][5] = {
        { 102.71428571, 98.91428571, 148.91428571, 161.08571429, .95 },
        { 10.97142857, 10.97142857, 50.97142857, 59.02857143, .9 },
        { 30, 30, 70, 80, .75 },
        { 11, 40, 51, 90, .6 },
    };
    kao_mem mem;
    kao_face_list list = { .mem = &mem };

    (void)state;
    kao_mem_init(&mem, NULL);
    for (int i = 0; i < 6; i++) {
        const kao_face f = { .x = boxes[i][0],
                             .y = boxes[i][1],
                             .width = boxes[i][2] - boxes[i][0],
                             .height = boxes[i][3] - boxes[i][1],
                             .score = boxes[i][4],
                             .n_points = 1,
                             .points = { { boxes[i][0], boxes[i][3] } } };

        kao_face_list_add(&list, &f);
    }
    kao_face_list_average(&list, .3f);
    assert_int_equal(list.n, 4);
    for (size_t i = 0; i < 4; i++) {
        const kao_face *f = &list.faces[i];
        const double got[5] = { (double)f->x, (double)f->y, (double)(f->x + f->width),
                                (double)(f->y + f->height), (double)f->score };

        for (int k = 0; k < 5; k++)
            assert_true(fabs(got[k] - want[i][k]) < 1e-4);
        assert_true(fabs((double)f->points[0].x - want[i][0]) < 1e-4 &&
                    fabs((double)f->points[0].y - want[i][3]) < 1e-4);
    }
    kao_face_list_clear(&list);
    kao_face_list_average(&list, .3f);
    assert_int_equal(list.n, 0);
    kao_face_list_fini(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decodes),
        cmocka_unit_test(refuses),
        cmocka_unit_test(counts_priors),
        cmocka_unit_test(averages),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
