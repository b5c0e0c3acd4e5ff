/* Searching by passes: one network over the picture at several sizes, and their union.
 *
 *   picture ── reduce to 160 ── network ── decode ── keep what fills the frame ┐
 *           ── reduce to 640 ── network ── decode ── keep all ─────────────────┼─ NMS
 *           ── reduce to 1280 ─ network ── decode ── keep what is small ───────┘
 *
 * Each pass keeps the range of sizes it is good at, so that a face is placed by the pass
 * that sees it best. A network of fixed size gets every reduced picture pasted on its
 * canvas, top left, and is never asked for the fine pass; the rest of a canvas is black. A
 * picture is enlarged to twice its size at most: on photographs of 400 pixels that finds a
 * tenth more of the faces (docs/measurements.md). */
#include <math.h>

#include "face/detector_family.h"
#include "face/model.h"
#include "image/resize.h"

static const float fills_frame = 0.35f, is_small = 0.2f; /* of the longer side */

typedef struct pass {
    uint32_t side;   /* of the reduced picture's longer side */
    float low, high; /* faces kept: longer side of the box as a share of `side` */
} pass;

typedef struct canvas {     /* of one pass */
    uint32_t width, height; /* of the network's input */
    kao_place place;        /* of the reduced picture on it, turned */
    uint32_t turned;
} canvas;

/* ---- one pass ---- */

static kao_status run_network(kao_detector *d, const canvas *c, const kao_view *level,
                              kao_error *err)
{
    const size_t floats = (size_t)c->width * c->height * 3;
    kao_tensor t = { .dtype = KAO_F32,
                     .rank = 4,
                     .dims = { 1, 3, c->height, c->width } };

    if (floats > d->input_cap) {
        kao_free(&d->ctx->mem, d->input);
        d->input_cap = 0;
        d->input = kao_alloc(&d->ctx->mem, floats * sizeof *d->input);
        if (!d->input)
            return kao_fail(err, KAO_E_NOMEM, "detector: out of memory: %zu bytes",
                            floats * sizeof *d->input);
        d->input_cap = floats;
    }
    t.data = d->input;
    kao_tensor_set_channels_last(&t);
    kao_view_to_canvas(level, c->turned, &d->form, c->width, c->height, d->input);
    const kao_status st = kao_session_bind(d->session, 0, &t, err);

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
    const kao_status st = d->family->decode(&d->heads, tensors, c->width, c->height,
                                            min_score, &d->pass, err);

    if (st)
        return kao_error_prefix(err, st, "%s", name);
    return d->pass.failed ? kao_fail(err, KAO_E_NOMEM, "detector: out of memory")
                          : KAO_OK;
}

/* A network may give anything: only boxes that are some are faces. */
static bool is_face(const kao_face *f)
{
    bool ok = isfinite(f->x) && isfinite(f->y) && isfinite(f->width) &&
              isfinite(f->height) && f->width > 0 && f->height > 0;

    for (uint32_t i = 0; i < f->n_points; i++)
        ok &= isfinite(f->points[i].x) && isfinite(f->points[i].y);
    return ok;
}

/* (x, y), counted in pixels from the corner of the canvas, in the picture's: from the corner
 * of the upright picture of width x height pixels. */
static kao_point from_canvas(const canvas *c, float x, float y, float width,
                             float height)
{
    const float u = x / (float)c->place.width, v = y / (float)c->place.height;

    switch (c->turned) {
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

/* Candidates of a pass that are in its range of sizes, into the picture's pixels. Pixel
 * centres are at integers, so half a pixel goes on before and off after. */
static void map_back(kao_detector *d, const pass *p, const canvas *c, float width,
                     float height)
{
    kao_face_list_sort(
        &d->pass); /* ties in the same order, whether it was full or not */
    for (size_t i = 0; i < d->pass.n; i++) {
        kao_face f = d->pass.faces[i];
        const float size = f.width > f.height ? f.width : f.height;

        if (!is_face(&f) || size < p->low * (float)p->side ||
            size > p->high * (float)p->side)
            continue;
        const kao_point a = from_canvas(c, f.x + 0.5f, f.y + 0.5f, width, height);
        const kao_point b =
            from_canvas(c, f.x + f.width + 0.5f, f.y + f.height + 0.5f, width, height);

        f.size = sizeof f;
        f.x = fminf(a.x, b.x) - 0.5f;
        f.y = fminf(a.y, b.y) - 0.5f;
        f.width = fabsf(a.x - b.x);
        f.height = fabsf(a.y - b.y);
        for (uint32_t k = 0; k < f.n_points; k++) {
            const kao_point q = from_canvas(c, f.points[k].x + 0.5f,
                                            f.points[k].y + 0.5f, width, height);

            f.points[k] = (kao_point){ q.x - 0.5f, q.y - 0.5f };
        }
        if (is_face(&f)) /* the picture's pixels may pass a float's range */
            kao_face_list_add(&d->found, &f);
    }
}

static kao_status run_pass(kao_detector *d, const kao_hunt *h, const pass *p,
                           kao_error *err)
{
    const uint32_t step = d->family->passes.step;
    const bool swap = h->turned % 180 != 0;
    uint32_t width = 0, height = 0;
    kao_view level;

    kao_pyramid_size(h->pyramid, &width, &height);
    const kao_place lying =
        kao_letterbox_place(width, height, p->side, p->side, KAO_LETTERBOX_TOP_LEFT);
    canvas c = { .turned = h->turned,
                 .place = { .width = swap ? lying.height : lying.width,
                            .height = swap ? lying.width : lying.height } };

    c.width =
        d->fixed_width ? d->fixed_width : (uint32_t)kao_round_up(c.place.width, step);
    c.height = d->fixed_height ? d->fixed_height
                               : (uint32_t)kao_round_up(c.place.height, step);
    kao_status st =
        kao_pyramid_level(h->pyramid, lying.width, lying.height, &level, err);

    if (!st)
        st = run_network(d, &c, &level, err);
    if (!st)
        st = decode(d, &c, h->min_score, err);
    if (!st)
        map_back(d, p, &c, (float)width, (float)height);
    if (!st && d->found.failed)
        st = kao_fail(err, KAO_E_NOMEM, "detector: out of memory");
    return st;
}

/* ---- all passes ---- */

/* The passes for a picture, coarse ones first; *n_coarse of them are coarse. */
static size_t choose_passes(const kao_detector *d, uint32_t side, pass *passes,
                            size_t *n_coarse)
{
    const kao_passes *sizes = &d->family->passes;
    uint32_t room = sizes->main;
    size_t n = 0;

    if (d->fixed_width)
        room = d->fixed_width < d->fixed_height ? d->fixed_width : d->fixed_height;
    const uint32_t main_side = 2 * side < room ? 2 * side : room;

    if (main_side > sizes->coarse)
        passes[n++] = (pass){ sizes->coarse, fills_frame, 8 };
    passes[n++] = (pass){ main_side, 0, 8 };
    *n_coarse = n;
    if (!d->fixed_width && side > sizes->fine_from)
        passes[n++] = (pass){ side < sizes->fine ? side : sizes->fine, 0, is_small };
    return n;
}

/* Whether a finer pass cannot change which face is the largest: what it keeps is smaller, and
 * too small to overlap the largest one by the share that suppresses. */
static bool largest_is_sure(const kao_detector *d, uint32_t side)
{
    const float most = is_small * (float)side;
    const kao_face *largest = NULL;

    for (size_t i = 0; i < d->found.n; i++) {
        const kao_face *f = &d->found.faces[i];

        if (!largest || f->width * f->height > largest->width * largest->height)
            largest = f;
    }
    return largest && largest->score >= d->family->doubt &&
           largest->width * largest->height > most * most / d->nms;
}

kao_status kao_find_by_passes(kao_detector *d, const kao_hunt *h, kao_error *err)
{
    uint32_t width = 0, height = 0;
    size_t n_coarse = 0;
    pass passes[3];
    kao_status st = KAO_OK;

    kao_pyramid_size(h->pyramid, &width, &height);
    const uint32_t side = width > height ? width : height;
    const size_t n = choose_passes(d, side, passes, &n_coarse);

    kao_face_list_clear(&d->found);
    for (size_t i = 0; !st && i < n; i++) {
        if (i == n_coarse) { /* a look at what the coarse passes found */
            if (h->coarse_only)
                break;
            if (h->search == KAO_SEARCH_LARGEST && largest_is_sure(d, side))
                break;
        }
        st = run_pass(d, h, &passes[i], err);
    }
    if (!st)
        kao_face_list_nms(&d->found, d->nms, n > 1);
    return st;
}
