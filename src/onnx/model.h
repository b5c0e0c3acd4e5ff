/* An ONNX file as a typed graph: names resolved to numbers, every reference checked.
 *
 * The graph lives in one arena and borrows weights from the file's bytes. It is not changed
 * after loading, so any number of threads may read it. */
#ifndef KAO_ONNX_MODEL_H
#define KAO_ONNX_MODEL_H

#include "base/file.h"
#include "onnx/tensor.h"

#define KAO_NO_VALUE UINT32_MAX /* an omitted optional input or output */

typedef enum kao_attr_type {
    KAO_ATTR_FLOAT = 1,
    KAO_ATTR_INT = 2,
    KAO_ATTR_STRING = 3,
    KAO_ATTR_TENSOR = 4,
    KAO_ATTR_FLOATS = 6,
    KAO_ATTR_INTS = 7,
    KAO_ATTR_OTHER = 100, /* graphs, strings, sparse tensors, references: not read */
} kao_attr_type;

typedef struct kao_onnx_attr {
    const char *name;
    kao_attr_type type;
    float f;
    int64_t i;
    const char *s;
    const kao_onnx_tensor *t;
    const float *floats;
    const int64_t *ints;
    size_t n; /* of floats or ints */
} kao_onnx_attr;

typedef struct kao_onnx_node {
    const char *op, *domain, *name; /* never NULL; name may be "" */
    uint32_t n_in, n_out, n_attr;
    const uint32_t *in, *out; /* values; KAO_NO_VALUE where omitted */
    const kao_onnx_attr *attr;
} kao_onnx_node;

typedef struct kao_onnx_input {
    uint32_t value;
    int32_t dtype;              /* ONNX number, maybe one that kao does not have */
    int32_t rank;               /* -1: not stated */
    int64_t dims[KAO_MAX_RANK]; /* -1: dynamic */
    const char *dim_names[KAO_MAX_RANK]; /* of dynamic ones; NULL or "" where unnamed */
} kao_onnx_input;

typedef struct kao_onnx_meta { /* metadata_props */
    const char *key, *value;
} kao_onnx_meta;

typedef struct kao_onnx_model {
    kao_arena arena;
    kao_file file;
    kao_file external[KAO_MAX_EXTERNAL]; /* files of external tensors */
    const char *external_names[KAO_MAX_EXTERNAL];
    size_t n_external;
    uint64_t n_bytes; /* of the file's content and of the external files */
    int64_t ir_version;
    int64_t opset; /* of the default domain */
    const char *producer, *producer_version;

    uint32_t n_values;
    const char **value_names;
    const kao_onnx_tensor **constants; /* by value: its initialiser, or NULL */

    uint32_t n_nodes, n_inputs, n_outputs, n_meta;
    kao_onnx_node *nodes;   /* in an order where each value is made before it is used */
    kao_onnx_input *inputs; /* without those that have an initialiser */
    kao_onnx_input *outputs; /* as stated; shapes are hints */
    kao_onnx_meta *meta;
} kao_onnx_model;

/* Read and parse a file. Errors name file, place and reason; *m is then empty. */
kao_status kao_onnx_load(kao_onnx_model *m, kao_mem *mem, const char *path,
                         kao_error *err);
/* The same from bytes, which must stay while the model lives; no external data. */
kao_status kao_onnx_parse(kao_onnx_model *m, kao_mem *mem, kao_span bytes,
                          kao_error *err);
void kao_onnx_free(kao_onnx_model *m); /* {0} is fine */

const kao_onnx_attr *kao_onnx_attr_find(const kao_onnx_node *node, const char *name);

#endif
