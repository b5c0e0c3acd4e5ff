/* Shared by track_score.c and track_hota.c: the frames of two files, one after another. */
#ifndef KAO_EVAL_TRACK_PARTS_H
#define KAO_EVAL_TRACK_PARTS_H

#include "eval/track_score.h"

typedef struct kao_frames {
    kao_mem *mem;
    const kao_mot *truth, *found;
    size_t next_true, next_found; /* the first boxes of the frames to come */
    /* of the frame: */
    uint32_t frame;
    const kao_mot_box *true_boxes, *found_boxes;
    size_t n_true, n_found;
    double *overlap; /* n_found for each of n_true */
    float *cost;     /* room for as many: what an assignment weighs */
    int32_t *of;     /* of each true box: which of those found, or -1 */
} kao_frames;

/* The next frame with a box of either. False: there is none; then they begin anew. */
bool kao_frames_next(kao_frames *f);

/* HOTA, DetA and AssA; the other fields stay. */
kao_status kao_score_hota(kao_track_score *s, kao_frames *f, kao_error *err);

#endif
