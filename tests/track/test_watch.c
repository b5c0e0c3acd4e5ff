/* People in made videos: the example people walk, leave, come back; the models are our own. */
#include "support/unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/context.h"
#include "kao/watch.h"
#include "support/fixture.h"

enum { WIDTH = 480, HEIGHT = 270, ANA = 0, BEN, CHEN, DORA, PEOPLE, HEAD = 150 };

typedef struct stage {
    kao_context *ctx;
    kao_model *models[2];
    kao_detector *detector;
    kao_embedder *embedder;
    kao_image heads[PEOPLE], frame;
    kao_error err;
    char gallery[300];
} stage;

/* Whether the program has models: there is nothing to be seen without. */
static bool has_models(void)
{
    const void *bytes = NULL;
    size_t n = 0;

    return kao_model_bundled(1, NULL, &bytes, &n) && bytes;
}

static int set_up(void **state)
{
    static stage s;
    static const char *const names[PEOPLE] = { "ana", "ben", "chen", "dora" };
    const kao_context_options o = { .n_threads = 1 };
    char path[600];

    s = (stage){ .ctx = NULL };
    if (!has_models()) {
        print_message("SKIP: no models in this build\n");
        *state = NULL;
        return 0;
    }
    assert_int_equal(kao_context_create(&s.ctx, &o, NULL), KAO_OK);
    assert_int_equal(kao_model_open_bundled(s.ctx, &s.models[0], "kao-detect", NULL),
                     KAO_OK);
    assert_int_equal(kao_model_open_bundled(s.ctx, &s.models[1], "kao-face", NULL),
                     KAO_OK);
    assert_int_equal(kao_detector_create(s.models[0], &s.detector, NULL, NULL), KAO_OK);
    assert_int_equal(kao_embedder_create(s.models[1], &s.embedder, NULL, NULL), KAO_OK);
    assert_int_equal(kao_image_create(s.ctx, WIDTH, HEIGHT, &s.frame, NULL), KAO_OK);
    for (int i = 0; i < PEOPLE; i++) {
        kao_image photo = { 0 };

        snprintf(path, sizeof path, "%s/%s_1.jpg", SOURCE_PICTURES, names[i]);
        assert_int_equal(kao_image_load(s.ctx, path, NULL, &photo, NULL), KAO_OK);
        assert_int_equal(kao_image_create(s.ctx, HEAD,
                                          HEAD * photo.height / photo.width,
                                          &s.heads[i], NULL),
                         KAO_OK);
        const kao_view view = kao_image_view(&photo);

        assert_int_equal(kao_image_resize(s.ctx, &view, &s.heads[i], NULL), KAO_OK);
        kao_image_free(s.ctx, &photo);
    }
    const char *tmp = getenv("TMPDIR");

    snprintf(s.gallery, sizeof s.gallery, "%s/kao-watch-%ld.kao", tmp ? tmp : "/tmp",
             (long)getpid());
    *state = &s;
    return 0;
}

static int tear_down(void **state)
{
    stage *s = *state;

    if (!s)
        return 0;
    for (int i = 0; i < PEOPLE; i++)
        kao_image_free(s->ctx, &s->heads[i]);
    kao_image_free(s->ctx, &s->frame);
    kao_embedder_destroy(s->embedder);
    kao_detector_destroy(s->detector);
    kao_model_release(s->models[0]);
    kao_model_release(s->models[1]);
    kao_context_destroy(s->ctx);
    return 0;
}

/* Everybody who has a place (x >= 0) in a grey room; gives the view. */
static kao_view scene(stage *s, const int x[PEOPLE])
{
    memset(s->frame.rgb, 140, s->frame.row_bytes * HEIGHT);
    for (int i = 0; i < PEOPLE; i++)
        for (uint32_t y = 0; x[i] >= 0 && y < s->heads[i].height && y + 40 < HEIGHT;
             y++)
            memcpy(s->frame.rgb + (y + 40) * s->frame.row_bytes + 3 * (size_t)x[i],
                   s->heads[i].rgb + y * s->heads[i].row_bytes, 3 * HEAD);
    return kao_image_view(&s->frame);
}

static kao_watcher *watcher_of(stage *s, kao_gallery *g, const kao_watch_options *o)
{
    kao_watcher *w = NULL;

    assert_int_equal(
        kao_watcher_create(s->ctx, &w, s->detector, &s->embedder, 1, g, o, &s->err),
        KAO_OK);
    return w;
}

/* The id of the track whose face is at a place; 0: none. */
static int64_t id_at(const kao_watched *seen, int x)
{
    for (size_t i = 0; i < seen->n_tracks; i++) {
        const kao_track *t = kao_track_at(seen, i);
        const float middle = t->face.x + t->face.width / 2;

        if (t->seen && middle > (float)x && middle < (float)(x + HEAD))
            return t->id;
    }
    return 0;
}

static size_t events_of(const kao_watched *seen, kao_track_event_kind kind)
{
    size_t n = 0;

    for (size_t i = 0; i < seen->n_events; i++)
        n += kao_track_event_at(seen, i)->kind == kind;
    return n;
}

#define WATCH(w, time, seen, ...)                                                      \
 do {                                                                                  \
  const int places[PEOPLE] = { __VA_ARGS__ };                                          \
  const kao_view shown = scene(s, places);                                             \
  assert_int_equal(kao_watch(w, &shown, time, seen, &s->err), KAO_OK);                 \
 } while (0)

/* Defects 1 and 2 of the sample: whoever comes in takes nobody's id; 4: who comes back has theirs. */
static void ids_stay(void **state)
{
    stage *s = *state;
    kao_watched seen = KAO_WATCHED_INIT;

    if (!s)
        skip();
    kao_watcher *w = watcher_of(s, NULL, NULL);
    double t = 0;

    for (int i = 0; i < 10; i++, t += .1)
        WATCH(w, t, &seen, 10 + 4 * i, 300 - 4 * i, -1, -1);
    const int64_t ana = id_at(&seen, 46), ben = id_at(&seen, 264);

    assert_true(ana && ben && ana != ben);
    for (int i = 0; i < 6; i++, t += .1) /* chen comes in between */
        WATCH(w, t, &seen, 5, 320, 165, -1);
    const int64_t chen = id_at(&seen, 165);

    assert_true(chen && chen != ana && chen != ben);
    assert_int_equal(id_at(&seen, 5), ana);
    assert_int_equal(id_at(&seen, 320), ben);
    size_t left = 0;

    for (int i = 0; i < 40; i++, t += .1) { /* ben is away for 4 seconds */
        WATCH(w, t, &seen, 5, -1, 165, -1);
        left += events_of(&seen, KAO_TRACK_LEFT);
    }
    assert_int_equal(left, 1);
    assert_int_equal(seen.n_tracks, 2);
    /* and back at once where ana was, while dora comes too: the places deceive at first */
    for (int i = 0; i < 9; i++, t += .1)
        WATCH(w, t, &seen, -1, 5, 165, 320);
    assert_int_equal(id_at(&seen, 5), ben);
    assert_int_equal(id_at(&seen, 165), chen);
    const int64_t dora = id_at(&seen, 320);

    assert_true(dora && dora != ana && dora != ben && dora != chen);
    assert_int_equal(kao_watch_end(w, &seen, &s->err), KAO_OK);
    assert_int_equal(events_of(&seen, KAO_TRACK_LEFT),
                     3 + 1); /* ana was hidden still */
    assert_int_equal(seen.n_tracks, 0);
    kao_watcher_destroy(w);
}

/* Several who have left come back in one frame, beside one who stayed: each has their own id. */
static void come_back_together(void **state)
{
    stage *s = *state;
    kao_watched seen = KAO_WATCHED_INIT;

    if (!s || is_short())
        skip();
    for (int stays = 0; stays < 2; stays++) { /* whether chen is there all the time */
        kao_watcher *w = watcher_of(s, NULL, NULL);
        const int chen_at = stays ? 320 : -1;
        double t = 0;

        for (int i = 0; i < 8; i++, t += .1)
            WATCH(w, t, &seen, 5, 165, 320, -1);
        const int64_t ana = id_at(&seen, 5), ben = id_at(&seen, 165),
                      chen = id_at(&seen, 320);

        assert_true(ana && ben && chen);
        for (int i = 0; i < 30; i++, t += .1)
            WATCH(w, t, &seen, -1, -1, chen_at, -1);
        assert_int_equal(seen.n_tracks, stays);
        for (int i = 0; i < 4; i++, t += .1) {
            WATCH(w, t, &seen, 5, 165, 320, -1);
            assert_int_equal(id_at(&seen, 5), ana);
            assert_int_equal(id_at(&seen, 165), ben);
            assert_int_equal(id_at(&seen, 320), chen);
        }
        kao_watcher_destroy(w);
    }
}

/* A cut: everybody is elsewhere at once, and still who they are. */
static void cuts(void **state)
{
    stage *s = *state;
    kao_watched seen = KAO_WATCHED_INIT;

    if (!s || is_short())
        skip();
    kao_watcher *w = watcher_of(s, NULL, NULL);
    double t = 0;

    for (int i = 0; i < 8; i++, t += .04)
        WATCH(w, t, &seen, 5, 165, 320, -1);
    const int64_t ana = id_at(&seen, 5), ben = id_at(&seen, 165),
                  chen = id_at(&seen, 320);

    for (int i = 0; i < 4; i++, t += .04) {
        WATCH(w, t, &seen, 165, 320, 5, -1);
        assert_int_equal(id_at(&seen, 165), ana);
        assert_int_equal(id_at(&seen, 320), ben);
        assert_int_equal(id_at(&seen, 5), chen);
    }
    kao_watcher_destroy(w);
}

static void enrol(stage *s, kao_gallery *g, int who, const char *name, int64_t *person)
{
    const kao_view view = kao_image_view(&s->heads[who]);
    kao_faces faces = KAO_FACES_INIT;
    kao_image chip = { 0 };
    float vector[1024];
    const float *vectors[1] = { vector };
    kao_new_sample sample = { .size = sizeof sample,
                              .vectors = vectors,
                              .quality = NAN };

    assert_int_equal(kao_detect(s->detector, &view, NULL, &faces, NULL), KAO_OK);
    assert_int_equal(faces.n, 1);
    assert_int_equal(kao_align(s->ctx, &view, kao_face_at(&faces, 0),
                               kao_embedder_template(s->embedder), &chip, NULL),
                     KAO_OK);
    const kao_view chip_view = kao_image_view(&chip);

    assert_int_equal(kao_embed(s->embedder, &chip_view, 1, KAO_TTA_NONE, vector, NULL),
                     KAO_OK);
    kao_image_free(s->ctx, &chip);
    *person = 0;
    assert_int_equal(kao_gallery_enrol(g, person, name, &sample, 1, &s->err), KAO_OK);
}

static kao_gallery *gallery_of(stage *s)
{
    const kao_gallery_options o = { .create = 1 };
    kao_gallery *g = NULL;
    size_t model = 0;
    const kao_status st = kao_gallery_open(s->ctx, &g, s->gallery, &o, &s->err);

    if (st == KAO_E_UNSUPPORTED) /* a build without galleries */
        return NULL;
    assert_int_equal(st, KAO_OK);
    assert_int_equal(
        kao_gallery_pin(g, s->embedder, kao_embedder_tta(s->embedder), &model, NULL),
        KAO_OK);
    return g;
}

static void close_gallery(stage *s, kao_gallery *g)
{
    char other[400];

    kao_gallery_close(g);
    unlink(s->gallery);
    for (int i = 0; i < 2; i++) {
        snprintf(other, sizeof other, "%s%s", s->gallery, i ? "-wal" : "-shm");
        unlink(other);
    }
}

static int64_t person_at(const kao_watched *seen, int x)
{
    const int64_t id = id_at(seen, x);

    for (size_t i = 0; i < seen->n_tracks; i++)
        if (kao_track_at(seen, i)->id == id)
            return kao_track_at(seen, i)->person;
    return -1;
}

/* Who is in the gallery is named, others are not; strangers are remembered if asked for. */
static void named(void **state)
{
    stage *s = *state;
    kao_watched seen = KAO_WATCHED_INIT;
    kao_gallery *g = s ? gallery_of(s) : NULL;
    const kao_watch_options o = { .remember = 1 };
    size_t identified = 0;
    double t = 0;

    if (!g)
        skip();
    int64_t ana = 0, ben = 0;

    enrol(s, g, ANA, "Ana", &ana);
    enrol(s, g, BEN, "Ben", &ben);
    kao_watcher *w = watcher_of(s, g, NULL);

    for (int i = 0; i < 10; i++, t += .1) {
        WATCH(w, t, &seen, 5, -1, 165, 320);
        identified += events_of(&seen, KAO_TRACK_IDENTIFIED);
    }
    assert_int_equal(identified, 1);
    assert_int_equal(person_at(&seen, 5), ana);
    assert_int_equal(person_at(&seen, 165), 0);
    kao_watcher_destroy(w);
    w = watcher_of(s, g, &o);
    for (int i = 0; i < 12; i++, t += .1)
        WATCH(w, t, &seen, 5, -1, 165, -1);
    const int64_t stranger = person_at(&seen, 165);

    assert_true(stranger > 0 && stranger != ana && stranger != ben);
    kao_watcher_destroy(w);
    w = watcher_of(s, g, NULL); /* another video */
    for (int i = 0; i < 6; i++, t += .1)
        WATCH(w, t, &seen, 320, 5, 165, -1);
    assert_int_equal(person_at(&seen, 165), stranger);
    assert_int_equal(person_at(&seen, 320), ana);
    assert_int_equal(person_at(&seen, 5), ben);
    kao_watcher_destroy(w);
    close_gallery(s, g);
}

/* Two who look the same (a face and its mirror image) were seen beside each other: when one is hidden,
 * or has left, the other is not taken for them, neither by looks nor by name. */
static void beside_each_other(void **state)
{
    stage *s = *state;
    kao_watched seen = KAO_WATCHED_INIT;
    int64_t ana = 0;

    if (!s || is_short())
        skip();
    const kao_image ben = s->heads[BEN];

    for (int named = 0; named < 2; named++) {
        kao_gallery *g = named ? gallery_of(s) : NULL;

        if (named && !g)
            break;
        if (named)
            enrol(s, g, ANA, "Ana", &ana);
        kao_watcher *w = watcher_of(s, g, NULL);
        size_t renamed = 0;

        s->heads[BEN] = s->heads[ANA];
        for (int i = 0; i < 36; i++) {
            WATCH(w, .1 * i, &seen, i < 4 ? 5 : -1, 317, -1, -1);
            renamed += events_of(&seen, KAO_TRACK_RENAMED);
            assert_int_equal(id_at(&seen, 317), 2);
        }
        assert_int_equal(renamed, 0);
        WATCH(w, 4, &seen, 5, 317, -1, -1);
        assert_int_equal(id_at(&seen, 5), 1);
        assert_int_equal(id_at(&seen, 317), 2);
        s->heads[BEN] = ben;
        kao_watcher_destroy(w);
        if (g)
            close_gallery(s, g);
    }
}

/* Somebody who is hidden and found again by name has their id, and has not appeared twice. */
static void found_by_name(void **state)
{
    stage *s = *state;
    const kao_watch_options o = { .same = 1 }; /* no face is known again by its looks */
    kao_watched seen = KAO_WATCHED_INIT;
    kao_gallery *g = s ? gallery_of(s) : NULL;
    int64_t person = 0;
    size_t appeared = 0, left = 0, identified = 0;
    double t = 0;

    if (!g)
        skip();
    enrol(s, g, ANA, "Ana", &person);
    kao_watcher *w = watcher_of(s, g, &o);

    for (int i = 0; i < 20; i++, t += .1) {
        WATCH(w, t, &seen, i < 8 ? 5 : 317, -1, 165, -1);
        appeared += events_of(&seen, KAO_TRACK_APPEARED);
        left += events_of(&seen, KAO_TRACK_LEFT);
        identified += events_of(&seen, KAO_TRACK_IDENTIFIED);
        if (i >= 8)
            assert_int_equal(id_at(&seen, 317), 1);
    }
    assert_true(appeared == 2 && left == 0 && identified == 1);
    kao_watcher_destroy(w);
    close_gallery(s, g);
}

/* Who is ignored leaves as soon as that is known, and is told of again when it is taken back. */
static void ignored(void **state)
{
    stage *s = *state;
    kao_watched seen = KAO_WATCHED_INIT;
    kao_gallery *g = s ? gallery_of(s) : NULL;
    const kao_watch_options all = { .with_ignored = 1 };
    size_t appeared = 0, left = 0, identified = 0;
    double t = 0;

    if (!g)
        skip();
    int64_t ana = 0, ben = 0;

    enrol(s, g, ANA, "Ana", &ana);
    enrol(s, g, BEN, "Ben", &ben);
    assert_int_equal(kao_gallery_set_ignored(g, ben, 1, NULL), KAO_OK);
    kao_watcher *w = watcher_of(s, g, NULL);

    for (int i = 0; i < 10; i++, t += .1) {
        WATCH(w, t, &seen, 5, 165, -1, -1);
        appeared += events_of(&seen, KAO_TRACK_APPEARED);
        left += events_of(&seen, KAO_TRACK_LEFT);
        identified += events_of(&seen, KAO_TRACK_IDENTIFIED);
    }
    assert_int_equal(seen.n_tracks, 1);
    assert_int_equal(kao_track_at(&seen, 0)->person, ana);
    assert_int_equal(identified, 1);
    assert_int_equal(appeared - left, 1);
    assert_int_equal(kao_gallery_set_ignored(g, ben, 0, NULL), KAO_OK);
    for (int i = 0; i < 10; i++, t += .1)
        WATCH(w, t, &seen, 5, 165, -1, -1);
    assert_int_equal(seen.n_tracks, 2);
    assert_int_equal(person_at(&seen, 165), ben);
    kao_watcher_destroy(w);
    assert_int_equal(kao_gallery_set_ignored(g, ben, 1, NULL), KAO_OK);
    w = watcher_of(s, g, &all);
    for (int i = 0; i < 10; i++, t += .1)
        WATCH(w, t, &seen, 5, 165, -1, -1);
    assert_int_equal(person_at(&seen, 165), ben);
    kao_watcher_destroy(w);
    close_gallery(s, g);
}

/* The sample's rule as it is: a second person comes in, and the first one's id is gone. */
static void the_sample_loses_ids(void **state)
{
    stage *s = *state;
    const kao_watch_options o = { .rule = KAO_RULE_AILIA };
    kao_watched seen = KAO_WATCHED_INIT;
    double t = 0;

    if (!s || is_short())
        skip();
    kao_watcher *w = watcher_of(s, NULL, &o);

    for (int i = 0; i < 3; i++, t += .1)
        WATCH(w, t, &seen, 5, -1, -1, -1);
    assert_int_equal(id_at(&seen, 5), 1);
    WATCH(w, t, &seen, 5, -1, 320, -1);
    assert_true(id_at(&seen, 5) != 1 || id_at(&seen, 320) != 2);
    kao_watcher_destroy(w);
}

/* By that rule a track without a similarity counts as 0: with a threshold below it both faces of
 * each frame go to the first one, whose features are no more than it has room for. */
static void the_sample_below_zero(void **state)
{
    stage *s = *state;
    const kao_watch_options o = { .rule = KAO_RULE_AILIA };
    kao_watched seen = KAO_WATCHED_INIT;

    if (!s || is_short())
        skip();
    pb file = tiny_embedder();
    kao_embedder *e = NULL;
    kao_model *m = NULL;
    kao_watcher *w = NULL;

    assert_int_equal(kao_model_open_bytes(s->ctx, &m, file.p, file.n, "tiny",
                                          "threshold.cosine = -0.5\n", &s->err),
                     KAO_OK);
    assert_int_equal(kao_embedder_create(m, &e, NULL, &s->err), KAO_OK);
    kao_model_release(m);
    assert_int_equal(
        kao_watcher_create(s->ctx, &w, s->detector, &e, 1, NULL, &o, &s->err), KAO_OK);
    for (int i = 0; i < 20; i++) {
        WATCH(w, .1 * i, &seen, 5, -1, 320, -1);
        assert_int_equal(id_at(&seen, 5), 1);
        assert_int_equal(id_at(&seen, 320), 1);
    }
    kao_watcher_destroy(w);
    kao_embedder_destroy(e);
    pb_free(&file);
}

static void refused(void **state)
{
    stage *s = *state;
    const kao_watch_options bad[] = {
        { .size = 4 },     { .min_score = 2 },
        { .known = NAN },  { .same = -.1f },
        { .fpir = 1 },     { .lost_seconds = -1 },
        { .remember = 1 }, { .rule = (kao_watch_rule)7 },
        { .model = 1 },
    };
    kao_watched seen = KAO_WATCHED_INIT;
    kao_watcher *w = NULL;

    if (!s)
        skip();
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_int_equal(kao_watcher_create(s->ctx, &w, s->detector, &s->embedder, 1,
                                            NULL, &bad[i], &s->err),
                         KAO_E_ARG);
        assert_null(w);
    }
    assert_int_equal(
        kao_watcher_create(s->ctx, &w, s->detector, &s->embedder, 0, NULL, NULL, NULL),
        KAO_E_ARG);
    w = watcher_of(s, NULL, NULL);
    WATCH(w, 1, &seen, 5, -1, -1, -1);
    const kao_view view = kao_image_view(&s->frame);
    const double times[] = { 1, .5, (double)NAN, (double)INFINITY };

    for (size_t i = 0; i < COUNT(times); i++)
        assert_int_equal(kao_watch(w, &view, times[i], &seen, &s->err), KAO_E_ARG);
    WATCH(w, 1.1, &seen, 5, -1, -1, -1);
    assert_int_equal(seen.n_tracks, 1);
    kao_watcher_destroy(w);
}

/* Memory that runs out anywhere: said, nothing is left, and the next frame is worked on. */
static void memory(void **state)
{
    stage *s = *state;
    kao_watched seen = KAO_WATCHED_INIT;
    size_t failures = 0;

    if (!s)
        skip();
    for (unsigned n = 0;; n += is_short() ? 5 : 1) {
        kao_watcher *w = NULL;
        const int places[2][PEOPLE] = { { 5, 165, -1, -1 }, { 165, 320, 5, -1 } };
        bool failed = false;

        kao_fault_arm(&s->ctx->mem, KAO_FAULT_ALLOC, n);
        kao_status st = kao_watcher_create(s->ctx, &w, s->detector, &s->embedder, 1,
                                           NULL, NULL, &s->err);

        for (int i = 0; w && i < 2; i++) { /* the second is a cut */
            const kao_view view = scene(s, places[i]);

            st = kao_watch(w, &view, i, &seen, &s->err);
            failed |= st != KAO_OK;
            assert_true(st == KAO_OK || st == KAO_E_NOMEM);
        }
        kao_watcher_destroy(w);
        const bool fired = kao_fault_disarm(&s->ctx->mem, KAO_FAULT_ALLOC);

        assert_true(!fired || failed || !w);
        failures += fired;
        if (!fired)
            break;
    }
    assert_true(failures > (is_short() ? 3 : 10));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_stay),
        cmocka_unit_test(come_back_together),
        cmocka_unit_test(cuts),
        cmocka_unit_test(named),
        cmocka_unit_test(beside_each_other),
        cmocka_unit_test(found_by_name),
        cmocka_unit_test(ignored),
        cmocka_unit_test(the_sample_loses_ids),
        cmocka_unit_test(the_sample_below_zero),
        cmocka_unit_test(refused),
        cmocka_unit_test(memory),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
