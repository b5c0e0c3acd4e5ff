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

/* Box and points are in pixels of the picture that was searched, which is upright; they may
 * pass its border. */
typedef struct kao_face {
    float x, y, width, height; /* of the box; x, y: its top left corner */
    float score;               /* the detector's, 0..1 */
    /* As seen in the picture: left eye, right eye, nose tip, left corner of the mouth,
     * right corner. */
    kao_point points[KAO_FACE_POINTS];
} kao_face;

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

/* Distance between the eyes in pixels of the picture that was searched. */
KAO_API float kao_face_eye_distance_px(const kao_face *face);

/* The index of the face meant, among n faces of a picture of width x height pixels. Ties go
 * to the earlier one.
 * Errors: KAO_E_NO_FACE (n is 0), KAO_E_SEVERAL_FACES, KAO_E_ARG. err may be NULL. */
KAO_API kao_status kao_face_choose(const kao_face *faces, size_t n, kao_choice choice,
                                   uint32_t width, uint32_t height, size_t *index,
                                   kao_error *err);

#ifdef __cplusplus
}
#endif
#endif
