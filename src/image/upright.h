/* Which way is up, from what lies beside the pixels: EXIF blocks, XMP packets and the
 * text chunks of PNG that carry either. */
#ifndef KAO_IMAGE_UPRIGHT_H
#define KAO_IMAGE_UPRIGHT_H

#include "base/reader.h"

/* The first orientation of each kind, 1 to 8; 0: not told, or no number from 1 to 8. */
typedef struct kao_upright {
    uint8_t exif, xmp;
    bool no_memory; /* to read XMP, before that which told */
} kao_upright;

void kao_upright_exif(kao_upright *u, kao_span exif);
void kao_upright_xmp(kao_upright *u, kao_span packet);
/* The content of a JPEG's APP1 segment: EXIF, XMP or something else, which is ignored. */
void kao_upright_app1(kao_upright *u, kao_span block);
/* Whether a text chunk of PNG, from its keyword on, is of a kind that may tell: XMP, or another
 * format's block in hexadecimal. */
bool kao_upright_reads(kao_span text);
/* A text of PNG under its keyword. It is used as working room: overwritten. */
void kao_upright_text(kao_upright *u, const char *keyword, char *text, size_t n);

/* What a text holds under "Raw profile type NAME": another format's block in hexadecimal, in its place.
 */
kao_span kao_raw_profile(uint8_t *text, size_t n);

/* What to turn by: EXIF comes before XMP; 1 where neither tells, 0 where that is not
 * known, for want of memory. */
uint8_t kao_upright_of(const kao_upright *u);

#endif
