/* A tape: a network run forward for training, and its gradients run backward.
 *
 * It stands on the same graph as a plan, without its passes: values have shapes for one set of
 * input shapes, each operator's row says (column `train`) how its step runs and how a gradient
 * goes back through it. Values of rank 4 are channels last, all others C order. Input and
 * outputs stay; all else shares memory by life time (tape_memory.c): a value is kept for the
 * backward run where a step says that its way back reads it, a gradient until its step is done.
 * Steps that treat each picture by itself run together, some pictures at a time, so that what
 * one writes is in the cache when the next reads it (tape_parts.c).
 *
 *     kao_tape_create(&t, net, &input, &err);
 *     fill kao_tape_input(t), kao_tape_forward(t, true)
 *     fill kao_tape_output_grad(t, i), kao_tape_backward(t)
 *     for each of kao_tape_params: grad is the gradient by value; step; repeat
 *
 * One caller at a time. Same bits for any number of threads. */
#ifndef KAO_NN_TAPE_H
#define KAO_NN_TAPE_H

#include "nn/graph.h"

typedef enum kao_param_kind {
    KAO_PARAM_WEIGHT, /* what weight decay is for */
    KAO_PARAM_BIAS,
    KAO_PARAM_NORM_SCALE,
    KAO_PARAM_NORM_SHIFT,
    KAO_PARAM_SLOPE,
    KAO_PARAM_STATISTIC, /* of a normalisation: running, not trained; no gradient */
} kao_param_kind;

typedef struct kao_param {
    kao_param_kind kind;
    uint32_t value; /* of the network's file: its initialiser */
    const char *name;
    float *data, *grad; /* in the file's order; grad is overwritten by a backward run */
    size_t n;
    /* Rows of so many floats; those whose byte is 0 stay as they are in a step. NULL: all
     * take part. */
    const uint8_t *live;
    size_t row;
    /* Floats at .. at + n - 1 of `of` that several processes have together; of 0: all. */
    size_t at, of;
} kao_param;

typedef struct kao_tape kao_tape;
typedef struct kao_tape_step kao_tape_step;

typedef struct kao_tape_value {
    kao_tensor t;    /* data: where it is now */
    float *place[2]; /* where the forward run makes it; where it is made again */
    float *grad;     /* as t lies */
    uint32_t at;     /* which place it has now */
    /* The place, the gradient, is room for the pictures that each worker has in hand: no
     * other span reads it. */
    bool is_brief[2], grad_is_brief;
    bool is_made;    /* by a step, or the input; no constant */
    bool wants_grad; /* something that is trained comes before */
    bool has_grad;   /* something was written in this backward run */
} kao_tape_value;

typedef void kao_tape_fn(kao_tape *t, const kao_tape_step *s);

typedef enum kao_tape_stage {
    KAO_TAPE_GATHER,
    KAO_TAPE_FORWARD,
    KAO_TAPE_GATHER_BACK,
    KAO_TAPE_BACKWARD,
    KAO_TAPE_STAGES,
} kao_tape_stage;

/* A step of a tape. Rows of the operator table fill it. */
struct kao_tape_step {
    const kao_step *s;
    uint32_t in, out;            /* values: input 0, output 0 */
    uint32_t params, params_end; /* those that this step is the first to have */
    void *detail;
    /* Both runs have two stages, of which the first may be missing: it reads what all pictures
     * say together before any can go on. These work on the pictures that t has: all, or, where
     * in_parts says so, some of them, in several threads at once. */
    kao_tape_fn *call[KAO_TAPE_STAGES];
    bool in_parts[2]; /* forward, backward */
    /* By one thread: before FORWARD and BACKWARD begin, when the stage before them is done;
     * after BACKWARD. NULL: nothing. */
    kao_tape_fn *settle[2], *finish;
    /* What the backward run reads beside the gradient of out: it is kept until then. In first:
     * BACKWARD is done with that before it writes a gradient of an input. */
    bool reads_in, reads_out, reads_in_first;
    /* Writes out as FORWARD did, from the same inputs, and nothing else. Cheap: it runs before
     * a step that reads out on the way back, so that out need not be kept. NULL: out is kept. */
    kao_tape_fn *again;
    /* tape_parts.c: */
    uint32_t at[KAO_TAPE_STAGES]; /* its calls; of a missing stage, the next one's */
    /* tape_memory.c: */
    uint32_t first_again,
        next_again; /* a list of steps: made again before the way back */
    size_t need[2]; /* floats of scratch: forward, backward */
    float *scratch[2], *room;
    size_t room_each; /* floats of room: for each worker */
};

typedef struct kao_tape_call {
    uint32_t step;
    kao_tape_stage stage;
} kao_tape_call;

/* Calls that are made together. In parts: all of them for a slice of the pictures, then for the
 * next one. */
typedef struct kao_tape_span {
    uint32_t begin, end; /* of the calls */
    bool in_parts;
    size_t slice;     /* pictures */
    uint32_t *values; /* that the calls read and write */
    uint32_t n_values;
} kao_tape_span;

struct kao_tape {
    kao_network *net;
    const kao_pool *pool;
    kao_arena arena;
    kao_graph g;
    kao_tape_value *values; /* by value of the graph */
    kao_tape_step *steps;
    uint32_t n_steps;
    kao_param *params;
    uint32_t n_params;
    float *scratch, *room; /* of the step that runs */
    /* The pictures that functions of a step work on, whose number is dims[0] of the values:
     * all, or some of a piece, whose sums begin with its first slice. */
    bool is_part, begins_piece;
    size_t first, piece;
    uint32_t worker;
    /* tape_parts.c. Of pieces a sum has one row each: their number depends on the batch. */
    size_t batch, piece_pictures, n_pieces;
    kao_tape_call *calls; /* in the order of time, forward and backward */
    kao_tape_span *spans;
    uint32_t n_calls, n_spans, first_back; /* span that the backward run begins with */
    kao_tape_value *part_values;           /* of each worker: n_values */
    bool
        training; /* of the forward run: statistics of the batch, or the running ones */
    float norm_momentum; /* share of the batch in running statistics */
    /* Masks of Dropout are drawn by the seed (the caller's) and the number of training runs,
     * which a resumed training sets to what it was. */
    uint64_t seed, runs;
    /* Told in a backward run: p's gradient is whole. In the order of the steps, the last first;
     * not of parameters that were added. NULL: nobody. */
    void (*told)(void *user, const kao_param *p);
    void *user;
    kao_error *err;
};

/* input: dtype and dims of input 0 (float32, rank 4). Errors: KAO_E_UNSUPPORTED (an operator
 * that is not trained, an output that no step makes), KAO_E_NOMEM and those of planning. */
kao_status kao_tape_create(kao_tape **out, kao_network *net, const kao_tensor *input,
                           kao_error *err);
void kao_tape_destroy(kao_tape *t);

/* A parameter that no operator of the network has, such as the weights of a loss: zeros at
 * first; its gradient is the caller's to fill. name is borrowed. NULL: out of memory, or more
 * than KAO_TAPE_MORE_PARAMS. Optimisers are made afterwards. */
enum { KAO_TAPE_MORE_PARAMS = 4 };
kao_param *kao_tape_add_param(kao_tape *t, const char *name, kao_param_kind kind,
                              size_t n);

float *kao_tape_input(kao_tape *t); /* channels last */
const kao_tensor *kao_tape_output(const kao_tape *t, uint32_t i);
/* As the output lies; to be filled between the forward and the backward run. */
float *kao_tape_output_grad(kao_tape *t, uint32_t i);

void kao_tape_forward(kao_tape *t, bool training);
/* Gradients of all parameters from those of all outputs; once after a forward run. */
void kao_tape_backward(kao_tape *t);

/* ---- for the rows' train functions ---- */

kao_status kao_tape_no_memory(kao_tape *t); /* the error */

/* The parameter of a value that the file gives; NULL: out of memory, no float32 constant, or
 * another step's already (err tells). Slopes alone may serve several steps: they add to the
 * gradient, which is zero when a backward run begins; all others overwrite theirs. */
kao_param *kao_tape_param(kao_tape *t, uint32_t value, kao_param_kind kind);
/* So many floats of t->scratch for the forward and for the backward of the step that is made. */
void kao_tape_need_scratch(kao_tape *t, size_t forward, size_t backward);
/* Where the gradient of a value goes: its own block, or, where one was written already, room
 * from which kao_tape_grad_done adds it. NULL: nobody wants it. */
float *kao_tape_grad_to(kao_tape *t, uint32_t value);
void kao_tape_grad_done(kao_tape *t, uint32_t value, const float *from);
/* Whether a value's gradient is wanted: something trained comes before it. */
bool kao_tape_wants_grad(const kao_tape *t, uint32_t value);
/* fn for pieces of n rows, cut by n alone; in the tape's threads. */
typedef void kao_tape_rows_fn(void *arg, size_t begin, size_t end, size_t piece);
enum { KAO_TAPE_PIECES = 16 };
void kao_tape_rows(kao_tape *t, size_t n, kao_tape_rows_fn *fn, void *arg);
/* How many pieces that makes of n rows: KAO_TAPE_PIECES at most. */
size_t kao_tape_pieces(size_t n);

/* Whether the step's inputs and its output have a row for each picture. */
bool kao_tape_is_by_picture(const kao_tape *t, const kao_tape_step *s);

/* ---- tape_parts.c ---- */

/* Pieces of the batch: before steps are made. */
void kao_tape_cut(kao_tape *t);
uint32_t kao_tape_workers(const kao_tape *t); /* that parts run in, at most */
/* Calls and spans of all steps; then, when it is known what is made again, their values. */
kao_status kao_tape_make_spans(kao_tape *t);
kao_status kao_tape_find_values(kao_tape *t);
void kao_tape_run_span(kao_tape *t, const kao_tape_span *s);
/* The stage that a step's way back begins with. */
kao_tape_stage kao_tape_first_back(const kao_tape_step *s);

/* tape_memory.c: memory for the values, gradients and scratch of all steps. */
kao_status kao_tape_place(kao_tape *t);

#endif
