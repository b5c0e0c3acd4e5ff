/* kao/quality.h: how good the picture of a face is, by its pixels and points: no network.
 *
 *     kao_quality q = KAO_QUALITY_INIT;
 *
 *     if (kao_quality_of(ctx, &view, face, &q, &err) == KAO_OK && q.outcomes & KAO_BLURRED)
 *         puts("take a sharper one");
 *
 * docs/quality.md says how each number was chosen and what it is worth. */
#ifndef KAO_QUALITY_H
#define KAO_QUALITY_H

#include "kao/embedder.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What is wrong with the picture of a face; bits. Values are ABI. */
typedef enum kao_outcome {
    KAO_BLURRED = 1,      /* out of focus, moved, or made larger from few pixels */
    KAO_DARK = 2,         /* too little light */
    KAO_EXTREME_POSE = 4, /* turned far to a side */
    KAO_MASKED = 8,       /* the lower face is covered */
} kao_outcome;

/* Those with which a picture should not become a sample: it would be alike to others of its kind
 * rather than to the person. */
#define KAO_POOR ((uint32_t)(KAO_BLURRED | KAO_DARK | KAO_EXTREME_POSE))

typedef struct kao_quality {
    uint32_t size; /* sizeof(kao_quality) as the caller knows it; set before the call */
    uint32_t outcomes; /* kao_outcome bits */
    float score; /* 0..1: how much of its similarity to other pictures of the person is
                          expected to be there */
    float eye_distance_px; /* in the photograph; NaN for a face without points */
    float detail; /* fine structure to coarse, natural logarithm; the lower, the more
                              blurred */
    float light, contrast; /* mean and deviation of the face's brightness, 0..1 */
    float dark, blown; /* shares of its pixels that are nearly black, nearly white */
    /* Degrees from the five points, as those of kao_analysis; NaN without five. pitch is a rough
     * guess. */
    float yaw, pitch, roll;
    float
        masked; /* probability of a covered lower face, by its colours; or 0, 1 where the
                     detector tells */
    float norm;  /* the vector's length before it was brought to 1; 0: not told */
    float terms; /* of the score, without the norm's: for kao_quality_norm */
} kao_quality;

#define KAO_QUALITY_INIT                                                               \
 {                                                                                     \
  .size = sizeof(kao_quality)                                                          \
 }

/* face NULL: the view is a face aligned as template arcface-112 does; no points are known.
 * Errors: KAO_E_NO_FACE, KAO_E_TOO_SMALL (as kao_align), KAO_E_ARG, KAO_E_LIMIT, KAO_E_NOMEM.
 * Threads: any. */
KAO_API kao_status kao_quality_of(kao_context *ctx, const kao_view *view,
                                  const kao_face *face, kao_quality *out,
                                  kao_error *err);

/* The score once more, with what kao_embed_norms said of the chip. It is better then by much
 * (docs/quality.md). A model whose card has no quality.norm leaves the score as it is. */
KAO_API void kao_quality_norm(kao_quality *quality, const kao_embedder *embedder,
                              float norm);

/* The word of one outcome: "blurred"; NULL for anything else. */
KAO_API const char *kao_outcome_name(kao_outcome outcome);

#ifdef __cplusplus
}
#endif
#endif
