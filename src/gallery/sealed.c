/* The key of an encrypted gallery. Its mark stands in the table meta:
 *
 *     seal = "1 SALT CHECK"    hexadecimal
 *
 * SALT is the gallery's own, so that a value of another gallery of the same key does not open here; CHECK is
 * a few words that were sealed, by which a wrong key is told at once. */
#include <stdio.h>
#include <string.h>

#include "base/secret.h"
#include "gallery/gallery.h"

static const char words[] = "kao gallery", with[] = "meta.seal";
enum { CHECK = sizeof words - 1 + SEAL_MORE };

/* Names are looked up by name_tag: the same for the same name. */
const char kao_sealed_tables[] = "ALTER TABLE person ADD COLUMN name_tag TEXT;"
                                 "CREATE INDEX person_name_tag ON person(name_tag);"
                                 "UPDATE meta SET value = '3' WHERE key = 'schema';";
const char kao_sealed_tables_undo[] =
    "DROP INDEX person_name_tag;"
    "ALTER TABLE person DROP COLUMN name_tag;"
    "UPDATE meta SET value = '2' WHERE key = 'schema';";

static kao_span span_of(const char *text)
{
    return (kao_span){ (const uint8_t *)text, strlen(text) };
}

kao_status kao_sealed_new(const uint8_t key[SEAL_KEY], kao_seal *seal,
                          char mark[KAO_SEAL_MARK], kao_error *err)
{
    uint8_t salt[SEAL_SALT], check[CHECK];
    char salt_text[2 * SEAL_SALT + 1], check_text[2 * CHECK + 1];

    kao_secret_random(salt, sizeof salt);
    const kao_status st = kao_seal_begin(seal, key, salt, err);

    if (st)
        return st;
    kao_seal_close(seal, SEAL_RANDOM, span_of(with), span_of(words), check);
    kao_secret_hex(salt, sizeof salt, salt_text);
    kao_secret_hex(check, sizeof check, check_text);
    snprintf(mark, KAO_SEAL_MARK, "1 %s %s", salt_text, check_text);
    return KAO_OK;
}

/* What meta says of it, "" where that is nothing, and the gallery's form, as of one moment. */
static kao_status read_mark(kao_gallery *g, char mark[KAO_SEAL_MARK], int64_t *schema,
                            kao_error *err)
{
    kao_rows *rows = NULL;
    const kao_status st =
        kao_db_ask(g->db, &rows, err,
                   "SELECT (SELECT value FROM meta WHERE key = 'seal'), (SELECT "
                   "CAST(value AS BIGINT) FROM meta WHERE key = 'schema')",
                   "");

    mark[0] = '\0';
    if (st)
        return st;
    if (kao_rows_next(rows)) {
        const char *text = kao_row_text(rows, 0);

        snprintf(mark, KAO_SEAL_MARK, "%s", text ? text : "");
        *schema = kao_row_int(rows, 1);
    }
    return kao_rows_end(rows, err);
}

static void use(kao_gallery *g)
{
    g->is_sealed = true;
    kao_db_seal(g->db, &g->seal, g->seal_mark);
}

kao_status kao_sealed_make(kao_gallery *g, const uint8_t key[SEAL_KEY], kao_error *err)
{
    kao_status st = kao_sealed_new(key, &g->seal, g->seal_mark, err);

    if (!st)
        st = kao_db_script(g->db, kao_sealed_tables, err);
    if (!st)
        st = kao_db_run(g->db, err, "INSERT INTO meta(key, value) VALUES('seal', ?)",
                        "t", g->seal_mark);
    if (!st)
        use(g);
    return st;
}

static bool read_parts(const char *mark, uint8_t salt[SEAL_SALT], uint8_t check[CHECK])
{
    char text[KAO_SEAL_MARK];

    if (strncmp(mark, "1 ", 2) != 0 || strlen(mark) != 3 + 2 * SEAL_SALT + 2 * CHECK ||
        mark[2 + 2 * SEAL_SALT] != ' ')
        return false;
    snprintf(text, sizeof text, "%.*s", 2 * SEAL_SALT, mark + 2);
    return kao_secret_of_hex(text, salt, SEAL_SALT) &&
           kao_secret_of_hex(mark + 3 + 2 * SEAL_SALT, check, CHECK);
}

static kao_status try_key(kao_gallery *g, const uint8_t key[SEAL_KEY], kao_error *err)
{
    uint8_t salt[SEAL_SALT], check[CHECK], opened[sizeof words];

    if (!read_parts(g->seal_mark, salt, check))
        return kao_fail(err, KAO_E_FORMAT, "%s: damaged: its mark of a key is none",
                        g->path);
    const kao_status st = kao_seal_begin(&g->seal, key, salt, err);

    if (st)
        return st;
    if (!kao_seal_open(&g->seal, span_of(with), (kao_span){ check, sizeof check },
                       opened) ||
        memcmp(opened, words, sizeof words - 1) != 0)
        return kao_fail(err, KAO_E_CONFLICT,
                        "%s: this key file is not the one it was made with", g->path);
    use(g);
    return KAO_OK;
}

kao_status kao_sealed_find(kao_gallery *g, const void *key, kao_error *err)
{
    const kao_status st = read_mark(g, g->seal_mark, &g->schema, err);

    if (st)
        return st;
    if ((g->seal_mark[0] != '\0') != (g->schema == KAO_GALLERY_SEALED))
        return kao_fail(err, KAO_E_FORMAT,
                        "%s: damaged: of form %lld, %s a mark of a key", g->path,
                        (long long)g->schema, g->seal_mark[0] ? "with" : "without");
    if (g->seal_mark[0] && !key)
        return kao_fail(err, KAO_E_CONFLICT, "%s: is encrypted: --key-file FILE",
                        g->path);
    if (!g->seal_mark[0] && key)
        return kao_fail(err, KAO_E_CONFLICT,
                        "%s: is not encrypted: no key file is wanted", g->path);
    return key ? try_key(g, key, err) : KAO_OK;
}

kao_status kao_sealed_check(kao_gallery *g, kao_error *err)
{
    char mark[KAO_SEAL_MARK];
    int64_t schema = 0;
    const kao_status st = read_mark(g, mark, &schema, err);

    if (st || strcmp(mark, g->seal_mark) == 0)
        return st;
    return kao_fail(err, KAO_E_CONFLICT,
                    !g->is_sealed ? "%s: was encrypted meanwhile: open it again"
                                  : "%s: has another key meanwhile, or none: open it "
                                    "again",
                    g->path);
}

kao_status kao_sealed_explain(kao_gallery *g, kao_status st, kao_error *err)
{
    kao_error own = { 0 };

    if (st == KAO_E_CONFLICT || kao_sealed_check(g, &own) != KAO_E_CONFLICT)
        return st;
    if (err)
        *err = own;
    return KAO_E_CONFLICT;
}

kao_status kao_gallery_begin(kao_gallery *g, kao_error *err)
{
    kao_status st = kao_db_begin(g->db, err);

    if (st)
        return st;
    st = kao_sealed_check(g, err);
    if (st)
        kao_db_rollback(g->db);
    return st;
}
