/* kao_analyser: a face in, what one network says of it out.
 *
 * The way in is the same for every kind and stands in the card: a crop, colours, mean and scale.
 * The way out is the row of analyser_decode.c for the card's output.decode. */
#include "face/analyser.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "face/align.h"
#include "face/crop.h"
#include "face/model.h"

enum { MAX_SIDE = 1024, MAX_NUMBERS = 8192 /* of an output */ };

/* ---- opening ---- */

static const char *const kinds[] = { [KAO_ANALYSE_LANDMARKS] = "landmarks",
                                     [KAO_ANALYSE_QUALITY] = "quality",
                                     [KAO_ANALYSE_POSE] = "pose",
                                     [KAO_ANALYSE_LIVENESS] = "liveness" };

static kao_status read_kind(kao_analyser *a, kao_error *err)
{
    const char *name = a->model->net->name,
               *kind = kao_card_get(a->model->card, "kind");
    size_t i = 0;

    while (kind && i < sizeof kinds / sizeof kinds[0] && strcmp(kind, kinds[i]) != 0)
        i++;
    if (!kind || i == sizeof kinds / sizeof kinds[0])
        return kao_fail(
            err, KAO_E_UNKNOWN_MODEL,
            "%s: a model of %s, wanted landmarks, quality, pose or liveness", name,
            kind ? kind : "unknown kind: its card lacks kind");
    a->kind = (kao_analysis_kind)i;
    return kao_card_require(a->model->card, kind, name, err);
}

/* "yaw -pitch roll": which output is which, and whose sign is the other one. */
static kao_status read_angles(kao_analyser *a, kao_error *err)
{
    static const char *const words[KAO_ANGLES] = { "yaw", "pitch", "roll" };
    const char *value = kao_card_get(a->model->card, "output.angles"), *p = value;
    unsigned seen = 0;

    for (int i = 0; i < KAO_ANGLES; i++) {
        p += strspn(p, " ,");
        a->sign[i] = *p == '-' ? -1 : 1;
        p += *p == '-';
        const size_t n = strcspn(p, " ,");

        for (uint8_t k = 0; k < KAO_ANGLES; k++)
            if (strlen(words[k]) == n && strncmp(p, words[k], n) == 0) {
                a->angle[i] = k;
                seen |= 1u << k;
            }
        p += n;
    }
    if (seen != 7 || p[strspn(p, " ,")])
        return kao_fail(
            err, KAO_E_FORMAT,
            "card: output.angles = %.60s: wanted yaw, pitch and roll in the "
            "outputs' order, a minus where the sign is the other one",
            value);
    return KAO_OK;
}

static kao_status read_decode(kao_analyser *a, kao_error *err)
{
    const kao_card *card = a->model->card;
    const char *word = kao_card_get(card, "output.decode");
    float bins[2] = { 0 }, live = 0;
    char list[64] = "";
    size_t n = 0;

    const kao_analysis_decoder *d = NULL;

    for (size_t i = 0; (d = kao_analysis_decoder_at(i)) != NULL; i++) {
        if (d->kind != a->kind)
            continue;
        if (strcmp(d->word, word) == 0)
            a->decoder = d;
        if (n < sizeof list)
            n += (size_t)snprintf(list + n, sizeof list - n, "%s%s", n ? ", " : "",
                                  d->word);
    }
    if (!a->decoder)
        return kao_fail(err, KAO_E_UNSUPPORTED,
                        "card: output.decode = %.60s: one of %s", word, list);
    if (a->decoder->bins && !kao_card_get(card, "output.bins"))
        return kao_fail(err, KAO_E_FORMAT,
                        "card: output.bins: wanted, the degrees of a bin and those of "
                        "the first, as 3 -99");
    kao_status st = kao_card_each(card, "output.bins", bins, 2, err);

    a->bin = bins[0];
    a->first = bins[1];
    if (!st && a->kind == KAO_ANALYSE_POSE)
        st = read_angles(a, err);
    if (!st)
        st = kao_card_floats(card, "output.live", &live, 1, err);
    if (!st && !(live >= 0 && live <= 255 && live == floorf(live)))
        st = kao_fail(err, KAO_E_FORMAT, "card: output.live = %g: wanted a class",
                      (double)live);
    a->live = st ? 0 : (uint32_t)live;
    if (!st)
        st = kao_card_share(card, "threshold.live", 0, &a->threshold, err);
    a->has_threshold = kao_card_get(card, "threshold.live") != NULL;
    return st;
}

static kao_status read_card(kao_analyser *a, kao_error *err)
{
    static const char *const colors[] = { "rgb", "bgr", "grey" }, *const layouts[] = {
        "nchw"
    };
    const kao_card *card = a->model->card;
    uint32_t width = 0, height = 0;
    int color = 0, layout = 0;
    kao_status st = kao_card_word(card, "input.color", colors, 3, &color, err);

    if (!st)
        st = kao_card_word(card, "input.layout", layouts, 1, &layout, err);
    if (!st)
        st = kao_card_size(card, "input.size", &width, &height, err);
    if (!st)
        st = kao_card_floats(card, "input.mean", a->form.mean, 3, err);
    if (!st)
        st = kao_card_floats(card, "input.scale", a->form.scale, 3, err);
    if (!st && (width > MAX_SIDE || height > MAX_SIDE))
        st = kao_fail(err, KAO_E_LIMIT, "card: input.size = %ux%u, at most %d", width,
                      height, MAX_SIDE);
    if (!st)
        st = kao_card_template(card, width, height, &a->template, err);
    if (!st && a->template.whole)
        st = kao_fail(err, KAO_E_UNSUPPORTED,
                      "card: template = picture: a face is looked at, not a picture");
    if (!st)
        st = read_decode(a, err);
    a->form.order = color == 2   ? KAO_TENSOR_GREY
                    : color == 1 ? KAO_TENSOR_BGR
                                 : KAO_TENSOR_RGB;
    return st ? kao_error_prefix(err, st, "%s", a->model->net->name) : KAO_OK;
}

static int64_t channels_of(const kao_analyser *a)
{
    return a->form.order == KAO_TENSOR_GREY ? 1 : 3;
}

static kao_status bind_input(kao_analyser *a, kao_error *err)
{
    kao_tensor t = { .dtype = KAO_F32,
                     .rank = 4,
                     .dims = { 1, channels_of(a), a->template.height,
                               a->template.width },
                     .data = a->input };

    kao_tensor_set_channels_last(&t);
    return kao_session_bind(a->session, 0, &t, err);
}

/* Output i is as long as its decoder needs. */
static bool fits(const kao_analyser *a, uint32_t i)
{
    const kao_tensor *t = kao_session_output(a->session, i);
    const int64_t n = kao_tensor_count(t);
    const bool joined = a->decoder->bins && kao_analyser_reads(a) == 1;

    if (t->dtype != KAO_F32 || n < 1 || n > MAX_NUMBERS || n % a->decoder->multiple)
        return false;
    if (a->decoder->degrees)
        return n == KAO_ANGLES;
    if (a->decoder->bins)
        return joined ? n % KAO_ANGLES == 0 && n > KAO_ANGLES : n > 1;
    return a->kind != KAO_ANALYSE_LIVENESS || (n > 1 && n > (int64_t)a->live);
}

static bool takes_chip(const kao_analyser *a)
{
    const kao_onnx_input *in = &a->model->net->onnx.inputs[0];
    const int64_t want[4] = { 1, channels_of(a), a->template.height,
                              a->template.width };
    bool ok = in->dtype == KAO_F32 && in->rank == 4;

    for (int i = 0; ok && i < 4; i++)
        ok = in->dims[i] <= 0 || in->dims[i] == want[i];
    return ok;
}

/* The network takes the chip, and gives what the decoder reads. */
static kao_status probe(kao_analyser *a, kao_error *err)
{
    const kao_onnx_model *onnx = &a->model->net->onnx;
    const char *name = a->model->net->name;
    const uint32_t reads = kao_analyser_reads(a);
    kao_mem *mem = &a->ctx->mem;
    char text[96];

    if (onnx->n_inputs != 1 || onnx->n_outputs < reads)
        return kao_fail(err, KAO_E_UNSUPPORTED, "%s: %u inputs and %u outputs", name,
                        onnx->n_inputs, onnx->n_outputs);
    if (!takes_chip(a))
        return kao_fail(err, KAO_E_UNSUPPORTED,
                        "%s: its input is not one picture of %d channel%s of %u x %u",
                        name, (int)channels_of(a), channels_of(a) == 1 ? "" : "s",
                        a->template.width, a->template.height);
    a->input =
        kao_calloc(mem, (size_t)channels_of(a) * a->template.width * a->template.height,
                   sizeof *a->input);
    if (!a->input)
        return kao_fail(err, KAO_E_NOMEM, "%s: out of memory", name);
    kao_status st = bind_input(a, err);

    if (!st)
        st = kao_session_prepare(a->session, err);
    for (uint32_t i = 0; !st && i < reads; i++) {
        const kao_tensor *t = kao_session_output(a->session, i);

        if (!fits(a, i))
            st = kao_fail(err, KAO_E_UNSUPPORTED,
                          "%s: output %u of shape %s is not what output.decode = %s "
                          "reads",
                          name, i, kao_dims_text(t->dims, t->rank, text, sizeof text),
                          a->decoder->word);
    }
    if (st || a->kind != KAO_ANALYSE_LANDMARKS)
        return st;
    a->n_points = (size_t)kao_tensor_count(kao_session_output(a->session, 0)) / 2;
    a->points = kao_calloc(mem, a->n_points, sizeof *a->points);
    return a->points ? KAO_OK : kao_fail(err, KAO_E_NOMEM, "%s: out of memory", name);
}

kao_status kao_analyser_create(kao_model *model, kao_analyser **out,
                               const kao_run_options *options, kao_error *err)
{
    if (out)
        *out = NULL;
    if (!model || !out)
        return kao_fail(err, KAO_E_ARG,
                        "analyser: no model or no place for the result");
    kao_analyser *a = kao_calloc(&model->ctx->mem, 1, sizeof *a);

    if (!a)
        return kao_fail(err, KAO_E_NOMEM, "%s: out of memory", model->net->name);
    a->ctx = model->ctx;
    a->model = kao_model_retain(model);
    a->pool = kao_pool_limited(a->ctx->pool, options ? options->n_threads : 0);
    const kao_session_options run = { .passes = KAO_PASS_ALL,
                                      .n_threads = options ? options->n_threads : 0,
                                      .cancel = options ? options->cancel : NULL };
    kao_status st = read_kind(a, err);

    if (!st)
        st = read_card(a, err);
    if (!st)
        st = kao_session_create(&a->session, model->net, &run, err);
    if (!st)
        st = probe(a, err);
    if (st) {
        kao_analyser_destroy(a);
        return st;
    }
    *out = a;
    return KAO_OK;
}

void kao_analyser_destroy(kao_analyser *a)
{
    if (!a)
        return;
    kao_mem *mem = &a->ctx->mem;

    kao_image_drop(mem, &a->chip);
    kao_free(mem, a->points);
    kao_free(mem, a->input);
    kao_session_destroy(a->session);
    kao_model_release(a->model);
    kao_free(mem, a);
}

kao_analysis_kind kao_analyser_kind(const kao_analyser *a)
{
    return a->kind;
}

const kao_model *kao_analyser_model(const kao_analyser *a)
{
    return a->model;
}

const kao_template *kao_analyser_template(const kao_analyser *a)
{
    return &a->template;
}

int kao_analyser_threshold(const kao_analyser *a, float *threshold)
{
    if (a->has_threshold)
        *threshold = a->threshold;
    return a->has_threshold;
}

/* ---- a face ---- */

/* The outputs of a run: their shapes may go by the picture, and are looked at each time. */
static kao_status check_numbers(const kao_analyser *a, kao_error *err)
{
    char text[96];

    for (uint32_t i = 0; i < kao_analyser_reads(a); i++) {
        const kao_tensor *t = kao_session_output(a->session, i);
        size_t n = 0;
        const float *v = kao_analyser_output(a, i, &n);

        if (!fits(a, i) || (a->points && n != 2 * a->n_points))
            return kao_fail(
                err, KAO_E_UNSUPPORTED,
                "%s: output %u of shape %s, another than when it was opened",
                a->model->net->name, i,
                kao_dims_text(t->dims, t->rank, text, sizeof text));
        for (size_t k = 0; k < n; k++)
            if (!isfinite(v[k]))
                return kao_fail(err, KAO_E_BAD_EMBEDDING,
                                "%s: gave numbers that are not finite",
                                a->model->net->name);
    }
    return KAO_OK;
}

/* What was decoded: numbers that were finite may pass a float's range in the picture's pixels. */
static kao_status check_decoded(const kao_analyser *a, const kao_analysis *out,
                                kao_error *err)
{
    bool ok = isfinite(out->quality) && isfinite(out->live) && isfinite(out->yaw) &&
              isfinite(out->pitch) && isfinite(out->roll);

    for (size_t i = 0; ok && i < out->n_points; i++)
        ok = isfinite(out->points[i].x) && isfinite(out->points[i].y);
    return ok ? KAO_OK
              : kao_fail(err, KAO_E_BAD_EMBEDDING,
                         "%s: gave numbers that pass a float's range",
                         a->model->net->name);
}

/* A probability is one: a logit would pass any threshold, or none. Sums may be rounded up. */
static kao_status check_live(const kao_analyser *a, kao_analysis *out, kao_error *err)
{
    if (out->live < -.001f || out->live > 1.001f)
        return kao_fail(err, KAO_E_UNSUPPORTED,
                        "%s: a probability of %g: wanted 0 to 1", a->model->net->name,
                        (double)out->live);
    out->live = fminf(fmaxf(out->live, 0), 1);
    return KAO_OK;
}

/* -180 to 180 */
static float wrapped(float degrees)
{
    return degrees <= -180 ? degrees + 360 : degrees > 180 ? degrees - 360 : degrees;
}

/* By how many degrees clockwise m, which scales, turns and moves, turns the picture. */
static float turn_of(const double m[6])
{
    return (float)(atan2(m[3], m[0]) * (180 / 3.14159265358979323846));
}

kao_status kao_analyse(kao_analyser *a, const kao_view *view, const kao_face *face,
                       kao_analysis *out, kao_error *err)
{
    double m[6];

    if (!a || !face || !out || out->size < sizeof *out)
        return kao_fail(err, KAO_E_ARG,
                        "analyse: no analyser, face or result whose size is set");
    kao_status st = kao_view_check(view, "picture", err);
    const bool by_box = kao_template_margin(&a->template) > 0;
    const uint32_t turned = by_box ? kao_face_turn(face) : 0;

    *out = (kao_analysis){ .size = sizeof *out, .kind = (uint32_t)a->kind };
    if (!st)
        st = by_box ? kao_crop_fit(face, &a->template, view, turned, m, err)
                    : kao_face_fit(face, &a->template, m, err);
    if (!st)
        st = kao_cut(&a->ctx->mem, &a->pool, view, m, &a->template, &a->chip, err);
    if (st)
        return st;
    const kao_view chip = kao_image_view(&a->chip);

    kao_view_to_tensor(&chip, &a->form, a->input);
    st = bind_input(a, err);
    if (!st)
        st = kao_session_run(a->session, err);
    if (!st)
        st = check_numbers(a, err);
    if (st)
        return st;
    a->decoder->decode(a, m, out);
    if (a->kind == KAO_ANALYSE_POSE)
        out->roll = wrapped(out->roll - (by_box ? (float)turned : turn_of(m)));
    st = check_decoded(a, out, err);
    if (!st)
        st = check_live(a, out, err);
    if (st)
        *out = (kao_analysis){ .size = sizeof *out, .kind = (uint32_t)a->kind };
    return st;
}
