/* The whole walk on the two built models: picture -> faces -> chip -> vector. The
 * numbers were computed apart (data/make_expected.py). */
#include "support/unit.h"

#include <math.h>
#include <string.h>

#include "base/context.h"
#include "data/expected_tiny.h"
#include "kao/detector.h"
#include "kao/embedder.h"
#include "nn/session.h"
#include "support/fixture.h"

/* x, y, width, height, colour, and what it falls by from tile to tile: as in PICTURES
 * of make_expected.py */
typedef struct box {
    uint32_t x, y, w, h;
    uint8_t r, g, b, fall;
} box;

typedef struct picture {
    uint32_t w, h;
    box boxes[5];
} picture;

static const picture one_pass = { 80,
                                  48,
                                  { { 20, 12, 4, 4, 240, 0, 0, 0 },
                                    { 32, 24, 8, 8, 0, 208, 0, 0 },
                                    { 0, 32, 16, 16, 0, 0, 192, 0 } } };
static const picture enlarged = { 640,
                                  640,
                                  { { 128, 128, 32, 32, 0, 0, 192, 0 },
                                    { 448, 320, 16, 16, 0, 208, 0, 0 },
                                    { 384, 576, 4, 4, 208, 0, 0, 0 } } };
static const picture reduced = { 1280,
                                 960,
                                 { { 256, 256, 256, 256, 0, 0, 170, 1 },
                                   { 960, 640, 16, 16, 0, 205, 0, 0 },
                                   { 896, 128, 8, 8, 190, 0, 0, 0 } } };
/* Three tiles; the second green one is where two meet. */
static const picture tiles = { 2560,
                               896,
                               { { 1280, 512, 128, 128, 0, 0, 170, 0 },
                                 { 400, 400, 16, 16, 0, 205, 0, 0 },
                                 { 864, 400, 16, 16, 0, 210, 0, 0 },
                                 { 1200, 640, 16, 16, 0, 215, 0, 0 },
                                 { 2000, 128, 8, 8, 190, 0, 0, 0 } } };

static uint8_t less(uint8_t v, uint32_t fall)
{
    return v > fall ? (uint8_t)(v - fall) : 0;
}

static kao_image paint(fixture *f, const picture *p)
{
    kao_image image = { 0 };

    assert_int_equal(kao_image_create(f->ctx, p->w, p->h, &image, NULL), KAO_OK);
    for (size_t i = 0; i < COUNT(p->boxes); i++) {
        const box *b = &p->boxes[i];
        const uint32_t columns = (b->w + 31) / 32;

        for (uint32_t y = 0; y < b->h; y += 32)
            for (uint32_t x = 0; x < b->w; x += 32) {
                const uint32_t fall = b->fall * (y / 32 * columns + x / 32);

                fill_box(&image, b->x + x, b->y + y, b->w - x < 32 ? b->w - x : 32,
                         b->h - y < 32 ? b->h - y : 32, less(b->r, fall),
                         less(b->g, fall), less(b->b, fall));
            }
    }
    return image;
}

enum { NUMBERS = 15, ROOM = 64 };

static kao_faces find(kao_detector *d, const kao_image *image,
                      const kao_detect_options *o)
{
    const kao_view view = kao_image_view(image);
    kao_faces faces = KAO_FACES_INIT;

    assert_int_equal(kao_detect(d, &view, o, &faces, NULL), KAO_OK);
    return faces;
}

static void same_faces(const kao_faces *faces, const float *want, size_t n_want)
{
    assert_int_equal(faces->n, n_want);
    assert_int_equal(faces->turned, 0);
    for (size_t i = 0; i < faces->n; i++) {
        const kao_face *f = kao_face_at(faces, i);
        const float *w = want + NUMBERS * i;
        const float got[5] = { f->x, f->y, f->width, f->height, f->score };

        for (int k = 0; k < 4; k++)
            assert_true(fabsf(got[k] - w[k]) < 2e-3f);
        assert_true(fabsf(got[4] - w[4]) < 1e-5f);
        for (int k = 0; k < 2 * KAO_FACE_POINTS; k++) {
            const kao_point *p = &f->points[k / 2];

            assert_true(fabsf((k % 2 ? p->y : p->x) - w[5 + k]) < 2e-3f);
        }
    }
}

static void finds_predicted_faces(void **state)
{
    static const struct {
        const picture *picture;
        const float *want;
        size_t n;
        kao_search search;
    } rows[] = {
        { &one_pass, tiny_one_pass, COUNT(tiny_one_pass), KAO_SEARCH_ALL },
        { &enlarged, tiny_enlarged, COUNT(tiny_enlarged), KAO_SEARCH_ALL },
        { &reduced, tiny_reduced, COUNT(tiny_reduced), KAO_SEARCH_ALL },
        /* no face is so large that small ones could not matter */
        { &reduced, tiny_reduced, COUNT(tiny_reduced), KAO_SEARCH_LARGEST },
        { &tiles, tiny_tiles, COUNT(tiny_tiles), KAO_SEARCH_ALL },
        { &one_pass, tiny_one_pass, COUNT(tiny_one_pass), KAO_SEARCH_ALL },
    };
    fixture *f = *state;
    kao_detector *d = open_detector(f);

    for (size_t t = 0; t < COUNT(rows); t++) {
        kao_image image = paint(f, rows[t].picture);
        const kao_detect_options o = { .search = rows[t].search };
        const kao_faces faces = find(d, &image, &o);

        same_faces(&faces, rows[t].want, rows[t].n / NUMBERS);
        kao_image_free(f->ctx, &image);
    }
    kao_detector_destroy(d);
}

static void finds_by_score(void **state)
{
    fixture *f = *state;
    kao_detector *d = open_detector(f);
    kao_image image = paint(f, &one_pass), black = { 0 };
    const kao_detect_options strict = { .min_score = 0.998f };
    kao_faces faces = find(d, &image, &strict);
    kao_view none = { 0 };

    assert_int_equal(faces.n, 2);
    assert_int_equal(kao_image_create(f->ctx, 33, 47, &black, NULL), KAO_OK);
    assert_int_equal(find(d, &black, NULL).n, 0);
    kao_image_free(f->ctx, &black);
    faces.n = 99;
    assert_int_equal(kao_detect(d, &none, NULL, &faces, &f->err), KAO_E_ARG);
    assert_int_equal(faces.n, 0);
    kao_image_free(f->ctx, &image);
    kao_detector_destroy(d);
}

/* Raw outputs of the detector for a 64 x 32 picture of chip_at, B G R. */
static void network_gives_expected_maps(void **state)
{
    static const struct {
        const float *want;
        size_t n;
    } rows[12] = {
        { tiny_cls_8, COUNT(tiny_cls_8) },     { tiny_cls_16, COUNT(tiny_cls_16) },
        { tiny_cls_32, COUNT(tiny_cls_32) },   { tiny_obj_8, COUNT(tiny_obj_8) },
        { tiny_obj_16, COUNT(tiny_obj_16) },   { tiny_obj_32, COUNT(tiny_obj_32) },
        { tiny_bbox_8, COUNT(tiny_bbox_8) },   { tiny_bbox_16, COUNT(tiny_bbox_16) },
        { tiny_bbox_32, COUNT(tiny_bbox_32) }, { tiny_kps_8, COUNT(tiny_kps_8) },
        { tiny_kps_16, COUNT(tiny_kps_16) },   { tiny_kps_32, COUNT(tiny_kps_32) },
    };
    static float in[3 * 32 * 64];
    fixture *f = *state;
    kao_tensor t = {
        .dtype = KAO_F32, .rank = 4, .dims = { 1, 3, 32, 64 }, .data = in
    };

    for (uint32_t i = 0; i < COUNT(in); i++)
        in[i] = chip_at(i % 64, i / 64 % 32, 2 - i / (64 * 32));
    kao_tensor_set_dense(&t);
    for (uint32_t all = 0; all < 2; all++) {
        kao_network *m = NULL;
        kao_session *s = NULL;

        assert_int_equal(kao_network_load(f->ctx, &m, f->detector, &f->err), KAO_OK);
        assert_int_equal(kao_session_create(
                             &s, m,
                             &(kao_session_options){ .passes = all ? KAO_PASS_ALL : 0 },
                             NULL),
                         KAO_OK);
        assert_int_equal(kao_session_bind(s, 0, &t, NULL), KAO_OK);
        assert_int_equal(kao_session_run(s, NULL), KAO_OK);
        for (uint32_t i = 0; i < 12; i++) {
            const kao_tensor *out = kao_session_output(s, i);

            assert_int_equal(kao_tensor_count(out), rows[i].n);
            for (size_t k = 0; k < rows[i].n; k++)
                assert_true(fabsf(((const float *)out->data)[k] - rows[i].want[k]) <
                            2e-5f);
        }
        kao_session_destroy(s);
        kao_network_destroy(m);
    }
}

static void same_numbers(const float *got, const float *want, size_t n)
{
    double length = 0;

    for (size_t i = 0; i < n; i++) {
        assert_true(fabsf(got[i] - want[i]) < 1e-5f);
        length += (double)got[i] * (double)got[i];
    }
    assert_true(fabs(length - 1) < 1e-5);
}

static void embeds_as_expected(void **state)
{
    fixture *f = *state;
    kao_embedder *e = open_embedder(f);
    kao_image chip = { 0 }, large = { 0 };
    float v[2 * TINY_DIM], threshold = 0;
    const uint32_t w = kao_embedder_template(e)->width,
                   h = kao_embedder_template(e)->height;

    assert_true(w == TINY_CHIP && h == TINY_CHIP);
    assert_true(kao_embedder_threshold(e, &threshold) && threshold == 0.9f);
    assert_int_equal(kao_embedder_dim(e, KAO_TTA_NONE), TINY_DIM);
    assert_int_equal(kao_embedder_dim(e, KAO_TTA_SUM), TINY_DIM);
    assert_int_equal(kao_embedder_dim(e, KAO_TTA_CONCAT), 2 * TINY_DIM);
    assert_int_equal(kao_image_create(f->ctx, w, h, &chip, NULL), KAO_OK);
    chip_fill(&chip);
    assert_int_equal(embed_images(e, &chip, 1, KAO_TTA_NONE, v, NULL), KAO_OK);
    same_numbers(v, tiny_embedding, TINY_DIM);
    assert_int_equal(embed_images(e, &chip, 1, KAO_TTA_CONCAT, v, NULL), KAO_OK);
    same_numbers(v, tiny_concat, 2 * TINY_DIM);
    assert_int_equal(embed_images(e, &chip, 1, KAO_TTA_SUM, v, NULL), KAO_OK);
    same_numbers(v, tiny_sum, TINY_DIM);
    /* each pixel four times: reduced by two it is the chip again */
    assert_int_equal(kao_image_create(f->ctx, 2 * w, 2 * h, &large, NULL), KAO_OK);
    for (uint32_t y = 0; y < 2 * h; y++)
        for (uint32_t x = 0; x < 2 * w; x++)
            memcpy(large.rgb + y * large.row_bytes + 3 * (size_t)x,
                   chip.rgb + y / 2 * chip.row_bytes + 3 * (size_t)(x / 2), 3);
    assert_int_equal(embed_images(e, &large, 1, KAO_TTA_NONE, v, NULL), KAO_OK);
    same_numbers(v, tiny_embedding, TINY_DIM);
    kao_image_free(f->ctx, &large);
    kao_image_free(f->ctx, &chip);
    kao_embedder_destroy(e);
}

/* 19 chips in one call, over several runs: each has the bits it has alone. */
static void company_changes_nothing(void **state)
{
    enum { N = 19 };
    static const kao_tta ttas[] = { KAO_TTA_NONE, KAO_TTA_CONCAT, KAO_TTA_SUM };
    fixture *f = *state;
    kao_embedder *e = open_embedder(f);
    kao_image chips[N] = { { 0 } };
    static float all[N * 2 * TINY_DIM], one[2 * TINY_DIM];

    for (uint32_t i = 0; i < N; i++) {
        assert_int_equal(
            kao_image_create(f->ctx, TINY_CHIP, TINY_CHIP, &chips[i], NULL), KAO_OK);
        chip_fill(&chips[i]);
        fill_box(&chips[i], i, i / 2, 5, 7, (uint8_t)(i * 13), 200, (uint8_t)(255 - i));
    }
    for (size_t t = 0; t < COUNT(ttas); t++) {
        const size_t dim = kao_embedder_dim(e, ttas[t]);

        assert_int_equal(embed_images(e, chips, N, ttas[t], all, NULL), KAO_OK);
        for (size_t i = 0; i < N; i++) {
            assert_int_equal(embed_images(e, &chips[i], 1, ttas[t], one, NULL), KAO_OK);
            assert_memory_equal(one, all + i * dim, dim * sizeof *one);
        }
        assert_true(kao_similarity(all, all, dim) == 1);
        assert_true(kao_similarity(all, all + dim, dim) < 1);
    }
    assert_int_equal(embed_images(e, NULL, 0, KAO_TTA_NONE, NULL, NULL), KAO_OK);
    assert_int_equal(embed_images(e, chips, 1, (kao_tta)7, all, &f->err), KAO_E_ARG);
    for (uint32_t i = 0; i < N; i++)
        kao_image_free(f->ctx, &chips[i]);
    kao_embedder_destroy(e);
}

/* The chip of a face lies where its points say: the marked eye and mouth are found
 * again. */
static void aligns_found_faces(void **state)
{
    fixture *f = *state;
    kao_detector *d = open_detector(f);
    kao_embedder *e = open_embedder(f);
    const kao_template *t = kao_embedder_template(e);
    kao_image image = paint(f, &one_pass), chip = { 0 };
    const kao_faces found = find(d, &image, NULL);
    kao_view view = kao_image_view(&image);
    kao_face faces[3];
    float v[TINY_DIM];

    assert_int_equal(found.n, 3);
    for (size_t i = 0; i < 3; i++)
        faces[i] = *kao_face_at(&found, i);
    /* the green one, stride 16 at half size: 6.3 pixels between the eyes */
    assert_int_equal(kao_align(f->ctx, &view, &faces[1], t, &chip, &f->err),
                     KAO_E_TOO_SMALL);
    assert_non_null(strstr(f->err.msg, "6.3"));
    assert_null(chip.rgb);
    view.reduction = 2; /* a pixel is 2 x 2 of the file */
    assert_int_equal(kao_align(f->ctx, &view, &faces[1], t, &chip, NULL), KAO_OK);
    view.reduction = 0;
    /* into the same chip */
    assert_int_equal(kao_align(f->ctx, &view, &faces[2], t, &chip, NULL), KAO_OK);
    const kao_point *left = &faces[2].points[0];
    const float scale =
        kao_face_eye_distance_px(&faces[2]) / (35.2372f * TINY_CHIP / 112);

    for (uint32_t y = 0; y < TINY_CHIP; y++)
        for (uint32_t x = 0; x < TINY_CHIP; x++) {
            const float px = left->x + ((float)x - 38.2946f * TINY_CHIP / 112) * scale;
            const float py = left->y + ((float)y - 51.6963f * TINY_CHIP / 112) * scale;
            const uint8_t *p = chip.rgb + y * chip.row_bytes + 3 * (size_t)x;

            if (px > 1.5f && px < 14 && py > 33.5f && py < 46)
                assert_true(p[2] == 192 && p[0] == 0); /* the blue square */
            if (px < -2 || px > 17.5f || py > 49 || py < 30)
                assert_true(p[2] == 0);
        }
    assert_int_equal(embed_images(e, &chip, 1, KAO_TTA_NONE, v, NULL), KAO_OK);
    kao_image_free(f->ctx, &chip);
    kao_image_free(f->ctx, &image);
    kao_embedder_destroy(e);
    kao_detector_destroy(d);
}

/* Same bits for any number of threads. */
static void threads_change_nothing(void **state)
{
    static const uint32_t counts[] = { 1, 2, 5 };
    fixture *f = *state;
    kao_face first[ROOM];
    size_t n_first = 0;

    for (size_t t = 0; t < COUNT(counts); t++) {
        const kao_context_options o = { .n_threads = counts[t] };
        fixture own = *f;

        assert_int_equal(kao_context_create(&own.ctx, &o, NULL), KAO_OK);
        kao_detector *d = open_detector(&own);
        kao_image image = paint(&own, &reduced);

        const kao_faces faces = find(d, &image, NULL);

        assert_in_range(faces.n, 1, ROOM);
        if (t == 0) {
            n_first = faces.n;
            memcpy(first, faces.first, n_first * sizeof *first);
        }
        assert_int_equal(faces.n, n_first);
        assert_memory_equal(first, faces.first, n_first * sizeof *first);
        kao_image_free(own.ctx, &image);
        kao_detector_destroy(d);
        kao_context_destroy(own.ctx);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(network_gives_expected_maps),
        cmocka_unit_test(finds_predicted_faces),
        cmocka_unit_test(finds_by_score),
        cmocka_unit_test(embeds_as_expected),
        cmocka_unit_test(company_changes_nothing),
        cmocka_unit_test(aligns_found_faces),
        cmocka_unit_test(threads_change_nothing),
    };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
