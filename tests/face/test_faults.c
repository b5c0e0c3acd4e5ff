/* Allocation number i fails, for every i until one run needs no more: each creating call says
 * KAO_E_NOMEM, gives nothing and leaves nothing. The same with reads and writes. What a
 * failure left half done is used again afterwards, and must give right results. */
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "face/card.h"
#include "support/fixture.h"
#include "support/meter.h"
#include "support/shared.h"

/* ---- the loop ---- */

typedef struct trial {
    fixture *f;
    kao_session *session; /* of some */
    const void *want;     /* result of an undisturbed run */
} trial;

/* One try: a status, and whether results are as they must be for it. Frees what it made. */
typedef kao_status attempt(trial *t, kao_error *err);

static unsigned loop(trial *t, kao_fault kind, attempt *run)
{
    kao_mem *mem = &t->f->ctx->mem;
    const kao_status want = kind == KAO_FAULT_ALLOC ? KAO_E_NOMEM : KAO_E_IO;
    const size_t live = atomic_load(&mem->live);

    for (unsigned i = 0;; i++) {
        kao_error err = { 0 };

        kao_fault_arm(mem, kind, i);
        const kao_status st = run(t, &err);

        if (!kao_fault_disarm(mem, kind)) { /* past the last one: all were tried */
            assert_int_equal(st, KAO_OK);
            return i;
        }
        if (st != want || err.code != want || !err.msg[0])
            fail_msg("fault %u: status %d, %s", i, (int)st, err.msg);
        if (!t->session)
            assert_int_equal(atomic_load(&mem->live), live);
        assert_true(i < 100000);
    }
}

/* ---- contexts ---- */

static void contexts(void **state)
{
    long i = 0;

    (void)state;
    for (bool fired = true; fired; i++) {
        meter m;
        const kao_context_options o = { .allocator = &m.hooks, .n_threads = 3 };
        kao_context *ctx = NULL;
        kao_error err = { 0 };

        meter_init(&m);
        m.countdown = i;
        const kao_status st = kao_context_create(&ctx, &o, &err);

        fired = m.fired;
        assert_int_equal(st, fired ? KAO_E_NOMEM : KAO_OK);
        assert_true((ctx == NULL) == fired);
        kao_context_destroy(ctx);
        assert_int_equal(atomic_load(&m.live), 0);
    }
    assert_true(i > 3);
    const kao_allocator half = { meter_alloc, NULL, NULL };
    const kao_context_options bad[] = { { .allocator = &half },
                                        { .n_threads = 1025 },
                                        { .cpu = "sse9" } };
    static const kao_status want[] = { KAO_E_ARG, KAO_E_ARG, KAO_E_UNSUPPORTED };

    for (size_t k = 0; k < COUNT(bad); k++) {
        kao_context *ctx = (kao_context *)1;

        assert_int_equal(kao_context_create(&ctx, &bad[k], NULL), want[k]);
        assert_null(ctx);
    }
    assert_int_equal(kao_context_create(NULL, NULL, NULL), KAO_E_ARG);
}

/* ---- models and sessions ---- */

static kao_status load_model(trial *t, kao_error *err)
{
    kao_network *m = (kao_network *)1;
    const kao_status st = kao_network_load(t->f->ctx, &m, t->f->detector, err);

    assert_true((m == NULL) == (st != KAO_OK));
    kao_network_destroy(m);
    return st;
}

static kao_status parse_model(trial *t, kao_error *err)
{
    const pb *file = t->want;
    kao_network *m = (kao_network *)1;
    const kao_status st =
        kao_network_parse(t->f->ctx, &m, (kao_span){ file->p, file->n }, "mixed", err);

    assert_true((m == NULL) == (st != KAO_OK));
    kao_network_destroy(m);
    return st;
}

static float picture[3 * 16 * 16];

static kao_status run_mixed(trial *t, kao_error *err)
{
    const kao_tensor in = tensor_of("1,3,16,16", picture);
    kao_network *m = NULL;
    kao_session *s = NULL;
    const kao_status st =
        run_graph(t->f->ctx, t->want, KAO_PASS_ALL, &in, 1, &m, &s, err);

    kao_session_destroy(s);
    kao_network_destroy(m);
    return st;
}

/* The session lives through all failures; then its results are those of a fresh one. */
static kao_status run_again(trial *t, kao_error *err)
{
    static const char *const dims[] = { "1,3,16,16", "1,3,8,32", "1,3,32,8" };

    for (size_t i = 0; i < COUNT(dims); i++) {
        const kao_tensor in = tensor_of(dims[i], picture);
        kao_status st = kao_session_bind(t->session, 0, &in, err);

        if (!st)
            st = kao_session_run(t->session, err);
        if (st) {
            assert_null(kao_session_output(t->session, 0));
            return st;
        }
    }
    return KAO_OK;
}

static void models_and_sessions(void **state)
{
    pb mixed = mixed_graph();
    trial t = { .f = *state, .want = &mixed };
    const kao_tensor in = tensor_of("1,3,32,8", picture);
    kao_network *m = NULL, *fresh_model = NULL;
    kao_session *fresh = NULL;

    for (uint32_t i = 0; i < COUNT(picture); i++)
        picture[i] = noise(1, i);
    assert_true(loop(&t, KAO_FAULT_ALLOC, load_model) > 3);
    assert_true(loop(&t, KAO_FAULT_IO, load_model) >= 3);
    assert_true(loop(&t, KAO_FAULT_ALLOC, parse_model) >= 3);
    assert_true(loop(&t, KAO_FAULT_ALLOC, run_mixed) > 10);
    assert_int_equal(
        kao_network_parse(t.f->ctx, &m, (kao_span){ mixed.p, mixed.n }, "m", NULL),
        KAO_OK);
    assert_int_equal(kao_session_create(&t.session, m, NULL, NULL), KAO_OK);
    assert_true(loop(&t, KAO_FAULT_ALLOC, run_again) > 10);
    assert_int_equal(
        run_graph(t.f->ctx, &mixed, KAO_PASS_ALL, &in, 1, &fresh_model, &fresh, NULL),
        KAO_OK);
    const kao_tensor *a = kao_session_output(t.session, 0),
                     *b = kao_session_output(fresh, 0);

    assert_true(kao_tensor_same_dims(a, b));
    assert_memory_equal(a->data, b->data, 4 * (size_t)kao_tensor_count(a));
    kao_session_destroy(fresh);
    kao_network_destroy(fresh_model);
    kao_session_destroy(t.session);
    kao_network_destroy(m);
    pb_free(&mixed);
}

/* ---- faces ---- */

static kao_status open_and_detect(trial *t, kao_error *err)
{
    const kao_view view = kao_image_view(t->want);
    kao_faces faces = KAO_FACES_INIT;
    kao_model *m = (kao_model *)1;
    kao_detector *d = NULL;
    kao_status st = kao_model_open(t->f->ctx, &m, t->f->detector, err);

    assert_true((m == NULL) == (st != KAO_OK));
    if (!st)
        st = kao_detector_create(m, &d, NULL, err);
    kao_model_release(m);
    assert_true((d == NULL) == (st != KAO_OK));
    if (st)
        return st;
    faces.n = 99;
    st = kao_detect(d, &view, NULL, &faces, err);
    assert_true(st ? faces.n == 0 : faces.n > 0);
    kao_detector_destroy(d);
    return st;
}

static kao_detector *lasting;

static kao_status detect_again(trial *t, kao_error *err)
{
    const kao_view view = kao_image_view(t->want);
    kao_faces faces = KAO_FACES_INIT;
    const kao_status st = kao_detect(lasting, &view, NULL, &faces, err);

    assert_true(st ? faces.n == 0 : faces.n > 0);
    if (!st)
        assert_true(kao_face_at(&faces, 0)->score > 0.9f);
    return st;
}

/* Another format and a rotation: the most that alignment has to hold at once. */
static kao_status open_and_embed(trial *t, kao_error *err)
{
    const kao_image *image = t->want;
    const kao_view view = { .format = KAO_PIXELS_BGR,
                            .width = image->width,
                            .height = image->height,
                            .plane = { image->rgb },
                            .stride = { (ptrdiff_t)image->row_bytes },
                            .rotation = 180 };
    const kao_face face = {
        .n_points = KAO_FACE_POINTS,
        .points = { { 20, 20 }, { 160, 20 }, { 90, 100 }, { 36, 150 }, { 150, 150 } }
    };
    kao_model *m = (kao_model *)1;
    kao_embedder *e = NULL;
    kao_image chip = { 0 };
    float v[2 * TINY_DIM];
    kao_status st = kao_model_open(t->f->ctx, &m, t->f->embedder, err);

    assert_true((m == NULL) == (st != KAO_OK));
    if (!st)
        st = kao_embedder_create(m, &e, NULL, err);
    kao_model_release(m);
    assert_true((e == NULL) == (st != KAO_OK));
    if (st)
        return st;
    st = kao_align(t->f->ctx, &view, &face, kao_embedder_template(e), &chip, err);
    assert_true((chip.rgb == NULL) == (st != KAO_OK));
    if (!st)
        st = embed_images(e, &chip, 1, KAO_TTA_CONCAT, v, err);
    kao_image_free(t->f->ctx, &chip);
    kao_embedder_destroy(e);
    return st;
}

static kao_status open_card(trial *t, kao_error *err)
{
    kao_model *m = (kao_model *)1;
    const kao_status st = kao_model_open(t->f->ctx, &m, t->f->detector, err);

    assert_true((m == NULL) == (st != KAO_OK));
    kao_model_release(m);
    return st;
}

static void faces(void **state)
{
    trial t = { .f = *state };
    kao_image image = { 0 };
    pb card = { 0 };

    assert_int_equal(kao_image_create(t.f->ctx, 200, 160, &image, NULL), KAO_OK);
    fill_box(&image, 64, 64, 16, 16, 0, 255, 0);
    t.want = &image;
    assert_true(loop(&t, KAO_FAULT_ALLOC, open_and_detect) > 10);
    assert_true(loop(&t, KAO_FAULT_ALLOC, open_and_embed) > 10);
    assert_true(loop(&t, KAO_FAULT_IO, open_and_detect) >= 3);
    assert_true(loop(&t, KAO_FAULT_IO, open_and_embed) >= 3);
    lasting = open_detector(t.f);
    t.session = (kao_session *)1; /* what lasts may keep its buffers */
    assert_true(loop(&t, KAO_FAULT_ALLOC, detect_again) > 3);
    t.session = NULL;
    kao_detector_destroy(lasting);
    kao_image_free(t.f->ctx, &image);
    assert_true(loop(&t, KAO_FAULT_ALLOC, open_card) > 3);
    pb_raw(&card, "name = with a sidecar\n", 22); /* one more file is read */
    fixture_file(t.f, "tiny_detector.onnx.card", &card);
    assert_true(loop(&t, KAO_FAULT_ALLOC, open_card) > 3);
    assert_true(loop(&t, KAO_FAULT_IO, open_card) >= 5);
    unlink(t.f->path);
}

/* ---- files ---- */

static kao_status write_over(trial *t, kao_error *err)
{
    static const char text[] = "new contents";
    kao_file file = { 0 };
    const kao_status st =
        kao_file_write(&t->f->ctx->mem, t->f->path, text, sizeof text, err);
    /* the last step, after the new file has its name, is to sync the folder */
    const bool renamed = st && strstr(err->msg, "a crash may undo it");
    const char *want = renamed ? text : "old";

    /* an armed fault has fired, or never will: reading here is undisturbed */
    if (st) {
        kao_mem plain;

        kao_mem_init(&plain, NULL);
        assert_int_equal(kao_file_open(&file, &plain, t->f->path, 100, NULL), KAO_OK);
        assert_memory_equal(file.bytes.p, want, strlen(want));
        kao_file_close(&file);
    }
    return st;
}

static void files(void **state)
{
    trial t = { .f = *state };
    pb old = { 0 };

    pb_raw(&old, "old", 3);
    fixture_file(t.f, "written", &old);
    assert_true(loop(&t, KAO_FAULT_IO, write_over) >= 3);
    pb_raw(&old, "old", 3);
    fixture_file(t.f, "written", &old);
    assert_true(loop(&t, KAO_FAULT_ALLOC, write_over) >= 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(contexts),
        cmocka_unit_test(models_and_sessions),
        cmocka_unit_test(faces),
        cmocka_unit_test(files),
    };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
