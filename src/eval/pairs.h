/* Pairs of pictures with the truth about them: lists in the forms that the field uses, and
 * pairs made from a folder a person.
 *
 * The official LFW list (View 2; View 1 has one number in its head):
 *
 *     10 300                                 ten folds of 300 same and 300 different pairs
 *     Abel_Pacheco 1 4                       Abel_Pacheco/Abel_Pacheco_0001.jpg and _0004
 *     Abdel_Madi_Shabneh 1 Dean_Barker 1     (after the 300 lines of the form above)
 *
 * and two paths with 1 (same) or 0 (different). Fields are separated by tabs where a line has
 * one, else by blanks; empty lines and lines that begin with # do not count. */
#ifndef KAO_EVAL_PAIRS_H
#define KAO_EVAL_PAIRS_H

#include "base/error.h"
#include "base/reader.h"
#include "eval/names.h"

typedef struct kao_pair {
    uint32_t a, b; /* numbers in the table of names */
    bool same;
} kao_pair;

typedef struct kao_pairs {
    kao_mem *mem;
    kao_pair *pairs;
    size_t n, cap;
    kao_name_table names;
    uint32_t n_folds; /* that the list states; 0: none */
} kao_pairs;

/* file: for messages, which name file, line and reason. Errors: KAO_E_FORMAT, KAO_E_LIMIT,
 * KAO_E_NOMEM; then there is nothing to free. */
kao_status kao_pairs_read(kao_pairs *p, kao_mem *mem, kao_span text, const char *file,
                          kao_error *err);

/* Pairs of pictures "person/picture": all same ones, and `times` as many different ones (or
 * all, where there are not so many), drawn and ordered by the seed. names: in any order, no
 * two equal; where: for messages. Errors: KAO_E_FORMAT (a picture without a person, no same or
 * no different pair), KAO_E_LIMIT, KAO_E_NOMEM. */
kao_status kao_pairs_of_people(kao_pairs *p, kao_mem *mem, const char *const *names,
                               size_t n, uint32_t times, uint64_t seed,
                               const char *where, kao_error *err);

/* Pair i: pictures "2 i" and "2 i + 1" of an insightface set (eval/pictures.h). KAO_E_NOMEM. */
kao_status kao_pairs_of_set(kao_pairs *p, kao_mem *mem, const bool *same, size_t n,
                            kao_error *err);

void kao_pairs_free(kao_pairs *p); /* {0} is fine */

#endif
