/* See pack_made.h. */
#include "support/unit.h"

#include "train/pack_made.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "support/fixture.h"

/* ---- packs ---- */

typedef struct made_pack {
    pb tar;
    char list[4096];
    size_t n; /* of list */
    size_t n_lines;
} made_pack;

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

static void list_line(made_pack *p, const char *name, const char *class,
                      const char *kind)
{
    p->n += (size_t)snprintf(p->list + p->n, sizeof p->list - p->n,
                             "%s\tmade\t%s\t%s\tperson%zu\n", name, class, kind,
                             p->n_lines++ / 3);
}

/* Takes m's pixels. */
static void add_picture(fixture *f, made_pack *p, uint32_t i, const char *kind,
                        kao_image *m)
{
    uint8_t *bytes = NULL;
    size_t n = 0;
    char name[32];

    assert_int_equal(kao_image_encode(f->ctx, m, KAO_IMAGE_PNG, 0, &bytes, &n, NULL),
                     KAO_OK);
    snprintf(name, sizeof name, "a/%u.png", i);
    tar_member(&p->tar, name, bytes, n);
    list_line(p, name, "ours", kind);
    kao_image_free_bytes(f->ctx, bytes);
    kao_image_free(f->ctx, m);
}

static kao_image noisy_picture(fixture *f, uint32_t seed, uint32_t w, uint32_t h)
{
    kao_image m = { 0 };

    assert_int_equal(kao_image_create(f->ctx, w, h, &m, NULL), KAO_OK);
    for (uint32_t k = 0; k < w * h * 3; k++)
        m.rgb[k] = (uint8_t)(60 + 30 * (noise(seed, k) + 1));
    return m;
}

static void write_pack(const fixture *f, made_pack *p)
{
    char path[400];

    list_line(p, "a/gone.png", "ours", "scene");
    list_line(p, "a/0.png", "theirs", "scene");
    pb_raw(&p->tar, (const char[1024]){ 0 }, 1024);
    snprintf(path, sizeof path, "%s/made.tar", f->dir);
    write_file(path, p->tar.p, p->tar.n);
    snprintf(path, sizeof path, "%s/made_list.txt", f->dir);
    write_file(path, p->list, p->n);
    pb_free(&p->tar);
}

void make_scene_pack(fixture *f)
{
    made_pack p = { .list = "# picture source class kind identity\n", .n = 37 };

    for (uint32_t i = 0; i < 6; i++) {
        kao_image m = noisy_picture(f, i, 90 + 10 * i, 100);

        for (uint32_t k = 0; k < 4 && i < 5; k++)
            fill_box(&m, 10 + 20 * k, 10 + 15 * k, 16, 16, 0, (uint8_t)(150 + 20 * k),
                     0);
        add_picture(f, &p, i, i == 5 ? "noface" : "scene", &m);
    }
    write_pack(f, &p);
}

void make_face_pack(fixture *f)
{
    made_pack p = { .list = "# picture source class kind identity\n", .n = 37 };

    for (uint32_t i = 0; i < MADE_FACES; i++) {
        kao_image m = noisy_picture(f, i, 128, 128);

        fill_box(&m, 32, 32, 64, 64, (uint8_t)(200 + 4 * i), (uint8_t)(250 - 15 * i),
                 (uint8_t)(20 * i));
        add_picture(f, &p, i, "face", &m);
    }
    write_pack(f, &p);
}

/* ---- runs ---- */

kao_recipe made_recipe(const fixture *f)
{
    kao_recipe r = { .name = "small",
                     .classes = "ours",
                     .width = 4,
                     .accumulate = 1,
                     .precision = "float32",
                     .optimizer = "adamw",
                     .schedule = "constant",
                     .rate = 5e-3,
                     .clip = 5,
                     .mean_decay = .9,
                     .seed = 11,
                     .checkpoint_minutes = 1e4 };

    snprintf(r.data, sizeof r.data, "%s", f->dir);
    return r;
}

kao_status train_run(fixture *f, const kao_recipe *r, const char *folder,
                     uint64_t steps)
{
    char state[400];
    const kao_trainer_options o = { .state = state, .most_steps = steps };

    snprintf(state, sizeof state, "%s/%s", f->dir, folder);
    return kao_train(f->ctx, r, &o, &f->err);
}

kao_file read_run(fixture *f, const char *folder, const char *name)
{
    char path[500];
    kao_file file = { 0 };

    snprintf(path, sizeof path, "%s/%s/%s", f->dir, folder, name);
    assert_int_equal(kao_file_open(&file, &f->ctx->mem, path, 1 << 30, &f->err),
                     KAO_OK);
    return file;
}

void remove_run(const fixture *f, const char *folder)
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

void run_losses(fixture *f, const char *folder, double *first, double *last)
{
    kao_file log = read_run(f, folder, "log.csv");
    char text[8192] = "";
    const char *line = text;

    assert_in_range(log.bytes.n, 1, sizeof text - 1);
    memcpy(text, log.bytes.p, log.bytes.n);
    assert_true(strncmp(text, "step,views,seconds,rate,gradient,loss,", 38) == 0);
    for (int k = 0; (line = strchr(line, '\n')) && line[1]; k++) {
        const char *p = ++line;

        for (int c = 0; c < 5; c++)
            p = strchr(p, ',') + 1;
        *last = strtod(p, NULL);
        *first = k == 0 ? *last : *first;
    }
    kao_file_close(&log);
}

void same_models(fixture *f, const char *a, const char *b)
{
    kao_file x = read_run(f, a, "small.onnx"), y = read_run(f, b, "small.onnx");

    assert_int_equal(x.bytes.n, y.bytes.n);
    assert_memory_equal(x.bytes.p, y.bytes.p, x.bytes.n);
    kao_file_close(&x);
    kao_file_close(&y);
}
