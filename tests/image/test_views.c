/* Views: every format and rotation shows the same picture; pyramids: levels that do not depend
 * on what was asked before, without allocations for a shape that was seen. */
#include "support/unit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "image/pyramid.h"
#include "image/resize.h"
#include "support/meter.h"

static uint32_t noise(uint32_t i)
{
    i = (i ^ 61) ^ (i >> 16);
    i *= 9;
    i ^= i >> 4;
    i *= 0x27d4eb2d;
    return i ^ i >> 15;
}

/* ---- formats ---- */

/* ITU-R BT.601-7 2.5.1, BT.709-6 3.2: from Kr, Kb and the range, in double precision. */
static void yuv_to_rgb(kao_yuv_matrix matrix, double y, double u, double v,
                       double rgb[3])
{
    const bool hd = matrix == KAO_YUV_709 || matrix == KAO_YUV_709_FULL;
    const bool full = matrix == KAO_YUV_601_FULL || matrix == KAO_YUV_709_FULL;
    const double kr = hd ? 0.2126 : 0.299, kb = hd ? 0.0722 : 0.114, kg = 1 - kr - kb;
    const double ey = full ? y / 255 : (y - 16) / 219;
    const double pb = (u - 128) / (full ? 255 : 224),
                 pr = (v - 128) / (full ? 255 : 224);

    rgb[0] = ey + 2 * (1 - kr) * pr;
    rgb[2] = ey + 2 * (1 - kb) * pb;
    rgb[1] = (ey - kr * rgb[0] - kb * rgb[2]) / kg;
    for (int c = 0; c < 3; c++)
        rgb[c] = fmin(fmax(rgb[c] * 255, 0), 255);
}

static void yuv_rows(void **state)
{
    enum { W = 10, H = 6 };
    static const struct {
        kao_pixel_format format;
        uint32_t half_x, half_y;
    } rows[] = { { KAO_PIXELS_NV12, 1, 1 },
                 { KAO_PIXELS_YUV420, 1, 1 },
                 { KAO_PIXELS_YUV422, 1, 0 },
                 { KAO_PIXELS_YUYV, 1, 0 } };
    uint8_t luma[H * W], us[H * W], vs[H * W], uv[H * W], packed[H * W * 2], got[3 * W];

    (void)state;
    for (uint32_t i = 0; i < H * W; i++) {
        luma[i] = (uint8_t)noise(i);
        us[i] = (uint8_t)noise(i + 1000);
        vs[i] = (uint8_t)noise(i + 2000);
    }
    for (uint32_t i = 0; i < H * W; i++) /* joined, and packed for 2 x 1 */
        uv[i] = i % 2 ? vs[i / 2] : us[i / 2];
    for (uint32_t y = 0; y < H; y++)
        for (uint32_t x = 0; x < W; x++) {
            packed[(y * W + x) * 2] = luma[y * W + x];
            packed[(y * W + x) * 2 + 1] =
                x % 2 ? vs[y * W / 2 + x / 2] : us[y * W / 2 + x / 2];
        }
    for (size_t t = 0; t < COUNT(rows) * 4; t++) {
        const kao_pixel_format format = rows[t / 4].format;
        kao_view v = { .format = format,
                       .yuv = (kao_yuv_matrix)(t % 4),
                       .width = W,
                       .height = H,
                       .plane = { luma, us, vs },
                       .stride = { W, W / 2, W / 2 } };

        if (format == KAO_PIXELS_NV12) {
            v.plane[1] = uv;
            v.stride[1] = W;
        } else if (format == KAO_PIXELS_YUYV) {
            v.plane[0] = packed;
            v.stride[0] = 2 * W;
        }
        assert_int_equal(kao_view_check(&v, "v", NULL), KAO_OK);
        for (uint32_t y = 0; y < H; y++) {
            kao_view_row(&v, 1, y, W - 1, got);
            for (uint32_t x = 1; x < W; x++) {
                const uint32_t at = (y >> rows[t / 4].half_y) * (W / 2) + x / 2;
                double want[3];

                yuv_to_rgb(v.yuv, luma[y * W + x], us[at], vs[at], want);
                for (int c = 0; c < 3; c++)
                    if (fabs(want[c] - got[3 * (x - 1) + (uint32_t)c]) > 0.51)
                        fail_msg("format %d, matrix %d, pixel %u %u: %d, want %f",
                                 (int)format, (int)v.yuv, x, y,
                                 got[3 * (x - 1) + (uint32_t)c], want[c]);
            }
        }
    }
}

/* The same pixels in another format, or bottom up: the same resized picture. */
static void byte_formats(void **state)
{
    enum { W = 61, H = 47, MAX = W * H * 4 };
    static const struct {
        kao_pixel_format format;
        int bytes, at[3]; /* of R, G, B in a pixel */
    } rows[] = { { KAO_PIXELS_RGB, 3, { 0, 1, 2 } },
                 { KAO_PIXELS_BGR, 3, { 2, 1, 0 } },
                 { KAO_PIXELS_RGBA, 4, { 0, 1, 2 } },
                 { KAO_PIXELS_BGRA, 4, { 2, 1, 0 } } };
    static const uint32_t sizes[][2] = {
        { 61, 47 }, { 30, 20 }, { 100, 90 }, { 61, 1 }
    };
    static uint8_t pixels[MAX], want[100 * 90 * 3], got[100 * 90 * 3];
    kao_mem mem;

    (void)state;
    kao_mem_init(&mem, NULL);
    for (size_t s = 0; s < COUNT(sizes); s++)
        for (size_t t = 0; t < 2 * COUNT(rows); t++) {
            const int bytes = rows[t / 2].bytes;
            const ptrdiff_t stride = (ptrdiff_t)bytes * W;
            const bool up = t % 2; /* the bottom row first in memory */
            const kao_image dst = { .rgb = t ? got : want,
                                    .width = sizes[s][0],
                                    .height = sizes[s][1],
                                    .row_bytes = 3 * (size_t)sizes[s][0] };
            const kao_view v = { .format = rows[t / 2].format,
                                 .width = W,
                                 .height = H,
                                 .plane = { pixels + (up ? (H - 1) * stride : 0) },
                                 .stride = { up ? -stride : stride } };

            memset(pixels, 99, sizeof pixels);
            for (uint32_t i = 0; i < W * H; i++)
                for (int c = 0; c < 3; c++) {
                    const uint32_t y = up ? H - 1 - i / W : i / W;

                    pixels[y * stride + (ptrdiff_t)(i % W) * bytes +
                           rows[t / 2].at[c]] = (uint8_t)noise(3 * i + (uint32_t)c);
                }
            assert_int_equal(kao_resize(&mem, NULL, &v, &dst, NULL), KAO_OK);
            if (t)
                assert_memory_equal(got, want, dst.row_bytes * dst.height);
        }
    assert_int_equal(atomic_load(&mem.live), 0);
}

static void refused(void **state)
{
    static uint8_t p[64];
    static const struct {
        kao_view v;
        const char *message;
    } rows[] = {
        { { .width = 2, .height = 2, .stride = { 6 } }, "empty" },
        { { .width = 0, .height = 2, .plane = { p }, .stride = { 6 } }, "empty" },
        { { .width = 65536, .height = 1, .plane = { p } }, "65536 x 1" },
        { { .width = 2, .height = 2, .plane = { p }, .stride = { 5 } }, "rows of 5" },
        { { .width = 2, .height = 2, .plane = { p }, .stride = { -5 } }, "rows of -5" },
        { { .width = 2, .height = 2, .plane = { p }, .stride = { 6 }, .rotation = 45 },
          "rotation 45" },
        { { .width = 2, .height = 2, .plane = { p }, .stride = { 6 }, .rotation = 360 },
          "rotation 360" },
        { { .format = (kao_pixel_format)99,
            .width = 2,
            .height = 2,
            .plane = { p },
            .stride = { 6 } },
          "format 99" },
        { { .format = KAO_PIXELS_YUYV,
            .width = 3,
            .height = 1,
            .plane = { p },
            .stride = { 6 } },
          "odd width" },
        { { .format = KAO_PIXELS_NV12,
            .width = 2,
            .height = 2,
            .plane = { p },
            .stride = { 2 } },
          "plane 1 is missing" },
        { { .format = KAO_PIXELS_YUV420,
            .yuv = (kao_yuv_matrix)4,
            .width = 2,
            .height = 2,
            .plane = { p, p, p },
            .stride = { 2, 1, 1 } },
          "matrix 4" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        kao_error err = { 0 };

        assert_int_equal(kao_view_check(&rows[i].v, "it", &err), KAO_E_ARG);
        if (!strstr(err.msg, rows[i].message) || strncmp(err.msg, "it: ", 4) != 0)
            fail_msg("row %zu: %s", i, err.msg);
    }
    assert_int_equal(kao_view_check(NULL, "it", NULL), KAO_E_ARG);
}

/* ---- turns ---- */

static void turns(void **state)
{
    enum { W = 45, H = 31 };
    const kao_context_options o = { .n_threads = 2 };
    kao_context *ctx = NULL;
    kao_image lying = { 0 }, upright = { 0 };

    (void)state;
    assert_int_equal(kao_context_create(&ctx, &o, NULL), KAO_OK);
    assert_int_equal(kao_image_create(ctx, W, H, &lying, NULL), KAO_OK);
    for (uint32_t i = 0; i < W * H * 3; i++)
        lying.rgb[i] = (uint8_t)noise(i);
    kao_view v = kao_image_view(&lying);

    for (v.rotation = 90; v.rotation < 360; v.rotation += 90) {
        uint32_t w = 0, h = 0;

        kao_view_upright_size(&v, &w, &h);
        assert_true(w == (v.rotation == 180 ? W : H) &&
                    h == (v.rotation == 180 ? H : W));
        assert_int_equal(kao_image_create(ctx, w, h, &upright, NULL), KAO_OK);
        assert_int_equal(kao_image_resize(ctx, &v, &upright, NULL), KAO_OK);
        for (uint32_t y = 0; y < h; y++)
            for (uint32_t x = 0; x < w; x++) {
                /* turned clockwise, the left column comes on top */
                const uint32_t u = v.rotation == 90    ? y
                                   : v.rotation == 180 ? W - 1 - x
                                                       : W - 1 - y;
                const uint32_t t = v.rotation == 90    ? H - 1 - x
                                   : v.rotation == 180 ? H - 1 - y
                                                       : x;

                assert_memory_equal(upright.rgb + (y * w + x) * 3,
                                    lying.rgb + (t * W + u) * 3, 3);
            }
        kao_image_free(ctx, &upright);
    }
    kao_image_free(ctx, &lying);
    kao_context_destroy(ctx);
}

/* ---- pyramids ---- */

static void painted(kao_context *ctx, kao_image *m, uint32_t w, uint32_t h)
{
    assert_int_equal(kao_image_create(ctx, w, h, m, NULL), KAO_OK);
    for (uint32_t y = 0; y < h; y++)
        for (uint32_t x = 0; x < w * 3; x++)
            m->rgb[y * m->row_bytes + x] = (uint8_t)(noise(x / 9 + y / 7 * 977) & 255);
}

/* Each level is a reduction, by kao_resize, of the level that the rule names: 160 of 640 of
 * 1280 of the photograph; whichever is asked for first. */
static void levels(void **state)
{
    enum { W = 2000, H = 1500 };
    static const uint32_t sizes[][2] = {
        { 160, 120 }, { 640, 480 }, { 1280, 960 }, { 320, 240 }, { 700, 525 }
    };
    static const int from[] = { 1, 2, -1, 1, -1 }; /* -1: the photograph */
    kao_context *ctx = NULL;
    kao_pyramid *p = NULL;
    kao_image photo = { 0 }, want[COUNT(sizes)] = { { 0 } };

    (void)state;
    assert_int_equal(kao_context_create(&ctx, NULL, NULL), KAO_OK);
    painted(ctx, &photo, W, H);
    const kao_view view = kao_image_view(&photo);

    for (size_t k = 0; k < COUNT(sizes); k++) { /* 2, 1, then the rest */
        const size_t i = k < 3 ? 2 - k : k;
        const kao_view src = from[i] < 0 ? view : kao_image_view(&want[from[i]]);

        assert_int_equal(
            kao_image_create(ctx, sizes[i][0], sizes[i][1], &want[i], NULL), KAO_OK);
        assert_int_equal(kao_image_resize(ctx, &src, &want[i], NULL), KAO_OK);
    }
    for (size_t first = 0; first < COUNT(sizes); first++) {
        assert_int_equal(kao_pyramid_create(ctx, &p, NULL), KAO_OK);
        assert_int_equal(kao_pyramid_set(p, &view, NULL), KAO_OK);
        assert_true(kao_pyramid_shows(p, &view));
        for (size_t k = 0; k < 2 * COUNT(sizes); k++) {
            const size_t i = (first + k) % COUNT(sizes);
            kao_view got;

            assert_int_equal(kao_pyramid_level(p, sizes[i][0], sizes[i][1], &got, NULL),
                             KAO_OK);
            for (uint32_t y = 0; y < got.height; y++)
                assert_memory_equal(kao_view_rgb(&got, 0, y),
                                    want[i].rgb + y * want[i].row_bytes, 3 * got.width);
        }
        kao_pyramid_destroy(p);
    }
    for (size_t i = 0; i < COUNT(sizes); i++)
        kao_image_free(ctx, &want[i]);
    kao_image_free(ctx, &photo);
    kao_context_destroy(ctx);
}

/* A new picture in the same shape: other pixels, no allocation; also turned, and when two
 * shapes alternate. */
static void pyramids_keep_memory(void **state)
{
    static const uint32_t sides[2][2] = { { 1500, 1000 }, { 900, 1200 } };
    meter m;
    const kao_context_options o = { .allocator = &m.hooks, .n_threads = 2 };
    kao_context *ctx = NULL;
    kao_pyramid *p = NULL;
    kao_image photo[2] = { { 0 } };
    size_t taken = 0;

    (void)state;
    meter_init(&m);
    assert_int_equal(kao_context_create(&ctx, &o, NULL), KAO_OK);
    for (int i = 0; i < 2; i++)
        painted(ctx, &photo[i], sides[i][0], sides[i][1]);
    assert_int_equal(kao_pyramid_create(ctx, &p, NULL), KAO_OK);
    for (int round = 0; round < 6; round++) {
        kao_view v = kao_image_view(&photo[round % 2]), level;

        v.rotation = round % 2 ? 90 : 0;
        photo[round % 2].rgb[0] = (uint8_t)(round * 40); /* another picture */
        assert_int_equal(kao_pyramid_set(p, &v, NULL), KAO_OK);
        for (uint32_t side = 160; side <= 640; side *= 2) {
            const kao_place at =
                kao_letterbox_place(round % 2 ? 1200 : 1500, round % 2 ? 900 : 1000,
                                    side, side, KAO_LETTERBOX_TOP_LEFT);

            assert_int_equal(kao_pyramid_level(p, at.width, at.height, &level, NULL),
                             KAO_OK);
            assert_true(level.width == at.width && level.height == at.height);
        }
        if (round == 1)
            taken = m.allocs;
        if (round > 1)
            assert_int_equal(m.allocs, taken);
    }
    kao_pyramid_destroy(p);
    kao_image_free(ctx, &photo[0]);
    kao_image_free(ctx, &photo[1]);
    kao_context_destroy(ctx);
    assert_int_equal(atomic_load(&m.live), 0);
}

/* A part of the picture is what a level of the same scale has there, in every format and turn;
 * a reduced one is the reduction of those pixels. */
static void parts(void **state)
{
    enum { W = 202, H = 131 };
    static const kao_pixel_format formats[] = { KAO_PIXELS_RGB,    KAO_PIXELS_BGRA,
                                                KAO_PIXELS_NV12,   KAO_PIXELS_YUV420,
                                                KAO_PIXELS_YUV422, KAO_PIXELS_YUYV };
    static const kao_place places[] = {
        { 0, 0, 64, 32 }, { 61, 33, 100, 64 }, { 31, 30, 40, 101 }, { 99, 67, 32, 64 }
    };
    static uint8_t samples[3][4 * W * H];
    kao_context *ctx = NULL;
    kao_pyramid *p = NULL;

    (void)state;
    assert_int_equal(kao_context_create(&ctx, NULL, NULL), KAO_OK);
    assert_int_equal(kao_pyramid_create(ctx, &p, NULL), KAO_OK);
    for (uint32_t i = 0; i < sizeof samples; i++)
        samples[i / sizeof *samples][i % sizeof *samples] = (uint8_t)(noise(i) & 255);
    for (size_t t = 0; t < COUNT(formats) * 4 * COUNT(places); t++) {
        const kao_view v = { .format = formats[t / 16],
                             .width = W,
                             .height = H,
                             .plane = { samples[0], samples[1], samples[2] },
                             .stride = { 4 * W, 2 * W, W },
                             .rotation = (uint32_t)(t / 4 % 4 * 90) };
        const kao_place wanted = places[t % 4];
        kao_place at = wanted;
        kao_image reduced = { 0 };
        kao_view part, whole;
        uint32_t w = 0, h = 0;

        kao_view_upright_size(&v, &w, &h);
        if (at.x + at.width > w || at.y + at.height > h)
            continue;
        assert_int_equal(kao_pyramid_set(p, &v, NULL), KAO_OK);
        assert_int_equal(kao_pyramid_part(p, &at, at.width, at.height, &part, NULL),
                         KAO_OK);
        assert_int_equal(kao_pyramid_level(p, w, h, &whole, NULL), KAO_OK);
        assert_true(at.width == wanted.width && at.height == wanted.height);
        assert_true(abs((int)at.x - (int)wanted.x) <= 1 &&
                    abs((int)at.y - (int)wanted.y) <= 1);
        for (uint32_t y = 0; y < at.height; y++)
            assert_memory_equal(kao_view_rgb(&part, 0, y),
                                kao_view_rgb(&whole, at.x, at.y + y), 3 * at.width);
        if (v.rotation == 0) {
            whole = kao_view_part(&whole, at.x, at.y, at.width, at.height);
            assert_int_equal(
                kao_image_create(ctx, at.width / 3, at.height / 2, &reduced, NULL),
                KAO_OK);
            assert_int_equal(kao_image_resize(ctx, &whole, &reduced, NULL), KAO_OK);
            assert_int_equal(
                kao_pyramid_part(p, &at, reduced.width, reduced.height, &part, NULL),
                KAO_OK);
            for (uint32_t y = 0; y < part.height; y++)
                assert_memory_equal(kao_view_rgb(&part, 0, y),
                                    reduced.rgb + y * reduced.row_bytes,
                                    3 * part.width);
            kao_image_free(ctx, &reduced);
        }
    }
    kao_pyramid_destroy(p);
    kao_context_destroy(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(yuv_rows), cmocka_unit_test(byte_formats),
        cmocka_unit_test(refused),  cmocka_unit_test(turns),
        cmocka_unit_test(levels),   cmocka_unit_test(pyramids_keep_memory),
        cmocka_unit_test(parts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
