/* kao/view.h: pixels to look at, wherever they come from: a picture that kao read, a frame of
 * a video, a camera's or another program's buffer. Nothing is copied to make one.
 *
 *     kao_view frame = { .format = KAO_PIXELS_NV12, .width = 1280, .height = 720,
 *                        .plane = { y, uv }, .stride = { 1280, 1280 } };
 *
 * A kao_view borrows: it owns nothing and changes nothing. kao_image (kao/image.h) owns
 * pixels, and kao_image_view makes a view of one.
 *
 * Coordinates are those of the upright picture, after `rotation`: x to the right, y down,
 * the centre of the top left pixel is (0, 0). */
#ifndef KAO_VIEW_H
#define KAO_VIEW_H

#include <stddef.h>
#include <stdint.h>

#include "kao/context.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Values are ABI. 8 bits a sample. */
typedef enum kao_pixel_format {
    KAO_PIXELS_RGB = 0,    /* R, G, B: 3 bytes a pixel */
    KAO_PIXELS_BGR = 1,    /* B, G, R: 3 bytes (OpenCV) */
    KAO_PIXELS_RGBA = 2,   /* R, G, B, A: 4 bytes; A is not looked at */
    KAO_PIXELS_BGRA = 3,   /* B, G, R, A: 4 bytes */
    KAO_PIXELS_GREY = 4,   /* one byte */
    KAO_PIXELS_NV12 = 5,   /* plane 0: Y; plane 1: U, V in turn, for 2 x 2 pixels */
    KAO_PIXELS_YUV420 = 6, /* planes Y, U, V; U and V for 2 x 2 pixels (I420) */
    KAO_PIXELS_YUV422 = 7, /* planes Y, U, V; U and V for 2 x 1 pixels */
    KAO_PIXELS_YUYV = 8,   /* Y, U, Y, V: 4 bytes for 2 pixels; the width is even */
} kao_pixel_format;

/* How Y, U, V were made: the matrix (ITU-R BT.601 or BT.709), and whether Y runs over
 * 16..235 (video) or 0..255 (JPEG, most web cameras). */
typedef enum kao_yuv_matrix {
    KAO_YUV_601 = 0,
    KAO_YUV_601_FULL = 1,
    KAO_YUV_709 = 2,
    KAO_YUV_709_FULL = 3,
} kao_yuv_matrix;

typedef struct kao_view {
    kao_pixel_format format;
    kao_yuv_matrix yuv;      /* of the YUV formats */
    uint32_t width, height;  /* as the pixels lie, before rotation; 1 to 65535 */
    const uint8_t *plane[3]; /* of each plane: its top row's first sample */
    ptrdiff_t stride[3]; /* bytes from a row to the one below; negative: bottom up */
    uint32_t rotation;   /* 0, 90, 180, 270: clockwise degrees that make it upright */
    uint32_t
        reduction; /* a pixel stands for so many by so many of the photograph; 0: 1 */
} kao_view;

/* Reduced copies of one picture, made as they are asked for. Each detector has one of its
 * own; to look for faces in one picture with several detectors, make one, set the picture,
 * and give it to all of them (kao_detect_options): the picture is then reduced once.
 * Memory is kept from picture to picture. Threads: one call at a time, all detectors that
 * use it included. */
typedef struct kao_pyramid kao_pyramid;

KAO_API kao_status kao_pyramid_create(kao_context *ctx, kao_pyramid **out,
                                      kao_error *err);
KAO_API void kao_pyramid_destroy(kao_pyramid *pyramid); /* NULL is fine */
/* A new picture; its pixels must stay as they are while the pyramid is used.
 * Errors: KAO_E_ARG, KAO_E_LIMIT (rows more than KAO_IMAGE_MAX_ROW_BYTES apart). */
KAO_API kao_status kao_pyramid_set(kao_pyramid *pyramid, const kao_view *view,
                                   kao_error *err);

#ifdef __cplusplus
}
#endif
#endif
