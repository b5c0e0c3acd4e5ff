/* The limits of a graph, in one place. A file that passes one is refused with KAO_E_LIMIT
 * before anything of that size is allocated. */
#ifndef KAO_ONNX_LIMITS_H
#define KAO_ONNX_LIMITS_H

#include <stdint.h>

enum {
    KAO_MAX_NODES = 100000,
    KAO_MAX_VALUES = 1000000, /* names in a graph, counted wherever they stand */
    KAO_MAX_RANK = 8,
    KAO_MAX_NODE_ARGS = 4096,      /* inputs, outputs, attributes; outputs of a graph */
    KAO_MAX_EXTERNAL = 64,         /* files of external tensors of one model */
    KAO_MAX_SHARED = 16,           /* bytes of external tensors, for each there is */
    KAO_MAX_FOLDED = 1 << 20,      /* elements of a constant computed while planning */
    KAO_MAX_RESIZED = 1 << 24,     /* length of an axis that Resize makes */
    KAO_MAX_PLANS = 16,            /* input shapes a session keeps a plan for */
    KAO_MAX_BOUND_BYTES = 1 << 16, /* of an input whose values decide shapes */
};
/* Bytes are limited by what a pointer difference can tell, too: on a 32-bit machine that is
 * less. Elements take 8 bytes at most, so a tensor's bytes fit a size. */
#define KAO_AT_MOST(LIMIT, MOST) ((LIMIT) < (MOST) ? (LIMIT) : (MOST))
#define KAO_MAX_BYTES            ((uint64_t)PTRDIFF_MAX)
#define KAO_MAX_ELEMENTS         KAO_AT_MOST((int64_t)1 << 31, (int64_t)PTRDIFF_MAX / 8)
#define KAO_MAX_FILE             KAO_AT_MOST((uint64_t)8 << 30, KAO_MAX_BYTES)
/* Activations of one plan; its outputs; the scratch of all threads; its packed weights. */
#define KAO_MAX_ARENA KAO_AT_MOST((uint64_t)4 << 30, KAO_MAX_BYTES)
/* The parsed graph. */
#define KAO_MAX_GRAPH_HEAP KAO_AT_MOST((uint64_t)8 << 30, KAO_MAX_BYTES)
/* Multiply-adds (or elements touched) of one run, counted while planning: a few lines of
 * a file can ask for years. An iResNet-100 takes 2^34 a face, SCRFD-34G 2^37 at 1280. One
 * of an operator's generic form counts as many of a packed kernel (nn/work.c). */
#define KAO_MAX_WORK ((uint64_t)1 << 40)
enum { KAO_GENERIC_WORK = 64 };

#endif
