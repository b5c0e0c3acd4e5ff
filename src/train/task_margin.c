/* Training an embedder by a softmax over people with a margin (head.h): aligned faces with
 * identities, mirrored and shifted by up to eight pixels, nothing else. */
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "train/arch.h"
#include "train/faces.h"
#include "train/head.h"
#include "train/trainer.h"

struct kao_task {
    kao_context *ctx;
    const kao_recipe *r;
    kao_face_views views;
    kao_ranks *ranks;
    size_t n;               /* own views of a batch */
    kao_pack_left left_out; /* pictures of people with too few, or of nobody */
    kao_margin margin;
    kao_head *head;
    uint32_t n_workers;
    kao_image *pictures; /* by worker */
    uint32_t *labels;    /* of the own views */
    kao_head_report report;
    uint64_t step;
};

/* ---- a step ---- */

typedef struct batch_job {
    kao_task *task;
    uint64_t first;
    float *input;  /* of the tape */
    atomic_int st; /* of a view that failed */
} batch_job;

static void one_view(void *arg, size_t i, uint32_t worker)
{
    batch_job *j = arg;
    kao_task *t = j->task;
    const kao_status st = kao_faces_labelled(&t->views, j->first + i,
                                             &t->pictures[worker], &t->labels[i]);

    if (st)
        atomic_store(&j->st, (int)st);
    else
        kao_faces_put(&t->pictures[worker], i, j->input);
}

static kao_status step(kao_task *t, kao_tape *tape, uint64_t now, uint64_t first,
                       double loss[1 + KAO_TASK_PARTS], kao_error *err)
{
    batch_job j = { .task = t,
                    .first = first + kao_ranks_index(t->ranks) * t->n,
                    .input = kao_tape_input(tape) };

    t->step = now;
    kao_pool_run(t->ctx->pool, one_view, &j, t->n);
    kao_status st = (kao_status)atomic_load(&j.st);

    if (st)
        kao_fail(err, st, "views %llu and on: %s", (unsigned long long)j.first,
                 kao_status_name(st));
    st = kao_ranks_agree(t->ranks, st, err);
    if (st)
        return st;
    kao_tape_forward(tape, true);
    kao_head_run(t->head, kao_tape_output(tape, 0)->data, t->labels, now,
                 first / (uint64_t)t->r->batch, kao_tape_output_grad(tape, 0),
                 &t->report);
    loss[0] = t->report.loss;
    loss[1] = t->report.accuracy;
    loss[2] = t->report.target;
    loss[3] = t->report.beyond;
    loss[4] = t->report.norm;
    return kao_ranks_check(t->ranks, err);
}

/* A run that does not learn says what its angles are like. */
static bool remark(const kao_task *t, char *to, size_t cap)
{
    const double random =
        kao_margin_random_loss(&t->margin, t->views.faces.n_identities);

    return t->step >= 1000 && t->step % 1000 == 0 &&
           kao_head_remark(&t->report, random, to, cap);
}

static const char *gap(const kao_pack_left *l)
{
    return l->names[0] ? ": " : "";
}

static void describe(const kao_task *t, char *to, size_t cap)
{
    const kao_pack *p = &t->views.faces;

    snprintf(to, cap,
             "%zu pictures of %u people; %zu left out (of nobody, or of people with "
             "fewer than %.0f)%s%s, %zu missing or broken%s%s, %zu folders without a "
             "picture%s%s",
             p->n, p->n_identities, t->left_out.n, t->r->least_pictures,
             gap(&t->left_out), t->left_out.names, p->skipped.n, gap(&p->skipped),
             p->skipped.names, p->empty.n, gap(&p->empty), p->empty.names);
}

/* ---- beginning and end ---- */

static void close_task(kao_task *t)
{
    kao_mem *mem = &t->ctx->mem;

    kao_head_destroy(t->head);
    for (uint32_t i = 0; t->pictures && i < t->n_workers; i++)
        kao_image_free(t->ctx, &t->pictures[i]);
    kao_free(mem, t->pictures);
    kao_free(mem, t->labels);
    kao_pack_free(&t->views.faces);
    kao_free(mem, t);
}

/* Number of a word among words, which NULL ends; -1: none. */
static int find(const char *word, const char *const *words)
{
    for (int i = 0; words[i]; i++)
        if (strcmp(words[i], word) == 0)
            return i;
    return -1;
}

static kao_status read_margin(kao_task *t, kao_error *err)
{
    static const char *const losses[] = { "softmax", "combined", "sphere", "adaface",
                                          NULL },
                             *const guards[] = { "hard", "easy", "none", NULL },
                             *const gradients[] = { "exact", "straight", NULL };
    const kao_recipe *r = t->r;
    const int kind = find(r->loss, losses), guard = find(r->guard, guards),
              gradient = find(r->gradient, gradients);

    if (kind < 0)
        return kao_fail(err, KAO_E_ARG,
                        "loss = %.20s: softmax, combined, sphere or adaface", r->loss);
    if (guard < 0)
        return kao_fail(err, KAO_E_ARG, "guard = %.20s: hard, easy or none", r->guard);
    if (gradient < 0)
        return kao_fail(err, KAO_E_ARG, "gradient = %.20s: exact or straight",
                        r->gradient);
    t->margin = (kao_margin){ .kind = (kao_margin_kind)kind,
                              .scale = r->scale,
                              .m1 = r->m1,
                              .m2 = r->m2,
                              .m3 = r->m3,
                              .guard = (kao_margin_guard)guard,
                              .straight = gradient == 1 };
    return KAO_OK;
}

static kao_status open_all(kao_task *t, const kao_arch_weights *start, uint8_t **bytes,
                           size_t *n, kao_error *err)
{
    const kao_recipe *r = t->r;
    kao_mem *mem = &t->ctx->mem;
    kao_status st = read_margin(t, err);

    if (!st)
        st = kao_pack_load_faces(&t->views.faces, t->ctx, r->data, r->faces, r->classes,
                                 err);
    if (!st)
        st = kao_pack_keep_people(&t->views.faces, (size_t)r->least_pictures,
                                  &t->left_out, err);
    if (st)
        return st;
    if (t->views.faces.n_identities < 2)
        return kao_fail(err, KAO_E_FORMAT,
                        "%s: %u people with %.0f pictures and more, wanted 2; %zu "
                        "missing or broken%s%s",
                        r->data, t->views.faces.n_identities, r->least_pictures,
                        t->views.faces.skipped.n, gap(&t->views.faces.skipped),
                        t->views.faces.skipped.names);
    t->n_workers = kao_pool_threads(t->ctx->pool);
    t->pictures = kao_calloc(mem, t->n_workers, sizeof *t->pictures);
    t->labels = kao_calloc(mem, t->n, sizeof *t->labels);
    if (!t->pictures || !t->labels)
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    for (uint32_t i = 0; !st && i < t->n_workers; i++)
        st = kao_image_create(t->ctx, KAO_FACES_SIDE, KAO_FACES_SIDE, &t->pictures[i],
                              err);
    if (!st)
        st = kao_arch_face(mem, true, (int64_t)r->width, (int64_t)r->dim, start, NULL,
                           bytes, n, err);
    return st;
}

static kao_status open_task(kao_task **out, const kao_task_options *o, uint8_t **bytes,
                            size_t *n, kao_error *err)
{
    kao_context *ctx = o->ctx;
    const kao_recipe *r = o->r;

    *out = NULL;
    if ((int64_t)r->size != KAO_FACES_SIDE)
        return kao_fail(err, KAO_E_ARG, "size %g: wanted %d", r->size, KAO_FACES_SIDE);
    kao_task *t = kao_calloc(&ctx->mem, 1, sizeof *t);

    if (!t)
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    t->ctx = ctx;
    t->r = r;
    t->ranks = o->ranks;
    t->n = (size_t)r->batch / kao_ranks_count(t->ranks);
    t->views.seed = (uint64_t)r->seed;
    const kao_status st = open_all(t, o->start, bytes, n, err);

    if (st)
        close_task(t);
    else
        *out = t;
    return st;
}

static kao_status begin(kao_task *t, kao_tape *tape, kao_error *err)
{
    const kao_recipe *r = t->r;
    const kao_head_options o = { .ranks = t->ranks,
                                 .margin = t->margin,
                                 .margin_warm_up = r->margin_warm_up,
                                 .classes = t->views.faces.n_identities,
                                 .centers = (uint32_t)r->centers,
                                 .dim = (size_t)r->dim,
                                 .batch = t->n,
                                 .partial = r->partial,
                                 .intra = r->intra,
                                 .inter = r->inter,
                                 .triplet = r->triplet,
                                 .triplet_margin = r->triplet_margin,
                                 .seed = (uint64_t)r->seed };

    return kao_head_create(&t->head, tape, &o, err);
}

static kao_status plain(kao_task *t, kao_tape *tape, uint64_t first)
{
    return kao_faces_put_plain(&t->views, t->pictures, 1, first, t->n,
                               kao_tape_input(tape));
}

static kao_status write(kao_task *t, kao_tape *tape, uint64_t views, uint8_t **bytes,
                        size_t *n, kao_error *err)
{
    return kao_faces_write(&t->views, t->r, (size_t)t->r->dim, tape, views, bytes, n,
                           err);
}

const kao_task_kind kao_task_margin = {
    .name = "classifier",
    .parts = { "accuracy", "target", "beyond", "norm" },
    .open = open_task,
    .close = close_task,
    .begin = begin,
    .describe = describe,
    .remark = remark,
    .step = step,
    .plain = plain,
    .write = write,
};
