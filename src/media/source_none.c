/* In place of source_ffmpeg.c and source_live.c in a build without FFmpeg: folders of pictures
 * are read, videos are refused. */
#include "base/error.h"
#include "media/source.h"

static kao_status refuse(kao_context *ctx, void **source, const char *name,
                         const kao_video_options *o, kao_video_info *info,
                         kao_error *err)
{
    (void)ctx, (void)source, (void)o, (void)info;
    return kao_fail(err, KAO_E_UNSUPPORTED,
                    "%s: this kao was built without FFmpeg: it reads folders of "
                    "pictures as video, nothing else (meson option media)",
                    name);
}

kao_status kao_video_ready(kao_error *err)
{
    return kao_fail(err, KAO_E_UNSUPPORTED, "left out of this build");
}

static kao_status none(void *source, kao_video_frame *frame, bool *more, kao_error *err)
{
    (void)source, (void)frame, (void)more, (void)err;
    return KAO_OK;
}

static void nothing(void *source)
{
    (void)source;
}

const kao_source_kind kao_source_ffmpeg = { "none", refuse, none, nothing },
                      kao_source_live = { "none", refuse, none, nothing };
