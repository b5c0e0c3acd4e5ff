/* A whole run of the trainer on pictures made here, taught by the small detector: it learns, it
 * goes on from a checkpoint with the same bits, and its model is a detector. */
#include "support/unit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "kao/detector.h"
#include "support/fixture.h"
#include "train/init.h"
#include "train/pack_made.h"

static kao_recipe recipe(const fixture *f)
{
    kao_recipe r = made_recipe(f);

    snprintf(r.task, sizeof r.task, "detector");
    snprintf(r.scenes, sizeof r.scenes, "made");
    r.size = 64;
    r.batch = 4;
    r.warm_up = 2;
    r.decay = 1e-4;
    r.steps = 60;
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
    assert_string_equal(kao_card_get(kao_model_card(m), "views"), "240");
    assert_string_equal(kao_card_get(kao_model_card(m), "trained_on"),
                        "6 pictures (6 ours); taught by tiny_detector.onnx");
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

/* A run that begins with a model's weights, stored whole or as float16: at a rate of 0 they
 * stay, the views go on from the model's, and a network of another width is refused. */
static void begins_with_weights(void **state)
{
    static const char *const names[] = { "stem.c.w", "p8.w", "p8.b", "p32.w" };
    static const size_t counts[] = { 4 * 27, 15 * 16, 15, 15 * 16 };
    fixture *f = *state;
    kao_recipe r = recipe(f);
    char state_a[400], state_b[400], init[500];
    kao_trainer_options o = { .state = state_a, .most_steps = 2 };
    kao_init a, b;

    make_scene_pack(f);
    snprintf(state_a, sizeof state_a, "%s/a", f->dir);
    snprintf(state_b, sizeof state_b, "%s/b", f->dir);
    snprintf(init, sizeof init, "%s/a/small.onnx", f->dir);
    for (int halves = 0; halves < 2; halves++) {
        r = recipe(f);
        r.halves = halves;
        o = (kao_trainer_options){ .state = state_a, .most_steps = 2 };
        assert_int_equal(kao_train(f->ctx, &r, &o, &f->err), KAO_OK);
        r.rate = 0;
        o = (kao_trainer_options){ .state = state_b, .most_steps = 3, .init = init };
        if (kao_train(f->ctx, &r, &o, &f->err))
            fail_msg("%s", f->err.msg);
        assert_int_equal(kao_init_open(&a, f->ctx, init, &f->err), KAO_OK);
        snprintf(init, sizeof init, "%s/b/small.onnx", f->dir);
        assert_int_equal(kao_init_open(&b, f->ctx, init, &f->err), KAO_OK);
        assert_true(a.views == 8 && b.views == 8 + 12);
        const kao_arch_weights wa = kao_init_weights(&a), wb = kao_init_weights(&b);

        for (size_t i = 0; i < COUNT(names); i++) {
            const float *x = wa.get(wa.user, names[i], counts[i]),
                        *y = wb.get(wb.user, names[i], counts[i]);

            assert_true(x && y);
            for (size_t k = 0; k < counts[i]; k++)
                assert_true(fabsf(x[k] - y[k]) <= 1e-6f * fabsf(x[k]));
        }
        assert_int_equal(kao_init_check(&a, &f->err), KAO_OK);
        kao_init_close(&a);
        kao_init_close(&b);
        /* on from its own checkpoint, without the file */
        o = (kao_trainer_options){ .state = state_b, .most_steps = 1 };
        assert_int_equal(kao_train(f->ctx, &r, &o, &f->err), KAO_OK);
        assert_int_equal(kao_init_open(&b, f->ctx, init, &f->err), KAO_OK);
        assert_int_equal(b.views, 8 + 16);
        kao_init_close(&b);
        r.width = 8;
        snprintf(init, sizeof init, "%s/a/small.onnx", f->dir);
        remove_run(f, "b");
        o = (kao_trainer_options){ .state = state_b, .most_steps = 1, .init = init };
        assert_int_equal(kao_train(f->ctx, &r, &o, &f->err), KAO_E_FORMAT);
        assert_non_null(strstr(f->err.msg, "another network"));
        remove_run(f, "a");
        remove_run(f, "b");
    }
}

/* A run that is past a recipe's end, which was set back, is over, whatever number of steps is asked for. */
static void over_already(void **state)
{
    fixture *f = *state;
    kao_recipe r = recipe(f);

    make_scene_pack(f);
    assert_int_equal(train_run(f, &r, "over", 4), KAO_OK);
    r.steps = 2;
    for (uint64_t most = 0; most < 2; most++) {
        assert_int_equal(train_run(f, &r, "over", most), KAO_OK);
        kao_init model;
        char path[500];

        snprintf(path, sizeof path, "%s/over/small.onnx", f->dir);
        assert_int_equal(kao_init_open(&model, f->ctx, path, &f->err), KAO_OK);
        assert_int_equal(model.views, 4 * 4);
        kao_init_close(&model);
    }
    remove_run(f, "over");
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
    snprintf(r.name, sizeof r.name,
             "../elsewhere"); /* its file lies in the state's folder */
    assert_int_equal(train_run(f, &r, "none", 1), KAO_E_ARG);
    assert_non_null(strstr(f->err.msg, "name = ../elsewhere"));
    r = recipe(f);
    r.size = 50;
    assert_int_equal(train_run(f, &r, "none", 1), KAO_E_ARG);
    remove_run(f, "none");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(learns_and_goes_on),
        cmocka_unit_test(begins_with_weights),
        cmocka_unit_test(over_already),
        cmocka_unit_test(refused),
    };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
