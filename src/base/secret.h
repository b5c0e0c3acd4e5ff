/* Secrets: random bytes, keyed hashes, comparison in constant time, as hexadecimal text (libsodium stands
 * behind it). */
#ifndef KAO_BASE_SECRET_H
#define KAO_BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SECRET_BYTES = 16, /* of a secret that nobody can guess */
    SECRET_HASH = 32,
    SECRET_TEXT = 37, /* as a UUID is written: 8-4-4-4-12 hexadecimal digits */
};

void kao_secret_random(void *to, size_t n);
/* BLAKE2b-256 of n bytes under a key (a salt, or a secret) of n_key bytes: 16 to 64. */
void kao_secret_hash(const void *key, size_t n_key, const void *bytes, size_t n,
                     uint8_t to[SECRET_HASH]);
/* The time that it takes does not tell where they differ. */
bool kao_secret_equal(const void *a, const void *b, size_t n);

void kao_secret_text(const uint8_t secret[SECRET_BYTES], char to[SECRET_TEXT]);
/* With dashes or without, in any case of letters; false: no such text. */
bool kao_secret_of_text(const char *text, uint8_t to[SECRET_BYTES]);

/* 2 * n digits and a NUL. */
void kao_secret_hex(const void *bytes, size_t n, char *to);
/* False: not exactly n bytes. */
bool kao_secret_of_hex(const char *text, void *to, size_t n);

#endif
