/* What the train functions of all rows use. Values of rank 4 are channels last and dense. */
#ifndef KAO_NN_OPS_TRAIN_PARTS_H
#define KAO_NN_OPS_TRAIN_PARTS_H

#include "nn/ops/ops.h"
#include "nn/tape.h"

static inline const kao_kernels *kernels(const kao_tape *t)
{
    return &t->net->kernels;
}

static inline float *data_of(const kao_tape *t, uint32_t v)
{
    return t->values[v].t.data;
}

static inline size_t count_of(const kao_tape *t, uint32_t v)
{
    return (size_t)kao_tensor_count(&t->values[v].t);
}

static inline size_t pixels_of(const kao_tape *t, uint32_t v)
{
    const kao_tensor *x = &t->values[v].t;

    return (size_t)(x->dims[0] * x->dims[2] * x->dims[3]);
}

/* Whether a PRelu's slope is one number, or one a channel that lies innermost. */
static inline bool slope_fits(const kao_tape *t, const kao_step *prelu)
{
    const kao_tensor *slope = &t->g.values[prelu->in[1]].t,
                     *out = &t->g.values[prelu->out[0]].t;

    return kao_tensor_count(slope) == 1 ||
           ((out->rank == 2 || out->rank == 4) &&
            kao_prelu_is_by_channel(slope, out, prelu->state));
}

typedef struct pixel {
    int64_t n, y, x; /* image, row, column */
} pixel;

/* Pixel i of all, in the order in which they lie. */
static inline pixel pixel_of(const kao_tensor *t, size_t i)
{
    const int64_t at = (int64_t)i, h = t->dims[2], w = t->dims[3];

    return (pixel){ .n = at / (w * h), .y = at / w % h, .x = at % w };
}

/* Where pixel (y, u) of image n begins. */
static inline size_t pixel_at(const kao_tensor *x, int64_t n, int64_t y, int64_t u)
{
    return (size_t)(((n * x->dims[2] + y) * x->dims[3] + u) * x->dims[1]);
}

#endif
