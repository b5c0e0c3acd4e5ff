/* Calibration curves from cards, looked up; identities of embedders; where a card is looked
 * for. */
#include "support/unit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "face/model.h"
#include "support/fixture.h"

static const char curves[] = "calibration.none = 0.2:-1 0.4:-3 0.5:-4 0.7:-6~\n"
                             "calibration.none.old people = 0.3:-1 0.5:-2\n"
                             "calibration.none.young = 0.1:-2.5 0.2:-3\n"
                             "calibration.concat = 0.25:-1 0.35:-3\n"
                             "calibration.sum = 0.1875:-2~ 0.5:-4.5~\n";

/* A model whose card is the sidecar's text. */
static kao_status open_with(fixture *f, const char *text, kao_model **m)
{
    char path[400];

    snprintf(path, sizeof path, "%s.card", f->embedder);
    write_file(path, text, strlen(text));
    const kao_status st = kao_model_open(f->ctx, m, f->embedder, &f->err);

    unlink(path);
    return st;
}

static void thresholds(void **state)
{
    /* straight lines in log10(FAR), by hand */
    static const struct {
        kao_tta tta;
        double far;
        const char *group;
        bool known;
        double similarity;
        uint32_t extrapolated;
    } rows[] = {
        { KAO_TTA_NONE, .1, NULL, true, .2, 0 },
        { KAO_TTA_NONE, .01, NULL, true, .3, 0 },
        { KAO_TTA_NONE, .001, "", true, .4, 0 },
        { KAO_TTA_NONE, 1e-4, NULL, true, .5, 0 },
        { KAO_TTA_NONE, 1e-5, NULL, true, .6, 1 },
        { KAO_TTA_NONE, 1e-6, NULL, true, .7, 1 },
        { KAO_TTA_NONE, 1e-7, NULL, false, 0, 0 },
        { KAO_TTA_NONE, .5, NULL, false, 0, 0 },
        { KAO_TTA_NONE, 0, NULL, false, 0, 0 },
        { KAO_TTA_NONE, 1, NULL, false, 0, 0 },
        { KAO_TTA_NONE, (double)NAN, NULL, false, 0, 0 },
        { KAO_TTA_NONE, .031622776601683791, "old people", true, .4, 0 },
        { KAO_TTA_NONE, .001, "old people", false, 0, 0 },
        /* the float nearest to .2 is above it */
        { KAO_TTA_NONE, .001, "young", true, .2, 0 },
        { KAO_TTA_NONE, .001, "nobody", false, 0, 0 },
        { KAO_TTA_CONCAT, .01, NULL, true, .3, 0 },
        { KAO_TTA_CONCAT, .01, "young", false, 0, 0 },
        { KAO_TTA_SUM, .01, NULL, true, .1875, 1 },
        { KAO_TTA_SUM, .001, NULL, true, .3125, 1 },
        { KAO_TTA_SUM, .1, NULL, false, 0, 0 },
    };
    fixture *f = *state;
    kao_model *m = NULL;
    kao_embedder *e = NULL;

    assert_int_equal(open_with(f, curves, &m), KAO_OK);
    assert_int_equal(kao_embedder_create(m, &e, NULL, NULL), KAO_OK);
    kao_model_release(m);
    const kao_calibration *c = kao_embedder_calibration(e);

    for (size_t i = 0; i < COUNT(rows); i++) {
        kao_rate rate = { .size = sizeof rate, .far = 7, .similarity = 7 }, back = rate;
        const int known = kao_calibration_threshold(c, rows[i].tta, rows[i].far,
                                                    rows[i].group, &rate);

        assert_int_equal(known, rows[i].known);
        if (!known) {
            assert_true(rate.far == 7 && rate.similarity == 7);
            continue;
        }
        assert_true(fabs((double)rate.similarity - rows[i].similarity) < 1e-6);
        assert_true(fabs(rate.far / rows[i].far - 1) < 1e-9);
        assert_int_equal(rate.extrapolated, rows[i].extrapolated);
        /* and back: the threshold's own rate, at the curve's ends too */
        assert_true(
            kao_calibration_far(c, rows[i].tta, rate.similarity, rows[i].group, &back));
        assert_true(fabs(back.far / rows[i].far - 1) < 1e-6);
        assert_int_equal(back.extrapolated, rows[i].extrapolated);
    }
    kao_rate small = { .size = offsetof(kao_rate, bound) - 1 }, first = { .size = 0 };

    assert_false(kao_calibration_far(c, KAO_TTA_NONE, .5f, NULL, &small));
    assert_false(kao_calibration_threshold(c, KAO_TTA_NONE, .01, NULL, &small));
    assert_true(kao_calibration_far(c, KAO_TTA_NONE, .5f, NULL, &first));
    assert_true(first.far > 0);
    assert_false(kao_calibration_far(c, KAO_TTA_NONE, .19f, NULL, &(kao_rate){ 0 }));
    assert_false(kao_calibration_far(c, KAO_TTA_NONE, .71f, NULL, &(kao_rate){ 0 }));
    assert_false(kao_calibration_far(c, KAO_TTA_NONE, NAN, NULL, &(kao_rate){ 0 }));
    assert_string_equal(kao_calibration_group(c, KAO_TTA_NONE, 0), "old people");
    assert_string_equal(kao_calibration_group(c, KAO_TTA_NONE, 1), "young");
    assert_null(kao_calibration_group(c, KAO_TTA_NONE, 2));
    assert_null(kao_calibration_group(c, KAO_TTA_CONCAT, 0));
    kao_embedder_destroy(e);
}

/* Beyond a curve's ends: nothing for a caller that knows no bounds, else the end's own rate. */
static void bounds(void **state)
{
    static const struct {
        float similarity;
        int32_t bound;
        double far;
        uint32_t extrapolated;
    } rows[] = {
        { .1f, -1, .1, 0 },  { .2f, 0, .1, 0 },    { .3f, 0, .01, 0 },
        { .7f, 0, 1e-6, 1 }, { .71f, 1, 1e-6, 1 }, { 1, 1, 1e-6, 1 },
    };
    fixture *f = *state;
    kao_model *m = NULL;
    kao_embedder *e = NULL;

    assert_int_equal(open_with(f, curves, &m), KAO_OK);
    assert_int_equal(kao_embedder_create(m, &e, NULL, NULL), KAO_OK);
    kao_model_release(m);
    const kao_calibration *c = kao_embedder_calibration(e);

    for (size_t i = 0; i < COUNT(rows); i++) {
        kao_rate rate = { .size = sizeof rate, .bound = 7 }, small = { .size = 0 };

        assert_true(
            kao_calibration_far(c, KAO_TTA_NONE, rows[i].similarity, NULL, &rate));
        assert_int_equal(rate.bound, rows[i].bound);
        assert_true(fabs(rate.far / rows[i].far - 1) < 1e-6);
        assert_int_equal(rate.extrapolated, rows[i].extrapolated);
        assert_int_equal(
            kao_calibration_far(c, KAO_TTA_NONE, rows[i].similarity, NULL, &small),
            rows[i].bound == 0);
    }
    kao_embedder_destroy(e);
}

/* Of "old people" and "young": whose strangers look most alike, and where nobody counted. */
static void worst_groups(void **state)
{
    static const struct {
        float similarity;
        double far;
        const char *group;
        int32_t bound;
    } rows[] = {
        /* old people's curve begins at .3 with a tenth: below, they are more, and the young, who
         * are counted there, are not the worst */
        { .05f, .1, "old people", -1 }, { .15f, .1, "old people", -1 },
        { .3f, .1, "old people", 0 },   { .4f, .0316227766, "old people", 0 },
        { .5f, .01, "old people", 0 },  { .6f, 0, NULL, 0 },
    };
    fixture *f = *state;
    kao_model *m = NULL;
    kao_embedder *e = NULL;

    assert_int_equal(open_with(f, curves, &m), KAO_OK);
    assert_int_equal(kao_embedder_create(m, &e, NULL, NULL), KAO_OK);
    kao_model_release(m);
    const kao_calibration *c = kao_embedder_calibration(e);
    const char *group = NULL;
    kao_rate rate = { .size = sizeof rate };

    for (size_t i = 0; i < COUNT(rows); i++) {
        const int known =
            kao_calibration_worst(c, KAO_TTA_NONE, rows[i].similarity, &rate, &group);

        assert_int_equal(known, rows[i].group != NULL);
        if (!known)
            continue;
        assert_string_equal(group, rows[i].group);
        assert_true(fabs(rate.far / rows[i].far - 1) < 1e-5);
        assert_int_equal(rate.bound, rows[i].bound);
        /* who knows no bounds is told none */
        assert_int_equal(kao_calibration_worst(c, KAO_TTA_NONE, rows[i].similarity,
                                               &(kao_rate){ .size = 0 }, NULL),
                         rows[i].bound == 0);
    }
    /* no rate is in both curves: that of old people ends at .01, the young begin below */
    assert_false(kao_calibration_worst_threshold(c, KAO_TTA_NONE, .01, &rate, &group));
    assert_false(
        kao_calibration_worst_threshold(c, KAO_TTA_CONCAT, .01, &rate, &group));
    assert_false(kao_calibration_worst(c, KAO_TTA_CONCAT, .3f, &rate, &group));
    kao_embedder_destroy(e);
}

static const char beside[] = "calibration.none = 0.2:-1 0.4:-3\n"
                             "calibration.none.a = 0.3:-1 0.5:-3\n"
                             "calibration.none.b = 0.35:-1 0.45:-3\n"
                             "likelihood.none = 20 -8 5\n"
                             "calibrated.none = a set; 1,000 pairs\n";

static void what_stands_beside(void **state)
{
    static const struct {
        float similarity;
        double log_ratio;
    } rows[] = { { .4f, 0 }, { .5f, 2 }, { .9f, 5 }, { -.9f, -5 } };
    fixture *f = *state;
    kao_model *m = NULL;
    kao_embedder *e = NULL;

    assert_int_equal(open_with(f, beside, &m), KAO_OK);
    assert_int_equal(kao_embedder_create(m, &e, NULL, NULL), KAO_OK);
    kao_model_release(m);
    const kao_calibration *c = kao_embedder_calibration(e);
    kao_rate rate = { .size = sizeof rate };
    const char *group = NULL;
    double z = 7;

    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_true(
            kao_calibration_likelihood(c, KAO_TTA_NONE, rows[i].similarity, &z));
        assert_true(fabs(z - rows[i].log_ratio) < 1e-6);
    }
    assert_false(kao_calibration_likelihood(c, KAO_TTA_SUM, .4f, &z));
    assert_false(kao_calibration_likelihood(c, KAO_TTA_NONE, NAN, &z));
    assert_string_equal(kao_calibration_source(c, KAO_TTA_NONE), "a set; 1,000 pairs");
    assert_null(kao_calibration_source(c, KAO_TTA_SUM));
    /* where two begin with the same rate, the one that begins later is the worse */
    assert_true(kao_calibration_worst(c, KAO_TTA_NONE, .2f, &rate, &group));
    assert_string_equal(group, "b");
    assert_int_equal(rate.bound, -1);
    /* at .1 group b needs the higher similarity, at .001 group a */
    assert_true(kao_calibration_worst_threshold(c, KAO_TTA_NONE, .1, &rate, &group));
    assert_string_equal(group, "b");
    assert_true(fabsf(rate.similarity - .35f) < 1e-6f);
    assert_true(kao_calibration_worst_threshold(c, KAO_TTA_NONE, .001, &rate, &group));
    assert_string_equal(group, "a");
    assert_true(fabsf(rate.similarity - .5f) < 1e-6f);
    kao_embedder_destroy(e);
}

static const char same[] = "calibration.none = 0.2:-1 0.4:-3\n"
                           "same.none = 400  0.2:0.025 0.4:0.125 0.5:0.5 0.9:0.95\n"
                           "same.sum = 2 -1:0 1:1\n";

/* The same person's pairs: straight lines between the points, by hand; bounds beyond them. */
static void same_pairs(void **state)
{
    static const struct {
        float similarity;
        double share;
        int32_t bound;
    } rows[] = { { -1, .025, 1 },   { .19f, .025, 1 }, { .2f, .025, 0 },
                 { .3f, .075, 0 },  { .4f, .125, 0 },  { .475f, .40625, 0 },
                 { .5f, .5, 0 },    { .7f, .725, 0 },  { .9f, .95, 0 },
                 { .91f, .95, -1 }, { 1, .95, -1 } };
    fixture *f = *state;
    kao_model *m = NULL;
    kao_embedder *e = NULL;

    assert_int_equal(open_with(f, same, &m), KAO_OK);
    assert_int_equal(kao_embedder_create(m, &e, NULL, NULL), KAO_OK);
    kao_model_release(m);
    const kao_calibration *c = kao_embedder_calibration(e);
    double share = 7;
    int32_t bound = 7;
    float similarity = 7;

    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_true(kao_calibration_same_below(c, KAO_TTA_NONE, rows[i].similarity,
                                               &share, &bound));
        assert_true(fabs(share - rows[i].share) < 1e-6);
        assert_int_equal(bound, rows[i].bound);
    }
    assert_true(kao_calibration_same_below(c, KAO_TTA_SUM, .5f, &share, NULL));
    assert_true(fabs(share - .75) < 1e-9);
    assert_int_equal(kao_calibration_same_pairs(c, KAO_TTA_NONE), 400);
    assert_int_equal(kao_calibration_same_pairs(c, KAO_TTA_SUM), 2);
    assert_true(kao_calibration_same_point(c, KAO_TTA_NONE, 3, &similarity, &share));
    assert_true(fabsf(similarity - .9f) < 1e-6f && fabs(share - .95) < 1e-9);
    /* what is not there */
    share = 7;
    assert_false(kao_calibration_same_point(c, KAO_TTA_NONE, 4, &similarity, &share));
    assert_false(kao_calibration_same_point(c, KAO_TTA_CONCAT, 0, &similarity, &share));
    assert_false(kao_calibration_same_below(c, KAO_TTA_CONCAT, .5f, &share, &bound));
    assert_false(kao_calibration_same_below(c, KAO_TTA_NONE, NAN, &share, &bound));
    assert_false(kao_calibration_same_below(c, KAO_TTA_NONE, .5f, NULL, &bound));
    assert_false(kao_calibration_same_below(c, (kao_tta)7, .5f, &share, &bound));
    assert_false(kao_calibration_same_below(NULL, KAO_TTA_NONE, .5f, &share, &bound));
    assert_int_equal(kao_calibration_same_pairs(c, KAO_TTA_CONCAT), 0);
    assert_int_equal(kao_calibration_same_pairs(NULL, KAO_TTA_NONE), 0);
    assert_true(share == 7);
    kao_embedder_destroy(e);
}

static void curves_that_are_none(void **state)
{
    static const struct {
        const char *text, *message;
    } rows[] = {
        { "calibration.none = 0.2:-1\n", "calibration.none" }, /* one point */
        { "calibration.none = \n", "calibration.none" },
        { "calibration.none = 0.2:-1 0.2:-2\n", "calibration.none" },
        { "calibration.none = 0.2:-1 0.3:-1\n", "calibration.none" },
        { "calibration.none = 0.2:1 0.3:-1\n", "calibration.none" },
        { "calibration.none = 0.2:-1 1.3:-2\n", "calibration.none" },
        { "calibration.none = 0.2:-1 0.3:-301\n",
          "calibration.none" }, /* a rate of 0 */
        { "calibration.none = 0.2:-1~ 0.3:-2\n", "calibration.none" },
        { "calibration.none = 0.2:-1, 0.3:-2\n", "calibration.none" },
        { "calibration.none = 0.2 -1 0.3 -2\n", "calibration.none" },
        { "calibration.none = 0.2:-1 0.3:nan\n", "calibration.none" },
        { "likelihood.none = 20 -8\n", "likelihood.none" },
        { "likelihood.none = 20 -8 5 1\n", "likelihood.none" },
        { "likelihood.none = 0 -8 5\n", "likelihood.none" },
        { "likelihood.none = 20 -8 -5\n", "likelihood.none" },
        { "likelihood.none = 20 -8 701\n", "likelihood.none" }, /* e^710 is none */
        { "same.none = 400\n", "same.none" },
        { "same.none = 400 0.2:0.1\n", "same.none" }, /* one point */
        { "same.none = 0.2:0.1 0.3:0.2\n", "wanted the number of pairs" },
        { "same.none = 0 0.2:0.1 0.3:0.2\n", "same.none" },
        { "same.none = 1.5 0.2:0.1 0.3:0.2\n", "same.none" },
        { "same.none = 1e16 0.2:0.1 0.3:0.2\n", "same.none" },
        { "same.none = -4 0.2:0.1 0.3:0.2\n", "same.none" },
        { "same.none = 400 0.2:0.1 0.2:0.2\n", "same.none" },
        { "same.none = 400 0.3:0.1 0.2:0.2\n", "same.none" },
        { "same.none = 400 0.2:0.2 0.3:0.2\n", "same.none" },
        { "same.none = 400 0.2:0.2 0.3:0.1\n", "same.none" },
        { "same.none = 400 -1.1:0.1 0.3:0.2\n", "same.none" },
        { "same.none = 400 0.2:0.1 1.01:0.2\n", "same.none" },
        { "same.none = 400 0.2:-0.1 0.3:0.2\n", "same.none" },
        { "same.none = 400 0.2:0.1 0.3:1.2\n", "same.none" },
        { "same.none = 400 0.2:nan 0.3:0.2\n", "same.none" },
        { "same.none = 400 inf:0.1 0.3:0.2\n", "same.none" },
        { "same.none = 400 0.2:0.1~ 0.3:0.2\n", "same.none" },
        { "same.none = 400 0.2:0.1, 0.3:0.2\n", "same.none" },
        { "same.none.young = 400 0.2:0.1 0.3:0.2\n", "unknown key" },
        { "same.some = 400 0.2:0.1 0.3:0.2\n", "unknown key" },
        { "likelihood.none.young = 20 -8 5\n", "unknown key" },
        { "calibrated.some = text\n", "unknown key" },
        { "calibration.some = 0.2:-1 0.3:-2\n", "unknown key" },
        { "calibration.none. = 0.2:-1 0.3:-2\n", "unknown key" },
        { "calibration = 0.2:-1 0.3:-2\n", "unknown key" },
        { "calibration.none.\x1b[31mred = 0.2:-1 0.3:-2\n", "none.?[31mred\"" },
        { "calibration.none.\xc2\x9b = 0.2:-1 0.3:-2\n", "none.??\"" },
        { "calibration.none.\xff = 0.2:-1 0.3:-2\n", "none.?\"" },
    };
    fixture *f = *state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        kao_model *m = (kao_model *)1;

        assert_int_equal(open_with(f, rows[i].text, &m), KAO_E_FORMAT);
        assert_null(m);
        if (!strstr(f->err.msg, rows[i].message))
            fail_msg("row %zu: %s", i, f->err.msg);
    }
}

/* 64 points are read, one more is refused. */
static void points_at_the_limit(void **state)
{
    fixture *f = *state;
    char text[2000];

    for (int n = 64; n <= 65; n++) {
        kao_model *m = NULL;
        size_t k = (size_t)snprintf(text, sizeof text, "same.none = 9");

        for (int i = 0; i < n; i++)
            k += (size_t)snprintf(text + k, sizeof text - k, " 0.%03d:0.%03d", 100 + i,
                                  200 + i);
        snprintf(text + k, sizeof text - k, "\n");
        assert_int_equal(open_with(f, text, &m), n == 64 ? KAO_OK : KAO_E_FORMAT);
        kao_model_release(m);
    }
}

/* ---- identities ---- */

static void id_of(fixture *f, const char *card, kao_tta tta, char id[KAO_ID_BYTES])
{
    kao_model *m = NULL;
    kao_embedder *e = NULL;

    assert_int_equal(open_with(f, card, &m), KAO_OK);
    assert_int_equal(kao_embedder_create(m, &e, NULL, NULL), KAO_OK);
    assert_int_equal(kao_embedder_id(e, tta, id, NULL), KAO_OK);
    kao_embedder_destroy(e);
    kao_model_release(m);
}

/* Equal where vectors may be compared, different where they may not. */
static void identities(void **state)
{
    static const struct {
        const char *card;
        kao_tta tta;
        int like; /* the row that it is equal to, or its own */
    } rows[] = {
        { "", KAO_TTA_NONE, 0 },
        { "name = another name\nthreshold.cosine = 0.1\n", KAO_TTA_NONE, 0 },
        { "", KAO_TTA_CONCAT, 2 },
        { "", KAO_TTA_SUM, 3 },
        { "input.mean = 1\n", KAO_TTA_NONE, 4 },
        { "input.scale = 2\n", KAO_TTA_NONE, 5 },
        { "input.color = bgr\n", KAO_TTA_NONE, 6 },
        { "input.color = rgb\n", KAO_TTA_NONE, 0 },
        { same, KAO_TTA_NONE, 0 },
        { same, KAO_TTA_SUM, 3 },
    };
    fixture *f = *state;
    char ids[COUNT(rows)][KAO_ID_BYTES];

    for (size_t i = 0; i < COUNT(rows); i++) {
        id_of(f, rows[i].card, rows[i].tta, ids[i]);
        assert_int_equal(strlen(ids[i]), 64);
        assert_int_equal(strspn(ids[i], "0123456789abcdef"), 64);
        for (size_t k = 0; k < i; k++)
            assert_int_equal(strcmp(ids[i], ids[k]) == 0, rows[i].like == rows[k].like);
    }
}

/* Weights beside the model file: other weights, another identity. */
static void identity_of_external_weights(void **state)
{
    static const char card[] =
        "kind = embedder\ninput.color = rgb\ninput.mean = 0\ninput.scale = 1\n"
        "input.size = 32\ntemplate = arcface-112\n";
    static const float weights[3][6] = { { 1, 2, 3, 4, 5, 6 },
                                         { 1, 2, 3, 4, 5, 7 },
                                         { 1, 2, 3, 4, 5, 6 } };
    fixture *f = *state;
    char ids[3][KAO_ID_BYTES];

    for (size_t i = 0; i < 3; i++) {
        pb data = { 0 }, text = { 0 }, entry = { 0 }, tensor = { 0 };
        kao_model *m = NULL;
        kao_embedder *e = NULL;
        graph g;

        pb_raw(&data, weights[i], sizeof weights[i]);
        fixture_file(f, "w.bin", &data);
        pb_raw(&text, card, sizeof card - 1);
        fixture_file(f, "m.onnx.card", &text);
        graph_init(&g, 13);
        graph_input(&g, "x", KAO_F32, "?,3,32,32");
        pb_str(&entry, 1, "location");
        pb_str(&entry, 2, "w.bin");
        pb_str(&tensor, 8, "w");
        pb_int(&tensor, 2, KAO_F32);
        pb_int(&tensor, 1, 3);
        pb_int(&tensor, 1, 2);
        pb_sub(&tensor, 13, &entry);
        pb_int(&tensor, 14, 1);
        pb_sub(&g.nodes, 5, &tensor);
        graph_node(&g, "GlobalAveragePool", "x", "p", "");
        graph_node(&g, "Flatten", "p", "f", "");
        graph_node(&g, "MatMul", "f w", "y", "");
        graph_output(&g, "y", KAO_F32, NULL);
        pb file = graph_file(&g);

        assert_int_equal(
            kao_model_open(f->ctx, &m, fixture_file(f, "m.onnx", &file), &f->err),
            KAO_OK);
        assert_int_equal(kao_embedder_create(m, &e, NULL, &f->err), KAO_OK);
        for (int again = 0; again < 2; again++)
            assert_int_equal(kao_embedder_id(e, KAO_TTA_NONE, ids[i], NULL), KAO_OK);
        kao_embedder_destroy(e);
        kao_model_release(m);
    }
    assert_string_not_equal(ids[0], ids[1]);
    assert_string_equal(ids[0], ids[2]);
}

/* ---- where a card is looked for ---- */

/* A file of a size that a built-in card names is hashed, unless its own card says all. */
static void no_hash_without_need(void **state)
{
    static const char complete[] =
        "kind = embedder\ninput.color = rgb\ninput.mean = 0\ninput.scale = 1\n"
        "template = arcface-112\n";
    static const struct {
        const char *card;
        bool hashed;
    } rows[] = {
        { "", true },
        { "kind = embedder\n", true },
        { "kind = detector\n", true },
        { complete, false }, /* the file states its size */
        { "kind = detector\nfamily = yunet\n", false },
    };
    fixture *f = *state;
    graph g;

    graph_init(&g, 13);
    graph_input(&g, "x", KAO_F32, "1,3,112,112");
    graph_node(&g, "Identity", "x", "y", "");
    graph_output(&g, "y", KAO_F32, NULL);
    pb file = graph_file(&g);
    static uint8_t bytes[1 << 20];
    const size_t n = kao_builtin_cards[0].bytes;

    /* a field that no reader knows (number 2047, bytes) fills it up to that size */
    assert_true(n > file.n + 8 && n < sizeof bytes);
    const size_t rest = n - file.n - 6;

    memcpy(bytes, file.p, file.n);
    memcpy(bytes + file.n,
           (uint8_t[6]){ 0xfa, 0x7f, (uint8_t)(rest & 127) | 128,
                         (uint8_t)(rest >> 7 & 127) | 128,
                         (uint8_t)(rest >> 14 & 127) | 128, 0 },
           6);
    for (size_t i = 0; i < COUNT(rows); i++) {
        kao_model *m = NULL;

        assert_int_equal(
            kao_model_open_bytes(f->ctx, &m, bytes, n, "filled", rows[i].card, &f->err),
            KAO_OK);
        assert_int_equal(m->sha256[0] != '\0', rows[i].hashed);
        assert_string_equal(kao_model_name(m), "filled");
        kao_model_release(m);
    }
    pb_free(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(thresholds),
        cmocka_unit_test(bounds),
        cmocka_unit_test(worst_groups),
        cmocka_unit_test(what_stands_beside),
        cmocka_unit_test(same_pairs),
        cmocka_unit_test(curves_that_are_none),
        cmocka_unit_test(points_at_the_limit),
        cmocka_unit_test(identities),
        cmocka_unit_test(identity_of_external_weights),
        cmocka_unit_test(no_hash_without_need),
    };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
