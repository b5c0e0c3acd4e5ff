/* The three networks of a cascade (detect_mtcnn.c): found beside the first one and opened, and run
 * one by one. */
#ifndef KAO_FACE_MTCNN_STAGES_H
#define KAO_FACE_MTCNN_STAGES_H

#include "face/detector_family.h"

enum { KAO_MTCNN_P, KAO_MTCNN_R, KAO_MTCNN_O, KAO_MTCNN_STAGES };

typedef struct kao_mtcnn_stage {
    kao_model *model;
    kao_session
        *session; /* the first one opened is the detector's own: not closed here */
    kao_heads heads;
    uint32_t batch; /* pictures that it looks at at once */
} kao_mtcnn_stage;

struct kao_cascade {
    kao_mtcnn_stage stages[KAO_MTCNN_STAGES];
    kao_image room; /* a cut, with what is outside the picture as black */
};

/* Pixels a side of what a stage looks at. */
extern const uint32_t kao_mtcnn_side[KAO_MTCNN_STAGES];
kao_session *kao_mtcnn_session(const kao_detector *d, int stage);
/* Run a stage on n pictures in d->input. *cells: those of a column, of P. */
kao_status kao_mtcnn_run(kao_detector *d, int stage, uint32_t n, uint32_t width,
                         uint32_t height, int64_t *cells, kao_error *err);

#endif
