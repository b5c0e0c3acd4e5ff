/* Embedders whose cards are presets, whose metric is a distance, whose batch is fixed: on networks
 * that hand out what they are given, so that every number is known. */
#include "support/unit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "data/expected_grey.h"
#include "kao/embedder.h"
#include "support/fixture.h"

enum {
    WIDTH = 12,
    HEIGHT = 10,
    PIXELS = WIDTH * HEIGHT,
    CASE = 1 /* of grey_planes */
};

static kao_embedder *open_flat(fixture *f, const char *dims, const char *card)
{
    pb file = flat_model(dims);
    kao_model *m = NULL;
    kao_embedder *e = NULL;

    assert_int_equal(
        kao_model_open_card(f->ctx, &m, fixture_file(f, "flat", &file), card, &f->err),
        KAO_OK);
    if (kao_embedder_create(m, &e, NULL, &f->err))
        assert_null(e);
    kao_model_release(m);
    return e;
}

/* The formula of make_grey.py. */
static kao_image paint(fixture *f, uint32_t w, uint32_t h, uint32_t add)
{
    kao_image m = { 0 };

    assert_int_equal(kao_image_create(f->ctx, w, h, &m, NULL), KAO_OK);
    for (uint32_t y = 0; y < h; y++)
        for (uint32_t x = 0; x < w; x++)
            for (uint32_t c = 0; c < 3; c++)
                m.rgb[y * m.row_bytes + x * 3 + c] =
                    (uint8_t)(x * 37 + y * 91 + x * y * 13 + c * 101 + add);
    return m;
}

/* What the sample's NumPy computes: two roundings. */
static float sample_of(uint8_t v)
{
    const float scaled = (float)v / 127.5f;

    return scaled - 1.0f;
}

static void sees_what_the_sample_sees(void **state)
{
    static const struct {
        const char *dims, *preset;
        const uint8_t *plane;
    } cases[] = {
        { "?,1,10,12", "ailia-arcface", grey_1 },
        { "2,1,10,12", "ailia-arcface", grey_1 },
        { "4,1,10,12", "ailia-arcface", grey_1 },
        { "1,1,10,12", "ailia-arcface", grey_1 },
        { "?,1,10,12", "ailia-arcface-eq", equal_1 },
        { "2,1,10,12", "ailia-arcface-eq", equal_1 },
    };
    fixture *f = *state;
    kao_image m =
        paint(f, grey_planes[CASE].from_width, grey_planes[CASE].from_height, 0);
    const kao_view view = kao_image_view(&m);

    for (size_t i = 0; i < COUNT(cases); i++) {
        char card[128];
        float got[2 * PIXELS];

        /* a distance leaves the numbers as they come: they can be looked at */
        snprintf(card, sizeof card,
                 "preset = %s\ninput.size = 12x10\nmetric = euclidean\n",
                 cases[i].preset);
        kao_embedder *e = open_flat(f, cases[i].dims, card);

        assert_non_null(e);
        assert_int_equal(kao_embedder_dim(e, KAO_TTA_NONE), PIXELS);
        assert_int_equal(kao_embedder_tta(e), KAO_TTA_CONCAT);
        assert_int_equal(kao_embedder_template(e)->whole, 1);
        assert_int_equal(kao_embed(e, &view, 1, KAO_TTA_NONE, got, NULL), KAO_OK);
        for (size_t k = 0; k < PIXELS; k++)
            if (got[k] != sample_of(cases[i].plane[k]))
                fail_msg("case %zu, %zu: %.9g not %.9g", i, k, (double)got[k],
                         (double)sample_of(cases[i].plane[k]));
        assert_int_equal(kao_embed(e, &view, 1, KAO_TTA_CONCAT, got, NULL), KAO_OK);
        for (size_t k = 0; k < PIXELS; k++) {
            const size_t mirrored = k - k % WIDTH + WIDTH - 1 - k % WIDTH;
            const float by = (float)sqrt(2);

            assert_float_equal(got[k] * by, sample_of(cases[i].plane[k]), 1e-6);
            assert_float_equal(got[PIXELS + k] * by,
                               sample_of(cases[i].plane[mirrored]), 1e-6);
        }
        kao_embedder_destroy(e);
    }
    kao_image_free(f->ctx, &m);
}

/* Three pictures through batches of four and of eight: the same numbers. The similarity is the
 * cosine of the joined, unnormalised halves. */
static void batches_do_not_matter(void **state)
{
    static const char *const dims[] = { "1,1,10,12", "2,1,10,12", "4,1,10,12",
                                        "?,1,10,12" };
    fixture *f = *state;
    kao_image m[3];
    kao_view views[3];
    float want[3][2 * PIXELS], got[3][2 * PIXELS], threshold = 0;

    for (uint32_t i = 0; i < 3; i++) {
        m[i] = paint(f, 20 + 7 * i, 31, 40 * i);
        views[i] = kao_image_view(&m[i]);
    }
    for (size_t k = 0; k < COUNT(dims); k++) {
        kao_embedder *e =
            open_flat(f, dims[k], "preset = ailia-arcface\ninput.size = 12x10\n");

        assert_non_null(e);
        /* the preset's is of 128 x 128 pixels */
        assert_int_equal(kao_embedder_threshold(e, &threshold), 0);
        assert_int_equal(kao_embed(e, views, 3, KAO_TTA_CONCAT, got[0], NULL), KAO_OK);
        if (k == 0)
            memcpy(want, got, sizeof got);
        assert_memory_equal(want, got, sizeof got);
        kao_embedder_destroy(e);
    }
    double dot = 0, na = 0, nb = 0;

    for (size_t i = 0; i < 2 * PIXELS; i++) {
        dot += (double)got[0][i] * (double)got[1][i];
        na += (double)got[0][i] * (double)got[0][i];
        nb += (double)got[1][i] * (double)got[1][i];
    }
    assert_float_equal((float)na, 1, 1e-6);
    assert_float_equal(kao_similarity(got[0], got[1], 2 * PIXELS),
                       (float)(dot / sqrt(na * nb)), 1e-6);
    for (uint32_t i = 0; i < 3; i++)
        kao_image_free(f->ctx, &m[i]);
}

/* Raw outputs (3, 4) and (0, 0) are 5 apart. */
static void distances(void **state)
{
    static const float a[] = { .3f, .4f }, b[] = { 0, 0 }, far[] = { 30, 40 },
                       unit[] = { .6f, .8f }, other[] = { .8f, -.6f },
                       none[] = { NAN, 0 };
    fixture *f = *state;
    float threshold = 0;
    kao_embedder *e =
        open_flat(f, "?,1,10,12",
                  "preset = ailia-arcface\ninput.size = 12x10\nmetric = euclidean\n"
                  "threshold.cosine = .5\n");

    assert_true(kao_similarity(a, a, 2) == 1);
    assert_float_equal(kao_similarity(a, b, 2), .875f, 1e-6);
    assert_true(kao_similarity(far, b, 2) == -1);
    assert_float_equal(kao_similarity(unit, other, 2), 0, 1e-6);
    assert_true(isnan((double)kao_similarity(a, none, 2)));
    assert_non_null(e);
    assert_int_equal(kao_embedder_threshold(e, &threshold), 1);
    assert_true(threshold == .5f);
    kao_embedder_destroy(e);
    e = open_flat(f, "?,1,10,12", /* the preset's own cosine comes behind it */
                  "preset = ailia-arcface\ninput.size = 12x10\n"
                  "threshold.distance = 0.6\n");
    assert_non_null(e);
    assert_int_equal(kao_embedder_threshold(e, &threshold), 1);
    assert_float_equal(threshold, .82f, 1e-6);
    kao_embedder_destroy(e);
    e = open_flat(
        f, "?,3,10,10",
        "kind = embedder\ninput.color = rgb\ninput.mean = 0\ninput.scale = 1\n"
        "input.size = 10\ntemplate = dlib-150\nmetric = euclidean\n"
        "threshold.distance = 0.6\n");
    assert_non_null(e);
    assert_int_equal(kao_embedder_threshold(e, &threshold), 1);
    assert_float_equal(threshold, .82f, 1e-6);
    /* (38.2946 - 6.69) * 10 / 98.6, (51.6963 - 22.75) * 10 / 98.6 */
    assert_float_equal(kao_embedder_template(e)->points[0].x, 3.205335f, 1e-5);
    assert_float_equal(kao_embedder_template(e)->points[0].y, 2.935730f, 1e-5);
    kao_embedder_destroy(e);
}

static void bad_cards_are_refused(void **state)
{
    static const struct {
        const char *card, *says;
        kao_status st;
    } cases[] = {
        { "preset = ailia-arcfase\n", "ailia-arcface or ailia-arcface-eq",
          KAO_E_UNSUPPORTED },
        { "preset = ailia-arcface\ninput.color = rgb\n", "input.color = grey alone",
          KAO_E_UNSUPPORTED },
        { "preset = ailia-arcface-eq\ntemplate = square\ninput.size = 10\n",
          "template = picture alone", KAO_E_UNSUPPORTED },
        { "preset = ailia-arcface\ninput.equalize = maybe\n", "one of no, yes",
          KAO_E_UNSUPPORTED },
        { "preset = ailia-arcface\nmetric = manhattan\n", "one of cosine, euclidean",
          KAO_E_UNSUPPORTED },
        { "kind = embedder\ninput.color = grey\ninput.mean = 0\ninput.scale = 1\n"
          "input.size = 12x10\ntemplate = picture\nthreshold.distance = 2.5\n",
          "wanted 0 to 2", KAO_E_FORMAT },
    };
    fixture *f = *state;
    pb file = flat_model("?,1,10,12");

    fixture_file(f, "flat", &file);
    for (size_t i = 0; i < COUNT(cases); i++) {
        kao_model *m = NULL;
        kao_embedder *e = NULL;
        kao_status st =
            kao_model_open_card(f->ctx, &m, f->path, cases[i].card, &f->err);

        if (!st)
            st = kao_embedder_create(m, &e, NULL, &f->err);
        assert_int_equal(st, cases[i].st);
        assert_non_null(strstr(f->err.msg, cases[i].says));
        assert_null(e);
        kao_model_release(m);
    }
}

/* Batches that cannot be met, and chips that are no chips. */
static void limits(void **state)
{
    fixture *f = *state;
    const kao_face face = { .size = sizeof face, .width = 5, .height = 5 };
    kao_image m = paint(f, 20, 20, 0), chip = { 0 };
    const kao_view view = kao_image_view(&m);
    static const char card[] = "preset = ailia-arcface\ninput.size = 12x10\n";

    assert_null(open_flat(f, "65,1,10,12", card));
    assert_non_null(strstr(f->err.msg, "takes 65 pictures at once, 64 at most"));
    kao_embedder *e = open_flat(f, "64,1,10,12", card);

    assert_non_null(e);
    assert_int_equal(
        kao_align(f->ctx, &view, &face, kao_embedder_template(e), &chip, &f->err),
        KAO_E_ARG);
    assert_non_null(strstr(f->err.msg, "whole picture"));
    kao_embedder_destroy(e);
    kao_image_free(f->ctx, &m);
}

/* What changes vectors changes the id. */
static void ids_tell_them_apart(void **state)
{
    static const char *const cards[] = {
        "preset = ailia-arcface\ninput.size = 12x10\n",
        "preset = ailia-arcface-eq\ninput.size = 12x10\n",
        "preset = ailia-arcface\ninput.size = 12x10\nmetric = euclidean\n",
    };
    fixture *f = *state;
    char id[COUNT(cards)][KAO_ID_BYTES];

    for (size_t i = 0; i < COUNT(cards); i++) {
        kao_embedder *e = open_flat(f, "?,1,10,12", cards[i]);

        assert_non_null(e);
        assert_int_equal(kao_embedder_id(e, KAO_TTA_CONCAT, id[i], NULL), KAO_OK);
        kao_embedder_destroy(e);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(id[i], id[k]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sees_what_the_sample_sees),
        cmocka_unit_test(batches_do_not_matter),
        cmocka_unit_test(distances),
        cmocka_unit_test(bad_cards_are_refused),
        cmocka_unit_test(limits),
        cmocka_unit_test(ids_tell_them_apart),
    };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
