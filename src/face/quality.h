/* The inside of quality facts: what their two files share. */
#ifndef KAO_FACE_QUALITY_H
#define KAO_FACE_QUALITY_H

#include "kao/quality.h"

enum { KAO_QUALITY_SIDE = 112 }; /* of the chip, aligned by arcface-112 */

/* How likely the lower face is covered, 0..1, by the colours of an aligned chip (RGB, upright);
 * scratch: KAO_QUALITY_SIDE squared floats. From KAO_MASKED_FROM on it counts as covered. */
float kao_quality_masked(const kao_view *chip, float *scratch);
#define KAO_MASKED_FROM 0.85f

#endif
