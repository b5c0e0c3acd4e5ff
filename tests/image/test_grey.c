/* Pictures in grey as OpenCV makes them: its own values, to the bit (data/make_grey.py). */
#include "support/unit.h"

#include "base/context.h"
#include "data/expected_grey.h"
#include "image/grey.h"
#include "kao/image.h"

static kao_context *ctx;

/* The formula of make_grey.py. */
static kao_image paint(uint32_t w, uint32_t h)
{
    kao_image m = { 0 };

    assert_int_equal(kao_image_create(ctx, w, h, &m, NULL), KAO_OK);
    for (uint32_t y = 0; y < h; y++)
        for (uint32_t x = 0; x < w; x++)
            for (uint32_t c = 0; c < 3; c++)
                m.rgb[y * m.row_bytes + x * 3 + c] =
                    (uint8_t)(x * 37 + y * 91 + x * y * 13 + c * 101);
    return m;
}

static void planes_are_opencv_s(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(grey_planes); i++) {
        const uint32_t w = grey_planes[i].width, h = grey_planes[i].height;
        kao_image m = paint(grey_planes[i].from_width, grey_planes[i].from_height);
        const kao_view view = kao_image_view(&m);
        uint8_t got[24 * 20];

        kao_view_to_grey(&view, w, h, got);
        assert_memory_equal(got, grey_planes[i].grey, w * h);
        kao_grey_equalize(got, w * h);
        assert_memory_equal(got, grey_planes[i].equal, w * h);
        kao_image_free(ctx, &m);
    }
}

/* A picture that lies on its side or head is looked at upright, and other formats of the same
 * pixels give the same. */
static void views_may_lie(void **state)
{
    kao_image m = paint(24, 20), lying = { 0 };
    const kao_view upright = kao_image_view(&m);
    uint8_t want[12 * 10], got[12 * 10], bgr[24 * 20 * 3];

    (void)state;
    kao_view_to_grey(&upright, 12, 10, want);
    for (uint32_t degrees = 90; degrees < 360; degrees += 90) {
        const bool swap = degrees != 180;

        assert_int_equal(
            kao_image_create(ctx, swap ? 20 : 24, swap ? 24 : 20, &lying, NULL),
            KAO_OK);
        kao_image_turn(&lying, &m, 360 - degrees);
        kao_view view = kao_image_view(&lying);

        view.rotation = degrees;
        kao_view_to_grey(&view, 12, 10, got);
        assert_memory_equal(got, want, sizeof want);
        kao_image_free(ctx, &lying);
    }
    for (uint32_t i = 0; i < 24 * 20; i++)
        for (uint32_t c = 0; c < 3; c++)
            bgr[i * 3 + c] = m.rgb[i / 24 * m.row_bytes + i % 24 * 3 + 2 - c];
    const kao_view other = { .format = KAO_PIXELS_BGR,
                             .width = 24,
                             .height = 20,
                             .plane = { bgr },
                             .stride = { 24 * 3 } };

    kao_view_to_grey(&other, 12, 10, got);
    assert_memory_equal(got, want, sizeof want);
    kao_image_free(ctx, &m);
}

static void files_give_their_own_grey(void **state)
{
    static const bool with[] = { KAO_WITH_PNG, KAO_WITH_JPEG };
    const kao_image_options options = { .grey = 1 };

    (void)state;
    for (size_t i = 0; i < COUNT(grey_files); i++) {
        const bool here = with[grey_files[i].is_jpeg];
        kao_image m = { 0 };

        if (!here)
            continue;
        assert_int_equal(kao_image_decode(ctx, grey_files[i].bytes, grey_files[i].n,
                                          &options, &m, NULL),
                         KAO_OK);
        assert_true(m.width == 16 && m.height == 12);
        for (uint32_t k = 0; k < 16 * 12; k++)
            for (uint32_t c = 0; c < 3; c++)
                if (m.rgb[k / 16 * m.row_bytes + k % 16 * 3 + c] !=
                    grey_files[i].grey[k])
                    fail_msg("%s: pixel %u", grey_files[i].name, k);
        kao_image_free(ctx, &m);
    }
}

/* In colour, what the file says of its gamma goes on to count for nothing. */
static void colour_stays_as_it_was(void **state)
{
    kao_image plain = { 0 }, gamma = { 0 };

    (void)state;
    if (!KAO_WITH_PNG)
        skip();
    assert_int_equal(
        kao_image_decode(ctx, file_png, sizeof file_png, NULL, &plain, NULL), KAO_OK);
    assert_int_equal(kao_image_decode(ctx, file_png_gamma, sizeof file_png_gamma, NULL,
                                      &gamma, NULL),
                     KAO_OK);
    assert_memory_equal(plain.rgb, gamma.rgb, plain.row_bytes * plain.height);
    kao_image_free(ctx, &plain);
    kao_image_free(ctx, &gamma);
}

static int open_context(void **state)
{
    (void)state;
    return kao_context_create(&ctx, NULL, NULL);
}

static int close_context(void **state)
{
    (void)state;
    kao_context_destroy(ctx);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(planes_are_opencv_s),
        cmocka_unit_test(views_may_lie),
        cmocka_unit_test(files_give_their_own_grey),
        cmocka_unit_test(colour_stays_as_it_was),
    };

    return cmocka_run_group_tests(tests, open_context, close_context);
}
