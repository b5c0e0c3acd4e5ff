/* The list of picture formats.
 *
 * A format is told by its first bytes. Formats that people do hand in but kao cannot
 * read are known by name, so that the message says what the file is, not what it is
 * not. */
#include "image/codec_table.h"

#include <string.h>
#include <strings.h>

/* A format that this build leaves out keeps its row, so that its files are known by
 * name. */
#if KAO_WITH_JPEG
# define JPEG_CODE kao_jpeg_decode, kao_jpeg_encode
#else
# define JPEG_CODE NULL, NULL
#endif
#if KAO_WITH_PNG
# define PNG_CODE kao_png_decode, kao_png_encode
#else
# define PNG_CODE NULL, NULL
#endif
#if KAO_WITH_WEBP
# define WEBP_CODE kao_webp_decode, NULL
#else
# define WEBP_CODE NULL, NULL
#endif

#if KAO_WITH_HEIF
# define HEIF_CODE kao_heif_decode, NULL
#else
# define HEIF_CODE NULL, NULL
#endif
#if KAO_WITH_PIXBUF
# define PIXBUF_CODE kao_pixbuf_decode, NULL
#else
# define PIXBUF_CODE NULL, NULL
#endif

static bool begins(kao_span bytes, const char *magic, size_t n)
{
    return bytes.n >= n && memcmp(bytes.p, magic, n) == 0;
}

/* JPEG-LS begins likewise, but its frame, which comes first, is of its own kind. */
static bool is_jpeg(kao_span bytes)
{
    return begins(bytes, "\xff\xd8\xff", 3) && (bytes.n == 3 || bytes.p[3] != 0xf7);
}

static bool is_png(kao_span bytes)
{
    return begins(bytes, "\x89PNG\r\n\x1a\n", 8);
}

static bool is_webp(kao_span bytes)
{
    return bytes.n >= 12 && begins(bytes, "RIFF", 4) &&
           memcmp(bytes.p + 8, "WEBP", 4) == 0;
}

/* The major brand: of a still picture or of a sequence of them, not of a video. */
static bool is_heif(kao_span bytes)
{
    static const char brands[][5] = { "heic", "heix", "heim", "heis", "hevc",
                                      "hevx", "mif1", "msf1", "avif", "avis" };

    if (bytes.n < 12 || memcmp(bytes.p + 4, "ftyp", 4) != 0)
        return false;
    for (size_t i = 0; i < sizeof brands / sizeof brands[0]; i++)
        if (memcmp(bytes.p + 8, brands[i], 4) == 0)
            return true;
    return false;
}

static bool is_gif(kao_span bytes)
{
    return begins(bytes, "GIF87a", 6) || begins(bytes, "GIF89a", 6);
}

/* Two letters say little: the size of its second head must be one of those in use. */
static bool is_bmp(kao_span bytes)
{
    static const uint8_t sizes[] = { 12, 40, 52, 56, 64, 108, 124 };

    if (bytes.n < 18 || !begins(bytes, "BM", 2))
        return false;
    for (size_t i = 0; i < sizeof sizes; i++)
        if (kao_le32(bytes.p + 14) == sizes[i])
            return true;
    return false;
}

static bool is_tiff(kao_span bytes)
{
    return begins(bytes, "II*\0", 4) || begins(bytes, "MM\0*", 4);
}

static bool is_ico(kao_span bytes)
{
    return bytes.n >= 22 && begins(bytes, "\0\0\1\0", 4) && kao_le16(bytes.p + 4) > 0 &&
           bytes.p[9] == 0; /* reserved in the first entry */
}

/* clang-format off */
static const kao_codec codecs[] = {
    { KAO_IMAGE_JPEG, "JPEG", { "jpg", "jpeg" }, is_jpeg, JPEG_CODE },
    { KAO_IMAGE_PNG,  "PNG",  { "png" },         is_png,  PNG_CODE  },
    { KAO_IMAGE_WEBP, "WebP", { "webp" },        is_webp, WEBP_CODE },
    { KAO_IMAGE_HEIF, "HEIF", { "heic", "heif", "avif" }, is_heif, HEIF_CODE },
    { KAO_IMAGE_GIF,  "GIF",  { "gif" },         is_gif,  PIXBUF_CODE },
    { KAO_IMAGE_BMP,  "BMP",  { "bmp" },         is_bmp,  PIXBUF_CODE },
    { KAO_IMAGE_TIFF, "TIFF", { "tif", "tiff" }, is_tiff, PIXBUF_CODE },
    { KAO_IMAGE_ICO,  "ICO",  { "ico" },         is_ico,  PIXBUF_CODE },
};

static const struct other {
    const char *name;
    uint8_t at, n;
    const char *magic;
} others[] = {
    { "raw (CR3)", 4, 8, "ftypcrx " },
    { "video",     4, 4, "ftyp" },
    { "BigTIFF",   0, 4, "II+\0" },
    { "BigTIFF",   0, 4, "MM\0+" },
    { "JPEG 2000", 4, 4, "jP  " },
    { "JPEG 2000", 0, 4, "\xff\x4f\xff\x51" }, /* these two without boxes around, too */
    { "JPEG XL",   4, 4, "JXL " },
    { "JPEG XL",   0, 2, "\xff\x0a" },
    { "JPEG-LS",   0, 4, "\xff\xd8\xff\xf7" },
    { "PDF",       0, 4, "%PDF" },
};
/* clang-format on */

enum {
    N_CODECS = sizeof codecs / sizeof codecs[0],
    N_OTHERS = sizeof others / sizeof others[0]
};

const kao_codec *kao_codec_at(size_t i)
{
    return i < N_CODECS ? &codecs[i] : NULL;
}

const kao_codec *kao_codec_of_bytes(kao_span bytes)
{
    for (size_t i = 0; i < N_CODECS; i++)
        if (codecs[i].sniff(bytes))
            return &codecs[i];
    return NULL;
}

const kao_codec *kao_codec_of_path(const char *path)
{
    const char *dot = strrchr(path, '.');

    if (!dot || strchr(dot, '/'))
        return NULL;
    for (size_t i = 0; i < N_CODECS; i++)
        for (size_t k = 0; k < 3 && codecs[i].ends[k]; k++)
            if (strcasecmp(dot + 1, codecs[i].ends[k]) == 0)
                return &codecs[i];
    return NULL;
}

const kao_codec *kao_codec_of_format(kao_image_format format)
{
    for (size_t i = 0; i < N_CODECS; i++)
        if (codecs[i].format == format)
            return &codecs[i];
    return NULL;
}

#define READ "JPEG, PNG, WebP, HEIC, AVIF, GIF, BMP, TIFF and ICO"

kao_status kao_codec_unknown(kao_span bytes, kao_error *err)
{
    if (bytes.n == 0)
        return kao_fail_at(err, KAO_E_FORMAT, 0, "an empty file");
    for (size_t i = 0; i < N_OTHERS; i++) {
        const struct other *o = &others[i];

        if (bytes.n >= (size_t)o->at + o->n &&
            memcmp(bytes.p + o->at, o->magic, o->n) == 0)
            return kao_fail_at(err, KAO_E_UNSUPPORTED, 0,
                               "%s is not read; " READ " are", o->name);
    }
    return kao_fail_at(err, KAO_E_FORMAT, 0, "not a picture: none of " READ);
}
