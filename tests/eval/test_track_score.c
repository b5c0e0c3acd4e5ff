/* The figures of tracking: small videos worked by hand, random ones against NumPy. */
#include "support/unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/expected_tracks.h"
#include "eval/track_score.h"

static void read_text(kao_mot *m, kao_mem *mem, const char *text, bool truth)
{
    const kao_span s = { (const uint8_t *)text, strlen(text) };
    kao_error err = { 0 };

    if (kao_mot_read(m, mem, s, "list", truth, &err))
        fail_msg("%s", err.msg);
}

/* Boxes are 10 x 10 where a row does not say another. Two of them, d pixels apart, overlap by
 * (10 - d) / (10 + d): 2/3 for 2, 3/7 for 4, 1/3 for 5. */
#define BOX(frame, id, x) #frame "," #id "," #x ",0,10,10,1,-1,-1,-1\n"
#define SKIP              (-9.0) /* not worked out */
#define NONE              ((double)NAN)

typedef struct figures {
    double recall, precision, mota, motp, idp, idr, idf1, hota, det_a, ass_a;
} figures;

/* clang-format off */
static const struct row {
    const char *what, *truth, *found;
    size_t matched, switches, fragments, tracked, lost, common;
    figures want;
} rows[] = {
    { "all found",
      BOX(1, 5, 0) BOX(2, 5, 1),
      BOX(1, 8, 0) BOX(2, 8, 1),
      2, 0, 0, 1, 0, 2,
      { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 } },
    /* MOTA 1 - 1/4. Either track has 2 of the 4 boxes: IDF1 2*2 / (4 + 4). Each match: 2 frames
     * of 4 + 2 - 2. */
    { "another track halfway",
      BOX(1, 1, 0) BOX(2, 1, 0) BOX(3, 1, 0) BOX(4, 1, 0),
      BOX(1, 1, 0) BOX(2, 1, 0) BOX(3, 2, 0) BOX(4, 2, 0),
      4, 1, 0, 1, 0, 2,
      { 1, 1, .75, 1, .5, .5, .5, .70710678118654757, 1, .5 } },
    /* Frames 3 and 5 are missed; only the third is followed by a match. IDF1 2*3 / (5 + 3).
     * DetA 3/5, AssA 3 / (5 + 3 - 3). */
    { "missed between and at the end",
      BOX(1, 1, 0) BOX(2, 1, 0) BOX(3, 1, 0) BOX(4, 1, 0) BOX(5, 1, 0),
      BOX(1, 1, 0) BOX(2, 1, 0) BOX(4, 1, 0),
      3, 0, 1, 0, 0, 3,
      { .6, 1, .6, 1, 1, .6, .75, .6, .6, .6 } },
    /* Away in frames 3 to 8: no fragment, but another track than last time. MOTA 1 - 1/3, IDF1
     * 2*2 / (3 + 3); AssA (2 * 2/3 + 1/3) / 3. */
    { "gone and back with another track",
      BOX(1, 1, 0) BOX(2, 1, 0) BOX(9, 1, 0),
      BOX(1, 1, 0) BOX(2, 1, 0) BOX(9, 2, 0),
      3, 1, 0, 1, 0, 2,
      { 1, 1, 2. / 3, 1, 2. / 3, 2. / 3, 2. / 3, .74535599249993, 1, 5. / 9 } },
    /* The overlap is .5: a match at .05 .. .50, 10 of 19; there all is right. */
    { "half a box",
      "1,1,0,0,10,10,1\n",
      "1,1,0,0,10,5,1\n",
      1, 0, 0, 1, 0, 1,
      { 1, 1, 1, .5, 1, 1, 1, 10. / 19, 10. / 19, 10. / 19 } },
    /* Less than half: missed and false. HOTA's matches at .05 .. .45, 9 of 19. */
    { "less than half a box",
      "1,1,0,0,10,10,1\n",
      "1,1,0,0,10,4.9,1\n",
      0, 0, 0, 0, 1, 0,
      { 0, 0, -1, NONE, 0, 0, 0, 9. / 19, 9. / 19, 9. / 19 } },
    /* Track 1 stays, though track 2 is nearer in frame 2: MOTP (1 + .5504) / 2, one false box.
     * Alignment: the overlaps of frame 2 are 7.1/12.9 = .5504 and 1, each divided by their sum:
     * s = 1 + .355 for track 1, .645 for track 2; 1.355 / (2 + 2 - 1.355) = .512 and .645 /
     * (2 + 1 - .645) = .274. Track 1 is taken (.5504 * .512 = .282). At .05 .. .55 (11): DetA 2/3,
     * AssA 1; above (8): only frame 1, DetA 1/4, AssA 1 / (2 + 2 - 1). */
    { "a track is kept",
      BOX(1, 1, 0) BOX(2, 1, 0),
      BOX(1, 1, 0) BOX(2, 1, 2.9) BOX(2, 2, 0),
      2, 0, 0, 1, 0, 2,
      { 1, 2. / 3, .5, 10 / 12.9, 2. / 3, 1, .8,
        (11 * .81649658092772603 + 8 * .28867513459481287) / 19,
        (11 * 2. / 3 + 8 * .25) / 19, (11 + 8 / 3.) / 19 } },
    /* Track 1 stays with person 1 (overlap 2/3), though person 2 comes nearer to it. */
    { "a track is kept from a newcomer",
      BOX(1, 1, 0) BOX(2, 1, 0) BOX(2, 2, 2),
      BOX(1, 1, 0) BOX(2, 1, 2),
      2, 0, 0, 1, 1, 2,
      { 2. / 3, 1, 2. / 3, 5. / 6, 1, 2. / 3, .8, SKIP, SKIP, SKIP } },
    /* Track 1 is too far away in frame 2 (3/7). MOTA 1 - (1 false + 1 switch) / 2. IDF1 2*1 / 5. */
    { "a track is left",
      BOX(1, 1, 0) BOX(2, 1, 0),
      BOX(1, 1, 0) BOX(2, 1, 4) BOX(2, 2, 0),
      2, 1, 0, 1, 0, 1,
      { 1, 2. / 3, 0, 1, 1. / 3, .5, .4, SKIP, SKIP, SKIP } },
    /* In frame 1 person 1 is matched, in frame 2 nobody, so that in frame 3 nothing is to be
     * kept: track 2 is nearer. */
    { "nothing to keep behind a gap",
      BOX(1, 1, 0) BOX(2, 1, 0) BOX(3, 1, 0),
      BOX(1, 1, 0) BOX(3, 1, 2) BOX(3, 2, 0),
      2, 1, 1, 0, 0, 2,
      { 2. / 3, 2. / 3, 0, 1, 2. / 3, 2. / 3, 2. / 3, SKIP, SKIP, SKIP } },
    /* Person 1 at 0, 2 at 3; found at 1 and -2. The best single pair is 1 with the first (9/11),
     * which leaves person 2 alone (5/15 with the other); the two pairs 1 with -2 and 2 with 1
     * overlap by 8/12 each. */
    { "as many pairs as possible",
      BOX(1, 1, 0) BOX(1, 2, 3),
      BOX(1, 1, 1) BOX(1, 2, -2),
      2, 0, 0, 2, 0, 2,
      { 1, 1, 1, 2. / 3, 1, 1, 1, SKIP, SKIP, SKIP } },
    /* MOTA 1 - (5 missed + 2 false) / 5. */
    { "nothing right",
      BOX(1, 1, 0) BOX(2, 1, 0) BOX(3, 1, 0) BOX(4, 1, 0) BOX(5, 1, 0),
      BOX(1, 1, 90) BOX(7, 1, 0),
      0, 0, 0, 0, 1, 0,
      { 0, 0, -.4, NONE, 0, 0, 0, 0, 0, 0 } },
    /* Person 1 in 4 of 5 frames, 2 in 1 of 5. IDF1 2*5 / (10 + 5). DetA 5/10; AssA
     * (4 * 4/5 + 1/5) / 5 = .68, HOTA the root of .34. */
    { "80 % is mostly, 20 % is not lost",
      BOX(1, 1, 0) BOX(2, 1, 0) BOX(3, 1, 0) BOX(4, 1, 0) BOX(5, 1, 0)
      BOX(1, 2, 50) BOX(2, 2, 50) BOX(3, 2, 50) BOX(4, 2, 50) BOX(5, 2, 50),
      BOX(1, 1, 0) BOX(2, 1, 0) BOX(3, 1, 0) BOX(4, 1, 0) BOX(1, 2, 50),
      5, 0, 0, 1, 0, 5,
      { .5, 1, .5, 1, 1, .5, 2. / 3, .58309518948453, .5, .68 } },
    /* The track goes over from person 1 to person 2: no switch, as neither person had another.
     * It is person 1's: 2 in common, IDF1 2*2 / (6 + 3). DetA 3/6; AssA (2 * 2/4 + 1/5) / 3 = .4,
     * HOTA the root of .2. */
    { "one track for two people",
      BOX(1, 1, 0) BOX(2, 1, 0) BOX(3, 1, 0) BOX(1, 2, 50) BOX(2, 2, 50) BOX(3, 2, 50),
      BOX(1, 1, 0) BOX(2, 1, 0) BOX(3, 1, 50),
      3, 0, 0, 0, 0, 2,
      { .5, 1, .5, 1, 2. / 3, 1. / 3, 4. / 9, .44721359549996, .5, .4 } },
    /* The truth's second person does not count: what is found there is false. */
    { "a box that does not count",
      BOX(1, 1, 0) "1,2,50,0,10,10,0,1,1\n",
      BOX(1, 1, 0) BOX(1, 2, 50),
      1, 0, 0, 1, 0, 1,
      { 1, .5, 0, 1, .5, 1, 2. / 3, .70710678118654757, .5, 1 } },
    { "nobody, and a box",
      "",
      BOX(1, 1, 0),
      0, 0, 0, 0, 0, 0,
      { NONE, 0, NONE, NONE, 0, NONE, 0, 0, 0, 0 } },
    { "somebody, and no box",
      BOX(1, 1, 0),
      "",
      0, 0, 0, 0, 1, 0,
      { 0, NONE, 0, NONE, NONE, 0, 0, 0, 0, 0 } },
    { "nobody, and no box",
      "",
      "",
      0, 0, 0, 0, 0, 0,
      { NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE } },
};
/* clang-format on */

static void near(const char *what, const char *name, double got, double want)
{
    if (want != SKIP &&
        (isnan(got) != isnan(want) || (!isnan(want) && fabs(got - want) > 1e-6)))
        fail_msg("%s: %s %.9f, wanted %.9f", what, name, got, want);
}

static void by_hand(void **state)
{
    kao_mem mem;

    (void)state;
    kao_mem_init(&mem, NULL);
    for (const struct row *r = rows; r < rows + COUNT(rows); r++) {
        kao_mot truth, found;
        kao_track_score s;

        read_text(&truth, &mem, r->truth, true);
        read_text(&found, &mem, r->found, false);
        assert_int_equal(kao_score_tracks(&s, &mem, &truth, &found, .5f, NULL), KAO_OK);
        if (s.n_matched != r->matched || s.n_switches != r->switches ||
            s.n_fragments != r->fragments || s.n_mostly_tracked != r->tracked ||
            s.n_mostly_lost != r->lost || s.n_common != r->common)
            fail_msg("%s: %zu %zu %zu %zu %zu %zu", r->what, s.n_matched, s.n_switches,
                     s.n_fragments, s.n_mostly_tracked, s.n_mostly_lost, s.n_common);
        near(r->what, "recall", s.recall, r->want.recall);
        near(r->what, "precision", s.precision, r->want.precision);
        near(r->what, "MOTA", s.mota, r->want.mota);
        near(r->what, "MOTP", s.motp, r->want.motp);
        near(r->what, "IDP", s.idp, r->want.idp);
        near(r->what, "IDR", s.idr, r->want.idr);
        near(r->what, "IDF1", s.idf1, r->want.idf1);
        near(r->what, "HOTA", s.hota, r->want.hota);
        near(r->what, "DetA", s.det_a, r->want.det_a);
        near(r->what, "AssA", s.ass_a, r->want.ass_a);
        kao_mot_free(&truth);
        kao_mot_free(&found);
    }
    assert_int_equal(atomic_load(&mem.live), 0);
}

/* The overlap that is asked for is the one that counts, but not for HOTA. */
static void other_overlaps(void **state)
{
    kao_mem mem;
    kao_mot truth, found;
    kao_track_score s;

    (void)state;
    kao_mem_init(&mem, NULL);
    read_text(&truth, &mem, BOX(1, 1, 0), true);
    read_text(&found, &mem, BOX(1, 1, 5), false); /* 1/3: .05 .. .30, 6 of 19 */
    for (int loose = 0; loose < 2; loose++) {
        assert_int_equal(
            kao_score_tracks(&s, &mem, &truth, &found, loose ? .33f : .34f, NULL),
            KAO_OK);
        assert_int_equal(s.n_matched, loose);
        near("1/3", "IDF1", s.idf1, loose);
        near("1/3", "HOTA", s.hota, 6. / 19);
    }
    kao_mot_free(&truth);
    kao_mot_free(&found);
    /* two pairs of 3/7 each, not the one that overlaps wholly */
    read_text(&truth, &mem, BOX(1, 1, 0) BOX(1, 2, 4), true);
    read_text(&found, &mem, BOX(1, 1, 0) BOX(1, 2, -4), false);
    assert_int_equal(kao_score_tracks(&s, &mem, &truth, &found, .4f, NULL), KAO_OK);
    assert_int_equal(s.n_matched, 2);
    near("two pairs", "MOTP", s.motp, 3. / 7);
    kao_mot_free(&truth);
    kao_mot_free(&found);
    /* what lies apart is no match, however little is asked for */
    read_text(&truth, &mem, BOX(1, 1, 0), true);
    read_text(&found, &mem, BOX(1, 1, 50), false);
    assert_int_equal(kao_score_tracks(&s, &mem, &truth, &found, 1e-7f, NULL), KAO_OK);
    assert_int_equal(s.n_matched, 0);
    kao_mot_free(&truth);
    kao_mot_free(&found);
}

/* As text: tenths of pixels with a point. */
static void read_rows(kao_mot *m, kao_mem *mem, const short (*from)[6], int n)
{
    char *text = calloc((size_t)n, 80), *at = text;

    assert_non_null(text);
    for (int i = 0; i < n; i++)
        at += snprintf(at, 80, "%d,%d,%.1f,%.1f,%.1f,%.1f,1,-1,-1,-1\n", from[i][0],
                       from[i][1], from[i][2] / 10., from[i][3] / 10., from[i][4] / 10.,
                       from[i][5] / 10.);
    read_text(m, mem, text, true);
    free(text);
}

static void against_numpy(void **state)
{
    kao_mem mem;

    (void)state;
    kao_mem_init(&mem, NULL);
    for (size_t i = 0; i < COUNT(tracked); i++) {
        const int *n = tracked[i].counts;
        const double *want = tracked[i].shares;
        char what[32];
        kao_mot truth, found;
        kao_track_score s;

        snprintf(what, sizeof what, "video %zu", i);
        read_rows(&truth, &mem, tracked[i].truth, tracked[i].n_true);
        read_rows(&found, &mem, tracked[i].found, tracked[i].n_found);
        assert_int_equal(kao_score_tracks(&s, &mem, &truth, &found, .5f, NULL), KAO_OK);
        assert_int_equal(s.n_matched, n[0]);
        assert_int_equal(s.n_switches, n[1]);
        assert_int_equal(s.n_fragments, n[2]);
        assert_int_equal(s.n_mostly_tracked, n[3]);
        assert_int_equal(s.n_mostly_lost, n[4]);
        assert_int_equal(s.n_common, n[5]);
        near(what, "MOTA", s.mota, want[0]);
        near(what, "MOTP", s.motp, want[1]);
        near(what, "IDF1", s.idf1, want[2]);
        near(what, "HOTA", s.hota, want[3]);
        near(what, "DetA", s.det_a, want[4]);
        near(what, "AssA", s.ass_a, want[5]);
        kao_mot_free(&truth);
        kao_mot_free(&found);
    }
    assert_int_equal(atomic_load(&mem.live), 0);
}

static void failures(void **state)
{
    kao_mem mem;
    kao_mot truth, found;
    kao_error err = { 0 };
    kao_track_score s;

    (void)state;
    kao_mem_init(&mem, NULL);
    read_rows(&truth, &mem, truth_0, (int)COUNT(truth_0));
    read_rows(&found, &mem, found_0, (int)COUNT(found_0));
    const size_t before = atomic_load(&mem.live);

    for (long long i = 0;; i++) {
        kao_fault_arm(&mem, KAO_FAULT_ALLOC, i);
        const kao_status st = kao_score_tracks(&s, &mem, &truth, &found, .5f, &err);

        assert_int_equal(atomic_load(&mem.live), before);
        if (!kao_fault_disarm(&mem, KAO_FAULT_ALLOC)) {
            assert_int_equal(st, KAO_OK);
            assert_true(i > 2 * 14 * 6); /* two assignments a frame, six blocks each */
            break;
        }
        assert_int_equal(st, KAO_E_NOMEM);
    }
    kao_mot_free(&truth);
    kao_mot_free(&found);
    const kao_mot many = { .n_ids = (size_t)1 << 14 },
                  more = { .n_ids = (size_t)1 << 13 };

    assert_int_equal(kao_score_tracks(&s, &mem, &many, &more, .5f, &err), KAO_E_LIMIT);
    assert_non_null(strstr(err.msg, "16384 people and 8192 tracks"));
    assert_int_equal(atomic_load(&mem.live), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_hand),
        cmocka_unit_test(other_overlaps),
        cmocka_unit_test(against_numpy),
        cmocka_unit_test(failures),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
