/* kao_embedder: chips in, vectors out.
 *
 * Where the network takes any batch, the pictures of a call (and their mirrored ones) run
 * eight at a time; the kernels see to it that a picture's numbers do not depend on its
 * company. Some files say that the batch is free and fix it inside (a Reshape to [1, -1]):
 * opening one tries a full batch, and such a network gets its pictures one by one. Others take
 * two or four at once, no less: places that no picture has are run with what lies there.
 *
 * For a cosine, joined vectors are the network's two raw outputs one after the other, then
 * brought to length 1 together, as in the SphereFace protocol. For a distance the raw outputs
 * stay as long as they are; joined or added ones are scaled so that the squared distance is the
 * mean of the two halves', or that of the two means. */
#include "face/embedder.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "image/grey.h"
#include "image/resize.h"

enum { BATCH = 8, MAX_BATCH = 64 };

/* ---- opening ---- */

static kao_tensor input_of(const kao_embedder *e, uint32_t n)
{
    kao_tensor t = { .dtype = KAO_F32,
                     .rank = 4,
                     .dims = { n, e->channels, e->template.height, e->template.width },
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

/* Pictures a run takes, as the file states it, and room for them. */
static kao_status make_room(kao_embedder *e, kao_error *err)
{
    const kao_onnx_model *onnx = &e->model->net->onnx;
    const char *name = e->model->net->name;
    const size_t pixels = (size_t)e->template.width * e->template.height;
    const int64_t stated = onnx->inputs[0].rank == 4 ? onnx->inputs[0].dims[0] : 0;

    if (stated > MAX_BATCH)
        return kao_fail(err, KAO_E_UNSUPPORTED,
                        "%s: takes %lld pictures at once, %d at most", name,
                        (long long)stated, MAX_BATCH);
    e->batch_fixed = stated > 0;
    e->batch = stated > 0 ? (uint32_t)stated : BATCH;
    e->input =
        kao_calloc(&e->ctx->mem, e->batch * pixels * e->channels, sizeof *e->input);
    if (e->template.whole)
        e->plane = kao_alloc(&e->ctx->mem, pixels);
    if (!e->input || (e->template.whole && !e->plane))
        return kao_fail(err, KAO_E_NOMEM, "%s: out of memory", name);
    return KAO_OK;
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
    kao_status st = make_room(e, err);
    const uint32_t first = e->batch_fixed ? e->batch : 1;

    if (!st)
        st = plan(e, first, &out, err);
    if (st)
        return st;
    const int64_t n = kao_tensor_count(out) / first;

    if (out->dtype != KAO_F32 || n < 2 || n > 65536 || out->dims[0] != (int64_t)first ||
        kao_tensor_count(out) % first)
        return kao_fail(err, KAO_E_UNSUPPORTED, "%s: output of shape %s is no vector",
                        name, kao_dims_text(out->dims, out->rank, text, sizeof text));
    e->dim = (size_t)n;
    if (e->batch_fixed)
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
    e->pool = kao_pool_limited(e->ctx->pool, options ? options->n_threads : 0);
    const kao_session_options run = { .passes = KAO_PASS_ALL,
                                      .n_threads = options ? options->n_threads : 0,
                                      .cancel = options ? options->cancel : NULL };
    kao_status st = kao_embedder_read_card(e, err);

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
    kao_free(mem, e->plane);
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

kao_tta kao_embedder_tta(const kao_embedder *e)
{
    return e->tta;
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
 * change of alignment or embedding that changes vectors takes the next number. "turned": crops
 * by a box are as upright as the face, which they were not at first. */
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
        n += (size_t)snprintf(text + n, sizeof text - n, " %s %08x turned",
                              kao_card_get(e->model->card, "template"),
                              bits_of(e->template.margin));
    if (e->template.whole)
        n += (size_t)snprintf(text + n, sizeof text - n, " picture %d", e->equalize);
    if (e->euclidean)
        n += (size_t)snprintf(text + n, sizeof text - n, " euclidean");
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
        st = kao_resize_upright(&e->ctx->mem, &e->pool, chip, &e->resized, err);
    *out = kao_image_view(&e->resized);
    return st;
}

/* The whole picture in grey. */
static void put_picture(kao_embedder *e, const kao_view *picture, bool mirror,
                        float *out)
{
    const uint32_t width = e->template.width, height = e->template.height;
    const size_t n = (size_t)width * height;

    kao_view_to_grey(picture, width, height, e->plane);
    if (e->equalize)
        kao_grey_equalize(e->plane, n);
    for (size_t i = 0; i < n; i++) {
        const size_t x = i % width;

        out[i] = e->sample[e->plane[mirror ? i - x + (width - 1 - x) : i]];
    }
}

static kao_status put_chip(kao_embedder *e, const kao_view *chip, bool mirror,
                           float *out, kao_error *err)
{
    kao_tensor_form form = e->form;
    kao_view upright;
    const kao_status st = e->template.whole ? kao_view_check(chip, "picture", err)
                                            : as_chip(e, chip, &upright, err);

    if (st)
        return st;
    form.mirror = mirror;
    if (e->template.whole)
        put_picture(e, chip, mirror, out);
    else
        kao_view_to_tensor(&upright, &form, out);
    return KAO_OK;
}

/* Network outputs of pictures first..first+n-1 of the job: picture i is chip i / views, and
 * mirrored where i is odd and views is 2. */
static kao_status run_batch(kao_embedder *e, const kao_view *chips, size_t first,
                            uint32_t n, uint32_t views, kao_error *err)
{
    const size_t floats = (size_t)e->template.width * e->template.height * e->channels;
    const uint32_t run = e->batch_fixed ? e->batch : n;
    kao_status st = KAO_OK;

    for (uint32_t i = 0; !st && i < n; i++)
        st = put_chip(e, &chips[(first + i) / views],
                      views == 2 && (first + i) % 2 == 1, e->input + i * floats, err);
    const kao_tensor t = input_of(e, run);

    if (!st)
        st = kao_session_bind(e->session, 0, &t, err);
    if (!st)
        st = kao_session_run(e->session, err);
    if (!st &&
        kao_tensor_count(kao_session_output(e->session, 0)) != (int64_t)(run * e->dim))
        st = kao_fail(err, KAO_E_UNSUPPORTED,
                      "%s: does not give %zu numbers a picture for %u pictures",
                      e->model->net->name, e->dim, run);
    return st;
}

/* n numbers as they are to be compared; see the head of this file. *norm: their length, as that
 * of one picture's vector. */
static kao_status finish(const kao_embedder *e, kao_tta tta, float *v, size_t n,
                         float *norm, kao_error *err)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += (double)v[i] * (double)v[i];
    if (!isfinite(sum) || sum < 1e-24)
        return kao_fail(err, KAO_E_BAD_EMBEDDING, "%s: gave %s", e->model->net->name,
                        isfinite(sum) ? "a zero vector"
                                      : "numbers that are not finite");
    const double of_two = tta == KAO_TTA_CONCAT ? sqrt(2) : tta == KAO_TTA_SUM ? 2 : 1;
    const double by = e->euclidean ? of_two : sqrt(sum);

    for (size_t i = 0; i < n; i++)
        v[i] = (float)((double)v[i] / by);
    if (norm)
        *norm = (float)(sqrt(sum) / of_two);
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
        st = finish(e, tta, out + i * kao_embedder_dim(e, tta),
                    kao_embedder_dim(e, tta), norms ? &norms[i] : NULL, err);
    return st;
}
