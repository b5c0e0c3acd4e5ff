/* Face regions in XMP: the forms that programs write, the turns, what is added, what is refused. */
#include "support/unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/context.h"
#include "kao/image.h"
#include "kao/regions.h"
#include "support/fixture.h"
#include "xmp_text.h"

static kao_regions read_text(fixture *f, const char *text, kao_status want)
{
    kao_regions found = { .size = sizeof found };
    const kao_status st =
        kao_regions_read(f->ctx, NULL, 0, text, strlen(text), &found, &f->err);

    if (st != want)
        fail_msg("status %d, want %d: %s", st, want, st ? f->err.msg : text);
    return found;
}

static void forms(void **state)
{
    static const struct {
        const char *text, *names; /* with commas between */
    } rows[] = {
        { LIST(OF_DIGIKAM("Ana")), "Ana" },
        { LIST(OF_PICASA("Ana")), "Ana" },
        { LIST(OF_ELEMENTS("Ana")), "Ana" },
        { LIST(OF_DIGIKAM("A&amp;B &lt;&#x9854;&gt;") OF_ELEMENTS("C&amp;D")),
          "A&B <顔>,C&D" },
        { LIST("<r:li><r:Description m:Name='Fido' m:Type='Pet'><m:Area " AREA_AT(
              ".5", ".5") "/></r:Description></r:li>" OF_PICASA("Ben")),
          "Ben" },
        { LIST("<r:li><r:Description m:Name='no type'><m:Area " AREA_AT(
              ".5", ".25") "/></r:Description></r:li>"),
          "no type" },
        { LIST("<r:li><r:Description m:Type='Face'><m:Area " AREA_AT(
              "0.5", "0.25") "/></r:Description></r:li>"),
          "" },
        /* no place, no size, pixels, no number */
        { LIST("<r:li m:Name='x'/><r:li m:Name='y'><m:Area a:x='.5' a:y='.5' a:w='0' "
               "a:h='.1'/></r:li>"
               "<r:li m:Name='z'><m:Area a:x='5' a:y='5' a:w='3' a:h='3' "
               "a:unit='pixel'/></r:li>"
               "<r:li m:Name='w'><m:Area a:x='here' a:y='.5' a:w='.1' "
               "a:h='.1'/></r:li>"),
          NULL },
        /* what a region says of something else is not of it */
        { LIST("<r:li><r:Description m:Name='Ana' m:Type='Face'><m:Area " AREA_AT(
              ".5", ".25") "/><m:Extensions><r:Description><o:of><r:Bag><r:li><r:"
                           "Description m:Name='Eve' m:Type='Pet'>"
                           "<m:Name>Eve</m:Name></r:Description></r:li></r:Bag></"
                           "o:of></r:Description>"
                           "</m:Extensions></r:Description></r:li>"),
          "Ana" },
        /* nor where that stands right below it */
        { LIST("<r:li><r:Description m:Name='Ana' m:Type='Face'><m:Area " AREA_AT(
              ".5", ".25") "/><m:Extensions><r:Description m:Name='Eve' m:Type='Pet'/>"
                           "</m:Extensions></r:Description></r:li>"),
          "Ana" },
        { LIST("<r:li r:parseType='Resource'><m:Name>Ana</m:Name><m:Area " AREA_AT(
              ".5", ".25") "/><m:Extensions r:parseType='Resource'><m:Name>Eve"
                           "</m:Name></m:Extensions></r:li>"),
          "Ana" },
        /* the canonical form: a description in each structure */
        { LIST("<r:li><r:Description><m:Name>Ana</m:Name><m:Type>Face</m:Type><m:Area>"
               "<r:Description><a:x>0.5</a:x><a:y>0.25</a:y><a:w>0.25</a:w>"
               "<a:h>0.5</a:h><a:unit>normalized</a:unit></r:Description></m:Area>"
               "</r:Description></r:li>"),
          "Ana" },
        { HEAD TAIL, NULL },
        { HEAD "<o:Regions><m:RegionList><r:Bag>" OF_PICASA(
              "Ana") "</r:Bag></m:RegionList></o:Regions>" TAIL,
          NULL },
    };
    fixture *f = *state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        char names[200] = "";
        kao_regions found = read_text(f, rows[i].text, KAO_OK);

        for (size_t k = 0; k < found.n; k++) {
            snprintf(names + strlen(names), sizeof names - strlen(names), "%s%s",
                     k ? "," : "", found.list[k].name);
            near(found.list[k].x, .5);
            near(found.list[k].y, .25);
            near(found.list[k].width, .25);
            near(found.list[k].height, .5);
        }
        assert_int_equal(found.n == 0, rows[i].names == NULL);
        if (rows[i].names)
            assert_string_equal(names, rows[i].names);
        kao_regions_free(f->ctx, &found);
        assert_int_equal(found.n, 0);
    }
}

/* Packets in UTF-16 are read, with or without their mark, a line end or padding behind. */
static void in_utf16(void **state)
{
    static const char *const ends[] = { "", "\n", " \n", "\n  " },
                             text[] = LIST(OF_DIGIKAM("Ana"));
    fixture *f = *state;

    for (size_t i = 0; i < 2 * 2 * 3 * COUNT(ends); i++) {
        const size_t low = i & 1, mark = i >> 1 & 1, zeros = i / 4 % 3;
        const char *parts[] = { mark ? "\xfe" : "", text, ends[i / 12] };
        kao_regions found = { .size = sizeof found };
        buf b = { 0 };
        uint8_t *out = NULL;
        size_t n = 0;

        for (size_t k = 0; k < COUNT(parts); k++)
            for (const char *c = parts[k]; *c; c++) {
                const char high = *c == '\xfe' ? '\xff' : 0, by_low[2] = { *c, high },
                           by_high[2] = { high, *c };

                /* the mark is U+FEFF */
                buf_add(&b, low == (high == 0) ? by_low : by_high, 2);
            }
        buf_add(&b, "\0\0", zeros);
        if (kao_regions_read(f->ctx, NULL, 0, b.p, b.n, &found, &f->err) ||
            found.n != 1)
            fail_msg("row %zu: %zu regions, %s", i, found.n, f->err.msg);
        assert_string_equal(found.list[0].name, "Ana");
        kao_regions_free(f->ctx, &found);
        assert_int_equal(kao_regions_write(f->ctx, NULL, 0, b.p, b.n, found.list, 0, W,
                                           H, &out, &n, &f->err),
                         KAO_E_UNSUPPORTED);
        assert_non_null(strstr(f->err.msg, "not in UTF-8"));
        buf_free(&b);
    }
}

/* A region over the mark of the picture as it lies in the file is over it in the upright one. */
static void turns(void **state)
{
    fixture *f = *state;
    uint8_t rgb[W * H * 3];
    const char *text = LIST(
        "<r:li m:Name='mark'><m:Area a:x='0.1' a:y='0.2' a:w='0.2' a:h='0.4'/></r:li>");
    buf xmp = { 0 };

    if (!WITH_ALL)
        skip();
    memset(rgb, 0, sizeof rgb);
    for (int y = 0; y < 12; y++) /* 0.2 by 0.4, at the corner */
        for (int x = 0; x < 8; x++)
            rgb[3 * (y * W + x)] = 255;
    buf_add(&xmp, text, strlen(text));
    for (uint16_t o = 1; o <= 8; o++)
        for (int format = 0; format < 7; format++) {
            buf file =
                format == 0 || format >= 5
                    ? make_jpeg(rgb, W, H, &(jpeg_how){ .kind = JPEG_RGB })
                : format == 2
                    ? make_webp(rgb, W, H, false)
                    : make_png(rgb, W * 3, W, H,
                               &(png_how){ .type = PNG_COLOR_TYPE_RGB, .depth = 8 },
                               NULL);
            kao_regions found = { .size = sizeof found };
            kao_image image = { 0 };

            if (format == 0) {
                jpeg_put_xmp(&file, &xmp);
                jpeg_put_exif(&file, o, o % 2);
            } else if (format == 1) {
                png_put_text(&file, "iTXt", "XML:com.adobe.xmp", &xmp);
                png_put_exif(&file, o, o % 2, false);
            } else if (format >= 5) { /* padding between; markers alone, before both */
                const char *between = format == 5 ? "\0\0" : "\xff\x01\xff\xd7";
                const size_t n = format == 5 ? 2 : 4;

                jpeg_put_exif(&file, o, false);
                jpeg_put_xmp(&file, &xmp);
                buf_insert(&file, 4 + (size_t)(file.p[4] << 8 | file.p[5]), between, n);
                if (format == 6)
                    buf_insert(&file, 2, between, n);
            } else if (format > 2) { /* EXIF in a text */
                buf exif = make_exif(o, o % 2, true),
                    profile = make_raw_profile("exif", &exif);

                png_put_text(&file, "iTXt", "XML:com.adobe.xmp", &xmp);
                png_put_text(&file, format == 3 ? "zTXt" : "tEXt",
                             "Raw profile type exif", &profile);
                buf_free(&profile);
                buf_free(&exif);
            } else {
                buf exif = make_exif(o, o % 2, false);

                webp_put_notes(&file, W, H, &exif, &xmp);
                buf_free(&exif);
            }
            assert_int_equal(
                kao_image_decode(f->ctx, file.p, file.n, NULL, &image, &f->err),
                KAO_OK);
            assert_int_equal(
                kao_regions_read(f->ctx, file.p, file.n, NULL, 0, &found, &f->err),
                KAO_OK);
            assert_int_equal(found.n, 1);
            const kao_region *r = found.list;
            uint32_t inside = 0, red = 0;

            for (uint32_t y = 0; y < image.height; y++)
                for (uint32_t x = 0; x < image.width; x++) {
                    const bool in = fabs((x + .5) / image.width - (double)r->x) <
                                        (double)r->width / 2 &&
                                    fabs((y + .5) / image.height - (double)r->y) <
                                        (double)r->height / 2;
                    const bool is_red = image.rgb[y * image.row_bytes + 3 * x] > 128;

                    inside += in && is_red;
                    red += is_red;
                }
            if (inside < 90 || red > inside + 6) /* 96, JPEG is not exact */
                fail_msg("orientation %d, format %d: %u of %u in the region", o, format,
                         inside, red);
            kao_image_free(f->ctx, &image);
            kao_regions_free(f->ctx, &found);
            buf_free(&file);
        }
    buf_free(&xmp);
}

/* A sidecar's are of the picture as it lies, too, where that is a TIFF. */
static void turned_tiff(void **state)
{
    const char *text = LIST(
        "<r:li m:Name='mark'><m:Area a:x='0.1' a:y='0.2' a:w='0.2' a:h='0.4'/></r:li>");
    fixture *f = *state;

    for (int big = 0; big < 2; big++) {
        buf file = make_exif(6, big, false);
        kao_regions found = { .size = sizeof found };

        assert_int_equal(kao_regions_read(f->ctx, file.p, file.n, text, strlen(text),
                                          &found, &f->err),
                         KAO_OK);
        assert_int_equal(found.n, 1);
        near(found.list[0].x, .8);
        near(found.list[0].y, .1);
        near(found.list[0].width, .4);
        near(found.list[0].height, .2);
        kao_regions_free(f->ctx, &found);
        buf_free(&file);
    }
}

/* To learn how a picture lies may take memory: without it nothing is said. */
static void memory_of_texts(void **state)
{
    const char *text = LIST(OF_DIGIKAM("Ana"));
    fixture *f = *state;
    uint8_t rgb[W * H * 3] = { 0 };
    bool fired = true;

    if (!WITH_ALL)
        skip();
    buf file = make_png(rgb, W * 3, W, H,
                        &(png_how){ .type = PNG_COLOR_TYPE_RGB, .depth = 8 }, NULL);
    buf exif = make_exif(6, false, true), profile = make_raw_profile("exif", &exif);

    png_put_text(&file, "zTXt", "Raw profile type exif", &profile);
    for (unsigned n = 0; fired; n++) {
        kao_regions found = { .size = sizeof found };

        kao_fault_arm(&f->ctx->mem, KAO_FAULT_ALLOC, n);
        const kao_status st = kao_regions_read(f->ctx, file.p, file.n, text,
                                               strlen(text), &found, &f->err);

        fired = kao_fault_disarm(&f->ctx->mem, KAO_FAULT_ALLOC);
        assert_int_equal(st, fired ? KAO_E_NOMEM : KAO_OK);
        assert_int_equal(found.n, !fired);
        kao_regions_free(f->ctx, &found);
        assert_true(fired || n > 6);
    }
    buf_free(&profile);
    buf_free(&exif);
    buf_free(&file);
}

/* Begins and ends as before, with more between. */
static void kept(const char *was, const uint8_t *got, size_t n)
{
    size_t front = 0, back = 0;
    const size_t n_was = strlen(was);

    while (front < n_was && front < n && (uint8_t)was[front] == got[front])
        front++;
    while (back < n_was - front && was[n_was - 1 - back] == (char)got[n - 1 - back])
        back++;
    assert_true(n > n_was);
    assert_int_equal(front + back, n_was);
}

static void added(void **state)
{
    static const char *const packets[] = {
        LIST(OF_DIGIKAM(
            "Ana") "<r:li><r:Description m:Name='Fido' m:Type='Pet'/></r:li>"),
        LIST(OF_ELEMENTS("Ana")),
        HEAD "<o:mine>kept &amp; whole</o:mine>" TAIL "\n",
        HEAD "<m:Regions r:parseType='Resource'><m:AppliedToDimensions d:w='40' "
             "d:h='30'/></m:Regions>" TAIL,
        "\xef\xbb\xbf<?xml version='1.0' encoding='utf-8'?>" HEAD TAIL,
        "",
    };
    fixture *f = *state;

    for (size_t i = 0; i < COUNT(packets); i++) {
        uint8_t *out = NULL;
        size_t n = 0;
        kao_regions found = { .size = sizeof found };

        if (kao_regions_write(f->ctx, NULL, 0, packets[i], strlen(packets[i]), two, 2,
                              W, H, &out, &n, &f->err))
            fail_msg("%s", f->err.msg);
        if (packets[i][0] && packets[i][strlen(packets[i]) - 1] != '\n')
            kept(packets[i], out, n);
        size_t lists =
            0; /* one property of that name: a second one makes no XMP of it */

        for (size_t k = 0; k + 9 < n; k++)
            lists += memcmp(out + k, ":Regions ", 9) == 0;
        assert_int_equal(lists, 1);
        assert_int_equal(kao_regions_read(f->ctx, NULL, 0, out, n, &found, &f->err),
                         KAO_OK);
        const size_t before = i < 2;

        assert_int_equal(found.n, before + 2);
        if (before)
            assert_string_equal(found.list[0].name, "Ana");
        for (size_t k = 0; k < 2; k++) {
            assert_string_equal(found.list[before + k].name, two[k].name);
            near(found.list[before + k].x, (double)two[k].x);
            near(found.list[before + k].height, (double)two[k].height);
        }
        kao_regions_free(f->ctx, &found);
        kao_image_free_bytes(f->ctx, out);
    }
}

/* What XML cannot hold is left out of a name: what was written can be read. */
static void names_that_cannot(void **state)
{
    const kao_region bad = { "A\xef\xbf\xbfn\x01\xef\xbf\xbe\xef\xbf\xbd\n", .5f, .5f,
                             .1f, .1f };
    fixture *f = *state;
    uint8_t *out = NULL;
    size_t n = 0;
    kao_regions found = { .size = sizeof found };

    assert_int_equal(
        kao_regions_write(f->ctx, NULL, 0, NULL, 0, &bad, 1, W, H, &out, &n, &f->err),
        KAO_OK);
    if (kao_regions_read(f->ctx, NULL, 0, out, n, &found, &f->err))
        fail_msg("%s", f->err.msg);
    assert_int_equal(found.n, 1);
    assert_string_equal(found.list[0].name, "An\xef\xbf\xbd");
    kao_regions_free(f->ctx, &found);
    kao_image_free_bytes(f->ctx, out);
}

/* Into the picture: regions come back as they were given, whichever way it lies; pixels stay. */
static void embedded(void **state)
{
    fixture *f = *state;
    uint8_t rgb[W * H * 3];

    if (!WITH_ALL)
        skip();
    pattern(rgb, W, H);
    for (uint16_t o = 1; o <= 8; o++)
        for (int how = 0; how < 4; how++) { /* JPEG, PNG; with a packet */
            buf file =
                how % 2 == 0
                    ? make_jpeg(rgb, W, H, &(jpeg_how){ .kind = JPEG_RGB })
                    : make_png(rgb, W * 3, W, H,
                               &(png_how){ .type = PNG_COLOR_TYPE_RGB, .depth = 8 },
                               NULL);
            buf xmp = make_xmp("1", true);
            kao_image before = { 0 }, after = { 0 };
            kao_regions found = { .size = sizeof found };
            uint8_t *out = NULL;
            size_t n = 0;

            if (how == 2)
                jpeg_put_xmp(&file, &xmp);
            if (how == 3)
                png_put_text(&file, "iTXt", "XML:com.adobe.xmp", &xmp);
            if (how % 2)
                png_put_exif(&file, o, false, false);
            else
                jpeg_put_exif(&file, o, false);
            assert_int_equal(
                kao_image_decode(f->ctx, file.p, file.n, NULL, &before, &f->err),
                KAO_OK);
            if (kao_regions_embed(f->ctx, file.p, file.n, two, 2, before.width,
                                  before.height, &out, &n, &f->err))
                fail_msg("%s", f->err.msg);
            assert_int_equal(kao_image_decode(f->ctx, out, n, NULL, &after, &f->err),
                             KAO_OK);
            assert_null(after.warning);
            assert_int_equal(after.width, before.width);
            assert_memory_equal(after.rgb, before.rgb,
                                before.row_bytes * before.height);
            assert_int_equal(kao_regions_read(f->ctx, out, n, NULL, 0, &found, &f->err),
                             KAO_OK);
            assert_int_equal(found.n, 2);
            near(found.list[0].x, .25);
            near(found.list[0].y, .5);
            near(found.list[0].width, .125);
            near(found.list[0].height, .25);
            kao_regions_free(f->ctx, &found);
            kao_image_free(f->ctx, &before);
            kao_image_free(f->ctx, &after);
            kao_image_free_bytes(f->ctx, out);
            buf_free(&file);
            buf_free(&xmp);
        }
}

/* Names that stand in the picture are not lost to a sidecar that has had none: they go along into it.
 * One that has its own comes first, as it is read. */
static void of_the_picture_too(void **state)
{
    static const char *const sidecars[] = { HEAD TAIL, LIST(OF_DIGIKAM("Ana")), " \n" };
    static const kao_region new = { "Chen", .5f, .75f, .25f, .125f };
    fixture *f = *state;
    uint8_t rgb[W * H * 3] = { 0 };

    if (!WITH_ALL)
        skip();
    for (uint16_t o = 1; o <= 8; o++)
        for (size_t i = 0; i < COUNT(sidecars); i++) {
            buf file = make_jpeg(rgb, W, H, &(jpeg_how){ .kind = JPEG_RGB });
            const uint32_t w = o > 4 ? H : W, h = o > 4 ? W : H;
            kao_regions found = { .size = sizeof found };
            uint8_t *named = NULL, *out = NULL;
            size_t n = 0, n_out = 0;

            jpeg_put_exif(&file, o, false);
            assert_int_equal(kao_regions_embed(f->ctx, file.p, file.n, two, 2, w, h,
                                               &named, &n, &f->err),
                             KAO_OK);
            assert_int_equal(kao_regions_read(f->ctx, named, n, sidecars[i],
                                              strlen(sidecars[i]), &found, &f->err),
                             KAO_OK);
            assert_int_equal(found.n, i == 1 ? 1 : 2);
            kao_regions_free(f->ctx, &found);
            if (kao_regions_write(f->ctx, named, n, sidecars[i], strlen(sidecars[i]),
                                  &new, 1, w, h, &out, &n_out, &f->err))
                fail_msg("%s", f->err.msg);
            if (i < 2)
                kept(sidecars[i], out, n_out);
            assert_int_equal(
                kao_regions_read(f->ctx, named, n, out, n_out, &found, &f->err),
                KAO_OK);
            assert_int_equal(found.n, i == 1 ? 2 : 3);
            for (size_t k = 0; k < found.n; k++) {
                const kao_region *want = k + 1 == found.n ? &new : &two[k];

                if (i == 1 && k == 0) {
                    assert_string_equal(found.list[0].name, "Ana");
                    continue;
                }
                assert_string_equal(found.list[k].name, want->name);
                near(found.list[k].x, (double)want->x);
                near(found.list[k].y, (double)want->y);
                near(found.list[k].width, (double)want->width);
                near(found.list[k].height, (double)want->height);
            }
            kao_regions_free(f->ctx, &found);
            kao_image_free_bytes(f->ctx, named);
            kao_image_free_bytes(f->ctx, out);
            buf_free(&file);
        }
}

static void refused(void **state)
{
    static const struct {
        const char *text, *why;
        kao_status read, write;
    } rows[] = {
        { "<!DOCTYPE x [<!ENTITY e 'Ana'>]>" HEAD TAIL, "document type", KAO_E_FORMAT,
          KAO_E_FORMAT },
        { HEAD, "line 1", KAO_E_FORMAT, KAO_E_FORMAT },
        { "nothing", "line 1", KAO_E_FORMAT, KAO_E_FORMAT },
        { "<a/>", "rdf:RDF", KAO_OK, KAO_E_UNSUPPORTED },
        { "<?xml version='1.0' encoding='ISO-8859-1'?>" HEAD TAIL, "UTF-8", KAO_OK,
          KAO_E_UNSUPPORTED },
        { HEAD "<m:Regions "
               "r:parseType='Resource'><m:RegionList><r:Bag/></m:RegionList></"
               "m:Regions>" TAIL,
          "empty list", KAO_OK, KAO_E_UNSUPPORTED },
        { HEAD "<m:Regions r:parseType='Resource'><m:RegionList/></m:Regions>" TAIL,
          "empty list", KAO_OK, KAO_E_UNSUPPORTED },
        { HEAD "<m:Regions/>" TAIL, "empty list", KAO_OK, KAO_E_UNSUPPORTED },
        { HEAD "<m:Regions><r:Description/></m:Regions>" TAIL, "empty list", KAO_OK,
          KAO_E_UNSUPPORTED },
    };
    fixture *f = *state;
    char deep[2000] = "";
    uint8_t *out = NULL;
    size_t n = 0;

    for (size_t i = 0; i < COUNT(rows); i++) {
        kao_regions found = read_text(f, rows[i].text, rows[i].read);

        kao_regions_free(f->ctx, &found);
        assert_int_equal(kao_regions_write(f->ctx, NULL, 0, rows[i].text,
                                           strlen(rows[i].text), two, 2, W, H, &out, &n,
                                           &f->err),
                         rows[i].write);
        assert_non_null(strstr(f->err.msg, rows[i].why));
        assert_null(out);
    }
    for (int i = 0; i < 100; i++)
        strcat(deep, "<a>");
    read_text(f, deep, KAO_E_LIMIT);
    /* a namespace that would be copied a thousand times; deeper than anybody reads it is not even
     * weighed */
    static const struct {
        int depth;
        const char *word;
    } costly[] = { { 0, "namespaces" }, { 64, "levels" } };

    for (size_t t = 0; t < COUNT(costly); t++) {
        char *text = calloc(1, 40000), *p = text;

        assert_non_null(text);
        for (int i = 0; i < costly[t].depth; i++)
            p += snprintf(p, 20, "<d>");
        p += snprintf(p, 20, "<p xmlns:p='");
        memset(p, 'u', 10000);
        p += 10000;
        p += snprintf(p, 20, "'>");
        for (int i = 0; i < 1000; i++)
            p += snprintf(p, 20, "<q p:a=''/>");
        p += snprintf(p, 20, "</p>");
        for (int i = 0; i < costly[t].depth; i++)
            p += snprintf(p, 20, "</d>");
        read_text(f, text, KAO_E_LIMIT);
        assert_non_null(strstr(f->err.msg, costly[t].word));
        free(text);
    }
    assert_int_equal(
        kao_regions_embed(f->ctx, "GIF89a", 6, two, 2, W, H, &out, &n, &f->err),
        KAO_E_UNSUPPORTED);
    const kao_region bad[] = { { "\xff", .5f, .5f, .1f, .1f },
                               { NULL, .5f, .5f, .1f, .1f },
                               { "x", NAN, .5f, .1f, .1f },
                               { "x", .5f, .5f, 0, .1f } };

    for (size_t i = 0; i < COUNT(bad); i++)
        assert_int_equal(kao_regions_write(f->ctx, NULL, 0, NULL, 0, &bad[i], 1, W, H,
                                           &out, &n, NULL),
                         KAO_E_ARG);
    /* a JPEG's segment is full */
    uint8_t rgb[W * H * 3] = { 0 };
    kao_region many[KAO_REGIONS_MOST];

    for (size_t i = 0; i < COUNT(many); i++)
        many[i] = two[0];
    if (KAO_WITH_JPEG) {
        buf file = make_jpeg(rgb, W, H, &(jpeg_how){ .kind = JPEG_RGB });

        assert_int_equal(kao_regions_embed(f->ctx, file.p, file.n, many, COUNT(many), W,
                                           H, &out, &n, &f->err),
                         KAO_E_LIMIT);
        assert_non_null(strstr(f->err.msg, "a JPEG takes 65504"));
        buf_free(&file);
    }
}

/* A packet grows to 4 MiB at most: beyond that it is too large, which is no want of memory. */
static void too_large(void **state)
{
    enum { MOST = 4 << 20, LONG = 5000 };
    static char sidecar[MOST], name[LONG + 1];
    static const char behind[] = "-->" TAIL;
    fixture *f = *state;
    kao_region many[KAO_REGIONS_MOST];
    const struct {
        size_t n_sidecar, n;
        bool embed;
        kao_status want;
    } rows[] = {
        { sizeof sidecar, 1, false, KAO_E_LIMIT }, /* no room in one that can be read */
        { 0, 700, false, KAO_OK },
        { 0, 1000, false, KAO_E_LIMIT },
        { 0, 1000, true, KAO_E_LIMIT },
    };

    memset(name, 'n', LONG);
    for (size_t i = 0; i < COUNT(many); i++)
        many[i] = (kao_region){ name, .5f, .5f, .1f, .1f };
    memset(sidecar, 'x', sizeof sidecar);
    memcpy(sidecar, HEAD "<!--", sizeof HEAD "<!--" - 1);
    memcpy(sidecar + sizeof sidecar - (sizeof behind - 1), behind, sizeof behind - 1);
    for (size_t t = 0; t < COUNT(rows); t++) {
        const size_t n_sidecar = rows[t].n_sidecar;
        kao_regions found = { .size = sizeof found };
        uint8_t *out = NULL;
        size_t n = 0;

        assert_int_equal(
            kao_regions_read(f->ctx, NULL, 0, sidecar, n_sidecar, &found, &f->err),
            KAO_OK);
        const kao_status st =
            rows[t].embed ? kao_regions_embed(f->ctx, "\x89PNG\r\n\x1a\n", 8, many,
                                              rows[t].n, W, H, &out, &n, &f->err)
                          : kao_regions_write(f->ctx, NULL, 0, sidecar, n_sidecar, many,
                                              rows[t].n, W, H, &out, &n, &f->err);

        if (st != rows[t].want || (st && !strstr(f->err.msg, "more than 4 MiB")))
            fail_msg("row %zu: status %d, %s", t, st, st ? f->err.msg : "");
        kao_regions_free(f->ctx, &found);
        kao_image_free_bytes(f->ctx, out);
    }
}

/* Every allocation that fails is told, and leaves nothing. */
static void memory(void **state)
{
    fixture *f = *state;
    const char *text = LIST(OF_DIGIKAM("Ana")), *bare = HEAD TAIL;
    size_t failures = 0;
    const uint32_t n_text = (uint32_t)strlen(text);
    const uint8_t size[] = { (uint8_t)n_text, (uint8_t)(n_text >> 8), 0, 0 };
    buf file = { 0 };

    buf_add(&file, "RIFF\0\0\0\0WEBPXMP ", 16);
    buf_add(&file, size, sizeof size);
    buf_add(&file, text, n_text);

    for (unsigned n = 0;; n++) {
        uint8_t *out = NULL;
        size_t n_out = 0;
        kao_regions found = { .size = sizeof found };

        kao_fault_arm(&f->ctx->mem, KAO_FAULT_ALLOC, n);
        const kao_status a = kao_regions_read(f->ctx, NULL, 0, text, strlen(text),
                                              &found, &f->err),
                         b = kao_regions_write(f->ctx, file.p, file.n, bare,
                                               strlen(bare), two, 2, W, H, &out, &n_out,
                                               &f->err);
        const bool fired = kao_fault_disarm(&f->ctx->mem, KAO_FAULT_ALLOC);

        assert_true(a == KAO_OK || a == KAO_E_NOMEM);
        assert_true(b == KAO_OK || b == KAO_E_NOMEM);
        assert_int_equal(fired, a || b);
        kao_regions_free(f->ctx, &found);
        kao_image_free_bytes(f->ctx, out);
        failures += fired;
        if (!fired)
            break;
    }
    assert_true(failures > 8);
    buf_free(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms),
        cmocka_unit_test(in_utf16),
        cmocka_unit_test(turns),
        cmocka_unit_test(names_that_cannot),
        cmocka_unit_test(turned_tiff),
        cmocka_unit_test(memory_of_texts),
        cmocka_unit_test(added),
        cmocka_unit_test(embedded),
        cmocka_unit_test(of_the_picture_too),
        cmocka_unit_test(refused),
        cmocka_unit_test(too_large),
        cmocka_unit_test(memory),
    };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
