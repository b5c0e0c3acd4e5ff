/* Facts of a face's picture: against numbers that were computed apart (data/make_quality.py); the
 * outcomes; the norm; and, on the example portraits, what a user would say of them. */
#include "support/unit.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "face/card.h"
#include "face/quality.h"
#include "image/image.h"
#include "support/fixture.h"

enum { SIDE = KAO_QUALITY_SIDE };

typedef struct chip_case {
    const char *what;
    float facts[7]; /* score, detail, light, contrast, dark, blown, masked */
} chip_case;

typedef struct pose_case {
    const char *what;
    float points[10], angles[3];
} pose_case;

#include "data/expected_quality.h"

/* ---- chips ---- */

static uint8_t pattern(uint32_t x, uint32_t y, uint32_t c)
{
    return (uint8_t)((x * 7 + y * 13 + c * 29 + x * y / 4) % 256);
}

static void set(uint8_t *p, uint32_t r, uint32_t g, uint32_t b)
{
    p[0] = (uint8_t)r;
    p[1] = (uint8_t)g;
    p[2] = (uint8_t)b;
}

/* The pictures of make_quality.py, by name. */
static void draw(const char *what, uint32_t x, uint32_t y, uint8_t *p)
{
    const bool lips = x >= 44 && x < 68 && y >= 88 && y < 97;

    if (strcmp(what, "noise") == 0)
        set(p, pattern(x, y, 0), pattern(x, y, 1), pattern(x, y, 2));
    else if (strcmp(what, "dark") == 0)
        set(p, pattern(x, y, 0) / 10, pattern(x, y, 1) / 10, pattern(x, y, 2) / 10);
    else if (strcmp(what, "green") == 0)
        set(p, 20 + x % 4, 180 + y % 5, 30);
    else if (strcmp(what, "gradients") == 0)
        set(p, 60 + x, 50 + y, 40 + (x + y) / 2);
    else if (strcmp(what, "blown") == 0)
        set(p, x < 106 ? 150 + x : 255, x < 106 ? 150 + x : 255,
            x < 106 ? 150 + x : 255);
    else if (strcmp(what, "covered") == 0 && y >= 76)
        set(p, 150 + y % 5, 180 + x % 3, 215 + y % 2);
    else
        set(p, 190 + x % 4 + (lips ? 10 : 0), 140 + y % 5 - (lips ? 40 : 0),
            115 + (x + y) % 3 - (lips ? 25 : 0));
}

static kao_image chip_of(fixture *f, const char *what)
{
    kao_image chip = { 0 };

    assert_int_equal(kao_image_create(f->ctx, SIDE, SIDE, &chip, NULL), KAO_OK);
    for (uint32_t y = 0; y < SIDE; y++)
        for (uint32_t x = 0; x < SIDE; x++)
            draw(what, x, y, kao_image_row(&chip, y) + (size_t)x * 3);
    return chip;
}

static void check_near(const char *what, double got, double want, double by)
{
    if (!(fabs(got - want) <= by))
        fail_msg("%s: %.6f, wanted %.6f within %g", what, got, want, by);
}

#define near(what, got, want, by) check_near(what, (double)(got), (double)(want), by)

static void chips(void **state)
{
    fixture *f = *state;

    for (size_t i = 0; i < COUNT(chip_cases); i++) {
        const chip_case *c = &chip_cases[i];
        kao_image chip = chip_of(f, c->what);
        const kao_view view = kao_image_view(&chip);
        kao_quality q = KAO_QUALITY_INIT;

        assert_int_equal(kao_quality_of(f->ctx, &view, NULL, &q, &f->err), KAO_OK);
        const float got[7] = { q.score, q.detail, q.light, q.contrast,
                               q.dark,  q.blown,  q.masked };

        for (int k = 0; k < 7; k++)
            near(c->what, got[k], c->facts[k], k == 6 ? 2e-3 : 1e-5);
        assert_true(isnan(q.yaw) && isnan(q.pitch) && isnan(q.roll));
        assert_true(isnan(q.eye_distance_px) && q.norm == 0);
        assert_int_equal(!!(q.outcomes & KAO_DARK), strcmp(c->what, "dark") == 0);
        assert_int_equal(!!(q.outcomes & KAO_MASKED), c->facts[6] >= .85f);
        assert_int_equal(!!(q.outcomes & KAO_BLURRED), c->facts[1] < -1.8f);
        kao_image_free(f->ctx, &chip);
    }
}

/* ---- faces ---- */

static void poses(void **state)
{
    fixture *f = *state;
    kao_image chip = chip_of(f, "bare");
    kao_view view = kao_image_view(&chip);

    view.reduction = 4;
    for (size_t i = 0; i < COUNT(pose_cases); i++) {
        const pose_case *c = &pose_cases[i];
        kao_face face = {
            .size = sizeof face, .width = 80, .height = 100, .n_points = 5
        };
        kao_quality q = KAO_QUALITY_INIT;

        for (int k = 0; k < 5; k++)
            face.points[k] = (kao_point){ c->points[2 * k], c->points[2 * k + 1] };
        assert_int_equal(kao_quality_of(f->ctx, &view, &face, &q, &f->err), KAO_OK);
        near(c->what, q.yaw, c->angles[0], 2e-3);
        near(c->what, q.pitch, c->angles[1], 2e-3);
        near(c->what, q.roll, c->angles[2], 2e-3);
        near(c->what, q.eye_distance_px, 35.2377 * 4, 0.01);
        assert_int_equal(!!(q.outcomes & KAO_EXTREME_POSE), fabsf(c->angles[0]) > 40);
    }
    kao_image_free(f->ctx, &chip);
}

/* A detector that tells masks has the word; faces of other detectors get by their box. */
static void told_and_boxed(void **state)
{
    fixture *f = *state;
    kao_image chip = chip_of(f, "covered");
    const kao_view view = kao_image_view(&chip);
    kao_face face = {
        .size = sizeof face, .x = 10, .y = 10, .width = 90, .height = 90
    };
    kao_quality q = KAO_QUALITY_INIT;

    face.mask = KAO_MASK_NONE;
    assert_int_equal(kao_quality_of(f->ctx, &view, &face, &q, &f->err), KAO_OK);
    assert_true(q.masked == 0 && !(q.outcomes & KAO_MASKED));
    assert_true(isnan(q.yaw) && isnan(q.eye_distance_px));
    face.mask = KAO_MASK_WORN;
    assert_int_equal(kao_quality_of(f->ctx, &view, &face, &q, &f->err), KAO_OK);
    assert_true(q.masked == 1 && q.outcomes & KAO_MASKED);
    face.size = offsetof(kao_face, mask); /* of before: what follows is not its */
    assert_int_equal(kao_quality_of(f->ctx, &view, &face, &q, &f->err), KAO_OK);
    assert_true(q.masked > 0 && q.masked < 1);
    face.size = sizeof face;
    face.width = face.height = 6;
    assert_int_equal(kao_quality_of(f->ctx, &view, &face, &q, &f->err),
                     KAO_E_TOO_SMALL);
    face.width = face.height = 2 * KAO_MIN_EYE_DISTANCE_PX - 0.02f; /* not told as 20 */
    assert_int_equal(kao_quality_of(f->ctx, &view, &face, &q, &f->err),
                     KAO_E_TOO_SMALL);
    assert_non_null(strstr(f->err.msg, "too small: 19.9 pixels, at least 20"));
    assert_int_equal(kao_quality_of(NULL, &view, &face, &q, NULL), KAO_E_ARG);
    q.size = 4;
    assert_int_equal(kao_quality_of(f->ctx, &view, NULL, &q, NULL), KAO_E_ARG);
    kao_image_free(f->ctx, &chip);
}

static void words(void **state)
{
    static const char *const names[] = { "blurred", "dark", "extreme_pose", "masked" };

    (void)state;
    for (int i = 0; i < 4; i++)
        assert_string_equal(kao_outcome_name((kao_outcome)(1 << i)), names[i]);
    assert_null(kao_outcome_name((kao_outcome)0));
    assert_null(kao_outcome_name((kao_outcome)(KAO_BLURRED | KAO_DARK)));
}

/* ---- the norm ---- */

/* The network's own output is the vector times its length. */
static void check_length(fixture *f, const kao_image *chip, const float *v, float norm)
{
    static float input[3 * TINY_CHIP * TINY_CHIP];
    kao_file bytes = { 0 };
    kao_network *net = NULL;
    kao_session *s = NULL;

    for (uint32_t c = 0; c < 3; c++)
        for (uint32_t i = 0; i < TINY_CHIP * TINY_CHIP; i++)
            input[c * TINY_CHIP * TINY_CHIP + i] =
                ((float)kao_image_row(chip, i / TINY_CHIP)[i % TINY_CHIP * 3 + c] -
                 127.5f) /
                128;
    const kao_tensor in = tensor_of("1,3,32,32", input);

    assert_int_equal(kao_file_open(&bytes, &f->ctx->mem, f->embedder, 1 << 24, &f->err),
                     KAO_OK);
    const pb file = { (uint8_t *)(uintptr_t)bytes.bytes.p, bytes.bytes.n,
                      bytes.bytes.n };

    assert_int_equal(run_graph(f->ctx, &file, KAO_PASS_ALL, &in, 1, &net, &s, &f->err),
                     KAO_OK);
    const float *raw = kao_session_output(s, 0)->data;

    for (int i = 0; i < TINY_DIM; i++)
        near("length", (double)v[i] * (double)norm, raw[i], 1e-5 * (double)norm);
    kao_session_destroy(s);
    kao_network_destroy(net);
    kao_file_close(&bytes);
}

/* With the mirrored picture the norm is still of one picture's size: the root mean square of both
 * joined, half the length of their sum. Both as they are when embedded alone. */
static void check_norm_of_two(kao_embedder *e, const kao_image *chip, kao_tta tta)
{
    kao_image mirror = { 0 };
    float one[2][TINY_DIM], joined[2 * TINY_DIM], length[2], norm = 0;
    double sum = 0;
    kao_view views[2] = { kao_image_view(chip) };

    mirror = *chip;
    mirror.rgb = malloc(chip->row_bytes * chip->height);
    assert_non_null(mirror.rgb);
    for (uint32_t y = 0; y < chip->height; y++)
        for (uint32_t x = 0; x < chip->width; x++)
            memcpy(mirror.rgb + y * chip->row_bytes + 3 * (size_t)x,
                   chip->rgb + y * chip->row_bytes + 3 * (size_t)(chip->width - 1 - x),
                   3);
    views[1] = kao_image_view(&mirror);
    assert_int_equal(kao_embed_norms(e, views, 2, KAO_TTA_NONE, one[0], length, NULL),
                     KAO_OK);
    assert_int_equal(kao_embed_norms(e, views, 1, tta, joined, &norm, NULL), KAO_OK);
    for (int k = 0; k < TINY_DIM; k++) {
        const double a = (double)one[0][k] * (double)length[0],
                     b = (double)one[1][k] * (double)length[1];

        sum += tta == KAO_TTA_SUM ? (a + b) * (a + b) / 4 : (a * a + b * b) / 2;
    }
    near("norm of two", norm, sqrt(sum), 1e-4 * sqrt(sum));
    free(mirror.rgb);
}

static void norms(void **state)
{
    fixture *f = *state;
    kao_embedder *e = open_embedder(f);
    kao_image chip = { 0 };
    float v[2][TINY_DIM], norm = 0, usual[2] = { 0 };
    char card[400];
    kao_quality q = KAO_QUALITY_INIT;

    assert_int_equal(kao_image_create(f->ctx, TINY_CHIP, TINY_CHIP, &chip, NULL),
                     KAO_OK);
    chip_fill(&chip);
    const kao_view view = kao_image_view(&chip);

    assert_int_equal(kao_embed(e, &view, 1, KAO_TTA_NONE, v[0], NULL), KAO_OK);
    assert_int_equal(kao_embed_norms(e, &view, 1, KAO_TTA_NONE, v[1], &norm, NULL),
                     KAO_OK);
    assert_memory_equal(v[0], v[1], sizeof v[0]);
    check_length(f, &chip, v[0], norm);
    for (int tta = KAO_TTA_CONCAT; tta <= KAO_TTA_SUM; tta++)
        check_norm_of_two(e, &chip, (kao_tta)tta);
    assert_false(kao_embedder_usual_norm(e, usual));
    assert_int_equal(kao_quality_of(f->ctx, &view, NULL, &q, &f->err), KAO_OK);
    const float before = q.score;

    kao_quality_norm(&q, e, norm);
    assert_true(q.norm == norm && q.score == before);
    kao_embedder_destroy(e);
    snprintf(card, sizeof card, "%s.card", f->embedder);
    write_file(card, "quality.norm = 5 2\n", 19);
    e = open_embedder(f);
    assert_true(kao_embedder_usual_norm(e, usual) && usual[0] == 5 && usual[1] == 2);
    kao_quality_norm(&q, e, 5);
    near("usual norm", q.score, 1 / (1 + exp(-(double)q.terms)), 1e-6);
    kao_quality_norm(&q, e, 9);
    near("two deviations more", q.score, 1 / (1 + exp(-(double)q.terms - 2 * .7053)),
         1e-6);
    remove(card);
    kao_embedder_destroy(e);
    kao_image_free(f->ctx, &chip);
}

/* Of the model inside, by its hash. */
static void norm_of_our_own(void **state)
{
    fixture *f = *state;
    kao_model *m = NULL;
    kao_embedder *e = NULL;
    float usual[2] = { 0 };

    if (kao_model_open_bundled(f->ctx, &m, "kao-face", NULL))
        skip();
    assert_int_equal(kao_embedder_create(m, &e, NULL, &f->err), KAO_OK);
    kao_model_release(m);
    assert_true(kao_embedder_usual_norm(e, usual));
    assert_true(usual[0] > 0 && usual[1] > 0);
    kao_embedder_destroy(e);
}

/* ---- photographs ---- */

/* Found, measured: nothing is wrong with a portrait; a mask is seen. */
static unsigned outcomes_of(fixture *f, kao_detector *d, const char *name, float *score)
{
    char path[512];
    kao_file bytes = { 0 };
    kao_image image = { 0 };
    kao_faces faces = KAO_FACES_INIT;
    kao_quality q = KAO_QUALITY_INIT;

    snprintf(path, sizeof path, "%s/%s", SOURCE_PICTURES, name);
    assert_int_equal(kao_file_open(&bytes, &f->ctx->mem, path, 1 << 24, &f->err),
                     KAO_OK);
    assert_int_equal(
        kao_image_decode(f->ctx, bytes.bytes.p, bytes.bytes.n, NULL, &image, &f->err),
        KAO_OK);
    kao_file_close(&bytes);
    const kao_view view = kao_image_view(&image);

    assert_int_equal(kao_detect(d, &view, NULL, &faces, &f->err), KAO_OK);
    assert_true(faces.n > 0);
    assert_int_equal(kao_quality_of(f->ctx, &view, kao_face_at(&faces, 0), &q, &f->err),
                     KAO_OK);
    kao_image_free(f->ctx, &image);
    *score = q.score;
    return q.outcomes;
}

static void photographs(void **state)
{
    static const char *const people[] = { "ana", "ben", "chen", "dora", "emil" };
    fixture *f = *state;
    kao_model *m = NULL;
    kao_detector *d = NULL;
    float bare = 0, covered = 0;
    char name[32];

    if (kao_model_open_bundled(f->ctx, &m, "kao-detect", NULL))
        skip();
    assert_int_equal(kao_detector_create(m, &d, NULL, &f->err), KAO_OK);
    kao_model_release(m);
    for (int i = 0; i < 20; i++) {
        snprintf(name, sizeof name, "%s_%d.jpg", people[i / 4], i % 4 + 1);
        assert_int_equal(outcomes_of(f, d, name, &bare), 0);
        assert_true(bare > .5f);
    }
    assert_int_equal(outcomes_of(f, d, "mask_ana.jpg", &covered), KAO_MASKED);
    assert_int_equal(outcomes_of(f, d, "mask_emil.jpg", &covered), KAO_MASKED);
    kao_detector_destroy(d);
}

/* Allocation number i fails, for every i. */
static void without_memory(void **state)
{
    fixture *f = *state;
    kao_image chip = chip_of(f, "bare");
    const kao_view view = kao_image_view(&chip);
    kao_face face = { .size = sizeof face, .width = 90, .height = 90 };
    bool fired = true;

    for (unsigned i = 0; fired; i++) {
        const size_t live = atomic_load(&f->ctx->mem.live);
        kao_quality q = KAO_QUALITY_INIT;

        kao_fault_arm(&f->ctx->mem, KAO_FAULT_ALLOC, i);
        const kao_status st = kao_quality_of(f->ctx, &view, &face, &q, &f->err);

        fired = kao_fault_disarm(&f->ctx->mem, KAO_FAULT_ALLOC);
        assert_int_equal(st, fired ? KAO_E_NOMEM : KAO_OK);
        assert_int_equal(atomic_load(&f->ctx->mem.live), live);
        assert_true(i < 1000);
    }
    kao_image_free(f->ctx, &chip);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chips),          cmocka_unit_test(poses),
        cmocka_unit_test(told_and_boxed), cmocka_unit_test(words),
        cmocka_unit_test(norms),          cmocka_unit_test(norm_of_our_own),
        cmocka_unit_test(photographs),    cmocka_unit_test(without_memory),
    };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
