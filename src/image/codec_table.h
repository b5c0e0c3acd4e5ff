/* A picture format is one row: what it is called, how it is told, how it is read,
 * written. */
#ifndef KAO_IMAGE_CODEC_TABLE_H
#define KAO_IMAGE_CODEC_TABLE_H

#include "base/bytes.h"
#include "image/image.h"

/* out is {0}; on success it has pixels as they lie in the file and *orientation is 1
 * to 8, or 0 where memory was missing to learn it. On failure out is {0}. Messages carry no
 * file name; they start with the format's, but for a picture that finds no memory. */
typedef kao_status kao_decode_fn(kao_mem *mem, kao_span bytes,
                                 const kao_image_options *options, kao_image *out,
                                 uint8_t *orientation, kao_error *err);
typedef kao_status kao_encode_fn(const kao_image *image, uint32_t quality,
                                 kao_bytes *out, kao_error *err);

typedef struct kao_codec {
    kao_image_format format;
    const char *name;
    const char *ends[3]; /* of file names, without the dot; NULL after the last */
    bool (*sniff)(kao_span bytes); /* by content */
    kao_decode_fn *decode;         /* NULL: left out of this build */
    kao_encode_fn *encode;         /* NULL: read only, or left out */
} kao_codec;

/* NULL after the last row. */
const kao_codec *kao_codec_at(size_t i);
/* The row that knows these bytes, or NULL. */
const kao_codec *kao_codec_of_bytes(kao_span bytes);
/* The row whose file names end so, or NULL. */
const kao_codec *kao_codec_of_path(const char *path);
const kao_codec *kao_codec_of_format(kao_image_format format);
/* Why no row knows these bytes: KAO_E_UNSUPPORTED naming a well-known format, or
 * KAO_E_FORMAT. */
kao_status kao_codec_unknown(kao_span bytes, kao_error *err);

kao_decode_fn kao_jpeg_decode;
kao_encode_fn kao_jpeg_encode;
kao_decode_fn kao_png_decode;
kao_encode_fn kao_png_encode;
kao_decode_fn kao_webp_decode;
kao_decode_fn kao_heif_decode;
kao_decode_fn kao_pixbuf_decode; /* GIF, BMP, TIFF, ICO: by their first bytes */

/* The content of a PNG's chunk tEXt, zTXt or iTXt, with its length and checksum, into to, which is
 * empty. KAO_E_FORMAT: damaged, or too long; KAO_E_NOMEM. codec_png_text.c */
kao_status kao_png_text(kao_bytes *to, kao_span chunk, kao_error *err);

#endif
