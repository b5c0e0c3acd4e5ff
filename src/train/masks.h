/* Masks drawn on faces, for training and for tests of recognition under masks.
 *
 * With e the middle of the eyes, n the nose tip, q the middle of the mouth, u along the eyes,
 * v from e to q and square to u, D the distance of the eyes, H that of e and q, the mask is the
 * polygon
 *
 *   n - .30 H v                         on the bridge of the nose
 *   n - .12 H v +- .95 D u              where the straps begin
 *   q + .30 H v +- .72 D u              on the cheeks
 *   q + .75 H v                         under the chin
 *
 * each moved a little at random; towards the side that a turned face looks, it is narrower. */
#ifndef KAO_TRAIN_MASKS_H
#define KAO_TRAIN_MASKS_H

#include <stdbool.h>

#include "base/random.h"
#include "kao/face.h"
#include "kao/image.h"

/* A mask of a random colour, pattern and cut over the face with these points (pixels of m).
 * False, nothing drawn: the face is turned too far to say where a mask would lie. */
bool kao_mask_draw(kao_random *r, const kao_image *m,
                   const kao_point points[KAO_FACE_POINTS]);

#endif
