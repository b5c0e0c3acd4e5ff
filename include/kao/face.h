/* kao/face.h: a face found in a picture, and which of several is meant. */
#ifndef KAO_FACE_H
#define KAO_FACE_H

#include <stddef.h>
#include <stdint.h>

#include "kao/status.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { KAO_FACE_POINTS = 5 };

typedef struct kao_point {
    float x, y; /* pixels of the picture; the centre of the top left pixel is (0, 0) */
} kao_point;

/* Whether a mask covers the lower face, by a detector that was trained to tell. */
typedef enum kao_mask {
    KAO_MASK_UNTOLD = 0, /* most detectors do not tell */
    KAO_MASK_NONE = 1,
    KAO_MASK_WORN = 2,
} kao_mask;

/* Box and points are in pixels of the picture that was searched, as its view shows it
 * (after kao_view.rotation); they may pass its border. */
typedef struct kao_face {
    uint32_t size;             /* sizeof(kao_face): fields are added at the end */
    float x, y, width, height; /* of the box; x, y: its top left corner */
    float score;               /* the detector's, 0..1 */
    uint32_t n_points;         /* 5; 4; or 0 where the detector gives none */
    /* As seen when the face is upright: left eye, right eye, nose tip, left corner of the
     * mouth, right corner; of 4 the last is the middle of the mouth. */
    kao_point points[KAO_FACE_POINTS];
    uint32_t mask; /* kao_mask */
} kao_face;

/* The faces of one picture, best score first. */
typedef struct kao_faces {
    uint32_t size; /* sizeof(kao_faces) as the caller knows it; set before the call */
    uint32_t face_size; /* bytes from a face to the next: use kao_face_at */
    size_t n;
    const kao_face *first; /* borrowed: see the call that filled it */
    /* 0, 90, 180 or 270: the picture lay on its side or head; turned clockwise by so many
     * degrees its faces are upright. Boxes and points are in the picture as it is. */
    uint32_t turned;
} kao_faces;

#define KAO_FACES_INIT                                                                 \
 {                                                                                     \
  sizeof(kao_faces), 0, 0, NULL, 0                                                     \
 }

/* Face i < n. */
static inline const kao_face *kao_face_at(const kao_faces *faces, size_t i)
{
    return (const kao_face *)(const void *)((const char *)faces->first +
                                            i * faces->face_size);
}

/* Which of several faces is meant. */
typedef enum kao_choice {
    KAO_CHOOSE_LARGEST = 0, /* the largest box */
    KAO_CHOOSE_CENTER = 1,  /* the box whose centre is nearest to the picture's */
    KAO_CHOOSE_BEST = 2,    /* the highest detector score */
    KAO_CHOOSE_ERROR = 3,   /* one alone, else KAO_E_SEVERAL_FACES */
} kao_choice;

/* Faces below this distance between the eyes, in pixels of the picture file, are refused
 * with KAO_E_TOO_SMALL: they cannot be recognised. */
#define KAO_MIN_EYE_DISTANCE_PX 10.0f

/* Distance between the eyes in pixels of the picture that was searched; NaN for a face
 * without points. */
KAO_API float kao_face_eye_distance_px(const kao_face *face);

/* The index of the face meant, in a picture of width x height pixels. Ties go to the
 * earlier one.
 * Errors: KAO_E_NO_FACE (there is none), KAO_E_SEVERAL_FACES, KAO_E_ARG. err may be NULL. */
KAO_API kao_status kao_face_choose(const kao_faces *faces, kao_choice choice,
                                   uint32_t width, uint32_t height, size_t *index,
                                   kao_error *err);

#ifdef __cplusplus
}
#endif
#endif
