/* MTCNN: a cascade of three networks (Zhang et al., arXiv:1604.02878), each a file of its own.
 *
 *   P  the picture at sizes .709 apart: is there a face in each 12 x 12 cell, 2 pixels apart?
 *   R  what P says, cut out at 24 x 24: is it one, and where exactly?
 *   O  what R says, at 48 x 48: the same once more, and five points
 *
 * All take [N,W,H,3]: columns before rows. Answers are four offsets in parts of the box and a
 * share for "face"; after each stage boxes are moved by the offsets and, but for the last, made
 * square. The card of each file names the two others ("members"), which lie beside it.
 *
 * Boxes are in pixels of the base: the picture at 1280 pixels at most, turned. */
#include <string.h>

#include "face/model.h"
#include "face/mtcnn_stages.h"

enum { CELL = 12, APART = 2, CANDIDATES = 2000, COARSE = 320 };

static const float least_face = 20,
                   shrink = 0.709f; /* base pixels; from size to size */
static const float least_score[KAO_MTCNN_STAGES] = { 0.6f, 0.7f,
                                                     0 }; /* of O: the caller's */
static const float most_score = 1.001f; /* sums may be rounded up; more is a logit */
static const float far_out = 1e6f;      /* base pixels */
static const float same_size = 0.5f, same_stage = 0.7f; /* overlaps that suppress */

/* ---- what a stage says ---- */

/* Move f by its offsets and make it square. False: to nothing, or far out of any picture. */
static bool move_square(kao_face *f, const float *offsets)
{
    const float w = f->width, h = f->height;
    const float width = w + (offsets[2] - offsets[0]) * w,
                height = h + (offsets[3] - offsets[1]) * h;
    const float side = fmaxf(width, height);

    f->x += offsets[0] * w + (width - side) / 2;
    f->y += offsets[1] * h + (height - side) / 2;
    f->width = f->height = side;
    return fabsf(f->x) < far_out && fabsf(f->y) < far_out && side >= 1 &&
           side < far_out;
}

/* A candidate that can be moved. Another drops none that overlaps it. */
static bool is_some(const kao_face *f, float score, const float *offsets, float least)
{
    kao_face moved = *f;
    bool ok = score >= least;

    for (int i = 0; i < 4; i++) /* of two sides the one that is a number would do */
        ok &= isfinite(offsets[i]);
    return ok && move_square(&moved, offsets);
}

/* The box as it was, its offsets and, of the last stage, its points. */
static kao_face candidate(const kao_face *f, float score, const float *offsets,
                          const float *points)
{
    kao_face c = {
        .x = f->x, .y = f->y, .width = f->width, .height = f->height, .score = score
    };

    if (!points) { /* the places of two points keep the offsets until the box is moved */
        c.points[0] = (kao_point){ offsets[0], offsets[1] };
        c.points[1] = (kao_point){ offsets[2], offsets[3] };
        return c;
    }
    c.n_points = KAO_FACE_POINTS;
    for (int k = 0; k < KAO_FACE_POINTS; k++)
        c.points[k] = (kao_point){ f->x + points[k] * f->width,
                                   f->y + points[KAO_FACE_POINTS + k] * f->height };
    c.x += offsets[0] * f->width;
    c.y += offsets[1] * f->height;
    c.width += (offsets[2] - offsets[0]) * f->width;
    c.height += (offsets[3] - offsets[1]) * f->height;
    return c;
}

/* Drop what overlaps, move the rest by its offsets and make it square. */
static void settle(kao_face_list *l)
{
    kao_face_list_nms(l, same_stage, false);
    for (size_t i = 0; i < l->n; i++) {
        kao_face *f = &l->faces[i];
        const float offsets[4] = { f->points[0].x, f->points[0].y, f->points[1].x,
                                   f->points[1].y };

        (void)move_square(f, offsets); /* is_some has seen to it */
    }
}

/* ---- the first stage ---- */

typedef struct base {
    uint32_t width, height; /* as the picture lies */
    uint32_t turned_width, turned_height, turned;
} base;

static kao_status look_at_size(kao_detector *d, const kao_hunt *h, const base *b,
                               float scale, kao_error *err)
{
    const uint32_t w = (uint32_t)ceilf((float)b->width * scale),
                   v = (uint32_t)ceilf((float)b->height * scale);
    const bool swap = b->turned % 180 != 0;
    const kao_canvas on = { .width = swap ? v : w, .height = swap ? w : v };
    const kao_level *l = &d->cascade->stages[KAO_MTCNN_P].heads.level[0];
    kao_view level;
    int64_t rows = 0;
    kao_status st = kao_pyramid_level(h->pyramid, w, v, &level, err);

    if (!st)
        st = kao_detector_room(d, (size_t)w * v * 3, err);
    if (st)
        return st;
    kao_view_to_canvas(&level, b->turned, &d->form, &on, d->input);
    st = kao_mtcnn_run(d, KAO_MTCNN_P, 1, on.width, on.height, &rows, err);
    if (st)
        return st;
    const kao_tensor *scores =
        kao_session_output(kao_mtcnn_session(d, KAO_MTCNN_P), l->score);
    const float *score = scores->data,
                *box =
                    kao_session_output(kao_mtcnn_session(d, KAO_MTCNN_P), l->box)->data;
    const float sx = (float)b->turned_width / (float)on.width,
                sy = (float)b->turned_height / (float)on.height;

    kao_face_list_clear(&d->pass);
    for (int64_t i = 0; i < scores->dims[1] * rows; i++) {
        const kao_face at = { .x = (float)(i / rows * APART) * sx,
                              .y = (float)(i % rows * APART) * sy,
                              .width = CELL * sx,
                              .height = CELL * sy };

        if (!is_some(&at, score[2 * i + 1], box + 4 * i, least_score[KAO_MTCNN_P]))
            continue;
        const kao_face f = candidate(&at, score[2 * i + 1], box + 4 * i, NULL);

        kao_face_list_add(&d->pass, &f);
    }
    kao_face_list_nms(&d->pass, same_size, false);
    for (size_t i = 0; i < d->pass.n; i++)
        kao_face_list_add(&d->found, &d->pass.faces[i]);
    return d->pass.failed || d->found.failed
               ? kao_fail(err, KAO_E_NOMEM, "detector: out of memory")
               : KAO_OK;
}

/* ---- the second and third ---- */

/* The square of f, of the turned base, as the picture lies. */
static void lay_square(const base *b, const kao_face *f, float *x, float *y)
{
    const float w = (float)b->width, h = (float)b->height;

    switch (b->turned) {
    case 90:
        *x = f->y;
        *y = h - f->x - f->width;
        break;
    case 180:
        *x = w - f->x - f->width;
        *y = h - f->y - f->width;
        break;
    case 270:
        *x = w - f->y - f->width;
        *y = f->x;
        break;
    default:
        *x = f->x;
        *y = f->y;
        break;
    }
}

/* side x side pixels of the level from (x, y) on, in the cascade's room; black outside. */
static kao_view take_square(const kao_view *level, int64_t x, int64_t y, int64_t side,
                            const kao_image *room)
{
    kao_view v = kao_image_view(room);

    v.width = v.height = (uint32_t)side;
    for (int64_t r = 0; r < side; r++) {
        uint8_t *to = room->rgb + (size_t)r * room->row_bytes;
        const int64_t from = x < 0 ? 0 : x,
                      end = x + side < level->width ? x + side : level->width;

        memset(to, 0, (size_t)side * KAO_RGB);
        if (y + r >= 0 && y + r < level->height && from < end)
            memcpy(to + (from - x) * KAO_RGB,
                   kao_view_rgb(level, (uint32_t)from, (uint32_t)(y + r)),
                   (size_t)(end - from) * KAO_RGB);
    }
    return v;
}

/* The square of f at size x size pixels into the network's input, turned. Taken from the picture
 * halved until the square is less than four times as large. */
static kao_status cut(kao_detector *d, const kao_hunt *h, const base *b,
                      const kao_face *f, uint32_t size, float *out, kao_error *err)
{
    uint8_t pixels[48 * 48 * KAO_RGB];
    const kao_image small = { .rgb = pixels,
                              .width = size,
                              .height = size,
                              .row_bytes = (size_t)size * KAO_RGB };
    const kao_canvas on = { .width = size, .height = size };
    uint32_t w = b->width, v = b->height;
    float x = 0, y = 0, side = f->width;
    kao_view level;

    lay_square(b, f, &x, &y);
    while (side * (float)w / (float)b->width >= (float)(4 * size - 1) && w > 1 &&
           v > 1) {
        w = (w + 1) / 2;
        v = (v + 1) / 2;
    }
    kao_status st = kao_pyramid_level(h->pyramid, w, v, &level, err);

    if (st)
        return st;
    const float k = (float)w / (float)b->width;
    const float most = (float)d->cascade->room.width;

    side = fminf(fmaxf(roundf(side * k), 1), most);
    const kao_view square =
        take_square(&level, (int64_t)roundf(x * k), (int64_t)roundf(y * k),
                    (int64_t)side, &d->cascade->room);

    st = kao_resize(&d->ctx->mem, NULL, &square, &small, err);
    if (st)
        return st;
    const kao_view picture = kao_image_view(&small);

    kao_view_to_canvas(&picture, b->turned, &d->form, &on, out);
    return KAO_OK;
}

/* d->found through stage i: those that pass stay, moved to the front. */
static kao_status refine(kao_detector *d, const kao_hunt *h, const base *b, int i,
                         float min_score, kao_error *err)
{
    const uint32_t size = kao_mtcnn_side[i];
    const size_t floats = (size_t)size * size * 3;
    const kao_level *l = &d->cascade->stages[i].heads.level[0];
    const uint32_t batch = d->cascade->stages[i].batch;
    kao_status st = kao_detector_room(d, batch * floats, err);
    size_t kept = 0;
    int64_t one = 0;

    for (size_t at = 0; !st && at < d->found.n; at += batch) {
        const size_t left = d->found.n - at, n = left < batch ? left : batch;

        /* one plan for all: a last batch that is not full is filled up with nothing */
        memset(d->input, 0, batch * floats * sizeof *d->input);
        for (size_t k = 0; !st && k < n; k++)
            st =
                cut(d, h, b, &d->found.faces[at + k], size, d->input + k * floats, err);
        if (!st)
            st = kao_mtcnn_run(d, i, batch, size, size, &one, err);
        for (size_t k = 0; !st && k < n; k++) {
            const float
                *s = kao_session_output(kao_mtcnn_session(d, i), l->score)->data,
                *box = kao_session_output(kao_mtcnn_session(d, i), l->box)->data,
                *points =
                    i == KAO_MTCNN_O
                        ? kao_session_output(kao_mtcnn_session(d, i), l->points)->data
                        : NULL;

            if (!is_some(&d->found.faces[at + k], s[2 * k + 1], box + 4 * k, min_score))
                continue;
            if (s[2 * k + 1] > most_score)
                st = kao_fail(err, KAO_E_FORMAT, "%s: a score is %g: wanted 0 to 1",
                              d->cascade->stages[i].model->net->name,
                              (double)s[2 * k + 1]);
            d->found.faces[kept++] =
                candidate(&d->found.faces[at + k], fminf(s[2 * k + 1], 1), box + 4 * k,
                          points ? points + 10 * k : NULL);
        }
    }
    d->found.n = kept;
    return st;
}

/* ---- all ---- */

static base base_of(const kao_detector *d, const kao_hunt *h)
{
    const uint32_t most = d->family->passes.main;
    uint32_t width = 0, height = 0;
    base b = { .turned = h->turned };

    kao_pyramid_size(h->pyramid, &width, &height);
    const uint32_t side = width > height ? width : height;
    const kao_place place =
        kao_letterbox_place(width, height, side < most ? side : most,
                            side < most ? side : most, KAO_LETTERBOX_TOP_LEFT);

    b.width = place.width;
    b.height = place.height;
    b.turned_width = h->turned % 180 ? b.height : b.width;
    b.turned_height = h->turned % 180 ? b.width : b.height;
    return b;
}

/* From the base into the picture. */
static void map_back(kao_detector *d, const kao_hunt *h, const base *b)
{
    const kao_place place = { .width = b->turned_width, .height = b->turned_height };
    uint32_t width = 0, height = 0;
    size_t kept = 0;

    kao_pyramid_size(h->pyramid, &width, &height);
    for (size_t i = 0; i < d->found.n; i++) {
        kao_face f = d->found.faces[i];

        if (kao_face_from_canvas(&f, &place, b->turned, (float)width, (float)height))
            d->found.faces[kept++] = f;
    }
    d->found.n = kept;
    kao_face_list_nms(&d->found, d->nms, true);
}

/* Whether the first stage looks at this size: at all, but where a turn is only looked at; then
 * at small ones, and at those where the face that is asked about fills a cell. */
static bool is_looked_at(const base *b, const kao_hunt *h, float scale)
{
    const float longer = (float)(b->width > b->height ? b->width : b->height);

    if (!h->main_at_most || longer * scale <= COARSE)
        return true;
    if (!h->near)
        return false;
    uint32_t width = 0, height = 0;

    kao_pyramid_size(h->pyramid, &width, &height);
    const float size =
        fmaxf(h->near->width, h->near->height) * scale * (float)b->width / (float)width;

    return size > CELL * shrink && size < CELL / shrink;
}

kao_status kao_mtcnn_find(kao_detector *d, const kao_hunt *h, kao_error *err)
{
    const base b = base_of(d, h);
    const float shorter = (float)(b.width < b.height ? b.width : b.height);
    kao_status st = KAO_OK;

    kao_face_list_clear(&d->found);
    for (float scale = CELL / least_face; !st && shorter * scale >= CELL;
         scale *= shrink)
        if (is_looked_at(&b, h, scale))
            st = look_at_size(d, h, &b, scale, err);
    settle(&d->found);
    if (d->found.n > CANDIDATES)
        d->found.n = CANDIDATES;
    if (!st)
        st = refine(d, h, &b, KAO_MTCNN_R, least_score[KAO_MTCNN_R], err);
    settle(&d->found);
    if (!st)
        st = refine(d, h, &b, KAO_MTCNN_O, h->min_score, err);
    if (!st)
        map_back(d, h, &b);
    return st;
}
