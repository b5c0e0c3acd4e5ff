/* See kept.h. */
#include "support/unit.h"

#include "gallery/kept.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *server(void)
{
    const char *address = getenv("KAO_TEST_POSTGRES");

    return address && address[0] ? address : NULL;
}

bool kept_on_server(void)
{
    return server() != NULL;
}

const void *kept_key(void)
{
    static const uint8_t key[KAO_GALLERY_KEY] = { 7, 1, 2, 3 };
    const char *asked = getenv("KAO_TEST_ENCRYPTED");

    return asked && asked[0] ? key : NULL;
}

int kept_times(int n)
{
    return server() ? n / 10 : n;
}

void kept_path(const fixture *f, const char *name, char path[KEPT_BYTES])
{
    int n = 0;

    if (!server()) {
        n = snprintf(path, KEPT_BYTES, "%s/%s", f->dir, name);
    } else {
        char schema[40];
        size_t i = 0;

        /* several programs have one server */
        for (; name[i] && i + 1 < sizeof schema; i++)
            schema[i] = isalnum((unsigned char)name[i]) ? name[i] : '_';
        schema[i] = '\0';
        n = snprintf(path, KEPT_BYTES, "%s?kao_schema=t%ld_%s", server(),
                     (long)getpid(), schema);
        assert_int_equal(setenv("XDG_CACHE_HOME", f->dir, 1), 0);
    }
    assert_true(n > 0 && n < KEPT_BYTES);
}

void kept_index(kao_gallery *g, char path[KEPT_BYTES])
{
    char *name = kao_index_path(g, 0);

    assert_non_null(name);
    assert_true(snprintf(path, KEPT_BYTES, "%s", name) < KEPT_BYTES);
    kao_free(&g->ctx->mem, name);
}

kao_db *kept_db(fixture *f, const char *path)
{
    const kao_db_options o = { .wait_ms = 10000 };
    kao_db *db = NULL;

    if (kao_db_open(&f->ctx->mem, &db, path, &o, &f->err))
        fail_msg("%s", f->err.msg);
    return db;
}

const float *at_degrees(float *to, size_t dim, double degrees)
{
    const double r = degrees * 3.14159265358979323846 / 180;

    memset(to, 0, dim * sizeof *to);
    to[0] = (float)cos(r);
    to[1] = (float)sin(r);
    return to;
}
