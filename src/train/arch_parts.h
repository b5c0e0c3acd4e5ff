/* What the architectures are put together from: seeded or given weights, layers by name. */
#ifndef KAO_TRAIN_ARCH_PARTS_H
#define KAO_TRAIN_ARCH_PARTS_H

#include "onnx/write.h"
#include "train/arch.h"

typedef struct kao_arch_maker {
    kao_onnx_writer w;
    kao_mem *mem;
    const kao_arch_weights *weights;
    uint32_t n_weights; /* so far: each has a stream of its own */
    float deviation; /* of convolutions at the start; 0: sqrt(2 / inputs), He et al. */
    bool fan_out;    /* sqrt(2 / outputs) instead, Kaiming's other form */
    bool halves;     /* weights of KAO_ARCH_LARGE numbers and more as float16 */
    bool failed;
} kao_arch_maker;

enum { KAO_ARCH_NAME = 24, KAO_ARCH_LARGE = 1024 };

/* a and b as one name; gives to. */
const char *kao_arch_join(char *to, const char *a, const char *b);

/* A weight: given, or of a normal distribution with this deviation about `offset`. */
void kao_arch_weight(kao_arch_maker *m, const char *name, const int64_t *dims,
                     int32_t rank, float deviation, float offset);

/* out = conv(in), without bias; weights "out.w". Deviation as the maker says (He et al.,
 * arXiv:1502.01852). */
void kao_arch_conv(kao_arch_maker *m, const char *in, const char *out, int64_t oc,
                   int64_t c, int64_t k, int64_t groups, const char *attributes);

typedef enum kao_arch_act {
    KAO_ARCH_LINEAR,
    KAO_ARCH_RELU,
    KAO_ARCH_PRELU
} kao_arch_act;

/* out = act(normalised(in)); statistics "out.g" .. "out.v", slopes "out.a". */
void kao_arch_norm(kao_arch_maker *m, const char *in, const char *out, int64_t c,
                   kao_arch_act act);

void kao_arch_yolov3(kao_arch_maker *m); /* arch_yolo.c */
void kao_arch_yolov3_tiny(kao_arch_maker *m);

#endif
