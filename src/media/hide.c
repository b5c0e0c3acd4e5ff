/* See hide.h. */
#include "media/hide.h"

#include <math.h>
#include <string.h>

#include "base/context.h"
#include "base/error.h"

typedef struct area { /* in pixels of the image: first and behind the last */
    uint32_t x1, y1, x2, y2;
    double cx, cy, rx, ry; /* of the ellipse */
} area;

static uint32_t within(double v, uint32_t most)
{
    return v <= 0 ? 0 : v >= most ? most : (uint32_t)v;
}

static area area_of(const kao_image *image, kao_hide_rect b)
{
    const double grow = .2;
    const double w = (double)b.width, h = (double)b.height;
    area a = { .cx = (double)b.x + w / 2,
               .cy = (double)b.y + h / 2,
               .rx = w * (.5 + grow),
               .ry = h * (.5 + grow) };

    a.x1 = within(floor(a.cx - a.rx), image->width);
    a.x2 = within(ceil(a.cx + a.rx), image->width);
    a.y1 = within(floor(a.cy - a.ry), image->height);
    a.y2 = within(ceil(a.cy + a.ry), image->height);
    return a;
}

static uint8_t *pixel(const kao_image *image, uint32_t x, uint32_t y)
{
    return image->rgb + (size_t)y * image->row_bytes + 3 * (size_t)x;
}

/* A running mean over 2 * radius + 1 samples of a line of n that are `step` bytes apart; beyond its
 * ends the end samples go on. */
static void smear_line(uint8_t *line, uint32_t n, size_t step, uint32_t radius,
                       uint8_t *copy)
{
    const uint32_t all = 2 * radius + 1;
    uint32_t sum = all / 2; /* rounds */

    for (uint32_t i = 0; i < n; i++)
        copy[i] = line[i * step];
    sum += (radius + 1) * copy[0];
    for (uint32_t i = 1; i <= radius; i++)
        sum += copy[i < n ? i : n - 1];
    for (uint32_t i = 0; i < n; i++) {
        line[i * step] = (uint8_t)(sum / all);
        const uint32_t next = i + radius + 1;

        sum += copy[next < n ? next : n - 1];
        sum -= copy[i > radius ? i - radius : 0];
    }
}

/* Three running means come near a Gaussian; its deviation is a fifth of the smaller side, which
 * leaves of a face less than ten points across can tell. */
static void smear(uint8_t *rgb, uint32_t width, uint32_t height, uint8_t *line)
{
    const uint32_t side = width < height ? width : height;
    const uint32_t radius = side / 5 + 1;

    for (int pass = 0; pass < 3; pass++) {
        for (uint32_t y = 0; y < height; y++)
            for (size_t c = 0; c < 3; c++)
                smear_line(rgb + 3 * (size_t)width * y + c, width, 3, radius, line);
        for (uint32_t x = 0; x < width; x++)
            for (size_t c = 0; c < 3; c++)
                smear_line(rgb + 3 * (size_t)x + c, height, 3 * (size_t)width, radius,
                           line);
    }
}

static kao_status blur(kao_mem *mem, kao_image *image, const area *a, kao_error *err)
{
    const uint32_t w = a->x2 - a->x1, h = a->y2 - a->y1;
    uint8_t *rgb = kao_alloc(mem, 3 * (size_t)w * h);
    uint8_t *line = kao_alloc(mem, w > h ? w : h);

    if (rgb && line) {
        for (uint32_t y = 0; y < h; y++)
            memcpy(rgb + 3 * (size_t)w * y, pixel(image, a->x1, a->y1 + y),
                   3 * (size_t)w);
        smear(rgb, w, h, line);
        for (uint32_t y = 0; y < h; y++)
            for (uint32_t x = 0; x < w; x++) {
                const double dx = (a->x1 + x - a->cx) / a->rx,
                             dy = (a->y1 + y - a->cy) / a->ry;

                if (dx * dx + dy * dy <= 1)
                    memcpy(pixel(image, a->x1 + x, a->y1 + y),
                           rgb + 3 * ((size_t)w * y + x), 3);
            }
    }
    kao_free(mem, line);
    kao_free(mem, rgb);
    return rgb && line ? KAO_OK : kao_fail(err, KAO_E_NOMEM, "out of memory");
}

/* The mean of a square for each of its pixels. */
static void flatten(const kao_image *image, uint32_t x1, uint32_t y1, uint32_t x2,
                    uint32_t y2)
{
    uint64_t sum[3] = { 0 };
    const uint64_t n = (uint64_t)(x2 - x1) * (y2 - y1);

    for (uint32_t y = y1; y < y2; y++)
        for (uint32_t x = x1; x < x2; x++)
            for (int c = 0; c < 3; c++)
                sum[c] += pixel(image, x, y)[c];
    for (uint32_t y = y1; y < y2; y++)
        for (uint32_t x = x1; x < x2; x++)
            for (int c = 0; c < 3; c++)
                pixel(image, x, y)[c] = (uint8_t)((sum[c] + n / 2) / n);
}

static void mosaic(const kao_image *image, const area *a, float side)
{
    const uint32_t step = side > 12 ? (uint32_t)(side / 6) : 2;

    for (uint32_t y = a->y1; y < a->y2; y += step)
        for (uint32_t x = a->x1; x < a->x2; x += step)
            flatten(image, x, y, x + step < a->x2 ? x + step : a->x2,
                    y + step < a->y2 ? y + step : a->y2);
}

kao_status kao_hide(kao_context *ctx, kao_image *image, kao_hide_rect box,
                    kao_hide_mode mode, kao_error *err)
{
    if (!(box.width > 0 && box.height > 0 && isfinite(box.x) && isfinite(box.y) &&
          isfinite(box.width) && isfinite(box.height)))
        return KAO_OK;
    const area a = area_of(image, box);

    if (a.x1 >= a.x2 || a.y1 >= a.y2)
        return KAO_OK;
    switch (mode) {
    case KAO_HIDE_BLUR:
        return blur(&ctx->mem, image, &a, err);
    case KAO_HIDE_MOSAIC:
        mosaic(image, &a, box.width < box.height ? box.width : box.height);
        return KAO_OK;
    case KAO_HIDE_BLACK:
        for (uint32_t y = a.y1; y < a.y2; y++)
            memset(pixel(image, a.x1, y), 0, 3 * (size_t)(a.x2 - a.x1));
        return KAO_OK;
    }
    return KAO_OK;
}
