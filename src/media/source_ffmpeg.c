/* Video by FFmpeg: files, devices and addresses, in whatever form its libraries read. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "media/ffmpeg.h"
#include "media/source.h"

enum { SIDE_MOST = 16384, QUIET_SECONDS = 10 };

typedef struct reader {
    kao_context *ctx;
    const char *name;
    const kao_cancel *cancel;
    kao_ffmpeg f;
    AVFormatContext *format;
    AVCodecContext *codec;
    AVStream *stream;
    AVPacket *packet;
    AVFrame *frame;
    AVFrame *
        plain; /* the frame in a format that a view can have, where it has none itself */
    struct SwsContext *scaler;
    uint64_t number, packets;     /* of frames given; read, of which one is to be had */
    double first_time, last_time; /* NaN: none yet */
    double waits_since; /* when what the network is asked for was begun; NaN: a file */
    bool drained;       /* no more packets */
    bool contained;
    const char *cut;
} reader;

/* FFmpeg asks this while it waits. */
static int stop(void *user)
{
    const reader *r = user;

    return kao_cancelled(r->cancel) ||
           (!isnan(r->waits_since) &&
            kao_clock_seconds() - r->waits_since > QUIET_SECONDS);
}

static kao_status fail(const reader *r, int code, const char *what, kao_error *err)
{
    if (kao_cancelled(r->cancel)) /* by the signal too: RTSP tells of damage then */
        code = AVERROR_EXIT;
    else if (code == AVERROR_EXIT)
        return kao_fail(err, KAO_E_IO, "%s: %s: nothing came for %d seconds", r->name,
                        what, QUIET_SECONDS);
    return kao_ffmpeg_fail(&r->f, code, r->name, what, err);
}

static void reader_close(void *source)
{
    reader *r = source;

    if (r->f.av_frame_free) {
        r->f.sws_freeContext(r->scaler);
        r->f.av_frame_free(&r->frame);
        r->f.av_frame_free(&r->plain);
        r->f.av_packet_free(&r->packet);
        r->f.avcodec_free_context(&r->codec);
        r->f.avformat_close_input(&r->format);
    }
    kao_free(&r->ctx->mem, r);
}

/* ---- opening ---- */

/* Of kao_video_options.contained. A list for av_match_list: all of a form's names need not stand here. */
static const char contained_forms[] =
    "mov,mp4,matroska,webm,avi,mpegts,mpeg,mpegvideo,ogg,flv,asf,h264,hevc,m4v,mjpeg,"
    "ivf,gif,apng,mxf,nut,yuv4mpegpipe";

static kao_status open_format(reader *r, kao_error *err)
{
    const bool device = strncmp(r->name, "/dev/video", 10) == 0;
    const AVInputFormat *camera = NULL;
    AVDictionary *options = NULL;
    char name[KAO_FFMPEG_NAME];

    if (device && r->f.avdevice_register_all) {
        r->f.avdevice_register_all();
        camera = r->f.av_find_input_format("v4l2");
    }
    if (device && !camera)
        return kao_fail(err, KAO_E_UNSUPPORTED,
                        "%s: cameras need FFmpeg's libavdevice; Debian: apt-get "
                        "install libavdevice%d",
                        r->name, KAO_AVDEVICE_VERSION);
    r->format = r->f.avformat_alloc_context();
    if (!r->format)
        return kao_fail(err, KAO_E_NOMEM, "%s: out of memory", r->name);
    r->format->interrupt_callback = (AVIOInterruptCB){ stop, r };
    /* a stream's pictures in time and whole rather than torn */
    r->f.av_dict_set(&options, "rtsp_transport", "tcp", 0);
    if (r->contained) {
        r->f.av_dict_set(&options, "format_whitelist", contained_forms, 0);
        r->f.av_dict_set(&options, "protocol_whitelist", "file", 0);
    }
    int e = r->f.avformat_open_input(&r->format,
                                     device ? r->name : kao_ffmpeg_name(r->name, name),
                                     camera, &options);

    r->f.av_dict_free(&options);
    if (e < 0)
        return fail(r, e, "opening it", err);
    e = r->f.avformat_find_stream_info(r->format, NULL);
    return e < 0 ? fail(r, e, "looking for its streams", err) : KAO_OK;
}

static kao_status open_codec(reader *r, kao_error *err)
{
    const int i =
        r->f.av_find_best_stream(r->format, AVMEDIA_TYPE_VIDEO, -1, -1, NULL, 0);

    if (i < 0)
        return kao_fail(err, KAO_E_FORMAT, "%s: no pictures in it", r->name);
    r->stream = r->format->streams[i];
    for (unsigned k = 0; k < r->format->nb_streams; k++)
        if (k != (unsigned)i)
            r->format->streams[k]->discard = AVDISCARD_ALL;
    const AVCodec *codec = r->f.avcodec_find_decoder(r->stream->codecpar->codec_id);

    if (!codec)
        return kao_fail(err, KAO_E_UNSUPPORTED, "%s: no decoder for %s", r->name,
                        r->f.avcodec_get_name(r->stream->codecpar->codec_id));
    r->codec = r->f.avcodec_alloc_context3(codec);
    r->packet = r->f.av_packet_alloc();
    r->frame = r->f.av_frame_alloc();
    if (!r->codec || !r->packet || !r->frame)
        return kao_fail(err, KAO_E_NOMEM, "%s: out of memory", r->name);
    int e = r->f.avcodec_parameters_to_context(r->codec, r->stream->codecpar);

    r->codec->thread_count = 1; /* the cores are for the networks */
    if (e >= 0)
        e = r->f.avcodec_open2(r->codec, codec, NULL);
    return e < 0 ? fail(r, e, "opening its decoder", err) : KAO_OK;
}

/* Clockwise degrees that make the stream's pictures upright. */
static uint32_t rotation_of(const reader *r)
{
    const uint8_t *matrix =
        r->f.av_stream_get_side_data(r->stream, AV_PKT_DATA_DISPLAYMATRIX, NULL);
    int32_t m[9];

    if (!matrix)
        return 0;
    memcpy(m, matrix, sizeof m);
    const double degrees = -r->f.av_display_rotation_get(m); /* NaN where it has none */
    const double quarters = isnan(degrees) ? 0 : round(degrees / 90);

    return (uint32_t)(((int)quarters % 4 + 4) % 4) * 90;
}

static void fill_info(const reader *r, kao_video_info *info)
{
    const AVRational fps = r->f.av_guess_frame_rate(r->format, r->stream, NULL);
    const uint32_t w = (uint32_t)r->codec->width, h = (uint32_t)r->codec->height;
    const bool turned = rotation_of(r) % 180 != 0;

    *info =
        (kao_video_info){ .width = turned ? h : w,
                          .height = turned ? w : h,
                          .fps = fps.num > 0 && fps.den > 0 ? av_q2d(fps) : 0,
                          .seconds = r->format->duration > 0
                                         ? (double)r->format->duration / AV_TIME_BASE
                                         : (double)NAN };
    info->frames = r->stream->nb_frames > 0 ? (uint64_t)r->stream->nb_frames
                   : info->fps > 0 && info->seconds < 1e9 /* no NaN */
                       ? (uint64_t)(info->fps * info->seconds)
                       : 0;
    if (r->stream->start_time != AV_NOPTS_VALUE)
        info->start = (double)r->stream->start_time * av_q2d(r->stream->time_base);
    for (unsigned i = 0; i < r->format->nb_streams; i++)
        info->sound |=
            r->format->streams[i]->codecpar->codec_type == AVMEDIA_TYPE_AUDIO;
    snprintf(info->form, sizeof info->form, "%s",
             r->f.avcodec_get_name(r->codec->codec_id));
}

static kao_status reader_open(kao_context *ctx, void **source, const char *name,
                              const kao_video_options *o, kao_video_info *info,
                              kao_error *err)
{
    reader *r = kao_calloc(&ctx->mem, 1, sizeof *r);

    if (!r)
        return kao_fail(err, KAO_E_NOMEM, "%s: out of memory", name);
    r->ctx = ctx;
    r->name = name;
    r->cancel = o->cancel;
    r->contained = o->contained;
    r->first_time = r->last_time = (double)NAN;
    r->waits_since = kao_video_is_live(name) ? kao_clock_seconds() : (double)NAN;
    kao_status st = kao_ffmpeg_open(&r->f, err);

    if (!st)
        st = open_format(r, err);
    if (!st)
        st = open_codec(r, err);
    if (!st) {
        fill_info(r, info);
        *source = r;
    } else {
        reader_close(r);
    }
    return st;
}

/* ---- frames ---- */

static bool view_format(int format, kao_pixel_format *to)
{
    static const struct {
        int from;
        kao_pixel_format to;
    } rows[] = {
        { AV_PIX_FMT_YUV420P, KAO_PIXELS_YUV420 },
        { AV_PIX_FMT_YUVJ420P, KAO_PIXELS_YUV420 },
        { AV_PIX_FMT_YUV422P, KAO_PIXELS_YUV422 },
        { AV_PIX_FMT_YUVJ422P, KAO_PIXELS_YUV422 },
        { AV_PIX_FMT_NV12, KAO_PIXELS_NV12 },
        { AV_PIX_FMT_RGB24, KAO_PIXELS_RGB },
        { AV_PIX_FMT_BGR24, KAO_PIXELS_BGR },
        { AV_PIX_FMT_RGB0, KAO_PIXELS_RGBA },
        { AV_PIX_FMT_BGR0, KAO_PIXELS_BGRA },
        { AV_PIX_FMT_GRAY8, KAO_PIXELS_GREY },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].from == format) {
            *to = rows[i].to;
            return true;
        }
    return false;
}

static kao_yuv_matrix yuv_of(const AVFrame *a)
{
    const bool full = a->color_range == AVCOL_RANGE_JPEG ||
                      a->format == AV_PIX_FMT_YUVJ420P ||
                      a->format == AV_PIX_FMT_YUVJ422P;
    /* high definition that does not say otherwise is BT.709 */
    const bool is709 = a->colorspace == AVCOL_SPC_BT709 ||
                       (a->colorspace == AVCOL_SPC_UNSPECIFIED && a->height >= 720);

    return is709 ? (full ? KAO_YUV_709_FULL : KAO_YUV_709)
                 : (full ? KAO_YUV_601_FULL : KAO_YUV_601);
}

/* r->frame as RGB in r->plain, with the colours that it is said to have. */
static kao_status make_plain(reader *r, kao_error *err)
{
    const AVFrame *a = r->frame;
    const kao_yuv_matrix yuv = yuv_of(a);
    const bool is709 = yuv == KAO_YUV_709 || yuv == KAO_YUV_709_FULL;
    const bool full = yuv == KAO_YUV_601_FULL || yuv == KAO_YUV_709_FULL;

    if (r->plain && (r->plain->width != a->width || r->plain->height != a->height))
        r->f.av_frame_free(&r->plain);
    if (!r->plain) {
        r->plain = r->f.av_frame_alloc();
        if (!r->plain)
            return kao_fail(err, KAO_E_NOMEM, "%s: out of memory", r->name);
        r->plain->format = AV_PIX_FMT_RGB24;
        r->plain->width = a->width;
        r->plain->height = a->height;
        const int e = r->f.av_frame_get_buffer(r->plain, 0);

        if (e < 0)
            return fail(r, e, "a frame", err);
    }
    r->scaler = r->f.sws_getCachedContext(r->scaler, a->width, a->height, a->format,
                                          a->width, a->height, AV_PIX_FMT_RGB24,
                                          SWS_BILINEAR, NULL, NULL, NULL);
    if (!r->scaler) {
        const char *name = r->f.av_get_pix_fmt_name(a->format);

        return kao_fail(err, KAO_E_UNSUPPORTED, "%s: pixels of form %s", r->name,
                        name ? name : "unknown");
    }
    const int *from = r->f.sws_getCoefficients(is709 ? SWS_CS_ITU709 : SWS_CS_ITU601);

    r->f.sws_setColorspaceDetails(r->scaler, from, full, from, 1, 0, 1 << 16, 1 << 16);
    const int n =
        r->f.sws_scale(r->scaler, (const uint8_t *const *)a->data, a->linesize, 0,
                       a->height, r->plain->data, r->plain->linesize);

    return n < 0 ? fail(r, n, "a frame", err) : KAO_OK;
}

static kao_status give_view(reader *r, kao_view *view, kao_error *err)
{
    const AVFrame *a = r->frame;
    kao_pixel_format format = KAO_PIXELS_RGB;

    if (a->width < 1 || a->height < 1 || a->width > SIDE_MOST || a->height > SIDE_MOST)
        return kao_fail(err, KAO_E_LIMIT,
                        "%s: frames of %d x %d pixels; %d a side at "
                        "most",
                        r->name, a->width, a->height, SIDE_MOST);
    if (!view_format(a->format, &format)) {
        const kao_status st = make_plain(r, err);

        if (st)
            return st;
        a = r->plain;
    }
    *view = (kao_view){ .format = format,
                        .yuv = yuv_of(r->frame),
                        .width = (uint32_t)a->width,
                        .height = (uint32_t)a->height,
                        .rotation = rotation_of(r) };
    for (int i = 0; i < 3; i++) {
        view->plane[i] = a->data[i];
        view->stride[i] = a->linesize[i];
    }
    return KAO_OK;
}

/* Seconds from a frame to the next, about. */
static double step_of(const reader *r)
{
    const AVRational fps = r->f.av_guess_frame_rate(r->format, r->stream, NULL);

    return fps.num > 0 && fps.den > 0 ? 1 / av_q2d(fps) : .04;
}

/* Seconds since the first frame; they only go on. */
static double time_of(reader *r, uint64_t number)
{
    const int64_t at = r->frame->best_effort_timestamp;
    const double step = step_of(r);
    double time =
        at == AV_NOPTS_VALUE ? (double)NAN : (double)at * av_q2d(r->stream->time_base);

    if (isnan(time))
        time = isnan(r->last_time) ? (double)number * step : r->last_time + step;
    if (isnan(r->first_time))
        r->first_time = time;
    if (!isnan(r->last_time) && time <= r->last_time) /* a clock that was set back */
        time = r->last_time + step;
    r->last_time = time;
    return time - r->first_time;
}

/* The next packet of the pictures to the decoder. */
static kao_status feed(reader *r, kao_error *err)
{
    int e = 0;

    do {
        if (kao_cancelled(r->cancel))
            return kao_fail(err, KAO_E_CANCELLED, "%s: stopped", r->name);
        if (!isnan(r->waits_since))
            r->waits_since = kao_clock_seconds();
        e = r->f.av_read_frame(r->format, r->packet);
        if (e >= 0 && r->packet->stream_index == r->stream->index)
            break;
        r->f.av_packet_unref(r->packet);
    } while (e >= 0);
    if (e < 0) {
        if (e == AVERROR_EXIT)
            return fail(r, e, "reading it", err);
        if (e != AVERROR_EOF)
            r->cut = "ends in the middle";
        r->drained = true;
        r->f.avcodec_send_packet(r->codec, NULL);
        return KAO_OK;
    }
    r->packets += !(r->packet->flags & AV_PKT_FLAG_DISCARD);
    e = r->f.avcodec_send_packet(r->codec, r->packet);
    r->f.av_packet_unref(r->packet);
    return e == AVERROR(ENOMEM) ? fail(r, e, "a frame", err) : KAO_OK;
}

/* Whether the frames end before the time that the file says. */
static bool ends_early(const reader *r)
{
    const AVStream *s = r->stream;
    const double tick = av_q2d(s->time_base), step = step_of(r);

    return s->duration == AV_NOPTS_VALUE || s->start_time == AV_NOPTS_VALUE ||
           r->last_time + 2 * step < (double)(s->start_time + s->duration) * tick;
}

/* How a file that says how many frames it has comes to fewer. One that was trimmed has more than
 * it shows (edit lists): those that are left out are no loss. */
static const char *cut_short(const reader *r)
{
    if (r->cut)
        return r->cut;
    return r->stream->nb_frames > 0 && r->number < (uint64_t)r->stream->nb_frames &&
                   (r->number < r->packets || ends_early(r))
               ? "has fewer frames than it says: it is cut or damaged"
               : NULL;
}

static kao_status reader_next(void *source, kao_video_frame *frame, bool *more,
                              kao_error *err)
{
    reader *r = source;

    for (;;) {
        r->f.av_frame_unref(r->frame);
        const int e = r->f.avcodec_receive_frame(r->codec, r->frame);
        kao_status st = KAO_OK;

        if (e >= 0) {
            frame->number = ++r->number;
            frame->time = time_of(r, r->number - 1);
            st = give_view(r, &frame->view, err);
            *more = !st;
            return st;
        }
        if (e == AVERROR(ENOMEM))
            return fail(r, e, "a frame", err);
        if (r->drained) { /* the decoder's end, too */
            if (r->number == 0)
                return kao_fail(err, KAO_E_FORMAT, "%s: no frame of it can be read",
                                r->name);
            frame->cut = cut_short(r);
            return KAO_OK;
        }
        st = feed(r, err);
        if (st)
            return st;
    }
}

kao_status kao_video_ready(kao_error *err)
{
    kao_ffmpeg f;

    return kao_ffmpeg_open(&f, err);
}

const kao_source_kind kao_source_ffmpeg = { "FFmpeg", reader_open, reader_next,
                                            reader_close };
