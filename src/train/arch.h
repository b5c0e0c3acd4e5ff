/* Networks of our own, written as ONNX files with seeded or trained weights.
 *
 * One description serves both forms: the training form, which a tape runs, and the form that
 * is shipped, whose outputs a codec of src/face reads. */
#ifndef KAO_TRAIN_ARCH_H
#define KAO_TRAIN_ARCH_H

#include "base/context.h"
#include "base/error.h"
#include "nn/tape.h"

typedef struct kao_arch_weights {
    /* The numbers of a weight by name, or NULL: a seeded start. */
    const float *(*get)(void *user, const char *name, size_t n);
    void *user;
    uint64_t seed;
    bool halves; /* the shipped form: large weights are stored as float16 */
} kao_arch_weights;

/* The parameters of a tape as they are; borrows the tape. */
kao_arch_weights kao_arch_of_tape(kao_tape *t);

/* kao-detect: faces with five points at strides 8, 16 and 32; the outputs of the shipped form
 * are YuNet's. Training form: outputs p8, p16, p32 of KAO_DETECT_CHANNELS: the score's logit,
 * four numbers of the box, ten of the points, as YuNet counts them.
 *
 * width: channels of the body are multiples of it (16: the usual one).
 * metadata: pairs of key and value, NULL at the end; or NULL. */
enum { KAO_DETECT_CHANNELS = 15, KAO_DETECT_LEVELS = 3 };

kao_status kao_arch_detect(kao_mem *mem, bool training, int64_t width,
                           const kao_arch_weights *weights, const char *const *metadata,
                           uint8_t **bytes, size_t *n, kao_error *err);

/* kao-face: a chip of 112 x 112 RGB to `dim` numbers, whose direction counts.
 *
 * width: channels of the first stage (64: 0.22 G multiply-adds, 1.47 million weights). */
kao_status kao_arch_face(kao_mem *mem, bool training, int64_t width, int64_t dim,
                         const kao_arch_weights *weights, const char *const *metadata,
                         uint8_t **bytes, size_t *n, kao_error *err);

/* The field's architectures, as they are published, with seeded weights: iResNet,
 * MobileFaceNet, mbf, resnet_face18, YOLOv3-face. Errors: KAO_E_ARG (another name), KAO_E_NOMEM. */
const char *kao_arch_name(size_t i); /* NULL: no more */
kao_status kao_arch_make(kao_mem *mem, const char *name, uint64_t seed, uint8_t **bytes,
                         size_t *n, kao_error *err);

#endif
