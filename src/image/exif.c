/* Tags of an EXIF block, which is a TIFF: the orientation; its picture's size, whether it is a small
 * copy; alpha.
 *
 *     "Exif\0\0"   in JPEG always, in WebP and PNG sometimes
 *     "II" or "MM" byte order, 42, offset of directory 0
 *     directory:   count, then 12 bytes an entry: tag, type, number of values, value
 *
 * Source: CIPA DC-008 (Exif 2.32) 4.5 and 4.6.4 A (tag 0x0112); TIFF 6.0, sections 2 and 8 (0x00fe),
 * 15 (0x0142), 18 (0x0152), 19 (0x0153).
 * Offsets count from the byte order mark. Every read is bounded; any doubt means 0. */
#include "image/exif.h"

#include <string.h>

enum {
    TAG_SUBFILE = 0x00fe, /* bit 0: a reduced version of another picture of the file */
    TAG_WIDTH = 0x0100,
    TAG_HEIGHT = 0x0101,
    TAG_BITS = 0x0102,        /* of a sample */
    TAG_PHOTOMETRIC = 0x0106, /* what pixels are; 0, 1: grey, 3: of a palette */
    TAG_ORIENTATION = 0x0112,
    TAG_SAMPLES = 0x0115, /* of a pixel */
    TAG_PLANES = 0x011c,  /* 2: one for each sample */
    TAG_TILE_WIDTH = 0x0142,
    TAG_EXTRA = 0x0152,  /* what others are; 0: anything, 2: unassociated alpha */
    TAG_FORMAT = 0x0153, /* of a sample; 3: floating point */
    TYPE_BYTE = 1,
    TYPE_SHORT = 3,
    TYPE_LONG = 4, /* written by some programs though SHORT is due */
};

typedef struct tiff {
    kao_span bytes;
    bool big; /* byte order */
} tiff;

static uint32_t u16_at(const tiff *t, size_t at)
{
    return t->big ? kao_be16(t->bytes.p + at) : kao_le16(t->bytes.p + at);
}

static uint32_t u32_at(const tiff *t, size_t at)
{
    return t->big ? kao_be32(t->bytes.p + at) : kao_le32(t->bytes.p + at);
}

/* The value of the 12-byte entry at offset at, or 0. */
static uint32_t entry_value(const tiff *t, size_t at)
{
    if (u32_at(t, at + 4) != 1)
        return 0;
    switch (u16_at(t, at + 2)) {
    case TYPE_BYTE:
        return t->bytes.p[at + 8];
    case TYPE_SHORT:
        return u16_at(t, at + 8);
    case TYPE_LONG:
        return u32_at(t, at + 8);
    default:
        return 0;
    }
}

/* The offset of a tag's entry in the first directory, or 0. */
static size_t entry_of(kao_span exif, uint32_t tag, tiff *t)
{
    if (exif.n >= 6 && memcmp(exif.p, "Exif\0\0", 6) == 0)
        exif = (kao_span){ exif.p + 6, exif.n - 6 };
    if (exif.n < 8)
        return 0;
    *t = (tiff){ exif, exif.p[0] == 'M' };
    if (memcmp(exif.p, t->big ? "MM" : "II", 2) != 0 || u16_at(t, 2) != 42)
        return 0;
    const size_t dir = u32_at(t, 4);

    if (dir > exif.n || exif.n - dir < 2)
        return 0;
    const size_t said = u16_at(t, dir), fit = (exif.n - dir - 2) / 12;

    for (size_t i = 0; i < said && i < fit; i++) {
        const size_t at = dir + 2 + i * 12;

        if (u16_at(t, at) == tag)
            return at;
    }
    return 0;
}

/* The value of a tag of the first directory, or 0. */
static uint32_t value_of(kao_span exif, uint32_t tag)
{
    tiff t;
    const size_t at = entry_of(exif, tag, &t);

    return at ? entry_value(&t, at) : 0;
}

uint8_t kao_exif_orientation(kao_span exif)
{
    const uint32_t v = value_of(exif, TAG_ORIENTATION);

    return v >= 1 && v <= 8 ? (uint8_t)v : 0;
}

void kao_tiff_size(kao_span file, uint32_t *width, uint32_t *height)
{
    *width = value_of(file, TAG_WIDTH);
    *height = value_of(file, TAG_HEIGHT);
}

bool kao_tiff_is_reduced(kao_span file)
{
    return value_of(file, TAG_SUBFILE) & 1;
}

bool kao_tiff_is_grey_beside_alpha(kao_span file)
{
    return value_of(file, TAG_SAMPLES) == 2 && value_of(file, TAG_EXTRA) == 2 &&
           value_of(file, TAG_PLANES) != 2;
}

/* The first value of a tag of SHORTs, as there may be one for each sample; -1: none. */
static int32_t first_of(kao_span file, uint32_t tag)
{
    tiff t;
    const size_t at = entry_of(file, tag, &t);
    const uint32_t n = at && u16_at(&t, at + 2) == TYPE_SHORT ? u32_at(&t, at + 4) : 0;
    const size_t first =
        n > 2 ? u32_at(&t, at + 8) : at + 8; /* two stand in the entry */

    return n && first < t.bytes.n - 1 ? (int32_t)u16_at(&t, first) : -1;
}

bool kao_tiff_has_no_alpha(kao_span file)
{
    return first_of(file, TAG_EXTRA) == 0;
}

bool kao_tiff_is_deep(kao_span file)
{
    return first_of(file, TAG_BITS) > 16 || first_of(file, TAG_FORMAT) == 3;
}

bool kao_tiff_is_mixed_up(kao_span file)
{
    const uint32_t tile = value_of(file, TAG_TILE_WIDTH),
                   kind = value_of(file, TAG_PHOTOMETRIC),
                   samples = value_of(file, TAG_SAMPLES);

    return tile && value_of(file, TAG_WIDTH) % tile && (kind <= 1 || kind == 3) &&
           (samples <= 1 ? value_of(file, TAG_BITS) == 16
                         : value_of(file, TAG_PLANES) != 2);
}
