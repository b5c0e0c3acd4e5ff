/* Training an embedder by a teacher's vectors: student and teacher see the same view.
 *
 * What is to be learned in the end is the sum of the teacher's vectors of the view and of its
 * mirror image, brought to length 1: one pass of the student has what the teacher needs two
 * for. At first the view's own vector does: a quarter more views in the same time.
 * Where a mask is drawn (the recipe's `masks`), the teacher sees the face before. */
#include <stdio.h>
#include <string.h>

#include "base/cpu.h"
#include "base/error.h"
#include "face/model.h"
#include "kao/embedder.h"
#include "train/arch.h"
#include "train/distill.h"
#include "train/faces.h"
#include "train/masks.h"
#include "train/trainer.h"

struct kao_task {
    kao_context *ctx;
    const kao_recipe *r;
    kao_face_views views;
    kao_ranks *ranks;
    size_t n; /* own views of a batch */
    size_t dim;
    uint32_t n_workers;
    kao_embedder **teachers; /* by worker */
    kao_image *pictures;     /* by worker: two, view and room */
    float *targets, *units;  /* of the whole batch */
    float *own;              /* targets of the own views */
};

/* ---- views and the teacher's answers ---- */

typedef struct batch_job {
    kao_task *task;
    uint64_t first;
    float *input; /* of the tape */
    kao_tta tta;
    kao_status st[1024];
} batch_job;

static void one_view(void *arg, size_t i, uint32_t worker)
{
    batch_job *j = arg;
    kao_task *t = j->task;
    const kao_image *picture = &t->pictures[2 * worker];
    const kao_view view = kao_image_view(picture);

    kao_random r = kao_random_stream(t->views.seed, j->first + i, 3);
    kao_point points[KAO_FACE_POINTS];

    j->st[i] = kao_faces_view(&t->views, j->first + i, picture, picture + 1, points);
    if (j->st[i])
        return;
    j->st[i] =
        kao_embed(t->teachers[worker], &view, 1, j->tta, t->own + i * t->dim, NULL);
    if ((double)kao_random_float(&r, 0, 1) < t->r->masks)
        (void)kao_mask_draw(&r, picture, points);
    kao_faces_put(picture, i, j->input);
}

static kao_status step(kao_task *t, kao_tape *tape, uint64_t now, uint64_t first,
                       double loss[1 + KAO_TASK_PARTS], kao_error *err)
{
    kao_status st = KAO_OK;
    /* counted with the views before, of a run that goes on with another's weights */
    const double at = (double)first / (t->r->batch * t->r->accumulate);
    batch_job j = { .task = t,
                    .first = first + kao_ranks_index(t->ranks) * t->n,
                    .input = kao_tape_input(tape),
                    .tta = at < t->r->mirror_from ? KAO_TTA_NONE : KAO_TTA_SUM };

    (void)now;
    kao_pool_run(t->ctx->pool, one_view, &j, t->n);
    for (size_t i = 0; !st && i < t->n; i++)
        if (j.st[i])
            st = kao_fail(err, j.st[i], "view %llu and its teacher: %s",
                          (unsigned long long)(j.first + i), kao_status_name(j.st[i]));
    st = kao_ranks_agree(t->ranks, st, err);
    if (st)
        return st;
    kao_tape_forward(tape, true);
    kao_distill d = { .ranks = t->ranks,
                      .n = t->n,
                      .dim = t->dim,
                      .x = kao_tape_output(tape, 0)->data,
                      .t = t->targets,
                      .relation = t->r->relation,
                      .u = t->units,
                      .gradient = kao_tape_output_grad(tape, 0) };

    kao_distill_loss(&d);
    loss[0] = d.loss[0] + t->r->relation * d.loss[1];
    loss[1] = d.loss[0];
    loss[2] = d.loss[1];
    loss[3] = d.least_norm;
    return kao_ranks_check(t->ranks, err);
}

/* ---- beginning and end ---- */

static void close_task(kao_task *t)
{
    kao_mem *mem = &t->ctx->mem;

    for (uint32_t i = 0; i < t->n_workers; i++) {
        if (t->teachers)
            kao_embedder_destroy(t->teachers[i]);
        for (uint32_t k = 0; t->pictures && k < 2; k++)
            kao_image_free(t->ctx, &t->pictures[2 * i + k]);
    }
    kao_free(mem, t->teachers);
    kao_free(mem, t->pictures);
    kao_free(mem, t->targets);
    kao_free(mem, t->units);
    kao_pack_free(&t->views.faces);
    kao_free(mem, t);
}

static kao_status open_teachers(kao_task *t, kao_error *err)
{
    kao_mem *mem = &t->ctx->mem;
    kao_model *model = NULL;
    const kao_run_options one = { .n_threads = 1 };
    kao_status st = kao_model_open(t->ctx, &model, t->r->teacher, err);

    if (!st)
        model->net->bf16 = kao_recipe_is_bf16(t->r) && (t->ctx->cpu & KAO_CPU_BF16);
    t->n_workers = kao_pool_threads(t->ctx->pool);
    t->teachers = kao_calloc(mem, t->n_workers, sizeof *t->teachers);
    t->pictures = kao_calloc(mem, 2 * t->n_workers, sizeof *t->pictures);
    if (!st && (!t->teachers || !t->pictures))
        st = kao_fail(err, KAO_E_NOMEM, "out of memory");
    for (uint32_t i = 0; !st && i < t->n_workers; i++) {
        st = kao_embedder_create(model, &t->teachers[i], &one, err);
        for (uint32_t k = 0; !st && k < 2; k++)
            st = kao_image_create(t->ctx, KAO_FACES_SIDE, KAO_FACES_SIDE,
                                  &t->pictures[2 * i + k], err);
    }
    if (!st)
        t->dim = kao_embedder_dim(t->teachers[0], KAO_TTA_SUM);
    kao_model_release(model);
    return st;
}

static kao_status open_all(kao_task *t, const kao_arch_weights *start, uint8_t **bytes,
                           size_t *n, kao_error *err)
{
    const kao_recipe *r = t->r;
    kao_status st = open_teachers(t, err);

    if (!st)
        st = kao_pack_load_faces(&t->views.faces, t->ctx, r->data, r->faces, r->classes,
                                 err);
    if (!st && t->views.faces.n == 0)
        st = kao_fail(err, KAO_E_FORMAT, "%s: no picture was taken", r->data);
    if (st)
        return st;
    const size_t floats = (size_t)r->batch * t->dim;

    t->targets = kao_calloc(&t->ctx->mem, floats, sizeof *t->targets);
    t->units = kao_calloc(&t->ctx->mem, floats, sizeof *t->units);
    if (!t->targets || !t->units)
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    t->own = t->targets + kao_ranks_index(t->ranks) * t->n * t->dim;
    return kao_arch_face(&t->ctx->mem, true, (int64_t)r->width, (int64_t)t->dim, start,
                         NULL, bytes, n, err);
}

static kao_status open_task(kao_task **out, const kao_task_options *o, uint8_t **bytes,
                            size_t *n, kao_error *err)
{
    kao_context *ctx = o->ctx;
    const kao_recipe *r = o->r;

    *out = NULL;
    if (r->batch > 1024 || (int64_t)r->size != KAO_FACES_SIDE)
        return kao_fail(err, KAO_E_ARG, "batch at most 1024, size %d", KAO_FACES_SIDE);
    kao_task *t = kao_calloc(&ctx->mem, 1, sizeof *t);

    if (!t)
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    t->ctx = ctx;
    t->r = r;
    t->ranks = o->ranks;
    t->n = (size_t)r->batch / kao_ranks_count(t->ranks);
    t->views.seed = (uint64_t)r->seed;
    kao_status st = open_all(t, o->start, bytes, n, err);

    if (st)
        close_task(t);
    else
        *out = t;
    return st;
}

static void describe(const kao_task *t, char *to, size_t cap)
{
    const kao_pack_left *skipped = &t->views.faces.skipped;

    snprintf(to, cap, "%zu pictures, %zu missing or broken%s%s", t->views.faces.n,
             skipped->n, skipped->n ? ": " : "", skipped->names);
}

static kao_status plain(kao_task *t, kao_tape *tape, uint64_t first)
{
    return kao_faces_put_plain(&t->views, t->pictures, 2, first, t->n,
                               kao_tape_input(tape));
}

static kao_status write(kao_task *t, kao_tape *tape, uint64_t views, uint8_t **bytes,
                        size_t *n, kao_error *err)
{
    return kao_faces_write(&t->views, t->r, t->dim, tape, views, bytes, n, err);
}

const kao_task_kind kao_task_face = {
    .name = "embedder",
    .parts = { "cosine", "relation", "least_norm" },
    .open = open_task,
    .close = close_task,
    .describe = describe,
    .step = step,
    .plain = plain,
    .write = write,
};
