/* Reading views: checked, and as rows of R, G, B whatever their format is. */
#ifndef KAO_IMAGE_VIEW_H
#define KAO_IMAGE_VIEW_H

#include "image/image.h"
#include "kao/view.h"

/* KAO_OK; KAO_E_LIMIT for rows further apart than KAO_IMAGE_MAX_ROW_BYTES; KAO_E_ARG where
 * view does not describe pixels. role: "picture" */
kao_status kao_view_check(const kao_view *view, const char *role, kao_error *err);

/* Width and height after rotation. */
void kao_view_upright_size(const kao_view *view, uint32_t *width, uint32_t *height);

/* Where R, G, B of pixel (x, y) stand; only where the format is KAO_PIXELS_RGB. */
static inline const uint8_t *kao_view_rgb(const kao_view *view, uint32_t x, uint32_t y)
{
    return view->plane[0] + (ptrdiff_t)y * view->stride[0] + (size_t)x * KAO_RGB;
}

/* width x height of its pixels from (x, y) on, as they lie (before rotation). x and y are even
 * where the format has one colour for several pixels, and YUYV's width is. */
kao_view kao_view_part(const kao_view *view, uint32_t x, uint32_t y, uint32_t width,
                       uint32_t height);

/* R, G, B of n pixels of row y from x on, as they lie (before rotation), any format. */
void kao_view_row(const kao_view *view, uint32_t x, uint32_t y, uint32_t n,
                  uint8_t *rgb);

#endif
