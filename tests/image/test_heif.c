/* HEIC and AVIF pictures that libheif makes here, read by kao: pixels, transparency, all eight
 * orientations (the container's, which EXIF must not be applied on top of), damage. */
#include "image/fixture.h"

#include <libheif/heif.h>

enum { WIDTH = 64, HEIGHT = 48 };

/* What libheif's encoder for HEVC keeps is not ours to free (read by the leak sanitizer). */
__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libx265";
}

typedef struct how {
    enum heif_compression_format format;
    bool alpha;
    enum heif_orientation orientation;
    bool exif;          /* that says "turn by 90 degrees", which was done already */
    bool premultiplied; /* colours by alpha, which is a half below */
} how;

/* Red left, blue right; the lower half darker. */
static void color_at(uint32_t x, uint32_t y, uint8_t to[3])
{
    const uint8_t light = y < HEIGHT / 2 ? 230 : 110;

    to[0] = x < WIDTH / 2 ? light : 20;
    to[1] = 40;
    to[2] = x < WIDTH / 2 ? 20 : light;
}

static struct heif_error keep(struct heif_context *of, const void *data, size_t n,
                              void *user)
{
    static const char fine[] = "";
    buf *b = user;

    (void)of;
    b->p = malloc(n ? n : 1);
    b->n = n;
    assert_non_null(b->p);
    memcpy(b->p, data, n);
    return (struct heif_error){ heif_error_Ok, heif_suberror_Unspecified, fine };
}

static struct heif_image *paint(bool alpha, bool premultiplied)
{
    struct heif_image *image = NULL;
    int stride = 0;
    const int n = alpha ? 4 : 3;

    assert_int_equal(heif_image_create(WIDTH, HEIGHT, heif_colorspace_RGB,
                                       alpha ? heif_chroma_interleaved_RGBA
                                             : heif_chroma_interleaved_RGB,
                                       &image)
                         .code,
                     0);
    assert_int_equal(
        heif_image_add_plane(image, heif_channel_interleaved, WIDTH, HEIGHT, 8).code,
        0);
    uint8_t *p = heif_image_get_plane(image, heif_channel_interleaved, &stride);

    for (uint32_t y = 0; y < HEIGHT; y++)
        for (uint32_t x = 0; x < WIDTH; x++) {
            uint8_t *to = p + (size_t)y * (size_t)stride + (size_t)x * (size_t)n;

            color_at(x, y, to);
            if (alpha)
                to[3] = y < HEIGHT / 2 ? 255 : premultiplied ? 128 : 0;
            for (int c = 0; premultiplied && c < 3; c++)
                to[c] = (uint8_t)(to[c] * to[3] / 255);
        }
    heif_image_set_premultiplied_alpha(image, premultiplied);
    return image;
}

/* False: this machine's libheif has no such encoder. */
static bool encode(const how *h, buf *out)
{
    static const uint8_t exif[] = { 'E', 'x', 'i', 'f', 0, 0, 'M', 'M', 0, 42, 0,
                                    0,   0,   8,   0,   1, 1, 18,  0,   3, 0,  0,
                                    0,   1,   0,   6,   0, 0, 0,   0,   0, 0 };
    struct heif_context *of = heif_context_alloc();
    struct heif_encoder *encoder = NULL;
    struct heif_image_handle *handle = NULL;
    struct heif_writer writer = { 1, keep };

    *out = (buf){ 0 };
    if (heif_context_get_encoder_for_format(of, h->format, &encoder).code) {
        heif_context_free(of);
        return false;
    }
    heif_encoder_set_lossy_quality(encoder, 100);
    struct heif_encoding_options *o = heif_encoding_options_alloc();
    struct heif_image *image = paint(h->alpha, h->premultiplied);

    o->image_orientation = h->orientation;
    assert_int_equal(heif_context_encode_image(of, image, encoder, o, &handle).code, 0);
    if (h->exif)
        assert_int_equal(
            heif_context_add_exif_metadata(of, handle, exif, sizeof exif).code, 0);
    assert_int_equal(heif_context_write(of, &writer, out).code, 0);
    heif_image_handle_release(handle);
    heif_image_release(image);
    heif_encoding_options_free(o);
    heif_encoder_release(encoder);
    heif_context_free(of);
    return true;
}

/* Where pixel (x, y) of what was painted comes to lie (EXIF 2.3, tag 274). */
static void turned(enum heif_orientation o, uint32_t x, uint32_t y, uint32_t *tx,
                   uint32_t *ty)
{
    const uint32_t w = WIDTH - 1, h = HEIGHT - 1;

    switch ((int)o) {
    case 2:
        *tx = w - x;
        *ty = y;
        break;
    case 3:
        *tx = w - x;
        *ty = h - y;
        break;
    case 4:
        *tx = x;
        *ty = h - y;
        break;
    case 5:
        *tx = y;
        *ty = x;
        break;
    case 6:
        *tx = h - y;
        *ty = x;
        break;
    case 7:
        *tx = h - y;
        *ty = w - x;
        break;
    case 8:
        *tx = y;
        *ty = w - x;
        break;
    default:
        *tx = x;
        *ty = y;
        break;
    }
}

static void compare(const how *h, const kao_image *m)
{
    const bool side = h->orientation >= 5;

    assert_int_equal(m->width, side ? HEIGHT : WIDTH);
    assert_int_equal(m->height, side ? WIDTH : HEIGHT);
    for (uint32_t y = 4; y < HEIGHT; y += 8) /* off the edges, where colour is coarse */
        for (uint32_t x = 4; x < WIDTH; x += 8) {
            uint8_t want[3];
            uint32_t tx = 0, ty = 0;

            color_at(x, y, want);
            if (h->alpha && y >= HEIGHT / 2)
                for (int c = 0; c < 3; c++)
                    want[c] = h->premultiplied ? (uint8_t)(want[c] / 2 + 127) : 255;
            turned(h->orientation, x, y, &tx, &ty);
            const uint8_t *got = m->rgb + ty * m->row_bytes + (size_t)tx * 3;

            for (int c = 0; c < 3; c++)
                if (abs(got[c] - want[c]) > 12)
                    fail_msg("%u, %u: channel %d is %d, wanted %d", x, y, c, got[c],
                             want[c]);
        }
}

static void pictures(void **state)
{
    static const enum heif_compression_format formats[] = { heif_compression_HEVC,
                                                            heif_compression_AV1 };
    int n = 0;

    (void)state;
    for (size_t f = 0; f < sizeof formats / sizeof formats[0]; f++)
        for (int o = 1; o <= 8; o++)
            for (int kind = 0; kind < 4; kind++) { /* plain, with EXIF, transparent */
                const how h = { formats[f], kind >= 2, (enum heif_orientation)o,
                                kind == 1, kind == 3 };
                kao_image m = { 0 };
                kao_error err = { 0 };
                buf b;

                if (!encode(&h, &b))
                    continue;
                n++;
                if (kao_image_decode(ctx, b.p, b.n, NULL, &m, &err))
                    fail_msg("%s", err.msg);
                compare(&h, &m);
                kao_image_free(ctx, &m);
                free(b.p);
            }
    if (n == 0)
        skip();
}

/* Cut anywhere, and with bytes turned: a picture or one line, nothing worse. */
static void damage(void **state)
{
    const how h = { heif_compression_AV1, true, heif_orientation_normal, true, false };
    buf b;

    (void)state;
    if (!encode(&h, &b))
        skip();
    uint8_t *copy = malloc(b.n);

    assert_non_null(copy);
    for (size_t i = 0; i < b.n; i++) {
        kao_image m = { 0 };
        kao_error err = { 0 };
        const bool cut = i % 2 == 0;

        memcpy(copy, b.p, b.n);
        copy[i] = cut ? copy[i] : (uint8_t)(copy[i] ^ 0x55);
        const kao_status st =
            kao_image_decode(ctx, copy, cut ? i : b.n, NULL, &m, &err);

        assert_true(st == KAO_OK || (err.msg[0] && !strchr(err.msg, '\n')));
        assert_true(st == KAO_OK || !m.rgb);
        kao_image_free(ctx, &m);
    }
    free(copy);
    free(b.p);
}

/* What the decoder cannot make anything of is damaged, not a kind that is not read. */
static void garbage(void **state)
{
    static const struct {
        const char *box, *instead; /* its content, where NULL */
        const char *says;
    } rows[] = { { "mdat", NULL, "HEIF: " },
                 { "ispe", "free", "HEIF: a picture without a size" } };
    static const enum heif_compression_format formats[] = { heif_compression_HEVC,
                                                            heif_compression_AV1 };

    (void)state;
    for (size_t t = 0; t < 4; t++) {
        const how h = { formats[t / 2], false, heif_orientation_normal, false, false };
        const char *box = rows[t % 2].box, *instead = rows[t % 2].instead;
        kao_image m;
        kao_error err = { 0 };
        buf b;

        if (!encode(&h, &b))
            continue;
        for (size_t at = 0; at + 4 <= b.n; at++)
            if (memcmp(b.p + at, box, 4) == 0 && instead)
                memcpy(b.p + at, instead, 4);
            else if (memcmp(b.p + at, box, 4) == 0)
                memset(b.p + at + 4, 'a', b.n - at - 4);
        assert_int_equal(kao_image_decode(ctx, b.p, b.n, NULL, &m, &err), KAO_E_FORMAT);
        assert_int_equal(strncmp(err.msg, rows[t % 2].says, strlen(rows[t % 2].says)),
                         0);
        free(b.p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pictures),
        cmocka_unit_test(damage),
        cmocka_unit_test(garbage),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
