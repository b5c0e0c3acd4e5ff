/* See server.h: calls from http.c to a queue, workers that take them from there. Who may ask is
 * access.c's. */
#include "server/server.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/context.h"
#include "base/error.h"
#include "server/access.h"
#include "server/camera.h"
#include "server/feed.h"
#include "server/hosts.h"
#include "server/http.h"
#include "server/job.h"
#include "server/live.h"
#include "server/mhd.h"
#include "server/rate.h"
#include "server/routes.h"
#include "server/spool.h"
#include "server/stats.h"
#include "server/webhook.h"

enum {
    MAX_HELD = 256 << 20,
    MAX_CONNECTIONS = 4000,
    IDLE_SECONDS = 30,
    QUEUE = 64,
    RATE = 50,
    WORKERS_MOST = 64,
    STOP_SECONDS = 2, /* for those who wait; sending answers has as much again */
};

typedef struct thread {
    kao_server *server;
    kao_worker worker;
    pthread_t id;
    bool open, running;
} thread;

struct kao_server {
    kao_context *ctx;
    kao_mem *mem;
    kao_server_options o;
    kao_http *http;
    kao_lives *lives;
    kao_jobs *jobs;
    kao_spools spools;
    kao_access *access;
    kao_streams *streams;
    kao_cameras *cameras;
    kao_feed *feed;
    kao_webhooks *webhooks;
    kao_stats stats;
    kao_rate_limit rate; /* of the thread that takes requests */
    thread *threads;
    size_t n_threads;
    kao_cancel *cancel; /* of what workers are at */

    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t some, ended;
    size_t n_running; /* workers */
    kao_call **queue; /* a ring of o.queue places */
    size_t first, n;
    bool stopping, late;
};

/* ---- requests ---- */

/* Whether its client has not asked for too much; false: it is told to wait. */
static bool is_in_time(kao_server *s, kao_call *c)
{
    const bool looks = strcmp(c->method, "GET") == 0 || strcmp(c->method, "HEAD") == 0;

    if (looks || (!s->o.rate && kao_host_is_local(c->client)))
        return true;
    c->retry_after = kao_rate_take(&s->rate, c->client, kao_clock_seconds());
    if (c->retry_after)
        kao_answer_error(c, 429, "too_many", "too many requests of one client");
    return !c->retry_after;
}

static void begin(void *user, kao_call *c)
{
    kao_server *s = user;
    bool known = false;

    if (!kao_access_is_from_here(s->access, c))
        return;
    c->route = kao_route_find(c, &known);
    if (c->route && (!is_in_time(s, c) || !kao_access_allows(s->access, c)))
        return;
    c->to_file = c->route && kao_route_to_file(c->route);
    if (c->route || kao_web_find(c))
        return;
    if (known)
        kao_answer_error(c, 405, "method_not_allowed", "this path has other methods");
    else
        kao_answer_error(c, 404, "not_found", "there is nothing at this path");
}

/* ---- queue ---- */

static void take(void *user, kao_call *c)
{
    kao_server *s = user;
    bool queued = false;

    if (c->route->at_once) {
        c->route->run(NULL, c);
        kao_http_answer(c);
        return;
    }
    pthread_mutex_lock(&s->lock);
    if (s->n < s->o.queue && !s->stopping) {
        s->queue[(s->first + s->n++) % s->o.queue] = c;
        queued = true;
        atomic_store(&s->stats.waiting, s->n);
        pthread_cond_signal(&s->some);
    }
    pthread_mutex_unlock(&s->lock);
    if (queued)
        return;
    kao_answer_busy(c, 1, "too many requests are waiting");
    kao_http_answer(c);
}

/* The next one; NULL: the server stops, and none waits. *late: there is no time for it any more. */
static kao_call *next(kao_server *s, bool *late)
{
    kao_call *c = NULL;

    pthread_mutex_lock(&s->lock);
    while (s->n == 0 && !s->stopping)
        pthread_cond_wait(&s->some, &s->lock);
    if (s->n > 0) {
        c = s->queue[s->first];
        s->first = (s->first + 1) % s->o.queue;
        s->n--;
        atomic_store(&s->stats.waiting, s->n);
    }
    *late = s->late;
    pthread_mutex_unlock(&s->lock);
    return c;
}

static void *work(void *user)
{
    const kao_error stopping = { .msg = "the server stops" };
    thread *t = user;
    kao_server *s = t->server;
    bool late = false;

    for (kao_call *c = next(s, &late); c; c = next(s, &late)) {
        atomic_fetch_add(&s->stats.working, 1);
        if (late)
            kao_answer_status(c, KAO_E_CANCELLED, &stopping);
        else
            c->route->run(&t->worker, c);
        atomic_fetch_sub(&s->stats.working, 1);
        if (!c->status)
            kao_answer_error(c, 500, "internal", "no answer");
        kao_http_answer(c);
    }
    pthread_mutex_lock(&s->lock);
    s->n_running--;
    pthread_cond_signal(&s->ended);
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

static void done(void *user, const kao_call *c)
{
    kao_server *s = user;
    const double seconds = (double)(kao_clock_ns() - c->begun_ns) * 1e-9;

    atomic_fetch_add(&s->stats.answered[c->status / 100 < 6 ? c->status / 100 : 5], 1);
    if (!c->route)
        return;
    kao_access_log(s->access, c);
    if (c->stream) /* as long as its client wanted */
        return;
    for (size_t i = 0; i < STATS_BUCKETS; i++)
        if (seconds <= kao_stats_ends[i])
            atomic_fetch_add(&s->stats.within[i], 1);
    atomic_fetch_add(&s->stats.all, 1);
    atomic_fetch_add(&s->stats.microseconds, (uint64_t)(seconds * 1e6));
}

/* ---- starting and stopping ---- */

static kao_status open_workers(kao_server *s, kao_error *err)
{
    kao_status st = KAO_OK;

    for (size_t i = 0; !st && i < s->n_threads; i++) {
        thread *t = &s->threads[i];

        t->server = s;
        t->worker = (kao_worker){ .ctx = s->ctx,
                                  .o = &s->o,
                                  .run.cancel = s->cancel,
                                  .lives = s->lives,
                                  .jobs = s->jobs,
                                  .spools = &s->spools,
                                  .streams = s->streams,
                                  .cameras = s->cameras,
                                  .access = s->access,
                                  .stats = &s->stats };
        st = kao_worker_open(&t->worker, err);
        t->open = !st;
    }
    return st;
}

static kao_status start_workers(kao_server *s, kao_error *err)
{
    for (size_t i = 0; i < s->n_threads; i++) {
        thread *t = &s->threads[i];
        int e;

        pthread_mutex_lock(&s->lock);
        e = pthread_create(&t->id, NULL, work, t);
        s->n_running += !e;
        pthread_mutex_unlock(&s->lock);
        if (e)
            return kao_fail_sys(err, KAO_E_IO, e, "a thread could not be started");
        t->running = true;
    }
    return KAO_OK;
}

/* What has come whole is answered as long as there is time; then what is being worked on is broken off, and
 * who still waits is told to come again. */
static void end_workers(kao_server *s)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += STOP_SECONDS;
    pthread_mutex_lock(&s->lock);
    s->stopping = true;
    pthread_cond_broadcast(&s->some);
    while (s->n_running && !s->late)
        s->late = pthread_cond_timedwait(&s->ended, &s->lock, &until) != 0;
    pthread_mutex_unlock(&s->lock);
    if (s->late)
        kao_cancel_request(s->cancel);
    for (size_t i = 0; s->threads && i < s->n_threads; i++)
        if (s->threads[i].running)
            pthread_join(s->threads[i].id, NULL);
}

static kao_status check(const kao_server_options *o, kao_error *err)
{
    if (!o || !o->detector || !o->gallery || o->n_models == 0 ||
        o->n_models > KAO_GALLERY_MODELS)
        return kao_fail(err, KAO_E_ARG, "server: no models, or no gallery");
    const bool here = !o->address || kao_host_is_local(o->address);

    if (!here && !o->demand_keys)
        return kao_fail(err, KAO_E_UNSUPPORTED,
                        "%s: others reach this address: keys have to be demanded",
                        o->address);
    if (!here && !o->tls_key && !o->plain)
        return kao_fail(err, KAO_E_UNSUPPORTED,
                        "%s: others reach this address: keys and pictures do not go "
                        "there without TLS",
                        o->address);
    if (!o->tls_key != !o->tls_certificate || (o->demand_keys && !o->keys))
        return kao_fail(err, KAO_E_ARG, "server: half of what TLS or keys need");
    return KAO_OK;
}

kao_status kao_server_start(kao_context *ctx, kao_server **out,
                            const kao_server_options *options, kao_error *err)
{
    *out = NULL;
    kao_status st = check(options, err);

    if (st)
        return st;
    kao_server *s = kao_calloc(&ctx->mem, 1, sizeof *s);
    pthread_condattr_t monotonic;

    if (!s)
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    s->ctx = ctx;
    s->mem = &ctx->mem;
    s->o = *options;
    s->o.queue = s->o.queue ? s->o.queue : QUEUE;
    s->rate.rate = s->o.rate ? s->o.rate : RATE;
    s->o.fpir = s->o.fpir > 0 ? s->o.fpir : .01;
    s->n_threads = s->o.workers ? s->o.workers : kao_context_threads(ctx);
    s->n_threads = s->n_threads < WORKERS_MOST ? s->n_threads : WORKERS_MOST;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->some, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&s->ended, &monotonic);
    pthread_condattr_destroy(&monotonic);
    s->threads = kao_calloc(s->mem, s->n_threads, sizeof *s->threads);
    s->queue = kao_calloc(s->mem, s->o.queue, sizeof(kao_call *));
    s->lives = kao_lives_create(s->mem);
    s->streams = kao_streams_create(s->mem);
    s->spools = (kao_spools){ .mem = s->mem,
                              .folder = s->o.temporary ? s->o.temporary : "/var/tmp" };
    if (!s->threads || !s->queue || !s->lives || !s->streams)
        st = kao_fail(err, KAO_E_NOMEM, "out of memory");
    if (!st)
        st = kao_cancel_create(ctx, &s->cancel, err);
    if (!st)
        st = kao_access_create(&s->access, s->mem, &s->o, err);
    const kao_http_options http = { .address =
                                        s->o.address ? s->o.address : "127.0.0.1",
                                    .port = s->o.port,
                                    .tls_key = s->o.tls_key,
                                    .tls_certificate = s->o.tls_certificate,
                                    .max_body = KAO_SERVER_BODY_MOST,
                                    .max_held = MAX_HELD,
                                    .spools = &s->spools,
                                    .max_connections = MAX_CONNECTIONS,
                                    .idle_seconds = IDLE_SECONDS,
                                    .begin = begin,
                                    .take = take,
                                    .done = done,
                                    .user = s };

    if (!st)
        st = kao_jobs_create(ctx, &s->o, &s->jobs, err);
    if (!st)
        st = kao_cameras_create(ctx, &s->o, s->streams, &s->cameras, err);
    if (!st)
        st = open_workers(s, err);
    if (!st)
        st = kao_http_start(s->mem, &s->http, &http, err);
    if (!st)
        kao_access_set_port(s->access, kao_http_port(s->http));
    if (!st)
        st = start_workers(s, err);
    if (!st)
        st = kao_feed_start(ctx, &s->o, s->access, s->streams, s->cameras, &s->feed,
                            err);
    if (!st)
        st = kao_webhooks_start(ctx, &s->o, s->streams, &s->webhooks, err);
    if (!st)
        st = kao_cameras_start(s->cameras, err);
    if (st)
        kao_server_stop(s);
    else
        *out = s;
    return st;
}

uint16_t kao_server_port(const kao_server *s)
{
    return kao_http_port(s->http);
}

void kao_server_code(kao_server *s, char to[KAO_SERVER_CODE_BYTES])
{
    kao_access_code(s->access, to);
}

bool kao_server_stop(kao_server *s)
{
    if (!s)
        return true;
    if (s->http)
        kao_http_quiesce(s->http);
    end_workers(s);
    const bool ended = kao_cameras_stop(s->cameras);

    kao_streams_close(s->streams);
    kao_feed_stop(s->feed);
    kao_webhooks_stop(s->webhooks);
    kao_jobs_destroy(s->jobs);
    kao_http_stop(s->http);
    if (!ended) /* it has hold of the rest */
        return false;
    kao_cameras_destroy(s->cameras);
    kao_streams_destroy(s->streams);
    kao_lives_destroy(s->lives);
    kao_access_destroy(s->access);
    for (size_t i = 0; s->threads && i < s->n_threads; i++)
        if (s->threads[i].open)
            kao_worker_close(&s->threads[i].worker);
    kao_cancel_destroy(s->cancel);
    pthread_cond_destroy(&s->some);
    pthread_cond_destroy(&s->ended);
    pthread_mutex_destroy(&s->lock);
    kao_free(s->mem, s->queue);
    kao_free(s->mem, s->threads);
    kao_free(s->mem, s);
    return true;
}

kao_status kao_server_ready(kao_error *err)
{
    kao_mhd found;

    return kao_mhd_open(&found, err);
}
