/* Reading pictures: every kind of every format against its source pixels. */
#include "image/fixture.h"

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
    if (!KAO_WITH_JPEG)
        skip();
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
        { PNG_COLOR_TYPE_GRAY, 1, 0, 0, 0 },
        { PNG_COLOR_TYPE_GRAY, 2, 0, 0, 0 },
        { PNG_COLOR_TYPE_GRAY, 4, 0, 0, 0 },
        { PNG_COLOR_TYPE_GRAY, 8, 0, 0, 0 },
        { PNG_COLOR_TYPE_GRAY, 16, 0, 0, 0 },
        { PNG_COLOR_TYPE_PALETTE, 1, 0, 0, 0 },
        { PNG_COLOR_TYPE_PALETTE, 2, 0, 0, 0 },
        { PNG_COLOR_TYPE_PALETTE, 4, 0, 0, 0 },
        { PNG_COLOR_TYPE_PALETTE, 8, 0, 0, 0 },
        { PNG_COLOR_TYPE_PALETTE, 8, 0, 1, 0 },
        { PNG_COLOR_TYPE_PALETTE, 2, 0, 1, 0 },
        { PNG_COLOR_TYPE_RGB, 8, 0, 0, 0 },
        { PNG_COLOR_TYPE_RGB, 16, 0, 0, 0 },
        { PNG_COLOR_TYPE_RGB, 8, 0, 1, 0 },
        { PNG_COLOR_TYPE_GRAY, 8, 0, 1, 0 },
        { PNG_COLOR_TYPE_GRAY, 2, 0, 1, 0 },
        { PNG_COLOR_TYPE_GRAY_ALPHA, 8, 0, 0, 0 },
        { PNG_COLOR_TYPE_GRAY_ALPHA, 16, 0, 0, 0 },
        { PNG_COLOR_TYPE_RGB_ALPHA, 8, 0, 0, 0 },
        { PNG_COLOR_TYPE_RGB_ALPHA, 16, 0, 0, 0 },
    };
    static uint8_t raw[H][W * 8], want[N * 3], palette[768];

    (void)state;
    if (!KAO_WITH_PNG)
        skip();
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
    const png_how how = { PNG_COLOR_TYPE_RGB, 8, true, false, 0 };

    (void)state;
    if (!KAO_WITH_PNG)
        skip();
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
    if (!KAO_WITH_WEBP)
        skip();
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
    if (!KAO_WITH_JPEG)
        skip();
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

/* More than 100 million pixels: halved, by libjpeg or as the means of 2 x 2 pixels, of
 * which the last column and row have less. */
static void over_the_limit(void **state)
{
    enum { SIDE = 10001, HALF = 5001, PERIOD = 6, ROW = SIDE / 8 + 1 };
    static uint8_t bits[PERIOD * ROW], grey[16 * SIDE], palette[768];

    (void)state;
    if (!WITH_ALL)
        skip();
    for (size_t i = 0; i < sizeof bits; i++)
        bits[i] = (uint8_t)(i * i / 7 + i / ROW);
    memcpy(palette, (uint8_t[]){ 10, 200, 33, 131, 60, 250 }, 6);
    for (int trns = 0; trns < 2; trns++) {
        const png_how how = {
            .type = PNG_COLOR_TYPE_PALETTE, .depth = 1, .trns = trns, .period = PERIOD
        };
        buf b = make_png(bits, ROW, SIDE, SIDE, &how, palette);
        kao_image m = decode_ok(&b, NULL);

        assert_true(m.width == HALF && m.height == HALF && m.reduction == 2);
        assert_true(m.full_width == SIDE && m.full_height == SIDE);
        for (uint32_t y = 0; y < HALF; y = y == 7 ? HALF - 1 : y + 1)
            for (uint32_t x = 0; x < HALF; x++)
                for (uint32_t c = 0; c < 3; c++) {
                    unsigned sum = 0, n = 0;

                    for (uint32_t v = 2 * y; v < 2 * y + 2 && v < SIDE; v++)
                        for (uint32_t u = 2 * x; u < 2 * x + 2 && u < SIDE; u++, n++) {
                            const unsigned k = bits_at(bits + v % PERIOD * ROW, u, 1);
                            const unsigned p = palette[3 * k + c];

                            sum += trns && k ? (p * 128 + 255 * 127 + 127) / 255 : p;
                        }
                    if (m.rgb[y * m.row_bytes + x * 3 + c] != (2 * sum + n) / (2 * n))
                        fail_msg("PNG, pixel %u %u", x, y);
                }
        kao_image_free(ctx, &m);
        buf_free(&b);
    }
    for (size_t i = 0; i < sizeof grey; i++) /* flat blocks: their halves are exact */
        grey[i] = (uint8_t)(40 + i % SIDE / 16 * 31 % 170);
    buf b = make_jpeg(grey, SIDE, SIDE, &(jpeg_how){ .kind = JPEG_GREY, .period = 16 });
    kao_image m = decode_ok(&b, NULL);

    assert_true(m.width == HALF && m.height == HALF && m.reduction == 2);
    assert_true(m.full_width == SIDE && m.full_height == SIDE);
    for (uint32_t y = 0; y < HALF; y += 500)
        for (uint32_t x = 0; x < HALF; x++)
            if (abs(m.rgb[y * m.row_bytes + x * 3] - grey[2 * x]) > 3)
                fail_msg("JPEG, pixel %u %u", x, y);
    kao_image_free(ctx, &m);
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jpeg_kinds),
        cmocka_unit_test(png_kinds),
        cmocka_unit_test(png_small_interlaced),
        cmocka_unit_test(webp_kinds),
        cmocka_unit_test(reduced),
        cmocka_unit_test(over_the_limit),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
