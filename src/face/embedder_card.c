/* An embedder's card: what a chip is to be before the network sees it, and what its vectors are
 * compared by. */
#include "face/embedder.h"

#include <string.h>

#include "face/crop.h"
#include "image/grey.h"

enum { MAX_CHIP = KAO_GREY_MAX_SIDE /* pixels a side */ };

/* Colour, mean and scale. */
static kao_status read_form(kao_embedder *e, kao_error *err)
{
    static const char *const colors[] = { "rgb", "bgr", "grey" },
                             *const layouts[] = { "nchw" },
                             *const choices[] = { "no", "yes" };
    static const kao_tensor_order orders[] = { KAO_TENSOR_RGB, KAO_TENSOR_BGR,
                                               KAO_TENSOR_GREY };
    const kao_card *card = e->model->card;
    int color = 0, word = 0;
    kao_status st = kao_card_word(card, "input.color", colors, 3, &color, err);

    if (!st)
        st = kao_card_word(card, "input.layout", layouts, 1, &word, err);
    if (!st)
        st = kao_card_word(card, "input.equalize", choices, 2, &word, err);
    e->equalize = word == 1;
    e->form.order = orders[color];
    e->channels = e->form.order == KAO_TENSOR_GREY ? 1 : 3;
    if (!st)
        st = kao_card_floats(card, "input.mean", e->form.mean, e->channels, err);
    if (!st)
        st = kao_card_floats(card, "input.scale", e->form.scale, e->channels, err);
    return st;
}

/* What its vectors are compared by. */
static kao_status read_metric(kao_embedder *e, kao_error *err)
{
    static const char *const metrics[] = { "cosine", "euclidean" }, *const ttas[] = {
        "none", "concat", "sum"
    };
    const kao_card *card = e->model->card;
    int metric = 0, tta = KAO_TTA_NONE;
    float distance = 0;
    kao_status st = kao_card_word(card, "metric", metrics, 2, &metric, err);

    if (!st)
        st = kao_card_word(card, "tta", ttas, 3, &tta, err);
    if (!st)
        st = kao_card_share(card, "threshold.cosine", -1, &e->threshold, err);
    if (!st)
        st = kao_card_floats(card, "threshold.distance", &distance, 1, err);
    if (!st && !(distance >= 0 && distance <= 2))
        st = kao_fail(err, KAO_E_FORMAT, "card: threshold.distance = %g: wanted 0 to 2",
                      (double)distance);
    const char *said =
        kao_card_first_of(card, "threshold.cosine", "threshold.distance");

    e->euclidean = metric == 1;
    e->tta = (kao_tta)tta;
    e->has_threshold = said != NULL;
    if (said && strcmp(said, "threshold.distance") == 0)
        e->threshold = 1 - distance * distance / 2;
    return st;
}

/* What kao_embedder_usual_norm gives later, looked at before it is needed. */
static kao_status check_norm(const kao_embedder *e, kao_error *err)
{
    float usual[2] = { 0, 1 };
    const kao_status st = kao_card_each(e->model->card, "quality.norm", usual, 2, err);

    return st || usual[1] > 0
               ? st
               : kao_fail(err, KAO_E_FORMAT,
                          "card: quality.norm = %g %g: wanted a mean and a deviation "
                          "above 0",
                          (double)usual[0], (double)usual[1]);
}

/* Rounded as the sample's own two steps round: v / 127.5, then less 1. */
static kao_status fill_samples(kao_embedder *e, kao_error *err)
{
    double scale = 1;
    const kao_status st = kao_card_number(e->model->card, "input.scale", &scale, err);
    const float by = (float)(1 / scale), less = e->form.mean[0] / by;

    for (int v = 0; v < 256; v++)
        e->sample[v] = (float)v / by - less;
    return st;
}

static kao_status read_template(kao_embedder *e, kao_error *err)
{
    const kao_card *card = e->model->card;
    uint32_t width = 0, height = 0;
    kao_status st = kao_card_size(card, "input.size", &width, &height, err);

    if (!st && (width > MAX_CHIP || height > MAX_CHIP))
        st = kao_fail(err, KAO_E_LIMIT, "card: input.size = %ux%u, at most %d", width,
                      height, MAX_CHIP);
    if (!st)
        st = kao_card_template(card, width, height, &e->template, err);
    const bool grey = e->form.order == KAO_TENSOR_GREY;

    if (!st && e->template.whole && !grey)
        st = kao_fail(err, KAO_E_UNSUPPORTED,
                      "card: template = picture: with input.color = grey alone");
    if (!st && e->equalize && !e->template.whole)
        st = kao_fail(err, KAO_E_UNSUPPORTED,
                      "card: input.equalize: with template = picture alone");
    return !st && e->template.whole ? fill_samples(e, err) : st;
}

kao_status kao_embedder_read_card(kao_embedder *e, kao_error *err)
{
    const char *name = e->model->net->name;
    kao_status st = kao_card_require(e->model->card, "embedder", name, err);

    if (st)
        return st;
    st = read_form(e, err);
    if (!st)
        st = read_metric(e, err);
    if (!st)
        st = check_norm(e, err);
    if (!st)
        st = read_template(e, err);
    return st ? kao_error_prefix(err, st, "%s", name) : KAO_OK;
}
