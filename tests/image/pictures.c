/* See pictures.h. */
#include "image/pictures.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if KAO_WITH_JPEG
# include <jpeglib.h>
#endif
#if KAO_WITH_WEBP
# include <webp/encode.h>
#endif

void buf_insert(buf *b, size_t at, const void *p, size_t n)
{
    uint8_t *to = realloc(b->p, b->n + n + 1);

    if (!to)
        exit(1);
    b->p = to;
    memmove(to + at + n, to + at, b->n - at);
    memcpy(to + at, p, n);
    b->n += n;
}

void buf_add(buf *b, const void *p, size_t n)
{
    buf_insert(b, b->n, p, n);
}

void buf_free(buf *b)
{
    free(b->p);
    *b = (buf){ 0 };
}

void pattern(uint8_t *rgb, uint32_t w, uint32_t h)
{
    for (uint32_t y = 0; y < h; y++)
        for (uint32_t x = 0; x < w; x++) {
            uint8_t *p = rgb + ((size_t)y * w + x) * 3;
            const bool mark = x < w / 3 && y < h / 4;

            p[0] = (uint8_t)(mark ? 250 : 40 + 160 * x / w);
            p[1] = (uint8_t)(mark ? 20 : 40 + 160 * y / h);
            p[2] = (uint8_t)(mark ? 30 : 200 - 80 * (x + y) / (w + h));
        }
}

#if KAO_WITH_JPEG
buf make_jpeg(const uint8_t *pixels, uint32_t w, uint32_t h, const jpeg_how *how)
{
    static const int samples[] = { 3, 1, 4, 4 };
    static const J_COLOR_SPACE in[] = { JCS_RGB, JCS_GRAYSCALE, JCS_CMYK, JCS_CMYK };
    static const J_COLOR_SPACE stored[] = { JCS_YCbCr, JCS_GRAYSCALE, JCS_CMYK,
                                            JCS_YCCK };
    struct jpeg_compress_struct c;
    struct jpeg_error_mgr errors;
    jpeg_scan_info scans[4];
    unsigned char *p = NULL;
    unsigned long n = 0;
    buf b = { 0 };

    c.err = jpeg_std_error(&errors);
    jpeg_create_compress(&c);
    jpeg_mem_dest(&c, &p, &n);
    c.image_width = w;
    c.image_height = h;
    c.input_components = samples[how->kind];
    c.in_color_space = in[how->kind];
    jpeg_set_defaults(&c);
    jpeg_set_colorspace(&c, stored[how->kind]);
    jpeg_set_quality(&c, 97, TRUE);
    c.write_Adobe_marker = how->kind >= JPEG_CMYK && !how->no_adobe;
    c.restart_in_rows = how->restart_rows;
    c.arith_code = how->arithmetic;
    for (int i = 0; i < c.num_components && !how->chroma_420; i++)
        c.comp_info[i].h_samp_factor = c.comp_info[i].v_samp_factor = 1;
    if (how->progressive)
        jpeg_simple_progression(&c);
    if (how->one_scan_each) {
        for (int i = 0; i < c.num_components; i++)
            scans[i] = (jpeg_scan_info){ .comps_in_scan = 1,
                                         .component_index = { i },
                                         .Se = DCTSIZE2 - 1 };
        c.scan_info = scans;
        c.num_scans = c.num_components;
    }
    jpeg_start_compress(&c, TRUE);
    while (c.next_scanline < h) {
        const size_t stride = (size_t)w * (size_t)samples[how->kind];
        const size_t y = how->period ? c.next_scanline % how->period : c.next_scanline;
        JSAMPROW rows[1] = { (JSAMPROW)(uintptr_t)(pixels + y * stride) };

        jpeg_write_scanlines(&c, rows, 1);
    }
    jpeg_finish_compress(&c);
    jpeg_destroy_compress(&c);
    buf_add(&b, p, n);
    free(p);
    return b;
}
#else
buf make_jpeg(const uint8_t *pixels, uint32_t w, uint32_t h, const jpeg_how *how)
{
    (void)pixels, (void)w, (void)h, (void)how;
    return (buf){ 0 };
}
#endif

#if KAO_WITH_PNG
static void png_out(png_structp png, png_bytep p, size_t n)
{
    buf_add(png_get_io_ptr(png), p, n);
}

buf make_png(const uint8_t *rows, size_t row_bytes, uint32_t w, uint32_t h,
             const png_how *how, const uint8_t *palette)
{
    static const png_byte alphas[2] = { 255, 128 };
    const png_color_16 zero = { 0 };
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    buf b = { 0 };

    png_set_write_fn(png, &b, png_out, NULL);
    png_set_IHDR(png, info, w, h, how->depth, how->type,
                 how->interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    if (how->type == PNG_COLOR_TYPE_PALETTE) {
        png_color colors[256];

        for (int i = 0; i < 256; i++)
            colors[i] =
                (png_color){ palette[3 * i], palette[3 * i + 1], palette[3 * i + 2] };
        png_set_PLTE(png, info, colors, 1 << how->depth);
    }
    if (how->trns && how->type == PNG_COLOR_TYPE_PALETTE)
        png_set_tRNS(png, info, alphas, 2, NULL);
    else if (how->trns)
        png_set_tRNS(png, info, NULL, 0, &zero);
    png_write_info(png, info);
    const int passes = png_set_interlace_handling(png);

    for (int pass = 0; pass < passes; pass++)
        for (uint32_t y = 0; y < h; y++)
            png_write_row(png, rows + (how->period ? y % how->period : y) * row_bytes);
    png_write_end(png, info);
    png_destroy_write_struct(&png, &info);
    return b;
}
#else
buf make_png(const uint8_t *rows, size_t row_bytes, uint32_t w, uint32_t h,
             const png_how *how, const uint8_t *palette)
{
    (void)rows, (void)row_bytes, (void)w, (void)h, (void)how, (void)palette;
    return (buf){ 0 };
}
#endif

#if KAO_WITH_WEBP
buf make_webp(const uint8_t *pixels, uint32_t w, uint32_t h, bool alpha)
{
    uint8_t *p = NULL;
    const size_t n =
        alpha ? WebPEncodeLosslessRGBA(pixels, (int)w, (int)h, (int)w * 4, &p)
              : WebPEncodeLosslessRGB(pixels, (int)w, (int)h, (int)w * 3, &p);
    buf b = { 0 };

    buf_add(&b, p, n);
    WebPFree(p);
    return b;
}

buf make_webp_lossy(const uint8_t *rgb, uint32_t w, uint32_t h)
{
    uint8_t *p = NULL;
    const size_t n = WebPEncodeRGB(rgb, (int)w, (int)h, (int)w * 3, 95, &p);
    buf b = { 0 };

    buf_add(&b, p, n);
    WebPFree(p);
    return b;
}
#else
buf make_webp(const uint8_t *pixels, uint32_t w, uint32_t h, bool alpha)
{
    (void)pixels, (void)w, (void)h, (void)alpha;
    return (buf){ 0 };
}

buf make_webp_lossy(const uint8_t *rgb, uint32_t w, uint32_t h)
{
    (void)rgb, (void)w, (void)h;
    return (buf){ 0 };
}
#endif

static void put_le(uint8_t *p, uint32_t v, int n)
{
    for (int i = 0; i < n; i++)
        p[i] = (uint8_t)(v >> (8 * i));
}

static void put_be(uint8_t *p, uint32_t v, int n)
{
    for (int i = 0; i < n; i++)
        p[i] = (uint8_t)(v >> (8 * (n - 1 - i)));
}

static void webp_chunk(buf *b, const char *name, const uint8_t *p, size_t n)
{
    uint8_t head[8];

    memcpy(head, name, 4);
    put_le(head + 4, (uint32_t)n, 4);
    buf_add(b, head, 8);
    buf_add(b, p, n);
    if (n % 2)
        buf_add(b, "", 1);
}

static void webp_begin(buf *b, uint8_t flags, uint32_t w, uint32_t h)
{
    uint8_t canvas[10] = { flags };

    put_le(canvas + 4, w - 1, 3);
    put_le(canvas + 7, h - 1, 3);
    buf_add(b, "RIFF....WEBP", 12);
    webp_chunk(b, "VP8X", canvas, sizeof canvas);
}

buf make_webp_animation(const buf *still, uint32_t canvas_w, uint32_t canvas_h,
                        uint32_t x, uint32_t y, uint32_t w, uint32_t h)
{
    uint8_t head[16] = { 0 }, anim[6] = { 0 };
    buf frame = { 0 }, b = { 0 };

    put_le(head, x / 2, 3);
    put_le(head + 3, y / 2, 3);
    put_le(head + 6, w - 1, 3);
    put_le(head + 9, h - 1, 3);
    put_le(head + 12, 100, 3);
    buf_add(&frame, head, sizeof head);
    buf_add(&frame, still->p + 12, still->n - 12);
    webp_begin(&b, 0x02, canvas_w, canvas_h);
    webp_chunk(&b, "ANIM", anim, sizeof anim);
    webp_chunk(&b, "ANMF", frame.p, frame.n);
    put_le(b.p + 4, (uint32_t)b.n - 8, 4);
    buf_free(&frame);
    return b;
}

buf make_exif(uint16_t orientation, bool big, bool with_prefix)
{
    void (*const put)(uint8_t *, uint32_t, int) = big ? put_be : put_le;
    uint8_t t[8 + 2 + 24 + 4] = { 0 };
    buf b = { 0 };

    memcpy(t, big ? "MM" : "II", 2);
    put(t + 2, 42, 2);
    put(t + 4, 8, 4);
    put(t + 8, 2, 2);
    put(t + 10, 0x0100, 2); /* width, a LONG */
    put(t + 12, 4, 2);
    put(t + 14, 1, 4);
    put(t + 18, 640, 4);
    put(t + 22, 0x0112, 2);
    put(t + 24, 3, 2);
    put(t + 26, 1, 4);
    put(t + 30, orientation, 2);
    if (with_prefix)
        buf_add(&b, "Exif\0\0", 6);
    buf_add(&b, t, sizeof t);
    return b;
}

void jpeg_put_exif(buf *jpeg, uint16_t orientation, bool big)
{
    buf exif = make_exif(orientation, big, true);
    uint8_t head[4] = { 0xff, 0xe1 };

    put_be(head + 2, (uint32_t)exif.n + 2, 2);
    buf_insert(&exif, 0, head, 4);
    buf_insert(jpeg, 2, exif.p, exif.n);
    buf_free(&exif);
}

void png_fix_crc(buf *png, size_t at)
{
    const size_t n = (size_t)png->p[at] << 24 | (size_t)png->p[at + 1] << 16 |
                     (size_t)png->p[at + 2] << 8 | png->p[at + 3];
    uint32_t crc = 0xffffffff;

    for (size_t i = at + 4; i < at + 8 + n; i++) {
        crc ^= png->p[i];
        for (int k = 0; k < 8; k++)
            crc = crc & 1 ? 0xedb88320u ^ crc >> 1 : crc >> 1;
    }
    put_be(png->p + at + 8 + n, ~crc, 4);
}

void png_put_chunk(buf *png, const char *type, const void *p, size_t n, bool at_end)
{
    const size_t at = at_end ? png->n - 12 : 33; /* before IEND, behind IHDR */
    uint8_t head[8];

    put_be(head, (uint32_t)n, 4);
    memcpy(head + 4, type, 4);
    buf_insert(png, at, "....", 4);
    buf_insert(png, at, p, n);
    buf_insert(png, at, head, 8);
    png_fix_crc(png, at);
}

void png_put_exif(buf *png, uint16_t orientation, bool big, bool at_end)
{
    buf exif = make_exif(orientation, big, false);

    png_put_chunk(png, "eXIf", exif.p, exif.n, at_end);
    buf_free(&exif);
}

/* RFC 1950, RFC 1951 3.2.4: blocks that are stored, of 65535 bytes at most. */
static void add_stored(buf *b, const uint8_t *p, size_t n)
{
    uint32_t s1 = 1, s2 = 0;
    uint8_t end[4];

    buf_add(b, "\x78\x01", 2);
    for (size_t at = 0; at < n || at == 0;) {
        const size_t part = n - at < 65535 ? n - at : 65535;
        uint8_t head[5] = { at + part == n };

        put_le(head + 1, (uint32_t)part, 2);
        put_le(head + 3, ~(uint32_t)part & 0xffff, 2);
        buf_add(b, head, 5);
        buf_add(b, p + at, part);
        at += part;
        if (part == 0)
            break;
    }
    for (size_t i = 0; i < n; i++) {
        s1 = (s1 + p[i]) % 65521;
        s2 = (s2 + s1) % 65521;
    }
    put_be(end, s2 << 16 | s1, 4);
    buf_add(b, end, 4);
}

void png_put_text(buf *png, const char *type, const char *keyword, const buf *text)
{
    const bool packed = type[0] == 'z' || type[3] == 'z';
    buf b = { 0 };

    buf_add(&b, keyword, strlen(keyword) + 1);
    if (type[0] == 'i') /* compressed? method; no language, no translation */
        buf_add(&b, packed ? "\1\0\0" : "\0\0\0", 4);
    if (packed) {
        if (type[0] == 'z')
            buf_add(&b, "", 1);
        add_stored(&b, text->p, text->n);
    } else {
        buf_add(&b, text->p, text->n);
    }
    png_put_chunk(png, type[0] == 'i' ? "iTXt" : type, b.p, b.n, false);
    buf_free(&b);
}

buf make_raw_profile(const char *name, const buf *bytes)
{
    char line[64];
    buf b = { 0 };

    snprintf(line, sizeof line, "\n%s\n%8zu", name, bytes->n);
    buf_add(&b, line, strlen(line));
    for (size_t i = 0; i < bytes->n; i++) {
        snprintf(line, sizeof line, "%s%02x", i % 36 == 0 ? "\n" : "", bytes->p[i]);
        buf_add(&b, line, strlen(line));
    }
    buf_add(&b, "\n", 1);
    return b;
}

buf make_xmp(const char *orientation, bool element)
{
    char text[600];
    buf b = { 0 };
    const int n = snprintf(
        text, sizeof text,
        "<?xpacket begin='' id='W5M0MpCehiHzreSzNTczkc9d'?>"
        "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF "
        "xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><rdf:Description "
        "xmlns:tiff='http://ns.adobe.com/tiff/1.0/' "
        "xmlns:exif='http://ns.adobe.com/exif/1.0/' exif:Orientation='4'%s%s%s"
        "</rdf:Description></rdf:RDF></x:xmpmeta>",
        element ? ">\n <tiff:Orientation> " : "\n tiff:Orientation = \"", orientation,
        element ? "\n </tiff:Orientation>" : "\">");

    buf_add(&b, text, (size_t)n);
    return b;
}

void jpeg_put_xmp(buf *jpeg, const buf *xmp)
{
    static const char name[] = "http://ns.adobe.com/xap/1.0/";
    uint8_t head[4] = { 0xff, 0xe1 };
    buf b = { 0 };

    put_be(head + 2, (uint32_t)(2 + sizeof name + xmp->n), 2);
    buf_add(&b, head, 4);
    buf_add(&b, name, sizeof name);
    buf_add(&b, xmp->p, xmp->n);
    buf_insert(jpeg, 2, b.p, b.n);
    buf_free(&b);
}

void webp_put_notes(buf *webp, uint32_t w, uint32_t h, const buf *exif, const buf *xmp)
{
    /* the alpha flag of a lossless picture must agree: it is taken from its own head */
    const bool alpha = memcmp(webp->p + 12, "VP8L", 4) == 0 && (webp->p[24] & 0x10);
    buf b = { 0 };

    webp_begin(&b, (uint8_t)((exif ? 0x08 : 0) | (xmp ? 0x04 : 0) | (alpha ? 0x10 : 0)),
               w, h);
    buf_add(&b, webp->p + 12, webp->n - 12);
    if (exif)
        webp_chunk(&b, "EXIF", exif->p, exif->n);
    if (xmp)
        webp_chunk(&b, "XMP ", xmp->p, xmp->n);
    put_le(b.p + 4, (uint32_t)b.n - 8, 4);
    buf_free(webp);
    *webp = b;
}

void webp_put_xmp(buf *webp, const buf *xmp)
{
    webp_chunk(webp, "XMP ", xmp->p, xmp->n);
    put_le(webp->p + 4, (uint32_t)webp->n - 8, 4);
}

void webp_put_exif(buf *webp, uint32_t w, uint32_t h, uint16_t orientation, bool big)
{
    buf exif = make_exif(orientation, big, big);

    webp_put_notes(webp, w, h, &exif, NULL);
    buf_free(&exif);
}
