/* Training a detector on boxes: which cells answer for them, what is lost, where boxes come to
 * lie in views, and a run without any teacher. */
#include "support/unit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/image.h"
#include "kao/detector.h"
#include "support/fixture.h"
#include "train/detect_loss.h"
#include "train/pack_made.h"
#include "train/scenes.h"

/* ---- the losses ---- */

/* Worked values in double (NumPy): generalised focal loss, DIoU of two boxes. */
static void worked_values(void **state)
{
    static const struct {
        float z, y;
        double want;
    } focal[] = { { .5f, .8f, .01809530 },
                  { -1.2f, 0, .01410688 },
                  { 2, 0, 1.65007818 } };
    /* (10, 10, 50, 60) and (12, 12, 52, 58) as centre and logarithms of the size */
    const float a[4] = { 30, 35, logf(40), logf(50) },
                b[4] = { 32, 35, logf(40), logf(46) };
    float g[4], overlap = 0;

    (void)state;
    for (size_t i = 0; i < COUNT(focal); i++) {
        double loss = 0;

        kao_focal(focal[i].z, focal[i].y, &loss);
        assert_true(fabs(loss - focal[i].want) < 2e-7);
    }
    assert_true(fabs(kao_diou(a, b, g, &overlap) - .16537403) < 2e-7);
    assert_true(fabsf(overlap - .83556405f) < 2e-7f);
    /* apart: nothing in common, and the gradient still leads to the other box */
    const float far[4] = { 0, 0, 0, 0 }, there[4] = { 5, 3, 1, 1 };

    assert_true(kao_diou(far, there, g, &overlap) > 1 && overlap == 0);
    assert_true(g[0] < 0 && g[1] < 0);
}

static void gradients(void **state)
{
    static const float boxes[][4] = { { .3f, -.2f, .4f, .1f },
                                      { 1.4f, .5f, -.3f, .8f },
                                      { .1f, .1f, 1.5f, 1.2f },
                                      { -.2f, .3f, -.8f, -.5f },
                                      { 3, 4, .2f, .3f } };
    const float want[4] = { .2f, .1f, .5f, .45f };

    (void)state;
    for (size_t i = 0; i < COUNT(boxes); i++) {
        float g[4], other[4], overlap;

        kao_diou(boxes[i], want, g, &overlap);
        for (int k = 0; k < 4; k++) {
            const float h = 1.0f / 512;
            float up[4], down[4];

            memcpy(up, boxes[i], sizeof up);
            memcpy(down, boxes[i], sizeof down);
            up[k] += h;
            down[k] -= h;
            const double slope = (kao_diou(up, want, other, &overlap) -
                                  kao_diou(down, want, other, &overlap)) /
                                 (double)(up[k] - down[k]);

            if (fabs(slope - (double)g[k]) > 2e-5)
                fail_msg("box %zu, %d: %g, wanted %g", i, k, (double)g[k], slope);
        }
    }
}

/* A batch of four cells: taught, known with and without points, ignored. */
static void four_cells(void **state)
{
    enum { N = 4, C = KAO_DETECT_CHANNELS };
    float z[N * C], want[N * C], g[N * C];
    kao_detect_sums sums = { 0 };
    double parts[3] = { 0 };

    (void)state;
    for (int i = 0; i < N * C; i++) {
        z[i] = (float)(i % 7) / 10 - .3f;
        want[i] = (float)(i % 5) / 10;
        g[i] = 9;
    }
    want[0] = .8f;
    want[C] = want[2 * C] = KAO_CELL_TAKEN;
    want[2 * C + 5] = NAN;
    want[3 * C] = KAO_CELL_IGNORED;
    kao_detect_count(z, want, N, &sums);
    const double p1 = 1 / (1 + exp(-(double)z[C])),
                 p2 = 1 / (1 + exp(-(double)z[2 * C]));

    assert_true(fabs(sums.scores - .8) < 1e-6 && sums.taken == 2);
    assert_true(fabs(sums.weight - p1 - p2) < 1e-6);
    kao_detect_judge(z, want, N, &sums, g, parts);
    /* box: the taught one .8 / 2.8 of smooth L1, the known ones 2/2.8 of twice their mean
     * DIoU, weighted by their scores */
    double box = 0, focal = 0, points = 0;

    for (int k = 1; k < 5; k++) {
        const double d = fabs((double)z[k] - (double)want[k]);

        box += .8 / 2.8 * (d < .1 ? d * d / .2 : d - .05);
    }
    for (int i = 0; i < 2; i++)
        for (int k = 5; k < C; k++) {
            const double d = fabs((double)z[i * C + k] - (double)want[i * C + k]);

            points += (i ? 1 : .8) / 2.8 * .5 * (d < .1 ? d * d / .2 : d - .05);
        }
    float by_box[4], overlap[2];

    box += 2 / 2.8 * 2 *
           (p1 * kao_diou(z + C + 1, want + C + 1, by_box, &overlap[0]) +
            p2 * kao_diou(z + 2 * C + 1, want + 2 * C + 1, by_box, &overlap[1])) /
           (p1 + p2);
    kao_focal(z[0], .8f, &focal);
    kao_focal(z[C], overlap[0], &focal);
    kao_focal(z[2 * C], overlap[1], &focal);
    assert_true(fabs(parts[0] - focal / 2.8) < 1e-6);
    assert_true(fabs(parts[1] - box) < 1e-6);
    assert_true(fabs(parts[2] - points) < 1e-6);
    for (int k = 0; k < C; k++) {
        assert_true(g[3 * C + k] == 0);
        assert_int_equal(g[2 * C + k] == 0, k >= 5);
    }
}

/* ---- assignment ---- */

enum { SIZE = 320, CELLS = 40 * 40 + 20 * 20 + 10 * 10 };

static double iou(const double a[4], const kao_box *b)
{
    const double w = fmin(a[2], (double)(b->x + b->width)) - fmax(a[0], (double)b->x),
                 h = fmin(a[3], (double)(b->y + b->height)) - fmax(a[1], (double)b->y);
    const double both = w > 0 && h > 0 ? w * h : 0;

    return both / ((a[2] - a[0]) * (a[3] - a[1]) +
                   (double)b->width * (double)b->height - both);
}

/* The same from its description: all cells of a level sorted by distance. */
static void plainly(const kao_true_box *boxes, size_t n, double best[CELLS],
                    int of[CELLS])
{
    for (int i = 0; i < CELLS; i++) {
        best[i] = 0;
        of[i] = -1;
    }
    for (size_t f = 0; f < n; f++) {
        const kao_box *b = &boxes[f].box;
        const double cx = (double)(b->x + b->width / 2),
                     cy = (double)(b->y + b->height / 2);
        int chosen[27], first = 0;
        double overlaps[27], xs[27], ys[27], sum = 0, squares = 0;
        size_t count = 0;

        for (int l = 0; l < 3; l++) {
            const int stride = 8 << l, side = SIZE / stride;
            const double half = 1.5 * (1 << l) * stride;

            for (int k = 0; k < 9; k++) {
                double nearest = 1e30;

                for (int c = 0; c < side * side; c++) {
                    const double x = c % side * stride, y = c / side * stride,
                                 d = hypot(x - cx, y - cy);
                    bool had = false;

                    for (size_t j = 0; j < count; j++)
                        had = had || chosen[j] == first + c;
                    if (had || d >= nearest)
                        continue;
                    nearest = d;
                    chosen[count] = first + c;
                    xs[count] = x;
                    ys[count] = y;
                    overlaps[count] =
                        iou((double[4]){ x - half, y - half, x + half, y + half }, b);
                }
                sum += overlaps[count++];
            }
            first += side * side;
        }
        for (size_t j = 0; j < count; j++)
            squares += pow(overlaps[j] - sum / 27, 2);
        double least = sum / 27 + sqrt(squares / 26), most = 0;
        bool in[27];

        for (size_t j = 0; j < count; j++) {
            in[j] = xs[j] > (double)b->x && xs[j] < (double)(b->x + b->width) &&
                    ys[j] > (double)b->y && ys[j] < (double)(b->y + b->height);
            most = in[j] ? fmax(most, overlaps[j]) : most;
        }
        least = fmin(least, most);
        for (size_t j = 0; j < count && !boxes[f].marked; j++)
            if (in[j] && overlaps[j] >= least && overlaps[j] > best[chosen[j]]) {
                best[chosen[j]] = overlaps[j];
                of[chosen[j]] = (int)f;
            }
    }
}

static void assignment(void **state)
{
    /* off the grid, so that no two cells are equally near */
    static const kao_true_box boxes[] = {
        { .box = { 21.3f, 33.9f, 14.2f, 17.7f } },
        { .box = { 100.7f, 60.2f, 63, 80.9f } },
        { .box = { 131.9f, 77.1f, 55.3f, 71.2f } },
        { .box = { 1.3f, 250.1f, 41.7f, 60.3f } },
        { .box = { 60.1f, 90.3f, 221.7f, 225.9f } },
        { .box = { 280.3f, 2.9f, 38.1f, 30.3f } },
        { .box = { 221.1f, 31.7f, 30, 33 }, .marked = true },
    };
    static float targets[CELLS * KAO_DETECT_CHANNELS], best[CELLS];
    static double want[CELLS];
    static int of[CELLS];
    size_t taken[COUNT(boxes)] = { 0 }, ignored = 0;

    (void)state;
    for (size_t i = 0; i < COUNT(targets); i++)
        targets[i] = .5f; /* what a teacher said */
    kao_assign_cells(boxes, COUNT(boxes), SIZE, targets, best);
    plainly(boxes, COUNT(boxes), want, of);
    for (int i = 0, first = 0, l = 0; i < CELLS; i++) {
        const float *t = targets + i * KAO_DETECT_CHANNELS;

        if (i == first + (SIZE / (8 << l)) * (SIZE / (8 << l)))
            first += (SIZE / (8 << l)) * (SIZE / (8 << l)), l++;
        const float s = (float)(8 << l), x = (float)((i - first) % (SIZE / (8 << l))),
                    y = (float)((i - first) / (SIZE / (8 << l)));

        assert_true(t[5] == .5f); /* points are left */
        if ((t[0] >= KAO_CELL_TAKEN) != (of[i] >= 0))
            fail_msg("cell %d: %g, face %d", i, (double)t[0], of[i]);
        ignored += t[0] < 0;
        if (of[i] < 0) {
            const float dx = fabsf(x * s - 236.1f), dy = fabsf(y * s - 48.2f);
            const bool in_marked = dx <= fmaxf(15, s / 2) && dy <= fmaxf(16.5f, s / 2);

            assert_true(t[0] == (in_marked ? KAO_CELL_IGNORED : 0));
            continue;
        }
        const kao_box *b = &boxes[of[i]].box;

        taken[of[i]]++;
        /* as YuNet's codec reads them */
        assert_true(fabsf((x + t[1]) * s - (b->x + b->width / 2)) < 1e-3f);
        assert_true(fabsf((y + t[2]) * s - (b->y + b->height / 2)) < 1e-3f);
        assert_true(fabsf(expf(t[3]) * s / b->width - 1) < 1e-5f);
        assert_true(fabsf(expf(t[4]) * s / b->height - 1) < 1e-5f);
    }
    for (size_t i = 0; i < COUNT(boxes); i++)
        assert_int_equal(taken[i] > 0, !boxes[i].marked);
    assert_true(ignored > 10);
}

/* ---- views ---- */

/* Pictures with a bright square each, its box in an annotation file, and: one that is missing,
 * one that is broken, one without a face, a marked box where there is nothing. */
static void make_boxed(fixture *f)
{
    char path[400], list[2000];
    size_t n = 0;

    snprintf(path, sizeof path, "%s/boxed", f->dir);
    mkdir(path, 0777);
    for (uint32_t i = 0; i < 6; i++) {
        kao_image m = { 0 };
        const uint32_t x = 20 + 30 * i, y = 150 - 20 * i, side = 20 + 6 * i;

        assert_int_equal(kao_image_create(f->ctx, 320, 240, &m, NULL), KAO_OK);
        memset(m.rgb, 60, m.row_bytes * m.height);
        if (i < 5)
            fill_box(&m, x, y, side, side, 0, 210, 0);
        snprintf(path, sizeof path, "%s/boxed/%u.png", f->dir, i);
        assert_int_equal(kao_image_save(f->ctx, path, &m, NULL), KAO_OK);
        kao_image_free(f->ctx, &m);
        n += (size_t)(i < 5 ? snprintf(list + n, sizeof list - n,
                                       "%u.png\n2\n%u %u %u %u 0 0 0 0 0 0\n"
                                       "290 210 20 20 0 0 0 1 0 0\n",
                                       i, x, y, side, side)
                            : snprintf(list + n, sizeof list - n,
                                       "%u.png\n0\n0 0 0 0 0 0 0 0 0 0\n", i));
    }
    snprintf(path, sizeof path, "%s/boxed/broken.png", f->dir);
    write_file(path, "\x89PNG", 4);
    n += (size_t)snprintf(list + n, sizeof list - n,
                          "broken.png\n1\n1 2 30 30\ngone.png\n1\n1 2 30 30\n");
    snprintf(path, sizeof path, "%s/boxes.txt", f->dir);
    write_file(path, list, n);
}

static void remove_boxed(const fixture *f)
{
    char path[400];

    for (uint32_t i = 0; i < 6; i++) {
        snprintf(path, sizeof path, "%s/boxed/%u.png", f->dir, i);
        unlink(path);
    }
    snprintf(path, sizeof path, "%s/boxed/broken.png", f->dir);
    unlink(path);
    snprintf(path, sizeof path, "%s/boxed", f->dir);
    rmdir(path);
    snprintf(path, sizeof path, "%s/boxes.txt", f->dir);
    unlink(path);
}

/* Where the bright square of a view is; false: it may not be whole. */
static bool find_square(const kao_image *m, kao_box *b)
{
    uint32_t x0 = m->width, x1 = 0, y0 = m->height, y1 = 0;

    for (uint32_t y = 0; y < m->height; y++)
        for (uint32_t x = 0; x < m->width; x++) {
            const uint8_t *p = m->rgb + y * m->row_bytes + 3 * (size_t)x;

            if (p[1] < p[0] + 40)
                continue;
            x0 = x < x0 ? x : x0;
            x1 = x > x1 ? x : x1;
            y0 = y < y0 ? y : y0;
            y1 = y > y1 ? y : y1;
        }
    *b = (kao_box){ (float)x0, (float)y0, (float)x1 + 1 - (float)x0,
                    (float)y1 + 1 - (float)y0 };
    return x1 > x0 && x0 > 3 && y0 > 3 && x1 + 4 < m->width && y1 + 4 < m->height;
}

static void views(void **state)
{
    fixture *f = *state;
    kao_scenes s = { .seed = 5 };
    kao_true_box boxes[8];
    kao_image m = { 0 }, room = { 0 };
    char list[400], folder[400];
    size_t seen = 0, empty = 0, marked = 0;

    make_boxed(f);
    snprintf(list, sizeof list, "%s/boxes.txt", f->dir);
    snprintf(folder, sizeof folder, "%s/boxed", f->dir);
    assert_int_equal(kao_scenes_load_boxed(&s, f->ctx, list, folder, &f->err), KAO_OK);
    s.scenes.ctx = f->ctx;
    assert_true(s.boxed.n == 6 && s.boxed.skipped.n == 2 && s.most_boxes == 2);
    if (strncmp(s.boxed.skipped.names, "gone.png (not there), broken.png (", 34) != 0)
        fail_msg("%s", s.boxed.skipped.names);
    assert_int_equal(kao_image_create(f->ctx, 128, 128, &m, NULL), KAO_OK);
    assert_int_equal(kao_image_create(f->ctx, 128, 128, &room, NULL), KAO_OK);
    for (uint64_t i = 0; i < 300; i++) {
        kao_scene_truth truth = { .boxes = boxes };
        kao_box found;

        assert_int_equal(kao_scenes_view(&s, i, &m, &room, &truth), KAO_OK);
        assert_int_equal(truth.kind, KAO_SCENE_BOXED);
        assert_in_range(truth.n, 0, 2);
        empty += truth.n == 0;
        const kao_true_box *box = NULL;

        for (size_t k = 0; k < truth.n; k++) {
            marked += boxes[k].marked;
            box = boxes[k].marked ? box : &boxes[k];
            if (!boxes[k].marked)
                assert_true(fminf(boxes[k].box.width, boxes[k].box.height) >= 8);
        }
        if (!find_square(&m, &found) || found.width < 13)
            continue;
        if (!box)
            fail_msg("view %d: a square without a box", (int)i);
        seen++;
        /* blurred ones are a pixel or two wider */
        if (fabsf(box->box.x - found.x) > 2.5f || fabsf(box->box.y - found.y) > 2.5f ||
            fabsf(box->box.width - found.width) > 4 ||
            fabsf(box->box.height - found.height) > 4)
            fail_msg("view %d: %g %g %g %g, wanted %g %g %g %g", (int)i,
                     (double)box->box.x, (double)box->box.y, (double)box->box.width,
                     (double)box->box.height, (double)found.x, (double)found.y,
                     (double)found.width, (double)found.height);
    }
    if (seen < 50 || empty < 30 || marked < 30)
        fail_msg("%zu seen, %zu empty, %zu marked", seen, empty, marked);
    kao_image_free(f->ctx, &m);
    kao_image_free(f->ctx, &room);
    kao_scenes_free(&s);
    remove_boxed(f);
}

/* Masks change pasted faces and nothing else, and never the pack's own pictures. */
static void masks_on_pasted(void **state)
{
    fixture *f = *state;
    kao_scenes bare = { .seed = 3 };
    kao_image a = { 0 }, b = { 0 }, room = { 0 };
    size_t same = 0, other = 0;

    make_scene_pack(f);
    assert_int_equal(
        kao_pack_load_named(&bare.scenes, f->ctx, f->dir, "made", "", &f->err), KAO_OK);
    make_face_pack(f);
    assert_int_equal(
        kao_pack_load_faces(&bare.faces, f->ctx, f->dir, "made", "", &f->err), KAO_OK);
    kao_scenes_sort(&bare);
    kao_scenes masked = bare;

    masked.masks = 1;
    assert_int_equal(kao_image_create(f->ctx, 160, 160, &a, NULL), KAO_OK);
    assert_int_equal(kao_image_create(f->ctx, 160, 160, &b, NULL), KAO_OK);
    assert_int_equal(kao_image_create(f->ctx, 160, 160, &room, NULL), KAO_OK);
    for (uint64_t i = 0; i < 100; i++) {
        kao_scene_truth truth;
        size_t changed = 0;

        assert_int_equal(kao_scenes_view(&masked, i, &b, &room, &truth), KAO_OK);
        assert_int_equal(kao_scenes_view(&bare, i, &a, &room, &truth), KAO_OK);
        for (uint32_t y = 0; y < 160; y++)
            for (uint32_t x = 0; x < 160; x++)
                changed += memcmp(kao_image_row(&a, y) + x * KAO_RGB,
                                  kao_image_row(&b, y) + x * KAO_RGB, KAO_RGB) != 0;
        same += changed == 0;
        other += changed > 0 && changed < 160 * 160 / 2;
    }
    /* views without pasted faces are some six of ten */
    if (same < 30 || other < 20 || same + other != 100)
        fail_msg("%zu the same, %zu with masks", same, other);
    kao_image_free(f->ctx, &a);
    kao_image_free(f->ctx, &b);
    kao_image_free(f->ctx, &room);
    kao_scenes_free(&bare);
}

/* Without memory, or when a read fails: a status, nothing left. */
static void faults(void **state)
{
    fixture *f = *state;
    char list[400], folder[400];

    make_boxed(f);
    snprintf(list, sizeof list, "%s/boxes.txt", f->dir);
    snprintf(folder, sizeof folder, "%s/boxed", f->dir);
    const size_t live = atomic_load(&f->ctx->mem.live);

    for (int kind = 0; kind < KAO_FAULT_COUNT; kind++)
        for (int i = 0;; i++) {
            kao_scenes s = { .seed = 5 };

            kao_fault_arm(&f->ctx->mem, (kao_fault)kind, i);
            const kao_status st =
                kao_scenes_load_boxed(&s, f->ctx, list, folder, &f->err);
            const bool fired = kao_fault_disarm(&f->ctx->mem, (kao_fault)kind);

            if (st == KAO_OK)
                assert_true(s.boxed.n + s.boxed.skipped.n == 8);
            else
                assert_true(fired && (st == KAO_E_NOMEM || st == KAO_E_IO));
            kao_scenes_free(&s);
            assert_int_equal(atomic_load(&f->ctx->mem.live), live);
            if (!fired)
                break;
        }
    remove_boxed(f);
}

/* ---- runs ---- */

static kao_recipe recipe(const fixture *f)
{
    kao_recipe r = made_recipe(f);

    snprintf(r.task, sizeof r.task, "detector");
    snprintf(r.boxes, sizeof r.boxes, "boxes.txt");
    snprintf(r.pictures, sizeof r.pictures, "boxed");
    r.width = 8;
    r.size = 64;
    r.batch = 8;
    r.warm_up = 2;
    r.decay = 1e-4;
    r.steps = 200;
    r.classes[0] = '\0';
    return r;
}

/* Without a teacher it learns where the squares are. */
static void learns_boxes(void **state)
{
    fixture *f = *state;
    kao_recipe r = recipe(f);
    double first = 0, last = 0;
    char path[400];
    kao_detector *d = NULL;
    kao_image m = { 0 };
    size_t n = 0;

    make_boxed(f);
    if (train_run(f, &r, "whole", 0))
        fail_msg("%s", f->err.msg);
    run_losses(f, "whole", &first, &last);
    if (last > .75 * first)
        fail_msg("loss %g at first, %g at last", first, last);
    assert_int_equal(train_run(f, &r, "parts", 120), KAO_OK);
    assert_int_equal(train_run(f, &r, "parts", 80), KAO_OK);
    same_models(f, "whole", "parts");
    snprintf(path, sizeof path, "%s/whole/small.onnx", f->dir);
    assert_int_equal(detector_of(f, &d, path), KAO_OK);
    assert_non_null(strstr(kao_card_get(kao_model_card(kao_detector_model(d)), "note"),
                           "points are not trained"));
    assert_string_equal(
        kao_card_get(kao_model_card(kao_detector_model(d)), "trained_on"),
        "6 pictures (6 of no stated class)");
    assert_int_equal(kao_image_create(f->ctx, 320, 240, &m, NULL), KAO_OK);
    memset(m.rgb, 60, m.row_bytes * m.height);
    fill_box(&m, 100, 90, 40, 40, 0, 210, 0);
    assert_int_equal(detect_in(d, &m, &n, &f->err), KAO_OK);
    kao_image_free(f->ctx, &m);
    kao_detector_destroy(d);
    remove_run(f, "whole");
    remove_run(f, "parts");
    remove_boxed(f);
}

/* Together with scenes that a teacher answers for; and what is refused. */
static void with_a_teacher(void **state)
{
    fixture *f = *state;
    kao_recipe r = recipe(f);
    double first = 0, last = 0;

    make_boxed(f);
    make_scene_pack(f);
    snprintf(r.scenes, sizeof r.scenes, "made");
    snprintf(r.classes, sizeof r.classes, "ours");
    assert_int_equal(train_run(f, &r, "none", 1), KAO_E_ARG);
    assert_non_null(strstr(f->err.msg, "no teacher: 5 pictures of scenes = made"));
    snprintf(r.teacher, sizeof r.teacher, "%s", f->detector);
    r.steps = 60;
    if (train_run(f, &r, "whole", 0))
        fail_msg("%s", f->err.msg);
    run_losses(f, "whole", &first, &last);
    assert_true(last < .8 * first);
    snprintf(r.boxes, sizeof r.boxes, "none.txt");
    assert_int_equal(train_run(f, &r, "none", 1), KAO_E_IO);
    snprintf(r.boxes, sizeof r.boxes, "boxes.txt");
    snprintf(r.pictures, sizeof r.pictures, "whole");
    assert_int_equal(train_run(f, &r, "none", 1), KAO_E_FORMAT);
    assert_non_null(strstr(f->err.msg, "was taken: 0.png (not there)"));
    remove_run(f, "whole");
    remove_run(f, "none");
    remove_boxed(f);
}

/* A file whose outputs have YuNet's names. At `odd` (-1: at none) one is of another type, or has a
 * row too few. */
static pb teacher_of(uint32_t size, int odd, bool type)
{
    static const char *const kinds[] = { "cls", "obj", "bbox", "kps" };
    static const int64_t widths[] = { 1, 1, 4, 10 };
    char dims[40], shape[16], in[24], name[16];
    graph g;

    graph_init(&g, 13);
    snprintf(dims, sizeof dims, "1,3,%u,%u", size, size);
    graph_input(&g, "x", KAO_F32, dims);
    graph_node(&g, "ReduceMean", "x", "mean", "keepdims=0");
    graph_node(&g, "Cast", "mean", "byte", "to=2");
    for (int i = 0; i < 12; i++) {
        const int64_t side = size / (8u << i / 4),
                      rows[2] = { side * side - (i == odd && !type), widths[i % 4] };
        const bool bytes = i == odd && type;

        snprintf(shape, sizeof shape, "shape%d", i);
        graph_ints(&g, shape, "2", rows);
        snprintf(in, sizeof in, "%s %s", bytes ? "byte" : "mean", shape);
        snprintf(name, sizeof name, "%s_%d", kinds[i % 4], 8 << i / 4);
        graph_node(&g, "Expand", in, name, "");
        graph_output(&g, name, bytes ? KAO_U8 : KAO_F32, "?,?");
    }
    return graph_file(&g);
}

/* A teacher's outputs are read for each cell: one that has others is refused. */
static void teacher_of_other_outputs(void **state)
{
    static const struct {
        int odd;
        bool type;
        kao_status st;
        const char *message;
    } rows[] = {
        { -1, false, KAO_OK, "" },
        { 3, false, KAO_E_FORMAT,
          "teacher.onnx: outputs of stride 8 have another shape or type" },
        { 8, false, KAO_E_FORMAT,
          "teacher.onnx: outputs of stride 32 have another shape or type" },
        { 6, true, KAO_E_FORMAT,
          "teacher.onnx: outputs of stride 16 have another shape or type" },
    };
    fixture *f = *state;
    kao_recipe r = recipe(f);

    make_boxed(f);
    make_scene_pack(f);
    snprintf(r.scenes, sizeof r.scenes, "made");
    snprintf(r.classes, sizeof r.classes, "ours");
    for (size_t i = 0; i < COUNT(rows); i++) {
        pb file = teacher_of((uint32_t)r.size, rows[i].odd, rows[i].type);

        snprintf(r.teacher, sizeof r.teacher, "%s",
                 fixture_file(f, "teacher.onnx", &file));
        f->err.msg[0] = '\0';
        const kao_status st = train_run(f, &r, "taught", 1);

        if (st != rows[i].st || !strstr(f->err.msg, rows[i].message))
            fail_msg("row %zu: %d, %s", i, (int)st, f->err.msg);
        remove_run(f, "taught");
    }
    unlink(r.teacher);
    remove_boxed(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(worked_values),   cmocka_unit_test(gradients),
        cmocka_unit_test(four_cells),      cmocka_unit_test(assignment),
        cmocka_unit_test(views),           cmocka_unit_test(faults),
        cmocka_unit_test(learns_boxes),    cmocka_unit_test(with_a_teacher),
        cmocka_unit_test(masks_on_pasted), cmocka_unit_test(teacher_of_other_outputs),
    };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
