/* kao/detector.h: finding faces in a picture.
 *
 *     kao_faces faces = KAO_FACES_INIT;
 *
 *     if (kao_detector_create(model, &d, NULL, &err) == KAO_OK &&
 *         kao_detect(d, &view, NULL, &faces, &err) == KAO_OK)
 *         printf("%zu faces\n", faces.n);
 *     kao_detector_destroy(d);
 *
 * A picture is searched at several sizes, joined by one non-maximum suppression: reduced to
 * 160 pixels for faces that fill the frame, to 320 for large ones, to 640 for all, brought to
 * 1280 (twice its own size at most) for small ones, and above two megapixels in overlapping
 * tiles at up to 4000 pixels for smaller ones: a face of 24 pixels in 12 megapixels, of 36 in
 * 24. Some families have sizes of their own. Where the best face is doubtful or there is none,
 * the picture is tried turned by 90, 180 and 270 degrees too: at 640 pixels and less, and, where
 * the doubtful face is small, finer about it. */
#ifndef KAO_DETECTOR_H
#define KAO_DETECTOR_H

#include "kao/face.h"
#include "kao/model.h"
#include "kao/view.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct kao_detector kao_detector;

/* A detector of a model, for one caller at a time. options may be NULL.
 * Errors: KAO_E_UNKNOWN_MODEL (no card, or another kind; the line names what is missing),
 * KAO_E_FORMAT (a number in the card), KAO_E_UNSUPPORTED (a family, an input, a word in the
 * card), KAO_E_NOMEM, KAO_E_ARG; of a cascade, whose other files are opened here, also KAO_E_IO
 * and KAO_E_LIMIT; *out is then NULL. */
KAO_API kao_status kao_detector_create(kao_model *model, kao_detector **out,
                                       const kao_run_options *options, kao_error *err);
KAO_API void kao_detector_destroy(kao_detector *detector); /* NULL is fine */
/* Borrowed until the detector is destroyed. */
KAO_API const kao_model *kao_detector_model(const kao_detector *detector);
/* Points that its faces have: 5, 4, or 0. */
KAO_API uint32_t kao_detector_points(const kao_detector *detector);

/* What is looked for. */
typedef enum kao_search {
    KAO_SEARCH_ALL = 0,     /* every face: all sizes are searched */
    KAO_SEARCH_LARGEST = 1, /* the largest face alone matters: small ones may be missing
                               where they cannot change it. Faster in large pictures */
    KAO_SEARCH_QUICK =
        2, /* no finer than the family's main size, 640 pixels of the longer
                             side as a rule (MTCNN: 320): for video. A face below some 10 of these
                             pixels is missed; a fifth of the time or less */
} kao_search;

/* Fill with {0} for defaults. */
typedef struct kao_detect_options {
    uint32_t size;   /* sizeof(kao_detect_options), or 0: the fields up to pyramid */
    float min_score; /* drop faces below, 0..1; 0: the card's (0.6 as a rule) */
    kao_search search;
    uint32_t upright; /* 1: the picture is known to be upright; turns are not tried */
    kao_pyramid
        *pyramid; /* shared with other detectors, set to this picture; or NULL */
} kao_detect_options;

/* Find the faces of one picture.
 *
 * view     only read, and only during the call.
 * options  may be NULL.
 * faces    out, its size set: borrowed until the detector's next call or destruction.
 * err      out, may be NULL.
 *
 * No face is no error: faces->n is 0. Same picture, same model, same CPU level: same bits,
 * for any number of threads.
 * Errors: KAO_E_ARG (an empty or impossible view), KAO_E_NOMEM, KAO_E_LIMIT, KAO_E_CANCELLED,
 * KAO_E_FORMAT, KAO_E_UNSUPPORTED (a network whose outputs are not of its family's shape, type,
 * range).
 * Then faces->n is 0.
 * Memory: grows the detector's buffers when a picture's shape is new to it; a shape it has
 * seen lately takes none (MTCNN some, for each step). A large picture is never copied whole:
 * the buffers are those of 1280 x 1280 pixels, however large it is.
 * Threads: one call at a time per detector; detectors are independent. */
KAO_API kao_status kao_detect(kao_detector *detector, const kao_view *view,
                              const kao_detect_options *options, kao_faces *faces,
                              kao_error *err);

#ifdef __cplusplus
}
#endif
#endif
