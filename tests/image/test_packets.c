/* Where pictures keep face regions otherwise than plainly in one packet: texts of PNG that are packed,
 * a JPEG's second packet; and which way is up where another packet tells. */
#include "support/unit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/context.h"
#include "kao/image.h"
#include "support/fixture.h"
#include "xmp_text.h"

/* ---- texts of PNG ---- */

#define KEYWORD "XML:com.adobe.xmp"
#define RAW     "Raw profile type "

static const struct {
    const char *type, *keyword, *head; /* of the profile */
} text_forms[] = {
    { "iTXt", KEYWORD, NULL },
    { "tEXt", KEYWORD, NULL },
    { "zTXt", KEYWORD, NULL },
    { "iTXz", KEYWORD, NULL },
    { "zTXt", RAW "xmp", "" },
    { "tEXt", RAW "xmp", "" },
    { "zTXt", RAW "APP1", "http://ns.adobe.com/xap/1.0/" },
};

static buf png_with(const char *packet, size_t form)
{
    uint8_t rgb[W * H * 3] = { 0 };
    const char *head = text_forms[form].head;
    buf file = make_png(rgb, W * 3, W, H,
                        &(png_how){ .type = PNG_COLOR_TYPE_RGB, .depth = 8 }, NULL),
        text = { 0 };

    if (head && head[0])
        buf_add(&text, head, strlen(head) + 1);
    buf_add(&text, packet, strlen(packet));
    if (head) {
        const buf profile = make_raw_profile("xmp", &text);

        buf_free(&text);
        text = profile;
    }
    png_put_text(&file, text_forms[form].type, text_forms[form].keyword, &text);
    buf_free(&text);
    return file;
}

static size_t count(const uint8_t *p, size_t n, const char *what)
{
    size_t found = 0;

    for (size_t i = 0; i + strlen(what) <= n; i++)
        found += memcmp(p + i, what, strlen(what)) == 0;
    return found;
}

/* Packets that are compressed, or in hexadecimal as ImageMagick writes them, are read, and new names
 * go into the one packet of the picture, which lies as before. */
static void packed_texts(void **state)
{
    static const char packet[] = LIST_BEHIND(
        "<t:Orientation xmlns:t='http://ns.adobe.com/tiff/1.0/'>6</t:Orientation>",
        OF_DIGIKAM("Ana"));
    fixture *f = *state;

    if (!WITH_ALL)
        skip();
    for (size_t i = 0; i < COUNT(text_forms); i++)
        for (int behind = 0; behind < 2; behind++) {
            buf file = png_with(packet, i), other = { 0 };
            uint8_t *out = NULL;
            size_t n = 0;
            kao_image image = { 0 };
            kao_regions had = { .size = sizeof had }, found = had;

            if (behind) { /* texts that hold no packet come first: another, a damaged one */
                buf_add(&other, "<no xmp>", 8);
                png_put_text(&file, "zTXt", "Title", &other);
                png_put_text(&file, "zTXt", RAW "exif", &other);
                png_put_text(&file, "zTXt", KEYWORD, &other);
                file.p[33 + 8 + sizeof KEYWORD + 10] ^= 1;
            }
            assert_int_equal(
                kao_regions_read(f->ctx, file.p, file.n, NULL, 0, &had, &f->err),
                KAO_OK);
            if (had.n != 1 || strcmp(had.list[0].name, "Ana") != 0)
                fail_msg("form %zu: %zu regions", i, had.n);
            near(had.list[0].x, .75);
            near(had.list[0].y, .5);
            if (kao_regions_embed(f->ctx, file.p, file.n, two, 2, H, W, &out, &n,
                                  &f->err))
                fail_msg("form %zu: %s", i, f->err.msg);
            assert_int_equal(count(out, n, KEYWORD), 1 + behind);
            assert_int_equal(count(out, n, RAW), behind);
            assert_int_equal(kao_regions_read(f->ctx, out, n, NULL, 0, &found, &f->err),
                             KAO_OK);
            assert_int_equal(found.n, 3);
            assert_string_equal(found.list[0].name, "Ana");
            assert_string_equal(found.list[1].name, two[0].name);
            assert_int_equal(kao_image_decode(f->ctx, out, n, NULL, &image, &f->err),
                             KAO_OK);
            assert_int_equal(image.width, H);
            kao_image_free(f->ctx, &image);
            kao_image_free_bytes(f->ctx, out);
            kao_regions_free(f->ctx, &had);
            kao_regions_free(f->ctx, &found);
            buf_free(&other);
            buf_free(&file);
        }
}

static void memory_of_packed_texts(void **state)
{
    fixture *f = *state;

    if (!WITH_ALL)
        skip();
    for (size_t i = 0; i < COUNT(text_forms); i++) {
        buf file = png_with(LIST(OF_DIGIKAM("Ana")), i);
        bool fired = true;

        for (unsigned n = 0; fired; n++) {
            kao_regions found = { .size = sizeof found };
            uint8_t *out = NULL;
            size_t n_out = 0;

            kao_fault_arm(&f->ctx->mem, KAO_FAULT_ALLOC, n);
            const kao_status a = kao_regions_read(f->ctx, file.p, file.n, NULL, 0,
                                                  &found, &f->err),
                             b = kao_regions_embed(f->ctx, file.p, file.n, two, 2, W, H,
                                                   &out, &n_out, &f->err);

            fired = kao_fault_disarm(&f->ctx->mem, KAO_FAULT_ALLOC);
            if ((a || b) != fired || (a && a != KAO_E_NOMEM) || (b && b != KAO_E_NOMEM))
                fail_msg("form %zu, allocation %u: %d, %d", i, n, a, b);
            kao_regions_free(f->ctx, &found);
            kao_image_free_bytes(f->ctx, out);
        }
        buf_free(&file);
    }
}

/* ---- a second packet ---- */

#define GUID "0123456789ABCDEF0123456789ABCDEF"

enum { WHOLE, LACKS_A_PART, OTHER_GUID, OVERLONG, KINDS };

/* A JPEG whose second packet lies in three parts, the last one first. */
static buf extended(const char *first, const char *second, int kind)
{
    static const char name[] = "http://ns.adobe.com/xmp/extension/";
    uint8_t rgb[W * H * 3] = { 0 };
    buf file = make_jpeg(rgb, W, H, &(jpeg_how){ .kind = JPEG_RGB }), main = { 0 };
    const size_t all = strlen(second);

    for (size_t k = 0; k < 3; k++) {
        const size_t begin = all * k / 3, n = all * (k + 1) / 3 - begin,
                     length = 2 + sizeof name + 32 + 8 + n,
                     at = begin + (kind == OVERLONG && k == 2);
        const uint8_t head[4] = { 0xff, 0xe1, (uint8_t)(length >> 8), (uint8_t)length },
                      place[8] = { 0, 0, (uint8_t)(all >> 8), (uint8_t)all,
                                   0, 0, (uint8_t)(at >> 8),  (uint8_t)at };
        buf part = { 0 };

        buf_add(&part, head, sizeof head);
        buf_add(&part, name, sizeof name);
        buf_add(&part, kind == OTHER_GUID ? "00000000000000000000000000000000" : GUID,
                32);
        buf_add(&part, place, sizeof place);
        buf_add(&part, second + begin, n);
        if (kind != LACKS_A_PART || k != 1)
            buf_insert(&file, 2, part.p, part.n);
        buf_free(&part);
    }
    buf_add(&main, first, strlen(first));
    jpeg_put_xmp(&file, &main);
    buf_free(&main);
    return file;
}

#define NOTE                                                                           \
 "<e:HasExtendedXMP xmlns:e='http://ns.adobe.com/xmp/note/'>" GUID "</"                \
 "e:HasExtendedXMP>"

/* A JPEG's further pictures are told of by their distance from the index: it stays, or nothing is
 * written into the file. */
static void several_pictures(void **state)
{
    enum { NONE, BEFORE, BEHIND }; /* where the packet is */
    static const uint8_t index[] = "\xff\xe2\0\x0eMPF\0MM\0*\0\0\0\x08";
    fixture *f = *state;
    uint8_t rgb[W * H * 3] = { 0 };

    if (!KAO_WITH_JPEG)
        skip();
    for (int packet = NONE; packet <= BEHIND; packet++) {
        buf file = make_jpeg(rgb, W, H, &(jpeg_how){ .kind = JPEG_RGB }), xmp = { 0 };
        const size_t behind_jfif = 20;
        uint8_t *out = NULL;
        size_t n = 0, at = packet == NONE ? behind_jfif : 2;

        buf_add(&xmp, HEAD TAIL, sizeof HEAD TAIL - 1);
        if (packet == BEHIND)
            jpeg_put_xmp(&file, &xmp);
        buf_insert(&file, at, index, sizeof index - 1);
        const size_t rest = file.n - at;

        if (packet == BEFORE)
            jpeg_put_xmp(&file, &xmp);
        const kao_status st =
            kao_regions_embed(f->ctx, file.p, file.n, two, 2, W, H, &out, &n, &f->err);

        assert_int_equal(st, packet == BEHIND ? KAO_E_UNSUPPORTED : KAO_OK);
        if (st)
            assert_non_null(strstr(f->err.msg, "several pictures"));
        else
            assert_memory_equal(out + n - rest, file.p + file.n - rest, rest);
        kao_image_free_bytes(f->ctx, out);
        /* beside it they always go */
        assert_int_equal(kao_regions_write(f->ctx, file.p, file.n, NULL, 0, two, 2, W,
                                           H, &out, &n, &f->err),
                         KAO_OK);
        kao_image_free_bytes(f->ctx, out);
        buf_free(&file);
        buf_free(&xmp);
    }
}

/* What a JPEG's segment had no room for is read from the second packet; new names go beside the
 * picture with those, and not into it, where there would be two lists then. */
static void second_packet(void **state)
{
    static const char more[] = LIST(OF_DIGIKAM("Ana")), first[] = HEAD NOTE TAIL,
                      own[] = LIST_BEHIND(NOTE, OF_DIGIKAM("Eva"));
    fixture *f = *state;

    if (!KAO_WITH_JPEG)
        skip();
    for (int kind = 0; kind < KINDS; kind++)
        for (int has_own = 0; has_own < 2; has_own++) {
            buf file = extended(has_own ? own : first, more, kind);
            kao_regions had = { .size = sizeof had }, found = had;
            const char *want = has_own ? "Eva" : kind == WHOLE ? "Ana" : NULL;
            uint8_t *out = NULL;
            size_t n = 0;

            assert_int_equal(
                kao_regions_read(f->ctx, file.p, file.n, NULL, 0, &had, &f->err),
                KAO_OK);
            if (had.n != (want != NULL) ||
                (want && strcmp(had.list[0].name, want) != 0))
                fail_msg("kind %d, own %d: %zu regions", kind, has_own, had.n);
            if (kao_regions_write(f->ctx, file.p, file.n, NULL, 0, two, 2, W, H, &out,
                                  &n, &f->err) ||
                kao_regions_read(f->ctx, file.p, file.n, out, n, &found, &f->err))
                fail_msg("kind %d: %s", kind, f->err.msg);
            assert_int_equal(found.n, had.n + 2);
            if (want)
                assert_string_equal(found.list[0].name, want);
            kao_image_free_bytes(f->ctx, out);
            assert_int_equal(kao_regions_embed(f->ctx, file.p, file.n, two, 2, W, H,
                                               &out, &n, &f->err),
                             !has_own && kind == WHOLE ? KAO_E_UNSUPPORTED : KAO_OK);
            kao_image_free_bytes(f->ctx, out);
            kao_regions_free(f->ctx, &had);
            kao_regions_free(f->ctx, &found);
            buf_free(&file);
        }
}

static void memory_of_a_second_packet(void **state)
{
    fixture *f = *state;
    bool fired = true;

    if (!KAO_WITH_JPEG)
        skip();
    buf file = extended(HEAD NOTE TAIL, LIST(OF_DIGIKAM("Ana")), WHOLE);

    for (unsigned n = 0; fired; n++) {
        kao_regions found = { .size = sizeof found };
        uint8_t *out = NULL;
        size_t n_out = 0;

        kao_fault_arm(&f->ctx->mem, KAO_FAULT_ALLOC, n);
        const kao_status a = kao_regions_read(f->ctx, file.p, file.n, NULL, 0, &found,
                                              &f->err),
                         b = kao_regions_write(f->ctx, file.p, file.n, NULL, 0, two, 2,
                                               W, H, &out, &n_out, &f->err);

        fired = kao_fault_disarm(&f->ctx->mem, KAO_FAULT_ALLOC);
        assert_int_equal(a || b, fired);
        assert_true((!a || a == KAO_E_NOMEM) && (!b || b == KAO_E_NOMEM));
        kao_regions_free(f->ctx, &found);
        kao_image_free_bytes(f->ctx, out);
    }
    buf_free(&file);
}

/* Of two packets the second alone tells which way is up: regions lie as the picture does. */
static void turned_by_another(void **state)
{
    static const char text[] = LIST(OF_DIGIKAM("Ana"));
    fixture *f = *state;
    uint8_t rgb[W * H * 3] = { 0 };

    if (!WITH_ALL)
        skip();
    for (int format = 0; format < 3; format++) {
        buf first = { 0 }, second = make_xmp("6", true), file;
        kao_regions found = { .size = sizeof found };
        kao_image image = { 0 };

        buf_add(&first, text, sizeof text - 1);
        if (format == 0) { /* each is put before what is there */
            file = make_jpeg(rgb, W, H, &(jpeg_how){ .kind = JPEG_RGB });
            jpeg_put_xmp(&file, &second);
            jpeg_put_xmp(&file, &first);
        } else if (format == 1) {
            file = make_png(rgb, W * 3, W, H,
                            &(png_how){ .type = PNG_COLOR_TYPE_RGB, .depth = 8 }, NULL);
            png_put_text(&file, "iTXt", KEYWORD, &second);
            png_put_text(&file, "iTXt", KEYWORD, &first);
        } else {
            file = make_webp(rgb, W, H, false);
            webp_put_notes(&file, W, H, NULL, &first);
            webp_put_xmp(&file, &second);
        }
        assert_int_equal(
            kao_image_decode(f->ctx, file.p, file.n, NULL, &image, &f->err), KAO_OK);
        assert_int_equal(image.width, H);
        assert_int_equal(
            kao_regions_read(f->ctx, file.p, file.n, NULL, 0, &found, &f->err), KAO_OK);
        assert_int_equal(found.n, 1);
        if (fabsf(found.list[0].x - .75f) > 1e-6f ||
            fabsf(found.list[0].y - .5f) > 1e-6f)
            fail_msg("format %d: at %g, %g", format, (double)found.list[0].x,
                     (double)found.list[0].y);
        kao_image_free(f->ctx, &image);
        kao_regions_free(f->ctx, &found);
        buf_free(&first);
        buf_free(&second);
        buf_free(&file);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packed_texts),
        cmocka_unit_test(memory_of_packed_texts),
        cmocka_unit_test(turned_by_another),
        cmocka_unit_test(several_pictures),
        cmocka_unit_test(second_packet),
        cmocka_unit_test(memory_of_a_second_packet),
    };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
