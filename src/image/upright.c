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
 * Source: XMP Specification, part 3 (1.1.3). A picture is not refused
 * for its notes: whatever is odd says nothing. */
#include "image/upright.h"
#include "image/exif.h"
#include "image/xmp.h"

#include <string.h>
#include <strings.h>

#define XMP_HEAD "http://ns.adobe.com/xap/1.0/" /* and its terminating 0 */
#define KEYWORD  "XML:com.adobe.xmp"            /* likewise */
#define RAW      "Raw profile type "

enum { N_RAW = sizeof RAW - 1 };

static const char *const raw_names[] = { "exif", "APP1", "xmp" };

enum { N_NAMES = sizeof raw_names / sizeof raw_names[0] };

static bool is_space(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

void kao_upright_xmp(kao_upright *u, kao_span packet)
{
#if KAO_WITH_XMP
    const uint8_t v = u->xmp ? 0 : kao_xmp_orientation(packet);

    u->no_memory = u->no_memory || v == KAO_XMP_NO_MEMORY;
    u->xmp = v >= 1 && v <= 8 ? v : u->xmp;
#else
    (void)u;
    (void)packet;
#endif
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

kao_span kao_raw_profile(uint8_t *p, size_t n)
{
    size_t at = n > 0 && p[0] == '\n'; /* most writers begin with a line end */

    while (at < n && p[at] != '\n') /* the name may be two words: "generic profile" */
        at++;
    while (at < n && is_space(p[at]))
        at++;
    while (at < n && !is_space(p[at])) /* the length */
        at++;
    return hex_in_place(p + at, n - at);
}

static void take_profile(kao_upright *u, kao_span s)
{
    if (s.n >= 4 && (memcmp(s.p, "II*\0", 4) == 0 || memcmp(s.p, "MM\0*", 4) == 0))
        kao_upright_exif(u, s);
    else if (s.n > 0 && s.p[0] == '<')
        kao_upright_xmp(u, s);
    else
        kao_upright_app1(u, s);
}

bool kao_upright_reads(kao_span text)
{
    bool reads =
        text.n >= sizeof KEYWORD && memcmp(text.p, KEYWORD, sizeof KEYWORD) == 0;

    if (text.n <= N_RAW || memcmp(text.p, RAW, N_RAW) != 0)
        return reads;
    for (size_t i = 0; i < N_NAMES; i++) {
        const size_t n = strlen(raw_names[i]);
        const char *name = (const char *)text.p + N_RAW;

        reads |=
            text.n > N_RAW + n && strncasecmp(name, raw_names[i], n) == 0 && !name[n];
    }
    return reads;
}

void kao_upright_text(kao_upright *u, const char *keyword, char *text, size_t n)
{
    if (strcmp(keyword, KEYWORD) == 0)
        kao_upright_xmp(u, (kao_span){ (const uint8_t *)text, n });
    if (strncmp(keyword, RAW, N_RAW) != 0)
        return;
    for (size_t i = 0; i < N_NAMES; i++)
        if (strcasecmp(keyword + N_RAW, raw_names[i]) == 0) {
            take_profile(u, kao_raw_profile((uint8_t *)text, n));
            return;
        }
}

uint8_t kao_upright_of(const kao_upright *u)
{
    return u->exif ? u->exif : u->no_memory ? 0 : u->xmp ? u->xmp : 1;
}
