/* The list that candidates are gathered in, and non-maximum suppression over it. */
#ifndef KAO_FACE_FACE_LIST_H
#define KAO_FACE_FACE_LIST_H

#include "base/mem.h"
#include "kao/face.h"

typedef struct kao_face_list {
    kao_mem *mem;
    kao_face *faces;
    uint32_t
        *number; /* of each face: how many were added before it; sorted: its place */
    size_t n, cap;
    size_t limit; /* more than this are not kept: the best stay; 0: no limit */
    uint32_t added;
    bool failed; /* out of memory: faces are missing */
} kao_face_list;

/* Without faces; the memory is kept. */
void kao_face_list_clear(kao_face_list *list);
/* A network may give anything: only boxes that are some, and all of whose numbers are near a
 * picture's, are faces. Before candidates are counted or compared others are dropped, so that they
 * take no face's place, drop none and are averaged with none. */
bool kao_face_is_some(const kao_face *face);
/* One that is some. */
void kao_face_list_add(kao_face_list *list, const kao_face *face);
void kao_face_list_fini(kao_face_list *list);

/* Best score first; ties in the order in which they were added, or stood when it was sorted
 * before. */
void kao_face_list_sort(kao_face_list *list);

/* Sort and drop what
 *   - overlaps a kept face by more than `iou` (intersection over union), or
 *   - joined: is the same face as a kept one, seen at another size: more than 7/10 of the
 *     smaller box lies inside the other, and the boxes are near in size or have the same
 *     eyes. A small face in front of a large one is not that. */
void kao_face_list_nms(kao_face_list *list, float iou, bool joined);

/* The same, joined, where boxes of `most` in area at most will come that may drop some of these.
 * First stand those that are kept whatever comes; gives how many these are. Behind them, in any
 * order, those that may be. */
size_t kao_face_list_sure(kao_face_list *list, float iou, float most);

/* Sort, and average what overlaps: the best box and all that overlap it by more than `iou` are
 * one face, whose box and points are their mean, weighted by score. It has the best score, and
 * what else the best has; then the next best that is left. (MediaPipe's rule.) */
void kao_face_list_average(kao_face_list *list, float iou);

/* Intersection over union of two boxes; 0 where either is empty. */
float kao_iou(const kao_face *a, const kao_face *b);

#endif
