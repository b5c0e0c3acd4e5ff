/* Video out: pictures to a file of whatever form its name's end says (.mp4, .mkv, ..), the
 * source's sound beside them.
 *
 * It is written beside, under another name, and takes its own when it is finished: after a
 * failure or a crash an older file is still there. */
#ifndef KAO_MEDIA_VIDEO_OUT_H
#define KAO_MEDIA_VIDEO_OUT_H

#include <stdbool.h>

#include "kao/image.h"

typedef struct kao_video_out kao_video_out;

typedef struct kao_video_out_options {
    uint32_t width, height; /* of the pictures; an odd side loses its last pixels */
    double fps;             /* about; times of frames are what counts; 0: not known */
    const char
        *sound; /* path of the video whose sound is copied as it is; NULL: none */
    double sound_start; /* its clock at the time 0 of the pictures */
    bool into; /* fd, an open file, is written in place, the name says the form alone */
    int fd;    /* stays the caller's */
} kao_video_out_options;

/* Errors: KAO_E_UNSUPPORTED (an ending that names no form, no encoder for it, a build or a
 * machine without FFmpeg), KAO_E_IO, KAO_E_NOMEM, KAO_E_ARG. */
kao_status kao_video_out_open(kao_context *ctx, kao_video_out **out, const char *path,
                              const kao_video_out_options *options, kao_error *err);
/* A picture of that size, at a time in seconds, later than the one before. */
kao_status kao_video_out_frame(kao_video_out *out, const kao_image *image, double time,
                               kao_error *err);
/* What is left is written, and the file takes its name. */
kao_status kao_video_out_finish(kao_video_out *out, kao_error *err);
/* Give it back; not finished: nothing is left of it. NULL is fine. */
void kao_video_out_close(kao_video_out *out);

#endif
