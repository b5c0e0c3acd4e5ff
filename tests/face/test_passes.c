/* Which sizes and tiles a picture is looked at in, counted by what the network is given; that
 * tiles lose nothing; and that a face found in one is where it is, in every turn. */
#include "support/unit.h"

#include <math.h>
#include <string.h>

#include "face/detector_family.h"
#include "face/tiles.h"
#include "support/fixture.h"

/* ---- what the network is given ---- */

enum { CANVASES_MAX = 64 };

typedef struct size {
    int64_t width, height;
    size_t n; /* one after the other */
} size;

static size given[CANVASES_MAX];
static size_t n_given;

static kao_status count(const kao_heads *heads, const kao_tensor *const *tensors,
                        int64_t width, int64_t height, float min_score,
                        kao_face_list *list, kao_error *err)
{
    size *last = n_given ? &given[n_given - 1] : NULL;

    assert_true(n_given < CANVASES_MAX);
    if (last && last->width == width && last->height == height)
        last->n++;
    else
        given[n_given++] = (size){ width, height, 1 };
    return kao_yunet_decode(heads, tensors, width, height, min_score, list, err);
}

/* The small detector; its network said to have inputs of fixed x fixed pixels only. */
static kao_detector *counting(fixture *f, kao_detector_family *family, uint32_t fixed)
{
    kao_detector *d = open_detector(f);

    *family = *d->family;
    family->decode = count;
    d->family = family;
    d->fixed_width = d->fixed_height = fixed;
    return d;
}

typedef struct box {
    uint32_t x, y, side;
    uint8_t
        weak; /* blue of what lies left and right of it: seen less surely; 0: nothing */
} box;

#define NONE                                                                           \
 {                                                                                     \
  0, 0, 0, 0                                                                           \
 } /* no patch */

static void passes_and_tiles(void **state)
{
    static const struct {
        uint32_t width, height, fixed;
        kao_search search;
        box blue; /* a patch of 32 pixels at the size where it is found */
        size want[6];
    } rows[] = {
        { 80, 48, 0, 0, NONE, { { 160, 96, 1 } } },
        { 250, 250, 0, 0, NONE, { { 160, 160, 1 }, { 320, 320, 1 }, { 512, 512, 1 } } },
        { 640,
          640,
          0,
          0,
          NONE,
          { { 160, 160, 1 }, { 320, 320, 1 }, { 640, 640, 1 }, { 1280, 1280, 1 } } },
        { 1600,
          1200,
          0,
          0,
          NONE, /* not yet two megapixels */
          { { 160, 128, 1 }, { 320, 256, 1 }, { 640, 480, 1 }, { 1280, 960, 1 } } },
        { 2560,
          896,
          0,
          0,
          NONE,
          { { 160, 64, 1 },
            { 320, 128, 1 },
            { 640, 224, 1 },
            { 1280, 448, 1 },
            { 928, 896, 3 } } },
        { 896,
          2560,
          0,
          0,
          NONE,
          { { 64, 160, 1 },
            { 128, 320, 1 },
            { 224, 640, 1 },
            { 448, 1280, 1 },
            { 896, 928, 3 } } },
        { 4000,
          3000,
          0,
          0,
          NONE,
          { { 160, 128, 1 },
            { 320, 256, 1 },
            { 640, 480, 1 },
            { 1280, 960, 1 },
            { 1088, 1088, 12 } } },
        { 5000,
          500,
          0,
          0,
          NONE, /* at 4000 x 400 */
          { { 160, 32, 1 },
            { 320, 32, 1 },
            { 640, 64, 1 },
            { 1280, 128, 1 },
            { 1088, 416, 4 } } },
        /* 160, 320, 640; 1280 x 448 in 3; 2560 x 896 in 5 x 2 */
        { 2560, 896, 640, 0, NONE, { { 640, 640, 3 + 3 + 10 } } },
        /* too small for tiles */
        { 2560, 896, 160, 0, NONE, { { 160, 160, 1 } } },
        { 2560, /* for video */
          896,
          0,
          KAO_SEARCH_QUICK,
          NONE,
          { { 160, 64, 1 }, { 320, 128, 1 }, { 640, 224, 1 } } },
        { 640,
          360,
          0,
          KAO_SEARCH_QUICK,
          { 100, 100, 40, 0 },
          { { 160, 96, 1 }, { 320, 192, 1 }, { 640, 384, 1 } } },
        /* a sure face fills the frame: no finer pass; one that tiles cannot touch; NONE */
        { 2560,
          896,
          0,
          KAO_SEARCH_LARGEST,
          { 512, 0, 512, 0 },
          { { 160, 64, 1 }, { 320, 128, 1 }, { 640, 224, 1 } } },
        { 2560, /* the same with larger candidates about it, which it suppresses */
          896,
          0,
          KAO_SEARCH_LARGEST,
          { 512, 0, 512, 139 },
          { { 160, 64, 1 }, { 320, 128, 1 }, { 640, 224, 1 } } },
        { 2560,
          896,
          0,
          KAO_SEARCH_LARGEST,
          { 1280, 512, 128, 0 },
          { { 160, 64, 1 }, { 320, 128, 1 }, { 640, 224, 1 }, { 1280, 448, 1 } } },
        { 2560,
          896,
          0,
          KAO_SEARCH_LARGEST,
          NONE,
          { { 160, 64, 1 },
            { 320, 128, 1 },
            { 640, 224, 1 },
            { 1280, 448, 1 },
            { 928, 896, 3 } } },
    };
    fixture *f = *state;
    kao_detector_family family;

    for (size_t t = 0; t < COUNT(rows); t++) {
        kao_detector *d = counting(f, &family, rows[t].fixed);
        const box *b = &rows[t].blue;
        const kao_detect_options o = { .search = rows[t].search, .upright = 1 };
        kao_faces faces = KAO_FACES_INIT;
        kao_image image = { 0 };
        size_t n = 0;

        assert_int_equal(
            kao_image_create(f->ctx, rows[t].width, rows[t].height, &image, NULL),
            KAO_OK);
        if (b->weak)
            fill_box(&image, b->x - b->side, b->y, 3 * b->side, b->side, 0, 0, b->weak);
        if (b->side)
            fill_box(&image, b->x, b->y, b->side, b->side, 0, 0, 200);
        const kao_view view = kao_image_view(&image);

        n_given = 0;
        assert_int_equal(kao_detect(d, &view, &o, &faces, &f->err), KAO_OK);
        assert_int_equal(faces.n > 0, b->side > 0);
        while (n < COUNT(rows[t].want) && rows[t].want[n].n)
            n++;
        if (n_given != n || memcmp(given, rows[t].want, n * sizeof *given) != 0)
            fail_msg("row %zu: %zu kinds of canvas, wanted %zu; the last %lld x %lld, "
                     "%zu times",
                     t, n_given, n, (long long)given[n_given - 1].width,
                     (long long)given[n_given - 1].height, given[n_given - 1].n);
        kao_image_free(f->ctx, &image);
        kao_detector_destroy(d);
    }
}

/* ---- the largest face ---- */

/* 380 pixels of 1280 in the main pass; inside, and surer, 250 in the fine one. */
static kao_status one_in_another(const kao_heads *heads,
                                 const kao_tensor *const *tensors, int64_t width,
                                 int64_t height, float min_score, kao_face_list *list,
                                 kao_error *err)
{
    const kao_face
        outer = { .x = 200, .y = 200, .width = 190, .height = 190, .score = .95f },
        inner = { .x = 440, .y = 440, .width = 250, .height = 250, .score = .97f };

    (void)heads;
    (void)tensors;
    (void)min_score;
    (void)err;
    assert_int_equal(width, height);
    if (width == 640)
        kao_face_list_add(list, &outer);
    if (width == 1280)
        kao_face_list_add(list, &inner);
    return KAO_OK;
}

/* A box of .43 of another's area drops it, however much the family lets boxes overlap: the fine
 * pass counts for the largest face, too. */
static void largest_is_the_same(void **state)
{
    fixture *f = *state;
    kao_detector *d = open_detector(f);
    kao_detector_family family = *d->family;
    kao_image image = { 0 };

    family.decode = one_in_another;
    d->family = &family;
    assert_int_equal(kao_image_create(f->ctx, 1280, 1280, &image, NULL), KAO_OK);
    const kao_view view = kao_image_view(&image);

    for (int k = 0; k < 2; k++)
        for (int search = KAO_SEARCH_ALL; search <= KAO_SEARCH_LARGEST; search++) {
            const kao_detect_options o = { .search = (kao_search)search, .upright = 1 };
            kao_faces faces = KAO_FACES_INIT;

            d->nms = k ? .5f : .3f;
            assert_int_equal(kao_detect(d, &view, &o, &faces, &f->err), KAO_OK);
            assert_int_equal(faces.n, 1);
            assert_true(fabsf(kao_face_at(&faces, 0)->width - 250) < 1);
        }
    kao_image_free(f->ctx, &image);
    kao_detector_destroy(d);
}

/* 480 pixels of 1280, kept by the main pass; a better box elsewhere, inside a larger one that it
 * drops there; and, of the fine pass, one that drops the better box alone: the larger one stays. */
static kao_status a_chain(const kao_heads *heads, const kao_tensor *const *tensors,
                          int64_t width, int64_t height, float min_score,
                          kao_face_list *list, kao_error *err)
{
    static const kao_face coarse[] = {
        { .x = 350, .y = 350, .width = 240, .height = 240, .score = .95f },
        { .x = 60, .y = 60, .width = 200, .height = 200, .score = .97f },
        { .x = 10, .y = 10, .width = 320, .height = 320, .score = .93f },
    };
    const kao_face fine = {
        .x = 200, .y = 200, .width = 255, .height = 255, .score = .98f
    };

    (void)heads;
    (void)tensors;
    (void)height;
    (void)min_score;
    (void)err;
    for (size_t i = 0; width == 640 && i < COUNT(coarse); i++)
        kao_face_list_add(list, &coarse[i]);
    if (width == 1280)
        kao_face_list_add(list, &fine);
    return KAO_OK;
}

/* What a finer pass finds may drop what a coarse one dropped a larger face for. */
static void largest_of_a_chain(void **state)
{
    fixture *f = *state;
    kao_detector *d = open_detector(f);
    kao_detector_family family = *d->family;
    kao_image image = { 0 };

    family.decode = a_chain;
    d->family = &family;
    assert_int_equal(kao_image_create(f->ctx, 1280, 1280, &image, NULL), KAO_OK);
    const kao_view view = kao_image_view(&image);

    for (int search = KAO_SEARCH_ALL; search <= KAO_SEARCH_LARGEST; search++) {
        const kao_detect_options o = { .search = (kao_search)search, .upright = 1 };
        kao_faces faces = KAO_FACES_INIT;
        size_t largest = 0;

        assert_int_equal(kao_detect(d, &view, &o, &faces, &f->err), KAO_OK);
        assert_int_equal(
            kao_face_choose(&faces, KAO_CHOOSE_LARGEST, 1280, 1280, &largest, NULL),
            KAO_OK);
        assert_float_equal(kao_face_at(&faces, largest)->width, 640, 1);
    }
    kao_image_free(f->ctx, &image);
    kao_detector_destroy(d);
}

/* ---- what is no face ---- */

static kao_face odd; /* given beside a face that overlaps it */
static int n_odd;    /* so many times, first */

static kao_status one_and_an_odd_one(const kao_heads *heads,
                                     const kao_tensor *const *tensors, int64_t width,
                                     int64_t height, float min_score,
                                     kao_face_list *list, kao_error *err)
{
    kao_face f = {
        .x = 100, .y = 100, .width = 80, .height = 80, .score = .8f, .n_points = 4
    };

    (void)heads;
    (void)tensors;
    (void)height;
    (void)min_score;
    (void)err;
    for (uint32_t k = 0; k < f.n_points; k++)
        f.points[k] = (kao_point){ 120 + 10 * (float)k, 140 };
    if (width == 640) {
        for (int i = 0; i < n_odd; i++)
            kao_face_list_add(list, &odd);
        kao_face_list_add(list, &f);
    }
    return KAO_OK;
}

/* A candidate that is none leaves the face alone that it lies on, whether a family averages what
 * overlaps or drops it; so does one that is so large that the pixels of a file, of which a reduced
 * picture has one for 8 x 8, would pass a float's range. However many there are of better scores, they
 * do not fill the list of a pass. */
static void odd_candidates(void **state)
{
    static const struct {
        float x, width, point;
    } rows[] = {
        { 101, 80, NAN },      { NAN, 80, 120 },    { 101, INFINITY, 120 },
        { 101, 80, INFINITY }, { -1e38f, 80, 120 }, { 101, 1e38f, 120 },
        { 101, 80, 1e38f },    { 101, -80, 120 },
    };
    fixture *f = *state;
    kao_detector *d = open_detector(f);
    kao_detector_family family = *d->family;
    kao_image image = { 0 };

    family.decode = one_and_an_odd_one;
    family.n_points = 4;
    d->family = &family;
    assert_int_equal(kao_image_create(f->ctx, 640, 640, &image, NULL), KAO_OK);
    image.reduction = 8;
    const kao_view view = kao_image_view(&image);

    for (int averages = 0; averages < 2; averages++)
        for (int better = 0; better < 2; better++)
            for (size_t i = 0; i < COUNT(rows); i++) {
                const kao_detect_options o = { .upright = 1 };
                kao_faces faces = KAO_FACES_INIT;

                family.averages = averages;
                n_odd = i == 0 ? 6000 : 1;
                odd = (kao_face){ .x = rows[i].x,
                                  .y = 101,
                                  .width = rows[i].width,
                                  .height = 80,
                                  .score = better ? .9f : .7f,
                                  .n_points = 4 };
                for (uint32_t k = 0; k < 4; k++)
                    odd.points[k] = (kao_point){ rows[i].point, 140 };
                assert_int_equal(kao_detect(d, &view, &o, &faces, &f->err), KAO_OK);
                if (faces.n != 1)
                    fail_msg("row %zu, averages %d, better %d: %zu faces", i, averages,
                             better, faces.n);
                const kao_face *a = kao_face_at(&faces, 0);
                float x = 0, y = 0;

                kao_image_full_point(&image, a->points[3].x, a->points[3].y, &x, &y);
                if (!(fabsf(a->x - 100) < .01f && fabsf(a->width - 80) < .01f &&
                      a->score == .8f && isfinite(x) && isfinite(y)))
                    fail_msg("row %zu, averages %d, better %d: %g, %g wide", i,
                             averages, better, (double)a->x, (double)a->width);
            }
    kao_image_free(f->ctx, &image);
    kao_detector_destroy(d);
}

/* ---- turned, and small ---- */

static float seen_side; /* of the face below, in pixels of the canvas it is seen on */

/* A face that the fine pass or the tiles see alone, of a picture that lies on its side: doubtful as
 * it lies, sure turned by a quarter. */
static kao_status small_and_lying(const kao_heads *heads,
                                  const kao_tensor *const *tensors, int64_t width,
                                  int64_t height, float min_score, kao_face_list *list,
                                  kao_error *err)
{
    const bool turned = width < height;
    const int64_t longer = turned ? height : width;
    const kao_face f = { .x = 400 - seen_side / 2,
                         .y = 400 - seen_side / 2,
                         .width = seen_side,
                         .height = seen_side,
                         .score = turned ? .97f : .7f };

    (void)count(heads, tensors, width, height, min_score, list, err);
    if (seen_side > 64 ? longer == 1280 : longer == 928)
        kao_face_list_add(list, &f);
    return KAO_OK;
}

/* Where the best face is doubtful and too small for the coarse passes, the turns are looked at in
 * the one tile that it was found in; what a turn is taken for is then searched whole. */
static void small_faces_turn_a_picture(void **state)
{
    static const struct {
        float side;
        uint32_t turned;
        size want[24];
    } rows[] = {
        { 40,
          90,
          { { 160, 64, 1 },   { 320, 128, 1 }, { 640, 224, 1 }, { 1280, 448, 1 },
            { 928, 896, 3 },  { 64, 160, 1 },  { 128, 320, 1 }, { 224, 640, 1 },
            { 896, 928, 1 },  { 160, 64, 1 },  { 320, 128, 1 }, { 640, 224, 1 },
            { 928, 896, 1 },  { 64, 160, 1 },  { 128, 320, 1 }, { 224, 640, 1 },
            { 896, 928, 1 },  { 64, 160, 1 },  { 128, 320, 1 }, { 224, 640, 1 },
            { 448, 1280, 1 }, { 896, 928, 3 } } },
        { 90, /* of 1280: the main pass would have seen it */
          0,
          { { 160, 64, 1 },
            { 320, 128, 1 },
            { 640, 224, 1 },
            { 1280, 448, 1 },
            { 928, 896, 3 },
            { 64, 160, 1 },
            { 128, 320, 1 },
            { 224, 640, 1 },
            { 160, 64, 1 },
            { 320, 128, 1 },
            { 640, 224, 1 },
            { 64, 160, 1 },
            { 128, 320, 1 },
            { 224, 640, 1 } } },
    };
    fixture *f = *state;
    kao_image image = { 0 };

    assert_int_equal(kao_image_create(f->ctx, 2560, 896, &image, NULL), KAO_OK);
    const kao_view view = kao_image_view(&image);

    for (size_t t = 0; t < COUNT(rows); t++) {
        kao_detector *d = open_detector(f);
        kao_detector_family family = *d->family;
        kao_faces faces = KAO_FACES_INIT;
        size_t n = 0;

        family.decode = small_and_lying;
        d->family = &family;
        seen_side = rows[t].side;
        n_given = 0;
        assert_int_equal(kao_detect(d, &view, NULL, &faces, &f->err), KAO_OK);
        assert_int_equal(faces.turned, rows[t].turned);
        assert_true(faces.n > 0);
        assert_true(kao_face_at(&faces, 0)->score == (rows[t].turned ? .97f : .7f));
        while (n < COUNT(rows[t].want) && rows[t].want[n].n)
            n++;
        assert_int_equal(n_given, n);
        assert_memory_equal(given, rows[t].want, n * sizeof *given);
        kao_detector_destroy(d);
    }
    kao_image_free(f->ctx, &image);
}

/* ---- tiles along a side ---- */

static void tilings(void **state)
{
    static const struct {
        uint32_t level, all, most;
        kao_tiling want;
        uint32_t second; /* where tile 1 begins */
    } rows[] = {
        { 1280, 1280, 1280, { 1, 1280, 1280, 1280 }, 0 },
        { 1281,
          1281,
          1280,
          { 2, 704, 704, 1281 },
          577 }, /* (1281 + 96) / 2, up to 32s */
        { 4000, 4000, 1280, { 4, 1088, 1088, 4000 }, 970 },
        { 3000, 3000, 1280, { 3, 1088, 1088, 3000 }, 956 },
        { 4000, 6000, 1280, { 4, 1088, 1632, 6000 }, 1456 },
        { 4000, 7001, 640, { 8, 608, 1064, 7001 }, 848 },
        { 1280, 401, 320, { 6, 320, 100, 401 }, 60 }, /* enlarged */
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const kao_tiling t =
            kao_tiling_of(rows[i].level, rows[i].all, rows[i].most, 32);
        const double k = (double)rows[i].all / rows[i].level;

        assert_memory_equal(&t, &rows[i].want, sizeof t);
        if (t.n > 1)
            assert_int_equal(kao_tiling_start(&t, 1), rows[i].second);
        assert_int_equal(kao_tiling_start(&t, t.n - 1) + t.length, t.all);
        /* a face of KAO_TILE_KEPT anywhere has a tile, which does not cut it */
        const double half = KAO_TILE_KEPT * k / 2;

        for (double c = half + 1; c < t.all - half - 1; c += 0.37) {
            size_t owners = 0;

            for (uint32_t j = 0; j < t.n; j++) {
                const double begin = kao_tiling_start(&t, j), end = begin + t.length;

                if (!kao_tiling_owns(&t, j, (float)c))
                    continue;
                owners++;
                assert_true(c - half >= begin - 1 && c + half <= end + 1);
            }
            assert_in_range(owners, 1, 2);
        }
    }
}

/* ---- where the faces are ---- */

/* A patch that only a tile sees, found with the picture turned as the search does it. */
static void faces_of_tiles_in_every_turn(void **state)
{
    enum { W = 2560, H = 896, X = 1200, Y = 640 };
    fixture *f = *state;
    kao_detector *d = open_detector(f);
    kao_pyramid *p = NULL;
    kao_image image = { 0 };

    assert_int_equal(kao_pyramid_create(f->ctx, &p, NULL), KAO_OK);
    assert_int_equal(kao_image_create(f->ctx, W, H, &image, NULL), KAO_OK);
    fill_box(&image, X, Y, 16, 16, 0, 215, 0);
    const kao_view view = kao_image_view(&image);

    assert_int_equal(kao_pyramid_set(p, &view, NULL), KAO_OK);
    for (uint32_t turned = 0; turned < 360; turned += 90) {
        const kao_hunt h = { .pyramid = p, .min_score = 0.6f, .turned = turned };

        assert_int_equal(kao_find_by_passes(d, &h, &f->err), KAO_OK);
        assert_int_equal(d->found.n, 1);
        const kao_face *g = &d->found.faces[0];

        /* the box's middle is that of the cell; 2.4 x 3.1 cells, as it is turned */
        assert_true(fabsf(g->x + g->width / 2 - (X + 7.5f)) < 1 &&
                    fabsf(g->y + g->height / 2 - (Y + 7.5f)) < 1);
        assert_true(fabsf((turned % 180 ? g->height : g->width) - 38.4f) < 1 &&
                    fabsf((turned % 180 ? g->width : g->height) - 49.6f) < 1);
    }
    kao_pyramid_destroy(p);
    kao_image_free(f->ctx, &image);
    kao_detector_destroy(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passes_and_tiles),
        cmocka_unit_test(largest_is_the_same),
        cmocka_unit_test(largest_of_a_chain),
        cmocka_unit_test(odd_candidates),
        cmocka_unit_test(small_faces_turn_a_picture),
        cmocka_unit_test(tilings),
        cmocka_unit_test(faces_of_tiles_in_every_turn),
    };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
