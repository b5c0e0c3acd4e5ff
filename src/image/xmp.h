/* The one thing that kao wants of XMP: which way is up. */
#ifndef KAO_IMAGE_XMP_H
#define KAO_IMAGE_XMP_H

#include "base/reader.h"

enum { KAO_XMP_NO_MEMORY = 255 };

/* The orientation, 1 to 8, that a packet gives its picture; 0 where it gives none, is no XML, or
 * declares a document type; KAO_XMP_NO_MEMORY. */
uint8_t kao_xmp_orientation(kao_span packet);

#endif
