/* Which way is up: every orientation, from every place where one may stand. */
#include "image/fixture.h"

#include "image/exif.h"
#include "image/upright.h"

/* upright(x, y) = stored(u, v), written out for each orientation */
static size_t stored_at(unsigned o, size_t x, size_t y)
{
    const size_t u[] = { 0, x, W - 1 - x, W - 1 - x, x, y, y, W - 1 - y, W - 1 - y };
    const size_t v[] = { 0, y, y, H - 1 - y, H - 1 - y, x, H - 1 - x, H - 1 - x, x };

    return v[o] * W + u[o];
}

static void expect_turned(const buf *b, const uint8_t *stored, unsigned o,
                          const char *what)
{
    kao_image m = decode_ok(b, NULL);
    const uint32_t w = o >= 5 ? H : W, h = o >= 5 ? W : H;

    if (m.width != w || m.height != h || m.full_width != w || m.full_height != h)
        fail_msg("%s %u: %u x %u", what, o, m.width, m.height);
    for (uint32_t y = 0; y < h; y++)
        for (uint32_t x = 0; x < w; x++)
            if (memcmp(m.rgb + y * m.row_bytes + x * 3, stored + stored_at(o, x, y) * 3,
                       3))
                fail_msg("%s, orientation %u: pixel %u %u", what, o, x, y);
    kao_image_free(ctx, &m);
}

static void orientations(void **state)
{
    static uint8_t rgb[N * 3];
    const jpeg_how jpeg = { .kind = JPEG_RGB };
    const png_how png = { PNG_COLOR_TYPE_RGB, 8, false, false, 0 };

    (void)state;
    if (!WITH_ALL)
        skip();
    pattern(rgb, W, H);
    buf plain = make_jpeg(rgb, W, H, &jpeg);
    kao_image as_stored = decode_ok(&plain, NULL);

    for (uint16_t o = 1; o <= 8; o++)
        for (int big = 0; big < 2; big++) {
            buf b = make_jpeg(rgb, W, H, &jpeg);
            jpeg_put_exif(&b, o, big);
            expect_turned(&b, as_stored.rgb, o, "JPEG");
            buf_free(&b);
            for (int at_end = 0; at_end < 2; at_end++) {
                b = make_png(rgb, W * 3, W, H, &png, NULL);
                png_put_exif(&b, o, big, at_end);
                expect_turned(&b, rgb, o, "PNG");
                buf_free(&b);
            }
            b = make_webp(rgb, W, H, false);
            webp_put_exif(&b, W, H, o, big);
            expect_turned(&b, rgb, o, "WebP");
            buf_free(&b);
        }
    kao_image_free(ctx, &as_stored);
    buf_free(&plain);
}

static void exif_damaged(void **state)
{
    (void)state;
    for (uint16_t o = 0; o < 12; o++) {
        buf b = make_exif(o, o % 2, false);

        assert_int_equal(kao_exif_orientation((kao_span){ b.p, b.n }),
                         o >= 1 && o <= 8 ? o : 0);
        for (size_t n = 0; n < b.n; n++) { /* a cut block: read if the entry is whole */
            uint8_t *cut = malloc(n ? n : 1);

            memcpy(cut, b.p, n);
            const uint8_t got = kao_exif_orientation((kao_span){ cut, n });

            assert_true(got == 0 || (n >= 34 && got == o));
            free(cut);
        }
        buf_free(&b);
    }
    /* a directory that lies past the end, one of wrong type, one without orientation */
    assert_int_equal(
        kao_exif_orientation((kao_span){ (const uint8_t *)"II*\0\xff\xff\xff\xff", 8 }),
        0);
    buf b = make_exif(6, false, true);
    b.p[6 + 24] = 2;
    assert_int_equal(kao_exif_orientation((kao_span){ b.p, b.n }), 0);
    b.p[6 + 24] = 4; /* LONG: some write it */
    assert_int_equal(kao_exif_orientation((kao_span){ b.p, b.n }), 6);
    b.p[6 + 26] = 2; /* two values */
    assert_int_equal(kao_exif_orientation((kao_span){ b.p, b.n }), 0);
    buf_free(&b);
}

/* Orientation o in the way-th place of a PNG that is no eXIf chunk. */
static void put_in_text(buf *png, unsigned way, uint16_t o)
{
    static const struct {
        const char *type, *keyword, *name; /* name: of a raw profile */
        bool xmp, element;
    } ways[] = {
        { "tEXt", "Raw profile type exif", "exif", false, false },
        { "zTXt", "Raw profile type exif", "exif", false, false },
        { "iTXt", "Raw profile type APP1", "generic profile", false, false },
        { "zTXt", "Raw profile type APP1", "APP1", true, false },
        { "zTXt", "Raw profile type xmp", "xmp", true, true },
        { "iTXt", "XML:com.adobe.xmp", NULL, true, false },
        { "iTXt", "XML:com.adobe.xmp", NULL, true, true },
    };
    const char digit[2] = { (char)('0' + o), 0 };
    buf note = ways[way].xmp ? make_xmp(digit, ways[way].element)
                             : make_exif(o, way % 2, true);

    if (ways[way].xmp && strstr(ways[way].keyword, "APP1"))
        buf_insert(&note, 0, "http://ns.adobe.com/xap/1.0/", 29);
    if (ways[way].name) {
        buf hex = make_raw_profile(ways[way].name, &note);

        buf_free(&note);
        note = hex;
    }
    png_put_text(png, ways[way].type, ways[way].keyword, &note);
    buf_free(&note);
}

enum { TEXT_WAYS = 7 };

static void notes(void **state)
{
    static uint8_t rgb[N * 3];
    const jpeg_how jpeg = { .kind = JPEG_RGB };
    const png_how png = { .type = PNG_COLOR_TYPE_RGB, .depth = 8 };

    (void)state;
    if (!WITH_ALL || !KAO_WITH_XMP)
        skip();
    pattern(rgb, W, H);
    buf plain = make_jpeg(rgb, W, H, &jpeg);
    kao_image as_stored = decode_ok(&plain, NULL);

    for (uint16_t o = 1; o <= 8; o++) {
        const char digit[2] = { (char)('0' + o), 0 };

        for (unsigned way = 0; way < TEXT_WAYS; way++) {
            char what[32];
            buf b = make_png(rgb, W * 3, W, H, &png, NULL);

            put_in_text(&b, way, o);
            snprintf(what, sizeof what, "PNG, way %u", way);
            expect_turned(&b, rgb, o, what);
            png_put_exif(&b, 3, true,
                         true); /* EXIF comes before XMP, eXIf before text */
            expect_turned(&b, rgb, 3, what);
            buf_free(&b);
        }
        for (int element = 0; element < 2; element++) {
            buf xmp = make_xmp(digit, element), other = make_xmp("3", false);
            buf b = make_jpeg(rgb, W, H, &jpeg);

            jpeg_put_xmp(&b, &xmp);
            expect_turned(&b, as_stored.rgb, o, "JPEG, XMP");
            jpeg_put_exif(&b, 9, true); /* no orientation: XMP stands */
            expect_turned(&b, as_stored.rgb, o, "JPEG, XMP and absurd EXIF");
            buf_free(&b);
            b = make_jpeg(rgb, W, H, &jpeg);
            jpeg_put_exif(&b, o, true);
            jpeg_put_xmp(&b, &other);
            expect_turned(&b, as_stored.rgb, o, "JPEG, EXIF behind XMP");
            buf_free(&b);
            b = make_webp(rgb, W, H, false);
            webp_put_notes(&b, W, H, NULL, &xmp);
            expect_turned(&b, rgb, o, "WebP, XMP");
            buf_free(&b);
            buf exif = make_exif(o, true, false);
            b = make_webp(rgb, W, H, false);
            webp_put_notes(&b, W, H, &exif, &other);
            expect_turned(&b, rgb, o, "WebP, EXIF and XMP");
            buf_free(&b);
            buf_free(&exif);
            buf_free(&xmp);
            buf_free(&other);
        }
    }
    kao_image_free(ctx, &as_stored);
    buf_free(&plain);
}

/* Packets: what they say of the picture, by namespaces, at its place. */
#define RDF(inside)                                                                    \
 "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>" inside "</"       \
 "rdf:RDF>"
#define ABOUT(attributes, inside)                                                      \
 RDF("<rdf:Description " attributes ">" inside "</rdf:Description>")
#define TIFF "xmlns:tiff='http://ns.adobe.com/tiff/1.0/' "

static void packets(void **state)
{
    static const struct {
        const char *text;
        uint8_t want;
    } rows[] = {
        { ABOUT(TIFF "tiff:Orientation='6'", ""), 6 },
        { ABOUT(TIFF, "<tiff:Orientation> 5\n</tiff:Orientation>"), 5 },
        /* another prefix, the default namespace; that prefix for something else */
        { ABOUT("xmlns:t='http://ns.adobe.com/tiff/1.0/' t:Orientation='6'", ""), 6 },
        { ABOUT("",
                "<Orientation xmlns='http://ns.adobe.com/tiff/1.0/'>8</Orientation>"),
          8 },
        { ABOUT("xmlns:tiff='http://example.org/' tiff:Orientation='6'", ""), 0 },
        { ABOUT("tiff:Orientation='6'", ""), 0 }, /* a prefix of nothing */
        { ABOUT("Orientation='6'", ""), 0 },
        { "<Description Orientation='6'/>", 0 },
        /* the second of two descriptions; the first value that is one */
        { RDF("<rdf:Description/><rdf:Description " TIFF "tiff:Orientation='3'/>"), 3 },
        { ABOUT(TIFF "tiff:Orientation='9'", "<tiff:Orientation>7</tiff:Orientation>"),
          7 },
        { ABOUT(TIFF, "<tiff:Orientation><!-- c -->&#x36;</tiff:Orientation>"), 6 },
        { ABOUT(TIFF, "<tiff:Orientation><![CDATA[6]]></tiff:Orientation>"), 6 },
        /* of another picture, which this one was made of */
        { ABOUT(TIFF, "<tiff:From><rdf:Description tiff:Orientation='6'/></tiff:From>"),
          0 },
        { ABOUT(TIFF, "<tiff:From><tiff:Orientation>6</tiff:Orientation></tiff:From>"),
          0 },
        { "<a " TIFF "tiff:Orientation='6'/>", 0 },
        { RDF("<rdf:Seq " TIFF "tiff:Orientation='6'/>"), 0 },
        /* no numbers */
        { ABOUT(TIFF "tiff:Orientation='0'", ""), 0 },
        { ABOUT(TIFF "tiff:Orientation='66'", ""), 0 },
        { ABOUT(TIFF "tiff:Orientation=''", ""), 0 },
        { ABOUT(TIFF, "<tiff:Orientation>6<b/></tiff:Orientation>"), 0 },
        { ABOUT(TIFF, "<tiff:Orientation>6                    </tiff:Orientation>"),
          0 },
        { ABOUT(TIFF, "<tiff:Orientation/>"), 0 },
        /* cut behind it, cut in it; no XML */
        { "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>"
          "<rdf:Description " TIFF "tiff:Orientation='6'><broken",
          6 },
        { "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>"
          "<rdf:Description " TIFF "tiff:Orientation='6'",
          0 },
        { " tiff:Orientation='6'", 0 },
        { "", 0 },
        /* a document type, alone and with entities of entities */
        { "<!DOCTYPE a>" ABOUT(TIFF "tiff:Orientation='6'", ""), 0 },
        { "<!DOCTYPE a [<!ENTITY six '6'>]>" ABOUT(TIFF "tiff:Orientation='&six;'", ""),
          0 },
        { "<!DOCTYPE a [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'>"
          "<!ENTITY c '&b;&b;&b;&b;&b;&b;&b;&b;'><!ENTITY d '&c;&c;&c;&c;&c;&c;&c;&c;'>"
          "<!ENTITY e '&d;&d;&d;&d;&d;&d;&d;&d;'><!ENTITY f '&e;&e;&e;&e;&e;&e;&e;&e;'>"
          "<!ENTITY g '&f;&f;&f;&f;&f;&f;&f;&f;'><!ENTITY h '&g;&g;&g;&g;&g;&g;&g;&g;'>"
          "]><a>&h;&h;&h;&h;&h;&h;&h;&h;</a>",
          0 },
        { "<!DOCTYPE a SYSTEM 'file:///etc/passwd'>" ABOUT(TIFF, ""), 0 },
    };

    (void)state;
    if (!KAO_WITH_XMP)
        skip();
    for (size_t t = 0; t < sizeof rows / sizeof rows[0]; t++) {
        const size_t n = strlen(rows[t].text);
        uint8_t *exact = malloc(n ? n : 1);
        kao_upright u = { 0 };

        memcpy(exact, rows[t].text, n);
        kao_upright_xmp(&u, (kao_span){ exact, n });
        free(exact);
        if (u.xmp != rows[t].want || u.no_memory)
            fail_msg("row %zu: %d", t, u.xmp);
    }
}

/* Elements within elements, and a packet behind more bytes than are looked at. */
static void large_packets(void **state)
{
    static const struct {
        const char *before;
        size_t times;
        uint8_t want;
    } rows[] = {
        { "<a>", 10, 6 },    { "<a>", 100, 0 },   { "<a>", 1 << 20, 0 },
        { " ", 3 << 20, 6 }, { " ", 4 << 20, 0 },
    };

    (void)state;
    if (!KAO_WITH_XMP)
        skip();
    for (size_t t = 0; t < sizeof rows / sizeof rows[0]; t++) {
        static const char packet[] = ABOUT(TIFF "tiff:Orientation='6'", "");
        const size_t n = strlen(rows[t].before), all = n * rows[t].times;
        buf b = { malloc(all), all };
        kao_upright u = { 0 };

        assert_non_null(b.p);
        for (size_t i = 0; i < all; i += n)
            memcpy(b.p + i, rows[t].before, n);
        buf_add(&b, packet, sizeof packet - 1);
        kao_upright_xmp(&u, (kao_span){ b.p, b.n });
        if (u.xmp != rows[t].want || u.no_memory)
            fail_msg("row %zu: %d", t, u.xmp);
        buf_free(&b);
    }
}

/* expat would copy a namespace for each attribute that has its prefix. Where that comes to many times
 * the packet it is not read; many attributes of usual namespaces are. */
static void costly_namespaces(void **state)
{
    static const struct {
        size_t uri, times; /* bytes of the namespace; how many attributes */
        bool in_one;       /* element */
        uint8_t want;
    } rows[] = {
        { 50, 20000, false, 6 },  { 50, 20000, true, 6 },
        { 20000, 3, false, 6 },   { 20000, 2000, false, 0 },
        { 20000, 2000, true, 0 }, { 2000, 20000, false, 0 },
        { 2000, 20000, true, 0 }, { 200000, 20000, false, 0 },
    };

    (void)state;
    if (!KAO_WITH_XMP)
        skip();
    for (size_t t = 0; t < sizeof rows / sizeof rows[0]; t++) {
        const size_t cap = rows[t].uri + rows[t].times * 40 + 1000;
        char *text = malloc(cap), *p = text;
        kao_upright u = { 0 };

        assert_non_null(text);
        p += snprintf(p, 20, "<p xmlns:p='");
        memset(p, 'u', rows[t].uri);
        p += rows[t].uri;
        p += snprintf(p, 20, "'><q");
        for (size_t i = 0; i < rows[t].times; i++)
            p += snprintf(p, 40, "%s p:a%zu='some value'", rows[t].in_one ? "" : "/><q",
                          i);
        p += snprintf(p, 900, "/>" ABOUT(TIFF "tiff:Orientation='6'", "") "</p>");
        kao_upright_xmp(&u, (kao_span){ (uint8_t *)text, (size_t)(p - text) });
        free(text);
        if (u.xmp != rows[t].want || u.no_memory)
            fail_msg("row %zu: %d", t, u.xmp);
    }
}

static void odd_notes(void **state)
{
    static const struct {
        const char *keyword, *text;
        uint8_t exif, xmp;
    } rows[] = {
        { "XML:com.adobe.xmp", ABOUT(TIFF "tiff:Orientation='6'", ""), 0,
          KAO_WITH_XMP ? 6 : 0 },
        { "xml", ABOUT(TIFF "tiff:Orientation='6'", ""), 0, 0 },
        { "Raw profile type exif",
          "\nexif\n 26\n49492A0008000000 0100"
          "1201 0300 01000000 0700 0000",
          7, 0 },
        { "Raw profile type exif",
          "\nexif\n 26\n49492A00080000000100"
          "1201 0300 01000000 0x 0700 0000",
          0, 0 },
        { "Raw profile type exif", "\nexif\n", 0, 0 },
        { "Raw profile type exif", "", 0, 0 },
        { "Raw profile type iptc",
          "\niptc\n 26\n49492A00080000000100"
          "1201 0300 01000000 0700 0000",
          0, 0 },
    };

    (void)state;
    for (size_t t = 0; t < sizeof rows / sizeof rows[0]; t++) {
        const size_t n = strlen(rows[t].text);
        char *exact = malloc(n ? n : 1);
        kao_upright u = { 0 };

        memcpy(exact, rows[t].text, n);
        kao_upright_text(&u, rows[t].keyword, exact, n);
        free(exact);
        if (u.exif != rows[t].exif || u.xmp != rows[t].xmp)
            fail_msg("row %zu: EXIF %d, XMP %d", t, u.exif, u.xmp);
    }
    assert_int_equal(kao_upright_of(&(kao_upright){ 0 }), 1);
    assert_int_equal(kao_upright_of(&(kao_upright){ .no_memory = true }), 0);
    assert_int_equal(kao_upright_of(&(kao_upright){ .exif = 3, .no_memory = true }), 3);
}

/* A text that is too long is not kept; the picture is read all the same. Plain XMP is looked
 * through at any length. */
static void long_text(void **state)
{
    static const struct {
        const char *type, *keyword;
        size_t n; /* spaces behind the packet */
        unsigned want;
    } rows[] = {
        { "zTXt", "XML:com.adobe.xmp", 1 << 20, 1 },
        { "zTXt", "XML:com.adobe.xmp", 3 << 20, 1 },
        { "iTXt", "XML:com.adobe.xmp", 1 << 20, 6 },
        { "iTXt", "XML:com.adobe.xmp", 3 << 20, 6 },
        { "tEXt", "XML:com.adobe.xmp", 3 << 20, 6 },
        { "tEXt", "workflow", 1 << 20, 1 },
        { "tEXt", "workflow", 3 << 20, 1 },
    };
    static uint8_t rgb[N * 3];
    static char spaces[3 << 20];
    const png_how png = { .type = PNG_COLOR_TYPE_RGB, .depth = 8 };

    (void)state;
    if (!KAO_WITH_PNG || !KAO_WITH_XMP)
        skip();
    memset(spaces, ' ', sizeof spaces);
    pattern(rgb, W, H);
    for (size_t t = 0; t < sizeof rows / sizeof rows[0]; t++) {
        buf text = make_xmp("6", false), b = make_png(rgb, W * 3, W, H, &png, NULL);

        buf_add(&text, spaces, rows[t].n);
        png_put_text(&b, rows[t].type, rows[t].keyword, &text);
        expect_turned(&b, rgb, rows[t].want, "a long text");
        png_put_text(&b, "tEXt", "note", &text); /* two of them in a row */
        expect_turned(&b, rgb, rows[t].want, "two long texts");
        png_put_chunk(&b, "tEXt", text.p, text.n, true);
        kao_image m = decode_ok(&b, NULL);

        assert_null(m.warning);
        kao_image_free(ctx, &m);
        buf_free(&b);
        buf_free(&text);
    }
}

/* Behind more texts than libpng keeps, and in EXIF of more memory than it gets. */
static void among_many(void **state)
{
    enum { MANY = 200 };
    static uint8_t rgb[N * 3], preview[3 << 20];
    const png_how png = { .type = PNG_COLOR_TYPE_RGB, .depth = 8 };

    (void)state;
    if (!KAO_WITH_PNG || !KAO_WITH_XMP)
        skip();
    pattern(rgb, W, H);
    for (unsigned way = 0; way < TEXT_WAYS; way++) {
        buf b = make_png(rgb, W * 3, W, H, &png, NULL);

        put_in_text(&b, way, 6);
        for (int i = 0; i < MANY; i++)
            png_put_chunk(&b, "tEXt", "exif:Model\0X", 12, false);
        expect_turned(&b, rgb, 6, "behind many texts");
        buf_free(&b);
    }
    for (int way = 0; way < 4; way++) { /* some write it with a JPEG's head */
        const bool at_end = way & 1, is_long = way < 2;
        buf b = make_png(rgb, W * 3, W, H, &png, NULL),
            exif = make_exif(6, at_end, !is_long);

        if (is_long)
            buf_add(&exif, preview, sizeof preview);
        png_put_chunk(&b, "eXIf", exif.p, exif.n, at_end);
        expect_turned(&b, rgb, 6, is_long ? "long EXIF" : "EXIF with a head");
        buf_free(&exif);
        buf_free(&b);
    }
}

/* The file ends within such a text: behind the pixels a warning, before them a refusal. */
static void cut_in_long_text(void **state)
{
    static uint8_t rgb[N * 3];
    static char letters[3 << 20];
    const png_how png = { .type = PNG_COLOR_TYPE_RGB, .depth = 8 };
    kao_image m = { 0 };
    kao_error err = { 0 };

    (void)state;
    if (!KAO_WITH_PNG)
        skip();
    memset(letters, 'a', sizeof letters);
    pattern(rgb, W, H);
    for (int at_end = 0; at_end < 2; at_end++) {
        buf b = make_png(rgb, W * 3, W, H, &png, NULL);

        png_put_chunk(&b, "tEXt", letters, sizeof letters, at_end);
        const size_t begin = at_end ? b.n - 12 - sizeof letters - 12 : 33;

        for (size_t n = begin; n < begin + 12 + sizeof letters; n += 21 * 8191) {
            const kao_status st = kao_image_decode(ctx, b.p, n, NULL, &m, &err);

            assert_int_equal(st, at_end ? KAO_OK : KAO_E_FORMAT);
            if (at_end)
                assert_string_equal(m.warning, "no end marker");
            else
                assert_non_null(strstr(err.msg, "ends early"));
            kao_image_free(ctx, &m);
        }
        buf_free(&b);
    }
}

/* What is not known, for want of memory, is not made up of what comes later. */
static void no_memory(void **state)
{
    static const struct {
        kao_upright of;
        uint8_t want;
    } rows[] = {
        { { .exif = 0 }, 1 },
        { { .no_memory = true }, 0 },
        { { .xmp = 8 }, 8 },
        { { .xmp = 8, .no_memory = true }, 0 },
        { { .exif = 6, .xmp = 8, .no_memory = true }, 6 },
    };

    (void)state;
    for (size_t t = 0; t < sizeof rows / sizeof rows[0]; t++)
        assert_int_equal(kao_upright_of(&rows[t].of), rows[t].want);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(orientations), cmocka_unit_test(exif_damaged),
        cmocka_unit_test(notes),        cmocka_unit_test(odd_notes),
        cmocka_unit_test(packets),      cmocka_unit_test(large_packets),
        cmocka_unit_test(long_text),    cmocka_unit_test(cut_in_long_text),
        cmocka_unit_test(among_many),   cmocka_unit_test(costly_namespaces),
        cmocka_unit_test(no_memory),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
