/* See made.h. Source: GIF89a Specification, appendix F; TIFF 6.0; Windows GDI, bitmap storage. */
#include "image/made.h"

#include <stdlib.h>
#include <string.h>

static void put(buf *b, uint32_t v, int n, bool big)
{
    uint8_t p[4];

    for (int i = 0; i < n; i++)
        p[i] = (uint8_t)(v >> 8 * (big ? n - 1 - i : i));
    buf_add(b, p, (size_t)n);
}

/* ---- GIF ---- */

typedef struct bits {
    buf b;
    uint32_t held, n;
} bits;

static void put_code(bits *o, uint32_t code, uint32_t size)
{
    o->held |= code << o->n;
    for (o->n += size; o->n >= 8; o->n -= 8, o->held >>= 8)
        put(&o->b, o->held & 255, 1, false);
}

/* Colours below 16: codes begin with 5 bits; the table is searched in full. */
static buf lzw(const uint8_t *p, size_t n)
{
    static uint16_t table[4096][16];
    bits o = { .n = 0 };
    uint32_t size = 5, next = 18, code = p[0];

    memset(table, 0, sizeof table);
    put_code(&o, 16, size);
    for (size_t i = 1; i < n; i++) {
        if (table[code][p[i]]) {
            code = table[code][p[i]];
            continue;
        }
        put_code(&o, code, size);
        if (next < 4096) {
            table[code][p[i]] = (uint16_t)next;
            if (next++ == 1u << size && size < 12)
                size++;
        } else {
            put_code(&o, 16, size);
            memset(table, 0, sizeof table);
            size = 5;
            next = 18;
        }
        code = p[i];
    }
    put_code(&o, code, size);
    /* the decoder's table is one entry behind */
    put_code(&o, 17, next == 1u << size && size < 12 ? size + 1 : size);
    put_code(&o, 0, 7);
    return o.b;
}

static void put_frame(buf *b, const uint8_t *indices, uint32_t w, uint32_t h,
                      const uint8_t *colours, const gif_how *how)
{
    static const uint32_t first[] = { 0, 4, 2, 1 }, step[] = { 8, 8, 4, 2 };
    uint8_t *rows = malloc((size_t)w * h), *to = rows;

    for (int pass = 0; how->interlaced && pass < 4; pass++)
        for (uint32_t y = first[pass]; y < h; y += step[pass], to += w)
            memcpy(to, indices + (size_t)y * w, w);
    if (!how->interlaced)
        memcpy(rows, indices, (size_t)w * h);
    buf data = lzw(rows, (size_t)w * h);

    free(rows);
    if (how->transparent >= 0) {
        buf_add(b, "!\xf9\x04\x05\x0a\0", 6);
        put(b, (uint32_t)how->transparent, 2, false);
    }
    buf_add(b, "!\xfe\x03way\0,", 8); /* a comment */
    put(b, how->x, 2, false);
    put(b, how->y, 2, false);
    put(b, w, 2, false);
    put(b, h, 2, false);
    put(b, (how->interlaced ? 0x40u : 0) | (how->local ? 0x83u : 0), 1, false);
    if (how->local)
        buf_add(b, colours, 48);
    put(b, 4, 1, false);
    for (size_t i = 0; i < data.n; i += 255) {
        const size_t n = data.n - i < 255 ? data.n - i : 255;

        put(b, (uint32_t)n, 1, false);
        buf_add(b, data.p + i, n);
    }
    put(b, 0, 1, false);
    buf_free(&data);
}

buf make_gif(const uint8_t *indices, uint32_t w, uint32_t h, const uint8_t *colours,
             const gif_how *how)
{
    buf b = { 0 };

    buf_add(&b, "GIF89a", 6);
    put(&b, how->canvas_w ? how->canvas_w : w, 2, false);
    put(&b, how->canvas_h ? how->canvas_h : h, 2, false);
    put(&b, how->local ? 0x70 : 0xf3, 1, false);
    put(&b, 0, 2, false);
    if (!how->local)
        buf_add(&b, colours, 48);
    buf_add(&b, "!\xff\x0bNETSCAPE2.0\x03\x01\0\0\0", 19);
    for (int i = 0; i <= how->frames; i++)
        put_frame(&b, indices, w, h, colours, how);
    buf_add(&b, ";", 1);
    return b;
}

/* ---- BMP ---- */

static void put_pixel(buf *b, const uint8_t *p, int depth)
{
    const uint8_t bgra[] = { p[2], p[1], p[0], p[3] };

    if (depth == 8)
        buf_add(b, p, 1);
    else if (depth == 16)
        put(b, (uint32_t)(p[0] >> 3) << 10 | (uint32_t)(p[1] >> 3) << 5 | p[2] >> 3, 2,
            false);
    else
        buf_add(b, bgra, (size_t)depth / 8);
}

/* Bottom row first, each padded to 4 bytes. */
static buf rows(const uint8_t *rgba, size_t stride, uint32_t w, uint32_t h, int depth,
                bool top_down)
{
    buf b = { 0 };

    for (uint32_t i = 0; i < h; i++) {
        const uint8_t *p = rgba + (top_down ? i : h - 1 - i) * stride;

        for (uint32_t x = 0; x < w; x++)
            put_pixel(&b, p + (size_t)x * 4, depth);
        while (b.n % 4)
            put(&b, 0, 1, false);
    }
    return b;
}

/* Runs, pixels as they are where a run would be one, and the end of each line. */
static buf rle_rows(const uint8_t *rgba, uint32_t w, uint32_t h)
{
    buf b = { 0 };

    for (uint32_t i = 0; i < h; i++) {
        const uint8_t *p = rgba + (size_t)(h - 1 - i) * w * 4;

        for (uint32_t x = 0, n = 0; x < w; x += n) {
            for (n = 1; x + n < w && n < 255 && p[(x + n) * 4] == p[x * 4]; n++)
                ;
            put(&b, n, 1, false);
            put(&b, p[x * 4], 1, false);
        }
        buf_add(&b, i + 1 < h ? "\0\0" : "\0\1", 2);
    }
    return b;
}

buf make_bmp(const uint8_t *rgba, uint32_t w, uint32_t h, const bmp_how *how)
{
    const uint32_t head = how->os2           ? 12
                          : how->depth == 32 ? 108
                                             : 40,
                   entry = how->os2 ? 3 : 4,
                   colours = how->depth == 8 ? 256 * entry : 0;
    const int bytes = how->os2 ? 2 : 4; /* of a side */
    buf pixels = how->rle ? rle_rows(rgba, w, h)
                          : rows(rgba, (size_t)w * 4, w, h, how->depth, how->top_down);
    buf b = { 0 };

    buf_add(&b, "BM", 2);
    put(&b, 14 + head + colours + (uint32_t)pixels.n, 4, false);
    put(&b, 0, 4, false);
    put(&b, 14 + head + colours, 4, false);
    put(&b, head, 4, false);
    put(&b, w, bytes, false);
    put(&b, how->top_down ? 0 - h : h, bytes, false);
    put(&b, 1, 2, false);
    put(&b, (uint32_t)how->depth, 2, false);
    if (!how->os2) {
        put(&b, how->rle ? 1 : how->depth == 32 ? 3 : 0, 4, false);
        put(&b, (uint32_t)pixels.n, 4, false);
    }
    for (int i = 0; !how->os2 && i < 4; i++)
        put(&b, 0, 4, false);
    for (int i = 0; head == 108 && i < 4; i++) /* masks of red, green, blue, alpha */
        put(&b, i < 3 ? 0xff0000u >> 8 * i : 0xff000000u, 4, false);
    while (b.n < 14 + head)
        put(&b, 0, 1, false);
    for (uint32_t i = 0; i < colours; i++)
        put(&b, i % entry < 3 ? i / entry : 0, 1, false);
    buf_add(&b, pixels.p, pixels.n);
    buf_free(&pixels);
    return b;
}

/* ---- TIFF ---- */

static void put_entry(buf *b, bool big, uint32_t tag, uint32_t type, uint32_t n,
                      uint32_t v)
{
    put(b, tag, 2, big);
    put(b, type, 2, big);
    put(b, n, 4, big);
    put(b, v, type == 3 && n == 1 ? 2 : 4, big);
    if (type == 3 && n == 1)
        put(b, 0, 2, big);
}

buf make_tiff(const uint8_t *pixels, uint32_t w, uint32_t h, const tiff_how *how)
{
    enum { SHORT = 3, LONG = 4, SAMPLES_AT = 8, EXTRA_AT = 20, PIXELS_AT = 26 };
    const bool big = how->big;
    const uint32_t lie_w = how->tile ? how->tile : w, lie_h = how->tile ? how->tile : h;
    const size_t n = (size_t)lie_w * lie_h * how->samples;
    const uint32_t strips = how->planes ? how->samples : 1;
    const uint32_t strip = (uint32_t)(n * how->depth / 8) / strips;
    const uint32_t end =
        PIXELS_AT + strip * strips; /* of the pixels; there: where strips are */
    const bool grey = how->grey || how->samples <= 2;
    const uint32_t n_extra = how->samples - (grey ? 1u : 3u);
    buf b = { 0 };

    buf_add(&b, big ? "MM\0*" : "II*\0", 4);
    put(&b, strips == 1 ? end : end + 8 * strips, 4, big);
    for (int i = 0; i < 6; i++) /* at SAMPLES_AT */
        put(&b, how->depth, 2, big);
    for (int i = 0; i < 3; i++) /* at EXTRA_AT */
        put(&b, i ? 0u : how->extra, 2, big);
    for (size_t i = 0; i < n; i++) {
        const size_t at = n / strips;
        const size_t sample = how->planes ? i % at * how->samples + i / at : i;
        const size_t pixel = sample / how->samples, x = pixel % lie_w,
                     y = pixel / lie_w;
        const uint8_t v =
            x < w && y < h ? pixels[(y * w + x) * how->samples + sample % how->samples]
                           : 0;

        if (how->depth == 32)
            put(&b, (uint32_t)v << 24, 4, big);
        else if (how->depth == 16)
            put(&b, (uint32_t)v << 8 | (v ^ 0x80u), 2, big);
        else
            put(&b, v, 1, big);
    }
    for (uint32_t i = 0; i < strips && strips > 1; i++)
        put(&b, PIXELS_AT + i * strip, 4, big);
    for (uint32_t i = 0; i < strips && strips > 1; i++)
        put(&b, strip, 4, big);
    put(&b,
        (n_extra ? 12u : 11u) + (how->tile ? 1u : 0u) + (how->subfile > 0 ? 1u : 0u), 2,
        big);
    if (how->subfile)
        put_entry(&b, big, 254, LONG, 1, how->subfile);
    put_entry(&b, big, 256, LONG, 1, w);
    put_entry(&b, big, 257, LONG, 1, h);
    if (how->samples == 1)
        put_entry(&b, big, 258, SHORT, 1, how->depth);
    else
        put_entry(&b, big, 258, SHORT, how->samples, /* two lie in the entry itself */
                  how->samples == 2 ? how->depth * 0x10001u : SAMPLES_AT);
    put_entry(&b, big, 259, SHORT, 1, 1);
    put_entry(&b, big, 262, SHORT, 1, grey ? 1 : 2);
    if (!how->tile)
        put_entry(&b, big, 273, LONG, strips, strips == 1 ? PIXELS_AT : end);
    put_entry(&b, big, 274, SHORT, 1, how->orientation);
    put_entry(&b, big, 277, SHORT, 1, how->samples);
    if (!how->tile) {
        put_entry(&b, big, 278, LONG, 1, h);
        put_entry(&b, big, 279, LONG, strips, strips == 1 ? strip : end + 4 * strips);
    }
    put_entry(&b, big, 284, SHORT, 1, how->planes ? 2 : 1);
    if (how->tile) {
        put_entry(&b, big, 322, LONG, 1, how->tile);
        put_entry(&b, big, 323, LONG, 1, how->tile);
        put_entry(&b, big, 324, LONG, strips, strips == 1 ? PIXELS_AT : end);
        put_entry(&b, big, 325, LONG, strips, strips == 1 ? strip : end + 4 * strips);
    }
    if (n_extra)
        put_entry(&b, big, 338, SHORT, n_extra,
                  n_extra > 2           ? EXTRA_AT
                  : n_extra > 1u && big ? (uint32_t)how->extra << 16
                                        : how->extra);
    put(&b, 0, 4, big);
    return b;
}

/* ---- ICO ---- */

static buf make_icon(const uint8_t *rgba, uint32_t w, uint32_t side, int depth)
{
    buf pixels = rows(rgba, (size_t)w * 4, side, side, depth, false), b = { 0 };

    put(&b, 40, 4, false);
    put(&b, side, 4, false);
    put(&b, side * 2, 4, false);
    put(&b, 1, 2, false);
    put(&b, (uint32_t)depth, 2, false);
    for (int i = 0; i < 6; i++)
        put(&b, 0, 4, false);
    buf_add(&b, pixels.p, pixels.n);
    buf_free(&pixels);
    for (uint32_t y = side; y-- > 0;) { /* mask: 1 is clear */
        uint8_t line[32] = { 0 };

        for (uint32_t x = 0; x < side; x++)
            if (rgba[((size_t)y * w + x) * 4 + 3] < 128)
                line[x / 8] |= (uint8_t)(0x80 >> x % 8);
        buf_add(&b, line, (side + 31) / 32 * 4);
    }
    return b;
}

buf make_ico(const uint8_t *rgba, uint32_t w, int depth, const uint32_t *sizes, int n,
             const buf *png)
{
    const int all = n + (png != NULL);
    uint32_t at = 6 + 16 * (uint32_t)all;
    buf b = { 0 }, icons = { 0 };

    put(&b, 0x10000, 4, false);
    put(&b, (uint32_t)all, 2, false);
    for (int i = 0; i < all; i++) {
        buf icon = { 0 };

        if (i < n)
            icon = make_icon(rgba, w, sizes[i], depth);
        else
            buf_add(&icon, png->p, png->n);
        put(&b, (i < n ? sizes[i] : 64) * 0x101, 4, false);
        put(&b, 1, 2, false);
        put(&b, (uint32_t)depth, 2, false);
        put(&b, (uint32_t)icon.n, 4, false);
        put(&b, at + (uint32_t)icons.n, 4, false);
        buf_add(&icons, icon.p, icon.n);
        buf_free(&icon);
    }
    buf_add(&b, icons.p, icons.n);
    buf_free(&icons);
    return b;
}
