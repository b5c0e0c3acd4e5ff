/* What PostgreSQL reads instead of what stands in the sources. */
#include "support/unit.h"

#include <string.h>

#include "gallery/postgres.h"
#include "support/fixture.h"

static void parameters_get_numbers(void **state)
{
    static const char *const cases[][2] = {
        { "SELECT 1", "SELECT 1" },
        { "a = ? AND b = ?", "a = $1 AND b = $2" },
        { "?2 ?1 ? ?", "$2 $1 $3 $4" },
        { "?12", "$12" },
        { "'what?' || ? || '''?'", "'what?' || $1 || '''?'" },
        { "'\n?' ?", "'\n?' $1" },
        { "'open ?", "'open ?" },
        { "", "" },
    };
    fixture *f = *state;

    for (size_t i = 0; i < COUNT(cases); i++) {
        char *sql = kao_pg_statement(&f->ctx->mem, cases[i][0]);

        assert_non_null(sql);
        assert_string_equal(sql, cases[i][1]);
        kao_free(&f->ctx->mem, sql);
    }
}

static void definitions_get_types(void **state)
{
    static const struct {
        const char *from, *to;
        bool numbers;
    } cases[] = {
        { "CREATE TABLE a(x INTEGER NOT NULL, y REAL, z BLOB, INTEGERS TEXT);",
          "CREATE TABLE a(x BIGINT NOT NULL, y DOUBLE PRECISION, z BYTEA, INTEGERS "
          "TEXT);",
          false },
        { "CREATE TABLE a(x INTEGER PRIMARY KEY) WITHOUT ROWID;",
          "CREATE TABLE a(x BIGINT PRIMARY KEY) ;", false },
        { "CREATE TABLE one(x TEXT);CREATE TABLE two(n INTEGER PRIMARY KEY "
          "AUTOINCREMENT, m INTEGER);",
          "CREATE TABLE one(x TEXT);CREATE TABLE two(n BIGINT PRIMARY KEY DEFAULT "
          "next_number('two'), m BIGINT);",
          true },
        { "INSERT INTO a VALUES('INTEGER', 'REAL')",
          "INSERT INTO a VALUES('INTEGER', 'REAL')", false },
        { "a_INTEGER INTEGER_a", "a_INTEGER INTEGER_a", false },
    };
    fixture *f = *state;

    for (size_t i = 0; i < COUNT(cases); i++) {
        bool numbers = !cases[i].numbers;
        char *sql = kao_pg_script(&f->ctx->mem, cases[i].from, &numbers);

        assert_non_null(sql);
        assert_string_equal(sql, cases[i].to);
        assert_int_equal(numbers, cases[i].numbers);
        kao_free(&f->ctx->mem, sql);
    }
}

static void addresses_lose_the_schema(void **state)
{
    static const struct {
        const char *from, *to, *schema; /* to NULL: refused */
    } cases[] = {
        { "postgresql://h/d", "postgresql://h/d", "kao" },
        { "postgresql://h/d?kao_schema=x", "postgresql://h/d", "x" },
        { "postgresql://h/d?a=1&kao_schema=x-1_Y&b=2", "postgresql://h/d?a=1&b=2",
          "x-1_Y" },
        { "postgresql://h?kao_schema=x&a=1", "postgresql://h?a=1", "x" },
        { "postgresql://u:a?b=c&kao_schema=q@h/d?kao_schema=x",
          "postgresql://u:a?b=c&kao_schema=q@h/d", "x" },
        { "postgresql://h/d?kao_schema=", NULL, NULL },
        { "postgresql://h/d?kao_schema=a\"b", NULL, NULL },
        { "postgresql://h/d?kao_schema=a;b", NULL, NULL },
        { "postgresql://h/d?kao_schema=pg_catalog", NULL, NULL },
        { "postgresql://h/d?kao_schema="
          "0123456789012345678901234567890123456789012345678901234567890123",
          NULL, NULL },
    };
    fixture *f = *state;

    for (size_t i = 0; i < COUNT(cases); i++) {
        char schema[KAO_PG_NAME], *address = NULL;
        const kao_status st = kao_pg_address(&f->ctx->mem, cases[i].from, "shown",
                                             &address, schema, &f->err);

        assert_int_equal(st, cases[i].to ? KAO_OK : KAO_E_ARG);
        if (cases[i].to) {
            assert_string_equal(address, cases[i].to);
            assert_string_equal(schema, cases[i].schema);
        }
        kao_free(&f->ctx->mem, address);
    }
}

static void memory_runs_out(void **state)
{
    fixture *f = *state;
    kao_mem *mem = &f->ctx->mem;
    char schema[KAO_PG_NAME], *text = NULL;
    bool numbers = false;

    for (int what = 0; what < 3; what++) {
        kao_fault_arm(mem, KAO_FAULT_ALLOC, 0);
        kao_status st = KAO_E_NOMEM;

        text = NULL;
        if (what == 0)
            text = kao_pg_statement(mem, "?");
        else if (what == 1)
            text = kao_pg_script(mem, "CREATE TABLE a(x INTEGER)", &numbers);
        else
            st = kao_pg_address(mem, "postgresql://h", "h", &text, schema, NULL);
        assert_true(kao_fault_disarm(mem, KAO_FAULT_ALLOC));
        assert_true(!text && st == KAO_E_NOMEM);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parameters_get_numbers),
        cmocka_unit_test(definitions_get_types),
        cmocka_unit_test(addresses_lose_the_schema),
        cmocka_unit_test(memory_runs_out),
    };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
