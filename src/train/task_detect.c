/* Training a detector: by a teacher's dense answers, by boxes of an annotation file, or both.
 *
 * Student and teacher see the same view; every cell of every level is an example
 * (detect_loss.h). In a view without faces the teacher is not asked: the right score is 0
 * everywhere. In a view with known boxes these say where faces are (assign.h); what a teacher
 * has to say there are the points. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "face/detector_family.h"
#include "face/model.h"
#include "train/detect_loss.h"
#include "train/facts.h"
#include "train/scenes.h"
#include "train/trainer.h"

struct kao_task {
    kao_context *ctx;
    const kao_recipe *r;
    kao_ranks *ranks;
    size_t n; /* own views of a batch */
    kao_scenes scenes;
    kao_model *teacher; /* NULL: boxes alone */
    kao_heads heads;
    uint32_t n_workers;
    kao_session **sessions; /* of the teacher, by worker */
    float **inputs;         /* by worker: a view for the teacher */
    kao_image *pictures;    /* by worker: two, view and room */
    kao_true_box *boxes;    /* by worker: most_boxes of the scenes */
    float *best;            /* by worker: a number a cell, for kao_assign_cells */
    float
        *targets; /* of the own views: cells of all levels, KAO_DETECT_CHANNELS each */
    size_t cells; /* of a picture, all levels */
};

static size_t cells_of(const kao_recipe *r, int level)
{
    const size_t side = (size_t)r->size / (size_t)(8 << level);

    return side * side;
}

/* ---- views and the teacher's answers ---- */

typedef struct batch_job {
    kao_task *task;
    uint64_t first;
    float *input; /* of the tape */
    kao_status st[1024];
} batch_job;

static float unit(float v)
{
    return v < 0 ? 0 : v > 1 ? 1 : v;
}

static kao_status take_answers(const kao_task *t, const kao_session *s, float *to,
                               kao_error *err)
{
    const kao_tensor *tensors[4 * KAO_DETECT_LEVELS];

    for (uint32_t i = 0; i < 4 * KAO_DETECT_LEVELS; i++)
        tensors[i] = kao_session_output(s, i);
    for (uint32_t l = 0; l < KAO_DETECT_LEVELS; l++) {
        const kao_level *level = &t->heads.level[l];
        const size_t cells = cells_of(t->r, (int)l);
        const kao_status st = kao_yunet_check(level, tensors, (int64_t)cells, err);

        if (st)
            return kao_error_prefix(err, st, "%s", t->teacher->net->name);
        const float *cls = tensors[level->score]->data,
                    *obj = tensors[level->object]->data,
                    *box = tensors[level->box]->data,
                    *points = tensors[level->points]->data;

        for (size_t i = 0; i < cells; i++, to += KAO_DETECT_CHANNELS) {
            to[0] = sqrtf(unit(cls[i]) * unit(obj[i]));
            memcpy(to + 1, box + 4 * i, 4 * sizeof *to);
            memcpy(to + 5, points + 10 * i, 10 * sizeof *to);
        }
    }
    return KAO_OK;
}

static kao_status ask(const kao_task *t, kao_session *s, float *input,
                      const kao_view *view, float *to, kao_error *err)
{
    /* YuNet's own form: B, G, R, 0..255 */
    const kao_tensor_form form = { .order = KAO_TENSOR_BGR, .scale = { 1, 1, 1 } };
    const int64_t size = (int64_t)t->r->size;
    kao_tensor x = {
        .dtype = KAO_F32, .rank = 4, .dims = { 1, 3, size, size }, .data = input
    };

    kao_tensor_set_channels_last(&x);
    kao_view_to_tensor(view, &form, input);
    kao_status st = kao_session_bind(s, 0, &x, err);

    if (!st)
        st = kao_session_run(s, err);
    return st ? st : take_answers(t, s, to, err);
}

/* Of a view with boxes the teacher's points count where it sees a face. */
static void hide_points(const kao_task *t, float *to)
{
    for (size_t i = 0; i < t->cells; i++, to += KAO_DETECT_CHANNELS)
        if (!(to[0] > KAO_DETECT_FACE))
            to[5] = NAN;
}

static void one_view(void *arg, size_t i, uint32_t worker)
{
    static const kao_tensor_form form = { .order = KAO_TENSOR_BGR,
                                          .mean = { 127.5f, 127.5f, 127.5f },
                                          .scale = { 1 / 128.0f, 1 / 128.0f,
                                                     1 / 128.0f } };
    batch_job *j = arg;
    kao_task *t = j->task;
    const kao_image *picture = &t->pictures[2 * worker];
    const kao_view view = kao_image_view(picture);
    const size_t size = (size_t)t->r->size;
    float *to = t->targets + i * t->cells * KAO_DETECT_CHANNELS;
    kao_scene_truth truth = { .boxes = t->boxes + worker * t->scenes.most_boxes };

    j->st[i] = kao_scenes_view(&t->scenes, j->first + i, picture, picture + 1, &truth);
    if (j->st[i])
        return;
    kao_view_to_tensor(&view, &form, j->input + i * size * size * 3);
    const bool asked = t->teacher && (truth.kind == KAO_SCENE_PLAIN || truth.n > 0);

    j->st[i] = asked ? ask(t, t->sessions[worker], t->inputs[worker], &view, to, NULL)
                     : KAO_OK;
    if (!asked)
        memset(to, 0, t->cells * KAO_DETECT_CHANNELS * sizeof *to);
    if (truth.kind == KAO_SCENE_BOXED) {
        hide_points(t, to);
        kao_assign_cells(truth.boxes, truth.n, size, to, t->best + worker * t->cells);
    }
}

/* ---- the loss ---- */

/* Level l of picture i: what the network says, what is wanted, and where a gradient goes. */
typedef struct part {
    const float *z, *want;
    float *g;
    size_t n;
} part;

static part part_of(const kao_task *t, kao_tape *tape, size_t i, int l)
{
    const size_t n = cells_of(t->r, l), at = i * n * KAO_DETECT_CHANNELS;
    size_t before = 0;

    for (int k = 0; k < l; k++)
        before += cells_of(t->r, k);
    return (part){ .z = (const float *)kao_tape_output(tape, (uint32_t)l)->data + at,
                   .want = t->targets + (i * t->cells + before) * KAO_DETECT_CHANNELS,
                   .g = kao_tape_output_grad(tape, (uint32_t)l) + at,
                   .n = n };
}

static void judge(kao_task *t, kao_tape *tape, double loss[1 + KAO_TASK_PARTS])
{
    kao_detect_sums sums = { 0 };

    for (size_t i = 0; i < t->n; i++)
        for (int l = 0; l < KAO_DETECT_LEVELS; l++) {
            const part p = part_of(t, tape, i, l);

            kao_detect_count(p.z, p.want, p.n, &sums);
        }
    double all[] = { sums.scores, sums.taken, sums.weight };

    kao_ranks_sum(t->ranks, all, 3);
    sums = (kao_detect_sums){ .scores = all[0], .taken = all[1], .weight = all[2] };
    for (int l = 0; l < KAO_DETECT_LEVELS; l++)
        for (size_t i = 0; i < t->n; i++) {
            const part p = part_of(t, tape, i, l);

            kao_detect_judge(p.z, p.want, p.n, &sums, p.g, loss + 1);
        }
    kao_ranks_sum(t->ranks, loss + 1, 3);
    loss[0] = loss[1] + loss[2] + loss[3];
    loss[4] = fmax(sums.scores + sums.taken, 1) / t->r->batch;
}

static kao_status step(kao_task *t, kao_tape *tape, uint64_t now, uint64_t first,
                       double loss[1 + KAO_TASK_PARTS], kao_error *err)
{
    batch_job j = { .task = t,
                    .first = first + kao_ranks_index(t->ranks) * t->n,
                    .input = kao_tape_input(tape) };
    kao_status st = KAO_OK;

    (void)now;
    kao_pool_run(t->ctx->pool, one_view, &j, t->n);
    for (size_t i = 0; !st && i < t->n; i++)
        if (j.st[i])
            st = kao_fail(err, j.st[i], "the teacher failed on view %llu: %s",
                          (unsigned long long)(j.first + i), kao_status_name(j.st[i]));
    st = kao_ranks_agree(t->ranks, st, err);
    if (st)
        return st;
    kao_tape_forward(tape, true);
    judge(t, tape, loss);
    return kao_ranks_check(t->ranks, err);
}

/* ---- beginning and end ---- */

static void close_task(kao_task *t)
{
    kao_mem *mem = &t->ctx->mem;

    for (uint32_t i = 0; i < t->n_workers; i++) {
        if (t->sessions)
            kao_session_destroy(t->sessions[i]);
        if (t->inputs)
            kao_free(mem, t->inputs[i]);
        for (int k = 0; t->pictures && k < 2; k++)
            kao_image_free(t->ctx, &t->pictures[2 * i + (uint32_t)k]);
    }
    kao_free(mem, t->sessions);
    kao_free(mem, t->inputs);
    kao_free(mem, t->pictures);
    kao_free(mem, t->targets);
    kao_free(mem, t->boxes);
    kao_free(mem, t->best);
    kao_scenes_free(&t->scenes);
    kao_model_release(t->teacher);
    kao_free(mem, t);
}

/* What each worker needs; without a teacher no sessions. */
static kao_status open_workers(kao_task *t, kao_error *err)
{
    const kao_session_options one = { .passes = KAO_PASS_ALL, .n_threads = 1 };
    const size_t side = (size_t)t->r->size;
    kao_mem *mem = &t->ctx->mem;
    kao_status st = KAO_OK;

    t->n_workers = kao_pool_threads(t->ctx->pool);
    t->sessions = kao_calloc(mem, t->n_workers, sizeof *t->sessions);
    t->inputs = kao_calloc(mem, t->n_workers, sizeof *t->inputs);
    t->pictures = kao_calloc(mem, 2 * t->n_workers, sizeof *t->pictures);
    t->boxes = kao_calloc(mem, t->n_workers * t->scenes.most_boxes, sizeof *t->boxes);
    t->best = kao_calloc(mem, t->n_workers * t->cells, sizeof *t->best);
    t->targets =
        kao_calloc(mem, t->n * t->cells * KAO_DETECT_CHANNELS, sizeof *t->targets);
    if (!t->sessions || !t->inputs || !t->pictures || !t->boxes || !t->best ||
        !t->targets)
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    for (uint32_t i = 0; !st && i < t->n_workers; i++) {
        if (t->teacher)
            st = kao_session_create(&t->sessions[i], t->teacher->net, &one, err);
        t->inputs[i] = kao_calloc(mem, side * side * 3, sizeof(float));
        if (!st && !t->inputs[i])
            st = kao_fail(err, KAO_E_NOMEM, "out of memory");
        for (uint32_t k = 0; !st && k < 2; k++)
            st = kao_image_create(t->ctx, (uint32_t)side, (uint32_t)side,
                                  &t->pictures[2 * i + k], err);
    }
    if (st || !t->teacher)
        return st;
    /* it answers as a teacher of this family, told before the first step */
    const kao_view blank = kao_image_view(&t->pictures[0]);

    return ask(t, t->sessions[0], t->inputs[0], &blank, t->targets, err);
}

static kao_status open_teacher(kao_task *t, kao_error *err)
{
    if (!t->r->teacher[0])
        return t->scenes.n_plain == 0
                   ? KAO_OK
                   : kao_fail(err, KAO_E_ARG,
                              "no teacher: %zu pictures of scenes = %.60s have no "
                              "boxes",
                              t->scenes.n_plain, t->r->scenes);
    const kao_status st = kao_model_open(t->ctx, &t->teacher, t->r->teacher, err);

    if (!st && !kao_yunet_recognise(t->teacher->net, &t->heads))
        return kao_fail(err, KAO_E_UNSUPPORTED,
                        "%s: a teacher of the family yunet is wanted", t->r->teacher);
    return st;
}

/* A path of the recipe: below `data`, unless it begins at the root. */
static kao_status below_data(const kao_recipe *r, const char *path, char to[1100],
                             kao_error *err)
{
    const int n = path[0] == '/' ? snprintf(to, 1100, "%s", path)
                                 : snprintf(to, 1100, "%s/%s", r->data, path);

    return n < 1100 ? KAO_OK
                    : kao_fail(err, KAO_E_ARG, "%s: the path is too long", path);
}

static kao_status open_scenes(kao_task *t, kao_error *err)
{
    const kao_recipe *r = t->r;
    kao_scenes *s = &t->scenes;
    char file[1100], pictures[1100];
    kao_status st =
        kao_pack_load_named(&s->scenes, t->ctx, r->data, r->scenes, r->classes, err);

    if (!st)
        st = kao_pack_load_named(&s->faces, t->ctx, r->data, r->faces, r->classes, err);
    if (!st && r->boxes[0]) {
        st = below_data(r, r->boxes, file, err);
        if (!st)
            st = below_data(r, r->pictures, pictures, err);
        if (!st)
            st = kao_scenes_load_boxed(s, t->ctx, file, pictures, err);
    }
    if (st)
        return st;
    kao_scenes_sort(s);
    return s->n_plain + s->boxed.n > 0
               ? KAO_OK
               : kao_fail(err, KAO_E_FORMAT, "%s: no picture was taken", r->data);
}

static kao_status open_task(kao_task **out, const kao_task_options *o, uint8_t **bytes,
                            size_t *n, kao_error *err)
{
    kao_context *ctx = o->ctx;
    const kao_recipe *r = o->r;

    *out = NULL;
    if (r->batch > 1024 || (int64_t)r->size % 32)
        return kao_fail(err, KAO_E_ARG, "batch at most 1024, size a multiple of 32");
    kao_task *t = kao_calloc(&ctx->mem, 1, sizeof *t);

    if (!t)
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    t->ctx = ctx;
    t->r = r;
    t->ranks = o->ranks;
    t->n = (size_t)r->batch / kao_ranks_count(t->ranks);
    t->scenes.seed = (uint64_t)r->seed;
    t->scenes.masks = r->masks;
    for (int l = 0; l < KAO_DETECT_LEVELS; l++)
        t->cells += cells_of(r, l);
    kao_status st = open_scenes(t, err);

    if (!st)
        st = open_teacher(t, err);
    if (!st)
        st = open_workers(t, err);
    if (!st)
        st = kao_arch_detect(&ctx->mem, true, (int64_t)r->width, o->start, NULL, bytes,
                             n, err);
    if (st)
        close_task(t);
    else
        *out = t;
    return st;
}

/* ---- the shipped form ---- */

static void describe(const kao_task *t, char *to, size_t cap)
{
    const kao_scenes *s = &t->scenes;
    const kao_pack_left *left[] = { &s->scenes.skipped, &s->faces.skipped,
                                    &s->boxed.skipped };
    size_t skipped = 0;
    const char *names = "";

    for (size_t i = 0; i < sizeof left / sizeof left[0]; i++) {
        skipped += left[i]->n;
        names = names[0] ? names : left[i]->names;
    }
    snprintf(to, cap,
             "%zu pictures with people, %zu without a face, %zu with boxes (%zu), %zu "
             "faces; %zu missing or broken%s%s",
             s->n_plain, s->scenes.n - s->n_plain, s->boxed.n, s->boxes.n, s->faces.n,
             skipped, names[0] ? ": " : "", names);
}

static kao_status write(kao_task *t, kao_tape *tape, uint64_t views, uint8_t **bytes,
                        size_t *n, kao_error *err)
{
    kao_arch_weights trained = kao_arch_of_tape(tape);
    const kao_pack *const packs[] = { &t->scenes.scenes, &t->scenes.boxed,
                                      &t->scenes.faces, NULL };
    kao_facts facts;

    trained.halves = t->r->halves > 0;
    kao_facts_begin(&facts, t->r, views, packs);
    kao_facts_add(&facts, "kao.kind", "detector");
    kao_facts_add(&facts, "kao.family", "yunet");
    kao_facts_add(&facts, "kao.input.color", "bgr");
    kao_facts_add(&facts, "kao.input.mean", "127.5");
    kao_facts_add(&facts, "kao.input.scale", "1/128");
    if (!t->teacher)
        kao_facts_remark(&facts, "its points are not trained: boxes alone were known");
    kao_facts_threshold(&facts, "kao.threshold.score", t->r->threshold);
    return kao_arch_detect(&t->ctx->mem, false, (int64_t)t->r->width, &trained,
                           facts.pairs, bytes, n, err);
}

const kao_task_kind kao_task_detect = {
    .name = "detector",
    .parts = { "score", "box", "points", "faces" },
    .open = open_task,
    .close = close_task,
    .describe = describe,
    .step = step,
    .write = write,
};
