/* Writing pictures, and the n-th allocation, read or write that fails in either
 * direction. */
#include "image/fixture.h"

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
    if (!WITH_ALL)
        skip();
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
    if (!WITH_ALL)
        skip();
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
    bad.row_bytes = (size_t)1 << 31;
    assert_int_equal(kao_image_encode(ctx, &bad, KAO_IMAGE_PNG, 0, &p, &n, NULL),
                     KAO_E_LIMIT);
    kao_view far = kao_image_view(&own);

    far.stride[0] = -((ptrdiff_t)1 << 31);
    assert_int_equal(kao_image_resize(ctx, &far, &own, NULL), KAO_E_LIMIT);
    bad = own;
    bad.width = 0;
    assert_int_equal(kao_image_encode(ctx, &bad, KAO_IMAGE_PNG, 0, &p, &n, NULL),
                     KAO_E_ARG);
    assert_null(p);
    assert_int_equal(n, 0);
}

/* Noise at the best quality: a file longer than its pixels. */
static void encode_noise(void **state)
{
    enum { SIDE = 1080 };
    kao_image m;
    kao_error err = { 0 };
    uint8_t *p = NULL;
    size_t n = 0;
    uint32_t x = 1;

    (void)state;
    if (!KAO_WITH_JPEG)
        skip();
    assert_int_equal(kao_image_create(ctx, SIDE, SIDE, &m, NULL), KAO_OK);
    for (size_t i = 0; i < (size_t)SIDE * SIDE * 3; i++) {
        x = x * 1664525 + 1013904223;
        m.rgb[i] = (uint8_t)(x >> 24);
    }
    if (kao_image_encode(ctx, &m, KAO_IMAGE_JPEG, 100, &p, &n, &err))
        fail_msg("%s", err.msg);
    assert_true(n > (size_t)SIDE * SIDE * 3);
    kao_image_free_bytes(ctx, p);
    kao_image_free(ctx, &m);
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
        kao_error err = { 0 };
        kao_file f;

        write_file(path, "old", 3);
        kao_fault_arm(&ctx->mem, kind, i);
        const kao_status st = kao_image_save(ctx, path, &own, &err);

        if (!kao_fault_disarm(&ctx->mem, kind)) {
            assert_int_equal(st, KAO_OK);
            assert_true(i > 0);
            break;
        }
        if (st != want)
            fail_msg("%s, call %lld: %d", path, i, st);
        assert_int_equal(kao_file_open(&f, &ctx->mem, path, 1 << 20, NULL), KAO_OK);
        if (strstr(err.msg, "a crash may undo it")) /* the new one, but not synced */
            assert_true(f.bytes.n > 3);
        else
            assert_int_equal(f.bytes.n, 3);
        kao_file_close(&f);
        assert_int_equal(atomic_load(&ctx->mem.live), live);
    }
    assert_int_equal(atomic_load(&ctx->mem.live), live);
}

static void faults(void **state)
{
    static uint8_t rgb[N * 3], rgba[N * 4];
    const png_how kinds[] = { { PNG_COLOR_TYPE_RGB_ALPHA, 8, true, false, 0 },
                              { PNG_COLOR_TYPE_PALETTE, 8, false, true, 0 } };
    static uint8_t palette[768];
    buf files[6];
    char path[256];

    (void)state;
    if (!WITH_ALL)
        skip();
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

static void no_arguments(void **state)
{
    uint8_t pixels[3] = { 0 }, *bytes = NULL;
    const kao_image one = { .rgb = pixels, .width = 1, .height = 1, .row_bytes = 3 };
    const kao_view view = kao_image_view(&one);
    kao_image out = { .width = 9 };
    kao_error err = { 0 };
    size_t n = 0;

    (void)state;
    assert_int_equal(kao_image_load(ctx, NULL, NULL, &out, &err), KAO_E_ARG);
    assert_true(err.code == KAO_E_ARG && out.width == 0);
    out.width = 9;
    assert_int_equal(kao_image_load(NULL, "x", NULL, &out, NULL), KAO_E_ARG);
    assert_int_equal(out.width, 0);
    assert_int_equal(kao_image_load(ctx, "x", NULL, NULL, NULL), KAO_E_ARG);
    assert_int_equal(kao_image_decode(ctx, NULL, 3, NULL, &out, NULL), KAO_E_ARG);
    assert_int_equal(kao_image_decode(ctx, NULL, 0, NULL, &out, NULL), KAO_E_FORMAT);
    assert_int_equal(kao_image_decode(ctx, pixels, 3, NULL, NULL, NULL), KAO_E_ARG);
    out.width = 9;
    assert_int_equal(kao_image_create(NULL, 1, 1, &out, NULL), KAO_E_ARG);
    assert_int_equal(out.width, 0);
    assert_int_equal(kao_image_create(ctx, 1, 1, NULL, NULL), KAO_E_ARG);
    assert_int_equal(kao_image_save(ctx, NULL, &one, NULL), KAO_E_ARG);
    assert_int_equal(kao_image_encode(ctx, &one, KAO_IMAGE_PNG, 0, NULL, &n, NULL),
                     KAO_E_ARG);
    bytes = pixels;
    n = 9;
    assert_int_equal(kao_image_encode(NULL, &one, KAO_IMAGE_PNG, 0, &bytes, &n, NULL),
                     KAO_E_ARG);
    assert_true(bytes == NULL && n == 0);
    assert_int_equal(kao_image_resize(NULL, &view, &one, NULL), KAO_E_ARG);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(save_and_load), cmocka_unit_test(encode_arguments),
        cmocka_unit_test(encode_noise),  cmocka_unit_test(faults),
        cmocka_unit_test(no_arguments),  cmocka_unit_test(create_and_free),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
