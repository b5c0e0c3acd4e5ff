/* CompreFace's API, for programs that were written for it: the same paths, answers and error codes
 * under /api/v1, on kao's gallery and models. What clients see of it is documented by that project
 * (its REST API description); what is kao's own stands here.
 *
 * A subject is a person by name. People without a name are "#" and their number; somebody of a name
 * that several people have is refused, as the interface has no other way to tell them apart.
 * similarity is not the cosine but rises with it from 0 to 1, and is .5 where the threshold is: that
 * is what such clients compare it with. The cosine and the false-accept rate stand beside it. */
#ifndef KAO_SERVER_COMPREFACE_H
#define KAO_SERVER_COMPREFACE_H

#include "server/routes.h"

/* Its error codes, as far as they are used here. */
enum {
    CF_UNDEFINED = 0,
    CF_EMPTY_FIELD = 5,
    CF_NO_SERVICE = 10,
    CF_NO_KEY = 20,
    CF_BAD_FILE = 21,
    CF_INVALID = 26,
    CF_NO_FACE = 28,
    CF_SEVERAL_FACES = 31,
    CF_NO_PARAMETER = 33,
    CF_NO_PART = 34,
    CF_EMBEDDINGS = 37,
    CF_NO_SUBJECT = 42,
    CF_SUBJECT_EXISTS = 43,
    CF_NO_IMAGE = 44,
};

/* Whether a path is of this API: errors have its form there. */
bool kao_compreface_is(const char *path);
/* {"message":..,"code":..} */
void kao_compreface_error(kao_call *c, unsigned status, int code, const char *message);
/* What kao's own status and code (see kao_answer_status) are to such a client. */
void kao_compreface_translate(kao_call *c, unsigned status, const char *code,
                              const char *message);

/* The header x-api-key is there and is a UUID; false: answered. Whose it is has been checked before,
 * where the server has keys. */
bool kao_compreface_key(kao_call *c);

/* Whether st is a failure, which is answered then. */
bool kao_cf_failed(kao_call *c, kao_status st, const kao_error *err);
void kao_cf_answer_deleted(kao_call *c, int64_t n);

/* ---- subjects ---- */

/* As JSON; NULL where memory ran out. */
kao_json *kao_subject_json(const char *name, int64_t person);
/* A person by a subject's name; *person 0: nobody has it. */
kao_status kao_subject_number(kao_worker *w, const char *subject, int64_t *person,
                              kao_error *err);
/* The same; false: answered, also where nobody has it. */
bool kao_subject_find(kao_worker *w, kao_call *c, const char *subject, int64_t *person);
/* The vector of a sample; false: answered. */
bool kao_subject_vector(kao_worker *w, kao_call *c, const char *sample, float *vector);

/* ---- faces ---- */

enum { /* face_plugins */
       CF_LANDMARKS = 1,
       CF_CALCULATOR = 2,
       CF_MASK = 4,
       CF_POSE = 8,
};

typedef struct kao_cf_asked {
    size_t limit, predictions;
    double min_score; /* 0: the detector's own */
    uint32_t plugins;
    bool status, whole; /* whole: the picture is a face (detect_faces=false) */
} kao_cf_asked;

/* limit, prediction_count, det_prob_threshold, face_plugins, status, detect_faces; false: answered. */
bool kao_cf_ask(kao_call *c, kao_cf_asked *a);

/* The faces of a picture, biggest first, `limit` at most, and when each step was done. */
typedef struct kao_cf_photo {
    kao_photo photo;
    size_t *order, n;
    double detector_ms, calculator_ms;
    float *vector; /* of the face asked for last */
} kao_cf_photo;

/* name: of the field. False: answered (no face is an error to such clients). single: more than one
 * face is, too. Freed by kao_cf_free in either case. */
bool kao_cf_take(kao_worker *w, kao_call *c, const char *name, const kao_cf_asked *a,
                 bool single, kao_cf_photo *p);
void kao_cf_free(kao_worker *w, kao_call *c, kao_cf_photo *p);
/* p->vector: face i's of model `only`, or (SIZE_MAX) of each in a row. */
kao_status kao_cf_embed(kao_worker *w, const kao_cf_asked *a, kao_cf_photo *p, size_t i,
                        size_t only, kao_error *err);
/* The box, and what was asked for with it. p->vector is of this face where CF_CALCULATOR is asked. */
kao_json *kao_cf_face_json(kao_worker *w, const kao_cf_asked *a, const kao_cf_photo *p,
                           size_t i);
/* "execution_time", to a face, where it was asked for. */
void kao_cf_set_time(const kao_cf_asked *a, const kao_cf_photo *p, kao_json *face);
/* {"result":result}, and "plugins_versions" where asked for. */
void kao_cf_answer(kao_worker *w, kao_call *c, const kao_cf_asked *a, kao_json *result);

/* ---- similarities ---- */

/* "similarity" (0..1, .5 at the threshold, five decimals), "cosine", and what kao_worker_rates tells ("far" and more) */
void kao_cf_set_similarity(const kao_worker *w, float cosine, float threshold,
                           kao_json *to);

#endif
