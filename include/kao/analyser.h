/* kao/analyser.h: networks that look at a face that was found: where its features lie, how good
 * the picture of it is, where the head points, whether it looks like a living one.
 *
 *     kao_analysis a = KAO_ANALYSIS_INIT;
 *
 *     if (kao_analyser_create(model, &analyser, NULL, &err) == KAO_OK &&
 *         kao_analyse(analyser, &view, face, &a, &err) == KAO_OK)
 *         printf("yaw %.0f\n", a.yaw);
 *     kao_analyser_destroy(analyser);
 *
 * What the network sees and what its numbers mean stands in the model's card: docs/cards.md. */
#ifndef KAO_ANALYSER_H
#define KAO_ANALYSER_H

#include "kao/align.h"
#include "kao/model.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Values are ABI. The card calls them "landmarks", "quality", "pose", "liveness". */
typedef enum kao_analysis_kind {
    KAO_ANALYSE_LANDMARKS = 0,
    KAO_ANALYSE_QUALITY = 1,
    KAO_ANALYSE_POSE = 2,
    KAO_ANALYSE_LIVENESS = 3,
} kao_analysis_kind;

/* What one network says of one face: the fields of its kind, the others are 0. */
typedef struct kao_analysis {
    uint32_t
        size; /* sizeof(kao_analysis) as the caller knows it; set before the call */
    uint32_t kind; /* kao_analysis_kind */
    size_t n_points;
    const kao_point *points; /* in pixels of the upright view, in the network's order;
                                borrowed until the analyser's next call */
    float quality;           /* the network's own scale, 0..1 as a rule */
    /* Degrees. roll > 0: the head is tilted clockwise in the upright view. The other two are of the
     * head as it is without that tilt: yaw > 0: it looks to the right edge of the picture then;
     * pitch > 0: up. */
    float yaw, pitch, roll;
    float live; /* probability of a living face, as the network sees it, 0..1 */
} kao_analysis;

#define KAO_ANALYSIS_INIT                                                              \
 {                                                                                     \
  sizeof(kao_analysis), 0, 0, NULL, 0, 0, 0, 0, 0                                      \
 }

typedef struct kao_analyser kao_analyser;

/* For one caller at a time. options may be NULL.
 * Errors: as kao_embedder_create. */
KAO_API kao_status kao_analyser_create(kao_model *model, kao_analyser **out,
                                       const kao_run_options *options, kao_error *err);
KAO_API void kao_analyser_destroy(kao_analyser *analyser); /* NULL is fine */

KAO_API kao_analysis_kind kao_analyser_kind(const kao_analyser *analyser);
/* Borrowed until the analyser is destroyed. The template tells whether faces need points. */
KAO_API const kao_model *kao_analyser_model(const kao_analyser *analyser);
KAO_API const kao_template *kao_analyser_template(const kao_analyser *analyser);
/* The card's threshold.live; false (0) where it has none. */
KAO_API int kao_analyser_threshold(const kao_analyser *analyser, float *threshold);

/* Cut the face out as the card says, run the network, decode. A face that lies on its side or
 * head by its eyes is turned upright for the network, by quarter turns; points and roll are told
 * of the picture as it is.
 *
 * Errors: KAO_E_NO_FACE (as kao_align), KAO_E_BAD_EMBEDDING (the network gave NaN or infinity,
 * or what is no float any more in the picture's pixels), KAO_E_UNSUPPORTED (also a probability that
 * is none), KAO_E_FORMAT (its outputs' shapes go by the picture, and do not fit for this one),
 * KAO_E_CANCELLED, KAO_E_ARG, KAO_E_LIMIT, KAO_E_NOMEM.
 * Threads: one call at a time per analyser. */
KAO_API kao_status kao_analyse(kao_analyser *analyser, const kao_view *view,
                               const kao_face *face, kao_analysis *out, kao_error *err);

#ifdef __cplusplus
}
#endif
#endif
