/* Boxes and points, drawn into the pixels without blending.
 *
 * Everything is spans: coordinates are clamped to the picture as floats, before they
 * become integers, so that no number from outside can overflow one. */
#include "image/image.h"

#include <math.h>

enum { BOX_PART = 320, POINT_PART = 400 }; /* of the longer side */

static float by_size(const kao_image *m, float given, float part)
{
    const float longer = (float)(m->width > m->height ? m->width : m->height);
    const float size = given > 0 ? given : longer / part;

    return size > 1 || given > 0 ? size : 1;
}

/* The first pixel centre at or after v, and the first one at or after it past the end.
 */
static uint32_t clamp_up(float v, uint32_t n)
{
    const float c = ceilf(v);

    return !(c > 0) ? 0 : c >= (float)n ? n : (uint32_t)c; /* not a number: 0 */
}

/* Pixels whose centre is in [x1, x2) x [y1, y2). */
static void fill(const kao_image *m, float x1, float y1, float x2, float y2,
                 kao_color c)
{
    const uint32_t xa = clamp_up(x1, m->width), xb = clamp_up(x2, m->width);
    const uint32_t yb = clamp_up(y2, m->height);

    for (uint32_t y = clamp_up(y1, m->height); y < yb; y++) {
        uint8_t *p = kao_image_row(m, y) + (size_t)xa * KAO_RGB;

        for (uint32_t x = xa; x < xb; x++, p += KAO_RGB) {
            p[0] = c.r;
            p[1] = c.g;
            p[2] = c.b;
        }
    }
}

void kao_image_draw_box(const kao_image *image, float x1, float y1, float x2, float y2,
                        float thickness_px, kao_color color)
{
    if (kao_image_check(image, "image", NULL) || !isfinite(x1) || !isfinite(y1) ||
        !isfinite(x2) || !isfinite(y2) || !isfinite(thickness_px))
        return;
    /* A whole number of pixels: all four lines are then equally thick. Rounding to the nearest
     * would break ties away from 0, which at the picture's edge is out of it. */
    const float t = fmaxf(roundf(by_size(image, thickness_px, BOX_PART)), 1);
    const float left = ceilf(fminf(x1, x2) - t / 2),
                right = ceilf(fmaxf(x1, x2) - t / 2);
    const float top = ceilf(fminf(y1, y2) - t / 2), low = ceilf(fmaxf(y1, y2) - t / 2);

    fill(image, left, top, right + t, top + t, color);
    fill(image, left, low, right + t, low + t, color);
    fill(image, left, top, left + t, low + t, color);
    fill(image, right, top, right + t, low + t, color);
}

void kao_image_draw_point(const kao_image *image, float x, float y, float radius_px,
                          kao_color color)
{
    if (kao_image_check(image, "image", NULL) || !isfinite(x) || !isfinite(y) ||
        !isfinite(radius_px))
        return;
    const float r = by_size(image, radius_px, POINT_PART);
    const uint32_t begin = clamp_up(y - r, image->height);

    for (uint32_t row = begin; row < image->height && (float)row <= y + r; row++) {
        const double dy = (double)row - (double)y;
        const double left = (double)r * (double)r - dy * dy;
        const float half = left > 0 ? (float)sqrt(left) : 0;

        /* nextafterf: a centre exactly on the circle is inside */
        fill(image, x - half, (float)row, nextafterf(x + half, INFINITY),
             (float)row + 1, color);
    }
}
