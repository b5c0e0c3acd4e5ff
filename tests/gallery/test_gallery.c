/* A gallery by its public calls: people, samples, search, changes taken back, forgetting; two
 * handles on one file; files that are none. Vectors are four numbers made here. */
#include "support/unit.h"

#include <fcntl.h>
#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "gallery/kept.h"

enum { DIM = 4 };

typedef struct place { /* a gallery of a test of its own */
    fixture *f;
    kao_gallery *g;
    size_t model;
    char path[KEPT_BYTES];
} place;

static kao_embedder *flat_embedder(fixture *f, const char *scale)
{
    char card[200];
    pb file = flat_model("?,1,2,2");
    kao_model *m = NULL;
    kao_embedder *e = NULL;

    snprintf(card, sizeof card,
             "kind = embedder\ninput.color = grey\ninput.mean = 0\ninput.scale = %s\n"
             "input.size = 2\ntemplate = arcface-112\n",
             scale);
    assert_int_equal(kao_model_open_card(f->ctx, &m,
                                         fixture_file(f, "flat.onnx", &file), card,
                                         &f->err),
                     KAO_OK);
    assert_int_equal(kao_embedder_create(m, &e, NULL, &f->err), KAO_OK);
    kao_model_release(m);
    return e;
}

static kao_gallery *open_gallery(place *p, kao_status want)
{
    const kao_gallery_options o = { .create = 1, .key = kept_key() };
    kao_gallery *g = NULL;

    assert_int_equal(kao_gallery_open(p->f->ctx, &g, p->path, &o, &p->f->err), want);
    return g;
}

static place begin(void **state, const char *name)
{
    place p = { .f = *state };
    kao_embedder *e = flat_embedder(p.f, "1");

    kept_path(p.f, name, p.path);
    p.g = open_gallery(&p, KAO_OK);
    assert_int_equal(kao_gallery_pin(p.g, e, KAO_TTA_NONE, &p.model, &p.f->err),
                     KAO_OK);
    kao_embedder_destroy(e);
    return p;
}

static void finish(place *p)
{
    assert_int_equal(kao_gallery_verify(p->g, &p->f->err), KAO_OK);
    kao_gallery_close(p->g);
}

static kao_status enrol_at(place *p, int64_t *person, const char *name, double degrees,
                           char id[KAO_UUID_BYTES])
{
    float v[DIM];
    const float *const vectors[] = { v };
    kao_new_sample s = { .size = sizeof s,
                         .vectors = vectors,
                         .source = "album/家族 1.jpg",
                         .quality = .5f };

    at_degrees(v, DIM, degrees);
    const kao_status st = kao_gallery_enrol(p->g, person, name, &s, 1, &p->f->err);

    if (!st && id)
        memcpy(id, s.id, sizeof s.id);
    return st;
}

static int64_t person_at(place *p, const char *name, double degrees)
{
    int64_t person = 0;

    assert_int_equal(enrol_at(p, &person, name, degrees, NULL), KAO_OK);
    return person;
}

/* The people nearest to an angle, as "3 1 2"; similarities are looked at here. */
static const char *search_at(place *p, kao_gallery *g, double degrees, char to[64])
{
    kao_match m[4] = { { .size = sizeof m[0] } };
    float v[DIM];
    size_t n = 9, at = 0;

    at_degrees(v, DIM, degrees);
    assert_int_equal(kao_gallery_search(g, p->model, v, 4, m, &n, &p->f->err), KAO_OK);
    to[0] = '\0';
    for (size_t i = 0; i < n; i++) {
        at += (size_t)snprintf(to + at, 64 - at, "%s%lld", i ? " " : "",
                               (long long)m[i].person);
        assert_int_equal(strlen(m[i].sample), 36);
        assert_true(i == 0 || m[i].similarity <= m[i - 1].similarity);
    }
    return to;
}

#define FINDS(degrees, people)                                                         \
 assert_string_equal(search_at(&p, p.g, degrees, found), people)

static void nearest_people_are_found(void **state)
{
    place p = begin(state, "nearest.kao");
    char found[64];
    kao_match m[2] = { { .size = sizeof m[0] } };
    float v[DIM];
    size_t n = 0;
    uint64_t templates = 0;

    FINDS(0, "");
    const int64_t a = person_at(&p, "Ana", 0), b = person_at(&p, "ベン", 50);
    int64_t again = a;

    assert_true(a == 1 && b == 2);
    assert_int_equal(enrol_at(&p, &again, "not looked at", 100, NULL), KAO_OK);
    person_at(&p, NULL, 90);
    FINDS(0, "1 2 3");
    FINDS(60, "2 3 1"); /* 10, 30, 40 degrees away */
    FINDS(120, "1 3 2");
    at_degrees(v, DIM, 60);
    assert_int_equal(kao_gallery_search(p.g, p.model, v, 2, m, &n, NULL), KAO_OK);
    assert_int_equal(n, 2);
    assert_float_equal(m[0].similarity, .98480775f, 1e-6); /* cos 10 degrees */
    assert_float_equal(m[1].similarity, .86602540f, 1e-6);
    assert_int_equal(kao_gallery_templates(p.g, &templates, NULL), KAO_OK);
    assert_int_equal(templates, 4);
    v[2] = NAN;
    assert_int_equal(kao_gallery_search(p.g, p.model, v, 2, m, &n, NULL), KAO_E_ARG);
    finish(&p);
}

/* What is on the disk is what another handle, and a later one, sees. */
typedef struct collected {
    char text[200];
    size_t n, most;
} collected;

static int collect(void *user, const kao_sample *s, const float *vector)
{
    collected *c = user;
    const size_t at = strlen(c->text);

    snprintf(c->text + at, sizeof c->text - at, "%lld %.2f %.2f %.1f %s\n",
             (long long)s->person, (double)vector[0], (double)vector[1],
             (double)s->quality, s->source);
    return ++c->n == c->most;
}

static const char *vectors_of(place *p, size_t most, collected *c)
{
    *c = (collected){ .most = most };
    assert_int_equal(kao_gallery_vectors(p->g, p->model, collect, c, &p->f->err),
                     KAO_OK);
    return c->text;
}

static void vectors_in_order(void **state)
{
    place p = begin(state, "vectors.kao");
    collected c;
    const int64_t ana = person_at(&p, "Ana", 0), ben = person_at(&p, NULL, 90);
    int64_t again = ana;

    assert_int_equal(enrol_at(&p, &again, NULL, 60, NULL), KAO_OK);
    assert_string_equal(vectors_of(&p, 9, &c), "1 1.00 0.00 0.5 album/家族 1.jpg\n"
                                               "2 0.00 1.00 0.5 album/家族 1.jpg\n"
                                               "1 0.50 0.87 0.5 album/家族 1.jpg\n");
    vectors_of(&p, 2, &c);
    assert_int_equal(c.n, 2);
    assert_int_equal(kao_gallery_remove_person(p.g, ana, &p.f->err), KAO_OK);
    assert_string_equal(vectors_of(&p, 9, &c), "2 0.00 1.00 0.5 album/家族 1.jpg\n");
    assert_int_equal(kao_gallery_merge(p.g, ben, ana, &p.f->err), KAO_E_NOT_FOUND);
    assert_int_equal(kao_gallery_vectors(p.g, p.model + 1, collect, &c, NULL),
                     KAO_E_ARG);
    assert_int_equal(kao_gallery_vectors(p.g, p.model, NULL, &c, NULL), KAO_E_ARG);
    assert_int_equal(kao_gallery_vectors(NULL, 0, collect, &c, NULL), KAO_E_ARG);
    kao_fault_arm(&p.f->ctx->mem, KAO_FAULT_ALLOC, 0);
    assert_int_equal(kao_gallery_vectors(p.g, p.model, collect, &c, NULL), KAO_E_NOMEM);
    assert_true(kao_fault_disarm(&p.f->ctx->mem, KAO_FAULT_ALLOC));
    finish(&p);
}

static void others_see_it(void **state)
{
    place p = begin(state, "others 顔.kao");
    kao_gallery *other = open_gallery(&p, KAO_OK), *reader = NULL;
    const kao_gallery_options o = { .read_only = 1, .key = kept_key() };
    char found[64];
    kao_gallery_model model = { .size = sizeof model };

    assert_string_equal(search_at(&p, other, 0, found), "");
    person_at(&p, "Ana", 0);
    assert_string_equal(search_at(&p, other, 0, found), "1");
    person_at(&p, "Ben", 20);
    assert_string_equal(search_at(&p, other, 0, found), "1 2");
    assert_int_equal(kao_gallery_remove_person(other, 1, NULL), KAO_OK);
    FINDS(0, "2");
    assert_int_equal(kao_gallery_undo(p.g, 0, NULL, NULL), KAO_OK);
    assert_string_equal(search_at(&p, other, 0, found), "1 2");
    assert_int_equal(kao_gallery_forget(other, 2, NULL, NULL), KAO_OK);
    FINDS(0, "1");
    assert_int_equal(kao_gallery_model_at(other, 0, &model), 1);
    assert_int_equal(model.dim, DIM);
    assert_int_equal(kao_gallery_model_at(other, 1, &model), 0);
    assert_int_equal(kao_gallery_open(p.f->ctx, &reader, p.path, &o, NULL), KAO_OK);
    assert_string_equal(search_at(&p, reader, 0, found), "1");
    assert_int_equal(kao_gallery_rename(reader, 1, "no", &p.f->err), KAO_E_IO);
    assert_non_null(strstr(p.f->err.msg, "cannot be written"));
    kao_gallery_close(reader);
    kao_gallery_close(other);
    finish(&p);
}

/* ---- people ---- */

typedef struct seen {
    char text[256];
    size_t at;
} seen;

static int note_person(void *user, const kao_person *q)
{
    seen *s = user;

    s->at += (size_t)snprintf(s->text + s->at, sizeof s->text - s->at, "%lld %s %s %u;",
                              (long long)q->number, q->name ? q->name : "-",
                              q->note ? q->note : "-", q->n_samples);
    return 0;
}

static const char *people(place *p, const char *name, seen *s)
{
    *s = (seen){ .at = 0 };
    assert_int_equal(kao_gallery_people(p->g, name, note_person, s, NULL), KAO_OK);
    return s->text;
}

static void people_have_names(void **state)
{
    place p = begin(state, "names.kao");
    seen s;
    int64_t n = 0;

    person_at(&p, "Ana", 0);
    person_at(&p, NULL, 10);
    person_at(&p, "Ana", 20);
    assert_string_equal(people(&p, NULL, &s), "1 Ana - 1;2 - - 1;3 Ana - 1;");
    assert_string_equal(people(&p, "Ana", &s), "1 Ana - 1;3 Ana - 1;");
    assert_int_equal(kao_gallery_find(p.g, "Ana", &n, &p.f->err), KAO_E_CONFLICT);
    assert_non_null(strstr(p.f->err.msg, "2 people of the name Ana: 1, 3"));
    assert_int_equal(kao_gallery_rename(p.g, 3, "آنا", NULL), KAO_OK);
    assert_int_equal(kao_gallery_find(p.g, "آنا", &n, NULL), KAO_OK);
    assert_int_equal(n, 3);
    assert_int_equal(kao_gallery_set_note(p.g, 2, "door", NULL), KAO_OK);
    assert_int_equal(kao_gallery_set_external(p.g, 2, "hr-17", NULL), KAO_OK);
    assert_string_equal(people(&p, NULL, &s), "1 Ana - 1;2 - door 1;3 آنا - 1;");
    assert_int_equal(kao_gallery_find(p.g, "ana", &n, NULL), KAO_E_NOT_FOUND);
    assert_int_equal(kao_gallery_rename(p.g, 9, "x", NULL), KAO_E_NOT_FOUND);
    for (int i = 0; i < 4; i++) {
        static const char *const bad[] = { "", "a\nb", "\xff", "a\x1b[0m" };

        assert_int_equal(kao_gallery_rename(p.g, 1, bad[i], NULL), KAO_E_ARG);
    }
    char long_name[KAO_NAME_MAX_BYTES + 2];

    memset(long_name, 'a', sizeof long_name);
    long_name[KAO_NAME_MAX_BYTES + 1] = '\0';
    assert_int_equal(kao_gallery_rename(p.g, 1, long_name, NULL), KAO_E_ARG);
    long_name[KAO_NAME_MAX_BYTES] = '\0';
    assert_int_equal(kao_gallery_rename(p.g, 1, long_name, NULL), KAO_OK);
    finish(&p);
}

/* ---- undo ---- */

static int64_t undo(place *p, int64_t number)
{
    int64_t undone = 0;
    const kao_status st = kao_gallery_undo(p->g, number, &undone, &p->f->err);

    if (st)
        fail_msg("undo %lld: %s", (long long)number, p->f->err.msg);
    return undone;
}

static void every_change_is_undone(void **state)
{
    place p = begin(state, "undo.kao");
    char found[64], id[KAO_UUID_BYTES];
    seen s;
    int64_t a = 0, split = 0;

    assert_int_equal(kao_gallery_undo(p.g, 0, NULL, &p.f->err), KAO_E_NOT_FOUND);
    assert_int_equal(enrol_at(&p, &a, "Ana", 0, id), KAO_OK);     /* change 1 */
    assert_int_equal(enrol_at(&p, &a, NULL, 90, id), KAO_OK);     /* 2: her second */
    person_at(&p, "Ben", 45);                                     /* 3 */
    assert_int_equal(kao_gallery_merge(p.g, 1, 2, NULL), KAO_OK); /* 4 */
    assert_string_equal(people(&p, NULL, &s), "1 Ana - 3;");
    FINDS(45, "1");
    assert_int_equal(undo(&p, 0), 4); /* 5 */
    assert_string_equal(people(&p, NULL, &s), "1 Ana - 2;2 Ben - 1;");
    FINDS(45, "2 1");
    assert_int_equal(undo(&p, 5), 5); /* 6: merged again */
    assert_string_equal(people(&p, NULL, &s), "1 Ana - 3;");
    assert_int_equal(undo(&p, 4), 4); /* 7 */
    assert_string_equal(people(&p, NULL, &s), "1 Ana - 2;2 Ben - 1;");

    assert_int_equal(kao_gallery_move_sample(p.g, id, &split, NULL), KAO_OK); /* 8 */
    assert_int_equal(split, 3);
    FINDS(90, "3 2 1");
    assert_int_equal(kao_gallery_rename(p.g, 3, "Cho", NULL), KAO_OK); /* 9 */
    assert_int_equal(undo(&p, 0), 9);                                  /* 10 */
    assert_int_equal(undo(&p, 0), 8);                                  /* 11 */
    assert_string_equal(people(&p, NULL, &s), "1 Ana - 2;2 Ben - 1;");
    FINDS(90, "1 2");
    assert_int_equal(kao_gallery_remove_sample(p.g, id, NULL), KAO_OK); /* 12 */
    FINDS(90, "2 1");
    assert_int_equal(kao_gallery_remove_sample(p.g, id, NULL), KAO_E_NOT_FOUND);
    assert_int_equal(undo(&p, 0), 12);
    FINDS(90, "1 2");
    assert_int_equal(undo(&p, 0), 3); /* Ben was never enrolled */
    assert_string_equal(people(&p, NULL, &s), "1 Ana - 2;");
    FINDS(90, "1");
    finish(&p);
}

/* The samples of somebody who was removed are counted nowhere, as they are found nowhere. */
static void removed_people_do_not_count(void **state)
{
    place p = begin(state, "counts.kao");
    kao_gallery_stats s = { .size = sizeof s };
    uint64_t n = 0;

    person_at(&p, "Ana", 0);
    person_at(&p, "Ben", 90);
    assert_int_equal(kao_gallery_remove_person(p.g, 2, NULL), KAO_OK);
    assert_int_equal(kao_gallery_stats_of(p.g, &s, NULL), KAO_OK);
    assert_int_equal(kao_gallery_templates(p.g, &n, NULL), KAO_OK);
    assert_true(s.n_people == 1 && s.n_named == 1 && s.n_samples == 1 && n == 1);
    undo(&p, 0);
    assert_int_equal(kao_gallery_stats_of(p.g, &s, NULL), KAO_OK);
    assert_true(s.n_people == 2 && s.n_samples == 2);
    finish(&p);
}

/* Changes that others build on are not undone before those. */
static void later_changes_come_first(void **state)
{
    place p = begin(state, "later.kao");
    int64_t a = 0;

    assert_int_equal(enrol_at(&p, &a, "Ana", 0, NULL), KAO_OK);            /* 1 */
    assert_int_equal(kao_gallery_rename(p.g, 1, "Anna", NULL), KAO_OK);    /* 2 */
    assert_int_equal(kao_gallery_rename(p.g, 1, "Annette", NULL), KAO_OK); /* 3 */
    assert_int_equal(enrol_at(&p, &a, NULL, 5, NULL), KAO_OK);             /* 4 */
    assert_int_equal(kao_gallery_undo(p.g, 2, NULL, &p.f->err), KAO_E_CONFLICT);
    assert_non_null(strstr(p.f->err.msg, "change 3 came after it"));
    assert_int_equal(kao_gallery_undo(p.g, 1, NULL, &p.f->err), KAO_E_CONFLICT);
    assert_non_null(strstr(p.f->err.msg, "change 4 gave samples"));
    assert_int_equal(kao_gallery_undo(p.g, 9, NULL, &p.f->err), KAO_E_NOT_FOUND);
    undo(&p, 3);
    undo(&p, 2);
    undo(&p, 4);
    undo(&p, 1);
    assert_int_equal(kao_gallery_undo(p.g, 1, NULL, &p.f->err), KAO_E_NOT_FOUND);
    finish(&p);
}

/* ---- forgetting ---- */

static bool file_has(const char *path, const char *end, const void *what, size_t n)
{
    static uint8_t bytes[1 << 22];
    char name[420];

    snprintf(name, sizeof name, "%s%s", path, end);
    FILE *file = fopen(name, "rb");

    if (!file)
        return false;
    const size_t got = fread(bytes, 1, sizeof bytes, file);
    bool hit = false;

    assert_true(got < sizeof bytes);
    fclose(file);
    for (size_t i = 0; i + n <= got && !hit; i++)
        hit = memcmp(bytes + i, what, n) == 0;
    return hit;
}

static bool is_there(const place *p, const void *what, size_t n)
{
    return file_has(p->path, "", what, n) || file_has(p->path, "-wal", what, n) ||
           file_has(p->path, "-shm", what, n);
}

/* Another connection is bringing the log into the file just then: a process that has SQLite's lock
 * for that (of the log's index, the byte behind 30 words and the writer's) for a moment. */
static void forgetting_waits_for_who_settles(void **state)
{
    if (kept_on_server())
        skip();
    place p = begin(state, "settle.kao");
    kao_receipt r = { .size = sizeof r };
    char index[420], sign = 0;
    int held[2];

    const int64_t a = person_at(&p, "Anna", 10);

    snprintf(index, sizeof index, "%s-shm", p.path);
    assert_int_equal(pipe(held), 0);
    const pid_t other = fork();

    assert_true(other >= 0);
    if (other == 0) {
        const struct timespec moment = { .tv_nsec = 200000000 };
        struct flock lock = {
            .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 121, .l_len = 1
        };
        const int fd = open(index, O_RDWR);

        sign = fd >= 0 && fcntl(fd, F_SETLK, &lock) == 0 ? 'y' : 'n';
        if (write(held[1], &sign, 1) == 1)
            nanosleep(&moment, NULL);
        _exit(0);
    }
    assert_int_equal(read(held[0], &sign, 1), 1);
    assert_int_equal(sign, 'y');
    assert_int_equal(kao_gallery_forget(p.g, a, &r, &p.f->err), KAO_OK);
    assert_int_equal(r.n_traces, 0);
    assert_int_equal(waitpid(other, NULL, 0), other);
    close(held[0]);
    close(held[1]);
    finish(&p);
}

static void forgetting_leaves_nothing(void **state)
{
    static const char name[] = "Ferdinand Vergessen", old[] = "Zweitname Davor",
                      other[] = "Bleibt Hier", note[] = "an der Pforte";
    place p = begin(state, "forget.kao");
    kao_receipt r = { .size = sizeof r };
    float v[DIM];
    char found[64], id[KAO_UUID_BYTES];
    int64_t a = 0, b = 0;

    person_at(&p, other, 80);
    assert_int_equal(enrol_at(&p, &a, old, 33, id), KAO_OK);
    assert_int_equal(kao_gallery_rename(p.g, a, name, NULL), KAO_OK);
    assert_int_equal(kao_gallery_set_note(p.g, a, note, NULL), KAO_OK);
    assert_int_equal(enrol_at(&p, &b, "Ferdi im Hof", 35, NULL), KAO_OK);
    assert_int_equal(kao_gallery_merge(p.g, a, b, NULL), KAO_OK);
    assert_int_equal(enrol_at(&p, &a, NULL, 37, id), KAO_OK);
    assert_int_equal(kao_gallery_remove_sample(p.g, id, NULL), KAO_OK);
    at_degrees(v, DIM, 37);
    if (!kept_on_server() && !kept_key())
        assert_true(is_there(&p, name, strlen(name)) &&
                    is_there(&p, old, strlen(old)) &&
                    is_there(&p, "Ferdi im Hof", 12) && is_there(&p, v, sizeof v) &&
                    is_there(&p, id, strlen(id)));
    assert_int_equal(kao_gallery_forget(p.g, a, &r, &p.f->err), KAO_OK);
    assert_int_equal(r.n_samples, 3);
    assert_int_equal(r.n_traces, 0);
    /* 3 vectors and ids, names in their three forms, the note; the source is others' too */
    assert_true(r.n_pieces >= 9 && (r.n_bytes_searched > 4096 || kept_on_server()));
    for (int degrees = 33; degrees <= 37; degrees += 2) {
        at_degrees(v, DIM, degrees);
        assert_false(is_there(&p, v, sizeof v));
    }
    assert_false(is_there(&p, name, strlen(name)));
    assert_false(is_there(&p, old, strlen(old)));
    assert_false(is_there(&p, "Ferdi im Hof", 12));
    assert_false(is_there(&p, note, strlen(note)));
    assert_false(is_there(&p, id, strlen(id)));
    assert_true(is_there(&p, other, strlen(other)) || kept_on_server() || kept_key());
    FINDS(35, "1");
    assert_int_equal(kao_gallery_forget(p.g, a, &r, NULL), KAO_E_NOT_FOUND);
    /* a number is never given twice */
    assert_true(person_at(&p, "Neu", 0) > b);
    /* the enrolment of who stayed can still be undone, nothing else */
    undo(&p, 0);
    assert_int_equal(undo(&p, 0), 1);
    assert_int_equal(kao_gallery_undo(p.g, 0, NULL, NULL), KAO_E_NOT_FOUND);
    finish(&p);
}

/* A database may have copies of rows where rows once were: SQLite moves them within a page. Here a whole table's
 * page that was dropped without being overwritten. */
static void forgetting_finds_former_copies(void **state)
{
    if (kept_on_server())
        skip();
    place p = begin(state, "copies.kao");
    kao_receipt r = { .size = sizeof r };
    char found[64], id[KAO_UUID_BYTES], sql[200];
    int64_t a = 0;

    person_at(&p, "Bleibt Hier", 80);
    assert_int_equal(enrol_at(&p, &a, "Anna", 10, id), KAO_OK);
    kao_db *db = kept_db(p.f, p.path);

    assert_true(snprintf(sql, sizeof sql,
                         "PRAGMA secure_delete = OFF; CREATE TABLE copy(id TEXT);"
                         "INSERT INTO copy VALUES('%s'); DROP TABLE copy",
                         id) < (int)sizeof sql);
    assert_int_equal(kao_db_script(db, sql, &p.f->err), KAO_OK);
    assert_int_equal(kao_db_settle(db, &p.f->err), KAO_OK);
    kao_db_close(db);
    assert_int_equal(kao_gallery_forget(p.g, a, &r, &p.f->err), KAO_OK);
    assert_int_equal(r.n_traces, 0);
    assert_false(is_there(&p, id, strlen(id)));
    FINDS(80, "1");
    finish(&p);
}

/* A person whose vector is no vector any more, in a damaged gallery, can still be forgotten. */
static void forgetting_a_damaged_vector(void **state)
{
    place p = begin(state, "damaged.kao");
    kao_receipt r = { .size = sizeof r };
    const int64_t ana = person_at(&p, "Ana", 10);

    person_at(&p, "Ben", 80);
    kao_gallery_close(p.g);
    KEPT_RUN(p.f, p.path, "UPDATE vector SET numbers = ? WHERE sample = 1", "b", "\7",
             (size_t)1);
    p.g = open_gallery(&p, KAO_OK);
    assert_int_equal(kao_gallery_verify(p.g, &p.f->err), KAO_E_FORMAT);
    assert_int_equal(kao_gallery_forget(p.g, ana, &r, &p.f->err), KAO_OK);
    assert_true(r.n_samples == 1 && r.n_traces == 0);
    finish(&p);
}

static void compacting(void **state)
{
    place p = begin(state, "compact.kao");
    const int64_t ana = person_at(&p, "Ana", 10);
    int64_t last = 0;
    uint64_t before = 0, after = 0, again = 0;
    char found[64];
    const kao_gallery_options reading = { .read_only = 1, .key = kept_key() };
    kao_gallery *reader = NULL;

    for (int i = 0; i < kept_times(400); i++)
        last = person_at(&p, "somebody with a name of some length", i % 90);
    for (int64_t person = ana + 1; person <= last; person++)
        assert_int_equal(kao_gallery_forget(p.g, person, NULL, &p.f->err), KAO_OK);
    assert_int_equal(kao_gallery_compact(p.g, &before, &after, &p.f->err), KAO_OK);
    assert_true(after < before || kept_on_server());
    FINDS(10, "1");
    assert_int_equal(kao_gallery_compact(p.g, NULL, &again, &p.f->err), KAO_OK);
    assert_int_equal(again, after);
    assert_int_equal(kao_gallery_open(p.f->ctx, &reader, p.path, &reading, &p.f->err),
                     KAO_OK);
    assert_int_equal(kao_gallery_compact(reader, NULL, NULL, &p.f->err), KAO_E_ARG);
    assert_int_equal(kao_gallery_compact(NULL, NULL, NULL, NULL), KAO_E_ARG);
    kao_gallery_close(reader);
    finish(&p);
}

/* ---- what is refused ---- */

static void another_model_is_refused(void **state)
{
    place p = begin(state, "models.kao");
    kao_embedder *e = flat_embedder(p.f, "2");
    size_t model = 9;
    float v[DIM] = { NAN };
    const float *const vectors[] = { v };
    kao_new_sample s = { .size = sizeof s, .vectors = vectors, .quality = NAN };
    int64_t person = 0;

    /* as long as there is nobody, another one may be added */
    assert_int_equal(kao_gallery_pin(p.g, e, KAO_TTA_SUM, &model, NULL), KAO_OK);
    assert_int_equal(model, 1);
    assert_int_equal(kao_gallery_enrol(p.g, &person, "Ana", &s, 1, NULL), KAO_E_ARG);
    kao_gallery_close(p.g);
    p = begin(state, "models2.kao");
    person_at(&p, "Ana", 0);
    assert_int_equal(kao_gallery_pin(p.g, e, KAO_TTA_NONE, &model, &p.f->err),
                     KAO_E_CONFLICT);
    assert_non_null(strstr(p.f->err.msg, "its samples are of flat.onnx"));
    assert_int_equal(kao_gallery_enrol(p.g, &person, "Ana", &s, 1, NULL), KAO_E_ARG);
    assert_int_equal(person, 0);
    kao_embedder_destroy(e);
    finish(&p);
}

static void assert_model(const place *p, size_t i, const kao_embedder *e)
{
    kao_gallery_model m = { .size = sizeof m };
    char id[KAO_ID_BYTES];

    assert_int_equal(kao_embedder_id(e, KAO_TTA_NONE, id, NULL), KAO_OK);
    assert_true(kao_gallery_model_at(p->g, i, &m));
    assert_string_equal(m.id, id);
}

/* As long as there is nobody: for a program that has the other version, not for one that has both. */
static void another_version_takes_the_place(void **state)
{
    const place first = begin(state, "versions.kao");
    place p = first;
    kao_embedder *one = flat_embedder(p.f, "1"), *two = flat_embedder(p.f, "2");
    float v[DIM] = { 1 };
    const float *const vectors[] = { v, v };
    kao_new_sample s = { .size = sizeof s, .vectors = vectors, .quality = NAN };
    int64_t person = 0;
    size_t model = 9;

    const kao_gallery_options reading = { .read_only = 1, .key = kept_key() };

    assert_int_equal(kao_gallery_open(p.f->ctx, &p.g, p.path, &reading, NULL), KAO_OK);
    assert_int_equal(kao_gallery_pin(p.g, two, KAO_TTA_NONE, &model, &p.f->err),
                     KAO_E_NOT_FOUND);
    assert_non_null(strstr(p.f->err.msg, "nobody is in it"));
    kao_gallery_close(p.g);
    p.g = open_gallery(&p, KAO_OK);
    assert_int_equal(kao_gallery_pin(p.g, two, KAO_TTA_NONE, &model, NULL), KAO_OK);
    assert_int_equal(model, 0);
    assert_model(&p, 0, two);
    assert_false(kao_gallery_model_at(p.g, 1, &(kao_gallery_model){ .size = 0 }));
    /* who has the former one is told so, and enrols nobody without vectors */
    assert_int_equal(kao_gallery_enrol(first.g, &person, "Ana", &s, 1, &p.f->err),
                     KAO_E_CONFLICT);
    assert_non_null(strstr(p.f->err.msg, "open it again"));
    assert_int_equal(person, 0);
    kao_gallery_close(first.g);
    /* files of the same name */
    assert_int_equal(kao_gallery_pin(p.g, one, KAO_TTA_NONE, &model, NULL), KAO_OK);
    assert_int_equal(model, 1);
    assert_model(&p, 0, two);
    assert_model(&p, 1, one);
    assert_int_equal(kao_gallery_enrol(p.g, &person, "Ana", &s, 1, NULL), KAO_OK);
    kao_embedder_destroy(one);
    kao_embedder_destroy(two);
    finish(&p);
}

static void models_that_others_add_are_missed(void **state)
{
    const place first = begin(state, "added.kao");
    place p = first;
    kao_embedder *e = flat_embedder(p.f, "1");
    float v[DIM] = { 1 };
    const float *const vectors[] = { v };
    kao_new_sample s = { .size = sizeof s, .vectors = vectors, .quality = NAN };
    int64_t person = 0;
    size_t model = 9;

    p.g = open_gallery(&p, KAO_OK);
    assert_int_equal(kao_gallery_pin(p.g, e, KAO_TTA_SUM, &model, NULL), KAO_OK);
    assert_int_equal(model, 1);
    assert_int_equal(kao_gallery_enrol(first.g, &person, "Ana", &s, 1, &p.f->err),
                     KAO_E_CONFLICT);
    assert_non_null(strstr(p.f->err.msg, "open it again"));
    kao_gallery_close(first.g);
    kao_embedder_destroy(e);
    finish(&p);
}

static void files_that_are_none(void **state)
{
    if (kept_on_server())
        skip();
    place p = begin(state, "good.kao");
    kao_gallery *g = NULL;
    sqlite3 *db = NULL;

    assert_int_equal(kao_gallery_open(p.f->ctx, &g, "/nowhere/x.kao", NULL, &p.f->err),
                     KAO_E_IO);
    assert_null(g);
    finish(&p);
    snprintf(p.path, sizeof p.path, "%s/missing.kao", p.f->dir);
    assert_int_equal(kao_gallery_open(p.f->ctx, &g, p.path, NULL, &p.f->err), KAO_E_IO);
    assert_non_null(strstr(p.f->err.msg, "No such file"));
    snprintf(p.path, sizeof p.path, "%s/text.kao", p.f->dir);
    write_file(p.path, "this is a text, and no gallery at all", 37);
    open_gallery(&p, KAO_E_FORMAT);
    assert_non_null(strstr(p.f->err.msg, "no gallery"));
    snprintf(p.path, sizeof p.path, "%s/other.kao", p.f->dir);
    assert_int_equal(sqlite3_open(p.path, &db), SQLITE_OK);
    sqlite3_exec(db, "CREATE TABLE cats(name)", NULL, NULL, NULL);
    sqlite3_close(db);
    open_gallery(&p, KAO_E_FORMAT);
    assert_non_null(strstr(p.f->err.msg, "a database, but no gallery"));
    snprintf(p.path, sizeof p.path, "%s/good.kao", p.f->dir);
    assert_int_equal(sqlite3_open(p.path, &db), SQLITE_OK);
    sqlite3_exec(db, "UPDATE meta SET value = '99'", NULL, NULL, NULL);
    sqlite3_close(db);
    open_gallery(&p, KAO_E_UNSUPPORTED);
    assert_non_null(strstr(p.f->err.msg, "later version"));
}

/* ---- faults ---- */

/* Memory that runs out at the n-th call: the change is there whole, or not at all. */
static void memory_runs_out(void **state)
{
    const kao_gallery_options again = { .key = kept_key() };
    place p = begin(state, "faults.kao");
    bool done = false;
    int64_t removed = person_at(&p, "Ben", 90);

    person_at(&p, "Ana", 0);
    assert_int_equal(kao_gallery_remove_person(p.g, removed, NULL), KAO_OK);
    for (int what = 0; what < 6; what++, done = false)
        for (long long n = 0; !done; n += kept_on_server() ? 7 : 1) {
            kao_match m[2] = { { .size = sizeof m[0] } };
            float v[DIM];
            size_t k = 0;
            int64_t person = 0;
            kao_gallery_stats before = { .size = sizeof before }, after = before;
            const int64_t dan = what < 3 ? 0 : person_at(&p, "Dan", 40);
            kao_status st = KAO_OK;

            at_degrees(v, DIM, 3);
            kao_gallery_close(p.g);
            p.g = open_gallery(&p, KAO_OK);
            assert_int_equal(kao_gallery_stats_of(p.g, &before, NULL), KAO_OK);
            kao_fault_arm(&p.f->ctx->mem, KAO_FAULT_ALLOC, n);
            switch (what) {
            case 0:
                kao_gallery_close(p.g);
                st = kao_gallery_open(p.f->ctx, &p.g, p.path, &again, &p.f->err);
                break;
            case 1:
                st = kao_gallery_search(p.g, 0, v, 2, m, &k, &p.f->err);
                break;
            case 2:
                st = enrol_at(&p, &person, "Cho", 90, NULL);
                break;
            case 3:
                st = kao_gallery_merge(p.g, 2, dan, &p.f->err);
                break;
            case 4:
                st = kao_gallery_undo(p.g, 0, NULL, &p.f->err);
                break;
            default:
                st = kao_gallery_forget(p.g, dan, NULL, &p.f->err);
            }
            done = !kao_fault_disarm(&p.f->ctx->mem, KAO_FAULT_ALLOC);
            if (st != (done ? KAO_OK : KAO_E_NOMEM))
                fail_msg("%d, allocation %lld: %d, %s", what, n, (int)st, p.f->err.msg);
            if (!p.g)
                p.g = open_gallery(&p, KAO_OK);
            assert_int_equal(kao_gallery_stats_of(p.g, &after, NULL), KAO_OK);
            if (!done && what != 5)
                assert_int_equal(before.n_changes, after.n_changes);
            assert_int_equal(kao_gallery_verify(p.g, NULL), KAO_OK);
        }
    finish(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nearest_people_are_found),
        cmocka_unit_test(vectors_in_order),
        cmocka_unit_test(others_see_it),
        cmocka_unit_test(people_have_names),
        cmocka_unit_test(every_change_is_undone),
        cmocka_unit_test(removed_people_do_not_count),
        cmocka_unit_test(later_changes_come_first),
        cmocka_unit_test(forgetting_leaves_nothing),
        cmocka_unit_test(forgetting_waits_for_who_settles),
        cmocka_unit_test(forgetting_finds_former_copies),
        cmocka_unit_test(forgetting_a_damaged_vector),
        cmocka_unit_test(compacting),
        cmocka_unit_test(another_model_is_refused),
        cmocka_unit_test(another_version_takes_the_place),
        cmocka_unit_test(models_that_others_add_are_missed),
        cmocka_unit_test(files_that_are_none),
        cmocka_unit_test(memory_runs_out),
    };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
