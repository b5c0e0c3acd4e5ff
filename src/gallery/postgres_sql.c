/* Statements and addresses as PostgreSQL reads them. */
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "gallery/postgres.h"

const char kao_pg_counters[] =
    "CREATE TABLE counter(name TEXT PRIMARY KEY, value BIGINT NOT NULL);"
    "CREATE FUNCTION next_number(TEXT) RETURNS BIGINT LANGUAGE sql"
    " SET search_path FROM CURRENT AS 'INSERT INTO counter AS c (name, value) VALUES "
    "($1, 1) ON CONFLICT (name) DO UPDATE SET value = c.value + 1 RETURNING c.value';";

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || is_digit(c);
}

static bool add(kao_bytes *b, const char *text)
{
    return kao_bytes_add(b, text, strlen(text));
}

/* Up to behind the literal's end. */
static size_t literal_length(const char *p)
{
    const char *end = strchr(p + 1, '\'');

    return end ? (size_t)(end - p) + 1 : strlen(p);
}

/* ? is the next one, ?2 the second. */
static bool add_parameter(kao_bytes *b, const char **p, int *last)
{
    char text[16];
    int n = 0;

    for (++*p; is_digit(**p) && n < 1000; ++*p)
        n = n * 10 + (**p - '0');
    n = n ? n : *last + 1;
    *last = n > *last ? n : *last;
    snprintf(text, sizeof text, "$%d", n);
    return add(b, text);
}

static char *finish(kao_bytes *b, bool fine)
{
    if (fine && kao_bytes_add(b, "", 1))
        return (char *)b->p;
    kao_bytes_free(b);
    return NULL;
}

char *kao_pg_statement(kao_mem *mem, const char *sql)
{
    kao_bytes b = { .mem = mem, .max = SIZE_MAX / 2 };
    bool fine = true;
    int last = 0;

    while (fine && *sql) {
        const size_t n = *sql == '\'' ? literal_length(sql) : 1;

        if (*sql == '?') {
            fine = add_parameter(&b, &sql, &last);
            continue;
        }
        fine = kao_bytes_add(&b, sql, n);
        sql += n;
    }
    return finish(&b, fine);
}

/* ---- definitions ---- */

static const struct {
    const char *from, *to;
} words[] = {
    { "INTEGER", "BIGINT" },
    { "REAL", "DOUBLE PRECISION" },
    { "BLOB", "BYTEA" },
    { "WITHOUT ROWID", "" },
};

static bool begins(const char *p, const char *word)
{
    return strncmp(p, word, strlen(word)) == 0 && !is_word(p[strlen(word)]);
}

/* At the beginning of a word: what stands for it, and *n bytes of it; NULL: itself. */
static const char *other_word(const char *p, size_t *n)
{
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (begins(p, words[i].from)) {
            *n = strlen(words[i].from);
            return words[i].to;
        }
    *n = *p == '\'' ? literal_length(p) : 1;
    while (is_word(p[0]) && is_word(p[*n]))
        ++*n;
    return NULL;
}

char *kao_pg_script(kao_mem *mem, const char *sql, bool *numbers)
{
    static const char create[] = "CREATE TABLE ",
                      given[] = "INTEGER PRIMARY KEY AUTOINCREMENT";
    kao_bytes b = { .mem = mem, .max = SIZE_MAX / 2 };
    char table[KAO_PG_NAME] = "", text[KAO_PG_NAME + 60];
    bool fine = true;

    *numbers = false;
    for (size_t n = 0; fine && *sql; sql += n) {
        if (strncmp(sql, create, sizeof create - 1) == 0)
            snprintf(table, sizeof table, "%.*s",
                     (int)strcspn(sql + sizeof create - 1, "( "),
                     sql + sizeof create - 1);
        if (begins(sql, given)) {
            *numbers = true;
            snprintf(text, sizeof text, "BIGINT PRIMARY KEY DEFAULT next_number('%s')",
                     table);
            fine = add(&b, text);
            n = sizeof given - 1;
            continue;
        }
        const char *other = other_word(sql, &n);

        fine = other ? add(&b, other) : kao_bytes_add(&b, sql, n);
    }
    return finish(&b, fine);
}

/* ---- addresses ---- */

static bool is_schema(const char *p, size_t n)
{
    if (n == 0 || n >= KAO_PG_NAME || strncmp(p, "pg_", 3) == 0)
        return false;
    for (size_t i = 0; i < n; i++)
        if (!is_word(p[i]) && p[i] != '-')
            return false;
    return true;
}

kao_status kao_pg_address(kao_mem *mem, const char *name, const char *shown,
                          char **address, char schema[KAO_PG_NAME], kao_error *err)
{
    static const char key[] = "kao_schema=";
    /* a ? before the @ is of a password */
    const char *at = strchr(name, '@'), *p = strchr(at ? at : name, '?');
    kao_bytes b = { .mem = mem, .max = SIZE_MAX / 2 };
    const char *before = "?";
    bool fine = kao_bytes_add(&b, name, p ? (size_t)(p - name) : strlen(name));

    snprintf(schema, KAO_PG_NAME, "kao");
    for (p = p ? p + 1 : ""; fine && *p; p += p[0] == '&') {
        const size_t n = strcspn(p, "&");

        if (strncmp(p, key, sizeof key - 1) == 0) {
            const char *value = p + sizeof key - 1;
            const size_t length = n - (sizeof key - 1);

            if (!is_schema(value, length)) {
                kao_bytes_free(&b);
                return kao_fail(err, KAO_E_ARG,
                                "%s: kao_schema: wanted 1 to %d letters, digits, _ and "
                                "-, not pg_ at the beginning",
                                shown, KAO_PG_NAME - 1);
            }
            snprintf(schema, KAO_PG_NAME, "%.*s", (int)length, value);
        } else if (n > 0) {
            fine = add(&b, before) && kao_bytes_add(&b, p, n);
            before = "&";
        }
        p += n;
    }
    *address = finish(&b, fine);
    return *address ? KAO_OK : kao_fail(err, KAO_E_NOMEM, "%s: out of memory", shown);
}
