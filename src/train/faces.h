/* Views for training an embedder: aligned faces of 112 x 112, shifted, scaled, turned, mirrored,
 * recoloured, often of poor quality, half of them blends of two faces. No labels: a teacher
 * looks at the same view. View i is made from the seed and i alone.
 * KAO_E_NOMEM is all that can fail. */
#ifndef KAO_TRAIN_FACES_H
#define KAO_TRAIN_FACES_H

#include "kao/face.h"
#include "nn/tape.h"
#include "train/pack.h"
#include "train/recipe.h"

enum { KAO_FACES_SIDE = 112 };

typedef struct kao_face_views {
    kao_pack faces; /* crops with the face where the template has it, in their middle */
    uint64_t seed;
} kao_face_views;

/* View number i into image (RGB, KAO_FACES_SIDE square). room: another picture of its size.
 * points: where the template's five points lie in it. */
kao_status kao_faces_view(const kao_face_views *s, uint64_t i, const kao_image *image,
                          const kao_image *room, kao_point points[KAO_FACE_POINTS]);

/* Picture number i of a training with labels, mirrored or not, shifted by up to eight pixels;
 * and its identity. */
kao_status kao_faces_labelled(const kao_face_views *s, uint64_t i,
                              const kao_image *image, uint32_t *identity);

/* A view into place i of a batch, as the networks trained on them take it: RGB, channels last,
 * (value - 127.5) / 128. */
void kao_faces_put(const kao_image *view, size_t i, float *batch);

/* n pictures as they are, their middles alone, from number `first` on into a batch. pictures: `each` for every thread of
 * the pool; the first of a thread's is used. */
kao_status kao_faces_put_plain(const kao_face_views *s, const kao_image *pictures,
                               uint32_t each, uint64_t first, size_t n, float *batch);

/* The shipped form of an embedder of `dim` numbers that was trained on such views, with the
 * parameters of its tape as they are; views: how many it saw. */
kao_status kao_faces_write(const kao_face_views *s, const kao_recipe *r, size_t dim,
                           kao_tape *tape, uint64_t views, uint8_t **bytes, size_t *n,
                           kao_error *err);

#endif
