/* What kao wants of EXIF and TIFF: which way is up, how large the picture is and whether there is a larger
 * one, what alpha is. */
#ifndef KAO_IMAGE_EXIF_H
#define KAO_IMAGE_EXIF_H

#include "base/reader.h"

/* The orientation, 1 to 8, from a TIFF structure, with or without "Exif\0\0" before it;
 * 0 where it is absent or the block is damaged. */
uint8_t kao_exif_orientation(kao_span exif);
/* Of the first picture of a TIFF, as it lies; 0: not told. */
void kao_tiff_size(kao_span file, uint32_t *width, uint32_t *height);
/* Whether the first picture of a TIFF is a smaller version of another one in it, as in cameras' raw
 * files. */
bool kao_tiff_is_reduced(kao_span file);
/* Whether its pixels are each a grey and an alpha by which that is not multiplied. */
bool kao_tiff_is_grey_beside_alpha(kao_span file);
/* Whether it tells of what its pixels have beside colours that this is no alpha, but anything. */
bool kao_tiff_has_no_alpha(kao_span file);
/* Whether its samples are of more than 16 bits, or floating point. */
bool kao_tiff_is_deep(kao_span file);
/* Whether libtiff mixes its pixels up: greys of 16 bits, or greys and colours of a palette beside
 * others, in tiles that pass its side. There it steps over one byte a pixel. */
bool kao_tiff_is_mixed_up(kao_span file);

#endif
