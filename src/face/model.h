/* The inside of kao_model. */
#ifndef KAO_FACE_MODEL_H
#define KAO_FACE_MODEL_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/hash.h"
#include "face/calibration.h"
#include "face/card.h"
#include "kao/model.h"

struct kao_model {
    kao_context *ctx;
    atomic_uint holders;
    kao_network *net;
    kao_span bytes; /* the model file's content */
    kao_card *card;
    kao_calibration *calibration;
    pthread_mutex_t lock;         /* guards sha256 */
    char sha256[KAO_SHA256_TEXT]; /* of the file; "" until it is asked for */
};

/* SHA-256 of the model file, taken at the first call. */
void kao_model_hash(kao_model *m, char text[KAO_SHA256_TEXT]);

/* bundled_data.c, made from models/ by tools/embed_models.py. bytes: of the ONNX file, aligned
 * to 64; NULL where the build had none. */
typedef struct kao_bundled {
    const char *name;
    const unsigned char *bytes;
    size_t n_bytes;
} kao_bundled;
extern const kao_bundled kao_bundled_models[];
extern const size_t kao_n_bundled_models;

#endif
