/* Access keys of a gallery: who may ask its server from elsewhere.
 *
 * They are kept in a file beside the gallery, GALLERY.keys: a key opens the gallery that it lies beside and
 * no other, moves with it, and there is no path in a list far away that no longer fits, so that nothing would
 * be demanded any more. The file has no key in it, only salted hashes.
 *
 * A key is 128 random bits, written as a UUID (so that it does as CompreFace's x-api-key too). A fast hash is
 * right for it: slow ones (Argon2, scrypt) make guessing dear where people choose passwords; nobody counts
 * through 2^128 however fast each try is, and each request pays for the hash.
 *
 * A session is what a browser has instead, in a cookie: the key's id and an end, under a hash keyed by a secret
 * of the file. It needs no list, outlives the server, and ends with its key. */
#ifndef KAO_SERVER_KEYS_H
#define KAO_SERVER_KEYS_H

#include "base/error.h"
#include "base/mem.h"
#include "base/secret.h"

enum {
    KEYS_MOST = 500,
    KEY_NAME_BYTES = 65,
    KEY_SESSION_BYTES = 160,
    KEY_SESSION_SECONDS = 180 * 86400,
};

typedef struct kao_key {
    char id[SECRET_TEXT], name[KEY_NAME_BYTES];
    uint8_t salt[SECRET_BYTES], hash[SECRET_HASH];
    int64_t created, revoked; /* seconds since 1970; revoked 0: it is good */
} kao_key;

typedef struct kao_keys {
    kao_mem *mem;
    kao_key *list; /* KEYS_MOST places */
    size_t n;
    uint8_t secret[SECRET_HASH]; /* signs sessions */
} kao_keys;

/* Where the file is not there: none. KAO_E_FORMAT, KAO_E_IO, KAO_E_NOMEM; *k is then empty. */
kao_status kao_keys_load(kao_keys *k, kao_mem *mem, const char *path, kao_error *err);
void kao_keys_free(kao_keys *k); /* {0} is fine */

/* A new key, in the file; text: the key itself, which is kept nowhere. now: seconds since 1970. KAO_E_ARG (no
 * name for it), KAO_E_CONFLICT (a good key has it), KAO_E_LIMIT, and those of kao_keys_load. Several
 * processes may do so at the same time. */
kao_status kao_keys_add(kao_mem *mem, const char *path, const char *name, int64_t now,
                        kao_key *made, char text[SECRET_TEXT], kao_error *err);
/* By name or id, from now on. KAO_E_NOT_FOUND: no good key has it. */
kao_status kao_keys_revoke(kao_mem *mem, const char *path, const char *word,
                           int64_t now, kao_error *err);

/* The good key that this text is; NULL: none. All are compared, each in constant time. */
const kao_key *kao_keys_find(const kao_keys *k, const char *text);
void kao_keys_session(const kao_keys *k, const kao_key *key, int64_t until,
                      char to[KEY_SESSION_BYTES]);
/* The good key of a session that has not ended. */
const kao_key *kao_keys_of_session(const kao_keys *k, const char *session, int64_t now);

#endif
