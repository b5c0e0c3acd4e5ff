/* The one place that includes sodium.h. crypto_hash_sha256 needs no sodium_init. */
#include "base/hash.h"

#include <sodium.h>

void kao_sha256(kao_span bytes, char text[KAO_SHA256_TEXT])
{
    unsigned char digest[crypto_hash_sha256_BYTES];

    crypto_hash_sha256(digest, bytes.p, bytes.n);
    sodium_bin2hex(text, KAO_SHA256_TEXT, digest, sizeof digest);
}
