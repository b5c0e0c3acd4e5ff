/* GIF, BMP, TIFF and ICO files, written byte by byte from their specifications. */
#ifndef KAO_TESTS_IMAGE_MADE_H
#define KAO_TESTS_IMAGE_MADE_H

#include "image/pictures.h"

typedef struct gif_how {
    bool interlaced, local; /* local: the frame has the colours */
    int transparent;        /* a colour, or -1 */
    uint32_t x, y, canvas_w, canvas_h;
    int frames; /* the same again */
} gif_how;

/* indices: one byte a pixel, below 16; colours: 16 RGB. Codes of real LZW. */
buf make_gif(const uint8_t *indices, uint32_t w, uint32_t h, const uint8_t *colours,
             const gif_how *how);

/* depth 8 (grey of the red channel), 16 (5 bits a channel), 24, 32 (with alpha, version 4). */
typedef struct bmp_how {
    int depth;
    bool top_down, rle; /* rle: of depth 8 */
    bool os2;           /* OS/2's short head, of depth 8, 24 */
} bmp_how;

/* rgba: 4 bytes a pixel. */
buf make_bmp(const uint8_t *rgba, uint32_t w, uint32_t h, const bmp_how *how);

typedef struct tiff_how {
    bool big; /* byte order */
    uint16_t orientation, depth, samples;
    bool
        grey; /* one grey and others, whatever their number; else only of up to 2 samples */
    /* of more than 1 or 3 samples, the first one beyond: 1 associated alpha, 2 unassociated; 0, as
     * any that follow: of no known meaning */
    uint16_t extra;
    bool planes;      /* one for each sample */
    uint32_t tile;    /* sides of one that it lies in the corner of; 0: none */
    uint16_t subfile; /* its kind: 1 a reduced picture, 2 a page; 0: not told */
} tiff_how;

/* samples bytes a pixel, 6 at most; depth 16: each of them is the high byte, the low one is 0x80 less; 32: others 0. */
buf make_tiff(const uint8_t *pixels, uint32_t w, uint32_t h, const tiff_how *how);

/* An icon of depth 24 or 32 for each size, all of rgba's top left part, in that order; png: one
 * more, of 64 x 64, or NULL. */
buf make_ico(const uint8_t *rgba, uint32_t w, int depth, const uint32_t *sizes, int n,
             const buf *png);

#endif
