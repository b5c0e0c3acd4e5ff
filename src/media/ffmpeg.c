/* See ffmpeg.h. */
#include "media/ffmpeg.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/library.h"

/* A library of the version that the headers are of. */
static void *open_version(const char *name, int major)
{
    char soname[64];

    snprintf(soname, sizeof soname, "%s.so.%d", name, major);
    return kao_library_open(soname);
}

kao_status kao_ffmpeg_open(kao_ffmpeg *f, kao_error *err)
{
    void *util = open_version("libavutil", LIBAVUTIL_VERSION_MAJOR);
    void *codec = open_version("libavcodec", LIBAVCODEC_VERSION_MAJOR);
    void *format = open_version("libavformat", LIBAVFORMAT_VERSION_MAJOR);
    void *scale = open_version("libswscale", LIBSWSCALE_VERSION_MAJOR);
    void *device = open_version("libavdevice", KAO_AVDEVICE_VERSION);
    bool found = util && codec && format && scale;

#define FIND(library, name) found = found && kao_library_find(library, #name, &f->name);
#define FORMAT(name)        FIND(format, name)
#define CODEC(name)         FIND(codec, name)
#define UTIL(name)          FIND(util, name)
#define SCALE(name)         FIND(scale, name)
    KAO_AVFORMAT_CALLS(FORMAT)
    KAO_AVCODEC_CALLS(CODEC)
    KAO_AVUTIL_CALLS(UTIL)
    KAO_SWSCALE_CALLS(SCALE)
    f->avdevice_register_all = NULL;
    if (device)
        kao_library_find(device, "avdevice_register_all", &f->avdevice_register_all);
    if (!found)
        return kao_fail(err, KAO_E_UNSUPPORTED,
                        "video: FFmpeg's libraries (libavformat %d, libavcodec %d, "
                        "libswscale %d) are not on this machine; Debian: apt-get "
                        "install libavformat%d libswscale%d",
                        LIBAVFORMAT_VERSION_MAJOR, LIBAVCODEC_VERSION_MAJOR,
                        LIBSWSCALE_VERSION_MAJOR, LIBAVFORMAT_VERSION_MAJOR,
                        LIBSWSCALE_VERSION_MAJOR);
    f->av_log_set_level(AV_LOG_QUIET); /* what is wrong is told once, in our words */
    return KAO_OK;
}

const char *kao_ffmpeg_name(const char *name, char to[KAO_FFMPEG_NAME])
{
    struct stat info;

    return stat(name, &info) == 0 &&
                   snprintf(to, KAO_FFMPEG_NAME, "file:%s", name) < KAO_FFMPEG_NAME
               ? to
               : name;
}

kao_status kao_ffmpeg_fail(const kao_ffmpeg *f, int code, const char *name,
                           const char *what, kao_error *err)
{
    char reason[AV_ERROR_MAX_STRING_SIZE] = "unknown error";

    f->av_strerror(code, reason, sizeof reason);
    switch (code) {
    case AVERROR(ENOMEM):
        return kao_fail(err, KAO_E_NOMEM, "%s: out of memory", name);
    case AVERROR_EXIT:
        return kao_fail(err, KAO_E_CANCELLED, "%s: stopped", name);
    case AVERROR_INVALIDDATA:
        return kao_fail(err, KAO_E_FORMAT, "%s: %s: damaged, or no video", name, what);
    case AVERROR_DECODER_NOT_FOUND:
    case AVERROR_DEMUXER_NOT_FOUND:
    case AVERROR_ENCODER_NOT_FOUND:
    case AVERROR_MUXER_NOT_FOUND:
    case AVERROR_PROTOCOL_NOT_FOUND:
    case AVERROR_PATCHWELCOME:
        return kao_fail(err, KAO_E_UNSUPPORTED, "%s: %s: %s", name, what, reason);
    default:
        return kao_fail(err, KAO_E_IO, "%s: %s: %s", name, what, reason);
    }
}
