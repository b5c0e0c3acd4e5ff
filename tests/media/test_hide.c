/* Who is hidden where: boxes of frames, plans. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "support/fixture.h"
#include "support/unit.h"

#include "base/file.h"
#include "media/hide_video.h"

static kao_track track_of(int64_t id, float x, float y, float width, float height)
{
    return (kao_track){
        .size = sizeof(kao_track),
        .seen = 1,
        .id = id,
        .face = { .x = x, .y = y, .width = width, .height = height },
    };
}

static void take(fixture *f, kao_hide_plan *p, const kao_track *tracks, size_t n,
                 const kao_video_frame *frame)
{
    const kao_watched seen = { .size = sizeof seen,
                               .track_size = sizeof *tracks,
                               .event_size = sizeof(kao_track_event),
                               .n_tracks = n,
                               .tracks = tracks };

    assert_int_equal(kao_hide_take(p, &seen, frame, &f->err), KAO_OK);
}

/* A video whose frames become smaller, or wider: the boxes are of the video's size all the time. */
static void sizes(void **state)
{
    static const struct {
        uint32_t width, height, rotation;
        kao_hide_rect face, want;
    } rows[] = {
        { 640, 360, 0, { 100, 80, 60, 90 }, { 100, 80, 60, 90 } },
        { 320, 180, 0, { 50, 40, 30, 45 }, { 100, 80, 60, 90 } },
        { 640, 720, 0, { 100, 160, 60, 180 }, { 100, 80, 60, 90 } },
        { 180, 320, 90, { 50, 40, 30, 45 }, { 100, 80, 60, 90 } },
    };
    fixture *f = *state;
    kao_hide_plan p = { .mem = &f->ctx->mem, .width = 640, .height = 360, .fps = 25 };

    for (size_t i = 0; i < COUNT(rows); i++) {
        const kao_video_frame frame = { .view = { .width = rows[i].width,
                                                  .height = rows[i].height,
                                                  .rotation = rows[i].rotation },
                                        .number = i + 1 };
        const kao_track t = track_of(1, rows[i].face.x, rows[i].face.y,
                                     rows[i].face.width, rows[i].face.height);
        kao_hide_rect box = { 0 };

        take(f, &p, &t, 1, &frame);
        p.tracks[0].hide = true;
        assert_true(kao_hide_track_at(&p, &p.tracks[0], (int64_t)i + 1, 0, &box));
        assert_float_equal(box.x, rows[i].want.x, 1e-3);
        assert_float_equal(box.y, rows[i].want.y, 1e-3);
        assert_float_equal(box.width, rows[i].want.width, 1e-3);
        assert_float_equal(box.height, rows[i].want.height, 1e-3);
    }
    kao_hide_plan_free(&p);
}

static void write_plan(fixture *f, const char *fps)
{
    char text[400];

    snprintf(text, sizeof text,
             "{\"width\":64,\"height\":48,\"fps\":%s,\"tracks\":[{\"track\":1,"
             "\"hide\":true,\"boxes\":[[10,1,2,3,4],[30,21,22,3,4]]}]}",
             fps);
    snprintf(f->path, sizeof f->path, "%s/plan.json", f->dir);
    assert_int_equal(kao_file_write(&f->ctx->mem, f->path, text, strlen(text), &f->err),
                     KAO_OK);
}

/* Between boxes that are less than two seconds apart somebody is hidden, at any rate that a plan
 * may say; one that no video has is refused. */
static void rates(void **state)
{
    static const struct {
        const char *fps;
        kao_status st;
        bool between;
    } rows[] = {
        { "25", KAO_OK, true },
        { "5", KAO_OK, false },
        { "0", KAO_OK, true },
        { "90000", KAO_OK, true },
        { "1e300", KAO_E_FORMAT, false },
        { "-1", KAO_E_FORMAT, false },
        { "\"25\"", KAO_E_FORMAT, false },
    };
    fixture *f = *state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        kao_hide_plan p = { .mem = &f->ctx->mem };
        kao_hide_rect box;

        write_plan(f, rows[i].fps);
        assert_int_equal(kao_hide_plan_read(&p, f->path, &f->err), rows[i].st);
        if (rows[i].st)
            assert_non_null(strstr(f->err.msg, "\"fps\""));
        else
            assert_int_equal(kao_hide_track_at(&p, &p.tracks[0], 20, 0, &box),
                             rows[i].between);
        kao_hide_plan_free(&p);
    }
}

/* Two tracks that were seen beside each other and turn out to be one: both places are hidden. */
static void joined(void **state)
{
    fixture *f = *state;
    kao_hide_plan p = { .mem = &f->ctx->mem, .width = 640, .height = 360, .fps = 25 };
    const kao_track tracks[2] = { track_of(1, 100, 80, 60, 90),
                                  track_of(2, 400, 90, 50, 70) };
    bool found[2] = { false };
    kao_hide_rect box;
    size_t n = 0;

    for (uint64_t i = 1; i <= 3; i++)
        take(
            f, &p, tracks, i == 3 ? 1 : 2,
            &(kao_video_frame){ .view = { .width = 640, .height = 360 }, .number = i });
    assert_true(kao_hide_plan_join(&p, 2, 1));
    assert_int_equal(p.n, 1);
    p.tracks[0].hide = true;
    for (; kao_hide_track_at(&p, &p.tracks[0], 2, n, &box); n++)
        found[box.x > 300] = true;
    assert_true(n == 2 && found[0] && found[1]);
    assert_true(kao_hide_track_at(&p, &p.tracks[0], 3, 0, &box));
    assert_false(kao_hide_track_at(&p, &p.tracks[0], 3, 1, &box));
    assert_true(kao_hide_track_at(&p, &p.tracks[0], 5, 0, &box));
    assert_false(kao_hide_track_at(&p, &p.tracks[0], 5, 1, &box));
    kao_hide_plan_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes),
        cmocka_unit_test(rates),
        cmocka_unit_test(joined),
    };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
