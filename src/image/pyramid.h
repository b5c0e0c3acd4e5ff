/* The inside of kao_pyramid: levels by size. */
#ifndef KAO_IMAGE_PYRAMID_H
#define KAO_IMAGE_PYRAMID_H

#include "image/view.h"

/* Reduce with at most n of the context's threads; 0: all, as at first. */
void kao_pyramid_set_threads(kao_pyramid *p, uint32_t n);

/* Whether the pyramid's picture is this one. */
bool kao_pyramid_shows(const kao_pyramid *p, const kao_view *view);
/* Size of its picture, upright. */
void kao_pyramid_size(const kao_pyramid *p, uint32_t *width, uint32_t *height);

/* The upright picture at width x height pixels, RGB; borrowed until the next call. The
 * same size has the same bits, whatever else was asked for before.
 * No allocation for a size, of a picture of the same shape and format, that it still has. */
kao_status kao_pyramid_level(kao_pyramid *p, uint32_t width, uint32_t height,
                             kao_view *level, kao_error *err);

#endif
