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

enum {
    KAO_SERVER_BODY_MOST = 64 << 20
}; /* bytes of a request, but of what goes to a file */

typedef struct kao_server_options {
    const char *address; /* NULL: 127.0.0.1 */
    uint16_t port;       /* 0: a free one */
    const char *gallery; /* the file; made where there is none */
    const void *
        gallery_key; /* its KAO_GALLERY_KEY bytes, borrowed as texts are; NULL: it is in the clear */
    const char
        *temporary; /* a folder for what is too large for memory; NULL: /var/tmp */
    kao_model *detector;
    kao_model
        *models[KAO_GALLERY_MODELS]; /* embedders, as the gallery is pinned to them */
    size_t n_models;
    uint32_t workers; /* requests at once; 0: one for each thread of the context */
    uint32_t queue;   /* requests that wait; 0: 64. More are told to come back: 503 */
    uint32_t rate; /* requests a second of one client, those that ask for work (GET does
                         not); 0: 50 of another machine's, any number of this one's */
    double
        fpir; /* of strangers so many may be taken for somebody of the gallery; 0: .01 */
    const char
        *keys; /* the list of access keys (keys.h), or NULL: none. Where it has any,
                         one is demanded of every request */
    bool
        demand_keys; /* also where it has none. On an address that others reach it must */
    const char *const *hosts; /* names beside localhost under which requests may come */
    size_t n_hosts;
    const char *tls_key, *tls_certificate; /* PEM; NULL: plain HTTP */
    const char *ca;             /* PEM, what browsers are offered to trust; or NULL */
    const char *const *sources; /* cameras of its own: NAME=SOURCE or SOURCE */
    size_t n_sources;
    const char *const *webhooks; /* addresses that get the cameras' events by POST */
    size_t n_webhooks;
    const char
        *webhook_ca; /* a file, PEM: by these https:// webhooks are trusted; NULL:
                               by those that the system trusts */
    bool plain;      /* plain HTTP also on an address that others reach */
    /* Lines for a log: who changed what by which key, who tried wrong ones. Any thread; NULL: none. */
    void (*log)(void *user, const char *line);
    void *log_user;
} kao_server_options;

/* The models and texts of options are borrowed until kao_server_stop. Errors: KAO_E_ARG, KAO_E_IO
 * (the port, the gallery), KAO_E_CONFLICT (a gallery of other models), KAO_E_NOMEM, and those of
 * kao_detector_create and its kin; *out is then NULL. */
kao_status kao_server_start(kao_context *ctx, kao_server **out,
                            const kao_server_options *options, kao_error *err);
uint16_t kao_server_port(const kao_server *server);
/* A one-time code, good for ten minutes: at PAGE#code=CODE a browser gets its cookie for it. */
enum { KAO_SERVER_CODE_BYTES = 37 };
void kao_server_code(kao_server *server, char to[KAO_SERVER_CODE_BYTES]);
/* Requests that have come whole are answered, others are not; after two seconds those that wait are told to come
 * again (503). False: something could not be ended in time (see kao_cameras_stop) and still uses the context, models and
 * options: the process is to be ended, by _exit. What was answered is on the disk. NULL is fine. */
bool kao_server_stop(kao_server *server);

/* Whether this build has a server; err: why not. */
kao_status kao_server_ready(kao_error *err);

#endif
