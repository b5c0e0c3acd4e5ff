/* Sealing: values that only who has a key can read or make (libsodium stands behind it).
 *
 * XChaCha20-Poly1305 (RFC 8439 with a nonce of 24 bytes). A sealed value:
 *
 *     form (1 byte) | nonce (24) | what was sealed, encrypted (n) | tag (16)
 *
 * SEAL_RANDOM: the nonce is random, and the same bytes look different each time. SEAL_SAME: the nonce is
 * a keyed hash of them, so that the same bytes under one key give the same value, by which they can be
 * looked up; that they are the same is all that can be seen. `with` is authenticated beside them: a value
 * opens only with what it was sealed with. */
#ifndef KAO_BASE_SEAL_H
#define KAO_BASE_SEAL_H

#include <stdbool.h>

#include "base/error.h"
#include "base/reader.h"

/* Forms are control characters, which no text of kao's begins with. */
typedef enum kao_seal_form { SEAL_RANDOM = 2, SEAL_SAME = 3 } kao_seal_form;

enum { SEAL_KEY = 32, SEAL_SALT = 16, SEAL_NONCE = 24, SEAL_MORE = 1 + 24 + 16 };

typedef struct kao_seal { /* keys: to be wiped */
    uint8_t random[SEAL_KEY], same[SEAL_KEY], nonce[SEAL_KEY];
} kao_seal;

/* Of a key and of what tells one use of it from another. KAO_E_UNSUPPORTED: libsodium does not start. */
kao_status kao_seal_begin(kao_seal *s, const uint8_t key[SEAL_KEY],
                          const uint8_t salt[SEAL_SALT], kao_error *err);
/* to: room for plain.n + SEAL_MORE bytes. */
void kao_seal_close(const kao_seal *s, kao_seal_form form, kao_span with,
                    kao_span plain, uint8_t *to);
/* to: room for sealed.n - SEAL_MORE bytes, and one at least. False: it was not sealed by this key with
 * this, or is damaged. */
bool kao_seal_open(const kao_seal *s, kao_span with, kao_span sealed, uint8_t *to);
/* Zeros, which no compiler leaves out. */
void kao_seal_wipe(void *p, size_t n);

#endif
