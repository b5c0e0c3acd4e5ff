/* kao/embedder.h: from a face to a unit vector, and from two vectors to a similarity.
 *
 *     kao_image chip = { 0 };
 *     float *v = malloc(kao_embedder_dim(e, KAO_TTA_NONE) * sizeof *v);
 *
 *     if (kao_embedder_align(e, &photo, &face, &chip, &err) == KAO_OK &&
 *         kao_embed(e, &chip, 1, KAO_TTA_NONE, v, &err) == KAO_OK)
 *         ...
 *     kao_image_free(ctx, &chip);
 *
 * The similarity of two faces is the cosine of their vectors: 1 for the same picture, around
 * 0 for strangers. What it takes to be "the same person" depends on the model: see
 * kao_embedder_threshold. */
#ifndef KAO_EMBEDDER_H
#define KAO_EMBEDDER_H

#include "kao/card.h"
#include "kao/face.h"
#include "kao/image.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct kao_embedder kao_embedder;

/* What is done with the mirrored picture (test-time augmentation). */
typedef enum kao_tta {
    KAO_TTA_NONE = 0,
    KAO_TTA_CONCAT = 1, /* the network's two outputs joined: twice the numbers */
    KAO_TTA_SUM = 2,    /* their sum */
} kao_tta;

/* Open an embedder's ONNX file. Unlike detectors, embedders are not recognised by their
 * structure (colour order and scaling would be guesses): a card is needed.
 * Errors: as kao_detector_open. */
KAO_API kao_status kao_embedder_open(kao_context *ctx, kao_embedder **out,
                                     const char *path, kao_error *err);
KAO_API void kao_embedder_destroy(kao_embedder *embedder); /* NULL is fine */
/* Borrowed until the embedder is destroyed. */
KAO_API const kao_card *kao_embedder_card(const kao_embedder *embedder);
/* Floats of one embedding. */
KAO_API size_t kao_embedder_dim(const kao_embedder *embedder, kao_tta tta);
/* Width and height of its chips in pixels. */
KAO_API void kao_embedder_chip_size(const kao_embedder *embedder, uint32_t *width,
                                    uint32_t *height);
/* The card's threshold on the similarity; false (0) where it has none. */
KAO_API int kao_embedder_threshold(const kao_embedder *embedder, float *threshold);

/* Cut a face out: its five points are brought onto the card's template by a similarity
 * transform (least squares; Umeyama, PAMI 13(4), 1991), sampled bilinearly, black outside.
 *
 * chip  out: a new picture of the chip size, to be freed with kao_image_free.
 *
 * Errors: KAO_E_TOO_SMALL (eyes nearer than KAO_MIN_EYE_DISTANCE_PX in the picture's file),
 * KAO_E_NO_FACE (points that are mirrored, or no face's), KAO_E_ARG, KAO_E_NOMEM.
 * Threads: any. */
KAO_API kao_status kao_embedder_align(const kao_embedder *embedder,
                                      const kao_image *image, const kao_face *face,
                                      kao_image *chip, kao_error *err);

/* Embed n chips (another size than the chip size is resized).
 *
 * out  n times kao_embedder_dim floats; each vector has length 1.
 *
 * A chip's vector does not depend on the other chips of the call.
 * Errors: KAO_E_BAD_EMBEDDING (the network gave NaN, infinity or a zero vector),
 * KAO_E_ARG, KAO_E_NOMEM. Threads: one call at a time per embedder. */
KAO_API kao_status kao_embed(kao_embedder *embedder, const kao_image *chips, size_t n,
                             kao_tta tta, float *out, kao_error *err);

/* Cosine of two unit vectors of n floats, clamped to -1..1. NaN where one holds a NaN. */
KAO_API float kao_similarity(const float *a, const float *b, size_t n);

#ifdef __cplusplus
}
#endif
#endif
