/* The statistics of detection: boxes that were found against boxes that are there.
 *
 * Annotations in the text form of WIDER FACE, a block a picture:
 *
 *     images/a.jpg
 *     2
 *     98 267 96 116 0 0 0 0 1 0     x y width height, then up to six flags, the fourth of
 *     10 20 4 6 0 0 0 0 0 0         which says that the box does not count
 *
 * (a picture without faces has 0 and may have a line of zeros behind it).
 *
 * In each picture the boxes found take, best score first, the face that they overlap most of
 * those not yet taken, if the overlap (intersection over union) is at least the one asked
 * for: a hit. Faces that are marked, or smaller than min_size on a side, are neither hits nor
 * missed, and a box that overlaps one of them so far, or is itself smaller than min_size on a
 * side, is not false where it is no hit. */
#ifndef KAO_EVAL_BOXES_H
#define KAO_EVAL_BOXES_H

#include "base/error.h"
#include "base/reader.h"
#include "eval/names.h"

typedef struct kao_box {
    float x, y, width, height;
} kao_box;

/* Intersection over union, 0..1; 0 where neither has an area. */
double kao_box_overlap(const kao_box *a, const kao_box *b);

/* From which overlap on a pair has the one that is asked for: a float, as coordinates are, so that
 * the last digits do not count. Above 0. */
double kao_box_limit(double overlap);

typedef struct kao_true_box {
    kao_box box;
    bool marked; /* does not count */
} kao_true_box;

typedef struct kao_found_box {
    kao_box box;
    float score;
} kao_found_box;

typedef struct kao_boxes {
    kao_mem *mem;
    kao_name_table pictures;
    kao_true_box *boxes;
    size_t n, cap;
    size_t *first; /* of each picture: its first box; and the end of the last one's */
    size_t cap_first;
} kao_boxes;

/* file: for messages, which name the line. Errors: KAO_E_FORMAT, KAO_E_NOMEM; then there is
 * nothing to free. */
kao_status kao_boxes_read(kao_boxes *b, kao_mem *mem, kao_span text, const char *file,
                          kao_error *err);
void kao_boxes_free(kao_boxes *b); /* {0} is fine */

typedef struct kao_box_rules {
    float overlap;  /* above 0, 1 at most */
    float min_size; /* pixels; 0: all count */
} kao_box_rules;

/* Faces by their shorter side: below 24 pixels, 48, 96, and larger. */
enum { KAO_BOX_SIZES = 4 };
extern const float kao_box_sizes[KAO_BOX_SIZES]; /* where each begins */

typedef struct kao_box_outcome {
    float score;
    bool hit;
    uint8_t size; /* of the face that was hit */
} kao_box_outcome;

typedef struct kao_box_tally {
    kao_mem *mem;
    kao_box_outcome
        *outcomes; /* of all pictures; best first after kao_box_tally_sort */
    size_t n, cap;
    size_t n_faces, n_faces_of[KAO_BOX_SIZES]; /* that count */
    size_t n_ignored;                          /* faces that do not */
} kao_box_tally;

void kao_box_tally_init(kao_box_tally *t, kao_mem *mem);
void kao_box_tally_fini(kao_box_tally *t);
/* One picture; found: in any order (it is sorted). False: out of memory. */
bool kao_box_tally_add(kao_box_tally *t, const kao_box_rules *rules,
                       const kao_true_box *boxes, size_t n_boxes, kao_found_box *found,
                       size_t n_found);
void kao_box_tally_sort(kao_box_tally *t);

/* After the sort: the area under precision over recall, where precision is the best at this
 * recall or a higher one (as PASCAL VOC since 2010 and WIDER FACE). */
double kao_box_average_precision(const kao_box_tally *t);

typedef struct kao_box_recall {
    size_t n_false;                          /* reached; at most as many as allowed */
    float threshold;                         /* the score of the last box that counts */
    double recall, recall_of[KAO_BOX_SIZES]; /* NaN: there is no such face */
} kao_box_recall;

/* The recall of the longest beginning of the list with at most so many false boxes; boxes of
 * one score come together or not at all. */
kao_box_recall kao_box_recall_at(const kao_box_tally *t, size_t n_false);

#endif
