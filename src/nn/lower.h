/* Lowering: which kernel runs a step that is no convolution, decided by how its operands
 * lie. An operator's row has a function that looks at them and sets kernel and detail; where
 * it sets none, the step keeps its generic form. */
#ifndef KAO_NN_LOWER_H
#define KAO_NN_LOWER_H

#include "kernels/elementwise.h"
#include "nn/op.h"

typedef enum kao_kernel_id {
    KAO_KERNEL_GENERIC, /* op->run with param and state */
    KAO_KERNEL_COPY,
    KAO_KERNEL_CONV,    /* detail: kao_conv_group; operands: in, [residual], out */
    KAO_KERNEL_GROUP,   /* the same, of more than one stage */
    KAO_KERNEL_POOL,    /* detail: kao_pooling */
    KAO_KERNEL_RESIZE,  /* detail: kao_resize */
    KAO_KERNEL_BINARY,  /* detail: kao_binary_rows; operands: a, b, out */
    KAO_KERNEL_UNARY,   /* detail: kao_unary_args; operands: in, out */
    KAO_KERNEL_EXP,     /* detail: its count, a size_t */
    KAO_KERNEL_TO_NHWC, /* detail: kao_layout_call */
    KAO_KERNEL_TO_NCHW,
    KAO_KERNEL_COUNT,
} kao_kernel_id;

typedef struct kao_layout_call {
    size_t n, c, n_pixels, pitch;
} kao_layout_call;

struct kao_op_lower {
    const kao_op *op; /* NULL: a copy into another layout */
    const void *param, *state;
    uint32_t n_in, n_out;
    const kao_tensor *in;  /* with strides; data where the value is known */
    const kao_tensor *out; /* dtype KAO_DTYPE_NONE: nobody reads it */
    kao_arena *arena;      /* of the plan, for what detail points to */
    kao_error *err;
    kao_kernel_id kernel; /* to set, with detail */
    const void *detail;
};

/* Choose a kernel; its detail is a copy of n bytes. */
kao_status kao_lower_to(kao_op_lower *x, kao_kernel_id kernel, const void *detail,
                        size_t n);

/* A tensor as n rows of c floats, pitch apart. */
typedef struct kao_row_view {
    size_t n, c, pitch;
} kao_row_view;

/* Rank 4 and channels last: a pixel is a row. */
bool kao_view_pixels(const kao_tensor *t, kao_row_view *r);
/* One number a channel of out: (1, C, 1, 1), (C, 1, 1), dense. */
bool kao_is_per_channel(const kao_tensor *t, const kao_tensor *out);
/* out = act(in): the rows of both, where they are pixels or lie alike and dense. */
bool kao_lower_rows(const kao_op_lower *x, kao_unary_args *u);
/* A copy between C order and channels last. */
kao_status kao_lower_copy(kao_op_lower *x);

#endif
