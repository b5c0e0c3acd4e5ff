/* The inside of cards: building one for a loaded model, and typed access. */
#ifndef KAO_FACE_CARD_H
#define KAO_FACE_CARD_H

#include "kao/card.h"
#include "kao/model.h"
#include "nn/network.h"

/* The card of a model whose network is loaded. path: of its file, beside which a sidecar may
 * stand; NULL: there is none. text: lines that come before all other sources, or NULL. */
kao_status kao_card_build(kao_card **out, kao_model *m, const char *path,
                          const char *text, kao_error *err);
void kao_card_destroy(kao_card *card); /* NULL is fine */

/* Where the value of a key comes from, as kao_card_row says it; NULL: the key is absent. */
const char *kao_card_source(const kao_card *card, const char *key);
/* Of two keys that say the same the one that counts: from the earlier source, and of one source
 * a; NULL: neither is there. */
const char *kao_card_first_of(const kao_card *card, const char *a, const char *b);

/* Refuse a model whose card lacks keys or is of another kind ("detector", "embedder" ...). */
kao_status kao_card_require(const kao_card *card, const char *kind, const char *path,
                            kao_error *err);

/* n numbers of a key; where the key is absent, to stays as it is. One number fills all n. */
kao_status kao_card_floats(const kao_card *card, const char *key, float *to, size_t n,
                           kao_error *err);
/* The same where each number has a meaning of its own: all n have to stand there. */
kao_status kao_card_each(const kao_card *card, const char *key, float *to, size_t n,
                         kao_error *err);
/* One number in double precision. */
kao_status kao_card_number(const kao_card *card, const char *key, double *to,
                           kao_error *err);
/* One number from `least` to 1. */
kao_status kao_card_share(const kao_card *card, const char *key, float least, float *to,
                          kao_error *err);
/* "WxH" or "N" of a key. */
kao_status kao_card_size(const kao_card *card, const char *key, uint32_t *width,
                         uint32_t *height, kao_error *err);
/* Such a size; false: it is none. */
bool kao_card_parse_size(const char *value, uint32_t *width, uint32_t *height);
/* Which of n words the value of a key is; where absent, *index stays. */
kao_status kao_card_word(const kao_card *card, const char *key,
                         const char *const *words, size_t n, int *index,
                         kao_error *err);

/* quality.norm, also of a built-in card that the model did without: mean and deviation of its
 * vectors' lengths. False: nothing says. */
bool kao_card_usual_norm(kao_model *m, float usual[2]);
/* The lines that a preset stands for; NULL: there is none of that name. preset.c */
const char *kao_preset_find(const char *name);

/* cards_data.c, made from models/cards/ by tools/embed_cards.py. */
typedef struct kao_builtin_card {
    const char *sha256, *text;
    uint64_t bytes; /* of the model file: the hash is taken only where the size fits */
} kao_builtin_card;
extern const kao_builtin_card kao_builtin_cards[];
extern const size_t kao_n_builtin_cards;

#endif
