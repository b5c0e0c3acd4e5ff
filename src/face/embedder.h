/* The inside of kao_embedder: what embedder.c and embedder_card.c share. */
#ifndef KAO_FACE_EMBEDDER_H
#define KAO_FACE_EMBEDDER_H

#include "face/model.h"
#include "image/tensor.h"
#include "kao/embedder.h"
#include "nn/session.h"

struct kao_embedder {
    kao_context *ctx;
    kao_model *model;
    kao_pool pool; /* the context's, limited */
    kao_session *session;
    kao_tensor_form form;
    kao_template template;
    size_t dim;
    uint32_t channels, batch; /* pictures a run may take */
    bool batch_fixed;         /* and has to */
    bool equalize, euclidean;
    kao_tta tta;
    float threshold;
    bool has_threshold;
    float *input;      /* batch pictures */
    uint8_t *plane;    /* of a whole picture in grey */
    float sample[256]; /* what the network gets for a sample of it */
    kao_image resized;
};

/* Form, metric and template, as its model's card says. */
kao_status kao_embedder_read_card(kao_embedder *e, kao_error *err);

#endif
