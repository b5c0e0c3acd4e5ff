/* Small random graphs of every operator, for comparing plans with each other: the same
 * choices make the same graph, whether they come from a seed or from a fuzzer's bytes.
 *
 * Each value carries bounds: m, the largest magnitude of its elements, and e, how far the
 * same element may differ between two plans; e = 0 where all plans do the same arithmetic
 * (integers, and floats that no sum or smooth function has touched). u = FLT_EPSILON / 2
 * is one rounding. Weights are scaled to sum|w| <= 1 a row, so a sum of K products adds
 * (K + 4) u m (kernels/conv.h); each maker states its own rule where it pushes a value. */
#ifndef KAO_TESTS_RANDOM_GRAPH_H
#define KAO_TESTS_RANDOM_GRAPH_H

#include "kernels/conv.h"
#include "nn/op.h"
#include "support/builder.h"

typedef struct choices {
    uint64_t state;       /* of a seed */
    const uint8_t *bytes; /* NULL: from the seed */
    size_t n, at;
} choices;

enum { MAX_VALUES = 128, MAX_RANDOM_INPUTS = 8, MAX_OUTPUTS = 12, MAX_ROWS = 256 };

typedef struct random_value {
    char name[12];
    kao_dtype dtype;
    int32_t rank;
    int64_t dims[KAO_MAX_RANK];
    double m, e;
} random_value;

typedef struct random_graph {
    graph g;
    choices c;
    int opset;
    bool special; /* inputs have NaN and infinities in them */
    kao_winograd_use
        winograd; /* never where special: a NaN reaches the neighbours, too */
    random_value v[MAX_VALUES];
    int n;
    uint32_t n_names;
    kao_tensor in[MAX_RANDOM_INPUTS];
    uint32_t n_in;
    int out[MAX_OUTPUTS];
    uint32_t n_out;
    unsigned made[MAX_ROWS]; /* nodes by row of the operator table */
} random_graph;

choices choices_of_seed(uint64_t seed);
choices choices_of_bytes(const uint8_t *bytes, size_t n);

/* n_layers: makers to call, 1 .. ; a smaller number makes the beginning of the same graph. */
pb random_graph_make(random_graph *t, choices c, int n_layers);
void random_graph_free(random_graph *t); /* the inputs' numbers */

#endif
