/* A detector family: one row of detector_table.c and one file with its codec.
 *
 * A codec knows a family's structure and how its output tensors say where faces are. How the
 * picture is searched is the row's `find`: by passes of one network over reduced pictures
 * (detect_passes.c), as most families do, or, of a cascade (MTCNN), by steps of its own. */
#ifndef KAO_FACE_DETECTOR_FAMILY_H
#define KAO_FACE_DETECTOR_FAMILY_H

#include <math.h>

#include "face/face_list.h"
#include "image/pyramid.h"
#include "image/resize.h"
#include "image/tensor.h"
#include "kao/detector.h"
#include "nn/session.h"

enum { KAO_MAX_LEVELS = 5, KAO_MAX_ANCHORS = 9 };

/* One stride of a network: which outputs hold what. */
typedef struct kao_level {
    int32_t stride;
    uint32_t score, object, box, points; /* numbers of outputs */
} kao_level;

typedef struct kao_heads {
    uint32_t n_levels;
    kao_level level[KAO_MAX_LEVELS];
    int32_t anchors;        /* a cell */
    uint32_t form;          /* what else a family tells apart: its codec's own bits */
    uint32_t width, height; /* of the input, where the outputs fix what the input leaves
                               free; 0: they do not */
    float anchor[2 * KAO_MAX_ANCHORS]; /* width, height of each, finest level first; the
                                          card's, if it has any */
    uint32_t n_anchor;                 /* numbers used of it */
} kao_heads;

/* Sizes that a network is run at, in pixels of the picture's longer side; 0: no such pass. */
typedef struct kao_passes {
    uint32_t coarse; /* for faces that fill the frame */
    uint32_t middle; /* for large ones */
    uint32_t main;   /* for all; a network of fixed size: its shorter side instead */
    uint32_t fine;   /* for small faces */
    uint32_t tiles;  /* for smaller ones, in tiles of `fine` or the network's size; */
    uint32_t tiles_from; /* of pictures that have more pixels than this */
    uint32_t step;       /* sides of the network's input are multiples of it */
    uint32_t least;      /* and this long at least, where they are free */
} kao_passes;

/* How a picture is brought to the network's input. */
typedef enum kao_fit {
    KAO_FIT_PAD, /* its shape kept, top left; a free input is as large as needed */
    KAO_FIT_LETTERBOX, /* its shape kept, in the middle */
    KAO_FIT_STRETCH,   /* to all of a fixed input */
} kao_fit;

typedef enum kao_layout { KAO_NCHW, KAO_NHWC, KAO_NWHC } kao_layout;

typedef struct kao_detector_family kao_detector_family;
typedef struct kao_cascade kao_cascade; /* of a cascade: its other networks */

/* A detector, as codecs and searches see it. */
struct kao_detector {
    kao_context *ctx;
    kao_model *model;
    kao_session *session;
    const kao_detector_family *family;
    kao_heads heads;
    kao_cascade *cascade; /* NULL where the family is none */
    kao_tensor_form form;
    kao_fit fit;
    kao_layout layout;
    uint8_t fill; /* samples around the picture */
    float min_score, nms;
    uint32_t fixed_width, fixed_height; /* 0: any */
    uint32_t n_threads;                 /* for one call; 0: all of the context's */
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
    bool
        main_at_most; /* no finer passes: of video, or to see whether a turn is worth more */
    /* With main_at_most: a face, of the picture as it lies, where finer ones look all the same if
     * it is small; or NULL. */
    const kao_face *near;
} kao_hunt;

struct kao_detector_family {
    const char *name;
    const char *color;    /* "rgb", "bgr" */
    float mean[3], scale; /* of the channels in their order */
    kao_layout layout;
    kao_fit fit;
    uint8_t fill;
    float min_score, nms; /* where the card has none */
    /* A face with a lower score is doubtful: see detector_table.c. 0: turns are not tried */
    float doubt;
    uint32_t n_points; /* 5, 4, or 0 */
    bool averages;     /* overlapping boxes are averaged instead of dropped */
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
    /* A cascade's: open and close d->cascade. NULL: there is none. */
    kao_status (*open)(kao_detector *d, const kao_session_options *run, kao_error *err);
    void (*close)(kao_detector *d);
};

const kao_detector_family *kao_detector_family_find(const char *name);
/* The first family whose structure fits, or NULL. */
const kao_detector_family *kao_detector_recognise(const kao_network *net);

/* detect_passes.c */
kao_status kao_find_by_passes(kao_detector *d, const kao_hunt *hunt, kao_error *err);
/* d->input for so many floats; KAO_E_NOMEM. */
kao_status kao_detector_room(kao_detector *d, size_t floats, kao_error *err);
/* n pictures of width x height pixels in d->input, as the network takes them. */
kao_tensor kao_detector_input(const kao_detector *d, uint32_t n, uint32_t width,
                              uint32_t height);

/* f, in pixels of a canvas on which the turned picture has that place, into those of the
 * picture of width x height pixels; false: it is no box. */
bool kao_face_from_canvas(kao_face *f, const kao_place *place, uint32_t turned,
                          float width, float height);

/* detect_mtcnn.c */
bool kao_mtcnn_recognise(const kao_network *net, kao_heads *heads);
kao_status kao_mtcnn_open(kao_detector *d, const kao_session_options *run,
                          kao_error *err);
void kao_mtcnn_close(kao_detector *d);
kao_status kao_mtcnn_find(kao_detector *d, const kao_hunt *hunt, kao_error *err);

/* detect_FAMILY.c of each */
#define KAO_CODEC(NAME)                                                                \
 bool kao_##NAME##_recognise(const kao_network *net, kao_heads *heads);                \
 kao_status kao_##NAME##_decode(                                                       \
     const kao_heads *heads, const kao_tensor *const *tensors, int64_t width,          \
     int64_t height, float min_score, kao_face_list *list, kao_error *err)
KAO_CODEC(yunet);
/* KAO_E_FORMAT unless a level's outputs, tensors by their numbers, are floats for so many cells. */
kao_status kao_yunet_check(const kao_level *l, const kao_tensor *const *tensors,
                           int64_t cells, kao_error *err);
KAO_CODEC(yunet2022);
KAO_CODEC(scrfd);
KAO_CODEC(retinaface);
KAO_CODEC(ultraface);
KAO_CODEC(blazeface);
KAO_CODEC(yolov3);
KAO_CODEC(yolov5);
KAO_CODEC(yolov8);

/* ---- what codecs share: detect_common.c ---- */

/* Whether output i, as the file states it, may have rows of `width` numbers: they are, or the
 * file does not say. */
bool kao_output_may_have(const kao_network *net, uint32_t i, int64_t width);
/* The operator that makes output i; "" where it is an input or a constant. */
const char *kao_output_maker(const kao_network *net, uint32_t i);
const char *kao_output_name(const kao_network *net, uint32_t i);
/* n rows of `width` numbers. (Maps have as many, in another order.) */
bool kao_is_rows(const kao_tensor *t, int64_t n, int64_t width);
static inline float kao_unit(float v)
{
    return v < 0 ? 0 : v > 1 ? 1 : v;
}
static inline float kao_logistic(float v)
{
    return 1 / (1 + expf(-v));
}

#endif
