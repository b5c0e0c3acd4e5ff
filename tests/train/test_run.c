/* A whole run of the trainer on pictures made here, taught by the small detector: it learns, it
 * goes on from a checkpoint with the same bits, and its model is a detector. */
#include "support/unit.h"

#include <stdio.h>
#include <string.h>

#include "kao/detector.h"
#include "support/fixture.h"
#include "train/pack_made.h"

static kao_recipe recipe(const fixture *f)
{
    kao_recipe r = { .task = "detector",
                     .name = "small",
                     .scenes = "made",
                     .classes = "ours",
                     .width = 4,
                     .size = 64,
                     .batch = 4,
                     .optimizer = "adamw",
                     .schedule = "constant",
                     .rate = 5e-3,
                     .warm_up = 2,
                     .decay = 1e-4,
                     .clip = 5,
                     .mean_decay = .9,
                     .steps = 60,
                     .seed = 11,
                     .checkpoint_minutes = 1e4 };

    snprintf(r.data, sizeof r.data, "%s", f->dir);
    snprintf(r.teacher, sizeof r.teacher, "%s", f->detector);
    return r;
}

static void learns_and_goes_on(void **state)
{
    fixture *f = *state;
    kao_recipe r = recipe(f);
    kao_model *m = NULL;
    kao_detector *d = NULL;
    double first = 0, last = 0;
    char path[400];

    make_scene_pack(f);
    assert_int_equal(train_run(f, &r, "whole", 0), KAO_OK);
    run_losses(f, "whole", &first, &last);
    assert_true(last < .7 * first);
    for (int i = 0; i < 3; i++)
        assert_int_equal(train_run(f, &r, "parts", 20), KAO_OK);
    assert_int_equal(train_run(f, &r, "parts", 20), KAO_OK); /* nothing is left to do */
    same_models(f, "whole", "parts");
    snprintf(path, sizeof path, "%s/whole/small.onnx", f->dir);
    assert_int_equal(kao_model_open(f->ctx, &m, path, &f->err), KAO_OK);
    assert_int_equal(kao_detector_create(m, &d, NULL, &f->err), KAO_OK);
    assert_string_equal(kao_card_get(kao_model_card(m), "note"), "240 views");
    kao_detector_destroy(d);
    kao_model_release(m);
    /* another recipe, a damaged checkpoint */
    r.rate = 1e-3;
    assert_int_equal(train_run(f, &r, "whole", 1), KAO_E_FORMAT);
    assert_non_null(strstr(f->err.msg, "another recipe"));
    r = recipe(f);
    kao_file a = read_run(f, "whole", "run.state");

    snprintf(path, sizeof path, "%s/whole/run.state", f->dir);
    write_file(path, a.bytes.p, a.bytes.n / 2);
    kao_file_close(&a);
    assert_int_equal(train_run(f, &r, "whole", 1), KAO_E_FORMAT);
    assert_non_null(strstr(f->err.msg, "damaged"));
    remove_run(f, "whole");
    remove_run(f, "parts");
}

static void refused(void **state)
{
    fixture *f = *state;
    kao_recipe r = recipe(f);

    make_scene_pack(f);
    snprintf(r.classes, sizeof r.classes, "nobody's");
    assert_int_equal(train_run(f, &r, "none", 1), KAO_E_FORMAT);
    assert_non_null(strstr(f->err.msg, "no picture was taken"));
    r = recipe(f);
    snprintf(r.scenes, sizeof r.scenes, "gone");
    assert_int_equal(train_run(f, &r, "none", 1), KAO_E_IO);
    r = recipe(f);
    snprintf(r.teacher, sizeof r.teacher, "%s", f->embedder);
    assert_int_equal(train_run(f, &r, "none", 1), KAO_E_UNSUPPORTED);
    r = recipe(f);
    snprintf(r.task, sizeof r.task, "dreams");
    assert_int_equal(train_run(f, &r, "none", 1), KAO_E_UNSUPPORTED);
    r = recipe(f);
    r.size = 50;
    assert_int_equal(train_run(f, &r, "none", 1), KAO_E_ARG);
    remove_run(f, "none");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(learns_and_goes_on),
        cmocka_unit_test(refused),
    };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
