/* Planes <-> pixels in plain C, compiled with each ISA's flags.
 *
 * Three channels without gaps (photographs) run as one interleaving loop, which compilers
 * turn into shuffles. Others go by tiles of 16 pixels x 16
 * channels, so that where rows begin on cache lines each is touched by one tile only. */
#ifndef KAO_KERNELS_VEC_LAYOUT_BODY_H
#define KAO_KERNELS_VEC_LAYOUT_BODY_H

enum { LAYOUT_TILE = 16 };

static void interleave3(const float *restrict a, const float *restrict b,
                        const float *restrict c, size_t n, float *restrict pixels)
{
    for (size_t i = 0; i < n; i++) {
        pixels[3 * i] = a[i];
        pixels[3 * i + 1] = b[i];
        pixels[3 * i + 2] = c[i];
    }
}

static void split3(const float *restrict pixels, size_t n, float *restrict a,
                   float *restrict b, float *restrict c)
{
    for (size_t i = 0; i < n; i++) {
        a[i] = pixels[3 * i];
        b[i] = pixels[3 * i + 1];
        c[i] = pixels[3 * i + 2];
    }
}

void VF_ISA(kao_to_pixels_f32)(const float *planes, size_t plane, size_t n, size_t c,
                               float *pixels, size_t stride)
{
    if (c == 3 && stride == 3) {
        interleave3(planes, planes + plane, planes + 2 * plane, n, pixels);
        return;
    }
    for (size_t i0 = 0; i0 < n; i0 += LAYOUT_TILE) {
        const size_t i1 = n - i0 < LAYOUT_TILE ? n : i0 + LAYOUT_TILE;

        for (size_t j0 = 0; j0 < c; j0 += LAYOUT_TILE) {
            const size_t j1 = c - j0 < LAYOUT_TILE ? c : j0 + LAYOUT_TILE;

            for (size_t i = i0; i < i1; i++)
                for (size_t j = j0; j < j1; j++)
                    pixels[i * stride + j] = planes[j * plane + i];
        }
    }
}

void VF_ISA(kao_to_planes_f32)(const float *pixels, size_t stride, size_t n, size_t c,
                               float *planes, size_t plane)
{
    if (c == 3 && stride == 3) {
        split3(pixels, n, planes, planes + plane, planes + 2 * plane);
        return;
    }
    for (size_t i0 = 0; i0 < n; i0 += LAYOUT_TILE) {
        const size_t i1 = n - i0 < LAYOUT_TILE ? n : i0 + LAYOUT_TILE;

        for (size_t j0 = 0; j0 < c; j0 += LAYOUT_TILE) {
            const size_t j1 = c - j0 < LAYOUT_TILE ? c : j0 + LAYOUT_TILE;

            for (size_t j = j0; j < j1; j++)
                for (size_t i = i0; i < i1; i++)
                    planes[j * plane + i] = pixels[i * stride + j];
        }
    }
}

#endif
