/* A detector family: one row of detector_table.c and one file with its codec.
 *
 * A codec knows a family's structure and how its output tensors say where faces are. The
 * rest (reducing the picture, running, joining, NMS) is the same for all: detector.c. */
#ifndef KAO_FACE_DETECTOR_FAMILY_H
#define KAO_FACE_DETECTOR_FAMILY_H

#include "kao/face.h"
#include "nn/network.h"
#include "nn/tensor.h"

enum { KAO_MAX_LEVELS = 5 };

/* One stride of a network: which outputs hold what. */
typedef struct kao_level {
    int32_t stride;
    uint32_t score, object, box, points; /* numbers of outputs */
} kao_level;

typedef struct kao_heads {
    uint32_t n_levels;
    kao_level level[KAO_MAX_LEVELS];
    int32_t anchors; /* a cell */
} kao_heads;

typedef struct kao_face_list { /* grows; see face_list.c */
    kao_mem *mem;
    kao_face *faces;
    size_t n, cap;
    bool failed; /* out of memory: faces are missing */
} kao_face_list;

typedef struct kao_detector_family {
    const char *name;
    const char *color; /* "rgb", "bgr" */
    float mean, scale, min_score, nms;
    /* Whether the network has this family's structure; fills heads if so. */
    bool (*recognise)(const kao_network *m, kao_heads *heads);
    /* Add the faces of one pass, in pixels of the input of width x height pixels (boxes not
     * joined yet). tensors: by number of the output, C order. */
    kao_status (*decode)(const kao_heads *heads, const kao_tensor *const *tensors,
                         int64_t width, int64_t height, float min_score,
                         kao_face_list *list, kao_error *err);
} kao_detector_family;

const kao_detector_family *kao_detector_family_find(const char *name);
/* The first family whose structure fits, or NULL. */
const kao_detector_family *kao_detector_recognise(const kao_network *m);

void kao_face_list_add(kao_face_list *list, const kao_face *face);
void kao_face_list_fini(kao_face_list *list);

/* nms.c: sort by score (best first, stable) and drop what overlaps a kept face by more than
 * `iou`, or (contained > 0) has more than that share of the smaller box inside the other.
 * Gives the number kept, in front. */
size_t kao_nms(kao_face *faces, size_t n, float iou, float contained);
/* Intersection over union of two boxes; 0 where either is empty. */
float kao_iou(const kao_face *a, const kao_face *b);

/* detect_yunet.c, detect_scrfd.c */
bool kao_yunet_recognise(const kao_network *m, kao_heads *heads);
kao_status kao_yunet_decode(const kao_heads *heads, const kao_tensor *const *tensors,
                            int64_t width, int64_t height, float min_score,
                            kao_face_list *list, kao_error *err);
bool kao_scrfd_recognise(const kao_network *m, kao_heads *heads);
kao_status kao_scrfd_decode(const kao_heads *heads, const kao_tensor *const *tensors,
                            int64_t width, int64_t height, float min_score,
                            kao_face_list *list, kao_error *err);

#endif
