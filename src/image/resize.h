/* Pictures at another size, and letterboxes: where a picture goes inside a larger one of
 * fixed shape. */
#ifndef KAO_IMAGE_RESIZE_H
#define KAO_IMAGE_RESIZE_H

#include "image/view.h"

/* As kao_image_resize but without rotation; pool NULL: this thread alone. Both pictures were
 * checked.
 *
 * Class: bound. |got - exact| <= 0.51 + 0.004 * (taps_x + taps_y), where exact is the
 * real number that the definition gives and taps are ceil(src / dst) + 1 where an axis
 * shrinks, 2 where it grows: weights are 15-bit fixed point. Flat areas stay exactly as
 * they are. */
kao_status kao_resize(kao_mem *mem, kao_pool *pool, const kao_view *src,
                      const kao_image *dst, kao_error *err);
/* kao_image_resize with threads of the caller's choice. */
kao_status kao_resize_upright(kao_mem *mem, kao_pool *pool, const kao_view *src,
                              const kao_image *dst, kao_error *err);

typedef struct kao_resize_axis { /* the sums that make the pixels along one side */
    uint32_t *first;  /* source pixel, for each output pixel; the block of all three */
    uint32_t *n;      /* how many from there on; 1 .. max_n */
    uint16_t *weight; /* max_n for each output pixel */
    uint32_t max_n;
    size_t bytes; /* of the block */
} kao_resize_axis;

/* The same in two halves: what depends on sizes and format alone, made once, and the pixels.
 * Begin with {0}. */
typedef struct kao_resizer {
    uint32_t n_threads; /* for which it has room; 0: nothing is fitted */
    kao_pixel_format format;
    uint32_t src_width, src_height, width, height;
    bool same;               /* the sizes are */
    uint32_t mean_x, mean_y; /* whole ratios, or 0 */
    kao_resize_axis down, across;
    uint16_t *row; /* row_cap numbers for each worker */
    uint8_t *room; /* room_cap bytes for each worker: rows brought to RGB */
    size_t row_cap, row_bytes, room_cap, room_bytes;
} kao_resizer;

/* No allocation where the sizes and format are those of the last fit. */
kao_status kao_resizer_fit(kao_resizer *r, kao_mem *mem, uint32_t n_threads,
                           const kao_view *src, uint32_t width, uint32_t height,
                           kao_error *err);
/* src and dst as fitted; the pool has n_threads at most. No allocation. */
void kao_resizer_run(const kao_resizer *r, kao_pool *pool, const kao_view *src,
                     const kao_image *dst);
void kao_resizer_fini(kao_resizer *r, kao_mem *mem);

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

#endif
