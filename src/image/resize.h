/* Pictures at another size, and letterboxes: a picture inside a larger one of fixed
 * shape. */
#ifndef KAO_IMAGE_RESIZE_H
#define KAO_IMAGE_RESIZE_H

#include "image/image.h"

/* As kao_image_resize; pool NULL: this thread alone. Both pictures were checked.
 *
 * Class: bound. |got - exact| <= 0.51 + 0.004 * (taps_x + taps_y), where exact is the
 * real number that the definition gives and taps are ceil(src / dst) + 1 where an axis
 * shrinks, 2 where it grows: weights are 15-bit fixed point. Flat areas stay exactly as
 * they are. */
kao_status kao_resize(kao_mem *mem, kao_pool *pool, const kao_image *src,
                      const kao_image *dst, kao_error *err);

typedef struct kao_place { /* where in the larger picture, in its pixels */
    uint32_t x, y, width, height;
} kao_place;

typedef enum kao_letterbox_at {
    KAO_LETTERBOX_TOP_LEFT,
    KAO_LETTERBOX_CENTRE
} kao_letterbox_at;

/* The largest place inside width x height with the shape of src_width x src_height. One
 * side fits exactly, the other is truncated to whole pixels (1 at least), as the
 * published detectors do it. Undo a point by ((x + .5 - place.x) * src_width /
 * place.width - .5). */
kao_place kao_letterbox_place(uint32_t src_width, uint32_t src_height, uint32_t width,
                              uint32_t height, kao_letterbox_at at);
/* Fill dst with src resized to place, and with fill around it. place lies inside dst.
 */
kao_status kao_letterbox(kao_mem *mem, kao_pool *pool, const kao_image *src,
                         const kao_image *dst, kao_place place, kao_color fill,
                         kao_error *err);

#endif
