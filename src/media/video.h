/* Video in: a file, a camera, a stream from the network, or a folder of pictures, frame by frame.
 *
 *     kao_video *v = NULL;
 *     kao_video_frame frame;
 *     bool more = true;
 *
 *     st = kao_video_open(ctx, &v, "door.mp4", NULL, &err);
 *     while (!st && !(st = kao_video_next(v, &frame, &more, &err)) && more)
 *         ...
 *     kao_video_close(v);
 *
 * Files give every frame. A live source gives the newest: a thread of its own reads on while a
 * frame is worked on, frames that nobody took are dropped, and a source that is lost, or (patient)
 * not there yet, is opened again, after a pause that grows. One caller at a time. */
#ifndef KAO_MEDIA_VIDEO_H
#define KAO_MEDIA_VIDEO_H

#include <stdbool.h>

#include "kao/context.h"
#include "kao/view.h"

typedef struct kao_video kao_video;

typedef struct kao_video_options {
    double fps; /* of a folder of pictures; 0: 25 */
    const kao_cancel
        *cancel; /* ends waiting, too: KAO_E_CANCELLED; NULL: nothing does */
    bool once;   /* of a live source: its end is the end, it is not opened again */
    /* Of a file that somebody else has made: forms that hold all there is to them alone are read,
     * no lists that lead to other files or addresses. */
    bool contained;
    bool
        patient; /* a live source that is not there yet is waited for, as one that is lost */
    /* Told when a live source is lost, or not there yet (reason), and when it is there again (NULL); of
     * a patient one also when it is there at first. One call at a time, in order. */
    void (*changed)(void *user, const char *reason);
    void *user;
} kao_video_options;

typedef struct kao_video_info {
    uint32_t width, height; /* upright; of the first frame */
    double fps;             /* 0: not told */
    double seconds;         /* NaN: not told */
    uint64_t frames;        /* about how many; 0: not told */
    double start;           /* of the pictures on the source's own clock, seconds */
    bool live, sound;
    char form[64]; /* "h264", "pictures" */
} kao_video_info;

typedef struct kao_video_frame {
    kao_view view;   /* borrowed until the next call */
    double time;     /* seconds since the source's first frame */
    uint64_t number; /* from 1; of a live source dropped ones count */
    /* Not NULL: the source has ended before its end, and this says how; no frame comes. */
    const char *cut;
} kao_video_frame;

/* source: a path; a folder of pictures, taken by name; a pattern ("shot%04d.jpg"); an address
 * (rtsp://, http://, ..); /dev/videoN. Errors: KAO_E_IO, KAO_E_FORMAT (no video, no pictures in
 * it), KAO_E_UNSUPPORTED (a form that cannot be read; a build or a machine without FFmpeg),
 * KAO_E_CANCELLED, KAO_E_NOMEM. */
kao_status kao_video_open(kao_context *ctx, kao_video **out, const char *source,
                          const kao_video_options *options, kao_error *err);
void kao_video_close(kao_video *video); /* NULL is fine */
const kao_video_info *kao_video_info_of(const kao_video *video);

/* *more false: the end. A frame that is damaged is left out. */
kao_status kao_video_next(kao_video *video, kao_video_frame *frame, bool *more,
                          kao_error *err);

/* KAO_OK where this build and this machine read video files; else why not. */
kao_status kao_video_ready(kao_error *err);

/* Whether a source is live: an address or a device. */
bool kao_video_is_live(const char *source);

#endif
