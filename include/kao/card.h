/* kao/card.h: what a model file's tensors mean, and where that is known from.
 *
 * A card is a list of keys and values. They come, key by key, from the first of:
 *   0. lines that the caller gives (kao_model_open_card);
 *   1. a sidecar, FILE.card beside the model file ("key = value" lines, # comments);
 *   2. metadata_props of the ONNX file, keys beginning with "kao.";
 *   3. a card compiled into the library for a file with this SHA-256 (not looked for where
 *      1 and 2 give all that is needed);
 *   4. the structure of the network (detector families; sizes that the file states).
 * A key `preset` in one of them stands for the keys of that preset which its source lacks.
 * docs/cards.md lists the keys. A card belongs to its model (kao_model_card) and is
 * read-only: any thread may read it. Strings are borrowed until the model is freed. */
#ifndef KAO_CARD_H
#define KAO_CARD_H

#include <stddef.h>

#include "kao/context.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct kao_card kao_card;

/* The value of a key, or NULL. */
KAO_API const char *kao_card_get(const kao_card *card, const char *key);

/* Row i of n: key, value, source ("given", "sidecar",
 * "metadata", "card", "structure"; "preset").
 * False past the last row. Any of the pointers may be NULL. */
KAO_API int kao_card_row(const kao_card *card, size_t i, const char **key,
                         const char **value, const char **source);

/* The keys without which the model cannot be used, as "input.color, template"; "" if none. */
KAO_API const char *kao_card_missing(const kao_card *card);

#ifdef __cplusplus
}
#endif
#endif
