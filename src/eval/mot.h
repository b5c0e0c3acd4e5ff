/* Boxes that have an identity in a video: the text form of the MOT challenge.
 *
 *     frame,id,x,y,width,height,score,-1,-1,-1
 *
 * Frames count from 1, boxes are in pixels. A ground truth has at its seventh place 1 (the box
 * counts) or 0 (it does not), and may have a class and a visibility behind it, which are not
 * looked at. Lines may stand in any order; seven to ten numbers a line, blanks around them are
 * fine, empty lines too. A file without a line is one without boxes. */
#ifndef KAO_EVAL_MOT_H
#define KAO_EVAL_MOT_H

#include "base/error.h"
#include "base/reader.h"
#include "eval/boxes.h"

enum { KAO_MOT_FRAMES_MAX = 10000000 };

typedef struct kao_mot_box {
    uint32_t frame; /* from 1 */
    uint32_t track; /* which of ids */
    uint32_t line;  /* of the file, from 1 */
    kao_box box;
    float score;
} kao_mot_box;

typedef struct kao_mot {
    kao_mem *mem;
    kao_mot_box *boxes; /* by frame, then by id: one of an id a frame */
    size_t n, cap;
    int32_t *ids; /* 0 and up, each once, ascending */
    size_t n_ids;
    size_t n_ignored;    /* lines of a truth that do not count: they are not in boxes */
    uint32_t last_frame; /* with a box; 0: none */
} kao_mot;

/* truth: leave out lines whose seventh number is 0. file: for messages, which name the line.
 * Errors: KAO_E_FORMAT (what is no box, two boxes of an id in a frame), KAO_E_NOMEM; then there
 * is nothing to free. */
kao_status kao_mot_read(kao_mot *m, kao_mem *mem, kao_span text, const char *file,
                        bool truth, kao_error *err);
void kao_mot_free(kao_mot *m); /* {0} is fine */

#endif
