/* The keys that a card may have. */
#ifndef KAO_FACE_CARD_KEYS_H
#define KAO_FACE_CARD_KEYS_H

#include <stdbool.h>
#include <stddef.h>

enum {
    KAO_CARD_FED = 32, /* how pictures come to it, what its numbers are taken for */
    KAO_CARD_OPTIONAL = 64, /* absent, it stands for something, too */
    KAO_CARD_MEASURED = 128 /* of a network that is fed so */
};

/* Whether this value of an optional key is what its absence stands for. */
bool kao_card_is_default(const char *key, const char *value);

/* Whether there is such a key; *is out (may be NULL): bits of the above, 0 without. */
bool kao_card_key(const char *key, unsigned *is);

/* The next key, from *i on (0 at first), that a model of this kind needs; NULL: no more. A detector's family supplies
 * what its card lacks; kind NULL: as an embedder. */
const char *kao_card_needed(const char *kind, size_t *i);

#endif
