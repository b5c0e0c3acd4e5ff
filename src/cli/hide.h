/* Faces made unrecognisable, in pixels. */
#ifndef KAO_CLI_HIDE_H
#define KAO_CLI_HIDE_H

#include "kao/image.h"

typedef enum cli_hide_mode {
    CLI_HIDE_BLUR,
    CLI_HIDE_MOSAIC,
    CLI_HIDE_BLACK
} cli_hide_mode;

typedef struct cli_box {
    float x, y, width, height;
} cli_box;

/* What is within the box, grown by a fifth of its sides on each of them: smeared in an ellipse,
 * in squares of a sixth of the box, or black. What lies outside of the picture is left out.
 * KAO_E_NOMEM; the picture may be changed in part then. */
kao_status cli_hide(kao_image *image, cli_box box, cli_hide_mode mode, kao_error *err);

#endif
