/* Reading and writing pictures: every kind of every format against its source pixels.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <png.h>

#include "base/context.h"
#include "base/file.h"
#include "image/codec_table.h"
#include "image/exif.h"
#include "image/pictures.h"

enum { W = 61, H = 43, N = W * H };

static kao_context *ctx;

static kao_image decode_ok(const buf *b, const kao_image_options *options)
{
    kao_error err = { 0 };
    kao_image m;

    if (kao_image_decode(ctx, b->p, b->n, options, &m, &err))
        fail_msg("%s", err.msg);
    return m;
}

static int worst(const kao_image *m, const uint8_t *rgb)
{
    int most = 0;

    for (uint32_t y = 0; y < m->height; y++)
        for (uint32_t x = 0; x < m->width * 3; x++) {
            const int d =
                m->rgb[y * m->row_bytes + x] - rgb[(size_t)y * m->width * 3 + x];

            most = abs(d) > most ? abs(d) : most;
        }
    return most;
}

static void expect(const buf *b, const uint8_t *rgb, int bound, const char *what)
{
    kao_image m = decode_ok(b, NULL);

    if (m.width != W || m.height != H || m.full_width != W || m.full_height != H ||
        m.reduction != 1)
        fail_msg("%s: %u x %u", what, m.width, m.height);
    if (worst(&m, rgb) > bound)
        fail_msg("%s: differs by %d, at most %d", what, worst(&m, rgb), bound);
    kao_image_free(ctx, &m);
    assert_null(m.rgb);
}

static void jpeg_kinds(void **state)
{
    static const struct {
        const char *what;
        jpeg_how how;
        int bound;
    } rows[] = {
        { "baseline", { .kind = JPEG_RGB }, 10 },
        { "progressive", { .kind = JPEG_RGB, .progressive = true }, 10 },
        { "restart", { .kind = JPEG_RGB, .restart_rows = 1 }, 10 },
        { "progressive, restart",
          { .kind = JPEG_RGB, .progressive = true, .restart_rows = 2 },
          10 },
        { "4:2:0", { .kind = JPEG_RGB, .chroma_420 = true }, 80 },
        { "grey", { .kind = JPEG_GREY }, 6 },
        { "grey, progressive", { .kind = JPEG_GREY, .progressive = true }, 6 },
        { "CMYK, Adobe", { .kind = JPEG_CMYK }, 8 },
        { "CMYK", { .kind = JPEG_CMYK, .no_adobe = true }, 8 },
        { "YCCK", { .kind = JPEG_YCCK }, 10 },
        { "YCCK, progressive", { .kind = JPEG_YCCK, .progressive = true }, 10 },
    };
    static uint8_t rgb[N * 3], in[N * 4], want[N * 3];

    (void)state;
    pattern(rgb, W, H);
    for (size_t t = 0; t < sizeof rows / sizeof rows[0]; t++) {
        const jpeg_how *how = &rows[t].how;

        for (size_t i = 0; i < N; i++) {
            const uint8_t *p = rgb + 3 * i, k = (uint8_t)(120 + i % W);

            switch (how->kind) {
            case JPEG_RGB:
                memcpy(in + 3 * i, p, 3);
                memcpy(want + 3 * i, p, 3);
                break;
            case JPEG_GREY:
                in[i] = p[1];
                memset(want + 3 * i, p[1], 3);
                break;
            case JPEG_CMYK:
            case JPEG_YCCK:
                memcpy(in + 4 * i, p, 3);
                in[4 * i + 3] = k;
                for (int c = 0; c < 3; c++) { /* Adobe: light, else ink */
                    const double s =
                        how->no_adobe ? (255.0 - p[c]) * (255.0 - k) : (double)p[c] * k;

                    want[3 * i + (size_t)c] = (uint8_t)(s / 255 + 0.5);
                }
                break;
            }
        }
        buf b = make_jpeg(in, W, H, how);

        expect(&b, want, rows[t].bound, rows[t].what);
        buf_add(&b, "garbage behind the end", 22);
        expect(&b, want, rows[t].bound, "garbage");
        buf_free(&b);
    }
}

static unsigned bits_at(const uint8_t *row, unsigned x, unsigned depth)
{
    const unsigned bit = x * depth;

    return row[bit / 8] >> (8 - depth - bit % 8) & ((1u << depth) - 1);
}

/* sample c of pixel x, scaled to 0..255 as a real number rounded */
static unsigned sample8(const uint8_t *row, unsigned index, unsigned depth)
{
    if (depth == 16)
        return (unsigned)((row[2 * index] * 256.0 + row[2 * index + 1]) / 257.0 + 0.5);
    return bits_at(row, index, depth) * 255 / ((1u << depth) - 1);
}

static void png_kinds(void **state)
{
    static const png_how rows[] = {
        { PNG_COLOR_TYPE_GRAY, 1, 0, 0 },       { PNG_COLOR_TYPE_GRAY, 2, 0, 0 },
        { PNG_COLOR_TYPE_GRAY, 4, 0, 0 },       { PNG_COLOR_TYPE_GRAY, 8, 0, 0 },
        { PNG_COLOR_TYPE_GRAY, 16, 0, 0 },      { PNG_COLOR_TYPE_PALETTE, 1, 0, 0 },
        { PNG_COLOR_TYPE_PALETTE, 2, 0, 0 },    { PNG_COLOR_TYPE_PALETTE, 4, 0, 0 },
        { PNG_COLOR_TYPE_PALETTE, 8, 0, 0 },    { PNG_COLOR_TYPE_PALETTE, 8, 0, 1 },
        { PNG_COLOR_TYPE_PALETTE, 2, 0, 1 },    { PNG_COLOR_TYPE_RGB, 8, 0, 0 },
        { PNG_COLOR_TYPE_RGB, 16, 0, 0 },       { PNG_COLOR_TYPE_RGB, 8, 0, 1 },
        { PNG_COLOR_TYPE_GRAY, 8, 0, 1 },       { PNG_COLOR_TYPE_GRAY, 2, 0, 1 },
        { PNG_COLOR_TYPE_GRAY_ALPHA, 8, 0, 0 }, { PNG_COLOR_TYPE_GRAY_ALPHA, 16, 0, 0 },
        { PNG_COLOR_TYPE_RGB_ALPHA, 8, 0, 0 },  { PNG_COLOR_TYPE_RGB_ALPHA, 16, 0, 0 },
    };
    static uint8_t raw[H][W * 8], want[N * 3], palette[768];

    (void)state;
    for (int i = 0; i < 768; i++)
        palette[i] = (uint8_t)(i * 7 + i / 3);
    for (size_t t = 0; t < 2 * sizeof rows / sizeof rows[0]; t++) {
        png_how how = rows[t / 2];
        const unsigned depth = (unsigned)how.depth;
        const bool colour = how.type & PNG_COLOR_MASK_COLOR;
        const bool alpha = how.type & PNG_COLOR_MASK_ALPHA;
        const bool indexed = how.type == PNG_COLOR_TYPE_PALETTE;
        const unsigned n_c = indexed ? 1 : (colour ? 3u : 1u) + alpha;
        char what[64];

        how.interlaced = t % 2;
        snprintf(what, sizeof what, "type %d, %u bits%s%s", how.type, depth,
                 how.interlaced ? ", interlaced" : "", how.trns ? ", tRNS" : "");
        for (unsigned y = 0; y < H; y++)
            for (unsigned i = 0; i < sizeof raw[y]; i++)
                raw[y][i] = (uint8_t)((i * 37 + y * 11) * (i % 7 + y % 3));
        memset(raw[5], 0, sizeof raw[5]); /* the clear colour, and alpha 0 */
        for (unsigned y = 0; y < H; y++)
            for (unsigned x = 0; x < W; x++) {
                unsigned a = 255, v[3];

                for (unsigned c = 0; c < 3; c++)
                    v[c] =
                        sample8(raw[y], x * n_c + (colour && !indexed ? c : 0), depth);
                if (indexed) {
                    const unsigned k = bits_at(raw[y], x, depth);

                    for (unsigned c = 0; c < 3; c++)
                        v[c] = palette[3 * k + c];
                    a = how.trns && k == 1 ? 128 : 255;
                } else if (alpha) {
                    a = sample8(raw[y], x * n_c + n_c - 1, depth);
                } else if (how.trns) {
                    bool clear = true; /* all samples are 0 */

                    for (unsigned c = 0; c < n_c; c++)
                        clear = clear && bits_at(raw[y], x * n_c + c, depth) == 0;
                    a = clear ? 0 : 255;
                }
                for (unsigned c = 0; c < 3; c++)
                    want[(y * W + x) * 3 + c] =
                        (uint8_t)((v[c] * a + 255.0 * (255 - a)) / 255 + 0.5);
            }
        buf b = make_png(raw[0], sizeof raw[0], W, H, &how, palette);

        expect(&b, want, 0, what);
        buf_add(&b, "garbage", 7);
        expect(&b, want, 0, "garbage");
        buf_free(&b);
    }
}

static void png_small_interlaced(void **state)
{
    static uint8_t rgb[9 * 9 * 3];
    const png_how how = { PNG_COLOR_TYPE_RGB, 8, true, false };

    (void)state;
    pattern(rgb, 9, 9);
    for (uint32_t w = 1; w <= 9; w++) /* some passes are empty */
        for (uint32_t h = 1; h <= 9; h++) {
            uint8_t want[9 * 9 * 3];

            for (uint32_t y = 0; y < h; y++)
                memcpy(want + y * w * 3, rgb + y * 27, w * 3);
            buf b = make_png(rgb, 27, w, h, &how, NULL);
            kao_image m = decode_ok(&b, NULL);

            assert_int_equal(m.width, w);
            assert_int_equal(worst(&m, want), 0);
            kao_image_free(ctx, &m);
            buf_free(&b);
        }
}

static void webp_kinds(void **state)
{
    static uint8_t rgb[N * 3], rgba[N * 4], want[N * 3], canvas[80 * 60 * 3];
    kao_image m;

    (void)state;
    pattern(rgb, W, H);
    for (size_t i = 0; i < N; i++) {
        const unsigned a = (unsigned)(i * 5 % 256);

        memcpy(rgba + 4 * i, rgb + 3 * i, 3);
        rgba[4 * i + 3] = (uint8_t)a;
        for (size_t c = 0; c < 3; c++)
            want[3 * i + c] =
                a == 0
                    ? 255
                    : (uint8_t)((rgb[3 * i + c] * a + 255.0 * (255 - a)) / 255 + 0.5);
    }
    buf b = make_webp(rgb, W, H, false);
    expect(&b, rgb, 0, "lossless");
    buf anim = make_webp_animation(&b, 80, 60, 6, 4, W, H);
    buf_add(&b, "garbage", 7);
    expect(&b, rgb, 0, "garbage");
    buf_free(&b);
    b = make_webp(rgba, W, H, true);
    expect(&b, want, 0, "alpha");
    buf_free(&b);
    b = make_webp_lossy(rgb, W, H);
    expect(&b, rgb, 90, "lossy");
    buf_free(&b);

    memset(canvas, 255, sizeof canvas);
    for (size_t y = 0; y < H; y++)
        memcpy(canvas + ((y + 4) * 80 + 6) * 3, rgb + y * W * 3, W * 3);
    m = decode_ok(&anim, NULL);
    assert_int_equal(m.width, 80);
    assert_int_equal(m.height, 60);
    assert_int_equal(worst(&m, canvas), 0);
    kao_image_free(ctx, &m);
    buf_free(&anim);
}

/* upright(x, y) = stored(u, v), written out for each orientation */
static size_t stored_at(unsigned o, size_t x, size_t y)
{
    const size_t u[] = { 0, x, W - 1 - x, W - 1 - x, x, y, y, W - 1 - y, W - 1 - y };
    const size_t v[] = { 0, y, y, H - 1 - y, H - 1 - y, x, H - 1 - x, H - 1 - x, x };

    return v[o] * W + u[o];
}

static void expect_turned(const buf *b, const uint8_t *stored, unsigned o,
                          const char *what)
{
    kao_image m = decode_ok(b, NULL);
    const uint32_t w = o >= 5 ? H : W, h = o >= 5 ? W : H;

    if (m.width != w || m.height != h || m.full_width != w || m.full_height != h)
        fail_msg("%s %u: %u x %u", what, o, m.width, m.height);
    for (uint32_t y = 0; y < h; y++)
        for (uint32_t x = 0; x < w; x++)
            if (memcmp(m.rgb + y * m.row_bytes + x * 3, stored + stored_at(o, x, y) * 3,
                       3))
                fail_msg("%s, orientation %u: pixel %u %u", what, o, x, y);
    kao_image_free(ctx, &m);
}

static void orientations(void **state)
{
    static uint8_t rgb[N * 3];
    const jpeg_how jpeg = { .kind = JPEG_RGB };
    const png_how png = { PNG_COLOR_TYPE_RGB, 8, false, false };

    (void)state;
    pattern(rgb, W, H);
    buf plain = make_jpeg(rgb, W, H, &jpeg);
    kao_image as_stored = decode_ok(&plain, NULL);

    for (uint16_t o = 1; o <= 8; o++)
        for (int big = 0; big < 2; big++) {
            buf b = make_jpeg(rgb, W, H, &jpeg);
            jpeg_put_exif(&b, o, big);
            expect_turned(&b, as_stored.rgb, o, "JPEG");
            buf_free(&b);
            for (int at_end = 0; at_end < 2; at_end++) {
                b = make_png(rgb, W * 3, W, H, &png, NULL);
                png_put_exif(&b, o, big, at_end);
                expect_turned(&b, rgb, o, "PNG");
                buf_free(&b);
            }
            b = make_webp(rgb, W, H, false);
            webp_put_exif(&b, W, H, o, big);
            expect_turned(&b, rgb, o, "WebP");
            buf_free(&b);
        }
    kao_image_free(ctx, &as_stored);
    buf_free(&plain);
}

static void exif_damaged(void **state)
{
    (void)state;
    for (uint16_t o = 0; o < 12; o++) {
        buf b = make_exif(o, o % 2, false);

        assert_int_equal(kao_exif_orientation((kao_span){ b.p, b.n }),
                         o >= 1 && o <= 8 ? o : 1);
        for (size_t n = 0; n < b.n; n++) { /* a cut block: read if the entry is whole */
            uint8_t *cut = malloc(n ? n : 1);

            memcpy(cut, b.p, n);
            const uint8_t got = kao_exif_orientation((kao_span){ cut, n });

            assert_true(got == 1 || (n >= 34 && got == o));
            free(cut);
        }
        buf_free(&b);
    }
    /* a directory that lies past the end, one of wrong type, one without orientation */
    assert_int_equal(
        kao_exif_orientation((kao_span){ (const uint8_t *)"II*\0\xff\xff\xff\xff", 8 }),
        1);
    buf b = make_exif(6, false, true);
    b.p[6 + 24] = 2;
    assert_int_equal(kao_exif_orientation((kao_span){ b.p, b.n }), 1);
    b.p[6 + 24] = 4; /* LONG: some write it */
    assert_int_equal(kao_exif_orientation((kao_span){ b.p, b.n }), 6);
    b.p[6 + 26] = 2; /* two values */
    assert_int_equal(kao_exif_orientation((kao_span){ b.p, b.n }), 1);
    buf_free(&b);
}

static void reduced(void **state)
{
    static const struct {
        uint32_t hint, reduction, w, h;
    } rows[] = {
        { 0, 1, 101, 67 }, { 102, 1, 101, 67 }, { 52, 1, 101, 67 }, { 51, 2, 51, 34 },
        { 27, 2, 51, 34 }, { 26, 4, 26, 17 },   { 13, 8, 13, 9 },   { 1, 8, 13, 9 },
    };
    static uint8_t rgb[101 * 67 * 3];
    const jpeg_how how = { .kind = JPEG_RGB };

    (void)state;
    pattern(rgb, 101, 67);
    for (size_t t = 0; t < sizeof rows / sizeof rows[0]; t++)
        for (uint16_t o = 1; o <= 8; o++) {
            const kao_image_options options = { .max_side = rows[t].hint };
            const bool swap = o >= 5;
            buf b = make_jpeg(rgb, 101, 67, &how);

            jpeg_put_exif(&b, o, false);
            kao_image m = decode_ok(&b, &options);
            assert_int_equal(m.reduction, rows[t].reduction);
            assert_int_equal(m.width, swap ? rows[t].h : rows[t].w);
            assert_int_equal(m.height, swap ? rows[t].w : rows[t].h);
            assert_int_equal(m.full_width, swap ? 67 : 101);
            assert_int_equal(m.full_height, swap ? 101 : 67);
            /* the first and last stored pixel, wherever they are now */
            const float r = (float)m.reduction;
            const float near_x = r / 2 - 0.5f, near_y = near_x;
            const bool flip_x = o == 2 || o == 3 || o == 6 || o == 7;
            const bool flip_y = o == 3 || o == 4 || o == 7 || o == 8;
            float x = 0, y = 0;

            kao_image_full_point(&m, flip_x ? (float)m.width - 1 : 0,
                                 flip_y ? (float)m.height - 1 : 0, &x, &y);
            const float want_x = flip_x ? (float)m.full_width - 1 - near_x : near_x;
            const float want_y = flip_y ? (float)m.full_height - 1 - near_y : near_y;

            assert_float_equal(x, want_x, 1e-4f);
            assert_float_equal(y, want_y, 1e-4f);
            kao_image_free(ctx, &m);
            buf_free(&b);
        }
}

/* --- refusals --- */

typedef struct meter { /* an allocator that notes the largest block */
    size_t most;
} meter;

static void *meter_alloc(void *user, size_t size, size_t align)
{
    meter *m = user;
    void *p = NULL;

    m->most = size > m->most ? size : m->most;
    return posix_memalign(&p, align, size) == 0 ? p : NULL;
}

static void meter_free(void *user, void *p)
{
    (void)user;
    free(p);
}

static void giants(void **state)
{
    static uint8_t rgb[N * 3];
    const png_how png = { PNG_COLOR_TYPE_RGB, 8, false, false };
    static const struct {
        uint32_t w, h;
        kao_status png, jpeg;
    } rows[] = {
        { 70000, 10, KAO_E_LIMIT, KAO_OK },
        { 0x7fffffff, 0x7fffffff, KAO_E_LIMIT, KAO_OK },
        { 10001, 10000, KAO_E_LIMIT, KAO_E_LIMIT },
        { 65000, 65000, KAO_E_LIMIT, KAO_E_LIMIT },
        { 9999, 9999, KAO_E_FORMAT, KAO_OK }, /* the file is too short for it */
    };
    meter m = { 0 };
    const kao_allocator hooks = { meter_alloc, meter_free, &m };
    const kao_context_options options = { .allocator = &hooks, .n_threads = 1 };
    kao_context *own = NULL;

    (void)state;
    pattern(rgb, W, H);
    assert_int_equal(kao_context_create(&own, &options, NULL), KAO_OK);
    for (size_t t = 0; t < sizeof rows / sizeof rows[0]; t++) {
        const uint32_t w = rows[t].w, h = rows[t].h;
        const uint8_t wh[8] = { (uint8_t)(w >> 24), (uint8_t)(w >> 16),
                                (uint8_t)(w >> 8),  (uint8_t)w,
                                (uint8_t)(h >> 24), (uint8_t)(h >> 16),
                                (uint8_t)(h >> 8),  (uint8_t)h };
        kao_error err = { 0 };
        kao_image out;
        buf b = make_png(rgb, W * 3, W, H, &png, NULL);

        memcpy(b.p + 16, wh, 8);
        png_fix_crc(&b, 8);
        assert_int_equal(kao_image_decode(own, b.p, b.n, NULL, &out, &err),
                         rows[t].png);
        assert_non_null(strstr(err.msg, "PNG"));
        buf_free(&b);
        if (rows[t].jpeg == KAO_OK)
            continue;
        b = make_jpeg(rgb, W, H, &(jpeg_how){ .kind = JPEG_RGB });
        for (size_t i = 0; i + 9 < b.n; i++)
            if (b.p[i] == 0xff && b.p[i + 1] == 0xc0) {
                memcpy(b.p + i + 5, wh + 6, 2);
                memcpy(b.p + i + 7, wh + 2, 2);
                break;
            }
        assert_int_equal(kao_image_decode(own, b.p, b.n, NULL, &out, &err),
                         rows[t].jpeg);
        buf_free(&b);
    }
    /* WebP: 16384 x 16384 in the 14-bit fields of a lossless head */
    const uint8_t webp[] = "RIFF\x12\0\0\0WEBPVP8L\x06\0\0\0\x2f\xff\xff\xff\x0f\0";
    kao_error err = { 0 };
    kao_image out;

    assert_int_equal(kao_image_decode(own, webp, 26, NULL, &out, &err), KAO_E_LIMIT);
    assert_true(m.most < 1 << 20);
    kao_context_destroy(own);
}

static const char *temp_path(char *to, size_t cap, const char *name)
{
    const char *dir = getenv("TMPDIR");

    snprintf(to, cap, "%s/kao-image-%d-%s", dir ? dir : "/tmp", (int)getpid(), name);
    return to;
}

static void write_file(const char *path, const void *p, size_t n)
{
    assert_int_equal(kao_file_write(&ctx->mem, path, p, n, NULL), KAO_OK);
}

static void refusals(void **state)
{
    static const struct {
        const char *bytes;
        size_t n;
        kao_status status;
        const char *says;
    } rows[] = {
        { "", 0, KAO_E_FORMAT, "empty file" },
        { "just text\n", 10, KAO_E_FORMAT, "not a picture" },
        { "\xff", 1, KAO_E_FORMAT, "not a picture" },
        { "GIF89a......", 12, KAO_E_UNSUPPORTED, "GIF" },
        { "\0\0\0\x18"
          "ftypheic....",
          16, KAO_E_UNSUPPORTED, "HEIC" },
        { "RIFF\xff\xff\xff\xffWEBPVP8 ", 16, KAO_E_FORMAT, "ends early" },
        { "RIFF\x04\0\0\0WEBP", 12, KAO_E_FORMAT, "no room" },
        { "\x89PNG\r\n\x1a\n....", 12, KAO_E_FORMAT, "ends early" },
        { "\xff\xd8\xff\xd9", 4, KAO_E_FORMAT, "JPEG" },
    };
    kao_error err = { 0 };
    kao_image m;
    char path[256];

    (void)state;
    temp_path(path, sizeof path, "refused.png"); /* the name says nothing */
    for (size_t t = 0; t < sizeof rows / sizeof rows[0]; t++) {
        write_file(path, rows[t].bytes, rows[t].n);
        assert_int_equal(kao_image_load(ctx, path, NULL, &m, &err), rows[t].status);
        if (!strstr(err.msg, rows[t].says) || strncmp(err.msg, path, strlen(path)) != 0)
            fail_msg("%zu: %s", t, err.msg);
        assert_null(m.rgb);
        assert_int_equal(m.width, 0);
    }
    unlink(path);
    assert_int_equal(kao_image_load(ctx, path, NULL, &m, &err), KAO_E_IO);
    assert_non_null(strstr(err.msg, "No such file"));
    assert_int_equal(kao_image_load(ctx, "/tmp", NULL, &m, &err), KAO_E_IO);
    assert_non_null(strstr(err.msg, "directory"));

    static uint8_t rgb[N * 3];
    buf b = make_jpeg(rgb, W, H, &(jpeg_how){ .kind = JPEG_RGB, .arithmetic = true });
    assert_int_equal(kao_image_decode(ctx, b.p, b.n, NULL, &m, &err),
                     KAO_E_UNSUPPORTED);
    assert_non_null(strstr(err.msg, "arithmetic"));
    buf_free(&b);
}

/* A progressive file without the scans of its second component is not a picture. */
static void missing_component(void **state)
{
    static uint8_t rgb[N * 3];
    kao_error err = { 0 };
    kao_image m;

    (void)state;
    pattern(rgb, W, H);
    buf b = make_jpeg(rgb, W, H, &(jpeg_how){ .kind = JPEG_RGB, .progressive = true });
    buf out = { 0 };
    size_t i = 0;

    /* keep all up to the first scan, and of the scans those that hold component 1 alone
     */
    while (!(b.p[i] == 0xff && b.p[i + 1] == 0xda))
        i++;
    buf_add(&out, b.p, i);
    while (b.p[i + 1] != 0xd9) {
        size_t end = i + 2;
        const bool scan = b.p[i + 1] == 0xda;

        while (!(b.p[end] == 0xff && (b.p[end + 1] == 0xda || b.p[end + 1] == 0xc4 ||
                                      b.p[end + 1] == 0xd9)))
            end++;
        if (!scan || (b.p[i + 4] == 1 && b.p[i + 5] == 1))
            buf_add(&out, b.p + i, end - i);
        i = end;
    }
    buf_add(&out, "\xff\xd9", 2);
    assert_int_equal(kao_image_decode(ctx, out.p, out.n, NULL, &m, &err), KAO_E_FORMAT);
    assert_non_null(strstr(err.msg, "component"));
    buf_free(&out);
    buf_free(&b);
}

/* Data that stops short of the picture, with a proper end behind: libjpeg would fill
 * the rest with grey and only warn. */
static void early_end(void **state)
{
    static uint8_t rgb[N * 3];

    (void)state;
    pattern(rgb, W, H);
    buf b = make_jpeg(rgb, W, H, &(jpeg_how){ .kind = JPEG_RGB });

    for (size_t n = b.n / 2; n < b.n - 8; n++) {
        kao_error err = { 0 };
        kao_image m;
        buf cut = { 0 };

        if (b.p[n - 1] == 0xff)
            continue;
        buf_add(&cut, b.p, n);
        buf_add(&cut, "\xff\xd9", 2);
        const kao_status st = kao_image_decode(ctx, cut.p, cut.n, NULL, &m, &err);

        if (st != KAO_E_FORMAT || !strstr(err.msg, "remature end"))
            fail_msg("cut at %zu of %zu: %d %s", n, b.n, st, err.msg);
        buf_free(&cut);
    }
    buf_free(&b);
}

/* A progressive bomb: one scan of few bytes, over and over. */
static void scan_bomb(void **state)
{
    static uint8_t rgb[N * 3];
    kao_error err = { 0 };
    kao_image m;

    (void)state;
    buf b = make_jpeg(rgb, W, H, &(jpeg_how){ .kind = JPEG_GREY, .progressive = true });
    size_t last = 0;

    for (size_t i = 0; i + 1 < b.n; i++)
        if (b.p[i] == 0xff && b.p[i + 1] == 0xda)
            last = i;
    const size_t n = b.n - 2 - last;
    uint8_t *scan = malloc(n);

    memcpy(scan, b.p + last, n);
    for (int i = 0; i < 600; i++)
        buf_insert(&b, b.n - 2, scan, n);
    assert_int_equal(kao_image_decode(ctx, b.p, b.n, NULL, &m, &err), KAO_E_LIMIT);
    assert_non_null(strstr(err.msg, "scans"));
    free(scan);
    buf_free(&b);
}

/* --- writing --- */

static void save_and_load(void **state)
{
    static const struct {
        const char *name;
        int bound;
        const char *magic;
    } rows[] = {
        { "a.png", 0, "\x89PNG" },
        { "a.PNG", 0, "\x89PNG" },
        { "a.jpg", 16, "\xff\xd8\xff" },
        { "a.b.jpeg", 16, "\xff\xd8\xff" },
    };
    static uint8_t rgb[N * 3], padded[H][W * 3 + 50];
    const kao_image own = {
        .rgb = padded[0], .width = W, .height = H, .row_bytes = sizeof padded[0]
    };
    kao_error err = { 0 };
    char path[256];

    (void)state;
    pattern(rgb, W, H);
    memset(padded, 0xee, sizeof padded);
    for (int y = 0; y < H; y++)
        memcpy(padded[y], rgb + y * W * 3, W * 3);
    for (size_t t = 0; t < sizeof rows / sizeof rows[0]; t++) {
        kao_image m;
        kao_file f;

        temp_path(path, sizeof path, rows[t].name);
        if (kao_image_save(ctx, path, &own, &err))
            fail_msg("%s", err.msg);
        assert_int_equal(kao_image_load(ctx, path, NULL, &m, &err), KAO_OK);
        assert_int_equal(m.width, W);
        assert_true(worst(&m, rgb) <= rows[t].bound);
        kao_image_free(ctx, &m);
        assert_int_equal(kao_file_open(&f, &ctx->mem, path, 1 << 20, &err), KAO_OK);
        assert_memory_equal(f.bytes.p, rows[t].magic, strlen(rows[t].magic));
        kao_file_close(&f);
        unlink(path);
    }
    static const char *const bad[] = { "a.webp", "a.gif", "a", "dir.png/a", ".", "" };

    for (size_t t = 0; t < sizeof bad / sizeof bad[0]; t++) {
        assert_int_equal(kao_image_save(ctx, bad[t], &own, &err), KAO_E_UNSUPPORTED);
        assert_non_null(strstr(err.msg, ".jpg, .jpeg or .png"));
    }
}

static void encode_arguments(void **state)
{
    static uint8_t rgb[N * 3];
    const kao_image own = { .rgb = rgb, .width = W, .height = H, .row_bytes = W * 3 };
    kao_image bad = own;
    uint8_t *p = NULL;
    size_t n_low = 0, n_high = 0, n = 0;

    (void)state;
    pattern(rgb, W, H);
    assert_int_equal(kao_image_encode(ctx, &own, KAO_IMAGE_JPEG, 20, &p, &n_low, NULL),
                     KAO_OK);
    kao_image_free_bytes(ctx, p);
    assert_int_equal(
        kao_image_encode(ctx, &own, KAO_IMAGE_JPEG, 100, &p, &n_high, NULL), KAO_OK);
    kao_image_free_bytes(ctx, p);
    assert_true(n_low * 2 < n_high);
    assert_int_equal(kao_image_encode(ctx, &own, KAO_IMAGE_JPEG, 101, &p, &n, NULL),
                     KAO_E_ARG);
    assert_int_equal(kao_image_encode(ctx, &own, KAO_IMAGE_WEBP, 0, &p, &n, NULL),
                     KAO_E_UNSUPPORTED);
    assert_int_equal(kao_image_encode(ctx, &own, (kao_image_format)9, 0, &p, &n, NULL),
                     KAO_E_ARG);
    bad.row_bytes = W * 3 - 1;
    assert_int_equal(kao_image_encode(ctx, &bad, KAO_IMAGE_PNG, 0, &p, &n, NULL),
                     KAO_E_ARG);
    bad = own;
    bad.width = 0;
    assert_int_equal(kao_image_encode(ctx, &bad, KAO_IMAGE_PNG, 0, &p, &n, NULL),
                     KAO_E_ARG);
    assert_null(p);
    assert_int_equal(n, 0);
}

/* --- the n-th allocation, read or write fails --- */

static void fault_load(const char *path, kao_fault kind, kao_status want)
{
    const size_t live = atomic_load(&ctx->mem.live);

    for (long long i = 0;; i++) {
        kao_error err = { 0 };
        kao_image m;

        kao_fault_arm(&ctx->mem, kind, i);
        const kao_status st = kao_image_load(ctx, path, NULL, &m, &err);

        if (!kao_fault_disarm(&ctx->mem, kind)) {
            assert_int_equal(st, KAO_OK);
            assert_true(i > 0);
            kao_image_free(ctx, &m);
            break;
        }
        if (st != want)
            fail_msg("%s, call %lld: %d %s", path, i, st, err.msg);
        assert_null(m.rgb);
        assert_true(err.msg[0]);
        assert_int_equal(atomic_load(&ctx->mem.live), live);
    }
    assert_int_equal(atomic_load(&ctx->mem.live), live);
}

static void fault_save(const char *path, kao_fault kind, kao_status want)
{
    static uint8_t rgb[N * 3];
    const kao_image own = { .rgb = rgb, .width = W, .height = H, .row_bytes = W * 3 };
    const size_t live = atomic_load(&ctx->mem.live);

    pattern(rgb, W, H);
    for (long long i = 0;; i++) {
        kao_file f;

        write_file(path, "old", 3);
        kao_fault_arm(&ctx->mem, kind, i);
        const kao_status st = kao_image_save(ctx, path, &own, NULL);

        if (!kao_fault_disarm(&ctx->mem, kind)) {
            assert_int_equal(st, KAO_OK);
            assert_true(i > 0);
            break;
        }
        if (st != want)
            fail_msg("%s, call %lld: %d", path, i, st);
        assert_int_equal(kao_file_open(&f, &ctx->mem, path, 1 << 20, NULL), KAO_OK);
        assert_int_equal(f.bytes.n, 3);
        kao_file_close(&f);
        assert_int_equal(atomic_load(&ctx->mem.live), live);
    }
    assert_int_equal(atomic_load(&ctx->mem.live), live);
}

static void faults(void **state)
{
    static uint8_t rgb[N * 3], rgba[N * 4];
    const png_how kinds[] = { { PNG_COLOR_TYPE_RGB_ALPHA, 8, true, false },
                              { PNG_COLOR_TYPE_PALETTE, 8, false, true } };
    static uint8_t palette[768];
    buf files[6];
    char path[256];

    (void)state;
    pattern(rgb, W, H);
    memset(rgba, 77, sizeof rgba);
    files[0] = make_jpeg(rgb, W, H, &(jpeg_how){ .kind = JPEG_RGB });
    jpeg_put_exif(&files[0], 6, false);
    files[1] =
        make_jpeg(rgba, W, H, &(jpeg_how){ .kind = JPEG_CMYK, .progressive = true });
    files[2] = make_png(rgba, W * 4, W, H, &kinds[0], NULL);
    png_put_exif(&files[2], 8, true, true);
    files[3] = make_png(rgb, W * 3, W, H, &kinds[1], palette);
    files[4] = make_webp(rgba, W, H, true);
    webp_put_exif(&files[4], W, H, 5, true);
    files[5] = make_webp(rgb, W, H, false);
    temp_path(path, sizeof path, "fault.dat");
    for (int t = 0; t < 6; t++) {
        write_file(path, files[t].p, files[t].n);
        fault_load(path, KAO_FAULT_ALLOC, KAO_E_NOMEM);
        fault_load(path, KAO_FAULT_IO, KAO_E_IO);
        buf_free(&files[t]);
    }
    unlink(path);
    static const char *const names[] = { "fault.jpg", "fault.png" };

    for (int t = 0; t < 2; t++) {
        temp_path(path, sizeof path, names[t]);
        fault_save(path, KAO_FAULT_ALLOC, KAO_E_NOMEM);
        fault_save(path, KAO_FAULT_IO, KAO_E_IO);
        unlink(path);
    }
}

static void create_and_free(void **state)
{
    kao_image m;

    (void)state;
    assert_int_equal(kao_image_create(ctx, 7, 5, &m, NULL), KAO_OK);
    for (size_t i = 0; i < 7 * 5 * 3; i++)
        assert_int_equal(m.rgb[i], 0);
    assert_int_equal(m.row_bytes, 21);
    kao_image_free(ctx, &m);
    kao_image_free(ctx, &m);
    kao_image_free(ctx, NULL);
    assert_int_equal(kao_image_create(ctx, 0, 5, &m, NULL), KAO_E_ARG);
    assert_int_equal(kao_image_create(ctx, 65536, 5, &m, NULL), KAO_E_LIMIT);
    assert_int_equal(kao_image_create(ctx, 20000, 20000, &m, NULL), KAO_E_LIMIT);
    assert_null(m.rgb);
}

static size_t live_at_start;

static int setup(void **state)
{
    (void)state;
    if (kao_context_create(&ctx, &(kao_context_options){ .n_threads = 1 }, NULL))
        return 1;
    live_at_start = atomic_load(&ctx->mem.live);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    const bool leaked = atomic_load(&ctx->mem.live) != live_at_start;

    kao_context_destroy(ctx);
    return leaked;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jpeg_kinds),
        cmocka_unit_test(png_kinds),
        cmocka_unit_test(png_small_interlaced),
        cmocka_unit_test(webp_kinds),
        cmocka_unit_test(orientations),
        cmocka_unit_test(exif_damaged),
        cmocka_unit_test(reduced),
        cmocka_unit_test(giants),
        cmocka_unit_test(refusals),
        cmocka_unit_test(missing_component),
        cmocka_unit_test(scan_bomb),
        cmocka_unit_test(early_end),
        cmocka_unit_test(save_and_load),
        cmocka_unit_test(encode_arguments),
        cmocka_unit_test(faults),
        cmocka_unit_test(create_and_free),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
