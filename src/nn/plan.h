/* A plan: the list of kernel calls for one set of input shapes. Plain data over memory that
 * it does not own: operands are a space and an offset, so any session can run it. */
#ifndef KAO_NN_PLAN_H
#define KAO_NN_PLAN_H

#include "nn/graph.h"
#include "nn/lower.h"

typedef enum kao_space {
    KAO_SPACE_CONST, /* tensor.data is the address */
    KAO_SPACE_INPUT, /* of the caller; index says which */
    KAO_SPACE_OUTPUT,
    KAO_SPACE_ARENA,
    KAO_SPACE_NONE, /* an omitted argument */
} kao_space;

typedef struct kao_arg {
    kao_tensor t;
    kao_space space;
    uint32_t index;
    size_t offset; /* bytes from the start of the space */
} kao_arg;

typedef struct kao_entry {
    kao_kernel_id kernel;
    uint32_t node;               /* of the file, for names and profiles */
    uint32_t first, n_in, n_out; /* operands: inputs, then outputs */
    const kao_op *op;
    const void *param, *state, *detail;
    size_t scratch; /* bytes */
} kao_entry;

typedef struct kao_plan {
    /* Of everything below, and of computed constants that entries read; packed weights are
     * the network's, held by each plan that uses them. */
    kao_arena arena;
    kao_entry *entries;
    kao_arg *operands;
    uint32_t n_entries, n_operands;
    uint32_t n_inputs, n_outputs;
    kao_tensor *inputs; /* the key: types, dims, strides, values of bound ones */
    bool *bound;
    kao_tensor *outputs;
    size_t arena_bytes, scratch_bytes, constant_bytes;
    uint64_t work; /* of one run: see work.c */
    uint64_t used; /* clock of the last use */
} kao_plan;

/* Plan a model for these inputs. */
kao_status kao_plan_create(kao_plan **out, kao_network *net, const kao_tensor *inputs,
                           uint32_t passes, kao_error *err);
void kao_plan_destroy(kao_plan *plan, kao_network *net);
/* Whether the plan serves these inputs. */
bool kao_plan_fits(const kao_plan *plan, const kao_tensor *inputs);

const char *kao_kernel_name(kao_kernel_id kernel);

/* lower.c: a kernel for a generic or copying step whose operands lie well for it. Sets the
 * entry's kernel and detail (in the plan); leaves the entry as it is where none fits. */
kao_status kao_lower(kao_graph *g, const kao_step *s, kao_entry *e);

/* work.c: add what a step costs, run by a kernel; an error where the plan's sum passes the
 * limit. */
kao_status kao_plan_count_work(kao_plan *plan, kao_graph *g, const kao_step *s,
                               kao_kernel_id kernel);

/* memory.c: offsets of roots in the arena by life time. first and last: step numbers. */
typedef struct kao_block {
    size_t bytes, offset;
    uint32_t first, last;
} kao_block;
/* Sets every offset (multiples of 64) and *total, at most limit. scratch: room for 2 n
 * indices. */
kao_status kao_memory_plan(kao_block *blocks, uint32_t n, uint32_t *scratch,
                           uint64_t limit, size_t *total, kao_error *err);

#endif
