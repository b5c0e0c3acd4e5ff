/* See database.h. */
#include "base/database.h"

#include <stdio.h>
#include <string.h>

static const char *const schemes[] = { "postgresql://", "postgres://" };

/* Behind the scheme; NULL: it has none. */
static const char *behind_scheme(const char *name)
{
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++)
        if (strncmp(name, schemes[i], strlen(schemes[i])) == 0)
            return name + strlen(schemes[i]);
    return NULL;
}

bool kao_database_is_address(const char *name)
{
    return behind_scheme(name) != NULL;
}

/* A parameter that is not told: a password, or a name with escapes, which may be one. */
static bool is_secret(const char *p, size_t n)
{
    const char *equals = memchr(p, '=', n);
    const size_t key = equals ? (size_t)(equals - p) : n;

    return memchr(p, '%', key) || (key == 8 && memcmp(p, "password", key) == 0) ||
           (key == 11 && memcmp(p, "sslpassword", key) == 0);
}

typedef struct writing {
    char *to;
    size_t at;
    bool fits;
} writing;

static void put(writing *w, const char *p, size_t n)
{
    const size_t room = KAO_DATABASE_SHOWN - 1 - w->at, some = n < room ? n : room;

    memcpy(w->to + w->at, p, some);
    w->at += some;
    w->to[w->at] = '\0';
    w->fits = w->fits && some == n;
}

static void put_parameters(writing *w, const char *p)
{
    const char *before = "?";

    while (*p) {
        const size_t n = strcspn(p, "&");

        if (n > 0 && !is_secret(p, n)) {
            put(w, before, 1);
            put(w, p, n);
            before = "&";
        }
        p += p[n] ? n + 1 : n;
    }
}

bool kao_database_show(const char *name, char to[KAO_DATABASE_SHOWN])
{
    const char *p = behind_scheme(name);
    writing w = { .to = to, .fits = true };

    to[0] = '\0';
    if (!p) {
        put(&w, name, strlen(name));
        return w.fits;
    }
    put(&w, name, (size_t)(p - name));
    /* as libpq reads it: who and password end at an @ that no / stands before */
    const size_t who = strcspn(p, "@/");
    const char *rest = p[who] == '@' ? p + who + 1 : p;

    if (strchr(rest, '@')) {
        put(&w, "...", 3);
        return false;
    }
    if (rest > p) {
        put(&w, p, strcspn(p, ":@"));
        put(&w, "@", 1);
    }
    put(&w, rest, strcspn(rest, "?"));
    rest += strcspn(rest, "?");
    if (*rest)
        put_parameters(&w, rest + 1);
    return w.fits;
}

void kao_database_id(const char *address, char to[KAO_SHA256_TEXT])
{
    char shown[KAO_DATABASE_SHOWN];

    kao_database_show(address, shown);
    kao_sha256((kao_span){ (const uint8_t *)shown, strlen(shown) }, to);
}
