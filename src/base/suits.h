/* Whether faces that a detector finds can be given to an embedder, so that it is said before a picture is
 * read; what its vectors are like. Of the program. */
#ifndef KAO_BASE_SUITS_H
#define KAO_BASE_SUITS_H

#include <stdbool.h>

#include "kao/detector.h"
#include "kao/embedder.h"

/* KAO_E_UNSUPPORTED: it gives no points, which the network needs, or the network takes whole pictures. */
kao_status kao_suits(const kao_detector *d, const kao_embedder *e, kao_error *err);
/* Its vectors have length 1; those of a network that is made for distances have any. */
bool kao_has_length_one(const kao_embedder *e);

#endif
