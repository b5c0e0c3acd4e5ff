/* See video_out.h. */
#include "media/video_out.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/context.h"
#include "base/error.h"
#include "media/ffmpeg.h"

enum { CLOCK = 90000 }; /* ticks a second, the usual ones of video */

struct kao_video_out {
    kao_context *ctx;
    kao_ffmpeg f;
    char path[4096], beside[4096];
    bool created, finished, into;
    AVFormatContext *format;
    AVCodecContext *codec;
    AVStream *pictures, *sound;
    AVPacket *packet;
    AVFrame *frame;
    struct SwsContext *scaler;
    int64_t last;           /* tick of the last picture */
    int64_t step;           /* ticks that one is shown, as a rule */
    uint32_t width, height; /* of the pictures that come */
    /* the sound's source */
    AVFormatContext *from;
    AVPacket *heard; /* read, not written yet */
    int from_stream;
    bool waiting; /* heard holds a packet */
    double sound_start;
};

static kao_status fail(const kao_video_out *o, int code, const char *what,
                       kao_error *err)
{
    return kao_ffmpeg_fail(&o->f, code, o->path, what, err);
}

/* ---- opening ---- */

/* "folder/.kao-PID-name.mp4": the end says the form. */
static kao_status choose_names(kao_video_out *o, const char *path,
                               const kao_video_out_options *options, kao_error *err)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    const int n = snprintf(o->beside, sizeof o->beside, "%.*s.kao-%ld-%s",
                           (int)(name - path), path, (long)getpid(), name);

    if (!name[0] || n < 0 || (size_t)n >= sizeof o->beside)
        return kao_fail(err, KAO_E_ARG, "%.100s: no file's name", path);
    snprintf(o->path, sizeof o->path, "%s", path);
    o->into = options->into;
    if (o->into)
        snprintf(o->beside, sizeof o->beside, "/dev/fd/%d", options->fd);
    return KAO_OK;
}

static const AVCodec *choose_encoder(const kao_video_out *o)
{
    static const char *const names[] = { "libx264", "libopenh264", "libvpx-vp9",
                                         "mpeg4" };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const AVCodec *c = o->f.avcodec_find_encoder_by_name(names[i]);

        if (c && o->f.avformat_query_codec(o->format->oformat, c->id,
                                           FF_COMPLIANCE_NORMAL) == 1)
            return c;
    }
    return NULL;
}

static kao_status open_encoder(kao_video_out *o, double fps, kao_error *err)
{
    const AVCodec *c = choose_encoder(o);

    if (!c)
        return kao_fail(err, KAO_E_UNSUPPORTED, "%s: no encoder for such a file",
                        o->path);
    o->codec = o->f.avcodec_alloc_context3(c);
    o->pictures = o->f.avformat_new_stream(o->format, NULL);
    if (!o->codec || !o->pictures)
        return kao_fail(err, KAO_E_NOMEM, "%s: out of memory", o->path);
    o->codec->width = (int)(o->width & ~1u);
    o->codec->height = (int)(o->height & ~1u);
    o->codec->pix_fmt = AV_PIX_FMT_YUV420P;
    o->codec->colorspace = o->height >= 720 ? AVCOL_SPC_BT709 : AVCOL_SPC_SMPTE170M;
    o->codec->color_range = AVCOL_RANGE_MPEG;
    /* mpeg4 knows no finer clock than 1/65535 */
    o->codec->time_base = c->id == AV_CODEC_ID_MPEG4 ? (AVRational){ 1, 30000 }
                                                     : (AVRational){ 1, CLOCK };
    if (fps > 0 && fps < 1000)
        o->codec->framerate = (AVRational){ (int)lround(fps * 1000), 1000 };
    o->step = llround(1 / (fps > 0 ? fps : 25) / av_q2d(o->codec->time_base));
    o->codec->gop_size = 50;
    o->codec->thread_count = (int)kao_context_threads(o->ctx);
    if (c->id == AV_CODEC_ID_H264) {
        o->f.av_opt_set(o->codec->priv_data, "preset", "veryfast", 0);
        o->f.av_opt_set(o->codec->priv_data, "crf", "20", 0);
    } else {
        o->codec->bit_rate = 4 * (int64_t)o->width * o->height;
    }
    if (o->format->oformat->flags & AVFMT_GLOBALHEADER)
        o->codec->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    int e = o->f.avcodec_open2(o->codec, c, NULL);

    if (e >= 0)
        e = o->f.avcodec_parameters_from_context(o->pictures->codecpar, o->codec);
    o->pictures->time_base = o->codec->time_base;
    return e < 0 ? fail(o, e, "its encoder", err) : KAO_OK;
}

static kao_status open_frame(kao_video_out *o, kao_error *err)
{
    o->packet = o->f.av_packet_alloc();
    o->frame = o->f.av_frame_alloc();
    if (!o->packet || !o->frame)
        return kao_fail(err, KAO_E_NOMEM, "%s: out of memory", o->path);
    o->frame->format = o->codec->pix_fmt;
    o->frame->width = o->codec->width;
    o->frame->height = o->codec->height;
    o->frame->colorspace = o->codec->colorspace;
    o->frame->color_range = o->codec->color_range;
    const int e = o->f.av_frame_get_buffer(o->frame, 0);

    if (e < 0)
        return fail(o, e, "a frame", err);
    o->scaler = o->f.sws_getCachedContext(
        NULL, o->codec->width, o->codec->height, AV_PIX_FMT_RGB24, o->codec->width,
        o->codec->height, o->codec->pix_fmt, SWS_BILINEAR, NULL, NULL, NULL);
    if (!o->scaler)
        return kao_fail(err, KAO_E_UNSUPPORTED, "%s: pictures of %u x %u", o->path,
                        o->width, o->height);
    const int *to = o->f.sws_getCoefficients(
        o->codec->colorspace == AVCOL_SPC_BT709 ? SWS_CS_ITU709 : SWS_CS_ITU601);

    o->f.sws_setColorspaceDetails(o->scaler, to, 1, to, 0, 0, 1 << 16, 1 << 16);
    return KAO_OK;
}

/* The source's sound, copied as it is where the file's form can hold it; else left out. */
static kao_status open_sound(kao_video_out *o, const char *path, kao_error *err)
{
    char name[KAO_FFMPEG_NAME];

    o->heard = o->f.av_packet_alloc();
    if (!o->heard)
        return kao_fail(err, KAO_E_NOMEM, "%s: out of memory", o->path);
    if (o->f.avformat_open_input(&o->from, kao_ffmpeg_name(path, name), NULL, NULL) <
            0 ||
        o->f.avformat_find_stream_info(o->from, NULL) < 0)
        return KAO_OK; /* a folder of pictures, a pipe */
    o->from_stream =
        o->f.av_find_best_stream(o->from, AVMEDIA_TYPE_AUDIO, -1, -1, NULL, 0);
    if (o->from_stream < 0)
        return KAO_OK;
    const AVCodecParameters *par = o->from->streams[o->from_stream]->codecpar;

    if (o->f.avformat_query_codec(o->format->oformat, par->codec_id,
                                  FF_COMPLIANCE_NORMAL) != 1)
        return KAO_OK;
    o->sound = o->f.avformat_new_stream(o->format, NULL);
    if (!o->sound)
        return kao_fail(err, KAO_E_NOMEM, "%s: out of memory", o->path);
    const int e = o->f.avcodec_parameters_copy(o->sound->codecpar, par);

    o->sound->codecpar->codec_tag = 0; /* the other form's own word for it */
    o->sound->time_base = o->from->streams[o->from_stream]->time_base;
    return e < 0 ? fail(o, e, "its sound", err) : KAO_OK;
}

kao_status kao_video_out_open(kao_context *ctx, kao_video_out **out, const char *path,
                              const kao_video_out_options *options, kao_error *err)
{
    kao_video_out *o = kao_calloc(&ctx->mem, 1, sizeof *o);

    *out = NULL;
    if (!o)
        return kao_fail(err, KAO_E_NOMEM, "%s: out of memory", path);
    o->ctx = ctx;
    o->last = -1;
    o->width = options->width;
    o->height = options->height;
    o->sound_start = options->sound_start;
    kao_status st = choose_names(o, path, options, err);

    if (!st && (o->width < 2 || o->height < 2))
        st = kao_fail(err, KAO_E_ARG, "%s: pictures of %u x %u", path, o->width,
                      o->height);
    if (!st)
        st = kao_ffmpeg_open(&o->f, err);
    /* forms of many files (.jpg, .m3u8) write them themselves, under the name that is to be taken at the end */
    if (!st &&
        (o->f.avformat_alloc_output_context2(&o->format, NULL, NULL, o->path) < 0 ||
         o->format->oformat->flags & AVFMT_NOFILE))
        st = kao_fail(err, KAO_E_UNSUPPORTED,
                      "%s: its end names no form of video: .mp4, .mkv, ..", path);
    if (!st)
        st = open_encoder(o, options->fps, err);
    if (!st)
        st = open_frame(o, err);
    if (!st && options->sound)
        st = open_sound(o, options->sound, err);
    if (!st) {
        char name[sizeof "file:" + sizeof o->beside];

        snprintf(name, sizeof name, "file:%s", o->beside);
        int e = o->f.avio_open(&o->format->pb, name, AVIO_FLAG_WRITE);

        o->created = e >= 0;
        if (e >= 0)
            e = o->f.avformat_write_header(o->format, NULL);
        if (e < 0)
            st = fail(o, e, "writing it", err);
    }
    if (st)
        kao_video_out_close(o);
    else
        *out = o;
    return st;
}

void kao_video_out_close(kao_video_out *o)
{
    if (!o)
        return;
    if (o->f.av_frame_free) {
        o->f.sws_freeContext(o->scaler);
        o->f.av_frame_free(&o->frame);
        o->f.av_packet_free(&o->packet);
        o->f.av_packet_free(&o->heard);
        o->f.avcodec_free_context(&o->codec);
        o->f.avformat_close_input(&o->from);
        if (o->format && o->created)
            o->f.avio_closep(&o->format->pb);
        o->f.avformat_free_context(o->format);
    }
    if (o->created && !o->finished && !o->into)
        unlink(o->beside);
    kao_free(&o->ctx->mem, o);
}

/* ---- writing ---- */

/* The sound up to a time of the pictures. */
static int write_sound(kao_video_out *o, double until)
{
    while (o->sound) {
        const AVStream *s = o->from->streams[o->from_stream];

        while (!o->waiting) {
            if (o->f.av_read_frame(o->from, o->heard) < 0)
                return 0; /* no more of it */
            o->waiting = o->heard->stream_index == o->from_stream;
            if (!o->waiting)
                o->f.av_packet_unref(o->heard);
        }
        const int64_t shift = llround(o->sound_start / av_q2d(s->time_base));
        const int64_t at = o->heard->dts == AV_NOPTS_VALUE ? 0 : o->heard->dts - shift;

        if ((double)at * av_q2d(s->time_base) > until)
            return 0;
        o->waiting = false;
        if (at < 0) { /* before the first picture */
            o->f.av_packet_unref(o->heard);
            continue;
        }
        o->heard->dts = at;
        o->heard->pts = o->heard->pts == AV_NOPTS_VALUE ? at : o->heard->pts - shift;
        o->heard->stream_index = o->sound->index;
        o->f.av_packet_rescale_ts(o->heard, s->time_base, o->sound->time_base);
        const int e = o->f.av_interleaved_write_frame(o->format, o->heard);

        if (e < 0)
            return e;
    }
    return 0;
}

/* What the encoder has ready. */
static int write_ready(kao_video_out *o)
{
    for (;;) {
        int e = o->f.avcodec_receive_packet(o->codec, o->packet);

        if (e == AVERROR(EAGAIN) || e == AVERROR_EOF)
            return 0;
        if (e >= 0) {
            o->packet->stream_index = o->pictures->index;
            o->packet->duration = o->step; /* without one the last is cut off */
            o->f.av_packet_rescale_ts(o->packet, o->codec->time_base,
                                      o->pictures->time_base);
            e = o->f.av_interleaved_write_frame(o->format, o->packet);
        }
        if (e < 0)
            return e;
    }
}

kao_status kao_video_out_frame(kao_video_out *o, const kao_image *image, double time,
                               kao_error *err)
{
    const uint8_t *rows[1] = { image->rgb };
    const int strides[1] = { (int)image->row_bytes };

    if (image->width != o->width || image->height != o->height ||
        image->row_bytes > KAO_IMAGE_MAX_ROW_BYTES)
        return kao_fail(err, KAO_E_ARG,
                        "%s: a picture of %u x %u among those of %u x %u", o->path,
                        image->width, image->height, o->width, o->height);
    int e = o->f.av_frame_make_writable(o->frame);

    if (e >= 0)
        e = o->f.sws_scale(o->scaler, rows, strides, 0, o->codec->height,
                           o->frame->data, o->frame->linesize);
    const int64_t at = llround(time / av_q2d(o->codec->time_base));

    o->last = at > o->last ? at : o->last + 1;
    o->frame->pts = o->last;
    if (e >= 0)
        e = write_sound(o, time);
    if (e >= 0)
        e = o->f.avcodec_send_frame(o->codec, o->frame);
    if (e >= 0)
        e = write_ready(o);
    return e < 0 ? fail(o, e, "writing it", err) : KAO_OK;
}

/* To the disk, then under its name. */
static kao_status take_name(kao_video_out *o, kao_error *err)
{
    if (o->into) {
        o->finished = true;
        return KAO_OK;
    }
    const int fd = open(o->beside, O_RDONLY | O_CLOEXEC);
    const bool synced = fd >= 0 && fsync(fd) == 0;

    if (fd >= 0)
        close(fd);
    if (!synced || rename(o->beside, o->path) != 0)
        return kao_fail_sys(err, KAO_E_IO, errno, "%s", o->path);
    o->finished = true;
    return KAO_OK;
}

kao_status kao_video_out_finish(kao_video_out *o, kao_error *err)
{
    const double tick = av_q2d(o->codec->time_base);
    int e = o->f.avcodec_send_frame(o->codec, NULL);

    if (e >= 0)
        e = write_ready(o);
    if (e >= 0) /* for as long as the last picture is shown, and a little at least */
        e = write_sound(o, (double)o->last * tick + fmax((double)o->step * tick, .04));
    if (e >= 0)
        e = o->f.av_write_trailer(o->format);
    if (e >= 0)
        e = o->f.avio_closep(&o->format->pb);
    return e < 0 ? fail(o, e, "writing it", err) : take_name(o, err);
}
