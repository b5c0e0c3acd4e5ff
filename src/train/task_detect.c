/* Training a detector by a teacher's dense answers.
 *
 * Student and teacher see the same view. Every cell of every level is an example:
 *
 *   score  quality focal loss (Li et al., arXiv:2006.04388, beta = 2) against the teacher's
 *          score, divided by the sum of scores above FACE
 *   box    smooth L1 on the four numbers as the network gives them, weighted by the
 *   points and teacher's score where that is above FACE; the ten numbers likewise
 *
 * In a view without faces the teacher is not asked: the right score is 0 everywhere. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "face/detector_family.h"
#include "face/model.h"
#include "train/arch.h"
#include "train/facts.h"
#include "train/scenes.h"
#include "train/trainer.h"

static const float FACE = 0.1f; /* teacher's score from which a cell has a face */
static const float BEND = 0.1f; /* of smooth L1 */
static const float BOX = 1.0f, POINTS = 0.5f; /* weights of the parts */

struct kao_task {
    kao_context *ctx;
    const kao_recipe *r;
    kao_scenes scenes;
    kao_model *teacher;
    kao_heads heads;
    uint32_t n_workers;
    kao_session **sessions; /* of the teacher, by worker */
    float **inputs;         /* by worker: a view for the teacher */
    kao_image *pictures;    /* by worker: two, view and room */
    float *targets; /* of a batch: cells of all levels, KAO_DETECT_CHANNELS each */
    size_t cells;   /* of a picture, all levels */
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

static void take_answers(const kao_task *t, const kao_session *s, float *to)
{
    for (uint32_t l = 0; l < KAO_DETECT_LEVELS; l++) {
        const kao_level *level = &t->heads.level[l];
        const float *cls = kao_session_output(s, level->score)->data;
        const float *obj = kao_session_output(s, level->object)->data;
        const float *box = kao_session_output(s, level->box)->data;
        const float *points = kao_session_output(s, level->points)->data;

        for (size_t i = 0; i < cells_of(t->r, (int)l); i++, to += KAO_DETECT_CHANNELS) {
            to[0] = sqrtf(unit(cls[i]) * unit(obj[i]));
            memcpy(to + 1, box + 4 * i, 4 * sizeof *to);
            memcpy(to + 5, points + 10 * i, 10 * sizeof *to);
        }
    }
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
    if (!st)
        take_answers(t, s, to);
    return st;
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
    bool empty = false;

    kao_scenes_view(&t->scenes, j->first + i, picture, picture + 1, &empty);
    kao_view_to_tensor(&view, &form, j->input + i * size * size * 3);
    j->st[i] = KAO_OK;
    if (empty)
        memset(to, 0, t->cells * KAO_DETECT_CHANNELS * sizeof *to);
    else
        j->st[i] = ask(t, t->sessions[worker], t->inputs[worker], &view, to, NULL);
}

/* ---- the loss ---- */

static float smooth_l1(float d, float weight, double *loss)
{
    const float a = fabsf(d);

    *loss += (double)(weight * (a < BEND ? a * a / (2 * BEND) : a - BEND / 2));
    return weight * (a < BEND ? d / BEND : d > 0 ? 1 : -1);
}

/* Of one cell: its logit z against the score y. Gives the gradient by z. */
static float focal(float z, float y, double *loss)
{
    const float p = 1 / (1 + expf(-z));
    /* -log p and -log(1 - p) without cancellation */
    const float soft = z > 0 ? z + log1pf(expf(-z)) : log1pf(expf(z));
    const float entropy = soft - y * z, d = p - y;

    *loss += (double)(d * d * entropy);
    return d * d * d + 2 * d * p * (1 - p) * entropy;
}

static double sum_of_scores(const kao_task *t, size_t batch)
{
    double sum = 0;

    for (size_t i = 0; i < batch * t->cells; i++) {
        const float y = t->targets[i * KAO_DETECT_CHANNELS];

        sum += y > FACE ? (double)y : 0;
    }
    return fmax(sum, 1);
}

/* Level l of picture i. g is where its gradient goes. */
static void level_loss(const float *z, const float *want, size_t n, float by, float *g,
                       double parts[3])
{
    for (size_t c = 0; c < n; c++) {
        const float y = want[0], weight = y > FACE ? y * by : 0;
        double loss = 0;

        g[0] = by * focal(z[0], y, &loss);
        parts[0] += loss * (double)by;
        for (int k = 1; k < KAO_DETECT_CHANNELS; k++)
            g[k] = weight > 0
                       ? smooth_l1(z[k] - want[k], weight * (k < 5 ? BOX : POINTS),
                                   &parts[k < 5 ? 1 : 2])
                       : 0;
        z += KAO_DETECT_CHANNELS;
        want += KAO_DETECT_CHANNELS;
        g += KAO_DETECT_CHANNELS;
    }
}

static void judge(kao_task *t, kao_tape *tape, double loss[1 + KAO_TASK_PARTS])
{
    const size_t batch = (size_t)t->r->batch;
    const double positives = sum_of_scores(t, batch);
    size_t at = 0;

    for (int l = 0; l < KAO_DETECT_LEVELS; l++) {
        const size_t n = cells_of(t->r, l);
        const float *z = kao_tape_output(tape, (uint32_t)l)->data;
        float *g = kao_tape_output_grad(tape, (uint32_t)l);

        for (size_t i = 0; i < batch; i++)
            level_loss(z + i * n * KAO_DETECT_CHANNELS,
                       t->targets + (i * t->cells + at) * KAO_DETECT_CHANNELS, n,
                       (float)(1 / positives), g + i * n * KAO_DETECT_CHANNELS,
                       loss + 1);
        at += n;
    }
    loss[0] = loss[1] + loss[2] + loss[3];
    loss[4] = positives / (double)batch;
}

static kao_status step(kao_task *t, kao_tape *tape, uint64_t first,
                       double loss[1 + KAO_TASK_PARTS], kao_error *err)
{
    const size_t batch = (size_t)t->r->batch;
    batch_job j = { .task = t, .first = first, .input = kao_tape_input(tape) };

    kao_pool_run(t->ctx->pool, one_view, &j, batch);
    for (size_t i = 0; i < batch; i++)
        if (j.st[i])
            return kao_fail(err, j.st[i], "the teacher failed on view %llu: %s",
                            (unsigned long long)(first + i), kao_status_name(j.st[i]));
    kao_tape_forward(tape, true);
    judge(t, tape, loss);
    return KAO_OK;
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
    kao_pack_free(&t->scenes.scenes);
    kao_pack_free(&t->scenes.faces);
    kao_model_release(t->teacher);
    kao_free(mem, t);
}

static kao_status open_teacher(kao_task *t, kao_error *err)
{
    const kao_session_options one = { .passes = KAO_PASS_ALL, .n_threads = 1 };
    const size_t side = (size_t)t->r->size;
    kao_mem *mem = &t->ctx->mem;
    kao_status st = kao_model_open(t->ctx, &t->teacher, t->r->teacher, err);

    if (!st && !kao_yunet_recognise(t->teacher->net, &t->heads))
        st = kao_fail(err, KAO_E_UNSUPPORTED,
                      "%s: a teacher of the family yunet is wanted", t->r->teacher);
    t->n_workers = kao_pool_threads(t->ctx->pool);
    t->sessions = kao_calloc(mem, t->n_workers, sizeof *t->sessions);
    t->inputs = kao_calloc(mem, t->n_workers, sizeof *t->inputs);
    t->pictures = kao_calloc(mem, 2 * t->n_workers, sizeof *t->pictures);
    if (!st && (!t->sessions || !t->inputs || !t->pictures))
        st = kao_fail(err, KAO_E_NOMEM, "out of memory");
    for (uint32_t i = 0; !st && i < t->n_workers; i++) {
        st = kao_session_create(&t->sessions[i], t->teacher->net, &one, err);
        t->inputs[i] = kao_calloc(mem, side * side * 3, sizeof(float));
        if (!st && !t->inputs[i])
            st = kao_fail(err, KAO_E_NOMEM, "out of memory");
        for (uint32_t k = 0; !st && k < 2; k++)
            st = kao_image_create(t->ctx, (uint32_t)side, (uint32_t)side,
                                  &t->pictures[2 * i + k], err);
    }
    return st;
}

static kao_status open_task(kao_task **out, kao_context *ctx, const kao_recipe *r,
                            const kao_arch_weights *start, uint8_t **bytes, size_t *n,
                            kao_error *err)
{
    kao_task *t = kao_calloc(&ctx->mem, 1, sizeof *t);

    *out = NULL;
    if (!t)
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    if (r->batch > 1024 || (int64_t)r->size % 32) {
        kao_free(&ctx->mem, t);
        return kao_fail(err, KAO_E_ARG, "batch at most 1024, size a multiple of 32");
    }
    t->ctx = ctx;
    t->r = r;
    t->scenes.seed = (uint64_t)r->seed;
    for (int l = 0; l < KAO_DETECT_LEVELS; l++)
        t->cells += cells_of(r, l);
    kao_status st = open_teacher(t, err);

    if (!st)
        st = kao_pack_load_named(&t->scenes.scenes, ctx, r->data, r->scenes, r->classes,
                                 err);
    if (!st)
        st = kao_pack_load_named(&t->scenes.faces, ctx, r->data, r->faces, r->classes,
                                 err);
    if (!st) {
        kao_scenes_sort(&t->scenes);
        if (t->scenes.n_plain == 0)
            st = kao_fail(err, KAO_E_FORMAT, "%s: no picture was taken", r->data);
    }
    if (!st) {
        t->targets =
            kao_calloc(&ctx->mem, (size_t)r->batch * t->cells * KAO_DETECT_CHANNELS,
                       sizeof *t->targets);
        st = t->targets ? kao_arch_detect(&ctx->mem, true, (int64_t)r->width, start,
                                          NULL, bytes, n, err)
                        : kao_fail(err, KAO_E_NOMEM, "out of memory");
    }
    if (st)
        close_task(t);
    else
        *out = t;
    return st;
}

/* ---- the shipped form ---- */

static void describe(const kao_task *t, char *to, size_t cap)
{
    const kao_pack_left *a = &t->scenes.scenes.skipped, *b = &t->scenes.faces.skipped;

    snprintf(to, cap,
             "%zu pictures with people, %zu without a face, %zu faces; %zu missing or "
             "broken%s%s",
             t->scenes.n_plain, t->scenes.scenes.n - t->scenes.n_plain,
             t->scenes.faces.n, a->n + b->n, a->n + b->n ? ": " : "",
             a->n ? a->names : b->names);
}

static kao_status write(kao_task *t, kao_tape *tape, uint64_t views, uint8_t **bytes,
                        size_t *n, kao_error *err)
{
    kao_arch_weights trained = kao_arch_of_tape(tape);
    const kao_pack *const packs[] = { &t->scenes.scenes, &t->scenes.faces, NULL };
    kao_facts facts;

    trained.halves = t->r->halves > 0;
    kao_facts_begin(&facts, t->r, views, packs);
    kao_facts_add(&facts, "kao.kind", "detector");
    kao_facts_add(&facts, "kao.family", "yunet");
    kao_facts_add(&facts, "kao.input.color", "bgr");
    kao_facts_add(&facts, "kao.input.mean", "127.5");
    kao_facts_add(&facts, "kao.input.scale", "1/128");
    if (t->r->threshold > 0) {
        snprintf(facts.threshold, sizeof facts.threshold, "%.3g", t->r->threshold);
        kao_facts_add(&facts, "kao.threshold.score", facts.threshold);
    }
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
