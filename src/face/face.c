/* Choosing among faces, and comparing their vectors. */
#include "kao/face.h"

#include <math.h>

#include "base/error.h"
#include "kao/embedder.h"

float kao_face_eye_distance_px(const kao_face *face)
{
    if (face->n_points < 2)
        return NAN;
    return hypotf(face->points[1].x - face->points[0].x,
                  face->points[1].y - face->points[0].y);
}

/* The larger, the more the face is meant. */
static double claim(const kao_face *f, kao_choice choice, uint32_t width,
                    uint32_t height)
{
    /* the middle of pixels 0 .. n-1, whose centres are at whole numbers, is (n-1)/2 */
    const double cx = (double)f->x + (double)f->width / 2 - ((double)width - 1) / 2;
    const double cy = (double)f->y + (double)f->height / 2 - ((double)height - 1) / 2;

    switch (choice) {
    case KAO_CHOOSE_BEST:
        return (double)f->score;
    case KAO_CHOOSE_CENTER:
        return -(cx * cx + cy * cy);
    default:
        return (double)f->width * (double)f->height;
    }
}

kao_status kao_face_choose(const kao_faces *faces, kao_choice choice, uint32_t width,
                           uint32_t height, size_t *index, kao_error *err)
{
    if (!index || !faces || (unsigned)choice > KAO_CHOOSE_ERROR)
        return kao_fail(err, KAO_E_ARG, "face choice: bad arguments");
    *index = 0;
    if (faces->n == 0)
        return kao_fail(err, KAO_E_NO_FACE, "no face found");
    if (faces->n > 1 && choice == KAO_CHOOSE_ERROR)
        return kao_fail(err, KAO_E_SEVERAL_FACES, "%zu faces found, one was expected",
                        faces->n);
    for (size_t i = 1; i < faces->n; i++)
        if (claim(kao_face_at(faces, i), choice, width, height) >
            claim(kao_face_at(faces, *index), choice, width, height))
            *index = i;
    return KAO_OK;
}

float kao_similarity(const float *a, const float *b, size_t n)
{
    double s = 0;

    for (size_t i = 0; i < n; i++) {
        const double d = (double)a[i] - (double)b[i];

        s += d * d;
    }
    s = 1 - s / 2;
    return s < -1 ? -1 : (float)s; /* a NaN stays one */
}
