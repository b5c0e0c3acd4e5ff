/* Encrypted galleries: what of them is in the clear, that they say the same as others, that values open in their
 * own place alone, keys and their files, and the way from the one kind to the other, also where it is cut off. */
#include "support/unit.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "gallery/kept.h"
#include "gallery/shaky_vfs.h"
#include "support/models.h"

enum { DIM = 24, CHIP = 6000, TEXT = 6000 };

#define IS(call, want)                                                                 \
 do {                                                                                  \
  const int is_ = (int)(call);                                                         \
  if (is_ != (int)(want))                                                              \
   fail_msg("%s: %d for %d: %s", #call, is_, (int)(want), t.f->err.msg);               \
 } while (0)

static const uint8_t key_1[KAO_GALLERY_KEY] = { 1, 2, 3 },
                     key_2[KAO_GALLERY_KEY] = { 1, 2, 4 };

typedef struct that {
    fixture *f;
    kao_gallery *g;
    char path[KEPT_BYTES], id[3][KAO_UUID_BYTES];
} that;

static kao_status open_by(that *t, const void *key)
{
    const kao_gallery_options o = { .create = 1, .wait_ms = 2000, .key = key };

    return kao_gallery_open(t->f->ctx, &t->g, t->path, &o, &t->f->err);
}

static void vector_of(int i, float v[DIM])
{
    for (int k = 0; k < DIM; k++)
        v[k] = (float)sin(i * 7.3 + k * (1.1 + i)) / 3;
}

static void chip_of(int i, uint8_t chip[CHIP])
{
    for (size_t k = 0; k < CHIP; k++)
        chip[k] = (uint8_t)((k * 2654435761u + (unsigned)i * 97) >> 11);
}

static const char name_1[] = "Annabella Müller-Lüdenscheidt",
                  name_2[] = "田中 花子さん", before[] = "Geboren Als Meier",
                  note[] = "wohnt in der Nebelgasse",
                  no_more[] = "was man nicht mehr sagt",
                  external[] = "personal-4711-xy", group[] = "Kegelverein Süd",
                  source[] = "/bilder/annabella/a b.jpg", form[] = "arcface-112 rund",
                  trail[] = "tuer-hinten/4/17", event[] = "{\"camera\":\"hintertuer\"}",
                  mark[] = "webhook-adresse";

static void enrol(that *t, int64_t *person, const char *name, int i)
{
    float v[DIM];
    uint8_t chip[CHIP];
    const float *const vectors[] = { v };

    vector_of(i, v);
    chip_of(i, chip);
    kao_new_sample s = { .size = sizeof s,
                         .vectors = vectors,
                         .quality = .5f,
                         .source = source,
                         .time = 1000 + i,
                         .chip = chip,
                         .chip_bytes = CHIP,
                         .chip_form = form };

    assert_int_equal(kao_gallery_enrol(t->g, person, name, &s, 1, &t->f->err), KAO_OK);
    snprintf(t->id[i], KAO_UUID_BYTES, "%s", s.id);
}

/* Everything that a gallery may have. */
static void fill(that *t)
{
    const char *const groups[] = { group, "alle" };
    const kao_new_event e = {
        .size = sizeof e, .trail = trail, .person = 1, .text = event
    };
    int64_t a = 0, b = 0;

    enrol(t, &a, before, 0);
    enrol(t, &a, NULL, 1);
    enrol(t, &b, name_2, 2);
    kao_gallery *g = t->g;
    kao_error *err = &t->f->err;

    assert_true(kao_gallery_rename(g, a, name_1, err) == KAO_OK &&
                kao_gallery_set_note(g, a, no_more, err) == KAO_OK &&
                kao_gallery_set_note(g, a, note, err) == KAO_OK &&
                kao_gallery_set_note(g, b, "anderes", err) == KAO_OK &&
                kao_gallery_set_external(g, a, external, err) == KAO_OK &&
                kao_gallery_set_external(g, b, "0815", err) == KAO_OK &&
                kao_gallery_set_groups(g, a, groups, 2, err) == KAO_OK &&
                kao_gallery_set_groups(g, b, groups + 1, 1, err) == KAO_OK &&
                kao_gallery_keep_apart(g, a, b, err) == KAO_OK &&
                kao_gallery_add_event(g, &e, NULL, err) == KAO_OK &&
                kao_gallery_add_event(g, &e, NULL, err) == KAO_OK &&
                kao_gallery_set_event_mark(g, mark, 1, err) == KAO_OK);
}

/* A new one with one model. key NULL: in the clear. */
static that begin(void **state, const char *name, const void *key)
{
    that t = { .f = *state };

    t.f->ctx->index_from = 0;
    kept_path(t.f, name, t.path);
    IS(open_by(&t, key), KAO_OK);
    kao_gallery_close(t.g);
    KEPT_RUN(t.f, t.path,
             "INSERT INTO model(number, id, name, dim, tta) VALUES(1, 'made', 'made', "
             "?, 0)",
             "i", (int64_t)DIM);
    IS(open_by(&t, key), KAO_OK);
    return t;
}

static that begin_full(void **state, const char *name, const void *key)
{
    that t = begin(state, name, key);

    fill(&t);
    return t;
}

/* ---- all that it says ---- */

typedef struct words {
    that *t;
    char text[TEXT];
    size_t n;
} words;

#define SAY(w, ...)                                                                    \
 ((w)->n += (size_t)snprintf((w)->text + (w)->n, TEXT - (w)->n, __VA_ARGS__))

static int say_person(void *user, const kao_person *p)
{
    words *w = user;

    SAY(w, "%d %s|%s|%s|%s|%u\n", (int)p->number, p->name ? p->name : "-",
        p->note ? p->note : "-", p->external ? p->external : "-",
        p->groups ? p->groups : "-", p->n_samples);
    return 0;
}

static int say_sample(void *user, const kao_sample *s)
{
    SAY((words *)user, "%s %d %d %.3f %s\n", s->id, (int)s->person, (int)s->time,
        (double)s->quality, s->source ? s->source : "-");
    return 0;
}

static int say_vector(void *user, const kao_sample *s, const float *v)
{
    SAY((words *)user, "%.4s %s", s->id, s->source);
    for (int i = 0; i < DIM; i++)
        SAY((words *)user, " %.9g", (double)v[i]);
    return 0;
}

static int say_change(void *user, const kao_change *c)
{
    if (strcmp(c->detail, "all of it") != 0)
        SAY((words *)user, "%s: %s\n", c->action, c->detail);
    return 0;
}

static int say_group(void *user, const char *name, uint32_t n)
{
    SAY((words *)user, "%s %u\n", name, n);
    return 0;
}

static int say_event(void *user, const kao_event *e)
{
    SAY((words *)user, "%d %d %s\n", (int)e->number, (int)e->person, e->text);
    return 0;
}

static int say_fact(void *user, const kao_fact *x)
{
    SAY((words *)user, "%d %d %d\n", (int)x->kind, (int)x->person, (int)x->other);
    return 0;
}

static void say_chip(void *user, const void *chip, size_t n, const char *of)
{
    char hash[KAO_SHA256_TEXT];

    kao_sha256((kao_span){ chip, n }, hash);
    SAY((words *)user, "%zu %s %s\n", n, of, hash);
}

static const char *all_of(that *at, words *w)
{
    that t = *at;
    kao_error *err = &t.f->err;
    kao_gallery *g = t.g;
    kao_match m[2] = { { .size = sizeof m[0] } };
    float v[DIM];
    size_t n = 0;
    uint64_t count = 0;
    int64_t number = 0;
    uint32_t known = 0;

    *w = (words){ .t = at };
    IS(kao_gallery_people(g, NULL, say_person, w, err), KAO_OK);
    IS(kao_gallery_people(g, name_2, say_person, w, err), KAO_OK);
    IS(kao_gallery_find(g, name_1, &number, err), KAO_OK);
    IS(kao_gallery_find(g, before, &number, err), KAO_E_NOT_FOUND);
    IS(kao_gallery_every_sample(g, say_sample, w, err), KAO_OK);
    IS(kao_gallery_vectors(g, 0, say_vector, w, err), KAO_OK);
    IS(kao_gallery_history(g, say_change, w, err), KAO_OK);
    IS(kao_gallery_groups(g, say_group, w, err), KAO_OK);
    IS(kao_gallery_events(g, 0, 10, say_event, w, err), KAO_OK);
    IS(kao_gallery_facts(g, say_fact, w, err), KAO_OK);
    IS(kao_gallery_event_mark(g, mark, &number, &known, err), KAO_OK);
    SAY(w, "mark %u %d\n", known, (int)number);
    for (int i = 0; i < 3; i++) {
        IS(kao_gallery_chip(g, t.id[i], say_chip, w, err), KAO_OK);
        IS(kao_gallery_vector(g, t.id[i], 0, v, err), KAO_OK);
        IS(kao_gallery_search(g, 0, v, 2, m, &n, err), KAO_OK);
        SAY(w, "%zu %d %.6f %s\n", n, (int)m[0].person, (double)m[0].similarity,
            m[0].sample);
    }
    IS(kao_gallery_search_in(g, 0, group, v, 1, 2, m, &n, err), KAO_OK);
    IS(kao_gallery_templates_in(g, group, &count, err), KAO_OK);
    SAY(w, "%zu %d, %d\n", n, (int)m[0].person, (int)count);
    IS(kao_gallery_verify(g, err), KAO_OK);
    assert_true(w->n < TEXT - 1);
    return w->text;
}

static void says_the_same(void **state)
{
    that t = begin_full(state, "same.kao", NULL);
    kao_receipt r = { .size = sizeof r };
    kao_gallery_stats s = { .size = sizeof s };
    static words plain, now;

    all_of(&t, &plain);
    const struct {
        const uint8_t *key;
        const char *what;
    } steps[] = { { key_1, "encrypted" },
                  { key_2, "another key" },
                  { NULL, "decrypted" } };

    for (size_t i = 0; i < COUNT(steps); i++) {
        IS(kao_gallery_set_key(t.g, steps[i].key, &r, &t.f->err), KAO_OK);
        assert_int_equal(r.n_traces, 0);
        assert_true(!steps[i].key || r.n_pieces > 20);
        assert_string_equal(all_of(&t, &now), plain.text);
        kao_gallery_close(t.g);
        IS(open_by(&t, steps[i].key), KAO_OK);
        assert_string_equal(all_of(&t, &now), plain.text);
        IS(kao_gallery_stats_of(t.g, &s, NULL), KAO_OK);
        assert_true(s.encrypted == (steps[i].key != NULL) &&
                    s.schema == (steps[i].key ? 3 : 2));
    }
    /* and it goes on: what was written before can be undone */
    IS(kao_gallery_undo(t.g, 0, NULL, &t.f->err), KAO_OK);
    kao_gallery_close(t.g);
}

/* ---- what is in the clear ---- */

static kao_bytes read_file(that *t, const char *end, kao_bytes b)
{
    char name[KEPT_BYTES + 8];

    snprintf(name, sizeof name, "%s%s", t->path, end);
    FILE *file = fopen(name, "rb");

    for (uint8_t piece[4096]; file;) {
        const size_t n = fread(piece, 1, sizeof piece, file);

        if (n == 0)
            break;
        assert_true(kao_bytes_add(&b, piece, n));
    }
    if (file)
        fclose(file);
    return b;
}

/* What a server has of a gallery: all values of all columns that may be hidden. */
static kao_bytes read_rows(that *t, kao_bytes b)
{
    static const char *const columns[] = {
        "SELECT name FROM person",     "SELECT note FROM person",
        "SELECT external FROM person", "SELECT member FROM person",
        "SELECT source FROM sample",   "SELECT numbers FROM vector",
        "SELECT form FROM chip",       "SELECT bytes FROM chip",
        "SELECT detail FROM change",   "SELECT old FROM edit",
        "SELECT text FROM event",      "SELECT trail FROM event",
        "SELECT name FROM event_mark",
    };
    kao_db *db = kept_db(t->f, t->path);

    for (size_t i = 0; i < COUNT(columns); i++) {
        kao_rows *rows = NULL;

        assert_int_equal(kao_db_ask(db, &rows, &t->f->err, columns[i], ""), KAO_OK);
        while (kao_rows_next(rows)) {
            const kao_span v = kao_row_bytes(rows, 0);

            assert_true(kao_bytes_add(&b, v.p, v.n) && kao_bytes_add(&b, "\n", 1));
        }
        assert_int_equal(kao_rows_end(rows, NULL), KAO_OK);
    }
    kao_db_close(db);
    return b;
}

static kao_bytes stored(that *t)
{
    kao_bytes b = { .mem = &t->f->ctx->mem, .max = SIZE_MAX / 2 };

    if (kept_on_server())
        return read_rows(t, b);
    b = read_file(t, "", b);
    b = read_file(t, "-wal", b);
    for (int m = 1; m <= 8; m++) {
        char end[16];

        snprintf(end, sizeof end, "-index%d", m);
        b = read_file(t, end, b);
    }
    return b;
}

static bool has(const kao_bytes *b, const void *p, size_t n)
{
    for (size_t i = 0; i + n <= b->n; i++)
        if (memcmp(b->p + i, p, n) == 0)
            return true;
    return false;
}

/* More rows than are converted at once; each is read back by its own text and vector. */
static void many_rows(void **state)
{
    enum { MANY = 600 };
    static kao_new_sample s[MANY];
    static float v[MANY][DIM];
    static const float *vectors[MANY];
    static char sources[MANY][32];
    that t = begin(state, "many.kao", NULL);
    float got[DIM];
    int64_t person = 0;

    for (int i = 0; i < MANY; i++) {
        vector_of(i, v[i]);
        vectors[i] = v[i];
        snprintf(sources[i], sizeof sources[i], "/bilder/nummer-%d.jpg", i);
        s[i] = (kao_new_sample){ .size = sizeof s[i],
                                 .vectors = &vectors[i],
                                 .quality = NAN,
                                 .source = sources[i] };
    }
    IS(kao_gallery_enrol(t.g, &person, name_1, s, MANY, &t.f->err), KAO_OK);
    const kao_new_event e = { .size = sizeof e, .trail = trail, .text = event };

    IS(kao_gallery_add_event(t.g, &e, NULL, &t.f->err), KAO_OK);
    IS(kao_gallery_set_event_mark(t.g, mark, 0, &t.f->err), KAO_OK);
    KEPT_RUN(t.f, t.path,
             "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < "
             "600) INSERT INTO event_mark SELECT 'mark-' || i, i FROM c",
             "");
    const void *const keys[] = { key_1, key_2, NULL };

    for (size_t k = 0; k < COUNT(keys); k++) {
        static words said;

        IS(kao_gallery_set_key(t.g, keys[k], NULL, &t.f->err), KAO_OK);
        for (int i = 0; i < MANY; i++) {
            said.n = 0;
            IS(kao_gallery_sample(t.g, s[i].id, say_sample, &said, &t.f->err), KAO_OK);
            assert_non_null(strstr(said.text, sources[i]));
            IS(kao_gallery_vector(t.g, s[i].id, 0, got, &t.f->err), KAO_OK);
            assert_memory_equal(got, v[i], sizeof got);
            char name[32];
            int64_t number = 0;
            uint32_t known = 0;

            snprintf(name, sizeof name, "mark-%d", i + 1);
            IS(kao_gallery_event_mark(t.g, name, &number, &known, &t.f->err), KAO_OK);
            assert_int_equal(number, i + 1);
        }
        IS(kao_gallery_verify(t.g, &t.f->err), KAO_OK);
        kao_bytes b = stored(&t);

        assert_int_equal(has(&b, "/bilder/nummer-", 15), !keys[k]);
        kao_bytes_free(&b);
    }
    kao_gallery_close(t.g);
}

static void check_needles(that *t, bool is_clear, const char *when)
{
    static const struct {
        const char *what, *text;
    } texts[] = {
        { "name", name_1 }, { "name", name_2 },         { "name before", before },
        { "note", note },   { "note before", no_more }, { "external", external },
        { "group", group }, { "source", source },       { "chip's form", form },
        { "trail", trail }, { "event", event },         { "mark", mark },
    };
    kao_bytes b = stored(t);
    uint8_t chip[CHIP];
    float v[DIM];

    for (size_t i = 0; i < COUNT(texts); i++)
        if (has(&b, texts[i].text, strlen(texts[i].text)) != is_clear)
            fail_msg("%s, %s: %s%s", when, texts[i].what, texts[i].text,
                     is_clear ? " is not there" : " is there");
    for (int i = 0; i < 3; i++) {
        chip_of(i, chip);
        vector_of(i, v);
        for (size_t at = 0; at + 3 * sizeof *v <= sizeof v; at += 3 * sizeof *v)
            if (has(&b, (const uint8_t *)v + at, 3 * sizeof *v) != is_clear)
                fail_msg("%s: numbers of vector %d", when, i);
        assert_int_equal(has(&b, chip + 100, 64), is_clear);
    }
    kao_bytes_free(&b);
}

static void nothing_in_the_clear(void **state)
{
    that t = begin_full(state, "clear.kao", NULL);

    check_needles(&t, true, "in the clear");
    IS(kao_gallery_set_key(t.g, key_1, NULL, &t.f->err), KAO_OK);
    check_needles(&t, false, "encrypted later");
    kao_gallery_close(t.g);
    check_needles(&t, false, "encrypted later and closed");
    t = begin_full(state, "hidden.kao", key_1);
    check_needles(&t, false, "encrypted from the beginning");
    IS(kao_gallery_merge(t.g, 2, 1, &t.f->err), KAO_E_CONFLICT); /* are apart */
    IS(kao_gallery_clear(t.g, &(uint64_t){ 0 }, &t.f->err), KAO_OK);
    IS(kao_gallery_undo(t.g, 0, NULL, &t.f->err), KAO_OK);
    check_needles(&t, false, "after changes");
    IS(kao_gallery_set_key(t.g, NULL, NULL, &t.f->err), KAO_OK);
    check_needles(&t, true, "decrypted");
    kao_gallery_close(t.g);
}

/* ---- values in other places ---- */

static kao_status ask_people(that *t)
{
    static words w;

    w.n = 0;
    return kao_gallery_people(t->g, NULL, say_person, &w, &t->f->err);
}

static kao_status ask_samples(that *t)
{
    static words w;

    w.n = 0;
    return kao_gallery_every_sample(t->g, say_sample, &w, &t->f->err);
}

static kao_status ask_search(that *t)
{
    kao_match m[1] = { { .size = sizeof m[0] } };
    float v[DIM];
    size_t n = 0;

    vector_of(0, v);
    return kao_gallery_search(t->g, 0, v, 1, m, &n, &t->f->err);
}

static kao_status ask_chips(that *t)
{
    static words w;
    kao_status st = KAO_OK;

    w.n = 0;
    for (int i = 0; i < 3 && !st; i++)
        st = kao_gallery_chip(t->g, t->id[i], say_chip, &w, &t->f->err);
    return st;
}

static kao_status ask_history(that *t)
{
    static words w;

    w.n = 0;
    return kao_gallery_history(t->g, say_change, &w, &t->f->err);
}

static kao_status ask_undo(that *t)
{
    return kao_gallery_undo(t->g, 6, NULL, &t->f->err);
}

static kao_status ask_verify(that *t)
{
    return kao_gallery_verify(t->g, &t->f->err);
}

static kao_status ask_events(that *t)
{
    static words w;

    w.n = 0;
    return kao_gallery_events(t->g, 0, 10, say_event, &w, &t->f->err);
}

static kao_status ask_mark(that *t)
{
    int64_t number = 0;
    uint32_t known = 0;

    return kao_gallery_event_mark(t->g, mark, &number, &known, &t->f->err);
}

static kao_status ask_find(that *t)
{
    int64_t person = 0;

    return kao_gallery_find(t->g, name_1, &person, &t->f->err);
}

static kao_status ask_groups(that *t)
{
    static words w;

    w.n = 0;
    return kao_gallery_groups(t->g, say_group, &w, &t->f->err);
}

/* Each value stands where another one was, or is damaged: it does not open, and the line says which it is. */
static void values_keep_their_place(void **state)
{
    static const struct {
        const char *sql, *says;
        kao_status (*ask)(that *t);
    } cases[] = {
        { "UPDATE person SET name = (SELECT name FROM person WHERE number = 2) WHERE "
          "number = 1",
          "person.name of row 1", ask_people },
        { "UPDATE person SET note = (SELECT note FROM person WHERE number = 2) WHERE "
          "number = 1",
          "person.note of row 1", ask_people },
        { "UPDATE person SET note = external WHERE number = 2", "person.note of row 2",
          ask_people },
        { "UPDATE person SET external = (SELECT external FROM person WHERE number = 1) "
          "WHERE number = 2",
          "person.external of row 2", ask_people },
        { "UPDATE person SET member = (SELECT member FROM person WHERE number = 1) "
          "WHERE number = 2",
          "person.member of row 2", ask_people },
        { "UPDATE person SET name = 'Eva' WHERE number = 2", "person.name of row 2",
          ask_people },
        { "UPDATE person SET name = substr(name, 1, 20) WHERE number = 2",
          "person.name of row 2", ask_people },
        { "UPDATE sample SET source = (SELECT source FROM sample WHERE number = 3) "
          "WHERE number = 1",
          "sample.source of row 1", ask_samples },
        { "UPDATE vector SET numbers = (SELECT numbers FROM vector WHERE sample = 3) "
          "WHERE sample = 1",
          "vector.numbers of row 1", ask_search },
        { "UPDATE chip SET bytes = (SELECT bytes FROM chip WHERE sample = 1) WHERE "
          "sample = 2",
          "chip.bytes of row 2", ask_chips },
        { "UPDATE chip SET form = (SELECT form FROM chip WHERE sample = 1) WHERE "
          "sample = 2",
          "chip.form of row 2", ask_chips },
        { "UPDATE change SET detail = (SELECT detail FROM change WHERE number = 1) "
          "WHERE number = 3",
          "change.detail of row 3", ask_history },
        { "UPDATE edit SET old = (SELECT old FROM edit WHERE change = 4 AND field = 0) "
          "WHERE change = 6 AND field = 1",
          "edit.old of row 6", ask_undo },
        { "UPDATE event SET text = (SELECT text FROM event WHERE number = 1) WHERE "
          "number = 2",
          "event.text of row 2", ask_events },
        { "UPDATE event_mark SET name = (SELECT trail FROM event WHERE number = 1)",
          "event_mark.name", ask_verify },
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        char name[32];

        snprintf(name, sizeof name, "moved%zu.kao", i);
        that t = begin_full(state, name, key_1);

        IS(cases[i].ask(&t), KAO_OK);
        if (cases[i].ask == ask_undo)
            IS(kao_gallery_undo(t.g, 0, NULL, &t.f->err), KAO_OK); /* again, below */
        kao_gallery_close(t.g);
        KEPT_RUN(t.f, t.path, cases[i].sql, "");
        IS(open_by(&t, key_1), KAO_OK);
        kao_status st = cases[i].ask(&t);

        if (cases[i].ask == ask_undo)
            st = ask_verify(&t);
        if (st != KAO_E_FORMAT || !strstr(t.f->err.msg, cases[i].says))
            fail_msg("%s: %d, %s", cases[i].sql, (int)st, t.f->err.msg);
        IS(kao_gallery_verify(t.g, &t.f->err), KAO_E_FORMAT);
        kao_gallery_close(t.g);
    }
}

/* As only another program can have put it there. */
static void a_mark_without_a_name(void **state)
{
    if (kept_on_server()) /* which does not take it */
        skip();
    that t = begin_full(state, "nameless.kao", NULL);

    KEPT_RUN(t.f, t.path, "INSERT INTO event_mark VALUES(NULL, 7)", "");
    IS(kao_gallery_set_key(t.g, key_1, NULL, &t.f->err), KAO_OK);
    IS(ask_mark(&t), KAO_OK);
    kao_gallery_close(t.g);
}

static void a_tag_of_another_name(void **state)
{
    that t = begin_full(state, "tag.kao", key_1);
    int64_t person = 0;

    kao_gallery_close(t.g);
    KEPT_RUN(t.f, t.path,
             "UPDATE person SET name_tag = (SELECT name_tag FROM person WHERE number = "
             "2) WHERE number = 1",
             "");
    IS(open_by(&t, key_1), KAO_OK);
    IS(kao_gallery_verify(t.g, &t.f->err), KAO_E_FORMAT);
    assert_non_null(strstr(t.f->err.msg, "person 1"));
    /* who has the other's tag is not taken for the other */
    IS(kao_gallery_find(t.g, name_2, &person, &t.f->err), KAO_OK);
    assert_int_equal(person, 2);
    kao_gallery_close(t.g);
}

/* A gallery's values do not open in another one of the same key. */
static void from_another_gallery(void **state)
{
    that a = begin_full(state, "one.kao", key_1),
         t = begin_full(state, "two.kao", key_1);
    kao_db *db = kept_db(a.f, a.path);
    kao_rows *rows = NULL;
    char name[400];

    assert_int_equal(
        kao_db_ask(db, &rows, NULL, "SELECT name FROM person WHERE number = 1", ""),
        KAO_OK);
    assert_true(kao_rows_next(rows));
    snprintf(name, sizeof name, "%s", kao_row_text(rows, 0));
    assert_int_equal(kao_rows_end(rows, NULL), KAO_OK);
    kao_db_close(db);
    kao_gallery_close(a.g);
    kao_gallery_close(t.g);
    KEPT_RUN(t.f, t.path, "UPDATE person SET name = ? WHERE number = 1", "t", name);
    IS(open_by(&t, key_1), KAO_OK);
    IS(ask_people(&t), KAO_E_FORMAT);
    kao_gallery_close(t.g);
}

/* ---- keys ---- */

static void keys_that_do_not_fit(void **state)
{
    static const struct {
        const void *made, *opened;
        kao_status want;
        const char *says;
    } cases[] = {
        { NULL, NULL, KAO_OK, "" },
        { key_1, key_1, KAO_OK, "" },
        { key_1, key_2, KAO_E_CONFLICT,
          "this key file is not the one it was made with" },
        { key_1, NULL, KAO_E_CONFLICT, "is encrypted: --key-file FILE" },
        { NULL, key_1, KAO_E_CONFLICT, "is not encrypted" },
    };

    for (size_t i = 0; i < COUNT(cases); i++)
        for (uint32_t read_only = 0; read_only < 2; read_only++) {
            char name[32];

            snprintf(name, sizeof name, "key%zu%u.kao", i, read_only);
            that t = begin(state, name, cases[i].made);
            const kao_gallery_options o = { .read_only = read_only,
                                            .create = !read_only,
                                            .key = cases[i].opened };

            kao_gallery_close(t.g);
            t.f->err.msg[0] = '\0';
            IS(kao_gallery_open(t.f->ctx, &t.g, t.path, &o, &t.f->err), cases[i].want);
            assert_non_null(strstr(t.f->err.msg, cases[i].says));
            assert_true((t.g == NULL) == (cases[i].want != KAO_OK));
            kao_gallery_close(t.g);
        }
}

static void a_damaged_mark(void **state)
{
    static const char *const cases[] = {
        "UPDATE meta SET value = '1 00 00' WHERE key = 'seal'",
        "UPDATE meta SET value = '2' || substr(value, 2) WHERE key = 'seal'",
        "UPDATE meta SET value = substr(value, 1, 70) WHERE key = 'seal'",
        "DELETE FROM meta WHERE key = 'seal'",
        "UPDATE meta SET value = '2' WHERE key = 'schema'",
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        char name[32];

        snprintf(name, sizeof name, "mark%zu.kao", i);
        that t = begin(state, name, key_1);

        kao_gallery_close(t.g);
        KEPT_RUN(t.f, t.path, cases[i], "");
        IS(open_by(&t, key_1), KAO_E_FORMAT);
    }
}

/* The options' first form had no key. */
static void options_of_the_first_form(void **state)
{
    that t = begin(state, "first.kao", key_1);
    const kao_gallery_options o = { .size = offsetof(kao_gallery_options, key),
                                    .key = key_1 };

    kao_gallery_close(t.g);
    IS(kao_gallery_open(t.f->ctx, &t.g, t.path, &o, &t.f->err), KAO_E_CONFLICT);
}

static void key_files(void **state)
{
    static const char digits[] =
        "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    static const struct {
        const char *head, *end;
        size_t n; /* of the digits */
        kao_status want;
    } cases[] = {
        { "kao gallery key 1\n", "\n", 64, KAO_OK },
        { "kao gallery key 1\n", "", 64, KAO_OK },
        { "kao gallery key 1\n", "\n", 63, KAO_E_FORMAT },
        { "kao gallery key 1\n", "\n", 62, KAO_E_FORMAT },
        { "kao gallery key 1\n", "00\n", 64, KAO_E_FORMAT },
        { "kao gallery key 1\n", "\n\n", 64, KAO_E_FORMAT },
        { "kao gallery key 2\n", "\n", 64, KAO_E_FORMAT },
        { "kao gallery key 1", "\n", 64, KAO_E_FORMAT },
        { "", "\n", 64, KAO_E_FORMAT },
        { "", "", 0, KAO_E_FORMAT },
        { "kao gallery key 1\nx", "\n", 63, KAO_E_FORMAT },
    };
    that t = { .f = *state };
    char path[KEPT_BYTES], text[200];
    uint8_t key[KAO_GALLERY_KEY], again[KAO_GALLERY_KEY];
    struct stat info;
    uint32_t is_open = 9;

    snprintf(path, sizeof path, "%s/written.key", t.f->dir);
    for (size_t i = 0; i < COUNT(cases); i++) {
        const int n = snprintf(text, sizeof text, "%s%.*s%s", cases[i].head,
                               (int)cases[i].n, digits, cases[i].end);

        write_file(path, text, (size_t)n);
        if (kao_gallery_key_read(path, key, NULL, &t.f->err) != cases[i].want)
            fail_msg("case %zu: %s", i, t.f->err.msg);
        assert_true(cases[i].want || (key[1] == 0x11 && key[31] == 0xff));
    }
    assert_int_equal(chmod(path, 0644), 0);
    write_file(path, "kao gallery key 1\n", 18);
    IS(kao_gallery_key_read(path, key, &is_open, &t.f->err), KAO_E_FORMAT);
    assert_int_equal(is_open, 1);
    /* made: random, for its owner alone, and never in the place of another */
    snprintf(path, sizeof path, "%s/made.key", t.f->dir);
    IS(kao_gallery_key_read(path, key, &is_open, &t.f->err), KAO_E_IO);
    IS(kao_gallery_key_make(path, &t.f->err), KAO_OK);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    IS(kao_gallery_key_read(path, key, &is_open, &t.f->err), KAO_OK);
    assert_int_equal(is_open, 0);
    IS(kao_gallery_key_make(path, &t.f->err), KAO_E_CONFLICT);
    IS(kao_gallery_key_read(path, again, NULL, &t.f->err), KAO_OK);
    assert_memory_equal(key, again, sizeof key);
    snprintf(path, sizeof path, "%s/other.key", t.f->dir);
    IS(kao_gallery_key_make(path, &t.f->err), KAO_OK);
    IS(kao_gallery_key_read(path, again, NULL, &t.f->err), KAO_OK);
    assert_memory_not_equal(key, again, sizeof key);
    snprintf(path, sizeof path, "%s/no/such/folder.key", t.f->dir);
    IS(kao_gallery_key_make(path, &t.f->err), KAO_E_IO);
    kao_gallery_key_wipe(key);
    for (size_t i = 0; i < sizeof key; i++)
        assert_int_equal(key[i], 0);
}

/* ---- others who have it open ---- */

static kao_status try_rename(that *t)
{
    return kao_gallery_rename(t->g, 1, "Eva", &t->f->err);
}

static kao_status try_event(that *t)
{
    const kao_new_event e = { .size = sizeof e, .trail = "x", .text = "y" };

    return kao_gallery_add_event(t->g, &e, NULL, &t->f->err);
}

static void others_are_told(void **state)
{
    static kao_status (*const tries[])(that *) = { ask_people, ask_samples, ask_search,
                                                   ask_chips,  ask_history, ask_events,
                                                   ask_mark,   ask_find,    ask_groups,
                                                   try_rename, try_event };
    static const struct {
        const void *from, *to;
    } cases[] = { { NULL, key_1 }, { key_1, key_2 }, { key_1, NULL } };

    for (size_t i = 0; i < COUNT(cases); i++)
        for (size_t k = 0; k < COUNT(tries); k++) {
            char name[32];

            snprintf(name, sizeof name, "others%zu%zu.kao", i, k);
            that t = begin_full(state, name, cases[i].from), other = t;

            IS(open_by(&other, cases[i].from), KAO_OK);
            IS(ask_people(&other), KAO_OK);
            IS(kao_gallery_set_key(t.g, cases[i].to, NULL, &t.f->err), KAO_OK);
            if (tries[k](&other) != KAO_E_CONFLICT)
                fail_msg("case %zu, try %zu: %s", i, k, t.f->err.msg);
            IS(ask_people(&t), KAO_OK);
            kao_gallery_close(other.g);
            kao_gallery_close(t.g);
        }
}

/* ---- files beside it ---- */

static void index_files_go(void **state)
{
    that t = begin_full(state, "index.kao", NULL);
    char index[KEPT_BYTES];

    kao_gallery_close(t.g);
    t.f->ctx->index_from = 2;
    IS(open_by(&t, NULL), KAO_OK);
    kept_index(t.g, index);
    IS(ask_search(&t), KAO_OK);
    assert_int_equal(access(index, F_OK), 0);
    IS(kao_gallery_set_key(t.g, key_1, NULL, &t.f->err), KAO_OK);
    assert_int_not_equal(access(index, F_OK), 0);
    IS(ask_search(&t), KAO_OK);
    assert_int_not_equal(access(index, F_OK), 0);
    kao_gallery_close(t.g);
    /* one that was left, whatever is in it: overwritten before its name goes */
    write_file(index, note, sizeof note);
    FILE *file = fopen(index, "rb");
    char left[sizeof note] = "";

    assert_non_null(file);
    IS(open_by(&t, key_1), KAO_OK);
    assert_int_not_equal(access(index, F_OK), 0);
    assert_int_equal(fread(left, 1, sizeof left, file), sizeof left);
    for (size_t i = 0; i < sizeof left; i++)
        assert_int_equal(left[i], 0);
    fclose(file);
    IS(ask_search(&t), KAO_OK);
    kao_gallery_close(t.g);
    t.f->ctx->index_from = 0;
}

static void check_finished(kao_db *db)
{
    int64_t n = 9;

    assert_int_equal(kao_db_number(db, &n, NULL,
                                   "SELECT count(*) FROM meta WHERE key = 'unfinished'",
                                   ""),
                     KAO_OK);
    assert_int_equal(n, 0);
}

static void what_was_not_finished(void **state)
{
    that t = begin_full(state, "unfinished.kao", key_1);
    kao_db *db = kept_db(t.f, t.path);

    kao_gallery_close(t.g);
    KEPT_RUN(t.f, t.path, "INSERT INTO meta(key, value) VALUES('unfinished', '1')", "");
    IS(open_by(&t, key_1), KAO_OK);
    check_finished(db);
    kao_db_close(db);
    kao_gallery_close(t.g);
}

/* Somebody reads what stood there before: it is not all gone, which is told, and goes on at the next opening. */
static void a_reader_in_the_way(void **state)
{
    if (kept_on_server()) /* there it is waited for, and nothing is begun */
        skip();
    that t = begin_full(state, "reader.kao", NULL);
    kao_db *db = kept_db(t.f, t.path);
    int64_t n = 0;
    static words whole, now;

    all_of(&t, &whole);
    kao_gallery_close(t.g);
    const kao_gallery_options o = { .wait_ms = 50 };

    IS(kao_gallery_open(t.f->ctx, &t.g, t.path, &o, &t.f->err), KAO_OK);
    assert_int_equal(kao_db_begin_reading(db, NULL), KAO_OK);
    assert_int_equal(kao_db_number(db, &n, NULL, "SELECT count(*) FROM person", ""),
                     KAO_OK);
    IS(kao_gallery_set_key(t.g, key_1, NULL, &t.f->err), KAO_E_IO);
    assert_non_null(
        strstr(t.f->err.msg, "encrypted, but what was before is not all gone"));
    assert_string_equal(all_of(&t, &now), whole.text);
    kao_gallery_close(t.g);
    kao_db_rollback(db);
    IS(open_by(&t, key_1), KAO_OK);
    check_needles(&t, false, "after the reader went");
    check_finished(db);
    kao_db_close(db);
    kao_gallery_close(t.g);
}

/* ---- cut off ---- */

static void copy_file(const char *from, const char *to)
{
    static char bytes[1 << 20];
    FILE *file = fopen(from, "rb");

    assert_non_null(file);
    const size_t n = fread(bytes, 1, sizeof bytes, file);

    fclose(file);
    assert_true(n > 0 && n < sizeof bytes);
    write_file(to, bytes, n);
}

static void clear(const that *t)
{
    static const char *const ends[] = { "", "-wal", "-shm", "-journal" };
    char name[KEPT_BYTES + 12];

    for (size_t i = 0; i < COUNT(ends); i++) {
        snprintf(name, sizeof name, "%s%s", t->path, ends[i]);
        unlink(name);
    }
}

/* By the one key or the other: and it says what it said. */
static bool look(that *t, const void *from, const void *to, const char *want, long at)
{
    static words now;
    const bool is_done = open_by(t, from) != KAO_OK;

    if (is_done && open_by(t, to) != KAO_OK)
        fail_msg("call %ld: %s", at, t->f->err.msg);
    if (strcmp(all_of(t, &now), want) != 0)
        fail_msg("call %ld: says something else", at);
    kao_gallery_close(t->g);
    return is_done;
}

static void convert_child(that *t, const void *from, const void *to, shaky_how how,
                          long at)
{
    int status = 0;
    const pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        shaky_arm(how, at);
        if (open_by(t, from) == KAO_OK &&
            kao_gallery_set_key(t->g, to, NULL, NULL) == 0)
            kao_gallery_close(t->g);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
        fail_msg("call %ld: the child ended by itself (%d)", at, status);
}

static void killed_at_every_step(void **state)
{
    static const struct {
        const void *from, *to;
    } ways[] = { { NULL, key_1 }, { key_1, key_2 }, { key_1, NULL } };
    static const shaky_how hows[] = { SHAKY_KILL, SHAKY_KILL_HALF, SHAKY_KILL_AFTER };
    static words whole;

    if (kept_on_server())
        skip();
    shaky_install();
    for (size_t w = 0; w < COUNT(ways); w++) {
        const void *from = ways[w].from, *to = ways[w].to;
        char name[32], first[KEPT_BYTES];
        long done = 0, kills = 0;

        snprintf(name, sizeof name, "killed%zu.kao", w);
        that t = begin_full(state, name, from);

        all_of(&t, &whole);
        kao_gallery_close(t.g);
        snprintf(first, sizeof first, "%s/first%zu", t.f->dir, w);
        copy_file(t.path, first);
        shaky_arm(SHAKY_COUNT, -1);
        IS(open_by(&t, from), KAO_OK);
        IS(kao_gallery_set_key(t.g, to, NULL, &t.f->err), KAO_OK);
        kao_gallery_close(t.g);
        const long n = shaky_calls();

        assert_true(n > 20);
        for (size_t h = 0; h < COUNT(hows); h++)
            for (long at = 0; at < n; at += is_short() ? 5 : 1, kills++) {
                clear(&t);
                copy_file(first, t.path);
                convert_child(&t, from, to, hows[h], at);
                shaky_arm(SHAKY_COUNT, -1);
                const bool is_done = look(&t, from, to, whole.text, at);

                done += is_done;
                if (is_done && !from) /* opening it has finished what was begun */
                    check_needles(&t, false, "after a kill");
            }
        assert_true(done > 0 && done < kills);
        print_message("%ld kills, %ld of them after it was done\n", kills, done);
    }
}

static void memory_runs_out(void **state)
{
    static words whole, now;
    that t = { .g = NULL };
    bool done = false;
    int n_galleries = 0;

    for (long long n = 0; !done; n += kept_on_server() ? 29 : 1) {
        if (!t.g) {
            char name[32];

            snprintf(name, sizeof name, "faults%d.kao", n_galleries++);
            t = begin_full(state, name, NULL);
            all_of(&t, &whole);
        }
        kao_fault_arm(&t.f->ctx->mem, KAO_FAULT_ALLOC, n);
        const kao_status st = kao_gallery_set_key(t.g, key_1, NULL, &t.f->err);

        done = !kao_fault_disarm(&t.f->ctx->mem, KAO_FAULT_ALLOC);
        if (st != (done ? KAO_OK : KAO_E_NOMEM))
            fail_msg("allocation %lld: %d, %s", n, (int)st, t.f->err.msg);
        const bool is_sealed = t.g->is_sealed;

        assert_true(is_sealed || !done);
        assert_string_equal(all_of(&t, &now), whole.text);
        kao_gallery_close(t.g);
        t.g = NULL;
        if (done || !is_sealed) /* else the next one is another */
            IS(open_by(&t, is_sealed ? key_1 : NULL), KAO_OK);
    }
    check_needles(&t, false, "after failures");
    /* and with a key, in the calls of every day */
    done = false;
    for (long long n = 0; !done; n += kept_on_server() ? 29 : 1) {
        kao_gallery_close(t.g);
        t.g = NULL;
        kao_fault_arm(&t.f->ctx->mem, KAO_FAULT_ALLOC, n);
        kao_status st = open_by(&t, key_1);

        st = st ? st : ask_people(&t);
        st = st ? st : ask_chips(&t);
        st = st ? st : ask_search(&t);
        st = st ? st : kao_gallery_set_note(t.g, 1, note, &t.f->err);
        done = !kao_fault_disarm(&t.f->ctx->mem, KAO_FAULT_ALLOC);
        if (st != (done ? KAO_OK : KAO_E_NOMEM))
            fail_msg("allocation %lld: %d, %s", n, (int)st, t.f->err.msg);
    }
    kao_gallery_close(t.g);
}

static void arguments(void **state)
{
    that t = begin(state, "arguments.kao", NULL);
    kao_receipt small = { .size = 4 };
    uint8_t key[KAO_GALLERY_KEY];

    IS(kao_gallery_set_key(NULL, key_1, NULL, &t.f->err), KAO_E_ARG);
    IS(kao_gallery_set_key(t.g, NULL, NULL, &t.f->err), KAO_E_ARG);
    IS(kao_gallery_set_key(t.g, key_1, &small, &t.f->err), KAO_E_ARG);
    IS(kao_gallery_key_read(NULL, key, NULL, &t.f->err), KAO_E_ARG);
    IS(kao_gallery_key_read("", key, NULL, &t.f->err), KAO_E_ARG);
    IS(kao_gallery_key_make("", &t.f->err), KAO_E_ARG);
    kao_gallery_close(t.g);
    const kao_gallery_options reading = { .read_only = 1 };

    IS(kao_gallery_open(t.f->ctx, &t.g, t.path, &reading, &t.f->err), KAO_OK);
    IS(kao_gallery_set_key(t.g, key_1, NULL, &t.f->err), KAO_E_IO);
    kao_gallery_close(t.g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_the_same),
        cmocka_unit_test(many_rows),
        cmocka_unit_test(nothing_in_the_clear),
        cmocka_unit_test(values_keep_their_place),
        cmocka_unit_test(a_mark_without_a_name),
        cmocka_unit_test(a_tag_of_another_name),
        cmocka_unit_test(from_another_gallery),
        cmocka_unit_test(keys_that_do_not_fit),
        cmocka_unit_test(a_damaged_mark),
        cmocka_unit_test(options_of_the_first_form),
        cmocka_unit_test(key_files),
        cmocka_unit_test(others_are_told),
        cmocka_unit_test(index_files_go),
        cmocka_unit_test(what_was_not_finished),
        cmocka_unit_test(a_reader_in_the_way),
        cmocka_unit_test(killed_at_every_step),
        cmocka_unit_test(memory_runs_out),
        cmocka_unit_test(arguments),
    };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
