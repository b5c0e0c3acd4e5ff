/* See secret.h. */
#include "base/secret.h"

#include <sodium.h>
#include <string.h>

void kao_secret_random(void *to, size_t n)
{
    randombytes_buf(to, n);
}

void kao_secret_hash(const void *key, size_t n_key, const void *bytes, size_t n,
                     uint8_t to[SECRET_HASH])
{
    crypto_generichash(to, SECRET_HASH, bytes, n, key, n_key);
}

bool kao_secret_equal(const void *a, const void *b, size_t n)
{
    return sodium_memcmp(a, b, n) == 0;
}

void kao_secret_hex(const void *bytes, size_t n, char *to)
{
    sodium_bin2hex(to, 2 * n + 1, bytes, n);
}

static bool of_hex(const char *text, const char *between, void *to, size_t n)
{
    const char *end = NULL;
    size_t got = 0;

    return sodium_hex2bin(to, n, text, strlen(text), between, &got, &end) == 0 &&
           got == n && *end == '\0';
}

bool kao_secret_of_hex(const char *text, void *to, size_t n)
{
    return of_hex(text, NULL, to, n);
}

void kao_secret_text(const uint8_t secret[SECRET_BYTES], char to[SECRET_TEXT])
{
    char hex[2 * SECRET_BYTES + 1];
    size_t n = 0;

    kao_secret_hex(secret, SECRET_BYTES, hex);
    for (size_t i = 0; i < 2 * SECRET_BYTES; i++) {
        if (i == 8 || i == 12 || i == 16 || i == 20)
            to[n++] = '-';
        to[n++] = hex[i];
    }
    to[n] = '\0';
}

bool kao_secret_of_text(const char *text, uint8_t to[SECRET_BYTES])
{
    return of_hex(text, "-", to, SECRET_BYTES);
}
