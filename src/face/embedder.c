/* kao_embedder: chips in, unit vectors out.
 *
 * Where the network takes any batch, the pictures of a call (and their mirrored ones) run
 * eight at a time; the kernels see to it that a picture's numbers do not depend on its
 * company. Some files say that the batch is free and fix it inside (a Reshape to [1, -1]):
 * opening one tries a full batch, and such a network gets its pictures one by one. Joined
 * vectors are the network's two raw outputs one after the other, then brought to length 1
 * together, as in the SphereFace protocol. */
#include "kao/embedder.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "face/crop.h"
#include "face/model.h"
#include "image/resize.h"
#include "image/tensor.h"
#include "nn/session.h"

enum { BATCH = 8, MAX_CHIP = 1024 /* pixels a side */ };

struct kao_embedder {
    kao_context *ctx;
    kao_model *model;
    kao_session *session;
    kao_tensor_form form;
    kao_template template;
    size_t dim;
    uint32_t batch; /* pictures a run may take */
    float threshold;
    bool has_threshold;
    float *input; /* batch pictures */
    kao_image resized;
};

/* ---- opening ---- */

static kao_status read_card(kao_embedder *e, kao_error *err)
{
    static const char *const colors[] = { "rgb", "bgr" }, *const layouts[] = { "nchw" },
                             *const metrics[] = { "cosine" };
    const kao_card *card = e->model->card;
    const char *name = e->model->net->name;
    kao_status st = kao_card_require(card, "embedder", name, err);
    int color = 0, word = 0;
    uint32_t width = 0, height = 0;

    if (st)
        return st;
    st = kao_card_word(card, "input.color", colors, 2, &color, err);
    if (!st)
        st = kao_card_word(card, "input.layout", layouts, 1, &word, err);
    if (!st)
        st = kao_card_word(card, "metric", metrics, 1, &word, err);
    if (!st)
        st = kao_card_size(card, "input.size", &width, &height, err);
    if (!st)
        st = kao_card_floats(card, "input.mean", e->form.mean, 3, err);
    if (!st)
        st = kao_card_floats(card, "input.scale", e->form.scale, 3, err);
    if (!st)
        st = kao_card_share(card, "threshold.cosine", -1, &e->threshold, err);
    if (!st && (width > MAX_CHIP || height > MAX_CHIP))
        st = kao_fail(err, KAO_E_LIMIT, "card: input.size = %ux%u, at most %d", width,
                      height, MAX_CHIP);
    if (!st)
        st = kao_card_template(card, width, height, &e->template, err);
    if (st)
        return kao_error_prefix(err, st, "%s", name);
    e->form.order = color ? KAO_TENSOR_BGR : KAO_TENSOR_RGB;
    e->has_threshold = kao_card_get(card, "threshold.cosine") != NULL;
    return KAO_OK;
}

static kao_tensor input_of(const kao_embedder *e, uint32_t n)
{
    kao_tensor t = { .dtype = KAO_F32,
                     .rank = 4,
                     .dims = { n, 3, e->template.height, e->template.width },
                     .data = e->input };

    kao_tensor_set_channels_last(&t);
    return t;
}

/* Plan for n pictures; *out: what the network would give for them. */
static kao_status plan(kao_embedder *e, uint32_t n, const kao_tensor **out,
                       kao_error *err)
{
    const kao_tensor t = input_of(e, n);
    kao_status st = kao_session_bind(e->session, 0, &t, err);

    if (!st)
        st = kao_session_prepare(e->session, err);
    *out = st ? NULL : kao_session_output(e->session, 0);
    return st;
}

/* The network must take the chip and give one row of numbers a picture; how many pictures a
 * run may have is found out. */
static kao_status probe(kao_embedder *e, kao_error *err)
{
    const kao_onnx_model *onnx = &e->model->net->onnx;
    const char *name = e->model->net->name;
    const kao_tensor *out = NULL;
    char text[96];

    if (onnx->n_inputs != 1 || onnx->n_outputs < 1)
        return kao_fail(err, KAO_E_UNSUPPORTED, "%s: %u inputs, wanted 1", name,
                        onnx->n_inputs);
    const bool fixed = onnx->inputs[0].rank == 4 && onnx->inputs[0].dims[0] > 0;

    e->batch = fixed ? 1 : BATCH;
    if (fixed && onnx->inputs[0].dims[0] != 1)
        return kao_fail(err, KAO_E_UNSUPPORTED, "%s: takes %lld pictures at once", name,
                        (long long)onnx->inputs[0].dims[0]);
    e->input = kao_calloc(&e->ctx->mem,
                          (size_t)e->batch * e->template.width * e->template.height * 3,
                          sizeof *e->input);
    if (!e->input)
        return kao_fail(err, KAO_E_NOMEM, "%s: out of memory", name);
    kao_status st = plan(e, 1, &out, err);

    if (st)
        return st;
    const int64_t n = kao_tensor_count(out);

    if (out->dtype != KAO_F32 || n < 2 || n > 65536 || out->dims[0] != 1)
        return kao_fail(err, KAO_E_UNSUPPORTED, "%s: output of shape %s is no vector",
                        name, kao_dims_text(out->dims, out->rank, text, sizeof text));
    e->dim = (size_t)n;
    if (e->batch == 1)
        return KAO_OK;
    st = plan(e, e->batch, &out, NULL);
    if (st == KAO_E_NOMEM)
        return kao_fail(err, st, "%s: out of memory", name);
    if (st || out->dims[0] != (int64_t)e->batch ||
        kao_tensor_count(out) != n * (int64_t)e->batch)
        e->batch = 1;
    return KAO_OK;
}

kao_status kao_embedder_create(kao_model *model, kao_embedder **out,
                               const kao_run_options *options, kao_error *err)
{
    if (out)
        *out = NULL;
    if (!model || !out)
        return kao_fail(err, KAO_E_ARG,
                        "embedder: no model or no place for the result");
    kao_embedder *e = kao_calloc(&model->ctx->mem, 1, sizeof *e);

    if (!e)
        return kao_fail(err, KAO_E_NOMEM, "%s: out of memory", model->net->name);
    e->ctx = model->ctx;
    e->model = kao_model_retain(model);
    const kao_session_options run = { .passes = KAO_PASS_ALL,
                                      .n_threads = options ? options->n_threads : 0,
                                      .cancel = options ? options->cancel : NULL };
    kao_status st = read_card(e, err);

    if (!st)
        st = kao_session_create(&e->session, model->net, &run, err);
    if (!st)
        st = probe(e, err);
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
    kao_model_release(e->model);
    kao_free(mem, e);
}

const kao_model *kao_embedder_model(const kao_embedder *e)
{
    return e->model;
}

const kao_template *kao_embedder_template(const kao_embedder *e)
{
    return &e->template;
}

const kao_calibration *kao_embedder_calibration(const kao_embedder *e)
{
    return e->model->calibration;
}

size_t kao_embedder_dim(const kao_embedder *e, kao_tta tta)
{
    return tta == KAO_TTA_CONCAT ? 2 * e->dim : e->dim;
}

int kao_embedder_threshold(const kao_embedder *e, float *threshold)
{
    if (e->has_threshold)
        *threshold = e->threshold;
    return e->has_threshold;
}

int kao_embedder_usual_norm(const kao_embedder *e, float usual[2])
{
    return kao_card_usual_norm(e->model, usual);
}

/* ---- identity ---- */

static uint32_t bits_of(float v)
{
    uint32_t bits = 0;

    memcpy(&bits, &v, sizeof bits);
    return bits;
}

/* Numbers go in as their bits: text forms depend on the locale. "1": the recipe below; a
 * change of alignment or embedding that changes vectors takes the next number. */
kao_status kao_embedder_id(const kao_embedder *e, kao_tta tta, char id[KAO_ID_BYTES],
                           kao_error *err)
{
    char model[KAO_SHA256_TEXT], text[512];

    if (!e || !id || (unsigned)tta > KAO_TTA_SUM)
        return kao_fail(err, KAO_E_ARG, "embedder: bad arguments");
    kao_model_identity(e->model, model);
    size_t n =
        (size_t)snprintf(text, sizeof text, "kao 1 %s %d %d %u %u", model, (int)tta,
                         (int)e->form.order, e->template.width, e->template.height);

    for (int i = 0; i < 3; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, " %08x %08x",
                              bits_of(e->form.mean[i]), bits_of(e->form.scale[i]));
    for (int i = 0; i < KAO_FACE_POINTS; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, " %08x %08x",
                              bits_of(e->template.points[i].x),
                              bits_of(e->template.points[i].y));
    if (e->template.margin > 0)
        n += (size_t)snprintf(text + n, sizeof text - n, " %s %08x",
                              kao_card_get(e->model->card, "template"),
                              bits_of(e->template.margin));
    kao_sha256((kao_span){ (const uint8_t *)text, n }, id);
    return KAO_OK;
}

/* ---- embedding ---- */

/* The chip as RGB at the template's size, upright: where it stands, or in e->resized. */
static kao_status as_chip(kao_embedder *e, const kao_view *chip, kao_view *out,
                          kao_error *err)
{
    const kao_template *t = &e->template;
    kao_status st = kao_view_check(chip, "chip", err);

    *out = *chip;
    if (st || (chip->width == t->width && chip->height == t->height &&
               chip->rotation == 0 && chip->format == KAO_PIXELS_RGB))
        return st;
    if (!e->resized.rgb)
        st = kao_image_create(e->ctx, t->width, t->height, &e->resized, err);
    if (!st)
        st = kao_image_resize(e->ctx, chip, &e->resized, err);
    *out = kao_image_view(&e->resized);
    return st;
}

/* Network outputs of pictures first..first+n-1 of the job: picture i is chip i / views, and
 * mirrored where i is odd and views is 2. */
static kao_status run_batch(kao_embedder *e, const kao_view *chips, size_t first,
                            uint32_t n, uint32_t views, kao_error *err)
{
    const size_t floats = (size_t)e->template.width * e->template.height * 3;
    kao_tensor_form form = e->form;
    kao_status st = KAO_OK;

    for (uint32_t i = 0; !st && i < n; i++) {
        kao_view chip;

        st = as_chip(e, &chips[(first + i) / views], &chip, err);
        form.mirror = views == 2 && (first + i) % 2 == 1;
        if (!st)
            kao_view_to_tensor(&chip, &form, e->input + i * floats);
    }
    const kao_tensor t = input_of(e, n);

    if (!st)
        st = kao_session_bind(e->session, 0, &t, err);
    if (!st)
        st = kao_session_run(e->session, err);
    if (!st &&
        kao_tensor_count(kao_session_output(e->session, 0)) != (int64_t)(n * e->dim))
        st = kao_fail(err, KAO_E_UNSUPPORTED,
                      "%s: does not give %zu numbers a picture for %u pictures",
                      e->model->net->name, e->dim, n);
    return st;
}

static kao_status to_unit(const kao_embedder *e, float *v, size_t n, float *norm,
                          kao_error *err)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += (double)v[i] * (double)v[i];
    if (!isfinite(sum) || sum < 1e-24)
        return kao_fail(err, KAO_E_BAD_EMBEDDING, "%s: gave %s", e->model->net->name,
                        isfinite(sum) ? "a zero vector"
                                      : "numbers that are not finite");
    for (size_t i = 0; i < n; i++)
        v[i] = (float)((double)v[i] / sqrt(sum));
    if (norm)
        *norm = (float)sqrt(sum);
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

kao_status kao_embed(kao_embedder *e, const kao_view *chips, size_t n, kao_tta tta,
                     float *out, kao_error *err)
{
    return kao_embed_norms(e, chips, n, tta, out, NULL, err);
}

kao_status kao_embed_norms(kao_embedder *e, const kao_view *chips, size_t n,
                           kao_tta tta, float *out, float *norms, kao_error *err)
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
        st = to_unit(e, out + i * kao_embedder_dim(e, tta), kao_embedder_dim(e, tta),
                     norms ? &norms[i] : NULL, err);
    return st;
}
