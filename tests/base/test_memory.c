/* Memory, arenas, the bounded reader, error lines, JSON without memory. */
#include "support/unit.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/base64.h"
#include "base/json.h"
#include "base/reader.h"

static void blocks(void **state)
{
    static const size_t sizes[] = { 0, 1, 63, 64, 65, 4096, 3 << 20, 9 << 20 };
    kao_mem mem;

    (void)state;
    kao_mem_init(&mem, NULL);
    for (size_t i = 0; i < COUNT(sizes); i++) {
        uint8_t *p = kao_alloc(&mem, sizes[i]);

        assert_non_null(p);
        assert_int_equal((uintptr_t)p % KAO_ALIGN, 0);
        memset(p, 7, sizes[i]);
        p = kao_grow(&mem, p, sizes[i], sizes[i] * 2 + 1);
        assert_non_null(p);
        for (size_t k = 0; k < sizes[i]; k++)
            assert_int_equal(p[k], 7);
        kao_free(&mem, p);
        p = kao_calloc(&mem, sizes[i], 1);
        for (size_t k = 0; k < sizes[i]; k++)
            assert_int_equal(p[k], 0);
        kao_free(&mem, p);
    }
    assert_null(kao_alloc(&mem, SIZE_MAX));
    assert_null(kao_calloc(&mem, SIZE_MAX / 2, 3));
    char *s = kao_strdup(&mem, "copy");

    assert_string_equal(s, "copy");
    kao_free(&mem, s);
    kao_free(&mem, NULL);
    assert_int_equal(atomic_load(&mem.live), 0);
    kao_fault_arm(&mem, KAO_FAULT_ALLOC, 1);
    kao_free(&mem, kao_alloc(&mem, 1));
    assert_null(kao_alloc(&mem, 1));
    kao_free(&mem, kao_alloc(&mem, 1)); /* once only */
    assert_true(kao_fault_disarm(&mem, KAO_FAULT_ALLOC));
    assert_false(kao_fault_disarm(&mem, KAO_FAULT_ALLOC + 1));
}

static void arenas(void **state)
{
    kao_mem mem;
    kao_arena a;
    uint8_t *p[2000];

    (void)state;
    kao_mem_init(&mem, NULL);
    kao_arena_init(&a, &mem, 8 << 20);
    for (size_t i = 0; i < COUNT(p); i++) { /* all apart, all aligned */
        const size_t n = i % 300;

        p[i] = kao_arena_calloc(&a, n, 1);
        assert_non_null(p[i]);
        assert_int_equal((uintptr_t)p[i] % (n >= 64 ? 64 : 16), 0);
        memset(p[i], (int)(i % 251), n);
    }
    for (size_t i = 0; i < COUNT(p); i++)
        for (size_t k = 0; k < i % 300; k++)
            assert_int_equal(p[i][k], i % 251);
    assert_string_equal(kao_arena_str(&a, "abcdef", 3), "abc");
    assert_string_equal(kao_arena_str(&a, NULL, 0), "");
    assert_non_null(kao_arena_alloc(&a, 3 << 20)); /* larger than any chunk */
    assert_non_null(kao_arena_alloc(&a, 10));
    const size_t left = a.limit - a.used;

    assert_true(kao_arena_full(&a, left + 1));
    assert_null(kao_arena_alloc(&a, left + 1));
    assert_null(kao_arena_alloc(&a, SIZE_MAX));
    assert_null(kao_arena_calloc(&a, SIZE_MAX, 2));
    assert_null(kao_arena_str(&a, "x", SIZE_MAX));
    assert_false(kao_arena_full(&a, left));
    assert_non_null(kao_arena_alloc(&a, left)); /* exactly the limit */
    assert_null(kao_arena_alloc(&a, 1));
    kao_arena_fini(&a);
    assert_int_equal(atomic_load(&mem.live), 0);
    kao_arena_fini(&a);
}

static void readers(void **state)
{
    static const uint8_t bytes[] = { 1, 2, 3, 4, 5, 6, 7, 0xf8 };
    kao_reader r = kao_reader_of((kao_span){ bytes, sizeof bytes });
    size_t out = 0;

    (void)state;
    assert_int_equal(kao_reader_u8(&r), 1);
    assert_int_equal(kao_reader_take(&r, 3).n, 3);
    assert_int_equal(kao_reader_offset(&r), 4);
    assert_int_equal(kao_reader_left(&r), 4);
    assert_null(kao_reader_take(&r, 5).p);
    assert_true(r.bad);
    assert_int_equal(kao_reader_u8(&r), 0); /* sticky */
    assert_int_equal(kao_reader_left(&r), 0);
    assert_null(kao_reader_take(&r, 0).p);
    r = kao_reader_of((kao_span){ bytes, sizeof bytes });
    assert_null(kao_reader_take(&r, SIZE_MAX).p);
    assert_int_equal(kao_le16(bytes), 0x0201);
    assert_int_equal(kao_le32(bytes), 0x04030201);
    assert_true(kao_le64(bytes) == 0xf807060504030201u);
    assert_int_equal(kao_be16(bytes), 0x0102);
    assert_int_equal(kao_be32(bytes + 4), 0x050607f8);
    assert_true(kao_mul(SIZE_MAX / 2, 2, &out) && out == SIZE_MAX - 1);
    assert_false(kao_mul(SIZE_MAX, 2, &out));
    assert_true(kao_add(SIZE_MAX - 1, 1, &out) && out == SIZE_MAX);
    assert_false(kao_add(SIZE_MAX, 1, &out));
}

/* ---- error lines ---- */

static void lines_are_clean(void **state)
{
    static const struct {
        const char *raw, *shown;
    } rows[] = {
        { "plain", "plain" },
        { "two\nlines\ttab\x7f", "two?lines?tab?" },
        { "\x1b[31mred", "?[31mred" },
        { "\xe9\xa1\x94 kao \xc3\xa9", "\xe9\xa1\x94 kao \xc3\xa9" },
        { "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80" },
        { "bad \xff\xfe byte", "bad ?? byte" },
        { "lone \x80 tail", "lone ? tail" },
        { "long form \xc0\xaf", "long form ??" },
        { "surrogate \xed\xa0\x80", "surrogate ???" },
        { "past \xf4\x90\x80\x80", "past ????" },
        { "control \xc2\x9b 1m", "control ?? 1m" },
        { "cut \xe9\xa1", "cut ??" },
        { "", "" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        kao_error err;

        assert_int_equal(kao_fail(&err, KAO_E_LIMIT, "%s", rows[i].raw), KAO_E_LIMIT);
        assert_string_equal(err.msg, rows[i].shown);
        assert_true(err.code == KAO_E_LIMIT && err.sys == 0 &&
                    err.offset == UINT64_MAX);
    }
    assert_int_equal(kao_fail(NULL, KAO_E_IO, "no place"), KAO_E_IO);
}

/* A line that is too long loses its middle, between characters: how it begins and how it
 * ends stay. */
static void lines_are_cut_at_characters(void **state)
{
    static const char *const characters[] = { "a", "\xc3\xa9", "\xe9\xa1\x94",
                                              "\xf0\x9f\x98\x80" };

    (void)state;
    for (size_t c = 0; c < COUNT(characters); c++)
        for (size_t shift = 0; shift < 8; shift++) {
            const size_t length = strlen(characters[c]);
            char line[600] = "";
            kao_error err;

            memset(line, 'x', shift);
            for (size_t at = shift; at + 5 < sizeof line; at += length)
                memcpy(line + at, characters[c], length);
            kao_fail(&err, KAO_E_FORMAT, "%s", line);
            const char *dots = strstr(err.msg, "...");
            const size_t n = strlen(err.msg);

            assert_non_null(dots);
            const size_t head = (size_t)(dots - err.msg), tail = n - head - 3;

            assert_true(n < sizeof err.msg && n + 8 >= sizeof err.msg && tail > 100);
            assert_int_equal((head - shift) % length, 0);
            assert_int_equal(tail % length, 0);
            assert_memory_equal(err.msg, line, head);
            assert_string_equal(dots + 3, line + strlen(line) - tail);
            kao_error_prefix(&err, KAO_E_FORMAT, "file");
            assert_memory_equal(err.msg, "file: ", 6);
            assert_string_equal(err.msg + strlen(err.msg) - length, characters[c]);
            assert_null(strchr(err.msg, '?'));
        }
}

/* So long a path as any that the system opens, or two of them: what was wrong is told behind. Of
 * longer ones the end is lost, between characters. */
static void paths_of_any_length(void **state)
{
    static const size_t lengths[] = { 3900, 3966, 3967, 3968, 4030, 4094, 8500, 12000 };
    char path[12001];

    (void)state;
    for (size_t i = 0; i < COUNT(lengths); i++)
        for (size_t shift = 0; shift < 4; shift++) {
            size_t n = shift;
            kao_error err;

            memset(path, 'x', shift);
            for (; n + 4 <= lengths[i]; n += 4)
                memcpy(path + n, "\xe9\xa1\x94/", 4);
            path[n - 1] = '\0';
            kao_fail(&err, KAO_E_FORMAT, "%s: no picture", path);
            assert_null(strchr(err.msg, '?'));
            if (n <= 4096)
                assert_non_null(strstr(err.msg, "\xe9\xa1\x94: no picture"));
            kao_fail_sys(&err, KAO_E_IO, ENOENT, "%s: %s", path, path);
            assert_null(strchr(err.msg, '?'));
            assert_non_null(strstr(err.msg, ": No such file or directory"));
            kao_error_prefix(&err, KAO_E_IO, "%s", path);
            assert_null(strchr(err.msg, '?'));
            assert_non_null(strstr(err.msg, ": No such file or directory"));
        }
}

static void details(void **state)
{
    kao_error err;

    (void)state;
    kao_fail_sys(&err, KAO_E_IO, ENOENT, "%s", "a.onnx");
    assert_string_equal(err.msg, "a.onnx: No such file or directory");
    assert_int_equal(err.sys, ENOENT);
    kao_fail_at(&err, KAO_E_FORMAT, 77, "here");
    assert_int_equal(err.offset, 77);
    kao_error_prefix(&err, KAO_E_LIMIT, "%s %d", "node", 3);
    assert_string_equal(err.msg, "node 3: here");
    assert_true(err.code == KAO_E_LIMIT && err.offset == 77);
    kao_fail(&err, KAO_E_FORMAT, "again: %s",
             err.msg); /* its own line as an argument */
    assert_string_equal(err.msg, "again: node 3: here");
    for (int i = 0; i <= KAO_E_NOT_LIVE; i++)
        assert_true(strlen(kao_status_name((kao_status)i)) > 1);
    assert_string_equal(kao_status_name(KAO_E_NO_FACE), "no_face");
    assert_string_equal(kao_status_name((kao_status)999), "unknown_status");
    assert_string_equal(kao_status_name((kao_status)-1), "unknown_status");
}

/* ---- JSON ---- */

/* jansson's allocator has no user pointer: blocks until one is refused (and all after it),
 * blocks held. */
static int until_refused, blocks_held;
static bool for_good;

static void *counted(size_t n)
{
    void *p =
        (for_good ? until_refused-- <= 0 : until_refused-- == 0) ? NULL : malloc(n);

    blocks_held += p != NULL;
    return p;
}

static void uncounted(void *p)
{
    blocks_held -= p != NULL;
    free(p);
}

/* before: text, so that every part behind it is once the one for which there is no room */
static char *some_json(const char *before)
{
    kao_json *o = kao_json_object(), *list = kao_json_array();

    kao_json_set(o, "before", kao_json_string(before));
    kao_json_add(list, kao_json_number(.5));
    kao_json_add(list, kao_json_string("\xff"));
    kao_json_set(o, "list", list);
    kao_json_set(o, "n", kao_json_integer(7));
    return kao_json_text(o);
}

/* Whichever part finds no memory: no text that lacks it, and nothing is left behind. */
static void json_without_memory(void **state)
{
    static const char pad[] = "0123456789012345678901234567890123456789";
    char want[128];
    int n_padded = 0;

    (void)state;
    json_set_alloc_funcs(counted, uncounted);
    for (int n = 0; n_padded < (int)sizeof pad; n++) {
        const char *before = pad + n_padded;

        assert_true(n < 1000);
        for_good = n % 2;
        until_refused = n / 2;
        char *text = some_json(before);

        if (text) {
            snprintf(want, sizeof want,
                     "{\"before\":\"%s\",\"list\":[0.5,\"\xef\xbf\xbd\"],\"n\":7}",
                     before);
            assert_string_equal(text, want);
            uncounted(text);
        }
        assert_int_equal(blocks_held, 0);
        if (until_refused >= 0 && for_good) {
            n_padded++;
            n = -1;
        }
    }
    json_set_alloc_funcs(malloc, free);
}

/* The vectors of RFC 4648, section 10, and texts that are none. */
static void base64(void **state)
{
    static const char *const rows[][2] = {
        { "", "" },
        { "f", "Zg==" },
        { "fo", "Zm8=" },
        { "foo", "Zm9v" },
        { "foob", "Zm9vYg==" },
        { "fooba", "Zm9vYmE=" },
        { "foobar", "Zm9vYmFy" },
        { "\xff\xfe\xfd", "//79" },
    };
    static const char *const bad[] = { "Z",     "Zg",     "Zg=",  "Zg==Zg==",
                                       "Zh==",  "Zm9=",   "=g==", "Zg=a",
                                       "Zm 9v", "Zm9v\n", "Z===" };
    kao_mem mem;

    (void)state;
    kao_mem_init(&mem, NULL);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        kao_bytes b = { .mem = &mem, .max = 100 };

        assert_true(kao_base64_add(&b, rows[i][0], strlen(rows[i][0])));
        assert_int_equal(b.n, strlen(rows[i][1]));
        assert_true(b.n == 0 || memcmp(b.p, rows[i][1], b.n) == 0);
        kao_bytes_free(&b);
        assert_true(kao_base64_read(&b, rows[i][1], NULL));
        assert_int_equal(b.n, strlen(rows[i][0]));
        assert_true(b.n == 0 || memcmp(b.p, rows[i][0], b.n) == 0);
        kao_bytes_free(&b);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        kao_bytes b = { .mem = &mem, .max = 100 };

        assert_false(kao_base64_read(&b, bad[i], NULL));
        kao_bytes_free(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks),
        cmocka_unit_test(arenas),
        cmocka_unit_test(readers),
        cmocka_unit_test(lines_are_clean),
        cmocka_unit_test(lines_are_cut_at_characters),
        cmocka_unit_test(paths_of_any_length),
        cmocka_unit_test(details),
        cmocka_unit_test(json_without_memory),
        cmocka_unit_test(base64),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
