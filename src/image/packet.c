/* See packet.h.
 *
 *     JPEG   FF E1 LENGTH "http://ns.adobe.com/xap/1.0/\0" packet     behind JFIF and EXIF
 *            FF E1 LENGTH "http://ns.adobe.com/xmp/extension/\0" GUID whole-length offset part
 *            of a second packet, what a segment has no room for; the first one names the GUID
 *            FF E2 LENGTH "MPF\0" how far behind itself further pictures begin
 *     PNG    LENGTH iTXt "XML:com.adobe.xmp\0" 0 0 "\0" "\0" packet CRC
 *            or tEXt without the four zeros, zTXt, iTXt compressed; or "Raw profile type xmp\0" and
 *            the packet in hexadecimal (ImageMagick): what is written is of the first form
 *     WebP   "XMP " LENGTH packet
 *
 * Source: XMP Specification part 3, 1.1.3 (1.1.3.1: the second packet), 1.1.5; PNG (third edition) 11.3.3.4;
 * CIPA DC-007 (MPF). */
#include "image/packet.h"

#include <string.h>

#include "image/codec_table.h"
#include "image/upright.h"

#define XMP_HEAD "http://ns.adobe.com/xap/1.0/"       /* and its terminating 0 */
#define EXTENDED "http://ns.adobe.com/xmp/extension/" /* likewise */
#define KEYWORD  "XML:com.adobe.xmp"                  /* likewise */

static const uint8_t png_mark[8] = { 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n' };

enum {
    SEGMENT_MOST = 65535,
    GUID = 32,       /* characters */
    TEXTS_MOST = 128 /* that are unfolded */
};

static bool begins(kao_span s, const void *with, size_t n)
{
    return s.n >= n && memcmp(s.p, with, n) == 0;
}

typedef struct jpeg_segment {
    uint8_t marker;
    kao_span body;
    size_t at, n; /* with marker and length */
} jpeg_segment;

static bool is_bare(uint8_t marker) /* of no length: TEM, RST0 to RST7 */
{
    return marker == 0x01 || (marker >= 0xd0 && marker <= 0xd7);
}

/* The next segment from *at on, which is moved behind it; false: there is none before the pixels.
 * Between segments some cameras write padding, which decoders step over, as over bare markers. */
static bool take_segment(kao_span picture, size_t *at, jpeg_segment *s)
{
    for (; *at + 4 <= picture.n; (*at)++) {
        const uint8_t *p = picture.p + *at;
        const uint8_t marker = p[1];
        const size_t length = kao_be16(p + 2);

        if (p[0] != 0xff || marker == 0 || marker == 0xff || is_bare(marker))
            continue;
        if (marker < 0xc0 || (marker >= 0xd8 && marker <= 0xda) || length < 2 ||
            picture.n - *at - 2 < length)
            return false;
        *s = (jpeg_segment){ marker, { p + 4, length - 2 }, *at, length + 2 };
        *at += length + 2;
        return true;
    }
    return false;
}

static void look_into_jpeg(kao_span picture, kao_packet *p, kao_upright *u)
{
    size_t at = 2, index = 0;
    jpeg_segment s;

    p->at = at;
    while (take_segment(picture, &at, &s)) {
        const bool is_app1 = s.marker == 0xe1;

        if (is_app1 && !p->xmp.n && begins(s.body, XMP_HEAD, sizeof XMP_HEAD)) {
            p->xmp =
                (kao_span){ s.body.p + sizeof XMP_HEAD, s.body.n - sizeof XMP_HEAD };
            p->at = s.at;
            p->n = s.n;
        }
        if (is_app1)
            kao_upright_app1(u, s.body);
        p->is_extended |= is_app1 && begins(s.body, EXTENDED, sizeof EXTENDED);
        if (!p->n && (s.marker == 0xe0 || (is_app1 && begins(s.body, "Exif", 4))))
            p->at = at;
        if (!index && s.marker == 0xe2 && begins(s.body, "MPF", sizeof "MPF"))
            index = s.at;
    }
    p->is_indexed = index && index < p->at;
}

static bool has_within(kao_span s, const uint8_t *what, size_t n)
{
    for (size_t i = 0; i + n <= s.n; i++)
        if (memcmp(s.p + i, what, n) == 0)
            return true;
    return false;
}

kao_status kao_packet_extension(const kao_packet *p, kao_span picture, kao_bytes *own,
                                kao_error *err)
{
    const size_t head = sizeof EXTENDED + GUID + 8;
    const uint8_t *guid = NULL;
    size_t at = 2, got = 0;
    jpeg_segment s;

    while (take_segment(picture, &at, &s)) {
        if (s.marker != 0xe1 || s.body.n < head ||
            !begins(s.body, EXTENDED, sizeof EXTENDED))
            continue;
        const uint8_t *own_guid = s.body.p + sizeof EXTENDED;
        const size_t all = kao_be32(own_guid + GUID),
                     offset = kao_be32(own_guid + GUID + 4), n = s.body.n - head;

        if (!guid && all && all <= own->max && has_within(p->xmp, own_guid, GUID)) {
            if (!kao_bytes_reserve(own, all))
                return kao_fail(err, KAO_E_NOMEM, "out of memory");
            memset(own->p, 0, all);
            own->n = all;
            guid = own_guid;
        }
        if (!guid || memcmp(guid, own_guid, GUID) != 0 || all != own->n ||
            offset > all || n > all - offset)
            continue;
        memcpy(own->p + offset, s.body.p + head, n);
        got += n;
    }
    if (got != own->n) /* parts are missing */
        kao_bytes_free(own);
    return KAO_OK;
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

/* Whether a chunk is a text that may tell how the picture lies. */
static bool may_tell(const uint8_t *type, kao_span text)
{
    static const char types[][5] = { "tEXt", "zTXt", "iTXt" };
    bool is_text = false;

    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        is_text |= memcmp(type, types[i], 4) == 0;
    return is_text && kao_upright_reads(text);
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
        } else {
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
        } else if (memcmp(type, "XMP ", 4) == 0) {
            p->xmp = p->xmp.n ? p->xmp : body;
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
    if (p->is_indexed) /* what begins behind the packet would be moved away from its place */
        return kao_fail(err, KAO_E_UNSUPPORTED,
                        "a JPEG of several pictures, with their index before its XMP");
    if (p->is_jpeg && xmp.n > most)
        return kao_fail(err, KAO_E_LIMIT,
                        "an XMP packet of %zu bytes: a JPEG takes %zu", xmp.n, most);
    const bool ok =
        kao_bytes_add(to, picture.p, p->at) &&
        (p->is_jpeg ? add_segment(to, xmp) : add_chunk(to, xmp)) &&
        kao_bytes_add(to, picture.p + p->at + p->n, picture.n - p->at - p->n);

    return ok ? KAO_OK : kao_fail(err, KAO_E_NOMEM, "out of memory");
}
