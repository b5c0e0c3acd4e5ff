/* What speaks against a new sample, by angles whose cosines are known; removing everybody. */
#include "support/unit.h"

#include <math.h>
#include <string.h>

#include "gallery/people_made.h"
#include "kao/enrol.h"

enum { DIM = 8 };

/* A: 0 degrees, B: 90 degrees, C: nobody's samples; the threshold is cos 40 degrees. */
static void what_speaks_against(void **state)
{
    made m = made_gallery(*state, "judge.kao", DIM);
    float v[DIM];
    const int64_t a = made_person(&m, m.g, at_degrees(v, DIM, 0), KAO_OK),
                  b = made_person(&m, m.g, at_degrees(v, DIM, 90), KAO_OK);
    int64_t c = 0;
    const float threshold = .76604444f;

    assert_int_equal(kao_gallery_add_person(m.g, "C", &c, &m.f->err), KAO_OK);
    const struct {
        double degrees;
        int64_t person;
        uint32_t against;
        int64_t who;
        double own, other;
    } rows[] = {
        { 45, 0, 0, a, (double)NAN, 45 }, /* far enough from both */
        { 10, 0, KAO_AGAINST_LOOKS_LIKE, a, (double)NAN,
          10 }, /* a new person, but it is A */
        { 10, c, KAO_AGAINST_LOOKS_LIKE, a, (double)NAN, 10 },
        { 10, a, 0, b, 10, 80 },
        { 39, a, 0, b, 39, 51 },
        { 44, a, KAO_AGAINST_UNLIKE, b, 44, 46 },
        { 3, a, KAO_AGAINST_DUPLICATE, b, 3, 87 }, /* cos 3 is .9986 */
        { 80, a, KAO_AGAINST_UNLIKE | KAO_AGAINST_LOOKS_LIKE, b, 80, 10 },
        { 180, a, KAO_AGAINST_UNLIKE, b, 180, 90 },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        kao_judgement j = KAO_JUDGEMENT_INIT;

        assert_int_equal(kao_gallery_judge(m.g, 0, at_degrees(v, DIM, rows[i].degrees),
                                           rows[i].person, threshold, &j, &m.f->err),
                         KAO_OK);
        if (rows[i].degrees != 45) /* as near to both */
            assert_int_equal(j.who, rows[i].who);
        assert_int_equal(j.against, rows[i].against);
        assert_int_equal(isnan(j.own), isnan(rows[i].own));
        if (!isnan(rows[i].own))
            assert_float_equal(j.own, cos(rows[i].own * 3.14159265358979 / 180), 1e-6);
        assert_float_equal(j.other, cos(rows[i].other * 3.14159265358979 / 180), 1e-6);
    }
    kao_gallery_close(m.g);
}

static void arguments_are_checked(void **state)
{
    made m = made_gallery(*state, "arguments.kao", DIM);
    kao_judgement j = KAO_JUDGEMENT_INIT, small = { .size = 8 };
    float v[DIM];

    at_degrees(v, DIM, 0);
    assert_int_equal(kao_gallery_judge(m.g, 0, v, 0, .5f, &j, NULL), KAO_OK);
    assert_true(j.against == 0 && j.who == 0 && isnan(j.own) && isnan(j.other));
    assert_int_equal(kao_gallery_judge(m.g, 0, v, 7, .5f, &j, NULL), KAO_E_NOT_FOUND);
    assert_int_equal(kao_gallery_judge(m.g, 0, v, 0, (double)NAN, &j, NULL), KAO_E_ARG);
    assert_int_equal(kao_gallery_judge(m.g, 0, v, 0, .5f, &small, NULL), KAO_E_ARG);
    assert_int_equal(kao_gallery_judge(m.g, 0, v, 0, .5f, NULL, NULL), KAO_E_ARG);
    assert_int_equal(kao_gallery_judge(m.g, 1, v, 0, .5f, &j, NULL), KAO_E_ARG);
    assert_int_equal(kao_gallery_judge(NULL, 0, v, 0, .5f, &j, NULL), KAO_E_ARG);
    kao_gallery_close(m.g);
}

static int count_people(void *user, const kao_person *p)
{
    (void)p;
    ++*(size_t *)user;
    return 0;
}

static size_t people_of(made *m)
{
    size_t n = 0;

    assert_int_equal(kao_gallery_people(m->g, NULL, count_people, &n, &m->f->err),
                     KAO_OK);
    return n;
}

static void everybody_goes_and_comes_back(void **state)
{
    made m = made_gallery(*state, "clear.kao", DIM);
    kao_match match[2] = { { .size = sizeof match[0] } };
    float v[DIM];
    uint64_t n = 9;
    size_t found = 9;
    int64_t undone = 0;

    assert_int_equal(kao_gallery_clear(m.g, &n, &m.f->err), KAO_E_NOT_FOUND);
    assert_int_equal(n, 0);
    for (int i = 0; i < 5; i++)
        made_person(&m, m.g, at_degrees(v, DIM, 20 * i), KAO_OK);
    assert_int_equal(kao_gallery_remove_person(m.g, 2, &m.f->err), KAO_OK);
    assert_int_equal(kao_gallery_clear(m.g, &n, &m.f->err), KAO_OK);
    assert_int_equal(n, 4);
    assert_int_equal(people_of(&m), 0);
    assert_int_equal(kao_gallery_search(m.g, 0, v, 2, match, &found, &m.f->err),
                     KAO_OK);
    assert_int_equal(found, 0);
    assert_int_equal(kao_gallery_undo(m.g, 0, &undone, &m.f->err), KAO_OK);
    assert_int_equal(people_of(&m), 4); /* who was removed before stays so */
    assert_int_equal(kao_gallery_search(m.g, 0, v, 2, match, &found, &m.f->err),
                     KAO_OK);
    assert_int_equal(found, 2);
    assert_int_equal(kao_gallery_verify(m.g, &m.f->err), KAO_OK);
    assert_int_equal(kao_gallery_clear(m.g, NULL, NULL), KAO_E_ARG);
    kao_gallery_close(m.g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_speaks_against),
        cmocka_unit_test(arguments_are_checked),
        cmocka_unit_test(everybody_goes_and_comes_back),
    };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
