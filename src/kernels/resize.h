/* Nearest-neighbour resize over NHWC f32, by index tables. */
#ifndef KAO_KERNELS_RESIZE_H
#define KAO_KERNELS_RESIZE_H

#include "base/pool.h"

typedef struct kao_resize {
    int32_t n, h, w, c, oh, ow;
    const int32_t *from_y,
        *from_x; /* oh, ow entries: the source row and column, inside */
    int32_t in_stride, out_stride; /* pixel strides, in floats */
} kao_resize;

/* out[n][y][x] = in[n][from_y[y]][from_x[x]], all channels. Exact. No overlap. */
void kao_resize_run(const kao_pool *pool, const kao_resize *d, const float *in,
                    float *out);

#endif
