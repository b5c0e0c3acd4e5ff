/* See stream.h. */
#include "server/stream.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/bytes.h"
#include "base/clock.h"

enum { PIECE_MOST = 4 << 20 };

struct kao_stream {
    kao_streams *all;
    uint64_t id;
    size_t of;
    int64_t at;
    char key[STREAM_KEY];
    kao_bytes piece;
    size_t sent; /* of the piece */
    double used; /* when it got its last piece; kao_clock_seconds */
    bool waits, over;
    kao_stream_turn *wait, *wake;
    void *user;
};

struct kao_streams {
    kao_mem *mem;
    pthread_mutex_t lock; /* of what follows, and of all streams */
    pthread_cond_t some;
    kao_stream *list[STREAMS_MOST];
    uint64_t ids, news, events; /* news: events among them */
    bool closed;
};

/* ---- all ---- */

kao_streams *kao_streams_create(kao_mem *mem)
{
    kao_streams *all = kao_calloc(mem, 1, sizeof *all);
    pthread_condattr_t monotonic;

    if (!all)
        return NULL;
    all->mem = mem;
    pthread_mutex_init(&all->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&all->some, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return all;
}

void kao_streams_destroy(kao_streams *all)
{
    if (!all)
        return;
    pthread_cond_destroy(&all->some);
    pthread_mutex_destroy(&all->lock);
    kao_free(all->mem, all);
}

/* Under the lock. */
static void wake(kao_stream *s)
{
    if (s->waits)
        s->wake(s->user);
    s->waits = false;
}

static void end(kao_stream *s)
{
    s->over = true;
    wake(s);
}

static bool is_ready(const kao_stream *s)
{
    return s->sent == s->piece.n && !s->over;
}

void kao_streams_close(kao_streams *all)
{
    if (!all)
        return;
    pthread_mutex_lock(&all->lock);
    all->closed = true;
    for (size_t i = 0; i < STREAMS_MOST; i++)
        if (all->list[i])
            end(all->list[i]);
    pthread_cond_broadcast(&all->some);
    pthread_mutex_unlock(&all->lock);
}

/* ---- one ---- */

kao_status kao_stream_open(kao_streams *all, size_t of, int64_t at, const char *key,
                           kao_stream **out, kao_error *err)
{
    kao_stream *s = kao_calloc(all->mem, 1, sizeof *s);
    size_t place = 0;

    *out = NULL;
    if (!s)
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    *s = (kao_stream){ .all = all,
                       .of = of,
                       .at = at,
                       .piece = { .mem = all->mem, .max = PIECE_MOST },
                       .used = -(double)INFINITY }; /* a piece is due */
    snprintf(s->key, sizeof s->key, "%s", key);
    pthread_mutex_lock(&all->lock);
    while (place < STREAMS_MOST && all->list[place])
        place++;
    const bool closed = all->closed;

    if (place < STREAMS_MOST && !closed) {
        s->id = ++all->ids;
        all->list[place] = s;
        all->news++;
        pthread_cond_broadcast(&all->some);
        *out = s;
    }
    pthread_mutex_unlock(&all->lock);
    if (*out)
        return KAO_OK;
    kao_free(all->mem, s);
    return closed ? kao_fail(err, KAO_E_CANCELLED, "the server stops")
                  : kao_fail(err, KAO_E_LIMIT, "%d streams are open already",
                             STREAMS_MOST);
}

void kao_stream_close(kao_stream *s)
{
    if (!s)
        return;
    kao_streams *all = s->all;

    pthread_mutex_lock(&all->lock);
    for (size_t i = 0; i < STREAMS_MOST; i++)
        if (all->list[i] == s)
            all->list[i] = NULL;
    pthread_mutex_unlock(&all->lock);
    kao_bytes_free(&s->piece);
    kao_free(all->mem, s);
}

void kao_stream_connect(kao_stream *s, kao_stream_turn *wait, kao_stream_turn *wake_it,
                        void *user)
{
    pthread_mutex_lock(&s->all->lock);
    s->wait = wait;
    s->wake = wake_it;
    s->user = user;
    pthread_mutex_unlock(&s->all->lock);
}

int64_t kao_stream_read(kao_stream *s, void *to, size_t most)
{
    kao_streams *all = s->all;

    pthread_mutex_lock(&all->lock);
    const size_t left = s->piece.n - s->sent;
    const size_t n = left < most ? left : most;
    int64_t result = (int64_t)n;

    if (n) {
        memcpy(to, s->piece.p + s->sent, n);
        s->sent += n;
        if (n == left && s->of == 0) { /* there may be more events for it */
            all->news++;
            pthread_cond_broadcast(&all->some);
        }
    } else if (s->over) {
        result = -1;
    } else {
        s->waits = true;
        s->wait(s->user);
    }
    pthread_mutex_unlock(&all->lock);
    return result;
}

/* ---- filling ---- */

/* Under the lock. */
static void put(kao_stream *s, const void *bytes, size_t n)
{
    s->piece.n = s->sent = 0;
    s->used = kao_clock_seconds();
    if (kao_bytes_add(&s->piece, bytes, n))
        wake(s);
    else /* out of memory: its client comes again */
        end(s);
}

bool kao_streams_look(kao_streams *all, size_t place, kao_stream_look *look)
{
    pthread_mutex_lock(&all->lock);
    const kao_stream *s = all->list[place];

    if (s) {
        *look = (kao_stream_look){ .id = s->id,
                                   .of = s->of,
                                   .at = s->at,
                                   .idle = kao_clock_seconds() - s->used,
                                   .ready = is_ready(s) };
        memcpy(look->key, s->key, sizeof look->key);
    }
    pthread_mutex_unlock(&all->lock);
    return s != NULL;
}

void kao_streams_put(kao_streams *all, size_t place, uint64_t id, const void *bytes,
                     size_t n, int64_t at)
{
    pthread_mutex_lock(&all->lock);
    kao_stream *s = all->list[place];

    if (s && s->id == id && is_ready(s)) {
        s->at = at;
        if (n)
            put(s, bytes, n);
    }
    pthread_mutex_unlock(&all->lock);
}

void kao_streams_put_all(kao_streams *all, size_t of, const void *bytes, size_t n)
{
    pthread_mutex_lock(&all->lock);
    for (size_t i = 0; i < STREAMS_MOST; i++)
        if (all->list[i] && all->list[i]->of == of && is_ready(all->list[i]))
            put(all->list[i], bytes, n);
    pthread_mutex_unlock(&all->lock);
}

void kao_streams_end(kao_streams *all, size_t place, uint64_t id)
{
    pthread_mutex_lock(&all->lock);
    if (all->list[place] && all->list[place]->id == id)
        end(all->list[place]);
    pthread_mutex_unlock(&all->lock);
}

void kao_streams_end_all(kao_streams *all, size_t of)
{
    pthread_mutex_lock(&all->lock);
    for (size_t i = 0; i < STREAMS_MOST; i++)
        if (all->list[i] && all->list[i]->of == of)
            end(all->list[i]);
    pthread_mutex_unlock(&all->lock);
}

size_t kao_streams_count(kao_streams *all, size_t of)
{
    size_t n = 0;

    pthread_mutex_lock(&all->lock);
    for (size_t i = 0; i < STREAMS_MOST; i++)
        n += all->list[i] && all->list[i]->of == of;
    pthread_mutex_unlock(&all->lock);
    return n;
}

void kao_streams_news(kao_streams *all)
{
    pthread_mutex_lock(&all->lock);
    all->news++;
    all->events++;
    pthread_cond_broadcast(&all->some);
    pthread_mutex_unlock(&all->lock);
}

static bool wait_for(kao_streams *all, const uint64_t *count, uint64_t *seen,
                     double seconds)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)ceil(seconds);
    pthread_mutex_lock(&all->lock);
    while (!all->closed && *count == *seen)
        if (pthread_cond_timedwait(&all->some, &all->lock, &until))
            break;
    *seen = *count;
    const bool open = !all->closed;

    pthread_mutex_unlock(&all->lock);
    return open;
}

bool kao_streams_wait(kao_streams *all, uint64_t *seen, double seconds)
{
    return wait_for(all, &all->news, seen, seconds);
}

bool kao_streams_wait_events(kao_streams *all, uint64_t *seen, double seconds)
{
    return wait_for(all, &all->events, seen, seconds);
}
