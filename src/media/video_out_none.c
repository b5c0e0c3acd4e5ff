/* In place of video_out.c in a build without FFmpeg. */
#include "base/error.h"
#include "media/video_out.h"

static kao_status refuse(const char *path, kao_error *err)
{
    return kao_fail(err, KAO_E_UNSUPPORTED,
                    "%s: this kao was built without FFmpeg and writes no video (meson "
                    "option media)",
                    path);
}

kao_status kao_video_out_open(kao_context *ctx, kao_video_out **out, const char *path,
                              const kao_video_out_options *options, kao_error *err)
{
    (void)ctx, (void)options;
    *out = NULL;
    return refuse(path, err);
}

kao_status kao_video_out_frame(kao_video_out *out, const kao_image *image, double time,
                               kao_error *err)
{
    (void)out, (void)image, (void)time;
    return refuse("video", err);
}

kao_status kao_video_out_finish(kao_video_out *out, kao_error *err)
{
    (void)out;
    return refuse("video", err);
}

void kao_video_out_close(kao_video_out *out)
{
    (void)out;
}
