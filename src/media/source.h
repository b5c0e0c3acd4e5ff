/* Where frames come from: a kind of source is a row of functions. */
#ifndef KAO_MEDIA_SOURCE_H
#define KAO_MEDIA_SOURCE_H

#include "base/cancel.h"
#include "base/context.h"
#include "media/video.h"

typedef struct kao_source_kind {
    const char *name;
    kao_status (*open)(kao_context *ctx, void **source, const char *name,
                       const kao_video_options *options, kao_video_info *info,
                       kao_error *err);
    kao_status (*next)(void *source, kao_video_frame *frame, bool *more,
                       kao_error *err);
    void (*close)(void *source);
} kao_source_kind;

extern const kao_source_kind kao_source_pictures, kao_source_ffmpeg, kao_source_live;

#endif
