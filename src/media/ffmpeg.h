/* FFmpeg's libraries (5.1 and later), looked for when a video comes (dlopen): linked, the hundred
 * and more libraries that they need would be loaded at the start of every run, 24 ms of it. Their
 * headers are needed where kao is built, and libraries of the same version where it runs. */
#ifndef KAO_MEDIA_FFMPEG_H
#define KAO_MEDIA_FFMPEG_H

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/display.h>
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>

#include "kao/status.h"

/* clang-format off */
#define KAO_AVFORMAT_CALLS(X)                                                              \
    X(avformat_alloc_context) X(avformat_open_input) X(avformat_close_input)               \
    X(avformat_find_stream_info) X(avformat_alloc_output_context2) X(avformat_new_stream)  \
    X(avformat_write_header) X(avformat_free_context) X(avformat_query_codec)              \
    X(av_find_best_stream) X(av_find_input_format) X(av_guess_frame_rate) X(av_read_frame) \
    X(av_interleaved_write_frame) X(av_stream_get_side_data) X(av_write_trailer)           \
    X(avio_closep) X(avio_open)
#define KAO_AVCODEC_CALLS(X)                                                               \
    X(av_packet_alloc) X(av_packet_free) X(av_packet_rescale_ts) X(av_packet_unref)        \
    X(avcodec_alloc_context3) X(avcodec_find_decoder) X(avcodec_find_encoder_by_name)      \
    X(avcodec_flush_buffers) X(avcodec_free_context) X(avcodec_get_name) X(avcodec_open2)  \
    X(avcodec_parameters_copy) X(avcodec_parameters_from_context)                          \
    X(avcodec_parameters_to_context) X(avcodec_receive_frame) X(avcodec_receive_packet)    \
    X(avcodec_send_frame) X(avcodec_send_packet)
#define KAO_AVUTIL_CALLS(X)                                                                \
    X(av_dict_free) X(av_dict_set) X(av_display_rotation_get) X(av_frame_alloc)            \
    X(av_frame_free) X(av_frame_get_buffer) X(av_frame_make_writable) X(av_frame_unref)    \
    X(av_get_pix_fmt_name) X(av_log_set_level) X(av_opt_set) X(av_strerror)
#define KAO_SWSCALE_CALLS(X)                                                               \
    X(sws_freeContext) X(sws_getCachedContext) X(sws_getCoefficients) X(sws_scale)         \
    X(sws_setColorspaceDetails)
/* clang-format on */

typedef struct kao_ffmpeg {
#define KAO_AV_FIELD(name) __typeof__(name) *name;
    KAO_AVFORMAT_CALLS(KAO_AV_FIELD)
    KAO_AVCODEC_CALLS(KAO_AV_FIELD)
    KAO_AVUTIL_CALLS(KAO_AV_FIELD)
    KAO_SWSCALE_CALLS(KAO_AV_FIELD)
#undef KAO_AV_FIELD
    void (*avdevice_register_all)(void); /* of libavdevice; NULL: no cameras */
} kao_ffmpeg;

enum { KAO_AVDEVICE_VERSION = LIBAVFORMAT_VERSION_MAJOR }; /* they have gone together */

/* KAO_E_UNSUPPORTED where the machine lacks them; the line says which package has them. */
kao_status kao_ffmpeg_open(kao_ffmpeg *f, kao_error *err);

/* What FFmpeg is to be asked for: of a file that is there a name that it takes for nothing else, as
 * "12:30.mp4" by itself is an address to it; else the name. Gives that, or to. */
enum { KAO_FFMPEG_NAME = 4096 };
const char *kao_ffmpeg_name(const char *name, char to[KAO_FFMPEG_NAME]);

/* "NAME: what: FFmpeg's reason", with the status that fits it. */
kao_status kao_ffmpeg_fail(const kao_ffmpeg *f, int code, const char *name,
                           const char *what, kao_error *err);

#endif
