/* Labels: by what is known of the scripts, not by what was drawn before. */
#include "image/fixture.h"

#include <dlfcn.h>
#include <math.h>

/* What fontconfig keeps for the process, once, is not ours to free (read by the leak sanitizer). */
__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libfontconfig";
}

enum { WIDE = 640, HIGH = 96, PX = 40 };

static const kao_color ink = { 0, 0, 0 }, ground = { 255, 255, 255 },
                       outside = { 9, 90, 200 };

static kao_image canvas(void)
{
    kao_image m;

    assert_int_equal(kao_image_create(ctx, WIDE, HIGH, &m, NULL), KAO_OK);
    for (size_t i = 0; i < (size_t)WIDE * HIGH; i++)
        memcpy(m.rgb + i * 3, &outside, 3);
    return m;
}

static bool there;

/* False: this machine cannot; a line says why. */
static bool draw(const char *text, kao_image *m, kao_label *at)
{
    kao_error err = { 0 };

    *m = canvas();
    const kao_status st =
        kao_image_draw_label(ctx, m, 10, 80, text, PX, ink, ground, at, &err);

    if (st == KAO_E_UNSUPPORTED && !there) {
        assert_non_null(strstr(err.msg, "libpangocairo-1.0-0"));
        print_message("SKIP: %s\n", err.msg);
        kao_image_free(ctx, m);
        return false;
    }
    if (st)
        fail_msg("%s: %s", text, err.msg);
    if (at->n_missing) {
        print_message("SKIP: no font here has all of %s\n", text);
        kao_image_free(ctx, m);
        return false;
    }
    return true;
}

static uint32_t dark(const kao_image *m, uint32_t x, uint32_t y)
{
    return 255u - m->rgb[y * m->row_bytes + (size_t)x * 3];
}

/* Ink in rows y to end, and its centre. */
static double centre(const kao_image *m, const kao_label *at, uint32_t y, uint32_t end)
{
    double sum = 0, moment = 0;

    for (; y < end; y++)
        for (uint32_t x = at->x; x < at->x + at->width; x++) {
            sum += dark(m, x, y);
            moment += dark(m, x, y) * (double)(x - at->x);
        }
    return sum > 0 ? moment / sum / at->width : -1;
}

/* The ground has sharp edges, the picture outside is untouched, the ink is within. */
static void boxes(void **state)
{
    static const char *const texts[] = { "1  0.987", "Anna", "山田太郎", "김민준",
                                         "مريم",     "דוד",  "प्रिया",    "Ελένη Иван" };

    (void)state;
    for (size_t t = 0; t < sizeof texts / sizeof texts[0]; t++) {
        kao_image m;
        kao_label at;

        if (!draw(texts[t], &m, &at))
            continue;
        assert_true(at.x + at.width <= WIDE && at.y + at.height <= HIGH);
        assert_int_equal(at.x, 10);
        assert_int_equal(at.y + at.height, 80);
        uint64_t sum = 0, most = 0;

        for (uint32_t y = 0; y < HIGH; y++)
            for (uint32_t x = 0; x < WIDE; x++) {
                const uint8_t *p = m.rgb + y * m.row_bytes + (size_t)x * 3;
                const bool in = x >= at.x && x < at.x + at.width && y >= at.y &&
                                y < at.y + at.height;

                if (!in && memcmp(p, &outside, 3) != 0)
                    fail_msg("%s: ink at %u, %u", texts[t], x, y);
                if (!in)
                    continue;
                assert_true(p[0] == p[1] && p[1] == p[2]);
                sum += dark(&m, x, y);
                most = dark(&m, x, y) > most ? dark(&m, x, y) : most;
                /* a margin at either side */
                if (x < at.x + 3 || x + 3 >= at.x + at.width)
                    assert_int_equal(dark(&m, x, y), 0);
            }
        assert_true(most > 200);
        const double part = (double)sum / 255 / at.width / at.height;

        if (part < .03 || part > .5)
            fail_msg("%s: %.3f of it is ink", texts[t], part);
        kao_image_free(ctx, &m);
    }
}

/* Four ideographs are four squares of the font's size: JIS X 4051. */
static void squares(void **state)
{
    kao_image m;
    kao_label at;

    (void)state;
    if (!draw("山田太郎", &m, &at))
        skip();
    assert_true(fabs((double)at.width - 2 * (PX / 4) - 4 * PX) <= 3);
    kao_image_free(ctx, &m);
}

/* The first letter, the only one that is tall, stands left or right as the script runs. */
static void directions(void **state)
{
    static const struct {
        const char *text;
        bool right;
    } rows[] = { { "W........", false },
                 { "山........", false },
                 { "ש........", true },
                 { "ل........", true } };

    (void)state;
    for (size_t t = 0; t < sizeof rows / sizeof rows[0]; t++) {
        kao_image m;
        kao_label at;

        if (!draw(rows[t].text, &m, &at))
            continue;
        const double c = centre(&m, &at, at.y, at.y + at.height * 55 / 100);

        if (rows[t].right ? !(c > .7) : !(c < .3))
            fail_msg("%s: its centre is at %.2f", rows[t].text, c);
        kao_image_free(ctx, &m);
    }
}

/* Letters that join take less room, or leave no gap, against the same ones kept apart by
 * U+200C (zero width non-joiner): Unicode 9.2, 12.1. */
static void joined(void **state)
{
    static const char *const rows[][2] = {
        { "ببب", "ب\u200cب\u200cب" },
        { "क्ष", "क्\u200cष" },
    };

    (void)state;
    for (size_t t = 0; t < sizeof rows / sizeof rows[0]; t++) {
        kao_image a, b;
        kao_label with, without;

        if (!draw(rows[t][0], &a, &with))
            continue;
        if (draw(rows[t][1], &b, &without)) {
            if (with.width >= without.width)
                fail_msg("%s: %u pixels, apart %u", rows[t][0], with.width,
                         without.width);
            kao_image_free(ctx, &b);
        }
        kao_image_free(ctx, &a);
    }
}

/* U+10FFFD is for private use: no font has it, and that is told. */
static void missing(void **state)
{
    kao_image m = canvas();
    kao_label at;
    const kao_status st = kao_image_draw_label(ctx, &m, 10, 80, "a\xf4\x8f\xbf\xbd", PX,
                                               ink, ground, &at, NULL);

    (void)state;
    assert_true(st == KAO_OK || (!there && st == KAO_E_UNSUPPORTED));
    assert_true(st || at.n_missing == 1);
    kao_image_free(ctx, &m);
}

/* Off the edges, wider than the picture, in pictures of a few pixels: kept within. */
static void places(void **state)
{
    static const float at[][2] = { { -1e30f, -1e30f }, { 1e30f, 1e30f }, { 3, 3 } };
    static const uint32_t sides[] = { 1, 7, 100 };
    char text[1025];

    (void)state;
    if (!there)
        skip();
    memset(text, 'W', 1024);
    text[1024] = 0;
    for (size_t s = 0; s < 3; s++)
        for (size_t t = 0; t < 3; t++)
            for (int px = 0; px < 80; px += 20) {
                kao_image m;
                kao_label l;

                assert_int_equal(kao_image_create(ctx, sides[s], sides[s], &m, NULL),
                                 0);
                assert_int_equal(kao_image_draw_label(ctx, &m, at[t][0], at[t][1], text,
                                                      (float)px, ink, ground, &l, NULL),
                                 KAO_OK);
                assert_true(l.x < sides[s] && l.y < sides[s]);
                assert_true(sides[s] < 100 || l.x + l.width <= sides[s]);
                kao_image_free(ctx, &m);
            }
}

/* Wider than 32,767 pixels, which is all that Cairo draws on. */
static void very_wide(void **state)
{
    char text[341];
    kao_image m;
    kao_label l;
    uint32_t last = 0;

    (void)state;
    if (!there)
        skip();
    memset(text, 'W', 340);
    text[340] = 0;
    assert_int_equal(kao_image_create(ctx, 40000, 170, &m, NULL), KAO_OK);
    assert_int_equal(
        kao_image_draw_label(ctx, &m, 0, 170, text, 160, ink, ground, &l, NULL),
        KAO_OK);
    assert_in_range(l.width, 30000, 32767);
    for (uint32_t x = l.x; x < l.x + l.width; x++) /* letters, up to its end */
        for (uint32_t y = l.y; y < l.y + l.height && y < m.height; y++)
            last = dark(&m, x, y) > 128 ? x : last;
    assert_in_range(last, l.x + l.width - 400, l.x + l.width - 1);
    kao_image_free(ctx, &m);
}

static void refused(void **state)
{
    static char longer[1026];
    kao_image m = canvas();
    kao_error err = { 0 };

    (void)state;
    memset(longer, 'a', 1025);
    const struct {
        const char *text;
        float x;
        kao_status status;
    } rows[] = { { "", 1, KAO_E_ARG },         { "a\xff", 1, KAO_E_ARG },
                 { "\xe5\xb1", 1, KAO_E_ARG }, { longer, 1, KAO_E_LIMIT },
                 { "a", NAN, KAO_E_ARG },      { NULL, 1, KAO_E_ARG } };

    for (size_t t = 0; t < sizeof rows / sizeof rows[0]; t++)
        assert_int_equal(kao_image_draw_label(ctx, &m, rows[t].x, 9, rows[t].text, 0,
                                              ink, ground, NULL, &err),
                         rows[t].status);
    for (size_t i = 0; i < (size_t)WIDE * HIGH; i++)
        assert_memory_equal(m.rgb + i * 3, &outside, 3);
    kao_image_free(ctx, &m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(boxes),      cmocka_unit_test(squares),
        cmocka_unit_test(directions), cmocka_unit_test(joined),
        cmocka_unit_test(missing),    cmocka_unit_test(places),
        cmocka_unit_test(very_wide),  cmocka_unit_test(refused),
    };

    there = dlopen("libpangocairo-1.0.so.0", RTLD_LAZY | RTLD_NODELETE) != NULL;
    return cmocka_run_group_tests(tests, setup, teardown);
}
