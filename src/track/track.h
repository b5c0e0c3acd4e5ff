/* The inside of kao_watcher: what its files share.
 *
 *   watcher.c    the calls: a frame from its faces to tracks and events
 *   cut.c        has the camera cut?
 *   associate.c  which face of this frame is which track
 *   glance.c     faces of this frame: aligned, embedded, rated
 *   looks.c      what somebody looks like: their best embeddings and the mean of them
 *   identity.c   who a track is: of the gallery, or somebody seen before
 *   motion.c     where a face will be
 *   rule_ailia.c another rule, for comparison
 */
#ifndef KAO_TRACK_TRACK_H
#define KAO_TRACK_TRACK_H

#include <stdbool.h>

#include "base/context.h"
#include "kao/watch.h"
#include "track/motion.h"

enum {
    KAO_LOOKS = 8,          /* embeddings kept of somebody */
    KAO_FORMER_MOST = 4096, /* people remembered who have left */
    KAO_TRACKS_MOST = 1024, /* at a time */
    KAO_CUT_WIDTH = 32,
    KAO_CUT_HEIGHT = 18,
    KAO_CUT_BYTES = 3 * KAO_CUT_WIDTH * KAO_CUT_HEIGHT,
};

/* ---- looks.c ---- */

typedef struct kao_looks {
    float *vectors; /* KAO_LOOKS and their mean, of their length, behind them */
    float quality[KAO_LOOKS];
    uint32_t n;    /* kept */
    uint32_t made; /* all that were added */
    float best;    /* the best quality so far */
} kao_looks;

kao_status kao_looks_init(kao_looks *l, kao_mem *mem, size_t dim, kao_error *err);
void kao_looks_free(kao_looks *l, kao_mem *mem); /* {0} is fine */
/* Kept, if it is among the best ones. */
void kao_looks_add(kao_looks *l, size_t dim, const float *vector, float quality);
/* The best ones of both. */
void kao_looks_join(kao_looks *l, size_t dim, const kao_looks *other);
/* Weighted by quality; NULL: there is none yet. */
const float *kao_looks_mean(const kao_looks *l, size_t dim);
/* The similarity of a vector to somebody: to the mean. NaN: nothing is known. */
float kao_looks_alike(const kao_looks *l, size_t dim, const float *vector);

/* ---- tracks ---- */

typedef struct kao_glance { /* a face of this frame */
    const kao_face *face;
    bool strong;   /* its score alone can begin a track */
    bool tried;    /* to be embedded */
    bool taken;    /* belongs to a track */
    float *vector; /* NULL: not embedded */
    float quality;
    kao_image chip;
} kao_glance;

typedef struct kao_follow {
    int64_t id;
    int64_t person;   /* of the gallery; 0: nobody known */
    float similarity; /* to that person, or to the nearest; NaN: not told */
    kao_motion motion;
    kao_face face; /* last seen, or where it should be */
    kao_looks looks;
    kao_image shot; /* the best picture, aligned */
    double since, last;
    double begun; /* as a track of its own, also where it goes on as an older one */
    kao_glance *glance; /* in this frame; NULL: not in it */
    double embedded;    /* when that was tried last; NaN: never */
    float promise;      /* the best of what was embedded */
    uint32_t hits;
    uint32_t strikes; /* embeddings in a row that were unlike its looks */
    bool sure;        /* seen often enough to be somebody */
    bool new_shot;
    bool remembered; /* is a person of the gallery already */
    bool ignored;    /* that person is, and nothing is told of the track */
    bool told;       /* it has appeared, and has not left */
} kao_follow;

typedef struct kao_former { /* somebody who has left */
    int64_t id, person;
    float similarity;
    double last; /* seen; of an earlier video: minus infinity */
    kao_looks looks;
} kao_former;

typedef struct kao_ailia kao_ailia; /* rule_ailia.c */

struct kao_watcher {
    kao_context *ctx;
    kao_mem *mem;
    kao_detector *detector;
    kao_embedder *embedders[KAO_GALLERY_MODELS];
    size_t n_embedders, dim;
    kao_tta tta;
    kao_gallery *gallery;
    kao_watch_options o;
    float min_score, unlike; /* below `unlike` two faces are surely of two people */
    double last_time;        /* NaN: no frame yet */
    uint32_t width, height;  /* of the last frame */
    uint8_t before[KAO_CUT_BYTES];
    int64_t next_id;
    kao_follow *tracks;
    size_t n_tracks, tracks_cap;
    kao_former *former;
    size_t n_former, former_cap;
    /* this frame's */
    kao_glance *glances;
    size_t n_glances, glances_cap;
    float *vectors; /* of glances */
    size_t vectors_cap;
    float *cost;
    size_t cost_cap;
    int32_t *pair;
    size_t pair_cap;
    /* given out */
    kao_track *out;
    size_t out_cap;
    kao_track_event *events;
    size_t n_events, events_cap;
    kao_ailia *ailia;
};

/* ---- cut.c ---- */

/* Whether this frame is of another scene than the last one, which it replaces. */
kao_status kao_cut_look(kao_watcher *w, const kao_view *view, bool *cut,
                        kao_error *err);

/* ---- glance.c ---- */

/* Embed a face of this frame, if its points allow it; once. g->vector stays NULL if not. */
kao_status kao_glance_embed(kao_watcher *w, const kao_view *view, kao_glance *g,
                            kao_error *err);
/* How good an embedding of it would be, about, before it is made: 0..1. */
float kao_glance_promise(const kao_face *face);

/* ---- associate.c ---- */

/* Give each glance to a track or to none; new tracks for those that are nobody's. */
kao_status kao_associate(kao_watcher *w, const kao_view *view, double time, double dt,
                         bool cut, kao_error *err);
/* A track that begins with this face. */
kao_status kao_follow_begin(kao_watcher *w, kao_glance *g, double time, kao_error *err);
void kao_follow_free(kao_watcher *w, kao_follow *f);

/* ---- identity.c ---- */

/* Thresholds from the options, or from the first embedder's calibration. */
kao_status kao_identity_open(kao_watcher *w, kao_error *err);
/* From which similarity on a face is one of n people seen before. */
float kao_identity_same(const kao_watcher *w, size_t n);
/* After its looks have changed: who is it? Tells what is new as events. */
kao_status kao_identity_decide(kao_watcher *w, kao_follow *f, double time,
                               kao_error *err);
/* The track ends; whoever it was is kept in mind. */
kao_status kao_identity_keep(kao_watcher *w, kao_follow *f, kao_error *err);
/* The former i is this track: takes id, person and looks of it. */
void kao_identity_resume(kao_watcher *w, kao_follow *f, size_t i);
void kao_former_drop(kao_watcher *w, size_t i);

/* ---- watcher.c ---- */

kao_status kao_watch_tell(kao_watcher *w, kao_track_event_kind kind,
                          const kao_follow *f, int64_t was, double time,
                          kao_error *err);
/* Room for n items of that size; *cap: items there is room for. */
kao_status kao_watch_room(kao_mem *mem, void *array, size_t *cap, size_t n, size_t size,
                          kao_error *err);

/* ---- rule_ailia.c ---- */

kao_status kao_ailia_step(kao_watcher *w, const kao_view *view, double time,
                          kao_error *err);
void kao_ailia_free(kao_watcher *w);

#endif
