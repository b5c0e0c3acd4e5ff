/* Tar files: members, names at their longest, damage. */
#include "support/unit.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/tar.h"
#include "support/builder.h"
#include "support/fixture.h"

static void member(pb *tar, const char *prefix, const char *name, char type,
                   const char *text)
{
    char head[512] = { 0 };
    static const char zeros[512] = { 0 };
    const size_t n = strlen(text);

    memcpy(head, name, strnlen(name, 100)); /* one of 100 bytes has no end */
    snprintf(head + 124, 12, "%011o", (unsigned)n);
    head[156] = type;
    memcpy(head + 257,
           type == 'g' ? "ustar  "
                       : "ustar\0"
                         "00",
           8);
    if (type == 'g') /* GNU's own form of a file */
        head[156] = '0';
    memcpy(head + 345, prefix, strnlen(prefix, 155));
    pb_raw(tar, head, sizeof head);
    pb_raw(tar, text, n);
    pb_raw(tar, zeros, (512 - n % 512) % 512);
}

static kao_span bytes_of(const pb *tar)
{
    return (kao_span){ tar->p, tar->n };
}

static void members(void **state)
{
    char longest[101], prefix[156], joined[257];
    kao_tar t;
    kao_mem mem;
    pb tar = { 0 };

    (void)state;
    kao_mem_init(&mem, NULL);
    memset(longest, 'n', 100);
    memset(prefix, 'p', 155);
    longest[100] = prefix[155] = '\0';
    snprintf(joined, sizeof joined, "%s/%s", prefix, longest);
    member(&tar, "", "z.jpg", '0', "last by name");
    member(&tar, "", "folder", '5', "");
    member(&tar, prefix, longest, '0', "longest");
    member(&tar, "", "./b/c.jpg", '\0', "below");
    member(&tar, "", "z.jpg", '0', "again");
    member(&tar, "15302745061", "backup/g.jpg", 'g',
           "times"); /* tar --listed-incremental */
    pb_raw(&tar, (const char[1024]){ 0 }, 1024);
    assert_int_equal(kao_tar_parse(&t, &mem, bytes_of(&tar), "t", NULL), KAO_OK);
    assert_int_equal(t.n, 5);
    static const char *const want[][2] = {
        { "z.jpg", "again" }, /* tar --append: instead of the first */
        { "b/c.jpg", "below" },
        { "backup/g.jpg", "times" },
        { NULL, "longest" },
    };

    for (size_t i = 0; i < COUNT(want); i++) {
        const kao_tar_member *m = kao_tar_find(&t, want[i][0] ? want[i][0] : joined);

        assert_non_null(m);
        assert_int_equal(m->bytes.n, strlen(want[i][1]));
        assert_memory_equal(m->bytes.p, want[i][1], m->bytes.n);
    }
    assert_null(kao_tar_find(&t, "folder"));
    assert_null(kao_tar_find(&t, "b"));
    assert_null(kao_tar_find(&t, "zz"));
    kao_tar_close(&t);
    pb_free(&tar);
    assert_int_equal(atomic_load(&mem.live), 0);
}

/* Names that the header cannot hold stand before it, in records (POSIX.1-2001, pax): the
 * default of many programs. Each is its next member's alone. */
static void names_in_records(void **state)
{
    enum { MOST = KAO_TAR_NAME_BYTES - 1 };
    char name[MOST + 2], records[MOST + 64];
    kao_tar t;
    kao_mem mem;

    (void)state;
    kao_mem_init(&mem, NULL);
    for (int n = MOST; n <= MOST + 1; n++) {
        pb tar = { 0 };

        memset(name, 'n', (size_t)n);
        name[n] = '\0';
        /* three digits, a space, "path=", the name, a line end */
        snprintf(records, sizeof records, "22 linkpath=other.jpg\n%d path=%s\n", n + 10,
                 name);
        member(&tar, "", "./PaxHeader", 'x', records);
        member(&tar, "", "nnn", '0', "long");
        member(&tar, "", "plain.jpg", '0', "after it");
        member(&tar, "", "./PaxHeader", 'x', "16 path=\xe9\xa1\x94.jpg\n");
        member(&tar, "", "?.jpg", '0', "not ASCII");
        member(&tar, "", "./PaxHeader", 'x', "12 mtime=.5\n99 path=cut\n");
        member(&tar, "", "z.jpg", '0', "last");
        const kao_status st = kao_tar_parse(&t, &mem, bytes_of(&tar), "t", NULL);

        assert_int_equal(st, n > MOST ? KAO_E_UNSUPPORTED : KAO_OK);
        const char *const names[] = { name, "plain.jpg", "\xe9\xa1\x94.jpg", "z.jpg" };

        for (size_t i = 0; !st && i < COUNT(names); i++)
            assert_non_null(kao_tar_find(&t, names[i]));
        assert_int_equal(t.n, st ? 0 : COUNT(names));
        kao_tar_close(&t);
        pb_free(&tar);
    }
    assert_int_equal(atomic_load(&mem.live), 0);
}

/* However many bits an address has. */
static void a_file(void **state)
{
    fixture *f = *state;
    pb tar = { 0 };
    kao_tar t;

    member(&tar, "", "a.jpg", '0', "text");
    const char *path = fixture_file(f, "a.tar", &tar);

    assert_int_equal(kao_tar_open(&t, &f->ctx->mem, path, &f->err), KAO_OK);
    assert_non_null(kao_tar_find(&t, "a.jpg"));
    kao_tar_close(&t);
}

static void damage(void **state)
{
    static const struct {
        size_t at;
        const char *put;
        kao_status want;
    } rows[] = {
        { 257, "XX", KAO_E_FORMAT },          { 124, "00000009999", KAO_E_FORMAT },
        { 124, "77777777777", KAO_E_FORMAT }, { 156, "L", KAO_E_UNSUPPORTED },
        { 156, "1", KAO_E_UNSUPPORTED },      { 156, "2", KAO_E_UNSUPPORTED },
        { 124, "          4", KAO_OK },
    };
    kao_mem mem;

    (void)state;
    kao_mem_init(&mem, NULL);
    for (size_t i = 0; i < COUNT(rows); i++) {
        kao_tar t;
        kao_error err = { 0 };
        pb tar = { 0 };

        member(&tar, "", "a", '0', "text");
        memcpy(tar.p + rows[i].at, rows[i].put, strlen(rows[i].put));
        const kao_status st = kao_tar_parse(&t, &mem, bytes_of(&tar), "t.tar", &err);

        assert_int_equal(st, rows[i].want);
        assert_int_equal(strncmp(err.msg, "t.tar: ", 7) == 0, st != KAO_OK);
        kao_tar_close(&t);
        for (size_t n = 0; n < tar.n;
             n++) { /* cut: refused unless only padding is lost */
            assert_int_equal(
                kao_tar_parse(&t, &mem, (kao_span){ tar.p, n }, "t", NULL) == KAO_OK,
                st == KAO_OK && n >= 516);
            kao_tar_close(&t);
        }
        pb_free(&tar);
    }
    assert_int_equal(atomic_load(&mem.live), 0);
}

/* A file that ends in a later header is cut too: it would look like one of fewer members. */
static void cut_header(void **state)
{
    pb tar = { 0 };
    kao_mem mem;

    (void)state;
    kao_mem_init(&mem, NULL);
    member(&tar, "", "a", '0', "text");
    member(&tar, "", "b", '0', "more");
    for (size_t n = 1024; n < tar.n; n++) {
        const bool whole = n == 1024 || n >= 1024 + 516;
        kao_tar t;

        assert_int_equal(kao_tar_parse(&t, &mem, (kao_span){ tar.p, n }, "t", NULL),
                         whole ? KAO_OK : KAO_E_FORMAT);
        assert_int_equal(t.n, !whole ? 0 : n == 1024 ? 1 : 2);
        kao_tar_close(&t);
    }
    pb_free(&tar);
    assert_int_equal(atomic_load(&mem.live), 0);
}

static void failures(void **state)
{
    pb tar = { 0 };
    kao_mem mem;
    kao_tar t;

    (void)state;
    kao_mem_init(&mem, NULL);
    member(&tar, "", "a", '0', "text");
    kao_fault_arm(&mem, KAO_FAULT_ALLOC, 0);
    assert_int_equal(kao_tar_parse(&t, &mem, bytes_of(&tar), "t", NULL), KAO_E_NOMEM);
    assert_true(kao_fault_disarm(&mem, KAO_FAULT_ALLOC));
    assert_int_equal(kao_tar_open(&t, &mem, "no/such.tar", NULL), KAO_E_IO);
    kao_tar_close(&t);
    pb_free(&tar);
    assert_int_equal(atomic_load(&mem.live), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members),    cmocka_unit_test(names_in_records),
        cmocka_unit_test(a_file),     cmocka_unit_test(damage),
        cmocka_unit_test(cut_header), cmocka_unit_test(failures),
    };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
