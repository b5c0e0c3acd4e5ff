/* Pictures whose end is missing or damaged: read, with a warning, where every pixel is
 * there, and refused where one is not. */
#include "image/fixture.h"

static const struct {
    const char *what;
    jpeg_how how;
} jpegs[] = {
    { "baseline", { .kind = JPEG_RGB } },
    { "4:2:0", { .kind = JPEG_RGB, .chroma_420 = true } },
    { "restart", { .kind = JPEG_RGB, .restart_rows = 1 } },
    { "grey", { .kind = JPEG_GREY } },
    { "CMYK", { .kind = JPEG_CMYK } },
    { "progressive", { .kind = JPEG_RGB, .progressive = true } },
    { "progressive 4:2:0",
      { .kind = JPEG_RGB, .progressive = true, .chroma_420 = true } },
    { "progressive, restart",
      { .kind = JPEG_RGB, .progressive = true, .restart_rows = 1 } },
    { "progressive, grey", { .kind = JPEG_GREY, .progressive = true } },
    { "progressive, YCCK", { .kind = JPEG_YCCK, .progressive = true } },
    { "a scan a component", { .kind = JPEG_RGB, .one_scan_each = true } },
    { "a scan a component, 4:2:0",
      { .kind = JPEG_RGB, .one_scan_each = true, .chroma_420 = true } },
};

enum { N_JPEGS = sizeof jpegs / sizeof jpegs[0] };

static buf jpeg_of(size_t i)
{
    static uint8_t pixels[N * 4];

    pattern(pixels, W, H);
    for (size_t k = N * 3; k < N * 4; k++)
        pixels[k] = (uint8_t)(k * 7);
    return make_jpeg(pixels, W, H, &jpegs[i].how);
}

/* n bytes of p, in a block of just that size, must give the pixels of want, and the
 * warning or none. */
static void expect_same(const uint8_t *p, size_t n, const kao_image *want,
                        uint32_t max_side, const char *warning, const char *what)
{
    uint8_t *exact = malloc(n);
    kao_error err = { 0 };
    kao_image m;

    memcpy(exact, p, n);
    if (kao_image_decode(ctx, exact, n, &(kao_image_options){ .max_side = max_side },
                         &m, &err))
        fail_msg("%s, %zu bytes: %s", what, n, err.msg);
    if (m.width != want->width || worst(&m, want->rgb) != 0)
        fail_msg("%s, %zu bytes: other pixels", what, n);
    if (!m.warning != !warning || (warning && strcmp(m.warning, warning) != 0))
        fail_msg("%s, %zu bytes: warning %s", what, n, m.warning ? m.warning : "none");
    kao_image_free(ctx, &m);
    free(exact);
}

static void jpeg_tails(void **state)
{
    static const struct {
        const char *what, *tail;
        size_t n;
        const char *warning;
    } rows[] = {
        { "whole", "\xff\xd9", 2, NULL },
        { "a trailer", "\xff\xd9SEFH\xff\xd8\xff\xe0 and more", 20, NULL },
        { "padding", "\0\0\0\0\0\xff\xff\xd9", 8, NULL },
        { "bytes behind the scan", "twenty bytes of text\xff\xd9", 22,
          "bytes that belong to no pixel" },
        { "no end", "", 0, "no end marker" },
        { "half an end", "\xff", 1, "no end marker" },
        { "zeros", "\0\0\0\0\0\0\0\0", 8, "no end marker" },
        { "a picture behind, no end", "\xff\xd8\xff\xe0\0\x10JFIF", 10,
          "no end marker" },
        { "a damaged segment", "\xff\xc4\0\x05\x11\xff\xff\xff\xd9", 9,
          "no end marker" },
        { "a frame of a kind that is not read", "\xff\xc5\0\x08MAKER", 9,
          "no end marker" },
    };

    (void)state;
    if (!KAO_WITH_JPEG)
        skip();
    for (size_t i = 0; i < N_JPEGS; i++)
        for (uint32_t side = 0; side < 60; side += 29) { /* full size, 1/2, 1/1 */
            buf b = jpeg_of(i);
            kao_image want = decode_ok(&b, &(kao_image_options){ .max_side = side });

            for (size_t t = 0; t < sizeof rows / sizeof rows[0]; t++) {
                char what[96];

                b.n -= 2;
                buf_add(&b, rows[t].tail, rows[t].n);
                snprintf(what, sizeof what, "%s, %s", jpegs[i].what, rows[t].what);
                expect_same(b.p, b.n, &want, side, rows[t].warning, what);
                b.n -= rows[t].n;
                buf_add(&b, "\xff\xd9", 2);
            }
            kao_image_free(ctx, &want);
            buf_free(&b);
        }
}

/* Bytes before a marker that restarts a scan. */
static void jpeg_restarts(void **state)
{
    static const struct {
        const char *tail, *warning;
    } rows[] = {
        { "", NULL },
        { "\xff\xff", NULL }, /* any marker may have these */
        { "twenty bytes of text", "bytes that belong to no pixel" },
    };

    (void)state;
    if (!KAO_WITH_JPEG)
        skip();
    for (size_t i = 0; i < N_JPEGS; i++) {
        if (!jpegs[i].how.restart_rows)
            continue;
        buf b = jpeg_of(i);
        kao_image want = decode_ok(&b, NULL);
        size_t n = 0;

        for (size_t at = 0; at + 1 < b.n; at++)
            for (size_t t = 0; t < sizeof rows / sizeof rows[0]; t++) {
                buf with = { 0 };

                if (b.p[at] != 0xff || (b.p[at + 1] & 0xf8) != 0xd0)
                    continue;
                n++;
                buf_add(&with, b.p, b.n);
                buf_insert(&with, at, rows[t].tail, strlen(rows[t].tail));
                expect_same(with.p, with.n, &want, 0, rows[t].warning, jpegs[i].what);
                buf_free(&with);
            }
        assert_true(n > 0);
        kao_image_free(ctx, &want);
        buf_free(&b);
    }
}

/* Every cut before the end marker, bare and with something behind it that can pass for
 * coded pixels: refused, also where it falls between two scans. */
static void jpeg_cuts(void **state)
{
    static char tails[3][40000]; /* none, zeros, text */

    (void)state;
    if (!KAO_WITH_JPEG)
        skip();
    memset(tails[2], 'e', sizeof tails[2]);
    for (size_t i = 0; i < N_JPEGS; i++) {
        buf b = jpeg_of(i);

        for (size_t n = 0; n + 2 < b.n; n++) {
            kao_error err = { 0 };
            kao_image m;
            buf cut = { 0 };

            buf_add(&cut, b.p, n);
            for (size_t t = 0; t < sizeof tails / sizeof tails[0]; t++) {
                cut.n = n;
                buf_add(&cut, tails[t], sizeof tails[t]);
                const kao_status st =
                    kao_image_decode(ctx, cut.p, t == 0 ? n : cut.n, NULL, &m, &err);

                if (st == KAO_OK)
                    fail_msg("%s: %zu of %zu bytes, tail %zu: read", jpegs[i].what, n,
                             b.n, t);
                assert_null(m.rgb);
            }
            buf_free(&cut);
        }
        b.n -= 2;
        jpeg_put_exif(&b, 6, true);
        kao_image m = decode_ok(&b, NULL);

        assert_int_equal(m.width, H);
        assert_string_equal(m.warning, "no end marker");
        kao_image_free(ctx, &m);
        buf_free(&b);
    }
}

static const png_how pngs[] = {
    { PNG_COLOR_TYPE_RGB, 8, false, false, 0 },
    { PNG_COLOR_TYPE_RGB_ALPHA, 8, false, false, 0 },
    { PNG_COLOR_TYPE_RGB, 8, true, false, 0 },
    { PNG_COLOR_TYPE_RGB_ALPHA, 16, true, false, 0 },
    { PNG_COLOR_TYPE_GRAY, 1, false, false, 0 },
};

enum { N_PNGS = sizeof pngs / sizeof pngs[0], IEND = 12 };

/* The chunk of pixels is the last before IEND. */
static buf png_of(size_t i)
{
    static uint8_t rows[H * W * 8];

    for (size_t k = 0; k < sizeof rows; k++)
        rows[k] = (uint8_t)(k * k / 9);
    return make_png(rows, W * 8, W, H, &pngs[i], NULL);
}

static void png_tails(void **state)
{
    static const struct {
        const char *what, *tail;
        size_t n;
        const char *warning;
    } rows[] = {
        { "whole", "\0\0\0\0IEND\xae\x42\x60\x82", 12, NULL },
        { "a trailer", "\0\0\0\0IEND\xae\x42\x60\x82 more", 17, NULL },
        { "no end", "", 0, "no end marker" },
        { "no checksum", "\0\0\0\0IEND", 8, "no end marker" },
        { "a wrong checksum", "\0\0\0\0IEND\xae\x42\x60\x83", 12, "no end marker" },
        { "zeros", "\0\0\0\0\0\0\0\0\0\0\0\0", 12, "no end marker" },
        { "half a chunk", "\0\0\0\x20tEXtComment", 15, "no end marker" },
        { "another file", "\x89PNG\r\n\x1a\n", 8, "no end marker" },
    };

    (void)state;
    if (!KAO_WITH_PNG)
        skip();
    for (size_t i = 0; i < N_PNGS; i++) {
        buf b = png_of(i);
        kao_image want = decode_ok(&b, NULL);

        for (size_t t = 0; t < sizeof rows / sizeof rows[0]; t++) {
            buf cut = { 0 };
            char what[64];

            buf_add(&cut, b.p, b.n - IEND);
            buf_add(&cut, rows[t].tail, rows[t].n);
            snprintf(what, sizeof what, "PNG %zu, %s", i, rows[t].what);
            expect_same(cut.p, cut.n, &want, 0, rows[t].warning, what);
            buf_free(&cut);
        }
        /* the checksum of the pixels is cut: zlib's own has been right */
        for (size_t n = 1; n <= 4; n++)
            expect_same(b.p, b.n - IEND - n, &want, 0, "no end marker", "PNG, cut CRC");
        kao_image_free(ctx, &want);
        buf_free(&b);
    }
}

static void png_cuts(void **state)
{
    (void)state;
    if (!KAO_WITH_PNG)
        skip();
    for (size_t i = 0; i < N_PNGS; i++) {
        buf b = png_of(i);
        kao_error err = { 0 };
        kao_image m;

        for (size_t n = 0; n + 8 < b.n - IEND; n++) { /* 8: two checksums */
            buf cut = { 0 };

            buf_add(&cut, b.p, n);
            if (kao_image_decode(ctx, cut.p, n, NULL, &m, &err) != KAO_E_FORMAT)
                fail_msg("PNG %zu: %zu of %zu bytes are read", i, n, b.n);
            assert_null(m.rgb);
            buf_free(&cut);
        }
        b.p[b.n - IEND - 1] ^= 1; /* a wrong checksum of the pixels */
        assert_int_equal(kao_image_decode(ctx, b.p, b.n, NULL, &m, &err), KAO_E_FORMAT);
        buf_free(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jpeg_tails), cmocka_unit_test(jpeg_restarts),
        cmocka_unit_test(jpeg_cuts),  cmocka_unit_test(png_tails),
        cmocka_unit_test(png_cuts),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
