/* Faces on their way into the gallery: what is kept of one that a job has found, and whether it
 * should become a sample. */
#ifndef KAO_SERVER_ENROL_H
#define KAO_SERVER_ENROL_H

#include "server/worker.h"

/* ---- should it? ---- */

typedef struct kao_verdict {
    kao_json *to;      /* the answer: "looks_like" and its kin */
    kao_json *reasons; /* in it: a list of words */
    bool refused;
} kao_verdict;

kao_verdict kao_verdict_begin(kao_json *to);
/* For each that is wrong with its picture. */
void kao_refuse_poor(kao_verdict *v, uint32_t outcomes);
/* What the gallery has that speaks against it as a sample of person (0: of a new one); force: but
 * that it is there already is overruled. vectors: of each model in a row. */
kao_status kao_judge(kao_worker *w, const float *vectors, int64_t person, bool force,
                     kao_verdict *v, kao_error *err);

/* ---- faces that are kept ---- */

typedef struct kao_taken {
    float *vectors; /* of each model in a row */
    float quality;
    uint32_t outcomes;
    kao_bytes chip;          /* a small JPEG, for people to look at */
    char id[KAO_UUID_BYTES]; /* of the sample that it has become; "": none */
} kao_taken;

void kao_taken_free(kao_mem *mem, kao_taken *t); /* {0} is fine */
/* KAO_E_NO_FACE, KAO_E_TOO_SMALL, KAO_E_BAD_EMBEDDING: it is of no use, nothing is kept. */
kao_status kao_taken_of(kao_worker *w, const kao_view *view, const kao_face *face,
                        kao_taken *t, kao_error *err);

/* Whether a status says something of one picture alone, and others may be fine. */
bool kao_is_of_picture(kao_status st);

typedef struct kao_to_enrol {
    kao_taken *face; /* its id is set: it is a sample then */
    const char *source;
} kao_to_enrol;

enum { ENROLLED_MOST = 5 }; /* at once: of the faces that are handed over, the best */

/* n faces, ENROLLED_MOST at most, become samples of *person, or of a new one (0), who has that name
 * or none. One change of the gallery. */
kao_status kao_taken_store(kao_worker *w, const kao_to_enrol *faces, size_t n,
                           int64_t *person, const char *name, kao_error *err);

/* The best of n faces of one person become samples: of the person of the request (?person=), or of
 * a new one (?name=), as kao_judge has it. sources: of each. Those that are samples are left alone.
 * Answers the request; true: *person has them. */
bool kao_taken_enrol(kao_worker *w, kao_call *c, kao_taken *const *faces,
                     const char *const *sources, size_t n, int64_t *person);

#endif
