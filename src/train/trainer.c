/* See trainer.h.
 *
 * In the state folder:
 *   run.state    weights, moments, running means, counters; written beside and renamed
 *   log.csv      a line every LOG_STEPS steps, at the first and at the last
 *   NAME.onnx    the shipped form with the running means, written with each checkpoint
 *
 * The checkpoint's head has the sizes of all parameters and a hash of the recipe's part that
 * decides what a step computes: a checkpoint of another recipe is refused. */
#include "train/trainer.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/bytes.h"
#include "base/cpu.h"
#include "base/error.h"
#include "base/file.h"
#include "train/init.h"
#include "train/restate.h"
#include "train/schedule.h"

enum { LOG_STEPS = 20, PATH = 4096 };
static const char magic[8] = "kaoRUN02", first_magic[8] = "kaoRUN01";

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
    FILE *log;
    double seconds;  /* trained so far, in all sessions */
    uint64_t before; /* views that the first weights were trained on; 01: none */
    double shown[1 + KAO_TASK_PARTS];
    uint64_t n_shown; /* steps of this call */
    double pace;      /* seconds a step, of late */
} run;

/* Seen so far. */
static uint64_t views(const run *x)
{
    return x->before + x->opt.step * (uint64_t)(x->r->batch * x->r->accumulate);
}

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static kao_status path_of(const run *x, const char *name, const char *end, char *to,
                          kao_error *err)
{
    return snprintf(to, PATH, "%s/%s%s", x->o->state, name, end) < PATH
               ? KAO_OK
               : kao_fail(err, KAO_E_ARG, "%s: the path is too long", x->o->state);
}

/* ---- checkpoints ---- */

static bool put_all(kao_bytes *b, const run *x)
{
    char hash[KAO_SHA256_TEXT];
    bool ok = kao_bytes_add(b, magic, sizeof magic);

    kao_recipe_hash(x->r, hash);
    ok = ok && kao_bytes_add(b, hash, sizeof hash) &&
         kao_bytes_add(b, &x->opt.step, sizeof x->opt.step) &&
         kao_bytes_add(b, &x->seconds, sizeof x->seconds) &&
         kao_bytes_add(b, &x->before, sizeof x->before) &&
         kao_bytes_add(b, &x->opt.n_params, sizeof x->opt.n_params);
    for (uint32_t i = 0; ok && i < x->opt.n_params; i++) {
        const kao_param *p = &x->opt.params[i];
        const uint64_t n = p->n;
        const float *parts[] = { p->data, x->opt.m[i], x->opt.v[i], x->opt.mean[i] };

        ok = kao_bytes_add(b, &n, sizeof n);
        for (int k = 0; ok && k < 4; k++)
            ok = kao_bytes_add(b, parts[k], p->n * sizeof(float));
    }
    return ok;
}

static kao_status save(run *x, kao_error *err)
{
    char path[PATH];
    kao_mem *mem = &x->ctx->mem;
    kao_bytes b = { .mem = mem, .max = (size_t)4 << 30 };
    uint8_t *model = NULL;
    size_t n = 0;
    kao_status st = path_of(x, "run", ".state", path, err);

    if (!st && !put_all(&b, x))
        st = kao_fail(err, KAO_E_NOMEM, "%s: out of memory", path);
    if (!st)
        st = kao_file_write(mem, path, b.p, b.n, err);
    kao_bytes_free(&b);
    if (!st)
        st = path_of(x, x->r->name, ".onnx", path, err);
    if (st)
        return st;
    kao_restate restated;

    kao_optimizer_swap_mean(&x->opt);
    st = kao_restate_begin(&restated, x->tape, mem, x->kind, x->task,
                           (uint64_t)x->r->restate, (uint64_t)x->r->batch, err);
    if (!st)
        st = x->kind->write(x->task, x->tape, views(x), &model, &n, err);
    kao_restate_end(&restated);
    kao_optimizer_swap_mean(&x->opt);
    if (!st)
        st = kao_file_write(mem, path, model, n, err);
    kao_free(mem, model);
    return st;
}

static bool take(kao_reader *r, void *to, size_t n)
{
    const kao_span s = kao_reader_take(r, n);

    if (s.p)
        memcpy(to, s.p, n);
    return s.p != NULL;
}

static kao_status load_bytes(run *x, kao_span bytes, const char *path, kao_error *err)
{
    kao_reader r = kao_reader_of(bytes);
    char head[sizeof magic], hash[KAO_SHA256_TEXT], mine[KAO_SHA256_TEXT];
    uint32_t n_params = 0;

    kao_recipe_hash(x->r, mine);
    if (!take(&r, head, sizeof head) ||
        (memcmp(head, magic, sizeof magic) != 0 &&
         memcmp(head, first_magic, sizeof magic) != 0) ||
        !take(&r, hash, sizeof hash))
        return kao_fail(err, KAO_E_FORMAT, "%s: not a checkpoint of this version",
                        path);
    if (memcmp(hash, mine, sizeof hash) != 0)
        return kao_fail(err, KAO_E_FORMAT,
                        "%s: a checkpoint of another recipe; give another --state",
                        path);
    bool ok = take(&r, &x->opt.step, sizeof x->opt.step) &&
              take(&r, &x->seconds, sizeof x->seconds) &&
              (memcmp(head, first_magic, sizeof magic) == 0 ||
               take(&r, &x->before, sizeof x->before)) &&
              take(&r, &n_params, sizeof n_params) && n_params == x->opt.n_params;

    for (uint32_t i = 0; ok && i < n_params; i++) {
        const size_t bytes_each = x->opt.params[i].n * sizeof(float);
        float *parts[] = { x->opt.params[i].data, x->opt.m[i], x->opt.v[i],
                           x->opt.mean[i] };
        uint64_t n = 0;

        ok = take(&r, &n, sizeof n) && n == x->opt.params[i].n;
        for (int k = 0; ok && k < 4; k++)
            ok = take(&r, parts[k], bytes_each);
    }
    return ok ? KAO_OK
              : kao_fail(err, KAO_E_FORMAT, "%s: the checkpoint is damaged", path);
}

static kao_status load(run *x, kao_error *err)
{
    char path[PATH];
    kao_file f = { 0 };
    kao_error own = { 0 };
    kao_status st = path_of(x, "run", ".state", path, err);

    if (st)
        return st;
    st = kao_file_open(&f, &x->ctx->mem, path, (size_t)4 << 30, &own);
    if (st == KAO_E_IO && own.sys == ENOENT)
        return KAO_OK; /* the beginning */
    if (st && err)
        *err = own;
    if (!st)
        st = load_bytes(x, f.bytes, path, err);
    kao_file_close(&f);
    return st;
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
    size_t n =
        (size_t)snprintf(line, sizeof line, "%llu,%llu,%.1f,%.3g,%.4g,%.5g",
                         (unsigned long long)x->opt.step, (unsigned long long)views(x),
                         x->seconds, rate, gradient, x->shown[0]);

    for (int i = 0; i < KAO_TASK_PARTS && x->kind->parts[i]; i++)
        n += (size_t)snprintf(line + n, sizeof line - n, ",%.5g", x->shown[1 + i]);
    return log_write(x, line, err);
}

/* ---- steps ---- */

/* The gradients of one batch, or the mean of several; of the losses too. */
static kao_status gradients(run *x, double loss[1 + KAO_TASK_PARTS], kao_error *err)
{
    const int n = (int)x->r->accumulate;

    for (int k = 0; k < n; k++) {
        double one[1 + KAO_TASK_PARTS] = { 0 };
        const uint64_t first = views(x) + (uint64_t)k * (uint64_t)x->r->batch;
        const kao_status st = x->kind->step(x->task, x->tape, first, one, err);

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
    return KAO_OK;
}

static kao_status one_step(run *x, kao_error *err)
{
    double loss[1 + KAO_TASK_PARTS] = { 0 };
    const double begin = now(), rate = kao_schedule_rate(x->r, (double)x->opt.step);
    kao_status st = gradients(x, loss, err);

    if (st)
        return st;
    const double gradient = kao_optimizer_step(&x->opt, (float)rate);
    /* a running mean of some 20 steps is what is shown */
    const double keep = 1 - 1.0 / fmin(20, (double)++x->n_shown);

    for (int i = 0; i <= KAO_TASK_PARTS; i++)
        x->shown[i] = keep * x->shown[i] + (1 - keep) * loss[i];
    x->pace = keep * x->pace + (1 - keep) * (now() - begin);
    x->seconds += now() - begin;
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
    const uint64_t last = x->o->most_steps && x->o->most_steps < end - x->opt.step
                              ? x->opt.step + x->o->most_steps
                              : end;
    double saved = now();
    kao_status st = KAO_OK;

    while (!st && x->opt.step < last && !kao_cancelled(x->o->cancel)) {
        st = one_step(x, err);
        if (!st && now() - saved > x->r->checkpoint_minutes * 60) {
            st = save(x, err);
            saved = now();
        }
    }
    return st ? st : save(x, err);
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
    kao_init init = { .net = NULL };

    if (!x->o->init)
        return x->kind->open(&x->task, x->ctx, x->r, &start, &x->bytes, n, err);
    kao_status st = kao_init_open(&init, x->ctx, x->o->init, err);

    if (st)
        return st;
    start = kao_init_weights(&init);
    st = x->kind->open(&x->task, x->ctx, x->r, &start, &x->bytes, n, err);
    if (!st)
        st = kao_init_check(&init, err);
    x->before = init.views;
    kao_init_close(&init);
    return st;
}

static kao_status begin(run *x, kao_error *err)
{
    const kao_recipe *r = x->r;
    size_t n = 0;
    kao_tensor in = { .dtype = KAO_F32,
                      .rank = 4,
                      .dims = { (int64_t)r->batch, 3, (int64_t)r->size,
                                (int64_t)r->size } };

    x->kind = find_kind(r->task);
    if (!x->kind)
        return kao_fail(err, KAO_E_UNSUPPORTED, "task \"%s\"", r->task);
    if (strcmp(r->optimizer, "adamw") != 0 && strcmp(r->optimizer, "sgd") != 0)
        return kao_fail(err, KAO_E_ARG, "optimizer = %.40s: adamw or sgd",
                        r->optimizer);
    kao_status st = kao_schedule_check(r, err);

    if (st)
        return st;
    if (mkdir(x->o->state, 0777) != 0 && errno != EEXIST)
        return kao_fail_sys(err, KAO_E_IO, errno, "%s", x->o->state);
    st = open_task(x, &n, err);
    if (!st)
        st =
            kao_network_parse(x->ctx, &x->net, (kao_span){ x->bytes, n }, r->name, err);
    if (!st)
        st = set_precision(x, err);
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
    st = load(x, err);
    /* what masks of Dropout are drawn by */
    x->tape->seed = (uint64_t)r->seed;
    x->tape->runs = x->opt.step * (uint64_t)r->accumulate;
    return st ? st : open_log(x, err);
}

kao_status kao_train(kao_context *ctx, const kao_recipe *r,
                     const kao_trainer_options *o, kao_error *err)
{
    run x = { .ctx = ctx, .r = r, .o = o };
    kao_status st = begin(&x, err);

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
    kao_free(&ctx->mem, x.bytes);
    return st;
}
