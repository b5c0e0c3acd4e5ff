/* kao/detector.h: finding faces in a picture.
 *
 *     kao_detector *d = NULL;
 *     kao_face faces[64];
 *     size_t n = 0;
 *
 *     if (kao_detector_open(ctx, &d, "yunet_n_dynamic.onnx", &err) == KAO_OK &&
 *         kao_detect(d, &photo, NULL, faces, 64, &n, &err) == KAO_OK)
 *         printf("%zu faces\n", n);
 *     kao_detector_destroy(d);
 *
 * Large pictures are searched at several sizes, joined by one non-maximum suppression:
 * reduced to 160 pixels for faces that fill the frame, to 640, and (networks of free input
 * size, pictures of more than 960 pixels) to 1280 for small ones. */
#ifndef KAO_DETECTOR_H
#define KAO_DETECTOR_H

#include "kao/card.h"
#include "kao/face.h"
#include "kao/image.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct kao_detector kao_detector;

/* Open a detector's ONNX file. Its family and preprocessing come from its card (kao/card.h).
 * Errors: those of kao_card_open, and KAO_E_UNKNOWN_MODEL (no card; the line names what is
 * missing), KAO_E_UNSUPPORTED (an operator, a family). *out is then NULL. */
KAO_API kao_status kao_detector_open(kao_context *ctx, kao_detector **out,
                                     const char *path, kao_error *err);
KAO_API void kao_detector_destroy(kao_detector *detector); /* NULL is fine */
/* Borrowed until the detector is destroyed. */
KAO_API const kao_card *kao_detector_card(const kao_detector *detector);

/* Fill with {0} for defaults. */
typedef struct kao_detect_options {
    float min_score;       /* drop faces below, 0..1; 0: the card's (0.6 as a rule) */
    uint32_t coarse_first; /* 1: search the fine size only where the coarser ones find
                              nothing; 0: join all sizes */
} kao_detect_options;

/* Find the faces of one picture.
 *
 * image    only read, and only during the call.
 * options  may be NULL.
 * faces    out, best score first; room for cap entries. May be NULL when cap is 0.
 * n_faces  out: how many were found; may exceed cap, then the best cap are given.
 * err      out, may be NULL.
 *
 * No face is no error: *n_faces is 0. Same picture, same model, same CPU level: same bits,
 * for any number of threads.
 * Errors: KAO_E_ARG (empty image), KAO_E_NOMEM, KAO_E_LIMIT. Then *n_faces is 0.
 * Memory: grows the detector's buffers when a picture's shape is new to it.
 * Threads: one call at a time per detector; detectors are independent. */
KAO_API kao_status kao_detect(kao_detector *detector, const kao_image *image,
                              const kao_detect_options *options, kao_face *faces,
                              size_t cap, size_t *n_faces, kao_error *err);

#ifdef __cplusplus
}
#endif
#endif
