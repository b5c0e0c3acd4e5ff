/* Pairs of pictures: of the command line, or of a file with two paths a line. Each path has one
 * number, however often it is named, counted by first appearance. */
#ifndef KAO_CLI_PAIRS_H
#define KAO_CLI_PAIRS_H

#include <stddef.h>
#include <stdint.h>

#include "kao/status.h"

typedef struct cli_pair {
    uint32_t a, b; /* numbers of paths */
} cli_pair;

typedef struct cli_pairs {
    const char **paths;
    cli_pair *pairs;
    size_t n_paths, n_pairs;
    char *text; /* of the file, cut into paths */
} cli_pairs;

/* On failure (KAO_E_IO, KAO_E_FORMAT naming the line, KAO_E_NOMEM) nothing is held. */
kao_status cli_pairs_read(cli_pairs *p, const char *path, kao_error *err);
kao_status cli_pairs_of_two(cli_pairs *p, char **items, kao_error *err);
void cli_pairs_free(cli_pairs *p);

#endif
