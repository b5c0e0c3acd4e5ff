/* See live.h. */
#include "server/live.h"

#include <pthread.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"

struct kao_lives {
    kao_mem *mem;
    pthread_mutex_t lock; /* of what follows, but for what a busy one holds */
    kao_live live[LIVES_MOST];
};

kao_lives *kao_lives_create(kao_mem *mem)
{
    kao_lives *l = kao_calloc(mem, 1, sizeof *l);

    if (l) {
        l->mem = mem;
        pthread_mutex_init(&l->lock, NULL);
    }
    return l;
}

/* What it holds. It is busy, or nobody else is there: what others look at (id, busy, over, used) is
 * left alone. */
static void close_live(kao_live *v)
{
    kao_watcher_destroy(v->watcher);
    kao_worker_close(&v->w);
    v->watcher = NULL;
    v->frames = 0;
}

void kao_lives_destroy(kao_lives *l)
{
    if (!l)
        return;
    for (size_t i = 0; i < LIVES_MOST; i++)
        if (l->live[i].id[0])
            close_live(&l->live[i]);
    pthread_mutex_destroy(&l->lock);
    kao_free(l->mem, l);
}

/* A free place, or one whose client has gone: it is marked busy. NULL: none. */
static kao_live *find_place(kao_lives *l)
{
    const double now = kao_clock_seconds();
    kao_live *place = NULL;

    pthread_mutex_lock(&l->lock);
    for (size_t i = 0; !place && i < LIVES_MOST; i++) {
        kao_live *v = &l->live[i];

        if (!v->busy && (!v->id[0] || now - v->used > LIVE_IDLE_SECONDS))
            place = v;
    }
    if (place) {
        place->busy = true;
        place->over = false;
        place->id[0] = '\0'; /* nobody finds it while it is emptied */
    }
    pthread_mutex_unlock(&l->lock);
    return place;
}

kao_status kao_live_begin(kao_lives *l, const kao_worker *like, size_t model,
                          double fpir, char id[RANDOM_ID_BYTES], kao_error *err)
{
    kao_live *v = find_place(l);
    const kao_watch_options o = { .size = sizeof o,
                                  .search = KAO_SEARCH_QUICK,
                                  .fpir = fpir,
                                  .unsure = 1,
                                  .model = (uint32_t)model };

    if (!v)
        return kao_fail(err, KAO_E_LIMIT, "%d videos are being followed already",
                        LIVES_MOST);
    close_live(v);
    v->w = (kao_worker){ .ctx = like->ctx, .o = like->o, .run = like->run };
    kao_status st = kao_worker_open(&v->w, err);

    if (!st)
        st = kao_watcher_create(v->w.ctx, &v->watcher, v->w.detector, v->w.embedders,
                                v->w.n, v->w.gallery, &o, err);
    if (st)
        close_live(v);
    pthread_mutex_lock(&l->lock);
    if (!st) {
        kao_random_id(v->id);
        v->model = model;
        v->used = kao_clock_seconds();
        memcpy(id, v->id, sizeof v->id);
    }
    v->busy = false;
    pthread_mutex_unlock(&l->lock);
    return st;
}

kao_status kao_live_take(kao_lives *l, const char *id, kao_live **live, kao_error *err)
{
    kao_status st = kao_fail(err, KAO_E_NOT_FOUND,
                             "no such video, or nothing came of it "
                             "for too long");

    *live = NULL;
    pthread_mutex_lock(&l->lock);
    for (size_t i = 0; !*live && id[0] && i < LIVES_MOST; i++) {
        kao_live *v = &l->live[i];

        if (strcmp(v->id, id) != 0)
            continue;
        st = v->busy ? kao_fail(err, KAO_E_CONFLICT,
                                "the frame before is still being "
                                "worked on")
                     : KAO_OK;
        if (st)
            break;
        v->busy = true;
        *live = v;
    }
    pthread_mutex_unlock(&l->lock);
    return st;
}

void kao_live_put(kao_lives *l, kao_live *v)
{
    pthread_mutex_lock(&l->lock);
    const bool over = v->over;

    v->used = kao_clock_seconds();
    v->busy = over;
    if (over)
        v->id[0] = '\0';
    pthread_mutex_unlock(&l->lock);
    if (!over)
        return;
    close_live(v);
    pthread_mutex_lock(&l->lock);
    v->busy = false;
    pthread_mutex_unlock(&l->lock);
}

kao_status kao_live_end(kao_lives *l, const char *id, kao_error *err)
{
    kao_live *v = NULL;

    pthread_mutex_lock(&l->lock);
    for (size_t i = 0; !v && id[0] && i < LIVES_MOST; i++)
        if (strcmp(l->live[i].id, id) == 0)
            v = &l->live[i];
    const bool busy = v && v->busy;

    if (v) {
        v->over = true;
        v->busy = true;
    }
    pthread_mutex_unlock(&l->lock);
    if (!v)
        return kao_fail(err, KAO_E_NOT_FOUND, "no such video");
    if (!busy)
        kao_live_put(l, v);
    return KAO_OK;
}
