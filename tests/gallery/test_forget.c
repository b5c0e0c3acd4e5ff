/* Forgetting, where it is not plain whose something is: samples that somebody had once, people who were merged, words
 * that others have too; and where else it might be written meanwhile. */
#define _GNU_SOURCE /* memmem */
#include "support/unit.h"

#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "gallery/people_made.h"

enum { DIM = 4, TEXT = 2048 };

static const char ana[] = "Annabella Zimmermann", ben[] = "Benjamin", cho[] = "Choi";

static int64_t enrol(const made *m, int64_t person, const char *name, double degrees,
                     char id[KAO_UUID_BYTES])
{
    float v[DIM];
    const float *const vectors[] = { v };
    kao_new_sample s = { .size = sizeof s, .vectors = vectors, .quality = NAN };

    at_degrees(v, DIM, degrees);
    assert_int_equal(kao_gallery_enrol(m->g, &person, name, &s, 1, &m->f->err), KAO_OK);
    if (id)
        memcpy(id, s.id, sizeof s.id);
    return person;
}

static int add_words(void *user, const kao_change *c)
{
    char *to = user;
    const size_t n = strlen(to);

    snprintf(to + n, TEXT - n, "%s: %s\n", c->action, c->detail);
    return 0;
}

/* What is left of somebody: nothing was found, the history does not say the name, and no row is there. */
static void check_gone(const made *m, const kao_receipt *r, const char *name,
                       int64_t person, const char *when)
{
    char words[TEXT] = "";
    int64_t n = 9, samples = 9;
    kao_db *db = kept_db(m->f, m->path);

    assert_int_equal(r->n_traces, 0);
    assert_int_equal(kao_gallery_history(m->g, add_words, words, &m->f->err), KAO_OK);
    if (strstr(words, name))
        fail_msg("%s: the history says\n%s", when, words);
    assert_int_equal(kao_db_number(db, &n, NULL,
                                   "SELECT count(*) FROM person WHERE number = ?", "i",
                                   person),
                     KAO_OK);
    assert_int_equal(kao_db_number(db, &samples, NULL,
                                   "SELECT count(*) FROM sample WHERE person = ?", "i",
                                   person),
                     KAO_OK);
    kao_db_close(db);
    if (n || samples)
        fail_msg("%s: %d rows of person %d, %d samples", when, (int)n, (int)person,
                 (int)samples);
    if (kao_gallery_verify(m->g, &m->f->err))
        fail_msg("%s: %s", when, m->f->err.msg);
}

/* ---- samples that were somebody's once ---- */

/* Ana is 1, Ben 2 with two samples; `id` is of the second one. */
static void had_and_gave(const made *m, char id[KAO_UUID_BYTES])
{
    enrol(m, 1, NULL, 41, id); /* it was Ben, and is given to him */
    assert_int_equal(kao_gallery_move_sample(m->g, id, &(int64_t){ 2 }, NULL), KAO_OK);
}

static void got_by_mistake(const made *m, char id[KAO_UUID_BYTES])
{
    assert_int_equal(kao_gallery_move_sample(m->g, id, &(int64_t){ 1 }, NULL), KAO_OK);
    assert_int_equal(kao_gallery_undo(m->g, 0, NULL, NULL), KAO_OK);
}

static void there_and_back(const made *m, char id[KAO_UUID_BYTES])
{
    assert_int_equal(kao_gallery_move_sample(m->g, id, &(int64_t){ 1 }, NULL), KAO_OK);
    assert_int_equal(kao_gallery_move_sample(m->g, id, &(int64_t){ 2 }, NULL), KAO_OK);
}

static void removed_meanwhile(const made *m, char id[KAO_UUID_BYTES])
{
    assert_int_equal(kao_gallery_move_sample(m->g, id, &(int64_t){ 1 }, NULL), KAO_OK);
    assert_int_equal(kao_gallery_remove_sample(m->g, id, NULL), KAO_OK);
    assert_int_equal(kao_gallery_undo(m->g, 0, NULL, NULL), KAO_OK);
    assert_int_equal(kao_gallery_move_sample(m->g, id, &(int64_t){ 2 }, NULL), KAO_OK);
}

static void merged_by_mistake(const made *m, char id[KAO_UUID_BYTES])
{
    (void)id;
    assert_int_equal(kao_gallery_merge(m->g, 1, 2, NULL), KAO_OK);
    assert_int_equal(kao_gallery_undo(m->g, 0, NULL, NULL), KAO_OK);
}

static void the_history_of_samples(void **state)
{
    static const struct {
        const char *what;
        void (*run)(const made *m, char id[KAO_UUID_BYTES]);
    } cases[] = {
        { "enrolled as hers", had_and_gave },
        { "moved to her, undone", got_by_mistake },
        { "moved to her and back", there_and_back },
        { "removed while it was hers", removed_meanwhile },
        { "merged into her, undone", merged_by_mistake },
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        char name[32], id[KAO_UUID_BYTES], words[TEXT] = "";
        kao_receipt r = { .size = sizeof r };

        snprintf(name, sizeof name, "samples%zu.kao", i);
        made m = made_gallery(*state, name, DIM);

        enrol(&m, 0, ana, 0, NULL);
        enrol(&m, 0, ben, 40, NULL);
        enrol(&m, 2, NULL, 42, id);
        enrol(&m, 0, cho, 80, NULL);
        cases[i].run(&m, id);
        MADE_IS(kao_gallery_forget(m.g, 1, &r, &m.f->err), KAO_OK);
        check_gone(&m, &r, ana, 1, cases[i].what);
        /* what is no business of hers is still said */
        MADE_IS(kao_gallery_history(m.g, add_words, words, &m.f->err), KAO_OK);
        assert_non_null(strstr(words, "enrol: Benjamin, 1 sample"));
        assert_non_null(strstr(words, "enrol: Choi, 1 sample"));
        kao_gallery_close(m.g);
    }
}

/* ---- people who were merged ---- */

static int count_number(void *user, int64_t person)
{
    int64_t *sum = user;

    *sum = *sum * 10 + person;
    return 0;
}

/* One of Ana's samples was removed before: it was not given to Ben, but is as much his. */
static void merged_with_a_removed_sample(void **state)
{
    made m = made_gallery(*state, "merged.kao", DIM);
    kao_receipt r = { .size = sizeof r };
    char id[KAO_UUID_BYTES];
    int64_t merged = 0;

    enrol(&m, 0, ana, 0, NULL);
    enrol(&m, 1, NULL, 2, id);
    enrol(&m, 0, ben, 40, NULL);
    enrol(&m, 0, cho, 80, NULL);
    MADE_IS(kao_gallery_remove_sample(m.g, id, &m.f->err), KAO_OK);
    MADE_IS(kao_gallery_merged(m.g, 2, count_number, &merged, &m.f->err), KAO_OK);
    assert_int_equal(merged, 0);
    MADE_IS(kao_gallery_merge(m.g, 2, 1, &m.f->err), KAO_OK);
    MADE_IS(kao_gallery_merged(m.g, 2, count_number, &merged, &m.f->err), KAO_OK);
    assert_int_equal(merged, 1);
    MADE_IS(kao_gallery_merge(m.g, 3, 2, &m.f->err),
            KAO_OK); /* and both into a third one */
    merged = 0;
    MADE_IS(kao_gallery_merged(m.g, 3, count_number, &merged, &m.f->err), KAO_OK);
    assert_int_equal(merged, 12);
    MADE_IS(kao_gallery_merged(m.g, 3, NULL, NULL, &m.f->err), KAO_E_ARG);
    MADE_IS(kao_gallery_merged(m.g, 4, count_number, &merged, &m.f->err),
            KAO_E_NOT_FOUND);
    MADE_IS(kao_gallery_forget(m.g, 3, &r, &m.f->err), KAO_OK);
    assert_int_equal(r.n_samples, 4);
    check_gone(&m, &r, ana, 1, "merged");
    check_gone(&m, &r, ben, 2, "merged");
    kao_gallery_close(m.g);
}

/* What a removed person has is not the one's to whom another sample went. */
static void removed_is_not_merged(void **state)
{
    made m = made_gallery(*state, "removed.kao", DIM);
    char id[KAO_UUID_BYTES];
    int64_t merged = 0;

    enrol(&m, 0, ana, 0, NULL);
    enrol(&m, 1, NULL, 41, id);
    enrol(&m, 0, ben, 40, NULL);
    MADE_IS(kao_gallery_move_sample(m.g, id, &(int64_t){ 2 }, &m.f->err), KAO_OK);
    MADE_IS(kao_gallery_remove_person(m.g, 1, &m.f->err), KAO_OK);
    MADE_IS(kao_gallery_merged(m.g, 2, count_number, &merged, &m.f->err), KAO_OK);
    assert_int_equal(merged, 0);
    MADE_IS(kao_gallery_forget(m.g, 2, NULL, &m.f->err), KAO_OK);
    MADE_IS(kao_gallery_undo(m.g, 0, NULL, &m.f->err), KAO_OK);
    MADE_IS(kao_gallery_find(m.g, ana, &merged, &m.f->err), KAO_OK);
    assert_int_equal(merged, 1);
    kao_gallery_close(m.g);
}

/* Forgetting a third one takes the merging's way back, and with it what says that Ana is Ben. */
static void merged_before_a_third_one_is_forgotten(void **state)
{
    static const char *const how[] = { "by a fact", "by a sample", "without samples" };

    for (size_t i = 0; i < COUNT(how); i++) {
        char name[32], id[KAO_UUID_BYTES];
        kao_receipt r = { .size = sizeof r };
        int64_t bare = 0;

        snprintf(name, sizeof name, "third%zu.kao", i);
        made m = made_gallery(*state, name, DIM);

        if (i == 2)
            MADE_IS(kao_gallery_add_person(m.g, ana, &bare, &m.f->err), KAO_OK);
        else
            enrol(&m, 0, ana, 0, id);
        enrol(&m, 0, ben, 40, NULL);
        enrol(&m, 0, cho, 80, NULL);
        if (i == 0)
            MADE_IS(kao_gallery_keep_apart(m.g, 1, 3, &m.f->err), KAO_OK);
        MADE_IS(kao_gallery_merge(m.g, 2, 1, &m.f->err), KAO_OK);
        if (i == 1)
            MADE_IS(kao_gallery_move_sample(m.g, id, &(int64_t){ 3 }, &m.f->err),
                    KAO_OK);
        MADE_IS(kao_gallery_forget(m.g, 3, &r, &m.f->err), KAO_OK);
        assert_int_equal(r.n_traces, 0);
        MADE_IS(kao_gallery_forget(m.g, 2, &r, &m.f->err), KAO_OK);
        check_gone(&m, &r, ana, 1, how[i]);
        kao_gallery_close(m.g);
    }
}

/* ---- words that others have, too ---- */

/* The name is in what cameras say of others: finding it there says nothing. */
static void others_have_the_word(void **state)
{
    made m = made_gallery(*state, "words.kao", DIM);
    const kao_new_event e = { .size = sizeof e,
                              .trail = "Annabella Zimmermann's door/1",
                              .person = 2,
                              .text = "{\"camera\":\"Annabella Zimmermann's door\"}" };
    kao_receipt r = { .size = sizeof r };

    enrol(&m, 0, ana, 0, NULL);
    enrol(&m, 0, ben, 40, NULL);
    MADE_IS(kao_gallery_add_event(m.g, &e, NULL, &m.f->err), KAO_OK);
    MADE_IS(kao_gallery_set_event_mark(m.g, "to Annabella Zimmermann", 1, &m.f->err),
            KAO_OK);
    MADE_IS(kao_gallery_forget(m.g, 1, &r, &m.f->err), KAO_OK);
    assert_int_equal(r.n_traces, 0);
    kao_gallery_close(m.g);
}

/* ---- others who have it open ---- */

static bool file_has(const char *path, const char *end, const char *word)
{
    static char bytes[1 << 21];
    char name[KEPT_BYTES + 8];

    snprintf(name, sizeof name, "%s%s", path, end);
    FILE *file = fopen(name, "rb");
    const size_t n = file ? fread(bytes, 1, sizeof bytes, file) : 0;

    if (file)
        fclose(file);
    assert_true(n < sizeof bytes);
    return memmem(bytes, n, word, strlen(word)) != NULL;
}

/* Somebody reads the former state, and goes on: that is told after waiting three times as long as was said, not
 * after hundreds of times. */
static void a_reader_who_stays(void **state)
{
    made m = made_gallery(*state, "reader.kao", DIM);
    const kao_gallery_options o = { .wait_ms = 1500, .key = kept_key() };
    kao_receipt r = { .size = sizeof r };
    int64_t n = 0;

    kao_gallery_close(m.g);
    if (kept_on_server()) /* which has no log that is emptied */
        skip();
    MADE_IS(kao_gallery_open(m.f->ctx, &m.g, m.path, &o, &m.f->err), KAO_OK);
    enrol(&m, 0, ana, 0, NULL);
    enrol(&m, 0, ben, 40, NULL);
    kao_db *db = kept_db(m.f, m.path);

    MADE_IS(kao_db_begin_reading(db, &m.f->err), KAO_OK);
    MADE_IS(kao_db_number(db, &n, &m.f->err, "SELECT count(*) FROM person", ""),
            KAO_OK);
    alarm(200);
    MADE_IS(kao_gallery_forget(m.g, 1, &r, &m.f->err), KAO_E_IO);
    alarm(0);
    assert_true(r.n_traces > 0);
    /* who is forgotten cannot be forgotten again: what is to be done then is told, and does it */
    assert_non_null(strstr(m.f->err.msg, "kao gallery compact"));
    kao_db_rollback(db);
    kao_db_close(db);
    MADE_IS(kao_gallery_compact(m.g, NULL, NULL, &m.f->err), KAO_OK);
    assert_false(file_has(m.path, "", ana) || file_has(m.path, "-wal", ana));
    MADE_IS(kao_gallery_forget(m.g, 2, &r, &m.f->err), KAO_OK);
    check_gone(&m, &r, ana, 1, "after the reader");
    kao_gallery_close(m.g);
}

/* ---- where else it may be written ---- */

/* What a statement may have to put back would be a copy of what is deleted, in a folder that nobody searches. */
static void no_temporary_files(void **state)
{
    enum { SAMPLES = 400 };
    static float v[SAMPLES][DIM];
    static const float *vectors[SAMPLES];
    static kao_new_sample s[SAMPLES];
    static char sources[SAMPLES][300];
    made m = made_gallery(*state, "large.kao", DIM);
    char folder[KEPT_BYTES], seen[4096];
    int64_t person = 0;

    if (kept_on_server()) {
        kao_gallery_close(m.g);
        skip();
    }
    for (size_t i = 0; i < SAMPLES; i++) {
        at_degrees(v[i], DIM, (double)i / 10);
        vectors[i] = v[i];
        memset(sources[i], 'a' + (int)i % 26, sizeof sources[i] - 1);
        s[i] = (kao_new_sample){ .size = sizeof s[i],
                                 .vectors = &vectors[i],
                                 .quality = NAN,
                                 .source = sources[i] };
    }
    MADE_IS(kao_gallery_enrol(m.g, &person, ana, s, SAMPLES, &m.f->err), KAO_OK);
    enrol(&m, 0, ben, 40, NULL);
    snprintf(folder, sizeof folder, "%s", m.f->dir);
    sqlite3_temp_directory = folder;
    const int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

    assert_true(watch >= 0 && inotify_add_watch(watch, folder, IN_CREATE) >= 0);
    MADE_IS(kao_gallery_forget(m.g, person, NULL, &m.f->err), KAO_OK);
    const ssize_t n = read(watch, seen, sizeof seen);

    sqlite3_temp_directory = NULL;
    close(watch);
    for (ssize_t at = 0; at < n;) {
        struct inotify_event e;

        memcpy(&e, seen + at, sizeof e);
        if (strncmp(seen + at + sizeof e, "etilqs", 6) == 0)
            fail_msg("%s was made", seen + at + sizeof e);
        at += (ssize_t)(sizeof e + e.len);
    }
    kao_gallery_close(m.g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_history_of_samples),
        cmocka_unit_test(merged_with_a_removed_sample),
        cmocka_unit_test(removed_is_not_merged),
        cmocka_unit_test(merged_before_a_third_one_is_forgotten),
        cmocka_unit_test(others_have_the_word),
        cmocka_unit_test(a_reader_who_stays),
        cmocka_unit_test(no_temporary_files),
    };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
