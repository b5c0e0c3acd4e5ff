/* See grey.h. Sums are 32-bit integers; the shifts by 4, 16 and 2 in `mix` are what makes them
 * OpenCV's, and so is that a point beyond the first or last column counts as that column,
 * while rows keep their two weights there. */
#include "image/grey.h"

#include <math.h>

#include "image/tensor.h"

enum { ONE = 2048 }; /* weights: 11 bits */

typedef struct sampled { /* a point between two pixels of an axis */
    uint32_t first, second;
    int32_t weight[2];
} sampled;

static uint32_t clamp(int64_t i, uint32_t n)
{
    return i < 0 ? 0 : i >= n ? n - 1 : (uint32_t)i;
}

/* Point i of `to`, on an axis of `from` pixels. */
static sampled sample_at(uint32_t i, uint32_t from, uint32_t to, bool columns)
{
    const double step = 1 / ((double)to / from);
    const float at = (float)((i + 0.5) * step - 0.5);
    const int64_t first = (int64_t)floorf(at);
    const bool beyond = columns && (first < 0 || first >= (int64_t)from - 1);
    const float share = beyond ? 0 : at - (float)first;

    return (sampled){ clamp(first, from),
                      clamp(first + 1, from),
                      { (int32_t)lrintf((1 - share) * ONE),
                        (int32_t)lrintf(share * ONE) } };
}

/* Of the pixel (x, y) of the upright picture. */
static int32_t grey_at(const kao_view *v, uint32_t x, uint32_t y)
{
    const uint32_t right = v->width - 1, bottom = v->height - 1;
    uint8_t rgb[KAO_RGB];

    switch (v->rotation) {
    case 90:
        kao_view_row(v, y, bottom - x, 1, rgb);
        break;
    case 180:
        kao_view_row(v, right - x, bottom - y, 1, rgb);
        break;
    case 270:
        kao_view_row(v, right - y, x, 1, rgb);
        break;
    default:
        kao_view_row(v, x, y, 1, rgb);
    }
    return (int32_t)kao_grey(rgb);
}

static int32_t across(const kao_view *v, const sampled *s, uint32_t y)
{
    return grey_at(v, s->first, y) * s->weight[0] +
           grey_at(v, s->second, y) * s->weight[1];
}

static uint8_t mix(int32_t above, int32_t below, const int32_t weight[2])
{
    return (uint8_t)(((weight[0] * (above >> 4) >> 16) +
                      (weight[1] * (below >> 4) >> 16) + 2) >>
                     2);
}

void kao_view_to_grey(const kao_view *v, uint32_t width, uint32_t height, uint8_t *out)
{
    sampled columns[KAO_GREY_MAX_SIDE];
    uint32_t w = 0, h = 0;

    kao_view_upright_size(v, &w, &h);
    for (uint32_t x = 0; x < width; x++)
        columns[x] = sample_at(x, w, width, true);
    for (uint32_t y = 0; y < height; y++) {
        const sampled row = sample_at(y, h, height, false);

        for (uint32_t x = 0; x < width; x++)
            *out++ = mix(across(v, &columns[x], row.first),
                         across(v, &columns[x], row.second), row.weight);
    }
}

void kao_grey_equalize(uint8_t *samples, size_t n)
{
    size_t count[256] = { 0 }, sum = 0;
    uint8_t to[256] = { 0 };
    int first = 0;

    for (size_t i = 0; i < n; i++)
        count[samples[i]]++;
    while (first < 255 && count[first] == 0)
        first++;
    if (count[first] == n) /* a flat picture stays as it is */
        return;
    const float scale = 255.0f / (float)(n - count[first]);

    for (int v = first + 1; v < 256; v++) {
        sum += count[v];
        to[v] = (uint8_t)lrintf(fminf((float)sum * scale, 255));
    }
    for (size_t i = 0; i < n; i++)
        samples[i] = to[samples[i]];
}
