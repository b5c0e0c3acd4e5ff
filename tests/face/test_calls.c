/* Every public call that takes memory or reads files, and has no such loop elsewhere: its n-th
 * allocation fails, then its n-th read, for every n until the call needs no more. It says so
 * (KAO_E_NOMEM, KAO_E_IO), gives nothing and leaves nothing. test_faults.c has models,
 * sessions and the tiny detector and embedder; test_families.c each family;
 * tests/image/test_save.c pictures' files. */
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/context.h"
#include "face/card.h"
#include "support/fixture.h"

enum { SIDE = 96, BIG_W = 700, BIG_H = 500 };

typedef struct bench { /* what calls work on, made before */
    fixture *f;
    kao_view view;
    kao_image big;
    pb detector, embedder;
    char flat[640];   /* a file of a network that takes whole pictures */
    kao_model *model; /* of the embedder */
    kao_detector *finder;
    size_t format; /* of view */
} bench;

/* ---- calls ---- */

static kao_status cancel(bench *b, kao_error *err)
{
    kao_cancel *c = (kao_cancel *)1;
    const kao_status st = kao_cancel_create(b->f->ctx, &c, err);

    assert_true((c == NULL) == (st != KAO_OK));
    kao_cancel_destroy(c);
    return st;
}

/* A pyramid of its own, and a detector on it whose buffers are new each time. */
static kao_status pyramid(bench *b, kao_error *err)
{
    const kao_view views[] = { kao_image_view(&b->big), b->view };
    kao_pyramid *p = (kao_pyramid *)1;
    kao_detector *d = NULL;
    kao_status st = kao_pyramid_create(b->f->ctx, &p, err);

    assert_true((p == NULL) == (st != KAO_OK));
    if (!st)
        st = kao_detector_create((kao_model *)(uintptr_t)kao_detector_model(b->finder),
                                 &d, NULL, err);
    for (size_t i = 0; !st && i < COUNT(views); i++) {
        const kao_detect_options o = { .size = sizeof o, .pyramid = p };
        kao_faces faces = KAO_FACES_INIT;

        st = kao_pyramid_set(p, &views[i], err);
        if (!st)
            st = kao_detect(d, &views[i], &o, &faces, err);
        assert_true(!st || faces.n == 0);
    }
    kao_detector_destroy(d);
    kao_pyramid_destroy(p);
    return st;
}

static kao_status detector_bytes(bench *b, kao_error *err)
{
    kao_model *m = (kao_model *)1;
    kao_detector *d = NULL;
    kao_faces faces = KAO_FACES_INIT;
    kao_status st = kao_model_open_bytes(b->f->ctx, &m, b->detector.p, b->detector.n,
                                         "bytes", "name = from memory\n", err);

    assert_true((m == NULL) == (st != KAO_OK));
    if (!st)
        st = kao_detector_create(m, &d, &(kao_run_options){ .n_threads = 1 }, err);
    kao_model_release(m);
    if (!st)
        st = kao_detect(d, &b->view, NULL, &faces, err);
    assert_true(!st || faces.n == 0);
    kao_detector_destroy(d);
    return st;
}

/* Its card holds curves, which become lists. */
static kao_status embedder_bytes(bench *b, kao_error *err)
{
    static const char card[] = "calibration.none = 0.2:-1 0.4:-3 0.5:-4\n"
                               "calibration.none.some people = 0.3:-1 0.5:-2\n"
                               "likelihood.none = 30 -9 6\n"
                               "calibrated.none = a set; 1,000 pairs\n";
    kao_model *m = (kao_model *)1;
    kao_embedder *e = NULL;
    kao_status st = kao_model_open_bytes(b->f->ctx, &m, b->embedder.p, b->embedder.n,
                                         NULL, card, err);

    assert_true((m == NULL) == (st != KAO_OK));
    if (!st)
        st = kao_embedder_create(m, &e, NULL, err);
    kao_model_release(m);
    if (!st)
        assert_string_equal(
            kao_calibration_group(kao_embedder_calibration(e), KAO_TTA_NONE, 0),
            "some people");
    kao_embedder_destroy(e);
    return st;
}

/* Chips of another size and format, three at once; then the identity. */
static kao_status embed(bench *b, kao_error *err)
{
    const kao_view chips[] = { b->view, b->view, b->view };
    char id[KAO_ID_BYTES];
    float v[3 * 2 * TINY_DIM];
    kao_embedder *e = NULL;
    kao_status st = kao_embedder_create(b->model, &e, NULL, err);

    if (!st)
        st = kao_embed(e, chips, 3, KAO_TTA_SUM, v, err);
    if (!st)
        st = kao_embed(e, chips, 1, KAO_TTA_CONCAT, v, err);
    if (!st)
        st = kao_embedder_id(e, KAO_TTA_SUM, id, err);
    kao_embedder_destroy(e);
    return st;
}

/* Lines of a card beside the file: a preset that takes the whole picture, in grey. */
static kao_status whole_picture(bench *b, kao_error *err)
{
    static const char card[] = "preset = ailia-arcface-eq\ninput.size = 12x10\n";
    const kao_view view = kao_image_view(&b->big);
    kao_model *m = (kao_model *)1;
    kao_embedder *e = NULL;
    float v[2 * 120];
    kao_status st = kao_model_open_card(b->f->ctx, &m, b->flat, card, err);

    assert_true((m == NULL) == (st != KAO_OK));
    if (!st)
        st = kao_embedder_create(m, &e, NULL, err);
    kao_model_release(m);
    if (!st)
        st = kao_embed(e, &view, 1, KAO_TTA_CONCAT, v, err);
    kao_embedder_destroy(e);
    return st;
}

static kao_status align(bench *b, kao_error *err)
{
    const kao_face face = {
        .n_points = KAO_FACE_POINTS,
        .points = { { 20, 20 }, { 70, 22 }, { 45, 50 }, { 28, 75 }, { 66, 77 } },
    };
    kao_template t;
    kao_image chip = { 0 };
    kao_status st = kao_template_find(&t, "arcface-112", 112, 112, err);

    if (!st)
        st = kao_align(b->f->ctx, &b->view, &face, &t, &chip, err);
    assert_true((chip.rgb == NULL) == (st != KAO_OK));
    kao_image_free(b->f->ctx, &chip);
    return st;
}

static kao_status resize(bench *b, kao_error *err)
{
    kao_image to = { 0 };
    kao_status st = kao_image_create(b->f->ctx, 40, 130, &to, err);

    assert_true((to.rgb == NULL) == (st != KAO_OK));
    if (!st)
        st = kao_image_resize(b->f->ctx, &b->view, &to, err);
    kao_image_free(b->f->ctx, &to);
    return st;
}

static kao_status encode(bench *b, kao_error *err)
{
    static const struct {
        kao_image_format format;
        uint32_t quality;
    } rows[] = {
#if KAO_WITH_JPEG
        { KAO_IMAGE_JPEG, 0 },
        { KAO_IMAGE_JPEG, 50 },
#endif
#if KAO_WITH_PNG
        { KAO_IMAGE_PNG, 0 },
        { KAO_IMAGE_PNG, 0 }, /* read in grey */
#endif
        { (kao_image_format)0, 0 },
    };
    kao_status st = KAO_OK;

    for (size_t i = 0; !st && rows[i].format; i++) {
        uint8_t *bytes = (uint8_t *)1;
        size_t n = 1;
        const kao_image_options grey = { .grey = 1 };
        kao_image back = { 0 };

        st = kao_image_encode(b->f->ctx, &b->big, rows[i].format, rows[i].quality,
                              &bytes, &n, err);
        assert_true((bytes == NULL) == (st != KAO_OK) && (n == 0) == (st != KAO_OK));
        if (!st)
            st =
                kao_image_decode(b->f->ctx, bytes, n, i % 2 ? &grey : NULL, &back, err);
        assert_true((back.rgb == NULL) == (st != KAO_OK));
        kao_image_free(b->f->ctx, &back);
        kao_image_free_bytes(b->f->ctx, bytes);
    }
    return st;
}

static kao_status save(bench *b, kao_error *err)
{
    char path[400];
    kao_image back = { 0 };
    kao_status st = KAO_OK;

#if KAO_WITH_PNG
    snprintf(path, sizeof path, "%s/saved.png", b->f->dir);
    st = kao_image_save(b->f->ctx, path, &b->big, err);
    if (!st)
        st = kao_image_load(b->f->ctx, path, NULL, &back, err);
    assert_true((back.rgb == NULL) == (st != KAO_OK));
    kao_image_free(b->f->ctx, &back);
#else
    (void)b, (void)err, (void)back, (void)path;
#endif
    return st;
}

/* ---- all of them ---- */

static const struct {
    const char *name;
    kao_status (*call)(bench *b, kao_error *err);
    bool each_format; /* else NV12, where it counts */
} calls[] = {
    { "cancel_create", cancel, false },
    { "pyramid_create, pyramid_set", pyramid, false },
    { "model_open_bytes, detector", detector_bytes, false },
    { "model_open_bytes, embedder", embedder_bytes, false },
    { "embedder_create, embed, id", embed, true },
    { "model_open_card, embed", whole_picture, false },
    { "template_find, align", align, true },
    { "image_create, image_resize", resize, true },
    { "image_encode, image_decode", encode, false },
    { "image_save, image_load", save, false },
};

/* A view of a format on bytes that are large enough for all of them, some turned. */
static kao_view view_of(size_t format, const uint8_t *bytes)
{
    const uint8_t *const second = bytes + 4 * SIDE * SIDE;
    const ptrdiff_t wide = format < 2 ? 3 * SIDE : format < 4 ? 4 * SIDE : SIDE;

    return (kao_view){ .format = (kao_pixel_format)format,
                       .width = SIDE,
                       .height = SIDE,
                       .plane = { bytes, second, second + SIDE * SIDE },
                       .stride = { format == KAO_PIXELS_YUYV ? 2 * SIDE : wide, SIDE,
                                   SIDE },
                       .rotation = (uint32_t)(format % 4) * 90 };
}

static void check_call(bench *b, size_t row, kao_fault kind)
{
    kao_mem *mem = &b->f->ctx->mem;
    const kao_status want = kind == KAO_FAULT_ALLOC ? KAO_E_NOMEM : KAO_E_IO;
    const size_t live = atomic_load(&mem->live);
    bool fired = true;

    for (unsigned i = 0; fired; i++) {
        kao_error err = { 0 };

        kao_fault_arm(mem, kind, i);
        const kao_status st = calls[row].call(b, &err);

        fired = kao_fault_disarm(mem, kind);
        if (st != (fired ? want : KAO_OK) ||
            (fired && (err.code != want || !err.msg[0])))
            fail_msg("%s, format %zu, fault %u: %d, %s", calls[row].name, b->format, i,
                     (int)st, err.msg);
        if (atomic_load(&mem->live) != live)
            fail_msg("%s, format %zu, fault %u: memory is left", calls[row].name,
                     b->format, i);
    }
}

static void calls_fail_whole(void **state)
{
    static uint8_t bytes[6 * SIDE * SIDE];
    bench b = { .f = *state };

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(128 + 100 * noise(5, (uint32_t)i));
    pb flat = flat_model("?,1,10,12");

    snprintf(b.flat, sizeof b.flat, "%s", fixture_file(b.f, "flat.onnx", &flat));
    b.detector = tiny_detector();
    b.embedder = tiny_embedder();
    assert_int_equal(kao_image_create(b.f->ctx, BIG_W, BIG_H, &b.big, NULL), KAO_OK);
    fill_box(&b.big, 320, 320, 16, 16, 0, 255, 0);
    b.finder = open_detector(b.f);
    assert_int_equal(kao_model_open(b.f->ctx, &b.model, b.f->embedder, NULL), KAO_OK);
    for (size_t row = 0; row < COUNT(calls); row++)
        for (b.format = 0; b.format < (calls[row].each_format ? 9 : 1); b.format++) {
            b.view =
                view_of(calls[row].each_format ? b.format : KAO_PIXELS_NV12, bytes);
            check_call(&b, row, KAO_FAULT_ALLOC);
            check_call(&b, row, KAO_FAULT_IO);
        }
    kao_model_release(b.model);
    kao_detector_destroy(b.finder);
    kao_image_free(b.f->ctx, &b.big);
    pb_free(&b.detector);
    pb_free(&b.embedder);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(calls_fail_whole) };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
