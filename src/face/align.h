/* Bringing a face's five points onto a template, and cutting the chip. */
#ifndef KAO_FACE_ALIGN_H
#define KAO_FACE_ALIGN_H

#include <stdbool.h>

#include "base/pool.h"
#include "kao/align.h"

/* Least-squares similarity from n points to n points: x' = a*x - b*y + tx,
 * y' = b*x + a*y + ty, as m = (a, -b, tx, b, a, ty). Gives the root mean square of the
 * residuals in target pixels; negative where the source points coincide. */
double kao_fit_similarity(const kao_point *from, const kao_point *to, int n,
                          double m[6]);

/* m that brings the face's points onto the template. KAO_E_NO_FACE where the points are no upright
 * face's: not finite, coinciding, mirrored, or in no face's order (the residuals tell). */
kao_status kao_face_fit(const kao_face *face, const kao_template *to, double m[6],
                        kao_error *err);

/* What kao_align does once it has m, which takes points of the upright view to the chip; with
 * threads of the caller's choice. */
kao_status kao_cut(kao_mem *mem, kao_pool *pool, const kao_view *view,
                   const double m[6], const kao_template *to, kao_image *chip,
                   kao_error *err);

#endif
