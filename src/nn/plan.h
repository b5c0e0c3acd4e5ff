/* A plan: the list of kernel calls for one set of input shapes. Plain data over an arena
 * that it does not own: operands are a space and an offset, so any session can run it. */
#ifndef KAO_NN_PLAN_H
#define KAO_NN_PLAN_H

#include "nn/graph.h"

typedef enum kao_space {
    KAO_SPACE_CONST, /* tensor.data is the address */
    KAO_SPACE_INPUT, /* of the caller; index says which */
    KAO_SPACE_OUTPUT,
    KAO_SPACE_ARENA,
    KAO_SPACE_NONE, /* an omitted argument */
} kao_space;

typedef struct kao_operand {
    kao_tensor t;
    kao_space space;
    uint32_t index;
    size_t offset; /* bytes from the start of the space */
} kao_operand;

typedef enum kao_kernel_id {
    KAO_KERNEL_GENERIC, /* op->run with param and state */
    KAO_KERNEL_COPY,
    KAO_KERNEL_CONV,    /* detail: kao_conv; operands: in, [residual], out */
    KAO_KERNEL_COUNT,
} kao_kernel_id;

typedef struct kao_entry {
    kao_kernel_id kernel;
    uint32_t node;           /* of the file, for names and profiles */
    uint32_t first, n_in, n_out; /* operands: inputs, then outputs */
    const kao_op *op;
    const void *param, *state, *detail, *packed;
    size_t scratch;          /* bytes */
} kao_entry;

typedef struct kao_plan {
    kao_arena arena;       /* of everything below, and of folded constants */
    kao_entry *entries;
    kao_operand *operands;
    uint32_t n_entries, n_operands;
    uint32_t n_inputs, n_outputs;
    kao_tensor *inputs;    /* the key: types, dims, strides, and the values of bound ones */
    bool *bound;
    kao_tensor *outputs;
    size_t arena_bytes, scratch_bytes, constant_bytes;
    uint64_t used;         /* clock of the last use */
} kao_plan;

/* Plan a model for these inputs. */
kao_status kao_plan_create(kao_plan **out, kao_model *m, const kao_tensor *inputs,
                           uint32_t passes, kao_error *err);
void kao_plan_destroy(kao_plan *plan, kao_mem *mem);
/* Whether the plan serves these inputs. */
bool kao_plan_fits(const kao_plan *plan, const kao_tensor *inputs);

const char *kao_kernel_name(kao_kernel_id kernel);

/* memory.c: offsets of roots in the arena by life time. first and last: step numbers. */
typedef struct kao_block {
    size_t bytes, offset;
    uint32_t first, last;
} kao_block;
/* Sets every offset (multiples of 64) and *total. scratch: room for n indices. */
kao_status kao_memory_plan(kao_block *blocks, uint32_t n, uint32_t *scratch, size_t *total,
                           kao_error *err);

#endif
