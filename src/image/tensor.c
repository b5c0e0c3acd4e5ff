/* Pixels to floats through a table: a byte has 256 values, so (v - mean) * scale is
 * computed 256 times a channel and looked up for each pixel. That is exact by
 * definition, and taking every third byte apart is what costs the time, not the
 * arithmetic. */
#include "image/tensor.h"

#if defined(__GNUC__) && !defined(__clang__)
# pragma GCC optimize("O3")
#endif

typedef struct tensor_tables {
    float of[3][256];
} tensor_tables;

static void fill_tables(tensor_tables *t, const kao_tensor_form *form)
{
    for (int c = 0; c < 3; c++)
        for (int v = 0; v < 256; v++)
            t->of[c][v] = ((float)v - form->mean[c]) * form->scale[c];
}

static uint32_t grey_of(const uint8_t *p)
{
    return (4899u * p[0] + 9617u * p[1] + 1868u * p[2] + 8192u) >> 14;
}

/* A row into one plane, four pixels a turn. p: the channel of the first pixel. */
static void plane_row(float *restrict out, const uint8_t *restrict p, size_t n,
                      const float *restrict table)
{
    size_t i = 0;

    for (; i + 4 <= n; i += 4, p += 4 * KAO_RGB) {
        out[i] = table[p[0]];
        out[i + 1] = table[p[KAO_RGB]];
        out[i + 2] = table[p[2 * KAO_RGB]];
        out[i + 3] = table[p[3 * KAO_RGB]];
    }
    for (; i < n; i++, p += KAO_RGB)
        out[i] = table[*p];
}

static void plane_row_mirrored(float *restrict out, const uint8_t *restrict p, size_t n,
                               const float *restrict table)
{
    for (size_t i = 0; i < n; i++)
        out[n - 1 - i] = table[p[i * KAO_RGB]];
}

static void grey_row(float *restrict out, const uint8_t *restrict p, size_t n,
                     bool mirror, const float *restrict table)
{
    for (size_t i = 0; i < n; i++)
        out[mirror ? n - 1 - i : i] = table[grey_of(p + i * KAO_RGB)];
}

static void pixel_row(float *restrict out, const uint8_t *restrict p, size_t n,
                      bool mirror, bool bgr, const tensor_tables *t)
{
    const int first = bgr ? 2 : 0, third = 2 - first;

    for (size_t i = 0; i < n; i++, p += KAO_RGB) {
        float *to = out + (mirror ? n - 1 - i : i) * 3;

        to[0] = t->of[0][p[first]];
        to[1] = t->of[1][p[1]];
        to[2] = t->of[2][p[third]];
    }
}

void kao_image_to_tensor(const kao_image *image, kao_region region,
                         const kao_tensor_form *form, float *out)
{
    const size_t n = region.width, plane = n * region.height;
    const bool bgr = form->order == KAO_TENSOR_BGR;
    tensor_tables t;

    fill_tables(&t, form);
    for (uint32_t y = 0; y < region.height; y++) {
        const uint8_t *p =
            kao_image_row(image, region.y + y) + (size_t)region.x * KAO_RGB;

        if (form->order == KAO_TENSOR_GREY) {
            grey_row(out + y * n, p, n, form->mirror, t.of[0]);
        } else if (form->layout == KAO_TENSOR_NHWC) {
            pixel_row(out + y * n * 3, p, n, form->mirror, bgr, &t);
        } else {
            for (size_t c = 0; c < 3; c++) {
                const uint8_t *channel = p + (bgr ? 2 - c : c);
                float *to = out + c * plane + y * n;

                if (form->mirror)
                    plane_row_mirrored(to, channel, n, t.of[c]);
                else
                    plane_row(to, channel, n, t.of[c]);
            }
        }
    }
}
