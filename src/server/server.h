/* The server: the API under /v1, the app, and the workers that answer. `kao serve` is its command.
 *
 * Of the engine it uses the public headers alone. Models are shared and immutable; each worker has
 * a detector, embedders and a hold of the gallery of its own, and takes one request at a time from
 * one queue. What is done in the gallery is done when the answer is sent. */
#ifndef KAO_SERVER_SERVER_H
#define KAO_SERVER_SERVER_H

#include <stdbool.h>

#include "kao/gallery.h"

typedef struct kao_server kao_server;

typedef struct kao_server_options {
    const char
        *address; /* NULL: 127.0.0.1. One that is not this machine's alone is refused as
                            long as there are no access keys */
    uint16_t port;       /* 0: a free one */
    const char *gallery; /* the file; made where there is none */
    const char
        *temporary; /* a folder for what is too large for memory; NULL: /var/tmp */
    kao_model *detector;
    kao_model
        *models[KAO_GALLERY_MODELS]; /* embedders, as the gallery is pinned to them */
    size_t n_models;
    uint32_t workers; /* requests at once; 0: one for each thread of the context */
    uint32_t queue;   /* requests that wait; 0: 64. More are told to come back: 503 */
    double
        fpir; /* of strangers so many may be taken for somebody of the gallery; 0: .01 */
} kao_server_options;

/* The models and texts of options are borrowed until kao_server_stop. Errors: KAO_E_ARG, KAO_E_IO
 * (the port, the gallery), KAO_E_CONFLICT (a gallery of other models), KAO_E_NOMEM, and those of
 * kao_detector_create and its kin; *out is then NULL. */
kao_status kao_server_start(kao_context *ctx, kao_server **out,
                            const kao_server_options *options, kao_error *err);
uint16_t kao_server_port(const kao_server *server);
/* Requests that have come whole are answered, others are not. NULL is fine. */
void kao_server_stop(kao_server *server);

/* Whether this build has a server; err: why not. */
kao_status kao_server_ready(kao_error *err);

#endif
