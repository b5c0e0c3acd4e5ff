/* See feed.h. */
#include "server/feed.h"

#include <pthread.h>
#include <string.h>

#include "base/clock.h"
#include "base/context.h"
#include "base/error.h"
#include "server/events.h"
#include "server/log.h"

enum {
    EVENTS_ONCE = 50, /* in one piece */
    PIECE_MOST = 4 << 20,
    LOOK_SECONDS = 5, /* between looks at clients that have nothing to get */
};

struct kao_feed {
    kao_context *ctx;
    kao_access *access;
    kao_streams *streams;
    kao_cameras *cameras;
    kao_worker w; /* its gallery alone */
    pthread_t thread;
    kao_bytes piece;
    double checked; /* the keys; kao_clock_seconds */
    bool fails;     /* which was told */
};

/* Told once, until it is well again. */
static void note(kao_feed *f, kao_status st, const kao_error *err)
{
    if (st && !f->fails)
        kao_log(f->w.o, "events cannot be sent: %s", err->msg);
    f->fails = st != KAO_OK;
}

/* The gallery's last event. Asked once for all streams: most have it, and cost nothing then. */
static int64_t last_event(kao_feed *f)
{
    kao_error err = { 0 };
    int64_t last = 0;
    const kao_status st = kao_gallery_last_event(f->w.gallery, &last, &err);

    if (st)
        note(f, st, &err);
    return st ? 0 : last;
}

/* The next events, or a sign of life. */
static void feed_events(kao_feed *f, size_t place, const kao_stream_look *look,
                        int64_t last)
{
    int64_t at = look->at;
    kao_error err = { 0 };
    kao_status st = KAO_OK;

    f->piece.n = 0;
    while (!st && f->piece.n == 0 && at < last) {
        const int64_t before = at;

        st = kao_events_text(&f->w, &at, EVENTS_ONCE, &f->piece, &err);
        /* where nothing comes the rest are forgotten; pages of people who are left out are passed */
        at = !st && at == before ? last : at;
    }
    if (at != look->at || st)
        note(f, st, &err);
    if (!f->piece.n && look->idle > STREAM_BEAT_SECONDS)
        kao_bytes_add(&f->piece, ":\n\n", 3);
    if (f->piece.n || at != look->at)
        kao_streams_put(f->streams, place, look->id, f->piece.p, f->piece.n, at);
}

/* Of a camera from which nothing comes the last picture, once more. */
static void feed_picture(kao_feed *f, size_t place, const kao_stream_look *look)
{
    kao_bytes jpeg = { .mem = f->piece.mem, .max = PIECE_MOST };
    kao_error err = { 0 };
    bool goes_on = true;

    f->piece.n = 0;
    if (kao_camera_picture(f->cameras, look->of, &jpeg, &goes_on, &err) == KAO_OK &&
        kao_camera_part(&jpeg, &f->piece))
        kao_streams_put(f->streams, place, look->id, f->piece.p, f->piece.n, 0);
    kao_bytes_free(&jpeg);
    if (!goes_on)
        kao_streams_end(f->streams, place, look->id);
}

static void look_at(kao_feed *f, size_t place, bool check, int64_t last)
{
    kao_stream_look look;

    if (!kao_streams_look(f->streams, place, &look))
        return;
    if (check && !kao_access_holds(f->access, look.key))
        kao_streams_end(f->streams, place, look.id);
    else if (look.ready && look.of == 0)
        feed_events(f, place, &look, last);
    else if (look.ready && look.idle > STREAM_BEAT_SECONDS)
        feed_picture(f, place, &look);
}

static void *run(void *user)
{
    kao_feed *f = user;
    uint64_t seen = 0;

    while (kao_streams_wait(f->streams, &seen, LOOK_SECONDS)) {
        const double now = kao_clock_seconds();
        const bool check = now - f->checked > LOOK_SECONDS;

        if (check)
            f->checked = now;
        const int64_t last = last_event(f);

        for (size_t i = 0; i < STREAMS_MOST; i++)
            look_at(f, i, check, last);
    }
    return NULL;
}

kao_status kao_feed_start(kao_context *ctx, const kao_server_options *o,
                          kao_access *access, kao_streams *streams,
                          kao_cameras *cameras, kao_feed **out, kao_error *err)
{
    kao_feed *f = kao_calloc(&ctx->mem, 1, sizeof *f);

    *out = NULL;
    if (!f)
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    *f = (kao_feed){ .ctx = ctx,
                     .access = access,
                     .streams = streams,
                     .cameras = cameras,
                     .w = { .ctx = ctx, .o = o },
                     .piece = { .mem = &ctx->mem, .max = PIECE_MOST } };
    const kao_gallery_options how = { .key = o->gallery_key };
    kao_status st = kao_gallery_open(ctx, &f->w.gallery, o->gallery, &how, err);
    const int e = st ? 0 : pthread_create(&f->thread, NULL, run, f);

    if (e)
        st = kao_fail_sys(err, KAO_E_IO, e, "a thread could not be started");
    if (st) {
        kao_gallery_close(f->w.gallery);
        kao_free(&ctx->mem, f);
    } else {
        *out = f;
    }
    return st;
}

void kao_feed_stop(kao_feed *f)
{
    if (!f)
        return;
    pthread_join(f->thread, NULL);
    kao_gallery_close(f->w.gallery);
    kao_bytes_free(&f->piece);
    kao_free(&f->ctx->mem, f);
}
