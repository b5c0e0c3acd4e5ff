/* People of a video hidden: who was seen, taken into a plan frame by frame, and the video drawn by
 * it. What kao blur and the server share. */
#ifndef KAO_MEDIA_HIDE_VIDEO_H
#define KAO_MEDIA_HIDE_VIDEO_H

#include "kao/watch.h"
#include "media/hide_plan.h"
#include "media/video.h"

/* What a frame showed: boxes become the plan's pixels, as a video may have frames of several sizes.
 * Tracks of which it turned out that they are one are joined. */
kao_status kao_hide_take(kao_hide_plan *p, const kao_watched *seen,
                         const kao_video_frame *frame, kao_error *err);

typedef struct kao_hide_drawing {
    kao_hide_mode mode;
    const char *source; /* of which the video is read: its sound goes along */
    const char *output; /* whose end says the form */
    int fd; /* 0 and above: what is written, instead of a file of that name */
    void (*told)(void *user, uint64_t frame, double time); /* each frame; or NULL */
    void *user;
} kao_hide_drawing;

/* The video from its first frame on, those hidden who are to be. Errors are those of kao_video_next
 * and of kao_video_out_open and its kin. */
kao_status kao_hide_draw(kao_context *ctx, const kao_hide_plan *p, kao_video *v,
                         const kao_hide_drawing *how, kao_error *err);

#endif
