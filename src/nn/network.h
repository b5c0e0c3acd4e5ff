/* A loaded network: the graph, each node bound to its operator's row. Immutable after
 * loading but for the cache of packed weights, which has a lock, and the two settings of
 * training, made before plans and tapes are; so threads and sessions share it. */
#ifndef KAO_NN_NETWORK_H
#define KAO_NN_NETWORK_H

#include <pthread.h>

#include "base/context.h"
#include "kernels/conv.h"
#include "nn/op.h"

typedef struct kao_node {
    const kao_op *op;
    const void *param;
} kao_node;

typedef struct kao_packed kao_packed; /* one layer's packed weights */

/* What tells packed weights apart. A layer that plans of two sizes compute by two algorithms
 * is packed once for each. */
typedef struct kao_packing_key {
    uint64_t layer; /* which nodes were fused into it, how: kao_graph_key */
    kao_conv_algorithm algorithm;
    size_t bytes;
} kao_packing_key;

enum { KAO_PACKED_LISTS = 256 };

typedef struct kao_network {
    kao_context *ctx;
    const char *name; /* path, or what the caller called it */
    kao_onnx_model onnx;
    kao_arena arena; /* of params */
    kao_node *nodes; /* by number of the node in the file */
    kao_kernels kernels;
    /* Convolutions of plans and tapes made from here on may round inputs, weights and
     * gradients to bfloat16; sums stay float32. False at first. */
    bool bf16;
    kao_winograd_use winograd; /* of plans made from here on; where faster at first */
    /* Training: pictures that a BatchNormalization takes its statistics over; 0: all. */
    uint32_t norm_group;
    pthread_mutex_t lock;                 /* guards packed */
    kao_packed *packed[KAO_PACKED_LISTS]; /* by key.layer */
} kao_network;

kao_status kao_network_load(kao_context *ctx, kao_network **out, const char *path,
                            kao_error *err);
/* bytes must stay; name: what messages call them. */
kao_status kao_network_parse(kao_context *ctx, kao_network **out, kao_span bytes,
                             const char *name, kao_error *err);
void kao_network_destroy(kao_network *net);

/* "node 12 "conv1" (Conv)" into buf; "no node" for a number that none has. */
const char *kao_network_node_text(const kao_network *net, uint32_t node, char *buf,
                                  size_t cap);

/* Packed weights of a layer, for one more plan. Where no plan holds them yet they are made,
 * under the lock: make fills key->bytes, or gives false; NULL when out of memory. */
const void *kao_network_hold_packed(kao_network *net, const kao_packing_key *key,
                                    bool (*make)(void *user, void *packed), void *user);
/* A plan is done with them; the last one frees them. NULL is fine. */
void kao_network_drop_packed(kao_network *net, const void *packed);

#endif
