/* The people of a gallery for kao cluster: all samples with their vectors, and whose they are. */
#ifndef KAO_CLI_KNOWN_H
#define KAO_CLI_KNOWN_H

#include "cli/album.h"

typedef struct cli_known_person {
    int64_t number;
    char *name; /* or NULL */
    bool ignored;
} cli_known_person;

typedef struct cli_known_sample {
    size_t person; /* index */
    char *source;  /* or NULL */
    char id[KAO_UUID_BYTES];
} cli_known_sample;

typedef struct cli_known {
    cli_known_person *people; /* by number */
    size_t n_people, cap_people;
    cli_known_sample *samples;
    size_t n, cap;
    float *vectors; /* of the samples: dim of the first model each */
    size_t dim, cap_vectors;
    bool failed; /* memory ran out meanwhile */
} cli_known;

void cli_known_free(cli_known *k); /* {0} is fine */
kao_status cli_known_read(cli_known *k, cli_gallery *use, kao_error *err);
/* The person's index; n_people: is not there. */
size_t cli_known_index(const cli_known *k, int64_t person);
/* Without the samples of people who are ignored. */
void cli_known_drop_ignored(cli_known *k);
/* Faces that are samples already, from the same file: is_there and person are set. */
kao_status cli_known_mark(const cli_known *k, cli_album *a, kao_error *err);
/* numbers[i] of each sample: from 1 on, the same where the source is the same; 0: has none. */
kao_status cli_known_sources(const cli_known *k, uint32_t *numbers, kao_error *err);
/* Pairs of samples whose people somebody has said to be two, or of which one is not the other's
 * person: *pairs, to be freed, has 2 * *n indices. */
kao_status cli_known_apart(const cli_known *k, cli_gallery *use, uint32_t **pairs,
                           size_t *n, kao_error *err);
/* The mean similarity of two people's samples, by index. */
float cli_known_similarity(const cli_known *k, size_t a, size_t b);

#endif
