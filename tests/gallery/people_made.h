/* Galleries of made vectors for tests of the search, and the search as it is meant: every vector
 * compared in full, in plain loops. */
#ifndef KAO_TESTS_GALLERY_PEOPLE_MADE_H
#define KAO_TESTS_GALLERY_PEOPLE_MADE_H

#include "gallery/kept.h"

typedef enum made_kind {
    MADE_RANDOM,
    MADE_CLUSTERED, /* near one of few centres */
    MADE_TIES,      /* copies, and copies of which one number is a float further */
    MADE_SPIKES,    /* one number has nearly all of the length */
    MADE_TINY,      /* of 1e-20 and less */
    MADE_HUGE,      /* up to what float holds */
    MADE_MIXED,     /* of any length, zero too */
    MADE_KINDS,
} made_kind;

typedef struct made {
    fixture *f;
    kao_gallery *g;
    char path[KEPT_BYTES], index[KEPT_BYTES];
    uint32_t dim;
} made;

/* Of `made m`: its line where the call gives something else. */
#define MADE_IS(call, want)                                                            \
 do {                                                                                  \
  const kao_status is_ = (call);                                                       \
  if (is_ != (want))                                                                   \
   fail_msg("%s: %d, %s", #call, (int)is_, m.f->err.msg);                              \
 } while (0)

uint32_t made_u32(void); /* one sequence; made_seed begins another */
void made_seed(uint32_t seed);
void made_vector(made_kind kind, uint32_t dim, float *v);

/* An empty gallery of one model of so many numbers, opened. */
made made_gallery(fixture *f, const char *name, uint32_t dim);
kao_gallery *made_open(const made *m, kao_context *ctx, bool read_only);
/* n people with 1 to 3 samples each. */
void made_people(made *m, made_kind kind, size_t n);
int64_t made_person(made *m, kao_gallery *g, const float *v, kao_status want);

/* Search with g (by search_many for n queries) and compare all of it with what the database's
 * vectors give. */
void made_check(made *m, kao_gallery *g, const float *queries, size_t n, size_t k);
/* The same with random queries of a kind, and some of the vectors themselves. */
void made_check_kind(made *m, kao_gallery *g, made_kind kind, size_t k);

#endif
