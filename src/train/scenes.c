/* See scenes.h. */
#include "train/scenes.h"

#include <math.h>
#include <string.h>

#include "image/resize.h"
#include "train/views.h"

void kao_scenes_sort(kao_scenes *s)
{
    kao_pack *p = &s->scenes;

    s->n_plain = 0;
    for (size_t i = 0; i < p->n; i++)
        if (!p->pictures[i].no_face) {
            const kao_pack_picture x = p->pictures[i];

            p->pictures[i] = p->pictures[s->n_plain];
            p->pictures[s->n_plain++] = x;
        }
}

/* The square [x, x + side) of from, which may pass its border, fills to. */
static void cut(const kao_image *from, double x, double y, double side,
                const kao_image *to, kao_mem *mem)
{
    const double k = to->width / side;
    const double x0 = fmax(x, 0), y0 = fmax(y, 0), x1 = fmin(x + side, from->width),
                 y1 = fmin(y + side, from->height);
    const uint32_t u0 = (uint32_t)x0, v0 = (uint32_t)y0;
    const uint32_t w = (uint32_t)fmax(x1 - u0, 1), h = (uint32_t)fmax(y1 - v0, 1);
    const uint32_t tx = (uint32_t)((x0 - x) * k), ty = (uint32_t)((y0 - y) * k);
    const uint32_t tw = (uint32_t)fmin(fmax(w * k, 1), to->width - tx);
    const uint32_t th = (uint32_t)fmin(fmax(h * k, 1), to->height - ty);
    const kao_image source = kao_views_part(from, u0, v0, w, h),
                    target = kao_views_part(to, tx, ty, tw, th);
    const kao_view view = kao_image_view(&source);

    kao_views_fill(to, 110);
    (void)kao_resize(mem, NULL, &view, &target, NULL);
}

/* A random square of a random picture: small ones make faces large, large ones small. */
static void random_cut(const kao_scenes *s, size_t index, kao_random *r,
                       const kao_image *to)
{
    static const float shares[] = { 0.3f, 0.45f, 0.6f, 0.8f, 1, 1.2f, 1.5f, 2 };
    kao_image from = { 0 };

    if (kao_pack_picture_open(&s->scenes, index, &from, NULL)) {
        kao_views_fill(to, 110);
        return;
    }
    const double shorter = fmin(from.width, from.height);
    const double side = shorter * (double)shares[kao_random_below(r, 8)] *
                        (double)kao_random_float(r, 0.9f, 1.1f);
    const double free_x = from.width - side, free_y = from.height - side;

    cut(&from, free_x * (double)kao_random_float(r, 0, 1),
        free_y * (double)kao_random_float(r, 0, 1), side, to, &s->scenes.ctx->mem);
    kao_image_free(s->scenes.ctx, &from);
}

/* A face at a size between 14 and 200 pixels, its border mixed into the picture. */
static void paste_face(const kao_scenes *s, kao_random *r, const kao_image *m,
                       const kao_image *room)
{
    const uint32_t which = kao_random_below(r, (uint32_t)s->faces.n);
    kao_image face = { 0 };
    const double most = fmin(200, m->width * 0.7);
    const uint32_t size =
        (uint32_t)(20 * pow(most / 20, (double)kao_random_float(r, 0, 1)));
    const uint32_t x = kao_random_below(r, m->width - size),
                   y = kao_random_below(r, m->height - size);
    const kao_image small = kao_views_part(room, 0, 0, size, size);

    if (kao_pack_picture_open(&s->faces, which, &face, NULL))
        return;
    const kao_view view = kao_image_view(&face);
    const kao_status st = kao_resize(&s->scenes.ctx->mem, NULL, &view, &small, NULL);

    kao_image_free(s->faces.ctx, &face);
    if (st)
        return;
    for (uint32_t v = 0; v < size; v++)
        for (uint32_t u = 0; u < size; u++) {
            /* an ellipse, soft over a quarter of its radius */
            const float dx = (2.0f * (float)u + 1) / (float)size - 1,
                        dy = (2.0f * (float)v + 1) / (float)size - 1;
            const float d = sqrtf(dx * dx * 1.15f + dy * dy);
            const float a = d < 0.75f ? 1 : d < 1 ? (1 - d) * 4 : 0;
            uint8_t *p = kao_image_row(m, y + v) + (size_t)(x + u) * KAO_RGB;
            const uint8_t *q = kao_image_row(&small, v) + (size_t)u * KAO_RGB;

            for (int c = 0; c < KAO_RGB; c++)
                p[c] = (uint8_t)((float)p[c] + a * ((float)q[c] - (float)p[c]) + 0.5f);
        }
}

void kao_scenes_view(const kao_scenes *s, uint64_t i, const kao_image *image,
                     const kao_image *room, bool *empty)
{
    kao_random r = kao_random_stream(s->seed, i, 1);
    const uint32_t kind = kao_random_below(&r, 100);
    const size_t n_empty = s->scenes.n - s->n_plain;
    const uint32_t half = image->width / 2;

    *empty = kind < 8 && n_empty > 0;
    if (*empty) {
        random_cut(s, s->n_plain + kao_random_below(&r, (uint32_t)n_empty), &r, image);
    } else if (kind < 28) {
        for (uint32_t k = 0; k < 4; k++) {
            const kao_image quarter =
                kao_views_part(image, k % 2 * half, k / 2 * half, half, half);

            random_cut(s, kao_random_below(&r, (uint32_t)s->n_plain), &r, &quarter);
        }
    } else {
        random_cut(s, kao_random_below(&r, (uint32_t)s->n_plain), &r, image);
    }
    if (!*empty && s->faces.n > 0 && kao_random_below(&r, 100) < 40)
        for (uint32_t n = 1 + kao_random_below(&r, 4); n > 0; n--)
            paste_face(s, &r, image, room);
    if (kao_random_below(&r, 2))
        kao_views_mirror(image);
    if (kao_random_below(&r, 10) < 7)
        kao_views_recolor(&r, image, 1, 12);
    if (kao_random_below(&r, 10) == 0)
        kao_views_blur(&s->scenes.ctx->mem, image, room, 2);
}
