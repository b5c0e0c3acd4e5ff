/* What somebody has said: groups, who is not whom, who is ignored; that it holds against searches,
 * merges and moves, is undone and forgotten; and galleries of the first schema. */
#include "support/unit.h"

#include <math.h>
#include <stddef.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "gallery/people_made.h"

enum { DIM = 4 };

typedef struct place {
    made m;
    kao_gallery *g;
} place;

static place begin(void **state, const char *name)
{
    place p = { .m = made_gallery(*state, name, DIM) };

    p.g = p.m.g;
    return p;
}

static void finish(place *p)
{
    if (kao_gallery_verify(p->g, &p->m.f->err))
        fail_msg("%s", p->m.f->err.msg);
    kao_gallery_close(p->g);
}

static int64_t enrol(place *p, int64_t person, const char *name, double degrees,
                     char id[KAO_UUID_BYTES])
{
    float v[DIM];
    const float *const vectors[] = { v };
    kao_new_sample s = { .size = sizeof s, .vectors = vectors, .quality = NAN };

    at_degrees(v, DIM, degrees);
    assert_int_equal(kao_gallery_enrol(p->g, &person, name, &s, 1, &p->m.f->err),
                     KAO_OK);
    if (id)
        memcpy(id, s.id, sizeof s.id);
    return person;
}

/* The people nearest to an angle, as "3 1 2". */
static const char *search(place *p, const char *group, double degrees, char to[64])
{
    kao_match m[8] = { { .size = sizeof m[0] } };
    float v[DIM];
    size_t n = 9, at = 0;

    at_degrees(v, DIM, degrees);
    const kao_status st =
        kao_gallery_search_in(p->g, 0, group, v, 1, 8, m, &n, &p->m.f->err);

    if (st)
        return kao_status_name(st);
    to[0] = '\0';
    for (size_t i = 0; i < n; i++)
        at += (size_t)snprintf(to + at, 64 - at, "%s%lld", i ? " " : "",
                               (long long)m[i].person);
    return to;
}

#define FINDS(group, degrees, people)                                                  \
 assert_string_equal(search(&p, group, degrees, found), people)
#define IS(call, want)                                                                 \
 do {                                                                                  \
  const kao_status is_ = (call);                                                       \
  if (is_ != (want))                                                                   \
   fail_msg("%s: %d, %s", #call, (int)is_, p.m.f->err.msg);                            \
 } while (0)

typedef struct text {
    char s[512];
    size_t at;
} text;

static int note_person(void *user, const kao_person *q)
{
    text *t = user;

    t->at += (size_t)snprintf(t->s + t->at, sizeof t->s - t->at, "%lld[%s]%s;",
                              (long long)q->number, q->groups ? q->groups : "",
                              q->ignored ? "i" : "");
    return 0;
}

static int note_group(void *user, const char *group, uint32_t n)
{
    text *t = user;

    t->at += (size_t)snprintf(t->s + t->at, sizeof t->s - t->at, "%s %u;", group, n);
    return 0;
}

static int note_fact(void *user, const kao_fact *f)
{
    text *t = user;

    t->at += (size_t)snprintf(t->s + t->at, sizeof t->s - t->at, "%lld:%s %lld %lld;",
                              (long long)f->number,
                              f->kind == KAO_FACT_APART ? "apart" : "not",
                              (long long)f->person, (long long)f->other);
    assert_true((f->kind == KAO_FACT_NOT) == (strlen(f->sample) == 36));
    return 0;
}

static const char *people(place *p, text *t)
{
    t->at = 0;
    t->s[0] = '\0';
    assert_int_equal(kao_gallery_people(p->g, NULL, note_person, t, NULL), KAO_OK);
    return t->s;
}

static const char *groups(place *p, text *t)
{
    t->at = 0;
    t->s[0] = '\0';
    assert_int_equal(kao_gallery_groups(p->g, note_group, t, NULL), KAO_OK);
    return t->s;
}

static const char *facts(place *p, text *t)
{
    t->at = 0;
    t->s[0] = '\0';
    assert_int_equal(kao_gallery_facts(p->g, note_fact, t, NULL), KAO_OK);
    return t->s;
}

/* ---- groups, and who is ignored ---- */

static void people_have_groups(void **state)
{
    static const char *const first[] = { "家族", "club", "家族" },
                             *const club[] = { "club" }, *const cl[] = { "cl" },
                             *const bad[] = { "a\nb" };
    place p = begin(state, "groups.kao");
    char found[64];
    text t;
    uint64_t n = 9;

    for (int i = 0; i < 4; i++)
        enrol(&p, 0, NULL, 10 * i, NULL);
    IS(kao_gallery_set_groups(p.g, 1, first, 3, &p.m.f->err), KAO_OK);
    IS(kao_gallery_set_groups(p.g, 3, club, 1, &p.m.f->err), KAO_OK);
    assert_string_equal(people(&p, &t), "1[家族\nclub];2[];3[club];4[];");
    assert_string_equal(groups(&p, &t), "club 2;家族 1;");
    FINDS(NULL, 30, "4 3 2 1");
    FINDS("club", 30, "3 1");
    FINDS("家族", 30, "1");
    FINDS("clu", 30, "not_found"); /* a part of a name is none */
    IS(kao_gallery_templates_in(p.g, "club", &n, NULL), KAO_OK);
    assert_int_equal(n, 2);
    IS(kao_gallery_templates_in(p.g, "cl", &n, NULL), KAO_E_NOT_FOUND);
    IS(kao_gallery_templates_in(p.g, NULL, &n, NULL), KAO_OK);
    assert_int_equal(n, 4);
    IS(kao_gallery_set_groups(p.g, 3, cl, 1, NULL), KAO_OK);
    FINDS("club", 30, "1");
    IS(kao_gallery_undo(p.g, 0, NULL, NULL), KAO_OK);
    FINDS("club", 30, "3 1");
    IS(kao_gallery_set_groups(p.g, 3, NULL, 0, NULL), KAO_OK);
    assert_string_equal(people(&p, &t), "1[家族\nclub];2[];3[];4[];");
    IS(kao_gallery_set_groups(p.g, 3, bad, 1, &p.m.f->err), KAO_E_ARG);
    IS(kao_gallery_set_groups(p.g, 9, club, 1, NULL), KAO_E_NOT_FOUND);
    IS(kao_gallery_set_groups(p.g, 3, club, KAO_GROUPS_MOST + 1, NULL), KAO_E_ARG);
    IS(kao_gallery_set_groups(p.g, 3, NULL, 1, NULL), KAO_E_ARG);
    finish(&p);
}

static void ignored_stay_known(void **state)
{
    static const char *const club[] = { "club" };
    place p = begin(state, "ignored.kao");
    char found[64];
    text t;

    for (int i = 0; i < 3; i++)
        enrol(&p, 0, NULL, 10 * i, NULL);
    IS(kao_gallery_set_groups(p.g, 1, club, 1, NULL), KAO_OK);
    IS(kao_gallery_set_ignored(p.g, 2, 1, NULL), KAO_OK);
    assert_string_equal(people(&p, &t), "1[club];2[]i;3[];");
    FINDS(NULL, 10, "2 1 3");
    FINDS("club", 10, "2 1"); /* not taken for a member */
    IS(kao_gallery_undo(p.g, 0, NULL, NULL), KAO_OK);
    FINDS("club", 10, "1");
    IS(kao_gallery_undo(p.g, 0, NULL, NULL), KAO_OK); /* the group */
    IS(kao_gallery_set_ignored(p.g, 2, 1, NULL), KAO_OK);
    IS(kao_gallery_set_ignored(p.g, 2, 0, NULL), KAO_OK);
    assert_string_equal(people(&p, &t), "1[];2[];3[];");
    IS(kao_gallery_set_ignored(p.g, 7, 1, NULL), KAO_E_NOT_FOUND);
    FINDS("club", 10, "not_found"); /* who is ignored makes no group */
    finish(&p);
}

/* ---- who is not whom ---- */

static void apart_is_kept(void **state)
{
    place p = begin(state, "apart.kao");
    text t;

    for (int i = 0; i < 4; i++)
        enrol(&p, 0, i == 1 ? "Ben" : NULL, 10 * i, NULL);
    IS(kao_gallery_keep_apart(p.g, 2, 1, NULL), KAO_OK);
    IS(kao_gallery_keep_apart(p.g, 1, 2, NULL), KAO_OK); /* the same */
    assert_string_equal(facts(&p, &t), "1:apart 1 2;");
    IS(kao_gallery_merge(p.g, 1, 2, &p.m.f->err), KAO_E_CONFLICT);
    assert_non_null(strstr(p.m.f->err.msg, "fact 1 says that person 1 is not Ben"));
    IS(kao_gallery_merge(p.g, 2, 1, &p.m.f->err), KAO_E_CONFLICT);
    /* what was said of somebody holds of whom they are */
    IS(kao_gallery_merge(p.g, 3, 2, &p.m.f->err), KAO_OK);
    assert_string_equal(facts(&p, &t), "1:apart 1 3;");
    IS(kao_gallery_merge(p.g, 1, 3, NULL), KAO_E_CONFLICT);
    IS(kao_gallery_undo(p.g, 0, NULL, NULL), KAO_OK);
    assert_string_equal(facts(&p, &t), "1:apart 1 2;");
    /* once is enough */
    IS(kao_gallery_keep_apart(p.g, 1, 4, NULL), KAO_OK);
    IS(kao_gallery_merge(p.g, 4, 2, NULL), KAO_OK);
    assert_string_equal(facts(&p, &t), "2:apart 1 4;");
    IS(kao_gallery_undo(p.g, 0, NULL, NULL), KAO_OK);
    assert_string_equal(facts(&p, &t), "1:apart 1 2;2:apart 1 4;");
    /* it is about people who are there */
    IS(kao_gallery_remove_person(p.g, 4, NULL), KAO_OK);
    assert_string_equal(facts(&p, &t), "1:apart 1 2;");
    IS(kao_gallery_undo(p.g, 0, NULL, NULL), KAO_OK);
    IS(kao_gallery_drop_fact(p.g, 1, NULL), KAO_OK);
    IS(kao_gallery_drop_fact(p.g, 1, NULL), KAO_E_NOT_FOUND);
    assert_string_equal(facts(&p, &t), "2:apart 1 4;");
    IS(kao_gallery_undo(p.g, 0, NULL, NULL), KAO_OK);
    assert_string_equal(facts(&p, &t), "1:apart 1 2;2:apart 1 4;");
    IS(kao_gallery_keep_apart(p.g, 1, 1, NULL), KAO_E_ARG);
    IS(kao_gallery_keep_apart(p.g, 1, 9, NULL), KAO_E_NOT_FOUND);
    finish(&p);
}

static void not_that_person(void **state)
{
    static const char *const club[] = { "club" };
    place p = begin(state, "not.kao");
    char found[64], statue[KAO_UUID_BYTES], other[KAO_UUID_BYTES];
    text t;
    int64_t owner = 0, to = 1;

    enrol(&p, 0, "Bob", 0, NULL);   /* 1 */
    enrol(&p, 1, NULL, 40, statue); /* his, by mistake */
    enrol(&p, 0, "Ana", 90, other); /* 2 */
    IS(kao_gallery_set_groups(p.g, 1, club, 1, NULL), KAO_OK);
    FINDS(NULL, 30, "1 2");
    FINDS("club", 30, "1");
    IS(kao_gallery_not(p.g, statue, 1, &owner, &p.m.f->err), KAO_OK);
    assert_int_equal(owner, 3);
    assert_string_equal(facts(&p, &t), "1:not 1 0;");
    /* nearer to what is not Bob than to Bob: not Bob, whoever else may be found */
    FINDS(NULL, 30, "3 2");
    FINDS("club", 30, "");
    FINDS(NULL, 10, "1 3 2");
    FINDS("club", 10, "1");
    IS(kao_gallery_not(p.g, statue, 1, &owner, NULL), KAO_OK); /* the same */
    assert_int_equal(owner, 3);
    assert_string_equal(facts(&p, &t), "1:not 1 0;");
    IS(kao_gallery_move_sample(p.g, statue, &to, &p.m.f->err), KAO_E_CONFLICT);
    assert_non_null(strstr(p.m.f->err.msg, "fact 1 says that this sample is not Bob"));
    static const int64_t both[][2] = { { 1, 3 }, { 3, 1 } };

    for (size_t i = 0; i < COUNT(both); i++) {
        IS(kao_gallery_merge(p.g, both[i][0], both[i][1], &p.m.f->err), KAO_E_CONFLICT);
        assert_non_null(
            strstr(p.m.f->err.msg, "fact 1 says that a sample of person 3 is not Bob"));
    }
    to = 2;
    IS(kao_gallery_move_sample(p.g, statue, &to, NULL), KAO_OK);
    IS(kao_gallery_merge(p.g, 2, 1, NULL), KAO_E_CONFLICT);
    IS(kao_gallery_undo(p.g, 0, NULL, NULL), KAO_OK);
    /* of somebody else's sample: it stays where it is */
    IS(kao_gallery_not(p.g, other, 1, &owner, NULL), KAO_OK);
    assert_int_equal(owner, 2);
    IS(kao_gallery_undo(p.g, 0, NULL, NULL), KAO_OK);
    /* of a sample that is not there nothing follows */
    IS(kao_gallery_remove_sample(p.g, statue, NULL), KAO_OK);
    FINDS(NULL, 30, "1 2");
    IS(kao_gallery_undo(p.g, 0, NULL, NULL), KAO_OK);
    FINDS(NULL, 30, "3 2");
    IS(kao_gallery_undo(p.g, 0, NULL, &p.m.f->err), KAO_OK); /* the fact */
    assert_string_equal(facts(&p, &t), "");
    FINDS(NULL, 30, "1 2");
    assert_string_equal(people(&p, &t), "1[club];2[];");
    IS(kao_gallery_not(p.g, "nonsense", 1, NULL, NULL), KAO_E_NOT_FOUND);
    IS(kao_gallery_not(p.g, statue, 9, NULL, NULL), KAO_E_NOT_FOUND);
    finish(&p);
}

/* Whoever is left out leaves the place to the next one: k are found where there are k. Against
 * comparing all pairs here. */
static void others_take_the_place(void **state)
{
    enum { PEOPLE = 60, K = 5 };
    place p = begin(state, "places.kao");
    float own[PEOPLE][DIM], no[PEOPLE][DIM];
    int64_t number[PEOPLE], holder[PEOPLE];
    bool denied[PEOPLE];
    int out = 0;

    made_seed(5);
    for (int i = 0; i < PEOPLE; i++) {
        const float *const v[] = { own[i] }, *const w[] = { no[i] };
        kao_new_sample s = { .size = sizeof s, .vectors = v, .quality = NAN };

        made_vector(MADE_RANDOM, DIM, own[i]);
        made_vector(MADE_RANDOM, DIM, no[i]);
        for (int d = 0; d < DIM; d++)
            no[i][d] = own[i][d] + .3f * no[i][d];
        number[i] = holder[i] = 0;
        IS(kao_gallery_enrol(p.g, &number[i], NULL, &s, 1, NULL), KAO_OK);
        s.vectors = w;
        denied[i] = i % 3 == 0;
        holder[i] = number[i];
        IS(kao_gallery_enrol(p.g, &holder[i], NULL, &s, 1, NULL), KAO_OK);
        if (denied[i])
            IS(kao_gallery_not(p.g, s.id, number[i], &holder[i], NULL), KAO_OK);
    }
    for (int q = 0; q < 40; q++) {
        kao_match m[K] = { { .size = sizeof m[0] } };
        float v[DIM];
        size_t n = 0;

        made_vector(MADE_RANDOM, DIM, v);
        IS(kao_gallery_search(p.g, 0, v, K, m, &n, NULL), KAO_OK);
        assert_int_equal(n, K);
        for (int i = 0; i < PEOPLE; i++) {
            const float a = kao_similarity(v, own[i], DIM),
                        b = kao_similarity(v, no[i], DIM);
            const float best = denied[i] || a > b ? a : b;
            bool is_found = false, is_last = false;

            for (int k = 0; k < K; k++)
                is_found |= m[k].person == number[i];
            is_last = best <= m[K - 1].similarity;
            if (denied[i] && b > a) {
                assert_false(is_found);
                out += !is_last;
            } else {
                assert_true(is_found || is_last);
            }
        }
    }
    assert_true(out > 5); /* or this would say nothing */
    finish(&p);
}

/* ---- forgetting ---- */

static void forgotten_with_all_that_was_said(void **state)
{
    static const char *const secret[] = { "geheime Gruppe 77" };
    place p = begin(state, "forgotten.kao");
    kao_receipt r = { .size = sizeof r };
    static uint8_t bytes[1 << 21];
    char statue[KAO_UUID_BYTES];
    text t;
    int64_t owner = 0, left = 9;

    enrol(&p, 0, "Bob", 0, NULL);
    enrol(&p, 1, NULL, 40, statue);
    enrol(&p, 0, "Ana", 90, NULL);
    enrol(&p, 0, "Cho", 120, NULL);
    IS(kao_gallery_set_groups(p.g, 1, secret, 1, NULL), KAO_OK);
    IS(kao_gallery_set_groups(p.g, 1, NULL, 0, NULL),
       KAO_OK); /* its words are in the history */
    IS(kao_gallery_not(p.g, statue, 1, &owner, NULL), KAO_OK);
    IS(kao_gallery_keep_apart(p.g, 1, 2, NULL), KAO_OK);
    IS(kao_gallery_keep_apart(p.g, 2, 3, NULL), KAO_OK);
    IS(kao_gallery_merge(p.g, 3, 1, NULL), KAO_OK);
    assert_string_equal(facts(&p, &t), "1:not 3 0;3:apart 2 3;");
    IS(kao_gallery_forget(p.g, 3, &r, &p.m.f->err), KAO_OK);
    assert_int_equal(r.n_traces, 0);
    assert_string_equal(facts(&p, &t), "");
    if (!kept_on_server()) {
        FILE *file = fopen(p.m.path, "rb");
        const size_t n = fread(bytes, 1, sizeof bytes, file);

        assert_true(n > 4096 && n < sizeof bytes);
        fclose(file);
        for (size_t i = 0; i + 17 <= n; i++)
            assert_true(memcmp(bytes + i, secret[0], 17) != 0);
    }
    kao_db *db = kept_db(p.m.f, p.m.path);

    assert_int_equal(kao_db_number(db, &left, NULL, "SELECT count(*) FROM fact", ""),
                     KAO_OK);
    assert_int_equal(left, 0);
    kao_db_close(db);
    assert_string_equal(people(&p, &t), "2[];4[];");
    while (kao_gallery_undo(p.g, 0, NULL, &p.m.f->err) == KAO_OK)
        ;
    finish(&p);
}

/* ---- chips ---- */

typedef struct chip {
    uint8_t bytes[20000];
    size_t n;
    char form[40];
} chip;

static void note_chip(void *user, const void *bytes, size_t n, const char *form)
{
    chip *c = user;

    assert_true(n <= sizeof c->bytes);
    memcpy(c->bytes, bytes, n);
    c->n = n;
    snprintf(c->form, sizeof c->form, "%s", form ? form : "-");
}

static void chips_are_kept(void **state)
{
    place p = begin(state, "chips.kao");
    static uint8_t bytes[12000], file_bytes[1 << 21];
    static chip got;
    float v[DIM];
    const float *const vectors[] = { v };
    kao_receipt r = { .size = sizeof r };
    char none[KAO_UUID_BYTES];
    kao_new_sample s = { .size = sizeof s,
                         .vectors = vectors,
                         .quality = NAN,
                         .chip = bytes,
                         .chip_bytes = sizeof bytes,
                         .chip_form = "112x112" };
    int64_t person = 0;

    made_seed(77);
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)made_u32();
    at_degrees(v, DIM, 10);
    IS(kao_gallery_enrol(p.g, &person, "Ana", &s, 1, &p.m.f->err), KAO_OK);
    enrol(&p, 0, "Ben", 50, none);
    IS(kao_gallery_chip(p.g, s.id, note_chip, &got, NULL), KAO_OK);
    assert_int_equal(got.n, sizeof bytes);
    assert_memory_equal(got.bytes, bytes, sizeof bytes);
    assert_string_equal(got.form, "112x112");
    got.n = 0;
    IS(kao_gallery_chip(p.g, none, note_chip, &got, NULL), KAO_OK);
    assert_int_equal(got.n, 0);
    IS(kao_gallery_chip(p.g, "nonsense", note_chip, &got, NULL), KAO_E_NOT_FOUND);
    /* samples of the first form have none, whatever lies behind them */
    kao_new_sample old = s;

    old.size = (uint32_t)offsetof(kao_new_sample, chip);
    IS(kao_gallery_enrol(p.g, &person, NULL, &old, 1, &p.m.f->err), KAO_OK);
    IS(kao_gallery_chip(p.g, old.id, note_chip, &got, NULL), KAO_OK);
    assert_int_equal(got.n, 0);
    s.chip_bytes = KAO_CHIP_MAX_BYTES + 1;
    IS(kao_gallery_enrol(p.g, &person, NULL, &s, 1, &p.m.f->err), KAO_E_LIMIT);
    s.chip_bytes = sizeof bytes;
    IS(kao_gallery_forget(p.g, person, &r, &p.m.f->err), KAO_OK);
    assert_int_equal(r.n_traces, 0);
    assert_true(r.n_pieces >= 4 + 2 + 2); /* of the chip, vectors, ids */
    if (kept_on_server()) {
        finish(&p);
        return;
    }
    FILE *file = fopen(p.m.path, "rb");
    const size_t n = fread(file_bytes, 1, sizeof file_bytes, file);

    fclose(file);
    assert_true(n > 4096 && n < sizeof file_bytes);
    for (size_t at = 0; at + 16 <= sizeof bytes; at += 100)
        for (size_t i = 0; i + 16 <= n; i++)
            assert_true(memcmp(file_bytes + i, bytes + at, 16) != 0);
    finish(&p);
}

/* ---- forgetting who has not been seen ---- */

static void enrol_when(place *p, int64_t *person, const char *name, int64_t time)
{
    float v[DIM];
    const float *const vectors[] = { v };
    kao_new_sample s = {
        .size = sizeof s, .vectors = vectors, .quality = NAN, .time = time
    };

    at_degrees(v, DIM, (double)(time % 360));
    assert_int_equal(kao_gallery_enrol(p->g, person, name, &s, 1, &p->m.f->err),
                     KAO_OK);
}

static void the_old_are_forgotten(void **state)
{
    place p = begin(state, "old.kao");
    kao_receipt r = { .size = sizeof r };
    kao_gallery_stats s = { .size = sizeof s };
    uint64_t n = 9;
    text t;
    int64_t who[6] = { 0 };

    enrol_when(&p, &who[0], "Ana", 1000);
    enrol_when(&p, &who[0], NULL, 5000); /* seen again */
    enrol_when(&p, &who[1], "Ben", 1001);
    enrol_when(&p, &who[2], NULL, 1002);
    enrol_when(&p, &who[3], NULL, 6000);
    enrol_when(&p, &who[4], "gone", 1003); /* and removed: undo could bring it back */
    enrol_when(&p, &who[5], "Ana too", 1004); /* merged into Ana */
    IS(kao_gallery_remove_person(p.g, 5, NULL), KAO_OK);
    IS(kao_gallery_merge(p.g, 1, 6, NULL), KAO_OK);
    IS(kao_gallery_forget_older(p.g, 1000, 0, &n, &r, &p.m.f->err), KAO_OK);
    assert_int_equal(n, 0); /* not before that time */
    IS(kao_gallery_stats_of(p.g, &s, NULL), KAO_OK);
    const uint64_t changes = s.n_changes;

    IS(kao_gallery_forget_older(p.g, 4000, 1, &n, &r, &p.m.f->err), KAO_OK);
    assert_int_equal(n, 1);
    assert_int_equal(r.n_samples, 1);
    assert_string_equal(people(&p, &t), "1[];2[];4[];");
    IS(kao_gallery_forget_older(p.g, 4000, 0, &n, &r, &p.m.f->err), KAO_OK);
    assert_int_equal(n, 2);
    assert_int_equal(r.n_samples, 2);
    assert_int_equal(r.n_traces, 0);
    assert_true(r.n_pieces > 3);
    assert_string_equal(people(&p, &t), "1[];4[];");
    IS(kao_gallery_stats_of(p.g, &s, NULL), KAO_OK);
    assert_int_equal(s.n_changes, changes + 2);
    assert_int_equal(s.n_samples, 4);
    IS(kao_gallery_undo(p.g, 0, NULL, &p.m.f->err), KAO_OK); /* the merge */
    IS(kao_gallery_forget_older(p.g, 4000, 0, NULL, NULL, NULL), KAO_OK);
    assert_string_equal(people(&p, &t), "1[];4[];");
    IS(kao_gallery_forget_older(NULL, 4000, 0, &n, &r, NULL), KAO_E_ARG);
    finish(&p);
}

/* ---- the first schema ---- */

/* As kao 0.1 made it, with two people, one sample each. */
static const char first[] =
    "PRAGMA journal_mode = WAL;"
    "CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL);"
    "CREATE TABLE model(number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,"
    " name TEXT NOT NULL, dim INTEGER NOT NULL, tta INTEGER NOT NULL);"
    "CREATE TABLE person(number INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT,"
    " note TEXT, external TEXT, created INTEGER NOT NULL,"
    " removed INTEGER NOT NULL DEFAULT 0);"
    "CREATE TABLE sample(number INTEGER PRIMARY KEY AUTOINCREMENT,"
    " id TEXT NOT NULL UNIQUE, person INTEGER NOT NULL REFERENCES person(number),"
    " source TEXT, time INTEGER NOT NULL, quality REAL,"
    " removed INTEGER NOT NULL DEFAULT 0, changed INTEGER NOT NULL);"
    "CREATE TABLE vector(sample INTEGER NOT NULL REFERENCES sample(number),"
    " model INTEGER NOT NULL REFERENCES model(number), numbers BLOB NOT NULL,"
    " PRIMARY KEY(sample, model)) WITHOUT ROWID;"
    "CREATE TABLE gone(sample INTEGER PRIMARY KEY, changed INTEGER NOT NULL);"
    "CREATE TABLE change(number INTEGER PRIMARY KEY AUTOINCREMENT,"
    " time INTEGER NOT NULL, action TEXT NOT NULL, detail TEXT NOT NULL,"
    " undoes INTEGER NOT NULL DEFAULT 0, undone INTEGER NOT NULL DEFAULT 0,"
    " token INTEGER);"
    "CREATE TABLE edit(change INTEGER NOT NULL REFERENCES change(number),"
    " step INTEGER NOT NULL, field INTEGER NOT NULL, subject INTEGER NOT NULL,"
    " old TEXT, PRIMARY KEY(change, step)) WITHOUT ROWID;"
    "INSERT INTO meta VALUES('schema', '1');"
    "INSERT INTO model VALUES(1, 'made', 'made', 4, 0);"
    "INSERT INTO person(name, created) VALUES('Ana', 5), ('Ben', 6);"
    "INSERT INTO change(time, action, detail, token) VALUES(5, 'enrol', 'Ana', 77);"
    "INSERT INTO sample(id, person, time, changed) VALUES"
    "('00000000-0000-4000-8000-000000000001', 1, 5, 1),"
    "('00000000-0000-4000-8000-000000000002', 2, 6, 1);"
    "INSERT INTO vector VALUES(1, 1, X'0000803F000000000000000000000000'),"
    "(2, 1, X'000000000000803F0000000000000000');"
    "INSERT INTO edit VALUES(1, 0, 5, 1, '1');";

static void the_first_schema(void **state)
{
    if (kept_on_server() || kept_key())
        skip();
    static const char *const club[] = { "club" };
    fixture *f = *state;
    place p = { .m = { .f = f, .dim = DIM } };
    kao_gallery_stats stats = { .size = sizeof stats };
    char found[64];
    text t;
    sqlite3 *db = NULL;
    int64_t owner = 0;

    snprintf(p.m.path, sizeof p.m.path, "%s/first.kao", f->dir);
    assert_int_equal(sqlite3_open(p.m.path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, first, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    p.g = made_open(&p.m, f->ctx, true); /* as it is */
    FINDS(NULL, 10, "1 2");
    FINDS("club", 10, "unsupported");
    assert_string_equal(people(&p, &t), "1[];2[];");
    assert_string_equal(groups(&p, &t), "");
    assert_string_equal(facts(&p, &t), "");
    IS(kao_gallery_set_groups(p.g, 1, club, 1, &f->err), KAO_E_UNSUPPORTED);
    IS(kao_gallery_set_ignored(p.g, 1, 1, &f->err), KAO_E_UNSUPPORTED);
    IS(kao_gallery_keep_apart(p.g, 1, 2, &f->err), KAO_E_UNSUPPORTED);
    IS(kao_gallery_stats_of(p.g, &stats, NULL), KAO_OK);
    assert_int_equal(stats.schema, 1);
    finish(&p);
    /* memory that runs out: migrated whole, or not at all */
    for (long long n = 0;; n++) {
        kao_gallery *g = NULL;

        kao_fault_arm(&f->ctx->mem, KAO_FAULT_ALLOC, n);
        const kao_status st = kao_gallery_open(f->ctx, &g, p.m.path, NULL, &f->err);

        if (!kao_fault_disarm(&f->ctx->mem, KAO_FAULT_ALLOC)) {
            IS(st, KAO_OK);
            kao_gallery_close(g);
            break;
        }
        assert_true(st == KAO_E_NOMEM);
    }
    p.g = made_open(&p.m, f->ctx, false);
    IS(kao_gallery_stats_of(p.g, &stats, NULL), KAO_OK);
    assert_int_equal(stats.schema, 2);
    FINDS(NULL, 10, "1 2");
    IS(kao_gallery_set_groups(p.g, 1, club, 1, &f->err), KAO_OK);
    IS(kao_gallery_not(p.g, "00000000-0000-4000-8000-000000000001", 2, &owner, &f->err),
       KAO_OK);
    FINDS(NULL, 10, "1");
    IS(kao_gallery_merge(p.g, 1, 2, &f->err), KAO_E_CONFLICT);
    finish(&p);
    p.g = made_open(&p.m, f->ctx, true);
    FINDS("club", 80, "1");
    FINDS(NULL, 80, "2 1");
    finish(&p);
}

/* ---- faults ---- */

static kao_status one(place *p, int what, const char *id)
{
    static const char *const club[] = { "club", "b" };
    kao_match m[2] = { { .size = sizeof m[0] } };
    text t = { .at = 0 };
    float v[DIM];
    size_t n = 0;
    int64_t owner = 0;

    at_degrees(v, DIM, 3);
    switch (what) {
    case 0:
        return kao_gallery_set_groups(p->g, 1, club, 2, &p->m.f->err);
    case 1:
        return kao_gallery_groups(p->g, note_group, &t, &p->m.f->err);
    case 2:
        return kao_gallery_keep_apart(p->g, 1, 2, &p->m.f->err);
    case 3:
        return kao_gallery_not(p->g, id, 1, &owner, &p->m.f->err);
    case 4:
        return kao_gallery_search_in(p->g, 0, "club", v, 1, 2, m, &n, &p->m.f->err);
    case 5:
        return kao_gallery_facts(p->g, note_fact, &t, &p->m.f->err);
    case 6:
        return kao_gallery_set_ignored(p->g, 1, 1, &p->m.f->err);
    case 7:
        return kao_gallery_merge(p->g, 3, 1, &p->m.f->err);
    default:
        return kao_gallery_forget(p->g, 3, NULL, &p->m.f->err);
    }
}

static void memory_runs_out(void **state)
{
    place p = begin(state, "faults.kao");
    char id[KAO_UUID_BYTES];

    enrol(&p, 0, NULL, 0, NULL);
    enrol(&p, 1, NULL, 20, id);
    enrol(&p, 0, NULL, 40, NULL);
    enrol(&p, 0, NULL, 60, NULL);
    for (int what = 0; what < 9; what++) {
        bool done = false;

        for (long long n = 0; !done; n += kept_on_server() ? 7 : 1) {
            kao_gallery_stats before = { .size = sizeof before }, after = before;

            kao_gallery_close(p.g);
            p.g = made_open(&p.m, p.m.f->ctx, false);
            IS(kao_gallery_stats_of(p.g, &before, NULL), KAO_OK);
            kao_fault_arm(&p.m.f->ctx->mem, KAO_FAULT_ALLOC, n);
            const kao_status st = one(&p, what, id);

            done = !kao_fault_disarm(&p.m.f->ctx->mem, KAO_FAULT_ALLOC);
            /* who is deleted already is not there any more */
            if (st != (done ? KAO_OK : KAO_E_NOMEM) &&
                !(what == 8 && st == KAO_E_NOT_FOUND))
                fail_msg("%d, allocation %lld: %d, %s", what, n, (int)st,
                         p.m.f->err.msg);
            done |= st == KAO_E_NOT_FOUND;
            IS(kao_gallery_stats_of(p.g, &after, NULL), KAO_OK);
            if (!done && what != 8)
                assert_int_equal(before.n_changes, after.n_changes);
        }
    }
    finish(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(people_have_groups),
        cmocka_unit_test(ignored_stay_known),
        cmocka_unit_test(apart_is_kept),
        cmocka_unit_test(not_that_person),
        cmocka_unit_test(others_take_the_place),
        cmocka_unit_test(forgotten_with_all_that_was_said),
        cmocka_unit_test(chips_are_kept),
        cmocka_unit_test(the_old_are_forgotten),
        cmocka_unit_test(the_first_schema),
        cmocka_unit_test(memory_runs_out),
    };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
