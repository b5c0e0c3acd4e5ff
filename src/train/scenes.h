/* Views for training a detector: square pictures cut from scenes, with colours changed, faces
 * pasted in (some with a mask drawn on them), four put together. View i is made from the seed and i alone. Without boxes a
 * teacher looks at the same view; of a picture without faces the right answer is nothing. Of
 * scenes with boxes (WIDER FACE's form, eval/boxes.h) the view has those. */
#ifndef KAO_TRAIN_SCENES_H
#define KAO_TRAIN_SCENES_H

#include "eval/boxes.h"
#include "train/pack.h"

typedef struct kao_scenes {
    kao_pack scenes, faces; /* faces: 128 x 128 crops */
    size_t n_plain;         /* of scenes: those with people come first */
    kao_pack boxed;         /* with boxes; identity: the number in boxes.pictures */
    kao_boxes boxes;
    size_t most_boxes; /* of a picture */
    double masks;      /* share of pasted faces that wear a drawn mask */
    uint64_t seed;
} kao_scenes;

/* Faces below so many pixels in a view are marked: neither to be found nor to be left. */
#define KAO_SCENES_LEAST 8

/* Scenes with boxes: an annotation file, and the folder or tar in which its pictures are.
 * Pictures that are missing or broken are counted, named and left out. Errors: KAO_E_IO,
 * KAO_E_FORMAT, KAO_E_NOMEM. */
kao_status kao_scenes_load_boxed(kao_scenes *s, kao_context *ctx, const char *file,
                                 const char *pictures, kao_error *err);
void kao_scenes_free(kao_scenes *s); /* {0} is fine */

/* Order the pack: pictures without a face last. */
void kao_scenes_sort(kao_scenes *s);

typedef enum kao_scene_kind {
    KAO_SCENE_PLAIN, /* a teacher is to be asked */
    KAO_SCENE_EMPTY, /* no face is in it */
    KAO_SCENE_BOXED, /* its boxes are known */
} kao_scene_kind;

typedef struct kao_scene_truth {
    kao_scene_kind kind;
    kao_true_box *boxes; /* the caller's: room for most_boxes; in the view's pixels */
    size_t n;
} kao_scene_truth;

/* View number i into image (RGB, square). room: another picture of its size. KAO_E_NOMEM is
 * all that can fail. */
kao_status kao_scenes_view(const kao_scenes *s, uint64_t i, const kao_image *image,
                           const kao_image *room, kao_scene_truth *truth);

#endif
