/* kao_detector: the passes over a picture, and their union.
 *
 *   picture ── reduce to 160 ── network ── decode ── keep what fills the frame ┐
 *           ── reduce to 640 ── network ── decode ── keep all ─────────────────┼─ NMS
 *           ── reduce to 1280 ─ network ── decode ── keep what is small ───────┘
 *
 * Each pass keeps the range of sizes it is good at, so that a face is placed by the pass
 * that sees it best. A network of fixed size gets every reduced picture pasted on its
 * canvas, top left, and is never asked for the fine pass. Canvas sides are multiples of 32,
 * filled with black. A picture is enlarged to twice its size at most: on photographs of 400
 * pixels that finds a tenth more of the faces (docs/measurements.md). */
#include "kao/detector.h"

#include <math.h>
#include <string.h>

#include "face/card.h"
#include "face/detector_family.h"
#include "image/image.h"
#include "image/resize.h"
#include "image/tensor.h"
#include "nn/session.h"

enum {
    CANVAS_STEP = 32,
    SIDE_COARSE = 160,
    SIDE_MAIN = 640,
    SIDE_FINE = 1280,
    FINE_FROM = 960
};

static const float contained_share = 0.7f; /* a box inside another is the same face */

typedef struct pass {
    uint32_t side;   /* of the reduced picture's longer side */
    float low, high; /* faces kept: longer side of the box as a share of `side` */
} pass;

struct kao_detector {
    kao_context *ctx;
    kao_network *model;
    kao_session *session;
    kao_card *card;
    const kao_detector_family *family;
    kao_heads heads;
    kao_tensor_form form;
    float min_score, nms;
    uint32_t fixed_width, fixed_height; /* 0: any */
    kao_image canvas;
    float *input;
    size_t input_cap; /* floats */
    kao_face_list list;
};

/* ---- opening ---- */

static kao_status read_card(kao_detector *d, const char *path, kao_error *err)
{
    static const char *const colors[] = { "rgb", "bgr" }, *const layouts[] = { "nchw" };
    const char *family = kao_card_get(d->card, "family");
    kao_status st = kao_card_require(d->card, "detector", path, err);
    int color = 0, layout = 0;

    if (st)
        return st;
    d->family = kao_detector_family_find(family);
    if (!d->family)
        return kao_fail(err, KAO_E_UNSUPPORTED, "%s: detector family \"%.40s\"", path,
                        family);
    if (!d->family->recognise(d->model, &d->heads))
        return kao_fail(err, KAO_E_UNSUPPORTED,
                        "%s: its outputs are not those of the family %s", path, family);
    color = strcmp(d->family->color, "bgr") == 0;
    d->min_score = d->family->min_score;
    d->nms = d->family->nms;
    d->form = (kao_tensor_form){ .layout = KAO_TENSOR_NHWC };
    for (int i = 0; i < 3; i++) {
        d->form.mean[i] = d->family->mean;
        d->form.scale[i] = d->family->scale;
    }
    st = kao_card_word(d->card, "input.color", colors, 2, &color, err);
    if (!st)
        st = kao_card_word(d->card, "input.layout", layouts, 1, &layout, err);
    if (!st)
        st = kao_card_floats(d->card, "input.mean", d->form.mean, 3, err);
    if (!st)
        st = kao_card_floats(d->card, "input.scale", d->form.scale, 3, err);
    if (!st)
        st = kao_card_floats(d->card, "threshold.score", &d->min_score, 1, err);
    if (!st)
        st = kao_card_floats(d->card, "threshold.nms", &d->nms, 1, err);
    d->form.order = color ? KAO_TENSOR_BGR : KAO_TENSOR_RGB;
    return st ? kao_error_prefix(err, st, "%s", path) : KAO_OK;
}

static kao_status read_input(kao_detector *d, const char *path, kao_error *err)
{
    const kao_onnx_input *in = &d->model->onnx.inputs[0];

    if (in->rank != 4 || in->dims[1] != 3 || in->dtype != KAO_F32 || in->dims[0] > 1)
        return kao_fail(err, KAO_E_UNSUPPORTED,
                        "%s: its input is not one picture of 3 channels", path);
    if ((in->dims[2] > 0) != (in->dims[3] > 0))
        return kao_fail(err, KAO_E_UNSUPPORTED, "%s: one side of its input is free",
                        path);
    if (in->dims[2] > 0) {
        if (in->dims[2] > 16384 || in->dims[3] > 16384 || in->dims[2] % CANVAS_STEP ||
            in->dims[3] % CANVAS_STEP)
            return kao_fail(err, KAO_E_UNSUPPORTED,
                            "%s: its input's sides are not multiples of %d", path,
                            CANVAS_STEP);
        d->fixed_height = (uint32_t)in->dims[2];
        d->fixed_width = (uint32_t)in->dims[3];
    }
    return KAO_OK;
}

kao_status kao_detector_open(kao_context *ctx, kao_detector **out, const char *path,
                             kao_error *err)
{
    if (!ctx || !out || !path)
        return kao_fail(err, KAO_E_ARG, "detector: no context, result or path");
    kao_detector *d = kao_calloc(&ctx->mem, 1, sizeof *d);

    *out = NULL;
    if (!d)
        return kao_fail(err, KAO_E_NOMEM, "%s: out of memory", path);
    d->ctx = ctx;
    d->list.mem = &ctx->mem;
    kao_status st = kao_network_load(ctx, &d->model, path, err);

    if (!st)
        st = kao_card_build(&d->card, d->model, path, err);
    if (!st)
        st = read_card(d, path, err);
    if (!st)
        st = read_input(d, path, err);
    if (!st)
        st = kao_session_create(&d->session, d->model, NULL, err);
    if (st) {
        kao_detector_destroy(d);
        return st;
    }
    *out = d;
    return KAO_OK;
}

void kao_detector_destroy(kao_detector *d)
{
    if (!d)
        return;
    kao_mem *mem = &d->ctx->mem;

    kao_face_list_fini(&d->list);
    kao_image_free(d->ctx, &d->canvas);
    kao_free(mem, d->input);
    kao_session_destroy(d->session);
    kao_card_destroy(d->card);
    kao_network_destroy(d->model);
    kao_free(mem, d);
}

const kao_card *kao_detector_card(const kao_detector *d)
{
    return d->card;
}

/* ---- one pass ---- */

static uint32_t up_to_step(uint32_t n)
{
    return (n + CANVAS_STEP - 1) / CANVAS_STEP * CANVAS_STEP;
}

static kao_status size_canvas(kao_detector *d, uint32_t width, uint32_t height,
                              kao_error *err)
{
    const size_t floats = (size_t)width * height * 3;

    if (d->canvas.width != width || d->canvas.height != height) {
        kao_image_free(d->ctx, &d->canvas);
        const kao_status st = kao_image_create(d->ctx, width, height, &d->canvas, err);

        if (st)
            return st;
    }
    if (floats <= d->input_cap)
        return KAO_OK;
    kao_free(&d->ctx->mem, d->input);
    d->input_cap = 0;
    d->input = kao_alloc(&d->ctx->mem, floats * sizeof *d->input);
    if (!d->input)
        return kao_fail(err, KAO_E_NOMEM, "detector: %zu bytes",
                        floats * sizeof *d->input);
    d->input_cap = floats;
    return KAO_OK;
}

static kao_status run_network(kao_detector *d, kao_error *err)
{
    kao_tensor t = { .dtype = KAO_F32,
                     .rank = 4,
                     .dims = { 1, 3, d->canvas.height, d->canvas.width },
                     .data = d->input };

    kao_tensor_set_channels_last(&t);
    kao_image_to_tensor(&d->canvas,
                        (kao_region){ 0, 0, d->canvas.width, d->canvas.height },
                        &d->form, d->input);
    const kao_status st = kao_session_bind(d->session, 0, &t, err);

    return st ? st : kao_session_run(d->session, err);
}

/* A network may give anything: only boxes that are some are faces. */
static bool is_face(const kao_face *f)
{
    bool ok = isfinite(f->x) && isfinite(f->y) && isfinite(f->width) &&
              isfinite(f->height) && f->width > 0 && f->height > 0;

    for (int i = 0; i < KAO_FACE_POINTS; i++)
        ok &= isfinite(f->points[i].x) && isfinite(f->points[i].y);
    return ok;
}

/* Candidates since `from`, of the pass's canvas, into the picture's pixels; those outside
 * the pass's range of sizes go. */
static void map_back(kao_detector *d, size_t from, const pass *p, kao_place place,
                     const kao_image *image)
{
    const float kx = (float)image->width / (float)place.width;
    const float ky = (float)image->height / (float)place.height;
    const float ox = kx / 2 - 0.5f, oy = ky / 2 - 0.5f; /* centre of the first pixel */
    kao_face_list *l = &d->list;
    size_t kept = from;

    for (size_t i = from; i < l->n; i++) {
        kao_face f = l->faces[i];
        const float size = f.width > f.height ? f.width : f.height;

        if (!is_face(&f) || size < p->low * (float)p->side ||
            size > p->high * (float)p->side)
            continue;
        f.x = f.x * kx + ox;
        f.y = f.y * ky + oy;
        f.width *= kx;
        f.height *= ky;
        for (int k = 0; k < KAO_FACE_POINTS; k++) {
            f.points[k].x = f.points[k].x * kx + ox;
            f.points[k].y = f.points[k].y * ky + oy;
        }
        l->faces[kept++] = f;
    }
    l->n = kept;
}

static kao_status run_pass(kao_detector *d, const kao_image *image, const pass *p,
                           float min_score, kao_error *err)
{
    const kao_tensor *tensors[3 * KAO_MAX_LEVELS + KAO_MAX_LEVELS] = { NULL };
    const kao_place place = kao_letterbox_place(image->width, image->height, p->side,
                                                p->side, KAO_LETTERBOX_TOP_LEFT);
    const uint32_t width = d->fixed_width ? d->fixed_width : up_to_step(place.width);
    const uint32_t height =
        d->fixed_height ? d->fixed_height : up_to_step(place.height);
    const size_t from = d->list.n;
    kao_status st = size_canvas(d, width, height, err);

    if (!st)
        st = kao_letterbox(&d->ctx->mem, d->ctx->pool, image, &d->canvas, place,
                           (kao_color){ 0, 0, 0 }, err);
    if (!st)
        st = run_network(d, err);
    if (st)
        return st;
    for (uint32_t i = 0; !st && i < d->model->onnx.n_outputs; i++) {
        tensors[i] = kao_session_output(d->session, i);
        if (tensors[i]->dtype != KAO_F32)
            st = kao_fail(err, KAO_E_UNSUPPORTED, "output %u is %s, wanted float32", i,
                          kao_dtype_name((int)tensors[i]->dtype));
    }
    if (!st)
        st = d->family->decode(&d->heads, tensors, width, height, min_score, &d->list,
                               err);
    if (!st && d->list.failed)
        st = kao_fail(err, KAO_E_NOMEM, "detector: out of memory");
    if (!st)
        map_back(d, from, p, place, image);
    return st;
}

/* ---- all passes ---- */

/* The passes for a picture, coarse ones first; *n_coarse of them are coarse. */
static size_t choose_passes(const kao_detector *d, const kao_image *image, pass *passes,
                            size_t *n_coarse)
{
    const uint32_t side = image->width > image->height ? image->width : image->height;
    uint32_t room = SIDE_MAIN;
    size_t n = 0;

    if (d->fixed_width)
        room = d->fixed_width < d->fixed_height ? d->fixed_width : d->fixed_height;
    const uint32_t main_side = 2 * side < room ? 2 * side : room;

    if (main_side > SIDE_COARSE)
        passes[n++] = (pass){ SIDE_COARSE, 0.35f, 8 };
    passes[n++] = (pass){ main_side, 0, 8 };
    *n_coarse = n;
    if (!d->fixed_width && side > FINE_FROM)
        passes[n++] = (pass){ side < SIDE_FINE ? side : SIDE_FINE, 0, 0.2f };
    return n;
}

kao_status kao_detect(kao_detector *d, const kao_image *image,
                      const kao_detect_options *options, kao_face *faces, size_t cap,
                      size_t *n_faces, kao_error *err)
{
    static const kao_detect_options defaults = { 0 };
    const kao_detect_options *o = options ? options : &defaults;
    pass passes[3];
    size_t n_coarse = 0;

    if (!d || !n_faces || (cap && !faces))
        return kao_fail(err, KAO_E_ARG,
                        "detect: no detector or no place for the result");
    *n_faces = 0;
    kao_status st = kao_image_check(image, "image", err);
    const float min_score = o->min_score > 0 ? o->min_score : d->min_score;
    const size_t n = st ? 0 : choose_passes(d, image, passes, &n_coarse);

    d->list.n = 0;
    d->list.failed = false;
    for (size_t i = 0; !st && i < n; i++) {
        if (i == n_coarse && o->coarse_first && d->list.n > 0)
            break;
        st = run_pass(d, image, &passes[i], min_score, err);
    }
    if (st)
        return st;
    d->list.n = kao_nms(d->list.faces, d->list.n, d->nms, n > 1 ? contained_share : 0);
    *n_faces = d->list.n;
    if (cap && d->list.n)
        memcpy(faces, d->list.faces,
               (d->list.n < cap ? d->list.n : cap) * sizeof *faces);
    return KAO_OK;
}
