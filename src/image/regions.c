/* See kao/regions.h. What is added is put between the bytes of the packet that is there. */
#include "kao/regions.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/context.h"
#include "base/error.h"
#include "base/text.h"
#include "image/codec_table.h"
#include "image/packet.h"
#include "image/xmp_regions.h"

enum { PICTURE_MOST = 512 << 20 };

/* ---- which way is up ---- */

/* Of the file to the upright picture, and back: by 180 degrees, or mirrored, both are the same. */
static void turn(kao_region *r, uint8_t orientation, bool back)
{
    const float x = r->x, y = r->y, w = r->width, h = r->height;
    const uint8_t o = back && orientation == 6   ? 8
                      : back && orientation == 8 ? 6
                                                 : orientation;
    const bool swaps = o >= 5;

    r->x = o == 2 || o == 3   ? 1 - x
           : o == 5 || o == 8 ? y
           : o == 6 || o == 7 ? 1 - y
                              : x;
    r->y = o == 3 || o == 4   ? 1 - y
           : o == 5 || o == 6 ? x
           : o == 7 || o == 8 ? 1 - x
                              : y;
    r->width = swaps ? h : w;
    r->height = swaps ? w : h;
}

/* Zero bytes and spaces behind a packet in a picture are none of it. (In UTF-16, low byte first, a
 * zero is the other half of its last character.) */
static kao_span trim(kao_span s)
{
    const bool halves =
        s.n >= 2 && ((s.p[0] == 0xff && s.p[1] == 0xfe) || (s.p[0] && s.p[1] == 0));
    const size_t all = s.n;

    while (s.n && (s.p[s.n - 1] == 0 || s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\n'))
        s.n--;
    s.n += halves && s.n % 2 && s.n < all;
    return s;
}

/* What is asked of: the packet that counts, and the orientation of the picture. */
typedef struct source {
    kao_span packet;
    kao_packet picture;
    kao_span extension; /* a JPEG's second packet; n 0: none */
    kao_bytes
        own; /* one of the picture's packets, where that does not stand in it as it is */
} source;

/* As the picture is turned when it is read; one that cannot be read stays as it was taken for. */
static void ask_decoder(kao_mem *mem, kao_span picture, uint8_t *orientation)
{
    static const kao_image_options as_it_is = { .max_side = 0 };
    const kao_codec *codec = kao_codec_of_bytes(picture);
    kao_image image = { 0 };
    uint8_t o = 1;

    if (!codec || !codec->decode)
        return;
    const kao_status st = codec->decode(mem, picture, &as_it_is, &image, &o, NULL);

    kao_image_drop(mem, &image);
    if (!st || st == KAO_E_NOMEM)
        *orientation = st ? 0 : o;
}

static kao_status source_of(source *s, kao_mem *mem, const void *picture,
                            size_t n_picture, const void *sidecar, size_t n_sidecar,
                            kao_error *err)
{
    if ((!picture && n_picture) || (!sidecar && n_sidecar))
        return kao_fail(err, KAO_E_ARG, "regions: bytes without an address");
    if (n_picture > PICTURE_MOST)
        return kao_fail(err, KAO_E_LIMIT, "a picture of %zu bytes", n_picture);
    s->picture = kao_packet_of((kao_span){ picture, n_picture });
    if (s->picture.ask)
        ask_decoder(mem, (kao_span){ picture, n_picture }, &s->picture.orientation);
    s->own = (kao_bytes){ .mem = mem, .max = KAO_PACKET_MOST };
    if (s->picture.is_folded &&
        kao_packet_unfold(&s->picture, (kao_span){ picture, n_picture }, &s->own, err))
        return KAO_E_NOMEM;
    if (s->picture.is_extended) {
        if (kao_packet_extension(&s->picture, (kao_span){ picture, n_picture }, &s->own,
                                 err))
            return KAO_E_NOMEM;
        s->extension = trim((kao_span){ s->own.p, s->own.n });
    }
    s->packet = trim(n_sidecar ? (kao_span){ sidecar, n_sidecar } : s->picture.xmp);
    return s->picture.orientation ? KAO_OK
                                  : kao_fail(err, KAO_E_NOMEM, "out of memory");
}

/* The regions that count, of the upright picture: the sidecar's, or where that has none (and without
 * one) the picture's. *elsewhere: they are not those of s->packet. */
static kao_status find_regions(kao_mem *mem, const source *s, bool sidecar,
                               kao_regions *out, bool *elsewhere, kao_error *err)
{
    const kao_span packets[] = { s->packet,
                                 sidecar ? trim(s->picture.xmp) : (kao_span){ NULL, 0 },
                                 s->extension };
    kao_xmp_regions *x = kao_calloc(mem, 1, sizeof *x);
    kao_status st = x ? KAO_OK : kao_fail(err, KAO_E_NOMEM, "out of memory");

    *elsewhere = false;
    for (size_t i = 0; !st && !x->n && i < sizeof packets / sizeof packets[0]; i++) {
        if (!packets[i].n)
            continue;
        *elsewhere = i > 0;
        st = kao_xmp_regions_read(mem, x, packets[i], err);
        if (st == KAO_E_FORMAT && !(sidecar && i == 0)) {
            st = KAO_OK; /* a picture is not refused for its notes */
            x->n = 0;
        } else if (!st && !x->n) {
            kao_xmp_regions_free(x);
        } else if (st && sidecar && i > 0) {
            kao_error_prefix(err, st, "the picture itself");
        }
    }
    if (st || !x->n) {
        kao_free(mem, x);
        return st;
    }
    for (size_t i = 0; i < x->n; i++)
        turn(&x->list[i], s->picture.orientation, false);
    out->list = x->list;
    out->n = x->n;
    out->owned = x;
    return KAO_OK;
}

kao_status kao_regions_read(kao_context *ctx, const void *picture, size_t n_picture,
                            const void *sidecar, size_t n_sidecar, kao_regions *out,
                            kao_error *err)
{
    bool elsewhere = false;
    source s = { .own.p = NULL };

    if (!ctx || !out || out->size < sizeof *out)
        return kao_fail(err, KAO_E_ARG, "regions: no context or result");
    *out = (kao_regions){ .size = out->size };
    kao_status st =
        source_of(&s, &ctx->mem, picture, n_picture, sidecar, n_sidecar, err);

    if (!st)
        st = find_regions(&ctx->mem, &s, n_sidecar > 0, out, &elsewhere, err);
    kao_bytes_free(&s.own);
    return st;
}

void kao_regions_free(kao_context *ctx, kao_regions *regions)
{
    if (!ctx || !regions || !regions->owned)
        return;
    kao_xmp_regions_free(regions->owned);
    kao_free(&ctx->mem, regions->owned);
    *regions = (kao_regions){ .size = regions->size };
}

/* ---- writing ---- */

static bool add(kao_bytes *b, const char *text)
{
    return kao_bytes_add(b, text, strlen(text));
}

/* U+FFFE and U+FFFF are no characters of XML: with them no one could read the packet again. */
static bool is_none(const unsigned char *c)
{
    return c[0] == 0xef && c[1] == 0xbf && c[2] >= 0xbe;
}

/* In quotes: what XML wants otherwise there. Control characters, which it cannot hold, are left out. */
static bool add_value(kao_bytes *b, const char *text)
{
    bool ok = true;

    for (const unsigned char *c = (const unsigned char *)text; ok && *c;
         c += is_none(c) ? 3 : 1)
        ok = is_none(c)  ? true
             : *c == '&' ? add(b, "&amp;")
             : *c == '<' ? add(b, "&lt;")
             : *c == '>' ? add(b, "&gt;")
             : *c == '"' ? add(b, "&quot;")
             : *c < ' '  ? true
                         : kao_bytes_add(b, c, 1);
    return ok;
}

static bool add_region(kao_bytes *b, kao_region r, uint8_t orientation)
{
    char area[256];

    turn(&r, orientation, true);
    snprintf(area, sizeof area,
             "<mwg-rs:Area stArea:x=\"%.6f\" stArea:y=\"%.6f\" stArea:w=\"%.6f\" "
             "stArea:h=\"%.6f\" stArea:unit=\"normalized\"/>",
             (double)r.x, (double)r.y, (double)r.width, (double)r.height);
    for (char *c = area; *c; c++) /* whatever the locale has between digits */
        if (*c == ',')
            *c = '.';
    return add(b, "<rdf:li xmlns:rdf=\"" KAO_NS_RDF
                  "\"><rdf:Description xmlns:mwg-rs=\"" KAO_NS_MWG
                  "\" xmlns:stArea=\"" KAO_NS_AREA
                  "\" mwg-rs:Type=\"Face\" mwg-rs:Name=\"") &&
           add_value(b, r.name) && add(b, "\">") && add(b, area) &&
           add(b, "</rdf:Description></rdf:li>\n");
}

static bool add_regions(kao_bytes *b, const kao_region *list, size_t n, uint8_t o)
{
    bool ok = true;

    for (size_t i = 0; ok && i < n; i++)
        ok = add_region(b, list[i], o);
    return ok;
}

static bool add_list(kao_bytes *b, const kao_region *list, size_t n, uint8_t o)
{
    return add(b, "<mwg-rs:RegionList xmlns:mwg-rs=\"" KAO_NS_MWG
                  "\" xmlns:rdf=\"" KAO_NS_RDF "\"><rdf:Bag>\n") &&
           add_regions(b, list, n, o) && add(b, "</rdf:Bag></mwg-rs:RegionList>");
}

/* A description with a list of its own. */
static bool add_all(kao_bytes *b, const kao_region *list, size_t n, uint8_t o,
                    uint32_t width, uint32_t height)
{
    char size[160];

    snprintf(size, sizeof size,
             "<mwg-rs:AppliedToDimensions stDim:w=\"%u\" stDim:h=\"%u\" "
             "stDim:unit=\"pixel\"/>",
             o >= 5 ? height : width, o >= 5 ? width : height);
    return add(b, "<rdf:Description xmlns:rdf=\"" KAO_NS_RDF
                  "\" rdf:about=\"\" xmlns:mwg-rs=\"" KAO_NS_MWG
                  "\" xmlns:stDim=\"" KAO_NS_DIM "\">\n<mwg-rs:Regions "
                  "rdf:parseType=\"Resource\">") &&
           add(b, size) && add_list(b, list, n, o) &&
           add(b, "</mwg-rs:Regions>\n</rdf:Description>\n");
}

static bool is_text(const char *s)
{
    for (size_t n; *s; s += n) {
        n = kao_utf8_length((const unsigned char *)s);
        if (!n)
            return false;
    }
    return true;
}

static kao_status check_list(const kao_region *list, size_t n, kao_error *err)
{
    for (size_t i = 0; i < n; i++)
        if (!list[i].name || !isfinite(list[i].x) || !isfinite(list[i].y) ||
            !(list[i].width > 0 && list[i].width < 100) ||
            !(list[i].height > 0 && list[i].height < 100) || fabsf(list[i].x) > 100 ||
            fabsf(list[i].y) > 100 || !is_text(list[i].name))
            return kao_fail(err, KAO_E_ARG,
                            "regions: region %zu has no name, place or size", i);
    return KAO_OK;
}

static kao_status no_more(const kao_bytes *packet, kao_error *err)
{
    return packet->over
               ? kao_fail(err, KAO_E_LIMIT, "an XMP packet of more than %d MiB",
                          KAO_PACKET_MOST >> 20)
               : kao_fail(err, KAO_E_NOMEM, "out of memory");
}

/* Into b, which is empty: the packet with the regions. */
static kao_status merge(kao_mem *mem, kao_bytes *b, const source *s,
                        const kao_region *list, size_t n, uint32_t width,
                        uint32_t height, kao_error *err)
{
    const uint8_t o = s->picture.orientation;
    const kao_span was = s->packet;
    bool ok = true;

    if (!was.n) {
        ok =
            add(b,
                "<?xpacket begin=\"\xef\xbb\xbf\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n"
                "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF xmlns:rdf=\"" KAO_NS_RDF
                "\">\n") &&
            add_all(b, list, n, o, width, height) &&
            add(b, "</rdf:RDF></x:xmpmeta>\n<?xpacket end=\"w\"?>");
        return ok ? KAO_OK : no_more(b, err);
    }
    kao_xmp_regions r;
    const kao_status st = kao_xmp_regions_read(mem, &r, was, err);

    if (st)
        return st;
    const size_t at = r.has_bag ? r.bag_end : r.takes_list ? r.regions_end : r.rdf_end;
    const bool foreign =
        r.is_foreign || was.p[0] == 0 || was.p[0] >= 0xfe || was.p[1] == 0;
    /* a second mwg-rs:Regions would be one too many */
    const bool fits =
        r.has_rdf && !r.is_empty && (r.has_bag || r.takes_list || !r.has_regions);

    if (!foreign && fits)
        ok = kao_bytes_add(b, was.p, at) &&
             (r.has_bag      ? add_regions(b, list, n, o)
              : r.takes_list ? add_list(b, list, n, o)
                             : add_all(b, list, n, o, width, height)) &&
             kao_bytes_add(b, was.p + at, was.n - at);
    kao_xmp_regions_free(&r);
    if (foreign || !fits)
        return kao_fail(err, KAO_E_UNSUPPORTED,
                        foreign     ? "XMP that is not in UTF-8"
                        : r.has_rdf ? "XMP with an empty list"
                                    : "XMP without rdf:RDF");
    return ok ? KAO_OK : no_more(b, err);
}

/* The same where the regions that counted until now may stand in another packet: of the picture, or
 * its second one. They must stay: once this one has any, others are not looked at. */
static kao_status merge_both(kao_context *ctx, kao_bytes *b, const source *s,
                             bool sidecar, const kao_region *list, size_t n,
                             uint32_t width, uint32_t height, kao_error *err)
{
    kao_regions had = { .size = sizeof had };
    kao_region *all = NULL;
    bool elsewhere = false;
    kao_status st = find_regions(&ctx->mem, s, sidecar, &had, &elsewhere, err);
    const size_t n_had = elsewhere ? had.n : 0;

    if (!st) {
        all = kao_alloc(&ctx->mem, (n_had + n + 1) * sizeof *all);
        st = all ? KAO_OK : kao_fail(err, KAO_E_NOMEM, "out of memory");
    }
    if (!st) {
        for (size_t i = 0; i < n_had + n; i++)
            all[i] = i < n_had ? had.list[i] : list[i - n_had];
        st = merge(&ctx->mem, b, s, all, n_had + n, width, height, err);
    }
    kao_free(&ctx->mem, all);
    kao_regions_free(ctx, &had);
    return st;
}

static kao_status give(kao_bytes *b, kao_status st, uint8_t **out, size_t *n_out)
{
    if (st) {
        kao_bytes_free(b);
        return st;
    }
    *out = b->p;
    *n_out = b->n;
    return KAO_OK;
}

static bool no_room(const kao_context *ctx, uint8_t **out, size_t *n_out,
                    const kao_region *list, size_t n)
{
    if (out)
        *out = NULL;
    if (n_out)
        *n_out = 0;
    return !ctx || !out || !n_out || (!list && n) || n > KAO_REGIONS_MOST;
}

kao_status kao_regions_write(kao_context *ctx, const void *picture, size_t n_picture,
                             const void *sidecar, size_t n_sidecar,
                             const kao_region *list, size_t n, uint32_t width,
                             uint32_t height, uint8_t **out, size_t *n_out,
                             kao_error *err)
{
    source s = { .own.p = NULL };

    if (no_room(ctx, out, n_out, list, n))
        return kao_fail(err, KAO_E_ARG, "regions: no context, list or result");
    kao_bytes b = { .mem = &ctx->mem, .max = KAO_PACKET_MOST };
    kao_status st = check_list(list, n, err);

    if (!st)
        st = source_of(&s, &ctx->mem, picture, n_picture, sidecar, n_sidecar, err);
    if (!st)
        st = (n_sidecar && s.picture.xmp.n) || s.extension.n
                 ? merge_both(ctx, &b, &s, n_sidecar > 0, list, n, width, height, err)
                 : merge(&ctx->mem, &b, &s, list, n, width, height, err);
    kao_bytes_free(&s.own);
    return give(&b, st, out, n_out);
}

/* A second packet is not written anew, and names in both would be two lists. */
static kao_status check_extension(kao_context *ctx, const source *s, kao_error *err)
{
    kao_regions had = { .size = sizeof had };
    bool elsewhere = false;
    kao_status st = KAO_OK;

    if (s->extension.n)
        st = find_regions(&ctx->mem, s, false, &had, &elsewhere, err);
    if (!st && had.n && elsewhere)
        st = kao_fail(err, KAO_E_UNSUPPORTED,
                      "a JPEG whose names stand in a second XMP packet");
    kao_regions_free(ctx, &had);
    return st;
}

kao_status kao_regions_embed(kao_context *ctx, const void *picture, size_t n_picture,
                             const kao_region *list, size_t n, uint32_t width,
                             uint32_t height, uint8_t **out, size_t *n_out,
                             kao_error *err)
{
    source s = { .own.p = NULL };

    if (no_room(ctx, out, n_out, list, n))
        return kao_fail(err, KAO_E_ARG, "regions: no context, list or result");
    kao_bytes packet = { .mem = &ctx->mem, .max = KAO_PACKET_MOST },
              b = { .mem = &ctx->mem, .max = (size_t)PICTURE_MOST + KAO_PACKET_MOST };
    kao_status st = check_list(list, n, err);

    if (!st)
        st = source_of(&s, &ctx->mem, picture, n_picture, NULL, 0, err);
    if (!st)
        st = check_extension(ctx, &s, err);
    if (!st)
        st = merge(&ctx->mem, &packet, &s, list, n, width, height, err);
    if (!st)
        st = kao_packet_put(&b, (kao_span){ picture, n_picture }, &s.picture,
                            (kao_span){ packet.p, packet.n }, err);
    kao_bytes_free(&packet);
    kao_bytes_free(&s.own);
    return give(&b, st, out, n_out);
}
