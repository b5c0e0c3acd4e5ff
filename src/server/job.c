/* See job.h. */
#include "server/job.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/resource.h>

#include "base/cancel.h"
#include "base/clock.h"
#include "base/context.h"
#include "base/error.h"

enum {
    NICE = 10,         /* of the thread that runs them */
    LOOK_SECONDS = 15, /* after which it looks for what nobody wants any more */
};

struct kao_job_inner {
    pthread_mutex_t held; /* by whoever works on the data */
    /* under the jobs' lock: */
    char id[RANDOM_ID_BYTES];
    kao_job_state state;
    size_t refs;   /* of the list, of the thread, of requests, of other jobs */
    uint64_t turn; /* in which it came to wait */
    double used;   /* when last; kao_clock_seconds */
    kao_status st;
    kao_error err;
};

struct kao_jobs {
    kao_context *ctx;
    kao_mem *mem;
    const kao_server_options *o;
    pthread_t thread;
    bool running;

    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t some;
    kao_job *list[JOBS_MOST];
    kao_job *now; /* the one that is run */
    uint64_t turns;
    bool stopping;
};

/* ---- one ---- */

static void destroy(kao_job *j)
{
    if (j->data)
        j->kind->close(j);
    kao_cancel_destroy(j->cancel);
    pthread_mutex_destroy(&j->inner->held);
    kao_free(j->mem, j->inner);
    kao_free(j->mem, j);
}

/* Under the lock: one reason less to stay; true: nobody has it, it is to be destroyed without the
 * lock. */
static bool let_go(kao_job *j)
{
    return --j->inner->refs == 0;
}

static bool is_over(const kao_job *j)
{
    return j->inner->state >= JOB_DONE;
}

static kao_job *make(kao_jobs *all, const kao_job_kind *kind, void *data,
                     kao_error *err)
{
    kao_job *j = kao_calloc(all->mem, 1, sizeof *j);
    struct kao_job_inner *inner = kao_calloc(all->mem, 1, sizeof *inner);

    if (!j || !inner || kao_cancel_create(all->ctx, &j->cancel, err)) {
        kao_fail(err, KAO_E_NOMEM, "out of memory");
        kao_free(all->mem, j);
        kao_free(all->mem, inner);
        return NULL;
    }
    j->kind = kind;
    j->mem = all->mem;
    j->data = data;
    j->inner = inner;
    pthread_mutex_init(&inner->held, NULL);
    kao_random_id(inner->id);
    inner->refs = 1;
    inner->used = kao_clock_seconds();
    return j;
}

/* ---- the list; under the lock ---- */

static kao_job *find(kao_jobs *all, const char *id)
{
    for (size_t i = 0; i < JOBS_MOST; i++)
        if (all->list[i] && strcmp(all->list[i]->inner->id, id) == 0)
            return all->list[i];
    return NULL;
}

/* Place i is free then; what is to be destroyed, or NULL. */
static kao_job *take_out(kao_jobs *all, size_t i)
{
    kao_job *j = all->list[i];

    all->list[i] = NULL;
    kao_cancel_request(j->cancel);
    if (j->inner->state < JOB_RUNNING)
        j->inner->state = JOB_CANCELLED;
    return let_go(j) ? j : NULL;
}

static size_t n_waiting(const kao_jobs *all, uint64_t before)
{
    size_t n = 0;

    for (size_t i = 0; i < JOBS_MOST; i++)
        n += all->list[i] && all->list[i]->inner->state == JOB_WAITING &&
             all->list[i]->inner->turn < before;
    return n;
}

static kao_status begin_waiting(kao_jobs *all, kao_job *j, kao_error *err)
{
    if (n_waiting(all, UINT64_MAX) >= JOBS_WAITING_MOST)
        return kao_fail(err, KAO_E_LIMIT, "%d jobs are waiting already",
                        JOBS_WAITING_MOST);
    j->inner->state = JOB_WAITING;
    j->inner->turn = ++all->turns;
    pthread_cond_signal(&all->some);
    return KAO_OK;
}

/* A free place, or that of the one that is over and was not asked for longest; *old: who was there.
 * JOBS_MOST: none. */
static size_t find_place(kao_jobs *all, kao_job **old)
{
    size_t place = JOBS_MOST;

    *old = NULL;
    for (size_t i = 0; i < JOBS_MOST; i++) {
        if (!all->list[i])
            return i;
        if (is_over(all->list[i]) &&
            (place == JOBS_MOST ||
             all->list[i]->inner->used < all->list[place]->inner->used))
            place = i;
    }
    if (place < JOBS_MOST)
        *old = take_out(all, place);
    return place;
}

/* What nobody has asked for; where there is none, NULL. */
static kao_job *find_stale(kao_jobs *all)
{
    const double now = kao_clock_seconds();

    for (size_t i = 0; i < JOBS_MOST; i++) {
        const kao_job *j = all->list[i];

        if (!j || now - j->inner->used < JOB_KEPT_SECONDS ||
            !(is_over(j) || j->inner->state == JOB_OPEN))
            continue;
        kao_job *gone = take_out(all, i);

        if (gone)
            return gone;
    }
    return NULL;
}

/* ---- the thread ---- */

static kao_job *next(kao_jobs *all)
{
    kao_job *first = NULL;

    for (size_t i = 0; i < JOBS_MOST; i++) {
        kao_job *j = all->list[i];

        if (j && j->inner->state == JOB_WAITING &&
            (!first || j->inner->turn < first->inner->turn))
            first = j;
    }
    if (first) {
        first->inner->state = JOB_RUNNING;
        first->inner->refs++;
        all->now = first;
    }
    return first;
}

static kao_status run(kao_jobs *all, kao_job *j, kao_error *err)
{
    kao_worker w = { .ctx = all->ctx, .o = all->o, .run.cancel = j->cancel };
    kao_status st = j->kind->bare ? KAO_OK : kao_worker_open(&w, err);

    if (st)
        return st;
    pthread_mutex_lock(&j->inner->held);
    st = j->kind->run(j, &w, err);
    pthread_mutex_unlock(&j->inner->held);
    if (!j->kind->bare)
        kao_worker_close(&w);
    return st;
}

/* Under the lock, which is let go meanwhile. */
static void run_one(kao_jobs *all, kao_job *j)
{
    kao_error err = { 0 };

    pthread_mutex_unlock(&all->lock);
    const kao_status st = run(all, j, &err);

    pthread_mutex_lock(&all->lock);
    j->inner->st = st;
    j->inner->err = err;
    j->inner->used = kao_clock_seconds();
    j->inner->state = kao_cancelled(j->cancel) ? JOB_CANCELLED
                      : st                     ? JOB_FAILED
                                               : JOB_DONE;
    all->now = NULL;
    const bool gone = let_go(j);

    pthread_mutex_unlock(&all->lock);
    if (gone)
        destroy(j);
    pthread_mutex_lock(&all->lock);
}

static void wait_a_while(kao_jobs *all)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += LOOK_SECONDS;
    pthread_cond_timedwait(&all->some, &all->lock, &until);
}

static void *work(void *user)
{
    kao_jobs *all = user;

    setpriority(PRIO_PROCESS, 0, NICE); /* of Linux: this thread's */
    pthread_mutex_lock(&all->lock);
    while (!all->stopping) {
        kao_job *j = next(all), *stale = j ? NULL : find_stale(all);

        if (j) {
            run_one(all, j);
        } else if (stale) {
            pthread_mutex_unlock(&all->lock);
            destroy(stale);
            pthread_mutex_lock(&all->lock);
        } else {
            wait_a_while(all);
        }
    }
    pthread_mutex_unlock(&all->lock);
    return NULL;
}

/* ---- all ---- */

kao_status kao_jobs_create(kao_context *ctx, const kao_server_options *o,
                           kao_jobs **out, kao_error *err)
{
    kao_jobs *all = kao_calloc(&ctx->mem, 1, sizeof *all);
    pthread_condattr_t monotonic;

    *out = NULL;
    if (!all)
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    all->ctx = ctx;
    all->mem = &ctx->mem;
    all->o = o;
    pthread_mutex_init(&all->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&all->some, &monotonic);
    pthread_condattr_destroy(&monotonic);
    const int e = pthread_create(&all->thread, NULL, work, all);

    all->running = e == 0;
    if (e) {
        kao_jobs_destroy(all);
        return kao_fail_sys(err, KAO_E_IO, e, "a thread could not be started");
    }
    *out = all;
    return KAO_OK;
}

void kao_jobs_destroy(kao_jobs *all)
{
    if (!all)
        return;
    pthread_mutex_lock(&all->lock);
    all->stopping = true;
    if (all->now)
        kao_cancel_request(all->now->cancel);
    pthread_cond_signal(&all->some);
    pthread_mutex_unlock(&all->lock);
    if (all->running)
        pthread_join(all->thread, NULL);
    for (size_t i = 0; i < JOBS_MOST; i++) {
        kao_job *gone = all->list[i] ? take_out(all, i) : NULL;

        if (gone)
            destroy(gone);
    }
    pthread_cond_destroy(&all->some);
    pthread_mutex_destroy(&all->lock);
    kao_free(all->mem, all);
}

kao_status kao_job_add(kao_jobs *all, const kao_job_kind *kind, void *data, bool open,
                       char id[RANDOM_ID_BYTES], kao_error *err)
{
    kao_job *j = make(all, kind, data, err), *old = NULL;

    if (!j) {
        kao_job none = { .kind = kind, .mem = all->mem, .data = data };

        kind->close(&none);
        return KAO_E_NOMEM;
    }
    pthread_mutex_lock(&all->lock);
    kao_status st = open ? KAO_OK : begin_waiting(all, j, err);
    const size_t place = st ? JOBS_MOST : find_place(all, &old);

    if (!st && place == JOBS_MOST)
        st = kao_fail(err, KAO_E_LIMIT, "%d jobs are there already", JOBS_MOST);
    if (!st) {
        all->list[place] = j;
        memcpy(id, j->inner->id, RANDOM_ID_BYTES);
    }
    pthread_mutex_unlock(&all->lock);
    if (old)
        destroy(old);
    if (st)
        destroy(j);
    return st;
}

kao_status kao_job_start(kao_jobs *all, kao_job *j, kao_error *err)
{
    pthread_mutex_lock(&all->lock);
    const kao_status st = j->inner->state == JOB_OPEN
                              ? begin_waiting(all, j, err)
                              : kao_fail(err, KAO_E_CONFLICT, "it was begun already");

    pthread_mutex_unlock(&all->lock);
    return st;
}

kao_status kao_job_take(kao_jobs *all, const char *id, kao_job **out,
                        kao_job_look *look, kao_error *err)
{
    kao_status st = KAO_OK;

    pthread_mutex_lock(&all->lock);
    kao_job *j = find(all, id);

    *out = j;
    if (j) {
        j->inner->refs++;
        j->inner->used = kao_clock_seconds();
    } else {
        st = kao_fail(err, KAO_E_NOT_FOUND,
                      "no such job, or nobody asked for it for too long");
    }
    if (j && look)
        *look = (kao_job_look){ .state = j->inner->state,
                                .st = j->inner->st,
                                .err = j->inner->err,
                                .before = n_waiting(all, j->inner->turn) +
                                          (all->now && all->now != j) };
    pthread_mutex_unlock(&all->lock);
    return st;
}

kao_status kao_job_hold(kao_jobs *all, const char *id, kao_job_state state,
                        kao_job **out, kao_error *err)
{
    kao_job_look look;
    kao_status st = kao_job_take(all, id, out, &look, err);

    if (st)
        return st;
    bool held = look.state == state;

    if (held) { /* it does not run, or has just been begun */
        pthread_mutex_lock(&(*out)->inner->held);
        pthread_mutex_lock(&all->lock);
        look.state = (*out)->inner->state;
        pthread_mutex_unlock(&all->lock);
    }
    if (look.state == state)
        return KAO_OK;
    kao_job_put(all, *out, held);
    *out = NULL;
    return kao_fail(err, KAO_E_CONFLICT,
                    state == JOB_OPEN ? "the job was begun already"
                                      : "the job is not done");
}

void kao_job_share(kao_jobs *all, kao_job *j)
{
    pthread_mutex_lock(&all->lock);
    j->inner->refs++;
    pthread_mutex_unlock(&all->lock);
}

void kao_job_put(kao_jobs *all, kao_job *j, bool held)
{
    if (held)
        pthread_mutex_unlock(&j->inner->held);
    pthread_mutex_lock(&all->lock);
    const bool gone = let_go(j);

    pthread_mutex_unlock(&all->lock);
    if (gone)
        destroy(j);
}

kao_status kao_job_remove(kao_jobs *all, const char *id, kao_error *err)
{
    kao_job *gone = NULL;
    bool found = false;

    pthread_mutex_lock(&all->lock);
    for (size_t i = 0; !found && i < JOBS_MOST; i++) {
        found = all->list[i] && strcmp(all->list[i]->inner->id, id) == 0;
        if (found)
            gone = take_out(all, i);
    }
    pthread_mutex_unlock(&all->lock);
    if (gone)
        destroy(gone);
    return found ? KAO_OK : kao_fail(err, KAO_E_NOT_FOUND, "no such job");
}
