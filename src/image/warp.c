/* Affine warp, bilinear, border 0.
 *
 * For each pixel of dst the inverse matrix gives a point of src. Positions are doubles
 * computed afresh for each pixel (not added up), fractions become 16-bit fixed point,
 * and the four neighbours are mixed in integers:
 *
 *     top    = p00 * (65536 - fx) + p01 * fx           24 bits
 *     mixed  = (top * (65536 - fy) + bottom * fy)      40 bits, rounded at 32
 *
 * Pixel centres are at integers; the matrix goes from src to dst. */
#include "image/warp.h"

#include <math.h>
#include <string.h>

enum { FRAC_BITS = 16, FRAC_ONE = 1 << FRAC_BITS };

bool kao_warp_invert(const double m[6], double out[6])
{
    const double det = m[0] * m[4] - m[1] * m[3];

    if (!isfinite(det) || !isfinite(m[2]) || !isfinite(m[5]) || fabs(det) < 1e-30)
        return false;
    out[0] = m[4] / det;
    out[1] = -m[1] / det;
    out[2] = (m[1] * m[5] - m[4] * m[2]) / det;
    out[3] = -m[3] / det;
    out[4] = m[0] / det;
    out[5] = (m[3] * m[2] - m[0] * m[5]) / det;
    for (int i = 0; i < 6; i++)
        if (!isfinite(out[i]))
            return false;
    return true;
}

static uint8_t mix(uint32_t p00, uint32_t p01, uint32_t p10, uint32_t p11, uint32_t fx,
                   uint32_t fy)
{
    const uint64_t top = p00 * (FRAC_ONE - fx) + p01 * fx;
    const uint64_t bottom = p10 * (FRAC_ONE - fx) + p11 * fx;

    return (uint8_t)((top * (FRAC_ONE - fy) + bottom * fy + (UINT64_C(1) << 31)) >> 32);
}

/* All four neighbours of (x, y) are inside. */
static void sample_inside(uint8_t *out, const kao_view *src, uint32_t x, uint32_t y,
                          uint32_t fx, uint32_t fy)
{
    const uint8_t *p = kao_view_rgb(src, x, y);
    const uint8_t *q = p + src->stride[0];

    for (int c = 0; c < KAO_RGB; c++)
        out[c] = mix(p[c], p[c + KAO_RGB], q[c], q[c + KAO_RGB], fx, fy);
}

static uint32_t pixel_or_0(const kao_view *src, int64_t x, int64_t y, int c)
{
    if (x < 0 || y < 0 || x >= src->width || y >= src->height)
        return 0;
    return kao_view_rgb(src, (uint32_t)x, (uint32_t)y)[c];
}

static void sample_edge(uint8_t *out, const kao_view *src, int64_t x, int64_t y,
                        uint32_t fx, uint32_t fy)
{
    for (int c = 0; c < KAO_RGB; c++)
        out[c] =
            mix(pixel_or_0(src, x, y, c), pixel_or_0(src, x + 1, y, c),
                pixel_or_0(src, x, y + 1, c), pixel_or_0(src, x + 1, y + 1, c), fx, fy);
}

bool kao_warp(const kao_view *src, const double m[6], const kao_image *dst)
{
    double inv[6];

    if (!kao_warp_invert(m, inv))
        return false;
    const double w = src->width, h = src->height;

    for (uint32_t y = 0; y < dst->height; y++) {
        const double x_row = inv[1] * y + inv[2], y_row = inv[4] * y + inv[5];
        uint8_t *out = kao_image_row(dst, y);

        for (uint32_t x = 0; x < dst->width; x++, out += KAO_RGB) {
            const double sx = inv[0] * x + x_row, sy = inv[3] * x + y_row;

            if (!(sx > -1 && sy > -1 && sx < w && sy < h)) { /* NaN too */
                memset(out, 0, KAO_RGB);
                continue;
            }
            /* + 1 keeps the numbers positive, so that truncation is floor */
            const int64_t px = (int64_t)((sx + 1) * FRAC_ONE + 0.5) - FRAC_ONE;
            const int64_t py = (int64_t)((sy + 1) * FRAC_ONE + 0.5) - FRAC_ONE;
            const int64_t x0 = ((px + FRAC_ONE) >> FRAC_BITS) - 1;
            const int64_t y0 = ((py + FRAC_ONE) >> FRAC_BITS) - 1;
            const uint32_t fx = (uint32_t)px & (FRAC_ONE - 1);
            const uint32_t fy = (uint32_t)py & (FRAC_ONE - 1);

            if (x0 >= 0 && y0 >= 0 && x0 + 1 < src->width && y0 + 1 < src->height)
                sample_inside(out, src, (uint32_t)x0, (uint32_t)y0, fx, fy);
            else
                sample_edge(out, src, x0, y0, fx, fy);
        }
    }
    return true;
}
