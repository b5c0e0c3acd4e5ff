/* Lists of groups, each line checked; matches counted within and across. */
#include "support/unit.h"

#include <string.h>

#include "eval/groups.h"

static kao_status read_text(kao_groups *g, kao_mem *mem, const char *text,
                            const char *by, kao_error *err)
{
    const kao_span s = { (const uint8_t *)text, strlen(text) };

    return kao_groups_read(g, mem, s, "list.txt", by, KAO_GROUPS_MAX, err);
}

static const char list[] = "# picture age sex race label\n"
                           "a/1.jpg 20-29 Male Black\n"
                           "\n"
                           "a/2.jpg 30-39 Female Black\r\n"
                           "# more\n"
                           "a/3.jpg 20-29 Male White x\n";

static void forms(void **state)
{
    static const struct {
        const char *text, *by, *groups[3];
    } rows[] = {
        { list, "3", { "Male", "Female", "Male" } },
        { list, "sex", { "Male", "Female", "Male" } },
        { list, "race,sex", { "Black Male", "Black Female", "White Male" } },
        { list, "age,4", { "20-29 Black", "30-39 Black", "20-29 White" } },
        { list,
          NULL,
          { "20-29 Male Black", "30-39 Female Black", "20-29 Male White x" } },
        { "1.jpg\ta b\n2.jpg\tc\n3.jpg\ta b", "2", { "a b", "c", "a b" } },
    };
    kao_mem mem;

    (void)state;
    kao_mem_init(&mem, NULL);
    for (size_t i = 0; i < COUNT(rows); i++) {
        kao_error err = { 0 };
        kao_groups g;

        if (read_text(&g, &mem, rows[i].text, rows[i].by, &err))
            fail_msg("row %zu: %s", i, err.msg);
        assert_int_equal(g.pictures.n, 3);
        for (size_t k = 0; k < 3; k++)
            assert_string_equal(kao_name_at(&g.groups, g.group[k]), rows[i].groups[k]);
        kao_groups_free(&g);
    }
    assert_int_equal(atomic_load(&mem.live), 0);
}

static void refusals(void **state)
{
    static const struct {
        const char *text, *by;
        kao_status want;
        const char *why;
    } rows[] = {
        { "", NULL, KAO_E_FORMAT, "no pictures" },
        { "# x\n", NULL, KAO_E_FORMAT, "no pictures" },
        { "a.jpg\n", NULL, KAO_E_FORMAT, "line 1: wanted a path" },
        { list, "6", KAO_E_FORMAT, "line 2: 4 fields; field 6" },
        { list, "label", KAO_E_FORMAT, "line 2: 4 fields; field 5" },
        { list, "eyes", KAO_E_ARG, "no field \"eyes\"" },
        { list, "1", KAO_E_ARG, "no field \"1\"" },
        { list, "sex,", KAO_E_ARG, "no field \"\"" },
        { list, "257", KAO_E_ARG, "no field \"257\"" },
        { "a.jpg\t\tF\n", "2", KAO_E_FORMAT, "line 1: an empty field" },
        { "\t20\tF\n", "2", KAO_E_FORMAT, "line 1: an empty field" },
        { "# p\t\tsex\na.jpg\t20\tF\n", "sex", KAO_E_FORMAT, "line 1: an empty field" },
        { "a.jpg\t20\t\n", "2", KAO_E_FORMAT, "line 1: an empty field" },
        { "a.jpg\t20\tF\nb.jpg\t20\t\r\n", NULL, KAO_E_FORMAT,
          "line 2: an empty field" },
        { list, "99999999999999999999999", KAO_E_ARG, "no field" },
        { "a.jpg x\n", "sex", KAO_E_ARG, "no field \"sex\"" },
        { "a.jpg x\na.jpg y\n", NULL, KAO_E_FORMAT,
          "line 2: a picture that has a line" },
    };
    kao_mem mem;

    (void)state;
    kao_mem_init(&mem, NULL);
    for (size_t i = 0; i < COUNT(rows); i++) {
        kao_error err = { 0 };
        kao_groups g;
        const kao_status st = read_text(&g, &mem, rows[i].text, rows[i].by, &err);

        if (st != rows[i].want || !strstr(err.msg, rows[i].why) ||
            strncmp(err.msg, "list.txt: ", 10) != 0)
            fail_msg("row %zu: %d %s", i, st, err.msg);
    }
    assert_int_equal(atomic_load(&mem.live), 0);
}

/* Five vectors at known angles: 0, 10, 20, 90 degrees, and one that does not count. */
static void matches(void **state)
{
    static const float vectors[10] = { 1,          0,          .98480775f, .17364818f,
                                       .93969262f, .34202014f, 0,          1,
                                       1,          0 };
    static const uint32_t group[5] = { 0, 1, 0, 1, 0 };
    static const bool usable[5] = { true, true, true, true, false };
    kao_match_count cells[4];

    (void)state;
    /* within 15 degrees: 0-10 (across), 10-20 (across); not 0-20 (group 0) */
    kao_count_matches(vectors, 2, group, usable, false, 5, .9659f, 2, cells);
    static const kao_match_count narrow[4] = { { 1, 0 }, { 4, 2 }, { 0, 0 }, { 1, 0 } };
    /* within 25 degrees: 0-20 too */
    static const kao_match_count wide[4] = { { 1, 1 }, { 4, 2 }, { 0, 0 }, { 1, 0 } };

    assert_memory_equal(cells, narrow, sizeof cells);
    kao_count_matches(vectors, 2, group, usable, false, 5, .9063f, 2, cells);
    assert_memory_equal(cells, wide, sizeof cells);
    /* the last one counts, as like no other, whatever the threshold */
    static const kao_match_count rejected[4] = {
        { 3, 1 }, { 6, 4 }, { 0, 0 }, { 1, 1 }
    };

    kao_count_matches(vectors, 2, group, usable, true, 5, -1, 2, cells);
    assert_memory_equal(cells, rejected, sizeof cells);
}

static void failures(void **state)
{
    kao_mem mem;

    (void)state;
    kao_mem_init(&mem, NULL);
    for (long long i = 0;; i++) {
        kao_groups g;

        kao_fault_arm(&mem, KAO_FAULT_ALLOC, i);
        const kao_status st = read_text(&g, &mem, list, "sex", NULL);

        if (!kao_fault_disarm(&mem, KAO_FAULT_ALLOC)) {
            assert_int_equal(st, KAO_OK);
            kao_groups_free(&g);
            break;
        }
        assert_int_equal(st, KAO_E_NOMEM);
        assert_int_equal(atomic_load(&mem.live), 0);
    }
    assert_int_equal(atomic_load(&mem.live), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms),
        cmocka_unit_test(refusals),
        cmocka_unit_test(matches),
        cmocka_unit_test(failures),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
