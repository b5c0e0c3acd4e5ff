/* Bringing a face's five points onto a template. */
#ifndef KAO_FACE_ALIGN_H
#define KAO_FACE_ALIGN_H

#include <stdbool.h>

#include "kao/face.h"

/* Least-squares similarity from n points to n points: x' = a*x - b*y + tx,
 * y' = b*x + a*y + ty, as m = (a, -b, tx, b, a, ty). Gives the root mean square of the
 * residuals in target pixels; negative where the source points coincide. */
double kao_fit_similarity(const kao_point *from, const kao_point *to, int n,
                          double m[6]);

/* The template named by a card, scaled to width x height; false: no such template. */
bool kao_face_template(const char *name, uint32_t width, uint32_t height,
                       kao_point points[KAO_FACE_POINTS]);

/* m that brings the face onto the template. KAO_E_NO_FACE where the points are no face's: not
 * finite, coinciding, or mirrored (they would collapse: the residuals tell). */
kao_status kao_face_fit(const kao_face *face, const kao_point *target, double m[6],
                        kao_error *err);

#endif
