/* Video in and out: the example clip, folders of pictures, files that are none or are cut. */
#include <arpa/inet.h>
#include <math.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/fixture.h"
#include "support/unit.h"

#include "base/file.h"
#include "media/video.h"
#include "media/video_out.h"

static const char *pictures(void)
{
    return getenv("PICTURES");
}

static const char *in_folder(fixture *f, const char *name)
{
    snprintf(f->path, sizeof f->path, "%s/%s", f->dir, name);
    return f->path;
}

/* Whether this build and this machine read video. */
static bool can_read(fixture *f)
{
    char clip[600];
    kao_video *v = NULL;

    snprintf(clip, sizeof clip, "%s/clip.mp4", pictures());
    const kao_status st = kao_video_open(f->ctx, &v, clip, NULL, &f->err);

    kao_video_close(v);
    return st != KAO_E_UNSUPPORTED;
}

/* Frames of a whole video; each is whole and later than the one before. */
static size_t count_frames(fixture *f, const char *path, kao_video_info *info,
                           double *last, const char **cut)
{
    kao_video *v = NULL;
    kao_video_frame frame = { .cut = NULL };
    bool more = true;
    size_t n = 0;

    *last = -1;
    assert_int_equal(kao_video_open(f->ctx, &v, path, NULL, &f->err), KAO_OK);
    *info = *kao_video_info_of(v);
    for (;;) {
        assert_int_equal(kao_video_next(v, &frame, &more, &f->err), KAO_OK);
        if (!more)
            break;
        n++;
        assert_int_equal(frame.number, n);
        assert_true(frame.time > *last);
        *last = frame.time;
        assert_int_equal(frame.view.width, info->width);
        assert_non_null(frame.view.plane[0]);
    }
    *cut = frame.cut;
    kao_video_close(v);
    return n;
}

static void clip(void **state)
{
    fixture *f = *state;
    kao_video_info info;
    const char *cut = NULL;
    char path[600];
    double last = 0;

    if (!can_read(f))
        skip();
    snprintf(path, sizeof path, "%s/clip.mp4", pictures());
    /* 12 seconds of 25 frames (its README) */
    assert_int_equal(count_frames(f, path, &info, &last, &cut), 300);
    assert_null(cut);
    assert_int_equal(info.width, 640);
    assert_int_equal(info.height, 360);
    assert_float_equal(info.fps, 25, 1e-9);
    assert_float_equal(info.seconds, 12, .05);
    assert_float_equal(last, 299.0 / 25, 1e-6);
    assert_string_equal(info.form, "h264");
    assert_false(info.live || info.sound);
}

/* A picture of one colour. */
static kao_image plain(fixture *f, uint32_t width, uint32_t height, uint8_t r,
                       uint8_t g, uint8_t b)
{
    kao_image image = { 0 };

    assert_int_equal(kao_image_create(f->ctx, width, height, &image, NULL), KAO_OK);
    for (size_t i = 0; i < (size_t)width * height; i++) {
        image.rgb[3 * i] = r;
        image.rgb[3 * i + 1] = g;
        image.rgb[3 * i + 2] = b;
    }
    return image;
}

static void save(fixture *f, const char *name, uint8_t shade)
{
    kao_image image = plain(f, 48, 32, shade, shade, shade);

    assert_int_equal(kao_image_save(f->ctx, in_folder(f, name), &image, NULL), KAO_OK);
    kao_image_free(f->ctx, &image);
}

/* By name, numbers by value; what is no picture is left out. */
static void folder(void **state)
{
    static const uint8_t want[] = { 10, 20, 30, 40 };
    fixture *f = *state;
    const kao_video_options o = { .fps = 10 };
    kao_video *v = NULL;
    kao_video_frame frame;
    char path[300];
    bool more = false;

    snprintf(path, sizeof path, "%s/shots 顔", f->dir);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(kao_video_open(f->ctx, &v, path, NULL, &f->err), KAO_E_FORMAT);
    assert_non_null(strstr(f->err.msg, "no pictures in it"));
    save(f, "shots 顔/a10.png", 30);
    save(f, "shots 顔/a9.png", 20);
    save(f, "shots 顔/a02.png", 10);
    save(f, "shots 顔/b1.png", 40);
    assert_int_equal(
        kao_file_write(&f->ctx->mem, in_folder(f, "shots 顔/a3.txt"), "no", 2, NULL),
        KAO_OK);
    assert_int_equal(kao_video_open(f->ctx, &v, path, &o, &f->err), KAO_OK);
    for (size_t i = 0; i < COUNT(want); i++) {
        assert_int_equal(kao_video_next(v, &frame, &more, &f->err), KAO_OK);
        assert_true(more);
        assert_int_equal(frame.view.plane[0][0], want[i]);
        assert_float_equal(frame.time, (double)i / 10, 1e-9);
        assert_int_equal(frame.number, i + 1);
    }
    assert_int_equal(kao_video_next(v, &frame, &more, &f->err), KAO_OK);
    assert_false(more);
    kao_video_close(v);
    for (unsigned i = 0;; i++) { /* memory that runs out */
        kao_fault_arm(&f->ctx->mem, KAO_FAULT_ALLOC, i);
        const kao_status st = kao_video_open(f->ctx, &v, path, &o, &f->err);

        kao_video_close(v);
        if (!kao_fault_disarm(&f->ctx->mem, KAO_FAULT_ALLOC)) {
            assert_int_equal(st, KAO_OK);
            break;
        }
        assert_int_equal(st, KAO_E_NOMEM);
        assert_null(v);
    }
}

static void refused(void **state)
{
    fixture *f = *state;
    kao_video *v = NULL;
    const char *path = in_folder(f, "no video");

    if (!can_read(f))
        skip();
    assert_int_equal(kao_video_open(f->ctx, &v, path, NULL, &f->err), KAO_E_IO);
    assert_non_null(strstr(f->err.msg, "no video: opening it: No such file"));
    assert_int_equal(kao_file_write(&f->ctx->mem, path, "these are words", 15, NULL),
                     KAO_OK);
    assert_int_equal(kao_video_open(f->ctx, &v, path, NULL, &f->err), KAO_E_FORMAT);
    assert_null(v);
}

/* The first part of the clip: its index at the end is missing. */
static void cut_before_its_index(void **state)
{
    fixture *f = *state;
    kao_video *v = NULL;
    kao_file file;
    char path[600];

    if (!can_read(f))
        skip();
    snprintf(path, sizeof path, "%s/clip.mp4", pictures());
    assert_int_equal(kao_file_open(&file, &f->ctx->mem, path, 1 << 26, NULL), KAO_OK);
    for (size_t part = 1; part < 8; part++) {
        bool more = true;
        kao_video_frame frame = { .cut = NULL };
        size_t n = 0;

        assert_int_equal(kao_file_write(&f->ctx->mem, in_folder(f, "cut.mp4"),
                                        file.bytes.p, file.bytes.n * part / 8, NULL),
                         KAO_OK);
        kao_status st = kao_video_open(f->ctx, &v, f->path, NULL, &f->err);

        while (!st && !(st = kao_video_next(v, &frame, &more, &f->err)) && more)
            n++;
        /* refused, or read as far as it goes and told to be cut */
        assert_true(st == KAO_E_FORMAT || st == KAO_E_IO ||
                    (st == KAO_OK && n < 300 && frame.cut));
        kao_video_close(v);
    }
    kao_file_close(&file);
}

static uint32_t be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void put_be32(uint8_t *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> (24 - 8 * i));
}

/* Behind the name of a box of this kind, which is there once. */
static uint8_t *box(uint8_t *p, size_t n, const char *kind)
{
    for (size_t i = 0; i + 28 < n; i++)
        if (memcmp(p + i, kind, 4) == 0)
            return p + i + 4;
    fail_msg("no %s", kind);
    return p;
}

/* The clip as phones trim one: its list of edits leaves out the first five seconds, all frames are
 * still in it. It is not cut. */
static void trimmed(void **state)
{
    enum { SECONDS = 5 };
    fixture *f = *state;
    kao_video_info info;
    kao_file file;
    const char *cut = NULL;
    char path[600];
    double last = 0;

    if (!can_read(f))
        skip();
    snprintf(path, sizeof path, "%s/clip.mp4", pictures());
    assert_int_equal(kao_file_open(&file, &f->ctx->mem, path, 1 << 26, NULL), KAO_OK);
    const size_t n = file.bytes.n;
    uint8_t *p = kao_alloc(&f->ctx->mem, n);

    assert_non_null(p);
    memcpy(p, file.bytes.p, n);
    kao_file_close(&file);
    uint8_t *edits = box(p, n, "elst"), *media = box(p, n, "mdhd"),
            *movie = box(p, n, "mvhd");

    assert_int_equal(be32(edits + 4), 1);
    put_be32(edits + 8, be32(edits + 8) - SECONDS * be32(movie + 12));
    put_be32(edits + 12, be32(edits + 12) + SECONDS * be32(media + 12));
    assert_int_equal(
        kao_file_write(&f->ctx->mem, in_folder(f, "trimmed.mp4"), p, n, NULL), KAO_OK);
    kao_free(&f->ctx->mem, p);
    assert_in_range(count_frames(f, f->path, &info, &last, &cut), 170, 180);
    assert_true(info.frames == 300 && last > 6.7 && last < 7.3);
    assert_null(cut);
}

/* What is written is what is read: number, times, colours. */
static void there_and_back(void **state)
{
    static const uint8_t colors[][3] = { { 200, 40, 40 },
                                         { 40, 200, 40 },
                                         { 40, 40, 200 } };
    static const double times[] = { 0, .1, .5 };
    fixture *f = *state;
    kao_video_out *out = NULL;
    kao_video *v = NULL;
    kao_video_frame frame;
    bool more = false;
    const kao_video_out_options o = { .width = 65, .height = 48, .fps = 10 };

    if (!can_read(f))
        skip();
    assert_int_equal(
        kao_video_out_open(f->ctx, &out, in_folder(f, "out 顔.mp4"), &o, &f->err),
        KAO_OK);
    for (size_t i = 0; i < COUNT(times); i++) {
        kao_image image = plain(f, 65, 48, colors[i][0], colors[i][1], colors[i][2]);

        assert_int_equal(kao_video_out_frame(out, &image, times[i], &f->err), KAO_OK);
        kao_image_free(f->ctx, &image);
    }
    assert_int_not_equal(access(f->path, F_OK), 0); /* not before it is whole */
    assert_int_equal(kao_video_out_finish(out, &f->err), KAO_OK);
    kao_video_out_close(out);
    assert_int_equal(kao_video_open(f->ctx, &v, f->path, NULL, &f->err), KAO_OK);
    for (size_t i = 0; i < COUNT(times); i++) {
        kao_image rgb = { 0 };

        assert_int_equal(kao_video_next(v, &frame, &more, &f->err), KAO_OK);
        assert_true(more);
        assert_float_equal(frame.time, times[i], 1e-3);
        assert_int_equal(frame.view.width, 64);
        assert_int_equal(kao_image_create(f->ctx, 64, 48, &rgb, NULL), KAO_OK);
        assert_int_equal(kao_image_resize(f->ctx, &frame.view, &rgb, NULL), KAO_OK);
        for (size_t c = 0; c < 3; c++)
            assert_true(abs(rgb.rgb[3 * (24 * 64 + 32) + c] - colors[i][c]) < 12);
        kao_image_free(f->ctx, &rgb);
    }
    assert_int_equal(kao_video_next(v, &frame, &more, &f->err), KAO_OK);
    assert_false(more);
    kao_video_close(v);
}

/* Of slow pictures the last is shown for a second: the sound goes on to its end. */
static void sound_to_the_end(void **state)
{
    enum { RATE = 8000, SECONDS = 5, BYTES = 2 * RATE * SECONDS, MARK = 64 };
    static const uint8_t head[44] = { 'R',
                                      'I',
                                      'F',
                                      'F',
                                      0,
                                      0,
                                      0,
                                      0,
                                      'W',
                                      'A',
                                      'V',
                                      'E',
                                      'f',
                                      'm',
                                      't',
                                      ' ',
                                      16,
                                      0,
                                      0,
                                      0,
                                      1,
                                      0,
                                      1,
                                      0,
                                      RATE & 255,
                                      RATE >> 8,
                                      0,
                                      0,
                                      2 * RATE & 255,
                                      2 * RATE >> 8,
                                      0,
                                      0,
                                      2,
                                      0,
                                      16,
                                      0,
                                      'd',
                                      'a',
                                      't',
                                      'a' };
    static uint8_t wav[sizeof head + BYTES];
    fixture *f = *state;
    kao_video_out *out = NULL;
    kao_file file;
    char sound[600];
    bool found = false;

    if (!can_read(f))
        skip();
    memcpy(wav, head, sizeof head);
    for (uint32_t i = 0, n = BYTES; i < 4; i++, n >>= 8)
        wav[40 + i] = (uint8_t)n;
    for (uint32_t i = 0, n = BYTES + 36; i < 4; i++, n >>= 8)
        wav[4 + i] = (uint8_t)n;
    memset(wav + sizeof wav - MARK, 0x5a, MARK); /* how it ends */
    snprintf(sound, sizeof sound, "%s", in_folder(f, "sound.wav"));
    assert_int_equal(kao_file_write(&f->ctx->mem, sound, wav, sizeof wav, NULL),
                     KAO_OK);
    const kao_video_out_options o = {
        .width = 64, .height = 48, .fps = 1, .sound = sound
    };

    assert_int_equal(
        kao_video_out_open(f->ctx, &out, in_folder(f, "slow.mkv"), &o, &f->err),
        KAO_OK);
    kao_image image = plain(f, 64, 48, 200, 40, 40);

    for (int i = 0; i < SECONDS; i++)
        assert_int_equal(kao_video_out_frame(out, &image, i, &f->err), KAO_OK);
    assert_int_equal(kao_video_out_finish(out, &f->err), KAO_OK);
    kao_video_out_close(out);
    kao_image_free(f->ctx, &image);
    assert_int_equal(kao_file_open(&file, &f->ctx->mem, f->path, 1 << 26, NULL),
                     KAO_OK);
    for (size_t i = 0; i + MARK <= file.bytes.n && !found; i++)
        found = memcmp(file.bytes.p + i, wav + sizeof wav - MARK, MARK) == 0;
    kao_file_close(&file);
    assert_true(found);
}

/* A colon in a file's name (of a time) is no address: it is written and read. */
static void names_with_colons(void **state)
{
    static const char *const names[] = { "12:30.mp4", "2026-11-29T07:00:00.mp4",
                                         "http:x.mp4" };
    fixture *f = *state;
    const kao_video_out_options o = { .width = 64, .height = 48, .fps = 10 };
    char here[600];

    if (!can_read(f))
        skip();
    assert_non_null(getcwd(here, sizeof here));
    kao_image image = plain(f, 64, 48, 200, 40, 40);

    assert_int_equal(chdir(f->dir), 0); /* names alone, without a folder */
    for (size_t i = 0; i < COUNT(names); i++) {
        kao_video_out *out = NULL;
        kao_video_info info;
        const char *cut = NULL;
        double last = 0;

        kao_status st = kao_video_out_open(f->ctx, &out, names[i], &o, &f->err);

        if (!st)
            st = kao_video_out_frame(out, &image, 0, &f->err);
        if (!st)
            st = kao_video_out_finish(out, &f->err);
        kao_video_out_close(out);
        if (st)
            fail_msg("%s", f->err.msg);
        assert_int_equal(count_frames(f, names[i], &info, &last, &cut), 1);
        unlink(names[i]);
    }
    assert_int_equal(chdir(here), 0);
    kao_image_free(f->ctx, &image);
}

static void not_written(void **state)
{
    static const char *const no_videos[] = { "out.words", "out.jpg", "out%d.png",
                                             "out.m3u8", "out.mpd" };
    fixture *f = *state;
    kao_video_out *out = NULL;
    kao_video_out_options o = { .width = 64, .height = 48, .fps = 10 };
    kao_image small = plain(f, 32, 32, 1, 2, 3);

    if (!can_read(f)) {
        kao_image_free(f->ctx, &small);
        skip();
    }
    /* no form; forms of pictures and of many files, which would be written in place */
    for (size_t i = 0; i < COUNT(no_videos); i++) {
        assert_int_equal(
            kao_video_out_open(f->ctx, &out, in_folder(f, no_videos[i]), &o, &f->err),
            KAO_E_UNSUPPORTED);
        assert_int_not_equal(access(f->path, F_OK), 0);
    }
    assert_int_equal(
        kao_video_out_open(f->ctx, &out, in_folder(f, "no/out.mp4"), &o, &f->err),
        KAO_E_IO);
    assert_null(out);
    /* an old file stays when a new one is given up */
    assert_int_equal(
        kao_file_write(&f->ctx->mem, in_folder(f, "old.mp4"), "old", 3, NULL), KAO_OK);
    assert_int_equal(kao_video_out_open(f->ctx, &out, f->path, &o, &f->err), KAO_OK);
    assert_int_equal(kao_video_out_frame(out, &small, 0, &f->err), KAO_E_ARG);
    kao_video_out_close(out);
    kao_file file;

    assert_int_equal(kao_file_open(&file, &f->ctx->mem, f->path, 100, NULL), KAO_OK);
    assert_int_equal(file.bytes.n, 3);
    kao_file_close(&file);
    o.width = 0;
    assert_int_equal(kao_video_out_open(f->ctx, &out, f->path, &o, &f->err), KAO_E_ARG);
    kao_image_free(f->ctx, &small);
}

/* Written in place into a file without a name, whose descriptor is handed over. */
static void into_an_open_file(void **state)
{
    fixture *f = *state;
    FILE *file = tmpfile();
    kao_image image = plain(f, 64, 48, 10, 200, 30);
    kao_video_out *out = NULL;
    kao_video_info info;
    const char *cut = NULL;
    char path[64];
    double last = 0;

    assert_non_null(file);
    const kao_video_out_options o = {
        .width = 64, .height = 48, .fps = 10, .into = true, .fd = fileno(file)
    };

    if (!can_read(f) || access("/dev/fd", F_OK) != 0) {
        kao_image_free(f->ctx, &image);
        fclose(file);
        skip();
    }
    for (int round = 0; round < 2; round++) { /* one that is given up leaves it there */
        assert_int_equal(kao_video_out_open(f->ctx, &out, "x.mp4", &o, &f->err),
                         KAO_OK);
        for (int i = 0; i < 4; i++)
            assert_int_equal(kao_video_out_frame(out, &image, .1 * i, &f->err), KAO_OK);
        if (round == 1)
            assert_int_equal(kao_video_out_finish(out, &f->err), KAO_OK);
        kao_video_out_close(out);
    }
    assert_int_not_equal(access("x.mp4", F_OK), 0);
    snprintf(path, sizeof path, "/dev/fd/%d", fileno(file));
    assert_int_equal(count_frames(f, path, &info, &last, &cut), 4);
    assert_null(cut);
    kao_image_free(f->ctx, &image);
    fclose(file);
}

/* ---- a live source ---- */

/* Whoever connects is sent a video of three frames, uncompressed, and the connection ends. */
static void *send_video(void *user)
{
    static const char head[] = "YUV4MPEG2 W64 H48 F25:1 Ip A1:1 C420jpeg\n";
    static uint8_t grey[64 * 48 * 3 / 2];
    const int to = accept(*(const int *)user, NULL, NULL);
    bool fine = to >= 0 && send(to, head, sizeof head - 1, MSG_NOSIGNAL) > 0;

    memset(grey, 128, sizeof grey);
    for (int i = 0; fine && i < 3; i++)
        fine = send(to, "FRAME\n", 6, MSG_NOSIGNAL) == 6 &&
               send(to, grey, sizeof grey, MSG_NOSIGNAL) == (ssize_t)sizeof grey;
    if (to >= 0)
        close(to);
    return NULL;
}

/* Told when the source is lost: it is stopped then. */
static void stop_it(void *user, const char *reason)
{
    if (reason)
        kao_cancel_request(user);
}

/* A stop while a source that was lost is waited for is told as one, not as the end. */
static void stopped_while_lost(void **state)
{
    fixture *f = *state;
    struct sockaddr_in at = { .sin_family = AF_INET };
    socklen_t size = sizeof at;
    const int listening = socket(AF_INET, SOCK_STREAM, 0);
    kao_cancel *cancel = NULL;
    kao_video *v = NULL;
    kao_video_frame frame;
    pthread_t thread;
    bool more = true;
    char address[64];

    if (!can_read(f)) {
        close(listening);
        skip();
    }
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(listening, (const struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(listening, 1), 0);
    assert_int_equal(getsockname(listening, (struct sockaddr *)&at, &size), 0);
    snprintf(address, sizeof address, "tcp://127.0.0.1:%u", ntohs(at.sin_port));
    assert_int_equal(
        pthread_create(&thread, NULL, send_video, (void *)(uintptr_t)&listening), 0);
    assert_int_equal(kao_cancel_create(f->ctx, &cancel, NULL), KAO_OK);
    const kao_video_options o = { .cancel = cancel,
                                  .changed = stop_it,
                                  .user = cancel };
    kao_status st = kao_video_open(f->ctx, &v, address, &o, &f->err);

    assert_int_equal(st, KAO_OK);
    assert_true(kao_video_info_of(v)->live);
    while (!st && more)
        st = kao_video_next(v, &frame, &more, &f->err);
    assert_int_equal(st, KAO_E_CANCELLED);
    assert_non_null(strstr(f->err.msg, "stopped"));
    kao_video_close(v);
    kao_cancel_destroy(cancel);
    pthread_join(thread, NULL);
    close(listening);
}

/* A listener that comes when it was missed. */
typedef struct late {
    struct sockaddr_in at;
    int listening; /* -1: not yet */
    pthread_t thread;
    kao_cancel *cancel;
    char told[8]; /* 'l' for each loss, 't' for each time it was there */
} late;

static void note_change(void *user, const char *reason)
{
    late *l = user;
    const size_t n = strlen(l->told);

    assert_true(n + 1 < sizeof l->told);
    l->told[n] = reason ? 'l' : 't';
    if (reason && n > 0) /* it was there */
        kao_cancel_request(l->cancel);
    if (!reason || n > 0)
        return;
    l->listening = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(l->listening, (const struct sockaddr *)&l->at, sizeof l->at),
                     0);
    assert_int_equal(listen(l->listening, 1), 0);
    assert_int_equal(pthread_create(&l->thread, NULL, send_video, &l->listening), 0);
}

/* A source that is not there yet is waited for where that is asked, and else an error. */
static void waited_for(void **state)
{
    fixture *f = *state;
    late l = { .at = { .sin_family = AF_INET }, .listening = -1 };
    socklen_t size = sizeof l.at;
    const int held = socket(AF_INET, SOCK_STREAM, 0);
    const int yes = 1;
    kao_video *v = NULL;
    kao_video_frame frame;
    bool more = true;
    char address[64];

    if (!can_read(f)) {
        close(held);
        skip();
    }
    l.at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    /* a free port: nobody listens there */
    assert_int_equal(setsockopt(held, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes), 0);
    assert_int_equal(bind(held, (const struct sockaddr *)&l.at, sizeof l.at), 0);
    assert_int_equal(getsockname(held, (struct sockaddr *)&l.at, &size), 0);
    close(held);
    snprintf(address, sizeof address, "tcp://127.0.0.1:%u", ntohs(l.at.sin_port));
    assert_int_equal(kao_video_open(f->ctx, &v, address, NULL, &f->err), KAO_E_IO);
    assert_int_equal(kao_cancel_create(f->ctx, &l.cancel, NULL), KAO_OK);
    const kao_video_options o = {
        .cancel = l.cancel, .patient = true, .changed = note_change, .user = &l
    };
    kao_status st = kao_video_open(f->ctx, &v, address, &o, &f->err);

    assert_int_equal(st, KAO_OK);
    assert_int_equal(kao_video_info_of(v)->width, 64);
    while (!st && more)
        st = kao_video_next(v, &frame, &more, &f->err);
    assert_int_equal(st, KAO_E_CANCELLED);
    kao_video_close(v);
    assert_string_equal(l.told, "ltl");
    pthread_join(l.thread, NULL);
    close(l.listening);
    /* stopped while it is waited for */
    l.told[0] = 'x';
    l.told[1] = '\0';
    assert_int_equal(kao_video_open(f->ctx, &v, address, &o, &f->err), KAO_E_CANCELLED);
    assert_null(v);
    kao_cancel_destroy(l.cancel);
}

/* A list that leads to another file is a video, but not where it has to be contained. */
static void contained(void **state)
{
    static const char list[] = "ffconcat version 1.0\nfile clip.mp4\n";
    fixture *f = *state;
    const kao_video_options alone = { .contained = true };
    kao_video *v = NULL;
    kao_file clip;
    char path[600];

    if (!can_read(f))
        skip();
    snprintf(path, sizeof path, "%s/clip.mp4", pictures());
    assert_int_equal(kao_video_open(f->ctx, &v, path, &alone, &f->err), KAO_OK);
    kao_video_close(v);
    assert_int_equal(kao_file_open(&clip, &f->ctx->mem, path, 1 << 26, NULL), KAO_OK);
    assert_int_equal(kao_file_write(&f->ctx->mem, in_folder(f, "clip.mp4"),
                                    clip.bytes.p, clip.bytes.n, NULL),
                     KAO_OK);
    kao_file_close(&clip);
    assert_int_equal(
        kao_file_write(&f->ctx->mem, in_folder(f, "list"), list, sizeof list - 1, NULL),
        KAO_OK);
    if (kao_video_open(f->ctx, &v, f->path, NULL, &f->err) != KAO_OK)
        skip(); /* this FFmpeg knows no such lists */
    kao_video_close(v);
    assert_int_not_equal(kao_video_open(f->ctx, &v, f->path, &alone, &f->err), KAO_OK);
    assert_null(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clip),
        cmocka_unit_test(folder),
        cmocka_unit_test(refused),
        cmocka_unit_test(cut_before_its_index),
        cmocka_unit_test(trimmed),
        cmocka_unit_test(there_and_back),
        cmocka_unit_test(sound_to_the_end),
        cmocka_unit_test(names_with_colons),
        cmocka_unit_test(not_written),
        cmocka_unit_test(into_an_open_file),
        cmocka_unit_test(stopped_while_lost),
        cmocka_unit_test(waited_for),
        cmocka_unit_test(contained),
    };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
