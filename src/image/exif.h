/* The one thing that kao wants of EXIF: which way is up. */
#ifndef KAO_IMAGE_EXIF_H
#define KAO_IMAGE_EXIF_H

#include "base/reader.h"

/* The orientation, 1 to 8, from a TIFF structure, with or without "Exif\0\0" before it;
 * 0 where it is absent or the block is damaged. */
uint8_t kao_exif_orientation(kao_span exif);

#endif
