/* See views.h. */
#include "train/views.h"

#include <string.h>

#include "image/resize.h"

kao_image kao_views_part(const kao_image *m, uint32_t x, uint32_t y, uint32_t w,
                         uint32_t h)
{
    return (kao_image){ .rgb = kao_image_row(m, y) + (size_t)x * KAO_RGB,
                        .width = w,
                        .height = h,
                        .row_bytes = m->row_bytes };
}

void kao_views_fill(const kao_image *m, uint8_t v)
{
    for (uint32_t y = 0; y < m->height; y++)
        memset(kao_image_row(m, y), v, (size_t)m->width * KAO_RGB);
}

void kao_views_mirror(const kao_image *m)
{
    for (uint32_t y = 0; y < m->height; y++) {
        uint8_t *a = kao_image_row(m, y), *b = a + (size_t)(m->width - 1) * KAO_RGB;

        for (; a < b; a += KAO_RGB, b -= KAO_RGB)
            for (int c = 0; c < KAO_RGB; c++) {
                const uint8_t t = a[c];

                a[c] = b[c];
                b[c] = t;
            }
    }
}

static uint8_t to_byte(float v)
{
    return v < 0 ? 0 : v > 255 ? 255 : (uint8_t)(v + 0.5f);
}

void kao_views_recolor(kao_random *r, const kao_image *m, float strength, uint32_t grey)
{
    const float light = strength * kao_random_float(r, -32, 32),
                contrast = 1 + strength * kao_random_float(r, -0.4f, 0.5f),
                color = grey && kao_random_below(r, grey) == 0
                            ? 0
                            : 1 + strength * kao_random_float(r, -0.5f, 0.5f);

    for (uint32_t y = 0; y < m->height; y++) {
        uint8_t *p = kao_image_row(m, y);

        for (uint32_t x = 0; x < m->width; x++, p += KAO_RGB) {
            const float luma =
                0.299f * (float)p[0] + 0.587f * (float)p[1] + 0.114f * (float)p[2];

            for (int c = 0; c < KAO_RGB; c++)
                p[c] = to_byte((luma + color * ((float)p[c] - luma) - 128) * contrast +
                               128 + light);
        }
    }
}

kao_status kao_views_blur(kao_mem *mem, const kao_image *m, const kao_image *room,
                          double factor)
{
    const kao_image small = kao_views_part(room, 0, 0, (uint32_t)(m->width / factor),
                                           (uint32_t)(m->height / factor));
    const kao_view big = kao_image_view(m), reduced = kao_image_view(&small);

    const kao_status st = kao_resize(mem, NULL, &big, &small, NULL);

    return st ? st : kao_resize(mem, NULL, &reduced, m, NULL);
}

kao_status kao_views_jpeg(kao_context *ctx, const kao_image *m, uint32_t quality)
{
    uint8_t *bytes = NULL;
    size_t n = 0;
    kao_image back = { 0 };

    kao_status st = kao_image_encode(ctx, m, KAO_IMAGE_JPEG, quality, &bytes, &n, NULL);

    if (!st)
        st = kao_image_decode(ctx, bytes, n, NULL, &back, NULL);
    if (!st)
        for (uint32_t y = 0; y < m->height; y++)
            memcpy(kao_image_row(m, y), kao_image_row(&back, y),
                   (size_t)m->width * KAO_RGB);
    kao_image_free(ctx, &back);
    kao_image_free_bytes(ctx, bytes);
    return st;
}
