/* GIF, BMP, TIFF and ICO through gdk-pixbuf: exact pixels, transparency over white, the first
 * frame of an animation, every orientation of TIFF once, sizes that lie, damage. */
#include "image/fixture.h"

#include <dlfcn.h>

#include "image/made.h"

static bool there;

static bool needs_library(void)
{
    if (!there)
        print_message("SKIP: gdk-pixbuf is not on this machine\n");
    return there;
}

static uint8_t rgba[N * 4], indices[N], colours[48];

/* Opaque above, then half clear, clear at the bottom. */
static void paint(void)
{
    static uint8_t rgb[N * 3];

    pattern(rgb, W, H);
    for (uint32_t i = 0; i < N; i++) {
        memcpy(rgba + i * 4, rgb + i * 3, 3);
        rgba[i * 4 + 3] = i / W < 20 ? 255 : i / W < 30 ? 128 : 0;
        indices[i] = (uint8_t)(rgb[i * 3] / 16);
    }
    for (uint32_t i = 0; i < 16; i++) {
        colours[i * 3] = (uint8_t)(i * 17);
        colours[i * 3 + 1] = (uint8_t)(255 - i * 9);
        colours[i * 3 + 2] = (uint8_t)(i * i);
    }
}

static int over_white(int c, int a) /* rounded */
{
    return (2 * (c * a + 255 * (255 - a)) + 255) / 510;
}

static void expect(const buf *b, uint32_t w, uint32_t h, const uint8_t *rgb, int most,
                   const char *what)
{
    kao_error err = { 0 };
    kao_image m;

    if (kao_image_decode(ctx, b->p, b->n, NULL, &m, &err))
        fail_msg("%s: %s", what, err.msg);
    if (m.width != w || m.height != h || m.warning)
        fail_msg("%s: %u x %u, %s", what, m.width, m.height, m.warning);
    if (worst(&m, rgb) > most)
        fail_msg("%s: off by %d", what, worst(&m, rgb));
    kao_image_free(ctx, &m);
}

static void gif(void **state)
{
    static const gif_how rows[] = {
        { .transparent = -1 },
        { .transparent = -1, .interlaced = true },
        { .transparent = 3, .local = true },
        { .transparent = 3,
          .x = 7,
          .y = 5,
          .canvas_w = 80,
          .canvas_h = 60,
          .frames = 2 },
    };
    static uint8_t want[80 * 60 * 3];

    (void)state;
    if (!needs_library())
        skip();
    for (size_t t = 0; t < sizeof rows / sizeof rows[0]; t++) {
        const gif_how *how = &rows[t];
        const uint32_t w = how->canvas_w ? how->canvas_w : W;
        const uint32_t h = how->canvas_h ? how->canvas_h : H;
        buf b = make_gif(indices, W, H, colours, how);

        memset(want, 255, sizeof want);
        for (uint32_t i = 0; i < N; i++)
            if (indices[i] != how->transparent)
                memcpy(want + ((i / W + how->y) * w + i % W + how->x) * 3,
                       colours + indices[i] * 3, 3);
        expect(&b, w, h, want, 0, "GIF");
        buf_free(&b);
    }
}

static void bmp(void **state)
{
    static const bmp_how rows[] = { { .depth = 24 },
                                    { .depth = 24, .top_down = true },
                                    { .depth = 8 },
                                    { .depth = 8, .rle = true },
                                    { .depth = 16 },
                                    { .depth = 32 },
                                    { .depth = 32, .top_down = true },
                                    { .depth = 24, .os2 = true },
                                    { .depth = 8, .os2 = true } };
    static uint8_t want[N * 3];

    (void)state;
    if (!needs_library())
        skip();
    for (size_t t = 0; t < sizeof rows / sizeof rows[0]; t++) {
        const bmp_how *how = &rows[t];
        buf b = make_bmp(rgba, W, H, how);

        for (uint32_t i = 0; i < N; i++)
            for (int c = 0; c < 3; c++) {
                const uint8_t v = rgba[i * 4 + (how->depth == 8 ? 0 : (uint32_t)c)];

                want[i * 3 + (uint32_t)c] =
                    how->depth == 16   ? (uint8_t)((v >> 3) * 255 / 31)
                    : how->depth == 32 ? (uint8_t)over_white(v, rgba[i * 4 + 3])
                                       : v;
            }
        /* 5 bits to 8: repeated bits or a division, one apart at most */
        expect(&b, W, H, want, how->depth == 16, "BMP");
        buf_free(&b);
    }
}

/* upright(x, y) = stored(u, v): TIFF 6.0, tag 274 */
static size_t stored_at(unsigned o, size_t x, size_t y)
{
    const size_t u[] = { 0, x, W - 1 - x, W - 1 - x, x, y, y, W - 1 - y, W - 1 - y };
    const size_t v[] = { 0, y, y, H - 1 - y, H - 1 - y, x, H - 1 - x, H - 1 - x, x };

    return v[o] * W + u[o];
}

static void tiff(void **state)
{
    static uint8_t want[N * 3], pixels[N * 4];

    (void)state;
    if (!needs_library())
        skip();
    for (uint16_t o = 1; o <= 8; o++)
        for (unsigned kind = 0; kind < 14; kind++) {
            static const uint16_t samples[] = { 3, 3, 1, 4, 2, 2, 4 };
            const tiff_how how = { .big = kind % 2,
                                   .orientation = o,
                                   .depth = kind / 2 == 1 ? 16 : 8,
                                   .samples = samples[kind / 2],
                                   .planes = kind / 2 >= 5,
                                   .extra = kind % 2 ? 1 : 2 };
            const bool grey = how.samples <= 2, alpha = how.samples % 2 == 0;
            const uint32_t w = o >= 5 ? H : W, h = o >= 5 ? W : H;

            for (uint32_t i = 0; i < N; i++)
                for (uint32_t c = 0; c < how.samples; c++) {
                    const bool is_alpha = alpha && c == how.samples - 1u;
                    const int a = rgba[i * 4 + 3], v = is_alpha ? a : rgba[i * 4 + c];

                    /* associated: multiplied by alpha */
                    pixels[i * how.samples + c] =
                        (uint8_t)(alpha && how.extra == 1 && !is_alpha
                                      ? (v * a + 127) / 255
                                      : v);
                }
            for (uint32_t y = 0; y < h; y++)
                for (uint32_t x = 0; x < w; x++) {
                    const uint8_t *p = rgba + stored_at(o, x, y) * 4;

                    for (int c = 0; c < 3; c++)
                        want[(y * w + x) * 3 + (uint32_t)c] =
                            alpha ? (uint8_t)over_white(p[grey ? 0 : c], p[3])
                                  : p[grey ? 0 : c];
                }
            buf b = make_tiff(pixels, W, H, &how);
            char what[64];

            snprintf(what, sizeof what, "TIFF, orientation %u, kind %u", o, kind);
            /* multiplied by alpha it was rounded once more */
            expect(&b, w, h, want, alpha ? 1 : how.depth == 16, what);
            buf_free(&b);
        }
}

/* What stands beside colours is alpha only where the file says so. */
static void tiff_beside(void **state)
{
    static uint8_t want[N * 3], pixels[N * 6];

    (void)state;
    if (!needs_library())
        skip();
    for (unsigned kind = 0; kind < 24; kind++) {
        const tiff_how how = { .big = kind % 2,
                               .orientation = 1,
                               .depth = kind / 2 % 2 ? 16 : 8,
                               .samples = (uint16_t)(4 + kind / 4 % 3),
                               .extra = kind < 12 ? 0 : 2 };
        char what[64];

        for (uint32_t i = 0; i < N; i++) {
            const uint8_t *p = rgba + i * 4;

            memset(pixels + i * how.samples, 77, how.samples);
            memcpy(pixels + i * how.samples, p, 4);
            for (uint32_t c = 0; c < 3; c++)
                want[i * 3 + c] = how.extra ? (uint8_t)over_white(p[c], p[3]) : p[c];
        }
        buf b = make_tiff(pixels, W, H, &how);

        snprintf(what, sizeof what, "TIFF, samples %u, kind %u", how.samples, kind);
        expect(&b, W, H, want, 1, what);
        buf_free(&b);
    }
}

/* In tiles that pass its side libtiff reads most kinds as they are; others are refused. */
static void tiff_tiles(void **state)
{
    static const struct {
        uint16_t samples, depth;
        bool planes, is_refused, grey;
    } rows[] = {
        { 1, 8, false, false, true },   { 1, 16, false, true, true },
        { 2, 8, false, true, true },    { 2, 16, false, true, true },
        { 2, 8, true, false, true },    { 3, 8, false, false, false },
        { 3, 16, false, false, false }, { 4, 8, false, false, false },
        { 4, 16, false, false, false }, { 3, 8, false, true, true },
        { 4, 16, false, true, true },   { 3, 8, true, false, true },
    };
    static uint8_t want[N * 3], pixels[N * 4];

    (void)state;
    if (!needs_library())
        skip();
    for (size_t t = 0; t < 4 * sizeof rows / sizeof rows[0]; t++) {
        const uint32_t tile = 64, w = t % 2 ? W : tile, h = N / tile;
        const uint16_t samples = rows[t / 4].samples;
        const tiff_how how = { .big = t / 2 % 2,
                               .orientation = 1,
                               .depth = rows[t / 4].depth,
                               .samples = samples,
                               .grey = rows[t / 4].grey,
                               .planes = rows[t / 4].planes,
                               .tile = tile };
        kao_error err = { 0 };
        kao_image m;
        char what[64];

        for (uint32_t i = 0; i < w * h; i++)
            for (uint32_t c = 0; c < 4; c++) {
                if (c < samples)
                    pixels[i * samples + c] = rgba[i * 4 + c];
                if (c < 3)
                    want[i * 3 + c] = rgba[i * 4 + (how.grey ? 0 : c)];
            }
        buf b = make_tiff(pixels, w, h, &how);

        snprintf(what, sizeof what, "TIFF in tiles, %zu", t);
        if (w % tile && rows[t / 4].is_refused)
            assert_int_equal(kao_image_decode(ctx, b.p, b.n, NULL, &m, &err),
                             KAO_E_UNSUPPORTED);
        else
            expect(&b, w, h, want, 1, what);
        buf_free(&b);
    }
}

static void ico(void **state)
{
    static const uint32_t sizes[] = { 16, 32, 8 };
    static uint8_t want[64 * 64 * 3];
    const png_how png = { .type = PNG_COLOR_TYPE_RGB, .depth = 8 };

    (void)state;
    if (!needs_library())
        skip();
    for (int depth = 24; depth <= 32; depth += 8) {
        buf b = make_ico(rgba, W, depth, sizes, 3, NULL);

        for (uint32_t i = 0; i < 32 * 32; i++)
            for (int c = 0; c < 3; c++) {
                const uint8_t *p = rgba + (i / 32 * W + i % 32) * 4;
                const int a = depth == 32 ? p[3] : p[3] < 128 ? 0 : 255;

                want[i * 3 + (uint32_t)c] = (uint8_t)over_white(p[c], a);
            }
        expect(&b, 32, 32, want, 0, depth == 32 ? "ICO, 32 bits" : "ICO, 24 bits");
        buf_free(&b);
    }
    if (!KAO_WITH_PNG)
        return;
    pattern(want, 64, 64);
    buf in = make_png(want, 64 * 3, 64, 64, &png, NULL);
    buf b = make_ico(rgba, W, 24, sizes, 3, &in);

    expect(&b, 64, 64, want, 0, "ICO with a PNG");
    buf_free(&b);
    buf_free(&in);
}

/* Of each format one file. */
static buf one(int format)
{
    static const uint32_t size = 32;
    static const gif_how gif_plain = { .transparent = 3, .frames = 1 };
    static const tiff_how tiff_plain = { .orientation = 6, .depth = 8, .samples = 1 };

    switch (format) {
    case 0:
        return make_gif(indices, W, H, colours, &gif_plain);
    case 1:
        return make_bmp(rgba, W, H, &(bmp_how){ .depth = 24 });
    case 2:
        return make_bmp(rgba, W, H, &(bmp_how){ .depth = 8, .rle = true });
    case 3:
        return make_tiff(indices, W, H, &tiff_plain);
    case 4:
        return make_ico(rgba, W, 24, &size, 1, NULL);
    default:
        return (buf){ 0 };
    }
}

static kao_status try(const uint8_t *p, size_t n, kao_image *m, kao_error *err)
{
    const size_t live = atomic_load(&ctx->mem.live);
    uint8_t *exact = malloc(n ? n : 1); /* a sanitizer sees a read past it */

    memcpy(exact, p, n);
    const kao_status st = kao_image_decode(ctx, exact, n, NULL, m, err);

    free(exact);
    assert_true(st == KAO_OK || (!m->rgb && err->msg[0] && !strchr(err->msg, '\n')));
    assert_true(st == KAO_OK || err->offset == UINT64_MAX || err->offset <= n);
    assert_true(st == KAO_OK || atomic_load(&ctx->mem.live) == live);
    return st;
}

/* A file that is cut has its pixels, all of them as they are in the whole one, or is refused. */
static void every_prefix(void **state)
{
    (void)state;
    if (!needs_library())
        skip();
    for (int f = 0; f < 5; f++) {
        buf b = one(f);
        kao_image whole = decode_ok(&b, NULL);
        size_t least = b.n;

        for (size_t n = 0; n < b.n; n++) {
            kao_image m;
            kao_error err = { 0 };
            const kao_status st = try(b.p, n, &m, &err);

            if (st && st != KAO_E_FORMAT)
                fail_msg("format %d, %zu of %zu bytes: %d %s", f, n, b.n, st, err.msg);
            if (st)
                continue;
            least = n < least ? n : least;
            assert_int_equal(m.width, whole.width);
            assert_int_equal(worst(&m, whole.rgb), 0);
            kao_image_free(ctx, &m);
        }
        /* of the GIF the second frame may be missing, of the others next to nothing */
        if (least < (f == 0 ? b.n / 2 : b.n - 24))
            fail_msg("format %d: %zu of %zu bytes were enough", f, least, b.n);
        kao_image_free(ctx, &whole);
        buf_free(&b);
    }
}

static void many_changes(void **state)
{
    (void)state;
    if (!needs_library())
        skip();
    for (int f = 0; f < 5; f++) {
        buf b = one(f);
        uint32_t s = 12345;

        for (int i = 0; i < 3000; i++) {
            kao_image m = { 0 };
            kao_error err = { 0 };

            s = s * 1664525u + 1013904223u;
            /* half of them in the heads */
            const size_t at = (size_t)((uint64_t)s * (i % 2      ? b.n
                                                      : b.n < 80 ? b.n
                                                                 : 80) >>
                                       32);
            const uint8_t was = b.p[at];

            s = s * 1664525u + 1013904223u;
            b.p[at] ^= (uint8_t)(1 + (s >> 24) % 255);
            try(b.p, b.n, &m, &err);
            kao_image_free(ctx, &m);
            b.p[at] = was;
        }
        buf_free(&b);
    }
}

/* Heads of a few bytes that claim a great deal. */
static void hostile_sizes(void **state)
{
    static const struct {
        int format;
        size_t at; /* of the width; the height follows */
        int n;     /* bytes each */
    } rows[] = { { 0, 6, 2 }, { 1, 18, 4 }, { 2, 18, 4 } };
    /* 20000: what the loaders themselves would still take */
    static const uint8_t side[] = { 0x20, 0x4e };
    kao_image m;
    kao_error err = { 0 };

    (void)state;
    if (!needs_library())
        skip();
    for (size_t t = 0; t < sizeof rows / sizeof rows[0]; t++) {
        buf b = one(rows[t].format);

        memset(b.p + rows[t].at, 0, (size_t)rows[t].n * 2);
        memcpy(b.p + rows[t].at, side, 2);
        memcpy(b.p + rows[t].at + rows[t].n, side, 2);
        if (try(b.p, b.n, &m, &err) != KAO_E_LIMIT ||
            !strstr(err.msg, "20000 x 20000 pixels"))
            fail_msg("format %d: %s", rows[t].format, err.msg);
        buf_free(&b);
    }
    const tiff_how how = { .orientation = 1, .depth = 8, .samples = 3 };
    buf b = make_tiff(rgba, W, H, &how);

    const size_t width =
        kao_le32(b.p + 4) + 2 + 8; /* value of the first entry, then the second */
    /* and 60000: what their numbers cannot hold */
    static const uint8_t sides[][2] = { { 0x20, 0x4e }, { 0x60, 0xea } };
    for (size_t t = 0; t < 2; t++) {
        memcpy(b.p + width, sides[t], 2);
        memcpy(b.p + width + 12, sides[t], 2);
        if (try(b.p, b.n, &m, &err) != KAO_E_LIMIT ||
            !strstr(err.msg,
                    t ? "TIFF: 60000 x 60000 pixels" : "TIFF: 20000 x 20000 pixels"))
            fail_msg("TIFF: %s", err.msg);
    }
    buf_free(&b);

    b = one(1);
    memset(b.p + 13, 0xfb, 1); /* pixels that begin four gigabytes further on */
    if (try(b.p, b.n, &m, &err) != KAO_E_FORMAT ||
        !strstr(err.msg, "BMP: its pixels are to begin at byte 42"))
        fail_msg("BMP: %s", err.msg);
    buf_free(&b);

    for (int format = 1; format <= 4; format += 3) { /* a table of four gigabytes */
        b = one(format);
        memcpy(b.p + (format == 1 ? 14 : 22) + 32, "\0\0\0\xff", 4);
        if (try(b.p, b.n, &m, &err) != KAO_E_FORMAT ||
            !strstr(err.msg, ": a table of 4278190080 colours"))
            fail_msg("colours: %s", err.msg);
        buf_free(&b);
    }

    b = one(0); /* a small canvas, a frame that is none */
    for (size_t i = 0; i + 9 < b.n; i++)
        if (memcmp(b.p + i, "\x03way\0,", 6) == 0)
            memset(b.p + i + 10, 0xff, 4);
    assert_int_equal(try(b.p, b.n, &m, &err), KAO_E_LIMIT);
    buf_free(&b);
}

/* A camera's raw file begins with a small copy: the faces of that are not the photograph's. A page of
 * several is read. */
static void tiff_of_a_camera(void **state)
{
    (void)state;
    if (!needs_library())
        skip();
    for (int big = 0; big < 2; big++)
        for (uint16_t kind = 0; kind < 4; kind++) {
            const tiff_how how = {
                .big = big, .orientation = 1, .depth = 8, .samples = 3, .subfile = kind
            };
            buf b = make_tiff(rgba, W, H, &how);
            kao_error err = { 0 };
            kao_image m;
            const kao_status st = try(b.p, b.n, &m, &err);

            if (st != (kind & 1 ? KAO_E_UNSUPPORTED : KAO_OK) ||
                (st && !strstr(err.msg, "raw file")))
                fail_msg("kind %d: %d %s", kind, st, err.msg);
            kao_image_free(ctx, &m);
            buf_free(&b);
        }
}

/* Whole files of samples that libtiff makes no bytes of: not damaged, but not read. */
static void tiff_deep(void **state)
{
    static const uint8_t planes[] = "\x1c\x01\3\0\1\0\0\0\1"; /* one for all samples */

    (void)state;
    if (!needs_library())
        skip();
    for (uint16_t samples = 1; samples <= 4; samples++)
        for (int kind = 0; kind < 4; kind++) { /* floating point of 8 bits; 32 bits */
            const bool is_float = kind > 2;
            const tiff_how how = { .big = kind == 1,
                                   .orientation = 1,
                                   .depth = kind && !is_float ? 32 : 8,
                                   .samples = samples };
            buf b = make_tiff(rgba, W, H, &how);
            kao_error err = { 0 };
            kao_image m;

            for (size_t i = 0; is_float && i + sizeof planes < b.n; i++)
                if (memcmp(b.p + i, planes, sizeof planes - 1) == 0) {
                    b.p[i] = 0x53; /* its tag in the place of that */
                    b.p[i + 8] = 3;
                }
            const kao_status st = try(b.p, b.n, &m, &err);

            if (st != (kind ? KAO_E_UNSUPPORTED : KAO_OK) ||
                (st && !strstr(err.msg, "TIFF: samples of")))
                fail_msg("%d samples, kind %d: %d %s", samples, kind, st, err.msg);
            kao_image_free(ctx, &m);
            buf_free(&b);
        }
}

/* A code that no table holds: other readers hand out what lay in memory. */
static void gif_codes(void **state)
{
    static const struct {
        const char *data; /* code size, sub-block, the rest */
        size_t n;
        const char *says; /* NULL: it is read */
    } rows[] = {
        /* 3 bits a code: clear, 1, 6 (the two before), 1: 4 pixels; end */
        { "\x02\x02\x8c\x53\0;", 6, NULL },
        { "\x02\x02\x8c\x53", 4, NULL }, /* no end marker */
        { "\x02\x02\x8c\x53\0", 5, NULL },
        { "\x02\x02\x8c", 3, "ends early" },
        { "\x02\x01\x8c\0;", 5, "pixels end early" },
        { "\x02\x01\x2c\0;", 5, "pixels end early" },  /* clear, end */
        { "\x02\x02\x3c\0\0;", 6, "impossible code" }, /* clear, 7 */
        { "\x0c\x02\x8c\x53\0;", 6, "codes of 12 bits" },
    };
    static const char head[] =
        "GIF87a\x02\0\x02\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\x02\0\x02\0";

    (void)state;
    if (!needs_library())
        skip();
    for (size_t t = 0; t < sizeof rows / sizeof rows[0]; t++) {
        kao_error err = { 0 };
        kao_image m;
        buf b = { 0 };

        buf_add(&b, head, sizeof head);
        buf_add(&b, rows[t].data, rows[t].n);
        const kao_status st = try(b.p, b.n, &m, &err);

        if (rows[t].says ? st != KAO_E_FORMAT || !strstr(err.msg, rows[t].says) : st)
            fail_msg("row %zu: %d %s", t, st, err.msg);
        if (!rows[t].says) {
            assert_true((m.warning != NULL) == (rows[t].n < 6));
            for (int i = 0; i < 4 * 3; i++)
                assert_int_equal(m.rgb[i], 255);
        }
        kao_image_free(ctx, &m);
        buf_free(&b);
    }
}

/* The name ends what is told of a missing library: what to install. */
static void names(void **state)
{
    (void)state;
    for (int f = 0; f < 5; f++) {
        static const char *const says[] = { "GIF", "BMP", "BMP", "TIFF", "ICO" };
        buf b = one(f);
        kao_image m;
        kao_error err = { 0 };
        const kao_status st = try(b.p, there ? b.n / 3 : b.n, &m, &err);

        assert_int_equal(st, there ? KAO_E_FORMAT : KAO_E_UNSUPPORTED);
        assert_true(strncmp(err.msg, says[f], strlen(says[f])) == 0);
        assert_true(there || strstr(err.msg, "libgdk-pixbuf-2.0-0"));
        buf_free(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gif),
        cmocka_unit_test(bmp),
        cmocka_unit_test(tiff),
        cmocka_unit_test(tiff_beside),
        cmocka_unit_test(tiff_tiles),
        cmocka_unit_test(ico),
        cmocka_unit_test(tiff_of_a_camera),
        cmocka_unit_test(tiff_deep),
        cmocka_unit_test(every_prefix),
        cmocka_unit_test(many_changes),
        cmocka_unit_test(hostile_sizes),
        cmocka_unit_test(gif_codes),
        cmocka_unit_test(names),
    };
    void *library = dlopen("libgdk_pixbuf-2.0.so.0", RTLD_LAZY | RTLD_NODELETE);

    there = library != NULL;
    if (library)
        dlclose(library);
    paint();
    return cmocka_run_group_tests(tests, setup, teardown);
}
