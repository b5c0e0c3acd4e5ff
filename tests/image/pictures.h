/* Pictures for the tests, written by the formats' own libraries or byte by byte; empty
 * ones of a format that this build leaves out. */
#ifndef KAO_TESTS_IMAGE_PICTURES_H
#define KAO_TESTS_IMAGE_PICTURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if KAO_WITH_PNG
# include <png.h>
#else /* the numbers of the standard */
# define PNG_COLOR_TYPE_GRAY       0
# define PNG_COLOR_TYPE_RGB        2
# define PNG_COLOR_TYPE_PALETTE    3
# define PNG_COLOR_TYPE_GRAY_ALPHA 4
# define PNG_COLOR_TYPE_RGB_ALPHA  6
# define PNG_COLOR_MASK_COLOR      2
# define PNG_COLOR_MASK_ALPHA      4
#endif

/* A test that needs a format begins with: if (!KAO_WITH_PNG) skip(). */
#define WITH_ALL (KAO_WITH_JPEG && KAO_WITH_PNG && KAO_WITH_WEBP)

typedef struct buf { /* grows; freed by buf_free */
    uint8_t *p;
    size_t n;
} buf;

void buf_add(buf *b, const void *p, size_t n);
void buf_insert(buf *b, size_t at, const void *p, size_t n);
void buf_free(buf *b);

/* A smooth picture with a mark in one corner, so that each of its 8 turns differs. */
void pattern(uint8_t *rgb, uint32_t w, uint32_t h);

typedef enum jpeg_kind { JPEG_RGB, JPEG_GREY, JPEG_CMYK, JPEG_YCCK } jpeg_kind;

typedef struct jpeg_how {
    jpeg_kind kind;
    bool progressive, chroma_420, no_adobe, arithmetic;
    bool one_scan_each; /* a scan a component, not progressive */
    int restart_rows;   /* a restart marker after so many rows of blocks */
    uint32_t period;    /* pixels hold only so many rows, used over and over; 0: all */
} jpeg_how;

/* pixels: 3 (RGB), 1 (GREY) or 4 (CMYK and YCCK, stored as given) bytes each. */
buf make_jpeg(const uint8_t *pixels, uint32_t w, uint32_t h, const jpeg_how *how);

typedef struct png_how {
    int type, depth;
    bool interlaced;
    bool trns;       /* palette entry 1 half clear; or colour 0 (of grey, RGB) clear */
    uint32_t period; /* as of jpeg_how */
} png_how;

/* rows: packed samples as PNG stores them, row_bytes apart. palette: 256 RGB entries.
 */
buf make_png(const uint8_t *rows, size_t row_bytes, uint32_t w, uint32_t h,
             const png_how *how, const uint8_t *palette);

/* Lossless; pixels: RGBA if alpha, else RGB. */
buf make_webp(const uint8_t *pixels, uint32_t w, uint32_t h, bool alpha);
buf make_webp_lossy(const uint8_t *rgb, uint32_t w, uint32_t h);
/* The VP8L or VP8 chunk of a simple file, as the only frame at (x, y) of a canvas. */
buf make_webp_animation(const buf *still, uint32_t canvas_w, uint32_t canvas_h,
                        uint32_t x, uint32_t y, uint32_t w, uint32_t h);

/* A TIFF block that holds the orientation and one other entry; big: byte order. */
buf make_exif(uint16_t orientation, bool big, bool with_prefix);
void jpeg_put_exif(buf *jpeg, uint16_t orientation, bool big);
/* Put the checksum of the chunk at offset at (its length field) right. */
void png_fix_crc(buf *png, size_t at);
/* Insert a chunk before IEND or behind IHDR. */
void png_put_chunk(buf *png, const char *type, const void *p, size_t n, bool at_end);
void png_put_exif(buf *png, uint16_t orientation, bool big, bool at_end);
/* The text chunk of that type: tEXt, iTXt, or zTXt with stored deflate blocks; "iTXz": such an iTXt. */
void png_put_text(buf *png, const char *type, const char *keyword, const buf *text);
/* As ImageMagick writes one: name, length and the bytes in hexadecimal. */
buf make_raw_profile(const char *name, const buf *bytes);
/* An XMP packet with tiff:Orientation as an attribute or an element. */
buf make_xmp(const char *orientation, bool element);
void jpeg_put_xmp(buf *jpeg, const buf *xmp);
/* Turns a simple file into an extended one; either may be NULL. */
void webp_put_notes(buf *webp, uint32_t w, uint32_t h, const buf *exif, const buf *xmp);
/* One more packet, behind what an extended file has. */
void webp_put_xmp(buf *webp, const buf *xmp);
/* Turns a simple file into an extended one. */
void webp_put_exif(buf *webp, uint32_t w, uint32_t h, uint16_t orientation, bool big);

#endif
