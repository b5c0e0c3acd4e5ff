/* See faces.h. */
#include "train/faces.h"

#include <math.h>
#include <string.h>

#include "base/random.h"
#include "image/warp.h"
#include "train/views.h"

/* Where a crop goes in its view: about the middles of both. */
typedef struct place {
    double a, b, x, y; /* cosine and sine times scale; shift */
} place;

static place random_place(kao_random *r)
{
    const double turn = (double)kao_random_float(r, -5, 5) * 3.14159265358979 / 180,
                 scale = (double)kao_random_float(r, 0.9f, 1.1f);

    return (place){ .a = scale * cos(turn),
                    .b = scale * sin(turn),
                    .x = (double)kao_random_float(r, -4, 4),
                    .y = (double)kao_random_float(r, -4, 4) };
}

static void put(const kao_image *face, const place *p, bool mirrored,
                const kao_image *to)
{
    const kao_view view = kao_image_view(face);
    const double cx = (face->width - 1) / 2.0, cy = (face->height - 1) / 2.0,
                 half = (KAO_FACES_SIDE - 1) / 2.0, side = mirrored ? -1 : 1;
    const double a = side * p->a, c = side * p->b;
    const double m[6] = { a, -p->b, half + p->x - a * cx + p->b * cy,
                          c, p->a,  half + p->y - c * cx - p->a * cy };

    (void)kao_warp(&view, m, to);
}

/* m = m + share * (other - m) */
static void blend(const kao_image *m, const kao_image *other, float share)
{
    for (uint32_t y = 0; y < m->height; y++) {
        uint8_t *p = kao_image_row(m, y);
        const uint8_t *q = kao_image_row(other, y);

        for (uint32_t i = 0; i < m->width * KAO_RGB; i++)
            p[i] = (uint8_t)((float)p[i] + share * (float)(q[i] - p[i]) + 0.5f);
    }
}

/* A box of one colour, or of noise, over part of the face. */
static void erase(kao_random *r, const kao_image *m)
{
    const uint32_t w = 16 + kao_random_below(r, 40), h = 16 + kao_random_below(r, 40);
    const uint32_t x = kao_random_below(r, m->width - w),
                   y = kao_random_below(r, m->height - h);
    const bool noisy = kao_random_below(r, 3) == 0;
    uint8_t color[KAO_RGB];

    for (int c = 0; c < KAO_RGB; c++)
        color[c] = (uint8_t)kao_random_below(r, 256);
    for (uint32_t v = y; v < y + h; v++) {
        uint8_t *p = kao_image_row(m, v) + (size_t)x * KAO_RGB;

        for (uint32_t i = 0; i < w * KAO_RGB; i++)
            p[i] = noisy ? (uint8_t)kao_random_below(r, 256) : color[i % KAO_RGB];
    }
}

static void spoil(const kao_face_views *s, kao_random *r, const kao_image *m,
                  const kao_image *room)
{
    const uint32_t kind = kao_random_below(r, 9);

    if (kind < 2)
        kao_views_blur(&s->faces.ctx->mem, m, room,
                       (double)kao_random_float(r, 1.3f, 3.5f));
    if (kind == 1 || kind == 2)
        kao_views_jpeg(s->faces.ctx, m, 20 + kao_random_below(r, 70));
    if (kao_random_below(r, 12) == 0)
        erase(r, m);
}

void kao_faces_view(const kao_face_views *s, uint64_t i, const kao_image *image,
                    const kao_image *room)
{
    const kao_pack_picture *all = s->faces.pictures;
    const uint32_t n = (uint32_t)s->faces.n;
    kao_random r = kao_random_stream(s->seed, i, 2);
    const place p = random_place(&r);
    const bool mirrored = kao_random_below(&r, 2);

    put(&all[kao_random_below(&r, n)].image, &p, mirrored, image);
    if (kao_random_below(&r, 2)) {
        put(&all[kao_random_below(&r, n)].image, &p, kao_random_below(&r, 2), room);
        blend(image, room, kao_random_float(&r, 0, 1));
    }
    if (kao_random_below(&r, 2))
        kao_views_recolor(&r, image, 0.8f, 15);
    spoil(s, &r, image, room);
}
