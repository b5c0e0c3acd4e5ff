/* Orientation, wherever programs put it.
 *
 *     JPEG   APP1 "Exif\0\0" TIFF                            cameras
 *            APP1 "http://ns.adobe.com/xap/1.0/\0" XML       XMP
 *     PNG    eXIf TIFF
 *            text "XML:com.adobe.xmp" XML
 *            text "Raw profile type NAME"                    ImageMagick and its like
 *     WebP   EXIF TIFF, "XMP " XML
 *
 * A raw profile is the content of another format's block in hexadecimal:
 *
 *     \n NAME \n  LENGTH \n 4578696600004d4d... (with line ends)
 *
 * NAME is exif, APP1 or xmp; the content's own head tells what it is.
 *
 * Of XMP only one property is wanted. Its serialisations write it as an attribute
 * (tiff:Orientation="6") or as an element (<tiff:Orientation>6</...>), with the prefix
 * tiff in practice; a search for these needs no XML parser.
 *
 * Source: XMP Specification, parts 1 (7.9.2.2) and 3 (1.1.3). A picture is not refused
 * for its notes: whatever is odd says nothing. */
#include "image/upright.h"
#include "image/exif.h"

#include <string.h>
#include <strings.h>

#define XMP_HEAD "http://ns.adobe.com/xap/1.0/" /* and its terminating 0 */
#define TAG      "tiff:Orientation"
#define RAW      "Raw profile type "

enum {
    N_TAG = sizeof TAG - 1,
    N_RAW = sizeof RAW - 1,
    WINDOW = 256, /* bytes behind a tag in which its value must stand */
};

static bool is_space(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static uint8_t take_nonspace(kao_reader *r)
{
    uint8_t c = kao_reader_u8(r);

    while (!r->bad && is_space(c))
        c = kao_reader_u8(r);
    return c; /* 0 at the end */
}

/* The value that stands behind the tag, whose character before is given. */
static uint8_t xmp_value(uint8_t before, kao_span behind)
{
    kao_reader r = kao_reader_of(behind);
    uint8_t close = '<', c = take_nonspace(&r);

    if (before == '<') {
        while (c != '>' && !r.bad) /* attributes of the element */
            c = kao_reader_u8(&r);
    } else {
        if (c != '=')
            return 0;
        close = take_nonspace(&r);
        if (close != '"' && close != '\'')
            return 0;
    }
    const uint8_t digit = take_nonspace(&r);

    if (take_nonspace(&r) != close || digit < '1' || digit > '8')
        return 0;
    return (uint8_t)(digit - '0');
}

void kao_upright_xmp(kao_upright *u, kao_span packet)
{
    for (size_t i = 1; !u->xmp && i + N_TAG <= packet.n; i++) {
        const uint8_t *p = memchr(packet.p + i, TAG[0], packet.n - N_TAG - i + 1);

        if (!p)
            return;
        i = (size_t)(p - packet.p);
        const size_t left = packet.n - i - N_TAG;

        if (memcmp(p, TAG, N_TAG) == 0 && (p[-1] == '<' || is_space(p[-1])))
            u->xmp = xmp_value(p[-1],
                               (kao_span){ p + N_TAG, left < WINDOW ? left : WINDOW });
    }
}

void kao_upright_exif(kao_upright *u, kao_span exif)
{
    if (!u->exif)
        u->exif = kao_exif_orientation(exif);
}

void kao_upright_app1(kao_upright *u, kao_span block)
{
    if (block.n >= 6 && memcmp(block.p, "Exif\0\0", 6) == 0)
        kao_upright_exif(u, block);
    else if (block.n >= sizeof XMP_HEAD &&
             memcmp(block.p, XMP_HEAD, sizeof XMP_HEAD) == 0)
        kao_upright_xmp(
            u, (kao_span){ block.p + sizeof XMP_HEAD, block.n - sizeof XMP_HEAD });
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decode hexadecimal text in place, up to the first thing that is none. */
static kao_span hex_in_place(uint8_t *p, size_t n)
{
    size_t to = 0;
    int high = -1;

    for (size_t i = 0; i < n; i++) {
        const int v = hex_digit(p[i]);

        if (v < 0 && !is_space(p[i]))
            break;
        if (v < 0)
            continue;
        if (high >= 0)
            p[to++] = (uint8_t)(high << 4 | v);
        high = high >= 0 ? -1 : v;
    }
    return (kao_span){ p, to };
}

static void raw_profile(kao_upright *u, uint8_t *p, size_t n)
{
    size_t at = n > 0 && p[0] == '\n'; /* most writers begin with a line end */

    while (at < n && p[at] != '\n') /* the name may be two words: "generic profile" */
        at++;
    while (at < n && is_space(p[at]))
        at++;
    while (at < n && !is_space(p[at])) /* the length */
        at++;
    const kao_span s = hex_in_place(p + at, n - at);

    if (s.n >= 4 && (memcmp(s.p, "II*\0", 4) == 0 || memcmp(s.p, "MM\0*", 4) == 0))
        kao_upright_exif(u, s);
    else if (s.n > 0 && s.p[0] == '<')
        kao_upright_xmp(u, s);
    else
        kao_upright_app1(u, s);
}

void kao_upright_text(kao_upright *u, const char *keyword, char *text, size_t n)
{
    static const char *const raw[] = { "exif", "APP1", "xmp" };

    if (strcmp(keyword, "XML:com.adobe.xmp") == 0)
        kao_upright_xmp(u, (kao_span){ (const uint8_t *)text, n });
    if (strncmp(keyword, RAW, N_RAW) != 0)
        return;
    for (size_t i = 0; i < sizeof raw / sizeof raw[0]; i++)
        if (strcasecmp(keyword + N_RAW, raw[i]) == 0) {
            raw_profile(u, (uint8_t *)text, n);
            return;
        }
}

uint8_t kao_upright_of(const kao_upright *u)
{
    return u->exif ? u->exif : u->xmp ? u->xmp : 1;
}
