/* A detector family: one row of detector_table.c and one file with its codec.
 *
 * A codec knows a family's structure and how its output tensors say where faces are. How the
 * picture is searched is the row's `find`: by passes of one network over reduced pictures
 * (detect_passes.c), as all families here do, or, of a cascade, by steps of its own. */
#ifndef KAO_FACE_DETECTOR_FAMILY_H
#define KAO_FACE_DETECTOR_FAMILY_H

#include "face/face_list.h"
#include "image/pyramid.h"
#include "image/tensor.h"
#include "kao/detector.h"
#include "nn/session.h"

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

/* Sizes that a network is run at, in pixels of the picture's longer side. */
typedef struct kao_passes {
    uint32_t coarse;    /* for faces that fill the frame */
    uint32_t main;      /* for all; a network of fixed size: its shorter side instead */
    uint32_t fine;      /* for small faces, in pictures larger than */
    uint32_t fine_from; /* this */
    uint32_t step;      /* sides of the network's input are multiples of it */
} kao_passes;

typedef struct kao_detector_family kao_detector_family;

/* A detector, as codecs and searches see it. */
struct kao_detector {
    kao_context *ctx;
    kao_model *model;
    kao_session *session;
    const kao_detector_family *family;
    kao_heads heads;
    kao_tensor_form form;
    float min_score, nms;
    uint32_t fixed_width, fixed_height; /* 0: any */
    kao_pyramid *own;                   /* for callers that bring none */
    float *input;
    size_t input_cap;    /* floats */
    kao_face_list pass;  /* candidates of one pass, in pixels of its canvas */
    kao_face_list found; /* of all passes, in the picture's */
    kao_face_list kept;  /* set aside while other turns are looked at */
};

/* One search over a picture. */
typedef struct kao_hunt {
    kao_pyramid *pyramid;
    float min_score;
    uint32_t turned; /* clockwise degrees by which the picture is turned first */
    kao_search search;
    bool coarse_only; /* to see whether a turn is worth a whole search */
} kao_hunt;

struct kao_detector_family {
    const char *name;
    const char *color; /* "rgb", "bgr" */
    float mean, scale;
    float min_score, nms; /* where the card has none */
    /* A face with a lower score is doubtful: upright faces of LFW score more in 99 of 100
     * pictures, and the same faces upside down less in as many. */
    float doubt;
    uint32_t n_points; /* 5, or 0 */
    kao_passes passes;
    /* Whether the network has this family's structure; fills heads if so. */
    bool (*recognise)(const kao_network *net, kao_heads *heads);
    /* Add the faces of one pass, in pixels of the input of width x height pixels (boxes not
     * joined yet). tensors: by number of the output, C order, float32. */
    kao_status (*decode)(const kao_heads *heads, const kao_tensor *const *tensors,
                         int64_t width, int64_t height, float min_score,
                         kao_face_list *list, kao_error *err);
    /* Fill d->found with the faces of a picture, in its pixels, joined, best first. */
    kao_status (*find)(kao_detector *d, const kao_hunt *hunt, kao_error *err);
};

const kao_detector_family *kao_detector_family_find(const char *name);
/* The first family whose structure fits, or NULL. */
const kao_detector_family *kao_detector_recognise(const kao_network *net);

/* detect_passes.c */
kao_status kao_find_by_passes(kao_detector *d, const kao_hunt *hunt, kao_error *err);

/* detect_yunet.c, detect_scrfd.c */
bool kao_yunet_recognise(const kao_network *net, kao_heads *heads);
kao_status kao_yunet_decode(const kao_heads *heads, const kao_tensor *const *tensors,
                            int64_t width, int64_t height, float min_score,
                            kao_face_list *list, kao_error *err);
bool kao_scrfd_recognise(const kao_network *net, kao_heads *heads);
kao_status kao_scrfd_decode(const kao_heads *heads, const kao_tensor *const *tensors,
                            int64_t width, int64_t height, float min_score,
                            kao_face_list *list, kao_error *err);

#endif
