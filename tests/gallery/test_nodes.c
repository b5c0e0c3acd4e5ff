/* A gallery on a server: values come back as they went, each machine keeps its own index in step, one
 * writes at a time, and a connection that is lost is told and made anew. Without a server only the values. */
#include "support/unit.h"

#include <float.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "gallery/people_made.h"

enum { DIM = 20, FROM = 8, MANY = 2500 };

#define NEEDS_SERVER                                                                   \
 do {                                                                                  \
  if (!kept_on_server())                                                               \
   skip();                                                                             \
 } while (0)

static made begin(void **state, const char *name)
{
    fixture *f = *state;

    f->ctx->index_from = FROM;
    made_seed(9);
    return made_gallery(f, name, DIM);
}

static void finish(made *m)
{
    assert_int_equal(kao_gallery_verify(m->g, &m->f->err), KAO_OK);
    kao_gallery_close(m->g);
    m->f->ctx->index_from = 0;
}

/* ---- values ---- */

static void values_come_back(void **state)
{
    static const int64_t numbers[] = { 0, 1, -1, INT64_MAX, INT64_MIN, 1LL << 40 };
    static const double reals[] = { 0, -1.5, DBL_MAX, DBL_MIN, 1e-300, .1 };
    static const char *const texts[] = { "", "a'b\"c\\", "顔\n?", "x", NULL, "$1" };
    static const uint8_t bytes[] = { 0, 255, 39, 92, 10, 0 };
    made m = begin(state, "values.kao");
    kao_rows *rows = NULL;

    for (size_t i = 0; i < COUNT(numbers); i++) {
        MADE_IS(kao_db_ask(m.g->db, &rows, &m.f->err,
                           "SELECT ?, ?, ?, ?, ?1, ? IS NULL", "idtbt", numbers[i],
                           reals[i], texts[i], bytes, i, texts[i]),
                KAO_OK);
        assert_true(kao_rows_next(rows));
        char want[32];

        snprintf(want, sizeof want, "%lld", (long long)numbers[i]);
        assert_true(kao_row_int(rows, 0) == numbers[i]);
        assert_true(
            memcmp(&(double){ kao_row_real(rows, 1) }, &reals[i], sizeof(double)) == 0);
        if (texts[i])
            assert_string_equal(kao_row_text(rows, 2), texts[i]);
        else
            assert_null(kao_row_text(rows, 2));
        assert_int_equal(kao_row_bytes(rows, 3).n, i);
        assert_true(i == 0 || memcmp(kao_row_bytes(rows, 3).p, bytes, i) == 0);
        assert_string_equal(kao_row_text(rows, 4), want); /* a number as a text */
        assert_int_equal(kao_row_int(rows, 5), !texts[i]);
        assert_false(kao_rows_next(rows));
        assert_int_equal(kao_rows_end(rows, NULL), KAO_OK);
    }
    finish(&m);
}

/* A statement while another's rows are read, and answers that come in pieces. */
static const char many[] = "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 "
                           "FROM c WHERE i < ?1) SELECT i FROM c";

static void long_answers(void **state)
{
    static const int64_t lengths[] = { 1, 999, 1000, 1001, MANY };
    made m = begin(state, "long.kao");

    for (size_t i = 0; i < 2 * COUNT(lengths); i++) {
        const int64_t n = lengths[i / 2];
        kao_rows *rows = NULL;
        int64_t at = 0, inside = 0;

        if (i % 2)
            MADE_IS(kao_db_begin_reading(m.g->db, &m.f->err), KAO_OK);
        MADE_IS(kao_db_ask_long(m.g->db, &rows, &m.f->err, many, "i", n), KAO_OK);
        while (kao_rows_next(rows)) {
            assert_int_equal(kao_row_int(rows, 0), ++at);
            if (at % 500 == 1)
                MADE_IS(
                    kao_db_number(m.g->db, &inside, &m.f->err, "SELECT ? + 1", "i", at),
                    KAO_OK);
        }
        assert_int_equal(kao_rows_end(rows, &m.f->err), KAO_OK);
        assert_true(at == n && inside > 1);
        if (i % 2)
            MADE_IS(kao_db_commit(m.g->db, &m.f->err), KAO_OK);
    }
    finish(&m);
}

/* ---- machines ---- */

/* Another machine's handle: what it keeps lies in a folder of its own. */
static kao_gallery *on_node(made *m, const char *node, bool read_only)
{
    char folder[300];

    snprintf(folder, sizeof folder, "%s/%s", m->f->dir, node);
    assert_int_equal(setenv("XDG_CACHE_HOME", folder, 1), 0);
    kao_gallery *g = made_open(m, m->f->ctx, read_only);

    assert_int_equal(setenv("XDG_CACHE_HOME", m->f->dir, 1), 0);
    return g;
}

static bool file_has(const char *path, const void *what, size_t n)
{
    static uint8_t bytes[1 << 20];
    FILE *file = fopen(path, "rb");
    bool hit = false;

    assert_non_null(file);
    const size_t got = fread(bytes, 1, sizeof bytes, file);

    fclose(file);
    assert_true(got < sizeof bytes);
    for (size_t i = 0; i + n <= got && !hit; i++)
        hit = memcmp(bytes + i, what, n) == 0;
    return hit;
}

static void an_old_index_catches_up(void **state)
{
    NEEDS_SERVER;
    made m = begin(state, "old.kao");
    float v[DIM], q[2 * DIM];
    char index[KEPT_BYTES];
    struct stat before, after;
    kao_receipt r = { .size = sizeof r };

    made_people(&m, MADE_CLUSTERED, 30);
    made_vector(MADE_RANDOM, DIM, v);
    made_vector(MADE_RANDOM, DIM, q);
    made_vector(MADE_CLUSTERED, DIM, q + DIM);
    const int64_t gone = made_person(&m, m.g, v, KAO_OK);
    kao_gallery *away = on_node(&m, "away", false);

    kept_index(away, index);
    assert_string_not_equal(index, m.index);
    made_check(&m, m.g, q, 2, 6);
    made_check(&m, away, q, 2, 6);
    kao_gallery_close(away);
    assert_true(file_has(index, v, sizeof v) && file_has(m.index, v, sizeof v));
    assert_int_equal(stat(index, &before), 0);
    assert_int_equal(before.st_mode & 0777, 0600);

    made_people(&m, MADE_CLUSTERED, 7);
    MADE_IS(kao_gallery_merge(m.g, 1, 2, &m.f->err), KAO_OK);
    MADE_IS(kao_gallery_remove_person(m.g, 3, &m.f->err), KAO_OK);
    MADE_IS(kao_gallery_forget(m.g, gone, &r, &m.f->err), KAO_OK);
    assert_true(r.n_traces == 0 && r.n_bytes_searched > 0);
    assert_false(file_has(m.index, v, sizeof v));
    assert_true(file_has(index, v, sizeof v)); /* as the receipt says */

    away =
        on_node(&m, "away", true); /* who only reads the gallery keeps an index, too */
    made_check(&m, away, q, 2, 6);
    assert_int_equal(stat(index, &after), 0);
    assert_true(before.st_ino == after.st_ino);
    assert_non_null(away->index.stores[0].path);
    assert_false(file_has(index, v, sizeof v));
    made_people(&m, MADE_CLUSTERED, 2);
    made_check(&m, away, q, 2, 6);
    kao_gallery_close(away);
    finish(&m);
}

static void without_a_folder_the_index_is_in_memory(void **state)
{
    NEEDS_SERVER;
    made m = begin(state, "memory.kao");
    const char *home = getenv("HOME");
    char kept[300] = "";
    float q[DIM];

    if (home)
        snprintf(kept, sizeof kept, "%s", home);
    made_people(&m, MADE_CLUSTERED, 20);
    made_vector(MADE_CLUSTERED, DIM, q);
    unsetenv("XDG_CACHE_HOME");
    unsetenv("HOME");
    kao_gallery *g = made_open(&m, m.f->ctx, false);

    if (home)
        setenv("HOME", kept, 1);
    setenv("XDG_CACHE_HOME", m.f->dir, 1);
    made_check(&m, g, q, 1, 5);
    assert_null(g->index.stores[0].path);
    made_people(&m, MADE_CLUSTERED, 2);
    made_check(&m, g, q, 1, 5);
    MADE_IS(kao_gallery_forget(g, 1, NULL, &m.f->err), KAO_OK);
    made_check(&m, g, q, 1, 5);
    kao_gallery_close(g);
    finish(&m);
}

/* ---- one writes ---- */

static void one_writes_at_a_time(void **state)
{
    NEEDS_SERVER;
    made m = begin(state, "writers.kao"), other = begin(state, "others.kao");
    const kao_gallery_options o = { .wait_ms = 50, .key = kept_key() };
    kao_gallery *g = NULL;
    kao_db *db = kept_db(m.f, m.path);
    int64_t person = 0;

    made_people(&m, MADE_RANDOM, 1);
    MADE_IS(kao_gallery_open(m.f->ctx, &g, m.path, &o, &m.f->err), KAO_OK);
    MADE_IS(kao_db_begin(db, &m.f->err), KAO_OK);
    MADE_IS(kao_gallery_rename(g, 1, "Ana", &m.f->err), KAO_E_IO);
    assert_non_null(strstr(m.f->err.msg, "another program is writing it"));
    made_people(&other, MADE_RANDOM, 1); /* another gallery of the same database */
    MADE_IS(kao_gallery_find(g, "Ana", &person, &m.f->err),
            KAO_E_NOT_FOUND); /* who reads */
    kao_db_rollback(db);
    MADE_IS(kao_gallery_rename(g, 1, "Ana", &m.f->err), KAO_OK);
    kao_db_close(db);
    kao_gallery_close(g);
    finish(&other);
    finish(&m);
}

/* ---- connections ---- */

/* The server ends all connections but this one; when they are gone. */
static void cut_off(made *m)
{
    static const char others[] =
        " FROM pg_stat_activity WHERE application_name = 'kao' AND pid <> "
        "pg_backend_pid()";
    const struct timespec pause = { 0, 2000000 };
    kao_db *db = kept_db(m->f, m->path);
    char sql[200];
    int64_t n = 1;

    snprintf(sql, sizeof sql, "SELECT count(pg_terminate_backend(pid))%s", others);
    assert_int_equal(kao_db_number(db, &n, &m->f->err, sql, ""), KAO_OK);
    snprintf(sql, sizeof sql, "SELECT count(*)%s", others);
    while (n > 0) {
        nanosleep(&pause, NULL);
        assert_int_equal(kao_db_number(db, &n, &m->f->err, sql, ""), KAO_OK);
    }
    kao_db_close(db);
}

static int64_t changes(made *m)
{
    kao_gallery_stats s = { .size = sizeof s };

    assert_int_equal(kao_gallery_stats_of(m->g, &s, &m->f->err), KAO_OK);
    return (int64_t)s.n_changes;
}

static void lost_connections(void **state)
{
    NEEDS_SERVER;
    static const char insert[] =
        "INSERT INTO change(time, action, detail) VALUES(1, 'x', 'x')";
    made m = begin(state, "lost.kao");
    kao_db *db = m.g->db;
    kao_rows *rows = NULL;
    int64_t n = 0;

    made_people(&m, MADE_RANDOM, 2);
    cut_off(&m); /* nobody notices */
    MADE_IS(kao_gallery_person(m.g, 1, NULL, NULL, NULL), KAO_E_ARG);
    assert_int_equal(changes(&m), 2);
    cut_off(&m);
    MADE_IS(kao_gallery_rename(m.g, 1, "Ana", &m.f->err), KAO_OK);

    /* in the middle of a transaction it is told, until that is ended */
    MADE_IS(kao_db_begin(db, &m.f->err), KAO_OK);
    MADE_IS(kao_db_run(db, &m.f->err, insert, ""), KAO_OK);
    cut_off(&m);
    MADE_IS(kao_db_run(db, &m.f->err, insert, ""), KAO_E_IO);
    assert_non_null(strstr(m.f->err.msg, "the connection was lost: "));
    assert_non_null(strstr(m.f->err.msg, "terminating connection"));
    assert_null(strchr(m.f->err.msg, '\n'));
    MADE_IS(kao_db_number(db, &n, &m.f->err, "SELECT 1", ""), KAO_E_IO);
    MADE_IS(kao_db_commit(db, &m.f->err), KAO_E_IO);
    assert_int_equal(changes(&m), 3);

    MADE_IS(kao_db_begin(db, &m.f->err), KAO_OK);
    MADE_IS(kao_db_run(db, &m.f->err, insert, ""), KAO_OK);
    cut_off(&m);
    MADE_IS(kao_db_commit(db, &m.f->err), KAO_E_IO);
    assert_non_null(
        strstr(m.f->err.msg, "it is not known whether the change is there"));
    assert_int_equal(changes(&m), 3);

    /* in the middle of an answer */
    for (int i = 0; i < 2; i++) {
        if (i)
            MADE_IS(kao_db_begin_reading(db, &m.f->err), KAO_OK);
        MADE_IS(kao_db_ask_long(db, &rows, &m.f->err, many, "i", (int64_t)MANY),
                KAO_OK);
        assert_true(kao_rows_next(rows));
        cut_off(&m);
        for (n = 1; kao_rows_next(rows); n++)
            ;
        assert_true(n < MANY);
        assert_int_equal(kao_rows_end(rows, &m.f->err), KAO_E_IO);
        kao_db_rollback(db);
    }
    /* which another statement notices first */
    MADE_IS(kao_db_ask_long(db, &rows, &m.f->err, many, "i", (int64_t)MANY), KAO_OK);
    cut_off(&m);
    MADE_IS(kao_db_number(db, &n, &m.f->err, "SELECT 3", ""), KAO_OK);
    assert_int_equal(n, 3);
    while (kao_rows_next(rows))
        ;
    assert_int_equal(kao_rows_end(rows, &m.f->err), KAO_E_IO);
    if (!strstr(m.f->err.msg, "the connection was lost in an answer"))
        fail_msg("%s", m.f->err.msg);
    MADE_IS(kao_gallery_rename(m.g, 1, "Anna", &m.f->err), KAO_OK);
    finish(&m);
}

/* A statement that fails spoils its transaction, not what comes after. */
static void failed_statements(void **state)
{
    made m = begin(state, "failed.kao");
    kao_db *db = m.g->db;
    int64_t n = 0;

    MADE_IS(kao_db_begin(db, &m.f->err), KAO_OK);
    MADE_IS(kao_db_run(db, &m.f->err, "INSERT INTO cats VALUES(1)", ""), KAO_E_IO);
    assert_non_null(strstr(m.f->err.msg, "cats"));
    kao_db_rollback(db);
    MADE_IS(kao_db_number(db, &n, &m.f->err, "SELECT 7", ""), KAO_OK);
    assert_int_equal(n, 7);
    MADE_IS(kao_db_begin(db, &m.f->err), KAO_OK);
    MADE_IS(kao_db_run(db, &m.f->err,
                       "INSERT INTO vector(sample, model, numbers) VALUES(99, 1, ?)",
                       "b", "x", (size_t)1),
            KAO_E_IO);
    kao_db_rollback(db);
    finish(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_come_back),
        cmocka_unit_test(long_answers),
        cmocka_unit_test(an_old_index_catches_up),
        cmocka_unit_test(without_a_folder_the_index_is_in_memory),
        cmocka_unit_test(one_writes_at_a_time),
        cmocka_unit_test(lost_connections),
        cmocka_unit_test(failed_statements),
    };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
