/* The layers that bench/kernels.c times: those of the models in daily use, from their
 * files. */
#ifndef KAO_BENCH_KERNELS_LAYERS_H
#define KAO_BENCH_KERNELS_LAYERS_H

#include "kernels/conv.h"

typedef struct layer {
    const char *net;
    int count; /* how often the network runs it */
    int h, w, c, oc, k, s, pad, groups;
    kao_act act;
    kao_residual residual;
} layer;

#define RELU     KAO_ACT_CLAMP, KAO_RES_NONE
#define PRELU    KAO_ACT_SLOPE, KAO_RES_NONE
#define LINEAR   KAO_ACT_NONE, KAO_RES_NONE
#define ADD      KAO_ACT_NONE, KAO_RES_AFTER_ACT
#define ADD_RELU KAO_ACT_CLAMP, KAO_RES_BEFORE_ACT

/* clang-format off */
static const layer layers[] = {
    /* net          n   h    w   c   oc  k  s  p  g    epilogue */
    { "mobilefacenet", 1, 112, 112, 3, 64, 3, 2, 1, 1, PRELU },
    { "mobilefacenet", 1, 56, 56, 64, 64, 3, 1, 1, 64, PRELU },
    { "mobilefacenet", 1, 56, 56, 64, 128, 1, 1, 0, 1, PRELU },
    { "mobilefacenet", 1, 56, 56, 128, 128, 3, 2, 1, 128, PRELU },
    { "mobilefacenet", 1, 28, 28, 128, 64, 1, 1, 0, 1, LINEAR },
    { "mobilefacenet", 4, 28, 28, 64, 128, 1, 1, 0, 1, PRELU },
    { "mobilefacenet", 4, 28, 28, 128, 128, 3, 1, 1, 128, PRELU },
    { "mobilefacenet", 4, 28, 28, 128, 64, 1, 1, 0, 1, ADD },
    { "mobilefacenet", 1, 28, 28, 64, 256, 1, 1, 0, 1, PRELU },
    { "mobilefacenet", 1, 28, 28, 256, 256, 3, 2, 1, 256, PRELU },
    { "mobilefacenet", 1, 14, 14, 256, 128, 1, 1, 0, 1, LINEAR },
    { "mobilefacenet", 6, 14, 14, 128, 256, 1, 1, 0, 1, PRELU },
    { "mobilefacenet", 6, 14, 14, 256, 256, 3, 1, 1, 256, PRELU },
    { "mobilefacenet", 6, 14, 14, 256, 128, 1, 1, 0, 1, ADD },
    { "mobilefacenet", 1, 14, 14, 128, 512, 1, 1, 0, 1, PRELU },
    { "mobilefacenet", 1, 14, 14, 512, 512, 3, 2, 1, 512, PRELU },
    { "mobilefacenet", 1, 7, 7, 512, 128, 1, 1, 0, 1, LINEAR },
    { "mobilefacenet", 2, 7, 7, 128, 256, 1, 1, 0, 1, PRELU },
    { "mobilefacenet", 2, 7, 7, 256, 256, 3, 1, 1, 256, PRELU },
    { "mobilefacenet", 2, 7, 7, 256, 128, 1, 1, 0, 1, ADD },
    { "mobilefacenet", 1, 7, 7, 128, 512, 1, 1, 0, 1, PRELU },
    { "mobilefacenet", 1, 7, 7, 512, 512, 7, 1, 0, 512, LINEAR },
    { "mobilefacenet", 1, 1, 1, 512, 512, 1, 1, 0, 1, LINEAR },

    { "yunet_n", 1, 640, 640, 3, 16, 3, 2, 1, 1, RELU },
    { "yunet_n", 1, 320, 320, 16, 16, 1, 1, 0, 1, LINEAR },
    { "yunet_n", 1, 320, 320, 16, 16, 3, 1, 1, 16, RELU },
    { "yunet_n", 1, 160, 160, 16, 16, 1, 1, 0, 1, LINEAR },
    { "yunet_n", 1, 160, 160, 16, 16, 3, 1, 1, 16, RELU },
    { "yunet_n", 1, 160, 160, 16, 64, 1, 1, 0, 1, LINEAR },
    { "yunet_n", 3, 160, 160, 64, 64, 3, 1, 1, 64, RELU },
    { "yunet_n", 2, 160, 160, 64, 64, 1, 1, 0, 1, LINEAR },
    { "yunet_n", 4, 80, 80, 64, 64, 1, 1, 0, 1, LINEAR },
    { "yunet_n", 4, 80, 80, 64, 64, 3, 1, 1, 64, RELU },
    { "yunet_n", 4, 40, 40, 64, 64, 1, 1, 0, 1, LINEAR },
    { "yunet_n", 4, 40, 40, 64, 64, 3, 1, 1, 64, RELU },
    { "yunet_n", 4, 20, 20, 64, 64, 1, 1, 0, 1, LINEAR },
    { "yunet_n", 4, 20, 20, 64, 64, 3, 1, 1, 64, RELU },
    { "yunet_n", 2, 80, 80, 64, 1, 1, 1, 0, 1, LINEAR },
    { "yunet_n", 2, 80, 80, 1, 1, 3, 1, 1, 1, LINEAR },
    { "yunet_n", 1, 80, 80, 64, 4, 1, 1, 0, 1, LINEAR },
    { "yunet_n", 1, 80, 80, 4, 4, 3, 1, 1, 4, LINEAR },
    { "yunet_n", 1, 80, 80, 64, 10, 1, 1, 0, 1, LINEAR },
    { "yunet_n", 1, 80, 80, 10, 10, 3, 1, 1, 10, LINEAR },

    { "scrfd_500m", 1, 640, 640, 3, 16, 3, 2, 1, 1, RELU },
    { "scrfd_500m", 1, 320, 320, 16, 16, 3, 1, 1, 16, RELU },
    { "scrfd_500m", 1, 320, 320, 16, 16, 1, 1, 0, 1, RELU },
    { "scrfd_500m", 1, 320, 320, 16, 16, 3, 2, 1, 16, RELU },
    { "scrfd_500m", 1, 160, 160, 16, 40, 1, 1, 0, 1, RELU },
    { "scrfd_500m", 1, 160, 160, 40, 40, 3, 1, 1, 40, RELU },
    { "scrfd_500m", 1, 160, 160, 40, 40, 1, 1, 0, 1, RELU },
    { "scrfd_500m", 1, 160, 160, 40, 40, 3, 2, 1, 40, RELU },
    { "scrfd_500m", 1, 80, 80, 40, 72, 1, 1, 0, 1, RELU },
    { "scrfd_500m", 2, 80, 80, 72, 72, 3, 1, 1, 72, RELU },
    { "scrfd_500m", 2, 80, 80, 72, 72, 1, 1, 0, 1, RELU },
    { "scrfd_500m", 1, 80, 80, 72, 72, 3, 2, 1, 72, RELU },
    { "scrfd_500m", 1, 40, 40, 72, 152, 1, 1, 0, 1, RELU },
    { "scrfd_500m", 1, 40, 40, 152, 152, 3, 1, 1, 152, RELU },
    { "scrfd_500m", 1, 40, 40, 152, 152, 1, 1, 0, 1, RELU },
    { "scrfd_500m", 1, 40, 40, 152, 152, 3, 2, 1, 152, RELU },
    { "scrfd_500m", 1, 20, 20, 152, 288, 1, 1, 0, 1, RELU },
    { "scrfd_500m", 5, 20, 20, 288, 288, 3, 1, 1, 288, RELU },
    { "scrfd_500m", 5, 20, 20, 288, 288, 1, 1, 0, 1, RELU },
    { "scrfd_500m", 1, 80, 80, 72, 16, 1, 1, 0, 1, LINEAR },
    { "scrfd_500m", 1, 80, 80, 16, 16, 3, 1, 1, 1, LINEAR },
    { "scrfd_500m", 1, 80, 80, 16, 16, 3, 1, 1, 16, RELU },
    { "scrfd_500m", 1, 80, 80, 16, 64, 1, 1, 0, 1, RELU },
    { "scrfd_500m", 1, 80, 80, 64, 64, 3, 1, 1, 64, RELU },
    { "scrfd_500m", 1, 80, 80, 64, 64, 1, 1, 0, 1, RELU },
    { "scrfd_500m", 1, 80, 80, 64, 2, 3, 1, 1, 1, LINEAR },
    { "scrfd_500m", 1, 80, 80, 64, 8, 3, 1, 1, 1, LINEAR },
    { "scrfd_500m", 1, 80, 80, 64, 20, 3, 1, 1, 1, LINEAR },
    { "scrfd_500m", 1, 40, 40, 64, 20, 3, 1, 1, 1, LINEAR },

    { "scrfd_2.5g", 1, 640, 640, 3, 12, 3, 2, 1, 1, RELU },
    { "scrfd_2.5g", 1, 320, 320, 12, 12, 3, 1, 1, 1, RELU },
    { "scrfd_2.5g", 1, 320, 320, 12, 24, 3, 1, 1, 1, RELU },
    { "scrfd_2.5g", 3, 160, 160, 24, 24, 3, 1, 1, 1, RELU },
    { "scrfd_2.5g", 3, 160, 160, 24, 24, 3, 1, 1, 1, ADD_RELU },
    { "scrfd_2.5g", 1, 160, 160, 24, 48, 3, 2, 1, 1, RELU },
    { "scrfd_2.5g", 5, 80, 80, 48, 48, 3, 1, 1, 1, ADD_RELU },
    { "scrfd_2.5g", 4, 80, 80, 48, 48, 3, 1, 1, 1, RELU },
    { "scrfd_2.5g", 1, 80, 80, 48, 48, 3, 2, 1, 1, RELU },
    { "scrfd_2.5g", 5, 40, 40, 48, 48, 3, 1, 1, 1, ADD_RELU },
    { "scrfd_2.5g", 1, 40, 40, 48, 80, 3, 2, 1, 1, RELU },
    { "scrfd_2.5g", 3, 20, 20, 80, 80, 3, 1, 1, 1, ADD_RELU },
    { "scrfd_2.5g", 1, 80, 80, 24, 24, 3, 1, 1, 1, LINEAR },
    { "scrfd_2.5g", 1, 80, 80, 24, 64, 3, 1, 1, 1, RELU },
    { "scrfd_2.5g", 1, 80, 80, 64, 64, 3, 1, 1, 1, RELU },
    { "scrfd_2.5g", 1, 40, 40, 64, 64, 3, 1, 1, 1, RELU },
    { "scrfd_2.5g", 1, 80, 80, 64, 2, 3, 1, 1, 1, LINEAR },
    { "scrfd_2.5g", 1, 80, 80, 64, 8, 3, 1, 1, 1, LINEAR },
    { "scrfd_2.5g", 1, 80, 80, 64, 20, 3, 1, 1, 1, LINEAR },
};
/* clang-format on */

typedef struct pair {
    const char *net;
    int count;
    int h, w, c, oc, s; /* of the pointwise c -> oc; the depthwise has stride s */
    bool point_first;
    kao_act point_act, depthwise_act;
    kao_residual residual;
} pair;

#define PLAIN_RELU                                                                     \
 KAO_ACT_NONE, KAO_ACT_CLAMP, KAO_RES_NONE /* pointwise, depthwise   \
                                                              */
#define RELU_RELU    KAO_ACT_CLAMP, KAO_ACT_CLAMP, KAO_RES_NONE
#define PRELU_PRELU  KAO_ACT_SLOPE, KAO_ACT_SLOPE, KAO_RES_NONE
#define LINEAR_PRELU KAO_ACT_NONE, KAO_ACT_SLOPE, KAO_RES_AFTER_ACT

/* clang-format off */
static const pair pairs[] = {
    { "yunet_n", 1, 320, 320, 16, 16, 1, true, PLAIN_RELU },
    { "yunet_n", 1, 160, 160, 16, 16, 1, true, PLAIN_RELU },
    { "yunet_n", 1, 160, 160, 16, 64, 1, true, PLAIN_RELU },
    { "yunet_n", 2, 160, 160, 64, 64, 1, true, PLAIN_RELU },
    { "yunet_n", 4, 80, 80, 64, 64, 1, true, PLAIN_RELU },
    { "yunet_n", 4, 40, 40, 64, 64, 1, true, PLAIN_RELU },
    { "yunet_n", 4, 20, 20, 64, 64, 1, true, PLAIN_RELU },
    { "scrfd_500m", 1, 320, 320, 16, 16, 1, false, RELU_RELU },
    { "scrfd_500m", 1, 320, 320, 16, 16, 2, true, RELU_RELU },
    { "scrfd_500m", 1, 320, 320, 16, 40, 2, false, RELU_RELU },
    { "scrfd_500m", 1, 160, 160, 40, 40, 1, false, RELU_RELU },
    { "scrfd_500m", 1, 160, 160, 40, 72, 2, false, RELU_RELU },
    { "scrfd_500m", 2, 80, 80, 72, 72, 1, false, RELU_RELU },
    { "scrfd_500m", 1, 80, 80, 72, 152, 2, false, RELU_RELU },
    { "scrfd_500m", 1, 40, 40, 152, 152, 1, false, RELU_RELU },
    { "scrfd_500m", 5, 20, 20, 288, 288, 1, false, RELU_RELU },
    { "mobilefacenet", 1, 56, 56, 64, 128, 1, false, PRELU_PRELU },
    { "mobilefacenet", 1, 56, 56, 64, 128, 2, true, PRELU_PRELU },
    { "mobilefacenet", 4, 28, 28, 64, 128, 1, true, PRELU_PRELU },
    { "mobilefacenet", 4, 28, 28, 128, 64, 1, false, LINEAR_PRELU },
    { "mobilefacenet", 6, 14, 14, 128, 256, 1, true, PRELU_PRELU },
    { "mobilefacenet", 6, 14, 14, 256, 128, 1, false, LINEAR_PRELU },
};
/* clang-format on */

#endif
