/* Training an embedder: the loss against a teacher's vectors, views of faces, both forms of the
 * network, and a whole run on pictures made here, taught by the small embedder. */
#include "support/unit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "support/fixture.h"
#include "train/arch.h"
#include "train/distill.h"
#include "train/faces.h"
#include "train/masks.h"
#include "train/pack_made.h"
#include "train/trainer.h"

/* ---- the loss ---- */

enum { N = 5, DIM = 7 };

/* The formula of distill.h in double, written out once more. */
static double loss_in_double(const double *x, const float *t, double relation)
{
    double cosine = 0, off = 0, u[N][DIM];

    for (int i = 0; i < N; i++) {
        double norm = 0;

        for (int k = 0; k < DIM; k++)
            norm += x[i * DIM + k] * x[i * DIM + k];
        for (int k = 0; k < DIM; k++)
            u[i][k] = x[i * DIM + k] / sqrt(norm);
    }
    for (int i = 0; i < N; i++) {
        for (int k = 0; k < DIM; k++)
            cosine += u[i][k] * (double)t[i * DIM + k];
        for (int j = 0; j < N; j++) {
            double d = 0;

            for (int k = 0; k < DIM; k++)
                d +=
                    u[i][k] * u[j][k] - (double)t[i * DIM + k] * (double)t[j * DIM + k];
            off += i == j ? 0 : d * d;
        }
    }
    return 1 - cosine / N + relation * off / (N * (N - 1));
}

static void gradients(void **state)
{
    static const double relations[] = { 0, 4 };
    float x[N * DIM], t[N * DIM], u[N * DIM], g[N * DIM];

    (void)state;
    for (size_t which = 0; which < COUNT(relations); which++) {
        double wide[N * DIM];
        kao_distill d = { .n = N,
                          .dim = DIM,
                          .x = x,
                          .t = t,
                          .relation = relations[which],
                          .u = u,
                          .gradient = g };

        for (uint32_t i = 0; i < N; i++) {
            double norm = 0;

            for (uint32_t k = 0; k < DIM; k++) {
                x[i * DIM + k] = 3 * noise(1, i * DIM + k);
                t[i * DIM + k] = noise(2, i * DIM + k);
                norm += (double)t[i * DIM + k] * (double)t[i * DIM + k];
            }
            for (uint32_t k = 0; k < DIM; k++)
                t[i * DIM + k] = (float)((double)t[i * DIM + k] / sqrt(norm));
        }
        for (int i = 0; i < N * DIM; i++)
            wide[i] = (double)x[i];
        kao_distill_loss(&d);
        assert_true(fabs(d.loss[0] + relations[which] * d.loss[1] -
                         loss_in_double(wide, t, relations[which])) < 1e-6);
        assert_true(d.least_norm > 1 && d.least_norm < 10);
        for (int i = 0; i < N * DIM; i++) {
            const double step = 1e-5, at = wide[i];

            wide[i] = at + step;
            const double above = loss_in_double(wide, t, relations[which]);

            wide[i] = at - step;
            const double below = loss_in_double(wide, t, relations[which]);

            wide[i] = at;
            if (fabs((above - below) / (2 * step) - (double)g[i]) > 1e-5)
                fail_msg("number %d: %g, want %g", i, (double)g[i],
                         (above - below) / (2 * step));
        }
    }
    /* a vector of zeros has no direction: no number of the result may be NaN */
    memset(x, 0, DIM * sizeof *x);
    kao_distill d = { .n = N, .dim = DIM, .x = x, .t = t, .u = u, .gradient = g };

    kao_distill_loss(&d);
    assert_true(d.least_norm == 0 && isfinite(d.loss[0]));
    for (int i = 0; i < N * DIM; i++)
        assert_true(isfinite(g[i]));
}

/* ---- packs ---- */

/* Columns by name, in any order; people of two tars are different people. */
static void columns(void **state)
{
    static const struct {
        const char *list;
        size_t n, skipped, people; /* classes: ours */
    } rows[] = {
        { "# label(0..) identity picture\n0 ann a/0.png\n1 ben a/1.png\n0 ann "
          "a/2.png\n",
          3, 0, 2 },
        { "# picture\tidentity(or "
          "-)\tclass\na/0.png\t-\tours\na/1.png\tann\ttheirs\r\n",
          1, 0, 0 },
        { "\xef\xbb\xbf# picture class\n# a remark\na/0.png ours\na/9.png "
          "ours\n\na/gone.png ours\n",
          2, 1, 0 },
        { "# picture (kept by hand) kind\na/3.png noface\n", 1, 0, 0 },
    };
    static const char *const wrong[] = { "", "a/0.png\n", "# face who\na/0.png ann\n" };
    fixture *f = *state;
    char tar[400], list[400];

    make_face_pack(f);
    snprintf(tar, sizeof tar, "%s/made.tar", f->dir);
    snprintf(list, sizeof list, "%s/other_list.txt", f->dir);
    for (size_t i = 0; i < COUNT(rows); i++) {
        kao_pack p = { .n = 0 };

        write_file(list, rows[i].list, strlen(rows[i].list));
        for (size_t twice = 1; twice <= 2; twice++) {
            assert_int_equal(kao_pack_load(&p, f->ctx, tar, list, "ours", &f->err),
                             KAO_OK);
            assert_int_equal(p.n, twice * rows[i].n);
            assert_int_equal(p.skipped.n, twice * rows[i].skipped);
            assert_int_equal(p.n_identities, twice * rows[i].people);
        }
        assert_int_equal(p.pictures[0].no_face, i == 3);
        kao_pack_free(&p);
    }
    for (size_t i = 0; i < COUNT(wrong); i++) {
        kao_pack p = { .n = 0 };

        write_file(list, wrong[i], strlen(wrong[i]));
        assert_int_equal(kao_pack_load(&p, f->ctx, tar, list, "", &f->err),
                         KAO_E_FORMAT);
        assert_non_null(strstr(f->err.msg, "line 1"));
        kao_pack_free(&p);
    }
    unlink(list);
}

/* Pictures are counted by class, also where their names are long. */
static void long_classes(void **state)
{
    static const char *const names[] = {
        "public domain of the united states government",
        "public domain of the united states of mexico",
        ("a name that is longer than what is kept of it, "
         "and is one class all the same, not many")
    };
    fixture *f = *state;
    kao_pack p = { .n = 0 };
    char tar[400], list[400], text[4096] = "# picture\tclass\n", told[1000];
    size_t n = strlen(text);

    make_face_pack(f);
    snprintf(tar, sizeof tar, "%s/made.tar", f->dir);
    snprintf(list, sizeof list, "%s/other_list.txt", f->dir);
    for (int i = 0; i < MADE_FACES; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "a/%d.png\t%s\n", i,
                              names[i < 6 ? 2 : i % 2]);
    write_file(list, text, n);
    assert_int_equal(kao_pack_load(&p, f->ctx, tar, list, "", &f->err), KAO_OK);
    assert_int_equal(p.n_classes, 3);
    assert_true(p.classes[0].n == 6 && p.classes[1].n == 3 && p.classes[2].n == 3);
    assert_non_null(strstr(kao_pack_classes(&p, told, sizeof told),
                           "3 public domain of the united states of mexico"));
    kao_pack_free(&p);
    unlink(list);
}

/* People with too few pictures go, and the rest are numbered anew. */
static void people(void **state)
{
    static const char text[] = "# identity picture\na a/0.png\nb a/1.png\n- a/2.png\n"
                               "c a/3.png\nb a/4.png\nc a/5.png\nc a/6.png\n";
    fixture *f = *state;
    kao_pack p = { .n = 0 };
    kao_pack_left gone;
    char tar[400], list[400];

    make_face_pack(f);
    snprintf(tar, sizeof tar, "%s/made.tar", f->dir);
    snprintf(list, sizeof list, "%s/other_list.txt", f->dir);
    write_file(list, text, sizeof text - 1);
    assert_int_equal(kao_pack_load(&p, f->ctx, tar, list, "", &f->err), KAO_OK);
    assert_int_equal(p.n_identities, 3);
    assert_int_equal(kao_pack_keep_people(&p, 2, &gone, NULL), KAO_OK);
    assert_int_equal(gone.n, 2);
    assert_string_equal(gone.names, "a");
    assert_true(p.n == 5 && p.n_identities == 2);
    assert_string_equal(p.identities[0], "b");
    assert_string_equal(p.identities[1], "c");
    static const uint32_t want[] = { 0, 1, 0, 1, 1 };

    for (size_t i = 0; i < p.n; i++)
        assert_int_equal(p.pictures[i].identity, want[i]);
    kao_pack_free(&p);
    unlink(list);
}

/* ---- views ---- */

static kao_image view_of(const fixture *f, const kao_face_views *v, uint64_t i,
                         kao_point points[KAO_FACE_POINTS])
{
    kao_image m = { 0 }, room = { 0 };

    assert_int_equal(kao_image_create(f->ctx, KAO_FACES_SIDE, KAO_FACES_SIDE, &m, NULL),
                     KAO_OK);
    assert_int_equal(
        kao_image_create(f->ctx, KAO_FACES_SIDE, KAO_FACES_SIDE, &room, NULL), KAO_OK);
    memset(room.rgb, (int)i, room.row_bytes * room.height); /* what was there before */
    assert_int_equal(kao_faces_view(v, i, &m, &room, points), KAO_OK);
    kao_image_free(f->ctx, &room);
    return m;
}

/* View i is the same whenever it is made, others differ, and all lie about where the face was:
 * a bright square in the middle of each crop stays within shift, scale and turn. */
static void views(void **state)
{
    fixture *f = *state;
    kao_face_views v = { .seed = 3 };
    double inside = 0, outside = 0;

    make_face_pack(f);
    assert_int_equal(
        kao_pack_load_named(&v.faces, f->ctx, f->dir, "made", "ours", &f->err), KAO_OK);
    assert_int_equal(v.faces.n, MADE_FACES);
    for (uint64_t i = 0; i < 200; i++) {
        kao_point p[KAO_FACE_POINTS];
        kao_image b = view_of(f, &v, i, p), c = view_of(f, &v, i + 1, p),
                  a = view_of(f, &v, i, p);

        /* left of what one sees is left, and the face is about where the template has it */
        assert_true(p[0].x < p[1].x && p[3].x < p[4].x && p[2].y > p[0].y);
        assert_true(fabsf(p[2].x - 56) < 8 && fabsf(p[2].y - 72) < 8);
        assert_true(fabsf(p[1].x - p[0].x - 35) < 5);

        assert_memory_equal(a.rgb, b.rgb, a.row_bytes * a.height);
        assert_true(memcmp(a.rgb, c.rgb, a.row_bytes * a.height) != 0);
        inside += a.rgb[56 * a.row_bytes + 56 * 3];
        outside += a.rgb[8 * a.row_bytes + 8 * 3];
        kao_image_free(f->ctx, &a);
        kao_image_free(f->ctx, &b);
        kao_image_free(f->ctx, &c);
    }
    assert_true(inside / 200 > outside / 200 + 60);
    kao_pack_free(&v.faces);
}

/* ---- masks ---- */

static unsigned changed_at(const kao_image *m, float x, float y)
{
    const uint8_t *p =
        m->rgb + (size_t)(y + .5f) * m->row_bytes + (size_t)(x + .5f) * 3;

    return p[0] != 128 || p[1] != 128 || p[2] != 128;
}

/* Mouth and nose are covered, eyes and brow are not; a face in profile gets none. */
static void masks(void **state)
{
    fixture *f = *state;
    kao_template t;
    kao_point p[KAO_FACE_POINTS];
    kao_image m = { 0 };
    unsigned colors = 0;
    uint8_t last = 0;

    assert_int_equal(kao_template_find(&t, "arcface-112", 112, 112, NULL), KAO_OK);
    assert_int_equal(kao_image_create(f->ctx, 112, 112, &m, NULL), KAO_OK);
    for (uint32_t i = 0; i < 100; i++) {
        kao_random r = kao_random_stream(4, i, 3);

        memcpy(p, t.points, sizeof p);
        memset(m.rgb, 128, m.row_bytes * m.height);
        assert_true(kao_mask_draw(&r, &m, p));
        for (int k = 0; k < KAO_FACE_POINTS; k++)
            assert_int_equal(changed_at(&m, p[k].x, p[k].y), k >= 2);
        assert_int_equal(changed_at(&m, 56, 30), 0);
        colors += m.rgb[90 * m.row_bytes + 56 * 3] != last;
        last = m.rgb[90 * m.row_bytes + 56 * 3];
        p[2].x += 20; /* the nose beyond an eye */
        memset(m.rgb, 128, m.row_bytes * m.height);
        assert_false(kao_mask_draw(&r, &m, p));
        assert_int_equal(changed_at(&m, 56, 90), 0);
        for (int k = 0; k < KAO_FACE_POINTS; k++)
            p[k] = (kao_point){ 50, 50 };
        assert_false(kao_mask_draw(&r, &m, p));
    }
    assert_true(colors > 50);
    kao_image_free(f->ctx, &m);
}

/* ---- the network ---- */

/* The shipped form is an embedder, and its vectors are those of the training form. */
static void two_forms(void **state)
{
    enum { DIMS = 24, SIDE = KAO_FACES_SIDE };
    static const char *const metadata[] = { "kao.kind",
                                            "embedder",
                                            "kao.input.color",
                                            "rgb",
                                            "kao.input.mean",
                                            "0",
                                            "kao.input.scale",
                                            "1/255",
                                            "kao.template",
                                            "arcface-112",
                                            NULL };
    fixture *f = *state;
    const kao_arch_weights seeded = { .seed = 3 };
    kao_tensor in = { .dtype = KAO_F32, .rank = 4, .dims = { 1, 3, SIDE, SIDE } };
    kao_network *net = NULL;
    kao_tape *t = NULL;
    kao_model *m = NULL;
    kao_embedder *e = NULL;
    kao_image chip = { 0 };
    uint8_t *bytes[2] = { NULL };
    size_t n[2] = { 0 };
    float v[DIMS];
    double dot = 0, norm = 0;

    assert_int_equal(kao_arch_face(&f->ctx->mem, true, 8, DIMS, &seeded, NULL,
                                   &bytes[0], &n[0], &f->err),
                     KAO_OK);
    assert_int_equal(
        kao_network_parse(f->ctx, &net, (kao_span){ bytes[0], n[0] }, "form", NULL),
        KAO_OK);
    assert_int_equal(kao_tape_create(&t, net, &in, &f->err), KAO_OK);
    const kao_arch_weights same = kao_arch_of_tape(t);

    assert_int_equal(kao_arch_face(&f->ctx->mem, false, 8, DIMS, &same, metadata,
                                   &bytes[1], &n[1], &f->err),
                     KAO_OK);
    assert_int_equal(
        kao_model_open_bytes(f->ctx, &m, bytes[1], n[1], "made", NULL, &f->err),
        KAO_OK);
    assert_int_equal(kao_embedder_create(m, &e, NULL, &f->err), KAO_OK);
    assert_int_equal(kao_embedder_dim(e, KAO_TTA_NONE), DIMS);
    assert_int_equal(kao_image_create(f->ctx, SIDE, SIDE, &chip, NULL), KAO_OK);
    for (uint32_t i = 0; i < SIDE * SIDE * 3; i++) {
        chip.rgb[i] = (uint8_t)(128 + 127 * noise(9, i));
        kao_tape_input(t)[i] = (float)chip.rgb[i] * (float)(1.0 / 255);
    }
    kao_tape_forward(t, false);
    assert_int_equal(embed_images(e, &chip, 1, KAO_TTA_NONE, v, &f->err), KAO_OK);
    const float *x = kao_tape_output(t, 0)->data;

    for (int k = 0; k < DIMS; k++) {
        dot += (double)x[k] * (double)v[k];
        norm += (double)x[k] * (double)x[k];
    }
    assert_true(dot / sqrt(norm) > 1 - 1e-6);
    kao_image_free(f->ctx, &chip);
    kao_embedder_destroy(e);
    kao_model_release(m);
    kao_tape_destroy(t);
    kao_network_destroy(net);
    for (int i = 0; i < 2; i++)
        kao_free(&f->ctx->mem, bytes[i]);
}

/* ---- a run ---- */

static kao_recipe recipe(const fixture *f)
{
    kao_recipe r = made_recipe(f);

    snprintf(r.task, sizeof r.task, "embedder");
    snprintf(r.faces, sizeof r.faces, "made");
    r.size = KAO_FACES_SIDE;
    r.batch = 8;
    r.relation = 2;
    r.mirror_from = 10;
    r.steps = 80;
    snprintf(r.teacher, sizeof r.teacher, "%s", f->embedder);
    return r;
}

static void learns_and_goes_on(void **state)
{
    fixture *f = *state;
    kao_recipe r = recipe(f);
    double first = 0, last = 0;
    kao_embedder *e = NULL;
    char path[400];

    make_face_pack(f);
    assert_int_equal(train_run(f, &r, "whole", 0), KAO_OK);
    run_losses(f, "whole", &first, &last);
    if (last > .8 * first)
        fail_msg("loss %g at first, %g at last", first, last);
    for (int i = 0; i < 2; i++)
        assert_int_equal(train_run(f, &r, "parts", 40), KAO_OK);
    same_models(f, "whole", "parts");
    snprintf(path, sizeof path, "%s/whole/small.onnx", f->dir);
    assert_int_equal(embedder_of(f, &e, path), KAO_OK);
    assert_string_equal(kao_card_get(kao_model_card(kao_embedder_model(e)), "views"),
                        "640");
    kao_embedder_destroy(e);
    /* statistics taken anew are the written model's alone */
    r.restate = 2;
    assert_int_equal(train_run(f, &r, "parts", 1), KAO_OK);
    kao_file whole = read_run(f, "whole", "run.state"),
             parts = read_run(f, "parts", "run.state");

    /* behind the clock: magic, hash, steps, seconds */
    enum { HEAD = 8 + KAO_SHA256_TEXT + 8 + 8 };

    assert_int_equal(whole.bytes.n, parts.bytes.n);
    assert_memory_equal(whole.bytes.p + HEAD, parts.bytes.p + HEAD,
                        whole.bytes.n - HEAD);
    kao_file_close(&whole);
    kao_file_close(&parts);
    whole = read_run(f, "whole", "small.onnx");
    parts = read_run(f, "parts", "small.onnx");
    assert_int_equal(whole.bytes.n, parts.bytes.n);
    assert_memory_not_equal(whole.bytes.p, parts.bytes.p, whole.bytes.n);
    kao_file_close(&whole);
    kao_file_close(&parts);
    r.relation = 3;
    assert_int_equal(train_run(f, &r, "whole", 1), KAO_E_FORMAT);
    r = recipe(f);
    r.size = 96;
    assert_int_equal(train_run(f, &r, "whole", 1), KAO_E_ARG);
    r = recipe(f);
    snprintf(r.teacher, sizeof r.teacher, "%s", f->detector);
    assert_int_not_equal(train_run(f, &r, "whole", 1), KAO_OK);
    remove_run(f, "whole");
    remove_run(f, "parts");
}

/* The recipe as one of a classifier. */
static void classify(kao_recipe *r)
{
    snprintf(r->task, sizeof r->task, "classifier");
    snprintf(r->loss, sizeof r->loss, "combined");
    snprintf(r->guard, sizeof r->guard, "hard");
    snprintf(r->gradient, sizeof r->gradient, "exact");
    snprintf(r->optimizer, sizeof r->optimizer, "sgd");
    r->momentum = .9;
    r->rate = .05;
    r->relation = r->mirror_from = 0;
    r->scale = 16;
    r->m1 = r->partial = r->centers = 1;
    r->m2 = .3;
    r->dim = 16;
    r->least_pictures = 3;
}

/* The same pack, three pictures a person: classes are learned, and kept through a checkpoint. */
static void learns_people(void **state)
{
    fixture *f = *state;
    kao_recipe r = recipe(f);
    double first = 0, last = 0;

    classify(&r);
    make_face_pack(f);
    assert_int_equal(train_run(f, &r, "whole", 0), KAO_OK);
    run_losses(f, "whole", &first, &last);
    if (last > .5 * first)
        fail_msg("loss %g at first, %g at last", first, last);
    for (int i = 0; i < 2; i++)
        assert_int_equal(train_run(f, &r, "parts", 40), KAO_OK);
    same_models(f, "whole", "parts");
    remove_run(f, "whole");
    remove_run(f, "parts");
    r.least_pictures = 4;
    assert_int_equal(train_run(f, &r, "none", 1), KAO_E_FORMAT);
    assert_non_null(strstr(f->err.msg, "0 people with 4 pictures"));
    r.least_pictures = 3;
    snprintf(r.loss, sizeof r.loss, "hinge");
    assert_int_equal(train_run(f, &r, "none", 1), KAO_E_ARG);
    snprintf(r.loss, sizeof r.loss, "combined");
    snprintf(r.guard, sizeof r.guard, "soft");
    assert_int_equal(train_run(f, &r, "none", 1), KAO_E_ARG);
    remove_run(f, "none");
}

/* Margins rise from the first step of a run on, also where a step has several backward runs, and where
 * the run begins with the weights of a model that has seen views before. */
static void margins_rise(void **state)
{
    fixture *f = *state;
    char init[500];

    make_face_pack(f);
    for (int with_init = 0; with_init < 2; with_init++) {
        double loss[2] = { 0 }, last = 0;

        for (int margin = 0; margin < 2; margin++) {
            kao_recipe r = recipe(f);
            char folder[400];
            const kao_trainer_options o = { .state = folder,
                                            .most_steps = 1,
                                            .init = with_init ? init : NULL };

            classify(&r);
            r.accumulate = 2;
            r.m2 = margin ? .5 : 0;
            r.margin_warm_up = margin ? 4 : 0;
            snprintf(folder, sizeof folder, "%s/rise%d%d", f->dir, with_init, margin);
            if (kao_train(f->ctx, &r, &o, &f->err))
                fail_msg("%s", f->err.msg);
            snprintf(init, sizeof init, "%s/rise00/small.onnx", f->dir);
            run_losses(f, strrchr(folder, '/') + 1, &loss[margin], &last);
        }
        assert_true(fabs(loss[0] - loss[1]) <= 1e-4 * loss[0]);
    }
    for (int i = 0; i < 4; i++) {
        char name[16];

        snprintf(name, sizeof name, "rise%d%d", i / 2, i % 2);
        remove_run(f, name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients),     cmocka_unit_test(columns),
        cmocka_unit_test(long_classes),  cmocka_unit_test(people),
        cmocka_unit_test(views),         cmocka_unit_test(masks),
        cmocka_unit_test(two_forms),     cmocka_unit_test(learns_and_goes_on),
        cmocka_unit_test(learns_people), cmocka_unit_test(margins_rise),
    };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
