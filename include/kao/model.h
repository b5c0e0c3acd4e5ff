/* kao/model.h: a model: an ONNX file with its card, read once and shared. kao's own are
 * inside the library.
 *
 *     kao_model *model = NULL;
 *     if (kao_model_open_bundled(ctx, &model, "kao-detect", &err) == KAO_OK)
 *         kao_detector_create(model, &detector, NULL, &err);
 *     kao_model_release(model);
 *
 * A model is immutable and counted: detectors and embedders hold a count of their own, so
 * the opener may release it as soon as they are made. Any number of them, in any threads,
 * share its weights; each holds only the memory that one caller's runs need. */
#ifndef KAO_MODEL_H
#define KAO_MODEL_H

#include <stddef.h>
#include <stdint.h>

#include "kao/card.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct kao_model kao_model;

/* Read an ONNX file and its card (kao/card.h: where a card comes from). A model that nothing
 * is known of is no error here: kao_detector_create and its kin refuse it, naming what its
 * card lacks.
 * Files from 64 MiB on are mapped: do not change them while the model is open.
 * Errors: KAO_E_IO, KAO_E_FORMAT (the ONNX file, or a line of a card), KAO_E_UNSUPPORTED (an
 * operator), KAO_E_LIMIT, KAO_E_NOMEM, KAO_E_ARG; *out is then NULL. */
KAO_API kao_status kao_model_open(kao_context *ctx, kao_model **out, const char *path,
                                  kao_error *err);

/* The same with lines of a card ("key = value") that come before all other sources; NULL: none.
 * For models without a card of their own: "preset = ailia-arcface". */
KAO_API kao_status kao_model_open_card(kao_context *ctx, kao_model **out,
                                       const char *path, const char *card,
                                       kao_error *err);

/* The same for a file's content in memory, which must stay until the last release. One whose
 * weights lie in other files is KAO_E_FORMAT.
 *
 * name  what messages call it; NULL: "model".
 * card  the text of a sidecar ("key = value" lines), or NULL. */
KAO_API kao_status kao_model_open_bytes(kao_context *ctx, kao_model **out,
                                        const void *bytes, size_t n_bytes,
                                        const char *name, const char *card,
                                        kao_error *err);

/* Models inside the library: "kao-detect" (faces with five points), "kao-face" (embedder),
 * "kao-face-mask" (embedder for masked faces). Row i: its name and its ONNX file, which stays
 * as long as the library; bytes is NULL and n_bytes 0 where this build was made without it.
 * False (0) past the last row. Any of the pointers may be NULL. */
KAO_API int kao_model_bundled(size_t i, const char **name, const void **bytes,
                              size_t *n_bytes);
/* Open one of them by its name. Its bytes are used where they lie. No file is looked for, nor
 * a sidecar.
 * Errors: KAO_E_UNKNOWN_MODEL (the line names those that this build has), KAO_E_NOMEM,
 * KAO_E_ARG; *out is then NULL. */
KAO_API kao_status kao_model_open_bundled(kao_context *ctx, kao_model **out,
                                          const char *name, kao_error *err);

/* One more holder; gives the model. */
KAO_API kao_model *kao_model_retain(kao_model *model);
/* One holder less; the last one frees it. NULL is fine. */
KAO_API void kao_model_release(kao_model *model);

/* Both borrowed until the model is freed. */
KAO_API const kao_card *kao_model_card(const kao_model *model);
KAO_API const char *kao_model_name(const kao_model *model); /* path, or name */

/* How many numbers the file's constants hold. */
KAO_API uint64_t kao_model_weights(const kao_model *model);

#ifdef __cplusplus
}
#endif
#endif
