/* kao eval verify --discard: whether the qualities that kao tells of a picture foresee misses. */
#ifndef KAO_CLI_EVAL_DISCARD_H
#define KAO_CLI_EVAL_DISCARD_H

#include "cli/eval_embed.h"
#include "eval/discard.h"

typedef struct eval_discard {
    bool known;            /* there are both kinds of pairs */
    double far, threshold; /* far: asked for */
    double reached;        /* there; of few different pairs less */
    kao_discard curves[EVAL_QUALITIES];
} eval_discard;

/* a, b: pictures of each of the pairs of s, which were compared as first and as second have them. */
kao_status eval_discard_measure(const kao_scores *s, const eval_vectors *first,
                                const eval_vectors *second, const uint32_t *a,
                                const uint32_t *b, eval_discard *out, kao_error *err);
void eval_discard_print(const eval_discard *d);
kao_json *eval_discard_json(const eval_discard *d);
/* The plot, to --discard's file. */
int eval_discard_write(const eval_args *args, kao_mem *mem, const eval_discard *d);

#endif
