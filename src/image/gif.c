/* The blocks of a GIF up to the end of its first frame.
 *
 *     "GIF89a" width height flags background aspect | colours
 *     '!' label | sub-blocks                          0xf9: which colour is transparent
 *     ',' x y width height flags | colours | code size | sub-blocks
 *     sub-block: n, n bytes; one of 0 bytes is the last
 *
 * Decoders differ in what they do with pixels that are missing or with codes that cannot be:
 * they leave the place clear, or hand out what lay in memory. So the codes are followed here,
 * by their lengths alone, until the frame is full. What comes after it is not looked at: an
 * animation of a thousand frames costs no more than one.
 *
 * Source: GIF89a Specification (CompuServe, 1990), 18 to 23, appendix F. */
#include "image/gif.h"
#include "image/image.h"

#include <string.h>

enum {
    SCREEN = 13,
    DESCRIPTOR = 9, /* behind its ',' */
    MAX_BITS = 12,
    N_CODES = 1 << MAX_BITS
};

typedef struct lzw {
    uint32_t bits, n_bits; /* read, not yet used */
    uint32_t first;        /* code that clears the table; the next one ends the data */
    uint32_t size, next;   /* of a code; the next new one */
    int32_t before;        /* the code before, -1 behind a clear */
    uint64_t left;         /* pixels */
    bool ended;
    uint32_t length[N_CODES]; /* pixels of a code: 100 million at most in all */
} lzw;

static kao_status ends_early(const kao_reader *r, kao_error *err)
{
    const size_t at = (size_t)(r->end - r->begin);

    return kao_fail_at(err, KAO_E_FORMAT, at, "GIF: the file ends early, at byte %zu",
                       at);
}

static void clear(lzw *z)
{
    z->next = z->first + 2;
    z->before = -1;
    z->size = 1;
    while (1u << z->size < z->next)
        z->size++;
}

/* False: a code that cannot stand here. */
static bool take_code(lzw *z, uint32_t code)
{
    if (code == z->first) {
        clear(z);
        return true;
    }
    if (code == z->first + 1) {
        z->ended = true;
        return true;
    }
    if (z->before >= 0 && z->next < N_CODES) {
        if (code > z->next)
            return false;
        z->length[z->next++] = z->length[z->before] + 1;
        if (z->next == 1u << z->size && z->size < MAX_BITS)
            z->size++;
    }
    if (code >= z->next)
        return false;
    z->left -= z->left < z->length[code] ? z->left : z->length[code];
    z->before = (int32_t)code;
    return true;
}

static bool take_block(lzw *z, kao_span block)
{
    for (size_t i = 0; i < block.n; i++) {
        z->bits |= (uint32_t)block.p[i] << z->n_bits;
        z->n_bits += 8;
        while (z->n_bits >= z->size && z->left > 0 && !z->ended) {
            const uint32_t code = z->bits & ((1u << z->size) - 1);
            const uint32_t used = z->size; /* the code may change it */

            if (!take_code(z, code))
                return false;
            z->bits >>= used;
            z->n_bits -= used;
        }
        if (z->left == 0 || z->ended)
            return true;
    }
    return true;
}

static void skip_colours(kao_reader *r, uint8_t flags)
{
    if (flags & 0x80)
        kao_reader_take(r, (size_t)3 << ((flags & 7) + 1));
}

/* The sub-blocks of an extension; of 0xf9 the transparent colour. */
static void take_extension(kao_reader *r, kao_gif *out)
{
    const uint8_t label = kao_reader_u8(r);

    for (uint8_t n = kao_reader_u8(r), i = 0; n && !r->bad;
         n = kao_reader_u8(r), i = 1) {
        const kao_span block = kao_reader_take(r, n);

        if (r->bad || label != 0xf9 || i || n != 4)
            continue;
        const uint8_t control[] = { '!', 0xf9, 4, block.p[0] & 1, 0, 0, block.p[3], 0 };

        memcpy(out->control, control, sizeof control);
        out->n_control = sizeof control;
    }
}

/* Up to the sub-block that fills the frame. */
static kao_status take_pixels(kao_reader *r, uint64_t pixels, kao_error *err)
{
    const size_t at = kao_reader_offset(r);
    const uint8_t bits = kao_reader_u8(r);
    lzw z = { .left = pixels };

    if (r->bad)
        return ends_early(r, err);
    if (bits < 1 || bits >= MAX_BITS)
        return kao_fail_at(err, KAO_E_FORMAT, at, "GIF, byte %zu: codes of %u bits", at,
                           bits);
    z.first = 1u << bits;
    for (uint32_t i = 0; i < z.first; i++)
        z.length[i] = 1;
    clear(&z);
    while (z.left > 0) {
        const size_t here = kao_reader_offset(r);
        const uint8_t n = kao_reader_u8(r);
        const kao_span block = kao_reader_take(r, n);

        if (r->bad)
            return ends_early(r, err);
        if (!take_block(&z, block))
            return kao_fail_at(err, KAO_E_FORMAT, here,
                               "GIF, byte %zu: an impossible code", here);
        if (z.left > 0 && (n == 0 || z.ended))
            return kao_fail_at(err, KAO_E_FORMAT, here,
                               "GIF, byte %zu: the pixels end early", here);
    }
    return KAO_OK;
}

static kao_status take_frame(kao_span bytes, kao_reader *r, kao_gif *out,
                             kao_error *err)
{
    const size_t begin = kao_reader_offset(r) - 1;
    const kao_span d = kao_reader_take(r, DESCRIPTOR);

    if (r->bad)
        return ends_early(r, err);
    const uint32_t width = kao_le16(d.p + 4), height = kao_le16(d.p + 6);
    kao_status st = kao_image_check_size(width, height, err);

    if (st)
        return kao_error_prefix(err, st, "GIF");
    skip_colours(r, d.p[8]);
    st = take_pixels(r, (uint64_t)width * height, err);
    if (st)
        return st;
    out->frame = (kao_span){ bytes.p + begin, kao_reader_offset(r) - begin };
    while (!r->bad) { /* is there anything behind it? */
        const uint8_t n = kao_reader_u8(r);

        if (n == 0)
            break;
        kao_reader_take(r, n);
    }
    kao_reader_u8(r);
    out->warning = r->bad ? "no end marker" : NULL;
    return KAO_OK;
}

kao_status kao_gif_first_frame(kao_span bytes, kao_gif *out, kao_error *err)
{
    kao_reader r = kao_reader_of(bytes);
    const kao_span screen = kao_reader_take(&r, SCREEN);

    *out = (kao_gif){ .n_control = 0 };
    if (!r.bad)
        skip_colours(&r, screen.p[10]);
    if (r.bad)
        return ends_early(&r, err);
    out->head = (kao_span){ bytes.p, kao_reader_offset(&r) };
    for (;;) {
        const size_t at = kao_reader_offset(&r);
        const uint8_t kind = kao_reader_u8(&r);

        if (r.bad)
            return ends_early(&r, err);
        if (kind == ',')
            return take_frame(bytes, &r, out, err);
        if (kind == '!')
            take_extension(&r, out);
        else if (kind != 0) /* between blocks some writers leave one */
            return kao_fail_at(err, KAO_E_FORMAT, at, "GIF, byte %zu: %s", at,
                               kind == ';' ? "it has no frame" : "no block");
    }
}
