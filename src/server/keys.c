/* See keys.h. The file: {"format":1,"secret":HEX,"keys":[{"id","name","salt","hash","created","revoked"}..]} */
#include "server/keys.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/shared.h"
#include "base/text.h"

enum { FILE_MOST = 1 << 20, LOCK_MS = 5000 };

/* ---- the file ---- */

static bool take_text(const kao_json *o, const char *name, char *to, size_t cap)
{
    const char *text = NULL;

    return kao_json_as_text(kao_json_get(o, name), &text) &&
           (size_t)snprintf(to, cap, "%s", text) < cap;
}

static bool take_hex(const kao_json *o, const char *name, void *to, size_t n)
{
    const char *text = NULL;

    return kao_json_as_text(kao_json_get(o, name), &text) &&
           kao_secret_of_hex(text, to, n);
}

static bool take_key(const kao_json *o, kao_key *key)
{
    return take_text(o, "id", key->id, sizeof key->id) &&
           take_text(o, "name", key->name, sizeof key->name) &&
           kao_text_is_clean(key->name) &&
           take_hex(o, "salt", key->salt, sizeof key->salt) &&
           take_hex(o, "hash", key->hash, sizeof key->hash) &&
           kao_json_as_integer(kao_json_get(o, "created"), &key->created) &&
           kao_json_as_integer(kao_json_get(o, "revoked"), &key->revoked);
}

static kao_status take_all(kao_keys *k, const kao_json *o, const char *path,
                           kao_error *err)
{
    const kao_json *list = kao_json_get(o, "keys");
    const size_t n = kao_json_length(list);
    int64_t format = 0;

    if (!kao_json_as_integer(kao_json_get(o, "format"), &format) || format != 1)
        return kao_fail(err, KAO_E_FORMAT, "%s: no list of keys of format 1", path);
    if (n > KEYS_MOST || !take_hex(o, "secret", k->secret, sizeof k->secret))
        return kao_fail(err, KAO_E_FORMAT, "%s: a damaged list of keys", path);
    for (; k->n < n; k->n++)
        if (!take_key(kao_json_at(list, k->n), &k->list[k->n]))
            return kao_fail(err, KAO_E_FORMAT, "%s: key %zu is damaged", path,
                            k->n + 1);
    return KAO_OK;
}

kao_status kao_keys_load(kao_keys *k, kao_mem *mem, const char *path, kao_error *err)
{
    kao_error trouble = { 0 };
    kao_file file = { 0 };
    kao_json *json = NULL;

    *k = (kao_keys){ .mem = mem, .list = kao_calloc(mem, KEYS_MOST, sizeof(kao_key)) };
    if (!k->list)
        return kao_fail(err, KAO_E_NOMEM, "%s: out of memory", path);
    kao_status st = kao_file_open(&file, mem, path, FILE_MOST, &trouble);

    if (st == KAO_E_IO && trouble.sys == ENOENT) {
        kao_secret_random(k->secret, sizeof k->secret);
        return KAO_OK;
    }
    if (st && err)
        *err = trouble;
    if (!st)
        st = kao_json_parse(&json, (const char *)file.bytes.p, file.bytes.n, path, err);
    if (!st)
        st = take_all(k, json, path, err);
    kao_json_free(json);
    kao_file_close(&file);
    if (st)
        kao_keys_free(k);
    return st;
}

void kao_keys_free(kao_keys *k)
{
    if (k->list)
        kao_free(k->mem, k->list);
    *k = (kao_keys){ 0 };
}

static void set_hex(kao_json *o, const char *name, const void *bytes, size_t n)
{
    char hex[2 * SECRET_HASH + 1];

    kao_secret_hex(bytes, n, hex);
    kao_json_set(o, name, kao_json_string(hex));
}

static kao_status save(const kao_keys *k, const char *path, kao_error *err)
{
    kao_json *o = kao_json_object(), *list = kao_json_array();
    kao_bytes text = { .mem = k->mem, .max = FILE_MOST };
    kao_status st = KAO_OK;

    kao_json_set(o, "format", kao_json_integer(1));
    set_hex(o, "secret", k->secret, sizeof k->secret);
    for (size_t i = 0; i < k->n; i++) {
        const kao_key *key = &k->list[i];
        kao_json *one = kao_json_object();

        kao_json_set(one, "id", kao_json_string(key->id));
        kao_json_set(one, "name", kao_json_string(key->name));
        set_hex(one, "salt", key->salt, sizeof key->salt);
        set_hex(one, "hash", key->hash, sizeof key->hash);
        kao_json_set(one, "created", kao_json_integer(key->created));
        kao_json_set(one, "revoked", kao_json_integer(key->revoked));
        kao_json_add(list, one);
    }
    kao_json_set(o, "keys", list);
    if (!kao_json_put(o, &text) || !kao_bytes_add(&text, "\n", 1))
        st = kao_fail(err, KAO_E_NOMEM, "%s: out of memory", path);
    if (!st)
        st = kao_file_write_secret(k->mem, path, text.p, text.n, err);
    kao_bytes_free(&text);
    return st;
}

/* ---- changes ---- */

/* Changes come one after another: the lock of a file beside the list, which itself is replaced. */
static kao_status lock(kao_shared *f, kao_mem *mem, const char *path, kao_error *err)
{
    const size_t n = strlen(path) + sizeof ".lock";
    char *name = kao_alloc(mem, n);

    if (!name)
        return kao_fail(err, KAO_E_NOMEM, "%s: out of memory", path);
    snprintf(name, n, "%s.lock", path);
    kao_status st = kao_shared_open(f, mem, name, KAO_SHARED_WRITE, err);

    if (st == KAO_E_NOT_FOUND)
        st = kao_shared_open(f, mem, name, KAO_SHARED_NEW, err);
    if (st == KAO_E_CONFLICT) /* somebody has made it meanwhile */
        st = kao_shared_open(f, mem, name, KAO_SHARED_WRITE, err);
    if (!st && !kao_shared_lock(f, LOCK_MS)) {
        kao_shared_close(f);
        st = kao_fail(err, KAO_E_CONFLICT, "%s: is being changed by another program",
                      path);
    }
    kao_free(mem, name);
    return st;
}

static kao_key *good_key(const kao_keys *k, const char *word)
{
    for (size_t i = 0; i < k->n; i++)
        if (!k->list[i].revoked &&
            (strcmp(k->list[i].name, word) == 0 || strcmp(k->list[i].id, word) == 0))
            return &k->list[i];
    return NULL;
}

static kao_status check_name(const kao_keys *k, const char *path, const char *name,
                             kao_error *err)
{
    uint8_t id[SECRET_BYTES];

    if (!name[0] || strlen(name) >= KEY_NAME_BYTES || !kao_text_is_clean(name) ||
        strchr(name, '"') || kao_secret_of_text(name, id))
        return kao_fail(err, KAO_E_ARG,
                        "wanted a name of 1 to %d bytes, without quotes and line ends",
                        KEY_NAME_BYTES - 1);
    return good_key(k, name) ? kao_fail(err, KAO_E_CONFLICT,
                                        "%s: there is a key %s already", path, name)
                             : KAO_OK;
}

/* Of a full list the key goes that was revoked first. */
static kao_status make_room(kao_keys *k, const char *path, kao_error *err)
{
    size_t oldest = KEYS_MOST;

    if (k->n < KEYS_MOST)
        return KAO_OK;
    for (size_t i = 0; i < k->n; i++)
        if (k->list[i].revoked &&
            (oldest == KEYS_MOST || k->list[i].revoked < k->list[oldest].revoked))
            oldest = i;
    if (oldest == KEYS_MOST)
        return kao_fail(err, KAO_E_LIMIT, "%s: %d keys at most; kao key revoke NAME",
                        path, KEYS_MOST);
    k->n--;
    memmove(&k->list[oldest], &k->list[oldest + 1],
            (k->n - oldest) * sizeof k->list[0]);
    return KAO_OK;
}

/* The list of a file that nobody else changes until let_go, which follows in either case. */
static kao_status hold(kao_shared *held, kao_keys *k, kao_mem *mem, const char *path,
                       kao_error *err)
{
    const kao_status st = lock(held, mem, path, err);

    if (!st)
        return kao_keys_load(k, mem, path, err);
    held->fd = -1;
    return st;
}

static void let_go(kao_shared *held, kao_keys *k)
{
    kao_keys_free(k);
    kao_shared_close(held);
}

static void make(kao_key *key, const char *name, int64_t now, char text[SECRET_TEXT])
{
    uint8_t id[SECRET_BYTES], secret[SECRET_BYTES];

    *key = (kao_key){ .created = now };
    snprintf(key->name, sizeof key->name, "%s", name);
    kao_secret_random(id, sizeof id);
    kao_secret_text(id, key->id);
    kao_secret_random(secret, sizeof secret);
    kao_secret_random(key->salt, sizeof key->salt);
    kao_secret_hash(key->salt, sizeof key->salt, secret, sizeof secret, key->hash);
    kao_secret_text(secret, text);
}

kao_status kao_keys_add(kao_mem *mem, const char *path, const char *name, int64_t now,
                        kao_key *made, char text[SECRET_TEXT], kao_error *err)
{
    kao_shared held;
    kao_keys k = { 0 };
    kao_status st = hold(&held, &k, mem, path, err);

    if (!st)
        st = check_name(&k, path, name, err);
    if (!st)
        st = make_room(&k, path, err);
    if (!st) {
        make(made, name, now, text);
        k.list[k.n++] = *made;
        st = save(&k, path, err);
    }
    let_go(&held, &k);
    return st;
}

kao_status kao_keys_revoke(kao_mem *mem, const char *path, const char *word,
                           int64_t now, kao_error *err)
{
    kao_shared held;
    kao_keys k = { 0 };
    kao_status st = hold(&held, &k, mem, path, err);
    kao_key *key = st ? NULL : good_key(&k, word);

    if (key) {
        key->revoked = now;
        st = save(&k, path, err);
    } else if (!st) {
        st = kao_fail(err, KAO_E_NOT_FOUND, "%s: no good key is called %.*s", path,
                      (int)kao_utf8_cut(word, 80), word);
    }
    let_go(&held, &k);
    return st;
}

/* ---- who is it? ---- */

const kao_key *kao_keys_find(const kao_keys *k, const char *text)
{
    uint8_t secret[SECRET_BYTES] = { 0 }, hash[SECRET_HASH];
    const bool is_key = kao_secret_of_text(text, secret);
    const kao_key *found = NULL;

    for (size_t i = 0; i < k->n; i++) {
        const kao_key *key = &k->list[i];

        kao_secret_hash(key->salt, sizeof key->salt, secret, sizeof secret, hash);
        if (kao_secret_equal(hash, key->hash, sizeof hash) && is_key && !key->revoked)
            found = key;
    }
    return found;
}

/* "ID.END", and the keyed hash of that. */
static void sign(const kao_keys *k, const char *id, int64_t until,
                 char to[KEY_SESSION_BYTES])
{
    uint8_t hash[SECRET_HASH];
    const int n = snprintf(to, KEY_SESSION_BYTES, "%s.%" PRId64 ".", id, until);

    kao_secret_hash(k->secret, sizeof k->secret, to, (size_t)n, hash);
    kao_secret_hex(hash, sizeof hash, to + n);
}

void kao_keys_session(const kao_keys *k, const kao_key *key, int64_t until,
                      char to[KEY_SESSION_BYTES])
{
    sign(k, key->id, until, to);
}

const kao_key *kao_keys_of_session(const kao_keys *k, const char *session, int64_t now)
{
    char id[SECRET_TEXT], wanted[KEY_SESSION_BYTES];
    const char *dot = strchr(session, '.');

    if (!dot || dot - session != SECRET_TEXT - 1)
        return NULL;
    snprintf(id, sizeof id, "%.*s", SECRET_TEXT - 1, session);
    const long long until = strtoll(dot + 1, NULL, 10);

    sign(k, id, until, wanted);
    const size_t n = strlen(wanted);

    if (strlen(session) != n || !kao_secret_equal(session, wanted, n) || until < now)
        return NULL;
    for (size_t i = 0; i < k->n; i++)
        if (!k->list[i].revoked && strcmp(k->list[i].id, id) == 0)
            return &k->list[i];
    return NULL;
}
