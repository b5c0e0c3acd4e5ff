/* Faces made unrecognisable, in pixels. */
#ifndef KAO_MEDIA_HIDE_H
#define KAO_MEDIA_HIDE_H

#include "kao/image.h"

typedef enum kao_hide_mode {
    KAO_HIDE_BLUR,
    KAO_HIDE_MOSAIC,
    KAO_HIDE_BLACK
} kao_hide_mode;

typedef struct kao_hide_rect {
    float x, y, width, height;
} kao_hide_rect;

/* What is within the box, grown by a fifth of its sides on each of them: smeared in an ellipse,
 * in squares of a sixth of the box, or black. What lies outside of the picture is left out.
 * KAO_E_NOMEM; the picture may be changed in part then. */
kao_status kao_hide(kao_context *ctx, kao_image *image, kao_hide_rect box,
                    kao_hide_mode mode, kao_error *err);

#endif
