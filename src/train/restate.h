/* Statistics of normalisations for the weights that are shipped.
 *
 * In a run they follow the weights of the moment over pictures that are turned, blended and
 * spoilt; what is shipped are the running means of the weights, for pictures as they are. So
 * before a model is written its statistics are the means over some batches of plain pictures
 * (Izmailov et al., arXiv:1803.05407, do so for averaged weights). Afterwards they are as they
 * were: a run does not depend on how often it was saved. */
#ifndef KAO_TRAIN_RESTATE_H
#define KAO_TRAIN_RESTATE_H

#include "train/trainer.h"

typedef struct kao_restate {
    kao_mem *mem;
    kao_tape *tape;
    float *kept;   /* of all statistics, one behind the other */
    uint64_t runs; /* of the tape */
} kao_restate;

/* Take the statistics of the tape's parameters anew over n batches of the task's plain
 * pictures. Errors: KAO_E_NOMEM; the tape is as before then. */
kao_status kao_restate_begin(kao_restate *r, kao_tape *t, kao_mem *mem,
                             const kao_task_kind *kind, kao_task *task, uint64_t n,
                             uint64_t batch, kao_error *err);
/* Put the run's back. All zero is fine. */
void kao_restate_end(kao_restate *r);

#endif
