/* A picture under a 2x3 matrix: how a face is turned and scaled to its chip. */
#ifndef KAO_IMAGE_WARP_H
#define KAO_IMAGE_WARP_H

#include "image/view.h"

/* Fill dst with src (RGB, as it lies) under m = (a, b, tx; c, d, ty), rows first: the point
 * (x, y) of src goes to (a*x + b*y + tx, c*x + d*y + ty) of dst. Pixel centres are at integers. Each
 * pixel of dst is interpolated linearly among four of src, those outside counting as 0:
 * what cv2.warpAffine does with INTER_LINEAR and a constant border, but with the exact
 * position instead of 1/32 pixels. No averaging where it shrinks: below half size,
 * resize first.
 *
 * Class: bound; |got - exact| <= 0.51. dst must not overlap src. No allocation.
 * False, dst untouched: m is not finite or cannot be inverted. */
bool kao_warp(const kao_view *src, const double m[6], const kao_image *dst);

/* out = the inverse of m; false where there is none. */
bool kao_warp_invert(const double m[6], double out[6]);

#endif
