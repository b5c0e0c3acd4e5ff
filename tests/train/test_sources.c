/* Where labelled faces come from: record files, written here as dmlc-core's RecordIO and MXNet's
 * IRHeader say, and folders with a folder a person. */
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/fixture.h"
#include "train/pack_made.h"
#include "train/pack_parts.h"
#include "train/records.h"

/* ---- writing records ---- */

static void put_u32(pb *b, uint32_t v)
{
    const uint8_t bytes[4] = { (uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16),
                               (uint8_t)(v >> 24) };

    pb_raw(b, bytes, 4);
}

static void put_f32(pb *b, float v)
{
    uint32_t bits;

    memcpy(&bits, &v, 4);
    put_u32(b, bits);
}

static void put_part(pb *b, uint32_t kind, const void *p, size_t n)
{
    put_u32(b, 0xced7230a);
    put_u32(b, kind << 29 | (uint32_t)n);
    pb_raw(b, p, n);
    pb_raw(b, "\0\0\0", (4 - n % 4) % 4);
}

/* As MXNet's recordio packs it: the parts begin behind each aligned magic number. */
static void put_record(pb *b, uint32_t flag, float label, const float *labels,
                       const void *picture, size_t n)
{
    static const uint8_t magic[4] = { 0x0a, 0x23, 0xd7, 0xce };
    pb x = { 0 };
    size_t begin = 0;

    put_u32(&x, flag);
    put_f32(&x, label);
    for (int i = 0; i < 4; i++)
        put_u32(&x, 77); /* two ids that nobody reads */
    for (uint32_t i = 0; i < flag; i++)
        put_f32(&x, labels[i]);
    pb_raw(&x, picture, n);
    for (size_t at = 0; at + 4 <= x.n; at += 4)
        if (memcmp(x.p + at, magic, 4) == 0) {
            put_part(b, begin ? 2 : 1, x.p + begin, at - begin);
            begin = at + 4;
        }
    put_part(b, begin ? 3 : 0, x.p + begin, x.n - begin);
    pb_free(&x);
}

/* ---- reading them ---- */

static kao_status read_records(fixture *f, kao_records *r, const pb *rec,
                               const char *idx, uint32_t classes)
{
    const kao_records_source s = { .rec = { rec->p, rec->n },
                                   .idx = { (const uint8_t *)idx,
                                            idx ? strlen(idx) : 0 },
                                   .rec_name = "x.rec",
                                   .idx_name = "x.idx",
                                   .classes = classes };

    return kao_records_read(r, &f->ctx->mem, &s, &f->err);
}

static const struct {
    float label;
    const char *picture;
    size_t n;
} made[] = {
    { 3, "abcde", 5 },
    { 0, "", 0 },
    { 3,
      "1234\x0a\x23\xd7\xce"
      "5678",
      12 }, /* the magic number where it stands at four bytes */
    { 1, "\x0a\x23\xd7\xce\x0a\x23\xd7\xce", 8 }, /* twice, and nothing else */
    { 16777215, "x\x0a\x23\xd7\xce", 5 },         /* not at four bytes: no parts */
};

/* With or without a head, labels in the header or behind it; where each begins goes to at. */
static void make(pb *b, bool head, bool wide, size_t at[COUNT(made) + 1])
{
    const float range[2] = { (float)COUNT(made) + 1, (float)COUNT(made) + 4 };

    at[0] = 0;
    if (head)
        put_record(b, 2, 0, range, NULL, 0);
    for (size_t i = 0; i < COUNT(made); i++) {
        const float labels[3] = { made[i].label, 9.5f, -1 };

        at[i + head] = b->n;
        put_record(b, wide ? 3 : 0, wide ? 0 : made[i].label, labels, made[i].picture,
                   made[i].n);
    }
    for (size_t i = 0; head && i < 3; i++) /* ranges of people: not looked at */
        put_record(b, 2, 0, (const float[2]){ -7, 2.5f }, NULL, 0);
}

static void records(void **state)
{
    fixture *f = *state;

    for (int way = 0; way < 8; way++) {
        const bool head = way & 1, wide = way & 2, indexed = way & 4;
        kao_records r;
        size_t at[COUNT(made) + 1], n = 0;
        char idx[512] = "";
        pb b = { 0 };

        make(&b, head, wide, at);
        for (size_t i = COUNT(made) + head; i-- > 0;) /* in any order */
            n += (size_t)snprintf(idx + n, sizeof idx - n, "%zu\t%zu%s\n", i, at[i],
                                  i % 2 ? "\r" : "");
        if (read_records(f, &r, &b, indexed ? idx : NULL, KAO_RECORD_LABELS))
            fail_msg("way %d: %s", way, f->err.msg);
        assert_int_equal(r.n, COUNT(made));
        for (size_t i = 0; i < r.n; i++) {
            assert_int_equal(r.items[i].number, i + head);
            assert_true((float)r.items[i].label == made[i].label);
            assert_int_equal(r.items[i].picture.n, made[i].n);
            if (made[i].n)
                assert_memory_equal(r.items[i].picture.p, made[i].picture, made[i].n);
            assert_int_equal(r.items[i].joined != NULL, i == 2 || i == 3);
        }
        kao_records_free(&r);
        b.n -= 1; /* the last zeros may be missing, not more */
        assert_int_equal(read_records(f, &r, &b, NULL, KAO_RECORD_LABELS), KAO_OK);
        kao_records_free(&r);
        pb_free(&b);
    }
}

/* One byte or word of two sound records, changed. */
static void damaged_records(void **state)
{
    static const struct {
        size_t at;
        uint32_t word;
        const char *message;
    } rows[] = {
        { 0, 0x0a23d7ce, "x.rec: record 0: 0a23d7ce at byte 0; wanted the magic" },
        { 40, 7, "record 1: 00000007 at byte 40" },
        { 4, 1000, "record 0: 1000 bytes from byte 8 on; the file has 72" },
        { 44, 33, "record 1: 33 bytes from byte 48 on; the file has 32" },
        { 4, 1u << 29 | 32, "record 0: its last part is missing" },
        { 4, 2u << 29 | 32, "record 0: begins within it" },
        { 4, 3u << 29 | 32, "record 0: begins within it" },
        { 4, 7u << 29 | 32, "record 0: begins within it" },
        { 44, 1u << 29 | 32, "record 1: the file ends within it" },
        { 4, 28, "record 1: 68676665 at byte 36" },
        { 8, 3, "record 0: more labels than it has bytes" },
        { 8, 0xffffffff, "record 0: more labels than it has bytes" },
        { 12, 0x7fc00000, "record 0: label nan: wanted a whole number from 0 to 99" },
        { 12, 0xbf800000, "record 0: label -1: wanted" },
        { 12, 0x3f000000, "record 0: label 0.5: wanted" },
        { 52, 0x42c80000, "record 1: label 100: wanted" },
        { 52, 0x7f800000, "record 1: label inf: wanted" },
    };
    fixture *f = *state;
    kao_records r;

    for (size_t i = 0; i < COUNT(rows); i++) {
        pb b = { 0 }, word = { 0 };

        put_record(&b, 0, 4, NULL, "abcdefgh", 8);
        put_record(&b, 0, 99, NULL, "ijklmnop", 8);
        assert_int_equal(b.n, 80);
        assert_int_equal(read_records(f, &r, &b, NULL, 100), KAO_OK);
        kao_records_free(&r);
        put_u32(&word, rows[i].word);
        memcpy(b.p + rows[i].at, word.p, 4);
        assert_int_equal(read_records(f, &r, &b, NULL, 100), KAO_E_FORMAT);
        if (!strstr(f->err.msg, rows[i].message))
            fail_msg("row %zu: %s", i, f->err.msg);
        pb_free(&b);
        pb_free(&word);
    }
    /* cut before the end of the last picture it is refused, and nothing leaks; the ranges behind
     * the pictures are not needed, and zeros at the end neither */
    size_t at[COUNT(made) + 1];
    pb b = { 0 };

    make(&b, true, false, at);
    const size_t whole = b.n, needed = at[COUNT(made)] + 8 + 24 + 5;

    for (b.n = 0; b.n < whole; b.n++) {
        assert_int_equal(read_records(f, &r, &b, NULL, KAO_RECORD_LABELS),
                         b.n < needed ? KAO_E_FORMAT : KAO_OK);
        kao_records_free(&r);
    }
    pb_free(&b);
}

static void wrong_indices(void **state)
{
    static const struct {
        const char *idx, *message;
    } rows[] = {
        { "0\t0\n1\t80\n", "x.idx: line 2: record 1 at byte 80; x.rec has 80 bytes" },
        { "0\t0\n1\t99999999999999999\n",
          "line 2: record 1 at byte 99999999999999999" },
        { "0\t0\n1\t36\n", "x.rec: record 1: 706f6e6d at byte 36" },
        { "0\t0\n1\t76\n", "x.rec: record 1: the file ends within it" },
        { "0\t0\n\n0\t40\n", "x.idx: record 0 has two lines" },
        { "0\t0\none\t40\n", "x.idx: line 2: wanted the number of a record" },
        { "0\t0\n1\n", "x.idx: line 2: wanted the number of a record" },
        { "0\t0\n1\t-40\n", "x.idx: line 2: wanted" },
        { "0\t0\t3\n", "x.idx: line 1: more than two numbers" },
        { "0\t18446744073709551616\n", "x.idx: line 1: wanted" },
        { "\n", "x.rec: no pictures in it" },
    };
    fixture *f = *state;
    kao_records r;
    pb b = { 0 };

    put_record(&b, 0, 4, NULL, "abcdmnop", 8);
    put_record(&b, 0, 99, NULL, "ijklmnop", 8);
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_int_equal(read_records(f, &r, &b, rows[i].idx, 100), KAO_E_FORMAT);
        if (!strstr(f->err.msg, rows[i].message))
            fail_msg("row %zu: %s", i, f->err.msg);
    }
    assert_int_equal(read_records(f, &r, &b, "1\t40", 100), KAO_OK);
    assert_true(r.n == 1 && r.items[0].label == 99 && r.items[0].number == 1);
    kao_records_free(&r);
    pb_free(&b);
    /* a head that promises more than is there, or nonsense */
    put_record(&b, 2, 0, (const float[2]){ 3, 4 }, NULL, 0);
    put_record(&b, 0, 4, NULL, "abcdmnop", 8);
    assert_int_equal(read_records(f, &r, &b, NULL, 100), KAO_E_FORMAT);
    assert_non_null(strstr(f->err.msg, "records 1 to 2 are pictures; 1 of them"));
    pb_free(&b);
    put_record(&b, 2, 0, (const float[2]){ 0, 4 }, NULL, 0);
    assert_int_equal(read_records(f, &r, &b, NULL, 100), KAO_E_FORMAT);
    assert_non_null(strstr(f->err.msg, "its first label"));
    pb_free(&b);
}

/* ---- packs from them ---- */

typedef struct face_file {
    uint8_t *bytes;
    size_t n;
} face_file;

/* A picture of person i / 3, as a file. */
static face_file face(fixture *f, uint32_t i, uint32_t side)
{
    face_file x = { NULL, 0 };
    kao_image m = { 0 };

    assert_int_equal(kao_image_create(f->ctx, side, side, &m, NULL), KAO_OK);
    for (uint32_t k = 0; k < side * side * 3; k++)
        m.rgb[k] = (uint8_t)(80 * (i / 3) + k * (i + 1) % 60);
    assert_int_equal(
        kao_image_encode(f->ctx, &m, KAO_IMAGE_PNG, 0, &x.bytes, &x.n, NULL), KAO_OK);
    kao_image_free(f->ctx, &m);
    return x;
}

enum { FACES = 9 };

/* x.rec, x.idx and property in the folder, and the same as a folder "people": three people of
 * three pictures; behind them one that is broken, one of another size, and "nobody", a folder
 * without a picture. */
static void make_sources(fixture *f)
{
    const float head[2] = { FACES + 3, FACES + 6 };
    char idx[512] = "", path[500];
    size_t n = 0;
    pb b = { 0 };

    put_record(&b, 2, 0, head, NULL, 0);
    snprintf(path, sizeof path, "%s/people", f->dir);
    mkdir(path, 0777);
    snprintf(path, sizeof path, "%s/people/nobody", f->dir);
    mkdir(path, 0777);
    for (uint32_t i = 0; i < FACES + 2; i++) {
        face_file x = face(f, i, i == FACES + 1 ? 100 : i % 2 ? 112 : 128);
        const size_t length = i == FACES ? x.n / 2 : x.n;
        const uint32_t person = i < FACES ? i / 3 : i - FACES;

        n += (size_t)snprintf(idx + n, sizeof idx - n, "%u\t%zu\n", i + 1, b.n);
        put_record(&b, 0, (float)(10 + person), NULL, x.bytes, length);
        snprintf(path, sizeof path, "%s/people/p%u", f->dir, 10 + person);
        mkdir(path, 0777);
        snprintf(path, sizeof path, "%s/people/p%u/%02u.png", f->dir, 10 + person, i);
        write_file(path, x.bytes, length);
        kao_image_free_bytes(f->ctx, x.bytes);
    }
    snprintf(path, sizeof path, "%s/x.rec", f->dir);
    write_file(path, b.p, b.n);
    snprintf(path, sizeof path, "%s/x.idx", f->dir);
    write_file(path, idx, n);
    snprintf(path, sizeof path, "%s/property", f->dir);
    write_file(path, "13,112,112\n", 11);
    pb_free(&b);
}

static void remove_sources(const fixture *f)
{
    static const char *const folders[] = { "p10", "p11", "p12", "nobody", "." };
    static const char *const files[] = { "x.rec", "x.idx", "property" };
    char path[500];

    for (uint32_t i = 0; i < FACES + 2; i++)
        for (uint32_t who = 10; who < 13; who++) {
            snprintf(path, sizeof path, "%s/people/p%u/%02u.png", f->dir, who, i);
            unlink(path);
        }
    for (size_t i = 0; i < COUNT(folders); i++) {
        snprintf(path, sizeof path, "%s/people/%s", f->dir, folders[i]);
        if (i + 1 == COUNT(folders))
            snprintf(path, sizeof path, "%s/people", f->dir);
        rmdir(path);
    }
    for (size_t i = 0; i < COUNT(files); i++) {
        snprintf(path, sizeof path, "%s/%s", f->dir, files[i]);
        unlink(path);
    }
}

/* What either source gives. */
static void right_pack(fixture *f, const kao_pack *p, const char *third,
                       const char *broken, const char *size)
{
    assert_int_equal(p->n, FACES);
    assert_int_equal(p->n_identities, 3);
    assert_string_equal(p->identities[2], third);
    assert_true(p->n_classes == 1 && p->classes[0].n == FACES);
    assert_int_equal(p->skipped.n, 2);
    if (!strstr(p->skipped.names, broken) || !strstr(p->skipped.names, size))
        fail_msg("%s", p->skipped.names);
    for (uint32_t i = 0; i < FACES; i++) {
        kao_image m = { 0 };

        assert_int_equal(p->pictures[i].identity, i / 3);
        assert_int_equal(kao_pack_picture_open(p, i, &m, NULL), KAO_OK);
        assert_int_equal(m.width, i % 2 ? 112 : 128);
        for (size_t k = 0; k < 3 * m.width; k++)
            assert_int_equal(m.rgb[k], (uint8_t)(80 * (i / 3) + k * (i + 1) % 60));
        kao_image_free(f->ctx, &m);
    }
}

static void packs(void **state)
{
    static const char label[] = "x.rec: record 4: label 11: wanted a whole number from "
                                "0 to 10";
    fixture *f = *state;
    kao_pack p = { .n = 0 };
    kao_pack_left gone;
    char data[400];

    make_sources(f);
    for (int indexed = 1; indexed >= 0; indexed--) {
        assert_int_equal(kao_pack_load_named(&p, f->ctx, f->dir, "x.rec", "", &f->err),
                         KAO_OK);
        right_pack(f, &p, "12", "x.rec record 10 (", "x.rec record 11 (100 x 100; ");
        kao_pack_free(&p);
        snprintf(data, sizeof data, "%s/x.idx", f->dir);
        unlink(data);
    }
    assert_int_equal(kao_pack_load_named(&p, f->ctx, f->dir, "people", "", &f->err),
                     KAO_OK);
    right_pack(f, &p, "p12", "p10/09.png (", "p11/10.png (100 x 100; ");
    assert_int_equal(p.empty.n, 1);
    assert_string_equal(p.empty.names, "nobody");
    kao_pack_free(&p);
    /* both together are six people; a source alone may be the data itself */
    assert_int_equal(
        kao_pack_load_named(&p, f->ctx, f->dir, "x.rec,people", "", &f->err), KAO_OK);
    assert_true(p.n == 2 * FACES && p.n_identities == 6 &&
                p.pictures[FACES].identity == 3);
    assert_int_equal(kao_pack_keep_people(&p, 4, &gone, NULL), KAO_OK);
    assert_true(gone.n == 2 * FACES && p.n == 0 && p.n_identities == 0);
    assert_string_equal(gone.names, "10, 11, 12, p10, p11, p12");
    kao_pack_free(&p);
    snprintf(data, sizeof data, "%s/x.rec", f->dir);
    assert_int_equal(kao_pack_load_faces(&p, f->ctx, data, "", "", &f->err), KAO_OK);
    assert_int_equal(p.n, FACES);
    kao_pack_free(&p);
    /* labels are held against `property`; a picture beside the people is nobody's */
    snprintf(data, sizeof data, "%s/property", f->dir);
    write_file(data, "11\n", 3);
    assert_int_equal(kao_pack_load_named(&p, f->ctx, f->dir, "x.rec", "", &f->err),
                     KAO_E_FORMAT);
    if (!strstr(f->err.msg, label))
        fail_msg("%s", f->err.msg);
    kao_pack_free(&p);
    write_file(data, "many\n", 5);
    assert_int_equal(kao_pack_load_named(&p, f->ctx, f->dir, "x.rec", "", &f->err),
                     KAO_E_FORMAT);
    assert_non_null(strstr(f->err.msg, "property: wanted the number of classes"));
    kao_pack_free(&p);
    snprintf(data, sizeof data, "%s/people/alone.png", f->dir);
    write_file(data, "x", 1);
    assert_int_equal(kao_pack_load_named(&p, f->ctx, f->dir, "people", "", &f->err),
                     KAO_E_FORMAT);
    assert_non_null(strstr(f->err.msg, "no folder of a person"));
    kao_pack_free(&p);
    unlink(data);
    remove_sources(f);
}

/* Without memory, or when a read fails: a status at each place, nothing left. */
static void faults(void **state)
{
    static const char *const names[] = { "x.rec", "people" };
    fixture *f = *state;

    make_sources(f);
    const size_t live = atomic_load(&f->ctx->mem.live);

    for (size_t source = 0; source < COUNT(names); source++)
        for (int kind = 0; kind < KAO_FAULT_COUNT; kind++)
            for (int i = 0;; i++) {
                kao_pack p = { .n = 0 };

                kao_fault_arm(&f->ctx->mem, (kao_fault)kind, i);
                const kao_status st =
                    kao_pack_load_named(&p, f->ctx, f->dir, names[source], "", &f->err);
                const bool fired = kao_fault_disarm(&f->ctx->mem, (kao_fault)kind);

                /* a picture that fails once is looked at again, or left out by name */
                if (st == KAO_OK && fired)
                    assert_true(p.n + p.skipped.n == FACES + 2);
                else
                    assert_true(fired ? st == KAO_E_NOMEM || st == KAO_E_IO
                                      : st == KAO_OK);
                kao_pack_free(&p);
                assert_int_equal(atomic_load(&f->ctx->mem.live), live);
                if (!fired)
                    break;
            }
    remove_sources(f);
}

/* A record file and a folder with the same pictures train the same weights. */
static void train_alike(void **state)
{
    fixture *f = *state;
    kao_recipe r = { .task = "classifier",
                     .name = "small",
                     .loss = "combined",
                     .guard = "hard",
                     .gradient = "exact",
                     .scale = 16,
                     .m1 = 1,
                     .m2 = .3,
                     .partial = 1,
                     .centers = 1,
                     .dim = 8,
                     .least_pictures = 2,
                     .width = 4,
                     .size = 112,
                     .batch = 4,
                     .accumulate = 1,
                     .precision = "float32",
                     .optimizer = "sgd",
                     .schedule = "constant",
                     .momentum = .9,
                     .rate = .05,
                     .clip = 5,
                     .mean_decay = .9,
                     .steps = 4,
                     .seed = 3,
                     .checkpoint_minutes = 1e4 };

    make_sources(f);
    snprintf(r.data, sizeof r.data, "%s/x.rec", f->dir);
    if (train_run(f, &r, "records", 0))
        fail_msg("%s", f->err.msg);
    snprintf(r.data, sizeof r.data, "%s/people", f->dir);
    if (train_run(f, &r, "folders", 0))
        fail_msg("%s", f->err.msg);
    same_models(f, "records", "folders");
    r.least_pictures = 4;
    assert_int_equal(train_run(f, &r, "none", 1), KAO_E_FORMAT);
    assert_non_null(strstr(f->err.msg, "2 missing or broken: p10/09.png ("));
    remove_run(f, "records");
    remove_run(f, "folders");
    remove_run(f, "none");
    remove_sources(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records),       cmocka_unit_test(damaged_records),
        cmocka_unit_test(wrong_indices), cmocka_unit_test(packs),
        cmocka_unit_test(faults),        cmocka_unit_test(train_alike),
    };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
