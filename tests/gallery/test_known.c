/* The people of a gallery as grouping reads them: which of them may be one, whom to ask about. */
#include "support/unit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/known_pairs.h"
#include "gallery/people_made.h"

enum { DIM = 4, MOST = 3 };

typedef struct place {
    made m;
    kao_known known;
} place;

static int64_t enrol_long(place *p, int64_t person, const char *name, double degrees,
                          double length, const char *source)
{
    float v[DIM];
    const float *const vectors[] = { v };
    kao_new_sample s = {
        .size = sizeof s, .vectors = vectors, .quality = NAN, .source = source
    };

    at_degrees(v, DIM, degrees);
    for (int i = 0; i < DIM; i++)
        v[i] = (float)((double)v[i] * length);
    assert_int_equal(kao_gallery_enrol(p->m.g, &person, name, &s, 1, &p->m.f->err),
                     KAO_OK);
    return person;
}

static int64_t enrol(place *p, int64_t person, const char *name, double degrees,
                     const char *source)
{
    return enrol_long(p, person, name, degrees, 1, source);
}

static place begin(void **state, const char *name)
{
    return (place){ .m = made_gallery(*state, name, DIM) };
}

static void finish(place *p)
{
    kao_known_free(&p->known);
    kao_gallery_close(p->m.g);
}

/* "1<2 .866; .." of at most MOST pairs. */
static const char *pairs(place *p, double least, char to[128])
{
    kao_known_pair list[MOST];
    size_t n = 0;

    kao_known_free(&p->known);
    assert_int_equal(kao_known_read(&p->known, &p->m.f->ctx->mem, p->m.g, &p->m.f->err),
                     KAO_OK);
    assert_int_equal(
        kao_known_pairs(&p->known, p->m.g, (float)least, list, MOST, &n, &p->m.f->err),
        KAO_OK);
    to[0] = '\0';
    for (size_t i = 0; i < n; i++)
        snprintf(to + strlen(to), 128 - strlen(to), "%s%lld<%lld %.3f", i ? "; " : "",
                 (long long)p->known.people[list[i].a].number,
                 (long long)p->known.people[list[i].b].number,
                 (double)list[i].similarity);
    return to;
}

/* Cosines: of 30 degrees .866, of 40 .766, of 10 .985, of 12 .978, of 20 .940, of 22 .927. */
static void who_may_be_one(void **state)
{
    place p = begin(state, "known");
    char text[128];

    assert_string_equal(pairs(&p, -1, text), "");
    enrol(&p, 0, NULL, 0, NULL);                           /* 1 */
    enrol(&p, 0, "Ana", 30, NULL);                         /* 2 */
    assert_string_equal(pairs(&p, .8, text), "2<1 0.866"); /* into who has a name */
    assert_string_equal(pairs(&p, .87, text), "");
    enrol(&p, 0, NULL, 90, NULL); /* 3 */
    enrol(&p, 3, NULL, 90, NULL);
    enrol(&p, 0, NULL, 100, NULL); /* 4 */
    /* 3 has more samples */
    assert_string_equal(pairs(&p, .8, text), "3<4 0.985; 2<1 0.866");
    enrol(&p, 0, NULL, 112, NULL); /* 5 */
    assert_string_equal(pairs(&p, .8, text), "3<4 0.985; 4<5 0.978; 3<5 0.927");
    finish(&p);
}

static void who_is_left_out(void **state)
{
    place p = begin(state, "known_out");
    char text[128];
    int64_t undone = 0;

    enrol(&p, 0, "Ana", 0, "one.jpg");
    enrol(&p, 0, "Ben", 10, "one.jpg"); /* of one picture */
    assert_string_equal(pairs(&p, .5, text), "");
    enrol(&p, 0, "Chen", 20, "live");
    assert_string_equal(pairs(&p, .5, text), "2<3 0.985; 1<3 0.940");
    assert_int_equal(kao_gallery_keep_apart(p.m.g, 3, 2, &p.m.f->err), KAO_OK);
    assert_string_equal(pairs(&p, .5, text), "1<3 0.940");
    assert_int_equal(kao_gallery_set_ignored(p.m.g, 1, 1, &p.m.f->err), KAO_OK);
    assert_string_equal(pairs(&p, .5, text), "");
    assert_int_equal(kao_gallery_undo(p.m.g, 0, &undone, &p.m.f->err), KAO_OK);
    assert_string_equal(pairs(&p, .5, text), "1<3 0.940");
    finish(&p);
}

/* What kao watch, the app's camera, standard input and pipes give as a source is not one picture. */
static void sources_that_are_no_picture(void **state)
{
    static const char *const words[] = { "watch", "live", NULL, "-", "/dev/fd/63" };
    place p = begin(state, "known_sources");
    char text[128];

    for (size_t i = 0; i < COUNT(words); i++) {
        char wanted[128];

        enrol(&p, 0, NULL, 60 * (double)i, words[i]);
        enrol(&p, 0, NULL, 60 * (double)i + 10, words[i]);
        snprintf(wanted, sizeof wanted, "%zu<%zu 0.985", 2 * i + 1, 2 * i + 2);
        assert_string_equal(pairs(&p, .95, text), wanted);
        assert_int_equal(
            kao_gallery_set_ignored(p.m.g, (int64_t)(2 * i + 1), 1, &p.m.f->err),
            KAO_OK);
    }
    finish(&p);
}

/* Of networks that are made for distances: the mean of 1 - d * d / 2. Here d is .479 and .445, 1.136,
 * 1.402 and .878. */
static void vectors_of_any_length(void **state)
{
    place p = begin(state, "known_lengths");
    char text[128];

    enrol_long(&p, 0, NULL, 0, 1.4, NULL); /* 1 */
    enrol_long(&p, 1, NULL, 40, 1.2, NULL);
    enrol_long(&p, 0, NULL, 20, 1.3, NULL); /* 2 */
    assert_string_equal(pairs(&p, .5, text), "1<2 0.893");
    assert_string_equal(pairs(&p, .9, text), "");
    enrol_long(&p, 0, NULL, 80, .5, NULL); /* 3 */
    assert_string_equal(pairs(&p, -1, text), "1<2 0.893; 2<3 0.355; 1<3 0.316");
    finish(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_may_be_one),
        cmocka_unit_test(who_is_left_out),
        cmocka_unit_test(sources_that_are_no_picture),
        cmocka_unit_test(vectors_of_any_length),
    };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
