/* Chips by a face's box instead of its points: squares and rectangles about it. */
#ifndef KAO_FACE_CROP_H
#define KAO_FACE_CROP_H

#include "kao/align.h"
#include "kao/card.h"

/* The template's margin; 0: it goes by points. */
float kao_template_margin(const kao_template *to);

/* "template" and "template.margin" of a card, for chips of that size. */
kao_status kao_card_template(const kao_card *card, uint32_t width, uint32_t height,
                             kao_template *out, kao_error *err);

/* By how many degrees clockwise (0, 90, 180, 270) the picture has to be turned for this face
 * to be upright, by the line of its eyes; 0 for a face without points. */
uint32_t kao_face_turn(const kao_face *face);

/* m that brings what the template (of a margin) shows of the picture about the face's box onto
 * the chip; the picture is first turned clockwise by `turned` degrees.
 * Errors: KAO_E_NO_FACE (an empty box). */
kao_status kao_crop_fit(const kao_face *face, const kao_template *to,
                        const kao_view *view, uint32_t turned, double m[6],
                        kao_error *err);

#endif
