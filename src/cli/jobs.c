/* See jobs.h: a ticket counter, a slot for each item's result, a condition for each side. */
#include "cli/jobs.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/command.h"

typedef struct result {
    void *value;
    bool ready;
} result;

typedef struct run {
    const cli_jobs *jobs;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t ready, room;
    size_t next, emitted;
    result *results; /* NULL: no threads */
    pthread_t *threads;
    uint32_t n_threads; /* that run */
    sigset_t signals;   /* of the caller, while its threads hold SIGPIPE back */
} run;

typedef struct thread_arg {
    run *run;
    void *worker;
} thread_arg;

static void *thread_main(void *opaque)
{
    const thread_arg *a = opaque;
    run *r = a->run;

    for (;;) {
        pthread_mutex_lock(&r->lock);
        while (r->next < r->jobs->n_items &&
               r->next - r->emitted >= (size_t)CLI_JOBS_AHEAD * r->jobs->n_workers)
            pthread_cond_wait(&r->room, &r->lock);
        const size_t i = r->next++;

        pthread_mutex_unlock(&r->lock);
        if (i >= r->jobs->n_items)
            return NULL;
        void *value = r->jobs->work(a->worker, r->jobs->user, i);

        pthread_mutex_lock(&r->lock);
        r->results[i] = (result){ value, true };
        pthread_cond_signal(&r->ready);
        pthread_mutex_unlock(&r->lock);
    }
}

/* Milliseconds after which progress shows: KAO_PROGRESS_MS, else a second. */
static double patience(void)
{
    const char *env = getenv("KAO_PROGRESS_MS");
    double ms = 1000;

    if (env)
        (void)kao_text_number(&env, &ms);
    return ms;
}

static void show(size_t done, size_t n, double begin, bool *shown)
{
    if (!*shown && cli_now_ms() - begin < patience())
        return;
    *shown = true;
    fprintf(stderr, "\r%zu/%zu ", done, n);
}

static void join_all(const run *r)
{
    for (uint32_t i = 0; i < r->n_threads; i++)
        pthread_join(r->threads[i], NULL);
}

/* SIGPIPE would end the program in the middle of other threads' files: it waits until they
 * have ended, and the write that caused it fails. */
static void hold_sigpipe(run *r)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &set, &r->signals);
}

/* One that came meanwhile ends the program now. */
static void let_sigpipe(const run *r)
{
    pthread_sigmask(SIG_SETMASK, &r->signals, NULL);
}

/* Nobody would see the rest. What is being worked on ends first: a file that is cut off while
 * it is written stays beside its name. */
static _Noreturn void leave(run *r, const char *name)
{
    if (r->results) {
        pthread_mutex_lock(&r->lock);
        r->next = r->jobs->n_items;
        pthread_cond_broadcast(&r->room);
        pthread_mutex_unlock(&r->lock);
    }
    join_all(r);
    if (r->results)
        let_sigpipe(r);
    exit(cli_finish(name, CLI_FAULT));
}

static int collect(run *r, bool terminal, const char *name)
{
    const double begin = cli_now_ms();
    const size_t n = r->jobs->n_counted ? r->jobs->n_counted : r->jobs->n_items;
    int status = CLI_YES;
    bool shown = false;

    for (size_t i = 0; i < r->jobs->n_items; i++) {
        void *value = NULL;

        if (r->results) {
            pthread_mutex_lock(&r->lock);
            while (!r->results[i].ready)
                pthread_cond_wait(&r->ready, &r->lock);
            pthread_mutex_unlock(&r->lock);
            value = r->results[i].value;
        } else {
            value = r->jobs->work(r->jobs->workers, r->jobs->user, i);
        }
        const int s = r->jobs->emit(r->jobs->user, i, value);

        if (r->results) {
            pthread_mutex_lock(&r->lock);
            r->emitted = i + 1;
            pthread_cond_broadcast(&r->room);
            pthread_mutex_unlock(&r->lock);
        }

        status = s > status ? s : status;
        if (!cli_flush())
            leave(r, name);
        if (terminal && r->jobs->n_items > 1)
            show((i + 1) * n / r->jobs->n_items, n, begin, &shown);
    }
    if (shown)
        fprintf(stderr, "\r               \r");
    return status;
}

int cli_jobs_run(const cli_jobs *jobs, const char *name)
{
    run r = { .jobs = jobs };
    const bool terminal =
        isatty(STDERR_FILENO) && (jobs->silent || !isatty(STDOUT_FILENO));

    if (jobs->n_workers < 2 || jobs->n_items < 2)
        return collect(&r, terminal, name);
    thread_arg *args = calloc(jobs->n_workers, sizeof *args);
    int status = CLI_FAULT;

    r.threads = calloc(jobs->n_workers, sizeof *r.threads);
    r.results = calloc(jobs->n_items, sizeof *r.results);
    pthread_mutex_init(&r.lock, NULL);
    pthread_cond_init(&r.ready, NULL);
    pthread_cond_init(&r.room, NULL);
    hold_sigpipe(&r);
    if (args && r.threads && r.results)
        for (uint32_t i = 0; i < jobs->n_workers; r.n_threads = ++i) {
            args[i] =
                (thread_arg){ &r, (char *)jobs->workers + i * jobs->worker_bytes };
            if (pthread_create(&r.threads[i], NULL, thread_main, &args[i]))
                break;
        }
    if (r.n_threads > 0)
        status = collect(&r, terminal, name);
    else
        fprintf(stderr, "kao %s: no thread could be started\n", name);
    join_all(&r);
    let_sigpipe(&r);
    pthread_cond_destroy(&r.room);
    pthread_cond_destroy(&r.ready);
    pthread_mutex_destroy(&r.lock);
    free(r.results);
    free(r.threads);
    free(args);
    return status;
}
