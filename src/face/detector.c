/* kao_detector: opening one, and searching a picture as it lies and, where that finds nothing
 * sure, turned.
 *
 * A network trained on upright faces also answers for faces on their side or head, with a
 * lower score and points that are made up. So where the best face is doubtful, the coarse
 * passes look at the three other quarter turns. On 154 portraits turned by script the upright
 * one had the best score every time, with three detectors. Small masked faces in upright
 * photographs score a few hundredths more on their head in 4 of 280 pictures, so a better
 * score wins only if it is beyond doubt, or better by `clearly`. Then the picture is searched
 * whole in that turn.
 *
 * The coarse passes see nothing of small faces (60 pixels of 6000), upright or not. So of a doubtful
 * face that is small the one tile is looked at in each turn, too, in which it was found. */
#include "kao/detector.h"

#include <string.h>

#include "face/detector_family.h"
#include "face/model.h"

enum { CANDIDATES_MAX = 5000 }; /* of one pass: the best stay (OpenCV's topK) */

static const float clearly = 0.1f;

/* ---- opening ---- */

static kao_status read_card(kao_detector *d, kao_error *err)
{
    static const char *const colors[] = { "rgb", "bgr" },
                             *const layouts[] = { "nchw", "nhwc", "nwhc" },
                             *const fits[] = { "pad", "letterbox", "stretch" };
    const kao_card *card = d->model->card;
    const char *family = kao_card_get(card, "family"), *name = d->model->net->name;
    kao_status st = kao_card_require(card, "detector", name, err);
    int color = 0, layout = 0, fit = 0;
    float fill = 0;

    if (st)
        return st;
    d->family = kao_detector_family_find(family);
    if (!d->family)
        return kao_fail(err, KAO_E_UNSUPPORTED, "%s: detector family \"%.40s\"", name,
                        family);
    if (!d->family->recognise(d->model->net, &d->heads))
        return kao_fail(err, KAO_E_UNSUPPORTED,
                        "%s: its outputs are not those of the family %s", name, family);
    color = strcmp(d->family->color, "bgr") == 0;
    d->min_score = d->family->min_score;
    d->nms = d->family->nms;
    layout = (int)d->family->layout;
    fit = (int)d->family->fit;
    fill = d->family->fill;
    for (int i = 0; i < 3; i++) {
        d->form.mean[i] = d->family->mean[i];
        d->form.scale[i] = d->family->scale;
    }
    st = kao_card_word(card, "input.color", colors, 2, &color, err);
    if (!st)
        st = kao_card_word(card, "input.layout", layouts, 3, &layout, err);
    if (!st)
        st = kao_card_word(card, "input.resize", fits, 3, &fit, err);
    if (!st)
        st = kao_card_floats(card, "input.fill", &fill, 1, err);
    if (!st && !(fill >= 0 && fill <= 255))
        st = kao_fail(err, KAO_E_FORMAT, "card: input.fill = %g: wanted 0 to 255",
                      (double)fill);
    if (!st && d->heads.n_anchor)
        st = kao_card_each(card, "anchors", d->heads.anchor, d->heads.n_anchor, err);
    if (!st)
        st = kao_card_floats(card, "input.mean", d->form.mean, 3, err);
    if (!st)
        st = kao_card_floats(card, "input.scale", d->form.scale, 3, err);
    if (!st)
        st = kao_card_share(card, "threshold.score", 0, &d->min_score, err);
    if (!st)
        st = kao_card_share(card, "threshold.nms", 0, &d->nms, err);
    d->form.order = color ? KAO_TENSOR_BGR : KAO_TENSOR_RGB;
    d->layout = (kao_layout)layout;
    d->fit = (kao_fit)fit;
    d->fill = st ? 0 : (uint8_t)fill;
    return st ? kao_error_prefix(err, st, "%s", name) : KAO_OK;
}

/* The size of the network's input: what the file states, or else its outputs, or the card. */
static kao_status read_size(kao_detector *d, int64_t width, int64_t height,
                            kao_error *err)
{
    const int64_t step = d->family->passes.step;
    const char *name = d->model->net->name,
               *source = kao_card_source(d->model->card, "input.size");
    uint32_t w = 0, h = 0;

    if ((width > 0) != (height > 0))
        return kao_fail(err, KAO_E_UNSUPPORTED, "%s: one side of its input is free",
                        name);
    if (width <= 0) {
        width = d->heads.width;
        height = d->heads.height;
    }
    const kao_status st = kao_card_size(d->model->card, "input.size", &w, &h, err);

    if (st)
        return kao_error_prefix(err, st, "%s", name);
    if (width <= 0) {
        width = w;
        height = h;
    } else if (w && strcmp(source, "structure") != 0 && (w != width || h != height)) {
        return kao_fail(err, KAO_E_UNSUPPORTED,
                        "%s: card: input.size = %ux%u: its file takes %lldx%lld alone",
                        name, w, h, (long long)width, (long long)height);
    }
    if (width > 16384 || height > 16384 || width % step || height % step)
        return kao_fail(err, KAO_E_UNSUPPORTED,
                        "%s: its input's sides are not multiples of %lld", name,
                        (long long)step);
    if (width == 0 && d->fit == KAO_FIT_STRETCH)
        return kao_fail(err, KAO_E_UNSUPPORTED,
                        "%s: input.resize = stretch needs an input.size", name);
    d->fixed_width = (uint32_t)width;
    d->fixed_height = (uint32_t)height;
    return KAO_OK;
}

static kao_status read_input(kao_detector *d, kao_error *err)
{
    static const struct {
        uint8_t channels, height, width;
    } at[] = {
        [KAO_NCHW] = { 1, 2, 3 }, [KAO_NHWC] = { 3, 1, 2 }, [KAO_NWHC] = { 3, 2, 1 }
    };
    const kao_onnx_input *in = &d->model->net->onnx.inputs[0];
    const uint8_t channels = at[d->layout].channels;

    if (in->rank != 4 || in->dims[channels] != 3 || in->dtype != KAO_F32 ||
        in->dims[0] > 1)
        return kao_fail(err, KAO_E_UNSUPPORTED,
                        "%s: its input is not one picture of 3 channels",
                        d->model->net->name);
    return read_size(d, in->dims[at[d->layout].width], in->dims[at[d->layout].height],
                     err);
}

kao_status kao_detector_create(kao_model *model, kao_detector **out,
                               const kao_run_options *options, kao_error *err)
{
    if (out)
        *out = NULL;
    if (!model || !out)
        return kao_fail(err, KAO_E_ARG,
                        "detector: no model or no place for the result");
    kao_mem *mem = &model->ctx->mem;
    kao_detector *d = kao_calloc(mem, 1, sizeof *d);

    if (!d)
        return kao_fail(err, KAO_E_NOMEM, "%s: out of memory", model->net->name);
    d->ctx = model->ctx;
    d->model = kao_model_retain(model);
    d->pass = (kao_face_list){ .mem = mem, .limit = CANDIDATES_MAX };
    d->found = (kao_face_list){ .mem = mem };
    d->kept = (kao_face_list){ .mem = mem };
    const kao_session_options run = { .passes = KAO_PASS_ALL,
                                      .n_threads = options ? options->n_threads : 0,
                                      .cancel = options ? options->cancel : NULL };
    kao_status st = read_card(d, err);

    if (!st)
        st = read_input(d, err);
    if (!st)
        st = kao_session_create(&d->session, model->net, &run, err);
    if (!st && d->family->open)
        st = d->family->open(d, &run, err);
    if (!st)
        st = kao_pyramid_create(d->ctx, &d->own, err);
    d->n_threads = run.n_threads;
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

    if (d->cascade)
        d->family->close(d);
    kao_face_list_fini(&d->pass);
    kao_face_list_fini(&d->found);
    kao_face_list_fini(&d->kept);
    kao_pyramid_destroy(d->own);
    kao_free(mem, d->input);
    kao_session_destroy(d->session);
    kao_model_release(d->model);
    kao_free(mem, d);
}

const kao_model *kao_detector_model(const kao_detector *d)
{
    return d->model;
}

uint32_t kao_detector_points(const kao_detector *d)
{
    return d->family->n_points;
}

/* ---- searching ---- */

static float best_score(const kao_detector *d)
{
    return d->found.n ? d->found.faces[0].score : 0;
}

static void swap_lists(kao_detector *d)
{
    const kao_face_list found = d->found;

    d->found = d->kept;
    d->kept = found;
}

/* As it lies, then turned if that may help. */
static kao_status search(kao_detector *d, kao_hunt *h, bool upright, kao_error *err)
{
    kao_status st = d->family->find(d, h, err);
    const float as_it_lies = st ? 0 : best_score(d);
    float best = as_it_lies;

    if (st || upright || best >= d->family->doubt)
        return st;
    kao_hunt look = *h;

    look.main_at_most = true;
    swap_lists(d);
    if (!h->main_at_most && d->kept.n)
        look.near = &d->kept.faces[0];
    for (look.turned = 90; !st && look.turned < 360; look.turned += 90) {
        st = d->family->find(d, &look, err);
        const float score = st ? 0 : best_score(d);

        if (score > best &&
            (score >= d->family->doubt || score > as_it_lies + clearly)) {
            best = score;
            h->turned = look.turned;
        }
    }
    if (!st && h->turned)
        return d->family->find(d, h, err);
    swap_lists(d);
    return st;
}

static kao_status check_options(const kao_detect_options *o, kao_error *err)
{
    if ((o->size && o->size < sizeof *o) || (unsigned)o->search > KAO_SEARCH_QUICK ||
        !(o->min_score >= 0 && o->min_score <= 1))
        return kao_fail(err, KAO_E_ARG, "detect: bad options");
    return KAO_OK;
}

/* Fields that the caller does not know of are left alone. */
static void give(const kao_detector *d, uint32_t turned, kao_faces *faces)
{
    faces->face_size = sizeof(kao_face);
    faces->n = d->found.n;
    faces->first = d->found.faces;
    faces->turned = turned;
}

kao_status kao_detect(kao_detector *d, const kao_view *view,
                      const kao_detect_options *options, kao_faces *faces,
                      kao_error *err)
{
    static const kao_detect_options defaults = { 0 };
    const kao_detect_options *o = options ? options : &defaults;

    if (!faces || faces->size < sizeof *faces)
        return kao_fail(err, KAO_E_ARG, "detect: a result whose size is not set");
    faces->n = 0;
    if (!d)
        return kao_fail(err, KAO_E_ARG, "detect: no detector");
    kao_status st = kao_view_check(view, "picture", err);

    if (!st)
        st = check_options(o, err);
    if (!st && !o->pyramid)
        st = kao_pyramid_set(d->own, view, err);
    if (!st && o->pyramid && !kao_pyramid_shows(o->pyramid, view))
        st = kao_fail(err, KAO_E_ARG, "detect: the pyramid is of another picture");
    if (st)
        return st;
    kao_hunt h = { .pyramid = o->pyramid ? o->pyramid : d->own,
                   .min_score = o->min_score > 0 ? o->min_score : d->min_score,
                   .search = o->search,
                   .main_at_most = o->search == KAO_SEARCH_QUICK };

    kao_pyramid_set_threads(h.pyramid, d->n_threads); /* of one shared, too */
    st = search(d, &h, o->upright, err);
    if (!st)
        give(d, h.turned, faces);
    return st;
}
