/* Addresses of databases: what is told of them has no password, wherever it stands. */
#include "support/unit.h"

#include <stdio.h>
#include <string.h>

#include "base/database.h"

static void addresses_are_told_from_files(void **state)
{
    (void)state;
    assert_true(kao_database_is_address("postgresql://h/d"));
    assert_true(kao_database_is_address("postgres://"));
    assert_false(kao_database_is_address("postgres:/d"));
    assert_false(kao_database_is_address("./postgresql://h"));
    assert_false(kao_database_is_address(""));
}

static void no_password_is_told(void **state)
{
    static const struct {
        const char *name, *shown;
        bool fine;
    } cases[] = {
        { "people 顔.kao", "people 顔.kao", true },
        { "/a@b/x?password=y", "/a@b/x?password=y", true }, /* a file */
        { "postgresql://h:5432/d", "postgresql://h:5432/d", true },
        { "postgresql://u@h/d", "postgresql://u@h/d", true },
        { "postgresql://u:secret@h/d", "postgresql://u@h/d", true },
        { "postgres://u:se?c:r&e=t@h/d?a=b", "postgres://u@h/d?a=b", true },
        { "postgresql://:secret@h", "postgresql://@h", true },
        { "postgresql://h/d?password=secret", "postgresql://h/d", true },
        { "postgresql://h/d?a=1&password=secret&b=2", "postgresql://h/d?a=1&b=2",
          true },
        { "postgresql://h/d?sslpassword=secret&b=2", "postgresql://h/d?b=2", true },
        { "postgresql://h/d?pass%77ord=secret&b=2", "postgresql://h/d?b=2", true },
        { "postgresql://h/d?&&b=2&", "postgresql://h/d?b=2", true },
        /* a / or an @ in the password: libpq would take the rest for a host */
        { "postgresql://u:sec/ret@h/d", "postgresql://...", false },
        { "postgresql://u:sec@ret@h/d", "postgresql://...", false },
        { "postgresql://h/d?user=a@b", "postgresql://...", false },
    };
    char shown[KAO_DATABASE_SHOWN];

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(kao_database_show(cases[i].name, shown), cases[i].fine);
        assert_string_equal(shown, cases[i].shown);
    }
}

static void what_is_too_long_is_cut(void **state)
{
    static char name[2 * KAO_DATABASE_SHOWN];
    char shown[KAO_DATABASE_SHOWN];

    (void)state;
    memset(name, 'a', sizeof name - 1);
    assert_false(kao_database_show(name, shown));
    assert_int_equal(strlen(shown), KAO_DATABASE_SHOWN - 1);
    memcpy(name, "postgresql://u:secret@", 22);
    assert_false(kao_database_show(name, shown));
    assert_int_equal(strlen(shown), KAO_DATABASE_SHOWN - 1);
    assert_null(strstr(shown, "secret"));
    name[KAO_DATABASE_SHOWN - 1] = '\0';
    assert_true(kao_database_show(name, shown));
}

static void an_id_knows_no_password(void **state)
{
    char a[KAO_SHA256_TEXT], b[KAO_SHA256_TEXT], c[KAO_SHA256_TEXT];

    (void)state;
    kao_database_id("postgresql://u:one@h/d?kao_schema=x", a);
    kao_database_id("postgresql://u:two@h/d?kao_schema=x", b);
    kao_database_id("postgresql://u:one@h/d?kao_schema=y", c);
    assert_string_equal(a, b);
    assert_string_not_equal(a, c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_told_from_files),
        cmocka_unit_test(no_password_is_told),
        cmocka_unit_test(what_is_too_long_is_cut),
        cmocka_unit_test(an_id_knows_no_password),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
