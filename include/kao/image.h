/* kao/image.h: pictures that own their pixels: reading, writing, resizing, marking them.
 *
 * A picture is 8-bit RGB, three bytes a pixel, top row first. What only reads pixels takes
 * a kao_view (kao/view.h), which pixels of your own in many formats can be.
 *
 *     kao_image photo = { 0 };
 *     if (kao_image_load(ctx, "anna.jpg", NULL, &photo, &err) == KAO_OK)
 *         ...
 *     kao_image_free(ctx, &photo);
 *
 * Coordinates: x to the right, y down, the centre of the top left pixel is (0, 0).
 *
 * Threads: every function may be called from any number of threads at once, with the
 * same context; one picture must not be written by one thread while another uses it. */
#ifndef KAO_IMAGE_H
#define KAO_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "kao/context.h"
#include "kao/view.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What is read at most; more is KAO_E_LIMIT, found before memory is taken. */
#define KAO_IMAGE_MAX_SIDE        65535u
#define KAO_IMAGE_MAX_PIXELS      100000000u  /* of a picture handed out */
#define KAO_IMAGE_MAX_FILE_PIXELS 1000000000u /* of a picture in its file, see load */
#define KAO_IMAGE_MAX_BYTES       536870912u  /* of the file: 512 MiB */
#define KAO_IMAGE_MAX_ROW_BYTES                                                        \
 2147483647u /* from one row of your pixels to the next */

typedef struct kao_image {
    uint8_t *rgb;           /* R, G, B of pixel (0, 0), then of (1, 0), ... */
    uint32_t width, height; /* in pixels, 1 at least */
    size_t row_bytes;       /* from one row to the next; at least width * 3 */

    /* Set by load and decode; leave 0 for pixels of your own. */
    uint32_t full_width, full_height; /* of the upright picture in the file */
    uint32_t reduction; /* 1, 2, 4, 8: a pixel here is so many by so many of the file */
    uint32_t skip_x,
        skip_y;          /* pixels of the file that the first column, row lacks (< 8):
                                 only where a reduced picture was turned; see full_point */
    const char *warning; /* what was odd about a file that could be read whole, such as
                            "no end marker"; a constant text, NULL if nothing */
    void *owned;         /* the library's block, or NULL: the pixels are the caller's */
} kao_image;

/* Fill with {0} for defaults. */
typedef struct kao_image_options {
    uint32_t max_side; /* a hint: the caller needs no more than this many pixels on the
                          longer side. A JPEG is then decoded at 1/2, 1/4 or 1/8 as long
                          as its longer side stays at least this long; 0: full size.
                          Other formats come at full size. The result is not made
                          smaller than asked (see kao_image_resize), except to stay
                          within KAO_IMAGE_MAX_PIXELS */
    uint32_t grey;     /* 1: R = G = B, the grey that the file's own format gives, as
                      OpenCV's imread does it: a JPEG's Y, 0.299 R + 0.587 G + 0.114 B of a
                      PNG (its gamma counts then; transparency does not). CMYK and other
                      formats come in colour */
} kao_image_options;

/* Read a picture file: JPEG (baseline or progressive, grey, colour, CMYK), PNG (all
 * kinds), WebP; where the machine has libheif HEIC and AVIF, where it has gdk-pixbuf GIF, BMP,
 * TIFF and ICO (both are looked for when such a picture comes); which one is told by the
 * content, never by the name. The orientation is
 * applied, from EXIF or else from XMP, in PNG also from text chunks that hold either
 * ("Raw profile type exif"; of texts over 512 KiB only plain XMP is looked at), of TIFF its own:
 * the picture handed out is upright. Transparent pixels are laid over white (but of a TIFF of 16-bit
 * greys, whose alpha libtiff leaves out), 16-bit samples are scaled to 8 bits, of an animated WebP
 * or GIF the first frame is taken, of an ICO the largest icon, of a TIFF the first picture (raw files of cameras, whose first one is a small copy, are
 * KAO_E_UNSUPPORTED). Colour profiles and gamma are
 * ignored. Bytes after the end of the picture are ignored.
 *
 * A JPEG or PNG of more than KAO_IMAGE_MAX_PIXELS comes at 1/2, 1/4 or 1/8 as needed;
 * out->reduction tells. Its own size has a limit too, KAO_IMAGE_MAX_FILE_PIXELS. An
 * interlaced PNG, and the other formats, are not reduced: over KAO_IMAGE_MAX_PIXELS they are
 * KAO_E_LIMIT. Memory while reading: the pixels handed out and some rows (twice the
 * pixels for one that is turned by 90 degrees); for a JPEG in several scans (progressive)
 * also 2 bytes a sample at full size, 1 GiB at most; for a WebP with transparency 4 bytes
 * a pixel, for a lossless one some 4 more; for texts of a PNG 64 MiB at most; for HEIC and
 * AVIF what libheif takes, for GIF, BMP, TIFF and ICO gdk-pixbuf (4 bytes a pixel, and a TIFF's
 * file), in memory of their own; where that runs out either may end the process.
 *
 * A JPEG, PNG or GIF that lacks its end marker, or cannot be read up to it, is read if all
 * its pixels are there, and out->warning says so (a PNG's damaged notes are passed over, and
 * what follows the first frame of an animated GIF is not looked at). So it does where a JPEG
 * has bytes within that belong to no pixel (but for a few before a marker): usually some
 * before them were damaged, and pixels are wrong.
 *
 * path     the file, or a pipe or device. A file from 64 MiB on is mapped: do not change it
 *          during the call.
 * options  may be NULL.
 * out      out: a new picture, rows without padding, to be freed with kao_image_free.
 *          On failure {0}.
 * err      out, may be NULL; names file, place and reason.
 *
 * Errors: KAO_E_IO, KAO_E_FORMAT (not a picture, or cut in its pixels, or damaged:
 * damaged data of a JPEG or PNG is never handed out as grey areas; of other formats that
 * is refused which their libraries notice), KAO_E_UNSUPPORTED (a picture format
 * that kao does not read, a rare kind of one that it does, or one left out of this
 * build), KAO_E_LIMIT, KAO_E_NOMEM, KAO_E_ARG. */
KAO_API kao_status kao_image_load(kao_context *ctx, const char *path,
                                  const kao_image_options *options, kao_image *out,
                                  kao_error *err);

/* The same for a file's content in memory; bytes are only read, during the call. */
KAO_API kao_status kao_image_decode(kao_context *ctx, const void *bytes, size_t n_bytes,
                                    const kao_image_options *options, kao_image *out,
                                    kao_error *err);

/* A new black picture. Errors: KAO_E_ARG (a side of 0), KAO_E_LIMIT, KAO_E_NOMEM; then
 * *out is {0}. */
KAO_API kao_status kao_image_create(kao_context *ctx, uint32_t width, uint32_t height,
                                    kao_image *out, kao_error *err);

/* Give back the memory of a picture that the library made, and set it to {0}. A picture
 * of the caller's own pixels is only set to {0}. NULL, also for the context, and {0} are fine. */
KAO_API void kao_image_free(kao_context *ctx, kao_image *image);

/* The picture to look at, whole. Borrows its pixels. */
KAO_API kao_view kao_image_view(const kao_image *image);

/* Where point (x, y) of image lies in the full-size upright picture of the file. For
 * the caller's own pixels and for pictures at full size: the same point. */
KAO_API void kao_image_full_point(const kao_image *image, float x, float y,
                                  float *full_x, float *full_y);

/* Values are ABI. */
typedef enum kao_image_format {
    KAO_IMAGE_JPEG = 1,
    KAO_IMAGE_PNG = 2,
    KAO_IMAGE_WEBP = 3, /* read only */
    KAO_IMAGE_HEIF = 4, /* HEIC and AVIF; read only, where the machine has libheif */
    KAO_IMAGE_GIF = 5,  /* this and the next: read only, where it has gdk-pixbuf */
    KAO_IMAGE_BMP = 6,
    KAO_IMAGE_TIFF = 7,
    KAO_IMAGE_ICO = 8,
} kao_image_format;

/* Write a picture file; the format follows the name's end: .jpg, .jpeg (quality 92) or
 * .png, in any case of letters. The file is written beside and renamed: after a failure
 * the old one is still there.
 * Errors: KAO_E_ARG (empty image), KAO_E_UNSUPPORTED (another name's end), KAO_E_IO,
 * KAO_E_LIMIT (a JPEG side over 65500, rows too far apart), KAO_E_NOMEM. */
KAO_API kao_status kao_image_save(kao_context *ctx, const char *path,
                                  const kao_image *image, kao_error *err);

/* The same into memory.
 *
 * quality  of a JPEG, 1 to 100; 0: 92. From 90 on colour is kept at full resolution,
 * below it is halved in both directions. Ignored for PNG, which is exact.
 * bytes    out: created, to be freed with kao_image_free_bytes; on failure NULL.
 * n_bytes  out: their number; on failure 0.
 *
 * Errors: as kao_image_save, without KAO_E_IO. */
KAO_API kao_status kao_image_encode(kao_context *ctx, const kao_image *image,
                                    kao_image_format format, uint32_t quality,
                                    uint8_t **bytes, size_t *n_bytes, kao_error *err);
KAO_API void kao_image_free_bytes(kao_context *ctx, uint8_t *bytes); /* NULL is fine */

/* Fill dst, whose size and pixels are given, with src, turned upright, at another size. Along
 * an axis that shrinks, each pixel of dst is the mean of exactly the area of src that it
 * covers; along one that grows, values are interpolated linearly between pixel centres.
 * dst and src must not overlap. A large picture is shared among the context's threads;
 * the result is the same for any number of them. Errors: KAO_E_ARG (an empty picture),
 * KAO_E_LIMIT (rows too far apart), KAO_E_NOMEM. */
KAO_API kao_status kao_image_resize(kao_context *ctx, const kao_view *src,
                                    const kao_image *dst, kao_error *err);

typedef struct kao_color {
    uint8_t r, g, b;
} kao_color;

/* Draw the outline of a box from (x1, y1) to (x2, y2), in pixels of image; what lies
 * outside the picture is left out. thickness_px 0: by the picture's size (1/320 of the
 * longer side, 1 at least); lines are centred on the box's edges. Corners may come in
 * any order; a box with a coordinate that is not finite is not drawn. */
KAO_API void kao_image_draw_box(const kao_image *image, float x1, float y1, float x2,
                                float y2, float thickness_px, kao_color color);

/* Draw a filled disc around (x, y): the pixels whose centre is at most radius_px away.
 * radius_px 0: by the picture's size (1/400 of the longer side, 1 at least). */
KAO_API void kao_image_draw_point(const kao_image *image, float x, float y,
                                  float radius_px, kao_color color);

/* Where a label was drawn. */
typedef struct kao_label {
    uint32_t x, y, width, height;
    uint32_t
        n_missing; /* characters that no font of the machine has: boxes stand for them */
} kao_label;

/* Draw a line of text in any script on a filled ground, by Pango where the machine has it
 * (looked for when one is drawn). Letters are joined and ordered as their script asks; a text wider
 * than the picture, or than 32,000 pixels, ends in an ellipsis.
 *
 * x, y        left and lower edge of the ground; it is moved so that it lies in the picture.
 * text        UTF-8, 1024 bytes at most.
 * px          size of the font in pixels, 4 to 1024; 0: by the picture's size (1/40 of the longer
 *             side, 12 at least).
 * ink, ground colours of the text and of what is behind it.
 * out         out, may be NULL.
 *
 * Errors: KAO_E_UNSUPPORTED (no Pango, a build without it, or no font), KAO_E_ARG (no text, no
 * UTF-8), KAO_E_LIMIT, KAO_E_NOMEM; the picture is then as before. */
KAO_API kao_status kao_image_draw_label(kao_context *ctx, const kao_image *image,
                                        float x, float y, const char *text, float px,
                                        kao_color ink, kao_color ground, kao_label *out,
                                        kao_error *err);

#ifdef __cplusplus
}
#endif
#endif
