/* WebP in by libwebp; the container is walked here.
 *
 *     RIFF size WEBP | VP8 ....                        a lossy picture
 *                    | VP8L ...                        a lossless one
 *                    | VP8X flags canvas | chunks      more: ALPH, EXIF, XMP, ANIM, ANMF
 *     ANMF: x/2 y/2 w-1 h-1 (24 bits each) duration (24) flags (8) | ALPH? VP8 or VP8L
 *
 * Chunks are padded to even sizes. An animation's first frame may be smaller than its
 * canvas; the rest of the canvas is white, as transparent pixels are.
 *
 * Source: WebP Container Specification (developers.google.com/speed/webp). */
#include "image/codec_table.h"
#include "image/upright.h"

#include <string.h>

#include <webp/decode.h>

enum { CHUNK_HEAD = 8, RIFF_HEAD = 12, FRAME_HEAD = 16 };

typedef struct webp_parts {
    kao_upright upright;
    kao_span frame;  /* the first frame of an animation with its head, or empty */
    kao_span canvas; /* the content of VP8X, or empty */
} webp_parts;

static uint32_t le24(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16;
}

static kao_status ends_early(size_t at, kao_error *err)
{
    return kao_fail_at(err, KAO_E_FORMAT, at, "WebP: the file ends early, at byte %zu",
                       at);
}

/* Cut bytes to what the RIFF head says, and find the parts. */
static kao_status walk(kao_span *bytes, webp_parts *parts, kao_error *err)
{
    const size_t said = (size_t)kao_le32(bytes->p + 4) + CHUNK_HEAD;

    if (said > bytes->n)
        return ends_early(bytes->n, err);
    if (said < RIFF_HEAD + CHUNK_HEAD)
        return kao_fail_at(err, KAO_E_FORMAT, 4, "WebP, byte 4: no room for a picture");
    bytes->n = said;
    kao_reader r = kao_reader_of(*bytes);

    kao_reader_take(&r, RIFF_HEAD);
    while (kao_reader_left(&r) >= CHUNK_HEAD) {
        const uint8_t *head = kao_reader_take(&r, CHUNK_HEAD).p;
        const size_t at = kao_reader_offset(&r), n = kao_le32(head + 4);
        const kao_span body = kao_reader_take(&r, n);

        if (r.bad)
            return kao_fail_at(err, KAO_E_FORMAT, at,
                               "WebP, byte %zu: a chunk of %zu bytes passes the end",
                               at, n);
        if (memcmp(head, "EXIF", 4) == 0)
            kao_upright_exif(&parts->upright, body);
        if (memcmp(head, "XMP ", 4) == 0)
            kao_upright_xmp(&parts->upright, body);
        if (!parts->frame.p && memcmp(head, "ANMF", 4) == 0)
            parts->frame = body;
        if (!parts->canvas.p && memcmp(head, "VP8X", 4) == 0)
            parts->canvas = body;
        if (n % 2 && kao_reader_left(&r) > 0)
            kao_reader_take(&r, 1);
    }
    return KAO_OK;
}

static kao_status fail_webp(VP8StatusCode code, size_t at, kao_error *err)
{
    switch (code) {
    case VP8_STATUS_OUT_OF_MEMORY:
        return kao_fail(err, KAO_E_NOMEM, "WebP: out of memory");
    case VP8_STATUS_UNSUPPORTED_FEATURE:
        return kao_fail(err, KAO_E_UNSUPPORTED, "WebP: an unknown kind");
    case VP8_STATUS_SUSPENDED:
    case VP8_STATUS_NOT_ENOUGH_DATA:
        return ends_early(at, err);
    default:
        return kao_fail(err, KAO_E_FORMAT, "WebP: damaged data");
    }
}

/* Decode a still picture of the given size to out's pixels at rgb. */
static kao_status decode_to(kao_mem *mem, kao_span still,
                            const WebPBitstreamFeatures *f, uint8_t *rgb,
                            size_t row_bytes, kao_error *err)
{
    const size_t w = (size_t)f->width, h = (size_t)f->height;
    WebPDecoderConfig config;
    uint8_t *rgba = NULL;

    if (!WebPInitDecoderConfig(&config))
        return kao_fail(err, KAO_E_UNSUPPORTED, "WebP: another version of libwebp");
    config.output.colorspace = f->has_alpha ? MODE_RGBA : MODE_RGB;
    config.output.is_external_memory = 1;
    WebPRGBABuffer *buffer = &config.output.u.RGBA;

    if (f->has_alpha) {
        rgba = kao_alloc(mem, w * h * 4);
        if (!rgba)
            return kao_fail(err, KAO_E_NOMEM, "WebP: out of memory");
        *buffer = (WebPRGBABuffer){ rgba, (int)(w * 4), w * h * 4 };
    } else {
        *buffer = (WebPRGBABuffer){ rgb, (int)row_bytes, row_bytes * (h - 1) + w * 3 };
    }
    const VP8StatusCode code = WebPDecode(still.p, still.n, &config);

    for (size_t y = 0; rgba && code == VP8_STATUS_OK && y < h; y++)
        for (size_t x = 0; x < w; x++) {
            const uint8_t *p = rgba + (y * w + x) * 4;

            for (size_t c = 0; c < 3; c++)
                rgb[y * row_bytes + x * 3 + c] = kao_over_white(p[c], p[3]);
        }
    WebPFreeDecBuffer(&config.output);
    kao_free(mem, rgba);
    return code == VP8_STATUS_OK ? KAO_OK : fail_webp(code, still.n, err);
}

/* The size of a still picture; f is filled. */
static kao_status still_size(kao_span still, WebPBitstreamFeatures *f, kao_error *err)
{
    const VP8StatusCode code = WebPGetFeatures(still.p, still.n, f);

    if (code != VP8_STATUS_OK)
        return fail_webp(code, still.n, err);
    const kao_status st =
        kao_image_check_size((uint64_t)f->width, (uint64_t)f->height, err);

    return st ? kao_error_prefix(err, st, "WebP") : KAO_OK;
}

static kao_status decode_first_frame(kao_mem *mem, const webp_parts *parts,
                                     kao_image *out, kao_error *err)
{
    WebPBitstreamFeatures f;

    if (parts->frame.n < FRAME_HEAD || parts->canvas.n < 10)
        return kao_fail(err, KAO_E_FORMAT, "WebP: an animation without a whole frame");
    const uint32_t width = le24(parts->canvas.p + 4) + 1;
    const uint32_t height = le24(parts->canvas.p + 7) + 1;
    const uint8_t *head = parts->frame.p;
    const uint32_t x = le24(head) * 2, y = le24(head + 3) * 2;
    const kao_span still = { head + FRAME_HEAD, parts->frame.n - FRAME_HEAD };
    kao_status st = kao_image_check_size(width, height, err);

    if (st)
        return kao_error_prefix(err, st, "WebP");
    st = still_size(still, &f, err);
    if (st)
        return st;
    if (x > width || (uint32_t)f.width > width - x || y > height ||
        (uint32_t)f.height > height - y)
        return kao_fail(err, KAO_E_FORMAT, "WebP: a frame of %d x %d passes the canvas",
                        f.width, f.height);
    st = kao_image_alloc(mem, width, height, out, err);
    if (st)
        return st;
    memset(out->rgb, 255, out->row_bytes * height);
    return decode_to(mem, still, &f, kao_image_row(out, y) + (size_t)x * KAO_RGB,
                     out->row_bytes, err);
}

kao_status kao_webp_decode(kao_mem *mem, kao_span bytes,
                           const kao_image_options *options, kao_image *out,
                           uint8_t *orientation, kao_error *err)
{
    WebPBitstreamFeatures f;
    webp_parts parts = { 0 };

    (void)options; /* WebP comes at full size */
    if (bytes.n < RIFF_HEAD || memcmp(bytes.p, "RIFF", 4) != 0 ||
        memcmp(bytes.p + 8, "WEBP", 4) != 0)
        return kao_fail_at(err, KAO_E_FORMAT, 0, "WebP: no RIFF head");
    kao_status st = walk(&bytes, &parts, err);

    if (!st && parts.frame.p)
        st = decode_first_frame(mem, &parts, out, err);
    else if (!st) {
        st = still_size(bytes, &f, err);
        if (!st)
            st = kao_image_alloc(mem, (uint32_t)f.width, (uint32_t)f.height, out, err);
        if (!st)
            st = decode_to(mem, bytes, &f, out->rgb, out->row_bytes, err);
    }
    if (st)
        kao_image_drop(mem, out);
    *orientation = kao_upright_of(&parts.upright);
    return st;
}
