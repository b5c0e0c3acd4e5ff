/* What is refused: by which status, in which words, and before memory is taken. */
#include "image/fixture.h"

#ifdef __GLIBC__
# if __GLIBC_PREREQ(2, 33)
#  define WITH_MALLINFO2 1
#  include <malloc.h>
# endif
#endif

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

/* Put w, h into the frame header (SOF0 or SOF2) of a JPEG. */
static void jpeg_set_size(buf *b, uint32_t w, uint32_t h)
{
    for (size_t i = 0; i + 9 < b->n; i++)
        if (b->p[i] == 0xff && (b->p[i + 1] & 0xfd) == 0xc0) {
            const uint8_t hw[4] = { (uint8_t)(h >> 8), (uint8_t)h, (uint8_t)(w >> 8),
                                    (uint8_t)w };

            memcpy(b->p + i + 5, hw, 4);
            return;
        }
}

static void giants(void **state)
{
    static uint8_t rgb[N * 3];
    const png_how png = { PNG_COLOR_TYPE_RGB, 8, false, false, 0 };
    static const struct {
        uint32_t w, h;
        kao_status png, jpeg;
    } rows[] = {
        { 70000, 10, KAO_E_LIMIT, KAO_OK },
        { 0x7fffffff, 0x7fffffff, KAO_E_LIMIT, KAO_OK },
        { 40000, 25001, KAO_E_LIMIT, KAO_E_LIMIT },
        { 65000, 65000, KAO_E_LIMIT, KAO_E_LIMIT },
        { 40000, 25000, KAO_E_FORMAT, KAO_E_FORMAT }, /* the file is too short for it */
        { 9999, 9999, KAO_E_FORMAT, KAO_E_FORMAT },
    };
    meter m = { 0 };
    const kao_allocator hooks = { meter_alloc, meter_free, &m };
    const kao_context_options options = { .allocator = &hooks, .n_threads = 1 };
    kao_context *own = NULL;

    (void)state;
    if (!WITH_ALL)
        skip();
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
        if ((uint64_t)w * h > KAO_IMAGE_MAX_PIXELS && w < 65536) {
            b.p[28] = 1; /* interlaced: is not reduced */
            png_fix_crc(&b, 8);
            assert_int_equal(kao_image_decode(own, b.p, b.n, NULL, &out, &err),
                             KAO_E_LIMIT);
        }
        buf_free(&b);
        if (rows[t].jpeg == KAO_OK)
            continue;
        b = make_jpeg(rgb, W, H, &(jpeg_how){ .kind = JPEG_RGB });
        jpeg_set_size(&b, w, h);
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

/* Chunks that claim 1 GiB, before the pixels and behind them. */
static void huge_chunks(void **state)
{
    static uint8_t rgb[N * 3];
    const png_how png = { .type = PNG_COLOR_TYPE_RGB, .depth = 8 };
    meter m = { 0 };
    const kao_allocator hooks = { meter_alloc, meter_free, &m };
    const kao_context_options options = { .allocator = &hooks, .n_threads = 1 };
    kao_context *own = NULL;

    (void)state;
    if (!KAO_WITH_PNG)
        skip();
    assert_int_equal(kao_context_create(&own, &options, NULL), KAO_OK);
    for (int at_end = 0; at_end < 2; at_end++)
        for (int exif = 0; exif < 2; exif++) {
            buf b = make_png(rgb, W * 3, W, H, &png, NULL);
            const size_t at = at_end ? b.n - 12 : 33;
            kao_error err = { 0 };
            kao_image out;

            png_put_chunk(&b, exif ? "eXIf" : "tEXt", "Comment", 8, at_end);
            b.p[at] = 0x40;
            assert_int_equal(kao_image_decode(own, b.p, b.n, NULL, &out, &err),
                             at_end ? KAO_OK : KAO_E_FORMAT);
            kao_image_free(own, &out);
            buf_free(&b);
        }
    assert_true(m.most < 1 << 20);
    kao_context_destroy(own);
}

/* Several scans need memory for all coefficients: it is bounded, whatever is asked for
 * and however many bytes there are. */
static void coefficients(void **state)
{
    static uint8_t rgb[N * 3], filling[8 << 20];
    const kao_image_options small = { .max_side = 100 };
    kao_error err = { 0 };
    kao_image m;

    (void)state;
    if (!KAO_WITH_JPEG)
        skip();
    pattern(rgb, W, H);
    memset(filling, 1, sizeof filling);
    buf b = make_jpeg(rgb, W, H, &(jpeg_how){ .kind = JPEG_RGB, .progressive = true });
    buf_add(&b, filling, sizeof filling);
    jpeg_set_size(&b, 20000, 20000);
    assert_int_equal(kao_image_decode(ctx, b.p, b.n, &small, &m, &err), KAO_E_LIMIT);
    assert_non_null(strstr(err.msg, "2288 MiB of coefficients, at most 1024"));
    buf_free(&b);
}

#ifdef WITH_MALLINFO2
static void *heap_alloc(void *user, size_t size, size_t align)
{
    const struct mallinfo2 now = mallinfo2();
    size_t *most = user;
    void *p = NULL;

    *most = now.uordblks + now.hblkhd > *most ? now.uordblks + now.hblkhd : *most;
    return posix_memalign(&p, align, size) == 0 ? p : NULL;
}

/* Bytes that the C library has given out when the picture's pixels are asked for; without
 * meaning under a sanitizer. */
static size_t heap_at_pixels(const buf *b)
{
    size_t most = 0;
    const kao_allocator hooks = { heap_alloc, meter_free, &most };
    const kao_context_options options = { .allocator = &hooks, .n_threads = 1 };
    kao_context *own = NULL;
    kao_image out;

    assert_int_equal(kao_context_create(&own, &options, NULL), KAO_OK);
    most = 0;
    assert_int_equal(kao_image_decode(own, b->p, b->n, NULL, &out, NULL), KAO_OK);
    kao_image_free(own, &out);
    kao_context_destroy(own);
    return most;
}
#endif

/* Notes in a JPEG are looked at, not kept: they may be as long as the file. */
static void long_notes(void **state)
{
    (void)state;
#ifdef WITH_MALLINFO2
    static uint8_t rgb[N * 3], note[65537] = { 0xff, 0xe1, 0xff, 0xff };
    enum { N_NOTES = 64 };
    buf notes = { 0 };

    if (!KAO_WITH_JPEG)
        skip();
    for (int i = 0; i < N_NOTES; i++)
        buf_add(&notes, note, sizeof note);
    buf b = make_jpeg(rgb, W, H, &(jpeg_how){ .kind = JPEG_RGB });
    buf with = { 0 };

    buf_add(&with, b.p, b.n);
    buf_insert(&with, 2, notes.p, notes.n);
    buf_free(&notes);
    const size_t bare = heap_at_pixels(&b), noted = heap_at_pixels(&with);

    if (noted > bare + (64 << 10))
        fail_msg("%zu bytes of memory for %d notes, %zu for none", noted, N_NOTES,
                 bare);
    buf_free(&with);
    buf_free(&b);
#else
    skip();
#endif
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
        { "II+\0........", 12, KAO_E_UNSUPPORTED, "BigTIFF" },
        { "BMW is a car", 12, KAO_E_FORMAT, "not a picture" },
        { "\0\0\0\x18"
          "ftypqt  ....",
          16, KAO_E_UNSUPPORTED, "video" },
        { "\0\0\0\x18"
          "ftypcrx ....",
          16, KAO_E_UNSUPPORTED, "raw (CR3) is not read" },
        { "\0\0\0\x0cJXL \r\n\x87\n", 12, KAO_E_UNSUPPORTED, "JPEG XL is not read" },
        { "\xff\x0a\xfa\x1f\x41\x91", 6, KAO_E_UNSUPPORTED, "JPEG XL is not read" },
        { "\0\0\0\x0cjP  \r\n\x87\n", 12, KAO_E_UNSUPPORTED, "JPEG 2000 is not read" },
        { "\xff\x4f\xff\x51\0\x29", 6, KAO_E_UNSUPPORTED, "JPEG 2000 is not read" },
        { "\xff\xd8\xff\xf7\0\x11\x08\x03", 8, KAO_E_UNSUPPORTED,
          "JPEG-LS is not read" },
        { "\xff\xff\x0a", 3, KAO_E_FORMAT, "not a picture" },
        /* damaged, or a library is not there: KAO_OK here stands for either */
        { "GIF89a......", 12, KAO_OK, "GIF" },
        { "\0\0\0\x18"
          "ftypheic....",
          16, KAO_OK, "HEI" },
        { "RIFF\xff\xff\xff\xffWEBPVP8 ", 16, KAO_E_FORMAT, "ends early" },
        { "RIFF\x04\0\0\0WEBP", 12, KAO_E_FORMAT, "no room" },
        { "\x89PNG\r\n\x1a\n....", 12, KAO_E_FORMAT, "ends early" },
        { "\xff\xd8\xff\xd9", 4, KAO_E_FORMAT, "JPEG" },
    };
    kao_error err = { 0 };
    kao_image m;
    char path[256];

    (void)state;
    if (!WITH_ALL)
        skip();
    temp_path(path, sizeof path, "refused.png"); /* the name says nothing */
    for (size_t t = 0; t < sizeof rows / sizeof rows[0]; t++) {
        write_file(path, rows[t].bytes, rows[t].n);
        const kao_status st = kao_image_load(ctx, path, NULL, &m, &err);

        assert_true(rows[t].status ? st == rows[t].status
                                   : st == KAO_E_FORMAT || st == KAO_E_UNSUPPORTED);
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
    if (!KAO_WITH_JPEG)
        skip();
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
    if (!KAO_WITH_JPEG)
        skip();
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
    if (!KAO_WITH_JPEG)
        skip();
    buf b = make_jpeg(rgb, W, H, &(jpeg_how){ .kind = JPEG_GREY, .progressive = true });
    size_t first = 0, n = 2;

    while (!(b.p[first] == 0xff && b.p[first + 1] == 0xda))
        first++;
    while (!(b.p[first + n] == 0xff && b.p[first + n + 1] != 0))
        n++;
    uint8_t *scan = malloc(n);

    memcpy(scan, b.p + first, n);
    for (int i = 0; i < 600; i++)
        buf_insert(&b, first, scan, n);
    assert_int_equal(kao_image_decode(ctx, b.p, b.n, NULL, &m, &err), KAO_E_LIMIT);
    assert_non_null(strstr(err.msg, "scans"));
    free(scan);
    buf_free(&b);
}

/* A build that leaves a format out knows its files by name. */
static void left_out(void **state)
{
    static const struct {
        bool there;
        const char *name, *file, *bytes;
        kao_image_format format;
    } rows[] = {
        { KAO_WITH_JPEG, "JPEG", "a.jpg", "\xff\xd8\xff\xe0........", KAO_IMAGE_JPEG },
        { KAO_WITH_PNG, "PNG", "a.png", "\x89PNG\r\n\x1a\n....", KAO_IMAGE_PNG },
        { KAO_WITH_WEBP, "WebP", "a.webp", "RIFF....WEBP", KAO_IMAGE_WEBP },
    };
    static uint8_t rgb[N * 3];
    const kao_image own = { .rgb = rgb, .width = W, .height = H, .row_bytes = W * 3 };

    (void)state;
    if (WITH_ALL)
        skip();
    for (size_t t = 0; t < sizeof rows / sizeof rows[0]; t++) {
        kao_error err = { 0 };
        uint8_t *bytes = NULL;
        char want[64];
        size_t n = 0;
        kao_image m;

        if (rows[t].there)
            continue;
        snprintf(want, sizeof want, "%s is not in this build", rows[t].name);
        assert_int_equal(kao_image_decode(ctx, rows[t].bytes, 12, NULL, &m, &err),
                         KAO_E_UNSUPPORTED);
        assert_string_equal(err.msg, want);
        assert_int_equal(
            kao_image_encode(ctx, &own, rows[t].format, 0, &bytes, &n, &err),
            KAO_E_UNSUPPORTED);
        assert_string_equal(err.msg, want);
        assert_int_equal(kao_image_save(ctx, rows[t].file, &own, &err),
                         KAO_E_UNSUPPORTED);
        assert_non_null(strstr(err.msg, want));
    }
}

/* Of what libheif refuses by its own limits, too, memory is not what was missing. */
static void large_heif(void **state)
{
    /* boxes of one picture, hvc1, of 60,000 x 60,000 pixels */
    static const char bytes[] =
        "\x0\x0\x0\x18"
        "ftypheic\x0\x0\x0\x0mif1heic"
        "\x0\x0\x0\xd4meta\x0\x0\x0\x0"
        "\x0\x0\x0!"
        "hdlr\x0\x0\x0\x0\x0\x0\x0\x0pict\x0\x0\x0\x0\x0\x0\x0\x0\x0\x0\x0\x0\x0"
        "\x0\x0\x0\xepitm\x0\x0\x0\x0\x0\x1"
        "\x0\x0\x0\x1eiloc\x0\x0\x0\x0"
        "D\x0\x0\x1\x0\x1\x0\x0\x0\x1\x0\x0\x0\x0\x0\x0\x0\x8"
        "\x0\x0\x0#iinf\x0\x0\x0\x0\x0\x1"
        "\x0\x0\x0\x15infe\x2\x0\x0\x0\x0\x1\x0\x0hvc1\x0"
        "\x0\x0\x0Xiprp"
        "\x0\x0\x0;ipco"
        "\x0\x0\x0\x14ispe\x0\x0\x0\x0\x0\x0\xea`\x0\x0\xea`"
        "\x0\x0\x0\x1fhvcC\x1\x1`\x0\x0\x0\xb0\x0\x0\x0\x0\x0]"
        "\xf0\x0\xfc\xfd\xf8\xf8\x0\x0\xf\x0"
        "\x0\x0\x0\x15ipma\x0\x0\x0\x0\x0\x0\x0\x1\x0\x1\x2\x1\x82";
    kao_error err = { 0 };
    kao_image m;
    const kao_status st =
        kao_image_decode(ctx, bytes, sizeof bytes - 1, NULL, &m, &err);

    (void)state;
    if (st == KAO_E_UNSUPPORTED) {
        print_message("SKIP: %s\n", err.msg);
        skip();
    }
    assert_int_equal(st, KAO_E_LIMIT);
    assert_non_null(strstr(err.msg, "HEIF"));
    assert_non_null(strstr(err.msg, "60000"));
    assert_null(m.rgb);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(giants),       cmocka_unit_test(huge_chunks),
        cmocka_unit_test(coefficients), cmocka_unit_test(long_notes),
        cmocka_unit_test(refusals),     cmocka_unit_test(missing_component),
        cmocka_unit_test(early_end),    cmocka_unit_test(scan_bomb),
        cmocka_unit_test(left_out),     cmocka_unit_test(large_heif),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
