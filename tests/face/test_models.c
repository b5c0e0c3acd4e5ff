/* Cards, from all their sources, and models that are not what they say. */
#include "support/unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "face/card.h"
#include "support/fixture.h"
#include "support/shared.h"

/* ---- cards ---- */

static void set_sidecar(const char *model, const char *text, size_t n)
{
    char path[400];

    snprintf(path, sizeof path, "%s.card", model);
    write_file(path, text, n);
}

static void no_sidecar(const char *model)
{
    char path[400];

    snprintf(path, sizeof path, "%s.card", model);
    unlink(path);
}

static kao_model *card_of(fixture *f, const char *path, const kao_card **c)
{
    kao_model *m = NULL;

    assert_int_equal(kao_model_open(f->ctx, &m, path, &f->err), KAO_OK);
    *c = kao_model_card(m);
    assert_string_equal(kao_model_name(m), path);
    return m;
}

static const char *source_of(const kao_card *c, const char *wanted)
{
    const char *key = NULL, *source = NULL;

    for (size_t i = 0; kao_card_row(c, i, &key, NULL, &source); i++)
        if (strcmp(key, wanted) == 0)
            return source;
    return "none";
}

static void first_source_wins(void **state)
{
    static const char text[] = "# a comment\n\n  input.mean =\t104, 117,123 \r\n"
                               "name = the sidecar's = name\nnote=\n";
    fixture *f = *state;
    kao_model *m = NULL;
    const kao_card *c = NULL;
    float mean[3] = { 0 };

    set_sidecar(f->embedder, text, sizeof text - 1);
    m = card_of(f, f->embedder, &c);
    assert_string_equal(kao_card_get(c, "name"), "the sidecar's = name");
    assert_string_equal(source_of(c, "name"), "sidecar");
    assert_string_equal(kao_card_get(c, "note"), "");
    assert_string_equal(kao_card_get(c, "kind"), "embedder");
    assert_string_equal(source_of(c, "kind"), "metadata");
    assert_string_equal(kao_card_get(c, "input.size"), "32");
    assert_null(kao_card_get(c, "family"));
    assert_string_equal(kao_card_missing(c), "");
    assert_int_equal(kao_card_floats(c, "input.mean", mean, 3, NULL), KAO_OK);
    assert_true(mean[0] == 104 && mean[1] == 117 && mean[2] == 123);
    assert_int_equal(kao_card_row(c, 99, NULL, NULL, NULL), 0);
    kao_model_release(m);
    no_sidecar(f->embedder);
    m = card_of(f, f->detector, &c);
    assert_string_equal(kao_card_get(c, "family"), "yunet");
    assert_string_equal(source_of(c, "family"), "metadata");
    kao_model_release(m);
    kao_model_release(NULL);
}

static void wrong_sidecars(void **state)
{
    static const struct {
        const char *text, *message;
        size_t n; /* 0: to the end of text */
    } rows[] = {
        { "kind = embedder\ncolour = rgb\n", "line 2: unknown key \"colour\"", 0 },
        { "# fine\n\nkind embedder\n", "line 3 is not \"key = value\"", 0 },
        { "= x\n", "line 1: unknown key \"\"", 0 },
        { "kind = a\0b\n", "not a text file", 11 },
        { "\x1b[31m = 1", "line 1: unknown key \"?[31m\"", 0 },
        { "name = a\n\nname = b\n", "line 3: the key \"name\" stands there twice", 0 },
        { "# old\rkind = embedder\r", "line 1 has a carriage return inside", 0 },
        { "kind = embedder\rname = a\r\n", "line 1 has a carriage return inside", 0 },
    };
    fixture *f = *state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        kao_model *m = (kao_model *)1;

        set_sidecar(f->embedder, rows[i].text,
                    rows[i].n ? rows[i].n : strlen(rows[i].text));
        assert_int_equal(kao_model_open(f->ctx, &m, f->embedder, &f->err),
                         KAO_E_FORMAT);
        if (!strstr(f->err.msg, rows[i].message) || !strstr(f->err.msg, ".card"))
            fail_msg("%s", f->err.msg);
        assert_null(m);
    }
    static char big[70000];

    memset(big, '#', sizeof big);
    set_sidecar(f->embedder, big, sizeof big);
    kao_model *m = NULL;

    assert_int_equal(kao_model_open(f->ctx, &m, f->embedder, &f->err), KAO_E_LIMIT);
    no_sidecar(f->embedder);
    assert_int_equal(kao_model_open(f->ctx, &m, "/no/such", &f->err), KAO_E_IO);
    assert_int_equal(kao_model_open(f->ctx, &m, NULL, &f->err), KAO_E_ARG);
}

/* A file name that leaves no room for ".card" has no sidecar. */
static void long_name(void **state)
{
    fixture *f = *state;
    kao_model *m = NULL;
    char name[256];
    pb file = tiny_embedder();

    memset(name, 'x', 250);
    snprintf(name + 250, sizeof name - 250, ".onx");
    fixture_file(f, name, &file);
    assert_int_equal(kao_model_open(f->ctx, &m, f->path, &f->err), KAO_OK);
    kao_model_release(m);
}

static void numbers_of_cards(void **state)
{
    static const struct {
        const char *value;
        bool ok;
        float want[3];
    } rows[] = {
        { "1", true, { 1, 1, 1 } },
        { "1,2,3", true, { 1, 2, 3 } },
        { "-0.5 +2. .25", true, { -.5f, 2, .25f } },
        { "1/128", true, { .0078125f, .0078125f, .0078125f } },
        { "1/2, 1/4, 3", true, { .5f, .25f, 3 } },
        { "1,2", false, { 0 } },
        { "1,2,3,4", false, { 0 } },
        { "1.2.3.4", false, { 0 } }, /* not 1.2 .3 .4 */
        { "1-2-3", false, { 0 } },
        { "1.5.5", false, { 0 } },
        { "", false, { 0 } },
        { "x", false, { 0 } },
        { "1;2;3", false, { 0 } },
        { "1/0", false, { 0 } },
        { "1 2/0", false, { 0 } }, /* not 1 for all */
        { "1 1e300", false, { 0 } },
        { "1 1e999", false, { 0 } },
        { "1e3 1e-1 2.5E+2", true, { 1000, .1f, 250 } },
        { "1e", false, { 0 } },
        { "1e999", false, { 0 } },
        { "1e300", false, { 0 } }, /* a double, but no float */
        { "nan", false, { 0 } },
        { ".", false, { 0 } },
        { "0x10", false, { 0 } },
    };
    static const struct {
        const char *value;
        bool ok;
        uint32_t w, h;
    } sizes[] = {
        { "112", true, 112, 112 },
        { "320x240", true, 320, 240 },
        { "16384", true, 16384, 16384 },
        { "16385", false, 0, 0 },
        { "0", false, 0, 0 },
        { "-5", false, 0, 0 },
        { "112x", false, 0, 0 },
        { "112x112x3", false, 0, 0 },
        { "x112", false, 0, 0 },
        { "99999999999999999999", false, 0, 0 },
        { "-18446744073709551504", false, 0, 0 }, /* 112 in 64 bits */
        { "112x-18446744073709551504", false, 0, 0 },
        { "+112", false, 0, 0 },
        { "112x+112", false, 0, 0 },
        { "112x 112", false, 0, 0 },
    };
    fixture *f = *state;
    char text[800];
    kao_model *m = NULL;
    const kao_card *c = NULL;

    for (size_t i = 0; i < COUNT(rows); i++) {
        float v[3] = { 9, 9, 9 };
        const int n = snprintf(text, sizeof text, "input.mean = %s\n", rows[i].value);

        set_sidecar(f->embedder, text, (size_t)n);
        m = card_of(f, f->embedder, &c);
        const kao_status st = kao_card_floats(c, "input.mean", v, 3, &f->err);

        if (st != (rows[i].ok ? KAO_OK : KAO_E_FORMAT))
            fail_msg("\"%s\": %d", rows[i].value, (int)st);
        if (rows[i].ok)
            assert_memory_equal(v, rows[i].want, sizeof v);
        kao_model_release(m);
    }
    memset(text, '9', sizeof text); /* no number that fits */
    memcpy(text, "input.mean = ", 13);
    set_sidecar(f->embedder, text, 500);
    m = card_of(f, f->embedder, &c);
    assert_int_equal(kao_card_floats(c, "input.mean", (float[3]){ 0 }, 3, NULL),
                     KAO_E_FORMAT);
    kao_model_release(m);
    for (size_t i = 0; i < COUNT(sizes); i++) {
        uint32_t w = 0, h = 0;
        const int n = snprintf(text, sizeof text, "input.size = %s\n", sizes[i].value);

        set_sidecar(f->embedder, text, (size_t)n);
        m = card_of(f, f->embedder, &c);
        assert_int_equal(kao_card_size(c, "input.size", &w, &h, NULL),
                         sizes[i].ok ? KAO_OK : KAO_E_FORMAT);
        assert_true(w == sizes[i].w && h == sizes[i].h);
        kao_model_release(m);
    }
    no_sidecar(f->embedder);
}

/* What opening says of a card that does not do. */
static void cards_that_do_not_do(void **state)
{
    static const struct {
        const char *text;
        kao_status status;
        const char *message;
    } rows[] = {
        { "kind = detector\n", KAO_E_UNKNOWN_MODEL,
          "of kind detector, wanted embedder" },
        { "kind = cat\n", KAO_E_UNKNOWN_MODEL, "of kind cat, wanted" },
        { "template = arcface-96\n", KAO_E_UNSUPPORTED, "template = arcface-96" },
        { "template.margin = 1.2\n", KAO_E_FORMAT, "a template by points has none" },
        { "template = square\ntemplate.margin = 9\n", KAO_E_FORMAT, "wanted 0.5 to 8" },
        { "template = square\ninput.size = 32x30\n", KAO_E_UNSUPPORTED,
          "it is square" },
        { "input.color = yuv\n", KAO_E_UNSUPPORTED, "one of rgb, bgr, grey" },
        { "input.color = grey\n", KAO_E_ARG, "wanted [?,3,32,32]" },
        { "input.layout = nwhc\n", KAO_E_UNSUPPORTED, "one of nchw" },
        { "metric = cubic\n", KAO_E_UNSUPPORTED, "one of cosine, euclidean" },
        { "input.size = 32x30\n", KAO_E_UNSUPPORTED, "template" },
        { "input.size = 33\n", KAO_E_ARG, "wanted [?,3,32,32]" },
        { "input.size = 16384\n", KAO_E_LIMIT, "at most 1024" },
        { "input.mean = black\n", KAO_E_FORMAT, "wanted 3 numbers" },
        { "threshold.cosine = 1,2\n", KAO_E_FORMAT, "wanted 1 number" },
        { "threshold.cosine = 53\n", KAO_E_FORMAT, "a number from -1 to 1" },
        { "threshold.cosine = -1.01\n", KAO_E_FORMAT, "a number from -1 to 1" },
        { "threshold.distance = -1\n", KAO_E_FORMAT, "wanted 0 to 2" },
        { "quality.norm = long\n", KAO_E_FORMAT, "wanted 2 numbers" },
        { "quality.norm = 5\n", KAO_E_FORMAT, "wanted 2 numbers" }, /* not for both */
        { "quality.norm = 5 0\n", KAO_E_FORMAT, "a deviation above 0" },
        { "preset = mine\n", KAO_E_UNSUPPORTED, "card: preset = mine: " },
    };
    static const char *const shares[] = { "threshold.score = 7\n",
                                          "threshold.score = -1\n",
                                          "threshold.nms = 2\n",
                                          "threshold.nms = -.1\n" };
    fixture *f = *state;

    for (size_t i = 0; i < COUNT(shares); i++) {
        kao_detector *d = (kao_detector *)1;

        set_sidecar(f->detector, shares[i], strlen(shares[i]));
        if (detector_of(f, &d, f->detector) != KAO_E_FORMAT ||
            !strstr(f->err.msg, "a number from 0 to 1"))
            fail_msg("%s: %s", shares[i], f->err.msg);
        assert_null(d);
    }
    no_sidecar(f->detector);
    for (size_t i = 0; i < COUNT(rows); i++) {
        kao_embedder *e = (kao_embedder *)1;

        set_sidecar(f->embedder, rows[i].text, strlen(rows[i].text));
        const kao_status st = embedder_of(f, &e, f->embedder);

        if (st != rows[i].status || !strstr(f->err.msg, rows[i].message) ||
            !strstr(f->err.msg, f->embedder))
            fail_msg("%s: %d, %s", rows[i].text, (int)st, f->err.msg);
        assert_null(e);
    }
    no_sidecar(f->embedder);
}

/* Two keys say the same: the file has a cosine of .9, before which a sidecar's distance comes. */
static void first_threshold_wins(void **state)
{
    static const struct {
        const char *text;
        float want;
    } rows[] = {
        { "threshold.distance = 0.6\n", .82f },
        { "threshold.distance = 0.6\nthreshold.cosine = 0.5\n", .5f },
        { "threshold.cosine = 0.5\nthreshold.distance = 0.6\n", .5f },
        { "note = none\n", .9f },
    };
    fixture *f = *state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        float threshold = 0;
        kao_embedder *e = NULL;

        set_sidecar(f->embedder, rows[i].text, strlen(rows[i].text));
        e = open_embedder(f);
        assert_true(kao_embedder_threshold(e, &threshold));
        if (!(fabsf(threshold - rows[i].want) < 1e-6f))
            fail_msg("%s: %g", rows[i].text, (double)threshold);
        kao_embedder_destroy(e);
    }
    no_sidecar(f->embedder);
}

/* What the file measured (a threshold of .9) is of a network that is fed and read as the file says. */
static void measured_as_it_was_fed(void **state)
{
    static const struct {
        const char *text;
        bool counts;
    } rows[] = {
        { "note = none\n", true },
        { "template = arcface-112\ninput.mean = 127.5\n", true },
        { "threshold.cosine = 0.9\ninput.mean = 100\n", true },
        { "input.mean = 100\n", false },
        { "input.color = bgr\n", false },
        { "template = square\n", false },
        { "input.equalize = yes\n", false },
        { "input.equalize = no\n", true },
        { "metric = euclidean\n", false },
        { "metric = cosine\n", true },
        { "input.size = 32x32\n", true },
        { "input.size = 48\n", false },
    };
    fixture *f = *state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        const kao_card *c = NULL;

        set_sidecar(f->embedder, rows[i].text, strlen(rows[i].text));
        kao_model *m = card_of(f, f->embedder, &c);
        const char *have = kao_card_get(c, "threshold.cosine");

        if (rows[i].counts ? !have || strcmp(have, "0.9") != 0 : have != NULL)
            fail_msg("%s: %s", rows[i].text, have ? have : "no threshold");
        kao_model_release(m);
    }
    no_sidecar(f->embedder);
}

/* A card that is too large is not taken for a lack of memory. */
static void large_cards(void **state)
{
    enum { LARGE = 300000 };
    fixture *f = *state;
    char *text = calloc(1, LARGE + 1);
    kao_model *m = NULL;
    graph g;

    assert_non_null(text);
    memset(text, '#', LARGE);
    graph_init(&g, 13);
    graph_input(&g, "x", KAO_F32, "1");
    graph_node(&g, "Identity", "x", "y", "");
    graph_output(&g, "y", KAO_F32, NULL);
    graph_meta(&g, "note", text);
    pb plain = graph_file(&g);

    assert_int_equal(
        kao_model_open_bytes(f->ctx, &m, plain.p, plain.n, "its name", text, &f->err),
        KAO_E_LIMIT);
    assert_string_equal(f->err.msg, "its name: card: more than 262144 bytes");
    assert_null(m);
    pb_free(&plain);
    graph_init(&g, 13);
    graph_input(&g, "x", KAO_F32, "1");
    graph_node(&g, "Identity", "x", "y", "");
    graph_output(&g, "y", KAO_F32, NULL);
    graph_meta(&g, "kao.note", text);
    pb noted = graph_file(&g);

    assert_int_equal(
        kao_model_open_bytes(f->ctx, &m, noted.p, noted.n, "its name", NULL, &f->err),
        KAO_E_LIMIT);
    assert_string_equal(f->err.msg, "its name: metadata: card: more than 262144 bytes");
    assert_null(m);
    pb_free(&noted);
    free(text);
}

/* ---- models ---- */

static pb bare_model(const char *input, const char *output)
{
    graph g;

    graph_init(&g, 13);
    graph_input(&g, "x", KAO_F32, input);
    graph_node(&g, "Identity", "x", "y", "");
    graph_output(&g, "y", KAO_F32, output);
    return graph_file(&g);
}

static void unknown_models(void **state)
{
    fixture *f = *state;
    kao_embedder *e = NULL;
    kao_detector *d = NULL;
    kao_model *m = NULL;
    const kao_card *c = NULL;
    pb file = bare_model("1,3,112,112", "1,512");

    fixture_file(f, "bare.onnx", &file);
    m = card_of(f, f->path, &c);
    assert_string_equal(kao_card_get(c, "input.size"), "112x112");
    assert_string_equal(source_of(c, "input.size"), "structure");
    assert_string_equal(kao_card_missing(c),
                        "input.color, input.mean, input.scale, kind, template");
    kao_model_release(m);
    assert_int_equal(embedder_of(f, &e, f->path), KAO_E_UNKNOWN_MODEL);
    assert_non_null(strstr(f->err.msg, "lacks: input.color, input.mean"));
    assert_int_equal(detector_of(f, &d, f->path), KAO_E_UNKNOWN_MODEL);
    assert_non_null(strstr(f->err.msg, "no detector family knows"));
    assert_true(!e && !d);
    assert_int_equal(detector_of(f, &d, f->embedder), KAO_E_UNKNOWN_MODEL);
    assert_int_equal(embedder_of(f, &e, f->detector), KAO_E_UNKNOWN_MODEL);
    set_sidecar(f->embedder, "kind = detector\nfamily = yunet\n", 31);
    assert_int_equal(detector_of(f, &d, f->embedder), KAO_E_UNSUPPORTED);
    assert_non_null(strstr(f->err.msg, "not those of the family yunet"));
    set_sidecar(f->embedder, "kind = detector\nfamily = haars\n", 31);
    assert_int_equal(detector_of(f, &d, f->embedder), KAO_E_UNSUPPORTED);
    assert_non_null(strstr(f->err.msg, "\"haars\""));
    no_sidecar(f->embedder);
}

/* An embedder whose output is the mean of each channel, times `factor`, after `op`. */
static pb mean_embedder(const char *op, const char *extra, const float *factor,
                        const char *axes, const char *batch)
{
    graph g;
    char attributes[64], dims[64];

    graph_init(&g, 13);
    snprintf(dims, sizeof dims, "%s,3,16,16", batch);
    graph_input(&g, "x", KAO_F32, dims);
    graph_floats(&g, "k", "3", factor);
    snprintf(attributes, sizeof attributes, "axes=%s keepdims=0", axes);
    graph_node(&g, "ReduceMean", "x", "m", attributes);
    graph_node(&g, op, extra, "r", "");
    graph_node(&g, "Identity", "r", "y", "");
    graph_output(&g, "y", KAO_F32, NULL);
    graph_meta(&g, "kao.kind", "embedder");
    graph_meta(&g, "kao.input.color", "rgb");
    graph_meta(&g, "kao.input.size", "16");
    graph_meta(&g, "kao.input.mean", "0");
    graph_meta(&g, "kao.input.scale", "1");
    graph_meta(&g, "kao.template", "arcface-112");
    return graph_file(&g);
}

static void embedder_outputs(void **state)
{
    static const float ones[3] = { 1, 1, 1 }, zeros[3] = { 0, 0, 0 },
                       large[3] = { 3e38f, 3e38f, 3e38f };
    static const struct {
        const char *op, *in, *axes, *batch;
        const float *factor;
        kao_status open, embed;
        const char *message;
    } rows[] = {
        { "Mul", "m k", "[2,3]", "?", ones, KAO_OK, KAO_OK, NULL },
        { "Mul", "m k", "[2,3]", "1", ones, KAO_OK, KAO_OK, NULL },
        { "Mul", "m k", "[2,3]", "?", zeros, KAO_OK, KAO_E_BAD_EMBEDDING,
          "mean.onnx: gave a zero vector" },
        { "Div", "m k", "[2,3]", "?", zeros, KAO_OK, KAO_E_BAD_EMBEDDING,
          "mean.onnx: gave numbers that are not finite" },
        { "Mul", "m k", "[2,3]", "?", large, KAO_OK, KAO_E_BAD_EMBEDDING,
          "mean.onnx: gave numbers that are not finite" },
        { "Mul", "m k", "[2,3]", "4", ones, KAO_OK, KAO_OK, NULL },
        { "Mul", "m k", "[2,3]", "65", ones, KAO_E_UNSUPPORTED, KAO_OK,
          "65 pictures at once" },
        { "Mul", "m k", "[0,1,2,3]", "1", ones, KAO_E_UNSUPPORTED, KAO_OK,
          "is no vector" },
        { "Shape", "x", "[2,3]", "?", ones, KAO_E_UNSUPPORTED, KAO_OK, "is no vector" },
        /* one vector for the whole batch: what would be read for the second picture? */
        { "Mul", "m k", "[0,2,3]", "?", ones, KAO_E_UNSUPPORTED, KAO_OK, "no vector" },
        { "Relu", "m", "[0,2]", "?", ones, KAO_E_UNSUPPORTED, KAO_OK, "no vector" },
    };
    fixture *f = *state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        pb file = mean_embedder(rows[i].op, rows[i].in, rows[i].factor, rows[i].axes,
                                rows[i].batch);
        kao_embedder *e = NULL;
        kao_image chip = { 0 };
        float v[6];

        fixture_file(f, "mean.onnx", &file);
        kao_status st = embedder_of(f, &e, f->path);

        if (st != rows[i].open || (st && !strstr(f->err.msg, rows[i].message)))
            fail_msg("row %zu: %d, %s", i, (int)st, f->err.msg);
        if (st)
            continue;
        assert_int_equal(kao_image_create(f->ctx, 16, 16, &chip, NULL), KAO_OK);
        fill_box(&chip, 0, 0, 16, 16, 60, 0, 80);
        const kao_image chips[2] = { chip, chip };

        st = embed_images(e, chips, 2, KAO_TTA_NONE, v, &f->err);
        if (st != rows[i].embed || (st && !strstr(f->err.msg, rows[i].message)))
            fail_msg("row %zu: %d, %s", i, (int)st, f->err.msg);
        if (!st)
            assert_true(fabsf(v[0] - .6f) < 1e-6f && v[1] == 0 &&
                        fabsf(v[5] - .8f) < 1e-6f);
        kao_image_free(f->ctx, &chip);
        kao_embedder_destroy(e);
    }
}

/* The file says that the batch is free and fixes it inside: pictures go one by one. */
static void embedder_of_one_row(void **state)
{
    fixture *f = *state;
    kao_embedder *e = NULL;
    static const int64_t row[2] = { 1, 3 };
    graph g;
    kao_image chips[2] = { { 0 } };
    float v[6];

    graph_init(&g, 13);
    graph_input(&g, "x", KAO_F32, "?,3,16,16");
    graph_ints(&g, "row", "2", row);
    graph_node(&g, "ReduceMean", "x", "m", "axes=[0,2,3] keepdims=0");
    graph_node(&g, "Reshape", "m row", "y", "");
    graph_output(&g, "y", KAO_F32, NULL);
    graph_meta(&g, "kao.kind", "embedder");
    graph_meta(&g, "kao.input.color", "rgb");
    graph_meta(&g, "kao.input.size", "16");
    graph_meta(&g, "kao.input.mean", "0");
    graph_meta(&g, "kao.input.scale", "1");
    graph_meta(&g, "kao.template", "arcface-112");
    pb file = graph_file(&g);

    fixture_file(f, "row.onnx", &file);
    assert_int_equal(embedder_of(f, &e, f->path), KAO_OK);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(kao_image_create(f->ctx, 16, 16, &chips[i], NULL), KAO_OK);
        fill_box(&chips[i], 0, 0, 16, 16, 60, 0, 80);
    }
    fill_box(&chips[1], 0, 0, 16, 16, 0, 80, 60);
    assert_int_equal(embed_images(e, chips, 2, KAO_TTA_NONE, v, NULL), KAO_OK);
    assert_true(fabsf(v[0] - .6f) < 1e-6f && v[1] == 0 && fabsf(v[2] - .8f) < 1e-6f);
    assert_true(v[3] == 0 && fabsf(v[4] - .8f) < 1e-6f && fabsf(v[5] - .6f) < 1e-6f);
    for (int i = 0; i < 2; i++)
        kao_image_free(f->ctx, &chips[i]);
    kao_embedder_destroy(e);
}

/* A file with YuNet's outputs, rows of one value; points: of those of kps. */
static pb fake_yunet(int dtype, float fill, float points)
{
    static const char *const kinds[4] = { "cls", "obj", "bbox", "kps" };
    static const int64_t widths[4] = { 1, 1, 4, 10 };
    graph g;

    graph_init(&g, 13);
    graph_input(&g, "input", KAO_F32, "1,3,32,32");
    for (int k = 0; k < 4; k++)
        for (int stride = 8; stride <= 32; stride *= 2) {
            const int64_t shape[3] = { 1, 1024 / (stride * stride), widths[k] };
            char name[3][24], attribute[16];
            pb t = tensor_proto("", KAO_F32, "1", k == 3 ? &points : &fill);

            snprintf(name[0], sizeof name[0], "%s_%d", kinds[k], stride);
            snprintf(name[1], sizeof name[1], "%s.s", name[0]);
            snprintf(name[2], sizeof name[2], "%s.f", name[0]);
            snprintf(attribute, sizeof attribute, "to=%d", dtype);
            graph_ints(&g, name[1], "3", shape);
            graph_node_tensor(&g, "ConstantOfShape", name[1], name[2], "value", &t);
            graph_node(&g, "Cast", name[2], name[0], attribute);
            graph_output(&g, name[0], dtype, NULL);
        }
    return graph_file(&g);
}

static void detector_outputs(void **state)
{
    static const struct {
        int dtype;
        float fill, points;
        kao_status status;
        size_t n;
    } rows[] = {
        { KAO_F32, 0.7f, 0.7f, KAO_OK, 3 }, /* after suppression */
        { KAO_F32, NAN, NAN, KAO_OK, 0 },
        { KAO_F32, INFINITY, INFINITY, KAO_OK, 0 }, /* boxes that are none */
        { KAO_F32, 1e30f, 1e30f, KAO_OK, 0 },
        { KAO_F32, 0.7f, 1e7f, KAO_OK, 3 },
        { KAO_F32, 0.7f, 1e9f, KAO_OK, 0 },     /* 8e9 pixels out, and more */
        { KAO_F32, 0.7f, 8e36f, KAO_OK, 0 },    /* 6e38 and more in the picture */
        { KAO_U8, 1, 1, KAO_E_UNSUPPORTED, 0 }, /* a quarter of the bytes */
        { KAO_I64, 1, 1, KAO_E_UNSUPPORTED, 0 },
    };
    fixture *f = *state;
    kao_image image = { 0 };

    assert_int_equal(kao_image_create(f->ctx, 320, 320, &image, NULL), KAO_OK);
    for (size_t i = 0; i < COUNT(rows); i++) {
        pb file = fake_yunet(rows[i].dtype, rows[i].fill, rows[i].points);
        kao_detector *d = NULL;
        size_t n = 99;

        fixture_file(f, "fake.onnx", &file);
        assert_int_equal(detector_of(f, &d, f->path), KAO_OK);
        const kao_card *card = kao_model_card(kao_detector_model(d));

        assert_string_equal(source_of(card, "family"), "structure");
        const kao_status st = detect_in(d, &image, &n, &f->err);

        if (st != rows[i].status)
            fail_msg("row %zu: %d, %s", i, (int)st, f->err.msg);
        if (st) /* which network: the caller knows of the picture */
            assert_non_null(strstr(f->err.msg, "fake.onnx: output "));
        assert_true(rows[i].n == 0 ? n == 0 : n >= rows[i].n);
        kao_detector_destroy(d);
    }
    kao_image_free(f->ctx, &image);
}

static void bad_arguments(void **state)
{
    fixture *f = *state;
    kao_embedder *e = open_embedder(f);
    kao_detector *d = open_detector(f);
    const kao_template *t = kao_embedder_template(e);
    kao_template other = *t;
    uint8_t pixels[12] = { 0 };
    kao_view none = { 0 },
             view = { .width = 2, .height = 2, .plane = { pixels }, .stride = { 6 } };
    kao_image chip = { 0 };
    kao_face face = { .n_points = KAO_FACE_POINTS };
    kao_faces faces = KAO_FACES_INIT, unset = { 0 };
    kao_model *m = (kao_model *)1;
    kao_detector *no_d = (kao_detector *)1;
    kao_embedder *no_e = (kao_embedder *)1;
    kao_detect_options o = { .size = 4 };
    char id[KAO_ID_BYTES];
    float v[TINY_DIM];

    /* points that coincide, at any distance of eyes */
    assert_int_equal(kao_align(f->ctx, &view, &face, t, &chip, &f->err), KAO_E_NO_FACE);
    assert_non_null(strstr(f->err.msg, "coincide"));
    other.width = other.height = KAO_IMAGE_MAX_SIDE; /* 12 GiB */
    assert_int_equal(kao_align(f->ctx, &view, &face, &other, &chip, NULL), KAO_E_LIMIT);
    other = *t;
    other.width++;
    assert_int_equal(kao_align(f->ctx, &none, &face, t, &chip, NULL), KAO_E_ARG);
    assert_int_equal(kao_align(NULL, &view, &face, t, &chip, NULL), KAO_E_ARG);
    assert_int_equal(kao_align(f->ctx, &view, NULL, t, &chip, NULL), KAO_E_ARG);
    assert_int_equal(kao_align(f->ctx, &view, &face, NULL, &chip, NULL), KAO_E_ARG);
    assert_int_equal(kao_image_create(f->ctx, t->width, t->height, &chip, NULL),
                     KAO_OK);
    assert_int_equal(kao_align(f->ctx, &view, &face, &other, &chip, NULL), KAO_E_ARG);
    kao_image_free(f->ctx, &chip);
    assert_int_equal(kao_embed(e, &none, 1, KAO_TTA_NONE, v, NULL), KAO_E_ARG);
    assert_int_equal(kao_embed(e, NULL, 1, KAO_TTA_NONE, v, NULL), KAO_E_ARG);
    assert_int_equal(kao_embed(e, &none, SIZE_MAX, KAO_TTA_SUM, v, NULL), KAO_E_ARG);
    assert_int_equal(kao_detect(d, &none, NULL, &faces, NULL), KAO_E_ARG);
    assert_int_equal(kao_detect(d, &view, NULL, &unset, NULL), KAO_E_ARG);
    assert_int_equal(kao_detect(d, &view, NULL, NULL, NULL), KAO_E_ARG);
    assert_int_equal(kao_detect(d, &view, &o, &faces, NULL), KAO_E_ARG);
    o = (kao_detect_options){ .search = (kao_search)7 };
    assert_int_equal(kao_detect(d, &view, &o, &faces, NULL), KAO_E_ARG);
    o = (kao_detect_options){ .min_score = -0.5f };
    assert_int_equal(kao_detect(d, &view, &o, &faces, NULL), KAO_E_ARG);
    assert_int_equal(kao_embedder_id(e, (kao_tta)7, id, NULL), KAO_E_ARG);
    faces.n = 9;
    assert_int_equal(kao_detect(NULL, &view, NULL, &faces, NULL), KAO_E_ARG);
    assert_int_equal(faces.n, 0);
    assert_int_equal(kao_model_open(NULL, &m, "x", NULL), KAO_E_ARG);
    assert_null(m);
    assert_int_equal(kao_model_open(f->ctx, NULL, "x", NULL), KAO_E_ARG);
    m = (kao_model *)1;
    assert_int_equal(kao_model_open(f->ctx, &m, NULL, NULL), KAO_E_ARG);
    assert_null(m);
    m = (kao_model *)1;
    assert_int_equal(kao_model_open_bytes(f->ctx, &m, NULL, 3, "x", NULL, NULL),
                     KAO_E_ARG);
    assert_null(m);
    assert_int_equal(kao_detector_create(NULL, &no_d, NULL, NULL), KAO_E_ARG);
    assert_int_equal(kao_embedder_create(NULL, &no_e, NULL, NULL), KAO_E_ARG);
    assert_true(!no_d && !no_e);
    kao_detector_destroy(d);
    kao_embedder_destroy(e);
    kao_detector_destroy(NULL);
    kao_embedder_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_source_wins),
        cmocka_unit_test(wrong_sidecars),
        cmocka_unit_test(numbers_of_cards),
        cmocka_unit_test(cards_that_do_not_do),
        cmocka_unit_test(unknown_models),
        cmocka_unit_test(embedder_outputs),
        cmocka_unit_test(embedder_of_one_row),
        cmocka_unit_test(detector_outputs),
        cmocka_unit_test(bad_arguments),
        cmocka_unit_test(long_name),
        cmocka_unit_test(large_cards),
        cmocka_unit_test(first_threshold_wins),
        cmocka_unit_test(measured_as_it_was_fed),
    };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
