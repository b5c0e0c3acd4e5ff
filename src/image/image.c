/* Pictures as the public header describes them: made, freed, loaded, saved, turned
 * upright.
 *
 * The 8 EXIF orientations are 3 independent bits. With (u, v) a pixel as it lies in the
 * file and (x, y) upright:
 *
 *     swap    x runs along v, y along u     orientations 5 6 7 8
 *     flip_x  x runs backwards              2 3 6 7
 *     flip_y  y runs backwards              3 4 7 8
 *
 *     1 as it lies   2 mirrored    3 upside down  4 upside down, mirrored
 *     5 transposed   6 turn right  7 transverse   8 turn left
 *
 * Source: CIPA DC-008 (Exif 2.32) 4.6.4 A. */
#include "image/image.h"

#include <string.h>

#include "base/file.h"
#include "image/codec_table.h"

enum { TILE = 32 }; /* pixels: 32 rows and columns of a turned picture stay in L1 */

static kao_status check_pixels(uint64_t width, uint64_t height, uint32_t most,
                               kao_error *err)
{
    if (width == 0 || height == 0)
        return kao_fail(err, KAO_E_FORMAT, "an empty picture");
    if (width > KAO_IMAGE_MAX_SIDE || height > KAO_IMAGE_MAX_SIDE)
        return kao_fail(err, KAO_E_LIMIT, "%llu x %llu pixels, at most %u a side",
                        (unsigned long long)width, (unsigned long long)height,
                        KAO_IMAGE_MAX_SIDE);
    if (width * height > most)
        return kao_fail(err, KAO_E_LIMIT, "%llu x %llu pixels, at most %u million",
                        (unsigned long long)width, (unsigned long long)height,
                        most / 1000000);
    return KAO_OK;
}

kao_status kao_image_check_size(uint64_t width, uint64_t height, kao_error *err)
{
    return check_pixels(width, height, KAO_IMAGE_MAX_PIXELS, err);
}

kao_status kao_image_check_file_size(uint64_t width, uint64_t height, kao_error *err)
{
    return check_pixels(width, height, KAO_IMAGE_MAX_FILE_PIXELS, err);
}

uint32_t kao_image_reduction(uint32_t width, uint32_t height, uint32_t at_least)
{
    uint32_t d = at_least;

    while (((uint64_t)width + d - 1) / d * (((uint64_t)height + d - 1) / d) >
           KAO_IMAGE_MAX_PIXELS)
        d *= 2;
    return d;
}

kao_status kao_image_check(const kao_image *image, const char *role, kao_error *err)
{
    if (!image || !image->rgb || image->width == 0 || image->height == 0)
        return kao_fail(err, KAO_E_ARG, "%s: an empty picture", role);
    if (image->width > KAO_IMAGE_MAX_SIDE || image->height > KAO_IMAGE_MAX_SIDE)
        return kao_fail(err, KAO_E_ARG, "%s: %u x %u pixels, at most %u a side", role,
                        image->width, image->height, KAO_IMAGE_MAX_SIDE);
    if (image->row_bytes < (size_t)image->width * KAO_RGB)
        return kao_fail(err, KAO_E_ARG, "%s: rows of %zu bytes for %u pixels", role,
                        image->row_bytes, image->width);
    if (image->row_bytes > KAO_IMAGE_MAX_ROW_BYTES)
        return kao_fail(err, KAO_E_LIMIT, "%s: rows of %zu bytes, at most %u", role,
                        image->row_bytes, KAO_IMAGE_MAX_ROW_BYTES);
    return KAO_OK;
}

kao_status kao_image_alloc(kao_mem *mem, uint32_t width, uint32_t height,
                           kao_image *out, kao_error *err)
{
    const size_t row_bytes = (size_t)width * KAO_RGB;
    size_t bytes = 0;
    uint8_t *p = kao_mul(row_bytes, height, &bytes) ? kao_alloc(mem, bytes) : NULL;

    if (!p)
        return kao_fail(err, KAO_E_NOMEM, "%u x %u pixels: out of memory", width,
                        height);
    *out = (kao_image){ .rgb = p,
                        .width = width,
                        .height = height,
                        .row_bytes = row_bytes,
                        .full_width = width,
                        .full_height = height,
                        .reduction = 1,
                        .owned = p };
    return KAO_OK;
}

void kao_image_drop(kao_mem *mem, kao_image *image)
{
    kao_free(mem, image->owned);
    *image = (kao_image){ 0 };
}

kao_status kao_image_create(kao_context *ctx, uint32_t width, uint32_t height,
                            kao_image *out, kao_error *err)
{
    if (out)
        *out = (kao_image){ 0 };
    if (!ctx || !out)
        return kao_fail(err, KAO_E_ARG, "picture: no context or place for the result");
    if (width == 0 || height == 0)
        return kao_fail(err, KAO_E_ARG, "%u x %u pixels", width, height);
    kao_status st = kao_image_check_size(width, height, err);

    if (!st)
        st = kao_image_alloc(&ctx->mem, width, height, out, err);
    if (!st)
        memset(out->rgb, 0, out->row_bytes * height);
    return st;
}

void kao_image_free(kao_context *ctx, kao_image *image)
{
    if (ctx && image)
        kao_image_drop(&ctx->mem, image);
}

void kao_image_full_point(const kao_image *image, float x, float y, float *full_x,
                          float *full_y)
{
    const float d = image->reduction ? (float)image->reduction : 1.0f;

    *full_x = (x + 0.5f) * d - 0.5f - (float)image->skip_x;
    *full_y = (y + 0.5f) * d - 0.5f - (float)image->skip_y;
}

static void swap_pixels(uint8_t *a, uint8_t *b)
{
    for (int c = 0; c < KAO_RGB; c++) {
        const uint8_t t = a[c];

        a[c] = b[c];
        b[c] = t;
    }
}

/* Mirror and upside down, in place: swap each pixel with its counterpart once. */
static void flip(kao_image *m, bool flip_x, bool flip_y)
{
    for (uint32_t y = 0; y < m->height; y++) {
        const uint32_t y2 = flip_y ? m->height - 1 - y : y;
        uint8_t *a = kao_image_row(m, y), *b = kao_image_row(m, y2);

        if (y2 < y)
            break;
        /* Within one row only its half; between two rows all of it. */
        const uint32_t n = y2 == y ? (flip_x ? m->width / 2 : 0) : m->width;

        for (uint32_t x = 0; x < n; x++) {
            const uint32_t x2 = flip_x ? m->width - 1 - x : x;

            swap_pixels(a + (size_t)x * KAO_RGB, b + (size_t)x2 * KAO_RGB);
        }
    }
}

/* to(x, y) = from(y, x), each axis of to perhaps backwards; tile by tile. */
static void turn(const kao_image *to, const kao_image *from, bool flip_x, bool flip_y)
{
    for (uint32_t y0 = 0; y0 < to->height; y0 += TILE)
        for (uint32_t x0 = 0; x0 < to->width; x0 += TILE)
            for (uint32_t y = y0; y < to->height && y < y0 + TILE; y++) {
                const uint32_t u = flip_y ? to->height - 1 - y : y;
                uint8_t *p = kao_image_row(to, y) + (size_t)x0 * KAO_RGB;

                for (uint32_t x = x0; x < to->width && x < x0 + TILE;
                     x++, p += KAO_RGB) {
                    const uint32_t v = flip_x ? to->width - 1 - x : x;

                    memcpy(p, kao_image_row(from, v) + (size_t)u * KAO_RGB, KAO_RGB);
                }
            }
}

void kao_image_turn(const kao_image *to, const kao_image *from, uint32_t degrees)
{
    if (degrees != 180) {
        turn(to, from, degrees == 90, degrees == 270);
        return;
    }
    for (uint32_t y = 0; y < to->height; y++) {
        const uint8_t *p = kao_image_row(from, to->height - 1 - y);

        for (uint32_t x = 0; x < to->width; x++)
            memcpy(kao_image_row(to, y) + (size_t)x * KAO_RGB,
                   p + (size_t)(to->width - 1 - x) * KAO_RGB, KAO_RGB);
    }
}

kao_status kao_image_orient(kao_mem *mem, kao_image *image, uint8_t orientation,
                            kao_error *err)
{
    const bool swap = orientation >= 5;
    const bool flip_x =
        orientation == 2 || orientation == 3 || orientation == 6 || orientation == 7;
    const bool flip_y = orientation == 3 || orientation == 4 || orientation >= 7;

    if (swap) {
        kao_image to = { 0 };
        const kao_status st =
            kao_image_alloc(mem, image->height, image->width, &to, err);

        if (st)
            return st;
        turn(&to, image, flip_x, flip_y);
        to.full_width = image->full_height;
        to.full_height = image->full_width;
        to.reduction = image->reduction;
        to.warning = image->warning;
        kao_image_drop(mem, image);
        *image = to;
    } else if (flip_x || flip_y) {
        flip(image, flip_x, flip_y);
    }
    /* A reduced picture's last column and row may stand for less; now they may be
     * first. */
    image->skip_x = flip_x ? image->width * image->reduction - image->full_width : 0;
    image->skip_y = flip_y ? image->height * image->reduction - image->full_height : 0;
    return KAO_OK;
}

static kao_status decode(kao_context *ctx, kao_span bytes,
                         const kao_image_options *options, kao_image *out,
                         kao_error *err)
{
    static const kao_image_options defaults = { 0 };
    const kao_codec *codec = kao_codec_of_bytes(bytes);
    uint8_t orientation = 1;

    if (!codec)
        return kao_codec_unknown(bytes, err);
    if (!codec->decode)
        return kao_fail(err, KAO_E_UNSUPPORTED, "%s is not in this build", codec->name);
    kao_status st = codec->decode(&ctx->mem, bytes, options ? options : &defaults, out,
                                  &orientation, err);

    if (!st && !orientation) /* a picture that is perhaps turned is no answer */
        st = kao_fail(err, KAO_E_NOMEM, "%s: its notes: out of memory", codec->name);
    if (!st)
        st = kao_image_orient(&ctx->mem, out, orientation, err);
    if (st)
        kao_image_drop(&ctx->mem, out);
    return st;
}

kao_status kao_image_decode(kao_context *ctx, const void *bytes, size_t n_bytes,
                            const kao_image_options *options, kao_image *out,
                            kao_error *err)
{
    if (out)
        *out = (kao_image){ 0 };
    if (!ctx || !out || (!bytes && n_bytes))
        return kao_fail(err, KAO_E_ARG,
                        "picture: no context, bytes or place for the result");
    if (n_bytes > KAO_IMAGE_MAX_BYTES)
        return kao_fail(err, KAO_E_LIMIT, "%zu bytes, at most %u", n_bytes,
                        KAO_IMAGE_MAX_BYTES);
    return decode(ctx, (kao_span){ bytes, n_bytes }, options, out, err);
}

kao_status kao_image_load(kao_context *ctx, const char *path,
                          const kao_image_options *options, kao_image *out,
                          kao_error *err)
{
    kao_file file = { 0 };

    if (out)
        *out = (kao_image){ 0 };
    if (!ctx || !path || !out)
        return kao_fail(err, KAO_E_ARG,
                        "picture: no context, path or place for the result");
    kao_status st = kao_file_open(&file, &ctx->mem, path, KAO_IMAGE_MAX_BYTES, err);

    if (st)
        return st;
    st = decode(ctx, file.bytes, options, out, err);
    kao_file_close(&file);
    return st ? kao_error_prefix(err, st, "%s", path) : KAO_OK;
}

static kao_status encode(kao_context *ctx, const kao_image *image,
                         const kao_codec *codec, uint32_t quality, kao_bytes *out,
                         kao_error *err)
{
    kao_status st = kao_image_check(image, "image", err);

    /* More than either format can come to: 2 bytes a sample, and heads. */
    *out = (kao_bytes){ .mem = &ctx->mem };
    if (st)
        return st;
    out->max = ((size_t)image->width * KAO_RGB + 64) * image->height * 2 + (1 << 20);
    st = codec->encode(image, quality, out, err);
    if (st) {
        kao_free(&ctx->mem, out->p);
        *out = (kao_bytes){ 0 };
    }
    return st;
}

kao_status kao_image_encode(kao_context *ctx, const kao_image *image,
                            kao_image_format format, uint32_t quality, uint8_t **bytes,
                            size_t *n_bytes, kao_error *err)
{
    const kao_codec *codec = kao_codec_of_format(format);
    kao_bytes b = { 0 };

    if (bytes)
        *bytes = NULL;
    if (n_bytes)
        *n_bytes = 0;
    if (!ctx || !bytes || !n_bytes)
        return kao_fail(err, KAO_E_ARG, "picture: no context or place for the result");
    if (!codec)
        return kao_fail(err, KAO_E_ARG, "picture format %d", (int)format);
    if (!codec->encode)
        return kao_fail(err, KAO_E_UNSUPPORTED, "%s is %s", codec->name,
                        codec->decode ? "read, not written" : "not in this build");
    if (quality > 100)
        return kao_fail(err, KAO_E_ARG, "quality %u, at most 100", quality);
    const kao_status st = encode(ctx, image, codec, quality, &b, err);

    *bytes = b.p;
    *n_bytes = b.n;
    return st;
}

void kao_image_free_bytes(kao_context *ctx, uint8_t *bytes)
{
    if (ctx)
        kao_free(&ctx->mem, bytes);
}

kao_status kao_image_save(kao_context *ctx, const char *path, const kao_image *image,
                          kao_error *err)
{
    const kao_codec *codec = path ? kao_codec_of_path(path) : NULL;
    kao_bytes b = { 0 };

    if (!ctx || !path)
        return kao_fail(err, KAO_E_ARG, "picture: no context or path");
    if (codec && !codec->decode)
        return kao_fail(err, KAO_E_UNSUPPORTED, "%s: %s is not in this build", path,
                        codec->name);
    if (!codec || !codec->encode)
        return kao_fail(
            err, KAO_E_UNSUPPORTED,
            "%s: pictures are written to names that end in .jpg, .jpeg or .png", path);
    kao_status st = encode(ctx, image, codec, 0, &b, err);

    if (st)
        return kao_error_prefix(err, st, "%s", path);
    st = kao_file_write(&ctx->mem, path, b.p, b.n, err);
    kao_free(&ctx->mem, b.p);
    return st;
}
