/* Weights of an ONNX file that a run begins with: what `kao train --init` is. */
#ifndef KAO_TRAIN_INIT_H
#define KAO_TRAIN_INIT_H

#include "nn/network.h"
#include "train/arch.h"

typedef struct kao_init {
    kao_network *net;
    kao_arena arena;  /* of what had to be widened or joined */
    uint64_t views;   /* that its card says it was trained on; 0 unknown */
    char missing[64]; /* the first weights that were asked for in vain */
    bool no_memory;
} kao_init;

/* Errors: those of reading an ONNX file. */
kao_status kao_init_open(kao_init *i, kao_context *ctx, const char *path,
                         kao_error *err);
void kao_init_close(kao_init *i);
/* To make the training form with; borrows i. The heads of a detector's shipped form count as
 * the ones that they were cut from. */
kao_arch_weights kao_init_weights(kao_init *i);
/* Whether all that was asked for was there. */
kao_status kao_init_check(const kao_init *i, kao_error *err);

#endif
