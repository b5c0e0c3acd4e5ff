/* See seal.h. Key derivation: a key of this use by BLAKE2b of the salt under the caller's key, and of that
 * three by crypto_kdf, so that no key has two purposes. */
#include "base/seal.h"

#include <sodium.h>
#include <string.h>

static const char context[crypto_kdf_CONTEXTBYTES] = { 'k', 'a', 'o', ' ',
                                                       's', 'e', 'a', 'l' };

_Static_assert(SEAL_KEY == crypto_aead_xchacha20poly1305_ietf_KEYBYTES &&
                   SEAL_KEY == crypto_kdf_KEYBYTES &&
                   SEAL_NONCE == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES &&
                   SEAL_MORE ==
                       1 + SEAL_NONCE + crypto_aead_xchacha20poly1305_ietf_ABYTES,
               "as libsodium has them");

kao_status kao_seal_begin(kao_seal *s, const uint8_t key[SEAL_KEY],
                          const uint8_t salt[SEAL_SALT], kao_error *err)
{
    uint8_t own[SEAL_KEY];

    if (sodium_init() < 0)
        return kao_fail(err, KAO_E_UNSUPPORTED, "libsodium does not start here");
    crypto_generichash(own, sizeof own, salt, SEAL_SALT, key, SEAL_KEY);
    crypto_kdf_derive_from_key(s->random, sizeof s->random, 1, context, own);
    crypto_kdf_derive_from_key(s->same, sizeof s->same, 2, context, own);
    crypto_kdf_derive_from_key(s->nonce, sizeof s->nonce, 3, context, own);
    sodium_memzero(own, sizeof own);
    return KAO_OK;
}

static void make_nonce(const kao_seal *s, kao_seal_form form, kao_span with,
                       kao_span plain, uint8_t to[SEAL_NONCE])
{
    const uint64_t n = with.n;
    crypto_generichash_state state;

    if (form == SEAL_RANDOM) {
        randombytes_buf(to, SEAL_NONCE);
        return;
    }
    crypto_generichash_init(&state, s->nonce, sizeof s->nonce, SEAL_NONCE);
    for (int i = 0; i < 8; i++) {
        const uint8_t byte = (uint8_t)(n >> 8 * i);

        crypto_generichash_update(&state, &byte, 1);
    }
    crypto_generichash_update(&state, with.p, with.n);
    crypto_generichash_update(&state, plain.p, plain.n);
    crypto_generichash_final(&state, to, SEAL_NONCE);
    sodium_memzero(&state, sizeof state);
}

void kao_seal_close(const kao_seal *s, kao_seal_form form, kao_span with,
                    kao_span plain, uint8_t *to)
{
    to[0] = (uint8_t)form;
    make_nonce(s, form, with, plain, to + 1);
    crypto_aead_xchacha20poly1305_ietf_encrypt(
        to + 1 + SEAL_NONCE, NULL, plain.p, plain.n, with.p, with.n, NULL, to + 1,
        form == SEAL_RANDOM ? s->random : s->same);
}

bool kao_seal_open(const kao_seal *s, kao_span with, kao_span sealed, uint8_t *to)
{
    if (sealed.n < SEAL_MORE ||
        (sealed.p[0] != SEAL_RANDOM && sealed.p[0] != SEAL_SAME))
        return false;
    return crypto_aead_xchacha20poly1305_ietf_decrypt(
               to, NULL, NULL, sealed.p + 1 + SEAL_NONCE, sealed.n - 1 - SEAL_NONCE,
               with.p, with.n, sealed.p + 1,
               sealed.p[0] == SEAL_RANDOM ? s->random : s->same) == 0;
}

void kao_seal_wipe(void *p, size_t n)
{
    sodium_memzero(p, n);
}
