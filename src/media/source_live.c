/* A live source: FFmpeg's, read by a thread of its own that keeps the newest frame.
 *
 * A camera does not wait. What is read while a frame is worked on replaces what nobody took, so
 * that the next frame asked for is of now. The newest frame is copied once more for who takes it:
 * the decoder goes on with its own.
 *
 * A source that is lost, or not there yet, is opened again after 1 second, then 2, 4, .. 30. */
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "kao/image.h"
#include "media/source.h"

typedef struct live {
    kao_context *ctx;
    char *name;
    kao_video_options options;
    void *source; /* of kao_source_ffmpeg; the thread's */
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t news;
    bool started, locks;
    /* under the lock: */
    bool quit, ended;
    kao_status status; /* why it ended */
    kao_error why;
    const char *cut;
    kao_image newest; /* width 0: taken already */
    double time;      /* of the newest */
    uint64_t number;
    /* the taker's: */
    kao_image taken;
    double begun; /* the clock at the first frame */
} live;

/* ---- the thread ---- */

static bool wanted(live *l)
{
    pthread_mutex_lock(&l->lock);
    const bool quit = l->quit;

    pthread_mutex_unlock(&l->lock);
    return !quit && !kao_cancelled(l->options.cancel);
}

/* The frame becomes the newest. */
static kao_status keep(live *l, const kao_video_frame *frame, kao_error *err)
{
    const kao_view *v = &frame->view;
    const bool turned = v->rotation % 180 != 0;
    kao_image image = { 0 };
    kao_status st = kao_image_create(l->ctx, turned ? v->height : v->width,
                                     turned ? v->width : v->height, &image, err);

    if (!st)
        st = kao_image_resize(l->ctx, v, &image, err);
    pthread_mutex_lock(&l->lock);
    if (!st) {
        kao_image_free(l->ctx, &l->newest);
        l->newest = image;
        l->number++;
        l->time = kao_clock_seconds();
        pthread_cond_broadcast(&l->news);
    }
    pthread_mutex_unlock(&l->lock);
    if (st)
        kao_image_free(l->ctx, &image);
    return st;
}

/* Frames until the source ends or fails. */
static kao_status read_on(live *l, kao_error *err)
{
    kao_status st = KAO_OK;
    bool more = true;

    while (!st && more && wanted(l)) {
        kao_video_frame frame = { .cut = NULL };

        more = false;
        st = kao_source_ffmpeg.next(l->source, &frame, &more, err);
        if (!st && more)
            st = keep(l, &frame, err);
        else if (!st)
            st = kao_fail(err, KAO_E_IO, "%s: %s", l->name,
                          frame.cut ? frame.cut : "the stream has ended");
    }
    return st;
}

static void pause_for(live *l, double seconds)
{
    const double until = kao_clock_seconds() + seconds;

    while (wanted(l) && kao_clock_seconds() < until) {
        const struct timespec moment = { .tv_nsec = 50 * 1000 * 1000 };

        nanosleep(&moment, NULL);
    }
}

static void tell(const live *l, const char *reason)
{
    if (l->options.changed)
        l->options.changed(l->options.user, reason);
}

/* Again and again, until it is there or (false) nobody wants it any more. err: why it is not there. */
static bool open_again(live *l, kao_video_info *info, kao_error *err)
{
    char told[sizeof err->msg] = "";
    double pause = 1;
    bool there = false;

    while (!there && wanted(l)) {
        if (strcmp(told, err->msg) != 0)
            tell(l, err->msg);
        memcpy(told, err->msg, sizeof told);
        pause_for(l, pause);
        pause = pause < 15 ? 2 * pause : 30;
        there = wanted(l) && kao_source_ffmpeg.open(l->ctx, &l->source, l->name,
                                                    &l->options, info, err) == KAO_OK;
    }
    if (there)
        tell(l, NULL);
    return there;
}

/* At first: what another try cannot change is the end. */
static kao_status open_first(live *l, kao_video_info *info, kao_error *err)
{
    kao_error why = { 0 };
    const kao_status st =
        kao_source_ffmpeg.open(l->ctx, &l->source, l->name, &l->options, info, &why);
    const bool waits = l->options.patient && st != KAO_E_UNSUPPORTED &&
                       st != KAO_E_NOMEM && st != KAO_E_CANCELLED;

    if (!st && l->options.patient)
        tell(l, NULL);
    if (!st || (waits && open_again(l, info, &why)))
        return KAO_OK;
    if (waits)
        return kao_fail(err, KAO_E_CANCELLED, "%s: stopped", l->name);
    if (err)
        *err = why;
    return st;
}

static void *run(void *user)
{
    live *l = user;
    kao_video_info info; /* as it was at first is what is told */
    kao_error err = { 0 };
    kao_status st = KAO_OK;

    while (wanted(l)) {
        st = read_on(l, &err);
        if (!st || st == KAO_E_CANCELLED || st == KAO_E_NOMEM || l->options.once)
            break;
        kao_source_ffmpeg.close(l->source);
        l->source = NULL;
        open_again(l, &info, &err);
    }
    if (kao_cancelled(l->options.cancel)) /* between frames, or while it was lost */
        st = kao_fail(&err, KAO_E_CANCELLED, "%s: stopped", l->name);
    pthread_mutex_lock(&l->lock);
    l->ended = true;
    l->status = st;
    l->why = err;
    pthread_cond_broadcast(&l->news);
    pthread_mutex_unlock(&l->lock);
    return NULL;
}

/* ---- the taker ---- */

static void live_close(void *source)
{
    live *l = source;

    if (l->started) {
        pthread_mutex_lock(&l->lock);
        l->quit = true;
        pthread_mutex_unlock(&l->lock);
        pthread_join(l->thread, NULL);
    }
    if (l->locks) {
        pthread_cond_destroy(&l->news);
        pthread_mutex_destroy(&l->lock);
    }
    if (l->source)
        kao_source_ffmpeg.close(l->source);
    kao_image_free(l->ctx, &l->newest);
    kao_image_free(l->ctx, &l->taken);
    kao_free(&l->ctx->mem, l->name);
    kao_free(&l->ctx->mem, l);
}

static kao_status live_open(kao_context *ctx, void **source, const char *name,
                            const kao_video_options *o, kao_video_info *info,
                            kao_error *err)
{
    live *l = kao_calloc(&ctx->mem, 1, sizeof *l);

    if (!l)
        return kao_fail(err, KAO_E_NOMEM, "%s: out of memory", name);
    l->ctx = ctx;
    l->options = *o;
    l->begun = (double)NAN;
    l->name = kao_strdup(&ctx->mem, name);
    l->locks = pthread_mutex_init(&l->lock, NULL) == 0 &&
               pthread_cond_init(&l->news, NULL) == 0;
    kao_status st = l->name && l->locks
                        ? KAO_OK
                        : kao_fail(err, KAO_E_NOMEM, "%s: out of memory", name);

    if (!st)
        st = open_first(l, info, err);
    if (!st) {
        info->live = true;
        l->started = pthread_create(&l->thread, NULL, run, l) == 0;
        if (!l->started)
            st = kao_fail(err, KAO_E_IO, "%s: no thread for it", name);
    }
    if (st)
        live_close(l);
    else
        *source = l;
    return st;
}

static kao_status live_next(void *source, kao_video_frame *frame, bool *more,
                            kao_error *err)
{
    live *l = source;
    kao_status st = KAO_OK;

    kao_image_free(l->ctx, &l->taken);
    pthread_mutex_lock(&l->lock);
    while (!l->newest.width && !l->ended)
        pthread_cond_wait(&l->news, &l->lock);
    if (l->newest.width) {
        l->taken = l->newest;
        l->newest = (kao_image){ .rgb = NULL };
        if (isnan(l->begun))
            l->begun = l->time;
        frame->time = l->time - l->begun;
        frame->number = l->number;
        *more = true;
    } else {
        st = l->status;
        if (st && err)
            *err = l->why;
        if (st == KAO_E_IO) { /* asked to be read once */
            st = KAO_OK;
            frame->cut = NULL;
        }
    }
    pthread_mutex_unlock(&l->lock);
    frame->view = kao_image_view(&l->taken);
    return st;
}

const kao_source_kind kao_source_live = { "live", live_open, live_next, live_close };
