/* The inside of kao_calibration: curves from a card. */
#ifndef KAO_FACE_CALIBRATION_H
#define KAO_FACE_CALIBRATION_H

#include "face/card.h"
#include "kao/calibration.h"

/* Read the card's rows calibration.TTA, calibration.TTA.GROUP and what stands beside them. A card without any gives a
 * calibration that knows nothing. name: of the model, for messages. */
kao_status kao_calibration_build(kao_calibration **out, kao_mem *mem,
                                 const kao_card *card, const char *name,
                                 kao_error *err);
/* Whether a card may have this key: calibration.concat, calibration.none.GROUP .. */
bool kao_calibration_is_key(const char *key);
void kao_calibration_destroy(kao_calibration *c); /* NULL is fine */

#endif
