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
    pthread_mutex_t lock; /* guards the two below; "" until they are asked for */
    char sha256[KAO_SHA256_TEXT];   /* of the file */
    char identity[KAO_SHA256_TEXT]; /* of it and of the files of its external tensors */
};

/* SHA-256 of the model file, taken at the first call. */
void kao_model_hash(kao_model *m, char text[KAO_SHA256_TEXT]);
/* The same where all weights stand in that file; else over the hashes of it and of the files
 * that hold the rest, in the order in which it names them. */
void kao_model_identity(kao_model *m, char text[KAO_SHA256_TEXT]);

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
