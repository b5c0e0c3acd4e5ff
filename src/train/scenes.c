/* See scenes.h. */
#include "train/scenes.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "eval/pictures.h"
#include "image/resize.h"
#include "kao/align.h"
#include "train/faces.h"
#include "train/masks.h"
#include "train/pack_parts.h"
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

/* How a picture's places become those of its view: a u + b each. */
typedef struct mapping {
    double ax, bx, ay, by;
} mapping;

/* The square [x, x + side) of from, which may pass its border, fills to. */
static kao_status cut(const kao_image *from, double x, double y, double side,
                      const kao_image *to, kao_mem *mem, mapping *m)
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
    *m = (mapping){ .ax = (double)tw / w,
                    .bx = tx - u0 * (double)tw / w,
                    .ay = (double)th / h,
                    .by = ty - v0 * (double)th / h };
    return kao_resize(mem, NULL, &view, &target, NULL);
}

/* A random square of a picture: small ones make faces large, large ones small. */
static kao_status random_cut(const kao_pack *p, size_t index, kao_random *r,
                             const kao_image *to, mapping *m)
{
    static const float shares[] = { 0.3f, 0.45f, 0.6f, 0.8f, 1, 1.2f, 1.5f, 2 };
    kao_image from = { 0 };

    kao_status st = kao_pack_picture_open(p, index, &from, NULL);

    if (st)
        return st;
    /* one number after the other: C leaves the order within an expression open */
    const double share = (double)shares[kao_random_below(r, 8)];
    const double side =
        fmin(from.width, from.height) * share * (double)kao_random_float(r, 0.9f, 1.1f);
    const double y = (from.height - side) * (double)kao_random_float(r, 0, 1);
    const double x = (from.width - side) * (double)kao_random_float(r, 0, 1);

    st = cut(&from, x, y, side, to, &p->ctx->mem, m);
    kao_image_free(p->ctx, &from);
    return st;
}

/* A mask over a pack's face of w x w pixels, aligned to the template, as `small` shows
 * it. */
static void put_mask(kao_random *r, uint32_t w, const kao_image *small)
{
    const float k = (float)small->width / (float)w,
                border = ((float)w - KAO_FACES_SIDE) / 2;
    kao_template t;

    (void)kao_template_find(&t, "arcface-112", KAO_FACES_SIDE, KAO_FACES_SIDE, NULL);
    for (int i = 0; i < KAO_FACE_POINTS; i++) {
        t.points[i].x = (t.points[i].x + border + .5f) * k - .5f;
        t.points[i].y = (t.points[i].y + border + .5f) * k - .5f;
    }
    (void)kao_mask_draw(r, small, t.points);
}

/* A face at a size between 20 and 200 pixels, its border mixed into the picture. */
static kao_status paste_face(const kao_scenes *s, kao_random *r, kao_random *of_masks,
                             const kao_image *m, const kao_image *room)
{
    const uint32_t which = kao_random_below(r, (uint32_t)s->faces.n);
    kao_image face = { 0 };
    const double most = fmin(200, m->width * 0.7);
    const uint32_t size =
        (uint32_t)(20 * pow(most / 20, (double)kao_random_float(r, 0, 1)));
    const uint32_t x = kao_random_below(r, m->width - size),
                   y = kao_random_below(r, m->height - size);
    const kao_image small = kao_views_part(room, 0, 0, size, size);

    kao_status st = kao_pack_picture_open(&s->faces, which, &face, NULL);

    if (st)
        return st;
    const kao_view view = kao_image_view(&face);

    st = kao_resize(&s->scenes.ctx->mem, NULL, &view, &small, NULL);

    if (!st && (double)kao_random_float(of_masks, 0, 1) < s->masks)
        put_mask(of_masks, face.width, &small);
    kao_image_free(s->faces.ctx, &face);
    for (uint32_t v = 0; !st && v < size; v++)
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
    return st;
}

/* ---- scenes with boxes ---- */

/* Boxes of picture `number` as they lie in the view: those whose centre is outside, and those
 * that are small there, are marked. */
static void map_boxes(const kao_scenes *s, size_t number, const mapping *m, double side,
                      kao_scene_truth *truth)
{
    const kao_boxes *b = &s->boxes;

    for (size_t i = b->first[number]; i < b->first[number + 1]; i++) {
        const kao_box *from = &b->boxes[i].box;
        const double x = m->ax * (double)from->x + m->bx,
                     y = m->ay * (double)from->y + m->by,
                     w = m->ax * (double)from->width, h = m->ay * (double)from->height;
        const bool outside =
            x + w / 2 < 0 || y + h / 2 < 0 || x + w / 2 >= side || y + h / 2 >= side;

        if (x + w <= 0 || y + h <= 0 || x >= side || y >= side)
            continue;
        truth->boxes[truth->n++] = (kao_true_box){
            .box = { (float)x, (float)y, (float)w, (float)h },
            .marked = b->boxes[i].marked || outside || fmin(w, h) < KAO_SCENES_LEAST,
        };
    }
}

static kao_status boxed_view(const kao_scenes *s, uint64_t i, const kao_image *image,
                             kao_scene_truth *truth)
{
    kao_random r = kao_random_stream(s->seed, i, 9);
    const size_t index = kao_random_below(&r, (uint32_t)s->boxed.n);
    mapping m;
    const kao_status st = random_cut(&s->boxed, index, &r, image, &m);

    truth->kind = KAO_SCENE_BOXED;
    if (!st)
        map_boxes(s, s->boxed.pictures[index].identity, &m, image->width, truth);
    return st;
}

/* Whether view i is one with boxes: as many as the pictures' share says. */
static bool is_boxed(const kao_scenes *s, uint64_t i)
{
    kao_random r = kao_random_stream(s->seed, i, 8);

    return s->boxed.n > 0 &&
           kao_random_below(&r, (uint32_t)(s->boxed.n + s->n_plain)) < s->boxed.n;
}

/* ---- a view ---- */

/* Without boxes: alone, four together, or a picture without a face. */
static kao_status plain_view(const kao_scenes *s, uint64_t i, kao_random *r,
                             uint32_t kind, const kao_image *image,
                             const kao_image *room)
{
    const uint32_t half = image->width / 2;
    kao_random of_masks = kao_random_stream(s->seed, i, 10);
    kao_status st = KAO_OK;
    mapping m;

    if (kind < 28) {
        for (uint32_t k = 0; !st && k < 4; k++) {
            const kao_image quarter =
                kao_views_part(image, k % 2 * half, k / 2 * half, half, half);

            st = random_cut(&s->scenes, kao_random_below(r, (uint32_t)s->n_plain), r,
                            &quarter, &m);
        }
    } else {
        st = random_cut(&s->scenes, kao_random_below(r, (uint32_t)s->n_plain), r, image,
                        &m);
    }
    if (s->faces.n > 0 && kao_random_below(r, 100) < 40)
        for (uint32_t n = 1 + kao_random_below(r, 4); !st && n > 0; n--)
            st = paste_face(s, r, &of_masks, image, room);
    return st;
}

kao_status kao_scenes_view(const kao_scenes *s, uint64_t i, const kao_image *image,
                           const kao_image *room, kao_scene_truth *truth)
{
    kao_random r = kao_random_stream(s->seed, i, 1);
    const uint32_t kind = kao_random_below(&r, 100);
    const size_t n_empty = s->scenes.n - s->n_plain;

    kao_status st = KAO_OK;
    mapping m;

    truth->kind = KAO_SCENE_PLAIN;
    truth->n = 0;
    if (kind < 8 && n_empty > 0) {
        truth->kind = KAO_SCENE_EMPTY;
        st =
            random_cut(&s->scenes, s->n_plain + kao_random_below(&r, (uint32_t)n_empty),
                       &r, image, &m);
    } else if (is_boxed(s, i)) {
        st = boxed_view(s, i, image, truth);
    } else {
        st = plain_view(s, i, &r, kind, image, room);
    }
    if (st)
        return st;
    if (kao_random_below(&r, 2)) {
        kao_views_mirror(image);
        for (size_t k = 0; k < truth->n; k++) {
            kao_box *b = &truth->boxes[k].box;

            b->x = (float)image->width - b->x - b->width;
        }
    }
    if (kao_random_below(&r, 10) < 7)
        kao_views_recolor(&r, image, 1, 12);
    if (kao_random_below(&r, 10) == 0)
        st = kao_views_blur(&s->scenes.ctx->mem, image, room, 2);
    return st;
}

/* ---- loading ---- */

static const char *boxed_name(const void *user, size_t i, char *to, size_t cap)
{
    const kao_scenes *s = user;

    (void)to;
    (void)cap;
    return kao_name_at(&s->boxes.pictures, s->boxed.pictures[i].identity);
}

static kao_status take_boxed(kao_scenes *s, const kao_pictures *from, size_t number,
                             kao_error *err)
{
    kao_pack *p = &s->boxed;
    const char *name = kao_name_at(&s->boxes.pictures, number);
    const size_t n = s->boxes.first[number + 1] - s->boxes.first[number];
    kao_picture picture = { 0 };

    if (!kao_pictures_has(from, name)) {
        kao_pack_leave(&p->skipped, name, "not there");
        return KAO_OK;
    }
    kao_status st = kao_pictures_read(from, name, &picture, err);

    if (!st)
        st = kao_pack_add_encoded(p, picture.bytes, (uint32_t)number)
                 ? KAO_OK
                 : kao_fail(err, KAO_E_NOMEM, "%s: out of memory", name);
    kao_picture_close(&picture);
    s->most_boxes = n > s->most_boxes ? n : s->most_boxes;
    return st;
}

kao_status kao_scenes_load_boxed(kao_scenes *s, kao_context *ctx, const char *file,
                                 const char *pictures, kao_error *err)
{
    kao_file f = { 0 };
    kao_pictures from = { 0 };
    kao_status st = kao_file_open(&f, &ctx->mem, file, (size_t)1 << 30, err);

    s->boxed.ctx = ctx;
    if (!st)
        st = kao_boxes_read(&s->boxes, &ctx->mem, f.bytes, file, err);
    kao_file_close(&f);
    if (!st)
        st = kao_pictures_open(&from, &ctx->mem, pictures, err);
    for (size_t i = 0; !st && i < s->boxes.pictures.n; i++)
        st = take_boxed(s, &from, i, err);
    kao_pictures_close(&from);
    if (!st)
        st = kao_pack_check(&s->boxed, 0, false, boxed_name, s, err);
    if (!st && s->boxed.n == 0)
        st = kao_fail(err, KAO_E_FORMAT, "%s: no picture of %s was taken: %s", pictures,
                      file, s->boxed.skipped.names);
    return st;
}

void kao_scenes_free(kao_scenes *s)
{
    kao_pack_free(&s->scenes);
    kao_pack_free(&s->faces);
    kao_pack_free(&s->boxed);
    kao_boxes_free(&s->boxes);
}
