/* People followed in a video that a client sends frame by frame: one watcher for each such client,
 * with networks of its own. Who sends nothing for a minute is gone. */
#ifndef KAO_SERVER_LIVE_H
#define KAO_SERVER_LIVE_H

#include "kao/watch.h"
#include "server/random_id.h"
#include "server/worker.h"

enum { LIVES_MOST = 16, LIVE_IDLE_SECONDS = 60 };

typedef struct kao_lives kao_lives;

typedef struct kao_live {
    char id[RANDOM_ID_BYTES]; /* 128 random bits; "": the place is free */
    bool busy;
    bool over;   /* it ends when the frame that is being worked on is done */
    double used; /* when last; kao_clock_seconds */
    size_t model;
    uint64_t frames;
    kao_worker w; /* its own networks and hold of the gallery */
    kao_watcher *watcher;
} kao_live;

kao_lives *kao_lives_create(kao_mem *mem); /* NULL: out of memory */
void kao_lives_destroy(kao_lives *l);      /* none may be busy. NULL is fine */

/* KAO_E_LIMIT: there are too many. id: of the new one. */
kao_status kao_live_begin(kao_lives *l, const kao_worker *like, size_t model,
                          double fpir, char id[RANDOM_ID_BYTES], kao_error *err);
/* To work with it; kao_live_put gives it back. KAO_E_NOT_FOUND, KAO_E_CONFLICT (another frame is
 * being worked on). */
kao_status kao_live_take(kao_lives *l, const char *id, kao_live **live, kao_error *err);
void kao_live_put(kao_lives *l, kao_live *live);
/* It is gone then; where a frame is being worked on, after that. KAO_E_NOT_FOUND. */
kao_status kao_live_end(kao_lives *l, const char *id, kao_error *err);

#endif
