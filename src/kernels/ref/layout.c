/* Planes to pixels and back, in plain C: what the other levels are held against. */
#include "kernels/ref/ref.h"

void kao_to_pixels_f32_ref(const float *planes, size_t plane, size_t n, size_t c,
                           float *pixels, size_t stride)
{
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < c; j++)
            pixels[i * stride + j] = planes[j * plane + i];
}

void kao_to_planes_f32_ref(const float *pixels, size_t stride, size_t n, size_t c,
                           float *planes, size_t plane)
{
    for (size_t j = 0; j < c; j++)
        for (size_t i = 0; i < n; i++)
            planes[j * plane + i] = pixels[i * stride + j];
}
