/* Sources of pictures (a folder, a tar, a set) and the page: what is read, what is written. */
#include "support/unit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "eval/pictures.h"
#include "eval/plot.h"
#include "eval/report.h"
#include "support/builder.h"
#include "support/models.h"

/* ---- pictures ---- */

static char dir[256];

static const char *in_dir(const char *name)
{
    static char path[8][400];
    static size_t turn;
    char *to = path[turn++ % 8];

    snprintf(to, 400, "%s/%s", dir, name);
    return to;
}

static void put_member(pb *tar, const char *name, const char *text)
{
    char head[512] = { 0 };
    static const char zeros[512] = { 0 };
    const size_t n = strlen(text);

    snprintf(head, 100, "%s", name);
    snprintf(head + 124, 12, "%011o", (unsigned)n);
    head[156] = '0';
    memcpy(head + 257, "ustar", 6);
    pb_raw(tar, head, sizeof head);
    pb_raw(tar, text, n);
    pb_raw(tar, zeros, (512 - n % 512) % 512);
}

static int make_sources(void **state)
{
    static const char set[] = "\x80\x03](C\x03oneC\x03twoe]\x88\x61\x86.";
    pb tar = { 0 };

    (void)state;
    temp_folder(dir, sizeof dir);
    mkdir(in_dir("ann"), 0777);
    mkdir(in_dir("bob"), 0777);
    mkdir(in_dir("empty"), 0777);
    write_file(in_dir("ann/1.png"), "one", 3);
    write_file(in_dir("ann/2.JPG"), "two", 3);
    write_file(in_dir("ann/.hidden.jpg"), "no", 2);
    write_file(in_dir("bob/notes.txt"), "no", 2);
    write_file(in_dir("bob/3.webp"), "three", 5);
    put_member(&tar, "bob/3.webp", "three");
    put_member(&tar, "ann/1.png", "before");
    put_member(&tar, "ann/2.JPG", "two");
    put_member(&tar, "list.txt", "no");
    put_member(&tar, "ann/.small/4.png", "no");
    put_member(&tar, "ann/1.png", "one"); /* as tar --append does, in its place */
    pb_raw(&tar, (const char[1024]){ 0 }, 1024);
    write_file(in_dir("all.tar"), tar.p, tar.n);
    pb_free(&tar);
    write_file(in_dir("set.bin"), set, sizeof set - 1);
    write_file(in_dir("none.bin"), "something else", 14);
    return 0;
}

static int remove_sources(void **state)
{
    static const char *const names[] = { "ann/1.png",       "ann/2.JPG",
                                         "ann/.hidden.jpg", "bob/notes.txt",
                                         "bob/3.webp",      "all.tar",
                                         "set.bin",         "none.bin" };

    (void)state;
    for (size_t i = 0; i < COUNT(names); i++)
        unlink(in_dir(names[i]));
    rmdir(in_dir("ann"));
    rmdir(in_dir("bob"));
    rmdir(in_dir("empty"));
    return rmdir(dir);
}

static void sources(void **state)
{
    static const struct {
        const char *source, *name, *text; /* NULL: not there */
    } rows[] = {
        { "", "ann/1.png", "one" },
        { "", "ann/1.jpg", "one" },
        { "", "bob/3.jpg", "three" },
        { "", "ann/1.webp", NULL },
        { "", "ann", NULL },
        { "", "carl/1.jpg", NULL },
        { "all.tar", "ann/1.png", "one" },
        { "all.tar", "ann/1.jpg", "one" },
        { "all.tar", "bob/3.jpg", "three" },
        { "all.tar", "ann/3.jpg", NULL },
        { "set.bin", "0", "one" },
        { "set.bin", "1", "two" },
        { "set.bin", "2", NULL },
        { "set.bin", "x", NULL },
    };
    kao_mem mem;

    (void)state;
    kao_mem_init(&mem, NULL);
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *path = rows[i].source[0] ? in_dir(rows[i].source) : dir;
        kao_error err = { 0 };
        kao_pictures p;
        kao_picture x;

        assert_int_equal(kao_pictures_open(&p, &mem, path, &err), KAO_OK);
        assert_int_equal(kao_pictures_has(&p, rows[i].name), rows[i].text != NULL);
        const kao_status st = kao_pictures_read(&p, rows[i].name, &x, &err);

        assert_int_equal(st, rows[i].text ? KAO_OK : KAO_E_IO);
        if (rows[i].text) {
            assert_int_equal(x.bytes.n, strlen(rows[i].text));
            assert_memory_equal(x.bytes.p, rows[i].text, x.bytes.n);
        } else {
            assert_non_null(strstr(err.msg, rows[i].name));
        }
        kao_picture_close(&x);
        kao_pictures_close(&p);
    }
    assert_int_equal(atomic_load(&mem.live), 0);
}

static void listings(void **state)
{
    static const char *const want[] = { "ann/1.png", "ann/2.JPG", "bob/3.webp" };
    kao_mem mem;

    (void)state;
    kao_mem_init(&mem, NULL);
    for (int kind = 0; kind < 2; kind++)
        for (long long fault = 0;; fault++) {
            kao_pictures p;
            kao_names all;

            kao_fault_arm(&mem, KAO_FAULT_ALLOC, fault);
            kao_status st =
                kao_pictures_open(&p, &mem, kind ? in_dir("all.tar") : dir, NULL);
            const bool opened = st == KAO_OK;

            if (opened)
                st = kao_pictures_list(&p, &all, NULL);
            const bool hit = kao_fault_disarm(&mem, KAO_FAULT_ALLOC);

            assert_int_equal(st, hit ? KAO_E_NOMEM : KAO_OK);
            if (!st) {
                assert_int_equal(all.n, COUNT(want));
                for (size_t i = 0; i < all.n; i++)
                    assert_string_equal(all.names[i], want[i]);
                kao_names_free(&all);
            }
            if (opened)
                kao_pictures_close(&p);
            assert_int_equal(atomic_load(&mem.live), 0);
            if (!hit)
                break;
        }
    kao_pictures p;
    kao_error err = { 0 };

    assert_int_equal(kao_pictures_open(&p, &mem, in_dir("none.bin"), &err),
                     KAO_E_FORMAT);
    assert_non_null(strstr(err.msg, "no folder, no plain tar"));
    assert_int_equal(kao_pictures_open(&p, &mem, in_dir("gone"), &err), KAO_E_IO);
    assert_int_equal(atomic_load(&mem.live), 0);
}

/* Who goes on with a list takes its first one. */
static void nothing_to_list(void **state)
{
    static const struct {
        const char *source, *message;
        kao_status status;
    } rows[] = {
        { "empty", "empty: no pictures in it", KAO_E_FORMAT },
        { "notes.tar", "notes.tar: no pictures in it", KAO_E_FORMAT },
        { "set.bin", "set.bin has pairs alone, no people", KAO_E_ARG },
    };
    kao_mem mem;
    pb tar = { 0 };

    (void)state;
    put_member(&tar, "notes.txt", "no");
    pb_raw(&tar, (const char[1024]){ 0 }, 1024);
    write_file(in_dir("notes.tar"), tar.p, tar.n);
    pb_free(&tar);
    kao_mem_init(&mem, NULL);
    for (size_t i = 0; i < COUNT(rows); i++) {
        kao_pictures p;
        kao_names all;
        kao_error err = { 0 };

        assert_int_equal(kao_pictures_open(&p, &mem, in_dir(rows[i].source), &err),
                         KAO_OK);
        assert_int_equal(kao_pictures_list(&p, &all, &err), rows[i].status);
        assert_non_null(strstr(err.msg, rows[i].message));
        kao_pictures_close(&p);
        assert_int_equal(atomic_load(&mem.live), 0);
    }
    unlink(in_dir("notes.tar"));
}

/* ---- the page ---- */

/* Elements that are opened are closed in order; gives how many there were, 0: not well formed.
 * What HTML need not close is not looked at: meta, and html itself at the beginning. */
static size_t well_formed(const char *s)
{
    char open[32][16];
    size_t depth = 0, n = 0;

    for (s = strstr(s, "<title>"); s && (s = strchr(s, '<')); s++) {
        char name[16] = "";
        const bool closing = s[1] == '/';
        const char *begin = s + 1 + closing, *end = strchr(s, '>');
        const size_t length = strcspn(begin, " />\n");

        if (!end || length >= sizeof name)
            return 0;
        memcpy(name, begin, length);
        if (strcmp(name, "html") == 0)
            return depth == 0 ? n : 0;
        if (closing) {
            if (depth == 0 || strcmp(open[--depth], name) != 0)
                return 0;
        } else if (end[-1] != '/') {
            if (depth == COUNT(open))
                return 0;
            memcpy(open[depth++], name, sizeof name);
        }
        n++;
    }
    return 0;
}

static void page(void **state)
{
    /* pairs: none of a kind, few, more; a threshold or none */
    static const struct {
        size_t n_same, n_different;
        double threshold;
        size_t plots;
        const char *has[3];
    } rows[] = {
        { 30,
          30,
          .5,
          3,
          { "at threshold 0.500", "accuracy, 10 folds", "not with 30" } },
        { 3000, 2000, (double)NAN, 3, { "TAR at FAR 0.001", "weak", "AUC" } },
        { 12,
          0,
          .5,
          1,
          { "accuracy, 10 folds", " %, FAR -, accuracy ", "Similarities" } },
        { 0,
          12,
          .5,
          1,
          { "accuracy, 10 folds", "at threshold 0.500</th><td>TAR -, FAR ",
            "Similarities" } },
        { 1, 1, .5, 3, { "best threshold", "EER", "DET" } },
    };
    static double similarity[6000];
    static bool same[6000];
    kao_mem mem;

    (void)state;
    kao_mem_init(&mem, NULL);
    for (size_t r = 0; r < COUNT(rows); r++) {
        const size_t n = rows[r].n_same + rows[r].n_different;
        const kao_report_row row = { "note", "a <b> & \"c\" \xff\x01" };
        kao_bytes b = { .mem = &mem, .max = 1 << 20 };
        kao_scores s;
        kao_figures f;
        size_t plots = 0;

        for (size_t i = 0; i < n; i++) {
            same[i] = i < rows[r].n_same;
            similarity[i] = (same[i] ? .6 : .1) + .35 * (double)noise(7, (uint32_t)i);
        }
        assert_int_equal(kao_scores_init(&s, &mem, similarity, same, n, NULL), KAO_OK);
        kao_figures_measure(&s, 10, rows[r].threshold, &f);
        const kao_report report = {
            .title = "T<1>", .rows = &row, .n_rows = 1, .scores = &s, .figures = &f
        };

        assert_true(kao_report_write(&b, &report));
        const size_t whole = b.n;

        assert_true(kao_bytes_add(&b, "", 1));
        const char *text = (const char *)b.p;

        assert_true(well_formed(text) > 20);
        for (const char *at = text; (at = strstr(at, "<svg ")) != NULL; at++)
            plots++;
        assert_int_equal(plots, rows[r].plots);
        assert_non_null(strstr(text, "T&lt;1&gt;"));
        assert_non_null(strstr(text, "a &lt;b&gt; &amp; &quot;c&quot; \xef\xbf\xbd <"));
        assert_null(strstr(text, "nan"));
        assert_null(strstr(text, "inf"));
        for (size_t i = 0; i < 3; i++)
            if (!strstr(text, rows[r].has[i]))
                fail_msg("row %zu: no \"%s\"", r, rows[r].has[i]);
        kao_bytes_free(&b);
        for (size_t max = 0; max < whole; max += 97) { /* a limit: told, not passed */
            kao_bytes less = { .mem = &mem, .max = max };

            assert_false(kao_report_write(&less, &report));
            assert_true(less.n <= max);
            kao_bytes_free(&less);
        }
        kao_scores_fini(&s);
    }
    assert_int_equal(atomic_load(&mem.live), 0);
}

/* Axes of 0..10 and 1e-3..1: where points come to lie, by hand. */
static void places(void **state)
{
    static const double x[] = { 0, 5, 20 }, y[] = { 1, .1, 1e-9 };
    kao_mem mem;

    (void)state;
    kao_mem_init(&mem, NULL);
    kao_bytes b = { .mem = &mem, .max = 1 << 16 };
    kao_plot p = { .b = &b,
                   .x = { .label = "x", .low = 0, .high = 10, .tic = 5 },
                   .y = { .label = "y", .low = 1e-3, .high = 1, .log = true } };

    kao_plot_begin(&p, "t");
    kao_plot_curve(&p, "a", x, y, 3, false);
    assert_true(kao_plot_end(&p));
    assert_true(kao_bytes_add(&b, "", 1));
    /* 62 .. 544 across, 292 .. 34 up; a decade is 86 */
    assert_non_null(
        strstr((const char *)b.p, "d=\"M62.0 34.0 303.0 120.0 544.0 292.0 \""));
    kao_bytes_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sources),         cmocka_unit_test(listings),
        cmocka_unit_test(nothing_to_list), cmocka_unit_test(page),
        cmocka_unit_test(places),
    };

    return cmocka_run_group_tests(tests, make_sources, remove_sources);
}
