/* The inside of kao_analyser: what its two files share. analyser.c opens a network by its card and
 * runs it; analyser_decode.c reads its outputs. */
#ifndef KAO_FACE_ANALYSER_H
#define KAO_FACE_ANALYSER_H

#include "image/tensor.h"
#include "kao/analyser.h"
#include "nn/session.h"

enum { KAO_ANGLES = 3 };

typedef struct kao_analysis_decoder { /* a word of output.decode */
    kao_analysis_kind kind;
    const char *word;
    /* m: of the picture's points to the chip's */
    void (*decode)(const kao_analyser *a, const double m[6], kao_analysis *out);
    uint32_t multiple; /* numbers of an output: a multiple of it */
    bool bins, degrees;
} kao_analysis_decoder;

struct kao_analyser {
    kao_context *ctx;
    kao_model *model;
    kao_pool pool; /* the context's, limited */
    kao_session *session;
    kao_analysis_kind kind;
    const kao_analysis_decoder *decoder;
    kao_tensor_form form;
    kao_template template;
    float *input;
    kao_image chip;
    kao_point *points;
    size_t n_points;
    uint8_t angle[KAO_ANGLES]; /* output i is yaw (0), pitch (1), roll (2) */
    float sign[KAO_ANGLES];    /* of output i */
    float bin, first;          /* degrees: of a bin, of bin 0 */
    uint32_t live;             /* which class */
    float threshold;
    bool has_threshold;
};

/* Row i, or NULL past the last. */
const kao_analysis_decoder *kao_analysis_decoder_at(size_t i);

/* How many outputs are read. */
uint32_t kao_analyser_reads(const kao_analyser *a);
/* The numbers of output i of the last run, and how many. */
const float *kao_analyser_output(const kao_analyser *a, uint32_t i, size_t *n);

#endif
