/* See camera.h. */
#define _GNU_SOURCE /* pthread_timedjoin_np */
#include "server/camera.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/address.h"
#include "base/cancel.h"
#include "base/clock.h"
#include "base/context.h"
#include "base/error.h"
#include "base/event_json.h"
#include "media/video.h"
#include "server/log.h"
#include "server/random_id.h"

enum {
    NICE = 10,          /* of the cameras' threads */
    FAILURES_MOST = 50, /* frames in a row of which nothing could be made */
    JPEG_MOST = 2 << 20,
    STOP_SECONDS = 1,
};

/* From picture to picture: while somebody looks, and while nobody does. */
static const double looked_at_seconds = .12, kept_seconds = 1;

typedef enum camera_state { OPENING, RUNNING, WAITING, ENDED, FAILED } camera_state;

static const char *const states[] = { "opening", "running", "waiting", "ended",
                                      "failed" };

typedef struct camera {
    kao_cameras *all;
    size_t number; /* from 1 */
    char name[CAMERA_NAME], shown[KAO_ADDRESS_SHOWN];
    const char *source; /* borrowed */
    kao_cancel *cancel;
    pthread_t thread;
    bool started;

    /* of its thread: */
    kao_worker w;
    kao_watcher *watcher;
    kao_video *video;
    kao_video_frame frame;
    double pictured; /* kao_clock_seconds */
    kao_bytes drawn, part;
    bool fails; /* its last event could not be kept, which was told */
    uint32_t n_failures;

    /* under the lock of all: */
    camera_state state;
    char error[256]; /* "": none */
    uint64_t frames;
    double fps, at; /* at: of the last frame; kao_clock_seconds */
    uint32_t width, height;
    size_t people;
    kao_bytes jpeg; /* the newest */
} camera;

struct kao_cameras {
    kao_context *ctx;
    kao_mem *mem;
    const kao_server_options *o;
    kao_streams *streams;
    char run[RANDOM_ID_BYTES]; /* tracks of another start of the server are others */
    pthread_mutex_t lock;
    uint64_t n_drops; /* of pictures; under the lock */
    size_t n;
    camera list[CAMERAS_MOST];
};

/* ---- what it is doing ---- */

/* Told where it is another state than before, or another error. */
static void set_state(camera *c, camera_state state, const kao_error *why)
{
    kao_error shown = why ? *why : (kao_error){ .code = KAO_OK };

    kao_address_hide(c->source, &shown);
    pthread_mutex_lock(&c->all->lock);
    const bool news = c->state != state || strcmp(c->error, shown.msg) != 0;

    c->state = state;
    snprintf(c->error, sizeof c->error, "%s", shown.msg);
    if (state != RUNNING) {
        c->people = 0;
        c->fps = 0;
    }
    pthread_mutex_unlock(&c->all->lock);
    if (news)
        kao_log(c->all->o, "camera %s (%s): %s%s%s%s", c->name, c->shown, states[state],
                shown.msg[0] ? ": " : "", shown.msg,
                state == WAITING && shown.msg[0] ? "; trying again" : "");
}

/* Called by a live source, from its own thread when it is there. */
static void changed(void *user, const char *reason)
{
    camera *c = user;
    kao_error why = { .code = KAO_E_IO };

    if (reason)
        snprintf(why.msg, sizeof why.msg, "%s", reason);
    set_state(c, reason ? WAITING : RUNNING, reason ? &why : NULL);
}

/* ---- events ---- */

static void trail_of(const camera *c, int64_t track, char to[96])
{
    snprintf(to, 96, "%s.%zu.%lld", c->all->run, c->number, (long long)track);
}

/* Without who it is: the gallery has the person's number beside it, and the name in one place. */
static kao_status keep(camera *c, const kao_track_event *e, kao_error *err)
{
    const bool live = kao_video_info_of(c->video)->live;
    const double wall = kao_clock_wall() - (live ? c->frame.time - e->time : 0);
    char trail[96], was[96];
    kao_track_event nobody = *e;

    nobody.person = 0;
    kao_json *o =
        kao_event_json(&nobody, c->frame.number, wall, NULL,
                       kao_embedder_calibration(c->w.embedders[0]), c->w.ttas[0]);

    kao_bytes text = { .mem = c->all->mem, .max = KAO_EVENT_MAX_BYTES + 1 };

    kao_json_set(o, "camera", kao_json_string(c->name));
    if (!kao_json_put(o, &text) || !kao_bytes_add(&text, "", 1)) {
        kao_bytes_free(&text);
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    }
    trail_of(c, e->id, trail);
    trail_of(c, e->was, was);
    const kao_new_event event = { .size = sizeof event,
                                  .trail = trail,
                                  .was = e->kind == KAO_TRACK_RENAMED ? was : NULL,
                                  .person = e->person,
                                  .text = (const char *)text.p };
    const kao_status st = kao_gallery_add_event(c->w.gallery, &event, NULL, err);

    kao_bytes_free(&text);
    return st;
}

/* An event that cannot be kept is lost, and the camera goes on. */
static void tell(camera *c, const kao_watched *seen)
{
    kao_error err = { 0 };
    size_t kept = 0;

    for (size_t i = 0; i < seen->n_events; i++) {
        const kao_status st = keep(c, kao_track_event_at(seen, i), &err);

        if (st && !c->fails)
            kao_log(c->all->o, "camera %s: events are lost: %s", c->name, err.msg);
        c->fails = st != KAO_OK;
        kept += !st;
    }
    if (kept)
        kao_streams_news(c->all->streams);
}

/* ---- frames ---- */

static void picture(camera *c, const kao_watched *seen)
{
    const double now = kao_clock_seconds();
    const size_t lookers = kao_streams_count(c->all->streams, c->number);
    kao_error err = { 0 };

    if (now - c->pictured < (lookers ? looked_at_seconds : kept_seconds))
        return;
    c->pictured = now;
    pthread_mutex_lock(&c->all->lock);
    const uint64_t n_drops = c->all->n_drops;

    pthread_mutex_unlock(&c->all->lock);
    if (kao_camera_draw(&c->w, &c->frame.view, seen, &c->drawn, &err))
        return; /* one without a picture */
    c->part.n = 0;
    if (lookers && kao_camera_part(&c->drawn, &c->part))
        kao_streams_put_all(c->all->streams, c->number, c->part.p, c->part.n);
    pthread_mutex_lock(&c->all->lock);
    const kao_bytes old = c->jpeg;

    if (n_drops == c->all->n_drops) { /* it may have a name on it that is forgotten */
        c->jpeg = c->drawn;
        c->drawn = old;
    }
    pthread_mutex_unlock(&c->all->lock);
}

static void count(camera *c, const kao_watched *seen)
{
    const double now = kao_clock_seconds();
    size_t people = 0;

    for (size_t i = 0; i < seen->n_tracks; i++)
        people += kao_track_at(seen, i)->seen != 0;
    pthread_mutex_lock(&c->all->lock);
    const double rate = now > c->at ? 1 / (now - c->at) : 0;

    /* of about the last twenty */
    c->fps = c->fps > 0 ? .95 * c->fps + .05 * rate : c->frames ? rate : 0;
    c->at = now;
    c->frames++;
    c->people = people;
    c->width = kao_video_info_of(c->video)->width;
    c->height = kao_video_info_of(c->video)->height;
    pthread_mutex_unlock(&c->all->lock);
}

static kao_status watch_frame(camera *c, kao_error *err)
{
    kao_watched seen = KAO_WATCHED_INIT;
    const kao_status st =
        kao_watch(c->watcher, &c->frame.view, c->frame.time, &seen, err);

    if (st) { /* the next one may do: a gallery's server comes back, whenever that is */
        c->n_failures++;
        if (kao_cancelled(c->cancel) ||
            (c->n_failures >= FAILURES_MOST && st != KAO_E_IO))
            return st;
        if (c->n_failures == 1)
            kao_log(c->all->o, "camera %s: a frame is left out: %s", c->name, err->msg);
        return KAO_OK;
    }
    c->n_failures = 0;
    tell(c, &seen);
    count(c, &seen);
    picture(c, &seen);
    return KAO_OK;
}

/* Until its end; KAO_OK: that of a file. */
static kao_status watch_frames(camera *c, kao_error *err)
{
    kao_watched seen = KAO_WATCHED_INIT;
    kao_status st = KAO_OK;

    for (bool more = true; !st && more;) {
        c->frame.cut = NULL;
        st = kao_video_next(c->video, &c->frame, &more, err);
        if (!st && more)
            st = watch_frame(c, err);
    }
    if (kao_watch_end(c->watcher, &seen, NULL) == KAO_OK)
        tell(c, &seen);
    if (!st && c->frame.cut)
        st = kao_fail(err, KAO_E_IO, "%s: %s", c->source, c->frame.cut);
    return st;
}

/* ---- its thread ---- */

/* A live source tells itself when it is there, and when it is not. */
static kao_status open_video(camera *c, kao_error *err)
{
    const kao_video_options how = {
        .cancel = c->cancel, .patient = true, .changed = changed, .user = c
    };
    const kao_status st = kao_video_open(c->all->ctx, &c->video, c->source, &how, err);

    if (!st && !kao_video_info_of(c->video)->live)
        set_state(c, RUNNING, NULL);
    return st;
}

static kao_status watch(camera *c, kao_error *err)
{
    const kao_watch_options o = { .size = sizeof o,
                                  .search = KAO_SEARCH_QUICK,
                                  .fpir = c->all->o->fpir };
    kao_status st = kao_worker_open(&c->w, err);

    if (st)
        return st;
    st = kao_watcher_create(c->w.ctx, &c->watcher, c->w.detector, c->w.embedders,
                            c->w.n, c->w.gallery, &o, err);
    if (!st)
        st = open_video(c, err);
    if (!st)
        st = watch_frames(c, err);
    kao_video_close(c->video);
    kao_watcher_destroy(c->watcher);
    kao_worker_close(&c->w);
    return st;
}

static void *run(void *user)
{
    camera *c = user;
    kao_error err = { 0 };

    setpriority(PRIO_PROCESS, 0, NICE); /* of Linux: this thread's */
    const kao_status st = watch(c, &err);
    const bool stopped = kao_cancelled(c->cancel);

    set_state(c, st && !stopped ? FAILED : ENDED, st && !stopped ? &err : NULL);
    kao_streams_end_all(c->all->streams, c->number);
    return NULL;
}

/* ---- all ---- */

static kao_status add(kao_cameras *all, const char *text, kao_error *err)
{
    camera *c = &all->list[all->n];
    kao_status st = kao_source_split(text, c->name, &c->source, err);

    if (st)
        return st;
    c->all = all;
    c->number = all->n + 1;
    if (!c->name[0])
        snprintf(c->name, sizeof c->name, "%zu", c->number);
    for (size_t i = 0; i < all->n; i++)
        if (strcmp(all->list[i].name, c->name) == 0)
            return kao_fail(err, KAO_E_ARG, "--source: two cameras are called %s",
                            c->name);
    kao_address_show(c->source, c->shown);
    c->w = (kao_worker){ .ctx = all->ctx, .o = all->o };
    c->drawn = c->jpeg = (kao_bytes){ .mem = all->mem, .max = JPEG_MOST };
    c->part = (kao_bytes){ .mem = all->mem, .max = JPEG_MOST + 256 };
    st = kao_cancel_create(all->ctx, &c->cancel, err);
    c->w.run.cancel = c->cancel;
    all->n += !st;
    return st;
}

kao_status kao_cameras_create(kao_context *ctx, const kao_server_options *o,
                              kao_streams *streams, kao_cameras **out, kao_error *err)
{
    kao_cameras *all = kao_calloc(&ctx->mem, 1, sizeof *all);
    kao_status st = KAO_OK;

    *out = NULL;
    if (!all)
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    all->ctx = ctx;
    all->mem = &ctx->mem;
    all->o = o;
    all->streams = streams;
    kao_random_id(all->run);
    pthread_mutex_init(&all->lock, NULL);
    if (o->n_sources > CAMERAS_MOST)
        st = kao_fail(err, KAO_E_ARG, "--source: %d cameras at most", CAMERAS_MOST);
    for (size_t i = 0; !st && i < o->n_sources; i++)
        st = add(all, o->sources[i], err);
    if (st)
        kao_cameras_destroy(all);
    else
        *out = all;
    return st;
}

kao_status kao_cameras_start(kao_cameras *all, kao_error *err)
{
    for (size_t i = 0; i < all->n; i++) {
        const int e = pthread_create(&all->list[i].thread, NULL, run, &all->list[i]);

        if (e)
            return kao_fail_sys(err, KAO_E_IO, e, "a thread could not be started");
        all->list[i].started = true;
    }
    return KAO_OK;
}

bool kao_cameras_stop(kao_cameras *all)
{
    struct timespec until;
    bool ended = true;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += STOP_SECONDS;
    for (size_t i = 0; all && i < all->n; i++)
        kao_cancel_request(all->list[i].cancel);
    for (size_t i = 0; all && i < all->n; i++) {
        camera *c = &all->list[i];

        c->started = c->started && pthread_timedjoin_np(c->thread, NULL, &until) != 0;
        ended = ended && !c->started;
    }
    return ended;
}

void kao_cameras_destroy(kao_cameras *all)
{
    if (!all)
        return;
    for (size_t i = 0; i < all->n; i++) {
        kao_cancel_destroy(all->list[i].cancel);
        kao_bytes_free(&all->list[i].jpeg);
        kao_bytes_free(&all->list[i].drawn);
        kao_bytes_free(&all->list[i].part);
    }
    pthread_mutex_destroy(&all->lock);
    kao_free(all->mem, all);
}

/* ---- looking ---- */

size_t kao_cameras_count(const kao_cameras *all)
{
    return all->n;
}

size_t kao_camera_find(const kao_cameras *all, const char *text)
{
    char number[16];

    for (size_t i = 0; i < all->n; i++) {
        snprintf(number, sizeof number, "%zu", all->list[i].number);
        if (strcmp(all->list[i].name, text) == 0 || strcmp(number, text) == 0)
            return all->list[i].number;
    }
    return 0;
}

kao_json *kao_camera_json(kao_cameras *all, size_t number)
{
    const camera *c = &all->list[number - 1];
    kao_json *o = kao_json_object();

    pthread_mutex_lock(&all->lock);
    kao_json_set(o, "camera", kao_json_integer((int64_t)c->number));
    kao_json_set(o, "name", kao_json_string(c->name));
    kao_json_set(o, "source", kao_json_string(c->shown));
    kao_json_set(o, "state", kao_json_string(states[c->state]));
    kao_json_set(o, "error", kao_json_string(c->error[0] ? c->error : NULL));
    kao_json_set(o, "frames", kao_json_integer((int64_t)c->frames));
    kao_json_set(o, "fps", kao_json_number(round(c->fps * 10) / 10));
    kao_json_set(o, "width", kao_json_integer(c->width));
    kao_json_set(o, "height", kao_json_integer(c->height));
    kao_json_set(o, "people", kao_json_integer((int64_t)c->people));
    pthread_mutex_unlock(&all->lock);
    return o;
}

kao_status kao_camera_picture(kao_cameras *all, size_t number, kao_bytes *to,
                              bool *goes_on, kao_error *err)
{
    const camera *c = &all->list[number - 1];
    kao_status st = KAO_OK;

    pthread_mutex_lock(&all->lock);
    *goes_on = c->state < ENDED;
    if (c->jpeg.n == 0)
        st = kao_fail(err, KAO_E_CONFLICT, "there is no picture of it yet");
    else if (!kao_bytes_add(to, c->jpeg.p, c->jpeg.n))
        st = kao_fail(err, KAO_E_NOMEM, "out of memory");
    pthread_mutex_unlock(&all->lock);
    return st;
}

void kao_cameras_drop_pictures(kao_cameras *all)
{
    pthread_mutex_lock(&all->lock);
    all->n_drops++;
    for (size_t i = 0; i < all->n; i++)
        kao_bytes_free(&all->list[i].jpeg);
    pthread_mutex_unlock(&all->lock);
}
