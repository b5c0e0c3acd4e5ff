/* A training run: a network on a tape, a task that fills its input and judges its outputs, an
 * optimiser, a log, and checkpoints from which a run goes on with the same bits. */
#ifndef KAO_TRAIN_TRAINER_H
#define KAO_TRAIN_TRAINER_H

#include "base/cancel.h"
#include "train/arch.h"
#include "train/optimizer.h"
#include "train/recipe.h"

enum { KAO_TASK_PARTS = 4 }; /* of a loss, for the log */

typedef struct kao_task kao_task;

typedef struct kao_task_options {
    kao_context *ctx;
    const kao_recipe *r;
    const kao_arch_weights *start;
    kao_ranks *ranks; /* each takes its part of every batch */
} kao_task_options;

typedef struct kao_task_kind {
    const char *name; /* of the recipe's `task` */
    const char *parts[KAO_TASK_PARTS];
    /* Read data and teacher; *bytes: the training form of the network, with these weights. */
    kao_status (*open)(kao_task **out, const kao_task_options *o, uint8_t **bytes,
                       size_t *n, kao_error *err);
    void (*close)(kao_task *task);
    /* All below but step and write may be NULL.
     * Parameters that the network itself does not have, before the optimiser is made. */
    kao_status (*begin)(kao_task *task, kao_tape *t, kao_error *err);
    /* A line on the data, when a run begins; what is odd after a step (true: there is). */
    void (*describe)(const kao_task *task, char *to, size_t cap);
    bool (*remark)(const kao_task *task, char *to, size_t cap);
    /* Of step `now` of the run: views first .. first + batch - 1, the rank's part of them, into
     * the tape's input; forward; the gradients of the loss into its outputs; the loss and its parts. The loss is
     * that of the whole batch: gradients of all ranks add up. */
    kao_status (*step)(kao_task *task, kao_tape *t, uint64_t now, uint64_t first,
                       double loss[1 + KAO_TASK_PARTS], kao_error *err);
    /* Pictures as they are, from number `first` on, into the tape's input: what the shipped
     * form will see. NULL: the task has none. */
    kao_status (*plain)(kao_task *task, kao_tape *t, uint64_t first);
    /* The shipped form with the parameters of the tape as they are. */
    kao_status (*write)(kao_task *task, kao_tape *t, uint64_t views, uint8_t **bytes,
                        size_t *n, kao_error *err);
} kao_task_kind;

extern const kao_task_kind kao_task_detect, kao_task_face, kao_task_margin;

typedef struct kao_trainer_options {
    const char
        *init; /* an ONNX file whose weights a new run begins with, and whose counter
                          of views it goes on from; NULL: random ones */
    const char *state; /* folder of checkpoint, log, model; made where it is missing */
    const kao_cancel *cancel; /* ends the run after a checkpoint */
    /* Train together; folder and data are the same for all; the first writes and tells. */
    kao_ranks *ranks;
    /* Told now and then; may be NULL. */
    void (*progress)(void *user, uint64_t step, uint64_t steps, double loss,
                     double views_a_second, double seconds_left);
    void (*note)(void *user, const char *line);
    void *user;
    uint64_t most_steps; /* of this call; 0: to the recipe's end */
} kao_trainer_options;

/* Run a recipe, going on from the folder's checkpoint where there is one. */
kao_status kao_train(kao_context *ctx, const kao_recipe *r,
                     const kao_trainer_options *o, kao_error *err);

#endif
