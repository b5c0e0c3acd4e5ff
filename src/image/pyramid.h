/* The inside of kao_pyramid: levels by size. */
#ifndef KAO_IMAGE_PYRAMID_H
#define KAO_IMAGE_PYRAMID_H

#include "image/resize.h"

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

/* Part of the upright picture at width x height pixels, RGB; borrowed until the next call.
 * Made from the picture itself, which is never copied whole for it: the memory is the part's.
 * *at in: where it is, in the upright picture's pixels, its sides even unless they are the
 * picture's; out: where what came is, up to a pixel to the left and above as the pixels lie
 * (before rotation), because some formats have one colour for two pixels. */
kao_status kao_pyramid_part(kao_pyramid *p, kao_place *at, uint32_t width,
                            uint32_t height, kao_view *part, kao_error *err);

#endif
