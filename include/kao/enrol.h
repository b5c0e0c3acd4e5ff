/* kao/enrol.h: whether a face should become a sample of a person.
 *
 *     kao_judgement j = KAO_JUDGEMENT_INIT;
 *
 *     if (kao_gallery_judge(g, model, vector, person, threshold, &j, &err) == KAO_OK &&
 *         j.against == 0)
 *         kao_gallery_enrol(g, &person, name, &sample, 1, &err);
 *
 * A gallery is worth what its samples are. This looks at what is there already; whether the picture
 * is sharp, light and from the front is kao_quality's to say (kao/quality.h). */
#ifndef KAO_ENROL_H
#define KAO_ENROL_H

#include "kao/gallery.h"

#ifdef __cplusplus
extern "C" {
#endif

/* From this similarity on it is the same picture again: what is left of a difference when it was
 * merely stored anew. */
#define KAO_DUPLICATE_FROM .995f

/* What speaks against it; bits. Values are ABI. */
typedef enum kao_against {
    KAO_AGAINST_DUPLICATE = 1,  /* a sample of this person is the same picture */
    KAO_AGAINST_LOOKS_LIKE = 2, /* another person is more alike, and alike enough */
    KAO_AGAINST_UNLIKE = 4,     /* none of this person's samples is alike enough */
} kao_against;

typedef struct kao_judgement {
    uint32_t
        size; /* sizeof(kao_judgement) as the caller knows it; set before the call */
    uint32_t against; /* kao_against bits */
    float own;        /* similarity to this person's most alike sample; NaN: not near */
    float other;      /* to the most alike other person; NaN: there is nobody near */
    int64_t who;      /* that person; 0: nobody */
} kao_judgement;

#define KAO_JUDGEMENT_INIT                                                             \
 {                                                                                     \
  .size = sizeof(kao_judgement)                                                        \
 }

/* vector     of the gallery's model.
 * person     whose sample it would be; 0: a new person's.
 * threshold  from which similarity on two faces are one person's.
 * Errors: KAO_E_ARG, KAO_E_NOT_FOUND (no such person), those of kao_gallery_search. */
KAO_API kao_status kao_gallery_judge(kao_gallery *gallery, size_t model,
                                     const float *vector, int64_t person,
                                     float threshold, kao_judgement *judgement,
                                     kao_error *err);

#ifdef __cplusplus
}
#endif
#endif
