/* kao/embedder.h: from a face to a vector, and from two vectors to a similarity.
 *
 *     float *v = malloc(kao_embedder_dim(e, KAO_TTA_NONE) * sizeof *v);
 *     const kao_view chip_view = kao_image_view(&chip);
 *
 *     kao_embed(e, &chip_view, 1, KAO_TTA_NONE, v, &err);
 *
 * The similarity of two faces is the cosine of their vectors, which have length 1: 1 for the same
 * picture, around 0 for strangers. Of the few networks that are made for distances (a card's
 * `metric = euclidean`: dlib's) it is 1 - d * d / 2, which for vectors of length 1 is the
 * cosine: a distance of .6 is a similarity of .82. What it takes to be "the same person" depends on the model: see
 * kao_embedder_threshold and kao/calibration.h. */
#ifndef KAO_EMBEDDER_H
#define KAO_EMBEDDER_H

#include "kao/align.h"
#include "kao/calibration.h"
#include "kao/model.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct kao_embedder kao_embedder;

/* An embedder of a model, for one caller at a time. options may be NULL. Unlike detectors,
 * embedders are not recognised by their structure (colour order and scaling would be
 * guesses): a card is needed.
 * Errors: as kao_detector_create; KAO_E_FORMAT, KAO_E_LIMIT and KAO_E_ARG also where the
 * network does not take its card's chip (1024 pixels a side at most). */
KAO_API kao_status kao_embedder_create(kao_model *model, kao_embedder **out,
                                       const kao_run_options *options, kao_error *err);
KAO_API void kao_embedder_destroy(kao_embedder *embedder); /* NULL is fine */

/* All borrowed until the embedder is destroyed. */
KAO_API const kao_model *kao_embedder_model(const kao_embedder *embedder);
KAO_API const kao_template *kao_embedder_template(const kao_embedder *embedder);
KAO_API const kao_calibration *kao_embedder_calibration(const kao_embedder *embedder);

/* Floats of one embedding. */
KAO_API size_t kao_embedder_dim(const kao_embedder *embedder, kao_tta tta);
/* The use of the mirrored picture that the model's author means: the card's `tta`;
 * KAO_TTA_NONE where it says nothing. */
KAO_API kao_tta kao_embedder_tta(const kao_embedder *embedder);
/* The card's plain threshold on the similarity, "threshold.cosine", or what
 * "threshold.distance" comes to; false (0) where it has neither. No false-accept rate is
 * promised with it. */
KAO_API int kao_embedder_threshold(const kao_embedder *embedder, float *threshold);

enum { KAO_ID_BYTES = 65 };

/* What its vectors are, as 64 hexadecimal digits: SHA-256 over the model file (and the
 * files beside it that hold its weights, if there are any), what is done to a chip before the
 * network sees it, the template, and the use of the mirrored picture. Vectors may be compared
 * if and only if these are equal; keep it with stored ones.
 * The first call hashes the files. Errors: KAO_E_ARG. */
KAO_API kao_status kao_embedder_id(const kao_embedder *embedder, kao_tta tta,
                                   char id[KAO_ID_BYTES], kao_error *err);

/* Embed n chips (another size than the template's is resized). Where the template is the whole
 * picture (kao_template.whole), a chip is that, best decoded with kao_image_options.grey.
 *
 * out  n times kao_embedder_dim floats; each vector has length 1, but for a network that is made
 *      for distances.
 *
 * A chip's vector does not depend on the other chips of the call.
 * Errors: KAO_E_BAD_EMBEDDING (the network gave NaN, infinity or a zero vector),
 * KAO_E_UNSUPPORTED (it gave another number of numbers than for one chip), KAO_E_FORMAT (its
 * shapes do not fit so many), KAO_E_CANCELLED, KAO_E_ARG, KAO_E_LIMIT, KAO_E_NOMEM.
 * Threads: one call at a time per embedder. */
KAO_API kao_status kao_embed(kao_embedder *embedder, const kao_view *chips, size_t n,
                             kao_tta tta, float *out, kao_error *err);

/* The same, with the length that each vector had before it was brought to 1: of many networks it
 * is the longer, the better the picture is. Of joined vectors it is divided by the root of 2, of
 * added ones by 2: so it is what one picture's is. norms: n floats, or NULL. */
KAO_API kao_status kao_embed_norms(kao_embedder *embedder, const kao_view *chips,
                                   size_t n, kao_tta tta, float *out, float *norms,
                                   kao_error *err);

/* Mean and deviation of these lengths over ordinary pictures, where the model's card tells them
 * (quality.norm); false (0) where not. The first call may hash the model file. */
KAO_API int kao_embedder_usual_norm(const kao_embedder *embedder, float usual[2]);

/* Of two vectors of n floats: 1 - d * d / 2 with their distance d, -1 at least; the cosine where
 * both have length 1. NaN where one holds a NaN. */
KAO_API float kao_similarity(const float *a, const float *b, size_t n);

#ifdef __cplusplus
}
#endif
#endif
