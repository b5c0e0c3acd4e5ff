/* Operators: what a row of the table is, and what its functions see.
 *
 * load    once per node of a file: attributes -> param. Refuses what kao does not do.
 * infer   once per plan: types and shapes of the outputs, further numbers -> state.
 * run     the generic form: plain C over strided views, any layout. Cannot fail, does not
 *         allocate. It is the reference for every faster form that passes choose.
 * view    when values are placed: the output as strides over the input, without a copy.
 * work    when work is counted: what one element of output 0 costs.
 * lower   when entries are made: a kernel instead of the generic form, by how operands lie.
 * train   when a tape is made: the step's run in training, and the way back of gradients.
 *
 * All that planning wants to know of an operator is in its row. */
#ifndef KAO_NN_OP_H
#define KAO_NN_OP_H

#include "base/arena.h"
#include "base/pool.h"
#include "kernels/kernels.h"
#include "nn/tensor.h"
#include "onnx/model.h"

/* The operators that passes fuse, join or drop. */
typedef enum kao_op_kind {
    KAO_OP_OTHER,
    KAO_OP_ADD,
    KAO_OP_MUL,
    KAO_OP_RELU,
    KAO_OP_CLIP,
    KAO_OP_LEAKY_RELU,
    KAO_OP_PRELU,
    KAO_OP_SIGMOID,
    KAO_OP_CONV,
    KAO_OP_BATCH_NORM,
    KAO_OP_GEMM,
    KAO_OP_MATMUL,
    KAO_OP_CONCAT,
    KAO_OP_IDENTITY, /* Dropout too */
} kao_op_kind;

/* How an operator takes and makes layouts (place.c). */
typedef enum kao_op_layout {
    KAO_LAYOUT_DENSE,   /* makes C order */
    KAO_LAYOUT_LAST,    /* works channels last, at any pitch */
    KAO_LAYOUT_FOLLOWS, /* makes the layout of its inputs */
    KAO_LAYOUT_PART,    /* makes parts of input 0, of the same axes */
    KAO_LAYOUT_RESHAPES, /* makes the elements of input 0, in C order, under other dims */
} kao_op_layout;

typedef struct kao_op kao_op;

typedef struct kao_op_loader {
    const kao_op *op;
    const kao_onnx_node *node;
    const kao_onnx_model *model;
    kao_arena *arena; /* for what param points to; lives as long as the model */
    void *param;      /* op->param_size zeroed bytes */
    kao_error *err;
} kao_op_loader;

typedef struct kao_op_infer kao_op_infer;
struct kao_op_infer {
    const kao_op *op;
    const void *param;
    void *state; /* op->state_size zeroed bytes; goes with the plan */
    uint32_t n_in, n_out;
    const kao_tensor *in; /* dims and type; data where the value is known already */
    kao_tensor *out;      /* to fill: type, rank, dims */
    kao_arena *arena;     /* of the plan, for tables that state points to */
    kao_error *err;
    /* Make in[i].data known: the values of this input decide shapes. */
    kao_status (*need)(kao_op_infer *x, uint32_t i);
    /* Count elements that infer itself looks at, where they are more than those of its
     * inputs: an error where planning may not spend that. */
    kao_status (*spend)(kao_op_infer *x, uint64_t work);
    void *planner;
};

typedef struct kao_op_lower kao_op_lower; /* nn/lower.h */
typedef struct kao_tape kao_tape;         /* nn/tape.h */
typedef struct kao_tape_step kao_tape_step;

typedef struct kao_op_call {
    const kao_kernels *kernels;
    const kao_pool *pool;
    const void *param, *state;
    uint32_t n_in, n_out;
    const kao_tensor *in;
    const kao_tensor *out; /* data NULL: not wanted */
} kao_op_call;

struct kao_op {
    const char *name;       /* ONNX op_type, default domain */
    uint8_t since, until;   /* opsets that the row serves; until 0: all later ones */
    uint8_t min_in, max_in; /* KAO_ANY_NUMBER: up to KAO_MAX_NODE_ARGS */
    uint8_t max_out;
    uint16_t types; /* KAO_T_*: types of input 0 (of the output where it has none) */
    uint16_t param_size, state_size;
    const char *const *attrs; /* names it reads or may ignore, then NULL; NULL: none */
    kao_status (*load)(kao_op_loader *l); /* NULL: nothing to read */
    kao_status (*infer)(kao_op_infer *x);
    void (*run)(const kao_op_call *c);
    kao_op_kind kind;
    kao_op_layout layout;
    bool reads_dims_only; /* its outputs are known when the input's dims are */
    /* The numbers of a constant, which stay where the file has them; NULL: it is none. */
    const kao_onnx_tensor *(*constant)(const void *param);
    /* Output i as a view of input 0: the strides of out, and its offset from in, in
     * elements. False where strides cannot say it; the same for all i. NULL: never. */
    bool (*view)(const void *state, const kao_tensor *in, uint32_t i, kao_tensor *out,
                 int64_t *offset);
    /* What an element of output 0 costs, in multiply-adds or elements read, roughly; 1
     * where NULL. in: input 0. */
    uint64_t (*work)(const kao_tensor *in, const void *param, const void *state);
    kao_status (*lower)(kao_op_lower *x); /* NULL: no kernel does it */
    /* How it runs in training and its gradient (nn/tape.h); NULL: it is not trained. */
    kao_status (*train)(kao_tape *t, kao_tape_step *s);
};

enum { KAO_ANY_NUMBER = 255 };

/* Sets of types. */
enum {
    KAO_T_F32 = 1 << 0,
    KAO_T_I64 = 1 << 1,
    KAO_T_I32 = 1 << 2,
    KAO_T_U8 = 1 << 3,
    KAO_T_I8 = 1 << 4,
    KAO_T_BOOL = 1 << 5,
    KAO_T_F16 = 1 << 6,
    KAO_T_F64 = 1 << 7,
    KAO_T_I16 = 1 << 8,
    KAO_T_U16 = 1 << 9,
    KAO_T_U32 = 1 << 10,
    KAO_T_U64 = 1 << 11,
    KAO_T_REAL = KAO_T_F32 | KAO_T_F64,
    KAO_T_SIGNED = KAO_T_I64 | KAO_T_I32 | KAO_T_I16 | KAO_T_I8,
    KAO_T_INT = KAO_T_SIGNED | KAO_T_U8 | KAO_T_U16 | KAO_T_U32 | KAO_T_U64,
    KAO_T_NUM = KAO_T_REAL | KAO_T_INT,
    KAO_T_BY_SIGN = KAO_T_NUM & ~KAO_T_U64, /* looked at as int64 */
    KAO_T_ALL = KAO_T_NUM | KAO_T_BOOL,
};

uint32_t kao_type_bit(kao_dtype dtype);

/* The row that serves op_type at an opset, or NULL. *known: the name exists at all. */
const kao_op *kao_op_find(const char *op_type, int64_t opset, bool *known);
/* All rows, sorted by name, then since. */
const kao_op *kao_op_rows(size_t *n);
/* Check a node against its row and fill param. One line in err: what and why. */
kao_status kao_op_load(kao_op_loader *l);

/* Attributes, typed: the default where absent; a wrong type is an error. */
kao_status kao_attr_int(kao_op_loader *l, const char *name, int64_t fallback,
                        int64_t *out);
kao_status kao_attr_float(kao_op_loader *l, const char *name, float fallback,
                          float *out);
kao_status kao_attr_string(kao_op_loader *l, const char *name, const char *fallback,
                           const char **out);
/* *n is 0 where absent; more than cap is an error. */
kao_status kao_attr_ints(kao_op_loader *l, const char *name, int64_t *to, size_t cap,
                         size_t *n);
kao_status kao_attr_floats(kao_op_loader *l, const char *name, float *to, size_t cap,
                           size_t *n);

/* Helpers of infer. */
kao_status kao_infer_like(kao_op_infer *x,
                          uint32_t i); /* out[0] = shape and type of in[i] */
/* axis in -rank .. rank-1 to 0 .. rank-1; an error names it. */
kao_status kao_infer_axis(kao_op_infer *x, int64_t axis, int32_t rank, int32_t *out);
/* The integers of input i, which decide shapes. */
kao_status kao_infer_ints(kao_op_infer *x, uint32_t i, int64_t *to, size_t cap,
                          size_t *n);
/* An error where input i is of another type. */
kao_status kao_infer_type_is(kao_op_infer *x, uint32_t i, kao_dtype want);
/* An error where input i is of a type that indices do not have. */
kao_status kao_infer_index_type(kao_op_infer *x, uint32_t i);
/* out[0]'s dims grow to hold those of t too, each broadcast to the other. */
kao_status kao_infer_broadcast(kao_op_infer *x, const kao_tensor *t);

/* Input i where the node has it, else NULL. */
static inline const kao_tensor *kao_call_optional(const kao_op_call *c, uint32_t i)
{
    return i < c->n_in && kao_tensor_given(&c->in[i]) ? &c->in[i] : NULL;
}

static inline bool kao_infer_has(const kao_op_infer *x, uint32_t i)
{
    return i < x->n_in && kao_tensor_given(&x->in[i]);
}

#endif
