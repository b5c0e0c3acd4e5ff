/* See packet.h.
 *
 *     JPEG   FF E1 LENGTH "http://ns.adobe.com/xap/1.0/\0" packet     behind JFIF and EXIF
 *     PNG    LENGTH iTXt "XML:com.adobe.xmp\0" 0 0 "\0" "\0" packet CRC
 *            or tEXt without the four zeros, zTXt, iTXt compressed; or "Raw profile type xmp\0" and
 *            the packet in hexadecimal (ImageMagick): what is written is of the first form
 *     WebP   "XMP " LENGTH packet
 *
 * Source: XMP Specification part 3, 1.1.3, 1.1.5; PNG (third edition) 11.3.3.4. */
#include "image/packet.h"

#include <string.h>

#include "image/codec_table.h"
#include "image/upright.h"

#define XMP_HEAD "http://ns.adobe.com/xap/1.0/" /* and its terminating 0 */
#define KEYWORD  "XML:com.adobe.xmp"            /* likewise */
#define RAW      "Raw profile type "

static const uint8_t png_mark[8] = { 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n' };

enum { SEGMENT_MOST = 65535, TEXTS_MOST = 128 /* that are unfolded */ };

static bool begins(kao_span s, const void *with, size_t n)
{
    return s.n >= n && memcmp(s.p, with, n) == 0;
}

/* Between segments some cameras write padding, which decoders step over. */
static void look_into_jpeg(kao_span picture, kao_packet *p, kao_upright *u)
{
    size_t at = 2;

    p->at = at;
    while (at + 4 <= picture.n) {
        const uint8_t marker = picture.p[at + 1];
        const size_t length = kao_be16(picture.p + at + 2);

        if (picture.p[at] != 0xff || marker == 0 || marker == 0xff) {
            at++;
            continue;
        }
        if (marker < 0xc0 || marker == 0xda || (marker >= 0xd0 && marker <= 0xd9) ||
            length < 2 || picture.n - at - 2 < length)
            return;
        const kao_span body = { picture.p + at + 4, length - 2 };

        if (marker == 0xe1 && !p->xmp.n && begins(body, XMP_HEAD, sizeof XMP_HEAD)) {
            p->xmp = (kao_span){ body.p + sizeof XMP_HEAD, body.n - sizeof XMP_HEAD };
            p->at = at;
            p->n = length + 2;
            kao_upright_app1(u, body);
        } else if (marker == 0xe1) {
            kao_upright_app1(u, body);
        }
        if (!p->n && (marker == 0xe0 || (marker == 0xe1 && begins(body, "Exif", 4))))
            p->at = at + 2 + length;
        at += 2 + length;
    }
}

typedef struct png_chunk {
    const uint8_t *type;
    kao_span body, whole; /* with its length and checksum */
} png_chunk;

/* The chunk at *at, which is moved behind it. False: there is no more before IEND. */
static bool take_chunk(kao_span picture, size_t *at, png_chunk *c)
{
    if (picture.n - *at < 12)
        return false;
    const uint8_t *p = picture.p + *at;
    const size_t length = kao_be32(p);

    if (picture.n - *at - 12 < length || memcmp(p + 4, "IEND", 4) == 0)
        return false;
    *c = (png_chunk){ p + 4, { p + 8, length }, { p, length + 12 } };
    *at += length + 12;
    return true;
}

/* The packet of a tEXt, or of an iTXt that holds one uncompressed; n 0: it does not. */
static kao_span packet_of_text(const uint8_t *type, kao_span text)
{
    const bool is_plain = memcmp(type, "tEXt", 4) == 0;

    if (!begins(text, KEYWORD, sizeof KEYWORD) ||
        (!is_plain && memcmp(type, "iTXt", 4) != 0))
        return (kao_span){ NULL, 0 };
    if (is_plain)
        return (kao_span){ text.p + sizeof KEYWORD, text.n - sizeof KEYWORD };
    if (text.n < sizeof KEYWORD + 2 || text.p[sizeof KEYWORD] != 0)
        return (kao_span){ NULL, 0 };
    const uint8_t *p = text.p + sizeof KEYWORD + 2, *end = text.p + text.n;

    for (int i = 0; i < 2 && p; i++) { /* language, keyword in it */
        p = memchr(p, 0, (size_t)(end - p));
        p = p ? p + 1 : NULL;
    }
    return p ? (kao_span){ p, (size_t)(end - p) } : (kao_span){ NULL, 0 };
}

/* Whether a text is of a kind that may tell how the picture lies: XMP, or another format's block in
 * hexadecimal. */
static bool may_tell(const uint8_t *type, kao_span text)
{
    static const char types[][5] = { "tEXt", "zTXt", "iTXt" };
    bool is_text = false;

    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        is_text |= memcmp(type, types[i], 4) == 0;
    return is_text &&
           (begins(text, KEYWORD, sizeof KEYWORD) || begins(text, RAW, sizeof RAW - 1));
}

static void look_into_png(kao_span picture, kao_packet *p, kao_upright *u)
{
    size_t at = sizeof png_mark;
    png_chunk c;

    p->at = at;
    while (take_chunk(picture, &at, &c)) {
        const kao_span xmp = packet_of_text(c.type, c.body);

        if (xmp.n && !p->xmp.n) {
            p->xmp = xmp;
            p->at = (size_t)(c.whole.p - picture.p);
            p->n = c.whole.n;
            kao_upright_xmp(u, xmp);
        } else if (!xmp.n) {
            p->ask |= may_tell(c.type, c.body);
        }
        if (memcmp(c.type, "eXIf", 4) == 0)
            kao_upright_exif(u, c.body);
        if (!p->n && memcmp(c.type, "IHDR", 4) == 0)
            p->at = at;
    }
}

/* The packet of a text's content; n 0: it holds something else. */
static kao_span packet_in(const png_chunk *c, kao_bytes *text)
{
    if (begins(c->body, KEYWORD, sizeof KEYWORD))
        return (kao_span){ text->p, text->n };
    const kao_span s = kao_raw_profile(text->p, text->n);

    if (begins(s, XMP_HEAD, sizeof XMP_HEAD))
        return (kao_span){ s.p + sizeof XMP_HEAD, s.n - sizeof XMP_HEAD };
    return s.n && s.p[0] == '<' ? s : (kao_span){ NULL, 0 };
}

kao_status kao_packet_unfold(kao_packet *p, kao_span picture, kao_bytes *own,
                             kao_error *err)
{
#if KAO_WITH_PNG
    size_t at = sizeof png_mark, looked_at = 0;
    png_chunk c;

    while (!p->xmp.n && looked_at < TEXTS_MOST && take_chunk(picture, &at, &c)) {
        if (!may_tell(c.type, c.body))
            continue;
        looked_at++;
        kao_bytes_free(own);
        const kao_status st = kao_png_text(own, c.whole, NULL);

        if (st == KAO_E_NOMEM)
            return kao_fail(err, st, "out of memory");
        p->xmp = st ? (kao_span){ NULL, 0 } : packet_in(&c, own);
        if (p->xmp.n) {
            p->at = (size_t)(c.whole.p - picture.p);
            p->n = c.whole.n;
        }
    }
#else
    (void)p, (void)picture, (void)own, (void)err;
#endif
    return KAO_OK;
}

static void look_into_webp(kao_span picture, kao_packet *p, kao_upright *u)
{
    size_t at = 12;

    while (picture.n - at >= 8) {
        const size_t length = kao_le32(picture.p + at + 4);
        const uint8_t *type = picture.p + at;

        if (picture.n - at - 8 < length)
            return;
        const kao_span body = { picture.p + at + 8, length };

        if (memcmp(type, "EXIF", 4) == 0) {
            kao_upright_exif(u, body);
        } else if (memcmp(type, "XMP ", 4) == 0 && !p->xmp.n) {
            p->xmp = body;
            kao_upright_xmp(u, body);
        }
        at += 8 + length + length % 2;
        if (at > picture.n)
            return;
    }
}

kao_packet kao_packet_of(kao_span picture)
{
    kao_packet p = { .xmp = { NULL, 0 } };
    kao_upright u = { 0 };

    p.is_jpeg = begins(picture, "\xff\xd8\xff", 3);
    p.is_png = begins(picture, png_mark, sizeof png_mark);
    if (p.is_jpeg)
        look_into_jpeg(picture, &p, &u);
    else if (p.is_png)
        look_into_png(picture, &p, &u);
    else if (begins(picture, "RIFF", 4) && picture.n >= 12 &&
             memcmp(picture.p + 8, "WEBP", 4) == 0)
        look_into_webp(picture, &p, &u);
    else
        kao_upright_exif(&u, picture); /* a TIFF is what EXIF is made of */
    p.is_folded = p.ask && !p.xmp.n;
    p.ask = p.ask && !u.exif;
    p.orientation = kao_upright_of(&u);
    return p;
}

/* ---- another packet ---- */

static bool add_be32(kao_bytes *to, uint32_t v)
{
    const uint8_t b[4] = { (uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8),
                           (uint8_t)v };

    return kao_bytes_add(to, b, sizeof b);
}

/* PNG, annex D: polynomial edb88320, bit by bit; packets are small. */
static uint32_t crc_of(const uint8_t *p, size_t n)
{
    uint32_t crc = 0xffffffff;

    for (size_t i = 0; i < n; i++) {
        crc ^= p[i];
        for (int k = 0; k < 8; k++)
            crc = crc & 1 ? crc >> 1 ^ 0xedb88320 : crc >> 1;
    }
    return ~crc;
}

static bool add_segment(kao_bytes *to, kao_span xmp)
{
    const size_t length = 2 + sizeof XMP_HEAD + xmp.n;
    const uint8_t head[4] = { 0xff, 0xe1, (uint8_t)(length >> 8), (uint8_t)length };

    return kao_bytes_add(to, head, sizeof head) &&
           kao_bytes_add(to, XMP_HEAD, sizeof XMP_HEAD) &&
           kao_bytes_add(to, xmp.p, xmp.n);
}

static bool add_chunk(kao_bytes *to, kao_span xmp)
{
    static const uint8_t no_more[4] = {
        0
    }; /* not compressed; no language, no keyword */
    const size_t begin = to->n + 4;

    return add_be32(to, (uint32_t)(sizeof KEYWORD + sizeof no_more + xmp.n)) &&
           kao_bytes_add(to, "iTXt" KEYWORD, 4 + sizeof KEYWORD) &&
           kao_bytes_add(to, no_more, sizeof no_more) &&
           kao_bytes_add(to, xmp.p, xmp.n) &&
           add_be32(to, crc_of(to->p + begin, to->n - begin));
}

kao_status kao_packet_put(kao_bytes *to, kao_span picture, const kao_packet *p,
                          kao_span xmp, kao_error *err)
{
    const size_t most = SEGMENT_MOST - 2 - sizeof XMP_HEAD;

    if (!p->is_jpeg && !p->is_png)
        return kao_fail(err, KAO_E_UNSUPPORTED,
                        "regions are written into JPEG and PNG alone");
    if (p->is_jpeg && xmp.n > most)
        return kao_fail(err, KAO_E_LIMIT,
                        "an XMP packet of %zu bytes: a JPEG takes %zu", xmp.n, most);
    const bool ok =
        kao_bytes_add(to, picture.p, p->at) &&
        (p->is_jpeg ? add_segment(to, xmp) : add_chunk(to, xmp)) &&
        kao_bytes_add(to, picture.p + p->at + p->n, picture.n - p->at - p->n);

    return ok ? KAO_OK : kao_fail(err, KAO_E_NOMEM, "out of memory");
}
