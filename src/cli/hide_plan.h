/* Who is to be hidden where: what kao blur finds out of a video, keeps as JSON that can be edited,
 * and draws by.
 *
 *   {"source":"party.mp4","width":640,"height":360,"fps":25,"tracks":[
 *    {"track":1,"person":3,"name":"Ana","hide":true,"boxes":[[12,100.5,80,44,60],..]},..]}
 *
 * A box is frame (from 1), x, y, width, height in pixels of the upright frame. "hide" is what an
 * editor changes; boxes can be, tracks can be added. */
#ifndef KAO_CLI_HIDE_PLAN_H
#define KAO_CLI_HIDE_PLAN_H

#include <stdbool.h>

#include "cli/hide.h"

typedef struct cli_hide_box {
    int64_t frame;
    cli_box box;
} cli_hide_box;

typedef struct cli_hide_track {
    int64_t id, person; /* person 0: nobody known */
    char *name;         /* or NULL */
    bool hide;
    cli_hide_box *boxes; /* by frame */
    size_t n, cap;
} cli_hide_track;

typedef struct cli_hide_plan {
    uint32_t width, height;
    double fps; /* 0: not told */
    cli_hide_track *tracks;
    size_t n, cap;
} cli_hide_plan;

void cli_hide_plan_free(cli_hide_plan *p); /* {0} is fine */
/* The track of an id, made where there is none; NULL: out of memory. */
cli_hide_track *cli_hide_plan_track(cli_hide_plan *p, int64_t id);
bool cli_hide_track_add(cli_hide_track *t, int64_t frame, cli_box box);
/* The track `was` is the track id: its boxes become that one's. */
bool cli_hide_plan_join(cli_hide_plan *p, int64_t was, int64_t id);

/* Written beside and renamed. */
kao_status cli_hide_plan_write(const cli_hide_plan *p, const char *path,
                               const char *source, kao_error *err);
/* KAO_E_FORMAT names the part that is none of a plan. */
kao_status cli_hide_plan_read(cli_hide_plan *p, const char *path, kao_error *err);

/* Whether a track that is to be hidden is there in a frame, and where: as it was found; in gaps of
 * two seconds and less between the boxes about them; for .4 seconds before and after, the box at
 * that end: rather too much is hidden than too little. */
bool cli_hide_track_at(const cli_hide_plan *p, const cli_hide_track *t, int64_t frame,
                       cli_box *box);

#endif
