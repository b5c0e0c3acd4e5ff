/* The people of a gallery for grouping faces: all samples with their vectors, and whose they are.
 * What kao cluster and the server share; of the program. */
#ifndef KAO_BASE_KNOWN_H
#define KAO_BASE_KNOWN_H

#include <stdbool.h>

#include "base/mem.h"
#include "kao/gallery.h"

typedef struct kao_known_person {
    int64_t number;
    char *name; /* or NULL */
    bool ignored;
} kao_known_person;

typedef struct kao_known_sample {
    size_t person; /* index */
    char *source;  /* or NULL */
    char id[KAO_UUID_BYTES];
} kao_known_sample;

typedef struct kao_known {
    kao_mem *mem;
    kao_known_person *people; /* by number */
    size_t n_people, cap_people;
    kao_known_sample *samples;
    size_t n, cap;
    float *vectors; /* of the samples: dim of the first model each */
    size_t dim, cap_vectors;
    bool failed; /* memory ran out meanwhile */
} kao_known;

void kao_known_free(kao_known *k); /* {0} is fine */
kao_status kao_known_read(kao_known *k, kao_mem *mem, kao_gallery *g, kao_error *err);
/* The person's index; n_people: is not there. */
size_t kao_known_index(const kao_known *k, int64_t person);
/* Without the samples of people who are ignored. */
void kao_known_drop_ignored(kao_known *k);
/* Samples by the source that was given with them: kao_known_same finds one of a source whose vector
 * is the same picture's; SIZE_MAX: there is none. */
typedef struct kao_known_source {
    const char *source;
    size_t sample;
} kao_known_source;

/* *list, to be freed with kao_free. */
kao_status kao_known_list(const kao_known *k, kao_known_source **list, size_t *n,
                          kao_error *err);
size_t kao_known_same(const kao_known *k, const kao_known_source *list, size_t n,
                      const char *source, const float *vector);
/* numbers[i] of each sample: from 1 on, the same where the source is the same picture; 0: is not known. */
kao_status kao_known_sources(const kao_known *k, uint32_t *numbers, kao_error *err);
/* Pairs of samples whose people somebody has said to be two, or of which one is not the other's
 * person: *pairs, to be freed with kao_free, has 2 * *n indices. */
kao_status kao_known_apart(const kao_known *k, kao_gallery *g, uint32_t **pairs,
                           size_t *n, kao_error *err);
/* Vectors together: their mean similarity to others needs no more than this of them. */
typedef struct kao_sum {
    float *numbers; /* the sum of them */
    double
        half; /* half of the squares of their lengths: those of some networks are not 1 */
    size_t n;
} kao_sum;

void kao_sum_add(kao_sum *s, const float *vector, size_t dim);
/* The mean of kao_similarity over all pairs of a vector of one and a vector of the other. */
double kao_sums_alike(const kao_sum *a, const kao_sum *b, size_t dim);
/* The mean similarity of two people's samples, by index. */
float kao_known_similarity(const kao_known *k, size_t a, size_t b);

#endif
