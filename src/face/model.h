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

#endif
