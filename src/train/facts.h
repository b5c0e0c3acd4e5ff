/* What the card of a trained network says, beside what its task does: metadata of the file. */
#ifndef KAO_TRAIN_FACTS_H
#define KAO_TRAIN_FACTS_H

#include "train/pack.h"
#include "train/recipe.h"

enum { KAO_FACTS_PAIRS = 24, KAO_FACTS_TEXT = 768 };

typedef struct kao_facts {
    const char *pairs[2 * KAO_FACTS_PAIRS + 1]; /* key, value, ..., NULL */
    size_t n;                                   /* of pairs, keys and values */
    char views[24], threshold[16], trained_on[KAO_FACTS_TEXT], note[KAO_FACTS_TEXT];
} kao_facts;

/* Name, licence, views, note and what it was trained on: the packs (NULL at the end) by class of
 * licence with counts, and the teacher's file name. */
void kao_facts_begin(kao_facts *f, const kao_recipe *r, uint64_t views,
                     const kao_pack *const *packs);
/* More behind the note. */
void kao_facts_remark(kao_facts *f, const char *text);
/* The recipe's threshold, under the task's own key; 0: none. */
void kao_facts_threshold(kao_facts *f, const char *key, double threshold);
/* One more; both are borrowed. */
void kao_facts_add(kao_facts *f, const char *key, const char *value);

#endif
