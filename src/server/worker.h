/* What a worker has to answer with, and the way from a picture's bytes to faces and vectors. */
#ifndef KAO_SERVER_WORKER_H
#define KAO_SERVER_WORKER_H

#include "kao/detector.h"
#include "kao/embedder.h"
#include "kao/gallery.h"
#include "kao/image.h"
#include "kao/quality.h"
#include "server/call.h"
#include "server/server.h"

typedef struct kao_worker {
    kao_context *ctx;
    const kao_server_options *o;
    kao_run_options run;     /* of its networks; all 0: the usual */
    struct kao_lives *lives; /* the server's, as what follows */
    struct kao_jobs *jobs;
    struct kao_spools *spools;
    struct kao_streams *streams;
    struct kao_cameras *cameras;
    struct kao_access *access;
    const struct kao_stats *stats;
    kao_detector *detector;
    kao_embedder *embedders[KAO_GALLERY_MODELS];
    kao_tta ttas[KAO_GALLERY_MODELS];
    size_t n; /* models */
    kao_gallery *gallery;
} kao_worker;

/* w->ctx, w->o and w->run are given. On failure nothing is left open. */
kao_status kao_worker_open(kao_worker *w, kao_error *err);
void kao_worker_close(kao_worker *w);

/* The model that a request means (?model=NAME; none: the first); false: answered 400. */
bool kao_worker_model(const kao_worker *w, kao_call *c, size_t *model);
const char *kao_worker_model_name(const kao_worker *w, size_t model);
/* Floats of one vector of each model, and where model m's begins in a row of them. */
size_t kao_worker_dims(const kao_worker *w);
size_t kao_worker_offset(const kao_worker *w, size_t m);

/* A picture of a request with its faces. Faces are borrowed until the worker's next picture. */
typedef struct kao_photo {
    kao_image image;
    kao_faces faces;
} kao_photo;

/* name: of the field. The picture alone, for what is searched in it. Errors are those of
 * kao_call_picture and kao_image_decode. */
kao_status kao_photo_read(kao_worker *w, kao_call *c, const char *name,
                          kao_search search, kao_photo *p, kao_error *err);
/* With its faces. min_score: 0: the detector's own. Errors: those of kao_detect too. */
kao_status kao_photo_find(kao_worker *w, kao_call *c, const char *name,
                          kao_search search, float min_score, kao_photo *p,
                          kao_error *err);
/* The same, min_score being a parameter of the request. */
kao_status kao_photo_take(kao_worker *w, kao_call *c, const char *name,
                          kao_search search, kao_photo *p, kao_error *err);
/* The same of bytes, whose name errors say: all their faces. */
kao_status kao_photo_look(kao_worker *w, const char *name, const void *bytes, size_t n,
                          kao_photo *p, kao_error *err);
void kao_photo_free(kao_worker *w, kao_photo *p);
/* In pixels of the upright picture in the file. */
kao_face kao_photo_in_file(const kao_photo *p, size_t i);
/* {"box":[x,y,width,height],"score":..,"landmarks":[[x,y]..]} */
kao_json *kao_photo_face_json(const kao_photo *p, size_t i);
/* Vectors of a face of a view: of model `only`, or (SIZE_MAX) of each in a row. norm: the first one's
 * length before it was brought to 1; or NULL. */
kao_status kao_face_embed(kao_worker *w, const kao_view *view, const kao_face *face,
                          size_t only, float *vectors, float *norm, kao_error *err);
/* The same of face i of a photo. */
kao_status kao_photo_embed(kao_worker *w, const kao_photo *p, size_t i, size_t only,
                           float *vectors, float *norm, kao_error *err);

/* From which similarity on somebody is known, at a rate for one pair (or NaN: by fpir for so many
 * samples as the gallery, or one group of it, has, which are *templates then). KAO_E_ARG: the model's calibration does not tell. */
kao_status kao_worker_limit(kao_worker *w, size_t model, double far, double fpir,
                            const char *group, float *threshold, uint64_t *templates,
                            kao_error *err);
/* What kao_odds_set tells of one pair, and "fpir" of so many samples (0: none). */
void kao_worker_rates(const kao_worker *w, size_t model, float similarity,
                      uint64_t templates, kao_json *to);

typedef struct kao_named {
    int64_t person; /* 0: nobody, or somebody who was removed meanwhile */
    kao_json *name; /* the caller's; NULL: has none */
    bool ignored;
} kao_named;

/* person: 0: nobody. */
kao_status kao_person_named(kao_worker *w, int64_t person, kao_named *to,
                            kao_error *err);

#endif
