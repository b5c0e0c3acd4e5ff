/* kao_embedder: chips in, unit vectors out.
 *
 * Where the network takes any batch, the pictures of a call (and their mirrored ones) run
 * eight at a time; the kernels see to it that a picture's numbers do not depend on its
 * company. Joined vectors are the network's two raw outputs one after the other, then
 * brought to length 1 together, as in the SphereFace protocol. */
#include "kao/embedder.h"

#include <math.h>
#include <string.h>

#include "face/align.h"
#include "face/card.h"
#include "image/image.h"
#include "image/resize.h"
#include "image/tensor.h"
#include "image/warp.h"
#include "nn/session.h"

enum { BATCH = 8, MAX_CHIP = 1024 /* pixels a side */ };

struct kao_embedder {
    kao_context *ctx;
    kao_network *model;
    kao_session *session;
    kao_card *card;
    kao_tensor_form form;
    uint32_t width, height;
    kao_point points[KAO_FACE_POINTS];
    size_t dim;
    uint32_t batch; /* pictures a run may take */
    float threshold;
    bool has_threshold;
    float *input; /* batch pictures */
    kao_image resized;
};

/* ---- opening ---- */

static kao_status read_card(kao_embedder *e, const char *path, kao_error *err)
{
    static const char *const colors[] = { "rgb", "bgr" }, *const layouts[] = { "nchw" },
                             *const metrics[] = { "cosine" };
    kao_status st = kao_card_require(e->card, "embedder", path, err);
    int color = 0, word = 0;

    if (st)
        return st;
    e->form.layout = KAO_TENSOR_NHWC;
    st = kao_card_word(e->card, "input.color", colors, 2, &color, err);
    if (!st)
        st = kao_card_word(e->card, "input.layout", layouts, 1, &word, err);
    if (!st)
        st = kao_card_word(e->card, "metric", metrics, 1, &word, err);
    if (!st)
        st = kao_card_size(e->card, "input.size", &e->width, &e->height, err);
    if (!st)
        st = kao_card_floats(e->card, "input.mean", e->form.mean, 3, err);
    if (!st)
        st = kao_card_floats(e->card, "input.scale", e->form.scale, 3, err);
    if (!st)
        st = kao_card_floats(e->card, "threshold.cosine", &e->threshold, 1, err);
    if (st)
        return kao_error_prefix(err, st, "%s", path);
    if (e->width > MAX_CHIP || e->height > MAX_CHIP)
        return kao_fail(err, KAO_E_LIMIT, "%s: card: input.size = %ux%u, at most %d",
                        path, e->width, e->height, MAX_CHIP);
    e->form.order = color ? KAO_TENSOR_BGR : KAO_TENSOR_RGB;
    e->has_threshold = kao_card_get(e->card, "threshold.cosine") != NULL;
    if (!kao_face_template(kao_card_get(e->card, "template"), e->width, e->height,
                           e->points))
        return kao_fail(err, KAO_E_UNSUPPORTED,
                        "%s: card: template = %.40s: arcface-112 only", path,
                        kao_card_get(e->card, "template"));
    return KAO_OK;
}

static kao_tensor input_of(const kao_embedder *e, uint32_t n)
{
    kao_tensor t = { .dtype = KAO_F32,
                     .rank = 4,
                     .dims = { n, 3, e->height, e->width },
                     .data = e->input };

    kao_tensor_set_channels_last(&t);
    return t;
}

/* Plan once: the network must take the chip and give one row of numbers a picture. */
static kao_status probe(kao_embedder *e, const char *path, kao_error *err)
{
    const kao_onnx_model *onnx = &e->model->onnx;
    char text[96];

    if (onnx->n_inputs != 1 || onnx->n_outputs < 1)
        return kao_fail(err, KAO_E_UNSUPPORTED, "%s: %u inputs, wanted 1", path,
                        onnx->n_inputs);
    const bool fixed = onnx->inputs[0].rank == 4 && onnx->inputs[0].dims[0] > 0;

    e->batch = fixed ? (uint32_t)onnx->inputs[0].dims[0] : BATCH;
    if (fixed && onnx->inputs[0].dims[0] != 1)
        return kao_fail(err, KAO_E_UNSUPPORTED, "%s: takes %lld pictures at once", path,
                        (long long)onnx->inputs[0].dims[0]);
    e->input = kao_calloc(&e->ctx->mem, (size_t)e->batch * e->width * e->height * 3,
                          sizeof *e->input);
    if (!e->input)
        return kao_fail(err, KAO_E_NOMEM, "%s: out of memory", path);
    const kao_tensor t = input_of(e, 1);
    kao_status st = kao_session_bind(e->session, 0, &t, err);

    if (!st)
        st = kao_session_prepare(e->session, err);
    if (st)
        return st;
    const kao_tensor *out = kao_session_output(e->session, 0);
    const int64_t n = kao_tensor_count(out);

    if (out->dtype != KAO_F32 || n < 2 || n > 65536 || out->dims[0] != 1)
        return kao_fail(err, KAO_E_UNSUPPORTED, "%s: output of shape %s is no vector",
                        path, kao_dims_text(out->dims, out->rank, text, sizeof text));
    e->dim = (size_t)n;
    return KAO_OK;
}

kao_status kao_embedder_open(kao_context *ctx, kao_embedder **out, const char *path,
                             kao_error *err)
{
    if (!ctx || !out || !path)
        return kao_fail(err, KAO_E_ARG, "embedder: no context, result or path");
    kao_embedder *e = kao_calloc(&ctx->mem, 1, sizeof *e);

    *out = NULL;
    if (!e)
        return kao_fail(err, KAO_E_NOMEM, "%s: out of memory", path);
    e->ctx = ctx;
    kao_status st = kao_network_load(ctx, &e->model, path, err);

    if (!st)
        st = kao_card_build(&e->card, e->model, path, err);
    if (!st)
        st = read_card(e, path, err);
    if (!st)
        st = kao_session_create(&e->session, e->model, NULL, err);
    if (!st)
        st = probe(e, path, err);
    if (st) {
        kao_embedder_destroy(e);
        return st;
    }
    *out = e;
    return KAO_OK;
}

void kao_embedder_destroy(kao_embedder *e)
{
    if (!e)
        return;
    kao_mem *mem = &e->ctx->mem;

    kao_image_free(e->ctx, &e->resized);
    kao_free(mem, e->input);
    kao_session_destroy(e->session);
    kao_card_destroy(e->card);
    kao_network_destroy(e->model);
    kao_free(mem, e);
}

const kao_card *kao_embedder_card(const kao_embedder *e)
{
    return e->card;
}

size_t kao_embedder_dim(const kao_embedder *e, kao_tta tta)
{
    return tta == KAO_TTA_CONCAT ? 2 * e->dim : e->dim;
}

void kao_embedder_chip_size(const kao_embedder *e, uint32_t *width, uint32_t *height)
{
    *width = e->width;
    *height = e->height;
}

int kao_embedder_threshold(const kao_embedder *e, float *threshold)
{
    if (e->has_threshold)
        *threshold = e->threshold;
    return e->has_threshold;
}

/* ---- chips ---- */

/* Warping samples four pixels a point; a face much larger than the chip is reduced first,
 * so that none of its pixels is skipped. */
static kao_status shrink_for(kao_context *ctx, const kao_image *image, double *m,
                             kao_image *small, kao_error *err)
{
    const double scale = hypot(m[0], m[3]);
    const uint32_t k = scale < 0.5 ? (uint32_t)(0.75 / scale) : 1;
    kao_status st = KAO_OK;

    *small = (kao_image){ 0 };
    if (k < 2 || image->width / k < 2 || image->height / k < 2)
        return KAO_OK;
    st = kao_image_create(ctx, image->width / k, image->height / k, small, err);
    if (!st)
        st = kao_resize(&ctx->mem, ctx->pool, image, small, err);
    if (st)
        return st;
    /* m takes points of image; x = kx * (x' + .5) - .5 takes those of small to image's */
    const double kx = (double)image->width / small->width;
    const double ky = (double)image->height / small->height;

    m[2] += m[0] * (kx / 2 - 0.5) + m[1] * (ky / 2 - 0.5);
    m[5] += m[3] * (kx / 2 - 0.5) + m[4] * (ky / 2 - 0.5);
    m[0] *= kx;
    m[1] *= ky;
    m[3] *= kx;
    m[4] *= ky;
    return KAO_OK;
}

/* Only the surroundings of the face are needed: a view of them, and m moved to it. */
static kao_image surroundings(const kao_image *image, double *m, uint32_t width,
                              uint32_t height)
{
    double inverse[6], left = image->width, top = image->height, right = 0, bottom = 0;
    kao_image view = *image;

    view.owned = NULL;
    if (!kao_warp_invert(m, inverse))
        return view;
    for (int i = 0; i < 4; i++) { /* the chip's corners in the picture, with a margin */
        const double u = i & 1 ? (double)width + 8 : -9,
                     v = i & 2 ? (double)height + 8 : -9;
        const double x = inverse[0] * u + inverse[1] * v + inverse[2];
        const double y = inverse[3] * u + inverse[4] * v + inverse[5];

        left = fmin(left, x);
        right = fmax(right, x);
        top = fmin(top, y);
        bottom = fmax(bottom, y);
    }
    const double w = image->width, h = image->height;
    const uint32_t x0 = (uint32_t)fmin(fmax(left, 0), w - 1);
    const uint32_t y0 = (uint32_t)fmin(fmax(top, 0), h - 1);
    const uint32_t x1 = (uint32_t)fmin(fmax(right, 0) + 1, w);
    const uint32_t y1 = (uint32_t)fmin(fmax(bottom, 0) + 1, h);

    if (x1 <= x0 || y1 <= y0)
        return view;
    view.rgb += (size_t)y0 * image->row_bytes + (size_t)x0 * KAO_RGB;
    view.width = x1 - x0;
    view.height = y1 - y0;
    m[2] += m[0] * x0 + m[1] * y0;
    m[5] += m[3] * x0 + m[4] * y0;
    return view;
}

kao_status kao_embedder_align(const kao_embedder *e, const kao_image *image,
                              const kao_face *face, kao_image *chip, kao_error *err)
{
    kao_image small = { 0 };
    double m[6];

    if (!e || !face || !chip)
        return kao_fail(err, KAO_E_ARG, "align: no embedder, face or chip");
    *chip = (kao_image){ 0 };
    kao_status st = kao_image_check(image, "image", err);

    if (st)
        return st;
    const uint32_t reduction = image->reduction ? image->reduction : 1;
    const float eyes = kao_face_eye_distance_px(face) * (float)reduction;

    if (eyes < KAO_MIN_EYE_DISTANCE_PX)
        return kao_fail(
            err, KAO_E_TOO_SMALL,
            "the face is too small: %.1f pixels between the eyes, at least %.0f",
            (double)eyes, (double)KAO_MIN_EYE_DISTANCE_PX);
    st = kao_face_fit(face, e->points, m, err);
    if (st)
        return st;
    const kao_image view = surroundings(image, m, e->width, e->height);

    st = shrink_for(e->ctx, &view, m, &small, err);
    if (!st)
        st = kao_image_create(e->ctx, e->width, e->height, chip, err);
    if (!st && !kao_warp(small.rgb ? &small : &view, m, chip))
        st = kao_fail(err, KAO_E_NO_FACE, "the points do not fit a face");
    kao_image_free(e->ctx, &small);
    if (st)
        kao_image_free(e->ctx, chip);
    return st;
}

/* ---- embedding ---- */

static kao_status put_chip(kao_embedder *e, const kao_image *chip, bool mirror,
                           float *to, kao_error *err)
{
    kao_tensor_form form = e->form;
    const kao_image *use = chip;
    kao_status st = kao_image_check(chip, "chip", err);

    if (!st && (chip->width != e->width || chip->height != e->height)) {
        if (!e->resized.rgb)
            st = kao_image_create(e->ctx, e->width, e->height, &e->resized, err);
        if (!st)
            st = kao_resize(&e->ctx->mem, e->ctx->pool, chip, &e->resized, err);
        use = &e->resized;
    }
    if (st)
        return st;
    form.mirror = mirror;
    kao_image_to_tensor(use, (kao_region){ 0, 0, e->width, e->height }, &form, to);
    return KAO_OK;
}

/* Network outputs of pictures first..first+n-1 of the job: picture i is chip i / views, and
 * mirrored where i is odd and views is 2. */
static kao_status run_batch(kao_embedder *e, const kao_image *chips, size_t first,
                            uint32_t n, uint32_t views, kao_error *err)
{
    const size_t floats = (size_t)e->width * e->height * 3;
    kao_status st = KAO_OK;

    for (uint32_t i = 0; !st && i < n; i++)
        st = put_chip(e, &chips[(first + i) / views],
                      views == 2 && (first + i) % 2 == 1, e->input + i * floats, err);
    const kao_tensor t = input_of(e, n);

    if (!st)
        st = kao_session_bind(e->session, 0, &t, err);
    if (!st)
        st = kao_session_run(e->session, err);
    if (!st &&
        kao_tensor_count(kao_session_output(e->session, 0)) != (int64_t)(n * e->dim))
        st = kao_fail(err, KAO_E_UNSUPPORTED,
                      "the network does not give %zu numbers a picture for %u pictures",
                      e->dim, n);
    return st;
}

static kao_status to_unit(float *v, size_t n, kao_error *err)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += (double)v[i] * (double)v[i];
    if (!isfinite(sum) || sum < 1e-24)
        return kao_fail(err, KAO_E_BAD_EMBEDDING, "the network gave %s",
                        isfinite(sum) ? "a zero vector"
                                      : "numbers that are not finite");
    for (size_t i = 0; i < n; i++)
        v[i] = (float)((double)v[i] / sqrt(sum));
    return KAO_OK;
}

/* Put the raw output of picture i where it belongs. */
static void store(const kao_embedder *e, size_t i, kao_tta tta, const float *raw,
                  float *out)
{
    const size_t dim = e->dim;

    if (tta == KAO_TTA_SUM && i % 2 == 1) {
        float *to = out + i / 2 * dim;

        for (size_t k = 0; k < dim; k++)
            to[k] += raw[k];
        return;
    }
    memcpy(out + (tta == KAO_TTA_SUM ? i / 2 : i) * dim, raw, dim * sizeof *out);
}

kao_status kao_embed(kao_embedder *e, const kao_image *chips, size_t n, kao_tta tta,
                     float *out, kao_error *err)
{
    const uint32_t views = tta == KAO_TTA_NONE ? 1 : 2;
    size_t total = 0;
    kao_status st = KAO_OK;

    if (!e || (n && (!chips || !out)) || tta < KAO_TTA_NONE || tta > KAO_TTA_SUM ||
        !kao_mul(n, views, &total))
        return kao_fail(err, KAO_E_ARG, "embed: bad arguments");
    for (size_t i = 0; !st && i < total;) {
        const uint32_t k = total - i < e->batch ? (uint32_t)(total - i) : e->batch;

        st = run_batch(e, chips, i, k, views, err);
        for (uint32_t j = 0; !st && j < k; j++, i++)
            store(e, i, tta,
                  (const float *)kao_session_output(e->session, 0)->data + j * e->dim,
                  out);
    }
    for (size_t i = 0; !st && i < n; i++)
        st = to_unit(out + i * kao_embedder_dim(e, tta), kao_embedder_dim(e, tta), err);
    return st;
}
