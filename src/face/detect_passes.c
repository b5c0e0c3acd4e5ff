/* Searching by passes: one network over the picture at several sizes, and their union.
 *
 *   picture ── reduce to 160 ── network ── decode ── keep what fills the frame ┐
 *           ── reduce to 320 ── network ── decode ── keep what is large ───────┤
 *           ── reduce to 640 ── network ── decode ── keep all ─────────────────┼─ NMS
 *           ── reduce to 1280 ─ network ── decode ── keep what is small ───────┤
 *           ── tiles of 1280, each: network ─ decode ── keep what is very small┘
 *
 * Each pass keeps the range of sizes it is good at, so that a face is placed by the pass
 * that sees it best. A network of fixed size gets every reduced picture pasted on its
 * canvas, or what does not fit on it in tiles (tiles.h); families say where on it, and what is
 * around. A picture is enlarged to twice its size at most: on photographs of 400 pixels that
 * finds a tenth more of the faces (docs/detectors.md). One that is stretched fills the
 * canvas in a single pass. */
#include <math.h>
#include <string.h>

#include "face/detector_family.h"
#include "face/model.h"
#include "face/tiles.h"

/* Of the longer side. */
static const float fills_frame = 0.35f, is_large = 0.12f, is_small = 0.2f,
                   hardly_seen = 0.05f /* by the main pass: 32 of 640 pixels */,
                   any = 8;

enum { PASSES_MAX = 5 };

typedef struct pass {
    uint32_t side;   /* of the reduced picture's longer side */
    float low, high; /* faces kept: longer side of the box as a share of `side` */
} pass;

typedef struct grid { /* of one pass: its tiles, one where the picture fits */
    kao_tiling x, y;
} grid;

typedef struct canvas { /* of one tile */
    kao_canvas on;
    kao_place place; /* of the tile on it, turned */
    uint32_t turned;
} canvas;

/* ---- the network's input ---- */

kao_status kao_detector_room(kao_detector *d, size_t floats, kao_error *err)
{
    if (floats <= d->input_cap)
        return KAO_OK;
    kao_free(&d->ctx->mem, d->input);
    d->input_cap = 0;
    d->input = kao_alloc(&d->ctx->mem, floats * sizeof *d->input);
    if (!d->input)
        return kao_fail(err, KAO_E_NOMEM, "detector: out of memory: %zu bytes",
                        floats * sizeof *d->input);
    d->input_cap = floats;
    return KAO_OK;
}

/* In memory all layouts are the same: row by row, channels innermost. */
kao_tensor kao_detector_input(const kao_detector *d, uint32_t n, uint32_t width,
                              uint32_t height)
{
    const int64_t w = width, h = height;
    kao_tensor t = { .dtype = KAO_F32, .rank = 4, .data = d->input };

    switch (d->layout) {
    case KAO_NHWC:
        memcpy(t.dims, (const int64_t[4]){ n, h, w, 3 }, 4 * sizeof *t.dims);
        kao_tensor_set_dense(&t);
        break;
    case KAO_NWHC:
        memcpy(t.dims, (const int64_t[4]){ n, w, h, 3 }, 4 * sizeof *t.dims);
        memcpy(t.strides, (const int64_t[4]){ w * h * 3, 3, w * 3, 1 },
               4 * sizeof *t.strides);
        break;
    default:
        memcpy(t.dims, (const int64_t[4]){ n, 3, h, w }, 4 * sizeof *t.dims);
        kao_tensor_set_channels_last(&t);
        break;
    }
    return t;
}

/* ---- one pass ---- */

static kao_status run_network(kao_detector *d, const canvas *c, const kao_view *level,
                              kao_error *err)
{
    kao_status st = kao_detector_room(d, (size_t)c->on.width * c->on.height * 3, err);

    if (st)
        return st;
    const kao_tensor t = kao_detector_input(d, 1, c->on.width, c->on.height);

    kao_view_to_canvas(level, c->turned, &d->form, &c->on, d->input);
    st = kao_session_bind(d->session, 0, &t, err);
    return st ? st : kao_session_run(d->session, err);
}

static kao_status decode(kao_detector *d, const canvas *c, float min_score,
                         kao_error *err)
{
    const kao_tensor *tensors[4 * KAO_MAX_LEVELS] = { NULL };
    const char *name = d->model->net->name;

    for (uint32_t i = 0; i < d->model->net->onnx.n_outputs; i++) {
        tensors[i] = kao_session_output(d->session, i);
        if (tensors[i]->dtype != KAO_F32)
            return kao_fail(err, KAO_E_UNSUPPORTED,
                            "%s: output %u is %s, wanted float32", name, i,
                            kao_dtype_name((int)tensors[i]->dtype));
    }
    kao_face_list_clear(&d->pass);
    const kao_status st = d->family->decode(&d->heads, tensors, c->on.width,
                                            c->on.height, min_score, &d->pass, err);

    if (st)
        return kao_error_prefix(err, st, "%s", name);
    return d->pass.failed ? kao_fail(err, KAO_E_NOMEM, "detector: out of memory")
                          : KAO_OK;
}

/* (x, y), counted in pixels from the corner of the canvas, in the picture's: from the corner
 * of the upright picture of width x height pixels. */
static kao_point from_canvas(const kao_place *place, uint32_t turned, float x, float y,
                             float width, float height)
{
    const float u = (x - (float)place->x) / (float)place->width,
                v = (y - (float)place->y) / (float)place->height;

    switch (turned) {
    case 90:
        return (kao_point){ v * width, (1 - u) * height };
    case 180:
        return (kao_point){ (1 - u) * width, (1 - v) * height };
    case 270:
        return (kao_point){ (1 - v) * width, u * height };
    default:
        return (kao_point){ u * width, v * height };
    }
}

/* Pixel centres are at integers, so half a pixel goes on before and off after. */
bool kao_face_from_canvas(kao_face *f, const kao_place *place, uint32_t turned,
                          float width, float height)
{
    if (!kao_face_is_some(f))
        return false;
    const kao_point a =
        from_canvas(place, turned, f->x + 0.5f, f->y + 0.5f, width, height);
    const kao_point b = from_canvas(place, turned, f->x + f->width + 0.5f,
                                    f->y + f->height + 0.5f, width, height);

    f->size = sizeof *f;
    f->x = fminf(a.x, b.x) - 0.5f;
    f->y = fminf(a.y, b.y) - 0.5f;
    f->width = fabsf(a.x - b.x);
    f->height = fabsf(a.y - b.y);
    for (uint32_t k = 0; k < f->n_points; k++) {
        const kao_point q = from_canvas(place, turned, f->points[k].x + 0.5f,
                                        f->points[k].y + 0.5f, width, height);

        f->points[k] = (kao_point){ q.x - 0.5f, q.y - 0.5f };
    }
    return kao_face_is_some(f);
}

/* Candidates of a tile that are in the pass's range of sizes and the tile's own, into the
 * picture's pixels. at: where the tile is in the picture. */
static void map_back(kao_detector *d, const pass *p, const grid *g, uint32_t tile,
                     const canvas *c, const kao_place *at)
{
    const float x = (float)at->x, y = (float)at->y;

    if (d->family->averages)
        kao_face_list_average(&d->pass, d->nms);
    else /* ties in the same order, whether it was full or not */
        kao_face_list_sort(&d->pass);
    for (size_t i = 0; i < d->pass.n; i++) {
        kao_face f = d->pass.faces[i];
        const float size = f.width > f.height ? f.width : f.height;

        if (size < p->low * (float)p->side || size > p->high * (float)p->side ||
            !kao_face_from_canvas(&f, &c->place, c->turned, (float)at->width,
                                  (float)at->height))
            continue;
        f.x += x;
        f.y += y;
        for (uint32_t k = 0; k < f.n_points; k++) {
            f.points[k].x += x;
            f.points[k].y += y;
        }
        if (kao_tiling_owns(&g->x, tile % g->x.n, f.x + f.width / 2) &&
            kao_tiling_owns(&g->y, tile / g->x.n, f.y + f.height / 2))
            kao_face_list_add(&d->found, &f);
    }
}

/* The longest side of a picture, or of a tile of one, that the network is given. */
static uint32_t room_of(const kao_detector *d)
{
    const uint32_t w = d->fixed_width, h = d->fixed_height;

    return w == 0 ? (uint32_t)d->family->passes.fine : w < h ? w : h;
}

/* The picture of width x height pixels, reduced to `side`: as tiles. */
static grid lay_grid(const kao_detector *d, uint32_t turned, uint32_t side,
                     uint32_t width, uint32_t height)
{
    const uint32_t step = d->family->passes.step, room = room_of(d);
    const bool swap = turned % 180 != 0;
    const kao_place level =
        kao_letterbox_place(width, height, side, side, KAO_LETTERBOX_TOP_LEFT);

    if (d->fit == KAO_FIT_STRETCH)
        return (grid){
            { 1, swap ? d->fixed_height : d->fixed_width, width, width },
            { 1, swap ? d->fixed_width : d->fixed_height, height, height },
        };
    if (side <= room || room == 0)
        return (grid){ { 1, level.width, width, width },
                       { 1, level.height, height, height } };
    return (grid){ kao_tiling_of(level.width, width, room, step),
                   kao_tiling_of(level.height, height, room, step) };
}

/* A side of the canvas for so many pixels, where the network takes any. */
static uint32_t free_side(const kao_detector *d, uint32_t pixels)
{
    const kao_passes *sizes = &d->family->passes;
    const uint32_t side = (uint32_t)kao_round_up(pixels, sizes->step);

    return side > sizes->least ? side : sizes->least;
}

/* Where a tile, turned, comes to lie. */
static canvas lay_out(const kao_detector *d, uint32_t turned, const grid *g)
{
    const bool swap = turned % 180 != 0;
    canvas c = { .turned = turned, .on.fill = d->fill };

    c.place.width = swap ? g->y.span : g->x.span;
    c.place.height = swap ? g->x.span : g->y.span;
    c.on.width = d->fixed_width ? d->fixed_width : free_side(d, c.place.width);
    c.on.height = d->fixed_height ? d->fixed_height : free_side(d, c.place.height);
    if (d->fit == KAO_FIT_LETTERBOX) {
        c.on.x = c.place.x = (c.on.width - c.place.width) / 2;
        c.on.y = c.place.y = (c.on.height - c.place.height) / 2;
    }
    return c;
}

static kao_status run_tile(kao_detector *d, const kao_hunt *h, const pass *p,
                           const grid *g, uint32_t tile, kao_error *err)
{
    const canvas c = lay_out(d, h->turned, g);
    kao_place at = { .x = kao_tiling_start(&g->x, tile % g->x.n),
                     .y = kao_tiling_start(&g->y, tile / g->x.n),
                     .width = g->x.length,
                     .height = g->y.length };
    const bool whole = g->x.n == 1 && g->y.n == 1;
    kao_view level;
    kao_status st =
        whole ? kao_pyramid_level(h->pyramid, g->x.span, g->y.span, &level, err)
              : kao_pyramid_part(h->pyramid, &at, g->x.span, g->y.span, &level, err);

    if (!st)
        st = run_network(d, &c, &level, err);
    if (!st)
        st = decode(d, &c, h->min_score, err);
    if (!st)
        map_back(d, p, g, tile, &c, &at);
    if (!st && d->found.failed)
        st = kao_fail(err, KAO_E_NOMEM, "detector: out of memory");
    return st;
}

static kao_status run_pass(kao_detector *d, const kao_hunt *h, const pass *p,
                           kao_error *err)
{
    uint32_t width = 0, height = 0;
    kao_status st = KAO_OK;

    kao_pyramid_size(h->pyramid, &width, &height);
    const grid g = lay_grid(d, h->turned, p->side, width, height);

    for (uint32_t i = 0; !st && i < g.x.n * g.y.n; i++)
        st = run_tile(d, h, p, &g, i, err);
    return st;
}

/* ---- all passes ---- */

/* What a pass over the picture at `side` keeps: small faces, and of a picture in tiles only
 * those that no tile cuts. */
static pass small_ones(const kao_detector *d, uint32_t side)
{
    const float whole = (float)KAO_TILE_KEPT / (float)side;

    return (pass){ side, 0, side > room_of(d) && whole < is_small ? whole : is_small };
}

/* The finer passes after the one at main_side. A canvas that two tiles would overlap on by half
 * has none. */
static size_t choose_finer(const kao_detector *d, uint32_t width, uint32_t height,
                           uint32_t main_side, pass *passes)
{
    const kao_passes *sizes = &d->family->passes;
    const uint32_t side = width > height ? width : height;
    const uint32_t fine = 2 * side < sizes->fine ? 2 * side : sizes->fine;
    const uint32_t tiles = side < sizes->tiles ? side : sizes->tiles;
    size_t n = 0;

    if (room_of(d) < 2 * KAO_TILE_OVERLAP)
        return 0;
    if (fine > main_side)
        passes[n++] = small_ones(d, fine);
    if (tiles > fine && tiles > main_side &&
        (uint64_t)width * height > sizes->tiles_from)
        passes[n++] = small_ones(d, tiles);
    return n;
}

/* The passes for a picture of width x height pixels, coarse ones first; *n_coarse of them are
 * coarse. */
static size_t choose_passes(const kao_detector *d, uint32_t width, uint32_t height,
                            pass passes[PASSES_MAX], size_t *n_coarse)
{
    const kao_passes *sizes = &d->family->passes;
    const uint32_t side = width > height ? width : height;
    const uint32_t room = d->fixed_width ? room_of(d) : sizes->main;
    const uint32_t main_side = 2 * side < room ? 2 * side : room;
    size_t n = 0;

    if (d->fit == KAO_FIT_STRETCH) { /* to the whole canvas, however small it is */
        const uint32_t longer =
            d->fixed_width > d->fixed_height ? d->fixed_width : d->fixed_height;

        passes[0] = (pass){ longer, 0, any };
        *n_coarse = 1;
        return 1;
    }
    if (sizes->coarse && main_side > sizes->coarse)
        passes[n++] = (pass){ sizes->coarse, fills_frame, any };
    if (sizes->middle && main_side > sizes->middle)
        passes[n++] = (pass){ sizes->middle, is_large, fills_frame };
    passes[n++] = (pass){ main_side, 0, any };
    *n_coarse = n;
    return n + choose_finer(d, width, height, main_side, passes + n);
}

/* Whether a finer pass over a picture of that longer side cannot change which face is the
 * largest: what it keeps is smaller, too small to drop the largest one, and no candidate is larger
 * that it could bring back by dropping another. Of more candidates than a list holds nothing is
 * said. */
static bool largest_is_sure(kao_detector *d, const pass *p, uint32_t side)
{
    const float most = p->high * (float)side;
    const kao_face *largest = NULL;

    if (d->found.n > d->pass.limit)
        return false;
    kao_face_list_clear(&d->pass);
    for (size_t i = 0; i < d->found.n; i++)
        kao_face_list_add(&d->pass, &d->found.faces[i]);
    if (d->pass.failed)
        return false;
    const size_t n_sure = kao_face_list_sure(&d->pass, d->nms, most * most);

    for (size_t i = 0; i < d->pass.n; i++) {
        const kao_face *f = &d->pass.faces[i];

        if (!largest || f->width * f->height > largest->width * largest->height)
            largest = f;
    }
    return largest && largest < d->pass.faces + n_sure &&
           largest->score >= d->family->doubt;
}

/* Look where h->near is, if the coarse passes hardly see it: at the one tile that it belongs to, of
 * the finest pass that keeps its size. */
static kao_status look_near(kao_detector *d, const kao_hunt *h, const pass *finer,
                            size_t n, kao_error *err)
{
    const kao_face *f = h->near;
    const float size = fmaxf(f->width, f->height);
    uint32_t width = 0, height = 0;

    kao_pyramid_size(h->pyramid, &width, &height);
    const float side = (float)(width > height ? width : height);

    while (n > 0 && size > finer[n - 1].high * side)
        n--;
    if (n == 0 || size >= hardly_seen * side)
        return KAO_OK;
    const pass *p = &finer[n - 1];
    const grid g = lay_grid(d, h->turned, p->side, width, height);
    uint32_t tile = 0;

    while (tile + 1 < g.x.n * g.y.n &&
           !(kao_tiling_owns(&g.x, tile % g.x.n, f->x + f->width / 2) &&
             kao_tiling_owns(&g.y, tile / g.x.n, f->y + f->height / 2)))
        tile++;
    return run_tile(d, h, p, &g, tile, err);
}

kao_status kao_find_by_passes(kao_detector *d, const kao_hunt *h, kao_error *err)
{
    uint32_t width = 0, height = 0;
    size_t n_coarse = 0;
    pass passes[PASSES_MAX];
    kao_status st = KAO_OK;

    kao_pyramid_size(h->pyramid, &width, &height);
    const size_t n = choose_passes(d, width, height, passes, &n_coarse);

    kao_face_list_clear(&d->found);
    for (size_t i = 0; !st && i < n; i++) {
        if (i >= n_coarse && h->main_at_most) {
            if (h->near)
                st = look_near(d, h, &passes[i], n - i, err);
            break;
        }
        if (i >= n_coarse && h->search == KAO_SEARCH_LARGEST &&
            largest_is_sure(d, &passes[i], width > height ? width : height))
            break;
        st = run_pass(d, h, &passes[i], err);
    }
    if (!st)
        kao_face_list_nms(&d->found, d->nms, n > 1);
    return st;
}
