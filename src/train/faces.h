/* Views for training an embedder: aligned faces of 112 x 112, shifted, scaled, turned, mirrored,
 * recoloured, often of poor quality, half of them blends of two faces. No labels: a teacher
 * looks at the same view. View i is made from the seed and i alone.
 * KAO_E_NOMEM is all that can fail. */
#ifndef KAO_TRAIN_FACES_H
#define KAO_TRAIN_FACES_H

#include "kao/face.h"
#include "train/facts.h"

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

/* Picture number i as it is, its middle alone. */
kao_status kao_faces_plain(const kao_face_views *s, uint64_t i, const kao_image *image);

/* A view into place i of a batch, as the networks trained on them take it: RGB, channels last,
 * (value - 127.5) / 128. */
void kao_faces_put(const kao_image *view, size_t i, float *batch);

/* n plain pictures from number `first` on into a batch. pictures: `each` for every thread of
 * the pool; the first of a thread's is used. */
kao_status kao_faces_put_plain(const kao_face_views *s, const kao_image *pictures,
                               uint32_t each, uint64_t first, size_t n, float *batch);

/* What the card of a network says that was trained on such views. */
void kao_faces_facts(kao_facts *f, const kao_recipe *r);

#endif
