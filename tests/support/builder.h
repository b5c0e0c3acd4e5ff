/* ONNX files from a few lines of C: a protobuf writer, and a graph builder on top.
 *
 *     graph g;
 *
 *     graph_init(&g, 13);
 *     graph_input(&g, "x", KAO_F32, "1,3,?,?");
 *     graph_noise(&g, "w", "8,3,3,3", 7, 0.1f);
 *     graph_node(&g, "Conv", "x w", "y", "pads=[1,1,1,1] strides=[2,2]");
 *     graph_output(&g, "y", KAO_F32, "1,8,?,?");
 *     pb file = graph_file(&g);
 *
 * Test code: it aborts where memory runs out, and trusts its arguments. */
#ifndef KAO_TESTS_BUILDER_H
#define KAO_TESTS_BUILDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "onnx/tensor.h"

/* ---- protobuf ---- */

typedef struct pb { /* a growing buffer; {0} is empty */
    uint8_t *p;
    size_t n, cap;
} pb;

void pb_free(pb *b);
void pb_raw(pb *b, const void *bytes, size_t n);
void pb_varint(pb *b, uint64_t v);
void pb_int(pb *b, uint32_t field, int64_t v);
void pb_float(pb *b, uint32_t field, float v);
void pb_bytes(pb *b, uint32_t field, const void *bytes, size_t n);
void pb_str(pb *b, uint32_t field, const char *s);
void pb_sub(pb *b, uint32_t field, pb *message); /* empties message */
/* A list of integers, packed into one field or one field each. */
void pb_ints(pb *b, uint32_t field, const int64_t *v, size_t n, bool packed);
void pb_floats(pb *b, uint32_t field, const float *v, size_t n, bool packed);

/* ---- numbers ---- */

/* Number i of stream seed: multiples of 2^-23 in [-1, 1). make_expected.py has the
 * same. */
float noise(uint32_t seed, uint32_t i);
/* "1,3,?,?" -> dims, ? as -1; "" is rank 0. Gives the rank. */
int32_t dims_of(const char *text, int64_t dims[KAO_MAX_RANK]);

/* ---- graphs ---- */

typedef struct graph {
    pb nodes, meta; /* nodes: the fields of GraphProto */
    int64_t opset;
} graph;

void graph_init(graph *g, int64_t opset);
void graph_free(graph *g);

/* dims: "1,3,?,?"; NULL: without a shape. */
void graph_input(graph *g, const char *name, int dtype, const char *dims);
void graph_output(graph *g, const char *name, int dtype, const char *dims);
void graph_meta(graph *g, const char *key, const char *value);

/* Initialisers with raw data. n is the product of dims. */
void graph_tensor(graph *g, const char *name, int dtype, const char *dims,
                  const void *data);
void graph_floats(graph *g, const char *name, const char *dims, const float *v);
void graph_ints(graph *g, const char *name, const char *dims, const int64_t *v);
/* scale * noise(seed, i) + offset */
void graph_noise(graph *g, const char *name, const char *dims, uint32_t seed,
                 float scale);
void graph_noise_around(graph *g, const char *name, const char *dims, uint32_t seed,
                        float scale, float offset);
/* The same bytes as a TensorProto, for attributes. */
pb tensor_proto(const char *name, int dtype, const char *dims, const void *data);

/* A node. Inputs and outputs are separated by spaces, "-" is an omitted one.
 * Attributes: "k=[3,3] group=8 alpha=0.5 mode=linear": lists of integers (of floats
 * with a point in them), integers, floats, strings. */
void graph_node(graph *g, const char *op, const char *in, const char *out,
                const char *attributes);
/* A node whose only attribute is a tensor (message is emptied). */
void graph_node_tensor(graph *g, const char *op, const char *in, const char *out,
                       const char *attribute, pb *message);

/* The ModelProto. Empties the builder. */
pb graph_file(graph *g);

#endif
