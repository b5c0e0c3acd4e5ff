/* Searching: formats and turns of a view, several detectors on one pyramid and one model,
 * memory, many candidates, cancelling; and chips from every kind of view. */
#include "support/unit.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/context.h"
#include "kao/analyser.h"
#include "support/fixture.h"
#include "support/meter.h"

/* A green square and a red one: two faces for the small detector. */
static kao_image scene(kao_context *ctx, uint32_t w, uint32_t h)
{
    kao_image image = { 0 };

    assert_int_equal(kao_image_create(ctx, w, h, &image, NULL), KAO_OK);
    fill_box(&image, w / 4, h / 4, w / 16, w / 16, 0, 240, 0);
    fill_box(&image, w / 2, h / 2, w / 32, w / 32, 230, 0, 0);
    return image;
}

static kao_faces find(kao_detector *d, const kao_view *view,
                      const kao_detect_options *o)
{
    kao_faces faces = KAO_FACES_INIT;

    assert_int_equal(kao_detect(d, view, o, &faces, NULL), KAO_OK);
    return faces;
}

static void same(const kao_faces *a, const kao_face *b, size_t n, float within)
{
    assert_int_equal(a->n, n);
    for (size_t i = 0; i < n; i++) {
        const kao_face *f = kao_face_at(a, i);

        assert_true(fabsf(f->x - b[i].x) <= within && fabsf(f->y - b[i].y) <= within);
        assert_true(fabsf(f->width - b[i].width) <= within &&
                    fabsf(f->height - b[i].height) <= within);
        assert_true(fabsf(f->score - b[i].score) <= within / 100);
        for (int k = 0; k < KAO_FACE_POINTS; k++)
            assert_true(fabsf(f->points[k].x - b[i].points[k].x) <= within &&
                        fabsf(f->points[k].y - b[i].points[k].y) <= within);
    }
}

enum { ROOM = 400 };

/* A picture stored in another format, or lying with its rotation told, is the same picture. */
static void any_view(void **state)
{
    enum { W = 320, H = 256 };
    fixture *f = *state;
    kao_detector *d = open_detector(f);
    kao_image image = scene(f->ctx, W, H);
    static uint8_t pixels[W * H * 4];
    kao_face want[ROOM];

    const kao_view plain = kao_image_view(&image);
    const kao_faces first = find(d, &plain, NULL);
    const size_t n = first.n;

    assert_in_range(n, 2, ROOM);
    memcpy(want, first.first, n * sizeof *want);
    for (size_t i = 0; i < W * H; i++) { /* B, G, R, A */
        for (size_t c = 0; c < 3; c++)
            pixels[4 * i + c] = image.rgb[3 * i + 2 - c];
        pixels[4 * i + 3] = 77;
    }
    kao_view v = { .format = KAO_PIXELS_BGRA,
                   .width = W,
                   .height = H,
                   .plane = { pixels },
                   .stride = { 4 * W } };
    kao_faces got = find(d, &v, NULL);

    same(&got, want, n, 0);
    for (uint32_t rotation = 90; rotation < 360; rotation += 90) {
        const uint32_t w = rotation == 180 ? W : H, h = rotation == 180 ? H : W;

        /* laid down: what a clockwise turn by `rotation` makes upright */
        for (uint32_t y = 0; y < H; y++)
            for (uint32_t x = 0; x < W; x++) {
                const uint32_t u = rotation == 90    ? y
                                   : rotation == 180 ? W - 1 - x
                                                     : H - 1 - y;
                const uint32_t t = rotation == 90    ? W - 1 - x
                                   : rotation == 180 ? H - 1 - y
                                                     : x;

                memcpy(pixels + 3 * (t * w + u), image.rgb + 3 * (y * W + x), 3);
            }
        v = (kao_view){ .width = w,
                        .height = h,
                        .plane = { pixels },
                        .stride = { 3 * (ptrdiff_t)w },
                        .rotation = rotation };
        got = find(d, &v, NULL);
        same(&got, want, n, 2e-3f);
    }
    kao_image_free(f->ctx, &image);
    kao_detector_destroy(d);
}

/* Two detectors of one model, each with a pyramid of its own, and both on one. */
static void shared_pyramid(void **state)
{
    fixture *f = *state;
    kao_model *m = NULL;
    kao_detector *d[2] = { NULL };
    kao_pyramid *p = NULL;
    kao_image image = scene(f->ctx, 1400, 1000), other = scene(f->ctx, 1400, 1000);
    const kao_view view = kao_image_view(&image), another = kao_image_view(&other);
    kao_face want[ROOM];
    kao_faces none = KAO_FACES_INIT;

    assert_int_equal(kao_model_open(f->ctx, &m, f->detector, NULL), KAO_OK);
    assert_int_equal(kao_pyramid_create(f->ctx, &p, NULL), KAO_OK);
    assert_int_equal(kao_pyramid_set(p, &view, NULL), KAO_OK);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(kao_detector_create(m, &d[i], NULL, NULL), KAO_OK);
        assert_ptr_equal(kao_detector_model(d[i]), m);
    }
    kao_model_release(m); /* the detectors hold it */
    const kao_detect_options o = { .size = sizeof o, .pyramid = p };
    kao_faces faces = find(d[0], &view, NULL);
    const size_t n = faces.n;

    assert_in_range(n, 2, ROOM);
    memcpy(want, faces.first, n * sizeof *want);
    for (int i = 0; i < 2; i++) {
        faces = find(d[i], &view, &o);
        assert_int_equal(faces.n, n);
        assert_memory_equal(faces.first, want, n * sizeof *want);
    }
    assert_int_equal(kao_detect(d[0], &another, &o, &none, &f->err), KAO_E_ARG);
    assert_non_null(strstr(f->err.msg, "another picture"));
    kao_pyramid_destroy(p);
    kao_detector_destroy(d[0]);
    kao_detector_destroy(d[1]);
    kao_image_free(f->ctx, &image);
    kao_image_free(f->ctx, &other);
}

/* A shape that was seen takes no memory: also where nothing is found, so that turns are
 * tried, and where two shapes alternate. */
static void seen_shapes_allocate_nothing(void **state)
{
    static const uint32_t sizes[2][2] = { { 1280, 960 }, { 500, 700 } };
    fixture own = *(fixture *)*state;
    meter m;
    const kao_context_options o = { .allocator = &m.hooks, .n_threads = 2 };
    const kao_detect_options low = { .min_score = 0.05f };
    kao_image image[2] = { { 0 } }, black = { 0 };

    meter_init(&m);
    assert_int_equal(kao_context_create(&own.ctx, &o, NULL), KAO_OK);
    kao_detector *d = open_detector(&own);

    for (int i = 0; i < 2; i++)
        image[i] = scene(own.ctx, sizes[i][0], sizes[i][1]);
    assert_int_equal(kao_image_create(own.ctx, 1280, 960, &black, NULL), KAO_OK);
    const kao_view views[3] = { kao_image_view(&image[0]), kao_image_view(&image[1]),
                                kao_image_view(&black) };
    size_t taken = 0;

    for (int round = 0; round < 4; round++) {
        assert_true(find(d, &views[0], NULL).n > 0);
        assert_true(find(d, &views[1], &low).n > 0);
        assert_int_equal(find(d, &views[2], NULL).n, 0);
        if (round == 0)
            taken = m.allocs;
        assert_int_equal(m.allocs, taken);
    }
    kao_image_free(own.ctx, &image[0]);
    kao_image_free(own.ctx, &image[1]);
    kao_image_free(own.ctx, &black);
    kao_detector_destroy(d);
    kao_context_destroy(own.ctx);
    assert_int_equal(atomic_load(&m.live), 0);
}

/* With nearly every cell a candidate, more than a pass keeps, the faces that score well are
 * those of an ordinary search: lower ones cannot touch them. */
static void many_candidates(void **state)
{
    fixture *f = *state;
    kao_detector *d = open_detector(f);
    kao_image image = scene(f->ctx, 1920, 1440);
    const kao_view view = kao_image_view(&image);
    const kao_detect_options all = { .min_score = 1e-6f, .upright = 1 };
    kao_face want[ROOM];
    kao_faces faces = find(d, &view, &(kao_detect_options){ .upright = 1 });
    const size_t n = faces.n;

    assert_in_range(n, 2, ROOM);
    memcpy(want, faces.first, n * sizeof *want);
    faces = find(d, &view, &all);
    assert_true(faces.n > n);
    for (size_t i = 0; i < n; i++)
        assert_memory_equal(kao_face_at(&faces, i), &want[i], sizeof *want);
    for (size_t i = 1; i < faces.n; i++)
        assert_true(kao_face_at(&faces, i)->score <= kao_face_at(&faces, i - 1)->score);
    kao_image_free(f->ctx, &image);
    kao_detector_destroy(d);
}

/* ---- threads ---- */

typedef struct user {
    kao_model *detector, *embedder;
    const kao_view *view, *chip;
    kao_face faces[ROOM];
    size_t n;
    float v[TINY_DIM];
    bool ok;
} user;

static void *use(void *arg)
{
    user *u = arg;
    const kao_run_options one = { .n_threads = 1 };
    kao_faces faces = KAO_FACES_INIT;
    kao_detector *d = NULL;
    kao_embedder *e = NULL;

    u->ok = kao_detector_create(u->detector, &d, &one, NULL) == KAO_OK &&
            kao_embedder_create(u->embedder, &e, &one, NULL) == KAO_OK;
    for (int i = 0; u->ok && i < 3; i++)
        u->ok = kao_detect(d, u->view, NULL, &faces, NULL) == KAO_OK &&
                faces.n <= ROOM &&
                kao_embed(e, u->chip, 1, KAO_TTA_NONE, u->v, NULL) == KAO_OK;
    u->n = faces.n;
    if (u->ok)
        memcpy(u->faces, faces.first, u->n * sizeof *u->faces);
    kao_detector_destroy(d);
    kao_embedder_destroy(e);
    kao_model_release(u->detector);
    kao_model_release(u->embedder);
    return NULL;
}

/* One model, sessions in many threads, the model released by the last of them. */
static void models_are_shared(void **state)
{
    enum { N = 6 };
    fixture own = *(fixture *)*state;
    const kao_context_options o = { .n_threads = 2 };
    static user users[N];
    pthread_t threads[N];

    assert_int_equal(kao_context_create(&own.ctx, &o, NULL), KAO_OK);
    kao_image image = scene(own.ctx, 700, 500),
              chip = scene(own.ctx, TINY_CHIP, TINY_CHIP);
    const kao_view view = kao_image_view(&image), chip_view = kao_image_view(&chip);
    kao_model *d = NULL, *e = NULL;

    assert_int_equal(kao_model_open(own.ctx, &d, own.detector, NULL), KAO_OK);
    assert_int_equal(kao_model_open(own.ctx, &e, own.embedder, NULL), KAO_OK);
    for (int i = 0; i < N; i++) {
        users[i] = (user){ .detector = kao_model_retain(d),
                           .embedder = kao_model_retain(e),
                           .view = &view,
                           .chip = &chip_view };
        assert_int_equal(pthread_create(&threads[i], NULL, use, &users[i]), 0);
    }
    kao_model_release(d);
    kao_model_release(e);
    for (int i = 0; i < N; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < N; i++) {
        assert_true(users[i].ok && users[i].n >= 2);
        assert_int_equal(users[i].n, users[0].n);
        assert_memory_equal(users[i].faces, users[0].faces,
                            users[0].n * sizeof users[0].faces[0]);
        assert_memory_equal(users[i].v, users[0].v, sizeof users[0].v);
    }
    kao_image_free(own.ctx, &image);
    kao_image_free(own.ctx, &chip);
    kao_context_destroy(own.ctx);
}

/* A caller's own threads: how often they are asked for. */
static void count_calls(void *calls, void (*piece)(void *arg, size_t i), void *arg,
                        size_t n)
{
    ++*(int *)calls;
    for (size_t i = 0; i < n; i++)
        piece(arg, i);
}

/* What is made for one thread takes one, to bring a picture to the chip's size, too. */
static void one_thread_is_one(void **state)
{
    enum { W = 900, H = 800 }; /* worth more than one thread */
    fixture own = *(fixture *)*state;
    int calls = 0;
    const kao_context_options o = { .n_threads = 4,
                                    .parallel_for = count_calls,
                                    .parallel_user = &calls };
    const kao_run_options one = { .n_threads = 1 };
    const kao_face face = { .size = sizeof face, .width = W - 1, .height = H - 1 };
    kao_analysis out = KAO_ANALYSIS_INIT;
    kao_analyser *a = NULL;
    kao_embedder *e = NULL;
    kao_detector *d = NULL;
    kao_faces faces = KAO_FACES_INIT;
    kao_model *m[3] = { NULL };
    kao_pyramid *p = NULL;
    float v[TINY_DIM];
    pb file = tiny_analyser(1);

    assert_int_equal(kao_context_create(&own.ctx, &o, NULL), KAO_OK);
    kao_image image = scene(own.ctx, W, H);
    kao_view view = kao_image_view(&image);

    assert_int_equal(kao_model_open(own.ctx, &m[0], own.detector, NULL), KAO_OK);
    assert_int_equal(kao_model_open(own.ctx, &m[1], own.embedder, NULL), KAO_OK);
    assert_int_equal(
        kao_model_open_bytes(own.ctx, &m[2], file.p, file.n, NULL, NULL, &own.err),
        KAO_OK);
    assert_int_equal(kao_detector_create(m[0], &d, &one, NULL), KAO_OK);
    assert_int_equal(kao_embedder_create(m[1], &e, &one, NULL), KAO_OK);
    assert_int_equal(kao_analyser_create(m[2], &a, &one, &own.err), KAO_OK);
    assert_int_equal(kao_pyramid_create(own.ctx, &p, NULL), KAO_OK);
    calls = 0;
    for (view.rotation = 0; view.rotation < 180; view.rotation += 90) {
        const kao_detect_options shared = { .pyramid = p };

        assert_int_equal(kao_detect(d, &view, NULL, &faces, NULL), KAO_OK);
        assert_int_equal(calls, 0);
        assert_int_equal(kao_pyramid_set(p, &view, NULL), KAO_OK);
        assert_int_equal(kao_detect(d, &view, &shared, &faces, NULL), KAO_OK);
        assert_int_equal(calls, 0);
        assert_int_equal(kao_embed(e, &view, 1, KAO_TTA_NONE, v, NULL), KAO_OK);
        assert_int_equal(calls, 0);
        assert_int_equal(kao_analyse(a, &view, &face, &out, &own.err), KAO_OK);
        assert_int_equal(calls, 0);
    }
    kao_detector_destroy(d);
    kao_embedder_destroy(e);
    kao_analyser_destroy(a);
    kao_pyramid_destroy(p);
    for (size_t i = 0; i < COUNT(m); i++)
        kao_model_release(m[i]);
    kao_image_free(own.ctx, &image);
    kao_context_destroy(own.ctx);
    pb_free(&file);
}

/* ---- cancelling ---- */

static void *cancel(void *arg)
{
    kao_cancel_request(arg);
    return NULL;
}

/* Requested before, in the middle from another thread, and reset. */
static void runs_are_cancelled(void **state)
{
    fixture *f = *state;
    kao_image image = scene(f->ctx, 700, 500);
    const kao_view view = kao_image_view(&image);
    kao_cancel *c = NULL;
    kao_model *m = NULL, *em = NULL;
    kao_detector *d = NULL;
    kao_embedder *e = NULL;
    kao_faces faces = KAO_FACES_INIT;
    float v[TINY_DIM];
    pthread_t thread;

    assert_int_equal(kao_cancel_create(f->ctx, &c, NULL), KAO_OK);
    const kao_run_options run = { .cancel = c };

    assert_int_equal(kao_model_open(f->ctx, &m, f->detector, NULL), KAO_OK);
    assert_int_equal(kao_model_open(f->ctx, &em, f->embedder, NULL), KAO_OK);
    assert_int_equal(kao_detector_create(m, &d, &run, NULL), KAO_OK);
    assert_int_equal(kao_embedder_create(em, &e, &run, NULL), KAO_OK);
    kao_model_release(m);
    kao_model_release(em);
    assert_int_equal(kao_detect(d, &view, NULL, &faces, NULL), KAO_OK);
    const size_t n = faces.n;

    assert_int_equal(pthread_create(&thread, NULL, cancel, c), 0);
    kao_status st = KAO_OK;

    while (!st) /* for ever, if nothing stops it */
        st = kao_detect(d, &view, NULL, &faces, &f->err);
    pthread_join(thread, NULL);
    assert_int_equal(st, KAO_E_CANCELLED);
    assert_int_equal(faces.n, 0);
    assert_true(f->err.msg[0] != '\0');
    assert_int_equal(kao_embed(e, &view, 1, KAO_TTA_NONE, v, NULL), KAO_E_CANCELLED);
    kao_cancel_reset(c);
    assert_int_equal(kao_detect(d, &view, NULL, &faces, NULL), KAO_OK);
    assert_int_equal(faces.n, n);
    assert_int_equal(kao_embed(e, &view, 1, KAO_TTA_NONE, v, NULL), KAO_OK);
    kao_detector_destroy(d);
    kao_embedder_destroy(e);
    kao_cancel_destroy(c);
    kao_cancel_destroy(NULL);
    kao_image_free(f->ctx, &image);
}

/* ---- chips ---- */

/* A face in a picture that is stored in another format, lying, bottom up, or reached through
 * a chip that is there already: the same chip, but for rounding. */
static void chips_of_any_view(void **state)
{
    enum { W = 240, H = 200 };
    static uint8_t pixels[W * H * 4];
    fixture *f = *state;
    kao_image image = { 0 }, want = { 0 }, chip = { 0 };
    kao_template t;
    const kao_face face = {
        .n_points = KAO_FACE_POINTS,
        .points = { { 90, 80 }, { 140, 90 }, { 112, 110 }, { 84, 132 }, { 126, 140 } }
    };

    assert_int_equal(kao_template_find(&t, "arcface-112", 112, 112, NULL), KAO_OK);
    assert_int_equal(kao_image_create(f->ctx, W, H, &image, NULL), KAO_OK);
    for (uint32_t i = 0; i < W * H * 3; i++)
        image.rgb[i] = (uint8_t)(128 + 100 * sin((double)(i % (3 * W)) / 37) *
                                           cos((double)(i / (3 * W)) / 11));
    kao_view v = kao_image_view(&image);

    assert_int_equal(kao_align(f->ctx, &v, &face, &t, &want, &f->err), KAO_OK);
    for (int kind = 0; kind < 5; kind++) {
        for (uint32_t y = 0; y < H; y++)
            for (uint32_t x = 0; x < W; x++) {
                const uint8_t *p = image.rgb + 3 * (y * W + x);
                uint8_t *bgra = pixels + 4 * (y * W + x);

                switch (kind) {
                case 0: /* BGRA */
                    bgra[0] = p[2];
                    bgra[1] = p[1];
                    bgra[2] = p[0];
                    break;
                case 1: /* laid to the left: a clockwise quarter makes it upright */
                    memcpy(pixels + 3 * ((W - 1 - x) * H + y), p, 3);
                    break;
                case 2: /* on its head */
                    memcpy(pixels + 3 * ((H - 1 - y) * W + W - 1 - x), p, 3);
                    break;
                case 3: /* laid to the right */
                    memcpy(pixels + 3 * (x * H + H - 1 - y), p, 3);
                    break;
                default: /* bottom row first */
                    memcpy(pixels + 3 * ((H - 1 - y) * W + x), p, 3);
                    break;
                }
            }
        v = (kao_view){ .format = kind ? KAO_PIXELS_RGB : KAO_PIXELS_BGRA,
                        .width = kind % 2 ? H : W,
                        .height = kind % 2 ? W : H,
                        .plane = { pixels },
                        .rotation = kind < 4 ? (uint32_t)kind * 90 : 0 };
        v.stride[0] = (kind ? 3 : 4) * (ptrdiff_t)v.width;
        if (kind == 4) {
            v.plane[0] = pixels + 3 * (H - 1) * W;
            v.stride[0] = -3 * W;
        }
        assert_int_equal(kao_align(f->ctx, &v, &face, &t, &chip, &f->err), KAO_OK);
        for (size_t i = 0; i < chip.row_bytes * chip.height; i++)
            if (abs(chip.rgb[i] - want.rgb[i]) > 1)
                fail_msg("kind %d, byte %zu: %d, want %d", kind, i, chip.rgb[i],
                         want.rgb[i]);
    }
    kao_image_free(f->ctx, &chip);
    kao_image_free(f->ctx, &want);
    kao_image_free(f->ctx, &image);
}

/* A face of which nothing is in the picture, or at the other end of the numbers. */
static void faces_outside(void **state)
{
    static const float places[][2] = {
        { -5000, 20 }, { 20, 1e6f }, { 3e8f, -3e8f }, { 1e30f, 0 }
    };
    fixture *f = *state;
    kao_image image = scene(f->ctx, 64, 48), chip = { 0 };
    const kao_view v = kao_image_view(&image);
    kao_template t;

    assert_int_equal(kao_template_find(&t, "arcface-112", 112, 112, NULL), KAO_OK);
    for (size_t i = 0; i < COUNT(places); i++)
        for (float size = 40; size < 1e9f; size *= 1e4f) {
            kao_face face = { .n_points = KAO_FACE_POINTS };

            for (int k = 0; k < KAO_FACE_POINTS; k++)
                face.points[k] =
                    (kao_point){ places[i][0] + t.points[k].x / 35 * size,
                                 places[i][1] + t.points[k].y / 35 * size };
            const kao_status st = kao_align(f->ctx, &v, &face, &t, &chip, &f->err);

            assert_true(st == KAO_OK || st == KAO_E_NO_FACE || st == KAO_E_TOO_SMALL);
        }
    kao_image_free(f->ctx, &chip);
    kao_image_free(f->ctx, &image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_view),
        cmocka_unit_test(shared_pyramid),
        cmocka_unit_test(seen_shapes_allocate_nothing),
        cmocka_unit_test(many_candidates),
        cmocka_unit_test(models_are_shared),
        cmocka_unit_test(one_thread_is_one),
        cmocka_unit_test(runs_are_cancelled),
        cmocka_unit_test(chips_of_any_view),
        cmocka_unit_test(faces_outside),
    };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
