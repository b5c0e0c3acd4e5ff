/* Damaged pictures: every prefix and thousands of changed bytes. Each ends in a status,
 * leaves nothing behind, and a prefix without all pixels is never read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/context.h"
#include "image/image.h"
#include "image/pictures.h"

enum { W = 24, H = 17, N = W * H, CHANGES = 4000 };

static kao_context *ctx;

/* The bytes in a block of exactly their size, so that a sanitizer sees a read past
 * them. */
static kao_status try_decode(const uint8_t *p, size_t n, kao_error *err)
{
    const size_t live = atomic_load(&ctx->mem.live);
    uint8_t *exact = malloc(n ? n : 1);
    kao_image m;

    memcpy(exact, p, n);
    const kao_status st = kao_image_decode(ctx, exact, n, NULL, &m, err);

    free(exact);
    if (st) {
        assert_null(m.rgb);
        assert_true(err->msg[0]);
    } else {
        assert_true(m.width > 0 && m.height > 0);
    }
    kao_image_free(ctx, &m);
    assert_int_equal(atomic_load(&ctx->mem.live), live);
    return st;
}

/* The bytes up to the last coded pixel: a prefix that has them may be read (test_ends
 * says which). */
static size_t coded(const buf *b)
{
    size_t n = b->n;

    if (b->p[0] == 0xff)
        return n - 2;
    for (size_t at = 8; b->p[0] == 0x89 && at < b->n; at += 12 + kao_be32(b->p + at))
        if (memcmp(b->p + at + 4, "IDAT", 4) == 0)
            n = at + 8 + kao_be32(b->p + at) - 4;
    return n;
}

static void prefixes(const buf *b, const char *what)
{
    for (size_t n = 0; n < b->n; n++) {
        kao_error err = { 0 };
        const kao_status st = try_decode(b->p, n, &err);

        if (st == KAO_OK && n >= coded(b))
            continue;
        if (st != KAO_E_FORMAT)
            fail_msg("%s: %zu of %zu bytes give %d %s", what, n, b->n, st, err.msg);
        if (err.offset > n)
            fail_msg("%s: %zu of %zu bytes: no place in \"%s\"", what, n, b->n,
                     err.msg);
    }
}

static void changes(const buf *b, const char *what)
{
    uint8_t *p = malloc(b->n);
    uint32_t s = 12345;
    int n_ok = 0;

    for (int i = 0; i < CHANGES; i++) {
        kao_error err = { 0 };

        memcpy(p, b->p, b->n);
        s = s * 1664525u + 1013904223u;
        const size_t at = (size_t)((uint64_t)s * b->n >> 32);

        s = s * 1664525u + 1013904223u;
        p[at] ^= (uint8_t)(1 + (s >> 24) % 255);
        const kao_status st = try_decode(p, b->n, &err);

        n_ok += st == KAO_OK;
        if (st != KAO_OK && st != KAO_E_FORMAT && st != KAO_E_UNSUPPORTED &&
            st != KAO_E_LIMIT)
            fail_msg("%s: byte %zu: %d %s", what, at, st, err.msg);
    }
    assert_true(n_ok < CHANGES); /* some were noticed */
    free(p);
}

static void all(void (*check)(const buf *, const char *))
{
    static uint8_t rgb[N * 3], rgba[N * 4], palette[768];
    static const png_how pngs[] = { { PNG_COLOR_TYPE_RGB_ALPHA, 8, true, false, 0 },
                                    { PNG_COLOR_TYPE_PALETTE, 4, false, true, 0 },
                                    { PNG_COLOR_TYPE_GRAY, 16, false, false, 0 } };
    static const jpeg_how jpegs[] = { { .kind = JPEG_RGB, .restart_rows = 1 },
                                      { .kind = JPEG_RGB, .progressive = true },
                                      { .kind = JPEG_GREY },
                                      { .kind = JPEG_YCCK, .progressive = true } };

    pattern(rgb, W, H);
    for (size_t i = 0; i < N * 4; i++)
        rgba[i] = (uint8_t)(i * i / 50);
    for (size_t i = 0; i < sizeof jpegs / sizeof jpegs[0]; i++) {
        buf b = make_jpeg(jpegs[i].kind == JPEG_YCCK ? rgba : rgb, W, H, &jpegs[i]);

        jpeg_put_exif(&b, 6, true);
        check(&b, "JPEG");
        buf_free(&b);
    }
    for (size_t i = 0; i < sizeof pngs / sizeof pngs[0]; i++) {
        buf b = make_png(rgba, W * 4, W, H, &pngs[i], palette);

        png_put_exif(&b, 6, true, i % 2);
        check(&b, "PNG");
        buf_free(&b);
    }
    buf still = make_webp(rgb, W, H, false);
    buf anim = make_webp_animation(&still, 40, 30, 2, 4, W, H);
    buf alpha = make_webp(rgba, W, H, true);
    buf lossy = make_webp_lossy(rgb, W, H);

    webp_put_exif(&alpha, W, H, 7, false);
    check(&still, "WebP");
    check(&anim, "WebP animation");
    check(&alpha, "WebP alpha");
    check(&lossy, "WebP lossy");
    buf_free(&still);
    buf_free(&anim);
    buf_free(&alpha);
    buf_free(&lossy);
}

static void every_prefix(void **state)
{
    (void)state;
    if (!WITH_ALL)
        skip();
    all(prefixes);
}

static void many_changes(void **state)
{
    (void)state;
    if (!WITH_ALL)
        skip();
    all(changes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_prefix),
        cmocka_unit_test(many_changes),
    };

    if (kao_context_create(&ctx, &(kao_context_options){ .n_threads = 1 }, NULL))
        return 1;
    const int bad = cmocka_run_group_tests(tests, NULL, NULL);

    kao_context_destroy(ctx);
    return bad;
}
