/* kao/card.h: what a model file's tensors mean, and where that is known from.
 *
 * A card is a list of keys and values. They come, key by key, from the first of:
 *   1. a sidecar, FILE.card beside the model file ("key = value" lines, # comments);
 *   2. metadata_props of the ONNX file, keys beginning with "kao.";
 *   3. a card compiled into the library for a file with this SHA-256;
 *   4. the structure of the network (detector families; sizes that the file states).
 * docs/cards.md lists the keys. Cards are read-only: any thread may read one. */
#ifndef KAO_CARD_H
#define KAO_CARD_H

#include <stddef.h>

#include "kao/context.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct kao_card kao_card;

/* Read the card of a model file. A model that nothing is known of is no error here: see
 * kao_card_missing.
 * Errors: KAO_E_IO, KAO_E_FORMAT (the ONNX file, or a line of a card), KAO_E_UNSUPPORTED,
 * KAO_E_LIMIT, KAO_E_NOMEM; *out is then NULL. */
KAO_API kao_status kao_card_open(kao_context *ctx, kao_card **out, const char *path,
                                 kao_error *err);
KAO_API void kao_card_destroy(kao_card *card); /* NULL is fine */

/* The value of a key, or NULL. Borrowed until the card is destroyed. */
KAO_API const char *kao_card_get(const kao_card *card, const char *key);

/* Row i of n: key, value, source ("sidecar", "metadata", "card", "structure").
 * False past the last row. Strings are borrowed; any of the pointers may be NULL. */
KAO_API int kao_card_row(const kao_card *card, size_t i, const char **key,
                         const char **value, const char **source);

/* The keys without which the model cannot be used, as "input.color, template"; "" if none.
 * Borrowed. */
KAO_API const char *kao_card_missing(const kao_card *card);

#ifdef __cplusplus
}
#endif
#endif
