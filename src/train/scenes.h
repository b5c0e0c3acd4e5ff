/* Views for training a detector: square pictures cut from scenes, with colours changed, faces
 * pasted in, four put together. View i is made from the seed and i alone. No boxes: a teacher
 * looks at the same view; of a picture without faces the right answer is nothing. */
#ifndef KAO_TRAIN_SCENES_H
#define KAO_TRAIN_SCENES_H

#include "train/pack.h"

typedef struct kao_scenes {
    kao_pack scenes, faces; /* faces: 128 x 128 crops */
    size_t n_plain;         /* of scenes: those with people come first */
    uint64_t seed;
} kao_scenes;

/* Order the pack: pictures without a face last. */
void kao_scenes_sort(kao_scenes *s);

/* View number i into image (RGB, square). room: another picture of its size. *empty: no face
 * is in it. */
void kao_scenes_view(const kao_scenes *s, uint64_t i, const kao_image *image,
                     const kao_image *room, bool *empty);

#endif
