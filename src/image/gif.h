/* The first frame of a GIF, found and proved whole before a decoder sees it. */
#ifndef KAO_IMAGE_GIF_H
#define KAO_IMAGE_GIF_H

#include "base/error.h"
#include "base/reader.h"

/* Its parts, in this order, are a GIF of one frame. */
typedef struct kao_gif {
    kao_span head;       /* logical screen, global colours */
    uint8_t control[8];  /* which colour is transparent */
    size_t n_control;    /* bytes of it: 0 or 8 */
    kao_span frame;      /* descriptor, colours, compressed pixels without their end */
    const char *warning; /* "no end marker", or NULL */
} kao_gif;

#define KAO_GIF_END "\0;" /* 2 bytes */

/* KAO_E_FORMAT: cut short, or damaged, so that not all pixels of the frame are there;
 * KAO_E_LIMIT: its size. */
kao_status kao_gif_first_frame(kao_span bytes, kao_gif *out, kao_error *err);

#endif
