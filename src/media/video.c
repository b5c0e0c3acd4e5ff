/* See video.h: which kind of source a name means. */
#include "media/video.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/file.h"
#include "media/source.h"

struct kao_video {
    kao_context *ctx;
    const kao_source_kind *kind;
    void *source;
    kao_video_info info;
};

bool kao_video_is_live(const char *source)
{
    const char *colon = strstr(source, "://");
    struct stat info;

    return (colon && strncmp(source, "file", (size_t)(colon - source)) != 0) ||
           (strncmp(source, "/dev/video", 10) == 0 && stat(source, &info) == 0 &&
            S_ISCHR(info.st_mode));
}

kao_status kao_video_open(kao_context *ctx, kao_video **out, const char *source,
                          const kao_video_options *options, kao_error *err)
{
    static const kao_video_options defaults = { 0 };
    kao_video *v = kao_calloc(&ctx->mem, 1, sizeof *v);

    *out = NULL;
    if (!v)
        return kao_fail(err, KAO_E_NOMEM, "%s: out of memory", source);
    v->ctx = ctx;
    v->kind = kao_is_folder(source)       ? &kao_source_pictures
              : kao_video_is_live(source) ? &kao_source_live
                                          : &kao_source_ffmpeg;
    const kao_status st = v->kind->open(ctx, &v->source, source,
                                        options ? options : &defaults, &v->info, err);

    if (st)
        kao_free(&ctx->mem, v);
    else
        *out = v;
    return st;
}

void kao_video_close(kao_video *v)
{
    if (!v)
        return;
    v->kind->close(v->source);
    kao_free(&v->ctx->mem, v);
}

const kao_video_info *kao_video_info_of(const kao_video *v)
{
    return &v->info;
}

kao_status kao_video_next(kao_video *v, kao_video_frame *frame, bool *more,
                          kao_error *err)
{
    *more = false;
    frame->cut = NULL;
    return v->kind->next(v->source, frame, more, err);
}
