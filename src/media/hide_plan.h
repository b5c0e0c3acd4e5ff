/* Who is to be hidden where: what is found out of a video, kept as JSON that can be edited (kao
 * blur --plan), and drawn by.
 *
 *   {"source":"party.mp4","width":640,"height":360,"fps":25,"tracks":[
 *    {"track":1,"person":3,"name":"Ana","hide":true,"boxes":[[12,100.5,80,44,60],..]},..]}
 *
 * A box is frame (from 1), x, y, width, height in pixels of the upright video. "hide" is what an
 * editor changes; boxes can be, tracks can be added. */
#ifndef KAO_MEDIA_HIDE_PLAN_H
#define KAO_MEDIA_HIDE_PLAN_H

#include <stdbool.h>

#include "base/mem.h"
#include "media/hide.h"

typedef struct kao_hide_box {
    int64_t frame;
    kao_hide_rect box;
} kao_hide_box;

typedef struct kao_hide_track {
    int64_t id, person; /* person 0: nobody known */
    char *name;         /* or NULL */
    bool hide;
    kao_hide_box *boxes; /* by frame */
    size_t n, cap;
} kao_hide_track;

typedef struct kao_hide_plan {
    kao_mem *mem; /* set by the owner */
    uint32_t width, height;
    double fps; /* 0: not told */
    kao_hide_track *tracks;
    size_t n, cap;
} kao_hide_plan;

void kao_hide_plan_free(kao_hide_plan *p); /* {0} is fine; mem stays */
/* The track of an id, made where there is none; NULL: out of memory. */
kao_hide_track *kao_hide_plan_track(kao_hide_plan *p, int64_t id);
bool kao_hide_track_add(kao_hide_plan *p, kao_hide_track *t, int64_t frame,
                        kao_hide_rect box);
/* The track `was` is the track id: its boxes become that one's. */
bool kao_hide_plan_join(kao_hide_plan *p, int64_t was, int64_t id);

/* Written beside and renamed. */
kao_status kao_hide_plan_write(const kao_hide_plan *p, const char *path,
                               const char *source, kao_error *err);
/* KAO_E_FORMAT names the part that is none of a plan. */
kao_status kao_hide_plan_read(kao_hide_plan *p, const char *path, kao_error *err);

/* Whether a track that is to be hidden is there in a frame, and where: as it was found; in gaps of
 * two seconds and less between the boxes about them; for .4 seconds before and after, the box at
 * that end: rather too much is hidden than too little. Where it has several boxes in the frame
 * (tracks that were joined), k = 0, 1, .. are all of them. */
bool kao_hide_track_at(const kao_hide_plan *p, const kao_hide_track *t, int64_t frame,
                       size_t k, kao_hide_rect *box);

#endif
