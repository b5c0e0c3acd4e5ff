/* Run a random graph by every choice of passes on every kernel set of the machine, and
 * compare with its plan of generic forms on the reference kernels. */
#ifndef KAO_TESTS_RANDOM_DIFFER_H
#define KAO_TESTS_RANDOM_DIFFER_H

#include "base/context.h"
#include "random/random_graph.h"

enum { DIFFER_LEVELS = 4, DIFFER_PASSES = 9, DIFFER_SETS = 2 * DIFFER_PASSES };

typedef struct differ {
    kao_context *ctx[DIFFER_LEVELS]; /* ref, then the others that the machine has */
    int n_ctx;
    double worst; /* largest error so far, as a share of its bound */
} differ;

bool differ_open(differ *d);
void differ_close(differ *d);

/* pass_sets: of the sets with one pass left out (and of a few others), how many: 0 .. DIFFER_SETS.
 * Says why where two plans differ, or one is refused. */
bool differ_check(differ *d, const random_graph *t, const pb *file, int pass_sets,
                  char *why, size_t cap);

#endif
