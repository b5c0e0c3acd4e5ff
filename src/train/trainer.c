/* See trainer.h.
 *
 * In the state folder:
 *   run.state    weights, moments, running means, counters; written beside and renamed
 *   log.csv      a line every LOG_STEPS steps, at the first and at the last
 *   NAME.onnx    the shipped form with the running means, written with each checkpoint
 *
 * Of several ranks each runs its part of a batch. The sum of a parameter's gradients over them
 * is begun as soon as the backward run has it, and waited for before the step. Statistics of
 * normalisations, which each rank took over its part, become the ranks' mean. */
#include "train/trainer.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/cpu.h"
#include "base/error.h"
#include "base/file.h"
#include "train/checkpoint.h"
#include "train/init.h"
#include "train/restate.h"
#include "train/schedule.h"

enum { LOG_STEPS = 20, PATH = 4096 };

typedef struct run {
    kao_context *ctx;
    const kao_recipe *r;
    const kao_trainer_options *o;
    const kao_task_kind *kind;
    kao_task *task;
    kao_network *net;
    uint8_t *bytes; /* of the network */
    kao_tape *tape;
    kao_optimizer opt;
    kao_checkpoint state;
    float *statistics; /* before the step; NULL: alone */
    FILE *log;         /* of the rank that writes */
    double shown[1 + KAO_TASK_PARTS];
    uint64_t n_shown; /* steps of this call */
    double pace;      /* seconds a step, of late */
} run;

/* Seen so far. */
static uint64_t views(const run *x)
{
    return x->state.before + x->opt.step * (uint64_t)(x->r->batch * x->r->accumulate);
}

static kao_status path_of(const run *x, const char *name, const char *end, char *to,
                          kao_error *err)
{
    return snprintf(to, PATH, "%s/%s%s", x->o->state, name, end) < PATH
               ? KAO_OK
               : kao_fail(err, KAO_E_ARG, "%s: the path is too long", x->o->state);
}

/* ---- checkpoints ---- */

static kao_status save_model(run *x, kao_error *err)
{
    char path[PATH];
    kao_mem *mem = &x->ctx->mem;
    const uint64_t ranks = kao_ranks_count(x->o->ranks);
    uint8_t *model = NULL;
    kao_restate restated;
    size_t n = 0;
    kao_status st = path_of(x, x->r->name, ".onnx", path, err);

    if (st)
        return st;
    kao_optimizer_swap_mean(&x->opt);
    st = kao_restate_begin(&restated, x->tape, mem, x->kind, x->task,
                           (uint64_t)x->r->restate * ranks,
                           (uint64_t)x->r->batch / ranks, err);
    if (!st)
        st = x->kind->write(x->task, x->tape, views(x), &model, &n, err);
    kao_restate_end(&restated);
    kao_optimizer_swap_mean(&x->opt);
    if (!st)
        st = kao_file_write(mem, path, model, n, err);
    kao_free(mem, model);
    return st;
}

static kao_status save_all(run *x, kao_error *err)
{
    char path[PATH];
    kao_status st = path_of(x, "run", ".state", path, err);

    if (!st)
        st = kao_checkpoint_write(&x->state, path, err);
    if (!st && kao_ranks_leads(x->o->ranks))
        st = save_model(x, err);
    return st;
}

static kao_status save(run *x, kao_error *err)
{
    return kao_ranks_agree(x->o->ranks, save_all(x, err), err);
}

/* The ranks are parted: the last step is saved where one of them has all of it. */
static kao_status save_alone(run *x, kao_error *err)
{
    kao_error why = { 0 };
    const kao_status st = kao_ranks_check(x->o->ranks, &why);
    const unsigned long long step = x->opt.step;
    bool whole = true;

    for (uint32_t i = 0; i < x->opt.n_params; i++)
        whole = whole && !x->opt.params[i].of;
    if (!kao_ranks_leads(x->o->ranks))
        return kao_ranks_check(x->o->ranks, err);
    if (!whole)
        return kao_fail(err, st,
                        "%.100s: the run ends at step %llu; each rank had weights of "
                        "its own, so the last checkpoint is kept",
                        why.msg, step);
    const kao_status saved = save_all(x, err);

    return saved ? kao_error_prefix(err, saved, "%.100s", why.msg)
                 : kao_fail(err, st, "%.100s: the run ends at step %llu, saved",
                            why.msg, step);
}

/* ---- the log ---- */

static kao_status log_write(run *x, const char *line, kao_error *err)
{
    if (fputs(line, x->log) < 0 || fputc('\n', x->log) < 0 || fflush(x->log))
        return kao_fail_sys(err, KAO_E_IO, errno, "%s/log.csv", x->o->state);
    return KAO_OK;
}

static kao_status open_log(run *x, kao_error *err)
{
    char path[PATH];
    kao_status st = path_of(x, "log", ".csv", path, err);

    if (st)
        return st;
    x->log = fopen(path, "a");
    if (!x->log)
        return kao_fail_sys(err, KAO_E_IO, errno, "%s", path);
    if (ftell(x->log) == 0) {
        char line[256];
        size_t n = (size_t)snprintf(line, sizeof line,
                                    "step,views,seconds,rate,gradient,loss");

        for (int i = 0; i < KAO_TASK_PARTS && x->kind->parts[i]; i++)
            n += (size_t)snprintf(line + n, sizeof line - n, ",%s", x->kind->parts[i]);
        return log_write(x, line, err);
    }
    return KAO_OK;
}

static kao_status log_line(run *x, double rate, double gradient, kao_error *err)
{
    char line[256];

    if (!x->log)
        return KAO_OK;
    size_t n =
        (size_t)snprintf(line, sizeof line, "%llu,%llu,%.1f,%.3g,%.4g,%.5g",
                         (unsigned long long)x->opt.step, (unsigned long long)views(x),
                         x->state.seconds, rate, gradient, x->shown[0]);

    for (int i = 0; i < KAO_TASK_PARTS && x->kind->parts[i]; i++)
        n += (size_t)snprintf(line + n, sizeof line - n, ",%.5g", x->shown[1 + i]);
    return log_write(x, line, err);
}

/* ---- steps ---- */

/* Of the tape, in a backward run. */
static void sum_gradient(void *user, const kao_param *p)
{
    const run *x = user;

    if (p->kind != KAO_PARAM_STATISTIC)
        kao_ranks_sum_begin(x->o->ranks, p->grad, p->n);
    kao_ranks_poll(x->o->ranks);
}

/* After the backward runs: what is not under way yet, then all of it. */
static kao_status exchange(run *x, kao_error *err)
{
    kao_ranks *ranks = x->o->ranks;
    const float share = 1 / (float)kao_ranks_count(ranks);

    if (!ranks)
        return KAO_OK;
    for (uint32_t i = 0; i < x->opt.n_params; i++) {
        const kao_param *p = &x->opt.params[i];

        if (p->kind == KAO_PARAM_STATISTIC)
            kao_ranks_sum_begin(ranks, p->data, p->n);
        else if (!x->tape->told && !p->of)
            kao_ranks_sum_begin(ranks, p->grad, p->n);
    }
    kao_ranks_wait(ranks);
    for (uint32_t i = 0; i < x->opt.n_params; i++) {
        const kao_param *p = &x->opt.params[i];

        for (size_t k = 0; p->kind == KAO_PARAM_STATISTIC && k < p->n; k++)
            p->data[k] *= share;
    }
    return kao_ranks_check(ranks, err);
}

/* The gradients of one batch, or the mean of several; of the losses too. */
static kao_status gradients(run *x, double loss[1 + KAO_TASK_PARTS], kao_error *err)
{
    const int n = (int)x->r->accumulate;

    for (int k = 0; k < n; k++) {
        double one[1 + KAO_TASK_PARTS] = { 0 };
        const uint64_t first = views(x) + (uint64_t)k * (uint64_t)x->r->batch;
        const kao_status st =
            x->kind->step(x->task, x->tape, x->opt.step, first, one, err);

        if (st)
            return st;
        if (!isfinite(one[0]))
            return kao_fail(err, KAO_E_UNSUPPORTED,
                            "step %llu: the loss is no number; the last checkpoint is "
                            "kept",
                            (unsigned long long)x->opt.step);
        for (int i = 0; i <= KAO_TASK_PARTS; i++)
            loss[i] += one[i] / n;
        kao_tape_backward(x->tape);
        kao_optimizer_gather(&x->opt, k, n);
    }
    return exchange(x, err);
}

static kao_status one_step(run *x, kao_error *err)
{
    double loss[1 + KAO_TASK_PARTS] = { 0 };
    const double begin = kao_clock_seconds(),
                 rate = kao_schedule_rate(x->r, (double)x->opt.step);
    kao_statistics_copy(x->tape, x->statistics, false);
    kao_status st = gradients(x, loss, err);

    if (st) { /* what is left is the step before */
        kao_statistics_copy(x->tape, x->statistics, true);
        return st;
    }
    const double gradient = kao_optimizer_step(&x->opt, (float)rate);
    /* a running mean of some 20 steps is what is shown */
    const double keep = 1 - 1.0 / fmin(20, (double)++x->n_shown);

    for (int i = 0; i <= KAO_TASK_PARTS; i++)
        x->shown[i] = keep * x->shown[i] + (1 - keep) * loss[i];
    x->pace = keep * x->pace + (1 - keep) * (kao_clock_seconds() - begin);
    x->state.seconds += kao_clock_seconds() - begin;
    if (x->opt.step % LOG_STEPS == 0 || x->opt.step == 1 ||
        x->opt.step == (uint64_t)x->r->steps) {
        st = log_line(x, rate, gradient, err);
        if (x->o->progress)
            x->o->progress(x->o->user, x->opt.step, (uint64_t)x->r->steps, x->shown[0],
                           x->r->batch * x->r->accumulate / x->pace,
                           (x->r->steps - (double)x->opt.step) * x->pace);
    }
    char line[512];

    if (x->o->note && x->kind->remark && x->kind->remark(x->task, line, sizeof line))
        x->o->note(x->o->user, line);
    return st;
}

static kao_status loop(run *x, kao_error *err)
{
    const uint64_t end = (uint64_t)x->r->steps;
    const uint64_t left = x->opt.step < end ? end - x->opt.step : 0;
    const uint64_t last = x->o->most_steps && x->o->most_steps < left
                              ? x->opt.step + x->o->most_steps
                              : end;
    double saved = kao_clock_seconds();
    kao_status st = KAO_OK;

    while (!st && x->opt.step < last) {
        const bool due = kao_clock_seconds() - saved > x->r->checkpoint_minutes * 60;
        double wish[2] = { kao_cancelled(x->o->cancel),
                           kao_ranks_index(x->o->ranks) == 0 && due };

        kao_ranks_max(x->o->ranks, wish, 2); /* all stop, or save, at the same step */
        st = kao_ranks_check(x->o->ranks, err);
        if (st || wish[0] > 0)
            break;
        if (wish[1] > 0) {
            st = save(x, err);
            saved = kao_clock_seconds();
        }
        if (!st)
            st = one_step(x, err);
    }
    if (!st)
        st = save(x, err);
    return kao_ranks_check(x->o->ranks, NULL) ? save_alone(x, err) : st;
}

/* ---- beginning and end ---- */

static const kao_task_kind *find_kind(const char *name)
{
    static const kao_task_kind *const kinds[] = { &kao_task_detect, &kao_task_face,
                                                  &kao_task_margin };

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(kinds[i]->name, name) == 0)
            return kinds[i];
    return NULL;
}

static kao_status set_precision(run *x, kao_error *err)
{
    if (strcmp(x->r->precision, "float32") != 0 && !kao_recipe_is_bf16(x->r))
        return kao_fail(err, KAO_E_ARG, "precision = %.40s: float32 or bfloat16",
                        x->r->precision);
    x->net->bf16 = kao_recipe_is_bf16(x->r) && (x->ctx->cpu & KAO_CPU_BF16);
    if (kao_recipe_is_bf16(x->r) && !x->net->bf16 && x->o->note)
        x->o->note(x->o->user,
                   "this CPU has no instructions for bfloat16: float32 is used");
    return KAO_OK;
}

/* The task, and the network with its first weights. */
static kao_status open_task(run *x, size_t *n, kao_error *err)
{
    kao_arch_weights start = { .seed = (uint64_t)x->r->seed };
    const kao_task_options o = {
        .ctx = x->ctx, .r = x->r, .start = &start, .ranks = x->o->ranks
    };
    kao_init init = { .net = NULL };

    if (!x->o->init)
        return x->kind->open(&x->task, &o, &x->bytes, n, err);
    kao_status st = kao_init_open(&init, x->ctx, x->o->init, err);

    if (st)
        return st;
    start = kao_init_weights(&init);
    st = x->kind->open(&x->task, &o, &x->bytes, n, err);
    if (!st)
        st = kao_init_check(&init, err);
    x->state.before = init.views;
    kao_init_close(&init);
    return st;
}

/* Parts of a batch and groups of normalisations must come out even. */
static kao_status check_parts(const run *x, kao_error *err)
{
    const int64_t batch = (int64_t)x->r->batch, group = (int64_t)x->r->norm_group,
                  ranks = kao_ranks_count(x->o->ranks);

    if (batch % ranks)
        return kao_fail(err, KAO_E_ARG, "batch = %lld is no multiple of the %lld ranks",
                        (long long)batch, (long long)ranks);
    if (ranks > 1 && !group)
        return kao_fail(err, KAO_E_ARG,
                        "%lld ranks want groups of BatchNorm of a fixed size: set "
                        "norm_group to %lld or a divisor of it",
                        (long long)ranks, (long long)(batch / ranks));
    if (group && batch / ranks % group)
        return kao_fail(err, KAO_E_ARG,
                        "norm_group = %lld does not divide the %lld pictures of a rank",
                        (long long)group, (long long)(batch / ranks));
    return KAO_OK;
}

/* The checkpoint, and what ranks need. */
static kao_status begin_state(run *x, kao_error *err)
{
    char path[PATH];
    kao_status st = path_of(x, "run", ".state", path, err);

    x->opt.ranks = x->o->ranks;
    x->state.opt = &x->opt;
    if (!st)
        st = kao_checkpoint_fits(&x->state, path, err);
    if (!st)
        st = kao_checkpoint_read(&x->state, path, err);
    if (st || !x->o->ranks)
        return st;
    if (x->r->accumulate <= 1) {
        x->tape->told = sum_gradient;
        x->tape->user = x;
    }
    x->statistics = kao_calloc(
        &x->ctx->mem, kao_statistics_copy(x->tape, NULL, false) + 1, sizeof(float));
    return x->statistics ? KAO_OK : kao_fail(err, KAO_E_NOMEM, "out of memory");
}

/* All have begun, and from the same step. */
static kao_status meet(run *x, kao_status st, kao_error *err)
{
    kao_ranks *ranks = x->o->ranks;

    st = kao_ranks_agree(ranks, st, err);
    if (st)
        return st;
    double step[2] = { (double)x->opt.step, -(double)x->opt.step };

    kao_ranks_max(ranks, step, 2);
    if (step[0] > -step[1])
        st = kao_fail(err, KAO_E_IO,
                      "%s: the ranks' checkpoints differ (steps %.0f to %.0f); the "
                      "folder must be the same for all",
                      x->o->state, -step[1], step[0]);
    return kao_ranks_agree(ranks, st, err);
}

static kao_status begin(run *x, kao_error *err)
{
    const kao_recipe *r = x->r;
    size_t n = 0;
    kao_tensor in = { .dtype = KAO_F32,
                      .rank = 4,
                      .dims = { (int64_t)r->batch / kao_ranks_count(x->o->ranks), 3,
                                (int64_t)r->size, (int64_t)r->size } };

    x->kind = find_kind(r->task);
    if (!x->kind)
        return kao_fail(err, KAO_E_UNSUPPORTED, "task \"%s\"", r->task);
    if (!r->name[0] || strchr(r->name, '/')) /* of a file in the state's folder */
        return kao_fail(err, KAO_E_ARG, "name = %.40s: wanted one without folders",
                        r->name);
    if (strcmp(r->optimizer, "adamw") != 0 && strcmp(r->optimizer, "sgd") != 0)
        return kao_fail(err, KAO_E_ARG, "optimizer = %.40s: adamw or sgd",
                        r->optimizer);
    kao_status st = kao_schedule_check(r, err);

    if (!st)
        st = check_parts(x, err);
    if (st)
        return st;
    st = kao_folder_make(x->o->state, 0777, err);
    if (!st)
        st = open_task(x, &n, err);
    if (!st)
        st =
            kao_network_parse(x->ctx, &x->net, (kao_span){ x->bytes, n }, r->name, err);
    if (!st)
        st = set_precision(x, err);
    if (!st)
        x->net->norm_group = (uint32_t)r->norm_group;
    if (!st)
        st = kao_tape_create(&x->tape, x->net, &in, err);
    if (!st && x->kind->begin)
        st = x->kind->begin(x->task, x->tape, err);
    if (!st)
        st = kao_optimizer_init(&x->opt, x->tape, r->accumulate > 1, err);
    if (st)
        return st;
    if (x->o->note && x->kind->describe) {
        char line[512];

        x->kind->describe(x->task, line, sizeof line);
        x->o->note(x->o->user, line);
    }
    x->opt.kind = strcmp(r->optimizer, "sgd") == 0 ? KAO_SGD : KAO_ADAMW;
    x->opt.momentum = (float)r->momentum;
    x->opt.decay = (float)r->decay;
    x->opt.clip = (float)r->clip;
    x->opt.mean_decay = (float)r->mean_decay;
    st = begin_state(x, err);
    /* what masks of Dropout are drawn by */
    x->tape->seed = (uint64_t)r->seed;
    x->tape->runs = x->opt.step * (uint64_t)r->accumulate;
    return st || kao_ranks_index(x->o->ranks) ? st : open_log(x, err);
}

kao_status kao_train(kao_context *ctx, const kao_recipe *r,
                     const kao_trainer_options *o, kao_error *err)
{
    run x = { .ctx = ctx, .r = r, .o = o, .state = { .mem = &ctx->mem, .r = r } };
    kao_status st = meet(&x, begin(&x, err), err);

    if (!st)
        st = loop(&x, err);
    if (x.log)
        fclose(x.log);
    if (x.opt.mem)
        kao_optimizer_fini(&x.opt);
    if (x.task)
        x.kind->close(x.task); /* what it has on the tape first */
    kao_tape_destroy(x.tape);
    kao_network_destroy(x.net);
    kao_free(&ctx->mem, x.statistics);
    kao_free(&ctx->mem, x.bytes);
    return st;
}
