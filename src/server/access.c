/* See access.h. */
#include "server/access.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>

#include "base/clock.h"
#include "base/text.h"
#include "server/lockout.h"
#include "server/log.h"
#include "server/routes.h"

enum { CODES = 8, OPEN_BODY = 4096 };

typedef struct code {
    uint8_t secret[SECRET_BYTES];
    uint64_t until; /* seconds; 0: none */
} code;

struct kao_access {
    kao_mem *mem;
    const kao_server_options *o;

    pthread_mutex_t lock; /* of what follows */
    char cookie[24];      /* its name */
    kao_keys keys;
    struct timespec changed; /* the file, when it was read */
    ino_t file;              /* 0: there was none */
    bool unread;             /* it could not be read */
    bool demanded;
    kao_lockout lockout;
    code codes[CODES];
};

static uint64_t now_seconds(void)
{
    return kao_clock_ns() / 1000000000u;
}

/* ---- the log ---- */

/* What only looks; everything else that is no GET is told. */
static bool only_looks(const kao_call *c)
{
    static const char *const ends[] = { "/detect",   "/embed",     "/verify",
                                        "/identify", "/recognize", "/pictures" };
    const char *pattern = c->route->pattern, *last = strrchr(pattern, '/');

    if (strcmp(c->method, "GET") == 0 || strcmp(c->method, "HEAD") == 0 ||
        strncmp(pattern, "/v1/live", 8) == 0)
        return true;
    for (size_t i = 0; last && i < sizeof ends / sizeof ends[0]; i++)
        if (strcmp(last, ends[i]) == 0)
            return true;
    return false;
}

/* Of the parts of paths these are numbers and ids; others are names of people, keys. */
static bool is_told(const char *var, size_t n)
{
    static const char *const names[] = { "person", "sample", "image",
                                         "fact",   "job",    "number" };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strlen(names[i]) == n && strncmp(var, names[i], n) == 0)
            return true;
    return false;
}

/* The route, and what stands for its {..} where that may be told. No query: names are in there. */
static void path_of(const kao_call *c, char *to, size_t cap)
{
    const char *p = c->route->pattern;
    size_t n = 0, var = 0;

    to[0] = '\0';
    while (*p && n < cap) {
        const size_t plain = strcspn(p, "{"), all = strcspn(p + plain, "}");

        n += (size_t)snprintf(to + n, cap - n, "%.*s", (int)plain, p);
        p += plain;
        if (*p != '{' || n >= cap)
            continue;
        if (var < CALL_VARS && c->vars[var] && is_told(p + 1, all - 1))
            n += (size_t)snprintf(to + n, cap - n, "%.64s", c->vars[var]);
        else
            n += (size_t)snprintf(to + n, cap - n, "%.*s}", (int)all, p);
        p += all + 1;
        var++;
    }
}

void kao_access_log(kao_access *a, const kao_call *c)
{
    char path[256];

    if (!c->key[0] || !c->route || only_looks(c))
        return;
    path_of(c, path, sizeof path);
    kao_log(a->o, "%s key \"%s\" %s %s %u", c->client, c->key, c->method, path,
            c->status);
}

/* ---- the list of keys ---- */

/* a->lock is held. What cannot be read opens nothing, and is tried again with the next request. */
static void bring_keys(kao_access *a)
{
    struct stat info = { 0 };
    kao_error err = { 0 };

    if (!a->o->keys)
        return;
    const bool there = stat(a->o->keys, &info) == 0;

    if (!a->unread && (there ? info.st_ino : 0) == a->file &&
        info.st_mtim.tv_sec == a->changed.tv_sec &&
        info.st_mtim.tv_nsec == a->changed.tv_nsec)
        return;
    kao_keys_free(&a->keys);
    a->file = there ? info.st_ino : 0;
    a->changed = info.st_mtim;
    const bool failed = kao_keys_load(&a->keys, a->mem, a->o->keys, &err) != KAO_OK;

    if (failed && !a->unread)
        kao_log(a->o, "no key is taken: %s", err.msg);
    a->unread = failed;
    a->demanded |= failed || a->keys.n > 0;
}

kao_status kao_access_create(kao_access **out, kao_mem *mem,
                             const kao_server_options *o, kao_error *err)
{
    kao_access *a = kao_calloc(mem, 1, sizeof *a);
    struct stat info = { 0 };

    *out = NULL;
    if (!a)
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    a->mem = mem;
    a->o = o;
    if (o->keys && stat(o->keys, &info) == 0) {
        a->file = info.st_ino;
        a->changed = info.st_mtim;
    }
    const kao_status st = o->keys ? kao_keys_load(&a->keys, mem, o->keys, err) : KAO_OK;

    if (st) {
        kao_free(mem, a);
        return st;
    }
    a->demanded = o->demand_keys || a->keys.n > 0;
    pthread_mutex_init(&a->lock, NULL);
    kao_access_set_port(a, o->port);
    *out = a;
    return KAO_OK;
}

void kao_access_destroy(kao_access *a)
{
    if (!a)
        return;
    kao_keys_free(&a->keys);
    pthread_mutex_destroy(&a->lock);
    kao_free(a->mem, a);
}

void kao_access_set_port(kao_access *a, uint16_t port)
{
    pthread_mutex_lock(&a->lock); /* requests may come already */
    snprintf(a->cookie, sizeof a->cookie, "kao-%u", port);
    pthread_mutex_unlock(&a->lock);
}

/* ---- where it comes from ---- */

/* The name, an IPv6 address in brackets, with a port or without. */
static bool is_host(const char *host, const char *name)
{
    const size_t n = strlen(name);
    const bool v6 = strchr(name, ':') != NULL;

    if (v6 && *host++ != '[')
        return false;
    if (strncasecmp(host, name, n) != 0)
        return false;
    host += n;
    if (v6 && *host++ != ']')
        return false;
    return *host == '\0' ||
           (*host == ':' && host[1 + strspn(host + 1, "0123456789")] == '\0');
}

static bool is_own_host(const kao_access *a, const char *host)
{
    static const char *const names[] = { "localhost", "127.0.0.1", "::1" };
    bool own = false;

    for (size_t i = 0; host && !own && i < sizeof names / sizeof names[0]; i++)
        own = is_host(host, names[i]);
    for (size_t i = 0; host && !own && i < a->o->n_hosts; i++)
        own = is_host(host, a->o->hosts[i]);
    return own;
}

bool kao_access_is_from_here(const kao_access *a, kao_call *c)
{
    const char *host = kao_call_header(c, "host"),
               *origin = kao_call_header(c, "origin"),
               *site = kao_call_header(c, "sec-fetch-site"),
               *dest = kao_call_header(c, "sec-fetch-dest"),
               *scheme = a->o->tls_key ? "https://" : "http://";
    const size_t n = strlen(scheme);

    if (is_own_host(a, host) &&
        (!origin ||
         (strncmp(origin, scheme, n) == 0 && strcasecmp(origin + n, host) == 0)) &&
        /* a link to the app from elsewhere is fine */
        (!site || strcmp(site, "cross-site") != 0 ||
         (dest && strcmp(dest, "document") == 0 && strncmp(c->path, "/v1/", 4) != 0)))
        return true;
    kao_answer_error(c, 403, "forbidden",
                     a->o->n_hosts
                         ? "requests come under this machine's own names (--host NAME "
                           "adds one) and from the app's own pages alone"
                         : "requests come from this machine's own programs and pages "
                           "alone");
    return false;
}

/* ---- keys ---- */

/* a->lock is held. False: it is answered. */
static bool may_try(kao_access *a, kao_call *c)
{
    const uint32_t left = kao_lockout_left(&a->lockout, c->client, now_seconds());

    if (left) {
        c->retry_after = left;
        kao_answer_error(c, 429, "locked_out",
                         "too many wrong keys came from this address: wait");
    }
    return !left;
}

/* a->lock is held. */
static void has_failed(kao_access *a, kao_call *c, const char *what)
{
    const uint32_t seconds = kao_lockout_failed(&a->lockout, c->client, now_seconds());

    kao_log(a->o, "%s wrong %s", c->client, what);
    if (seconds)
        kao_log(a->o, "%s locked out for %u seconds", c->client, seconds);
    kao_answer_error(c, 401, "key_wrong", "this key is not known here, or was revoked");
}

/* The value of a cookie, copied; false: there is none. */
static bool cookie_of(const kao_call *c, const char *name, char to[KEY_SESSION_BYTES])
{
    const char *p = kao_call_header(c, "cookie");
    const size_t n = strlen(name);

    while (p && *p) {
        const size_t all = strcspn(p, ";");

        if (all > n && strncmp(p, name, n) == 0 && p[n] == '=' &&
            all - n - 1 < KEY_SESSION_BYTES) {
            snprintf(to, KEY_SESSION_BYTES, "%.*s", (int)(all - n - 1), p + n + 1);
            return true;
        }
        p += all;
        p += strspn(p, "; ");
    }
    return false;
}

/* What a client says its key is; NULL: nothing. Pictures of a page cannot send a header: CompreFace has the key in
 * their path. */
static const char *key_text(const kao_call *c)
{
    const char *bearer = kao_call_header(c, "authorization");

    if (strstr(c->route->pattern, "/{key}/"))
        return c->vars[0];
    if (bearer && strncasecmp(bearer, "bearer ", 7) == 0)
        return bearer + 7 + strspn(bearer + 7, " ");
    return bearer ? bearer : kao_call_header(c, "x-api-key");
}

static bool is_open(const kao_call *c)
{
    static const char *const paths[] = { "/v1/health", "/v1/session", "/ca.crt" };

    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        if (strcmp(c->route->pattern, paths[i]) == 0)
            return true;
    return false;
}

/* a->lock is held. */
static bool allows(kao_access *a, kao_call *c)
{
    const char *text = key_text(c);
    char session[KEY_SESSION_BYTES];
    const kao_key *key = NULL;

    if (!may_try(a, c))
        return false;
    if (text)
        key = kao_keys_find(&a->keys, text);
    else if (cookie_of(c, a->cookie, session))
        key = kao_keys_of_session(&a->keys, session, (int64_t)time(NULL));
    if (key) {
        snprintf(c->key, sizeof c->key, "%s", key->name);
        return true;
    }
    if (text)
        has_failed(a, c, "key");
    else /* a session that has ended is no attempt */
        kao_answer_error(c, 401, "key_needed",
                         "an access key is needed: Authorization: Bearer KEY");
    return false;
}

bool kao_access_allows(kao_access *a, kao_call *c)
{
    bool allowed = true;

    if (is_open(c)) { /* nobody has to be trusted with more than a key or a code */
        c->max_body = OPEN_BODY;
        return true;
    }
    pthread_mutex_lock(&a->lock);
    bring_keys(a);
    if (a->demanded)
        allowed = allows(a, c);
    pthread_mutex_unlock(&a->lock);
    return allowed;
}

bool kao_access_holds(kao_access *a, const char *key)
{
    pthread_mutex_lock(&a->lock);
    bring_keys(a);
    bool holds = !a->demanded && !key[0];

    for (size_t i = 0; !holds && i < a->keys.n; i++)
        holds = a->keys.list[i].revoked == 0 && strcmp(a->keys.list[i].name, key) == 0;
    pthread_mutex_unlock(&a->lock);
    return holds;
}

/* ---- sessions ---- */

void kao_access_code(kao_access *a, char to[SECRET_TEXT])
{
    const uint64_t now = now_seconds();

    pthread_mutex_lock(&a->lock);
    code *oldest = &a->codes[0];

    for (size_t i = 1; i < CODES; i++)
        if (a->codes[i].until < oldest->until)
            oldest = &a->codes[i];
    kao_secret_random(oldest->secret, sizeof oldest->secret);
    oldest->until = now + ACCESS_CODE_SECONDS;
    kao_secret_text(oldest->secret, to);
    pthread_mutex_unlock(&a->lock);
}

/* a->lock is held. It does not come a second time. */
static bool use_code(kao_access *a, const char *text)
{
    const uint64_t now = now_seconds();
    uint8_t secret[SECRET_BYTES];
    bool found = false;

    if (!kao_secret_of_text(text, secret))
        return false;
    for (size_t i = 0; i < CODES; i++) {
        code *c = &a->codes[i];

        if (kao_secret_equal(c->secret, secret, sizeof secret) && c->until > now) {
            c->until = 0;
            found = true;
        }
    }
    return found;
}

/* A key for whoever came by a code; nobody is told the key itself. */
static kao_status key_of_code(kao_access *a, kao_key *made, kao_error *err)
{
    const int64_t now = (int64_t)time(NULL);
    char name[KEY_NAME_BYTES], when[KAO_TIME_BYTES], text[SECRET_TEXT];
    kao_status st = KAO_E_CONFLICT;

    for (int i = 1; st == KAO_E_CONFLICT && i < 10; i++) {
        snprintf(name, sizeof name, i > 1 ? "browser %s %d" : "browser %s",
                 kao_time_text(now, when), i);
        st = kao_keys_add(a->mem, a->o->keys, name, now, made, text, err);
    }
    return st;
}

/* a->lock is held. What was shown is a key (*found is it), or a code; false: it is answered. */
static bool is_shown(kao_access *a, kao_call *c, const char *key, const char *by_code,
                     kao_key *found)
{
    if (!a->demanded) {
        kao_answer_error(c, 409, "no_keys", "no keys are demanded here");
        return false;
    }
    if (!may_try(a, c))
        return false;
    const kao_key *good = key ? kao_keys_find(&a->keys, key) : NULL;

    if (good)
        *found = *good;
    if (key ? !good : !use_code(a, by_code)) {
        has_failed(a, c, key ? "key" : "code");
        return false;
    }
    return true;
}

bool kao_access_begin(kao_access *a, kao_call *c, const char *key, const char *by_code)
{
    char session[KEY_SESSION_BYTES];
    kao_key found = { .created = 0 };
    kao_error err = { 0 };

    pthread_mutex_lock(&a->lock);
    bring_keys(a);
    const bool shown = is_shown(a, c, key, by_code, &found);

    pthread_mutex_unlock(&a->lock);
    if (!shown)
        return false;
    /* nobody waits for the lock while the disk is written */
    const kao_status st = by_code ? key_of_code(a, &found, &err) : KAO_OK;

    if (st) {
        kao_answer_status(c, st, &err);
        return false;
    }
    pthread_mutex_lock(&a->lock);
    bring_keys(a);
    kao_keys_session(&a->keys, &found, (int64_t)time(NULL) + KEY_SESSION_SECONDS,
                     session);
    pthread_mutex_unlock(&a->lock);
    snprintf(c->key, sizeof c->key, "%s", found.name);
    snprintf(c->set_cookie, sizeof c->set_cookie,
             "%s=%s; Path=/; HttpOnly; SameSite=Strict; Max-Age=%d%s", a->cookie,
             session, KEY_SESSION_SECONDS, a->o->tls_key ? "; Secure" : "");
    return true;
}

void kao_access_end(kao_access *a, kao_call *c)
{
    snprintf(c->set_cookie, sizeof c->set_cookie,
             "%s=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0%s", a->cookie,
             a->o->tls_key ? "; Secure" : "");
}
