/* A view of an n-dimensional array with strides, and the walk over several at once.
 *
 * dims are in ONNX's order whatever the memory's order is: a channels-last value is a
 * tensor whose strides say so. Strides count elements; a stride of 0 repeats (broadcast). */
#ifndef KAO_NN_TENSOR_H
#define KAO_NN_TENSOR_H

#include "onnx/tensor.h"

typedef struct kao_tensor {
    kao_dtype dtype; /* KAO_DTYPE_NONE: an omitted argument */
    int32_t rank;
    int64_t dims[KAO_MAX_RANK];
    int64_t strides[KAO_MAX_RANK];
    void *data;
} kao_tensor;

static inline bool kao_tensor_given(const kao_tensor *t)
{
    return t->dtype != KAO_DTYPE_NONE;
}

int64_t kao_tensor_count(const kao_tensor *t);
size_t kao_tensor_bytes(const kao_tensor *t);     /* of its elements, without gaps */
void kao_tensor_set_dense(kao_tensor *t);         /* strides of C order */
void kao_tensor_set_channels_last(kao_tensor *t); /* rank 3 or 4: channels innermost */
bool kao_tensor_is_dense(const kao_tensor *t); /* dimensions of 1 may have any stride */
/* Rank 4, channels innermost, pixels `pitch` apart without gaps: what the kernels read. */
bool kao_tensor_is_channels_last(const kao_tensor *t, int64_t *pitch);
bool kao_tensor_same_dims(const kao_tensor *a, const kao_tensor *b);
/* The same elements at the same places, seen in the same order. */
bool kao_tensor_same_strides(const kao_tensor *a, const kao_tensor *b);
/* Strides that show t's elements, in order, with the dims of `as` (equal counts); false if
 * none do. strides: room for KAO_MAX_RANK. */
bool kao_tensor_view_as(const kao_tensor *t, const kao_tensor *as, int64_t *strides);
/* "[1,3,640,640]" into buf. */
const char *kao_dims_text(const int64_t *dims, int32_t rank, char *buf, size_t cap);

/* Element `at`, counted from data, of a tensor of integers or bools; set keeps the low bits
 * of v. A uint64 comes as the int64 of the same bits: see kao_order_bit. */
int64_t kao_tensor_int_at(const kao_tensor *t, int64_t at);
void kao_tensor_set_int(const kao_tensor *t, int64_t at, int64_t v);
/* Element `at` as an index into an axis of d elements, 1 or more: negative ones count from the
 * end, and one outside is clamped to the axis, as running cannot fail (ONNX leaves it open). */
int64_t kao_tensor_index_at(const kao_tensor *t, int64_t at, int64_t d);
/* Element `at` of any type as a double, and back: into a float rounded, into an integer
 * truncated and clamped to its type, NaN as 0; a bool is v != 0. */
double kao_tensor_number_at(const kao_tensor *t, int64_t at);
void kao_tensor_set_number(const kao_tensor *t, int64_t at, double v);
/* What elements of an integer type are xor-ed with to be in their type's order as int64. */
static inline int64_t kao_order_bit(kao_dtype dtype)
{
    return dtype == KAO_U64 ? INT64_MIN : 0;
}
static inline bool kao_tensor_is_real(const kao_tensor *t)
{
    return t->dtype == KAO_F32 || t->dtype == KAO_F64;
}
/* Element `at` of a float32 or float64 tensor, for the inner loops of sums. */
static inline double kao_tensor_real_at(const kao_tensor *t, int64_t at)
{
    return t->dtype == KAO_F32 ? (double)((const float *)t->data)[at]
                               : ((const double *)t->data)[at];
}
static inline void kao_tensor_set_real(const kao_tensor *t, int64_t at, double v)
{
    if (t->dtype == KAO_F32)
        ((float *)t->data)[at] = (float)v;
    else
        ((double *)t->data)[at] = v;
}
/* The axes of t that are in the set, or those that are not: dims and strides. */
kao_tensor kao_tensor_axes(const kao_tensor *t, const bool *in_set, bool want);
/* t as dims of `as` see it: broadcast from the right, strides of 0 where it repeats. */
kao_tensor kao_tensor_spread(const kao_tensor *t, const kao_tensor *as);
/* The element at an index of t's dims, counted from data. */
static inline int64_t kao_tensor_offset(const kao_tensor *t, const int64_t *index)
{
    int64_t at = 0;

    for (int32_t i = 0; i < t->rank; i++)
        at += index[i] * t->strides[i];
    return at;
}
/* An index of dims, one on in C order. */
void kao_index_next(int64_t *index, const int64_t *dims, int32_t rank);

/* Elements of an integer tensor (i64 or i32) in logical order; false for other types or
 * more than cap. */
bool kao_tensor_ints(const kao_tensor *t, int64_t *to, size_t cap, size_t *n);

enum { KAO_WALK_MAX = 6 };

/* A walk over the index space of several operands: the innermost dimension is left to the
 * caller's loop (w.n steps of w.step[k] elements from w.at[k]).
 *
 * Dimensions are put in the order of operand 0's memory and merged where all operands
 * allow it, so that equal layouts become one flat loop. */
typedef struct kao_walk {
    int32_t n_ops, rank; /* outer dimensions that remain */
    int64_t n;           /* inner length; 0: nothing to do */
    int64_t step[KAO_WALK_MAX];
    int64_t at[KAO_WALK_MAX]; /* element offsets of the current inner loop */
    int64_t dims[KAO_MAX_RANK], index[KAO_MAX_RANK];
    int64_t strides[KAO_WALK_MAX][KAO_MAX_RANK];
} kao_walk;

/* ops[0] gives the index space (the output); the others are broadcast to it from the right. */
void kao_walk_init(kao_walk *w, const kao_tensor *const *ops, int32_t n_ops);
/* The next inner loop; false when all are done. Use: for (ok = w.n > 0; ok; ok = next). */
bool kao_walk_next(kao_walk *w);

/* Copy src's elements to dst in logical order of dims (equal counts and types; dims may
 * differ in split: a reshape). Both may have any strides. */
void kao_tensor_copy(const kao_tensor *dst, const kao_tensor *src);

#endif
