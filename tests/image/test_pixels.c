/* Resize, letterbox, warp, tensor and drawing against plain double-precision loops. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/context.h"
#include "image/resize.h"
#include "image/tensor.h"
#include "image/warp.h"

static kao_context *ctx, *many; /* 1 thread, 4 threads */

static kao_image make(uint32_t w, uint32_t h, uint32_t pad, uint32_t seed)
{
    kao_image m = { .width = w, .height = h, .row_bytes = (size_t)w * 3 + pad };

    m.rgb = malloc(m.row_bytes * h);
    for (size_t i = 0; i < m.row_bytes * h; i++) {
        seed = seed * 1664525u + 1013904223u;
        m.rgb[i] = seed >> 31 ? (uint8_t)(seed >> 20) : (uint8_t)(seed >> 30 ? 255 : 0);
    }
    return m;
}

static const uint8_t *at(const kao_image *m, uint32_t x, uint32_t y)
{
    return m->rgb + y * m->row_bytes + (size_t)x * 3;
}

/* What share of source pixel j the output pixel i is made of. */
static double share(uint32_t i, uint32_t j, uint32_t s, uint32_t d)
{
    const double ratio = (double)s / d;

    if (s > d) {
        const double lo = fmax(i * ratio, j), hi = fmin((i + 1) * ratio, j + 1.0);

        return hi > lo ? (hi - lo) / ratio : 0;
    }
    const double c = fmin(fmax((i + 0.5) * ratio - 0.5, 0), s - 1.0);

    return fmax(0, 1 - fabs(c - j));
}

static kao_status resize(kao_context *c, const kao_image *src, const kao_image *dst,
                         kao_error *err)
{
    const kao_view view = kao_image_view(src);

    return kao_image_resize(c, &view, dst, err);
}

static bool warp(const kao_image *src, const double m[6], const kao_image *dst)
{
    const kao_view view = kao_image_view(src);

    return kao_warp(&view, m, dst);
}

static void range(uint32_t i, uint32_t s, uint32_t d, uint32_t *from, uint32_t *to)
{
    const double ratio = (double)s / d;
    const double lo = floor(i * ratio) - 2, hi = ceil((i + 1) * ratio) + 2;

    *from = lo > 0 ? (uint32_t)lo : 0;
    *to = hi < s ? (uint32_t)hi : s;
}

static void resize_is_exact(void **state)
{
    static const uint32_t sizes[][4] = {
        { 64, 48, 32, 24 },     { 63, 45, 21, 15 },  { 96, 64, 12, 4 },
        { 60, 60, 20, 30 },     { 100, 80, 33, 27 }, { 101, 67, 100, 66 },
        { 50, 40, 1, 1 },       { 7, 5, 7, 5 },      { 7, 5, 20, 13 },
        { 1, 1, 9, 4 },         { 2, 3, 64, 64 },    { 40, 30, 60, 15 },
        { 30, 40, 15, 60 },     { 300, 9, 7, 9 },    { 9, 300, 9, 7 },
        { 33, 17, 32, 16 },     { 3000, 3, 2, 3 },   { 640, 400, 320, 200 },
        { 700, 500, 320, 200 }, { 85, 34, 5, 2 },    { 34, 34, 17, 17 },
    };

    (void)state;
    for (size_t t = 0; t < sizeof sizes / sizeof sizes[0]; t++) {
        const uint32_t sw = sizes[t][0], sh = sizes[t][1], dw = sizes[t][2],
                       dh = sizes[t][3];
        kao_image src = make(sw, sh, 5, (uint32_t)t), dst = make(dw, dh, 7, 9);
        kao_image again = make(dw, dh, 7, 9);
        const double taps = (sw > dw ? ceil((double)sw / dw) + 1 : 2) +
                            (sh > dh ? ceil((double)sh / dh) + 1 : 2);
        const double bound = 0.51 + 0.004 * taps;

        assert_int_equal(resize(ctx, &src, &dst, NULL), KAO_OK);
        for (uint32_t y = 0; y < dh; y++)
            for (uint32_t x = 0; x < dw; x++) {
                uint32_t xa, xb, ya, yb;
                double want[3] = { 0 };

                range(x, sw, dw, &xa, &xb);
                range(y, sh, dh, &ya, &yb);
                for (uint32_t v = ya; v < yb; v++)
                    for (uint32_t u = xa; u < xb; u++)
                        for (int c = 0; c < 3; c++)
                            want[c] += share(x, u, sw, dw) * share(y, v, sh, dh) *
                                       at(&src, u, v)[c];
                for (int c = 0; c < 3; c++)
                    if (fabs(want[c] - at(&dst, x, y)[c]) > bound)
                        fail_msg("%ux%u -> %ux%u, pixel %u %u: %d, want %f", sw, sh, dw,
                                 dh, x, y, at(&dst, x, y)[c], want[c]);
            }
        /* padding bytes stay, and four threads give the same */
        assert_int_equal(resize(many, &src, &again, NULL), KAO_OK);
        assert_memory_equal(again.rgb, dst.rgb, dst.row_bytes * dh);
        free(src.rgb);
        free(dst.rgb);
        free(again.rgb);
    }
}

static void resize_large(void **state)
{
    kao_image src = make(1300, 900, 0, 3), a = make(417, 299, 0, 0),
              b = make(417, 299, 0, 1);

    (void)state;
    assert_int_equal(resize(ctx, &src, &a, NULL), KAO_OK);
    assert_int_equal(resize(many, &src, &b, NULL), KAO_OK);
    assert_memory_equal(a.rgb, b.rgb, a.row_bytes * a.height);
    free(src.rgb);
    free(a.rgb);
    free(b.rgb);
}

static void resize_keeps_flat(void **state)
{
    static const uint32_t sizes[][4] = {
        { 97, 61, 40, 17 }, { 13, 9, 50, 41 }, { 64, 64, 32, 16 }, { 1000, 7, 3, 5 }
    };

    (void)state;
    for (int v = 0; v < 256; v += 51)
        for (size_t t = 0; t < 4; t++) {
            kao_image src = make(sizes[t][0], sizes[t][1], 0, 1);
            kao_image dst = make(sizes[t][2], sizes[t][3], 0, 2);

            memset(src.rgb, v, src.row_bytes * src.height);
            assert_int_equal(resize(ctx, &src, &dst, NULL), KAO_OK);
            for (size_t i = 0; i < dst.row_bytes * dst.height; i++)
                assert_int_equal(dst.rgb[i], v);
            free(src.rgb);
            free(dst.rgb);
        }
}

/* [1,2,3,4] -> 8 with half-pixel centres, by hand, here times 40 */
static void resize_by_hand(void **state)
{
    static const double want[8] = { 1, 1.25, 1.75, 2.25, 2.75, 3.25, 3.75, 4 };
    kao_image src = make(4, 1, 0, 0), dst = make(8, 1, 0, 0);

    (void)state;
    for (int i = 0; i < 12; i++)
        src.rgb[i] = (uint8_t)((i / 3 + 1) * 40);
    assert_int_equal(resize(ctx, &src, &dst, NULL), KAO_OK);
    for (int i = 0; i < 24; i++)
        assert_int_equal(dst.rgb[i], want[i / 3] * 40);
    free(src.rgb);
    free(dst.rgb);
}

static void resize_faults(void **state)
{
    kao_image src = make(50, 40, 0, 1), dst = make(17, 60, 0, 1), bad = { 0 };
    const size_t live = atomic_load(&ctx->mem.live);
    int n = 0;

    (void)state;
    for (;; n++) {
        kao_fault_arm(&ctx->mem, KAO_FAULT_ALLOC, n);
        const kao_status st = resize(ctx, &src, &dst, NULL);
        const bool fired = kao_fault_disarm(&ctx->mem, KAO_FAULT_ALLOC);

        assert_int_equal(st, fired ? KAO_E_NOMEM : KAO_OK);
        assert_int_equal(atomic_load(&ctx->mem.live), live);
        if (!fired)
            break;
    }
    assert_int_equal(n, 3);
    assert_int_equal(resize(ctx, &bad, &dst, NULL), KAO_E_ARG);
    assert_int_equal(resize(ctx, &src, &bad, NULL), KAO_E_ARG);
    free(src.rgb);
    free(dst.rgb);
}

static void letterbox(void **state)
{
    static const struct {
        uint32_t sw, sh, w, h;
        kao_letterbox_at where;
        kao_place want;
    } rows[] = {
        { 1920, 1080, 640, 640, KAO_LETTERBOX_TOP_LEFT, { 0, 0, 640, 360 } },
        { 1920, 1080, 640, 640, KAO_LETTERBOX_CENTRE, { 0, 140, 640, 360 } },
        { 1080, 1920, 640, 640, KAO_LETTERBOX_CENTRE, { 140, 0, 360, 640 } },
        { 1000, 333, 640, 640, KAO_LETTERBOX_TOP_LEFT, { 0, 0, 640, 213 } },
        { 333, 1000, 640, 480, KAO_LETTERBOX_TOP_LEFT, { 0, 0, 159, 480 } },
        { 10000, 1, 64, 64, KAO_LETTERBOX_CENTRE, { 0, 31, 64, 1 } },
        { 20, 10, 40, 20, KAO_LETTERBOX_CENTRE, { 0, 0, 40, 20 } },
    };

    (void)state;
    for (size_t t = 0; t < sizeof rows / sizeof rows[0]; t++) {
        const kao_place p = kao_letterbox_place(rows[t].sw, rows[t].sh, rows[t].w,
                                                rows[t].h, rows[t].where);

        assert_memory_equal(&p, &rows[t].want, sizeof p);
    }
}

static double sample(const kao_image *m, double x, double y, int c)
{
    double sum = 0;

    for (int64_t v = (int64_t)floor(y); v <= (int64_t)floor(y) + 1; v++)
        for (int64_t u = (int64_t)floor(x); u <= (int64_t)floor(x) + 1; u++) {
            const double w = (1 - fabs(x - (double)u)) * (1 - fabs(y - (double)v));

            if (u >= 0 && v >= 0 && u < m->width && v < m->height)
                sum += w * at(m, (uint32_t)u, (uint32_t)v)[c];
        }
    return sum;
}

static void warp_is_exact(void **state)
{
    /* the first is an alignment matrix, the second its inverse, both computed apart */
    static const double maps[][6] = {
        { 0.57196736, 0.05836882, -36.55148272, -0.05836882, 0.57196736, 4.28211067 },
        { 1.73033178, -0.17657900, 64.00232290, 0.17657900, 1.73033178, -0.95524785 },
        { 1, 0, 0, 0, 1, 0 },
        { 1, 0, 0.5, 0, 1, 0 },
        { -1, 0, 100, 0, 1, -3.25 },
        { 0, 2.5, -20, -2.5, 0, 300 },
    };

    (void)state;
    kao_image src = make(300, 220, 1, 8);

    for (size_t t = 0; t < sizeof maps / sizeof maps[0]; t++) {
        const double *m = maps[t], det = m[0] * m[4] - m[1] * m[3];
        kao_image dst = make(112, 112, 4, 1);

        assert_true(warp(&src, m, &dst));
        for (uint32_t y = 0; y < 112; y++)
            for (uint32_t x = 0; x < 112; x++) {
                const double dx = x - m[2], dy = y - m[5];
                const double sx = (m[4] * dx - m[1] * dy) / det;
                const double sy = (m[0] * dy - m[3] * dx) / det;

                for (int c = 0; c < 3; c++) {
                    const double want = sample(&src, sx, sy, c);

                    if (fabs(want - at(&dst, x, y)[c]) > 0.51)
                        fail_msg("map %zu, pixel %u %u: %d, want %f", t, x, y,
                                 at(&dst, x, y)[c], want);
                }
            }
        free(dst.rgb);
    }
    double inv[6];

    assert_true(kao_warp_invert(maps[0], inv));
    for (int i = 0; i < 6; i++)
        assert_true(fabs(inv[i] - maps[1][i]) < 2e-6);
    free(src.rgb);
}

/* Half a pixel to the right: the border gives 0, then the means of neighbours. */
static void warp_by_hand(void **state)
{
    static const uint8_t in[4] = { 10, 30, 70, 200 }, want[5] = { 5, 20, 50, 135, 100 };
    static const double half[6] = { 1, 0, 0.5, 0, 1, 0 };
    kao_image src = make(4, 2, 0, 0), dst = make(5, 3, 0, 1);

    (void)state;
    for (int i = 0; i < 24; i++)
        src.rgb[i] = in[i / 3 % 4];
    assert_true(warp(&src, half, &dst));
    for (uint32_t x = 0; x < 5; x++)
        for (int c = 0; c < 3; c++) {
            assert_int_equal(at(&dst, x, 0)[c], want[x]);
            assert_int_equal(at(&dst, x, 1)[c], want[x]);
            assert_int_equal(at(&dst, x, 2)[c], 0);
        }
    free(src.rgb);
    free(dst.rgb);
}

static void warp_refuses(void **state)
{
    const double bad[][6] = { { 0 },
                              { 1, 2, 0, 2, 4, 0 },
                              { (double)NAN, 0, 0, 0, 1, 0 },
                              { 1, 0, (double)INFINITY, 0, 1, 0 } };
    const double far[][6] = { { 1e-9, 0, 0, 0, 1e-9, 0 },
                              { 1, 0, 1e300, 0, 1, -1e300 } };
    kao_image src = make(8, 8, 0, 0), dst = make(8, 8, 0, 1);

    (void)state;
    for (size_t t = 0; t < 4; t++)
        assert_false(warp(&src, bad[t], &dst));
    for (size_t t = 0; t < 2; t++)
        assert_true(warp(&src, far[t], &dst));
    for (int i = 0; i < 8 * 8 * 3; i++) /* the last map left everything outside */
        assert_int_equal(dst.rgb[i], 0);
    free(src.rgb);
    free(dst.rgb);
}

static void tensor(void **state)
{
    enum { W = 13, H = 6 };
    kao_image m = make(21, 11, 2, 4);
    kao_view part = kao_image_view(&m);
    float out[3 * W * H + 1];

    (void)state;
    part.plane[0] = at(&m, 3, 2);
    part.width = W;
    part.height = H;
    for (int t = 0; t < 6; t++) {
        const kao_tensor_form f = { .order = (kao_tensor_order)(t % 3),
                                    .mean = { 127.5f, 104, 3.25f },
                                    .scale = { 1 / 127.5f, 0.5f, 1 / 3.0f },
                                    .mirror = t >= 3 };
        const uint32_t n_c = f.order == KAO_TENSOR_GREY ? 1 : 3;

        out[n_c * W * H] = 42;
        kao_view_to_tensor(&part, &f, out);
        for (uint32_t c = 0; c < n_c; c++)
            for (uint32_t y = 0; y < H; y++)
                for (uint32_t x = 0; x < W; x++) {
                    const uint8_t *p = at(&m, 3 + (f.mirror ? W - 1 - x : x), 2 + y);
                    const size_t i = (y * W + x) * n_c + c;
                    const double grey = 0.299 * p[0] + 0.587 * p[1] + 0.114 * p[2];
                    float v = f.order == KAO_TENSOR_BGR ? p[2 - c] : p[c];

                    if (f.order == KAO_TENSOR_GREY) {
                        const double got = (double)(out[i] * 127.5f) + 127.5;

                        assert_true(fabs(got - grey) < 0.52);
                        v = (float)round(got);
                        assert_true(fabs(got - (double)v) < 1e-3);
                    } else {
                        v = (v - f.mean[c]) * f.scale[c];
                        assert_memory_equal(&out[i], &v, sizeof v);
                    }
                }
        assert_true(out[n_c * W * H] == 42);
    }
    free(m.rgb);
}

/* A picture on a canvas, turned: each pixel by the definition of a clockwise turn, one quarter
 * after the other; around it the canvas's own. */
static void canvas(void **state)
{
    enum { W = 7, H = 4, SIDE = 9 };
    static const kao_canvas places[] = { { SIDE, SIDE, 0, 0, 0 },
                                         { SIDE, SIDE, 2, 1, 114 },
                                         { SIDE, SIDE, 0, 2, 255 } };
    const kao_tensor_form f = { .order = KAO_TENSOR_BGR,
                                .mean = { 10, 20, 30 },
                                .scale = { 1, 0.5f, 2 } };
    kao_image m = make(W, H, 5, 6);
    const kao_view v = kao_image_view(&m);
    static float out[3 * SIDE * SIDE];

    (void)state;
    for (uint32_t i = 0; i < 4 * sizeof places / sizeof places[0]; i++) {
        const uint32_t turned = i % 4 * 90;
        const kao_canvas *on = &places[i / 4];

        kao_view_to_canvas(&v, turned, &f, on, out);
        for (uint32_t y = 0; y < SIDE; y++)
            for (uint32_t x = 0; x < SIDE; x++) {
                uint32_t u = x - on->x, t = y - on->y, w = W, h = H;

                if (turned % 180) {
                    w = H;
                    h = W;
                }
                const bool inside = u < w && t < h; /* unsigned: also left and above */

                /* undo one quarter after the other: (x, y) of a turned picture of width w
                 * was (y, w - 1 - x) before */
                for (uint32_t k = 0; inside && k < turned / 90; k++) {
                    const uint32_t before = t;

                    t = (k % 2 == 0 ? w : h) - 1 - u;
                    u = before;
                }
                for (uint32_t c = 0; c < 3; c++) {
                    const float p = inside ? at(&m, u, t)[2 - c] : on->fill;

                    assert_true(out[(y * SIDE + x) * 3 + c] ==
                                (p - f.mean[c]) * f.scale[c]);
                }
            }
    }
    free(m.rgb);
}

static bool is_color(const uint8_t *p, kao_color c)
{
    return p[0] == c.r && p[1] == c.g && p[2] == c.b;
}

static void draw_box(void **state)
{
    const kao_color red = { 255, 1, 2 };
    static const struct {
        float x1, y1, x2, y2, thickness;
        int x_in[2], y_in[2]; /* the outline's outer edge: first and last pixel */
        int t;
    } rows[] = {
        { 4, 3, 20, 12, 1, { 4, 20 }, { 3, 12 }, 1 },
        { 20, 12, 4, 3, 1, { 4, 20 }, { 3, 12 }, 1 },
        { 4, 3, 20, 12, 0, { 4, 20 }, { 3, 12 }, 1 },
        { 4, 3, 20, 12, 2, { 3, 20 }, { 2, 12 }, 2 },
        { -5, -7, 20, 12, 1, { -5, 20 }, { -7, 12 }, 1 },
        { 10, 5, 1e30f, 1e30f, 3, { 9, 1000 }, { 4, 1000 }, 3 },
        { -1e30f, -1e30f, 1e30f, 1e30f, 3, { -999, 1000 }, { -999, 1000 }, 3 },
        { 100, 100, 120, 120, 1, { 100, 120 }, { 100, 120 }, 1 },
        { 0, 0, 20, 12, 1, { 0, 20 }, { 0, 12 }, 1 },
        { 0, 0, 20, 12, 3, { -1, 21 }, { -1, 13 }, 3 },
        { -1, -2, 20, 12, 3, { -2, 21 }, { -3, 13 }, 3 },
        /* pixels whose centre is at most half the thickness away */
        { 4.9f, 3.4f, 19.6f, 12.1f, 1, { 5, 20 }, { 3, 12 }, 1 },
        { 4.9f, 3.2f, 20.2f, 11.6f, 2, { 4, 21 }, { 3, 12 }, 2 },
        { 4.4f, 2.7f, 20.9f, 11.4f, 3, { 3, 22 }, { 2, 12 }, 3 },
    };

    (void)state;
    for (size_t t = 0; t < sizeof rows / sizeof rows[0]; t++) {
        kao_image m = make(32, 24, 9, 0);

        memset(m.rgb, 50, m.row_bytes * m.height);
        kao_image_draw_box(&m, rows[t].x1, rows[t].y1, rows[t].x2, rows[t].y2,
                           rows[t].thickness, red);
        for (int y = 0; y < 24; y++) {
            for (int x = 0; x < 32; x++) {
                const int *xs = rows[t].x_in, *ys = rows[t].y_in, k = rows[t].t;
                const bool in = x >= xs[0] && x <= xs[1] && y >= ys[0] && y <= ys[1];
                const bool hole = x >= xs[0] + k && x <= xs[1] - k && y >= ys[0] + k &&
                                  y <= ys[1] - k;

                if (is_color(at(&m, (uint32_t)x, (uint32_t)y), red) != (in && !hole))
                    fail_msg("box %zu: pixel %d %d", t, x, y);
            }
            for (size_t i = 32 * 3; i < m.row_bytes; i++)
                assert_int_equal(m.rgb[(size_t)y * m.row_bytes + i], 50);
        }
        free(m.rgb);
    }
    kao_image big = make(1280, 640, 0, 0);

    memset(big.rgb, 0, big.row_bytes * big.height);
    kao_image_draw_box(&big, 100, 100, 300, 300, 0, red); /* 1280 / 320 = 4 thick */
    int n = 0;

    for (uint32_t x = 0; x < 200; x++)
        n += is_color(at(&big, x, 200), red);
    assert_int_equal(n, 4);
    kao_image_draw_box(&big, NAN, 0, 5, 5, 1, red);
    kao_image_draw_box(&big, 0, 0, INFINITY, 5, 1, red);
    assert_false(is_color(at(&big, 0, 0), red));
    kao_image_draw_box(&(kao_image){ 0 }, 0, 0, 5, 5, 1, red);
    free(big.rgb);
}

static void draw_point(void **state)
{
    const kao_color blue = { 1, 2, 255 };
    static const float rows[][3] = { { 10, 8, 3 },      { 0, 0, 5 },
                                     { 31, 23, 2.5f },  { 5.5f, 5.5f, 1 },
                                     { -3, 10, 4.2f },  { 100, 100, 3 },
                                     { 16, 12, 1e20f }, { 1e30f, 4, 3 } };

    (void)state;
    for (size_t t = 0; t < sizeof rows / sizeof rows[0]; t++) {
        const double px = (double)rows[t][0], py = (double)rows[t][1];
        const double r = (double)rows[t][2];
        kao_image m = make(32, 24, 9, 0);

        memset(m.rgb, 50, m.row_bytes * m.height);
        kao_image_draw_point(&m, rows[t][0], rows[t][1], rows[t][2], blue);
        for (uint32_t y = 0; y < 24; y++) {
            for (uint32_t x = 0; x < 32; x++) {
                const double d = hypot(x - px, y - py);

                if (is_color(at(&m, x, y), blue) != (d <= r))
                    fail_msg("point %zu: pixel %u %u", t, x, y);
            }
            for (size_t i = 32 * 3; i < m.row_bytes; i++)
                assert_int_equal(m.rgb[y * m.row_bytes + i], 50);
        }
        free(m.rgb);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(resize_is_exact),
        cmocka_unit_test(resize_large),
        cmocka_unit_test(resize_keeps_flat),
        cmocka_unit_test(resize_by_hand),
        cmocka_unit_test(resize_faults),
        cmocka_unit_test(letterbox),
        cmocka_unit_test(warp_is_exact),
        cmocka_unit_test(warp_by_hand),
        cmocka_unit_test(warp_refuses),
        cmocka_unit_test(tensor),
        cmocka_unit_test(canvas),
        cmocka_unit_test(draw_box),
        cmocka_unit_test(draw_point),
    };

    if (kao_context_create(&ctx, &(kao_context_options){ .n_threads = 1 }, NULL) ||
        kao_context_create(&many, &(kao_context_options){ .n_threads = 4 }, NULL))
        return 1;
    const int bad = cmocka_run_group_tests(tests, NULL, NULL);

    kao_context_destroy(ctx);
    kao_context_destroy(many);
    return bad;
}
