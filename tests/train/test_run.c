/* A whole run of the trainer on pictures made here, taught by the small detector: it learns, it
 * goes on from a checkpoint with the same bits, and its model is a detector. */
#include "support/unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "kao/detector.h"
#include "support/fixture.h"
#include "support/shared.h"
#include "train/trainer.h"

/* ---- a pack ---- */

static void tar_member(pb *tar, const char *name, const uint8_t *p, size_t n)
{
    char head[512] = { 0 };
    static const char zeros[512] = { 0 };

    snprintf(head, 100, "%s", name);
    snprintf(head + 124, 12, "%011o", (unsigned)n);
    head[156] = '0';
    memcpy(head + 257, "ustar", 6);
    pb_raw(tar, head, sizeof head);
    pb_raw(tar, p, n);
    pb_raw(tar, zeros, (512 - n % 512) % 512);
}

/* Six pictures, five with bright boxes on noise, one of noise alone that is "noface". */
static void make_pack(fixture *f)
{
    pb tar = { 0 };
    char list[1024] = "# picture source class kind\n", path[400];
    size_t at = strlen(list);

    for (uint32_t i = 0; i < 6; i++) {
        kao_image m = { 0 };
        uint8_t *bytes = NULL;
        size_t n = 0;
        char name[32];

        assert_int_equal(kao_image_create(f->ctx, 90 + 10 * i, 100, &m, NULL), KAO_OK);
        for (uint32_t k = 0; k < m.width * m.height * 3; k++)
            m.rgb[k] = (uint8_t)(60 + 30 * (noise(i, k) + 1));
        for (uint32_t k = 0; k < 4 && i < 5; k++)
            fill_box(&m, 10 + 20 * k, 10 + 15 * k, 16, 16, 0, (uint8_t)(150 + 20 * k),
                     0);
        assert_int_equal(
            kao_image_encode(f->ctx, &m, KAO_IMAGE_PNG, 0, &bytes, &n, NULL), KAO_OK);
        snprintf(name, sizeof name, "a/%u.png", i);
        tar_member(&tar, name, bytes, n);
        at += (size_t)snprintf(list + at, sizeof list - at, "%s\tmade\tours\t%s\n",
                               name, i == 5 ? "noface" : "scene");
        kao_image_free_bytes(f->ctx, bytes);
        kao_image_free(f->ctx, &m);
    }
    at += (size_t)snprintf(
        list + at, sizeof list - at,
        "a/gone.png\tmade\tours\tscene\na/0.png\tmade\ttheirs\tscene\n");
    pb_raw(&tar, (const char[1024]){ 0 }, 1024);
    snprintf(path, sizeof path, "%s/made.tar", f->dir);
    write_file(path, tar.p, tar.n);
    snprintf(path, sizeof path, "%s/made_list.txt", f->dir);
    write_file(path, list, at);
    pb_free(&tar);
}

static kao_recipe recipe(const fixture *f)
{
    kao_recipe r = { .task = "detector",
                     .name = "small",
                     .scenes = "made",
                     .classes = "ours",
                     .width = 4,
                     .size = 64,
                     .batch = 4,
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

static kao_status train(fixture *f, const kao_recipe *r, const char *folder,
                        uint64_t steps)
{
    char state[400];
    const kao_trainer_options o = { .state = state, .most_steps = steps };

    snprintf(state, sizeof state, "%s/%s", f->dir, folder);
    return kao_train(f->ctx, r, &o, &f->err);
}

static kao_file read_state(fixture *f, const char *folder, const char *name)
{
    char path[500];
    kao_file file = { 0 };

    snprintf(path, sizeof path, "%s/%s/%s", f->dir, folder, name);
    assert_int_equal(kao_file_open(&file, &f->ctx->mem, path, 1 << 30, &f->err),
                     KAO_OK);
    return file;
}

static void remove_state(const fixture *f, const char *folder)
{
    static const char *const names[] = { "run.state", "log.csv", "small.onnx" };
    char path[500];

    for (size_t i = 0; i < COUNT(names); i++) {
        snprintf(path, sizeof path, "%s/%s/%s", f->dir, folder, names[i]);
        unlink(path);
    }
    snprintf(path, sizeof path, "%s/%s", f->dir, folder);
    rmdir(path);
}

/* Column `loss` of the first and the last line of the log. */
static void losses(fixture *f, const char *folder, double *first, double *last)
{
    kao_file log = read_state(f, folder, "log.csv");
    char text[8192] = "";
    const char *line = text;

    assert_in_range(log.bytes.n, 1, sizeof text - 1);
    memcpy(text, log.bytes.p, log.bytes.n);
    assert_true(strncmp(text, "step,views,seconds,rate,gradient,loss,score,box,points",
                        54) == 0);
    for (int k = 0; (line = strchr(line, '\n')) && line[1]; k++) {
        const char *p = ++line;

        for (int c = 0; c < 5; c++)
            p = strchr(p, ',') + 1;
        *last = strtod(p, NULL);
        *first = k == 0 ? *last : *first;
    }
    kao_file_close(&log);
}

static void learns_and_goes_on(void **state)
{
    fixture *f = *state;
    kao_recipe r = recipe(f);
    kao_model *m = NULL;
    kao_detector *d = NULL;
    double first = 0, last = 0;
    char path[400];

    make_pack(f);
    assert_int_equal(train(f, &r, "whole", 0), KAO_OK);
    losses(f, "whole", &first, &last);
    assert_true(last < .7 * first);
    for (int i = 0; i < 3; i++)
        assert_int_equal(train(f, &r, "parts", 20), KAO_OK);
    assert_int_equal(train(f, &r, "parts", 20), KAO_OK); /* nothing is left to do */
    kao_file a = read_state(f, "whole", "small.onnx"),
             b = read_state(f, "parts", "small.onnx");

    assert_int_equal(a.bytes.n, b.bytes.n);
    assert_memory_equal(a.bytes.p, b.bytes.p, a.bytes.n);
    kao_file_close(&a);
    kao_file_close(&b);
    snprintf(path, sizeof path, "%s/whole/small.onnx", f->dir);
    assert_int_equal(kao_model_open(f->ctx, &m, path, &f->err), KAO_OK);
    assert_int_equal(kao_detector_create(m, &d, NULL, &f->err), KAO_OK);
    assert_string_equal(kao_card_get(kao_model_card(m), "note"), "240 views");
    kao_detector_destroy(d);
    kao_model_release(m);
    /* another recipe, a damaged checkpoint */
    r.rate = 1e-3;
    assert_int_equal(train(f, &r, "whole", 1), KAO_E_FORMAT);
    assert_non_null(strstr(f->err.msg, "another recipe"));
    r = recipe(f);
    a = read_state(f, "whole", "run.state");
    snprintf(path, sizeof path, "%s/whole/run.state", f->dir);
    write_file(path, a.bytes.p, a.bytes.n / 2);
    kao_file_close(&a);
    assert_int_equal(train(f, &r, "whole", 1), KAO_E_FORMAT);
    assert_non_null(strstr(f->err.msg, "damaged"));
    remove_state(f, "whole");
    remove_state(f, "parts");
}

static void refused(void **state)
{
    fixture *f = *state;
    kao_recipe r = recipe(f);

    make_pack(f);
    snprintf(r.classes, sizeof r.classes, "nobody's");
    assert_int_equal(train(f, &r, "none", 1), KAO_E_FORMAT);
    assert_non_null(strstr(f->err.msg, "no picture was taken"));
    r = recipe(f);
    snprintf(r.scenes, sizeof r.scenes, "gone");
    assert_int_equal(train(f, &r, "none", 1), KAO_E_IO);
    r = recipe(f);
    snprintf(r.teacher, sizeof r.teacher, "%s", f->embedder);
    assert_int_equal(train(f, &r, "none", 1), KAO_E_UNSUPPORTED);
    r = recipe(f);
    snprintf(r.task, sizeof r.task, "dreams");
    assert_int_equal(train(f, &r, "none", 1), KAO_E_UNSUPPORTED);
    r = recipe(f);
    r.size = 50;
    assert_int_equal(train(f, &r, "none", 1), KAO_E_ARG);
    remove_state(f, "none");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(learns_and_goes_on),
        cmocka_unit_test(refused),
    };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
