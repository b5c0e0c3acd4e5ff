/* The graph while it is planned for one set of input shapes: values with shapes, steps that
 * make them. Passes rewrite it; plan.c turns it into entries.
 *
 *   infer.c  nodes -> steps, shapes, known values
 *   pass_*.c fuse, merge, drop
 *   place.c  strides and storage of each value: views cost nothing, the rest gets memory
 *   plan.c   steps -> entries */
#ifndef KAO_NN_GRAPH_H
#define KAO_NN_GRAPH_H

#include "kernels/conv.h"
#include "nn/network.h"

/* Passes, by bit; the names stand in pass_names. */
enum {
    KAO_PASS_FOLD = 1 << 0,     /* no Identity, Dropout, or what nobody reads */
    KAO_PASS_CONV = 1 << 1,     /* packed channels-last kernels, not the generic form */
    KAO_PASS_NORM = 1 << 2,     /* BatchNormalization into the Conv before it */
    KAO_PASS_ACT = 1 << 3,      /* activation into the epilogue */
    KAO_PASS_RESIDUAL = 1 << 4, /* Add into the epilogue */
    KAO_PASS_HEADS = 1 << 5,    /* sibling convolutions of one input become one */
    KAO_PASS_VIEW = 1 << 6,     /* Transpose, Reshape, Slice, Split without a copy */
    KAO_PASS_GROUP = 1 << 7,    /* convolutions as one, in bands of rows */
    KAO_PASS_WINOGRAD = 1 << 8, /* 3x3 of stride 1 by minimal filtering, where faster */
    KAO_PASS_ALL = (1 << 9) - 1,
};

typedef struct kao_value {
    kao_tensor t; /* dims always; strides after place.c; data: the known value */
    bool is_input, is_output;
    uint32_t input;     /* number of the graph input */
    uint32_t reads;     /* inputs of steps that it is, plus one as a graph output */
    uint32_t maker;     /* step; KAO_NO_VALUE for inputs and constants */
    uint32_t reader[2]; /* the steps of its first two reads as input; KAO_NO_VALUE */
    bool varies;        /* known, but another in plans for other inputs */
    uint64_t key;       /* of one that varies: of its dims and bits */
    bool computed;      /* known, in the memory of planning */
    bool of_file;       /* known, as many numbers as a constant of the file */
    /* place.c: */
    bool joined;    /* placed by kao_place_joins: root, offset, strides stand */
    uint32_t root;  /* the value whose storage it is part of; itself where it owns it */
    int64_t offset; /* elements from the root's first one */
} kao_value;

/* A convolution (or Gemm, MatMul) with constant weights, and what was fused into it. */
typedef struct kao_conv_step kao_conv_step;
struct kao_conv_step {
    kao_conv d;           /* n, h, w .. without strides until place.c */
    uint32_t n_parts;     /* weights are stacked from this many (sibling heads) */
    const float **weight; /* by part: OIHW, of rows[i] output channels */
    int64_t *rows;
    const float *bias, *scale, *slope; /* by output channel; NULL: 0, 1, none */
    uint32_t residual;                 /* value, or KAO_NO_VALUE */
    uint64_t key;                      /* of the packed weights */
    bool rows_are_pixels; /* Gemm, MatMul: the input is a dense M x K matrix */
    bool transposed;      /* weight is K x N (MatMul, Gemm without transB) */
    uint32_t merged; /* n_parts > 1: the value whose channel ranges the outputs are */
    kao_conv_step *next; /* the next stage of a group, which reads this one's map */
};

typedef enum kao_step_kind {
    KAO_STEP_GENERIC, /* op->run */
    KAO_STEP_CONV,
    KAO_STEP_VIEW, /* no work: outputs are views of input 0; of a Concat inputs are parts */
    KAO_STEP_COPY, /* into another layout */
} kao_step_kind;

typedef struct kao_step {
    kao_step_kind kind;
    bool dead;
    const kao_op *op;
    uint32_t node; /* of the file; the last one where several were fused */
    const void *param;
    void *state;
    uint32_t n_in, n_out;
    uint32_t *in, *out;  /* values; KAO_NO_VALUE where omitted or unread */
    kao_conv_step *conv; /* the first stage of KAO_STEP_CONV */
} kao_step;

typedef struct kao_graph {
    kao_network *net;
    uint32_t passes;
    bool trains;        /* a tape's: steps that do something in training stay */
    kao_arena *scratch; /* of planning: given back when the plan is made */
    kao_arena *keep;    /* of the plan: what its entries point to */
    kao_error *err;
    kao_value *values;
    uint32_t n_values, cap_values;
    kao_step *steps;
    uint32_t n_steps;
    uint32_t *outputs;        /* by number of the graph output: its value */
    const kao_tensor *inputs; /* as bound by the caller, by number of the input */
    bool *bound;              /* by input: its values decided shapes */
    uint64_t folded;          /* work spent on known values */
    uint32_t *stack;          /* of make_known: room for all inputs of all nodes */
    uint8_t *seen;            /* by step: its inputs were put on the stack */
} kao_graph;

/* Bounds of this plan. */
uint64_t kao_graph_max_work(const kao_graph *g);
uint64_t kao_graph_max_arena(const kao_graph *g);

/* work.c: multiply-adds and elements touched by a step's generic form, roughly; UINT64_MAX
 * where they do not fit. */
uint64_t kao_step_work(const kao_graph *g, const kao_step *s);
/* Whether any output has an element. A step without one is not run: its loops over other
 * axes may be 2^31 long, and cost nothing by the count above. */
bool kao_step_makes_any(const kao_graph *g, const kao_step *s);

/* Shapes, types and known values for the inputs given. */
kao_status kao_graph_infer(kao_graph *g);
/* All passes of g->passes. */
kao_status kao_graph_optimise(kao_graph *g);
/* Strides, storage, conversion copies; g->steps may grow. */
kao_status kao_graph_place(kao_graph *g);

kao_status kao_graph_no_memory(kao_graph *g);
/* A new value like t. KAO_NO_VALUE: out of memory. */
uint32_t kao_graph_value(kao_graph *g, const kao_tensor *t);
bool kao_value_known(const kao_graph *g, uint32_t value);
/* The tensors of a step: inputs (data where known), outputs (none where unread). */
void kao_graph_args(const kao_graph *g, const kao_step *s, kao_tensor *in,
                    kao_tensor *out);
/* Known, float32, C order. (pass_conv.c) */
bool kao_value_known_f32(const kao_graph *g, uint32_t value);
/* The one step that reads value, if exactly one does and it is no graph output. */
kao_step *kao_graph_only_reader(kao_graph *g, uint32_t value);
void kao_graph_count_reads(kao_graph *g);

/* A layer's key (see kao_network_hold_packed) with what a step adds to it: its node, and the
 * dims and bits of known inputs that are not the same in every plan. */
uint64_t kao_graph_key(const kao_graph *g, uint64_t key, const kao_step *s);

/* pass_conv.c: a convolution step with one part, its descriptor still empty (NULL: out of
 * memory); and the step that becomes it, with input 0 and output 0 alone. */
kao_conv_step *kao_conv_step_new(kao_graph *g, const kao_step *s, const float *weight,
                                 int64_t oc);
void kao_step_become_conv(kao_step *s, kao_conv_step *c);
/* The last stage of a convolution step, which makes its output; NULL for other steps. */
kao_conv_step *kao_step_last_conv(const kao_step *s);

/* pass_*.c */
kao_status kao_pass_fold(kao_graph *g);
kao_status kao_pass_conv(kao_graph *g);
kao_status kao_pass_norm(kao_graph *g);
kao_status kao_pass_epilogue(kao_graph *g);
kao_status kao_pass_heads(kao_graph *g);
kao_status kao_pass_group(kao_graph *g);
/* Part of placing: Concat steps whose parts are made in place. Roots are set before. */
void kao_place_joins(kao_graph *g);

/* The names of passes, for --passes: "fold" ... ; NULL past the last. */
const char *kao_pass_name(int bit);

#endif
